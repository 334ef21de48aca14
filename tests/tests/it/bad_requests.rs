//! Bad questions: each gets a stable code and a sentence, never a wrong verdict.

use huxin_chain_spec::ids::TimeMs;
use huxin_chain_spec::receipt::Receipt;
use huxin_tests::{Http, Network};
use reqwest::Method;

const RECEIPT: &str = "application/vnd.huxin.receipt";
const JSON: &str = "application/json";

async fn asked(api: &Http, path: &str, status: u16, code: &str) {
    let reply = api.get(path).await;
    assert_eq!((reply.status, reply.error().code.as_str()), (status, code), "GET {path}");
}

async fn posted(api: &Http, content_type: &str, body: impl Into<Vec<u8>>, status: u16, code: &str) {
    let reply = api.post("/v1/verify", content_type, body).await;
    assert_eq!((reply.status, reply.error().code.as_str()), (status, code), "POST /v1/verify");
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_questions() {
    let network = Network::start(4).await;
    let api = network.api(1);
    paths(&api).await;
    questions(&api).await;
    heights(&network).await;
    receipts(&network).await;
}

async fn paths(api: &Http) {
    asked(api, "/v1/nothing", 404, "api.not_found").await;
    asked(api, "/", 404, "api.not_found").await;
    asked(api, "/v1/transactions/abc", 400, "identifier.digest").await;
    asked(api, "/v1/licences/1.2.156", 400, "identifier.licence_root").await;
    asked(api, "/v1/licences/1.2.156.3005.2.x", 400, "identifier.licence_segments").await;
    asked(api, "/v1/records/-1", 400, "identifier.number").await;
    asked(api, "/v1/records/999999", 404, "api.not_found").await;
    asked(api, "/v1/headers/999999", 404, "api.not_found").await;
    asked(api, "/v1/headers/first", 400, "identifier.number").await;
    asked(api, "/v1/events?from=x", 400, "api.bad_request").await;
    asked(api, "/v1/status/extra", 404, "api.not_found").await;
    let reply = api.send(Method::DELETE, "/v1/status", &[], Vec::new()).await.unwrap();
    assert_eq!((reply.status, reply.error().code.as_str()), (405, "api.bad_request"));
}

async fn questions(api: &Http) {
    posted(api, JSON, "{", 400, "api.bad_request").await;
    posted(api, JSON, "{}", 400, "api.bad_request").await;
    posted(api, JSON, r#"{"licence_number":"1"}"#, 400, "api.bad_request").await;
    posted(api, JSON, r#"{"sha256":"12"}"#, 400, "identifier.digest").await;
    posted(api, JSON, r#"{"licence_id":"1.2.156.3005.2.a"}"#, 400, "identifier.licence_segments").await;
    let digest = "00".repeat(32);
    posted(api, JSON, format!(r#"{{"sha256":"{digest}","licence":"{digest}"}}"#), 400, "api.bad_request").await;
    posted(api, JSON, format!(r#"{{"sha256":"{digest}","as_of":"yesterday"}}"#), 400, "identifier.time").await;
    let unknown = api.post("/v1/verify", JSON, format!(r#"{{"sha256":"{digest}"}}"#)).await;
    assert_eq!((unknown.status, &unknown.json::<serde_json::Value>()["verdict"]), (200, &"unknown".into()));
    // The resident number is an example of the standard itself; it is not looked up, let alone kept.
    posted(api, JSON, r#"{"licence_id":"11010519491231002X"}"#, 400, "identifier.licence_root").await;
}

/// A reader asks for a height that the node does not have yet.
async fn heights(network: &Network) {
    let reply = network.api(0).send(Method::GET, "/v1/status", &[("Huxin-Min-Height", "1000000")], Vec::new()).await;
    let reply = reply.unwrap();
    assert_eq!((reply.status, reply.error().code.as_str()), (503, "api.behind"));
    assert!(reply.retry_after_s.is_some());
    let reply = network.api(0).send(Method::GET, "/v1/status", &[("Huxin-Min-Height", "x")], Vec::new()).await;
    assert_eq!(reply.unwrap().status, 400);
}

async fn receipts(network: &Network) {
    let (issuer, api) = (network.issuer("310000"), network.api(0));
    let (id, issue) = issuer.issue_new();
    let answer = api.submit_and_wait(&issuer.sign(vec![issue], 0).bytes).await;
    let good = api.get(&format!("/v1/receipts/{}", answer.first_record.unwrap())).await.body;
    let reply = api.post("/v1/verify", RECEIPT, good.clone()).await;
    assert_eq!((reply.status, &reply.json::<serde_json::Value>()["verdict"]), (200, &"valid".into()));

    posted(&api, RECEIPT, b"not a receipt", 400, "receipt.malformed").await;
    posted(&api, RECEIPT, &good[..good.len() / 2], 400, "receipt.truncated").await;
    let mut receipt = Receipt::from_bytes(&good).unwrap();
    receipt.trust.genesis.time = TimeMs(receipt.trust.genesis.time.0 + 1);
    posted(&api, RECEIPT, receipt.to_bytes(), 422, "receipt.wrong_trust_root").await;
    // No changed byte passes, wherever it is.
    for position in (0..good.len()).step_by(29) {
        let mut changed = good.clone();
        changed[position] ^= 0x10;
        let reply = api.post("/v1/verify", RECEIPT, changed).await;
        let error = reply.error();
        assert!(matches!(reply.status, 400 | 422) && error.code.starts_with("receipt."), "byte {position}: {error:?}");
    }
    asked(&api, &format!("/v1/licences/{id}?as_of=never"), 400, "identifier.time").await;
}
