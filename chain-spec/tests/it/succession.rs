//! 机构改革: competence is handed on, and nothing of a body that is gone is left without somebody who may act. Its story: a bureau was
//! merged away, and its licences, cases and seals could never be changed again, while every answer said VALID.

mod bounds;
mod cases;
mod model;
mod refusals;
mod shares;

use huxin_chain_spec::codes::Code;
use huxin_chain_spec::crypto::Digest;
use huxin_chain_spec::ids::{TimeMs, Uscc};
use huxin_chain_spec::record::governance::Action;
use huxin_chain_spec::record::licence::Licence;
use huxin_chain_spec::record::membership::{
    MembershipOperation, Permissions, StatusChange, Succession, SuccessionScope,
};
use huxin_chain_spec::record::publication::{CaseMode, PublicationBody, PublicationKind, Scope};
use huxin_chain_spec::record::{LicenceOperation, Operation, PublicationOperation, SealOperation};
use huxin_chain_spec::state::succession::{Competence, HandedOn, SuccessionState, chain};
use huxin_chain_spec::state::{StateKey, StateUnavailable};

use crate::governance::Council;
use crate::support::case_words::*;
use crate::support::*;

/// Everything.
fn all() -> SuccessionScope {
    SuccessionScope { licences: Some(Vec::new()), cases: true, seals: true, publications: true }
}

/// Nothing.
fn none() -> SuccessionScope {
    SuccessionScope { licences: None, cases: false, seals: false, publications: false }
}

fn succeed(from: Uscc, to: Uscc, scope: SuccessionScope) -> MembershipOperation {
    MembershipOperation::OrganisationSucceed(Succession { from, to, scope, basis: basis("JGGG-2026") })
}

/// Four provinces; Shanghai has the bureaus OLD (its founding issuer), B, C and D.
struct World {
    cases: CaseWorld,
    old: Issuer,
    b: Issuer,
    c: Issuer,
}

impl World {
    fn new() -> Self {
        let mut cases = CaseWorld::found();
        let old = cases.issuer(SHANGHAI).clone();
        let b = cases.admit(SHANGHAI, "1131000000002437", Permissions::agency());
        let c = cases.admit(SHANGHAI, "1131000000002438", Permissions::agency());
        Self { cases, old, b, c }
    }

    fn tried(&self, by: &Issuer, operation: impl Into<Op>) -> Result<(), Code> {
        self.cases.ledger.trial(by.key.id(), vec![operation.into().0]).map(|_| ())
    }

    fn must(&mut self, by: &Issuer, operation: impl Into<Op>) {
        self.cases.ledger.submit(by.key.id(), vec![operation.into().0]).unwrap();
    }

    fn registrar(&self, province: usize) -> Issuer {
        let one = &self.cases.provinces[province];
        Issuer { key: one.registrar.clone(), ..one.issuer.clone() }
    }

    /// Both registrars hand on what OLD has to the issuer of another province.
    fn hand_on_to_province(&mut self, province: usize, scope: SuccessionScope) -> Issuer {
        let there = self.cases.issuer(province).clone();
        let step = succeed(self.old.organisation, there.organisation, scope);
        for registrar in [self.registrar(SHANGHAI), self.registrar(province)] {
            self.must(&registrar, step.clone());
        }
        there
    }

    fn hand_on(&mut self, from: &Issuer, to: &Issuer, scope: SuccessionScope) {
        let registrar = self.registrar(SHANGHAI);
        self.must(&registrar, succeed(from.organisation, to.organisation, scope));
    }

    fn remove(&mut self, bureau: &Issuer) {
        let registrar = self.registrar(SHANGHAI);
        let organisation = bureau.organisation;
        let change = MembershipOperation::OrganisationStatus {
            organisation,
            change: StatusChange::Remove,
            basis: basis("JG-1"),
        };
        self.must(&registrar, change);
    }

    fn steps(&self, of: &Issuer, matter: Competence, known: TimeMs) -> Vec<HandedOn> {
        let read = |one: &Uscc| {
            Ok::<_, StateUnavailable>(self.cases.ledger.read::<SuccessionState>(&StateKey::Succession(*one)))
        };
        chain(&of.organisation, matter, known, read).unwrap()
    }

    fn holder(&self, of: &Issuer, matter: Competence) -> Uscc {
        self.steps(of, matter, TimeMs::MAX).last().map_or(of.organisation, |step| step.to)
    }
}

/// Everything OLD has under way, and what each bureau would do with it.
fn works(bureau: &Issuer, jiangsu: &Province) -> Vec<(&'static str, Operation)> {
    let amended = bureau.version("amended", 2);
    let taken = Licence { licence_type: licence_type(), ..bureau.licence("taken") };
    vec![
        ("suspend", Op::from(LicenceOperation::Suspend(change("live"))).0),
        ("revoke", Op::from(LicenceOperation::Revoke(change("live"))).0),
        ("withdraw", Op::from(LicenceOperation::Withdraw(change("live"))).0),
        ("restore", Op::from(LicenceOperation::Restore(change("held"))).0),
        ("cancel_transfer", Op::from(LicenceOperation::CancelTransfer(change("leaving"))).0),
        ("transfer_out", Op::from(transfer_out("live", jiangsu)).0),
        (
            "amend",
            Op::from(LicenceOperation::Amend {
                predecessor: licence_ref("live"),
                licence: amended,
                basis: basis("BG-1"),
            })
            .0,
        ),
        ("transfer_in", Op::from(taken_over("coming", taken, None)).0),
        ("seal.suspend", Op::from(SealOperation::Suspend(seal_change("S-1"))).0),
        ("seal.cancel", Op::from(SealOperation::Cancel(seal_change("S-1"))).0),
        ("case.accept", Op::from(accept("open")).0),
        ("case.refuse", Op::from(refuse("accepted")).0),
        ("case.result", Op::from(result("granted")).0),
    ]
}

/// How work on what is another organisation's is refused.
fn of_another(work: &str) -> Code {
    match work.split('.').next() {
        Some("seal") => Code::SealRegistrarMismatch,
        Some("case") => Code::CaseWrongAgency,
        _ if work == "transfer_in" => Code::LicenceTransferNamesOther,
        _ => Code::LicenceIssuerMismatch,
    }
}

/// OLD with licences of each kind, a seal, and cases at each stage.
fn under_way() -> World {
    let mut world = World::new();
    let (old, jiangsu) = (world.old.clone(), world.cases.provinces[JIANGSU].clone());
    for name in ["live", "held", "leaving"] {
        world.must(&old, issue(&old, name));
    }
    world.must(&old, LicenceOperation::Suspend(change("held")));
    world.must(&old, transfer_out("leaving", &jiangsu));
    world.must(&jiangsu.issuer, issue(&jiangsu.issuer, "coming"));
    let to_old = LicenceOperation::TransferOut {
        change: change("coming"),
        to_province: world.cases.provinces[SHANGHAI].code,
        to_organisation: old.organisation,
        holder: Some(transfer_holder()),
    };
    world.must(&jiangsu.issuer, to_old);
    world.must(&old, SealOperation::Register(seal("S-1")));
    world.must(&old, SealOperation::Activate(seal_change("S-1")));
    for case in ["open", "accepted", "granted"] {
        world.cases.receive(case, CaseMode::FullOnline, SHANGHAI, SHANGHAI);
    }
    for case in ["accepted", "granted"] {
        world.cases.by(SHANGHAI, accept(case));
    }
    world.cases.by(SHANGHAI, grant("granted"));
    world
}

/// Before, OLD acts and nobody else; after, its successor and nobody else, whether OLD still exists or not.
#[test]
fn everything_under_way_passes_to_the_successor_and_to_nobody_else() {
    for is_removed in [false, true] {
        let mut world = under_way();
        let jiangsu = world.cases.provinces[JIANGSU].clone();
        let (old, b, c) = (world.old.clone(), world.b.clone(), world.c.clone());
        for (name, work) in works(&old, &jiangsu) {
            assert_eq!(world.tried(&old, work), Ok(()), "before: {name}");
        }
        for (name, work) in works(&b, &jiangsu) {
            assert_eq!(world.tried(&b, work), Err(of_another(name)), "before: {name}");
        }
        if is_removed {
            world.remove(&old);
            for (name, work) in works(&old, &jiangsu) {
                assert_eq!(world.tried(&old, work), Err(Code::OrganisationRemoved), "{name}");
            }
        }
        world.hand_on(&old, &b, all());
        for (name, work) in works(&b, &jiangsu) {
            assert_eq!(world.tried(&b, work), Ok(()), "the successor, {name}");
        }
        let refusal = if is_removed { Code::OrganisationRemoved } else { Code::OrganisationSucceeded };
        for (name, work) in works(&old, &jiangsu) {
            assert_eq!(world.tried(&old, work), Err(refusal), "the predecessor, {name}");
        }
        for (name, work) in works(&c, &jiangsu) {
            assert_eq!(world.tried(&c, work), Err(of_another(name)), "a third bureau, {name}");
        }
        // What is new is the successor's too.
        assert_eq!(world.tried(&old, issue(&old, "new")), Err(refusal));
        assert_eq!(world.tried(&b, issue(&b, "new")), Ok(()));
        let collect = |world: &World| Box::new(world.cases.collection("new", CaseMode::FullOnline, SHANGHAI));
        assert_eq!(
            world.tried(&b, huxin_chain_spec::record::CaseOperation::Collect(collect(&world))),
            Err(refusal),
            "to OLD"
        );
    }
}

/// Each part of the scope passes by itself, and the rest stays.
#[test]
fn each_part_of_the_scope_passes_by_itself() {
    let parts = [
        SuccessionScope { licences: Some(vec![licence_type()]), ..none() },
        SuccessionScope { licences: Some(Vec::new()), ..none() },
        SuccessionScope { cases: true, ..none() },
        SuccessionScope { seals: true, ..none() },
        SuccessionScope { licences: Some(vec![other_licence_type()]), ..none() },
    ];
    for scope in parts {
        let mut world = under_way();
        let jiangsu = world.cases.provinces[JIANGSU].clone();
        let (old, b) = (world.old.clone(), world.b.clone());
        world.hand_on(&old, &b, scope.clone());
        for ((name, of_old), (_, of_b)) in works(&old, &jiangsu).into_iter().zip(works(&b, &jiangsu)) {
            let passed = match name.split('.').next() {
                Some("seal") => scope.seals,
                Some("case") => scope.cases,
                _ => scope.covers(Competence::Licences(licence_type())),
            };
            let by_old = if passed { Err(Code::OrganisationSucceeded) } else { Ok(()) };
            assert_eq!(world.tried(&old, of_old), by_old, "{scope:?} {name} by the predecessor");
            let by_b = if passed { Ok(()) } else { Err(of_another(name)) };
            assert_eq!(world.tried(&b, of_b), by_b, "{scope:?} {name} by the successor");
        }
    }
}

/// A list that OLD owns is carried on by its successor alone.
#[test]
fn publications_pass_too() {
    let mut world = World::new();
    let (old, b, c) = (world.old.clone(), world.b.clone(), world.c.clone());
    let scope = Scope::Province(world.cases.provinces[SHANGHAI].code);
    let key = publication(PublicationKind::Policy, scope, "ZC-9");
    let body = PublicationBody::Entries { root: Digest([1; 32]), count: 1 };
    let publish = |version| PublicationOperation::Publish { publication: key.clone(), version, body: body.clone() };
    let op = |version| Op(Operation::Publication(publish(version)));
    world.must(&old, op(1));
    world.hand_on(&old, &b, SuccessionScope { publications: true, ..none() });
    assert_eq!(world.tried(&old, op(2)), Err(Code::OrganisationSucceeded));
    assert_eq!(world.tried(&c, op(2)), Err(Code::PublicationNotOwner));
    assert_eq!(world.tried(&b, op(2)), Ok(()));
}

/// A -> B and C by type, then B -> C, then back: who held what, and when.
#[test]
fn splits_chains_and_ways_back() {
    let mut world = World::new();
    let (a, b, c) = (world.old.clone(), world.b.clone(), world.c.clone());
    let (one, other) = (Competence::Licences(licence_type()), Competence::Licences(other_licence_type()));
    let of_type = SuccessionScope { licences: Some(vec![licence_type()]), ..none() };
    let all_types = SuccessionScope { licences: Some(Vec::new()), ..none() };
    world.hand_on(&a, &b, of_type.clone());
    let first = world.cases.ledger.now;
    world.hand_on(&a, &c, all_types.clone());
    assert_eq!((world.holder(&a, one), world.holder(&a, other)), (b.organisation, c.organisation), "a split by type");
    world.cases.ledger.now = first.plus_ms(1_000);
    world.hand_on(&b, &c, of_type.clone());
    assert_eq!((world.holder(&a, one), world.holder(&b, one)), (c.organisation, c.organisation), "a chain");
    assert_eq!(world.holder(&b, other), b.organisation, "B keeps what it did not hand on");
    let then: Vec<Uscc> = world.steps(&a, one, first).iter().map(|step| step.to).collect();
    assert_eq!(then, [b.organisation], "who acted before the second reform");
    assert!(world.steps(&a, one, TimeMs(first.0 - 1)).is_empty(), "and before the first");
    // Back to A: its own again, and what B and C had of it.
    world.cases.ledger.now = first.plus_ms(2_000);
    world.hand_on(&c, &a, of_type.clone());
    for from in [&a, &b, &c] {
        assert_eq!(world.holder(from, one), a.organisation);
    }
    assert_eq!(world.tried(&a, issue(&a, "again")), Ok(()), "A acts again");
    let d = world.cases.admit(SHANGHAI, "1131000000002439", Permissions::agency());
    world.hand_on(&a, &d, of_type);
    for from in [&a, &b, &c, &d] {
        assert_eq!(world.holder(from, one), d.organisation, "and hands it on again");
    }
    assert_eq!(world.holder(&a, other), c.organisation);
}

/// Nothing of a removed province is without somebody who may act: the others vote a successor in.
#[test]
fn the_competence_of_a_removed_province_passes_by_vote() {
    let mut council = Council::found();
    let (gone, heir) = (council.network.provinces[ANHUI].clone(), council.network.provinces[ZHEJIANG].clone());
    council.network.must(&gone.issuer.key, issue(&gone.issuer, "a"));
    let succession = Succession {
        from: gone.issuer.organisation,
        to: heir.issuer.organisation,
        scope: all(),
        basis: basis("JGGG-2026"),
    };
    let action = Action::OrganisationSucceed(succession);
    assert_eq!(council.try_propose(SHANGHAI, action.clone()), Err(Code::SuccessionProvinceDecides));
    council.pass(SHANGHAI, Action::ProvinceStatus { province: gone.code, change: StatusChange::Remove });
    let revoke = LicenceOperation::Revoke(change("a"));
    assert_eq!(council.network.try_one(&gone.issuer.key, revoke.clone()).unwrap_err(), Code::ProvinceRemoved);
    assert_eq!(council.network.try_one(&heir.issuer.key, revoke.clone()).unwrap_err(), Code::LicenceIssuerMismatch);
    council.pass(SHANGHAI, action);
    council.network.must(&heir.issuer.key, revoke);
}
