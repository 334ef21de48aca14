//! Two small files beside receipts: a head, which the consortium publishes and users pin, and a trust path, which leads from an
//! older set to a newer one where a receipt has no room for it.
//!
//! ```text
//! head = "HUXINTH1" | borsh(TrustedHead)
//! path = "HUXINTP1" | borsh(TrustPath)
//! ```

use borsh::{BorshDeserialize, BorshSerialize};

use super::trust::{Anchors, TrustPath};
use super::version::after_magic;
use super::{NoKnownHeaders, RECEIPT_BYTES_MAX, ReceiptError};
use crate::block::Header;
use crate::certificate::{Certificate, ValidatorSet};
use crate::codec;
use crate::crypto::Digest;

/// First bytes of a head file.
pub const HEAD_MAGIC: &[u8; 8] = b"HUXINTH1";
/// Longest trust path file, in bytes, magic included: a node gives it in pages, a file holds all of them.
pub const PATH_BYTES_MAX: usize = 16 * 1024 * 1024;
/// First bytes of a trust path file.
pub const PATH_MAGIC: &[u8; 8] = b"HUXINTP1";

/// A certified header with the sets on both sides of it.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct TrustedHead {
    /// The way to the header; its own steps may be too few for a reader that knows the genesis alone.
    pub trust: TrustPath,
    pub header: Header,
    pub certificate: Certificate,
    /// The set that decides after the header, where it is another than before.
    pub next: Option<ValidatorSet>,
}

impl TrustedHead {
    /// The file's bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        framed(HEAD_MAGIC, self)
    }

    /// Reads a head file, at most [`RECEIPT_BYTES_MAX`] bytes long.
    ///
    /// # Errors
    /// [`ReceiptError`] for another file, another version, or damage.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ReceiptError> {
        Ok(codec::decode(after_magic(bytes, HEAD_MAGIC)?, RECEIPT_BYTES_MAX - HEAD_MAGIC.len())?)
    }

    /// Hash of the header: what the consortium prints beside the height.
    pub fn block(&self) -> Digest {
        self.header.hash(self.trust.genesis.ledger_hash)
    }

    /// The set that decides after the header. Believed only once the head has been verified.
    pub fn validators_after(&self) -> &ValidatorSet {
        self.next.as_ref().unwrap_or_else(|| self.trust.validators_in_force())
    }

    /// Checks the head from what is known. Returns the hash of its header.
    ///
    /// # Errors
    /// [`ReceiptError`] naming the first part that does not hold.
    pub fn verify(&self, anchors: &Anchors) -> Result<Digest, ReceiptError> {
        let block = self.trust.check_head(anchors, &self.header, &self.certificate, None, &NoKnownHeaders)?;
        self.check_next()?;
        match anchors.set_after(self.header.height) {
            Some(known) if known != self.validators_after() => {
                Err(ReceiptError::ValidatorsDiffer { place: "what was verified or pinned before" })
            }
            _ => Ok(block),
        }
    }

    /// Checks the head for a user who vouches for its hash, by the set that it brings along: it belongs to the pinned genesis, a quorum
    /// of that set signed it, and it names the set after it.
    ///
    /// # Errors
    /// [`ReceiptError`] naming the first part that does not hold.
    pub fn verify_vouched(&self, genesis: &Digest) -> Result<Digest, ReceiptError> {
        let mut own = Anchors::of_genesis(*genesis);
        own.know(self.trust.in_force_since(), self.trust.validators_in_force().clone());
        self.verify(&own)
    }

    fn check_next(&self) -> Result<(), ReceiptError> {
        if self.validators_after().hash(self.trust.genesis.ledger_hash) == self.header.next_validators_hash {
            return Ok(());
        }
        Err(ReceiptError::ValidatorsDiffer { place: "the header that announces it" })
    }
}

impl TrustPath {
    /// The bytes of a trust path file.
    pub fn to_bytes(&self) -> Vec<u8> {
        framed(PATH_MAGIC, self)
    }

    /// Reads a trust path file, at most [`PATH_BYTES_MAX`] bytes long.
    ///
    /// # Errors
    /// [`ReceiptError`] for another file, another version, or damage.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ReceiptError> {
        Ok(codec::decode(after_magic(bytes, PATH_MAGIC)?, PATH_BYTES_MAX - PATH_MAGIC.len())?)
    }
}

fn framed(magic: &[u8; 8], content: &impl BorshSerialize) -> Vec<u8> {
    let mut bytes = magic.to_vec();
    bytes.extend(codec::encode(content));
    bytes
}
