//! What single validators say of heights that this node has not begun, and how far they are believed.
//!
//! More power than can be at fault is believed. One validator alone may have work that reached nobody else, so its word begins the
//! next height too, but seldom: otherwise it could make the others decide empty blocks as fast as they can.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use huxin_chain_spec::crypto::KeyId;

/// Heights that a validator's word alone begins at once; the count is full again after each block that holds work.
const ALONE_MAX: u32 = 8;
/// One more after so long: the usual heartbeat.
const ALONE_AGAIN: Duration = Duration::from_secs(5);

#[derive(Debug)]
struct Claim {
    height: u64,
    alone: u32,
    since: Instant,
}

/// The greatest height that more power of `total` than can be at fault says to have reached, of heights with the power that says each; 0 if
/// too little says anything.
pub(crate) fn believed(said: &[(u64, u64)], total: u64) -> u64 {
    let mut said = said.to_vec();
    said.sort_unstable_by(|a, b| b.cmp(a));
    let mut so_far = 0u64;
    let believed = said.iter().find(|(_, power)| {
        so_far = so_far.saturating_add(*power);
        so_far > total.saturating_sub(1) / 3
    });
    believed.map_or(0, |(height, _)| *height)
}

/// The last claim of each validator.
#[derive(Debug, Default)]
pub(crate) struct Claims(BTreeMap<KeyId, Claim>);

impl Claims {
    /// Notes that `validator` works on `height` or has decided it.
    pub(crate) fn note(&mut self, validator: KeyId, height: u64, now: Instant) {
        let claim = self.0.entry(validator).or_insert(Claim { height, alone: ALONE_MAX, since: now });
        claim.height = claim.height.max(height);
    }

    /// The height that validators with more power than can be at fault say to have reached.
    pub(crate) fn believed(&self, powers: &BTreeMap<KeyId, u64>) -> u64 {
        let total = powers.values().fold(0u64, |sum, power| sum.saturating_add(*power));
        let power = |key: &KeyId| powers.get(key).copied().unwrap_or(0);
        let said: Vec<(u64, u64)> = self.0.iter().map(|(key, claim)| (claim.height, power(key))).collect();
        believed(&said, total)
    }

    /// Whether `validator` may begin a height alone now; uses up one of its turns.
    pub(crate) fn may_alone(&mut self, validator: &KeyId, now: Instant) -> bool {
        let Some(claim) = self.0.get_mut(validator) else { return false };
        let turns = now.saturating_duration_since(claim.since).as_millis() / ALONE_AGAIN.as_millis();
        if let turns @ 1.. = u32::try_from(turns).unwrap_or(u32::MAX) {
            (claim.alone, claim.since) = (claim.alone.saturating_add(turns).min(ALONE_MAX), now);
        }
        let may = claim.alone > 0;
        claim.alone = claim.alone.saturating_sub(1);
        may
    }

    /// A block held work: whoever began it was right.
    pub(crate) fn work_was_done(&mut self) {
        self.0.values_mut().for_each(|claim| claim.alone = ALONE_MAX);
    }

    /// Forgets who is no validator any more.
    pub(crate) fn keep(&mut self, powers: &BTreeMap<KeyId, u64>) {
        self.0.retain(|validator, _| powers.contains_key(validator));
    }
}

#[cfg(test)]
mod tests {
    use huxin_chain_spec::crypto::Digest;

    use super::*;

    fn key(byte: u8) -> KeyId {
        KeyId(Digest([byte; 32]))
    }

    #[test]
    fn more_power_than_can_be_at_fault_is_believed() {
        let powers = BTreeMap::from([(key(1), 1), (key(2), 1), (key(3), 1), (key(4), 1)]);
        let (mut claims, now) = (Claims::default(), Instant::now());
        assert_eq!(claims.believed(&powers), 0);
        claims.note(key(1), u64::MAX, now);
        assert_eq!(claims.believed(&powers), 0, "one of four may lie");
        claims.note(key(9), u64::MAX, now);
        assert_eq!(claims.believed(&powers), 0, "who has no power counts for nothing");
        claims.note(key(2), 7, now);
        assert_eq!(claims.believed(&powers), 7);
        claims.note(key(2), 5, now);
        assert_eq!(claims.believed(&powers), 7, "heights only grow");
    }

    /// On an idle chain one peer's votes made 62 empty blocks in 20 s.
    #[test]
    fn one_validator_alone_begins_few_heights_unless_there_is_work() {
        let (mut claims, mut now) = (Claims::default(), Instant::now());
        claims.note(key(1), 1, now);
        assert!(!claims.may_alone(&key(2), now), "who said nothing");
        let begun = |claims: &mut Claims, now| (0..1_000).filter(|_| claims.may_alone(&key(1), now)).count();
        assert_eq!(begun(&mut claims, now), 8);
        for _ in 0..3 {
            now += ALONE_AGAIN;
            assert_eq!(begun(&mut claims, now), 1);
        }
        claims.work_was_done();
        assert_eq!(begun(&mut claims, now), 8);
        now += ALONE_AGAIN * 1_000;
        assert_eq!(begun(&mut claims, now), 8, "no more are saved up");
    }
}
