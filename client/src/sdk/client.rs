//! Nodes and trust root together: submissions that end in a checked receipt, questions that end in a proven answer.

use std::collections::{BTreeMap, BTreeSet};

use huxin_chain_spec::api::{ThingAnswer, ThingListAnswer};
use huxin_chain_spec::crypto::SigningKey;
use huxin_chain_spec::execute::Chain;
use huxin_chain_spec::genesis::Genesis;
use huxin_chain_spec::ids::{RecordIndex, TimeMs};
use huxin_chain_spec::receipt::Receipt;
use huxin_chain_spec::record::Operation;
use huxin_chain_spec::rules::case::standing::calendar_key;
use huxin_chain_spec::state::StateKey;
use huxin_chain_spec::state::case::{CaseState, FrozenVersion};
use huxin_chain_spec::transaction::{Mode, Transaction};
use parking_lot::Mutex;

use super::failures::Failures;
use super::node_client::{Committed, NodeClient};
use super::outcome::Submitted;
use super::proof::{Freshness, Question, Subject, Verified, check_answer, of_node};
use super::signing::{SignedTransaction, TransactionSigner};
use super::thing::{DerivedBy, ProvenThing, ThingQuestion, check_entry, check_thing};
use super::trust::TrustRoot;
use crate::error::ClientError;
use crate::say;

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
    /// Nodes that name the pinned chain as theirs.
    of_chain: Mutex<BTreeSet<String>>,
}

impl Client {
    /// Connects. With a bare hash as trust root, the genesis is taken from the first node that serves the pinned one.
    pub async fn connect(nodes: NodeClient, mut trust: TrustRoot) -> Result<Self, ClientError> {
        if trust.genesis().is_none() {
            let mut failures = Failures::default();
            for node in nodes.each() {
                let taken = match node.genesis().await {
                    Ok((name, text)) => trust.accept_genesis(&name, &text),
                    Err(error) => Err(error),
                };
                match taken {
                    Ok(()) => break,
                    Err(error) => failures.add(error),
                }
            }
            if trust.genesis().is_none() {
                return Err(failures.into_error());
            }
        }
        let genesis = trust.genesis().cloned().ok_or(ClientError::NoTrustRoot)?;
        let chain = Chain::new(&genesis);
        // What an earlier run has seen: an older state is a rollback, or a node that lags.
        nodes.connection().saw_height(trust.known().seen().map_or(0, |seen| seen.height.0));
        Ok(Self { nodes, trust, chain, genesis, age_s_max: AGE_S_MAX_DEFAULT, of_chain: Mutex::default() })
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

    /// Signs operations to expire `window` blocks from now. "Now" is a height that a certified header shows, never a node's word: an
    /// invented one would let the transaction wait for longer than was asked, or expire at once.
    ///
    /// # Errors
    /// What was wrong at the nodes, where none of them shows such a header.
    pub async fn sign(
        &self,
        signer: &TransactionSigner,
        operations: Vec<Operation>,
        window: u64,
    ) -> Result<SignedTransaction, ClientError> {
        signer.sign(operations, self.proven_height().await?, window)
    }

    /// As [`Client::sign`], each operation with its own outcome.
    ///
    /// # Errors
    /// Those of [`Client::sign`].
    pub async fn sign_each(
        &self,
        signer: &TransactionSigner,
        operations: Vec<Operation>,
        window: u64,
    ) -> Result<SignedTransaction, ClientError> {
        signer.sign_in(Mode::Each, operations, self.proven_height().await?, window)
    }

    /// Submits, waits until final, and checks the receipt of the first record.
    ///
    /// # Errors
    /// `Refused`: no node took it, by the word of more nodes than may lie, or of every node given where those are fewer. `Rejected`:
    /// proven by the receipt of its outcome. `Expired`: by a certified header and enough nodes. `Pending`: a node holds it.
    /// `OutcomeNotProven`: nodes say how it ended, and nothing proves it.
    pub async fn submit(&self, transaction: &SignedTransaction, wait_ms: u64) -> Result<Confirmed, ClientError> {
        self.submit_any(transaction, wait_ms).await?.all()
    }

    /// As [`Client::submit`], for a transaction in either mode: where each operation has its own outcome, what became of each, proven by
    /// the receipt of the outcome.
    ///
    /// # Errors
    /// Those of [`Client::submit`].
    pub async fn submit_any(&self, transaction: &SignedTransaction, wait_ms: u64) -> Result<Submitted, ClientError> {
        match self.nodes.submit_and_wait(transaction, wait_ms).await {
            Ok((node, said)) => self.settle(transaction, node, said).await,
            // One node's refusal at its door is no more than its word: another one may take it, or have it in a block already.
            Err(error) if error.is_refusal_at_door() || matches!(error, ClientError::BadAnswer { .. }) => {
                self.submit_elsewhere(transaction, wait_ms, error).await
            }
            Err(error) => Err(error),
        }
    }

    /// Fetches and checks the receipt that proves a commitment, from the first node that has it.
    ///
    /// # Errors
    /// What was wrong at the nodes, where none of them proves it.
    pub async fn confirm(
        &self,
        transaction: &SignedTransaction,
        committed: Committed,
    ) -> Result<Confirmed, ClientError> {
        let sent =
            Transaction::from_bytes(&transaction.bytes).map_err(|error| ClientError::input("transaction", error))?;
        let is_ours = |receipt: &Receipt| {
            if receipt.record.tx_id != transaction.tx_id {
                return Err(format!("record {} is not of transaction {}", receipt.index, transaction.tx_id));
            }
            if sent.body.operations.first() != Some(&receipt.record.operation) {
                return Err(format!("record {} does not say what was submitted", receipt.index));
            }
            match (usize::try_from(committed.records).unwrap_or(0), sent.body.operations.len()) {
                (records, operations) if records != operations => {
                    Err(format!("{records} records for {operations} operations"))
                }
                _ => Ok(()),
            }
        };
        let (receipt, receipt_bytes) = self.record_receipt(committed.first_record, is_ours).await?;
        Ok(Confirmed { committed, receipt, receipt_bytes })
    }

    /// Fetches the receipt of a record from the first node whose receipt holds and passes `check`. How new it is does not matter: a
    /// record never changes.
    ///
    /// # Errors
    /// What was wrong at the nodes, where none of them has one.
    pub async fn record_receipt(
        &self,
        index: RecordIndex,
        check: impl Fn(&Receipt) -> Result<(), String>,
    ) -> Result<(Receipt, Vec<u8>), ClientError> {
        let mut failures = Failures::default();
        for node in self.nodes.each_preferred_first() {
            match self.record_receipt_at(&node, index, &check).await {
                Ok(found) => return Ok(found),
                Err(error) => failures.add(error),
            }
        }
        Err(failures.into_error())
    }

    async fn record_receipt_at(
        &self,
        nodes: &NodeClient,
        index: RecordIndex,
        check: &impl Fn(&Receipt) -> Result<(), String>,
    ) -> Result<(Receipt, Vec<u8>), ClientError> {
        let node = nodes.connection().first_node();
        let bytes = nodes.receipt(index, None).await.map_err(|error| match error {
            // That a node lacks a record which another one names says nothing about the record.
            ClientError::Refused { node, status: 404, .. } => {
                ClientError::BadAnswer { node, reason: format!("it has no record {index}") }
            }
            other => other,
        })?;
        let receipt = self.led(nodes, || self.check_receipt(&bytes)).await.map_err(|error| of_node(&node, error))?;
        let checked = match receipt.index == index {
            true => check(&receipt),
            false => Err(format!("the receipt given for record {index} is of record {}", receipt.index)),
        };
        checked.map_err(|reason| ClientError::ProofMismatch { node, reason })?;
        Ok((receipt, bytes))
    }

    /// Reads a receipt and checks everything in it.
    pub fn check_receipt(&self, bytes: &[u8]) -> Result<Receipt, ClientError> {
        let receipt = Receipt::from_bytes(bytes)?;
        self.trust.check(&receipt)?;
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
    async fn verify_one(&self, question: &Question) -> Result<Verified, ClientError> {
        let mut failures = Failures::default();
        let mut absent: Option<Verified> = None;
        for node in self.nodes.each() {
            match self.verify_at(&node, question).await {
                Ok(mut answer) if answer.proven => {
                    let mut warnings = failures.warnings;
                    warnings.extend(absent.map(|absent| wrongly_absent(&absent.node)));
                    warnings.append(&mut answer.warnings);
                    answer.warnings = warnings;
                    return Ok(answer);
                }
                Ok(answer) => absent = Some(also_absent(absent, answer)),
                Err(error) => failures.add(error),
            }
        }
        absent_or(absent, failures)
    }

    /// Asks about a thing, and checks the proof. A node that is wrong or stale is passed over as long as another one has a
    /// proven answer, which then carries a warning. That the ledger holds no such thing is proven too.
    ///
    /// # Errors
    /// [`ClientError::Input`] for a time before the founding; else what was wrong at the nodes.
    pub async fn thing(&self, question: &ThingQuestion) -> Result<ProvenThing, ClientError> {
        if let Some(asked) = question.as_of.filter(|time| *time < self.genesis.time) {
            let (asked, founded) = (asked.to_beijing(), self.genesis.time.to_beijing());
            let said = say!(
                "{asked} is before the founding of this chain, {founded}: nothing was on it",
                "{asked} 早于本链的创世时间 {founded}，当时账本尚不存在"
            );
            return Err(ClientError::at("--as-of", said));
        }
        let mut failures = Failures::default();
        for node in self.nodes.each() {
            match self.thing_at(&node, question).await {
                Ok(mut answer) => {
                    let mut warnings = failures.warnings;
                    warnings.append(&mut answer.warnings);
                    answer.warnings = warnings;
                    return Ok(answer);
                }
                Err(error) => failures.add(error),
            }
        }
        Err(failures.into_error())
    }

    /// Checks the receipt of every record that came with a thing: that it is on the ledger as given, and about the thing.
    ///
    /// # Errors
    /// [`ClientError::ProofMismatch`] naming the first record that is not.
    pub async fn check_records(&self, key: &StateKey, thing: &ProvenThing) -> Result<(), ClientError> {
        for entry in &thing.records {
            let index = RecordIndex(entry.index);
            self.record_receipt(index, |receipt| check_entry(self.chain.algorithm(), key, entry, receipt)).await?;
        }
        Ok(())
    }

    /// Refuses a node of another chain, where its answer comes without proof. What chain a node serves is its own word; this finds a
    /// wrong address, not a liar.
    ///
    /// # Errors
    /// [`ClientError::Genesis`] where it names another chain than the pinned one; what was wrong where it names none.
    pub(super) async fn check_chain(&self, nodes: &NodeClient) -> Result<(), ClientError> {
        let node = nodes.connection().first_node();
        if self.of_chain.lock().contains(&node) {
            return Ok(());
        }
        let (_, status) = nodes.status().await?;
        if status.genesis_hash != self.trust.hash().to_string() {
            let (place, found) = (format!("the answer of {node}"), status.genesis_hash);
            let hash = self.trust.hash();
            let reason = say!(
                "its hash is {found}, but {hash} is trusted here: it serves another chain",
                "其哈希为 {found}，此处信任的是 {hash}：该节点属于另一条链"
            );
            return Err(ClientError::Genesis { place, reason });
        }
        self.of_chain.lock().insert(node);
        Ok(())
    }

    /// A list, which has no proof, from the first node of the pinned chain that gives one as new as an answer about now must be.
    ///
    /// # Errors
    /// What was wrong at the nodes, where none of them gives one.
    pub async fn list(
        &self,
        ask: impl AsyncFn(&NodeClient) -> Result<(String, ThingListAnswer), ClientError>,
    ) -> Result<ThingListAnswer, ClientError> {
        let mut failures = Failures::default();
        for node in self.nodes.each() {
            let listed = async {
                self.check_chain(&node).await?;
                let (name, listed) = ask(&node).await?;
                check_age(name, &listed, self.age_s_max)?;
                Ok(listed)
            };
            match listed.await {
                Ok(listed) => return Ok(listed),
                Err(error) => failures.add(error),
            }
        }
        Err(failures.into_error())
    }

    /// Greatest accepted age of the newest block for a question about now, in seconds.
    pub(super) fn age_s_max(&self) -> u64 {
        self.age_s_max
    }

    async fn thing_at(&self, nodes: &NodeClient, question: &ThingQuestion) -> Result<ProvenThing, ClientError> {
        let (node, answer, freshness) = self.fetch_thing(nodes, question).await?;
        let check =
            |known: &BTreeMap<StateKey, Vec<u8>>| check_thing(&self.trust, &freshness, question, &node, &answer, known);
        let thing = self.led(nodes, || check(&BTreeMap::new())).await?;
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
        check(&known)
    }

    async fn proven_bytes(&self, nodes: &NodeClient, key: &StateKey) -> Result<Option<Vec<u8>>, ClientError> {
        let question = ThingQuestion::now(key.clone());
        let (node, answer, freshness) = self.fetch_thing(nodes, &question).await?;
        let check = || check_thing(&self.trust, &freshness, &question, &node, &answer, &BTreeMap::new());
        Ok(self.led(nodes, check).await?.bytes)
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

    /// One node's answer about one licence, checked.
    pub(super) async fn verify_at(&self, nodes: &NodeClient, question: &Question) -> Result<Verified, ClientError> {
        let algorithm = self.chain.algorithm();
        let freshness = self.freshness();
        let (node, answer) = nodes.verify(&question.to_wire(algorithm)).await?;
        let check = || check_answer(&self.trust, algorithm, &freshness, question, &node, &answer);
        let verified = self.led(nodes, check).await?;
        if verified.proven {
            self.nodes.connection().saw_height(verified.proven_height);
        } else {
            self.check_chain(nodes).await?;
        }
        Ok(verified)
    }
}

/// Whether a list is as new as an answer about now must be.
///
/// # Errors
/// [`ClientError::Stale`].
pub fn check_age(node: String, listed: &ThingListAnswer, age_s_max: u64) -> Result<(), ClientError> {
    let age_s = clock().ms_since(TimeMs(listed.as_of.time_ms)) / 1_000;
    match age_s > age_s_max {
        true => Err(ClientError::Stale { node, height: listed.as_of.height, age_s, age_s_max }),
        false => Ok(()),
    }
}

/// One node's word for absence, where another node proves presence.
pub(super) fn wrongly_absent(node: &str) -> String {
    format!("{node} 称账本上没有，与证明不符 {node} says it is not on the ledger, which is wrong")
}

/// The first word for absence, with the names of all nodes that say so.
pub(super) fn also_absent(first: Option<Verified>, answer: Verified) -> Verified {
    match first {
        Some(first) => Verified { node: format!("{}, {}", first.node, answer.node), ..first },
        None => answer,
    }
}

/// The answer where no node proves presence: one node's word for absence. It does not outweigh another node's broken proof of presence.
///
/// # Errors
/// What was wrong at the nodes.
pub(super) fn absent_or(absent: Option<Verified>, failures: Failures) -> Result<Verified, ClientError> {
    match absent {
        Some(answer) if !failures.has_broken_proof() => Ok(Verified { warnings: failures.warnings, ..answer }),
        Some(_) => Err(failures.into_broken_proof()),
        None => Err(failures.into_error()),
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
    TimeMs(i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX))
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;
