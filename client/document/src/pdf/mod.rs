//! PDF files (ISO 32000) as far as signatures need it: cross-references of every revision, objects, signature dictionaries with their
//! places in the file, and what each later revision changed.
//!
//! ```text
//! %PDF-1.7   objects   xref   trailer   startxref N %%EOF      revision 1
//!            objects   xref   trailer   startxref M %%EOF      revision 2: an incremental update, appended
//! ```
//!
//! A signature covers the bytes from the start of the file to the end of its own revision, apart from the string that holds it. What is
//! appended later is not signed by it; [`changes()`] says what it changed.
//!
//! **Invariant**: nothing is repaired. A reader that rebuilds a broken cross-reference by searching for objects may show something
//! else than one that does not, so such a file is not judged: [`crate::Reason::PdfStructure`].
//!
//! **Invariant**: ranges of bytes are compared with the places of objects in the file, never with values alone.

mod bounds;
mod change;
mod changes;
mod compare;
mod file;
mod inflate;
mod lexer;
mod parts;
mod reach;
mod revisions;
mod roles;
mod signatures;
mod value;
mod xref;

pub use bounds::{
    CHANGES_MAX, DEPTH_MAX, ENTRIES_MAX, INFLATED_BYTES_MAX, REVISIONS_MAX, SIGNATURES_MAX, STREAM_BYTES_MAX,
    VALUES_MAX, WALKED_MAX,
};
pub use change::{Change, ChangeKind, Changes};
pub use changes::{Later, changes};
pub use file::Pdf;
pub use signatures::{Cover, Lock, Permission, SignatureDict, all as signatures};
