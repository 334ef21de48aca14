//! Joins what was read into a report: which checks there are for a file, a signature and a seal, and in which order.
//!
//! The order is that of GM/T 0031, 6.1.2 and 6.2.3; no check is skipped because an earlier one failed, as far as its input is there.

mod chain;
mod context;
mod document;
mod kind;
mod pdf;
mod pdf_data;
mod plain;
mod seal;
mod sealed;
mod value;
mod values;

use huxin_chain_spec::crypto::DigestAlgorithm;

use crate::ber::Source;
use crate::limits::Limits;
use crate::ofd::Ofd;
use crate::reason::Reason;
use crate::report::{Checks, FileFacts, FileKind, Outcome, Report, SignatureReport, Verdict, Weight};
use crate::seal::Seal;
use crate::signed_value::SignedValue;
use context::{Context, note_unreadable, warn_odd};
use kind::Content;

pub use context::Options;

/// Reads a file and judges it. Never fails: what cannot be read is a report that says why.
///
/// ```
/// use huxin_document::{Options, inspect, report::Verdict};
///
/// let report = inspect(b"%PDF-1.7 ...", &Options::default());
/// assert_eq!((report.verdict, report.signatures.len()), (Verdict::Unknown, 0));
/// assert_eq!(report.reasons[0].code(), "PDF_STRUCTURE");
/// ```
pub fn inspect(bytes: &[u8], options: &Options<'_>) -> Report {
    match kind::of(bytes) {
        Content::Ofd => package(bytes, options),
        Content::Seal => seal_alone(bytes, options),
        Content::Signature => signature_alone(bytes, options),
        Content::Pdf => {
            let mut report = start(bytes, FileKind::Pdf);
            pdf::judge(bytes, options, &mut report);
            conclude(report)
        }
        Content::Other => not_examined(bytes, FileKind::Other),
    }
}

fn package(bytes: &[u8], options: &Options<'_>) -> Report {
    let mut report = start(bytes, FileKind::Ofd);
    match Ofd::open(bytes, &Limits::default()) {
        Ok(ofd) => {
            container(&ofd, &mut report.checks);
            document::judge(&ofd, options, &mut report);
        }
        Err(defect) => {
            let detail = format!("{} {}", defect.place, defect.detail);
            if defect.code == Reason::XmlEncoding {
                report.checks.unknown(Weight::Policy, "container", defect.code, detail.trim());
            } else {
                report.checks.fail(Weight::Policy, "container", defect.code, detail.trim());
            }
        }
    }
    conclude(report)
}

/// What stands before and behind the package is under no signature, and shown by no reader: nothing is known of it.
fn container(ofd: &Ofd<'_>, checks: &mut Checks) {
    let around = ofd.around();
    match (around.before, around.behind) {
        (0, 0) => checks.pass(Weight::Policy, "container"),
        (before, behind) => {
            let detail = format!("{before} bytes before the package and {behind} behind it (KingGrid writes such)");
            checks.unknown(Weight::Policy, "container", Reason::BytesAroundPackage, detail);
        }
    }
}

fn seal_alone(bytes: &[u8], options: &Options<'_>) -> Report {
    let mut report = start(bytes, FileKind::Seal);
    let mut signature = SignatureReport::new("", "Seal");
    let source = Source::of(bytes, "the seal");
    warn_odd(&source.odd, &mut signature.warnings);
    match Seal::read_first(source.der()) {
        Ok((seal, rest)) => {
            signature.structure = Some(seal.structure);
            let checks = &mut signature.checks;
            match seal.fault().filter(|_| rest.is_empty()) {
                Some(fault) => note_unreadable(checks, "structure", fault, None),
                None => {
                    let trailing = format!("{} bytes follow the seal", rest.len());
                    checks.verify(Weight::Cryptography, "structure", rest.is_empty(), Reason::TrailingBytes, trailing);
                }
            }
            let use_of = seal::Use { signer: None, time: None };
            seal::judge(&seal, &use_of, &Context::alone(&source), options, &mut signature);
            seal::window_alone(&seal, options, &mut signature.checks);
        }
        Err(fault) => note_unreadable(&mut signature.checks, "structure", &fault, Some(&source)),
    }
    signature.conclude();
    report.seal.clone_from(&signature.seal);
    report.signatures.push(signature);
    conclude(report)
}

fn signature_alone(bytes: &[u8], options: &Options<'_>) -> Report {
    let mut report = start(bytes, FileKind::Signature);
    let mut signature = SignatureReport::new("", "Seal");
    let source = Source::of(bytes, "the signature");
    if let Ok(value) = SignedValue::read(source.der()) {
        signature.kind = if matches!(value, SignedValue::Seal(_)) { "Seal" } else { "Sign" };
    }
    document::judge_source(&Context::alone(&source), options, &mut signature);
    signature.conclude();
    report.signatures.push(signature);
    conclude(report)
}

fn not_examined(bytes: &[u8], kind: FileKind) -> Report {
    let mut report = start(bytes, kind);
    report.checks.unknown(Weight::Cryptography, "container", Reason::NotExamined, "");
    conclude(report)
}

fn start(bytes: &[u8], kind: FileKind) -> Report {
    Report {
        file: FileFacts {
            size: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            sha256: DigestAlgorithm::Sha256.plain(&[bytes]),
            sm3: DigestAlgorithm::Sm3.plain(&[bytes]),
        },
        kind,
        verdict: Verdict::Unknown,
        cryptography: Verdict::Unknown,
        reasons: Vec::new(),
        signatures: Vec::new(),
        seal: None,
        integrity: None,
        licence: None,
        checks: Checks::default(),
        warnings: Vec::new(),
    }
}

/// A file is what its worst part is. Without any signature it is unsigned, unless something failed or was not examined at all.
fn conclude(mut report: Report) -> Report {
    let signatures = &report.signatures;
    let integrity = report.integrity.as_ref().map(|integrity| &integrity.signature);
    // An integrity list proves the package whole, not who answers for it: it can spoil a verdict but not make one.
    let integrity_broken = |of: fn(&SignatureReport) -> Verdict| integrity.map(of).filter(|v| *v == Verdict::Invalid);
    let join = |own: Verdict, of: fn(&SignatureReport) -> Verdict| {
        let worst = signatures.iter().map(of).chain(integrity_broken(of)).fold(own, Verdict::max);
        if signatures.is_empty() && worst == Verdict::Valid { Verdict::Unsigned } else { worst }
    };
    let is_open = report.checks.get("container").is_none_or(|check| check.result == Outcome::Pass);
    let cryptography = match join(report.checks.cryptography(), |signature| signature.cryptography) {
        Verdict::Unsigned if !is_open => Verdict::Unknown,
        joined => joined,
    };
    let verdict = join(report.checks.overall(), |signature| signature.verdict);
    let mut reasons = report.checks.reasons();
    let broken = integrity.filter(|signature| signature.verdict == Verdict::Invalid);
    for reason in signatures.iter().chain(broken).flat_map(|signature| &signature.reasons) {
        if !reasons.contains(reason) {
            reasons.push(*reason);
        }
    }
    (report.cryptography, report.verdict, report.reasons) = (cryptography, verdict, reasons);
    report
}
