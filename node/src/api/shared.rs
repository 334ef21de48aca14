//! What every handler works with.

use std::sync::Arc;

use axum::body::Bytes;
use huxin_chain_spec::crypto::Digest;
use huxin_chain_spec::receipt::KnownHeaders;
use lru::LruCache;
use parking_lot::Mutex;
use tokio::sync::{Semaphore, watch};

use super::lane::Lane;
use crate::door::Door;
use crate::health::Monitor;
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
    pub(super) streams: Semaphore,
    pub(super) subscribers: Arc<Semaphore>,
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
