//! Metadata of a licence (GB/T 36903) as the file carries it: the text whose digest goes on the ledger, and the dates in it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use huxin_chain_spec::crypto::{Digest, DigestAlgorithm};
use huxin_chain_spec::ids::TimeMs;

use crate::dates::DAY_MS;

/// The canonical text: one line `SHORT-NAME=value` per field, sorted by name (bytes), each ended by a line feed; control characters in
/// values become spaces. Fields about the holder are never among them.
pub fn canonical(fields: &BTreeMap<String, String>) -> String {
    let mut text = String::new();
    for (name, value) in fields {
        let value: String = value.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{name}={}", value.trim());
    }
    text
}

/// SM3 of the canonical text; `None` for a file without metadata.
pub fn digest_of(fields: &BTreeMap<String, String>) -> Option<Digest> {
    (!fields.is_empty()).then(|| DigestAlgorithm::Sm3.plain(&[canonical(fields).as_bytes()]))
}

/// The first moment in Beijing of the day that a field names (`2026-01-01`, `20260101`, `2026年1月1日`, with or without a time
/// of day). `None` where it names none.
pub fn first_moment(text: &str) -> Option<TimeMs> {
    let numbers: Vec<&str> = text.split(|c: char| !c.is_ascii_digit()).filter(|digits| !digits.is_empty()).collect();
    let (year, month, day) = match numbers.as_slice() {
        [all, ..] if all.len() >= 8 => (all.get(..4)?, all.get(4..6)?, all.get(6..8)?),
        [year, month, day, ..] if year.len() == 4 => (*year, *month, *day),
        _ => return None,
    };
    format!("{year}-{month:0>2}-{day:0>2}").parse().ok()
}

/// Whether a field says that there is no last day.
pub fn says_no_end(text: &str) -> bool {
    let words = ["长期", "长期有效", "永久", "永久有效", "无期限", "无固定期限", "无", "/", "-", "--", "—", "——"];
    words.contains(&text.trim())
}

/// The first moment after the day that a field names.
pub fn moment_after(text: &str) -> Option<TimeMs> {
    first_moment(text).map(|start| start.plus_ms(DAY_MS))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn the_text_is_sorted_and_one_line_each() {
        let fields =
            [("ZZMC", "测试证照"), ("ZZBH", " 7\n8 ")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        let fields = BTreeMap::from(fields);
        assert_eq!(canonical(&fields), "ZZBH=7 8\nZZMC=测试证照\n");
        assert_eq!(digest_of(&fields), Some(DigestAlgorithm::Sm3.plain(&["ZZBH=7 8\nZZMC=测试证照\n".as_bytes()])));
        assert_eq!(digest_of(&BTreeMap::new()), None);
    }

    #[test]
    fn dates_as_vendors_write_them() {
        let expected: TimeMs = "2026-01-05".parse().unwrap();
        for text in ["2026-01-05", "20260105", "2026年1月5日", "2026-1-5 00:00:00", "20260105103000", "2026/01/05"] {
            assert_eq!(first_moment(text), Some(expected), "{text}");
        }
        assert_eq!(moment_after("2026-01-04"), Some(expected));
        assert_eq!(first_moment("1956年5月1日"), Some("1956-05-01".parse().unwrap()), "before 1970");
        assert!(says_no_end("长期 ") && says_no_end("/") && !says_no_end("") && !says_no_end("2026-13-01"));
        for text in ["", "长期", "2026", "2026-13-01", "2026-02-30", "31/12/2026"] {
            assert_eq!(first_moment(text), None, "{text}");
        }
    }
}
