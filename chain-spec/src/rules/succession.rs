//! Handing competence on (机构改革): what is refused, and who acts for whom.
//!
//! A hand-over takes effect with its block. From then on the successor does everything in its scope that the predecessor did, in what the
//! predecessor left as well as in what is new, and the predecessor no longer does. The standing of the predecessor does not matter: it may
//! be removed before or after, so that nothing of a removed body is ever without somebody who may act.

use crate::codec;
use crate::codes::Code;
use crate::ids::{RecordIndex, TimeMs, Uscc};
use crate::record::membership::{KEY_LICENCE_TYPES_MAX, Standing, Succession, SuccessionScope};
use crate::state::succession::{CHAIN_MAX, Competence, HANDED_ON_MAX, HandedOn, Offer, SuccessionState, chain};
use crate::state::{OrganisationState, ProvinceState, StateKey, StateReader};

use super::overlay::Overlay;
use super::{Actor, OperationContext, RuleError, active_organisation};

/// Who acts now in a matter that is, or once was, this organisation's.
pub(super) fn holder<R: StateReader>(
    overlay: &Overlay<'_, R>,
    organisation: &Uscc,
    matter: Competence,
) -> Result<Uscc, RuleError> {
    let read = |at: &Uscc| overlay.read::<SuccessionState>(&StateKey::Succession(*at));
    let steps = chain(organisation, matter, TimeMs(u64::MAX), read)?;
    Ok(steps.last().map_or(*organisation, |step| step.to))
}

/// Refuses a signer who does not act in a matter of `organisation`: with [`Code::OrganisationSucceeded`] where it once did, else with
/// `otherwise`.
pub(super) fn check_acts_for<R: StateReader>(
    overlay: &Overlay<'_, R>,
    actor: &Actor,
    organisation: &Uscc,
    matter: Competence,
    otherwise: Code,
) -> Result<(), RuleError> {
    let me = actor.key.organisation;
    // The usual case costs nothing: its own matter, and it never handed anything on.
    if *organisation == me && !actor.has_handed_on {
        return Ok(());
    }
    match holder(overlay, organisation, matter)? {
        acting if acting == me => Ok(()),
        _ if *organisation == me => Err(Code::OrganisationSucceeded.into()),
        _ => Err(otherwise.into()),
    }
}

/// Refuses to name an organisation for a matter that it has handed on.
pub(super) fn check_keeps<R: StateReader>(
    overlay: &Overlay<'_, R>,
    organisation: &Uscc,
    matter: Competence,
) -> Result<(), RuleError> {
    if holder(overlay, organisation, matter)? == *organisation {
        Ok(())
    } else {
        Err(Code::OrganisationSucceeded.into())
    }
}

/// By the registrar of the predecessor's province; to another province, its registrar agrees with the same statement.
pub(super) fn succeed<R: StateReader>(
    overlay: &mut Overlay<'_, R>,
    cx: OperationContext<'_>,
    succession: &Succession,
) -> Result<(), RuleError> {
    let Succession { from, to, scope, .. } = succession;
    check_scope(succession)?;
    let old: OrganisationState = overlay.read(&StateKey::Organisation(*from))?.ok_or(Code::OrganisationUnknown)?;
    let new = active_organisation(overlay, to)?;
    let mine = cx.actor.province();
    let mut state = read(overlay, from)?;
    if old.province == mine && new.province == mine {
        state.offered = None;
    } else if old.province == mine {
        check_hand_over(overlay, &state, succession)?;
        state.offered = Some(Offer { to: *to, scope: scope.clone(), offered_by: cx.index });
        overlay.write(StateKey::Succession(*from), &state);
        return Ok(());
    } else if new.province == mine {
        let is_offered = state.offered.as_ref().is_some_and(|offer| offer.to == *to && offer.scope == *scope);
        if !is_offered {
            return Err(Code::SuccessionNotOffered.into());
        }
        state.offered = None;
    } else {
        return Err(Code::OrganisationWrongProvince.into());
    }
    for (key, bytes) in hand_over(overlay, state, succession, cx.index, cx.context.time_ms)? {
        overlay.write_bytes(key, bytes);
    }
    Ok(())
}

/// What a vote writes that hands on the competence of a removed province's organisation, or why it may not.
pub(super) fn by_vote<R: StateReader>(
    overlay: &Overlay<'_, R>,
    succession: &Succession,
    index: RecordIndex,
    time_ms: TimeMs,
) -> Result<Vec<(StateKey, Vec<u8>)>, RuleError> {
    check_scope(succession)?;
    let old: OrganisationState =
        overlay.read(&StateKey::Organisation(succession.from))?.ok_or(Code::OrganisationUnknown)?;
    let province: Option<ProvinceState> = overlay.read(&StateKey::Province(old.province))?;
    if province.is_some_and(|province| province.standing != Standing::Removed) {
        return Err(Code::SuccessionProvinceDecides.into());
    }
    let state = SuccessionState { offered: None, ..read(overlay, &succession.from)? };
    hand_over(overlay, state, succession, index, time_ms)
}

fn read<R: StateReader>(overlay: &Overlay<'_, R>, organisation: &Uscc) -> Result<SuccessionState, RuleError> {
    Ok(overlay.read(&StateKey::Succession(*organisation))?.unwrap_or_default())
}

/// Something is handed on, to somebody else; types are sorted, without repetition.
fn check_scope(succession: &Succession) -> Result<(), Code> {
    let SuccessionScope { licences, .. } = &succession.scope;
    for organisation in [&succession.from, &succession.to] {
        organisation.check().map_err(|error| error.code())?;
    }
    let types = licences.as_deref().unwrap_or_default();
    if types.len() > KEY_LICENCE_TYPES_MAX || types.windows(2).any(|pair| pair[0] >= pair[1]) {
        return Err(Code::SuccessionScope);
    }
    types.iter().try_for_each(|one| one.check().map_err(|error| error.code()))?;
    if succession.from == succession.to || succession.scope.matters().is_empty() {
        return Err(Code::SuccessionScope);
    }
    Ok(())
}

/// The predecessor holds all of it, the successor is active, in an active province, and acts itself in it, and there is room.
fn check_hand_over<R: StateReader>(
    overlay: &Overlay<'_, R>,
    state: &SuccessionState,
    succession: &Succession,
) -> Result<SuccessionState, RuleError> {
    let Succession { from, to, scope, .. } = succession;
    let new = active_organisation(overlay, to)?;
    let province: Option<ProvinceState> = overlay.read(&StateKey::Province(new.province))?;
    match province.map(|province| province.standing) {
        Some(Standing::Active) => {}
        Some(Standing::Suspended) => return Err(Code::ProvinceSuspended.into()),
        Some(Standing::Removed) | None => return Err(Code::ProvinceRemoved.into()),
    }
    for matter in scope.matters() {
        if holder(overlay, from, matter)? != *from {
            return Err(Code::SuccessionNotHeld.into());
        }
        // What comes back to where it once was is fine; otherwise the successor acts itself, and is not somebody's predecessor.
        let acting = holder(overlay, to, matter)?;
        if acting != *to && acting != *from {
            return Err(Code::OrganisationSucceeded.into());
        }
    }
    let receiving = read(overlay, to)?;
    if state.handed_on.len() >= HANDED_ON_MAX || state.depth >= CHAIN_MAX || receiving.depth >= CHAIN_MAX {
        return Err(Code::SuccessionTooLong.into());
    }
    Ok(receiving)
}

/// Both organisations after the hand-over.
fn hand_over<R: StateReader>(
    overlay: &Overlay<'_, R>,
    mut state: SuccessionState,
    succession: &Succession,
    recorded_by: RecordIndex,
    recorded_ms: TimeMs,
) -> Result<Vec<(StateKey, Vec<u8>)>, RuleError> {
    let mut receiving = check_hand_over(overlay, &state, succession)?;
    let Succession { from, to, scope, .. } = succession;
    receiving.depth = receiving.depth.max(state.depth.saturating_add(1));
    state.handed_on.push(HandedOn { to: *to, scope: scope.clone(), recorded_by, recorded_ms });
    Ok(vec![
        (StateKey::Succession(*from), codec::encode(&state)),
        (StateKey::Succession(*to), codec::encode(&receiving)),
    ])
}
