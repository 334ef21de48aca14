//! Batches from peers: queued per peer, verified on blocking threads, pooled, answered.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use libp2p::request_response::ResponseChannel;
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::Instant;

use super::codec::{BatchReply, BatchStatus};
use super::state::{Source, millis};
use super::{Admission, Inserted, Mempool, PoolError};

/// Wait suggested to a peer that has too many bytes waiting here, in milliseconds.
const RETRY_AFTER_MS_BUSY: u64 = 50;

/// A batch waiting for its turn.
struct Waiting {
    batch: Vec<Bytes>,
    bytes: usize,
    channel: ResponseChannel<BatchReply>,
}

/// Batches of one peer. One is verified at a time, so that a busy peer leaves threads to the others.
#[derive(Default)]
struct Inbox {
    waiting: VecDeque<Waiting>,
    /// Bytes waiting and under verification.
    bytes: usize,
    verifying: bool,
    muted_until: Option<Instant>,
}

/// A verification under way.
struct Running {
    peer: usize,
    bytes: usize,
    channel: ResponseChannel<BatchReply>,
}

/// A processed batch.
pub(super) struct Finished {
    pub(super) peer: usize,
    pub(super) channel: ResponseChannel<BatchReply>,
    /// `None` if the ledger's check itself failed; the peer gets no answer and sends the batch again.
    pub(super) verdict: Option<Verdict>,
}

/// Result of a batch.
#[derive(Debug, Clone, Copy)]
pub(super) struct Verdict {
    pub(super) reply: BatchReply,
    /// The first refusal that an honest node cannot cause, if there was one.
    pub(super) fault: Option<&'static str>,
}

/// All peers' batches and the verifications under way.
pub(super) struct Inbound<A> {
    mempool: Mempool,
    admission: Arc<A>,
    inboxes: Vec<Inbox>,
    /// Inbox to look at first, so that all get their turn.
    next: usize,
    tasks: JoinSet<Verdict>,
    running: HashMap<Id, Running>,
}

impl<A: Admission> Inbound<A> {
    pub(super) fn new(mempool: Mempool, admission: Arc<A>, peers: usize) -> Self {
        Self {
            mempool,
            admission,
            inboxes: std::iter::repeat_with(Inbox::default).take(peers).collect(),
            next: 0,
            tasks: JoinSet::new(),
            running: HashMap::new(),
        }
    }

    /// Makes room for one more peer, at the end.
    pub(super) fn add_peer(&mut self) {
        self.inboxes.push(Inbox::default());
    }

    /// Queues a batch, or answers at once why not.
    pub(super) fn receive(
        &mut self,
        peer: usize,
        batch: Vec<Bytes>,
        channel: ResponseChannel<BatchReply>,
        now: Instant,
    ) -> Result<(), (ResponseChannel<BatchReply>, BatchReply)> {
        let limits = self.mempool.limits();
        let Some(inbox) = self.inboxes.get_mut(peer) else {
            return Err((channel, BatchReply::later(limits.mute_ms)));
        };
        if let Some(left) = inbox.muted_until.map(|until| until.saturating_duration_since(now))
            && !left.is_zero()
        {
            return Err((channel, BatchReply::later(millis(left))));
        }
        let bytes = batch.iter().map(Bytes::len).sum();
        if inbox.bytes > 0 && inbox.bytes + bytes > limits.per_peer_bytes_inflight_max {
            return Err((channel, BatchReply::later(RETRY_AFTER_MS_BUSY)));
        }
        inbox.bytes += bytes;
        inbox.waiting.push_back(Waiting { batch, bytes, channel });
        Ok(())
    }

    /// Stops listening to a peer for a while.
    pub(super) fn mute(&mut self, peer: usize, now: Instant) {
        let mute = Duration::from_millis(self.mempool.limits().mute_ms);
        if let Some(inbox) = self.inboxes.get_mut(peer) {
            inbox.muted_until = Some(now + mute);
        }
    }

    /// Starts as many verifications as are allowed and waiting.
    pub(super) fn start(&mut self) {
        while self.running.len() < self.mempool.limits().verifications_max.max(1) {
            let Some((peer, waiting)) = self.next_waiting() else { return };
            let (mempool, admission) = (self.mempool.clone(), Arc::clone(&self.admission));
            let handle =
                self.tasks.spawn_blocking(move || verify_and_pool(&mempool, admission.as_ref(), peer, waiting.batch));
            let running = Running { peer, bytes: waiting.bytes, channel: waiting.channel };
            self.running.insert(handle.id(), running);
        }
    }

    fn next_waiting(&mut self) -> Option<(usize, Waiting)> {
        let count = self.inboxes.len();
        for peer in (self.next..count).chain(0..self.next) {
            let inbox = self.inboxes.get_mut(peer)?;
            if !inbox.verifying
                && let Some(waiting) = inbox.waiting.pop_front()
            {
                inbox.verifying = true;
                self.next = (peer + 1) % count;
                return Some((peer, waiting));
            }
        }
        None
    }

    /// The next processed batch; never resolves while none is being processed.
    pub(super) async fn finished(&mut self) -> Finished {
        loop {
            let Some(joined) = self.tasks.join_next_with_id().await else {
                std::future::pending::<()>().await;
                continue;
            };
            let (id, verdict) = match joined {
                Ok((id, verdict)) => (id, Some(verdict)),
                Err(error) => (report_failure(&error), None),
            };
            if let Some(Running { peer, bytes, channel }) = self.running.remove(&id) {
                if let Some(inbox) = self.inboxes.get_mut(peer) {
                    inbox.verifying = false;
                    inbox.bytes -= bytes;
                }
                return Finished { peer, channel, verdict };
            }
        }
    }
}

fn report_failure(error: &JoinError) -> Id {
    tracing::error!(%error, "mempool.admission_failed: could not check a batch; its peer sends it again");
    error.id()
}

/// Runs on a blocking thread.
fn verify_and_pool(mempool: &Mempool, admission: &impl Admission, peer: usize, batch: Vec<Bytes>) -> Verdict {
    let source = Source::Peer(peer);
    let count = to_u32(batch.len());
    let bytes = batch.iter().map(Bytes::len).sum::<usize>().min(mempool.limits().batch_bytes_max);
    let mut reply =
        BatchReply { status: BatchStatus::Done, accepted: 0, known: 0, refused: 0, consumed: count, retry_after_ms: 0 };
    if let Err(full) = mempool.check_room(bytes, source) {
        reply = filled_up(reply, 0, full);
        return Verdict { reply, fault: None };
    }
    let mut fault = None;
    let (mut answered, mut full) = (0, None);
    for result in admission.admit_batch(batch) {
        let inserted = match result {
            Ok(transaction) if admission.is_committed(&transaction.id) => Ok(Inserted::Known),
            Ok(transaction) => mempool.insert(transaction, source),
            Err(error) => {
                fault = fault.or(error.peer_at_fault.then_some(error.code));
                reply.refused += 1;
                answered += 1;
                continue;
            }
        };
        match inserted {
            Ok(Inserted::New) => reply.accepted += 1,
            Ok(Inserted::Known) => reply.known += 1,
            Err(error @ PoolError::Full { .. }) => {
                full = Some(error);
                break;
            }
            // Also where the share of its key or province is full: the nodes that hold it propose it, and what comes after it in
            // the batch must not wait for it.
            Err(_) => reply.refused += 1,
        }
        answered += 1;
    }
    if let Some(full) = full {
        reply = filled_up(reply, answered, full);
    }
    if fault.is_some() {
        let retry_after_ms = u32::try_from(mempool.limits().mute_ms).unwrap_or(u32::MAX);
        reply = BatchReply { status: BatchStatus::Refused, retry_after_ms, ..reply };
    }
    Verdict { reply, fault }
}

fn filled_up(reply: BatchReply, consumed: u32, error: PoolError) -> BatchReply {
    let wait_ms = match error {
        PoolError::Full { retry_after_ms } => retry_after_ms,
        _ => RETRY_AFTER_MS_BUSY,
    };
    let retry_after_ms = u32::try_from(wait_ms).unwrap_or(u32::MAX);
    BatchReply { status: BatchStatus::Full, consumed, retry_after_ms, ..reply }
}

fn to_u32(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
