//! What was true when: the changes of a licence's or seal's status, each with the time from which it counts in law and the time
//! at which the ledger learnt of it.
//!
//! Two questions have two answers. *Known now*: how did it stand on that day, by everything recorded since? *Known then*: what
//! could somebody have read on the ledger on that day? Both follow from the same list:
//!
//! ```text
//!   the status at T, as known at K, is that of the last change, in the order of recording,
//!   which was recorded at or before K and takes effect at or before T
//! ```
//! The rules let no change take effect before an earlier one (a seal marked as invalid excepted, which ends it), so no later
//! change hides an earlier one that reached back. 撤销 (withdrawal) of a licence counts from the beginning, whatever its time.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

use super::seal::{SealState, SealStatus};
use super::{LicenceState, LicenceStatus};
use crate::ids::{RecordIndex, TimeMs};

/// From this many changes on, no change is accepted that would have to be followed by another: a licence is no longer suspended
/// or sent away, a seal no longer suspended. What brings it back, replaces it or ends it stays possible, so that nothing is
/// stuck. A new version, or a new seal, begins with an empty list.
pub const CHANGES_MAX: usize = 250;

/// A change before the latest one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct StatusChanged<S> {
    pub status: S,
    /// From when it counts in law.
    pub effective_ms: TimeMs,
    /// Time of the block that recorded it.
    pub recorded_ms: TimeMs,
    /// Its record.
    pub changed_by: RecordIndex,
}

/// The status that `changes`, in the order of recording, give to the time `at`, as known at `known`. `None` where none of them
/// says anything about it.
fn status_at<S: Copy>(changes: impl Iterator<Item = StatusChanged<S>>, at: TimeMs, known: TimeMs) -> Option<S> {
    let counts = |change: &StatusChanged<S>| change.recorded_ms <= known && change.effective_ms <= at;
    changes.filter(counts).last().map(|change| change.status)
}

impl LicenceState {
    /// The latest change.
    pub fn latest(&self) -> StatusChanged<LicenceStatus> {
        StatusChanged {
            status: self.status,
            effective_ms: self.effective_ms,
            recorded_ms: self.recorded_ms,
            changed_by: self.changed_by,
        }
    }

    /// Every change of its status since the issue, in the order of recording.
    pub fn changes(&self) -> impl Iterator<Item = StatusChanged<LicenceStatus>> + '_ {
        self.earlier.iter().copied().chain([self.latest()]).filter(|change| change.changed_by != self.issued_by)
    }

    /// How a licence with this state (`None`: without any change) stood at `at`, as known at `known`.
    pub fn status_at(state: Option<&Self>, at: TimeMs, known: TimeMs) -> LicenceStatus {
        let Some(state) = state else { return LicenceStatus::Issued };
        let is_void =
            |change: StatusChanged<_>| change.status == LicenceStatus::Withdrawn && change.recorded_ms <= known;
        if state.changes().any(is_void) {
            return LicenceStatus::Withdrawn;
        }
        status_at(state.changes(), at, known).unwrap_or(LicenceStatus::Issued)
    }
}

impl SealState {
    /// The latest change, or the filing where there was none.
    pub fn latest(&self) -> StatusChanged<SealStatus> {
        StatusChanged {
            status: self.status,
            effective_ms: self.effective_ms,
            recorded_ms: self.recorded_ms,
            changed_by: self.changed_by,
        }
    }

    /// The filing and every change since, in the order of recording.
    pub fn changes(&self) -> impl Iterator<Item = StatusChanged<SealStatus>> + '_ {
        self.earlier.iter().copied().chain([self.latest()])
    }

    /// How the seal stood at `at`, as known at `known`; `None` where it was not filed by `known`, or had not begun at `at`.
    pub fn status_at(&self, at: TimeMs, known: TimeMs) -> Option<SealStatus> {
        status_at(self.changes(), at, known)
    }
}
