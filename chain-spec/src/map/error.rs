//! Why the map could not be read or updated.

use super::MapKey;

/// Why the map could not be read or updated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MapError<E> {
    /// The store failed.
    #[error("the map's store cannot be read: {0}")]
    Reader(E),
    /// The store has no root of this version: the map did not change there, or its history was forgotten.
    #[error("the map has no version {version}")]
    MissingVersion { version: u64 },
    /// A node lacks that its parent names.
    #[error("node {} is missing from the map", hex::encode(.key))]
    MissingNode { key: Vec<u8> },
    /// A node cannot be read, or stands where it cannot stand.
    #[error("node {} of the map is damaged: {reason}", hex::encode(.key))]
    DamagedNode { key: Vec<u8>, reason: &'static str },
    /// The tree has a leaf for which the store has no value.
    #[error("the value of {key} as of version {version} is missing from the map")]
    MissingValue { key: MapKey, version: u64 },
    /// Versions grow, and `u64::MAX` is not one.
    #[error("version {new} cannot follow version {base:?} of the map")]
    VersionOrder { base: Option<u64>, new: u64 },
    /// A version without a change is not made.
    #[error("an update of the map needs at least one change")]
    NoChanges,
    /// The tree code refused.
    #[error("the map cannot be updated: {0}")]
    Tree(String),
}
