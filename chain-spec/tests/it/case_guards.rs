//! The case family: every refusal beyond the table of steps, each by its own code.

use huxin_chain_spec::codes::Code;
use huxin_chain_spec::ids::Uscc;
use huxin_chain_spec::record::CaseOperation;
use huxin_chain_spec::record::case::{Collection, DeliveryChannel, Matter, PolicyVersion};
use huxin_chain_spec::record::membership::{MembershipOperation, Permissions, StatusChange};
use huxin_chain_spec::record::publication::{
    CaseMode, Item, Mandate, PublicationBody, PublicationKey, PublicationKind, Scope,
};
use huxin_chain_spec::rules::case::RELAYS_MAX;
use huxin_chain_spec::state::case::CaseStatus;

use crate::support::case_words::*;
use crate::support::*;

fn collect(collection: Collection) -> CaseOperation {
    CaseOperation::Collect(Box::new(collection))
}

/// What a collection from Shanghai to Jiangsu gets after `change`.
fn collected(world: &CaseWorld, mode: CaseMode, change: impl FnOnce(&mut Collection)) -> Option<Code> {
    let mut collection = world.collection("a", mode, JIANGSU);
    change(&mut collection);
    world.trial(world.signer(SHANGHAI), collect(collection)).err()
}

#[test]
fn versions_are_the_ones_in_force() {
    let mut world = CaseWorld::found();
    let on_behalf = |world: &CaseWorld, change: &dyn Fn(&mut Matter)| {
        collected(world, CaseMode::CollectOnBehalf, |collection| change(&mut collection.matter))
    };
    assert_eq!(on_behalf(&world, &|_| {}), None);
    assert_eq!(on_behalf(&world, &|matter| matter.item_version = 2), Some(Code::CaseItemVersion));
    assert_eq!(on_behalf(&world, &|matter| matter.guide_version = 0), Some(Code::CaseGuideVersion));
    assert_eq!(on_behalf(&world, &|matter| matter.duty_version = Some(1)), Some(Code::CaseDutyVersion));
    let unpublished = "11320000000000035T3370117002099".parse().unwrap();
    assert_eq!(on_behalf(&world, &|matter| matter.item.code = Clone::clone(&unpublished)), Some(Code::CaseItemVersion));
    assert_eq!(on_behalf(&world, &|matter| matter.item.kind = PublicationKind::Guide), Some(Code::CaseItemProvince));
    assert_eq!(on_behalf(&world, &|matter| matter.item.scope = Scope::Consortium), Some(Code::CaseItemProvince));
    let elsewhere = item_key(&world.provinces[ZHEJIANG]);
    assert_eq!(on_behalf(&world, &|matter| matter.item = elsewhere.clone()), Some(Code::CaseItemProvince));

    let key = item_key(&world.provinces[JIANGSU]);
    let newer = world.ledger.publish(&key, PublicationBody::Item(item(world.issuer(JIANGSU))));
    assert_eq!(on_behalf(&world, &|_| {}), Some(Code::CaseItemVersion), "the older version is out of force");
    assert_eq!(on_behalf(&world, &|matter| matter.item_version = newer), None);
}

/// The duty assignment of the province goes before that of all; where one is in force it must be named.
#[test]
fn duties_must_be_named_where_there_are_any() {
    let mut world = CaseWorld::found();
    let ours = PublicationKey { kind: PublicationKind::DutyAssignment, ..item_key(&world.provinces[JIANGSU]) };
    let of_all = PublicationKey { scope: Scope::Consortium, ..ours.clone() };
    let with = |world: &CaseWorld, version| {
        let mut collection = world.collection("a", CaseMode::MultiPlace, JIANGSU);
        collection.matter.duty_version = version;
        world.trial(world.signer(SHANGHAI), collect(collection)).map(|state| state.frozen.duty.map(|duty| duty.scope))
    };
    world.ledger.publish(&of_all, entries());
    assert_eq!(with(&world, None), Err(Code::CaseDutyVersion));
    assert_eq!(with(&world, Some(1)), Ok(Some(Scope::Consortium)));
    world.ledger.publish(&ours, entries());
    world.ledger.publish(&ours, entries());
    assert_eq!(with(&world, Some(1)), Err(Code::CaseDutyVersion));
    assert_eq!(with(&world, Some(2)), Ok(Some(ours.scope)));
}

#[test]
fn modes() {
    let mut world = CaseWorld::found();
    assert_eq!(collected(&world, CaseMode::FullOnline, |_| {}), Some(Code::CaseModePlaces), "two provinces");
    opened_by("a", world.organisation(JIANGSU));
    let at_home = world.collection("a", CaseMode::FullOnline, JIANGSU);
    assert_eq!(world.trial(world.signer(JIANGSU), collect(at_home)).unwrap().status, CaseStatus::Collected);
    opened_by("a", world.organisation(SHANGHAI));
    assert_eq!(collected(&world, CaseMode::Bundle, |_| {}), Some(Code::CaseBundleMode));
    let bundled = |collection: &mut Collection| collection.bundle = Some(bundle_ref("b"));
    assert_eq!(collected(&world, CaseMode::Relay, bundled), Some(Code::CaseBundleMode));
    assert_eq!(collected(&world, CaseMode::Bundle, bundled), Some(Code::CaseBundleUnknown));
    let only_relay = Item { modes: vec![CaseMode::Relay], ..item(world.issuer(JIANGSU)) };
    world.ledger.publish(&item_key(&world.provinces[JIANGSU]), PublicationBody::Item(only_relay));
    let second = |collection: &mut Collection| collection.matter.item_version = 2;
    assert_eq!(collected(&world, CaseMode::CollectOnBehalf, second), Some(Code::CaseModeNotOffered));
    assert_eq!(collected(&world, CaseMode::Relay, second), None);
}

#[test]
fn without_application() {
    let world = CaseWorld::found();
    let policy = Some(PolicyVersion { policy: policy_key(), version: 1 });
    opened_by("a", world.organisation(JIANGSU));
    let mut collection =
        Collection { materials: Vec::new(), policy, ..world.collection("a", CaseMode::NoApplication, JIANGSU) };
    let trial = |collection: &Collection, by: usize| world.trial(world.signer(by), collect(collection.clone()));
    assert_eq!(trial(&collection, SHANGHAI).unwrap_err(), Code::CaseModePlaces);
    let state = trial(&collection, JIANGSU).unwrap();
    assert_eq!((state.status, state.origin), (CaseStatus::Accepted, world.organisation(JIANGSU)));
    assert_eq!(state.clock.accepted_ms, Some(world.ledger.now));
    assert!(state.clock.decision_due_ms.is_some());
    collection.materials = materials(&["M1"]);
    assert_eq!(
        trial(&collection, JIANGSU).unwrap_err(),
        Code::CaseMaterialNotInGuide,
        "materials cannot be handed in without an application"
    );
    collection.materials.clear();
    collection.policy = None;
    assert_eq!(trial(&collection, JIANGSU).unwrap_err(), Code::CasePolicy);
    let other = publication(PublicationKind::Policy, Scope::Province(world.provinces[SHANGHAI].code), "ZC-1");
    for (policy, version) in [(policy_key(), 2), (other, 1), (item_key(&world.provinces[JIANGSU]), 1)] {
        collection.policy = Some(PolicyVersion { policy, version });
        assert_eq!(trial(&collection, JIANGSU).unwrap_err(), Code::CasePolicy);
    }
    let named = |collection: &mut Collection| {
        collection.policy = Some(PolicyVersion { policy: policy_key(), version: 1 });
    };
    assert_eq!(collected(&world, CaseMode::Relay, named), Some(Code::CasePolicy), "where none belongs");
}

#[test]
fn the_deciding_agency() {
    let mut world = CaseWorld::found();
    let with = |world: &CaseWorld, agency: Uscc| {
        collected(world, CaseMode::Relay, |collection| collection.matter.agency = agency)
    };
    let other = world.admit(JIANGSU, "1132000001401501", Permissions::agency());
    assert_eq!(with(&world, other.organisation), Some(Code::CaseAgencyNotCompetent));
    assert_eq!(with(&world, uscc("1132000001401502")), Some(Code::OrganisationUnknown));
    let bad = Uscc::from_structure("113200000014015012").unwrap();
    let bad = if bad.check().is_err() { bad } else { Uscc::from_structure("113200000014015013").unwrap() };
    assert!(matches!(with(&world, bad), Some(Code::IdentifierUsccCheck | Code::IdentifierOrganisationCodeCheck)));
    let registrar = world.provinces[JIANGSU].registrar.id();
    for (change, code) in
        [(StatusChange::Suspend, Code::OrganisationSuspended), (StatusChange::Remove, Code::OrganisationRemoved)]
    {
        let organisation = world.organisation(JIANGSU);
        let status = MembershipOperation::OrganisationStatus { organisation, change, basis: basis("ZZ-1") };
        world.ledger.submit(registrar, vec![Op::from(status).0]).unwrap();
        assert_eq!(with(&world, organisation), Some(code));
    }
}

#[test]
fn lists_of_materials() {
    let mut world = CaseWorld::found();
    let with =
        |names: &[&str]| collected(&world, CaseMode::Relay, |collection| collection.materials = materials(names));
    assert_eq!(with(&[]), None);
    assert_eq!(with(&["M1", "M4"]), None);
    assert_eq!(with(&["M2", "M1"]), Some(Code::CaseListOrder));
    assert_eq!(with(&["M1", "M1"]), Some(Code::CaseListOrder));
    assert_eq!(with(&["M1", "M5"]), Some(Code::CaseMaterialNotInGuide));
    let many: Vec<String> = (0..257).map(|number| format!("M{number:04}")).collect();
    assert_eq!(with(&many.iter().map(String::as_str).collect::<Vec<_>>()), Some(Code::CaseListOrder));
    assert_eq!(with(&["13800138000"]), Some(Code::PrivacyMobileNumber));

    world.receive("a", CaseMode::Relay, SHANGHAI, JIANGSU);
    let receiver = world.signer(JIANGSU);
    assert_eq!(world.refused(receiver, request_correction("a", &[])), Code::CaseNothingNamed);
    assert_eq!(world.refused(receiver, request_correction("a", &["M2", "M1"])), Code::CaseListOrder);
    assert_eq!(world.refused(receiver, request_correction("a", &["M1", "M9"])), Code::CaseMaterialNotInGuide);
    assert_eq!(world.refused(receiver, accept_conditionally("a", &[])), Code::CaseNothingNamed);
    assert_eq!(world.refused(receiver, accept_conditionally("a", &["M2"])), Code::CaseToleranceExceeded);
    assert_eq!(world.refused(receiver, accept_conditionally("a", &["M3", "M3"])), Code::CaseListOrder);
    assert!(world.trial(receiver, accept_conditionally("a", &["M3", "M4"])).is_ok());
}

/// Corrections and tolerance follow the guide frozen with the case, whatever is published later.
#[test]
fn the_guide_stays_the_one_frozen() {
    let mut world = CaseWorld::found();
    world.receive("a", CaseMode::Relay, SHANGHAI, JIANGSU);
    let mut wider = guide(world.issuer(JIANGSU));
    wider.materials = materials(&["M1", "M9"]);
    let key = PublicationKey { kind: PublicationKind::Guide, ..item_key(&world.provinces[JIANGSU]) };
    world.ledger.publish(&key, PublicationBody::Guide(wider));
    let receiver = world.signer(JIANGSU);
    assert_eq!(world.refused(receiver, request_correction("a", &["M9"])), Code::CaseMaterialNotInGuide);
    assert!(world.trial(receiver, request_correction("a", &["M4"])).is_ok());
}

#[test]
fn both_ends_sign_the_same_root() {
    let mut world = CaseWorld::found();
    let (origin, receiver) = (world.signer(SHANGHAI), world.signer(JIANGSU));
    world.by(SHANGHAI, collect(world.collection("a", CaseMode::Relay, JIANGSU)));
    world.by(SHANGHAI, check("a"));
    let elsewhere = send("a", world.organisation(ZHEJIANG), root(1));
    assert_eq!(world.refused(origin, elsewhere), Code::CaseReceiverMismatch);
    world.by(SHANGHAI, send("a", world.organisation(JIANGSU), root(1)));
    assert_eq!(world.refused(receiver, acknowledge("a", root(2))), Code::CaseRootMismatch);
    world.by(JIANGSU, acknowledge("a", root(1)));
    world.by(JIANGSU, request_correction("a", &["M1"]));
    world.by(SHANGHAI, resubmit("a", root(2)));
    assert_eq!(world.refused(receiver, acknowledge("a", root(1))), Code::CaseRootMismatch, "the corrected root");
    world.by(JIANGSU, acknowledge("a", root(2)));
    assert_eq!(world.refused(receiver, request_correction("a", &["M2"])), Code::CaseSecondCorrection);
    assert!(!world.standing("a").may_request_correction);
    world.by(JIANGSU, accept("a"));
    world.by(JIANGSU, world.relay("a", ZHEJIANG));
    assert!(world.standing("a").may_request_correction, "a relay begins a new round");
    assert_eq!(world.refused(world.signer(ZHEJIANG), acknowledge("a", root(1))), Code::CaseRootMismatch);
    assert!(world.trial(world.signer(ZHEJIANG), acknowledge("a", root(2))).is_ok());
    assert!(world.trial(world.signer(ZHEJIANG), request_correction("a", &["M2"])).is_ok());
}

#[test]
fn relays() {
    let mut world = CaseWorld::found();
    world.receive("b", CaseMode::MultiPlace, SHANGHAI, JIANGSU);
    world.by(JIANGSU, accept("b"));
    assert_eq!(world.refused(world.signer(JIANGSU), world.relay("b", ZHEJIANG)), Code::CaseRelayMode);
    world.receive("a", CaseMode::Relay, SHANGHAI, JIANGSU);
    let mut here = JIANGSU;
    for _ in 0..RELAYS_MAX {
        world.by(here, accept("a"));
        assert_eq!(world.refused(world.signer(here), world.relay("a", here)), Code::CaseRelaySame);
        let next = if here == JIANGSU { ZHEJIANG } else { JIANGSU };
        let mut stale = world.relay("a", next);
        if let CaseOperation::Relay { matter, .. } = &mut stale {
            matter.item_version = 9;
        }
        assert_eq!(world.refused(world.signer(here), stale), Code::CaseItemVersion);
        world.by(here, world.relay("a", next));
        here = next;
    }
    world.by(here, accept("a"));
    assert_eq!(world.refused(world.signer(here), world.relay("a", ANHUI)), Code::CaseRelayTooMany);
    assert!(world.trial(world.signer(here), grant("a")).is_ok());
}

#[test]
fn mandates() {
    let mut world = CaseWorld::found();
    let agent = world.admit(JIANGSU, "1132000001401503", Permissions::agency());
    let principal = world.organisation(JIANGSU);
    world.send("a", CaseMode::CollectOnBehalf, SHANGHAI, JIANGSU);
    let base = full_mandate(agent.organisation, principal);
    let variants: [(&str, Mandate, Option<Code>); 10] = [
        ("all", base.clone(), None),
        ("not to receive", Mandate { receive: false, ..base.clone() }, Some(Code::CaseMandateScope)),
        ("to receive only", Mandate { accept: false, deliver: false, ..base.clone() }, None),
        ("other agent", Mandate { agent: world.organisation(ANHUI), ..base.clone() }, Some(Code::CaseMandateScope)),
        (
            "other principal",
            Mandate { principal: world.organisation(ANHUI), ..base.clone() },
            Some(Code::CaseMandateScope),
        ),
        ("this officer", Mandate { officer: Some(agent.key.id()), ..base.clone() }, None),
        ("other officer", Mandate { officer: Some(world.signer(ANHUI)), ..base.clone() }, Some(Code::CaseMandateScope)),
        ("this item", Mandate { items: vec![item_code(world.issuer(JIANGSU))], ..base.clone() }, None),
        (
            "other item",
            Mandate { items: vec![item_code(world.issuer(ANHUI))], ..base.clone() },
            Some(Code::CaseMandateScope),
        ),
        ("over", Mandate { until_ms: Some(world.ledger.now), ..base.clone() }, Some(Code::CaseMandateExpired)),
    ];
    for (name, mandate, refusal) in variants {
        let key = world.mandate("WT-2", JIANGSU, mandate);
        let found = world.trial(agent.key.id(), under(&key, acknowledge("a", root(1)))).err();
        assert_eq!(found, refusal, "{name}");
    }
    let key = world.mandate("WT-2", JIANGSU, base.clone());
    let other_scope = world.mandate("WT-2", SHANGHAI, base.clone());
    let nowhere = publication(PublicationKind::Delegation, key.scope, "WT-2");
    let step = || acknowledge("a", root(1));
    assert_eq!(world.refused(agent.key.id(), under(&other_scope, step())), Code::CaseMandateScope);
    assert_eq!(world.refused(agent.key.id(), under(&nowhere, step())), Code::CaseMandateUnknown);
    let no_mandate = item_key(&world.provinces[JIANGSU]);
    assert_eq!(world.refused(agent.key.id(), under(&no_mandate, step())), Code::CaseMandateUnknown);
    assert_eq!(world.refused(agent.key.id(), step()), Code::CaseWrongAgency);
    world.must(agent.key.id(), under(&key, step()));
    world.must(agent.key.id(), under(&key, accept("a")));
    assert_eq!(world.refused(agent.key.id(), under(&key, grant("a"))), Code::CaseNotDelegable);
    world.by(JIANGSU, grant("a"));
    world.by(JIANGSU, result("a"));
    world.must(agent.key.id(), under(&key, deliver("a", DeliveryChannel::Online)));
}

/// A window that collects under a mandate opens the case for its principal, who is A.
#[test]
fn collecting_on_behalf_of_another() {
    let mut world = CaseWorld::found();
    let window = world.admit(ANHUI, "1134000000298637", Permissions::agency());
    let mandate = full_mandate(window.organisation, world.organisation(SHANGHAI));
    let key = world.mandate("WBY-1", SHANGHAI, mandate);
    opened_by("a", window.organisation);
    let opening = || under(&key, collect(world.collection("a", CaseMode::CollectOnBehalf, JIANGSU)));
    let state = world.trial(window.key.id(), opening()).unwrap();
    assert_eq!((state.origin, state.origin_province), (world.organisation(SHANGHAI), world.provinces[SHANGHAI].code));
    assert_eq!(world.refused(world.signer(ANHUI), opening()), Code::CaseMandateScope);
    let unscoped = publication(PublicationKind::Mandate, Scope::Province(world.provinces[ANHUI].code), "WBY-1");
    let mandate = full_mandate(window.organisation, world.organisation(SHANGHAI));
    world.ledger.publish(&unscoped, PublicationBody::Mandate(mandate));
    let stolen = under(&unscoped, collect(world.collection("a", CaseMode::CollectOnBehalf, JIANGSU)));
    assert_eq!(world.refused(window.key.id(), stolen), Code::CaseMandateScope);
}

/// The window that took the application may hand out the result; it may do nothing else of B's.
#[test]
fn delivery_at_the_window_of_collection() {
    let mut world = CaseWorld::found();
    world.receive("a", CaseMode::CollectOnBehalf, SHANGHAI, JIANGSU);
    world.by(JIANGSU, accept("a"));
    world.by(JIANGSU, grant("a"));
    world.by(JIANGSU, result("a"));
    let window = world.signer(SHANGHAI);
    assert_eq!(world.refused(window, deliver("a", DeliveryChannel::Courier)), Code::CaseWrongAgency);
    assert_eq!(world.refused(world.signer(ANHUI), deliver("a", DeliveryChannel::Window)), Code::CaseWrongAgency);
    assert!(world.trial(window, deliver("a", DeliveryChannel::Window)).is_ok());
}

#[test]
fn a_licence_as_result() {
    let mut world = CaseWorld::found();
    world.receive("a", CaseMode::CollectOnBehalf, SHANGHAI, JIANGSU);
    world.by(JIANGSU, accept("a"));
    world.by(JIANGSU, grant("a"));
    let with = |licence: &str| CaseOperation::Result {
        step: step("a"),
        licence: Some(licence_ref(licence)),
        document: digest(0xd0),
    };
    let issues = [(SHANGHAI, "theirs"), (JIANGSU, "ours")];
    for (province, name) in issues {
        let issued = Op::from(issue(world.issuer(province), name)).0;
        world.ledger.submit(world.signer(province), vec![issued]).unwrap();
    }
    let receiver = world.signer(JIANGSU);
    assert_eq!(world.refused(receiver, with("unknown")), Code::LicenceUnknown);
    assert_eq!(world.refused(receiver, with("theirs")), Code::LicenceIssuerMismatch);
    assert!(world.trial(receiver, with("ours")).is_ok());
}

#[test]
fn bundles() {
    let mut world = CaseWorld::found();
    let (lead, other) = (world.organisation(SHANGHAI), world.signer(JIANGSU));
    let signer = world.signer(SHANGHAI);
    let refused = |world: &CaseWorld, children: &[(&str, &[u8])]| {
        world.ledger.trial(signer, vec![Op::from(bundle_open("b", lead, children)).0]).map(|_| ()).err()
    };
    assert_eq!(refused(&world, &[]), Some(Code::CaseBundleSize));
    let names: Vec<String> = (0..33).map(|number| format!("case {number}")).collect();
    let many: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &[][..])).collect();
    assert_eq!(refused(&world, &many), Some(Code::CaseBundleSize));
    assert_eq!(refused(&world, &many[..32]), None);
    let orders: [&[u8]; 4] = [&[1], &[2], &[0, 0], &[255]];
    for after in orders {
        assert_eq!(refused(&world, &[("x", &[]), ("y", after)]), Some(Code::CaseBundleOrder), "{after:?}");
    }
    assert_eq!(refused(&world, &[("x", &[]), ("x", &[])]), Some(Code::CaseDuplicate));
    world.send("taken", CaseMode::Relay, SHANGHAI, JIANGSU);
    assert_eq!(refused(&world, &[("taken", &[])]), Some(Code::CaseDuplicate));
    let opening = bundle_open("b", lead, &[("x", &[]), ("y", &[0])]);
    assert_eq!(world.refused(other, opening.clone()), Code::CaseWrongAgency);
    world.by(SHANGHAI, opening.clone());
    assert_eq!(world.refused(signer, opening), Code::CaseBundleDuplicate);

    let member = |case: &str| {
        let mut collection = world.collection(case, CaseMode::Bundle, JIANGSU);
        collection.bundle = Some(bundle_ref("b"));
        collect(collection)
    };
    assert_eq!(world.refused(other, member("x")), Code::CaseBundleLead);
    assert_eq!(world.refused(signer, member("z")), Code::CaseBundleNotChild);
    let (x, y) = (member("x"), member("y"));
    for (case, collect) in [("x", x), ("y", y)] {
        world.by(SHANGHAI, collect);
        world.by(SHANGHAI, check(case));
        let wrong = send(case, world.organisation(JIANGSU), root(2));
        assert_eq!(world.refused(signer, wrong), Code::CaseBundleRoot);
        world.by(SHANGHAI, send(case, world.organisation(JIANGSU), root(1)));
    }
    assert_eq!(world.refused(other, acknowledge("y", root(1))), Code::CasePredecessorsOpen);
    assert_eq!(world.refused(other, bounce("y")), Code::CasePredecessorsOpen);
    assert!(world.standing("y").is_waiting);
    world.by(JIANGSU, accept("x"));
    assert_eq!(world.refused(other, world.relay("x", ZHEJIANG)), Code::CaseRelayMode);
    world.by(JIANGSU, grant("x"));
    world.by(JIANGSU, notify("x"));
    assert_eq!(world.refused(other, notify("x")), Code::CaseNoticeGiven);
    assert_eq!(world.status("y"), CaseStatus::DeemedReceived);
    world.by(JIANGSU, accept("y"));
    world.by(JIANGSU, refuse("y"));
    world.by(JIANGSU, deliver("y", DeliveryChannel::Online));
    assert_eq!(world.refused(other, notify("y")), Code::CaseNotGranted, "nothing to tell of a refusal");
}

/// The reference of a case says nothing about its number.
#[test]
fn references_differ_by_purpose() {
    assert_ne!(case_ref("a").0, bundle_ref("a").0);
}
