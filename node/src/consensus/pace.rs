//! How much this node proposes: as much as it and the others can execute in the time a proposal may take, as measured.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use huxin_chain_spec::weight::BLOCK_WEIGHT_MAX;

/// Time that making or checking a full block may take: half of the first propose timeout.
const BLOCK_TIME: Duration = Duration::from_millis(500);
/// Least weight that is aimed at, however slow the machine: a block must be worth its round.
const WEIGHT_TARGET_MIN: u64 = BLOCK_WEIGHT_MAX / 20;
/// A lighter block says little of the pace: its fixed costs count too much. Below [`WEIGHT_TARGET_MIN`], for otherwise a node that
/// aims at the least would measure nothing any more, and aim at the least for good.
const MEASURED_WEIGHT_MIN: u64 = WEIGHT_TARGET_MIN / 2;
/// Slowest pace that is remembered, in nanoseconds for a unit of weight: the one whose target is [`WEIGHT_TARGET_MIN`]. What
/// a stall of minutes adds to that would only take longer to forget.
const PACE_MAX: u64 = 500_000_000 / WEIGHT_TARGET_MIN;
const _: () = assert!(BLOCK_TIME.as_nanos() == 500_000_000);

/// Measured pace, as nanoseconds for a unit of weight, smoothed; 0 before the first measurement.
#[derive(Debug, Default)]
pub(super) struct Pace(AtomicU64);

impl Pace {
    /// Notes how long a block of this weight took to make or to check.
    pub(super) fn note(&self, weight: u64, took: Duration) {
        if weight < MEASURED_WEIGHT_MIN {
            return;
        }
        let nanoseconds = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX) / weight;
        let nanoseconds = nanoseconds.min(PACE_MAX);
        let before = self.0.load(Ordering::Relaxed);
        // Slower at once, faster step by step: a round that is lost costs more than a block that is not full.
        let next = if nanoseconds > before { nanoseconds } else { (before.saturating_mul(7) + nanoseconds) / 8 };
        self.0.store(next.max(1), Ordering::Relaxed);
    }

    /// The weight to aim at with the next block.
    pub(super) fn weight_target(&self) -> u64 {
        let budget = u64::try_from(BLOCK_TIME.as_nanos()).unwrap_or(u64::MAX);
        match budget.checked_div(self.0.load(Ordering::Relaxed)) {
            Some(weight) => weight.clamp(WEIGHT_TARGET_MIN, BLOCK_WEIGHT_MAX),
            None => BLOCK_WEIGHT_MAX,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_block_makes_the_next_smaller_and_quick_ones_make_it_grow_again() {
        let pace = Pace::default();
        assert_eq!(pace.weight_target(), BLOCK_WEIGHT_MAX);
        pace.note(10, Duration::from_secs(5));
        assert_eq!(pace.weight_target(), BLOCK_WEIGHT_MAX, "a light block says little");
        pace.note(BLOCK_WEIGHT_MAX, BLOCK_TIME * 4);
        assert_eq!(pace.weight_target(), BLOCK_WEIGHT_MAX / 4);
        pace.note(BLOCK_WEIGHT_MAX / 4, Duration::from_secs(600));
        assert_eq!(pace.weight_target(), WEIGHT_TARGET_MIN, "never nothing");
        for _ in 0..100 {
            pace.note(BLOCK_WEIGHT_MAX, BLOCK_TIME / 2);
        }
        assert_eq!(pace.weight_target(), BLOCK_WEIGHT_MAX);
    }

    #[test]
    fn after_a_stall_that_all_nodes_met_the_pace_comes_back() {
        let pace = Pace::default();
        pace.note(BLOCK_WEIGHT_MAX, Duration::from_secs(600));
        assert_eq!(pace.weight_target(), WEIGHT_TARGET_MIN);
        // From here on all blocks are as heavy as the nodes aim at, and quick again.
        let mut blocks = 0;
        while pace.weight_target() < BLOCK_WEIGHT_MAX {
            let weight = pace.weight_target();
            pace.note(weight, Duration::from_micros(weight) / 2);
            blocks += 1;
            assert!(blocks < 100, "stands at {weight}");
        }
    }
}
