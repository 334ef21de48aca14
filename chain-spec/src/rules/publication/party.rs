//! Who may act on a publication, and whose signatures it needs.

use crate::codes::Code;
use crate::ids::{ProvinceCode, TimeMs, Uscc};
use crate::record::PublicationOperation;
use crate::record::membership::Standing;
use crate::record::publication::{Mandate, PARTIES_MAX, PublicationKey, Scope};
use crate::rules::overlay::Overlay;
use crate::rules::succession::{acts_itself, check_keeps, holder};
use crate::rules::{Actor, BlockContext, RuleError, active_organisation};
use crate::state::publication::{DraftState, DraftStatus, PublicationState};
use crate::state::succession::Competence;
use crate::state::{OrganisationState, ProvinceState, StateKey, StateReader};

use super::DAY_MS;
use super::approval::{Approval, DRAFT_DAYS_MAX, Publisher, Signatures};

/// Active provinces, in the order of their codes: one read per code of the table, 36 in all.
pub(super) fn active_provinces<R: StateReader>(overlay: &Overlay<'_, R>) -> Result<Vec<ProvinceCode>, RuleError> {
    let mut active = Vec::new();
    for province in ProvinceCode::all() {
        if is_active_province(overlay, province)? {
            active.push(province);
        }
    }
    Ok(active)
}

pub(super) fn is_active_province<R: StateReader>(
    overlay: &Overlay<'_, R>,
    province: ProvinceCode,
) -> Result<bool, RuleError> {
    let state: Option<ProvinceState> = overlay.read(&StateKey::Province(province))?;
    Ok(state.is_some_and(|state| state.standing == Standing::Active))
}

/// Whether the signer's organisation is its province's authority.
pub(super) fn is_authority<R: StateReader>(overlay: &Overlay<'_, R>, actor: &Actor) -> Result<bool, RuleError> {
    let province: Option<ProvinceState> = overlay.read(&StateKey::Province(actor.province()))?;
    Ok(province.is_some_and(|province| province.organisation == actor.key.organisation))
}

/// Who may prepare and publish: in its own province, its authority or, where the kind allows, the agency whose
/// publication it is.
pub(super) fn check_publisher<R: StateReader>(
    overlay: &Overlay<'_, R>,
    actor: &Actor,
    key: &PublicationKey,
    approval: &Approval,
    state: &PublicationState,
) -> Result<(), RuleError> {
    match key.scope {
        Scope::Province(province) if province != actor.province() => {
            return Err(Code::PublicationWrongProvince.into());
        }
        Scope::Province(_) | Scope::Consortium => {}
    }
    if is_authority(overlay, actor)? {
        return Ok(());
    }
    if approval.who == Publisher::AnyAgency {
        check_keeps(overlay, actor, &actor.key.organisation, Competence::Publications)?;
    }
    match approval.who {
        Publisher::ProvinceAuthority => Err(Code::PublicationNotAuthority.into()),
        Publisher::AnyAgency => match live_owner(overlay, actor, state)? {
            Some(owner) if owner != actor.key.organisation => Err(Code::PublicationNotOwner.into()),
            Some(_) | None => Ok(()),
        },
    }
}

/// The owner of the publication or its successor, if that is an active organisation: others may continue what an inactive one
/// published.
pub(super) fn live_owner<R: StateReader>(
    overlay: &Overlay<'_, R>,
    actor: &Actor,
    state: &PublicationState,
) -> Result<Option<Uscc>, RuleError> {
    let Some(owner) = state.owner else { return Ok(None) };
    if acts_itself(actor, &owner) {
        return Ok(Some(owner));
    }
    let owner = holder(overlay, &owner, Competence::Publications)?;
    let organisation: Option<OrganisationState> = overlay.read(&StateKey::Organisation(owner))?;
    let is_active = organisation.is_some_and(|organisation| organisation.standing == Standing::Active);
    Ok(is_active.then_some(owner))
}

/// Which of the drafts of a version an operation is about: the signer's province prepares its own; a signature names the content; and
/// what else is done with a draft is done with one that the signer may continue. Where there is none of these the oldest, of which the
/// refusal speaks.
pub(super) fn draft_of<R: StateReader>(
    overlay: &Overlay<'_, R>,
    context: &BlockContext,
    actor: &Actor,
    drafts: &[DraftState],
    operation: &PublicationOperation,
) -> Result<Option<usize>, RuleError> {
    use PublicationOperation as Op;
    let here = actor.province();
    let own = drafts.iter().position(|draft| draft.lead_province == here);
    let oldest = (!drafts.is_empty()).then_some(0);
    match operation {
        Op::Draft { .. } => Ok(own),
        Op::CoSign { body_digest, .. } => {
            // Two provinces may have laid the same content open.
            let with = |draft: &DraftState| draft.content == *body_digest;
            let waits =
                |draft: &DraftState| draft.status() != DraftStatus::Consulting && !draft.signed_by.contains(&here);
            let waiting = drafts.iter().position(|draft| with(draft) && waits(draft));
            Ok(waiting.or_else(|| drafts.iter().position(with)).or(oldest))
        }
        Op::CloseConsultation { .. } | Op::Publish { .. } | Op::Withdraw { .. } => {
            let candidates: Vec<usize> = own.into_iter().chain(0..drafts.len()).collect();
            for place in &candidates {
                if is_allowed(check_lead(overlay, actor, &drafts[*place]))? {
                    return Ok(Some(*place));
                }
            }
            for place in candidates.iter().filter(|_| matches!(operation, Op::Withdraw { .. })) {
                if is_allowed(check_withdraw(overlay, actor, &drafts[*place], context.time_ms))? {
                    return Ok(Some(*place));
                }
            }
            Ok(oldest)
        }
        Op::Repeal { .. } | Op::Acknowledge { .. } => Ok(None),
    }
}

/// Whether a rule allows it; a store that cannot answer is no answer.
fn is_allowed(found: Result<(), RuleError>) -> Result<bool, RuleError> {
    match found {
        Ok(()) => Ok(true),
        Err(RuleError::Refused(_)) => Ok(false),
        Err(unavailable) => Err(unavailable),
    }
}

/// Who may continue a draft: its lead or the successor of the lead, or the authority of the lead's province.
pub(super) fn check_lead<R: StateReader>(
    overlay: &Overlay<'_, R>,
    actor: &Actor,
    draft: &DraftState,
) -> Result<(), RuleError> {
    let is_lead = acts_itself(actor, &draft.lead)
        || actor.key.organisation == holder(overlay, &draft.lead, Competence::Publications)?;
    if is_lead || (actor.province() == draft.lead_province && is_authority(overlay, actor)?) {
        return Ok(());
    }
    Err(Code::PublicationNotLead.into())
}

/// Who may withdraw a draft: its lead, or the authority of the lead's province; and if that province has left, or the draft
/// is older than [`DRAFT_DAYS_MAX`], the authority of any province that was to sign.
pub(super) fn check_withdraw<R: StateReader>(
    overlay: &Overlay<'_, R>,
    actor: &Actor,
    draft: &DraftState,
    now: TimeMs,
) -> Result<(), RuleError> {
    let was_to_sign = draft.signers.binary_search(&actor.province()).is_ok();
    let from = draft.consultation.map_or(draft.drafted_ms, |consultation| consultation.window.closes_ms);
    let is_stale = now.ms_since(from) > u64::from(DRAFT_DAYS_MAX) * DAY_MS;
    let is_open = is_stale || !is_active_province(overlay, draft.lead_province)?;
    if was_to_sign && is_open && is_authority(overlay, actor)? {
        return Ok(());
    }
    check_lead(overlay, actor, draft)
}

/// The provinces whose signatures count for a draft by `actor`, and how many of them must sign.
pub(super) fn signers<R: StateReader>(
    overlay: &Overlay<'_, R>,
    actor: &Actor,
    approval: &Approval,
    parties: &[ProvinceCode],
    delegation: Option<&Mandate>,
) -> Result<(Vec<ProvinceCode>, u8), RuleError> {
    if approval.signatures != Signatures::Parties && !parties.is_empty() {
        return Err(Code::PublicationParties.into());
    }
    let signers = match approval.signatures {
        Signatures::OneProvince => vec![actor.province()],
        Signatures::AllProvinces | Signatures::TwoThirds => active_provinces(overlay)?,
        Signatures::Parties => {
            check_parties(overlay, actor, parties, delegation)?;
            parties.to_vec()
        }
    };
    let needed = needed(approval.signatures, signers.len());
    Ok((signers, u8::try_from(needed).unwrap_or(u8::MAX)))
}

/// How many of `count` provinces must sign.
pub(super) fn needed(signatures: Signatures, count: usize) -> usize {
    match signatures {
        Signatures::OneProvince | Signatures::AllProvinces | Signatures::Parties => count,
        Signatures::TwoThirds => (2 * count).div_ceil(3),
    }
}

/// Parties are active provinces, sorted, the signer's among them. A delegation's are those of principal and agent; every
/// other kind needs at least two.
fn check_parties<R: StateReader>(
    overlay: &Overlay<'_, R>,
    actor: &Actor,
    parties: &[ProvinceCode],
    delegation: Option<&Mandate>,
) -> Result<(), RuleError> {
    let sorted = parties.windows(2).all(|pair| pair[0] < pair[1]);
    let includes_signer = parties.binary_search(&actor.province()).is_ok();
    if !sorted || !includes_signer || parties.len() > PARTIES_MAX {
        return Err(Code::PublicationParties.into());
    }
    match delegation {
        Some(mandate) => {
            let agent = active_organisation(overlay, &mandate.agent)?.province;
            let mut both = vec![actor.province(), agent];
            both.sort_unstable();
            both.dedup();
            if parties != both {
                return Err(Code::PublicationParties.into());
            }
        }
        None if parties.len() < 2 => return Err(Code::PublicationParties.into()),
        None => {}
    }
    for party in parties {
        party.check().map_err(|error| error.code())?;
        if !is_active_province(overlay, *party)? {
            return Err(Code::PublicationPartyInactive.into());
        }
    }
    Ok(())
}
