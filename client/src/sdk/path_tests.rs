//! The way to the validators is fetched where a proof has no room for it, and proven; nothing of it is a node's word.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use huxin_chain_spec::ids::Height;
use huxin_chain_spec::receipt::Anchors;
use huxin_chain_spec::record::{LicenceOperation, Operation};
use huxin_chain_spec::verdict::Verdict;
use parking_lot::Mutex;

use crate::error::ClientError;
use crate::sdk::{Client, NodeClient, Question, ReceiptOf, Subject, ThingQuestion, TrustRoot};
use crate::test_chain::{TestChain, change, document, issue, licence_id};
use crate::test_liar::{LiarNode, Lie, SharedChain};

/// Height 1: licence A. Then three validators take new keys in turn, so often that no receipt has room for the way.
fn chain() -> SharedChain {
    let mut chain = TestChain::new();
    chain.decide(vec![issue("A", b"a")]);
    for turn in 0..12 {
        chain.rotate(turn % 3);
    }
    Arc::new(Mutex::new(chain))
}

async fn client(chain: &SharedChain, lies: Vec<Lie>, trust: &TrustRoot) -> Client {
    let mut urls = Vec::new();
    for lie in lies {
        urls.push(LiarNode::start(chain, lie).await.url);
    }
    Client::connect(NodeClient::new(&urls).unwrap(), trust.clone()).await.unwrap().with_age_s_max(u64::MAX)
}

fn root(chain: &SharedChain) -> TrustRoot {
    TrustRoot::of_genesis(chain.lock().genesis.clone())
}

fn by_identifier() -> Question {
    Question { subject: Subject::Identifier(licence_id("A")), document: Some(document(b"a")), as_of: None }
}

fn by_file() -> Question {
    Question { subject: Subject::Document, ..by_identifier() }
}

/// F1: after many changes every question is answered as before.
#[tokio::test]
async fn every_question_is_answered_after_many_changes() {
    let chain = chain();
    let newest = {
        let chain = chain.lock();
        chain.receipt(0, chain.height(), None)
    };
    assert!(newest.trust.since > Height(0), "no room for the whole way");
    for question in [by_identifier(), by_file()] {
        let trust = root(&chain);
        assert!(trust.check(&newest).is_err());
        let client = client(&chain, vec![Lie::None], &trust).await;
        assert_eq!(client.verify(&question).await.unwrap().verdict, Verdict::Valid);
        // The way is known now: the receipt holds without a node.
        trust.check(&newest).unwrap();
    }
    let fresh = || async { client(&chain, vec![Lie::None], &root(&chain)).await };
    let record = ReceiptOf::Record(huxin_chain_spec::ids::RecordIndex(0));
    assert_eq!(fresh().await.receipt(record, None).await.unwrap().0, newest);
    let name = huxin_chain_spec::state::StateKey::Validators;
    assert!(fresh().await.thing(&ThingQuestion::now(name.clone())).await.unwrap().exists);
    fresh().await.thing_receipt(&name, None).await.unwrap();
    let (head, _) = fresh().await.head(None).await.unwrap();
    let height = chain.lock().height();
    assert_eq!(head.header.height.0, height);
    assert_eq!(fresh().await.head(Some(Height(4))).await.unwrap().0.header.height, Height(4));
    let past = Question { as_of: Some(chain.lock().time(9)), ..by_identifier() };
    assert_eq!(fresh().await.verify(&past).await.unwrap().verdict, Verdict::Valid);
}

/// The way in a file is verified from the genesis on, also by who knows its end already: who gets the file may not.
#[tokio::test]
async fn a_way_for_others_is_verified_whole() {
    let chain = chain();
    let newest = {
        let chain = chain.lock();
        chain.receipt(0, chain.height(), None)
    };
    let end = newest.trust.in_force_since();
    let knowing = root(&chain);
    knowing.known().know_between(&chain.lock().history.path_between(Height(0), end.next(), usize::MAX).unwrap());
    let good = client(&chain, vec![Lie::None], &knowing).await;
    let path = good.whole_path(Height(0), None).await.unwrap();
    path.verify(&Anchors::of_genesis(*knowing.hash())).unwrap();
    assert_eq!((path.since, path.in_force_since()), (Height(0), end));
    let part = good.whole_path(Height(13), None).await.unwrap();
    assert!(part.since > Height(0) && part.since <= Height(13), "{}", part.since);
    assert_eq!(part.in_force_since(), end);
    assert!(matches!(good.whole_path(end.next(), None).await, Err(ClientError::Input { .. })));
    let lying = client(&chain, vec![Lie::Path], &knowing).await;
    let refused = lying.whole_path(Height(0), None).await.unwrap_err();
    assert!(matches!(refused, ClientError::ProofMismatch { .. } | ClientError::PathNeeded { .. }), "{refused}");
}

/// A node's way that does not hold is that node's fault, and another one answers.
#[tokio::test]
async fn a_way_that_too_few_signed_is_passed_over() {
    let chain = chain();
    let alone = client(&chain, vec![Lie::Path], &root(&chain)).await;
    let refused = alone.verify(&by_identifier()).await.unwrap_err();
    assert!(matches!(refused, ClientError::ProofMismatch { .. }), "{refused}");
    let both = client(&chain, vec![Lie::Path, Lie::None], &root(&chain)).await;
    let answer = both.verify(&by_identifier()).await.unwrap();
    assert_eq!((answer.verdict, answer.warnings.len()), (Verdict::Valid, 1), "{:?}", answer.warnings);
}

/// P7: what was seen in one run is held against the next one.
#[tokio::test]
async fn an_older_state_is_refused_in_the_next_run() {
    let folder = tempfile::tempdir().unwrap();
    let chain = chain();
    let kept = || root(&chain).kept_in(folder.path()).unwrap();
    let behind = {
        let mut behind = TestChain::new();
        behind.decide(vec![issue("A", b"a")]);
        Arc::new(Mutex::new(behind))
    };
    let first = client(&chain, vec![Lie::None], &kept()).await;
    first.verify(&by_identifier()).await.unwrap();
    drop(first);
    let height = chain.lock().height();
    assert_eq!(kept().known().seen().map(|seen| seen.height.0), Some(height));
    let refused = client(&behind, vec![Lie::None], &kept()).await.verify(&by_identifier()).await.unwrap_err();
    assert!(!matches!(refused, ClientError::Refused { status: 404, .. }), "{refused}");
    // Who never saw the newer one cannot tell.
    client(&behind, vec![Lie::None], &root(&chain)).await.verify(&by_identifier()).await.unwrap();
}

/// P7: after a pin, what ends before it is refused, and a question about an earlier day is still answered: by what is known now.
#[tokio::test]
async fn a_pin_refuses_what_ends_before_it() {
    let folder = tempfile::tempdir().unwrap();
    let chain = chain();
    let (early, head, day) = {
        let mut chain = chain.lock();
        let (early, head, day) = (chain.receipt(0, 5, None), chain.head(20), chain.time(3));
        let effective = chain.time(chain.height());
        chain.decide(vec![Operation::Licence(LicenceOperation::Suspend(change("A", effective)))]);
        (early, head, day)
    };
    let trust = root(&chain).kept_in(folder.path()).unwrap();
    trust.check(&early).unwrap();
    assert_eq!(head.verify_vouched(trust.hash()).unwrap(), head.block());
    trust.known().pin(&head).unwrap();
    let again = root(&chain).kept_in(folder.path()).unwrap();
    for trust in [&trust, &again] {
        let refused = trust.check(&early).unwrap_err();
        assert_eq!(refused.code(), huxin_chain_spec::codes::Code::ReceiptBeforePinned);
        let client = client(&chain, vec![Lie::None], trust).await;
        assert_eq!(client.verify(&by_identifier()).await.unwrap().verdict, Verdict::Suspended);
        let then = Question { as_of: Some(day), ..by_identifier() };
        assert_eq!(client.verify(&then).await.unwrap().verdict, Verdict::Valid);
    }
}
