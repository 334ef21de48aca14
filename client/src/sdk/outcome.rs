//! What became of a transaction, as far as anybody but one node says so.
//!
//! | outcome | proven by |
//! |---|---|
//! | committed | the receipt of its first record, or the receipt of its outcome |
//! | rejected | the receipt of its outcome: a leaf of `transactions_root` under a certified header |
//! | expired | a certified header at or above its last height, and `f + 1` nodes that say so: one of them is honest |
//!
//! Anything else is one node's word and ends with [`ClientError::OutcomeNotProven`].

use huxin_chain_spec::api::{ErrorBody, OutcomeAnswer};
use huxin_chain_spec::codes::Code;
use huxin_chain_spec::ids::{Height, TxId};
use huxin_chain_spec::receipt::{OutcomeReceipt, ReceiptError};
use huxin_chain_spec::state::StateKey;
use huxin_chain_spec::transaction::{Outcome, Transaction};

use super::client::{Client, Confirmed};
use super::node_client::{Committed, NodeClient};
use super::proof::receipt_refused;
use super::signing::SignedTransaction;
use super::thing::check_thing_receipt;
use super::trust::TrustRoot;
use crate::error::ClientError;

/// A proven outcome.
#[derive(Debug, Clone)]
pub struct ProvenOutcome {
    pub receipt: OutcomeReceipt,
    /// The node that gave the proof.
    pub node: String,
}

impl ProvenOutcome {
    /// What was committed; `None` where the transaction was rejected.
    pub fn committed(&self) -> Option<Committed> {
        let outcome = self.receipt.outcome;
        match outcome.outcome {
            Outcome::Committed { first_record, records } => {
                let height = self.receipt.header.height.0;
                Some(Committed { tx_id: outcome.tx_id, height, first_record, records })
            }
            Outcome::Rejected { .. } => None,
        }
    }

    /// Why it was rejected, in this program's own words; `None` where it was committed.
    pub fn rejection(&self) -> Option<ErrorBody> {
        match self.receipt.outcome.outcome {
            Outcome::Rejected { code, operation } => Some(error_body(code, operation)),
            Outcome::Committed { .. } => None,
        }
    }
}

fn error_body(code: Code, operation: u32) -> ErrorBody {
    ErrorBody {
        code: code.as_str().to_owned(),
        what: code.what_en().to_owned(),
        what_zh: code.what_zh().to_owned(),
        place: format!("operation {operation}"),
        next: code.next_en().to_owned(),
        next_zh: code.next_zh().to_owned(),
    }
}

/// Reads a receipt of an outcome and checks it without any node.
///
/// # Errors
/// [`ClientError::Receipt`] where it proves nothing under `trust`.
pub fn check_outcome_receipt(trust: &TrustRoot, bytes: &[u8]) -> Result<OutcomeReceipt, ClientError> {
    let receipt = OutcomeReceipt::from_bytes(bytes)?;
    receipt.verify_with(trust.hash(), trust.known_headers())?;
    Ok(receipt)
}

/// How many nodes must agree so that one of them is honest: one more than may lie.
pub fn nodes_that_prove(validators: usize) -> usize {
    validators.saturating_sub(1) / 3 + 1
}

impl Client {
    /// What became of a transaction by the first node that proves it; `None` where none does, with what went wrong.
    pub async fn proven_outcome(&self, tx_id: &TxId) -> (Option<ProvenOutcome>, Vec<String>) {
        let mut warnings = Vec::new();
        for node in self.nodes().each() {
            match self.outcome_at(&node, tx_id).await {
                Ok(proven) => return (Some(proven), warnings),
                // That a node has none yet is no fault.
                Err(ClientError::Refused { status: 404, .. }) => {}
                Err(error) => warnings.push(error.to_string()),
            }
        }
        (None, warnings)
    }

    async fn outcome_at(&self, node: &NodeClient, tx_id: &TxId) -> Result<ProvenOutcome, ClientError> {
        let address = node.connection().first_node();
        let bytes = node.outcome_receipt(tx_id).await?;
        let receipt = check_outcome_receipt(self.trust(), &bytes).map_err(|error| match error {
            ClientError::Receipt(error) => receipt_refused(&address, error),
            other => other,
        })?;
        if receipt.outcome.tx_id != *tx_id {
            let reason = format!("the receipt is about transaction {}", receipt.outcome.tx_id);
            return Err(ClientError::ProofMismatch { node: address, reason });
        }
        self.nodes().connection().saw_height(receipt.header.height.0);
        Ok(ProvenOutcome { receipt, node: address })
    }

    /// Turns what a node says became of a transaction into what is proven.
    pub(super) async fn settle(
        &self,
        transaction: &SignedTransaction,
        node: String,
        said: OutcomeAnswer,
    ) -> Result<Confirmed, ClientError> {
        if let Some(committed) = said_committed(transaction, &said) {
            match self.confirm(transaction, committed).await {
                Ok(confirmed) => return Ok(confirmed),
                Err(error @ ClientError::Receipt(ReceiptError::WrongTrustRoot { .. })) => return Err(error),
                // It lies, or the receipt was asked of a node that is behind: the outcome's own receipt decides.
                Err(_) => {}
            }
        }
        let (proven, warnings) = self.proven_outcome(&transaction.tx_id).await;
        if let Some(proven) = proven {
            if let Some(committed) = proven.committed() {
                return self.confirm(transaction, committed).await;
            }
            let (tx_id, height) = (transaction.tx_id.to_string(), proven.receipt.header.height.0);
            let body = Box::new(proven.rejection().unwrap_or_else(|| error_body(Code::TransactionDuplicate, 0)));
            return Err(ClientError::Rejected { tx_id, height, body });
        }
        let tx_id = transaction.tx_id.to_string();
        let mut reason = match said.outcome.as_str() {
            "expired" => match self.expired(transaction).await {
                Ok(()) => return Err(ClientError::Expired { tx_id }),
                Err(reason) => reason,
            },
            _ => "no node gives a receipt of the outcome".to_owned(),
        };
        for warning in warnings {
            reason = format!("{reason}; {warning}");
        }
        Err(ClientError::OutcomeNotProven { node, tx_id, outcome: said.outcome, reason })
    }

    /// Whether enough nodes say that a transaction expired, and a certified header shows that its last height is past.
    async fn expired(&self, transaction: &SignedTransaction) -> Result<(), String> {
        let sent = Transaction::from_bytes(&transaction.bytes).map_err(|error| error.to_string())?;
        self.expired_at(&transaction.tx_id, sent.body.expires_at).await
    }

    /// Whether a transaction that could be committed up to `expires_at` has expired.
    ///
    /// # Errors
    /// What is missing for that to be proven.
    pub async fn expired_at(&self, tx_id: &TxId, expires_at: Height) -> Result<(), String> {
        let (mut agreeing, mut height, mut validators) = (0, 0, self.genesis().validators().validators().len());
        for node in self.nodes().each() {
            if matches!(node.outcome(tx_id, Some(expires_at), 0).await, Ok((_, said)) if said.outcome == "expired") {
                agreeing += 1;
            }
            let Ok(bytes) = node.thing_receipt(&StateKey::Validators, None).await else { continue };
            let Ok(receipt) = check_thing_receipt(self.trust(), &bytes) else { continue };
            if receipt.header.height.0 >= height {
                height = receipt.header.height.0;
                validators = receipt.trust.validators_in_force().validators().len();
            }
        }
        self.nodes().connection().saw_height(height);
        let needed = nodes_that_prove(validators);
        if height < expires_at.0 {
            return Err(format!(
                "no certified header at or above its last height {expires_at} was shown, the highest is {height}"
            ));
        }
        if agreeing < needed {
            return Err(format!("{agreeing} nodes say so, and {needed} are needed of {validators} validators"));
        }
        Ok(())
    }
}

/// What a node says was committed, where it says all of it.
fn said_committed(transaction: &SignedTransaction, said: &OutcomeAnswer) -> Option<Committed> {
    match (said.outcome.as_str(), said.height, said.first_record, said.records) {
        ("committed", Some(height), Some(first), Some(records)) => {
            let first_record = huxin_chain_spec::ids::RecordIndex(first);
            Some(Committed { tx_id: transaction.tx_id, height, first_record, records })
        }
        _ => None,
    }
}
