//! Between the engine and its network, inwards: what peers deliver reaches consensus, the synchroniser and the status board only after
//! it was judged here.
//!
//! * Only peers on the list are heard.
//! * A vote or proposal counts if a validator of the present set, or of the one before, signed it. It is verified once: consensus asks
//!   the same verifier, which remembers ([`EngineVerifier`]).
//! * Heights that are decided, and those far ahead, are dropped before any arithmetic.
//! * A false signature is held against the peer that delivered it, whoever it names as author ([`Conduct`]): honest peers send their own
//!   messages only. After [`crate::conduct::STRIKES_MAX`] of them the peer is muted for a while, and disconnected if it floods.
//!
//! Everything that passes is handed on without a bound of its own, so no honest message is dropped for a liar's.

use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_malachitebft_app_channel::app::engine::network::{NetworkEvent, NetworkRef, Subscriber};
use arc_malachitebft_app_channel::app::types::PeerId;
use async_trait::async_trait;
use huxin_chain_spec::crypto::KeyId;
use parking_lot::Mutex;
use ractor::{Actor, ActorProcessingErr, ActorRef};

use crate::conduct::Conduct;
use crate::context::Ctx;
use crate::peers::Peers;
use crate::relay::Relay;
use crate::signing::EngineVerifier;
use crate::status::Board;

/// Votes and proposals so many heights above this node's are kept; a node that is further behind catches up by blocks.
const AHEAD_MAX: u64 = 16;
/// Messages for the next height by keys that are not known yet, kept until that height begins: its validators may be others.
const WAITING_MAX: usize = 64;

type Event = NetworkEvent<Ctx>;

/// Who hears what passes. Cloning shares them.
#[derive(Clone, Default)]
pub(crate) struct Subscribers(Arc<Mutex<Heard>>);

#[derive(Default)]
struct Heard {
    all: Vec<Box<dyn Subscriber<Event>>>,
    /// Addresses, connections and subscriptions of peers, for who subscribes later.
    standing: Vec<Event>,
}

impl Subscribers {
    /// Adds one, and tells it what stands.
    pub(crate) fn add(&self, subscriber: Box<dyn Subscriber<Event>>) {
        let mut heard = self.0.lock();
        heard.standing.iter().for_each(|event| subscriber.send(event.clone()));
        heard.all.push(subscriber);
    }

    fn tell(&self, event: Event) {
        let mut heard = self.0.lock();
        match &event {
            NetworkEvent::Listening(_) | NetworkEvent::PeerConnected(_) | NetworkEvent::PeerSubscribed(..) => {
                heard.standing.push(event.clone());
            }
            NetworkEvent::PeerDisconnected(gone) => heard.standing.retain(|event| peer_of(event) != Some(*gone)),
            _ => {}
        }
        heard.all.iter().for_each(|subscriber| subscriber.send(event.clone()));
    }
}

/// The peer that delivered a message, or whose connection it is about.
fn peer_of(event: &Event) -> Option<PeerId> {
    match event {
        NetworkEvent::Listening(_) => None,
        NetworkEvent::PeerConnected(peer)
        | NetworkEvent::PeerDisconnected(peer)
        | NetworkEvent::PeerSubscribed(peer, _)
        | NetworkEvent::Vote(peer, _)
        | NetworkEvent::Proposal(peer, _)
        | NetworkEvent::ProposalPart(peer, ..)
        | NetworkEvent::PolkaCertificate(peer, _)
        | NetworkEvent::RoundCertificate(peer, _)
        | NetworkEvent::ValidatorProofReceived { peer_id: peer, .. }
        | NetworkEvent::Status(peer, _)
        | NetworkEvent::SyncRequest(_, peer, _)
        | NetworkEvent::SyncResponse(_, peer, _)
        | NetworkEvent::SyncRequestFailed(_, peer, _)
        | NetworkEvent::SyncInboundRequestFailed(_, peer) => Some(*peer),
    }
}

/// What becomes of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Judgement {
    Passes,
    /// Of no use here, and nobody's fault.
    Useless,
    /// Its author may be a validator of the next height.
    Waits,
    /// No validator signed it.
    False,
}

/// The actor.
pub(crate) struct Guard {
    pub me: KeyId,
    pub network: NetworkRef<Ctx>,
    pub board: Board,
    pub peers: Peers,
    pub verifier: EngineVerifier,
    pub subscribers: Subscribers,
}

/// What it keeps.
#[derive(Default)]
pub(crate) struct Kept {
    conduct: Conduct,
    relay: Relay,
    waiting: Vec<(u64, Event)>,
}

impl Guard {
    fn judge(&self, event: &Event) -> Judgement {
        match event {
            NetworkEvent::Vote(_, signed) => {
                let vote = &signed.message;
                self.signed(vote.height.0, &vote.voter.0, |key| self.verifier.verify_vote(vote, &signed.signature, key))
            }
            NetworkEvent::Proposal(_, signed) => {
                let proposal = &signed.message;
                self.signed(proposal.height.0, &proposal.proposer.0, |key| {
                    self.verifier.verify_proposal(proposal, &signed.signature, key)
                })
            }
            _ => Judgement::Passes,
        }
    }

    fn signed(
        &self,
        height: u64,
        author: &KeyId,
        verify: impl Fn(&huxin_chain_spec::crypto::PublicKey) -> bool,
    ) -> Judgement {
        let own = self.board.height();
        // Whether somebody else signs with this node's key must be known at any height.
        let is_mine = *author == self.me;
        if !is_mine && !(own..=own.saturating_add(AHEAD_MAX)).contains(&height) {
            return Judgement::Useless;
        }
        match self.board.validator_key(author) {
            Some(key) if verify(&key) => Judgement::Passes,
            Some(_) => Judgement::False,
            None if height > own => Judgement::Waits,
            None => Judgement::Useless,
        }
    }

    /// Passes a message on, keeps it, or holds it against its deliverer.
    fn take_in(&self, event: Event, kept: &mut Kept) {
        match self.judge(&event) {
            Judgement::Passes => {
                if let NetworkEvent::Status(peer, _) = &event {
                    self.board.lacks(&peer.to_string());
                }
                if let Some(message) = kept.relay.of(&event, &self.board, Instant::now()) {
                    // A network that is gone has its own supervisor to tell.
                    let _ = self.network.cast(message);
                    self.board.sent_on();
                }
                self.subscribers.tell(event);
            }
            Judgement::Useless => self.board.dropped(),
            Judgement::Waits if kept.waiting.len() < WAITING_MAX => kept.waiting.push((self.board.height(), event)),
            Judgement::Waits => self.board.dropped(),
            Judgement::False => {
                let Some(peer) = peer_of(&event) else { return };
                self.board.false_signature();
                if let Some(mute) = kept.conduct.strike(peer, Instant::now()) {
                    self.mute(peer, mute);
                }
            }
        }
    }

    fn mute(&self, peer: PeerId, mute: Duration) {
        let (id, seconds) = (peer.to_string(), mute.as_secs());
        tracing::warn!(
            peer = id,
            seconds,
            "peer.muted: it delivers votes or proposals that no validator signed; for this time only what is in its own name counts"
        );
        self.board.muted(&id, mute);
    }

    /// Takes in what a muted peer delivers: of votes and proposals those in its own name, and few.
    fn take_in_sparingly(&self, peer: PeerId, event: Event, kept: &mut Kept) {
        if let Some(time) = kept.conduct.came(&peer, Instant::now()) {
            let (id, seconds) = (peer.to_string(), time.as_secs());
            tracing::warn!(peer = id, seconds, "peer.floods: it is disconnected for this time");
            let peers = self.peers.clone();
            tokio::spawn(async move { peers.shut_out(&id, time).await });
        }
        let author = match &event {
            NetworkEvent::Vote(_, vote) => vote.message.voter.0,
            NetworkEvent::Proposal(_, proposal) => proposal.message.proposer.0,
            _ => return self.take_in(event, kept),
        };
        if self.board.has_proven(&peer.to_string(), author) && kept.conduct.may_verify(&peer) {
            self.take_in(event, kept);
        } else {
            self.board.dropped();
        }
    }

    /// Looks again at what waited for another height.
    fn look_again(&self, kept: &mut Kept) {
        let height = self.board.height();
        if kept.waiting.iter().any(|(at, _)| *at != height) {
            let (ready, waiting) = std::mem::take(&mut kept.waiting).into_iter().partition(|(at, _)| *at != height);
            kept.waiting = waiting;
            let ready: Vec<(u64, Event)> = ready;
            ready.into_iter().for_each(|(_, event)| self.take_in(event, kept));
        }
    }
}

#[async_trait]
impl Actor for Guard {
    type Msg = Event;
    type State = Kept;
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<Self::Msg>, (): ()) -> Result<Kept, ActorProcessingErr> {
        Ok(Kept::default())
    }

    async fn handle(&self, _: ActorRef<Self::Msg>, event: Event, kept: &mut Kept) -> Result<(), ActorProcessingErr> {
        self.look_again(kept);
        match &event {
            // The board must learn of strangers to send them away, and the engine of all that ends.
            NetworkEvent::Listening(_)
            | NetworkEvent::PeerConnected(_)
            | NetworkEvent::PeerDisconnected(_)
            | NetworkEvent::SyncRequestFailed(..)
            | NetworkEvent::SyncInboundRequestFailed(..) => self.subscribers.tell(event),
            _ => {
                let Some(peer) = peer_of(&event) else { return Ok(()) };
                match kept.conduct.is_muted(&peer, Instant::now()) {
                    _ if !self.peers.includes(&peer.to_string()) => self.board.dropped(),
                    true => self.take_in_sparingly(peer, event, kept),
                    false => self.take_in(event, kept),
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "guard_tests.rs"]
mod tests;
