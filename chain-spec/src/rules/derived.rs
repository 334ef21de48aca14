//! What follows from a thing's state at a time: it is never submitted, and everyone who has the state computes the same.

use borsh::{BorshDeserialize, BorshSerialize};
use serde_json::{Value, json};

use crate::codec;
use crate::ids::{Height, TimeMs};
use crate::participation::Participation;
use crate::state::case::{BundleState, CaseState};
use crate::state::evidence::{MaterialState, ShareState};
use crate::state::governance::{ProposalState, ProposalStatus, TrustState};
use crate::state::publication::{ItemVariants, PublicationState, divergence};
use crate::state::{self, STATE_BYTES_MAX, StateKey, StateReader, StateUnavailable};

use super::case::calendars::frozen_calendar;
use super::case::standing::days_left;
use super::{case, governance};

/// What follows from the canonical `bytes` of the thing `key` at `now`, after the block of `height`. `reader` reads the ledger at
/// that block. `None` for things from which nothing follows.
///
/// # Errors
/// [`StateUnavailable`] where the bytes are no such state, or the reader fails.
pub fn derived(
    reader: &impl StateReader,
    key: &StateKey,
    bytes: &[u8],
    (now, height): (TimeMs, Height),
) -> Result<Option<Value>, StateUnavailable> {
    let value = match key {
        StateKey::Case(_) => {
            let state: CaseState = decode(key, bytes)?;
            let mut value = to_value(key, case::standing(&state, now))?;
            let calendar = frozen_calendar(reader, &state.frozen)?;
            value["days_left"] = json!(days_left(&state, &calendar, now));
            value["status_zh"] = json!(state.status.chinese());
            value
        }
        StateKey::Bundle(_) => {
            let state: BundleState = decode(key, bytes)?;
            json!({ "status": state.status(), "blocking": state.blocking() })
        }
        StateKey::Proposal(_) => proposal(reader, key, bytes, (now, height))?,
        StateKey::Material(..) => {
            let state: MaterialState = decode(key, bytes)?;
            json!({ "may_be_demanded": !state.serves_at(now) })
        }
        StateKey::Share(_) => {
            let state: ShareState = decode(key, bytes)?;
            json!({ "is_overdue": state.is_overdue(now) })
        }
        StateKey::Publication(_) => {
            let state: PublicationState = decode(key, bytes)?;
            json!({ "in_force": state.in_force() })
        }
        StateKey::ItemVariants(_) => {
            let state: ItemVariants = decode(key, bytes)?;
            let groups = divergence(&state);
            json!({ "is_uniform": groups.len() <= 1, "groups": groups })
        }
        StateKey::Trust(_) => {
            let state: TrustState = decode(key, bytes)?;
            json!({ "is_trusted": state.is_trusted(state.role, now) })
        }
        _ => return Ok(None),
    };
    Ok(Some(value))
}

fn proposal(
    reader: &impl StateReader,
    key: &StateKey,
    bytes: &[u8],
    (now, height): (TimeMs, Height),
) -> Result<Value, StateUnavailable> {
    let state: ProposalState = decode(key, bytes)?;
    let status = state.status_at(now);
    // What a decided one needed, and whose votes counted then, is not to be had from today's members.
    let count = match status {
        ProposalStatus::Open => Some(governance::vote_count(reader, &state)?),
        _ => None,
    };
    let cast = |approve: bool| state.ballots.iter().filter(|ballot| ballot.approve == approve).count();
    let validators = state::validators(reader)?;
    let participation: Participation = state::read(reader, &StateKey::Participation)?.unwrap_or_default();
    let rehearsal =
        governance::rehearse(&validators, &participation, &state.action, Height(height.0.saturating_add(1)));
    Ok(json!({
        "status": status,
        "threshold": count.map(|count| count.threshold),
        "needed": count.map(|count| count.needed),
        "yes": count.map_or(cast(true), |count| count.yes),
        "no": count.map_or(cast(false), |count| count.no),
        "rehearsal": rehearsal,
    }))
}

fn decode<T: BorshSerialize + BorshDeserialize>(key: &StateKey, bytes: &[u8]) -> Result<T, StateUnavailable> {
    codec::decode(bytes, STATE_BYTES_MAX).map_err(|error| StateUnavailable(format!("{key}: {error}")))
}

fn to_value(key: &StateKey, value: impl serde::Serialize) -> Result<Value, StateUnavailable> {
    serde_json::to_value(value).map_err(|error| StateUnavailable(format!("{key}: {error}")))
}
