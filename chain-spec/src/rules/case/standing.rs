//! Facts about a case that are derived and never submitted: where it is, whose clock runs, what is due, what is late.
//!
//! Each follows from the case's state and the time asked about, so every node and every auditor derives the same.

use serde::{Deserialize, Serialize};

use crate::ids::{TimeMs, Uscc};
use crate::record::publication::CaseMode;
use crate::state::case::{CaseState, CaseStatus};

use super::clock::{self, WorkCalendar};

pub use super::calendars::calendar_key;

use CaseStatus as S;

/// Position and deadlines of a case at a moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseStanding {
    pub status: CaseStatus,
    /// Where the case is: the organisation that must take the next step or took the last.
    pub place: Uscc,
    /// Whose clock runs; `None` while none does.
    pub clock_holder: Option<Uscc>,
    /// When the next thing its holder must do is due.
    pub due_ms: Option<TimeMs>,
    /// When the decision is due, or was. `None` while a pause keeps it open.
    pub decision_due_ms: Option<TimeMs>,
    /// The holder of the clock is late.
    pub is_overdue: bool,
    /// ACK_TIMEOUT: handed over, and not answered in time.
    pub is_unanswered: bool,
    /// B did not respond within the correction period: accepted by law as of the receipt (行政许可法 art. 32).
    pub is_deemed_accepted: bool,
    /// In a bundle, handed over and waiting for the notices of the cases before it.
    pub is_waiting: bool,
    /// A correction notice would be lawful at this time.
    pub may_request_correction: bool,
    /// 容缺受理: whether what was missing has come.
    pub condition: Option<ConditionStanding>,
    /// The decision came after it was due; `None` before a decision.
    pub was_decided_late: Option<bool>,
}

/// 容缺受理 at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConditionStanding {
    Owed,
    Fulfilled,
    Breached,
}

/// The standing of the case at `now`, which must not be before its last step.
pub fn standing(state: &CaseState, now: TimeMs) -> CaseStanding {
    let is_waiting = is_waiting(state);
    let is_deemed_accepted = is_deemed_accepted(state, now);
    let due_ms = due(state, now);
    let is_late = due_ms.is_some_and(|due| now > due);
    let pause = state.pause.filter(|_| matches!(state.status, S::Paused | S::ConditionalPaused));
    let stopped_late = pause.is_some_and(|pause| pause.decision_days.is_none());
    let is_stopped = pause.is_some_and(|pause| pause.decision_days.is_some());
    CaseStanding {
        status: state.status,
        place: place(state),
        clock_holder: due_ms.map(|_| state.receiver),
        due_ms,
        decision_due_ms: state.clock.decision_due_ms.filter(|_| !is_stopped),
        is_overdue: is_late || stopped_late,
        is_unanswered: is_late && matches!(state.status, S::Sent | S::Resubmitted),
        is_deemed_accepted,
        is_waiting,
        may_request_correction: is_received(state.status) && !state.was_corrected && !is_deemed_accepted,
        condition: condition(state, now),
        was_decided_late: state.clock.decided_ms.map(|decided| is_decision_late(state, decided)),
    }
}

/// Working days until the case's clock runs out, after today; `None` where no clock runs or it has run out.
pub fn days_left(state: &CaseState, calendar: &WorkCalendar, now: TimeMs) -> Option<u32> {
    due(state, now).and_then(|due| calendar.left(now, due))
}

/// Whether a decision at `time` comes after it was due.
pub(super) fn is_decision_late(state: &CaseState, time: TimeMs) -> bool {
    state.clock.decision_due_ms.is_some_and(|due| time > due)
}

/// Whether the case was handed over in a bundle and waits for others.
pub(super) fn is_waiting(state: &CaseState) -> bool {
    state.status == S::Sent && state.mode == CaseMode::Bundle
}

fn is_received(status: CaseStatus) -> bool {
    matches!(status, S::Acknowledged | S::DeemedReceived)
}

/// Whether the receiver let the correction period pass without a response (行政许可法 art. 32).
pub(super) fn is_deemed_accepted(state: &CaseState, now: TimeMs) -> bool {
    is_received(state.status) && state.clock.answer_due_ms.is_some_and(|due| now > due)
}

fn place(state: &CaseState) -> Uscc {
    match state.status {
        S::Collected | S::Checked | S::Correction | S::Bounced | S::Withdrawn => state.origin,
        S::Sent
        | S::Acknowledged
        | S::DeemedReceived
        | S::Resubmitted
        | S::Accepted
        | S::Conditional
        | S::Paused
        | S::ConditionalPaused
        | S::NotAccepted
        | S::Granted
        | S::Refused
        | S::Result
        | S::Delivered
        | S::Closed
        | S::Archived => state.receiver,
    }
}

/// When the running clock of the receiver ends. The law sets no period for A, nor for an applicant who corrects.
fn due(state: &CaseState, now: TimeMs) -> Option<TimeMs> {
    match state.status {
        S::Sent | S::Resubmitted | S::Granted | S::Refused | S::Result => state.clock.answer_due_ms,
        S::Acknowledged | S::DeemedReceived if is_deemed_accepted(state, now) => state.clock.decision_due_ms,
        S::Acknowledged | S::DeemedReceived => state.clock.answer_due_ms,
        S::Accepted | S::Conditional => state.clock.decision_due_ms,
        S::Collected
        | S::Checked
        | S::Correction
        | S::Bounced
        | S::Withdrawn
        | S::Paused
        | S::ConditionalPaused
        | S::NotAccepted
        | S::Delivered
        | S::Closed
        | S::Archived => None,
    }
}

fn condition(state: &CaseState, now: TimeMs) -> Option<ConditionStanding> {
    let condition = state.condition.as_ref()?;
    // After a decision nothing is owed any longer, so nothing can become late.
    let until = state.clock.decided_ms.unwrap_or(now);
    match condition.fulfilled_ms {
        Some(_) => Some(ConditionStanding::Fulfilled),
        None if state.status == S::Withdrawn => None,
        None if clock::is_breached(condition, state.pause.as_ref(), until) => Some(ConditionStanding::Breached),
        None => Some(ConditionStanding::Owed),
    }
}
