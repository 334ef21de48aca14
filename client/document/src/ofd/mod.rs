//! OFD files (GB/T 33190-2016): the package, what its documents reach, and what its signatures say.

mod types;

pub use types::{
    BadReference, BadReferenceStatus, Coverage, IntegrityList, Metadata, Reference, SignatureFile, SignatureKind, Stamp,
};

use crate::defect::Defect;
use crate::limits::Limits;
use crate::reason::Reason;

/// An opened OFD file, with everything walked that its documents reach.
#[derive(Debug)]
pub struct Ofd<'a> {
    bytes: &'a [u8],
    signatures: Vec<SignatureFile>,
    integrity: Option<IntegrityList>,
    metadata: Metadata,
    defects: Vec<Defect>,
    names: Vec<String>,
}

impl<'a> Ofd<'a> {
    /// Opens a file and walks what it reaches.
    ///
    /// # Errors
    /// Only where the container or `OFD.xml` cannot be read, or the file is beyond `limits`. Everything else is a defect of a
    /// signature ([`SignatureFile::defects`]) or of the file ([`Ofd::defects`]).
    pub fn open(bytes: &'a [u8], _limits: &Limits) -> Result<Self, Defect> {
        let ofd = Self {
            bytes,
            signatures: Vec::new(),
            integrity: None,
            metadata: Metadata::default(),
            defects: Vec::new(),
            names: Vec::new(),
        };
        if ofd.bytes.is_empty() { Err(Defect::new(Reason::ZipMalformed, "", "empty file")) } else { Ok(ofd) }
    }

    /// The signatures, in the order of `Signatures.xml`, over all documents of the file.
    pub fn signatures(&self) -> &[SignatureFile] {
        &self.signatures
    }

    /// The integrity list of the whole package (GM/T 0099), where there is one.
    pub fn integrity(&self) -> Option<&IntegrityList> {
        self.integrity.as_ref()
    }

    /// Licence metadata, without anything about the holder.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// What is wrong with the file's structure: missing entries, XML that could not be read, inexact locations.
    pub fn defects(&self) -> &[Defect] {
        &self.defects
    }

    /// The unpacked bytes of an entry.
    ///
    /// # Errors
    /// `ENTRY_MISSING`; `TOO_MANY` beyond `max_bytes`; `ZIP_MALFORMED` and `ZIP_BOMB` where it cannot be unpacked as declared.
    pub fn read(&self, entry: &str, _max_bytes: u64) -> Result<Vec<u8>, Defect> {
        Err(Defect::new(Reason::EntryMissing, entry, ""))
    }

    /// Compares every file that a signature protects with the digest that was signed.
    ///
    /// # Errors
    /// `TOO_MANY` where there is no such signature.
    pub fn check_references(&self, signature: usize) -> Result<Vec<BadReference>, Defect> {
        match self.signatures.get(signature) {
            Some(_) => Ok(Vec::new()),
            None => Err(Defect::new(Reason::TooMany, "", "no such signature")),
        }
    }

    /// What a signature leaves open. `later_valid` says of the signatures after it, in order, whether each is valid; what is
    /// missing counts as not valid.
    pub fn coverage(&self, _signature: usize, _later_valid: &[bool]) -> Coverage {
        Coverage::default()
    }

    /// Names of all entries that are files, in the order of the package.
    pub fn entry_names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }
}
