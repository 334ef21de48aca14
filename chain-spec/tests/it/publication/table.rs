//! Every kind in every scope, in every state, against every operation and every kind of signer.

use huxin_chain_spec::codes::Code;
use huxin_chain_spec::crypto::SigningKey;
use huxin_chain_spec::record::Operation;
use huxin_chain_spec::state::publication::{DraftStatus, Force, PublicationState, PublicationStatus};

use super::*;

use DraftStatus as D;
use Force as F;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Sig {
    One,
    All,
    TwoThirds,
    Parties,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Who {
    Agency,
    Authority,
}

use Sig::*;
use Who::*;

type Row = Option<(Sig, u16, Who)>;

/// Signatures, days of consultation, publisher; of all provinces together, and of one. Written out by hand.
#[rustfmt::skip]
const KINDS: [(PublicationKind, Row, Row); 16] = [
    // kind              consortium                         province
    (K::ItemList,        Some((All, 30, Authority)),        Some((One, 30, Authority))),
    (K::Item,            Some((TwoThirds, 0, Authority)),   Some((One, 0, Agency))),
    (K::Guide,           Some((TwoThirds, 0, Authority)),   Some((One, 0, Agency))),
    (K::ExceptionList,   None,                              Some((One, 30, Authority))),
    (K::PowerList,       None,                              Some((One, 0, Authority))),
    (K::NegativeList,    None,                              Some((One, 0, Authority))),
    (K::DataCatalogue,   Some((TwoThirds, 0, Authority)),   Some((One, 0, Agency))),
    (K::Calendar,        Some((TwoThirds, 0, Authority)),   Some((One, 0, Authority))),
    (K::Agreement,       Some((Parties, 0, Authority)),     Some((Parties, 0, Authority))),
    (K::Rule,            Some((All, 0, Authority)),         Some((One, 0, Authority))),
    (K::Policy,          Some((All, 0, Authority)),         Some((One, 0, Agency))),
    (K::AbolishedProofs, Some((All, 0, Authority)),         Some((One, 0, Authority))),
    (K::DutyAssignment,  Some((Parties, 0, Authority)),     Some((Parties, 0, Authority))),
    (K::Mandate,         None,                              Some((One, 0, Agency))),
    (K::Delegation,      None,                              Some((Parties, 0, Agency))),
    (K::ItemMapping,     Some((TwoThirds, 0, Authority)),   Some((One, 0, Authority))),
];

#[derive(Debug, Clone, Copy, PartialEq)]
enum Role {
    Authority,
    Agency,
    OtherAgency,
    NeighbourAuthority,
    WithoutPermission,
    Registrar,
}

const ROLES: [Role; 6] = [
    Role::Authority,
    Role::Agency,
    Role::OtherAgency,
    Role::NeighbourAuthority,
    Role::WithoutPermission,
    Role::Registrar,
];

const OPERATIONS: [&str; 7] =
    ["publish", "draft", "close_consultation", "co_sign", "withdraw", "repeal", "acknowledge"];

fn signer(bench: &Bench, role: Role) -> SigningKey {
    match role {
        Role::Authority => authority(SHANGHAI),
        Role::Agency => bench.agency().key,
        Role::OtherAgency => bench.other.key.clone(),
        Role::NeighbourAuthority => authority(JIANGSU),
        Role::WithoutPermission => key("powerless"),
        Role::Registrar => bench.network.registrar(SHANGHAI),
    }
}

/// One cell's question, apart from operation and signer.
#[derive(Debug, Clone, Copy)]
struct Place {
    kind: PublicationKind,
    is_consortium: bool,
    rule: (Sig, u16, Who),
    status: PublicationStatus,
    /// Whether the window of an open consultation has ended.
    window_over: bool,
}

/// What the state allows regardless of the signer: the status after, or the refusal.
fn by_state(place: Place, operation: &str) -> Result<PublicationStatus, Code> {
    let PublicationStatus { force, draft } = place.status;
    let (sig, days, _) = place.rule;
    let to = |force, draft| Ok(PublicationStatus { force, draft });
    match (operation, draft) {
        ("draft", D::None) => to(force, D::Consulting),
        ("draft", _) => Err(Code::PublicationDraftPending),
        ("close_consultation" | "co_sign" | "withdraw", D::None) => Err(Code::PublicationNoDraft),
        ("close_consultation", D::Consulting) if sig == One => to(force, D::Approved),
        ("close_consultation", D::Consulting) => to(force, D::Signing),
        ("close_consultation", _) => Err(Code::PublicationNotConsulting),
        ("co_sign" | "publish", D::Consulting) => Err(Code::PublicationConsultationOpen),
        // The drafts in status SIGNING here have no signatures yet, and need at least two.
        ("co_sign", D::Signing) => to(force, D::Signing),
        ("co_sign", D::Approved) => to(force, D::Approved),
        ("withdraw", _) => to(force, D::None),
        ("publish", D::Approved) => to(F::InForce, D::None),
        ("publish", D::Signing) => Err(Code::PublicationSignaturesMissing),
        ("publish", D::None) if days > 0 => Err(Code::PublicationConsultationMissing),
        ("publish", D::None) if sig != One => Err(Code::PublicationSignaturesMissing),
        ("publish", D::None) => to(F::InForce, D::None),
        ("repeal", _) if force != F::InForce => Err(Code::PublicationNotInForce),
        ("repeal", _) if sig == One || place.kind == K::Delegation => to(F::Repealed, draft),
        ("repeal", _) => to(F::InForce, draft),
        ("acknowledge", _) if force == F::Unpublished => Err(Code::PublicationVersionUnknown),
        ("acknowledge", _) => to(force, draft),
        other => panic!("{other:?}"),
    }
}

/// Who may prepare, publish and end it.
fn by_publisher(place: Place, role: Role) -> Result<(), Code> {
    let (_, _, who) = place.rule;
    let owned = place.status.force != F::Unpublished;
    match role {
        Role::Authority => Ok(()),
        Role::NeighbourAuthority if place.is_consortium => Ok(()),
        Role::NeighbourAuthority => Err(Code::PublicationWrongProvince),
        Role::Agency | Role::OtherAgency if who == Authority => Err(Code::PublicationNotAuthority),
        Role::Agency => Ok(()),
        Role::OtherAgency if owned => Err(Code::PublicationNotOwner),
        Role::OtherAgency => match place.kind {
            K::Item | K::Guide => Err(Code::PublicationItemNotOwn),
            K::Mandate | K::Delegation => Err(Code::PublicationMandatePrincipal),
            _ => Ok(()),
        },
        Role::WithoutPermission | Role::Registrar => unreachable!(),
    }
}

fn by_lead(place: Place, role: Role) -> Result<(), Code> {
    match role {
        Role::Authority => Ok(()),
        Role::Agency if place.rule.2 == Agency => Ok(()),
        _ => Err(Code::PublicationNotLead),
    }
}

fn by_signer(place: Place, role: Role, signed: bool) -> Result<(), Code> {
    match role {
        Role::NeighbourAuthority if place.rule.0 == One => Err(Code::PublicationNotSigner),
        Role::Authority | Role::NeighbourAuthority if signed => Err(Code::PublicationAlreadySigned),
        Role::Authority | Role::NeighbourAuthority => Ok(()),
        _ => Err(Code::PublicationNotAuthority),
    }
}

fn expected(place: Place, operation: &str, role: Role) -> Result<PublicationStatus, Code> {
    if matches!(role, Role::WithoutPermission | Role::Registrar) {
        return Err(Code::KeyNotPermitted);
    }
    if operation == "draft" && role == Role::NeighbourAuthority && place.status.draft != D::None {
        // It prepares its own, beside the other; the status is that of the older.
        by_publisher(place, role)?;
        return Ok(place.status);
    }
    let after = by_state(place, operation)?;
    let draft = place.status.draft;
    match operation {
        "draft" => by_publisher(place, role)?,
        "publish" if draft == D::None => by_publisher(place, role)?,
        "publish" | "withdraw" => by_lead(place, role)?,
        "close_consultation" => {
            by_lead(place, role)?;
            if !place.window_over {
                return Err(Code::PublicationConsultationOpen);
            }
        }
        "co_sign" => by_signer(place, role, draft == D::Approved)?,
        "repeal" if place.kind == K::Delegation => {
            by_publisher(place, role).or_else(|_| by_signer(place, role, false))?;
        }
        "repeal" if place.rule.0 == One => by_publisher(place, role)?,
        "repeal" => by_signer(place, role, false)?,
        _ => {}
    }
    Ok(after)
}

fn operation(bench: &Bench, subject: &Subject, version: u32, name: &str) -> P {
    match name {
        "publish" => subject.publish(version + 1),
        "draft" => subject.draft(version + 1, Some(bench.window())),
        "close_consultation" => subject.close(version + 1),
        "co_sign" => subject.co_sign(version + 1),
        "withdraw" => subject.withdraw(version + 1),
        "repeal" => subject.repeal(version),
        "acknowledge" => subject.acknowledge(version),
        other => panic!("{other}"),
    }
}

/// Brings one publication into each status it can have, those with an open consultation last.
fn bring_into_all(bench: &mut Bench) -> Vec<(Place, Subject)> {
    let mut places = Vec::new();
    for (kind, consortium, province) in KINDS {
        for (scope, rule) in [(Scope::Consortium, consortium), (bench.shanghai(), province)] {
            let Some(rule) = rule else { continue };
            let statuses = Force::ALL.into_iter().flat_map(|force| DraftStatus::ALL.map(|draft| (force, draft)));
            for (serial, (force, draft)) in statuses.enumerate() {
                // A province that signs alone has signed with the draft.
                if draft == D::Signing && rule.0 == One {
                    continue;
                }
                let status = PublicationStatus { force, draft };
                let is_consortium = scope == Scope::Consortium;
                let place = Place { kind, is_consortium, rule, status, window_over: false };
                places.push((place, bench.subject(kind, scope, serial)));
            }
        }
    }
    for (place, subject) in &places {
        if place.kind == K::Guide {
            let item = bench.item_of(subject);
            bench.enact(&item, 1);
        }
        if place.status.force != F::Unpublished {
            bench.enact(subject, 1);
        }
        if place.status.force == F::Repealed {
            bench.repeal(subject, 1);
        }
    }
    // All consultations at once: a draft that is let lie for a year has another rule.
    let drafted = |place: &Place| matches!(place.status.draft, D::Signing | D::Approved);
    for (place, subject) in places.iter().filter(|(place, _)| drafted(place)) {
        let version = if place.status.force == F::Unpublished { 1 } else { 2 };
        bench.draft(subject, version, place.rule.1 > 0);
    }
    for (place, subject) in places.iter().filter(|(place, _)| drafted(place)) {
        bench.close(subject);
        if place.status.draft == D::Approved {
            bench.co_sign(subject);
        }
    }
    for (place, subject) in &places {
        if place.status.draft == D::Consulting {
            let version = bench.state(&subject.key).version + 1;
            bench.draft(subject, version, true);
        }
    }
    places
}

#[test]
fn every_kind_every_status_every_operation_every_signer() {
    let mut bench = Bench::new();
    let places = bring_into_all(&mut bench);
    for (place, subject) in &places {
        assert_eq!(bench.status(&subject.key), place.status, "{place:?}");
    }
    let mut counts = (0, 0);
    for window_over in [false, true] {
        if window_over {
            let closes = bench.network.next_ms().plus_ms(CONSULTATION_DAYS * DAY_MS);
            bench.wait_until(closes);
        }
        for (place, subject) in &places {
            let place = Place { window_over, ..*place };
            if window_over && place.status.draft != D::Consulting {
                continue;
            }
            let version = bench.state(&subject.key).version;
            for name in OPERATIONS {
                for role in ROLES {
                    let operation = operation(&bench, subject, version, name);
                    let found = bench.network.try_one(&signer(&bench, role), Operation::Publication(operation));
                    let address = StateKey::Publication(subject.key.clone());
                    let found = found.map(|executed| match executed.changes.states.contains_key(&address) {
                        true => written::<PublicationState>(&executed, &address).status(),
                        false => place.status,
                    });
                    assert_eq!(found, expected(place, name, role), "{place:?} {name} {role:?}");
                    counts = if found.is_ok() { (counts.0 + 1, counts.1) } else { (counts.0, counts.1 + 1) };
                }
            }
        }
    }
    for (place, subject) in &places {
        assert_eq!(bench.status(&subject.key), place.status, "trials changed nothing");
    }
    // 11 rows of all provinces and 3 of one have signatures to wait for: 12 statuses; the 13 others have 9.
    assert_eq!(places.len(), 14 * 12 + 13 * 9);
    assert!(counts.0 > 2000 && counts.1 > 5000, "{counts:?}");
}

/// Kinds that only a province has cannot be published by all together, whatever is tried and by whom.
#[test]
fn scopes_that_do_not_exist() {
    let mut bench = Bench::new();
    for (kind, consortium, _) in KINDS {
        if consortium.is_some() {
            continue;
        }
        let subject = bench.subject(kind, Scope::Consortium, 1);
        for name in OPERATIONS {
            let operation = operation(&bench, &subject, 0, name);
            let refused = bench.try_one(&authority(SHANGHAI), operation);
            assert_eq!(refused, Err(Code::PublicationScopeNotAllowed), "{kind:?} {name}");
        }
    }
}

/// Nothing of one province can be prepared or published from another, by any signer.
#[test]
fn another_provinces_scope() {
    let mut bench = Bench::new();
    let jiangsu = Scope::Province(bench.network.provinces[JIANGSU].code);
    for (kind, _, rule) in KINDS {
        let subject = bench.subject(kind, jiangsu, 1);
        for role in [Role::Authority, Role::Agency, Role::OtherAgency] {
            let signer = signer(&bench, role);
            let window = Some(bench.window());
            let refused = bench.try_one(&signer, subject.draft(1, window));
            assert_eq!(refused, Err(Code::PublicationWrongProvince), "{kind:?} {role:?}");
            if rule.is_some_and(|(sig, days, _)| sig == One && days == 0) {
                let refused = bench.try_one(&signer, subject.publish(1));
                assert_eq!(refused, Err(Code::PublicationWrongProvince), "{kind:?} {role:?}");
            }
        }
    }
}
