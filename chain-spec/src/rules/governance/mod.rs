//! Rules of the governance family: the provinces decide together, by their offline governance keys.
//!
//! Life of a proposal:
//!
//! ```text
//!            vote that reaches the threshold     -> PASSED, and the action takes effect in the same transaction
//!  OPEN      vote after which it is out of reach -> REJECTED
//!            withdrawal by the proposer          -> WITHDRAWN
//!            its close                           -> EXPIRED
//! ```
//! All but OPEN are final. Votes count while their province is active; each province has one vote, whatever its power.
//!
//! **Invariants**
//! * An action is checked in full when it is proposed and again when it would take effect; a vote whose effect a rule
//!   forbids is refused and changes nothing.
//! * After every change of validators, those recently seen can reach a quorum.
//! * Rules never ask which features this software knows: old and new software must agree on every vote.

mod action;
mod anchor;
mod members;
mod misbehaviour;
mod rehearsal;
mod trust;
mod validators;

pub use rehearsal::{Rehearsal, SeenValidator, blocking, may_fail, rehearse};
pub use validators::{ROTATION_PERIOD_MS, ROTATIONS_MAX, validators_after};

use crate::codes::Code;
use crate::crypto::Digest;
use crate::ids::{ProvinceCode, RecordIndex, TimeMs};
use crate::parameters::Threshold;
use crate::record::GovernanceOperation;
use crate::record::governance::{Action, TrustRole};
use crate::record::membership::Standing;
use crate::state::governance::{Ballot, GovernedParameters, ProposalState, ProposalStatus, TrustState};
use crate::state::{ProvinceState, StateKey, StateReader, StateUnavailable};

use super::overlay::Overlay;
use super::{Actor, BlockContext, RuleError};

/// Longest time a proposal may stay open, in milliseconds: ninety days.
pub const PROPOSAL_OPEN_MS_MAX: u64 = 90 * 24 * 60 * 60 * 1000;

/// A step on a proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProposalStep {
    /// A vote, and the tally that includes it.
    Vote(Tally),
    /// Its proposer withdraws it.
    Withdraw,
}

/// Votes against a threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tally {
    Reached,
    Undecided,
    /// It cannot be reached any longer, even if all remaining provinces voted yes.
    OutOfReach,
}

impl Tally {
    /// Of `yes` and `no` votes among `active` provinces.
    pub fn of(threshold: Threshold, yes: usize, no: usize, active: usize) -> Self {
        let needed = threshold.needed(active);
        if yes >= needed {
            Self::Reached
        } else if active.saturating_sub(no) < needed {
            Self::OutOfReach
        } else {
            Self::Undecided
        }
    }
}

/// The status after `step` on a proposal in `status`, or the refusal that names the rule.
pub fn next_status(status: ProposalStatus, step: ProposalStep) -> Result<ProposalStatus, Code> {
    use ProposalStatus as S;
    use ProposalStep as Step;
    match (status, step) {
        (S::Passed | S::Rejected | S::Withdrawn, Step::Vote(_) | Step::Withdraw) => Err(Code::ProposalDecided),
        (S::Expired, Step::Vote(_) | Step::Withdraw) => Err(Code::ProposalClosed),
        (S::Open, Step::Vote(Tally::Reached)) => Ok(S::Passed),
        (S::Open, Step::Vote(Tally::Undecided)) => Ok(S::Open),
        (S::Open, Step::Vote(Tally::OutOfReach)) => Ok(S::Rejected),
        (S::Open, Step::Withdraw) => Ok(S::Withdrawn),
    }
}

/// What an action writes.
type Writes = Vec<(StateKey, Vec<u8>)>;

/// What the guards of an action read.
struct Scene<'a, 'r, R> {
    overlay: &'a Overlay<'r, R>,
    context: &'a BlockContext,
    /// Province that proposed the action.
    proposer: ProvinceCode,
}

/// Applies `operation`, which becomes record `index`.
pub(super) fn apply<R: StateReader>(
    overlay: &mut Overlay<'_, R>,
    context: &BlockContext,
    actor: &Actor,
    index: RecordIndex,
    operation: &GovernanceOperation,
) -> Result<(), RuleError> {
    use GovernanceOperation as Op;
    match operation {
        Op::Propose { action, closes_ms, rationale } => {
            check_voter(overlay, actor)?;
            propose(overlay, context, actor, index, (action, *closes_ms, rationale))
        }
        Op::Vote { proposal, approve } => {
            check_voter(overlay, actor)?;
            vote(overlay, context, actor, index, (*proposal, *approve))
        }
        Op::WithdrawProposal { proposal } => {
            check_voter(overlay, actor)?;
            withdraw(overlay, context, actor, index, *proposal)
        }
        Op::ReportMisbehaviour { evidence } => misbehaviour::report(overlay, context, actor, index, evidence),
        Op::Anchor { ledger, height, block, log } => {
            anchor::record(overlay, context, actor, index, (ledger, *height, block, *log))
        }
    }
}

/// Texts of an operation that the privacy filter reads: those of the action proposed. All else is codes, keys and digests.
pub(super) fn texts(operation: &GovernanceOperation) -> Vec<&str> {
    use GovernanceOperation as Op;
    match operation {
        Op::Propose { action, .. } => action::texts(action),
        Op::Vote { .. } | Op::WithdrawProposal { .. } | Op::ReportMisbehaviour { .. } | Op::Anchor { .. } => Vec::new(),
    }
}

/// Whether the rules would let `action`, proposed by `proposer`, take effect in a block of this context: a dry run before a
/// proposal, which changes nothing.
///
/// # Errors
/// [`RuleError::Refused`] with the guard that forbids it.
pub fn dry_run(
    reader: &impl StateReader,
    context: &BlockContext,
    proposer: ProvinceCode,
    action: &Action,
) -> Result<(), RuleError> {
    let overlay = Overlay::new(reader, RecordIndex(0));
    let scene = Scene { overlay: &overlay, context, proposer };
    scene.threshold(action)?;
    scene.effect(action).map(|_| ())
}

/// The count of the votes on a proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VoteCount {
    /// Threshold to pass.
    pub threshold: Threshold,
    /// Votes for it that count.
    pub yes: usize,
    /// Votes against it that count.
    pub no: usize,
    /// Number of yes votes needed.
    pub needed: usize,
}

/// Counts the votes on an open proposal: only those of active provinces count.
pub fn vote_count(reader: &impl StateReader, proposal: &ProposalState) -> Result<VoteCount, StateUnavailable> {
    let overlay = Overlay::new(reader, RecordIndex(0));
    let threshold = action::threshold_of(&governed(&overlay)?.thresholds, &proposal.action);
    let active = active_provinces(&overlay)?;
    let (yes, no) = votes(proposal, &active);
    Ok(VoteCount { threshold, yes, no, needed: threshold.needed(active.len()) })
}

/// Whether a certificate is trusted in a role at a time.
pub(super) fn is_trusted<R: StateReader>(
    overlay: &Overlay<'_, R>,
    certificate: &Digest,
    role: TrustRole,
    time_ms: TimeMs,
) -> Result<bool, RuleError> {
    let entry: Option<TrustState> = overlay.read(&StateKey::Trust(*certificate))?;
    Ok(entry.is_some_and(|entry| entry.is_trusted(role, time_ms)))
}

/// Only the governance key of an active province may act for it. Changes by earlier operations of the same transaction
/// already apply.
fn check_voter<R: StateReader>(overlay: &Overlay<'_, R>, actor: &Actor) -> Result<(), RuleError> {
    if !actor.key.permissions.govern {
        return Err(Code::KeyNotPermitted.into());
    }
    let province: ProvinceState =
        overlay.read(&StateKey::Province(actor.province()))?.ok_or(Code::ProvinceNotMember)?;
    super::standing(province.standing, Code::ProvinceSuspended, Code::ProvinceRemoved)?;
    if province.governance_key.id() != actor.id {
        return Err(Code::GovernanceKeyOnly.into());
    }
    Ok(())
}

fn propose<R: StateReader>(
    overlay: &mut Overlay<'_, R>,
    context: &BlockContext,
    actor: &Actor,
    index: RecordIndex,
    (action, closes_ms, rationale): (&Action, TimeMs, &Digest),
) -> Result<(), RuleError> {
    if closes_ms <= context.time_ms {
        return Err(Code::ProposalClosesInPast.into());
    }
    if closes_ms.ms_since(context.time_ms) > PROPOSAL_OPEN_MS_MAX {
        return Err(Code::ProposalClosesTooFar.into());
    }
    let proposal = ProposalState {
        action: action.clone(),
        proposer: actor.province(),
        rationale: *rationale,
        opened_ms: context.time_ms,
        closes_ms,
        ballots: Vec::new(),
        status: ProposalStatus::Open,
        decided_by: None,
    };
    // An action that could not take effect now is refused before anyone votes on it.
    let scene = Scene { overlay, context, proposer: actor.province() };
    scene.effect(action)?;
    count(overlay, context, (index, index), proposal, Ballot { province: actor.province(), approve: true })
}

fn vote<R: StateReader>(
    overlay: &mut Overlay<'_, R>,
    context: &BlockContext,
    actor: &Actor,
    index: RecordIndex,
    (address, approve): (RecordIndex, bool),
) -> Result<(), RuleError> {
    let proposal: ProposalState = overlay.read(&StateKey::Proposal(address))?.ok_or(Code::ProposalUnknown)?;
    // Whether the proposal is open is checked first: a closed one is refused as closed, not as voted on twice.
    next_status(proposal.status_at(context.time_ms), ProposalStep::Vote(Tally::Undecided))?;
    count(overlay, context, (address, index), proposal, Ballot { province: actor.province(), approve })
}

/// Adds the ballot of record `index`, and decides the proposal if the threshold is reached or out of reach.
fn count<R: StateReader>(
    overlay: &mut Overlay<'_, R>,
    context: &BlockContext,
    (address, index): (RecordIndex, RecordIndex),
    mut proposal: ProposalState,
    ballot: Ballot,
) -> Result<(), RuleError> {
    match proposal.ballots.binary_search_by_key(&ballot.province, |kept| kept.province) {
        Ok(_) => return Err(Code::ProposalDoubleVote.into()),
        Err(at) => proposal.ballots.insert(at, ballot),
    }
    let active = active_provinces(overlay)?;
    let (yes, no) = votes(&proposal, &active);
    let scene = Scene { overlay, context, proposer: proposal.proposer };
    let threshold = scene.threshold(&proposal.action)?;
    let tally = Tally::of(threshold, yes, no, active.len());
    proposal.status = next_status(proposal.status_at(context.time_ms), ProposalStep::Vote(tally))?;
    let mut writes = Vec::new();
    match proposal.status {
        ProposalStatus::Passed => {
            writes = scene.effect(&proposal.action)?;
            proposal.decided_by = Some(index);
        }
        ProposalStatus::Rejected => proposal.decided_by = Some(index),
        ProposalStatus::Open | ProposalStatus::Withdrawn | ProposalStatus::Expired => {}
    }
    for (key, bytes) in writes {
        overlay.write_bytes(key, bytes);
    }
    overlay.write(StateKey::Proposal(address), &proposal);
    Ok(())
}

/// Votes for and against, of provinces that are active.
fn votes(proposal: &ProposalState, active: &[ProvinceCode]) -> (usize, usize) {
    let of = |approve: bool| {
        let counts = |kept: &&Ballot| kept.approve == approve && active.contains(&kept.province);
        proposal.ballots.iter().filter(counts).count()
    };
    (of(true), of(false))
}

fn withdraw<R: StateReader>(
    overlay: &mut Overlay<'_, R>,
    context: &BlockContext,
    actor: &Actor,
    index: RecordIndex,
    address: RecordIndex,
) -> Result<(), RuleError> {
    let mut proposal: ProposalState = overlay.read(&StateKey::Proposal(address))?.ok_or(Code::ProposalUnknown)?;
    proposal.status = next_status(proposal.status_at(context.time_ms), ProposalStep::Withdraw)?;
    if proposal.proposer != actor.province() {
        return Err(Code::ProposalNotProposer.into());
    }
    proposal.decided_by = Some(index);
    overlay.write(StateKey::Proposal(address), &proposal);
    Ok(())
}

/// The active provinces, in the order of their codes: at most the 36 of the table.
fn active_provinces<R: StateReader>(overlay: &Overlay<'_, R>) -> Result<Vec<ProvinceCode>, StateUnavailable> {
    let mut active = Vec::new();
    for code in ProvinceCode::all() {
        let state: Option<ProvinceState> = overlay.read(&StateKey::Province(code))?;
        if state.is_some_and(|state| state.standing == Standing::Active) {
            active.push(code);
        }
    }
    Ok(active)
}

/// The limits and thresholds in force.
fn governed<R: StateReader>(overlay: &Overlay<'_, R>) -> Result<GovernedParameters, StateUnavailable> {
    overlay.read(&StateKey::Parameters)?.ok_or_else(|| StateUnavailable("no parameters".to_owned()))
}
