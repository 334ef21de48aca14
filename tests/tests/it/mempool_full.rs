//! A key whose share of the mempool is full is refused politely, others are not, and what the mempool holds is not lost.

use huxin_tests::{Network, PATIENCE, eventually};

#[tokio::test(flavor = "multi_thread")]
async fn a_key_whose_share_is_full_gets_429_with_a_time_to_come_back_and_others_do_not() {
    let mut network = Network::prepare(4);
    network.configure(0, "[mempool]\n", "[mempool]\nbytes_max = 4500000\n");
    network.start_all();
    network.wait_all_ready().await;
    // Without a quorum nothing leaves the mempool.
    for node in 1..4 {
        network.kill(node);
    }
    let (issuer, api) = (network.issuer("310000"), network.api(0));
    let mut taken = Vec::new();
    let refused = loop {
        let transaction = issuer.sign((0..400).map(|_| issuer.issue_new().1).collect(), 0);
        let reply = api.submit(&transaction.bytes).await;
        if reply.status == 202 {
            taken.push(transaction);
            assert!(taken.len() < 200, "4.5 MB hold {} transactions", taken.len());
            continue;
        }
        let error = reply.error();
        let expected = (429, "mempool.share_full", "mempool: the share of the key");
        assert_eq!((reply.status, error.code.as_str(), error.place.as_str()), expected);
        assert!(reply.retry_after_s.is_some_and(|seconds| (1..=60).contains(&seconds)), "{:?}", reply.retry_after_s);
        break transaction;
    };
    assert!(taken.len() >= 4, "only {} transactions fit", taken.len());
    let full = network.metric(0, "huxin_mempool_full_refusals_total").await;
    assert!(full.is_some_and(|count| count >= 1.0), "{full:?}");

    // A key of another province has room at the same node, and the one that has none is named.
    let other = network.issuer("320000");
    let single = other.sign(vec![other.issue_new().1], 0);
    assert_eq!(api.submit(&single.bytes).await.status, 202);
    taken.push(single);
    assert!(network.metric(0, "huxin_door_refused_keys_total").await.is_some_and(|count| count >= 1.0));
    assert!(network.log_says(0, "a key is refused for what it has taken already"));

    network.start_all();
    network.wait_all_ready().await;
    for transaction in &taken {
        assert_eq!(api.submit_and_wait(&transaction.bytes).await.outcome, "committed");
    }
    let what = "the refused transaction is taken once there is room";
    eventually(what, PATIENCE, || async { (api.submit(&refused.bytes).await.status < 300).then_some(()) }).await;
    assert_eq!(api.submit_and_wait(&refused.bytes).await.outcome, "committed");
}
