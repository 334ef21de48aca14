//! A node with a network key that is not on the others' lists gets no connection, and the chain goes on without it.

use std::path::PathBuf;

use huxin_chain_spec::crypto::SignatureScheme;
use huxin_chain_spec::keyfile::KeyPurpose;
use huxin_client::keys;
use huxin_tests::{Network, PATIENCE, Process, agree_at_a_common_height, eventually};

const REPLACED: usize = 3;

/// A node of its own folder with the fourth node's addresses and consensus key, but a network key that nobody knows.
fn stranger(network: &Network) -> (PathBuf, String) {
    let folder = network.config(REPLACED).parent().unwrap().with_file_name("stranger");
    std::fs::create_dir_all(folder.join("keys")).unwrap();
    std::fs::copy(network.config(REPLACED), folder.join("node.toml")).unwrap();
    let consensus = network.config(REPLACED).with_file_name("keys").join("consensus.key");
    std::fs::copy(consensus, folder.join("keys/consensus.key")).unwrap();
    let key =
        keys::create_plain(&folder.join("keys/network.key"), KeyPurpose::Network, SignatureScheme::Ed25519).unwrap();
    let public = huxin_chain_spec::crypto::Signer::public_key(&key);
    (folder, keys::peer_id(&public).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_is_refused_on_both_swarms() {
    let mut network = Network::start(4).await;
    network.terminate(REPLACED).await;
    let (folder, peer_id) = stranger(&network);
    let stranger_process = Process::start(&folder.join("node.toml"), &folder.join("node.log"), &[]);
    let api = network.api(REPLACED);
    eventually("the stranger runs", PATIENCE, || api.try_status()).await;

    let status = async |node: usize| network.operations(node).get("/status").await.json::<serde_json::Value>();
    for node in 0..REPLACED {
        let what = format!("node {node} refuses the stranger on the mempool's swarm");
        eventually(&what, PATIENCE, || async {
            status(node).await["mempool"]["strangers"].as_u64().filter(|count| *count > 0)
        })
        .await;
        eventually("it says so in its log", PATIENCE, || {
            std::future::ready(network.log_says(node, "peer.stranger").then_some(()))
        })
        .await;
    }
    let issuer = network.issuer("310000");
    for _ in 0..10 {
        let transaction = issuer.sign(vec![issuer.issue_new().1], 0);
        assert_eq!(network.api(0).submit_and_wait(&transaction.bytes).await.outcome, "committed");
    }
    for node in 0..REPLACED {
        // The engine's swarm learns the peer id when the connection stands, and closes it at once; the stranger tries again.
        let what = format!("node {node} has no connection with the stranger on the engine's swarm");
        eventually(&what, PATIENCE, || async {
            let peers = status(node).await["engine"]["peers"].as_array().cloned().unwrap();
            let connected = |peer: &serde_json::Value| peer["peer_id"] == *peer_id && peer["connected"] == true;
            (!peers.iter().any(connected)).then_some(())
        })
        .await;
        let says = |line| network.log_says(node, line);
        let refused = says("Rejecting connection from non-persistent peer");
        assert!(refused || says("huxin_engine::peers: peer.stranger"), "node {node} says nothing");
    }
    drop(stranger_process);

    network.start_node(REPLACED);
    network.wait_ready(REPLACED).await;
    assert_eq!(agree_at_a_common_height(&network.apis()).await.log_size, 10);
}
