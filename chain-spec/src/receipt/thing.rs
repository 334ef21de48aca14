//! Receipts of things: what the map holds, or does not hold, at a block or as of a time.
//!
//! ```text
//! file = "HUXINRT2" | borsh(ThingReceipt)
//! ```

use borsh::{BorshDeserialize, BorshSerialize};

use super::version::after_magic;
use super::{Anchors, AsOf, KnownHeaders, NoKnownHeaders, RECEIPT_BYTES_MAX, ReceiptError, TrustPath, check_map};
use crate::block::Header;
use crate::certificate::Certificate;
use crate::codec;
use crate::crypto::Digest;
use crate::ids::TimeMs;
use crate::map::MapProof;
use crate::state::StateKey;

/// First bytes of a receipt of things.
pub const THING_RECEIPT_MAGIC: &[u8; 8] = b"HUXINRT2";

/// One thing with its proof.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Thing {
    pub key: StateKey,
    /// Canonical bytes of its state; `None` where the ledger holds no such thing.
    pub state: Option<Vec<u8>>,
    pub proof: MapProof,
}

/// Proves the states of one or more things at one header.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ThingReceipt {
    pub trust: TrustPath,
    pub header: Header,
    pub certificate: Certificate,
    pub things: Vec<Thing>,
    pub as_of: Option<AsOf>,
}

impl ThingReceipt {
    /// The file's bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = THING_RECEIPT_MAGIC.to_vec();
        bytes.extend(codec::encode(self));
        bytes
    }

    /// Reads a receipt file, at most [`RECEIPT_BYTES_MAX`] long.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ReceiptError> {
        let body = after_magic(bytes, THING_RECEIPT_MAGIC)?;
        Ok(codec::decode(body, RECEIPT_BYTES_MAX - THING_RECEIPT_MAGIC.len())?)
    }

    /// Checks everything against the pinned genesis hash alone; returns the hash of the header the things stand under.
    pub fn verify(&self, genesis_hash: &Digest) -> Result<Digest, ReceiptError> {
        self.verify_with(&Anchors::of_genesis(*genesis_hash), &NoKnownHeaders)
    }

    /// [`ThingReceipt::verify`] against what is known of the chain; skips certificates of headers in `known`.
    pub fn verify_with(&self, anchors: &Anchors, known: &dyn KnownHeaders) -> Result<Digest, ReceiptError> {
        let block = self.trust.check_head(anchors, &self.header, &self.certificate, self.as_of.as_ref(), known)?;
        let algorithm = self.trust.genesis.ledger_hash;
        for thing in &self.things {
            let key = thing.key.map_key(algorithm);
            check_map(algorithm, &self.header.map_root, &key, thing.state.as_deref(), &thing.proof)?;
        }
        Ok(block)
    }

    /// The time for which this receipt proves its states, as [`super::Receipt::proven_time`].
    pub fn proven_time(&self) -> TimeMs {
        AsOf::proven_time(self.as_of.as_ref(), &self.header)
    }

    /// The state of a thing that this receipt covers: `None` if it does not, `Some(None)` if the ledger holds none.
    pub fn state(&self, key: &StateKey) -> Option<Option<&[u8]>> {
        self.things.iter().find(|thing| thing.key == *key).map(|thing| thing.state.as_deref())
    }
}
