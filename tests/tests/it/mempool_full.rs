//! A full mempool refuses politely, and what it holds is not lost.

use huxin_tests::{Network, PATIENCE, eventually};

#[tokio::test(flavor = "multi_thread")]
async fn a_full_mempool_answers_429_and_says_when_to_come_back() {
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
        assert_eq!((reply.status, error.code.as_str(), error.place.as_str()), (429, "mempool.full", "mempool"));
        assert!(reply.retry_after_s.is_some_and(|seconds| (1..=60).contains(&seconds)), "{:?}", reply.retry_after_s);
        break transaction;
    };
    assert!(taken.len() >= 4, "only {} transactions fit", taken.len());
    let full = network.metric(0, "huxin_mempool_full_refusals_total").await;
    assert!(full.is_some_and(|count| count >= 1.0), "{full:?}");

    network.start_all();
    network.wait_all_ready().await;
    for transaction in &taken {
        assert_eq!(api.submit_and_wait(&transaction.bytes).await.outcome, "committed");
    }
    let what = "the refused transaction is taken once there is room";
    eventually(what, PATIENCE, || async { (api.submit(&refused.bytes).await.status < 300).then_some(()) }).await;
    assert_eq!(api.submit_and_wait(&refused.bytes).await.outcome, "committed");
}
