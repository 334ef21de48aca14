//! What an operator may do about a damaged consensus log or a lost sign-state, with the node stopped.

use std::path::{Path, PathBuf};

use huxin_chain_spec::crypto::KeyId;

use crate::EngineError;
use crate::log_walk;
use crate::sign_state::{SignBinding, SignState, SigningStatus, check_mark};

/// A height further above the store than this is a mistake of writing: months of blocks, below which nothing would be signed.
const HEIGHTS_ABOVE_MAX: u64 = 1_000_000;

/// What [`recover`] did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovered {
    /// Where the consensus log is kept now, if there was one.
    pub log_kept: Option<PathBuf>,
    /// What this validator signs from now on.
    pub signing: SigningStatus,
}

/// Sets the consensus log and its marker aside, removes the mark that another process signed with this key, and, with `above`,
/// signs nothing at or below that height and round from now on.
///
/// Without `above` the sign-state must know what this validator has signed. Then it is safe at any time: what was signed, and the
/// block this validator is locked on, are in the sign-state. With `above` it is as safe as the operator's word that this key
/// signed nothing higher, in any process.
///
/// # Errors
/// [`EngineError::Recover`] where that is not known, or `above` is below the store, what was signed, or what the log holds, or more
/// than a million heights above the store;
/// [`EngineError::SignStateOther`] where the log knows more than the sign-state; nothing has changed then.
/// [`EngineError::SignStateInUse`] while the node runs.
pub fn recover(
    wal_dir: &Path,
    sign_state: &Path,
    binding: &SignBinding,
    tip: u64,
    above: Option<(u64, u32)>,
) -> Result<Recovered, EngineError> {
    if above.is_none() && !sign_state.exists() && check_mark(sign_state).is_ok() {
        return Err(unknown(sign_state));
    }
    if let Some((height, _)) = above {
        check_height(height, tip)?;
    }
    let state = SignState::open(sign_state, binding, tip)?;
    let log = wal_dir.join(crate::config::LOG_NAME);
    log_walk::says_no_more(&log, binding.key, above, &state)?;
    match above {
        Some(floor) => state.set_floor(floor)?,
        // After a stop for another process the validator watches, as after the loss of its sign-state.
        None if !state.knows_past() && !state.is_marked() => return Err(unknown(sign_state)),
        None => {}
    }
    state.remove_mark()?;
    let log_kept = log_walk::set_aside(&log)
        .map_err(|error| EngineError::WriteAheadLog { path: log.clone(), reason: error.to_string() })?;
    Ok(Recovered { log_kept, signing: state.status() })
}

/// Looks at sign-state and log without changing either; `None` where there is no sign-state yet. The node must be stopped.
///
/// # Errors
/// What a start would be refused for.
pub fn inspect(
    wal_dir: &Path,
    sign_state: &Path,
    binding: &SignBinding,
    tip: u64,
) -> Result<Option<SigningStatus>, EngineError> {
    check_mark(sign_state)?;
    log_walk::look(&wal_dir.join(crate::config::LOG_NAME), binding.key)?;
    if !sign_state.exists() {
        return Ok(None);
    }
    SignState::look(sign_state, binding, tip).map(Some)
}

/// The key that a sign-state belongs to; `None` where there is none. The node must be stopped.
///
/// # Errors
/// If the file is in use or damaged.
pub fn sign_state_key(sign_state: &Path) -> Result<Option<KeyId>, EngineError> {
    SignState::key_at(sign_state)
}

/// Makes the sign-state of a key that has replaced `old` at this node; returns where that of `old` is kept. The caller knows
/// from the ledger that `old` has left the set and that both belong to one province.
///
/// # Errors
/// If the file does not belong to `old`, this chain and this store; nothing has changed then.
pub fn succeed(sign_state: &Path, binding: &SignBinding, old: KeyId, tip: u64) -> Result<PathBuf, EngineError> {
    SignState::succeed(sign_state, binding, old, tip)
}

/// Refuses a height below the store, and one that the chain will not reach for months.
fn check_height(height: u64, tip: u64) -> Result<(), EngineError> {
    let reason = if height < tip {
        format!("the store is at height {tip}, where this validator may have signed; give that height or a higher one")
    } else if height - tip > HEIGHTS_ABOVE_MAX {
        format!(
            "height {height} is more than {HEIGHTS_ABOVE_MAX} above the store, which is at {tip}, and this validator would not vote \
             before the chain gets there; correct it, or start the node first so that it fetches the chain"
        )
    } else {
        return Ok(());
    };
    Err(EngineError::Recover { reason })
}

fn unknown(path: &Path) -> EngineError {
    EngineError::Recover {
        reason: format!(
            "the sign-state {} does not say what this validator has signed; give --after-height H with the greatest height at which it may have signed: the highest block of all nodes, or one more where a node shows a vote of this validator there (\"Lost sign-state\" in docs/operator.md)",
            path.display()
        ),
    }
}
