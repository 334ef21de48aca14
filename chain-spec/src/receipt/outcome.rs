//! Receipts of outcomes: what became of a transaction that stands in a block, a rejection included.
//!
//! ```text
//! file = "HUXINRO2" | borsh(OutcomeReceipt)
//! ```
//!
//! A header does not say how many outcomes its tree has, so `position` and `count` only say on which side the path goes:
//! they are not proven. That the outcome stands in the tree is, since a leaf is hashed otherwise than a node (RFC 6962), and a
//! transaction stands in one block only.

use borsh::{BorshDeserialize, BorshSerialize};

use super::version::after_magic;
use super::{Anchors, KnownHeaders, NoKnownHeaders, RECEIPT_BYTES_MAX, ReceiptError, TrustPath};
use crate::block::Header;
use crate::certificate::Certificate;
use crate::codec;
use crate::crypto::Digest;
use crate::log;
use crate::transaction::TransactionOutcome;

/// First bytes of a receipt of an outcome.
pub const OUTCOME_RECEIPT_MAGIC: &[u8; 8] = b"HUXINRO2";

/// Proves what became of one transaction.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct OutcomeReceipt {
    pub trust: TrustPath,
    /// Of the block that holds the transaction.
    pub header: Header,
    pub certificate: Certificate,
    /// Place among the block's outcomes, from 0.
    pub position: u64,
    /// How many outcomes the block has.
    pub count: u64,
    pub outcome: TransactionOutcome,
    /// Siblings from the leaf upwards.
    pub path: Vec<Digest>,
}

impl OutcomeReceipt {
    /// The file's bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = OUTCOME_RECEIPT_MAGIC.to_vec();
        bytes.extend(codec::encode(self));
        bytes
    }

    /// Reads a receipt file, at most [`RECEIPT_BYTES_MAX`] bytes long.
    ///
    /// # Errors
    /// [`ReceiptError`] for another file, another version, or damage.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ReceiptError> {
        let body = after_magic(bytes, OUTCOME_RECEIPT_MAGIC)?;
        Ok(codec::decode(body, RECEIPT_BYTES_MAX - OUTCOME_RECEIPT_MAGIC.len())?)
    }

    /// Checks everything against the pinned genesis hash alone; returns the hash of the header.
    ///
    /// # Errors
    /// [`ReceiptError`] naming the first part that does not hold.
    pub fn verify(&self, genesis_hash: &Digest) -> Result<Digest, ReceiptError> {
        self.verify_with(&Anchors::of_genesis(*genesis_hash), &NoKnownHeaders)
    }

    /// [`OutcomeReceipt::verify`] against what is known of the chain; skips certificates of headers in `known`.
    ///
    /// # Errors
    /// As [`OutcomeReceipt::verify`].
    pub fn verify_with(&self, anchors: &Anchors, known: &dyn KnownHeaders) -> Result<Digest, ReceiptError> {
        let block = self.trust.check_head(anchors, &self.header, &self.certificate, None, known)?;
        let algorithm = self.trust.genesis.ledger_hash;
        let leaf = log::leaf_hash(algorithm, &codec::encode(&self.outcome));
        let root = &self.header.transactions_root;
        log::verify_inclusion(algorithm, &leaf, self.position, self.count, &self.path, root)
            .map_err(|error| ReceiptError::Outcome(error.to_string()))?;
        Ok(block)
    }
}
