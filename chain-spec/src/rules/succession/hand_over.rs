//! Recording a hand-over.
//!
//! **Invariants**
//! * Whoever acts in a matter that it received acts in the same matter of its own: nothing ends with a body that handed it on itself.
//! * Nothing gets stuck: the last hand-over an organisation may make takes all that it still holds, an organisation that can make no
//!   more receives nothing, and at the end of a chain the provinces vote.

use std::collections::BTreeSet;

use crate::codec;
use crate::codes::Code;
use crate::ids::{LicenceType, ProvinceCode, RecordIndex, TimeMs, Uscc};
use crate::record::membership::{KEY_LICENCE_TYPES_MAX, Standing, Succession, SuccessionScope};
use crate::rules::overlay::Overlay;
use crate::rules::{OperationContext, RuleError, active_organisation, standing};
use crate::state::succession::{
    CHAIN_BY_VOTE_MAX, CHAIN_MAX, Competence, HANDED_ON_MAX, HandedOn, OFFER_OPEN_MS_MAX, Offer, SuccessionState,
};
use crate::state::{OrganisationState, ProvinceState, StateKey, StateReader};

use super::{everyone_acting, holder};

/// By the registrar of the predecessor's province; to another province, its registrar agrees with the same statement.
pub(in crate::rules) fn succeed<R: StateReader>(
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
        check_hand_over(overlay, &state, succession, CHAIN_MAX)?;
        let (offered_by, offered_ms) = (cx.index, cx.context.time_ms);
        state.offered = Some(Offer { to: *to, scope: scope.clone(), offered_by, offered_ms });
        overlay.write(StateKey::Succession(*from), &state);
        return Ok(());
    } else if new.province == mine {
        let now = cx.context.time_ms;
        let is_offered = state.offered.take().is_some_and(|offer| {
            offer.to == *to && offer.scope == *scope && now.ms_since(offer.offered_ms) <= OFFER_OPEN_MS_MAX
        });
        if !is_offered {
            return Err(Code::SuccessionNotOffered.into());
        }
        // What a province offered before it was suspended or removed is no longer its own decision.
        check_province(overlay, old.province)?;
    } else {
        return Err(Code::OrganisationWrongProvince.into());
    }
    let receiving = check_hand_over(overlay, &state, succession, CHAIN_MAX)?;
    for (key, bytes) in hand_over(state, receiving, succession, cx.index, cx.context.time_ms) {
        overlay.write_bytes(key, bytes);
    }
    Ok(())
}

/// What a vote writes that hands on the competence of a removed province's organisation, or why it may not. At the end of a chain, where
/// no registrar can, the organisation's own province proposes it.
pub(in crate::rules) fn by_vote<R: StateReader>(
    overlay: &Overlay<'_, R>,
    proposer: ProvinceCode,
    succession: &Succession,
    (index, time_ms): (RecordIndex, TimeMs),
) -> Result<Vec<(StateKey, Vec<u8>)>, RuleError> {
    check_scope(succession)?;
    let old: OrganisationState =
        overlay.read(&StateKey::Organisation(succession.from))?.ok_or(Code::OrganisationUnknown)?;
    let province: Option<ProvinceState> = overlay.read(&StateKey::Province(old.province))?;
    let state = SuccessionState { offered: None, ..read(overlay, &succession.from)? };
    if province.is_some_and(|province| province.standing != Standing::Removed) {
        if state.depth < CHAIN_MAX {
            return Err(Code::SuccessionProvinceDecides.into());
        }
        if proposer != old.province {
            return Err(Code::GovernanceOwnProvinceOnly.into());
        }
    }
    let receiving = check_hand_over(overlay, &state, succession, CHAIN_BY_VOTE_MAX)?;
    Ok(hand_over(state, receiving, succession, index, time_ms))
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

/// The predecessor holds all of it, the successor is active, in an active province, and acts itself in it, and there is room in lists
/// and in a chain of `chain_max`. Gives what the successor handed on so far.
fn check_hand_over<R: StateReader>(
    overlay: &Overlay<'_, R>,
    state: &SuccessionState,
    succession: &Succession,
    chain_max: u8,
) -> Result<SuccessionState, RuleError> {
    let Succession { from, to, scope, .. } = succession;
    let new = active_organisation(overlay, to)?;
    check_province(overlay, new.province)?;
    for matter in scope.matters() {
        if holder(overlay, from, matter)? != *from {
            return Err(Code::SuccessionNotHeld.into());
        }
        check_acts_in(overlay, succession, matter)?;
    }
    if scope.covers(Competence::OtherLicences) {
        // "Every type" is every type that the predecessor holds: the successor acts itself in each of them.
        for one in named_apart(overlay, to)?.into_iter().map(Competence::Licences) {
            if holder(overlay, from, one)? == *from {
                check_acts_in(overlay, succession, one)?;
            }
        }
    }
    let receiving = read(overlay, to)?;
    let has_room = state.handed_on.len() < HANDED_ON_MAX && receiving.handed_on.len() < HANDED_ON_MAX;
    if !has_room || state.depth >= chain_max || receiving.depth >= chain_max {
        return Err(Code::SuccessionTooLong.into());
    }
    if state.handed_on.len() + 1 == HANDED_ON_MAX && leaves_something(overlay, from, scope)? {
        return Err(Code::SuccessionTooLong.into());
    }
    Ok(receiving)
}

/// What comes back to where it once was is fine; otherwise the successor acts itself, and is not somebody's predecessor.
fn check_acts_in<R: StateReader>(
    overlay: &Overlay<'_, R>,
    succession: &Succession,
    matter: Competence,
) -> Result<(), RuleError> {
    let acting = holder(overlay, &succession.to, matter)?;
    if acting == succession.to || acting == succession.from { Ok(()) } else { Err(Code::OrganisationSucceeded.into()) }
}

/// Whether the organisation would still hold something after this hand-over.
fn leaves_something<R: StateReader>(
    overlay: &Overlay<'_, R>,
    organisation: &Uscc,
    scope: &SuccessionScope,
) -> Result<bool, RuleError> {
    let whole = [Competence::OtherLicences, Competence::Cases, Competence::Seals, Competence::Publications];
    let named = named_apart(overlay, organisation)?.into_iter().map(Competence::Licences);
    for matter in whole.into_iter().chain(named).filter(|matter| !scope.covers(*matter)) {
        if holder(overlay, organisation, matter)? == *organisation {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The types that may be elsewhere than the organisation's other licences: those that somebody on the way of these handed on by name.
fn named_apart<R: StateReader>(
    overlay: &Overlay<'_, R>,
    organisation: &Uscc,
) -> Result<BTreeSet<LicenceType>, RuleError> {
    let on_the_way: BTreeSet<Uscc> =
        everyone_acting(overlay, organisation, Competence::OtherLicences)?.into_iter().collect();
    let mut types = BTreeSet::new();
    for one in &on_the_way {
        for step in read(overlay, one)?.handed_on {
            types.extend(step.scope.licences.unwrap_or_default());
        }
    }
    Ok(types)
}

/// Refuses a province that is not active.
fn check_province<R: StateReader>(overlay: &Overlay<'_, R>, province: ProvinceCode) -> Result<(), RuleError> {
    let state: ProvinceState = overlay.read(&StateKey::Province(province))?.ok_or(Code::ProvinceRemoved)?;
    standing(state.standing, Code::ProvinceSuspended, Code::ProvinceRemoved)
}

/// Both organisations after the hand-over.
fn hand_over(
    mut state: SuccessionState,
    mut receiving: SuccessionState,
    succession: &Succession,
    recorded_by: RecordIndex,
    recorded_ms: TimeMs,
) -> Vec<(StateKey, Vec<u8>)> {
    let Succession { from, to, scope, .. } = succession;
    receiving.depth = receiving.depth.max(state.depth.saturating_add(1));
    state.handed_on.push(HandedOn { to: *to, scope: scope.clone(), recorded_by, recorded_ms });
    vec![(StateKey::Succession(*from), codec::encode(&state)), (StateKey::Succession(*to), codec::encode(&receiving))]
}
