//! Rules of the evidence family.
//!
//! Evidence is added and never changed. The rules ensure that it is attached to something: to a purpose, to a case on the ledger or
//! a subject, to an existing licence, share or published version. Only a data share has states of its own:
//!
//! ```text
//!                       deny
//!            +---------------------> DENIED
//!  REQUESTED |  approve             deliver             return
//!            +----------> APPROVED ---------> DELIVERED <--------> RETURNED
//!                                                        deliver
//! ```

mod case;
mod material;
mod report;
mod share;

use crate::codes::Code;
use crate::ids::{LicenceRef, ProvinceCode, RecordIndex, TimeMs, Uscc};
use crate::record::EvidenceOperation;
use crate::record::evidence::About;
use crate::record::licence::Document;
use crate::record::publication::{PublicationKey, PublicationKind, Scope};
use crate::state::case::CaseState;
use crate::state::succession::Competence;
use crate::state::{OrganisationState, StateKey, StateReader};

use super::licence::EFFECTIVE_AHEAD_MS_MAX;
use super::overlay::Overlay;
use super::succession::holder;
use super::{Actor, BlockContext, OperationContext, RuleError};

pub use share::next_status as next_share_status;

/// What a kind of evidence must be about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// A case on the ledger.
    Case,
    /// A subject's commitment.
    Subject,
    /// A case, a subject, or both.
    Either,
    /// Neither: it is about the ledger or a system, or it is a step of a share whose request names the subject.
    Nothing,
}

/// What this evidence must be about.
pub fn need(operation: &EvidenceOperation) -> Need {
    use EvidenceOperation as Op;
    match operation {
        Op::Session(_)
        | Op::ArchiveDeposit(_)
        | Op::Delivery(_)
        | Op::Visit(_)
        | Op::Rating(_)
        | Op::DecisionPublication(_) => Need::Case,
        Op::Material(_) | Op::MaterialDemand(_) | Op::Assertion(_) | Op::MatchDecision(_) | Op::Erasure(_) => {
            Need::Subject
        }
        Op::LicenceUse(_) | Op::ShareRequest(_) | Op::IntermediaryReport(_) => Need::Either,
        Op::ShareApprove(_)
        | Op::ShareDeny(_)
        | Op::ShareDeliver(_)
        | Op::ShareReturn(_)
        | Op::MetricStatement(_)
        | Op::Checkpoint(_) => Need::Nothing,
    }
}

/// Applies `operation`, which becomes record `index`.
pub(super) fn apply<R: StateReader>(
    overlay: &mut Overlay<'_, R>,
    context: &BlockContext,
    actor: &Actor,
    index: RecordIndex,
    operation: &EvidenceOperation,
) -> Result<(), RuleError> {
    use EvidenceOperation as Op;
    if !actor.key.permissions.evidence {
        return Err(Code::KeyNotPermitted.into());
    }
    if let Some(about) = operation.about() {
        check_about(overlay, actor, about, need(operation))?;
    }
    let cx = OperationContext { context, actor, index };
    match operation {
        Op::Material(material) => material::file(overlay, cx, material),
        Op::MaterialDemand(demand) => material::demand(overlay, cx, demand),
        Op::LicenceUse(usage) => check_licence(overlay, &usage.licence),
        Op::ShareRequest(request) => share::request(overlay, cx, request),
        Op::ShareApprove(_) | Op::ShareDeny(_) | Op::ShareDeliver(_) | Op::ShareReturn(_) => {
            share::step(overlay, cx, operation)
        }
        Op::Assertion(assertion) => Ok(check_time(context, assertion.authenticated_ms)?),
        Op::Session(session) => case::session(overlay, cx, session),
        Op::ArchiveDeposit(deposit) => case::archive(overlay, cx, deposit),
        Op::Delivery(delivery) => case::delivery(overlay, cx, delivery),
        Op::Visit(visit) => case::visit(overlay, cx, visit),
        Op::Rating(rating) => case::rating(overlay, cx, rating),
        Op::DecisionPublication(publication) => case::publish(overlay, cx, publication),
        Op::MetricStatement(statement) => Ok(report::metric(cx, statement)?),
        Op::IntermediaryReport(report) => report::intermediary(overlay, cx, report),
        Op::MatchDecision(decision) => {
            check_publication(overlay, &decision.policy, decision.version, PublicationKind::Policy)
        }
        Op::Erasure(erasure) => Ok(check_time(context, erasure.erased_ms)?),
        Op::Checkpoint(checkpoint) => Ok(report::checkpoint(cx, checkpoint)?),
    }
}

/// Texts of an operation that the privacy filter reads.
pub(super) fn texts(operation: &EvidenceOperation) -> Vec<&str> {
    use EvidenceOperation as Op;
    let mut texts: Vec<&str> = operation.purpose().iter().map(|purpose| purpose.as_str()).collect();
    match operation {
        Op::Material(material) => texts.push(material.material.as_str()),
        Op::MaterialDemand(demand) => texts.extend([demand.material.as_str(), demand.basis.as_str()]),
        Op::ShareRequest(request) => texts.push(request.catalogue.code.as_str()),
        Op::ShareApprove(answer) | Op::ShareDeny(answer) => texts.push(answer.basis.as_str()),
        Op::ShareReturn(step) => texts.push(step.basis.as_str()),
        Op::DecisionPublication(publication) => texts.push(publication.redaction.as_str()),
        Op::MetricStatement(statement) => texts.push(statement.metric.as_str()),
        Op::MatchDecision(decision) => texts.push(decision.policy.code.as_str()),
        Op::Erasure(erasure) => texts.push(erasure.basis.as_str()),
        Op::LicenceUse(_)
        | Op::ShareDeliver(_)
        | Op::Assertion(_)
        | Op::Session(_)
        | Op::ArchiveDeposit(_)
        | Op::Delivery(_)
        | Op::Visit(_)
        | Op::Rating(_)
        | Op::IntermediaryReport(_)
        | Op::Checkpoint(_) => {}
    }
    texts
}

/// Evidence must name what it is about, and a case it names must be on the ledger. Only the provinces of a case may record
/// what happened around it: there is a single rating, and visits are counted against the published promise.
fn check_about<R: StateReader>(
    overlay: &Overlay<'_, R>,
    actor: &Actor,
    about: &About,
    need: Need,
) -> Result<(), RuleError> {
    match need {
        Need::Case if about.case.is_none() => return Err(Code::EvidenceCaseMissing.into()),
        Need::Subject if about.subject.is_none() => return Err(Code::EvidenceSubjectMissing.into()),
        Need::Either if about.case.is_none() && about.subject.is_none() => {
            return Err(Code::EvidenceAboutMissing.into());
        }
        Need::Case | Need::Subject | Need::Either | Need::Nothing => {}
    }
    let Some(case) = about.case else { return Ok(()) };
    let case: CaseState = overlay.read(&StateKey::Case(case))?.ok_or(Code::EvidenceCaseUnknown)?;
    if need == Need::Case && !concerns(overlay, &case, actor.province())? {
        return Err(Code::EvidenceCaseElsewhere.into());
    }
    Ok(())
}

/// Whether the case was collected in the province, is decided there, or was relayed by one of its agencies; or whether such an agency's
/// cases are now those of a successor in the province.
fn concerns<R: StateReader>(
    overlay: &Overlay<'_, R>,
    case: &CaseState,
    province: ProvinceCode,
) -> Result<bool, RuleError> {
    if case.origin_province == province || case.frozen.item.scope == Scope::Province(province) {
        return Ok(true);
    }
    let is_here = |organisation: &Uscc| -> Result<bool, RuleError> {
        let state: Option<OrganisationState> = overlay.read(&StateKey::Organisation(*organisation))?;
        Ok(state.is_some_and(|state| state.province == province))
    };
    let relayed = case.relayed.iter().map(|part| part.agency);
    for agency in [case.origin, case.receiver].into_iter().chain(relayed) {
        if is_here(&agency)? || is_here(&holder(overlay, &agency, Competence::Cases)?)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// An event cannot be in the future, apart from the tolerated difference between two clocks.
fn check_time(context: &BlockContext, time_ms: TimeMs) -> Result<(), Code> {
    if time_ms > context.time_ms.plus_ms(EFFECTIVE_AHEAD_MS_MAX) {
        return Err(Code::EvidenceTimeAhead);
    }
    Ok(())
}

fn check_document(document: &Document) -> Result<(), Code> {
    if document.size_bytes == 0 {
        return Err(Code::EvidenceDocumentMissing);
    }
    document.check_length()
}

fn check_licence<R: StateReader>(overlay: &Overlay<'_, R>, licence: &LicenceRef) -> Result<(), RuleError> {
    match overlay.issued_at(licence)? {
        Some(_) => Ok(()),
        None => Err(Code::EvidenceLicenceUnknown.into()),
    }
}

/// The version must have been published, and be of the kind required here.
fn check_publication<R: StateReader>(
    overlay: &Overlay<'_, R>,
    key: &PublicationKey,
    version: u32,
    kind: PublicationKind,
) -> Result<(), RuleError> {
    if let Scope::Province(province) = &key.scope {
        ProvinceCode::check(province).map_err(|error| error.code())?;
    }
    if kind != key.kind {
        return Err(Code::EvidencePublicationKind.into());
    }
    // Versions are stored when they are published, and not before.
    if overlay.exists(&StateKey::PublicationVersion(key.clone(), version))? {
        Ok(())
    } else {
        Err(Code::EvidencePublicationUnknown.into())
    }
}
