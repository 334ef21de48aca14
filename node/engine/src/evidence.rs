//! Double signing, in the form in which any province can record it and anybody check it.

use arc_malachitebft_app_channel::app::types::MisbehaviorEvidence;
use arc_malachitebft_app_channel::app::types::core::{NilOrVal, SignedProposal, SignedVote, VoteType};
use huxin_chain_spec::crypto::Signature;
use huxin_chain_spec::record::governance::{DoubleSignature, SignedBlock, SignedStep};

use crate::context::{Address, Ctx, Height};

/// Pairs reported for one height; the engine itself keeps a bounded number per validator.
const EVIDENCE_MAX: usize = 1_024;

/// The evidence of a height, at most [`EVIDENCE_MAX`] pairs. Two proposals of one block are none: they differ at most in the
/// round they lean on.
pub(crate) fn evidence_out(evidence: &MisbehaviorEvidence<Ctx>) -> Vec<DoubleSignature> {
    let votes = evidence.votes.iter().flat_map(|(address, pairs)| pairs.iter().map(move |pair| (address, pair)));
    let votes = votes.filter_map(|(address, (first, second))| {
        let step = match first.message.vote_type {
            VoteType::Prevote => SignedStep::Prevote,
            VoteType::Precommit => SignedStep::Precommit,
        };
        let place = (address, step, first.message.height, first.message.round.as_u32()?);
        double(place, signed_vote(first), signed_vote(second))
    });
    let proposals =
        evidence.proposals.iter().flat_map(|(address, pairs)| pairs.iter().map(move |pair| (address, pair)));
    let proposals = proposals.filter_map(|(address, (first, second))| {
        let place = (address, SignedStep::Proposal, first.message.height, first.message.round.as_u32()?);
        double(place, signed_proposal(first), signed_proposal(second))
    });
    votes.chain(proposals).take(EVIDENCE_MAX).collect()
}

/// The lesser block first, as the record has it.
fn double(
    (address, step, height, round): (&Address, SignedStep, Height, u32),
    one: SignedBlock,
    other: SignedBlock,
) -> Option<DoubleSignature> {
    let (first, second) = if one.block < other.block { (one, other) } else { (other, one) };
    let differ = first.block != second.block;
    differ.then(|| DoubleSignature { validator: address.0, step, height: height.spec(), round, first, second })
}

fn signed_vote(vote: &SignedVote<Ctx>) -> SignedBlock {
    let block = match vote.message.value {
        NilOrVal::Val(block) => Some(block),
        NilOrVal::Nil => None,
    };
    signed(block, None, vote.signature)
}

fn signed_proposal(proposal: &SignedProposal<Ctx>) -> SignedBlock {
    signed(Some(proposal.message.value.0), proposal.message.pol_round.as_u32(), proposal.signature)
}

fn signed(
    block: Option<huxin_chain_spec::crypto::Digest>,
    pol_round: Option<u32>,
    signature: Signature,
) -> SignedBlock {
    SignedBlock { block, pol_round, signature }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use huxin_chain_spec::crypto::{Digest, KeyId};

    use super::*;

    #[test]
    fn a_pair_has_one_form_and_one_block_twice_is_none() {
        let block = |byte: Option<u8>| signed(byte.map(|byte| Digest([byte; 32])), None, Signature::Ed25519([1; 64]));
        let address = Address(KeyId::default());
        let place = (&address, SignedStep::Precommit, Height(7), 2);
        let pair = double(place, block(Some(9)), block(None)).unwrap();
        assert_eq!((pair.first.block, pair.second.block), (None, Some(Digest([9; 32]))));
        assert_eq!(double(place, block(None), block(Some(9))), Some(pair));
        assert_eq!(double(place, block(Some(9)), block(Some(9))), None);
    }
}
