//! # A Huxin validator node
//!
//! ```text
//!  api -> door -> mempool <~libp2p~> peers' mempools
//!                    |
//!                consensus (engine of node/engine)
//!                    |
//!                 ledger = rules of chain-spec over store
//! ```
//!
//! **Invariants**
//! * Only [`store`] names RocksDB, only [`mempool`] names libp2p, only `huxin-engine` names Malachite.
//! * [`api`] and [`ops`] do not know each other; what both need is in [`http`], [`health`], [`metrics`] and [`outcomes`].
//! * Nothing below [`http`] answers requests; nothing below [`consensus`] knows rounds.
//! * A block is on disk before this node votes for it, and a decision is one synced batch.
//! * Outside input that is wrong is refused with a code; a broken disk stops the process with one sentence.

pub mod api;
pub mod budget;
pub mod clock;
pub mod config;
pub mod consensus;
pub mod door;
pub mod files;
pub mod health;
pub mod http;
pub mod ledger;
pub mod log;
pub mod members;
pub mod mempool;
pub mod metrics;
pub mod ops;
pub mod outcomes;
pub mod preflight;
mod reload;
pub mod run;
pub mod signing;
pub mod store;
