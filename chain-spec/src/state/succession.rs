//! Who acts for an organisation once its competence was handed on (机构改革: merger, split, transfer of duties).
//!
//! Each organisation keeps the list of what it handed on. Who holds a competence that was once its own is found by following these
//! lists forward in the order of their records: from A by the first hand-over that covers the matter, from there by the first later one,
//! and so on. So a duty that comes back after a second reform ends where it began, and no walk goes round for ever.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

use crate::ids::{LicenceType, RecordIndex, TimeMs, Uscc};
use crate::record::membership::SuccessionScope;

/// Most hand-overs one organisation may make.
pub const HANDED_ON_MAX: usize = 40;
/// Most hand-overs one after another that registrars record. What ends there is handed on by vote.
pub const CHAIN_MAX: u8 = 64;
/// Most hand-overs one after another at all.
pub const CHAIN_BY_VOTE_MAX: u8 = u8::MAX;
/// How long an offer to another province stands, in milliseconds: ninety days, as long as a proposal.
pub const OFFER_OPEN_MS_MAX: u64 = 90 * 24 * 60 * 60 * 1000;

/// What an organisation handed on, and how many hand-overs lead to it.
#[derive(Debug, Clone, PartialEq, Eq, Default, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct SuccessionState {
    /// Longest chain of hand-overs that ends here.
    pub depth: u8,
    /// What it handed on, oldest first, at most [`HANDED_ON_MAX`]; the last one takes all that it still holds.
    pub handed_on: Vec<HandedOn>,
    /// Offered to an organisation of another province, whose registrar has not agreed yet.
    pub offered: Option<Offer>,
}

/// One hand-over.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct HandedOn {
    pub to: Uscc,
    pub scope: SuccessionScope,
    /// Record with which it took effect.
    pub recorded_by: RecordIndex,
    /// Time of its block: from then on.
    pub recorded_ms: TimeMs,
}

/// A hand-over to another province before that province has agreed.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Offer {
    pub to: Uscc,
    pub scope: SuccessionScope,
    pub offered_by: RecordIndex,
    /// Time of its block; it stands for [`OFFER_OPEN_MS_MAX`].
    pub offered_ms: TimeMs,
}

/// What somebody wants to act in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Competence {
    /// Licences of a type.
    Licences(LicenceType),
    /// Licences of every type that no hand-over names by itself.
    OtherLicences,
    /// Cases.
    Cases,
    /// Seals it filed or owns.
    Seals,
    /// Lists, guides and other publications it owns.
    Publications,
}

impl SuccessionScope {
    /// Whether a hand-over of this scope covers the matter.
    pub fn covers(&self, matter: Competence) -> bool {
        match matter {
            Competence::Licences(one) => {
                self.licences.as_ref().is_some_and(|types| types.is_empty() || types.binary_search(&one).is_ok())
            }
            Competence::OtherLicences => self.licences.as_ref().is_some_and(Vec::is_empty),
            Competence::Cases => self.cases,
            Competence::Seals => self.seals,
            Competence::Publications => self.publications,
        }
    }

    /// Everything the scope names, each once.
    pub fn matters(&self) -> Vec<Competence> {
        let mut matters = Vec::new();
        match &self.licences {
            Some(types) if types.is_empty() => matters.push(Competence::OtherLicences),
            Some(types) => matters.extend(types.iter().copied().map(Competence::Licences)),
            None => {}
        }
        let others = [
            (self.cases, Competence::Cases),
            (self.seals, Competence::Seals),
            (self.publications, Competence::Publications),
        ];
        matters.extend(others.into_iter().filter(|(is_named, _)| *is_named).map(|(_, matter)| matter));
        matters
    }
}

impl SuccessionState {
    /// The first hand-over of the matter after record `after`, by `known`.
    fn next(&self, matter: Competence, after: Option<RecordIndex>, known: TimeMs) -> Option<&HandedOn> {
        self.handed_on.iter().find(|step| {
            step.scope.covers(matter) && after.is_none_or(|after| step.recorded_by > after) && step.recorded_ms <= known
        })
    }
}

/// The hand-overs of the matter from `organisation` on, as they stood at `known`: the last one names who acts. Empty where the
/// organisation has handed nothing of it on. `read` gives what an organisation handed on.
///
/// # Errors
/// Those of `read`.
pub fn chain<E>(
    organisation: &Uscc,
    matter: Competence,
    known: TimeMs,
    mut read: impl FnMut(&Uscc) -> Result<Option<SuccessionState>, E>,
) -> Result<Vec<HandedOn>, E> {
    let mut steps: Vec<HandedOn> = Vec::new();
    loop {
        let at = steps.last().map_or(organisation, |step| &step.to);
        let after = steps.last().map(|step| step.recorded_by);
        let Some(state) = read(at)? else { return Ok(steps) };
        // Recording refuses longer chains; the bound holds against a store that says otherwise.
        match state.next(matter, after, known) {
            Some(step) if steps.len() < usize::from(CHAIN_BY_VOTE_MAX) => steps.push(step.clone()),
            _ => return Ok(steps),
        }
    }
}
