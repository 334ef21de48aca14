//! What keeps the record of a licence right without a new version: corrections (更正), further files of the same licence (副本, 加注件),
//! and annual checks (年检、年报).
//!
//! None of them is a decision about the holder: status and version stay as they are.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

use super::licence::{Document, Licence, SealReference};
use crate::codec;
use crate::crypto::{Digest, DigestAlgorithm};
use crate::ids::{BasisCode, LicenceRef, PurposeCode, RegionCode, TimeMs};

/// What a record says of a licence beside what its identifier says (type, issuer, version): all that a correction can put right.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Particulars {
    pub region: RegionCode,
    pub document: Document,
    pub metadata: Option<Digest>,
    pub seal: Option<SealReference>,
    pub exception: Option<BasisCode>,
    pub holder: Option<Digest>,
    pub valid_from_ms: TimeMs,
    pub valid_until_ms: Option<TimeMs>,
}

impl Particulars {
    /// SHA-256 of the encoding. It stands on no ledger.
    pub fn digest(&self) -> Digest {
        DigestAlgorithm::Sha256.plain(&[&codec::encode(self)])
    }
}

impl Licence {
    /// What a correction can put right.
    pub fn particulars(&self) -> Particulars {
        Particulars {
            region: self.region,
            document: self.document,
            metadata: self.metadata,
            seal: self.seal.clone(),
            exception: self.exception.clone(),
            holder: self.holder,
            valid_from_ms: self.valid_from_ms,
            valid_until_ms: self.valid_until_ms,
        }
    }

    /// The licence with other particulars.
    pub fn with(&self, particulars: &Particulars) -> Self {
        let Particulars { region, document, metadata, seal, exception, holder, valid_from_ms, valid_until_ms } =
            particulars.clone();
        Self { region, document, metadata, seal, exception, holder, valid_from_ms, valid_until_ms, ..self.clone() }
    }
}

/// Why a record was wrong. Nothing here is about the licence itself, which a correction does not touch.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum CorrectionReason {
    /// 录入错误: a date, region or commitment was entered wrongly.
    Entry,
    /// 文件错误: another file than the licence was recorded.
    File,
    /// 数据迁移错误: a mistake of the import from an older register.
    Migration,
    /// 系统错误: a fault of the recording system.
    System,
}

impl CorrectionReason {
    /// Every reason.
    pub const ALL: [Self; 4] = [Self::Entry, Self::File, Self::Migration, Self::System];

    /// The word in JSON, and in Chinese.
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Entry => ("entry", "录入错误"),
            Self::File => ("file", "文件错误"),
            Self::Migration => ("migration", "数据迁移错误"),
            Self::System => ("system", "系统错误"),
        }
    }
}

/// 更正: the record was wrong from the beginning, and this is what it should have said.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Correction {
    pub licence: LicenceRef,
    pub reason: CorrectionReason,
    /// All of them, also those that stay as they were.
    pub particulars: Particulars,
}

/// What a further file of a licence is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum AttachmentRole {
    /// 副本.
    Duplicate,
    /// 加注件: the licence with a note of what it may be used for.
    Annotated,
    /// A download that was sealed again, so that its bytes differ.
    Reissued,
    /// The same licence in another file format.
    Format,
}

impl AttachmentRole {
    /// Every role.
    pub const ALL: [Self; 4] = [Self::Duplicate, Self::Annotated, Self::Reissued, Self::Format];

    /// The word in JSON, and in Chinese.
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Duplicate => ("duplicate", "副本"),
            Self::Annotated => ("annotated", "加注件"),
            Self::Reissued => ("reissued", "重新签章件"),
            Self::Format => ("format", "其他格式件"),
        }
    }
}

/// A further genuine file of a licence.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attachment {
    pub licence: LicenceRef,
    pub document: Document,
    pub role: AttachmentRole,
    /// What the file may be used for, where it is limited to that.
    pub purpose: Option<PurposeCode>,
    /// First moment at which the file no longer counts, where it ends before the licence.
    pub expires_ms: Option<TimeMs>,
}

/// The end of a further file: a lost duplicate, an annotation taken back. The licence stays.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Detachment {
    pub licence: LicenceRef,
    /// SHA-256 of the file.
    pub document: Digest,
    pub basis: BasisCode,
    /// From when it no longer counts: not before it was recorded, not later than ten minutes after the block.
    pub effective_ms: TimeMs,
}

/// How an annual check ended.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum AnnualOutcome {
    /// 年检合格.
    Passed,
    /// 年检不合格.
    Failed,
    /// 年报已报: the holder reported, nothing was examined.
    Reported,
}

impl AnnualOutcome {
    /// Every outcome.
    pub const ALL: [Self; 3] = [Self::Passed, Self::Failed, Self::Reported];

    /// The word in JSON, and in Chinese.
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Passed => ("passed", "年检合格"),
            Self::Failed => ("failed", "年检不合格"),
            Self::Reported => ("reported", "年报已报"),
        }
    }
}

/// An annual check or report (年检、年报).
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnnualCheck {
    pub licence: LicenceRef,
    /// The year it is of.
    pub year: u16,
    pub outcome: AnnualOutcome,
    /// First moment that it no longer covers.
    pub until_ms: TimeMs,
    pub basis: BasisCode,
}
