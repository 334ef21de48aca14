//! Why the engine did not start, and why it ended.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::watch;

/// The engine could not be started, or a request to it failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    #[error("address {address} is not a multiaddr with /tcp/ (and, for a peer, /p2p/): {reason}")]
    Address { address: String, reason: String },
    #[error("the network key is not usable: {reason}")]
    NetworkKey { reason: String },
    #[error("the configuration is not usable: {reason}")]
    Configuration { reason: String },
    #[error("the write-ahead log {} cannot be opened: {reason}", path.display())]
    WriteAheadLog { path: PathBuf, reason: String },
    #[error(
        "the consensus log {} is damaged ({reason}), and may have held what this validator signed: nothing was changed, and every start refuses until \
         `huxin-node recover --config FILE` sets it aside; docs/operator.md says when that is safe",
        path.display()
    )]
    LogDamaged { path: PathBuf, reason: String },
    #[error(
        "another process uses the sign-state {}: one consensus key belongs to one running process; stop the other one",
        path.display()
    )]
    SignStateInUse { path: PathBuf },
    #[error("the sign-state {} cannot be used: {reason}", path.display())]
    SignState { path: PathBuf, reason: String },
    #[error("the sign-state {} does not fit: {reason}", path.display())]
    SignStateOther { path: PathBuf, reason: String },
    #[error(
        "another process signed with this consensus key ({seen}), so this node stopped, and no start is safe before that process is \
         stopped: find and stop it, then run `huxin-node recover --config FILE`; the mark is {}, see \"Another process signs\" in \
         docs/operator.md",
        mark.display()
    )]
    AnotherSigner { mark: PathBuf, seen: String },
    #[error("nothing was recovered: {reason}")]
    Recover { reason: String },
    #[error("the engine could not start: {reason}")]
    Start { reason: String },
    #[error("the engine could not listen on {address} within {waited_ms} ms; is the port in use?")]
    NotListening { address: String, waited_ms: u128 },
    #[error("the engine has stopped")]
    Stopped,
    #[error("the list of peers could not be changed: {reason}")]
    Peer { reason: String },
}

/// Why a running engine ended. Every end but [`Exit::Stopped`] is a reason to stop the process with this sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Exit {
    #[error("the engine was asked to stop")]
    Stopped,
    #[error(
        "the write-ahead log of the consensus engine failed ({reason}); the node stops so that it cannot sign twice: check the disk, then start it again; a start looks through the log before it uses it"
    )]
    WriteAheadLog { reason: String },
    #[error(
        "{reason}; the node stops, for without its sign-state it could sign twice: check the disk, then start it again"
    )]
    SignState { reason: String },
    #[error(
        "another process signs with this consensus key (height {height}, round {round}), or the sign-state was put back to an earlier copy; \
         the node stops so that its province is not convicted: find and stop the other process, and see \"Another process signs\" in docs/operator.md"
    )]
    AnotherSigner { height: u64, round: u32 },
    #[error(
        "block {height} was decided but could not be committed ({reason}); start the node again once that is repaired"
    )]
    Commit { height: u64, reason: String },
    #[error("the blocks of height {height} could not be read ({reason}); check the disk, then start the node again")]
    Store { height: u64, reason: String },
    #[error("the node asked the engine to decide a height it cannot start ({reason})")]
    HeightStart { reason: String },
    #[error("a part of the consensus engine ended unexpectedly ({reason}); start the node again")]
    Engine { reason: String },
}

/// Holds the first reason to end; later ones are consequences of it.
#[derive(Clone, Debug)]
pub(crate) struct ExitCell(Arc<watch::Sender<Option<Exit>>>);

impl ExitCell {
    pub(crate) fn new() -> Self {
        Self(Arc::new(watch::Sender::new(None)))
    }

    /// Records `exit` unless a reason is there already.
    pub(crate) fn set(&self, exit: Exit) {
        self.0.send_if_modified(|slot| {
            let first = slot.is_none();
            if first {
                *slot = Some(exit);
            }
            first
        });
    }

    pub(crate) fn get(&self) -> Option<Exit> {
        self.0.borrow().clone()
    }

    /// Waits for the first reason.
    pub(crate) async fn wait(&self) -> Exit {
        let mut receiver = self.0.subscribe();
        // The sender lives in `self`, so waiting cannot fail.
        match receiver.wait_for(Option::is_some).await {
            Ok(slot) => slot.clone().unwrap_or(Exit::Stopped),
            Err(_) => Exit::Stopped,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_first_reason_stays() {
        let cell = ExitCell::new();
        assert_eq!(cell.get(), None);
        cell.set(Exit::WriteAheadLog { reason: "disk full".into() });
        cell.set(Exit::Stopped);
        assert_eq!(cell.wait().await, Exit::WriteAheadLog { reason: "disk full".into() });
    }
}
