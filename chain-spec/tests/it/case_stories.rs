//! Whole cases, in each of the six modes, from collection to archive.

use huxin_chain_spec::record::CaseOperation;
use huxin_chain_spec::record::case::{Collection, DeliveryChannel, PolicyVersion};
use huxin_chain_spec::record::publication::CaseMode;
use huxin_chain_spec::state::case::{BundleStatus, CaseStatus as S};

use crate::support::case_words::*;
use crate::support::*;

fn finish(world: &mut CaseWorld, case: &str, by: usize) {
    world.by(by, grant(case));
    world.by(by, result(case));
    world.by(by, deliver(case, DeliveryChannel::Online));
    world.by(by, close(case));
    world.by(by, archive(case));
    assert_eq!(world.status(case), S::Archived);
    assert_eq!(world.standing(case).due_ms, None);
}

/// 接续办 over three provinces: each agency's receipt is the notice of the one before, and each has its own clock.
#[test]
fn relay_over_three_provinces() {
    let mut world = CaseWorld::found();
    world.on("2026-03-02T09:00:00+08:00");
    world.receive("a", CaseMode::Relay, SHANGHAI, JIANGSU);
    world.by(JIANGSU, accept("a"));
    let mut here = JIANGSU;
    for (day, next) in [("2026-03-05", ZHEJIANG), ("2026-04-01", ANHUI)] {
        world.on(day);
        world.by(here, world.relay("a", next));
        let (state, standing) = (world.state("a"), world.standing("a"));
        assert_eq!((state.status, state.receiver), (S::DeemedReceived, world.organisation(next)));
        assert_eq!(state.clock.received_ms, Some(world.ledger.now), "deemed receipt with the notice");
        assert_eq!(state.frozen.item, item_key(&world.provinces[next]));
        assert_eq!(standing.clock_holder, Some(world.organisation(next)));
        world.by(next, acknowledge("a", root(1)));
        assert_eq!(world.state("a").clock.received_ms, Some(world.ledger.now), "signing later changes no clock");
        world.by(next, accept("a"));
        here = next;
    }
    let parts: Vec<_> = world.state("a").relayed.iter().map(|part| (part.agency, part.was_late)).collect();
    let expected = [(world.organisation(JIANGSU), false), (world.organisation(ZHEJIANG), true)];
    assert_eq!(parts, expected, "Zhejiang took longer than its ten days");
    finish(&mut world, "a", ANHUI);
    assert_eq!(world.state("a").origin, world.organisation(SHANGHAI));
}

/// 集成办: a first case, two at once after it, one after both, and one that waits for no other.
#[test]
fn a_bundle_with_parallel_and_sequential_branches() {
    let mut world = CaseWorld::found();
    let cases: [(&str, &[u8]); 5] = [("first", &[]), ("left", &[0]), ("right", &[0]), ("last", &[1, 2]), ("free", &[])];
    let places = [SHANGHAI, JIANGSU, ZHEJIANG, ANHUI, JIANGSU];
    world.by(SHANGHAI, bundle_open("b", world.organisation(SHANGHAI), &cases));
    // All that the applicant handed in, in one transaction: 统一收件.
    let mut operations = Vec::new();
    for ((case, _), to) in cases.iter().zip(places) {
        let mut collection = world.collection(case, CaseMode::Bundle, to);
        collection.bundle = Some(bundle_ref("b"));
        operations.push(CaseOperation::Collect(Box::new(collection)));
        operations.push(check(case));
        operations.push(send(case, world.organisation(to), root(1)));
    }
    let operations = operations.into_iter().map(|operation| Op::from(operation).0).collect();
    let lead = world.signer(SHANGHAI);
    world.ledger.submit(lead, operations).unwrap();
    let statuses = |world: &CaseWorld| cases.map(|(case, _)| world.status(case));
    assert_eq!(statuses(&world), [S::DeemedReceived, S::Sent, S::Sent, S::Sent, S::DeemedReceived]);
    assert_eq!(world.state("first").clock.received_ms, world.state("free").clock.received_ms, "同时收件");
    assert_eq!(world.standing("left").clock_holder, None, "no clock runs before the notice");
    assert_eq!((world.bundle("b").status(), world.bundle("b").blocking().len()), (BundleStatus::Open, 3));

    let decide = |world: &mut CaseWorld, case: &str, by: usize| {
        world.by(by, accept(case));
        world.by(by, grant(case));
    };
    world.on("2026-03-10");
    decide(&mut world, "first", SHANGHAI);
    assert_eq!(world.status("left"), S::Sent, "a decision is not a notice");
    world.by(SHANGHAI, notify("first"));
    assert_eq!(statuses(&world)[1..4], [S::DeemedReceived, S::DeemedReceived, S::Sent]);
    assert_eq!(world.state("left").clock.received_ms, Some(world.ledger.now));
    assert_eq!(world.bundle("b").status(), BundleStatus::Partial);
    decide(&mut world, "left", JIANGSU);
    world.by(JIANGSU, notify("left"));
    assert_eq!(world.status("last"), S::Sent, "one of two");
    assert_eq!(world.bundle("b").blocking(), [case_ref("right")]);
    decide(&mut world, "right", ZHEJIANG);
    world.by(ZHEJIANG, notify("right"));
    assert_eq!(world.status("last"), S::DeemedReceived);
    decide(&mut world, "last", ANHUI);
    assert_eq!(world.bundle("b").status(), BundleStatus::Partial);
    decide(&mut world, "free", JIANGSU);
    assert_eq!(world.bundle("b").status(), BundleStatus::Done);
}

/// A case handed over only after the notice is received with the handing over.
#[test]
fn a_late_member_of_a_bundle() {
    let mut world = CaseWorld::found();
    world.by(SHANGHAI, bundle_open("b", world.organisation(SHANGHAI), &[("one", &[]), ("two", &[0])]));
    let member = |world: &mut CaseWorld, case: &str| {
        let mut collection = world.collection(case, CaseMode::Bundle, JIANGSU);
        collection.bundle = Some(bundle_ref("b"));
        world.by(SHANGHAI, CaseOperation::Collect(Box::new(collection)));
        world.by(SHANGHAI, check(case));
        world.by(SHANGHAI, send(case, world.organisation(JIANGSU), root(1)));
    };
    member(&mut world, "one");
    world.by(JIANGSU, accept("one"));
    world.by(JIANGSU, grant("one"));
    world.by(JIANGSU, notify("one"));
    member(&mut world, "two");
    assert_eq!(world.status("two"), S::DeemedReceived);
    world.by(JIANGSU, acknowledge("two", root(1)));
    world.by(SHANGHAI, withdraw("two"));
    assert_eq!(world.bundle("b").status(), BundleStatus::Failed);
}

/// Two bundles name one case; it belongs to the one it was collected in, and the other's notices leave it alone.
#[test]
fn a_notice_reaches_only_cases_of_its_bundle() {
    let mut world = CaseWorld::found();
    for (bundle, first) in [("b", "one"), ("c", "three")] {
        world.by(SHANGHAI, bundle_open(bundle, world.organisation(SHANGHAI), &[(first, &[]), ("two", &[0])]));
    }
    for (case, bundle) in [("one", "b"), ("three", "c"), ("two", "c")] {
        let mut collection = world.collection(case, CaseMode::Bundle, JIANGSU);
        collection.bundle = Some(bundle_ref(bundle));
        world.by(SHANGHAI, CaseOperation::Collect(Box::new(collection)));
        world.by(SHANGHAI, check(case));
        world.by(SHANGHAI, send(case, world.organisation(JIANGSU), root(1)));
    }
    for (case, expected) in [("one", S::Sent), ("three", S::DeemedReceived)] {
        world.by(JIANGSU, accept(case));
        world.by(JIANGSU, grant(case));
        world.by(JIANGSU, notify(case));
        assert_eq!(world.status("two"), expected, "after the notice of {case}");
    }
}

#[test]
fn full_online_with_correction_and_tolerance() {
    let mut world = CaseWorld::found();
    world.receive("a", CaseMode::FullOnline, JIANGSU, JIANGSU);
    world.by(JIANGSU, request_correction("a", &["M1", "M3"]));
    assert_eq!(world.state("a").correction, materials(&["M1", "M3"]));
    assert_eq!(world.standing("a").place, world.organisation(JIANGSU));
    world.by(JIANGSU, resubmit("a", root(2)));
    assert!(world.state("a").correction.is_empty());
    world.by(JIANGSU, acknowledge("a", root(2)));
    world.by(JIANGSU, accept_conditionally("a", &["M3"]));
    world.by(JIANGSU, fulfil("a", root(3)));
    finish(&mut world, "a", JIANGSU);
}

#[test]
fn collected_elsewhere_and_delivered_there() {
    for mode in [CaseMode::CollectOnBehalf, CaseMode::MultiPlace] {
        let mut world = CaseWorld::found();
        world.receive("a", mode, ANHUI, ZHEJIANG);
        world.by(ZHEJIANG, accept("a"));
        world.by(ZHEJIANG, refuse("a"));
        world.by(ANHUI, deliver("a", DeliveryChannel::Window));
        world.by(ZHEJIANG, close("a"));
        world.by(ZHEJIANG, archive("a"));
    }
}

/// 免申办: there is no applicant, and a policy is named instead.
#[test]
fn without_application() {
    let mut world = CaseWorld::found();
    let policy = Some(PolicyVersion { policy: policy_key(), version: 1 });
    opened_by("a", world.organisation(JIANGSU));
    let collection =
        Collection { materials: Vec::new(), policy, ..world.collection("a", CaseMode::NoApplication, JIANGSU) };
    world.by(JIANGSU, CaseOperation::Collect(Box::new(collection)));
    finish(&mut world, "a", JIANGSU);
}
