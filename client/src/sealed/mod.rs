//! Files that carry seals, on their way to the ledger and back: what is taken from a file for a record, when a file is refused,
//! and how the file, its seal and the ledger join in one answer.
//!
//! What a file says of itself is judged by [`huxin_document`]; nothing here reads a format.

mod admission;
mod metadata;
mod read;

pub use admission::{Admitted, admit};
pub use metadata::{canonical, digest_of};
pub use read::{Examined, examine, trust_list};
