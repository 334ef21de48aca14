//! Never twice: what an operator or a disk does on a bad day, and no node signs a second statement for one step.

use std::sync::Arc;

use huxin_chain_spec::ids::Height;
use huxin_engine::{EngineError, Exit, SigningStatus};

use crate::net::{Net, PROVINCES, TestApp, key, validators, wait};

fn leads(node: usize, height: u64) -> bool {
    validators().proposer(Height(height), 0).unwrap().key.id() == key(node).id()
}

/// Runs to a height that `leader` leads in round 0, with nodes 2 and 3 down: node 0 has voted there, and nothing is decided.
async fn voted_without_a_quorum(leader: usize) -> (Net, u64) {
    let mut net = Net::start(PROVINCES).await;
    let height = (4..=8).find(|height| leads(leader, *height)).unwrap();
    net.run_to(height - 1).await;
    net.stop_node(2).await;
    net.stop_node(3).await;
    net.allow(height);
    let me = key(0).id();
    wait("node 1 sees a vote of node 0 for the height", || {
        net.status(1).votes.iter().any(|vote| vote.validator == me && vote.height == height)
    })
    .await;
    net.stop_node(0).await;
    (net, height)
}

/// Everybody comes back and the chain goes on; nobody holds a proof.
async fn goes_on_without_a_proof(mut net: Net, height: u64) {
    for node in 0..PROVINCES {
        if net.nodes[node].handle.is_none() {
            net.start_node(node).await;
        }
    }
    net.allow(height + 3);
    net.wait_for(height + 3, 0..PROVINCES).await;
    net.verify_chains(height + 3);
    net.assert_nobody_signed_twice();
    net.stop().await;
}

fn signing(net: &Net, node: usize) -> SigningStatus {
    net.status(node).signing
}

/// One flipped bit in an entry used to end the node with a sentence that said to start it again, and the second start went
/// without the entry and voted a second time. In an entry's length not even the first start said a word.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_log_refuses_every_start_until_it_is_set_aside() {
    // A checksum, the data, and the length of the first entry.
    for (byte, bit) in [(12 + 10, 3), (12 + 13 + 5, 0), (12 + 1 + 2, 0)] {
        let (mut net, height) = voted_without_a_quorum(1).await;
        let mut bytes = std::fs::read(net.log(0)).unwrap();
        bytes[byte] ^= 1 << bit;
        std::fs::write(net.log(0), &bytes).unwrap();
        for _ in 0..3 {
            let refused = net.try_start_node(0).await;
            assert!(matches!(refused, Err(EngineError::LogDamaged { .. })), "{refused:?}");
            assert_eq!(std::fs::read(net.log(0)).unwrap(), bytes, "kept for examination");
        }
        let config = net.config(0);
        let done =
            huxin_engine::recover(&config.wal_dir, &config.sign_state, &net.binding(0), height - 1, None).unwrap();
        assert_eq!(std::fs::read(done.log_kept.unwrap()).unwrap(), bytes);
        assert_eq!(done.signing.last_height, height);
        goes_on_without_a_proof(net, height).await;
    }
}

/// The log is deleted. What was signed is in the sign-state.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_log_makes_nobody_sign_twice() {
    for leader in [0, 1] {
        let (mut net, height) = voted_without_a_quorum(leader).await;
        std::fs::remove_file(net.log(0)).unwrap();
        net.nodes[0].app.pad_blocks(1); // another block, if it is to propose again
        net.start_node(0).await;
        goes_on_without_a_proof(net, height).await;
    }
}

/// The store is set aside and `data/wal` kept, without waiting, as the operator's page used to say: height and round were signed
/// a second time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_empty_store_makes_nobody_sign_twice() {
    let (mut net, height) = voted_without_a_quorum(0).await;
    net.nodes[0].app = Arc::new(TestApp::new(key(0).id()));
    net.nodes[0].app.pad_blocks(1);
    net.nodes[0].store = [77; 16];
    net.allow(height);
    net.start_node(0).await;
    wait("node 0 has caught up", || net.nodes[0].app.tip() + 1 == height).await;
    assert_eq!(signing(&net, 0).last_height, height);
    goes_on_without_a_proof(net, height).await;
}

/// Two nodes come back from backups of their stores while the one that knows better is away. They used to decide other blocks.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_restored_stores_make_no_second_chain() {
    let mut net = Net::start(PROVINCES).await;
    net.run_to(5).await;
    net.stop_node(3).await;
    net.allow(9);
    net.wait_for(9, 0..3).await;
    let first = net.nodes[0].app.chain(9);
    for node in [0, 1, 2] {
        net.stop_node(node).await;
    }
    for node in [1, 2] {
        net.nodes[node].app = Arc::new(net.nodes[node].app.restored(5));
        net.nodes[node].app.pad_blocks(1);
    }
    net.nodes[3].app.pad_blocks(1);
    for node in [1, 2, 3] {
        net.start_node(node).await;
    }
    net.allow(9);
    wait("both restored nodes keep silent", || [1, 2].iter().all(|node| signing(&net, *node).withheld > 0)).await;
    assert!(net.nodes[1..].iter().all(|node| node.app.tip() == 5));
    net.start_node(0).await;
    net.wait_for(9, 0..PROVINCES).await;
    assert_eq!(net.nodes[1].app.chain(9).last().unwrap().0.block, first.last().unwrap().0.block);
    goes_on_without_a_proof(net, 9).await;
}

/// Disk and sign-state are gone, and only the key is left. The chain does not need this validator: it watches, then votes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_without_its_sign_state_watches_first() {
    let mut net = Net::start(PROVINCES).await;
    net.run_to(5).await;
    net.stop_node(0).await;
    net.nodes[0].app = Arc::new(TestApp::new(key(0).id()));
    net.nodes[0].store = [77; 16];
    std::fs::remove_file(net.sign_state(0)).unwrap();
    std::fs::remove_dir_all(net.config(0).wal_dir).unwrap();
    net.start_node(0).await;
    net.wait_for(5, 0..1).await;
    wait("it has heard how far the chain is", || signing(&net, 0).past_known).await;
    assert_eq!(signing(&net, 0).above_height, 7);
    net.run_to(7).await;
    assert_eq!(signing(&net, 0).last_height, 0, "nothing signed at or below height 7");
    net.run_to(12).await;
    wait("it votes again", || signing(&net, 0).last_height > 7).await;
    net.assert_nobody_signed_twice();
    net.stop().await;
}

/// The same where the chain needs this validator: only the operator's word lets it vote, above what the others show of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_without_its_sign_state_is_let_in_by_a_word_where_it_is_needed() {
    let mut net = Net::start(PROVINCES).await;
    net.run_to(5).await;
    net.stop_node(3).await;
    net.stop_node(0).await;
    std::fs::remove_file(net.sign_state(0)).unwrap();
    let config = net.config(0);
    let binding = net.binding(0);
    let word = |above| huxin_engine::recover(&config.wal_dir, &config.sign_state, &binding, 5, above);
    assert!(matches!(word(None), Err(EngineError::Recover { .. })), "nobody knows");
    assert!(matches!(word(Some((4, u32::MAX))), Err(EngineError::Recover { .. })), "below the store");
    net.start_node(0).await;
    net.allow(8);
    wait("it keeps silent", || signing(&net, 0).withheld > 0).await;
    assert_eq!(net.nodes[1].app.tip(), 5, "two of four decide nothing");
    net.stop_node(0).await;
    word(Some((5, u32::MAX))).unwrap();
    net.start_node(0).await;
    net.wait_for(8, 0..3).await;
    net.assert_nobody_signed_twice();
    net.stop().await;
}

/// The key signed in another process, with a sign-state of its own: this one knows nothing of it and notices by the certificates.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_process_that_signed_with_the_key_is_noticed() {
    let mut net = Net::start(PROVINCES).await;
    net.run_to(3).await;
    net.stop_node(0).await;
    let mut config = net.config(0);
    config.wal_dir = net.nodes[0].folder.path().join("wal-of-the-standby");
    config.sign_state = net.nodes[0].folder.path().join("sign-state-of-the-standby");
    let standby = Arc::new(TestApp::new(key(0).id()));
    standby.allow(u64::MAX);
    let handle = huxin_engine::run(config, Arc::new(key(0)), standby.clone()).await.unwrap();
    wait("the standby has heard how far the chain is", || handle.status().signing.past_known).await;
    net.allow(8);
    net.wait_for(8, 1..PROVINCES).await;
    // Two of the others are no quorum: every further block carries the standby's signature.
    net.stop_node(3).await;
    net.allow(11);
    net.wait_for(11, 1..3).await;
    handle.shutdown().await;
    net.start_node(0).await;
    let exit = net.nodes[0].handle.as_ref().unwrap().exited().await;
    assert!(matches!(exit, Exit::AnotherSigner { .. }), "{exit}");
    net.stop_node(0).await;
    // A restart forgot it, and signed beside the other process.
    for _ in 0..2 {
        let refused = net.try_start_node(0).await;
        assert!(matches!(refused, Err(EngineError::AnotherSigner { .. })), "{refused:?}");
    }
    let config = net.config(0);
    let tip = net.nodes[0].app.tip();
    let done = huxin_engine::recover(&config.wal_dir, &config.sign_state, &net.binding(0), tip, None).unwrap();
    assert!(!done.signing.past_known, "what the other process signed is not known");
    net.start_node(3).await;
    net.start_node(0).await;
    wait("it has heard how far the chain is", || signing(&net, 0).past_known).await;
    assert!(signing(&net, 0).above_height >= 13);
    net.run_to(16).await;
    net.assert_nobody_signed_twice();
    net.stop().await;
}

/// Zeros behind the last entry, or a header cut short: what a power cut leaves. Such a node never started again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_power_cut_leaves_of_the_log_is_mended() {
    let (mut net, height) = voted_without_a_quorum(1).await;
    let sound = std::fs::read(net.log(0)).unwrap();
    for torn in [[sound.as_slice(), &[0; 26]].concat(), sound[..sound.len() - 1].to_vec(), sound[..6].to_vec()] {
        std::fs::write(net.log(0), torn).unwrap();
        net.start_node(0).await;
        assert_eq!(net.stop_node(0).await, Exit::Stopped);
    }
    goes_on_without_a_proof(net, height).await;
}

/// Three validators lost store and sign-state, one of them not its log. No peer said to be above height 0, and that one signed
/// height 1 a second time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_names_a_height_keeps_its_validator_from_beginning_a_second_chain() {
    let mut net = Net::start(PROVINCES).await;
    net.run_to(6).await;
    for node in 0..PROVINCES {
        net.stop_node(node).await;
    }
    for node in [0, 1, 2] {
        net.nodes[node].app = Arc::new(TestApp::new(key(node).id()));
        net.nodes[node].app.pad_blocks(1);
        net.nodes[node].store = [77; 16];
        std::fs::remove_file(net.sign_state(node)).unwrap();
        if node != 0 {
            std::fs::remove_dir_all(net.config(node).wal_dir).unwrap();
        }
    }
    for node in [0, 1, 2] {
        net.start_node(node).await;
    }
    net.allow(5);
    wait("those without any trace say that they have decided nothing", || {
        (0..3).all(|node| net.status(node).peers.iter().any(|peer| peer.tip == Some(0)))
    })
    .await;
    assert!((0..3).all(|node| !signing(&net, node).past_known && net.nodes[node].app.tip() == 0));
    // Again, now that the engine has begun a new log; and the others are joined by one more that has no trace.
    net.stop_node(0).await;
    net.nodes[3].app = Arc::new(TestApp::new(key(3).id()));
    net.nodes[3].store = [77; 16];
    std::fs::remove_file(net.sign_state(3)).unwrap();
    std::fs::remove_dir_all(net.config(3).wal_dir).unwrap();
    net.start_node(0).await;
    net.start_node(3).await;
    net.allow(5);
    net.wait_for(5, 1..PROVINCES).await;
    assert_eq!(
        signing(&net, 0).last_height,
        0,
        "three without any trace begin a chain, without the one that knows better"
    );
    net.stop().await;
}
