//! Limits the log lines about refused connections of unknown peers.

use std::num::NonZeroUsize;
use std::time::Duration;

use libp2p::Multiaddr;
use libp2p::multiaddr::Protocol;
use lru::LruCache;
use tokio::time::Instant;

/// Addresses that are remembered as logged.
const REMEMBERED_MAX: NonZeroUsize = NonZeroUsize::MIN.saturating_add(255);
/// Least time between two lines.
const LINE_INTERVAL: Duration = Duration::from_secs(1);

/// Decides which refused connections are logged: the first from each address, and at most one a second.
pub(super) struct RefusedLog {
    logged: LruCache<String, ()>,
    line_at: Option<Instant>,
}

impl RefusedLog {
    pub(super) fn new() -> Self {
        Self { logged: LruCache::new(REMEMBERED_MAX), line_at: None }
    }

    pub(super) fn should_log(&mut self, address: &Multiaddr, now: Instant) -> bool {
        // The port differs with every attempt.
        let host: Multiaddr = address.iter().take_while(|part| !matches!(part, Protocol::Tcp(_))).collect();
        let host = host.to_string();
        if self.logged.get(&host).is_some() || self.line_at.is_some_and(|at| now < at + LINE_INTERVAL) {
            return false;
        }
        self.logged.put(host, ());
        self.line_at = Some(now);
        true
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn one_line_per_address_and_second() {
        let mut log = RefusedLog::new();
        let start = Instant::now();
        let [a, a_again, b] = ["/ip4/10.0.0.9/tcp/1", "/ip4/10.0.0.9/tcp/2", "/ip4/10.0.0.8/tcp/1"]
            .map(|text| text.parse::<Multiaddr>().unwrap());
        assert!(log.should_log(&a, start));
        assert!(!log.should_log(&b, start), "too soon");
        assert!(!log.should_log(&a_again, start + LINE_INTERVAL), "known");
        assert!(log.should_log(&b, start + LINE_INTERVAL));
    }
}
