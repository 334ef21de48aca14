#![allow(clippy::unwrap_used, reason = "tests")]

use clap::Parser as _;
use huxin_chain_spec::crypto::Digest;
use huxin_chain_spec::ids::{BundleRef, CaseRef, LicenceRef, name_of};
use huxin_chain_spec::record::case::{BundleChild, BundleOpening, Collection, Matter};
use huxin_chain_spec::record::publication::CaseMode;

use super::*;
use crate::commands::{Cli, Command};

const ALGORITHM: DigestAlgorithm = DigestAlgorithm::Sha256;
const AGENCY: &str = "11100000000013338W";
const ITEM: &str = "item/310000/001010100000";
const VERSIONS: matter::Versions = matter::Versions { item: 3, guide: 2, duty: Some(1) };

fn hex() -> String {
    "ab".repeat(32)
}

fn digest() -> Digest {
    hex().parse().unwrap()
}

/// What an organisation calls the case with this number.
fn name(number: &str) -> Digest {
    name_of(ALGORITHM, &Digest::ZERO, number)
}

fn step() -> Step {
    Step { case: CaseRef::owned(ALGORITHM, &AGENCY.parse().unwrap(), &name("A-1")), mandate: None }
}

fn parse(words: &str) -> Result<CaseCommand, clap::Error> {
    let words = words.replace("HEX", &hex());
    let cli = Cli::try_parse_from(["huxin", "case"].into_iter().chain(words.split_whitespace()))?;
    let Command::Case(command) = cli.command else { unreachable!() };
    Ok(command)
}

fn operation(words: &str) -> Result<CaseOperation, ClientError> {
    parse(words).unwrap().operation(ALGORITHM, VERSIONS).map(|(operation, _)| operation)
}

#[test]
fn every_step_from_its_words() {
    let lines = [
        ("check 11100000000013338W/A-1 --identity remote --formal HEX", "case.check"),
        ("send 11100000000013338W/A-1 --to 11100000000013338W --material-root HEX", "case.send"),
        ("acknowledge 11100000000013338W/A-1 --material-root sha256:HEX", "case.acknowledge"),
        ("bounce 11100000000013338W/A-1 --reason XZXKF-32", "case.bounce"),
        ("request-correction 11100000000013338W/A-1 --item M-2 --item M-1", "case.request_correction"),
        ("resubmit 11100000000013338W/A-1 --material-root HEX", "case.resubmit"),
        ("accept 11100000000013338W/A-1", "case.accept"),
        ("accept-conditionally 11100000000013338W/A-1 --missing M-2 --promise HEX", "case.accept_conditionally"),
        ("fulfil 11100000000013338W/A-1 --material-root HEX", "case.fulfil"),
        ("not-accept 11100000000013338W/A-1 --reason XZXKF-32", "case.not_accept"),
        ("pause 11100000000013338W/A-1 --basis XZXKF-45", "case.pause"),
        ("resume 11100000000013338W/A-1", "case.resume"),
        (
            "relay 11100000000013338W/A-1 --agency 11100000000013338W --item item/310000/001010100000 --notice HEX --result HEX",
            "case.relay",
        ),
        ("grant 11100000000013338W/A-1 --decision HEX", "case.grant"),
        ("refuse 11100000000013338W/A-1 --decision HEX --basis XZXKF-38", "case.refuse"),
        ("result 11100000000013338W/A-1 --document HEX", "case.result"),
        ("deliver 11100000000013338W/A-1 --channel courier --commitment HEX", "case.deliver"),
        ("close 11100000000013338W/A-1", "case.close"),
        ("archive 11100000000013338W/A-1 --archive HEX", "case.archive"),
        ("withdraw 11100000000013338W/A-1 --request HEX", "case.withdraw"),
        ("notify 11100000000013338W/A-1 --notice HEX", "case.notify"),
    ];
    for (words, name) in lines {
        let operation = operation(words).unwrap();
        assert_eq!(operation.name(), name);
        assert_eq!(operation.step(), Some(&step()), "{name}");
    }
}

#[test]
fn operations_are_those_made_by_hand() {
    let correction = operation("request-correction 11100000000013338W/A-1 --item M-2 --item M-1 --item M-2").unwrap();
    let items = vec!["M-1".parse().unwrap(), "M-2".parse().unwrap()];
    assert_eq!(correction, CaseOperation::RequestCorrection { step: step(), items });
    let sent =
        operation("send 11100000000013338W/A-1 --to 11100000000013338W --material-root HEX --mandate mandate/all/D-1")
            .unwrap();
    let step = Step { mandate: Some("mandate/all/D-1".parse().unwrap()), ..step() };
    assert_eq!(sent, CaseOperation::Send { step, to: AGENCY.parse().unwrap(), material_root: digest() });
    let result = operation("result 11100000000013338W/A-1 --document HEX --licence HEX").unwrap();
    let CaseOperation::Result { licence, document, .. } = result else { unreachable!() };
    assert_eq!((licence, document), (Some(LicenceRef(digest())), digest()));
}

#[test]
fn a_collection_by_hand() {
    let words = format!(
        "collect 11100000000013338W/A-1 --mode no-application --agency {AGENCY} --item {ITEM} --material M-2 --material M-1 --subject HEX \
         --bundle 11100000000013338W/B-1 --policy policy/all/P-1 --policy-version 4"
    );
    let collection = Collection {
        step: step(),
        name: name("A-1"),
        mode: CaseMode::NoApplication,
        matter: Matter {
            agency: AGENCY.parse().unwrap(),
            item: ITEM.parse().unwrap(),
            item_version: 3,
            guide_version: 2,
            duty_version: Some(1),
        },
        materials: vec!["M-1".parse().unwrap(), "M-2".parse().unwrap()],
        subject: Some(digest()),
        bundle: Some(BundleRef::owned(ALGORITHM, &AGENCY.parse().unwrap(), &name("B-1"))),
        policy: Some(huxin_chain_spec::record::case::PolicyVersion {
            policy: "policy/all/P-1".parse().unwrap(),
            version: 4,
        }),
    };
    assert_eq!(operation(&words).unwrap(), CaseOperation::Collect(Box::new(collection)));
    let alone =
        format!("collect 11100000000013338W/A-1 --mode relay --agency {AGENCY} --item {ITEM} --policy policy/all/P-1");
    assert!(parse(&alone).unwrap_err().to_string().contains("--policy-version"));
}

#[test]
fn a_bundle_with_a_parallel_and_a_sequential_branch() {
    let words =
        "open-bundle B-1 --lead 11100000000013338W --material-root HEX --child A --child B --child C:after=2,1,2";
    let child = |number: &str, after: &[u8]| BundleChild {
        case: CaseRef::owned(ALGORITHM, &AGENCY.parse().unwrap(), &name(number)),
        after: after.to_vec(),
    };
    let opening = BundleOpening {
        bundle: BundleRef::owned(ALGORITHM, &AGENCY.parse().unwrap(), &name("B-1")),
        name: name("B-1"),
        lead: AGENCY.parse().unwrap(),
        material_root: digest(),
        children: vec![child("A", &[]), child("B", &[]), child("C", &[0, 1])],
    };
    assert_eq!(operation(words).unwrap(), CaseOperation::BundleOpen(Box::new(opening)));
    for after in ["2", "0", "x", ""] {
        let words = format!("open-bundle B-1 --lead {AGENCY} --material-root HEX --child A --child B:after={after}");
        let error = operation(&words).unwrap_err().to_string();
        assert!(error.contains("is not the number of a case given before it, counted from 1"), "{error}");
    }
}

#[test]
fn bad_words_say_what_is_wrong() {
    let refused = |words: &str| parse(words).unwrap_err().to_string();
    assert!(
        refused("deliver 11100000000013338W/A-1 --channel pigeon --commitment HEX")
            .contains("there is no `pigeon`; choose one of `online`")
    );
    assert!(
        refused("accept 11100000000013338W/A-1 --mandate mandates/all/D-1")
            .contains("there is no kind of publication called")
    );
    assert!(refused("request-correction 11100000000013338W/A-1").contains("--item <MATERIAL>"));
    assert!(refused("list --agency 11100000000013338W --only late").contains("choose open, overdue or unanswered"));
    let error = operation("grant 11100000000013338W/A-1 --decision gone.pdf").unwrap_err().to_string();
    assert!(error.starts_with("--decision: there is no file gone.pdf"), "{error}");
    assert!(
        operation("acknowledge 11100000000013338W/A-1 --material-root sha256:12")
            .unwrap_err()
            .to_string()
            .starts_with("--material-root: ")
    );
}

/// A case offered on a Friday and not taken over: what its page says on the last day, and after it.
#[test]
fn a_case_on_its_page() {
    use huxin_chain_spec::codec;
    use huxin_chain_spec::ids::{RecordIndex, TimeMs};
    use huxin_chain_spec::rules::case::clock::WorkCalendar;
    use huxin_chain_spec::rules::case::standing::{days_left, standing};
    use huxin_chain_spec::state::case::{CaseClock, CaseState, CaseStatus, Frozen};

    use crate::sdk::{DerivedBy, ProvenThing, as_of};

    let friday: TimeMs = "2026-11-20T10:00:00+08:00".parse().unwrap();
    let due: TimeMs = "2026-11-24T23:59:59.999+08:00".parse().unwrap();
    let agency: Uscc = AGENCY.parse().unwrap();
    let state = CaseState {
        status: CaseStatus::Sent,
        mode: CaseMode::CollectOnBehalf,
        origin: agency,
        origin_province: "310000".parse().unwrap(),
        receiver: agency,
        frozen: Frozen {
            item: ITEM.parse().unwrap(),
            item_version: 3,
            guide_version: 2,
            duty: None,
            promised_days: 10,
            acknowledge_days: 2,
            correction_days: 5,
            year: 2026,
            calendars: [None, None],
        },
        bundle: None,
        subject: None,
        material_root: Some(digest()),
        was_corrected: false,
        correction: Vec::new(),
        condition: None,
        pause: None,
        relayed: Vec::new(),
        clock: CaseClock {
            collected_ms: friday,
            sent_ms: Some(friday),
            answer_due_ms: Some(due),
            ..CaseClock::default()
        },
        changed_by: RecordIndex(7),
    };
    let page = |now: TimeMs, derived_by| {
        let mut derived = serde_json::to_value(standing(&state, now)).unwrap();
        derived["days_left"] = serde_json::json!(days_left(&state, &WorkCalendar::default(), now));
        let thing = ProvenThing {
            name: "case/x".to_owned(),
            as_of: as_of(huxin_chain_spec::ids::Height(9), now),
            exists: true,
            state: None,
            derived: Some(derived),
            derived_by,
            records: Vec::new(),
            node: "http://node".to_owned(),
            warnings: Vec::new(),
            receipt: Vec::new(),
            bytes: Some(codec::encode(&state)),
        };
        show::case_text(&thing).unwrap()
    };
    let early = page(friday, DerivedBy::Client);
    assert!(early.contains("已移交 sent"), "{early}");
    assert!(early.contains("due 2026-11-24T23:59:59.999+08:00, 2 working days left"), "{early}");
    assert!(early.contains("computed here") && !early.contains("OVERDUE"), "{early}");
    assert!(
        early.contains("the records below lack record 7"),
        "a timeline without the latest step is noticed: {early}"
    );
    assert!(page(due, DerivedBy::Client).contains("today is the last day"));
    let late = page(TimeMs(due.0 + 1), DerivedBy::Node);
    assert!(late.contains("the time is over") && late.contains("OVERDUE") && late.contains("UNANSWERED"), "{late}");
    assert!(late.contains("derived by the node and not proven"), "{late}");
}
