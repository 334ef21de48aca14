//! What several doors say of a submission, and the height from which it is signed.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use huxin_chain_spec::certificate::{Validator, ValidatorSet};
use huxin_chain_spec::crypto::Signer as _;
use huxin_chain_spec::ids::Height;
use huxin_chain_spec::state::StateKey;
use huxin_chain_spec::transaction::Transaction;
use parking_lot::Mutex;

use crate::error::ClientError;
use crate::sdk::{Client, NodeClient, SignedTransaction, ThingQuestion, TrustRoot, nodes_that_prove};
use crate::test_chain::{TestChain, issue, issuer_key, key};
use crate::test_liar::{LiarNode, Lie, SharedChain};

const WINDOW: u64 = 100;

fn chain() -> SharedChain {
    let mut chain = TestChain::new();
    chain.decide(vec![issue("A", b"a")]);
    Arc::new(Mutex::new(chain))
}

async fn client(chain: &SharedChain, lies: &[Lie]) -> Client {
    let mut urls = Vec::new();
    for lie in lies {
        urls.push(LiarNode::start(chain, lie.clone()).await.url);
    }
    let trust = TrustRoot::of_genesis(chain.lock().genesis.clone());
    // The chain's time is not the clock's.
    Client::connect(NodeClient::new(&urls).unwrap(), trust).await.unwrap().with_age_s_max(u64::MAX)
}

fn signed(client: &Client, serial: &str, height: u64) -> SignedTransaction {
    client.signer(issuer_key("shanghai")).sign(vec![issue(serial, b"new")], Height(height), WINDOW).unwrap()
}

async fn submit(lies: &[Lie], serial: &str) -> Result<(), ClientError> {
    let chain = chain();
    let client = client(&chain, lies).await;
    client.submit(&signed(&client, serial, 1), 50).await.map(|_| ())
}

/// One node refused, another one held the transaction in its mempool, and the answer was "refused".
#[tokio::test]
async fn a_refusal_does_not_outweigh_a_node_that_holds_the_transaction() {
    let answers = submit(&[Lie::RefusesSubmissions, Lie::Pending], "NEW").await;
    let Err(ClientError::Pending { expires_at, licences, .. }) = &answers else { unreachable!("{answers:?}") };
    assert_eq!((*expires_at, licences.len()), (1 + WINDOW, 1), "what it takes to ask again later");
    assert!(submit(&[Lie::RefusesSubmissions, Lie::Garbage, Lie::None], "NEW").await.is_ok());
    assert!(submit(&[Lie::Garbage, Lie::None], "NEW").await.is_ok());
}

/// Of four validators one may lie: a refusal is reported by the word of two of the nodes given, or of the only one.
#[tokio::test]
async fn a_refusal_is_the_word_of_more_nodes_than_may_lie() {
    let refuses = || Lie::RefusesSubmissions;
    for lies in [vec![refuses()], vec![refuses(), refuses()], vec![refuses(), Lie::Garbage, refuses()]] {
        let refused = submit(&lies, "NEW").await;
        assert!(matches!(refused, Err(ClientError::Refused { status: 409, .. })), "{lies:?} {refused:?}");
    }
    // A refusal that the ledger proves needs no second door.
    let proven = submit(&[refuses(), Lie::Garbage], "A").await;
    assert!(matches!(proven, Err(ClientError::Refused { status: 409, .. })), "{proven:?}");
    let one = submit(&[refuses(), Lie::Garbage], "NEW").await.unwrap_err();
    assert!(matches!(&one, ClientError::OutcomeNotProven { outcome, .. } if outcome == "refused"), "{one:?}");
    assert!(one.to_string().contains("1 nodes refuse it, and 2 must") && one.to_string().contains("licence.duplicate"));
}

/// An import noted a batch as refused for good by one node's word, and signed its other rows again.
#[tokio::test]
async fn an_import_acts_on_a_refusal_only_where_it_is_final() {
    let chain = chain();
    let alone = client(&chain, &[Lie::RefusesSubmissions]).await;
    let refused = alone.submit_for_good(&signed(&alone, "NEW", 1), 50).await.unwrap_err();
    assert!(matches!(&refused, ClientError::OutcomeNotProven { outcome, .. } if outcome == "refused"), "{refused:?}");
    // The receipt of the licence proves that another transaction issued it: this one never can.
    let refused = alone.submit_for_good(&signed(&alone, "A", 1), 50).await.unwrap_err();
    assert!(matches!(&refused, ClientError::Refused { .. }), "{refused:?}");
    let both = client(&chain, &[Lie::RefusesSubmissions, Lie::RefusesSubmissions]).await;
    let refused = both.submit_for_good(&signed(&both, "NEW", 1), 50).await.unwrap_err();
    assert!(matches!(&refused, ClientError::Refused { .. }), "{refused:?}");
}

/// The record was committed, and the node that was asked for its receipt first gave another one.
#[tokio::test]
async fn a_commitment_is_proven_by_whichever_node_has_the_receipt() {
    let chain = chain();
    let old = chain.lock().receipt(0, 1, None).to_bytes();
    let client = client(&chain, &[Lie::Stale(old), Lie::None]).await;
    let transaction = signed(&client, "NEW", 1);
    let confirmed = client.submit(&transaction, 1_000).await.unwrap();
    assert_eq!(confirmed.receipt.record.tx_id, transaction.tx_id);
}

/// A node that said it had an invented height made transactions wait for years, or expire at once.
#[tokio::test]
async fn the_height_that_is_signed_from_is_proven() {
    let chain = chain();
    let old = chain.lock().thing_receipt(&[StateKey::Validators], 1, None).to_bytes();
    chain.lock().decide_empty();
    for lies in [vec![Lie::Height, Lie::None], vec![Lie::Refuses, Lie::None], vec![Lie::Stale(old), Lie::None]] {
        let client = client(&chain, &lies).await;
        client.thing(&ThingQuestion::now(StateKey::Parameters)).await.unwrap();
        let signer = client.signer(issuer_key("shanghai"));
        let transaction = client.sign(&signer, vec![issue("NEW", b"new")], WINDOW).await.unwrap();
        let expires_at = Transaction::from_bytes(&transaction.bytes).unwrap().body.expires_at;
        assert_eq!(expires_at, Height(2 + WINDOW), "{lies:?}");
    }
    let alone = client(&chain, &[Lie::Garbage]).await;
    let signer = alone.signer(issuer_key("shanghai"));
    assert!(alone.sign(&signer, vec![issue("NEW", b"new")], WINDOW).await.is_err());
}

/// Heads were counted: two nodes of the three weakest validators of ten "proved" an expiry, though all three may lie.
#[test]
fn voting_power_counts_and_not_heads() {
    let needed = |powers: &[u64]| {
        let validator = |(place, power): (usize, &u64)| Validator {
            key: key(&place.to_string()).public_key(),
            power: *power,
            province: "310000".parse().unwrap(),
        };
        nodes_that_prove(&ValidatorSet::new(powers.iter().enumerate().map(validator).collect()))
    };
    assert_eq!((needed(&[1]), needed(&[1, 1, 1]), needed(&[1, 1, 1, 1]), needed(&[2; 7])), (1, 1, 2, 3));
    assert_eq!(needed(&[7, 1, 1, 1]), 4);
    assert_eq!(needed(&[3, 3, 2, 1, 1]), 3);
    assert_eq!(needed(&[]), 1);
}
