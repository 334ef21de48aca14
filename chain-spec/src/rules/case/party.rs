//! Who takes a step: the agency the state names, or a signer under its mandate (E12 异地网办专员, E13 委托).

use crate::codes::Code;
use crate::ids::{ItemCode, ProvinceCode, Uscc};
use crate::record::CaseOperation;
use crate::record::case::{DeliveryChannel, Step};
use crate::record::publication::{Mandate, PublicationBody, PublicationKey, PublicationKind, Scope};
use crate::rules::overlay::Overlay;
use crate::rules::publication::{self, MandateAct, mandate_covers};
use crate::rules::succession::{acts_itself, check_keeps, holder};
use crate::rules::{OperationContext, RuleError, active_organisation};
use crate::state::case::CaseState;
use crate::state::succession::Competence;
use crate::state::{OrganisationState, StateKey, StateReader};

use super::table::{Party, StepRule};

/// Refuses a signer who is neither the step's party nor under its mandate.
pub(super) fn check<R: StateReader>(
    overlay: &Overlay<'_, R>,
    cx: OperationContext<'_>,
    state: &CaseState,
    rule: &StepRule,
    operation: &CaseOperation,
) -> Result<(), RuleError> {
    let me = cx.actor.key.organisation;
    let named = match rule.party {
        Party::Origin => state.origin,
        Party::Receiver | Party::ReceiverOrWindow => state.receiver,
    };
    let is_at_window = rule.party == Party::ReceiverOrWindow
        && matches!(operation, CaseOperation::Deliver { channel: DeliveryChannel::Window, .. });
    if acts_itself(cx.actor, &named) || is_at_window && acts_itself(cx.actor, &state.origin) {
        return Ok(());
    }
    let party = holder(overlay, &named, Competence::Cases)?;
    if me == party || is_at_window && me == holder(overlay, &state.origin, Competence::Cases)? {
        return Ok(());
    }
    if me == named {
        return Err(Code::OrganisationSucceeded.into());
    }
    let Some(Step { mandate: Some(key), .. }) = operation.step() else { return Err(Code::CaseWrongAgency.into()) };
    let Some(act) = rule.delegable else { return Err(Code::CaseNotDelegable.into()) };
    let mandate = read(overlay, key)?;
    check_mandate(cx, &mandate, act, &party, &state.frozen.item)?;
    // The party's own province, which is not that of the item where a successor acts under a predecessor's.
    let party: OrganisationState = overlay.read(&StateKey::Organisation(party))?.ok_or(Code::OrganisationUnknown)?;
    check_scope(key, Scope::Province(party.province))
}

/// On whose behalf the signer collects: its own organisation, or the principal of its mandate; with the province.
pub(super) fn origin<R: StateReader>(
    overlay: &Overlay<'_, R>,
    cx: OperationContext<'_>,
    mandate: Option<&PublicationKey>,
    item: &PublicationKey,
) -> Result<(Uscc, ProvinceCode), RuleError> {
    let Some(key) = mandate else {
        check_keeps(overlay, cx.actor, &cx.actor.key.organisation, Competence::Cases)?;
        return Ok((cx.actor.key.organisation, cx.actor.province()));
    };
    let mandate = read(overlay, key)?;
    check_mandate(cx, &mandate, MandateAct::Receive, &mandate.principal, item)?;
    check_keeps(overlay, cx.actor, &mandate.principal, Competence::Cases)?;
    let province = active_organisation(overlay, &mandate.principal)?.province;
    check_scope(key, Scope::Province(province))?;
    Ok((mandate.principal, province))
}

fn read<R: StateReader>(overlay: &Overlay<'_, R>, key: &PublicationKey) -> Result<Mandate, RuleError> {
    if !matches!(key.kind, PublicationKind::Mandate | PublicationKind::Delegation) {
        return Err(Code::CaseMandateUnknown.into());
    }
    match publication::in_force(overlay, key)?.map(|(_, version)| version.body) {
        Some(PublicationBody::Mandate(mandate)) => Ok(mandate),
        _ => Err(Code::CaseMandateUnknown.into()),
    }
}

/// A province can only delegate for principals of its own.
fn check_scope(key: &PublicationKey, of_principal: Scope) -> Result<(), RuleError> {
    if key.scope == Scope::Consortium || key.scope == of_principal {
        Ok(())
    } else {
        Err(Code::CaseMandateScope.into())
    }
}

/// The mandate lets the signer do `act` for `principal` on the item of this publication.
fn check_mandate(
    cx: OperationContext<'_>,
    mandate: &Mandate,
    act: MandateAct,
    principal: &Uscc,
    item: &PublicationKey,
) -> Result<(), Code> {
    let now = cx.context.time_ms;
    if mandate.until_ms.is_some_and(|until| now >= until) {
        return Err(Code::CaseMandateExpired);
    }
    let item: ItemCode = item.code.as_str().parse().map_err(|_| Code::CaseMandateScope)?;
    if mandate_covers(mandate, &cx.actor.key.organisation, &cx.actor.id, principal, &item, act, now) {
        Ok(())
    } else {
        Err(Code::CaseMandateScope)
    }
}
