//! Figures for Prometheus. Names begin with `huxin_`; the engine's own figures follow unchanged.

mod api;
mod bounds;
mod chain;
mod door;
mod exposition;
mod pool;
mod reach;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use huxin_chain_spec::codes::Code;
use huxin_chain_spec::ids::TimeMs;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use crate::budget::Budget;
use crate::door::DoorCounts;
use crate::health::{Health, Monitor};
use crate::http::Dropped;
use crate::ledger::CommittedBlock;

pub(crate) use api::RouteMetrics;

type Count = Gauge<u64, AtomicU64>;

/// Figures of one node. Updated by consensus and API as things happen, and from the node's parts when scraped.
pub struct Metrics {
    registry: Registry,
    chain: chain::ChainFigures,
    reach: reach::ReachFigures,
    api: api::ApiFigures,
    door: door::DoorFigures,
    pool: pool::PoolFigures,
    bounds: bounds::BoundFigures,
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
        Self {
            chain: chain::ChainFigures::register(&mut registry),
            reach: reach::ReachFigures::register(&mut registry),
            api: api::ApiFigures::register(&mut registry),
            door: door::DoorFigures::register(&mut registry),
            pool: pool::PoolFigures::register(&mut registry),
            bounds: bounds::BoundFigures::register(&mut registry),
            registry,
        }
    }

    /// Counts a committed block; `commit` is how long executing the decision took, its sync to disk included.
    pub fn block_committed(&self, block: &CommittedBlock, commit: Duration) {
        self.chain.committed(block, commit);
    }

    /// Counts a block this node did not vote for because of its time.
    pub fn clock_objection(&self) {
        self.chain.clock_objection();
    }

    /// Notes how a block's time compares with this node's clock.
    pub fn block_clock_offset(&self, block: TimeMs, now: TimeMs) {
        self.chain.clock_offset(block, now);
    }

    /// The last offset noted, in milliseconds; negative if the block was behind this node's clock.
    pub fn clock_offset_ms(&self) -> i64 {
        self.chain.clock_offset_ms()
    }

    /// Counts a proof that a validator signed two statements for one round.
    pub fn misbehaviour(&self) {
        self.chain.misbehaviour();
    }

    /// Counts a proof that two blocks of one height are certified.
    pub fn fork(&self) {
        self.chain.fork();
    }

    /// Counts a transaction refused at the door.
    pub fn refused(&self, code: Code) {
        self.api.refused(code);
    }

    /// Shows what the door did until now.
    pub(crate) fn show_door(&self, counts: &DoorCounts) {
        self.door.show(counts);
    }

    /// Shows a budget from now on.
    pub(crate) fn show_budget(&self, budget: Arc<Budget>) {
        self.bounds.add_budget(budget);
    }

    /// Shows the connections that a listener ends.
    pub(crate) fn show_dropped(&self, listener: &'static str, dropped: Arc<Dropped>) {
        self.bounds.add_dropped(listener, dropped);
    }

    /// The figures of one route, to be kept with it. They appear once the route is asked.
    pub(crate) fn route(&self, route: &'static str) -> RouteMetrics {
        self.api.route(route)
    }

    /// Everything in the text format, the engine's figures last. Without a look at the node its figures stay as they were
    /// last seen, and it counts as not ready.
    pub(crate) fn text(
        &self,
        monitor: &Monitor,
        health: Option<&Health>,
        engine_text: &str,
    ) -> Result<String, std::fmt::Error> {
        self.chain.refresh(monitor, health);
        if let Some(health) = health {
            self.reach.refresh(&health.reach, monitor.now().since_1970(), monitor.started.since_1970());
            self.pool.refresh(&health.mempool);
        }
        self.bounds.refresh();
        let mut text = String::with_capacity(32 * 1024);
        encode(&mut text, &self.registry)?;
        Ok(exposition::join(text, &exposition::without_empty_histograms(engine_text)))
    }
}

fn count(value: usize) -> u64 {
    u64::try_from(value).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use huxin_chain_spec::crypto::Digest;
    use huxin_chain_spec::ids::{Height, RecordIndex, TxId};
    use huxin_chain_spec::transaction::{EachOutcome, Outcome, Refusal, TransactionOutcome};

    use super::*;
    use axum::http::StatusCode;

    fn text(metrics: &Metrics) -> String {
        let mut text = String::new();
        encode(&mut text, &metrics.registry).unwrap();
        text
    }

    fn block(height: u64, outcomes: &[Outcome]) -> CommittedBlock {
        let row = |outcome: &Outcome| TransactionOutcome { tx_id: TxId(Digest::ZERO), outcome: outcome.clone() };
        CommittedBlock {
            height: Height(height),
            hash: Digest::ZERO,
            time_ms: TimeMs::EPOCH.plus_ms(height * 1000),
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
        let refused = vec![Refusal { operation: 1, code: Code::LicenceUnknown }];
        let each = Outcome::Each(EachOutcome { first_record: RecordIndex(0), records: 1, refused });
        metrics.block_committed(&block(1, &[good.clone(), good.clone(), bad, each]), Duration::from_millis(3));
        metrics.block_committed(&block(2, &[good]), Duration::from_millis(3));
        let text = text(&metrics);
        for line in [
            "huxin_height 2",
            "huxin_records_total 4",
            "huxin_rounds_lost_total 2",
            "huxin_transactions_total{outcome=\"committed\",code=\"\"} 3",
            "huxin_transactions_total{outcome=\"rejected\",code=\"licence.duplicate\"} 1",
            "huxin_transactions_total{outcome=\"each\",code=\"\"} 1",
            "huxin_operations_refused_total{code=\"licence.unknown\"} 1",
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

    #[test]
    fn the_clock_offset_has_a_sign() {
        let metrics = Metrics::new();
        metrics.block_clock_offset(TimeMs(1_000), TimeMs(3_000));
        assert_eq!(metrics.clock_offset_ms(), -2_000);
        metrics.block_clock_offset(TimeMs(3_000), TimeMs(1_000));
        assert_eq!(metrics.clock_offset_ms(), 2_000);
    }
}
