//! State that the ledger keeps of evidence besides the records: what rules and lookups by key need.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

use crate::crypto::Digest;
use crate::ids::{CaseRef, ProvinceCode, PurposeCode, RecordIndex, TimeMs, Uscc};
use crate::record::evidence::RatingLevel;
use crate::record::publication::PublicationKey;

/// What is on file of one kind of material of one subject, and how often it was demanded. Counts stop at `u32::MAX`.
#[derive(Debug, Clone, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct MaterialState {
    /// Record that first put one on file.
    pub first: Option<RecordIndex>,
    /// Record of the newest one.
    pub latest: Option<RecordIndex>,
    /// SHA-256 of the newest one.
    pub document: Option<Digest>,
    /// Whether the newest one can be obtained through data sharing.
    pub shareable: bool,
    /// First moment at which the newest one is no longer valid.
    pub valid_until_ms: Option<TimeMs>,
    /// How many were put on file.
    pub materials: u32,
    /// How many of them the applicant handed in although a valid one was on file.
    pub repeated_materials: u32,
    /// How often it was demanded.
    pub demands: u32,
    /// How many of the demands came although a valid one was on file.
    pub repeated_demands: u32,
    /// Record of the latest demand.
    pub latest_demand: Option<RecordIndex>,
    /// Whether the latest demand was a repeated one.
    pub repeated: bool,
}

impl MaterialState {
    /// Whether a valid one that other agencies can obtain is on file at this time: then the applicant must not be asked for it.
    pub fn serves_at(&self, time_ms: TimeMs) -> bool {
        self.latest.is_some() && self.shareable && self.valid_until_ms.is_none_or(|until| time_ms < until)
    }
}

/// Status of a data share.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum ShareStatus {
    /// Waits for the provider's answer.
    Requested,
    /// Waits for the delivery.
    Approved,
    /// Final.
    Denied,
    Delivered,
    /// Faulty; waits for another delivery.
    Returned,
}

impl ShareStatus {
    /// Every status, for exhaustive tests and tables.
    pub const ALL: [Self; 5] = [Self::Requested, Self::Approved, Self::Denied, Self::Delivered, Self::Returned];
}

/// A data share.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct ShareState {
    pub status: ShareStatus,
    pub requester: Uscc,
    pub requester_province: ProvinceCode,
    pub provider: Uscc,
    pub purpose: PurposeCode,
    pub case: Option<CaseRef>,
    pub subject: Option<Digest>,
    pub catalogue: PublicationKey,
    pub catalogue_version: u32,
    /// Digest of the resource's entry in the catalogue.
    pub resource: Digest,
    /// Most records that were asked for.
    pub records_max: u32,
    /// Records of the latest delivery; 0 before the first.
    pub records_delivered: u32,
    pub due_ms: TimeMs,
    pub requested_by: RecordIndex,
    pub requested_ms: TimeMs,
    /// When the provider granted or denied.
    pub answered_ms: Option<TimeMs>,
    /// Record of the latest step.
    pub changed_by: RecordIndex,
}

impl ShareState {
    /// Whether the answer is overdue at this time.
    pub fn is_overdue(&self, time_ms: TimeMs) -> bool {
        self.answered_ms.is_none() && time_ms > self.due_ms
    }
}

/// The rating of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct RatingState {
    pub level: RatingLevel,
    pub rated_by: RecordIndex,
    pub rated_ms: TimeMs,
}

/// What has been recorded about a case besides its steps. Counts stop at `u32::MAX`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct CaseEvidenceState {
    /// Visits in person, to be compared with what the item promises.
    pub visits: u32,
    pub sessions: u32,
    /// Stages of courier deliveries.
    pub deliveries: u32,
    /// Latest deposit in an archive.
    pub archived_by: Option<RecordIndex>,
    /// Latest publication of the decision.
    pub published_by: Option<RecordIndex>,
}
