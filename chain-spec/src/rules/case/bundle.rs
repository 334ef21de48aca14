//! Bundles (集成办, 一件事): cases with one root of materials, some at once, some after others.
//!
//! A case that waits for no other is received by law when the lead hands it over (统一收件后视为所有行政机关同时收件); one
//! that waits is received when the last case before it has given its written notice (前一行政机关书面告知视为收件).

use crate::codes::Code;
use crate::ids::{BundleRef, CaseRef, Uscc};
use crate::record::case::{BUNDLE_CHILDREN_MAX, BundleChild, BundleOpening};
use crate::rules::overlay::Overlay;
use crate::rules::succession::{check_keeps, holder};
use crate::rules::{OperationContext, RuleError};
use crate::state::case::{BundleChildState, BundlePlace, BundleState, CaseState, CaseStatus, ChildProgress, bit};
use crate::state::succession::Competence;
use crate::state::{StateKey, StateReader, StateUnavailable};

use super::calendars::read_calendar;
use super::{clock, read_case};

/// 集成办开件.
pub(super) fn open<R: StateReader>(
    overlay: &mut Overlay<'_, R>,
    cx: OperationContext<'_>,
    opening: &BundleOpening,
) -> Result<(), RuleError> {
    if opening.lead != cx.actor.key.organisation {
        return Err(Code::CaseWrongAgency.into());
    }
    check_keeps(overlay, cx.actor, &opening.lead, Competence::Cases)?;
    if opening.bundle != BundleRef::owned(cx.context.algorithm, &opening.lead, &opening.name) {
        return Err(Code::CaseBundleReferenceNotOwn.into());
    }
    let key = StateKey::Bundle(opening.bundle);
    if overlay.read::<BundleState>(&key)?.is_some() {
        return Err(Code::CaseBundleDuplicate.into());
    }
    if opening.children.is_empty() || opening.children.len() > BUNDLE_CHILDREN_MAX {
        return Err(Code::CaseBundleSize.into());
    }
    let mut children: Vec<BundleChildState> = Vec::with_capacity(opening.children.len());
    for (child, position) in opening.children.iter().zip(0u8..) {
        let after = graph(child, position)?;
        let is_known = children.iter().any(|earlier| earlier.case == child.case);
        if is_known || read_case(overlay, &child.case)?.is_some() {
            return Err(Code::CaseDuplicate.into());
        }
        let progress = ChildProgress::Planned;
        children.push(BundleChildState { case: child.case, after, progress, was_notified: false });
    }
    let state = BundleState {
        lead: opening.lead,
        material_root: opening.material_root,
        opened_ms: cx.context.time_ms,
        changed_by: cx.index,
        children,
    };
    overlay.write(key, &state);
    Ok(())
}

/// The cases that `child` waits for, as bits. They must be listed in order and all come before it, so there are no cycles.
fn graph(child: &BundleChild, position: u8) -> Result<u32, Code> {
    let in_order = child.after.windows(2).all(|pair| pair[0] < pair[1]);
    if !in_order || child.after.last().is_some_and(|last| *last >= position) {
        return Err(Code::CaseBundleOrder);
    }
    Ok(child.after.iter().fold(0, |mask, position| mask | bit(u32::from(*position))))
}

/// The place of a case that `origin` collects in a bundle.
pub(super) fn join<R: StateReader>(
    overlay: &Overlay<'_, R>,
    cx: OperationContext<'_>,
    bundle: &BundleRef,
    case: &CaseRef,
    origin: &Uscc,
) -> Result<BundlePlace, RuleError> {
    let state: BundleState = overlay.read(&StateKey::Bundle(*bundle))?.ok_or(Code::CaseBundleUnknown)?;
    debug_assert!(state.opened_ms <= cx.context.time_ms);
    if state.lead != *origin && holder(overlay, &state.lead, Competence::Cases)? != *origin {
        return Err(Code::CaseBundleLead.into());
    }
    let child = state.children.iter().zip(0u8..).find(|(child, _)| child.case == *case);
    let (_, position) = child.ok_or(Code::CaseBundleNotChild)?;
    Ok(BundlePlace { bundle: *bundle, position })
}

/// Who opened the bundle.
pub(super) fn lead<R: StateReader>(overlay: &Overlay<'_, R>, place: BundlePlace) -> Result<Uscc, RuleError> {
    Ok(read(overlay, place)?.lead)
}

/// 移交 in a bundle: the root is the bundle's, and the case is received at once if it waits for no other.
pub(super) fn hand_over<R: StateReader>(
    overlay: &Overlay<'_, R>,
    cx: OperationContext<'_>,
    place: BundlePlace,
    state: &mut CaseState,
) -> Result<(), RuleError> {
    let bundle = read(overlay, place)?;
    if state.material_root != Some(bundle.material_root) {
        return Err(Code::CaseBundleRoot.into());
    }
    state.clock.sent_ms = Some(cx.context.time_ms);
    if bundle.may_start(place.position) {
        start(overlay, cx, state)?;
    }
    Ok(())
}

/// Receipt by law.
fn start<R: StateReader>(
    overlay: &Overlay<'_, R>,
    cx: OperationContext<'_>,
    state: &mut CaseState,
) -> Result<(), RuleError> {
    state.status = CaseStatus::DeemedReceived;
    clock::receive(state, &read_calendar(overlay, &state.frozen)?, cx.context.time_ms);
    Ok(())
}

/// Records the progress of a case of a bundle.
pub(super) fn progress<R: StateReader>(
    overlay: &mut Overlay<'_, R>,
    cx: OperationContext<'_>,
    place: BundlePlace,
    progress: ChildProgress,
) -> Result<(), RuleError> {
    let mut bundle = read(overlay, place)?;
    bundle.changed_by = cx.index;
    if let Some(child) = bundle.children.get_mut(usize::from(place.position)) {
        child.progress = progress;
    }
    overlay.write(StateKey::Bundle(place.bundle), &bundle);
    Ok(())
}

/// 书面告知: cases that waited for this one, and no longer wait for another, are received.
pub(super) fn notify<R: StateReader>(
    overlay: &mut Overlay<'_, R>,
    cx: OperationContext<'_>,
    place: Option<BundlePlace>,
) -> Result<(), RuleError> {
    let Some(place) = place else { return Err(Code::CaseNotInBundle.into()) };
    let mut bundle = read(overlay, place)?;
    let Some(child) = bundle.children.get_mut(usize::from(place.position)) else { return Err(broken(place).into()) };
    if child.progress != ChildProgress::Done {
        return Err(Code::CaseNotGranted.into());
    }
    if child.was_notified {
        return Err(Code::CaseNoticeGiven.into());
    }
    child.was_notified = true;
    bundle.changed_by = cx.index;
    let this = bit(u32::from(place.position));
    let notified = bundle.notified();
    for next in bundle.children.iter().filter(|next| next.after & this != 0 && next.after & !notified == 0) {
        let Some(mut state) = read_case(overlay, &next.case)? else { continue };
        // The reference may have been used by another bundle first; that case does not belong to this one.
        if state.status == CaseStatus::Sent && state.bundle.is_some_and(|of| of.bundle == place.bundle) {
            start(overlay, cx, &mut state)?;
            state.changed_by = cx.index;
            overlay.write(StateKey::Case(next.case), &state);
        }
    }
    overlay.write(StateKey::Bundle(place.bundle), &bundle);
    Ok(())
}

fn read<R: StateReader>(overlay: &Overlay<'_, R>, place: BundlePlace) -> Result<BundleState, RuleError> {
    let state: Option<BundleState> = overlay.read(&StateKey::Bundle(place.bundle))?;
    Ok(state.ok_or_else(|| broken(place))?)
}

fn broken(place: BundlePlace) -> StateUnavailable {
    StateUnavailable(format!("a case is at position {} of bundle {}, which is missing", place.position, place.bundle))
}
