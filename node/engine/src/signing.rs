//! Signing and verifying for the engine, over the protocol's own crypto: a further signature scheme needs nothing here.
//!
//! Votes and proposals are signed as [`huxin_chain_spec::certificate`] lays out. Two statements are this crate's own;
//! integers little-endian:
//!
//! ```text
//! parts   len u8 | "huxin/parts/v2" | genesis hash [32] | height u64 | round u32 | proposer [32] | block [32] | bytes u32
//! proof   len u8 | "huxin/validator-proof/v2" | genesis hash [32] | key len u8 | key | peer id len u8 | peer id
//! ```

use std::sync::Arc;

use arc_malachitebft_app_channel::app::types::core::{
    NilOrVal, Round, SignedMessage, ValidatorProof, VoteExtensionScope, VoteType,
};
use arc_malachitebft_signing::{Error, Signer, VerificationResult, Verifier};
use async_trait::async_trait;
use bytes::Bytes;
use huxin_chain_spec::certificate::{preamble, proposal_message, vote_message};
use huxin_chain_spec::codec;
use huxin_chain_spec::crypto::{self, Digest, DigestAlgorithm, PublicKey, Signature, SignedAs, tags};
use parking_lot::Mutex;

use crate::context::{Ctx, Height, Proposal, Vote};
use crate::error::{Exit, ExitCell};
use crate::gate::{silent_proposal, silent_vote};
use crate::part::Init;
use crate::recent::Recent;
use crate::sign_state::{Permit, SignState, Statement, Step};

/// Signs what the engine decides to say, as far as the sign-state permits.
#[derive(Clone)]
pub(crate) struct EngineSigner {
    genesis: Digest,
    signer: Arc<dyn crypto::Signer>,
    state: SignState,
    exit: ExitCell,
}

impl EngineSigner {
    pub(crate) fn new(genesis: Digest, signer: Arc<dyn crypto::Signer>, state: SignState, exit: ExitCell) -> Self {
        Self { genesis, signer, state, exit }
    }

    pub(crate) fn state(&self) -> &SignState {
        &self.state
    }

    pub(crate) fn public_key(&self) -> PublicKey {
        self.signer.public_key()
    }

    /// Asks the sign-state, which records what is new. Where it cannot, the engine ends.
    async fn ask(&self, statement: Statement) -> Result<Permit, Error> {
        self.state.ask(statement).await.map_err(|error| {
            self.exit.set(Exit::SignState { reason: error.to_string() });
            Error::from_source(error)
        })
    }

    /// Whether this node may propose `block`, which is recorded first: asked before its parts leave.
    pub(crate) async fn may_propose(&self, height: Height, round: u32, block: Digest) -> bool {
        let statement = Statement { height: height.0, round, step: Step::Proposal, block: Some(block) };
        matches!(self.ask(statement).await, Ok(Permit::New | Permit::Same))
    }

    /// Whether this node has proposed `block` there, so that it may send it again.
    pub(crate) fn has_proposed(&self, height: Height, round: u32, block: Digest) -> bool {
        let statement = Statement { height: height.0, round, step: Step::Proposal, block: Some(block) };
        self.state.has_signed(&statement)
    }

    fn signed_vote(&self, vote: Vote) -> SignedMessage<Ctx, Vote> {
        let signature = self.signer.sign_consensus(&vote_bytes(&self.genesis, &vote));
        SignedMessage::new(vote, signature)
    }

    /// Signs the first part of a block, as this node.
    pub(crate) fn sign_init(&self, init: &Init) -> Signature {
        self.signer.sign_consensus(&init_message(&self.genesis, init))
    }
}

/// In the place of a signature where there is none.
pub(crate) const UNSIGNED: Signature = Signature::Ed25519([0; 64]);

/// What a vote states; `None` without a round, which no vote is.
pub(crate) fn vote_statement(vote: &Vote) -> Option<Statement> {
    let step = match vote.vote_type {
        VoteType::Prevote => Step::Prevote,
        VoteType::Precommit => Step::Precommit,
    };
    let block = match vote.value {
        NilOrVal::Nil => None,
        NilOrVal::Val(block) => Some(block),
    };
    Some(Statement { height: vote.height.0, round: vote.round.as_u32()?, step, block })
}

/// What a proposal states: its block. The round it leans on does not make it another one.
pub(crate) fn proposal_statement(proposal: &Proposal) -> Option<Statement> {
    let (height, round) = (proposal.height.0, proposal.round.as_u32()?);
    Some(Statement { height, round, step: Step::Proposal, block: Some(proposal.value.0) })
}

/// The vote of `statement`, in the place of `vote`.
fn vote_of(statement: &Statement, vote: Vote) -> Vote {
    let vote_type = if statement.step == Step::Precommit { VoteType::Precommit } else { VoteType::Prevote };
    let value = statement.block.map_or(NilOrVal::Nil, NilOrVal::Val);
    Vote::new(vote_type, Height(statement.height), Round::new(statement.round), value, vote.voter)
}

/// Good signatures of votes and proposals remembered, so that consensus does not verify again what the guard let in. About 100 bytes each;
/// a height of 128 validators has 257.
const GOOD_MAX: usize = 4_096;

/// Checks signatures of others. Cloning shares what is remembered.
#[derive(Clone)]
pub(crate) struct EngineVerifier {
    genesis: Digest,
    /// By digests of key, signature and message.
    good: Arc<Mutex<Recent<()>>>,
}

impl EngineVerifier {
    pub(crate) fn new(genesis: Digest) -> Self {
        Self { genesis, good: Arc::new(Mutex::new(Recent::new(GOOD_MAX))) }
    }

    /// Whether `key` signed `message`: remembered, or verified now. Only what is good is remembered; what is false costs its sender.
    fn holds(&self, key: &PublicKey, message: &[u8], signature: &Signature) -> bool {
        let digest = DigestAlgorithm::Sha256.plain(&[&codec::encode(key), &codec::encode(signature), message]);
        if self.good.lock().get(&digest).is_some() {
            return true;
        }
        let is_good = crypto::verify(SignedAs::Consensus, key, message, signature);
        if is_good {
            self.good.lock().put(digest, ());
        }
        is_good
    }

    /// Whether `key` signed this vote.
    pub(crate) fn verify_vote(&self, vote: &Vote, signature: &Signature, key: &PublicKey) -> bool {
        self.holds(key, &vote_bytes(&self.genesis, vote), signature)
    }

    /// Whether `key` signed this proposal.
    pub(crate) fn verify_proposal(&self, proposal: &Proposal, signature: &Signature, key: &PublicKey) -> bool {
        self.holds(key, &proposal_bytes(&self.genesis, proposal), signature)
    }

    /// Whether `key` signed that it belongs to the peer of this proof.
    pub(crate) fn verify_proof(&self, key: &PublicKey, proof: &ValidatorProof<Ctx>) -> bool {
        let message = proof_message(&self.genesis, &proof.public_key, &proof.peer_id);
        crypto::verify(SignedAs::Consensus, key, &message, &proof.signature)
    }

    /// Whether `key` signed this first part.
    pub(crate) fn verify_init(&self, init: &Init, key: &PublicKey) -> bool {
        crypto::verify(SignedAs::Consensus, key, &init_message(&self.genesis, init), &init.signature)
    }
}

fn init_message(genesis: &Digest, init: &Init) -> Vec<u8> {
    let mut message = preamble(tags::PARTS, genesis);
    message.extend_from_slice(&init.height.0.to_le_bytes());
    message.extend_from_slice(&init.round.to_le_bytes());
    message.extend_from_slice(init.proposer.0.0.as_bytes());
    message.extend_from_slice(init.block.as_bytes());
    message.extend_from_slice(&init.block_bytes.to_le_bytes());
    message
}

fn proof_message(genesis: &Digest, public_key: &[u8], peer_id: &[u8]) -> Vec<u8> {
    let mut message = preamble(tags::VALIDATOR_PROOF, genesis);
    for field in [public_key, peer_id] {
        message.push(u8::try_from(field.len()).unwrap_or(u8::MAX));
        message.extend_from_slice(field);
    }
    message
}

/// The bytes under a vote.
pub(crate) fn vote_bytes(genesis: &Digest, vote: &Vote) -> Vec<u8> {
    let block = match &vote.value {
        NilOrVal::Nil => None,
        NilOrVal::Val(block) => Some(block),
    };
    vote_message(genesis, vote.spec_type(), vote.height.spec(), vote.round.as_u32(), block, &vote.voter.0)
}

/// The bytes under a proposal.
pub(crate) fn proposal_bytes(genesis: &Digest, proposal: &Proposal) -> Vec<u8> {
    proposal_message(
        genesis,
        proposal.height.spec(),
        proposal.round.as_u32(),
        &proposal.value.0,
        proposal.pol_round.as_u32(),
        &proposal.proposer.0,
    )
}

#[async_trait]
impl Verifier<Ctx> for EngineVerifier {
    async fn verify_signed_vote(
        &self,
        vote: &Vote,
        signature: &Signature,
        key: &PublicKey,
    ) -> Result<VerificationResult, Error> {
        Ok(VerificationResult::from_bool(self.verify_vote(vote, signature, key)))
    }

    async fn verify_signed_proposal(
        &self,
        proposal: &Proposal,
        signature: &Signature,
        key: &PublicKey,
    ) -> Result<VerificationResult, Error> {
        Ok(VerificationResult::from_bool(self.verify_proposal(proposal, signature, key)))
    }

    /// Vote extensions are not part of the protocol, so none is ever good.
    async fn verify_signed_vote_extension(
        &self,
        _scope: &VoteExtensionScope<Ctx>,
        _extension: &Bytes,
        _signature: &Signature,
        _key: &PublicKey,
    ) -> Result<VerificationResult, Error> {
        Ok(VerificationResult::Invalid)
    }

    async fn verify_validator_proof(&self, proof: &ValidatorProof<Ctx>) -> Result<VerificationResult, Error> {
        let Ok(key) = proof.decoded_public_key() else {
            return Ok(VerificationResult::Invalid);
        };
        Ok(VerificationResult::from_bool(self.verify_proof(&key, proof)))
    }
}

#[async_trait]
impl Signer<Ctx> for EngineSigner {
    async fn sign_vote(&self, vote: Vote) -> Result<SignedMessage<Ctx, Vote>, Error> {
        let statement = vote_statement(&vote).ok_or_else(Error::new)?;
        Ok(match self.ask(statement).await? {
            Permit::New | Permit::Same => self.signed_vote(vote),
            Permit::Again(said) => self.signed_vote(vote_of(&said, vote)),
            Permit::Nothing => {
                self.signed_vote(Vote::new(vote.vote_type, vote.height, vote.round, NilOrVal::Nil, vote.voter))
            }
            Permit::Withheld(_) => SignedMessage::new(silent_vote(&vote), UNSIGNED),
        })
    }

    async fn sign_proposal(&self, proposal: Proposal) -> Result<SignedMessage<Ctx, Proposal>, Error> {
        let statement = proposal_statement(&proposal).ok_or_else(Error::new)?;
        Ok(match self.ask(statement).await? {
            Permit::New | Permit::Same => {
                let signature = self.signer.sign_consensus(&proposal_bytes(&self.genesis, &proposal));
                SignedMessage::new(proposal, signature)
            }
            Permit::Again(_) | Permit::Nothing | Permit::Withheld(_) => {
                SignedMessage::new(silent_proposal(proposal), UNSIGNED)
            }
        })
    }

    /// Vote extensions are not part of the protocol.
    async fn sign_vote_extension(
        &self,
        _scope: VoteExtensionScope<Ctx>,
        _extension: Bytes,
    ) -> Result<SignedMessage<Ctx, Bytes>, Error> {
        Err(Error::new())
    }

    async fn sign_validator_proof(&self, key: Vec<u8>, peer_id: Vec<u8>) -> Result<ValidatorProof<Ctx>, Error> {
        let signature = self.signer.sign_consensus(&proof_message(&self.genesis, &key, &peer_id));
        Ok(ValidatorProof::new(key, peer_id, signature))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use arc_malachitebft_app_channel::app::types::core::SigningScheme as _;
    use huxin_chain_spec::certificate::{VoteType as SpecVoteType, vote_message};
    use huxin_chain_spec::crypto::{DigestAlgorithm, SignatureScheme, Signer as _, SigningKey};

    use super::*;
    use crate::context::Address;
    use crate::scheme::Scheme;

    fn key(seed: u8) -> Arc<SigningKey> {
        Arc::new(SigningKey::from_secret(SignatureScheme::Ed25519, [seed; 32]).unwrap())
    }

    /// The trust root of a chain of the tests.
    fn chain(name: &str) -> Digest {
        DigestAlgorithm::Sha256.plain(&[name.as_bytes()])
    }

    fn signer(name: &str, key: &Arc<SigningKey>) -> EngineSigner {
        EngineSigner::new(chain(name), key.clone(), crate::sign_state::for_tests(key.id()), ExitCell::new())
    }

    fn vote(voter: &SigningKey) -> Vote {
        Vote::new(VoteType::Precommit, Height(7), Round::new(2), NilOrVal::Val(Digest([9; 32])), Address(voter.id()))
    }

    #[tokio::test]
    async fn a_vote_is_signed_over_the_protocols_bytes() {
        let secret = key(1);
        let signed = signer("dev-a", &secret).sign_vote(vote(&secret)).await.unwrap();
        let bytes = vote_message(
            &chain("dev-a"),
            SpecVoteType::Precommit,
            huxin_chain_spec::ids::Height(7),
            Some(2),
            Some(&Digest([9; 32])),
            &secret.id(),
        );
        assert!(crypto::verify(SignedAs::Consensus, &secret.public_key(), &bytes, &signed.signature));
    }

    #[tokio::test]
    async fn a_vote_of_another_chain_does_not_verify() {
        let secret = key(1);
        let signed = signer("dev-a", &secret).sign_vote(vote(&secret)).await.unwrap();
        for (name, good) in [("dev-a", true), ("dev-b", false)] {
            let verifier = EngineVerifier::new(chain(name));
            let result =
                verifier.verify_signed_vote(&signed.message, &signed.signature, &secret.public_key()).await.unwrap();
            assert_eq!(result.is_valid(), good);
        }
    }

    #[tokio::test]
    async fn a_validator_proof_binds_key_and_peer() {
        let secret = key(1);
        let signer = signer("dev-a", &secret);
        let public = Scheme::encode_public_key(&secret.public_key());
        let proof = signer.sign_validator_proof(public, vec![1, 2, 3]).await.unwrap();
        let verifier = EngineVerifier::new(chain("dev-a"));
        assert!(verifier.verify_validator_proof(&proof).await.unwrap().is_valid());
        let mut other_peer = proof.clone();
        other_peer.peer_id = vec![1, 2, 4];
        assert!(verifier.verify_validator_proof(&other_peer).await.unwrap().is_invalid());
        let mut other_key = proof;
        other_key.public_key = Scheme::encode_public_key(&key(2).public_key());
        assert!(verifier.verify_validator_proof(&other_key).await.unwrap().is_invalid());
    }
}
