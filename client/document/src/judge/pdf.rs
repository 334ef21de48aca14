//! Checks of a signed PDF file: each signature with the bytes it is over, then what later revisions changed.

use std::cell::Cell;
use std::ops::Range;

use super::context::{Context, Options, note_unreadable, warn_odd};
use super::{pdf_data, sealed};
use crate::asn1::Element;
use crate::ber::Source;
use crate::defect::Defect;
use crate::limits::Limits;
use crate::moment::Moment;
use crate::pdf::{self, Change, ChangeKind, Cover, Later, Pdf, SignatureDict};
use crate::reason::Reason;
use crate::report::{Checks, NAMES_MAX, Outcome, PdfSignatureFacts, Report, SignatureReport, Verdict, Warning, Weight};
use crate::signed_value::SignedValue;
use crate::text::shown;

const CRYPTOGRAPHY: Weight = Weight::Cryptography;
const POLICY: Weight = Weight::Policy;
/// Longest signature read, zeros behind it included.
const CONTENTS_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Bytes hashed for all signatures of one file, each pass counted: some twenty seconds of work.
const HASHED_BYTES_MAX: usize = 4 * 1024 * 1024 * 1024;
/// Passes over the file for one seal: SM3, and where that differs SHA-1 and SHA-256.
const SEAL_PASSES: usize = 3;
/// Bytes behind the file that transports are known to leave: ends of lines and zeros.
const LEFTOVER_BYTES_MAX: usize = 1024;

/// Judges the file into `report`, whose checks are still empty.
pub(super) fn judge(bytes: &[u8], options: &Options<'_>, report: &mut Report) {
    if let Err(defect) = read(bytes, options, report) {
        // Broken is not forged: what could be read before stands, and the whole is unknown.
        let detail = format!("{} {}", defect.place, defect.detail);
        report.checks.unknown(CRYPTOGRAPHY, "container", defect.code, detail.trim());
        for signature in report.signatures.iter_mut().filter(|signature| signature.checks.get("coverage").is_none()) {
            signature.checks.unknown(
                POLICY,
                "coverage",
                defect.code,
                "what came after the signature could not be read",
            );
            signature.conclude();
        }
    }
}

fn read(bytes: &[u8], options: &Options<'_>, report: &mut Report) -> Result<(), Defect> {
    let pdf = Pdf::open(bytes)?;
    let (stamps, dicts): (Vec<_>, Vec<_>) = pdf::signatures(&pdf)?.into_iter().partition(|dict| dict.is_time_stamp);
    for stamp in &stamps {
        let detail = format!("a document time stamp, object {} in revision {}", stamp.object, stamp.revision + 1);
        report.checks.unknown(Weight::Note, "timestamp", Reason::TimestampNotChecked, detail);
    }
    if dicts.len() > Limits::default().signatures_max {
        return Err(Defect::new(Reason::TooMany, "", "signatures"));
    }
    let left = Cell::new(HASHED_BYTES_MAX);
    for (position, dict) in dicts.iter().enumerate() {
        let mut signature = one(&pdf, bytes, position, dict, &left, options);
        signature.conclude();
        report.signatures.push(signature);
    }
    container(&pdf, report)?;
    // Whether a signature may answer for a later revision does not depend on what came after it.
    let states: Vec<State> =
        report.signatures.iter().zip(&dicts).map(|(signature, dict)| State::of(signature, dict)).collect();
    let signed = states.iter().filter_map(|state| state.revision).collect();
    let file =
        File { dicts: &dicts, stamps: &stamps, revisions: pdf.revisions(), changes: pdf::changes(&pdf, &signed)? };
    for (signature, dict) in report.signatures.iter_mut().zip(&dicts) {
        coverage(&file, &states, dict, signature);
        signature.conclude();
    }
    Ok(())
}

/// What leaves the file as a whole open.
fn container(pdf: &Pdf<'_>, report: &mut Report) -> Result<(), Defect> {
    let checks = &mut report.checks;
    if pdf.is_encrypted() {
        checks.unknown(CRYPTOGRAPHY, "container", Reason::PdfEncrypted, "");
    } else if pdf.has_xfa()? {
        checks.unknown(CRYPTOGRAPHY, "container", Reason::PdfXfa, "");
    } else {
        let trailing = pdf.trailing();
        let is_leftover = trailing.len() <= LEFTOVER_BYTES_MAX
            && trailing.iter().all(|byte| *byte == 0 || byte.is_ascii_whitespace());
        if trailing.is_empty() || is_leftover {
            checks.pass(CRYPTOGRAPHY, "container");
        } else {
            let detail = format!("{} bytes behind the end of the last revision", trailing.len());
            checks.unknown(CRYPTOGRAPHY, "container", Reason::TrailingBytes, detail);
        }
        if is_leftover && !trailing.is_empty() {
            report.warnings.push(Warning::new(Reason::TrailingBytes, "ends of lines or zeros behind the file"));
        }
    }
    Ok(())
}

fn one(
    pdf: &Pdf<'_>,
    bytes: &[u8],
    position: usize,
    dict: &SignatureDict,
    left: &Cell<usize>,
    options: &Options<'_>,
) -> SignatureReport {
    let mut signature = SignatureReport::new(&(position + 1).to_string(), "Sign");
    let parts = byte_range(dict, &mut signature.checks);
    signature.pdf = Some(PdfSignatureFacts {
        object: dict.object,
        field: dict.field.as_deref().map(shown),
        sub_filter: dict.sub_filter.as_deref().map(shown),
        revision: match &dict.cover {
            Cover::Whole { revision, .. } => Some(revision + 1),
            _ => None,
        },
        revisions: pdf.revisions(),
        bytes_covered: parts.as_ref().map_or(0, |parts| parts.iter().map(Range::len).sum()),
        later_changes: Vec::new(),
    });
    let is_shown = dict.field.is_some();
    if is_shown {
        signature.checks.pass(POLICY, "signature_field");
    } else {
        let detail = format!("object {}", dict.object);
        signature.checks.unknown(POLICY, "signature_field", Reason::PdfSignatureHidden, detail);
    }
    let Some(contents) = contents_of(dict, &mut signature.checks) else { return signature };
    let source = Source::of(contents, "the signature in /Contents");
    warn_odd(&source.odd, &mut signature.warnings);
    let Some(der) = value_of(&source, &mut signature.checks) else { return signature };
    let message: Option<[&[u8]; 2]> = parts.and_then(|[before, after]| Some([bytes.get(before)?, bytes.get(after)?]));
    let message = message.map(|parts| pdf_data::Signed::new(parts, left));
    value(der, &source, dict, message.as_ref(), options, &mut signature);
    signature
}

fn byte_range(dict: &SignatureDict, checks: &mut Checks) -> Option<[Range<usize>; 2]> {
    let name = "byte_range";
    if dict.is_ambiguous {
        checks.unknown(
            CRYPTOGRAPHY,
            name,
            Reason::PdfByteRange,
            "a key comes twice in the dictionary of the signature",
        );
        return None;
    }
    match &dict.cover {
        Cover::Whole { parts, .. } => {
            checks.pass(CRYPTOGRAPHY, name);
            Some(parts.clone())
        }
        Cover::Wrong(why) => {
            checks.fail(CRYPTOGRAPHY, name, Reason::PdfByteRange, why);
            None
        }
        Cover::Unread(why) => {
            checks.unknown(CRYPTOGRAPHY, name, Reason::PdfByteRange, why);
            None
        }
    }
}

fn contents_of<'d>(dict: &'d SignatureDict, checks: &mut Checks) -> Option<&'d [u8]> {
    let Some(contents) = dict.contents.as_deref() else {
        checks.unknown(CRYPTOGRAPHY, "structure", Reason::Format, "there is no /Contents");
        return None;
    };
    if contents.len() > CONTENTS_BYTES_MAX {
        checks.unknown(CRYPTOGRAPHY, "structure", Reason::TooMany, "bytes of a signature");
        return None;
    }
    Some(contents)
}

/// The signature in /Contents, without the zeros behind it.
fn value_of<'s>(source: &'s Source<'_>, checks: &mut Checks) -> Option<&'s [u8]> {
    match Element::first(source.der(), "Contents") {
        Ok((element, rest)) if rest.iter().all(|byte| *byte == 0) => Some(element.raw),
        Ok((_, rest)) => {
            let detail = format!("{} bytes behind the signature that are not all zero", rest.len());
            checks.fail(CRYPTOGRAPHY, "structure", Reason::TrailingBytes, detail);
            None
        }
        Err(fault) => {
            checks.unknown(CRYPTOGRAPHY, "structure", Reason::Format, fault.to_string());
            None
        }
    }
}

/// Judges the value by its shape; /SubFilter only says which standard its writer had in mind.
fn value(
    der: &[u8],
    source: &Source<'_>,
    dict: &SignatureDict,
    message: Option<&pdf_data::Signed<'_>>,
    options: &Options<'_>,
    signature: &mut SignatureReport,
) {
    let read = match SignedValue::read(der) {
        Ok(read) => read,
        Err(fault) => {
            // An unknown shape is not a forged one.
            return signature.checks.unknown(CRYPTOGRAPHY, "structure", Reason::Format, fault.to_string());
        }
    };
    match read.fault() {
        None => signature.checks.pass(CRYPTOGRAPHY, "structure"),
        Some(fault) => note_unreadable(&mut signature.checks, "structure", fault, None),
    }
    let time = dict.time.as_deref().and_then(clock);
    match read {
        SignedValue::Seal(of) => {
            signature.kind = "Seal";
            if message.is_some_and(|message| !message.charge(SEAL_PASSES)) {
                return pdf_data::note_too_many("document_digest", &mut signature.checks);
            }
            let joined = message.map(pdf_data::Signed::concat);
            let context = Context { xml: joined.as_deref(), ..Context::alone(source) };
            sealed::judge(&of, &context, options, signature);
            as_of_pdf(joined.is_some(), signature);
        }
        SignedValue::Data(of) => pdf_data::judge(&of, der, source, message, time, options, signature),
        SignedValue::Bare(_) => {
            let detail = "a bare SM2 value";
            signature.checks.unknown(CRYPTOGRAPHY, "signature_value", Reason::CertNotEmbedded, detail);
        }
    }
}

/// A seal's digest is over the bytes of the file here, and named so.
fn as_of_pdf(has_message: bool, signature: &mut SignatureReport) {
    for check in &mut signature.checks.0 {
        if check.name != "signature_xml_digest" {
            continue;
        }
        check.name = "document_digest";
        if check.code == Some(Reason::SignatureXmlDigest) {
            check.code = Some(Reason::DocumentDigest);
        }
        if !has_message {
            (check.weight, check.code) = (CRYPTOGRAPHY, Some(Reason::PdfByteRange));
            "without a good ByteRange nobody can say what was signed".clone_into(&mut check.detail);
        }
    }
}

/// `D:20260601160000+08'00'` (7.9.4).
fn clock(text: &str) -> Option<Moment> {
    let text = text.strip_prefix("D:").unwrap_or(text).replace('\'', "");
    Moment::read(&text)
}

/// The signatures of a file, and what later revisions changed of what they are over.
struct File<'f> {
    dicts: &'f [SignatureDict],
    stamps: &'f [SignatureDict],
    revisions: usize,
    changes: Later,
}

/// How far a signature may answer for what it is over.
#[derive(Clone, Copy)]
struct State {
    verdict: Verdict,
    is_good: bool,
    /// Of the revision it is over, counted from 0.
    revision: Option<usize>,
}

impl State {
    fn of(signature: &SignatureReport, dict: &SignatureDict) -> Self {
        let is_good = signature.cryptography == Verdict::Valid && signature.verdict != Verdict::Invalid;
        let revision = match dict.cover {
            Cover::Whole { revision, .. } => Some(revision),
            _ => None,
        };
        Self { verdict: signature.verdict, is_good, revision }
    }
}

/// Whether what is shown now is what was signed.
fn coverage(file: &File<'_>, states: &[State], dict: &SignatureDict, signature: &mut SignatureReport) {
    let Cover::Whole { revision, .. } = dict.cover else {
        return signature.checks.unknown(POLICY, "coverage", Reason::PdfByteRange, "it is not known what was signed");
    };
    let (mut worst, mut said): (Option<(Outcome, Reason, String)>, Vec<String>) = (None, Vec::new());
    let newest = states.iter().filter(|state| state.is_good).filter_map(|state| state.revision).max();
    let newest = newest.filter(|newest| *newest > revision);
    for later in revision + 1..file.revisions {
        let changes = file.changes.of(revision, later);
        // What the newest signature that holds answers for, and what was changed of that since.
        let since = newest.map_or(&[][..], |newest| file.changes.of(newest, later));
        let since = since.iter().filter(|change| !changes.contains(change));
        for change in changes.iter().chain(since) {
            let text = format!("revision {}: {}", later + 1, change.detail);
            if let Some((outcome, reason)) = weigh(file, states, revision, later, change) {
                let is_worse =
                    worst.as_ref().is_none_or(|(so_far, ..)| *so_far == Outcome::Unknown && outcome == Outcome::Fail);
                if is_worse {
                    worst = Some((outcome, reason, text.clone()));
                }
            }
            said.push(text);
        }
        if said.last().is_none_or(|last| !last.starts_with(&format!("revision {}:", later + 1))) {
            said.push(format!("revision {}: nothing", later + 1));
        }
    }
    match worst {
        None => signature.checks.pass(POLICY, "coverage"),
        Some((Outcome::Fail, reason, detail)) => signature.checks.fail(POLICY, "coverage", reason, detail),
        Some((_, reason, detail)) => signature.checks.unknown(POLICY, "coverage", reason, detail),
    }
    if let Some(first) = said.first() {
        signature.warn(Reason::PdfLaterRevision, format!("{} changes, the first in {first}", said.len()));
    }
    said.truncate(NAMES_MAX);
    if let Some(facts) = &mut signature.pdf {
        facts.later_changes = said.iter().map(|text| shown(text)).collect();
    }
}

/// What signers before a revision said of changes. Only those count whose signature holds: anybody can append one that allows more.
struct Said {
    /// The strictest level of DocMDP before the revision.
    forbids: Option<i64>,
    /// The same of the signature asked about and those before it: only they can allow anything in its name.
    allows: Option<i64>,
    /// Whether a later signature that holds is over this revision.
    is_signed_later: bool,
}

impl Said {
    fn of(file: &File<'_>, states: &[State], over: usize, later: usize) -> Self {
        let level = |upto: usize| {
            let counts = file.dicts.iter().zip(states).filter(|(dict, state)| state.is_good && dict.revision <= upto);
            counts.filter_map(|(dict, _)| dict.permission.level).min()
        };
        let is_over = |state: &State| state.is_good && state.revision.is_some_and(|over| over >= later);
        Self { forbids: level(later - 1), allows: level(over), is_signed_later: states.iter().any(is_over) }
    }
}

/// What a change of revision `later` does to a signature over revision `over`; `None` for one that is allowed.
fn weigh(file: &File<'_>, states: &[State], over: usize, later: usize, change: &Change) -> Option<(Outcome, Reason)> {
    let fail = |reason| Some((Outcome::Fail, reason));
    let unknown = Some((Outcome::Unknown, Reason::PdfChangedLater));
    let said = Said::of(file, states, over, later);
    let forbidden = |least: i64| said.forbids.is_some_and(|level| level < least);
    match &change.kind {
        ChangeKind::Security | ChangeKind::Metadata => None,
        ChangeKind::Signature(number, is_drawn) => {
            if file.stamps.iter().any(|stamp| stamp.object == *number) {
                // A time stamp is not verified here, so nothing answers for what it draws.
                return if *is_drawn { unknown } else { None };
            }
            match file.dicts.iter().zip(states).find(|(dict, _)| dict.object == *number) {
                _ if forbidden(2) => fail(Reason::PdfNotPermitted),
                Some((_, state)) if state.is_good && state.revision.is_some_and(|over| over >= later) => None,
                Some((_, state)) if state.verdict == Verdict::Invalid && *is_drawn => fail(Reason::PdfChangedLater),
                Some(_) | None => unknown,
            }
        }
        ChangeKind::EmptyField if forbidden(2) => fail(Reason::PdfNotPermitted),
        ChangeKind::EmptyField => None,
        ChangeKind::FormFill(name) => {
            let is_locked = file.dicts.iter().any(|dict| dict.revision < later && dict.permission.locks(name));
            match said.allows {
                _ if is_locked || forbidden(2) => fail(Reason::PdfNotPermitted),
                Some(_) => None,
                None if said.is_signed_later => None,
                None => unknown,
            }
        }
        ChangeKind::Annotation => match said.allows {
            _ if forbidden(3) => fail(Reason::PdfNotPermitted),
            Some(_) => None,
            None if said.is_signed_later => unknown,
            None => fail(Reason::PdfChangedLater),
        },
        ChangeKind::Shown if said.forbids.is_some() => fail(Reason::PdfNotPermitted),
        ChangeKind::Shown if said.is_signed_later => unknown,
        ChangeKind::Shown => fail(Reason::PdfChangedLater),
        ChangeKind::Unclear => unknown,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn times_of_pdf_files_are_read() {
        for text in ["D:20260601160000+08'00'", "D:20260601080000Z", "D:20260601160000+08'00", "20260601160000"] {
            assert_eq!(clock(text).unwrap().time().unwrap().to_string(), "2026-06-01T08:00:00Z", "{text}");
        }
        assert!(clock("D:2026").is_none());
    }
}
