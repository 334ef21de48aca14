//! The store as rules, log and map read it: always the newest committed block.

use std::collections::BTreeMap;
use std::sync::Arc;

use huxin_chain_spec::crypto::Digest;
use huxin_chain_spec::ids::{LicenceRef, RecordIndex, TxId};
use huxin_chain_spec::log::{TileId, TileReader};
use huxin_chain_spec::map::{MapKey, MapReader};
use huxin_chain_spec::record::Operation;
use huxin_chain_spec::state::{DocumentLicence, IssuedLicence, StateKey, StateReader, StateUnavailable};
use lru::LruCache;
use parking_lot::Mutex;

use super::{Row, Store, StoreError, concat, read_u64};

/// Entries of the cache of newest states: keys and organisations are read for every transaction.
const STATE_CACHE_ENTRIES: usize = 16_384;

/// Newest canonical bytes of things read or written lately.
///
/// A reader that read the store before a commit must not fill the cache after it, or every later block would be executed on
/// old state. So each commit changes the generation twice, and a value that was read is cached only if the generation is unchanged.
#[derive(Default)]
pub(super) struct StateCache(Mutex<CacheInner>);

struct CacheInner {
    entries: LruCache<StateKey, Arc<[u8]>>,
    generation: u64,
}

impl Default for CacheInner {
    fn default() -> Self {
        let entries = std::num::NonZeroUsize::new(STATE_CACHE_ENTRIES).unwrap_or(std::num::NonZeroUsize::MIN);
        Self { entries: LruCache::new(entries), generation: 0 }
    }
}

impl StateCache {
    /// The bytes if cached, or the generation to hand to [`StateCache::fill`].
    fn get(&self, key: &StateKey) -> Result<Arc<[u8]>, u64> {
        let mut inner = self.0.lock();
        inner.entries.get(key).cloned().ok_or(inner.generation)
    }

    fn fill(&self, generation: u64, key: StateKey, bytes: Arc<[u8]>) {
        let mut inner = self.0.lock();
        if inner.generation == generation {
            inner.entries.put(key, bytes);
        }
    }

    /// Before the batch is written.
    pub(super) fn begin(&self) {
        self.0.lock().generation += 1;
    }

    /// After the batch is written: the new values.
    pub(super) fn end(&self, states: &BTreeMap<StateKey, Vec<u8>>) {
        let mut inner = self.0.lock();
        inner.generation += 1;
        for (key, bytes) in states {
            if is_cached(key) {
                inner.entries.put(key.clone(), Arc::from(bytes.as_slice()));
            }
        }
    }
}

/// There are many licences and files and each is read rarely; the cache is for keys and organisations of signers.
fn is_cached(key: &StateKey) -> bool {
    !matches!(key, StateKey::Licence(_) | StateKey::Lineage(_) | StateKey::Document(_))
}

impl StateReader for Store {
    fn state(&self, key: &StateKey) -> Result<Option<Vec<u8>>, StateUnavailable> {
        let generation = match self.state_cache.get(key) {
            Ok(bytes) => return Ok(Some(bytes.to_vec())),
            Err(generation) => generation,
        };
        let found = self.get("state", key.to_bytes())?;
        if let Some(bytes) = found.as_deref().filter(|_| is_cached(key)) {
            self.state_cache.fill(generation, key.clone(), Arc::from(bytes));
        }
        Ok(found)
    }

    fn issued_at(&self, licence: &LicenceRef) -> Result<Option<RecordIndex>, StateUnavailable> {
        Ok(self.licence_index(licence)?)
    }

    fn first_of_document(&self, sha256: &Digest) -> Result<Option<DocumentLicence>, StateUnavailable> {
        Ok(self.document_first(sha256)?)
    }

    fn issued_licence(&self, index: RecordIndex) -> Result<IssuedLicence, StateUnavailable> {
        let record = self.record(index)?.ok_or_else(|| self.damaged(format!("record {index}"), "missing"))?;
        IssuedLicence::from_record(index, &record)
            .ok_or_else(|| StateUnavailable(format!("record {index} does not issue a licence")))
    }

    fn has_transaction(&self, tx_id: &TxId) -> Result<bool, StateUnavailable> {
        Ok(self.get("transactions", tx_id.0.0)?.is_some())
    }
}

impl TileReader for Store {
    type Error = StoreError;

    fn tile(&self, id: TileId) -> Result<Option<Vec<u8>>, StoreError> {
        self.get("tiles", id.key())
    }
}

/// The tiles of the log with SHA-256 that is kept beside a log with another hash.
pub struct Sha256Tiles<'a>(pub &'a Store);

impl TileReader for Sha256Tiles<'_> {
    type Error = StoreError;

    fn tile(&self, id: TileId) -> Result<Option<Vec<u8>>, StoreError> {
        self.0.get("tiles_sha256", id.key())
    }
}

impl MapReader for Store {
    type Error = StoreError;

    fn node(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.get("map_nodes", key)
    }

    fn value(&self, version_max: u64, key: &MapKey) -> Result<Option<Digest>, StoreError> {
        let from = concat(&key.0.0, &(!version_max).to_be_bytes());
        let Some((found, value)) = self.seek("map_values", &from)? else { return Ok(None) };
        if !found.starts_with(&key.0.0) {
            return Ok(None);
        }
        let digest: [u8; 32] =
            value.as_slice().try_into().map_err(|_| self.damaged(format!("map_values {}", key.0), "not 32 bytes"))?;
        Ok(Some(Digest(digest)))
    }
}

impl Store {
    /// Index of the record that issued a licence.
    pub fn licence_index(&self, licence: &LicenceRef) -> Result<Option<RecordIndex>, StoreError> {
        let Some(bytes) = self.get("licences", licence.0.0)? else { return Ok(None) };
        let index = read_u64(&bytes).ok_or_else(|| self.damaged(format!("licences {licence}"), "not 8 bytes"))?;
        Ok(Some(RecordIndex(index)))
    }

    /// The first record that made a file one of a licence's.
    pub fn document_first(&self, sha256: &Digest) -> Result<Option<DocumentLicence>, StoreError> {
        let Some(bytes) = self.get("documents", sha256.0)? else { return Ok(None) };
        let index = read_u64(&bytes).ok_or_else(|| self.damaged(format!("documents {sha256}"), "not 8 bytes"))?;
        let record = self.record(RecordIndex(index))?;
        let issuer = |licence: &LicenceRef| {
            let issued_by = self.licence_index(licence)?.map(|index| self.record(index)).transpose()?.flatten();
            let issued = issued_by.as_ref().and_then(|record| record.operation.new_licence());
            issued.map(|licence| licence.issuer).ok_or_else(|| self.damaged(format!("licences {licence}"), "missing"))
        };
        let named = match record.as_ref().map(|record| (&record.operation, record.province)) {
            Some((Operation::Licence(operation), province)) => {
                DocumentLicence::named_by(operation, province, RecordIndex(index), issuer)?
            }
            _ => None,
        };
        let (_, first) = named.ok_or_else(|| self.damaged(format!("record {index}"), "names no file of a licence"))?;
        Ok(Some(first))
    }

    /// First entry at or after `from`.
    pub(super) fn seek(&self, family: &'static str, from: &[u8]) -> Result<Option<Row>, StoreError> {
        let mut iterator = self.db.raw_iterator_cf(self.family(family)?);
        iterator.seek(from);
        iterator.status().map_err(|error| self.failed(family, &error))?;
        Ok(iterator.item().map(|(key, value)| (key.to_vec(), value.to_vec())))
    }

    /// Last entry at or before `to`.
    pub(super) fn seek_back(&self, family: &'static str, to: &[u8]) -> Result<Option<Row>, StoreError> {
        let mut iterator = self.db.raw_iterator_cf(self.family(family)?);
        iterator.seek_for_prev(to);
        iterator.status().map_err(|error| self.failed(family, &error))?;
        Ok(iterator.item().map(|(key, value)| (key.to_vec(), value.to_vec())))
    }
}
