//! The byte form of every message between engines, and of the entries of the write-ahead log.
//!
//! Forms are those of [`crate::wire`], fields in the order written here. Frames are bounded by the transport before
//! they reach this code; the limits here bound what one frame can make of itself. A change to a type marked `wal`
//! needs the log emptied by a clean stop first, or the node refuses to start on it.

mod transfer;

use arc_malachitebft_app_channel::app::consensus::{LivenessMsg, ProposedValue, SignedConsensusMsg};
use arc_malachitebft_app_channel::app::streaming::StreamMessage;
use arc_malachitebft_app_channel::app::types::codec::Codec;
use arc_malachitebft_app_channel::app::types::core::{
    ExtendedCommitCertificate, ExtendedCommitSignature, NilOrVal, PolkaCertificate, PolkaSignature, Round,
    RoundCertificate, RoundCertificateType, RoundSignature, SignedMessage, ValidatorProof, Validity, VoteType,
};
use arc_malachitebft_app_channel::app::types::sync::{Request, Response, Status};
use bytes::{BufMut, Bytes, BytesMut};
use huxin_chain_spec::certificate::VALIDATORS_MAX;
use huxin_chain_spec::crypto::Digest;

use crate::context::{Address, Ctx, Height, Proposal, Value, Vote};
use crate::parts::Part;
use crate::wire::{Malformed, Read, Wire, get_choice, get_list, put_list, read_all};

pub(crate) use transfer::SYNC_VALUES_MAX;

/// A round certificate may hold both kinds of vote of each validator.
const ROUND_SIGNATURES_MAX: usize = 2 * VALIDATORS_MAX;

/// Encodes and decodes everything the engine sends or keeps.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WireCodec;

macro_rules! codec {
    ($($message:ty),* $(,)?) => { $(
        impl Codec<$message> for WireCodec {
            type Error = Malformed;

            fn decode(&self, bytes: Bytes) -> Result<$message, Malformed> {
                read_all(bytes)
            }

            fn encode(&self, message: &$message) -> Result<Bytes, Malformed> {
                let mut out = BytesMut::new();
                message.put(&mut out);
                Ok(out.freeze())
            }
        }
    )* };
}

codec!(
    SignedConsensusMsg<Ctx>, // network and wal
    PolkaCertificate<Ctx>,   // network and wal
    ProposedValue<Ctx>,      // wal
    LivenessMsg<Ctx>,
    Part,
    StreamMessage<Part>,
    ValidatorProof<Ctx>,
    Status<Ctx>,
    Request<Ctx>,
    Response<Ctx>,
);

/// A struct whose form is its fields in order.
macro_rules! wire_struct {
    ($type:ty { $($field:ident),* $(,)? }) => {
        impl Wire for $type {
            fn put(&self, out: &mut BytesMut) {
                $( self.$field.put(out); )*
            }

            fn get(input: &mut Bytes) -> Read<Self> {
                Ok(Self { $( $field: Wire::get(input)?, )* })
            }
        }
    };
}

use wire_struct;

wire_struct!(Proposal { height, round, value, pol_round, proposer });
wire_struct!(ProposedValue<Ctx> { height, round, valid_round, proposer, value, validity });
wire_struct!(PolkaSignature<Ctx> { address, signature });
wire_struct!(RoundSignature<Ctx> { vote_type, value_id, address, signature });

impl Wire for Height {
    fn put(&self, out: &mut BytesMut) {
        self.0.put(out);
    }

    fn get(input: &mut Bytes) -> Read<Self> {
        u64::get(input).map(Self)
    }
}

impl Wire for Address {
    fn put(&self, out: &mut BytesMut) {
        self.0.put(out);
    }

    fn get(input: &mut Bytes) -> Read<Self> {
        Wire::get(input).map(Self)
    }
}

impl Wire for Value {
    fn put(&self, out: &mut BytesMut) {
        self.0.put(out);
    }

    fn get(input: &mut Bytes) -> Read<Self> {
        Wire::get(input).map(Self)
    }
}

/// `i64`: -1 is no round.
impl Wire for Round {
    fn put(&self, out: &mut BytesMut) {
        out.put_i64_le(self.as_i64());
    }

    fn get(input: &mut Bytes) -> Read<Self> {
        match u64::get(input)?.cast_signed() {
            -1 => Ok(Self::Nil),
            round => u32::try_from(round).map(Self::new).map_err(|_| Malformed::Value { what: "round" }),
        }
    }
}

impl Wire for VoteType {
    fn put(&self, out: &mut BytesMut) {
        out.put_u8(match self {
            Self::Prevote => 1,
            Self::Precommit => 2,
        });
    }

    fn get(input: &mut Bytes) -> Read<Self> {
        match get_choice(input, "vote type")? {
            1 => Ok(Self::Prevote),
            2 => Ok(Self::Precommit),
            value => Err(Malformed::Choice { what: "vote type", value }),
        }
    }
}

impl Wire for Validity {
    fn put(&self, out: &mut BytesMut) {
        out.put_u8(u8::from(self.is_valid()));
    }

    fn get(input: &mut Bytes) -> Read<Self> {
        match get_choice(input, "validity")? {
            0 => Ok(Self::Invalid),
            1 => Ok(Self::Valid),
            value => Err(Malformed::Choice { what: "validity", value }),
        }
    }
}

impl Wire for RoundCertificateType {
    fn put(&self, out: &mut BytesMut) {
        out.put_u8(match self {
            Self::Skip => 1,
            Self::Precommit => 2,
        });
    }

    fn get(input: &mut Bytes) -> Read<Self> {
        match get_choice(input, "round certificate type")? {
            1 => Ok(Self::Skip),
            2 => Ok(Self::Precommit),
            value => Err(Malformed::Choice { what: "round certificate type", value }),
        }
    }
}

impl Wire for NilOrVal<Digest> {
    fn put(&self, out: &mut BytesMut) {
        match self {
            Self::Nil => out.put_u8(0),
            Self::Val(value) => {
                out.put_u8(1);
                value.put(out);
            }
        }
    }

    fn get(input: &mut Bytes) -> Read<Self> {
        match get_choice(input, "vote value")? {
            0 => Ok(Self::Nil),
            1 => Digest::get(input).map(Self::Val),
            value => Err(Malformed::Choice { what: "vote value", value }),
        }
    }
}

/// Without an extension: the protocol has none.
impl Wire for Vote {
    fn put(&self, out: &mut BytesMut) {
        self.vote_type.put(out);
        self.height.put(out);
        self.round.put(out);
        self.value.put(out);
        self.voter.put(out);
    }

    fn get(input: &mut Bytes) -> Read<Self> {
        Ok(Self::new(Wire::get(input)?, Wire::get(input)?, Wire::get(input)?, Wire::get(input)?, Wire::get(input)?))
    }
}

impl<M: Wire> Wire for SignedMessage<Ctx, M> {
    fn put(&self, out: &mut BytesMut) {
        self.message.put(out);
        self.signature.put(out);
    }

    fn get(input: &mut Bytes) -> Read<Self> {
        Ok(Self::new(Wire::get(input)?, Wire::get(input)?))
    }
}

impl Wire for SignedConsensusMsg<Ctx> {
    fn put(&self, out: &mut BytesMut) {
        match self {
            Self::Vote(vote) => {
                out.put_u8(1);
                vote.put(out);
            }
            Self::Proposal(proposal) => {
                out.put_u8(2);
                proposal.put(out);
            }
        }
    }

    fn get(input: &mut Bytes) -> Read<Self> {
        match get_choice(input, "consensus message")? {
            1 => Wire::get(input).map(Self::Vote),
            2 => Wire::get(input).map(Self::Proposal),
            value => Err(Malformed::Choice { what: "consensus message", value }),
        }
    }
}

impl Wire for LivenessMsg<Ctx> {
    fn put(&self, out: &mut BytesMut) {
        match self {
            Self::Vote(vote) => {
                out.put_u8(1);
                vote.put(out);
            }
            Self::PolkaCertificate(certificate) => {
                out.put_u8(2);
                certificate.put(out);
            }
            Self::SkipRoundCertificate(certificate) => {
                out.put_u8(3);
                certificate.put(out);
            }
        }
    }

    fn get(input: &mut Bytes) -> Read<Self> {
        match get_choice(input, "liveness message")? {
            1 => Wire::get(input).map(Self::Vote),
            2 => Wire::get(input).map(Self::PolkaCertificate),
            3 => Wire::get(input).map(Self::SkipRoundCertificate),
            value => Err(Malformed::Choice { what: "liveness message", value }),
        }
    }
}

impl Wire for PolkaCertificate<Ctx> {
    fn put(&self, out: &mut BytesMut) {
        self.height.put(out);
        self.round.put(out);
        self.value_id.put(out);
        put_list(&self.polka_signatures, out);
    }

    fn get(input: &mut Bytes) -> Read<Self> {
        Ok(Self {
            height: Wire::get(input)?,
            round: Wire::get(input)?,
            value_id: Wire::get(input)?,
            polka_signatures: get_list(input, VALIDATORS_MAX, "signatures")?,
        })
    }
}

impl Wire for RoundCertificate<Ctx> {
    fn put(&self, out: &mut BytesMut) {
        self.height.put(out);
        self.round.put(out);
        self.cert_type.put(out);
        put_list(&self.round_signatures, out);
    }

    fn get(input: &mut Bytes) -> Read<Self> {
        Ok(Self {
            height: Wire::get(input)?,
            round: Wire::get(input)?,
            cert_type: Wire::get(input)?,
            round_signatures: get_list(input, ROUND_SIGNATURES_MAX, "signatures")?,
        })
    }
}

/// Without an extension: the protocol has none.
impl Wire for ExtendedCommitSignature<Ctx> {
    fn put(&self, out: &mut BytesMut) {
        self.address.put(out);
        self.signature.put(out);
    }

    fn get(input: &mut Bytes) -> Read<Self> {
        Ok(Self::new(Wire::get(input)?, Wire::get(input)?, None))
    }
}

impl Wire for ExtendedCommitCertificate<Ctx> {
    fn put(&self, out: &mut BytesMut) {
        self.height.put(out);
        self.round.put(out);
        self.value_id.put(out);
        put_list(&self.commit_signatures, out);
    }

    fn get(input: &mut Bytes) -> Read<Self> {
        Ok(Self {
            height: Wire::get(input)?,
            round: Wire::get(input)?,
            value_id: Wire::get(input)?,
            commit_signatures: get_list(input, VALIDATORS_MAX, "signatures")?,
        })
    }
}

#[cfg(test)]
mod tests;
