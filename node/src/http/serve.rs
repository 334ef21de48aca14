//! The accept loop of both listeners: how many connections, and how long each may take.

use std::convert::Infallible;
use std::error::Error as _;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, HttpBody as _};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::response::Response;
use huxin_chain_spec::api::ErrorAnswer;
use huxin_chain_spec::codes::Code;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tower::Service as _;

use super::bounds::{BUFFER_BYTES, Bounds, SHORT_ANSWER_BYTES, STOP};
use super::error::{ApiError, error_body};
use super::paced::Paced;
use crate::budget::{Budget, Cause, Full, Taken};
use crate::metrics::Metrics;

/// Connections above the bound that are told so at the same time; those beyond are closed without a word.
const REFUSED_AT_ONCE: usize = 32;
/// How long a refused caller may take to read why.
const REFUSAL: Duration = Duration::from_secs(1);
/// Pause after the system gave no connection, for want of files or memory.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Address of the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Peer(pub(crate) IpAddr);

impl<S: Sync> FromRequestParts<S> for Peer {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        // The accept loop names it for every request.
        Ok(parts.extensions.get().copied().unwrap_or(Self(IpAddr::V4(Ipv4Addr::UNSPECIFIED))))
    }
}

/// Connections that this side ended.
#[derive(Default)]
pub struct Dropped {
    /// No request came in time.
    pub idle: Cause,
    /// The answer was not read in time.
    pub slow_reader: Cause,
}

/// A listener with its bounds.
pub(crate) struct Gate {
    /// Key of its address in the configuration.
    name: &'static str,
    connections: Arc<Budget>,
    dropped: Arc<Dropped>,
    bounds: Bounds,
    /// Turns to tell a caller that it is refused.
    refusals: Arc<Semaphore>,
    accept_failures: Cause,
}

impl Gate {
    /// Its figures are shown in `metrics` under `budget` and `name`.
    pub(crate) fn new(name: &'static str, budget: &'static str, bounds: Bounds, metrics: &Metrics) -> Self {
        let connections = Budget::new(budget, bounds.connections, bounds.connections_per_address);
        let dropped = Arc::new(Dropped::default());
        metrics.show_budget(Arc::clone(&connections));
        metrics.show_dropped(name, Arc::clone(&dropped));
        let refusals = Arc::new(Semaphore::new(REFUSED_AT_ONCE));
        Self { name, connections, dropped, bounds, refusals, accept_failures: Cause::default() }
    }

    /// Serves `router` until `shutdown` resolves and open requests have ended, or [`STOP`] later.
    pub(crate) async fn serve(self, listener: TcpListener, router: Router, shutdown: impl Future<Output = ()>) {
        let (stop, stopping) = watch::channel(false);
        let gate = Arc::new(self);
        let router = router.with_state(());
        tokio::pin!(shutdown);
        loop {
            let accepted = tokio::select! {
                () = &mut shutdown => break,
                accepted = listener.accept() => accepted,
            };
            let (stream, address) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    gate.pause_after(&error).await;
                    continue;
                }
            };
            match gate.connections.take(address.ip(), 1) {
                Ok(place) => {
                    let (gate, router, stopping) = (Arc::clone(&gate), router.clone(), stopping.clone());
                    tokio::spawn(
                        async move { gate.connection(stream, Peer(address.ip()), router, stopping, place).await },
                    );
                }
                Err(full) => gate.refuse(stream, full),
            }
        }
        drop((listener, stopping));
        stop.send_replace(true);
        // Each connection holds a receiver.
        let _late = tokio::time::timeout(STOP, stop.closed()).await;
    }

    async fn pause_after(&self, error: &io::Error) {
        use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
        if matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted) {
            return;
        }
        self.accept_failures.note(|| {
            tracing::error!(listener = self.name, %error, "the system gives no further connection; tried again ten times a second");
        });
        tokio::time::sleep(ACCEPT_PAUSE).await;
    }

    /// Tells a caller above the bound why it gets no connection.
    fn refuse(self: &Arc<Self>, stream: TcpStream, full: Full) {
        let Ok(turn) = Arc::clone(&self.refusals).try_acquire_owned() else { return };
        let answer = refusal(&format!("connections: {full}"));
        tokio::spawn(async move {
            let _turn = turn;
            let _late = tokio::time::timeout(REFUSAL, tell(stream, answer)).await;
        });
    }

    async fn connection(
        &self,
        stream: TcpStream,
        peer: Peer,
        router: Router,
        mut stopping: watch::Receiver<bool>,
        _place: Taken,
    ) {
        // Answers are small and complete: waiting for more to fill a packet only delays them.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection keeps Nagle's algorithm");
        }
        let service = hyper::service::service_fn(move |mut request: hyper::Request<hyper::body::Incoming>| {
            request.extensions_mut().insert(peer);
            router.clone().call(request)
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.bounds.head)
            .max_buf_size(BUFFER_BYTES)
            .serve_connection(TokioIo::new(Paced::new(stream, self.bounds.answer)), service);
        tokio::pin!(connection);
        let mut is_told = false;
        let ended = loop {
            tokio::select! {
                ended = connection.as_mut() => break ended,
                _ = stopping.wait_for(|stopping| *stopping), if !is_told => {
                    is_told = true;
                    connection.as_mut().graceful_shutdown();
                }
            }
        };
        if let Err(error) = ended {
            self.note_end(&error, peer);
        }
    }

    fn note_end(&self, error: &hyper::Error, Peer(address): Peer) {
        let cause = error.source().and_then(|source| source.downcast_ref::<io::Error>());
        if cause.is_some_and(|cause| cause.kind() == io::ErrorKind::TimedOut) {
            self.dropped.slow_reader.note(|| {
                tracing::warn!(listener = self.name, %address,
                    "a connection is closed because its answer is not read; what follows is counted in huxin_connections_dropped_total");
            });
        } else if error.is_timeout() {
            // Usual for a connection that waited for a further request.
            self.dropped.idle.note(|| tracing::debug!(listener = self.name, "idle connections are closed"));
        } else {
            tracing::debug!(listener = self.name, %error, "a connection ended");
        }
    }
}

/// What a caller without a connection is told, whatever it asks.
fn refusal(place: &str) -> Vec<u8> {
    let answer = ErrorAnswer { error: error_body(Code::ApiBusy, place) };
    let body = serde_json::to_vec(&answer).unwrap_or_default();
    let head = format!(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\ncontent-length: {}\r\nretry-after: 5\r\n\
         connection: close\r\n\r\n",
        body.len()
    );
    [head.into_bytes(), body].concat()
}

/// Reads on after the answer: closing while bytes arrive would reset the connection, and the answer with it.
async fn tell(mut stream: TcpStream, answer: Vec<u8>) -> io::Result<()> {
    stream.write_all(&answer).await?;
    stream.shutdown().await?;
    let mut dropped = [0; 4_096];
    while stream.read(&mut dropped).await? > 0 {}
    Ok(())
}

/// An answer whose bytes count until the last of them is sent, or its connection is closed.
struct Counted {
    bytes: Bytes,
    _taken: Taken,
}

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// Bytes that hold their place in a budget as long as a part of them is in use.
pub(crate) fn counted(bytes: Bytes, taken: Taken) -> Bytes {
    Bytes::from_owner(Counted { bytes, _taken: taken })
}

/// Lets a long answer out only where there is room for it.
pub(crate) async fn hold_answer(answers: &Arc<Budget>, Peer(address): Peer, response: Response) -> Response {
    use axum::response::IntoResponse as _;
    let length = response.body().size_hint().exact().and_then(|length| usize::try_from(length).ok());
    let Some(length) = length.filter(|length| *length > SHORT_ANSWER_BYTES) else { return response };
    let taken = match answers.take(address, length) {
        Ok(taken) => taken,
        Err(full) => return ApiError::busy(format!("answer: {full}"), 1).into_response(),
    };
    let (parts, body) = response.into_parts();
    match axum::body::to_bytes(body, usize::MAX).await {
        Ok(bytes) => Response::from_parts(parts, Body::from(counted(bytes, taken))),
        Err(error) => ApiError::internal(&error).into_response(),
    }
}
