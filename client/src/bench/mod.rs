//! `huxin bench`: what a network does under load, with the load generator in the same process and on the same cores.
//!
//! Every acknowledged write is final: its node answered only after a quorum had synced the block.

mod cases;
mod http;
mod load;
mod measure;
mod report;
mod seals;
mod verify_load;
mod workload;
mod yardstick;

pub use load::Tally;
pub use measure::Latency;
pub use report::Report;
pub use workload::{BenchOptions, Workload, run};
