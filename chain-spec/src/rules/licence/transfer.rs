//! What a transfer keeps: the holder, and the end of validity.

use crate::codes::Code;
use crate::crypto::Digest;
use crate::ids::TimeMs;
use crate::record::licence::Licence;
use crate::record::upkeep::Particulars;
use crate::state::{IssuedLicence, LicenceState, TransferTarget};

/// Validity and holder as they are after every correction.
struct Present {
    from_ms: TimeMs,
    until_ms: Option<TimeMs>,
    has_holder: bool,
}

fn present(issued: &IssuedLicence, current: Option<&LicenceState>) -> Present {
    match current.and_then(|state| state.upkeep.particulars(TimeMs::MAX)) {
        Some(right) => {
            Present { from_ms: right.valid_from_ms, until_ms: right.valid_until_ms, has_holder: right.holder.is_some() }
        }
        None => {
            Present { from_ms: issued.valid_from_ms, until_ms: issued.valid_until_ms, has_holder: issued.has_holder }
        }
    }
}

/// An expired licence is not sent away; one with a holder goes with a commitment to the holder.
pub(super) fn check_out(
    issued: &IssuedLicence,
    current: Option<&LicenceState>,
    holder: Option<&Digest>,
    now: TimeMs,
) -> Result<(), Code> {
    let present = present(issued, current);
    check_not_expired(&present, now)?;
    if present.has_holder && holder.is_none() { Err(Code::LicenceTransferHolder) } else { Ok(()) }
}

/// The same holder by the commitment that both sides sign, and no longer validity without a basis.
pub(super) fn check_in(
    issued: &IssuedLicence,
    current: Option<&LicenceState>,
    target: &TransferTarget,
    licence: &Licence,
    holder: Option<Digest>,
    has_basis: bool,
    now: TimeMs,
) -> Result<(), Code> {
    let present = present(issued, current);
    check_not_expired(&present, now)?;
    if holder != target.holder || (holder.is_some() && licence.holder.is_none()) {
        return Err(Code::LicenceTransferHolder);
    }
    let is_longer = present.is_left(licence.valid_from_ms, licence.valid_until_ms);
    if is_longer && !has_basis { Err(Code::LicenceTransferLengthens) } else { Ok(()) }
}

/// A correction does not lengthen what a transfer did not: a licence that was taken over keeps within what it says. More takes a new
/// version of the receiving authority's own.
pub(super) fn check_correction(
    issued: &IssuedLicence,
    current: Option<&LicenceState>,
    right: &Particulars,
) -> Result<(), Code> {
    let is_longer = present(issued, current).is_left(right.valid_from_ms, right.valid_until_ms);
    if issued.is_transferred && is_longer { Err(Code::LicenceTransferLengthens) } else { Ok(()) }
}

impl Present {
    /// Whether a validity begins sooner or ends later.
    fn is_left(&self, from_ms: TimeMs, until_ms: Option<TimeMs>) -> bool {
        let ends_later = match (until_ms, self.until_ms) {
            (_, None) => false,
            (None, Some(_)) => true,
            (Some(new), Some(old)) => new > old,
        };
        ends_later || from_ms < self.from_ms
    }
}

fn check_not_expired(present: &Present, now: TimeMs) -> Result<(), Code> {
    if present.until_ms.is_some_and(|until| until <= now) { Err(Code::LicenceExpired) } else { Ok(()) }
}
