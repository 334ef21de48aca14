//! Which licences a file is recorded for: [`StateKey::Document`], from the second licence on.

use crate::codes::Code;
use crate::ids::RecordIndex;
use crate::record::LicenceOperation;
use crate::rules::overlay::Overlay;
use crate::rules::{Actor, RuleError};
use crate::state::{DocumentLicence, DocumentState, StateKey, StateReader};

/// Notes the file that an accepted operation makes one of a licence's. It refuses nothing: anybody may record a digest.
pub(super) fn note<R: StateReader>(
    overlay: &mut Overlay<'_, R>,
    actor: &Actor,
    index: RecordIndex,
    operation: &LicenceOperation,
) -> Result<(), RuleError> {
    let named = DocumentLicence::named_by(operation, actor.province(), index, |licence| {
        let issued_by = overlay.issued_at(licence)?.ok_or(Code::LicenceUnknown)?;
        Ok::<_, RuleError>(overlay.issued_licence(issued_by)?.issuer)
    })?;
    let Some((sha256, licence)) = named else { return Ok(()) };
    let Some(first) = overlay.first_of_document(&sha256)? else {
        overlay.set_first_of_document(sha256, licence);
        return Ok(());
    };
    let key = StateKey::Document(sha256);
    let mut state = overlay.read(&key)?.unwrap_or_else(|| DocumentState::begun_by(first));
    if state.add(licence) {
        overlay.write(key, &state);
    }
    Ok(())
}
