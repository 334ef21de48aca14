//! Making receipts from the store.

use huxin_chain_spec::codec;
use huxin_chain_spec::ids::{Height, RecordIndex, TimeMs};
use huxin_chain_spec::log;
use huxin_chain_spec::map;
use huxin_chain_spec::receipt::{AsOf, NextBlock, Receipt, StatusEvidence};
use huxin_chain_spec::record::{Operation, Record};
use huxin_chain_spec::state::{LicenceState, StateKey};

use super::Ledger;
use crate::store::{StoreError, StoredHeader};

/// The block a receipt speaks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReceiptAt {
    /// The newest one.
    Newest,
    /// The last one at or before a time.
    AsOf(TimeMs),
}

impl Ledger {
    /// The receipt of a record, with the licence's status where the record brings one into being. `None` where the
    /// record does not exist, or did not at that time.
    pub fn receipt(&self, index: RecordIndex, at: ReceiptAt) -> Result<Option<Receipt>, StoreError> {
        let height = match at {
            ReceiptAt::Newest => Some(self.height()),
            ReceiptAt::AsOf(time) => self.store.height_at(time)?,
        };
        let Some(row) = height.map(|height| self.store.header(height)).transpose()?.flatten() else {
            return Ok(None);
        };
        if index.0 >= row.header.log.size {
            return Ok(None);
        }
        let Some(record) = self.store.record(index)? else {
            return Err(self.damaged(format!("record {index}"), "missing"));
        };
        let log_path = log::inclusion_proof(self.algorithm(), &self.store, row.header.log.size, index.0)
            .map_err(|error| self.damaged(format!("log proof of record {index}"), &error.to_string()))?;
        let as_of = match at {
            ReceiptAt::Newest => None,
            ReceiptAt::AsOf(time_ms) => Some(AsOf { time_ms, next: self.next_block(row.header.height)? }),
        };
        let status = self.status(&record, &row)?;
        let trust = self.trust.clone();
        let (header, certificate) = (row.header, row.certificate);
        Ok(Some(Receipt { trust, header, certificate, index, record, log_path, status, as_of }))
    }

    fn next_block(&self, height: Height) -> Result<Option<NextBlock>, StoreError> {
        let row = self.store.header(Height(height.0 + 1))?;
        Ok(row.map(|row| NextBlock { header: row.header, certificate: row.certificate, validators: None }))
    }

    fn status(&self, record: &Record, row: &StoredHeader) -> Result<Option<StatusEvidence>, StoreError> {
        let Operation::Licence(operation) = &record.operation else { return Ok(None) };
        let Some(licence) = operation.new_licence() else { return Ok(None) };
        let key = StateKey::Licence(licence.licence);
        let state: Option<LicenceState> = self.store.thing_at(&key, row.header.height)?;
        let map_key = key.map_key(self.algorithm());
        let (_, proof) = map::prove(self.algorithm(), &self.store, Some(row.map_version), &map_key)
            .map_err(|error| self.damaged(format!("map version {}", row.map_version), &error.to_string()))?;
        Ok(Some(StatusEvidence { state: state.as_ref().map(codec::encode), proof }))
    }

    fn damaged(&self, place: String, reason: &str) -> StoreError {
        StoreError::Damaged { path: self.store.path().to_owned(), place, reason: reason.to_owned() }
    }
}
