//! A lane of its own for costly work, so that a flood of it holds up nothing else.

use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::budget::Budget;
use crate::http::bounds::LaneBounds;
use crate::http::{ApiError, Peer};

/// Work of one kind on blocking threads: so much at a time, so much that waits for its turn.
pub(super) struct Lane {
    /// The part of the request that asks for it.
    place: &'static str,
    running: Arc<Semaphore>,
    /// Of those that run or wait, with a share for each address.
    places: Arc<Budget>,
}

impl Lane {
    /// For requests with this `place`; `budget` names those that run or wait, `share` is the part of them that one address
    /// gets of so many.
    pub(super) fn new(
        place: &'static str,
        budget: &'static str,
        bounds: LaneBounds,
        share: impl FnOnce(usize) -> usize,
    ) -> Self {
        let places = bounds.running.saturating_add(bounds.waiting);
        let places = Budget::new(budget, places, share(places));
        Self { place, running: Arc::new(Semaphore::new(bounds.running)), places }
    }

    /// Those that run or wait.
    pub(super) fn places(&self) -> &Arc<Budget> {
        &self.places
    }

    /// Runs `work` on a blocking thread once it is its turn.
    ///
    /// # Errors
    /// 503 `api.busy` at once where too many wait already; 500 if `work` panics.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        Peer(address): Peer,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ApiError> {
        let place =
            self.places.take(address, 1).map_err(|full| ApiError::busy(format!("{}: {full}", self.place), 1))?;
        let turn = Arc::clone(&self.running).acquire_owned().await.map_err(|error| ApiError::internal(&error))?;
        // The thread holds both: work goes on after its client has hung up.
        let ran = tokio::task::spawn_blocking(move || {
            let _held = (place, turn);
            work()
        });
        ran.await.map_err(|error| ApiError::internal(&error))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;

    use axum::http::StatusCode;
    use huxin_chain_spec::codes::Code;
    use parking_lot::Mutex;

    use super::*;

    const PEER: Peer = Peer(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST));

    /// Every receipt sent to `/v1/verify` took a blocking thread, and all 32 could be taken: by the same threads the door
    /// checks signatures and rehearsals run.
    #[tokio::test(flavor = "multi_thread")]
    async fn a_flood_takes_two_threads_and_what_is_over_the_bound_is_told_at_once() {
        let bounds = LaneBounds { running: 2, waiting: 3 };
        let lane = Arc::new(Lane::new("receipt", "receipts", bounds, |places| places));
        let (release, held) = mpsc::channel::<()>();
        let (held, begun) = (Arc::new(Mutex::new(held)), Arc::new(AtomicUsize::new(0)));
        let mut taken = Vec::new();
        for at in 0..5 {
            let (shared, held, counted) = (Arc::clone(&lane), Arc::clone(&held), Arc::clone(&begun));
            let work = move || {
                counted.fetch_add(1, Ordering::SeqCst);
                let _released = held.lock().recv();
            };
            taken.push(tokio::spawn(async move { shared.run(PEER, work).await }));
            // One after the other: the first two run.
            while lane.places.held() < at + 1 || begun.load(Ordering::SeqCst) < 2.min(at + 1) {
                tokio::task::yield_now().await;
            }
        }
        let refused = lane.run(PEER, || ()).await.unwrap_err();
        assert_eq!((refused.status(), refused.code()), (StatusCode::SERVICE_UNAVAILABLE, Code::ApiBusy));
        assert_eq!(begun.load(Ordering::SeqCst), 2);
        // A client that hangs up gives its place back only when its work is done.
        taken.remove(0).abort();
        assert!(lane.run(PEER, || ()).await.is_err());
        drop(release);
        for one in taken {
            one.await.unwrap().unwrap();
        }
        lane.run(PEER, || ()).await.unwrap();
    }
}
