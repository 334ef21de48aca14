//! Cases after a reform: new ones, results, bundles, and evidence around them.

use std::cell::Cell;

use huxin_chain_spec::ids::{LicenceRef, RecordIndex, TxId};
use huxin_chain_spec::record::case::PolicyVersion;
use huxin_chain_spec::record::{CaseOperation, EvidenceOperation};
use huxin_chain_spec::rules;
use huxin_chain_spec::state::{DocumentLicence, IssuedLicence, StateReader};

use super::*;

fn cases() -> SuccessionScope {
    SuccessionScope { cases: true, ..none() }
}

/// A case of OLD's item that `by` opens, to be decided by `agency`.
fn collect(world: &World, by: &Issuer, mode: CaseMode, agency: &Issuer) -> CaseOperation {
    opened_by("new", by.organisation);
    let mut collection = world.cases.collection("new", mode, SHANGHAI);
    collection.matter.agency = agency.organisation;
    if mode == CaseMode::NoApplication {
        collection.materials = Vec::new();
        collection.policy = Some(PolicyVersion { policy: policy_key(), version: 1 });
    }
    CaseOperation::Collect(Box::new(collection))
}

/// Items name the agency that implements them. Once its cases were handed on, nobody could open one: the item said OLD, and OLD acted no
/// longer.
#[test]
fn new_cases_of_the_predecessors_items_are_opened_at_the_successor() {
    let mut world = World::new();
    let (old, b, c) = (world.old.clone(), world.b.clone(), world.c.clone());
    let jiangsu = world.cases.issuer(JIANGSU).clone();
    let collected =
        |world: &World, by: &Issuer, mode, agency: &Issuer| world.tried(by, collect(world, by, mode, agency));
    assert_eq!(collected(&world, &b, CaseMode::FullOnline, &b), Err(Code::CaseAgencyNotCompetent), "before");
    world.hand_on(&old, &b, cases());
    for mode in [CaseMode::FullOnline, CaseMode::CollectOnBehalf, CaseMode::Relay, CaseMode::NoApplication] {
        assert_eq!(collected(&world, &b, mode, &b), Ok(()), "{mode:?}");
        assert_eq!(
            collected(&world, &b, mode, &c),
            Err(if mode == CaseMode::NoApplication { Code::CaseModePlaces } else { Code::CaseAgencyNotCompetent })
        );
        assert_eq!(collected(&world, &b, mode, &old), Err(Code::OrganisationSucceeded), "{mode:?}");
        assert_eq!(collected(&world, &old, mode, &b), Err(Code::OrganisationSucceeded), "{mode:?}");
    }
    assert_eq!(collected(&world, &jiangsu, CaseMode::CollectOnBehalf, &b), Ok(()), "at a window elsewhere");
    // A relay goes to the successor too.
    world.cases.receive("passing", CaseMode::Relay, ANHUI, JIANGSU);
    world.cases.by(JIANGSU, accept("passing"));
    let relay = |agency: &Issuer| {
        let mut matter = world.cases.matter(SHANGHAI);
        matter.agency = agency.organisation;
        CaseOperation::Relay {
            step: step("passing"),
            matter: Box::new(matter),
            notice: digest(0x91),
            result: digest(0x92),
        }
    };
    assert_eq!(world.tried(&jiangsu, relay(&c)), Err(Code::CaseAgencyNotCompetent));
    assert_eq!(world.tried(&jiangsu, relay(&b)), Ok(()));
    // A second reform moves them on.
    world.hand_on(&b, &c, cases());
    assert_eq!(collected(&world, &c, CaseMode::FullOnline, &c), Ok(()));
    assert_eq!(collected(&world, &c, CaseMode::FullOnline, &b), Err(Code::OrganisationSucceeded));
}

/// The items stay those of the province that published them.
#[test]
fn a_successor_in_another_province_decides_under_the_predecessors_items() {
    let mut world = World::new();
    let there = world.cases.issuer(ZHEJIANG).clone();
    let mode = CaseMode::CollectOnBehalf;
    assert_eq!(world.tried(&there, collect(&world, &there, mode, &there)), Err(Code::CaseItemProvince), "before");
    world.hand_on_to_province(ZHEJIANG, cases());
    let jiangsu = world.cases.issuer(JIANGSU).clone();
    assert_eq!(
        world.tried(&jiangsu, collect(&world, &jiangsu, mode, &jiangsu)),
        Err(Code::CaseItemProvince),
        "a third"
    );
    world.must(&jiangsu, collect(&world, &jiangsu, mode, &there));
    world.must(&jiangsu, check("new"));
    world.must(&jiangsu, send("new", there.organisation, root(1)));
    // Its own mandates count, not those of the item's province.
    let agent = world.cases.admit(ZHEJIANG, "1133000000002439", Permissions::agency());
    let full = full_mandate(agent.organisation, there.organisation);
    let [of_there, of_item] = [ZHEJIANG, SHANGHAI].map(|of| world.cases.mandate("WT-1", of, full.clone()));
    world.must(&there, acknowledge("new", root(1)));
    assert_eq!(world.tried(&agent, under(&of_item, accept("new"))), Err(Code::CaseMandateScope));
    world.must(&agent, under(&of_there, accept("new")));
    for decided in [grant("new"), result("new")] {
        world.must(&there, decided);
    }
    assert_eq!(world.cases.state("new").frozen.item.scope, Scope::Province(world.cases.provinces[SHANGHAI].code));
}

/// The cases of OLD go to B, its licences to C, and B's to whoever comes after it: the result of a case is a licence of any of these.
#[test]
fn the_result_of_a_case_is_a_licence_of_whoever_acted_for_the_agency() {
    let mut world = under_way();
    let (old, b, c) = (world.old.clone(), world.b.clone(), world.c.clone());
    let d = world.cases.admit(SHANGHAI, "1131000000002439", Permissions::agency());
    let with = |licence: &str| CaseOperation::Result {
        step: step("granted"),
        licence: Some(licence_ref(licence)),
        document: digest(0xd0),
    };
    let of_type = SuccessionScope { licences: Some(vec![licence_type()]), ..none() };
    world.must(&d, issue(&d, "of a third"));
    world.hand_on(&old, &b, cases());
    world.must(&b, issue(&b, "of the decider"));
    world.hand_on(&old, &c, of_type.clone());
    world.must(&c, issue(&c, "of the issuer"));
    for licence in ["live", "of the decider", "of the issuer"] {
        assert_eq!(world.tried(&b, with(licence)), Ok(()), "{licence}");
    }
    assert_eq!(world.tried(&b, with("of a third")), Err(Code::LicenceIssuerMismatch));
    // Once more: what B issued while it decided still is the result when D decides.
    world.hand_on(&b, &d, SuccessionScope { cases: true, ..of_type });
    for licence in ["live", "of the decider", "of the issuer", "of a third"] {
        assert_eq!(world.tried(&d, with(licence)), Ok(()), "{licence}");
    }
    let e = world.cases.admit(SHANGHAI, "1131000000002440", Permissions::agency());
    world.must(&e, issue(&e, "of a fifth"));
    assert_eq!(world.tried(&d, with("of a fifth")), Err(Code::LicenceIssuerMismatch));
}

/// A body whose cases were handed on could still open a bundle, whose cases nobody could then collect.
#[test]
fn a_bundle_is_opened_by_the_successor() {
    let mut world = World::new();
    let (old, b) = (world.old.clone(), world.b.clone());
    let open = |lead: &Issuer| bundle_open("bundle", lead.organisation, &[("one", &[])]);
    assert_eq!(world.tried(&old, open(&old)), Ok(()));
    world.hand_on(&old, &b, cases());
    assert_eq!(world.tried(&old, open(&old)), Err(Code::OrganisationSucceeded));
    assert_eq!(world.tried(&b, open(&b)), Ok(()));
}

/// Only provinces that a case concerns record what happened around it. That of a successor was not among them.
#[test]
fn evidence_of_a_case_comes_from_the_province_of_the_successor_too() {
    let visit = |region: &str| {
        let mut visit = all_evidence().into_iter().find(|one| matches!(one, EvidenceOperation::Visit(_))).unwrap();
        if let EvidenceOperation::Visit(visit) = &mut visit {
            visit.about.case = Some(case_ref("open"));
            visit.region = region.parse().unwrap();
        }
        visit
    };
    let mut world = under_way();
    let (there, anhui) = (world.cases.issuer(ZHEJIANG).clone(), world.cases.issuer(ANHUI).clone());
    let by_there = visit(&there.region.to_string());
    assert_eq!(world.tried(&there, by_there.clone()), Err(Code::EvidenceCaseElsewhere), "before");
    world.hand_on_to_province(ZHEJIANG, cases());
    assert_eq!(world.tried(&there, by_there), Ok(()));
    assert_eq!(world.tried(&anhui, visit(&anhui.region.to_string())), Err(Code::EvidenceCaseElsewhere));
}

/// A ledger that counts how often it is asked what an organisation handed on.
struct Counted<'a> {
    ledger: &'a case_ledger::CaseLedger,
    asked: Cell<usize>,
}

impl StateReader for Counted<'_> {
    fn state(&self, key: &StateKey) -> Result<Option<Vec<u8>>, StateUnavailable> {
        self.asked.set(self.asked.get() + usize::from(matches!(key, StateKey::Succession(_))));
        self.ledger.state(key)
    }

    fn issued_at(&self, licence: &LicenceRef) -> Result<Option<RecordIndex>, StateUnavailable> {
        self.ledger.issued_at(licence)
    }

    fn first_of_document(&self, sha256: &Digest) -> Result<Option<DocumentLicence>, StateUnavailable> {
        self.ledger.first_of_document(sha256)
    }

    fn issued_licence(&self, index: RecordIndex) -> Result<IssuedLicence, StateUnavailable> {
        self.ledger.issued_licence(index)
    }

    fn has_transaction(&self, tx_id: &TxId) -> Result<bool, StateUnavailable> {
        self.ledger.has_transaction(tx_id)
    }
}

/// What a reform costs those who never had one: one read for each signer and block, and one for another agency that is named.
#[test]
fn an_organisation_in_its_own_matters_does_not_pay_for_reforms() {
    let world = under_way();
    let (old, jiangsu) = (world.old.clone(), world.cases.issuer(JIANGSU).clone());
    let own = works(&old, &world.cases.provinces[JIANGSU]);
    let opening = ("collect", Op::from(collect(&world, &old, CaseMode::FullOnline, &old)).0);
    let bundle = ("bundle", Op::from(bundle_open("bundle", old.organisation, &[("one", &[])])).0);
    let own = own.into_iter().chain([opening, bundle]).map(|(name, work)| (&old, name, work));
    let elsewhere = ("at a window", Op::from(collect(&world, &jiangsu, CaseMode::CollectOnBehalf, &old)).0);
    for (by, name, work) in own.chain([(&jiangsu, elsewhere.0, elsewhere.1)]) {
        let transaction = world.cases.ledger.transaction(by.key.id(), vec![work]);
        let counted = Counted { ledger: &world.cases.ledger, asked: Cell::new(0) };
        let context = world.cases.ledger.context();
        let first = RecordIndex(world.cases.ledger.records.len() as u64);
        let changes = rules::apply(&counted, &context, first, &[(TxId(Digest::ZERO), &transaction)]).unwrap();
        assert_eq!(changes.records.len(), 1, "{name}: {:?}", changes.outcomes);
        let names_another = ["transfer_out", "at a window"].contains(&name);
        assert_eq!(counted.asked.get(), 1 + usize::from(names_another), "{name}");
    }
}
