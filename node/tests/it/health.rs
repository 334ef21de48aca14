//! What a node says of itself, and what it does not answer for that reason.

use std::sync::Arc;

use huxin_chain_spec::crypto::{KeyId, PublicKey, Signer};
use huxin_chain_spec::genesis::{Genesis, GenesisValidator};
use huxin_engine::{EngineStatus, PeerStatus, Phase, VoteSeen};
use huxin_node::mempool::{PoolLimits, peer_id_of};

use crate::http::{Answer, Node, engine, send};
use crate::support::{genesis, issue, key};

const LICENCE: &str = "/v1/licences/0000000000000000000000000000000000000000000000000000000000000000";

async fn ready(node: &Node) -> Answer {
    send(node.ops, "GET", "/ready", &[], b"").await
}

/// Codes of the reasons on a page.
fn codes(page: &Answer) -> Vec<String> {
    let page: serde_json::Value = page.json();
    let reasons = page["reasons"].as_array().unwrap().iter();
    reasons.map(|reason| reason["code"].as_str().unwrap().to_owned()).collect()
}

/// Consensus keys and network keys of three more validators.
fn others() -> [(KeyId, PublicKey); 3] {
    [5, 6, 7].map(|seed| (key(seed).id(), key(seed + 10).public_key()))
}

/// A chain of four validators.
fn genesis_of_four() -> Genesis {
    let mut genesis = genesis();
    let more = [5, 6, 7].map(|seed| GenesisValidator {
        consensus_key: key(seed).public_key(),
        power: 1,
        network_key: Some(key(seed + 10).public_key()),
    });
    genesis.provinces[0].validators.extend(more);
    genesis
}

/// An idle engine that is connected with the first `connected` of the three others.
fn connected_with(connected: usize) -> EngineStatus {
    let mut status = engine(Phase::Idle);
    let seen_at_ms = u64::try_from(std::time::UNIX_EPOCH.elapsed().unwrap().as_millis()).unwrap();
    for (at, (validator, network_key)) in others().into_iter().enumerate() {
        let peer_id = peer_id_of(&network_key).unwrap();
        let is_connected = at < connected;
        status.peers.push(PeerStatus { peer_id, connected: is_connected, tip: Some(1), heard_at_ms: seen_at_ms });
        status.votes.push(VoteSeen { validator, height: 1, round: 0, seen_at_ms });
    }
    status
}

async fn answered_with(connected: usize) -> (Answer, Answer) {
    let reader = Arc::new(move || connected_with(connected));
    let node = Node::of(genesis_of_four(), PoolLimits::default(), reader).await;
    node.commit(vec![issue(0..1)]);
    (node.get(LICENCE).await, ready(&node).await)
}

/// Cut off together with one peer, a node went on to call licences valid that the others had revoked: `consensus.no_quorum` was
/// not among the reasons to keep silent, and `chain.tip_unknown` is not given beside it.
#[tokio::test(flavor = "multi_thread")]
async fn a_node_without_a_quorum_at_hand_answers_no_question() {
    for connected in [0, 1] {
        let (answer, page) = answered_with(connected).await;
        assert_eq!(codes(&page)[0], "consensus.no_quorum", "{}", page.text());
        assert_eq!((answer.status, answer.error().code.as_str()), (503, "api.not_ready"), "{connected} connected");
    }
    let (answer, page) = answered_with(2).await;
    assert_eq!((answer.status, codes(&page)), (200, vec!["peers.missing".to_owned()]), "{}", answer.text());
}

/// An engine that ended learns of no block any more.
#[tokio::test(flavor = "multi_thread")]
async fn a_node_whose_engine_ended_answers_no_question() {
    let node = Node::with(PoolLimits::default(), Phase::Ended).await;
    node.commit(vec![issue(0..1)]);
    assert_eq!(node.get(LICENCE).await.error().code, "api.not_ready");
}
