//! Transactions: one signature over one to 4,096 operations, applied all or none, or each by itself.

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

/// What one refused operation does to the others of its transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// All operations become records, or none does.
    All,
    /// Every operation has its own outcome, as if it were a transaction of its own: a refused one changes nothing, and the
    /// next one is tried.
    Each,
}

/// What is signed.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct UnsignedTransaction {
    /// Trust root of the chain it is for: a transaction for one chain is never valid on another of the same name.
    pub genesis: Digest,
    /// Key that signs; must be registered on the ledger.
    pub signer: KeyId,
    /// Whether one refused operation refuses them all.
    pub mode: Mode,
    /// 1 to [`OPERATIONS_MAX`] operations, applied in order.
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
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// All operations became records, numbered from `first_record`.
    Committed { first_record: RecordIndex, records: u32 },
    /// Nothing changed. `operation` is the position of the operation that was refused.
    Rejected { code: Code, operation: u32 },
    /// Of a transaction in [`Mode::Each`], and of no other.
    Each(EachOutcome),
}

/// What became of each operation of a transaction in [`Mode::Each`].
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct EachOutcome {
    /// Index of the first record; of the next one to come where `records` is 0.
    pub first_record: RecordIndex,
    /// Operations that became records, without gaps from `first_record`, in the order of the operations.
    pub records: u32,
    /// The others, by position.
    pub refused: Vec<Refusal>,
}

/// An operation that changed nothing, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Refusal {
    /// Position in the transaction, from 0.
    pub operation: u32,
    pub code: Code,
}

impl EachOutcome {
    /// The record that the operation at `position` became, or the code that it was refused with; `None` past the last one.
    pub fn of(&self, position: u32) -> Option<Result<RecordIndex, Code>> {
        let operations = u64::from(self.records) + self.refused.len() as u64;
        if u64::from(position) >= operations {
            return None;
        }
        Some(match self.refused.binary_search_by_key(&position, |refusal| refusal.operation) {
            Ok(found) => Err(self.refused[found].code),
            Err(refused_before) => {
                Ok(self.first_record.plus(u64::from(position).saturating_sub(refused_before as u64)))
            }
        })
    }

    /// The code that every operation was refused with, if it is the same for all.
    pub fn refused_alike(&self) -> Option<Code> {
        let code = self.refused.first()?.code;
        (self.records == 0 && self.refused.iter().all(|refusal| refusal.code == code)).then_some(code)
    }
}

/// Leaf of the transactions tree: proves what became of a transaction, refusals included.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
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
    let outcome = outcomes.get(place)?.clone();
    let leaves: Vec<Digest> =
        outcomes.iter().map(|outcome| crate::log::leaf_hash(algorithm, &codec::encode(outcome))).collect();
    Some((outcome, crate::log::merkle_path(algorithm, &leaves, place)?))
}
