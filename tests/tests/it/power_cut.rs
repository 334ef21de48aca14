//! All four nodes killed at the same moment, as when the power of a whole site fails.

use huxin_tests::{Load, Network, PATIENCE, agree_at_a_common_height, assert_everywhere, eventually, replay_agrees};

const ROUNDS: usize = 4;
const WORKERS: usize = 8;

#[tokio::test(flavor = "multi_thread")]
async fn all_four_are_killed_at_once_under_load() {
    let mut network = Network::start(4).await;
    let load = Load::start(&network.apis(), &network.issuer("330000"), WORKERS);
    for round in 1..=ROUNDS {
        let wanted = load.acknowledged() + 20 + 7 * round;
        let what = format!("work goes on in round {round}");
        eventually(&what, PATIENCE, || std::future::ready((load.acknowledged() >= wanted).then_some(()))).await;
        // All are signalled before the first is waited for.
        let ids: Vec<String> = (0..network.size()).map(|node| network.process(node).id().to_string()).collect();
        let status = std::process::Command::new("sh").args(["-c", "kill -KILL \"$@\"", "kill"]).args(&ids).status();
        assert!(status.unwrap().success());
        for node in 0..network.size() {
            network.kill(node);
        }
        network.start_all();
        network.wait_all_ready().await;
    }
    let acknowledged = load.stop().await;
    agree_at_a_common_height(&network.apis()).await;
    assert_everywhere(&network.apis(), &acknowledged).await;
    let coverage = replay_agrees(&network.apis(), &network.genesis).await;
    assert!(coverage.records >= acknowledged.len() as u64);
}
