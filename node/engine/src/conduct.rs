//! What peers delivered that nobody may deliver, and how they are heard after it.
//!
//! A peer that delivers false votes is muted for a while: of its votes and proposals only those in its own name are verified, and few a
//! second, all others are dropped unread. So its false messages cost next to nothing, and its true ones still count: were a validator
//! cut off for them, its turns as proposer would be lost. Only one that floods beyond that is disconnected.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use arc_malachitebft_app_channel::app::types::PeerId;

/// So many false messages of a peer within [`WINDOW`] mute it. An honest peer delivers none.
pub(crate) const STRIKES_MAX: u32 = 8;
/// What is older is forgiven.
const WINDOW: Duration = Duration::from_secs(60);
/// The first time that a peer is muted; it doubles each time.
const MUTE_FIRST: Duration = Duration::from_secs(10);
/// The longest.
const MUTE_MAX: Duration = Duration::from_secs(600);
/// Messages in its own name of a muted peer that are verified in a second: a validator of a busy chain says some 50.
const VERIFIED_PER_S: u32 = 100;
/// Messages of a muted peer in a second beyond which even dropping them costs too much.
const FLOOD_PER_S: u32 = 5_000;
/// Peers remembered; the list of peers is far shorter.
const PEERS_MAX: usize = 1_024;

#[derive(Debug)]
struct Record {
    strikes: u32,
    since: Instant,
    mutes: u32,
    until: Option<Instant>,
    mute: Duration,
    /// The second that is counted, what was verified in it and what came.
    second: Instant,
    verified: u32,
    came: u32,
}

/// The record of each peer that has one.
#[derive(Debug, Default)]
pub(crate) struct Conduct(HashMap<PeerId, Record>);

impl Conduct {
    /// Whether the peer is muted now.
    pub(crate) fn is_muted(&self, peer: &PeerId, now: Instant) -> bool {
        self.0.get(peer).and_then(|record| record.until).is_some_and(|until| now < until)
    }

    /// Counts a message of a muted peer; for how long it is to be disconnected, if it floods.
    pub(crate) fn came(&mut self, peer: &PeerId, now: Instant) -> Option<Duration> {
        let record = self.0.get_mut(peer)?;
        if now.saturating_duration_since(record.second) >= Duration::from_secs(1) {
            (record.second, record.verified, record.came) = (now, 0, 0);
        }
        record.came += 1;
        (record.came == FLOOD_PER_S).then_some(record.mute)
    }

    /// Whether one more message in the name of a muted peer is verified in this second.
    pub(crate) fn may_verify(&mut self, peer: &PeerId) -> bool {
        let Some(record) = self.0.get_mut(peer) else { return true };
        record.verified += 1;
        record.verified <= VERIFIED_PER_S
    }

    /// Notes a false message; for how long the peer is muted from now on, if that is new.
    pub(crate) fn strike(&mut self, peer: PeerId, now: Instant) -> Option<Duration> {
        if self.0.len() >= PEERS_MAX && !self.0.contains_key(&peer) {
            self.0.retain(|_, record| now.saturating_duration_since(record.since) < MUTE_MAX);
        }
        let fresh = Record {
            strikes: 0,
            since: now,
            mutes: 0,
            until: None,
            mute: MUTE_FIRST,
            second: now,
            verified: 0,
            came: 0,
        };
        let record = self.0.entry(peer).or_insert(fresh);
        if now.saturating_duration_since(record.since) > WINDOW {
            (record.strikes, record.since) = (0, now);
        }
        record.strikes += 1;
        if record.strikes < STRIKES_MAX || record.until.is_some_and(|until| now < until) {
            return None;
        }
        record.mute = MUTE_FIRST.saturating_mul(1 << record.mutes.min(10)).min(MUTE_MAX);
        record.mutes = record.mutes.saturating_add(1);
        (record.strikes, record.since, record.until) = (0, now, Some(now + record.mute));
        Some(record.mute)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn peer(seed: u8) -> PeerId {
        crate::peer_id([seed; 32]).unwrap().parse().unwrap()
    }

    #[test]
    fn a_peer_is_muted_for_longer_each_time_and_heard_again() {
        let (mut conduct, peer, other) = (Conduct::default(), peer(1), peer(2));
        let mut now = Instant::now();
        let mut mutes = Vec::new();
        for _ in 0..9 {
            let mute = (0..STRIKES_MAX).find_map(|_| conduct.strike(peer, now)).unwrap();
            assert!(conduct.is_muted(&peer, now) && !conduct.is_muted(&other, now));
            now += mute;
            assert!(!conduct.is_muted(&peer, now), "heard again");
            mutes.push(mute.as_secs());
        }
        assert_eq!(mutes, [10, 20, 40, 80, 160, 320, 600, 600, 600]);
    }

    #[test]
    fn a_muted_peer_is_heard_in_its_own_name_a_little_and_disconnected_if_it_floods() {
        let (mut conduct, peer, now) = (Conduct::default(), peer(1), Instant::now());
        assert_eq!(conduct.came(&peer, now), None, "nothing is held against it");
        assert!((0..STRIKES_MAX).any(|_| conduct.strike(peer, now).is_some()));
        assert!((0..1_000).all(|_| conduct.strike(peer, now).is_none()), "muted once at a time");
        for second in 0..3 {
            let now = now + Duration::from_secs(second);
            let floods: Vec<Duration> = (0..FLOOD_PER_S + 500).filter_map(|_| conduct.came(&peer, now)).collect();
            assert_eq!(floods, [MUTE_FIRST]);
            assert_eq!((0..1_000).filter(|_| conduct.may_verify(&peer)).count(), VERIFIED_PER_S as usize);
        }
    }

    #[test]
    fn few_false_messages_over_a_long_time_are_forgiven() {
        let (mut conduct, peer, begun) = (Conduct::default(), peer(1), Instant::now());
        for minute in 0..20 {
            for _ in 0..STRIKES_MAX - 1 {
                assert_eq!(conduct.strike(peer, begun + 2 * WINDOW * minute), None);
            }
        }
    }
}
