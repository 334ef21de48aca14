//! Seals as the ledger keeps them.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

use crate::crypto::{Digest, KeyId};
use crate::ids::{RecordIndex, SealId, TimeMs, Uscc};
use crate::record::seal::Seal;

use super::StatusChanged;

/// Status of a seal (电子印章管理办法: filing, suspension, cancellation, marking as invalid, remaking).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum SealStatus {
    /// 已备案, not yet in use.
    Registered,
    /// 启用
    Active,
    /// 暂停使用
    Suspended,
    /// 注销. Ends, except that it may still be marked invalid.
    Cancelled,
    /// 标记无效. Final.
    Invalidated,
    /// 重新制作: another seal took its place. Ends, except that it may still be marked invalid.
    Replaced,
}

impl SealStatus {
    /// Every status, for exhaustive tests and tables.
    pub const ALL: [Self; 6] =
        [Self::Registered, Self::Active, Self::Suspended, Self::Cancelled, Self::Invalidated, Self::Replaced];
}

/// State of a seal.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct SealState {
    pub status: SealStatus,
    /// The seal as it was filed.
    pub seal: Seal,
    /// Organisation that filed it, and alone changes it.
    pub registrar: Uscc,
    /// Whether the provinces trusted the maker's certificate as a seal maker's when the seal was filed.
    pub maker_trusted: bool,
    /// Record that filed it.
    pub registered_by: RecordIndex,
    /// Record of the latest change of status.
    pub changed_by: RecordIndex,
    /// Effective time of the latest change; before the first, the start of validity or the time of filing, whichever is earlier.
    pub effective_ms: TimeMs,
    /// Time of the block that recorded the latest change.
    pub recorded_ms: TimeMs,
    /// The seal whose place this one took.
    pub predecessor: Option<SealId>,
    /// The seal that took this one's place, in the same province.
    pub successor: Option<SealId>,
    /// The filing and the changes before the latest, oldest first; a few more than [`super::history::CHANGES_MAX`] at most.
    pub earlier: Vec<StatusChanged<SealStatus>>,
}

/// A recorded signature. The record holds the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct SealSignatureState {
    /// Record of the signature.
    pub recorded_by: RecordIndex,
    /// Time of its block: the signature existed then at the latest.
    pub recorded_ms: TimeMs,
    /// Signing time by the signer's own clock.
    pub claimed_ms: TimeMs,
    /// Key that made it.
    pub key: KeyId,
    /// Digest of the signer's certificate.
    pub certificate: Digest,
}
