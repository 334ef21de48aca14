//! What a mandate or a delegation allows.

use crate::crypto::KeyId;
use crate::ids::{ItemCode, TimeMs, Uscc};
use crate::record::publication::Mandate;

/// What may be done on behalf of the principal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MandateAct {
    /// 收件
    Receive,
    /// 受理
    Accept,
    /// 送达
    Deliver,
}

impl MandateAct {
    /// Every act, for exhaustive tests and tables.
    pub const ALL: [Self; 3] = [Self::Receive, Self::Accept, Self::Deliver];
}

/// Whether `mandate` lets key `officer` of `agent` do `act` for `principal` on `item` at `now`.
///
/// The mandate must be the version in force. A mandate without an officer holds for every key of the agent; one without
/// items for every item of the principal.
pub fn mandate_covers(
    mandate: &Mandate,
    agent: &Uscc,
    officer: &KeyId,
    principal: &Uscc,
    item: &ItemCode,
    act: MandateAct,
    now: TimeMs,
) -> bool {
    let named = match act {
        MandateAct::Receive => mandate.receive,
        MandateAct::Accept => mandate.accept,
        MandateAct::Deliver => mandate.deliver,
    };
    named
        && mandate.agent == *agent
        && mandate.principal == *principal
        && mandate.officer.is_none_or(|only| only == *officer)
        && (mandate.items.is_empty() || mandate.items.binary_search(item).is_ok())
        && mandate.until_ms.is_none_or(|until| now < until)
}
