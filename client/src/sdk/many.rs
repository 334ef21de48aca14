//! What must not depend on which node answers: the records of one document, and receipts that are fetched to be kept.
//!
//! Which record a node shows for a document is its choice. So every node is asked, and then the ledger itself: its list of the
//! licences of a file, or the proof that it holds no such list, shows that no record is missing. Every record is proven by itself, and
//! where the organisations that recorded the document disagree, none of them decides: the answer is *unknown* until the issuer is named.

use std::collections::BTreeMap;

use futures::future::join_all;
use huxin_chain_spec::api::VerifyAnswer;
use huxin_chain_spec::codec;
use huxin_chain_spec::ids::{LicenceRef, RecordIndex, TimeMs, Uscc};
use huxin_chain_spec::receipt::{Receipt, ThingReceipt};
use huxin_chain_spec::state::{DocumentState, STATE_BYTES_MAX, StateKey};
use huxin_chain_spec::verdict::{self, Verdict};

use super::client::{Client, absent_or, also_absent, clock, wrongly_absent};
use super::failures::Failures;
use super::node_client::NodeClient;
use super::proof::{
    Freshness, OTHER_RECORDS, Question, SameDocument, Subject, Verified, check_answer, licence_of, of_node,
};
use super::thing::check_thing_receipt;
use crate::error::ClientError;

/// Most records of one document that are looked at: as many as a node lists.
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
    /// Each licence of the document with its newest proven answer.
    proven: BTreeMap<LicenceRef, Verified>,
    /// Every licence that a node names, with the positions of the nodes that do.
    named: BTreeMap<LicenceRef, Vec<usize>>,
    /// Nodes that say they know more licences than they list.
    more: Vec<String>,
    /// The licences that the ledger lists, by proof; `None` where that could not be had.
    list: Option<DocumentState>,
    absent: Option<Verified>,
    failures: Failures,
    /// Records that could not be looked at.
    open: Vec<String>,
}

impl Client {
    /// The answer about a document by the word of one organisation alone, out of the answer `joined` that every node was asked for: the
    /// best of its records, proven by itself; *unknown* where only others recorded it. All records stay in the answer.
    ///
    /// # Errors
    /// Those of [`Client::verify`].
    pub async fn of_issuer(
        &self,
        question: &Question,
        joined: Verified,
        issuer: &Uscc,
    ) -> Result<Verified, ClientError> {
        if joined.records.is_empty() {
            return Ok(joined);
        }
        let issuer = issuer.to_string();
        let own = joined.records.iter().filter(|record| record.issuer == issuer);
        let best = own.min_by_key(|record| (rank(record.verdict), u64::MAX - record.record));
        let Some(reference) = best.and_then(|record| record.licence.parse::<LicenceRef>().ok()) else {
            let mut joined = Verified { verdict: Verdict::Unknown, licence: None, receipt: None, ..joined };
            joined.checks.retain(|check| check.name == "recorded");
            // Where not every record could be looked at, the issuer's own may be among the others.
            let is_open = joined.not_checked.iter().any(|name| name == OTHER_RECORDS);
            joined.checks.push(if is_open { verdict::records_check(false) } else { verdict::records_of_others() });
            return Ok(joined);
        };
        let named = Question { subject: Subject::Reference(reference), ..question.clone() };
        let mut answer = self.verify(&named).await?;
        answer.records = joined.records;
        answer.warnings.extend(joined.warnings);
        Ok(answer)
    }

    /// Asks every node about a document, proves every record of it, and joins the answers.
    pub(super) async fn verify_document(&self, question: &Question) -> Result<Verified, ClientError> {
        let nodes = self.nodes().each();
        let answers = join_all(nodes.iter().map(|node| self.document_at(node, question))).await;
        let mut known = Known::default();
        for (position, answer) in answers.into_iter().enumerate() {
            known.take(position, answer);
        }
        if !known.named.is_empty() || known.absent.is_some() {
            self.prove_list(&mut known, question).await;
        }
        self.prove_named(&nodes, &mut known, question).await;
        known.judge_list();
        known.join(&question.sha256(), question.as_of)
    }

    /// Adds every licence that the ledger lists for the document. The list is read as of a block that is at least as new as every proof
    /// so far, so a record that is missing from both came later.
    async fn prove_list(&self, known: &mut Known, question: &Question) {
        let Some(sha256) = question.document.as_ref().map(|document| document.sha256) else { return };
        let key = StateKey::Document(sha256);
        let list = match self.thing_receipt(&key, None).await {
            Ok((receipt, _)) => match receipt.state(&key).flatten() {
                Some(bytes) => {
                    codec::decode::<DocumentState>(bytes, STATE_BYTES_MAX).map_err(|error| error.to_string())
                }
                None => Ok(DocumentState::default()),
            },
            Err(error) => Err(error.in_both()),
        };
        match list {
            Ok(list) => {
                for listed in &list.licences {
                    known.named.entry(listed.licence).or_default();
                }
                known.list = Some(list);
            }
            Err(reason) => known.open.push(format!(
                "未能取得账本所列该文件的全部证照 the ledger's list of the licences of this document could not be had: {reason}"
            )),
        }
    }

    async fn document_at(
        &self,
        nodes: &NodeClient,
        question: &Question,
    ) -> Result<(Verified, VerifyAnswer), ClientError> {
        let algorithm = self.chain().algorithm();
        let freshness = self.freshness();
        let (node, answer) = nodes.verify(&question.to_wire(algorithm)).await?;
        let check = || check_answer(self.trust(), algorithm, &freshness, question, &node, &answer);
        let verified = self.led(nodes, check).await?;
        if verified.proven {
            self.nodes().connection().saw_height(verified.proven_height);
        } else {
            self.check_chain(nodes).await?;
        }
        Ok((verified, answer))
    }

    /// Proves each licence that a node only names, and once more each one that was shown as of an older block than another node shows:
    /// a change in between would be missing.
    async fn prove_named(&self, nodes: &[NodeClient], known: &mut Known, question: &Question) {
        let newest = known.proven.values().map(|answer| answer.proven_height).max().unwrap_or(0);
        for (reference, by) in std::mem::take(&mut known.named) {
            let shown = known.proven.get(&reference).map(|answer| answer.proven_height);
            if shown == Some(newest) {
                continue;
            }
            if shown.is_none() && known.proven.len() >= RECORDS_MAX {
                known.open.push(format!(
                    "该文件的记录超过 {RECORDS_MAX} 条 more than {RECORDS_MAX} records of this document"
                ));
                break;
            }
            let named = Question { subject: Subject::Reference(reference), ..question.clone() };
            let (found, unable) = self.prove_at_any(nodes, &by, &named, known).await;
            match (found, unable) {
                (Some(answer), _) => known.keep(reference, answer),
                // The node that names it could not be asked for the proof: it may exist.
                (None, Some(unable)) if shown.is_none() => known.open.push(format!("{reference}: {unable}")),
                _ => {}
            }
        }
    }

    /// The proven answer of any node, those that name the licence first. Without one, why a node that names it was unable to answer;
    /// `None` where each gave an answer that does not hold, which is that node's fault and decides nothing.
    async fn prove_at_any(
        &self,
        nodes: &[NodeClient],
        by: &[usize],
        question: &Question,
        known: &mut Known,
    ) -> (Option<Verified>, Option<String>) {
        let mut unable = None;
        let others = (0..nodes.len()).filter(|position| !by.contains(position));
        for position in by.iter().copied().chain(others) {
            let (Some(node), names_it) = (nodes.get(position), by.contains(&position)) else { continue };
            match self.verify_at(node, question).await {
                Ok(answer) if answer.proven && is_of(&answer, question) => return (Some(answer), None),
                Ok(answer) if names_it => known.failures.warnings.push(contradicts(&answer, question)),
                Ok(_) => {}
                Err(error) if names_it && is_unable(&error) => unable = Some(error.in_both()),
                Err(error) => known.failures.warnings.push(error.in_both()),
            }
        }
        (None, unable)
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
        let (mut absent, mut failures) = (None, Failures::default());
        for node in self.nodes().each() {
            match self.receipt_at(&node, subject, as_of).await {
                Ok(found) => return Ok(found),
                Err(error @ ClientError::Refused { status: 404, .. }) => match self.check_chain(&node).await {
                    Ok(()) => absent = absent.or(Some(error)),
                    Err(another) => failures.add(another),
                },
                Err(error) => failures.add(error),
            }
        }
        // One node's word for absence does not outweigh what went wrong at another.
        match absent {
            Some(absent) if failures.warnings.is_empty() => Err(absent),
            _ => Err(failures.into_error()),
        }
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
        let receipt = self.led(nodes, || self.check_receipt(&bytes)).await.map_err(|error| of_node(&node, error))?;
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
        let mut failures = Failures::default();
        for node in self.nodes().each() {
            match self.thing_receipt_at(&node, key, as_of).await {
                Ok(found) => return Ok(found),
                Err(error) => failures.add(error),
            }
        }
        Err(failures.into_error())
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
        let check = || check_thing_receipt(self.trust(), &bytes);
        let receipt = self.led(nodes, check).await.map_err(|error| of_node(&node, error))?;
        if receipt.state(key).is_none() {
            let reason = format!("the receipt does not cover {key}");
            return Err(ClientError::ProofMismatch { node, reason });
        }
        freshness.check_time(&node, &receipt.header, receipt.as_of.as_ref(), as_of)?;
        self.nodes().connection().saw_height(receipt.header.height.0);
        Ok((receipt, bytes))
    }
}

/// Whether a proven answer is about the document of a question.
fn is_of(answer: &Verified, question: &Question) -> bool {
    let asked = question.document.as_ref().map(|document| document.sha256.to_string());
    asked.is_some_and(|sha256| knows_file(answer, &sha256))
}

/// Whether the file was ever one of the licence's.
fn knows_file(answer: &Verified, sha256: &str) -> bool {
    answer.licence.as_ref().is_some_and(|licence| licence.file_record(sha256).is_some())
}

/// What a node says that names a licence of a document and then answers otherwise.
fn contradicts(answer: &Verified, question: &Question) -> String {
    let node = &answer.node;
    let name = match question.subject {
        Subject::Reference(reference) => reference.to_string(),
        _ => String::new(),
    };
    if answer.proven {
        format!("{node} 列出的 {name} 属于另一文件 {node} lists {name}, which is of another document")
    } else {
        format!("{node} 列出的 {name} 不在账本上 {node} lists {name}, which is not on the ledger")
    }
}

/// Whether a node was unable to answer, which says nothing about what it said before. An answer that does not hold is another matter.
fn is_unable(error: &ClientError) -> bool {
    match error {
        ClientError::Unreachable { .. }
        | ClientError::Proxy { .. }
        | ClientError::Stale { .. }
        | ClientError::PathNeeded { .. }
        | ClientError::OtherVersion { .. } => true,
        ClientError::Refused { .. } => !error.is_refusal_at_door(),
        _ => false,
    }
}

impl Known {
    fn take(&mut self, position: usize, answer: Result<(Verified, VerifyAnswer), ClientError>) {
        let (verified, said) = match answer {
            Ok(answer) => answer,
            Err(error) => return self.failures.add(error),
        };
        let listed = said.same_document.iter().take(RECORDS_MAX);
        let listed: Vec<LicenceRef> = listed.filter_map(|name| name.parse().ok()).collect();
        let shown = verified.licence.as_ref().filter(|_| verified.proven);
        let shown = shown.and_then(|licence| licence.licence.parse::<LicenceRef>().ok());
        for reference in listed.iter().chain(&shown) {
            let by = self.named.entry(*reference).or_default();
            if !by.contains(&position) {
                by.push(position);
            }
        }
        if said.same_document_more {
            self.more.push(verified.node.clone());
        }
        match shown {
            Some(reference) => self.keep(reference, verified),
            None => self.absent = Some(also_absent(self.absent.take(), verified)),
        }
    }

    /// Of two proven answers about one licence, the newer one counts: the older one cannot know of a later change.
    fn keep(&mut self, reference: LicenceRef, answer: Verified) {
        let is_newer = |known: &Verified| known.proven_height >= answer.proven_height;
        if !self.proven.get(&reference).is_some_and(is_newer) {
            self.proven.insert(reference, answer);
        }
    }

    /// What the ledger lists must have been proven, and what a node says beyond it is not believed.
    fn judge_list(&mut self) {
        let Some(list) = &self.list else { return };
        for listed in &list.licences {
            let name = listed.licence.to_string();
            let is_told = self.open.iter().any(|reason| reason.starts_with(&name));
            if !self.proven.contains_key(&listed.licence) && !is_told {
                self.open.push(format!("{name}：账本列出，但未能证明 listed by the ledger and not proven"));
            }
        }
        for province in &list.more {
            self.open.push(format!(
                "省份 {province} 对该文件另有账本未逐一列出的记录 province {province} recorded this document more often than the ledger lists"
            ));
        }
        for node in std::mem::take(&mut self.more).iter().filter(|_| list.more.is_empty()) {
            self.failures.warnings.push(format!(
                "{node} 称该文件另有未列出的记录，账本的证明并非如此 {node} says that it knows more records of this document, which the ledger's proof denies"
            ));
        }
    }

    /// One answer from all about the file with this SHA-256. Of the records of one organisation the best counts, the newest among equals. Anybody
    /// may record a digest, also before the issuer does: where the organisations disagree, the verdict is unknown, whoever came first. About
    /// a past time the records count that named the file by then, if any did: one made later says nothing of that time.
    fn join(self, sha256: &str, as_of: Option<TimeMs>) -> Result<Verified, ClientError> {
        let Self { proven, list, absent, failures, open, .. } = self;
        if proven.is_empty() {
            return absent_or(absent, failures);
        }
        let mut warnings = failures.warnings;
        warnings.extend(absent.map(|absent| wrongly_absent(&absent.node)));
        let mut answers: Vec<Verified> = proven.into_values().collect();
        // The first to record the file counts, not the one whose licence is the oldest: a file may have been attached later.
        answers.sort_by_key(|answer| file_record_of(answer, sha256));
        let records: Vec<SameDocument> = answers.iter().filter_map(same_document).collect();
        let in_time = |answer: &&Verified| as_of.is_none_or(|at| named_by(answer, sha256, at));
        let mut counted: Vec<&Verified> = answers.iter().filter(in_time).collect();
        if counted.is_empty() {
            counted = answers.iter().collect();
        }
        let issuer = |answer: &Verified| answer.licence.as_ref().map(|licence| licence.issuer.clone());
        let first = counted.first().and_then(|answer| issuer(answer));
        let of_first = counted.iter().filter(|answer| issuer(answer) == first);
        let best = of_first.min_by_key(|answer| (rank(answer.verdict), u64::MAX - record_of(answer)));
        let Some(mut answer) = best.map(|best| (*best).clone()) else {
            return Err(ClientError::Unreachable { tried: "no node gave a record".to_owned() });
        };
        let best_of = |issuer_of: Option<String>| {
            let own = counted.iter().filter(|one| issuer(one) == issuer_of);
            own.map(|one| rank(one.verdict)).min()
        };
        let disagrees = counted.iter().any(|one| best_of(issuer(one)) != Some(rank(answer.verdict)));
        if disagrees || answer.verdict == Verdict::Valid && !open.is_empty() {
            answer.verdict = Verdict::Unknown;
            answer.checks.push(verdict::records_check(disagrees));
        }
        if list.is_some() && open.is_empty() {
            answer.not_checked.retain(|name| name != OTHER_RECORDS);
        }
        warnings.extend(open);
        warnings.append(&mut answer.warnings);
        Ok(Verified { warnings, records, ..answer })
    }
}

/// The record by which the ledger first knew the file for one of the licence's.
fn file_record_of(answer: &Verified, sha256: &str) -> u64 {
    answer.licence.as_ref().and_then(|licence| licence.file_record(sha256)).map_or(u64::MAX, |(record, _)| record)
}

/// Whether the ledger named the file for the answer's licence by a time.
fn named_by(answer: &Verified, sha256: &str, at: TimeMs) -> bool {
    let named = answer.licence.as_ref().and_then(|licence| licence.file_record(sha256));
    named.and_then(|(_, time)| time.parse::<TimeMs>().ok()).is_some_and(|time| time <= at)
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
