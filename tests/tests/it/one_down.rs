//! One node of four is down: work goes on, and the node catches up when it is back.

use huxin_tests::{Network, agree_at_a_common_height, replay_agrees};

#[tokio::test(flavor = "multi_thread")]
async fn work_goes_on_and_the_node_catches_up() {
    let mut network = Network::start(4).await;
    let issuer = network.issuer("310000");
    let api = network.api(0);
    network.kill(2);
    for _ in 0..20 {
        let transaction = issuer.sign(vec![issuer.issue_new().1], 0);
        assert_eq!(api.submit_and_wait(&transaction.bytes).await.outcome, "committed");
    }
    network.start_node(2);
    network.wait_ready(2).await;
    let agreed = agree_at_a_common_height(&network.apis()).await;
    assert_eq!(agreed.log_size, 20);
    // It takes part again: a transaction that enters there is committed.
    let transaction = issuer.sign(vec![issuer.issue_new().1], agreed.height);
    assert_eq!(network.api(2).submit_and_wait(&transaction.bytes).await.outcome, "committed");
    replay_agrees(&network.apis(), &network.genesis).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_orderly_stop_ends_with_success_and_loses_nothing() {
    let mut network = Network::start(4).await;
    let issuer = network.issuer("340000");
    let transaction = issuer.sign(vec![issuer.issue_new().1], 0);
    let answer = network.api(3).submit_and_wait(&transaction.bytes).await;
    assert!(network.terminate(3).await.success());
    network.start_node(3);
    network.wait_ready(3).await;
    assert_eq!(network.api(3).submit_and_wait(&transaction.bytes).await, answer);
}
