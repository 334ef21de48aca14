//! The ledger's side of agreement: make a block, judge one, commit a decision.

use std::sync::Arc;

use bytes::Bytes;
use huxin_chain_spec::block::Block;
use huxin_chain_spec::certificate::Certificate;
use huxin_chain_spec::crypto::{Digest, KeyId};
use huxin_chain_spec::execute::{self, BlockError};
use huxin_chain_spec::ids::{Height, TimeMs, TxId};
use huxin_chain_spec::record::{Operation, Record};
use huxin_chain_spec::signatures;
use huxin_chain_spec::state::{StateKey, StateUnavailable};
use huxin_chain_spec::transaction::Transaction;
use huxin_chain_spec::weight::{self, BLOCK_WEIGHT_MAX};
use rayon::prelude::*;

use super::{CommittedBlock, Execution, Ledger, Tip, unavailable};
use crate::store::{Fork, StoreError, StoredHeader};

/// Administrative acts of one block that are logged one by one.
const ACTS_LOGGED_MAX: usize = 32;

/// A block made by this node.
#[derive(Debug, Clone)]
pub struct Made {
    /// Header hash.
    pub id: Digest,
    pub bytes: Bytes,
}

/// A block that this node can vote for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Judged {
    pub time_ms: TimeMs,
    /// Of what was executed for it now; 0 if it was judged before.
    pub weight: u64,
}

/// Why a block cannot be voted for or committed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BlockFault {
    /// The block is against the rules.
    #[error(transparent)]
    Invalid(#[from] BlockError),
    /// The bytes are not a block, or not the one the header hash names.
    #[error("not the block {id}: {reason}")]
    NotTheBlock { id: Digest, reason: String },
    /// It does not follow the newest block of this node.
    #[error("block of height {height} cannot follow height {tip}")]
    OtherHeight { height: Height, tip: Height },
    /// The local store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Ledger {
    /// Makes the block after the tip from admitted transactions, at `now` or just after the tip's time.
    pub fn make(
        &self,
        now: TimeMs,
        proposer: KeyId,
        transactions: Vec<(TxId, Transaction)>,
    ) -> Result<Made, StoreError> {
        let tip = self.chain_tip();
        let time_ms = TimeMs(now.0.max(tip.time_ms.0 + 1));
        let last_certificate = match tip.height.0 {
            0 => None,
            _ => self.store.header(tip.height)?.map(|row| row.certificate),
        };
        let ahead = self.verify_ahead(transactions.iter().map(|(_, transaction)| transaction));
        ahead.map_err(|error| unavailable(error, &self.store))?;
        let (block, executed) =
            execute::make_block(&self.chain, &self.store, &tip, time_ms, proposer, last_certificate, transactions)
                .map_err(|error| unavailable(error, &self.store))?;
        let id = block.header.hash(self.algorithm());
        let bytes = Bytes::from(block.to_bytes());
        self.keep(id, block, executed, &bytes);
        Ok(Made { id, bytes })
    }

    /// Verifies the signatures inside operations that were not verified before, on all processors, so that the rules find them
    /// verified when they come to them one after the other.
    fn verify_ahead<'a>(&self, transactions: impl Iterator<Item = &'a Transaction>) -> Result<(), StateUnavailable> {
        let known = &self.chain.signatures;
        let mut inside = signatures::inside(&self.store, &self.chain.genesis_hash, transactions)?;
        inside.retain(|signature| !known.is_known(signature));
        // Few are not worth the hand-over.
        inside.par_iter().with_min_len(4).for_each(|signature| {
            known.holds(signature);
        });
        Ok(())
    }

    /// Judges a block on top of the tip. `is_verified` tells whose signatures were checked before.
    pub fn judge(
        &self,
        id: &Digest,
        bytes: &[u8],
        is_verified: &dyn Fn(&TxId, &[u8]) -> bool,
    ) -> Result<Judged, BlockFault> {
        let not_the_block = |reason: String| BlockFault::NotTheBlock { id: *id, reason };
        let block = Block::from_bytes(bytes).map_err(|error| not_the_block(error.to_string()))?;
        if block.header.hash(self.algorithm()) != *id {
            return Err(not_the_block("its header has another hash".to_owned()));
        }
        let time_ms = block.header.time_ms;
        let known = self.executions.lock().get(id).map(|execution| execution.bytes_digest);
        if let Some(known) = known {
            // The whole bytes are compared: a second body under the same header may carry false signatures.
            return match known == self.algorithm().plain(&[bytes]) {
                true => Ok(Judged { time_ms, weight: 0 }),
                false => Err(not_the_block("other bytes with this header were judged before".to_owned())),
            };
        }
        let tip = self.chain_tip();
        if block.header.height.0 != tip.height.0 + 1 {
            return Err(BlockFault::OtherHeight { height: block.header.height, tip: tip.height });
        }
        let transactions = &block.body.transactions;
        let weight = transactions.iter().map(weight::of_transaction).sum();
        // A heavier block is refused before anything of it is verified.
        if weight <= BLOCK_WEIGHT_MAX {
            self.verify_ahead(transactions.iter()).map_err(BlockError::from)?;
        }
        let executed = execute::check_block(&self.chain, &self.store, &tip, &block, bytes.len(), is_verified)?;
        self.keep(*id, block, executed, bytes);
        Ok(Judged { time_ms, weight })
    }

    fn keep(&self, id: Digest, block: Block, executed: execute::Executed, bytes: &[u8]) {
        let bytes_digest = self.algorithm().plain(&[bytes]);
        let execution = Execution { header: block.header, executed, block_bytes: bytes.len() as u64, bytes_digest };
        self.executions.lock().put(id, Arc::new(execution));
    }

    /// Whether these bytes of a block carry a certificate for the height of the tip that names another block than the tip: the
    /// chain is forked, and the two certificates prove it. Keeps the proof; `None` if there is none, or it is kept already.
    pub fn note_fork(&self, bytes: &[u8]) -> Result<Option<Fork>, StoreError> {
        let tip = self.chain_tip();
        let Ok(block) = Block::from_bytes(bytes) else { return Ok(None) };
        let Some(other) = block.body.last_certificate else { return Ok(None) };
        let contradicts = tip.height.0 > 0 && other.height == tip.height && other.block != tip.hash;
        if !contradicts || other.verify(&self.chain.genesis_hash, &tip.decided_by).is_err() {
            return Ok(None);
        }
        let row = self.store.header(tip.height)?;
        let row = row.ok_or_else(|| self.damaged(format!("header {}", tip.height), "missing"))?;
        let fork = Fork { own: row.certificate, other };
        for pair in fork.double_signatures() {
            self.store.put_misbehaviour(&pair)?;
        }
        Ok(self.store.put_fork(&fork)?.then_some(fork))
    }

    /// Commits a decided block: one synced batch, then the subscribers are notified.
    ///
    /// # Errors
    /// [`BlockFault::OtherHeight`] for every height but the next, the tip's own included.
    ///
    /// Lock order: `commit` first, then `shown`, `tip` and `executions`, one at a time.
    pub fn commit(&self, certificate: Certificate) -> Result<Arc<CommittedBlock>, BlockFault> {
        let _one_at_a_time = self.commit.lock();
        let tip = self.chain_tip();
        if certificate.height.0 != tip.height.0 + 1 {
            return Err(BlockFault::OtherHeight { height: certificate.height, tip: tip.height });
        }
        let execution = self.execution(&certificate)?;
        let header = execution.header.clone();
        let next = execution.executed.tip(&header, certificate.block, &tip);
        let row = StoredHeader {
            hash: certificate.block,
            header,
            map_version: next.map_version,
            block_bytes: execution.block_bytes,
            certificate,
        };
        self.store.commit(self.algorithm(), &row, &execution.executed)?;
        log_acts(execution.executed.changes.records.iter().map(|(record, _)| record), row.header.height);
        let committed = Arc::new(CommittedBlock {
            height: row.header.height,
            hash: row.hash,
            time_ms: row.header.time_ms,
            outcomes: execution.executed.changes.outcomes.clone(),
            records: u32::try_from(execution.executed.changes.records.len()).unwrap_or(u32::MAX),
            log_size: row.header.log.size,
            round: row.certificate.round,
        });
        // From here on the block is on disk. What readers see changes in this order: the path of trust first, so that a receipt of
        // the new tip can be made as soon as the tip is visible; the notifications last, so that their receivers find the new tip.
        self.trust.follow(&row.header, &row.certificate, &next.validators);
        let is_member_change = |key: &StateKey| matches!(key, StateKey::ValidatorNode(_));
        let members_changed = execution.executed.changes.states.keys().any(is_member_change);
        *self.shown.write() = Arc::new(Tip::of(&next));
        *self.tip.write() = Arc::new(next);
        self.executions.lock().clear();
        self.heights.send_replace(committed.height);
        if members_changed {
            self.members.send_replace(committed.height);
        }
        // An error here only means that there are no subscribers.
        let _ = self.blocks.send(Arc::clone(&committed));
        Ok(committed)
    }

    /// The execution of a decided block: kept since it was judged, or repeated after a restart.
    fn execution(&self, certificate: &Certificate) -> Result<Arc<Execution>, BlockFault> {
        let id = certificate.block;
        let kept = self.executions.lock().get(&id).cloned();
        if let Some(execution) = kept {
            return Ok(execution);
        }
        let bytes = self
            .store
            .block_bytes(certificate.height, &id)?
            .ok_or_else(|| BlockFault::NotTheBlock { id, reason: "this node does not hold its bytes".to_owned() })?;
        self.judge(&id, &bytes, &|_, _| false)?;
        let kept = self.executions.lock().get(&id).cloned();
        kept.ok_or_else(|| BlockFault::NotTheBlock { id, reason: "its execution was not kept".to_owned() })
    }
}

/// Says in the log who was admitted, suspended or removed, and what the provinces decide, with the key that signed it.
fn log_acts<'a>(records: impl Iterator<Item = &'a Record>, height: Height) {
    let is_act = |record: &&Record| matches!(record.operation, Operation::Membership(_) | Operation::Governance(_));
    let mut acts = records.filter(is_act);
    for record in acts.by_ref().take(ACTS_LOGGED_MAX) {
        tracing::info!(act = record.operation.name(), province = %record.province, organisation = %record.organisation,
            key = %record.signer, tx = %record.tx_id, %height, "an administrative act is on the ledger");
    }
    let more = acts.count();
    if more > 0 {
        tracing::info!(more, %height, "further administrative acts are on the ledger");
    }
}
