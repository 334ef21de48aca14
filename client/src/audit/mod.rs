//! Audit: everything that can be recomputed is recomputed, from genesis, without believing a node.
//!
//! ```text
//!  download (async)  ->  prepare (all cores)             ->  execute (one thread)
//!  framed blocks         decode, identifiers, signatures     rules, digests, log, map, headers, certificates
//! ```
//! Two bounded queues lie between, so memory stays bounded whatever stage is slowest.

mod prepare;
mod replay;
mod source;

pub use replay::{Coverage, NodeAgreement, ReplayOptions, replay};
pub use source::EXPORT_MAGIC;

#[cfg(test)]
mod tests;
