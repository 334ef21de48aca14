//! Rules of the licence family.
//!
//! Life of a licence (standards: national certificate transfer rules; 行政许可法 art. 69-70 for 撤销 and 注销):
//!
//! ```text
//!              suspend            transfer_out
//!  ISSUED <------------> SUSPENDED    ISSUED <------------------> TRANSFERRED_OUT
//!     |  restore                         cancel_transfer              | transfer_in (by the organisation named)
//!     | amend                                                         v
//!     +--------------------------------------------------------> SUPERSEDED
//!  ISSUED, SUSPENDED                   -> LAPSED | CANCELLED
//!  ISSUED, SUSPENDED, TRANSFERRED_OUT  -> WITHDRAWN | REVOKED
//!  SUPERSEDED                          -> WITHDRAWN, and every version after it whatever it is
//! ```
//! SUPERSEDED, LAPSED, CANCELLED, WITHDRAWN and REVOKED are final but for a withdrawal of the lineage ([`lineage`]). A licence has at most
//! one successor.
//!
//! `correct`, `attach`, `detach` and `annual_check` leave the status alone ([`upkeep`]).

mod competence;
mod document;
pub mod lineage;
mod number;
mod party;
mod transfer;
mod upkeep;

use crate::codes::Code;
use crate::ids::{BasisCode, LicenceRef, LicenceType, PurposeCode, RecordIndex, TimeMs};
use crate::record::LicenceOperation;
use crate::record::licence::{Change, Licence, LicenceNumber};
use crate::state::history::CHANGES_MAX;
use crate::state::succession::Competence;
use crate::state::{
    IssuedLicence, LicenceState, LicenceStatus, OrganisationState, StateKey, StateReader, TransferTarget,
};

use super::membership::delegation;
use super::overlay::Overlay;
use super::{Actor, BlockContext, RuleError, check_organisation, succession};

/// How far after the block's time an effective time may lie: clocks of submitter and proposer differ.
pub const EFFECTIVE_AHEAD_MS_MAX: u64 = 10 * 60 * 1000;
/// Highest version number (GB/T 36904: three digits).
pub const LICENCE_VERSION_MAX: u16 = 999;

/// The status after `operation` on a licence in `status`, or the refusal that names the rule.
pub fn next_status(status: LicenceStatus, operation: &LicenceOperation) -> Result<LicenceStatus, Code> {
    use LicenceOperation as Op;
    use LicenceStatus as S;
    match (status, operation) {
        (S::Superseded, Op::Withdraw(_)) => Ok(S::Withdrawn),
        (S::Superseded, _) => Err(Code::LicenceAlreadyHasSuccessor),
        (S::Lapsed | S::Cancelled | S::Withdrawn | S::Revoked, _) => Err(Code::LicenceFinalState),
        (S::Issued, Op::Amend { .. }) => Ok(S::Superseded),
        (S::Issued, Op::Suspend(_)) => Ok(S::Suspended),
        (S::Issued, Op::TransferOut { .. }) => Ok(S::TransferredOut),
        (S::Suspended, Op::Restore(_)) => Ok(S::Issued),
        (S::TransferredOut, Op::TransferIn { .. }) => Ok(S::Superseded),
        (S::TransferredOut, Op::CancelTransfer(_)) => Ok(S::Issued),
        (S::Issued | S::Suspended, Op::Lapse(_)) => Ok(S::Lapsed),
        (S::Issued | S::Suspended, Op::Cancel(_)) => Ok(S::Cancelled),
        (S::Issued | S::Suspended | S::TransferredOut, Op::Withdraw(_)) => Ok(S::Withdrawn),
        (S::Issued | S::Suspended | S::TransferredOut, Op::Revoke(_)) => Ok(S::Revoked),
        (S::Issued | S::Suspended, Op::TransferIn { .. }) => Err(Code::LicenceTransferInWithoutOut),
        (S::Issued | S::Suspended, Op::Correct(_) | Op::Attach(_) | Op::AnnualCheck(_)) => Ok(status),
        (S::Issued | S::Suspended | S::TransferredOut, Op::Detach(_)) => Ok(status),
        (_, Op::Restore(_)) => Err(Code::LicenceNotSuspended),
        (_, Op::CancelTransfer(_)) => Err(Code::LicenceNotTransferredOut),
        (S::Issued | S::Suspended | S::TransferredOut, _) => Err(Code::LicenceWrongState),
    }
}

/// Applies `operation`, which becomes record `index`, and gives the version of the list by which the issuer of a new licence is competent.
pub(super) fn apply<R: StateReader>(
    overlay: &mut Overlay<'_, R>,
    context: &BlockContext,
    actor: &Actor,
    index: RecordIndex,
    operation: &LicenceOperation,
) -> Result<Option<u32>, RuleError> {
    check_permission(actor, operation)?;
    let (mut predecessor, mut competent) = (None, None);
    if let Some(changed) = operation.changed_licence() {
        predecessor = Some(change(overlay, context, actor, index, changed, operation)?);
    }
    if let Some(licence) = operation.new_licence() {
        check_licence(overlay, context, actor, licence)?;
        competent = competence::check(overlay, licence)?;
        if licence.licence != LicenceRef::owned(context.algorithm, &licence.issuer, &licence.name) {
            return Err(Code::LicenceReferenceNotOwn.into());
        }
        if overlay.issued_at(&licence.licence)?.is_some() {
            return Err(Code::LicenceDuplicate.into());
        }
        number::check(overlay, context, index, licence, operation, predecessor)?;
        overlay.set_issued(licence.licence, index);
    }
    document::note(overlay, actor, index, operation)?;
    Ok(competent)
}

/// Texts of an operation that the privacy filter reads.
pub(super) fn texts(operation: &LicenceOperation) -> Vec<&str> {
    let mut texts = Vec::new();
    if let Some(licence) = operation.new_licence() {
        texts.extend(licence.seal.as_ref().map(|seal| seal.seal.as_str()));
        texts.extend([&licence.exception, &licence.imported].into_iter().flatten().map(BasisCode::as_str));
    }
    match operation {
        LicenceOperation::Issue(_) => {}
        LicenceOperation::Amend { basis, .. } => texts.push(basis.as_str()),
        LicenceOperation::TransferIn { basis, extension, .. } => {
            texts.push(basis.as_str());
            texts.extend(extension.as_ref().map(BasisCode::as_str));
        }
        LicenceOperation::TransferOut { change, .. }
        | LicenceOperation::Suspend(change)
        | LicenceOperation::Restore(change)
        | LicenceOperation::CancelTransfer(change)
        | LicenceOperation::Cancel(change)
        | LicenceOperation::Withdraw(change)
        | LicenceOperation::Revoke(change)
        | LicenceOperation::Lapse(change) => texts.push(change.basis.as_str()),
        LicenceOperation::Correct(correction) => {
            texts.extend(correction.particulars.seal.as_ref().map(|seal| seal.seal.as_str()));
            texts.extend(correction.particulars.exception.as_ref().map(BasisCode::as_str));
        }
        LicenceOperation::Attach(attachment) => texts.extend(attachment.purpose.as_ref().map(PurposeCode::as_str)),
        LicenceOperation::Detach(detachment) => texts.push(detachment.basis.as_str()),
        LicenceOperation::AnnualCheck(check) => texts.push(check.basis.as_str()),
    }
    texts
}

fn check_permission(actor: &Actor, operation: &LicenceOperation) -> Result<(), Code> {
    use LicenceOperation as Op;
    let permissions = &actor.key.permissions;
    let allowed = match operation {
        Op::Issue(_) | Op::Amend { .. } | Op::Correct(_) | Op::Attach(_) | Op::Detach(_) => permissions.issue,
        Op::TransferOut { .. } | Op::TransferIn { .. } | Op::CancelTransfer(_) => permissions.transfer,
        Op::Suspend(_)
        | Op::Restore(_)
        | Op::Cancel(_)
        | Op::Withdraw(_)
        | Op::Revoke(_)
        | Op::Lapse(_)
        | Op::AnnualCheck(_) => permissions.change_status,
    };
    if allowed { Ok(()) } else { Err(Code::KeyNotPermitted) }
}

/// What a licence must satisfy on its own.
fn check_licence<R: StateReader>(
    overlay: &Overlay<'_, R>,
    context: &BlockContext,
    actor: &Actor,
    licence: &Licence,
) -> Result<(), RuleError> {
    licence.issuer.check().map_err(|error| error.code())?;
    licence.licence_type.check().map_err(|error| error.code())?;
    let (licence_type, otherwise) = (licence.licence_type, Code::LicenceIssuerMismatch);
    if licence.issuer == actor.key.organisation {
        let matter = Competence::Licences(licence_type);
        succession::check_acts_for(overlay, actor, &licence.issuer, matter, otherwise)?;
    } else {
        delegation::check(overlay, context, actor, &licence.issuer, licence_type, otherwise)?;
    }
    upkeep::check_particulars(actor, &licence.particulars())?;
    if !actor.key.permissions.covers(&licence.licence_type) {
        return Err(Code::KeyLicenceTypeNotPermitted.into());
    }
    if licence.version == 0 || licence.version > LICENCE_VERSION_MAX {
        return Err(Code::LicenceVersionNotNewer.into());
    }
    Ok(())
}

/// Changes the existing licence `changed`, and gives its number.
fn change<R: StateReader>(
    overlay: &mut Overlay<'_, R>,
    context: &BlockContext,
    actor: &Actor,
    index: RecordIndex,
    changed: &LicenceRef,
    operation: &LicenceOperation,
) -> Result<LicenceNumber, RuleError> {
    let issued_by = overlay.issued_at(changed)?.ok_or(Code::LicenceUnknown)?;
    let issued = overlay.issued_licence(issued_by)?;
    let key = StateKey::Licence(*changed);
    let current: Option<LicenceState> = overlay.read(&key)?;
    let status = current.as_ref().map_or(LicenceStatus::Issued, |state| state.status);
    let next = next_status(status, operation)?;
    check_room(current.as_ref(), next, status)?;
    party::check(overlay, context, actor, &issued, current.as_ref(), operation)?;
    if let Some(kept) = upkeep::keep(context, actor, index, &issued, current.as_ref(), operation)? {
        overlay.write(key, &kept);
        return Ok(issued.number);
    }
    let mut state = LicenceState {
        status: next,
        issued_by,
        changed_by: index,
        effective_ms: effective(context, &issued, current.as_ref(), operation)?,
        recorded_ms: context.time_ms,
        transfer_to: None,
        successor: None,
        earlier: current.iter().flat_map(LicenceState::changes).collect(),
        upkeep: current.as_ref().map(|state| state.upkeep.clone()).unwrap_or_default(),
    };
    match operation {
        LicenceOperation::TransferOut { to_province, to_organisation, holder, .. } => {
            let target = TransferTarget { province: *to_province, organisation: *to_organisation, holder: *holder };
            check_target(overlay, actor, &target, issued.licence_type)?;
            transfer::check_out(&issued, current.as_ref(), holder.as_ref(), context.time_ms)?;
            state.transfer_to = Some(target);
        }
        LicenceOperation::Amend { licence, .. } | LicenceOperation::TransferIn { licence, .. } => {
            check_successor(&issued, licence, operation)?;
            if let LicenceOperation::TransferIn { holder, extension, .. } = operation {
                let target = current.as_ref().and_then(|state| state.transfer_to);
                let target = target.ok_or(Code::LicenceTransferInWithoutOut)?;
                let (now, has_basis) = (context.time_ms, extension.is_some());
                transfer::check_in(&issued, current.as_ref(), &target, licence, *holder, has_basis, now)?;
            }
            lineage::check_room(overlay, &issued)?;
            state.successor = Some(licence.licence);
        }
        LicenceOperation::Withdraw(change) => {
            state.successor = current.as_ref().and_then(|state| state.successor);
            let withdrawal = lineage::Withdrawal { context, actor, index, effective_ms: change.effective_ms };
            lineage::withdraw(overlay, &withdrawal, &issued, state.successor)?;
        }
        _ => {}
    }
    overlay.write(key, &state);
    Ok(issued.number)
}

/// A licence with a full history is no longer brought into a status that another change must end.
fn check_room(current: Option<&LicenceState>, next: LicenceStatus, status: LicenceStatus) -> Result<(), Code> {
    let opens = next != status && matches!(next, LicenceStatus::Suspended | LicenceStatus::TransferredOut);
    let is_full = current.is_some_and(|state| state.changes().count() >= CHANGES_MAX);
    if opens && is_full { Err(Code::LicenceHistoryFull) } else { Ok(()) }
}

/// The receiving side must be an active organisation of another province.
fn check_target<R: StateReader>(
    overlay: &Overlay<'_, R>,
    actor: &Actor,
    target: &TransferTarget,
    licence_type: LicenceType,
) -> Result<(), RuleError> {
    if target.province == actor.province() {
        return Err(Code::LicenceTransferSameProvince.into());
    }
    let organisation: OrganisationState =
        overlay.read(&StateKey::Organisation(target.organisation))?.ok_or(Code::OrganisationUnknown)?;
    if organisation.province != target.province {
        return Err(Code::OrganisationWrongProvince.into());
    }
    check_organisation(&organisation)?;
    succession::check_keeps(overlay, actor, &target.organisation, Competence::Licences(licence_type))
}

/// A successor has the predecessor's type; an amended version also a higher version number.
fn check_successor(issued: &IssuedLicence, licence: &Licence, operation: &LicenceOperation) -> Result<(), Code> {
    if licence.licence_type != issued.licence_type {
        return Err(Code::LicenceTypeMismatch);
    }
    if matches!(operation, LicenceOperation::Amend { .. }) && licence.version <= issued.version {
        return Err(Code::LicenceVersionNotNewer);
    }
    Ok(())
}

/// When the change takes effect: as stated, or with the block where the operation states no time of its own.
///
/// A stated time lies between the licence's beginning (of its validity or of its record, whichever is earlier), or the
/// previous change, and now; one that is not stated is not before the previous change either, which may lie a little ahead. So a
/// later change never reaches behind an earlier one.
fn effective(
    context: &BlockContext,
    issued: &IssuedLicence,
    current: Option<&LicenceState>,
    operation: &LicenceOperation,
) -> Result<TimeMs, Code> {
    let earliest = current.map_or(issued.begins_ms(), |state| state.effective_ms);
    let latest = context.time_ms.plus_ms(EFFECTIVE_AHEAD_MS_MAX);
    let stated = |change: &Change| {
        if (earliest..=latest).contains(&change.effective_ms) {
            Ok(change.effective_ms)
        } else {
            Err(Code::LicenceEffectiveTime)
        }
    };
    match operation {
        // Those that leave the status alone have no use for it.
        LicenceOperation::Issue(_)
        | LicenceOperation::Amend { .. }
        | LicenceOperation::TransferIn { .. }
        | LicenceOperation::Correct(_)
        | LicenceOperation::Attach(_)
        | LicenceOperation::Detach(_)
        | LicenceOperation::AnnualCheck(_) => {
            Ok(current.map_or(context.time_ms, |state| state.effective_ms.max(context.time_ms)))
        }
        LicenceOperation::TransferOut { change, .. }
        | LicenceOperation::Suspend(change)
        | LicenceOperation::Restore(change)
        | LicenceOperation::CancelTransfer(change)
        | LicenceOperation::Cancel(change)
        | LicenceOperation::Withdraw(change)
        | LicenceOperation::Revoke(change)
        | LicenceOperation::Lapse(change) => stated(change),
    }
}
