//! The transaction pool and its own peer-to-peer swarm.
//!
//! A transaction enters once, at the API of one node, already verified. It is pooled there, sent to every other node in
//! batches, verified again by each of them (as one batch) and pooled, and leaves when a block holds it or when it
//! expires. The pool knows transactions only as opaque items: an id, canonical bytes, an expiry height and a count of
//! operations. The ledger decides which items are admissible, behind [`Admission`].
//!
//! ```text
//!  API --insert_local--> pool --cursor per peer--> batches --tcp+noise+yamux--> peers' pools
//!                         |  ^
//!                    take |  | remove_committed
//!                         v  |
//!                       consensus
//! ```
//!
//! # Invariants
//!
//! * Every transaction in the pool was verified; nothing is pooled before its signature is checked.
//! * A node forwards only what entered at its own API. What came from a peer is never sent on: the mesh is full.
//! * There are no per-peer queues. Every pooled transaction has a sequence number, and a peer is one cursor into the
//!   sequence of local transactions still pending. For a slow, full or absent peer only the cursor lags behind; a new
//!   connection sets it to the start, so nothing is lost and nothing grows.
//! * Batches to one peer are sent in parallel and may arrive in any order: each pool has its own order of arrival, and no
//!   rule may depend on it.
//! * Only configured peer ids get a connection, in either direction.
//! * Everything is bounded: bytes and count of the pool, share of one source, of one province and of one key, bytes and requests in flight per peer,
//!   frames, verifications at once, remembered ids.

mod behaviour;
mod codec;
mod gossip;
mod inbound;
mod peer;
mod pool;
mod recent;
mod refused_log;
mod shares;
mod state;
mod stats;
mod swarm;
#[cfg(test)]
mod swarm_tests;

use bytes::Bytes;
use huxin_chain_spec::crypto::KeyId;
use huxin_chain_spec::ids::{Height, ProvinceCode, TxId};

pub use codec::{BATCH_BYTES_MAX, BATCH_TRANSACTIONS_MAX};
pub use pool::Mempool;
pub use stats::{GossipCounts, MempoolStats, PeerStatus};
pub use swarm::{SwarmConfig, SwarmError, check_peers, check_resolver, peer_id, peer_id_of, run_swarm};

/// A verified transaction, as the pool holds it. Cloning shares the bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PooledTransaction {
    pub id: TxId,
    /// Canonical encoding. Must own its buffer: a slice of a larger one would keep memory alive that no limit counts.
    pub bytes: Bytes,
    /// Last height at which the transaction may be committed.
    pub expires_at: Height,
    /// Number of operations inside, for the bound of a block.
    pub operations: usize,
    /// What executing it costs, for the bound of a block ([`huxin_chain_spec::weight`]).
    pub weight: u64,
    /// On whose account it is held.
    pub owner: Owner,
}

/// The key that signed a transaction, and the province that the key acts for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Owner {
    pub province: ProvinceCode,
    pub key: KeyId,
}

/// What a block may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlockBounds {
    pub bytes_max: usize,
    pub operations_max: usize,
    pub weight_max: u64,
    /// Beyond this no further transaction is taken; the first may weigh more.
    pub weight_target: u64,
}

impl BlockBounds {
    /// Bounds of bytes and operations alone.
    pub fn of(bytes_max: usize, operations_max: usize) -> Self {
        Self { bytes_max, operations_max, weight_max: u64::MAX, weight_target: u64::MAX }
    }
}

/// A part of the pool that is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Share {
    Key,
    Province,
    /// What is not kept for any province.
    Common,
}

impl Share {
    /// The place of a refusal.
    pub fn place(self) -> &'static str {
        match self {
            Self::Key => "mempool: the share of the key",
            Self::Province => "mempool: the share of the province",
            Self::Common => "mempool",
        }
    }
}

/// What the pool asks of the ledger. Called on blocking threads, never on the network's loop.
pub trait Admission: Send + Sync + 'static {
    /// Decodes and checks a batch from a peer: size, canonical form, chain, expiry, known signer, and all signatures as
    /// one batch. Answers in the order of `batch`, one result per item.
    ///
    /// A resent transaction is normal (reconnection, a lost reply): ask [`Mempool::is_verified`] before checking a
    /// signature again.
    fn admit_batch(&self, batch: Vec<Bytes>) -> Vec<Result<PooledTransaction, AdmissionError>>;

    /// Whether the transaction is already in a block, accepted or rejected.
    fn is_committed(&self, id: &TxId) -> bool;
}

/// Why the ledger refused an item of a peer's batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("refused: {code}")]
pub struct AdmissionError {
    /// Stable refusal code.
    pub code: &'static str,
    /// True if no honest node can have sent this (malformed, wrong chain, bad signature): the peer is muted for a while.
    /// False if the two nodes may just be at different heights (expired, signer not known yet).
    pub peer_at_fault: bool,
}

/// Bounds of the pool and of its traffic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolLimits {
    /// Most bytes of transactions held.
    pub bytes_max: usize,
    /// Most transactions held; bounds the bookkeeping, about 250 bytes each.
    pub transactions_max: usize,
    /// Most of `bytes_max`, in percent, held by one source: the own API, or one peer. So a single province cannot fill the
    /// pools of the others.
    pub source_share_percent_max: usize,
    /// Among how many provinces half of `bytes_max` is divided, see `shares.rs`; with 0 there are no shares of provinces and keys.
    pub provinces_max: usize,
    /// Most bytes sent to one peer and not answered yet; also most bytes of one peer waiting for verification here.
    pub per_peer_bytes_inflight_max: usize,
    /// Target size of a batch, in bytes of transactions, at most [`BATCH_BYTES_MAX`]. A larger transaction is sent in a batch of
    /// its own.
    pub batch_bytes_max: usize,
    /// Longest a transaction waits for others to share its batch. The first after an idle time does not wait.
    pub batch_delay_ms_max: u64,
    /// Most batches verified at the same time, over all peers.
    pub verifications_max: usize,
    /// Most transactions outside the pool whose signatures are remembered as verified.
    pub verified_max: usize,
    /// Most ids of committed transactions remembered, so that a late copy from a peer is not pooled again.
    pub committed_max: usize,
    /// How long batches of a peer are ignored after an inadmissible one.
    pub mute_ms: u64,
}

impl PoolLimits {
    /// Most bytes held from one source.
    pub fn source_bytes_max(&self) -> usize {
        self.bytes_max.saturating_mul(self.source_share_percent_max) / 100
    }
}

impl Default for PoolLimits {
    fn default() -> Self {
        Self {
            bytes_max: 64 << 20,
            transactions_max: 250_000,
            source_share_percent_max: 50,
            // As many as can be members.
            provinces_max: ProvinceCode::all().count(),
            per_peer_bytes_inflight_max: 4 << 20,
            batch_bytes_max: 512 << 10,
            batch_delay_ms_max: 15,
            verifications_max: 2,
            verified_max: 65_536,
            committed_max: 131_072,
            mute_ms: 2_000,
        }
    }
}

/// Result of inserting a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inserted {
    /// Now pooled.
    New,
    /// Pooled before, or recently committed. Nothing changed.
    Known,
}

/// Why the pool did not take a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PoolError {
    /// The pool is at its bound of bytes or count, or this source is at its share.
    #[error("the pool is full; try again in {retry_after_ms} ms")]
    Full {
        /// Estimate from the rate at which blocks empty the pool.
        retry_after_ms: u64,
    },
    /// The share of its key or of its province is full; others are not concerned.
    #[error("{} is full; try again in {retry_after_ms} ms", share.place())]
    Share {
        share: Share,
        /// Estimate from the rate at which blocks empty the pool, and from who shares it.
        retry_after_ms: u64,
    },
    /// Expired: a later block must not hold it.
    #[error("expired: the last height it may be committed at is {}, and height {} is committed", expires_at.0, height.0)]
    Expired { expires_at: Height, height: Height },
    /// Longer than a batch may be.
    #[error("{bytes} bytes, but at most {bytes_max} fit in a batch")]
    TooLarge { bytes: usize, bytes_max: usize },
}
