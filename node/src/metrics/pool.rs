//! Figures of the mempool.

use std::sync::atomic::Ordering;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::registry::Registry;

use super::{Count, count};
use crate::mempool::MempoolStats;

#[derive(Default)]
pub(super) struct PoolFigures {
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

impl PoolFigures {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let figures = Self::default();
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

    pub(super) fn refresh(&self, stats: &MempoolStats) {
        let gossip = &stats.gossip;
        self.transactions.set(count(stats.transactions));
        self.bytes.set(count(stats.bytes));
        self.peers.set(count(stats.peers.iter().filter(|peer| peer.connected).count()));
        for (counter, value) in [
            (&self.full_refusals, stats.full_refusals),
            (&self.batches_sent, gossip.batches_sent),
            (&self.transactions_sent, gossip.transactions_sent),
            (&self.transactions_received, gossip.transactions_received),
            (&self.refused_received, gossip.refused_received),
            (&self.strangers, gossip.strangers),
        ] {
            // The pool counts; only its value is shown here.
            counter.inner().store(value, Ordering::Relaxed);
        }
    }
}
