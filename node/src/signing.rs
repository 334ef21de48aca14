//! What the node must know about its consensus key before it signs: the sign-state beside the key, and what an operator may
//! say about it while the node is stopped.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use huxin_chain_spec::crypto::KeyId;
use huxin_chain_spec::ids::Height;
use huxin_chain_spec::receipt::{RECEIPT_BYTES_MAX, TrustedHead};
use huxin_chain_spec::record::governance::{Action, NewValidator};
use huxin_chain_spec::state::governance::ValidatorNode;
use huxin_engine::{SignBinding, SigningStatus};

use crate::config::{Config, Setup};
use crate::ledger::Ledger;
use crate::run::RunError;

/// What the sign-state of this node's key must belong to.
fn binding(ledger: &Ledger, key: KeyId) -> SignBinding {
    SignBinding { genesis: ledger.genesis_hash(), store: ledger.store().identity(), key }
}

/// The key that `key` has replaced at this node, if the sign-state beside it is still that key's and the ledger says so: see
/// [`has_replaced`].
///
/// # Errors
/// If the sign-state or the store cannot be read.
pub fn replaced(config: &Config, ledger: &Ledger, key: KeyId) -> Result<Option<KeyId>, RunError> {
    let Some(old) = huxin_engine::sign_state_key(&config.keys.sign_state())?.filter(|old| *old != key) else {
        return Ok(None);
    };
    let (nodes, passed) = (ledger.store().validator_nodes()?, ledger.store().passed_actions()?);
    Ok(has_replaced(&nodes, &passed, old, key).then_some(old))
}

/// Whether the ledger knows `new` by one rotation alone, from `old`, in which `old` left the set and `new` entered it for the first
/// time. A key that came in any other way may have signed elsewhere before it was put in the place of `old`.
fn has_replaced(nodes: &[ValidatorNode], passed: &[Action], old: KeyId, new: KeyId) -> bool {
    let node = |wanted: KeyId| nodes.iter().find(|node| node.key.id() == wanted);
    let (Some(before), Some(now)) = (node(old), node(new)) else { return false };
    let is_new = |added: &NewValidator| added.key.id() == new;
    let mut rotations = 0u32;
    for action in passed {
        match action {
            Action::ValidatorRotate { old: from, new: to, .. } if (*from, to.id()) == (old, new) => rotations += 1,
            Action::ValidatorRotate { old: from, new: to, .. } if *from == old || *from == new || to.id() == new => {
                return false;
            }
            Action::ValidatorAdd { validator, .. } if is_new(validator) => return false,
            Action::ProvinceAdd(province) if province.validators.iter().any(is_new) => return false,
            _ => {}
        }
    }
    rotations == 1
        && before.until == Some(now.since)
        && now.since > Height::ZERO
        && now.until.is_none()
        && before.province == now.province
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

/// Sets a damaged consensus log aside, says up to where a key without its sign-state may have signed, or removes the mark that
/// another process signed with it. The node must be stopped.
///
/// # Errors
/// Where neither the sign-state nor `after` says what was signed, or the head does not hold; nothing has changed then.
pub fn recover(config: &Path, after: &After) -> Result<(), RunError> {
    let setup = Setup::read(config)?;
    let ledger = Ledger::open(&setup.config.data.join("store"), setup.genesis)?;
    let after = match after {
        After::WhatIsKept => None,
        After::Height(height, round) => Some((*height, *round)),
        After::Head(file) => Some((certified_height(&ledger, file)?, None)),
    };
    let (wal_dir, sign_state) = (setup.config.data.join("wal"), setup.config.keys.sign_state());
    let above = after.map(|(height, round)| (height, round.unwrap_or(u32::MAX)));
    let binding = binding(&ledger, setup.consensus_key.id());
    let done = huxin_engine::recover(&wal_dir, &sign_state, &binding, ledger.height().0, above)?;
    let log = match &done.log_kept {
        Some(path) => format!("the consensus log is kept as {}", path.display()),
        None => "there is no consensus log to set aside".to_owned(),
    };
    let safe = match above {
        None if !done.signing.past_known => {
            "nothing is signed before the chain has passed all that this key may have signed, if the other process with this key is \
             stopped: that is your word"
                .to_owned()
        }
        None => "the sign-state holds the last statements of this key and the block it is locked on; nothing that contradicts \
                 them is signed"
            .to_owned(),
        Some((height, u32::MAX)) => format!(
            "nothing is signed up to height {height}, if this key has signed nothing above it anywhere: that is your word"
        ),
        Some((height, round)) => format!(
            "nothing is signed below height {height}, nor at it up to round {round}, if this key has signed nothing above that \
             anywhere: that is your word"
        ),
    };
    let signing = describe(Some(&done.signing));
    let mut output = std::io::stdout().lock();
    writeln!(output, "{log}\nsign-state  {signing}\nwhy this is safe: {safe}").map_err(RunError::Output)
}

/// Up to where this key may have signed, in the operator's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum After {
    /// What sign-state and consensus log hold.
    WhatIsKept,
    /// A height, and a round at it.
    Height(u64, Option<u32>),
    /// The height of a certified head in a file.
    Head(PathBuf),
}

/// The height of a head that holds under this ledger's genesis and the validators that the ledger knows.
fn certified_height(ledger: &Ledger, file: &Path) -> Result<u64, RunError> {
    let unusable = |reason: String| RunError::Head { path: file.to_owned(), reason };
    let length = std::fs::metadata(file).map_err(|error| unusable(error.to_string()))?.len();
    if length > RECEIPT_BYTES_MAX as u64 {
        return Err(unusable(format!("{length} bytes are too many for a head")));
    }
    let bytes = std::fs::read(file).map_err(|error| unusable(error.to_string()))?;
    let head = TrustedHead::from_bytes(&bytes).map_err(|error| unusable(error.to_string()))?;
    head.verify(&ledger.anchors_at(head.header.height)).map_err(|error| unusable(error.to_string()))?;
    Ok(head.header.height.0)
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use huxin_chain_spec::crypto::{PublicKey, SignatureScheme, Signer as _, SigningKey};

    use super::*;

    fn key(seed: u8) -> PublicKey {
        SigningKey::from_secret(SignatureScheme::Ed25519, [seed; 32]).unwrap().public_key()
    }

    fn node(seed: u8, since: u64, until: Option<u64>) -> ValidatorNode {
        let province = "310000".parse().unwrap();
        ValidatorNode {
            key: key(seed),
            province,
            network_key: None,
            since: Height(since),
            until: until.map(Height),
            rotated_ms: Vec::new(),
        }
    }

    fn rotate(old: u8, new: u8) -> Action {
        Action::ValidatorRotate { old: key(old).id(), new: key(new), network_key: None }
    }

    /// Any key of the same province passed for the one that replaced another: a second validator's, one that was added and had
    /// signed on another machine, or one that had been rotated out and in again. It then voted at once.
    #[test]
    fn only_one_rotation_on_the_ledger_makes_a_key_the_next_of_another() {
        let nodes = [node(1, 0, Some(9)), node(2, 9, None)];
        let replaced =
            |nodes: &[ValidatorNode], passed: &[Action]| has_replaced(nodes, passed, key(1).id(), key(2).id());
        assert!(replaced(&nodes, &[rotate(1, 2)]));
        assert!(replaced(&nodes, &[rotate(7, 1), rotate(1, 2), rotate(3, 4)]), "what others did does not matter");

        let validator = NewValidator { key: key(2), power: 1, network_key: None };
        let added = Action::ValidatorAdd { province: "310000".parse().unwrap(), validator };
        let removed = Action::ValidatorRemove { key: key(1).id() };
        for (case, passed) in [
            ("added and removed in one block", vec![added.clone(), removed]),
            ("by nothing on the ledger", vec![]),
            ("out and in again", vec![rotate(1, 2), rotate(2, 1), rotate(1, 2)]),
            ("twice", vec![rotate(1, 2), rotate(1, 2)]),
            ("through a third key", vec![rotate(1, 3), rotate(3, 2)]),
            ("added before", vec![added, rotate(1, 2)]),
        ] {
            assert!(!replaced(&nodes, &passed), "{case}");
        }
        for (case, nodes) in [
            ("a second validator of the genesis", [node(1, 0, Some(9)), node(2, 0, None)]),
            ("here before the other left", [node(1, 0, Some(9)), node(2, 5, None)]),
            ("replaced itself", [node(1, 0, Some(9)), node(2, 9, Some(12))]),
            ("the old one is here", [node(1, 0, None), node(2, 9, None)]),
        ] {
            assert!(!replaced(&nodes, &[rotate(1, 2)]), "{case}");
        }
        let other = ValidatorNode { province: "110000".parse().unwrap(), ..node(2, 9, None) };
        assert!(!replaced(&[node(1, 0, Some(9)), other], &[rotate(1, 2)]), "another province's");
    }
}
