//! Finds the directory of a package, and makes sure that it is the only one.

use std::io::Cursor;

use zip::ZipArchive;
use zip::read::{ArchiveOffset, Config};
use zip::unstable::read::ZipIterable;

use super::malformed;
use crate::defect::Defect;
use crate::limits::Limits;
use crate::reason::Reason;

/// Longest directory, in bytes: 400 for each of the most entries allowed.
const DIRECTORY_BYTES_MAX: u64 = 8 * 1024 * 1024;
/// First bytes of the end record (APPNOTE 4.3.16).
const END_MAGIC: &[u8] = b"PK\x05\x06";
/// Length of the end record before its comment.
const END_BYTES: usize = 22;
/// Line ends and zeros that some transports leave behind a file.
const PADDING_BYTES_MAX: usize = 1024;

/// Reads the directory, after making sure that it is not too long to hold. The package must begin with the file: what is prepended
/// could make the file something else to another program.
pub(super) fn open<'a>(bytes: &'a [u8], limits: &Limits) -> Result<ZipArchive<Cursor<&'a [u8]>>, Defect> {
    let config = Config { archive_offset: ArchiveOffset::Known(0) };
    let count = count_entries(bytes, config, limits)?;
    let archive = ZipArchive::with_config(config, Cursor::new(bytes)).map_err(malformed)?;
    // The second reader may settle on another directory than the first where several could be meant.
    if archive.has_duplicate_names() {
        return Err(Defect::new(Reason::ZipDuplicateName, "", "two entries of one name"));
    }
    if archive.len() != count || archive.offset() != 0 {
        return Err(Defect::new(Reason::ZipMalformed, "", "the package is ambiguous"));
    }
    check_end(bytes, &archive)?;
    Ok(archive)
}

/// The number of entries, from one pass that keeps none of them.
fn count_entries(bytes: &[u8], config: Config, limits: &Limits) -> Result<usize, Defect> {
    let mut directory = ZipIterable::try_new(Cursor::new(bytes), config).map_err(malformed)?;
    let count = directory.len();
    if count > limits.entries_max {
        return Err(Defect::new(Reason::ZipTooManyEntries, "", format!("{count} entries")));
    }
    let mut start = None;
    for entry in directory.files().map_err(malformed)? {
        let at = entry.map_err(malformed)?.central_header_start();
        // Comments and extra fields may take 128 KiB for each entry, and more once read.
        if at.saturating_sub(*start.get_or_insert(at)) > DIRECTORY_BYTES_MAX {
            return Err(Defect::new(Reason::ZipTooManyEntries, "", "the directory is too long"));
        }
    }
    Ok(count)
}

/// Refuses bytes carried along behind the package, and a file in which a program could find another directory than ours. Programs look for the end record from the end of the
/// file, as far back as a comment may reach: there must be one only, and it must name our directory. A second package appended to a
/// sealed one would otherwise be what readers show, and the first what is checked.
fn check_end(bytes: &[u8], archive: &ZipArchive<Cursor<&[u8]>>) -> Result<(), Defect> {
    let start = archive.central_directory_start();
    let tail = usize::try_from(start).ok().and_then(|start| bytes.get(start..)).unwrap_or_default();
    let mut records = tail.windows(END_MAGIC.len()).enumerate().filter(|(_, window)| *window == END_MAGIC);
    let record = records.next().and_then(|(at, _)| tail.get(at..));
    let names_ours = record.is_some_and(|record| {
        let count = record.get(10..12).and_then(|field| field.try_into().ok()).map(u16::from_le_bytes);
        let offset = record.get(16..20).and_then(|field| field.try_into().ok()).map(u32::from_le_bytes);
        // All ones refer to the larger record of ZIP64.
        let is_count = count.is_some_and(|count| count == u16::MAX || usize::from(count) == archive.len());
        is_count && offset.is_some_and(|offset| offset == u32::MAX || u64::from(offset) == start)
    });
    if !names_ours || records.next().is_some() {
        return Err(Defect::new(Reason::ZipMalformed, "", "more than one directory could be meant"));
    }
    let behind = record.map_or(&[][..], behind);
    let is_padding = behind.len() <= PADDING_BYTES_MAX && behind.iter().all(|byte| matches!(byte, 0 | b'\r' | b'\n'));
    if is_padding { Ok(()) } else { Err(Defect::new(Reason::TrailingBytes, "", format!("{} bytes", behind.len()))) }
}

/// What follows the end record and its comment.
fn behind(record: &[u8]) -> &[u8] {
    let comment = record.get(20..22).and_then(|field| field.try_into().ok()).map_or(0, u16::from_le_bytes);
    record.get(END_BYTES + usize::from(comment)..).unwrap_or_default()
}
