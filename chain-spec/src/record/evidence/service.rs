//! What happened between the applicant and the agencies.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

use super::About;
use crate::crypto::{Digest, KeyId};
use crate::ids::{PublicationCode, RegionCode, TimeMs, Uscc};

/// Most participants of one remote session.
pub const SESSION_PARTICIPANTS_MAX: usize = 8;

/// An authentication (统一身份认证). The signer's system is the identity source.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assertion {
    pub about: About,
    /// Digest of the assertion as the identity source issued it.
    pub assertion: Digest,
    pub level: AssuranceLevel,
    pub authenticated_ms: TimeMs,
}

/// How surely the subject was authenticated. The variant order is the wire tag.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum AssuranceLevel {
    /// One factor.
    Basic,
    /// Two factors, or a check against an authoritative source.
    Substantial,
    /// In person, or by a live comparison with the identity card.
    High,
}

/// A remote session (远程虚拟窗口): each window records its side, joined by the digest of the recording.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Session {
    pub about: About,
    /// Keys of the windows that took part, the signer's among them; sorted, no duplicates, 2 to
    /// [`SESSION_PARTICIPANTS_MAX`].
    pub participants: Vec<KeyId>,
    pub started_ms: TimeMs,
    /// Later than the start.
    pub ended_ms: TimeMs,
    /// Digest of the recording.
    pub recording: Digest,
    pub identity: IdentityCheck,
}

/// Result of an identity check. The variant order is the wire tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdentityCheck {
    Passed,
    Failed,
    NotMade,
}

/// Files of a case handed to an archive (电子档案移交).
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArchiveDeposit {
    pub about: About,
    /// The archive.
    pub archive: Uscc,
    /// Merkle root of the list of files.
    pub files_root: Digest,
    /// Number of files, at least 1.
    pub files: u32,
    /// Digest of the report on the four properties (真实性、完整性、可用性、安全性; DA/T 70).
    pub report: Digest,
    /// Digest of the signed handover.
    pub handover: Digest,
    pub retention: Retention,
}

/// How long an archive keeps files (保管期限). The variant order is the wire tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Retention {
    /// 永久
    Permanent,
    /// 定期30年
    Years30,
    /// 定期10年
    Years10,
}

/// A stage of a courier delivery (快递送达).
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delivery {
    pub about: About,
    /// Keyed commitment to the courier's number.
    pub courier: Digest,
    pub stage: DeliveryStage,
    /// Weight in grams, 0 where it was not taken.
    pub weight_grams: u32,
    pub occurred_ms: TimeMs,
}

/// Stage of a delivery. The variant order is the wire tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryStage {
    /// 揽收
    Collected,
    /// 签收
    Received,
    /// 退回
    Returned,
    /// 遗失
    Lost,
}

/// The applicant came in person. The number of visits of a case is counted by the ledger.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Visit {
    pub about: About,
    /// Where; a region of the signer's province.
    pub region: RegionCode,
    pub reason: VisitReason,
    pub occurred_ms: TimeMs,
}

/// What a visit was for. The variant order is the wire tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VisitReason {
    Consultation,
    Submission,
    Correction,
    IdentityCheck,
    Collection,
}

/// The rating of a case (好差评). There is one per case, and it cannot be removed.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rating {
    pub about: About,
    pub level: RatingLevel,
    pub channel: RatingChannel,
    /// Digest of what the applicant wrote, where something was written.
    pub comment: Option<Digest>,
}

/// The five levels of GB/T 39735. The variant order is the wire tag.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum RatingLevel {
    /// 非常不满意
    VeryDissatisfied,
    /// 不满意
    Dissatisfied,
    /// 基本满意
    Fair,
    /// 满意
    Satisfied,
    /// 非常满意
    VerySatisfied,
}

/// Through which channel a rating came. The variant order is the wire tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RatingChannel {
    Online,
    Window,
    Telephone,
}

/// A decision was made public (决定公开).
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecisionPublication {
    pub about: About,
    /// Digest of the decision as it was made public.
    pub decision: Digest,
    /// Code of the redaction profile that was applied.
    pub redaction: PublicationCode,
    /// Publicity period, milliseconds since 1970 UTC.
    pub from_ms: TimeMs,
    /// First moment after the publicity period.
    pub until_ms: TimeMs,
}
