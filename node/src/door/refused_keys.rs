//! Names the keys that are refused for what they have taken already.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use huxin_chain_spec::codes::Code;
use parking_lot::Mutex;

use crate::mempool::Owner;

/// Keys that are counted by name; what further ones are refused counts under none.
const NAMED_MAX: usize = 64;
/// Least time between two log lines about one key.
const LINE_INTERVAL: Duration = Duration::from_secs(60);

/// One key and why it was refused; no key for those that are not named.
pub(crate) type RefusedKey = (Option<Owner>, &'static str);

#[derive(Debug, Default)]
struct Refused {
    count: u64,
    line_at: Option<Instant>,
}

/// Refusals by key since the start of the process.
#[derive(Debug, Default)]
pub(super) struct RefusedKeys(Mutex<BTreeMap<RefusedKey, Refused>>);

impl RefusedKeys {
    /// Counts a refusal, and writes a line for the first of each minute.
    pub(super) fn note(&self, owner: Owner, code: Code, now: Instant) {
        let mut keys = self.0.lock();
        let named = (Some(owner), code.as_str());
        let has_room = keys.contains_key(&named) || keys.len() < NAMED_MAX;
        let refused = keys.entry(if has_room { named } else { (None, code.as_str()) }).or_default();
        refused.count += 1;
        if refused.line_at.is_none_or(|at| now >= at + LINE_INTERVAL) {
            refused.line_at = Some(now);
            let count = refused.count;
            drop(keys);
            tracing::warn!(key = %owner.key, province = %owner.province, code = code.as_str(), refused = count,
                "a key is refused for what it has taken already; its province is asked to look at the system that has it");
        }
    }

    pub(super) fn counts(&self) -> Vec<(RefusedKey, u64)> {
        self.0.lock().iter().map(|(key, refused)| (*key, refused.count)).collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use huxin_chain_spec::crypto::{Digest, KeyId};
    use huxin_chain_spec::ids::ProvinceCode;

    use super::*;

    #[test]
    fn keys_are_named_up_to_a_bound() {
        let (keys, now) = (RefusedKeys::default(), Instant::now());
        let province = ProvinceCode::all().next().unwrap();
        for number in 0..100u8 {
            keys.note(Owner { province, key: KeyId(Digest([number; 32])) }, Code::MempoolShareFull, now);
        }
        keys.note(Owner { province, key: KeyId(Digest([0; 32])) }, Code::MempoolShareFull, now);
        let counts = keys.counts();
        assert_eq!(counts.len(), NAMED_MAX + 1);
        assert_eq!(counts.iter().map(|(_, count)| count).sum::<u64>(), 101);
        assert_eq!(counts.iter().find(|((owner, _), _)| owner.is_none()).unwrap().1, 36);
    }
}
