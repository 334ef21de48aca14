//! Joins what was read into a report: which checks there are for a file, a signature and a seal, and in which order.
//!
//! The order is that of GM/T 0031, 6.1.2 and 6.2.3; no check is skipped because an earlier one failed, as far as its input is there.

mod chain;
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
use huxin_chain_spec::ids::TimeMs;

use crate::asn1::Oddities;
use crate::limits::Limits;
use crate::ofd::Ofd;
use crate::reason::Reason;
use crate::report::{Checks, FileFacts, FileKind, Outcome, Report, SignatureReport, Verdict, Warning, Weight};
use crate::seal::Seal;
use crate::signed_value::SignedValue;
use crate::trust::TrustList;
use kind::Content;

/// What to judge by.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options<'a> {
    /// Roots, makers and revocation lists. Without one, chains and revocation stay unknown.
    pub trust: Option<&'a TrustList>,
    /// Asks "would seal and certificates be accepted at this time": the signer's chain is judged then instead of at the signature's
    /// own time, and seal and signer's certificate must be valid then too. That changes `verdict`, never `cryptography`: whether the
    /// seal and certificate were valid when the signature was made, and whether the certificate was revoked before, are facts of the
    /// signature. A seal alone is asked nothing about its validity without this time.
    pub at: Option<TimeMs>,
}

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
        Content::Zip => package(bytes, options),
        Content::Seal(der) => seal_alone(bytes, &der, options),
        Content::Signature(der) => signature_alone(bytes, &der, options),
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
            report.checks.pass(Weight::Policy, "container");
            document::judge(&ofd, options, &mut report);
        }
        Err(defect) => {
            let detail = format!("{} {}", defect.place, defect.detail);
            report.checks.fail(Weight::Policy, "container", defect.code, detail.trim());
        }
    }
    conclude(report)
}

fn seal_alone(bytes: &[u8], der: &[u8], options: &Options<'_>) -> Report {
    let mut report = start(bytes, FileKind::Seal);
    let mut signature = SignatureReport::new("", "Seal");
    if der != bytes {
        signature.warn(Reason::NonstandardEncoding, "the seal is wrapped in base64 or PEM");
    }
    match Seal::read_first(der) {
        Ok((seal, rest)) => {
            signature.structure = Some(seal.structure);
            let trailing = format!("{} bytes follow the seal", rest.len());
            let checks = &mut signature.checks;
            checks.verify(Weight::Cryptography, "structure", rest.is_empty(), Reason::TrailingBytes, trailing);
            seal::judge(&seal, None, options, &mut signature);
            seal::window_alone(&seal, options, &mut signature.checks);
        }
        Err(fault) => signature.checks.fail(Weight::Cryptography, "structure", fault.code, fault.to_string()),
    }
    signature.conclude();
    report.seal.clone_from(&signature.seal);
    report.signatures.push(signature);
    conclude(report)
}

fn signature_alone(bytes: &[u8], der: &[u8], options: &Options<'_>) -> Report {
    let mut report = start(bytes, FileKind::Signature);
    let mut signature = SignatureReport::new("", "Seal");
    if der != bytes {
        signature.warn(Reason::NonstandardEncoding, "the signature is wrapped in base64 or PEM");
    }
    match SignedValue::read(der) {
        Ok(value) => {
            signature.checks.pass(Weight::Cryptography, "structure");
            signature.kind = if matches!(value, SignedValue::Seal(_)) { "Seal" } else { "Sign" };
            document::judge_value(&value, &document::Around::nothing(), options, &mut signature);
        }
        Err(fault) => signature.checks.fail(Weight::Cryptography, "structure", fault.code, fault.to_string()),
    }
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

/// Turns what a parser found odd into warnings.
fn warn_odd(odd: &Oddities, warnings: &mut Vec<Warning>) {
    for detail in &odd.0 {
        let warning = Warning::new(Reason::NonstandardEncoding, detail);
        if !warnings.contains(&warning) {
            warnings.push(warning);
        }
    }
}
