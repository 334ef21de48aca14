//! The character encoding of an XML file.
//!
//! | first bytes | declared | read as |
//! |---|---|---|
//! | `FF FE`, `FE FF`, or `<` beside a zero | nothing, or UTF-16 | UTF-16 |
//! | any | nothing, UTF-8, or any superset of ASCII where all is ASCII | UTF-8 |
//! | any | GB2312, GBK, GB18030 | GB 18030, which contains the others |
//!
//! Where first bytes and declaration disagree, or the bytes are none of the encoding, readers show different things: such a file is not read.

use std::borrow::Cow;

use encoding_rs::{Encoding, GB18030, UTF_16BE, UTF_16LE};

/// Encodings whose ASCII part is ASCII: a file of ASCII only may declare any of them.
const ASCII_SUPERSETS: [&str; 6] = ["gb2312", "gbk", "gb18030", "iso-8859-1", "windows-1252", "big5"];
const CHINESE: [&str; 3] = ["gb2312", "gbk", "gb18030"];
/// How far a declaration may reach. One that is longer may name an encoding that only some readers look for.
const DECLARATION_BYTES_MAX: usize = 4096;

/// What of a file's encoding departs from the standard, in the words of warnings; `None` for UTF-8.
pub fn departure(bytes: &[u8]) -> Option<&'static str> {
    // What cannot be read is a fault of its own.
    if std::str::from_utf8(bytes).is_ok() && sixteen_bit(bytes).is_none() || text_of(bytes).is_err() {
        return None;
    }
    if sixteen_bit(bytes).is_some() {
        return Some("is in UTF-16 where GB/T 33190 has UTF-8");
    }
    let is_chinese = declared(bytes).ok().flatten().is_some_and(|declared| CHINESE.contains(&declared.as_str()));
    (is_chinese && !bytes.is_ascii()).then_some("is in GBK where GB/T 33190 has UTF-8")
}

/// The text of a file, its byte order mark dropped; else why it has none.
pub(super) fn text_of(bytes: &[u8]) -> Result<Cow<'_, str>, String> {
    if let Some(encoding) = sixteen_bit(bytes) {
        let (text, _) = encoding.decode_with_bom_removal(bytes);
        if text.contains(char::REPLACEMENT_CHARACTER) {
            return Err("no sound UTF-16".to_owned());
        }
        return match declared(text.as_bytes())? {
            Some(other) if !other.starts_with("utf-16") => Err(format!("in UTF-16, and declared as {other}")),
            _ => Ok(text.into_owned().into()),
        };
    }
    let plain = bytes.strip_prefix(b"\xEF\xBB\xBF");
    let declared = declared(bytes)?;
    let utf8 = || std::str::from_utf8(plain.unwrap_or(bytes)).map(Cow::Borrowed).map_err(|error| error.to_string());
    match declared.as_deref() {
        None | Some("utf-8" | "utf8" | "us-ascii" | "ascii") => utf8(),
        Some(declared) if ASCII_SUPERSETS.contains(&declared) && bytes.is_ascii() => utf8(),
        Some(declared) if CHINESE.contains(&declared) && plain.is_none() => {
            let text = GB18030.decode_without_bom_handling_and_without_replacement(bytes);
            text.ok_or_else(|| format!("declared as {declared}, and is not"))
        }
        Some(declared) => Err(format!("declared as {declared}")),
    }
}

/// UTF-16 by its byte order mark, or by how `<` is written in it.
fn sixteen_bit(bytes: &[u8]) -> Option<&'static Encoding> {
    match bytes {
        [0xff, 0xfe, ..] | [b'<', 0, ..] => Some(UTF_16LE),
        [0xfe, 0xff, ..] | [0, b'<', ..] => Some(UTF_16BE),
        _ => None,
    }
}

/// The encoding that a declaration at the start names, in small letters; else why the declaration cannot be read. It is ASCII, or nothing
/// could be told from it.
fn declared(bytes: &[u8]) -> Result<Option<String>, String> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let Some(rest) = bytes.strip_prefix(b"<?xml").filter(|rest| rest.first().is_some_and(u8::is_ascii_whitespace))
    else {
        return Ok(None);
    };
    let rest = rest.get(..DECLARATION_BYTES_MAX.min(rest.len())).unwrap_or(rest);
    let end = rest.windows(2).position(|window| window == b"?>").ok_or("the declaration does not end")?;
    let declaration = rest.get(..end).and_then(|rest| std::str::from_utf8(rest).ok());
    let mut rest = declaration.ok_or("the declaration is malformed")?.trim();
    let mut found = None;
    while !rest.is_empty() {
        let (name, value, behind) = said(rest).ok_or("the declaration is malformed")?;
        if name == "encoding" && found.replace(value.trim().to_ascii_lowercase()).is_some() {
            return Err("the declaration names two encodings".to_owned());
        }
        rest = behind.trim_start();
    }
    Ok(found)
}

/// `name = "value"`, and what follows it.
fn said(text: &str) -> Option<(&str, &str, &str)> {
    let (name, value) = text.split_once('=')?;
    let value = value.trim_start();
    let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    let (value, behind) = value.get(1..)?.split_once(quote)?;
    Some((name.trim(), value, behind))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn what_the_file_says_of_itself_is_read() {
        let xml = |encoding: &str| format!("<?xml version='1.0' encoding='{encoding}'?><a>证照</a>");
        let little: Vec<u8> = xml("UTF-16").encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = xml("utf-16").encode_utf16().flat_map(u16::to_be_bytes).collect();
        let (gbk, _, _) = encoding_rs::GBK.encode("<?xml version='1.0' encoding=\"GBK\" ?><a>证照</a>");
        for bytes in
            [&[&[0xff, 0xfe][..], &little].concat(), &[&[0xfe, 0xff][..], &big].concat(), &little, &gbk.into_owned()]
        {
            assert!(text_of(bytes).unwrap().ends_with("<a>证照</a>"));
            assert!(departure(bytes).is_some());
        }
        for bytes in [xml("UTF-8").as_bytes(), "\u{feff}<a>证照</a>".as_bytes(), b"<?xml encoding='gb2312'?><a/>"] {
            assert!(text_of(bytes).is_ok() && departure(bytes).is_none());
        }
    }

    #[test]
    fn where_readers_would_differ_nothing_is_read() {
        let odd: Vec<u8> = "<?xml encoding='UTF-8'?><a/>".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let (gbk, _, _) = encoding_rs::GBK.encode("<a>证照</a>");
        let lone: Vec<u8> = [0x3c_u16, 0xd800, 0x3e].into_iter().flat_map(u16::to_le_bytes).collect();
        let utf16 = b"<?xml encoding='UTF-16'?><a/>";
        let far = format!("<?xml version='1.0'{}encoding='GBK'?><a>证</a>", " ".repeat(300));
        let never = format!("<?xml version='1.0'{}encoding='UTF-8'?><a/>", " ".repeat(5000));
        // 256 bytes in, the middle of a character: the declaration was then overlooked.
        let cut = format!("<?xml version='1.0' encoding='GBK'?><a>xy{}</a>", "证".repeat(200));
        let cut: Vec<u8> = cut.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let other = b"<?xml version=\"encoding='utf-8'\" encoding='big5'?><a>\xe8\xaf\x81</a>";
        let marked = "\u{feff}<?xml encoding='GBK'?><a>证</a>".as_bytes();
        let invalid = b"<?xml encoding='GBK'?><a>\xff</a>";
        for bytes in [&odd[..], &gbk, &lone, utf16, marked, invalid, far.as_bytes(), never.as_bytes(), &cut, other] {
            assert!(text_of(bytes).is_err(), "{}", String::from_utf8_lossy(bytes));
        }
    }
}
