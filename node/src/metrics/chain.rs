//! Figures of blocks, of consensus, and of what this node signs.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use huxin_chain_spec::ids::TimeMs;
use huxin_chain_spec::transaction::Outcome;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

use super::{Count, count};
use crate::health::{Health, Monitor};
use crate::ledger::CommittedBlock;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabels {
    outcome: &'static str,
    /// The rejection's code; empty for what was committed, and where each operation has its own outcome.
    code: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CodeLabels {
    code: &'static str,
}

pub(super) struct ChainFigures {
    height: Count,
    consensus_height: Count,
    consensus_round: Count,
    block_interval: Histogram,
    block_commit: Histogram,
    block_transactions: Histogram,
    rounds_lost: Counter,
    records: Counter,
    log_records: Count,
    validator_changes: Count,
    trust_path_steps: Count,
    trust_path_bytes: Count,
    transactions: Family<OutcomeLabels, Counter>,
    refused_operations: Family<CodeLabels, Counter>,
    misbehaviour: Counter,
    forks: Counter,
    past_known: Count,
    signs_above: Count,
    withheld: Count,
    clock_objections: Counter,
    messages_dropped: Counter,
    messages_sent_on: Counter,
    messages_unreadable: Counter,
    false_signatures: Counter,
    peers_muted: Count,
    peers: Count,
    store_bytes: Count,
    ready: Count,
    /// Time of the last block judged minus this node's clock.
    clock_offset_ms: Gauge<i64, AtomicI64>,
    /// Time of the last committed block, to measure the interval to the next; 0 before the first.
    last_block_ms: AtomicU64,
}

impl ChainFigures {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let figures = Self {
            height: Count::default(),
            consensus_height: Count::default(),
            consensus_round: Count::default(),
            block_interval: Histogram::new(exponential_buckets(0.01, 2.0, 13)),
            block_commit: Histogram::new(exponential_buckets(0.000_5, 2.0, 14)),
            block_transactions: Histogram::new(exponential_buckets(1.0, 4.0, 8)),
            rounds_lost: Counter::default(),
            records: Counter::default(),
            log_records: Count::default(),
            validator_changes: Count::default(),
            trust_path_steps: Count::default(),
            trust_path_bytes: Count::default(),
            transactions: Family::default(),
            refused_operations: Family::default(),
            misbehaviour: Counter::default(),
            forks: Counter::default(),
            past_known: Count::default(),
            signs_above: Count::default(),
            withheld: Count::default(),
            clock_objections: Counter::default(),
            messages_dropped: Counter::default(),
            messages_sent_on: Counter::default(),
            messages_unreadable: Counter::default(),
            false_signatures: Counter::default(),
            peers_muted: Count::default(),
            peers: Count::default(),
            store_bytes: Count::default(),
            ready: Count::default(),
            clock_offset_ms: Gauge::default(),
            last_block_ms: AtomicU64::new(0),
        };
        registry.register(
            "block_clock_offset_ms",
            "Time of the last block judged minus this node's clock, in milliseconds",
            figures.clock_offset_ms.clone(),
        );
        registry.register("height", "Height of the newest block", figures.height.clone());
        registry.register("consensus_height", "Height being decided", figures.consensus_height.clone());
        registry.register("consensus_round", "Round of that height, from 0", figures.consensus_round.clone());
        registry.register_with_unit(
            "block_interval",
            "Time between blocks, by their own times",
            Unit::Seconds,
            figures.block_interval.clone(),
        );
        registry.register_with_unit(
            "block_commit",
            "Time to commit a decided block, its sync to disk included",
            Unit::Seconds,
            figures.block_commit.clone(),
        );
        registry.register("block_transactions", "Transactions per block", figures.block_transactions.clone());
        registry.register("rounds_lost", "Rounds that ended without a decision", figures.rounds_lost.clone());
        registry.register("records", "Records committed since the start of the process", figures.records.clone());
        registry.register(
            "validator_changes",
            "Changes of the validators since the genesis",
            figures.validator_changes.clone(),
        );
        registry.register(
            "trust_path_steps",
            "Steps from the founders to the newest validators",
            figures.trust_path_steps.clone(),
        );
        registry.register("trust_path_bytes", "Bytes of these steps", figures.trust_path_bytes.clone());
        registry.register("log_records", "Records in the log", figures.log_records.clone());
        registry.register("transactions", "Transactions in blocks, by outcome and code", figures.transactions.clone());
        registry.register(
            "operations_refused",
            "Operations that changed nothing in transactions of which each operation has its own outcome, by code",
            figures.refused_operations.clone(),
        );
        registry.register("misbehaviour", "Proofs of double signing seen", figures.misbehaviour.clone());
        registry.register("forks", "Proofs seen that two blocks of one height are certified", figures.forks.clone());
        registry.register(
            "signing_past_known",
            "1 if it is known up to where this key may have signed before; 0: nothing is signed",
            figures.past_known.clone(),
        );
        registry.register("signing_above_height", "Nothing is signed at or below it", figures.signs_above.clone());
        registry.register(
            "signing_withheld",
            "Statements not signed since the start, because they could contradict an earlier one",
            figures.withheld.clone(),
        );
        registry.register(
            "clock_objections",
            "Blocks not voted for because of their time",
            figures.clock_objections.clone(),
        );
        registry.register(
            "consensus_messages_dropped",
            "Messages of peers that came to nothing: of no use here, of strangers, or of muted peers",
            figures.messages_dropped.clone(),
        );
        registry.register(
            "consensus_unreadable",
            "What came at the engine's port and is no message",
            figures.messages_unreadable.clone(),
        );
        registry.register(
            "consensus_sent_on",
            "Messages sent on to who has no link to their author",
            figures.messages_sent_on.clone(),
        );
        registry.register(
            "consensus_false_signatures",
            "Votes and proposals that their author did not sign",
            figures.false_signatures.clone(),
        );
        registry.register("consensus_peers_muted", "Peers muted for what they delivered", figures.peers_muted.clone());
        registry.register("consensus_peers", "Peers connected to the engine", figures.peers.clone());
        registry.register("store_bytes", "Bytes of the store's files", figures.store_bytes.clone());
        registry.register("ready", "1 if the node follows the chain and takes transactions", figures.ready.clone());
        figures
    }

    /// Counts a committed block; `commit` is how long executing the decision took, its sync to disk included.
    pub(super) fn committed(&self, block: &CommittedBlock, commit: Duration) {
        self.height.set(block.height.0);
        self.log_records.set(block.log_size);
        self.records.inc_by(u64::from(block.records));
        self.rounds_lost.inc_by(u64::from(block.round));
        self.block_commit.observe(commit.as_secs_f64());
        self.block_transactions.observe(f64::from(u32::try_from(block.outcomes.len()).unwrap_or(u32::MAX)));
        let before_ms = self.last_block_ms.swap(block.time_ms.since_1970(), Ordering::Relaxed);
        if before_ms != 0 {
            let interval = Duration::from_millis(block.time_ms.since_1970().saturating_sub(before_ms));
            self.block_interval.observe(interval.as_secs_f64());
        }
        let count = |outcome, code| self.transactions.get_or_create(&OutcomeLabels { outcome, code });
        let (mut committed, mut each) = (0, 0);
        for row in &block.outcomes {
            match &row.outcome {
                Outcome::Committed { .. } => committed += 1,
                Outcome::Rejected { code, .. } => {
                    count("rejected", code.as_str()).inc();
                }
                Outcome::Each(outcome) => {
                    each += 1;
                    for refusal in &outcome.refused {
                        self.refused_operations.get_or_create(&CodeLabels { code: refusal.code.as_str() }).inc();
                    }
                }
            }
        }
        count("committed", "").inc_by(committed);
        count("each", "").inc_by(each);
    }

    /// Counts a block this node did not vote for because of its time.
    pub(super) fn clock_objection(&self) {
        self.clock_objections.inc();
    }

    /// Notes how a block's time compares with this node's clock.
    pub(super) fn clock_offset(&self, block: TimeMs, now: TimeMs) {
        self.clock_offset_ms.set(block.0.saturating_sub(now.0));
    }

    pub(super) fn clock_offset_ms(&self) -> i64 {
        self.clock_offset_ms.get()
    }

    /// Counts a proof that a validator signed two statements for one round.
    pub(super) fn misbehaviour(&self) {
        self.misbehaviour.inc();
    }

    /// Counts a proof that two blocks of one height are certified.
    pub(super) fn fork(&self) {
        self.forks.inc();
    }

    /// Shows a look at the node; without one it counts as not ready.
    pub(super) fn refresh(&self, monitor: &Monitor, health: Option<&Health>) {
        let Some(health) = health else {
            self.ready.set(0);
            return;
        };
        self.height.set(health.height.0);
        self.log_records.set(monitor.ledger.tip().log.size);
        let trust = monitor.ledger.trust_length();
        self.validator_changes.set(count(trust.changes));
        self.trust_path_steps.set(count(trust.steps));
        self.trust_path_bytes.set(count(trust.bytes));
        self.consensus_height.set(health.engine.height);
        self.consensus_round.set(u64::from(health.engine.round));
        let signing = &health.engine.signing;
        self.past_known.set(u64::from(signing.past_known));
        self.signs_above.set(signing.above_height);
        self.withheld.set(signing.withheld);
        let now_ms = monitor.now().since_1970();
        let muted = health.engine.peers.iter().filter(|peer| peer.muted_until_ms > now_ms).count();
        self.peers_muted.set(count(muted));
        // The engine counts; only its values are shown here.
        self.messages_dropped.inner().store(health.engine.messages_dropped, Ordering::Relaxed);
        self.messages_unreadable.inner().store(health.engine.messages_unreadable, Ordering::Relaxed);
        self.messages_sent_on.inner().store(health.engine.messages_sent_on, Ordering::Relaxed);
        self.false_signatures.inner().store(health.engine.false_signatures, Ordering::Relaxed);
        self.peers.set(count(health.connected_peers()));
        self.store_bytes.set(health.store_bytes);
        self.ready.set(u64::from(health.ready()));
    }
}
