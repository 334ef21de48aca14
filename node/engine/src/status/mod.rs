//! What the engine is doing, for status pages, metrics and explanations of a slow chain. Read-only.

mod peers;
mod picture;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use huxin_chain_spec::certificate::Certificate;
use huxin_chain_spec::crypto::{KeyId, PublicKey};
use parking_lot::Mutex;
use tokio::sync::watch;

use crate::claims::Claims;
use crate::config::Timeouts;
use crate::error::ExitCell;
use crate::sign_state::SignState;

pub(crate) use peers::PeerChange;
pub use picture::{Decision, EngineStatus, Noted, PeerStatus, Phase, VoteSeen};

/// A height that has taken this many whole rounds' time counts as stuck.
const STUCK_ROUNDS: u64 = 5;

/// Milliseconds since 1970; 0 before it.
pub(crate) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Where the engine's tasks write down what they see.
#[derive(Clone)]
pub(crate) struct Board(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    /// Peers ready to receive, for the wait before the first height.
    ready: watch::Sender<usize>,
    /// Marked as changed with every news of a peer.
    news: watch::Sender<()>,
    /// The highest height that peers are believed to work on or to have behind them. Only grows.
    ahead: watch::Sender<u64>,
    /// So many peers with a tip are believed at once: one more than can be at fault.
    believed: usize,
    /// Whether the engine listens on its address.
    listening: watch::Sender<bool>,
    stuck_after_ms: u64,
    started: Instant,
    /// Set once, when the engine has opened it.
    signing: OnceLock<SignState>,
    exit: ExitCell,
}

#[derive(Default)]
struct State {
    height: u64,
    round: u32,
    begun: bool,
    idle: bool,
    proposer: Option<KeyId>,
    proposing: bool,
    height_started_at_ms: Option<u64>,
    last_decision: Option<Decision>,
    me: KeyId,
    /// The last height on disk, and what it was at the start.
    tip: u64,
    start: u64,
    /// Power of the validators that decide the next height.
    powers: BTreeMap<KeyId, u64>,
    peers: BTreeMap<String, Peer>,
    votes: BTreeMap<KeyId, (u64, u32, u64)>,
    last_invalid: Option<Noted>,
    diverged: Option<Noted>,
    last_failure: Option<Noted>,
    parts_refused: u64,
    /// Keys of the validators of this height and of the one before it.
    keys: [BTreeMap<KeyId, PublicKey>; 2],
    claims: Claims,
    /// The last height whose block came from a peer's history.
    synced: u64,
    dropped: u64,
    sent_on: u64,
    unreadable: u64,
    false_signatures: u64,
}

#[derive(Default)]
struct Peer {
    connected: bool,
    ready: bool,
    tip: Option<u64>,
    heard_at_ms: u64,
    connected_at_ms: u64,
    /// Its tip as told since it connected, and the first one: what it said before may be of another life.
    said: Option<u64>,
    first: Option<u64>,
    /// The consensus key that it has proven to hold.
    key: Option<KeyId>,
    muted_until_ms: u64,
    /// Validators that a status in its name says it has no link to, before it is known to come from it.
    read_unlinked: Vec<KeyId>,
    /// Validators that it says it has no link to, and when it said so.
    unlinked: Vec<KeyId>,
    unlinked_at_ms: u64,
}

impl Board {
    /// For a network of `nodes` nodes, this one among them.
    pub(crate) fn new(timeouts: &Timeouts, nodes: usize, exit: ExitCell) -> Self {
        Self(Arc::new(Shared {
            state: Mutex::new(State::default()),
            ready: watch::Sender::new(0),
            news: watch::Sender::new(()),
            ahead: watch::Sender::new(0),
            believed: nodes.saturating_sub(1) / 3 + 1,
            listening: watch::Sender::new(false),
            stuck_after_ms: timeouts.round_ms().saturating_mul(STUCK_ROUNDS),
            started: Instant::now(),
            signing: OnceLock::new(),
            exit,
        }))
    }

    pub(crate) fn status(&self) -> EngineStatus {
        let state = self.0.state.lock();
        let exit = self.0.exit.get();
        let phase = match (&exit, state.begun, state.idle) {
            (Some(_), ..) => Phase::Ended,
            (None, false, _) => Phase::Starting,
            (None, true, false) => Phase::Deciding,
            (None, true, true) => Phase::Idle,
        };
        let age_ms = state.height_started_at_ms.map_or(0, |at| now_ms().saturating_sub(at));
        let peer = |(id, peer): (&String, &Peer)| PeerStatus {
            peer_id: id.clone(),
            connected: peer.connected,
            tip: peer.tip,
            heard_at_ms: peer.heard_at_ms,
            muted_until_ms: peer.muted_until_ms,
        };
        let vote = |(validator, (height, round, at)): (&KeyId, &(u64, u32, u64))| VoteSeen {
            validator: *validator,
            height: *height,
            round: *round,
            seen_at_ms: *at,
        };
        EngineStatus {
            height: state.height,
            round: state.round,
            phase,
            proposer: state.proposer,
            proposing: state.proposing,
            height_started_at_ms: state.height_started_at_ms,
            stuck: phase == Phase::Deciding && age_ms > self.0.stuck_after_ms,
            last_decision: state.last_decision.clone(),
            peers: state.peers.iter().map(peer).collect(),
            votes: state.votes.iter().map(vote).collect(),
            last_invalid: state.last_invalid.clone(),
            diverged: state.diverged.clone(),
            last_failure: state.last_failure.clone(),
            parts_refused: state.parts_refused,
            messages_dropped: state.dropped,
            messages_sent_on: state.sent_on,
            messages_unreadable: state.unreadable,
            false_signatures: state.false_signatures,
            signing: self.0.signing.get().map(SignState::status).unwrap_or_default(),
            exit: exit.map(|exit| exit.to_string()),
        }
    }

    pub(crate) fn round_started(&self, height: u64, round: u32, proposer: KeyId, proposing: bool) {
        let mut state = self.0.state.lock();
        if !state.begun || state.height != height {
            state.height_started_at_ms = Some(now_ms());
        }
        state.begun = true;
        state.idle = false;
        state.height = height;
        state.round = round;
        state.proposer = Some(proposer);
        state.proposing = proposing;
    }

    /// Where the engine starts: the key of this node, the height of its store, and the validators of the next height.
    pub(crate) fn starts(&self, me: KeyId, tip: u64, powers: impl Iterator<Item = (KeyId, u64)>) {
        let mut state = self.0.state.lock();
        (state.me, state.tip, state.start, state.powers) = (me, tip, tip, powers.collect());
    }

    /// The validators of the height that begins, with their power.
    pub(crate) fn validators(&self, powers: impl Iterator<Item = (KeyId, u64)>) {
        let mut state = self.0.state.lock();
        state.powers = powers.collect();
        let State { powers, votes, claims, .. } = &mut *state;
        votes.retain(|validator, _| powers.contains_key(validator));
        claims.keep(powers);
    }

    /// The keys of the validators of the height that begins. Those of the height before stay known, for votes that come late.
    pub(crate) fn know(&self, keys: impl Iterator<Item = PublicKey>) {
        let keys: BTreeMap<KeyId, PublicKey> = keys.map(|key| (key.id(), key)).collect();
        let mut state = self.0.state.lock();
        let [present, before] = &mut state.keys;
        if *present != keys {
            *before = std::mem::replace(present, keys);
        }
    }

    /// The key of a validator of this height, or of the one before it.
    pub(crate) fn validator_key(&self, id: &KeyId) -> Option<PublicKey> {
        self.0.state.lock().keys.iter().find_map(|keys| keys.get(id)).copied()
    }

    /// The height that is being decided, or was decided last.
    pub(crate) fn height(&self) -> u64 {
        let state = self.0.state.lock();
        state.height.max(state.tip)
    }

    /// A block of this height came from a peer's history, with its certificate.
    pub(crate) fn synced(&self, height: u64) {
        self.0.state.lock().synced = height;
    }

    /// Whether the block of `height`, decided last, came from a peer's history, and a peer says that it has more.
    pub(crate) fn is_catching_up(&self, height: u64) -> bool {
        let state = self.0.state.lock();
        state.synced == height && state.peers.values().any(|peer| peer.connected && peer.said > Some(height))
    }

    /// A message was dropped: of no use, of a stranger, or of a muted peer.
    pub(crate) fn dropped(&self) {
        let mut state = self.0.state.lock();
        state.dropped = state.dropped.saturating_add(1);
    }

    /// A message was sent on to who has no link to its author.
    pub(crate) fn sent_on(&self) {
        let mut state = self.0.state.lock();
        state.sent_on = state.sent_on.saturating_add(1);
    }

    /// Bytes came that are no message; the network does not tell from whom.
    pub(crate) fn unreadable(&self) {
        let mut state = self.0.state.lock();
        state.unreadable = state.unreadable.saturating_add(1);
    }

    /// A vote or proposal came that its author did not sign.
    pub(crate) fn false_signature(&self) {
        let mut state = self.0.state.lock();
        state.false_signatures = state.false_signatures.saturating_add(1);
    }

    /// A block held work.
    pub(crate) fn work_was_done(&self) {
        self.0.state.lock().claims.work_was_done();
    }

    pub(crate) fn decided(&self, certificate: &Certificate) {
        let mut state = self.0.state.lock();
        let now = now_ms();
        let height = certificate.height.0;
        let took_ms = match &state.last_decision {
            // Late signatures for the same decision change only who signed.
            Some(last) if last.height == height => last.took_ms,
            _ => state.height_started_at_ms.map_or(0, |at| now.saturating_sub(at)),
        };
        let decided_at_ms = match &state.last_decision {
            Some(last) if last.height == height => last.decided_at_ms,
            _ => now,
        };
        state.idle = state.height == height;
        state.tip = state.tip.max(height);
        state.diverged = None;
        state.last_decision = Some(Decision {
            height,
            round: certificate.round,
            block: certificate.block,
            signers: certificate.signatures.iter().map(|entry| entry.validator).collect(),
            decided_at_ms,
            took_ms,
        });
    }

    pub(crate) fn invalid(&self, height: u64, reason: impl Into<String>) {
        self.0.state.lock().last_invalid = Some(Noted::now(height, reason));
    }

    pub(crate) fn diverged(&self, height: u64, reason: impl Into<String>) {
        self.0.state.lock().diverged = Some(Noted::now(height, reason));
    }

    pub(crate) fn failed(&self, height: u64, reason: impl Into<String>) {
        self.0.state.lock().last_failure = Some(Noted::now(height, reason));
    }

    pub(crate) fn part_refused(&self) {
        let mut state = self.0.state.lock();
        state.parts_refused = state.parts_refused.saturating_add(1);
    }

    /// Shows this sign-state from now on.
    pub(crate) fn shows(&self, signing: SignState) {
        let _ = self.0.signing.set(signing);
    }

    pub(crate) fn listening(&self) {
        self.0.listening.send_replace(true);
    }

    /// A vote that its validator signed.
    pub(crate) fn vote(&self, validator: KeyId, height: u64, round: u32) {
        let mut state = self.0.state.lock();
        if state.powers.contains_key(&validator) {
            state.votes.insert(validator, (height, round, now_ms()));
        }
        drop(state);
        self.claimed(validator, height);
    }

    /// A validator says that it works on `height` or has decided it. What more power than can be at fault says is believed. One alone may
    /// lie, so it counts for one height above ours only, and seldom on an idle chain ([`Claims`]).
    pub(crate) fn claimed(&self, validator: KeyId, height: u64) {
        let now = Instant::now();
        let mut state = self.0.state.lock();
        // Anybody can prove to hold some key, and another one a moment later.
        if !state.powers.contains_key(&validator) {
            return;
        }
        let next = state.height.saturating_add(1);
        state.claims.note(validator, height, now);
        let believed = state.claims.believed(&state.powers);
        let alone = height.min(next);
        let ahead = *self.0.ahead.borrow();
        let may = alone > believed.max(ahead) && height > state.height && state.claims.may_alone(&validator, now);
        drop(state);
        self.believe(if may { believed.max(alone) } else { believed });
    }

    fn believe(&self, height: u64) {
        self.0.ahead.send_if_modified(|ahead| {
            let higher = height > *ahead;
            if higher {
                *ahead = height;
            }
            higher
        });
    }

    /// Resolves when peers are believed to be at a height above `height`.
    pub(crate) async fn peers_ahead_of(&self, height: u64) {
        // The sender lives in `self`, so waiting cannot fail.
        let _ = self.0.ahead.subscribe().wait_for(|ahead| *ahead > height).await;
    }

    /// Resolves when the engine listens.
    pub(crate) async fn until_listening(&self) {
        let _ = self.0.listening.subscribe().wait_for(|listening| *listening).await;
    }
}
