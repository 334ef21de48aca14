//! Who may issue licences of a type: the list that the provinces govern ([`crate::state::governance::CompetenceState`]).
//!
//! A type that is not listed is open to every organisation whose key permits it, as before there was a list. What was issued before a
//! decision stays as it is; the record of each licence names the version of the entry by which its issuer was competent.

use crate::codes::Code;
use crate::record::governance::Competent;
use crate::record::licence::Licence;
use crate::rules::overlay::Overlay;
use crate::rules::{RuleError, succession};
use crate::state::governance::CompetenceState;
use crate::state::succession::Competence;
use crate::state::{StateKey, StateReader};

/// The version of the entry that lets the issuer issue this licence; `None` where its type is not listed.
pub(super) fn check<R: StateReader>(overlay: &Overlay<'_, R>, licence: &Licence) -> Result<Option<u32>, RuleError> {
    let listed: Option<CompetenceState> = overlay.read(&StateKey::Competence(licence.licence_type))?;
    let Some(entry) = listed else { return Ok(None) };
    if entry.issuers.names(&licence.issuer) || follows_one_named(overlay, &entry.issuers, licence)? {
        return Ok(Some(entry.version));
    }
    Err(Code::LicenceIssuerNotCompetent.into())
}

/// Whether the issuer acts, since a reform, for an organisation that the list names itself.
fn follows_one_named<R: StateReader>(
    overlay: &Overlay<'_, R>,
    issuers: &Competent,
    licence: &Licence,
) -> Result<bool, RuleError> {
    let Competent::Listed { organisations, .. } = issuers else { return Ok(false) };
    for named in organisations {
        if succession::holder(overlay, named, Competence::Licences(licence.licence_type))? == licence.issuer {
            return Ok(true);
        }
    }
    Ok(false)
}
