//! The handle to the pool that the API, the consensus driver and the swarm share.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use huxin_chain_spec::crypto::{Digest, DigestAlgorithm};
use huxin_chain_spec::ids::{Height, TxId};
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::state::{LocalBatch, PoolState, Source};
use super::stats::{Counters, MempoolStats, PeerGauge, add};
use super::{BlockBounds, Inserted, Owner, PoolError, PoolLimits, PooledTransaction};

/// The transaction pool. Cloning gives another handle to the same pool; all methods are quick and take one short lock.
#[derive(Debug, Clone)]
pub struct Mempool {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    limits: PoolLimits,
    state: Mutex<PoolState>,
    counters: Counters,
    /// Wakes the tasks that wait for a first transaction.
    work: Notify,
    /// Wakes the swarm: a local transaction is to be sent.
    local_added: Notify,
    network: Mutex<Network>,
}

/// Status that the swarm publishes.
#[derive(Debug, Default)]
struct Network {
    peers: Vec<Arc<PeerGauge>>,
    listen: Vec<String>,
}

impl Mempool {
    /// An empty pool.
    pub fn new(limits: PoolLimits) -> Self {
        Self {
            shared: Arc::new(Shared {
                state: Mutex::new(PoolState::new(limits.clone())),
                limits,
                counters: Counters::default(),
                work: Notify::new(),
                local_added: Notify::new(),
                network: Mutex::default(),
            }),
        }
    }

    /// The bounds given at creation.
    pub fn limits(&self) -> &PoolLimits {
        &self.shared.limits
    }

    /// Pools a transaction that entered at this node's API and was verified there, and sends it to all peers.
    ///
    /// # Errors
    /// [`PoolError::Full`] is the API's 429; the transaction was not pooled. [`PoolError::Expired`] and
    /// [`PoolError::TooLarge`] are final.
    pub fn insert_local(&self, transaction: PooledTransaction) -> Result<Inserted, PoolError> {
        let inserted = self.insert(transaction, Source::Local)?;
        if inserted == Inserted::New {
            self.shared.local_added.notify_one();
        }
        Ok(inserted)
    }

    /// Pools a transaction that a peer sent and the ledger admitted. It is not sent on.
    pub(super) fn insert(&self, transaction: PooledTransaction, source: Source) -> Result<Inserted, PoolError> {
        let (result, was_empty) = {
            let mut state = self.shared.state.lock();
            // Read under the same lock as the insertion, so that exactly one insertion into an empty pool wakes the waiters.
            let was_empty = state.len() == 0;
            (state.insert(transaction, source), was_empty)
        };
        match result {
            Ok(Inserted::New) if was_empty => self.shared.work.notify_waiters(),
            Err(PoolError::Full { .. } | PoolError::Share { .. }) => add(&self.shared.counters.full_refusals, 1),
            _ => {}
        }
        result
    }

    /// Whether a transaction of so many bytes would fit now. A hint only: it avoids checking what could not be pooled.
    pub fn room_for(&self, owner: &Owner, bytes: usize) -> Result<(), PoolError> {
        let room = self.shared.state.lock().room_for(owner, bytes, Source::Local).map(|_| ());
        if room.is_err() {
            add(&self.shared.counters.full_refusals, 1);
        }
        room
    }

    /// Whether a batch of `bytes` from `source` would fit. A hint only: it avoids verifying what could not be pooled.
    pub(super) fn check_room(&self, bytes: usize, source: Source) -> Result<(), PoolError> {
        self.shared.state.lock().check_room(bytes, source)
    }

    /// Transactions for the block at `height`, within all bounds, by turns of provinces and of their keys; of one key in
    /// order of arrival. They stay in the pool until [`Self::remove_committed`].
    pub fn take(&self, bounds: BlockBounds, height: Height) -> Vec<PooledTransaction> {
        self.shared.state.lock().take(bounds, height, Instant::now())
    }

    /// Removes what the block at `height` holds, accepted and rejected alike, and what has expired with it. Returns the
    /// ids of the expired.
    pub fn remove_committed(&self, ids: &[TxId], height: Height) -> Vec<TxId> {
        self.shared.state.lock().remove_committed(ids, height, Instant::now())
    }

    /// Whether the pool holds the transaction now.
    pub fn contains(&self, id: &TxId) -> bool {
        self.shared.state.lock().contains(id)
    }

    /// Transactions held.
    pub fn len(&self) -> usize {
        self.shared.state.lock().len()
    }

    /// Whether nothing is pending.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of transactions held.
    pub fn bytes(&self) -> usize {
        self.shared.state.lock().bytes()
    }

    /// Returns as soon as the pool holds a transaction.
    pub async fn wait_for_work(&self) {
        loop {
            let added = self.shared.work.notified();
            tokio::pin!(added);
            // Registered before looking, so that an insertion in between is not missed.
            added.as_mut().enable();
            if !self.is_empty() {
                return;
            }
            added.await;
        }
    }

    /// Whether exactly these bytes, signature included, were verified here before: they are in the pool, or
    /// [`Self::mark_verified`] was called with them and they have not been evicted.
    ///
    /// The id alone is not enough: it does not cover the signature, so a block could carry a pooled id under a false
    /// signature, and nodes with and without the pooled copy would judge that block differently.
    pub fn is_verified(&self, id: &TxId, bytes: &[u8]) -> bool {
        let pooled = self.shared.state.lock().bytes_of(id);
        if pooled.is_some_and(|pooled| pooled == bytes) {
            return true;
        }
        // Hashed outside the lock: a block's worth of hashing must not stall the API and the swarm.
        let digest = digest(bytes);
        self.shared.state.lock().verified.contains(&digest)
    }

    /// Remembers complete transactions whose signatures were verified outside the pool, for example while validating a
    /// block. Bounded by [`PoolLimits::verified_max`]; the oldest are evicted first.
    pub fn mark_verified<'a>(&self, transactions: impl IntoIterator<Item = &'a [u8]>) {
        let digests: Vec<Digest> = transactions.into_iter().map(digest).collect();
        let mut state = self.shared.state.lock();
        for digest in digests {
            state.verified.insert(digest);
        }
    }

    /// A snapshot for metrics.
    pub fn stats(&self) -> MempoolStats {
        let (transactions, bytes, verified) = {
            let state = self.shared.state.lock();
            (state.len(), state.bytes(), state.verified.len())
        };
        let network = self.shared.network.lock();
        MempoolStats {
            transactions,
            bytes,
            verified,
            full_refusals: self.shared.counters.full_refusals.load(Ordering::Relaxed),
            gossip: self.shared.counters.gossip(),
            peers: network.peers.iter().map(|peer| peer.status()).collect(),
            listen: network.listen.clone(),
        }
    }

    pub(super) fn local_from(&self, cursor: u64, bytes_max: usize, count_max: usize) -> LocalBatch {
        self.shared.state.lock().local_from(cursor, bytes_max, count_max)
    }

    /// Resolves after a local insertion, also after one that happened while no task was waiting.
    pub(super) async fn local_added(&self) {
        self.shared.local_added.notified().await;
    }

    pub(super) fn counters(&self) -> &Counters {
        &self.shared.counters
    }

    pub(super) fn show_peers(&self, peers: Vec<Arc<PeerGauge>>) {
        self.shared.network.lock().peers = peers;
    }

    pub(super) fn show_listen(&self, listen: Vec<String>) {
        self.shared.network.lock().listen = listen;
    }
}

/// Identifies complete bytes inside this process only, so the algorithm need not be the chain's.
fn digest(bytes: &[u8]) -> Digest {
    DigestAlgorithm::Sha256.plain(&[bytes])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, clippy::cast_possible_truncation, reason = "tests")]
    use std::time::Duration;

    use bytes::Bytes;
    use huxin_chain_spec::crypto::KeyId;
    use huxin_chain_spec::ids::ProvinceCode;

    use super::*;

    fn transaction(number: u64, size: usize, expires_at: u64) -> PooledTransaction {
        let mut bytes = vec![0u8; size];
        bytes[..8].copy_from_slice(&number.to_le_bytes());
        PooledTransaction {
            id: TxId(digest(&bytes)),
            bytes: Bytes::from(bytes),
            expires_at: Height(expires_at),
            operations: 2,
            weight: 3,
            owner: owner(0, 1),
        }
    }

    fn owner(province: usize, key: u8) -> Owner {
        Owner { province: ProvinceCode::all().nth(province).unwrap(), key: KeyId(Digest([key; 32])) }
    }

    fn take(pool: &Mempool, bytes_max: usize, operations_max: usize, height: Height) -> Vec<PooledTransaction> {
        pool.take(BlockBounds::of(bytes_max, operations_max), height)
    }

    fn numbers(taken: &[PooledTransaction]) -> Vec<u64> {
        taken.iter().map(|t| u64::from_le_bytes(t.bytes[..8].try_into().unwrap())).collect()
    }

    fn pool(bytes_max: usize) -> Mempool {
        Mempool::new(PoolLimits {
            bytes_max,
            source_share_percent_max: 100,
            provinces_max: 0,
            verified_max: 3,
            committed_max: 2,
            ..PoolLimits::default()
        })
    }

    fn fill(pool: &Mempool, range: std::ops::Range<u64>) {
        for number in range {
            assert_eq!(pool.insert_local(transaction(number, 100, 50)), Ok(Inserted::New));
        }
    }

    #[test]
    fn holds_no_more_than_its_bytes_and_says_when_to_retry() {
        let pool = pool(1_000);
        fill(&pool, 0..10);
        let refused = pool.insert_local(transaction(10, 100, 50));
        assert_eq!(refused, Err(PoolError::Full { retry_after_ms: 1_000 }));
        assert_eq!((pool.len(), pool.bytes(), pool.stats().full_refusals), (10, 1_000, 1));
        pool.remove_committed(&[transaction(3, 100, 50).id], Height(1));
        assert_eq!(pool.insert_local(transaction(10, 100, 50)), Ok(Inserted::New));
    }

    #[test]
    fn advice_follows_the_rate_of_blocks() {
        let mut state = PoolState::new(PoolLimits { bytes_max: 1_600, provinces_max: 0, ..PoolLimits::default() });
        let start = Instant::now();
        let ids: Vec<TxId> = (0..8).map(|n| transaction(n, 100, 50).id).collect();
        for number in 0..8 {
            state.insert(transaction(number, 100, 50), Source::Local).unwrap();
        }
        state.remove_committed(&ids[..1], Height(1), start);
        state.remove_committed(&ids[1..5], Height(2), start + Duration::from_secs(1));
        // 400 bytes in a second, smoothed to 100 bytes/s; a sixteenth of the pool is 100 bytes.
        let full = state.check_room(2_000, Source::Local);
        assert_eq!(full, Err(PoolError::Full { retry_after_ms: 1_000 }));
        state.remove_committed(&ids[5..], Height(3), start + Duration::from_millis(1_001));
        let Err(PoolError::Full { retry_after_ms }) = state.check_room(2_000, Source::Local) else { panic!("full") };
        assert_eq!(retry_after_ms, 50);
    }

    #[test]
    fn holds_no_more_than_its_count() {
        let pool = Mempool::new(PoolLimits { transactions_max: 2, provinces_max: 0, ..PoolLimits::default() });
        fill(&pool, 0..2);
        assert!(matches!(pool.insert_local(transaction(2, 100, 50)), Err(PoolError::Full { .. })));
    }

    #[test]
    fn one_source_cannot_fill_the_pool() {
        let pool = Mempool::new(PoolLimits {
            bytes_max: 1_000,
            source_share_percent_max: 50,
            provinces_max: 0,
            ..PoolLimits::default()
        });
        for number in 0..5 {
            assert!(pool.insert(transaction(number, 100, 50), Source::Peer(0)).is_ok());
        }
        assert!(matches!(pool.insert(transaction(5, 100, 50), Source::Peer(0)), Err(PoolError::Full { .. })));
        assert_eq!(pool.insert(transaction(5, 100, 50), Source::Peer(1)), Ok(Inserted::New));
        assert_eq!(pool.insert_local(transaction(6, 100, 50)), Ok(Inserted::New));
    }

    #[test]
    fn knows_what_it_holds_and_what_was_committed() {
        let pool = pool(10_000);
        fill(&pool, 0..1);
        let held = transaction(0, 100, 50);
        assert_eq!(pool.insert_local(held.clone()), Ok(Inserted::Known));
        assert!(pool.contains(&held.id));
        pool.remove_committed(&[held.id, transaction(9, 100, 50).id], Height(1));
        assert!(!pool.contains(&held.id) && pool.is_empty() && pool.bytes() == 0);
        // A late copy from a peer, of what was pooled here and of what was not.
        assert_eq!(pool.insert(held, Source::Peer(0)), Ok(Inserted::Known));
        assert_eq!(pool.insert(transaction(9, 100, 50), Source::Peer(0)), Ok(Inserted::Known));
        assert!(pool.is_empty());
    }

    #[test]
    fn takes_in_order_within_both_bounds() {
        let pool = pool(10_000);
        fill(&pool, 0..6);
        assert_eq!(numbers(&take(&pool, 10_000, 1_000, Height(1))), [0, 1, 2, 3, 4, 5]);
        assert_eq!(numbers(&take(&pool, 399, 1_000, Height(1))), [0, 1, 2]);
        assert_eq!(numbers(&take(&pool, 10_000, 5, Height(1))), [0, 1]);
        assert_eq!(pool.len(), 6);
        pool.remove_committed(&[transaction(1, 100, 50).id], Height(1));
        assert_eq!(numbers(&take(&pool, 300, 1_000, Height(2))), [0, 2, 3]);
    }

    #[test]
    fn a_younger_one_does_not_overtake_but_one_that_never_fits_is_passed_over() {
        let pool = pool(10_000);
        for (number, size) in [(0, 900), (1, 100), (2, 300), (3, 50)] {
            pool.insert_local(transaction(number, size, 50)).unwrap();
        }
        assert_eq!(numbers(&take(&pool, 350, 100, Height(1))), [1]);
        assert_eq!(numbers(&take(&pool, 450, 100, Height(1))), [1, 2, 3]);
    }

    #[test]
    fn taking_shares_the_bytes() {
        let pool = pool(10_000);
        let held = transaction(0, 100, 50);
        pool.insert_local(held.clone()).unwrap();
        assert_eq!(take(&pool, 1_000, 10, Height(1))[0].bytes.as_ptr(), held.bytes.as_ptr());
    }

    #[test]
    fn expires_after_the_last_height_it_names() {
        let pool = pool(10_000);
        for (number, expires_at) in [(0, 5), (1, 6), (2, 5), (3, 7)] {
            pool.insert_local(transaction(number, 100, expires_at)).unwrap();
        }
        assert_eq!(numbers(&take(&pool, 10_000, 100, Height(5))), [0, 1, 2, 3]);
        assert_eq!(numbers(&take(&pool, 10_000, 100, Height(6))), [1, 3]);
        assert!(pool.remove_committed(&[], Height(4)).is_empty());
        let expired = pool.remove_committed(&[transaction(0, 100, 5).id], Height(5));
        assert_eq!(expired, [transaction(2, 100, 5).id], "committed in time is not expired");
        assert_eq!((pool.len(), pool.bytes()), (2, 200));
        let late = pool.insert_local(transaction(4, 100, 5));
        assert_eq!(late, Err(PoolError::Expired { expires_at: Height(5), height: Height(5) }));
    }

    #[test]
    fn refuses_what_no_batch_can_carry() {
        let pool = Mempool::new(PoolLimits::default());
        let bytes_max = super::super::BATCH_BYTES_MAX;
        assert_eq!(
            pool.insert_local(transaction(0, bytes_max + 1, 5)),
            Err(PoolError::TooLarge { bytes: bytes_max + 1, bytes_max })
        );
        assert_eq!(pool.insert_local(transaction(0, bytes_max, 5)), Ok(Inserted::New));
    }

    #[test]
    fn remembers_verified_bytes_not_ids() {
        let pool = pool(10_000);
        let held = transaction(0, 100, 50);
        let mut forged = held.bytes.to_vec();
        forged[99] ^= 1;
        pool.insert_local(held.clone()).unwrap();
        assert!(pool.is_verified(&held.id, &held.bytes));
        assert!(!pool.is_verified(&held.id, &forged), "same id, other signature");
        let others: Vec<PooledTransaction> = (1..5).map(|n| transaction(n, 100, 50)).collect();
        pool.mark_verified(others.iter().map(|t| t.bytes.as_ref()));
        let known: Vec<bool> = others.iter().map(|t| pool.is_verified(&t.id, &t.bytes)).collect();
        assert_eq!(known, [false, true, true, true], "bounded, oldest forgotten first");
        assert_eq!(pool.stats().verified, 3);
    }

    #[test]
    fn cuts_local_batches_by_bytes_and_count() {
        let pool = pool(10_000);
        fill(&pool, 0..3);
        pool.insert(transaction(3, 100, 50), Source::Peer(0)).unwrap();
        fill(&pool, 4..6);
        assert_eq!(pool.local_from(0, 250, 10).sequences, [0, 1]);
        assert_eq!(pool.local_from(2, 1_000, 10).sequences, [2, 4, 5], "what a peer sent is not sent on");
        assert_eq!(pool.local_from(2, 10, 10).sequences, [2], "at least one");
        assert_eq!(pool.local_from(0, 1_000, 4).sequences, [0, 1, 2, 4]);
        pool.remove_committed(&[transaction(1, 100, 50).id], Height(1));
        assert_eq!(pool.local_from(0, 1_000, 3).sequences, [0, 2, 4]);
        assert!(pool.local_from(6, 1_000, 3).items.is_empty());
    }

    #[tokio::test]
    async fn waits_for_a_first_transaction() {
        let pool = pool(10_000);
        let waiting = tokio::spawn({
            let pool = pool.clone();
            async move { pool.wait_for_work().await }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        fill(&pool, 0..1);
        tokio::time::timeout(Duration::from_secs(5), waiting).await.unwrap().unwrap();
        pool.wait_for_work().await;
    }

    #[test]
    fn keeps_up_with_many_threads() {
        let pool =
            Mempool::new(PoolLimits { source_share_percent_max: 100, provinces_max: 0, ..PoolLimits::default() });
        std::thread::scope(|scope| {
            for lane in 0..4u64 {
                let pool = &pool;
                scope.spawn(move || fill(pool, lane * 10_000..(lane + 1) * 10_000));
            }
        });
        assert_eq!((pool.len(), pool.bytes()), (40_000, 4_000_000));
        let taken = take(&pool, usize::MAX, usize::MAX, Height(1));
        let ids: Vec<TxId> = taken.iter().map(|t| t.id).collect();
        pool.remove_committed(&ids, Height(1));
        assert_eq!((pool.len(), pool.bytes(), pool.local_from(0, 1, 1).items.len()), (0, 0, 0));
    }
}
