//! What to believe of a node's answer about a thing: only what its receipt of things proves under the pinned trust root.
//!
//! Unlike a licence's first issue, every thing stands in the map, so that "the ledger holds no such thing" is proven too.
//! What follows from a state ([`rules::derived`]) is computed here where the receipt covers all it needs; where it does
//! not, it is the node's word and is called so. The records about a thing are the node's word until their own receipts
//! are checked.

use std::collections::BTreeMap;

use base64::Engine as _;
use borsh::{BorshDeserialize, BorshSerialize};
use huxin_chain_spec::api::{AsOfAnswer, RecordEntry, ThingAnswer};
use huxin_chain_spec::codec;
use huxin_chain_spec::crypto::{Digest, DigestAlgorithm};
use huxin_chain_spec::ids::{Height, LicenceRef, RecordIndex, TimeMs, TxId};
use huxin_chain_spec::receipt::{Receipt, ThingReceipt};
use huxin_chain_spec::rules;
use huxin_chain_spec::state::{
    self, DocumentLicence, IssuedLicence, STATE_BYTES_MAX, StateKey, StateReader, StateUnavailable,
};
use serde::Serialize;
use serde_json::Value;

use super::proof::{Freshness, receipt_refused};
use super::trust::TrustRoot;
use crate::error::ClientError;

/// A question about one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThingQuestion {
    pub key: StateKey,
    /// The time asked about; now if `None`.
    pub as_of: Option<TimeMs>,
    /// Whether the records about it are wanted.
    pub records: bool,
}

impl ThingQuestion {
    /// What the ledger holds of this thing now.
    pub fn now(key: StateKey) -> Self {
        Self { key, as_of: None, records: false }
    }
}

/// Who computed what follows from a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DerivedBy {
    /// This client, from proven states alone.
    Client,
    /// The node. Its word, not proven.
    Node,
    /// Nobody: nothing follows from such a thing.
    Nobody,
}

/// A thing as this client vouches for it.
#[derive(Debug, Clone, Serialize)]
pub struct ProvenThing {
    /// `case/9f..`, `seal/310000/31010000000017`.
    pub name: String,
    pub as_of: AsOfAnswer,
    /// Whether the ledger held it at that time. Proven either way.
    pub exists: bool,
    /// Its proven state in readable form.
    pub state: Option<Value>,
    /// What follows from the state at that time.
    pub derived: Option<Value>,
    pub derived_by: DerivedBy,
    /// Records about it, oldest first: the node's word until their receipts are checked.
    pub records: Vec<RecordEntry>,
    /// The node that answered.
    pub node: String,
    /// What went wrong on the way to this answer.
    pub warnings: Vec<String>,
    /// The receipt that proves it, as file bytes.
    #[serde(skip)]
    pub receipt: Vec<u8>,
    /// Canonical bytes of the proven state.
    #[serde(skip)]
    pub bytes: Option<Vec<u8>>,
}

impl ProvenThing {
    /// The proven state as its type; `None` where the ledger holds no such thing.
    ///
    /// # Errors
    /// [`ClientError::ProofMismatch`] where the bytes are no such state.
    pub fn state_as<T: BorshSerialize + BorshDeserialize>(&self) -> Result<Option<T>, ClientError> {
        let decoded = self.bytes.as_deref().map(|bytes| codec::decode(bytes, STATE_BYTES_MAX)).transpose();
        decoded.map_err(|error| ClientError::ProofMismatch {
            node: self.node.clone(),
            reason: format!("the proven state of {} cannot be read: {error}", self.name),
        })
    }
}

/// Checks a node's answer about a thing against its receipt, and gives the answer that follows from it.
///
/// `known` holds states that the caller has proven before and that never change, such as published versions.
///
/// # Errors
/// [`ClientError::ProofMismatch`] where the receipt does not support the answer, [`ClientError::Stale`] where it is too
/// old, [`ClientError::Receipt`] where it belongs to another chain.
pub fn check_thing(
    trust: &TrustRoot,
    freshness: &Freshness,
    question: &ThingQuestion,
    node: &str,
    answer: &ThingAnswer,
    known: &BTreeMap<StateKey, Vec<u8>>,
) -> Result<ProvenThing, ClientError> {
    let checker = Checker { trust, freshness, question, node };
    let (receipt, bytes) = checker.read(answer)?;
    let time = checker.time(&receipt)?;
    let state = checker.state(answer, &receipt)?;
    let mut warnings = Vec::new();
    let (derived, derived_by) = derive(question, &receipt, state.as_deref(), time, known, answer, &mut warnings);
    Ok(ProvenThing {
        name: question.key.to_string(),
        as_of: AsOfAnswer { height: receipt.header.height.0, time_ms: time.0, time: time.to_string() },
        exists: state.is_some(),
        state: state.as_deref().map(|bytes| checker.readable(bytes)).transpose()?,
        derived,
        derived_by,
        records: answer.records.clone(),
        node: node.to_owned(),
        warnings,
        receipt: bytes,
        bytes: state,
    })
}

struct Checker<'a> {
    trust: &'a TrustRoot,
    freshness: &'a Freshness,
    question: &'a ThingQuestion,
    node: &'a str,
}

impl Checker<'_> {
    fn mismatch(&self, reason: String) -> ClientError {
        ClientError::ProofMismatch { node: self.node.to_owned(), reason }
    }

    /// The receipt with all its proofs checked.
    fn read(&self, answer: &ThingAnswer) -> Result<(ThingReceipt, Vec<u8>), ClientError> {
        let proof = answer.proof.as_deref();
        let proof = proof.ok_or_else(|| {
            self.mismatch("it gives no proof (a chain without a block has none; wait for the first)".to_owned())
        })?;
        let bytes = base64::engine::general_purpose::STANDARD
            .decode(proof)
            .map_err(|error| self.mismatch(format!("the proof is not base64: {error}")))?;
        let refused = |error| receipt_refused(self.node, error);
        let receipt = ThingReceipt::from_bytes(&bytes).map_err(refused)?;
        // A past state of a thing was signed by the keys of its time, also where that lies before the pinned head. Without a next block
        // nothing bounds the time, and the answer is about now.
        let is_bounded = receipt.as_of.as_ref().is_some_and(|as_of| as_of.next.is_some());
        let is_past = self.question.as_of.is_some() && is_bounded;
        let checked = if is_past { self.trust.check_past_things(&receipt) } else { self.trust.check_things(&receipt) };
        checked.map_err(refused)?;
        Ok((receipt, bytes))
    }

    /// The time the receipt answers for: the one asked about, or that of the newest block.
    fn time(&self, receipt: &ThingReceipt) -> Result<TimeMs, ClientError> {
        let is_past = receipt.as_of.as_ref().is_some_and(|as_of| as_of.next.is_some());
        match (self.question.as_of, &receipt.as_of) {
            (None, _) if is_past => {
                Err(self.mismatch("the proof is about the past, the question about now".to_owned()))
            }
            (None, _) => {
                self.freshness.check(self.node, &receipt.header)?;
                Ok(receipt.header.time_ms)
            }
            (Some(time), Some(as_of)) if as_of.time_ms == time => {
                // Without a next block, nothing but its age shows that the block was the last one at that time.
                if !is_past {
                    self.freshness.check(self.node, &receipt.header)?;
                }
                Ok(receipt.proven_time())
            }
            (Some(time), _) => Err(self.mismatch(format!("the proof is not about {time}"))),
        }
    }

    /// The proven bytes of the thing asked about, compared with what the node says in words.
    fn state(&self, answer: &ThingAnswer, receipt: &ThingReceipt) -> Result<Option<Vec<u8>>, ClientError> {
        let name = self.question.key.to_string();
        if answer.name != name {
            return Err(self.mismatch(format!("it speaks of {}, not of {name}", answer.name)));
        }
        let proven = receipt.state(&self.question.key);
        let proven = proven.ok_or_else(|| self.mismatch(format!("the proof does not cover {name}")))?;
        if answer.exists != proven.is_some() {
            let word = |exists| if exists { "exists" } else { "does not exist" };
            let (said, shown) = (word(answer.exists), word(proven.is_some()));
            return Err(self.mismatch(format!("it says that {name} {said}, the proof shows that it {shown}")));
        }
        // The state is read from the proven bytes. Fields that this version does not know are a newer node's, and not compared.
        let readable = proven.map(|bytes| self.readable(bytes)).transpose()?;
        if !agrees(readable.as_ref().unwrap_or(&Value::Null), answer.state.as_ref().unwrap_or(&Value::Null)) {
            return Err(self.mismatch(format!("the state it gives for {name} is not the proven one")));
        }
        Ok(proven.map(<[u8]>::to_vec))
    }

    /// The proven bytes in readable form. Bytes that the ledger certifies and this version cannot read are a newer version's.
    fn readable(&self, bytes: &[u8]) -> Result<Value, ClientError> {
        state::to_json(&self.question.key, bytes).map_err(|error| ClientError::OtherVersion {
            node: self.node.to_owned(),
            reason: format!("the proven state of {} cannot be read: {error}", self.question.key),
        })
    }
}

/// Whether what a node says agrees with what is proven. Fields that only one of the two knows are of another version and left out;
/// what is shown comes from the proof alone.
fn agrees(proven: &Value, said: &Value) -> bool {
    match (proven, said) {
        (Value::Object(proven), Value::Object(said)) => {
            proven.iter().all(|(name, value)| said.get(name).is_none_or(|said| agrees(value, said)))
        }
        (Value::Array(proven), Value::Array(said)) => {
            proven.len() == said.len() && proven.iter().zip(said).all(|(proven, said)| agrees(proven, said))
        }
        _ => proven == said,
    }
}

/// What follows from the state, and who says so.
fn derive(
    question: &ThingQuestion,
    receipt: &ThingReceipt,
    state: Option<&[u8]>,
    time: TimeMs,
    known: &BTreeMap<StateKey, Vec<u8>>,
    answer: &ThingAnswer,
    warnings: &mut Vec<String>,
) -> (Option<Value>, DerivedBy) {
    let Some(bytes) = state else { return (None, DerivedBy::Nobody) };
    let reader = Covered { receipt, known };
    match rules::derived(&reader, &question.key, bytes, (time, receipt.header.height)) {
        Ok(Some(value)) => {
            if answer.derived.as_ref().is_some_and(|said| *said != value) {
                let warning = "节点由同一状态推出了不同的结果，所示为本机推出的结果 the node computes something else from the same state; \
                               shown is what follows";
                warnings.push(warning.to_owned());
            }
            (Some(value), DerivedBy::Client)
        }
        Ok(None) => (None, DerivedBy::Nobody),
        Err(_) => (answer.derived.clone(), DerivedBy::Node),
    }
}

/// Reads proven states only: what the receipt covers, and what was proven before and never changes.
struct Covered<'a> {
    receipt: &'a ThingReceipt,
    known: &'a BTreeMap<StateKey, Vec<u8>>,
}

fn not_covered<T>(what: impl std::fmt::Display) -> Result<T, StateUnavailable> {
    Err(StateUnavailable(format!("the proof does not cover {what}")))
}

impl StateReader for Covered<'_> {
    fn state(&self, key: &StateKey) -> Result<Option<Vec<u8>>, StateUnavailable> {
        match (self.receipt.state(key), self.known.get(key)) {
            (Some(state), _) => Ok(state.map(<[u8]>::to_vec)),
            (None, Some(bytes)) => Ok(Some(bytes.clone())),
            (None, None) => not_covered(key),
        }
    }

    fn issued_at(&self, licence: &LicenceRef) -> Result<Option<RecordIndex>, StateUnavailable> {
        not_covered(licence)
    }

    fn first_of_document(&self, sha256: &Digest) -> Result<Option<DocumentLicence>, StateUnavailable> {
        not_covered(sha256)
    }

    fn issued_licence(&self, index: RecordIndex) -> Result<IssuedLicence, StateUnavailable> {
        not_covered(index)
    }

    fn has_transaction(&self, tx_id: &TxId) -> Result<bool, StateUnavailable> {
        not_covered(tx_id)
    }
}

/// Reads a receipt of things and checks it without any node; gives what it says of each thing.
///
/// # Errors
/// [`ClientError::Receipt`] where it proves nothing under `trust`.
pub fn check_thing_receipt(trust: &TrustRoot, bytes: &[u8]) -> Result<ThingReceipt, ClientError> {
    let receipt = ThingReceipt::from_bytes(bytes)?;
    trust.check_things(&receipt)?;
    Ok(receipt)
}

/// What follows at a time from a thing of a checked receipt, if the receipt covers all that this needs.
pub fn derived_from(receipt: &ThingReceipt, key: &StateKey, time: TimeMs) -> Option<Value> {
    let bytes = receipt.state(key)??;
    let known = BTreeMap::new();
    rules::derived(&Covered { receipt, known: &known }, key, bytes, (time, receipt.header.height)).ok()?
}

/// Whether a record's checked receipt says what a node said of the record, and that it is about the thing.
pub(super) fn check_entry(
    algorithm: DigestAlgorithm,
    key: &StateKey,
    entry: &RecordEntry,
    receipt: &Receipt,
) -> Result<(), String> {
    let (index, record) = (entry.index, &receipt.record);
    let is_same = receipt.index.0 == index
        && record.operation.name() == entry.operation
        && record.time_ms.0 == entry.time_ms
        && record.province.to_string() == entry.province
        && record.organisation.to_string() == entry.organisation
        && serde_json::to_value(record).is_ok_and(|value| agrees(&value, &entry.record));
    if !is_same {
        return Err(format!("record {index} does not say what the answer says of it"));
    }
    if !record.operation.subjects(algorithm, &record.organisation, receipt.index).contains(key) {
        return Err(format!("record {index} is not about {key}"));
    }
    Ok(())
}

/// A height in the words of an answer.
pub fn as_of(height: Height, time: TimeMs) -> AsOfAnswer {
    AsOfAnswer { height: height.0, time_ms: time.0, time: time.to_string() }
}

#[cfg(test)]
#[path = "thing_tests.rs"]
mod tests;
