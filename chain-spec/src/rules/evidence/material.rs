//! Materials and the demand for them: what is on file and can be obtained through data sharing must not be demanded again.

use crate::codes::Code;
use crate::crypto::Digest;
use crate::ids::{MaterialCode, Uscc};
use crate::record::evidence::{About, Material, MaterialDemand, MaterialOrigin};
use crate::rules::overlay::Overlay;
use crate::rules::{OperationContext, RuleError};
use crate::state::evidence::{MaterialState, ShareState, ShareStatus};
use crate::state::{StateKey, StateReader};

use super::share::check_requester;
use super::{check_document, check_licence};

/// Puts a material on file.
pub(super) fn file<R: StateReader>(
    overlay: &mut Overlay<'_, R>,
    cx: OperationContext<'_>,
    material: &Material,
) -> Result<(), RuleError> {
    check_document(&material.document)?;
    if material.valid_until_ms.is_some_and(|until| until <= cx.context.time_ms) {
        return Err(Code::EvidenceMaterialExpired.into());
    }
    check_origin(overlay, cx, &material.origin)?;
    let key = key_of(&cx.actor.key.organisation, &material.about, &material.material)?;
    let state: MaterialState = overlay.read(&key)?.unwrap_or_default();
    let by_applicant = matches!(material.origin, MaterialOrigin::Applicant);
    let is_repeated = by_applicant && state.serves_at(cx.context.time_ms);
    let state = MaterialState {
        first: state.first.or(Some(cx.index)),
        latest: Some(cx.index),
        document: Some(material.document.sha256),
        shareable: material.shareable,
        valid_until_ms: material.valid_until_ms,
        materials: state.materials.saturating_add(1),
        repeated_materials: state.repeated_materials.saturating_add(u32::from(is_repeated)),
        ..state
    };
    overlay.write(key, &state);
    Ok(())
}

/// Counts a demand, and whether it was a repeated one. It is never refused: the violation itself must be on record.
pub(super) fn demand<R: StateReader>(
    overlay: &mut Overlay<'_, R>,
    cx: OperationContext<'_>,
    demand: &MaterialDemand,
) -> Result<(), RuleError> {
    let key = key_of(&cx.actor.key.organisation, &demand.about, &demand.material)?;
    let state: MaterialState = overlay.read(&key)?.unwrap_or_default();
    let repeated = match &demand.held_by {
        Some(holder) => {
            holder.check().map_err(|error| error.code())?;
            let held: Option<MaterialState> = overlay.read(&key_of(holder, &demand.about, &demand.material)?)?;
            held.is_some_and(|held| held.serves_at(cx.context.time_ms))
        }
        None => state.serves_at(cx.context.time_ms),
    };
    let state = MaterialState {
        demands: state.demands.saturating_add(1),
        repeated_demands: state.repeated_demands.saturating_add(u32::from(repeated)),
        latest_demand: Some(cx.index),
        repeated,
        ..state
    };
    overlay.write(key, &state);
    Ok(())
}

/// The entry of an organisation; only its own signers write it.
fn key_of(holder: &Uscc, about: &About, material: &MaterialCode) -> Result<StateKey, Code> {
    let subject: Digest = about.subject.ok_or(Code::EvidenceSubjectMissing)?;
    Ok(StateKey::Material(*holder, subject, material.clone()))
}

/// The source of the material must exist: the licence, or the data share that was delivered to the signer's organisation.
fn check_origin<R: StateReader>(
    overlay: &Overlay<'_, R>,
    cx: OperationContext<'_>,
    origin: &MaterialOrigin,
) -> Result<(), RuleError> {
    match origin {
        MaterialOrigin::Applicant => Ok(()),
        MaterialOrigin::Licence { licence } => check_licence(overlay, licence),
        MaterialOrigin::Share { request } => {
            let share: ShareState = overlay.read(&StateKey::Share(*request))?.ok_or(Code::EvidenceShareUnknown)?;
            check_requester(overlay, cx, &share)?;
            match share.status {
                ShareStatus::Delivered => Ok(()),
                ShareStatus::Requested | ShareStatus::Approved | ShareStatus::Denied | ShareStatus::Returned => {
                    Err(Code::EvidenceShareNotDelivered.into())
                }
            }
        }
    }
}
