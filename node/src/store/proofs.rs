//! Proofs of double signing: so many of each validator, so that those of one cannot hide those of another.

use std::collections::{BTreeMap, BTreeSet};

use huxin_chain_spec::codec;
use huxin_chain_spec::crypto::{Digest, KeyId};
use huxin_chain_spec::record::governance::DoubleSignature;
use parking_lot::Mutex;
use rocksdb::WriteBatch;

use super::{Store, StoreError, concat, height_key};

/// Most proofs kept of one validator. One is enough for the ledger; a key that two processes use makes two in each round.
pub const PROOFS_PER_VALIDATOR_MAX: usize = 100;

/// How many proofs of each validator are kept: who is accused is then told without reading them.
#[derive(Default)]
pub(super) struct ProofCounts(Mutex<BTreeMap<KeyId, usize>>);

impl Store {
    /// Counts the proofs that are there. Once, when the store is opened.
    pub(super) fn count_proofs(&self) -> Result<(), StoreError> {
        let mut counts = self.proofs.0.lock();
        let mut iterator = self.db.raw_iterator_cf(self.family("evidence")?);
        iterator.seek_to_first();
        while let Some(key) = iterator.key() {
            *counts.entry(self.accused(key)?).or_default() += 1;
            iterator.next();
        }
        iterator.status().map_err(|error| self.failed("evidence", &error))
    }

    /// The validator in the key of a proof.
    fn accused(&self, key: &[u8]) -> Result<KeyId, StoreError> {
        let address = key.get(8..40).and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        let address = address.ok_or_else(|| self.damaged("evidence", "a key is too short"))?;
        Ok(KeyId(Digest(address)))
    }

    /// Stores a proof of misbehaviour. Storing the same one again changes nothing, nor does one more of a validator of which
    /// [`PROOFS_PER_VALIDATOR_MAX`] are kept.
    pub fn put_misbehaviour(&self, proof: &DoubleSignature) -> Result<(), StoreError> {
        let mut key = concat(&height_key(proof.height), &proof.validator.0.0);
        key.push(proof.step as u8);
        key.extend_from_slice(&proof.round.to_be_bytes());
        // Held until the row is written: two proofs at the same time must not both take the last place.
        let mut counts = self.proofs.0.lock();
        let count = counts.entry(proof.validator).or_default();
        if *count >= PROOFS_PER_VALIDATOR_MAX || self.get("evidence", &key)?.is_some() {
            return Ok(());
        }
        let mut batch = WriteBatch::default();
        batch.put_cf(self.family("evidence")?, key, codec::encode(proof));
        self.write(batch)?;
        *count += 1;
        Ok(())
    }

    /// Validators of which this node has a proof that they signed two statements for one round.
    pub fn double_signers(&self) -> BTreeSet<KeyId> {
        let counts = self.proofs.0.lock();
        counts.iter().filter(|(_, count)| **count > 0).map(|(validator, _)| *validator).collect()
    }

    /// Proofs of double signing that this node has seen, newest first, at most `limit` of each validator.
    pub fn misbehaviour(&self, limit: usize) -> Result<Vec<DoubleSignature>, StoreError> {
        let mut iterator = self.db.raw_iterator_cf(self.family("evidence")?);
        iterator.seek_to_last();
        let (mut found, mut counts) = (Vec::new(), BTreeMap::<KeyId, usize>::new());
        while let Some((key, bytes)) = iterator.item() {
            let count = counts.entry(self.accused(key)?).or_default();
            if *count < limit {
                *count += 1;
                found.push(self.own(|| "evidence".to_owned(), bytes)?);
            }
            iterator.prev();
        }
        iterator.status().map_err(|error| self.failed("evidence", &error))?;
        Ok(found)
    }
}
