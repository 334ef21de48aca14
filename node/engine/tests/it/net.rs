//! Four engines, their applications in memory, and ways to wait for them.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use huxin_chain_spec::certificate::{Certificate, Validator, ValidatorSet};
use huxin_chain_spec::crypto::{Digest, DigestAlgorithm, KeyId, SignatureScheme, Signer, SigningKey};
use huxin_chain_spec::ids::Height;
use huxin_chain_spec::record::governance::DoubleSignature;
use huxin_engine::{
    AppError, Application, Candidate, EngineConfig, EngineError, EngineHandle, EngineStatus, HeightStart, Proposed,
    Source, Timeouts, Undecided, Verdict,
};
use parking_lot::Mutex;
use tempfile::TempDir;
use tokio::sync::watch;

pub const PROVINCES: usize = 4;
/// Nothing here takes nearly as long on an idle machine; a busy one is slow.
const PATIENCE: Duration = Duration::from_secs(120);

/// The trust root of the chain of these tests.
pub const GENESIS: Digest = Digest([0xc5; 32]);

pub fn key(node: usize) -> SigningKey {
    SigningKey::from_secret(SignatureScheme::Ed25519, [u8::try_from(node).unwrap() + 1; 32]).unwrap()
}

fn network_secret(node: usize) -> [u8; 32] {
    [u8::try_from(node).unwrap() + 101; 32]
}

pub const STRANGER_SECRET: [u8; 32] = [99; 32];

pub fn validators() -> ValidatorSet {
    let validator = |node| Validator { key: key(node).public_key(), power: 1, province: "110000".parse().unwrap() };
    ValidatorSet::new((0..PROVINCES).map(validator).collect())
}

/// Waits until `done`, looking often; fails with `what` when patience ends.
pub async fn wait(what: &str, done: impl Fn() -> bool) {
    let polling = async {
        while !done() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, polling).await.unwrap_or_else(|_| panic!("waited in vain: {what}"));
}

/// A block in these tests: `height u64 | round u32 | proposer [32] | parent [32] | padding`; its hash is its id.
pub struct TestApp {
    me: KeyId,
    ledger: Mutex<Ledger>,
    /// Heights up to here have work.
    allowed: watch::Sender<u64>,
    tip: watch::Sender<u64>,
    padding: AtomicUsize,
    synced: AtomicUsize,
    /// Judges every proposal invalid, like a node whose clock is off.
    pub refuses_proposals: AtomicBool,
    pub refuses_commits: AtomicBool,
    /// Its blocks hold no work.
    pub is_empty: AtomicBool,
    /// Answers no question about undecided blocks, as with a broken disk.
    pub is_unreadable: AtomicBool,
    /// Proofs that the engine has reported.
    evidence: Mutex<Vec<DoubleSignature>>,
}

#[derive(Default)]
struct Ledger {
    blocks: BTreeMap<(u64, Digest), Bytes>,
    undecided: BTreeMap<(u64, u32, Digest), (KeyId, bool)>,
    decided: BTreeMap<u64, (Certificate, Bytes)>,
}

impl TestApp {
    pub fn new(me: KeyId) -> Self {
        Self {
            me,
            ledger: Mutex::default(),
            allowed: watch::Sender::new(0),
            tip: watch::Sender::new(0),
            padding: AtomicUsize::new(0),
            synced: AtomicUsize::new(0),
            refuses_proposals: AtomicBool::new(false),
            refuses_commits: AtomicBool::new(false),
            is_unreadable: AtomicBool::new(false),
            is_empty: AtomicBool::new(false),
            evidence: Mutex::default(),
        }
    }

    /// A copy that goes back to `height`, as a restored backup does.
    pub fn restored(&self, height: u64) -> Self {
        let mut restored = Self::new(self.me);
        let ledger = self.ledger.lock();
        let decided: BTreeMap<u64, (Certificate, Bytes)> =
            ledger.decided.range(..=height).map(|(height, decided)| (*height, decided.clone())).collect();
        let blocks = decided.iter().map(|(height, (certificate, bytes))| ((*height, certificate.block), bytes.clone()));
        restored.ledger = Mutex::new(Ledger { blocks: blocks.collect(), undecided: BTreeMap::new(), decided });
        restored.tip.send_replace(height);
        restored
    }

    pub fn evidence(&self) -> Vec<DoubleSignature> {
        self.evidence.lock().clone()
    }

    pub fn allow(&self, height: u64) {
        self.allowed.send_replace(height);
    }

    pub fn tip(&self) -> u64 {
        *self.tip.borrow()
    }

    pub fn synced(&self) -> usize {
        self.synced.load(Ordering::Relaxed)
    }

    pub fn pad_blocks(&self, bytes: usize) {
        self.padding.store(bytes, Ordering::Relaxed);
    }

    pub fn block_bytes(&self, height: u64) -> usize {
        self.ledger.lock().decided[&height].1.len()
    }

    pub fn chain(&self, to: u64) -> Vec<(Certificate, Bytes)> {
        self.ledger.lock().decided.range(1..=to).map(|(_, decided)| decided.clone()).collect()
    }
}

pub fn id_of(bytes: &[u8]) -> Digest {
    DigestAlgorithm::Sha256.plain(&[bytes])
}

pub fn proposer_in(bytes: &[u8]) -> KeyId {
    KeyId(Digest(bytes[12..44].try_into().unwrap()))
}

pub fn parent_in(bytes: &[u8]) -> Digest {
    Digest(bytes[44..76].try_into().unwrap())
}

fn parent(ledger: &Ledger, height: u64) -> Option<Digest> {
    if height == 1 { Some(Digest::ZERO) } else { ledger.decided.get(&(height - 1)).map(|(c, _)| c.block) }
}

#[async_trait]
impl Application for TestApp {
    fn start(&self) -> HeightStart {
        HeightStart { height: Height(self.tip() + 1), validators: validators() }
    }

    async fn propose(&self, height: Height, round: u32) -> Result<Proposed, AppError> {
        let mut ledger = self.ledger.lock();
        let mine = |((_, _, id), (by, _)): (&(u64, u32, Digest), &(KeyId, bool))| (*by == self.me).then_some(*id);
        let range = (height.0, round, Digest::ZERO)..=(height.0, round, Digest([0xff; 32]));
        if let Some(id) = ledger.undecided.range(range).find_map(mine) {
            return Ok(Proposed { id, bytes: ledger.blocks[&(height.0, id)].clone() });
        }
        let parent = parent(&ledger, height.0).ok_or_else(|| AppError("no parent".into()))?;
        let mut bytes = height.0.to_le_bytes().to_vec();
        bytes.extend_from_slice(&round.to_le_bytes());
        bytes.extend_from_slice(self.me.0.as_bytes());
        bytes.extend_from_slice(parent.as_bytes());
        bytes.resize(76 + self.padding.load(Ordering::Relaxed), 0x5a);
        let bytes = Bytes::from(bytes);
        let id = id_of(&bytes);
        ledger.blocks.insert((height.0, id), bytes.clone());
        ledger.undecided.insert((height.0, round, id), (self.me, true));
        Ok(Proposed { id, bytes })
    }

    fn identify(&self, bytes: &Bytes) -> Option<Digest> {
        (bytes.len() >= 76).then(|| id_of(bytes))
    }

    async fn consider(&self, candidate: Candidate) -> Verdict {
        let mut ledger = self.ledger.lock();
        let height = candidate.height.0;
        let Some(parent) = parent(&ledger, height) else {
            return Verdict::Unavailable { reason: format!("height {height} has no parent here") };
        };
        assert_eq!(id_of(&candidate.bytes), candidate.id);
        let possible: Vec<KeyId> = (0..=candidate.round)
            .filter_map(|round| validators().proposer(candidate.height, round).map(|validator| validator.key.id()))
            .collect();
        let refused = candidate.source == Source::Proposal && self.refuses_proposals.load(Ordering::Relaxed);
        let valid = !refused
            && candidate.bytes[..8] == height.to_le_bytes()
            && parent_in(&candidate.bytes) == parent
            && possible.contains(&proposer_in(&candidate.bytes));
        if candidate.source == Source::Sync {
            self.synced.fetch_add(1, Ordering::Relaxed);
        }
        ledger.blocks.insert((height, candidate.id), candidate.bytes);
        ledger.undecided.insert((height, candidate.round, candidate.id), (candidate.proposer, valid));
        if valid { Verdict::Valid } else { Verdict::Invalid { reason: "refused".into() } }
    }

    fn undecided(&self, height: Height, round: u32) -> Result<Vec<Undecided>, AppError> {
        if self.is_unreadable.load(Ordering::Relaxed) {
            return Err(AppError("the disk does not answer".into()));
        }
        let range = (height.0, round, Digest::ZERO)..=(height.0, round, Digest([0xff; 32]));
        let undecided = |((_, _, id), (proposer, valid)): (&(u64, u32, Digest), &(KeyId, bool))| Undecided {
            id: *id,
            proposer: *proposer,
            valid: *valid,
        };
        Ok(self.ledger.lock().undecided.range(range).map(undecided).collect())
    }

    fn block(&self, height: Height, id: &Digest) -> Result<Option<Bytes>, AppError> {
        Ok(self.ledger.lock().blocks.get(&(height.0, *id)).cloned())
    }

    async fn commit(&self, certificate: Certificate) -> Result<bool, AppError> {
        if self.refuses_commits.load(Ordering::Relaxed) {
            return Err(AppError("the disk is full".into()));
        }
        let mut ledger = self.ledger.lock();
        let height = certificate.height.0;
        let bytes = ledger
            .blocks
            .get(&(height, certificate.block))
            .cloned()
            .ok_or_else(|| AppError(format!("block {} was never seen", certificate.block)))?;
        assert_eq!(height, self.tip() + 1, "heights are committed in order");
        ledger.decided.insert(height, (certificate, bytes));
        self.tip.send_replace(height);
        Ok(!self.is_empty.load(Ordering::Relaxed))
    }

    async fn finalized(&self, certificate: Certificate, evidence: Vec<DoubleSignature>) {
        self.evidence.lock().extend(evidence);
        let mut ledger = self.ledger.lock();
        let (kept, _) = ledger.decided.get_mut(&certificate.height.0).expect("finalized after commit");
        assert_eq!(kept.block, certificate.block);
        assert!(certificate.signatures.len() >= kept.signatures.len());
        *kept = certificate;
    }

    fn decided(&self, height: Height) -> Result<Option<(Certificate, Bytes)>, AppError> {
        Ok(self.ledger.lock().decided.get(&height.0).cloned())
    }

    fn history_min_height(&self) -> Height {
        Height(u64::from(self.tip() > 0))
    }

    async fn until_next(&self, height: Height) -> HeightStart {
        let mut allowed = self.allowed.subscribe();
        allowed.wait_for(|allowed| *allowed > height.0).await.unwrap();
        HeightStart { height: Height(height.0 + 1), validators: validators() }
    }
}

pub struct Node {
    pub app: Arc<TestApp>,
    pub handle: Option<EngineHandle>,
    pub folder: TempDir,
    /// Identity of its store.
    pub store: [u8; 16],
}

pub struct Net {
    pub nodes: Vec<Node>,
    ports: Vec<u16>,
}

impl Net {
    /// `count` running engines on free ports.
    pub async fn start(count: usize) -> Self {
        let sockets: Vec<_> = (0..count).map(|_| std::net::TcpListener::bind("127.0.0.1:0").unwrap()).collect();
        let ports = sockets.iter().map(|socket| socket.local_addr().unwrap().port()).collect();
        drop(sockets);
        let node = |node| Node {
            app: Arc::new(TestApp::new(key(node).id())),
            handle: None,
            folder: tempfile::tempdir().unwrap(),
            store: [u8::try_from(node).unwrap() + 1; 16],
        };
        let mut net = Self { nodes: (0..count).map(node).collect(), ports };
        for node in 0..count {
            std::fs::create_dir(net.nodes[node].folder.path().join("keys")).unwrap();
            net.start_node(node).await;
        }
        net
    }

    pub fn config(&self, node: usize) -> EngineConfig {
        let address = |node: usize| format!("/ip4/127.0.0.1/tcp/{}", self.ports[node]);
        let peers = (0..self.nodes.len())
            .filter(|peer| *peer != node)
            .map(|peer| format!("{}/p2p/{}", address(peer), huxin_engine::peer_id(network_secret(peer)).unwrap()))
            .collect();
        let mut config = EngineConfig::new(
            format!("n{node}"),
            "dev-engine".parse().unwrap(),
            address(node),
            peers,
            network_secret(node),
            self.nodes[node].folder.path().join("data/wal"),
            self.sign_state(node),
        );
        config.genesis = GENESIS;
        config.store = self.nodes[node].store;
        config.timeouts = Timeouts { propose_ms: 800, vote_ms: 300, ..Timeouts::default() };
        config.status_interval_ms = 200;
        config
    }

    /// The file of a node's sign-state.
    pub fn sign_state(&self, node: usize) -> std::path::PathBuf {
        self.nodes[node].folder.path().join("keys/consensus.key.sign-state")
    }

    /// The file of a node's consensus log.
    pub fn log(&self, node: usize) -> std::path::PathBuf {
        self.nodes[node].folder.path().join("data/wal/consensus.wal")
    }

    /// What a node's sign-state belongs to.
    pub fn binding(&self, node: usize) -> huxin_engine::SignBinding {
        huxin_engine::SignBinding { genesis: GENESIS, store: self.nodes[node].store, key: key(node).id() }
    }

    /// No node holds a proof against any other.
    pub fn assert_nobody_signed_twice(&self) {
        for (node, holder) in self.nodes.iter().enumerate() {
            assert!(holder.app.evidence().is_empty(), "node {node} holds {:?}", holder.app.evidence());
        }
    }

    pub async fn try_start_node(&mut self, node: usize) -> Result<(), EngineError> {
        let handle = huxin_engine::run(self.config(node), Arc::new(key(node)), self.nodes[node].app.clone()).await?;
        self.nodes[node].handle = Some(handle);
        Ok(())
    }

    /// Starts `node` with `peers` as the only ones that it knows.
    pub async fn start_node_with_peers(&mut self, node: usize, peers: &[usize]) {
        let mut config = self.config(node);
        let name = |peer: &usize| format!("/p2p/{}", huxin_engine::peer_id(network_secret(*peer)).unwrap());
        let known: Vec<String> = peers.iter().map(name).collect();
        config.peers.retain(|peer| known.iter().any(|name| peer.ends_with(name)));
        assert_eq!(config.peers.len(), peers.len());
        let handle = huxin_engine::run(config, Arc::new(key(node)), self.nodes[node].app.clone()).await.unwrap();
        self.nodes[node].handle = Some(handle);
    }

    pub async fn start_node(&mut self, node: usize) {
        self.try_start_node(node).await.unwrap();
    }

    /// An engine of its own with the address, the consensus key and the peers of `node`, but an unknown network key.
    pub async fn start_stranger(&self, node: usize) -> Node {
        let stranger = Node {
            app: Arc::new(TestApp::new(key(node).id())),
            handle: None,
            folder: tempfile::tempdir().unwrap(),
            store: [99; 16],
        };
        let mut config = self.config(node);
        config.network_secret = STRANGER_SECRET;
        config.wal_dir = stranger.folder.path().join("wal");
        config.sign_state = stranger.folder.path().join("sign-state");
        let handle = huxin_engine::run(config, Arc::new(key(node)), stranger.app.clone()).await.unwrap();
        Node { handle: Some(handle), ..stranger }
    }

    pub async fn stop_node(&mut self, node: usize) -> huxin_engine::Exit {
        self.nodes[node].handle.take().unwrap().shutdown().await
    }

    pub async fn stop(self) {
        for node in self.nodes {
            if let Some(handle) = node.handle {
                handle.shutdown().await;
            }
        }
    }

    pub fn status(&self, node: usize) -> EngineStatus {
        self.nodes[node].handle.as_ref().unwrap().status()
    }

    pub fn allow(&self, height: u64) {
        for node in &self.nodes {
            node.app.allow(height);
        }
    }

    /// Gives all nodes work up to `height` and waits until all are there.
    pub async fn run_to(&self, height: u64) {
        self.allow(height);
        self.wait_for(height, 0..self.nodes.len()).await;
    }

    pub async fn wait_for(&self, height: u64, nodes: Range<usize>) {
        for node in nodes {
            let mut tip = self.nodes[node].app.tip.subscribe();
            let reached = tokio::time::timeout(PATIENCE, tip.wait_for(|tip| *tip >= height)).await.is_ok();
            assert!(reached, "node {node} did not reach height {height}: {:#?}", self.status(node));
        }
    }

    /// Every node holds the same blocks to `height`, linked, each with a certificate that verifies.
    pub fn verify_chains(&self, height: u64) {
        let first = self.nodes[0].app.chain(height);
        assert_eq!(first.len(), usize::try_from(height).unwrap());
        for node in &self.nodes {
            let mut parent = Digest::ZERO;
            let chain = node.app.chain(height);
            assert_eq!(chain.len(), first.len());
            for ((certificate, bytes), (theirs, _)) in chain.iter().zip(&first) {
                assert_eq!(certificate.block, theirs.block);
                assert_eq!(certificate.block, id_of(bytes));
                assert_eq!(parent_in(bytes), parent);
                certificate.verify(&GENESIS, &validators()).unwrap();
                parent = certificate.block;
            }
        }
    }

    /// Who proposed the blocks of these heights.
    pub fn proposers(&self, heights: std::ops::RangeInclusive<u64>) -> BTreeSet<KeyId> {
        let chain = self.nodes[0].app.chain(*heights.end());
        chain.iter().map(|(_, bytes)| proposer_in(bytes)).collect()
    }
}
