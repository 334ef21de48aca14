//! One or more nodes behind one HTTP client: failover, read-your-writes, bounded answers.
//!
//! **Invariant**: what one node says never burdens another. The height that all nodes are asked to have reached
//! (`Huxin-Min-Height`) is raised by verified headers alone; the header `Huxin-Height` of an answer is one node's word and is
//! not used.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use huxin_chain_spec::api::{ErrorAnswer, ErrorBody};
use huxin_chain_spec::codes::Code;
use hyper_util::client::proxy::matcher::Matcher;
use parking_lot::Mutex;
use reqwest::{Method, Url};
use serde::de::DeserializeOwned;

use crate::error::ClientError;
use crate::say;

/// Longest answer that is read, in bytes: a full run of blocks and its frame.
pub const ANSWER_BYTES_MAX: usize = 24 * 1024 * 1024;
/// Rounds over all nodes while they are busy, before giving up.
const BUSY_ROUNDS_MAX: u32 = 6;
/// Longest pause between such rounds, in milliseconds.
const BUSY_PAUSE_MS_MAX: u64 = 5_000;
/// The same for a question that another node can answer, while a node is not ready.
const NOT_READY_ROUNDS_MAX: u32 = 2;
/// How long a node that did not answer, or was not ready, is asked no further question by a connection that passes over such nodes.
const PASSED_OVER: Duration = Duration::from_secs(30);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// A request that any of the nodes may answer.
#[derive(Debug, Clone)]
pub struct Request {
    pub method: Method,
    /// Path and query, beginning with `/v1/`.
    pub path: String,
    /// Content type and bytes.
    pub body: Option<(&'static str, Vec<u8>)>,
    pub timeout: Duration,
}

impl Request {
    /// A `GET` that should be answered within ten seconds.
    pub fn get(path: impl Into<String>) -> Self {
        Self { method: Method::GET, path: path.into(), body: None, timeout: Duration::from_secs(10) }
    }

    /// A `POST` that should be answered within ten seconds.
    pub fn post(path: impl Into<String>, content_type: &'static str, body: Vec<u8>) -> Self {
        Self {
            method: Method::POST,
            path: path.into(),
            body: Some((content_type, body)),
            timeout: Duration::from_secs(10),
        }
    }

    /// Whether it hands in a transaction; all others are questions.
    fn is_submission(&self) -> bool {
        self.method == Method::POST && self.path.starts_with("/v1/transactions")
    }

    /// The same with another time limit.
    pub fn within(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }
}

/// A successful answer and who gave it.
#[derive(Debug, Clone)]
pub struct Answer {
    pub node: String,
    pub body: Vec<u8>,
}

impl Answer {
    /// The answer as JSON.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, ClientError> {
        serde_json::from_slice(&self.body)
            .map_err(|error| ClientError::BadAnswer { node: self.node.clone(), reason: error.to_string() })
    }
}

/// Connections to the nodes that were given. Cheap to share behind an `Arc`.
pub struct Connection {
    http: reqwest::Client,
    nodes: Vec<Node>,
    preferred: AtomicUsize,
    /// Whether a node that failed is asked no further question for a while.
    passes_over: bool,
    /// Shared by all connections that [`Connection::single`] makes.
    height_seen: Arc<AtomicU64>,
}

/// A node, with what all connections to it share.
#[derive(Clone)]
struct Node {
    url: Url,
    /// When it last failed in a way that asking again at once would only repeat, and how.
    failed: Arc<Mutex<Option<(Instant, ClientError)>>>,
}

impl Node {
    fn new(url: Url) -> Self {
        Self { url, failed: Arc::default() }
    }

    fn recent_failure(&self) -> Option<ClientError> {
        let failed = self.failed.lock();
        let (at, error) = failed.as_ref()?;
        if at.elapsed() < PASSED_OVER { repeated(error) } else { None }
    }

    fn note(&self, error: &ClientError) {
        if let Some(error) = repeated(error) {
            *self.failed.lock() = Some((Instant::now(), error));
        }
    }
}

/// The same failure once more; `None` for those that are worth asking again at once.
fn repeated(error: &ClientError) -> Option<ClientError> {
    match error {
        ClientError::Unreachable { tried } => Some(ClientError::Unreachable { tried: tried.clone() }),
        ClientError::Proxy { node, said } => Some(ClientError::Proxy { node: node.clone(), said: said.clone() }),
        ClientError::Refused { node, status: 503, is_submission, body } => Some(ClientError::Refused {
            node: node.clone(),
            status: 503,
            is_submission: *is_submission,
            body: body.clone(),
        }),
        _ => None,
    }
}

/// An HTTP client to be set up, with the cryptography that TLS needs: reqwest panics where none is set.
pub fn http_builder() -> reqwest::ClientBuilder {
    // Fails only if a provider is set already, which is then the one to use.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
}

impl Connection {
    /// Prepares connections; none is opened yet. `nodes` are base addresses such as `http://127.0.0.1:26603`.
    pub fn new(nodes: &[String]) -> Result<Self, ClientError> {
        if nodes.is_empty() {
            return Err(ClientError::NoNode);
        }
        let mut nodes = nodes.iter().map(|node| parse_node(node)).collect::<Result<Vec<_>, _>>()?;
        // One node given twice is one node: answers of several are compared and counted.
        let mut given = BTreeSet::new();
        nodes.retain(|node| given.insert(node.to_string()));
        // A redirect is not followed: it would make a GET of a submission, and lead to an address that the user did not name.
        let redirects = reqwest::redirect::Policy::none();
        let mut builder = http_builder().connect_timeout(CONNECT_TIMEOUT).tcp_nodelay(true).redirect(redirects);
        if nodes.iter().all(|node| node.scheme() == "http") {
            // A machine without installed certificates must still be able to talk to its own node.
            builder = builder.tls_certs_only([]);
        }
        let http = builder
            .build()
            .map_err(|error| ClientError::Local { what: "cannot prepare HTTP", reason: error.to_string() })?;
        let nodes = nodes.into_iter().map(Node::new).collect();
        Ok(Self { http, nodes, preferred: AtomicUsize::new(0), passes_over: false, height_seen: Arc::default() })
    }

    /// The same for one run of a command: where several nodes are given, one that does not answer or is not ready is asked no further
    /// question for half a minute, so that it costs its time limit once and not with every question.
    pub fn passing_over_failures(self) -> Self {
        let passes_over = self.nodes.len() > 1;
        Self { passes_over, ..self }
    }

    /// A connection to the `position`-th node alone, which shares the sockets and the height seen.
    pub fn single(&self, position: usize) -> Option<Self> {
        let node = self.nodes.get(position)?.clone();
        let height_seen = Arc::clone(&self.height_seen);
        let (http, passes_over) = (self.http.clone(), self.passes_over);
        Some(Self { http, nodes: vec![node], preferred: AtomicUsize::new(0), passes_over, height_seen })
    }

    /// The position of the node that answered last.
    pub fn preferred(&self) -> usize {
        self.preferred.load(Ordering::Relaxed)
    }

    /// The address of the first node.
    pub fn first_node(&self) -> String {
        self.nodes.first().map(|node| node.url.to_string()).unwrap_or_default()
    }

    /// How many nodes there are.
    pub fn node_count(&self) -> usize {
        self.nodes.len()
    }

    /// The greatest height that a checked proof has shown: later answers are never older.
    pub fn height_seen(&self) -> u64 {
        self.height_seen.load(Ordering::Relaxed)
    }

    /// Remembers the height of a header whose certificate was checked, so that later answers are at least as new. Never to be
    /// called with what a node only says: the other nodes would be asked for a height that does not exist.
    pub fn saw_height(&self, height: u64) {
        self.height_seen.fetch_max(height, Ordering::Relaxed);
    }

    /// Sends to the preferred node, then to the others while a node is unreachable or unable. A question that one node refuses is asked
    /// of all others before the refusal is reported.
    ///
    /// Safe for submissions too: the same transaction has one outcome however often it arrives.
    pub async fn send(&self, request: &Request) -> Result<Answer, ClientError> {
        self.send_and_read(request, Ok).await
    }

    /// Sends and reads JSON.
    pub async fn json<T: DeserializeOwned>(&self, request: &Request) -> Result<(String, T), ClientError> {
        let read = |answer: Answer| {
            let value = answer.json()?;
            Ok((answer.node, value))
        };
        self.send_and_read(request, read).await
    }

    /// As [`Connection::send`], and reads the answer with `read`. A node whose answer cannot be read is passed over like one that gives
    /// none.
    ///
    /// # Errors
    /// Those of `read`, and what was wrong at the nodes, where none of them has an answer.
    pub async fn send_and_read<T>(
        &self,
        request: &Request,
        read: impl Fn(Answer) -> Result<T, ClientError>,
    ) -> Result<T, ClientError> {
        let mut busy = 0;
        loop {
            busy += 1;
            let rounds_max = match self.passes_over && !request.is_submission() {
                true => NOT_READY_ROUNDS_MAX,
                false => BUSY_ROUNDS_MAX,
            };
            let error = match self.send_round(request, busy >= rounds_max, &read).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let rounds_max = match error.error {
                ClientError::Refused { status: 429, .. } => BUSY_ROUNDS_MAX,
                // Each node has waited for the height already.
                ref error if is_behind(error) => 1,
                ClientError::Refused { status: 503, .. } => rounds_max,
                _ => return Err(error.error),
            };
            if busy >= rounds_max {
                return Err(error.error);
            }
            let pause = error.retry_after_ms.unwrap_or(200).clamp(50, BUSY_PAUSE_MS_MAX);
            tokio::time::sleep(Duration::from_millis(pause)).await;
        }
    }

    /// Opens a stream (server-sent events) at the preferred node.
    pub async fn open(&self, path: &str) -> Result<reqwest::Response, ClientError> {
        let node = &self.nodes[self.preferred.load(Ordering::Relaxed) % self.nodes.len()].url;
        let response = self.http.get(join(node, path)).send().await;
        let response = response.map_err(|error| unreachable(node, &error))?;
        if response.status().is_success() {
            return Ok(response);
        }
        let status = response.status().as_u16();
        Err(ClientError::BadAnswer { node: node.to_string(), reason: format!("status {status} for {path}") })
    }

    /// `is_last`: no further round follows while a node is not ready.
    async fn send_round<T>(
        &self,
        request: &Request,
        is_last: bool,
        read: &impl Fn(Answer) -> Result<T, ClientError>,
    ) -> Result<T, Failure> {
        let first = self.preferred.load(Ordering::Relaxed);
        let mut tried = Vec::new();
        let mut refused: Option<Failure> = None;
        for offset in 0..self.nodes.len() {
            let position = (first + offset) % self.nodes.len();
            let answer = self.ask(&self.nodes[position], request, is_last).await;
            let failure = match answer.and_then(|answer| Ok(read(answer)?)) {
                Ok(value) => {
                    self.preferred.store(position, Ordering::Relaxed);
                    return Ok(value);
                }
                Err(failure) => failure,
            };
            // What becomes of a submission that one door refuses is judged by who sent it.
            if request.is_submission() && !failure.error.is_worth_another_node() {
                return Err(failure);
            }
            match failure.error {
                ClientError::Unreachable { tried: reason } => tried.push(reason),
                _ if refused.as_ref().is_none_or(|known| known.error.is_worth_another_node()) => {
                    refused = Some(failure);
                }
                _ => {}
            }
        }
        Err(refused.unwrap_or_else(|| ClientError::Unreachable { tried: tried.join("; ") }.into()))
    }

    /// Asks one node, unless it failed a moment ago and is passed over.
    async fn ask(&self, node: &Node, request: &Request, is_last: bool) -> Result<Answer, Failure> {
        let may_pass_over = self.passes_over && !request.is_submission();
        if may_pass_over && let Some(earlier) = node.recent_failure() {
            return Err(earlier.into());
        }
        let answer = self.send_once(&node.url, request).await;
        if let Err(failure) = &answer
            && may_pass_over
            && (is_last || is_behind(&failure.error) || !matches!(failure.error, ClientError::Refused { .. }))
        {
            node.note(&failure.error);
        }
        answer
    }

    async fn send_once(&self, node: &Url, request: &Request) -> Result<Answer, Failure> {
        let mut builder = self.http.request(request.method.clone(), join(node, &request.path)).timeout(request.timeout);
        let seen = self.height_seen();
        if seen > 0 {
            builder = builder.header("Huxin-Min-Height", seen);
        }
        if let Some((content_type, body)) = &request.body {
            builder = builder.header("Content-Type", *content_type).body(body.clone());
        }
        let response = builder.send().await.map_err(|error| unreachable(node, &error))?;
        let number = |name: &str| response.headers().get(name)?.to_str().ok()?.parse::<u64>().ok();
        let location = response.headers().get("Location").and_then(|value| value.to_str().ok());
        let location = location.filter(|_| response.status().is_redirection()).map(str::to_owned);
        let (status, retry_after_ms) =
            (response.status(), number("Retry-After").map(|seconds| seconds.saturating_mul(1_000)));
        let body = read_bounded(node, response).await?;
        if status.is_success() {
            return Ok(Answer { node: node.to_string(), body });
        }
        let error = match location {
            Some(location) => redirected(node, &location),
            None => refusal(node, status.as_u16(), request.is_submission(), &body),
        };
        Err(Failure { error, retry_after_ms })
    }
}

/// Whether the node has not the height that was asked for, though it waited for it.
fn is_behind(error: &ClientError) -> bool {
    matches!(error, ClientError::Refused { status: 503, body, .. } if body.code == Code::ApiBehind.as_str())
}

/// A failure at one node, with the pause it asks for.
struct Failure {
    error: ClientError,
    retry_after_ms: Option<u64>,
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        Self { error, retry_after_ms: None }
    }
}

fn parse_node(text: &str) -> Result<Url, ClientError> {
    let with_scheme = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
    let url = Url::parse(&with_scheme).ok();
    let is_address = |url: &Url| matches!(url.scheme(), "http" | "https") && url.host().is_some();
    url.filter(is_address).ok_or_else(|| {
        let said = say!(
            "{text:?} is not an address; a node is written like http://127.0.0.1:26603",
            "{text:?} 不是地址；节点地址写作 http://127.0.0.1:26603"
        );
        ClientError::at("--node", said)
    })
}

fn join(node: &Url, path: &str) -> String {
    format!("{}{path}", node.as_str().trim_end_matches('/'))
}

fn unreachable(node: &Url, error: &reqwest::Error) -> ClientError {
    let mut reason = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        reason = inner.to_string();
        source = inner.source();
    }
    if error.is_timeout() {
        reason = "no answer in time".to_owned();
    }
    match proxy_for(node) {
        Some(proxy) => {
            let said = say!("asked through the proxy {proxy}: {reason}", "经代理 {proxy} 询问：{reason}");
            ClientError::Proxy { node: node.to_string(), said }
        }
        None => ClientError::Unreachable { tried: format!("{node} {reason}") },
    }
}

/// The proxy through which `node` is asked, by the environment (`http_proxy`, `https_proxy`, `all_proxy`, `no_proxy`) and the system:
/// the choice of the HTTP client itself. Without its credentials.
fn proxy_for(node: &Url) -> Option<String> {
    let address: http::Uri = node.as_str().parse().ok()?;
    let proxy = Matcher::from_system().intercept(&address)?;
    let uri = proxy.uri();
    let port = uri.port().map(|port| format!(":{port}")).unwrap_or_default();
    Some(format!("{}://{}{port}", uri.scheme_str().unwrap_or("http"), uri.host()?))
}

/// An answer that sends elsewhere, as gateways do from http to https.
fn redirected(node: &Url, location: &str) -> ClientError {
    let target = node.join(location).ok();
    let origin = target.map_or_else(|| location.to_owned(), |url| url.origin().ascii_serialization());
    let said = say!(
        "it redirects to {origin}, which is not followed; if you trust that address, give it with --node {origin}",
        "该地址重定向到 {origin}，不予跟随；若信任该地址，请用 --node {origin}"
    );
    ClientError::Proxy { node: node.to_string(), said }
}

async fn read_bounded(node: &Url, mut response: reqwest::Response) -> Result<Vec<u8>, ClientError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| unreachable(node, &error))? {
        if body.len() + chunk.len() > ANSWER_BYTES_MAX {
            let reason = format!("more than {ANSWER_BYTES_MAX} bytes");
            return Err(ClientError::BadAnswer { node: node.to_string(), reason });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn refusal(node: &Url, status: u16, is_submission: bool, body: &[u8]) -> ClientError {
    match serde_json::from_slice::<ErrorAnswer>(body) {
        Ok(answer) => {
            ClientError::Refused { node: node.to_string(), status, is_submission, body: Box::new(answer.error) }
        }
        // A node's errors have a body of one shape; without it, somebody else answered.
        Err(_) if status == 407 || (status >= 400 && proxy_for(node).is_some()) => {
            let proxy = proxy_for(node).unwrap_or_else(|| "on the way".to_owned());
            let said = say!("the proxy {proxy} answers status {status}", "代理 {proxy} 返回状态 {status}");
            ClientError::Proxy { node: node.to_string(), said }
        }
        Err(_) if status == 429 || status >= 500 => ClientError::Refused {
            node: node.to_string(),
            status,
            is_submission,
            body: Box::new(ErrorBody {
                code: Code::ClientNodeFailed.as_str().to_owned(),
                what: format!("Status {status} without a node's answer: the node, or a gateway before it, failed."),
                what_zh: format!("返回状态 {status}，没有节点的应答：节点或其前置网关出错。"),
                place: "node".to_owned(),
                next: Code::ClientNodeFailed.next_en().to_owned(),
                next_zh: Code::ClientNodeFailed.next_zh().to_owned(),
            }),
        },
        Err(_) => {
            ClientError::BadAnswer { node: node.to_string(), reason: format!("status {status} without an error body") }
        }
    }
}
