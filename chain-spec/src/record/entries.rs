//! Entries of a publication under a Merkle root, so that one entry can be proven without the others.
//!
//! ```text
//! leaf hash = H("huxin/publication-entry/v1", entry bytes)          tagged, ledger hash
//! root      = RFC 6962 tree over the leaf hashes, in the publisher's order; nodes as in the log
//! ```
//! What an entry's bytes are is the publisher's convention; the ledger sees the root and the count only. Together with
//! the state of the version (see `state::publication`) as of a date, a proof shows that the entry stood in the list then.
//!
//! **Limit**: an entry that is not in the list cannot be proven absent, because nobody checks the publisher's order.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

use crate::crypto::{Digest, DigestAlgorithm, tags};
use crate::log::{self, ProofError};

use super::publication::PublicationBody;

/// Longest entry, in bytes.
pub const ENTRY_BYTES_MAX: usize = 64 * 1024;

/// Proof that one entry stands under the root of a list.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EntryProof {
    /// Position of the entry in the list, from 0.
    pub index: u32,
    /// Sibling hashes from the leaf upwards, at most 32.
    pub path: Vec<Digest>,
}

/// Why a proof of an entry does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EntryError {
    /// The version is of a kind without entries.
    #[error("this publication has no entries")]
    NoEntries,
    /// Longer than any entry may be.
    #[error("an entry of {actual_bytes} bytes is longer than {ENTRY_BYTES_MAX}")]
    TooLong { actual_bytes: usize },
    /// The path does not lead to the root.
    #[error(transparent)]
    Proof(#[from] ProofError),
}

/// Hash of one entry, a leaf of the tree.
pub fn entry_hash(algorithm: DigestAlgorithm, entry: &[u8]) -> Digest {
    algorithm.tagged(tags::PUBLICATION_ENTRY, &[entry])
}

/// Root over these entries; the root of the empty tree for none.
pub fn entries_root<T: AsRef<[u8]>>(algorithm: DigestAlgorithm, entries: &[T]) -> Digest {
    log::merkle_root(algorithm, &hashes(algorithm, entries))
}

/// The body that publishes these entries; `None` for none, or for more than `u32` counts.
pub fn entries_body<T: AsRef<[u8]>>(algorithm: DigestAlgorithm, entries: &[T]) -> Option<PublicationBody> {
    let count = u32::try_from(entries.len()).ok().filter(|count| *count > 0)?;
    Some(PublicationBody::Entries { root: entries_root(algorithm, entries), count })
}

/// The proof of the entry at `index`; `None` where there is none.
pub fn prove_entry<T: AsRef<[u8]>>(algorithm: DigestAlgorithm, entries: &[T], index: u32) -> Option<EntryProof> {
    let position = usize::try_from(index).ok()?;
    let path = log::merkle_path(algorithm, &hashes(algorithm, entries), position)?;
    Some(EntryProof { index, path })
}

impl EntryProof {
    /// Checks that `entry` stands in the version with this `body`, which the caller takes from proven state.
    pub fn verify(&self, algorithm: DigestAlgorithm, entry: &[u8], body: &PublicationBody) -> Result<(), EntryError> {
        let PublicationBody::Entries { root, count } = body else { return Err(EntryError::NoEntries) };
        if entry.len() > ENTRY_BYTES_MAX {
            return Err(EntryError::TooLong { actual_bytes: entry.len() });
        }
        let leaf = entry_hash(algorithm, entry);
        log::verify_inclusion(algorithm, &leaf, u64::from(self.index), u64::from(*count), &self.path, root)?;
        Ok(())
    }
}

fn hashes<T: AsRef<[u8]>>(algorithm: DigestAlgorithm, entries: &[T]) -> Vec<Digest> {
    entries.iter().map(|entry| entry_hash(algorithm, entry.as_ref())).collect()
}
