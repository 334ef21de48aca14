//! What a change of validators would do, computed before the vote.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::certificate::ValidatorSet;
use crate::crypto::KeyId;
use crate::ids::{Height, ProvinceCode};
use crate::participation::Participation;
use crate::record::governance::Action;

use super::validators_after;

/// What a change of validators would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rehearsal {
    pub validators_before: usize,
    pub validators_after: usize,
    /// Total voting power afterwards.
    pub total_power: u64,
    /// Least power that is a quorum afterwards.
    pub quorum_power: u64,
    /// Power that may fail without stopping the chain.
    pub may_fail_power: u64,
    /// Validators that may fail without stopping the chain, whichever they are.
    pub may_fail_validators: usize,
    /// Validators that remain and were recently seen, by address.
    pub seen: Vec<SeenValidator>,
    pub seen_power: u64,
    /// Whether they alone could decide. If not, the change is refused.
    pub quorum_reachable: bool,
    /// Provinces that could stop the chain alone, because they hold a third of the power or more. A warning, not a refusal.
    pub blocking_provinces: Vec<ProvinceCode>,
}

/// A validator that remains and was recently seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenValidator {
    pub validator: KeyId,
    pub province: ProvinceCode,
    pub power: u64,
    /// Newest height whose certificate holds its signature.
    pub last_seen: Height,
}

/// What `action` would do to the validators `current` if it took effect at `height`. `None` if it does not change them
/// or cannot be applied to them.
///
/// A validator counts as seen if it signed within the last [`crate::participation::SEEN_WITHIN`] heights; one that only joins
/// has not been seen, so adding validators that never start cannot halt the chain.
pub fn rehearse(
    current: &ValidatorSet,
    participation: &Participation,
    action: &Action,
    height: Height,
) -> Option<Rehearsal> {
    let after = validators_after(current, action).ok().flatten()?;
    Some(rehearsal_of(current, &after, participation, height))
}

pub(super) fn rehearsal_of(
    before: &ValidatorSet,
    after: &ValidatorSet,
    participation: &Participation,
    height: Height,
) -> Rehearsal {
    let seen: Vec<SeenValidator> = after
        .validators()
        .iter()
        .filter_map(|validator| {
            let entry = participation.get(&validator.key.id()).filter(|entry| entry.is_seen(height))?;
            let (power, province) = (validator.power, validator.province);
            Some(SeenValidator { validator: entry.validator, province, power, last_seen: entry.last_seen })
        })
        .collect();
    let seen_power = seen.iter().fold(0u64, |sum, one| sum.saturating_add(one.power));
    let (total_power, quorum_power) = (after.total_power(), after.quorum_power());
    let may_fail_power = total_power.saturating_sub(quorum_power);
    Rehearsal {
        validators_before: before.validators().len(),
        validators_after: after.validators().len(),
        total_power,
        quorum_power,
        may_fail_power,
        may_fail_validators: may_fail(after, may_fail_power),
        seen,
        seen_power,
        quorum_reachable: after.is_quorum(seen_power),
        blocking_provinces: blocking(after, may_fail_power),
    }
}

/// How many validators may fail, if those with the most power fail first.
pub fn may_fail(after: &ValidatorSet, mut left: u64) -> usize {
    let mut powers: Vec<u64> = after.validators().iter().map(|validator| validator.power).collect();
    powers.sort_unstable_by(|a, b| b.cmp(a));
    let fits = |power: &u64| match left.checked_sub(*power) {
        Some(rest) => {
            left = rest;
            true
        }
        None => false,
    };
    powers.iter().copied().take_while(fits).count()
}

/// Provinces with more power than may fail, which could stop the chain alone.
pub fn blocking(after: &ValidatorSet, may_fail_power: u64) -> Vec<ProvinceCode> {
    let provinces: BTreeSet<ProvinceCode> = after.validators().iter().map(|validator| validator.province).collect();
    let power = |province: ProvinceCode| {
        let own = after.validators().iter().filter(|validator| validator.province == province);
        own.fold(0u64, |sum, validator| sum.saturating_add(validator.power))
    };
    provinces.into_iter().filter(|province| power(*province) > may_fail_power).collect()
}
