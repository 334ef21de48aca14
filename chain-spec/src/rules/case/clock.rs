//! Working days, in Beijing time, and the periods counted in them.
//!
//! A period of N working days starts on the day after the event and ends with the last millisecond of its N-th working
//! day (民法典 art. 201-203; 行政许可法 art. 82). The day on which a special procedure begins counts; the days
//! after it, up to and including the day on which it ends, do not (art. 45).
//!
//! A year without a calendar counts Monday to Friday.

use crate::ids::TimeMs;
use crate::record::publication::Calendar;
use crate::state::case::{CaseState, Condition, Pause};

const DAY_MS: u64 = 86_400_000;
const BEIJING_MS: u64 = 8 * 3_600_000;
/// Working days in which a decision reaches the applicant (行政许可法 art. 44).
pub const DELIVERY_DAYS: u16 = 10;

/// A day: days since 1970-01-01, in Beijing time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(u64);

impl Day {
    /// The day on which a moment lies. Periods begin with a block, so no moment before 1970 is asked about; it would count as the first.
    pub fn of(time: TimeMs) -> Self {
        Self(time.ms_since(TimeMs::EPOCH).saturating_add(BEIJING_MS) / DAY_MS)
    }

    /// The last millisecond of the day.
    pub fn end(self) -> TimeMs {
        TimeMs::EPOCH.plus_ms(self.0.saturating_add(1).saturating_mul(DAY_MS).saturating_sub(BEIJING_MS + 1))
    }

    /// The year it lies in; `u16::MAX` beyond.
    pub fn year(self) -> u16 {
        // Dividing by 366 never overshoots, and with 97 leap days in 400 years the loop below has few steps.
        let mut year = 1970 + self.0 / 366;
        while first_day(year + 1) <= self.0 {
            year += 1;
        }
        u16::try_from(year).unwrap_or(u16::MAX)
    }

    /// Whether it is Monday to Friday. 1970-01-01 was a Thursday.
    fn is_weekday(self) -> bool {
        (self.0 + 3) % 7 < 5
    }
}

/// Days from 1970-01-01 to the first of January of a year from 1970 on.
fn first_day(year: u64) -> u64 {
    let leap_days = |year: u64| year / 4 - year / 100 + year / 400;
    (year - 1970) * 365 + leap_days(year - 1) - leap_days(1969)
}

/// A year with a calendar.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Year {
    first: u64,
    calendar: Calendar,
}

/// Which days are working days.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WorkCalendar {
    /// Ascending.
    years: Vec<Year>,
}

impl WorkCalendar {
    /// Working days by these calendars, one a year; Monday to Friday in every other year.
    pub fn new(calendars: impl IntoIterator<Item = Calendar>) -> Self {
        let year = |calendar: Calendar| Year { first: first_day(u64::from(calendar.year).max(1970)), calendar };
        let mut years: Vec<Year> = calendars.into_iter().map(year).collect();
        years.sort_by_key(|year| year.first);
        Self { years }
    }

    /// Whether this is a working day.
    pub fn is_working_day(&self, day: Day) -> bool {
        let weekday = day.is_weekday();
        let Some(year) = self.years.iter().rev().find(|year| year.first <= day.0) else { return weekday };
        let Ok(of_year) = u16::try_from(day.0 - year.first + 1) else { return weekday };
        if of_year > 366 || day.year() != year.calendar.year {
            return weekday;
        }
        let exceptions = if weekday { &year.calendar.holidays } else { &year.calendar.makeup_days };
        exceptions.binary_search(&of_year).is_err() == weekday
    }

    /// First day after every calendar.
    fn end(&self) -> u64 {
        self.years.last().map_or(0, |year| first_day(u64::from(year.calendar.year).max(1970) + 1))
    }

    /// Last millisecond of a period of `days` working days that begins with an event at `from`. With 0 days, that of the
    /// day itself.
    pub fn due(&self, from: TimeMs, days: u32) -> TimeMs {
        let (mut day, mut left) = (Day::of(from), u64::from(days));
        while left > 0 {
            if day.0 + 1 >= self.end() && left > 5 {
                // Beyond the last calendar, any seven days hold five working days.
                let weeks = (left - 1) / 5;
                day.0 = day.0.saturating_add(weeks * 7);
                left -= weeks * 5;
            }
            day.0 = day.0.saturating_add(1);
            left -= u64::from(self.is_working_day(day));
        }
        day.end()
    }

    /// Working days after the day of `from`, up to and including the day of `until`.
    pub fn working_days(&self, from: TimeMs, until: TimeMs) -> u32 {
        let (mut day, last) = (Day::of(from), Day::of(until));
        let mut count = 0u64;
        while day < last {
            if day.0 + 1 >= self.end() && last.0 - day.0 > 7 {
                let weeks = (last.0 - day.0) / 7;
                day.0 += weeks * 7;
                count += weeks * 5;
                continue;
            }
            day.0 += 1;
            count += u64::from(self.is_working_day(day));
        }
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    /// Working days left of a period that ends at `due`; `None` once it is over.
    pub fn left(&self, now: TimeMs, due: TimeMs) -> Option<u32> {
        (now <= due).then(|| self.working_days(now, due))
    }
}

/// The receiver has received the case: it may ask for corrections, and the time to decide starts now in case it does not
/// respond (行政许可法 art. 32: 逾期不告知的，自收到申请材料之日起即为受理).
pub(super) fn receive(state: &mut CaseState, calendar: &WorkCalendar, now: TimeMs) {
    state.clock.received_ms = Some(now);
    state.clock.answer_due_ms = Some(calendar.due(now, u32::from(state.frozen.correction_days)));
    state.clock.decision_due_ms = Some(calendar.due(now, u32::from(state.frozen.promised_days)));
}

/// Handing over: the receiver must acknowledge.
pub(super) fn offer(state: &mut CaseState, calendar: &WorkCalendar, now: TimeMs) {
    state.clock.sent_ms = Some(now);
    state.clock.received_ms = None;
    state.clock.answer_due_ms = Some(calendar.due(now, u32::from(state.frozen.acknowledge_days)));
    state.clock.decision_due_ms = None;
}

/// Acceptance: the promised time runs from now, or from the receipt if the receiver did not respond in time.
pub(super) fn accept(state: &mut CaseState, calendar: &WorkCalendar, now: TimeMs) {
    if state.clock.answer_due_ms.is_some_and(|due| now > due) {
        state.clock.accepted_ms = state.clock.received_ms;
    } else {
        state.clock.accepted_ms = Some(now);
        state.clock.decision_due_ms = Some(calendar.due(now, u32::from(state.frozen.promised_days)));
    }
    state.clock.answer_due_ms = None;
}

/// The decision: it must reach the applicant.
pub(super) fn decide(state: &mut CaseState, calendar: &WorkCalendar, now: TimeMs) {
    state.clock.decided_ms = Some(now);
    state.clock.answer_due_ms = Some(calendar.due(now, u32::from(DELIVERY_DAYS)));
}

/// Stops the clock.
pub(super) fn pause(state: &mut CaseState, calendar: &WorkCalendar, now: TimeMs) {
    let left = |due: Option<TimeMs>| due.and_then(|due| calendar.left(now, due));
    let owed = state.condition.as_ref().filter(|condition| condition.fulfilled_ms.is_none());
    state.pause = Some(Pause {
        since_ms: now,
        decision_days: left(state.clock.decision_due_ms),
        condition_days: left(owed.map(|condition| condition.due_ms)),
    });
}

/// Starts the clock again. A period that had ended when it stopped stays ended.
pub(super) fn resume(state: &mut CaseState, calendar: &WorkCalendar, now: TimeMs) {
    let Some(pause) = state.pause.take() else { return };
    if let Some(days) = pause.decision_days {
        state.clock.decision_due_ms = Some(calendar.due(now, days));
    }
    let owed = state.condition.as_mut().filter(|condition| condition.fulfilled_ms.is_none());
    if let (Some(days), Some(condition)) = (pause.condition_days, owed) {
        condition.due_ms = calendar.due(now, days);
    }
}

/// Whether what is owed did not come in time. While the clock is stopped, nothing falls due.
pub(super) fn is_breached(condition: &Condition, pause: Option<&Pause>, now: TimeMs) -> bool {
    let stopped = pause.is_some_and(|pause| pause.condition_days.is_some());
    condition.fulfilled_ms.is_none() && !stopped && now > condition.due_ms
}
