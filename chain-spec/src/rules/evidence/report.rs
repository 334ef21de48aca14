//! Statements about the ledger, and reports of third parties.

use crate::codes::Code;
use crate::record::evidence::{Checkpoint, IntermediaryReport, METRIC_SCALE_MAX, MetricStatement};
use crate::rules::overlay::Overlay;
use crate::rules::{OperationContext, RuleError};
use crate::state::StateReader;

use super::{check_document, check_licence};

/// A statistic must be computed from records that exist.
pub(super) fn metric(cx: OperationContext<'_>, statement: &MetricStatement) -> Result<(), Code> {
    statement.region.check().map_err(|error| error.code())?;
    if let Some(item) = &statement.item {
        item.check().map_err(|error| error.code())?;
    }
    if statement.first >= statement.end || statement.end > cx.index {
        return Err(Code::EvidenceMetricRange);
    }
    if statement.scale > METRIC_SCALE_MAX {
        return Err(Code::EvidenceMetricScale);
    }
    Ok(())
}

/// An institution must sign its own reports, and name its licence.
pub(super) fn intermediary<R: StateReader>(
    overlay: &Overlay<'_, R>,
    cx: OperationContext<'_>,
    report: &IntermediaryReport,
) -> Result<(), RuleError> {
    check_document(&report.report)?;
    if report.institution != cx.actor.key.organisation {
        return Err(Code::EvidenceInstitutionMismatch.into());
    }
    check_licence(overlay, &report.licence)
}

/// An opinion must be about a block that exists; whether its digests are right is for the reader to compare.
pub(super) fn checkpoint(cx: OperationContext<'_>, checkpoint: &Checkpoint) -> Result<(), Code> {
    if checkpoint.height >= cx.context.height || checkpoint.log_size > cx.index.0 {
        return Err(Code::EvidenceCheckpointAhead);
    }
    Ok(())
}
