//! A node that lies about things, in every way that an answer allows.

#![allow(clippy::unwrap_used, reason = "tests")]

use base64::engine::general_purpose::STANDARD;
use huxin_chain_spec::crypto::Digest;
use huxin_chain_spec::ids::ProvinceCode;
use huxin_chain_spec::receipt::ReceiptError;
use huxin_chain_spec::record::governance::Action;
use huxin_chain_spec::record::{GovernanceOperation, LicenceOperation, Operation};
use huxin_chain_spec::state::governance::ProposalState;
use serde_json::json;

use super::*;
use crate::test_chain::{START, STEP_MS, TestChain, change, issue, key, licence_id};

const FRESH_AGE_S: u64 = 60;

/// Height 1 issues A, 2 is empty, 3 revokes A, 4 opens a proposal (record 2).
fn chain() -> TestChain {
    let mut chain = TestChain::new();
    chain.decide(vec![issue("A", b"licence A")]);
    chain.decide_empty();
    let effective = chain.time(3);
    chain.decide(vec![Operation::Licence(LicenceOperation::Revoke(change("A", effective)))]);
    let action = Action::TrustAdd {
        certificate: Digest([7; 32]),
        role: huxin_chain_spec::record::governance::TrustRole::SealMaker,
        crl: None,
        valid_until_ms: TimeMs(START.0 + 1_000_000_000),
    };
    let closes_ms = TimeMs(START.0 + 86_400_000);
    let propose = GovernanceOperation::Propose { action, closes_ms, rationale: Digest([9; 32]) };
    chain.decide_by(key("shanghai/governance"), vec![Operation::Governance(propose)]);
    chain
}

fn licence() -> StateKey {
    StateKey::Licence(LicenceRef::of(huxin_chain_spec::crypto::DigestAlgorithm::Sha256, &licence_id("A")))
}

fn proposal() -> StateKey {
    StateKey::Proposal(RecordIndex(2))
}

/// What an honest node answers from this receipt about its first thing.
fn answer(receipt: &ThingReceipt) -> ThingAnswer {
    let thing = &receipt.things[0];
    ThingAnswer {
        name: thing.key.to_string(),
        as_of: as_of(receipt.header.height, receipt.header.time_ms),
        exists: thing.state.is_some(),
        state: thing.state.as_deref().map(|bytes| state::to_json(&thing.key, bytes).unwrap()),
        derived: None,
        records: Vec::new(),
        proof: Some(STANDARD.encode(receipt.to_bytes())),
    }
}

fn check_at(
    chain: &TestChain,
    question: &ThingQuestion,
    answer: &ThingAnswer,
    now: TimeMs,
) -> Result<ProvenThing, ClientError> {
    let trust = TrustRoot::of_genesis(chain.genesis.clone());
    let freshness = Freshness { now, age_s_max: FRESH_AGE_S, height_min: 4 };
    check_thing(&trust, &freshness, question, "http://node", answer, &BTreeMap::new())
}

fn check(chain: &TestChain, question: &ThingQuestion, answer: &ThingAnswer) -> Result<ProvenThing, ClientError> {
    check_at(chain, question, answer, START.plus_ms(5 * STEP_MS))
}

fn is_lie(result: &Result<ProvenThing, ClientError>) -> bool {
    matches!(result, Err(ClientError::ProofMismatch { .. }))
}

#[test]
fn true_answers_are_proven() {
    let chain = chain();
    let question = ThingQuestion::now(licence());
    let found = check(&chain, &question, &answer(&chain.thing_receipt(&[licence()], 4, None))).unwrap();
    assert!(found.exists && found.state.as_ref().unwrap()["status"] == json!("revoked"));
    assert_eq!((found.derived_by, found.as_of.height), (DerivedBy::Nobody, 4));
    // Absence is proven as well.
    let other = StateKey::Share(Digest([1; 32]));
    let receipt = chain.thing_receipt(std::slice::from_ref(&other), 4, None);
    let absent = check(&chain, &ThingQuestion::now(other), &answer(&receipt)).unwrap();
    assert!(!absent.exists && absent.state.is_none() && absent.state_as::<ProposalState>().unwrap().is_none());
}

#[test]
fn a_forged_state_is_refused() {
    let chain = chain();
    let question = ThingQuestion::now(licence());
    let receipt = chain.thing_receipt(&[licence()], 4, None);
    let mut said = answer(&receipt);
    said.state.as_mut().unwrap()["status"] = json!("issued");
    assert!(is_lie(&check(&chain, &question, &said)));
    // Forged in the receipt too.
    let mut forged = receipt.clone();
    *forged.things[0].state.as_mut().unwrap().first_mut().unwrap() = 0;
    assert!(is_lie(&check(&chain, &question, &answer(&forged))));
    // Without any proof.
    assert!(is_lie(&check(&chain, &question, &ThingAnswer { proof: None, ..answer(&receipt) })));
}

#[test]
fn a_forged_absence_is_refused() {
    let chain = chain();
    let question = ThingQuestion::now(licence());
    let receipt = chain.thing_receipt(&[licence()], 4, None);
    let denied = ThingAnswer { exists: false, state: None, ..answer(&receipt) };
    assert!(is_lie(&check(&chain, &question, &denied)));
    let mut forged = receipt.clone();
    forged.things[0].state = None;
    assert!(is_lie(&check(&chain, &question, &answer(&forged))));
    // The state withheld, though it exists.
    assert!(is_lie(&check(&chain, &question, &ThingAnswer { state: None, ..answer(&receipt) })));
}

#[test]
fn the_proof_of_another_thing_is_refused() {
    let chain = chain();
    let question = ThingQuestion::now(licence());
    let other = answer(&chain.thing_receipt(&[proposal()], 4, None));
    assert!(is_lie(&check(&chain, &question, &other)));
    let renamed = ThingAnswer { name: licence().to_string(), ..other };
    assert!(is_lie(&check(&chain, &question, &renamed)));
    // The true thing's proof under another thing's key.
    let mut moved = chain.thing_receipt(&[proposal()], 4, None);
    moved.things[0].key = licence();
    let said = ThingAnswer {
        name: licence().to_string(),
        exists: true,
        state: None,
        derived: None,
        records: Vec::new(),
        as_of: as_of(Height(4), START),
        proof: Some(STANDARD.encode(moved.to_bytes())),
    };
    assert!(is_lie(&check(&chain, &question, &said)));
}

#[test]
fn an_old_head_is_not_now() {
    let chain = chain();
    let question = ThingQuestion::now(licence());
    // Below a height seen before; then too old by the clock; then a statement about the past.
    let old = answer(&chain.thing_receipt(&[licence()], 2, None));
    assert!(!old.exists && is_lie(&check(&chain, &question, &old)));
    let newest = answer(&chain.thing_receipt(&[licence()], 4, None));
    let late = check_at(&chain, &question, &newest, TimeMs(START.0 + 3_600_000));
    assert!(matches!(late, Err(ClientError::Stale { height: 4, .. })));
    let past = answer(&chain.thing_receipt(&[licence()], 3, Some(chain.time(3))));
    assert!(is_lie(&check(&chain, &question, &past)));
}

#[test]
fn the_past_is_proven_by_the_block_after_it() {
    let chain = chain();
    let time = TimeMs(chain.time(2).0 + 5);
    let question = ThingQuestion { as_of: Some(time), ..ThingQuestion::now(licence()) };
    let receipt = chain.thing_receipt(&[licence()], 2, Some(time));
    let found = check(&chain, &question, &answer(&receipt)).unwrap();
    assert_eq!((found.exists, found.as_of.time_ms, found.as_of.height), (false, time.0, 2));
    // A later or an earlier block than the last one at that time, another time, the next block withheld.
    assert!(is_lie(&check(&chain, &question, &answer(&chain.thing_receipt(&[licence()], 3, Some(time))))));
    assert!(is_lie(&check(&chain, &question, &answer(&chain.thing_receipt(&[licence()], 1, Some(time))))));
    let other = ThingQuestion { as_of: Some(TimeMs(time.0 + 1)), ..question.clone() };
    assert!(is_lie(&check(&chain, &other, &answer(&receipt))));
    assert!(is_lie(&check(&chain, &question, &answer(&chain.thing_receipt(&[licence()], 4, None)))));
    let mut cut = receipt;
    cut.as_of.as_mut().unwrap().next = None;
    assert!(is_lie(&check(&chain, &question, &answer(&cut))));
    // After the newest block, its age decides.
    let time = TimeMs(chain.time(4).0 + 5);
    let question = ThingQuestion { as_of: Some(time), ..ThingQuestion::now(licence()) };
    assert!(check(&chain, &question, &answer(&chain.thing_receipt(&[licence()], 4, Some(time)))).unwrap().exists);
}

#[test]
fn another_chain_is_another_error() {
    let (chain, mut other) = (chain(), TestChain::new());
    other.genesis.chain_id = "dev-other".parse().unwrap();
    let found = check(&other, &ThingQuestion::now(licence()), &answer(&chain.thing_receipt(&[licence()], 4, None)));
    assert!(matches!(found, Err(ClientError::Receipt(ReceiptError::WrongTrustRoot { .. }))));
}

#[test]
fn a_receipt_damaged_at_any_place_proves_nothing() {
    let chain = chain();
    let receipt = chain.thing_receipt(&[licence()], 4, None);
    let (honest, bytes) = (answer(&receipt), receipt.to_bytes());
    for position in (0..bytes.len()).step_by(7) {
        let mut damaged = bytes.clone();
        damaged[position] ^= 1 << (position % 8);
        let said = ThingAnswer { proof: Some(STANDARD.encode(damaged)), ..honest.clone() };
        let result = check(&chain, &ThingQuestion::now(licence()), &said);
        assert!(result.is_err(), "a flipped bit at byte {position} was not noticed");
    }
}

/// What follows is computed from proven states alone, or called the node's word.
#[test]
fn what_follows_is_computed_here_where_the_proof_covers_it() {
    let chain = chain();
    let question = ThingQuestion::now(proposal());
    let lie = Some(json!({ "status": "passed" }));
    let alone = chain.thing_receipt(&[proposal()], 4, None);
    let said = ThingAnswer { derived: lie.clone(), ..answer(&alone) };
    let found = check(&chain, &question, &said).unwrap();
    assert_eq!((found.derived_by, &found.derived), (DerivedBy::Node, &lie));
    let mut needed = vec![proposal(), StateKey::Parameters, StateKey::Validators, StateKey::Participation];
    needed.extend(ProvinceCode::all().map(StateKey::Province));
    let whole = chain.thing_receipt(&needed, 4, None);
    let found = check(&chain, &question, &ThingAnswer { derived: lie, ..answer(&whole) }).unwrap();
    let derived = found.derived.clone().unwrap();
    assert_eq!((found.derived_by, &derived["status"], &derived["yes"]), (DerivedBy::Client, &json!("open"), &json!(1)));
    assert_eq!(found.warnings.len(), 1, "the node's different word is named");
    assert_eq!(found.state_as::<ProposalState>().unwrap().unwrap().rationale, Digest([9; 32]));
    assert_eq!(derived_from(&whole, &proposal(), whole.header.time_ms), Some(derived));
}

/// A record that came with a thing is believed only as far as its own receipt goes.
#[test]
fn a_record_must_be_the_one_its_receipt_proves() {
    let chain = chain();
    let receipt = chain.receipt(1, 4, None);
    let record = &receipt.record;
    let entry = RecordEntry {
        index: 1,
        height: 3,
        time_ms: record.time_ms.0,
        time: record.time_ms.to_string(),
        operation: "licence.revoke".to_owned(),
        province: record.province.to_string(),
        organisation: record.organisation.to_string(),
        record: serde_json::to_value(record).unwrap(),
    };
    let algorithm = huxin_chain_spec::crypto::DigestAlgorithm::Sha256;
    let check = |key: &StateKey, entry: &RecordEntry| check_entry(algorithm, key, entry, &receipt);
    assert_eq!(check(&licence(), &entry), Ok(()));
    assert_eq!(check(&proposal(), &entry), Err("record 1 is not about proposal/2".to_owned()));
    let mut record = entry.record.clone();
    record["time_ms"] = json!(0);
    let forged = [
        RecordEntry { index: 0, ..entry.clone() },
        RecordEntry { time_ms: entry.time_ms + 1, ..entry.clone() },
        RecordEntry { operation: "licence.restore".to_owned(), ..entry.clone() },
        RecordEntry { province: "320000".to_owned(), ..entry.clone() },
        RecordEntry { organisation: "11100000000013338W".to_owned(), ..entry.clone() },
        RecordEntry { record, ..entry.clone() },
    ];
    for lie in forged {
        assert!(check(&licence(), &lie).is_err(), "{lie:?}");
    }
}
