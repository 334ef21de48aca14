//! Figures of how much of the set of validators this node reaches.

use std::collections::BTreeSet;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use parking_lot::Mutex;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use super::{Count, count};
use crate::health::Reach;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, EncodeLabelSet)]
struct ValidatorLabels {
    province: String,
    validator: String,
}

#[derive(Default)]
pub(super) struct ReachFigures {
    has_vote: Count,
    total_power: Count,
    quorum_power: Count,
    reached_power: Count,
    may_fail: Count,
    vote_age: Family<ValidatorLabels, Gauge<f64, AtomicU64>>,
    validator_connected: Family<ValidatorLabels, Count>,
    /// The validators that the two have figures of.
    shown: Mutex<BTreeSet<ValidatorLabels>>,
}

impl ReachFigures {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let figures = Self::default();
        registry.register("has_vote", "1 if this node's key is in the set of validators", figures.has_vote.clone());
        registry.register("total_power", "Power of the set of validators", figures.total_power.clone());
        registry.register("quorum_power", "Least power that decides", figures.quorum_power.clone());
        registry.register(
            "reached_power",
            "Power of the validators that are heard, this one included",
            figures.reached_power.clone(),
        );
        registry.register(
            "may_fail_validators",
            "Validators that may still fail, whichever they are",
            figures.may_fail.clone(),
        );
        registry.register_with_unit(
            "validator_vote_age",
            "Since the last vote seen of a validator; since the start of the process where none was seen",
            Unit::Seconds,
            figures.vote_age.clone(),
        );
        registry.register(
            "validator_connected",
            "1 if a validator's node is connected",
            figures.validator_connected.clone(),
        );
        figures
    }

    /// Figures of each validator of the set; those of validators that left it end.
    pub(super) fn refresh(&self, reach: &Reach, now_ms: u64, started_ms: u64) {
        self.has_vote.set(u64::from(reach.has_vote()));
        self.total_power.set(reach.total_power);
        self.quorum_power.set(reach.quorum_power);
        self.reached_power.set(reach.reached_power);
        self.may_fail.set(if reach.has_quorum() { count(reach.may_fail) } else { 0 });
        let mut current = BTreeSet::new();
        for validator in reach.validators.iter().filter(|validator| !validator.is_me) {
            let (province, address) = (validator.province.to_string(), validator.address.to_string());
            let labels = ValidatorLabels { province, validator: address };
            let heard = validator.vote.as_ref().map_or(started_ms, |vote| vote.seen_at_ms);
            let age = Duration::from_millis(now_ms.saturating_sub(heard));
            self.vote_age.get_or_create(&labels).set(age.as_secs_f64());
            match validator.connected {
                Some(connected) => {
                    self.validator_connected.get_or_create(&labels).set(u64::from(connected));
                }
                None => {
                    self.validator_connected.remove(&labels);
                }
            }
            current.insert(labels);
        }
        // Only what has left goes: were all cleared first, a scrape at the same time would find validators missing.
        let before = std::mem::replace(&mut *self.shown.lock(), current.clone());
        for left in before.difference(&current) {
            self.vote_age.remove(left);
            self.validator_connected.remove(left);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use prometheus_client::encoding::text::encode;

    use super::*;
    use crate::health::reach_tests::{Four, NOW};

    /// All figures of validators were cleared at each scrape: one at the same time, of a second monitor, found some missing.
    #[test]
    fn a_second_scrape_at_the_same_time_misses_no_validator() {
        let (mut registry, reach) = (Registry::default(), Four::healthy().reach());
        let figures = ReachFigures::register(&mut registry);
        let connected = || {
            let mut text = String::new();
            encode(&mut text, &registry).unwrap();
            text.matches("validator_connected{").count()
        };
        figures.refresh(&reach, NOW, 0);
        std::thread::scope(|scope| {
            scope.spawn(|| (0..2_000).for_each(|_| figures.refresh(&reach, NOW, 0)));
            for _ in 0..200 {
                assert_eq!(connected(), 3);
            }
        });
        // Those of a validator that left the set end.
        let mut smaller = reach;
        let gone = smaller.validators.iter().position(|validator| !validator.is_me).unwrap();
        smaller.validators.remove(gone);
        figures.refresh(&smaller, NOW, 0);
        assert_eq!(connected(), 2);
    }
}
