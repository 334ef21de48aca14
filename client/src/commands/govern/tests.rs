#![allow(clippy::unwrap_used, reason = "tests")]

use clap::Parser as _;
use huxin_chain_spec::api::{AsOfAnswer, RehearsalAnswer};
use huxin_chain_spec::crypto::{Digest, PublicKey};
use huxin_chain_spec::features::{ANCHORS, FeatureId};
use huxin_chain_spec::ids::Height;
use huxin_chain_spec::log::LogHead;
use huxin_chain_spec::parameters::{ActionKind, Parameters, Threshold};
use huxin_chain_spec::record::governance::{Action, Competent, NewProvince, NewValidator, RegionLevel, TrustRole};
use huxin_chain_spec::record::membership::{StatusChange, Succession, SuccessionScope};
use serde_json::json;

use super::*;
use crate::commands::{Cli, Command};
use crate::test_chain::{TestChain, issue};

const KEY: &str = "ed25519:0101010101010101010101010101010101010101010101010101010101010101";

fn hex() -> String {
    "ab".repeat(32)
}

fn digest() -> Digest {
    hex().parse().unwrap()
}

fn key() -> PublicKey {
    KEY.parse().unwrap()
}

fn parse(words: &str) -> Result<GovernCommand, clap::Error> {
    let words = words.replace("HEX", &hex()).replace("KEY", KEY);
    let cli = Cli::try_parse_from(["huxin", "govern"].into_iter().chain(words.split_whitespace()))?;
    let Command::Govern(command) = cli.command else { unreachable!() };
    Ok(*command)
}

fn action(words: &str) -> Result<Action, ClientError> {
    let GovernCommand::Rehearse(rehearse) = parse(&format!("rehearse {words}")).unwrap() else { unreachable!() };
    rehearse.action()
}

#[test]
fn every_action_from_its_words() {
    let province = "350000".parse().unwrap();
    let new = |power, network_key| NewValidator { key: key(), power, network_key };
    let added = NewProvince {
        province,
        organisation: "11100000000013338W".parse().unwrap(),
        governance_key: key(),
        registrar_key: key(),
        validators: vec![new(1, None), new(2, Some(key()))],
    };
    let status = |change| Action::ProvinceStatus { province, change };
    let until = "2030-01-02".parse().unwrap();
    let table = [
        (
            "province-add 350000 --organisation 11100000000013338W --governance-key KEY --registrar-key KEY \
             --validator KEY --validator KEY,power=2,network=KEY",
            Action::ProvinceAdd(Box::new(added)),
        ),
        ("province-suspend 350000", status(StatusChange::Suspend)),
        ("province-resume 350000", status(StatusChange::Resume)),
        ("province-remove 350000", status(StatusChange::Remove)),
        ("governance-key 350000 KEY", Action::ProvinceGovernanceKey { province, key: key() }),
        (
            "registrar-key 350000 KEY --replaces KEY",
            Action::ProvinceRegistrarKey { province, key: key(), replaces: Some(key().id()) },
        ),
        ("validator-add 350000 KEY --power 3", Action::ValidatorAdd { province, validator: new(3, None) }),
        ("validator-remove KEY", Action::ValidatorRemove { key: key().id() }),
        (
            "validator-rotate HEX KEY --network-key KEY",
            Action::ValidatorRotate { old: hex().parse().unwrap(), new: key(), network_key: Some(key()) },
        ),
        ("validator-power KEY 4", Action::ValidatorPower { key: key().id(), power: 4 }),
        (
            "trust-add HEX --role seal-maker --crl HEX --valid-until 2030-01-01",
            Action::TrustAdd {
                certificate: digest(),
                role: TrustRole::SealMaker,
                crl: Some(digest()),
                valid_until_ms: until,
            },
        ),
        ("trust-retire HEX", Action::TrustRetire { certificate: digest() }),
        ("crl-anchor HEX HEX", Action::CrlAnchor { certificate: digest(), crl: digest() }),
        (
            "threshold validator-rotate two-thirds",
            Action::Threshold { kind: ActionKind::ValidatorRotate, threshold: Threshold::TwoThirds },
        ),
        (
            "competence 11100000000013338W011 --level city --organisation 11320000000000035T --level province",
            Action::Competence {
                licence_type: "11100000000013338W011".parse().unwrap(),
                issuers: Competent::Listed {
                    organisations: vec!["11320000000000035T".parse().unwrap()],
                    levels: vec![RegionLevel::Province, RegionLevel::City],
                },
            },
        ),
        (
            "competence 11100000000013338W011 --any",
            Action::Competence { licence_type: "11100000000013338W011".parse().unwrap(), issuers: Competent::Any },
        ),
        (
            "organisation-succeed 113100000000000191 --to 11320000000000035T --licences --seals --basis JGGG-1",
            Action::OrganisationSucceed(Succession {
                from: "113100000000000191".parse().unwrap(),
                to: "11320000000000035T".parse().unwrap(),
                scope: SuccessionScope { licences: Some(Vec::new()), cases: false, seals: true, publications: false },
                basis: "JGGG-1".parse().unwrap(),
            }),
        ),
        ("feature anchors 900", Action::FeatureActivate { feature: ANCHORS, height: Height(900) }),
        ("feature 77 900", Action::FeatureActivate { feature: FeatureId(77), height: Height(900) }),
    ];
    for (words, expected) in table {
        assert_eq!(action(words).unwrap(), expected, "{words}");
    }
}

#[test]
fn an_action_from_a_file_and_all_limits_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let expected = Action::TrustRetire { certificate: digest() };
    std::fs::write(path("a.json"), serde_json::to_vec(&expected).unwrap()).unwrap();
    assert_eq!(action(&format!("--action {}", path("a.json"))).unwrap(), expected);
    let both = action(&format!("--action {} province-remove 350000", path("a.json"))).unwrap_err().to_string();
    assert_eq!(both, "--action: give a file or an action, not both");
    assert!(action("").unwrap_err().to_string().starts_with("action: give --action FILE, or an action"));
    let limits = Parameters { heartbeat_ms: 2_000, ..Parameters::default() };
    std::fs::write(path("p.json"), serde_json::to_vec(&limits).unwrap()).unwrap();
    assert_eq!(action(&format!("parameters {}", path("p.json"))).unwrap(), Action::Parameters(limits));
    // What is left out would not stay as it is.
    std::fs::write(path("p.toml"), "heartbeat_ms = 2000\n").unwrap();
    let missing = action(&format!("parameters {}", path("p.toml"))).unwrap_err().to_string();
    assert!(missing.contains("is missing; a proposal sets every limit"), "{missing}");
}

#[test]
fn proposals_and_votes_by_hand() {
    let expected = GovernanceOperation::Propose {
        action: Action::ProvinceStatus { province: "350000".parse().unwrap(), change: StatusChange::Remove },
        closes_ms: "2026-12-02".parse().unwrap(),
        rationale: digest(),
    };
    let words = format!("propose province-remove 350000 --closes 2026-12-01 --rationale HEX {SIGNED}");
    assert_eq!(draft(&words).unwrap().operation(), expected);
    let of = |words: &str| parse(words).unwrap().operation().unwrap().0;
    let proposal = RecordIndex(41);
    assert_eq!(of("vote 41 yes"), GovernanceOperation::Vote { proposal, approve: true });
    assert_eq!(of("vote proposal/41 no"), GovernanceOperation::Vote { proposal, approve: false });
    assert_eq!(of("withdraw 41"), GovernanceOperation::WithdrawProposal { proposal });
    assert!(parse("vote 41 maybe").unwrap_err().to_string().contains("[possible values: yes, no]"));
    assert!(parse("vote seal/41 yes").unwrap_err().to_string().contains("a proposal is named by the number"));
}

const SIGNED: &str = "--key governance.key --node http://127.0.0.1:1 --trust-root HEX";

fn draft(words: &str) -> Result<super::propose::Draft, ClientError> {
    let words = words.replace("HEX", &hex()).replace("KEY", KEY);
    let cli = Cli::try_parse_from(["huxin", "govern"].into_iter().chain(words.split_whitespace())).unwrap();
    let Command::Govern(command) = cli.command else { unreachable!() };
    let GovernCommand::Propose(propose) = *command else { unreachable!() };
    propose.draft(&cli.global)
}

/// The commands of the operator's page asked for one option after another, and for a paper where nobody else votes.
#[test]
fn a_proposal_closes_in_two_weeks_and_names_all_that_is_missing_at_once() {
    let now = crate::sdk::clock();
    let rotate = draft(&format!("propose validator-rotate KEY KEY {SIGNED}")).unwrap();
    let open_ms = rotate.closes_ms.ms_since(now);
    assert!((14 * 86_400_000..14 * 86_400_000 + 60_000).contains(&open_ms), "{open_ms} ms");
    assert_eq!(rotate.rationale, None);
    let bare = draft("propose").unwrap_err().to_string();
    for option in ["an action such as", "--rationale FILE", "--key FILE", "--node URL", "--genesis FILE"] {
        assert!(bare.contains(option), "{option} in {bare}");
    }
    assert!(!bare.contains("--closes"), "it has a default: {bare}");
    let others_vote = draft(&format!("propose province-remove 350000 {SIGNED}")).unwrap_err().to_string();
    assert!(others_vote.contains("still needed: --rationale FILE") && !others_vote.contains("--key"), "{others_vote}");
    // A file that cannot be read comes before what is missing.
    assert!(draft("propose --action gone.json").unwrap_err().to_string().contains("gone.json"));
}

#[test]
fn the_next_step_of_a_proposal_is_true() {
    use huxin_chain_spec::state::governance::ProposalStatus;

    use super::propose::next_step;
    let rotated = next_step(ProposalStatus::Passed, ActionKind::ValidatorRotate, RecordIndex(6));
    assert!(rotated.contains("no other vote is needed") && rotated.contains("stop the node"), "{rotated}");
    assert!(next_step(ProposalStatus::Passed, ActionKind::CrlAnchor, RecordIndex(6)).contains("in force"));
    assert!(next_step(ProposalStatus::Open, ActionKind::Parameters, RecordIndex(6)).contains("govern vote 6 yes"));
}

/// The head of another ledger comes from a receipt that was checked, or by hand, and not from both.
#[test]
fn an_anchor_from_a_receipt() {
    let mut chain = TestChain::new();
    chain.decide(vec![issue("A", b"A")]);
    let receipt = chain.receipt(0, 1, None);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("other.receipt");
    std::fs::write(&path, receipt.to_bytes()).unwrap();
    let ledger = chain.genesis.hash();
    let words = format!("anchor --ledger {ledger} --head {}", path.display());
    let block = receipt.verify(&ledger).unwrap().block;
    let LogHead { size, root } = receipt.header.log;
    let expected = GovernanceOperation::Anchor { ledger, height: Height(1), block, log: LogHead { size, root } };
    assert_eq!(parse(&words).unwrap().operation().unwrap().0, expected);
    let by_hand = format!("anchor --ledger {ledger} --height 1 --block {block} --log-size {size} --log-root {root}");
    assert_eq!(parse(&by_hand).unwrap().operation().unwrap().0, expected);
    let wrong = parse(&format!("anchor --ledger HEX --head {}", path.display())).unwrap().operation();
    assert!(matches!(wrong, Err(ClientError::Receipt(_))), "another ledger's receipt");
    assert!(parse(&format!("{words} --height 1")).is_err() && parse("anchor --ledger HEX --height 1").is_err());
}

#[test]
fn bad_actions_say_what_is_wrong() {
    let sentence = |words: &str| action(words).unwrap_err().to_string();
    assert!(
        sentence("feature teleport 9").contains("no feature is called \"teleport\"; this version knows anchors (1)")
    );
    assert!(sentence("trust-retire gone.cer").starts_with("certificate: there is no file gone.cer"));
    assert!(sentence("validator-remove nobody").starts_with("key id: "));
    let words = "province-add 350000 --organisation 11100000000013338W --governance-key KEY --registrar-key KEY \
                 --validator KEY,weight=2";
    assert!(sentence(words).contains("write KEY, or KEY,power=N,network=KEY"));
    let refused = parse("rehearse threshold validator-rotate most").unwrap_err().to_string();
    assert!(refused.contains("there is no `most`; choose one of `one-province`"), "{refused}");
}

#[test]
fn a_rehearsal_for_people() {
    let rehearsal = json!({
        "validators_before": 4, "validators_after": 3, "total_power": 3, "quorum_power": 3, "may_fail_power": 0,
        "may_fail_validators": 0, "seen": [{ "validator": hex(), "province": "310000", "power": 1, "last_seen": 8 }],
        "seen_power": 1, "quorum_reachable": false, "blocking_provinces": ["310000"],
    });
    let answer = RehearsalAnswer {
        as_of: AsOfAnswer { height: 9, time_ms: 0, time: String::new() },
        rehearsal: Some(rehearsal),
        refused: None,
    };
    let text = super::rehearsal::text(&Action::ValidatorRemove { key: key().id() }, &answer);
    for part in [
        "rehearsal of validator_remove, as of height 9",
        "4 validators now, 3 afterwards",
        "quorum 3 of 3 power",
        "0 validators, 0 power may fail",
        "310000 power 1, seen at height 8",
        "those seen lately have 1 power, which is not a quorum",
        "310000 could stop the chain alone",
        "would be allowed",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
}
