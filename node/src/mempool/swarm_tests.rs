//! Several swarms in one process, over loopback.
#![allow(clippy::unwrap_used, clippy::panic, clippy::cast_possible_truncation, reason = "tests")]

use std::collections::BTreeMap;
use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use futures::{AsyncRead, AsyncWrite, AsyncWriteExt, StreamExt};
use huxin_chain_spec::crypto::{Digest, DigestAlgorithm};
use huxin_chain_spec::ids::{Height, TxId};
use libp2p::identity::Keypair;
use libp2p::request_response::{self, Message, ProtocolSupport};
use libp2p::swarm::{NetworkBehaviour, SwarmEvent};
use libp2p::{PeerId, StreamProtocol, Swarm};
use parking_lot::{Condvar, Mutex};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

use super::behaviour::{build_transport, protocol};
use super::codec::{BatchCodec, BatchReply, BatchStatus, Request, encode_batch};
use super::*;

const CHAIN: &str = "dev-test";
/// First byte of a test transaction: how the test ledger judges it.
const GOOD: u8 = 0;
const TOO_EARLY: u8 = 1;
const FORGED: u8 = 2;

/// A ledger that judges by the first byte.
#[derive(Default)]
struct TestLedger {
    committed: Mutex<Vec<TxId>>,
    /// Whether verification is paused, and the signal that it continues.
    stalled: Mutex<bool>,
    resumed: Condvar,
    /// Failures still to come.
    breakdowns: AtomicUsize,
    verified: AtomicUsize,
    batches: AtomicUsize,
}

impl Admission for TestLedger {
    fn admit_batch(&self, batch: Vec<Bytes>) -> Vec<Result<PooledTransaction, AdmissionError>> {
        self.resumed.wait_while(&mut self.stalled.lock(), |stalled| *stalled);
        if self.breakdowns.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok() {
            panic!("a deliberate failure");
        }
        self.batches.fetch_add(1, Ordering::SeqCst);
        self.verified.fetch_add(batch.len(), Ordering::SeqCst);
        batch
            .into_iter()
            .map(|bytes| match bytes[0] {
                GOOD => Ok(pooled(bytes)),
                TOO_EARLY => Err(AdmissionError { code: "unknown_signer", peer_at_fault: false }),
                _ => Err(AdmissionError { code: "bad_signature", peer_at_fault: true }),
            })
            .collect()
    }

    fn is_committed(&self, id: &TxId) -> bool {
        self.committed.lock().contains(id)
    }
}

fn pooled(bytes: Bytes) -> PooledTransaction {
    PooledTransaction {
        id: TxId(DigestAlgorithm::Sha256.plain(&[&bytes])),
        bytes,
        expires_at: Height(1_000),
        operations: 1,
        weight: 1,
        owner: Owner { province: ProvinceCode::all().next().unwrap(), key: KeyId(Digest([1; 32])) },
    }
}

fn transaction(kind: u8, number: u32, size: usize) -> PooledTransaction {
    let mut bytes = vec![kind; size];
    bytes[1..5].copy_from_slice(&number.to_le_bytes());
    pooled(Bytes::from(bytes))
}

fn good(number: u32) -> PooledTransaction {
    transaction(GOOD, number, 300)
}

/// A port that is free: below the range from which the system picks ports for outgoing connections, and a different
/// one on each call and, most likely, in each process.
fn free_port() -> u16 {
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    loop {
        let call = CALLS.fetch_add(1, Ordering::SeqCst);
        let port = 12_000 + (std::process::id() as usize * 97 + call) % 20_000;
        if TcpListener::bind(("127.0.0.1", port as u16)).is_ok() {
            return port as u16;
        }
    }
}

/// One node of a test: key seed, port, and what it runs while it is up.
struct Node {
    seed: u8,
    port: u16,
    mempool: Mempool,
    ledger: Arc<TestLedger>,
    listed: watch::Sender<Vec<String>>,
    running: Option<Running>,
}

/// What ends a swarm, and what it ends with.
type Running = (oneshot::Sender<()>, JoinHandle<Result<(), SwarmError>>);

impl Node {
    fn new(seed: u8, limits: PoolLimits) -> Self {
        Self {
            seed,
            port: free_port(),
            mempool: Mempool::new(limits),
            ledger: Arc::default(),
            listed: watch::Sender::new(Vec::new()),
            running: None,
        }
    }

    fn address(&self) -> String {
        format!("/ip4/127.0.0.1/tcp/{}/p2p/{}", self.port, peer_id([self.seed; 32]).unwrap())
    }

    fn start(&mut self, peers: &[String]) {
        self.start_on_chain(CHAIN, peers);
    }

    fn start_on_chain(&mut self, network: &str, peers: &[String]) {
        self.listed.send_replace(peers.to_vec());
        let config = SwarmConfig {
            network: network.to_owned(),
            listen: format!("/ip4/127.0.0.1/tcp/{}", self.port),
            peers: self.listed.subscribe(),
            network_secret: [self.seed; 32],
        };
        let (stop, stopped) = oneshot::channel::<()>();
        let shutdown = async move { drop(stopped.await) };
        let task = tokio::spawn(run_swarm(config, self.mempool.clone(), Arc::clone(&self.ledger), shutdown));
        self.running = Some((stop, task));
    }

    async fn stop(&mut self) {
        let (stop, task) = self.running.take().unwrap();
        drop(stop);
        assert_eq!(task.await.unwrap(), Ok(()));
    }

    fn connections(&self) -> usize {
        self.mempool.stats().peers.iter().filter(|peer| peer.connected).count()
    }
}

/// Nodes that know each other, up and connected.
async fn mesh(count: u8, limits: &PoolLimits) -> Vec<Node> {
    let mut nodes: Vec<Node> = (1..=count).map(|seed| Node::new(seed, limits.clone())).collect();
    let addresses: Vec<String> = nodes.iter().map(Node::address).collect();
    nodes.iter_mut().for_each(|node| node.start(&addresses));
    until("all connected", || nodes.iter().all(|node| node.connections() == usize::from(count) - 1)).await;
    nodes
}

/// Polls until `condition` holds; fails after a time that a healthy run never needs.
async fn until(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !condition() {
        assert!(Instant::now() < deadline, "in vain: {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

fn quick() -> PoolLimits {
    PoolLimits { mute_ms: 200, provinces_max: 0, ..PoolLimits::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_local_transaction_reaches_all_and_is_not_sent_on() {
    let nodes = mesh(4, &quick()).await;
    for number in 0..500 {
        nodes[0].mempool.insert_local(good(number)).unwrap();
    }
    nodes[2].mempool.insert_local(good(999)).unwrap();
    until("all pooled", || nodes.iter().all(|node| node.mempool.len() == 501)).await;
    let counted = |node: &Node| node.mempool.stats().gossip.transactions_received == 501;
    until("all counted", || counted(&nodes[1]) && counted(&nodes[3])).await;
    let [by_0, by_1, by_2, by_3] = [0, 1, 2, 3].map(|n: usize| nodes[n].mempool.stats().gossip);
    assert_eq!((by_0.transactions_sent, by_2.transactions_sent), (1_500, 3));
    assert_eq!((by_1.transactions_sent, by_3.transactions_sent), (0, 0));
    assert_eq!(by_1.duplicates_received, 0);
    assert!(nodes[1].ledger.batches.load(Ordering::SeqCst) < 200, "verified in batches");
    let status = &nodes[1].mempool.stats().peers[0];
    assert_eq!(status.peer_id, peer_id([1; 32]).unwrap());
    assert!(status.last_contact_ms.is_some() && status.transactions_received == 500);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_transactions_from_all_sides_reach_all() {
    let nodes = mesh(3, &quick()).await;
    for number in 0..15_000 {
        nodes[number as usize % 3].mempool.insert_local(good(number)).unwrap();
    }
    until("all pooled", || nodes.iter().all(|node| node.mempool.len() == 15_000)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_peer_is_refused() {
    let nodes = mesh(2, &quick()).await;
    let mut unlisted = Node::new(66, quick());
    unlisted.mempool.insert_local(good(1)).unwrap();
    unlisted.start(&nodes.iter().map(Node::address).collect::<Vec<_>>());
    let refused = |node: &Node| node.mempool.stats().gossip.strangers > 0;
    until("both refused it", || nodes.iter().all(refused)).await;
    nodes[0].mempool.insert_local(good(2)).unwrap();
    until("work goes on", || nodes[1].mempool.contains(&good(2).id)).await;
    assert!(nodes.iter().all(|node| !node.mempool.contains(&good(1).id)));
    assert!(unlisted.mempool.stats().gossip.transactions_received == 0);
    assert!(nodes.iter().all(|node| node.connections() == 1));
    unlisted.stop().await;
}

/// A node joins by being listed, without an address; it leaves by being removed from the list; the other connections are not disturbed.
#[tokio::test(flavor = "multi_thread")]
async fn the_list_of_peers_changes_while_the_swarm_runs() {
    let nodes = mesh(2, &quick()).await;
    let founders: Vec<String> = nodes.iter().map(Node::address).collect();
    let mut joining = Node::new(3, quick());
    joining.start(&founders);
    until("refused at first", || nodes.iter().all(|node| node.mempool.stats().gossip.strangers > 0)).await;
    let listed: Vec<String> = [founders.clone(), vec![format!("/p2p/{}", peer_id([3; 32]).unwrap())]].concat();
    nodes.iter().for_each(|node| drop(node.listed.send_replace(listed.clone())));
    until("all three are connected", || nodes.iter().chain([&joining]).all(|node| node.connections() == 2)).await;
    joining.mempool.insert_local(good(1)).unwrap();
    until("it takes part", || nodes.iter().all(|node| node.mempool.contains(&good(1).id))).await;

    nodes.iter().for_each(|node| drop(node.listed.send_replace(founders.clone())));
    until("it is cut off", || joining.connections() == 0).await;
    assert!(nodes.iter().all(|node| node.mempool.stats().peers.len() == 1 && node.connections() == 1));
    joining.mempool.insert_local(good(2)).unwrap();
    nodes[0].mempool.insert_local(good(3)).unwrap();
    until("work goes on", || nodes[1].mempool.contains(&good(3).id)).await;
    assert!(nodes.iter().all(|node| !node.mempool.contains(&good(2).id)));

    nodes.iter().for_each(|node| drop(node.listed.send_replace(listed.clone())));
    until("it comes back", || nodes.iter().all(|node| node.mempool.contains(&good(2).id))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_under_another_identity_is_not_accepted() {
    let mut honest = Node::new(1, quick());
    let mut other = Node::new(2, quick());
    // The address is right, the peer id expected there is not.
    let expected = format!("/ip4/127.0.0.1/tcp/{}/p2p/{}", other.port, peer_id([3; 32]).unwrap());
    honest.start(&[expected]);
    other.start(&[honest.address()]);
    honest.mempool.insert_local(good(1)).unwrap();
    until("the other was refused", || honest.mempool.stats().gossip.strangers > 0).await;
    assert_eq!(honest.connections(), 0);
    assert!(!other.mempool.contains(&good(1).id));
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_of_another_chain_are_not_understood() {
    let (mut here, mut there) = (Node::new(1, quick()), Node::new(2, quick()));
    let addresses = [here.address(), there.address()];
    here.mempool.insert_local(good(1)).unwrap();
    here.start(&addresses);
    there.start_on_chain("dev-other", &addresses);
    until("tried", || here.mempool.stats().gossip.batches_to_resend > 0).await;
    assert!(there.mempool.is_empty() && there.mempool.stats().gossip.batches_received == 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_returns_gets_what_is_still_pending() {
    let mut nodes = mesh(2, &quick()).await;
    let addresses: Vec<String> = nodes.iter().map(Node::address).collect();
    nodes[1].stop().await;
    until("noticed", || nodes[0].connections() == 0).await;
    for number in 0..300 {
        nodes[0].mempool.insert_local(good(number)).unwrap();
    }
    nodes[1].start(&addresses);
    until("caught up", || nodes[1].mempool.len() == 300).await;

    // Gone again, back with an empty pool, after some were committed.
    nodes[1].stop().await;
    let committed: Vec<TxId> = (0..100).map(|number| good(number).id).collect();
    nodes[0].mempool.remove_committed(&committed, Height(1));
    nodes[1].mempool = Mempool::new(quick());
    nodes[1].start(&addresses);
    until("caught up again", || nodes[1].mempool.len() == 200).await;
    assert!(!nodes[1].mempool.contains(&good(0).id) && nodes[1].mempool.contains(&good(299).id));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_committed_meanwhile_is_not_pooled() {
    let nodes = mesh(2, &quick()).await;
    nodes[1].ledger.committed.lock().push(good(1).id);
    nodes[1].mempool.remove_committed(&[good(2).id], Height(1));
    for number in 1..4 {
        nodes[0].mempool.insert_local(good(number)).unwrap();
    }
    until("the third arrives", || nodes[1].mempool.contains(&good(3).id)).await;
    assert_eq!(nodes[1].mempool.len(), 1);
    until("counted", || nodes[1].mempool.stats().gossip.duplicates_received == 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_peer_gets_the_rest_when_it_has_room() {
    let mut nodes: Vec<Node> = (1..=2).map(|seed| Node::new(seed, quick())).collect();
    // Holds 64 of the 100.
    nodes[1].mempool = Mempool::new(PoolLimits { bytes_max: 4 << 20, ..quick() });
    let addresses: Vec<String> = nodes.iter().map(Node::address).collect();
    nodes.iter_mut().for_each(|node| node.start(&addresses));
    let large = |number: u32| transaction(GOOD, number, 32 << 10);
    for number in 0..100 {
        nodes[0].mempool.insert_local(large(number)).unwrap();
    }
    until("full", || nodes[1].mempool.stats().gossip.batches_put_off > 0).await;
    assert!(nodes[1].mempool.bytes() <= 2 << 20, "the share of one source");
    assert_eq!(nodes[0].mempool.len(), 100, "nothing is lost meanwhile");
    let mut seen = BTreeMap::new();
    let deadline = Instant::now() + Duration::from_secs(60);
    while seen.len() < 100 {
        assert!(Instant::now() < deadline, "only {} arrived", seen.len());
        let taken = nodes[1].mempool.take(BlockBounds::of(usize::MAX, usize::MAX), Height(1));
        let ids: Vec<TxId> = taken.iter().map(|t| t.id).collect();
        seen.extend(ids.iter().map(|id| (*id, ())));
        nodes[1].mempool.remove_committed(&ids, Height(1));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_peer_holds_back_its_own_batches_only() {
    let limits = PoolLimits { per_peer_bytes_inflight_max: 32 << 10, batch_bytes_max: 16 << 10, ..quick() };
    let nodes = mesh(3, &limits).await;
    *nodes[1].ledger.stalled.lock() = true;
    for number in 0..1_000 {
        nodes[0].mempool.insert_local(good(number)).unwrap();
    }
    until("the quick one has all", || nodes[2].mempool.len() == 1_000).await;
    let slow = &nodes[0].mempool.stats().peers[0];
    assert!(slow.backlog && slow.in_flight_bytes <= 32 << 10, "{slow:?}");
    assert!(nodes[1].mempool.is_empty());
    *nodes[1].ledger.stalled.lock() = false;
    nodes[1].ledger.resumed.notify_all();
    until("the slow one caught up", || nodes[1].mempool.len() == 1_000).await;
    until("nothing is left", || !nodes[0].mempool.stats().peers[0].backlog).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_lost_in_a_breakdown_is_sent_again() {
    let nodes = mesh(2, &quick()).await;
    nodes[1].ledger.breakdowns.store(2, Ordering::SeqCst);
    nodes[0].mempool.insert_local(good(1)).unwrap();
    until("arrived in the end", || nodes[1].mempool.contains(&good(1).id)).await;
    assert_eq!(nodes[0].mempool.stats().gossip.batches_to_resend, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_ledger_does_not_know_yet_is_no_fault() {
    let nodes = mesh(2, &quick()).await;
    nodes[0].mempool.insert_local(transaction(TOO_EARLY, 1, 300)).unwrap();
    nodes[0].mempool.insert_local(good(2)).unwrap();
    until("the good one arrives", || nodes[1].mempool.len() == 1).await;
    until("the other is counted", || nodes[1].mempool.stats().gossip.refused_received == 1).await;
    assert_eq!(nodes[1].mempool.stats().gossip.batches_put_off, 0);
}

/// Sends arbitrary bytes.
#[derive(Clone, Default)]
struct RawCodec;

#[async_trait]
impl request_response::Codec for RawCodec {
    type Protocol = StreamProtocol;
    type Request = Vec<u8>;
    type Response = BatchReply;

    async fn read_request<T>(&mut self, _: &StreamProtocol, _: &mut T) -> io::Result<Vec<u8>>
    where
        T: AsyncRead + Unpin + Send,
    {
        Ok(Vec::new())
    }

    async fn read_response<T>(&mut self, protocol: &StreamProtocol, io: &mut T) -> io::Result<BatchReply>
    where
        T: AsyncRead + Unpin + Send,
    {
        BatchCodec.read_response(protocol, io).await
    }

    async fn write_request<T>(&mut self, _: &StreamProtocol, io: &mut T, frame: Vec<u8>) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        io.write_all(&frame).await
    }

    async fn write_response<T>(&mut self, _: &StreamProtocol, _: &mut T, _: BatchReply) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        Ok(())
    }
}

#[derive(NetworkBehaviour)]
struct RawBehaviour {
    batches: request_response::Behaviour<RawCodec>,
}

/// A listed peer that does not keep to the protocol.
struct Attacker {
    swarm: Swarm<RawBehaviour>,
    victim: PeerId,
}

impl Attacker {
    const SEED: u8 = 77;

    /// A victim that lists the attacker, and the attacker, not connected yet.
    async fn pair() -> (Node, Self) {
        let mut victim = Node::new(1, quick());
        let own = Node::new(Self::SEED, quick());
        victim.start(&[own.address()]);
        until("the victim listens", || !victim.mempool.stats().listen.is_empty()).await;
        let keypair = Keypair::ed25519_from_bytes([Self::SEED; 32]).unwrap();
        let support = [(protocol(CHAIN).unwrap(), ProtocolSupport::Outbound)];
        let batches = request_response::Behaviour::new(support, request_response::Config::default());
        let config = libp2p::swarm::Config::with_tokio_executor();
        let transport = build_transport(&keypair, false).unwrap();
        let id = keypair.public().to_peer_id();
        let mut swarm = Swarm::new(transport, RawBehaviour { batches }, id, config);
        let victim_id: PeerId = peer_id([1; 32]).unwrap().parse().unwrap();
        swarm.add_peer_address(victim_id, victim.address().parse().unwrap());
        (victim, Self { swarm, victim: victim_id })
    }

    /// Sends a frame and waits for the answer.
    async fn send(&mut self, frame: Vec<u8>) -> BatchReply {
        self.swarm.behaviour_mut().batches.send_request(&self.victim, frame);
        loop {
            let event = tokio::time::timeout(Duration::from_secs(60), self.swarm.select_next_some()).await;
            let SwarmEvent::Behaviour(RawBehaviourEvent::Batches(event)) = event.unwrap() else { continue };
            match event {
                request_response::Event::Message { message: Message::Response { response, .. }, .. } => {
                    return response;
                }
                request_response::Event::OutboundFailure { error, .. } => panic!("no answer: {error}"),
                _ => {}
            }
        }
    }

    /// Sends a batch until it is no longer put off.
    async fn send_when_heard(&mut self, frame: &[u8]) -> BatchReply {
        loop {
            let reply = self.send(frame.to_vec()).await;
            if reply.status != BatchStatus::Later {
                return reply;
            }
            tokio::time::sleep(Duration::from_millis(u64::from(reply.retry_after_ms))).await;
        }
    }
}

fn frame(items: &[PooledTransaction]) -> Vec<u8> {
    let items: Vec<Bytes> = items.iter().map(|item| item.bytes.clone()).collect();
    encode_batch(&items).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_oversize_batch_is_refused_and_its_sender_muted() {
    let (victim, mut attacker) = Attacker::pair().await;
    let size = BATCH_BYTES_MAX * 2;
    let mut oversize = frame(&[good(1)]);
    oversize[5..9].copy_from_slice(&(size as u32).to_le_bytes());
    oversize.resize(9 + size, 0);
    let refused = attacker.send(oversize).await;
    assert_eq!((refused.status, refused.retry_after_ms), (BatchStatus::Refused, 200));
    assert_eq!(victim.mempool.stats().gossip.batches_malformed, 1);

    // Muted: even a valid batch is not processed until the time has passed.
    let muted = attacker.send(frame(&[good(1)])).await;
    assert_eq!(muted.status, BatchStatus::Later);
    let heard = attacker.send_when_heard(&frame(&[good(1)])).await;
    assert_eq!((heard.status, heard.accepted, heard.consumed), (BatchStatus::Done, 1, 1));
    assert_eq!(victim.mempool.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_frames_are_refused_and_counted() {
    let (victim, mut attacker) = Attacker::pair().await;
    let good_frame = frame(&[good(1), good(2)]);
    let mut wrong_lengths = good_frame.clone();
    wrong_lengths[9] ^= 1;
    let mut wrong_version = good_frame.clone();
    wrong_version[0] = 9;
    for (count, bad) in [wrong_lengths, wrong_version].into_iter().enumerate() {
        assert_eq!(attacker.send(bad).await.status, BatchStatus::Refused);
        assert_eq!(victim.mempool.stats().gossip.batches_malformed, count as u64 + 1);
    }
    assert!(victim.mempool.is_empty());
    let heard = attacker.send_when_heard(&good_frame).await;
    assert_eq!((heard.status, heard.accepted), (BatchStatus::Done, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_transaction_mutes_its_sender_but_not_its_neighbours() {
    let (victim, mut attacker) = Attacker::pair().await;
    let reply = attacker.send(frame(&[good(1), transaction(FORGED, 2, 300), good(3)])).await;
    assert_eq!((reply.status, reply.accepted, reply.refused), (BatchStatus::Refused, 2, 1));
    assert_eq!(victim.mempool.len(), 2);
    assert_eq!(attacker.send(frame(&[good(4)])).await.status, BatchStatus::Later);
    // What is muted is not verified.
    assert_eq!(victim.ledger.verified.load(Ordering::SeqCst), 3);
}

#[test]
fn the_test_attacker_speaks_the_same_frames() {
    let read = futures::executor::block_on(request_response::Codec::read_request(
        &mut BatchCodec,
        &StreamProtocol::new("/test"),
        &mut futures::io::Cursor::new(frame(&[good(1)])),
    ));
    assert_eq!(read.unwrap(), Request::Batch(vec![good(1).bytes]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_that_cannot_work_is_refused_in_a_sentence() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let in_use = format!("/ip4/127.0.0.1/tcp/{}", taken.local_addr().unwrap().port());
    let config = |listen: &str, peers: &[&str]| SwarmConfig {
        network: CHAIN.to_owned(),
        listen: listen.to_owned(),
        peers: watch::channel(peers.iter().map(|peer| (*peer).to_owned()).collect()).1,
        network_secret: [1; 32],
    };
    let run = |config: SwarmConfig, limits: PoolLimits| async move {
        let running = run_swarm(config, Mempool::new(limits), Arc::new(TestLedger::default()), std::future::pending());
        tokio::time::timeout(Duration::from_secs(60), running).await.unwrap().unwrap_err()
    };
    let error = run(config("0.0.0.0:7002", &[]), quick()).await;
    assert_eq!(error, SwarmError::ListenAddress { address: "0.0.0.0:7002".to_owned() });
    let error = run(config(&in_use, &["/ip4/10.0.0.2/tcp/7002"]), quick()).await;
    assert_eq!(error, SwarmError::PeerAddress { address: "/ip4/10.0.0.2/tcp/7002".to_owned() });
    let error = run(config(&in_use, &[]), quick()).await;
    assert!(matches!(error, SwarmError::Listen { .. }), "{error}");
    let error = run(config(&in_use, &[]), PoolLimits { bytes_max: 1_000, ..quick() }).await;
    assert!(matches!(error, SwarmError::Limits { .. }), "{error}");
}
