//! Callers that take what they can get of one node: connections, time, answers, events. Meanwhile its other callers are
//! served, its operations listener answers, and the chain goes on.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use huxin_chain_spec::api::ErrorAnswer;
use huxin_tests::{Network, PATIENCE, eventually};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

/// The node that is besieged.
pub const NODE: usize = 0;
/// Loopback address of the besieger; everybody else comes from 127.0.0.1.
const BESIEGER: &str = "127.0.0.2:0";
/// Blocks that have to be made during each siege, by transactions that go through the besieged node.
const BLOCKS: u64 = 5;
/// Most memory that a siege may cost, in KiB.
const GROWTH_KIB_MAX: u64 = 300 * 1024;

pub fn api(network: &Network) -> SocketAddr {
    network.api(NODE).base().strip_prefix("http://").unwrap().parse().unwrap()
}

async fn connect(to: SocketAddr) -> Option<TcpStream> {
    let socket = TcpSocket::new_v4().unwrap();
    // What is not read stays with the node.
    socket.set_recv_buffer_size(4_096).unwrap();
    socket.bind(BESIEGER.parse().unwrap()).unwrap();
    socket.connect(to).await.ok()
}

/// Opens so many connections that send `request`, and nothing else.
pub async fn besiege(to: SocketAddr, count: usize, request: &str) -> Vec<TcpStream> {
    let mut held = Vec::new();
    for _ in 0..count {
        let Some(mut stream) = connect(to).await else { continue };
        if stream.write_all(request.as_bytes()).await.is_ok() {
            held.push(stream);
        }
    }
    held
}

/// The rest of what the node sends before it closes.
async fn told(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let _reset = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut bytes)).await;
    String::from_utf8_lossy(&bytes).into_owned()
}

async fn figure(network: &Network, line: &str) -> f64 {
    let text = String::from_utf8(network.operations(NODE).get("/metrics").await.body).unwrap();
    text.lines().find_map(|found| found.strip_prefix(line)?.trim().parse().ok()).unwrap_or(0.0)
}

pub fn memory_kib(network: &mut Network) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", network.process(NODE).id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// Others are served by the besieged node, its operations listener answers, and no block takes more than two rounds.
async fn everything_goes_on(network: &Network) {
    let issuer = network.issuer("310000");
    let before = network.api(NODE).status().await.height;
    let lost = network.metric(NODE, "huxin_rounds_lost_total").await.unwrap();
    for _ in 0..BLOCKS {
        let transaction = issuer.sign(vec![issuer.issue_new().1], 0);
        assert_eq!(network.api(NODE).submit_and_wait(&transaction.bytes).await.outcome, "committed");
        let begun = Instant::now();
        assert_eq!(network.operations(NODE).get("/health").await.status, 200);
        network.api(NODE).status().await;
        assert!(begun.elapsed() < Duration::from_secs(10), "answers take {:?}", begun.elapsed());
    }
    assert!(network.api(NODE).status().await.height >= before + BLOCKS);
    let lost = network.metric(NODE, "huxin_rounds_lost_total").await.unwrap() - lost;
    assert!(lost <= 2.0 * BLOCKS as f64, "{lost} rounds were lost");
}

/// 1,050 of them took every file of a node with the usual limit: API and operations were gone, and the store, once it needed
/// a file, failed for ever.
#[tokio::test(flavor = "multi_thread")]
async fn silent_connections_take_neither_files_nor_operations() {
    let mut network = Network::prepare(4);
    network.start_node_with_files(NODE, 1_024);
    network.start_all();
    network.wait_all_ready().await;
    assert_eq!(figure(&network, "huxin_open_files_limit").await, 1_024.0);
    let silent = besiege(api(&network), 1_050, "").await;
    assert!(silent.len() > 500, "{} connections", silent.len());
    everything_goes_on(&network).await;
    let limit = figure(&network, "huxin_budget_limit{budget=\"api_connections\"}").await;
    assert!((100.0..=300.0).contains(&limit), "{limit}");
    assert!(figure(&network, "huxin_budget_refused_total{budget=\"api_connections\"}").await >= 500.0);
    assert!(figure(&network, "huxin_open_files").await < 1_000.0);
    let log = std::fs::read_to_string(network.log(NODE)).unwrap();
    assert_eq!(log.matches("requests or connections are refused: api_connections").count(), 1, "once per cause");
    assert!(log.contains("the limit of open files is 1024: the API takes"), "the low limit is told");
    eventually("idle connections are closed", PATIENCE, || async {
        let held = figure(&network, "huxin_budget_held{budget=\"api_connections\"}").await;
        (held <= 10.0).then_some(())
    })
    .await;
    drop(silent);
    everything_goes_on(&network).await;
}

/// 500 of each were never closed.
#[tokio::test(flavor = "multi_thread")]
async fn slow_heads_and_slow_bodies_are_given_up() {
    let network = Network::start(4).await;
    let heads = besiege(api(&network), 100, "GET /v1/status HTTP/1.1\r\nhost: a\r\nx-slow: ").await;
    let body = "POST /v1/transactions HTTP/1.1\r\nhost: a\r\ncontent-length: 1000000\r\n\r\nbyte by byte";
    let bodies = besiege(api(&network), 100, body).await;
    assert_eq!((heads.len(), bodies.len()), (100, 100));
    everything_goes_on(&network).await;
    for mut stream in bodies {
        let told = told(&mut stream).await;
        let (head, body) = told.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {told:?}"));
        assert!(head.starts_with("HTTP/1.1 408 "), "{head}");
        let error = serde_json::from_str::<ErrorAnswer>(body).unwrap().error;
        assert!(error.code == "api.too_slow" && !error.what_zh.is_empty(), "{error:?}");
    }
    for mut stream in heads {
        assert_eq!(told(&mut stream).await, "");
    }
    assert!(figure(&network, "huxin_connections_dropped_total{listener=\"api.listen\",cause=\"idle\"}").await >= 100.0);
}

/// 150 requests of 60 bytes took 1.6 GB, for as long as their sender liked.
#[tokio::test(flavor = "multi_thread")]
async fn answers_that_are_not_read_are_bounded_and_given_up() {
    let mut network = Network::start(4).await;
    let before = memory_kib(&mut network);
    // Longer than what the system itself takes in for a connection.
    let ask = "GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nhost: a\r\n\r\n".repeat(20);
    let unread = besiege(api(&network), 150, &ask).await;
    assert_eq!(unread.len(), 150);
    everything_goes_on(&network).await;
    let held = "huxin_budget_held{budget=\"api_answer_bytes\"}";
    let share = f64::from(64u32 << 20);
    assert!(figure(&network, held).await <= share);
    let growth = memory_kib(&mut network).saturating_sub(before);
    assert!(growth <= GROWTH_KIB_MAX, "{growth} KiB");
    assert_eq!(network.api(NODE).get("/v1/codes").await.status, 200, "a long answer for somebody else");
    eventually("the answers are given up", PATIENCE, || async { (figure(&network, held).await == 0.0).then_some(()) })
        .await;
    let dropped = "huxin_connections_dropped_total{listener=\"api.listen\",cause=\"slow_reader\"}";
    // The others were refused, and are idle now.
    assert!(figure(&network, dropped).await >= 20.0);
    assert!(network.log_says(NODE, "a connection is closed because its answer is not read"));
    drop(unread);
}

/// 255 requests for all events held up every other caller for 20 s, and the chain with them.
#[tokio::test(flavor = "multi_thread")]
async fn requests_for_all_events_hold_up_nobody() {
    let network = Network::start(4).await;
    let issuer = network.issuer("310000");
    for _ in 0..20 {
        let operations = (0..200).map(|_| issuer.issue_new().1).collect();
        let answer = network.api(NODE).submit_and_wait(&issuer.sign(operations, 0).bytes).await;
        assert_eq!(answer.outcome, "committed");
    }
    let ask = "GET /v1/events?from=1 HTTP/1.1\r\nhost: a\r\n\r\n";
    let mut subscribers = besiege(api(&network), 255, ask).await;
    everything_goes_on(&network).await;
    let subscribed = figure(&network, "huxin_budget_held{budget=\"api_subscribers\"}").await;
    assert_eq!(subscribed, 128.0, "one address gets half of them");
    assert_eq!(figure(&network, "huxin_budget_refused_total{budget=\"api_subscribers\"}").await, 127.0);
    let mut last = subscribers.pop().unwrap();
    let mut head = [0; 12];
    last.read_exact(&mut head).await.unwrap();
    assert_eq!(&head, b"HTTP/1.1 503");
    // Those that are served get every block.
    let mut first = subscribers.swap_remove(0);
    let mut text = String::new();
    let all = async {
        let mut piece = [0; 4_096];
        while !text.contains("id: 20\n") && !text.contains("id:20\n") {
            let length = first.read(&mut piece).await.unwrap();
            assert!(length > 0, "the stream ended after {text}");
            text += std::str::from_utf8(&piece[..length]).unwrap();
        }
    };
    tokio::time::timeout(PATIENCE, all).await.expect("twenty events");
}
