//! The readable form of a thing's canonical bytes.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::Serialize;

use super::case::{BundleState, CaseState};
use super::evidence::{CaseEvidenceState, MaterialState, RatingState, ShareState};
use super::governance::{
    AnchorState, CompetenceState, GovernedParameters, MisbehaviourState, ProposalState, TrustState, ValidatorNode,
};
use super::publication::{ItemVariants, PublicationConsumerState, PublicationState, PublicationVersionState};
use super::seal::{SealSignatureState, SealState};
use super::succession::SuccessionState;
use super::{
    DelegationState, DocumentState, KeyState, LicenceState, LineageState, OrganisationHead, OrganisationState,
    ProvinceState, STATE_BYTES_MAX, StateKey, StateUnavailable, SystemState,
};
use crate::certificate::ValidatorSet;
use crate::codec;
use crate::features::Activations;
use crate::participation::Participation;

/// The state of `key` as JSON, from its canonical bytes.
///
/// # Errors
/// [`StateUnavailable`] where the bytes are no state of such a thing: a damaged store or a lying node.
pub fn to_json(key: &StateKey, bytes: &[u8]) -> Result<serde_json::Value, StateUnavailable> {
    let result = match key {
        StateKey::Province(_) => json::<ProvinceState>(bytes),
        StateKey::Organisation(_) => json::<OrganisationState>(bytes),
        StateKey::System(..) => json::<SystemState>(bytes),
        StateKey::Key(_) => json::<KeyState>(bytes),
        StateKey::OrganisationHead(_) => json::<OrganisationHead>(bytes),
        StateKey::Licence(_) => json::<LicenceState>(bytes),
        StateKey::Validators => json::<ValidatorSet>(bytes),
        StateKey::Seal(..) => json::<SealState>(bytes),
        StateKey::Case(_) => json::<CaseState>(bytes),
        StateKey::Bundle(_) => json::<BundleState>(bytes),
        StateKey::Publication(_) => json::<PublicationState>(bytes),
        StateKey::PublicationVersion(..) => json::<PublicationVersionState>(bytes),
        StateKey::Material(..) => json::<MaterialState>(bytes),
        StateKey::Share(_) => json::<ShareState>(bytes),
        StateKey::Rating(..) => json::<RatingState>(bytes),
        StateKey::Proposal(_) => json::<ProposalState>(bytes),
        StateKey::Parameters => json::<GovernedParameters>(bytes),
        StateKey::Trust(_) => json::<TrustState>(bytes),
        StateKey::Features => json::<Activations>(bytes),
        StateKey::Participation => json::<Participation>(bytes),
        StateKey::ItemVariants(_) => json::<ItemVariants>(bytes),
        StateKey::PublicationConsumer(..) => json::<PublicationConsumerState>(bytes),
        StateKey::SealSignature(_) => json::<SealSignatureState>(bytes),
        StateKey::CaseEvidence(_) => json::<CaseEvidenceState>(bytes),
        StateKey::ValidatorNode(_) => json::<ValidatorNode>(bytes),
        StateKey::Misbehaviour(..) => json::<MisbehaviourState>(bytes),
        StateKey::Anchor(_) => json::<AnchorState>(bytes),
        StateKey::Succession(_) => json::<SuccessionState>(bytes),
        StateKey::Lineage(_) => json::<LineageState>(bytes),
        StateKey::Document(_) => json::<DocumentState>(bytes),
        StateKey::Competence(_) => json::<CompetenceState>(bytes),
        StateKey::Delegation(..) => json::<DelegationState>(bytes),
    };
    result.map_err(|reason| StateUnavailable(format!("{key}: {reason}")))
}

fn json<T: BorshSerialize + BorshDeserialize + Serialize>(bytes: &[u8]) -> Result<serde_json::Value, String> {
    let state: T = codec::decode(bytes, STATE_BYTES_MAX).map_err(|error| error.to_string())?;
    serde_json::to_value(state).map_err(|error| error.to_string())
}
