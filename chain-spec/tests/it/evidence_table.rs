//! The evidence family: every kind against every kind of signer, and every step of a share in each of its states.

use huxin_chain_spec::codes::Code;
use huxin_chain_spec::crypto::SigningKey;
use huxin_chain_spec::record::EvidenceOperation;
use huxin_chain_spec::record::evidence::{About, Material, MaterialDemand};
use huxin_chain_spec::record::membership::Permissions;
use huxin_chain_spec::state::StateKey;
use huxin_chain_spec::state::evidence::{CaseEvidenceState, MaterialState, RatingState, ShareState, ShareStatus};

use crate::support::*;

use EvidenceOperation as Op;
use ShareStatus as S;

/// Steps of a share, in the order of the columns of [`TABLE`].
pub const STEPS: [&str; 5] = ["request", "approve", "deny", "deliver", "return"];

type Cell = Result<ShareStatus, Code>;

const DUPLICATE: Cell = Err(Code::EvidenceShareDuplicate);
const ANSWERED: Cell = Err(Code::EvidenceShareAnswered);
const NOT_APPROVED: Cell = Err(Code::EvidenceShareNotApproved);
const DENIED: Cell = Err(Code::EvidenceShareDenied);
const DELIVERED: Cell = Err(Code::EvidenceShareDelivered);
const NO_DELIVERY: Cell = Err(Code::EvidenceShareNotDelivered);

/// What an entitled signer gets. Written out by hand, so that it does not follow the code.
#[rustfmt::skip]
const TABLE: [(ShareStatus, [Cell; 5]); 5] = [
    // status       request    approve          deny           deliver           return
    (S::Requested, [DUPLICATE, Ok(S::Approved), Ok(S::Denied), NOT_APPROVED,     NO_DELIVERY]),
    (S::Approved,  [DUPLICATE, ANSWERED,        ANSWERED,      Ok(S::Delivered), NO_DELIVERY]),
    (S::Denied,    [DUPLICATE, DENIED,          DENIED,        DENIED,           DENIED]),
    (S::Delivered, [DUPLICATE, ANSWERED,        ANSWERED,      DELIVERED,        Ok(S::Returned)]),
    (S::Returned,  [DUPLICATE, ANSWERED,        ANSWERED,      Ok(S::Delivered), NO_DELIVERY]),
];

pub fn step(kind: &str, name: &str) -> EvidenceOperation {
    match kind {
        "request" => Op::ShareRequest(share_request(name)),
        "approve" => Op::ShareApprove(share_answer(name)),
        "deny" => Op::ShareDeny(share_answer(name)),
        "deliver" => Op::ShareDeliver(share_delivery(name)),
        "return" => Op::ShareReturn(share_return(name)),
        other => panic!("{other}"),
    }
}

/// Opens a share and brings it into a status.
pub fn bring_into(bench: &mut EvidenceBench, name: &str, status: ShareStatus) {
    let steps: &[&str] = match status {
        S::Requested => &[],
        S::Approved => &["approve"],
        S::Denied => &["deny"],
        S::Delivered => &["approve", "deliver"],
        S::Returned => &["approve", "deliver", "return"],
    };
    let (provider, requester) = (bench.home(), bench.network.issuer(JIANGSU));
    bench.must(&requester, step("request", name));
    for kind in steps {
        let signer = if *kind == "return" { &requester } else { &provider };
        bench.must(signer, step(kind, name));
    }
    assert_eq!(share(bench, name).status, status);
}

pub fn share(bench: &EvidenceBench, name: &str) -> ShareState {
    bench.read(&StateKey::Share(share_named(name))).unwrap()
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Role {
    Provider,
    Requester,
    Third,
    /// Of the provider, without the permission.
    Powerless,
}

#[test]
fn every_step_in_every_state_by_every_signer() {
    let mut bench = EvidenceBench::new();
    let registrar = bench.network.registrar(SHANGHAI);
    let home = bench.network.provinces[SHANGHAI].issuer.organisation;
    bench.network.must(&registrar, key_add(&key("powerless"), home, Permissions::none()));
    for status in S::ALL {
        bring_into(&mut bench, &format!("{status:?}"), status);
    }
    let mut accepted = 0;
    for (status, row) in TABLE {
        let name = format!("{status:?}");
        for (kind, entitled) in STEPS.iter().zip(row) {
            for role in [Role::Provider, Role::Requester, Role::Third, Role::Powerless] {
                let signer = signer(&bench, role);
                let found = bench.try_one(&signer, step(kind, &name)).map(|changes| {
                    let bytes = &changes.states[&StateKey::Share(share_named(&name))];
                    huxin_chain_spec::codec::decode::<ShareState>(bytes, 65_536).unwrap().status
                });
                assert_eq!(found, expected(entitled, kind, role), "{status:?} {kind} {role:?}");
                accepted += u32::from(found.is_ok());
            }
        }
    }
    assert_eq!(accepted, 5, "one signer for each allowed cell");
}

fn signer(bench: &EvidenceBench, role: Role) -> SigningKey {
    match role {
        Role::Provider => bench.home(),
        Role::Requester => bench.network.issuer(JIANGSU),
        Role::Third => bench.network.issuer(ZHEJIANG),
        Role::Powerless => key("powerless"),
    }
}

fn expected(entitled: Cell, kind: &str, role: Role) -> Cell {
    if role == Role::Powerless {
        return Err(Code::KeyNotPermitted);
    }
    // The state is checked before the party.
    let status = entitled?;
    match (kind, role) {
        ("return", Role::Requester) => Ok(status),
        ("return", _) => Err(Code::EvidenceShareNotRequester),
        (_, Role::Provider) => Ok(status),
        _ => Err(Code::EvidenceShareNotProvider),
    }
}

/// Every kind is open to a key with `evidence`, and closed to one with everything else.
#[test]
fn every_kind_needs_the_permission() {
    let mut bench = EvidenceBench::new();
    let registrar = bench.network.registrar(SHANGHAI);
    let home = bench.network.provinces[SHANGHAI].issuer.organisation;
    let only = Permissions { evidence: true, ..Permissions::none() };
    let all_but = Permissions { evidence: false, ..Permissions::agency() };
    bench.network.must(&registrar, key_add(&key("only"), home, only));
    bench.network.must(&registrar, key_add(&key("all but"), home, all_but));
    let mut steps: Vec<EvidenceOperation> = STEPS[1..].iter().map(|kind| step(kind, "unknown")).collect();
    for operation in all_evidence() {
        let refused = bench.try_one(&key("all but"), operation.clone()).err();
        assert_eq!(refused, Some(Code::KeyNotPermitted), "{}", operation.name());
        if !matches!(operation, Op::Session(_)) {
            // A session is recorded by a key that took part.
            bench.try_one(&key("only"), operation.clone()).unwrap();
        }
        let home = bench.home();
        bench.try_one(&home, operation).unwrap();
    }
    for operation in steps.drain(..) {
        assert_eq!(bench.try_one(&key("all but"), operation.clone()).err(), Some(Code::KeyNotPermitted));
        assert_eq!(bench.try_one(&key("only"), operation).err(), Some(Code::EvidenceShareUnknown));
    }
}

/// May this material be demanded again? A read says so, and a demand in spite of it is on record.
#[test]
fn a_repeated_demand_is_counted() {
    let mut bench = EvidenceBench::new();
    let home = bench.home();
    let there = bench.network.issuer(ANHUI);
    let of = |province: usize| {
        let organisation = provinces()[province].issuer.organisation;
        StateKey::Material(organisation, subject("s"), "CL-001".parse().unwrap())
    };
    let held_by = Some(provinces()[SHANGHAI].issuer.organisation);
    let elsewhere = Op::MaterialDemand(MaterialDemand { held_by, ..material_demand() });
    bench.must(&home, Op::MaterialDemand(material_demand()));
    bench.must(&there, elsewhere.clone());
    for address in [of(SHANGHAI), of(ANHUI)] {
        let state: MaterialState = bench.read(&address).unwrap();
        assert_eq!((state.demands, state.repeated_demands, state.repeated), (1, 0, false), "nothing was on file");
    }
    let first = bench.must(&home, Op::Material(material()));
    let state: MaterialState = bench.read(&of(SHANGHAI)).unwrap();
    assert!(state.serves_at(bench.time()));
    let demand = bench.must(&there, elsewhere.clone());
    let state: MaterialState = bench.read(&of(ANHUI)).unwrap();
    assert_eq!((state.demands, state.repeated_demands, state.repeated), (2, 1, true), "Shanghai has it");
    assert_eq!((state.first, state.latest_demand), (None, Some(demand)));
    let demand = bench.must(&home, Op::MaterialDemand(material_demand()));
    let second = bench.must(&home, Op::Material(material()));
    let state: MaterialState = bench.read(&of(SHANGHAI)).unwrap();
    assert_eq!((state.first, state.latest, state.latest_demand), (Some(first), Some(second), Some(demand)));
    assert_eq!((state.demands, state.repeated_demands, state.repeated), (2, 1, true));
    assert_eq!((state.materials, state.repeated_materials), (2, 1));
    // What cannot be shared, or serves no longer, may be asked for again.
    let until = bench.time().plus_ms(1);
    let ending = huxin_chain_spec::record::evidence::Material { valid_until_ms: Some(until), ..material() };
    bench.must(&home, Op::Material(ending));
    bench.must(&home, Op::MaterialDemand(material_demand()));
    bench.must(&there, elsewhere);
    let state: MaterialState = bench.read(&of(SHANGHAI)).unwrap();
    assert_eq!((state.demands, state.repeated_demands, state.repeated), (3, 1, false));
    let state: MaterialState = bench.read(&of(ANHUI)).unwrap();
    assert_eq!((state.demands, state.repeated_demands, state.repeated), (3, 1, false));
}

/// One entry stood for all organisations: Zhejiang could put junk in the place of what Shanghai had on file, and the applicant could be
/// asked for it again.
#[test]
fn attack_overwriting_what_another_has_on_file() {
    let mut bench = EvidenceBench::new();
    let (home, there) = (bench.home(), bench.network.issuer(ZHEJIANG));
    let address = StateKey::Material(
        bench.network.provinces[SHANGHAI].issuer.organisation,
        subject("s"),
        "CL-001".parse().unwrap(),
    );
    bench.must(&home, Op::Material(material()));
    let before: MaterialState = bench.read(&address).unwrap();
    let about = About { case: None, ..about_subject() };
    let junk = Material { about, shareable: false, document: document("junk"), ..material() };
    bench.must(&there, Op::Material(junk));
    assert_eq!(bench.read::<MaterialState>(&address), Some(before));
}

/// There was one rating of a case: whoever came first, such as the agency that decides it, kept the citizen's off the ledger.
#[test]
fn attack_rating_a_case_before_others_do() {
    let mut bench = EvidenceBench::new();
    let (decider, window) = (bench.network.issuer(JIANGSU), bench.home());
    let rating = all_evidence().into_iter().find(|operation| matches!(operation, Op::Rating(_))).unwrap();
    for signer in [decider, window] {
        bench.must(&signer, rating.clone());
        assert_eq!(bench.try_one(&signer, rating.clone()).err(), Some(Code::EvidenceRatingExists));
    }
}

#[test]
fn what_is_counted_of_a_case() {
    let mut bench = EvidenceBench::new();
    let home = bench.home();
    let mut last = None;
    for operation in all_evidence() {
        let archives = matches!(operation, Op::ArchiveDeposit(_));
        let record = bench.must(&home, operation);
        last = if archives { Some(record) } else { last };
    }
    let visit = all_evidence().into_iter().find(|operation| matches!(operation, Op::Visit(_))).unwrap();
    bench.must(&home, visit);
    let state: CaseEvidenceState = bench.read(&StateKey::CaseEvidence(case("c"))).unwrap();
    assert_eq!((state.visits, state.sessions, state.deliveries, state.archived_by), (2, 1, 1, last));
    assert!(state.published_by.is_some());
    let rating: RatingState =
        bench.read(&StateKey::Rating(case("c"), provinces()[SHANGHAI].issuer.organisation)).unwrap();
    assert_eq!(rating.level, huxin_chain_spec::record::evidence::RatingLevel::Dissatisfied);
}

/// That an answer is overdue follows from the state; it is never submitted.
#[test]
fn an_overdue_answer_is_derived() {
    let mut bench = EvidenceBench::new();
    bring_into(&mut bench, "r", S::Requested);
    let state = share(&bench, "r");
    assert!(!state.is_overdue(state.due_ms) && state.is_overdue(state.due_ms.plus_ms(1)));
    let home = bench.home();
    bench.must(&home, step("approve", "r"));
    let state = share(&bench, "r");
    assert!(!state.is_overdue(state.due_ms.plus_ms(1)));
    assert!(state.answered_ms.is_some());
}
