//! Integrity of the whole package (GM/T 0099-2020): a signed list of every entry, so that none can be slipped in.

use crate::certificate::Identity;
use crate::error::SampleError;
use crate::habit::Habit;
use crate::moment::Moment;
use crate::ofd::archive::Package;
use crate::ofd::page::file;
use crate::signature::{Container, DataHash, Signed, Signing, ValueForm};

/// The list.
pub const LIST: &str = "OFDEntries.xml";
/// The signature over it, GB/T 35275 signed data.
pub const VALUE: &str = "signedvalue.dat";

/// Lists the entries that the package has now, and signs the list.
pub fn protect(package: &mut Package, signer: &Identity, time: Moment) -> Result<(), SampleError> {
    let files: String = package
        .entries()
        .iter()
        .zip(2..)
        .map(|(entry, id)| format!("<ofd:File ID=\"{id}\" FileLoc=\"/{}\"/>", entry.name))
        .collect();
    let body = format!("<ofd:SignedValueLoc>/{VALUE}</ofd:SignedValueLoc><ofd:FileList>{files}</ofd:FileList>");
    let attributes =
        format!("ID=\"1\" CreatorName=\"huxin-samples\" Version=\"1\" CreationDate=\"{}\"", time.beijing_day());
    let list = file("DocEntries", &attributes, &body).into_bytes();
    let value = Signing {
        container: &Container::SignedData(Signed::Content),
        signer,
        time,
        time_text: None,
        data_hash: DataHash::Plain,
        value: ValueForm::Der,
        stamped: false,
        habit: Habit::default(),
        carried: &[],
        path: LIST,
        document: &list,
    }
    .make()?;
    package.put(LIST, list);
    package.put(VALUE, value);
    Ok(())
}
