//! What is wrong with a file, and where.

use crate::reason::Reason;
use crate::text::cut;

/// Longest place or detail kept, in characters. Names come from outside and end up in reports.
const TEXT_CHARS_MAX: usize = 200;

/// One thing that is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} at {place:?}: {detail}", code.code())]
pub struct Defect {
    /// The stable reason.
    pub code: Reason,
    /// The entry it is about, escaped and cut to 200 characters; empty for the file as a whole.
    pub place: String,
    /// More for the log, escaped and cut to 200 characters. Not stable.
    pub detail: String,
}

impl Defect {
    /// A defect of `place`. Control characters of both texts are escaped, and both are cut.
    pub fn new(code: Reason, place: &str, detail: impl AsRef<str>) -> Self {
        Self { code, place: cut(place, TEXT_CHARS_MAX), detail: cut(detail.as_ref(), TEXT_CHARS_MAX) }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn names_from_outside_are_escaped_and_cut() {
        let defect = Defect::new(Reason::ZipPath, "a\u{202e}b\n", "x".repeat(1000));
        assert_eq!(defect.place, "a\\u{202e}b\\u{a}");
        assert_eq!(defect.detail.chars().count(), TEXT_CHARS_MAX + 1);
        assert!(defect.to_string().starts_with("ZIP_PATH at"));
    }
}
