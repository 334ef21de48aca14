//! The log: one append-only Merkle tree over every record ever accepted, in order.
//!
//! # Hashing (RFC 6962 section 2.1, with `H` the ledger's hash)
//!
//! ```text
//! leaf        H(0x00 || leaf bytes)
//! node        H(0x01 || left 32 || right 32)
//! empty tree  H("")
//! n leaves    split at the largest power of two below n: node(root(first k), root(rest))
//! ```
//!
//! # Storage: tiles of height 4
//!
//! Tile (`level` L, `index` N) holds up to 16 hashes of tree level 4L, at positions 16N to 16N+15, 32 bytes each, in
//! order. Only complete subtrees have a hash above level 0, so tile hashes never change; the rightmost tile of each
//! level is rewritten as it grows. A tree of 1 M leaves has five tile levels, and a proof reads at most one tile
//! beside the path and one at the right edge per level.
//!
//! ```text
//! level 1   [ h(0..16) h(16..32) ]           tile (1, 0), partial: 2 of 16
//! level 0   [ 0 .. 15 ] [ 16 .. 31 ] [ 32 33 ]   tiles (0, 0), (0, 1), and (0, 2) partial
//! ```
//!
//! A reader of any past size uses only hashes that existed at that size; tiles that have grown since serve it too.
//!
//! **Invariant**: a root alone does not fix the size of its tree, so a proof is checked against a [`LogHead`] (size and
//! root together) taken from a certified header, never against a size from the same source as the proof.

mod append;
mod memory;
mod proof;
mod tile;
mod verify;

pub use append::{Appended, Appender, Frontier};
pub use memory::MemoryLog;
pub use proof::{consistency_proof, inclusion_proof, merkle_path, root_at};
pub use tile::{LogError, TILE_BYTES_MAX, TILE_HASHES, TILE_HEIGHT, TileId, TileReader};
pub use verify::{PATH_HASHES_MAX, ProofError, verify_consistency, verify_inclusion};

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

use crate::crypto::{Digest, DigestAlgorithm};

/// Size and root of the log: what a header commits to. 40 bytes: size `u64` little-endian, then the root.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct LogHead {
    /// Number of leaves.
    pub size: u64,
    /// Root of the tree over those leaves.
    pub root: Digest,
}

impl LogHead {
    /// The head of the log before its first record.
    pub fn empty(algorithm: DigestAlgorithm) -> Self {
        Self { size: 0, root: empty_root(algorithm) }
    }
}

/// Root of the tree without leaves: the hash of the empty string.
pub fn empty_root(algorithm: DigestAlgorithm) -> Digest {
    algorithm.plain(&[])
}

/// Hash of a leaf, `H(0x00 || leaf)`.
pub fn leaf_hash(algorithm: DigestAlgorithm, leaf: &[u8]) -> Digest {
    algorithm.plain(&[&[0x00], leaf])
}

/// Hash of an interior node, `H(0x01 || left || right)`.
pub(crate) fn node_hash(algorithm: DigestAlgorithm, left: &Digest, right: &Digest) -> Digest {
    let mut bytes = [0x01; 65];
    bytes[1..33].copy_from_slice(left.as_bytes());
    bytes[33..].copy_from_slice(right.as_bytes());
    algorithm.plain(&[&bytes])
}

/// Root of the tree over a list of leaf hashes held in memory.
pub fn merkle_root(algorithm: DigestAlgorithm, leaf_hashes: &[Digest]) -> Digest {
    match leaf_hashes {
        [] => empty_root(algorithm),
        [only] => *only,
        many => {
            let (left, right) = many.split_at(split_point_of_slice(many.len()));
            node_hash(algorithm, &merkle_root(algorithm, left), &merkle_root(algorithm, right))
        }
    }
}

/// The largest power of two below `count`, which is at least 2.
fn split_point(count: u64) -> u64 {
    debug_assert!(count >= 2);
    1 << (count - 1).ilog2()
}

fn split_point_of_slice(count: usize) -> usize {
    debug_assert!(count >= 2);
    1 << (count - 1).ilog2()
}

#[cfg(test)]
mod tests;
