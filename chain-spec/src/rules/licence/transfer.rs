//! What a transfer keeps: the holder, and the end of validity.

use crate::codes::Code;
use crate::crypto::Digest;
use crate::ids::TimeMs;
use crate::record::licence::Licence;
use crate::state::{IssuedLicence, LicenceState, TransferTarget};

/// Validity and holder as they are after every correction.
struct Present {
    from_ms: TimeMs,
    until_ms: Option<TimeMs>,
    has_holder: bool,
}

fn present(issued: &IssuedLicence, current: Option<&LicenceState>) -> Present {
    match current.and_then(|state| state.upkeep.particulars(TimeMs(u64::MAX))) {
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
    let ends_later = match (licence.valid_until_ms, present.until_ms) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some(new), Some(old)) => new > old,
    };
    let is_longer = ends_later || licence.valid_from_ms < present.from_ms;
    if is_longer && !has_basis { Err(Code::LicenceTransferLengthens) } else { Ok(()) }
}

fn check_not_expired(present: &Present, now: TimeMs) -> Result<(), Code> {
    if present.until_ms.is_some_and(|until| until <= now) { Err(Code::LicenceExpired) } else { Ok(()) }
}
