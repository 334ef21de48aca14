//! The newest look at the node, taken on a thread of its own.
//!
//! A look reads the store. While the disk does not answer it takes as long as that does, and a handler that waited for it on
//! an async worker would hold up every other request. Here one thread at a time snapshots; who asks waits a bounded time, and
//! what was not seen by then is not known.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::watch;

/// Longest wait for a look.
pub(super) const LOOK_MAX: Duration = Duration::from_secs(2);
/// A look so old is taken once more, in the background.
const FRESH_MAX: Duration = Duration::from_millis(200);
/// A look so old is still used meanwhile.
const USABLE_MAX: Duration = Duration::from_secs(1);

/// The newest look, and whether one is under way. Cloning shares it.
pub(super) struct Snapshots<T>(Arc<Shared<T>>);

struct Shared<T> {
    newest: watch::Sender<Option<Snapshot<T>>>,
    is_under_way: AtomicBool,
}

struct Snapshot<T> {
    begun: Instant,
    seen: Arc<T>,
}

impl<T> Clone for Snapshots<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Default for Snapshots<T> {
    fn default() -> Self {
        Self(Arc::new(Shared { newest: watch::Sender::new(None), is_under_way: AtomicBool::new(false) }))
    }
}

/// Ends the look that is under way, also if it panics.
struct UnderWay<'a>(&'a AtomicBool);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

impl<T: Send + Sync + 'static> Snapshots<T> {
    /// What is seen by a look that begins now; `None` if there is none within [`LOOK_MAX`].
    pub(super) async fn now(&self, look: impl FnOnce() -> T + Clone + Send + 'static) -> Option<Arc<T>> {
        let asked = Instant::now();
        let mut news = self.0.newest.subscribe();
        let looking = async {
            loop {
                let newest = news.borrow_and_update().as_ref().filter(|one| one.begun >= asked).map(Snapshot::seen);
                if newest.is_some() {
                    return newest;
                }
                self.begin(look.clone());
                news.changed().await.ok()?;
            }
        };
        tokio::time::timeout(LOOK_MAX, looking).await.ok().flatten()
    }

    /// What was seen at most [`USABLE_MAX`] ago; `None` if there is no such look within [`LOOK_MAX`].
    pub(super) async fn recent(&self, look: impl FnOnce() -> T + Clone + Send + 'static) -> Option<Arc<T>> {
        let kept = self.0.newest.borrow().as_ref().map(|one| (one.begun.elapsed(), one.seen()));
        match kept {
            Some((age, seen)) if age <= FRESH_MAX => Some(seen),
            Some((age, seen)) if age <= USABLE_MAX => {
                self.begin(look);
                Some(seen)
            }
            _ => self.now(look).await,
        }
    }

    /// Begins a look unless one is under way.
    fn begin(&self, look: impl FnOnce() -> T + Send + 'static) {
        if self.0.is_under_way.swap(true, Ordering::AcqRel) {
            return;
        }
        let (shared, begun) = (Arc::clone(&self.0), Instant::now());
        let started = std::thread::Builder::new().name("health".to_owned()).spawn(move || {
            let under_way = UnderWay(&shared.is_under_way);
            let seen = Arc::new(look());
            // First: who is woken by the news may have to begin the next look.
            drop(under_way);
            shared.newest.send_if_modified(|newest| {
                let is_newer = newest.as_ref().is_none_or(|newest| newest.begun < begun);
                if is_newer {
                    *newest = Some(Snapshot { begun, seen });
                }
                is_newer
            });
        });
        if let Err(error) = started {
            self.0.is_under_way.store(false, Ordering::Release);
            tracing::error!(%error, "could not start the thread that snapshots at this node's state");
        }
    }
}

impl<T> Snapshot<T> {
    fn seen(&self) -> Arc<T> {
        Arc::clone(&self.seen)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use std::sync::atomic::AtomicU32;
    use std::sync::mpsc;

    use super::*;

    /// Counts the snapshots.
    fn counting() -> (Arc<AtomicU32>, impl FnOnce() -> u32 + Clone + Send + 'static) {
        let count = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&count);
        (count, move || counted.fetch_add(1, Ordering::SeqCst) + 1)
    }

    #[tokio::test]
    async fn a_recent_look_is_used_and_now_means_now() {
        let (snapshots, (count, look)) = (Snapshots::default(), counting());
        snapshots.0.newest.send_replace(Some(Snapshot { begun: Instant::now() + LOOK_MAX * 100, seen: Arc::new(9) }));
        assert_eq!(snapshots.recent(look.clone()).await.as_deref(), Some(&9));
        assert_eq!(count.load(Ordering::SeqCst), 0);
        snapshots.0.newest.send_replace(None);
        assert_eq!(snapshots.recent(look.clone()).await.as_deref(), Some(&1));
        assert_eq!(snapshots.now(look.clone()).await.as_deref(), Some(&2));
        assert_eq!(snapshots.now(look).await.as_deref(), Some(&3));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn all_who_ask_while_the_disk_hangs_wait_for_one_thread_and_get_nothing() {
        let snapshots = Snapshots::default();
        let (release, held) = mpsc::channel::<()>();
        let (held, begun) = (Arc::new(parking_lot::Mutex::new(held)), Arc::new(AtomicU32::new(0)));
        let (counted, started) = (Arc::clone(&begun), Instant::now());
        let look = move || {
            counted.fetch_add(1, Ordering::SeqCst);
            let _released = held.lock().recv();
            7
        };
        let asked: Vec<_> = (0..20)
            .map(|_| {
                tokio::spawn({
                    let (snapshots, look) = (snapshots.clone(), look.clone());
                    async move { snapshots.recent(look).await }
                })
            })
            .collect();
        for one in asked {
            assert_eq!(one.await.unwrap(), None);
        }
        assert!(started.elapsed() >= LOOK_MAX);
        assert_eq!(begun.load(Ordering::SeqCst), 1, "one thread, however many ask");
        // Once the disk answers, so does the node.
        drop(release);
        assert_eq!(snapshots.now(look).await.as_deref(), Some(&7));
    }

    #[tokio::test]
    async fn a_look_that_panics_does_not_end_the_looking() {
        let snapshots = Snapshots::default();
        snapshots.begin(|| panic!("as a look that meets a fault may"));
        let looked = async { while snapshots.now(|| 1).await.is_none() {} };
        tokio::time::timeout(Duration::from_secs(60), looked).await.unwrap();
    }
}
