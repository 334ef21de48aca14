//! Proofs of presence and absence, and their verification. Needs nothing but the proof and a trusted root.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

use super::{EMPTY_ROOT, MapKey};
use crate::crypto::{Digest, DigestAlgorithm};

/// Siblings in the longest proof: one per bit of a key.
pub const SIBLINGS_MAX: usize = 256;

/// That a key has a value in the map, or that it has none. Borsh: one byte 0 or 1, the leaf's 64 bytes if 1, the number
/// of siblings (`u32` little-endian), 32 bytes for each. About log2(entries) siblings.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct MapProof {
    /// Key and value hash of the one leaf where the walk along the key ended, if there is one.
    pub leaf: Option<(Digest, Digest)>,
    /// Sibling hashes, deepest first.
    pub siblings: Vec<Digest>,
}

/// Why a proof does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProofError {
    /// More siblings than a key has bits.
    #[error("a proof of {actual} siblings is longer than a key")]
    TooLong { actual: usize },
    /// A value was expected; the proof ends in an empty place.
    #[error("the proof shows no entry for this key")]
    NoLeaf,
    /// A value was expected; the proof ends in another key's leaf.
    #[error("the proof is about key {actual}")]
    OtherKey { actual: Digest },
    /// The entry has another value.
    #[error("the proof shows another value for this key")]
    OtherValue,
    /// No value was expected; the proof shows one.
    #[error("the proof shows an entry for a key that should have none")]
    Present,
    /// The other key's leaf lies elsewhere, so it says nothing about this key.
    #[error("the proof is about a part of the map where this key cannot be")]
    OtherPlace,
    /// The proof leads to another root.
    #[error("the proof leads to root {computed}, not to {expected}")]
    RootMismatch { expected: Digest, computed: Digest },
}

/// Checks that in the map with this `root`, `key` has the value `expected`, or no entry where `expected` is `None`.
pub fn verify_map(
    algorithm: DigestAlgorithm,
    root: &Digest,
    key: &MapKey,
    expected: Option<&Digest>,
    proof: &MapProof,
) -> Result<(), ProofError> {
    if proof.siblings.len() > SIBLINGS_MAX {
        return Err(ProofError::TooLong { actual: proof.siblings.len() });
    }
    match (expected, &proof.leaf) {
        (Some(_), None) => return Err(ProofError::NoLeaf),
        (Some(_), Some((leaf_key, _))) if *leaf_key != key.0 => {
            return Err(ProofError::OtherKey { actual: *leaf_key });
        }
        (Some(value), Some((_, value_hash))) if algorithm.plain(&[value.as_bytes()]) != *value_hash => {
            return Err(ProofError::OtherValue);
        }
        (None, Some((leaf_key, _))) if *leaf_key == key.0 => return Err(ProofError::Present),
        (None, Some((leaf_key, _))) if common_bits(leaf_key, &key.0) < proof.siblings.len() => {
            return Err(ProofError::OtherPlace);
        }
        _ => {}
    }
    let start = match &proof.leaf {
        Some((leaf_key, value_hash)) => leaf_node_hash(algorithm, leaf_key, value_hash),
        None => EMPTY_ROOT,
    };
    let depths = (0..proof.siblings.len()).rev();
    let computed = proof.siblings.iter().zip(depths).fold(start, |hash, (sibling, depth)| {
        if bit_at(&key.0, depth) {
            interior_hash(algorithm, sibling, &hash)
        } else {
            interior_hash(algorithm, &hash, sibling)
        }
    });
    if computed == *root { Ok(()) } else { Err(ProofError::RootMismatch { expected: *root, computed }) }
}

/// Hash of a leaf.
pub(super) fn leaf_node_hash(algorithm: DigestAlgorithm, key: &Digest, value_hash: &Digest) -> Digest {
    algorithm.plain(&[b"JMT::LeafNode", key.as_bytes(), value_hash.as_bytes()])
}

/// Hash of an interior node.
pub(super) fn interior_hash(algorithm: DigestAlgorithm, left: &Digest, right: &Digest) -> Digest {
    algorithm.plain(&[b"JMT::IntrnalNode", left.as_bytes(), right.as_bytes()])
}

/// Whether the path goes right at this depth, 0 to 255.
fn bit_at(key: &Digest, depth: usize) -> bool {
    key.0[depth / 8] & (0x80 >> (depth % 8)) != 0
}

/// Length of the common prefix of two keys, in bits.
fn common_bits(a: &Digest, b: &Digest) -> usize {
    let mut bits = 0;
    for (x, y) in a.0.iter().zip(&b.0) {
        match (x ^ y).leading_zeros() {
            // Equal bytes: all eight.
            8 => bits += 8,
            equal => return bits + usize::try_from(equal).unwrap_or(0),
        }
    }
    bits
}
