//! Waiting until every node of a network takes transactions.

use std::time::{Duration, Instant};

use super::network::Network;
use crate::error::ClientError;

/// Pause between two rounds of questions.
const POLL: Duration = Duration::from_millis(100);

/// Returns once `/ready` of every node answers 200; fails with the names and reasons of those that do not in time.
pub async fn wait_ready(network: &Network, timeout: Duration) -> Result<(), ClientError> {
    let http = reqwest::Client::builder()
        .timeout(Duration::from_secs(2))
        .tls_certs_only([])
        .build()
        .map_err(|error| ClientError::Local { what: "cannot prepare HTTP", reason: error.to_string() })?;
    let deadline = Instant::now() + timeout;
    loop {
        let mut waiting = Vec::new();
        for node in &network.nodes {
            if let Some(reason) = not_ready(&http, &node.operations).await {
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

async fn not_ready(http: &reqwest::Client, operations: &str) -> Option<String> {
    match http.get(format!("{operations}/ready")).send().await {
        Ok(response) if response.status().is_success() => None,
        Ok(response) => Some(response.text().await.unwrap_or_else(|error| error.to_string())),
        Err(error) => Some(error.to_string()),
    }
}
