//! The types the engine is generic over, as thin wrappers around the protocol's own.

use arc_malachitebft_app_channel::app::types::core as mt;
use bytes::Bytes;
use huxin_chain_spec::certificate::{
    Certificate, CertificateSignature, ValidatorSet as SpecValidatorSet, VoteType as SpecVoteType, proposer_index,
};
use huxin_chain_spec::crypto::{Digest, PublicKey, Signature};
use mt::{NilOrVal, Round, VoteType};

use crate::part::Part;
use crate::scheme::Scheme;

pub(crate) use crate::types::{Address, Height};

/// The consensus value: a header hash.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Value(pub Digest);

impl mt::Value for Value {
    type Id = Digest;

    fn id(&self) -> Digest {
        self.0
    }
}

/// A validator with its address worked out once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Validator {
    address: Address,
    key: PublicKey,
    power: u64,
}

impl mt::Validator<Ctx> for Validator {
    fn address(&self) -> &Address {
        &self.address
    }

    fn public_key(&self) -> &PublicKey {
        &self.key
    }

    fn voting_power(&self) -> mt::VotingPower {
        self.power
    }
}

/// The validators of a height in address order. Never empty: [`ValidatorSet::new`] refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ValidatorSet(Vec<Validator>);

impl ValidatorSet {
    /// `None` if the set is not well formed, or its total power does not fit the engine's arithmetic.
    pub(crate) fn new(set: &SpecValidatorSet) -> Option<Self> {
        // The engine multiplies the total by three.
        if !set.is_well_formed() || set.total_power() > u64::MAX / 4 {
            return None;
        }
        let validators = set.validators().iter().map(|validator| Validator {
            address: Address(validator.key.id()),
            key: validator.key,
            power: validator.power,
        });
        Some(Self(validators.collect()))
    }

    pub(crate) fn proposer(&self, height: Height, round: u32) -> &Validator {
        // The index is below the count, and the count is not zero.
        &self.0[proposer_index(height.spec(), round, self.0.len()).unwrap_or(0)]
    }

    /// Each validator's key and power.
    pub(crate) fn powers(&self) -> impl Iterator<Item = (PublicKey, u64)> {
        self.0.iter().map(|validator| (validator.key, validator.power))
    }

    pub(crate) fn key(&self, address: &Address) -> Option<&PublicKey> {
        mt::ValidatorSet::get_by_address(self, address).map(|validator| &validator.key)
    }
}

impl mt::ValidatorSet<Ctx> for ValidatorSet {
    fn count(&self) -> usize {
        self.0.len()
    }

    fn total_voting_power(&self) -> mt::VotingPower {
        self.0.iter().fold(0, |sum, validator| sum.saturating_add(validator.power))
    }

    fn get_by_address(&self, address: &Address) -> Option<&Validator> {
        let at = self.0.binary_search_by_key(address, |validator| validator.address).ok()?;
        self.0.get(at)
    }

    fn get_by_index(&self, index: usize) -> Option<&Validator> {
        self.0.get(index)
    }
}

/// A proposal: the header hash, not the block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Proposal {
    pub height: Height,
    pub round: Round,
    pub value: Value,
    pub pol_round: Round,
    pub proposer: Address,
}

impl mt::Proposal<Ctx> for Proposal {
    fn height(&self) -> Height {
        self.height
    }

    fn round(&self) -> Round {
        self.round
    }

    fn value(&self) -> &Value {
        &self.value
    }

    fn take_value(self) -> Value {
        self.value
    }

    fn pol_round(&self) -> Round {
        self.pol_round
    }

    fn validator_address(&self) -> &Address {
        &self.proposer
    }
}

/// A vote. Vote extensions are not used: the wire has no place for them and the policy of every height forbids them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Vote {
    pub vote_type: VoteType,
    pub height: Height,
    pub round: Round,
    pub value: NilOrVal<Digest>,
    pub voter: Address,
    extension: Option<mt::SignedExtension<Ctx>>,
}

impl Vote {
    pub(crate) fn new(
        vote_type: VoteType,
        height: Height,
        round: Round,
        value: NilOrVal<Digest>,
        voter: Address,
    ) -> Self {
        Self { vote_type, height, round, value, voter, extension: None }
    }

    pub(crate) fn spec_type(&self) -> SpecVoteType {
        match self.vote_type {
            VoteType::Prevote => SpecVoteType::Prevote,
            VoteType::Precommit => SpecVoteType::Precommit,
        }
    }
}

impl mt::Vote<Ctx> for Vote {
    fn height(&self) -> Height {
        self.height
    }

    fn round(&self) -> Round {
        self.round
    }

    fn value(&self) -> &NilOrVal<Digest> {
        &self.value
    }

    fn take_value(self) -> NilOrVal<Digest> {
        self.value
    }

    fn vote_type(&self) -> VoteType {
        self.vote_type
    }

    fn validator_address(&self) -> &Address {
        &self.voter
    }

    fn extension(&self) -> Option<&mt::SignedExtension<Ctx>> {
        self.extension.as_ref()
    }

    fn take_extension(&mut self) -> Option<mt::SignedExtension<Ctx>> {
        self.extension.take()
    }

    fn extend(self, extension: mt::SignedExtension<Ctx>) -> Self {
        Self { extension: Some(extension), ..self }
    }
}

impl mt::ProposalPart<Ctx> for Part {
    fn is_first(&self) -> bool {
        matches!(self, Self::Init(_))
    }

    fn is_last(&self) -> bool {
        false // The length in the first part says when a block is whole.
    }
}

/// The engine's context.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ctx;

impl mt::Context for Ctx {
    type Address = Address;
    type Height = Height;
    type ProposalPart = Part;
    type Proposal = Proposal;
    type Validator = Validator;
    type ValidatorSet = ValidatorSet;
    type Timeouts = mt::LinearTimeouts;
    type Value = Value;
    type Vote = Vote;
    type Extension = Bytes;
    type SigningScheme = Scheme;

    fn select_proposer<'a>(&self, validators: &'a ValidatorSet, height: Height, round: Round) -> &'a Validator {
        validators.proposer(height, round.as_u32().unwrap_or(0))
    }

    fn new_proposal(
        &self,
        height: Height,
        round: Round,
        value: Value,
        pol_round: Round,
        proposer: Address,
    ) -> Proposal {
        Proposal { height, round, value, pol_round, proposer }
    }

    fn new_prevote(&self, height: Height, round: Round, value: NilOrVal<Digest>, voter: Address) -> Vote {
        Vote::new(VoteType::Prevote, height, round, value, voter)
    }

    fn new_precommit(&self, height: Height, round: Round, value: NilOrVal<Digest>, voter: Address) -> Vote {
        Vote::new(VoteType::Precommit, height, round, value, voter)
    }
}

/// The protocol's certificate from the engine's.
pub(crate) fn certificate_out(certificate: mt::CommitCertificate<Ctx>) -> Certificate {
    let signature = |entry: mt::CommitSignature<Ctx>| CertificateSignature {
        validator: entry.address.0,
        signature: entry.signature,
    };
    let mut certificate = Certificate {
        height: certificate.height.spec(),
        // A decision always has a round; 0 would only make the certificate unverifiable.
        round: certificate.round.as_u32().unwrap_or(0),
        block: certificate.value_id,
        signatures: certificate.commit_signatures.into_iter().map(signature).collect(),
    };
    certificate.normalise();
    certificate
}

/// The engine's certificate, as it travels to syncing peers, from the protocol's.
pub(crate) fn certificate_in(certificate: Certificate) -> mt::ExtendedCommitCertificate<Ctx> {
    let signature = |entry: CertificateSignature| {
        let signature: Signature = entry.signature;
        mt::ExtendedCommitSignature::new(Address(entry.validator), signature, None)
    };
    mt::ExtendedCommitCertificate {
        height: Height(certificate.height.0),
        round: Round::new(certificate.round),
        value_id: certificate.block,
        commit_signatures: certificate.signatures.into_iter().map(signature).collect(),
    }
}
