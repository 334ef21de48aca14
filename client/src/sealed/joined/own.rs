//! Checks of the file by its own word.

use huxin_chain_spec::api::LicenceAnswer;
use huxin_chain_spec::crypto::DigestAlgorithm;
use huxin_chain_spec::ids::{LicenceId, LicenceIssuer, LicenceRef};
use huxin_chain_spec::verdict::{Check, CheckResult};
use huxin_document::report::{self, Outcome, Report, Weight};

use super::{by_reason, fail, pass, unknown};
use crate::sdk::Verified;
use crate::sealed::admission::identifier as read_identifier;

/// Checks of a report that other checks of the join speak of: whom the provinces trust is theirs to say, and coverage has a check of
/// its own.
const SPOKEN_OF_ELSEWHERE: [&str; 6] =
    ["maker_chain", "signer_chain", "maker_revocation", "signer_revocation", "coverage", "unreferenced"];

/// Every check in a report, of the file, its signatures and its integrity list.
fn all_checks(report: &Report) -> impl Iterator<Item = &report::Check> {
    let of_list = report.integrity.iter().flat_map(|integrity| &integrity.signature.checks.0);
    let of_signatures = report.signatures.iter().flat_map(|signature| &signature.checks.0);
    report.checks.0.iter().chain(of_signatures).chain(of_list).filter(|check| check.weight != Weight::Note)
}

/// Whether anything in the file fails, apart from what other checks speak of.
pub(super) fn file(report: &Report) -> Check {
    let mut own = all_checks(report).filter(|check| !SPOKEN_OF_ELSEWHERE.contains(&check.name));
    if let Some(reason) = own.find(|check| check.result == Outcome::Fail).and_then(|check| check.code) {
        return by_reason("file", CheckResult::Fail, reason);
    }
    match report.cryptography {
        report::Verdict::Invalid => {
            let (en, zh) = ("checks of the file fail; see `huxin inspect`", "文件检查不符，详见 `huxin inspect`");
            fail("file", "file.unsound", en, zh)
        }
        report::Verdict::Unsigned => unknown("file", "file.unsigned", "the file carries no seal", "文件未加盖电子印章"),
        report::Verdict::Unknown => {
            let mut open = all_checks(report).filter(|check| check.weight == Weight::Cryptography);
            match open.find(|check| check.result == Outcome::Unknown).and_then(|check| check.code) {
                Some(reason) => by_reason("file", CheckResult::Unknown, reason),
                None => unknown(
                    "file",
                    "file.unknown",
                    "not everything in the file could be checked",
                    "文件中有无法检查的内容",
                ),
            }
        }
        report::Verdict::Valid => {
            // Something around the signatures that nobody can judge, such as bytes behind the package.
            let mut own = all_checks(report).filter(|check| !SPOKEN_OF_ELSEWHERE.contains(&check.name));
            match own.find(|check| check.result == Outcome::Unknown).and_then(|check| check.code) {
                Some(reason) => by_reason("file", CheckResult::Unknown, reason),
                None => pass(
                    "file",
                    "file.sound",
                    "signature values, digests, certificate lists and time windows of the file hold",
                    "文件的签名值、摘要、证书列表与时间窗口均相符",
                ),
            }
        }
    }
}

/// Whether all content is protected, and nothing carried along.
pub(super) fn coverage(report: &Report) -> Check {
    let of_coverage = all_checks(report).filter(|check| matches!(check.name, "coverage" | "unreferenced"));
    let open = of_coverage.filter_map(|check| Some((check.result, check.code?)));
    match open.max_by_key(|(result, _)| *result == Outcome::Fail) {
        Some((Outcome::Fail, reason)) => by_reason("coverage", CheckResult::Fail, reason),
        Some((_, reason)) => by_reason("coverage", CheckResult::Unknown, reason),
        None if report.signatures.is_empty() => {
            let (en, zh) = ("nothing in the file is protected by a signature", "文件内容未受签名保护");
            unknown("coverage", "coverage.unsigned", en, zh)
        }
        None => {
            let (en, zh) = ("all content is protected, and nothing is carried along", "全部内容受签名保护，无夹带");
            pass("coverage", "coverage.complete", en, zh)
        }
    }
}

/// Whether a licence on the ledger is another one than `id` names: another reference, issuer, type or version.
fn contradicts(licence: &LicenceAnswer, id: &LicenceId, algorithm: DigestAlgorithm) -> bool {
    let issuer = match id.issuer() {
        LicenceIssuer::Organisation(issuer) => issuer.to_string() == licence.issuer,
        LicenceIssuer::Region(region) => region.to_string() == licence.region,
    };
    let is_same = LicenceRef::of(algorithm, id).to_string() == licence.licence
        && issuer
        && id.licence_type().to_string() == licence.licence_type
        && id.version() == licence.version;
    !is_same
}

/// Whether the identifier that the file states is that of the licence under which it is recorded. `None` where there is nothing to
/// compare.
pub(super) fn identifier(verified: &Verified, report: &Report, algorithm: DigestAlgorithm) -> Option<Check> {
    let licence = verified.licence.as_ref()?;
    let stated = report.licence.as_ref().filter(|licence| licence.identifier_stated)?;
    let text = stated.identifier.as_deref()?;
    let Ok(id) = read_identifier(text) else {
        let (en, zh) = ("the identifier in the file is none of GB/T 36904", "文件所载证照标识不符合 GB/T 36904");
        return Some(unknown("identifier", "identifier.unreadable", en, zh));
    };
    Some(if contradicts(licence, &id, algorithm) {
        let (en, zh) = (
            "the file carries the identifier of another licence than that under which it is recorded",
            "文件所载证照标识与其上账证照不符",
        );
        fail("identifier", "identifier.contradicts", en, zh)
    } else {
        let (en, zh) = ("the identifier in the file is the recorded one", "文件所载证照标识与上账一致");
        pass("identifier", "identifier.matches", en, zh)
    })
}
