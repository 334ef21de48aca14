//! Licence records (电子证照, GB/T 36901..36906): the statements an issuing organisation makes about one licence.
//!
//! A licence's identifier is on the ledger only as a tagged digest of its text, and the licence stands under [`LicenceRef`], which binds
//! that digest to the issuer.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

use super::upkeep::{AnnualCheck, Attachment, Correction, Detachment};
use crate::codes::Code;
use crate::crypto::{Digest, DigestAlgorithm};
use crate::ids::{BasisCode, LicenceRef, LicenceType, ProvinceCode, RegionCode, SealId, TimeMs, Uscc};

/// What may be recorded about a licence. The variant order is the wire tag.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum LicenceOperation {
    /// First issue of a licence (新发).
    Issue(Licence),
    /// A new version that replaces `predecessor` at the same issuer (变更、延续).
    Amend { predecessor: LicenceRef, licence: Licence, basis: BasisCode },
    /// 暂扣.
    Suspend(Change),
    /// 暂扣发还.
    Restore(Change),
    /// 办理转出: only `to_organisation` may take the licence over.
    TransferOut {
        change: Change,
        to_province: ProvinceCode,
        to_organisation: Uscc,
        /// Commitment to the holder made for this transfer alone, with a key that goes to the receiver off the ledger: each side keeps its
        /// own commitment, and both sign this one. Needed where the licence has a holder commitment.
        holder: Option<Digest>,
    },
    /// 办理转入: the new licence at the receiving issuer; `predecessor` becomes superseded.
    TransferIn {
        predecessor: LicenceRef,
        licence: Licence,
        basis: BasisCode,
        /// As the transfer-out has it.
        holder: Option<Digest>,
        /// Code of the basis for a validity that reaches beyond the predecessor's.
        extension: Option<BasisCode>,
    },
    /// 取消转出.
    CancelTransfer(Change),
    /// 注销.
    Cancel(Change),
    /// 撤销: denies validity from the beginning.
    Withdraw(Change),
    /// 吊销: a penalty, from the effective time.
    Revoke(Change),
    /// 失效.
    Lapse(Change),
    /// 更正: the record was wrong; the licence, its version and its status stay.
    Correct(Correction),
    /// A further genuine file of the licence: 副本, 加注件 and others.
    Attach(Attachment),
    /// The end of a further file.
    Detach(Detachment),
    /// 年检、年报.
    AnnualCheck(AnnualCheck),
}

/// A licence as recorded when it is issued, amended or transferred in.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Licence {
    /// [`LicenceRef::owned`] by the issuer, of `name`.
    pub licence: LicenceRef,
    /// What the issuer calls it ([`crate::ids::licence_name`]).
    pub name: Digest,
    /// 证照类型代码.
    pub licence_type: LicenceType,
    /// 证照颁发机构代码; must be the signer's organisation.
    pub issuer: Uscc,
    /// Region the licence was issued for.
    pub region: RegionCode,
    /// 版本号, 1 for the first issue.
    pub version: u16,
    /// What the issuer calls version 001 of this licence number, recorded or not; `None` for version 1 itself. A name and not a
    /// reference, so that a number is always one of the issuer's own.
    pub first: Option<Digest>,
    /// Code of the reason for which a version above 1 is issued without its predecessor, as on import from an older register.
    pub imported: Option<BasisCode>,
    pub document: Document,
    /// Digest of the canonical metadata (GB/T 36903), where the issuer keeps one.
    pub metadata: Option<Digest>,
    /// The seal on the document, where it has one.
    pub seal: Option<SealReference>,
    /// Code of the reason for which the issuer recorded the document although checks of the file itself failed or could not be
    /// made. Whoever holds the file can make the same checks.
    pub exception: Option<BasisCode>,
    /// Keyed commitment to the holder, made with a key that only the issuer holds.
    pub holder: Option<Digest>,
    /// Start of validity, milliseconds since 1970 UTC.
    pub valid_from_ms: TimeMs,
    /// First moment after validity; `None` for a licence without an end.
    pub valid_until_ms: Option<TimeMs>,
}

impl Licence {
    /// The licence number, which all its versions share.
    pub fn number(&self) -> LicenceNumber {
        LicenceNumber { issuer: self.issuer, first: self.first.unwrap_or(self.name) }
    }
}

/// A licence number: its issuer, and what the issuer calls version 001 of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LicenceNumber {
    pub issuer: Uscc,
    pub first: Digest,
}

impl LicenceNumber {
    /// The reference of version 001, recorded or not.
    pub fn reference(&self, algorithm: DigestAlgorithm) -> LicenceRef {
        LicenceRef::owned(algorithm, &self.issuer, &self.first)
    }
}

/// Digests of a file. Both families are recorded where the client can compute both, so that either can be retired.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    pub sha256: Digest,
    pub sm3: Option<Digest>,
    /// Length of the file in bytes.
    pub size_bytes: u64,
}

/// Greatest recorded length of a document, in bytes: 2^53 - 1, the greatest that readers of JSON hold exactly.
pub const DOCUMENT_BYTES_MAX: u64 = (1 << 53) - 1;

impl Document {
    /// Whether the length is one that everybody reads alike.
    ///
    /// # Errors
    /// [`Code::EncodingNumberTooLarge`] above [`DOCUMENT_BYTES_MAX`].
    pub fn check_length(&self) -> Result<(), Code> {
        if self.size_bytes > DOCUMENT_BYTES_MAX { Err(Code::EncodingNumberTooLarge) } else { Ok(()) }
    }
}

/// Names the seal on a document.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SealReference {
    /// 印章编码 (esID).
    pub seal: SealId,
    /// Digest of the signer's certificate.
    pub certificate: Digest,
}

/// A change of a licence's state.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    pub licence: LicenceRef,
    /// Code of the legal basis.
    pub basis: BasisCode,
    /// When the change takes effect in law, milliseconds since 1970 UTC: not before the licence began or last changed, and
    /// not later than ten minutes after the block that records it.
    pub effective_ms: TimeMs,
}

impl LicenceOperation {
    /// The kind tag on the wire.
    pub fn kind(&self) -> u8 {
        match self {
            Self::Issue(_) => 0,
            Self::Amend { .. } => 1,
            Self::Suspend(_) => 2,
            Self::Restore(_) => 3,
            Self::TransferOut { .. } => 4,
            Self::TransferIn { .. } => 5,
            Self::CancelTransfer(_) => 6,
            Self::Cancel(_) => 7,
            Self::Withdraw(_) => 8,
            Self::Revoke(_) => 9,
            Self::Lapse(_) => 10,
            Self::Correct(_) => 11,
            Self::Attach(_) => 12,
            Self::Detach(_) => 13,
            Self::AnnualCheck(_) => 14,
        }
    }

    /// Stable name for people and filters.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Issue(_) => "licence.issue",
            Self::Amend { .. } => "licence.amend",
            Self::Suspend(_) => "licence.suspend",
            Self::Restore(_) => "licence.restore",
            Self::TransferOut { .. } => "licence.transfer_out",
            Self::TransferIn { .. } => "licence.transfer_in",
            Self::CancelTransfer(_) => "licence.cancel_transfer",
            Self::Cancel(_) => "licence.cancel",
            Self::Withdraw(_) => "licence.withdraw",
            Self::Revoke(_) => "licence.revoke",
            Self::Lapse(_) => "licence.lapse",
            Self::Correct(_) => "licence.correct",
            Self::Attach(_) => "licence.attach",
            Self::Detach(_) => "licence.detach",
            Self::AnnualCheck(_) => "licence.annual_check",
        }
    }

    /// The licence that comes into being, if this operation makes one.
    pub fn new_licence(&self) -> Option<&Licence> {
        match self {
            Self::Issue(licence) | Self::Amend { licence, .. } | Self::TransferIn { licence, .. } => Some(licence),
            _ => None,
        }
    }

    /// The file that becomes one of a licence's by this operation: of a new licence, of a corrected one, or a further one.
    pub fn new_document(&self) -> Option<&Document> {
        match self {
            Self::Correct(correction) => Some(&correction.particulars.document),
            Self::Attach(attachment) => Some(&attachment.document),
            other => other.new_licence().map(|licence| &licence.document),
        }
    }

    /// The existing licence that changes, if this operation changes one.
    pub fn changed_licence(&self) -> Option<&LicenceRef> {
        match self {
            Self::Issue(_) => None,
            Self::Amend { predecessor, .. } | Self::TransferIn { predecessor, .. } => Some(predecessor),
            Self::TransferOut { change, .. }
            | Self::Suspend(change)
            | Self::Restore(change)
            | Self::CancelTransfer(change)
            | Self::Cancel(change)
            | Self::Withdraw(change)
            | Self::Revoke(change)
            | Self::Lapse(change) => Some(&change.licence),
            Self::Correct(correction) => Some(&correction.licence),
            Self::Attach(attachment) => Some(&attachment.licence),
            Self::Detach(detachment) => Some(&detachment.licence),
            Self::AnnualCheck(check) => Some(&check.licence),
        }
    }
}
