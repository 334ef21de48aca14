//! Waiting for conditions.

use std::future::Future;
use std::time::Duration;

use tokio::time::Instant;

/// Longest a test waits for something that should come, on a machine busy with other work.
pub const PATIENCE: Duration = Duration::from_secs(90);
/// Pause between two looks.
const POLL: Duration = Duration::from_millis(40);

/// Looks until there is something to see, and panics with `what` once `patience` is over.
pub async fn eventually<T, F>(what: &str, patience: Duration, mut look: impl FnMut() -> F) -> T
where
    F: Future<Output = Option<T>>,
{
    let deadline = Instant::now() + patience;
    loop {
        if let Some(seen) = look().await {
            return seen;
        }
        assert!(Instant::now() < deadline, "waited {} s in vain: {what}", patience.as_secs());
        tokio::time::sleep(POLL).await;
    }
}
