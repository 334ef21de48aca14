//! What is known of peers: who is connected, who says what of the chain and of its links.

use std::collections::BTreeMap;
use std::time::Duration;

use huxin_chain_spec::crypto::KeyId;
use tokio::sync::watch;

use super::{Board, Peer, now_ms};
use crate::claims::believed;
use crate::sign_state::Heard;

/// Peers remembered; the allow-list is far smaller.
const REMEMBERED_MAX: usize = 1_024;
/// What a peer says of its links counts for so long; it says it with every status.
const UNLINKED_FOR_MS: u64 = 30_000;

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

impl Board {
    /// Validators of the present set that no connected peer has proven to be, this one aside.
    pub(crate) fn unlinked(&self) -> Vec<KeyId> {
        let state = self.0.state.lock();
        let linked = |key: &KeyId| state.peers.values().any(|peer| peer.connected && peer.key == Some(*key));
        state.powers.keys().filter(|key| **key != state.me && !linked(key)).copied().collect()
    }

    /// A status in the name of this peer was read, with the validators that it has no link to. Whose it is, is not known yet.
    pub(crate) fn reads_unlinked(&self, id: &str, unlinked: Vec<KeyId>) {
        if let Some(peer) = self.0.state.lock().peers.get_mut(id) {
            peer.read_unlinked = unlinked;
        }
    }

    /// The status that was read last in the name of this peer came from it.
    pub(crate) fn lacks(&self, id: &str) {
        if let Some(peer) = self.0.state.lock().peers.get_mut(id) {
            (peer.unlinked, peer.unlinked_at_ms) = (std::mem::take(&mut peer.read_unlinked), now_ms());
        }
    }

    /// The key that this connected peer has proven to hold, if another one said of late that it has no link to who holds it.
    pub(crate) fn lacked_key_of(&self, id: &str) -> Option<KeyId> {
        let (state, now) = (self.0.state.lock(), now_ms());
        let key = state.peers.get(id).filter(|peer| peer.connected)?.key?;
        let lacks = |peer: &Peer| {
            let is_fresh = now.saturating_sub(peer.unlinked_at_ms) < UNLINKED_FOR_MS;
            peer.connected && peer.key != Some(key) && is_fresh && peer.unlinked.contains(&key)
        };
        state.peers.values().any(lacks).then_some(key)
    }

    /// A peer is not heard for this time.
    pub(crate) fn muted(&self, id: &str, mute: Duration) {
        if let Some(peer) = self.0.state.lock().peers.get_mut(id) {
            peer.muted_until_ms = now_ms().saturating_add(u64::try_from(mute.as_millis()).unwrap_or(u64::MAX));
        }
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
        let tips: Vec<(u64, u64)> = said.iter().map(|(key, (tip, _))| (*tip, power(key))).collect();
        let sum = |powers: &mut dyn Iterator<Item = u64>| powers.fold(0u64, u64::saturating_add);
        let total = sum(&mut state.powers.values().copied());
        Heard {
            believed: believed(&tips, total),
            highest: tips.iter().map(|(tip, _)| *tip).max().unwrap_or(0),
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
        let key = peer.key;
        let ready = state.peers.values().filter(|peer| peer.ready).count();
        let mut tips: Vec<u64> = state.peers.values().filter_map(|peer| peer.tip).collect();
        drop(state);
        self.0.ready.send_replace(ready);
        self.0.news.send_replace(());
        if let PeerChange::Tip(tip) = change {
            tips.sort_unstable_by(|a, b| b.cmp(a));
            self.believe(tips.get(self.0.believed - 1).copied().unwrap_or(0));
            if let Some(key) = key {
                self.claimed(key, tip);
            }
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

    /// Resolves when `count` peers can be sent to.
    pub(crate) async fn peers_ready(&self, count: usize) {
        let _ = self.0.ready.subscribe().wait_for(|ready| *ready >= count).await;
    }

    /// Changes with every news of a peer.
    pub(crate) fn news_of_peers(&self) -> watch::Receiver<()> {
        self.0.news.subscribe()
    }
}
