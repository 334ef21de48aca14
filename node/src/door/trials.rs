//! Threads of the door's own for long trials: no flood of them takes a thread, or a turn, from anything else.
//!
//! Keys take turns. One key has few trials waiting, of a bounded weight, so that a key that sends many long ones waits for its
//! own, and the next of another key comes after the one that runs.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound::{Excluded, Unbounded};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use huxin_chain_spec::crypto::KeyId;
use parking_lot::{Condvar, Mutex};

/// Most trials of one key that run or wait.
const KEY_TRIALS_MAX: usize = 32;
/// Most weight of them, unless it is one only: a second of work, as a unit of weight is a microsecond.
const KEY_WEIGHT_MAX: u64 = 1_000_000;
/// Most trials that run or wait.
const TRIALS_MAX: usize = 512;
/// Niceness of the threads beside that of the process: they come after consensus and after the answers of the API.
const NICENESS: i32 = 10;

/// A trial that is not taken, with when to try again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Busy {
    pub(super) retry_after_ms: u64,
    /// Whether it is for what the key itself has here, not for what all have.
    pub(super) by_key: bool,
}

type Work = Box<dyn FnOnce() + Send>;

struct Trial {
    weight: u64,
    work: Work,
}

#[derive(Debug, Default, Clone, Copy)]
struct Held {
    trials: usize,
    weight: u64,
}

#[derive(Default)]
struct State {
    waiting: BTreeMap<KeyId, VecDeque<Trial>>,
    /// Of trials that run or wait.
    held: BTreeMap<KeyId, Held>,
    trials: usize,
    weight: u64,
    /// The key whose turn was last.
    last: Option<KeyId>,
    stopping: bool,
}

impl State {
    fn next(&mut self) -> Option<(KeyId, Trial)> {
        let after = self.last.and_then(|last| self.waiting.range((Excluded(last), Unbounded)).next());
        let key = *after.or_else(|| self.waiting.iter().next())?.0;
        self.last = Some(key);
        let line = self.waiting.get_mut(&key)?;
        let trial = line.pop_front();
        if line.is_empty() {
            self.waiting.remove(&key);
        }
        Some((key, trial?))
    }

    fn take(&mut self, key: KeyId, weight: u64) -> Result<(), Busy> {
        let held = self.held.get(&key).copied().unwrap_or_default();
        let too_heavy = held.trials > 0 && held.weight.saturating_add(weight) > KEY_WEIGHT_MAX;
        let by_key = held.trials >= KEY_TRIALS_MAX || too_heavy;
        if by_key || self.trials >= TRIALS_MAX {
            // All wait behind what is held, in turns.
            let weight = if by_key { held.weight.saturating_mul(self.held.len() as u64) } else { self.weight };
            let retry_after_ms = (weight.min(self.weight) / 1_000).clamp(100, 60_000);
            return Err(Busy { retry_after_ms, by_key });
        }
        self.trials += 1;
        self.weight += weight;
        self.held.insert(key, Held { trials: held.trials + 1, weight: held.weight + weight });
        Ok(())
    }

    fn give_back(&mut self, key: KeyId, weight: u64) {
        self.trials -= 1;
        self.weight -= weight;
        if let Some(held) = self.held.get_mut(&key) {
            held.trials -= 1;
            held.weight -= weight;
            if held.trials == 0 {
                self.held.remove(&key);
            }
        }
    }
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    added: Condvar,
}

/// Handle to the threads; they end with it, after the trial that each runs.
pub(super) struct Trials {
    shared: Arc<Shared>,
}

impl Trials {
    /// Starts half as many threads as there are processors, and at least one.
    pub(super) fn start() -> Self {
        let threads = std::thread::available_parallelism().map_or(1, usize::from).div_ceil(2);
        let shared = Arc::new(Shared::default());
        // Here and not in the thread: a thread begins with the niceness of the one that starts it.
        let niceness = rustix::process::getpriority_process(None).ok().map(|own| own.saturating_add(NICENESS));
        for number in 0..threads {
            let shared = Arc::clone(&shared);
            let run = move || {
                // A system that refuses this leaves the thread as it is.
                let _refused = niceness.map(|niceness| rustix::process::setpriority_process(None, niceness));
                run(&shared);
            };
            if let Err(error) = std::thread::Builder::new().name(format!("huxin-trial-{number}")).spawn(run) {
                tracing::error!(%error, "could not start a thread for trials");
            }
        }
        Self { shared }
    }

    /// Runs `work` when it is the turn of `key`.
    pub(super) fn submit(&self, key: KeyId, weight: u64, work: impl FnOnce() + Send + 'static) -> Result<(), Busy> {
        let mut state = self.shared.state.lock();
        state.take(key, weight)?;
        state.waiting.entry(key).or_default().push_back(Trial { weight, work: Box::new(work) });
        drop(state);
        self.shared.added.notify_one();
        Ok(())
    }

    /// Trials that run or wait.
    pub(super) fn held(&self) -> usize {
        self.shared.state.lock().trials
    }
}

impl Drop for Trials {
    fn drop(&mut self) {
        self.shared.state.lock().stopping = true;
        self.shared.added.notify_all();
    }
}

fn run(shared: &Shared) {
    let mut state = shared.state.lock();
    loop {
        if state.stopping {
            return;
        }
        let Some((key, Trial { weight, work })) = state.next() else {
            shared.added.wait(&mut state);
            continue;
        };
        drop(state);
        if catch_unwind(AssertUnwindSafe(work)).is_err() {
            // Its callers are told by the end of the channel that it was to answer on.
            tracing::error!(%key, "a trial failed");
        }
        state = shared.state.lock();
        state.give_back(key, weight);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use std::sync::mpsc;

    use huxin_chain_spec::crypto::Digest;

    use super::*;

    fn key(number: u8) -> KeyId {
        KeyId(Digest([number; 32]))
    }

    fn trial(weight: u64) -> Trial {
        Trial { weight, work: Box::new(|| {}) }
    }

    #[test]
    fn keys_take_turns() {
        let mut state = State::default();
        for (owner, count) in [(1, 3), (2, 1), (3, 2)] {
            for _ in 0..count {
                state.waiting.entry(key(owner)).or_default().push_back(trial(1));
            }
        }
        let order: Vec<KeyId> = std::iter::from_fn(|| state.next().map(|(key, _)| key)).collect();
        assert_eq!(order, [1, 2, 3, 1, 3, 1].map(key));
    }

    #[test]
    fn one_key_has_few_and_light_ones_waiting() {
        let mut state = State::default();
        for _ in 0..KEY_TRIALS_MAX {
            state.take(key(1), 10).unwrap();
        }
        assert_eq!(state.take(key(1), 10), Err(Busy { retry_after_ms: 100, by_key: true }));
        state.take(key(2), 5 * KEY_WEIGHT_MAX).unwrap();
        let busy = state.take(key(2), 1).unwrap_err();
        assert!(busy.by_key && (5_000..=10_100).contains(&busy.retry_after_ms), "{busy:?}");
        for other in 3..=u8::MAX {
            let Err(busy) = state.take(key(other), 1) else { continue };
            panic!("{other}: {busy:?}");
        }
        while state.trials < TRIALS_MAX {
            state.trials += 1;
        }
        assert!(!state.take(key(0), 1).unwrap_err().by_key);
        state.give_back(key(1), 10);
        assert_eq!(state.held[&key(1)].trials, KEY_TRIALS_MAX - 1);
    }

    /// A trial that panicked must not take its thread, nor its place, with it.
    #[test]
    fn a_trial_that_fails_takes_nothing_with_it() {
        let trials = Trials::start();
        for _ in 0..4 {
            trials.submit(key(1), 1, || panic!("on purpose")).unwrap();
        }
        let (sender, done) = mpsc::channel();
        trials.submit(key(2), 1, move || sender.send(()).unwrap()).unwrap();
        done.recv_timeout(std::time::Duration::from_secs(10)).unwrap();
        let begun = std::time::Instant::now();
        while trials.held() > 0 {
            assert!(begun.elapsed() < std::time::Duration::from_secs(10));
            std::thread::yield_now();
        }
    }
}
