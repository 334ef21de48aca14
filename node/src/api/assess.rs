//! From the ledger to an answer about a licence. No HTTP here.
//!
//! The verdict itself is [`verdict::judge`], the same function the client uses on proven evidence. This module gathers
//! the evidence: the record, the licence's state at the block asked about, and its state now. Where a proof is attached,
//! the evidence is taken out of that very proof, so that verdict and proof never speak for different blocks.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use huxin_chain_spec::api::{AsOfAnswer, ChangeAnswer, LicenceAnswer, VerifyAnswer};
use huxin_chain_spec::codec;
use huxin_chain_spec::crypto::Digest;
use huxin_chain_spec::ids::{Height, IdError, LicenceId, LicenceProfile, LicenceRef, RecordIndex, TimeMs};
use huxin_chain_spec::receipt::Receipt;
use huxin_chain_spec::record::licence::Licence;
use huxin_chain_spec::record::{Operation, Record};
use huxin_chain_spec::state::{LicenceState, LicenceStatus, STATE_BYTES_MAX};
use huxin_chain_spec::verdict::{self, Check, CheckResult, Content, Evidence, Identifier, Verdict};

use super::error::ApiError;
use crate::ledger::{Ledger, ReceiptAt};

/// Every check there is, in the order of the answer.
const CHECKS: [&str; 8] = ["recorded", "content", "identifier", "issuer", "status", "validity", "seal", "finality"];

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
    Ok((LicenceRef::of(ledger.algorithm(), &id), Identifier::of(&id)))
}

/// Answers about the licence with this reference.
pub(super) fn by_licence(ledger: &Ledger, licence: &LicenceRef, question: &Question) -> Result<VerifyAnswer, ApiError> {
    match ledger.issued_at(licence)? {
        Some(index) => by_record(ledger, index, question),
        None => not_recorded(ledger, question.as_of),
    }
}

/// Answers about the licence whose document has this SHA-256. Where one organisation recorded a document for several
/// licences, the best verdict answers, and the newest record among equals. Records of the same bytes by anybody but the
/// first to record them do not count: nobody can make another's revoked document valid by recording it once more.
pub(super) fn by_document(ledger: &Ledger, sha256: &Digest, question: &Question) -> Result<VerifyAnswer, ApiError> {
    let question = Question { document: Document::Sha256(*sha256), ..*question };
    let records = ledger.records_of_document(sha256)?;
    let best = match records[..] {
        [] => None,
        [only] => Some(only),
        _ => best_of(ledger, &records, &question)?,
    };
    match best {
        Some(index) => by_record(ledger, index, &question),
        None => not_recorded(ledger, question.as_of),
    }
}

fn best_of(ledger: &Ledger, records: &[RecordIndex], question: &Question) -> Result<Option<RecordIndex>, ApiError> {
    let question = Question { proof: false, ..*question };
    let mut best: Option<(u8, RecordIndex)> = None;
    let mut first_recorder = None;
    for &index in records {
        let recorder = ledger.record(index)?.map(|(record, _)| record.organisation);
        if *first_recorder.get_or_insert(recorder) != recorder {
            continue;
        }
        let answer = by_record(ledger, index, &question)?;
        let rank = rank(&answer.verdict);
        if best.is_none_or(|(best_rank, best_index)| (rank, best_index) < (best_rank, index)) {
            best = Some((rank, index));
        }
    }
    Ok(best.map(|(_, index)| index))
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
    state: Option<LicenceState>,
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
            None => return not_recorded(ledger, question.as_of),
        },
    };
    let Some(licence) = new_licence(now.record()) else { return not_recorded(ledger, question.as_of) };
    let Some(as_of_ms) = question.as_of else {
        return Ok(answer(index, licence, question, now.time_ms, &now, None));
    };
    let then = match proven_view(ledger, index, ReceiptAt::AsOf(as_of_ms), question.proof)? {
        Some(view) => view,
        None => stored_view(ledger, Box::new(now.record().clone()), Some(as_of_ms))?,
    };
    // At or after the newest block there is one state only, and one proof.
    let later = (then.height < now.height).then_some(&now);
    Ok(answer(index, licence, question, as_of_ms, &then, later))
}

/// The view that a receipt proves; `None` if no proof is wanted, or the record did not exist at that block.
fn proven_view(ledger: &Ledger, index: RecordIndex, at: ReceiptAt, wanted: bool) -> Result<Option<View>, ApiError> {
    if !wanted {
        return Ok(None);
    }
    let Some(receipt) = ledger.receipt(index, at)? else { return Ok(None) };
    let state = receipt.status.as_ref().and_then(|status| status.state.as_deref());
    let state = state.map(|bytes| codec::decode(bytes, STATE_BYTES_MAX)).transpose();
    let state = state.map_err(|error| ApiError::internal(&error))?;
    let (height, time_ms) = (receipt.header.height, receipt.header.time_ms);
    Ok(Some(View { height, time_ms, state, source: Source::Receipt(Box::new(receipt)) }))
}

/// The view that the store gives at once.
fn stored_view(ledger: &Ledger, record: Box<Record>, as_of: Option<TimeMs>) -> Result<View, ApiError> {
    let (height, time_ms) = block_at(ledger, as_of)?;
    let state = match licence_of(&record) {
        Some(licence) => ledger.licence_state(&licence, height)?,
        None => None,
    };
    Ok(View { height, time_ms, state, source: Source::Record(record) })
}

/// The block that answers for a time, and the time to show: the one asked about, or that block's.
pub(super) fn block_at(ledger: &Ledger, as_of: Option<TimeMs>) -> Result<(Height, TimeMs), ApiError> {
    let tip = ledger.tip();
    Ok(match as_of {
        Some(time) if time < tip.time_ms => (ledger.height_at(time)?.unwrap_or(Height::ZERO), time),
        Some(time) => (tip.height, time),
        None => (tip.height, tip.time_ms),
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
    let content = match question.document {
        Document::NotGiven => Content::NotGiven,
        Document::Sha256(digest) if digest == licence.document.sha256 => Content::Matches,
        Document::Sha256(_) => Content::Differs,
    };
    let record = then.record();
    let evidence = Evidence {
        licence,
        recorded_ms: record.time_ms,
        state_then: then.state.as_ref(),
        state_now: later.and_then(|now| now.state.as_ref()),
        as_of_ms,
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
        licence: Some(licence_answer(index, record, licence, &evidence)),
        proof: then.proof(),
        proof_now: later.and_then(View::proof),
    }
}

/// The answer for what is not on this ledger, as of its newest block or the one at the time asked about.
pub(super) fn not_recorded(ledger: &Ledger, as_of: Option<TimeMs>) -> Result<VerifyAnswer, ApiError> {
    let (height, time_ms) = block_at(ledger, as_of)?;
    let (verdict, checks) = verdict::not_recorded();
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

/// Answers from a receipt that holds, for a record that this node does not have yet.
pub(super) fn by_receipt_alone(receipt: &Receipt, state: Option<&LicenceState>, question: &Question) -> VerifyAnswer {
    let Some(licence) = new_licence(&receipt.record) else { return about_no_licence(receipt) };
    let time_ms = receipt.as_of.as_ref().map_or(receipt.header.time_ms, |as_of| as_of.time_ms);
    let source = Source::Record(Box::new(receipt.record.clone()));
    let then = View { height: receipt.header.height, time_ms, state: state.cloned(), source };
    answer(receipt.index, licence, question, question.as_of.unwrap_or(time_ms), &then, None)
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

fn licence_answer(index: RecordIndex, record: &Record, licence: &Licence, evidence: &Evidence<'_>) -> LicenceAnswer {
    let (state, newest) = (evidence.state_then, evidence.state_now.or(evidence.state_then));
    LicenceAnswer {
        licence: licence.licence.to_string(),
        licence_type: licence.licence_type.to_string(),
        issuer: licence.issuer.to_string(),
        province: record.province.to_string(),
        region: licence.region.to_string(),
        version: licence.version,
        status: status_name(state.map_or(LicenceStatus::Issued, |state| state.status)).to_owned(),
        document_sha256: licence.document.sha256.to_string(),
        document_sm3: licence.document.sm3.map(|digest| digest.to_string()),
        document_bytes: licence.document.size_bytes,
        seal: licence.seal.as_ref().map(|seal| seal.seal.to_string()),
        exception: licence.exception.as_ref().map(ToString::to_string),
        valid_from: licence.valid_from_ms.to_string(),
        valid_until: licence.valid_until_ms.map(|time| time.to_string()),
        record: index.0,
        recorded_time: record.time_ms.to_string(),
        successor: state.and_then(|state| state.successor).map(|successor| successor.to_string()),
        changes: ChangeAnswer::of(newest),
    }
}

fn status_name(status: LicenceStatus) -> &'static str {
    match status {
        LicenceStatus::Issued => "issued",
        LicenceStatus::Suspended => "suspended",
        LicenceStatus::TransferredOut => "transferred_out",
        LicenceStatus::Superseded => "superseded",
        LicenceStatus::Lapsed => "lapsed",
        LicenceStatus::Cancelled => "cancelled",
        LicenceStatus::Withdrawn => "withdrawn",
        LicenceStatus::Revoked => "revoked",
    }
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

    #[test]
    fn status_names_are_those_of_the_ledgers_own_json() {
        for status in LicenceStatus::ALL {
            assert_eq!(serde_json::to_value(status).unwrap(), status_name(status));
        }
    }

    #[test]
    fn what_nobody_checked_is_named() {
        let (_, checks) = verdict::not_recorded();
        assert_eq!(not_checked(&checks), CHECKS);
        let passed = Check::new("recorded", CheckResult::Pass, "recorded.found", "", "");
        assert_eq!(not_checked(&[passed]), CHECKS[1..]);
    }
}
