//! Admissions under way. The same bytes sent many times are one admission, which goes on while one of its callers waits.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

use huxin_chain_spec::ids::TxId;
use parking_lot::Mutex;
use tokio::sync::{Notify, watch};

use super::{Admitted, Refusal};

/// Exact bytes: the identifier covers all but the signature, and here is its encoding.
pub(super) type Exact = (TxId, Vec<u8>);

/// Where the result of an admission is put.
pub(super) type Result = watch::Sender<Option<std::result::Result<Admitted, Refusal>>>;

/// Whether somebody still waits.
#[derive(Debug, Clone, Default)]
pub(super) struct Wanted(Arc<Interest>);

#[derive(Debug, Default)]
struct Interest {
    gone: AtomicBool,
    told: Notify,
}

impl Wanted {
    /// False once the last caller has hung up.
    pub(super) fn holds(&self) -> bool {
        !self.0.gone.load(Ordering::Acquire)
    }

    /// Resolves once the last caller has hung up.
    pub(super) async fn gone(&self) {
        // One waiter: a permit of `notify_one` is kept until it comes.
        while self.holds() {
            self.0.told.notified().await;
        }
    }

    pub(super) fn give_up(&self) {
        self.0.gone.store(true, Ordering::Release);
        self.0.told.notify_one();
    }
}

/// One admission, held by each of its callers. The last that lets go of it ends it.
pub(super) struct Flight {
    exact: Exact,
    flights: Arc<Flights>,
    wanted: Wanted,
    result: watch::Receiver<Option<std::result::Result<Admitted, Refusal>>>,
}

impl Flight {
    /// The result; `None` if the admission failed without one.
    pub(super) async fn landed(&self) -> Option<std::result::Result<Admitted, Refusal>> {
        let mut result = self.result.clone();
        result.wait_for(Option::is_some).await.ok().and_then(|result| result.clone())
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.wanted.give_up();
        let mut open = self.flights.open.lock();
        // Another may have begun under the same name since.
        if open.get(&self.exact).is_some_and(|flight| flight.strong_count() == 0) {
            open.remove(&self.exact);
        }
    }
}

/// All admissions under way; as many as there are requests at most.
#[derive(Default)]
pub(super) struct Flights {
    open: Mutex<HashMap<Exact, Weak<Flight>>>,
}

impl Flights {
    /// The admission of these bytes, and whether it was under way already; else `start` begins it.
    pub(super) fn join(self: &Arc<Self>, exact: Exact, start: impl FnOnce(Wanted, Result)) -> (Arc<Flight>, bool) {
        let mut open = self.open.lock();
        if let Some(flight) = open.get(&exact).and_then(Weak::upgrade) {
            return (flight, true);
        }
        let (sender, result) = watch::channel(None);
        let wanted = Wanted::default();
        let flight =
            Arc::new(Flight { exact: exact.clone(), flights: Arc::clone(self), wanted: wanted.clone(), result });
        open.insert(exact, Arc::downgrade(&flight));
        // Before it starts: what starts may end at once, and then asks for the lock.
        drop(open);
        start(wanted, sender);
        (flight, false)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use huxin_chain_spec::crypto::Digest;

    use super::*;

    fn exact(number: u8) -> Exact {
        (TxId(Digest([number; 32])), vec![number])
    }

    #[tokio::test]
    async fn many_callers_are_one_admission_that_ends_with_the_last() {
        let flights = Arc::new(Flights::default());
        let mut begun = Vec::new();
        let (first, joined) = flights.join(exact(1), |wanted, result| begun.push((wanted, result)));
        assert!(!joined);
        let (second, joined) = flights.join(exact(1), |_, _| unreachable!("it is under way"));
        assert!(joined);
        let (_other, joined) = flights.join(exact(2), |_, _| {});
        assert!(!joined);
        let (wanted, result) = begun.pop().unwrap();
        drop(first);
        assert!(wanted.holds(), "one waits still");
        let admitted = Admitted { tx_id: TxId(Digest::ZERO) };
        result.send_replace(Some(Ok(admitted)));
        assert_eq!(second.landed().await, Some(Ok(admitted)));
        drop(second);
        assert!(!wanted.holds());
        wanted.gone().await;
        let (_again, joined) = flights.join(exact(1), |_, _| {});
        assert!(!joined, "an ended admission is not joined");
    }

    #[tokio::test]
    async fn an_admission_that_fails_tells_its_callers() {
        let flights = Arc::new(Flights::default());
        let (flight, _) = flights.join(exact(1), |_, result| drop(result));
        assert_eq!(flight.landed().await, None);
    }
}
