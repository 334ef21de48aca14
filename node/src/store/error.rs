use std::path::{Path, PathBuf};

use huxin_chain_spec::state::StateUnavailable;

/// Why the store could not be read or written. Each sentence says what and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    #[error("could not use folder {}: {reason}", path.display())]
    Folder { path: PathBuf, reason: String },
    #[error(
        "the store in {} is damaged at {place}: {reason}; restore it from a backup, or remove the folder and let the node fetch the chain from its peers",
        path.display()
    )]
    Damaged { path: PathBuf, place: String, reason: String },
    #[error(
        "could not use the store in {} at {place}: {reason}; check that the disk works and has room, and that no other process uses the folder",
        path.display()
    )]
    Failed { path: PathBuf, place: String, reason: String },
    #[error(
        "the store in {} belongs to the chain with genesis {found}, but the configured genesis is {configured}",
        path.display()
    )]
    OtherChain { path: PathBuf, found: String, configured: String },
    #[error("the store in {} has layout {found}; this version reads layout {supported}", path.display())]
    OtherLayout { path: PathBuf, found: u32, supported: u32 },
}

impl StoreError {
    pub(crate) fn damaged(path: &Path, place: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Damaged { path: path.to_owned(), place: place.into(), reason: reason.into() }
    }

    /// A failure that RocksDB reports: damage only if it says so, otherwise the disk, its free space or a second process.
    pub(super) fn database(path: &Path, place: impl Into<String>, error: &rocksdb::Error) -> Self {
        let (path, place, reason) = (path.to_owned(), place.into(), error.to_string());
        match error.kind() {
            rocksdb::ErrorKind::Corruption | rocksdb::ErrorKind::NotFound | rocksdb::ErrorKind::InvalidArgument => {
                Self::Damaged { path, place, reason }
            }
            // A missing file that RocksDB expects is damage too.
            rocksdb::ErrorKind::IOError if reason.contains("No such file") => Self::Damaged { path, place, reason },
            _ => Self::Failed { path, place, reason },
        }
    }
}

impl From<StoreError> for StateUnavailable {
    fn from(error: StoreError) -> Self {
        Self(error.to_string())
    }
}
