//! What the pool holds, without locks, clocks or network.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::{Duration, Instant};

use bytes::Bytes;
use huxin_chain_spec::crypto::Digest;
use huxin_chain_spec::ids::{Height, TxId};

use super::codec::BATCH_BYTES_MAX;
use super::recent::RecentSet;
use super::shares::{Account, Shares, Turn};
use super::{BlockBounds, Inserted, Owner, PoolError, PoolLimits, PooledTransaction, Share};

/// Wait suggested to a refused submitter before the first block has shown how fast the pool empties, in milliseconds.
const RETRY_AFTER_MS_UNKNOWN: u64 = 1_000;
/// Bounds of the suggested wait afterwards, in milliseconds.
const RETRY_AFTER_MS: std::ops::RangeInclusive<u64> = 50..=30_000;

/// Weight of a block beyond which nothing is added while a province floods and another sends single records: 50 ms of work.
pub(super) const SHARED_WEIGHT_TARGET: u64 = 50_000;

/// Heaviest block that takes no noticeable time: that of single records. While a province floods and another sends single records, a
/// block with a transaction above this is followed by one of these, so that a single record waits for one long transaction at most. Where
/// all transactions are short, turns within a block suffice.
pub(super) const LIGHT_BLOCK_WEIGHT: u64 = 10_000;

/// Where a transaction entered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Source {
    /// This node's API.
    Local,
    /// The peer at this place of the configured list.
    Peer(usize),
}

#[derive(Debug)]
struct Entry {
    transaction: PooledTransaction,
    source: Source,
    account: Account,
}

/// Local transactions for one peer, in order.
#[derive(Debug, Default)]
pub(super) struct LocalBatch {
    pub(super) items: Vec<Bytes>,
    /// Sequence number of each item, ascending.
    pub(super) sequences: Vec<u64>,
    pub(super) bytes: usize,
}

/// Entries by sequence number (order of arrival), with indexes by id, expiry and source.
#[derive(Debug)]
pub(super) struct PoolState {
    limits: PoolLimits,
    entries: BTreeMap<u64, Entry>,
    by_id: HashMap<TxId, u64>,
    expiring: BTreeSet<(Height, u64)>,
    local: BTreeSet<u64>,
    /// Of the common part only: what is kept for a province is its own, wherever it enters.
    bytes_by_source: HashMap<Source, usize>,
    shares: Shares,
    bytes: usize,
    next_sequence: u64,
    /// Newest committed height that the pool knows.
    height: Height,
    committed: RecentSet<TxId>,
    /// Digests of complete transaction bytes, signature included, verified outside the pool.
    pub(super) verified: RecentSet<Digest>,
    drained_at: Option<Instant>,
    /// Weight of the heaviest transaction that the newest block took out of the pool.
    last_heaviest: u64,
    /// Smoothed rate at which blocks empty the pool.
    drain_bytes_per_s: u64,
}

impl PoolState {
    pub(super) fn new(limits: PoolLimits) -> Self {
        Self {
            committed: RecentSet::new(limits.committed_max),
            verified: RecentSet::new(limits.verified_max),
            shares: Shares::new(&limits),
            limits,
            entries: BTreeMap::new(),
            by_id: HashMap::new(),
            expiring: BTreeSet::new(),
            local: BTreeSet::new(),
            bytes_by_source: HashMap::new(),
            bytes: 0,
            next_sequence: 0,
            height: Height::default(),
            drained_at: None,
            last_heaviest: 0,
            drain_bytes_per_s: 0,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn contains(&self, id: &TxId) -> bool {
        self.by_id.contains_key(id)
    }

    pub(super) fn bytes_of(&self, id: &TxId) -> Option<Bytes> {
        let sequence = self.by_id.get(id)?;
        Some(self.entries.get(sequence)?.transaction.bytes.clone())
    }

    pub(super) fn insert(&mut self, transaction: PooledTransaction, source: Source) -> Result<Inserted, PoolError> {
        if self.by_id.contains_key(&transaction.id) || self.committed.contains(&transaction.id) {
            return Ok(Inserted::Known);
        }
        if transaction.expires_at <= self.height {
            return Err(PoolError::Expired { expires_at: transaction.expires_at, height: self.height });
        }
        let size = transaction.bytes.len();
        if size > BATCH_BYTES_MAX {
            return Err(PoolError::TooLarge { bytes: size, bytes_max: BATCH_BYTES_MAX });
        }
        let account = self.room_for(&transaction.owner, size, source)?;
        let sequence = self.next_sequence;
        self.next_sequence += 1;
        self.bytes += size;
        if account == Account::Common {
            *self.bytes_by_source.entry(source).or_default() += size;
        }
        self.shares.add(&transaction, account, sequence);
        self.by_id.insert(transaction.id, sequence);
        self.expiring.insert((transaction.expires_at, sequence));
        if source == Source::Local {
            self.local.insert(sequence);
        }
        self.entries.insert(sequence, Entry { transaction, source, account });
        Ok(Inserted::New)
    }

    /// The part of the pool that `size` more bytes of `owner` from `source` are held from.
    pub(super) fn room_for(&self, owner: &Owner, size: usize, source: Source) -> Result<Account, PoolError> {
        if self.bytes + size > self.limits.bytes_max || self.entries.len() >= self.limits.transactions_max {
            return Err(PoolError::Full { retry_after_ms: self.retry_after_ms() });
        }
        match self.shares.account(owner, size) {
            Ok(Account::Province) => Ok(Account::Province),
            Ok(Account::Common) => self.check_room(size, source).map(|()| Account::Common),
            Err(Share::Common) => Err(PoolError::Full { retry_after_ms: self.retry_after_ms() }),
            Err(share) => Err(PoolError::Share { share, retry_after_ms: self.share_retry_after_ms(share, owner) }),
        }
    }

    /// Whether `size` more bytes from `source` fit the common part.
    pub(super) fn check_room(&self, size: usize, source: Source) -> Result<(), PoolError> {
        let held = self.bytes_by_source.get(&source).copied().unwrap_or_default();
        let fits = self.bytes + size <= self.limits.bytes_max
            && held + size <= self.limits.source_bytes_max()
            && self.entries.len() < self.limits.transactions_max;
        if fits { Ok(()) } else { Err(PoolError::Full { retry_after_ms: self.retry_after_ms() }) }
    }

    /// For the block at `height`, by turns of provinces and keys. One that could never fit is skipped; one that no longer fits
    /// ends the turns of its key.
    pub(super) fn take(&mut self, mut bounds: BlockBounds, height: Height, now: Instant) -> Vec<PooledTransaction> {
        if self.shares.is_shared(now) {
            bounds.weight_target = bounds.weight_target.min(SHARED_WEIGHT_TARGET);
            if self.last_heaviest > LIGHT_BLOCK_WEIGHT {
                let light = self.fill(bounds, LIGHT_BLOCK_WEIGHT, height);
                if !light.is_empty() {
                    return light;
                }
            }
        }
        self.fill(bounds, bounds.weight_max, height)
    }

    /// By turns, the first of at most `first_max` and the others within the target.
    fn fill(&self, bounds: BlockBounds, first_max: u64, height: Height) -> Vec<PooledTransaction> {
        let (mut bytes, mut operations, mut weight) = (0usize, 0usize, 0u64);
        let mut taken: Vec<PooledTransaction> = Vec::new();
        let mut turns = self.shares.turns();
        let mut decide = |sequence: u64| {
            let Some(Entry { transaction, .. }) = self.entries.get(&sequence) else { return Turn::Passed };
            let size = transaction.bytes.len();
            let never_fits = size > bounds.bytes_max
                || transaction.operations > bounds.operations_max
                || transaction.weight > bounds.weight_max;
            if transaction.expires_at < height || never_fits {
                return Turn::Passed;
            }
            let weight_max = if taken.is_empty() { first_max } else { bounds.weight_target.min(first_max) };
            let fits = bytes + size <= bounds.bytes_max
                && operations + transaction.operations <= bounds.operations_max
                && weight + transaction.weight <= weight_max;
            if !fits {
                return Turn::Ends;
            }
            bytes += size;
            operations += transaction.operations;
            weight += transaction.weight;
            taken.push(transaction.clone());
            Turn::Taken(transaction.weight)
        };
        while turns.next(&mut decide) {}
        taken
    }

    /// Removes what a block at `height` holds, and what has expired with it; returns the ids of the expired.
    pub(super) fn remove_committed(&mut self, ids: &[TxId], height: Height, now: Instant) -> Vec<TxId> {
        let before = self.bytes;
        self.last_heaviest = 0;
        for id in ids {
            self.committed.insert(*id);
            if let Some(sequence) = self.by_id.get(id).copied() {
                let weight = self.entries.get(&sequence).map_or(0, |entry| entry.transaction.weight);
                self.last_heaviest = self.last_heaviest.max(weight);
                self.remove(sequence);
            }
        }
        self.measure_drain(before - self.bytes, now);
        self.height = self.height.max(height);
        let mut expired = Vec::new();
        while let Some((expires_at, sequence)) = self.expiring.first().copied()
            && expires_at <= self.height
        {
            match self.remove(sequence) {
                Some(id) => expired.push(id),
                // Unreachable while the indexes agree; removing the entry keeps the loop finite if they ever differ.
                None => drop(self.expiring.pop_first()),
            }
        }
        expired
    }

    fn remove(&mut self, sequence: u64) -> Option<TxId> {
        let Entry { transaction, source, account } = self.entries.remove(&sequence)?;
        let size = transaction.bytes.len();
        self.bytes -= size;
        if account == Account::Common
            && let Some(held) = self.bytes_by_source.get_mut(&source)
        {
            *held -= size;
        }
        self.shares.remove(&transaction, account, sequence);
        self.by_id.remove(&transaction.id);
        self.expiring.remove(&(transaction.expires_at, sequence));
        self.local.remove(&sequence);
        Some(transaction.id)
    }

    /// Pending local transactions from sequence number `cursor` on: at least one, then as many as fit in `bytes_max`.
    pub(super) fn local_from(&self, cursor: u64, bytes_max: usize, count_max: usize) -> LocalBatch {
        let mut batch = LocalBatch::default();
        for sequence in self.local.range(cursor..).take(count_max) {
            let Some(entry) = self.entries.get(sequence) else { continue };
            let size = entry.transaction.bytes.len();
            if !batch.items.is_empty() && batch.bytes + size > bytes_max {
                break;
            }
            batch.bytes += size;
            batch.items.push(entry.transaction.bytes.clone());
            batch.sequences.push(*sequence);
        }
        batch
    }

    fn measure_drain(&mut self, bytes: usize, now: Instant) {
        if let Some(before) = self.drained_at.replace(now) {
            let elapsed_ms = millis(now.saturating_duration_since(before)).max(1);
            let rate = u64::try_from(bytes).unwrap_or(u64::MAX).saturating_mul(1_000) / elapsed_ms;
            self.drain_bytes_per_s = self.drain_bytes_per_s.saturating_mul(3).saturating_add(rate) / 4;
        }
    }

    /// Time in which blocks, at their recent rate, free a sixteenth of the pool.
    fn retry_after_ms(&self) -> u64 {
        self.time_to_drain_ms(self.limits.bytes_max / 16, 1)
    }

    /// The same for a share, of which others leave only their part of what blocks take.
    fn share_retry_after_ms(&self, share: Share, owner: &Owner) -> u64 {
        let (provinces, keys) = self.shares.sharers(owner);
        let sharers = if share == Share::Key { provinces * keys } else { provinces };
        self.time_to_drain_ms(self.shares.bound(share) / 16, sharers)
    }

    fn time_to_drain_ms(&self, bytes: usize, sharers: usize) -> u64 {
        let wanted = u64::try_from(bytes.saturating_mul(sharers)).unwrap_or(u64::MAX);
        wanted
            .saturating_mul(1_000)
            .checked_div(self.drain_bytes_per_s)
            .map_or(RETRY_AFTER_MS_UNKNOWN, |ms| ms.clamp(*RETRY_AFTER_MS.start(), *RETRY_AFTER_MS.end()))
    }
}

/// Whole milliseconds of a duration.
pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
