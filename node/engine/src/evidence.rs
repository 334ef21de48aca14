//! Double signing, in a form that anybody can check with the protocol's crypto alone.

use arc_malachitebft_app_channel::app::types::MisbehaviorEvidence;
use arc_malachitebft_app_channel::app::types::core::VoteType;
use huxin_chain_spec::crypto::{KeyId, Signature};
use huxin_chain_spec::ids::{ChainId, Height};

use crate::context::{Ctx, Height as EngineHeight};
use crate::signing::{proposal_bytes, vote_bytes};

/// Pairs reported for one height; the engine itself keeps a bounded number per validator.
const EVIDENCE_MAX: usize = 1_024;

/// What a validator said twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Misbehaviour {
    Proposal,
    Prevote,
    Precommit,
}

/// The bytes a validator signed, as laid out by [`huxin_chain_spec::certificate`], and its signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedStatement {
    pub message: Vec<u8>,
    pub signature: Signature,
}

/// Two different statements of one validator for the same height and round.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    pub validator: KeyId,
    pub kind: Misbehaviour,
    pub height: Height,
    pub round: u32,
    pub first: SignedStatement,
    pub second: SignedStatement,
}

/// The evidence of a height, at most [`EVIDENCE_MAX`] pairs.
pub(crate) fn evidence_out(chain_id: &ChainId, evidence: &MisbehaviorEvidence<Ctx>) -> Vec<Evidence> {
    let votes = evidence.votes.iter().flat_map(|(address, pairs)| pairs.iter().map(move |pair| (address, pair)));
    let votes = votes.map(|(address, (first, second))| Evidence {
        validator: address.0,
        kind: match first.message.vote_type {
            VoteType::Prevote => Misbehaviour::Prevote,
            VoteType::Precommit => Misbehaviour::Precommit,
        },
        height: EngineHeight::spec(first.message.height),
        round: first.message.round.as_u32().unwrap_or(0),
        first: SignedStatement { message: vote_bytes(chain_id, &first.message), signature: first.signature },
        second: SignedStatement { message: vote_bytes(chain_id, &second.message), signature: second.signature },
    });
    let proposals =
        evidence.proposals.iter().flat_map(|(address, pairs)| pairs.iter().map(move |pair| (address, pair)));
    let proposals = proposals.map(|(address, (first, second))| Evidence {
        validator: address.0,
        kind: Misbehaviour::Proposal,
        height: EngineHeight::spec(first.message.height),
        round: first.message.round.as_u32().unwrap_or(0),
        first: SignedStatement { message: proposal_bytes(chain_id, &first.message), signature: first.signature },
        second: SignedStatement { message: proposal_bytes(chain_id, &second.message), signature: second.signature },
    });
    votes.chain(proposals).take(EVIDENCE_MAX).collect()
}
