//! Rules of the publication family: who approves what ([`approval`]), the states of a publication ([`next_status`]), what a
//! version must contain, and what state is stored.
//!
//! **Invariants**
//! * At most one version of a publication is in force; versions count 1, 2, 3 without a gap.
//! * A published version is never rewritten.
//! * The cost of an operation does not grow with the ledger: a fixed number of reads, and at most one per province (36).

mod apply;
mod approval;
mod body;
mod calendar;
mod guards;
mod mandate;
mod party;
mod status;

pub use approval::{
    Approval, CONSULTATION_DAYS_MAX, CONSULTATION_LIST_DAYS_MIN, DRAFT_DAYS_MAX, Ending, Publisher, Signatures,
    approval, clause,
};
pub use body::{CORRECTION_DAYS_MAX, WORKING_DAYS_MAX, fits};
pub use calendar::{CALENDAR_YEARS, days_in_year, is_weekend, is_working_day};
pub use guards::{GUARDS, Guard};
pub use mandate::{MandateAct, mandate_covers};
pub use status::next_status;

pub(super) use apply::apply;
pub use apply::{CONSULTATION_BACKDATED_MS_MAX, DAY_MS};

use crate::ids::{MaterialCode, TimeMs};
use crate::record::PublicationOperation;
use crate::record::publication::{PublicationBody, PublicationKey};
use crate::state::publication::{PublicationState, PublicationVersionState};
use crate::state::{self, StateKey, StateReader, StateUnavailable};

use super::overlay::Overlay;
use super::{RuleError, free_code};

/// The version in force, if one is.
pub(super) fn in_force<R: StateReader>(
    overlay: &Overlay<'_, R>,
    key: &PublicationKey,
) -> Result<Option<(u32, PublicationVersionState)>, RuleError> {
    let Some(state) = overlay.read::<PublicationState>(&StateKey::Publication(key.clone()))? else { return Ok(None) };
    let Some(number) = state.in_force() else { return Ok(None) };
    Ok(version(overlay, key, number)?.map(|found| (number, found)))
}

/// A published version, in force or not.
pub(super) fn version<R: StateReader>(
    overlay: &Overlay<'_, R>,
    key: &PublicationKey,
    version: u32,
) -> Result<Option<PublicationVersionState>, RuleError> {
    Ok(overlay.read(&StateKey::PublicationVersion(key.clone(), version))?)
}

/// The version that was in force at `time`, as far as the reader's block knows. Binary search: one read per halving of
/// the number of versions.
pub fn in_force_at(
    reader: &impl StateReader,
    key: &PublicationKey,
    time: TimeMs,
) -> Result<Option<(u32, PublicationVersionState)>, StateUnavailable> {
    let Some(held) = state::read::<PublicationState>(reader, &StateKey::Publication(key.clone()))? else {
        return Ok(None);
    };
    let read = |number: u32| -> Result<PublicationVersionState, StateUnavailable> {
        let address = StateKey::PublicationVersion(key.clone(), number);
        state::read(reader, &address)?.ok_or_else(|| StateUnavailable(format!("{address:?} is missing")))
    };
    // Versions 1..=low were published by then, versions high.. were not.
    let (mut low, mut high) = (0, held.version.saturating_add(1));
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if read(middle)?.published_ms <= time { low = middle } else { high = middle }
    }
    if low == 0 {
        return Ok(None);
    }
    let ended_ms =
        if low == held.version { held.repealed.map(|repealed| repealed.at_ms) } else { read(high)?.gap_from_ms };
    if ended_ms.is_some_and(|ended| ended <= time) {
        return Ok(None);
    }
    Ok(Some((low, read(low)?)))
}

/// Texts of an operation that the privacy filter reads.
pub(super) fn texts(operation: &PublicationOperation) -> Vec<&str> {
    let mut texts: Vec<&str> = free_code(operation.publication()).into_iter().collect();
    match operation {
        PublicationOperation::Publish { body, .. } | PublicationOperation::Draft { body, .. } => {
            texts.extend(body_texts(body));
        }
        PublicationOperation::Repeal { basis, .. } => texts.push(basis.as_str()),
        PublicationOperation::CloseConsultation { .. }
        | PublicationOperation::CoSign { .. }
        | PublicationOperation::Withdraw { .. }
        | PublicationOperation::Acknowledge { .. } => {}
    }
    texts
}

fn body_texts(body: &PublicationBody) -> Vec<&str> {
    match body {
        PublicationBody::Guide(guide) => {
            guide.materials.iter().chain(&guide.tolerance).map(MaterialCode::as_str).collect()
        }
        PublicationBody::Entries { .. }
        | PublicationBody::Item(_)
        | PublicationBody::Calendar(_)
        | PublicationBody::Mandate(_)
        | PublicationBody::Agreement(_) => Vec::new(),
    }
}
