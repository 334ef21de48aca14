//! What all callers share: so much of one thing at a time, and only a part of it for one address.
//!
//! Connections, bytes of bodies, bytes of answers, places in a queue: each is a [`Budget`]. All of them are shown as
//! `huxin_budget_*`, and each says once in the log that it is used up.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// A cause that was quiet for so long is logged again.
const EPISODE: Duration = Duration::from_secs(600);

/// Something that is counted each time it happens, and logged once per episode.
#[derive(Default)]
pub struct Cause {
    count: AtomicU64,
    last: Mutex<Option<Instant>>,
}

impl Cause {
    /// Counts it, and has it said where it did not happen in the last ten minutes.
    pub fn note(&self, say: impl FnOnce()) {
        self.count.fetch_add(1, Ordering::Relaxed);
        let before = self.last.lock().replace(Instant::now());
        if before.is_none_or(|before| before.elapsed() > EPISODE) {
            say();
        }
    }

    /// How often it happened since the start of the process.
    pub fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }
}

/// Why nothing is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Full {
    #[error("all {0} are in use")]
    All(usize),
    #[error("this address uses its share of {0} already")]
    Share(usize),
}

/// So much of one thing, shared by all callers.
pub struct Budget {
    name: &'static str,
    limit: usize,
    share: usize,
    held: Mutex<Held>,
    refused: Cause,
}

#[derive(Default)]
struct Held {
    all: usize,
    by_address: HashMap<IpAddr, usize>,
}

impl Budget {
    /// `limit` of what `name` says, of which one address gets `share`. Both are in the thing's own unit.
    pub fn new(name: &'static str, limit: usize, share: usize) -> Arc<Self> {
        let (held, refused) = (Mutex::default(), Cause::default());
        Arc::new(Self { name, limit, share: share.min(limit), held, refused })
    }

    /// Name in the metrics and in the log.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Most that may be held.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// What is held now.
    pub fn held(&self) -> usize {
        self.held.lock().all
    }

    /// How often something was refused.
    pub fn refused(&self) -> u64 {
        self.refused.count()
    }

    /// Takes `amount` for a caller; it is given back when dropped. One amount is given to an address that holds nothing while
    /// nothing at all is held, however large it is, so that nothing is refused for ever.
    ///
    /// # Errors
    /// At once where the limit or the share of the address does not suffice.
    pub fn take(self: &Arc<Self>, address: IpAddr, amount: usize) -> Result<Taken, Full> {
        let mut taken = Taken { budget: Arc::clone(self), group: group(address), amount: 0 };
        taken.grow(amount)?;
        Ok(taken)
    }

    fn add(&self, group: IpAddr, amount: usize) -> Result<(), Full> {
        let mut held = self.held.lock();
        let of_group = held.by_address.get(&group).copied().unwrap_or(0);
        if held.all > 0 && held.all.saturating_add(amount) > self.limit {
            return Err(Full::All(self.limit));
        }
        if of_group > 0 && of_group.saturating_add(amount) > self.share {
            return Err(Full::Share(self.share));
        }
        held.all = held.all.saturating_add(amount);
        held.by_address.insert(group, of_group.saturating_add(amount));
        Ok(())
    }

    fn give_back(&self, group: IpAddr, amount: usize) {
        let mut held = self.held.lock();
        held.all = held.all.saturating_sub(amount);
        let left = held.by_address.get(&group).copied().unwrap_or(0).saturating_sub(amount);
        match left {
            0 => drop(held.by_address.remove(&group)),
            left => drop(held.by_address.insert(group, left)),
        }
    }
}

/// What a caller holds of a budget.
pub struct Taken {
    budget: Arc<Budget>,
    group: IpAddr,
    amount: usize,
}

impl Taken {
    /// Takes `more` beside what is held.
    ///
    /// # Errors
    /// Where it does not fit; what is held stays.
    pub fn grow(&mut self, more: usize) -> Result<(), Full> {
        let Budget { name, limit, share, refused, .. } = &*self.budget;
        self.budget.add(self.group, more).inspect_err(|full| {
            refused.note(|| {
                tracing::warn!(budget = name, limit, share, address = %self.group,
                    "requests or connections are refused: {name}: {full}; what follows is counted in huxin_budget_refused_total");
            });
        })?;
        self.amount = self.amount.saturating_add(more);
        Ok(())
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.budget.give_back(self.group, self.amount);
    }
}

/// Addresses that count as one: a network gives a host a whole /64 of IPv6.
fn group(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn at(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn one_address_gets_its_share_and_the_rest_is_left_for_others() {
        let budget = Budget::new("things", 10, 6);
        let first = budget.take(at("192.0.2.1"), 6).unwrap();
        assert_eq!(budget.take(at("192.0.2.1"), 1).err(), Some(Full::Share(6)));
        let other = budget.take(at("192.0.2.2"), 4).unwrap();
        assert_eq!(budget.take(at("192.0.2.3"), 1).err(), Some(Full::All(10)));
        assert_eq!((budget.held(), budget.refused()), (10, 2));
        drop(first);
        assert!(budget.take(at("192.0.2.3"), 6).is_ok());
        drop(other);
        assert_eq!(budget.held(), 0);
        assert!(budget.held.lock().by_address.is_empty(), "addresses that hold nothing are forgotten");
    }

    #[test]
    fn what_is_larger_than_all_is_given_alone() {
        let budget = Budget::new("bytes", 10, 5);
        let mut large = budget.take(at("192.0.2.1"), 30).unwrap();
        assert!(budget.take(at("192.0.2.2"), 1).is_err() && large.grow(1).is_err());
        drop(large);
        assert_eq!(budget.held(), 0);
    }

    /// A host with a /64 of its own had as many shares as it liked.
    #[test]
    fn a_host_has_one_share_whatever_address_of_its_network_it_takes() {
        let budget = Budget::new("things", 10, 1);
        let _held = budget.take(at("2001:db8::1"), 1).unwrap();
        assert!(budget.take(at("2001:db8::ffff:2"), 1).is_err());
        assert!(budget.take(at("2001:db8:0:1::1"), 1).is_ok());
        let _mapped = budget.take(at("::ffff:192.0.2.1"), 1).unwrap();
        assert!(budget.take(at("192.0.2.1"), 1).is_err());
    }

    #[test]
    fn a_cause_is_said_once_and_counted_each_time() {
        let (cause, mut said) = (Cause::default(), 0);
        for _ in 0..3 {
            cause.note(|| said += 1);
        }
        assert_eq!((cause.count(), said), (3, 1));
    }
}
