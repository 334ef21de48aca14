//! Blocks: a header that commits to everything, and a body from which all of it can be recomputed.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

use crate::certificate::Certificate;
use crate::codec::{self, CodecError};
use crate::crypto::{Digest, DigestAlgorithm, KeyId, tags};
use crate::ids::{Height, TimeMs};
use crate::log::LogHead;
use crate::transaction::Transaction;

/// Version of rules and formats that this code executes.
pub const PROTOCOL_VERSION: u16 = 2;
/// Longest encoded block, in bytes.
pub const BLOCK_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Longest encoded header, in bytes.
pub const HEADER_BYTES_MAX: usize = 512;

/// What a quorum signs, through its hash. One certificate therefore proves data, order and state together.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Header {
    /// [`PROTOCOL_VERSION`] of the code that executed the block. First, so that a reader of any version can tell it.
    pub protocol_version: u16,
    /// The trust root of the chain: what a quorum signs belongs to this chain and to no other of the same name.
    pub genesis: Digest,
    pub height: Height,
    /// Proposer's clock, milliseconds since 1970 UTC; greater than the parent's, near every voter's clock.
    pub time_ms: TimeMs,
    /// Hash of the previous header; of the genesis at height 1.
    pub parent: Digest,
    /// Root over (transaction id, outcome) in block order.
    pub transactions_root: Digest,
    /// The log after this block.
    pub log: LogHead,
    /// Root of the tree over the same records with SHA-256, for the clients of transparency logs (C2SP tlog-tiles). None where the ledger's
    /// hash is SHA-256: there it is the root of the log.
    pub log_root_sha256: Option<Digest>,
    /// The map after this block.
    pub map_root: Digest,
    /// The validators that decide this block.
    pub validators_hash: Digest,
    /// The validators that decide the next one.
    pub next_validators_hash: Digest,
    /// Hash of the certificate in the body; zero at height 1.
    pub last_certificate_hash: Digest,
    pub proposer: KeyId,
}

impl Header {
    /// The block's identifier.
    pub fn hash(&self, algorithm: DigestAlgorithm) -> Digest {
        algorithm.tagged(tags::HEADER, &[&codec::encode(self)])
    }
}

/// What a header commits to.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Body {
    pub transactions: Vec<Transaction>,
    /// Certificate of the previous height as the proposer saw it; none at height 1.
    pub last_certificate: Option<Certificate>,
}

/// A block as it travels.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Block {
    pub header: Header,
    pub body: Body,
}

impl Block {
    /// The canonical bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        codec::encode(self)
    }

    /// Reads canonical bytes, at most [`BLOCK_BYTES_MAX`] of them.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CodecError> {
        codec::decode(bytes, BLOCK_BYTES_MAX)
    }
}
