//! One peer as the swarm's loop sees it: connection, dialling, and the batches in flight to it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use libp2p::request_response::OutboundRequestId;
use libp2p::{Multiaddr, PeerId};
use tokio::time::Instant;

use super::PoolLimits;
use super::codec::{BatchReply, BatchStatus};
use super::stats::PeerGauge;

/// Batches sent to a peer and not answered yet.
const IN_FLIGHT_MAX: usize = 4;
/// Waits between attempts to dial, and between attempts to send to a peer that fails: doubled from the first to the last.
const BACKOFF_FIRST: Duration = Duration::from_millis(100);
const BACKOFF_LAST: Duration = Duration::from_secs(5);
/// Bounds on how long a peer may make us wait before we send again.
const HOLD_MS: std::ops::RangeInclusive<u64> = 10..=5_000;

/// A wait that doubles with every failure.
#[derive(Debug)]
struct Backoff(Duration);

impl Backoff {
    fn next(&mut self) -> Duration {
        let wait = self.0;
        self.0 = (wait * 2).min(BACKOFF_LAST);
        wait
    }

    fn reset(&mut self) {
        self.0 = BACKOFF_FIRST;
    }
}

/// A batch that was sent and not answered yet.
#[derive(Debug)]
struct InFlight {
    sequences: Vec<u64>,
    bytes: usize,
}

/// Outcome of a batch that was sent, from its answer or its failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SendOutcome {
    /// Processed by the peer.
    Done,
    /// To be sent again, in part or whole.
    Resend,
    /// Refused; it is not sent again.
    Refused,
    /// The request is not one of ours.
    Unknown,
}

/// State of one peer that is, or once was, on the list.
#[derive(Debug)]
pub(super) struct PeerLink {
    pub(super) id: PeerId,
    /// Where to reach it; empty for a peer that only dials in.
    pub(super) addresses: Vec<Multiaddr>,
    /// Whether it is on the list now.
    pub(super) is_listed: bool,
    pub(super) gauge: Arc<PeerGauge>,
    /// Open connections; more than one while both ends dial at once.
    connections: usize,
    dialling: bool,
    dial_at: Instant,
    dial_backoff: Backoff,
    /// First local sequence number not sent yet.
    cursor: u64,
    /// Sending stopped at a bound, with transactions left to send.
    backlog: bool,
    hold_until: Option<Instant>,
    send_backoff: Backoff,
    in_flight: HashMap<OutboundRequestId, InFlight>,
    bytes_in_flight: usize,
}

impl PeerLink {
    pub(super) fn new(id: PeerId, addresses: Vec<Multiaddr>, now: Instant) -> Self {
        Self {
            id,
            addresses,
            is_listed: true,
            gauge: Arc::new(PeerGauge::new(id.to_string())),
            connections: 0,
            dialling: false,
            dial_at: now,
            dial_backoff: Backoff(BACKOFF_FIRST),
            cursor: 0,
            backlog: false,
            hold_until: None,
            send_backoff: Backoff(BACKOFF_FIRST),
            in_flight: HashMap::new(),
            bytes_in_flight: 0,
        }
    }

    /// Notes an open connection. True if it is the first: everything pending must then be sent again, because the peer may have
    /// restarted with an empty pool.
    pub(super) fn connected(&mut self) -> bool {
        self.connections += 1;
        self.dialling = false;
        let first = self.connections == 1;
        if first {
            self.cursor = 0;
            self.hold_until = None;
            self.send_backoff.reset();
            self.gauge.set_connected(true);
        }
        first
    }

    /// Notes a sign of life. Only this resets the backoff between dials, not an open connection: a peer that does not list this
    /// node accepts its connections and closes each at once.
    pub(super) fn heard(&mut self) {
        self.dial_backoff.reset();
        self.gauge.heard();
    }

    /// Notes a closed connection. True if it was the last.
    pub(super) fn disconnected(&mut self, now: Instant) -> bool {
        self.connections = self.connections.saturating_sub(1);
        let last = self.connections == 0;
        if last {
            self.dial_at = now + self.dial_backoff.next();
            self.gauge.set_connected(false);
        }
        last
    }

    /// Notes a failed dial. True for the first failure in a series; only that one is logged.
    pub(super) fn dial_failed(&mut self, now: Instant) -> bool {
        let first = self.dial_backoff.0 == BACKOFF_FIRST;
        self.dialling = false;
        self.dial_at = now + self.dial_backoff.next();
        first
    }

    fn may_dial(&self) -> bool {
        self.is_listed && !self.addresses.is_empty() && self.connections == 0 && !self.dialling
    }

    /// Whether to dial now; if so, an attempt is under way.
    pub(super) fn start_dialling(&mut self, now: Instant) -> bool {
        let due = self.may_dial() && self.dial_at <= now;
        self.dialling |= due;
        due
    }

    /// Whether another batch may leave.
    pub(super) fn may_send(&self, now: Instant, limits: &PoolLimits) -> bool {
        self.connections > 0
            && self.hold_until.is_none_or(|until| until <= now)
            && (self.in_flight.is_empty()
                || self.in_flight.len() < IN_FLIGHT_MAX
                    && self.bytes_in_flight + limits.batch_bytes_max <= limits.per_peer_bytes_inflight_max)
    }

    pub(super) fn cursor(&self) -> u64 {
        self.cursor
    }

    pub(super) fn has_backlog(&self) -> bool {
        self.backlog
    }

    pub(super) fn set_backlog(&mut self, backlog: bool) {
        self.backlog = backlog;
        self.gauge.set_sending(self.bytes_in_flight, backlog);
    }

    /// Notes a batch that has been sent; the next one starts after it.
    pub(super) fn sent(&mut self, request: OutboundRequestId, sequences: Vec<u64>, bytes: usize) {
        if let Some(last) = sequences.last() {
            self.cursor = last + 1;
        }
        self.bytes_in_flight += bytes;
        self.in_flight.insert(request, InFlight { sequences, bytes });
    }

    /// Notes the answer to a batch and, if something is left to send again, sets the cursor back to it.
    pub(super) fn answered(&mut self, request: OutboundRequestId, reply: BatchReply, now: Instant) -> SendOutcome {
        let Some(batch) = self.take_in_flight(request) else { return SendOutcome::Unknown };
        if reply.status == BatchStatus::Refused {
            self.hold(u64::from(reply.retry_after_ms), now);
            return SendOutcome::Refused;
        }
        let consumed = usize::try_from(reply.consumed).unwrap_or(usize::MAX);
        match batch.sequences.get(consumed) {
            Some(rest) => {
                self.rewind(*rest);
                // At least the minimum, so that a peer that consumes nothing cannot keep us busy.
                self.hold(u64::from(reply.retry_after_ms), now);
                SendOutcome::Resend
            }
            None => {
                self.send_backoff.reset();
                SendOutcome::Done
            }
        }
    }

    /// Notes that a batch got no answer: it is sent again, after a growing wait.
    pub(super) fn failed(&mut self, request: OutboundRequestId, now: Instant) -> SendOutcome {
        let Some(batch) = self.take_in_flight(request) else { return SendOutcome::Unknown };
        if let Some(first) = batch.sequences.first() {
            self.rewind(*first);
        }
        let until = now + self.send_backoff.next();
        self.hold_until = self.hold_until.max(Some(until));
        SendOutcome::Resend
    }

    /// When this peer next needs the loop, if nothing else happens.
    pub(super) fn wakes_at(&self) -> Option<Instant> {
        if self.connections == 0 {
            return self.may_dial().then_some(self.dial_at);
        }
        self.hold_until.filter(|_| self.backlog)
    }

    /// Ends a hold that is over. True if sending should be tried again.
    pub(super) fn release(&mut self, now: Instant) -> bool {
        let over = self.hold_until.is_some_and(|until| until <= now);
        if over {
            self.hold_until = None;
        }
        over && self.backlog
    }

    fn take_in_flight(&mut self, request: OutboundRequestId) -> Option<InFlight> {
        let batch = self.in_flight.remove(&request)?;
        self.bytes_in_flight -= batch.bytes;
        self.gauge.set_sending(self.bytes_in_flight, self.backlog);
        Some(batch)
    }

    fn rewind(&mut self, sequence: u64) {
        self.cursor = self.cursor.min(sequence);
        self.backlog = true;
    }

    fn hold(&mut self, wait_ms: u64, now: Instant) {
        let wait = Duration::from_millis(wait_ms.clamp(*HOLD_MS.start(), *HOLD_MS.end()));
        self.hold_until = self.hold_until.max(Some(now + wait));
    }
}
