//! Case records (办件): the steps by which a case travels from the place that collects it (A, 收件地) to the agency that
//! decides it (B, 决定机关), and bundles of cases (集成办, 一件事). One record is one step.
//!
//! No record carries a due date: due dates are derived from the calendar and the item frozen at
//! collection, by `rules::case::clock`.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

use crate::crypto::Digest;
use crate::ids::{BasisCode, BundleRef, CaseRef, LicenceRef, MaterialCode, Uscc};

use super::publication::{CaseMode, PublicationKey};

/// Most materials that one step may name.
pub const CASE_MATERIALS_MAX: usize = 256;
/// Most cases in one bundle.
pub const BUNDLE_CHILDREN_MAX: usize = 32;

/// What may be recorded about a case. The variant order is the wire tag.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum CaseOperation {
    /// 收件: opens the case and freezes the versions that govern it.
    Collect(Box<Collection>),
    /// 形式审查 and 身份核验 by A. `formal` is the digest of A's check list.
    Check { step: Step, identity: IdentityCheck, formal: Digest },
    /// 移交: A hands the materials under this root to B.
    Send { step: Step, to: Uscc, material_root: Digest },
    /// 接收确认: B signs the same root.
    Acknowledge { step: Step, material_root: Digest },
    /// 退回: B refuses to take the case over.
    Bounce { step: Step, reason: BasisCode },
    /// 一次性告知: everything that must be corrected, sorted, at least one.
    RequestCorrection { step: Step, items: Vec<MaterialCode> },
    /// 补正提交: A hands over the corrected materials under a root of their own.
    Resubmit { step: Step, material_root: Digest },
    /// 受理.
    Accept { step: Step },
    /// 容缺受理: `missing`, sorted, at least one, follow later; `promise` is the digest of the applicant's promise.
    AcceptConditionally { step: Step, missing: Vec<MaterialCode>, promise: Digest },
    /// 容缺补齐: B finds that what was missing has come; the root now covers it.
    Fulfil { step: Step, material_root: Digest },
    /// 不予受理.
    NotAccept { step: Step, reason: BasisCode },
    /// 特别程序 begins (hearing, inspection, expert review): its time does not count.
    Pause { step: Step, basis: BasisCode },
    /// 特别程序 ends.
    Resume { step: Step },
    /// 接续移交: B has finished its part and notifies the next agency, which thereby has received the case.
    Relay { step: Step, matter: Box<Matter>, notice: Digest, result: Digest },
    /// 准予.
    Grant { step: Step, decision: Digest },
    /// 不予许可.
    Refuse { step: Step, decision: Digest, basis: BasisCode },
    /// 出证: the licence recorded on this ledger, if the result is one, and the digest of the document.
    Result { step: Step, licence: Option<LicenceRef>, document: Digest },
    /// 送达. `commitment` covers the courier number, receipt or login it rests on.
    Deliver { step: Step, channel: DeliveryChannel, commitment: Digest },
    /// 办结.
    Close { step: Step },
    /// 归档: the root of the archived file list.
    Archive { step: Step, archive: Digest },
    /// 撤回申请, by the applicant through A. `request` is the digest of the applicant's statement.
    Withdraw { step: Step, request: Digest },
    /// 书面告知: notice by a finished case of a bundle to the cases that wait for it.
    Notify { step: Step, notice: Digest },
    /// 集成办开件: the cases of a bundle, what waits for what, and the one root of materials.
    BundleOpen(Box<BundleOpening>),
}

/// Which case, and on whose behalf.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    pub case: CaseRef,
    /// The mandate or delegation (委托, 异地网办专员) under which an organisation acts for the one named.
    pub mandate: Option<PublicationKey>,
}

/// 收件: what opens a case.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Collection {
    /// The case is [`CaseRef::owned`] by the signer's organisation, or in a bundle by its lead, of `name`.
    pub step: Step,
    /// What that organisation calls the case ([`crate::ids::name_of`] its number).
    pub name: Digest,
    pub mode: CaseMode,
    pub matter: Matter,
    /// Materials collected: sorted, each of the guide, at most [`CASE_MATERIALS_MAX`].
    pub materials: Vec<MaterialCode>,
    /// Keyed commitment to the applicant.
    pub subject: Option<Digest>,
    /// The bundle; given in mode 集成办 only.
    pub bundle: Option<BundleRef>,
    /// The 免申即享 policy; given in mode 免申办 only.
    pub policy: Option<PolicyVersion>,
}

/// An item at the agency that decides it, with the versions in force.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Matter {
    /// B: the deciding agency.
    pub agency: Uscc,
    /// The item, as published by the agency's province.
    pub item: PublicationKey,
    pub item_version: u32,
    /// Version of the guide under the item's scope and code.
    pub guide_version: u32,
    /// Version of the duty assignment (职责分工) under the item's code, the province's own, otherwise that of all provinces;
    /// `None` if none is in force.
    pub duty_version: Option<u32>,
}

/// A policy and its version.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyVersion {
    pub policy: PublicationKey,
    pub version: u32,
}

/// How A verified the applicant. A failed check is not recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdentityCheck {
    /// In person, against an identity document.
    Window,
    /// 统一身份认证.
    Online,
    /// 远程虚拟窗口.
    Remote,
}

/// How the result reaches the applicant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryChannel {
    Online,
    Courier,
    Window,
}

/// 集成办开件.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BundleOpening {
    /// [`BundleRef::owned`] by the lead, of `name`.
    pub bundle: BundleRef,
    /// What the lead calls the bundle ([`crate::ids::name_of`] its number).
    pub name: Digest,
    /// 牵头部门: the signer's organisation; it collects every case of the bundle.
    pub lead: Uscc,
    /// Root of the materials, one for all cases.
    pub material_root: Digest,
    /// At most [`BUNDLE_CHILDREN_MAX`], at least one.
    pub children: Vec<BundleChild>,
}

/// A case of a bundle.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BundleChild {
    pub case: CaseRef,
    /// Positions of the cases it waits for: sorted, all before its own, so that there are no cycles. Empty for a case that
    /// starts at once.
    pub after: Vec<u8>,
}

impl CaseOperation {
    /// The kind tag on the wire.
    pub fn kind(&self) -> u8 {
        match self {
            Self::Collect(_) => 0,
            Self::Check { .. } => 1,
            Self::Send { .. } => 2,
            Self::Acknowledge { .. } => 3,
            Self::Bounce { .. } => 4,
            Self::RequestCorrection { .. } => 5,
            Self::Resubmit { .. } => 6,
            Self::Accept { .. } => 7,
            Self::AcceptConditionally { .. } => 8,
            Self::Fulfil { .. } => 9,
            Self::NotAccept { .. } => 10,
            Self::Pause { .. } => 11,
            Self::Resume { .. } => 12,
            Self::Relay { .. } => 13,
            Self::Grant { .. } => 14,
            Self::Refuse { .. } => 15,
            Self::Result { .. } => 16,
            Self::Deliver { .. } => 17,
            Self::Close { .. } => 18,
            Self::Archive { .. } => 19,
            Self::Withdraw { .. } => 20,
            Self::Notify { .. } => 21,
            Self::BundleOpen(_) => 22,
        }
    }

    /// Stable name for people and filters.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Collect(_) => "case.collect",
            Self::Check { .. } => "case.check",
            Self::Send { .. } => "case.send",
            Self::Acknowledge { .. } => "case.acknowledge",
            Self::Bounce { .. } => "case.bounce",
            Self::RequestCorrection { .. } => "case.request_correction",
            Self::Resubmit { .. } => "case.resubmit",
            Self::Accept { .. } => "case.accept",
            Self::AcceptConditionally { .. } => "case.accept_conditionally",
            Self::Fulfil { .. } => "case.fulfil",
            Self::NotAccept { .. } => "case.not_accept",
            Self::Pause { .. } => "case.pause",
            Self::Resume { .. } => "case.resume",
            Self::Relay { .. } => "case.relay",
            Self::Grant { .. } => "case.grant",
            Self::Refuse { .. } => "case.refuse",
            Self::Result { .. } => "case.result",
            Self::Deliver { .. } => "case.deliver",
            Self::Close { .. } => "case.close",
            Self::Archive { .. } => "case.archive",
            Self::Withdraw { .. } => "case.withdraw",
            Self::Notify { .. } => "case.notify",
            Self::BundleOpen(_) => "case.bundle_open",
        }
    }

    /// The step's case and mandate; `None` for the opening of a bundle, which is about many cases.
    pub fn step(&self) -> Option<&Step> {
        match self {
            Self::Collect(collection) => Some(&collection.step),
            Self::Check { step, .. }
            | Self::Send { step, .. }
            | Self::Acknowledge { step, .. }
            | Self::Bounce { step, .. }
            | Self::RequestCorrection { step, .. }
            | Self::Resubmit { step, .. }
            | Self::Accept { step }
            | Self::AcceptConditionally { step, .. }
            | Self::Fulfil { step, .. }
            | Self::NotAccept { step, .. }
            | Self::Pause { step, .. }
            | Self::Resume { step }
            | Self::Relay { step, .. }
            | Self::Grant { step, .. }
            | Self::Refuse { step, .. }
            | Self::Result { step, .. }
            | Self::Deliver { step, .. }
            | Self::Close { step }
            | Self::Archive { step, .. }
            | Self::Withdraw { step, .. }
            | Self::Notify { step, .. } => Some(step),
            Self::BundleOpen(_) => None,
        }
    }

    /// The case this is a step of.
    pub fn case(&self) -> Option<&CaseRef> {
        self.step().map(|step| &step.case)
    }

    /// The bundle this opens, or puts a case into.
    pub fn bundle(&self) -> Option<&BundleRef> {
        match self {
            Self::Collect(collection) => collection.bundle.as_ref(),
            Self::BundleOpen(opening) => Some(&opening.bundle),
            _ => None,
        }
    }
}
