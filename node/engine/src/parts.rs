//! Blocks in parts: their form, and their reassembly under limits.
//!
//! A block travels as one stream of parts on the engine's network. Part 0 says what follows and is signed; parts
//! 1, 2, .. are [`PART_BYTES`] bytes each, the last one shorter. Nothing marks the end: the length is in part 0.
//!
//! ```text
//! stream id   height u64 | round u32 | nonce u64                      (20 bytes, chosen by the sender)
//! part 0      height, round, proposer, header hash, block length, sender, signature of the sender
//! part n      bytes (n-1)*PART_BYTES .. of the block
//! ```
//!
//! The engine signs none of this. What keeps it honest:
//!
//! * Streams are kept by (publisher, stream id), so nobody can add to another's stream.
//! * Part 0 must be signed by the proposer of its (height, round). From round [`RESTREAM_ROUND`] on, any validator may
//!   send a block it is locked on, as the engine then asks for it. For a height not begun yet the validators are not
//!   known; such a block is held and checked when its height begins.
//! * What belongs to no height from the current one to two above it, or to a round far from the current one, is dropped
//!   at once. Streams and bytes are bounded per neighbour, blocks per publisher and round.
//! * The bytes are checked against the header hash by the application, not here.

mod assembly;

use arc_malachitebft_app_channel::app::streaming::{StreamContent, StreamId, StreamMessage};
use bytes::{Bytes, BytesMut};

use crate::types::Height;
use crate::wire::Wire;

pub(crate) use crate::part::{Init, Part};
pub(crate) use assembly::{Assembly, PartLimits};

/// Bytes of a block in one part.
pub const PART_BYTES: usize = 128 * 1024;
/// From this round on the engine has validators send again what they are locked on (its `HIDDEN_LOCK_ROUND`).
const RESTREAM_ROUND: u32 = 10;
/// Length of a stream id, in bytes.
const STREAM_ID_BYTES: usize = 20;

/// A whole block as it came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    pub init: Init,
    pub bytes: Bytes,
}

/// Height, round and a number of the sender's choosing, so that it may send the same block again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct StreamName {
    pub height: Height,
    pub round: u32,
    pub nonce: u64,
}

impl StreamName {
    pub(crate) fn id(&self) -> StreamId {
        let mut id = BytesMut::with_capacity(STREAM_ID_BYTES);
        self.height.0.put(&mut id);
        self.round.put(&mut id);
        self.nonce.put(&mut id);
        StreamId::new(id.freeze())
    }

    fn of(id: &StreamId) -> Option<Self> {
        let mut id = id.to_bytes();
        if id.len() != STREAM_ID_BYTES {
            return None;
        }
        Some(Self {
            height: Height(u64::get(&mut id).ok()?),
            round: u32::get(&mut id).ok()?,
            nonce: u64::get(&mut id).ok()?,
        })
    }
}

/// The messages that carry a block.
pub(crate) fn split(init: Init, nonce: u64, bytes: &Bytes) -> Vec<StreamMessage<Part>> {
    let id = StreamName { height: init.height, round: init.round, nonce }.id();
    let mut messages = Vec::with_capacity(1 + bytes.len() / PART_BYTES + 1);
    let mut content = Part::Init(init);
    let mut rest = bytes.clone();
    for sequence in 0.. {
        messages.push(StreamMessage::new(id.clone(), sequence, StreamContent::Data(content)));
        if rest.is_empty() {
            break;
        }
        content = Part::Data(rest.split_to(rest.len().min(PART_BYTES)));
    }
    messages
}
