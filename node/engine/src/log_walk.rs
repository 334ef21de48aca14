//! A look through the consensus log before the engine opens it.
//!
//! The engine cuts the log at the first entry that it cannot read, before it says so, and what this validator signed is gone.
//! So we read it first, and change nothing: what a power cut leaves at the end is cut off (with a copy kept), anything else
//! that does not check is refused, now and at every later start.
//!
//! ```text
//! version u32 = 1 | height u64 | entries, each: compressed u8 = 0 | length u64 | CRC-32 u32 | bytes        (big-endian)
//! ```

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use arc_malachitebft_app_channel::app::consensus::Input;
use arc_malachitebft_app_channel::app::engine::wal::decode_entry;
use arc_malachitebft_app_channel::app::types::core::{NilOrVal, VoteType};
use huxin_chain_spec::crypto::KeyId;
use tracing::{error, warn};

use crate::EngineError;
use crate::codec::WireCodec;
use crate::context::Ctx;
use crate::sign_state::{SignState, Statement, Step, sibling, sync_folder};

/// Bytes before the first entry.
const HEADER_BYTES: usize = 12;
/// Bytes before the data of an entry.
const ENTRY_HEADER_BYTES: usize = 13;
/// Version of the log's form.
const VERSION: u32 = 1;
/// Longest log that is read. One height takes kilobytes; a hundred rounds of 128 validators some megabytes.
const LOG_BYTES_MAX: u64 = 1 << 30;
/// So many zero bytes at the end were never written: no entry ends like that.
const ZEROS_MIN: usize = 16;

/// What a log holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Walked {
    height: u64,
    /// What this validator signed at that height, in the order of the log.
    own: Vec<Statement>,
    /// Where the sound entries end.
    end: usize,
    tail: Tail,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Tail {
    /// No byte follows.
    #[default]
    None,
    /// What a power cut leaves of an entry that was never synced.
    Torn,
    /// Nothing but a part of the header, or zeros: it cannot hold a vote.
    NoHeader,
}

/// Looks through the log for the height after `tip`, and makes it fit to be opened.
///
/// # Errors
/// [`EngineError::LogDamaged`], which leaves every byte and a marker; [`EngineError::SignStateOther`] where the log knows of
/// statements that the sign-state does not; [`EngineError::WriteAheadLog`] for the disk, or a log in use.
pub(crate) fn prepare(log: &Path, me: KeyId, tip: u64, state: &SignState) -> Result<(), EngineError> {
    let damaged = |reason: String| EngineError::LogDamaged { path: log.to_owned(), reason };
    let failed = |error: io::Error| EngineError::WriteAheadLog { path: log.to_owned(), reason: error.to_string() };
    let marker = marker(log);
    match std::fs::read_to_string(&marker) {
        Ok(reason) => return Err(damaged(reason.trim().to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(failed(error)),
    }
    let walked = match read(log).map_err(failed)? {
        None => None,
        Some(bytes) => match walk(&bytes, me) {
            Ok(walked) => Some(walked),
            Err(reason) => {
                // The log itself refuses every later start as well; the marker does so if somebody takes the log away.
                std::fs::write(&marker, format!("{reason}\n")).and_then(|()| sync_folder(&marker)).map_err(failed)?;
                return Err(damaged(reason));
            }
        },
    };
    if let Some(walked) = &walked {
        mend(log, walked).map_err(failed)?;
    }
    compare(log, walked.unwrap_or_default(), tip, state)
}

/// Looks through the log and changes nothing.
///
/// # Errors
/// As of [`prepare`].
pub(crate) fn look(log: &Path, me: KeyId) -> Result<(), EngineError> {
    let damaged = |reason: String| EngineError::LogDamaged { path: log.to_owned(), reason };
    if let Ok(reason) = std::fs::read_to_string(marker(log)) {
        return Err(damaged(reason.trim().to_owned()));
    }
    let bytes =
        read(log).map_err(|error| EngineError::WriteAheadLog { path: log.to_owned(), reason: error.to_string() })?;
    bytes.map_or(Ok(()), |bytes| walk(&bytes, me).map(drop).map_err(damaged))
}

/// Cuts off what a power cut left, with a copy kept.
fn mend(log: &Path, walked: &Walked) -> io::Result<()> {
    match walked.tail {
        Tail::None => Ok(()),
        Tail::Torn => {
            let kept = aside(log, "torn");
            warn!(log = %log.display(), kept = %kept.display(), end = walked.end,
                "the last entry of the consensus log was not written whole, as after a power cut: it is cut off, and a copy is kept");
            std::fs::copy(log, &kept)?;
            let file = OpenOptions::new().write(true).open(log)?;
            file.set_len(u64::try_from(walked.end).unwrap_or(0))?;
            file.sync_all()
        }
        Tail::NoHeader => {
            let kept = aside(log, "torn");
            warn!(log = %log.display(), kept = %kept.display(),
                "the consensus log has no whole header and holds no vote: it is set aside, and a new one begins");
            std::fs::rename(log, kept)?;
            sync_folder(log)
        }
    }
}

/// Refuses a log that holds a statement of this key which the sign-state does not know.
fn known(log: &Path, walked: &Walked, state: &SignState) -> Result<(), EngineError> {
    let Some(unknown) = walked.own.iter().find(|statement| state.is_foreign(statement)) else { return Ok(()) };
    Err(EngineError::SignStateOther {
        path: log.to_owned(),
        reason: format!(
            "the consensus log holds a statement of this key at height {} round {} that the sign-state does not know: the sign-state was put back to an earlier copy, or another process signed with this key; bring the newer sign-state back",
            unknown.height, unknown.round
        ),
    })
}

/// Refuses to set the log aside where it says more than what is known of the past: than the sign-state, or than `above`, up to
/// where the operator says that this key may have signed. Of a damaged log the sound entries are read.
///
/// # Errors
/// [`EngineError::SignStateOther`], [`EngineError::Recover`]; [`EngineError::WriteAheadLog`] for the disk, or a log in use.
pub(crate) fn says_no_more(
    log: &Path,
    me: KeyId,
    above: Option<(u64, u32)>,
    state: &SignState,
) -> Result<(), EngineError> {
    let bytes =
        read(log).map_err(|error| EngineError::WriteAheadLog { path: log.to_owned(), reason: error.to_string() })?;
    let Some(bytes) = bytes else { return Ok(()) };
    let mut walked = Walked::default();
    let is_sound = walk_into(&bytes, me, &mut walked).is_ok();
    known(log, &walked, state)?;
    let Some(above) = above else { return Ok(()) };
    let refused = |reason: String| Err(EngineError::Recover { reason });
    let highest = walked.own.iter().map(|statement| (statement.height, statement.round)).max();
    if let Some((height, round)) = highest.filter(|highest| *highest > above) {
        return refused(format!(
            "the consensus log {} holds a statement of this validator at height {height} round {round}; give that height, or a higher one",
            log.display()
        ));
    }
    if !is_sound && !state.knows_past() && walked.height > above.0 {
        return refused(format!(
            "the consensus log {} is of height {}, and cannot be read to its end: this validator may have signed there; give that height or a higher one",
            log.display(),
            walked.height
        ));
    }
    Ok(())
}

/// Compares the log with the store's tip and with what was signed. Afterwards the log either restores the engine's lock, or
/// the sign-state knows that it does not.
fn compare(log: &Path, walked: Walked, tip: u64, state: &SignState) -> Result<(), EngineError> {
    let next = tip.saturating_add(1);
    known(log, &walked, state)?;
    if !state.knows_past() && (walked.height > next || !walked.own.is_empty()) {
        state.note_log(walked.height)?;
    }
    if walked.height > next {
        error!(
            log = walked.height,
            store = tip,
            "the consensus log is ahead of the store: the store went back; blocks are fetched from peers"
        );
    }
    let (height, lock) = state.last();
    let is_lock = |statement: &Statement| {
        statement.step == Step::Precommit
            && lock.is_some_and(|lock| (statement.round, statement.block) == (lock.0, Some(lock.1)))
    };
    let lost = state.has_lost_log(next)
        || (height == next && lock.is_some() && !(walked.height == next && walked.own.iter().any(is_lock)));
    if lost {
        warn!(
            height = next,
            "the consensus log of this height is lost: until it is decided, votes are held to what this validator signed"
        );
        set_aside(log)
            .map_err(|error| EngineError::WriteAheadLog { path: log.to_owned(), reason: error.to_string() })?;
        state.lose_log(next)?;
    }
    Ok(())
}

/// Renames the log and its marker, if they are there. Returns where the log is kept.
pub(crate) fn set_aside(log: &Path) -> io::Result<Option<PathBuf>> {
    let kept = aside(log, "aside");
    let moved = match std::fs::rename(log, &kept) {
        Ok(()) => Some(kept),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    match std::fs::remove_file(marker(log)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    if moved.is_some() {
        sync_folder(log)?;
    }
    Ok(moved)
}

/// The file whose presence refuses every start.
fn marker(log: &Path) -> PathBuf {
    sibling(log, "damaged")
}

/// A name beside the log that is not taken.
fn aside(log: &Path, what: &str) -> PathBuf {
    (0u32..)
        .map(|number| sibling(log, &format!("{what}-{number}")))
        .find(|path| !path.exists())
        .unwrap_or_else(|| sibling(log, what))
}

/// The bytes of the log; `None` if there is none.
fn read(log: &Path) -> io::Result<Option<Vec<u8>>> {
    let mut file = match File::open(log) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    if let Err(std::fs::TryLockError::WouldBlock) = file.try_lock() {
        return Err(io::Error::other("another process uses it"));
    }
    if file.metadata()?.len() > LOG_BYTES_MAX {
        return Err(io::Error::other(format!("it is longer than {LOG_BYTES_MAX} bytes")));
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

/// Reads a whole log.
///
/// # Errors
/// What is damaged, and where.
fn walk(bytes: &[u8], me: KeyId) -> Result<Walked, String> {
    let mut walked = Walked::default();
    walk_into(bytes, me, &mut walked).map(|()| walked)
}

/// Reads a log as far as it is sound.
///
/// # Errors
/// As of [`walk`]; `walked` holds what stands before the damage.
fn walk_into(bytes: &[u8], me: KeyId, walked: &mut Walked) -> Result<(), String> {
    let all_zero = bytes.iter().all(|byte| *byte == 0);
    if bytes.is_empty() {
        return Ok(());
    }
    if bytes.len() < HEADER_BYTES || all_zero {
        walked.tail = Tail::NoHeader;
        return Ok(());
    }
    let version = bytes.first_chunk().map(|chunk| u32::from_be_bytes(*chunk)).unwrap_or(0);
    if version != VERSION {
        return Err(format!("its header says version {version}"));
    }
    (walked.height, walked.end) = (number(bytes, 4).unwrap_or(0), HEADER_BYTES);
    while walked.end < bytes.len() {
        let rest = bytes.get(walked.end..).unwrap_or_default();
        let Some(data) = entry(rest).map_err(|reason| format!("{reason} at byte {}", walked.end))? else {
            walked.tail = Tail::Torn;
            break;
        };
        let input: Input<Ctx> = decode_entry(&WireCodec, data)
            .map_err(|error| format!("an entry that cannot be read at byte {}: {error}", walked.end))?;
        note(&input, walked, me)?;
        walked.end += ENTRY_HEADER_BYTES + data.len();
    }
    Ok(())
}

/// The data of the first entry; `None` if it was not written whole.
fn entry(rest: &[u8]) -> Result<Option<&[u8]>, String> {
    let Some((header, after)) = rest.split_at_checked(ENTRY_HEADER_BYTES) else {
        return Ok(None);
    };
    let zeros = rest.iter().rev().take_while(|byte| **byte == 0).count();
    let unwritten = zeros >= ZEROS_MIN || zeros == rest.len();
    let compressed = header.first().copied().unwrap_or(0);
    let length = number(header, 1).and_then(|length| usize::try_from(length).ok()).unwrap_or(usize::MAX);
    let checksum =
        header.get(9..).and_then(|bytes| bytes.first_chunk()).map(|chunk| u32::from_be_bytes(*chunk)).unwrap_or(0);
    match after.get(..length) {
        // An entry is never empty, and zeros have the checksum of nothing.
        Some(data) if compressed == 0 && length > 0 && crc32(data) == checksum => Ok(Some(data)),
        Some(data) if unwritten && rest.len() - zeros < ENTRY_HEADER_BYTES + data.len() => Ok(None),
        Some(_) if compressed != 0 => Err("an entry with a wrong flag".to_owned()),
        Some(_) => Err("an entry whose checksum does not fit".to_owned()),
        None if compressed != 0 => Err("an entry with a wrong flag".to_owned()),
        // It may be the length that is wrong, with the whole entry and others behind it.
        None if has_entry_of_another_length(after, checksum) => Err("an entry whose length does not fit".to_owned()),
        None => Ok(None),
    }
}

/// Whether `after` begins with data of some length that has this checksum.
fn has_entry_of_another_length(after: &[u8], checksum: u32) -> bool {
    let mut state = CRC_START;
    after.iter().any(|byte| {
        state = crc_step(state, *byte);
        !state == checksum
    })
}

const CRC_START: u32 = u32::MAX;

/// CRC-32 of IEEE 802.3, as the engine's log has it. A log is kilobytes long, so a bit at a time is quick enough.
fn crc32(data: &[u8]) -> u32 {
    !data.iter().fold(CRC_START, |state, byte| crc_step(state, *byte))
}

fn crc_step(state: u32, byte: u8) -> u32 {
    (0..8).fold(state ^ u32::from(byte), |state, _| (state >> 1) ^ (0xedb8_8320 & 0u32.wrapping_sub(state & 1)))
}

/// Notes what this validator said, and that an entry belongs to the height of the header.
fn note(input: &Input<Ctx>, walked: &mut Walked, me: KeyId) -> Result<(), String> {
    let block = |value: &NilOrVal<huxin_chain_spec::crypto::Digest>| match value {
        NilOrVal::Nil => None,
        NilOrVal::Val(block) => Some(*block),
    };
    let (height, by, round, step, block) = match input {
        Input::Vote(vote) => {
            let vote = &vote.message;
            let step = match vote.vote_type {
                VoteType::Prevote => Step::Prevote,
                VoteType::Precommit => Step::Precommit,
            };
            (vote.height.0, vote.voter.0, vote.round, step, block(&vote.value))
        }
        Input::Proposal(proposal) => {
            let proposal = &proposal.message;
            (proposal.height.0, proposal.proposer.0, proposal.round, Step::Proposal, Some(proposal.value.0))
        }
        Input::ProposedValue(value, _) => return at_height(value.height.0, walked),
        Input::PolkaCertificate(certificate) => return at_height(certificate.height.0, walked),
        _ => return Ok(()),
    };
    at_height(height, walked)?;
    if by == me
        && let Some(round) = round.as_u32()
    {
        walked.own.push(Statement { height, round, step, block });
    }
    Ok(())
}

fn at_height(height: u64, walked: &Walked) -> Result<(), String> {
    if height == walked.height {
        return Ok(());
    }
    Err(format!(
        "its header says height {}, and an entry at byte {} belongs to height {height}",
        walked.height, walked.end
    ))
}

fn number(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..)?.first_chunk().map(|chunk| u64::from_be_bytes(*chunk))
}

#[cfg(test)]
mod tests;
