//! Faults: a wrong clock, a full disk, a damaged log, a second process, an absent province.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use huxin_engine::{EngineError, Exit};

use crate::net::{Net, PROVINCES, STRANGER_SECRET, key, wait};

/// A province that is down costs its turns a round each, and nothing else.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_of_four_go_on_without_the_fourth() {
    let mut net = Net::start(PROVINCES).await;
    net.run_to(2).await;
    net.stop_node(1).await;
    net.allow(10);
    for node in [0, 2, 3] {
        net.wait_for(10, node..node + 1).await;
    }
    let later_rounds = net.nodes[0].app.chain(10).iter().filter(|(certificate, _)| certificate.round > 0).count();
    assert!(later_rounds > 0, "the absent province's turns went to the next");
    net.start_node(1).await;
    net.wait_for(10, 1..2).await;
    net.verify_chains(10);
    net.stop().await;
}

/// A node whose clock is off finds every proposal invalid. The other three decide; it must follow from their history,
/// where the clock is not asked.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_refuses_proposals_follows_by_sync() {
    let net = Net::start(PROVINCES).await;
    net.nodes[3].app.refuses_proposals.store(true, Ordering::Relaxed);
    net.run_to(6).await;
    net.verify_chains(6);
    assert!(net.nodes[3].app.synced() > 0);
    assert!(net.status(3).last_invalid.is_some());
    assert!(net.status(3).diverged.is_none());
    // Its clock is right again: it takes part.
    net.nodes[3].app.refuses_proposals.store(false, Ordering::Relaxed);
    net.run_to(10).await;
    net.verify_chains(10);
    net.stop().await;
}

/// A commit that fails ends the engine with the reason; the restarted node commits the same block from its log.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_commit_ends_the_engine_and_a_restart_resumes() {
    let mut net = Net::start(PROVINCES).await;
    net.run_to(3).await;
    net.nodes[2].app.refuses_commits.store(true, Ordering::Relaxed);
    net.allow(6);
    let exit = net.nodes[2].handle.as_ref().unwrap().exited().await;
    assert_eq!(exit, Exit::Commit { height: 4, reason: "the disk is full".into() });
    assert_eq!(net.stop_node(2).await, exit);
    net.nodes[2].app.refuses_commits.store(false, Ordering::Relaxed);
    net.start_node(2).await;
    net.wait_for(6, 0..PROVINCES).await;
    net.verify_chains(6);
    net.stop().await;
}

/// Blocks that the disk did not give were taken for "there are none", and the engine went on without them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unreadable_store_ends_the_engine() {
    let mut net = Net::start(PROVINCES).await;
    net.run_to(3).await;
    net.nodes[2].app.is_unreadable.store(true, Ordering::Relaxed);
    net.allow(6);
    let exit = net.nodes[2].handle.as_ref().unwrap().exited().await;
    assert!(matches!(&exit, Exit::Store { reason, .. } if reason == "the disk does not answer"), "{exit:?}");
    net.stop_node(2).await;
    net.nodes[2].app.is_unreadable.store(false, Ordering::Relaxed);
    net.start_node(2).await;
    net.wait_for(6, 0..PROVINCES).await;
    net.verify_chains(6);
    net.stop().await;
}

/// Two processes with one key, or on one log, could sign twice: the second is refused.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_engine_on_the_same_key_or_log_is_refused() {
    let mut net = Net::start(1).await;
    let refused = net.try_start_node(0).await;
    assert!(matches!(refused, Err(EngineError::SignStateInUse { .. })), "{refused:?}");
    let mut config = net.config(0);
    config.sign_state = net.nodes[0].folder.path().join("another.sign-state");
    let refused = huxin_engine::run(config, Arc::new(key(0)), net.nodes[0].app.clone()).await.err();
    assert!(matches!(refused, Some(EngineError::WriteAheadLog { .. })), "{refused:?}");
    wait("the first goes on", || net.status(0).exit.is_none()).await;
    net.stop().await;
}

/// Whoever takes over the address of a node that is down, with another network key, is not listened to for long.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_at_a_known_address_is_sent_away() {
    let mut net = Net::start(PROVINCES).await;
    net.run_to(3).await;
    net.stop_node(3).await;
    let stranger = net.start_stranger(3).await;
    let id = huxin_engine::peer_id(STRANGER_SECRET).unwrap();
    // The engine lets it in sooner or later (see `peers.rs`; once it does not, neither is needed). Blocks go on meanwhile.
    net.allow(u64::MAX);
    for node in 0..PROVINCES - 1 {
        let known = || net.status(node).peers.into_iter().find(|peer| peer.peer_id == id);
        wait("it was let in", || known().is_some()).await;
        wait("it was sent away", || known().is_some_and(|peer| !peer.connected)).await;
    }
    net.wait_for(net.nodes[0].app.tip() + 3, 0..PROVINCES - 1).await;
    stranger.handle.unwrap().shutdown().await;
    net.stop().await;
}
