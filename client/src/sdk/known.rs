//! What a client remembers of a chain from one run to the next: the validators it has verified, the head that was pinned, and the
//! newest block it has seen, so that retired keys and an older state are recognised.
//!
//! One JSON file for each chain, `<genesis hash>.json`. It is trusted as it stands, like a list of known hosts; a file that cannot be read
//! is an error and not an empty one.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use huxin_chain_spec::block::Header;
use huxin_chain_spec::certificate::ValidatorSet;
use huxin_chain_spec::codec;
use huxin_chain_spec::crypto::Digest;
use huxin_chain_spec::ids::{Height, TimeMs};
use huxin_chain_spec::receipt::{Anchors, TrustPath, TrustedHead};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use crate::error::ClientError;
use crate::keep;
use crate::say;

/// Longest file, in bytes: two sets of 128 validators take 25,000.
const FILE_BYTES_MAX: u64 = 1024 * 1024;
/// Longest validator set, in bytes.
const SET_BYTES_MAX: usize = 64 * 1024;
/// While a program runs, a newer block is written down once in so long.
const WRITTEN_EVERY: Duration = Duration::from_secs(1);

/// The newest block that a proof has shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenHead {
    pub height: Height,
    pub time_ms: TimeMs,
}

/// The file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    version: u8,
    genesis: Digest,
    pinned: Option<Height>,
    seen: Option<SeenHead>,
    sets: Vec<KeptSet>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptSet {
    /// Height after which the set decides.
    height: Height,
    /// `borsh(ValidatorSet)` in hex.
    validators: String,
}

const VERSION: u8 = 1;

/// What is known of one chain. Shared by all clones of a trust root.
pub struct KnownChain {
    inner: Mutex<Inner>,
    /// Where it is kept; nowhere if `None`.
    path: Option<PathBuf>,
}

struct Inner {
    anchors: std::sync::Arc<Anchors>,
    seen: Option<SeenHead>,
    /// When the file was last written, and whether something has changed since.
    written: Option<Instant>,
    is_changed: bool,
}

impl KnownChain {
    /// Knows the genesis alone, and keeps nothing.
    pub fn in_memory(genesis: Digest) -> Self {
        Self { inner: Mutex::new(Inner::of(Anchors::of_genesis(genesis), None)), path: None }
    }

    /// Reads what is kept of this chain in a folder, which need not exist yet, and keeps there what is learnt.
    ///
    /// # Errors
    /// [`ClientError::File`], or [`ClientError::Input`] where the file is damaged or of another version or chain.
    pub fn in_folder(folder: &Path, genesis: Digest) -> Result<Self, ClientError> {
        let path = folder.join(format!("{genesis}.json"));
        std::fs::create_dir_all(folder).map_err(|error| ClientError::file("cannot make", folder, error))?;
        let (anchors, seen) = read(&path, genesis)?.unwrap_or_else(|| (Anchors::of_genesis(genesis), None));
        Ok(Self { inner: Mutex::new(Inner::of(anchors, seen)), path: Some(path) })
    }

    /// What proofs are checked against.
    pub fn anchors(&self) -> std::sync::Arc<Anchors> {
        std::sync::Arc::clone(&self.inner.lock().anchors)
    }

    /// The newest block that a proof has shown.
    pub fn seen(&self) -> Option<SeenHead> {
        self.inner.lock().seen
    }

    /// Where it is kept.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Takes over what a verified proof shows: its validators, forward only, and its block.
    pub fn learn(&self, trust: &TrustPath, header: Option<&Header>) {
        let mut inner = self.inner.lock();
        let newest = inner.anchors.newest().map_or(Height(0), |(height, _)| height);
        if trust.in_force_since() > newest {
            std::sync::Arc::make_mut(&mut inner.anchors).learn(trust);
            inner.is_changed = true;
            inner.written = None;
        }
        if let Some(header) = header.filter(|header| inner.seen.is_none_or(|seen| seen.height < header.height)) {
            inner.seen = Some(SeenHead { height: header.height, time_ms: header.time_ms });
            inner.is_changed = true;
        }
        if inner.written.is_none_or(|written| written.elapsed() >= WRITTEN_EVERY) {
            // What cannot be written now is tried again with the next block and at the end. The answer does not depend on it.
            let _ = self.write(&mut inner);
        }
    }

    /// Takes over the sets of a verified path that lie between known ones, for this run only.
    pub fn know_between(&self, trust: &TrustPath) {
        let mut inner = self.inner.lock();
        let anchors = std::sync::Arc::make_mut(&mut inner.anchors);
        for step in &trust.steps {
            anchors.know(step.header.height, step.next.clone());
        }
    }

    /// Pins a verified head, and writes that down.
    ///
    /// # Errors
    /// [`ClientError::File`] where it cannot be written; it is then pinned for this run only.
    pub fn pin(&self, head: &TrustedHead) -> Result<(), ClientError> {
        let mut inner = self.inner.lock();
        std::sync::Arc::make_mut(&mut inner.anchors).pin(head.header.height, head.validators_after().clone());
        if inner.seen.is_none_or(|seen| seen.height < head.header.height) {
            inner.seen = Some(SeenHead { height: head.header.height, time_ms: head.header.time_ms });
        }
        inner.is_changed = true;
        self.write(&mut inner)
    }

    /// Writes down what has changed. Another process may have written meanwhile: the newer of both is kept.
    ///
    /// # Errors
    /// [`ClientError::File`].
    pub fn save(&self) -> Result<(), ClientError> {
        self.write(&mut self.inner.lock())
    }

    fn write(&self, inner: &mut Inner) -> Result<(), ClientError> {
        let Some(path) = self.path.as_deref().filter(|_| inner.is_changed) else { return Ok(()) };
        // Before the attempt: one that fails is not made again with every proof.
        inner.written = Some(Instant::now());
        if let Some((theirs, seen)) = read(path, *inner.anchors.genesis())? {
            inner.take(&theirs, seen);
        }
        let anchors = &inner.anchors;
        let set = |(height, validators): (Height, &ValidatorSet)| KeptSet {
            height,
            validators: hex::encode(codec::encode(validators)),
        };
        let pinned = anchors.pinned().and_then(|height| Some((height, anchors.set_after(height)?)));
        let newest = anchors.newest().filter(|(height, _)| Some(*height) != anchors.pinned());
        let kept = Kept {
            version: VERSION,
            genesis: *anchors.genesis(),
            pinned: anchors.pinned(),
            seen: inner.seen,
            sets: pinned.into_iter().chain(newest).map(set).collect(),
        };
        let text = serde_json::to_vec_pretty(&kept)
            .map_err(|error| ClientError::at(path.display().to_string(), say!("{error}", "{error}")))?;
        keep::replace(path, &text)?;
        inner.is_changed = false;
        Ok(())
    }
}

impl Drop for KnownChain {
    fn drop(&mut self) {
        // The process goes on to its end either way.
        let _ = self.save();
    }
}

impl Inner {
    fn of(anchors: Anchors, seen: Option<SeenHead>) -> Self {
        Self { anchors: std::sync::Arc::new(anchors), seen, written: None, is_changed: false }
    }

    /// What another process has learnt meanwhile.
    fn take(&mut self, theirs: &Anchors, seen: Option<SeenHead>) {
        let mine = std::sync::Arc::make_mut(&mut self.anchors);
        if let Some((height, set)) =
            theirs.newest().filter(|(height, _)| mine.newest().is_none_or(|(own, _)| own < *height))
        {
            mine.know(height, set.clone());
        }
        let newer = theirs.pinned().filter(|height| mine.pinned() < Some(*height));
        if let Some((height, set)) = newer.and_then(|height| Some((height, theirs.set_after(height)?))) {
            mine.pin(height, set.clone());
        }
        self.seen = [self.seen, seen].into_iter().flatten().max_by_key(|seen| seen.height);
    }
}

type Read = (Anchors, Option<SeenHead>);

fn read(path: &Path, genesis: Digest) -> Result<Option<Read>, ClientError> {
    match std::fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(ClientError::file("cannot read", path, error)),
        Ok(found) if found.len() > FILE_BYTES_MAX => return Err(damaged(path, &"it is too long")),
        Ok(_) => {}
    }
    let bytes = std::fs::read(path).map_err(|error| ClientError::file("cannot read", path, error))?;
    let kept: Kept = serde_json::from_slice(&bytes).map_err(|error| damaged(path, &error))?;
    if kept.version != VERSION || kept.genesis != genesis {
        return Err(damaged(path, &"it is of another version or chain"));
    }
    let mut anchors = Anchors::of_genesis(genesis);
    for set in &kept.sets {
        let bytes = hex::decode(&set.validators).map_err(|error| damaged(path, &error))?;
        let validators = codec::decode(&bytes, SET_BYTES_MAX).map_err(|error| damaged(path, &error))?;
        anchors.know(set.height, validators);
    }
    if let Some(height) = kept.pinned {
        let set =
            anchors.set_after(height).cloned().ok_or_else(|| damaged(path, &"the pinned validators are missing"))?;
        anchors.pin(height, set);
    }
    Ok(Some((anchors, kept.seen)))
}

fn damaged(path: &Path, reason: &dyn std::fmt::Display) -> ClientError {
    let said = say!(
        "what was known of the chain cannot be read ({reason}); restore the file, or remove it to begin with the genesis alone",
        "无法读取此前对该链的记录（{reason}）；请恢复该文件，或删除后仅从创世重新开始"
    );
    ClientError::at(path.display().to_string(), said)
}

#[cfg(test)]
#[path = "known_tests.rs"]
mod tests;
