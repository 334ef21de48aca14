//! Statements about the ledger, and reports of third parties.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

use super::About;
use crate::crypto::Digest;
use crate::ids::{Height, ItemCode, LicenceRef, PublicationCode, PurposeCode, RecordIndex, RegionCode, Uscc};
use crate::record::licence::Document;
use crate::record::publication::PublicationKey;

/// Most decimal places of a metric.
pub const METRIC_SCALE_MAX: u8 = 9;

/// A statistic (效能统计) that can be recomputed from the records it names.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MetricStatement {
    pub purpose: PurposeCode,
    /// Code of the metric as its definition is published.
    pub metric: PublicationCode,
    /// Digest of the definition or program that computes it.
    pub definition: Digest,
    pub region: RegionCode,
    /// The item it is limited to, if it is.
    pub item: Option<ItemCode>,
    /// First record it is computed from.
    pub first: RecordIndex,
    /// End of the range, exclusive: later than `first`, and not beyond this statement.
    pub end: RecordIndex,
    /// The value without its decimal point.
    pub value: u64,
    /// Decimal places of `value`, at most [`METRIC_SCALE_MAX`].
    pub scale: u8,
}

/// Report of an intermediary (中介服务). Signed by the institution itself.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IntermediaryReport {
    pub about: About,
    pub report: Document,
    /// The signer's organisation.
    pub institution: Uscc,
    /// The institution's licence, on the ledger.
    pub licence: LicenceRef,
}

/// A policy was matched with a subject (免申即享).
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MatchDecision {
    pub about: About,
    /// The policy, of kind `policy`.
    pub policy: PublicationKey,
    /// Version of the policy.
    pub version: u32,
    pub result: MatchResult,
    /// Digest of the comparison: data sources, rule and outcome.
    pub report: Digest,
    /// Keyed commitment to the payment, where one was made.
    pub payment: Option<Digest>,
}

/// Outcome of a match. The variant order is the wire tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MatchResult {
    Granted,
    NotEligible,
    /// Granted, and declined by the subject.
    Declined,
}

/// An auditor's opinion on a block.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checkpoint {
    pub purpose: PurposeCode,
    /// A height below the block that records this.
    pub height: Height,
    /// Hash of the block's header, as the auditor computed it.
    pub block: Digest,
    /// Records in the log after that block.
    pub log_size: u64,
    /// Root of the log after that block.
    pub log_root: Digest,
    /// Root of the map after that block.
    pub map_root: Digest,
    pub opinion: Opinion,
    /// Digest of the auditor's report.
    pub report: Digest,
}

/// What an auditor found. The variant order is the wire tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Opinion {
    /// Completeness, order and rules hold up to this block.
    Conforms,
    /// They do not; the report says where.
    Deviates,
}
