//! How the node is: one look at ledger, engine and mempool, who is reached, and what is wrong.
//!
//! ```text
//!  monitor -> reasons -> signing_reasons -> reason
//!     |         '-> reach, misbehaviour
//!     '-> snapshots
//! ```

mod misbehaviour;
mod monitor;
mod reach;
mod reason;
mod reasons;
mod signing_reasons;
mod snapshots;
mod span;

pub use misbehaviour::{ForkSeen, Misbehaviour};
pub use monitor::{EngineReader, Health, Identity, Monitor};
pub use reach::{Reach, ReachedValidator};
pub use reason::{Reason, Severity};
pub(crate) use span::span;

#[cfg(test)]
pub(crate) use reach::tests as reach_tests;
