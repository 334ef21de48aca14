//! The consortium changes while it works: a province joins and leaves, a validator's key is replaced, a feature comes into
//! force. No step needs the running nodes to be restarted.

use huxin_chain_spec::api::{HeaderAnswer, ThingAnswer, ValidatorAnswer};
use huxin_chain_spec::crypto::{Digest, SignatureScheme, Signer as _};
use huxin_chain_spec::features::ANCHORS;
use huxin_chain_spec::ids::Height;
use huxin_chain_spec::keyfile::KeyPurpose;
use huxin_chain_spec::record::governance::{Action, TrustRole};
use huxin_chain_spec::record::membership::StatusChange;
use huxin_client::keys;
use huxin_tests::{
    Council, Http, Load, Network, PATIENCE, agree_at_a_common_height, assert_everywhere, eventually, replay_agrees,
};

const WORKERS: usize = 4;

/// Waits until a block that this validator proposed is decided, by then with its vote for others too.
async fn proposes(api: &Http, validator: &str) {
    let what = format!("{validator} proposes");
    eventually(&what, PATIENCE, || async {
        let header: HeaderAnswer = api.get("/v1/headers/latest").await.json();
        (header.proposer == validator).then_some(())
    })
    .await;
}

async fn validators(api: &Http) -> Vec<ValidatorAnswer> {
    api.get("/v1/validators").await.json()
}

fn consensus_address(network: &Network, node: usize) -> String {
    let key = network.config(node).with_file_name("keys").join("consensus.key");
    keys::open_plain(&key).unwrap().public_key().id().to_string()
}

async fn more_work(load: &Load) {
    let wanted = load.acknowledged() + 10;
    eventually("work goes on", PATIENCE, || std::future::ready((load.acknowledged() >= wanted).then_some(()))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fifth_province_joins_votes_validates_and_is_removed_under_load() {
    const FIFTH: usize = 4;
    let mut network = Network::start(4).await;
    let founders = network.apis();
    let load = Load::start(&founders, &network.issuer("310000"), WORKERS);
    more_work(&load).await;

    let admit = network.join();
    let council = Council::new(&network);
    assert_eq!(council.propose(FIFTH, admit.clone()).await.unwrap_err(), "key.unknown");
    council.pass(&[0, 1, 2, 3], admit).await;
    network.start_node(FIFTH);
    network.wait_ready(FIFTH).await;
    let address = consensus_address(&network, FIFTH);
    assert!(validators(&founders[0]).await.iter().any(|validator| validator.address == address));
    proposes(&founders[0], &address).await;
    more_work(&load).await;

    // A founder that restarts still lets it in, though its configuration does not name it.
    network.kill(1);
    network.start_node(1);
    network.wait_ready(1).await;
    let met = async || {
        let status: serde_json::Value = network.operations(1).get("/status").await.json();
        let peers = status["engine"]["peers"].as_array().cloned().unwrap_or_default();
        (peers.iter().filter(|peer| peer["connected"] == true).count() == 4).then_some(())
    };
    eventually("the restarted founder is connected with all four", PATIENCE, met).await;

    // It decides with the others.
    let trust = Action::TrustAdd {
        certificate: Digest([7; 32]),
        role: TrustRole::CertificateAuthority,
        crl: None,
        valid_until_ms: huxin_client::sdk::clock().plus_ms(86_400_000),
    };
    let proposal = council.propose(1, trust).await.unwrap();
    council.vote(FIFTH, proposal, true).await.unwrap();
    assert_eq!(council.vote(FIFTH, proposal, false).await.unwrap_err(), "proposal.double_vote");
    let answer: ThingAnswer = founders[0].get(&format!("/v1/things/proposal/{proposal}")).await.json();
    assert_eq!(answer.derived.unwrap()["yes"], 2);

    let fifth = network.description.nodes[FIFTH].province.parse().unwrap();
    let remove = Action::ProvinceStatus { province: fifth, change: StatusChange::Remove };
    council.pass(&[0, 1, 2, 3], remove).await;
    assert!(validators(&founders[0]).await.iter().all(|validator| validator.address != address));
    assert!(council.vote(FIFTH, proposal, true).await.is_err());
    let peers = async |node: usize| {
        let status: serde_json::Value = network.operations(node).get("/status").await.json();
        let connected =
            |list: &serde_json::Value| list.as_array().unwrap().iter().filter(|peer| peer["connected"] == true).count();
        (connected(&status["engine"]["peers"]), connected(&status["mempool"]["peers"]))
    };
    for node in 0..4 {
        let what = format!("node {node} has no connection with the removed one");
        eventually(&what, PATIENCE, || async { (peers(node).await == (3, 3)).then_some(()) }).await;
    }
    more_work(&load).await;
    let left_behind = network.api(FIFTH).status().await.height;
    more_work(&load).await;
    assert!(network.api(FIFTH).status().await.height <= left_behind + 1, "nobody tells it of new blocks");

    let acknowledged = load.stop().await;
    agree_at_a_common_height(&founders).await;
    assert_everywhere(&founders, &acknowledged).await;
    replay_agrees(&founders, &network.genesis).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_of_a_live_validator_is_replaced_under_load() {
    const NODE: usize = 3;
    let mut network = Network::start(4).await;
    let apis = network.apis();
    let load = Load::start(&apis[..NODE], &network.issuer("310000"), WORKERS);
    more_work(&load).await;
    let folder = network.config(NODE).with_file_name("keys");
    let old = keys::open_plain(&folder.join("consensus.key")).unwrap().public_key();
    let new = keys::create_plain(&folder.join("next.key"), KeyPurpose::Consensus, SignatureScheme::Ed25519)
        .unwrap()
        .public_key();
    let rotate = Action::ValidatorRotate { old: old.id(), new, network_key: None };
    // Its own province's affair alone.
    let council = Council::new(&network);
    assert_eq!(council.propose(0, rotate.clone()).await.unwrap_err(), "validator.other_province");
    council.pass(&[NODE], rotate).await;
    network.terminate(NODE).await;
    std::fs::rename(folder.join("next.key"), folder.join("consensus.key")).unwrap();
    network.start_node(NODE);
    network.wait_ready(NODE).await;
    proposes(&apis[0], &new.id().to_string()).await;
    assert!(validators(&apis[0]).await.iter().all(|validator| validator.address != old.id().to_string()));
    let acknowledged = load.stop().await;
    agree_at_a_common_height(&apis).await;
    assert_everywhere(&apis, &acknowledged).await;
    replay_agrees(&apis, &network.genesis).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_without_a_feature_stops_before_it_comes_into_force() {
    const OLD: usize = 3;
    let mut network = Network::prepare(4);
    for node in 0..OLD {
        network.start_node(node);
    }
    network.start_node_with(OLD, &[("HUXIN_TEST_WITHOUT_FEATURES", "1")]);
    network.wait_all_ready().await;
    let apis = network.apis();
    let load = Load::start(&apis[..OLD], &network.issuer("310000"), WORKERS);
    more_work(&load).await;
    let height = Height(apis[0].status().await.height + 40);
    let council = Council::new(&network);
    council.pass(&[0, 1, 2, 3], Action::FeatureActivate { feature: ANCHORS, height }).await;

    let status = network.ends(OLD, PATIENCE).await;
    assert_eq!(status.code(), Some(1));
    let sentence = format!("the provinces activated feature {ANCHORS} from height {height} on");
    assert!(network.log_says(OLD, &sentence));
    let last = format!("it goes on from height {}", height.0 - 1);
    assert!(network.log_says(OLD, &last), "it ended before the feature, not earlier");
    let passed = async || (apis[0].status().await.height > height.0).then_some(());
    eventually("the others go on", PATIENCE, passed).await;

    // With a version that has the feature it goes on where it stopped.
    network.start_node(OLD);
    network.wait_ready(OLD).await;
    load.stop().await;
    agree_at_a_common_height(&apis).await;
    replay_agrees(&apis, &network.genesis).await;
}
