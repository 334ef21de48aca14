//! From the ledger to an answer about a licence. No HTTP here.
//!
//! The verdict itself is [`verdict::judge`], the same function the client uses on proven evidence. This module gathers
//! the evidence: the record, the licence's state at the block asked about, and its state now. Where a proof is attached,
//! the evidence is taken out of that very proof, so that verdict and proof never speak for different blocks.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use huxin_chain_spec::api::{AsOfAnswer, LicenceAnswer, VerifyAnswer};
use huxin_chain_spec::codec;
use huxin_chain_spec::crypto::Digest;
use huxin_chain_spec::ids::{
    Height, IdError, LicenceId, LicenceIssuer, LicenceProfile, LicenceRef, RecordIndex, TimeMs, Uscc,
};
use huxin_chain_spec::receipt::Receipt;
use huxin_chain_spec::record::licence::Licence;
use huxin_chain_spec::record::{Operation, Record};
use huxin_chain_spec::state::{DocumentLicence, LicenceState, STATE_BYTES_MAX};
use huxin_chain_spec::verdict::{self, Check, CheckResult, Content, Evidence, Identifier, StateAt, Verdict};

use crate::http::ApiError;
use crate::ledger::{Ledger, ReceiptAt};

/// Every check there is, in the order of the answer.
const CHECKS: [&str; 9] =
    ["recorded", "content", "identifier", "issuer", "competence", "status", "validity", "seal", "finality"];

/// Most licences of one document that an answer lists.
const SAME_DOCUMENT_MAX: usize = 64;

/// What is asked about a licence, besides which one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Question {
    /// The time asked about; now if absent.
    pub as_of: Option<TimeMs>,
    /// Whether proofs are wanted.
    pub proof: bool,
    pub document: Document,
    pub identifier: Identifier,
    /// Whether a receipt was given and holds.
    pub proven: bool,
}

/// What is known about the file in the asker's hands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Document {
    NotGiven,
    /// Its SHA-256, to be compared.
    Sha256(Digest),
}

impl Question {
    /// A question without file or identifier.
    pub(super) fn new(as_of: Option<TimeMs>, proof: bool) -> Self {
        Self { as_of, proof, document: Document::NotGiven, identifier: Identifier::NotGiven, proven: false }
    }
}

/// Reads a licence as people write it: the identifier, or its reference in 64 hexadecimal characters. A wrong check
/// character is a warning in the answer and no fault, since some issuing systems compute it differently.
pub(super) fn licence_ref(ledger: &Ledger, text: &str) -> Result<(LicenceRef, Identifier), IdError> {
    if let Ok(licence) = text.parse::<LicenceRef>() {
        return Ok((licence, Identifier::NotGiven));
    }
    identified(ledger, text)
}

/// As [`licence_ref`], for the identifier only.
pub(super) fn identified(ledger: &Ledger, text: &str) -> Result<(LicenceRef, Identifier), IdError> {
    let id = match LicenceId::parse(text, LicenceProfile::Lenient) {
        Err(IdError::CheckCharacter { .. }) => LicenceId::from_structure(text)?,
        parsed => parsed?,
    };
    // The ledger knows a licence by who issued it, which such an identifier does not say: not found would be no answer.
    if let LicenceIssuer::Region(region) = id.issuer() {
        return Err(IdError::LicenceIssuer { found: region.to_string() });
    }
    Ok((LicenceRef::of(ledger.algorithm(), &id), Identifier::of(&id)))
}

/// Answers about the licence with this reference.
pub(super) fn by_licence(ledger: &Ledger, licence: &LicenceRef, question: &Question) -> Result<VerifyAnswer, ApiError> {
    match ledger.issued_at(licence)? {
        Some(index) => by_record(ledger, index, question),
        None => not_recorded(ledger, question.as_of, question.identifier),
    }
}

/// Answers about the licence one of whose files has this SHA-256, and lists every licence recorded with it. Where one organisation recorded
/// a document for several licences, its best verdict counts, and the newest record among equals. Anybody may record a digest, also before
/// the issuer does, and the bytes do not say whose word counts: where the organisations that recorded them disagree, the verdict is
/// unknown, so nobody makes another's document valid, nor invalid.
pub(super) fn by_document(ledger: &Ledger, sha256: &Digest, question: &Question) -> Result<VerifyAnswer, ApiError> {
    let question = Question { document: Document::Sha256(*sha256), ..*question };
    let mut listed = ledger.licences_of_document(sha256)?.unwrap_or_default();
    let more = listed.licences.len() > SAME_DOCUMENT_MAX || !listed.more.is_empty();
    listed.licences.truncate(SAME_DOCUMENT_MAX);
    let Some(Known { best, others_agree, references }) = known_of(ledger, &listed.licences, &question)? else {
        return not_recorded(ledger, question.as_of, question.identifier);
    };
    let mut answer = by_record(ledger, best, &question)?;
    if !others_agree || answer.verdict == Verdict::Valid.as_str() && more {
        answer.verdict = Verdict::Unknown.as_str().to_owned();
        answer.checks.push(verdict::records_check(!others_agree));
    }
    answer.same_document = references;
    answer.same_document_more = more;
    answer.not_checked.push("other records of this document".to_owned());
    Ok(answer)
}

/// What the records of one document say.
struct Known {
    /// The record that answers.
    best: RecordIndex,
    /// Whether every organisation that recorded the document comes to the same verdict.
    others_agree: bool,
    /// Their licences, oldest first.
    references: Vec<String>,
}

fn known_of(ledger: &Ledger, licences: &[DocumentLicence], question: &Question) -> Result<Option<Known>, ApiError> {
    let question = Question { proof: false, ..*question };
    let mut best: Option<(u8, RecordIndex)> = None;
    let mut references = Vec::new();
    // The best verdict of each issuer's records.
    let mut by_issuer: BTreeMap<Uscc, u8> = BTreeMap::new();
    // In the order in which the file was recorded: a file may have been attached to an older licence later. About a past time the records
    // count that named the file by then, if any did.
    let mut in_time = Vec::new();
    for listed in licences {
        let record = ledger.record(listed.recorded_by)?;
        let named = record.map(|(record, _)| record.time_ms);
        if question.as_of.is_none_or(|at| named.is_some_and(|time| time <= at)) {
            in_time.push(listed.licence);
        }
    }
    let counts = |listed: &DocumentLicence| in_time.is_empty() || in_time.contains(&listed.licence);
    let first_issuer = licences.iter().find(|licence| counts(licence)).map(|licence| licence.issuer);
    for listed in licences {
        let Some(index) = ledger.issued_at(&listed.licence)? else { continue };
        let answer = by_record(ledger, index, &question)?;
        references.extend(answer.licence.as_ref().map(|licence| licence.licence.clone()));
        if !counts(listed) {
            continue;
        }
        let rank = rank(&answer.verdict);
        let own = by_issuer.entry(listed.issuer).or_insert(rank);
        *own = rank.min(*own);
        if first_issuer != Some(listed.issuer) {
            continue;
        }
        if best.is_none_or(|(best_rank, best_index)| (rank, best_index) < (best_rank, index)) {
            best = Some((rank, index));
        }
    }
    Ok(best.map(|(rank, best)| {
        let others_agree = by_issuer.values().all(|own| *own == rank);
        Known { best, others_agree, references }
    }))
}

/// Order of verdicts when one document has several: the lower answers.
fn rank(verdict: &str) -> u8 {
    const BEST_FIRST: [Verdict; 8] = [
        Verdict::Valid,
        Verdict::NotYetValid,
        Verdict::Suspended,
        Verdict::Superseded,
        Verdict::Expired,
        Verdict::Revoked,
        Verdict::Invalid,
        Verdict::Unknown,
    ];
    let place = BEST_FIRST.iter().position(|other| other.as_str() == verdict);
    place.and_then(|place| u8::try_from(place).ok()).unwrap_or(u8::MAX)
}

/// A licence at one block.
struct View {
    height: Height,
    time_ms: TimeMs,
    /// Its state; `None` where what is at hand does not cover it, `Some(None)` unchanged since issue.
    state: Option<Option<LicenceState>>,
    source: Source,
}

/// Where a view was read from.
enum Source {
    /// A proof, which goes into the answer.
    Receipt(Box<Receipt>),
    /// The store.
    Record(Box<Record>),
}

impl View {
    fn record(&self) -> &Record {
        match &self.source {
            Source::Receipt(receipt) => &receipt.record,
            Source::Record(record) => record,
        }
    }

    fn state(&self) -> StateAt<'_> {
        StateAt::of_receipt(self.state.as_ref())
    }

    /// The proof in text, if there is one.
    fn proof(&self) -> Option<String> {
        match &self.source {
            Source::Receipt(receipt) => Some(BASE64.encode(receipt.to_bytes())),
            Source::Record(_) => None,
        }
    }
}

/// Answers about the licence that the record at `index` brought into being.
pub(super) fn by_record(ledger: &Ledger, index: RecordIndex, question: &Question) -> Result<VerifyAnswer, ApiError> {
    let now = match proven_view(ledger, index, ReceiptAt::Newest, question.proof)? {
        Some(view) => view,
        None => match ledger.record(index)? {
            Some((record, _)) => stored_view(ledger, Box::new(record), None)?,
            None => return not_recorded(ledger, question.as_of, question.identifier),
        },
    };
    let Some(licence) = new_licence(now.record()) else {
        return not_recorded(ledger, question.as_of, question.identifier);
    };
    let Some(as_of_ms) = question.as_of else {
        return Ok(answer(index, licence, question, now.time_ms, &now, None));
    };
    let then = match proven_view(ledger, index, ReceiptAt::AsOf(as_of_ms), question.proof)? {
        Some(view) => view,
        None => stored_view(ledger, Box::new(now.record().clone()), Some(as_of_ms))?,
    };
    // At or after the newest block there is one state only, and one proof. Nothing signs a time that lies after it, so the answer is
    // for that block's own time.
    let later = (then.height < now.height).then_some(&now);
    Ok(answer(index, licence, question, then.time_ms, &then, later))
}

/// The view that a receipt proves; `None` if no proof is wanted, or the record did not exist at that block.
fn proven_view(ledger: &Ledger, index: RecordIndex, at: ReceiptAt, wanted: bool) -> Result<Option<View>, ApiError> {
    if !wanted {
        return Ok(None);
    }
    let Some(receipt) = ledger.receipt(index, at)? else { return Ok(None) };
    let state = match &receipt.status {
        None => None,
        Some(status) => {
            let state = status.state.as_deref().map(|bytes| codec::decode(bytes, STATE_BYTES_MAX)).transpose();
            Some(state.map_err(|error| ApiError::internal(&error))?)
        }
    };
    let (height, time_ms) = (receipt.header.height, receipt.proven_time());
    Ok(Some(View { height, time_ms, state, source: Source::Receipt(Box::new(receipt)) }))
}

/// The view that the store gives at once.
fn stored_view(ledger: &Ledger, record: Box<Record>, as_of: Option<TimeMs>) -> Result<View, ApiError> {
    let (height, time_ms) = block_at(ledger, as_of)?;
    let state = match licence_of(&record) {
        Some(licence) => Some(ledger.licence_state(&licence, height)?),
        None => None,
    };
    Ok(View { height, time_ms, state, source: Source::Record(record) })
}

/// The block that answers for a time, and the time to show: the one asked about where another block follows, else that block's.
pub(super) fn block_at(ledger: &Ledger, as_of: Option<TimeMs>) -> Result<(Height, TimeMs), ApiError> {
    let tip = ledger.tip();
    Ok(match as_of {
        Some(time) if time < tip.time_ms => (ledger.height_at(time)?.unwrap_or(Height::ZERO), time),
        Some(_) | None => (tip.height, tip.time_ms),
    })
}

fn answer(
    index: RecordIndex,
    licence: &Licence,
    question: &Question,
    as_of_ms: TimeMs,
    then: &View,
    later: Option<&View>,
) -> VerifyAnswer {
    let state_now = later.and_then(|now| now.state.as_ref()).and_then(Option::as_ref);
    let newest = state_now.map_or(then.state(), StateAt::Changed);
    let content = match question.document {
        Document::NotGiven => Content::NotGiven,
        Document::Sha256(digest) => Content::of(licence, newest, as_of_ms, |document| document.sha256 == digest),
    };
    let record = then.record();
    let evidence = Evidence {
        licence,
        recorded_ms: record.time_ms,
        state_then: then.state(),
        state_now,
        as_of_ms,
        recorder: record.organisation,
        competence: record.competence,
        content,
        identifier: question.identifier,
        proven: question.proven,
    };
    let (verdict, checks) = verdict::judge(&evidence);
    VerifyAnswer {
        verdict: verdict.as_str().to_owned(),
        as_of: as_of_answer(then.height, as_of_ms),
        not_checked: not_checked(&checks),
        checks,
        licence: Some(LicenceAnswer::of(record, licence, index, evidence.state_then, evidence.state_now)),
        proof: then.proof(),
        proof_now: later.and_then(View::proof),
        same_document: Vec::new(),
        same_document_more: false,
    }
}

/// The answer for what is not on this ledger, as of its newest block or the one at the time asked about.
pub(super) fn not_recorded(
    ledger: &Ledger,
    as_of: Option<TimeMs>,
    identifier: Identifier,
) -> Result<VerifyAnswer, ApiError> {
    let (height, time_ms) = block_at(ledger, as_of)?;
    let (verdict, checks) = verdict::not_recorded(identifier);
    Ok(without_licence(verdict, checks, as_of_answer(height, time_ms)))
}

/// The answer for a receipt of a record that is about no licence: it is on the ledger, and that is all there is to say.
pub(super) fn about_no_licence(receipt: &Receipt) -> VerifyAnswer {
    let checks = vec![
        Check::new("recorded", CheckResult::Pass, "recorded.found", "recorded on the ledger", "已上账"),
        Check::new(
            "status",
            CheckResult::Unknown,
            "status.no_licence",
            "the record is about no licence, so there is no status to check",
            "该记录与证照无关，无状态可查",
        ),
        Check::new(
            "finality",
            CheckResult::Pass,
            "finality.proven",
            "decided by more than two thirds of the validators; proof checked",
            "三分之二以上验证节点已确认；证明已核验",
        ),
    ];
    without_licence(Verdict::Unknown, checks, as_of_answer(receipt.header.height, receipt.header.time_ms))
}

/// Answers from a receipt that holds, for a record that this node does not have yet. `status` is what the receipt proves: `None`
/// where it does not cover the licence's state. The answer is for no later time than the receipt proves.
pub(super) fn by_receipt_alone(
    receipt: &Receipt,
    status: Option<Option<LicenceState>>,
    question: &Question,
) -> VerifyAnswer {
    let Some(licence) = new_licence(&receipt.record) else { return about_no_licence(receipt) };
    let (height, proven_ms) = (receipt.header.height, receipt.proven_time());
    let as_of_ms = question.as_of.map_or(proven_ms, |asked| asked.min(proven_ms));
    // Its state holds every change up to its block, so it answers for an earlier time too.
    let source = Source::Record(Box::new(receipt.record.clone()));
    let then = View { height, time_ms: as_of_ms, state: status, source };
    answer(receipt.index, licence, question, as_of_ms, &then, None)
}

fn without_licence(verdict: Verdict, checks: Vec<Check>, as_of: AsOfAnswer) -> VerifyAnswer {
    VerifyAnswer {
        verdict: verdict.as_str().to_owned(),
        as_of,
        not_checked: not_checked(&checks),
        checks,
        licence: None,
        proof: None,
        proof_now: None,
        same_document: Vec::new(),
        same_document_more: false,
    }
}

/// Names of checks without an answer of pass or fail.
fn not_checked(checks: &[Check]) -> Vec<String> {
    let answered = |name: &str| checks.iter().any(|check| check.name == name && check.result != CheckResult::Unknown);
    CHECKS.iter().filter(|name| !answered(name)).map(|name| (*name).to_owned()).collect()
}

/// The licence a record brings into being.
fn new_licence(record: &Record) -> Option<&Licence> {
    record.operation.new_licence()
}

/// The licence a record is about.
pub(super) fn licence_of(record: &Record) -> Option<LicenceRef> {
    let Operation::Licence(operation) = &record.operation else { return None };
    let new = operation.new_licence().map(|licence| licence.licence);
    new.or_else(|| operation.changed_licence().copied())
}

pub(super) fn as_of_answer(height: Height, time_ms: TimeMs) -> AsOfAnswer {
    AsOfAnswer { height: height.0, time_ms: time_ms.0, time: time_ms.to_string() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn valid_answers_before_all_others_and_unknown_last() {
        assert_eq!(rank("valid"), 0);
        assert!(rank("suspended") < rank("revoked") && rank("revoked") < rank("unknown"));
        assert_eq!(rank("no such verdict"), u8::MAX);
    }

    /// A golden receipt of a licence that was suspended after its issue.
    fn golden() -> Receipt {
        let cases: serde_json::Value =
            serde_json::from_str(include_str!("../../../chain-spec/vectors/receipts.json")).unwrap();
        let file = hex::decode(cases[0]["file"].as_str().unwrap()).unwrap();
        Receipt::from_bytes(&file).unwrap()
    }

    fn said(receipt: &Receipt, as_of: Option<TimeMs>) -> VerifyAnswer {
        let status = receipt.verify(&receipt.trust.genesis.hash()).unwrap().status;
        by_receipt_alone(receipt, status, &Question { proven: true, ..Question::new(as_of, true) })
    }

    fn check_code(answer: &VerifyAnswer, name: &str) -> String {
        answer.checks.iter().find(|check| check.name == name).unwrap().code.clone()
    }

    /// C2: a node that is behind answered `valid`, `status.issued` for the receipt of a changed licence whose state was cut out.
    #[test]
    fn a_receipt_without_its_state_leaves_the_status_unknown() {
        let whole = golden();
        assert_eq!(said(&whole, None).verdict, "suspended");
        let stripped = said(&Receipt { status: None, ..whole }, None);
        assert_eq!(
            (stripped.verdict.as_str(), check_code(&stripped, "status")),
            ("unknown", "status.not_covered".to_owned())
        );
        assert!(stripped.not_checked.iter().any(|name| name == "status"));
        assert_eq!(stripped.licence.unwrap().status, "unknown");
    }

    /// ... and for any time that was written into it, since nothing signs that time where no next block bounds it.
    #[test]
    fn a_time_that_nothing_proves_is_not_answered_for() {
        let far: TimeMs = "2099-01-01T00:00:00Z".parse().unwrap();
        let mut receipt = golden();
        receipt.as_of = Some(huxin_chain_spec::receipt::AsOf { time_ms: far, next: None });
        for asked in [None, Some(far)] {
            assert_eq!(said(&receipt, asked).as_of.time_ms, receipt.header.time_ms.0);
        }
    }

    /// Of an earlier time a receipt says what follows from its own: a change counts from its effective time on.
    #[test]
    fn an_earlier_time_is_answered_as_far_as_the_receipt_goes() {
        let receipt = golden();
        let recorded = receipt.record.time_ms;
        assert!(recorded < receipt.header.time_ms);
        assert_eq!(said(&receipt, Some(recorded)).verdict, "suspended", "effective with the genesis");
        let before = said(&receipt, Some(TimeMs(recorded.0 - 1)));
        assert_eq!(
            (before.verdict.as_str(), check_code(&before, "recorded")),
            ("unknown", "recorded.later".to_owned())
        );
    }

    #[test]
    fn what_nobody_checked_is_named() {
        let (_, checks) = verdict::not_recorded(Identifier::NotGiven);
        assert_eq!(not_checked(&checks), CHECKS);
        let passed = Check::new("recorded", CheckResult::Pass, "recorded.found", "", "");
        assert_eq!(not_checked(&[passed]), CHECKS[1..]);
    }
}
