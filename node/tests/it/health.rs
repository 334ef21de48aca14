//! What a node says of itself, and what it does not answer for that reason.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use huxin_chain_spec::crypto::{Digest, KeyId, PublicKey, Signature, Signer};
use huxin_chain_spec::genesis::{Genesis, GenesisValidator};
use huxin_chain_spec::ids::Height;
use huxin_chain_spec::record::governance::{DoubleSignature, SignedBlock, SignedStep};
use huxin_chain_spec::state::StateKey;
use huxin_engine::{EngineStatus, PeerStatus, Phase, VoteSeen};
use huxin_node::ledger::Ledger;
use huxin_node::mempool::{PoolLimits, peer_id_of};

use crate::damage::change_rows;
use crate::http::{Answer, Node, engine, send};
use crate::support::{commit, genesis, issue, key};

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
        status.peers.push(PeerStatus {
            peer_id,
            connected: is_connected,
            tip: Some(1),
            heard_at_ms: seen_at_ms,
            muted_until_ms: 0,
        });
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

async fn ask(node: &Node, path: &str) -> Answer {
    send(node.ops, "GET", path, &[], b"").await
}

/// While the disk hung, `/ready` hung with it, on an async worker: two such questions and the node answered nothing at all.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_state_that_cannot_be_read_in_time_is_not_ready_and_holds_up_nothing_else() {
    let (release, held) = mpsc::channel::<()>();
    let (held, hangs) = (Mutex::new(held), Arc::new(AtomicBool::new(false)));
    let is_hanging = Arc::clone(&hangs);
    let reader = Arc::new(move || {
        if is_hanging.load(Ordering::SeqCst) {
            let _released = held.lock().unwrap().recv();
        }
        engine(Phase::Idle)
    });
    let node = Node::of(genesis(), PoolLimits::default(), reader).await;
    node.commit(vec![issue(0..1)]);
    assert_eq!((ready(&node).await.status, node.get(LICENCE).await.status), (200, 200));

    hangs.store(true, Ordering::SeqCst);
    let asked = tokio::time::timeout(Duration::from_secs(60), async {
        let (one, other, page) = tokio::join!(ready(&node), ready(&node), ask(&node, "/status"));
        for answer in [&one, &other] {
            assert_eq!((answer.status, codes(answer)), (503, vec!["node.state_unknown".to_owned()]));
        }
        assert_eq!((page.status, page.error().code.as_str()), (503, "api.not_ready"));
        // By now the last look is too old to answer by.
        let refused = node.get(LICENCE).await;
        assert_eq!((refused.status, refused.error().code.as_str()), (503, "api.not_ready"));
        assert!(ask(&node, "/metrics").await.text().contains("\nhuxin_ready 0\n"));
        assert_eq!((ask(&node, "/health").await.status, node.get("/v1/validators").await.status), (200, 200));
    });
    asked.await.expect("the node answers while the disk hangs");

    hangs.store(false, Ordering::SeqCst);
    drop(release);
    assert_eq!((ready(&node).await.status, node.get(LICENCE).await.status), (200, 200));
    node.stop().await;
}

/// A hundred proofs against one validator filled the list, and the one against another was seen nowhere.
#[tokio::test(flavor = "multi_thread")]
async fn proofs_against_one_validator_do_not_hide_those_against_another() {
    let node = Node::of(genesis_of_four(), PoolLimits::default(), Arc::new(|| connected_with(3))).await;
    node.commit(vec![issue(0..1)]);
    let signed = |block| SignedBlock { block, pol_round: None, signature: Signature::Ed25519([5; 64]) };
    let put = |seed: u8, height: u64, round: u32| {
        let proof = DoubleSignature {
            validator: key(seed).id(),
            step: SignedStep::Prevote,
            height: Height(height),
            round,
            first: signed(None),
            second: signed(Some(Digest([7; 32]))),
        };
        node.ledger.store().put_misbehaviour(&proof).unwrap();
    };
    put(5, 1, 0);
    (0..150).for_each(|round| put(6, 2, round));
    let [one, flood] = [5, 6].map(|seed| key(seed).id().to_string());
    let proofs = node.get("/v1/misbehaviour").await.text();
    assert_eq!((proofs.matches(&one).count(), proofs.matches(&flood).count()), (1, 100));
    let page: serde_json::Value = ask(&node, "/status").await.json();
    let signers = page["misbehaviour"]["double_signers"].as_array().unwrap();
    assert!(signers.contains(&one.as_str().into()) && signers.contains(&flood.as_str().into()), "{signers:?}");
    // They are counted when the store is opened, too.
    let (folder, _) = node.stop_and_keep().await;
    let ledger = Ledger::open(folder.path(), genesis_of_four()).unwrap();
    assert_eq!(ledger.store().double_signers(), [5, 6].map(|seed| key(seed).id()).into());
    assert_eq!(ledger.store().misbehaviour(10).unwrap().len(), 11);
}

/// Who signs blocks could not be read, and the page took it for "nobody does".
#[tokio::test(flavor = "multi_thread")]
async fn participation_that_cannot_be_read_is_told() {
    let folder = tempfile::tempdir().unwrap();
    commit(&Ledger::open(folder.path(), genesis_of_four()).unwrap(), vec![issue(0..1)]);
    change_rows(folder.path(), |db| {
        let mut key = StateKey::Participation.to_bytes();
        key.extend((!1u64).to_be_bytes());
        db.put_cf(db.cf_handle("state_history").unwrap(), key, [0xff]).unwrap();
    });
    let ledger = Ledger::open(folder.path(), genesis_of_four()).unwrap();
    let node = Node::over(folder, ledger, PoolLimits::default(), Arc::new(|| connected_with(2))).await;
    let page = ready(&node).await;
    assert_eq!(page.status, 503);
    assert!(codes(&page).contains(&"store.unreadable".to_owned()), "{}", page.text());
    assert_eq!(node.get(LICENCE).await.error().code, "api.not_ready");
}
