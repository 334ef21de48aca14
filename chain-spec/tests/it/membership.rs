//! The membership family: a province governs its own organisations, systems and keys, and nobody else's.

use huxin_chain_spec::codes::Code;
use huxin_chain_spec::crypto::{PublicKey, SignatureScheme, Signer, SigningKey};
use huxin_chain_spec::genesis::is_example_key;
use huxin_chain_spec::ids::{LicenceType, SystemId, Uscc};
use huxin_chain_spec::keyfile::KeyFile;
use huxin_chain_spec::record::Operation;
use huxin_chain_spec::record::membership::{
    KEY_LICENCE_TYPES_MAX, MembershipOperation, Permissions, Standing, StatusChange,
};
use huxin_chain_spec::state::{KeyState, OrganisationState, StateKey, SystemState};

use crate::support::*;

const CHANGES: [StatusChange; 3] = [StatusChange::Suspend, StatusChange::Resume, StatusChange::Remove];

/// Standing, change, standing after: everything that is allowed. The other five pairs are not.
const ALLOWED: [(Standing, StatusChange, Standing); 4] = [
    (Standing::Active, StatusChange::Suspend, Standing::Suspended),
    (Standing::Suspended, StatusChange::Resume, Standing::Active),
    (Standing::Active, StatusChange::Remove, Standing::Removed),
    (Standing::Suspended, StatusChange::Remove, Standing::Removed),
];

fn allowed(standing: Standing, change: StatusChange) -> Option<Standing> {
    ALLOWED.iter().find(|(from, by, _)| (*from, *by) == (standing, change)).map(|(_, _, after)| *after)
}

/// What brings something Active into a standing.
fn steps_into(standing: Standing) -> &'static [StatusChange] {
    match standing {
        Standing::Active => &[],
        Standing::Suspended => &[StatusChange::Suspend],
        Standing::Removed => &[StatusChange::Remove],
    }
}

fn system(text: &str) -> SystemId {
    text.parse().unwrap()
}

/// A chain where Shanghai has a second organisation with a system and a key.
struct Bench {
    network: Network,
    organisation: Uscc,
    registrar: huxin_chain_spec::crypto::SigningKey,
}

impl Bench {
    fn new() -> Self {
        let mut network = Network::found();
        let registrar = network.registrar(SHANGHAI);
        let organisation = uscc("1131000000002437");
        network.must(&registrar, add_organisation(organisation, "310104"));
        network.must(&registrar, MembershipOperation::SystemAdd { system: system("DZZZ-1"), organisation });
        network.must(&registrar, key_add(&key("member"), organisation, Permissions::all_licences()));
        Self { network, organisation, registrar }
    }

    /// The three changes of standing there are, on this chain's own second organisation.
    fn changes(&self, change: StatusChange) -> [MembershipOperation; 3] {
        let basis = basis("ZZ-1");
        [
            MembershipOperation::OrganisationStatus { organisation: self.organisation, change, basis: basis.clone() },
            MembershipOperation::SystemStatus {
                system: system("DZZZ-1"),
                organisation: self.organisation,
                change,
                basis: basis.clone(),
            },
            MembershipOperation::KeyStatus { key: key("member").id(), change, basis },
        ]
    }

    fn standings(&self) -> [Standing; 3] {
        let organisation: OrganisationState = self.thing(&StateKey::Organisation(self.organisation));
        let system: SystemState = self.thing(&StateKey::System(self.organisation, system("DZZZ-1")));
        let key: KeyState = self.thing(&StateKey::Key(key("member").id()));
        [organisation.standing, system.standing, key.standing]
    }

    fn thing<T: borsh::BorshSerialize + borsh::BorshDeserialize>(&self, key: &StateKey) -> T {
        huxin_chain_spec::state::read(&self.network.ledger, key).unwrap().unwrap()
    }
}

fn add_organisation(organisation: Uscc, region: &str) -> MembershipOperation {
    MembershipOperation::OrganisationAdd { organisation, region: region.parse().unwrap(), consent: None }
}

#[test]
fn every_standing_every_change_of_each_kind_of_member() {
    let wrong_state = [Code::OrganisationWrongState, Code::SystemWrongState, Code::KeyWrongState];
    for standing in [Standing::Active, Standing::Suspended, Standing::Removed] {
        for (kind, wrong_state) in wrong_state.into_iter().enumerate() {
            let mut bench = Bench::new();
            let registrar = bench.registrar.clone();
            for step in steps_into(standing) {
                bench.network.must(&registrar, bench.changes(*step)[kind].clone());
            }
            assert_eq!(bench.standings()[kind], standing);
            for change in CHANGES {
                assert_eq!(standing.after(change), allowed(standing, change));
                let operation = bench.changes(change)[kind].clone();
                let tried = bench.network.try_one(&registrar, operation.clone()).map(|_| ());
                match allowed(standing, change) {
                    None => assert_eq!(tried, Err(wrong_state), "{standing:?} {change:?}"),
                    Some(_) => assert_eq!(tried, Ok(()), "{standing:?} {change:?}"),
                }
            }
            if let Some((_, change, after)) = ALLOWED.iter().find(|(from, ..)| *from == standing) {
                bench.network.must(&registrar, bench.changes(*change)[kind].clone());
                assert_eq!(bench.standings()[kind], *after);
            }
        }
    }
}

#[test]
fn another_province_changes_nothing_here() {
    let mut bench = Bench::new();
    let stranger = bench.network.registrar(ANHUI);
    let organisation = bench.organisation;
    let mut operations: Vec<MembershipOperation> = CHANGES.iter().flat_map(|change| bench.changes(*change)).collect();
    operations.push(add_organisation(uscc("1131000000002438"), "310104"));
    operations.push(MembershipOperation::SystemAdd { system: system("DZZZ-2"), organisation });
    operations.push(key_add(&key("new"), organisation, Permissions::all_licences()));
    for operation in operations {
        let refused = bench.network.try_one(&stranger, operation.clone());
        assert_eq!(refused.unwrap_err(), Code::OrganisationWrongProvince, "{operation:?}");
    }
}

#[test]
fn only_a_registrar_manages_members() {
    let mut bench = Bench::new();
    let organisation = bench.organisation;
    let mut operations: Vec<MembershipOperation> = CHANGES.iter().flat_map(|change| bench.changes(*change)).collect();
    operations.push(add_organisation(uscc("1131000000002438"), "310104"));
    operations.push(MembershipOperation::SystemAdd { system: system("DZZZ-2"), organisation });
    operations.push(key_add(&key("new"), organisation, Permissions::all_licences()));
    for operation in operations {
        let refused = bench.network.try_one(&key("member"), operation.clone());
        assert_eq!(refused.unwrap_err(), Code::KeyNotPermitted, "{operation:?}");
    }
}

/// A slip must not lock a province out of its own members.
#[test]
fn nobody_removes_the_ground_under_their_own_feet() {
    let mut bench = Bench::new();
    let province = bench.network.provinces[SHANGHAI].clone();
    for change in CHANGES {
        let itself = MembershipOperation::KeyStatus { key: province.registrar.id(), change, basis: basis("X") };
        assert_eq!(bench.network.try_one(&province.registrar, itself).unwrap_err(), Code::KeyNotPermitted);
        let organisation = province.organisation;
        let own = MembershipOperation::OrganisationStatus { organisation, change, basis: basis("X") };
        assert_eq!(bench.network.try_one(&province.registrar, own).unwrap_err(), Code::KeyNotPermitted);
    }
    // A second registrar may retire the first: that is how a registrar's key is changed.
    let second = key("second registrar");
    bench.network.must(&province.registrar, key_add(&second, province.organisation, Permissions::registrar()));
    let retire = MembershipOperation::KeyStatus {
        key: province.registrar.id(),
        change: StatusChange::Remove,
        basis: basis("X"),
    };
    bench.network.must(&second, retire);
    let refused = bench.network.try_one(&province.registrar, add_organisation(uscc("1131000000002438"), "310104"));
    assert_eq!(refused.unwrap_err(), Code::KeyRemoved);
    bench.network.must(&second, add_organisation(uscc("1131000000002438"), "310104"));
}

#[test]
fn nothing_is_added_twice_even_after_removal() {
    let mut bench = Bench::new();
    let (registrar, organisation) = (bench.registrar.clone(), bench.organisation);
    let additions = [
        (add_organisation(organisation, "310104"), Code::OrganisationExists),
        (MembershipOperation::SystemAdd { system: system("DZZZ-1"), organisation }, Code::SystemExists),
        (key_add(&key("member"), organisation, Permissions::all_licences()), Code::KeyExists),
        // A validator's key, whosesoever: a member's key it could never come back under.
        (
            key_add(&bench.network.provinces[JIANGSU].consensus.clone(), organisation, Permissions::none()),
            Code::KeyExists,
        ),
    ];
    for (operation, code) in &additions {
        assert_eq!(bench.network.try_one(&registrar, operation.clone()).unwrap_err(), *code);
    }
    let [_, remove_system, remove_key] = bench.changes(StatusChange::Remove);
    bench.network.must(&registrar, remove_system);
    bench.network.must(&registrar, remove_key);
    for (operation, code) in &additions[1..] {
        assert_eq!(bench.network.try_one(&registrar, operation.clone()).unwrap_err(), *code);
    }
}

#[test]
fn an_organisation_is_a_valid_code_in_a_region_of_the_province() {
    let mut bench = Bench::new();
    let registrar = bench.registrar.clone();
    let fresh = uscc("1131000000002438");
    let wrong_check = Uscc::from_structure("91110000802100433A").unwrap();
    let cases = [
        (add_organisation(wrong_check, "310104"), Code::IdentifierUsccCheck),
        (add_organisation(fresh, "320500"), Code::OrganisationWrongProvince),
        (add_organisation(bench.network.provinces[SHANGHAI].organisation, "310104"), Code::OrganisationExists),
    ];
    for (operation, code) in cases {
        assert_eq!(bench.network.try_one(&registrar, operation).unwrap_err(), code);
    }
    let nowhere = huxin_chain_spec::ids::RegionCode::from_structure("990104").unwrap();
    let operation = MembershipOperation::OrganisationAdd { organisation: fresh, region: nowhere, consent: None };
    assert_eq!(bench.network.try_one(&registrar, operation).unwrap_err(), Code::IdentifierUnknownProvince);
}

#[test]
fn unknown_members() {
    let mut bench = Bench::new();
    let registrar = bench.registrar.clone();
    let nobody = uscc("1131000000009999");
    let (change, basis) = (StatusChange::Suspend, basis("X"));
    let cases = [
        (
            MembershipOperation::OrganisationStatus { organisation: nobody, change, basis: basis.clone() },
            Code::OrganisationUnknown,
        ),
        (
            MembershipOperation::SystemStatus {
                system: system("NONE"),
                organisation: bench.organisation,
                change,
                basis: basis.clone(),
            },
            Code::SystemUnknown,
        ),
        (MembershipOperation::KeyStatus { key: key("nobody").id(), change, basis }, Code::KeyUnknown),
        (MembershipOperation::SystemAdd { system: system("DZZZ-2"), organisation: nobody }, Code::OrganisationUnknown),
        (key_add(&key("new"), nobody, Permissions::all_licences()), Code::OrganisationUnknown),
    ];
    for (operation, code) in cases {
        assert_eq!(bench.network.try_one(&registrar, operation).unwrap_err(), code);
    }
    let refused = bench.network.try_one(&key("nobody"), add_organisation(nobody, "310104"));
    assert_eq!(refused.unwrap_err(), Code::KeyUnknown);
}

#[test]
fn an_inactive_organisation_gets_no_systems_or_keys() {
    for (change, code) in
        [(StatusChange::Suspend, Code::OrganisationSuspended), (StatusChange::Remove, Code::OrganisationRemoved)]
    {
        let mut bench = Bench::new();
        let (registrar, organisation) = (bench.registrar.clone(), bench.organisation);
        bench.network.must(&registrar, bench.changes(change)[0].clone());
        let adds = [
            MembershipOperation::SystemAdd { system: system("DZZZ-2"), organisation },
            key_add(&key("new"), organisation, Permissions::all_licences()),
        ];
        for operation in adds {
            assert_eq!(bench.network.try_one(&registrar, operation).unwrap_err(), code);
        }
    }
}

#[test]
fn a_key_of_a_system_needs_that_system_active_and_of_its_own_organisation() {
    let mut bench = Bench::new();
    let (registrar, organisation) = (bench.registrar.clone(), bench.organisation);
    let of_system = |name: &str, organisation: Uscc, of: &str| {
        key_add_of(&key(name), organisation, Some(system(of)), Permissions::all_licences())
    };
    let other = bench.network.provinces[SHANGHAI].issuer.organisation;
    let refused = bench.network.try_one(&registrar, of_system("s", organisation, "NONE"));
    assert_eq!(refused.unwrap_err(), Code::SystemUnknown);
    let refused = bench.network.try_one(&registrar, of_system("s", other, "DZZZ-1"));
    assert_eq!(refused.unwrap_err(), Code::SystemUnknown, "another organisation has no such system");
    bench.network.must(&registrar, of_system("s", organisation, "DZZZ-1"));
    let member = Issuer { organisation, region: "310104".parse().unwrap(), key: key("s") };
    bench.network.must(&member.key, issue(&member, "by system"));
    bench.network.must(&registrar, bench.changes(StatusChange::Suspend)[1].clone());
    let refused = bench.network.try_one(&member.key, issue(&member, "by suspended system"));
    assert_eq!(refused.unwrap_err(), Code::SystemWrongState);
    let refused = bench.network.try_one(&registrar, of_system("t", organisation, "DZZZ-1"));
    assert_eq!(refused.unwrap_err(), Code::SystemWrongState);
}

/// A transaction that first removes the system of its own key could go on as that system: the signer was looked up once.
#[test]
fn a_removed_system_signs_no_later_operation_of_the_same_transaction() {
    let mut bench = Bench::new();
    let (registrar, organisation) = (bench.registrar.clone(), bench.organisation);
    let authority = bench.network.provinces[SHANGHAI].organisation;
    bench.network.must(&registrar, MembershipOperation::SystemAdd { system: system("DJ-1"), organisation: authority });
    let clerk = key("clerk");
    let permissions = Permissions::registrar();
    let add = key_add_of(&clerk, authority, Some(system("DJ-1")), permissions);
    bench.network.must(&registrar, add);
    let remove = MembershipOperation::SystemStatus {
        system: system("DJ-1"),
        organisation: authority,
        change: StatusChange::Remove,
        basis: basis("X"),
    };
    let other =
        MembershipOperation::OrganisationStatus { organisation, change: StatusChange::Suspend, basis: basis("X") };
    let operations = |first: &MembershipOperation, second: &MembershipOperation| {
        vec![Operation::Membership(first.clone()), Operation::Membership(second.clone())]
    };
    bench.network.try_all(&clerk, operations(&other, &remove)).unwrap();
    let refused = bench.network.try_all(&clerk, operations(&remove, &other)).unwrap_err();
    assert_eq!(refused, (Code::SystemWrongState, 1));
}

/// Only the authority that operates the province's node manages members; nobody can hand that on to a bureau.
#[test]
fn members_are_managed_by_the_node_operator_only() {
    let mut bench = Bench::new();
    let (registrar, organisation) = (bench.registrar.clone(), bench.organisation);
    let refused = bench.network.try_one(&registrar, key_add(&key("new"), organisation, Permissions::registrar()));
    assert_eq!(refused.unwrap_err(), Code::KeyNotPermitted);
}

#[test]
fn licence_types_of_a_key_are_sorted_distinct_valid_and_few() {
    let mut bench = Bench::new();
    let (registrar, organisation) = (bench.registrar.clone(), bench.organisation);
    let numbered = |number: usize| -> LicenceType { format!("11100000000013338W{number:03}").parse().unwrap() };
    let all: Vec<LicenceType> = (0..=KEY_LICENCE_TYPES_MAX).map(numbered).collect();
    let broken = LicenceType::from_structure("111000000000133380011").unwrap();
    let cases = [
        (vec![numbered(2), numbered(1)], Some(Code::EncodingMalformed)),
        (vec![numbered(1), numbered(1)], Some(Code::EncodingMalformed)),
        (all.clone(), Some(Code::EncodingMalformed)),
        (vec![broken], Some(Code::IdentifierUsccCheck)),
        (all[1..].to_vec(), None),
        (Vec::new(), None),
    ];
    for (licence_types, code) in cases {
        let permissions = Permissions { licence_types, ..Permissions::all_licences() };
        let tried = bench.network.try_one(&registrar, key_add(&key("new"), organisation, permissions));
        assert_eq!(tried.err(), code);
    }
}

#[test]
fn a_key_that_is_no_point_of_the_curve_is_refused() {
    let mut bench = Bench::new();
    let operation = MembershipOperation::KeyAdd {
        key: no_point(),
        organisation: bench.organisation,
        system: None,
        permissions: Permissions::all_licences(),
        proof: huxin_chain_spec::crypto::Signature::Ed25519([0; 64]),
    };
    let registrar = bench.registrar.clone();
    assert_eq!(bench.network.try_one(&registrar, operation).unwrap_err(), Code::KeyMalformed);
}

/// A published key, whose secret everybody has.
fn example_signer() -> SigningKey {
    let file = KeyFile::parse(include_str!("../../../keys-example/shanghai/issuer.key")).unwrap();
    let key = file.open(None).unwrap();
    assert!(is_example_key(&key.public_key()));
    key
}

/// A published key.
pub fn example_key() -> PublicKey {
    example_signer().public_key()
}

#[test]
fn a_published_example_key_works_on_development_chains_only() {
    let add = |network: &Network| {
        key_add(&example_signer(), network.provinces[SHANGHAI].issuer.organisation, Permissions::all_licences())
    };
    let mut real = Network::found();
    let (registrar, operation) = (real.registrar(SHANGHAI), add(&real));
    assert_eq!(real.try_one(&registrar, operation).unwrap_err(), Code::KeyExampleOnRealChain);
    let mut trial = Network::found_with(|genesis| genesis.chain_id = "dev-trial".parse().unwrap());
    let operation = add(&trial);
    assert!(trial.try_one(&registrar, operation).is_ok());
}

/// A23: Zhejiang registers the key that Shanghai is about to add, whose public half it saw in the waiting transactions. Shanghai then was
/// refused with `key.exists`.
#[test]
fn attack_a23_registering_a_key_that_another_holds() {
    for scheme in [SignatureScheme::Ed25519, SignatureScheme::Sm2] {
        let mut network = Network::found();
        let (home, there) = (network.provinces[SHANGHAI].clone(), network.provinces[ZHEJIANG].clone());
        let new = SigningKey::from_secret(scheme, [7; 32]).unwrap();
        let own = key_add(&new, home.issuer.organisation, Permissions::all_licences());
        let MembershipOperation::KeyAdd { key, permissions, proof, .. } = own.clone() else { unreachable!() };
        let stolen = |organisation, proof| MembershipOperation::KeyAdd {
            key,
            organisation,
            system: None,
            permissions: permissions.clone(),
            proof,
        };
        let of_another_chain = new.sign_possession(&digest(1), &there.issuer.organisation);
        let of_another_key = there.registrar.sign_possession(&network.genesis.hash(), &there.issuer.organisation);
        for proof in [proof, of_another_chain, of_another_key] {
            let refused = network.try_one(&there.registrar, stolen(there.issuer.organisation, proof));
            assert_eq!(refused.unwrap_err(), Code::KeyNotPossessed);
        }
        // Nor does the proof for one organisation serve another of the same province.
        let elsewhere = stolen(home.organisation, proof);
        assert_eq!(network.try_one(&home.registrar, elsewhere).unwrap_err(), Code::KeyNotPossessed);
        network.must(&home.registrar, own);
    }
}

/// A13: Zhejiang registers a system under the code that Shanghai's bureau gives its own. Shanghai then was refused with `system.exists`.
#[test]
fn attack_a13_squatting_names_of_systems() {
    let mut network = Network::found();
    let [home, there] = [SHANGHAI, ZHEJIANG].map(|province| network.provinces[province].clone());
    let add = |organisation| MembershipOperation::SystemAdd { system: system("OA-1"), organisation };
    network.must(&there.registrar, add(there.issuer.organisation));
    network.must(&home.registrar, add(home.issuer.organisation));
    assert_eq!(network.try_one(&home.registrar, add(home.issuer.organisation)).unwrap_err(), Code::SystemExists);
    let remove = |organisation| MembershipOperation::SystemStatus {
        system: system("OA-1"),
        organisation,
        change: StatusChange::Remove,
        basis: basis("X"),
    };
    let refused = network.try_one(&there.registrar, remove(home.issuer.organisation));
    assert_eq!(refused.unwrap_err(), Code::OrganisationWrongProvince);
    network.must(&there.registrar, remove(there.issuer.organisation));
    let own = StateKey::System(home.issuer.organisation, system("OA-1"));
    let own: SystemState = huxin_chain_spec::state::read(&network.ledger, &own).unwrap().unwrap();
    assert_eq!(own.standing, Standing::Active);
}
