//! A lane of its own for costly work, so that a flood of it holds up nothing else.

use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::http::ApiError;

/// Work of one kind on blocking threads: so much at a time, so much that waits for its turn.
pub(super) struct Lane {
    /// The part of the request that asks for it.
    place: &'static str,
    running: Arc<Semaphore>,
    /// Of those that run or wait.
    places: Arc<Semaphore>,
}

impl Lane {
    /// For requests with this `place`: `running_max` run at a time, `waiting_max` more wait.
    pub(super) fn new(place: &'static str, running_max: usize, waiting_max: usize) -> Self {
        let places = running_max.saturating_add(waiting_max);
        Self { place, running: Arc::new(Semaphore::new(running_max)), places: Arc::new(Semaphore::new(places)) }
    }

    /// Runs `work` on a blocking thread once it is its turn.
    ///
    /// # Errors
    /// 503 `api.not_ready` at once where too many wait already; 500 if `work` panics.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ApiError> {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            return Err(ApiError::not_ready(format!("{}: too many wait to be checked; ask again", self.place), 1));
        };
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

    /// Every receipt sent to `/v1/verify` took a blocking thread, and all 32 could be taken: by the same threads the door
    /// checks signatures and rehearsals run.
    #[tokio::test(flavor = "multi_thread")]
    async fn a_flood_takes_two_threads_and_what_is_over_the_bound_is_told_at_once() {
        let lane = Arc::new(Lane::new("receipt", 2, 3));
        let (release, held) = mpsc::channel::<()>();
        let (held, begun) = (Arc::new(Mutex::new(held)), Arc::new(AtomicUsize::new(0)));
        let mut taken = Vec::new();
        for at in 0..5 {
            let (shared, held, counted) = (Arc::clone(&lane), Arc::clone(&held), Arc::clone(&begun));
            let work = move || {
                counted.fetch_add(1, Ordering::SeqCst);
                let _released = held.lock().recv();
            };
            taken.push(tokio::spawn(async move { shared.run(work).await }));
            // One after the other: the first two run.
            while lane.places.available_permits() > 4 - at || begun.load(Ordering::SeqCst) < 2.min(at + 1) {
                tokio::task::yield_now().await;
            }
        }
        let refused = lane.run(|| ()).await.unwrap_err();
        assert_eq!((refused.status(), refused.code()), (StatusCode::SERVICE_UNAVAILABLE, Code::ApiNotReady));
        assert_eq!(begun.load(Ordering::SeqCst), 2);
        // A client that hangs up gives its place back only when its work is done.
        taken.remove(0).abort();
        assert!(lane.run(|| ()).await.is_err());
        drop(release);
        for one in taken {
            one.await.unwrap().unwrap();
        }
        lane.run(|| ()).await.unwrap();
    }
}
