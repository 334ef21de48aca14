//! What each action needs, and what it writes.

use crate::codec;
use crate::codes::Code;
use crate::crypto::PublicKey;
use crate::features::{Activations, FEATURES_MAX, FeatureId};
use crate::genesis;
use crate::ids::{Height, LicenceType, ProvinceCode};
use crate::parameters::{ActionKind, Parameters, Threshold, Thresholds};
use crate::record::governance::{Action, Competent};
use crate::state::governance::{CompetenceState, GovernedParameters, TrustState};
use crate::state::{KeyState, StateKey, StateReader};

use super::{RuleError, Scene, Writes, governed};
use crate::rules::succession;

/// The threshold of `action`. Changing a threshold takes at least that threshold; otherwise a weaker vote could remove
/// a stronger requirement.
pub(super) fn threshold_of(thresholds: &Thresholds, action: &Action) -> Threshold {
    let own = thresholds.get(action.kind());
    match action {
        Action::Threshold { kind, .. } => own.max(thresholds.get(*kind)),
        _ => own,
    }
}

/// Texts of an action that the privacy filter reads.
pub(super) fn texts(action: &Action) -> Vec<&str> {
    match action {
        Action::OrganisationSucceed(handed) => vec![handed.basis.as_str()],
        Action::ProvinceAdd(_)
        | Action::ProvinceStatus { .. }
        | Action::ProvinceGovernanceKey { .. }
        | Action::ProvinceRegistrarKey { .. }
        | Action::ValidatorAdd { .. }
        | Action::ValidatorRemove { .. }
        | Action::ValidatorRotate { .. }
        | Action::ValidatorPower { .. }
        | Action::TrustAdd { .. }
        | Action::TrustRetire { .. }
        | Action::CrlAnchor { .. }
        | Action::Parameters(_)
        | Action::Threshold { .. }
        | Action::FeatureActivate { .. }
        | Action::Competence { .. } => Vec::new(),
    }
}

impl<R: StateReader> Scene<'_, '_, R> {
    /// What `action` writes if it takes effect now, or the guard that forbids it.
    pub(super) fn effect(&self, action: &Action) -> Result<Writes, RuleError> {
        match action {
            Action::ProvinceAdd(new) => self.add_province(action, new),
            Action::ProvinceStatus { province, change } => self.change_province(action, *province, *change),
            Action::ProvinceGovernanceKey { province, key } => self.replace_governance_key(*province, key),
            Action::ProvinceRegistrarKey { province, key, replaces } => {
                self.replace_registrar_key(*province, key, replaces.as_ref())
            }
            Action::ValidatorAdd { .. }
            | Action::ValidatorRemove { .. }
            | Action::ValidatorRotate { .. }
            | Action::ValidatorPower { .. } => self.change_validators(action),
            Action::TrustAdd { certificate, role, crl, valid_until_ms } => {
                self.add_trust(certificate, *role, *crl, *valid_until_ms)
            }
            Action::TrustRetire { certificate } => self.retire_trust(certificate),
            Action::CrlAnchor { certificate, crl } => self.anchor_crl(certificate, crl),
            Action::Parameters(parameters) => self.set_parameters(parameters),
            Action::Threshold { kind, threshold } => self.set_threshold(*kind, *threshold),
            Action::FeatureActivate { feature, height } => self.activate_feature(*feature, *height),
            Action::Competence { licence_type, issuers } => self.set_competence(licence_type, issuers),
            Action::OrganisationSucceed(handed) => {
                let at = (self.overlay.next_record(), self.context.time_ms);
                succession::by_vote(self.overlay, self.proposer, handed, at)
            }
        }
    }

    /// The threshold of `action` now. Where one province is enough, the proposer must be the province concerned.
    pub(super) fn threshold(&self, action: &Action) -> Result<Threshold, RuleError> {
        let threshold = threshold_of(&governed(self.overlay)?.thresholds, action);
        if threshold == Threshold::OneProvince && self.concerned(action)? != Some(self.proposer) {
            return Err(Code::GovernanceOwnProvinceOnly.into());
        }
        Ok(threshold)
    }

    /// The province concerned by `action`, if it concerns a single one.
    fn concerned(&self, action: &Action) -> Result<Option<ProvinceCode>, RuleError> {
        Ok(match action {
            Action::ProvinceRegistrarKey { province, .. } => Some(*province),
            // Its guard refuses every province but the validator's own.
            Action::ValidatorRotate { .. } => Some(self.proposer),
            Action::CrlAnchor { certificate, .. } => {
                let entry: Option<TrustState> = self.overlay.read(&StateKey::Trust(*certificate))?;
                entry.map(|entry| entry.sponsor)
            }
            Action::ProvinceAdd(_)
            | Action::ProvinceStatus { .. }
            | Action::ProvinceGovernanceKey { .. }
            | Action::ValidatorAdd { .. }
            | Action::ValidatorRemove { .. }
            | Action::ValidatorPower { .. }
            | Action::TrustAdd { .. }
            | Action::TrustRetire { .. }
            | Action::Parameters(_)
            | Action::Threshold { .. }
            | Action::FeatureActivate { .. }
            | Action::OrganisationSucceed(_)
            | Action::Competence { .. } => None,
        })
    }

    fn set_parameters(&self, parameters: &Parameters) -> Result<Writes, RuleError> {
        parameters.check().map_err(|_| Code::GovernanceParameters)?;
        let current = governed(self.overlay)?;
        self.govern(&current, GovernedParameters { parameters: *parameters, ..current })
    }

    fn set_competence(&self, licence_type: &LicenceType, issuers: &Competent) -> Result<Writes, RuleError> {
        licence_type.check().map_err(|error| error.code())?;
        if !issuers.is_well_formed() {
            return Err(Code::CompetenceList.into());
        }
        let key = StateKey::Competence(*licence_type);
        let current: Option<CompetenceState> = self.overlay.read(&key)?;
        if current.as_ref().is_some_and(|current| current.issuers == *issuers) {
            return Err(Code::GovernanceNoChange.into());
        }
        let next = CompetenceState {
            version: current.map_or(0, |current| current.version).saturating_add(1),
            issuers: issuers.clone(),
            decided_by: self.overlay.next_record(),
            decided_ms: self.context.time_ms,
        };
        Ok(vec![(key, codec::encode(&next))])
    }

    fn set_threshold(&self, kind: ActionKind, threshold: Threshold) -> Result<Writes, RuleError> {
        if threshold == Threshold::OneProvince && !kind.may_be_alone() {
            return Err(Code::GovernanceThresholdTooLow.into());
        }
        let current = governed(self.overlay)?;
        self.govern(&current, GovernedParameters { thresholds: current.thresholds.with(kind, threshold), ..current })
    }

    fn govern(&self, current: &GovernedParameters, next: GovernedParameters) -> Result<Writes, RuleError> {
        if next == *current {
            return Err(Code::GovernanceNoChange.into());
        }
        Ok(vec![(StateKey::Parameters, codec::encode(&next))])
    }

    fn activate_feature(&self, feature: FeatureId, height: Height) -> Result<Writes, RuleError> {
        let activations: Activations = self.overlay.read(&StateKey::Features)?.unwrap_or_default();
        if activations.height_of(feature).is_some() {
            return Err(Code::FeatureDecided.into());
        }
        if height <= self.context.height {
            return Err(Code::FeatureHeightPast.into());
        }
        if activations.all().len() >= FEATURES_MAX {
            return Err(Code::FeatureTooMany.into());
        }
        Ok(vec![(StateKey::Features, codec::encode(&activations.with(feature, height)))])
    }

    /// A key that is new to the chain: well formed, not a published example, not registered for transactions.
    pub(super) fn check_new_key(&self, key: &PublicKey) -> Result<(), RuleError> {
        self.check_key(key)?;
        match self.overlay.read::<KeyState>(&StateKey::Key(key.id()))? {
            Some(_) => Err(Code::KeyExists.into()),
            None => Ok(()),
        }
    }

    pub(super) fn check_key(&self, key: &PublicKey) -> Result<(), Code> {
        if !key.is_well_formed() {
            return Err(Code::KeyMalformed);
        }
        if !self.context.chain_id.is_development() && genesis::is_example_key(key) {
            return Err(Code::KeyExampleOnRealChain);
        }
        Ok(())
    }
}
