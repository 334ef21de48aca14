//! Proven double signatures of validators. They are stored as facts; the provinces decide what follows from them.

use crate::certificate::{VoteType, proposal_message, vote_message};
use crate::codes::Code;
use crate::crypto::SignedAs;
use crate::ids::RecordIndex;
use crate::record::governance::{DoubleSignature, SignedBlock, SignedStep};
use crate::rules::overlay::Overlay;
use crate::signatures::InnerSignature;
use crate::state::governance::{MisbehaviourState, ValidatorNode};
use crate::state::{StateKey, StateReader};

use super::{Actor, BlockContext, RuleError};

pub(super) fn report<R: StateReader>(
    overlay: &mut Overlay<'_, R>,
    context: &BlockContext,
    actor: &Actor,
    index: RecordIndex,
    evidence: &DoubleSignature,
) -> Result<(), RuleError> {
    if !actor.key.permissions.evidence && !actor.key.permissions.govern {
        return Err(Code::KeyNotPermitted.into());
    }
    let DoubleSignature { validator, step, height, round, first, second } = evidence;
    let node: ValidatorNode = overlay.read(&StateKey::ValidatorNode(*validator))?.ok_or(Code::ValidatorUnknown)?;
    let in_force = *height > node.since && *height <= node.until.unwrap_or(context.height);
    if !in_force || !are_of_one_step(*step, first, second) {
        return Err(Code::MisbehaviourNotProven.into());
    }
    let address = StateKey::Misbehaviour(*validator, *height);
    if overlay.read::<MisbehaviourState>(&address)?.is_some() {
        return Err(Code::MisbehaviourKnown.into());
    }
    for signed in [first, second] {
        let message = message(context, evidence, signed);
        let inner = InnerSignature::of_ledger(SignedAs::Consensus, node.key, message, signed.signature);
        if !context.signatures.holds(&inner) {
            return Err(Code::SignatureInvalid.into());
        }
    }
    let state = MisbehaviourState {
        validator: *validator,
        province: node.province,
        step: *step,
        height: *height,
        round: *round,
        reported_by: index,
    };
    overlay.write(address, &state);
    Ok(())
}

/// Two different blocks, the smaller hash first so that each pair has one form. A nil vote differs from a vote for a block.
fn are_of_one_step(step: SignedStep, first: &SignedBlock, second: &SignedBlock) -> bool {
    let fits = match step {
        SignedStep::Proposal => first.block.is_some(),
        SignedStep::Prevote | SignedStep::Precommit => first.pol_round.is_none() && second.pol_round.is_none(),
    };
    fits && first.block < second.block
}

fn message(context: &BlockContext, evidence: &DoubleSignature, signed: &SignedBlock) -> Vec<u8> {
    let DoubleSignature { validator, step, height, round, .. } = evidence;
    let vote =
        |vote_type| vote_message(&context.genesis, vote_type, *height, Some(*round), signed.block.as_ref(), validator);
    match step {
        SignedStep::Prevote => vote(VoteType::Prevote),
        SignedStep::Precommit => vote(VoteType::Precommit),
        SignedStep::Proposal => {
            let block = signed.block.unwrap_or_default();
            proposal_message(&context.genesis, *height, Some(*round), &block, signed.pol_round, validator)
        }
    }
}
