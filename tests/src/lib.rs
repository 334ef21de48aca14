//! # End-to-end tests: real processes, real faults
//!
//! A [`Network`] is a folder made by `testnet init` and one `huxin-node` process per province, each of which a test may
//! stop, kill, or start again with another clock. Nothing here reaches into a node: tests see what operators and clients
//! see, through HTTP, the `huxin` command and files on disk.
//!
//! **Invariants**
//! * One network at a time on one machine: [`Network::prepare`] holds a lock file until the network is dropped, whatever
//!   runner starts the tests.
//! * Processes are ended by their own handle, never by name, and none outlives its [`Network`].
//! * Waiting is for a condition, with a deadline and a sentence that says what was waited for ([`eventually`]).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a test harness: a failure is a panic with the reason"
)]

mod agreement;
mod binaries;
mod command;
mod council;
mod deadline;
mod http;
mod load;
mod network;
pub mod pages;
mod process;
mod seal_office;
mod work;

pub use agreement::{Agreed, agree_at_a_common_height, assert_everywhere, replay_agrees};
pub use binaries::{huxin, huxin_node, huxin_samples};
pub use command::{Finished, run};
pub use council::Council;
pub use deadline::{PATIENCE, eventually};
pub use http::{Http, Reply};
pub use load::{Acknowledged, Load};
pub use network::Network;
pub use process::Process;
pub use seal_office::SealOffice;
pub use work::{Issuer, change, document_of};
