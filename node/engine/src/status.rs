//! What the engine is doing, for status pages, metrics and explanations of a slow chain. Read-only.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};
use std::time::{SystemTime, UNIX_EPOCH};

use huxin_chain_spec::certificate::Certificate;
use huxin_chain_spec::crypto::{Digest, KeyId};
use parking_lot::Mutex;
use serde::Serialize;
use tokio::sync::watch;

use crate::config::Timeouts;
use crate::error::ExitCell;
use crate::sign_state::{Heard, SignState, SigningStatus};

/// Peers remembered; the allow-list is far smaller.
const REMEMBERED_MAX: usize = 1_024;
/// A height that has taken this many whole rounds' time counts as stuck.
const STUCK_ROUNDS: u64 = 5;

/// A picture of the engine at one moment. Times are milliseconds since 1970 by this machine's clock. The default is an engine
/// that has not begun.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct EngineStatus {
    /// The height being decided, or decided last while idle; 0 before the first.
    pub height: u64,
    /// Its round, from 0.
    pub round: u32,
    pub phase: Phase,
    /// Proposer of the round.
    pub proposer: Option<KeyId>,
    /// Whether that is this node.
    pub proposing: bool,
    /// When the height began.
    pub height_started_at_ms: Option<u64>,
    /// Whether the height has taken longer than five rounds would: too few validators are reached or agree.
    pub stuck: bool,
    pub last_decision: Option<Decision>,
    /// Every peer seen since the start, by peer id.
    pub peers: Vec<PeerStatus>,
    /// The last vote seen of each validator other than this node.
    pub votes: Vec<VoteSeen>,
    /// The last proposal this node judged invalid.
    pub last_invalid: Option<Noted>,
    /// A block that a quorum decided and this node finds invalid: the node is diverging and cannot follow.
    pub diverged: Option<Noted>,
    /// The last failure to propose, or to judge a block.
    pub last_failure: Option<Noted>,
    /// Parts of blocks that were refused since the start.
    pub parts_refused: u64,
    /// What this validator signs.
    pub signing: SigningStatus,
    /// Why the engine ended, if it did.
    pub exit: Option<String>,
}

/// What the engine is doing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Not begun: connecting, or waiting for a quorum of peers.
    #[default]
    Starting,
    /// Voting on a height.
    Deciding,
    /// The height is decided; the next one waits for work.
    Idle,
    /// Ended, see [`EngineStatus::exit`].
    Ended,
}

/// A decided height.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Decision {
    pub height: u64,
    pub round: u32,
    pub block: Digest,
    /// Who signed it, as far as this node saw.
    pub signers: Vec<KeyId>,
    pub decided_at_ms: u64,
    /// From the start of the height here to the decision.
    pub took_ms: u64,
}

/// What is known of a peer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PeerStatus {
    pub peer_id: String,
    pub connected: bool,
    /// Its last decided height, as it says.
    pub tip: Option<u64>,
    /// When it last connected, disconnected or told its tip.
    pub heard_at_ms: u64,
}

/// The last vote seen of a validator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VoteSeen {
    pub validator: KeyId,
    pub height: u64,
    pub round: u32,
    pub seen_at_ms: u64,
}

/// Something worth telling the operator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Noted {
    pub height: u64,
    pub reason: String,
    pub at_ms: u64,
}

impl Noted {
    fn now(height: u64, reason: impl Into<String>) -> Self {
        Self { height, reason: reason.into(), at_ms: now_ms() }
    }
}

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
    /// Connected peers that have told their tip.
    told: watch::Sender<usize>,
    /// The highest height that peers are believed to work on or to have behind them. Only grows.
    ahead: watch::Sender<u64>,
    /// So many peers with a tip are believed at once: one more than can be at fault.
    believed: usize,
    /// Whether the engine listens on its address.
    listening: watch::Sender<bool>,
    stuck_after_ms: u64,
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
    validators: BTreeSet<KeyId>,
    peers: BTreeMap<String, Peer>,
    votes: BTreeMap<KeyId, (u64, u32, u64)>,
    last_invalid: Option<Noted>,
    diverged: Option<Noted>,
    last_failure: Option<Noted>,
    parts_refused: u64,
}

#[derive(Default)]
struct Peer {
    connected: bool,
    ready: bool,
    tip: Option<u64>,
    heard_at_ms: u64,
}

impl Board {
    /// For a network of `nodes` nodes, this one among them.
    pub(crate) fn new(timeouts: &Timeouts, nodes: usize, exit: ExitCell) -> Self {
        Self(Arc::new(Shared {
            state: Mutex::new(State::default()),
            ready: watch::Sender::new(0),
            told: watch::Sender::new(0),
            ahead: watch::Sender::new(0),
            believed: nodes.saturating_sub(1) / 3 + 1,
            listening: watch::Sender::new(false),
            stuck_after_ms: timeouts.round_ms().saturating_mul(STUCK_ROUNDS),
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

    /// The validators of the height that begins.
    pub(crate) fn validators(&self, validators: impl Iterator<Item = KeyId>) {
        let mut state = self.0.state.lock();
        state.validators = validators.collect();
        let State { validators, votes, .. } = &mut *state;
        votes.retain(|validator, _| validators.contains(validator));
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

    /// How far the chain is, by the word of the connected peers.
    pub(crate) fn chain_heard(&self) -> Heard {
        let state = self.0.state.lock();
        let mut tips: Vec<u64> =
            state.peers.values().filter(|peer| peer.connected).filter_map(|peer| peer.tip).collect();
        tips.sort_unstable_by(|a, b| b.cmp(a));
        Heard {
            believed: tips.get(self.0.believed - 1).copied().unwrap_or(0),
            highest: tips.first().copied().unwrap_or(0),
            told: tips.len(),
            at_zero: tips.iter().filter(|tip| **tip == 0).count(),
            own: state.height.saturating_sub(1),
        }
    }

    pub(crate) fn listening(&self) {
        self.0.listening.send_replace(true);
    }

    pub(crate) fn peer(&self, id: String, change: PeerChange) {
        let mut state = self.0.state.lock();
        if state.peers.len() >= REMEMBERED_MAX && !state.peers.contains_key(&id) {
            return;
        }
        let peer = state.peers.entry(id).or_default();
        peer.heard_at_ms = now_ms();
        match change {
            PeerChange::Connected => peer.connected = true,
            PeerChange::Ready => peer.ready = true,
            PeerChange::Disconnected => (peer.connected, peer.ready) = (false, false),
            PeerChange::Tip(tip) => peer.tip = Some(tip),
        }
        let ready = state.peers.values().filter(|peer| peer.ready).count();
        let told = state.peers.values().filter(|peer| peer.connected && peer.tip.is_some()).count();
        let mut tips: Vec<u64> = state.peers.values().filter_map(|peer| peer.tip).collect();
        drop(state);
        self.0.ready.send_replace(ready);
        self.0.told.send_replace(told);
        if let PeerChange::Tip(tip) = change {
            tips.sort_unstable_by(|a, b| b.cmp(a));
            self.believe(tips.get(self.0.believed - 1).copied().unwrap_or(0));
            self.claimed(tip);
        }
    }

    /// Connected peers of which nothing was heard for `silent_ms` before `now`. Each is named once per such time.
    pub(crate) fn silent_peers(&self, now: u64, silent_ms: u64) -> Vec<String> {
        let mut state = self.0.state.lock();
        let silent = |peer: &Peer| peer.connected && now.saturating_sub(peer.heard_at_ms) > silent_ms;
        let found: Vec<String> =
            state.peers.iter().filter(|(_, peer)| silent(peer)).map(|(id, _)| id.clone()).collect();
        for id in &found {
            state.peers.entry(id.clone()).or_default().heard_at_ms = now;
        }
        found
    }

    /// A vote seen on the network, its signature not checked yet.
    pub(crate) fn vote(&self, validator: KeyId, height: u64, round: u32) {
        let mut state = self.0.state.lock();
        if state.validators.contains(&validator) {
            state.votes.insert(validator, (height, round, now_ms()));
        }
        drop(state);
        self.claimed(height);
    }

    /// A single peer says that it works on `height` or has decided it. It may lie, so it counts for one height above
    /// ours only: a single false word makes this node begin one height early, not all that follow.
    pub(crate) fn claimed(&self, height: u64) {
        let next = self.0.state.lock().height.saturating_add(1);
        self.believe(height.min(next));
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

    /// Resolves when `count` peers can be sent to.
    pub(crate) async fn peers_ready(&self, count: usize) {
        let _ = self.0.ready.subscribe().wait_for(|ready| *ready >= count).await;
    }

    /// Resolves when `count` connected peers have told their tip.
    pub(crate) async fn tips_told(&self, count: usize) {
        let mut news = self.0.told.subscribe();
        let _ = news.wait_for(|told| *told >= count).await;
    }

    /// Resolves when the engine listens.
    pub(crate) async fn until_listening(&self) {
        let _ = self.0.listening.subscribe().wait_for(|listening| *listening).await;
    }
}

/// News of a peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PeerChange {
    Connected,
    /// It takes consensus messages.
    Ready,
    Disconnected,
    Tip(u64),
}

#[cfg(test)]
mod tests {
    use huxin_chain_spec::ids::Height;

    use super::*;
    use crate::Exit;

    fn board() -> (Board, ExitCell) {
        let exit = ExitCell::new();
        (Board::new(&Timeouts::default(), 4, exit.clone()), exit)
    }

    #[test]
    fn the_phases_of_a_height() {
        let (board, exit) = board();
        assert_eq!(board.status().phase, Phase::Starting);
        board.round_started(1, 0, KeyId::default(), true);
        assert_eq!(board.status().phase, Phase::Deciding);
        board.decided(&Certificate { height: Height(1), round: 0, block: Digest([1; 32]), signatures: Vec::new() });
        assert_eq!((board.status().phase, board.status().height), (Phase::Idle, 1));
        exit.set(Exit::Stopped);
        assert_eq!(board.status().phase, Phase::Ended);
    }

    fn ahead(board: &Board) -> u64 {
        *board.0.ahead.borrow()
    }

    #[test]
    fn a_connected_peer_that_says_nothing_is_named_once() {
        let (board, _exit) = board();
        board.peer("a".into(), PeerChange::Connected);
        board.peer("b".into(), PeerChange::Disconnected);
        let later = now_ms() + 7_000;
        assert!(board.silent_peers(later, 60_000).is_empty());
        assert_eq!(board.silent_peers(later, 6_000), vec!["a".to_owned()]);
        assert!(board.silent_peers(later, 6_000).is_empty());
    }

    #[tokio::test]
    async fn a_peer_at_the_next_height_is_believed() {
        let (board, _) = board();
        board.round_started(3, 0, KeyId::default(), false);
        board.vote(KeyId::default(), 4, 0);
        board.peers_ahead_of(3).await;
        assert_eq!(ahead(&board), 4);
    }

    /// One of four may lie, and must not make the others produce empty blocks for ever by naming a height far away.
    #[test]
    fn one_peers_word_counts_for_one_height_and_two_peers_for_all() {
        let (board, _) = board();
        board.round_started(3, 0, KeyId::default(), false);
        board.peer("a".into(), PeerChange::Tip(u64::MAX));
        assert_eq!(ahead(&board), 4);
        board.peer("b".into(), PeerChange::Tip(90));
        assert_eq!(ahead(&board), 90);
    }

    #[test]
    fn votes_of_strangers_are_not_remembered() {
        let (board, _) = board();
        let (known, stranger) = (KeyId(Digest([1; 32])), KeyId(Digest([2; 32])));
        board.validators([known].into_iter());
        board.vote(known, 1, 0);
        board.vote(stranger, 1, 0);
        let votes = board.status().votes;
        assert_eq!(votes.iter().map(|vote| vote.validator).collect::<Vec<_>>(), [known]);
    }
}
