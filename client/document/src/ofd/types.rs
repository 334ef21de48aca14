//! What the signatures of an OFD file say, as read and not yet judged (GB/T 33190-2016 chapter 18, GM/T 0099-2020).

use crate::defect::Defect;

/// What a signature is made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignatureKind {
    /// A seal signature (GM/T 0031, GB/T 38540). Also when the attribute is absent: the standard's default.
    Seal,
    /// A plain digital signature (GB/T 35275 or a bare value).
    Sign,
}

/// One `Signature.xml` and what it names.
///
/// Where something in it could not be read, `defects` says so and the field is empty: a problem in one signature is a failed
/// check of that signature, not of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureFile {
    /// `ID` in `Signatures.xml`, at most 256 characters.
    pub id: String,
    /// Seal or plain signature.
    pub kind: SignatureKind,
    /// Which `DocBody` of `OFD.xml` lists it, from 0.
    pub document: usize,
    /// Entry name of `Signature.xml`; the location as written where no such entry exists.
    pub path: String,
    /// Bytes of `Signature.xml`: what the signed digest is over.
    pub xml: Vec<u8>,
    /// `SignatureMethod` as written.
    pub method: Option<String>,
    /// `CheckMethod` of the first list of references that is not empty, as written; `None` where absent, for which the standard says MD5.
    pub check_method: Option<String>,
    /// `SignatureDateTime` as written: Beijing time without a mark, in several layouts.
    pub date_time: Option<String>,
    /// The protected files.
    pub references: Vec<Reference>,
    /// Where the seal is shown.
    pub stamps: Vec<Stamp>,
    /// Entry name of the seal file, where one is named and present.
    pub seal_path: Option<String>,
    /// Entry name of the signature value, where present.
    pub signed_value_path: Option<String>,
    /// What is wrong with this signature's files, in the order found.
    pub defects: Vec<Defect>,
}

/// One protected file of a signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// `FileRef` as written.
    pub file_ref: String,
    /// The entry it names, where there is one.
    pub entry: Option<String>,
    /// `CheckValue` decoded; `None` where it is no base64.
    pub check_value: Option<Vec<u8>>,
    /// `CheckMethod` of the list it stands in, as written.
    pub check_method: Option<String>,
}

/// One place where a seal is shown (`StampAnnot`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    /// `ID`, at most 256 characters.
    pub id: String,
    /// `PageRef`: the page's ID.
    pub page_ref: String,
    /// `Boundary` as written: x y width height, in millimetres.
    pub boundary: String,
}

/// A protected file that is not as it was signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadReference {
    /// The entry's name; the location without its leading `/` where no such entry exists.
    pub file: String,
    /// What is wrong.
    pub status: BadReferenceStatus,
}

/// What is wrong with a protected file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadReferenceStatus {
    /// Its bytes have another digest, cannot be unpacked, or the value is not a digest.
    Mismatch,
    /// No such entry.
    Missing,
    /// The digest algorithm is not one we compute.
    UnsupportedDigest,
    /// Its bytes have the digest that was signed, by MD5 or SHA-1, which proves little.
    LegacyDigest,
}

/// The integrity list of a whole package (GM/T 0099-2020, `OFDEntries.xml`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IntegrityList {
    /// Entry name of the list.
    pub path: String,
    /// Bytes of the list: what the signed digest is over.
    pub xml: Vec<u8>,
    /// Entry name of the signature value, where present.
    pub signed_value_path: Option<String>,
    /// Entries that the list does not name, besides the list and its signature value.
    pub unlisted_entries: Vec<String>,
    /// Locations of the list that name no entry, as written without the leading `/`.
    pub missing_entries: Vec<String>,
    /// What is wrong with the list itself.
    pub defects: Vec<Defect>,
}

/// What a signature leaves open. All names are entry names, sorted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Every entry of the package that the signature does not list, its own files included.
    pub unprotected_entries: Vec<String>,
    /// Content of the signature's document that neither it nor a later valid signature protects. Anything here is a failed check.
    pub unprotected_content: Vec<String>,
    /// Content that it does not protect but a later valid signature does: added, or changed, after it was made.
    pub covered_later: Vec<String>,
    /// Entries that nothing in the package refers to (夹带). Anything here is a failed check.
    pub unreferenced: Vec<String>,
    /// Whether everything reachable was read. `false`: `unprotected_content` may lack entries, and being empty proves nothing. Often
    /// the consequence of another finding (an altered page is no XML any more), which is then the one to report.
    pub complete: bool,
}

/// Licence metadata of the file (GB/T 36903 short names), without anything about its holder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Metadata {
    /// Number of documents (`DocBody`) in the file.
    pub documents: usize,
    /// `DocID` of the first document.
    pub doc_id: Option<String>,
    /// `CreationDate` of the first document, as written.
    pub creation_date: Option<String>,
    /// `Creator` of the first document: the producing software.
    pub creator: Option<String>,
    /// Licence identifier as written (`ZZBS`, or found in title, subject or keywords).
    pub licence_id: Option<String>,
    /// Where the identifier was found: a short name, `Title`, `Subject` or `Keywords`.
    pub licence_id_source: Option<String>,
    /// Whether `ZZBS` says it, and no other `ZZBS` says otherwise. Otherwise it is a guess.
    pub is_licence_id_stated: bool,
    /// The other short names that are safe to take out, with their values, in the order of the names.
    pub fields: std::collections::BTreeMap<String, String>,
}
