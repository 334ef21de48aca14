//! What became of transactions: who waits for one, and which expired without ever standing in a block.
//!
//! One task follows the committed blocks for everybody. A request that waits leaves a one-shot sender under its
//! transaction id, then looks into the store once: either that look finds the outcome, or the block comes later and the
//! task answers. A subscription per request would instead wake every waiting request for every block.

use std::collections::{HashMap, VecDeque};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use huxin_chain_spec::ids::{Height, TxId};
use huxin_chain_spec::transaction::Outcome;
use lru::LruCache;
use parking_lot::Mutex;
use tokio::sync::broadcast::{self, error::RecvError};
use tokio::sync::oneshot;

use crate::ledger::{CommittedBlock, Ledger};
use crate::store::StoreError;

/// Most requests that wait for an outcome at the same time.
pub const WAITING_MAX: usize = 16_384;
/// Most expired transactions remembered.
const EXPIRED_MAX: usize = 65_536;
/// Newest blocks whose figures are kept for subscribers of events.
const BLOCKS_KEPT: usize = 256;

/// Why there is no waiting for an outcome.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum WaitError {
    #[error("too many requests wait already")]
    TooMany,
    #[error("could not be read: {0}")]
    Unreadable(String),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The definite end of a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum End {
    /// It stands in the block at this height.
    InBlock(Height, Outcome),
    /// It was pooled here, and its last height passed without it.
    Expired,
}

/// Outcomes as they happen. Cloning gives another handle to the same board.
#[derive(Clone, Default)]
pub struct Outcomes(Arc<Mutex<Board>>);

struct Board {
    waiting: HashMap<TxId, Waiting>,
    waiting_count: usize,
    expired: LruCache<TxId, ()>,
    blocks: VecDeque<Arc<CommittedBlock>>,
}

impl Default for Board {
    fn default() -> Self {
        let expired = LruCache::new(NonZeroUsize::new(EXPIRED_MAX).unwrap_or(NonZeroUsize::MIN));
        Self { waiting: HashMap::new(), waiting_count: 0, expired, blocks: VecDeque::new() }
    }
}

/// Who waits for one transaction: nearly always one.
struct Waiting {
    first: oneshot::Sender<End>,
    more: Vec<oneshot::Sender<End>>,
}

impl Waiting {
    fn answer(self, end: End) -> usize {
        let count = 1 + self.more.len();
        // A receiver that is gone has given up waiting.
        for sender in std::iter::once(self.first).chain(self.more) {
            let _gone = sender.send(end.clone());
        }
        count
    }
}

impl Outcomes {
    /// Tells that these transactions left the pool because the block at their last height, or a later one, is committed
    /// without them. To be called with what [`crate::mempool::Mempool::remove_committed`] returns.
    pub fn expired(&self, ids: &[TxId]) {
        let mut board = self.0.lock();
        for id in ids {
            board.expired.put(*id, ());
            board.answer(id, || End::Expired);
        }
    }

    pub(crate) fn is_expired(&self, id: &TxId) -> bool {
        self.0.lock().expired.contains(id)
    }

    /// The block at `height`, if it is one of the newest.
    pub(crate) fn block(&self, height: Height) -> Option<Arc<CommittedBlock>> {
        let board = self.0.lock();
        let newest = board.blocks.back()?.height.0;
        let back = usize::try_from(newest.checked_sub(height.0)?).ok()?;
        let at = board.blocks.len().checked_sub(back + 1)?;
        board.blocks.get(at).filter(|block| block.height == height).cloned()
    }

    /// Waits for the end of `id`, at most `timeout`; `None` if it has not come by then. The first look at the store comes
    /// after the request is on the board, so that no block can slip in between.
    pub(crate) async fn wait(&self, ledger: &Ledger, id: TxId, timeout: Duration) -> Result<Option<End>, WaitError> {
        let mut place = self.register(id)?;
        if let Some((height, outcome)) = ledger.outcome(&id)? {
            return Ok(Some(End::InBlock(height, outcome)));
        }
        if self.is_expired(&id) {
            return Ok(Some(End::Expired));
        }
        place.end(timeout).await
    }

    fn register(&self, id: TxId) -> Result<Place<'_>, WaitError> {
        let (sender, receiver) = oneshot::channel();
        let mut board = self.0.lock();
        if board.waiting_count >= WAITING_MAX {
            return Err(WaitError::TooMany);
        }
        board.waiting_count += 1;
        match board.waiting.get_mut(&id) {
            Some(waiting) => waiting.more.push(sender),
            None => drop(board.waiting.insert(id, Waiting { first: sender, more: Vec::new() })),
        }
        Ok(Place { outcomes: self, id, receiver })
    }

    fn committed(&self, block: Arc<CommittedBlock>) {
        let mut board = self.0.lock();
        if !board.waiting.is_empty() {
            for row in &block.outcomes {
                board.answer(&row.tx_id, || End::InBlock(block.height, row.outcome.clone()));
            }
        }
        if board.blocks.len() == BLOCKS_KEPT {
            board.blocks.pop_front();
        }
        board.blocks.push_back(block);
    }

    /// Answers who waits for what the store holds by now, as `read` finds it. Where it cannot be read, waiting ends with an
    /// error: "not yet" would be a guess.
    fn look_up_all(&self, read: impl Fn(&TxId) -> Result<Option<(Height, Outcome)>, StoreError>) {
        let ids: Vec<TxId> = self.0.lock().waiting.keys().copied().collect();
        for id in ids {
            match read(&id) {
                Ok(Some((height, outcome))) => self.0.lock().answer(&id, || End::InBlock(height, outcome)),
                Ok(None) => {}
                Err(error) => {
                    tracing::error!(%error, "an outcome could not be read");
                    self.0.lock().give_up(&id);
                }
            }
        }
    }

    /// Follows the blocks until the ledger is gone. Runs once per node.
    pub(crate) async fn follow(self, ledger: Arc<Ledger>, mut blocks: broadcast::Receiver<Arc<CommittedBlock>>) {
        loop {
            match blocks.recv().await {
                Ok(block) => self.committed(block),
                Err(RecvError::Lagged(missed)) => {
                    tracing::warn!(missed, "the follower of outcomes fell behind and looks into the store");
                    self.0.lock().blocks.clear();
                    self.look_up_all(|id| ledger.outcome(id));
                }
                Err(RecvError::Closed) => return,
            }
        }
    }
}

impl Board {
    fn answer(&mut self, id: &TxId, end: impl FnOnce() -> End) {
        if let Some(waiting) = self.waiting.remove(id) {
            self.waiting_count = self.waiting_count.saturating_sub(waiting.answer(end()));
        }
    }

    /// Ends the waiting for `id` without an answer.
    fn give_up(&mut self, id: &TxId) {
        if let Some(Waiting { more, .. }) = self.waiting.remove(id) {
            self.waiting_count = self.waiting_count.saturating_sub(1 + more.len());
        }
    }

    /// Drops the senders under `id` that nobody listens to.
    fn forget_closed(&mut self, id: &TxId) {
        let Some(Waiting { first, more }) = self.waiting.remove(id) else { return };
        let before = 1 + more.len();
        let mut open: Vec<_> = std::iter::once(first).chain(more).filter(|sender| !sender.is_closed()).collect();
        self.waiting_count = self.waiting_count.saturating_sub(before - open.len());
        if let Some(first) = open.pop() {
            self.waiting.insert(*id, Waiting { first, more: open });
        }
    }
}

/// A place on the board; given up when dropped, also when the client hangs up.
struct Place<'a> {
    outcomes: &'a Outcomes,
    id: TxId,
    receiver: oneshot::Receiver<End>,
}

impl Place<'_> {
    /// Waits at most `timeout`; `None` if the end has not come by then.
    async fn end(&mut self, timeout: Duration) -> Result<Option<End>, WaitError> {
        match tokio::time::timeout(timeout, &mut self.receiver).await {
            Ok(Ok(end)) => Ok(Some(end)),
            Ok(Err(_)) => Err(WaitError::Unreadable("the outcome that a request waits for".to_owned())),
            Err(_) => Ok(None),
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.receiver.close();
        self.outcomes.0.lock().forget_closed(&self.id);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use huxin_chain_spec::crypto::Digest;
    use huxin_chain_spec::ids::{RecordIndex, TimeMs};
    use huxin_chain_spec::transaction::TransactionOutcome;

    use super::*;

    fn id(byte: u8) -> TxId {
        TxId(Digest([byte; 32]))
    }

    fn outcome() -> Outcome {
        Outcome::Committed { first_record: RecordIndex(7), records: 1 }
    }

    fn block(height: u64, ids: &[TxId]) -> Arc<CommittedBlock> {
        let outcomes = ids.iter().map(|tx_id| TransactionOutcome { tx_id: *tx_id, outcome: outcome() }).collect();
        Arc::new(CommittedBlock {
            height: Height(height),
            hash: Digest::ZERO,
            time_ms: TimeMs::EPOCH.plus_ms(height),
            outcomes,
            records: 1,
            log_size: height,
            round: 0,
        })
    }

    #[test]
    fn all_who_wait_for_one_transaction_are_answered_by_its_block_only() {
        let outcomes = Outcomes::default();
        let mut places: Vec<_> = (0..3).map(|_| outcomes.register(id(1)).unwrap()).collect();
        let mut other = outcomes.register(id(2)).unwrap();
        outcomes.committed(block(5, &[id(1)]));
        for place in &mut places {
            assert_eq!(place.receiver.try_recv().unwrap(), End::InBlock(Height(5), outcome()));
        }
        assert!(other.receiver.try_recv().is_err());
        outcomes.expired(&[id(2)]);
        assert_eq!(other.receiver.try_recv().unwrap(), End::Expired);
        assert!(outcomes.is_expired(&id(2)) && !outcomes.is_expired(&id(1)));
        drop((places, other));
        assert_eq!(outcomes.0.lock().waiting_count, 0);
    }

    /// The store did not answer, and the request was told "pending" once its time was over.
    #[tokio::test]
    async fn who_waits_for_an_outcome_that_cannot_be_read_gets_an_error() {
        let outcomes = Outcomes::default();
        let (mut broken, mut open) = (outcomes.register(id(1)).unwrap(), outcomes.register(id(2)).unwrap());
        outcomes.look_up_all(|asked| match *asked == id(1) {
            true => Err(StoreError::damaged(std::path::Path::new("store"), "transactions", "checksum")),
            false => Ok(None),
        });
        assert!(matches!(broken.end(Duration::from_secs(60)).await, Err(WaitError::Unreadable(_))));
        assert_eq!(open.end(Duration::ZERO).await.unwrap(), None);
        drop((broken, open));
        assert_eq!(outcomes.0.lock().waiting_count, 0);
    }

    #[test]
    fn a_place_given_up_is_freed_and_the_others_stay() {
        let outcomes = Outcomes::default();
        let mut stays = outcomes.register(id(1)).unwrap();
        drop(outcomes.register(id(1)).unwrap());
        drop(outcomes.register(id(2)).unwrap());
        {
            let board = outcomes.0.lock();
            assert_eq!((board.waiting_count, board.waiting.len()), (1, 1));
        }
        outcomes.committed(block(1, &[id(1), id(2)]));
        assert!(stays.receiver.try_recv().is_ok());
    }

    #[test]
    fn the_board_is_bounded() {
        let outcomes = Outcomes::default();
        outcomes.0.lock().waiting_count = WAITING_MAX;
        assert!(outcomes.register(id(1)).is_err());
    }

    #[test]
    fn the_newest_blocks_are_found_by_height() {
        let outcomes = Outcomes::default();
        assert!(outcomes.block(Height(1)).is_none());
        for height in 3..=400 {
            outcomes.committed(block(height, &[]));
        }
        assert_eq!(outcomes.block(Height(400)).unwrap().height, Height(400));
        assert_eq!(outcomes.block(Height(145)).unwrap().height, Height(145));
        assert!(outcomes.block(Height(144)).is_none() && outcomes.block(Height(401)).is_none());
    }
}
