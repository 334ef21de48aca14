//! Validator sets, vote bytes and certificates: who decided, checkable without any node.
//!
//! The bytes a validator signs, all integers little-endian:
//!
//! ```text
//! vote      len u8 | "huxin/vote/v2"     | genesis hash [32] | type u8 (1 prevote, 2 precommit)
//!           | height u64 | round i64 (-1 none) | has value u8 | block [32], zero if none | voter [32]
//! proposal  len u8 | "huxin/proposal/v2" | genesis hash [32]
//!           | height u64 | round i64 | block [32] | proof-of-lock round i64 (-1 none) | proposer [32]
//! ```
//!
//! A certificate is the list of precommits for one block whose validators hold more than two thirds of the power.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

use crate::codec;
use crate::crypto::{self, Digest, DigestAlgorithm, KeyId, PublicKey, Signature, tags};
use crate::ids::{Height, ProvinceCode};

/// Most validators one chain may have.
pub const VALIDATORS_MAX: usize = 128;
/// Most voting power all validators may have together: the consensus engine multiplies by three in 64 bits.
pub const POWER_TOTAL_MAX: u64 = u64::MAX / 4;
/// Longest encoded validator set, in bytes: a count, and for each a key of 34, its power and its province.
pub const VALIDATOR_SET_BYTES_MAX: usize = 4 + VALIDATORS_MAX * (34 + 8 + 6);
/// Longest encoded certificate, in bytes.
pub const CERTIFICATE_BYTES_MAX: usize = 64 + VALIDATORS_MAX * 97;

/// A validator: one province's voting process.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Validator {
    /// Key that signs votes; its identifier is the validator's address.
    pub key: PublicKey,
    /// Voting power, at least 1.
    pub power: u64,
    /// Province that operates it.
    pub province: ProvinceCode,
}

/// The validators of a height, sorted by key identifier.
#[derive(Debug, Clone, PartialEq, Eq, Default, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct ValidatorSet {
    validators: Vec<Validator>,
}

impl ValidatorSet {
    /// Sorts the validators by key identifier.
    pub fn new(mut validators: Vec<Validator>) -> Self {
        validators.sort_by_key(|validator| validator.key.id());
        Self { validators }
    }

    /// The validators in address order.
    pub fn validators(&self) -> &[Validator] {
        &self.validators
    }

    /// Sum of all voting power, saturating.
    pub fn total_power(&self) -> u64 {
        self.validators.iter().fold(0, |sum, validator| sum.saturating_add(validator.power))
    }

    /// Whether `power` is more than two thirds of the total.
    pub fn is_quorum(&self, power: u64) -> bool {
        u128::from(power) * 3 > u128::from(self.total_power()) * 2
    }

    /// The least power that is a quorum.
    pub fn quorum_power(&self) -> u64 {
        let two_thirds = u128::from(self.total_power()) * 2 / 3;
        u64::try_from(two_thirds).map_or(u64::MAX, |power| power.saturating_add(1))
    }

    /// The proposer of (`height`, `round`): validator number `(height + round) mod n` in address order.
    /// Turns are equal, not weighted by power, so that each province proposes equally often; a silent proposer costs its
    /// height one round. `None` if there are no validators.
    pub fn proposer(&self, height: Height, round: u32) -> Option<&Validator> {
        self.validators.get(proposer_index(height, round, self.validators.len())?)
    }

    /// The validator with this address.
    pub fn get(&self, address: &KeyId) -> Option<&Validator> {
        self.validators.iter().find(|validator| validator.key.id() == *address)
    }

    /// The digest that headers carry.
    pub fn hash(&self, algorithm: DigestAlgorithm) -> Digest {
        algorithm.tagged(tags::VALIDATOR_SET, &[&codec::encode(self)])
    }

    /// Whether the set could run a chain: 1 to [`VALIDATORS_MAX`], sorted, distinct, each with power, and a total that
    /// fits 64 bits (with a saturated total, a minority could count as two thirds).
    pub fn is_well_formed(&self) -> bool {
        let ids: Vec<KeyId> = self.validators.iter().map(|validator| validator.key.id()).collect();
        !ids.is_empty()
            && ids.len() <= VALIDATORS_MAX
            && ids.windows(2).all(|pair| pair[0] < pair[1])
            && self.validators.iter().all(|validator| validator.power > 0)
            && self.validators.iter().try_fold(0u64, |sum, validator| sum.checked_add(validator.power)).is_some()
    }
}

/// Index of the proposer of (`height`, `round`) among `count` validators in address order; `None` if `count` is 0.
pub fn proposer_index(height: Height, round: u32, count: usize) -> Option<usize> {
    let count = u128::try_from(count).ok().filter(|count| *count > 0)?;
    usize::try_from((u128::from(height.0) + u128::from(round)) % count).ok()
}

/// Stage of a vote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum VoteType {
    Prevote = 1,
    Precommit = 2,
}

/// The bytes under a vote on the chain whose trust root is `genesis`; `block` is `None` for a nil vote.
pub fn vote_message(
    genesis: &Digest,
    vote_type: VoteType,
    height: Height,
    round: Option<u32>,
    block: Option<&Digest>,
    voter: &KeyId,
) -> Vec<u8> {
    let mut message = preamble(tags::VOTE, genesis);
    message.push(vote_type as u8);
    message.extend_from_slice(&height.0.to_le_bytes());
    message.extend_from_slice(&round_bytes(round));
    message.push(u8::from(block.is_some()));
    message.extend_from_slice(block.unwrap_or(&Digest::ZERO).as_bytes());
    message.extend_from_slice(voter.0.as_bytes());
    message
}

/// The bytes under a consensus proposal on the chain whose trust root is `genesis`.
pub fn proposal_message(
    genesis: &Digest,
    height: Height,
    round: Option<u32>,
    block: &Digest,
    pol_round: Option<u32>,
    proposer: &KeyId,
) -> Vec<u8> {
    let mut message = preamble(tags::PROPOSAL, genesis);
    message.extend_from_slice(&height.0.to_le_bytes());
    message.extend_from_slice(&round_bytes(round));
    message.extend_from_slice(block.as_bytes());
    message.extend_from_slice(&round_bytes(pol_round));
    message.extend_from_slice(proposer.0.as_bytes());
    message
}

/// Tag and chain, with which every statement of consensus begins. The chain is its genesis hash and not its name: two
/// chains may have one name (a rehearsal, a chain founded again), and a vote on one would convict its signer on the other.
pub fn preamble(tag: &str, genesis: &Digest) -> Vec<u8> {
    let mut message = Vec::with_capacity(192);
    message.push(u8::try_from(tag.len()).unwrap_or(u8::MAX));
    message.extend_from_slice(tag.as_bytes());
    message.extend_from_slice(genesis.as_bytes());
    message
}

fn round_bytes(round: Option<u32>) -> [u8; 8] {
    round.map_or(-1, i64::from).to_le_bytes()
}

/// One validator's precommit within a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct CertificateSignature {
    pub validator: KeyId,
    pub signature: Signature,
}

/// Proof that a quorum decided `block` at `height`.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Certificate {
    pub height: Height,
    pub round: u32,
    /// The header hash.
    pub block: Digest,
    /// Sorted by validator, no duplicates.
    pub signatures: Vec<CertificateSignature>,
}

/// Why a certificate proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateError {
    #[error("validator {validator} signed but is not in the validator set of height {height}")]
    UnknownValidator { validator: KeyId, height: Height },
    #[error("the signatures are not sorted by validator, or one validator is listed twice")]
    NotSorted,
    #[error("the signature of validator {validator} does not verify")]
    BadSignature { validator: KeyId },
    #[error("voting power {power} of {total} is not more than two thirds")]
    NoQuorum { power: u64, total: u64 },
}

impl Certificate {
    /// Puts the signatures into canonical order.
    pub fn normalise(&mut self) {
        self.signatures.sort_by_key(|entry| entry.validator);
        self.signatures.dedup_by_key(|entry| entry.validator);
    }

    /// The digest bound into the next header.
    pub fn hash(&self, algorithm: DigestAlgorithm) -> Digest {
        algorithm.tagged(tags::CERTIFICATE, &[&codec::encode(self)])
    }

    /// Checks every signature and the quorum against `validators`, on the chain whose trust root is `genesis`. A signature of
    /// another than these is an error.
    pub fn verify(&self, genesis: &Digest, validators: &ValidatorSet) -> Result<(), CertificateError> {
        self.check(genesis, validators, true)
    }

    /// Whether members of `validators` alone make a quorum of that set; signatures of others are not looked at. For a set that a later
    /// one replaced in part: those of it that still vote vouch for the header by their own keys.
    pub fn verify_members(&self, genesis: &Digest, validators: &ValidatorSet) -> Result<(), CertificateError> {
        self.check(genesis, validators, false)
    }

    fn check(&self, genesis: &Digest, validators: &ValidatorSet, only_members: bool) -> Result<(), CertificateError> {
        // Strictly sorted, checked before any power is added: a validator listed twice would count twice.
        if self.signatures.windows(2).any(|pair| pair[0].validator >= pair[1].validator) {
            return Err(CertificateError::NotSorted);
        }
        // An identifier is a hash: each is made once, not once for every signature.
        let members: Vec<(KeyId, &Validator)> = validators.validators().iter().map(|one| (one.key.id(), one)).collect();
        let mut power = 0u64;
        let mut batch = Vec::with_capacity(self.signatures.len());
        for entry in &self.signatures {
            let Some((_, validator)) = members.iter().find(|(id, _)| *id == entry.validator) else {
                if only_members {
                    return Err(CertificateError::UnknownValidator { validator: entry.validator, height: self.height });
                }
                continue;
            };
            power = power.saturating_add(validator.power);
            let message = vote_message(
                genesis,
                VoteType::Precommit,
                self.height,
                Some(self.round),
                Some(&self.block),
                &entry.validator,
            );
            let (role, key) = (crypto::SignedAs::Consensus, validator.key);
            batch.push(crypto::BatchItem { role, key, message, signature: entry.signature });
        }
        // The quorum first: it costs nothing, and a path that does not connect need not be charged with curve arithmetic.
        if !validators.is_quorum(power) {
            return Err(CertificateError::NoQuorum { power, total: validators.total_power() });
        }
        if let Some(bad) = crypto::verify_batch(&batch).first() {
            return Err(CertificateError::BadSignature { validator: batch[*bad].key.id() });
        }
        Ok(())
    }
}
