//! Networks for trial on one machine: keys, genesis, one configuration per node, and the list that tests and
//! benchmarks read. Chains made here are named `dev-…`.

mod init;
mod join;
mod network;
mod provinces;
mod suite;
mod wait;

pub use init::{InitOptions, init};
pub use join::{ACTION_FILE, join};
pub use network::{NETWORK_FILE, Network, NetworkNode, ProvinceKeys};
pub use provinces::{PROVINCES, ProvinceSeat, synthetic_uscc};
pub use suite::Suite;
pub use wait::wait_ready;
