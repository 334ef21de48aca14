//! Working days across holidays and make-up days, and the clocks of a case.

use std::collections::BTreeSet;

use huxin_chain_spec::codes::Code;
use huxin_chain_spec::ids::TimeMs;
use huxin_chain_spec::record::CaseOperation;
use huxin_chain_spec::record::publication::{Calendar, CaseMode, PublicationBody, PublicationKind, Scope};
use huxin_chain_spec::rules::case::ConditionStanding;
use huxin_chain_spec::rules::case::calendars::frozen_calendar;
use huxin_chain_spec::rules::case::clock::{Day, WorkCalendar};
use huxin_chain_spec::rules::case::standing::days_left;
use huxin_chain_spec::state::case::CaseStatus;
use proptest::prelude::*;

use crate::support::case_words::*;
use crate::support::*;

const DAY_MS: i64 = 86_400_000;

fn due(calendar: &WorkCalendar, from: &str, days: u32) -> String {
    calendar.due(at(from), days).to_beijing()
}

#[test]
fn years_begin_on_the_first_of_january() {
    for (text, year) in [
        ("1970-01-02", 1970),
        ("1972-12-31", 1972),
        ("1973-01-01", 1973),
        ("2000-12-31", 2000),
        ("2001-01-01", 2001),
        ("2026-12-31", 2026),
        ("2027-01-01", 2027),
        ("2100-12-31", 2100),
        ("2101-01-01", 2101),
        ("2400-12-31", 2400),
    ] {
        assert_eq!(Day::of(at(text)).year(), year, "{text}");
    }
    // In Beijing the new year comes eight hours earlier than in UTC.
    assert_eq!(Day::of(at("2025-12-31T15:59:59.999Z")).year(), 2025);
    assert_eq!(Day::of(at("2025-12-31T16:00:00Z")).year(), 2026);
    assert_eq!(Day::of(TimeMs::MAX).year(), u16::MAX);
}

/// By hand, from the State Council's arrangement for 2026.
#[test]
fn holidays_and_makeup_days_of_2026() {
    let calendar = WorkCalendar::new([calendar_2026()]);
    let end = |date: &str| format!("{date}T23:59:59.999+08:00");
    // National Day: 30 September, then 8, 9 and Saturday the 10th, which is made up.
    assert_eq!(due(&calendar, "2026-09-29T09:00:00+08:00", 1), end("2026-09-30"));
    assert_eq!(due(&calendar, "2026-09-29T09:00:00+08:00", 2), end("2026-10-08"));
    assert_eq!(due(&calendar, "2026-09-29T09:00:00+08:00", 4), end("2026-10-10"));
    assert_eq!(due(&calendar, "2026-09-29T09:00:00+08:00", 5), end("2026-10-12"));
    // Spring Festival: Saturday the 14th is made up, 15 to 23 February are free, Saturday the 28th is made up.
    assert_eq!(due(&calendar, "2026-02-13T17:00:00+08:00", 1), end("2026-02-14"));
    assert_eq!(due(&calendar, "2026-02-13T17:00:00+08:00", 2), end("2026-02-24"));
    assert_eq!(due(&calendar, "2026-02-24", 4), end("2026-02-28"));
    // The day of the event does not count, whenever it was; a period of no day ends with it.
    assert_eq!(due(&calendar, "2026-03-02T00:00:00+08:00", 1), end("2026-03-03"));
    assert_eq!(due(&calendar, "2026-03-02T23:59:59.999+08:00", 1), end("2026-03-03"));
    assert_eq!(due(&calendar, "2026-03-02T12:00:00+08:00", 0), end("2026-03-02"));
    // An event on a free day: the period starts on the next day as well.
    assert_eq!(due(&calendar, "2026-10-03", 1), end("2026-10-08"));
    // Midnight in UTC is not a day boundary.
    assert_eq!(due(&calendar, "2026-03-02T15:59:59Z", 1), end("2026-03-03"));
    assert_eq!(due(&calendar, "2026-03-02T16:00:00Z", 1), end("2026-03-04"));
    // 31 December is a Thursday; without a calendar for 2027 its first of January is a Friday like any other.
    assert_eq!(due(&calendar, "2026-12-31", 1), end("2027-01-01"));
}

#[test]
fn two_years_and_the_years_after_them() {
    let next = Calendar { year: 2027, holidays: vec![1], makeup_days: vec![3] };
    let calendar = WorkCalendar::new([next, calendar_2026()]);
    assert_eq!(
        due(&calendar, "2026-12-31", 1),
        "2027-01-03T23:59:59.999+08:00",
        "the Friday is free, the Sunday is not"
    );
    assert_eq!(due(&calendar, "2028-12-29", 1), "2029-01-01T23:59:59.999+08:00", "no calendar any more");
    let without = WorkCalendar::default();
    assert_eq!(due(&without, "2026-10-01", 1), "2026-10-02T23:59:59.999+08:00");
    // The longest period there can be is found without counting its days one by one.
    let weeks = i64::from(u32::MAX) / 5;
    let monday = at("2026-03-02").0;
    assert_eq!(without.due(TimeMs(monday), u32::MAX).0, monday + (weeks * 7 + 1) * DAY_MS - 1, "a Monday again");
}

/// Day by day, as one would on paper.
fn naive_is_working(calendars: &[Calendar], day: i64) -> bool {
    let date = TimeMs(day * DAY_MS - 8 * 3_600_000).date_beijing();
    let year: u16 = date[..4].parse().unwrap();
    let first = at(&format!("{year}-01-01")).0;
    let of_year = u16::try_from((day * DAY_MS - 8 * 3_600_000 - first) / DAY_MS).unwrap() + 1;
    let weekday = (day + 3) % 7 < 5;
    match calendars.iter().find(|calendar| calendar.year == year) {
        Some(calendar) if weekday => !calendar.holidays.contains(&of_year),
        Some(calendar) => calendar.makeup_days.contains(&of_year),
        None => weekday,
    }
}

fn naive_due(calendars: &[Calendar], from: TimeMs, days: u32) -> TimeMs {
    let (mut day, mut left) = ((from.0 + 8 * 3_600_000) / DAY_MS, days);
    while left > 0 {
        day += 1;
        left -= u32::from(naive_is_working(calendars, day));
    }
    TimeMs((day + 1) * DAY_MS - 8 * 3_600_000 - 1)
}

fn days_of_year(weekend: bool, year: u16) -> impl Strategy<Value = Vec<u16>> {
    prop::collection::btree_set(1u16..=365, 0..40).prop_map(move |days: BTreeSet<u16>| {
        let first = at(&format!("{year}-01-01")).0;
        let is_weekend = |day: &u16| (((first + i64::from(*day - 1) * DAY_MS + 8 * 3_600_000) / DAY_MS) + 3) % 7 >= 5;
        days.into_iter().filter(|day| is_weekend(day) == weekend).collect()
    })
}

fn calendars() -> impl Strategy<Value = Vec<Calendar>> {
    let of = |year| {
        (days_of_year(false, year), days_of_year(true, year)).prop_map(move |(holidays, makeup_days)| Calendar {
            year,
            holidays,
            makeup_days,
        })
    };
    (of(2026), of(2027), 0usize..3).prop_map(|(first, second, count)| [first, second][..count.min(2)].to_vec())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn periods_are_those_counted_on_paper(
        calendars in calendars(), from in 1_767_200_000_000i64..1_840_000_000_000, days in 0u32..700, later in 0u32..60,
    ) {
        let (calendar, from) = (WorkCalendar::new(calendars.clone()), TimeMs(from));
        let due = calendar.due(from, days);
        prop_assert_eq!(due, naive_due(&calendars, from, days));
        prop_assert_eq!(calendar.working_days(from, due), days);
        prop_assert_eq!(calendar.left(TimeMs(due.0 + 1), due), None);
        // A period in two parts is the period.
        let part = calendar.due(from, days + later);
        if days > 0 {
            prop_assert_eq!(calendar.due(due, later), part);
            prop_assert_eq!(calendar.working_days(from, part), days + later);
        }
    }
}

/// Acknowledgement, correction and decision, each by its own period; no date is submitted.
#[test]
fn each_clock_in_its_turn() {
    let mut world = CaseWorld::found();
    world.on("2026-04-30T16:00:00+08:00");
    world.by(SHANGHAI, CaseOperation::Collect(Box::new(world.collection("a", CaseMode::Relay, JIANGSU))));
    assert_eq!((world.standing("a").clock_holder, world.standing("a").due_ms), (None, None));
    assert_eq!(world.standing("a").place, world.organisation(SHANGHAI));
    world.by(SHANGHAI, check("a"));
    world.by(SHANGHAI, send("a", world.organisation(JIANGSU), root(1)));
    // Labour Day: 1 to 5 May are free, Saturday the 9th is made up.
    let last = at("2026-05-07T23:59:59.999+08:00");
    assert_eq!(world.standing("a").due_ms, Some(last));
    world.ledger.now = last;
    assert!(!world.standing("a").is_unanswered);
    world.ledger.now = last.plus_ms(1);
    let standing = world.standing("a");
    assert!(standing.is_unanswered && standing.is_overdue);
    assert_eq!(standing.clock_holder, Some(world.organisation(JIANGSU)));
    world.by(JIANGSU, acknowledge("a", root(1)));
    assert_eq!(world.standing("a").due_ms, Some(at("2026-05-14T23:59:59.999+08:00")), "9 and 11 to 14 May");
    world.by(JIANGSU, request_correction("a", &["M1"]));
    assert_eq!(world.standing("a").due_ms, None, "the applicant has no period of its own");
    world.on("2026-06-16T09:00:00+08:00");
    world.by(SHANGHAI, resubmit("a", root(2)));
    assert_eq!(world.standing("a").due_ms, Some(at("2026-06-18T23:59:59.999+08:00")));
    world.on("2026-06-18T09:00:00+08:00");
    world.by(JIANGSU, acknowledge("a", root(2)));
    world.by(JIANGSU, accept("a"));
    // Friday the 19th is free.
    let due = at("2026-07-03T23:59:59.999+08:00");
    assert_eq!(world.standing("a").due_ms, Some(due));
    let left = |world: &CaseWorld| {
        let state = world.state("a");
        days_left(&state, &frozen_calendar(&world.ledger, &state.frozen).unwrap(), world.ledger.now)
    };
    assert_eq!(left(&world), Some(10));
    world.on("2026-06-22T09:00:00+08:00");
    assert_eq!(left(&world), Some(9));
    world.ledger.now = due.plus_ms(1);
    assert_eq!(left(&world), None);
    assert!(world.standing("a").is_overdue && !world.standing("a").is_unanswered);
    world.by(JIANGSU, grant("a"));
    let standing = world.standing("a");
    assert_eq!((standing.was_decided_late, standing.is_overdue), (Some(true), false));
    assert_eq!(standing.due_ms, Some(at("2026-07-17T23:59:59.999+08:00")), "ten days to deliver");
}

/// A pause takes out the days after its first, up to and including its last (行政许可法 art. 45).
#[test]
fn a_pause_stops_the_clock() {
    let mut world = CaseWorld::found();
    world.on("2026-09-21T09:00:00+08:00");
    world.receive("a", CaseMode::Relay, SHANGHAI, JIANGSU);
    world.by(JIANGSU, accept("a"));
    // 22, 23, 24, 28, 29, 30 September, 8, 9, 10, 12 October.
    assert_eq!(world.standing("a").due_ms, Some(at("2026-10-12T23:59:59.999+08:00")));
    world.by(JIANGSU, pause("a"));
    world.by(JIANGSU, resume("a"));
    assert_eq!(world.standing("a").due_ms, Some(at("2026-10-12T23:59:59.999+08:00")), "a pause of no time gains none");
    world.on("2026-09-24T09:00:00+08:00");
    world.by(JIANGSU, pause("a"));
    assert_eq!(world.state("a").pause.unwrap().decision_days, Some(7));
    world.on("2026-12-01T09:00:00+08:00");
    let standing = world.standing("a");
    assert_eq!((standing.clock_holder, standing.decision_due_ms, standing.is_overdue), (None, None, false));
    world.by(JIANGSU, resume("a"));
    assert_eq!(world.standing("a").due_ms, Some(at("2026-12-10T23:59:59.999+08:00")), "seven days are left");
    // On the last day: nothing is left but the day on which the pause ends.
    world.on("2026-12-10T23:00:00+08:00");
    world.by(JIANGSU, pause("a"));
    world.on("2026-12-17T09:00:00+08:00");
    world.by(JIANGSU, resume("a"));
    assert_eq!(world.standing("a").due_ms, Some(at("2026-12-17T23:59:59.999+08:00")));
    // Too late stays too late.
    world.on("2026-12-18T09:00:00+08:00");
    world.by(JIANGSU, pause("a"));
    assert!(world.standing("a").is_overdue);
    world.on("2026-12-21T09:00:00+08:00");
    world.by(JIANGSU, resume("a"));
    assert!(world.standing("a").is_overdue);
}

/// Silence for five days is acceptance since the receipt (行政许可法 art. 32).
#[test]
fn silence_is_acceptance() {
    let mut world = CaseWorld::found();
    world.on("2026-03-02T09:00:00+08:00");
    world.receive("a", CaseMode::Relay, SHANGHAI, JIANGSU);
    let received = world.ledger.now;
    let receiver = world.signer(JIANGSU);
    world.on("2026-03-09T23:59:59.999+08:00");
    for operation in [request_correction("a", &["M1"]), not_accept("a"), accept_conditionally("a", &["M3"])] {
        assert!(world.trial(receiver, operation).is_ok());
    }
    assert_eq!(world.trial(receiver, accept("a")).unwrap().clock.accepted_ms, Some(world.ledger.now));
    world.on("2026-03-10T00:00:00+08:00");
    let standing = world.standing("a");
    assert!(standing.is_deemed_accepted && !standing.may_request_correction && !standing.is_overdue);
    assert_eq!(standing.due_ms, Some(at("2026-03-16T23:59:59.999+08:00")), "ten days from the receipt");
    assert_eq!(world.refused(receiver, request_correction("a", &["M1"])), Code::CaseCorrectionLate);
    assert_eq!(world.refused(receiver, not_accept("a")), Code::CaseDeemedAccepted);
    assert_eq!(world.refused(receiver, accept_conditionally("a", &["M3"])), Code::CaseDeemedAccepted);
    world.by(JIANGSU, accept("a"));
    let state = world.state("a");
    assert_eq!(state.clock.accepted_ms, Some(received));
    assert_eq!(state.clock.decision_due_ms, Some(at("2026-03-16T23:59:59.999+08:00")));
}

#[test]
fn what_is_owed_comes_in_time_or_is_breached() {
    let mut world = CaseWorld::found();
    for case in ["kept", "broken", "paused"] {
        world.receive(case, CaseMode::Relay, SHANGHAI, JIANGSU);
        world.by(JIANGSU, accept_conditionally(case, &["M3"]));
    }
    let due = at("2026-03-05T23:59:59.999+08:00");
    assert_eq!(world.state("kept").condition.unwrap().due_ms, due);
    assert_eq!(world.standing("kept").condition, Some(ConditionStanding::Owed));
    world.ledger.now = due;
    world.by(JIANGSU, fulfil("kept", root(3)));
    assert_eq!(world.state("kept").material_root, Some(root(3)));
    world.by(JIANGSU, pause("paused"));
    world.ledger.now = due.plus_ms(1);
    assert_eq!(world.standing("kept").condition, Some(ConditionStanding::Fulfilled));
    assert_eq!(world.standing("broken").condition, Some(ConditionStanding::Breached));
    assert_eq!(world.standing("paused").condition, Some(ConditionStanding::Owed), "the clock stands");
    assert_eq!(world.refused(world.signer(JIANGSU), fulfil("broken", root(3))), Code::CaseConditionBreached);
    world.by(JIANGSU, refuse("broken"));
    assert_eq!(world.standing("broken").condition, Some(ConditionStanding::Breached));
    world.on("2026-03-20T09:00:00+08:00");
    let mut other = world.ledger.clone();
    world.by(JIANGSU, fulfil("paused", root(3)));
    assert_eq!(world.status("paused"), CaseStatus::Paused);
    std::mem::swap(&mut world.ledger, &mut other);
    world.by(JIANGSU, resume("paused"));
    assert_eq!(world.state("paused").condition.unwrap().due_ms, at("2026-03-20T23:59:59.999+08:00"));
    world.by(JIANGSU, fulfil("paused", root(3)));
}

/// The calendars are those of the day of collection, province before consortium, whatever is published later.
#[test]
fn calendars_are_frozen() {
    let mut world = CaseWorld::found();
    let province = Scope::Province(world.provinces[JIANGSU].code);
    let key = publication(PublicationKind::Calendar, province, "2026");
    world.send("before", CaseMode::Relay, SHANGHAI, JIANGSU);
    let tuesday_free = Calendar { holidays: vec![62], ..calendar_2026() };
    world.ledger.publish(&key, PublicationBody::Calendar(tuesday_free));
    world.send("after", CaseMode::Relay, SHANGHAI, JIANGSU);
    assert_eq!(world.standing("before").due_ms, Some(at("2026-03-04T23:59:59.999+08:00")));
    assert_eq!(world.standing("after").due_ms, Some(at("2026-03-05T23:59:59.999+08:00")));
    let frozen = world.state("after").frozen;
    assert_eq!(frozen.calendars[0].map(|calendar| calendar.scope), Some(province));
    assert_eq!((frozen.year, frozen.calendars[1]), (2026, None));
    // A calendar for another year under this year's address counts as none.
    world.ledger.publish(&key, PublicationBody::Calendar(Calendar { year: 2025, ..calendar_2026() }));
    world.send("odd", CaseMode::Relay, SHANGHAI, JIANGSU);
    assert_eq!(world.state("odd").frozen.calendars[0].map(|calendar| calendar.scope), Some(Scope::Consortium));
}
