//! What every handler works with.

use std::sync::Arc;

use axum::body::Bytes;
use huxin_chain_spec::crypto::Digest;
use huxin_chain_spec::receipt::KnownHeaders;
use lru::LruCache;
use parking_lot::Mutex;
use tokio::sync::watch;

use super::lane::Lane;
use crate::budget::Budget;
use crate::door::Door;
use crate::health::Monitor;
use crate::http::bounds::Pace;
use crate::metrics::Metrics;
use crate::outcomes::Outcomes;

/// Media type of exact bytes.
pub(super) const OCTETS: &str = "application/octet-stream";
/// Media type of a receipt file.
pub(super) const RECEIPT: &str = "application/vnd.huxin.receipt";

/// State of the handlers.
pub(super) struct Api {
    pub(super) monitor: Monitor,
    pub(super) door: Arc<Door>,
    pub(super) outcomes: Outcomes,
    pub(super) metrics: Arc<Metrics>,
    pub(super) checked_headers: CheckedHeaders,
    pub(super) receipt_checks: Lane,
    /// Answers with whole blocks.
    pub(super) blocks: Lane,
    /// Lists, timelines, proofs of many things, rehearsals.
    pub(super) reads: Lane,
    /// Stored blocks read for subscribers of events.
    pub(super) replay: Lane,
    pub(super) subscribers: Arc<Budget>,
    /// Bytes of bodies being read and answered.
    pub(super) bodies: Arc<Budget>,
    /// Bytes of long answers that are not sent yet.
    pub(super) answers: Arc<Budget>,
    pub(super) body_pace: Pace,
    pub(super) access_log: bool,
    /// True once the node is asked to stop.
    pub(super) shutdown: watch::Receiver<bool>,
    pub(super) genesis_toml: Bytes,
    pub(super) codes_json: Bytes,
}

/// The same for every handler.
pub(super) type Shared = Arc<Api>;

/// Headers whose certificate was checked already: receipts of one block share it.
pub(super) struct CheckedHeaders(Mutex<LruCache<Digest, ()>>);

impl CheckedHeaders {
    pub(super) fn new(kept_max: std::num::NonZeroUsize) -> Self {
        Self(Mutex::new(LruCache::new(kept_max)))
    }
}

impl KnownHeaders for CheckedHeaders {
    fn contains(&self, block: &Digest) -> bool {
        self.0.lock().get(block).is_some()
    }

    fn insert(&self, block: Digest) {
        self.0.lock().put(block, ());
    }
}
