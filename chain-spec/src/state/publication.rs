//! Publications as the ledger keeps them.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

use crate::crypto::Digest;
use crate::ids::{ProvinceCode, PublicationCode, RecordIndex, TimeMs, Uscc};
use crate::record::publication::{ConsultationWindow, PublicationBody};

/// The version in force, and the drafts of the next one.
#[derive(Debug, Clone, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct PublicationState {
    /// Newest published version, from 1; 0 before the first. In force unless `repealed`.
    pub version: u32,
    /// The end of that version (废止), until a further one is published.
    pub repealed: Option<Repealed>,
    /// The organisation whose publication it is: the agency of the item, the principal of the mandate, otherwise the first
    /// publisher.
    pub owner: Option<Uscc>,
    /// What is being prepared, oldest first: at most one draft by each province, so at most 36. The first to be published takes the
    /// version, and the others with it.
    pub drafts: Vec<DraftState>,
    /// Provinces that consent to the end of the version in force, sorted; at most 36.
    pub repeal_signed_by: Vec<ProvinceCode>,
}

/// When and by which record a version ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Repealed {
    pub at_ms: TimeMs,
    pub by: RecordIndex,
}

/// A version that is not published yet.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct DraftState {
    /// Number it will have: the newest published one plus 1.
    pub version: u32,
    /// What provinces sign (`record::publication::content_digest`). The content itself is in record `drafted_by`.
    pub content: Digest,
    pub drafted_by: RecordIndex,
    pub drafted_ms: TimeMs,
    /// Organisation that leads the work on it.
    pub lead: Uscc,
    pub lead_province: ProvinceCode,
    pub consultation: Option<Consultation>,
    /// Provinces whose signature counts, fixed when the draft was submitted; sorted, at most 36.
    pub signers: Vec<ProvinceCode>,
    /// How many of them must sign, at least 1.
    pub needed: u8,
    /// Those that have signed, sorted.
    pub signed_by: Vec<ProvinceCode>,
}

impl DraftState {
    /// Status of the draft.
    pub fn status(&self) -> DraftStatus {
        if self.consultation.is_some_and(|consultation| consultation.result.is_none()) {
            DraftStatus::Consulting
        } else if self.signed_by.len() < usize::from(self.needed) {
            DraftStatus::Signing
        } else {
            DraftStatus::Approved
        }
    }
}

/// The consultation on a draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Consultation {
    pub window: ConsultationWindow,
    pub result: Option<ConsultationResult>,
}

/// Outcome of a consultation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct ConsultationResult {
    pub opinions_root: Digest,
    pub opinions: u32,
    pub closed_by: RecordIndex,
}

/// One published version.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct PublicationVersionState {
    pub body: PublicationBody,
    /// Time of the block that put it into force.
    pub published_ms: TimeMs,
    /// Record that did.
    pub published_by: RecordIndex,
    /// Provinces that signed it.
    pub signed_by: Vec<ProvinceCode>,
    /// The consultation before it, if there was one.
    pub consultation: Option<Consultation>,
    /// When the version before it ended, where that was earlier than `published_ms`: it had been repealed.
    pub gap_from_ms: Option<TimeMs>,
}

/// Status of a publication: what is in force, and what is being prepared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PublicationStatus {
    pub force: Force,
    pub draft: DraftStatus,
}

/// Whether a version is in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Force {
    /// 未公布: no version yet.
    Unpublished,
    /// 有效: the newest version.
    InForce,
    /// 废止: no version is in force any longer.
    Repealed,
}

impl Force {
    /// Every value, for exhaustive tests and tables.
    pub const ALL: [Self; 3] = [Self::Unpublished, Self::InForce, Self::Repealed];
}

/// Status of the preparation of a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DraftStatus {
    /// Nothing is being prepared.
    None,
    /// 征求意见: the consultation has not been closed.
    Consulting,
    /// 会签: signatures are missing.
    Signing,
    /// 已批准: may be published.
    Approved,
}

impl DraftStatus {
    /// Every value, for exhaustive tests and tables.
    pub const ALL: [Self; 4] = [Self::None, Self::Consulting, Self::Signing, Self::Approved];
}

impl PublicationState {
    /// The version in force, if one is.
    pub fn in_force(&self) -> Option<u32> {
        (self.version > 0 && self.repealed.is_none()).then_some(self.version)
    }

    /// Status of the publication with the oldest draft.
    pub fn status(&self) -> PublicationStatus {
        self.status_with(self.drafts.first())
    }

    /// Status of the publication as far as this draft is concerned.
    pub fn status_with(&self, draft: Option<&DraftState>) -> PublicationStatus {
        let force = match (self.version, self.repealed) {
            (0, _) => Force::Unpublished,
            (_, None) => Force::InForce,
            (_, Some(_)) => Force::Repealed,
        };
        let draft = draft.map_or(DraftStatus::None, DraftState::status);
        PublicationStatus { force, draft }
    }
}

/// The version that a consumer stated it applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct PublicationConsumerState {
    pub version: u32,
    pub at_ms: TimeMs,
    pub by: RecordIndex,
}

/// The provinces' versions of one service item: at most one per province, so at most 36, sorted by province.
#[derive(Debug, Clone, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct ItemVariants {
    pub variants: Vec<ItemVariant>,
}

/// What a province published last under the basic code.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct ItemVariant {
    pub province: ProvinceCode,
    /// The item publication of the province that this is.
    pub code: PublicationCode,
    pub version: u32,
    /// Digest over the elements that must be equal in all provinces.
    pub common_elements: Digest,
}

impl ItemVariants {
    /// Enters what a province has just published.
    pub fn put(&mut self, variant: ItemVariant) {
        match self.variants.binary_search_by_key(&variant.province, |held| held.province) {
            Ok(place) => self.variants[place] = variant,
            Err(place) => self.variants.insert(place, variant),
        }
    }

    /// Forgets what a province has repealed, if it is still the province's newest.
    pub fn remove(&mut self, province: ProvinceCode, code: &PublicationCode) {
        self.variants.retain(|held| held.province != province || held.code != *code);
    }
}

/// Groups provinces whose elements are equal; groups and members are in the order of province codes. One group: the item
/// is the same everywhere. Several: it diverges (名称、编码、依据、类型 不统一).
pub fn divergence(item: &ItemVariants) -> Vec<Vec<ProvinceCode>> {
    let mut groups: Vec<(Digest, Vec<ProvinceCode>)> = Vec::new();
    for variant in &item.variants {
        match groups.iter_mut().find(|(elements, _)| *elements == variant.common_elements) {
            Some((_, group)) => group.push(variant.province),
            None => groups.push((variant.common_elements, vec![variant.province])),
        }
    }
    groups.into_iter().map(|(_, group)| group).collect()
}
