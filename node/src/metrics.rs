//! Figures for Prometheus. Names begin with `huxin_`; the engine's own figures follow unchanged.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::http::StatusCode;
use huxin_chain_spec::codes::Code;
use huxin_chain_spec::transaction::Outcome;
use parking_lot::Mutex;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use crate::budget::Budget;
use crate::door::DoorCounts;
use crate::files;
use crate::health::{Health, Monitor, Reach};
use crate::http::Dropped;
use crate::ledger::CommittedBlock;
use crate::metrics_door::DoorFigures;

type Count = Gauge<u64, AtomicU64>;

/// Figures of one node. Updated by consensus and API as things happen, and from the node's parts when scraped.
pub struct Metrics {
    registry: Registry,
    chain: ChainFigures,
    api: ApiFigures,
    door: DoorFigures,
    pool: PoolFigures,
    bounds: BoundFigures,
    /// Time of the last block judged minus this node's clock.
    clock_offset_ms: Gauge<i64, AtomicI64>,
    /// Time of the last committed block, to measure the interval to the next; 0 before the first.
    last_block_ms: AtomicU64,
}

struct ChainFigures {
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
    misbehaviour: Counter,
    forks: Counter,
    past_known: Count,
    signs_above: Count,
    withheld: Count,
    clock_objections: Counter,
    peers: Count,
    store_bytes: Count,
    ready: Count,
    has_vote: Count,
    total_power: Count,
    quorum_power: Count,
    reached_power: Count,
    may_fail: Count,
    vote_age: Family<ValidatorLabels, Gauge<f64, AtomicU64>>,
    validator_connected: Family<ValidatorLabels, Count>,
    /// The validators that the two have figures of.
    shown: Mutex<BTreeSet<ValidatorLabels>>,
    log_lines_dropped: Counter,
}

struct ApiFigures {
    requests: Family<RequestLabels, Counter>,
    seconds: Family<RouteLabels, Histogram, fn() -> Histogram>,
    refusals: Family<CodeLabels, Counter>,
}

struct PoolFigures {
    transactions: Count,
    bytes: Count,
    peers: Count,
    full_refusals: Counter,
    batches_sent: Counter,
    transactions_sent: Counter,
    transactions_received: Counter,
    refused_received: Counter,
    strangers: Counter,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabels {
    outcome: &'static str,
    /// The rejection's code; empty for what was committed.
    code: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    route: &'static str,
    status: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    route: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, EncodeLabelSet)]
struct ValidatorLabels {
    province: String,
    validator: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CodeLabels {
    code: &'static str,
}

/// Latencies of requests: 0.25 ms to 8 s.
fn request_seconds() -> Histogram {
    Histogram::new(exponential_buckets(0.000_25, 2.0, 16))
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// All figures at zero.
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("huxin");
        let version = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "Version of the software", version);
        let clock_offset_ms = Gauge::default();
        registry.register(
            "block_clock_offset_ms",
            "Time of the last block judged minus this node's clock, in milliseconds",
            clock_offset_ms.clone(),
        );
        Self {
            chain: ChainFigures::register(&mut registry),
            api: ApiFigures::register(&mut registry),
            door: DoorFigures::register(&mut registry),
            pool: PoolFigures::register(&mut registry),
            bounds: BoundFigures::register(&mut registry),
            clock_offset_ms,
            last_block_ms: AtomicU64::new(0),
            registry,
        }
    }

    /// Counts a committed block; `commit` is how long executing the decision took, its sync to disk included.
    pub fn block_committed(&self, block: &CommittedBlock, commit: Duration) {
        let chain = &self.chain;
        chain.height.set(block.height.0);
        chain.log_records.set(block.log_size);
        chain.records.inc_by(u64::from(block.records));
        chain.rounds_lost.inc_by(u64::from(block.round));
        chain.block_commit.observe(commit.as_secs_f64());
        chain.block_transactions.observe(f64::from(u32::try_from(block.outcomes.len()).unwrap_or(u32::MAX)));
        let before_ms = self.last_block_ms.swap(block.time_ms.0, Ordering::Relaxed);
        if before_ms != 0 {
            let interval = Duration::from_millis(block.time_ms.0.saturating_sub(before_ms));
            chain.block_interval.observe(interval.as_secs_f64());
        }
        let mut committed = 0;
        for row in &block.outcomes {
            match row.outcome {
                Outcome::Committed { .. } => committed += 1,
                Outcome::Rejected { code, .. } => {
                    let labels = OutcomeLabels { outcome: "rejected", code: code.as_str() };
                    chain.transactions.get_or_create(&labels).inc();
                }
            }
        }
        chain.transactions.get_or_create(&OutcomeLabels { outcome: "committed", code: "" }).inc_by(committed);
    }

    /// Counts a block this node did not vote for because of its time.
    pub fn clock_objection(&self) {
        self.chain.clock_objections.inc();
    }

    /// Notes how a block's time compares with this node's clock, both in milliseconds since 1970.
    pub fn block_clock_offset(&self, block_ms: u64, now_ms: u64) {
        let distance = i64::try_from(block_ms.abs_diff(now_ms)).unwrap_or(i64::MAX);
        self.clock_offset_ms.set(if block_ms < now_ms { -distance } else { distance });
    }

    /// The last offset noted, in milliseconds; negative if the block was behind this node's clock.
    pub fn clock_offset_ms(&self) -> i64 {
        self.clock_offset_ms.get()
    }

    /// Counts a proof that a validator signed two statements for one round.
    pub fn misbehaviour(&self) {
        self.chain.misbehaviour.inc();
    }

    /// Counts a proof that two blocks of one height are certified.
    pub fn fork(&self) {
        self.chain.forks.inc();
    }

    /// Counts a transaction refused at the door.
    pub fn refused(&self, code: Code) {
        self.api.refusals.get_or_create(&CodeLabels { code: code.as_str() }).inc();
    }

    /// Shows what the door did until now.
    pub(crate) fn show_door(&self, counts: &DoorCounts) {
        self.door.show(counts);
    }

    /// Shows a budget from now on.
    pub(crate) fn show_budget(&self, budget: Arc<Budget>) {
        self.bounds.budgets.lock().push(budget);
    }

    /// Shows the connections that a listener ends.
    pub(crate) fn show_dropped(&self, listener: &'static str, dropped: Arc<Dropped>) {
        self.bounds.dropped.lock().push((listener, dropped));
    }

    /// The figures of one route, to be kept with it. They appear once the route is asked.
    pub(crate) fn route(&self, route: &'static str) -> RouteMetrics {
        let (requests, seconds) = (self.api.requests.clone(), self.api.seconds.clone());
        RouteMetrics { usual: Arc::default(), requests, seconds, route }
    }

    /// Everything in the text format, the engine's figures last. Without a look at the node its figures stay as they were
    /// last seen, and it counts as not ready.
    pub(crate) fn text(
        &self,
        monitor: &Monitor,
        health: Option<&Health>,
        engine_text: &str,
    ) -> Result<String, std::fmt::Error> {
        match health {
            Some(health) => {
                self.refresh(monitor, health);
                self.chain.refresh_reach(&health.reach, monitor.now().0, monitor.started.0);
            }
            None => {
                self.chain.ready.set(0);
            }
        }
        self.bounds.refresh();
        let mut text = String::with_capacity(32 * 1024);
        encode(&mut text, &self.registry)?;
        Ok(join(text, &without_empty_histograms(engine_text)))
    }

    fn refresh(&self, monitor: &Monitor, health: &Health) {
        let (chain, pool) = (&self.chain, &self.pool);
        chain.height.set(health.height.0);
        chain.log_records.set(monitor.ledger.tip().log.size);
        let trust = monitor.ledger.trust_length();
        chain.validator_changes.set(count(trust.changes));
        chain.trust_path_steps.set(count(trust.steps));
        chain.trust_path_bytes.set(count(trust.bytes));
        chain.consensus_height.set(health.engine.height);
        chain.consensus_round.set(u64::from(health.engine.round));
        let signing = &health.engine.signing;
        chain.past_known.set(u64::from(signing.past_known));
        chain.signs_above.set(signing.above_height);
        chain.withheld.set(signing.withheld);
        chain.peers.set(count(health.connected_peers()));
        chain.store_bytes.set(health.store_bytes);
        chain.ready.set(u64::from(health.ready()));
        let (stats, gossip) = (&health.mempool, &health.mempool.gossip);
        pool.transactions.set(count(stats.transactions));
        pool.bytes.set(count(stats.bytes));
        pool.peers.set(count(stats.peers.iter().filter(|peer| peer.connected).count()));
        for (counter, value) in [
            (&pool.full_refusals, stats.full_refusals),
            (&pool.batches_sent, gossip.batches_sent),
            (&pool.transactions_sent, gossip.transactions_sent),
            (&pool.transactions_received, gossip.transactions_received),
            (&pool.refused_received, gossip.refused_received),
            (&pool.strangers, gossip.strangers),
        ] {
            // The pool counts; only its value is shown here.
            counter.inner().store(value, Ordering::Relaxed);
        }
    }
}

impl ChainFigures {
    /// Figures of each validator of the set; those of validators that left it end.
    fn refresh_reach(&self, reach: &Reach, now_ms: u64, started_ms: u64) {
        self.has_vote.set(u64::from(reach.has_vote()));
        self.total_power.set(reach.total_power);
        self.quorum_power.set(reach.quorum_power);
        self.reached_power.set(reach.reached_power);
        self.may_fail.set(if reach.has_quorum() { count(reach.may_fail) } else { 0 });
        self.log_lines_dropped.inner().store(crate::log::dropped_lines(), Ordering::Relaxed);
        let mut current = BTreeSet::new();
        for validator in reach.validators.iter().filter(|validator| !validator.is_me) {
            let (province, address) = (validator.province.to_string(), validator.address.to_string());
            let labels = ValidatorLabels { province, validator: address };
            let heard = validator.vote.as_ref().map_or(started_ms, |vote| vote.seen_at_ms);
            let age = Duration::from_millis(now_ms.saturating_sub(heard));
            self.vote_age.get_or_create(&labels).set(age.as_secs_f64());
            match validator.connected {
                Some(connected) => {
                    self.validator_connected.get_or_create(&labels).set(u64::from(connected));
                }
                None => {
                    self.validator_connected.remove(&labels);
                }
            }
            current.insert(labels);
        }
        // Only what has left goes: were all cleared first, a scrape at the same time would find validators missing.
        let before = std::mem::replace(&mut *self.shown.lock(), current.clone());
        for left in before.difference(&current) {
            self.vote_age.remove(left);
            self.validator_connected.remove(left);
        }
    }

    fn register(registry: &mut Registry) -> Self {
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
            misbehaviour: Counter::default(),
            forks: Counter::default(),
            past_known: Count::default(),
            signs_above: Count::default(),
            withheld: Count::default(),
            clock_objections: Counter::default(),
            peers: Count::default(),
            store_bytes: Count::default(),
            ready: Count::default(),
            has_vote: Count::default(),
            total_power: Count::default(),
            quorum_power: Count::default(),
            reached_power: Count::default(),
            may_fail: Count::default(),
            vote_age: Family::default(),
            validator_connected: Family::default(),
            shown: Mutex::default(),
            log_lines_dropped: Counter::default(),
        };
        figures.register_reach(registry);
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
        registry.register("consensus_peers", "Peers connected to the engine", figures.peers.clone());
        registry.register("store_bytes", "Bytes of the store's files", figures.store_bytes.clone());
        registry.register("ready", "1 if the node follows the chain and takes transactions", figures.ready.clone());
        figures
    }
}

impl ChainFigures {
    fn register_reach(&self, registry: &mut Registry) {
        registry.register("has_vote", "1 if this node's key is in the set of validators", self.has_vote.clone());
        registry.register("total_power", "Power of the set of validators", self.total_power.clone());
        registry.register("quorum_power", "Least power that decides", self.quorum_power.clone());
        registry.register(
            "reached_power",
            "Power of the validators that are heard, this one included",
            self.reached_power.clone(),
        );
        registry.register(
            "may_fail_validators",
            "Validators that may still fail, whichever they are",
            self.may_fail.clone(),
        );
        registry.register_with_unit(
            "validator_vote_age",
            "Since the last vote seen of a validator; since the start of the process where none was seen",
            Unit::Seconds,
            self.vote_age.clone(),
        );
        registry.register(
            "validator_connected",
            "1 if a validator's node is connected",
            self.validator_connected.clone(),
        );
        registry.register(
            "log_lines_dropped",
            "Lines of the log that could not be written to standard error",
            self.log_lines_dropped.clone(),
        );
    }
}

impl ApiFigures {
    fn register(registry: &mut Registry) -> Self {
        let figures = Self {
            requests: Family::default(),
            seconds: Family::new_with_constructor(request_seconds as fn() -> Histogram),
            refusals: Family::default(),
        };
        registry.register("api_requests", "Requests by route and HTTP status", figures.requests.clone());
        registry.register_with_unit(
            "api_request",
            "Time from a request's head to its answer's head",
            Unit::Seconds,
            figures.seconds.clone(),
        );
        registry.register("door_refusals", "Transactions refused at the door, by code", figures.refusals.clone());
        figures
    }
}

/// What is bounded, how much of it is in use, and how often it did not suffice.
struct BoundFigures {
    budgets: Mutex<Vec<Arc<Budget>>>,
    dropped: Mutex<Vec<(&'static str, Arc<Dropped>)>>,
    held: Family<BudgetLabels, Count>,
    limit: Family<BudgetLabels, Count>,
    refused: Family<BudgetLabels, Counter>,
    connections_dropped: Family<DroppedLabels, Counter>,
    open_files: Count,
    open_files_limit: Count,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct BudgetLabels {
    budget: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DroppedLabels {
    listener: &'static str,
    cause: &'static str,
}

impl BoundFigures {
    fn register(registry: &mut Registry) -> Self {
        let figures = Self {
            budgets: Mutex::default(),
            dropped: Mutex::default(),
            held: Family::default(),
            limit: Family::default(),
            refused: Family::default(),
            connections_dropped: Family::default(),
            open_files: Count::default(),
            open_files_limit: Count::default(),
        };
        registry.register("budget_held", "What is in use of a budget, in its own unit", figures.held.clone());
        registry.register("budget_limit", "Most that may be in use of it", figures.limit.clone());
        registry.register(
            "budget_refused",
            "Requests or connections for which it did not suffice",
            figures.refused.clone(),
        );
        registry.register(
            "connections_dropped",
            "Connections closed by this side: nothing was asked in time, or the answer was not read",
            figures.connections_dropped.clone(),
        );
        registry.register("open_files", "Files that the process has open", figures.open_files.clone());
        registry.register("open_files_limit", "Files that the process may open", figures.open_files_limit.clone());
        figures
    }

    fn refresh(&self) {
        for budget in &*self.budgets.lock() {
            let labels = BudgetLabels { budget: budget.name() };
            self.held.get_or_create(&labels).set(count(budget.held()));
            self.limit.get_or_create(&labels).set(count(budget.limit()));
            self.refused.get_or_create(&labels).inner().store(budget.refused(), Ordering::Relaxed);
        }
        for (listener, dropped) in &*self.dropped.lock() {
            for (cause, counted) in [("idle", &dropped.idle), ("slow_reader", &dropped.slow_reader)] {
                let labels = DroppedLabels { listener, cause };
                self.connections_dropped.get_or_create(&labels).inner().store(counted.count(), Ordering::Relaxed);
            }
        }
        self.open_files.set(count(files::open_now().unwrap_or(0)));
        self.open_files_limit.set(count(files::limit()));
    }
}

impl PoolFigures {
    fn register(registry: &mut Registry) -> Self {
        let figures = Self {
            transactions: Count::default(),
            bytes: Count::default(),
            peers: Count::default(),
            full_refusals: Counter::default(),
            batches_sent: Counter::default(),
            transactions_sent: Counter::default(),
            transactions_received: Counter::default(),
            refused_received: Counter::default(),
            strangers: Counter::default(),
        };
        let pool = registry.sub_registry_with_prefix("mempool");
        pool.register("transactions", "Transactions waiting", figures.transactions.clone());
        pool.register("bytes", "Their bytes", figures.bytes.clone());
        pool.register("peers", "Peers connected to the mempool", figures.peers.clone());
        pool.register("full_refusals", "Transactions refused for lack of room", figures.full_refusals.clone());
        pool.register("batches_sent", "Batches sent to peers", figures.batches_sent.clone());
        pool.register("transactions_sent", "Transactions sent to peers", figures.transactions_sent.clone());
        pool.register("transactions_received", "New transactions from peers", figures.transactions_received.clone());
        pool.register(
            "refused_received",
            "Transactions from peers that were refused",
            figures.refused_received.clone(),
        );
        pool.register("strangers", "Connections refused: peer not on the list", figures.strangers.clone());
        figures
    }
}

fn count(value: usize) -> u64 {
    u64::try_from(value).unwrap_or(u64::MAX)
}

fn labels(route: &'static str, status: StatusCode) -> RequestLabels {
    RequestLabels { route, status: u32::from(status.as_u16()) }
}

/// Leaves out histograms that have counted nothing: on an idle node a quarter of the text.
///
/// A histogram is written as its sum, its count, its buckets.
fn without_empty_histograms(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let name = line.split(['{', ' ']).next().unwrap_or_default().strip_suffix("_sum");
        let count = lines.peek().filter(|next| {
            let counts = name.and_then(|name| next.strip_prefix(name)).is_some_and(|rest| rest.starts_with("_count"));
            counts && next.ends_with(" 0")
        });
        if let (Some(name), Some(_)) = (name, count) {
            let bucket = format!("{name}_bucket{{");
            lines.next();
            while lines.next_if(|next| next.starts_with(&bucket)).is_some() {}
            continue;
        }
        kept.push_str(line);
        kept.push('\n');
    }
    kept
}

/// One exposition out of two: the end mark stands once.
fn join(mut text: String, other: &str) -> String {
    const END: &str = "# EOF\n";
    text.truncate(text.trim_end_matches(END).len());
    text.push_str(other.trim_end_matches(END));
    text.push_str(END);
    text
}

/// Figures of one route. The usual ones are at hand, so that counting a request takes no look-up.
#[derive(Clone)]
pub(crate) struct RouteMetrics {
    usual: Arc<UsualFigures>,
    requests: Family<RequestLabels, Counter>,
    seconds: Family<RouteLabels, Histogram, fn() -> Histogram>,
    route: &'static str,
}

/// Made at the first answer of their kind: a figure of a route that nobody asks is not worth its lines.
#[derive(Default)]
struct UsualFigures {
    ok: OnceLock<Counter>,
    accepted: OnceLock<Counter>,
    seconds: OnceLock<Histogram>,
}

impl RouteMetrics {
    /// The route's name in the metrics.
    pub(crate) fn name(&self) -> &'static str {
        self.route
    }

    /// Counts an answer.
    pub(crate) fn observe(&self, status: StatusCode, elapsed: Duration) {
        let kept = match status {
            StatusCode::OK => Some(&self.usual.ok),
            StatusCode::ACCEPTED => Some(&self.usual.accepted),
            _ => None,
        };
        let count = || self.requests.get_or_create_owned(&labels(self.route, status));
        match kept {
            Some(kept) => kept.get_or_init(count).inc(),
            None => count().inc(),
        };
        let route = self.route;
        let seconds = self.usual.seconds.get_or_init(|| self.seconds.get_or_create_owned(&RouteLabels { route }));
        seconds.observe(elapsed.as_secs_f64());
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use huxin_chain_spec::crypto::Digest;
    use huxin_chain_spec::ids::{Height, RecordIndex, TimeMs, TxId};
    use huxin_chain_spec::transaction::TransactionOutcome;

    use super::*;
    use crate::health::reach_tests::{Four, NOW};

    fn text(metrics: &Metrics) -> String {
        let mut text = String::new();
        encode(&mut text, &metrics.registry).unwrap();
        text
    }

    fn block(height: u64, outcomes: &[Outcome]) -> CommittedBlock {
        let row = |outcome: &Outcome| TransactionOutcome { tx_id: TxId(Digest::ZERO), outcome: *outcome };
        CommittedBlock {
            height: Height(height),
            hash: Digest::ZERO,
            time_ms: TimeMs(height * 1000),
            outcomes: outcomes.iter().map(row).collect(),
            records: 2,
            log_size: height * 2,
            round: 1,
        }
    }

    #[test]
    fn blocks_are_counted_by_outcome_and_code() {
        let metrics = Metrics::new();
        let good = Outcome::Committed { first_record: RecordIndex(0), records: 2 };
        let bad = Outcome::Rejected { code: Code::LicenceDuplicate, operation: 0 };
        metrics.block_committed(&block(1, &[good, good, bad]), Duration::from_millis(3));
        metrics.block_committed(&block(2, &[good]), Duration::from_millis(3));
        let text = text(&metrics);
        for line in [
            "huxin_height 2",
            "huxin_records_total 4",
            "huxin_rounds_lost_total 2",
            "huxin_transactions_total{outcome=\"committed\",code=\"\"} 3",
            "huxin_transactions_total{outcome=\"rejected\",code=\"licence.duplicate\"} 1",
            "huxin_block_interval_seconds_sum 1",
            "huxin_block_commit_seconds_count 2",
        ] {
            assert!(text.contains(line), "{line} in\n{text}");
        }
    }

    #[test]
    fn requests_are_counted_by_route_and_status() {
        let metrics = Metrics::new();
        let (route, _unasked) = (metrics.route("verify"), metrics.route("licence"));
        assert!(!text(&metrics).contains("route="), "no figures of routes that nobody asked");
        route.observe(StatusCode::OK, Duration::from_millis(1));
        route.observe(StatusCode::NOT_FOUND, Duration::from_millis(1));
        metrics.refused(Code::SignatureInvalid);
        let text = text(&metrics);
        for line in [
            "huxin_api_requests_total{route=\"verify\",status=\"200\"} 1",
            "huxin_api_requests_total{route=\"verify\",status=\"404\"} 1",
            "huxin_api_request_seconds_count{route=\"verify\"} 2",
            "huxin_door_refusals_total{code=\"signature.invalid\"} 1",
        ] {
            assert!(text.contains(line), "{line} in\n{text}");
        }
    }

    /// All figures of validators were cleared at each scrape: one at the same time, of a second monitor, found some missing.
    #[test]
    fn a_second_scrape_at_the_same_time_misses_no_validator() {
        let (metrics, reach) = (Metrics::new(), Four::healthy().reach());
        let connected = |metrics: &Metrics| text(metrics).matches("huxin_validator_connected{").count();
        metrics.chain.refresh_reach(&reach, NOW, 0);
        std::thread::scope(|scope| {
            scope.spawn(|| (0..2_000).for_each(|_| metrics.chain.refresh_reach(&reach, NOW, 0)));
            for _ in 0..200 {
                assert_eq!(connected(&metrics), 3);
            }
        });
        // Those of a validator that left the set end.
        let mut smaller = reach;
        let gone = smaller.validators.iter().position(|validator| !validator.is_me).unwrap();
        smaller.validators.remove(gone);
        metrics.chain.refresh_reach(&smaller, NOW, 0);
        assert_eq!(connected(&metrics), 2);
    }

    #[test]
    fn the_clock_offset_has_a_sign() {
        let metrics = Metrics::new();
        metrics.block_clock_offset(1_000, 3_000);
        assert_eq!(metrics.clock_offset_ms(), -2_000);
        metrics.block_clock_offset(3_000, 1_000);
        assert_eq!(metrics.clock_offset_ms(), 2_000);
    }

    /// `/metrics` of a node that has just started was 66 KB.
    #[test]
    fn histograms_that_counted_nothing_are_left_out() {
        let mut registry = Registry::default();
        let family = Family::<RouteLabels, Histogram>::new_with_constructor(request_seconds);
        let (plain, counter) = (request_seconds(), Counter::<u64>::default());
        registry.register("seconds", "Of routes", family.clone());
        registry.register("plain", "Empty", plain);
        registry.register("lost", "A sum of nothing", counter);
        drop(family.get_or_create(&RouteLabels { route: "empty" }));
        family.get_or_create(&RouteLabels { route: "asked" }).observe(1.0);
        let mut whole = String::new();
        encode(&mut whole, &registry).unwrap();
        let left = without_empty_histograms(&whole);
        assert!(whole.contains("route=\"empty\"") && !left.contains("route=\"empty\""), "{left}");
        assert!(!left.contains("plain_") && left.contains("# HELP plain"), "{left}");
        assert_eq!(left.matches("seconds_bucket{").count(), 17);
        assert!(left.contains("seconds_count{route=\"asked\"} 1") && left.contains("lost_total 0"), "{left}");
        assert!(left.ends_with("# EOF\n"));
    }

    #[test]
    fn two_expositions_have_one_end() {
        assert_eq!(join("a 1\n# EOF\n".into(), "b 2\n# EOF\n"), "a 1\nb 2\n# EOF\n");
        assert_eq!(join("a 1\n# EOF\n".into(), ""), "a 1\n# EOF\n");
    }
}
