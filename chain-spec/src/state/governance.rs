//! What the ledger keeps of governance: proposals, the rules in force, validators and the trust list.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

use crate::crypto::{Digest, KeyId, PublicKey};
use crate::ids::{Height, ProvinceCode, RecordIndex, TimeMs};
use crate::log::LogHead;
use crate::parameters::{Parameters, Thresholds};
use crate::record::governance::{Action, Competent, SignedStep, TrustRole};

/// Limits and thresholds in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct GovernedParameters {
    pub parameters: Parameters,
    pub thresholds: Thresholds,
}

/// Who may issue licences of a type.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct CompetenceState {
    /// From 1; each decision raises it. Records of new licences name it.
    pub version: u32,
    pub issuers: Competent,
    /// Record with which it took effect.
    pub decided_by: RecordIndex,
    /// Time of its block.
    pub decided_ms: TimeMs,
}

/// Status of a proposal. `Expired` is never stored: it follows from the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProposalStatus {
    /// Votes count.
    Open,
    /// The threshold was reached and the action took effect. Final.
    Passed,
    /// The threshold can no longer be reached. Final.
    Rejected,
    /// Its proposer took it back. Final.
    Withdrawn,
    /// It closed without a decision. Final.
    Expired,
}

impl ProposalStatus {
    /// Every status, for exhaustive tests and tables.
    pub const ALL: [Self; 5] = [Self::Open, Self::Passed, Self::Rejected, Self::Withdrawn, Self::Expired];
}

/// A proposal.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct ProposalState {
    pub action: Action,
    /// Province that proposed.
    pub proposer: ProvinceCode,
    /// Digest of the paper that gives the reasons.
    pub rationale: Digest,
    pub opened_ms: TimeMs,
    /// First moment at which votes no longer count.
    pub closes_ms: TimeMs,
    /// One per province, sorted by province.
    pub ballots: Vec<Ballot>,
    /// Read through [`ProposalState::status_at`]: here it stays `Open` after the close.
    pub status: ProposalStatus,
    /// Record that decided or withdrew it.
    pub decided_by: Option<RecordIndex>,
}

impl ProposalState {
    /// Its status in a block of this time.
    pub fn status_at(&self, time_ms: TimeMs) -> ProposalStatus {
        match self.status {
            ProposalStatus::Open if time_ms >= self.closes_ms => ProposalStatus::Expired,
            kept => kept,
        }
    }
}

/// A province's vote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Ballot {
    pub province: ProvinceCode,
    pub approve: bool,
}

/// A current or former validator: its province, and the key that identifies its node to the others.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct ValidatorNode {
    pub key: PublicKey,
    pub province: ProvinceCode,
    pub network_key: Option<PublicKey>,
    /// Last height before it joined. For one that left and returned, the height before it first joined.
    pub since: Height,
    /// Last height it decided; `None` while it is in the set.
    pub until: Option<Height>,
    /// When its province replaced this validator's key, over all keys it has had: those of the last
    /// [`ROTATION_PERIOD_MS`](crate::rules::governance::ROTATION_PERIOD_MS) before the last one, oldest first.
    pub rotated_ms: Vec<TimeMs>,
}

/// An entry of the trust list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct TrustState {
    pub role: TrustRole,
    /// Province that proposed it and maintains it.
    pub sponsor: ProvinceCode,
    /// Digest of the newest certificate revocation list.
    pub crl: Option<Digest>,
    /// First moment at which it is no longer trusted.
    pub valid_until_ms: TimeMs,
    /// When it was put on the list.
    pub since_ms: TimeMs,
    /// When it was retired.
    pub retired_ms: Option<TimeMs>,
}

impl TrustState {
    /// Whether it was trusted in this role at this time.
    pub fn is_trusted(&self, role: TrustRole, time_ms: TimeMs) -> bool {
        self.role == role
            && (self.since_ms..self.valid_until_ms).contains(&time_ms)
            && self.retired_ms.is_none_or(|retired| time_ms < retired)
    }
}

/// A proven double signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct MisbehaviourState {
    pub validator: KeyId,
    pub province: ProvinceCode,
    pub step: SignedStep,
    pub height: Height,
    pub round: u32,
    /// Record that holds the two signatures.
    pub reported_by: RecordIndex,
}

/// The newest anchored head of another ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct AnchorState {
    pub height: Height,
    pub block: Digest,
    pub log: LogHead,
    pub recorded_by: RecordIndex,
}
