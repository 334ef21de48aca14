//! Publication records: versioned documents that the provinces maintain together (事项清单, 办事指南, 例外事项目录, 日历 ...).
//!
//! A publication has a kind, a scope (one province, or all of them) and a code. Its versions count from 1. What rules need of
//! a version is in its [`PublicationBody`]; the rest of the document is covered by a digest. The entries of a list are under a
//! Merkle root, so that one entry can be proven without the others.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

use crate::codec;
use crate::crypto::{Digest, DigestAlgorithm, tags};
use crate::ids::{BasisCode, ItemCode, MaterialCode, ProvinceCode, PublicationCode, TimeMs};

/// Most materials of one guide.
pub const GUIDE_MATERIALS_MAX: usize = 256;
/// Most items one mandate names.
pub const MANDATE_ITEMS_MAX: usize = 256;
/// Most parties of one publication: all members that can be, those of GB/T 2260 and the two of their own (00, 66).
pub const PARTIES_MAX: usize = 36;

/// What kind of document. The variant order is the wire tag.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum PublicationKind {
    /// 政务服务“一网通办”事项清单 (E1).
    ItemList,
    /// 政务服务事项: elements that must be equal everywhere, promised time, modes (E3).
    Item,
    /// 办事指南: materials and tolerance set (E5).
    Guide,
    /// 例外事项目录 (E6).
    ExceptionList,
    /// 权力责任清单 (E7).
    PowerList,
    /// 负面清单 (E7).
    NegativeList,
    /// 政务数据共享清单目录 (E8).
    DataCatalogue,
    /// Working days of a year (C12).
    Calendar,
    /// 合作协议 (E18).
    Agreement,
    /// 规则、依据 and their equivalents in the other provinces (E23).
    Rule,
    /// 免申即享 policy (E14).
    Policy,
    /// 取消的证明事项 and what replaces them (E17).
    AbolishedProofs,
    /// Duties of each place for an item and a mode (C18).
    DutyAssignment,
    /// 委托 to receive, accept or deliver on behalf of another organisation (E13).
    Mandate,
    /// 异地网办专员: an officer's scope, places and period (E12).
    Delegation,
    /// Codes of one scheme and their equivalents in another (E4).
    ItemMapping,
}

/// The province that owns the publication, or all of them.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[serde(tag = "scope", content = "province", rename_all = "snake_case")]
pub enum Scope {
    /// Of all provinces together.
    Consortium,
    Province(ProvinceCode),
}

/// Address of a publication.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
pub struct PublicationKey {
    pub kind: PublicationKind,
    pub scope: Scope,
    /// The item code for items and guides, the year for calendars, else what the publisher chose.
    pub code: PublicationCode,
}

/// What rules need of a version. The variant must fit the kind; kinds that have no variant of their own use `Entries`.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(tag = "body", rename_all = "snake_case")]
pub enum PublicationBody {
    /// A list whose entries are under `root` (RFC 6962 over `H(huxin/publication-entry/v1, entry)`, ledger hash).
    Entries {
        root: Digest,
        count: u32,
    },
    Item(Item),
    Guide(Guide),
    Calendar(Calendar),
    /// An officer's or agency's mandate.
    Mandate(Mandate),
    /// A cooperation agreement.
    Agreement(Agreement),
}

/// A cooperation agreement (合作协议); its parties are the provinces that signed the version.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agreement {
    /// Digest of the text.
    pub document: Digest,
    /// First moment after its term, milliseconds since 1970 UTC; `None` for one without an end.
    pub until_ms: Option<TimeMs>,
}

impl Agreement {
    /// Whether its term has not ended at `now`.
    pub fn is_running(&self, now: TimeMs) -> bool {
        self.until_ms.is_none_or(|until| now < until)
    }
}

/// A service item of a province (政务服务事项).
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    pub item: ItemCode,
    /// 基本目录编码: the 12-character basic code under which provinces compare the item.
    pub basic_code: ItemCode,
    /// Digest over the elements that must be equal in all provinces (三级四同: 名称、编码、依据、类型).
    pub common_elements: Digest,
    /// Modes in which the item may be handled, sorted, no duplicates, at least one.
    pub modes: Vec<CaseMode>,
    /// 承诺办结时限, working days from acceptance; 1 to 250.
    pub promised_days: u16,
    /// Working days in which the receiving agency must acknowledge or bounce.
    pub acknowledge_days: u8,
    /// Working days in which corrections must be asked for (一次性告知: 5 by 行政许可法 art. 32).
    pub correction_days: u8,
    /// Promised number of visits (最多跑一次).
    pub visits_max: u8,
}

/// A published guide (办事指南).
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Guide {
    pub item: ItemCode,
    /// Materials an applicant may be asked for, sorted, no duplicates, at most 256.
    pub materials: Vec<MaterialCode>,
    /// 容缺受理: materials that may follow later; a sorted subset of `materials`.
    pub tolerance: Vec<MaterialCode>,
    /// Working days in which tolerated materials must follow: 1 to 250, or 0 if there are none.
    pub tolerance_days: u16,
    /// Digest of the text people read.
    pub document: Digest,
}

/// Days of a year on which work differs from the week: holidays (节假日) and make-up days (调休).
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calendar {
    pub year: u16,
    /// Weekdays that are not working days, as days of the year from 1; sorted, no duplicates.
    pub holidays: Vec<u16>,
    /// Saturdays and Sundays that are working days, as days of the year from 1; sorted, no duplicates.
    pub makeup_days: Vec<u16>,
}

/// A mandate or delegation.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mandate {
    /// Organisation that may act.
    pub agent: crate::ids::Uscc,
    /// Organisation on whose behalf it acts.
    pub principal: crate::ids::Uscc,
    /// Key of the officer, for a delegation to a person.
    pub officer: Option<crate::crypto::KeyId>,
    /// Items it covers, sorted; empty for all of the principal's.
    pub items: Vec<ItemCode>,
    /// What may be done: any of receive, accept, deliver.
    pub receive: bool,
    pub accept: bool,
    pub deliver: bool,
    /// First moment after the mandate; `None` for one without an end.
    pub until_ms: Option<crate::ids::TimeMs>,
}

/// How a case travels (跨省通办 业务模式).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum CaseMode {
    /// 全程网办
    FullOnline,
    /// 异地代收代办
    CollectOnBehalf,
    /// 多地联办
    MultiPlace,
    /// 接续办
    Relay,
    /// 集成办
    Bundle,
    /// 免申办
    NoApplication,
}

/// When the public may comment on a draft (征求意见, 公示): from `opens_ms` until before `closes_ms`, milliseconds since
/// 1970 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsultationWindow {
    pub opens_ms: TimeMs,
    pub closes_ms: TimeMs,
}

/// What may be recorded about a publication. The variant order is the wire tag.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum PublicationOperation {
    /// Puts a version into force (公布): the approved draft, or directly if the kind needs neither consultation nor
    /// co-signature.
    Publish { publication: PublicationKey, version: u32, body: PublicationBody },
    /// Reveals the version about to be published (草案). `parties` names the provinces that must sign, if the kind is
    /// signed by its parties: sorted, no duplicates, at most [`PARTIES_MAX`]; otherwise it is empty.
    Draft {
        publication: PublicationKey,
        version: u32,
        body: PublicationBody,
        parties: Vec<ProvinceCode>,
        consultation: Option<ConsultationWindow>,
    },
    /// Ends the consultation after its window: how many opinions were received, and the root over them (as of a publication's
    /// entries; the root of the empty tree for none).
    CloseConsultation { publication: PublicationKey, version: u32, opinions_root: Digest, opinions: u32 },
    /// A province signs the draft (会签), by the digest of its content ([`content_digest`]).
    CoSign { publication: PublicationKey, version: u32, body_digest: Digest },
    /// Abandons a draft (撤回草案).
    Withdraw { publication: PublicationKey, version: u32 },
    /// Ends the version in force (废止), or consents to that, if several provinces must agree to end it.
    Repeal { publication: PublicationKey, version: u32, basis: BasisCode },
    /// States that the signer's system now applies this version (同步更新).
    Acknowledge { publication: PublicationKey, version: u32 },
}

impl PublicationOperation {
    /// The kind tag on the wire.
    pub fn kind(&self) -> u8 {
        match self {
            Self::Publish { .. } => 0,
            Self::Draft { .. } => 1,
            Self::CloseConsultation { .. } => 2,
            Self::CoSign { .. } => 3,
            Self::Withdraw { .. } => 4,
            Self::Repeal { .. } => 5,
            Self::Acknowledge { .. } => 6,
        }
    }

    /// Stable name for people and filters.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Publish { .. } => "publication.publish",
            Self::Draft { .. } => "publication.draft",
            Self::CloseConsultation { .. } => "publication.close_consultation",
            Self::CoSign { .. } => "publication.co_sign",
            Self::Withdraw { .. } => "publication.withdraw",
            Self::Repeal { .. } => "publication.repeal",
            Self::Acknowledge { .. } => "publication.acknowledge",
        }
    }

    /// The publication it is about.
    pub fn publication(&self) -> &PublicationKey {
        match self {
            Self::Publish { publication, .. }
            | Self::Draft { publication, .. }
            | Self::CloseConsultation { publication, .. }
            | Self::CoSign { publication, .. }
            | Self::Withdraw { publication, .. }
            | Self::Repeal { publication, .. }
            | Self::Acknowledge { publication, .. } => publication,
        }
    }

    /// The version it is about.
    pub fn version(&self) -> u32 {
        match self {
            Self::Publish { version, .. }
            | Self::Draft { version, .. }
            | Self::CloseConsultation { version, .. }
            | Self::CoSign { version, .. }
            | Self::Withdraw { version, .. }
            | Self::Repeal { version, .. }
            | Self::Acknowledge { version, .. } => *version,
        }
    }
}

/// What a co-signature covers: `H(tag, publication, version, body, parties)`.
pub fn content_digest(
    algorithm: DigestAlgorithm,
    publication: &PublicationKey,
    version: u32,
    body: &PublicationBody,
    parties: &[ProvinceCode],
) -> Digest {
    let parties = codec::encode(&parties);
    let (publication, body) = (codec::encode(publication), codec::encode(body));
    algorithm.tagged(tags::PUBLICATION_CONTENT, &[&publication, &version.to_le_bytes(), &body, &parties])
}
