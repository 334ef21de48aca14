//! Dates as people write and read them: Beijing time (+08:00), the date first; and ends of validity, which are days that still count.
//!
//! The ledger keeps the first moment *after* a validity. People write its last day: `2035-12-31` as an end means that whole day in Beijing,
//! so what is recorded is `2036-01-01T00:00:00+08:00`, and what is shown is `2035-12-31` again.

use huxin_chain_spec::ids::{IdError, TimeMs};

/// One day, in milliseconds. Beijing has no days of another length on the ledger's calendar.
pub const DAY_MS: u64 = 86_400_000;
/// Characters of a date without a time of day.
const DATE_CHARACTERS: usize = 10;

/// An end as a person writes it: a date, which is the last day that counts, or a moment (RFC 3339), the first that does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct End(TimeMs);

impl End {
    /// The first moment that no longer counts, as the ledger keeps it.
    pub fn first_moment_after(self) -> TimeMs {
        self.0
    }
}

impl std::str::FromStr for End {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let moment: TimeMs = text.parse()?;
        Ok(Self(if text.len() == DATE_CHARACTERS { moment.plus_ms(DAY_MS) } else { moment }))
    }
}

/// A start for people: the date alone where it is the first moment of a day in Beijing.
pub fn start_text(time: TimeMs) -> String {
    if is_midnight(time) { time.date_beijing() } else { time.to_beijing() }
}

/// An end for people: the last day that counts where it falls on midnight in Beijing, else the first moment that does not.
pub fn end_text(first_moment_after: TimeMs) -> String {
    if is_midnight(first_moment_after) {
        first_moment_after.minus_ms(DAY_MS).date_beijing()
    } else {
        first_moment_after.to_beijing()
    }
}

/// As [`end_text`], and whether the day or moment shown still counts.
pub fn end_words(first_moment_after: TimeMs) -> String {
    let text = end_text(first_moment_after);
    let counts = if text.len() == DATE_CHARACTERS { "含 inclusive" } else { "不含 exclusive" };
    format!("{text} ({counts})")
}

/// A period for people: `2026-01-01 .. 2035-12-31`, both days included; `长期 no end` where there is none. A moment at its end says that
/// it no longer counts.
pub fn period_text(from: TimeMs, until: Option<TimeMs>) -> String {
    let end_of = |until| if is_midnight(until) { end_text(until) } else { end_words(until) };
    let end = until.map_or_else(|| "长期 no end".to_owned(), end_of);
    format!("{} .. {end}", start_text(from))
}

/// A time in an answer of a node, in Beijing time; the text itself where it is not a time.
pub fn beijing(text: &str) -> String {
    text.parse::<TimeMs>().map_or_else(|_| text.to_owned(), TimeMs::to_beijing)
}

/// Code of the warning that a validity has ended before it is recorded.
pub const ALREADY_ENDED: &str = "ALREADY_ENDED";

/// A warning, in both languages, where a validity has ended before it is recorded.
pub fn ended_warning(until: Option<TimeMs>, now: TimeMs) -> Option<String> {
    let until = until.filter(|until| *until <= now)?;
    Some(format!(
        "{ALREADY_ENDED} 有效期已于 {0} 届满，登记后即为过期 the validity ended on {0}: expired as soon as it is recorded",
        end_text(until)
    ))
}

fn is_midnight(time: TimeMs) -> bool {
    time.to_beijing().ends_with("T00:00:00+08:00")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn end(text: &str) -> TimeMs {
        text.parse::<End>().unwrap().first_moment_after()
    }

    fn time(text: &str) -> TimeMs {
        text.parse().unwrap()
    }

    /// A registry that exported its last days lost one day of every licence.
    #[test]
    fn a_bare_end_date_is_a_day_that_counts() {
        assert_eq!(end("2035-12-31"), time("2036-01-01T00:00:00+08:00"));
        assert_eq!(end("2028-02-29"), time("2028-03-01"));
        assert_eq!(end("2035-12-31T12:00:00+08:00"), time("2035-12-31T04:00:00Z"));
        assert!("2035-02-30".parse::<End>().is_err());
    }

    /// What is written comes back on the screen.
    #[test]
    fn the_last_day_is_shown_again() {
        for day in ["2035-12-31", "2028-02-29", "2026-11-30", "1956-05-01", "1969-12-31", "1970-01-01"] {
            assert_eq!(end_text(end(day)), day);
            assert_eq!(start_text(time(day)), day);
        }
        assert_eq!(end_text(time("2035-12-31T04:00:00Z")), "2035-12-31T12:00:00+08:00");
        assert_eq!(period_text(time("2026-01-01"), Some(end("2035-12-31"))), "2026-01-01 .. 2035-12-31");
        let noon = Some(time("2035-12-31T12:00:00+08:00"));
        assert_eq!(period_text(time("2026-01-01"), noon), "2026-01-01 .. 2035-12-31T12:00:00+08:00 (不含 exclusive)");
        assert_eq!(end_words(end("2035-12-31")), "2035-12-31 (含 inclusive)");
        assert_eq!(period_text(time("2026-01-01"), None), "2026-01-01 .. 长期 no end");
    }

    #[test]
    fn what_has_ended_is_warned_of() {
        let until = Some(end("2026-11-30"));
        assert_eq!(ended_warning(until, time("2026-11-30T23:59:59+08:00")), None);
        assert!(ended_warning(until, time("2026-12-01")).unwrap().contains("2026-11-30"));
        assert_eq!(ended_warning(None, time("2026-12-01")), None);
    }

    #[test]
    fn answers_of_nodes_are_shown_in_beijing_time() {
        assert_eq!(beijing("2019-12-31T16:00:00Z"), "2020-01-01T00:00:00+08:00");
        assert_eq!(beijing("-"), "-");
    }
}
