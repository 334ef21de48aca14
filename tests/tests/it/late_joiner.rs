//! A node that starts for the first time when the chain is long fetches and checks everything.

use huxin_tests::{Network, PATIENCE, agree_at_a_common_height, eventually, replay_agrees};

#[tokio::test(flavor = "multi_thread")]
async fn the_fourth_node_joins_late() {
    let mut network = Network::prepare(4);
    for node in 0..3 {
        network.start_node(node);
    }
    network.wait_all_ready().await;
    let issuer = network.issuer("310000");
    let api = network.api(0);
    for _ in 0..40 {
        let operations = (0..25).map(|_| issuer.issue_new().1).collect();
        assert_eq!(api.submit_and_wait(&issuer.sign(operations, 0).bytes).await.outcome, "committed");
    }
    network.start_node(3);
    network.wait_ready(3).await;
    let agreed = agree_at_a_common_height(&network.apis()).await;
    assert_eq!(agreed.log_size, 1_000);
    replay_agrees(&network.apis(), &network.genesis).await;

    // A validator without a sign-state on a chain that goes on may have signed before, so it watches two heights first.
    eventually("the late joiner votes", PATIENCE, || async {
        let page = network.operations(3).get("/ready").await;
        (!String::from_utf8_lossy(&page.body).contains("signing.")).then_some(())
    })
    .await;

    // It votes too: without it, three of four would be missing one more.
    network.kill(1);
    let transaction = issuer.sign(vec![issuer.issue_new().1], agreed.height);
    let answer = network.api(3).submit_and_wait(&transaction.bytes).await;
    assert_eq!(answer.outcome, "committed");
    let height = answer.height.unwrap();
    let what = "the other nodes have the late joiner's transaction";
    eventually(what, PATIENCE, || async { (network.api(0).status().await.height >= height).then_some(()) }).await;
}
