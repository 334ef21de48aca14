//! One liar among honest nodes changes nothing; one liar alone is never believed.

#![allow(clippy::unwrap_used, reason = "tests")]

use crate::sdk::proof::OTHER_RECORDS;
use std::sync::Arc;

use huxin_chain_spec::crypto::DigestAlgorithm;
use huxin_chain_spec::ids::{LicenceRef, RecordIndex, TimeMs};
use huxin_chain_spec::record::{LicenceOperation, Operation};
use huxin_chain_spec::state::StateKey;
use huxin_chain_spec::verdict::Verdict;
use parking_lot::Mutex;

use crate::error::{ClientError, ExitCode};
use crate::sdk::{
    Client, NodeClient, Page, Question, ReceiptOf, SignedTransaction, Subject, ThingQuestion, TrustRoot, Verified,
};
use crate::test_chain::{TestChain, change, document, issue, issue_in, issuer_key, licence_id};
use crate::test_liar::{LiarNode, Lie, SharedChain};

const DIPLOMA: &[u8] = b"a diploma";
const JIANGSU: usize = 1;

/// Height 1: Shanghai issues A with the diploma, and C with another file. Height 2: A is revoked. Height 3: Jiangsu records the same
/// diploma as its own licence B.
fn chain() -> SharedChain {
    let mut chain = TestChain::new();
    chain.decide(vec![issue("A", DIPLOMA), issue("C", b"another")]);
    let effective = chain.time(2);
    chain.decide(vec![Operation::Licence(LicenceOperation::Revoke(change("A", effective)))]);
    chain.decide_by(issuer_key("jiangsu"), vec![issue_in(JIANGSU, "B", DIPLOMA)]);
    Arc::new(Mutex::new(chain))
}

const COPY: u64 = 3;

async fn client_of(chain: &SharedChain, nodes: &[&LiarNode]) -> Client {
    let urls: Vec<String> = nodes.iter().map(|node| node.url.clone()).collect();
    let trust = TrustRoot::of_genesis(chain.lock().genesis.clone());
    // The chain's time is not the clock's.
    Client::connect(NodeClient::new(&urls).unwrap(), trust).await.unwrap().with_age_s_max(u64::MAX)
}

async fn nodes(chain: &SharedChain, lies: Vec<Lie>) -> Vec<LiarNode> {
    let mut nodes = Vec::new();
    for lie in lies {
        nodes.push(LiarNode::start(chain, lie).await);
    }
    nodes
}

/// A client of these nodes, in this order.
async fn client(chain: &SharedChain, lies: Vec<Lie>) -> Client {
    let nodes = nodes(chain, lies).await;
    client_of(chain, &nodes.iter().collect::<Vec<_>>()).await
}

fn by_file(content: &[u8]) -> Question {
    Question { subject: Subject::Document, document: Some(document(content)), as_of: None }
}

fn exit(answer: &Verified) -> ExitCode {
    answer.exit_code()
}

fn signed(client: &Client, serial: &str, content: &[u8], height: u64, window: u64) -> SignedTransaction {
    let signer = client.signer(issuer_key("shanghai"));
    signer.sign(vec![issue(serial, content)], huxin_chain_spec::ids::Height(height), window).unwrap()
}

/// P4: a revoked diploma, recorded once more by another organisation, which the lying node shows alone.
#[tokio::test]
async fn a_copy_never_makes_a_revoked_document_valid() {
    let chain = chain();
    let liar = || Lie::Document(COPY);
    for lies in [
        vec![Lie::None],
        vec![liar()],
        vec![liar(), Lie::None, Lie::None, Lie::None],
        vec![Lie::None, liar()],
        vec![liar(), Lie::Absent, Lie::Garbage, Lie::None],
    ] {
        let answer = client(&chain, lies.clone()).await.verify(&by_file(DIPLOMA)).await.unwrap();
        assert_eq!((answer.verdict, exit(&answer)), (Verdict::Unknown, ExitCode::NotChecked), "{lies:?}");
        assert!(answer.checks.iter().any(|check| check.code == "records.disagree"));
        let shown: Vec<_> = answer.records.iter().map(|record| (record.verdict, record.issuer.clone())).collect();
        assert_eq!(shown.len(), 2, "every record is shown with its issuer: {lies:?}");
        assert!(shown[0].0 == Verdict::Revoked && shown[1].0 == Verdict::Valid && shown[0].1 != shown[1].1);
        assert!(!answer.not_checked.iter().any(|name| name == OTHER_RECORDS), "the ledger's list is proven: {lies:?}");
    }
    // Where it keeps the list back too, the copy is all there is to see, and that there may be others keeps it from being valid.
    let alone = client(&chain, vec![Lie::DocumentWithoutList(COPY)]).await.verify(&by_file(DIPLOMA)).await.unwrap();
    assert_eq!((alone.verdict, exit(&alone), alone.records.len()), (Verdict::Unknown, ExitCode::NotChecked, 1));
    assert!(alone.not_checked.iter().any(|name| name == OTHER_RECORDS));
    assert!(alone.checks.iter().any(|check| check.code == "records.open"), "{alone:?}");
    // A file with one record is valid by it alone: that there is no list is proven.
    let one = client(&chain, vec![Lie::None]).await.verify(&by_file(b"another")).await.unwrap();
    assert_eq!((one.verdict, one.records.len()), (Verdict::Valid, 1));
    assert!(!one.not_checked.iter().any(|name| name == OTHER_RECORDS));
}

/// The other way round: a valid document whose copy was revoked is not called valid by its file alone, and is by its name.
#[tokio::test]
async fn a_document_is_not_valid_while_another_record_says_otherwise() {
    let mut chain = TestChain::new();
    chain.decide(vec![issue("A", DIPLOMA)]);
    chain.decide_by(issuer_key("jiangsu"), vec![issue_in(JIANGSU, "B", DIPLOMA)]);
    let Operation::Licence(LicenceOperation::Issue(copy)) = issue_in(JIANGSU, "B", DIPLOMA) else { unreachable!() };
    let revoke = huxin_chain_spec::record::licence::Change { licence: copy.licence, ..change("A", chain.time(3)) };
    let chain = Arc::new(Mutex::new(chain));
    let both = client(&chain, vec![Lie::None]).await.verify(&by_file(DIPLOMA)).await.unwrap();
    assert_eq!((both.verdict, both.records.len()), (Verdict::Valid, 2), "two records that agree");
    chain.lock().decide_by(issuer_key("jiangsu"), vec![Operation::Licence(LicenceOperation::Revoke(revoke))]);
    let client = client(&chain, vec![Lie::None, Lie::None]).await;
    let answer = client.verify(&by_file(DIPLOMA)).await.unwrap();
    assert_eq!((answer.verdict, exit(&answer)), (Verdict::Unknown, ExitCode::NotChecked));
    assert!(answer.checks.iter().any(|check| check.code == "records.disagree"));
    let named = Question { subject: Subject::Identifier(licence_id("A")), ..by_file(DIPLOMA) };
    assert_eq!(client.verify(&named).await.unwrap().verdict, Verdict::Valid);
}

/// A2: Jiangsu sees the bytes of Shanghai's licence first, records them as its own and withdraws that. The first recorder's word counted,
/// and Shanghai's genuine file was invalid.
#[tokio::test]
async fn attack_a2_squatting_document_digests() {
    let mut chain = TestChain::new();
    chain.decide_by(issuer_key("jiangsu"), vec![issue_in(JIANGSU, "B", DIPLOMA)]);
    let Operation::Licence(LicenceOperation::Issue(copy)) = issue_in(JIANGSU, "B", DIPLOMA) else { unreachable!() };
    let withdraw = huxin_chain_spec::record::licence::Change { licence: copy.licence, ..change("A", chain.time(2)) };
    chain.decide(vec![issue("A", DIPLOMA)]);
    chain.decide_by(issuer_key("jiangsu"), vec![Operation::Licence(LicenceOperation::Withdraw(withdraw))]);
    let chain = Arc::new(Mutex::new(chain));
    let client = client(&chain, vec![Lie::None, Lie::None]).await;
    let answer = client.verify(&by_file(DIPLOMA)).await.unwrap();
    assert_eq!((answer.verdict, exit(&answer)), (Verdict::Unknown, ExitCode::NotChecked));
    let shown: Vec<_> = answer.records.iter().map(|record| record.verdict).collect();
    assert_eq!(shown, [Verdict::Invalid, Verdict::Valid], "every recorder is shown with its own verdict");
    for (issuer, expected) in [("shanghai", Verdict::Valid), ("jiangsu", Verdict::Invalid)] {
        let position = usize::from(issuer == "jiangsu");
        let code = crate::testnet::PROVINCES[position].issuer().unwrap();
        let own = client.of_issuer(&by_file(DIPLOMA), answer.clone(), &code).await.unwrap();
        assert_eq!((own.verdict, own.records.len()), (expected, 2), "{issuer}");
    }
    let nobody = "11100000000013338W".parse().unwrap();
    let of_nobody = client.of_issuer(&by_file(DIPLOMA), answer, &nobody).await.unwrap();
    assert_eq!((of_nobody.verdict, exit(&of_nobody)), (Verdict::Unknown, ExitCode::NotChecked));
    assert!(of_nobody.checks.iter().any(|check| check.code == "records.of_others") && of_nobody.licence.is_none());
}

/// A record that another organisation made later said nothing of the time before it, and turned its answer into unknown.
#[tokio::test]
async fn a_later_record_does_not_change_what_was_so_before() {
    let chain = chain();
    let at = |height: u64| Some(chain.lock().time(height));
    let asked = |as_of| Question { as_of, ..by_file(DIPLOMA) };
    let client = client(&chain, vec![Lie::None, Lie::None]).await;
    let before = client.verify(&asked(at(1))).await.unwrap();
    assert_eq!((before.verdict, before.records.len()), (Verdict::Valid, 2), "the later record is shown all the same");
    let after = client.verify(&asked(at(3))).await.unwrap();
    assert_eq!(after.verdict, Verdict::Unknown, "both count from here on");
}

/// A node that lists what does not exist keeps nobody from a valid answer.
#[tokio::test]
async fn an_invented_record_is_only_a_warning() {
    let chain = chain();
    let invented = LicenceRef::of(DigestAlgorithm::Sha256, &licence_id("NOWHERE")).to_string();
    let other = LicenceRef::of(DigestAlgorithm::Sha256, &licence_id("A")).to_string();
    for listed in [invented, other] {
        let client = client(&chain, vec![Lie::ListsNothing(listed), Lie::None]).await;
        let answer = client.verify(&by_file(b"another")).await.unwrap();
        assert_eq!((answer.verdict, answer.records.len()), (Verdict::Valid, 1));
        assert_eq!(answer.warnings.len(), 1, "{:?}", answer.warnings);
    }
}

/// P12: a height that does not exist burdens no other node.
#[tokio::test]
async fn an_invented_height_is_asked_of_nobody() {
    let chain = chain();
    let nodes = nodes(&chain, vec![Lie::Height, Lie::None, Lie::None, Lie::None]).await;
    let client = client_of(&chain, &nodes.iter().collect::<Vec<_>>()).await;
    for _ in 0..2 {
        let answer = client.verify(&by_file(b"another")).await.unwrap();
        assert_eq!((answer.verdict, answer.warnings.len()), (Verdict::Valid, 0), "{:?}", answer.warnings);
    }
    client.thing(&ThingQuestion::now(StateKey::Parameters)).await.unwrap();
    let asked: Vec<_> = nodes.iter().flat_map(|node| node.asked.lock().clone()).collect();
    let height = chain.lock().height();
    assert!(asked.iter().all(|(_, min)| min.is_none_or(|min| min <= height)), "{asked:?}");
    // What a proof has shown is asked of all from then on.
    assert!(asked.iter().any(|(_, min)| *min == Some(height)), "{asked:?}");
}

/// P13: yesterday's receipt is not kept as today's.
#[tokio::test]
async fn a_stale_receipt_is_not_fetched() {
    let chain = chain();
    let licence = ReceiptOf::Licence(LicenceRef::of(DigestAlgorithm::Sha256, &licence_id("A")));
    let old = chain.lock().receipt(0, 1, None).to_bytes();
    let nodes = nodes(&chain, vec![Lie::Stale(old), Lie::None]).await;
    let both = client_of(&chain, &[&nodes[0], &nodes[1]]).await.with_age_s_max(u64::MAX);
    // This client has seen a newer block.
    both.verify(&by_file(b"another")).await.unwrap();
    let (receipt, _) = both.receipt(licence, None).await.unwrap();
    assert_eq!(receipt.header.height.0, chain.lock().height(), "the honest node's is taken");
    let alone = client_of(&chain, &[&nodes[0]]).await;
    alone.nodes().connection().saw_height(chain.lock().height());
    assert!(matches!(alone.receipt(licence, None).await, Err(ClientError::ProofMismatch { .. })));
    // The chain's newest block is weeks old by this machine's clock: too old for a question about now.
    let strict = client_of(&chain, &[&nodes[0], &nodes[1]]).await.with_age_s_max(300);
    assert!(matches!(strict.receipt(ReceiptOf::Record(RecordIndex(0)), None).await, Err(ClientError::Stale { .. })));
    let thing = strict.thing_receipt(&StateKey::Parameters, None).await;
    assert!(thing.is_err());
    // Another record's receipt, and one about another time, are not what was asked for.
    assert!(both.receipt(ReceiptOf::Record(RecordIndex(1)), None).await.is_ok_and(|(receipt, _)| receipt.index.0 == 1));
    let as_of = Some(TimeMs(1));
    assert!(matches!(alone.receipt(licence, as_of).await, Err(ClientError::ProofMismatch { .. })));
}

/// P5: what one node says of a submission is not believed against another's proof, and not without one.
#[tokio::test]
async fn an_outcome_is_proven_or_said_not_to_be() {
    for lie in [Lie::Rejected, Lie::Expired, Lie::Committed(0), Lie::Door] {
        let chain = chain();
        let both = client(&chain, vec![lie.clone(), Lie::None]).await;
        let height = chain.lock().height();
        let transaction = signed(&both, "NEW", b"new", height, 100);
        let confirmed = both.submit(&transaction, 1_000).await.unwrap();
        assert_eq!(confirmed.receipt.record.tx_id, transaction.tx_id, "{lie:?}");
    }
    // Alone, a liar's word has an error and an exit code of its own, unless its own receipts give it away.
    let chain = chain();
    let alone = client(&chain, vec![Lie::Expired]).await;
    let height = chain.lock().height();
    let transaction = signed(&alone, "NEW", b"new", height, 100);
    assert!(alone.submit(&transaction, 1_000).await.is_ok(), "it serves the proof of what it denies");
    let unknown = signed(&alone, "OTHER", b"other", height, 0);
    let refused = alone.submit(&unknown, 1_000).await.unwrap_err();
    assert!(matches!(&refused, ClientError::OutcomeNotProven { outcome, .. } if outcome == "expired"), "{refused}");
    assert_eq!((refused.exit_code(), refused.code()), (ExitCode::NotProven, "client.outcome_not_proven"));
}

#[tokio::test]
async fn a_rejection_and_an_expiry_are_proven() {
    let chain = chain();
    let honest = client(&chain, vec![Lie::None, Lie::None]).await;
    let height = chain.lock().height();
    let duplicate = signed(&honest, "A", DIPLOMA, height, 100);
    let rejected = honest.submit(&duplicate, 1_000).await.unwrap_err();
    assert!(matches!(&rejected, ClientError::Rejected { body, .. } if body.code == "licence.duplicate"), "{rejected}");
    let (proven, warnings) = honest.proven_outcome(&duplicate.tx_id).await;
    assert!(proven.unwrap().rejection().is_some() && warnings.is_empty());
    // A liar that calls it committed is contradicted by the proof.
    let lied_to = client(&chain, vec![Lie::Committed(0), Lie::None]).await;
    assert!(matches!(lied_to.submit(&duplicate, 1_000).await, Err(ClientError::Rejected { .. })));

    // Of four validators one may lie: two nodes that agree, and a header that is past the last height.
    let late = signed(&honest, "LATE", b"late", height, 0);
    chain.lock().decide_empty();
    assert_eq!(honest.expired_at(&late.tx_id, huxin_chain_spec::ids::Height(height)).await, Ok(()));
    let future = huxin_chain_spec::ids::Height(chain.lock().height() + 1);
    assert!(honest.expired_at(&late.tx_id, future).await.unwrap_err().contains("no certified header"));
    let one = client(&chain, vec![Lie::None, Lie::Garbage]).await;
    let missing = one.expired_at(&late.tx_id, huxin_chain_spec::ids::Height(height)).await.unwrap_err();
    assert!(missing.contains("2 are needed"), "{missing}");
}

/// The same address twice is one node: it does not agree with itself.
#[tokio::test]
async fn a_node_given_twice_counts_once() {
    let chain = chain();
    let node = LiarNode::start(&chain, Lie::Expired).await;
    let client = client_of(&chain, &[&node, &node]).await;
    assert_eq!(client.nodes().connection().node_count(), 1);
}

/// A node that is behind, or keeps back the newest block, showed a revoked licence as it stood before: the first of two proofs was kept.
#[tokio::test]
async fn the_newer_of_two_proofs_counts() {
    let chain = chain();
    let old = || Lie::Old { record: 0, height: 1 };
    for lies in [vec![old(), Lie::None], vec![Lie::None, old()], vec![Lie::Absent, old(), Lie::None]] {
        let answer = client(&chain, lies.clone()).await.verify(&by_file(DIPLOMA)).await.unwrap();
        assert_eq!(answer.verdict, Verdict::Unknown, "another organisation says otherwise: {lies:?}");
        assert_eq!(answer.records[0].verdict, Verdict::Revoked, "{lies:?}");
    }
    // The same where the honest node only lists what the other one shows: the old proof is made once more as of the newer block.
    let mut chain = TestChain::new();
    chain.decide(vec![issue("A", DIPLOMA), issue("A2", DIPLOMA)]);
    let effective = chain.time(2);
    let revoke = |serial| Operation::Licence(LicenceOperation::Revoke(change(serial, effective)));
    chain.decide(vec![revoke("A"), revoke("A2")]);
    let chain = Arc::new(Mutex::new(chain));
    let old = Lie::Old { record: 1, height: 1 };
    let answer = client(&chain, vec![old, Lie::None]).await.verify(&by_file(DIPLOMA)).await.unwrap();
    assert_eq!((answer.verdict, answer.records.len()), (Verdict::Revoked, 2), "{answer:?}");
}

/// One node's damaged proof, its refusal, or its word that there is more, turned a proven answer into none.
#[tokio::test]
async fn what_one_node_cannot_prove_does_not_decide() {
    let chain = chain();
    let invented = LicenceRef::of(DigestAlgorithm::Sha256, &licence_id("NOWHERE")).to_string();
    for lie in [Lie::Damaged(invented), Lie::More, Lie::Refuses, Lie::Garbage] {
        for lies in [vec![lie.clone(), Lie::None], vec![Lie::None, lie.clone()]] {
            let client = client(&chain, lies).await;
            let answer = client.verify(&by_file(b"another")).await.unwrap();
            assert_eq!((answer.verdict, exit(&answer)), (Verdict::Valid, ExitCode::Success), "{lie:?}");
            assert_eq!(answer.warnings.len(), 1, "it is said of the node: {lie:?} {:?}", answer.warnings);
            let named = Question { subject: Subject::Identifier(licence_id("C")), ..by_file(b"another") };
            assert_eq!(client.verify(&named).await.unwrap().verdict, Verdict::Valid, "{lie:?}");
            client.thing(&ThingQuestion::now(StateKey::Parameters)).await.unwrap();
            client.receipt(ReceiptOf::Record(RecordIndex(0)), None).await.unwrap();
        }
    }
    // With nobody else to ask, its refusal is what is reported.
    let alone = client(&chain, vec![Lie::Refuses]).await.verify(&by_file(b"another")).await;
    assert!(matches!(alone, Err(ClientError::Refused { status: 400, .. })), "{alone:?}");
}

/// A node that served another chain's genesis kept a client with a pinned hash from any other node.
#[tokio::test]
async fn the_genesis_is_taken_from_the_node_that_has_the_pinned_one() {
    let chain = chain();
    let nodes = nodes(&chain, vec![Lie::Garbage, Lie::None]).await;
    let urls: Vec<String> = nodes.iter().map(|node| node.url.clone()).collect();
    let hash = chain.lock().genesis.hash();
    let connect = |urls: &[String]| Client::connect(NodeClient::new(urls).unwrap(), TrustRoot::of_hash(hash));
    assert!(connect(&urls).await.is_ok());
    assert!(matches!(connect(&urls[..1]).await, Err(ClientError::Genesis { .. })));
}

/// "Only the word of" the first node, where several said the same.
#[tokio::test]
async fn every_node_that_says_absent_is_named() {
    let chain = chain();
    let nodes = nodes(&chain, vec![Lie::None, Lie::None]).await;
    let client = client_of(&chain, &[&nodes[0], &nodes[1]]).await;
    let named = Question { subject: Subject::Identifier(licence_id("NOWHERE")), document: None, as_of: None };
    for question in [by_file(b"nowhere"), named] {
        let answer = client.verify(&question).await.unwrap();
        assert!(nodes.iter().all(|node| answer.node.contains(&node.url)), "{}", answer.node);
    }
}

/// A node of another chain was asked: "not on the ledger", exit code 2, and its lists were shown as this chain's.
#[tokio::test]
async fn a_node_of_another_chain_is_refused() {
    let (chain, mut other) = (chain(), TestChain::named("dev-other"));
    other.decide(vec![issue("X", b"of another chain")]);
    let strange = LiarNode::start(&Arc::new(Mutex::new(other)), Lie::None).await;
    let alone = client_of(&chain, &[&strange]).await;
    let named = Question { subject: Subject::Identifier(licence_id("NOWHERE")), document: None, as_of: None };
    for question in [by_file(b"nowhere"), named.clone()] {
        let refused = alone.verify(&question).await.unwrap_err();
        assert_eq!((refused.code(), refused.exit_code()), ("client.genesis", ExitCode::NotChecked), "{refused}");
    }
    let proposals = async |nodes: &NodeClient| nodes.things("proposal", &Page::default()).await;
    assert_eq!(alone.list(proposals).await.unwrap_err().code(), "client.genesis");
    let licence = ReceiptOf::Licence(LicenceRef::of(DigestAlgorithm::Sha256, &licence_id("NOWHERE")));
    assert_eq!(alone.receipt(licence, None).await.unwrap_err().code(), "client.genesis");
    // Beside a node of the right chain it is passed over.
    let right = LiarNode::start(&chain, Lie::None).await;
    let both = client_of(&chain, &[&strange, &right]).await;
    assert!(both.list(proposals).await.unwrap().things.is_empty());
    assert_eq!(exit(&both.verify(&named).await.unwrap()), ExitCode::NotOnLedger);
    // A list is about now: an old one is refused.
    let strict = client_of(&chain, &[&right]).await.with_age_s_max(1);
    assert!(matches!(strict.list(proposals).await, Err(ClientError::Stale { .. })));
}

/// A mere error of a node ended with 1, "not valid"; and the first node's error or page kept the others from being asked.
#[tokio::test]
async fn a_refused_question_is_no_verdict_and_asked_elsewhere() {
    let chain = chain();
    let refused = client(&chain, vec![Lie::Refuses]).await.nodes().header(None).await.unwrap_err();
    assert!(matches!(refused, ClientError::Refused { status: 400, .. }), "{refused}");
    assert_eq!(refused.exit_code(), ExitCode::NotChecked);
    let submission = LiarNode::start(&chain, Lie::RefusesSubmissions).await;
    let alone = client_of(&chain, &[&submission]).await;
    let height = chain.lock().height();
    let refused = alone.submit(&signed(&alone, "NEW", b"new", height, 10), 50).await.unwrap_err();
    assert_eq!(refused.exit_code(), ExitCode::Refused, "the ledger's own no stays one: {refused}");
    for lie in [Lie::Refuses, Lie::Garbage] {
        let client = client(&chain, vec![lie.clone(), Lie::None]).await;
        let (_, status) = client.nodes().status().await.unwrap();
        assert_eq!(status.height, height, "{lie:?}");
    }
    // Where no node answers, the refusal is what is reported.
    let both = client(&chain, vec![Lie::Refuses, Lie::Garbage]).await;
    assert!(matches!(both.nodes().status().await, Err(ClientError::Refused { status: 400, .. })));
}

/// A node that was not ready for the height another one had proven was asked again, for seconds, with every question.
#[tokio::test]
async fn a_node_that_failed_is_passed_over_for_the_rest_of_a_run() {
    let chain = chain();
    let behind = LiarNode::start(&chain, Lie::Behind).await;
    let honest = LiarNode::start(&chain, Lie::None).await;
    let nodes = NodeClient::new(&[behind.url.clone(), honest.url.clone()]).unwrap().passing_over_failures();
    let trust = TrustRoot::of_genesis(chain.lock().genesis.clone());
    let client = Client::connect(nodes, trust).await.unwrap().with_age_s_max(u64::MAX);
    client.nodes().connection().saw_height(1);
    let named = Question { subject: Subject::Identifier(licence_id("C")), document: None, as_of: None };
    for _ in 0..5 {
        assert_eq!(client.verify(&named).await.unwrap().verdict, Verdict::Valid);
    }
    assert_eq!(behind.asked.lock().len(), 1, "once, and no more");
    assert_eq!(honest.asked.lock().len(), 5);
}
