//! How a table is written: its encoding and its separator. What has one meaning is read, with a warning; what has none is named.

use std::path::Path;

use encoding_rs::{GBK, UTF_16BE, UTF_16LE};

use crate::error::ClientError;
use crate::said::Said;
use crate::say;

/// Longest table that is read, in bytes: some four million rows.
const TABLE_BYTES_MAX: u64 = 1024 * 1024 * 1024;
/// Likeness above which a known column is suggested for an unknown one.
const NEAR: f64 = 0.8;

/// The columns that a kind of table may have.
pub(super) struct Columns {
    /// The one that every row names its licence in.
    pub needed: &'static str,
    /// All of them.
    pub known: &'static [&'static str],
}

/// A table's text, and how it was found written.
#[derive(Debug)]
pub(super) struct Layout {
    pub text: String,
    pub separator: u8,
    /// In both languages.
    pub warnings: Vec<String>,
}

/// Reads a table and finds its encoding and separator; its first line names known columns only.
pub(super) fn layout(path: &Path, known: &Columns) -> Result<Layout, ClientError> {
    let failed = |error| ClientError::file("cannot read", path, error);
    let length = std::fs::metadata(path).map_err(failed)?.len();
    let wrong = |reason: Said| ClientError::Table { place: path.display().to_string(), reason };
    if length > TABLE_BYTES_MAX {
        let most = TABLE_BYTES_MAX;
        return Err(wrong(say!(
            "{length} bytes, more than {most}; split it",
            "有 {length} 字节，超过上限 {most}；请拆分"
        )));
    }
    let (text, encoding) = decode(std::fs::read(path).map_err(failed)?).map_err(wrong)?;
    let mut warnings: Vec<String> = encoding.into_iter().collect();
    let head = text.lines().next().unwrap_or_default();
    if head.trim().is_empty() {
        return Err(wrong(say!("the table is empty", "表格为空")));
    }
    let separator = separator(head, known);
    if separator != ',' {
        let name = if separator == '\t' { "制表符 tabs".to_owned() } else { format!("{separator:?}") };
        warnings.push(format!("按 {name} 分隔读取 read with {name} as separator"));
    }
    columns(head, separator, known).map_err(wrong)?;
    // All three are ASCII.
    Ok(Layout { text, separator: u8::try_from(separator).unwrap_or(b','), warnings })
}

/// The text, with a warning where it is not UTF-8.
fn decode(bytes: Vec<u8>) -> Result<(String, Option<String>), Said> {
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"\xd0\xcf\x11\xe0") {
        return Err(say!(
            "it is a workbook or an archive, not a table of text; save it as CSV (UTF-8)",
            "这是工作簿或压缩包，不是文本表格；请另存为 CSV（UTF-8）"
        ));
    }
    for (mark, encoding) in [(b"\xff\xfe", UTF_16LE), (b"\xfe\xff", UTF_16BE)] {
        if let Some(rest) = bytes.strip_prefix(mark) {
            let text = encoding.decode_without_bom_handling_and_without_replacement(rest);
            let text =
                text.ok_or_else(|| say!("the UTF-16 text is damaged or cut short", "UTF-16 文本已损坏或不完整"))?;
            return Ok((text.into_owned(), Some(read_as("UTF-16"))));
        }
    }
    let bytes = match bytes.strip_prefix(b"\xef\xbb\xbf") {
        Some(rest) => rest.to_vec(),
        None => bytes,
    };
    if bytes.contains(&0) && String::from_utf8(bytes.clone()).is_ok() {
        return Err(say!(
            "it looks like UTF-16 without a byte order mark; save it as UTF-8",
            "疑似没有字节序标记的 UTF-16；请另存为 UTF-8"
        ));
    }
    let bytes = match String::from_utf8(bytes) {
        Ok(text) => return Ok((text, None)),
        Err(error) => error.into_bytes(),
    };
    match GBK.decode_without_bom_handling_and_without_replacement(&bytes) {
        Some(text) => Ok((text.into_owned(), Some(read_as("GBK")))),
        None => Err(say!(
            "its text is neither UTF-8, UTF-16 nor GBK; save it as UTF-8",
            "文本不是 UTF-8、UTF-16 或 GBK；请另存为 UTF-8"
        )),
    }
}

fn read_as(encoding: &str) -> String {
    format!("按 {encoding} 读取 read as {encoding}")
}

fn names(head: &str, separator: char) -> Vec<&str> {
    head.split(separator).map(|name| name.trim().trim_matches('"').trim()).collect()
}

/// The separator by which every name in the first line is a column; else the comma, or what the line seems to use, so that the columns
/// can be named.
fn separator(head: &str, columns: &Columns) -> char {
    let all = [',', ';', '\t'];
    let fits = |separator: &char| names(head, *separator).iter().all(|name| columns.known.contains(name));
    let seems = |separator: &char| head.contains(*separator);
    all.into_iter().find(fits).or_else(|| all.into_iter().find(seems)).unwrap_or(',')
}

/// Every column is known, there once, and the needed one is among them.
fn columns(head: &str, separator: char, columns: &Columns) -> Result<(), Said> {
    let names = names(head, separator);
    for (position, name) in names.iter().enumerate() {
        if !columns.known.contains(name) {
            let all = columns.known.join(", ");
            let near = columns.known.iter().max_by(|a, b| likeness(name, a).total_cmp(&likeness(name, b)));
            let near = near.filter(|near| likeness(name, near) >= NEAR);
            let (en, zh) = near.map_or_else(
                || (format!("the columns are {all}, separated by commas"), format!("可用的列有 {all}，以逗号分隔")),
                |near| (format!("did you mean {near}?"), format!("是否指 {near}？")),
            );
            return Err(say!("there is no column {name:?}; {en}", "没有 {name} 这一列；{zh}"));
        }
        if names.get(..position).is_some_and(|before| before.contains(name)) {
            return Err(say!("the column {name} is there twice", "{name} 列重复"));
        }
    }
    let needed = columns.needed;
    if names.contains(&needed) { Ok(()) } else { Err(say!("the column {needed} is missing", "缺少 {needed} 列")) }
}

fn likeness(a: &str, b: &str) -> f64 {
    strsim::jaro_winkler(a, b)
}
