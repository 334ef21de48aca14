//! What was refused is not tried again at once, and a key pays for the work of what was refused.

use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use huxin_chain_spec::codes::Code;
use huxin_chain_spec::crypto::{KeyId, Signature};
use huxin_chain_spec::ids::Height;
use lru::LruCache;
use parking_lot::Mutex;

use super::Refusal;
use super::flights::Exact;

/// Refusals remembered, about 300 bytes each; the least recently asked for are forgotten first.
const REMEMBERED_MAX: NonZeroUsize = NonZeroUsize::MIN.saturating_add(8_191);
/// A refusal that state or time can lift is remembered for the height at which it was made, and at most so long.
const REMEMBERED: Duration = Duration::from_secs(1);
/// Work of refused transactions that a key may cause at once, in microseconds.
const SPENT_US_MAX: u64 = 1_000_000;
/// Of that, so much is forgiven in a second: a tenth of a core.
const FORGIVEN_US_PER_S: u64 = 100_000;
/// Keys whose spending is remembered; who spent least recently is forgotten first.
const KEYS_MAX: NonZeroUsize = NonZeroUsize::MIN.saturating_add(4_095);

#[derive(Debug, Clone)]
struct Remembered {
    refusal: Refusal,
    /// `None` for what no block and no time can change.
    made: Option<(Height, Instant)>,
}

/// Refusals by the exact bytes refused.
pub(super) struct Refusals {
    standing: Mutex<LruCache<Exact, Remembered>>,
    /// Of what was told to come later, by its signature, which needs no hash: the refusal and when it ends.
    put_off: Mutex<LruCache<[u8; 64], (Refusal, Instant)>>,
}

impl Default for Refusals {
    fn default() -> Self {
        let (standing, put_off) = (LruCache::new(REMEMBERED_MAX), LruCache::new(REMEMBERED_MAX));
        Self { standing: Mutex::new(standing), put_off: Mutex::new(put_off) }
    }
}

impl Refusals {
    /// Whether bytes with this signature were told to come later, and come before that. Other bytes under the same signature
    /// get the same answer, which tells them nothing.
    pub(super) fn too_early(&self, signature: &Signature, now: Instant) -> Option<Refusal> {
        let mut put_off = self.put_off.lock();
        let (refusal, until) = put_off.peek(signature.as_bytes())?;
        if now >= *until {
            put_off.pop(signature.as_bytes());
            return None;
        }
        let left_ms = u64::try_from(until.saturating_duration_since(now).as_millis()).unwrap_or(u64::MAX);
        Some(Refusal { retry_after_ms: Some(left_ms.max(1)), ..refusal.clone() })
    }

    /// Remembers when bytes with this signature may come again. At most for a second: a block may hold them by then, if they
    /// went to another node, and then their outcome is asked for.
    pub(super) fn put_off(&self, signature: &Signature, refusal: &Refusal, now: Instant) {
        if let Some(retry_after_ms) = refusal.retry_after_ms {
            let until = now + Duration::from_millis(retry_after_ms).min(REMEMBERED);
            self.put_off.lock().put(*signature.as_bytes(), (refusal.clone(), until));
        }
    }

    /// The refusal of these bytes, if it stands at `height`.
    pub(super) fn recall(&self, exact: &Exact, height: Height, now: Instant) -> Option<Refusal> {
        let mut remembered = self.standing.lock();
        let found = remembered.get(exact)?;
        let stands =
            found.made.is_none_or(|(made_at, at)| made_at == height && now.saturating_duration_since(at) < REMEMBERED);
        if !stands {
            remembered.pop(exact);
            return None;
        }
        Some(found.refusal.clone())
    }

    /// Remembers a refusal that is about the transaction itself. What is about the node, or about what else waits, is not.
    pub(super) fn remember(&self, exact: Exact, refusal: &Refusal, height: Height, now: Instant) {
        if refusal.retry_after_ms.is_some() || matches!(refusal.code, Code::StoreDamaged | Code::ApiNotReady) {
            return;
        }
        let for_ever = matches!(
            refusal.code,
            Code::SignatureInvalid
                | Code::EncodingMalformed
                | Code::EncodingTrailingBytes
                | Code::EncodingNotCanonical
                | Code::TransactionTooHeavy
        );
        let made = (!for_ever).then_some((height, now));
        self.standing.lock().put(exact, Remembered { refusal: refusal.clone(), made });
    }
}

#[derive(Debug, Clone, Copy)]
struct Spent {
    us: u64,
    at: Instant,
}

impl Spent {
    fn left(self, now: Instant) -> u64 {
        let elapsed_ms = u64::try_from(now.saturating_duration_since(self.at).as_millis()).unwrap_or(u64::MAX);
        self.us.saturating_sub(elapsed_ms.saturating_mul(FORGIVEN_US_PER_S) / 1_000)
    }
}

/// Work that each key caused by transactions that were then refused.
pub(super) struct Spending(Mutex<LruCache<KeyId, Spent>>);

impl Default for Spending {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(KEYS_MAX)))
    }
}

impl Spending {
    /// Milliseconds until the key may cause more, if it may not now.
    pub(super) fn exhausted_ms(&self, key: &KeyId, now: Instant) -> Option<u64> {
        let left = self.0.lock().peek(key)?.left(now);
        (left > SPENT_US_MAX).then(|| (left - SPENT_US_MAX).saturating_mul(1_000).div_ceil(FORGIVEN_US_PER_S))
    }

    pub(super) fn charge(&self, key: KeyId, us: u64, now: Instant) {
        let mut keys = self.0.lock();
        let left = keys.get(&key).map_or(0, |spent| spent.left(now));
        keys.put(key, Spent { us: left.saturating_add(us), at: now });
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use huxin_chain_spec::crypto::Digest;
    use huxin_chain_spec::ids::TxId;

    use super::*;

    #[test]
    fn a_refusal_stands_while_nothing_can_have_lifted_it() {
        let (refusals, start) = (Refusals::default(), Instant::now());
        let exact = |number: u8| (TxId(Digest([number; 32])), vec![number]);
        let duplicate = Refusal::new(Code::LicenceDuplicate, "operation 7");
        let signature = Refusal::new(Code::SignatureInvalid, "signature");
        refusals.remember(exact(1), &duplicate, Height(5), start);
        refusals.remember(exact(2), &signature, Height(5), start);
        assert_eq!(refusals.recall(&exact(1), Height(5), start), Some(duplicate.clone()));
        assert_eq!(refusals.recall(&(exact(1).0, vec![9]), Height(5), start), None, "another signature");
        assert_eq!(refusals.recall(&exact(1), Height(6), start), None, "a block may have lifted it");
        refusals.remember(exact(1), &duplicate, Height(6), start);
        assert_eq!(refusals.recall(&exact(1), Height(6), start + REMEMBERED), None, "time may have lifted it");
        let later = start + Duration::from_secs(600);
        assert_eq!(refusals.recall(&exact(2), Height(900), later), Some(signature), "nothing lifts it");
        let full = Refusal { retry_after_ms: Some(50), ..Refusal::new(Code::MempoolFull, "mempool") };
        refusals.remember(exact(3), &full, Height(5), start);
        refusals.remember(exact(4), &Refusal::new(Code::StoreDamaged, "store"), Height(5), start);
        assert!([3, 4].iter().all(|n| refusals.recall(&exact(*n), Height(5), start).is_none()));
    }

    #[test]
    fn what_comes_again_before_its_time_is_refused_by_its_signature_alone() {
        let (refusals, start) = (Refusals::default(), Instant::now());
        let (put_off, other) = (Signature::Ed25519([1; 64]), Signature::Ed25519([2; 64]));
        let full = Refusal::later(Code::MempoolShareFull, "mempool", 400);
        refusals.put_off(&put_off, &full, start);
        refusals.put_off(&other, &Refusal::new(Code::LicenceDuplicate, "operation 0"), start);
        let early = refusals.too_early(&put_off, start + Duration::from_millis(150)).unwrap();
        assert_eq!((early.code, early.retry_after_ms), (Code::MempoolShareFull, Some(250)));
        assert_eq!(refusals.too_early(&put_off, start + Duration::from_millis(400)), None);
        assert_eq!(refusals.too_early(&other, start), None);
        refusals.put_off(&put_off, &Refusal::later(Code::AdmissionKeySpent, "signer", 60_000), start);
        assert_eq!(refusals.too_early(&put_off, start + REMEMBERED), None, "it may be in a block by now");
    }

    #[test]
    fn a_key_that_causes_more_than_it_may_waits_until_that_is_forgiven() {
        let (spending, start) = (Spending::default(), Instant::now());
        let (flooder, other) = (KeyId(Digest([1; 32])), KeyId(Digest([2; 32])));
        spending.charge(flooder, SPENT_US_MAX, start);
        assert_eq!(spending.exhausted_ms(&flooder, start), None);
        spending.charge(flooder, 500_000, start);
        assert_eq!(spending.exhausted_ms(&flooder, start), Some(5_000));
        assert_eq!(spending.exhausted_ms(&other, start), None);
        assert_eq!(spending.exhausted_ms(&flooder, start + Duration::from_secs(3)), Some(2_000));
        assert_eq!(spending.exhausted_ms(&flooder, start + Duration::from_secs(5)), None);
    }
}
