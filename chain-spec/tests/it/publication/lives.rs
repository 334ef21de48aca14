//! The publication family under arbitrary use: at most one version in force, versions without gaps, and what was published
//! never changes.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use huxin_chain_spec::codec;
use huxin_chain_spec::rules::publication::{approval, in_force_at, next_status};
use huxin_chain_spec::state::StateReader as _;
use huxin_chain_spec::state::publication::{DraftStatus, Force};
use huxin_chain_spec::transaction::Outcome;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, TestRunner};

use super::*;

/// One attempted operation.
#[derive(Debug, Clone)]
struct Attempt {
    operation: usize,
    /// What the state waits for, instead of `operation`.
    aims_well: bool,
    subject: Index,
    who: Index,
    /// By the lead, or by any signer.
    is_lead: bool,
    /// The version that would be right, or one beside it.
    version_off: i32,
    /// Says something else than the draft.
    changed: bool,
    days_later: u64,
}

fn attempts() -> impl Strategy<Value = Vec<Attempt>> {
    let off = prop_oneof![12 => Just(0), 1 => Just(1), 1 => Just(-1)];
    let days = prop_oneof![3 => Just(0u64), 1 => Just(1), 2 => Just(31)];
    let operation = 0..7usize;
    let well = prop::bool::weighted(0.6);
    let choices = (well, any::<Index>(), any::<Index>(), prop::bool::weighted(0.6), prop::bool::weighted(0.05));
    let attempt = (operation, choices, off, days).prop_map(|(operation, choices, version_off, days_later)| {
        let (aims_well, subject, who, is_lead, changed) = choices;
        Attempt { operation, aims_well, subject, who, is_lead, version_off, changed, days_later }
    });
    vec(attempt, 10..80)
}

/// The chain, few publications so that attempts meet, and what has been seen of them.
struct World {
    bench: Bench,
    subjects: Vec<Subject>,
    actors: Vec<SigningKey>,
    /// Bytes of each published version.
    published: BTreeMap<(usize, u32), Vec<u8>>,
    /// When which version came into force, or none any more.
    timeline: Vec<Vec<(TimeMs, Option<u32>)>>,
}

impl World {
    fn new() -> Self {
        let bench = Bench::new();
        let shanghai = bench.shanghai();
        let subjects = [
            (K::ItemList, Scope::Consortium),
            (K::Calendar, Scope::Consortium),
            (K::Agreement, Scope::Consortium),
            (K::ExceptionList, shanghai),
            (K::Item, shanghai),
            (K::Delegation, shanghai),
        ]
        .map(|(kind, scope)| bench.subject(kind, scope, 1));
        let mut actors: Vec<SigningKey> = [SHANGHAI, JIANGSU, ZHEJIANG, ANHUI].map(authority).to_vec();
        actors.extend([bench.agency().key, bench.other.key.clone()]);
        let timeline = vec![Vec::new(); subjects.len()];
        Self { bench, subjects: subjects.to_vec(), actors, published: BTreeMap::new(), timeline }
    }

    fn operation(&self, attempt: &Attempt, subject: &Subject) -> P {
        let state = self.bench.state(&subject.key);
        let chosen = match state.status().draft {
            _ if !attempt.aims_well => attempt.operation,
            DraftStatus::None if attempt.days_later > 0 && state.in_force().is_some() => 5,
            DraftStatus::None => 0,
            DraftStatus::Consulting => 1,
            DraftStatus::Approved => 2,
            DraftStatus::Signing => 3,
        };
        let right = if chosen >= 5 { state.version } else { state.version + 1 };
        let version = right.saturating_add_signed(attempt.version_off);
        let mut subject = subject.clone();
        if attempt.changed {
            subject.key.code = if attempt.version_off == 0 { subject.key.code } else { "OTHER".parse().unwrap() };
            subject.body = PublicationBody::Entries { root: digest(0xff), count: 1 };
        }
        let must_consult = matches!(subject.key.kind, K::ItemList | K::ExceptionList);
        let consultation = (must_consult || attempt.days_later == 1).then(|| self.bench.window());
        match chosen {
            0 => subject.draft(version, consultation),
            1 => subject.close(version),
            2 => subject.publish(version),
            3 => subject.co_sign(version),
            4 => subject.withdraw(version),
            5 => subject.repeal(version),
            _ => subject.acknowledge(version),
        }
    }

    /// Commits one attempt; what it did must be what the table says.
    fn live(&mut self, attempt: &Attempt) -> Option<&'static str> {
        if attempt.days_later > 0 {
            let later = self.bench.network.next_ms().plus_ms(attempt.days_later * DAY_MS);
            self.bench.wait_until(later);
        }
        let number = attempt.subject.index(self.subjects.len());
        let subject = self.subjects[number].clone();
        let operation = self.operation(attempt, &subject);
        let by_lead = attempt.is_lead && !matches!(operation, P::CoSign { .. } | P::Repeal { .. });
        let signer = if by_lead { self.bench.lead(&subject) } else { attempt.who.get(&self.actors).clone() };
        let before = self.bench.state(&subject.key);
        let operations = vec![Operation::Publication(operation.clone())];
        let transaction = self.bench.network.transaction(&signer, operations);
        let outcome = self.bench.network.commit(vec![transaction]).remove(0);
        let after = self.bench.state(&subject.key);
        if matches!(outcome, Outcome::Rejected { .. }) {
            assert_eq!(after, before);
            return None;
        }
        if operation.publication() != &subject.key {
            return None;
        }
        let approval = approval(subject.key.kind, subject.key.scope).unwrap();
        // One draft changed at most, and as the table says; publishing takes the others away.
        let of = |state: &PublicationState, lead: ProvinceCode| {
            state.drafts.iter().find(|draft| draft.lead_province == lead).cloned()
        };
        let leads: BTreeSet<ProvinceCode> =
            before.drafts.iter().chain(&after.drafts).map(|draft| draft.lead_province).collect();
        let changed: Vec<ProvinceCode> =
            leads.iter().copied().filter(|lead| of(&before, *lead) != of(&after, *lead)).collect();
        let publishes = matches!(operation, P::Publish { .. });
        assert!(changed.len() <= 1 || publishes, "{before:?} {operation:?} {after:?}");
        let candidates: Vec<ProvinceCode> = if changed.is_empty() { leads.into_iter().collect() } else { changed };
        let as_tabled = |lead: Option<ProvinceCode>| {
            let [then, now] = [&before, &after].map(|state| {
                let draft = lead.and_then(|lead| of(state, lead));
                state.status_with(draft.as_ref())
            });
            [false, true].map(|complete| next_status(then, &operation, &approval, complete)).contains(&Ok(now))
        };
        let found = candidates.into_iter().map(Some).any(as_tabled) || as_tabled(None);
        assert!(found, "{before:?} {operation:?} {after:?}");
        assert!(!publishes || after.drafts.is_empty());
        let (before, after) = (before.status(), after.status());
        let now = self.bench.network.ledger.tip().time_ms;
        let in_force = self.bench.state(&subject.key).in_force();
        if matches!(operation, P::Publish { .. }) || (before.force, after.force) == (Force::InForce, Force::Repealed) {
            self.timeline[number].push((now, in_force));
        }
        Some(operation.name())
    }

    fn assert_invariants(&mut self) {
        for (number, subject) in self.subjects.iter().enumerate() {
            let state = self.bench.state(&subject.key);
            let bytes_of = |version: u32| {
                let key = StateKey::PublicationVersion(subject.key.clone(), version);
                self.bench.network.ledger.state(&key).unwrap()
            };
            for version in 1..=state.version {
                let bytes = bytes_of(version).unwrap();
                let first = self.published.entry((number, version)).or_insert_with(|| bytes.clone());
                assert_eq!(*first, bytes, "a published version changed");
            }
            assert_eq!(bytes_of(0), None);
            assert_eq!(bytes_of(state.version + 1), None);
            let leads: BTreeSet<ProvinceCode> = state.drafts.iter().map(|draft| draft.lead_province).collect();
            assert_eq!(leads.len(), state.drafts.len(), "one by each province");
            for draft in &state.drafts {
                assert_eq!(draft.version, state.version + 1);
                assert!(draft.signed_by.iter().all(|province| draft.signers.contains(province)));
                assert!(draft.signed_by.windows(2).all(|pair| pair[0] < pair[1]));
                assert!(draft.needed >= 1 && usize::from(draft.needed) <= draft.signers.len());
            }
            assert!(codec::encode(&state).len() < 1024);
        }
    }

    /// Log and state agree: the log publishes 1, 2, 3 in order, and every day had the version that the timeline says.
    fn assert_history(&self) {
        for (number, subject) in self.subjects.iter().enumerate() {
            let records = records_of(&self.bench.network.records, &subject.key);
            let published: Vec<u32> = records
                .filter(|(_, operation)| matches!(operation, P::Publish { .. }))
                .map(|(_, operation)| operation.version())
                .collect();
            let expected: Vec<u32> = (1..=self.bench.state(&subject.key).version).collect();
            assert_eq!(published, expected);
            let ledger = &self.bench.network.ledger;
            let at = |time: TimeMs| in_force_at(ledger, &subject.key, time).unwrap().map(|(version, _)| version);
            let mut before = None;
            for (time, in_force) in &self.timeline[number] {
                assert_eq!(at(TimeMs(time.0 - 1)), before);
                assert_eq!(at(*time), *in_force);
                before = *in_force;
            }
            assert_eq!(at(TimeMs::MAX), before);
        }
    }
}

#[test]
fn one_version_in_force_no_gaps_and_nothing_published_changes() {
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::with_cases(96) });
    let counted: RefCell<BTreeMap<&'static str, usize>> = RefCell::default();
    let property = |attempts: Vec<Attempt>| {
        let mut world = World::new();
        for attempt in &attempts {
            if let Some(name) = world.live(attempt) {
                *counted.borrow_mut().entry(name).or_default() += 1;
            }
            world.assert_invariants();
        }
        world.assert_history();
        Ok(())
    };
    runner.run(&attempts(), property).unwrap();
    // A property that nothing reaches proves nothing.
    let counted = counted.into_inner();
    assert_eq!(counted.len(), 7, "{counted:?}");
    assert!(counted["publication.publish"] > 50 && counted["publication.repeal"] > 10, "{counted:?}");
}
