//! What each step needs beyond its place in the table, and what it changes.

use crate::codes::Code;
use crate::crypto::Digest;
use crate::ids::{LicenceRef, MaterialCode};
use crate::record::CaseOperation;
use crate::record::case::{Matter, Step};
use crate::record::publication::{CaseMode, Guide, PublicationBody, PublicationKind};
use crate::rules::overlay::Overlay;
use crate::rules::succession::{check_keeps, everyone_acting};
use crate::rules::{OperationContext, RuleError, active_organisation, publication};
use crate::state::case::{CaseClock, CaseState, CaseStatus, ChildProgress, Condition, RelayedPart};
use crate::state::succession::Competence;
use crate::state::{StateKey, StateReader, StateUnavailable};

use super::calendars::read_calendar;
use super::open::{check_list, freeze, is_subset};
use super::standing::{is_decision_late, is_deemed_accepted, is_waiting};
use super::{RELAYS_MAX, bundle, clock, party, read_case, table};

/// Takes a step on an existing case.
pub(super) fn apply<R: StateReader>(
    overlay: &mut Overlay<'_, R>,
    cx: OperationContext<'_>,
    operation: &CaseOperation,
) -> Result<(), RuleError> {
    let (Some(Step { case, .. }), Some(rule)) = (operation.step(), table::rule(operation)) else {
        return Err(Code::CaseDuplicate.into());
    };
    let mut state = read_case(overlay, case)?.ok_or(Code::CaseUnknown)?;
    let next = table::next_by(state.status, rule)?;
    party::check(overlay, cx, &state, rule, operation)?;
    check_time(&state, cx, operation)?;
    effect(overlay, cx, &mut state, next, operation)?;
    state.changed_by = cx.index;
    overlay.write(StateKey::Case(*case), &state);
    if let (Some(place), Some(progress)) = (state.bundle, progress_by(operation)) {
        bundle::progress(overlay, cx, place, progress)?;
    }
    Ok(())
}

/// Refuses steps that come too early or too late.
fn check_time(state: &CaseState, cx: OperationContext<'_>, operation: &CaseOperation) -> Result<(), Code> {
    use CaseOperation as Op;
    let is_silent = is_deemed_accepted(state, cx.context.time_ms);
    match operation {
        Op::Acknowledge { .. } | Op::Bounce { .. } if is_waiting(state) => Err(Code::CasePredecessorsOpen),
        Op::RequestCorrection { .. } if state.was_corrected => Err(Code::CaseSecondCorrection),
        Op::RequestCorrection { .. } if is_silent => Err(Code::CaseCorrectionLate),
        Op::AcceptConditionally { .. } | Op::NotAccept { .. } if is_silent => Err(Code::CaseDeemedAccepted),
        _ => Ok(()),
    }
}

/// Checks the step against the case, moves the case to the status `next`, and makes the other changes that follow.
fn effect<R: StateReader>(
    overlay: &mut Overlay<'_, R>,
    cx: OperationContext<'_>,
    state: &mut CaseState,
    next: CaseStatus,
    operation: &CaseOperation,
) -> Result<(), RuleError> {
    use CaseOperation as Op;
    let now = cx.context.time_ms;
    let calendar = |overlay: &Overlay<'_, R>, state: &CaseState| read_calendar(overlay, &state.frozen);
    let was = std::mem::replace(&mut state.status, next);
    match operation {
        Op::Send { to, material_root, .. } => {
            if *to != state.receiver {
                return Err(Code::CaseReceiverMismatch.into());
            }
            state.material_root = Some(*material_root);
            match state.bundle {
                Some(place) => bundle::hand_over(overlay, cx, place, state)?,
                None => clock::offer(state, &calendar(overlay, state)?, now),
            }
        }
        Op::Acknowledge { material_root, .. } => {
            check_root(state, material_root)?;
            // A receipt by law (视为收件) keeps its time: signing the root later must not extend a period.
            if was != CaseStatus::DeemedReceived {
                clock::receive(state, &calendar(overlay, state)?, now);
            }
        }
        Op::RequestCorrection { items, .. } => request_correction(overlay, state, items)?,
        Op::Resubmit { material_root, .. } => {
            state.correction.clear();
            state.material_root = Some(*material_root);
            clock::offer(state, &calendar(overlay, state)?, now);
        }
        Op::Accept { .. } => clock::accept(state, &calendar(overlay, state)?, now),
        Op::AcceptConditionally { missing, .. } => accept_conditionally(overlay, cx, state, missing)?,
        Op::Fulfil { material_root, .. } => fulfil(state, cx, material_root)?,
        Op::Pause { .. } => clock::pause(state, &calendar(overlay, state)?, now),
        Op::Resume { .. } => clock::resume(state, &calendar(overlay, state)?, now),
        Op::Relay { matter, .. } => relay(overlay, cx, state, matter)?,
        Op::Grant { .. } | Op::Refuse { .. } => clock::decide(state, &calendar(overlay, state)?, now),
        Op::Result { licence, .. } => check_licence(overlay, state, licence.as_ref())?,
        Op::Notify { .. } => bundle::notify(overlay, cx, state.bundle)?,
        Op::Collect(_)
        | Op::BundleOpen(_)
        | Op::Check { .. }
        | Op::Bounce { .. }
        | Op::NotAccept { .. }
        | Op::Deliver { .. }
        | Op::Close { .. }
        | Op::Archive { .. }
        | Op::Withdraw { .. } => {}
    }
    Ok(())
}

/// What a step means for the case's bundle.
fn progress_by(operation: &CaseOperation) -> Option<ChildProgress> {
    use CaseOperation as Op;
    match operation {
        Op::Grant { .. } => Some(ChildProgress::Done),
        Op::Refuse { .. } | Op::NotAccept { .. } | Op::Bounce { .. } | Op::Withdraw { .. } => {
            Some(ChildProgress::Failed)
        }
        _ => None,
    }
}

/// Refuses a root that differs from the one the other end signed.
fn check_root(state: &CaseState, material_root: &Digest) -> Result<(), Code> {
    if state.material_root.as_ref() == Some(material_root) { Ok(()) } else { Err(Code::CaseRootMismatch) }
}

/// The guide frozen with the case.
fn guide<R: StateReader>(overlay: &Overlay<'_, R>, state: &CaseState) -> Result<Guide, RuleError> {
    let key = state.frozen.beside_item(PublicationKind::Guide);
    match publication::version(overlay, &key, state.frozen.guide_version)?.map(|found| found.body) {
        Some(PublicationBody::Guide(guide)) => Ok(guide),
        _ => Err(StateUnavailable(format!("{key:?} {} is not a guide", state.frozen.guide_version)).into()),
    }
}

fn check_named(list: &[MaterialCode]) -> Result<(), Code> {
    check_list(list)?;
    if list.is_empty() { Err(Code::CaseNothingNamed) } else { Ok(()) }
}

/// 一次性告知 (行政许可法 art. 32): only materials of the published guide may be asked for.
fn request_correction<R: StateReader>(
    overlay: &Overlay<'_, R>,
    state: &mut CaseState,
    items: &[MaterialCode],
) -> Result<(), RuleError> {
    check_named(items)?;
    if !is_subset(items, &guide(overlay, state)?.materials) {
        return Err(Code::CaseMaterialNotInGuide.into());
    }
    state.was_corrected = true;
    state.correction = items.to_vec();
    state.clock.answer_due_ms = None;
    state.clock.decision_due_ms = None;
    Ok(())
}

/// 容缺受理: only materials of the published tolerance set may follow later.
fn accept_conditionally<R: StateReader>(
    overlay: &Overlay<'_, R>,
    cx: OperationContext<'_>,
    state: &mut CaseState,
    missing: &[MaterialCode],
) -> Result<(), RuleError> {
    check_named(missing)?;
    let guide = guide(overlay, state)?;
    if !is_subset(missing, &guide.tolerance) {
        return Err(Code::CaseToleranceExceeded.into());
    }
    let calendar = read_calendar(overlay, &state.frozen)?;
    clock::accept(state, &calendar, cx.context.time_ms);
    let due_ms = calendar.due(cx.context.time_ms, u32::from(guide.tolerance_days));
    state.condition = Some(Condition { missing: missing.to_vec(), due_ms, fulfilled_ms: None });
    Ok(())
}

fn fulfil(state: &mut CaseState, cx: OperationContext<'_>, material_root: &Digest) -> Result<(), Code> {
    let now = cx.context.time_ms;
    let Some(condition) = &mut state.condition else { return Err(Code::CaseNotConditional) };
    if clock::is_breached(condition, state.pause.as_ref(), now) {
        return Err(Code::CaseConditionBreached);
    }
    condition.fulfilled_ms = Some(now);
    state.material_root = Some(*material_root);
    Ok(())
}

/// 接续办: with the notice the next agency has received the case, under the versions in force there now.
fn relay<R: StateReader>(
    overlay: &Overlay<'_, R>,
    cx: OperationContext<'_>,
    state: &mut CaseState,
    matter: &Matter,
) -> Result<(), RuleError> {
    if state.mode != CaseMode::Relay {
        return Err(Code::CaseRelayMode.into());
    }
    if state.relayed.len() >= RELAYS_MAX {
        return Err(Code::CaseRelayTooMany.into());
    }
    if matter.agency == state.receiver {
        return Err(Code::CaseRelaySame.into());
    }
    let province = active_organisation(overlay, &matter.agency)?.province;
    check_keeps(overlay, cx.actor, &matter.agency, Competence::Cases)?;
    let now = cx.context.time_ms;
    let was_late = is_decision_late(state, now);
    state.relayed.push(RelayedPart { agency: state.receiver, relayed_by: cx.index, was_late });
    state.frozen = freeze(overlay, cx, matter, state.mode, province)?.0;
    state.receiver = matter.agency;
    state.was_corrected = false;
    state.condition = None;
    state.clock = CaseClock { collected_ms: state.clock.collected_ms, sent_ms: Some(now), ..CaseClock::default() };
    clock::receive(state, &read_calendar(overlay, &state.frozen)?, now);
    Ok(())
}

/// A licence named as the result must be on this ledger, issued by the agency that decided; or by whoever acts or once acted for it
/// since, in its cases or, where these and the licences went to different bodies, in licences of the type.
fn check_licence<R: StateReader>(
    overlay: &Overlay<'_, R>,
    state: &CaseState,
    licence: Option<&LicenceRef>,
) -> Result<(), RuleError> {
    let Some(licence) = licence else { return Ok(()) };
    let index = overlay.issued_at(licence)?.ok_or(Code::LicenceUnknown)?;
    let issued = overlay.issued_licence(index)?;
    if issued.issuer == state.receiver {
        return Ok(());
    }
    for agency in everyone_acting(overlay, &state.receiver, Competence::Cases)? {
        let issuers = everyone_acting(overlay, &agency, Competence::Licences(issued.licence_type))?;
        if issuers.contains(&issued.issuer) {
            return Ok(());
        }
    }
    Err(Code::LicenceIssuerMismatch.into())
}
