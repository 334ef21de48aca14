//! Metrics for the operations listener.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::state::millis;

/// A snapshot of the pool and its peers.
#[derive(Debug, Clone, Default)]
pub struct MempoolStats {
    /// Transactions held.
    pub transactions: usize,
    /// Their bytes.
    pub bytes: usize,
    /// Transactions outside the pool remembered as verified.
    pub verified: usize,
    /// Transactions refused because the pool or the share of their source was full, from the API and from peers.
    pub full_refusals: u64,
    pub gossip: GossipCounts,
    /// One per configured peer; empty until the swarm runs.
    pub peers: Vec<PeerStatus>,
    /// Addresses the swarm listens on.
    pub listen: Vec<String>,
}

/// Counts since the start of the process.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct GossipCounts {
    /// Batches sent, resent ones included.
    pub batches_sent: u64,
    pub transactions_sent: u64,
    pub bytes_sent: u64,
    /// Batches that must be sent again: connection lost, timeout, peer full or busy.
    pub batches_to_resend: u64,
    /// Batches that a peer refused; they are not sent again.
    pub batches_refused_by_peers: u64,
    pub batches_received: u64,
    /// Transactions from peers that were new and pooled.
    pub transactions_received: u64,
    /// Transactions from peers that were pooled or committed already.
    pub duplicates_received: u64,
    /// Transactions from peers that the ledger refused.
    pub refused_received: u64,
    /// Frames from peers over a limit or unreadable.
    pub batches_malformed: u64,
    /// Batches put off because the peer was muted or over its bytes in flight, or the pool full for it.
    pub batches_put_off: u64,
    /// Connections refused because the peer id is not on the list.
    pub strangers: u64,
}

/// State of one configured peer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerStatus {
    pub peer_id: String,
    pub connected: bool,
    /// When the peer was last heard of, in Unix milliseconds.
    pub last_contact_ms: Option<u64>,
    /// Last measured round trip, in microseconds.
    pub round_trip_us: Option<u64>,
    /// Bytes sent and not answered yet.
    pub in_flight_bytes: u64,
    /// Local transactions wait because the peer is slow, full or held off.
    pub backlog: bool,
    pub transactions_sent: u64,
    pub transactions_received: u64,
}

macro_rules! counters {
    ($($name:ident),* $(,)?) => {
        /// The live form of [`GossipCounts`].
        #[derive(Debug, Default)]
        pub(super) struct Counters {
            pub(super) full_refusals: AtomicU64,
            $(pub(super) $name: AtomicU64,)*
        }

        impl Counters {
            pub(super) fn gossip(&self) -> GossipCounts {
                GossipCounts { $($name: self.$name.load(Ordering::Relaxed),)* }
            }
        }
    };
}

counters!(
    batches_sent,
    transactions_sent,
    bytes_sent,
    batches_to_resend,
    batches_refused_by_peers,
    batches_received,
    transactions_received,
    duplicates_received,
    refused_received,
    batches_malformed,
    batches_put_off,
    strangers,
);

/// Adds to a counter.
pub(super) fn add(counter: &AtomicU64, count: usize) {
    counter.fetch_add(u64::try_from(count).unwrap_or(u64::MAX), Ordering::Relaxed);
}

/// The live form of [`PeerStatus`], written by the swarm's loop. Zero means "never".
#[derive(Debug, Default)]
pub(super) struct PeerGauge {
    peer_id: String,
    connected: AtomicBool,
    last_contact_ms: AtomicU64,
    round_trip_us: AtomicU64,
    in_flight_bytes: AtomicU64,
    backlog: AtomicBool,
    pub(super) transactions_sent: AtomicU64,
    pub(super) transactions_received: AtomicU64,
}

impl PeerGauge {
    pub(super) fn new(peer_id: String) -> Self {
        Self { peer_id, ..Self::default() }
    }

    pub(super) fn set_connected(&self, connected: bool) {
        self.connected.store(connected, Ordering::Relaxed);
    }

    pub(super) fn heard(&self) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, millis);
        self.last_contact_ms.store(now, Ordering::Relaxed);
    }

    pub(super) fn set_round_trip(&self, round_trip: Duration) {
        let micros = u64::try_from(round_trip.as_micros()).unwrap_or(u64::MAX);
        self.round_trip_us.store(micros.max(1), Ordering::Relaxed);
    }

    pub(super) fn set_sending(&self, in_flight_bytes: usize, backlog: bool) {
        self.in_flight_bytes.store(u64::try_from(in_flight_bytes).unwrap_or(u64::MAX), Ordering::Relaxed);
        self.backlog.store(backlog, Ordering::Relaxed);
    }

    pub(super) fn status(&self) -> PeerStatus {
        let known = |value: &AtomicU64| Some(value.load(Ordering::Relaxed)).filter(|value| *value != 0);
        PeerStatus {
            peer_id: self.peer_id.clone(),
            connected: self.connected.load(Ordering::Relaxed),
            last_contact_ms: known(&self.last_contact_ms),
            round_trip_us: known(&self.round_trip_us),
            in_flight_bytes: self.in_flight_bytes.load(Ordering::Relaxed),
            backlog: self.backlog.load(Ordering::Relaxed),
            transactions_sent: self.transactions_sent.load(Ordering::Relaxed),
            transactions_received: self.transactions_received.load(Ordering::Relaxed),
        }
    }
}
