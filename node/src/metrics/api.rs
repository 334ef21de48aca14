//! Figures of requests, by route, and of transactions refused at the door, by code.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::http::StatusCode;
use huxin_chain_spec::codes::Code;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    route: &'static str,
    status: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    route: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CodeLabels {
    code: &'static str,
}

pub(super) struct ApiFigures {
    requests: Family<RequestLabels, Counter>,
    seconds: Family<RouteLabels, Histogram, fn() -> Histogram>,
    refusals: Family<CodeLabels, Counter>,
}

impl ApiFigures {
    pub(super) fn register(registry: &mut Registry) -> Self {
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

    /// Counts a transaction refused at the door.
    pub(super) fn refused(&self, code: Code) {
        self.refusals.get_or_create(&CodeLabels { code: code.as_str() }).inc();
    }

    /// The figures of one route.
    pub(super) fn route(&self, route: &'static str) -> RouteMetrics {
        RouteMetrics { usual: Arc::default(), requests: self.requests.clone(), seconds: self.seconds.clone(), route }
    }
}

/// Latencies of requests: 0.25 ms to 8 s.
pub(super) fn request_seconds() -> Histogram {
    Histogram::new(exponential_buckets(0.000_25, 2.0, 16))
}

fn labels(route: &'static str, status: StatusCode) -> RequestLabels {
    RequestLabels { route, status: u32::from(status.as_u16()) }
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
