//! Plain HTTP, to see exactly what a node answers: status, headers and bytes.

use std::time::Duration;

use huxin_chain_spec::api::{ErrorAnswer, ErrorBody, OutcomeAnswer, StatusAnswer};
use reqwest::Method;
use serde::de::DeserializeOwned;

/// A connection to one address, without retries.
#[derive(Clone)]
pub struct Http {
    http: reqwest::Client,
    base: String,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: u16,
    pub retry_after_s: Option<u64>,
    /// Header `Huxin-Height`.
    pub height: Option<u64>,
    pub body: Vec<u8>,
}

impl Reply {
    /// The body as JSON.
    pub fn json<T: DeserializeOwned>(&self) -> T {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {} {}", self.status, String::from_utf8_lossy(&self.body)))
    }

    /// The body of an error, after checking that it says what, where and what to do in both languages.
    pub fn error(&self) -> ErrorBody {
        let error = self.json::<ErrorAnswer>().error;
        for text in [&error.code, &error.what, &error.what_zh, &error.place, &error.next, &error.next_zh] {
            assert!(!text.is_empty(), "an empty text in {error:?}");
        }
        for chinese in [&error.what_zh, &error.next_zh] {
            assert!(
                chinese.chars().any(|letter| ('\u{4e00}'..='\u{9fff}').contains(&letter)),
                "not Chinese: {chinese}"
            );
        }
        error
    }
}

impl Http {
    /// To a base address such as `http://127.0.0.1:26603`.
    pub fn new(base: &str) -> Self {
        // Fails only if a provider is set already, which is then the one to use.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .tls_certs_only([])
            .connect_timeout(Duration::from_secs(3))
            .timeout(Duration::from_secs(75))
            .build()
            .unwrap();
        Self { http, base: base.to_owned() }
    }

    /// The base address.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Sends one request. `None` if there is no answer.
    pub async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Option<Reply> {
        let mut request = self.http.request(method, format!("{}{path}", self.base)).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.ok()?;
        let number = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()?.parse().ok());
        let (status, retry_after_s, height) =
            (response.status().as_u16(), number("retry-after"), number("huxin-height"));
        let body = response.bytes().await.ok()?.to_vec();
        Some(Reply { status, retry_after_s, height, body })
    }

    /// `GET`, which must be answered.
    pub async fn get(&self, path: &str) -> Reply {
        let reply = self.send(Method::GET, path, &[], Vec::new()).await;
        reply.unwrap_or_else(|| panic!("{}{path} does not answer", self.base))
    }

    /// `POST`, which must be answered.
    pub async fn post(&self, path: &str, content_type: &str, body: impl Into<Vec<u8>>) -> Reply {
        let reply = self.send(Method::POST, path, &[("content-type", content_type)], body.into()).await;
        reply.unwrap_or_else(|| panic!("{}{path} does not answer", self.base))
    }

    /// Submits transaction bytes without waiting for a block.
    pub async fn submit(&self, transaction: &[u8]) -> Reply {
        self.post("/v1/transactions", "application/octet-stream", transaction).await
    }

    /// Submits transaction bytes and waits for a definite outcome.
    pub async fn submit_and_wait(&self, transaction: &[u8]) -> OutcomeAnswer {
        let path = "/v1/transactions?wait=committed&timeout_ms=60000";
        let reply = self.post(path, "application/octet-stream", transaction).await;
        assert_eq!(reply.status, 200, "{}", String::from_utf8_lossy(&reply.body));
        reply.json()
    }

    /// `/v1/status`, if the node answers.
    pub async fn try_status(&self) -> Option<StatusAnswer> {
        let reply = self.send(Method::GET, "/v1/status", &[], Vec::new()).await?;
        (reply.status == 200).then(|| reply.json())
    }

    /// `/v1/status`.
    pub async fn status(&self) -> StatusAnswer {
        self.try_status().await.unwrap_or_else(|| panic!("{} gives no status", self.base))
    }
}
