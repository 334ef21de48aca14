//! The file: two slots of a page each, written in turn, synced each time.
//!
//! ```text
//! 0      slot 0: the record with an even sequence number
//! 4096   slot 1: the record with an odd one
//! ```
//!
//! Both slots hold a record from the beginning, and a record is shorter than a disk's sector, so a power cut leaves either the
//! old record or the new one. A slot that cannot be read is therefore damage, never a torn write: the newest record may be
//! the one that is gone, and the file is refused.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::record::{RECORD_BYTES_MAX, Record};

/// Distance of the slots, in bytes.
const SLOT_BYTES: u64 = 4096;
/// A record has to fit the smallest sector.
const _: () = assert!(RECORD_BYTES_MAX <= 512);

/// The open file, locked against every other process.
#[derive(Debug)]
pub(super) struct SlotFile {
    file: File,
}

/// Why the file cannot be used.
#[derive(Debug)]
pub(super) enum FileError {
    Missing,
    /// Another process holds it.
    InUse,
    Io(io::Error),
    /// A slot does not hold a record.
    Damaged,
}

impl From<io::Error> for FileError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl SlotFile {
    /// Opens and locks the file, and reads its newest record.
    pub(super) fn open(path: &Path) -> Result<(Self, Record), FileError> {
        let file = match OpenOptions::new().read(true).write(true).open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(FileError::Missing),
            Err(error) => return Err(error.into()),
        };
        match file.try_lock() {
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => return Err(FileError::InUse),
            Err(std::fs::TryLockError::Error(error)) => return Err(error.into()),
        }
        let mut newest: Option<Record> = None;
        for slot in [0, 1] {
            let record = read_slot(&file, slot)?;
            if newest.as_ref().is_none_or(|newest| newest.sequence < record.sequence) {
                newest = Some(record);
            }
        }
        newest.map(|record| (Self { file }, record)).ok_or(FileError::Damaged)
    }

    /// Writes a file that is not there yet, whole or not at all, and opens it. Returns the record as it stands in the file.
    pub(super) fn create(path: &Path, record: &Record) -> Result<(Self, Record), FileError> {
        let temporary = sibling(path, "new");
        let _ = std::fs::remove_file(&temporary);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
        let page = usize::try_from(SLOT_BYTES).unwrap_or(4096);
        for sequence in [0, 1] {
            let mut slot = Record { sequence, ..record.clone() }.to_bytes();
            slot.resize(page, 0);
            file.write_all(&slot)?;
        }
        file.sync_all()?;
        // A link, unlike a rename, replaces nothing.
        std::fs::hard_link(&temporary, path)?;
        std::fs::remove_file(&temporary)?;
        sync_folder(path)?;
        Self::open(path)
    }

    /// Makes `record` the newest; on disk when this returns.
    pub(super) fn write(&self, record: &Record) -> io::Result<()> {
        self.file.write_all_at(&record.to_bytes(), (record.sequence % 2) * SLOT_BYTES)?;
        self.file.sync_data()
    }
}

fn read_slot(file: &File, slot: u64) -> Result<Record, FileError> {
    let mut bytes = [0; RECORD_BYTES_MAX];
    match file.read_exact_at(&mut bytes, slot * SLOT_BYTES) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Err(FileError::Damaged),
        Err(error) => return Err(error.into()),
    }
    match Record::from_slot(&bytes) {
        Ok(record) if record.sequence % 2 == slot => Ok(record),
        Ok(_) | Err(_) => Err(FileError::Damaged),
    }
}

/// `path` with another ending behind its name.
pub(crate) fn sibling(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(".");
    name.push(ending);
    path.with_file_name(name)
}

/// Makes a new name in the folder of `path` survive a power cut.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}
