//! Reads files as they are used between authorities and judges them: sealed OFD documents (GB/T 33190), signed PDF files (ISO 32000),
//! electronic seals (GM/T 0031, GB/T 38540), certificates (GB/T 20518) and signed data (GB/T 35275).
//!
//! Nothing here opens a connection or knows a ledger: bytes in, a report out.
//!
//! **Invariant**: whatever the bytes, an answer comes in bounded time and memory, and never a panic.

mod armour;
pub mod asn1;
mod ber;
pub mod certificate;
pub mod defect;
mod judge;
pub mod limits;
pub mod moment;
pub mod ofd;
pub mod package;
pub mod pdf;
pub mod reason;
pub mod report;
pub mod revocation;
pub mod rsa_value;
pub mod seal;
pub mod signed_data;
pub mod signed_value;
pub mod sm2_value;
mod text;
mod time_stamp;
pub mod trust;
pub mod xml;

pub use armour::named_digest;
pub use defect::Defect;
pub use judge::{Options, inspect};
pub use limits::Limits;
pub use reason::Reason;
pub use report::Report;
pub use trust::TrustList;
