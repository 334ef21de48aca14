//! The sign-state: what this validator has signed, in a file of our own beside its key and apart from `data`.
//!
//! No signature leaves before its statement is in this file and synced. A statement at or below what the file holds is never
//! signed unless it is the same one; so a lost or damaged consensus log, an emptied or restored store, or a second start
//! cannot make this validator sign twice. See `docs/decisions/0009-sign-state.md` for what the file does and does not decide.
//!
//! The file belongs to one key, one chain and one store, and is locked by the process that uses it. It must never be restored
//! from a backup: it is the one thing that knows.

mod file;
mod past;
mod record;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use huxin_chain_spec::crypto::{Digest, KeyId};
use parking_lot::Mutex;
use serde::Serialize;
use tokio::sync::{mpsc, oneshot};
use tracing::{error, info, warn};

use crate::EngineError;
use file::{FileError, SlotFile};
use record::Record;

pub(crate) use file::{sibling, sync_folder};
pub(crate) use past::Heard;
pub(crate) use record::{Permit, Statement, Step, Withheld};

/// Statements waiting for their turn on disk. The engine waits for each answer, so there are two or three.
const ASKED_MAX: usize = 16;

/// What a sign-state belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignBinding {
    /// Hash of the genesis file.
    pub genesis: Digest,
    /// Identity of the store, written into it at random when it was created.
    pub store: [u8; 16],
    /// Identifier of the consensus key.
    pub key: KeyId,
}

/// A statement on its way to the disk, and where the answer goes.
struct Asked {
    state: SignState,
    statement: Statement,
    reply: oneshot::Sender<Result<Permit, EngineError>>,
}

/// What this validator signs, for the status page.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct SigningStatus {
    /// Whether it is known up to where this key may have signed before its sign-state was made. Until then nothing is signed.
    pub past_known: bool,
    /// Nothing is signed at or below this height.
    pub above_height: u64,
    /// The height of the last statement signed; 0 before the first.
    pub last_height: u64,
    /// The height at which the consensus log is lost, if it is the one being decided: votes are held to what was signed.
    pub log_lost_at: Option<u64>,
    /// Statements not made since the start, because they could contradict an earlier one.
    pub withheld: u64,
}

/// The sign-state of one running engine. Cloning shares it.
#[derive(Clone)]
pub(crate) struct SignState(Arc<Shared>);

struct Shared {
    path: PathBuf,
    /// Held while a record is written, so that one statement is judged at a time. `None` once closed.
    file: Mutex<Option<SlotFile>>,
    /// What the file holds.
    record: Mutex<Record>,
    /// The height at which the engine goes without the log of its earlier run; 0 for none.
    without_log_at: AtomicU64,
    /// A height that peers are believed to have decided.
    decided: AtomicU64,
    withheld: AtomicU64,
    /// The last reason told for saying nothing, so that it is told once.
    told: Mutex<Option<Withheld>>,
    /// Since when, in the time of [`Heard::at_ms`], somebody says to be further than is believed, and the own tip then.
    doubt: Mutex<Option<(u64, u64)>>,
    /// To the thread that writes: a disk that is slow must not wait behind other blocking work, nor hold it up.
    asked: mpsc::Sender<Asked>,
}

impl SignState {
    /// Opens and locks the file at `path`, or creates it. `tip` is the height of the store.
    ///
    /// # Errors
    /// [`EngineError::SignStateInUse`], [`EngineError::SignState`], [`EngineError::SignStateOther`].
    pub(crate) fn open(path: &Path, binding: &SignBinding, tip: u64) -> Result<Self, EngineError> {
        let (file, record) = match SlotFile::open(path) {
            Ok(opened) => opened,
            Err(FileError::Missing) => {
                info!(path = %path.display(), "a new sign-state is made for this consensus key");
                let first = Record::first(binding.genesis, binding.store, binding.key);
                SlotFile::create(path, &first).map_err(|error| failed(path, error))?
            }
            Err(error) => return Err(failed(path, error)),
        };
        let asked = writer().map_err(|error| failed(path, FileError::Io(error)))?;
        let state = Self(Arc::new(Shared {
            path: path.to_owned(),
            file: Mutex::new(Some(file)),
            record: Mutex::new(record),
            without_log_at: AtomicU64::new(0),
            decided: AtomicU64::new(0),
            withheld: AtomicU64::new(0),
            told: Mutex::new(None),
            doubt: Mutex::new(None),
            asked,
        }));
        state.bind(binding, tip)?;
        Ok(state)
    }

    /// What the file at `path` says, without changing it.
    ///
    /// # Errors
    /// As of [`SignState::open`].
    pub(crate) fn look(path: &Path, binding: &SignBinding, tip: u64) -> Result<SigningStatus, EngineError> {
        let (_, record) = SlotFile::open(path).map_err(|error| failed(path, error))?;
        fits(&record, binding, tip).map_err(|reason| EngineError::SignStateOther { path: path.to_owned(), reason })?;
        Ok(status_of(&record))
    }

    /// The key that the file at `path` belongs to; `None` where there is no file.
    ///
    /// # Errors
    /// [`EngineError::SignStateInUse`], [`EngineError::SignState`].
    pub(crate) fn key_at(path: &Path) -> Result<Option<KeyId>, EngineError> {
        match SlotFile::open(path) {
            Ok((_, record)) => Ok(Some(record.key)),
            Err(FileError::Missing) => Ok(None),
            Err(error) => Err(failed(path, error)),
        }
    }

    /// Makes the sign-state of a key that has replaced `old` at this node, and keeps that of `old` under another name, which is
    /// returned. `tip` is the height of the store.
    ///
    /// That the old key's file is still in this place, and bound to this store, says that the new key has not signed beside this
    /// store. So it begins above `tip` once a quorum of peers says that nothing above it is decided; otherwise it watches
    /// like any key of whose past nothing is known. A crash in between leaves no file, and the key watches.
    ///
    /// # Errors
    /// [`EngineError::SignStateOther`] if the file does not belong to `old`, this chain and this store.
    pub(crate) fn succeed(path: &Path, binding: &SignBinding, old: KeyId, tip: u64) -> Result<PathBuf, EngineError> {
        // Held, and thereby locked, until the new file is there.
        let (_old_file, record) = SlotFile::open(path).map_err(|error| failed(path, error))?;
        // As for a store with blocks: an exchanged or emptied one is no evidence.
        fits(&record, &SignBinding { key: old, ..*binding }, tip.max(1))
            .map_err(|reason| EngineError::SignStateOther { path: path.to_owned(), reason })?;
        let kept = sibling(path, &format!("of-{old}"));
        let io = |error| failed(path, FileError::Io(error));
        if kept.exists() {
            let reason =
                format!("the sign-state of the replaced key would be kept as {}, which exists", kept.display());
            return Err(EngineError::SignState { path: path.to_owned(), reason });
        }
        std::fs::rename(path, &kept).map_err(io)?;
        sync_folder(path).map_err(io)?;
        let first = Record::first(binding.genesis, binding.store, binding.key);
        SlotFile::create(path, &Record { floor: (tip, u32::MAX), ..first }).map_err(|error| failed(path, error))?;
        Ok(kept)
    }

    /// Refuses what belongs to another key, chain or store; an empty store is taken as this one's next.
    fn bind(&self, binding: &SignBinding, tip: u64) -> Result<(), EngineError> {
        let record = self.record();
        fits(&record, binding, tip)
            .map_err(|reason| EngineError::SignStateOther { path: self.0.path.clone(), reason })?;
        if record.store != binding.store {
            warn!(height = record.height, "the store is new; this validator votes above all that it has signed");
            self.update(|record| Record { store: binding.store, ..record })?;
        }
        if record.height > tip.saturating_add(1) {
            error!(
                signed = record.height,
                store = tip,
                "the store is older than what this validator has signed: it was emptied, restored or damaged; the node follows the chain and votes above that height"
            );
        }
        Ok(())
    }

    /// Lets go of the file. Nothing is permitted after that.
    pub(crate) fn close(&self) {
        *self.0.file.lock() = None;
    }

    fn record(&self) -> Record {
        self.0.record.lock().clone()
    }

    /// Writes what `change` makes of the record.
    fn update(&self, change: impl FnOnce(Record) -> Record) -> Result<(), EngineError> {
        let file = self.0.file.lock();
        let next = change(self.record());
        self.write_locked(&file, next)
    }

    fn write_locked(&self, file: &Option<SlotFile>, next: Record) -> Result<(), EngineError> {
        let file = file.as_ref().ok_or(EngineError::Stopped)?;
        let next = Record { sequence: next.sequence.saturating_add(1), ..next };
        file.write(&next).map_err(|error| failed(&self.0.path, FileError::Io(error)))?;
        *self.0.record.lock() = next;
        Ok(())
    }

    /// Judges a statement and, if it is a new one, records it on disk before returning. Blocks for one disk sync.
    pub(crate) fn permit(&self, statement: &Statement) -> Result<Permit, EngineError> {
        let file = self.0.file.lock();
        if file.is_none() {
            return Err(EngineError::Stopped);
        }
        let record = self.record();
        if statement.height < self.0.decided.load(Ordering::Relaxed) && statement.height > record.height {
            return Ok(self.withhold(Withheld::Decided));
        }
        let without_log = self.0.without_log_at.load(Ordering::Relaxed) == statement.height;
        let permit = record.permit(statement, without_log);
        match permit {
            Permit::New => self.write_locked(&file, record.after(statement))?,
            Permit::Nothing => self.write_locked(&file, record.after(&Statement { block: None, ..*statement }))?,
            // The log will hold a vote that the engine cannot derive again: after another stop it is of no use.
            Permit::Again(_) if record.log_lost_at != statement.height => {
                self.write_locked(&file, Record { log_lost_at: statement.height, ..record })?;
            }
            Permit::Again(_) | Permit::Same => {}
            Permit::Withheld(reason) => return Ok(self.withhold(reason)),
        }
        if matches!(permit, Permit::New | Permit::Same) {
            *self.0.told.lock() = None;
        }
        Ok(permit)
    }

    fn withhold(&self, reason: Withheld) -> Permit {
        self.0.withheld.fetch_add(1, Ordering::Relaxed);
        if self.0.told.lock().replace(reason) != Some(reason) {
            let (record, decided) = (self.record(), self.0.decided.load(Ordering::Relaxed));
            match reason {
                Withheld::PastUnknown => warn!(
                    "this validator does not vote: its sign-state is new, and what its key has signed before is not known; it watches until the chain has passed every such height. Where the chain waits for this validator, see \"Lost sign-state\" in docs/operator.md"
                ),
                Withheld::Floor => warn!(
                    height = record.floor.0,
                    "this validator does not vote at or below this height, where its key may have signed before"
                ),
                Withheld::Signed => {
                    warn!(
                        height = record.height,
                        "this validator has signed here before and does not sign anything else"
                    );
                }
                Withheld::Decided => {
                    info!(decided, "this validator does not vote on what others have decided: it catches up")
                }
            }
        }
        Permit::Withheld(reason)
    }

    /// [`SignState::permit`] on the thread that writes.
    pub(crate) async fn ask(&self, statement: Statement) -> Result<Permit, EngineError> {
        let (reply, answer) = oneshot::channel();
        // Either end is gone only if the thread panicked.
        let gone = || EngineError::SignState { path: self.0.path.clone(), reason: "its thread has ended".to_owned() };
        let asked = Asked { state: self.clone(), statement, reply };
        self.0.asked.send(asked).await.map_err(|_| gone())?;
        answer.await.unwrap_or_else(|_| Err(gone()))
    }

    /// Whether this statement was signed last at its step.
    pub(crate) fn has_signed(&self, statement: &Statement) -> bool {
        self.0.record.lock().permit(statement, false) == Permit::Same
    }

    /// Whether nothing can be signed at this height and round, so that no block need be made for it.
    pub(crate) fn is_silent_at(&self, height: u64, round: u32) -> bool {
        let record = self.record();
        !record.knows_past
            || (height, round) <= record.floor
            || height < record.height
            || height < self.0.decided.load(Ordering::Relaxed)
    }

    /// Whether it is known up to where this key may have signed before.
    pub(crate) fn knows_past(&self) -> bool {
        self.0.record.lock().knows_past
    }

    /// Notes that the consensus log names `height` as one where this key may have signed, although the sign-state is new.
    pub(crate) fn note_log(&self, height: u64) -> Result<(), EngineError> {
        let record = self.record();
        if record.knows_past || record.log_lost_at >= height {
            return Ok(());
        }
        warn!(
            height,
            "the sign-state is new, and the consensus log says that this validator was at this height before"
        );
        self.update(|record| Record { log_lost_at: height, ..record })
    }

    /// Whether this node may say that it has decided nothing: a quorum of such words begins a chain.
    pub(crate) fn may_say_zero(&self) -> bool {
        let record = self.record();
        record.height <= 1 && record.floor.0 <= 1 && record.log_lost_at <= 1
    }

    /// Another process signed `statement` with this key. What else it signed is not known, so the past is unknown from now on, and
    /// a mark refuses every start until an operator has looked.
    pub(crate) fn meet_another(&self, statement: &Statement) {
        let (height, round) = (statement.height, statement.round);
        let mark = mark(&self.0.path);
        let marked = std::fs::write(&mark, format!("height {height}, round {round}\n"))
            .and_then(|()| std::fs::File::open(&mark)?.sync_all())
            .and_then(|()| sync_folder(&mark));
        if let Err(error) = marked {
            error!(%error, mark = %mark.display(), "could not write the mark that refuses the next start");
        }
        let forgotten =
            self.update(|record| Record { knows_past: false, log_lost_at: record.log_lost_at.max(height), ..record });
        if let Err(error) = forgotten {
            error!(%error, "could not note in the sign-state that another process signs");
        }
    }

    /// Whether a mark says that another process signed with this key.
    pub(crate) fn is_marked(&self) -> bool {
        mark(&self.0.path).exists()
    }

    /// Removes that mark: the operator's word that the other process is stopped.
    pub(crate) fn remove_mark(&self) -> Result<(), EngineError> {
        let path = mark(&self.0.path);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(failed(&path, FileError::Io(error))),
            Ok(()) | Err(_) => sync_folder(&path).map_err(|error| failed(&path, FileError::Io(error))),
        }
    }

    /// The engine starts `height` without the log of its earlier run.
    pub(crate) fn lose_log(&self, height: u64) -> Result<(), EngineError> {
        self.0.without_log_at.store(height, Ordering::Relaxed);
        if self.has_lost_log(height) {
            return Ok(());
        }
        self.update(|record| Record { log_lost_at: height, ..record })
    }

    /// Whether the log of `height` is of no use, by an earlier run's word.
    pub(crate) fn has_lost_log(&self, height: u64) -> bool {
        self.0.record.lock().log_lost_at == height
    }

    /// The height of the last statement, and the block this validator is locked on there with its round.
    pub(crate) fn last(&self) -> (u64, Option<(u32, Digest)>) {
        let record = self.0.record.lock();
        (record.height, record.lock)
    }

    /// The block to propose again at `height`, where the log is lost and this validator is locked.
    pub(crate) fn locked_without_log(&self, height: u64) -> Option<Digest> {
        let without_log = self.0.without_log_at.load(Ordering::Relaxed) == height;
        let (at, lock) = self.last();
        lock.filter(|_| without_log && at == height).map(|(_, block)| block)
    }

    /// Whether a statement signed by this key was signed by another process, or before this sign-state was put back. Before
    /// the past is known, nothing says so: it may be a statement of this validator's own earlier life.
    pub(crate) fn is_foreign(&self, statement: &Statement) -> bool {
        let record = self.0.record.lock();
        record.knows_past && record.is_foreign(statement)
    }

    pub(crate) fn status(&self) -> SigningStatus {
        let record = self.record();
        let without_log_at = self.0.without_log_at.load(Ordering::Relaxed);
        SigningStatus {
            log_lost_at: (without_log_at != 0 && without_log_at >= record.height).then_some(without_log_at),
            withheld: self.0.withheld.load(Ordering::Relaxed),
            ..status_of(&record)
        }
    }

    /// Sets the height and round up to which nothing is signed, and takes the past for known. The operator's word, which takes the
    /// place of what was concluded from the peers' heights.
    ///
    /// # Errors
    /// [`EngineError::Recover`] if that is below what was signed.
    pub(crate) fn set_floor(&self, floor: (u64, u32)) -> Result<(), EngineError> {
        let record = self.record();
        let signed = if record.knows_past { record.height } else { record.height.max(record.log_lost_at) };
        if floor.0 < signed {
            return Err(EngineError::Recover {
                reason: format!("this validator has signed at height {signed}; give that height or a higher one"),
            });
        }
        self.update(|record| Record { knows_past: true, floor, ..record })
    }
}

/// The thread that writes what is signed. It ends when the last sign-state that asks it is gone.
fn writer() -> std::io::Result<mpsc::Sender<Asked>> {
    let (asked, mut inbox) = mpsc::channel::<Asked>(ASKED_MAX);
    std::thread::Builder::new().name("sign-state".to_owned()).spawn(move || {
        while let Some(Asked { state, statement, reply }) = inbox.blocking_recv() {
            // Who asked may have stopped waiting.
            let _ = reply.send(state.permit(&statement));
        }
    })?;
    Ok(asked)
}

/// The file beside the sign-state at `path` whose presence refuses every start.
fn mark(path: &Path) -> PathBuf {
    sibling(path, "another-signer")
}

/// Refuses a start where another process signed with the key of the sign-state at `path`.
///
/// # Errors
/// [`EngineError::AnotherSigner`] with what was seen; [`EngineError::SignState`] if the mark cannot be read.
pub(crate) fn check_mark(path: &Path) -> Result<(), EngineError> {
    let mark = mark(path);
    match std::fs::read_to_string(&mark) {
        Ok(seen) => Err(EngineError::AnotherSigner { mark, seen: seen.trim().to_owned() }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(failed(&mark, FileError::Io(error))),
    }
}

/// Whether a record belongs to this key, chain and store, or why not.
fn fits(record: &Record, binding: &SignBinding, tip: u64) -> Result<(), String> {
    if record.key != binding.key {
        let (found, key) = (record.key, binding.key);
        return Err(format!(
            "it belongs to the consensus key {found}, and the configured key is {key}; put each key and its own sign-state together"
        ));
    }
    if record.genesis != binding.genesis {
        let (found, genesis) = (record.genesis, binding.genesis);
        return Err(format!(
            "it belongs to the chain with genesis {found}, and the configured genesis is {genesis}; use another consensus key on each chain"
        ));
    }
    if record.store != binding.store && tip > 0 {
        return Err("the store in the data folder is not the one this key signed beside: the folder was exchanged, copied or restored \
             from another node; put this node's own data folder back, or set data/store aside and let the node fetch the chain from \
             its peers"
            .to_owned());
    }
    Ok(())
}

fn status_of(record: &Record) -> SigningStatus {
    SigningStatus {
        past_known: record.knows_past,
        above_height: if record.floor.1 == u32::MAX { record.floor.0 } else { record.floor.0.saturating_sub(1) },
        last_height: record.height,
        log_lost_at: None,
        withheld: 0,
    }
}

fn failed(path: &Path, error: FileError) -> EngineError {
    let path = path.to_owned();
    match error {
        FileError::InUse => EngineError::SignStateInUse { path },
        FileError::Damaged => EngineError::SignState {
            path,
            reason: "it is damaged, and what it held last is not known; keep the file, and see \"Lost sign-state\" in docs/operator.md"
                .to_owned(),
        },
        FileError::Missing => EngineError::SignState { path, reason: "it is missing".to_owned() },
        FileError::Io(error) => EngineError::SignState { path, reason: error.to_string() },
    }
}

/// A sign-state of a chain just founded, in a folder that is gone when the test ends.
#[cfg(test)]
pub(crate) fn for_tests(key: KeyId) -> SignState {
    #![allow(clippy::unwrap_used, reason = "tests")]
    let folder = tempfile::tempdir().unwrap();
    let binding = SignBinding { genesis: Digest::ZERO, store: [0; 16], key };
    let state = SignState::open(&folder.path().join("k.sign-state"), &binding, 0).unwrap();
    state.settle((0, u32::MAX)).unwrap();
    state
}

#[cfg(test)]
mod tests;
