//! Every bound of the two HTTP listeners, with its unit and its reason. `docs/operator.md` lists them.
//!
//! Nothing that a caller does may take more than one of these names allows. What is above a bound is answered with a
//! stable code where an answer is possible, counted, and logged once.

use std::time::Duration;

/// Connections of the public API, unless the configuration or the limit of open files says less. About 30 KiB each.
pub const CONNECTIONS: usize = 4_096;
/// A request's head must be complete so long after the connection was opened, or after the answer before it: this is the
/// time-out of an idle connection too.
const HEAD: Duration = Duration::from_secs(20);
/// Bytes of a request's head, and of what one connection buffers in either direction.
pub const BUFFER_BYTES: usize = 64 * 1024;
/// A body may take so long, and a second more for each [`BYTES_PER_S_MIN`] that have come.
const BODY: Duration = Duration::from_secs(10);
/// A caller that does not read is waited for so long, and a second more for each [`BYTES_PER_S_MIN`] it has read.
const ANSWER: Duration = Duration::from_secs(30);
/// Slowest caller that is served: 128 kbit/s.
const BYTES_PER_S_MIN: u64 = 16 * 1024;
/// Bytes of bodies that are held while they come and until they are answered. A file to verify is hashed as it comes and
/// not held.
const BODIES_BYTES: usize = 64 * 1024 * 1024;
/// Bytes of long answers that are made and not sent yet. Eight answers of whole blocks for each address.
const ANSWERS_BYTES: usize = 128 * 1024 * 1024;
/// Shorter answers are not counted: with [`CONNECTIONS`] of them 64 MiB.
pub const SHORT_ANSWER_BYTES: usize = 16 * 1024;
/// Subscribers of events.
const SUBSCRIBERS: usize = 256;
/// Events of stored blocks that one subscription replays before it ends; the subscriber connects again with
/// `Last-Event-ID`. So the work of one request does not grow with the chain.
pub const REPLAYED_EVENTS: u64 = 10_000;
/// Stored blocks read for events in one turn of the lane.
pub const REPLAYED_AT_ONCE: u64 = 16;
/// How long open requests may go on once the node is asked to stop.
pub const STOP: Duration = Duration::from_millis(800);

/// Work of one kind at a time, and what may wait for its turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LaneBounds {
    pub running: usize,
    pub waiting: usize,
}

/// Receipts whose proofs are checked: many validators make many signatures.
const RECEIPT_CHECKS: LaneBounds = LaneBounds { running: 4, waiting: 256 };
/// Answers with whole blocks in the making, up to 16 MiB each.
const BLOCKS: LaneBounds = LaneBounds { running: 4, waiting: 64 };
/// Lists, timelines, proofs of many things, rehearsals.
const READS: LaneBounds = LaneBounds { running: 4, waiting: 256 };
/// Turns of subscribers that read stored blocks.
const REPLAY: LaneBounds = LaneBounds { running: 1, waiting: SUBSCRIBERS };

/// How slow a caller may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Whatever it does.
    pub grace: Duration,
    /// On average after that.
    pub bytes_per_s: u64,
}

impl Pace {
    /// The longest that `bytes` may take.
    pub fn allowed(&self, bytes: u64) -> Duration {
        let earned_ms = bytes.saturating_mul(1_000).checked_div(self.bytes_per_s).unwrap_or(0);
        self.grace.saturating_add(Duration::from_millis(earned_ms))
    }
}

/// The bounds of one listener.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounds {
    pub connections: usize,
    /// Of one address. The other budgets are shared out in the same proportion.
    pub connections_per_address: usize,
    /// See [`HEAD`].
    pub head: Duration,
    pub body: Pace,
    pub answer: Pace,
    pub bodies_bytes: usize,
    pub answers_bytes: usize,
    pub subscribers: usize,
    pub receipt_checks: LaneBounds,
    pub blocks: LaneBounds,
    pub reads: LaneBounds,
    pub replay: LaneBounds,
}

impl Bounds {
    /// With so many connections, of which one address gets `connections_per_address`; half of them if that is not said.
    pub fn new(connections: usize, connections_per_address: Option<usize>) -> Self {
        let share = connections_per_address.unwrap_or(connections.div_ceil(2)).min(connections);
        Self {
            connections,
            connections_per_address: share,
            head: HEAD,
            body: Pace { grace: BODY, bytes_per_s: BYTES_PER_S_MIN },
            answer: Pace { grace: ANSWER, bytes_per_s: BYTES_PER_S_MIN },
            bodies_bytes: BODIES_BYTES,
            answers_bytes: ANSWERS_BYTES,
            subscribers: SUBSCRIBERS,
            receipt_checks: RECEIPT_CHECKS,
            blocks: BLOCKS,
            reads: READS,
            replay: REPLAY,
        }
    }

    /// The part of `limit` that one address gets.
    pub fn share(&self, limit: usize) -> usize {
        let part = limit.saturating_mul(self.connections_per_address).checked_div(self.connections);
        part.unwrap_or(limit).max(1)
    }
}

impl Default for Bounds {
    fn default() -> Self {
        Self::new(CONNECTIONS, None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_follows_that_of_connections() {
        let half = Bounds::default();
        assert_eq!((half.connections_per_address, half.share(256), half.share(1)), (2_048, 128, 1));
        let all = Bounds::new(100, Some(500));
        assert_eq!((all.connections_per_address, all.share(256)), (100, 256));
    }

    #[test]
    fn time_is_earned_with_bytes() {
        let pace = Pace { grace: Duration::from_secs(10), bytes_per_s: 1_000 };
        assert_eq!(pace.allowed(0), Duration::from_secs(10));
        assert_eq!(pace.allowed(2_500), Duration::from_millis(12_500));
    }
}
