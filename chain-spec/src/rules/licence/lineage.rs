//! Versions that follow one another, and a withdrawal (撤销) that reaches all of them.
//!
//! Whoever withdraws a licence denies it from the beginning, so nothing that rests on it can stand: every version after it is withdrawn
//! with it, across a transfer too. The versions before it are withdrawn as far back as the signer acts for their issuer: what another
//! authority issued, only that authority denies.

use crate::codes::Code;
use crate::ids::{LicenceRef, RecordIndex, TimeMs};
use crate::rules::overlay::Overlay;
use crate::rules::{Actor, BlockContext, RuleError, succession};
use crate::state::succession::Competence;
use crate::state::{IssuedLicence, LicenceState, LicenceStatus, StateKey, StateReader};

/// Most versions of one lineage. It bounds what one withdrawal changes.
pub const LINEAGE_MAX: usize = 100;

/// Refuses a version after this one where the lineage is as long as it may be.
pub(super) fn check_room<R: StateReader>(overlay: &Overlay<'_, R>, issued: &IssuedLicence) -> Result<(), RuleError> {
    let (mut count, mut previous) = (1, issued.predecessor);
    while let Some(reference) = previous {
        count += 1;
        previous = read_issued(overlay, &reference)?.predecessor;
    }
    if count >= LINEAGE_MAX { Err(Code::LicenceLineageFull.into()) } else { Ok(()) }
}

/// A withdrawal and its record.
pub(super) struct Withdrawal<'a> {
    pub context: &'a BlockContext,
    pub actor: &'a Actor,
    pub index: RecordIndex,
    pub effective_ms: TimeMs,
}

/// Withdraws what follows a withdrawn licence, and what it follows.
pub(super) fn withdraw<R: StateReader>(
    overlay: &mut Overlay<'_, R>,
    withdrawal: &Withdrawal<'_>,
    issued: &IssuedLicence,
    successor: Option<LicenceRef>,
) -> Result<(), RuleError> {
    let mut next = successor;
    while let Some(reference) = next {
        let issued = read_issued(overlay, &reference)?;
        next = mark(overlay, withdrawal, reference, &issued)?;
    }
    let mut previous = issued.predecessor;
    while let Some(reference) = previous {
        let issued = read_issued(overlay, &reference)?;
        if !acts_for_issuer(overlay, withdrawal.actor, &issued)? {
            break;
        }
        mark(overlay, withdrawal, reference, &issued)?;
        previous = issued.predecessor;
    }
    Ok(())
}

/// Writes a licence as withdrawn, whatever it was, and gives its successor.
fn mark<R: StateReader>(
    overlay: &mut Overlay<'_, R>,
    withdrawal: &Withdrawal<'_>,
    reference: LicenceRef,
    issued: &IssuedLicence,
) -> Result<Option<LicenceRef>, RuleError> {
    let key = StateKey::Licence(reference);
    let current: LicenceState = overlay.read(&key)?.unwrap_or_else(|| LicenceState::unchanged(issued));
    let successor = current.successor;
    if current.status == LicenceStatus::Withdrawn {
        return Ok(successor);
    }
    let state = LicenceState {
        status: LicenceStatus::Withdrawn,
        changed_by: withdrawal.index,
        // No change takes effect before an earlier one; a withdrawal counts from the beginning all the same.
        effective_ms: withdrawal.effective_ms.max(current.effective_ms),
        recorded_ms: withdrawal.context.time_ms,
        transfer_to: None,
        earlier: current.changes().collect(),
        ..current
    };
    overlay.write(key, &state);
    Ok(successor)
}

fn acts_for_issuer<R: StateReader>(
    overlay: &Overlay<'_, R>,
    actor: &Actor,
    issued: &IssuedLicence,
) -> Result<bool, RuleError> {
    let matter = Competence::Licences(issued.licence_type);
    match succession::check_acts_for(overlay, actor, &issued.issuer, matter, Code::LicenceIssuerMismatch) {
        Ok(()) => Ok(true),
        Err(RuleError::Refused(_)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// What the issue record of a licence of a lineage says; every one of them was issued.
fn read_issued<R: StateReader>(overlay: &Overlay<'_, R>, reference: &LicenceRef) -> Result<IssuedLicence, RuleError> {
    let index = overlay.issued_at(reference)?.ok_or(Code::LicenceUnknown)?;
    Ok(overlay.issued_licence(index)?)
}
