//! Rules of the case family: a case (办件) handed from the place that collects it (A) to the agency that decides it (B).
//!
//! ```text
//!  COLLECTED -> CHECKED -> SENT -> ACKNOWLEDGED | BOUNCED          by law: DEEMED_RECEIVED (relay, bundle)
//!  ACKNOWLEDGED | DEEMED_RECEIVED -> CORRECTION -> RESUBMITTED -> ACKNOWLEDGED      once a round
//!                                 -> ACCEPTED | CONDITIONAL | NOT_ACCEPTED
//!  CONDITIONAL -> ACCEPTED (fulfilled)     ACCEPTED, CONDITIONAL <-> PAUSED, CONDITIONAL_PAUSED
//!  ACCEPTED -> DEEMED_RECEIVED at the next agency (relay)
//!  ACCEPTED -> GRANTED -> RESULT -> DELIVERED -> CLOSED -> ARCHIVED
//!  ACCEPTED, CONDITIONAL -> REFUSED -> DELIVERED
//!  any before the decision -> WITHDRAWN
//! ```
//!
//! **Invariants**
//! * A step belongs to one party, named by the case's state ([`table::STEPS`]); others need a mandate.
//! * Both ends sign the same root of materials.
//! * Due dates are derived from what was frozen at collection ([`clock`]), never submitted.
//! * A step reads and writes a bounded number of things, however large the ledger is.

mod bundle;
pub mod calendars;
pub mod clock;
mod open;
mod party;
pub mod standing;
mod steps;
pub mod table;

use crate::codes::Code;
use crate::ids::{CaseRef, MaterialCode, RecordIndex};
use crate::record::CaseOperation;
use crate::record::case::Step;
use crate::state::case::CaseState;
use crate::state::{StateKey, StateReader};

use super::overlay::Overlay;
use super::{Actor, BlockContext, OperationContext, RuleError, free_code};

pub use standing::{CaseStanding, ConditionStanding, standing};
pub use table::next_status;

/// Most agencies that a case is relayed to.
pub const RELAYS_MAX: usize = 8;

/// Applies `operation`, which becomes record `index`.
pub(super) fn apply<R: StateReader>(
    overlay: &mut Overlay<'_, R>,
    context: &BlockContext,
    actor: &Actor,
    index: RecordIndex,
    operation: &CaseOperation,
) -> Result<(), RuleError> {
    if !actor.key.permissions.cases {
        return Err(Code::KeyNotPermitted.into());
    }
    let cx = OperationContext { context, actor, index };
    match operation {
        CaseOperation::Collect(collection) => open::collect(overlay, cx, collection),
        CaseOperation::BundleOpen(opening) => bundle::open(overlay, cx, opening),
        step => steps::apply(overlay, cx, step),
    }
}

fn read_case<R: StateReader>(overlay: &Overlay<'_, R>, case: &CaseRef) -> Result<Option<CaseState>, RuleError> {
    Ok(overlay.read(&StateKey::Case(*case))?)
}

/// Texts of an operation that the privacy filter reads.
pub(super) fn texts(operation: &CaseOperation) -> Vec<&str> {
    use CaseOperation as Op;
    let mut texts = Vec::new();
    if let Some(Step { mandate: Some(mandate), .. }) = operation.step() {
        texts.extend(free_code(mandate));
    }
    match operation {
        Op::Collect(collection) => {
            texts.extend(free_code(&collection.matter.item));
            if let Some(policy) = &collection.policy {
                texts.extend(free_code(&policy.policy));
            }
            texts.extend(collection.materials.iter().map(MaterialCode::as_str));
        }
        Op::Relay { matter, .. } => texts.extend(free_code(&matter.item)),
        Op::RequestCorrection { items: listed, .. } | Op::AcceptConditionally { missing: listed, .. } => {
            texts.extend(listed.iter().map(MaterialCode::as_str));
        }
        Op::Bounce { reason: basis, .. }
        | Op::NotAccept { reason: basis, .. }
        | Op::Pause { basis, .. }
        | Op::Refuse { basis, .. } => texts.push(basis.as_str()),
        Op::Check { .. }
        | Op::Send { .. }
        | Op::Acknowledge { .. }
        | Op::Resubmit { .. }
        | Op::Accept { .. }
        | Op::Fulfil { .. }
        | Op::Resume { .. }
        | Op::Grant { .. }
        | Op::Result { .. }
        | Op::Deliver { .. }
        | Op::Close { .. }
        | Op::Archive { .. }
        | Op::Withdraw { .. }
        | Op::Notify { .. }
        | Op::BundleOpen(_) => {}
    }
    texts
}
