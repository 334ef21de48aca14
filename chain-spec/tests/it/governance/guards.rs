//! What each action is refused for: every guard with its own code. `docs/rules/governance.md` lists the same pairs.

use std::collections::{BTreeMap, BTreeSet};

use huxin_chain_spec::codes::Code;
use huxin_chain_spec::crypto::{KeyId, PublicKey, Signer as _};
use huxin_chain_spec::features::{FEATURES_MAX, FeatureId};
use huxin_chain_spec::ids::{Height, ProvinceCode, TimeMs, Uscc};
use huxin_chain_spec::parameters::{ActionKind, Parameters, Threshold};
use huxin_chain_spec::record::governance::{Action, NewProvince, NewValidator, TrustRole};
use huxin_chain_spec::record::membership::StatusChange;

use super::{Council, FUJIAN, LATER, TRUSTED, newcomer, trust_add, validator};
use crate::membership::example_key;
use crate::support::*;

type Case = (&'static str, usize, Action, Code);

fn case(name: &'static str, action: Action, code: Code) -> Case {
    (name, SHANGHAI, action, code)
}

/// The public key of this name.
fn public(name: &str) -> PublicKey {
    key(name).public_key()
}

/// Five provinces with [`TRUSTED`] and a retired certificate; Fujian removed, Anhui suspended.
fn council() -> Council {
    let mut council = Council::trusting();
    council.pass(SHANGHAI, trust_add(0x22, TrustRole::SealMaker));
    council.pass(SHANGHAI, Action::TrustRetire { certificate: digest(0x22) });
    let decided = Action::FeatureActivate { feature: FeatureId(1), height: Height(900) };
    council.pass(SHANGHAI, decided);
    for (province, change) in [(FUJIAN, StatusChange::Remove), (ANHUI, StatusChange::Suspend)] {
        let province = council.code(province);
        council.pass(SHANGHAI, Action::ProvinceStatus { province, change });
    }
    council
}

fn province_add(change: impl FnOnce(&mut NewProvince)) -> Action {
    let mut new = newcomer();
    change(&mut new);
    Action::ProvinceAdd(Box::new(new))
}

fn province_cases(council: &Council) -> Vec<Case> {
    let add = |name, change: fn(&mut NewProvince), code| case(name, province_add(change), code);
    let status = |name, province, change, code| case(name, Action::ProvinceStatus { province, change }, code);
    let jiangxi: ProvinceCode = "360000".parse().unwrap();
    let (there, anhui, fujian) = (council.code(JIANGSU), council.code(ANHUI), council.code(FUJIAN));
    vec![
        add(
            "no province",
            |new| new.province = ProvinceCode::from_structure("990000").unwrap(),
            Code::IdentifierUnknownProvince,
        ),
        add(
            "check character",
            |new| new.organisation = Uscc::from_structure("113600000000000001").unwrap(),
            Code::IdentifierUsccCheck,
        ),
        add("a member", |new| new.province = "320000".parse().unwrap(), Code::ProvinceExists),
        add("removed for good", |new| new.province = "350000".parse().unwrap(), Code::ProvinceExists),
        add(
            "its authority",
            |new| new.organisation = "11320000000000035T".parse().unwrap(),
            Code::OrganisationRegionElsewhere,
        ),
        add("its governance key", |new| new.governance_key = public("310000 issuer"), Code::KeyExists),
        add("its registrar key votes", |new| new.registrar_key = public("310000 consensus"), Code::KeyExists),
        add("one key twice", |new| new.registrar_key = new.governance_key, Code::KeyExists),
        add("a key votes too", |new| new.validators[0].key = new.governance_key, Code::KeyExists),
        add("not a point", |new| new.governance_key = no_point(), Code::KeyMalformed),
        add("an example key", |new| new.registrar_key = example_key(), Code::KeyExampleOnRealChain),
        add(
            "nine validators",
            |new| new.validators = (0..9).map(|one| validator(&one.to_string())).collect(),
            Code::ValidatorsTooMany,
        ),
        add("a validator of another", |new| new.validators[0].key = public("310000 consensus"), Code::ValidatorExists),
        add("no power", |new| new.validators[0].power = 0, Code::ValidatorPower),
        add(
            "a former one of another",
            |new| new.validators[0].key = public("350000 consensus"),
            Code::ValidatorOtherProvince,
        ),
        add(
            "the network key",
            |new| new.validators[0].network_key = Some(new.validators[0].key),
            Code::ValidatorNetworkKey,
        ),
        add(
            "three that have not been seen",
            |new| new.validators = (0..3).map(|one| validator(&one.to_string())).collect(),
            Code::GovernanceQuorumLost,
        ),
        status("no member", jiangxi, StatusChange::Suspend, Code::ProvinceNotMember),
        status("suspended already", anhui, StatusChange::Suspend, Code::ProvinceWrongState),
        status("not suspended", there, StatusChange::Resume, Code::ProvinceWrongState),
        status("removed is removed", fujian, StatusChange::Resume, Code::ProvinceWrongState),
    ]
}

fn member_key_cases(council: &Council) -> Vec<Case> {
    let jiangxi: ProvinceCode = "360000".parse().unwrap();
    let (home, there, fujian) = (council.code(SHANGHAI), council.code(JIANGSU), council.code(FUJIAN));
    let governance = |name, province, key, code| case(name, Action::ProvinceGovernanceKey { province, key }, code);
    let registrar = |name, province, key, replaces, code| {
        case(name, Action::ProvinceRegistrarKey { province, key, replaces }, code)
    };
    let id = |name: &str| Some(key(name).id());
    let new = public("new");
    vec![
        governance("no member", jiangxi, new, Code::ProvinceNotMember),
        governance("removed", fujian, new, Code::ProvinceRemoved),
        governance("the same key", there, public("320000 governance"), Code::KeyExists),
        governance("a voting key", there, public("320000 consensus"), Code::KeyExists),
        governance("not a point", there, no_point(), Code::KeyMalformed),
        governance("an example key", there, example_key(), Code::KeyExampleOnRealChain),
        registrar("no member", jiangxi, new, None, Code::ProvinceNotMember),
        registrar("removed", fujian, new, None, Code::ProvinceRemoved),
        registrar("another province", there, new, None, Code::GovernanceOwnProvinceOnly),
        registrar("known", home, public("320000 registrar"), None, Code::KeyExists),
        registrar("not a point", home, no_point(), None, Code::KeyMalformed),
        registrar("an example key", home, example_key(), None, Code::KeyExampleOnRealChain),
        registrar("replaces nothing", home, new, id("nobody"), Code::KeyUnknown),
        registrar("replaces another's", home, new, id("320000 registrar"), Code::OrganisationWrongProvince),
        registrar("replaces no registrar", home, new, id("310000 issuer"), Code::KeyWrongState),
    ]
}

fn validator_cases(council: &Council) -> Vec<Case> {
    let (home, there) = (council.code(SHANGHAI), council.code(JIANGSU));
    let add = |name, province, change: fn(&mut NewValidator), code| {
        let mut validator = validator("new");
        change(&mut validator);
        case(name, Action::ValidatorAdd { province, validator }, code)
    };
    let own = council.consensus(SHANGHAI);
    let rotate =
        |name, old: KeyId, new, network_key, code| case(name, Action::ValidatorRotate { old, new, network_key }, code);
    let power = |name, key, power, code| case(name, Action::ValidatorPower { key, power }, code);
    let unknown = key("nobody").id();
    let new = public("new");
    vec![
        add("no member", "360000".parse().unwrap(), |_| {}, Code::ProvinceNotMember),
        add("a suspended province", council.code(ANHUI), |_| {}, Code::ProvinceSuspended),
        add("a removed province", council.code(FUJIAN), |_| {}, Code::ProvinceRemoved),
        add("in the set", there, |one| one.key = public("310000 consensus"), Code::ValidatorExists),
        add("a transaction key", there, |one| one.key = public("310000 issuer"), Code::KeyExists),
        add("a former one of another", there, |one| one.key = public("340000 consensus"), Code::ValidatorOtherProvince),
        add("no power", there, |one| one.power = 0, Code::ValidatorPower),
        add("too much power", there, |one| one.power = u64::MAX / 4, Code::ValidatorPower),
        add("power that wraps", there, |one| one.power = u64::MAX, Code::ValidatorPower),
        add("not a point", there, |one| one.key = no_point(), Code::KeyMalformed),
        add("not a point", there, |one| one.network_key = Some(no_point()), Code::KeyMalformed),
        add(
            "no peer has such a key",
            there,
            |one| one.network_key = Some(sm2_seal_key().public_key()),
            Code::ValidatorNetworkKey,
        ),
        add("an example key", there, |one| one.key = example_key(), Code::KeyExampleOnRealChain),
        add("the network key", there, |one| one.network_key = Some(one.key), Code::ValidatorNetworkKey),
        add("one third that has not been seen", home, |one| one.power = 2, Code::GovernanceQuorumLost),
        case("unknown", Action::ValidatorRemove { key: unknown }, Code::ValidatorUnknown),
        case("removed", Action::ValidatorRemove { key: council.consensus(FUJIAN) }, Code::ValidatorUnknown),
        rotate("unknown", unknown, new, None, Code::ValidatorUnknown),
        rotate("in the set", own, public("320000 consensus"), None, Code::ValidatorExists),
        rotate("another's", council.consensus(JIANGSU), new, None, Code::ValidatorOtherProvince),
        rotate("a former one of another", own, public("340000 consensus"), None, Code::ValidatorOtherProvince),
        rotate("a transaction key", own, public("310000 issuer"), None, Code::KeyExists),
        rotate("not a point", own, no_point(), None, Code::KeyMalformed),
        rotate("an example key", own, example_key(), None, Code::KeyExampleOnRealChain),
        rotate("the network key", own, new, Some(new), Code::ValidatorNetworkKey),
        // Three validators decide only together, and the new key has not been seen.
        rotate("one of three", own, new, None, Code::GovernanceQuorumLost),
        power("unknown", unknown, 2, Code::ValidatorUnknown),
        power("the same", own, 1, Code::GovernanceNoChange),
        power("none", own, 0, Code::ValidatorPower),
        power("too much", own, u64::MAX, Code::ValidatorPower),
    ]
}

fn other_cases() -> Vec<Case> {
    let now = TimeMs(GENESIS_MS);
    let trust = |name, certificate, valid_until_ms, code| {
        let action = Action::TrustAdd { certificate, role: TrustRole::SealMaker, crl: None, valid_until_ms };
        case(name, action, code)
    };
    let (unknown, retired) = (digest(0x33), digest(0x22));
    let retire = |name, certificate, code| case(name, Action::TrustRetire { certificate }, code);
    let crl = |name, province, certificate, code| -> Case {
        (name, province, Action::CrlAnchor { certificate, crl: digest(0xcc) }, code)
    };
    // `crl-anchor root.crt root.crt` was in force at once.
    let anchor = |certificate, crl| Action::CrlAnchor { certificate, crl };
    let not_a_list = |name, certificate, crl| {
        let (role, valid_until_ms) = (TrustRole::SealMaker, LATER);
        let action = Action::TrustAdd { certificate, role, crl: Some(crl), valid_until_ms };
        case(name, action, Code::TrustNotAList)
    };
    let limits = Parameters::default();
    let parameters = |name, parameters, code| case(name, Action::Parameters(parameters), code);
    let threshold = |name, kind, threshold, code| case(name, Action::Threshold { kind, threshold }, code);
    let feature = |name, feature, height, code| {
        case(name, Action::FeatureActivate { feature: FeatureId(feature), height: Height(height) }, code)
    };
    vec![
        trust("over already", unknown, now, Code::TrustValidity),
        not_a_list("itself", unknown, unknown),
        not_a_list("another certificate", unknown, TRUSTED),
        ("itself as its list", SHANGHAI, anchor(TRUSTED, TRUSTED), Code::TrustNotAList),
        ("another certificate as its list", SHANGHAI, anchor(TRUSTED, retired), Code::TrustNotAList),
        trust("trusted already", TRUSTED, LATER, Code::TrustExists),
        retire("unknown", unknown, Code::TrustUnknown),
        retire("retired", retired, Code::TrustRetired),
        crl("unknown", SHANGHAI, unknown, Code::TrustUnknown),
        crl("retired", SHANGHAI, retired, Code::TrustRetired),
        crl("another's", JIANGSU, TRUSTED, Code::GovernanceOwnProvinceOnly),
        parameters("the same", limits, Code::GovernanceNoChange),
        parameters("short blocks", Parameters { block_bytes_max: 2_359_295, ..limits }, Code::GovernanceParameters),
        parameters("long blocks", Parameters { block_bytes_max: 8_388_609, ..limits }, Code::GovernanceParameters),
        parameters("few operations", Parameters { block_operations_max: 4_095, ..limits }, Code::GovernanceParameters),
        parameters("hasty", Parameters { heartbeat_ms: 499, ..limits }, Code::GovernanceParameters),
        parameters("asleep", Parameters { heartbeat_ms: 86_400_001, ..limits }, Code::GovernanceParameters),
        parameters("exact clocks", Parameters { clock_skew_ms_max: 499, ..limits }, Code::GovernanceParameters),
        threshold("the same", ActionKind::TrustAdd, Threshold::TwoThirds, Code::GovernanceNoChange),
        threshold("alone", ActionKind::TrustAdd, Threshold::OneProvince, Code::GovernanceThresholdTooLow),
        feature("decided", 1, 901, Code::FeatureDecided),
        feature("now", 2, 0, Code::FeatureHeightPast),
    ]
}

/// The pairs of kind and code that the cases below show, for the page that lists them.
pub fn shown() -> BTreeMap<ActionKind, BTreeSet<Code>> {
    let council = Council::found();
    let mut shown: BTreeMap<ActionKind, BTreeSet<Code>> = BTreeMap::new();
    for (_, _, action, code) in cases(&council) {
        shown.entry(action.kind()).or_default().insert(code);
    }
    // Shown by the tests of their own below.
    for (kind, code) in ALONE {
        shown.entry(kind).or_default().insert(code);
    }
    shown
}

const ALONE: [(ActionKind, Code); 10] = [
    (ActionKind::ValidatorRotate, Code::ValidatorRotatedTooOften),
    (ActionKind::ProvinceStatus, Code::ProvinceLast),
    (ActionKind::ProvinceStatus, Code::ValidatorLast),
    (ActionKind::ProvinceStatus, Code::GovernanceQuorumLost),
    (ActionKind::ValidatorRemove, Code::ValidatorLast),
    (ActionKind::ValidatorRemove, Code::GovernanceQuorumLost),
    (ActionKind::ValidatorPower, Code::GovernanceQuorumLost),
    (ActionKind::ValidatorAdd, Code::ValidatorsTooMany),
    (ActionKind::CrlAnchor, Code::GovernanceNoChange),
    (ActionKind::FeatureActivate, Code::FeatureTooMany),
];

fn cases(council: &Council) -> Vec<Case> {
    let groups = [province_cases(council), member_key_cases(council), validator_cases(council), other_cases()];
    groups.concat()
}

#[test]
fn each_guard_has_its_code() {
    let mut council = council();
    for (name, province, action, code) in cases(&council) {
        let kind = action.kind();
        assert_eq!(council.try_propose(province, action), Err(code), "{}: {name}", kind.name());
    }
    let same = Action::CrlAnchor { certificate: TRUSTED, crl: digest(0xcc) };
    council.propose(SHANGHAI, same.clone());
    assert_eq!(council.try_propose(SHANGHAI, same), Err(Code::GovernanceNoChange));
    let now = council.network.next_height();
    let at = |height| Action::FeatureActivate { feature: FeatureId(2), height };
    assert_eq!(council.try_propose(SHANGHAI, at(now)), Err(Code::FeatureHeightPast));
    assert_eq!(council.try_propose(SHANGHAI, at(now.next())), Ok(()));
}

/// A single province with a single validator.
fn alone() -> Council {
    let one = provinces().into_iter().take(1).collect();
    Council { network: Network::found_by(one, |_| {}) }
}

#[test]
fn the_last_of_each_stays() {
    let mut council = alone();
    let (province, key) = (council.code(SHANGHAI), council.consensus(SHANGHAI));
    assert_eq!(council.try_propose(SHANGHAI, Action::ValidatorRemove { key }), Err(Code::ValidatorLast));
    for change in [StatusChange::Suspend, StatusChange::Remove] {
        let itself = Action::ProvinceStatus { province, change };
        assert_eq!(council.try_propose(SHANGHAI, itself), Err(Code::ProvinceLast));
    }
    let two = provinces().into_iter().take(2).collect();
    let mut council = Council { network: Network::found_by(two, |genesis| genesis.provinces[1].validators.clear()) };
    let the_one_with_validators = Action::ProvinceStatus { province, change: StatusChange::Remove };
    assert_eq!(council.try_propose(JIANGSU, the_one_with_validators), Err(Code::ValidatorLast));
}

/// 128 validators are many enough.
#[test]
fn no_more_validators_than_a_certificate_holds() {
    let mut council = Council::found_with(|genesis| {
        let more = (0..123).map(|number| validator(&format!("more {number}")));
        genesis.provinces[0].validators.extend(more.map(|one| huxin_chain_spec::genesis::GenesisValidator {
            consensus_key: one.key,
            power: 1,
            network_key: None,
        }));
    });
    let action = council.good_action(ActionKind::ValidatorAdd);
    assert_eq!(council.network.ledger.tip().validators.validators().len(), 128);
    assert_eq!(council.try_propose(SHANGHAI, action), Err(Code::ValidatorsTooMany));
}

#[test]
fn no_more_features_than_fit() {
    let mut council = alone();
    for number in 0..FEATURES_MAX {
        let feature = FeatureId(number as u16 + 100);
        council.propose(SHANGHAI, Action::FeatureActivate { feature, height: Height(10_000) });
    }
    let one_more = Action::FeatureActivate { feature: FeatureId(1), height: Height(10_000) };
    assert_eq!(council.try_propose(SHANGHAI, one_more), Err(Code::FeatureTooMany));
}

/// With one of four silent, nothing may be done that needs it.
#[test]
fn a_change_after_which_the_seen_could_not_decide() {
    let mut network = Network::found();
    network.signers = 3;
    let mut council = Council { network };
    council.wait(3);
    let (silent, awake) = (council.consensus(ANHUI), council.consensus(JIANGSU));
    let there = council.code(JIANGSU);
    let lost = [
        Action::ValidatorRemove { key: awake },
        Action::ProvinceStatus { province: there, change: StatusChange::Suspend },
        Action::ValidatorPower { key: silent, power: 2 },
        Action::ValidatorAdd { province: there, validator: validator("new") },
        Action::ValidatorRotate { old: council.consensus(SHANGHAI), new: public("rotated"), network_key: None },
    ];
    for action in lost {
        assert_eq!(council.try_propose(SHANGHAI, action.clone()), Err(Code::GovernanceQuorumLost), "{action:?}");
    }
    assert_eq!(council.try_propose(SHANGHAI, Action::ValidatorPower { key: awake, power: 2 }), Ok(()));
    council.pass(SHANGHAI, Action::ValidatorRemove { key: silent });
    assert_eq!(council.network.ledger.tip().validators.validators().len(), 3);
}
