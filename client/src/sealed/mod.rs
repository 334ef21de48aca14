//! Files that carry seals, on their way to the ledger and back: what is taken from a file for a record, when a file is refused,
//! and how the file, its seal and the ledger join in one answer.
//!
//! What a file says of itself is judged by [`huxin_document`]; nothing here reads a format.

mod admission;
mod facts;
mod joined;
mod metadata;
mod read;
mod registration;
mod signature;
#[cfg(test)]
mod tests;

pub use admission::{Admitted, admit, check_identifier, identifier, stated_identifier};
pub use facts::{LedgerFacts, OverTime, SignatureOnLedger, SigningTime, ask};
pub use joined::{FileAnswer, FileWord, Judged, SealWord, join, trusted_by_provinces};
pub use metadata::{canonical, digest_of};
pub use read::{Examined, examine, trust_list};
pub use registration::{ReadSeal, Stated, seal_from_file};
pub use signature::{addresses, report_digest, signature_record};
