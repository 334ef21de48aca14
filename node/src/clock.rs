//! The node's clock: the system's, with an offset that only fault tests on development chains may set.

use std::time::{SystemTime, UNIX_EPOCH};

use huxin_chain_spec::ids::{ChainId, TimeMs};

/// Environment variable with an offset in milliseconds, honoured on `dev-` chains only.
pub const OFFSET_VARIABLE: &str = "HUXIN_TEST_CLOCK_OFFSET_MS";

/// Tells the time.
#[derive(Debug, Clone, Copy, Default)]
pub struct Clock {
    offset_ms: i64,
}

impl Clock {
    /// The system clock; with the test offset if the chain is a development chain and the variable is set.
    pub fn for_chain(chain_id: &ChainId) -> Self {
        let Some(text) = std::env::var(OFFSET_VARIABLE).ok() else { return Self::default() };
        if !chain_id.is_development() {
            tracing::warn!("{OFFSET_VARIABLE} is ignored: chain {chain_id} is not a development chain");
            return Self::default();
        }
        let offset_ms = text.parse().unwrap_or(0);
        tracing::warn!(offset_ms, "the clock runs with a test offset");
        Self { offset_ms }
    }

    /// Milliseconds since 1970 UTC.
    pub fn now(&self) -> TimeMs {
        let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let ms = i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX);
        TimeMs(ms.saturating_add(self.offset_ms))
    }
}
