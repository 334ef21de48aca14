//! `huxin seal sign-record`: the record of a signature that stands in a sealed file.

use std::path::PathBuf;

use clap::Args;
use huxin_chain_spec::record::SealOperation;
use huxin_chain_spec::record::seal::SealAddress;
use huxin_document::report::Verdict;

use super::address;
use crate::commands::arguments::ReceiptFile;
use crate::error::ClientError;
use crate::say;
use crate::sealed::{examine, signature_record, trust_list};

/// Takes a signature out of a sealed OFD file. The file stays here; digests and the signature value are recorded.
#[derive(Debug, Clone, Args)]
pub struct SignRecord {
    /// The sealed OFD file.
    file: PathBuf,
    /// The seal: PROVINCE/NUMBER; as its number or its owner says if absent.
    #[arg(long, value_parser = address)]
    seal: Option<SealAddress>,
    /// ID of the signature in Signatures.xml, where the file has several with a seal; the last if absent.
    #[arg(long, value_name = "ID")]
    signature: Option<String>,
    /// Certificates and revocation lists by which the file is judged first: a file, or a folder.
    #[arg(long, value_name = "DIR|FILE")]
    trust_list: Option<PathBuf>,
    #[command(flatten)]
    receipt: ReceiptFile,
}

impl SignRecord {
    /// The record.
    ///
    /// # Errors
    /// [`ClientError::Document`] where the signature does not hold, [`ClientError::Input`] where there is none to record.
    pub(super) fn operation(self) -> Result<(SealOperation, ReceiptFile), ClientError> {
        let trust = trust_list(self.trust_list.as_deref())?;
        let examined = examine(&self.file, trust.as_ref(), None)?;
        let mut sealed = examined.report.signatures.iter().filter(|signature| signature.seal.is_some());
        let chosen = match &self.signature {
            Some(id) => sealed.rfind(|signature| signature.id == *id),
            None => sealed.next_back(),
        };
        let Some(signature) = chosen else {
            let wanted = self.signature.map(|id| format!(" ID {id}")).unwrap_or_default();
            let said = say!("it holds no signature with a seal{wanted}", "其中没有带印章的签名{wanted}");
            return Err(ClientError::at(self.file.display().to_string(), said));
        };
        if signature.cryptography != Verdict::Valid || signature.verdict == Verdict::Invalid {
            return Err(examined.refusal());
        }
        Ok((SealOperation::Sign(signature_record(&examined, signature, self.seal)?), self.receipt))
    }
}
