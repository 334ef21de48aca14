//! # The Huxin protocol
//!
//! Everything that validators, clients and auditors must agree on: if changing it would fork the chain, it lives here.
//!
//! **Invariants**
//! * No I/O, no clock, no threads, no randomness of its own; neither tokio nor RocksDB nor libp2p is linked.
//! * Every hashed or signed type has one encoding ([`codec`]) and a golden vector under `chain-spec/vectors/`.
//! * Every hash and signature starts with a tag from [`crypto::tags`], except the RFC 6962 nodes of [`log`].
//! * Within the crate, modules import only from the left:
//!   `codec crypto ids | parameters features | record transaction envelope weight | state participation signatures | rules | log map certificate | block | receipt genesis | execute | memory`.
//!
//! The way of a licence: [`record::licence::Licence`] inside a [`transaction::Transaction`], judged by
//! [`rules::licence`], becomes a [`record::Record`], a leaf of the [`log`]; the [`block::Header`] commits to it, a
//! [`certificate::Certificate`] makes it final, a [`receipt::Receipt`] proves it to anyone.

pub mod api;
pub mod block;
pub mod certificate;
pub mod codec;
pub mod codes;
pub mod crypto;
pub mod envelope;
pub mod execute;
pub mod features;
pub mod genesis;
pub mod ids;
pub mod keyfile;
pub mod log;
pub mod map;
pub mod memory;
pub mod parameters;
pub mod participation;
pub mod privacy;
pub mod receipt;
pub mod record;
pub mod rules;
pub mod signatures;
pub mod state;
pub mod transaction;
pub mod verdict;
pub mod weight;
