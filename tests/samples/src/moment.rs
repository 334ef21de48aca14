//! Points in time, in the many spellings that seals, certificates and OFD files use.

use crate::error::SampleError;

/// China Standard Time is eight hours ahead, all year.
const BEIJING_OFFSET_S: i64 = 8 * 3600;
const DAY_S: i64 = 86_400;

/// Seconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(i64);

impl Moment {
    /// Midnight UTC of a day of the Gregorian calendar.
    pub const fn day(year: i64, month: i64, day: i64) -> Self {
        Self(days_from_civil(year, month, day) * DAY_S)
    }

    /// The same, this many seconds later.
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0 + seconds)
    }

    /// The same, this many hours later.
    pub const fn plus_hours(self, hours: i64) -> Self {
        Self(self.0 + hours * 3600)
    }

    /// Reads RFC 3339 without fractions, `2026-06-01T08:00:00Z` or with an offset such as `+08:00`.
    ///
    /// # Errors
    /// Anything else, and days or hours that no calendar has.
    pub fn parse(text: &str) -> Result<Self, SampleError> {
        let refuse = || SampleError::argument("time", format!("'{text}' is not like 2026-06-01T08:00:00Z"));
        let (stamp, zone) = text.split_at_checked(19).ok_or_else(refuse)?;
        let shape = "dddd-dd-ddTdd:dd:dd";
        let fits = stamp.chars().zip(shape.chars()).all(|(have, want)| match want {
            'd' => have.is_ascii_digit(),
            other => have == other,
        });
        if !fits {
            return Err(refuse());
        }
        let field =
            |from: usize, to: usize| stamp.get(from..to).and_then(|digits| digits.parse().ok()).unwrap_or(0_i64);
        let offset_s = offset_s(zone).ok_or_else(refuse)?;
        let (hour, minute, second) = (field(11, 13), field(14, 16), field(17, 19));
        let start = Self::day(field(0, 4), field(5, 7), field(8, 10));
        let local = start.plus_seconds(hour * 3600 + minute * 60 + second);
        // A day or hour that does not exist comes back under another name.
        if local.utc("-", "T", ":") != stamp {
            return Err(refuse());
        }
        Ok(local.plus_seconds(-offset_s))
    }

    /// `1780300800`: seconds since 1970.
    pub fn unix_text(self) -> String {
        self.0.to_string()
    }

    /// `2026-06-01T08:00:00Z`.
    pub fn rfc3339(self) -> String {
        self.utc("-", "T", ":") + "Z"
    }

    /// `20260601080000Z`, DER GeneralizedTime.
    pub fn generalized(self) -> String {
        self.utc("", "", "") + "Z"
    }

    /// `260601080000Z`, UTCTime; right for the years 1950 to 2049.
    pub fn utc_time(self) -> String {
        self.generalized().split_off(2)
    }

    /// `20260601160000`: Beijing local time without a mark, as many OFD producers write it.
    pub fn beijing_compact(self) -> String {
        self.plus_seconds(BEIJING_OFFSET_S).utc("", "", "")
    }

    /// `2026-06-01 16:00:00`: Beijing local time in the other layout found in the field.
    pub fn beijing_spaced(self) -> String {
        self.plus_seconds(BEIJING_OFFSET_S).utc("-", " ", ":")
    }

    /// `2026-06-01`: the day in Beijing.
    pub fn beijing_day(self) -> String {
        let (year, month, day) = civil_from_days(self.plus_seconds(BEIJING_OFFSET_S).0.div_euclid(DAY_S));
        format!("{year:04}-{month:02}-{day:02}")
    }

    fn utc(self, between_date: &str, middle: &str, between_time: &str) -> String {
        let (year, month, day) = civil_from_days(self.0.div_euclid(DAY_S));
        let second = self.0.rem_euclid(DAY_S);
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        let (d, t) = (between_date, between_time);
        format!("{year:04}{d}{month:02}{d}{day:02}{middle}{hour:02}{t}{minute:02}{t}{second:02}")
    }
}

fn offset_s(zone: &str) -> Option<i64> {
    if zone == "Z" {
        return Some(0);
    }
    let (sign, rest) = zone.split_at_checked(1)?;
    let (hours, minutes) = rest.split_once(':')?;
    let both_two_digits =
        [hours, minutes].iter().all(|part| part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit()));
    if !both_two_digits {
        return None;
    }
    let seconds = hours.parse::<i64>().ok()? * 3600 + minutes.parse::<i64>().ok()? * 60;
    match sign {
        "+" => Some(seconds),
        "-" => Some(-seconds),
        _ => None,
    }
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar. Years are counted from March, so that the leap day is last.
const fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let shifted = if month <= 2 { year - 1 } else { year };
    let era = shifted.div_euclid(400);
    let year_of_era = shifted.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn every_spelling_names_the_same_moment() {
        let moment = Moment::parse("2026-06-01T08:00:00Z").unwrap();
        assert_eq!(moment, Moment::day(2026, 6, 1).plus_hours(8));
        assert_eq!(moment, Moment::parse("2026-06-01T16:00:00+08:00").unwrap());
        assert_eq!(moment.rfc3339(), "2026-06-01T08:00:00Z");
        assert_eq!(moment.generalized(), "20260601080000Z");
        assert_eq!(moment.utc_time(), "260601080000Z");
        assert_eq!(moment.beijing_compact(), "20260601160000");
        assert_eq!(moment.beijing_spaced(), "2026-06-01 16:00:00");
        assert_eq!(Moment::day(2026, 5, 31).plus_hours(20).beijing_day(), "2026-06-01");
    }

    #[test]
    fn days_are_those_of_the_calendar() {
        assert_eq!(Moment::day(1970, 1, 1), Moment(0));
        assert_eq!(Moment::day(2000, 3, 1), Moment(951_868_800));
        for text in ["2024-02-29T00:00:00Z", "2026-12-31T23:59:59Z", "2100-02-28T12:00:00Z"] {
            assert_eq!(Moment::parse(text).unwrap().rfc3339(), text);
        }
    }

    #[test]
    fn times_that_do_not_exist_are_refused() {
        for text in ["", "2026-06-01", "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-06-01T24:00:00Z"] {
            assert!(Moment::parse(text).is_err(), "{text}");
        }
        for text in ["2026-06-01T08:00:00", "2026-06-01T08:00:00+8:00", "2026-06-01 08:00:00Z", "年2026-06-01T08:00:0Z"]
        {
            assert!(Moment::parse(text).is_err(), "{text}");
        }
    }
}
