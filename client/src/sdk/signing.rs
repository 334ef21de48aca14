//! Building and signing transactions.

use huxin_chain_spec::crypto::{Digest, DigestAlgorithm, Signer as _, SigningKey};
use huxin_chain_spec::execute::Chain;
use huxin_chain_spec::genesis::Genesis;
use huxin_chain_spec::ids::{Height, TxId};
use huxin_chain_spec::record::Operation;
use huxin_chain_spec::transaction::{
    EXPIRY_WINDOW_MAX, Mode, OPERATIONS_MAX, TRANSACTION_BYTES_MAX, Transaction, UnsignedTransaction,
};
use rand::TryRng as _;

use crate::error::ClientError;
use crate::say;

/// How many blocks a transaction may wait, unless told otherwise. Idle blocks are ten seconds apart, busy ones a
/// fraction of a second: long enough for a retry after an outage of minutes.
pub const EXPIRY_WINDOW_DEFAULT: u64 = 2_000;

/// Licences that are named where the outcome of their transaction is not known.
const LICENCES_NAMED_MAX: usize = 3;

/// A transaction ready to be sent, as exact bytes: sending these again can never record anything twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedTransaction {
    pub tx_id: TxId,
    pub bytes: Vec<u8>,
    pub operations: usize,
}

impl SignedTransaction {
    /// That its outcome is not known after a wait of `waited_ms`, with what it takes to ask again later: its last height, and the references
    /// of the first licences that it would bring into being.
    pub(super) fn pending(&self, waited_ms: u64) -> ClientError {
        let sent = Transaction::from_bytes(&self.bytes).ok();
        let operations = sent.iter().flat_map(|sent| &sent.body.operations);
        let licences = operations.filter_map(|operation| Some(operation.new_licence()?.licence.to_string()));
        ClientError::Pending {
            tx_id: self.tx_id.to_string(),
            waited_ms,
            expires_at: sent.as_ref().map_or(0, |sent| sent.body.expires_at.0),
            licences: licences.take(LICENCES_NAMED_MAX).collect(),
        }
    }
}

/// Signs transactions of one chain with one key.
#[derive(Clone)]
pub struct TransactionSigner {
    genesis: Digest,
    algorithm: DigestAlgorithm,
    key: SigningKey,
}

impl TransactionSigner {
    /// Signs for the chain that `genesis` founds.
    pub fn new(genesis: &Genesis, key: SigningKey) -> Self {
        let chain = Chain::new(genesis);
        Self { algorithm: chain.algorithm(), genesis: chain.genesis_hash, key }
    }

    /// The ledger's hash.
    pub fn algorithm(&self) -> DigestAlgorithm {
        self.algorithm
    }

    /// The signing key.
    pub fn key(&self) -> &SigningKey {
        &self.key
    }

    /// Signs `operations`, applied all or none, with a fresh idempotency key. Fails on more than [`OPERATIONS_MAX`]
    /// operations or [`TRANSACTION_BYTES_MAX`] bytes.
    pub fn sign(
        &self,
        operations: Vec<Operation>,
        height: Height,
        window: u64,
    ) -> Result<SignedTransaction, ClientError> {
        self.sign_in(Mode::All, operations, height, window)
    }

    /// As [`TransactionSigner::sign`], in either mode.
    pub fn sign_in(
        &self,
        mode: Mode,
        operations: Vec<Operation>,
        height: Height,
        window: u64,
    ) -> Result<SignedTransaction, ClientError> {
        let count = operations.len();
        if count == 0 || count > OPERATIONS_MAX {
            let said = say!(
                "{count} operations; a transaction takes 1 to {OPERATIONS_MAX}",
                "有 {count} 项操作；一笔交易可含 1 至 {OPERATIONS_MAX} 项"
            );
            return Err(ClientError::at("operations", said));
        }
        let unsigned = UnsignedTransaction {
            genesis: self.genesis,
            signer: self.key.public_key().id(),
            mode,
            operations,
            // One block below the limit: the node may have moved on by one when the transaction arrives.
            expires_at: Height(height.0.saturating_add(window.clamp(1, EXPIRY_WINDOW_MAX - 1))),
            idempotency_key: random_bytes()?,
        };
        // Encoded and hashed once: for a batch of a thousand licences that is most of the work.
        let tx_id = unsigned.id(self.algorithm);
        let signature = self.key.sign_transaction(&tx_id);
        let bytes = Transaction { body: unsigned, signature }.to_bytes();
        if bytes.len() > TRANSACTION_BYTES_MAX {
            let length = bytes.len();
            let said = say!(
                "{length} bytes, more than {TRANSACTION_BYTES_MAX}; use fewer operations",
                "有 {length} 字节，超过上限 {TRANSACTION_BYTES_MAX}；请减少操作数"
            );
            return Err(ClientError::at("transaction", said));
        }
        Ok(SignedTransaction { tx_id, bytes, operations: count })
    }
}

/// Random bytes from the operating system.
pub fn random_bytes<const N: usize>() -> Result<[u8; N], ClientError> {
    let mut bytes = [0; N];
    rand::rngs::SysRng.try_fill_bytes(&mut bytes).map_err(|error| ClientError::Local {
        what: "the operating system gave no randomness",
        reason: error.to_string(),
    })?;
    Ok(bytes)
}
