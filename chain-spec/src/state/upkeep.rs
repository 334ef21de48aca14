//! What has been corrected, attached and checked of a licence since its issue, and which of its files a file at hand is.
//!
//! All of it is part of the licence's state, so the receipt that proves the status proves every genuine file too.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

use super::LicenceState;
use crate::crypto::Digest;
use crate::ids::{PurposeCode, RecordIndex, TimeMs};
use crate::record::licence::{Document, Licence};
use crate::record::upkeep::{AnnualOutcome, AttachmentRole, CorrectionReason, Particulars};

/// Most corrections of one licence.
pub const CORRECTIONS_MAX: usize = 20;
/// Most further files of one licence, those that have ended included.
pub const ATTACHMENTS_MAX: usize = 64;
/// Most annual checks of one licence.
pub const ANNUAL_CHECKS_MAX: usize = 128;

/// What keeps the record of a licence right.
#[derive(Debug, Clone, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Upkeep {
    /// Oldest first: the last one says what holds.
    pub corrections: Vec<Corrected>,
    /// Further files, in the order of recording.
    pub attachments: Vec<Attached>,
    /// In the order of recording, which is that of their years.
    pub annual_checks: Vec<AnnuallyChecked>,
}

/// A correction of the record.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Corrected {
    pub particulars: Particulars,
    pub reason: CorrectionReason,
    pub recorded_by: RecordIndex,
    /// Time of the block that recorded it: before, nobody could know.
    pub recorded_ms: TimeMs,
}

/// A further file.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Attached {
    pub document: Document,
    pub role: AttachmentRole,
    pub purpose: Option<PurposeCode>,
    /// First moment at which it no longer counts.
    pub expires_ms: Option<TimeMs>,
    pub recorded_by: RecordIndex,
    pub recorded_ms: TimeMs,
    /// Its end, where the issuer recorded one.
    pub ended: Option<AttachmentEnd>,
}

/// How a further file ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct AttachmentEnd {
    pub effective_ms: TimeMs,
    pub recorded_by: RecordIndex,
    pub recorded_ms: TimeMs,
}

/// An annual check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct AnnuallyChecked {
    pub year: u16,
    pub outcome: AnnualOutcome,
    pub until_ms: TimeMs,
    pub recorded_by: RecordIndex,
    pub recorded_ms: TimeMs,
}

/// Which file of a licence a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileOf<'a> {
    /// The recorded one, after every correction.
    Recorded,
    Attached(&'a Attached),
    /// Recorded by mistake, and corrected.
    InError,
}

impl Upkeep {
    /// The particulars that hold by every correction recorded at or before `known`; `None` where those of the issue do.
    pub fn particulars(&self, known: TimeMs) -> Option<&Particulars> {
        self.corrections.iter().rev().find(|one| one.recorded_ms <= known).map(|one| &one.particulars)
    }

    /// The further file with this SHA-256 that was attached last.
    pub fn attached(&self, sha256: &Digest) -> Option<&Attached> {
        self.attachments.iter().rev().find(|one| one.document.sha256 == *sha256)
    }

    /// The annual check that covers a time, or the last one before it: of one year the latest recorded counts.
    pub fn annual_check_at(&self, at: TimeMs) -> Option<&AnnuallyChecked> {
        let covering = self.annual_checks.iter().find(|one| one.until_ms > at).or(self.annual_checks.last())?;
        self.annual_checks.iter().rev().find(|one| one.year == covering.year)
    }
}

impl LicenceState {
    /// The licence of an issue record as it is after every correction recorded at or before `known`.
    pub fn corrected(state: Option<&Self>, licence: &Licence, known: TimeMs) -> Licence {
        let particulars = state.and_then(|state| state.upkeep.particulars(known));
        particulars.map_or_else(|| licence.clone(), |particulars| licence.with(particulars))
    }

    /// Which file of `licence` (as issued) the one that `is_it` recognises is; `None` where it is none of them.
    pub fn file<'a>(
        state: Option<&'a Self>,
        licence: &Licence,
        is_it: impl Fn(&Document) -> bool,
    ) -> Option<FileOf<'a>> {
        let newest = TimeMs::MAX;
        if is_it(&Self::corrected(state, licence, newest).document) {
            return Some(FileOf::Recorded);
        }
        let upkeep = &state?.upkeep;
        if let Some(attached) = upkeep.attachments.iter().rev().find(|one| is_it(&one.document)) {
            return Some(FileOf::Attached(attached));
        }
        // Each correction ended the document before it.
        let before =
            std::iter::once(&licence.document).chain(upkeep.corrections.iter().map(|one| &one.particulars.document));
        let mut ended = before.zip(&upkeep.corrections);
        ended.any(|(document, _)| is_it(document)).then_some(FileOf::InError)
    }

    /// The record by which the ledger first knew this file for one of the licence's, which was issued by record `issued`.
    pub fn file_recorded_by(
        state: Option<&Self>,
        licence: &Licence,
        issued: RecordIndex,
        sha256: &Digest,
    ) -> Option<RecordIndex> {
        let upkeep = state.map(|state| &state.upkeep);
        let corrected = upkeep.into_iter().flat_map(|upkeep| &upkeep.corrections);
        let attached = upkeep.into_iter().flat_map(|upkeep| &upkeep.attachments);
        std::iter::once((licence.document.sha256, issued))
            .chain(corrected.map(|one| (one.particulars.document.sha256, one.recorded_by)))
            .chain(attached.map(|one| (one.document.sha256, one.recorded_by)))
            .filter(|(document, _)| document == sha256)
            .map(|(_, index)| index)
            .min()
    }
}
