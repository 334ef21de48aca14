//! What the directory of a package says of its entries, and whether it may be believed.

use std::io::Cursor;

use encoding_rs::GB18030;
use zip::read::ZipFile;
use zip::{CompressionMethod, ZipArchive};

use super::malformed;
use crate::defect::Defect;
use crate::limits::Limits;
use crate::reason::Reason;

/// Longest name of an entry, in bytes.
const NAME_BYTES_MAX: usize = 1024;
/// Fixed parts before the name in an entry's own header and in the directory (APPNOTE 4.3.7, 4.3.12), in bytes.
const LOCAL_HEADER_BYTES: usize = 30;
const CENTRAL_HEADER_BYTES: usize = 46;
/// First bytes of an entry's own header.
const LOCAL_HEADER_MAGIC: &[u8] = b"PK\x03\x04";
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
    /// Whether the name is not UTF-8.
    pub is_legacy_name: bool,
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
    let (name, charset) = decode_name(raw);
    let refuse = |code, detail: &str| Err(Defect::new(code, &name, detail));
    if let Some(fault) = name_fault(&name, raw.len(), charset) {
        return refuse(Reason::ZipPath, fault);
    }
    if !headers_agree(entry, bytes) {
        return refuse(Reason::ZipMalformed, "its own header has another name than the directory");
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
    let is_folder = entry.is_dir();
    if is_folder && entry.size() != 0 {
        return refuse(Reason::ZipMalformed, "a folder with content");
    }
    let data_start = entry.data_start().unwrap_or(u64::MAX);
    let span = (entry.header_start(), data_start.saturating_add(entry.compressed_size()));
    Ok(RawEntry {
        position,
        is_legacy_name: charset != Charset::Utf8,
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

/// Why a name is not a plain path within the package.
fn name_fault(name: &str, raw_bytes: usize, charset: Charset) -> Option<&'static str> {
    let path = name.strip_suffix('/').unwrap_or(name);
    let has_drive = path.split('/').next().is_some_and(|first| first.ends_with(':') || first.get(1..3) == Some(":\\"));
    match () {
        () if raw_bytes > NAME_BYTES_MAX => Some("name too long"),
        () if path.is_empty() || path.starts_with('/') || has_drive => Some("empty or absolute name"),
        // In a name of an unknown character set the byte may be half of a character, and others are escaped with it.
        () if charset != Charset::Unknown && name.contains('\\') => Some("backslash in name"),
        () if name.chars().any(char::is_control) => Some("control character in name"),
        () if path.split('/').any(|segment| matches!(segment, "" | "." | "..")) => Some("empty, . or .. in name"),
        () => None,
    }
}

/// Whether the entry's own header and the directory give the same name. Programs that read a package from its start see the one,
/// all others the other. A Unicode path field may replace a name that is no UTF-8, and nothing else.
fn headers_agree(entry: &Entry<'_, '_>, bytes: &[u8]) -> bool {
    let local = name_at(bytes, entry.header_start(), LOCAL_HEADER_BYTES, 26);
    let central = name_at(bytes, entry.central_header_start(), CENTRAL_HEADER_BYTES, 28);
    match (local, central) {
        (Some(local), Some(central)) => {
            local == central && (central == entry.name_raw() || std::str::from_utf8(central).is_err())
        }
        _ => false,
    }
}

/// The name in a header at `start` that follows `fixed` bytes and whose length stands at `length_at`.
fn name_at(bytes: &[u8], start: u64, fixed: usize, length_at: usize) -> Option<&[u8]> {
    let header = bytes.get(usize::try_from(start).ok()?..)?;
    let length = u16::from_le_bytes([*header.get(length_at)?, *header.get(length_at + 1)?]);
    header.get(fixed..fixed + usize::from(length))
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

/// Refuses what stands before the first entry, and headers of entries that the directory does not list: a program that reads from
/// the start would find them. Padding between entries is harmless.
pub(super) fn check_gaps(entries: &[RawEntry], bytes: &[u8], directory: u64) -> Result<(), Defect> {
    let mut spans: Vec<(u64, u64)> = entries.iter().map(|entry| entry.span).collect();
    spans.sort_unstable();
    if spans.first().is_some_and(|span| span.0 != 0) {
        return Err(Defect::new(Reason::ZipMalformed, "", "bytes before the first entry"));
    }
    spans.push((directory, directory));
    for pair in spans.windows(2) {
        let [before, after] = pair else { continue };
        let range = usize::try_from(before.1).ok().zip(usize::try_from(after.0).ok());
        let gap = range.and_then(|(from, to)| bytes.get(from..to)).unwrap_or_default();
        if gap.windows(LOCAL_HEADER_MAGIC.len()).any(|window| window == LOCAL_HEADER_MAGIC) {
            return Err(Defect::new(Reason::ZipMalformed, "", "an entry that the directory does not list"));
        }
    }
    Ok(())
}
