//! Questions about things over real sockets.

#![allow(clippy::unwrap_used, reason = "tests")]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use huxin_chain_spec::receipt::ThingReceipt;
use huxin_chain_spec::state;

use super::*;
use crate::test_chain::{TestChain, issue};
use crate::test_node::TestNode;

fn chain() -> TestChain {
    let mut chain = TestChain::new();
    chain.decide(vec![issue("A", b"A")]);
    chain
}

/// What an honest node answers from this receipt.
fn answer(receipt: &ThingReceipt) -> ThingAnswer {
    let thing = &receipt.things[0];
    ThingAnswer {
        name: thing.key.to_string(),
        as_of: super::super::as_of(receipt.header.height, receipt.header.time_ms),
        exists: thing.state.is_some(),
        state: thing.state.as_deref().map(|bytes| state::to_json(&thing.key, bytes).unwrap()),
        derived: None,
        records: Vec::new(),
        proof: Some(STANDARD.encode(receipt.to_bytes())),
    }
}

async fn client(chain: &TestChain, nodes: &[&TestNode]) -> Client {
    let urls: Vec<String> = nodes.iter().map(|node| node.url.clone()).collect();
    let trust = TrustRoot::of_genesis(chain.genesis.clone());
    // The chain's time is not the clock's.
    Client::connect(NodeClient::new(&urls).unwrap(), trust).await.unwrap().with_age_s_max(u64::MAX)
}

async fn node(answer: ThingAnswer) -> TestNode {
    TestNode::start(move |_| serde_json::to_string(&answer).unwrap()).await
}

#[tokio::test]
async fn a_lying_node_is_passed_over_with_a_warning() {
    let chain = chain();
    let honest = answer(&chain.thing_receipt(&[StateKey::Parameters], 1, None));
    let liar = node(ThingAnswer { exists: false, state: None, ..honest.clone() }).await;
    let honest = node(honest).await;
    let question = ThingQuestion::now(StateKey::Parameters);
    let found = client(&chain, &[&liar, &honest]).await.thing(&question).await.unwrap();
    assert!(found.exists && found.node.starts_with(&honest.url));
    assert_eq!(found.warnings.len(), 1);
    assert!(found.warnings[0].contains("the proof shows that it exists"), "{}", found.warnings[0]);
    assert_eq!(honest.asked.lock()[0], "GET /v1/things/parameters?records=false HTTP/1.1");
    // With nobody else to ask, the lie is what is reported.
    let alone = client(&chain, &[&liar]).await.thing(&question).await;
    assert!(matches!(alone, Err(ClientError::ProofMismatch { .. })));
}

#[tokio::test]
async fn a_proven_absence_is_an_answer() {
    let chain = chain();
    let key = StateKey::Share(huxin_chain_spec::crypto::Digest([1; 32]));
    let node = node(answer(&chain.thing_receipt(std::slice::from_ref(&key), 1, None))).await;
    let found = client(&chain, &[&node]).await.thing(&ThingQuestion::now(key.clone())).await.unwrap();
    assert!(!found.exists && found.bytes.is_none());
    // A node that says nothing about another thing than the one it was asked about is a liar too.
    let other = client(&chain, &[&node]).await.thing(&ThingQuestion::now(StateKey::Features)).await;
    assert!(matches!(other, Err(ClientError::ProofMismatch { .. })));
}

/// The timeline of a case has its own address; without it, the case is a thing like any other.
#[tokio::test]
async fn a_case_is_asked_for_at_its_address() {
    let chain = chain();
    let case = huxin_chain_spec::ids::CaseRef(huxin_chain_spec::crypto::Digest([7; 32]));
    let node = node(answer(&chain.thing_receipt(&[StateKey::Case(case)], 1, None))).await;
    let client = client(&chain, &[&node]).await;
    let question = ThingQuestion { records: true, ..ThingQuestion::now(StateKey::Case(case)) };
    assert!(!client.thing(&question).await.unwrap().exists);
    client.thing(&ThingQuestion { records: false, ..question }).await.unwrap();
    let asked = node.asked.lock().clone();
    assert_eq!(asked[0], format!("GET /v1/cases/{case} HTTP/1.1"));
    assert_eq!(asked[1], format!("GET /v1/things/case%2F{case}?records=false HTTP/1.1"));
}
