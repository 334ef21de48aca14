#![allow(clippy::unwrap_used, reason = "tests")]

use huxin_chain_spec::certificate::Validator;
use huxin_chain_spec::crypto::{SignatureScheme, Signer, SigningKey};
use huxin_engine::PeerStatus;

use super::*;

/// A set of four: this node is the first.
pub(crate) struct Four {
    pub(crate) set: ValidatorSet,
    pub(crate) peer_ids: BTreeMap<KeyId, String>,
    pub(crate) engine: EngineStatus,
    pub(crate) signed_ms: BTreeMap<KeyId, u64>,
    pub(crate) since_ms: BTreeMap<KeyId, u64>,
}

pub(crate) const NOW: u64 = 1_790_000_000_000;
pub(crate) const STARTED: u64 = NOW - 3_600_000;
const PROVINCES: [&str; 4] = ["310000", "320000", "330000", "340000"];

pub(crate) fn key(seed: u8) -> huxin_chain_spec::crypto::PublicKey {
    SigningKey::from_secret(SignatureScheme::Ed25519, [seed; 32]).unwrap().public_key()
}

pub(crate) fn address(seed: u8) -> KeyId {
    key(seed).id()
}

impl Four {
    /// All are connected and voted a second ago.
    pub(crate) fn healthy() -> Self {
        let validator =
            |(seed, province): (u8, &&str)| Validator { key: key(seed), power: 1, province: province.parse().unwrap() };
        let seeds = 1..=4u8;
        let set = ValidatorSet::new(seeds.clone().zip(PROVINCES.iter()).map(validator).collect());
        let peer_ids = seeds.clone().map(|seed| (address(seed), format!("peer-{seed}"))).collect();
        let mut engine = crate::health::reasons::test_engine();
        for seed in 2..=4u8 {
            let peer_id = format!("peer-{seed}");
            engine.peers.push(PeerStatus {
                peer_id,
                connected: true,
                tip: Some(10),
                heard_at_ms: NOW - 500,
                muted_until_ms: 0,
            });
            let vote = VoteSeen { validator: address(seed), height: 11, round: 0, seen_at_ms: NOW - 1_000 };
            engine.votes.push(vote);
        }
        Self { set, peer_ids, engine, signed_ms: BTreeMap::new(), since_ms: BTreeMap::new() }
    }

    /// The connection to one broke so long ago.
    pub(crate) fn gone(mut self, seed: u8, ago_ms: u64) -> Self {
        let peer = self.engine.peers.iter_mut().find(|peer| peer.peer_id == format!("peer-{seed}")).unwrap();
        (peer.connected, peer.heard_at_ms) = (false, NOW - ago_ms);
        let vote = self.engine.votes.iter_mut().find(|vote| vote.validator == address(seed)).unwrap();
        vote.seen_at_ms = NOW - ago_ms;
        self
    }

    pub(crate) fn reach(&self) -> Reach {
        reach(&Sight {
            set: &self.set,
            peer_ids: &self.peer_ids,
            engine: &self.engine,
            me: address(1),
            now_ms: NOW,
            started_ms: STARTED,
            silent_after_ms: 30_000,
            signed_ms: &self.signed_ms,
            since_ms: &self.since_ms,
        })
    }
}

#[test]
fn a_whole_set_tolerates_one_failure() {
    let reach = Four::healthy().reach();
    assert_eq!((reach.reached_power, reach.quorum_power, reach.total_power, reach.may_fail), (4, 3, 4, 1));
    assert!(reach.has_vote() && reach.silent().count() == 0 && !reach.is_alone());
}

/// The old page divided by the peers ever seen: three of three with one of four missing.
#[test]
fn a_validator_that_is_gone_is_missing_at_once_and_one_never_seen_as_well() {
    let one = Four::healthy().gone(2, 100).reach();
    assert_eq!((one.reached(), one.may_fail, one.has_quorum()), (3, 0, true));
    assert_eq!(one.silent().next().unwrap().silent_since_ms, Some(NOW - 100));
    let mut never = Four::healthy();
    never.engine.peers.remove(0);
    never.engine.votes.remove(0);
    let never = never.reach();
    assert_eq!((never.reached(), never.silent().next().unwrap().silent_since_ms), (3, Some(STARTED)));
    let two = Four::healthy().gone(2, 100).gone(3, 100).reach();
    assert!(!two.has_quorum() && two.reached_power == 2);
}

/// Connected, and without a vote: it runs with a wrong key.
#[test]
fn a_connected_validator_without_votes_is_silent_after_a_while() {
    let mut four = Four::healthy();
    four.engine.votes.retain(|vote| vote.validator != address(3));
    let silent = four.reach();
    assert_eq!(silent.silent().map(|one| one.address).collect::<Vec<_>>(), [address(3)]);
    assert_eq!(silent.silent().next().unwrap().connected, Some(true));
    // One that voted on the height that still waits is not silent, however long that takes.
    let mut waiting = Four::healthy();
    waiting.engine.votes.iter_mut().for_each(|vote| vote.seen_at_ms = NOW - 600_000);
    assert_eq!(waiting.reach().silent().count(), 0);
    waiting.engine.height = 12;
    assert_eq!(waiting.reach().silent().count(), 3);
}

/// A key that came by a rotation at 06:39 was called silent since 06:37, when this process was started.
#[test]
fn a_validator_is_not_silent_before_it_came() {
    let mut four = Four::healthy();
    four.engine.votes.retain(|vote| vote.validator != address(3));
    four.since_ms.insert(address(3), NOW - 20_000);
    assert_eq!(four.reach().silent().count(), 0, "it has come 20 s ago, and may go 30 s without a vote");
    four.since_ms.insert(address(3), NOW - 40_000);
    assert_eq!(four.reach().silent().next().unwrap().silent_since_ms, Some(NOW - 40_000));
    let mut gone = Four::healthy().gone(3, 60_000);
    gone.engine.votes.retain(|vote| vote.validator != address(3));
    gone.since_ms.insert(address(3), NOW - 40_000);
    assert_eq!(gone.reach().silent().next().unwrap().silent_since_ms, Some(NOW - 40_000));
}

#[test]
fn a_missing_link_is_told_from_a_node_that_is_down() {
    let mut four = Four::healthy().gone(4, 60_000);
    assert!(!four.reach().silent().next().unwrap().signs_elsewhere);
    four.signed_ms.insert(address(4), NOW - 61_000);
    assert!(!four.reach().silent().next().unwrap().signs_elsewhere, "signed before the link broke");
    four.signed_ms.insert(address(4), NOW - 5_000);
    assert!(four.reach().silent().next().unwrap().signs_elsewhere);
}
