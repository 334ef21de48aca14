//! Reading a file once: its digests, and what it says of itself.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use huxin_chain_spec::ids::TimeMs;
use huxin_chain_spec::record::licence::Document;
use huxin_document::report::FileKind;
use huxin_document::{Options, Report, TrustList, inspect};

use crate::error::ClientError;
use crate::said::Said;
use crate::say;
use crate::sdk::document_of;

/// Longest file that is read into memory to be judged, in bytes. Of longer ones only the digests are taken.
const JUDGED_BYTES_MAX: u64 = 2 * 1024 * 1024 * 1024;

/// A file that was read.
#[derive(Debug, Clone)]
pub struct Examined {
    pub path: PathBuf,
    pub document: Document,
    pub report: Report,
}

impl Examined {
    /// Whether anything but digests was taken from the file. A PDF file without signatures is like any other file.
    pub fn is_judged(&self) -> bool {
        match self.report.kind {
            FileKind::Pdf => !self.report.signatures.is_empty(),
            kind => kind != FileKind::Other,
        }
    }
}

/// Reads a file and judges it.
///
/// # Errors
/// [`ClientError::File`] where it cannot be read, [`ClientError::Input`] where it is empty or longer than 2 GiB.
pub fn examine(path: &Path, trust: Option<&TrustList>, at: Option<TimeMs>) -> Result<Examined, ClientError> {
    let failed = |error| ClientError::file("cannot read", path, error);
    let mut file = File::open(path).map_err(failed)?;
    let length = file.metadata().map_err(failed)?.len();
    if length > JUDGED_BYTES_MAX {
        let said = say!(
            "{length} bytes are more than the {JUDGED_BYTES_MAX} of a file that is judged",
            "有 {length} 字节，超过可检查文件的上限 {JUDGED_BYTES_MAX}"
        );
        return Err(ClientError::at(path.display().to_string(), said));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
    file.read_to_end(&mut bytes).map_err(failed)?;
    if bytes.is_empty() {
        // For its sentence.
        document_of(path)?;
    }
    let report = inspect(&bytes, &Options { trust, at });
    let file = &report.file;
    let document = Document { sha256: file.sha256, sm3: Some(file.sm3), size_bytes: file.size };
    Ok(Examined { path: path.to_owned(), document, report })
}

/// Reads a trust list from a file or folder.
///
/// # Errors
/// [`ClientError::Input`] that says what is wrong with it.
pub fn trust_list(path: Option<&Path>) -> Result<Option<TrustList>, ClientError> {
    let read = |path: &Path| {
        TrustList::from_path(path)
            .map_err(|error| ClientError::at("--trust-list", Said::detail("信任列表无法使用", error)))
    };
    path.map(read).transpose()
}
