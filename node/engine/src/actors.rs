//! The three actors of ours in the engine's tree: the host it asks, a listener on its network, and the supervisor.

use arc_malachitebft_app_channel::app::engine::host::HostMsg;
use arc_malachitebft_app_channel::app::engine::network::NetworkEvent;
use arc_malachitebft_app_channel::app::engine::node::NodeMsg;
use arc_malachitebft_app_channel::app::metrics::Metrics;
use arc_malachitebft_app_channel::app::types::core::ValidatorProof;
use async_trait::async_trait;
use ractor::{Actor, ActorProcessingErr, ActorRef, SupervisionEvent};
use tokio::sync::mpsc;

use crate::context::Ctx;
use crate::error::{Exit, ExitCell};
use crate::peers::Peers;
use crate::sign_state::Statement;
use crate::signing::{EngineSigner, EngineVerifier, proposal_statement, vote_statement};
use crate::status::{Board, PeerChange};

/// Passes the engine's questions, reply ports and all, to the host task. Never waits for an answer.
pub(crate) struct HostActor {
    pub inbox: mpsc::Sender<HostMsg<Ctx>>,
}

#[async_trait]
impl Actor for HostActor {
    type Msg = HostMsg<Ctx>;
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<Self::Msg>, (): ()) -> Result<(), ActorProcessingErr> {
        Ok(())
    }

    async fn handle(&self, _: ActorRef<Self::Msg>, message: Self::Msg, (): &mut ()) -> Result<(), ActorProcessingErr> {
        // A closed inbox means the engine is ending; the reply port is dropped with the message.
        let _ = self.inbox.send(message).await;
        Ok(())
    }
}

/// Watches the network on behalf of the status board, and sends strangers away.
pub(crate) struct Listener {
    pub board: Board,
    pub peers: Peers,
    pub signer: EngineSigner,
    pub verifier: EngineVerifier,
    pub exit: ExitCell,
}

impl Listener {
    /// Tells the sign-state how far the chain is.
    fn hear(&self) {
        if let Err(error) = self.signer.state().hear(&self.board.chain_heard()) {
            self.exit.set(Exit::SignState { reason: error.to_string() });
        }
    }

    /// Ends the engine if a statement in this validator's name is signed by its key, and not by this process.
    fn own(&self, statement: Option<Statement>, signed: impl FnOnce() -> bool) {
        let Some(statement) = statement else { return };
        // A signature is checked only where the statement would be a new one, which no replay of an old one is.
        if self.signer.state().is_foreign(&statement) && signed() {
            self.signer.state().meet_another(&statement);
            self.exit.set(Exit::AnotherSigner { height: statement.height, round: statement.round });
        }
    }

    /// Learns which validator's key a peer holds. The engine's network has seen that the proof names this peer.
    fn proven(&self, peer: String, proof: &ValidatorProof<Ctx>) {
        let Ok(key) = proof.decoded_public_key() else { return };
        if !self.board.has_proven(&peer, key.id()) && self.verifier.verify_proof(&key, proof) {
            self.board.peer(peer, PeerChange::Proven(key.id()));
            self.hear();
        }
    }
}

#[async_trait]
impl Actor for Listener {
    type Msg = NetworkEvent<Ctx>;
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<Self::Msg>, (): ()) -> Result<(), ActorProcessingErr> {
        Ok(())
    }

    async fn handle(&self, _: ActorRef<Self::Msg>, event: Self::Msg, (): &mut ()) -> Result<(), ActorProcessingErr> {
        match event {
            NetworkEvent::Listening(_) => self.board.listening(),
            NetworkEvent::PeerConnected(peer) => {
                let peer = peer.to_string();
                self.board.peer(peer.clone(), PeerChange::Connected);
                if !self.peers.includes(&peer) {
                    self.peers.send_away(&peer).await;
                }
            }
            NetworkEvent::PeerDisconnected(peer) => self.board.peer(peer.to_string(), PeerChange::Disconnected),
            // Until it is gone, a stranger counts neither as a peer to send to nor as one to believe.
            NetworkEvent::PeerSubscribed(peer, _) if self.peers.includes(&peer.to_string()) => {
                self.board.peer(peer.to_string(), PeerChange::Ready);
            }
            NetworkEvent::Status(peer, status) if self.peers.includes(&peer.to_string()) => {
                self.board.peer(peer.to_string(), PeerChange::Tip(status.tip_height.0));
                self.hear();
            }
            NetworkEvent::ValidatorProofReceived { peer_id, proof } if self.peers.includes(&peer_id.to_string()) => {
                self.proven(peer_id.to_string(), &proof);
            }
            NetworkEvent::Vote(_, vote) => {
                let key = self.signer.public_key();
                if vote.message.voter.0 == key.id() {
                    self.own(vote_statement(&vote.message), || {
                        self.verifier.verify_vote(&vote.message, &vote.signature, &key)
                    });
                }
                let vote = vote.message;
                self.board.vote(vote.voter.0, vote.height.0, vote.round.as_u32().unwrap_or(0));
            }
            NetworkEvent::Proposal(_, proposal) => {
                let key = self.signer.public_key();
                if proposal.message.proposer.0 == key.id() {
                    let signed = || self.verifier.verify_proposal(&proposal.message, &proposal.signature, &key);
                    self.own(proposal_statement(&proposal.message), signed);
                }
                self.board.claimed(proposal.message.proposer.0, proposal.message.height.0);
            }
            _ => {}
        }
        Ok(())
    }
}

/// Takes the place of the engine's own supervisor, whose answer to a failed write-ahead log is to hang until an
/// operator looks: ours reports it, and the process ends with the reason.
pub(crate) struct Supervisor {
    pub exit: ExitCell,
    pub metrics: Metrics,
}

#[async_trait]
impl Actor for Supervisor {
    type Msg = NodeMsg;
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<Self::Msg>, (): ()) -> Result<(), ActorProcessingErr> {
        Ok(())
    }

    async fn handle(
        &self,
        myself: ActorRef<Self::Msg>,
        message: Self::Msg,
        (): &mut (),
    ) -> Result<(), ActorProcessingErr> {
        let NodeMsg::SafetyFailure(reason) = message;
        self.metrics.set_safety_failure();
        self.exit.set(Exit::WriteAheadLog { reason: reason.clone() });
        // Nothing more may be signed, whatever the process does with the news.
        myself.get_cell().stop_children(Some(reason));
        Ok(())
    }

    async fn handle_supervisor_evt(
        &self,
        _: ActorRef<Self::Msg>,
        event: SupervisionEvent,
        (): &mut (),
    ) -> Result<(), ActorProcessingErr> {
        // After the first reason to end these are its consequences, and the cell keeps the first.
        match event {
            SupervisionEvent::ActorFailed(actor, error) => {
                self.exit.set(Exit::Engine { reason: format!("actor {} failed: {error}", actor.get_id()) });
            }
            SupervisionEvent::ActorTerminated(actor, _, reason) => {
                let reason = reason.unwrap_or_else(|| "no reason given".to_owned());
                self.exit.set(Exit::Engine { reason: format!("actor {} ended: {reason}", actor.get_id()) });
            }
            SupervisionEvent::ActorStarted(_) | SupervisionEvent::ProcessGroupChanged(_) => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use arc_malachitebft_app_channel::app::metrics::{Registry, SharedRegistry};

    use super::*;

    /// The engine reports a failed write-ahead log by this message and then hangs; the reason must reach the node.
    #[tokio::test]
    async fn a_failed_write_ahead_log_ends_the_engine() {
        let exit = ExitCell::new();
        let metrics = Metrics::register(&SharedRegistry::new(Registry::default(), None));
        let supervisor = Supervisor { exit: exit.clone(), metrics };
        let (actor, _task) = Actor::spawn(None, supervisor, ()).await.unwrap();
        let (inbox, _outbox) = mpsc::channel(1);
        let (child, child_task) = Actor::spawn(None, HostActor { inbox }, ()).await.unwrap();
        child.link(actor.get_cell());
        actor.cast(NodeMsg::SafetyFailure("disk full".into())).unwrap();
        assert_eq!(exit.wait().await, Exit::WriteAheadLog { reason: "disk full".into() });
        // The children stop, and their end does not replace the reason.
        child_task.await.unwrap();
        assert_eq!(exit.get(), Some(Exit::WriteAheadLog { reason: "disk full".into() }));
    }

    #[tokio::test]
    async fn an_actor_that_ends_by_itself_ends_the_engine() {
        let exit = ExitCell::new();
        let metrics = Metrics::register(&SharedRegistry::new(Registry::default(), None));
        let (actor, _task) = Actor::spawn(None, Supervisor { exit: exit.clone(), metrics }, ()).await.unwrap();
        let (inbox, _outbox) = mpsc::channel(1);
        let (child, _child_task) = Actor::spawn(None, HostActor { inbox }, ()).await.unwrap();
        child.link(actor.get_cell());
        child.stop(Some("gone".into()));
        assert!(matches!(exit.wait().await, Exit::Engine { reason } if reason.contains("gone")));
    }
}
