//! The seal family: every status against every operation and every kind of signer.

use huxin_chain_spec::codes::Code;
use huxin_chain_spec::crypto::SigningKey;
use huxin_chain_spec::record::SealOperation;
use huxin_chain_spec::record::governance::{Action, TrustRole};
use huxin_chain_spec::record::membership::{MembershipOperation, Permissions};
use huxin_chain_spec::state::StateKey;
use huxin_chain_spec::state::seal::{SealState, SealStatus};

use crate::governance::{Council, trust_add};
use crate::support::*;

use SealStatus as S;

/// Kinds of operation, in the order of the columns of [`TABLE`].
pub const KINDS: [&str; 8] = ["register", "activate", "suspend", "resume", "cancel", "invalidate", "replace", "sign"];

type Cell = Result<SealStatus, Code>;

const DUPLICATE: Cell = Err(Code::SealDuplicate);
const ACTIVATED: Cell = Err(Code::SealAlreadyActivated);
const NOT_ACTIVE: Cell = Err(Code::SealNotActive);
const SUSPENDED: Cell = Err(Code::SealSuspended);
const NO_SUSPENSION: Cell = Err(Code::SealNotSuspended);
const FINAL: Cell = Err(Code::SealFinalState);
const REPLACED: Cell = Err(Code::SealAlreadyReplaced);
const INVALIDATED: Cell = Ok(S::Invalidated);

/// What an entitled signer gets. Written out by hand, so that it does not follow the code.
#[rustfmt::skip]
const TABLE: [(SealStatus, [Cell; 8]); 6] = [
    // status         register   activate       suspend           resume         cancel            invalidate   replace          sign
    (S::Registered,  [DUPLICATE, Ok(S::Active), NOT_ACTIVE,       NO_SUSPENSION, Ok(S::Cancelled), INVALIDATED, Ok(S::Replaced), NOT_ACTIVE]),
    (S::Active,      [DUPLICATE, ACTIVATED,     Ok(S::Suspended), NO_SUSPENSION, Ok(S::Cancelled), INVALIDATED, Ok(S::Replaced), Ok(S::Active)]),
    (S::Suspended,   [DUPLICATE, ACTIVATED,     SUSPENDED,        Ok(S::Active), Ok(S::Cancelled), INVALIDATED, Ok(S::Replaced), SUSPENDED]),
    (S::Cancelled,   [DUPLICATE, FINAL,         FINAL,            FINAL,         FINAL,            INVALIDATED, FINAL,           FINAL]),
    (S::Invalidated, [DUPLICATE, FINAL,         FINAL,            FINAL,         FINAL,            FINAL,       FINAL,           FINAL]),
    (S::Replaced,    [DUPLICATE, REPLACED,      REPLACED,         REPLACED,      REPLACED,         INVALIDATED, REPLACED,        REPLACED]),
];

#[derive(Debug, Clone, Copy, PartialEq)]
enum Role {
    /// The seal-making authority that filed the seal; it may sign too.
    Authority,
    /// Another authority of the province.
    OtherAuthority,
    /// An authority of another province.
    ForeignAuthority,
    /// The owner, who may record signatures and nothing else.
    Owner,
    /// Somebody of the province who may record signatures of seals of his own.
    OtherSigner,
    AuthorityWithoutPermission,
    Registrar,
}

const ROLES: [Role; 7] = [
    Role::Authority,
    Role::OtherAuthority,
    Role::ForeignAuthority,
    Role::Owner,
    Role::OtherSigner,
    Role::AuthorityWithoutPermission,
    Role::Registrar,
];

/// A chain on which Shanghai has filed seals, and people of each role.
pub struct SealBench {
    pub network: Network,
}

impl SealBench {
    pub fn new() -> Self {
        let mut network = Network::found();
        let registrar = network.registrar(SHANGHAI);
        let home = network.provinces[SHANGHAI].issuer.organisation;
        network.must(&registrar, key_add(&key("powerless"), home, Permissions::none()));
        let signer = Permissions { sign_seals: true, ..Permissions::none() };
        let others = [
            (seal_owner(), "owner", signer.clone()),
            (uscc("1131000000002437"), "other authority", Permissions::agency()),
            (uscc("1131000000002438"), "other signer", signer),
        ];
        for (organisation, name, permissions) in others {
            let region = "310104".parse().unwrap();
            network.must(&registrar, MembershipOperation::OrganisationAdd { organisation, region, consent: None });
            network.must(&registrar, key_add(&key(name), organisation, permissions));
        }
        Self { network }
    }

    pub fn authority(&self) -> SigningKey {
        self.network.issuer(SHANGHAI)
    }

    pub fn state(&self, name: &str) -> SealState {
        let key = seal_state_key(&shanghai_seal(name));
        huxin_chain_spec::state::read(&self.network.ledger, &key).unwrap().unwrap()
    }

    /// Files a seal of this name and brings it into a status.
    pub fn bring_into(&mut self, name: &str, status: SealStatus) {
        use SealOperation as Op;
        let steps: &[Op] = match status {
            S::Registered => &[],
            S::Active => &[Op::Activate(seal_change(name))],
            S::Suspended => &[Op::Activate(seal_change(name)), Op::Suspend(seal_change(name))],
            S::Cancelled => &[Op::Cancel(seal_change(name))],
            S::Invalidated => &[Op::Invalidate(seal_change(name))],
            S::Replaced => &[replace(name, &format!("{name}-NEW"))],
        };
        let authority = self.authority();
        self.network.must(&authority, Op::Register(seal(name)));
        for step in steps {
            self.network.must(&authority, step.clone());
        }
        assert_eq!(self.state(name).status, status);
    }

    fn signer(&self, role: Role) -> SigningKey {
        match role {
            Role::Authority => self.authority(),
            Role::OtherAuthority => key("other authority"),
            Role::ForeignAuthority => self.network.issuer(JIANGSU),
            Role::Owner => key("owner"),
            Role::OtherSigner => key("other signer"),
            Role::AuthorityWithoutPermission => key("powerless"),
            Role::Registrar => self.network.registrar(SHANGHAI),
        }
    }
}

/// An operation of this kind on a seal.
pub fn operation(kind: &str, name: &str) -> SealOperation {
    use SealOperation as Op;
    match kind {
        "register" => Op::Register(seal(name)),
        "activate" => Op::Activate(seal_change(name)),
        "suspend" => Op::Suspend(seal_change(name)),
        "resume" => Op::Resume(seal_change(name)),
        "cancel" => Op::Cancel(seal_change(name)),
        "invalidate" => Op::Invalidate(seal_change(name)),
        "replace" => replace(name, "FRESH"),
        "sign" => Op::Sign(seal_signature(name, "a file")),
        other => panic!("{other}"),
    }
}

/// What this signer gets where an entitled one gets `entitled`.
fn expected(entitled: Cell, kind: &str, role: Role) -> Cell {
    let may_sign = !matches!(role, Role::AuthorityWithoutPermission | Role::Registrar);
    let may_manage = matches!(role, Role::Authority | Role::OtherAuthority | Role::ForeignAuthority);
    if !(if kind == "sign" { may_sign } else { may_manage }) {
        return Err(Code::KeyNotPermitted);
    }
    if kind == "register" && role == Role::ForeignAuthority {
        return Err(Code::OrganisationWrongProvince);
    }
    // The state is looked at before the party.
    let status = entitled?;
    match (kind, role) {
        ("sign", Role::Authority | Role::OtherAuthority | Role::Owner) => Ok(status),
        ("sign", _) => Err(Code::SealRecorderNotEntitled),
        (_, Role::Authority) => Ok(status),
        _ => Err(Code::SealRegistrarMismatch),
    }
}

#[test]
fn every_status_every_operation_every_signer() {
    let mut bench = SealBench::new();
    let name = |status: SealStatus| format!("S-{status:?}");
    for status in S::ALL {
        bench.bring_into(&name(status), status);
    }
    let mut accepted = 0;
    for (status, row) in TABLE {
        let name = name(status);
        for (kind, entitled) in KINDS.iter().zip(row) {
            for role in ROLES {
                let signer = bench.signer(role);
                let found = bench.network.try_one(&signer, operation(kind, &name));
                let key = seal_state_key(&shanghai_seal(&name));
                let found = found.map(|executed| match *kind {
                    "sign" => {
                        assert!(!executed.changes.states.contains_key(&key), "a signature changes no seal");
                        bench.state(&name).status
                    }
                    _ => written::<SealState>(&executed, &key).status,
                });
                assert_eq!(found, expected(entitled, kind, role), "{status:?} {kind} {role:?}");
                accepted += u32::from(found.is_ok());
            }
        }
    }
    let changes = TABLE.iter().flat_map(|(_, row)| &row[..7]).filter(|cell| cell.is_ok()).count();
    assert_eq!(accepted as usize, changes + 3, "one signer for each change, three for the signature");
    for status in S::ALL {
        assert_eq!(bench.state(&name(status)).status, status, "trials changed nothing");
    }
}

#[test]
fn unknown_seals_and_seals_of_other_provinces() {
    let mut bench = SealBench::new();
    bench.bring_into("S-1", S::Active);
    let authority = bench.authority();
    for kind in &KINDS[1..] {
        let refused = bench.network.try_one(&authority, operation(kind, "S-2"));
        assert_eq!(refused.unwrap_err(), Code::SealUnknown, "{kind}");
    }
    // The same number in another province is another seal.
    let there = bench.network.issuer(JIANGSU);
    let mut other = seal("S-1");
    other.owner_region = "320500".parse().unwrap();
    bench.network.must(&there, SealOperation::Register(other));
    assert_eq!(bench.state("S-1").status, S::Active);
}

#[test]
fn a_replacement_names_both_and_keeps_the_names_when_marked_invalid() {
    let mut bench = SealBench::new();
    bench.bring_into("OLD", S::Active);
    let authority = bench.authority();
    bench.network.must(&authority, replace("OLD", "NEW"));
    bench.network.must(&authority, SealOperation::Activate(seal_change_now(&bench.network, "NEW")));
    bench.network.must(&authority, SealOperation::Invalidate(seal_change_now(&bench.network, "OLD")));
    let (old, new) = (bench.state("OLD"), bench.state("NEW"));
    assert_eq!((old.status, old.successor), (S::Invalidated, Some("NEW".parse().unwrap())));
    assert_eq!((new.status, new.predecessor), (S::Active, Some("OLD".parse().unwrap())));
}

/// Being on the list is not enough: in another role, before its term or after its retirement the maker is not trusted.
#[test]
fn a_seal_keeps_whether_its_maker_was_trusted_when_it_was_filed() {
    let mut council = Council::found();
    let filed = |council: &mut Council, name: &str| {
        let authority = council.network.provinces[SHANGHAI].issuer.key.clone();
        council.network.must(&authority, SealOperation::Register(seal(name)));
        council.network.thing::<SealState>(&seal_state_key(&shanghai_seal(name))).unwrap().maker_trusted
    };
    let add = |role| trust_add(0xca, role);
    let retire = Action::TrustRetire { certificate: seal("any").maker_certificate };
    assert!(!filed(&mut council, "UNLISTED"));
    council.pass(SHANGHAI, add(TrustRole::CertificateAuthority));
    assert!(!filed(&mut council, "OTHER-ROLE"));
    council.pass(SHANGHAI, retire.clone());
    council.pass(SHANGHAI, add(TrustRole::SealMaker));
    assert!(filed(&mut council, "TRUSTED"));
    council.pass(SHANGHAI, retire);
    assert!(!filed(&mut council, "RETIRED"));
    let kept: SealState = council.network.thing(&seal_state_key(&shanghai_seal("TRUSTED"))).unwrap();
    assert!(kept.maker_trusted, "it was, when the seal was filed");
}

fn seal_change_now(network: &Network, name: &str) -> huxin_chain_spec::record::seal::SealChange {
    let effective_ms = network.next_ms();
    huxin_chain_spec::record::seal::SealChange { effective_ms, ..seal_change(name) }
}

/// Whoever holds the file can ask whether its signature is on the ledger, and since when.
#[test]
fn a_signature_is_found_by_what_it_signed() {
    let mut bench = SealBench::new();
    bench.bring_into("S-1", S::Active);
    let signature = seal_signature("S-1", "a file");
    let time = bench.network.next_ms();
    let record = bench.network.must(&key("owner"), SealOperation::Sign(signature.clone()));
    let key = StateKey::SealSignature(signature.reference(SHA256));
    let state: huxin_chain_spec::state::seal::SealSignatureState =
        huxin_chain_spec::state::read(&bench.network.ledger, &key).unwrap().unwrap();
    assert_eq!((state.recorded_by, state.recorded_ms), (record, time));
    assert_eq!((state.claimed_ms, state.key), (signature.claimed_ms, signature.key));
}
