//! One part of a block, as it travels. See [`crate::parts`] for the whole.

use bytes::Bytes;
use huxin_chain_spec::crypto::{Digest, Signature};

use crate::types::{Address, Height};

/// One part of a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Init(Init),
    Data(Bytes),
}

/// Part 0: what the stream carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Init {
    pub height: Height,
    pub round: u32,
    /// Proposer of (height, round).
    pub proposer: Address,
    /// Header hash.
    pub block: Digest,
    /// Length of the block, in bytes.
    pub block_bytes: u32,
    /// Whose signature this is: the proposer, or a validator that sends again.
    pub sender: Address,
    pub signature: Signature,
}
