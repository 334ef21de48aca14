//! Handing competence on (机构改革): who acts for whom. What is refused when it is recorded: [`hand_over`].
//!
//! A hand-over takes effect with its block. From then on the successor does everything in its scope that the predecessor did, in what the
//! predecessor left as well as in what is new, and the predecessor no longer does. The standing of the predecessor does not matter: it may
//! be removed before or after, so that nothing of a removed body is ever without somebody who may act.

mod hand_over;

use crate::codes::Code;
use crate::ids::{TimeMs, Uscc};
use crate::state::succession::{Competence, HandedOn, SuccessionState, chain};
use crate::state::{StateKey, StateReader};

use super::overlay::Overlay;
use super::{Actor, RuleError};

pub(super) use hand_over::{by_vote, succeed};

/// Who acts now in a matter that is, or once was, this organisation's.
pub(super) fn holder<R: StateReader>(
    overlay: &Overlay<'_, R>,
    organisation: &Uscc,
    matter: Competence,
) -> Result<Uscc, RuleError> {
    Ok(steps(overlay, organisation, matter)?.last().map_or(*organisation, |step| step.to))
}

/// The hand-overs of a matter from this organisation on, oldest first.
fn steps<R: StateReader>(
    overlay: &Overlay<'_, R>,
    organisation: &Uscc,
    matter: Competence,
) -> Result<Vec<HandedOn>, RuleError> {
    let read = |at: &Uscc| overlay.read::<SuccessionState>(&StateKey::Succession(*at));
    Ok(chain(organisation, matter, TimeMs::MAX, read)?)
}

/// Everybody who acts or once acted in a matter of this organisation: itself first, who acts now last.
pub(super) fn everyone_acting<R: StateReader>(
    overlay: &Overlay<'_, R>,
    organisation: &Uscc,
    matter: Competence,
) -> Result<Vec<Uscc>, RuleError> {
    let steps = steps(overlay, organisation, matter)?;
    Ok(std::iter::once(*organisation).chain(steps.iter().map(|step| step.to)).collect())
}

/// Whether the signer is `organisation` and never handed anything on: then it acts in all that is its own, and nothing need be read.
pub(super) fn acts_itself(actor: &Actor, organisation: &Uscc) -> bool {
    *organisation == actor.key.organisation && !actor.has_handed_on
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
    if acts_itself(actor, organisation) {
        return Ok(());
    }
    let me = actor.key.organisation;
    match holder(overlay, organisation, matter)? {
        acting if acting == me => Ok(()),
        _ if *organisation == me => Err(Code::OrganisationSucceeded.into()),
        _ => Err(otherwise.into()),
    }
}

/// Refuses to name an organisation for a matter that it has handed on.
pub(super) fn check_keeps<R: StateReader>(
    overlay: &Overlay<'_, R>,
    actor: &Actor,
    organisation: &Uscc,
    matter: Competence,
) -> Result<(), RuleError> {
    if acts_itself(actor, organisation) || holder(overlay, organisation, matter)? == *organisation {
        Ok(())
    } else {
        Err(Code::OrganisationSucceeded.into())
    }
}
