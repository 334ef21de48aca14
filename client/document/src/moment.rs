//! Times as seals, certificates and OFD files write them.
//!
//! | where | standard form | also met in the field |
//! |---|---|---|
//! | GeneralizedTime | `20201010071120Z` | fractions, `+0800`, no zone at all |
//! | UTCTime | `201010071120Z` | `+0800`, no zone at all; years 70..99 are 19xx, 50..69 are 20xx (see below) |
//! | v1 timeInfo | a DER time inside a BIT STRING | bare text in any of these layouts, UTCTime included; seconds or milliseconds since 1970 |
//! | OFD SignatureDateTime | Beijing time, unmarked | `20201010151120`, `2020-10-23 19:45:37`, `...Z` |
//!
//! RFC 5280 reads the years 50..69 of a UTCTime as 1950..1969. Nothing here is as old as that, and a time before 1970 could not be held
//! against any other; a seal whose validity ends in `50` ends in 2050.

use der::Tag;
use huxin_chain_spec::ids::TimeMs;

use crate::asn1::{Element, Fault, Oddities};

const BEIJING_MINUTES: i64 = 8 * 60;
/// Longest text that can be a time; longer text is not looked at.
const TEXT_BYTES_MAX: usize = 40;

/// A date and time of day as written, with the offset if one was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// As if the written clock were UTC, in milliseconds since 1970.
    clock_ms: i64,
    /// Minutes east of UTC; `None` when the text has no zone.
    offset_minutes: Option<i64>,
}

impl Moment {
    /// The moment, if it carries its zone; Beijing time is assumed otherwise, the one legal time of all provinces.
    pub fn time(self) -> Option<TimeMs> {
        self.at_offset(self.offset_minutes.unwrap_or(BEIJING_MINUTES))
    }

    /// Whether the text says its zone.
    pub fn is_zoned(self) -> bool {
        self.offset_minutes.is_some()
    }

    /// The moment when read as UTC whatever the text says.
    pub fn as_utc(self) -> Option<TimeMs> {
        self.at_offset(0)
    }

    fn at_offset(self, minutes: i64) -> Option<TimeMs> {
        Some(TimeMs(self.clock_ms - minutes * 60_000)).filter(|time| *time >= TimeMs::EPOCH)
    }

    /// Reads any layout of the table above; `None` when it is no time.
    pub fn read(text: &str) -> Option<Self> {
        let text = text.trim_matches(|c: char| c.is_ascii_whitespace() || c == '\0');
        if text.len() > TEXT_BYTES_MAX || !text.is_ascii() {
            return None;
        }
        if let Some(clock_ms) = since_1970(text) {
            return Some(Self { clock_ms, offset_minutes: Some(0) });
        }
        let (clock, offset_minutes) = split_zone(text)?;
        if is_utc_time(clock) {
            return read_utc_time(text);
        }
        let (clock, fraction) = match clock.split_once(['.', ',']) {
            Some((clock, fraction)) if !fraction.is_empty() && is_digits(fraction) => {
                (clock, format!("{fraction}00").get(..3)?.parse().ok()?)
            }
            Some(_) => return None,
            None => match clock.split_at_checked(14) {
                Some((clock, fraction)) if fraction.len() == 3 && is_digits(clock) && is_digits(fraction) => {
                    (clock, fraction.parse().ok()?)
                }
                _ => (clock, 0),
            },
        };
        let clock_ms = clock_ms(clock)? + fraction;
        Some(Self { clock_ms, offset_minutes })
    }

    /// The time of a certificate or revocation list, where RFC 5280 alone counts: a UTCTime of the years 50 to 69 lies before 1970, which
    /// is before every time it is compared with.
    pub(crate) fn of_certificate(element: Element<'_>, field: &'static str) -> Result<TimeMs, Fault> {
        if element.tag == Tag::UtcTime && is_past_2049(&String::from_utf8_lossy(element.value)) {
            return Ok(TimeMs::EPOCH);
        }
        let moment = Self::of_element(element, field, &mut Oddities::default())?;
        moment.time().ok_or_else(|| Fault::format(field, "before 1970"))
    }

    /// Reads GeneralizedTime or UTCTime, or the text inside another string type.
    pub(crate) fn of_element(element: Element<'_>, field: &'static str, odd: &mut Oddities) -> Result<Self, Fault> {
        let text = String::from_utf8_lossy(element.value);
        let bad = || Fault::format(field, format!("{:?} is no time", text.chars().take(24).collect::<String>()));
        let (moment, standard_chars) = match element.tag {
            Tag::UtcTime => {
                if is_past_2049(&text) {
                    odd.add(format!("{field} is a UTCTime of the years 50 to 69, read as 2050 to 2069"));
                }
                (read_utc_time(&text).ok_or_else(bad)?, 13)
            }
            Tag::GeneralizedTime => (Self::read(&text).ok_or_else(bad)?, 15),
            Tag::Utf8String | Tag::PrintableString | Tag::Ia5String | Tag::VisibleString => {
                odd.add(format!("{field} is text where the standard has a time"));
                return Self::read(&text).ok_or_else(bad);
            }
            other => return Err(Fault::format(field, format!("{other} is no time"))),
        };
        if text.len() != standard_chars || !text.ends_with('Z') {
            odd.add(format!("{field} is not written in the one form of DER, ending in Z"));
        }
        Ok(moment)
    }
}

/// UTCTime has two digits of the year (RFC 5280, 4.1.2.5.1, but for 50 to 69).
fn read_utc_time(text: &str) -> Option<Moment> {
    let year: u32 = text.get(..2)?.parse().ok()?;
    let century = if year < 70 { "20" } else { "19" };
    Moment::read(&format!("{century}{text}"))
}

fn is_past_2049(utc_time: &str) -> bool {
    matches!(utc_time.as_bytes(), [b'5' | b'6', ..])
}

/// Seconds (10 digits) or milliseconds (13) since 1970, from 2001 to 2033: what begins with 1 is no date of this century.
fn since_1970(text: &str) -> Option<i64> {
    if !text.starts_with('1') || !is_digits(text) {
        return None;
    }
    let number: i64 = text.parse().ok()?;
    match text.len() {
        10 => Some(number * 1000),
        13 => Some(number),
        _ => None,
    }
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether twelve bare digits are `yymmddhhmmss`: `yyyymmddhhmm` would be a year without seals.
fn is_utc_time(clock: &str) -> bool {
    let year = clock.get(..4).filter(|_| clock.len() == 12 && is_digits(clock));
    year.and_then(|year| year.parse().ok()).is_some_and(|year: u32| !(1990..2100).contains(&year))
}

/// Splits `Z`, `+0800`, `+08:00` or `+08` off.
fn split_zone(text: &str) -> Option<(&str, Option<i64>)> {
    if let Some(clock) = text.strip_suffix(['Z', 'z']) {
        return Some((clock, Some(0)));
    }
    // A sign within the first eleven characters is a hyphen of the date.
    let Some(at) = text.rfind(['+', '-']).filter(|at| *at > 10) else {
        return Some((text, None));
    };
    let (clock, zone) = text.split_at(at);
    let digits: String = zone.chars().skip(1).filter(|c| *c != ':').collect();
    let (hours, minutes) = match digits.len() {
        2 => (digits.as_str(), "00"),
        4 => digits.split_at(2),
        _ => return None,
    };
    let (hours, minutes) = (two_digits(hours)?, two_digits(minutes)?);
    if hours > 14 || minutes > 59 {
        return None;
    }
    let sign = if zone.starts_with('-') { -1 } else { 1 };
    Some((clock, Some(sign * (hours * 60 + minutes))))
}

fn two_digits(text: &str) -> Option<i64> {
    (text.len() == 2 && is_digits(text)).then(|| text.parse().ok())?
}

/// Milliseconds of `yyyymmddhhmmss` or `yyyy-mm-dd[T ]hh:mm:ss`, without a zone. Seconds may be missing.
fn clock_ms(text: &str) -> Option<i64> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let compact = digits.len() == text.len();
    let layout: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    let known = [
        "0000-00-00 00:00:00",
        "0000-00-00T00:00:00",
        "0000/00/00 00:00:00",
        "0000-00-00 00:00",
        "0000-00-00T00:00",
        "0000/00/00 00:00",
    ];
    if !compact && !known.contains(&layout.as_str()) {
        return None;
    }
    let seconds = match digits.len() {
        14 => digits.get(12..14)?,
        12 => "00",
        _ => return None,
    };
    let part = |range| digits.get(range);
    let date = (part(0..4)?, part(4..6)?, part(6..8)?);
    // The ledger's own reader knows the calendar; a leap second or a month 13 is refused there.
    let text = format!("{}-{}-{}T{}:{}:{seconds}Z", date.0, date.1, date.2, part(8..10)?, part(10..12)?);
    text.parse::<TimeMs>().ok().map(|time| time.0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn utc(text: &str) -> String {
        Moment::read(text).unwrap().time().unwrap().to_string()
    }

    #[test]
    fn the_layouts_of_the_field_are_one_moment() {
        for text in [
            "20201010071120Z",
            "20201010071120.0Z",
            "20201010151120+0800",
            "20201010151120",
            "2020-10-10 15:11:20",
            "2020-10-10T15:11:20+08:00",
            "2020-10-10T07:11:20Z",
            "2020/10/10 15:11:20",
            " 20201010071120Z\0",
            "20201010071120000Z",
            "2020/10/10 15:11:20.000",
        ] {
            assert_eq!(utc(text), "2020-10-10T07:11:20Z", "{text}");
        }
        assert_eq!(utc("20201010071120.5Z"), "2020-10-10T07:11:20.500Z");
        assert_eq!(utc("20201010071120123Z"), "2020-10-10T07:11:20.123Z");
        assert_eq!(utc("2020-10-10T15:11"), "2020-10-10T07:11:00Z");
        assert_eq!(utc("260601080000Z"), "2026-06-01T08:00:00Z", "UTCTime as text");
        assert_eq!(utc("260601160000"), "2026-06-01T08:00:00Z");
        assert_eq!(utc("202010101511"), "2020-10-10T07:11:00Z", "no seconds");
        assert_eq!(read_utc_time("491231235959Z").unwrap().time().unwrap().to_string(), "2049-12-31T23:59:59Z");
        assert_eq!(read_utc_time("500101000000Z").unwrap().time().unwrap().to_string(), "2050-01-01T00:00:00Z");
        assert_eq!(read_utc_time("991231235959Z").unwrap().time().unwrap().to_string(), "1999-12-31T23:59:59Z");
        assert_eq!(utc("1602313880"), "2020-10-10T07:11:20Z", "seconds since 1970");
        assert_eq!(utc("1602313880123"), "2020-10-10T07:11:20.123Z", "milliseconds since 1970");
    }

    #[test]
    fn times_out_of_range_are_refused() {
        for text in [
            "20201310071120Z",
            "00000101000000Z",
            "20201010071160Z",
            "20201010241120Z",
            "20200230071120Z",
            "20201010071120+1560",
            "20201010071120+25",
            "2020101007112Z",
            "2020-10-10",
            "2020-10-10 07.11.20",
            "20201010071120.Z",
            "２0201010071120Z",
            "",
            "Z",
        ] {
            assert_eq!(Moment::read(text).and_then(Moment::time), None, "{text}");
        }
    }

    #[test]
    fn no_text_is_a_fault() {
        bolero::check!().with_type::<String>().for_each(|text| {
            let _ = Moment::read(text).map(Moment::time);
            let _ = read_utc_time(text);
        });
    }
}
