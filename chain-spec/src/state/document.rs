//! Which licences a file is recorded for.
//!
//! A digest may be recorded by anybody, for several licences, so a question by file alone has an answer only where all of them are known.
//! The first record of a file writes nothing; the second one begins the list of both. So the proof that there is no such thing is the
//! proof that at most one record names the file, and whoever shows one of several records cannot hide that there are others.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

use crate::crypto::Digest;
use crate::ids::{LicenceRef, ProvinceCode, RecordIndex, Uscc};
use crate::record::LicenceOperation;

/// Most licences of one file that are listed for the recorders of one province, so that no province can fill the list of another.
/// With every province at its bound the state is about 36 KiB.
pub const DOCUMENT_LICENCES_PER_PROVINCE_MAX: usize = 16;
/// Most licences of one file that are listed for one issuer, so that no bureau can fill its province's part alone.
pub const DOCUMENT_LICENCES_PER_ISSUER_MAX: usize = 4;

/// Licences of one file, from the second on.
#[derive(Debug, Clone, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct DocumentState {
    /// In the order of recording, each licence once.
    pub licences: Vec<DocumentLicence>,
    /// Provinces whose further licences are not listed, in the order in which that began.
    pub more: Vec<ProvinceCode>,
}

/// One licence of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct DocumentLicence {
    pub licence: LicenceRef,
    /// Issuer of the licence.
    pub issuer: Uscc,
    /// Province of the organisation that recorded the file.
    pub province: ProvinceCode,
    /// The record by which the file first became one of the licence's: an issue, a correction or an attachment.
    pub recorded_by: RecordIndex,
}

impl DocumentLicence {
    /// The licence for which record `recorded_by` of `province` names a file by `operation`, and the file's SHA-256; `None` where it
    /// names none. `issuer` finds the issuer of a licence that exists.
    ///
    /// # Errors
    /// Those of `issuer`.
    pub fn named_by<E>(
        operation: &LicenceOperation,
        province: ProvinceCode,
        recorded_by: RecordIndex,
        issuer: impl FnOnce(&LicenceRef) -> Result<Uscc, E>,
    ) -> Result<Option<(Digest, Self)>, E> {
        let Some(document) = operation.new_document() else { return Ok(None) };
        let (licence, issuer) = match (operation.new_licence(), operation.changed_licence()) {
            (Some(licence), _) => (licence.licence, licence.issuer),
            (None, Some(changed)) => (*changed, issuer(changed)?),
            (None, None) => return Ok(None),
        };
        Ok(Some((document.sha256, Self { licence, issuer, province, recorded_by })))
    }
}

impl DocumentState {
    /// The state before the second record.
    pub fn begun_by(first: DocumentLicence) -> Self {
        Self { licences: vec![first], more: Vec::new() }
    }

    /// Lists a licence, and says whether that changed anything.
    pub fn add(&mut self, licence: DocumentLicence) -> bool {
        if self.licences.iter().any(|one| one.licence == licence.licence) {
            return false;
        }
        let of_province = self.licences.iter().filter(|one| one.province == licence.province).count();
        let of_issuer = self.licences.iter().filter(|one| one.issuer == licence.issuer).count();
        if of_province < DOCUMENT_LICENCES_PER_PROVINCE_MAX && of_issuer < DOCUMENT_LICENCES_PER_ISSUER_MAX {
            self.licences.push(licence);
            return true;
        }
        let is_new = !self.more.contains(&licence.province);
        if is_new {
            self.more.push(licence.province);
        }
        is_new
    }
}
