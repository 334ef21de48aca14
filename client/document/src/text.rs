//! Text that comes from a file and goes into a report: the one place where it is made harmless.

/// Longest detail of a check or warning, in characters.
pub(crate) const DETAIL_CHARS_MAX: usize = 256;

/// `text` without characters that could disturb a terminal or turn the reading direction: they become `\u{..}`.
pub(crate) fn shown(text: &str) -> String {
    shown_chars(text.chars())
}

/// The same, cut to `chars_max` characters of the text before escapes; an ellipsis says where it was cut.
pub(crate) fn cut(text: &str, chars_max: usize) -> String {
    let mut chars = text.chars();
    let mut out = shown_chars(chars.by_ref().take(chars_max));
    if chars.next().is_some() {
        out.push('…');
    }
    out
}

fn shown_chars(chars: impl Iterator<Item = char>) -> String {
    let mut out = String::new();
    for c in chars {
        if disturbs(c) { out.extend(c.escape_unicode()) } else { out.push(c) }
    }
    out
}

/// Control characters (C0, DEL, C1), and what reorders or hides text: `gnp.xml` must not read as `lmx.png`.
fn disturbs(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_escaped() {
        assert_eq!(
            shown("a\u{1b}[2Jb\u{7f}\u{9b}c\u{202e}d\u{2066}"),
            "a\\u{1b}[2Jb\\u{7f}\\u{9b}c\\u{202e}d\\u{2066}"
        );
        assert_eq!(shown("证照 A-1"), "证照 A-1");
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("ab\u{1b}d", 3), "ab\\u{1b}…");
    }
}
