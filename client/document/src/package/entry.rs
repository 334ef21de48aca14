//! What the directory of a package says of its entries, and whether it may be believed.

use std::io::Cursor;

use encoding_rs::GB18030;
use zip::read::ZipFile;
use zip::{CompressionMethod, ZipArchive};

use super::directory::Directory;
use super::fault::malformed;
use super::header::{self, Header};
use crate::defect::Defect;
use crate::limits::Limits;
use crate::reason::Reason;

/// Longest name of an entry, in bytes.
const NAME_BYTES_MAX: usize = 1024;
/// Copies of entries between two that are listed. Each is looked up among all entries.
const COPIES_MAX: usize = 16;
/// Type bits of a Unix mode, and the types that are neither a link nor a device.
const MODE_TYPE: u32 = 0o170_000;
const MODE_FILE: u32 = 0o100_000;
const MODE_FOLDER: u32 = 0o040_000;

type Entry<'r, 'a> = ZipFile<'r, Cursor<&'a [u8]>>;

/// One entry as the directory describes it.
#[derive(Debug)]
pub(super) struct RawEntry {
    /// Place in the directory.
    pub position: usize,
    /// Name in UTF-8; bytes that are neither UTF-8 nor GB 18030 are written `\xNN`.
    pub name: String,
    /// What of the name departs from the standard, which is UTF-8 and begins with no step.
    pub odd: Option<&'static str>,
    /// Whether it stands for a folder.
    pub is_folder: bool,
    /// Unpacked size in bytes, as declared.
    pub size: u64,
    /// Packed size in bytes, as declared.
    pub packed: u64,
    /// First byte of its own header, and first byte after its packed data.
    pub span: (u64, u64),
}

/// Reads all entries of the directory and checks each by itself.
pub(super) fn read_all(archive: &mut ZipArchive<Cursor<&[u8]>>, bytes: &[u8]) -> Result<Vec<RawEntry>, Defect> {
    (0..archive.len())
        .map(|position| {
            let entry = archive.by_index_raw(position).map_err(malformed)?;
            read_one(&entry, position, bytes)
        })
        .collect()
}

fn read_one(entry: &Entry<'_, '_>, position: usize, bytes: &[u8]) -> Result<RawEntry, Defect> {
    let raw = entry.name_raw();
    let (written, charset) = decode_name(raw);
    let name = without_steps(&written).to_owned();
    let refuse = |code, detail: &str| Err(Defect::new(code, &name, detail));
    if let Some(fault) = name_fault(&name, raw.len(), charset) {
        return refuse(Reason::ZipPath, fault);
    }
    if !is_listed_name(entry, bytes) {
        return refuse(Reason::ZipMalformed, "a field of the directory has another name");
    }
    if entry.encrypted() {
        return refuse(Reason::ZipEncrypted, "encrypted");
    }
    if !matches!(entry.compression(), CompressionMethod::Stored | CompressionMethod::Deflated) {
        return refuse(Reason::ZipCompression, "unsupported compression");
    }
    if !matches!(entry.unix_mode().unwrap_or_default() & MODE_TYPE, 0 | MODE_FILE | MODE_FOLDER) {
        return refuse(Reason::ZipLink, "a link or a special file");
    }
    let is_folder = entry.is_dir() || name.is_empty();
    if is_folder && entry.size() != 0 {
        return refuse(Reason::ZipMalformed, "a folder with content");
    }
    let data_start = entry.data_start().unwrap_or(u64::MAX);
    let span = (entry.header_start(), data_start.saturating_add(entry.compressed_size()));
    Ok(RawEntry {
        position,
        odd: match () {
            () if charset != Charset::Utf8 => Some("name is not UTF-8"),
            () if name != written => Some("name begins with ./"),
            () => None,
        },
        is_folder,
        size: entry.size(),
        packed: entry.compressed_size(),
        span,
        name,
    })
}

/// What a name is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Charset {
    Utf8,
    Gb18030,
    Unknown,
}

/// The name as text. Packers that know no UTF-8 write the code page of their machine; which one is written nowhere. On Chinese machines
/// it is GBK, which is read as GB 18030 (GB 18030-2022 contains it).
fn decode_name(raw: &[u8]) -> (String, Charset) {
    if let Ok(name) = std::str::from_utf8(raw) {
        return (name.to_owned(), Charset::Utf8);
    }
    if let Some(name) = GB18030.decode_without_bom_handling_and_without_replacement(raw) {
        return (name.into_owned(), Charset::Gb18030);
    }
    let mut name = String::new();
    for chunk in raw.utf8_chunks() {
        name.push_str(chunk.valid());
        for byte in chunk.invalid() {
            name.push_str(&format!("\\x{byte:02X}"));
        }
    }
    (name, Charset::Unknown)
}

/// The name without `./` at its front, which packers write that were given a folder.
fn without_steps(name: &str) -> &str {
    name.strip_prefix("./").map_or(name, without_steps)
}

/// Why a name is not a plain path within the package. Empty is the folder of the package itself, `./`.
fn name_fault(name: &str, raw_bytes: usize, charset: Charset) -> Option<&'static str> {
    let path = name.strip_suffix('/').unwrap_or(name);
    let has_drive = path.split('/').next().is_some_and(|first| first.ends_with(':') || first.get(1..3) == Some(":\\"));
    match () {
        () if raw_bytes > NAME_BYTES_MAX => Some("name too long"),
        () if name.is_empty() && raw_bytes > 0 => None,
        () if path.is_empty() || path.starts_with('/') || has_drive => Some("empty or absolute name"),
        // In a name of an unknown character set the byte may be half of a character, and others are escaped with it.
        () if charset != Charset::Unknown && name.contains('\\') => Some("backslash in name"),
        () if name.chars().any(char::is_control) => Some("control character in name"),
        () if path.split('/').any(|segment| matches!(segment, "" | "." | "..")) => Some("empty, . or .. in name"),
        () => None,
    }
}

/// Whether a name is the one in the directory. A Unicode path field may replace a name that is not UTF-8, and nothing else.
fn is_listed_name(entry: &Entry<'_, '_>, bytes: &[u8]) -> bool {
    let central = header::central_name(bytes, entry.central_header_start());
    central.is_some_and(|central| central == entry.name_raw() || std::str::from_utf8(central).is_err())
}

/// Holds the own header of every entry against the directory, of those too whose name is listed more than once.
pub(super) fn check_own_headers(directory: &Directory<'_>) -> Result<(), Defect> {
    for at in directory.headers.iter().filter_map(|at| usize::try_from(*at).ok()) {
        if let Some(detail) = header::disagreement(directory.bytes, at) {
            let name = u64::try_from(at).ok().and_then(|at| header::central_name(directory.bytes, at));
            let (name, _) = decode_name(name.unwrap_or_default());
            return Err(Defect::new(Reason::ZipMalformed, &name, detail));
        }
    }
    Ok(())
}

/// Holds the declared sizes against the limits.
pub(super) fn check_sizes(entries: &[RawEntry], package_bytes: usize, limits: &Limits) -> Result<(), Defect> {
    let too_dense = |size: u64, packed: u64| size > limits.ratio_free_bytes && size / limits.ratio_max.max(1) > packed;
    let mut total: u64 = 0;
    for entry in entries {
        total = total.saturating_add(entry.size);
        if entry.size > limits.entry_bytes_max || too_dense(entry.size, entry.packed) {
            let detail = format!("{} bytes from {}", entry.size, entry.packed);
            return Err(Defect::new(Reason::ZipBomb, &entry.name, detail));
        }
    }
    let package_bytes = u64::try_from(package_bytes).unwrap_or(u64::MAX);
    if total > limits.total_bytes_max || too_dense(total, package_bytes) {
        return Err(Defect::new(Reason::ZipBomb, "", format!("{total} bytes from {package_bytes}")));
    }
    Ok(())
}

/// Refuses headers of entries that the directory does not list, before the first entry or between two: a program that reads from the
/// start would find them. Padding between entries is harmless, and so is a copy of an entry that is listed. Returns the number of bytes
/// before the first entry, and the names of such copies.
pub(super) fn check_gaps<'a>(
    entries: &[RawEntry],
    directory: &Directory<'a>,
    directory_start: u64,
) -> Result<(u64, Vec<&'a [u8]>), Defect> {
    let own = entries.iter().map(|entry| entry.span);
    let mut spans: Vec<(u64, u64)> = own.chain(directory.copies.iter().map(|copy| copy.span)).collect();
    spans.sort_unstable();
    spans.dedup();
    let before = spans.first().map_or(0, |span| span.0);
    spans.insert(0, (0, 0));
    spans.push((directory_start, directory_start));
    let mut unlisted = Vec::new();
    for pair in spans.windows(2) {
        let [before, after] = pair else { continue };
        if after.0 < before.1 {
            return Err(Defect::new(Reason::ZipBomb, "", "entries overlap"));
        }
        let Some((from, to)) = usize::try_from(before.1).ok().zip(usize::try_from(after.0).ok()) else { continue };
        unlisted.extend(copies_in(directory, from, to)?);
    }
    // Before the first entry nothing is let be: that is another package.
    if before > 0 && unlisted.iter().any(|copy| copy.span.0 < before) {
        return Err(Defect::new(Reason::ZipMalformed, "", "more than one package could be meant"));
    }
    Ok((before, unlisted.into_iter().map(|copy| copy.name).collect()))
}

/// Copies of listed entries in a gap between two entries. Any other header there is refused.
fn copies_in<'a>(directory: &Directory<'a>, mut from: usize, to: usize) -> Result<Vec<Header<'a>>, Defect> {
    let mut copies: Vec<Header<'a>> = Vec::new();
    while let Some(at) = directory.bytes.get(from..to).and_then(header::first_header) {
        let starts = directory.headers.iter().filter_map(|start| usize::try_from(*start).ok());
        let mut listed = starts.filter_map(|start| Header::at(directory.bytes, start));
        let own = Header::own_at(directory.bytes, from + at)
            .filter(|own| usize::try_from(own.span.1).is_ok_and(|end| end <= to));
        let copy = own.filter(|own| copies.len() < COPIES_MAX && listed.any(|listed| listed.is_copy_of(own)));
        let Some(copy) = copy else {
            return Err(Defect::new(Reason::ZipMalformed, "", "an entry that the directory does not list"));
        };
        from = usize::try_from(copy.span.1).unwrap_or(to);
        copies.push(copy);
    }
    Ok(copies)
}
