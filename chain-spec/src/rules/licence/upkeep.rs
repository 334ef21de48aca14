//! Corrections, further files and annual checks: what changes a licence's record and leaves its status alone.

use crate::codes::Code;
use crate::ids::{RecordIndex, TimeMs};
use crate::record::LicenceOperation;
use crate::record::licence::Document;
use crate::record::upkeep::{AnnualCheck, Attachment, Correction, Detachment, Particulars};
use crate::rules::{Actor, BlockContext};
use crate::state::upkeep::{
    ANNUAL_CHECKS_MAX, ATTACHMENTS_MAX, AnnuallyChecked, Attached, AttachmentEnd, CORRECTIONS_MAX, Corrected,
};
use crate::state::{IssuedLicence, LicenceState};

use super::{EFFECTIVE_AHEAD_MS_MAX, transfer};

/// How long after its record an annual check may cover: ten years of 366 days.
pub const ANNUAL_COVER_MS_MAX: u64 = 10 * 366 * 24 * 60 * 60 * 1000;

/// The licence's state after `operation`, which is record `index`; `None` for an operation that changes the status.
pub(super) fn keep(
    context: &BlockContext,
    actor: &Actor,
    index: RecordIndex,
    issued: &IssuedLicence,
    current: Option<&LicenceState>,
    operation: &LicenceOperation,
) -> Result<Option<LicenceState>, Code> {
    let mut state = current.cloned().unwrap_or_else(|| LicenceState::unchanged(issued));
    let at = (index, context.time_ms);
    match operation {
        LicenceOperation::Correct(correction) => correct(&mut state, actor, issued, correction, at)?,
        LicenceOperation::Attach(attachment) => attach(&mut state, issued, attachment, at)?,
        LicenceOperation::Detach(detachment) => detach(&mut state, detachment, at)?,
        LicenceOperation::AnnualCheck(check) => check_annually(&mut state, check, at)?,
        _ => return Ok(None),
    }
    Ok(Some(state))
}

/// What particulars must satisfy on their own, of a new licence as of a corrected one.
pub(super) fn check_particulars(actor: &Actor, particulars: &Particulars) -> Result<(), Code> {
    particulars.region.check().map_err(|error| error.code())?;
    if particulars.region.province() != actor.province() {
        return Err(Code::OrganisationWrongProvince);
    }
    check_document(&particulars.document)?;
    if particulars.valid_until_ms.is_some_and(|until| until <= particulars.valid_from_ms) {
        return Err(Code::LicenceValidityWindow);
    }
    Ok(())
}

fn check_document(document: &Document) -> Result<(), Code> {
    if document.size_bytes == 0 {
        return Err(Code::LicenceDocumentMissing);
    }
    document.check_length()
}

/// The last correction holds. What was recorded before stays in the state, so that both answers about a past time follow from it.
fn correct(
    state: &mut LicenceState,
    actor: &Actor,
    issued: &IssuedLicence,
    correction: &Correction,
    (recorded_by, recorded_ms): (RecordIndex, TimeMs),
) -> Result<(), Code> {
    let Correction { reason, particulars, .. } = correction;
    check_particulars(actor, particulars)?;
    let present = state.upkeep.particulars(TimeMs::MAX).map_or(issued.particulars, Particulars::digest);
    if present == particulars.digest() {
        return Err(Code::LicenceCorrectionEmpty);
    }
    transfer::check_correction(issued, Some(state), particulars)?;
    check_room(state.upkeep.corrections.len(), CORRECTIONS_MAX)?;
    let particulars = particulars.clone();
    state.upkeep.corrections.push(Corrected { particulars, reason: *reason, recorded_by, recorded_ms });
    Ok(())
}

/// A file that ended may be attached again; one that stands, or that was recorded by mistake, may not.
fn attach(
    state: &mut LicenceState,
    issued: &IssuedLicence,
    attachment: &Attachment,
    (recorded_by, recorded_ms): (RecordIndex, TimeMs),
) -> Result<(), Code> {
    let Attachment { document, role, purpose, expires_ms, .. } = attachment.clone();
    check_document(&document)?;
    if expires_ms.is_some_and(|expires| expires <= recorded_ms) {
        return Err(Code::LicenceValidityWindow);
    }
    let corrected = state.upkeep.corrections.iter().map(|one| one.particulars.document.sha256);
    let mut recorded = std::iter::once(issued.document).chain(corrected);
    let stands = state.upkeep.attached(&document.sha256).is_some_and(|one| one.ended.is_none());
    if stands || recorded.any(|sha256| sha256 == document.sha256) {
        return Err(Code::LicenceAttachmentExists);
    }
    check_room(state.upkeep.attachments.len(), ATTACHMENTS_MAX)?;
    let attached = Attached { document, role, purpose, expires_ms, recorded_by, recorded_ms, ended: None };
    state.upkeep.attachments.push(attached);
    Ok(())
}

fn detach(
    state: &mut LicenceState,
    detachment: &Detachment,
    (recorded_by, recorded_ms): (RecordIndex, TimeMs),
) -> Result<(), Code> {
    let latest = recorded_ms.plus_ms(EFFECTIVE_AHEAD_MS_MAX);
    let stands = |one: &&mut Attached| one.document.sha256 == detachment.document && one.ended.is_none();
    let attached = state.upkeep.attachments.iter_mut().rev().find(stands).ok_or(Code::LicenceAttachmentUnknown)?;
    let effective_ms = detachment.effective_ms;
    if !(attached.recorded_ms..=latest).contains(&effective_ms) {
        return Err(Code::LicenceEffectiveTime);
    }
    attached.ended = Some(AttachmentEnd { effective_ms, recorded_by, recorded_ms });
    Ok(())
}

/// In the order of years; of one year again, as after a failure or a slip, which may also cover less than before.
fn check_annually(
    state: &mut LicenceState,
    check: &AnnualCheck,
    (recorded_by, recorded_ms): (RecordIndex, TimeMs),
) -> Result<(), Code> {
    let AnnualCheck { year, outcome, until_ms, .. } = *check;
    let checks = &mut state.upkeep.annual_checks;
    // A slip in the year could never be put right: later checks of the right year would be out of order.
    let covers_ms_max = recorded_ms.plus_ms(ANNUAL_COVER_MS_MAX);
    if year > recorded_ms.year_beijing() || until_ms > covers_ms_max {
        return Err(Code::LicenceAnnualCheckYear);
    }
    let before = checks.iter().rev().find(|one| one.year != year);
    let goes_back = checks.last().is_some_and(|last| year < last.year);
    if goes_back || before.is_some_and(|before| until_ms < before.until_ms) {
        return Err(Code::LicenceAnnualCheckOrder);
    }
    check_room(checks.len(), ANNUAL_CHECKS_MAX)?;
    checks.push(AnnuallyChecked { year, outcome, until_ms, recorded_by, recorded_ms });
    Ok(())
}

fn check_room(count: usize, max: usize) -> Result<(), Code> {
    if count >= max { Err(Code::LicenceUpkeepFull) } else { Ok(()) }
}
