//! Days of the year: what a published calendar must satisfy, and what it says.

use crate::codes::Code;
use crate::record::publication::Calendar;

/// Years a calendar may be of.
pub const CALENDAR_YEARS: std::ops::RangeInclusive<u16> = 2000..=2200;

/// Days of a year of the Gregorian calendar.
pub fn days_in_year(year: u16) -> u16 {
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    if is_leap { 366 } else { 365 }
}

/// Whether a day of the year, counted from 1, is a Saturday or Sunday.
pub fn is_weekend(year: u16, day: u16) -> bool {
    // Day 1 of year 1 was a Monday.
    let years_before = u32::from(year).saturating_sub(1);
    let leap_days = years_before / 4 - years_before / 100 + years_before / 400;
    let days_since_monday = years_before * 365 + leap_days + u32::from(day).saturating_sub(1);
    days_since_monday % 7 >= 5
}

/// Whether a day of the calendar's year, counted from 1, is a working day; `None` for a day that the year does not have.
pub fn is_working_day(calendar: &Calendar, day: u16) -> Option<bool> {
    if day == 0 || day > days_in_year(calendar.year) {
        return None;
    }
    Some(if is_weekend(calendar.year, day) {
        calendar.makeup_days.binary_search(&day).is_ok()
    } else {
        calendar.holidays.binary_search(&day).is_err()
    })
}

/// What a calendar must satisfy on its own.
pub(super) fn check(calendar: &Calendar) -> Result<(), Code> {
    let year = calendar.year;
    if !CALENDAR_YEARS.contains(&year) {
        return Err(Code::PublicationCalendarYear);
    }
    let last = days_in_year(year);
    for days in [&calendar.holidays, &calendar.makeup_days] {
        let in_year = days.iter().all(|day| (1..=last).contains(day));
        if !in_year || days.windows(2).any(|pair| pair[0] >= pair[1]) {
            return Err(Code::PublicationCalendarDays);
        }
    }
    let weekday_holidays = calendar.holidays.iter().all(|day| !is_weekend(year, *day));
    let weekend_makeups = calendar.makeup_days.iter().all(|day| is_weekend(year, *day));
    if weekday_holidays && weekend_makeups { Ok(()) } else { Err(Code::PublicationCalendarWeekday) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weekdays_are_those_of_the_gregorian_calendar() {
        // 2000-01-01 was a Saturday, 2024-02-29 (day 60) a Thursday, 2026-01-01 a Thursday, 2100-01-01 a Friday.
        assert!(is_weekend(2000, 1) && is_weekend(2000, 2) && !is_weekend(2000, 3));
        assert!(!is_weekend(2024, 60) && is_weekend(2024, 62) && is_weekend(2024, 63));
        assert!(!is_weekend(2026, 1) && is_weekend(2026, 3) && is_weekend(2026, 4) && !is_weekend(2026, 5));
        assert!(!is_weekend(2100, 1) && is_weekend(2100, 2));
        assert_eq!([2000, 2024, 2100, 2026].map(days_in_year), [366, 366, 365, 365]);
    }

    #[test]
    fn working_days() {
        // 2026: New Year's Day (Thursday) and Friday off, Sunday 4 January made up.
        let calendar = Calendar { year: 2026, holidays: vec![1, 2], makeup_days: vec![4] };
        assert_eq!(check(&calendar), Ok(()));
        let work: Vec<_> = (0..8).map(|day| is_working_day(&calendar, day)).collect();
        let expected = [None, Some(false), Some(false), Some(false), Some(true), Some(true), Some(true), Some(true)];
        assert_eq!(work, expected);
        assert_eq!(is_working_day(&calendar, 366), None);
    }
}
