//! Nodes and trust root together: submissions that end in a checked receipt, questions that end in a proven answer.

use std::collections::BTreeMap;

use huxin_chain_spec::api::{OutcomeAnswer, ThingAnswer};
use huxin_chain_spec::crypto::SigningKey;
use huxin_chain_spec::execute::Chain;
use huxin_chain_spec::genesis::Genesis;
use huxin_chain_spec::ids::{Height, RecordIndex, TimeMs};
use huxin_chain_spec::receipt::Receipt;
use huxin_chain_spec::record::Operation;
use huxin_chain_spec::rules::case::standing::calendar_key;
use huxin_chain_spec::state::StateKey;
use huxin_chain_spec::state::case::{CaseState, FrozenVersion};
use huxin_chain_spec::transaction::Transaction;

use super::node_client::{Committed, NodeClient};
use super::proof::{Freshness, Question, Subject, Verified, check_answer};
use super::signing::{SignedTransaction, TransactionSigner};
use super::thing::{DerivedBy, ProvenThing, ThingQuestion, check_entry, check_thing};
use super::trust::TrustRoot;
use crate::error::ClientError;

/// Greatest accepted age of the newest block for a question about now, in seconds: thirty missed heartbeats.
pub const AGE_S_MAX_DEFAULT: u64 = 300;

/// A submission that is final, with the proof that it is.
#[derive(Debug, Clone)]
pub struct Confirmed {
    pub committed: Committed,
    /// Receipt of its first record, checked. All operations of a transaction are recorded together.
    pub receipt: Receipt,
    /// The receipt as file bytes.
    pub receipt_bytes: Vec<u8>,
}

/// A client that believes only proofs.
pub struct Client {
    nodes: NodeClient,
    trust: TrustRoot,
    chain: Chain,
    genesis: Genesis,
    age_s_max: u64,
}

impl Client {
    /// Connects. With a bare hash as trust root, the genesis is taken from a node and checked against it.
    pub async fn connect(nodes: NodeClient, mut trust: TrustRoot) -> Result<Self, ClientError> {
        if trust.genesis().is_none() {
            let (node, text) = nodes.genesis().await?;
            trust.accept_genesis(&node, &text)?;
        }
        let genesis = trust.genesis().cloned().ok_or(ClientError::NoTrustRoot)?;
        let chain = Chain::new(&genesis);
        Ok(Self { nodes, trust, chain, genesis, age_s_max: AGE_S_MAX_DEFAULT })
    }

    /// Accepts answers about now up to this age of the newest block, in seconds.
    pub fn with_age_s_max(self, age_s_max: u64) -> Self {
        Self { age_s_max, ..self }
    }

    /// Calls without proof.
    pub fn nodes(&self) -> &NodeClient {
        &self.nodes
    }

    /// The trust root.
    pub fn trust(&self) -> &TrustRoot {
        &self.trust
    }

    /// What is fixed for the chain's life.
    pub fn chain(&self) -> &Chain {
        &self.chain
    }

    /// The genesis.
    pub fn genesis(&self) -> &Genesis {
        &self.genesis
    }

    /// A signer for this chain.
    pub fn signer(&self, key: SigningKey) -> TransactionSigner {
        TransactionSigner::new(&self.genesis, key)
    }

    /// Signs operations to expire `window` blocks from now.
    pub async fn sign(
        &self,
        signer: &TransactionSigner,
        operations: Vec<Operation>,
        window: u64,
    ) -> Result<SignedTransaction, ClientError> {
        let (_, status) = self.nodes.status().await?;
        signer.sign(operations, Height(status.height), window)
    }

    /// Submits, waits until final, and checks the receipt of the first record.
    ///
    /// # Errors
    /// `Refused`: no node took it, by the word of each. `Rejected`: proven by the receipt of its outcome. `Expired`: by a certified
    /// header and enough nodes. `OutcomeNotProven`: a node says how it ended, and nothing proves it.
    pub async fn submit(&self, transaction: &SignedTransaction, wait_ms: u64) -> Result<Confirmed, ClientError> {
        let (node, said) = match self.nodes.submit_and_wait(transaction, wait_ms).await {
            // One node's refusal at its door is no more than its word: another one may take it, or have it in a block already.
            Err(refused @ ClientError::Refused { status: 400..=428, .. }) => {
                self.submit_elsewhere(transaction, wait_ms).await.ok_or(refused)?
            }
            answered => answered?,
        };
        self.settle(transaction, node, said).await
    }

    async fn submit_elsewhere(&self, transaction: &SignedTransaction, wait_ms: u64) -> Option<(String, OutcomeAnswer)> {
        let nodes = self.nodes.each();
        if nodes.len() < 2 {
            return None;
        }
        for node in nodes {
            if let Ok(answered) = node.submit_and_wait(transaction, wait_ms).await {
                return Some(answered);
            }
        }
        None
    }

    /// Fetches and checks the receipt that proves a commitment.
    pub async fn confirm(
        &self,
        transaction: &SignedTransaction,
        committed: Committed,
    ) -> Result<Confirmed, ClientError> {
        let receipt_bytes = self.nodes.receipt(committed.first_record, None).await?;
        let receipt = self.check_receipt(&receipt_bytes)?;
        let lies = |reason: String| ClientError::ProofMismatch { node: "the node".to_owned(), reason };
        let record = &receipt.record;
        if record.tx_id != transaction.tx_id || receipt.index != committed.first_record {
            return Err(lies(format!("record {} is not of transaction {}", receipt.index, transaction.tx_id)));
        }
        let sent =
            Transaction::from_bytes(&transaction.bytes).map_err(|error| ClientError::input("transaction", error))?;
        if sent.body.operations.first() != Some(&record.operation) {
            return Err(lies(format!("record {} does not say what was submitted", receipt.index)));
        }
        if usize::try_from(committed.records).unwrap_or(0) != sent.body.operations.len() {
            return Err(lies(format!("{} records for {} operations", committed.records, sent.body.operations.len())));
        }
        Ok(Confirmed { committed, receipt, receipt_bytes })
    }

    /// Reads a receipt and checks everything in it.
    pub fn check_receipt(&self, bytes: &[u8]) -> Result<Receipt, ClientError> {
        let receipt = Receipt::from_bytes(bytes)?;
        receipt.verify_with(self.trust.hash(), self.trust.known_headers())?;
        self.nodes.connection().saw_height(receipt.header.height.0);
        Ok(receipt)
    }

    /// Asks, and checks the proof. Where several nodes are known, a node that is wrong, stale or knows nothing is passed
    /// over as long as another one has a proven answer; the answer then carries a warning. By a document alone every node is
    /// asked: see [`super::many`].
    pub async fn verify(&self, question: &Question) -> Result<Verified, ClientError> {
        match question.subject {
            Subject::Document => self.verify_document(question).await,
            _ => self.verify_one(question).await,
        }
    }

    /// Asks about one licence, by identifier or reference.
    pub(super) async fn verify_one(&self, question: &Question) -> Result<Verified, ClientError> {
        let mut warnings = Vec::new();
        let mut absent: Option<Verified> = None;
        let mut failure = None;
        for node in self.nodes.each() {
            match self.verify_at(&node, question).await {
                Ok(mut answer) if answer.proven => {
                    if let Some(absent) = absent {
                        warnings.push(format!("{} says it is not on the ledger, which is wrong", absent.node));
                    }
                    warnings.append(&mut answer.warnings);
                    answer.warnings = warnings;
                    return Ok(answer);
                }
                Ok(answer) => absent = absent.or(Some(answer)),
                Err(error) if error.is_worth_another_node() => {
                    warnings.push(error.to_string());
                    failure = Some(error);
                }
                Err(error) => return Err(error),
            }
        }
        match (absent, failure) {
            // One node's word for absence does not outweigh another node's broken proof of presence.
            (_, Some(error @ ClientError::ProofMismatch { .. })) => Err(error),
            (Some(mut answer), _) => {
                answer.warnings = warnings;
                Ok(answer)
            }
            (None, Some(error)) => Err(error),
            (None, None) => Err(ClientError::Unreachable { tried: "no node given".to_owned() }),
        }
    }

    /// Asks about a thing, and checks the proof. A node that is wrong or stale is passed over as long as another one has a
    /// proven answer, which then carries a warning. That the ledger holds no such thing is proven too.
    pub async fn thing(&self, question: &ThingQuestion) -> Result<ProvenThing, ClientError> {
        let mut warnings = Vec::new();
        let mut failure = None;
        for node in self.nodes.each() {
            match self.thing_at(&node, question).await {
                Ok(mut answer) => {
                    warnings.append(&mut answer.warnings);
                    answer.warnings = warnings;
                    return Ok(answer);
                }
                Err(error) if error.is_worth_another_node() => {
                    warnings.push(error.to_string());
                    failure = Some(error);
                }
                Err(error) => return Err(error),
            }
        }
        Err(failure.unwrap_or(ClientError::Unreachable { tried: "no node given".to_owned() }))
    }

    /// Checks the receipt of every record that came with a thing: that it is on the ledger as given, and about the thing.
    ///
    /// # Errors
    /// [`ClientError::ProofMismatch`] naming the first record that is not.
    pub async fn check_records(&self, key: &StateKey, thing: &ProvenThing) -> Result<(), ClientError> {
        for entry in &thing.records {
            let index = RecordIndex(entry.index);
            let receipt = self.check_receipt(&self.nodes.receipt(index, None).await?)?;
            check_entry(self.chain.algorithm(), key, entry, &receipt)
                .map_err(|reason| ClientError::ProofMismatch { node: thing.node.clone(), reason })?;
        }
        Ok(())
    }

    /// Greatest accepted age of the newest block for a question about now, in seconds.
    pub(super) fn age_s_max(&self) -> u64 {
        self.age_s_max
    }

    async fn thing_at(&self, nodes: &NodeClient, question: &ThingQuestion) -> Result<ProvenThing, ClientError> {
        let (node, answer, freshness) = self.fetch_thing(nodes, question).await?;
        let thing = check_thing(&self.trust, &freshness, question, &node, &answer, &BTreeMap::new())?;
        self.nodes.connection().saw_height(thing.as_of.height);
        if thing.derived_by != DerivedBy::Node {
            return Ok(thing);
        }
        let mut known = BTreeMap::new();
        for key in unchanging(&thing, &question.key)? {
            // Without it, what follows stays the node's word; the thing itself is proven all the same.
            let Ok(Some(bytes)) = self.proven_bytes(nodes, &key).await else { return Ok(thing) };
            known.insert(key, bytes);
        }
        check_thing(&self.trust, &freshness, question, &node, &answer, &known)
    }

    async fn proven_bytes(&self, nodes: &NodeClient, key: &StateKey) -> Result<Option<Vec<u8>>, ClientError> {
        let question = ThingQuestion::now(key.clone());
        let (node, answer, freshness) = self.fetch_thing(nodes, &question).await?;
        Ok(check_thing(&self.trust, &freshness, &question, &node, &answer, &BTreeMap::new())?.bytes)
    }

    async fn fetch_thing(
        &self,
        nodes: &NodeClient,
        question: &ThingQuestion,
    ) -> Result<(String, ThingAnswer, Freshness), ClientError> {
        let freshness = self.freshness();
        let (node, answer) = match &question.key {
            StateKey::Case(case) if question.records => nodes.case(case, question.as_of).await?,
            _ => nodes.thing(question).await?,
        };
        Ok((node, answer, freshness))
    }

    async fn verify_at(&self, nodes: &NodeClient, question: &Question) -> Result<Verified, ClientError> {
        let algorithm = self.chain.algorithm();
        let freshness = self.freshness();
        let (node, answer) = nodes.verify(&question.to_wire(algorithm)).await?;
        let verified = check_answer(&self.trust, algorithm, &freshness, question, &node, &answer)?;
        if verified.proven {
            self.nodes.connection().saw_height(verified.as_of.height);
        }
        Ok(verified)
    }
}

/// Things that never change and that what follows from this one depends on: the calendars frozen with a case.
fn unchanging(thing: &ProvenThing, key: &StateKey) -> Result<Vec<StateKey>, ClientError> {
    let StateKey::Case(_) = key else { return Ok(Vec::new()) };
    let Some(CaseState { frozen, .. }) = thing.state_as()? else { return Ok(Vec::new()) };
    let years = frozen.year..=u16::MAX;
    let versions = frozen.calendars.iter().zip(years).filter_map(|(version, year)| version.map(|it| (it, year)));
    versions
        .map(|(FrozenVersion { scope, version }, year)| {
            let calendar = calendar_key(scope, year).map_err(|error| ClientError::input(&thing.name, error))?;
            Ok(StateKey::PublicationVersion(calendar, version))
        })
        .collect()
}

/// This machine's clock.
pub fn clock() -> TimeMs {
    let elapsed = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    TimeMs(u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;
