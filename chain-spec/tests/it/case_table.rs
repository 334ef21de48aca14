//! The case family: every status against every step and every kind of signer.

use huxin_chain_spec::codes::Code;
use huxin_chain_spec::crypto::KeyId;
use huxin_chain_spec::record::CaseOperation;
use huxin_chain_spec::record::case::DeliveryChannel;
use huxin_chain_spec::record::membership::Permissions;
use huxin_chain_spec::record::publication::{CaseMode, PublicationKey};
use huxin_chain_spec::state::StateKey;
use huxin_chain_spec::state::case::{CaseState, CaseStatus};

use crate::support::case_words::*;
use crate::support::*;

use CaseStatus as S;

type Cell = Result<CaseStatus, Code>;

/// Steps, in the order of the columns of [`TABLE`].
const KINDS: [&str; 22] = [
    "collect",
    "check",
    "send",
    "acknowledge",
    "bounce",
    "request_correction",
    "resubmit",
    "accept",
    "accept_conditionally",
    "fulfil",
    "not_accept",
    "pause",
    "resume",
    "relay",
    "grant",
    "refuse",
    "result",
    "deliver",
    "close",
    "archive",
    "withdraw",
    "notify",
];

const DUPLICATE: Cell = Err(Code::CaseDuplicate);
const FINAL: Cell = Err(Code::CaseFinalState);
const DECIDED: Cell = Err(Code::CaseAlreadyDecided);
const NO_COLLECTION: Cell = Err(Code::CaseNotCollected);
const NO_CHECK: Cell = Err(Code::CaseNotChecked);
const NOT_SENT: Cell = Err(Code::CaseNotSent);
const NOT_RECEIVED: Cell = Err(Code::CaseNotReceived);
const NO_CORRECTION: Cell = Err(Code::CaseNoOpenCorrection);
const NOT_ACCEPTED: Cell = Err(Code::CaseNotAccepted);
const NOT_OWED: Cell = Err(Code::CaseNotConditional);
const OWED: Cell = Err(Code::CaseMaterialsOwed);
const PAUSED: Cell = Err(Code::CasePaused);
const NOT_PAUSED: Cell = Err(Code::CaseNotPaused);
const NOT_GRANTED: Cell = Err(Code::CaseNotGranted);
const NO_RESULT: Cell = Err(Code::CaseNoResult);
const NOT_DELIVERED: Cell = Err(Code::CaseNotDelivered);
const NOT_CLOSED: Cell = Err(Code::CaseNotClosed);
/// Cases of this table are in no bundle, so their notice gets past the table and no further.
const ALONE: Cell = Err(Code::CaseNotInBundle);

/// What an entitled signer gets. Written out by hand, so that it does not follow the code.
#[rustfmt::skip]
const TABLE: [(CaseStatus, [Cell; 22]); 20] = [
    // status              collect    check          send          acknowledge           bounce          correction            resubmit             accept             conditionally         fulfil           not_accept            pause                       resume                 relay                   grant             refuse            result           deliver             close            archive            withdraw            notify
    (S::Collected,        [DUPLICATE, Ok(S::Checked), NO_CHECK,    NOT_SENT,             NOT_SENT,       NOT_RECEIVED,         NO_CORRECTION,       NOT_RECEIVED,      NOT_RECEIVED,         NOT_OWED,        NOT_RECEIVED,         NOT_ACCEPTED,               NOT_PAUSED,            NOT_ACCEPTED,           NOT_ACCEPTED,     NOT_ACCEPTED,     NOT_GRANTED,     NO_RESULT,          NOT_DELIVERED,   NOT_CLOSED,        Ok(S::Withdrawn),   NOT_GRANTED]),
    (S::Checked,          [DUPLICATE, NO_COLLECTION, Ok(S::Sent),  NOT_SENT,             NOT_SENT,       NOT_RECEIVED,         NO_CORRECTION,       NOT_RECEIVED,      NOT_RECEIVED,         NOT_OWED,        NOT_RECEIVED,         NOT_ACCEPTED,               NOT_PAUSED,            NOT_ACCEPTED,           NOT_ACCEPTED,     NOT_ACCEPTED,     NOT_GRANTED,     NO_RESULT,          NOT_DELIVERED,   NOT_CLOSED,        Ok(S::Withdrawn),   NOT_GRANTED]),
    (S::Sent,             [DUPLICATE, NO_COLLECTION, NO_CHECK,     Ok(S::Acknowledged),  Ok(S::Bounced), NOT_RECEIVED,         NO_CORRECTION,       NOT_RECEIVED,      NOT_RECEIVED,         NOT_OWED,        NOT_RECEIVED,         NOT_ACCEPTED,               NOT_PAUSED,            NOT_ACCEPTED,           NOT_ACCEPTED,     NOT_ACCEPTED,     NOT_GRANTED,     NO_RESULT,          NOT_DELIVERED,   NOT_CLOSED,        Ok(S::Withdrawn),   NOT_GRANTED]),
    (S::Acknowledged,     [DUPLICATE, NO_COLLECTION, NO_CHECK,     NOT_SENT,             NOT_SENT,       Ok(S::Correction),    NO_CORRECTION,       Ok(S::Accepted),   Ok(S::Conditional),   NOT_OWED,        Ok(S::NotAccepted),   NOT_ACCEPTED,               NOT_PAUSED,            NOT_ACCEPTED,           NOT_ACCEPTED,     NOT_ACCEPTED,     NOT_GRANTED,     NO_RESULT,          NOT_DELIVERED,   NOT_CLOSED,        Ok(S::Withdrawn),   NOT_GRANTED]),
    (S::DeemedReceived,   [DUPLICATE, NO_COLLECTION, NO_CHECK,     Ok(S::Acknowledged),  NOT_SENT,       Ok(S::Correction),    NO_CORRECTION,       Ok(S::Accepted),   Ok(S::Conditional),   NOT_OWED,        Ok(S::NotAccepted),   NOT_ACCEPTED,               NOT_PAUSED,            NOT_ACCEPTED,           NOT_ACCEPTED,     NOT_ACCEPTED,     NOT_GRANTED,     NO_RESULT,          NOT_DELIVERED,   NOT_CLOSED,        Ok(S::Withdrawn),   NOT_GRANTED]),
    (S::Bounced,          [DUPLICATE, FINAL,         FINAL,        FINAL,                FINAL,          FINAL,                FINAL,               FINAL,             FINAL,                FINAL,           FINAL,                FINAL,                      FINAL,                 FINAL,                  FINAL,            FINAL,            FINAL,           FINAL,              FINAL,           FINAL,             FINAL,              FINAL]),
    (S::Correction,       [DUPLICATE, NO_COLLECTION, NO_CHECK,     NOT_SENT,             NOT_SENT,       NOT_RECEIVED,         Ok(S::Resubmitted),  NOT_RECEIVED,      NOT_RECEIVED,         NOT_OWED,        NOT_RECEIVED,         NOT_ACCEPTED,               NOT_PAUSED,            NOT_ACCEPTED,           NOT_ACCEPTED,     NOT_ACCEPTED,     NOT_GRANTED,     NO_RESULT,          NOT_DELIVERED,   NOT_CLOSED,        Ok(S::Withdrawn),   NOT_GRANTED]),
    (S::Resubmitted,      [DUPLICATE, NO_COLLECTION, NO_CHECK,     Ok(S::Acknowledged),  NOT_SENT,       NOT_RECEIVED,         NO_CORRECTION,       NOT_RECEIVED,      NOT_RECEIVED,         NOT_OWED,        NOT_RECEIVED,         NOT_ACCEPTED,               NOT_PAUSED,            NOT_ACCEPTED,           NOT_ACCEPTED,     NOT_ACCEPTED,     NOT_GRANTED,     NO_RESULT,          NOT_DELIVERED,   NOT_CLOSED,        Ok(S::Withdrawn),   NOT_GRANTED]),
    (S::Accepted,         [DUPLICATE, NO_COLLECTION, NO_CHECK,     NOT_SENT,             NOT_SENT,       NOT_RECEIVED,         NO_CORRECTION,       NOT_RECEIVED,      NOT_RECEIVED,         NOT_OWED,        NOT_RECEIVED,         Ok(S::Paused),              NOT_PAUSED,            Ok(S::DeemedReceived),  Ok(S::Granted),   Ok(S::Refused),   NOT_GRANTED,     NO_RESULT,          NOT_DELIVERED,   NOT_CLOSED,        Ok(S::Withdrawn),   NOT_GRANTED]),
    (S::Conditional,      [DUPLICATE, NO_COLLECTION, NO_CHECK,     NOT_SENT,             NOT_SENT,       NOT_RECEIVED,         NO_CORRECTION,       NOT_RECEIVED,      NOT_RECEIVED,         Ok(S::Accepted), NOT_RECEIVED,         Ok(S::ConditionalPaused),   NOT_PAUSED,            OWED,                   OWED,             Ok(S::Refused),   NOT_GRANTED,     NO_RESULT,          NOT_DELIVERED,   NOT_CLOSED,        Ok(S::Withdrawn),   NOT_GRANTED]),
    (S::Paused,           [DUPLICATE, NO_COLLECTION, NO_CHECK,     NOT_SENT,             NOT_SENT,       NOT_RECEIVED,         NO_CORRECTION,       NOT_RECEIVED,      NOT_RECEIVED,         NOT_OWED,        NOT_RECEIVED,         PAUSED,                     Ok(S::Accepted),       PAUSED,                 PAUSED,           PAUSED,           NOT_GRANTED,     NO_RESULT,          NOT_DELIVERED,   NOT_CLOSED,        Ok(S::Withdrawn),   NOT_GRANTED]),
    (S::ConditionalPaused,[DUPLICATE, NO_COLLECTION, NO_CHECK,     NOT_SENT,             NOT_SENT,       NOT_RECEIVED,         NO_CORRECTION,       NOT_RECEIVED,      NOT_RECEIVED,         Ok(S::Paused),   NOT_RECEIVED,         PAUSED,                     Ok(S::Conditional),    PAUSED,                 PAUSED,           PAUSED,           NOT_GRANTED,     NO_RESULT,          NOT_DELIVERED,   NOT_CLOSED,        Ok(S::Withdrawn),   NOT_GRANTED]),
    (S::NotAccepted,      [DUPLICATE, FINAL,         FINAL,        FINAL,                FINAL,          FINAL,                FINAL,               FINAL,             FINAL,                FINAL,           FINAL,                FINAL,                      FINAL,                 FINAL,                  FINAL,            FINAL,            FINAL,           FINAL,              FINAL,           FINAL,             FINAL,              FINAL]),
    (S::Withdrawn,        [DUPLICATE, FINAL,         FINAL,        FINAL,                FINAL,          FINAL,                FINAL,               FINAL,             FINAL,                FINAL,           FINAL,                FINAL,                      FINAL,                 FINAL,                  FINAL,            FINAL,            FINAL,           FINAL,              FINAL,           FINAL,             FINAL,              FINAL]),
    (S::Granted,          [DUPLICATE, DECIDED,       DECIDED,      DECIDED,              DECIDED,        DECIDED,              DECIDED,             DECIDED,           DECIDED,              DECIDED,         DECIDED,              DECIDED,                    DECIDED,               DECIDED,                DECIDED,          DECIDED,          Ok(S::Result),   NO_RESULT,          NOT_DELIVERED,   NOT_CLOSED,        DECIDED,            ALONE]),
    (S::Refused,          [DUPLICATE, DECIDED,       DECIDED,      DECIDED,              DECIDED,        DECIDED,              DECIDED,             DECIDED,           DECIDED,              DECIDED,         DECIDED,              DECIDED,                    DECIDED,               DECIDED,                DECIDED,          DECIDED,          NOT_GRANTED,     Ok(S::Delivered),   NOT_DELIVERED,   NOT_CLOSED,        DECIDED,            NOT_GRANTED]),
    (S::Result,           [DUPLICATE, DECIDED,       DECIDED,      DECIDED,              DECIDED,        DECIDED,              DECIDED,             DECIDED,           DECIDED,              DECIDED,         DECIDED,              DECIDED,                    DECIDED,               DECIDED,                DECIDED,          DECIDED,          NOT_GRANTED,     Ok(S::Delivered),   NOT_DELIVERED,   NOT_CLOSED,        DECIDED,            ALONE]),
    (S::Delivered,        [DUPLICATE, DECIDED,       DECIDED,      DECIDED,              DECIDED,        DECIDED,              DECIDED,             DECIDED,           DECIDED,              DECIDED,         DECIDED,              DECIDED,                    DECIDED,               DECIDED,                DECIDED,          DECIDED,          NOT_GRANTED,     NO_RESULT,          Ok(S::Closed),   NOT_CLOSED,        DECIDED,            ALONE]),
    (S::Closed,           [DUPLICATE, DECIDED,       DECIDED,      DECIDED,              DECIDED,        DECIDED,              DECIDED,             DECIDED,           DECIDED,              DECIDED,         DECIDED,              DECIDED,                    DECIDED,               DECIDED,                DECIDED,          DECIDED,          NOT_GRANTED,     NO_RESULT,          NOT_DELIVERED,   Ok(S::Archived),   DECIDED,            ALONE]),
    (S::Archived,         [DUPLICATE, FINAL,         FINAL,        FINAL,                FINAL,          FINAL,                FINAL,               FINAL,             FINAL,                FINAL,           FINAL,                FINAL,                      FINAL,                 FINAL,                  FINAL,            FINAL,            FINAL,           FINAL,              FINAL,           FINAL,             FINAL,              FINAL]),
];

#[derive(Debug, Clone, Copy, PartialEq)]
enum Role {
    /// A: Shanghai's issuer, where every case of the table was collected.
    Origin,
    /// The agency that decides: Jiangsu's issuer; after a relay Zhejiang's.
    Receiver,
    /// The agency that had the case before a relay, or would have it after one.
    OtherReceiver,
    Outsider,
    /// Under the mandate of the party whose step it is.
    Agent,
    /// The same organisation, naming none.
    AgentWithoutMandate,
    WithoutPermission,
    Registrar,
}

const ROLES: [Role; 8] = [
    Role::Origin,
    Role::Receiver,
    Role::OtherReceiver,
    Role::Outsider,
    Role::Agent,
    Role::AgentWithoutMandate,
    Role::WithoutPermission,
    Role::Registrar,
];

/// Steps of A.
const OF_ORIGIN: [&str; 4] = ["check", "send", "resubmit", "withdraw"];
/// Steps that no mandate covers.
const IN_PERSON: [&str; 9] = ["pause", "resume", "relay", "grant", "refuse", "result", "close", "archive", "notify"];

struct Bench {
    world: CaseWorld,
    agent: Issuer,
    powerless: KeyId,
    /// Mandates of Shanghai's, Jiangsu's and Zhejiang's issuers.
    mandates: Vec<PublicationKey>,
}

impl Bench {
    fn new() -> Self {
        let mut world = CaseWorld::found();
        let agent = world.admit(ANHUI, "1134000000298638", Permissions::agency());
        let mandates = [SHANGHAI, JIANGSU, ZHEJIANG].map(|principal| {
            let mandate = full_mandate(agent.organisation, world.organisation(principal));
            world.mandate("WT-1", principal, mandate)
        });
        let powerless = key("powerless");
        let registrar = world.provinces[JIANGSU].registrar.id();
        let permissions = Permissions { cases: false, ..Permissions::agency() };
        let add = key_add(&powerless, world.organisation(JIANGSU), permissions);
        world.ledger.submit(registrar, vec![Op::from(add).0]).unwrap();
        for status in S::ALL {
            bring_into(&mut world, status);
        }
        Self { world, agent, powerless: powerless.id(), mandates: mandates.to_vec() }
    }

    fn signer(&self, status: CaseStatus, role: Role) -> KeyId {
        let (receiver, other) = if status == S::DeemedReceived { (ZHEJIANG, JIANGSU) } else { (JIANGSU, ZHEJIANG) };
        match role {
            Role::Origin => self.world.signer(SHANGHAI),
            Role::Receiver => self.world.signer(receiver),
            Role::OtherReceiver => self.world.signer(other),
            Role::Outsider => self.world.signer(ANHUI),
            Role::Agent | Role::AgentWithoutMandate => self.agent.key.id(),
            Role::WithoutPermission => self.powerless,
            Role::Registrar => self.world.provinces[JIANGSU].registrar.id(),
        }
    }

    fn operation(&self, status: CaseStatus, kind: &str, role: Role) -> CaseOperation {
        let operation = operation(&self.world, kind, &name_of(status));
        if role != Role::Agent {
            return operation;
        }
        let principal = match (OF_ORIGIN.contains(&kind), status) {
            (true, _) => 0,
            (false, S::DeemedReceived) => 2,
            (false, _) => 1,
        };
        under(&self.mandates[principal], operation)
    }
}

fn name_of(status: CaseStatus) -> String {
    format!("{status:?}")
}

/// Brings a case from Shanghai to Jiangsu, in mode relay, into a status.
fn bring_into(world: &mut CaseWorld, status: CaseStatus) {
    let name = &name_of(status);
    let collection = world.collection(name, CaseMode::Relay, JIANGSU);
    world.by(SHANGHAI, CaseOperation::Collect(Box::new(collection)));
    let path: &[&str] = match status {
        S::Collected => &[],
        S::Checked => &["check"],
        S::Sent => &["check", "send"],
        S::Acknowledged => &["check", "send", "acknowledge"],
        S::DeemedReceived => &["check", "send", "acknowledge", "accept", "relay"],
        S::Bounced => &["check", "send", "bounce"],
        S::Correction => &["check", "send", "acknowledge", "request_correction"],
        S::Resubmitted => &["check", "send", "acknowledge", "request_correction", "resubmit"],
        S::Accepted => &["check", "send", "acknowledge", "accept"],
        S::Conditional => &["check", "send", "acknowledge", "accept_conditionally"],
        S::Paused => &["check", "send", "acknowledge", "accept", "pause"],
        S::ConditionalPaused => &["check", "send", "acknowledge", "accept_conditionally", "pause"],
        S::NotAccepted => &["check", "send", "acknowledge", "not_accept"],
        S::Withdrawn => &["check", "withdraw"],
        S::Granted => &["check", "send", "acknowledge", "accept", "grant"],
        S::Refused => &["check", "send", "acknowledge", "accept", "refuse"],
        S::Result => &["check", "send", "acknowledge", "accept", "grant", "result"],
        S::Delivered => &["check", "send", "acknowledge", "accept", "grant", "result", "deliver"],
        S::Closed => &["check", "send", "acknowledge", "accept", "grant", "result", "deliver", "close"],
        S::Archived => &["check", "send", "acknowledge", "accept", "grant", "result", "deliver", "close", "archive"],
    };
    for kind in path {
        let by = if OF_ORIGIN.contains(kind) { SHANGHAI } else { JIANGSU };
        let operation = operation(world, kind, name);
        world.by(by, operation);
    }
    assert_eq!(world.status(name), status);
}

/// A step of this kind, with the content that its party would give it.
fn operation(world: &CaseWorld, kind: &str, name: &str) -> CaseOperation {
    let state: Option<CaseState> = world.ledger.read(&StateKey::Case(case_ref(name)));
    let handed_over = state.and_then(|state| state.material_root).unwrap_or_else(|| root(1));
    match kind {
        "collect" => CaseOperation::Collect(Box::new(world.collection(name, CaseMode::Relay, JIANGSU))),
        "check" => check(name),
        "send" => send(name, world.organisation(JIANGSU), root(1)),
        "acknowledge" => acknowledge(name, handed_over),
        "bounce" => bounce(name),
        "request_correction" => request_correction(name, &["M1"]),
        "resubmit" => resubmit(name, root(2)),
        "accept" => accept(name),
        "accept_conditionally" => accept_conditionally(name, &["M3"]),
        "fulfil" => fulfil(name, root(3)),
        "not_accept" => not_accept(name),
        "pause" => pause(name),
        "resume" => resume(name),
        "relay" => world.relay(name, ZHEJIANG),
        "grant" => grant(name),
        "refuse" => refuse(name),
        "result" => result(name),
        "deliver" => deliver(name, DeliveryChannel::Courier),
        "close" => close(name),
        "archive" => archive(name),
        "withdraw" => withdraw(name),
        "notify" => notify(name),
        other => panic!("{other}"),
    }
}

/// What this signer gets where an entitled one gets `entitled`.
fn expected(entitled: Cell, kind: &str, role: Role) -> Cell {
    if matches!(role, Role::WithoutPermission | Role::Registrar) {
        return Err(Code::KeyNotPermitted);
    }
    // The status is looked at before the party, but what only a bundle has after it.
    if entitled.is_err() && entitled != ALONE {
        return entitled;
    }
    match role {
        Role::Origin if OF_ORIGIN.contains(&kind) => entitled,
        Role::Receiver if !OF_ORIGIN.contains(&kind) => entitled,
        Role::Agent if IN_PERSON.contains(&kind) => Err(Code::CaseNotDelegable),
        Role::Agent => entitled,
        _ => Err(Code::CaseWrongAgency),
    }
}

#[test]
fn every_status_every_step_every_signer() {
    let bench = Bench::new();
    let (mut accepted, mut cells) = (0, 0);
    for (status, row) in TABLE {
        for (kind, entitled) in KINDS.iter().zip(row) {
            for role in ROLES {
                let operation = bench.operation(status, kind, role);
                let found = bench.world.trial(bench.signer(status, role), operation).map(|state| state.status);
                assert_eq!(found, expected(entitled, kind, role), "{status:?} {kind} {role:?}");
                accepted += u32::from(found.is_ok());
                cells += 1;
            }
        }
    }
    assert_eq!(cells, 20 * 22 * 8);
    // One for each allowed cell, and one more where a mandate covers it.
    let allowed = |kind: &str| TABLE.iter().filter(|(_, row)| row[position(kind)].is_ok()).count();
    let (all, delegable) = KINDS.iter().fold((0, 0), |(all, delegable), kind| {
        let more = if IN_PERSON.contains(kind) { 0 } else { allowed(kind) };
        (all + allowed(kind), delegable + more)
    });
    assert_eq!(accepted as usize, all + delegable);
    assert_eq!((all, delegable), (41, 30));
    for status in S::ALL {
        assert_eq!(bench.world.status(&name_of(status)), status, "trials changed nothing");
    }
}

fn position(kind: &str) -> usize {
    KINDS.iter().position(|other| *other == kind).unwrap()
}

/// The table the documents are printed from says the same.
#[test]
fn the_table_of_the_code_is_this_one() {
    use huxin_chain_spec::rules::case::table;
    let world = CaseWorld::found();
    let names: Vec<&str> = table::STEPS.iter().map(|rule| rule.name).collect();
    assert_eq!(names, KINDS[1..].iter().map(|kind| format!("case.{kind}")).collect::<Vec<_>>());
    for (status, row) in TABLE {
        for (kind, cell) in KINDS.iter().zip(row) {
            let operation = operation(&world, kind, "any");
            assert_eq!(operation.name(), format!("case.{kind}"));
            assert_eq!(usize::from(operation.kind()), position(kind));
            let cell = if cell == ALONE { Ok(status) } else { cell };
            assert_eq!(table::next_status(status, &operation), cell, "{status:?} {kind}");
        }
    }
}

/// A step of a case that was never collected is refused as such.
#[test]
fn unknown_case() {
    let world = CaseWorld::found();
    for kind in &KINDS[1..] {
        assert_eq!(world.refused(world.signer(JIANGSU), operation(&world, kind, "unknown")), Code::CaseUnknown);
    }
}
