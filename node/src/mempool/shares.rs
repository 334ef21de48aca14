//! Who holds what of the pool, and whose turn it is when a block is filled.
//!
//! Half of the pool is divided among the provinces: a province's part is kept for it, and one key gets at most half of that.
//! The other half is common: first come, first served, of which one province gets at most half and one key a quarter. So a
//! province that floods takes what is common and its own part; the parts of the others stay free for them, and other keys of
//! its own find half of its part.
//!
//! A block is filled by turns. The next transaction is the oldest of the key that has the least in the block so far, of the
//! province that has the least in it. Nothing is kept free: who is alone gets everything. But where one province sends single
//! records beside another that floods, blocks are kept short, so that the first is not made to wait for the work of the second.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::time::{Duration, Instant};

use huxin_chain_spec::crypto::KeyId;
use huxin_chain_spec::ids::ProvinceCode;

use super::{Owner, PoolLimits, PooledTransaction, Share};

/// A province of which no more waits sends single records: about 75 of them.
const LIGHT_WEIGHT_MAX: u64 = 6_250;
/// How long it counts as one that does after the last of them.
const LIGHT_REMEMBERED: Duration = Duration::from_secs(3);

/// From which part of the pool an entry is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Account {
    /// The part kept for its province.
    Province,
    /// The common part.
    Common,
}

/// Bytes held from either part.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Held {
    province: usize,
    common: usize,
}

impl Held {
    fn of(&mut self, account: Account) -> &mut usize {
        match account {
            Account::Province => &mut self.province,
            Account::Common => &mut self.common,
        }
    }
}

#[derive(Debug, Default)]
struct KeyEntries {
    held: Held,
    /// Sequence numbers, oldest first.
    waiting: BTreeSet<u64>,
}

#[derive(Debug, Default)]
struct ProvinceEntries {
    held: Held,
    /// Of all that waits.
    weight: u64,
    keys: BTreeMap<KeyId, KeyEntries>,
}

/// The accounts of all provinces and keys that hold something.
#[derive(Debug)]
pub(super) struct Shares {
    bounds: Bounds,
    provinces: BTreeMap<ProvinceCode, ProvinceEntries>,
    common: usize,
    /// Provinces that send single records, with when one was seen last.
    light: BTreeMap<ProvinceCode, Instant>,
}

/// Most bytes of each account.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    /// Least that one entry counts, so that the count of entries is bounded with the bytes.
    entry: usize,
    province: usize,
    key_of_province: usize,
    common: usize,
    province_of_common: usize,
    key_of_common: usize,
}

impl Bounds {
    fn of(limits: &PoolLimits) -> Self {
        let whole = limits.bytes_max;
        let Some(province) = (whole / 2).checked_div(limits.provinces_max) else {
            let all = usize::MAX;
            return Self {
                entry: 0,
                province: 0,
                key_of_province: 0,
                common: all,
                province_of_common: all,
                key_of_common: all,
            };
        };
        let common = whole - province * limits.provinces_max;
        Self {
            entry: whole.checked_div(limits.transactions_max).unwrap_or(whole),
            province,
            key_of_province: province / 2,
            common,
            province_of_common: common / 2,
            key_of_common: common / 4,
        }
    }
}

impl Shares {
    pub(super) fn new(limits: &PoolLimits) -> Self {
        Self { bounds: Bounds::of(limits), provinces: BTreeMap::new(), common: 0, light: BTreeMap::new() }
    }

    /// The part from which `size` more bytes of `owner` are held, or whose share is full.
    ///
    /// Who holds nothing of the common part may have one transaction in it, however long.
    pub(super) fn account(&self, owner: &Owner, size: usize) -> Result<Account, Share> {
        let (bounds, size) = (&self.bounds, size.max(self.bounds.entry));
        let (key, province) = self.held(owner);
        if province.province + size <= bounds.province && key.province + size <= bounds.key_of_province {
            return Ok(Account::Province);
        }
        let within = |held: usize, most: usize| held == 0 || held.saturating_add(size) <= most;
        if !within(key.common, bounds.key_of_common) {
            return Err(Share::Key);
        }
        if !within(province.common, bounds.province_of_common) {
            return Err(Share::Province);
        }
        if self.common.saturating_add(size) > bounds.common {
            return Err(Share::Common);
        }
        Ok(Account::Common)
    }

    fn held(&self, owner: &Owner) -> (Held, Held) {
        let Some(province) = self.provinces.get(&owner.province) else { return Default::default() };
        (province.keys.get(&owner.key).map(|key| key.held).unwrap_or_default(), province.held)
    }

    pub(super) fn add(&mut self, held: &PooledTransaction, account: Account, sequence: u64) {
        let (owner, size) = (&held.owner, held.bytes.len().max(self.bounds.entry));
        let province = self.provinces.entry(owner.province).or_default();
        province.weight += held.weight;
        let key = province.keys.entry(owner.key).or_default();
        key.waiting.insert(sequence);
        *key.held.of(account) += size;
        *province.held.of(account) += size;
        if account == Account::Common {
            self.common += size;
        }
    }

    pub(super) fn remove(&mut self, held: &PooledTransaction, account: Account, sequence: u64) {
        let (owner, size) = (&held.owner, held.bytes.len().max(self.bounds.entry));
        let Some(province) = self.provinces.get_mut(&owner.province) else { return };
        province.weight -= held.weight;
        let Some(key) = province.keys.get_mut(&owner.key) else { return };
        key.waiting.remove(&sequence);
        *key.held.of(account) -= size;
        *province.held.of(account) -= size;
        if account == Account::Common {
            self.common -= size;
        }
        if key.waiting.is_empty() {
            province.keys.remove(&owner.key);
        }
        if province.keys.is_empty() {
            self.provinces.remove(&owner.province);
        }
    }

    /// How many there are to share what blocks take out: provinces that hold something, and keys of `owner`'s province.
    pub(super) fn sharers(&self, owner: &Owner) -> (usize, usize) {
        let keys = self.provinces.get(&owner.province).map_or(0, |province| province.keys.len());
        (self.provinces.len().max(1), keys.max(1))
    }

    /// Most bytes of the common part that one key, or one province, or all together may hold.
    pub(super) fn bound(&self, share: Share) -> usize {
        match share {
            Share::Key => self.bounds.key_of_common,
            Share::Province => self.bounds.province_of_common,
            Share::Common => self.bounds.common,
        }
    }

    /// Whether a province sends single records, now or a moment ago, while another has more waiting.
    pub(super) fn is_shared(&mut self, now: Instant) -> bool {
        let mut is_flooded = false;
        for (province, entries) in &self.provinces {
            if entries.weight <= LIGHT_WEIGHT_MAX {
                self.light.insert(*province, now);
            } else {
                self.light.remove(province);
                is_flooded = true;
            }
        }
        self.light.retain(|_, seen| now.saturating_duration_since(*seen) < LIGHT_REMEMBERED);
        is_flooded && !self.light.is_empty()
    }

    /// All entries by turns.
    pub(super) fn turns(&self) -> Turns<'_> {
        let mut turns = Turns { provinces: BinaryHeap::new(), keys: BTreeMap::new() };
        for (province, entries) in &self.provinces {
            let lines = entries.keys.values().filter_map(|key| Line::start(&key.waiting));
            let keys: BinaryHeap<Reverse<Line<'_>>> = lines.map(Reverse).collect();
            turns.keys.insert(*province, keys);
            turns.queue(*province, 0);
        }
        turns
    }
}

/// The entries of one key, oldest first.
#[derive(Debug)]
struct Line<'a> {
    /// What the key has in the block already.
    weight: u64,
    head: u64,
    rest: std::collections::btree_set::Iter<'a, u64>,
}

impl<'a> Line<'a> {
    fn start(waiting: &'a BTreeSet<u64>) -> Option<Self> {
        let mut rest = waiting.iter();
        let head = *rest.next()?;
        Some(Self { weight: 0, head, rest })
    }
}

impl PartialEq for Line<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Line<'_> {}

impl PartialOrd for Line<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Line<'_> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.weight, self.head).cmp(&(other.weight, other.head))
    }
}

/// What becomes of an entry whose turn it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// It is in the block and weighs so much.
    Taken(u64),
    /// It cannot be in any block now; the next of its key has the turn.
    Passed,
    /// It does not fit any more. The younger ones of its key wait behind it: otherwise small transactions could delay a large
    /// one for ever.
    Ends,
}

/// Goes through the entries by turns.
pub(super) struct Turns<'a> {
    /// Weight taken, oldest head, province; least first.
    provinces: BinaryHeap<Reverse<(u64, u64, ProvinceCode)>>,
    keys: BTreeMap<ProvinceCode, BinaryHeap<Reverse<Line<'a>>>>,
}

impl Turns<'_> {
    /// Gives the sequence number of the next entry to `decide`; false if none is left.
    pub(super) fn next(&mut self, decide: impl FnOnce(u64) -> Turn) -> bool {
        let Some(Reverse((taken, _, province))) = self.provinces.pop() else { return false };
        let Some(lines) = self.keys.get_mut(&province) else { return true };
        let Some(Reverse(mut line)) = lines.pop() else { return true };
        let weight = match decide(line.head) {
            Turn::Taken(weight) => weight,
            Turn::Passed => 0,
            Turn::Ends => {
                self.queue(province, taken);
                return true;
            }
        };
        line.weight += weight;
        if let Some(head) = line.rest.next() {
            line.head = *head;
            lines.push(Reverse(line));
        }
        self.queue(province, taken + weight);
        true
    }

    fn queue(&mut self, province: ProvinceCode, taken: u64) {
        let head = self.keys.get(&province).and_then(|lines| lines.peek()).map(|Reverse(line)| line.head);
        if let Some(head) = head {
            self.provinces.push(Reverse((taken, head, province)));
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use bytes::Bytes;
    use huxin_chain_spec::crypto::{Digest, DigestAlgorithm};
    use huxin_chain_spec::ids::{Height, TxId};

    use super::super::state::{LIGHT_BLOCK_WEIGHT, PoolState, SHARED_WEIGHT_TARGET, Source};
    use super::super::{BlockBounds, PoolError};
    use super::*;

    /// The flooding province, and its neighbours.
    const FLOODER: usize = 0;
    /// Each province has 64 KiB for itself, and 4 MiB are common.
    const LIMITS: PoolLimits = PoolLimits {
        bytes_max: 8 << 20,
        transactions_max: 100_000,
        source_share_percent_max: 50,
        provinces_max: 64,
        per_peer_bytes_inflight_max: 4 << 20,
        batch_bytes_max: 512 << 10,
        batch_delay_ms_max: 15,
        verifications_max: 2,
        verified_max: 8,
        committed_max: 8,
        mute_ms: 1,
    };

    fn of(province: usize, key: u8, number: u32, size: usize) -> PooledTransaction {
        let owner = Owner { province: ProvinceCode::all().nth(province).unwrap(), key: KeyId(Digest([key; 32])) };
        let parts = [&[key][..], &province.to_le_bytes(), &number.to_le_bytes()];
        PooledTransaction {
            id: TxId(DigestAlgorithm::Sha256.plain(&parts)),
            bytes: Bytes::from(vec![key; size]),
            expires_at: Height(50),
            operations: 1,
            weight: size as u64,
            owner,
        }
    }

    /// Inserts until it is refused; how many were taken, and why no more.
    fn flood(pool: &mut PoolState, province: usize, key: u8, size: usize) -> (u32, PoolError) {
        for number in 0.. {
            if let Err(error) = pool.insert(of(province, key, number, size), Source::Local) {
                return (number, error);
            }
        }
        unreachable!("the pool is bounded")
    }

    /// One system's key filled the share of its node, and every other system there got 429.
    #[test]
    fn a_key_that_floods_leaves_room_to_the_others_of_its_province() {
        let mut pool = PoolState::new(LIMITS);
        let (taken, refused) = flood(&mut pool, FLOODER, 1, 1_000);
        assert!(matches!(refused, PoolError::Share { share: Share::Key, .. }), "{refused}");
        assert!((1_000..1_200).contains(&taken), "{taken}: a quarter of 4 MiB and half of 64 KiB");
        let (taken, _) = flood(&mut pool, FLOODER, 2, 1_000);
        assert!(taken >= 1_000, "{taken}");
    }

    #[test]
    fn a_province_that_floods_with_all_its_keys_leaves_the_others_their_part() {
        let mut pool = PoolState::new(LIMITS);
        let errors: Vec<_> = (1..=20).map(|key| flood(&mut pool, FLOODER, key, 1_000).1).collect();
        assert!(matches!(errors[19], PoolError::Share { share: Share::Province, .. }), "{}", errors[19]);
        // Two more take what is common.
        for province in [1, 2] {
            let errors: Vec<_> = (1..=20).map(|key| flood(&mut pool, province, key, 1_000).1).collect();
            assert!(errors.iter().any(|error| matches!(error, PoolError::Share { .. } | PoolError::Full { .. })));
        }
        for quiet in 3..LIMITS.provinces_max.min(34) {
            for number in 0..30 {
                assert!(pool.insert(of(quiet, 1, number, 1_000), Source::Local).is_ok(), "{quiet}: {number}");
            }
        }
    }

    /// Whatever comes and goes, the accounts are those of what is there.
    #[test]
    fn what_leaves_gives_its_room_back() {
        let mut pool = PoolState::new(LIMITS);
        let (taken, _) = flood(&mut pool, FLOODER, 1, 1_000);
        let ids: Vec<TxId> = (0..taken).map(|number| of(FLOODER, 1, number, 1_000).id).collect();
        pool.remove_committed(&ids, Height(1), Instant::now());
        assert_eq!((pool.len(), pool.bytes()), (0, 0));
        let mut again = PoolState::new(LIMITS);
        assert_eq!(flood(&mut again, FLOODER, 3, 1_000).0, flood(&mut pool, FLOODER, 3, 1_000).0);
    }

    fn owners(pool: &mut PoolState, weight: u64) -> Vec<(usize, u8)> {
        let bounds =
            BlockBounds { weight_max: weight, weight_target: weight, ..BlockBounds::of(usize::MAX, usize::MAX) };
        let province = |code| ProvinceCode::all().position(|listed| listed == code).unwrap();
        pool.take(bounds, Height(1), Instant::now())
            .iter()
            .map(|taken| (province(taken.owner.province), taken.bytes[0]))
            .collect()
    }

    #[test]
    fn a_single_record_is_in_the_next_block_however_many_a_province_floods() {
        let mut pool = PoolState::new(LIMITS);
        flood(&mut pool, FLOODER, 1, 1_000);
        for (province, key) in [(FLOODER, 2), (7, 3), (8, 4)] {
            pool.insert(of(province, key, 0, 1_000), Source::Local).unwrap();
        }
        let taken = owners(&mut pool, 8_000);
        assert_eq!(taken[..3], [(FLOODER, 1), (7, 3), (8, 4)], "provinces take turns");
        assert_eq!(taken[3..5], [(FLOODER, 2), (FLOODER, 1)], "and so do the keys of one");
        assert_eq!(taken.len(), 8, "who is alone gets the rest");
    }

    /// Turns are counted by weight: a heavy transaction is as much as many light ones.
    #[test]
    fn a_province_of_heavy_transactions_has_no_more_than_one_of_light_ones() {
        let mut pool = PoolState::new(LIMITS);
        for number in 0..10 {
            pool.insert(of(1, 1, number, 10_000), Source::Local).unwrap();
        }
        for number in 0..100 {
            pool.insert(of(2, 2, number, 500), Source::Local).unwrap();
        }
        let taken = owners(&mut pool, 60_000);
        let light = taken.iter().filter(|(province, _)| *province == 2).count();
        assert!((55..=65).contains(&light), "{light} light ones of {}", taken.len());
    }

    #[test]
    fn the_oldest_of_all_is_always_taken_first_so_a_large_one_does_not_wait_for_ever() {
        let mut pool = PoolState::new(LIMITS);
        pool.insert(of(9, 9, 0, 50_000), Source::Local).unwrap();
        flood(&mut pool, FLOODER, 1, 1_000);
        assert_eq!(owners(&mut pool, 50_000), [(9, 9)]);
        assert_eq!(owners(&mut pool, 49_000)[0], (FLOODER, 1), "what never fits is passed over");
    }

    /// A block of 8,192 licences takes longer than a single record may: those of a flooding province are divided among more
    /// blocks while another province sends single records, and only then.
    #[test]
    fn blocks_are_short_while_a_province_that_floods_has_a_light_neighbour() {
        let mut pool = PoolState::new(LIMITS);
        flood(&mut pool, FLOODER, 1, 1_000);
        let bounds =
            BlockBounds { weight_max: 500_000, weight_target: 500_000, ..BlockBounds::of(usize::MAX, usize::MAX) };
        let start = Instant::now();
        let weight = |taken: Vec<PooledTransaction>| taken.iter().map(|one| one.weight).sum::<u64>();
        assert_eq!(weight(pool.take(bounds, Height(1), start)), 500_000, "alone");
        let single = of(7, 1, 0, 500);
        pool.insert(single.clone(), Source::Local).unwrap();
        let taken = weight(pool.take(bounds, Height(1), start));
        assert!((SHARED_WEIGHT_TARGET - 1_000..=SHARED_WEIGHT_TARGET).contains(&taken), "{taken}");
        pool.remove_committed(&[single.id], Height(1), start);
        assert!(weight(pool.take(bounds, Height(2), start)) <= SHARED_WEIGHT_TARGET, "the next may come at once");
        assert_eq!(weight(pool.take(bounds, Height(2), start + LIGHT_REMEMBERED)), 500_000);
        flood(&mut pool, 7, 1, 1_000);
        assert_eq!(weight(pool.take(bounds, Height(2), start)), 500_000, "two that flood");
    }

    /// A single record waited for two long transactions of the flood: the one under way, and that of its own block.
    #[test]
    fn a_block_of_a_flood_is_followed_by_one_of_single_records() {
        let mut pool = PoolState::new(LIMITS);
        flood(&mut pool, FLOODER, 1, 12_000);
        let bounds =
            BlockBounds { weight_max: 500_000, weight_target: 500_000, ..BlockBounds::of(usize::MAX, usize::MAX) };
        let start = Instant::now();
        let single = |number| of(7, 1, number, 500);
        pool.insert(single(0), Source::Local).unwrap();
        let heavy = pool.take(bounds, Height(1), start);
        let ids: Vec<TxId> = heavy.iter().map(|one| one.id).collect();
        assert!(ids.contains(&single(0).id) && heavy.len() > 1);
        pool.insert(single(1), Source::Local).unwrap();
        pool.remove_committed(&ids, Height(1), start);
        let light = pool.take(bounds, Height(2), start);
        assert!(light.iter().any(|one| one.id == single(1).id));
        assert!(light.iter().map(|one| one.weight).sum::<u64>() <= LIGHT_BLOCK_WEIGHT, "{light:?}");
        let ids: Vec<TxId> = light.iter().map(|one| one.id).collect();
        pool.remove_committed(&ids, Height(2), start);
        let next = pool.take(bounds, Height(3), start);
        assert!(next.iter().map(|one| one.weight).sum::<u64>() > LIGHT_BLOCK_WEIGHT, "the flood goes on after it");
        // Nothing light waits: the flood has the block.
        let ids: Vec<TxId> = next.iter().map(|one| one.id).collect();
        pool.remove_committed(&ids, Height(3), start);
        assert!(!pool.take(bounds, Height(4), start).is_empty());
    }
}
