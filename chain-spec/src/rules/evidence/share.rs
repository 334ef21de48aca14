//! The life of a data share (政务数据共享条例, 国务院令第809号).

use crate::codes::Code;
use crate::ids::share_ref;
use crate::record::EvidenceOperation;
use crate::record::evidence::ShareRequest;
use crate::record::publication::PublicationKind;
use crate::rules::overlay::Overlay;
use crate::rules::succession::{check_acts_for, check_keeps};
use crate::rules::{OperationContext, RuleError, active_organisation};
use crate::state::evidence::{ShareState, ShareStatus};
use crate::state::succession::Competence;
use crate::state::{StateKey, StateReader};

use super::{check_document, check_publication};

/// Data is given as the provider's catalogue says, which is a publication of it.
const PROVIDING: Competence = Competence::Publications;
/// Data is asked for in what the requester handles.
const REQUESTING: Competence = Competence::Cases;

/// The status after a step of a share in `status`, or the refusal that names the rule.
pub fn next_status(status: ShareStatus, operation: &EvidenceOperation) -> Result<ShareStatus, Code> {
    use EvidenceOperation as Op;
    use ShareStatus as S;
    match (status, operation) {
        (_, Op::ShareRequest(_)) => Err(Code::EvidenceShareDuplicate),
        (S::Denied, Op::ShareApprove(_) | Op::ShareDeny(_) | Op::ShareDeliver(_) | Op::ShareReturn(_)) => {
            Err(Code::EvidenceShareDenied)
        }
        (S::Requested, Op::ShareApprove(_)) => Ok(S::Approved),
        (S::Requested, Op::ShareDeny(_)) => Ok(S::Denied),
        (S::Approved | S::Delivered | S::Returned, Op::ShareApprove(_) | Op::ShareDeny(_)) => {
            Err(Code::EvidenceShareAnswered)
        }
        (S::Requested, Op::ShareDeliver(_)) => Err(Code::EvidenceShareNotApproved),
        (S::Approved | S::Returned, Op::ShareDeliver(_)) => Ok(S::Delivered),
        (S::Delivered, Op::ShareDeliver(_)) => Err(Code::EvidenceShareDelivered),
        (S::Delivered, Op::ShareReturn(_)) => Ok(S::Returned),
        (S::Requested | S::Approved | S::Returned, Op::ShareReturn(_)) => Err(Code::EvidenceShareNotDelivered),
        (
            _,
            Op::Material(_)
            | Op::MaterialDemand(_)
            | Op::LicenceUse(_)
            | Op::Assertion(_)
            | Op::Session(_)
            | Op::ArchiveDeposit(_)
            | Op::Delivery(_)
            | Op::Visit(_)
            | Op::Rating(_)
            | Op::MetricStatement(_)
            | Op::IntermediaryReport(_)
            | Op::DecisionPublication(_)
            | Op::MatchDecision(_)
            | Op::Erasure(_)
            | Op::Checkpoint(_),
        ) => Err(Code::EvidenceShareUnknown),
    }
}

/// Opens a share.
pub(super) fn request<R: StateReader>(
    overlay: &mut Overlay<'_, R>,
    cx: OperationContext<'_>,
    request: &ShareRequest,
) -> Result<(), RuleError> {
    if overlay.exists(&StateKey::Share(request.request))? {
        return Err(Code::EvidenceShareDuplicate.into());
    }
    let me = &cx.actor.key.organisation;
    if request.request != share_ref(cx.context.algorithm, me, &request.name) {
        return Err(Code::EvidenceShareReferenceNotOwn.into());
    }
    if request.provider == cx.actor.key.organisation {
        return Err(Code::EvidenceShareWithSelf.into());
    }
    if request.records_max == 0 {
        return Err(Code::EvidenceShareCount.into());
    }
    if request.due_ms <= cx.context.time_ms {
        return Err(Code::EvidenceShareDue.into());
    }
    check_publication(overlay, &request.catalogue, request.catalogue_version, PublicationKind::DataCatalogue)?;
    // The provider must be an active member, or it could not answer.
    active_organisation(overlay, &request.provider)?;
    check_keeps(overlay, cx.actor, &request.provider, PROVIDING)?;
    check_keeps(overlay, cx.actor, &cx.actor.key.organisation, REQUESTING)?;
    let state = ShareState {
        status: ShareStatus::Requested,
        requester: cx.actor.key.organisation,
        requester_province: cx.actor.province(),
        provider: request.provider,
        purpose: request.about.purpose.clone(),
        case: request.about.case,
        subject: request.about.subject,
        catalogue: request.catalogue.clone(),
        catalogue_version: request.catalogue_version,
        resource: request.resource,
        records_max: request.records_max,
        records_delivered: 0,
        due_ms: request.due_ms,
        requested_by: cx.index,
        requested_ms: cx.context.time_ms,
        answered_ms: None,
        changed_by: cx.index,
    };
    overlay.write(StateKey::Share(request.request), &state);
    Ok(())
}

/// Applies the next step of a share.
pub(super) fn step<R: StateReader>(
    overlay: &mut Overlay<'_, R>,
    cx: OperationContext<'_>,
    operation: &EvidenceOperation,
) -> Result<(), RuleError> {
    let request = operation.share().ok_or(Code::EvidenceShareUnknown)?;
    let key = StateKey::Share(*request);
    let state: ShareState = overlay.read(&key)?.ok_or(Code::EvidenceShareUnknown)?;
    let status = next_status(state.status, operation)?;
    check_party(overlay, cx, &state, operation)?;
    let mut next = ShareState { status, changed_by: cx.index, ..state };
    match operation {
        EvidenceOperation::ShareApprove(_) | EvidenceOperation::ShareDeny(_) => {
            next.answered_ms = Some(cx.context.time_ms);
        }
        EvidenceOperation::ShareDeliver(delivery) => {
            check_document(&delivery.payload)?;
            if !(1..=next.records_max).contains(&delivery.records) {
                return Err(Code::EvidenceShareCount.into());
            }
            next.records_delivered = delivery.records;
        }
        _ => {}
    }
    overlay.write(key, &next);
    Ok(())
}

/// Only the provider may answer and deliver, only the requester may return; for either its successor.
fn check_party<R: StateReader>(
    overlay: &Overlay<'_, R>,
    cx: OperationContext<'_>,
    state: &ShareState,
    operation: &EvidenceOperation,
) -> Result<(), RuleError> {
    if matches!(operation, EvidenceOperation::ShareReturn(_)) {
        return check_requester(overlay, cx, state);
    }
    check_acts_for(overlay, cx.actor, &state.provider, PROVIDING, Code::EvidenceShareNotProvider)
}

/// The signer's organisation asked for the data, or acts for the one that did.
pub(super) fn check_requester<R: StateReader>(
    overlay: &Overlay<'_, R>,
    cx: OperationContext<'_>,
    state: &ShareState,
) -> Result<(), RuleError> {
    check_acts_for(overlay, cx.actor, &state.requester, REQUESTING, Code::EvidenceShareNotRequester)
}
