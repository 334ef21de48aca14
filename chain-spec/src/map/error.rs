//! Why the map could not be read or updated.

use super::MapKey;

/// Why the map could not be read or updated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MapError<E> {
    /// The store failed.
    #[error("could not read the map's store: {0}")]
    Reader(E),
    /// The store has no root of this version: the map did not change there, or its history was forgotten.
    #[error("the map has no version {version}")]
    MissingVersion { version: u64 },
    /// A node that its parent names is missing.
    #[error("node {} is missing from the map", hex::encode(.key))]
    MissingNode { key: Vec<u8> },
    /// A node could not be decoded, or is at an impossible position.
    #[error("node {} of the map is damaged: {reason}", hex::encode(.key))]
    DamagedNode { key: Vec<u8>, reason: &'static str },
    /// The tree has a leaf for which the store has no value.
    #[error("the value of {key} as of version {version} is missing from the map")]
    MissingValue { key: MapKey, version: u64 },
    /// Versions must increase, and `u64::MAX` is reserved.
    #[error("version {new} cannot follow version {base:?} of the map")]
    VersionOrder { base: Option<u64>, new: u64 },
    /// A version without a change is never created.
    #[error("an update of the map needs at least one change")]
    NoChanges,
    /// The tree code refused.
    #[error("could not update the map: {0}")]
    Tree(String),
}
