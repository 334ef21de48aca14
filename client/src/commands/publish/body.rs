//! What a version says: a file in the form of the record's body, or the lines of a list.

use std::path::{Path, PathBuf};

use clap::Args;
use huxin_chain_spec::crypto::DigestAlgorithm;
use huxin_chain_spec::record::entries::{ENTRY_BYTES_MAX, entries_body};
use huxin_chain_spec::record::publication::PublicationBody;

use crate::commands::arguments::structured_file;
use crate::error::ClientError;
use crate::say;

/// Longest list that is read, in bytes.
const LIST_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// A body that must be given.
#[derive(Debug, Clone, Args)]
#[group(required = true, multiple = false)]
pub struct BodyArguments {
    /// Body in TOML (*.toml) or JSON: `body = "guide"` and the fields of a guide, and so on.
    #[arg(long, value_name = "FILE")]
    body: Option<PathBuf>,
    /// List of entries, one per line; its Merkle root is published.
    #[arg(long, value_name = "FILE")]
    entries: Option<PathBuf>,
    /// List of entries whose first line is a heading and no entry (CSV).
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
}

/// A body that may be given.
#[derive(Debug, Clone, Args)]
#[group(multiple = false)]
pub struct OptionalBody {
    /// Body in TOML (*.toml) or JSON, as it was drafted.
    #[arg(long, value_name = "FILE")]
    body: Option<PathBuf>,
    /// List of entries, one per line, as it was drafted.
    #[arg(long, value_name = "FILE")]
    entries: Option<PathBuf>,
    /// List of entries whose first line is a heading (CSV), as it was drafted.
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
}

impl BodyArguments {
    pub(super) fn body(self, algorithm: DigestAlgorithm) -> Result<PublicationBody, ClientError> {
        let Self { body, entries, csv } = self;
        let body = OptionalBody { body, entries, csv }.body(algorithm)?;
        body.ok_or_else(|| {
            ClientError::at(
                "--body",
                say!("give the body, or --entries, or --csv", "请给出正文，或 --entries，或 --csv"),
            )
        })
    }
}

impl OptionalBody {
    pub(super) fn body(self, algorithm: DigestAlgorithm) -> Result<Option<PublicationBody>, ClientError> {
        let (path, has_heading) = match (self.body, self.entries, self.csv) {
            (Some(path), None, None) => return structured_file(&path).map(Some),
            (None, Some(path), None) => (path, false),
            (None, None, Some(path)) => (path, true),
            (None, None, None) => return Ok(None),
            _ => {
                let said = say!("give one of --body, --entries and --csv", "--body、--entries、--csv 只能给出一个");
                return Err(ClientError::at("--body", said));
            }
        };
        let entries = entries_of(&path, has_heading)?;
        let none = || ClientError::at(path.display().to_string(), say!("the list has no entries", "清单中没有条目"));
        entries_body(algorithm, &entries).map(Some).ok_or_else(none)
    }
}

/// The entries of a list: the bytes of each line without its line end. With a heading, the first line is none of them.
pub(super) fn entries_of(path: &Path, has_heading: bool) -> Result<Vec<Vec<u8>>, ClientError> {
    let place = || path.display().to_string();
    let length = std::fs::metadata(path).map_err(|error| ClientError::file("cannot read", path, error))?.len();
    if length > LIST_BYTES_MAX {
        return Err(ClientError::at(
            place(),
            say!("{length} bytes, more than {LIST_BYTES_MAX}", "有 {length} 字节，超过上限 {LIST_BYTES_MAX}"),
        ));
    }
    let bytes = std::fs::read(path).map_err(|error| ClientError::file("cannot read", path, error))?;
    let text = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let lines = text.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let mut entries = Vec::new();
    for (line, number) in lines.zip(1u64..).skip(usize::from(has_heading)) {
        if line.is_empty() {
            return Err(ClientError::at(
                place(),
                say!("line {number} is empty; every line is an entry", "第 {number} 行为空；每一行都是一个条目"),
            ));
        }
        if line.len() > ENTRY_BYTES_MAX {
            let length = line.len();
            let said = say!(
                "line {number} has {length} bytes, more than {ENTRY_BYTES_MAX}",
                "第 {number} 行有 {length} 字节，超过上限 {ENTRY_BYTES_MAX}"
            );
            return Err(ClientError::at(place(), said));
        }
        entries.push(line.to_vec());
    }
    Ok(entries)
}
