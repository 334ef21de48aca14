//! `huxin receipt verify` never ends with success for an argument that it did not compare.

#![allow(clippy::unwrap_used, reason = "tests")]

use clap::Parser as _;
use huxin_chain_spec::record::licence::Change;
use tempfile::TempDir;

use super::*;
use crate::commands::Cli;
use crate::test_chain::{TestChain, change, issue, licence_id};

const FILE: &[u8] = b"licence A";

/// Height 1 issues A and B, 2 revokes A, 3 suspends B, 4 restores B.
fn chain() -> TestChain {
    let mut chain = TestChain::new();
    chain.decide(vec![issue("A", FILE), issue("B", b"licence B")]);
    let at = |serial: &str, height: u64| -> Change { change(serial, crate::test_chain::START.plus_ms(height)) };
    for operation in [
        LicenceOperation::Revoke(at("A", 1)),
        LicenceOperation::Suspend(at("B", 1)),
        LicenceOperation::Restore(at("B", 2)),
    ] {
        chain.decide(vec![Operation::Licence(operation)]);
    }
    chain
}

struct Desk {
    folder: TempDir,
    chain: TestChain,
    global: Global,
}

impl Desk {
    fn new() -> Self {
        let (folder, chain) = (TempDir::new().unwrap(), chain());
        let genesis = folder.path().join("genesis.toml");
        std::fs::write(&genesis, chain.genesis.to_toml().unwrap()).unwrap();
        let genesis = genesis.to_str().unwrap();
        let global = Cli::try_parse_from(["huxin", "--json", "--genesis", genesis, "status"]).unwrap().global;
        Self { folder, chain, global }
    }

    fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    fn check(&self, bytes: &[u8], file: Option<&[u8]>, id: Option<&str>) -> Result<ExitCode, ClientError> {
        let file = file.map(|content| self.write("document", content));
        let check = Check {
            receipt: self.write("receipt", bytes),
            file,
            id: id.map(str::to_owned),
            trust_path: Vec::new(),
            as_of: None,
        };
        check.run(&self.global, &Output::new(true))
    }

    fn receipt(&self, index: u64, height: u64) -> Receipt {
        self.chain.receipt(index, height, None)
    }
}

fn id(serial: &str) -> String {
    licence_id(serial).to_string()
}

fn is_input(result: &Result<ExitCode, ClientError>) -> bool {
    matches!(result, Err(ClientError::Input { .. }))
}

/// C1: with its state cut out, the receipt of a revoked licence said "proven", exit code 0, for any file and any identifier.
#[test]
fn a_receipt_without_its_state_is_never_a_success() {
    let desk = Desk::new();
    let whole = desk.receipt(0, 4);
    assert_eq!(desk.check(&whole.to_bytes(), None, None).unwrap(), ExitCode::Refused);
    let stripped = Receipt { status: None, ..whole }.to_bytes();
    assert_eq!(desk.check(&stripped, None, None).unwrap(), ExitCode::NotChecked);
    assert_eq!(desk.check(&stripped, Some(FILE), Some(&id("A"))).unwrap(), ExitCode::NotChecked);
    // Another file may be one that was attached since, which only the state says.
    assert_eq!(desk.check(&stripped, Some(b"another file"), None).unwrap(), ExitCode::NotChecked);
    assert_eq!(desk.check(&desk.receipt(1, 4).to_bytes(), Some(b"another file"), None).unwrap(), ExitCode::Refused);
    assert!(is_input(&desk.check(&stripped, None, Some(&id("B")))));
    assert!(is_input(&desk.check(&stripped, None, Some("no identifier"))));
    // Also of a licence that is in force: what is not covered is not known.
    let open = Receipt { status: None, ..desk.receipt(1, 4) };
    assert_eq!(desk.check(&open.to_bytes(), Some(b"licence B"), Some(&id("B"))).unwrap(), ExitCode::NotChecked);
    let receipt = PathBuf::from("x");
    let check = Check { receipt, file: None, id: None, trust_path: Vec::new(), as_of: None };
    let answer = check.answer(&open, None, None).unwrap();
    assert_eq!((answer.verdict, answer.checks.len()), (Verdict::Unknown, 10));
    assert_eq!(answer.licence.unwrap().status, "unknown");
}

/// The genuine receipt of a revocation, with file and identifier of the revoked licence, ended with 0 as well.
#[test]
fn the_receipt_of_a_change_compares_what_is_given_or_refuses() {
    let desk = Desk::new();
    let revocation = desk.receipt(2, 4).to_bytes();
    assert_eq!(desk.check(&revocation, None, None).unwrap(), ExitCode::Refused, "it proves that a licence ended");
    let suspension = desk.receipt(3, 4).to_bytes();
    assert_eq!(desk.check(&suspension, None, None).unwrap(), ExitCode::Refused);
    assert_eq!(desk.check(&desk.receipt(4, 4).to_bytes(), None, None).unwrap(), ExitCode::Success, "given back");
    assert!(is_input(&desk.check(&revocation, Some(FILE), None)));
    assert!(is_input(&desk.check(&revocation, Some(FILE), Some(&id("A")))));
    assert!(is_input(&desk.check(&revocation, None, Some(&id("B")))));
    assert_eq!(desk.check(&revocation, None, Some(&id("A"))).unwrap(), ExitCode::Refused);
    let reference = LicenceRef::of(desk.chain.genesis.ledger_hash, &licence_id("A")).to_string();
    assert_eq!(desk.check(&revocation, None, Some(&reference)).unwrap(), ExitCode::Refused);
    // A restoration says what was so then, not what is so now.
    assert_eq!(desk.check(&desk.receipt(4, 4).to_bytes(), None, Some(&id("B"))).unwrap(), ExitCode::NotChecked);
}

#[test]
fn success_is_for_what_was_compared() {
    let desk = Desk::new();
    let valid = desk.receipt(1, 4).to_bytes();
    for (file, id_of, expected) in [
        (None, None, ExitCode::Success),
        (Some(&b"licence B"[..]), Some("B"), ExitCode::Success),
        (Some(&b"licence b"[..]), Some("B"), ExitCode::Refused),
    ] {
        assert_eq!(desk.check(&valid, file, id_of.map(id).as_deref()).unwrap(), expected);
    }
    let reference = LicenceRef::of(desk.chain.genesis.ledger_hash, &licence_id("B")).to_string();
    assert_eq!(desk.check(&valid, None, Some(&reference)).unwrap(), ExitCode::Success);
    assert!(is_input(&desk.check(&valid, None, Some(&id("A")))));
    let things = desk.chain.thing_receipt(&[StateKey::Parameters], 4, None).to_bytes();
    assert_eq!(desk.check(&things, None, None).unwrap(), ExitCode::Success);
    assert!(is_input(&desk.check(&things, Some(FILE), None)) && is_input(&desk.check(&things, None, Some(&id("A")))));
    // An outcome is no licence's receipt either.
    let tx_id = desk.chain.record(0).tx_id;
    let outcome = desk.chain.outcome_receipt(&tx_id).unwrap().to_bytes();
    assert_eq!(desk.check(&outcome, None, None).unwrap(), ExitCode::Success);
    assert!(is_input(&desk.check(&outcome, None, Some(&id("A")))));
}

/// As of a time that no next block bounds, the answer is as of the receipt's block.
#[test]
fn an_as_of_time_that_nothing_signs_is_not_reported() {
    let desk = Desk::new();
    let far = TimeMs(4_070_908_800_000);
    let receipt = desk.chain.receipt(1, 4, Some(far));
    let check = Check { receipt: PathBuf::from("x"), file: None, id: None, trust_path: Vec::new(), as_of: None };
    let status = receipt.verify(&desk.chain.genesis.hash()).unwrap().status;
    let answer = check.answer(&receipt, None, status.as_ref()).unwrap();
    assert_eq!(answer.as_of.time_ms, desk.chain.time(4).0);
    assert_eq!(answer.not_checked.len(), 2);
}

/// The newest receipt answers for every time up to its own, by every change that it proves; no later time, and nothing else dates.
#[test]
fn a_past_time_is_answered_or_refused() {
    let desk = Desk::new();
    let at = |bytes: &[u8], height: u64| {
        let (receipt, as_of) = (desk.write("receipt", bytes), Some(desk.chain.time(height)));
        Check { receipt, file: None, id: None, trust_path: Vec::new(), as_of }.run(&desk.global, &Output::new(true))
    };
    let licence = desk.receipt(1, 4);
    let bytes = licence.to_bytes();
    assert_eq!(at(&bytes, 4).unwrap(), ExitCode::Success, "restored");
    // Recorded at height 3 with effect from before height 1; the restoration at height 4 counts from then on too.
    assert_eq!(at(&desk.receipt(1, 3).to_bytes(), 1).unwrap(), ExitCode::Refused, "suspended as known at height 3");
    assert_eq!(at(&bytes, 1).unwrap(), ExitCode::Success, "restored as known at height 4");
    let answer = |as_of| {
        let check =
            Check { receipt: PathBuf::from("x"), file: None, id: None, trust_path: Vec::new(), as_of: Some(as_of) };
        let status = licence.verify(&desk.chain.genesis.hash()).unwrap().status;
        check.answer(&licence, None, status.as_ref()).unwrap()
    };
    let then = answer(desk.chain.time(3));
    let differs = then.checks.iter().find(|check| check.name == "status_then").unwrap();
    assert_eq!((then.verdict, differs.code.as_str()), (Verdict::Valid, "status_then.suspended"));
    assert!(is_input(&at(&bytes, 5)), "nothing signs a later time");
    assert!(is_input(&at(&desk.receipt(2, 4).to_bytes(), 4)), "a change's receipt proves no history");
    let things = desk.chain.thing_receipt(&[StateKey::Parameters], 4, None).to_bytes();
    let tx_id = desk.chain.record(0).tx_id;
    let outcome = desk.chain.outcome_receipt(&tx_id).unwrap().to_bytes();
    assert!(is_input(&at(&things, 4)) && is_input(&at(&outcome, 4)));
    // What the receipt does not cover stays open for a past time too.
    let open = Receipt { status: None, ..licence.clone() }.to_bytes();
    assert_eq!(at(&open, 3).unwrap(), ExitCode::NotChecked);
}

#[test]
fn another_version_is_told_as_such() {
    let desk = Desk::new();
    let mut newer = desk.receipt(1, 4).to_bytes();
    newer[7] = b'9';
    let refused = desk.check(&newer, None, None).unwrap_err();
    assert_eq!((refused.code(), refused.exit_code()), ("receipt.newer_version", ExitCode::NotChecked));
    assert!(refused.to_string().contains("this program knows version 3"), "{refused}");
}
