//! A node's two listeners over a real store, without engine and network, and the least client that talks to them.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use huxin_chain_spec::api::ErrorBody;
use huxin_chain_spec::genesis::Genesis;
use huxin_chain_spec::ids::TxId;
use huxin_chain_spec::transaction::Transaction;
use huxin_engine::{EngineStatus, Phase};
use huxin_node::api;
use huxin_node::clock::Clock;
use huxin_node::door::Door;
use huxin_node::health::EngineReader;
use huxin_node::http::Context;
use huxin_node::ledger::{CommittedBlock, Ledger};
use huxin_node::mempool::{BlockBounds, Mempool, PoolLimits};
use huxin_node::metrics::Metrics;
use huxin_node::ops;
use huxin_node::outcomes::Outcomes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::support;

pub const OCTETS: &str = "application/octet-stream";
pub const JSON: &str = "application/json";
pub const RECEIPT: &str = "application/vnd.huxin.receipt";

/// Both listeners and what is behind them. Stops when [`Node::stop`] is called.
pub struct Node {
    pub ledger: Arc<Ledger>,
    pub mempool: Mempool,
    pub outcomes: Outcomes,
    pub api: SocketAddr,
    pub ops: SocketAddr,
    stop: watch::Sender<bool>,
    servers: Vec<JoinHandle<()>>,
    folder: tempfile::TempDir,
}

/// An engine in this phase at height 1.
pub fn engine(phase: Phase) -> EngineStatus {
    let signing = huxin_engine::SigningStatus { past_known: true, ..Default::default() };
    EngineStatus { height: 1, phase, signing, ..EngineStatus::default() }
}

impl Node {
    pub async fn start() -> Self {
        Self::with(PoolLimits::default(), Phase::Idle).await
    }

    pub async fn with(limits: PoolLimits, phase: Phase) -> Self {
        Self::of(support::genesis(), limits, Arc::new(move || engine(phase))).await
    }

    /// Of a chain with this genesis, beside an engine that tells this of itself.
    pub async fn of(genesis: Genesis, limits: PoolLimits, reader: EngineReader) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(folder.path(), genesis).unwrap();
        Self::over(folder, ledger, limits, reader).await
    }

    /// Of this ledger in this folder, beside an engine that tells this of itself.
    pub async fn over(folder: tempfile::TempDir, ledger: Ledger, limits: PoolLimits, reader: EngineReader) -> Self {
        Self::bounded(folder, ledger, limits, reader, api::Settings::default()).await
    }

    /// The same with other bounds of the API.
    pub async fn bounded(
        folder: tempfile::TempDir,
        ledger: Ledger,
        limits: PoolLimits,
        reader: EngineReader,
        settings: api::Settings,
    ) -> Self {
        let ledger = Arc::new(ledger);
        let (mempool, clock, outcomes) = (Mempool::new(limits), Clock::default(), Outcomes::default());
        let door = Arc::new(Door::new(Arc::clone(&ledger), mempool.clone(), clock));
        let identity = support::identity();
        let metrics = Arc::new(Metrics::new());
        let context = Context::new(Arc::clone(&ledger), door, mempool.clone(), reader, metrics, clock, identity);
        let context = context.with_outcomes(outcomes.clone());
        let (stop, stopping) = watch::channel(false);
        let stopped = || {
            let mut stopping = stopping.clone();
            async move { drop(stopping.wait_for(|stop| *stop).await) }
        };
        let api_listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let ops_listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (api, ops) = (api_listener.local_addr().unwrap(), ops_listener.local_addr().unwrap());
        let servers = vec![
            tokio::spawn(api::serve(api_listener, context.clone(), settings, stopped())),
            tokio::spawn(ops::serve(ops_listener, context, Vec::new(), stopped())),
        ];
        Self { ledger, mempool, outcomes, api, ops, stop, servers, folder }
    }

    /// Asks both listeners to stop and waits until they have.
    pub async fn stop(self) {
        self.stop_and_keep().await;
    }

    /// The same, and leaves the store's folder and the chain's trust root.
    pub async fn stop_and_keep(self) -> (tempfile::TempDir, huxin_chain_spec::crypto::Digest) {
        self.stop.send_replace(true);
        for server in self.servers {
            server.await.unwrap();
        }
        // The last task of a listener lets go of the store a moment after it is told to end.
        while Arc::strong_count(&self.ledger) > 1 {
            tokio::task::yield_now().await;
        }
        (self.folder, self.ledger.genesis_hash())
    }

    /// Commits what waits in the mempool, as consensus does.
    pub fn commit_pool(&self) -> Arc<CommittedBlock> {
        let pooled = self.mempool.take(BlockBounds::of(1 << 20, 10_000), self.ledger.height().next());
        let decode = |pooled: huxin_node::mempool::PooledTransaction| {
            (pooled.id, Transaction::from_bytes(&pooled.bytes).unwrap())
        };
        self.commit(pooled.into_iter().map(decode).collect())
    }

    pub fn commit(&self, transactions: Vec<(TxId, Transaction)>) -> Arc<CommittedBlock> {
        let (_, block) = support::commit(&self.ledger, transactions);
        let ids: Vec<TxId> = block.outcomes.iter().map(|row| row.tx_id).collect();
        self.outcomes.expired(&self.mempool.remove_committed(&ids, block.height));
        block
    }

    pub async fn get(&self, path: &str) -> Answer {
        send(self.api, "GET", path, &[], b"").await
    }

    pub async fn post(&self, path: &str, media_type: &str, body: &[u8]) -> Answer {
        send(self.api, "POST", path, &[("content-type", media_type)], body).await
    }
}

/// An answer as it came.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    pub fn json<T: serde::de::DeserializeOwned>(&self) -> T {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub fn error(&self) -> ErrorBody {
        self.json::<huxin_chain_spec::api::ErrorAnswer>().error
    }

    pub fn parse(bytes: &[u8]) -> Self {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").expect("an answer has a head");
        let head = std::str::from_utf8(&bytes[..end]).unwrap();
        let mut lines = head.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers = lines.map(|line| line.split_once(": ").unwrap());
        let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
        Self { status, headers, body: bytes[end + 4..].to_vec() }
    }
}

pub async fn send(to: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    let mut stream = request(to, method, path, headers, body).await;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    Answer::parse(&answer)
}

async fn request(to: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(to).await.unwrap();
    let mut head = format!("{method} {path} HTTP/1.1\r\nhost: {to}\r\nconnection: close\r\n");
    if method == "POST" {
        head += &format!("content-length: {}\r\n", body.len());
    }
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    head += "\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(body).await.unwrap();
    stream
}

/// A stream of server-sent events.
pub struct Events {
    stream: TcpStream,
    text: String,
}

impl Events {
    pub async fn open(node: &Node, path: &str, headers: &[(&str, &str)]) -> Self {
        Self { stream: request(node.api, "GET", path, headers, b"").await, text: String::new() }
    }

    /// Reads on until `count` events have come whole; gives the JSON of each.
    pub async fn read(&mut self, count: usize) -> Vec<huxin_chain_spec::api::BlockEvent> {
        loop {
            let lines = self.text.lines().filter_map(|line| line.strip_prefix("data: "));
            let events: Vec<_> = lines.filter_map(|line| serde_json::from_str(line).ok()).collect();
            if events.len() >= count {
                return events;
            }
            assert!(self.more().await, "the stream ended after {}", self.text);
        }
    }

    /// Reads to the end of the stream.
    pub async fn end(mut self) {
        while self.more().await {}
    }

    async fn more(&mut self) -> bool {
        let mut piece = [0u8; 4096];
        let length = self.stream.read(&mut piece).await.unwrap();
        self.text.push_str(std::str::from_utf8(&piece[..length]).unwrap());
        length > 0
    }
}
