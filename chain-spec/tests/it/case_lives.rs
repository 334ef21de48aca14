//! The case family under arbitrary use: for all operations, orders and times of submission, a case has exactly
//! one status, that of its accepted steps; both ends signed the same root; at most one correction notice a round; every due
//! date is the one counted from the log; and a bundle counts its cases right.

use std::collections::BTreeMap;

use huxin_chain_spec::crypto::{Digest, KeyId};
use huxin_chain_spec::ids::{CaseRef, TimeMs};
use huxin_chain_spec::record::case::{DeliveryChannel, PolicyVersion};
use huxin_chain_spec::record::publication::CaseMode;
use huxin_chain_spec::record::{CaseOperation, Operation, Record};
use huxin_chain_spec::rules::case::clock::WorkCalendar;
use huxin_chain_spec::rules::case::{RELAYS_MAX, next_status};
use huxin_chain_spec::state::StateKey;
use huxin_chain_spec::state::case::{BundleState, CaseState, CaseStatus, ChildProgress};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, TestRunner};

use crate::support::case_words::*;
use crate::support::*;

use CaseStatus as S;

/// Names of cases. The first three are of one bundle: the second waits for the first, the third for both.
const NAMES: [&str; 8] = ["b0", "b1", "b2", "c0", "c1", "c2", "c3", "c4"];

/// One attempted operation.
#[derive(Debug, Clone)]
struct Attempt {
    case: Index,
    kind: Index,
    /// A step the table allows, or any.
    aims_well: bool,
    /// By an entitled signer, or by any signer.
    is_entitled: bool,
    who: Index,
    choice: u8,
    /// How long after the attempt before.
    hours: u64,
}

fn attempts() -> impl Strategy<Value = Vec<Attempt>> {
    let choices =
        (any::<Index>(), any::<Index>(), any::<Index>(), any::<u8>(), prop_oneof![9 => 0u64..12, 1 => 0u64..400]);
    let attempt = (choices, prop::bool::weighted(0.95), prop::bool::weighted(0.95)).prop_map(
        |((case, kind, who, choice, hours), aims_well, is_entitled)| Attempt {
            case,
            kind,
            aims_well,
            is_entitled,
            who,
            choice,
            hours,
        },
    );
    vec(attempt, 20..160)
}

/// Every step on a case, worded with this choice.
fn steps(world: &CaseWorld, case: &str, choice: u8) -> Vec<CaseOperation> {
    let state: Option<CaseState> = world.ledger.read(&StateKey::Case(case_ref(case)));
    let receiver = state.as_ref().map_or(world.organisation(JIANGSU), |state| state.receiver);
    let handed_over = state.and_then(|state| state.material_root).unwrap_or_else(|| root(1));
    // Mostly what was handed over; sometimes something else.
    let answer = if choice.is_multiple_of(8) { root(9) } else { handed_over };
    let listed: &[&str] = if choice.is_multiple_of(4) { &["M1", "M3"] } else { &["M3"] };
    vec![
        check(case),
        send(case, receiver, root(1)),
        acknowledge(case, answer),
        bounce(case),
        request_correction(case, listed),
        resubmit(case, root(choice | 1)),
        accept(case),
        accept_conditionally(case, listed),
        fulfil(case, root(3)),
        not_accept(case),
        pause(case),
        resume(case),
        world.relay(case, usize::from(choice % 4)),
        grant(case),
        refuse(case),
        result(case),
        deliver(case, DeliveryChannel::Courier),
        close(case),
        archive(case),
        withdraw(case),
        notify(case),
    ]
}

fn collect(world: &CaseWorld, case: &str, choice: u8) -> CaseOperation {
    let to = usize::from(choice % 4);
    let mode = match usize::from(choice / 4) % (MODES.len() + 2) {
        _ if case.starts_with('b') => CaseMode::Bundle,
        which => MODES.get(which).copied().unwrap_or(CaseMode::Relay),
    };
    let mut collection = world.collection(case, mode, to);
    collection.bundle = (mode == CaseMode::Bundle).then(|| bundle_ref("b"));
    if mode == CaseMode::NoApplication {
        collection.materials.clear();
        collection.policy = Some(PolicyVersion { policy: policy_key(), version: 1 });
    }
    CaseOperation::Collect(Box::new(collection))
}

fn live_through(world: &mut CaseWorld, attempts: &[Attempt]) {
    let opening = bundle_open("b", world.organisation(SHANGHAI), &[("b0", &[]), ("b1", &[0]), ("b2", &[0, 1])]);
    world.by(SHANGHAI, opening);
    for attempt in attempts {
        world.ledger.now = world.ledger.now.plus_ms(attempt.hours * 3_600_000);
        let case = *attempt.case.get(&NAMES);
        let state: Option<CaseState> = world.ledger.read(&StateKey::Case(case_ref(case)));
        if state.is_none() && !case.starts_with('b') {
            // Each opens cases in its own name.
            opened_by(case, world.organisation(attempt.who.index(4)));
        }
        let operation = match &state {
            None => collect(world, case, attempt.choice),
            Some(state) => {
                let all = steps(world, case, attempt.choice);
                // Ends are rare, or everything would soon be over; withdrawal most of all, since it is always open.
                let may = |operation: &&CaseOperation| {
                    let in_every = match operation.name() {
                        "case.withdraw" => 32,
                        "case.bounce" | "case.not_accept" | "case.refuse" => 5,
                        _ => 1,
                    };
                    next_status(state.status, operation).is_ok() && attempt.choice.is_multiple_of(in_every)
                };
                let good: Vec<&CaseOperation> = all.iter().filter(may).collect();
                if attempt.aims_well && !good.is_empty() {
                    (*attempt.kind.get(&good)).clone()
                } else {
                    attempt.kind.get(&all).clone()
                }
            }
        };
        let signer = signer(world, attempt, state.as_ref(), &operation);
        let before = state.clone();
        if world.ledger.submit(signer, vec![Operation::Case(operation)]).is_err() {
            let after: Option<CaseState> = world.ledger.read(&StateKey::Case(case_ref(case)));
            assert_eq!(after, before, "a refusal changes nothing");
        }
    }
}

fn signer(world: &CaseWorld, attempt: &Attempt, state: Option<&CaseState>, operation: &CaseOperation) -> KeyId {
    let any_signer = world.signer(attempt.who.index(4));
    if !attempt.is_entitled {
        return any_signer;
    }
    let organisation = match (operation, state) {
        (CaseOperation::Collect(collection), _) => match collection.mode {
            CaseMode::FullOnline | CaseMode::NoApplication => collection.matter.agency,
            CaseMode::Bundle => world.organisation(SHANGHAI),
            _ => return any_signer,
        },
        (_, None) => return any_signer,
        (_, Some(state)) => match operation.name() {
            "case.check" | "case.send" | "case.resubmit" | "case.withdraw" => state.origin,
            _ => state.receiver,
        },
    };
    let found = (0..4).find(|province| world.organisation(*province) == organisation);
    found.map_or(any_signer, |province| world.signer(province))
}

/// What the log alone says of a case.
struct Told {
    status: CaseStatus,
    root: Option<Digest>,
    corrections_in_round: u32,
    relays: usize,
    received: Option<TimeMs>,
    due: Option<TimeMs>,
    was_paused: bool,
    /// Its receipt may be by law, which is not a step of its own.
    is_in_bundle: bool,
}

/// Retells a case from its accepted steps, with nothing but the table and a calendar.
fn retell(told: &mut BTreeMap<CaseRef, Told>, calendar: &WorkCalendar, record: &Record, operation: &CaseOperation) {
    use CaseOperation as Op;
    let (Some(case), now) = (operation.case(), record.time_ms) else { return };
    let promised = u32::from(PROMISED_DAYS);
    if let Op::Collect(collection) = operation {
        let accepted = collection.mode == CaseMode::NoApplication;
        let fresh = Told {
            status: if accepted { S::Accepted } else { S::Collected },
            root: None,
            corrections_in_round: 0,
            relays: 0,
            received: None,
            due: accepted.then(|| calendar.due(now, promised)),
            was_paused: false,
            is_in_bundle: collection.mode == CaseMode::Bundle,
        };
        assert!(told.insert(*case, fresh).is_none(), "collected twice");
        return;
    }
    let story = told.get_mut(case).unwrap();
    if story.is_in_bundle && story.status == S::Sent && !matches!(operation, Op::Withdraw { .. }) {
        story.status = S::DeemedReceived;
    }
    story.status = next_status(story.status, operation).unwrap();
    match operation {
        Op::Send { material_root, .. } | Op::Resubmit { material_root, .. } => {
            story.root = Some(*material_root);
            story.received = None;
        }
        Op::Acknowledge { material_root, .. } => {
            assert_eq!(story.root, Some(*material_root), "both ends sign the same root");
            story.received = if story.is_in_bundle { None } else { story.received.or(Some(now)) };
        }
        Op::RequestCorrection { .. } => {
            story.corrections_in_round += 1;
            assert_eq!(story.corrections_in_round, 1, "a second notice in one round");
        }
        Op::Accept { .. } | Op::AcceptConditionally { .. } => {
            // By silence since the receipt, where that is known from a step; else the state is taken at its word below.
            story.due = story.received.map(|received| {
                let silent = now > calendar.due(received, u32::from(CORRECTION_DAYS));
                calendar.due(if silent { received } else { now }, promised)
            });
            story.was_paused = false;
        }
        Op::Fulfil { material_root, .. } => story.root = Some(*material_root),
        Op::Pause { .. } => story.was_paused = true,
        Op::Relay { .. } => {
            story.relays += 1;
            story.corrections_in_round = 0;
            story.received = Some(now);
            story.due = None;
        }
        _ => {}
    }
}

fn assert_told(world: &CaseWorld) {
    let calendar = WorkCalendar::new([calendar_2026()]);
    let mut told = BTreeMap::new();
    for record in &world.ledger.records {
        if let Operation::Case(operation) = &record.operation {
            retell(&mut told, &calendar, record, operation);
        }
    }
    for name in NAMES {
        let state: Option<CaseState> = world.ledger.read(&StateKey::Case(case_ref(name)));
        let (Some(state), Some(story)) = (&state, told.get(&case_ref(name))) else {
            assert!(state.is_none() && !told.contains_key(&case_ref(name)));
            continue;
        };
        let by_law = state.status == S::DeemedReceived && story.status == S::Sent && state.mode == CaseMode::Bundle;
        assert!(state.status == story.status || by_law, "{name}: {:?} {:?}", state.status, story.status);
        assert_eq!(state.material_root, story.root, "{name}");
        assert_eq!(state.relayed.len(), story.relays);
        assert!(state.relayed.len() <= RELAYS_MAX);
        assert_eq!(
            state.pause.is_some(),
            matches!(state.status, S::Paused | S::ConditionalPaused) || was_stopped(state)
        );
        if let (Some(due), false) = (story.due, story.was_paused) {
            assert_eq!(state.clock.decision_due_ms, Some(due), "{name}");
        }
        assert!(state.correction.is_empty() || matches!(state.status, S::Correction | S::Withdrawn));
    }
    assert_bundle(world);
}

/// Withdrawn while the clock stood.
fn was_stopped(state: &CaseState) -> bool {
    state.status == S::Withdrawn && state.pause.is_some()
}

fn assert_bundle(world: &CaseWorld) {
    let bundle: BundleState = world.bundle("b");
    for (child, name) in bundle.children.iter().zip(NAMES) {
        let state: Option<CaseState> = world.ledger.read(&StateKey::Case(case_ref(name)));
        let progress = match state.as_ref().map(|state| state.status) {
            None => ChildProgress::Planned,
            Some(S::Granted | S::Result) => ChildProgress::Done,
            Some(S::Refused | S::NotAccepted | S::Withdrawn | S::Bounced) => ChildProgress::Failed,
            Some(S::Delivered | S::Closed | S::Archived) => {
                assert!(matches!(child.progress, ChildProgress::Done | ChildProgress::Failed));
                child.progress
            }
            Some(_) => ChildProgress::Running,
        };
        assert_eq!(child.progress, progress, "{name}");
        let Some(state) = state else { continue };
        let place = state.bundle.unwrap();
        let started = !matches!(state.status, S::Collected | S::Checked | S::Sent | S::Withdrawn);
        assert!(!started || bundle.may_start(place.position), "{name} began before the notices it waits for");
        assert!(state.status != S::Sent || !bundle.may_start(place.position), "{name} waits for nothing");
    }
}

#[test]
fn one_status_one_root_one_notice_and_the_due_dates_of_the_log() {
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::with_cases(192) });
    let kinds = std::cell::RefCell::new(BTreeMap::<&'static str, usize>::new());
    let property = |attempts: Vec<Attempt>| {
        let mut world = CaseWorld::found();
        live_through(&mut world, &attempts);
        assert_told(&world);
        for record in &world.ledger.records {
            *kinds.borrow_mut().entry(record.operation.name()).or_default() += 1;
        }
        Ok(())
    };
    runner.run(&attempts(), property).unwrap();
    // A property that nothing reaches proves nothing.
    let kinds = kinds.into_inner();
    assert_eq!(kinds.len(), 23, "{kinds:?}");
    assert!(kinds["case.relay"] > 20 && kinds["case.notify"] > 20 && kinds["case.archive"] > 20, "{kinds:?}");
}
