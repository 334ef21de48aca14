//! What became of a transaction, as far as anybody but one node says so.
//!
//! | outcome | proven by |
//! |---|---|
//! | committed | the receipt of its first record, or the receipt of its outcome |
//! | rejected | the receipt of its outcome: a leaf of `transactions_root` under a certified header |
//! | expired | a certified header at or above its last height, and nodes with more than `f` voting power that say so: one is honest |
//!
//! Anything else is one node's word and ends with [`ClientError::OutcomeNotProven`].

use huxin_chain_spec::api::{ErrorBody, OutcomeAnswer};
use huxin_chain_spec::certificate::ValidatorSet;
use huxin_chain_spec::codes::Code;
use huxin_chain_spec::ids::{Height, TxId};
use huxin_chain_spec::receipt::{OutcomeReceipt, ReceiptError};
use huxin_chain_spec::transaction::{EachOutcome, Outcome, Transaction};

use super::client::{Client, Confirmed};
use super::node_client::{Committed, NodeClient};
use super::proof::receipt_refused;
use super::signing::SignedTransaction;
use super::trust::TrustRoot;
use crate::error::ClientError;
use crate::say;

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
        let outcome = &self.receipt.outcome;
        match outcome.outcome {
            Outcome::Committed { first_record, records } => {
                let height = self.receipt.header.height.0;
                Some(Committed { tx_id: outcome.tx_id, height, first_record, records })
            }
            Outcome::Rejected { .. } | Outcome::Each(_) => None,
        }
    }

    /// What became of each operation, where each has its own outcome.
    pub fn each(&self) -> Option<ProvenEach> {
        match &self.receipt.outcome.outcome {
            Outcome::Each(outcome) => Some(ProvenEach {
                tx_id: self.receipt.outcome.tx_id,
                height: self.receipt.header.height.0,
                outcome: outcome.clone(),
            }),
            Outcome::Committed { .. } | Outcome::Rejected { .. } => None,
        }
    }

    /// Why it was rejected, in this program's own words; where each operation has its own outcome, why the first refused one was. `None`
    /// where all were recorded.
    pub fn rejection(&self) -> Option<ErrorBody> {
        match &self.receipt.outcome.outcome {
            Outcome::Rejected { code, operation } => Some(error_body(*code, *operation)),
            Outcome::Each(each) => each.refused.first().map(|first| error_body(first.code, first.operation)),
            Outcome::Committed { .. } => None,
        }
    }
}

/// What became of each operation of a transaction, proven by the receipt of its outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProvenEach {
    pub tx_id: TxId,
    pub height: u64,
    pub outcome: EachOutcome,
}

/// How a submission ended, with proof.
#[derive(Debug, Clone)]
pub enum Submitted {
    /// All its operations were recorded together.
    All(Box<Confirmed>),
    /// Each operation by itself.
    Each(ProvenEach),
}

impl Submitted {
    /// Where all operations stand or fall together.
    ///
    /// # Errors
    /// [`ClientError::ProofMismatch`] where the proof is of a transaction of the other mode.
    pub(super) fn all(self) -> Result<Confirmed, ClientError> {
        match self {
            Self::All(confirmed) => Ok(*confirmed),
            Self::Each(each) => Err(of_other_mode(&each.tx_id)),
        }
    }

    /// Where each operation has its own outcome.
    ///
    /// # Errors
    /// [`ClientError::ProofMismatch`] where the proof is of a transaction of the other mode.
    pub fn each(self) -> Result<ProvenEach, ClientError> {
        match self {
            Self::Each(each) => Ok(each),
            Self::All(confirmed) => Err(of_other_mode(&confirmed.committed.tx_id)),
        }
    }
}

fn of_other_mode(tx_id: &TxId) -> ClientError {
    let said = say!(
        "transaction {tx_id} was signed in the other mode: all or none, or each operation by itself",
        "交易 {tx_id} 是按另一种方式签名的：要么全部生效，要么逐项处理"
    );
    ClientError::at("transaction", said)
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
    trust.check_outcome(&receipt)?;
    Ok(receipt)
}

/// How many nodes must agree so that one of them is honest: the fewest whose voting power is more than may lie, whichever they are. Where
/// all validators have the same power that is one more than may lie.
pub fn nodes_that_prove(validators: &ValidatorSet) -> usize {
    let may_lie = validators.total_power().saturating_sub(1) / 3;
    let mut powers: Vec<u64> = validators.validators().iter().map(|validator| validator.power).collect();
    powers.sort_unstable();
    let (mut nodes, mut power) = (0, 0u64);
    for weakest in powers {
        (nodes, power) = (nodes + 1, power.saturating_add(weakest));
        if power > may_lie {
            break;
        }
    }
    nodes.max(1)
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
                Err(error) => warnings.push(error.in_both()),
            }
        }
        (None, warnings)
    }

    async fn outcome_at(&self, node: &NodeClient, tx_id: &TxId) -> Result<ProvenOutcome, ClientError> {
        let address = node.connection().first_node();
        let bytes = node.outcome_receipt(tx_id).await?;
        let checked = self.led(node, || check_outcome_receipt(self.trust(), &bytes)).await;
        let receipt = checked.map_err(|error| match error {
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
    ) -> Result<Submitted, ClientError> {
        if let Some(committed) = said_committed(transaction, &said) {
            match self.confirm(transaction, committed).await {
                Ok(confirmed) => return Ok(Submitted::All(Box::new(confirmed))),
                Err(error @ ClientError::Receipt(ReceiptError::WrongTrustRoot { .. }))
                    if self.nodes().connection().node_count() == 1 =>
                {
                    return Err(error);
                }
                // It lies, or no node has the receipt yet: the outcome's own receipt decides.
                Err(_) => {}
            }
        }
        let (proven, warnings) = self.proven_outcome(&transaction.tx_id).await;
        if let Some(proven) = proven {
            return self.conclude(transaction, &proven).await;
        }
        let tx_id = transaction.tx_id.to_string();
        let mut reason = match said.outcome.as_str() {
            "expired" => match self.expired(transaction).await {
                Ok(()) => return Err(ClientError::Expired { tx_id }),
                Err(reason) => reason,
            },
            _ => "没有节点给出处理结果的回执 no node gives a receipt of the outcome".to_owned(),
        };
        for warning in warnings {
            reason = format!("{reason}; {warning}");
        }
        Err(ClientError::OutcomeNotProven { node, tx_id, outcome: said.outcome, reason })
    }

    /// What a proven outcome means for who submitted the transaction.
    pub(super) async fn conclude(
        &self,
        transaction: &SignedTransaction,
        proven: &ProvenOutcome,
    ) -> Result<Submitted, ClientError> {
        let height = proven.receipt.header.height.0;
        if let Some(each) = proven.each() {
            return Ok(Submitted::Each(each));
        }
        if let Some(committed) = proven.committed() {
            let confirmed = self.confirm(transaction, committed).await;
            return confirmed.map(|confirmed| Submitted::All(Box::new(confirmed))).map_err(|error| ClientError::BadAnswer {
                node: proven.node.clone(),
                reason: format!(
                    "已证明交易 {0} 于高度 {height} 登记，但没有节点给出可核验的第 {1} 号记录的回执 transaction {0} is proven to be committed \
                     at height {height}, but no node gives a receipt of record {1} that holds: {error}",
                    transaction.tx_id, committed.first_record
                ),
            });
        }
        let tx_id = transaction.tx_id.to_string();
        let body = Box::new(proven.rejection().unwrap_or_else(|| error_body(Code::TransactionDuplicate, 0)));
        Err(ClientError::Rejected { tx_id, height, body })
    }

    /// Whether enough nodes say that a transaction expired, and a certified header shows that its last height is past.
    pub(super) async fn expired(&self, transaction: &SignedTransaction) -> Result<(), String> {
        let sent = Transaction::from_bytes(&transaction.bytes).map_err(|error| error.to_string())?;
        self.expired_at(&transaction.tx_id, sent.body.expires_at).await
    }

    /// Whether a transaction that could be committed up to `expires_at` has expired.
    ///
    /// # Errors
    /// What is missing for that to be proven.
    pub async fn expired_at(&self, tx_id: &TxId, expires_at: Height) -> Result<(), String> {
        let mut agreeing = 0;
        for node in self.nodes().each() {
            if matches!(node.outcome(tx_id, Some(expires_at), 0).await, Ok((_, said)) if said.outcome == "expired") {
                agreeing += 1;
            }
        }
        let (height, validators) = self.certified_head().await;
        let (needed, count) = (nodes_that_prove(&validators), validators.validators().len());
        if height < expires_at {
            return Err(format!(
                "没有节点给出不低于其最后高度 {expires_at} 的已认证区块头，所见最高为 {height} no certified header at or above its last height \
                 {expires_at} was shown, the highest is {height}"
            ));
        }
        if agreeing < needed {
            return Err(format!(
                "有 {agreeing} 个节点如此回答，{count} 个验证节点中须有 {needed} 个 {agreeing} nodes say so, and {needed} are needed of {count} \
                 validators"
            ));
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
