//! Transactions: one signature over one to 4,096 operations, applied all or none.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

use crate::codec::{self, CodecError};
use crate::codes::Code;
use crate::crypto::{Digest, DigestAlgorithm, KeyId, PublicKey, Signature, SignedAs, Signer, tags};
use crate::ids::{Height, RecordIndex, TxId};
use crate::record::Operation;

/// Most operations in one transaction.
pub const OPERATIONS_MAX: usize = 4096;
/// Longest encoded transaction, in bytes.
pub const TRANSACTION_BYTES_MAX: usize = 2 * 1024 * 1024;
/// How far ahead of the current height a transaction may expire, in heights.
pub const EXPIRY_WINDOW_MAX: u64 = 100_000;

/// What is signed.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct UnsignedTransaction {
    /// Trust root of the chain it is for: a transaction for one chain is never valid on another of the same name.
    pub genesis: Digest,
    /// Key that signs; must be registered on the ledger.
    pub signer: KeyId,
    /// 1 to [`OPERATIONS_MAX`] operations, applied in order, all or none.
    pub operations: Vec<Operation>,
    /// Last height at which the transaction may be committed.
    pub expires_at: Height,
    /// Chosen by the submitter; makes two otherwise equal transactions different.
    pub idempotency_key: [u8; 16],
}

/// A signed transaction.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Transaction {
    pub body: UnsignedTransaction,
    pub signature: Signature,
}

impl UnsignedTransaction {
    /// The identifier: the tagged digest of the bytes that are signed.
    pub fn id(&self, algorithm: DigestAlgorithm) -> TxId {
        TxId(algorithm.tagged(tags::TRANSACTION_ID, &[&codec::encode(self)]))
    }

    /// Signs with `signer`, whose key must be the one named in `signer`.
    pub fn sign(self, algorithm: DigestAlgorithm, signer: &dyn Signer) -> Transaction {
        let signature = signer.sign_transaction(&self.id(algorithm));
        Transaction { body: self, signature }
    }
}

impl Transaction {
    /// The canonical bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        codec::encode(self)
    }

    /// Reads canonical bytes, at most [`TRANSACTION_BYTES_MAX`] of them.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CodecError> {
        codec::decode(bytes, TRANSACTION_BYTES_MAX)
    }

    /// The identifier of canonical transaction bytes: everything but the 65 signature bytes at their end.
    pub fn id_of_bytes(algorithm: DigestAlgorithm, bytes: &[u8]) -> TxId {
        let signed = &bytes[..bytes.len().saturating_sub(SIGNATURE_BYTES)];
        TxId(algorithm.tagged(tags::TRANSACTION_ID, &[signed]))
    }

    /// Whether the signature verifies under `key` (which must be the one `signer` names).
    pub fn verify(&self, algorithm: DigestAlgorithm, key: &PublicKey) -> bool {
        let message = crate::crypto::transaction_message(&self.body.id(algorithm));
        key.id() == self.body.signer && crate::crypto::verify(SignedAs::Transaction, key, &message, &self.signature)
    }
}

/// Encoded length of a [`Signature`]: scheme byte and 64 bytes.
pub(crate) const SIGNATURE_BYTES: usize = 65;

/// Outcome of a transaction in a block. Final, and the same on every node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// All operations became records, numbered from `first_record`.
    Committed { first_record: RecordIndex, records: u32 },
    /// Nothing changed. `operation` is the position of the operation that was refused.
    Rejected { code: Code, operation: u32 },
}

/// Leaf of the transactions tree: proves what became of a transaction, rejection included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct TransactionOutcome {
    pub tx_id: TxId,
    pub outcome: Outcome,
}

/// Merkle root (RFC 6962) over the outcomes of a block, in block order.
pub fn transactions_root(algorithm: DigestAlgorithm, outcomes: &[TransactionOutcome]) -> Digest {
    let leaves: Vec<Digest> =
        outcomes.iter().map(|outcome| crate::log::leaf_hash(algorithm, &codec::encode(outcome))).collect();
    crate::log::merkle_root(algorithm, &leaves)
}

/// The outcome at `position` of a block with its siblings from the leaf upwards; `None` past the last.
pub fn outcome_path(
    algorithm: DigestAlgorithm,
    outcomes: &[TransactionOutcome],
    position: u64,
) -> Option<(TransactionOutcome, Vec<Digest>)> {
    let place = usize::try_from(position).ok()?;
    let outcome = *outcomes.get(place)?;
    let leaves: Vec<Digest> =
        outcomes.iter().map(|outcome| crate::log::leaf_hash(algorithm, &codec::encode(outcome))).collect();
    Some((outcome, crate::log::merkle_path(algorithm, &leaves, place)?))
}
