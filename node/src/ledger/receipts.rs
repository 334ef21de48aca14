//! Making receipts from the store.

use huxin_chain_spec::block::Header;
use huxin_chain_spec::codec;
use huxin_chain_spec::ids::{Height, RecordIndex, TimeMs, TxId};
use huxin_chain_spec::log;
use huxin_chain_spec::map::{self, MapProof};
use huxin_chain_spec::receipt::{AsOf, NextBlock, OutcomeReceipt, Receipt, StatusEvidence, Thing, ThingReceipt};
use huxin_chain_spec::record::{Operation, Record};
use huxin_chain_spec::state::{LicenceState, StateKey};
use huxin_chain_spec::transaction::outcome_path;

use super::Ledger;
use crate::store::{StoreError, StoredHeader};

/// The block a receipt is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReceiptAt {
    /// The newest one.
    Newest,
    /// The last one at or before a time.
    AsOf(TimeMs),
}

impl Ledger {
    /// The receipt of a record, with the licence's status if the record issues one. `None` where the
    /// record does not exist, or did not at that time.
    pub fn receipt(&self, index: RecordIndex, at: ReceiptAt) -> Result<Option<Receipt>, StoreError> {
        let Some(row) = self.header_at(at)? else { return Ok(None) };
        if index.0 >= row.header.log.size {
            return Ok(None);
        }
        let Some(record) = self.store.record(index)? else {
            return Err(self.damaged(format!("record {index}"), "missing"));
        };
        let log_path = log::inclusion_proof(self.algorithm(), &self.store, row.header.log.size, index.0)
            .map_err(|error| self.damaged(format!("log proof of record {index}"), &error.to_string()))?;
        let as_of = self.as_of(at, &row)?;
        let status = self.status(&record, &row)?;
        let trust = self.trust.path_to(row.header.height);
        let (header, certificate) = (row.header, row.certificate);
        Ok(Some(Receipt { trust, header, certificate, index, record, log_path, status, as_of }))
    }

    /// The receipt of things, whether the ledger holds them or not. `None` before the first block, or the first at that time.
    pub fn thing_receipt(&self, keys: &[StateKey], at: ReceiptAt) -> Result<Option<ThingReceipt>, StoreError> {
        let Some(row) = self.header_at(at)? else { return Ok(None) };
        let thing = |key: &StateKey| {
            let state = self.store.state_at(key, row.header.height)?;
            Ok(Thing { key: key.clone(), state, proof: self.prove(key, &row)? })
        };
        let things = keys.iter().map(thing).collect::<Result<Vec<Thing>, StoreError>>()?;
        let as_of = self.as_of(at, &row)?;
        let trust = self.trust.path_to(row.header.height);
        Ok(Some(ThingReceipt { trust, header: row.header, certificate: row.certificate, things, as_of }))
    }

    /// The receipt of a transaction's outcome; `None` where no block holds the transaction. Reads the whole block.
    pub fn outcome_receipt(&self, tx_id: &TxId) -> Result<Option<OutcomeReceipt>, StoreError> {
        let Some((height, _)) = self.store.outcome(tx_id)? else { return Ok(None) };
        let place = || format!("block {height}");
        let row = self.store.header(height)?.ok_or_else(|| self.damaged(place(), "missing"))?;
        let outcomes = self.outcomes(height)?;
        let position = (0..).zip(&outcomes).find(|(_, outcome)| outcome.tx_id == *tx_id).map(|(position, _)| position);
        let path = position.and_then(|position| Some((position, outcome_path(self.algorithm(), &outcomes, position)?)));
        let Some((position, (outcome, path))) = path else {
            return Err(self.damaged(place(), "it does not hold a transaction that names it"));
        };
        let count = outcomes.len() as u64;
        let trust = self.trust.path_to(row.header.height);
        let (header, certificate) = (row.header, row.certificate);
        Ok(Some(OutcomeReceipt { trust, header, certificate, position, count, outcome, path }))
    }

    /// The block a receipt is for.
    pub fn header_at(&self, at: ReceiptAt) -> Result<Option<StoredHeader>, StoreError> {
        let height = match at {
            ReceiptAt::Newest => Some(self.height()),
            ReceiptAt::AsOf(time) => self.store.height_at(time)?,
        };
        Ok(height.map(|height| self.store.header(height)).transpose()?.flatten())
    }

    fn as_of(&self, at: ReceiptAt, row: &StoredHeader) -> Result<Option<AsOf>, StoreError> {
        Ok(match at {
            ReceiptAt::Newest => None,
            ReceiptAt::AsOf(time_ms) => Some(AsOf { time_ms, next: self.next_block(&row.header)? }),
        })
    }

    fn next_block(&self, header: &Header) -> Result<Option<NextBlock>, StoreError> {
        let Some(row) = self.store.header(Height(header.height.0 + 1))? else { return Ok(None) };
        let validators = if header.next_validators_hash == header.validators_hash {
            None
        } else {
            let place = || format!("validators after height {}", header.height);
            let next = self.store.validators_after(header.height)?;
            Some(next.ok_or_else(|| self.damaged(place(), "missing"))?)
        };
        Ok(Some(NextBlock { header: row.header, certificate: row.certificate, validators }))
    }

    fn prove(&self, key: &StateKey, row: &StoredHeader) -> Result<MapProof, StoreError> {
        let (_, proof) =
            map::prove(self.algorithm(), &self.store, Some(row.map_version), &key.map_key(self.algorithm()))
                .map_err(|error| self.damaged(format!("map version {}", row.map_version), &error.to_string()))?;
        Ok(proof)
    }

    fn status(&self, record: &Record, row: &StoredHeader) -> Result<Option<StatusEvidence>, StoreError> {
        let Operation::Licence(operation) = &record.operation else { return Ok(None) };
        let Some(licence) = operation.new_licence() else { return Ok(None) };
        let key = StateKey::Licence(licence.licence);
        let state: Option<LicenceState> = self.store.thing_at(&key, row.header.height)?;
        let proof = self.prove(&key, row)?;
        Ok(Some(StatusEvidence { state: state.as_ref().map(codec::encode), proof }))
    }

    pub(super) fn damaged(&self, place: String, reason: &str) -> StoreError {
        self.store.damaged(place, reason)
    }
}
