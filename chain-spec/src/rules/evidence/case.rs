//! Evidence that belongs to a case: what the ledger counts of it, and its single rating.

use crate::codes::Code;
use crate::ids::CaseRef;
use crate::record::evidence::{
    About, ArchiveDeposit, DecisionPublication, Delivery, Rating, SESSION_PARTICIPANTS_MAX, Session, Visit,
};
use crate::rules::overlay::Overlay;
use crate::rules::{OperationContext, RuleError};
use crate::state::evidence::{CaseEvidenceState, RatingState};
use crate::state::{StateKey, StateReader};

use super::check_time;

/// All windows are registered keys, and the signer is one of them.
pub(super) fn session<R: StateReader>(
    overlay: &mut Overlay<'_, R>,
    cx: OperationContext<'_>,
    session: &Session,
) -> Result<(), RuleError> {
    let participants = &session.participants;
    let is_list = (2..=SESSION_PARTICIPANTS_MAX).contains(&participants.len())
        && participants.windows(2).all(|pair| pair[0] < pair[1]);
    if !is_list {
        return Err(Code::EvidenceSessionParticipants.into());
    }
    if participants.binary_search(&cx.actor.id).is_err() {
        return Err(Code::EvidenceSessionSignerAbsent.into());
    }
    for participant in participants {
        if !overlay.exists(&StateKey::Key(*participant))? {
            return Err(Code::EvidenceSessionParticipantUnknown.into());
        }
    }
    check_time(cx.context, session.ended_ms)?;
    if session.ended_ms <= session.started_ms {
        return Err(Code::EvidencePeriod.into());
    }
    update(overlay, &session.about, |state| state.sessions = state.sessions.saturating_add(1))
}

pub(super) fn archive<R: StateReader>(
    overlay: &mut Overlay<'_, R>,
    cx: OperationContext<'_>,
    deposit: &ArchiveDeposit,
) -> Result<(), RuleError> {
    deposit.archive.check().map_err(|error| error.code())?;
    if deposit.files == 0 {
        return Err(Code::EvidenceArchiveEmpty.into());
    }
    update(overlay, &deposit.about, |state| state.archived_by = Some(cx.index))
}

pub(super) fn delivery<R: StateReader>(
    overlay: &mut Overlay<'_, R>,
    cx: OperationContext<'_>,
    delivery: &Delivery,
) -> Result<(), RuleError> {
    check_time(cx.context, delivery.occurred_ms)?;
    update(overlay, &delivery.about, |state| state.deliveries = state.deliveries.saturating_add(1))
}

pub(super) fn visit<R: StateReader>(
    overlay: &mut Overlay<'_, R>,
    cx: OperationContext<'_>,
    visit: &Visit,
) -> Result<(), RuleError> {
    visit.region.check().map_err(|error| error.code())?;
    if visit.region.province() != cx.actor.province() {
        return Err(Code::OrganisationWrongProvince.into());
    }
    check_time(cx.context, visit.occurred_ms)?;
    update(overlay, &visit.about, |state| state.visits = state.visits.saturating_add(1))
}

pub(super) fn publish<R: StateReader>(
    overlay: &mut Overlay<'_, R>,
    cx: OperationContext<'_>,
    publication: &DecisionPublication,
) -> Result<(), RuleError> {
    if publication.until_ms <= publication.from_ms {
        return Err(Code::EvidencePeriod.into());
    }
    check_time(cx.context, publication.from_ms)?;
    update(overlay, &publication.about, |state| state.published_by = Some(cx.index))
}

pub(super) fn rating<R: StateReader>(
    overlay: &mut Overlay<'_, R>,
    cx: OperationContext<'_>,
    rating: &Rating,
) -> Result<(), RuleError> {
    let key = StateKey::Rating(case_of(&rating.about)?, cx.actor.key.organisation);
    if overlay.exists(&key)? {
        return Err(Code::EvidenceRatingExists.into());
    }
    let state = RatingState { level: rating.level, rated_by: cx.index, rated_ms: cx.context.time_ms };
    overlay.write(key, &state);
    Ok(())
}

fn case_of(about: &About) -> Result<CaseRef, Code> {
    about.case.ok_or(Code::EvidenceCaseMissing)
}

fn update<R: StateReader>(
    overlay: &mut Overlay<'_, R>,
    about: &About,
    change: impl FnOnce(&mut CaseEvidenceState),
) -> Result<(), RuleError> {
    let key = StateKey::CaseEvidence(case_of(about)?);
    let mut state: CaseEvidenceState = overlay.read(&key)?.unwrap_or_default();
    change(&mut state);
    overlay.write(key, &state);
    Ok(())
}
