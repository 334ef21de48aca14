//! Where blocks come from: a node, or a file exported before.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read as _, Write as _};
use std::path::Path;

use tokio::sync::mpsc::Sender;

use crate::error::ClientError;
use crate::keep;
use crate::said::Said;
use crate::say;
use crate::sdk::{NodeClient, frames};

/// First bytes of an export: then framed blocks as `GET /v1/blocks?from=` gives them, from height 1.
pub const EXPORT_MAGIC: &[u8; 8] = b"HUXINBL1";
/// Blocks asked for at a time; the node gives fewer if they are large.
const BLOCKS_PER_REQUEST: u64 = 1_000;
/// Bytes of an export read at a time, roughly.
const READ_BYTES: usize = 8 * 1024 * 1024;

/// A run of framed blocks.
pub struct Run {
    pub from: u64,
    pub bytes: Vec<u8>,
}

/// Sends blocks 1 to `last` of the nodes into `runs`, and into `export` too.
pub async fn download(
    nodes: &NodeClient,
    last: u64,
    export: Option<&Path>,
    runs: Sender<Run>,
) -> Result<(), ClientError> {
    let mut writer = export.map(Export::create).transpose()?;
    let mut from = 1;
    while from <= last {
        let (node, mut bytes) = nodes.blocks_raw(from, BLOCKS_PER_REQUEST.min(last - from + 1)).await?;
        let bad = |reason: String| ClientError::BadAnswer { node: node.clone(), reason };
        let found = frames(&bytes).map_err(bad)?;
        let wanted = usize::try_from(last - from + 1).unwrap_or(usize::MAX);
        let count = found.len().min(wanted);
        if count == 0 {
            return Err(bad(format!("it gives no block of height {from}, though it said it has {last}")));
        }
        let used = found.iter().take(count).map(|frame| frame.len() + 4).sum();
        bytes.truncate(used);
        if let Some(export) = &mut writer {
            export.write(&bytes)?;
        }
        if runs.send(Run { from, bytes }).await.is_err() {
            // The receiver is gone: the replay has ended with an error of its own.
            return Ok(());
        }
        from += count as u64;
    }
    writer.map_or(Ok(()), Export::finish)
}

/// Sends all blocks of an export into `runs`.
pub fn read_export(path: &Path, runs: &Sender<Run>) -> Result<(), ClientError> {
    let failed = |error| ClientError::file("cannot read", path, error);
    let damaged = |reason: &str, zh: &str| {
        let said = Said { en: reason.to_owned(), zh: zh.to_owned(), code: None };
        ClientError::at(path.display().to_string(), said)
    };
    let mut reader = BufReader::with_capacity(1 << 20, File::open(path).map_err(failed)?);
    let mut magic = [0; 8];
    reader.read_exact(&mut magic).map_err(failed)?;
    if magic != *EXPORT_MAGIC {
        return Err(damaged(
            "the file does not begin with HUXINBL1: it is not an export of blocks",
            "文件开头不是 HUXINBL1，不是区块导出文件",
        ));
    }
    let (mut from, mut pending) = (1, Vec::new());
    loop {
        let mut chunk = vec![0; READ_BYTES];
        let length = read_some(&mut reader, &mut chunk).map_err(failed)?;
        if length == 0 && pending.is_empty() {
            if from == 1 {
                let said =
                    say!("this export holds no block, so nothing was checked", "该导出文件中没有区块，未作任何核验");
                return Err(ClientError::at(path.display().to_string(), said));
            }
            return Ok(());
        }
        pending.extend_from_slice(chunk.get(..length).unwrap_or_default());
        let whole = whole_frames(&pending);
        if whole == 0 && length == 0 {
            return Err(damaged("the file is cut short in the middle of a block", "导出文件不完整，止于一个区块中间"));
        }
        let rest = pending.split_off(whole);
        let bytes = std::mem::replace(&mut pending, rest);
        let count = frames(&bytes).map_err(|reason| damaged(&reason, "导出文件已损坏，区块长度有误"))?.len() as u64;
        if count > 0 && runs.blocking_send(Run { from, bytes }).is_err() {
            return Ok(());
        }
        from += count;
    }
}

fn read_some(reader: &mut impl std::io::Read, chunk: &mut [u8]) -> std::io::Result<usize> {
    let mut filled = 0;
    while filled < chunk.len() {
        match reader.read(&mut chunk[filled..])? {
            0 => break,
            length => filled += length,
        }
    }
    Ok(filled)
}

/// Length of the complete frames at the beginning of `bytes`.
fn whole_frames(bytes: &[u8]) -> usize {
    let mut used = 0;
    while let Some((length, rest)) = bytes.get(used..).and_then(<[u8]>::split_first_chunk::<4>) {
        let length = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
        if rest.len() < length {
            break;
        }
        used += 4 + length;
    }
    used
}

/// An export being written; it appears under its name only when it is complete. An earlier one is kept under another name. What is not a
/// file, such as a pipe, is written to in place.
struct Export {
    writer: BufWriter<File>,
    /// Its name until it is complete; `None` where it is written in place.
    partial: Option<std::path::PathBuf>,
    path: std::path::PathBuf,
}

impl Export {
    fn create(path: &Path) -> Result<Self, ClientError> {
        let partial = if keep::is_special(path) { None } else { Some(keep::partial_name(path)) };
        let file = match &partial {
            Some(partial) => File::create(partial),
            None => File::options().write(true).open(path),
        };
        let file = file.map_err(|error| ClientError::file("cannot write", path, error))?;
        let mut export = Self { writer: BufWriter::new(file), partial, path: path.to_owned() };
        export.write(EXPORT_MAGIC)?;
        Ok(export)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), ClientError> {
        self.writer.write_all(bytes).map_err(|error| ClientError::file("cannot write", &self.path, error))
    }

    fn finish(self) -> Result<(), ClientError> {
        let failed = |error| ClientError::file("cannot write", &self.path, error);
        let file = self.writer.into_inner().map_err(|error| failed(error.into_error()))?;
        let Some(partial) = &self.partial else { return Ok(()) };
        file.sync_all().map_err(failed)?;
        if self.path.exists() {
            keep::keep_earlier(&self.path)?;
        }
        std::fs::rename(partial, &self.path).map_err(failed)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn only_whole_frames_are_handed_on() {
        let bytes = [&[2, 0, 0, 0, 9, 9][..], &[3, 0, 0, 0, 1]].concat();
        assert_eq!(whole_frames(&bytes), 6);
        assert_eq!(whole_frames(&bytes[..3]), 0);
    }

    #[test]
    fn a_file_that_is_no_export_or_cut_short_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("blocks");
        let (runs, _received) = tokio::sync::mpsc::channel(4);
        std::fs::write(&path, b"something else").unwrap();
        assert!(matches!(read_export(&path, &runs), Err(ClientError::Input { .. })));
        // The file of nothing but its first bytes was "replayed to height 0", exit code 0.
        std::fs::write(&path, EXPORT_MAGIC).unwrap();
        let empty = read_export(&path, &runs);
        assert!(matches!(&empty, Err(error) if error.to_string().contains("holds no block")), "{empty:?}");
        std::fs::write(&path, [&EXPORT_MAGIC[..], &[9, 0, 0, 0, 1]].concat()).unwrap();
        assert!(matches!(read_export(&path, &runs), Err(ClientError::Input { .. })));
    }

    /// An earlier export was written over, and a pipe or device in its place was replaced by a file.
    #[cfg(unix)]
    #[test]
    fn an_earlier_export_is_kept_and_a_pipe_is_written_in_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("blocks.huxin");
        std::fs::write(&path, b"earlier").unwrap();
        Export::create(&path).unwrap().finish().unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), EXPORT_MAGIC);
        assert_eq!(std::fs::read(folder.path().join("blocks.huxin.old-1")).unwrap(), b"earlier");
        let pipe = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let reader = std::thread::spawn({
            let pipe = pipe.clone();
            move || std::fs::read(pipe).unwrap()
        });
        Export::create(&pipe).unwrap().finish().unwrap();
        assert_eq!(reader.join().unwrap(), EXPORT_MAGIC);
        assert!(keep::is_special(&pipe));
    }
}
