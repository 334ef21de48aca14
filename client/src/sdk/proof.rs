//! What to believe of a node's answer: only what its proofs support under the pinned trust root.
//!
//! The verdict is computed here again, with [`verdict::judge`], from the proven record and state; the node's word is
//! only compared with it. Not being on the ledger is the one answer that has no proof (the index of first issues is not
//! authenticated): it is reported as not proven, and several nodes are asked where several are known.

use base64::Engine as _;
use huxin_chain_spec::api::{AsOfAnswer, LicenceAnswer, VerifyAnswer, VerifyQuestion};
use huxin_chain_spec::block::Header;
use huxin_chain_spec::crypto::DigestAlgorithm;
use huxin_chain_spec::ids::{LicenceId, LicenceRef, TimeMs};
use huxin_chain_spec::receipt::{AsOf, Receipt, ReceiptError};
use huxin_chain_spec::record::Record;
use huxin_chain_spec::record::licence::{Document, Licence};
use huxin_chain_spec::state::LicenceState;
use huxin_chain_spec::verdict::{self, Check, CheckResult, Content, Evidence, Identifier, StateAt, Verdict};
use serde::Serialize;

use super::trust::TrustRoot;
use crate::error::{ClientError, ExitCode};

/// What stays open in an answer about a file where it was not proven that there is no other record of it.
pub(super) const OTHER_RECORDS: &str = "other records of this document";

/// What is asked about.
#[derive(Debug, Clone)]
pub enum Subject {
    /// A licence by its identifier. Only its reference is sent.
    Identifier(LicenceId),
    /// A licence by its reference on the ledger.
    Reference(LicenceRef),
    /// A licence by the file in [`Question::document`].
    Document,
}

/// A question about one licence.
#[derive(Debug, Clone)]
pub struct Question {
    pub subject: Subject,
    /// The file at hand, if there is one.
    pub document: Option<Document>,
    /// The time asked about; now if `None`.
    pub as_of: Option<TimeMs>,
}

impl Question {
    /// The question as a node understands it, with proofs.
    pub fn to_wire(&self, algorithm: DigestAlgorithm) -> VerifyQuestion {
        let sha256 = self.document.as_ref().map(|document| document.sha256.to_string());
        let mut wire = VerifyQuestion {
            licence: self.reference(algorithm).map(|reference| reference.to_string()),
            as_of: self.as_of.map(|time| time.to_string()),
            proof: Some(true),
            ..VerifyQuestion::default()
        };
        match self.subject {
            Subject::Document => wire.sha256 = sha256,
            _ => wire.document_sha256 = sha256,
        }
        wire
    }

    /// SHA-256 of the file at hand; empty without one.
    pub(super) fn sha256(&self) -> String {
        self.document.as_ref().map(|document| document.sha256.to_string()).unwrap_or_default()
    }

    fn reference(&self, algorithm: DigestAlgorithm) -> Option<LicenceRef> {
        match &self.subject {
            Subject::Identifier(id) => Some(LicenceRef::of(algorithm, id)),
            Subject::Reference(reference) => Some(*reference),
            Subject::Document => None,
        }
    }

    fn identifier(&self) -> Identifier {
        match &self.subject {
            Subject::Identifier(id) => Identifier::of(id),
            _ => Identifier::NotGiven,
        }
    }
}

/// How new the newest block must be for a question about now.
#[derive(Debug, Clone, Copy)]
pub struct Freshness {
    /// This machine's clock.
    pub now: TimeMs,
    /// Greatest accepted age of the newest block, in seconds.
    pub age_s_max: u64,
    /// Greatest height seen before the question was asked.
    pub height_min: u64,
}

impl Freshness {
    /// Refuses a block that is older than "now" may be, or than what was seen before.
    pub(super) fn check(&self, node: &str, header: &Header) -> Result<(), ClientError> {
        if header.height.0 < self.height_min {
            let reason =
                format!("it speaks for height {}, but height {} was seen before", header.height, self.height_min);
            return Err(ClientError::ProofMismatch { node: node.to_owned(), reason });
        }
        let age_s = self.now.ms_since(header.time_ms) / 1_000;
        if age_s > self.age_s_max {
            let (node, age_s_max) = (node.to_owned(), self.age_s_max);
            return Err(ClientError::Stale { node, height: header.height.0, age_s, age_s_max });
        }
        Ok(())
    }
}

impl Freshness {
    /// Refuses a receipt that is not about the time asked about, or that is too old to speak for it.
    pub(super) fn check_time(
        &self,
        node: &str,
        header: &Header,
        given: Option<&AsOf>,
        asked: Option<TimeMs>,
    ) -> Result<(), ClientError> {
        match (asked, given) {
            (None, None) => self.check(node, header),
            // Without a next block, nothing but its age shows that the block was the last one at that time.
            (Some(time), Some(AsOf { time_ms, next: None })) if *time_ms == time => self.check(node, header),
            (Some(time), Some(AsOf { time_ms, .. })) if *time_ms == time => Ok(()),
            _ => {
                let reason = "the receipt is not about the time asked about".to_owned();
                Err(ClientError::ProofMismatch { node: node.to_owned(), reason })
            }
        }
    }
}

/// An answer that this client vouches for.
#[derive(Debug, Clone, Serialize)]
pub struct Verified {
    pub verdict: Verdict,
    /// Whether a proof under the pinned trust root supports the verdict. False only for "not on the ledger".
    pub proven: bool,
    pub checks: Vec<Check>,
    pub as_of: AsOfAnswer,
    /// Names of checks that nobody made.
    pub not_checked: Vec<String>,
    /// The licence as the proven record has it.
    pub licence: Option<LicenceAnswer>,
    /// For a question by file alone: every licence of this very document that any node knows, each proven by itself.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub records: Vec<SameDocument>,
    /// The node that answered.
    pub node: String,
    /// What went wrong at other nodes on the way to this answer.
    pub warnings: Vec<String>,
    /// The receipt that proves it, as file bytes.
    #[serde(skip)]
    pub receipt: Option<Vec<u8>>,
    /// Height of the newest block that the proofs show; 0 where nothing is proven. Of two answers about one licence, the higher one counts.
    #[serde(skip)]
    pub proven_height: u64,
}

impl Verified {
    /// How a command ends with this answer. *Unknown* is two things: not on the ledger, and on it with its state left open.
    pub fn exit_code(&self) -> ExitCode {
        match self.verdict {
            Verdict::Valid => ExitCode::Success,
            Verdict::Unknown if self.is_left_open() => ExitCode::NotChecked,
            Verdict::Unknown => ExitCode::NotOnLedger,
            _ => ExitCode::Refused,
        }
    }

    /// Whether the licence is on the ledger, but what was shown does not decide its state.
    pub fn is_left_open(&self) -> bool {
        let is_recorded = |check: &Check| check.name == "recorded" && check.result == CheckResult::Pass;
        self.verdict == Verdict::Unknown && self.checks.iter().any(is_recorded)
    }
}

/// One of the licences that are recorded with one document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SameDocument {
    /// Reference on the ledger.
    pub licence: String,
    pub issuer: String,
    pub province: String,
    /// Index of its record: the lowest is the first to have recorded the document.
    pub record: u64,
    pub verdict: Verdict,
}

/// Checks a node's answer against its proofs, and gives the answer that follows from them.
///
/// # Errors
/// [`ClientError::ProofMismatch`] where the proofs do not support the answer, [`ClientError::Stale`] where they are too
/// old, [`ClientError::Receipt`] where they belong to another chain.
pub fn check_answer(
    trust: &TrustRoot,
    algorithm: DigestAlgorithm,
    freshness: &Freshness,
    question: &Question,
    node: &str,
    answer: &VerifyAnswer,
) -> Result<Verified, ClientError> {
    let checker = Checker { trust, algorithm, freshness, question, node };
    let now = answer.proof_now.as_deref().map(|proof| checker.read(proof, false)).transpose()?;
    // Beside a proof about now, which holds every change with both of its times, one about the past may end before the pinned head.
    let may_be_old = question.as_of.is_some() && now.is_some();
    let then = answer.proof.as_deref().map(|proof| checker.read(proof, may_be_old)).transpose()?;
    match (then, now, question.as_of) {
        (None, None, _) if answer.verdict == Verdict::Unknown.as_str() => Ok(checker.not_recorded(answer)),
        (None, None, _) => Err(checker.mismatch(format!("it says {} and gives no proof", answer.verdict))),
        (Some(proof), None, None) => checker.now(answer, proof),
        (Some(proof), now, Some(time)) => checker.past(answer, proof, now, time),
        (None, Some(now), Some(time)) => checker.recorded_later(answer, now, time),
        (_, Some(_), None) => Err(checker.mismatch("it proves two states for a question about one".to_owned())),
    }
}

/// A receipt whose proofs hold.
pub(super) struct Held {
    pub receipt: Receipt,
    pub bytes: Vec<u8>,
    pub block: huxin_chain_spec::crypto::Digest,
    pub state: Option<LicenceState>,
}

struct Checker<'a> {
    trust: &'a TrustRoot,
    algorithm: DigestAlgorithm,
    freshness: &'a Freshness,
    question: &'a Question,
    node: &'a str,
}

impl Checker<'_> {
    fn mismatch(&self, reason: String) -> ClientError {
        ClientError::ProofMismatch { node: self.node.to_owned(), reason }
    }

    /// Reads a receipt, checks all its proofs, and that it is about the licence in question.
    fn read(&self, proof: &str, may_be_old: bool) -> Result<Held, ClientError> {
        let bytes = base64::engine::general_purpose::STANDARD
            .decode(proof)
            .map_err(|error| self.mismatch(format!("the proof is not base64: {error}")))?;
        let refused = |error| receipt_refused(self.node, error);
        let receipt = Receipt::from_bytes(&bytes).map_err(refused)?;
        let checked = if may_be_old { self.trust.check_past(&receipt) } else { self.trust.check(&receipt) };
        let proven = checked.map_err(refused)?;
        let state =
            proven.status.ok_or_else(|| self.mismatch("the proof leaves the licence's state open".to_owned()))?;
        let held = Held { receipt, bytes, block: proven.block, state };
        let licence = licence_of(&held.receipt.record);
        let licence =
            licence.ok_or_else(|| self.mismatch("the proven record brings no licence into being".to_owned()))?;
        self.check_subject(licence)?;
        Ok(held)
    }

    fn check_subject(&self, licence: &Licence) -> Result<(), ClientError> {
        let is_asked = match (self.question.reference(self.algorithm), &self.question.document) {
            (Some(reference), _) => licence.licence == reference,
            // That the file is one of the licence's is checked with the newest state, in `conclude`.
            (None, document) => document.is_some(),
        };
        if is_asked { Ok(()) } else { Err(self.mismatch("the proof is about another licence".to_owned())) }
    }

    /// The newest block shown must be new enough for "now" to mean anything.
    fn check_fresh(&self, held: &Held) -> Result<(), ClientError> {
        self.freshness.check(self.node, &held.receipt.header)
    }

    fn now(&self, answer: &VerifyAnswer, proof: Held) -> Result<Verified, ClientError> {
        if proof.receipt.as_of.as_ref().is_some_and(|as_of| as_of.next.is_some()) {
            return Err(self.mismatch("the proof is about the past, the question about now".to_owned()));
        }
        self.check_fresh(&proof)?;
        let time = proof.receipt.header.time_ms;
        self.conclude(answer, &proof, None, time)
    }

    fn past(
        &self,
        answer: &VerifyAnswer,
        proof: Held,
        now: Option<Held>,
        time: TimeMs,
    ) -> Result<Verified, ClientError> {
        let as_of = proof.receipt.as_of.as_ref().filter(|as_of| as_of.time_ms == time);
        let as_of = as_of.ok_or_else(|| self.mismatch(format!("the proof is not about {time}")))?;
        // The time the answer is for: where no next block bounds the time asked about, nothing signs it.
        let mut proven_time = proof.receipt.proven_time();
        match (&as_of.next, &now) {
            (None, None) => self.check_fresh(&proof)?,
            (Some(_), None) => {
                return Err(self.mismatch("it does not show whether the licence changed later".to_owned()));
            }
            (next, Some(now)) => {
                self.check_fresh(now)?;
                if now.receipt.index != proof.receipt.index || now.receipt.record != proof.receipt.record {
                    return Err(self.mismatch("its two proofs are about different records".to_owned()));
                }
                let (then, newest) = (&proof.receipt.header, &now.receipt.header);
                // Without a next block, the block itself must be the newest, or the newest must be the next.
                let follows = newest.parent == proof.block && newest.time_ms > time;
                if follows {
                    proven_time = time;
                }
                if next.is_none() && now.block != proof.block && !follows {
                    return Err(
                        self.mismatch(format!("height {} is not shown to be the last one at {time}", then.height))
                    );
                }
            }
        }
        self.conclude(answer, &proof, now.as_ref().filter(|now| now.block != proof.block), proven_time)
    }

    fn recorded_later(&self, answer: &VerifyAnswer, now: Held, time: TimeMs) -> Result<Verified, ClientError> {
        self.check_fresh(&now)?;
        if now.receipt.record.time_ms <= time {
            return Err(
                self.mismatch(format!("the licence was on the ledger at {time}, but its state then is not proven"))
            );
        }
        self.conclude(answer, &now, None, time)
    }

    fn conclude(
        &self,
        answer: &VerifyAnswer,
        proof: &Held,
        now: Option<&Held>,
        time: TimeMs,
    ) -> Result<Verified, ClientError> {
        let record = &proof.receipt.record;
        let licence = licence_of(record).ok_or_else(|| self.mismatch("the record makes no licence".to_owned()))?;
        let document = self.question.document.as_ref();
        let newest = StateAt::held(now.and_then(|now| now.state.as_ref()).or(proof.state.as_ref()));
        let content = |is_it: &dyn Fn(&Document, &Document) -> bool| {
            document.map_or(Content::NotGiven, |given| Content::of(licence, newest, time, |known| is_it(given, known)))
        };
        let told = content(&|given, known| given.sha256 == known.sha256);
        if self.question.reference(self.algorithm).is_none() && told == Content::Differs {
            return Err(self.mismatch("the proof is about another licence".to_owned()));
        }
        let judge = |content, identifier| {
            verdict::judge(&Evidence {
                licence,
                recorded_ms: record.time_ms,
                state_then: StateAt::held(proof.state.as_ref()),
                state_now: now.and_then(|now| now.state.as_ref()),
                as_of_ms: time,
                recorder: record.organisation,
                competence: record.competence,
                content,
                identifier,
                proven: true,
            })
        };
        // The node was told SHA-256 and, unless it was asked by identifier, the reference only. What the identifier
        // claims, SM3 and length are compared here.
        let identifier = self.question.identifier();
        let possible = [Identifier::NotGiven, identifier].map(|said| judge(told, said).0);
        let mut warnings = Vec::new();
        match Verdict::from_word(&answer.verdict) {
            Some(said) if possible.contains(&said) => {}
            // Another record of the same document may say otherwise, which keeps a node from calling it valid: see `many`.
            Some(Verdict::Unknown) if matches!(self.question.subject, Subject::Document) => {}
            Some(said) => {
                let shown = possible[0].as_str();
                return Err(self.mismatch(format!("it says {}, the proof says {shown}", said.as_str())));
            }
            // A later version may have a word for what this one computes otherwise: no lie, and not believed either.
            None => warnings.push(format!(
                "{0} 的结论属于本程序不认识的较新版本，所示为其证明的内容 {0} answers with a verdict of a newer version that this program does \
                 not know; shown is what its proof says",
                self.node
            )),
        }
        let (verdict, checks) = judge(content(&same_document), identifier);
        let mut not_checked = not_checked(licence);
        if matches!(self.question.subject, Subject::Document) {
            // Which of a document's records a node shows is its choice; `many` proves whether there are others.
            not_checked.push(OTHER_RECORDS.to_owned());
        }
        Ok(Verified {
            verdict,
            proven: true,
            checks,
            as_of: AsOfAnswer { height: proof.receipt.header.height.0, time_ms: time.0, time: time.to_string() },
            not_checked,
            licence: Some(LicenceAnswer::of(record, licence, proof.receipt.index, newest, None)),
            records: Vec::new(),
            node: self.node.to_owned(),
            warnings,
            // The newest state holds every change, so its receipt proves both answers about a past time.
            receipt: Some(now.unwrap_or(proof).bytes.clone()),
            proven_height: now.unwrap_or(proof).receipt.header.height.0,
        })
    }

    fn not_recorded(&self, answer: &VerifyAnswer) -> Verified {
        let (verdict, checks) = verdict::not_recorded(self.question.identifier());
        Verified {
            verdict,
            proven: false,
            checks,
            as_of: answer.as_of.clone(),
            not_checked: vec![
                "除是否在账外的一切；账本上没有仅为该节点所述 everything but presence; absence is this node's word, not proven".to_owned(),
            ],
            licence: None,
            records: Vec::new(),
            node: self.node.to_owned(),
            warnings: Vec::new(),
            receipt: None,
            proven_height: 0,
        }
    }
}

/// What a receipt that cannot be used says about the node that sent it: another version, another chain, or a lie.
pub(super) fn receipt_refused(node: &str, error: ReceiptError) -> ClientError {
    match error {
        ReceiptError::WrongTrustRoot { .. } => ClientError::Receipt(error),
        ReceiptError::PathNeeded { known, since } => ClientError::PathNeeded { node: node.to_owned(), known, since },
        error if error.is_other_version() => {
            ClientError::OtherVersion { node: node.to_owned(), reason: error.to_string() }
        }
        error => ClientError::ProofMismatch { node: node.to_owned(), reason: error.to_string() },
    }
}

/// What a receipt that cannot be used says about the node that sent it; other errors unchanged.
pub(super) fn of_node(node: &str, error: ClientError) -> ClientError {
    match error {
        ClientError::Receipt(error) => receipt_refused(node, error),
        other => other,
    }
}

/// The licence that a record brings into being.
pub fn licence_of(record: &Record) -> Option<&Licence> {
    record.operation.new_licence()
}

/// Whether a file at hand is the recorded one: every digest that both have, and the length.
pub fn same_document(given: &Document, recorded: &Document) -> bool {
    let sm3_agrees = match (given.sm3, recorded.sm3) {
        (Some(given), Some(recorded)) => given == recorded,
        _ => true,
    };
    given.sha256 == recorded.sha256 && sm3_agrees && given.size_bytes == recorded.size_bytes
}

/// What neither node nor client has looked at.
fn not_checked(licence: &Licence) -> Vec<String> {
    let mut names = vec!["holder".to_owned(), "issuer's own registers".to_owned()];
    if licence.seal.is_some() {
        names.push("seal".to_owned());
    }
    names
}

#[cfg(test)]
#[path = "proof_tests.rs"]
mod tests;
