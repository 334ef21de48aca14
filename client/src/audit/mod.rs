//! Audit: everything that can be recomputed is recomputed, from genesis, without trusting a node.
//!
//! ```text
//!  download (async)  ->  prepare (all cores)             ->  execute (one thread)
//!  framed blocks         decode, identifiers, signatures     rules, digests, log, map, headers, certificates
//! ```
//! The stages are connected by two bounded queues, so memory stays bounded whichever stage is slowest.

mod prepare;
mod replay;
mod source;

pub use replay::{Coverage, NodeAgreement, ReplayOptions, replay};
pub use source::EXPORT_MAGIC;

#[cfg(test)]
mod tests;
