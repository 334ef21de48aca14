//! Reading what was committed: headers, blocks, records, outcomes, states of the past.

use borsh::{BorshDeserialize, BorshSerialize};
use huxin_chain_spec::api::DecidedBlock;
use huxin_chain_spec::block::{BLOCK_BYTES_MAX, Block};
use huxin_chain_spec::codec;
use huxin_chain_spec::crypto::Digest;
use huxin_chain_spec::ids::{Height, RecordIndex, TimeMs, TxId};
use huxin_chain_spec::record::Record;
use huxin_chain_spec::state::{STATE_BYTES_MAX, StateKey};
use huxin_chain_spec::transaction::Outcome;

use super::{Fork, Store, StoreError, StoredHeader, concat, height_key, index_key, read_u64};

/// Bound on decoding our own rows; a longer one is damage.
const ROW_BYTES_MAX: usize = 1 << 20;

impl Store {
    /// Decodes a row that this node wrote, so failure means damage.
    pub(super) fn own<T: BorshSerialize + BorshDeserialize>(
        &self,
        place: impl Fn() -> String,
        bytes: &[u8],
    ) -> Result<T, StoreError> {
        codec::decode(bytes, ROW_BYTES_MAX.max(BLOCK_BYTES_MAX))
            .map_err(|error| self.damaged(place(), error.to_string()))
    }

    /// Height of the newest block; `None` in an empty store.
    pub fn tip_height(&self) -> Result<Option<Height>, StoreError> {
        let Some(bytes) = self.get("meta", "tip")? else { return Ok(None) };
        read_u64(&bytes).map(|height| Some(Height(height))).ok_or_else(|| self.damaged("meta tip", "not 8 bytes"))
    }

    /// Header and certificate of a decided block.
    pub fn header(&self, height: Height) -> Result<Option<StoredHeader>, StoreError> {
        let Some(bytes) = self.get("headers", height_key(height))? else { return Ok(None) };
        self.own(|| format!("header {height}"), &bytes).map(Some)
    }

    /// Bytes of a block, decided or not.
    pub fn block_bytes(&self, height: Height, block: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        self.get("blocks", concat(&height_key(height), &block.0))
    }

    /// `borsh(DecidedBlock)` of a decided block.
    pub fn decided_bytes(&self, height: Height) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(stored) = self.header(height)? else { return Ok(None) };
        let mut bytes = self
            .block_bytes(height, &stored.hash)?
            .ok_or_else(|| self.damaged(format!("block {height}"), "the header is there, the block is not"))?;
        // DecidedBlock is the block followed by its certificate.
        bytes.extend(codec::encode(&stored.certificate));
        Ok(Some(bytes))
    }

    /// A decided block with its certificate.
    pub fn decided(&self, height: Height) -> Result<Option<DecidedBlock>, StoreError> {
        let Some(stored) = self.header(height)? else { return Ok(None) };
        let bytes = self
            .block_bytes(height, &stored.hash)?
            .ok_or_else(|| self.damaged(format!("block {height}"), "the header is there, the block is not"))?;
        let block: Block = self.own(|| format!("block {height}"), &bytes)?;
        Ok(Some(DecidedBlock { block, certificate: stored.certificate }))
    }

    /// A record by its index in the log.
    pub fn record(&self, index: RecordIndex) -> Result<Option<Record>, StoreError> {
        let Some(bytes) = self.get("records", index_key(index))? else { return Ok(None) };
        self.own(|| format!("record {index}"), &bytes).map(Some)
    }

    /// Height of the block that holds a record.
    pub fn height_of_record(&self, index: RecordIndex) -> Result<Option<Height>, StoreError> {
        // Keyed by the size after the block, so the first key above the index is the block that holds it.
        let found = self.seek("log_sizes", &(index.0.saturating_add(1)).to_be_bytes())?;
        Ok(found.and_then(|(_, height)| read_u64(&height)).map(Height))
    }

    /// Outcome of a transaction, and its height.
    pub fn outcome(&self, tx_id: &TxId) -> Result<Option<(Height, Outcome)>, StoreError> {
        let Some(bytes) = self.get("transactions", tx_id.0.0)? else { return Ok(None) };
        self.own(|| format!("transaction {tx_id}"), &bytes).map(Some)
    }

    /// Proofs that two blocks of one height are certified, newest first, at most `limit`.
    pub fn forks(&self, limit: usize) -> Result<Vec<Fork>, StoreError> {
        let mut iterator = self.db.raw_iterator_cf(self.family("forks")?);
        iterator.seek_to_last();
        let mut found = Vec::new();
        while let Some((_, bytes)) = iterator.item().filter(|_| found.len() < limit) {
            found.push(self.own(|| "forks".to_owned(), bytes)?);
            iterator.prev();
        }
        iterator.status().map_err(|error| self.failed("forks", &error))?;
        Ok(found)
    }

    /// Canonical bytes of a thing as of a height.
    pub fn state_at(&self, key: &StateKey, height: Height) -> Result<Option<Vec<u8>>, StoreError> {
        let prefix = key.to_bytes();
        let found = self.seek("state_history", &concat(&prefix, &(!height.0).to_be_bytes()))?;
        Ok(found.filter(|(found, _)| found.len() == prefix.len() + 8 && found.starts_with(&prefix)).map(|(_, v)| v))
    }

    /// A thing as of a height.
    pub fn thing_at<T: BorshSerialize + BorshDeserialize>(
        &self,
        key: &StateKey,
        height: Height,
    ) -> Result<Option<T>, StoreError> {
        let Some(bytes) = self.state_at(key, height)? else { return Ok(None) };
        codec::decode(&bytes, STATE_BYTES_MAX)
            .map(Some)
            .map_err(|error| self.damaged(format!("state_history {key:?}"), error.to_string()))
    }

    /// Height of the last block at or before a time; `None` before the first.
    pub fn height_at(&self, time: TimeMs) -> Result<Option<Height>, StoreError> {
        let found = self.seek_back("times", &time.0.to_be_bytes())?;
        Ok(found.and_then(|(_, height)| read_u64(&height)).map(Height))
    }
}
