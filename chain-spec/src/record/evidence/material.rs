//! Materials, the demand for them, the use of licences instead of them, and the erasure of keys.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

use super::About;
use crate::crypto::Digest;
use crate::ids::{BasisCode, LicenceRef, MaterialCode, TimeMs, Uscc};
use crate::record::licence::Document;

/// A material that was put on file (电子申请材料).
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Material {
    pub about: About,
    /// 材料编码.
    pub material: MaterialCode,
    pub document: Document,
    pub origin: MaterialOrigin,
    /// Whether other agencies can obtain it through data sharing, so that it may not be demanded again.
    pub shareable: bool,
    /// First moment at which it no longer serves; `None` for a material without an end.
    pub valid_until_ms: Option<TimeMs>,
    /// Digest of the report on the material's electronic signature, where it has one.
    pub signature_report: Option<Digest>,
    pub class: DataClass,
    pub ground: Ground,
}

/// Where a material comes from: the ground of its equal legal force. The variant order is the wire tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(tag = "from", rename_all = "snake_case")]
pub enum MaterialOrigin {
    /// Handed in by the applicant.
    Applicant,
    /// Delivered through the data share with this request.
    Share { request: Digest },
    /// Taken from a licence on the ledger.
    Licence { licence: LicenceRef },
}

/// Class of data (数据分类分级). The variant order is the wire tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DataClass {
    /// 一般数据
    General,
    /// 个人信息
    Personal,
    /// 敏感个人信息
    SensitivePersonal,
    /// 商业秘密
    Commercial,
    /// 重要数据
    Important,
}

/// Why data may be processed (个人信息保护法 art. 13). The variant order is the wire tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ground {
    /// 个人同意
    Consent,
    /// 履行法定职责
    StatutoryDuty,
}

/// An agency demanded a material from the applicant. Whether that was a repeated demand is derived by the ledger.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MaterialDemand {
    pub about: About,
    pub material: MaterialCode,
    /// The organisation on whose file the material is or could be, where it is another than the signer's. Whether the demand was a
    /// repeated one is judged by that file.
    pub held_by: Option<Uscc>,
    /// Code of the basis on which it was demanded.
    pub basis: BasisCode,
}

/// A licence was looked up instead of demanding it on paper (调取电子证照).
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LicenceUse {
    pub about: About,
    /// A licence on the ledger.
    pub licence: LicenceRef,
    pub result: UseResult,
}

/// What came of the use of a licence. The variant order is the wire tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UseResult {
    /// Found and relied on.
    Relied,
    /// Found, but did not serve the purpose.
    NotRelied,
    /// Could not be retrieved.
    Unavailable,
}

/// A key was destroyed (数据销毁): what is committed to or enciphered under it says nothing any more.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Erasure {
    pub about: About,
    /// Digest that names the destroyed key in its holder's key register.
    pub key: Digest,
    pub class: DataClass,
    /// Code of the basis of the erasure.
    pub basis: BasisCode,
    /// When it was destroyed, milliseconds since 1970 UTC.
    pub erased_ms: TimeMs,
    /// Digest of the protocol of the destruction.
    pub report: Digest,
}
