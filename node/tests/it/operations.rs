//! The operations listener.

use huxin_engine::Phase;
use huxin_node::mempool::PoolLimits;

use crate::http::{Answer, Node, OCTETS, send};
use crate::support::issue;

async fn ask(node: &Node, path: &str) -> Answer {
    send(node.ops, "GET", path, &[], b"").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_follows_the_chain_is_healthy_and_ready() {
    let node = Node::start().await;
    assert_eq!(ask(&node, "/health").await.status, 200);
    // Without a block it would call everything "not on this ledger".
    let empty = ask(&node, "/ready").await;
    assert_eq!(empty.status, 503);
    assert_eq!(empty.json::<serde_json::Value>()["reasons"][0]["code"], "chain.no_block");
    node.commit(vec![issue(0..1)]);
    let ready = ask(&node, "/ready").await;
    assert_eq!(
        (ready.status, ready.json::<serde_json::Value>()["ready"].as_bool()),
        (200, Some(true)),
        "{}",
        ready.text()
    );
    let missing = ask(&node, "/nothing").await;
    assert_eq!((missing.status, missing.error().code.as_str()), (404, "api.not_found"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_waits_for_a_quorum_is_healthy_and_not_ready() {
    let node = Node::with(PoolLimits::default(), Phase::Starting).await;
    assert_eq!(ask(&node, "/health").await.status, 200);
    let ready = ask(&node, "/ready").await;
    assert_eq!(ready.status, 503);
    assert_eq!(ready.json::<serde_json::Value>()["reasons"][0]["code"], "engine.starting");
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_count_what_happened() {
    let node = Node::start().await;
    node.post("/v1/transactions", OCTETS, &issue(0..1).1.to_bytes()).await;
    node.post("/v1/transactions", OCTETS, b"nonsense").await;
    node.get("/v1/nothing").await;
    let metrics = ask(&node, "/metrics").await;
    assert!(metrics.headers["content-type"].starts_with("application/openmetrics-text"));
    let text = metrics.text();
    for line in [
        "huxin_mempool_transactions 1\n",
        "huxin_api_requests_total{route=\"submit\",status=\"202\"} 1\n",
        "huxin_api_requests_total{route=\"submit\",status=\"400\"} 1\n",
        "huxin_api_requests_total{route=\"elsewhere\",status=\"404\"} 1\n",
        "huxin_door_refusals_total{code=\"encoding.malformed\"} 1\n",
        "huxin_ready 0\n",
        "huxin_has_vote 1\n",
        "huxin_height 0\n",
    ] {
        assert!(text.contains(line), "{line} in\n{text}");
    }
    assert_eq!(text.matches("# EOF").count(), 1);
    assert!(text.ends_with("# EOF\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_page_holds_what_explains_a_slow_chain() {
    let node = Node::start().await;
    node.commit(vec![issue(0..1)]);
    let status: serde_json::Value = ask(&node, "/status").await.json();
    assert_eq!(status["chain"]["height"], 1);
    assert_eq!(status["engine"]["phase"], "idle");
    assert_eq!(status["validators"].as_array().unwrap().len(), 1);
    assert_eq!(status["store"]["records"], 1);
    for part in ["missing_votes", "clock", "mempool", "reasons"] {
        assert!(!status[part].is_null(), "{part}");
    }
}
