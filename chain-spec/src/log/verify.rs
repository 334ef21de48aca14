//! Checking proofs (RFC 9162 sections 2.1.3.2 and 2.1.4.2). Needs nothing but the proof and a trusted head.

use super::{empty_root, node_hash};
use crate::crypto::{Digest, DigestAlgorithm};

/// Hashes in the longest inclusion path; a consistency path has at most one more.
pub const PATH_HASHES_MAX: usize = 64;

/// Why a proof does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProofError {
    /// A log of this size has no such leaf.
    #[error("leaf {index} is beyond the end of a log of {size}")]
    IndexOutOfRange { index: u64, size: u64 },
    /// A log never shrinks.
    #[error("a log of {new} leaves cannot extend one of {old}")]
    SizesOutOfOrder { old: u64, new: u64 },
    /// Too few or too many hashes for these sizes.
    #[error("a path of {actual} hashes cannot prove this in a log of {size}")]
    PathLength { size: u64, actual: usize },
    /// The path leads to another root.
    #[error("the path leads to root {computed}, not to {expected}")]
    RootMismatch { expected: Digest, computed: Digest },
    /// The consistency path leads to another root for the older log.
    #[error("the path leads to root {computed} for the older log, not to {expected}")]
    OldRootMismatch { expected: Digest, computed: Digest },
}

/// Checks that the leaf with this hash is at `index` in the log of `size` leaves with this `root`.
///
/// `size` and `root` must come together from a certified header: RFC 6962 roots do not contain the size, so a path may
/// also hold for a wrong size in which it has the same shape.
pub fn verify_inclusion(
    algorithm: DigestAlgorithm,
    leaf_hash: &Digest,
    index: u64,
    size: u64,
    path: &[Digest],
    root: &Digest,
) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::IndexOutOfRange { index, size });
    }
    let wrong_length = ProofError::PathLength { size, actual: path.len() };
    let (mut node, mut last) = (index, size - 1);
    let mut computed = *leaf_hash;
    for sibling in path {
        if last == 0 {
            return Err(wrong_length);
        }
        if node & 1 == 1 || node == last {
            computed = node_hash(algorithm, sibling, &computed);
            climb_to_left_child(&mut node, &mut last);
        } else {
            computed = node_hash(algorithm, &computed, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(wrong_length);
    }
    require_root(root, computed)
}

/// Checks that the log (`new`, `new_root`) begins with the log (`old`, `old_root`). Both heads must be trusted or be
/// what is to be compared; the path itself is untrusted. The empty log is a prefix of every log.
pub fn verify_consistency(
    algorithm: DigestAlgorithm,
    old: u64,
    new: u64,
    path: &[Digest],
    old_root: &Digest,
    new_root: &Digest,
) -> Result<(), ProofError> {
    if old > new {
        return Err(ProofError::SizesOutOfOrder { old, new });
    }
    let wrong_length = ProofError::PathLength { size: new, actual: path.len() };
    if old == 0 || old == new {
        let known = if old == 0 { empty_root(algorithm) } else { *new_root };
        if known != *old_root {
            return Err(ProofError::OldRootMismatch { expected: *old_root, computed: known });
        }
        if new == 0 {
            require_root(new_root, empty_root(algorithm))?;
        }
        return if path.is_empty() { Ok(()) } else { Err(wrong_length) };
    }
    // An old tree that is one complete subtree is its own first hash.
    let (first, rest) = match path {
        rest if old.is_power_of_two() => (*old_root, rest),
        [first, rest @ ..] => (*first, rest),
        [] => return Err(wrong_length),
    };
    let (old_computed, new_computed) = climb(algorithm, old, new, first, rest).ok_or(wrong_length)?;
    if old_computed != *old_root {
        return Err(ProofError::OldRootMismatch { expected: *old_root, computed: old_computed });
    }
    require_root(new_root, new_computed)
}

/// Follows a consistency path and returns both roots, or `None` where the path has the wrong length.
fn climb(algorithm: DigestAlgorithm, old: u64, new: u64, first: Digest, path: &[Digest]) -> Option<(Digest, Digest)> {
    let (mut node, mut last) = (old - 1, new - 1);
    while node & 1 == 1 {
        node >>= 1;
        last >>= 1;
    }
    let (mut old_computed, mut new_computed) = (first, first);
    for sibling in path {
        if last == 0 {
            return None;
        }
        if node & 1 == 1 || node == last {
            old_computed = node_hash(algorithm, sibling, &old_computed);
            new_computed = node_hash(algorithm, sibling, &new_computed);
            climb_to_left_child(&mut node, &mut last);
        } else {
            new_computed = node_hash(algorithm, &new_computed, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    (last == 0).then_some((old_computed, new_computed))
}

/// A node at the right edge without a sibling is its own parent: skip the levels where that is so.
fn climb_to_left_child(node: &mut u64, last: &mut u64) {
    while *node & 1 == 0 && *node != 0 {
        *node >>= 1;
        *last >>= 1;
    }
}

fn require_root(expected: &Digest, computed: Digest) -> Result<(), ProofError> {
    if computed == *expected { Ok(()) } else { Err(ProofError::RootMismatch { expected: *expected, computed }) }
}
