//! Submissions that a door refuses, and the height from which a transaction is signed.
//!
//! A refusal at a door has no proof. It is reported by the word of `f + 1` nodes, one of which is honest, or of every node given where
//! those are fewer; [`Client::submit_for_good`] takes no such shortcut. A node that holds the transaction, or a block that does, outweighs
//! any number of refusals.

use futures::future::join_all;
use huxin_chain_spec::api::ErrorBody;
use huxin_chain_spec::certificate::ValidatorSet;
use huxin_chain_spec::codes::Code;
use huxin_chain_spec::ids::Height;
use huxin_chain_spec::receipt::ThingReceipt;
use huxin_chain_spec::state::StateKey;
use huxin_chain_spec::transaction::Transaction;

use super::client::Client;
use super::failures::Failures;
use super::many::ReceiptOf;
use super::node_client::NodeClient;
use super::outcome::{Submitted, nodes_that_prove};
use super::proof::of_node;
use super::signing::SignedTransaction;
use super::thing::check_thing_receipt;
use crate::error::ClientError;

impl Client {
    /// As [`Client::submit`], for a transaction in either mode and a caller that acts on a refusal as if the transaction could never be committed: a refusal by fewer
    /// than `f + 1` nodes is `OutcomeNotProven`, unless the ledger proves that the licence it is about was issued before.
    ///
    /// # Errors
    /// Those of [`Client::submit`].
    pub async fn submit_for_good(
        &self,
        transaction: &SignedTransaction,
        wait_ms: u64,
    ) -> Result<Submitted, ClientError> {
        match self.submit_any(transaction, wait_ms).await {
            Err(refused) if refused.is_refusal_at_door() => Err(self.final_refusal(transaction, refused).await),
            ended => ended,
        }
    }

    async fn final_refusal(&self, transaction: &SignedTransaction, refused: ClientError) -> ClientError {
        let ClientError::Refused { node, body, .. } = &refused else { return refused };
        let not_proven = |outcome: &str, reason: String| {
            let tx_id = transaction.tx_id.to_string();
            ClientError::OutcomeNotProven { node: node.clone(), tx_id, outcome: outcome.to_owned(), reason }
        };
        if body.code == Code::TransactionExpired.as_str() {
            return match self.expired(transaction).await {
                Ok(()) => ClientError::Expired { tx_id: transaction.tx_id.to_string() },
                Err(reason) => not_proven("expired", reason),
            };
        }
        let (needed, asked) = (self.doors_that_prove().await, self.nodes().connection().node_count());
        if asked >= needed || self.is_issued_by_another(transaction, &refused).await {
            return refused;
        }
        not_proven("refused", reason_of(body, asked, needed))
    }

    /// Whether the ledger proves that the licence of the refused operation was issued by another transaction: then this one never can.
    async fn is_issued_by_another(&self, transaction: &SignedTransaction, refused: &ClientError) -> bool {
        if refused.code() != Code::LicenceDuplicate.as_str() {
            return false;
        }
        let Ok(sent) = Transaction::from_bytes(&transaction.bytes) else { return false };
        let operation = refused.refused_operation().and_then(|position| sent.body.operations.get(position));
        let Some(licence) = operation.and_then(|operation| operation.new_licence()) else { return false };
        let proven = self.receipt(ReceiptOf::Licence(licence.licence), None).await;
        proven.is_ok_and(|(receipt, _)| receipt.record.tx_id != transaction.tx_id)
    }

    /// Goes on at the other nodes after one refused a transaction, or gave no answer that can be read.
    pub(super) async fn submit_elsewhere(
        &self,
        transaction: &SignedTransaction,
        wait_ms: u64,
        first: ClientError,
    ) -> Result<Submitted, ClientError> {
        let (ClientError::Refused { node: asked, .. } | ClientError::BadAnswer { node: asked, .. }) = &first else {
            return Err(first);
        };
        let asked = asked.clone();
        let (mut refusals, mut failures) = (Vec::new(), Failures::default());
        sort(first, &mut refusals, &mut failures);
        for node in self.nodes().each() {
            if node.connection().first_node() == asked {
                continue;
            }
            match node.submit_and_wait(transaction, wait_ms).await {
                Ok((node, said)) => return self.settle(transaction, node, said).await,
                // It is in that node's mempool: it may be committed whatever the others say.
                Err(pending @ ClientError::Pending { .. }) => return Err(pending),
                Err(error) => sort(error, &mut refusals, &mut failures),
            }
        }
        let (proven, _) = self.proven_outcome(&transaction.tx_id).await;
        if let Some(proven) = proven {
            return self.conclude(transaction, &proven).await;
        }
        let needed = self.doors_that_prove().await.min(self.nodes().connection().node_count());
        let refused = refusals.len();
        let Some(first) = refusals.into_iter().next() else { return Err(failures.into_error()) };
        if refused >= needed || self.is_issued_by_another(transaction, &first).await {
            return Err(first);
        }
        let ClientError::Refused { node, body, .. } = &first else { return Err(first) };
        let mut reason = reason_of(body, refused, needed);
        for warning in failures.warnings {
            reason = format!("{reason}; {warning}");
        }
        let tx_id = transaction.tx_id.to_string();
        Err(ClientError::OutcomeNotProven { node: node.clone(), tx_id, outcome: "refused".to_owned(), reason })
    }

    /// How many doors must refuse a transaction so that one of them is honest.
    async fn doors_that_prove(&self) -> usize {
        nodes_that_prove(&self.certified_head().await.1)
    }

    /// The highest certified header that any node shows, and the validators in force at it; height 0 and the founding validators where
    /// none shows one.
    pub(super) async fn certified_head(&self) -> (Height, ValidatorSet) {
        let nodes = self.nodes().each();
        let heads = join_all(nodes.iter().map(|node| self.head_at(node))).await;
        let newest = heads.into_iter().filter_map(Result::ok).max_by_key(|receipt| receipt.header.height);
        newest.map_or_else(
            || (Height(0), self.genesis().validators()),
            |receipt| (receipt.header.height, receipt.trust.validators_in_force().clone()),
        )
    }

    async fn head_at(&self, nodes: &NodeClient) -> Result<ThingReceipt, ClientError> {
        let bytes = nodes.thing_receipt(&StateKey::Validators, None).await?;
        let receipt = self.led(nodes, || check_thing_receipt(self.trust(), &bytes)).await;
        let receipt = receipt.map_err(|error| of_node(&nodes.connection().first_node(), error))?;
        self.nodes().connection().saw_height(receipt.header.height.0);
        Ok(receipt)
    }

    /// A height that a certified header shows, as new as an answer about now must be; else the highest that any node shows.
    ///
    /// # Errors
    /// What was wrong at the nodes, where none shows one and none says that the chain has no block yet.
    pub(super) async fn proven_height(&self) -> Result<Height, ClientError> {
        let mut failures = Failures::default();
        for node in self.nodes().each_preferred_first() {
            let freshness = self.freshness();
            match self.head_at(&node).await {
                Ok(receipt) if freshness.check(&node.connection().first_node(), &receipt.header).is_ok() => {
                    return Ok(receipt.header.height);
                }
                Ok(_) => {}
                Err(error) => failures.add(error),
            }
        }
        let seen = self.nodes().connection().height_seen();
        // A chain without a block has no header to show. From height 0 a transaction only ever expires sooner.
        if seen > 0 || matches!(self.nodes().status().await, Ok((_, status)) if status.height == 0) {
            return Ok(Height(seen));
        }
        Err(failures.into_error())
    }
}

/// What was refused, and why that does not decide.
fn reason_of(body: &ErrorBody, refused: usize, needed: usize) -> String {
    let ErrorBody { code, what, what_zh, place, .. } = body;
    format!(
        "{what_zh} {what} [{code}], {place}; {refused} 个节点拒绝，须有 {needed} 个 {refused} nodes refuse it, and {needed} must"
    )
}

fn sort(error: ClientError, refusals: &mut Vec<ClientError>, failures: &mut Failures) {
    if error.is_refusal_at_door() { refusals.push(error) } else { failures.add(error) }
}

#[cfg(test)]
#[path = "submission_tests.rs"]
mod tests;
