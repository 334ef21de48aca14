//! Seal records (电子印章, GB/T 38540-2020; 电子印章管理办法, 国办发〔2025〕33号).
//!
//! A seal is filed (备案) by the seal-making authority of its owner's province, and every later change of its state is filed by the
//! same authority. What the seal signed is recorded with the signature itself, so that every validator verifies it.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

use crate::crypto::{Digest, DigestAlgorithm, KeyId, PublicKey, Signature, tags};
use crate::ids::{BasisCode, ProvinceCode, RegionCode, SealId, TimeMs, Uscc};

use super::licence::Document;

/// Most signer certificates one seal may name.
pub const SEAL_CERTIFICATES_MAX: usize = 16;
/// Most keys that may sign with one seal.
pub const SEAL_KEYS_MAX: usize = 4;

/// What may be recorded about a seal. The variant order is the wire tag.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum SealOperation {
    /// Files a seal after it was made (备案).
    Register(Seal),
    /// Puts a filed seal into use (启用).
    Activate(SealChange),
    /// 暂停使用.
    Suspend(SealChange),
    /// 恢复使用.
    Resume(SealChange),
    /// 注销.
    Cancel(SealChange),
    /// 标记无效: an unlawful seal. Also of a seal that has ended already.
    Invalidate(SealChange),
    /// 重新制作: files the seal that takes the place of `predecessor`, of the same owner.
    Replace { predecessor: SealAddress, seal: Seal, basis: BasisCode },
    /// Records a signature made with a seal (用印).
    Sign(SealSignature),
}

/// Where a seal stands on the ledger: seal numbers are given by each province on its own.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[serde(deny_unknown_fields)]
pub struct SealAddress {
    /// Province that registered it.
    pub province: ProvinceCode,
    /// 印章编码 (esID).
    pub seal: SealId,
}

/// A seal as it is filed.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seal {
    /// 印章编码 (esID).
    pub seal: SealId,
    /// 印章所有者.
    pub owner: Uscc,
    /// Region of the owner; its province registers the seal.
    pub owner_region: RegionCode,
    /// 制章者.
    pub maker: Uscc,
    /// Digest of the maker's certificate.
    pub maker_certificate: Digest,
    /// Digests of the signer certificates in the seal (GB/T 38540 certList), sorted, no duplicates, 1 to
    /// [`SEAL_CERTIFICATES_MAX`].
    pub certificates: Vec<Digest>,
    /// Keys that sign with the seal, sorted, no duplicates, 1 to [`SEAL_KEYS_MAX`].
    pub keys: Vec<PublicKey>,
    /// The seal's file (.esl).
    pub document: Document,
    /// Start of validity, milliseconds since 1970 UTC.
    pub valid_from_ms: TimeMs,
    /// First moment after validity.
    pub valid_until_ms: TimeMs,
}

/// A change of a seal's state.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SealChange {
    pub address: SealAddress,
    /// Code of the legal basis.
    pub basis: BasisCode,
    /// When the change takes effect in law, milliseconds since 1970 UTC: not before the seal last changed (for marking
    /// it invalid: not before it began), and not later than ten minutes after the block that records it.
    pub effective_ms: TimeMs,
}

/// One signature made with a seal.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SealSignature {
    pub address: SealAddress,
    /// The file that was signed.
    pub document: Document,
    /// The digest that was signed: with an SM2 key `e = SM3(Z || M)` of the signature in the file. Alone it proves nothing: whoever
    /// holds the file computes it.
    pub message: Digest,
    /// Signature over `message`, see [`crate::crypto::verify_seal`].
    pub signature: Signature,
    /// Which of the seal's keys made it.
    pub key: KeyId,
    /// Digest of the signer's certificate, one of those in the seal.
    pub certificate: Digest,
    /// Signing time as the signer's own clock says, milliseconds since 1970 UTC.
    pub claimed_ms: TimeMs,
    pub structure: SignatureStructure,
    /// Digest of the report of whoever verified the file before it was recorded.
    pub report: Digest,
}

/// Structure in which the signature stands in the file. The variant order is the wire tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignatureStructure {
    /// GM/T 0031-2014.
    V1,
    /// GB/T 38540-2020.
    V4,
    /// GM/T 0031-2025.
    V5,
    /// GB/T 35275 signed data, without a seal image.
    Gbt35275,
    /// The signature value alone.
    Bare,
}

impl SealOperation {
    /// The kind tag on the wire.
    pub fn kind(&self) -> u8 {
        match self {
            Self::Register(_) => 0,
            Self::Activate(_) => 1,
            Self::Suspend(_) => 2,
            Self::Resume(_) => 3,
            Self::Cancel(_) => 4,
            Self::Invalidate(_) => 5,
            Self::Replace { .. } => 6,
            Self::Sign(_) => 7,
        }
    }

    /// Stable name for people and filters.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Register(_) => "seal.register",
            Self::Activate(_) => "seal.activate",
            Self::Suspend(_) => "seal.suspend",
            Self::Resume(_) => "seal.resume",
            Self::Cancel(_) => "seal.cancel",
            Self::Invalidate(_) => "seal.invalidate",
            Self::Replace { .. } => "seal.replace",
            Self::Sign(_) => "seal.sign",
        }
    }

    /// The seal that comes into being, if this operation files one.
    pub fn new_seal(&self) -> Option<&Seal> {
        match self {
            Self::Register(seal) | Self::Replace { seal, .. } => Some(seal),
            Self::Activate(_)
            | Self::Suspend(_)
            | Self::Resume(_)
            | Self::Cancel(_)
            | Self::Invalidate(_)
            | Self::Sign(_) => None,
        }
    }

    /// The existing seal that this operation is about, if it is about one.
    pub fn existing_seal(&self) -> Option<&SealAddress> {
        match self {
            Self::Register(_) => None,
            Self::Replace { predecessor, .. } => Some(predecessor),
            Self::Activate(change)
            | Self::Suspend(change)
            | Self::Resume(change)
            | Self::Cancel(change)
            | Self::Invalidate(change) => Some(&change.address),
            Self::Sign(signature) => Some(&signature.address),
        }
    }
}

impl Seal {
    /// Where the seal will stand.
    pub fn address(&self) -> SealAddress {
        SealAddress { province: self.owner_region.province(), seal: self.seal.clone() }
    }
}

impl SealSignature {
    /// Under which digest the ledger keeps this signature: whoever holds the file, the signed digest and the seal's number can
    /// ask for it by a keyed read.
    pub fn reference(&self, algorithm: DigestAlgorithm) -> Digest {
        signature_reference(algorithm, &self.address, &self.document.sha256, &self.message)
    }
}

/// The digest under which the ledger keeps the signature of this seal over this message of this document.
pub fn signature_reference(
    algorithm: DigestAlgorithm,
    address: &SealAddress,
    document_sha256: &Digest,
    message: &Digest,
) -> Digest {
    // All parts but the last have a fixed length, so no two inputs share their bytes.
    let parts: [&[u8]; 4] =
        [address.province.as_bytes(), document_sha256.as_bytes(), message.as_bytes(), address.seal.as_str().as_bytes()];
    algorithm.tagged(tags::SEAL_SIGNATURE_REF, &parts)
}
