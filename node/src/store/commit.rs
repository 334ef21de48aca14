//! Writing: the genesis, undecided blocks, and the one synced batch of a decided block.

use std::collections::BTreeMap;

use borsh::{BorshDeserialize, BorshSerialize};
use huxin_chain_spec::block::Header;
use huxin_chain_spec::certificate::Certificate;
use huxin_chain_spec::codec;
use huxin_chain_spec::crypto::{Digest, DigestAlgorithm, KeyId};
use huxin_chain_spec::execute::{Executed, GenesisState};
use huxin_chain_spec::ids::Height;
use huxin_chain_spec::map::MapUpdate;
use huxin_chain_spec::record::governance::{DoubleSignature, SignedBlock, SignedStep};
use huxin_chain_spec::state::StateKey;
use huxin_chain_spec::transaction::Outcome;
use rocksdb::WriteBatch;

use super::{LAYOUT, Row, Store, StoreError, concat, height_key, synced};

/// Row of a decided block.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct StoredHeader {
    pub hash: Digest,
    pub header: Header,
    pub certificate: Certificate,
    /// Last height at or below this one at which the map changed.
    pub map_version: u64,
    /// Bytes of the encoded block.
    pub block_bytes: u64,
}

/// Row of a block that was proposed or considered and is not decided.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct UndecidedBlock {
    pub block: Digest,
    /// Proposer of the round.
    pub proposer: KeyId,
    /// The verdict when it was judged.
    pub valid: bool,
    /// Whether this node made it.
    pub own: bool,
}

/// Proof that a quorum certified another block at a height that this node has decided. Whoever signed both certificates in one
/// round signed twice; where the rounds differ, whoever signed both broke the lock of the first.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Fork {
    /// Of the block on this node's ledger.
    pub own: Certificate,
    pub other: Certificate,
}

impl Fork {
    /// Validators that signed both.
    pub fn common_signers(&self) -> impl Iterator<Item = KeyId> {
        let signed = |validator| self.other.signatures.iter().any(|entry| entry.validator == validator);
        self.own.signatures.iter().map(|entry| entry.validator).filter(move |validator| signed(*validator))
    }

    /// The double signatures in it, each in the form in which the ledger takes it.
    pub fn double_signatures(&self) -> Vec<DoubleSignature> {
        if self.own.round != self.other.round {
            return Vec::new();
        }
        let signed = |certificate: &Certificate, validator: &KeyId| {
            let entry = certificate.signatures.iter().find(|entry| entry.validator == *validator)?;
            Some(SignedBlock { block: Some(certificate.block), pol_round: None, signature: entry.signature })
        };
        let pair = |validator: KeyId| {
            let (own, other) = (signed(&self.own, &validator)?, signed(&self.other, &validator)?);
            let (first, second) = if own.block < other.block { (own, other) } else { (other, own) };
            let (height, round) = (self.own.height, self.own.round);
            Some(DoubleSignature { validator, step: SignedStep::Precommit, height, round, first, second })
        };
        self.common_signers().filter_map(pair).collect()
    }
}

impl Store {
    /// Keeps the proof that two blocks of one height are certified. Returns whether it was new.
    pub fn put_fork(&self, fork: &Fork) -> Result<bool, StoreError> {
        let key = concat(&height_key(fork.own.height), &fork.other.block.0);
        if self.get("forks", &key)?.is_some() {
            return Ok(false);
        }
        let mut batch = WriteBatch::default();
        batch.put_cf(self.family("forks")?, key, codec::encode(fork));
        self.write(batch)?;
        Ok(true)
    }

    /// Writes the genesis into an empty store.
    pub fn commit_genesis(&self, genesis_hash: &Digest, genesis: &GenesisState) -> Result<(), StoreError> {
        let mut batch = WriteBatch::default();
        batch.put_cf(self.family("meta")?, "layout", LAYOUT.to_be_bytes());
        batch.put_cf(self.family("meta")?, "genesis", genesis_hash.0);
        batch.put_cf(self.family("meta")?, "tip", height_key(Height(0)));
        self.put_states(&mut batch, Height(0), &genesis.states)?;
        self.put_map(&mut batch, &genesis.map)?;
        self.write(batch)
    }

    /// Syncs an undecided block to disk. Must return before consensus votes for it: after a power cut, a block that has votes of a
    /// quorum must still be on the disks of that quorum.
    pub fn put_undecided(
        &self,
        height: Height,
        round: u32,
        row: &UndecidedBlock,
        block: &[u8],
    ) -> Result<(), StoreError> {
        let mut batch = WriteBatch::default();
        let key = undecided_key(height, round, &row.block);
        batch.put_cf(self.family("undecided")?, key, codec::encode(row));
        let block_key = concat(&height_key(height), &row.block.0);
        // Bytes under a header are never replaced: the header hash does not cover signatures, and the bytes judged first are those
        // that this node voted for.
        let known = self.db.get_pinned_cf(self.family("blocks")?, &block_key);
        let known = known.map_err(|error| self.failed("blocks", &error))?;
        if known.is_none() {
            batch.put_cf(self.family("blocks")?, block_key, block);
        }
        self.write(batch)
    }

    /// Undecided blocks of a (height, round).
    pub fn undecided(&self, height: Height, round: u32) -> Result<Vec<UndecidedBlock>, StoreError> {
        let prefix = concat(&height_key(height), &round.to_be_bytes());
        self.undecided_rows(&prefix)?
            .iter()
            .map(|(_, bytes)| self.own(|| format!("undecided block of height {height}"), bytes))
            .collect()
    }

    fn undecided_rows(&self, prefix: &[u8]) -> Result<Vec<Row>, StoreError> {
        let mut iterator = self.db.raw_iterator_cf(self.family("undecided")?);
        iterator.seek(prefix);
        let mut rows = Vec::new();
        while let Some((key, value)) = iterator.item().filter(|(key, _)| key.starts_with(prefix)) {
            rows.push((key.to_vec(), value.to_vec()));
            iterator.next();
        }
        iterator.status().map_err(|error| self.failed("undecided", &error))?;
        Ok(rows)
    }

    /// Commits a decided block: everything it writes in one synced batch, so that after a crash either all of it is there or none.
    ///
    /// The block's bytes are in the store already ([`Store::put_undecided`]).
    pub fn commit(
        &self,
        algorithm: DigestAlgorithm,
        row: &StoredHeader,
        executed: &Executed,
    ) -> Result<(), StoreError> {
        let height = row.header.height;
        let mut batch = WriteBatch::default();
        batch.put_cf(self.family("headers")?, height_key(height), codec::encode(row));
        batch.put_cf(self.family("meta")?, "tip", height_key(height));
        batch.put_cf(self.family("times")?, row.header.time_ms.0.to_be_bytes(), height_key(height));
        self.put_outcomes(&mut batch, height, executed)?;
        self.put_records(&mut batch, height, executed)?;
        self.put_subjects(&mut batch, algorithm, executed)?;
        // Reads the states that are still in the store, so it must come before the batch is written.
        self.put_open_cases(&mut batch, &executed.changes.states)?;
        self.put_states(&mut batch, height, &executed.changes.states)?;
        if let Some(map) = &executed.map {
            self.put_map(&mut batch, map)?;
        }
        self.drop_undecided(&mut batch, height, &row.hash)?;
        // The cache changes its generation before and after the write: a reader that read the old state during it must not fill the
        // cache with it.
        self.state_cache.begin();
        let written = self.write(batch);
        self.state_cache.end(&executed.changes.states);
        written
    }

    /// Replaces the certificate of a decided block by one with more signatures. Not synced: if it is lost, the
    /// smaller certificate is a proof too.
    pub fn enlarge_certificate(&self, certificate: &Certificate) -> Result<(), StoreError> {
        let Some(mut row) = self.header(certificate.height)? else { return Ok(()) };
        if row.certificate.block != certificate.block
            || row.certificate.round != certificate.round
            || row.certificate.signatures.len() >= certificate.signatures.len()
        {
            return Ok(());
        }
        row.certificate = certificate.clone();
        let mut batch = WriteBatch::default();
        batch.put_cf(self.family("headers")?, height_key(certificate.height), codec::encode(&row));
        self.db.write(batch).map_err(|error| self.failed("write", &error))
    }

    fn put_outcomes(&self, batch: &mut WriteBatch, height: Height, executed: &Executed) -> Result<(), StoreError> {
        let cf = self.family("transactions")?;
        for entry in &executed.changes.outcomes {
            let row: (Height, &Outcome) = (height, &entry.outcome);
            batch.put_cf(cf, entry.tx_id.0.0, codec::encode(&row));
        }
        Ok(())
    }

    fn put_records(&self, batch: &mut WriteBatch, height: Height, executed: &Executed) -> Result<(), StoreError> {
        let records = &executed.changes.records;
        if records.is_empty() {
            return Ok(());
        }
        let (record_cf, document_cf) = (self.family("records")?, self.family("documents")?);
        let size = executed.log.head.size;
        let first = size - records.len() as u64;
        for (index, (_, bytes)) in (first..).zip(records) {
            batch.put_cf(record_cf, index.to_be_bytes(), bytes);
        }
        for (sha256, first) in &executed.changes.documents {
            batch.put_cf(document_cf, sha256.0, first.recorded_by.0.to_be_bytes());
        }
        let licence_cf = self.family("licences")?;
        for (licence, index) in &executed.changes.issued {
            batch.put_cf(licence_cf, licence.0.0, index.0.to_be_bytes());
        }
        let tile_cf = self.family("tiles")?;
        for (id, bytes) in &executed.log.tiles {
            batch.put_cf(tile_cf, id.key(), bytes);
        }
        let tile_cf = self.family("tiles_sha256")?;
        for (id, bytes) in executed.log_sha256.iter().flat_map(|log| &log.tiles) {
            batch.put_cf(tile_cf, id.key(), bytes);
        }
        batch.put_cf(self.family("log_sizes")?, size.to_be_bytes(), height_key(height));
        Ok(())
    }

    fn put_states(
        &self,
        batch: &mut WriteBatch,
        height: Height,
        states: &BTreeMap<StateKey, Vec<u8>>,
    ) -> Result<(), StoreError> {
        let (now, history) = (self.family("state")?, self.family("state_history")?);
        for (key, bytes) in states {
            let key = key.to_bytes();
            batch.put_cf(history, concat(&key, &(!height.0).to_be_bytes()), bytes);
            batch.put_cf(now, key, bytes);
        }
        Ok(())
    }

    fn put_map(&self, batch: &mut WriteBatch, map: &MapUpdate) -> Result<(), StoreError> {
        let (nodes, values) = (self.family("map_nodes")?, self.family("map_values")?);
        for (key, bytes) in &map.nodes {
            batch.put_cf(nodes, key, bytes);
        }
        for (key, version, digest) in &map.values {
            batch.put_cf(values, concat(&key.0.0, &(!version).to_be_bytes()), digest.0);
        }
        Ok(())
    }

    /// Deletes the undecided rows up to a decided height, and the blocks that were not decided.
    fn drop_undecided(&self, batch: &mut WriteBatch, height: Height, decided: &Digest) -> Result<(), StoreError> {
        let (undecided, blocks) = (self.family("undecided")?, self.family("blocks")?);
        // A block judged too late may have left a row of an earlier height.
        for (key, bytes) in self.undecided_rows(&[])? {
            let Some(at) = key.first_chunk::<8>().map(|bytes| u64::from_be_bytes(*bytes)) else { continue };
            if at > height.0 {
                break;
            }
            let row: UndecidedBlock = self.own(|| format!("undecided block of height {at}"), &bytes)?;
            let kept = if at == height.0 { Some(*decided) } else { self.header(Height(at))?.map(|row| row.hash) };
            batch.delete_cf(undecided, key);
            if kept != Some(row.block) {
                batch.delete_cf(blocks, concat(&at.to_be_bytes(), &row.block.0));
            }
        }
        Ok(())
    }

    pub(super) fn write(&self, batch: WriteBatch) -> Result<(), StoreError> {
        self.db.write_opt(batch, &synced()).map_err(|error| self.failed("write", &error))
    }
}

fn undecided_key(height: Height, round: u32, block: &Digest) -> Vec<u8> {
    let mut key = concat(&height_key(height), &round.to_be_bytes());
    key.extend_from_slice(&block.0);
    key
}
