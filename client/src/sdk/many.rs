//! What must not depend on which node answers: the records of one document, and receipts that are fetched to be kept.
//!
//! Which record a node shows for a document is its choice, and no proof says that there is no other. So every node is asked, every
//! record that any of them knows is proven by itself, and the answer is `valid` only where no record of another organisation says
//! otherwise.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::join_all;
use huxin_chain_spec::api::VerifyAnswer;
use huxin_chain_spec::ids::{LicenceRef, RecordIndex, TimeMs};
use huxin_chain_spec::receipt::{Receipt, ThingReceipt};
use huxin_chain_spec::state::StateKey;
use huxin_chain_spec::verdict::{self, Verdict};

use super::client::{Client, clock};
use super::node_client::NodeClient;
use super::proof::{Freshness, Question, SameDocument, Subject, Verified, check_answer, licence_of, receipt_refused};
use super::thing::check_thing_receipt;
use crate::error::ClientError;

/// Most records of one document that are looked at.
const RECORDS_MAX: usize = 64;

/// Which receipt is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReceiptOf {
    Record(RecordIndex),
    /// Of the record that brought a licence into being.
    Licence(LicenceRef),
}

/// What nodes know of one document.
#[derive(Default)]
struct Known {
    /// Each licence of the document with its proven answer.
    proven: BTreeMap<String, Verified>,
    /// Licences that a node lists and that no node has proven yet.
    listed: BTreeSet<LicenceRef>,
    absent: Option<Verified>,
    warnings: Vec<String>,
    failure: Option<ClientError>,
    /// Records that could not be looked at.
    open: Vec<String>,
}

impl Client {
    /// Asks every node about a document, proves every record of it, and joins the answers.
    pub(super) async fn verify_document(&self, question: &Question) -> Result<Verified, ClientError> {
        let nodes = self.nodes().each();
        let answers = join_all(nodes.iter().map(|node| self.document_at(node, question))).await;
        let mut known = Known::default();
        for answer in answers {
            known.take(answer)?;
        }
        self.prove_listed(&mut known, question).await?;
        known.join()
    }

    async fn document_at(
        &self,
        nodes: &NodeClient,
        question: &Question,
    ) -> Result<(Verified, VerifyAnswer), ClientError> {
        let algorithm = self.chain().algorithm();
        let freshness = self.freshness();
        let (node, answer) = nodes.verify(&question.to_wire(algorithm)).await?;
        let verified = check_answer(self.trust(), algorithm, &freshness, question, &node, &answer)?;
        if verified.proven {
            self.nodes().connection().saw_height(verified.as_of.height);
        }
        Ok((verified, answer))
    }

    /// Proves each licence that a node only lists.
    async fn prove_listed(&self, known: &mut Known, question: &Question) -> Result<(), ClientError> {
        let listed = std::mem::take(&mut known.listed);
        for reference in listed {
            let name = reference.to_string();
            if known.proven.contains_key(&name) {
                continue;
            }
            if known.proven.len() >= RECORDS_MAX {
                known.open.push(format!("more than {RECORDS_MAX} records of this document"));
                break;
            }
            let named = Question { subject: Subject::Reference(reference), ..question.clone() };
            match self.verify_one(&named).await {
                Ok(answer) if answer.proven && is_of(&answer, question) => {
                    known.proven.insert(name, answer);
                }
                Ok(answer) if answer.proven => {
                    known.warnings.push(format!("a node lists {name}, which is of another document"));
                }
                Ok(_) => known.warnings.push(format!("a node lists {name}, which is not on the ledger")),
                Err(error) if error.is_worth_another_node() => known.open.push(format!("{name}: {error}")),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// How new an answer about now must be.
    pub(super) fn freshness(&self) -> Freshness {
        Freshness { now: clock(), age_s_max: self.age_s_max(), height_min: self.nodes().connection().height_seen() }
    }

    /// Fetches a receipt and checks it: its proofs, that it is about what was asked, and that it is new enough for its question. A
    /// node whose receipt fails is passed over as long as another one has a better.
    ///
    /// # Errors
    /// `Refused` with 404 where no node has it; else what was wrong at the last node.
    pub async fn receipt(&self, subject: ReceiptOf, as_of: Option<TimeMs>) -> Result<(Receipt, Vec<u8>), ClientError> {
        let (mut absent, mut failure) = (None, None);
        for node in self.nodes().each() {
            match self.receipt_at(&node, subject, as_of).await {
                Ok(found) => return Ok(found),
                Err(error @ ClientError::Refused { status: 404, .. }) => absent = absent.or(Some(error)),
                Err(error) if error.is_worth_another_node() => failure = Some(error),
                Err(error) => return Err(error),
            }
        }
        // One node's word for absence does not outweigh another node's broken proof of presence.
        let error = failure.or(absent);
        Err(error.unwrap_or(ClientError::Unreachable { tried: "no node given".to_owned() }))
    }

    async fn receipt_at(
        &self,
        nodes: &NodeClient,
        subject: ReceiptOf,
        as_of: Option<TimeMs>,
    ) -> Result<(Receipt, Vec<u8>), ClientError> {
        let freshness = self.freshness();
        let node = nodes.connection().first_node();
        let bytes = match subject {
            ReceiptOf::Record(index) => nodes.receipt(index, as_of).await?,
            ReceiptOf::Licence(licence) => nodes.licence_receipt(&licence.to_string(), as_of).await?,
        };
        let mismatch = |reason: &str| ClientError::ProofMismatch { node: node.clone(), reason: reason.to_owned() };
        let receipt = self.check_receipt(&bytes).map_err(|error| of_node(&node, error))?;
        let is_asked = match subject {
            ReceiptOf::Record(index) => receipt.index == index,
            ReceiptOf::Licence(licence) => licence_of(&receipt.record).is_some_and(|found| found.licence == licence),
        };
        if !is_asked {
            return Err(mismatch("the receipt is about another licence or record"));
        }
        if licence_of(&receipt.record).is_some() && receipt.status.is_none() {
            return Err(mismatch("the receipt leaves the licence's state open"));
        }
        freshness.check_time(&node, &receipt.header, receipt.as_of.as_ref(), as_of)?;
        Ok((receipt, bytes))
    }
}

impl Client {
    /// Fetches the receipt of a thing and checks it as [`Client::receipt`] does.
    ///
    /// # Errors
    /// What was wrong at the last node. That the ledger holds no such thing is proven, and no error.
    pub async fn thing_receipt(
        &self,
        key: &StateKey,
        as_of: Option<TimeMs>,
    ) -> Result<(ThingReceipt, Vec<u8>), ClientError> {
        let mut failure = None;
        for node in self.nodes().each() {
            match self.thing_receipt_at(&node, key, as_of).await {
                Ok(found) => return Ok(found),
                Err(error) if error.is_worth_another_node() => failure = Some(error),
                Err(error) => return Err(error),
            }
        }
        Err(failure.unwrap_or(ClientError::Unreachable { tried: "no node given".to_owned() }))
    }

    async fn thing_receipt_at(
        &self,
        nodes: &NodeClient,
        key: &StateKey,
        as_of: Option<TimeMs>,
    ) -> Result<(ThingReceipt, Vec<u8>), ClientError> {
        let freshness = self.freshness();
        let node = nodes.connection().first_node();
        let bytes = nodes.thing_receipt(key, as_of).await?;
        let receipt = check_thing_receipt(self.trust(), &bytes).map_err(|error| of_node(&node, error))?;
        if receipt.state(key).is_none() {
            let reason = format!("the receipt does not cover {key}");
            return Err(ClientError::ProofMismatch { node, reason });
        }
        freshness.check_time(&node, &receipt.header, receipt.as_of.as_ref(), as_of)?;
        self.nodes().connection().saw_height(receipt.header.height.0);
        Ok((receipt, bytes))
    }
}

/// What a receipt that cannot be used says about the node that sent it.
fn of_node(node: &str, error: ClientError) -> ClientError {
    match error {
        ClientError::Receipt(error) => receipt_refused(node, error),
        other => other,
    }
}

/// Whether a proven answer is about the document of a question.
fn is_of(answer: &Verified, question: &Question) -> bool {
    let asked = question.document.as_ref().map(|document| document.sha256.to_string());
    asked.is_some() && answer.licence.as_ref().map(|licence| &licence.document_sha256) == asked.as_ref()
}

impl Known {
    fn take(&mut self, answer: Result<(Verified, VerifyAnswer), ClientError>) -> Result<(), ClientError> {
        match answer {
            Ok((verified, said)) => {
                if said.same_document_more {
                    self.open.push(format!("{} knows more records of this document than it lists", verified.node));
                }
                let listed = said.same_document.iter().take(RECORDS_MAX);
                self.listed.extend(listed.filter_map(|name| name.parse::<LicenceRef>().ok()));
                match verified.licence.as_ref().map(|licence| licence.licence.clone()) {
                    Some(licence) if verified.proven => {
                        self.proven.entry(licence).or_insert(verified);
                    }
                    _ => self.absent = self.absent.take().or(Some(verified)),
                }
            }
            Err(error) if error.is_worth_another_node() => {
                self.warnings.push(error.to_string());
                self.failure = Some(error);
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// One answer from all. Among the records of the organisation that recorded the document first, the best one counts, the newest
    /// among equals; a record of another organisation never makes a document valid, and one that says otherwise keeps it from being
    /// called valid.
    fn join(self) -> Result<Verified, ClientError> {
        let Self { proven, absent, mut warnings, failure, open, .. } = self;
        if proven.is_empty() {
            return match (absent, failure) {
                // One node's word for absence does not outweigh another node's broken proof of presence.
                (_, Some(error @ ClientError::ProofMismatch { .. })) => Err(error),
                (Some(mut answer), _) => {
                    answer.warnings = warnings;
                    Ok(answer)
                }
                (None, Some(error)) => Err(error),
                (None, None) => Err(ClientError::Unreachable { tried: "no node given".to_owned() }),
            };
        }
        if let Some(absent) = absent {
            warnings.push(format!("{} says it is not on the ledger, which is wrong", absent.node));
        }
        let mut answers: Vec<Verified> = proven.into_values().collect();
        answers.sort_by_key(record_of);
        let records: Vec<SameDocument> = answers.iter().filter_map(same_document).collect();
        let first = records.first().map(|record| record.issuer.clone());
        let of_first = |answer: &&Verified| answer.licence.as_ref().map(|licence| &licence.issuer) == first.as_ref();
        let best =
            answers.iter().filter(of_first).min_by_key(|answer| (rank(answer.verdict), u64::MAX - record_of(answer)));
        let Some(mut answer) = best.cloned() else {
            return Err(ClientError::Unreachable { tried: "no node gave a record".to_owned() });
        };
        let disagrees =
            records.iter().any(|record| Some(&record.issuer) != first.as_ref() && record.verdict != Verdict::Valid);
        if answer.verdict == Verdict::Valid && (disagrees || !open.is_empty()) {
            answer.verdict = Verdict::Unknown;
            answer.checks.push(verdict::records_check(disagrees));
        }
        warnings.extend(open);
        warnings.append(&mut answer.warnings);
        Ok(Verified { warnings, records, ..answer })
    }
}

fn record_of(answer: &Verified) -> u64 {
    answer.licence.as_ref().map_or(u64::MAX, |licence| licence.record)
}

fn same_document(answer: &Verified) -> Option<SameDocument> {
    let licence = answer.licence.as_ref()?;
    Some(SameDocument {
        licence: licence.licence.clone(),
        issuer: licence.issuer.clone(),
        province: licence.province.clone(),
        record: licence.record,
        verdict: answer.verdict,
    })
}

/// Order of verdicts where one organisation recorded a document for several licences: the lowest answers.
fn rank(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Valid => 0,
        Verdict::NotYetValid => 1,
        Verdict::Suspended => 2,
        Verdict::Superseded => 3,
        Verdict::Expired => 4,
        Verdict::Revoked => 5,
        Verdict::Invalid => 6,
        Verdict::Unknown => 7,
    }
}

#[cfg(test)]
#[path = "many_tests.rs"]
mod tests;
