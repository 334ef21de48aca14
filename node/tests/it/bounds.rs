//! What a caller may take of a listener, and what it is told once that is taken.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use huxin_engine::Phase;
use huxin_node::api::Settings;
use huxin_node::http::bounds::{Bounds, Pace};
use huxin_node::mempool::PoolLimits;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use crate::http::{Answer, Node, OCTETS, engine, send};
use crate::support::{genesis, issue};

/// Short enough for a test, long enough for a busy machine.
const HEAD: Duration = Duration::from_secs(1);

async fn node(bounds: Bounds) -> Node {
    let folder = tempfile::tempdir().unwrap();
    let ledger = huxin_node::ledger::Ledger::open(folder.path(), genesis()).unwrap();
    let settings = Settings { bounds, access_log: true };
    Node::bounded(folder, ledger, PoolLimits::default(), Arc::new(|| engine(Phase::Idle)), settings).await
}

/// A connection from another address of this machine.
async fn connect(from: &str, to: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(format!("{from}:0").parse().unwrap()).unwrap();
    socket.connect(to).await.unwrap()
}

/// All that comes until the other side closes.
async fn rest(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    // A reset is an end as well.
    let _reset =
        tokio::time::timeout(Duration::from_secs(60), stream.read_to_end(&mut bytes)).await.expect("it is closed");
    bytes
}

async fn figure(node: &Node, line: &str) -> f64 {
    let text = send(node.ops, "GET", "/metrics", &[], b"").await.text();
    let found = text.lines().find_map(|found| found.strip_prefix(line)?.trim().parse().ok());
    found.unwrap_or_else(|| panic!("no {line} in\n{text}"))
}

/// Connections that say nothing were held for ever, and took API and operations from everybody.
#[tokio::test(flavor = "multi_thread")]
async fn silent_connections_take_a_share_and_are_closed() {
    let bounds = Bounds { head: HEAD, ..Bounds::new(4, Some(3)) };
    let node = node(bounds).await;
    let mut silent = Vec::new();
    for _ in 0..3 {
        silent.push(connect("127.0.0.2", node.api).await);
    }
    while figure(&node, "huxin_budget_held{budget=\"api_connections\"}").await < 3.0 {}
    let mut fourth = connect("127.0.0.2", node.api).await;
    let told = Answer::parse(&rest(&mut fourth).await);
    assert_eq!((told.status, told.error().code.as_str()), (503, "api.busy"));
    assert!(told.headers.contains_key("retry-after") && told.error().place.contains("its share of 3"), "{told:?}");
    // The share of the others is theirs, and so is the operations listener.
    assert_eq!(node.get("/v1/status").await.status, 200);
    assert_eq!(figure(&node, "huxin_budget_limit{budget=\"api_connections\"}").await, 4.0);
    assert_eq!(figure(&node, "huxin_budget_refused_total{budget=\"api_connections\"}").await, 1.0);
    for stream in &mut silent {
        assert!(rest(stream).await.is_empty());
    }
    while figure(&node, "huxin_budget_held{budget=\"api_connections\"}").await > 0.0 {}
    assert!(figure(&node, "huxin_connections_dropped_total{listener=\"api.listen\",cause=\"idle\"}").await >= 3.0);
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_comes_byte_by_byte_is_given_up() {
    let node = node(Bounds { head: HEAD, ..Bounds::default() }).await;
    let mut slow = connect("127.0.0.2", node.api).await;
    let dribble = async {
        for byte in b"GET /v1/status HTTP/1.1\r\nhost: a\r\n".iter().cycle() {
            if slow.write_all(&[*byte]).await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), dribble).await.expect("the connection is closed");
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_comes_byte_by_byte_is_given_up_with_a_code() {
    let body = Pace { grace: HEAD, bytes_per_s: 16_384 };
    let node = node(Bounds { body, ..Bounds::default() }).await;
    for path in ["/v1/transactions", "/v1/verify"] {
        let mut slow = connect("127.0.0.2", node.api).await;
        let head =
            format!("POST {path} HTTP/1.1\r\nhost: a\r\ncontent-type: {OCTETS}\r\ncontent-length: 1000\r\n\r\nab");
        slow.write_all(head.as_bytes()).await.unwrap();
        let told = Answer::parse(&rest(&mut slow).await);
        assert_eq!((told.status, told.error().code.as_str()), (408, "api.too_slow"), "{path}");
    }
    node.stop().await;
}

/// A body whose announced length is too much was read all the same.
#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_announced_too_long_is_not_asked_for() {
    let node = node(Bounds::default()).await;
    let mut asking = connect("127.0.0.2", node.api).await;
    let head = format!(
        "POST /v1/transactions HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-type: {OCTETS}\r\ncontent-length: 999999999\r\n\r\n"
    );
    asking.write_all(head.as_bytes()).await.unwrap();
    let told = Answer::parse(&rest(&mut asking).await);
    assert_eq!((told.status, told.error().code.as_str()), (413, "encoding.too_large"), "no 100 before it");
    node.stop().await;
}

/// 60 bytes of a request held megabytes of an answer until the client chose to read.
#[tokio::test(flavor = "multi_thread")]
async fn unread_answers_are_bounded_and_given_up() {
    let answer = Pace { grace: Duration::from_secs(3), bytes_per_s: 1 << 30 };
    let share: u32 = 3 << 20;
    let node = node(Bounds { answer, answers_bytes: 2 * (3 << 20), ..Bounds::default() }).await;
    let ask = "GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nhost: a\r\n\r\n".repeat(40);
    let mut unread = Vec::new();
    for _ in 0..8 {
        let mut stream = connect("127.0.0.2", node.api).await;
        stream.write_all(ask.as_bytes()).await.unwrap();
        unread.push(stream);
    }
    let held = "huxin_budget_held{budget=\"api_answer_bytes\"}";
    while figure(&node, held).await == 0.0 {}
    while figure(&node, "huxin_budget_refused_total{budget=\"api_answer_bytes\"}").await == 0.0 {
        assert!(figure(&node, held).await <= f64::from(share));
    }
    // Another address has its own share.
    assert_eq!(node.get("/v1/codes").await.status, 200);
    while figure(&node, "huxin_connections_dropped_total{listener=\"api.listen\",cause=\"slow_reader\"}").await < 1.0 {}
    drop(unread);
    while figure(&node, held).await > 0.0 {}
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_address_does_not_take_all_places_of_subscribers() {
    let node = node(Bounds { subscribers: 4, ..Bounds::default() }).await;
    let mut held = Vec::new();
    for _ in 0..2 {
        let mut stream = connect("127.0.0.2", node.api).await;
        stream.write_all(b"GET /v1/events HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
        let mut first = [0; 12];
        stream.read_exact(&mut first).await.unwrap();
        assert_eq!(&first, b"HTTP/1.1 200");
        held.push(stream);
    }
    let mut third = connect("127.0.0.2", node.api).await;
    third.write_all(b"GET /v1/events HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await.unwrap();
    let told = Answer::parse(&rest(&mut third).await);
    assert_eq!((told.status, told.error().code.as_str()), (503, "api.busy"));
    let mut other = crate::http::Events::open(&node, "/v1/events?from=1", &[]).await;
    node.commit(vec![issue(0..1)]);
    assert_eq!(other.read(1).await[0].height, 1);
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_any_origin_may_ask_and_no_page_may_frame_an_answer() {
    let node = node(Bounds::default()).await;
    let origin = ("origin", "https://portal.example");
    let asked = [origin, ("access-control-request-method", "POST"), ("access-control-request-headers", "content-type")];
    let preflight = send(node.api, "OPTIONS", "/v1/verify", &asked, b"").await;
    assert_eq!(preflight.status, 200, "{preflight:?}");
    assert_eq!(preflight.headers["access-control-allow-origin"], "*");
    assert!(!preflight.headers.contains_key("access-control-allow-credentials"), "{preflight:?}");
    assert!(preflight.headers["access-control-allow-headers"].contains("huxin-min-height"), "{preflight:?}");
    let answer = send(node.api, "GET", "/v1/status", &[origin], b"").await;
    for (name, value) in [
        ("access-control-allow-origin", "*"),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
        ("cache-control", "no-store"),
    ] {
        assert_eq!(answer.headers.get(name).map(String::as_str), Some(value), "{name} in {answer:?}");
    }
    assert!(answer.headers["access-control-expose-headers"].contains("huxin-height"), "{answer:?}");
    let page = send(node.api, "GET", "/docs/", &[], b"").await;
    assert!(page.headers["content-security-policy"].contains("script-src 'self'"), "{page:?}");
    node.stop().await;
}

/// A page whose name was made to point to the loopback address could read `/status` through the operator's browser.
#[tokio::test(flavor = "multi_thread")]
async fn the_operations_listener_does_not_answer_to_foreign_names() {
    let node = node(Bounds::default()).await;
    for (path, host, status) in [
        ("/status", "evil.example", 421),
        ("/metrics", "evil.example:80", 421),
        ("http://evil.example/status", "127.0.0.1", 421),
        ("/health", "localhost", 200),
        ("/health", "127.0.0.1:9", 200),
    ] {
        let mut stream = connect("127.0.0.1", node.ops).await;
        let request = format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        assert_eq!(Answer::parse(&rest(&mut stream).await).status, status, "{path} {host}");
    }
    node.stop().await;
}
