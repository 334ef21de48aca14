//! Who changes a licence: its issuer, or who acts for it since a reform; the organisation that a transfer names takes it over; a delegate
//! issues new versions and keeps the record.

use crate::codes::Code;
use crate::record::LicenceOperation;
use crate::rules::membership::delegation;
use crate::rules::overlay::Overlay;
use crate::rules::{Actor, BlockContext, RuleError, succession};
use crate::state::succession::Competence;
use crate::state::{IssuedLicence, LicenceState, StateReader};

/// Refuses a signer that may not change the licence by this operation, or whose new licence would have another issuer than the
/// organisation it acts as.
pub(super) fn check<R: StateReader>(
    overlay: &Overlay<'_, R>,
    context: &BlockContext,
    actor: &Actor,
    issued: &IssuedLicence,
    current: Option<&LicenceState>,
    operation: &LicenceOperation,
) -> Result<(), RuleError> {
    use LicenceOperation as Op;
    let (me, matter) = (actor.key.organisation, Competence::Licences(issued.licence_type));
    // One that is malformed is refused with its own code, when the new licence is looked at.
    let new_issuer = operation.new_licence().map(|licence| licence.issuer).filter(|issuer| issuer.check().is_ok());
    if matches!(operation, Op::TransferIn { .. }) {
        let target = current.and_then(|state| state.transfer_to).ok_or(Code::LicenceTransferInWithoutOut)?.organisation;
        succession::check_acts_for(overlay, actor, &target, matter, Code::LicenceTransferNamesOther)?;
        // It was sent to this organisation, and not to one in whose name it may issue.
        return if new_issuer.is_none_or(|issuer| issuer == me) {
            Ok(())
        } else {
            Err(Code::LicenceIssuerMismatch.into())
        };
    }
    let may_be_delegated = matches!(operation, Op::Amend { .. } | Op::Correct(_) | Op::Attach(_) | Op::Detach(_));
    let mismatch = Code::LicenceIssuerMismatch;
    let acting = match succession::check_acts_for(overlay, actor, &issued.issuer, matter, mismatch) {
        Ok(()) => me,
        Err(RuleError::Refused(Code::LicenceIssuerMismatch)) if may_be_delegated => {
            let acting = succession::holder(overlay, &issued.issuer, matter)?;
            delegation::check(overlay, context, actor, &acting, issued.licence_type, mismatch)?;
            acting
        }
        Err(error) => return Err(error),
    };
    if new_issuer.is_some_and(|issuer| issuer != acting) {
        return Err(mismatch.into());
    }
    if !actor.key.permissions.covers(&issued.licence_type) {
        return Err(Code::KeyLicenceTypeNotPermitted.into());
    }
    Ok(())
}
