//! Waiting until every node of a network takes transactions, and has the first block, without which nothing can be proven.

use std::time::{Duration, Instant};

use super::network::{Network, NetworkNode};
use crate::error::ClientError;

/// Pause between two rounds of questions.
const POLL: Duration = Duration::from_millis(100);

/// Returns once `/ready` of every node answers 200 and the node has a block; fails with the names and reasons of those that do not in time.
pub async fn wait_ready(network: &Network, timeout: Duration) -> Result<(), ClientError> {
    let http = crate::sdk::http_builder()
        .timeout(Duration::from_secs(2))
        .tls_certs_only([])
        .build()
        .map_err(|error| ClientError::Local { what: "cannot prepare HTTP", reason: error.to_string() })?;
    let deadline = Instant::now() + timeout;
    loop {
        let mut waiting = Vec::new();
        for node in &network.nodes {
            if let Some(reason) = not_ready(&http, node).await {
                waiting.push(format!("{}: {reason}", node.name));
            }
        }
        if waiting.is_empty() {
            return Ok(());
        }
        if Instant::now() >= deadline {
            return Err(ClientError::Unreachable { tried: waiting.join("; ") });
        }
        tokio::time::sleep(POLL).await;
    }
}

async fn not_ready(http: &reqwest::Client, node: &NetworkNode) -> Option<String> {
    for url in [format!("{}/ready", node.operations), format!("{}/v1/headers/1", node.api)] {
        match http.get(url).send().await {
            Ok(response) if response.status().is_success() => {}
            Ok(response) => return Some(response.text().await.unwrap_or_else(|error| error.to_string())),
            Err(error) => return Some(error.to_string()),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    /// Waiting was once the first thing a process did, before any TLS provider was set, and reqwest panicked.
    #[tokio::test]
    async fn a_network_without_nodes_is_ready_and_a_silent_one_is_not() {
        let node = |operations: &str| super::super::NetworkNode {
            name: "node-0-shanghai".to_owned(),
            province: "310000".to_owned(),
            api: String::new(),
            operations: operations.to_owned(),
            pid: None,
            config: "c".into(),
            data: "d".into(),
        };
        let mut network = Network {
            chain_id: "dev-test".to_owned(),
            genesis: "g".into(),
            trust_root: String::new(),
            keys: std::collections::BTreeMap::new(),
            nodes: Vec::new(),
        };
        wait_ready(&network, Duration::ZERO).await.unwrap();
        // Port 1 of this machine: nobody listens there.
        network.nodes.push(node("http://127.0.0.1:1"));
        let error = wait_ready(&network, Duration::ZERO).await.unwrap_err();
        assert!(error.to_string().contains("node-0-shanghai"), "{error}");
    }

    /// Answers every request of one connection at a time: `/ready` with 200, anything else with `other`.
    async fn node_that_is_ready(other: &'static str) -> String {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut request = [0; 1024];
                let read = stream.read(&mut request).await.unwrap();
                let status = if request[..read].starts_with(b"GET /ready ") { "200 OK" } else { other };
                let answer = format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: 1\r\n\r\n.");
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        address
    }

    #[tokio::test]
    async fn a_node_without_a_block_is_not_ready() {
        let http = crate::sdk::http_builder().tls_certs_only([]).build().unwrap();
        for (header, is_ready) in [("200 OK", true), ("404 Not Found", false)] {
            let address = node_that_is_ready(header).await;
            let node = NetworkNode {
                name: "node-0-shanghai".to_owned(),
                province: "310000".to_owned(),
                api: address.clone(),
                operations: address,
                pid: None,
                config: "c".into(),
                data: "d".into(),
            };
            assert_eq!(not_ready(&http, &node).await.is_none(), is_ready, "{header}");
        }
    }
}
