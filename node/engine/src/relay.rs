//! What is sent on for validators that have no link to its author.
//!
//! The engine's network sends each message to its neighbours and no further. So one missing link and one node that is down halted four:
//! each of the other three reached a quorum, and two of them did not hear each other. Every node tells in its status which validators it
//! has no connection to; whoever hears one of these directly sends its votes, proposals and parts of blocks on to all, once. Where every
//! link is there, or the one that is missing is down, nothing is sent on.
//!
//! A status is one peer's word; a false one costs its hearers some bandwidth, and nobody a decision. It counts once the guard has let it in:
//! the codec reads it before the network has looked who sent it.
//!
//! ```text
//! status   peer id | tip u64 | first height u64 | count u32 | address [32] of each validator that the sender has no link to
//! ```

use std::time::{Duration, Instant};

use arc_malachitebft_app_channel::app::consensus::{LivenessMsg, SignedConsensusMsg};
use arc_malachitebft_app_channel::app::engine::network::{NetworkEvent, NetworkMsg};
use arc_malachitebft_app_channel::app::streaming::StreamMessage;
use arc_malachitebft_app_channel::app::types::codec::{Codec, HasEncodedLen};
use arc_malachitebft_app_channel::app::types::core::ValidatorProof;
use arc_malachitebft_app_channel::app::types::sync::{Request, Response, Status};
use bytes::{Bytes, BytesMut};
use huxin_chain_spec::certificate::VALIDATORS_MAX;
use huxin_chain_spec::crypto::{DigestAlgorithm, KeyId};

use crate::codec::WireCodec;
use crate::context::Ctx;
use crate::parts::Part;
use crate::recent::Recent;
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
        self.board.reads_unlinked(&status.peer_id.to_string(), unlinked);
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

/// What was sent on, and when.
pub(crate) struct Relay(Recent<Instant>);

impl Default for Relay {
    fn default() -> Self {
        Self(Recent::new(SENT_MAX))
    }
}

impl Relay {
    /// What to send on of a message that passed the guard: where a peer delivered what its own validator says, and some node lacks that
    /// validator.
    pub(crate) fn of(&mut self, event: &NetworkEvent<Ctx>, board: &Board, now: Instant) -> Option<NetworkMsg<Ctx>> {
        let (peer, author) = match event {
            NetworkEvent::Vote(peer, vote) => (peer, Some(vote.message.voter.0)),
            NetworkEvent::Proposal(peer, proposal) => (peer, Some(proposal.message.proposer.0)),
            NetworkEvent::ProposalPart(peer, ..) => (peer, None),
            _ => return None,
        };
        // Where every link is there, this is all that a message costs.
        let deliverer = board.lacked_key_of(&peer.to_string())?;
        if author.is_some_and(|author| author != deliverer) {
            return None;
        }
        let (message, bytes, may_again) = match event {
            NetworkEvent::Vote(_, vote) => whole(SignedConsensusMsg::Vote(vote.clone()))?,
            NetworkEvent::Proposal(_, proposal) => whole(SignedConsensusMsg::Proposal(proposal.clone()))?,
            NetworkEvent::ProposalPart(_, _, part) => {
                (NetworkMsg::PublishProposalPart(part.clone()), WireCodec.encode(part).ok()?, false)
            }
            _ => return None,
        };
        let digest = DigestAlgorithm::Sha256.plain(&[&bytes]);
        let sent = self.0.get(&digest);
        if sent.is_some_and(|before| !may_again || now.saturating_duration_since(*before) < AGAIN) {
            return None;
        }
        self.0.put(digest, now);
        Some(message)
    }
}

/// A vote or proposal to be sent on, its bytes, and that it may be sent on again.
fn whole(message: SignedConsensusMsg<Ctx>) -> Option<(NetworkMsg<Ctx>, Bytes, bool)> {
    let bytes = WireCodec.encode(&message).ok()?;
    Some((NetworkMsg::PublishConsensusMsg(message), bytes, true))
}
