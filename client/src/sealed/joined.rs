//! One answer from three sources: the file itself, the seals and certificates as the ledger knows them at the time of signing and
//! now, and the licence's state.
//!
//! Checks, besides those of the licence ([`huxin_chain_spec::verdict`]); with several seals each name is followed by `[ID]`:
//!
//! | name | passes when | otherwise |
//! |---|---|---|
//! | `identifier` | the identifier in the file is that of the licence under which it is recorded | `identifier.contradicts` |
//! | `file` | signature values, digests, certificate lists and time windows hold | the first reason code of the file |
//! | `coverage` | all content is protected and nothing is carried along | `UNPROTECTED_CONTENT`, `UNREFERENCED_ENTRY` |
//! | `seal` | the seal was in use when it signed | `SEAL_SUSPENDED`, `SEAL_REVOKED`, `SEAL_FILE_MISMATCH`, or unknown |
//! | `seal_now` | the seal is in use now | tells what became of it since; changes no verdict |
//! | `signature_recorded` | the signature stands on the ledger: it existed at that time at the latest | unknown |
//! | `maker` | the provinces trust the seal's maker, at the time of signing or now | `UNTRUSTED_MAKER`, `CERT_REVOKED_BEFORE_SIGNING`, or unknown |
//! | `maker_now` | the provinces name the maker itself on their trust list now | tells what became of it since; changes no verdict |
//!
//! A fail of `identifier`, `file`, `coverage`, `seal` or `maker` makes the answer `invalid`, except where the issuer recorded this very file with an
//! exception. What the ledger does not know stays unknown and never makes an answer worse.

use huxin_chain_spec::crypto::{Digest, DigestAlgorithm, PublicKey};
use huxin_chain_spec::ids::{LicenceRef, TimeMs};
use huxin_chain_spec::record::governance::TrustRole;
use huxin_chain_spec::state::seal::{SealState, SealStatus};
use huxin_chain_spec::verdict::{Check, CheckResult, Verdict};
use huxin_document::report::{self, Outcome, Report, SignatureReport};
use huxin_document::{Reason, TrustList};
use serde::Serialize;

use super::admission::identifier;
use super::facts::{LedgerFacts, SignatureOnLedger};
use super::read::Examined;
use crate::sdk::Verified;

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

/// The certificates of `list` that the provinces trust, or trusted when the file was signed, and the seal makers they name. Judging
/// the file by it asks nobody but the provinces whom to believe.
pub fn trusted_by_provinces(list: Option<&TrustList>, facts: &LedgerFacts) -> Option<TrustList> {
    let list = list?;
    let signed = facts.signatures.iter().filter_map(|signature| signature.signed_ms).max();
    let counts = |certificate: &Digest, role| is_trusted(facts, certificate, role, signed);
    let lists: Vec<_> = facts
        .trust
        .values()
        .flat_map(|entry| [entry.then.as_ref(), entry.now.as_ref()])
        .filter_map(|entry| entry?.crl)
        .collect();
    let makers = facts.trust.keys().filter(|maker| counts(maker, TrustRole::SealMaker)).copied().collect();
    let is_root = |root: &_| counts(root, TrustRole::CertificateAuthority);
    Some(list.narrowed(is_root, |revocations| lists.contains(revocations), makers))
}

/// Whether the provinces trusted a certificate in a role when something was signed, or do now.
fn is_trusted(facts: &LedgerFacts, certificate: &Digest, role: TrustRole, signed: Option<TimeMs>) -> bool {
    let Some(entry) = facts.trust.get(certificate) else { return false };
    let at = |time: Option<TimeMs>| {
        let entries = [entry.then.as_ref(), entry.now.as_ref()];
        time.is_some_and(|time| entries.into_iter().flatten().any(|entry| entry.is_trusted(role, time)))
    };
    at(signed) || at(Some(crate::sdk::clock()))
}

/// Joins the sources. `examined` was judged by the certificates that the provinces trust ([`trusted_by_provinces`]), as far as
/// certificates were given at all (`has_list`).
pub fn join(
    mut verified: Verified,
    examined: &Examined,
    facts: &LedgerFacts,
    algorithm: DigestAlgorithm,
    has_list: bool,
) -> FileAnswer {
    let report = &examined.report;
    let mut checks = vec![file_check(report), coverage_check(report)];
    if let Some(check) = identifier_check(&verified, report, algorithm) {
        verified.checks.retain(|check| check.code != "identifier.not_given");
        checks.push(check);
    }
    let many = facts.signatures.len() > 1;
    let mut seals = Vec::new();
    for on_ledger in &facts.signatures {
        let Some(signature) = report.signatures.get(on_ledger.position) else { continue };
        let mut of_seal = vec![
            seal_check(on_ledger, signature),
            seal_now(on_ledger),
            recorded_check(on_ledger),
            maker_check(on_ledger, signature, facts, has_list),
            maker_now(signature, facts),
        ];
        if many {
            for check in &mut of_seal {
                check.name = format!("{}[{}]", check.name, signature.id);
            }
        }
        checks.append(&mut of_seal);
        seals.push(SealWord {
            signature: signature.id.clone(),
            seal: on_ledger.address.as_ref().map(|address| format!("{}/{}", address.province, address.seal)),
            claimed: signature.sign_time.map(|time| time.to_string()),
            recorded: on_ledger.recorded.map(|recorded| recorded.recorded_ms.to_string()),
            record: on_ledger.recorded.map(|recorded| recorded.recorded_by.0),
        });
    }
    let fails = checks.iter().any(|check| check.result == CheckResult::Fail && !is_of_now(&check.name));
    let has_exception = verified.licence.as_ref().is_some_and(|licence| {
        licence.exception.is_some() && licence.document_sha256 == examined.document.sha256.to_string()
    });
    let ledger_verdict = verified.verdict;
    if fails && !has_exception {
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

fn by_reason(name: &str, result: CheckResult, reason: Reason) -> Check {
    Check::new(name, result, reason.code(), reason.en(), reason.zh())
}

fn file_check(report: &Report) -> Check {
    let first = report.signatures.iter().flat_map(|signature| signature.reasons.iter()).chain(&report.reasons);
    let first = first.copied().find(|reason| !is_of_coverage(*reason) && !is_of_trust(*reason));
    match (report.cryptography, first) {
        (report::Verdict::Valid, _) => Check::new(
            "file",
            CheckResult::Pass,
            "file.sound",
            "signature values, digests, certificate lists and time windows of the file hold",
            "文件的签名值、摘要、证书列表与时间窗口均相符",
        ),
        (report::Verdict::Unsigned, _) => {
            Check::new("file", CheckResult::Unknown, "file.unsigned", "the file carries no seal", "文件未加盖电子印章")
        }
        (report::Verdict::Invalid, Some(reason)) => by_reason("file", CheckResult::Fail, reason),
        (report::Verdict::Invalid, None) => {
            let (en, zh) = ("checks of the file fail; see `huxin inspect`", "文件检查不符，详见 `huxin inspect`");
            Check::new("file", CheckResult::Fail, "file.unsound", en, zh)
        }
        (report::Verdict::Unknown, Some(reason)) => by_reason("file", CheckResult::Unknown, reason),
        (report::Verdict::Unknown, None) => {
            let (en, zh) = ("not everything in the file could be checked", "文件中有无法检查的内容");
            Check::new("file", CheckResult::Unknown, "file.unknown", en, zh)
        }
    }
}

/// Whether the identifier that the file carries is that of the licence under which the file is recorded. `None` where nobody can tell:
/// no licence, or no identifier in the file, or it was asked for by its identifier anyway.
fn identifier_check(verified: &Verified, report: &Report, algorithm: DigestAlgorithm) -> Option<Check> {
    let licence = verified.licence.as_ref()?;
    let text = report.licence.as_ref()?.identifier.as_deref()?;
    if !verified.checks.iter().any(|check| check.code == "identifier.not_given") {
        return None;
    }
    let id = identifier(text).ok()?;
    let (result, code, en, zh) = if LicenceRef::of(algorithm, &id).to_string() == licence.licence {
        (
            CheckResult::Pass,
            "identifier.matches",
            "the identifier in the file is the recorded one",
            "文件所载证照标识与上账一致",
        )
    } else {
        (
            CheckResult::Fail,
            "identifier.contradicts",
            "the file carries another identifier than the licence under which it is recorded",
            "文件所载证照标识与其上账证照不符",
        )
    };
    Some(Check::new("identifier", result, code, en, zh))
}

fn is_of_coverage(reason: Reason) -> bool {
    matches!(reason, Reason::UnprotectedContent | Reason::UnreferencedEntry)
}

/// Reasons that [`maker_check`] speaks of.
fn is_of_trust(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::UntrustedMaker | Reason::UntrustedSigner | Reason::CertRevokedBeforeSigning | Reason::TrustListAbsent
    )
}

fn coverage_check(report: &Report) -> Check {
    let of_signatures = report.signatures.iter().flat_map(|signature| &signature.checks.0).chain(&report.checks.0);
    let worst = of_signatures
        .filter(|check| matches!(check.name, "coverage" | "unreferenced"))
        .filter_map(|check| Some((check.result, check.code?)))
        .max_by_key(|(result, _)| *result == Outcome::Fail);
    match worst {
        Some((Outcome::Fail, reason)) => by_reason("coverage", CheckResult::Fail, reason),
        Some((_, reason)) => by_reason("coverage", CheckResult::Unknown, reason),
        None if report.signatures.is_empty() => {
            let (en, zh) = ("nothing in the file is protected by a signature", "文件内容未受签名保护");
            Check::new("coverage", CheckResult::Unknown, "coverage.unsigned", en, zh)
        }
        None => {
            let (en, zh) = ("all content is protected, and nothing is carried along", "全部内容受签名保护，无夹带");
            Check::new("coverage", CheckResult::Pass, "coverage.complete", en, zh)
        }
    }
}

/// The status that counted at a time: the newest one if it took effect before, else the one that stood in the map then.
fn status_at(on_ledger: &SignatureOnLedger, time: TimeMs) -> Option<SealStatus> {
    match (&on_ledger.seal.now, &on_ledger.seal.then) {
        (Some(now), Some(_)) if now.effective_ms <= time => Some(now.status),
        (_, then) => then.as_ref().map(|then| then.status),
    }
}

fn seal_check(on_ledger: &SignatureOnLedger, signature: &SignatureReport) -> Check {
    let unknown = |code: &str, en: &str, zh: &str| Check::new("seal", CheckResult::Unknown, code, en, zh);
    let Some(now) = &on_ledger.seal.now else {
        return unknown("seal.not_registered", "the ledger knows no such seal", "账本上没有该印章");
    };
    if !is_registered_seal(now, signature) {
        return by_reason("seal", CheckResult::Fail, Reason::SealFileMismatch);
    }
    // A seal that was unlawful from a day on, or from the beginning, as the mark says.
    let status = on_ledger.signed_ms.and_then(|time| status_at(on_ledger, time));
    match status {
        None => unknown(
            "seal.registered_later",
            "the seal was filed after the signature was made, so the ledger cannot tell whether it was in use then",
            "印章备案晚于签章时间，账本无法说明当时是否启用",
        ),
        Some(SealStatus::Active) => Check::new(
            "seal",
            CheckResult::Pass,
            "seal.active",
            "the seal is filed with these certificates and was in use when it signed",
            "印章以相同证书备案，签章时处于启用状态",
        ),
        Some(SealStatus::Registered) => Check::new(
            "seal",
            CheckResult::Fail,
            "seal.not_active",
            "the seal was filed but not yet in use when it signed",
            "签章时印章已备案但尚未启用",
        ),
        Some(SealStatus::Suspended) => by_reason("seal", CheckResult::Fail, Reason::SealSuspended),
        Some(SealStatus::Cancelled | SealStatus::Invalidated | SealStatus::Replaced) => {
            by_reason("seal", CheckResult::Fail, Reason::SealRevoked)
        }
    }
}

/// Whether the seal in the file is the filed one: maker, signer and key.
fn is_registered_seal(state: &SealState, signature: &SignatureReport) -> bool {
    let maker = signature.seal.as_ref().and_then(|seal| seal.maker.as_ref());
    let is_maker = maker.is_none_or(|maker| maker.sm3 == state.seal.maker_certificate);
    let is_signer = signature.signer.as_ref().is_none_or(|signer| state.seal.certificates.contains(&signer.sm3));
    let key = signature.signature.as_ref().map(|numbers| PublicKey::Sm2(numbers.point));
    is_maker && is_signer && key.is_none_or(|key| state.seal.keys.contains(&key))
}

fn seal_now(on_ledger: &SignatureOnLedger) -> Check {
    let status = on_ledger.seal.now.as_ref().map(|state| state.status);
    let (result, code, en, zh) = match status {
        None => (CheckResult::Unknown, "seal.not_registered", "the ledger knows no such seal", "账本上没有该印章"),
        Some(SealStatus::Registered) => {
            (CheckResult::Unknown, "seal.not_active", "filed, and not in use yet", "已备案，尚未启用")
        }
        Some(SealStatus::Active) => (CheckResult::Pass, "seal.active", "in use", "启用"),
        Some(SealStatus::Suspended) => (CheckResult::Fail, "seal.suspended", "suspended now", "现已暂停使用"),
        Some(SealStatus::Cancelled) => (CheckResult::Fail, "seal.cancelled", "cancelled by now", "现已注销"),
        Some(SealStatus::Invalidated) => {
            (CheckResult::Fail, "seal.invalidated", "marked as invalid by now", "现已标记无效")
        }
        Some(SealStatus::Replaced) => {
            (CheckResult::Fail, "seal.replaced", "replaced by another seal by now", "现已重新制作")
        }
    };
    Check::new("seal_now", result, code, en, zh)
}

fn recorded_check(on_ledger: &SignatureOnLedger) -> Check {
    match &on_ledger.recorded {
        Some(recorded) => {
            let time = recorded.recorded_ms.to_beijing();
            Check::new(
                "signature_recorded",
                CheckResult::Pass,
                "signature.recorded",
                &format!("on the ledger since {time}: made then at the latest, and verified by every validator"),
                &format!("已于 {time} 上账：签章不晚于此时，且经各验证节点验签"),
            )
        }
        None => Check::new(
            "signature_recorded",
            CheckResult::Unknown,
            "signature.not_recorded",
            "not on the ledger: only the signer's own clock says when it was made",
            "签章未上账：签章时间仅为签章方时钟所述",
        ),
    }
}

fn maker_check(
    on_ledger: &SignatureOnLedger,
    signature: &SignatureReport,
    facts: &LedgerFacts,
    has_list: bool,
) -> Check {
    let maker = signature.seal.as_ref().and_then(|seal| seal.maker.as_ref()).map(|maker| maker.sm3);
    let is_listed = maker.is_some_and(|maker| is_trusted(facts, &maker, TrustRole::SealMaker, on_ledger.signed_ms));
    let was_trusted = on_ledger.seal.now.as_ref().is_some_and(|seal| seal.maker_trusted);
    let failed = ["maker_chain", "signer_chain", "signer_revocation", "maker_revocation"]
        .into_iter()
        .filter_map(|name| signature.checks.get(name))
        .find(|check| check.result == Outcome::Fail);
    match (has_list, failed.and_then(|check| check.code)) {
        // A revoked certificate of the signer is no matter of the maker, and weighs more than any list.
        (true, Some(reason)) if !(is_listed && reason == Reason::UntrustedMaker) => {
            by_reason("maker", CheckResult::Fail, reason)
        }
        _ if is_listed => {
            let (en, zh) = ("the provinces name the seal's maker on their trust list", "制章者在各省互认信任列表中");
            Check::new("maker", CheckResult::Pass, "maker.listed", en, zh)
        }
        (true, None) => {
            let (en, zh) = (
                "maker and signer lead to authorities that the provinces trust",
                "制章者与签章人证书链至各省信任的机构",
            );
            Check::new("maker", CheckResult::Pass, "maker.chain", en, zh)
        }
        _ if was_trusted => {
            let (en, zh) =
                ("the provinces trusted the seal's maker when the seal was filed", "印章备案时制章者受各省信任");
            Check::new("maker", CheckResult::Pass, "maker.trusted_when_filed", en, zh)
        }
        _ => Check::new(
            "maker",
            CheckResult::Unknown,
            "maker.not_checked",
            "the provinces do not name the maker itself; give the authorities' certificates with --trust-list to follow its chain",
            "信任列表未列明该制章者；请用 --trust-list 提供机构证书以核验证书链",
        ),
    }
}

fn maker_now(signature: &SignatureReport, facts: &LedgerFacts) -> Check {
    let maker = signature.seal.as_ref().and_then(|seal| seal.maker.as_ref()).map(|maker| maker.sm3);
    let entry = maker.and_then(|maker| facts.trust.get(&maker)?.now.as_ref());
    let now = crate::sdk::clock();
    let (result, code, en, zh) = match entry {
        None => (
            CheckResult::Unknown,
            "maker.not_listed",
            "the provinces do not name the maker itself on their trust list",
            "信任列表未列明该制章者",
        ),
        Some(entry) if entry.is_trusted(TrustRole::SealMaker, now) => {
            (CheckResult::Pass, "maker.listed", "on the provinces' trust list now", "现在各省互认信任列表中")
        }
        Some(_) => {
            (CheckResult::Fail, "maker.retired", "no longer on the provinces' trust list", "现已移出各省互认信任列表")
        }
    };
    Check::new("maker_now", result, code, en, zh)
}
