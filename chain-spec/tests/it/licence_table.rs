//! The licence family: every status against every operation and every kind of signer.

use huxin_chain_spec::codes::Code;
use huxin_chain_spec::ids::TimeMs;
use huxin_chain_spec::record::LicenceOperation;
use huxin_chain_spec::record::licence::{Change, Licence};
use huxin_chain_spec::record::membership::{MembershipOperation, Permissions};
use huxin_chain_spec::record::upkeep::{AnnualOutcome, AttachmentRole, Correction};
use huxin_chain_spec::state::{LicenceState, LicenceStatus, StateKey};

use crate::support::*;

use LicenceStatus as S;

/// Kinds of operation, in the order of the columns of [`TABLE`].
const KINDS: [&str; 15] = [
    "issue",
    "amend",
    "suspend",
    "restore",
    "transfer_out",
    "transfer_in",
    "cancel_transfer",
    "cancel",
    "withdraw",
    "revoke",
    "lapse",
    "correct",
    "attach",
    "detach",
    "annual_check",
];

type Cell = Result<LicenceStatus, Code>;

const DUPLICATE: Cell = Err(Code::LicenceDuplicate);
const WRONG: Cell = Err(Code::LicenceWrongState);
const NO_SUSPENSION: Cell = Err(Code::LicenceNotSuspended);
const NO_OUT: Cell = Err(Code::LicenceTransferInWithoutOut);
const NOT_OUT: Cell = Err(Code::LicenceNotTransferredOut);
const SUCCEEDED: Cell = Err(Code::LicenceAlreadyHasSuccessor);
const FINAL: Cell = Err(Code::LicenceFinalState);

/// What an entitled signer gets. Written out by hand, so that it does not follow the code.
#[rustfmt::skip]
const TABLE: [(LicenceStatus, [Cell; 15]); 8] = [
    // status            issue      amend              suspend            restore        transfer_out           transfer_in        cancel_transfer cancel           withdraw           revoke           lapse          correct          attach           detach                 annual_check
    (S::Issued,         [DUPLICATE, Ok(S::Superseded), Ok(S::Suspended),  NO_SUSPENSION, Ok(S::TransferredOut), NO_OUT,            NOT_OUT,        Ok(S::Cancelled), Ok(S::Withdrawn), Ok(S::Revoked), Ok(S::Lapsed), Ok(S::Issued),   Ok(S::Issued),   Ok(S::Issued),         Ok(S::Issued)]),
    (S::Suspended,      [DUPLICATE, WRONG,             WRONG,             Ok(S::Issued), WRONG,                 NO_OUT,            NOT_OUT,        Ok(S::Cancelled), Ok(S::Withdrawn), Ok(S::Revoked), Ok(S::Lapsed), Ok(S::Suspended), Ok(S::Suspended), Ok(S::Suspended),     Ok(S::Suspended)]),
    (S::TransferredOut, [DUPLICATE, WRONG,             WRONG,             NO_SUSPENSION, WRONG,                 Ok(S::Superseded), Ok(S::Issued),  WRONG,            Ok(S::Withdrawn), Ok(S::Revoked), WRONG,          WRONG,           WRONG,           Ok(S::TransferredOut), WRONG]),
    (S::Superseded,     [DUPLICATE, SUCCEEDED, SUCCEEDED, SUCCEEDED, SUCCEEDED, SUCCEEDED, SUCCEEDED, SUCCEEDED, Ok(S::Withdrawn), SUCCEEDED, SUCCEEDED, SUCCEEDED, SUCCEEDED, SUCCEEDED, SUCCEEDED]),
    (S::Lapsed,         [DUPLICATE, FINAL, FINAL, FINAL, FINAL, FINAL, FINAL, FINAL, FINAL, FINAL, FINAL, FINAL, FINAL, FINAL, FINAL]),
    (S::Cancelled,      [DUPLICATE, FINAL, FINAL, FINAL, FINAL, FINAL, FINAL, FINAL, FINAL, FINAL, FINAL, FINAL, FINAL, FINAL, FINAL]),
    (S::Withdrawn,      [DUPLICATE, FINAL, FINAL, FINAL, FINAL, FINAL, FINAL, FINAL, FINAL, FINAL, FINAL, FINAL, FINAL, FINAL, FINAL]),
    (S::Revoked,        [DUPLICATE, FINAL, FINAL, FINAL, FINAL, FINAL, FINAL, FINAL, FINAL, FINAL, FINAL, FINAL, FINAL, FINAL, FINAL]),
];

#[derive(Debug, Clone, Copy, PartialEq)]
enum Role {
    Issuer,
    IssuerWithoutPermission,
    OtherOrganisationOfTheProvince,
    NamedRecipient,
    WrongRecipient,
    Registrar,
}

const ROLES: [Role; 6] = [
    Role::Issuer,
    Role::IssuerWithoutPermission,
    Role::OtherOrganisationOfTheProvince,
    Role::NamedRecipient,
    Role::WrongRecipient,
    Role::Registrar,
];

/// A chain with one licence in each status, and a signer of each role.
struct Bench {
    network: Network,
    other: Issuer,
}

impl Bench {
    fn new() -> Self {
        let mut network = Network::found();
        let registrar = network.registrar(SHANGHAI);
        let home = network.provinces[SHANGHAI].issuer.clone();
        network.must(&registrar, key_add(&key("powerless"), home.organisation, Permissions::none()));
        let other =
            Issuer { organisation: uscc("1131000000002437"), region: "310104".parse().unwrap(), key: key("other") };
        let add = MembershipOperation::OrganisationAdd {
            organisation: other.organisation,
            region: other.region,
            consent: None,
        };
        network.must(&registrar, add);
        network.must(&registrar, key_add(&other.key, other.organisation, Permissions::all_licences()));
        for status in LicenceStatus::ALL {
            bring_into(&mut network, status);
        }
        Self { network, other }
    }

    fn signer(&self, role: Role) -> Issuer {
        let province = |position: usize| self.network.provinces[position].clone();
        let home = province(SHANGHAI).issuer;
        match role {
            Role::Issuer => home,
            Role::IssuerWithoutPermission => Issuer { key: key("powerless"), ..home },
            Role::OtherOrganisationOfTheProvince => self.other.clone(),
            Role::NamedRecipient => province(JIANGSU).issuer,
            Role::WrongRecipient => province(ZHEJIANG).issuer,
            Role::Registrar => Issuer {
                organisation: province(SHANGHAI).organisation,
                region: "310000".parse().unwrap(),
                key: province(SHANGHAI).registrar,
            },
        }
    }
}

/// The content of a further file of a licence.
fn copy_of(name: &str) -> String {
    format!("copy of {name}")
}

/// The name of the licence that stands in this status.
fn name_of(status: LicenceStatus) -> String {
    format!("{status:?}")
}

/// Issues a Shanghai licence and brings it into a status.
fn bring_into(network: &mut Network, status: LicenceStatus) {
    let name = name_of(status);
    let home = network.provinces[SHANGHAI].issuer.clone();
    let recipient = network.provinces[JIANGSU].clone();
    network.must(&home.key, issue(&home, &name));
    network.must(&home.key, attach(&name, &copy_of(&name), AttachmentRole::Duplicate));
    let step = match status {
        S::Issued => return,
        S::Suspended => LicenceOperation::Suspend(change(&name)),
        S::TransferredOut => transfer_out(&name, &recipient),
        S::Superseded => amend(&home, &name, "the newer one", 2),
        S::Lapsed => LicenceOperation::Lapse(change(&name)),
        S::Cancelled => LicenceOperation::Cancel(change(&name)),
        S::Withdrawn => LicenceOperation::Withdraw(change(&name)),
        S::Revoked => LicenceOperation::Revoke(change(&name)),
    };
    network.must(&home.key, step);
    assert_eq!(network.status(&licence_ref(&name)), status);
}

/// An operation of this kind on a licence, as this signer would word it.
fn operation(kind: &str, name: &str, signer: &Issuer, recipient: &crate::support::Province) -> LicenceOperation {
    use LicenceOperation as Op;
    match kind {
        "issue" => Op::Issue(Licence { licence: licence_ref(name), ..signer.licence(name) }),
        "amend" => amend(signer, name, "fresh", 2),
        "suspend" => Op::Suspend(change(name)),
        "restore" => Op::Restore(change(name)),
        "transfer_out" => transfer_out(name, recipient),
        "transfer_in" => transfer_in(signer, name, "fresh"),
        "cancel_transfer" => Op::CancelTransfer(change(name)),
        "cancel" => Op::Cancel(change(name)),
        // Not before the change that a newer version made.
        "withdraw" => Op::Withdraw(Change { effective_ms: TimeMs(GENESIS_MS).plus_ms(100_000), ..change(name) }),
        "revoke" => Op::Revoke(change(name)),
        "lapse" => Op::Lapse(change(name)),
        "correct" => {
            let held = licence_ref(name);
            let right = Licence { document: file_of("the right file"), ..signer.licence(name) };
            match correct(name, &right) {
                Op::Correct(correction) => Op::Correct(Correction { licence: held, ..correction }),
                other => other,
            }
        }
        "attach" => attach(name, "another copy", AttachmentRole::Annotated),
        "detach" => detach(name, &copy_of(name), TimeMs(GENESIS_MS).plus_ms(100_000)),
        "annual_check" => annual_check(name, 2026, AnnualOutcome::Passed, TimeMs(GENESIS_MS).plus_ms(1_000_000)),
        other => panic!("{other}"),
    }
}

/// What this signer gets where an entitled one gets `entitled`.
fn expected(entitled: Cell, kind: &str, role: Role) -> Cell {
    if matches!(role, Role::IssuerWithoutPermission | Role::Registrar) {
        return Err(Code::KeyNotPermitted);
    }
    if kind == "issue" && role != Role::Issuer {
        return Err(Code::LicenceReferenceNotOwn);
    }
    // The state is looked at before the party.
    let status = entitled?;
    match (kind, role) {
        ("transfer_in", Role::NamedRecipient) => Ok(status),
        ("transfer_in", _) => Err(Code::LicenceTransferNamesOther),
        (_, Role::Issuer) => Ok(status),
        _ => Err(Code::LicenceIssuerMismatch),
    }
}

#[test]
fn every_status_every_operation_every_signer() {
    let mut bench = Bench::new();
    let recipient = bench.network.provinces[JIANGSU].clone();
    let mut accepted = 0;
    for (status, row) in TABLE {
        let name = name_of(status);
        for (kind, entitled) in KINDS.iter().zip(row) {
            for role in ROLES {
                let signer = bench.signer(role);
                // Names the licence that stands there: a signer's own of that name would be another one.
                let held = bench.signer(Role::Issuer).licence(&name).licence;
                let operation = operation(kind, &name, &signer, &recipient);
                let found = bench.network.try_one(&signer.key, operation);
                let key = StateKey::Licence(held);
                let found = found.map(|executed| written::<LicenceState>(&executed, &key).status);
                assert_eq!(found, expected(entitled, kind, role), "{status:?} {kind} {role:?}");
                accepted += u32::from(found.is_ok());
            }
        }
    }
    assert_eq!(accepted, 7 + 5 + 4 + 1 + 4 + 4 + 1, "one signer for each allowed cell");
    let home = bench.signer(Role::Issuer);
    for status in LicenceStatus::ALL {
        let held = home.licence(&name_of(status)).licence;
        assert_eq!(bench.network.status(&held), status, "trials changed nothing");
    }
}

/// Each permission opens its own operations and no other.
#[test]
fn each_permission_alone() {
    let mut bench = Bench::new();
    let (home, recipient) = (bench.signer(Role::Issuer), bench.network.provinces[JIANGSU].clone());
    let registrar = bench.network.registrar(SHANGHAI);
    let groups: [(&str, &[&str]); 3] = [
        ("issue", &["issue", "amend", "correct", "attach", "detach"]),
        ("transfer", &["transfer_out", "transfer_in", "cancel_transfer"]),
        ("change_status", &["suspend", "restore", "cancel", "withdraw", "revoke", "lapse", "annual_check"]),
    ];
    for (permission, opened) in groups {
        let permissions = Permissions {
            issue: permission == "issue",
            change_status: permission == "change_status",
            transfer: permission == "transfer",
            ..Permissions::none()
        };
        let alone = key(permission);
        bench.network.must(&registrar, key_add(&alone, home.organisation, permissions));
        for kind in KINDS {
            let operation = operation(kind, &name_of(S::Issued), &home, &recipient);
            let refused = bench.network.try_one(&alone, operation).err() == Some(Code::KeyNotPermitted);
            assert_eq!(!refused, opened.contains(&kind), "{permission} {kind}");
        }
    }
}

/// Every change of an unknown licence is refused as such.
#[test]
fn unknown_licence() {
    let mut network = Network::found();
    let home = network.provinces[SHANGHAI].issuer.clone();
    let recipient = network.provinces[JIANGSU].clone();
    for kind in &KINDS[1..] {
        let refused = network.try_one(&home.key, operation(kind, "nobody's", &home, &recipient));
        assert_eq!(refused.unwrap_err(), Code::LicenceUnknown, "{kind}");
    }
}
