//! Whole engines over loopback: four in one process, each with an application in memory.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod faults;
mod net;
mod signing;

use net::{Net, PROVINCES, wait};

/// Agreement, order and proof: every node holds the same chain, and each certificate verifies with the protocol alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_engines_decide_one_chain() {
    let net = Net::start(PROVINCES).await;
    net.run_to(20).await;
    net.verify_chains(20);
    // Turns go round: each validator proposed some of these blocks.
    assert_eq!(net.proposers(1..=20).len(), PROVINCES);
    let status = net.status(0);
    assert_eq!(status.last_decision.as_ref().map(|decision| decision.height), Some(20));
    assert_eq!(status.peers.iter().filter(|peer| peer.connected).count(), PROVINCES - 1);
    assert!(status.diverged.is_none() && status.exit.is_none());
    assert!(huxin_engine::metrics_text().contains("moniker"));
    net.stop().await;
}

/// Nothing is decided while nobody has work; one node with work is enough to begin the next height everywhere.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_network_decides_when_one_node_has_work() {
    let net = Net::start(PROVINCES).await;
    net.run_to(3).await;
    for node in 0..PROVINCES {
        wait("all idle", || net.status(node).phase == huxin_engine::Phase::Idle).await;
    }
    net.nodes[2].app.allow(4);
    net.wait_for(4, 0..PROVINCES).await;
    net.verify_chains(4);
    net.stop().await;
}

/// A restarted node is dozens of blocks behind, fetches them with their certificates, and then takes part again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_was_away_catches_up() {
    let mut net = Net::start(PROVINCES).await;
    net.run_to(5).await;
    net.stop_node(3).await;
    net.allow(15);
    net.wait_for(15, 0..3).await;
    assert_eq!(net.nodes[3].app.tip(), 5);
    net.start_node(3).await;
    net.wait_for(15, 3..4).await;
    net.run_to(20).await;
    net.verify_chains(20);
    assert!(net.nodes[3].app.synced() > 0);
    net.stop().await;
}

/// A block of many parts reaches everybody whole.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn blocks_of_many_parts_arrive() {
    let net = Net::start(PROVINCES).await;
    for node in &net.nodes {
        node.app.pad_blocks(5 * huxin_engine::PART_BYTES + 1_234);
    }
    net.run_to(5).await;
    net.verify_chains(5);
    assert!(net.nodes[0].app.block_bytes(5) > 5 * huxin_engine::PART_BYTES);
    net.stop().await;
}
