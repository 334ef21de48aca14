//! The validator set: the effect of an action on it, and the guard that a quorum remains.

use crate::certificate::{POWER_TOTAL_MAX, VALIDATORS_MAX, Validator, ValidatorSet};
use crate::codec;
use crate::codes::Code;
use crate::crypto::{KeyId, PublicKey, SignatureScheme};
use crate::ids::{ProvinceCode, TimeMs};
use crate::participation::Participation;
use crate::record::governance::{Action, NewValidator};
use crate::record::membership::StatusChange;
use crate::state::governance::ValidatorNode;
use crate::state::{StateKey, StateReader, StateUnavailable};

use super::rehearsal::rehearsal_of;
use super::{RuleError, Scene, Writes};

/// The validators after `action` on `current`; `None` if the action does not change them.
pub fn validators_after(current: &ValidatorSet, action: &Action) -> Result<Option<ValidatorSet>, Code> {
    match action {
        Action::ProvinceAdd(new) => match new.validators.as_slice() {
            [] => Ok(None),
            validators => joined(current, new.province, validators).map(Some),
        },
        Action::ProvinceStatus { province, change } => match change {
            StatusChange::Suspend | StatusChange::Remove => without(current, |one| one.province == *province),
            StatusChange::Resume => Ok(None),
        },
        Action::ValidatorAdd { province, validator } => {
            joined(current, *province, std::slice::from_ref(validator)).map(Some)
        }
        Action::ValidatorRemove { key } => {
            current.get(key).ok_or(Code::ValidatorUnknown)?;
            without(current, |one| one.key.id() == *key)
        }
        Action::ValidatorRotate { old, new, .. } => {
            let one = current.get(old).ok_or(Code::ValidatorUnknown)?;
            if current.get(&new.id()).is_some() {
                return Err(Code::ValidatorExists);
            }
            changed(current, old, Validator { key: *new, ..one.clone() }).map(Some)
        }
        Action::ValidatorPower { key, power } => {
            let one = current.get(key).ok_or(Code::ValidatorUnknown)?;
            if one.power == *power {
                return Err(Code::GovernanceNoChange);
            }
            changed(current, key, Validator { power: *power, ..one.clone() }).map(Some)
        }
        Action::ProvinceGovernanceKey { .. }
        | Action::ProvinceRegistrarKey { .. }
        | Action::TrustAdd { .. }
        | Action::TrustRetire { .. }
        | Action::CrlAnchor { .. }
        | Action::Parameters(_)
        | Action::Threshold { .. }
        | Action::FeatureActivate { .. }
        | Action::OrganisationSucceed(_)
        | Action::Competence { .. } => Ok(None),
    }
}

fn joined(current: &ValidatorSet, province: ProvinceCode, new: &[NewValidator]) -> Result<ValidatorSet, Code> {
    let mut validators = current.validators().to_vec();
    for one in new {
        if validators.iter().any(|kept| kept.key == one.key) {
            return Err(Code::ValidatorExists);
        }
        validators.push(Validator { key: one.key, power: one.power, province });
    }
    checked(validators)
}

/// `None` if no validator leaves.
fn without(current: &ValidatorSet, leaves: impl Fn(&Validator) -> bool) -> Result<Option<ValidatorSet>, Code> {
    let remaining: Vec<Validator> = current.validators().iter().filter(|one| !leaves(one)).cloned().collect();
    if remaining.len() == current.validators().len() {
        return Ok(None);
    }
    checked(remaining).map(Some)
}

fn changed(current: &ValidatorSet, address: &KeyId, next: Validator) -> Result<ValidatorSet, Code> {
    let others = current.validators().iter().filter(|one| one.key.id() != *address).cloned();
    checked(others.chain([next]).collect())
}

fn checked(validators: Vec<Validator>) -> Result<ValidatorSet, Code> {
    if validators.is_empty() {
        return Err(Code::ValidatorLast);
    }
    if validators.len() > VALIDATORS_MAX {
        return Err(Code::ValidatorsTooMany);
    }
    let no_power = validators.iter().any(|one| one.power == 0);
    let set = ValidatorSet::new(validators);
    if no_power || set.total_power() > POWER_TOTAL_MAX {
        return Err(Code::ValidatorPower);
    }
    Ok(set)
}

/// Most times that a province replaces the key of one validator by itself within [`ROTATION_PERIOD_MS`]. Each change of the set is a step
/// on the way to the validators; others decide on removing and adding one, which is not bounded.
pub const ROTATIONS_MAX: usize = 4;
/// 24 hours, in milliseconds.
pub const ROTATION_PERIOD_MS: u64 = 24 * 60 * 60 * 1_000;

fn written(node: ValidatorNode) -> (StateKey, Vec<u8>) {
    (StateKey::ValidatorNode(node.key.id()), codec::encode(&node))
}

impl<R: StateReader> Scene<'_, '_, R> {
    /// What `action` writes about validators; empty if it does not change them.
    pub(super) fn change_validators(&self, action: &Action) -> Result<Writes, RuleError> {
        let current: ValidatorSet = self.kept(&StateKey::Validators)?;
        let Some(after) = validators_after(&current, action)? else { return Ok(Vec::new()) };
        let mut writes = self.new_nodes(action, &current)?;
        let height = self.context.height;
        for one in current.validators().iter().filter(|one| after.get(&one.key.id()).is_none()) {
            let address = StateKey::ValidatorNode(one.key.id());
            let node: ValidatorNode = self.kept(&address)?;
            writes.push((address, codec::encode(&ValidatorNode { until: Some(height), ..node })));
        }
        let participation: Participation = self.kept(&StateKey::Participation)?;
        if !rehearsal_of(&current, &after, &participation, height).quorum_reachable {
            return Err(Code::GovernanceQuorumLost.into());
        }
        writes.push((StateKey::Validators, codec::encode(&after)));
        Ok(writes)
    }

    /// The nodes of the validators that `action` adds.
    fn new_nodes(&self, action: &Action, current: &ValidatorSet) -> Result<Writes, RuleError> {
        match action {
            Action::ProvinceAdd(new) => {
                let of_one = |one: &NewValidator| self.new_node(new.province, &one.key, one.network_key).map(written);
                new.validators.iter().map(of_one).collect()
            }
            Action::ValidatorAdd { province, validator } => {
                self.active_province(*province)?;
                Ok(vec![written(self.new_node(*province, &validator.key, validator.network_key)?)])
            }
            Action::ValidatorRotate { old, new, network_key } => {
                let province = current.get(old).ok_or(Code::ValidatorUnknown)?.province;
                if province != self.proposer {
                    return Err(Code::ValidatorOtherProvince.into());
                }
                let before: ValidatorNode = self.kept(&StateKey::ValidatorNode(*old))?;
                let rotated_ms = self.rotated(&before)?;
                let mut node = self.new_node(province, new, network_key.or(before.network_key))?;
                node.rotated_ms = rotated_ms;
                Ok(vec![written(node)])
            }
            _ => Ok(Vec::new()),
        }
    }

    fn new_node(
        &self,
        province: ProvinceCode,
        key: &PublicKey,
        network_key: Option<PublicKey>,
    ) -> Result<ValidatorNode, RuleError> {
        self.check_new_key(key)?;
        if let Some(network_key) = &network_key {
            self.check_key(network_key)?;
            // Nodes identify each other by libp2p peer ids, which have no form for SM2 keys.
            if network_key == key || network_key.scheme() != SignatureScheme::Ed25519 {
                return Err(Code::ValidatorNetworkKey.into());
            }
        }
        let address = StateKey::ValidatorNode(key.id());
        // A province's own former validator may return, for instance after the province was suspended. It stays accountable
        // for its first term: otherwise a province could rotate a key out and back in, and its old signatures would be forgotten.
        let before: Option<ValidatorNode> = self.overlay.read(&address)?;
        if before.as_ref().is_some_and(|before| before.province != province) {
            return Err(Code::ValidatorOtherProvince.into());
        }
        let since = before.map_or(self.context.height, |before| before.since);
        Ok(ValidatorNode { key: *key, province, network_key, since, until: None, rotated_ms: Vec::new() })
    }

    /// When the key of this validator was replaced lately, now included.
    fn rotated(&self, before: &ValidatorNode) -> Result<Vec<TimeMs>, RuleError> {
        let now = self.context.time_ms;
        let lately = before.rotated_ms.iter().filter(|time| now.ms_since(**time) < ROTATION_PERIOD_MS);
        let mut rotated: Vec<TimeMs> = lately.copied().collect();
        if rotated.len() >= ROTATIONS_MAX {
            return Err(Code::ValidatorRotatedTooOften.into());
        }
        rotated.push(now);
        Ok(rotated)
    }

    /// What every ledger holds.
    fn kept<T: borsh::BorshSerialize + borsh::BorshDeserialize>(&self, key: &StateKey) -> Result<T, StateUnavailable> {
        self.overlay.read(key)?.ok_or_else(|| StateUnavailable(format!("{key:?} is missing")))
    }
}
