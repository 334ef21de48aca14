//! Which validators of the set this node reaches, who is silent since when, and how many more may fail.
//!
//! Counted over **all** validators of the set, not over the peers that were ever seen: a validator that was never
//! connected is missing too.

use std::collections::BTreeMap;

use huxin_chain_spec::certificate::ValidatorSet;
use huxin_chain_spec::crypto::KeyId;
use huxin_chain_spec::ids::ProvinceCode;
use huxin_chain_spec::rules::governance::may_fail;
use huxin_engine::{EngineStatus, Phase, VoteSeen};

/// A disconnected validator counts as alive if a block made this much later, in milliseconds, holds its signature.
const SIGNED_LATER_MS: u64 = 2_000;

/// One validator of the set, as this node sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReachedValidator {
    pub address: KeyId,
    pub province: ProvinceCode,
    pub power: u64,
    /// Whether it is this node.
    pub is_me: bool,
    /// Whether a connection stands; unknown where the ledger names no network key for it.
    pub connected: Option<bool>,
    /// The last vote seen; none of this node's own.
    pub vote: Option<VoteSeen>,
    /// Since when nothing is heard of it, in milliseconds since 1970; none while it is heard.
    pub silent_since_ms: Option<u64>,
    /// It is not connected, and yet newer blocks hold its signature: only the link is missing.
    pub signs_elsewhere: bool,
    /// It is not connected, and its votes come by way of others.
    pub is_passed_on: bool,
}

/// The set as this node reaches it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reach {
    pub validators: Vec<ReachedValidator>,
    pub total_power: u64,
    /// Least power that decides.
    pub quorum_power: u64,
    /// Power of those that are heard, this node's included.
    pub reached_power: u64,
    /// Validators that may fail before the chain stops, whichever they are, beside those that are silent now.
    pub may_fail: usize,
}

impl Reach {
    /// Whether those that are reached can decide a block.
    pub fn has_quorum(&self) -> bool {
        self.reached_power >= self.quorum_power
    }

    /// Those of which nothing is heard.
    pub fn silent(&self) -> impl Iterator<Item = &ReachedValidator> {
        self.validators.iter().filter(|validator| validator.silent_since_ms.is_some())
    }

    /// Validators reached, this node included.
    pub fn reached(&self) -> usize {
        self.validators.len() - self.silent().count()
    }

    /// Whether the set has other validators, and none of them is connected.
    pub fn is_alone(&self) -> bool {
        let mut others = self.validators.iter().filter(|validator| !validator.is_me).peekable();
        others.peek().is_some() && others.all(|validator| validator.connected == Some(false))
    }

    /// Whether this node's key is one of the set.
    pub fn has_vote(&self) -> bool {
        self.validators.iter().any(|validator| validator.is_me)
    }
}

/// What reach is judged by.
pub struct Sight<'a> {
    pub set: &'a ValidatorSet,
    /// Peer id of each validator's node, where the ledger names its network key.
    pub peer_ids: &'a BTreeMap<KeyId, String>,
    pub engine: &'a EngineStatus,
    pub me: KeyId,
    pub now_ms: u64,
    /// Start of this process, in milliseconds since 1970.
    pub started_ms: u64,
    /// A connected validator may go so long without a vote.
    pub silent_after_ms: u64,
    /// Time of the newest block that holds the signature of each validator, in milliseconds since 1970.
    pub signed_ms: &'a BTreeMap<KeyId, u64>,
    /// When a validator came into the set, in milliseconds since 1970, where that is known. Nothing is expected of it before.
    pub since_ms: &'a BTreeMap<KeyId, u64>,
}

/// Looks at every validator of the set.
pub fn reach(sight: &Sight<'_>) -> Reach {
    let validators: Vec<ReachedValidator> = sight
        .set
        .validators()
        .iter()
        .map(|validator| one(sight, validator.key.id(), validator.province, validator.power))
        .collect();
    let heard = |validator: &&ReachedValidator| validator.silent_since_ms.is_none();
    let power = |sum: u64, validator: &ReachedValidator| sum.saturating_add(validator.power);
    let reached_power = validators.iter().filter(heard).fold(0, power);
    let (total_power, quorum_power) = (sight.set.total_power(), sight.set.quorum_power());
    let left: Vec<_> = sight
        .set
        .validators()
        .iter()
        .filter(|validator| validators.iter().filter(heard).any(|heard| heard.address == validator.key.id()))
        .cloned()
        .collect();
    let may_fail = may_fail(&ValidatorSet::new(left), reached_power.saturating_sub(quorum_power));
    Reach { validators, total_power, quorum_power, reached_power, may_fail }
}

fn one(sight: &Sight<'_>, address: KeyId, province: ProvinceCode, power: u64) -> ReachedValidator {
    let is_me = address == sight.me;
    let vote = sight.engine.votes.iter().find(|vote| vote.validator == address).cloned();
    let peer_id = sight.peer_ids.get(&address);
    let peer = peer_id.and_then(|id| sight.engine.peers.iter().find(|peer| peer.peer_id == *id));
    let connected = peer_id.map(|_| peer.is_some_and(|peer| peer.connected)).filter(|_| !is_me);
    let begun_ms = sight.since_ms.get(&address).map_or(sight.started_ms, |since_ms| sight.started_ms.max(*since_ms));
    let gone_ms = peer.map_or(begun_ms, |peer| peer.heard_at_ms).max(begun_ms);
    let heard_ms = vote.as_ref().map_or(begun_ms, |vote| vote.seen_at_ms);
    // While a height waits its votes count, however old: nobody votes twice.
    let has_voted = vote.as_ref().is_some_and(|vote| vote.height >= sight.engine.height);
    let is_late = sight.now_ms.saturating_sub(heard_ms) > sight.silent_after_ms;
    // What was heard before the connection ended came over it.
    let is_passed_on = connected == Some(false)
        && vote.as_ref().is_some_and(|vote| vote.seen_at_ms > gone_ms)
        && (!is_late || has_voted);
    let silent_since_ms = match (is_me, connected) {
        (true, _) => None,
        (false, Some(false)) if is_passed_on => None,
        (false, Some(false)) => Some(vote.as_ref().map_or(gone_ms, |vote| vote.seen_at_ms)),
        (false, _) => (is_late && !has_voted && sight.engine.phase != Phase::Starting).then_some(heard_ms),
    };
    let signed_ms = sight.signed_ms.get(&address).copied().unwrap_or(0);
    let signs_elsewhere = connected == Some(false) && signed_ms > gone_ms.saturating_add(SIGNED_LATER_MS);
    ReachedValidator {
        address,
        province,
        power,
        is_me,
        connected,
        vote,
        silent_since_ms,
        signs_elsewhere,
        is_passed_on,
    }
}

#[cfg(test)]
#[path = "reach_tests.rs"]
pub(crate) mod tests;
