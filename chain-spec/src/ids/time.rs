//! Time on the ledger: milliseconds since 1970-01-01T00:00:00Z, without leap seconds, and its text form (RFC 3339).
//!
//! Days are turned into dates by the proleptic Gregorian calendar, shifted to start on 1 March so that the leap day
//! comes last and the lengths of months follow one linear formula.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

use super::IdError;

/// A moment, in milliseconds since 1970-01-01T00:00:00Z, negative before it: licences are older than that (a house of 1956). A number in
/// JSON; text as RFC 3339; in hashed bytes an i64, little-endian, two's complement.
///
/// Text is read as one of
/// * `2026-11-21`: **00:00:00 on that day in Beijing time** (+08:00), the one legal time of all provinces;
/// * `2026-11-21T08:00:00Z` or with up to nine decimals, of which three are kept;
/// * `2026-11-21T16:00:00+08:00`, any offset below 24 hours.
///
/// A time of day without an offset is refused: it could mean either.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct TimeMs(pub i64);

const MS_PER_DAY: i64 = 86_400_000;
const MS_PER_MINUTE: i64 = 60_000;
const BEIJING_MINUTES: i64 = 8 * 60;
const DAYS_PER_ERA: i64 = 146_097;
/// Days from 0000-03-01, where eras begin, to 1970-01-01.
const EPOCH_DAYS: i64 = 719_468;

impl TimeMs {
    /// 1970-01-01T00:00:00Z.
    pub const EPOCH: Self = Self(0);

    /// The last moment there is, 292 million years away: whatever becomes known, by when it is known.
    pub const MAX: Self = Self(i64::MAX);

    /// The moment `ms` later; at most [`TimeMs::MAX`].
    #[must_use]
    pub const fn plus_ms(self, ms: u64) -> Self {
        Self(self.0.saturating_add_unsigned(ms))
    }

    /// The moment `ms` earlier.
    #[must_use]
    pub const fn minus_ms(self, ms: u64) -> Self {
        Self(self.0.saturating_sub_unsigned(ms))
    }

    /// Milliseconds from `earlier` to this moment, 0 if `earlier` is later.
    pub fn ms_since(self, earlier: Self) -> u64 {
        if self > earlier { self.0.abs_diff(earlier.0) } else { 0 }
    }

    /// Milliseconds since 1970; 0 before it. For clocks of machines and what they measured, which no licence's date is.
    pub fn since_1970(self) -> u64 {
        self.ms_since(Self::EPOCH)
    }

    /// RFC 3339 in Beijing time, for people: `2026-11-21T16:00:00+08:00`.
    pub fn to_beijing(self) -> String {
        self.civil(BEIJING_MINUTES).text("+08:00")
    }

    /// The date in Beijing time: `2026-11-21`.
    pub fn date_beijing(self) -> String {
        let Civil { year, month, day, .. } = self.civil(BEIJING_MINUTES);
        format!("{year:04}-{month:02}-{day:02}")
    }

    /// The year in Beijing time.
    pub fn year_beijing(self) -> u16 {
        u16::try_from(self.civil(BEIJING_MINUTES).year).unwrap_or(u16::MAX)
    }

    fn civil(self, offset_minutes: i64) -> Civil {
        let days = self.0.div_euclid(MS_PER_DAY);
        let of_day = self.0.rem_euclid(MS_PER_DAY) + offset_minutes * MS_PER_MINUTE;
        let (year, month, day) = date_of_days(days + of_day.div_euclid(MS_PER_DAY));
        Civil { year, month, day, ms_of_day: of_day.rem_euclid(MS_PER_DAY) }
    }
}

/// A date and a time of day at some offset.
struct Civil {
    year: i64,
    month: i64,
    day: i64,
    ms_of_day: i64,
}

impl Civil {
    fn text(&self, offset: &str) -> String {
        let Self { year, month, day, ms_of_day } = self;
        let (seconds, ms) = (ms_of_day / 1000, ms_of_day % 1000);
        let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        // RFC 3339 has four-digit years only; a later one can come from a corrupt value alone and is shown in full.
        let fraction = if ms == 0 { String::new() } else { format!(".{ms:03}") };
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}{offset}")
    }
}

/// The date `days` after 1970-01-01.
fn date_of_days(days: i64) -> (i64, i64, i64) {
    let from_era_start = days + EPOCH_DAYS;
    let era = from_era_start.div_euclid(DAYS_PER_ERA);
    let day_of_era = from_era_start.rem_euclid(DAYS_PER_ERA);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, month, day)
}

/// Days from 1970-01-01 to a date; `None` if there is no such date.
fn days_of_date(year: i64, month: i64, day: i64) -> Option<i64> {
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let year_from_march = if month <= 2 { year - 1 } else { year };
    let month_from_march = (month + 9) % 12;
    let (era, year_of_era) = (year_from_march.div_euclid(400), year_from_march.rem_euclid(400));
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    let days = era * DAYS_PER_ERA + day_of_era - EPOCH_DAYS;
    // 31 April would come out as 1 May: only a date that comes back unchanged exists.
    (date_of_days(days) == (year, month, day)).then_some(days)
}

/// Whether `yyyymmdd` is a calendar date.
pub(super) fn is_date(yyyymmdd: &str) -> bool {
    let part = |range| yyyymmdd.get(range).and_then(number);
    match (part(0..4), part(4..6), part(6..8)) {
        (Some(year), Some(month), Some(day)) => yyyymmdd.len() == 8 && days_of_date(year, month, day).is_some(),
        _ => false,
    }
}

/// A number of ASCII digits only.
fn number(text: &str) -> Option<i64> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

fn bad(reason: &'static str) -> IdError {
    IdError::Time { reason }
}

impl std::str::FromStr for TimeMs {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if !text.is_ascii() || text.len() < 10 {
            return Err(bad("a date of ten characters comes first"));
        }
        let (date, rest) = text.split_at(10);
        let date_ms = read_date(date)? * MS_PER_DAY;
        let (of_day_ms, offset_minutes) = match rest.strip_prefix(['T', 't']) {
            None if rest.is_empty() => (0, BEIJING_MINUTES),
            None => return Err(bad("a capital T separates date and time of day")),
            Some(rest) => read_time_of_day(rest)?,
        };
        let ms = date_ms + of_day_ms - offset_minutes * MS_PER_MINUTE;
        Ok(Self(ms))
    }
}

/// Days since 1970-01-01 of `yyyy-mm-dd`.
fn read_date(date: &str) -> Result<i64, IdError> {
    let part = |range| date.get(range).and_then(number).ok_or(bad("a date has four, two and two digits"));
    if date.as_bytes()[4] != b'-' || date.as_bytes()[7] != b'-' {
        return Err(bad("hyphens separate year, month and day"));
    }
    days_of_date(part(0..4)?, part(5..7)?, part(8..10)?).ok_or(bad("the calendar has no such day"))
}

/// Milliseconds of the day, and minutes of the offset, of `hh:mm:ss[.fff](Z|+hh:mm|-hh:mm)`.
fn read_time_of_day(text: &str) -> Result<(i64, i64), IdError> {
    let (clock, rest) = text.split_at_checked(8).ok_or(bad("a time of day has hours, minutes and seconds"))?;
    let part = |range| clock.get(range).and_then(number).ok_or(bad("hours, minutes and seconds have two digits each"));
    if clock.as_bytes()[2] != b':' || clock.as_bytes()[5] != b':' {
        return Err(bad("colons separate hours, minutes and seconds"));
    }
    let (hours, minutes, seconds) = (part(0..2)?, part(3..5)?, part(6..8)?);
    if hours > 23 || minutes > 59 || seconds > 59 {
        return Err(bad("the time of day ends at 23:59:59"));
    }
    let (fraction_ms, offset) = read_fraction(rest)?;
    Ok((((hours * 60 + minutes) * 60 + seconds) * 1000 + fraction_ms, read_offset(offset)?))
}

/// Milliseconds of an optional fraction, and the text after it.
fn read_fraction(text: &str) -> Result<(i64, &str), IdError> {
    let Some(rest) = text.strip_prefix('.') else {
        return Ok((0, text));
    };
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    if !(1..=9).contains(&digits) {
        return Err(bad("a fraction of a second has one to nine digits"));
    }
    let (fraction, offset) = rest.split_at(digits);
    let padded = format!("{fraction}00");
    let ms = padded.get(..3).and_then(number).unwrap_or(0);
    Ok((ms, offset))
}

/// Minutes east of UTC.
fn read_offset(text: &str) -> Result<i64, IdError> {
    if matches!(text, "Z" | "z") {
        return Ok(0);
    }
    let sign = match text.as_bytes().first() {
        Some(b'+') => 1,
        Some(b'-') => -1,
        _ => return Err(bad("a time of day ends in Z or an offset such as +08:00")),
    };
    let part = |range| text.get(range).and_then(number);
    match (text.len(), part(1..3), text.as_bytes().get(3), part(4..6)) {
        (6, Some(hours @ 0..=23), Some(b':'), Some(minutes @ 0..=59)) => Ok(sign * (hours * 60 + minutes)),
        _ => Err(bad("an offset is a sign, two digits of hours, a colon and two digits of minutes")),
    }
}

impl std::fmt::Display for TimeMs {
    /// RFC 3339 in UTC; the fraction is left out when it is zero.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.civil(0).text("Z"))
    }
}

impl std::fmt::Debug for TimeMs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TimeMs({}, {self})", self.0)
    }
}

/// For `#[serde(with = "...")]`: a [`TimeMs`] as RFC 3339 text, in files that people write.
pub mod time_text {
    use serde::{Deserialize, Deserializer, Serializer};

    use super::TimeMs;

    /// Writes RFC 3339 in UTC.
    pub fn serialize<S: Serializer>(time: &TimeMs, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(time)
    }

    /// Reads every text form that [`TimeMs`] reads.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<TimeMs, D::Error> {
        let text = <std::borrow::Cow<'_, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use proptest::prelude::*;

    use super::*;

    fn ms(text: &str) -> i64 {
        text.parse::<TimeMs>().unwrap().0
    }

    #[test]
    fn known_moments() {
        assert_eq!(ms("1970-01-01T00:00:00Z"), 0);
        assert_eq!(ms("2000-02-29T12:00:00Z"), 951_825_600_000);
        assert_eq!(ms("2020-10-23T07:11:20.5Z"), 1_603_437_080_500);
        assert_eq!(ms("2020-10-23T07:11:20.123999999Z"), 1_603_437_080_123);
        assert_eq!(ms("2026-11-21T16:00:00+08:00"), ms("2026-11-21T08:00:00Z"));
        assert_eq!(ms("2026-11-21T03:30:00-04:30"), ms("2026-11-21T08:00:00Z"));
        assert_eq!(ms("9999-12-31T23:59:59.999Z"), 253_402_300_799_999);
        assert_eq!(ms("1970-01-01"), -28_800_000);
        assert_eq!(ms("1969-12-31T23:59:59.999Z"), -1);
        assert_eq!(ms("1956-05-01T00:00:00Z"), -431_395_200_000);
        assert_eq!(ms("0001-01-01T00:00:00Z"), -62_135_596_800_000);
    }

    #[test]
    fn a_date_alone_starts_in_beijing() {
        assert_eq!(ms("2026-11-21"), ms("2026-11-20T16:00:00Z"));
        assert_eq!("2026-11-21".parse::<TimeMs>().unwrap().date_beijing(), "2026-11-21");
        assert_eq!("2026-11-21".parse::<TimeMs>().unwrap().to_beijing(), "2026-11-21T00:00:00+08:00");
    }

    #[test]
    fn refuses_what_is_no_time() {
        for text in [
            "",
            "2026",
            "2026-11-2",
            "2026/11/21",
            "2026-02-29",
            "2026-13-01",
            "2026-04-31",
            "2026-00-10",
            "2026-11-00",
            "+026-11-21",
            "2026-11-21T08:00:00",
            "2026-11-21 08:00:00Z",
            "2026-11-21T8:00:00Z",
            "2026-11-21T24:00:00Z",
            "2026-11-21T23:59:60Z",
            "2026-11-21T08:00Z",
            "2026-11-21T08:00:00.Z",
            "2026-11-21T08:00:00.1234567890Z",
            "2026-11-21T08:00:00+8:00",
            "2026-11-21T08:00:00+08:60",
            "2026-11-21T08:00:00+24:00",
            "2026-11-21Z",
            "2026-11-21T08:00:00ZZ",
            "２０２６-11-21",
            "2026-11-21T+8:00:00Z",
        ] {
            assert_eq!(text.parse::<TimeMs>().unwrap_err().code().as_str(), "identifier.time", "{text}");
        }
    }

    #[test]
    fn every_day_of_a_calendar_cycle_comes_back() {
        let first = days_of_date(1970, 1, 1).unwrap();
        assert_eq!(first, 0);
        for days in 0..DAYS_PER_ERA + 1000 {
            let (year, month, day) = date_of_days(days);
            assert_eq!(days_of_date(year, month, day), Some(days));
        }
        assert_eq!(date_of_days(DAYS_PER_ERA), (2370, 1, 1));
    }

    #[test]
    fn the_greatest_and_the_least_value_are_shown_and_no_fault() {
        assert!(TimeMs::MAX.to_string().ends_with(".807Z"));
        assert!(TimeMs(i64::MIN).to_string().starts_with('-'));
    }

    #[test]
    fn the_bytes_of_a_time_after_1970_are_those_of_an_unsigned_number() {
        assert_eq!(borsh::to_vec(&TimeMs(951_825_600_000)).unwrap(), borsh::to_vec(&951_825_600_000_u64).unwrap());
        assert_eq!(borsh::to_vec(&TimeMs(-1)).unwrap(), [0xFF; 8]);
    }

    proptest! {
        #[test]
        fn text_comes_back(value in -62_135_596_800_000_i64..253_402_214_400_000) {
            let time = TimeMs(value);
            prop_assert_eq!(time.to_string().parse::<TimeMs>().unwrap(), time);
            prop_assert_eq!(time.to_beijing().parse::<TimeMs>().unwrap(), time);
        }

        #[test]
        fn no_text_is_a_fault(text in "\\PC{0,40}") {
            let _ = text.parse::<TimeMs>();
        }
    }
}
