//! Steady work while faults happen.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use huxin_chain_spec::api::OutcomeAnswer;
use huxin_chain_spec::ids::TxId;
use reqwest::Method;
use tokio::task::JoinHandle;

use crate::{Http, Issuer};

/// Least time between two transactions of one worker.
const PACE: Duration = Duration::from_millis(20);
/// Longest one request waits for its block, in milliseconds; then the same bytes go to the next node.
const WAIT_MS: u64 = 3_000;

/// A transaction that a node called committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledged {
    pub tx_id: TxId,
    pub height: u64,
    pub first_record: u64,
}

/// Workers that issue one licence after the other until stopped. A worker keeps sending the same bytes, to one node after
/// the other, until some node tells the outcome: what clients do in an outage.
pub struct Load {
    stop: Arc<AtomicBool>,
    acknowledged: Arc<AtomicUsize>,
    workers: Vec<JoinHandle<Vec<Acknowledged>>>,
}

impl Load {
    /// Starts `workers` workers over these nodes.
    pub fn start(nodes: &[Http], issuer: &Issuer, workers: usize) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let acknowledged = Arc::new(AtomicUsize::new(0));
        let workers = (0..workers)
            .map(|first| {
                let worker = Worker {
                    nodes: nodes.to_vec(),
                    issuer: issuer.clone(),
                    node: first,
                    height: 0,
                    stop: Arc::clone(&stop),
                    total: Arc::clone(&acknowledged),
                };
                tokio::spawn(worker.run())
            })
            .collect();
        Self { stop, acknowledged, workers }
    }

    /// How many transactions are acknowledged so far.
    pub fn acknowledged(&self) -> usize {
        self.acknowledged.load(Ordering::Relaxed)
    }

    /// Ends the work and gives every acknowledgement.
    pub async fn stop(self) -> Vec<Acknowledged> {
        self.stop.store(true, Ordering::Relaxed);
        let mut all = Vec::new();
        for worker in self.workers {
            all.extend(worker.await.unwrap());
        }
        all
    }
}

struct Worker {
    nodes: Vec<Http>,
    issuer: Issuer,
    /// Position of the node in use.
    node: usize,
    /// Greatest height seen.
    height: u64,
    stop: Arc<AtomicBool>,
    total: Arc<AtomicUsize>,
}

impl Worker {
    async fn run(mut self) -> Vec<Acknowledged> {
        let mut done = Vec::new();
        let mut pace = tokio::time::interval(PACE);
        while !self.stop.load(Ordering::Relaxed) {
            pace.tick().await;
            let transaction = self.issuer.sign(vec![self.issuer.issue_new().1], self.height);
            if let Some(acknowledged) = self.see_through(transaction.tx_id, &transaction.bytes).await {
                self.total.fetch_add(1, Ordering::Relaxed);
                done.push(acknowledged);
            }
        }
        done
    }

    /// The outcome of a transaction, or `None` if the work ended before anybody told it.
    async fn see_through(&mut self, tx_id: TxId, bytes: &[u8]) -> Option<Acknowledged> {
        let path = format!("/v1/transactions?wait=committed&timeout_ms={WAIT_MS}");
        let mut pace = tokio::time::interval(PACE);
        while !self.stop.load(Ordering::Relaxed) {
            pace.tick().await;
            let node = &self.nodes[self.node % self.nodes.len()];
            let reply =
                node.send(Method::POST, &path, &[("content-type", "application/octet-stream")], bytes.to_vec()).await;
            let Some(reply) = reply else {
                self.node += 1;
                continue;
            };
            self.height = self.height.max(reply.height.unwrap_or(0));
            match reply.status {
                200 => match self.read(tx_id, &reply.json()) {
                    Some(acknowledged) => return Some(acknowledged),
                    None => self.node += 1,
                },
                429 | 503 => self.node += 1,
                // A node that has to catch up first may find the expiry too far ahead.
                422 if reply.error().code == "transaction.expiry_too_far" => self.node += 1,
                status => panic!("{} for {tx_id}: {:?}", status, reply.error()),
            }
        }
        None
    }

    fn read(&self, tx_id: TxId, answer: &OutcomeAnswer) -> Option<Acknowledged> {
        assert_eq!(answer.tx_id, tx_id.to_string());
        match answer.outcome.as_str() {
            "committed" => {
                Some(Acknowledged { tx_id, height: answer.height.unwrap(), first_record: answer.first_record.unwrap() })
            }
            "pending" | "unknown" => None,
            other => panic!("{tx_id} is {other}: {answer:?}"),
        }
    }
}
