//! The map: a sparse Merkle tree from the key of a thing to the digest of its current state, with every past version.
//!
//! The tree is a Jellyfish Merkle tree, updated by crate `jmt`. Proofs and their verification are ours, so an
//! implementation in another language needs this page and not that crate.
//!
//! # Hashing, byte by byte (`H` is the ledger's hash, `||` joins bytes)
//!
//! ```text
//! key           H(16 || "huxin/map-key/v1" || kind (1 byte) || id)          32 bytes, used as it is: not hashed again
//! value hash    H(state digest (32))                                        jmt hashes what it stores once more
//! leaf          H("JMT::LeafNode" (13) || key (32) || value hash (32))      77 bytes hashed
//! interior      H("JMT::IntrnalNode" (16, so spelt) || left (32) || right (32))   80 bytes hashed
//! empty         "SPARSE_MERKLE_PLACEHOLDER_HASH__" (32), not a hash; the root of the empty map too
//! ```
//!
//! The path of a key is its bits, most significant bit of the first byte first; 0 goes left. A subtree with no leaf is
//! `empty`, a subtree with one leaf *is* that leaf (at whatever depth), any other is an interior node.
//!
//! # Proof
//!
//! Walk from the root along the key's bits until a subtree with at most one leaf: that leaf (or none) and the siblings
//! on the way, **deepest first**, are the proof. To verify: the start hash is `leaf`'s or `empty`; for sibling number
//! `i` of `n`, the bit of the *queried* key at depth `n-1-i` says on which side the running hash goes; the last hash
//! must be the root.
//!
//! ```text
//! present                  leaf.key = key, leaf.value hash = H(state digest)
//! absent, nothing there    no leaf
//! absent, another there    leaf.key != key, and both agree in the first n bits
//! ```
//!
//! # Versions
//!
//! A version is any `u64` that grows, in practice the height whose block changed the map; heights without changes make
//! none. So the map as of a height is the newest version at or before it, which the store must remember per height;
//! `None` stands for the empty map before the first version.
//!
//! # What the store keeps
//!
//! ```text
//! node key    version u64 big-endian (8) || nibbles in the path (1) || path, two nibbles a byte (0 to 32)
//! node        jmt's borsh encoding of a node; opaque
//! value       by (key, version): the state digest
//! ```
//!
//! **Invariant**: deletion is not offered. A thing that ends has an end state; "absent" means "never changed".

mod error;
mod hasher;
mod memory;
mod proof;
mod prove;
mod store;
mod update;

pub use error::MapError;
pub use memory::MemoryMap;
pub use proof::{MapProof, ProofError, SIBLINGS_MAX, verify_map};
pub use prove::{prove, root_at};
pub use store::{MapReader, NODE_KEY_BYTES_MAX};
pub use update::{MapUpdate, update};

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

use crate::crypto::{Digest, DigestAlgorithm, tags};

/// Root of the map without entries, and the hash of every empty subtree, under every digest algorithm.
pub const EMPTY_ROOT: Digest = Digest(*b"SPARSE_MERKLE_PLACEHOLDER_HASH__");

/// Key of a thing in the map: `H(tag, kind, id)`.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct MapKey(pub Digest);

impl MapKey {
    /// The key of the thing of this kind with this identifier.
    pub fn new(algorithm: DigestAlgorithm, kind: u8, id: &[u8]) -> Self {
        Self(algorithm.tagged(tags::MAP_KEY, &[&[kind], id]))
    }
}

impl std::fmt::Display for MapKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests;
