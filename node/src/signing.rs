//! What the node must know about its consensus key before it signs: the sign-state beside the key, and what an operator may
//! say about it while the node is stopped.

use std::io::Write as _;
use std::path::Path;

use huxin_chain_spec::crypto::KeyId;
use huxin_engine::{SignBinding, SigningStatus};

use crate::config::{Config, Setup};
use crate::ledger::Ledger;
use crate::run::RunError;

/// What the sign-state of this node's key must belong to.
fn binding(ledger: &Ledger, key: KeyId) -> SignBinding {
    SignBinding { genesis: ledger.genesis_hash(), store: ledger.store().identity(), key }
}

/// The key that `key` has replaced at this node, if the sign-state beside it is still that key's: both are the same
/// province's, and the ledger says that the old one has left the set and the new one is in it.
///
/// # Errors
/// If the sign-state or the store cannot be read.
pub fn replaced(config: &Config, ledger: &Ledger, key: KeyId) -> Result<Option<KeyId>, RunError> {
    let Some(old) = huxin_engine::sign_state_key(&config.keys.sign_state())?.filter(|old| *old != key) else {
        return Ok(None);
    };
    let nodes = ledger.store().validator_nodes()?;
    let node = |wanted: KeyId| nodes.iter().find(|node| node.key.id() == wanted);
    let (Some(before), Some(now)) = (node(old), node(key)) else { return Ok(None) };
    let is_replaced = before.until.is_some() && now.until.is_none() && before.province == now.province;
    Ok(is_replaced.then_some(old))
}

/// Before the engine starts: gives a key that replaced another one a sign-state of its own, then looks as `check` does.
///
/// # Errors
/// As of [`inspect`].
pub fn prepare(config: &Config, ledger: &Ledger, key: KeyId) -> Result<(), RunError> {
    if let Some(old) = replaced(config, ledger, key)? {
        let path = config.keys.sign_state();
        let kept = huxin_engine::succeed(&path, &binding(ledger, key), old, ledger.height().0)?;
        tracing::info!(%old, kept = %kept.display(), "this key replaces another one: the old key's sign-state is set aside");
    }
    inspect(config, ledger, key).map(drop)
}

/// Looks through sign-state and consensus log as a start would, and changes neither; `None` where there is no sign-state yet.
///
/// # Errors
/// What keeps the node from starting: a damaged log, a sign-state that is damaged, in use, or of another key, chain or store.
pub fn inspect(config: &Config, ledger: &Ledger, key: KeyId) -> Result<Option<SigningStatus>, RunError> {
    let (wal_dir, sign_state) = (config.data.join("wal"), config.keys.sign_state());
    Ok(huxin_engine::inspect(&wal_dir, &sign_state, &binding(ledger, key), ledger.height().0)?)
}

/// Sets a damaged consensus log aside, or says up to where a key without its sign-state may have signed. The node must be
/// stopped.
///
/// # Errors
/// Where neither the sign-state nor `after` says what was signed; nothing has changed then.
pub fn recover(config: &Path, after: Option<(u64, Option<u32>)>) -> Result<(), RunError> {
    let setup = Setup::read(config)?;
    let ledger = Ledger::open(&setup.config.data.join("store"), setup.genesis)?;
    let (wal_dir, sign_state) = (setup.config.data.join("wal"), setup.config.keys.sign_state());
    let above = after.map(|(height, round)| (height, round.unwrap_or(u32::MAX)));
    let binding = binding(&ledger, setup.consensus_key.id());
    let done = huxin_engine::recover(&wal_dir, &sign_state, &binding, ledger.height().0, above)?;
    let log = match &done.log_kept {
        Some(path) => format!("the consensus log is kept as {}", path.display()),
        None => "there is no consensus log to set aside".to_owned(),
    };
    let safe = match above {
        None => "the sign-state holds the last statements of this key and the block it is locked on; nothing that contradicts \
                 them is signed"
            .to_owned(),
        Some((height, _)) => format!(
            "nothing is signed up to height {height}, if this key has signed nothing above it anywhere: that is your word"
        ),
    };
    let signing = describe(Some(&done.signing));
    let mut output = std::io::stdout().lock();
    writeln!(output, "{log}\nsign-state  {signing}\nwhy this is safe: {safe}").map_err(RunError::Output)
}

/// One line for the operator.
pub fn describe(signing: Option<&SigningStatus>) -> String {
    let Some(signing) = signing else {
        return "none yet: made at the first start, and nothing is signed until the chain has passed all that this key may \
                have signed"
            .to_owned();
    };
    match (signing.past_known, signing.last_height) {
        (false, _) => "nothing is signed until the chain has passed all that this key may have signed".to_owned(),
        (true, 0) => format!("nothing signed yet; signs above height {}", signing.above_height),
        (true, last) => format!(
            "last signed at height {last}; signs nothing else there, and nothing at or below height {}",
            signing.above_height
        ),
    }
}
