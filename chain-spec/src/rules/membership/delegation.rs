//! Issuing in another's name (委托): a provincial platform issues for many bureaus with one key. The licence names the bureau as its issuer,
//! the record names the organisation that signed.
//!
//! A delegate issues, amends, corrects, attaches and detaches. It does not suspend, revoke or withdraw, and takes no part in transfers: a
//! decision about a holder is the bureau's own act.

use crate::codes::Code;
use crate::ids::{LicenceType, Uscc};
use crate::record::membership::{Delegation, KEY_LICENCE_TYPES_MAX};
use crate::rules::overlay::Overlay;
use crate::rules::{Actor, BlockContext, OperationContext, RuleError, active_organisation, succession};
use crate::state::succession::Competence;
use crate::state::{DelegationState, StateKey, StateReader};

use super::check_own_active;

/// Records a delegation between two active organisations of the signer's province.
pub(super) fn give<R: StateReader>(
    overlay: &mut Overlay<'_, R>,
    at: OperationContext<'_>,
    given: &Delegation,
) -> Result<(), RuleError> {
    let Delegation { from, to, licences, until_ms, .. } = given;
    let ascending = licences.windows(2).all(|pair| pair[0] < pair[1]);
    if from == to || !ascending || licences.len() > KEY_LICENCE_TYPES_MAX || *until_ms <= at.context.time_ms {
        return Err(Code::DelegationScope.into());
    }
    licences.iter().try_for_each(|one| one.check().map_err(|error| error.code()))?;
    check_own_active(overlay, at.actor, from)?;
    check_own_active(overlay, at.actor, to)?;
    let state = DelegationState { licences: licences.clone(), until_ms: *until_ms, given_by: at.index, ended_by: None };
    overlay.write(StateKey::Delegation(*from, *to), &state);
    Ok(())
}

/// Ends a delegation by an organisation of the signer's province, whatever the standing of the two.
pub(super) fn end<R: StateReader>(
    overlay: &mut Overlay<'_, R>,
    at: OperationContext<'_>,
    from: &Uscc,
    to: &Uscc,
) -> Result<(), RuleError> {
    super::own_organisation(overlay, at.actor, from)?;
    let key = StateKey::Delegation(*from, *to);
    let state: DelegationState = overlay.read(&key)?.ok_or(Code::DelegationNotInForce)?;
    if state.until_ms <= at.context.time_ms {
        return Err(Code::DelegationNotInForce.into());
    }
    let ended = DelegationState { until_ms: at.context.time_ms, ended_by: Some(at.index), ..state };
    overlay.write(key, &ended);
    Ok(())
}

/// Refuses a signer that may not issue licences of the type in the name of `issuer`: with `otherwise` where no delegation was ever
/// recorded between the two.
pub(in crate::rules) fn check<R: StateReader>(
    overlay: &Overlay<'_, R>,
    context: &BlockContext,
    actor: &Actor,
    issuer: &Uscc,
    licence_type: LicenceType,
    otherwise: Code,
) -> Result<(), RuleError> {
    let given: Option<DelegationState> = overlay.read(&StateKey::Delegation(*issuer, actor.key.organisation))?;
    let given = given.ok_or(otherwise)?;
    let covers = given.licences.is_empty() || given.licences.binary_search(&licence_type).is_ok();
    if !covers || given.until_ms <= context.time_ms {
        return Err(Code::DelegationNotInForce.into());
    }
    // What the issuer could not do itself, nobody does in its name.
    if active_organisation(overlay, issuer)?.province != actor.province() {
        return Err(Code::OrganisationWrongProvince.into());
    }
    succession::check_keeps(overlay, actor, issuer, Competence::Licences(licence_type))
}
