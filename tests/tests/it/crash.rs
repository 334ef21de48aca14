//! `kill -9` of random nodes under load: nothing that was acknowledged is lost, and all nodes keep one ledger.

use huxin_tests::{Load, Network, PATIENCE, agree_at_a_common_height, assert_everywhere, eventually, replay_agrees};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

/// Environment variables: how many nodes are killed one after the other, and the seed that chooses them.
const ROUNDS_VARIABLE: &str = "HUXIN_CRASH_ROUNDS";
const SEED_VARIABLE: &str = "HUXIN_CRASH_SEED";
const WORKERS: usize = 8;

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn random_nodes_are_killed_under_load() {
    let rounds = setting(ROUNDS_VARIABLE, 20);
    let seed = setting(SEED_VARIABLE, u64::from(std::process::id()));
    println!("{rounds} rounds, {SEED_VARIABLE}={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let mut network = Network::start(4).await;
    let load = Load::start(&network.apis(), &network.issuer("310000"), WORKERS);
    let more = async |what: &str, count: usize| {
        let wanted = load.acknowledged() + count;
        eventually(what, PATIENCE, || std::future::ready((load.acknowledged() >= wanted).then_some(()))).await;
    };
    for round in 1..=rounds {
        more("work goes on with four nodes", random.random_range(1..40)).await;
        let victim = random.random_range(0..4);
        network.kill(victim);
        more(&format!("work goes on without node {victim} in round {round}"), random.random_range(1..25)).await;
        network.start_node(victim);
        network.wait_ready(victim).await;
    }
    let acknowledged = load.stop().await;
    println!("{} transactions acknowledged", acknowledged.len());
    let agreed = agree_at_a_common_height(&network.apis()).await;
    assert!(agreed.log_size >= acknowledged.len() as u64);
    assert_everywhere(&network.apis(), &acknowledged).await;
    let coverage = replay_agrees(&network.apis(), &network.genesis).await;
    assert!(coverage.records >= acknowledged.len() as u64);
}
