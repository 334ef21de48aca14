#![allow(clippy::unwrap_used, reason = "tests")]

use clap::Parser as _;
use huxin_chain_spec::crypto::PublicKey;
use huxin_chain_spec::ids::{LicenceRef, share_ref};
use huxin_chain_spec::record::evidence::{
    DataClass, Ground, IdentityCheck, Material, MaterialOrigin, MetricStatement, Session, ShareRequest,
};
use huxin_chain_spec::record::licence::Document;

use super::*;
use crate::commands::{Cli, Command};

const ALGORITHM: DigestAlgorithm = DigestAlgorithm::Sha256;
const KEY_A: &str = "ed25519:0101010101010101010101010101010101010101010101010101010101010101";
const KEY_B: &str = "ed25519:0202020202020202020202020202020202020202020202020202020202020202";

fn hex() -> String {
    "ab".repeat(32)
}

fn digest() -> Digest {
    hex().parse().unwrap()
}

fn parse(words: &str) -> Result<EvidenceCommand, clap::Error> {
    let words =
        words.replace("HEX", &hex()).replace("ABOUT", "--purpose P-1 --case 11100000000013338W/A-1 --subject HEX");
    let words = words.replace("HEX", &hex()).replace("KEY_A", KEY_A).replace("KEY_B", KEY_B);
    let cli = Cli::try_parse_from(["huxin", "evidence"].into_iter().chain(words.split_whitespace()))?;
    let Command::Evidence(command) = cli.command else { unreachable!() };
    Ok(*command)
}

fn operation(words: &str) -> Result<EvidenceOperation, ClientError> {
    parse(words).unwrap().operation(ALGORITHM).map(|(operation, _)| operation)
}

fn about() -> About {
    About {
        purpose: "P-1".parse().unwrap(),
        case: Some(crate::commands::arguments::case_ref(ALGORITHM, "11100000000013338W/A-1").unwrap()),
        subject: Some(digest()),
    }
}

#[test]
fn every_kind_from_its_words() {
    let lines = [
        (
            "material ABOUT --material M --document sha256:HEX,bytes:7 --class general --ground consent",
            "evidence.material",
        ),
        ("material-demand ABOUT --material M --basis L-1", "evidence.material_demand"),
        ("licence-use HEX ABOUT --result not-relied", "evidence.licence_use"),
        (
            "share-request ABOUT --requester 113100000000000191 --provider 11100000000013338W --catalogue data-catalogue/all/D --catalogue-version 1 \
             --resource HEX --records-max 5 --due 2026-12-01",
            "evidence.share_request",
        ),
        ("share-approve HEX --basis L-1", "evidence.share_approve"),
        ("share-deny HEX --basis L-1", "evidence.share_deny"),
        ("share-deliver HEX --records 3 --payload sha256:HEX,bytes:7", "evidence.share_deliver"),
        ("share-return HEX --basis L-1", "evidence.share_return"),
        ("assertion ABOUT --assertion HEX --level high", "evidence.assertion"),
        (
            "session ABOUT --participant KEY_A --participant KEY_B --started 2026-11-20 --ended 2026-11-21 \
             --recording HEX --identity passed",
            "evidence.session",
        ),
        (
            "archive-deposit ABOUT --archive 11100000000013338W --files-root HEX --files 3 --report HEX --handover HEX \
             --retention years30",
            "evidence.archive_deposit",
        ),
        ("delivery ABOUT --courier HEX --stage collected", "evidence.delivery"),
        ("visit ABOUT --region 310100 --reason identity-check", "evidence.visit"),
        ("rating ABOUT --level very-satisfied --channel telephone", "evidence.rating"),
        (
            "metric-statement --purpose P-1 --metric M-1 --definition HEX --region 310100 --first 1 --end 9 --value 98.75",
            "evidence.metric_statement",
        ),
        (
            "intermediary-report ABOUT --report sha256:HEX,bytes:7 --institution 11100000000013338W --licence HEX",
            "evidence.intermediary_report",
        ),
        (
            "decision-publication ABOUT --decision HEX --redaction R-1 --from 2026-11-20 --until 2026-11-30",
            "evidence.decision_publication",
        ),
        (
            "match-decision ABOUT --policy policy/all/P --version 2 --result declined --report HEX",
            "evidence.match_decision",
        ),
        ("erasure ABOUT --erased-key HEX --class personal --basis L-1 --report HEX", "evidence.erasure"),
        (
            "checkpoint --purpose P-1 --height 9 --block HEX --log-size 3 --log-root HEX --map-root HEX \
             --opinion conforms --report HEX",
            "evidence.checkpoint",
        ),
    ];
    for (words, name) in lines {
        let operation = operation(words).unwrap();
        assert_eq!(operation.name(), name);
        if words.contains("ABOUT") {
            assert_eq!(operation.about(), Some(&about()), "{name}");
        }
    }
}

#[test]
fn operations_are_those_made_by_hand() {
    let words = "material ABOUT --material M-1 --document sha256:HEX,bytes:7 --origin licence:HEX --shareable \
                 --valid-until 2027-01-01 --class sensitive-personal --ground statutory-duty";
    let expected = Material {
        about: about(),
        material: "M-1".parse().unwrap(),
        document: Document { sha256: digest(), sm3: None, size_bytes: 7 },
        origin: MaterialOrigin::Licence { licence: LicenceRef(digest()) },
        shareable: true,
        valid_until_ms: Some("2027-01-02".parse().unwrap()),
        signature_report: None,
        class: DataClass::SensitivePersonal,
        ground: Ground::StatutoryDuty,
    };
    assert_eq!(operation(words).unwrap(), EvidenceOperation::Material(expected));
    let words = "session ABOUT --participant KEY_B --participant KEY_A --started 2026-11-20 --ended 2026-11-21 \
                 --recording HEX --identity failed";
    let mut participants = [KEY_A, KEY_B].map(|key| key.parse::<PublicKey>().unwrap().id()).to_vec();
    participants.sort();
    let expected = Session {
        about: about(),
        participants,
        started_ms: "2026-11-20".parse().unwrap(),
        ended_ms: "2026-11-21".parse().unwrap(),
        recording: digest(),
        identity: IdentityCheck::Failed,
    };
    assert_eq!(operation(words).unwrap(), EvidenceOperation::Session(expected));
    let words = "metric-statement --purpose P-1 --metric M-1 --definition HEX --region 310100 --item 001010100000 \
                 --first 1 --end 9 --value 98.50";
    let expected = MetricStatement {
        purpose: "P-1".parse().unwrap(),
        metric: "M-1".parse().unwrap(),
        definition: digest(),
        region: "310100".parse().unwrap(),
        item: Some("001010100000".parse().unwrap()),
        first: huxin_chain_spec::ids::RecordIndex(1),
        end: huxin_chain_spec::ids::RecordIndex(9),
        value: 9_850,
        scale: 2,
    };
    assert_eq!(operation(words).unwrap(), EvidenceOperation::MetricStatement(expected));
}

/// Two requests without a name of their own are two requests.
#[test]
fn a_request_without_a_name_gets_a_random_one() {
    let words = "share-request ABOUT --requester 113100000000000191 --provider 11100000000013338W --catalogue data-catalogue/all/D \
                 --catalogue-version 1 --resource HEX --records-max 5 --due 2026-12-01";
    let request = |words: &str| {
        let EvidenceOperation::ShareRequest(request) = operation(words).unwrap() else { unreachable!() };
        request
    };
    let (first, second) = (request(words), request(words));
    assert_ne!(first.request, second.request);
    let named = request(&format!("{words} --name HEX"));
    let reference = share_ref(ALGORITHM, &"113100000000000191".parse().unwrap(), &digest());
    assert_eq!(named, ShareRequest { request: reference, name: digest(), ..first });
}

#[test]
fn bad_words_say_what_is_wrong() {
    let refused = |words: &str| parse(words).unwrap_err().to_string();
    assert!(refused("poem ABOUT").contains("unrecognized subcommand 'poem'"));
    assert!(refused("anchor ABOUT").contains("unrecognized subcommand"), "governance anchors, evidence does not");
    assert!(refused("rating --level fair --channel online").contains("--purpose"));
    assert!(
        refused("rating ABOUT --level splendid --channel online").contains("there is no `splendid`; choose one of")
    );
    assert!(refused("share-deny 12 --basis L-1").contains("64 lower-case hexadecimal characters"));
    let sentence = |words: &str| operation(words).unwrap_err().to_string();
    let material = "material ABOUT --material M --document sha256:HEX,bytes:7 --class general --ground consent";
    assert!(
        sentence(&format!("{material} --origin heaven")).contains("there is no origin \"heaven\"; write applicant")
    );
    assert!(sentence(&format!("{material} --origin share:12")).starts_with("--origin: a digest is written as"));
    assert!(
        sentence("rating ABOUT --level fair --channel online --comment gone.txt")
            .starts_with("--comment: there is no file")
    );
    assert!(sentence("share-deliver HEX --records 1 --payload sha256:HEX").contains("the length is missing"));
}
