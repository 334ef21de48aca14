//! The door: admission checks that a transaction must pass before any node holds it.
//!
//! Bytes, envelope, signer, signature, and a trial run against the current state. What fails here is refused at once
//! and is not stored. Signatures are checked in batches: those that arrive while one batch is checked form the next.

mod signatures;

use std::sync::Arc;

use bytes::Bytes;
use huxin_chain_spec::codec::CodecError;
use huxin_chain_spec::codes::Code;
use huxin_chain_spec::crypto::{self, BatchItem, PublicKey, SignedAs};
use huxin_chain_spec::execute::{Signers, Tip};
use huxin_chain_spec::ids::{RecordIndex, TimeMs, TxId};
use huxin_chain_spec::rules::{self, BlockContext};
use huxin_chain_spec::transaction::{Outcome, Transaction};

use crate::clock::Clock;
use crate::ledger::Ledger;
use crate::mempool::{Admission, AdmissionError, Inserted, Mempool, PoolError, PooledTransaction};

pub use signatures::SignatureChecks;

/// A trial run of more operations than this moves to a blocking thread.
const INLINE_OPERATIONS_MAX: usize = 16;

/// Why a transaction was not admitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub code: Code,
    /// The part it is about: `transaction`, `signature`, `operation 3`.
    pub place: String,
    /// For a full mempool: when to try again.
    pub retry_after_ms: Option<u64>,
}

impl Refusal {
    fn new(code: Code, place: impl Into<String>) -> Self {
        Self { code, place: place.into(), retry_after_ms: None }
    }
}

/// A transaction that is in the mempool, or was admitted before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Admitted {
    pub tx_id: TxId,
}

/// The door of one node.
pub struct Door {
    ledger: Arc<Ledger>,
    mempool: Mempool,
    clock: Clock,
    signatures: SignatureChecks,
}

impl Door {
    /// A door to `mempool`; starts the task that checks signatures on the current tokio runtime.
    pub fn new(ledger: Arc<Ledger>, mempool: Mempool, clock: Clock) -> Self {
        Self { ledger, mempool, clock, signatures: SignatureChecks::start() }
    }

    /// Checks canonical transaction bytes and puts them into the mempool. A known transaction is admitted again, without checks.
    ///
    /// Cheap checks come first: the signature is verified only for a known signer on this chain, and the trial run, which reads
    /// state, only after the signature.
    pub async fn admit(self: &Arc<Self>, bytes: Bytes) -> Result<Admitted, Refusal> {
        let transaction =
            Transaction::from_bytes(&bytes).map_err(|error| Refusal::new(codec_code(&error), "transaction"))?;
        let tx_id = Transaction::id_of_bytes(self.ledger.algorithm(), &bytes);
        if self.is_known(&tx_id)? {
            return Ok(Admitted { tx_id });
        }
        match self.admit_new(&bytes, tx_id, transaction).await {
            // A block may have taken it since, and then its own effect is what refuses it: sent again, it is admitted again.
            Err(refusal) if !self.is_known(&tx_id)? => Err(refusal),
            _ => Ok(Admitted { tx_id }),
        }
    }

    async fn admit_new(
        self: &Arc<Self>,
        bytes: &Bytes,
        tx_id: TxId,
        transaction: Transaction,
    ) -> Result<Inserted, Refusal> {
        let tip = self.ledger.chain_tip();
        let context = self.context(&tip);
        rules::check_envelope(&context, &transaction).map_err(|code| Refusal::new(code, "transaction"))?;
        let key = self.signer(&transaction)?;
        let message = crypto::transaction_message(&tx_id);
        if !self
            .signatures
            .check(BatchItem { role: SignedAs::Transaction, key, message, signature: transaction.signature })
            .await
        {
            return Err(Refusal::new(Code::SignatureInvalid, "signature"));
        }
        let operations = transaction.body.operations.len();
        let expires_at = transaction.body.expires_at;
        if operations <= INLINE_OPERATIONS_MAX {
            self.trial(&tip, &context, tx_id, &transaction)?;
        } else {
            let door = Arc::clone(self);
            let trial = tokio::task::spawn_blocking(move || door.trial(&tip, &context, tx_id, &transaction));
            trial.await.map_err(|_| Refusal::new(Code::ApiNotReady, "trial run"))??;
        }
        // Only the canonical bytes count, and they must own their buffer.
        let bytes = Bytes::copy_from_slice(bytes);
        self.insert(PooledTransaction { id: tx_id, bytes, expires_at, operations })
    }

    fn is_known(&self, tx_id: &TxId) -> Result<bool, Refusal> {
        if self.mempool.contains(tx_id) {
            return Ok(true);
        }
        let outcome = self.ledger.outcome(tx_id).map_err(|error| {
            tracing::error!(%error, "could not read the store; the transaction is refused");
            Refusal::new(Code::StoreDamaged, "store")
        })?;
        Ok(outcome.is_some())
    }

    fn context(&self, tip: &Tip) -> BlockContext {
        self.ledger.chain().block_after(tip.height, TimeMs(self.clock.now().0.max(tip.time_ms.0 + 1)))
    }

    fn signer(&self, transaction: &Transaction) -> Result<PublicKey, Refusal> {
        Signers::new(self.ledger.store())
            .key(&transaction.body.signer)
            .map_err(|error| {
                tracing::error!(%error, "could not read the store; the transaction is refused");
                Refusal::new(Code::StoreDamaged, "store")
            })?
            .ok_or_else(|| Refusal::new(Code::KeyUnknown, "signer"))
    }

    /// Applies the transaction to the current state and discards the result.
    fn trial(&self, tip: &Tip, context: &BlockContext, tx_id: TxId, transaction: &Transaction) -> Result<(), Refusal> {
        let first_record = RecordIndex(tip.frontier.size());
        let changes =
            rules::apply(self.ledger.store(), context, first_record, &[(tx_id, transaction)]).map_err(|error| {
                tracing::error!(%error, "could not read the store; the transaction is refused");
                Refusal::new(Code::StoreDamaged, "store")
            })?;
        match changes.outcomes.first().map(|entry| entry.outcome) {
            Some(Outcome::Rejected { code, operation }) => Err(Refusal::new(code, format!("operation {operation}"))),
            _ => Ok(()),
        }
    }

    fn insert(&self, transaction: PooledTransaction) -> Result<Inserted, Refusal> {
        self.mempool.insert_local(transaction).map_err(|error| match error {
            PoolError::Full { retry_after_ms } => {
                Refusal { code: Code::MempoolFull, place: "mempool".to_owned(), retry_after_ms: Some(retry_after_ms) }
            }
            PoolError::Expired { .. } => Refusal::new(Code::TransactionExpired, "transaction"),
            PoolError::TooLarge { .. } => Refusal::new(Code::EncodingTooLarge, "transaction"),
        })
    }

    /// Decodes a transaction from a peer and checks everything but its signature, which is put into `batch`.
    fn examine(
        &self,
        context: &BlockContext,
        signers: &mut Signers<'_, crate::store::Store>,
        bytes: Bytes,
    ) -> Result<(PooledTransaction, Option<BatchItem>), AdmissionError> {
        let fault = |code: Code, peer_at_fault| AdmissionError { code: code.as_str(), peer_at_fault };
        let transaction = Transaction::from_bytes(&bytes).map_err(|error| fault(codec_code(&error), true))?;
        rules::check_envelope(context, &transaction).map_err(|code| {
            let differs_by_height = matches!(code, Code::TransactionExpired | Code::TransactionExpiryTooFar);
            fault(code, !differs_by_height)
        })?;
        let id = Transaction::id_of_bytes(context.algorithm, &bytes);
        let item = if self.mempool.is_verified(&id, &bytes) {
            None
        } else {
            let key = signers
                .key(&transaction.body.signer)
                .map_err(|_| fault(Code::StoreDamaged, false))?
                .ok_or_else(|| fault(Code::KeyUnknown, false))?;
            let message = crypto::transaction_message(&id);
            Some(BatchItem { role: SignedAs::Transaction, key, message, signature: transaction.signature })
        };
        let operations = transaction.body.operations.len();
        let pooled = PooledTransaction { id, bytes, expires_at: transaction.body.expires_at, operations };
        Ok((pooled, item))
    }
}

impl Admission for Door {
    fn admit_batch(&self, batch: Vec<Bytes>) -> Vec<Result<PooledTransaction, AdmissionError>> {
        let tip = self.ledger.chain_tip();
        let context = self.context(&tip);
        let mut signers = Signers::new(self.ledger.store());
        let mut items = Vec::with_capacity(batch.len());
        let mut positions = Vec::with_capacity(batch.len());
        let mut results = Vec::with_capacity(batch.len());
        for (position, bytes) in batch.into_iter().enumerate() {
            results.push(self.examine(&context, &mut signers, bytes).map(|(pooled, item)| {
                if let Some(item) = item {
                    items.push(item);
                    positions.push(position);
                }
                pooled
            }));
        }
        for bad in crypto::verify_batch(&items) {
            if let Some(result) = positions.get(bad).and_then(|position| results.get_mut(*position)) {
                *result = Err(AdmissionError { code: Code::SignatureInvalid.as_str(), peer_at_fault: true });
            }
        }
        results
    }

    fn is_committed(&self, id: &TxId) -> bool {
        matches!(self.ledger.outcome(id), Ok(Some(_)))
    }
}

fn codec_code(error: &CodecError) -> Code {
    match error {
        CodecError::TooLong { .. } => Code::EncodingTooLarge,
        CodecError::NotCanonical { .. } => Code::EncodingNotCanonical,
        CodecError::Malformed { reason, .. } if reason.contains("Not all bytes read") => Code::EncodingTrailingBytes,
        _ => Code::EncodingMalformed,
    }
}
