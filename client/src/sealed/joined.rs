//! One answer from three sources: the file itself, the seals and certificates as the ledger knows them at the time of signing and
//! now, and the licence's state.
//!
//! Checks, besides those of the licence ([`huxin_chain_spec::verdict`]); with several signatures the name of each check of a signature
//! is followed by `[ID]`:
//!
//! | name | passes when | otherwise |
//! |---|---|---|
//! | `identifier` | the identifier in the file (ZZBS) is that of the licence under which it is recorded, with its issuer, type and version | fail `identifier.contradicts`; unknown |
//! | `file` | nothing in the file fails: signature values, digests, certificate lists, time windows, key usage, container | the first reason code of the file |
//! | `coverage` | all content is protected and nothing is carried along | `UNPROTECTED_CONTENT`, `UNREFERENCED_ENTRY` |
//! | `seal` | the seal is filed with these certificates and was in use when it signed, and until that is proven | fail `SEAL_SUSPENDED`, `SEAL_REVOKED`, `seal.not_active`; unknown |
//! | `seal_now` | the seal is in use now | tells what became of it since; changes no verdict |
//! | `seal_owner` | the seal's owner issued the licence | unknown `seal_owner.differs` |
//! | `signature_recorded` | the signature stands on the ledger: it existed at that time at the latest | unknown |
//! | `maker` | the seal's maker and the signer lead to authorities that the provinces trust, or the provinces name the maker itself | fail `UNTRUSTED_MAKER`, `UNTRUSTED_SIGNER`; unknown |
//! | `maker_now` | the provinces name the maker itself on their trust list now | tells what became of it since; changes no verdict |
//! | `revocation` | neither certificate was revoked before it was used | fail `CERT_REVOKED_BEFORE_SIGNING`, `MAKER_CERT_REVOKED_BEFORE_CREATE`; unknown |
//!
//! **Verdict.** A fail makes the answer `invalid`. Where the issuer recorded this very file with an exception, fails of `coverage` and of
//! time windows do not count; forged or changed content, and a seal, maker or certificate that does not count, are never excused.
//!
//! **Time.** The signer's own clock is never enough for a pass. A seal must have been in use at the time claimed, and still at the
//! earliest time at which the ledger proves that the signature existed (its record, or that of the file), or without such a proof
//! still now. That clock names a second: a seal in use at either end of it may have signed, and a signature that the ledger holds was
//! made before that, whatever the clock says. What the ledger does not know stays unknown and never makes an answer worse.

mod ledger;
mod own;

use huxin_chain_spec::crypto::{Digest, DigestAlgorithm};
use huxin_chain_spec::record::governance::TrustRole;
use huxin_chain_spec::state::governance::TrustState;
use huxin_chain_spec::verdict::{Check, CheckResult, Verdict};
use huxin_document::{Reason, TrustList, report};
use serde::Serialize;

use super::facts::{LedgerFacts, OverTime, SigningTime};
use super::read::Examined;
use crate::sdk::{Verified, clock};

/// What is known about a file.
#[derive(Debug, Clone, Serialize)]
pub struct FileAnswer {
    /// The joined verdict, all checks, and the licence.
    #[serde(flatten)]
    pub verified: Verified,
    /// What the ledger alone says.
    pub ledger_verdict: Verdict,
    /// What the file alone says.
    pub file: FileWord,
    /// Where its seals stand on the ledger.
    pub seals: Vec<SealWord>,
}

/// What the file alone says, under the certificates that the provinces trust.
#[derive(Debug, Clone, Serialize)]
pub struct FileWord {
    pub verdict: report::Verdict,
    pub cryptography: report::Verdict,
    /// Reason codes.
    pub reasons: Vec<&'static str>,
}

/// A seal of the file on the ledger.
#[derive(Debug, Clone, Serialize)]
pub struct SealWord {
    /// `ID` of the signature.
    pub signature: String,
    /// PROVINCE/NUMBER; none where the ledger knows no such seal.
    pub seal: Option<String>,
    /// Time of signing by the signer's own clock.
    pub claimed: Option<String>,
    /// When the ledger recorded the signature.
    pub recorded: Option<String>,
    pub record: Option<u64>,
}

/// How the file is judged.
#[derive(Debug, Clone, Copy)]
pub struct Judged<'a> {
    /// Judged by the certificates that the provinces trust ([`trusted_by_provinces`]), as far as any were given.
    pub examined: &'a Examined,
    /// Whether certificates were given.
    pub has_list: bool,
    /// The ledger's hash.
    pub algorithm: DigestAlgorithm,
}

/// The certificates of `list` at which chains may end: those that the provinces trust now, or trusted when the ledger proves that the
/// signature existed; and the seal makers they name. Judging the file by it asks nobody but the provinces whom to believe.
pub fn trusted_by_provinces(list: Option<&TrustList>, facts: &LedgerFacts) -> Option<TrustList> {
    let counts = |certificate: &Digest, role| {
        let times = facts.signatures.iter().map(|signature| signature.time);
        times.chain([SigningTime::default()]).any(|time| is_trusted(facts, certificate, role, time))
    };
    let makers = facts.trust.keys().filter(|maker| counts(maker, TrustRole::SealMaker)).copied().collect();
    Some(list?.narrowed(|issuer| counts(issuer, TrustRole::CertificateAuthority), makers))
}

/// Whether the provinces trust a certificate in a role now, or did when the ledger proves that something was signed.
fn is_trusted(facts: &LedgerFacts, certificate: &Digest, role: TrustRole, time: SigningTime) -> bool {
    let Some(entry) = facts.trust.get(certificate) else { return false };
    stood(entry, role, clock()) || time.proven_ms.is_some_and(|time| stood(entry, role, time))
}

fn stood(entry: &OverTime<TrustState>, role: TrustRole, time: huxin_chain_spec::ids::TimeMs) -> bool {
    let entries = [entry.claimed.as_ref(), entry.proven.as_ref(), entry.now.as_ref()];
    entries.into_iter().flatten().any(|entry| entry.is_trusted(role, time))
}

/// Joins the sources.
pub fn join(mut verified: Verified, judged: Judged<'_>, facts: &LedgerFacts) -> FileAnswer {
    let report = &judged.examined.report;
    let mut checks = vec![own::file(report), own::coverage(report)];
    if let Some(check) = own::identifier(&verified, report, judged.algorithm) {
        verified.checks.retain(|check| check.name != "identifier" || check.result == CheckResult::Fail);
        checks.push(check);
    }
    let many = report.signatures.len() > 1;
    let mut seals = Vec::new();
    for on_ledger in &facts.signatures {
        let Some(signature) = report.signatures.get(on_ledger.position) else { continue };
        let mut of_signature = ledger::trust(on_ledger, signature, facts, judged.has_list);
        if signature.seal.is_some() {
            of_signature.extend(ledger::seal(on_ledger, signature, verified.licence.as_ref()));
            seals.push(SealWord {
                signature: signature.id.clone(),
                seal: on_ledger.address.as_ref().map(|address| format!("{}/{}", address.province, address.seal)),
                claimed: signature.sign_time.map(|time| time.to_string()),
                recorded: on_ledger.recorded.map(|recorded| recorded.recorded_ms.to_string()),
                record: on_ledger.recorded.map(|recorded| recorded.recorded_by.0),
            });
        }
        if many {
            for check in &mut of_signature {
                check.name = format!("{}[{}]", check.name, signature.id);
            }
        }
        checks.append(&mut of_signature);
    }
    let has_exception = verified.licence.as_ref().is_some_and(|licence| {
        licence.exception.is_some() && licence.document_sha256 == judged.examined.document.sha256.to_string()
    });
    let counts = |check: &Check| {
        check.result == CheckResult::Fail && !is_of_now(&check.name) && !(has_exception && is_excusable(&check.code))
    };
    let ledger_verdict = verified.verdict;
    if checks.iter().any(counts) {
        verified.verdict = Verdict::Invalid;
    }
    // The ledger's own word on the seal only says that nobody looked at it.
    if !seals.is_empty() {
        verified.not_checked.retain(|name| name != "seal");
        verified.checks.retain(|check| check.name != "seal" || check.code == "seal.exception");
    }
    verified.checks.append(&mut checks);
    let reasons = report.reasons.iter().map(|reason| reason.code()).collect();
    let file = FileWord { verdict: report.verdict, cryptography: report.cryptography, reasons };
    FileAnswer { verified, ledger_verdict, file, seals }
}

/// Whether a check tells what became of a seal or its maker since, which changes no verdict.
fn is_of_now(name: &str) -> bool {
    name.starts_with("seal_now") || name.starts_with("maker_now")
}

/// What an issuer may answer for with an exception: parts that no signature covers, and signatures out of their time.
fn is_excusable(code: &str) -> bool {
    [
        Reason::UnprotectedContent,
        Reason::UnreferencedEntry,
        Reason::SealNotValidAtSignTime,
        Reason::CertNotValidAtSignTime,
        Reason::MakerCertNotValidAtCreate,
    ]
    .iter()
    .any(|reason| reason.code() == code)
}

fn by_reason(name: &str, result: CheckResult, reason: Reason) -> Check {
    Check::new(name, result, reason.code(), reason.en(), reason.zh())
}

fn unknown(name: &str, code: &str, en: &str, zh: &str) -> Check {
    Check::new(name, CheckResult::Unknown, code, en, zh)
}

fn pass(name: &str, code: &str, en: &str, zh: &str) -> Check {
    Check::new(name, CheckResult::Pass, code, en, zh)
}

fn fail(name: &str, code: &str, en: &str, zh: &str) -> Check {
    Check::new(name, CheckResult::Fail, code, en, zh)
}
