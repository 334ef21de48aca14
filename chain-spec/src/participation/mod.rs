//! What each validator took part in, derived by every node from the certificate that each block carries.
//!
//! A block's certificate of the previous height says who signed, as the proposer saw it, and in which round the height was decided;
//! the proposers of the lost rounds follow from the height. None of this is submitted.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

use crate::certificate::{Certificate, ValidatorSet, proposer_index};
use crate::crypto::KeyId;
use crate::ids::Height;

/// How many heights old its newest signature may be for a validator to count as recently seen.
pub const SEEN_WITHIN: u64 = 100;

/// Counters of one validator since it joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct ValidatorParticipation {
    pub validator: KeyId,
    /// Heights whose certificate holds its signature.
    pub votes: u64,
    /// Heights decided in a round it led.
    pub blocks: u64,
    /// Rounds it led that decided nothing.
    pub proposals_missed: u64,
    /// Newest height whose certificate holds its signature; 0 before the first.
    pub last_seen: Height,
}

impl ValidatorParticipation {
    fn new(validator: KeyId) -> Self {
        Self { validator, votes: 0, blocks: 0, proposals_missed: 0, last_seen: Height::ZERO }
    }

    /// Whether it was seen within [`SEEN_WITHIN`] heights before the block of `height`. Before the first certificate, at
    /// height 1, there is no information and founders count as seen.
    pub fn is_seen(&self, height: Height) -> bool {
        height.0 <= 1 || (self.last_seen.0 > 0 && self.last_seen.0.saturating_add(SEEN_WITHIN) >= height.0)
    }
}

/// Participation of the validators in force, by validator.
#[derive(Debug, Clone, PartialEq, Eq, Default, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Participation {
    validators: Vec<ValidatorParticipation>,
}

impl Participation {
    /// Counters of validators that have not taken part yet, all zero.
    pub fn of(validators: &ValidatorSet) -> Self {
        let validators = validators.validators().iter();
        Self { validators: validators.map(|validator| ValidatorParticipation::new(validator.key.id())).collect() }
    }

    /// All counters, by validator.
    pub fn all(&self) -> &[ValidatorParticipation] {
        &self.validators
    }

    /// The counters of one validator.
    pub fn get(&self, validator: &KeyId) -> Option<&ValidatorParticipation> {
        self.position(validator).and_then(|at| self.validators.get(at))
    }

    /// After the height that `certificate` decided. `self` holds the validators of that height, `decided_by`;
    /// the outcome those of the next, `validators`.
    #[must_use]
    pub fn after(mut self, certificate: &Certificate, decided_by: &ValidatorSet, validators: &ValidatorSet) -> Self {
        for entry in &certificate.signatures {
            let Some(at) = self.position(&entry.validator) else { continue };
            let one = &mut self.validators[at];
            one.votes = one.votes.saturating_add(1);
            one.last_seen = certificate.height;
        }
        self.count_rounds(certificate);
        if decided_by == validators { self } else { self.of_members(validators) }
    }

    /// The leader of the deciding round made a block; the leader of each earlier round missed one. Whole turns of all members are
    /// counted by division: a loop over the rounds of a long stall could take billions of steps.
    fn count_rounds(&mut self, certificate: &Certificate) {
        let count = self.validators.len();
        let Some(first) = proposer_index(certificate.height, 0, count) else { return };
        let Ok(members) = u32::try_from(count) else { return };
        let (times_around, rest) = (certificate.round / members, certificate.round % members);
        for (offset, turn) in (0..members).zip((0..count).cycle().skip(first)) {
            let lost = u64::from(times_around) + u64::from(offset < rest);
            let one = &mut self.validators[turn];
            one.proposals_missed = one.proposals_missed.saturating_add(lost);
            one.blocks = one.blocks.saturating_add(u64::from(offset == rest));
        }
    }

    /// The same for these validators; new ones start at zero.
    fn of_members(&self, validators: &ValidatorSet) -> Self {
        let kept = |entry: &ValidatorParticipation| self.get(&entry.validator).copied().unwrap_or(*entry);
        Self { validators: Self::of(validators).validators.iter().map(kept).collect() }
    }

    fn position(&self, validator: &KeyId) -> Option<usize> {
        self.validators.binary_search_by_key(validator, |one| one.validator).ok()
    }
}

#[cfg(test)]
mod tests;
