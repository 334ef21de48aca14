//! A key of whose past nothing is known: what is concluded about it from the heights of others.

use std::sync::atomic::Ordering;
use std::time::Duration;

use tracing::{info, warn};

use super::SignState;
use super::record::Record;
use crate::EngineError;

/// A key of whose past nothing is known waits until the chain has decided so many heights above all that peers had decided when
/// they were first heard: its own earlier votes stand at most one height above the highest decision, and the word of a peer
/// may be one height old.
const HEIGHTS_WATCHED: u64 = 2;
/// A peer that says it is further than the others do has so long to show its blocks, since the last of them arrived. It may be the
/// only honest one that is not behind; a liar costs this wait once.
const SHOWING_WAIT: Duration = Duration::from_secs(30);
/// How far the chain is, by the word of the connected validators. 0 is the height before the first decision. Only who has proven
/// to hold a validator's key is counted, once, with the power of that validator.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Heard {
    /// The height that validators with more power than can be at fault say they have decided.
    pub believed: u64,
    /// The highest that any says.
    pub highest: u64,
    /// The highest of their first words: what each said when this engine first heard of it.
    pub first: u64,
    /// Power of the other validators that told their tip.
    pub told: u64,
    /// Power of those of them whose first word was that they have decided nothing.
    pub at_zero: u64,
    /// The tip of this node's store, and what it was when this engine started.
    pub own: u64,
    pub start: u64,
    /// Power of this validator; 0 without a vote.
    pub own_power: u64,
    /// Power of all validators.
    pub total: u64,
    /// Milliseconds since the engine started.
    pub at_ms: u64,
}

impl Heard {
    /// Whether `power` is more than two thirds.
    fn is_quorum(&self, power: u64) -> bool {
        u128::from(power) * 3 > u128::from(self.total) * 2
    }

    /// Whether every other validator has told its tip.
    pub(crate) fn is_complete(&self) -> bool {
        self.told.saturating_add(self.own_power) >= self.total
    }

    /// What this node takes the chain's height for.
    fn height(&self) -> u64 {
        self.believed.max(self.own)
    }
}

/// What is concluded from the heights of others about a key of whose past nothing is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Past {
    /// The chain begins now.
    Fresh,
    /// The key replaced another one and has signed nothing yet.
    Replaced,
    /// It may have signed up to this height.
    UpTo(u64),
}

impl SignState {
    /// Takes the past for known, unless it is already: nothing is signed at or below `floor`.
    pub(super) fn settle(&self, floor: (u64, u32)) -> Result<(), EngineError> {
        self.update(|record| match record.knows_past {
            true => record,
            false => Record { knows_past: true, floor: floor.max(record.floor), ..record },
        })
    }

    /// Hears how far the chain is, until that says up to where this key may have signed.
    pub(crate) fn hear(&self, heard: &Heard) -> Result<(), EngineError> {
        self.0.decided.fetch_max(heard.believed, Ordering::Relaxed);
        let record = self.record();
        if record.knows_past {
            return Ok(());
        }
        match self.conclude(heard, &record) {
            None => Ok(()),
            Some(Past::Fresh) => self.settle((0, u32::MAX)),
            Some(Past::Replaced) => {
                let above = record.floor.0;
                info!(above, "this key has replaced another one here and has signed nothing yet: it votes from now on");
                self.settle(record.floor)
            }
            Some(Past::UpTo(floor)) => {
                warn!(
                    above = floor,
                    "the sign-state is new and the chain is not: this validator watches, and votes above this height"
                );
                self.settle((floor, u32::MAX))
            }
        }
    }

    /// What follows from the others' heights; `None` while that is open.
    ///
    /// Of more than two thirds of the power at most a third lies, and at least one of the rest took part in the last decision that
    /// this key may have followed. That one may be alone with its height, so a height that too few say is waited for.
    fn conclude(&self, heard: &Heard, record: &Record) -> Option<Past> {
        let height = heard.height();
        // Only [`SignState::succeed`] sets a floor before the past is known; a log or another process contradicts it.
        let is_replaced = record.floor.0 > 0 && record.log_lost_at == 0 && record.height == 0;
        // What this node says of itself counts only where the past is known: beside the store of the replaced key.
        let known = heard.told.saturating_add(if is_replaced { heard.own_power } else { 0 });
        if is_replaced && heard.is_quorum(known) && heard.highest.max(height) <= record.floor.0 {
            return Some(Past::Replaced);
        }
        let is_alone = heard.own_power == heard.total;
        let nothing_decided = heard.start == 0
            && heard.is_quorum(heard.at_zero.saturating_add(heard.own_power))
            && (heard.at_zero > 0 || is_alone)
            && record.log_lost_at == 0
            && record.height == 0;
        // A quorum had decided nothing when this engine heard of it, and nobody had: the chain began since then, without this
        // validator, which has signed nothing. It would otherwise watch a chain that may need its vote.
        if nothing_decided && heard.first == 0 {
            return Some(Past::Fresh);
        }
        if height == 0 {
            return (nothing_decided && !self.is_in_doubt(heard)).then_some(Past::Fresh);
        }
        if !heard.is_quorum(known) || self.is_in_doubt(heard) {
            return None;
        }
        Some(Past::UpTo(height.saturating_add(HEIGHTS_WATCHED).max(record.log_lost_at).max(record.height)))
    }

    /// Whether somebody says to be further than is believed, and may still show it: blocks that it sends bring this node's own tip
    /// forward.
    fn is_in_doubt(&self, heard: &Heard) -> bool {
        let height = heard.height();
        // Between two words of one validator a block may be decided, but not the first one.
        let expected = if height == 0 { 0 } else { height.saturating_add(1) };
        let mut doubt = self.0.doubt.lock();
        if heard.highest <= expected {
            *doubt = None;
            return false;
        }
        match *doubt {
            Some((since_ms, own)) if own == heard.own => {
                u128::from(heard.at_ms.saturating_sub(since_ms)) < SHOWING_WAIT.as_millis()
            }
            _ => {
                warn!(
                    says = heard.highest,
                    believed = height,
                    "a peer says that the chain is longer than others say: this validator waits for its blocks before it votes"
                );
                *doubt = Some((heard.at_ms, heard.own));
                true
            }
        }
    }
}
