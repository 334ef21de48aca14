//! Statements about the ledger and systems, and reports of third parties.

use crate::codes::Code;
use crate::record::evidence::{Adoption, Checkpoint, IntermediaryReport, METRIC_SCALE_MAX, MetricStatement};
use crate::record::membership::Standing;
use crate::rules::RuleError;
use crate::rules::overlay::Overlay;
use crate::state::{StateKey, StateReader, SystemState};

use super::{Scene, check_document, check_licence, check_publication, check_time};

/// A figure is computed from records that exist.
pub(super) fn metric(scene: Scene<'_>, statement: &MetricStatement) -> Result<(), Code> {
    statement.region.check().map_err(|error| error.code())?;
    if let Some(item) = &statement.item {
        item.check().map_err(|error| error.code())?;
    }
    if statement.first >= statement.end || statement.end > scene.index {
        return Err(Code::EvidenceMetricRange);
    }
    if statement.scale > METRIC_SCALE_MAX {
        return Err(Code::EvidenceMetricScale);
    }
    Ok(())
}

/// An institution signs its own reports, and names its licence.
pub(super) fn intermediary<R: StateReader>(
    overlay: &Overlay<'_, R>,
    scene: Scene<'_>,
    report: &IntermediaryReport,
) -> Result<(), RuleError> {
    check_document(&report.report)?;
    if report.institution != scene.actor.key.organisation {
        return Err(Code::EvidenceInstitutionMismatch.into());
    }
    check_licence(overlay, &report.licence)
}

/// An opinion is about a block that exists; whether its digests are right is for the reader to compare.
pub(super) fn checkpoint(scene: Scene<'_>, checkpoint: &Checkpoint) -> Result<(), Code> {
    if checkpoint.height >= scene.context.height || checkpoint.log_size > scene.index.0 {
        return Err(Code::EvidenceCheckpointAhead);
    }
    Ok(())
}

/// An organisation says what its own systems run.
pub(super) fn adoption<R: StateReader>(
    overlay: &Overlay<'_, R>,
    scene: Scene<'_>,
    adoption: &Adoption,
) -> Result<(), RuleError> {
    check_publication(overlay, &adoption.publication, adoption.version, None)?;
    let key = StateKey::System(adoption.system.clone());
    let system: SystemState = overlay.read(&key)?.ok_or(Code::SystemUnknown)?;
    if system.organisation != scene.actor.key.organisation {
        return Err(Code::EvidenceSystemNotOwn.into());
    }
    if system.standing != Standing::Active {
        return Err(Code::SystemWrongState.into());
    }
    Ok(check_time(scene.context, adoption.since_ms)?)
}
