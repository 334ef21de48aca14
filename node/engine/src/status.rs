//! What the engine is doing, for status pages, metrics and explanations of a slow chain. Read-only.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

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

    /// Where the engine starts: the key of this node, the height of its store, and the validators of the next height.
    pub(crate) fn starts(&self, me: KeyId, tip: u64, powers: impl Iterator<Item = (KeyId, u64)>) {
        let mut state = self.0.state.lock();
        (state.me, state.tip, state.start, state.powers) = (me, tip, tip, powers.collect());
    }

    /// The validators of the height that begins, with their power.
    pub(crate) fn validators(&self, powers: impl Iterator<Item = (KeyId, u64)>) {
        let mut state = self.0.state.lock();
        state.powers = powers.collect();
        let State { powers, votes, .. } = &mut *state;
        votes.retain(|validator, _| powers.contains_key(validator));
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

    /// How far the chain is, by the word of the connected validators.
    pub(crate) fn chain_heard(&self) -> Heard {
        let state = self.0.state.lock();
        // One word for each key, the highest, whatever number of peers have proven to hold it; and one first word.
        let mut said: BTreeMap<KeyId, (u64, u64)> = BTreeMap::new();
        for peer in state.peers.values().filter(|peer| peer.connected) {
            if let (Some(tip), Some(key)) = (peer.said, peer.key)
                && key != state.me
                && state.powers.contains_key(&key)
            {
                let (highest, first) = said.entry(key).or_default();
                *highest = tip.max(*highest);
                *first = peer.first.unwrap_or(tip).max(*first);
            }
        }
        let power = |key: &KeyId| state.powers.get(key).copied().unwrap_or(0);
        let mut tips: Vec<(u64, u64)> = said.iter().map(|(key, (tip, _))| (*tip, power(key))).collect();
        tips.sort_unstable_by(|a, b| b.cmp(a));
        let sum = |powers: &mut dyn Iterator<Item = u64>| powers.fold(0u64, u64::saturating_add);
        let total = sum(&mut state.powers.values().copied());
        let mut so_far = 0u64;
        let believed = tips.iter().find(|(_, power)| {
            so_far = so_far.saturating_add(*power);
            so_far > total.saturating_sub(1) / 3
        });
        Heard {
            believed: believed.map_or(0, |(tip, _)| *tip),
            highest: tips.first().map_or(0, |(tip, _)| *tip),
            first: said.values().map(|(_, first)| *first).max().unwrap_or(0),
            told: sum(&mut tips.iter().map(|(_, power)| *power)),
            at_zero: sum(&mut said.iter().filter(|(_, (_, first))| *first == 0).map(|(key, _)| power(key))),
            own: state.tip,
            start: state.start,
            own_power: power(&state.me),
            total,
            at_ms: u64::try_from(self.0.started.elapsed().as_millis()).unwrap_or(u64::MAX),
        }
    }

    /// Whether this peer is known to hold this consensus key.
    pub(crate) fn has_proven(&self, id: &str, key: KeyId) -> bool {
        self.0.state.lock().peers.get(id).is_some_and(|peer| peer.key == Some(key))
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
            PeerChange::Connected if peer.connected => {}
            PeerChange::Connected => (peer.connected, peer.connected_at_ms) = (true, now_ms()),
            PeerChange::Ready => peer.ready = true,
            PeerChange::Disconnected => {
                (peer.connected, peer.ready) = (false, false);
                (peer.said, peer.first) = (None, None);
            }
            PeerChange::Tip(tip) => {
                (peer.tip, peer.said) = (Some(tip), Some(tip));
                peer.first.get_or_insert(tip);
            }
            PeerChange::Proven(key) => peer.key = Some(key),
        }
        let ready = state.peers.values().filter(|peer| peer.ready).count();
        let mut tips: Vec<u64> = state.peers.values().filter_map(|peer| peer.tip).collect();
        drop(state);
        self.0.ready.send_replace(ready);
        self.0.news.send_replace(());
        if let PeerChange::Tip(tip) = change {
            tips.sort_unstable_by(|a, b| b.cmp(a));
            self.believe(tips.get(self.0.believed - 1).copied().unwrap_or(0));
            self.claimed(tip);
        }
    }

    /// Connected peers of which nothing was heard for `silent_ms` before `now`, or whose key is not known after that time
    /// although this validator needs to know who says what. Each is named once per such time.
    pub(crate) fn silent_peers(&self, now: u64, silent_ms: u64) -> Vec<String> {
        let mut state = self.0.state.lock();
        let needs_keys = self.0.signing.get().is_some_and(|signing| !signing.knows_past());
        let is_long_ago = |at_ms: u64| now.saturating_sub(at_ms) > silent_ms;
        let silent = |peer: &Peer| {
            let is_unproven = needs_keys && peer.key.is_none() && is_long_ago(peer.connected_at_ms);
            peer.connected && (is_long_ago(peer.heard_at_ms) || is_unproven)
        };
        let found: Vec<String> =
            state.peers.iter().filter(|(_, peer)| silent(peer)).map(|(id, _)| id.clone()).collect();
        for id in &found {
            let peer = state.peers.entry(id.clone()).or_default();
            (peer.heard_at_ms, peer.connected_at_ms) = (now, now);
        }
        found
    }

    /// A vote seen on the network, its signature not checked yet.
    pub(crate) fn vote(&self, validator: KeyId, height: u64, round: u32) {
        let mut state = self.0.state.lock();
        if state.powers.contains_key(&validator) {
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

    /// Changes with every news of a peer.
    pub(crate) fn news_of_peers(&self) -> watch::Receiver<()> {
        self.0.news.subscribe()
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
    /// It has proven to hold this consensus key.
    Proven(KeyId),
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

    fn key(byte: u8) -> KeyId {
        KeyId(Digest([byte; 32]))
    }

    /// One peer's word used to set the height: whoever was connected counted, with or without a vote, as often as it had names.
    #[test]
    fn the_height_of_the_chain_is_heard_from_validators_by_their_power() {
        let (board, _) = board();
        board.starts(key(1), 3, [(key(1), 2), (key(2), 1), (key(3), 3), (key(4), 1)].into_iter());
        let told = |peer: &str, tip: u64| {
            board.peer(peer.to_owned(), PeerChange::Connected);
            board.peer(peer.to_owned(), PeerChange::Tip(tip));
        };
        told("observer", 900);
        assert_eq!(
            (board.chain_heard().told, board.chain_heard().highest),
            (0, 0),
            "who has proven no key has no vote"
        );
        board.peer("observer".into(), PeerChange::Proven(key(9)));
        told("own", 900);
        board.peer("own".into(), PeerChange::Proven(key(1)));
        assert_eq!(board.chain_heard().highest, 0, "neither has a key that is no validator's, nor this node's own");
        for (peer, tip) in [("two", 90), ("two again", 90), ("two once more", 80)] {
            told(peer, tip);
            board.peer(peer.into(), PeerChange::Proven(key(2)));
        }
        let heard = board.chain_heard();
        assert_eq!((heard.told, heard.believed, heard.highest, heard.own, heard.own_power), (1, 0, 90, 3, 2));
        told("three", 60);
        board.peer("three".into(), PeerChange::Proven(key(3)));
        let heard = board.chain_heard();
        assert_eq!((heard.told, heard.believed, heard.total), (4, 60, 7), "1 of 7 may lie, and 4 of 7 do not all");
        board.peer("three".into(), PeerChange::Disconnected);
        board.peer("three".into(), PeerChange::Connected);
        assert_eq!(board.chain_heard().told, 1, "what a peer said before it came back may be of another life");
        told("three", 0);
        assert_eq!((board.chain_heard().at_zero, board.chain_heard().is_complete()), (3, false));
        told("three", 4);
        told("four", 0);
        board.peer("four".into(), PeerChange::Proven(key(4)));
        let heard = board.chain_heard();
        assert_eq!((heard.at_zero, heard.first, heard.is_complete()), (4, 90, true), "the first word counts");
    }

    /// The height of the round that is being decided was taken for the height of the store, and is 0 before the first round.
    #[test]
    fn the_own_tip_is_that_of_the_store() {
        let (board, _) = board();
        board.starts(key(1), 7, [(key(1), 1)].into_iter());
        assert_eq!(board.chain_heard().own, 7);
        board.round_started(8, 0, key(1), true);
        board.decided(&Certificate { height: Height(8), round: 0, block: Digest([1; 32]), signatures: Vec::new() });
        assert_eq!(board.chain_heard().own, 8);
    }

    #[test]
    fn votes_of_strangers_are_not_remembered() {
        let (board, _) = board();
        let (known, stranger) = (KeyId(Digest([1; 32])), KeyId(Digest([2; 32])));
        board.validators([(known, 1)].into_iter());
        board.vote(known, 1, 0);
        board.vote(stranger, 1, 0);
        let votes = board.status().votes;
        assert_eq!(votes.iter().map(|vote| vote.validator).collect::<Vec<_>>(), [known]);
    }
}
