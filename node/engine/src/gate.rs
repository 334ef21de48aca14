//! Between the engine and its network, outwards: keeps back what this validator does not say.
//!
//! The engine's core has no way not to vote: a signer either signs or ends the engine. So a statement that is withheld comes
//! back to it at height 0, where no vote can be: the core drops it without a word, and this actor keeps it from the network.

use arc_malachitebft_app_channel::app::consensus::{LivenessMsg, SignedConsensusMsg};
use arc_malachitebft_app_channel::app::engine::network::{NetworkMsg, NetworkRef};
use async_trait::async_trait;
use ractor::{Actor, ActorProcessingErr, ActorRef};

use crate::context::{Ctx, Height, Proposal, Vote};
use crate::guard::Subscribers;

/// The height of what is not said.
const NOWHERE: Height = Height(0);

/// The vote that stands for one that is withheld.
pub(crate) fn silent_vote(vote: &Vote) -> Vote {
    Vote::new(vote.vote_type, NOWHERE, vote.round, vote.value, vote.voter)
}

/// The proposal that stands for one that is withheld.
pub(crate) fn silent_proposal(proposal: Proposal) -> Proposal {
    Proposal { height: NOWHERE, ..proposal }
}

fn is_silent(message: &NetworkMsg<Ctx>) -> bool {
    match message {
        NetworkMsg::PublishConsensusMsg(SignedConsensusMsg::Vote(vote))
        | NetworkMsg::PublishLivenessMsg(LivenessMsg::Vote(vote)) => vote.message.height == NOWHERE,
        NetworkMsg::PublishConsensusMsg(SignedConsensusMsg::Proposal(proposal)) => proposal.message.height == NOWHERE,
        _ => false,
    }
}

/// The actor. Everything else passes; who wants to hear of the network hears what the guard lets in.
pub(crate) struct Gate {
    pub network: NetworkRef<Ctx>,
    pub subscribers: Subscribers,
}

#[async_trait]
impl Actor for Gate {
    type Msg = NetworkMsg<Ctx>;
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<Self::Msg>, (): ()) -> Result<(), ActorProcessingErr> {
        Ok(())
    }

    async fn handle(&self, _: ActorRef<Self::Msg>, message: Self::Msg, (): &mut ()) -> Result<(), ActorProcessingErr> {
        match message {
            NetworkMsg::Subscribe(subscriber) => self.subscribers.add(subscriber),
            message if is_silent(&message) => {}
            message => {
                // A network that is gone has its own supervisor to tell.
                let _ = self.network.cast(message);
            }
        }
        Ok(())
    }
}
