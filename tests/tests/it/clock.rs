//! The clock of one node is wrong: by 2 s it takes part as before, by 60 s the others go on and it follows.

use huxin_chain_spec::api::{HeaderAnswer, ValidatorAnswer};
use huxin_tests::{Network, PATIENCE, agree_at_a_common_height, eventually};

const OFFSET: &str = "HUXIN_TEST_CLOCK_OFFSET_MS";
const SKEWED: usize = 3;

async fn work(network: &Network, transactions: usize) {
    let issuer = network.issuer("310000");
    for _ in 0..transactions {
        let height = network.api(0).status().await.height;
        let transaction = issuer.sign(vec![issuer.issue_new().1], height);
        assert_eq!(network.api(0).submit_and_wait(&transaction.bytes).await.outcome, "committed");
    }
}

/// Whether the skewed node proposed one of the blocks after `from`.
async fn proposed_since(network: &Network, from: u64) -> bool {
    let validators: Vec<ValidatorAnswer> = network.api(0).get("/v1/validators").await.json();
    let province = &network.description.nodes[SKEWED].province;
    let address = &validators.iter().find(|validator| &validator.province == province).unwrap().address;
    for height in from + 1..=network.api(0).status().await.height {
        let header: HeaderAnswer = network.api(0).get(&format!("/v1/headers/{height}")).await.json();
        if &header.proposer == address {
            return true;
        }
    }
    false
}

#[tokio::test(flavor = "multi_thread")]
async fn two_seconds_do_not_matter() {
    let mut network = Network::start(4).await;
    for offset in ["2000", "-2000"] {
        network.terminate(SKEWED).await;
        network.start_node_with(SKEWED, &[(OFFSET, offset)]);
        network.wait_ready(SKEWED).await;
        let from = network.api(0).status().await.height;
        work(&network, 12).await;
        assert!(proposed_since(&network, from).await, "the node {offset} ms off proposed no block");
        agree_at_a_common_height(&network.apis()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_minute_keeps_the_node_from_proposing_but_not_from_following() {
    let mut network = Network::start(4).await;
    for offset in ["60000", "-60000"] {
        network.terminate(SKEWED).await;
        // What it proposed while its clock was right may still be decided, before anything else is.
        work(&network, 1).await;
        let from = network.api(0).status().await.height;
        network.start_node_with(SKEWED, &[(OFFSET, offset)]);
        // It may well say that it is not ready: by its clock the newest block is a minute off.
        let api = network.api(SKEWED);
        eventually("the node answers", PATIENCE, || api.try_status()).await;
        work(&network, 12).await;
        // A clock that is behind proposes its parent's time and 1 ms, which may be near enough; one ahead cannot.
        if !offset.starts_with('-') {
            assert!(!proposed_since(&network, from).await, "a block of the node {offset} ms off was accepted");
        }
        agree_at_a_common_height(&network.apis()).await;
    }
    network.terminate(SKEWED).await;
    network.start_node(SKEWED);
    network.wait_ready(SKEWED).await;
    let from = network.api(0).status().await.height;
    work(&network, 12).await;
    assert!(proposed_since(&network, from).await, "with its clock right again, the node proposed no block");
}

/// All clocks were two minutes ahead and came back: the newest block lies in the future, and nothing was decided for 118 s.
#[tokio::test(flavor = "multi_thread")]
async fn after_all_clocks_come_back_the_chain_goes_on_at_once() {
    const AHEAD_MS: u64 = 120_000;
    let mut network = Network::start(4).await;
    let all = 0..network.description.nodes.len();
    for node in all.clone() {
        network.terminate(node).await;
    }
    for node in all.clone() {
        network.start_node_with(node, &[(OFFSET, &AHEAD_MS.to_string())]);
    }
    for node in all.clone() {
        network.wait_ready(node).await;
    }
    work(&network, 3).await;
    let ahead = agree_at_a_common_height(&network.apis()).await.height;
    for node in all.clone() {
        network.terminate(node).await;
    }
    for node in all {
        network.start_node(node);
    }
    let api = network.api(0);
    eventually("the node answers", PATIENCE, || api.try_status()).await;
    let begun = std::time::Instant::now();
    work(&network, 3).await;
    assert!(begun.elapsed().as_millis() < u128::from(AHEAD_MS / 2), "{:?}", begun.elapsed());
    let height = agree_at_a_common_height(&network.apis()).await.height;
    assert!(height > ahead, "{height} {ahead}");
    let header: HeaderAnswer = api.get(&format!("/v1/headers/{height}")).await.json();
    let before: HeaderAnswer = api.get(&format!("/v1/headers/{}", height - 1)).await.json();
    assert_eq!(header.time_ms, before.time_ms + 1, "nobody runs further ahead");
}
