//! The genesis file: what founds a chain, and what cannot.

use huxin_chain_spec::codes::Code;
use huxin_chain_spec::crypto::{DigestAlgorithm, PublicKey, Signer as _};
use huxin_chain_spec::execute::Chain;
use huxin_chain_spec::genesis::{
    GENESIS_BYTES_MAX, Genesis, GenesisError, GenesisIssuer, GenesisValidator, Parameters,
};
use huxin_chain_spec::ids::Height;
use huxin_chain_spec::map;
use huxin_chain_spec::parameters::{Threshold, Thresholds};
use huxin_chain_spec::record::membership::{Permissions, Standing};
use huxin_chain_spec::state::{self, KeyState, OrganisationState, ProvinceState, StateKey, StateReader as _};

use crate::membership::example_key;
use crate::support::*;

fn good() -> Genesis {
    genesis_of(&provinces())
}

fn parse(genesis: &Genesis) -> Result<Genesis, GenesisError> {
    Genesis::parse(&genesis.to_toml().unwrap())
}

#[test]
fn a_file_comes_back_with_the_same_hash() {
    for ledger_hash in [DigestAlgorithm::Sha256, DigestAlgorithm::Sm3] {
        let genesis = Genesis { ledger_hash, ..good() };
        let read = parse(&genesis).unwrap();
        assert_eq!(read, genesis);
        assert_eq!(read.hash(), genesis.hash());
        assert_eq!(read.commitment().hash(), Chain::new(&genesis).genesis_hash);
    }
}

/// Whatever differs between two files, the trust roots differ.
#[test]
fn every_field_is_in_the_hash() {
    let changes: [fn(&mut Genesis); 16] = [
        |genesis| genesis.chain_id = "test-other".parse().unwrap(),
        |genesis| genesis.ledger_hash = DigestAlgorithm::Sm3,
        |genesis| genesis.time = genesis.time.plus_ms(1),
        |genesis| genesis.parameters.block_bytes_max -= 1,
        |genesis| genesis.parameters.block_operations_max -= 1,
        |genesis| genesis.parameters.clock_skew_ms_max -= 1,
        |genesis| genesis.parameters.heartbeat_ms -= 1,
        |genesis| genesis.governance.province_add = Threshold::All,
        |genesis| genesis.provinces[1].validators[0].network_key = Some(key("other").public_key()),
        |genesis| genesis.provinces[1].governance_key = key("other").public_key(),
        |genesis| genesis.provinces[1].registrar_key = key("other").public_key(),
        |genesis| genesis.provinces[1].validators[0].power = 2,
        |genesis| genesis.provinces[1].validators[0].consensus_key = key("other").public_key(),
        |genesis| genesis.provinces[1].issuers[0].key = key("other").public_key(),
        |genesis| genesis.provinces[1].issuers[0].region = "320100".parse().unwrap(),
        |genesis| genesis.provinces.swap(0, 1),
    ];
    let mut hashes = vec![good().hash()];
    for change in changes {
        let mut genesis = good();
        change(&mut genesis);
        parse(&genesis).unwrap();
        hashes.push(genesis.hash());
    }
    let distinct: std::collections::BTreeSet<_> = hashes.iter().collect();
    assert_eq!(distinct.len(), hashes.len());
}

#[test]
fn defaults_of_parameters() {
    let text = good().to_toml().unwrap();
    let (before, rest) = text.split_once("[parameters]").unwrap();
    let after = rest.split_once("[[province]]").unwrap().1;
    let read = Genesis::parse(&format!("{before}[[province]]{after}")).unwrap();
    assert_eq!(read.parameters, Parameters::default());
    assert_eq!(read.governance, Thresholds::default());
}

#[test]
fn what_cannot_found_a_chain() {
    type Spoil = fn(&mut Genesis);
    let spoils: [(&str, Spoil); 22] = [
        ("block_bytes_max", |genesis| genesis.parameters.block_bytes_max = 2_359_295),
        ("block_bytes_max", |genesis| genesis.parameters.block_bytes_max = 8 * 1024 * 1024 + 1),
        ("block_operations_max", |genesis| genesis.parameters.block_operations_max = 4_095),
        ("heartbeat_ms", |genesis| genesis.parameters.heartbeat_ms = 499),
        ("clock_skew_ms_max", |genesis| genesis.parameters.clock_skew_ms_max = 499),
        ("clock_skew_ms_max", |genesis| genesis.parameters.clock_skew_ms_max = 24 * 60 * 60 * 1000 + 1),
        ("governance.validator_add", |genesis| genesis.governance.validator_add = Threshold::OneProvince),
        ("is listed twice", |genesis| {
            genesis.provinces[0].validators[0].network_key = Some(genesis.provinces[0].registrar_key);
        }),
        ("validators", |genesis| genesis.provinces.iter_mut().for_each(|one| one.validators.clear())),
        ("validators", |genesis| genesis.provinces[0].validators[0].power = 0),
        ("validators", |genesis| {
            genesis.provinces[1].validators[0].consensus_key = genesis.provinces[0].validators[0].consensus_key;
        }),
        ("validators", |genesis| {
            genesis.provinces[0].validators = (0..126)
                .map(|number| GenesisValidator {
                    consensus_key: key(&format!("{number}")).public_key(),
                    power: 1,
                    network_key: None,
                })
                .collect();
        }),
        ("total power", |genesis| {
            genesis.provinces.iter_mut().for_each(|one| one.validators[0].power = i64::MAX as u64);
        }),
        ("province 310000: is listed twice", |genesis| {
            genesis.provinces[1].code = genesis.provinces[0].code;
            genesis.provinces[1].issuers.clear();
        }),
        ("is listed twice", |genesis| genesis.provinces[1].organisation = genesis.provinces[0].organisation),
        ("is listed twice", |genesis| {
            genesis.provinces[1].issuers[0].organisation = genesis.provinces[0].issuers[0].organisation;
        }),
        ("is listed twice", |genesis| genesis.provinces[0].registrar_key = genesis.provinces[0].governance_key),
        ("is listed twice", |genesis| genesis.provinces[1].issuers[0].key = genesis.provinces[0].issuers[0].key),
        ("another province", |genesis| genesis.provinces[0].issuers[0].region = "320500".parse().unwrap()),
        ("not a point of the SM2 curve", |genesis| genesis.provinces[0].registrar_key = no_point()),
        ("not an ed25519 key", |genesis| {
            genesis.provinces[0].validators[0].network_key = Some(sm2_seal_key().public_key());
        }),
        ("validators", |genesis| genesis.provinces.clear()),
    ];
    for block_bytes_max in [2_359_296, 8 * 1024 * 1024] {
        let parameters =
            Parameters { block_bytes_max, block_operations_max: 4_096, clock_skew_ms_max: 500, heartbeat_ms: 500 };
        assert!(parse(&Genesis { parameters, ..good() }).is_ok(), "the edges are good");
    }
    for (word, spoil) in spoils {
        let mut genesis = good();
        spoil(&mut genesis);
        let refused = parse(&genesis).map(|_| ()).unwrap_err();
        assert!(matches!(refused, GenesisError::Invalid { .. }), "{refused}");
        assert!(refused.to_string().contains(word), "{word}: {refused}");
    }
}

#[test]
fn what_is_not_a_genesis_file() {
    let text = good().to_toml().unwrap();
    let malformed = |text: &str| matches!(Genesis::parse(text), Err(GenesisError::Malformed(_)));
    assert!(malformed("not a genesis"));
    assert!(malformed(&text.replacen("chain_id", "chain", 1)), "an unknown field name");
    assert!(malformed(&text.replacen("310000", "310001", 1)), "no province");
    assert!(malformed(&text.replacen("113100000000000191", "113100000000000192", 1)), "check character");
    assert!(malformed(&text.replacen("ed25519:", "ed25518:", 1)));
    assert!(malformed(&text.replacen("power = 1", "power = -1", 1)));
    let actual_bytes = GENESIS_BYTES_MAX + 1;
    assert_eq!(Genesis::parse(&" ".repeat(actual_bytes)), Err(GenesisError::TooLong { actual_bytes }));
}

#[test]
fn example_keys_found_development_chains_only() {
    let places: [fn(&mut Genesis) -> &mut PublicKey; 4] = [
        |genesis| &mut genesis.provinces[2].governance_key,
        |genesis| &mut genesis.provinces[2].registrar_key,
        |genesis| &mut genesis.provinces[2].validators[0].consensus_key,
        |genesis| &mut genesis.provinces[2].issuers[0].key,
    ];
    for place in places {
        let mut genesis = good();
        *place(&mut genesis) = example_key();
        let expected = GenesisError::ExampleKey { place: "province 330000".to_owned(), key: example_key() };
        assert_eq!(parse(&genesis), Err(expected));
        genesis.chain_id = "dev-trial".parse().unwrap();
        assert!(parse(&genesis).is_ok());
    }
}

/// What exists before the first block, and that the map of version 0 commits to it.
#[test]
fn the_founding_state() {
    let network = Network::found();
    let ledger = &network.ledger;
    let tip = ledger.tip();
    assert_eq!((tip.height, tip.hash, tip.map_version), (Height(0), network.genesis.hash(), 0));
    assert_eq!(ledger.state_count(|_| true), 4 + 8 + 12 + 4 + 3, "provinces, organisations, keys, nodes, one each");
    for province in &network.provinces {
        let found: ProvinceState = state::read(ledger, &StateKey::Province(province.code)).unwrap().unwrap();
        assert_eq!(found.organisation, province.organisation);
        assert_eq!(found.governance_key, province.governance.public_key());
        for organisation in [province.organisation, province.issuer.organisation] {
            let found: OrganisationState = state::read(ledger, &StateKey::Organisation(organisation)).unwrap().unwrap();
            assert_eq!((found.province, found.standing), (province.code, Standing::Active));
        }
        let permissions = [
            (&province.registrar, Some(Permissions::registrar())),
            (&province.issuer.key, Some(Permissions::agency())),
            (&province.governance, Some(Permissions::governance())),
            (&province.consensus, None),
        ];
        for (key, expected) in permissions {
            let found: Option<KeyState> = state::read(ledger, &StateKey::Key(key.id())).unwrap();
            assert_eq!(found.map(|state| state.permissions), expected);
        }
    }
    for (key, bytes) in network.genesis.initial_states() {
        assert_eq!(ledger.state(&key).unwrap().as_ref(), Some(&bytes));
        let (place, digest) = (key.map_key(SHA256), state::state_digest(SHA256, &bytes));
        let (value, proof) = map::prove(SHA256, ledger, Some(0), &place).unwrap();
        assert_eq!(value, Some(digest));
        map::verify_map(SHA256, &tip.map_root, &place, Some(&digest), &proof).unwrap();
    }
}

/// Keys that govern or vote record no licences: they are for other purposes.
#[test]
fn governance_and_consensus_keys_sign_no_licences() {
    let mut network = Network::found();
    let province = network.provinces[SHANGHAI].clone();
    let signers = [(&province.governance, Code::KeyNotPermitted), (&province.consensus, Code::KeyUnknown)];
    for (signer, expected) in signers {
        let refused = network.try_one(signer, issue(&province.issuer, "a"));
        assert_eq!(refused.unwrap_err(), expected);
    }
}

/// Issuers are optional: a chain can begin with registrars alone.
#[test]
fn a_province_without_validator_or_issuer() {
    let mut genesis = good();
    genesis.provinces[3].validators.clear();
    genesis.provinces[3].issuers = Vec::<GenesisIssuer>::new();
    let read = parse(&genesis).unwrap();
    assert_eq!(read.validators().validators().len(), 3);
    assert!(!read.validators().is_quorum(2) && read.validators().is_quorum(3));
}
