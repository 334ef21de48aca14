//! How the node is: one look at ledger, engine and mempool, who is reached, and what is wrong.
//!
//! ```text
//!  vitals -> reasons -> signing_reasons -> reason
//!     |         '-> reach, misbehaviour
//!     '-> looks
//! ```

mod looks;
mod misbehaviour;
mod reach;
mod reason;
mod reasons;
mod signing_reasons;
mod vitals;

pub use misbehaviour::{ForkSeen, Misbehaviour};
pub use reach::{Reach, ReachedValidator};
pub use reason::{Reason, Severity};
pub use vitals::{EngineReader, Identity, Pulse, Vitals};

#[cfg(test)]
pub(crate) use reach::tests as reach_tests;
