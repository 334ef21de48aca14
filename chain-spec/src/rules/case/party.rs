//! Who takes a step: the agency the state names, or somebody under its mandate (E12 异地网办专员, E13 委托).

use crate::codes::Code;
use crate::ids::{ProvinceCode, Uscc};
use crate::record::CaseOperation;
use crate::record::case::{DeliveryChannel, Step};
use crate::record::membership::Standing;
use crate::record::publication::{Mandate, PublicationBody, PublicationKey, PublicationKind, Scope};
use crate::rules::overlay::Overlay;
use crate::rules::{RuleError, publication};
use crate::state::case::CaseState;
use crate::state::{OrganisationState, StateKey, StateReader};

use super::Turn;
use super::table::{Party, Power, StepRule};

/// Refuses a signer who is neither the step's party nor under its mandate.
pub(super) fn check<R: StateReader>(
    overlay: &Overlay<'_, R>,
    turn: Turn<'_>,
    state: &CaseState,
    rule: &StepRule,
    operation: &CaseOperation,
) -> Result<(), RuleError> {
    let me = turn.actor.key.organisation;
    let (party, province) = match rule.party {
        Party::Origin => (state.origin, Scope::Province(state.origin_province)),
        Party::Receiver | Party::ReceiverOrWindow => (state.receiver, state.frozen.item.scope),
    };
    let is_at_window = matches!(operation, CaseOperation::Deliver { channel: DeliveryChannel::Window, .. });
    if me == party || (rule.party == Party::ReceiverOrWindow && is_at_window && me == state.origin) {
        return Ok(());
    }
    let Some(Step { mandate: Some(key), .. }) = operation.step() else { return Err(Code::CaseWrongAgency.into()) };
    let Some(power) = rule.power else { return Err(Code::CaseNotDelegable.into()) };
    let mandate = read(overlay, key)?;
    check_mandate(turn, &mandate, power, state.frozen.item.code.as_str())?;
    if mandate.principal != party {
        return Err(Code::CaseMandateScope.into());
    }
    check_scope(key, province)
}

/// For whom the signer collects: its own organisation, or the principal of its mandate; with the province.
pub(super) fn origin<R: StateReader>(
    overlay: &Overlay<'_, R>,
    turn: Turn<'_>,
    mandate: Option<&PublicationKey>,
    item: &PublicationKey,
) -> Result<(Uscc, ProvinceCode), RuleError> {
    let Some(key) = mandate else { return Ok((turn.actor.key.organisation, turn.actor.province())) };
    let mandate = read(overlay, key)?;
    check_mandate(turn, &mandate, Power::Receive, item.code.as_str())?;
    let province = active(overlay, &mandate.principal)?.province;
    check_scope(key, Scope::Province(province))?;
    Ok((mandate.principal, province))
}

/// An organisation that may take part in a case now.
pub(super) fn active<R: StateReader>(
    overlay: &Overlay<'_, R>,
    organisation: &Uscc,
) -> Result<OrganisationState, RuleError> {
    organisation.check().map_err(|error| error.code())?;
    let state: OrganisationState =
        overlay.read(&StateKey::Organisation(*organisation))?.ok_or(Code::OrganisationUnknown)?;
    match state.standing {
        Standing::Active => Ok(state),
        Standing::Suspended => Err(Code::OrganisationSuspended.into()),
        Standing::Removed => Err(Code::OrganisationRemoved.into()),
    }
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

/// Nobody gives away what is another province's.
fn check_scope(key: &PublicationKey, of_principal: Scope) -> Result<(), RuleError> {
    if key.scope == Scope::Consortium || key.scope == of_principal {
        Ok(())
    } else {
        Err(Code::CaseMandateScope.into())
    }
}

fn check_mandate(turn: Turn<'_>, mandate: &Mandate, power: Power, item: &str) -> Result<(), Code> {
    if mandate.until_ms.is_some_and(|until| turn.context.time_ms >= until) {
        return Err(Code::CaseMandateExpired);
    }
    let has_power = match power {
        Power::Receive => mandate.receive,
        Power::Accept => mandate.accept,
        Power::Deliver => mandate.deliver,
    };
    let is_agent = mandate.agent == turn.actor.key.organisation;
    let is_officer = mandate.officer.is_none_or(|officer| officer == turn.actor.id);
    let covers_item = mandate.items.is_empty() || mandate.items.iter().any(|covered| covered.as_str() == item);
    if has_power && is_agent && is_officer && covers_item { Ok(()) } else { Err(Code::CaseMandateScope) }
}
