//! Server-sent events: one per block, none missed after a connection was lost.

use std::time::Duration;

use huxin_tests::Network;

async fn write(network: &Network, count: usize) {
    let issuer = network.issuer("310000");
    for _ in 0..count {
        let transaction = issuer.sign(vec![issuer.issue_new().1], 0);
        assert_eq!(network.api(0).submit_and_wait(&transaction.bytes).await.outcome, "committed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn blocks_arrive_once_each_and_resume_where_they_stopped() {
    let network = Network::start(4).await;
    let client = network.client(1).await;
    write(&network, 2).await;
    let mut events = client.nodes().events(Some(1)).await.unwrap();
    write(&network, 3).await;
    let mut heights = Vec::new();
    let mut records = 0;
    while records < 5 {
        let event = tokio::time::timeout(Duration::from_secs(60), events.next()).await.unwrap().unwrap().unwrap();
        heights.push(event.height);
        records += event.records;
    }
    assert_eq!(heights, (1..=heights.len() as u64).collect::<Vec<_>>());

    // The connection is lost; what happens meanwhile is not.
    drop(events);
    write(&network, 2).await;
    let last = *heights.last().unwrap();
    let mut resumed = client.nodes().events(Some(last + 1)).await.unwrap();
    let mut expected = last + 1;
    let mut records = 0;
    while records < 2 {
        let event = tokio::time::timeout(Duration::from_secs(60), resumed.next()).await.unwrap().unwrap().unwrap();
        assert_eq!(event.height, expected);
        expected += 1;
        records += event.records;
    }
}

/// Browsers resume with the header `Last-Event-ID`, which names the last event they have.
#[tokio::test(flavor = "multi_thread")]
async fn a_browser_resumes_after_its_last_event() {
    let network = Network::start(4).await;
    write(&network, 3).await;
    let address = format!("{}/v1/events", network.description.nodes[2].api);
    let http = reqwest::Client::builder().tls_certs_only([]).build().unwrap();
    let mut response = http.get(address).header("Last-Event-ID", "1").send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut text = String::new();
    while !text.contains("\n\n") {
        let chunk = tokio::time::timeout(Duration::from_secs(60), response.chunk()).await.unwrap().unwrap().unwrap();
        text.push_str(std::str::from_utf8(&chunk).unwrap());
    }
    assert!(text.contains("event: block") || text.contains("event:block"), "{text}");
    assert!(text.lines().any(|line| line.replace(' ', "") == "id:2"), "{text}");
}
