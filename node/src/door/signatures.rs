//! Signature checks of many requests as one batch.

use huxin_chain_spec::crypto::{self, BatchItem};
use tokio::sync::{mpsc, oneshot};

/// Most signatures in one batch; larger ones gain little.
const BATCH_MAX: usize = 256;
/// Most signatures waiting; beyond it, requests wait to be queued.
const QUEUE_MAX: usize = 8_192;

type Request = (BatchItem, oneshot::Sender<bool>);

/// Handle to the task that checks signatures.
pub struct SignatureChecks {
    queue: mpsc::Sender<Request>,
}

impl SignatureChecks {
    /// Starts the task on the current tokio runtime; it ends with the last handle.
    pub fn start() -> Self {
        let (queue, requests) = mpsc::channel(QUEUE_MAX);
        tokio::spawn(run(requests));
        Self { queue }
    }

    /// Whether the signature verifies. Also false while the node is stopping.
    pub async fn check(&self, item: BatchItem) -> bool {
        let (answer, result) = oneshot::channel();
        if self.queue.send((item, answer)).await.is_err() {
            return false;
        }
        result.await.unwrap_or(false)
    }
}

async fn run(mut requests: mpsc::Receiver<Request>) {
    let mut batch = Vec::with_capacity(BATCH_MAX);
    while requests.recv_many(&mut batch, BATCH_MAX).await > 0 {
        let (items, answers): (Vec<_>, Vec<_>) = batch.drain(..).unzip();
        let Ok(bad) = tokio::task::spawn_blocking(move || crypto::verify_batch(&items)).await else { continue };
        for (position, answer) in answers.into_iter().enumerate() {
            // The receiver is gone if its request was cancelled.
            let _ = answer.send(bad.binary_search(&position).is_err());
        }
    }
}
