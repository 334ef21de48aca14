//! Transactions that other nodes send: the same checks without the trial, as one batch.

use bytes::Bytes;
use huxin_chain_spec::codes::Code;
use huxin_chain_spec::crypto::{self, BatchItem, SignedAs};
use huxin_chain_spec::execute::Signers;
use huxin_chain_spec::ids::TxId;
use huxin_chain_spec::rules::{self, BlockContext};
use huxin_chain_spec::signatures;
use huxin_chain_spec::transaction::Transaction;
use huxin_chain_spec::weight;

use super::{Door, codec_code};
use crate::mempool::{Admission, AdmissionError, Owner, PooledTransaction};
use crate::store::Store;

/// A transaction that passed, with what is still to be checked of it.
struct Examined {
    pooled: PooledTransaction,
    signature: Option<BatchItem>,
    transaction: Transaction,
}

impl Door {
    /// Decodes a transaction and checks everything but its signature.
    fn examine(
        &self,
        context: &BlockContext,
        signers: &mut Signers<'_, Store>,
        bytes: Bytes,
    ) -> Result<Examined, AdmissionError> {
        let fault = |code: Code, peer_at_fault| AdmissionError { code: code.as_str(), peer_at_fault };
        let transaction = Transaction::from_bytes(&bytes).map_err(|error| fault(codec_code(&error), true))?;
        rules::check_envelope(context, &transaction).map_err(|code| {
            let differs_by_height = matches!(code, Code::TransactionExpired | Code::TransactionExpiryTooFar);
            fault(code, !differs_by_height)
        })?;
        let id = Transaction::id_of_bytes(context.algorithm, &bytes);
        let signer = transaction.body.signer;
        let (key, province) = signers
            .key_of_province(&signer)
            .map_err(|_| fault(Code::StoreDamaged, false))?
            .ok_or_else(|| fault(Code::KeyUnknown, false))?;
        let signature = (!self.mempool.is_verified(&id, &bytes)).then(|| {
            let message = crypto::transaction_message(&id);
            BatchItem { role: SignedAs::Transaction, key, message, signature: transaction.signature }
        });
        let (operations, weight) = (transaction.body.operations.len(), weight::of_transaction(&transaction));
        let (expires_at, owner) = (transaction.body.expires_at, Owner { province, key: signer });
        let pooled = PooledTransaction { id, bytes, expires_at, operations, weight, owner };
        Ok(Examined { pooled, signature, transaction })
    }

    /// Verifies the signatures inside a transaction ahead of the block that will hold it, where a thread of trials has time for
    /// it. If none has, they are verified with the block.
    fn prepare(&self, owner: Owner, weight: u64, transaction: Transaction) {
        let has_signatures = transaction.body.operations.iter().any(|operation| operation.signatures()[0].is_some());
        if !has_signatures {
            return;
        }
        let ledger = std::sync::Arc::clone(&self.ledger);
        let work = move || {
            let chain = ledger.chain();
            let inside = signatures::inside(ledger.store(), &chain.genesis_hash, std::iter::once(&transaction));
            for signature in inside.unwrap_or_default() {
                chain.signatures.holds(&signature);
            }
        };
        let _later_then = self.trials.submit(owner.key, weight, work);
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
            results.push(self.examine(&context, &mut signers, bytes).map(|examined| {
                if let Some(item) = examined.signature {
                    items.push(item);
                    positions.push(position);
                }
                (examined.pooled, examined.transaction)
            }));
        }
        for bad in crypto::verify_batch(&items) {
            if let Some(result) = positions.get(bad).and_then(|position| results.get_mut(*position)) {
                *result = Err(AdmissionError { code: Code::SignatureInvalid.as_str(), peer_at_fault: true });
            }
        }
        let prepared = results.into_iter().map(|result| {
            result.map(|(pooled, transaction)| {
                self.prepare(pooled.owner, pooled.weight, transaction);
                pooled
            })
        });
        prepared.collect()
    }

    fn is_committed(&self, id: &TxId) -> bool {
        matches!(self.ledger.outcome(id), Ok(Some(_)))
    }
}
