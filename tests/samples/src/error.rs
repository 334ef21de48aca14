//! What can go wrong while samples are made.

use std::path::{Path, PathBuf};

/// Why a sample could not be made. The text starts with a stable code.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SampleError {
    /// A value that was asked for breaks a rule of the field it goes into.
    #[error("SAMPLE_ARGUMENT: {what}: {why}")]
    Argument {
        /// The field.
        what: &'static str,
        /// The rule, and what to give instead.
        why: String,
    },
    /// SM2 found no usable signature for a fixed key and message.
    #[error("SAMPLE_SIGNING: no SM2 signature for the key {label}; report this, the keys are fixed")]
    Signing {
        /// Label the key was derived from.
        label: String,
    },
    /// The package could not be written.
    #[error("SAMPLE_ZIP: {0}")]
    Zip(#[from] zip::result::ZipError),
    /// A file could not be written.
    #[error("SAMPLE_FILE: {path}: {source}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

impl SampleError {
    /// An argument that cannot be used.
    pub(crate) fn argument(what: &'static str, why: impl Into<String>) -> Self {
        Self::Argument { what, why: why.into() }
    }

    /// A file that could not be written.
    pub(crate) fn file(path: &Path, source: std::io::Error) -> Self {
        Self::File { path: path.to_path_buf(), source }
    }
}
