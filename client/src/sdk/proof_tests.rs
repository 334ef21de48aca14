//! A node that lies, in every way that an answer allows.

#![allow(clippy::unwrap_used, reason = "tests")]

use base64::engine::general_purpose::STANDARD;
use huxin_chain_spec::crypto::Digest;
use huxin_chain_spec::ids::licence_name;
use huxin_chain_spec::receipt::Receipt;
use huxin_chain_spec::record::{LicenceOperation, Operation};

use super::*;
use crate::test_chain::{START, STEP_MS, TestChain, change, document, issue, licence_id};

const A: &[u8] = b"licence A";
const FRESH_AGE_S: u64 = 60;

/// Height 1 issues A and B, 2 is empty, 3 revokes A, 4 is empty.
fn chain() -> TestChain {
    let mut chain = TestChain::new();
    chain.decide(vec![issue("A", A), issue("B", b"licence B")]);
    chain.decide_empty();
    let effective = chain.time(3);
    chain.decide(vec![Operation::Licence(LicenceOperation::Revoke(change("A", effective)))]);
    chain.decide_empty();
    chain
}

fn now(serial: &str) -> Question {
    Question { subject: Subject::Identifier(licence_id(serial)), document: None, as_of: None }
}

fn answer(verdict: &str, proof: Option<Receipt>, proof_now: Option<Receipt>) -> VerifyAnswer {
    let text = |receipt: Receipt| STANDARD.encode(receipt.to_bytes());
    VerifyAnswer {
        verdict: verdict.to_owned(),
        as_of: AsOfAnswer { height: 4, time_ms: 0, time: String::new() },
        checks: Vec::new(),
        not_checked: Vec::new(),
        licence: None,
        proof: proof.map(text),
        proof_now: proof_now.map(text),
        same_document: Vec::new(),
        same_document_more: false,
    }
}

fn check(chain: &TestChain, question: &Question, answer: &VerifyAnswer) -> Result<Verified, ClientError> {
    let trust = TrustRoot::of_genesis(chain.genesis.clone());
    let freshness = Freshness { now: START.plus_ms(5 * STEP_MS), age_s_max: FRESH_AGE_S, height_min: 4 };
    check_answer(&trust, DigestAlgorithm::Sha256, &freshness, question, "http://node", answer)
}

fn is_lie(result: &Result<Verified, ClientError>) -> bool {
    matches!(result, Err(ClientError::ProofMismatch { .. }))
}

#[test]
fn true_answers_are_proven() {
    let chain = chain();
    let revoked = check(&chain, &now("A"), &answer("revoked", Some(chain.receipt(0, 4, None)), None)).unwrap();
    assert_eq!((revoked.verdict, revoked.proven), (Verdict::Revoked, true));
    assert_eq!(revoked.licence.unwrap().status, "revoked");
    let valid = check(&chain, &now("B"), &answer("valid", Some(chain.receipt(1, 4, None)), None)).unwrap();
    assert_eq!(valid.verdict, Verdict::Valid);
    assert!(valid.checks.iter().any(|check| check.code == "finality.proven"));
    let absent = check(&chain, &now("C"), &answer("unknown", None, None)).unwrap();
    assert_eq!((absent.verdict, absent.proven), (Verdict::Unknown, false));
}

#[test]
fn the_verdict_is_not_taken_from_the_node() {
    let chain = chain();
    // A revoked licence called valid, and a valid one called revoked.
    assert!(is_lie(&check(&chain, &now("A"), &answer("valid", Some(chain.receipt(0, 4, None)), None))));
    assert!(is_lie(&check(&chain, &now("B"), &answer("revoked", Some(chain.receipt(1, 4, None)), None))));
    // No proof at all, another licence's proof, a proof that is garbage.
    assert!(is_lie(&check(&chain, &now("A"), &answer("valid", None, None))));
    assert!(is_lie(&check(&chain, &now("A"), &answer("valid", Some(chain.receipt(1, 4, None)), None))));
    let mut garbage = answer("valid", None, None);
    garbage.proof = Some("AAAA".to_owned());
    assert!(is_lie(&check(&chain, &now("A"), &garbage)));
}

/// The state from before the revocation is a true statement about the past, not about now.
#[test]
fn an_old_state_is_not_sold_as_new() {
    let chain = chain();
    assert!(is_lie(&check(&chain, &now("A"), &answer("valid", Some(chain.receipt(0, 2, None)), None))));
    let trust = TrustRoot::of_genesis(chain.genesis.clone());
    let freshness = Freshness { now: TimeMs(START.0 + 3_600_000), age_s_max: FRESH_AGE_S, height_min: 0 };
    let old = answer("valid", Some(chain.receipt(0, 2, None)), None);
    let result = check_answer(&trust, DigestAlgorithm::Sha256, &freshness, &now("A"), "http://node", &old);
    assert!(matches!(result, Err(ClientError::Stale { height: 2, .. })));
}

#[test]
fn a_receipt_damaged_at_any_place_proves_nothing() {
    let chain = chain();
    let bytes = chain.receipt(0, 4, None).to_bytes();
    for position in (0..bytes.len()).step_by(7) {
        let mut damaged = bytes.clone();
        damaged[position] ^= 1 << (position % 8);
        let mut lie = answer("revoked", None, None);
        lie.proof = Some(STANDARD.encode(damaged));
        let result = check(&chain, &now("A"), &lie);
        assert!(result.is_err(), "a flipped bit at byte {position} was not noticed");
    }
}

#[test]
fn another_chain_is_another_error() {
    let (chain, mut other) = (chain(), TestChain::new());
    other.genesis.chain_id = "dev-other".parse().unwrap();
    let result = check(&other, &now("A"), &answer("revoked", Some(chain.receipt(0, 4, None)), None));
    assert!(matches!(result, Err(ClientError::Receipt(ReceiptError::WrongTrustRoot { .. }))));
}

#[test]
fn the_past_is_proven_with_what_came_later() {
    let chain = chain();
    let time = TimeMs(chain.time(2).0 + 5);
    let question = Question { as_of: Some(time), ..now("A") };
    let (then, later) = (chain.receipt(0, 2, Some(time)), chain.receipt(0, 4, None));
    let valid = check(&chain, &question, &answer("valid", Some(then.clone()), Some(later.clone()))).unwrap();
    assert_eq!((valid.verdict, valid.as_of.time_ms), (Verdict::Valid, time.0));
    // Later changes hidden; a block before the last one at that time; a time not asked about.
    assert!(is_lie(&check(&chain, &question, &answer("valid", Some(then.clone()), None))));
    let early = chain.receipt(0, 1, Some(time));
    assert!(is_lie(&check(&chain, &question, &answer("valid", Some(early), Some(later.clone())))));
    let mut cut = then.clone();
    cut.as_of.as_mut().unwrap().next = None;
    assert!(is_lie(&check(&chain, &question, &answer("valid", Some(cut), Some(later.clone())))));
    let other_time = Question { as_of: Some(TimeMs(time.0 + 1)), ..now("A") };
    assert!(is_lie(&check(&chain, &other_time, &answer("valid", Some(then), Some(later)))));
}

#[test]
fn before_it_was_recorded_it_is_not_on_the_ledger() {
    let chain = chain();
    let time = TimeMs(START.0 + 5);
    let question = Question { as_of: Some(time), ..now("A") };
    let later = chain.receipt(0, 4, None);
    let unknown = check(&chain, &question, &answer("unknown", None, Some(later.clone()))).unwrap();
    assert_eq!((unknown.verdict, unknown.proven), (Verdict::Unknown, true));
    // Recorded by then, but said not to be.
    let question = Question { as_of: Some(chain.time(2)), ..now("A") };
    assert!(is_lie(&check(&chain, &question, &answer("unknown", None, Some(later)))));
}

#[test]
fn one_changed_byte_is_found() {
    let chain = chain();
    let proof = || Some(chain.receipt(1, 4, None));
    let with = |content: &[u8]| Question { document: Some(document(content)), ..now("B") };
    let valid = check(&chain, &with(b"licence B"), &answer("valid", proof(), None)).unwrap();
    assert_eq!(valid.verdict, Verdict::Valid);
    let invalid = check(&chain, &with(b"licence b"), &answer("invalid", proof(), None)).unwrap();
    assert_eq!(invalid.verdict, Verdict::Invalid);
    assert!(is_lie(&check(&chain, &with(b"licence b"), &answer("valid", proof(), None))));
    // The same SHA-256 with another SM3 would be a broken SHA-256: only the client can notice.
    let forged = Document { sm3: document(b"forged").sm3, ..document(b"licence B") };
    let question = Question { document: Some(forged), ..now("B") };
    let found = check(&chain, &question, &answer("valid", proof(), None)).unwrap();
    assert_eq!(found.verdict, Verdict::Invalid);
}

/// A record whose type is not that of the identifier is not that licence. The node, which is told the reference only, cannot know; the
/// holder of the text can.
#[test]
fn an_identifier_that_contradicts_its_record_is_invalid() {
    let mut chain = TestChain::new();
    let Operation::Licence(LicenceOperation::Issue(mut licence)) = issue("A", A) else { unreachable!() };
    let other = LicenceId::new("11100000000013338W009".parse().unwrap(), licence.issuer, "A", 1).unwrap();
    licence.licence = LicenceRef::of(DigestAlgorithm::Sha256, &other);
    licence.name = licence_name(DigestAlgorithm::Sha256, &Digest::ZERO, &other);
    chain.decide(vec![Operation::Licence(LicenceOperation::Issue(licence))]);
    (0..3).for_each(|_| chain.decide_empty());
    let question = Question { subject: Subject::Identifier(other), document: None, as_of: None };
    let found = check(&chain, &question, &answer("valid", Some(chain.receipt(0, 4, None)), None)).unwrap();
    assert_eq!((found.verdict, found.proven), (Verdict::Invalid, true));
}

/// Another organisation may record the name of a licence, but only as a licence of its own, which is no answer about that one.
#[test]
fn attack_a1_a_neighbours_record_of_the_same_name_is_no_answer() {
    let mut chain = TestChain::new();
    let Operation::Licence(LicenceOperation::Issue(mut licence)) = issue("A", A) else { unreachable!() };
    let stolen =
        LicenceId::new("11100000000013338W011".parse().unwrap(), "11100000000013338W".parse().unwrap(), "A", 1);
    let stolen = stolen.unwrap();
    licence.name = licence_name(DigestAlgorithm::Sha256, &Digest::ZERO, &stolen);
    licence.licence = LicenceRef::owned(DigestAlgorithm::Sha256, &licence.issuer, &licence.name);
    chain.decide(vec![Operation::Licence(LicenceOperation::Issue(licence))]);
    (0..3).for_each(|_| chain.decide_empty());
    let question = Question { subject: Subject::Identifier(stolen), document: None, as_of: None };
    let found = check(&chain, &question, &answer("valid", Some(chain.receipt(0, 4, None)), None));
    assert!(matches!(found, Err(ClientError::ProofMismatch { .. })), "{found:?}");
}
