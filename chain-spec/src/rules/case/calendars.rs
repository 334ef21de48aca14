//! The calendars by which a case counts working days: which are in force when it is collected, and those frozen with it.

use crate::codec;
use crate::ids::PublicationCode;
use crate::record::publication::{Calendar, PublicationBody, PublicationKey, PublicationKind, Scope};
use crate::rules::overlay::Overlay;
use crate::rules::{RuleError, publication};
use crate::state::case::{Frozen, FrozenVersion};
use crate::state::publication::PublicationVersionState;
use crate::state::{STATE_BYTES_MAX, StateKey, StateReader, StateUnavailable};

use super::clock::WorkCalendar;

/// Address of the calendar of a year.
pub fn calendar_key(scope: Scope, year: u16) -> Result<PublicationKey, StateUnavailable> {
    let code: PublicationCode =
        year.to_string().parse().map_err(|_| StateUnavailable(format!("a calendar cannot have the code {year}")))?;
    Ok(PublicationKey { kind: PublicationKind::Calendar, scope, code })
}

/// The calendar in force for a year: the province's own, otherwise that of all provinces. `None` if neither exists.
pub(super) fn calendar_in_force<R: StateReader>(
    overlay: &Overlay<'_, R>,
    scope: Scope,
    year: u16,
) -> Result<Option<FrozenVersion>, RuleError> {
    for scope in [scope, Scope::Consortium] {
        let Some((version, found)) = publication::in_force(overlay, &calendar_key(scope, year)?)? else { continue };
        if calendar(Some(found.body), year).is_some() {
            return Ok(Some(FrozenVersion { scope, version }));
        }
    }
    Ok(None)
}

/// The calendars frozen with a case, read with the changes of the transaction that is being applied.
pub(super) fn read_calendar<R: StateReader>(
    overlay: &Overlay<'_, R>,
    frozen: &Frozen,
) -> Result<WorkCalendar, StateUnavailable> {
    work_calendar(frozen, |key| overlay.read::<PublicationVersionState>(key))
}

/// The calendars frozen with a case, read from committed state, for [`super::standing::days_left`].
pub fn frozen_calendar(reader: &impl StateReader, frozen: &Frozen) -> Result<WorkCalendar, StateUnavailable> {
    work_calendar(frozen, |key| {
        let Some(bytes) = reader.state(key)? else { return Ok(None) };
        let broken = |error| StateUnavailable(format!("{key:?}: {error}"));
        codec::decode::<PublicationVersionState>(&bytes, STATE_BYTES_MAX).map(Some).map_err(broken)
    })
}

/// The calendars frozen with a case; `read` fetches a published version.
fn work_calendar(
    frozen: &Frozen,
    read: impl Fn(&StateKey) -> Result<Option<PublicationVersionState>, StateUnavailable>,
) -> Result<WorkCalendar, StateUnavailable> {
    let mut calendars = Vec::with_capacity(frozen.calendars.len());
    for (version, year) in frozen.calendars.iter().zip(frozen.year..=u16::MAX) {
        let Some(FrozenVersion { scope, version }) = *version else { continue };
        let key = StateKey::PublicationVersion(calendar_key(scope, year)?, version);
        let body = read(&key)?.map(|found| found.body);
        calendars.push(calendar(body, year).ok_or_else(|| StateUnavailable(format!("{key:?} is not a calendar")))?);
    }
    Ok(WorkCalendar::new(calendars))
}

/// The body, if it is the calendar of this year.
fn calendar(body: Option<PublicationBody>, year: u16) -> Option<Calendar> {
    match body {
        Some(PublicationBody::Calendar(calendar)) if calendar.year == year => Some(calendar),
        _ => None,
    }
}
