//! Cases and bundles as the ledger keeps them.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

use crate::crypto::Digest;
use crate::ids::{BundleRef, CaseRef, MaterialCode, ProvinceCode, RecordIndex, TimeMs, Uscc};
use crate::record::publication::{CaseMode, PublicationKey, PublicationKind, Scope};

/// Status of a case. A timeout is not a status: it is derived, see `rules::case::standing`.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum CaseStatus {
    /// 已收件
    Collected,
    /// 已审查
    Checked,
    /// 已移交: offered to B. In a bundle: waiting for the notices of the cases before it.
    Sent,
    /// 已接收: B has signed the root.
    Acknowledged,
    /// 视为收件: received by law, without B's signature.
    DeemedReceived,
    /// 已退回. Final.
    Bounced,
    /// 待补正
    Correction,
    /// 已补正
    Resubmitted,
    /// 已受理
    Accepted,
    /// 容缺受理
    Conditional,
    /// 中止计时
    Paused,
    /// 容缺受理, 中止计时
    ConditionalPaused,
    /// 不予受理. Final.
    NotAccepted,
    /// 已撤回. Final.
    Withdrawn,
    /// 已准予
    Granted,
    /// 不予许可: only its delivery, closing and archiving follow.
    Refused,
    /// 已出证
    Result,
    /// 已送达
    Delivered,
    /// 已办结
    Closed,
    /// 已归档. Final.
    Archived,
}

impl CaseStatus {
    /// Every status, for exhaustive tests and tables.
    pub const ALL: [Self; 20] = [
        Self::Collected,
        Self::Checked,
        Self::Sent,
        Self::Acknowledged,
        Self::DeemedReceived,
        Self::Bounced,
        Self::Correction,
        Self::Resubmitted,
        Self::Accepted,
        Self::Conditional,
        Self::Paused,
        Self::ConditionalPaused,
        Self::NotAccepted,
        Self::Withdrawn,
        Self::Granted,
        Self::Refused,
        Self::Result,
        Self::Delivered,
        Self::Closed,
        Self::Archived,
    ];

    /// Whether anything other than archiving is left to do.
    pub fn is_open(self) -> bool {
        !matches!(self, Self::Bounced | Self::NotAccepted | Self::Withdrawn | Self::Closed | Self::Archived)
    }

    /// Chinese name.
    pub fn chinese(self) -> &'static str {
        match self {
            Self::Collected => "已收件",
            Self::Checked => "已审查",
            Self::Sent => "已移交",
            Self::Acknowledged => "已接收",
            Self::DeemedReceived => "视为收件",
            Self::Bounced => "已退回",
            Self::Correction => "待补正",
            Self::Resubmitted => "已补正",
            Self::Accepted => "已受理",
            Self::Conditional => "容缺受理",
            Self::Paused => "中止计时",
            Self::ConditionalPaused => "容缺受理、中止计时",
            Self::NotAccepted => "不予受理",
            Self::Withdrawn => "已撤回",
            Self::Granted => "已准予",
            Self::Refused => "不予许可",
            Self::Result => "已出证",
            Self::Delivered => "已送达",
            Self::Closed => "已办结",
            Self::Archived => "已归档",
        }
    }
}

/// A case. About 300 bytes: what later steps are checked against, without anything that the log already holds.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct CaseState {
    pub status: CaseStatus,
    pub mode: CaseMode,
    /// A: the organisation that collected the case, and its province.
    pub origin: Uscc,
    pub origin_province: ProvinceCode,
    /// B: the agency that decides now.
    pub receiver: Uscc,
    pub frozen: Frozen,
    pub bundle: Option<BundlePlace>,
    /// Keyed commitment to the applicant.
    pub subject: Option<Digest>,
    /// Root of the materials both ends sign, from the first handing over.
    pub material_root: Option<Digest>,
    /// Whether the only correction notice of this round has been given. A relay begins a new round.
    pub was_corrected: bool,
    /// What the open correction notice asks for.
    pub correction: Vec<MaterialCode>,
    pub condition: Option<Condition>,
    pub pause: Option<Pause>,
    /// Agencies that finished their part, oldest first.
    pub relayed: Vec<RelayedPart>,
    pub clock: CaseClock,
    /// Record of the latest step.
    pub changed_by: RecordIndex,
}

/// Versions that govern a case, frozen at collection and again at a relay.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Frozen {
    /// The item; its scope is the deciding province.
    pub item: PublicationKey,
    pub item_version: u32,
    pub guide_version: u32,
    pub duty: Option<FrozenVersion>,
    /// Working days, from the item.
    pub promised_days: u16,
    pub acknowledge_days: u8,
    pub correction_days: u8,
    /// Year of freezing, in Beijing time.
    pub year: u16,
    /// Calendars of that year and of the next; `None` where none was published: Monday to Friday.
    pub calendars: [Option<FrozenVersion>; 2],
}

impl Frozen {
    /// Another publication under the item's scope and code.
    pub fn beside_item(&self, kind: PublicationKind) -> PublicationKey {
        PublicationKey { kind, ..self.item.clone() }
    }
}

/// A version of a publication, by the scope that published it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct FrozenVersion {
    pub scope: Scope,
    pub version: u32,
}

/// Position of a case in its bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct BundlePlace {
    pub bundle: BundleRef,
    /// Position among the bundle's cases, from 0.
    pub position: u8,
}

/// 容缺受理: what is owed.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Condition {
    pub missing: Vec<MaterialCode>,
    /// Last millisecond for it. While the case is paused, the one before the pause.
    pub due_ms: TimeMs,
    pub fulfilled_ms: Option<TimeMs>,
}

/// 特别程序: what was left when the clock stopped. `None` for a period that had already ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Pause {
    pub since_ms: TimeMs,
    /// Working days left to decide.
    pub decision_days: Option<u32>,
    /// Working days left for what is owed.
    pub condition_days: Option<u32>,
}

/// A finished part of a relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct RelayedPart {
    pub agency: Uscc,
    /// Record of the relay.
    pub relayed_by: RecordIndex,
    /// Whether the promised time had already ended.
    pub was_late: bool,
}

/// Times of the current round. Due times are the last millisecond of the last day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct CaseClock {
    pub collected_ms: TimeMs,
    /// First or corrected handing over.
    pub sent_ms: Option<TimeMs>,
    /// Receipt in law, signed or deemed.
    pub received_ms: Option<TimeMs>,
    /// Acceptance in law: the receipt, if B did not respond within the correction period (行政许可法 art. 32).
    pub accepted_ms: Option<TimeMs>,
    pub decided_ms: Option<TimeMs>,
    /// When the receiver's next response is due: acknowledge; then ask for corrections or accept; then deliver.
    pub answer_due_ms: Option<TimeMs>,
    /// When the decision is due. Set at receipt and counted from it; counted again from acceptance once the case is accepted.
    pub decision_due_ms: Option<TimeMs>,
}

/// A bundle of cases.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct BundleState {
    /// 牵头部门.
    pub lead: Uscc,
    pub material_root: Digest,
    pub opened_ms: TimeMs,
    /// Record of the latest change.
    pub changed_by: RecordIndex,
    pub children: Vec<BundleChildState>,
}

/// A case of a bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct BundleChildState {
    pub case: CaseRef,
    /// Bit i: it waits for the case at position i.
    pub after: u32,
    pub progress: ChildProgress,
    /// Whether its notice to the waiting cases is on record.
    pub was_notified: bool,
}

/// Progress of a case of a bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChildProgress {
    /// Not collected yet.
    Planned,
    /// Collected and undecided.
    Running,
    /// Granted.
    Done,
    /// Refused, not accepted, bounced or withdrawn.
    Failed,
}

/// Status of a bundle, derived from its cases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BundleStatus {
    /// No case is done, and none has failed.
    Open,
    /// Some cases are done, and none has failed.
    Partial,
    /// All cases are done.
    Done,
    /// A case has failed. The others continue.
    Failed,
}

impl BundleState {
    /// The status that follows from the cases.
    pub fn status(&self) -> BundleStatus {
        let count = |progress| self.children.iter().filter(|child| child.progress == progress).count();
        match (count(ChildProgress::Done), count(ChildProgress::Failed)) {
            (_, failed) if failed > 0 => BundleStatus::Failed,
            (0, _) => BundleStatus::Open,
            (done, _) if done == self.children.len() => BundleStatus::Done,
            _ => BundleStatus::Partial,
        }
    }

    /// Bit i: the case at position i has given its notice.
    pub fn notified(&self) -> u32 {
        let bits = self.children.iter().zip(0u32..).filter(|(child, _)| child.was_notified);
        bits.fold(0, |mask, (_, position)| mask | bit(position))
    }

    /// Whether every case that the one at this position waits for has given its notice.
    pub fn may_start(&self, position: u8) -> bool {
        self.child(position).is_some_and(|child| child.after & !self.notified() == 0)
    }

    /// The case at this position.
    pub fn child(&self, position: u8) -> Option<&BundleChildState> {
        self.children.get(usize::from(position))
    }

    /// Cases that block others: those that another case waits for and that have not given their notice.
    pub fn blocking(&self) -> Vec<CaseRef> {
        let awaited = self.children.iter().fold(0, |mask, child| mask | child.after) & !self.notified();
        let positions = self.children.iter().zip(0u32..);
        positions.filter(|(_, position)| awaited & bit(*position) != 0).map(|(child, _)| child.case).collect()
    }
}

/// The bit of a position; 0 for a position of 32 or more, which a bundle never has.
pub(crate) fn bit(position: u32) -> u32 {
    1u32.checked_shl(position).unwrap_or(0)
}
