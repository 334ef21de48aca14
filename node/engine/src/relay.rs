//! What is sent on for validators that have no link to its author.
//!
//! The engine's network sends each message to its neighbours and no further. So one missing link and one node that is down halted four:
//! each of the other three reached a quorum, and two of them did not hear each other. Every node tells in its status which validators it
//! has no connection to; whoever hears one of these directly sends its votes, proposals and parts of blocks on to all, once. Where every
//! link is there, or the one that is missing is down, nothing is sent on.
//!
//! A status is one peer's word; a false one costs its hearers some bandwidth, and nobody a decision.
//!
//! ```text
//! status   peer id | tip u64 | first height u64 | count u32 | address [32] of each validator that the sender has no link to
//! ```

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use arc_malachitebft_app_channel::app::consensus::{LivenessMsg, SignedConsensusMsg};
use arc_malachitebft_app_channel::app::engine::network::NetworkEvent;
use arc_malachitebft_app_channel::app::engine::network::NetworkMsg;
use arc_malachitebft_app_channel::app::streaming::StreamMessage;
use arc_malachitebft_app_channel::app::types::codec::{Codec, HasEncodedLen};
use arc_malachitebft_app_channel::app::types::core::ValidatorProof;
use arc_malachitebft_app_channel::app::types::sync::{Request, Response, Status};
use bytes::{Bytes, BytesMut};
use huxin_chain_spec::certificate::VALIDATORS_MAX;
use huxin_chain_spec::crypto::{Digest, DigestAlgorithm, KeyId};

use crate::codec::WireCodec;
use crate::context::Ctx;
use crate::parts::Part;
use crate::status::Board;
use crate::wire::{Malformed, Wire, get_list, put_list, read_all};

/// Messages remembered as sent on.
const SENT_MAX: usize = 8_192;
/// A vote or proposal that its author repeats is sent on again after so long: the first may have come before its hearer was connected.
/// Parts are sent on once, since they do not name their author and could go in circles.
const AGAIN: Duration = Duration::from_millis(500);

/// Reads and writes what the network carries: all as [`WireCodec`] does, and a status with the links that its sender lacks.
#[derive(Clone)]
pub(crate) struct NetworkCodec {
    pub board: Board,
}

/// A status as it goes over the wire.
struct Told {
    status: Status<Ctx>,
    unlinked: Vec<KeyId>,
}

impl Wire for Told {
    fn put(&self, out: &mut BytesMut) {
        self.status.put(out);
        put_list(&self.unlinked, out);
    }

    fn get(input: &mut Bytes) -> crate::wire::Read<Self> {
        Ok(Self { status: Wire::get(input)?, unlinked: get_list(input, VALIDATORS_MAX, "validators")? })
    }
}

impl Codec<Status<Ctx>> for NetworkCodec {
    type Error = Malformed;

    fn decode(&self, bytes: Bytes) -> Result<Status<Ctx>, Malformed> {
        let Told { status, unlinked } = read_all(bytes).inspect_err(|_| self.board.unreadable())?;
        self.board.lacks(&status.peer_id.to_string(), unlinked);
        Ok(status)
    }

    fn encode(&self, status: &Status<Ctx>) -> Result<Bytes, Malformed> {
        let mut out = BytesMut::new();
        Told { status: status.clone(), unlinked: self.board.unlinked() }.put(&mut out);
        Ok(out.freeze())
    }
}

macro_rules! as_wire_codec {
    ($($message:ty),* $(,)?) => { $(
        impl Codec<$message> for NetworkCodec {
            type Error = Malformed;

            fn decode(&self, bytes: Bytes) -> Result<$message, Malformed> {
                WireCodec.decode(bytes).inspect_err(|_| self.board.unreadable())
            }

            fn encode(&self, message: &$message) -> Result<Bytes, Malformed> {
                WireCodec.encode(message)
            }
        }
    )* };
}

as_wire_codec!(
    Part,
    StreamMessage<Part>,
    SignedConsensusMsg<Ctx>,
    LivenessMsg<Ctx>,
    ValidatorProof<Ctx>,
    Request<Ctx>,
    Response<Ctx>,
);

impl HasEncodedLen<Response<Ctx>> for NetworkCodec {
    fn encoded_len(&self, message: &Response<Ctx>) -> Result<usize, Malformed> {
        WireCodec.encoded_len(message)
    }
}

/// What was sent on; the oldest is forgotten first.
#[derive(Default)]
pub(crate) struct Relay {
    sent: HashMap<Digest, Instant>,
    order: VecDeque<Digest>,
}

impl Relay {
    /// What to send on of a message that passed the guard: where a peer delivered what its own validator says, and some node lacks that
    /// validator.
    pub(crate) fn of(&mut self, event: &NetworkEvent<Ctx>, board: &Board, now: Instant) -> Option<NetworkMsg<Ctx>> {
        let (peer, author, message) = match event {
            NetworkEvent::Vote(peer, vote) => {
                let message = SignedConsensusMsg::Vote(vote.clone());
                (peer, Some(vote.message.voter.0), NetworkMsg::PublishConsensusMsg(message))
            }
            NetworkEvent::Proposal(peer, proposal) => {
                let message = SignedConsensusMsg::Proposal(proposal.clone());
                (peer, Some(proposal.message.proposer.0), NetworkMsg::PublishConsensusMsg(message))
            }
            NetworkEvent::ProposalPart(peer, _, part) => (peer, None, NetworkMsg::PublishProposalPart(part.clone())),
            _ => return None,
        };
        let deliverer = board.key_of(&peer.to_string())?;
        if author.is_some_and(|author| author != deliverer) || !board.is_lacked(&deliverer) {
            return None;
        }
        self.is_new(&message, now).then_some(message)
    }

    fn is_new(&mut self, message: &NetworkMsg<Ctx>, now: Instant) -> bool {
        let (bytes, may_again) = match message {
            NetworkMsg::PublishConsensusMsg(message) => (WireCodec.encode(message), true),
            NetworkMsg::PublishProposalPart(part) => (WireCodec.encode(part), false),
            _ => return false,
        };
        let Ok(bytes) = bytes else { return false };
        let digest = DigestAlgorithm::Sha256.plain(&[&bytes]);
        match self.sent.insert(digest, now) {
            None => {
                self.order.push_back(digest);
                if self.order.len() > SENT_MAX
                    && let Some(oldest) = self.order.pop_front()
                {
                    self.sent.remove(&oldest);
                }
                true
            }
            Some(before) if may_again && now.saturating_duration_since(before) >= AGAIN => true,
            Some(before) => {
                self.sent.insert(digest, before);
                false
            }
        }
    }
}
