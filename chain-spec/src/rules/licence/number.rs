//! Licence numbers: at most one version of a number lives.
//!
//! A number is its issuer and the name of version 001, so that only the issuer can begin or block one of its own. It comes to the ledger
//! once: with version 1, or with a later one that is imported or transferred in; then [`StateKey::Lineage`] keeps the place of version
//! 001. From then on a version of it comes only in the place of one that lives, by `amend`, so that two never live side by side.

use crate::codes::Code;
use crate::ids::RecordIndex;
use crate::record::LicenceOperation;
use crate::record::licence::{Licence, LicenceNumber};
use crate::rules::overlay::Overlay;
use crate::rules::{BlockContext, RuleError};
use crate::state::{LineageState, StateKey, StateReader};

/// Refuses a new licence whose number is on the ledger otherwise than through the licence it replaces, whose number is `predecessor`.
pub(super) fn check<R: StateReader>(
    overlay: &mut Overlay<'_, R>,
    context: &BlockContext,
    index: RecordIndex,
    licence: &Licence,
    operation: &LicenceOperation,
    predecessor: Option<LicenceNumber>,
) -> Result<(), RuleError> {
    let is_later = licence.version > 1;
    if licence.first.is_some() != is_later || licence.first == Some(licence.name) {
        return Err(Code::LicenceLineageUnnamed.into());
    }
    let needs_reason = is_later && matches!(operation, LicenceOperation::Issue(_));
    match (needs_reason, &licence.imported) {
        (true, None) => return Err(Code::LicenceVersionWithoutPredecessor.into()),
        (false, Some(_)) => return Err(Code::LicenceImportNotNeeded.into()),
        _ => {}
    }
    if predecessor == Some(licence.number()) {
        return Ok(());
    }
    let lineage = licence.number().reference(context.algorithm);
    let place = StateKey::Lineage(lineage);
    if overlay.exists(&place)? || (is_later && overlay.issued_at(&lineage)?.is_some()) {
        return Err(Code::LicenceLineageExists.into());
    }
    if is_later {
        overlay.write(place, &LineageState { begun_by: index });
    }
    Ok(())
}
