//! OFD files (GB/T 33190-2016): the package, what its documents reach, and what its signatures say.
//!
//! ```text
//! OFD.xml --DocRoot--> Document.xml --> pages, templates, resources, annotations, attachments, ...   (walk)
//!         --Signatures--> Signatures.xml --> Signature.xml --> SignedValue.dat, Seal.esl              (signatures)
//! OFDEntries.xml (GM/T 0099) --> every entry                                                           (integrity)
//! ```

mod coverage;
mod integrity;
mod links;
mod location;
mod metadata;
mod notes;
mod opening;
mod reached;
mod references;
mod signatures;
mod types;
mod walk;

pub use types::{
    BadReference, BadReferenceStatus, Coverage, IntegrityList, Metadata, Reference, SignatureFile, SignatureKind, Stamp,
};

use huxin_chain_spec::crypto::{Digest, DigestAlgorithm};

use coverage::Ground;
use opening::Opened;

use crate::defect::Defect;
use crate::limits::Limits;
use crate::package::{Around, EntryId};
use crate::reason::Reason;

/// An opened OFD file, with everything walked that its documents reach.
#[derive(Debug)]
pub struct Ofd<'a>(Opened<'a>);

impl<'a> Ofd<'a> {
    /// Opens a file and walks what it reaches. Needs at most one XML entry unpacked in memory at a time, and the XML of signatures.
    ///
    /// # Errors
    /// Only where the container or `OFD.xml` cannot be read, or the file is beyond `limits`. Everything else is a defect of a
    /// signature ([`SignatureFile::defects`]) or of the file ([`Ofd::defects`]).
    pub fn open(bytes: &'a [u8], limits: &Limits) -> Result<Self, Defect> {
        opening::open(bytes, limits).map(Self)
    }

    /// The signatures, in the order of `Signatures.xml`, over all documents of the file.
    pub fn signatures(&self) -> &[SignatureFile] {
        &self.0.signatures
    }

    /// The integrity list of the whole package (GM/T 0099), where there is one.
    pub fn integrity(&self) -> Option<&IntegrityList> {
        self.0.integrity.as_ref()
    }

    /// Licence metadata, without anything about the holder.
    pub fn metadata(&self) -> &Metadata {
        &self.0.metadata
    }

    /// What is wrong with the file's structure: missing entries, XML that could not be read, inexact locations. At most
    /// [`Limits::defects_max`] and one more.
    pub fn defects(&self) -> &[Defect] {
        &self.0.defects
    }

    /// Whether everything that the documents reach could be read. Where not, a clean coverage proves nothing.
    pub fn is_complete(&self) -> bool {
        self.0.is_complete
    }

    /// The unpacked bytes of an entry.
    ///
    /// # Errors
    /// `ENTRY_MISSING`; `TOO_MANY` beyond `max_bytes`; `ZIP_MALFORMED` and `ZIP_BOMB` where it cannot be unpacked as declared.
    pub fn read(&self, entry: &str, max_bytes: u64) -> Result<Vec<u8>, Defect> {
        self.0.package.read(self.entry(entry)?, max_bytes)
    }

    /// The digest of an entry's unpacked bytes, in bounded memory, computed once.
    ///
    /// # Errors
    /// `ENTRY_MISSING`; `ZIP_MALFORMED` and `ZIP_BOMB` where it cannot be unpacked as declared.
    pub fn digest(&self, entry: &str, algorithm: DigestAlgorithm) -> Result<Digest, Defect> {
        self.0.package.digest(self.entry(entry)?, algorithm)
    }

    /// Compares every file that a signature protects with the digest that was signed.
    ///
    /// # Errors
    /// `TOO_MANY` where there is no such signature.
    pub fn check_references(&self, signature: usize) -> Result<Vec<BadReference>, Defect> {
        match self.0.signatures.get(signature) {
            Some(file) => Ok(references::bad_references(&self.0.package, file)),
            None => Err(Defect::new(Reason::TooMany, "", "no such signature")),
        }
    }

    /// What a signature leaves open. `later_valid` says of the signatures after it, in order, whether each is valid; what is
    /// missing counts as not valid.
    pub fn coverage(&self, signature: usize, later_valid: &[bool]) -> Coverage {
        self.ground().coverage(signature, later_valid)
    }

    /// Entries that nothing in the package refers to (夹带), sorted. For files without a signature; [`Ofd::coverage`] has it too.
    pub fn unreferenced(&self) -> &[String] {
        &self.0.unreferenced
    }

    /// Entries that a signature protects and no document shows, sorted.
    pub fn not_shown(&self) -> &[String] {
        &self.0.not_shown
    }

    /// The name of `OFD.xml`, as the package writes it.
    pub fn root_name(&self) -> &str {
        self.0.package.name(self.0.root)
    }

    /// Whether a signature protects `OFD.xml`, and so what is said there of the licence.
    pub fn is_root_protected(&self) -> bool {
        self.0.protected.iter().any(|one| one.entries.contains(&self.0.root))
    }

    /// Bytes of the file before and behind the package.
    pub fn around(&self) -> Around {
        self.0.package.around()
    }

    /// Names of all entries that are files, in the order of the package.
    pub fn entry_names(&self) -> impl Iterator<Item = &str> {
        self.0.package.names()
    }

    fn entry(&self, name: &str) -> Result<EntryId, Defect> {
        self.0.package.find(name).ok_or_else(|| Defect::new(Reason::EntryMissing, name, "no such entry"))
    }

    fn ground(&self) -> Ground<'_, 'a> {
        Ground {
            package: &self.0.package,
            root: self.0.root,
            documents: &self.0.documents,
            signatures: &self.0.protected,
            machinery: &self.0.machinery,
            unreferenced: &self.0.unreferenced,
            is_complete: self.0.is_complete,
        }
    }
}
