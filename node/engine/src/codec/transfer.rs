//! The byte form of what carries blocks: parts, streams, and the exchange with syncing peers.

use arc_malachitebft_app_channel::app::streaming::{StreamContent, StreamId, StreamMessage};
use arc_malachitebft_app_channel::app::types::PeerId;
use arc_malachitebft_app_channel::app::types::codec::HasEncodedLen;
use arc_malachitebft_app_channel::app::types::core::ValidatorProof;
use arc_malachitebft_app_channel::app::types::sync::{RawDecidedValue, Request, Response, Status};
use arc_malachitebft_sync::{ValueRequest, ValueResponse};
use bytes::{BufMut, Bytes, BytesMut};
use huxin_chain_spec::crypto::DIGEST_BYTES;

use super::{WireCodec, wire_struct};
use crate::context::{Ctx, Height};
use crate::parts::{Init, PART_BYTES, Part};
use crate::wire::{Malformed, Read, Wire, get_bytes, get_choice, get_list, need, put_bytes, put_list};

/// Decided blocks in one answer to a syncing peer. The engine asks for 5 at a time.
pub(crate) const SYNC_VALUES_MAX: usize = 64;
/// Longest peer id, key or stream id, in bytes.
pub(super) const NAME_BYTES_MAX: usize = 64;
/// Bytes of an address and a signature.
const SIGNATURE_ENTRY_BYTES: usize = DIGEST_BYTES + 1 + 64;

wire_struct!(Init { height, round, proposer, block, block_bytes, sender, signature });
wire_struct!(Status<Ctx> { peer_id, tip_height, history_min_height });

impl HasEncodedLen<Response<Ctx>> for WireCodec {
    /// Without encoding: the sync actor asks this once for each block of an answer.
    fn encoded_len(&self, message: &Response<Ctx>) -> Result<usize, Malformed> {
        let Response::ValueResponse(response) = message;
        let value = |value: &RawDecidedValue<Ctx>| {
            let signatures = value.certificate.commit_signatures.len();
            4 + value.value_bytes.len() + 8 + 8 + DIGEST_BYTES + 4 + signatures * SIGNATURE_ENTRY_BYTES
        };
        Ok(8 + 4 + response.values.iter().map(value).sum::<usize>())
    }
}

impl Wire for RawDecidedValue<Ctx> {
    fn put(&self, out: &mut BytesMut) {
        put_bytes(&self.value_bytes, out);
        self.certificate.put(out);
    }

    fn get(input: &mut Bytes) -> Read<Self> {
        // No longer than the frame: the transport has bounded that by the longest block.
        let frame = input.len();
        Ok(Self::new(get_bytes(input, frame, "bytes")?, Wire::get(input)?))
    }
}

impl Wire for ValidatorProof<Ctx> {
    fn put(&self, out: &mut BytesMut) {
        put_bytes(&self.public_key, out);
        put_bytes(&self.peer_id, out);
        self.signature.put(out);
    }

    fn get(input: &mut Bytes) -> Read<Self> {
        Ok(Self::new(
            get_bytes(input, NAME_BYTES_MAX, "bytes of key")?.to_vec(),
            get_bytes(input, NAME_BYTES_MAX, "bytes of peer id")?.to_vec(),
            Wire::get(input)?,
        ))
    }
}

impl Wire for PeerId {
    fn put(&self, out: &mut BytesMut) {
        put_bytes(&self.to_bytes(), out);
    }

    fn get(input: &mut Bytes) -> Read<Self> {
        let bytes = get_bytes(input, NAME_BYTES_MAX, "bytes of peer id")?;
        Self::from_bytes(&bytes).map_err(|_| Malformed::Value { what: "peer id" })
    }
}

impl Wire for Part {
    fn put(&self, out: &mut BytesMut) {
        match self {
            Self::Init(init) => {
                out.put_u8(1);
                init.put(out);
            }
            Self::Data(data) => {
                out.put_u8(2);
                put_bytes(data, out);
            }
        }
    }

    fn get(input: &mut Bytes) -> Read<Self> {
        match get_choice(input, "part")? {
            1 => Wire::get(input).map(Self::Init),
            2 => get_bytes(input, PART_BYTES, "bytes of a part").map(Self::Data),
            value => Err(Malformed::Choice { what: "part", value }),
        }
    }
}

impl Wire for StreamMessage<Part> {
    fn put(&self, out: &mut BytesMut) {
        out.reserve(PART_BYTES + 2 * NAME_BYTES_MAX);
        put_bytes(&self.stream_id.to_bytes(), out);
        self.sequence.put(out);
        match &self.content {
            StreamContent::Fin => out.put_u8(0),
            StreamContent::Data(part) => {
                out.put_u8(1);
                part.put(out);
            }
        }
    }

    fn get(input: &mut Bytes) -> Read<Self> {
        let stream_id = StreamId::new(get_bytes(input, NAME_BYTES_MAX, "bytes of stream id")?);
        let sequence = u64::get(input)?;
        let content = match get_choice(input, "stream content")? {
            0 => StreamContent::Fin,
            1 => StreamContent::Data(Wire::get(input)?),
            value => return Err(Malformed::Choice { what: "stream content", value }),
        };
        Ok(Self { stream_id, sequence, content })
    }
}

impl Wire for Request<Ctx> {
    fn put(&self, out: &mut BytesMut) {
        let Self::ValueRequest(request) = self;
        request.range.start().put(out);
        request.range.end().put(out);
    }

    fn get(input: &mut Bytes) -> Read<Self> {
        need(input, 16, "range of heights")?;
        let (first, last): (Height, Height) = (Wire::get(input)?, Wire::get(input)?);
        Ok(Self::ValueRequest(ValueRequest::new(first..=last)))
    }
}

impl Wire for Response<Ctx> {
    fn put(&self, out: &mut BytesMut) {
        let Self::ValueResponse(response) = self;
        response.start_height.put(out);
        put_list(&response.values, out);
    }

    fn get(input: &mut Bytes) -> Read<Self> {
        let start_height = Wire::get(input)?;
        let values = get_list(input, SYNC_VALUES_MAX, "blocks")?;
        Ok(Self::ValueResponse(ValueResponse::new(start_height, values)))
    }
}
