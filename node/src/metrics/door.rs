//! Figures of the door: trials, refusals from memory, keys that are refused for what they have taken.

use std::sync::atomic::{AtomicU64, Ordering};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::door::DoorCounts;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct EndLabels {
    end: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KeyLabels {
    /// Empty, as its province, for keys beyond those that are counted by name.
    key: String,
    province: String,
    code: &'static str,
}

#[derive(Default)]
pub(super) struct DoorFigures {
    admissions: Family<EndLabels, Counter>,
    trials_held: Gauge<u64, AtomicU64>,
    refused_keys: Family<KeyLabels, Counter>,
}

impl DoorFigures {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let figures = Self::default();
        let door = registry.sub_registry_with_prefix("door");
        door.register(
            "admissions",
            "Admissions by what they took: a trial of their own, that of the same bytes under way, a refusal remembered, or given up by their callers",
            figures.admissions.clone(),
        );
        door.register("trials_held", "Long trials that run or wait", figures.trials_held.clone());
        door.register(
            "refused_keys",
            "Submissions refused for what their key has taken already, by key",
            figures.refused_keys.clone(),
        );
        figures
    }

    pub(super) fn show(&self, counts: &DoorCounts) {
        for (end, value) in [
            ("tried", counts.trials),
            ("shared", counts.shared),
            ("recalled", counts.recalled),
            ("cancelled", counts.cancelled),
        ] {
            // The door counts; only its value is shown here.
            self.admissions.get_or_create(&EndLabels { end }).inner().store(value, Ordering::Relaxed);
        }
        self.trials_held.set(u64::try_from(counts.trials_held).unwrap_or(u64::MAX));
        for ((owner, code), count) in &counts.refused_keys {
            let key = owner.map(|owner| owner.key.to_string()).unwrap_or_default();
            let province = owner.map(|owner| owner.province.to_string()).unwrap_or_default();
            let labels = KeyLabels { key, province, code };
            self.refused_keys.get_or_create(&labels).inner().store(*count, Ordering::Relaxed);
        }
    }
}
