//! A licence in answers: as it is after every correction, with its changes, its further files and its annual checks.

use serde::{Deserialize, Serialize};

use crate::ids::{RecordIndex, TimeMs};
use crate::record::Record;
use crate::record::licence::Licence;
use crate::state::upkeep::{AnnuallyChecked, Attached, Corrected};
use crate::state::{LicenceState, LicenceStatus, StatusChanged};
use crate::verdict::StateAt;

/// A licence as the ledger knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LicenceAnswer {
    /// Reference on the ledger.
    pub licence: String,
    pub licence_type: String,
    pub issuer: String,
    pub province: String,
    pub region: String,
    pub version: u16,
    /// issued | suspended | transferred_out | superseded | lapsed | cancelled | withdrawn | revoked
    pub status: String,
    /// SHA-256 of the recorded file, as corrected.
    pub document_sha256: String,
    pub document_sm3: Option<String>,
    pub document_bytes: u64,
    /// 印章编码 of the seal on the document.
    pub seal: Option<String>,
    /// Code of the reason for which the document was recorded although its own checks did not pass.
    pub exception: Option<String>,
    pub valid_from: String,
    pub valid_until: Option<String>,
    /// Index of the record that issued it.
    pub record: u64,
    pub recorded_time: String,
    /// The licence that replaced it.
    pub successor: Option<String>,
    /// Every change of its status known, in the order of recording.
    #[serde(default)]
    pub changes: Vec<ChangeAnswer>,
    /// SHA-256 of the file of the issue record, where that record was corrected.
    #[serde(default)]
    pub issued_document_sha256: Option<String>,
    /// Every correction of its record, oldest first; what is shown above is the licence after the last one.
    #[serde(default)]
    pub corrections: Vec<CorrectionAnswer>,
    /// Its further files, those that have ended included.
    #[serde(default)]
    pub attachments: Vec<AttachmentAnswer>,
    /// Its annual checks, in the order of their years.
    #[serde(default)]
    pub annual_checks: Vec<AnnualCheckAnswer>,
}

impl LicenceAnswer {
    /// The licence that the record at `index` issued: its status by `then`, its changes, corrections and files by the newest state known.
    pub fn of(
        record: &Record,
        licence: &Licence,
        index: RecordIndex,
        then: StateAt<'_>,
        newest: Option<&LicenceState>,
    ) -> Self {
        let (status, state) = match then {
            StateAt::NotCovered => ("unknown", None),
            StateAt::Unchanged => (LicenceStatus::Issued.name(), None),
            StateAt::Changed(state) => (state.status.name(), Some(state)),
        };
        let newest = newest.or(state);
        let issued = licence.document.sha256.to_string();
        let licence = LicenceState::corrected(newest, licence, TimeMs::MAX);
        let upkeep = newest.map(|state| &state.upkeep);
        Self {
            licence: licence.licence.to_string(),
            licence_type: licence.licence_type.to_string(),
            issuer: licence.issuer.to_string(),
            province: record.province.to_string(),
            region: licence.region.to_string(),
            version: licence.version,
            status: status.to_owned(),
            document_sha256: licence.document.sha256.to_string(),
            document_sm3: licence.document.sm3.map(|digest| digest.to_string()),
            document_bytes: licence.document.size_bytes,
            seal: licence.seal.as_ref().map(|seal| seal.seal.to_string()),
            exception: licence.exception.as_ref().map(ToString::to_string),
            valid_from: licence.valid_from_ms.to_string(),
            valid_until: licence.valid_until_ms.map(|time| time.to_string()),
            record: index.0,
            recorded_time: record.time_ms.to_string(),
            successor: state.and_then(|state| state.successor).map(|successor| successor.to_string()),
            changes: ChangeAnswer::of(newest),
            issued_document_sha256: upkeep.filter(|upkeep| !upkeep.corrections.is_empty()).map(|_| issued),
            corrections: upkeep.into_iter().flat_map(|upkeep| &upkeep.corrections).map(CorrectionAnswer::of).collect(),
            attachments: upkeep.into_iter().flat_map(|upkeep| &upkeep.attachments).map(AttachmentAnswer::of).collect(),
            annual_checks: upkeep
                .into_iter()
                .flat_map(|upkeep| &upkeep.annual_checks)
                .map(AnnualCheckAnswer::of)
                .collect(),
        }
    }

    /// The record by which the ledger first knew the file with this SHA-256 for one of the licence's, also by mistake, and its time.
    pub fn file_record(&self, sha256: &str) -> Option<(u64, &str)> {
        let issued = self.issued_document_sha256.as_ref().unwrap_or(&self.document_sha256);
        let issued = std::iter::once((issued, self.record, &self.recorded_time));
        let corrected = self.corrections.iter().map(|one| (&one.document_sha256, one.record, &one.recorded));
        let attached = self.attachments.iter().map(|one| (&one.document_sha256, one.record, &one.recorded));
        let all = issued.chain(corrected).chain(attached);
        let of_file = all.filter(|(document, ..)| *document == sha256);
        of_file.map(|(_, record, time)| (record, time.as_str())).min_by_key(|(record, _)| *record)
    }

    /// Whether the file with this SHA-256 is one of the licence's: the recorded one, or a further one.
    pub fn has_file(&self, sha256: &str) -> bool {
        self.document_sha256 == sha256 || self.attachments.iter().any(|one| one.document_sha256 == sha256)
    }
}

/// A correction of a licence's record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CorrectionAnswer {
    /// entry | file | migration | system
    pub reason: String,
    /// SHA-256 of the recorded file after it.
    pub document_sha256: String,
    pub valid_from: String,
    pub valid_until: Option<String>,
    /// Time of the block that recorded it.
    pub recorded: String,
    /// Index of its record.
    pub record: u64,
}

impl CorrectionAnswer {
    fn of(one: &Corrected) -> Self {
        Self {
            reason: one.reason.words().0.to_owned(),
            document_sha256: one.particulars.document.sha256.to_string(),
            valid_from: one.particulars.valid_from_ms.to_string(),
            valid_until: one.particulars.valid_until_ms.map(|time| time.to_string()),
            recorded: one.recorded_ms.to_string(),
            record: one.recorded_by.0,
        }
    }
}

/// A further file of a licence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AttachmentAnswer {
    pub document_sha256: String,
    /// duplicate | annotated | reissued | format
    pub role: String,
    /// What it may be used for, where it is limited to that.
    pub purpose: Option<String>,
    /// First moment at which it no longer counts.
    pub expires: Option<String>,
    /// From when its issuer ended it.
    pub ended: Option<String>,
    /// Time of the block that recorded it.
    pub recorded: String,
    /// Index of its record.
    pub record: u64,
}

impl AttachmentAnswer {
    fn of(one: &Attached) -> Self {
        Self {
            document_sha256: one.document.sha256.to_string(),
            role: one.role.words().0.to_owned(),
            purpose: one.purpose.as_ref().map(ToString::to_string),
            expires: one.expires_ms.map(|time| time.to_string()),
            ended: one.ended.map(|end| end.effective_ms.to_string()),
            recorded: one.recorded_ms.to_string(),
            record: one.recorded_by.0,
        }
    }
}

/// An annual check of a licence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AnnualCheckAnswer {
    pub year: u16,
    /// passed | failed | reported
    pub outcome: String,
    /// First moment that it no longer covers.
    pub until: String,
    /// Time of the block that recorded it.
    pub recorded: String,
    /// Index of its record.
    pub record: u64,
}

impl AnnualCheckAnswer {
    fn of(one: &AnnuallyChecked) -> Self {
        Self {
            year: one.year,
            outcome: one.outcome.words().0.to_owned(),
            until: one.until_ms.to_string(),
            recorded: one.recorded_ms.to_string(),
            record: one.recorded_by.0,
        }
    }
}

/// A change of a licence's status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChangeAnswer {
    /// The status after it.
    pub status: String,
    /// From when it counts in law.
    pub effective: String,
    /// Time of the block that recorded it: before, nobody could read it here.
    pub recorded: String,
    /// Index of its record.
    pub record: u64,
}

impl ChangeAnswer {
    /// The changes of a licence with this state.
    pub fn of(state: Option<&LicenceState>) -> Vec<Self> {
        let changes = state.into_iter().flat_map(LicenceState::changes);
        let answer = |change: StatusChanged<LicenceStatus>| Self {
            status: change.status.name().to_owned(),
            effective: change.effective_ms.to_string(),
            recorded: change.recorded_ms.to_string(),
            record: change.changed_by.0,
        };
        changes.map(answer).collect()
    }
}
