//! Between engine, ledger and mempool: what the engine asks of a node.
//!
//! Blocks are executed on blocking threads, so neither the engine's loop nor the API waits for them.

mod pace;

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use huxin_chain_spec::block::Header;
use huxin_chain_spec::certificate::Certificate;
use huxin_chain_spec::codes::Code;
use huxin_chain_spec::crypto::{Digest, KeyId};
use huxin_chain_spec::execute::BlockError;
use huxin_chain_spec::ids::{Height, TimeMs, TxId};
use huxin_chain_spec::record::governance::DoubleSignature;
use huxin_chain_spec::transaction::Transaction;
use huxin_chain_spec::weight::{self, BLOCK_WEIGHT_MAX};
use huxin_engine::{AppError, Application, Candidate, HeightStart, Proposed, Source, Undecided, Verdict};

use crate::clock::Clock;
use crate::ledger::{BlockFault, Ledger};
use crate::mempool::{BlockBounds, Mempool};
use crate::metrics::Metrics;
use crate::outcomes::Outcomes;
use crate::store::{StoreError, UndecidedBlock};

use pace::Pace;

/// Most operations this node puts into a block of its own, however many the chain allows. Four nodes on two cores execute
/// this many well within the proposal timeout; a block that takes longer costs a round, and the next proposer would try the
/// same again.
const PROPOSED_OPERATIONS_MAX: usize = 8_192;
/// Bytes of a block left for its header, certificate and lengths.
const BLOCK_OVERHEAD_BYTES: usize = 64 * 1024;

/// The node's side of consensus.
pub struct Consensus {
    ledger: Arc<Ledger>,
    mempool: Mempool,
    clock: Clock,
    metrics: Arc<Metrics>,
    outcomes: Outcomes,
    /// Address of this validator.
    me: KeyId,
    pace: Pace,
}

impl Consensus {
    /// For the validator with address `me`.
    pub fn new(
        ledger: Arc<Ledger>,
        mempool: Mempool,
        clock: Clock,
        metrics: Arc<Metrics>,
        outcomes: Outcomes,
        me: KeyId,
    ) -> Self {
        Self { ledger, mempool, clock, metrics, outcomes, me, pace: Pace::default() }
    }

    fn next(&self) -> HeightStart {
        let tip = self.ledger.chain_tip();
        HeightStart { height: Height(tip.height.0 + 1), validators: tip.validators.clone() }
    }

    /// Transactions for the next block, by turns of provinces and keys, within the chain's bounds and this node's pace.
    fn candidates(&self, height: Height) -> Vec<(TxId, Transaction)> {
        let parameters = self.ledger.chain_tip().parameters;
        let bytes_max = usize::try_from(parameters.block_bytes_max).unwrap_or(usize::MAX);
        let operations_max = usize::try_from(parameters.block_operations_max).unwrap_or(usize::MAX);
        let operations_max = operations_max.min(PROPOSED_OPERATIONS_MAX);
        let bounds = BlockBounds {
            bytes_max: bytes_max.saturating_sub(BLOCK_OVERHEAD_BYTES),
            operations_max,
            weight_max: BLOCK_WEIGHT_MAX,
            weight_target: self.pace.weight_target(),
        };
        self.mempool
            .take(bounds, height)
            .into_iter()
            // The pool only holds verified canonical bytes.
            .filter_map(|pooled| Transaction::from_bytes(&pooled.bytes).ok().map(|decoded| (pooled.id, decoded)))
            .collect()
    }

    fn propose_now(&self, height: Height, round: u32) -> Result<Proposed, AppError> {
        let failed = |error: String| AppError(error);
        let store = self.ledger.store();
        let kept = store.undecided(height, round).map_err(|error| failed(error.to_string()))?;
        // After a restart this node must propose the block that it already signed for this round: a second one would be a double
        // signature.
        if let Some(own) = kept.iter().find(|row| row.own) {
            let bytes = store
                .block_bytes(height, &own.block)
                .map_err(|error| failed(error.to_string()))?
                .ok_or_else(|| failed(format!("own block of height {height} round {round} is not in the store")))?;
            return Ok(Proposed { id: own.block, bytes: Bytes::from(bytes) });
        }
        let tip = self.ledger.tip().height;
        if tip.0 + 1 != height.0 {
            return Err(failed(format!("asked to propose height {height} on top of height {tip}")));
        }
        let candidates = self.candidates(height);
        let weight = candidates.iter().map(|(_, transaction)| weight::of_transaction(transaction)).sum();
        let begun = Instant::now();
        let made =
            self.ledger.make(self.clock.now(), self.me, candidates).map_err(|error| failed(error.to_string()))?;
        self.pace.note(weight, begun.elapsed());
        let row = UndecidedBlock { block: made.id, proposer: self.me, valid: true, own: true };
        // On disk before the engine signs the proposal.
        store.put_undecided(height, round, &row, &made.bytes).map_err(|error| failed(error.to_string()))?;
        Ok(Proposed { id: made.id, bytes: made.bytes })
    }

    fn consider_now(&self, candidate: &Candidate) -> Verdict {
        let is_verified = |tx_id: &TxId, bytes: &[u8]| self.mempool.is_verified(tx_id, bytes);
        if let Some(reason) = self.proposer_objection(candidate) {
            return Verdict::Invalid { reason };
        }
        let begun = Instant::now();
        let judged = self.ledger.judge(&candidate.id, &candidate.bytes, &is_verified);
        let time = match judged {
            Ok(judged) => {
                self.pace.note(judged.weight, begun.elapsed());
                judged.time_ms
            }
            Err(fault) => {
                self.note_fork(&candidate.bytes);
                return verdict_of(fault);
            }
        };
        // A block that this node judged valid before may be locked by a quorum and proposed again much later, for instance after
        // the whole chain stopped. Refusing it for its age then would stop the chain permanently.
        let store = self.ledger.store();
        let judged_before = match store.block_bytes(candidate.height, &candidate.id) {
            Ok(found) => found.is_some(),
            Err(error) => return Verdict::Unavailable { reason: error.to_string() },
        };
        if candidate.source == Source::Proposal
            && !judged_before
            && let Some(reason) = self.clock_objection(time, candidate.round)
        {
            self.metrics.clock_objection();
            return Verdict::Invalid { reason };
        }
        let row = UndecidedBlock { block: candidate.id, proposer: candidate.proposer, valid: true, own: false };
        // On disk before the engine votes for it.
        match store.put_undecided(candidate.height, candidate.round, &row, &candidate.bytes) {
            Ok(()) => Verdict::Valid,
            Err(error) => Verdict::Unavailable { reason: error.to_string() },
        }
    }

    /// Keeps the proof if a block that does not follow this node's tip follows another certified block of its height.
    fn note_fork(&self, bytes: &[u8]) {
        match self.ledger.note_fork(bytes) {
            Ok(None) => {}
            Ok(Some(fork)) => {
                let own = fork.common_signers().any(|validator| validator == self.me);
                let signers: Vec<String> = fork.common_signers().map(|validator| validator.to_string()).collect();
                self.metrics.fork();
                tracing::error!(height = %fork.own.height, block = %fork.own.block, other = %fork.other.block, ?signers, own,
                    "two blocks of one height are certified: the chain is forked; both certificates are kept, and these validators signed both");
            }
            Err(error) => tracing::error!(%error, "could not store the proof of a fork"),
        }
    }

    /// A header must name the proposer of its own round, or of an earlier round if it is proposed again.
    fn proposer_objection(&self, candidate: &Candidate) -> Option<String> {
        let mut bytes: &[u8] = &candidate.bytes;
        let header: Header = borsh::BorshDeserialize::deserialize(&mut bytes).ok()?;
        let tip = self.ledger.chain_tip();
        let rounds = candidate.round.min(u32::try_from(tip.validators.validators().len()).unwrap_or(u32::MAX));
        let expected = (candidate.round - rounds..=candidate.round)
            .filter_map(|round| tip.validators.proposer(candidate.height, round))
            .any(|validator| validator.key.id() == header.proposer);
        (!expected).then(|| format!("its proposer {} has no turn at height {}", header.proposer, candidate.height))
    }

    /// Why this node must not vote for a block with this time now, if so.
    ///
    /// After round 0 an old time is accepted: a quorum may have locked the block in an earlier round, and then it is the only one
    /// that can be decided at this height. Where the newest block itself lies ahead of this clock (all clocks were ahead and came
    /// back), the smallest step from it is accepted: the chain goes on, and takes nobody further ahead than that millisecond.
    fn clock_objection(&self, time: TimeMs, round: u32) -> Option<String> {
        let now = self.clock.now();
        let offset_ms = now.0.abs_diff(time.0);
        self.metrics.block_clock_offset(time, now);
        let tip = self.ledger.chain_tip();
        let limit = tip.parameters.clock_skew_ms_max;
        let may_be_old = round > 0 && time < now;
        let is_smallest_step = time > now && time.0 == tip.time_ms.0.saturating_add(1);
        (offset_ms > limit && !may_be_old && !is_smallest_step).then(|| {
            format!("{}: its time is {offset_ms} ms from this clock, more than {limit}", Code::ClockSkewed.as_str())
        })
    }

    fn commit_now(&self, certificate: Certificate) -> Result<bool, AppError> {
        let started = Instant::now();
        let committed = match self.ledger.commit(certificate) {
            Ok(committed) => committed,
            // The engine decides a height once; a repeated decision after a restart is not a failure.
            Err(BlockFault::OtherHeight { height, tip }) if height <= tip => return Ok(false),
            Err(fault) => return Err(AppError(fault.to_string())),
        };
        let ids: Vec<TxId> = committed.outcomes.iter().map(|entry| entry.tx_id).collect();
        let expired = self.mempool.remove_committed(&ids, committed.height);
        self.outcomes.expired(&expired);
        self.metrics.block_committed(&committed, started.elapsed());
        Ok(!ids.is_empty())
    }
}

/// The cause of a block that was not accepted: the block itself, these bytes, or this node.
///
/// The header hash covers the header only. Until the transactions root is known to be the body's, a fault may come from
/// another body that was put under a valid header, and does not make the block invalid. After that, the header is at fault.
fn verdict_of(fault: BlockFault) -> Verdict {
    let reason = fault.to_string();
    match fault {
        BlockFault::Invalid(BlockError::Unavailable(_)) | BlockFault::OtherHeight { .. } | BlockFault::Store(_) => {
            Verdict::Unavailable { reason }
        }
        BlockFault::NotTheBlock { .. }
        | BlockFault::Invalid(
            BlockError::Header { field: "transactions_root" | "last_certificate_hash", .. }
            | BlockError::LastCertificate
            | BlockError::LastCertificateInvalid(_)
            | BlockError::TooLarge { .. }
            | BlockError::TooHeavy { .. }
            | BlockError::Transaction { .. },
        ) => Verdict::NotTheBlock { reason },
        BlockFault::Invalid(_) => Verdict::Invalid { reason },
    }
}

/// What the store does not give is never "not there" to the engine.
fn unreadable(error: StoreError) -> AppError {
    AppError(error.to_string())
}

#[async_trait]
impl Application for Consensus {
    fn start(&self) -> HeightStart {
        self.next()
    }

    async fn propose(&self, height: Height, round: u32) -> Result<Proposed, AppError> {
        tokio::task::block_in_place(|| self.propose_now(height, round))
    }

    fn identify(&self, bytes: &Bytes) -> Option<Digest> {
        let mut reader: &[u8] = bytes;
        let header: Header = borsh::BorshDeserialize::deserialize(&mut reader).ok()?;
        Some(header.hash(self.ledger.algorithm()))
    }

    async fn consider(&self, candidate: Candidate) -> Verdict {
        tokio::task::block_in_place(|| self.consider_now(&candidate))
    }

    fn undecided(&self, height: Height, round: u32) -> Result<Vec<Undecided>, AppError> {
        let rows = self.ledger.store().undecided(height, round).map_err(unreadable)?;
        let undecided = |row: UndecidedBlock| Undecided { id: row.block, proposer: row.proposer, valid: row.valid };
        Ok(rows.into_iter().map(undecided).collect())
    }

    fn block(&self, height: Height, id: &Digest) -> Result<Option<Bytes>, AppError> {
        Ok(self.ledger.store().block_bytes(height, id).map_err(unreadable)?.map(Bytes::from))
    }

    async fn commit(&self, certificate: Certificate) -> Result<bool, AppError> {
        tokio::task::block_in_place(|| self.commit_now(certificate))
    }

    async fn finalized(&self, certificate: Certificate, evidence: Vec<DoubleSignature>) {
        for entry in &evidence {
            tracing::error!(validator = %entry.validator, step = ?entry.step, height = %entry.height, round = entry.round,
                "a validator signed two different statements for one round; the proof is stored");
            if entry.validator == self.me {
                tracing::error!(height = %entry.height, "that validator is this node's own: stop every process that has its consensus key, and tell the other provinces");
            }
            self.metrics.misbehaviour();
            if let Err(error) = self.ledger.store().put_misbehaviour(entry) {
                tracing::error!(%error, "could not store the proof of misbehaviour");
            }
        }
        if let Err(error) = self.ledger.store().enlarge_certificate(&certificate) {
            tracing::warn!(%error, "could not store a larger certificate; the smaller one is a proof too");
        }
    }

    fn decided(&self, height: Height) -> Result<Option<(Certificate, Bytes)>, AppError> {
        let store = self.ledger.store();
        let Some(row) = store.header(height).map_err(unreadable)? else { return Ok(None) };
        let bytes = store.block_bytes(height, &row.hash).map_err(unreadable)?;
        let bytes = bytes.ok_or_else(|| AppError(format!("block {height} is missing, though its header is there")))?;
        Ok(Some((row.certificate, Bytes::from(bytes))))
    }

    fn history_min_height(&self) -> Height {
        Height(u64::from(self.ledger.height().0 > 0))
    }

    async fn until_next(&self, height: Height) -> HeightStart {
        let heartbeat = Duration::from_millis(self.ledger.chain_tip().parameters.heartbeat_ms);
        tokio::select! {
            () = self.mempool.wait_for_work() => {}
            () = tokio::time::sleep(heartbeat) => {}
        }
        debug_assert!(self.ledger.height() >= height);
        self.next()
    }
}
