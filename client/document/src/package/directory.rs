//! Finds the directory of a package, and makes sure that it is the only one.

use std::collections::BTreeMap;
use std::io::Cursor;

use zip::ZipArchive;
use zip::read::{ArchiveOffset, Config};
use zip::unstable::read::ZipIterable;

use super::fault::malformed;
use super::header::{self, END_BYTES, END_MAGIC, Header};
use crate::defect::Defect;
use crate::limits::Limits;
use crate::reason::Reason;

/// Longest directory, in bytes: 400 for each of the most entries allowed.
const DIRECTORY_BYTES_MAX: u64 = 8 * 1024 * 1024;
/// Line ends and zeros that some transports leave behind a file.
const PADDING_BYTES_MAX: usize = 1024;

/// Bytes of a file that belong to no part of its package.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Around {
    /// Before the first entry.
    pub before: u64,
    /// Behind the end record and its comment. Up to 1,024 line ends and zeros, as some transports leave them, are not counted.
    pub behind: u64,
}

/// The directory of a package.
pub(super) struct Directory<'a> {
    pub archive: ZipArchive<Cursor<&'a [u8]>>,
    /// The file without what stands before a package whose offsets count from its own start.
    pub bytes: &'a [u8],
    pub around: Around,
    /// Where the header of each entry begins in the directory.
    pub headers: Vec<u64>,
    /// Copies of entries: names that stand in the directory more than once, each time for the same bytes.
    pub copies: Vec<Header<'a>>,
}

/// Reads the directory, after making sure that it is not too long to hold. What stands before and behind the package is counted, and
/// must not hold headers of entries or directories: another program might find them.
pub(super) fn open<'a>(file: &'a [u8], limits: &Limits) -> Result<Directory<'a>, Defect> {
    let before = header::bytes_before(file);
    let (head, bytes) = file.split_at_checked(before).unwrap_or_default();
    if header::holds_header(head) {
        return Err(Defect::new(Reason::ZipMalformed, "", "more than one package could be meant"));
    }
    let config = Config { archive_offset: ArchiveOffset::Known(0) };
    let headers = read_headers(bytes, config, limits)?;
    let archive = ZipArchive::with_config(config, Cursor::new(bytes)).map_err(malformed)?;
    let copies = copies(bytes, &headers, archive.len())?;
    // The second reader may settle on another directory than the first where several could be meant.
    if archive.offset() != 0 {
        return Err(Defect::new(Reason::ZipMalformed, "", "the package is ambiguous"));
    }
    let behind = check_end(bytes, &archive, headers.len())?;
    let count = |bytes: usize| u64::try_from(bytes).unwrap_or(u64::MAX);
    let around = Around { before: count(before), behind: count(behind) };
    Ok(Directory { archive, bytes, around, headers, copies })
}

/// Entries whose name stands in the directory more than once, where all of that name are the same. `distinct` is the number of names that the
/// other reader found.
fn copies<'a>(bytes: &'a [u8], headers: &[u64], distinct: usize) -> Result<Vec<Header<'a>>, Defect> {
    if headers.len() == distinct {
        return Ok(Vec::new());
    }
    let refuse = |name: &[u8]| {
        Err(Defect::new(
            Reason::ZipDuplicateName,
            &String::from_utf8_lossy(name),
            "two entries of one name that differ",
        ))
    };
    let mut by_name: BTreeMap<&[u8], Vec<Header<'a>>> = BTreeMap::new();
    for start in headers {
        let header = usize::try_from(*start).ok().and_then(|at| Header::at(bytes, at));
        let Some(header) = header else { return refuse(b"") };
        by_name.entry(header.name).or_default().push(header);
    }
    if by_name.len() != distinct {
        return Err(Defect::new(Reason::ZipMalformed, "", "the package is ambiguous"));
    }
    let mut found = Vec::new();
    for (name, same) in by_name.into_iter().filter(|(_, same)| same.len() > 1) {
        if same.windows(2).any(|pair| matches!(pair, [one, other] if !one.is_copy_of(other))) {
            return refuse(name);
        }
        found.extend(same);
    }
    Ok(found)
}

/// Where the header of each entry begins in the directory.
fn read_headers(bytes: &[u8], config: Config, limits: &Limits) -> Result<Vec<u64>, Defect> {
    let mut directory = ZipIterable::try_new(Cursor::new(bytes), config).map_err(malformed)?;
    let count = directory.len();
    if count > limits.entries_max {
        return Err(Defect::new(Reason::ZipTooManyEntries, "", format!("{count} entries")));
    }
    let mut headers = Vec::with_capacity(count);
    for entry in directory.files().map_err(malformed)? {
        let at = entry.map_err(malformed)?.central_header_start();
        // Comments and extra fields may take 128 KiB for each entry, and more once read.
        headers.push(at);
        if at.saturating_sub(headers.first().copied().unwrap_or(at)) > DIRECTORY_BYTES_MAX {
            return Err(Defect::new(Reason::ZipTooManyEntries, "", "the directory is too long"));
        }
    }
    Ok(headers)
}

/// Refuses a file in which a program could find another directory than ours, and counts the bytes behind the package. Programs look
/// for the end record from the end of the file, as far back as a comment may reach: there must be one only, and it must name our
/// directory. A second package appended to a sealed one would otherwise be what readers show, and the first what is checked.
fn check_end(bytes: &[u8], archive: &ZipArchive<Cursor<&[u8]>>, entries: usize) -> Result<usize, Defect> {
    let start = archive.central_directory_start();
    let tail = usize::try_from(start).ok().and_then(|start| bytes.get(start..)).unwrap_or_default();
    let mut records = tail.windows(END_MAGIC.len()).enumerate().filter(|(_, window)| *window == END_MAGIC);
    let record = records.next().and_then(|(at, _)| tail.get(at..));
    let names_ours = record.is_some_and(|record| {
        let count = record.get(10..12).and_then(|field| field.try_into().ok()).map(u16::from_le_bytes);
        let offset = record.get(16..20).and_then(|field| field.try_into().ok()).map(u32::from_le_bytes);
        // All ones refer to the larger record of ZIP64.
        let is_count = count.is_some_and(|count| count == u16::MAX || usize::from(count) == entries);
        is_count && offset.is_some_and(|offset| offset == u32::MAX || u64::from(offset) == start)
    });
    let behind = record.map_or(&[][..], behind);
    if !names_ours || records.next().is_some() || header::holds_header(behind) {
        return Err(Defect::new(Reason::ZipMalformed, "", "more than one directory could be meant"));
    }
    let is_padding = behind.len() <= PADDING_BYTES_MAX && behind.iter().all(|byte| matches!(byte, 0 | b'\r' | b'\n'));
    Ok(if is_padding { 0 } else { behind.len() })
}

/// What follows the end record and its comment.
fn behind(record: &[u8]) -> &[u8] {
    let comment = record.get(20..22).and_then(|field| field.try_into().ok()).map_or(0, u16::from_le_bytes);
    record.get(END_BYTES + usize::from(comment)..).unwrap_or_default()
}
