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

/// With exactly one reachable peer a node caught up at two blocks a second, and so never: each block waited for the peer's next word.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_with_one_peer_catches_up_faster_than_the_chain() {
    const BLOCKS: u64 = 80;
    let mut net = Net::start(PROVINCES).await;
    net.run_to(2).await;
    net.stop_node(3).await;
    net.allow(BLOCKS);
    net.wait_for(BLOCKS, 0..3).await;
    let begun = std::time::Instant::now();
    net.start_node_with_peers(3, &[0]).await;
    net.wait_for(BLOCKS, 3..4).await;
    let rate = (BLOCKS - 2) as f64 / begun.elapsed().as_secs_f64();
    eprintln!("{rate:.0} blocks a second from one peer, its start included");
    // 50 and more on an idle machine; this one builds and tests beside it.
    assert!(rate > 20.0, "{rate} blocks a second");
    net.verify_chains(BLOCKS);
    net.stop().await;
}

/// One missing link and one node down halted four, though each of the others reached a quorum: 2 and 3 did not hear each other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_missing_link_and_one_node_down_do_not_halt_four() {
    let mut net = Net::start(PROVINCES).await;
    net.nodes.iter().for_each(|node| node.app.pad_blocks(300_000));
    net.run_to(2).await;
    for node in [0, 2, 3] {
        net.stop_node(node).await;
    }
    net.start_node_with_peers(2, &[0, 1]).await;
    net.start_node_with_peers(3, &[0, 1]).await;
    net.allow(12);
    for node in 1..4 {
        net.wait_for(12, node..node + 1).await;
    }
    let connected = |node: usize| net.status(node).peers.iter().filter(|peer| peer.connected).count();
    assert_eq!([1, 2, 3].map(connected), [2, 1, 1], "the link is missing");
    let lost = net.nodes[1].app.chain(12).iter().filter(|(certificate, _)| certificate.round > 1).count();
    assert!(lost <= 2, "only the turns of the node that is down are lost: {lost}");
    net.start_node(0).await;
    net.wait_for(12, 0..1).await;
    net.verify_chains(12);
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
