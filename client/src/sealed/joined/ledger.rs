//! Checks of a signature against what the ledger knows of its seal and of whom the provinces trust.

use huxin_chain_spec::api::LicenceAnswer;
use huxin_chain_spec::crypto::Digest;
use huxin_chain_spec::ids::TimeMs;
use huxin_chain_spec::record::governance::TrustRole;
use huxin_chain_spec::state::seal::{SealState, SealStatus};
use huxin_chain_spec::verdict::{Check, CheckResult};
use huxin_document::Reason;
use huxin_document::report::{Outcome, SignatureReport};

use super::{by_reason, fail, is_trusted, pass, stood, unknown};
use crate::sdk::clock;
use crate::sealed::facts::{LedgerFacts, SignatureOnLedger, SigningTime, is_registered_seal};

/// The checks of a seal.
pub(super) fn seal(
    on_ledger: &SignatureOnLedger,
    signature: &SignatureReport,
    licence: Option<&LicenceAnswer>,
) -> Vec<Check> {
    let mut checks = vec![seal_then(on_ledger, signature), seal_now(on_ledger, signature), recorded(on_ledger)];
    if let (Some(state), Some(licence)) = (&on_ledger.seal, licence)
        && is_registered_seal(state, signature)
    {
        checks.push(if state.seal.owner.to_string() == licence.issuer {
            pass("seal_owner", "seal_owner.issuer", "the seal's owner issued the licence", "印章所有者即颁发机构")
        } else {
            let (en, zh) = ("the seal belongs to another organisation than the issuer", "印章所有者并非颁发机构");
            unknown("seal_owner", "seal_owner.differs", en, zh)
        });
    }
    checks
}

/// What is known of a seal at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stood {
    NotFiled,
    /// Only what was recorded afterwards says that it was in use.
    InUseByLaterRecord,
    As(SealStatus),
}

/// How a seal stood at a time, by every change recorded by now. What was recorded later and reaches back counts where it takes the seal
/// out of use. It does not put a seal into use: the ledger said otherwise when the signature was made.
fn stood_at(seal: &SealState, time: TimeMs) -> Stood {
    use SealStatus as S;
    let (then, now) = (seal.status_at(time, time), seal.status_at(time, TimeMs::MAX));
    match (then, now) {
        (_, Some(out @ (S::Suspended | S::Cancelled | S::Invalidated | S::Replaced))) => Stood::As(out),
        (None, _) | (_, None) => Stood::NotFiled,
        (Some(S::Active), Some(S::Active)) => Stood::As(S::Active),
        (_, Some(S::Active)) => Stood::InUseByLaterRecord,
        (_, Some(S::Registered)) => Stood::As(S::Registered),
    }
}

/// How a seal stood when the signer's clock says that it signed. That clock names a second; a seal that was in use at either end of it
/// may have signed while it was.
fn stood_when_claimed(on_ledger: &SignatureOnLedger, now: &SealState) -> Stood {
    let SigningTime { claimed_from_ms, claimed_ms, .. } = on_ledger.time;
    let at = |time: Option<TimeMs>| time.map_or(Stood::NotFiled, |time| stood_at(now, time));
    let (from, to) = (at(claimed_from_ms), at(claimed_ms));
    if from == Stood::As(SealStatus::Active) { from } else { to }
}

fn seal_then(on_ledger: &SignatureOnLedger, signature: &SignatureReport) -> Check {
    let Some(now) = &on_ledger.seal else {
        return unknown("seal", "seal.not_registered", "the ledger knows no such seal", "账本上没有该印章");
    };
    if !is_registered_seal(now, signature) {
        let (en, zh) = (
            "a seal of this number is filed with other certificates; this one is not known to the ledger",
            "账本上同号印章的证书不同；该印章未在账本备案",
        );
        return unknown("seal", "seal.other_certificates", en, zh);
    }
    let until = stood_at(now, on_ledger.time.proven_ms.unwrap_or_else(clock));
    match (stood_when_claimed(on_ledger, now), until) {
        (Stood::NotFiled, _) => unknown(
            "seal",
            "seal.registered_later",
            "the seal was filed after the signature was made, so the ledger cannot tell whether it was in use then",
            "印章备案晚于签章时间，账本无法说明当时是否启用",
        ),
        (Stood::InUseByLaterRecord, _) => unknown(
            "seal",
            "seal.active_by_later_record",
            "only what was recorded after the signature says that the seal was in use when it signed",
            "签章时账本所载并非启用状态，仅其后上账的变更称当时已启用",
        ),
        (Stood::As(SealStatus::Active), Stood::As(SealStatus::Active)) => pass(
            "seal",
            "seal.active",
            "the seal is filed with these certificates and was in use when it signed",
            "印章以相同证书备案，签章时处于启用状态",
        ),
        (Stood::As(SealStatus::Active), _) => unknown(
            "seal",
            "seal.time_unproven",
            "the seal is out of use since, and only the signer's own clock says that it signed before",
            "印章其后已停用，仅签章方时钟称签章在先",
        ),
        (Stood::As(SealStatus::Registered), _) => fail(
            "seal",
            "seal.not_yet_active",
            "the seal was filed but not yet in use when it signed",
            "签章时印章已备案但尚未启用",
        ),
        (Stood::As(SealStatus::Suspended), _) => by_reason("seal", CheckResult::Fail, Reason::SealSuspended),
        (Stood::As(SealStatus::Cancelled | SealStatus::Invalidated | SealStatus::Replaced), _) => {
            by_reason("seal", CheckResult::Fail, Reason::SealRevoked)
        }
    }
}

fn seal_now(on_ledger: &SignatureOnLedger, signature: &SignatureReport) -> Check {
    let known = on_ledger.seal.as_ref().filter(|state| is_registered_seal(state, signature));
    let (result, code, en, zh) = match known.map(|state| state.status) {
        None => (CheckResult::Unknown, "seal.not_registered", "the ledger knows no such seal", "账本上没有该印章"),
        Some(SealStatus::Registered) => {
            (CheckResult::Unknown, "seal_now.registered", "filed, and not in use yet", "已备案，尚未启用")
        }
        Some(SealStatus::Active) => (CheckResult::Pass, "seal_now.active", "in use", "启用"),
        Some(SealStatus::Suspended) => (CheckResult::Fail, "seal_now.suspended", "suspended now", "现已暂停使用"),
        Some(SealStatus::Cancelled) => (CheckResult::Fail, "seal_now.cancelled", "cancelled by now", "现已注销"),
        Some(SealStatus::Invalidated) => {
            (CheckResult::Fail, "seal_now.invalidated", "marked as invalid by now", "现已标记无效")
        }
        Some(SealStatus::Replaced) => {
            (CheckResult::Fail, "seal_now.replaced", "replaced by another seal by now", "现已重新制作")
        }
    };
    Check::new("seal_now", result, code, en, zh)
}

fn recorded(on_ledger: &SignatureOnLedger) -> Check {
    match &on_ledger.recorded {
        Some(recorded) => {
            let time = recorded.recorded_ms.to_beijing();
            pass(
                "signature_recorded",
                "signature.recorded",
                &format!("on the ledger since {time}: it existed then, and every validator verified its value"),
                &format!("已于 {time} 上账：签章不晚于此时，且经各验证节点验签"),
            )
        }
        None => unknown(
            "signature_recorded",
            "signature.not_recorded",
            "the signature is not on the ledger by itself",
            "该签章未单独上账",
        ),
    }
}

/// Whom the provinces trust: the chains of maker and signer, the maker by name, and revocation.
pub(super) fn trust(
    on_ledger: &SignatureOnLedger,
    signature: &SignatureReport,
    facts: &LedgerFacts,
    has_list: bool,
) -> Vec<Check> {
    let mut checks = vec![maker(on_ledger, signature, facts, has_list), revocation(signature)];
    if signature.seal.is_some() {
        checks.push(maker_now(signature, facts));
    }
    checks
}

fn maker_of(signature: &SignatureReport) -> Option<Digest> {
    Some(signature.seal.as_ref()?.maker.as_ref()?.sm3)
}

fn maker(on_ledger: &SignatureOnLedger, signature: &SignatureReport, facts: &LedgerFacts, has_list: bool) -> Check {
    let maker = maker_of(signature);
    let named = |maker: Digest| is_trusted(facts, &maker, TrustRole::SealMaker, on_ledger.time);
    let is_named = maker.is_some_and(named);
    let outcome = |name: &str| signature.checks.get(name).map(|check| (check.result, check.code));
    let chains = [outcome("maker_chain").filter(|_| !is_named), outcome("signer_chain")];
    let chains: Vec<_> = chains.into_iter().flatten().collect();
    let failed = chains.iter().find(|(result, _)| *result == Outcome::Fail).and_then(|(_, reason)| *reason);
    let all_pass = !chains.is_empty() && chains.iter().all(|(result, _)| *result == Outcome::Pass);
    // A retired authority leaves a chain open only where the chain ends at it: an issuer nobody knows was never trusted.
    let is_stranger = ["maker_chain", "signer_chain"].into_iter().any(|name| signature.chain_is_incomplete(name));
    let filed = on_ledger.seal.as_ref().filter(|state| is_registered_seal(state, signature));
    match failed {
        // Whom to believe is for the provinces to say, and they have not.
        Some(_) if has_list && facts.names_no_authority => unknown(
            "maker",
            "maker.no_authority",
            "the provinces have put no authority on their trust list yet, so nothing says whom to believe",
            "各省尚未将任何机构列入信任列表，无从判断信任谁",
        ),
        Some(reason)
            if has_list && facts.has_every_authority && (is_stranger || !was_trusted_by_claim(on_ledger, facts)) =>
        {
            by_reason("maker", CheckResult::Fail, reason)
        }
        _ if has_list && all_pass => pass(
            "maker",
            "maker.chain",
            "maker and signer lead to authorities that the provinces trust",
            "制章者与签章人证书链至各省信任的机构",
        ),
        _ if is_named && !has_list => {
            let (en, zh) = ("the provinces name the seal's maker on their trust list", "制章者在各省互认信任列表中");
            pass("maker", "maker.named", en, zh)
        }
        _ if !has_list && filed.is_some_and(|state| state.maker_trusted) => {
            let (en, zh) =
                ("the provinces trusted the seal's maker when the seal was filed", "印章备案时制章者受各省信任");
            pass("maker", "maker.trusted_when_filed", en, zh)
        }
        _ if has_list => unknown(
            "maker",
            "maker.list_incomplete",
            "the chain ends at no authority that the provinces trust now, and not every such authority is in the trust list given",
            "证书链未至各省现行信任的机构，且所给信任列表未包含全部受信机构",
        ),
        _ => unknown(
            "maker",
            "maker.not_checked",
            "chains were not followed; give the authorities' certificates with --trust-list",
            "未核验证书链；请用 --trust-list 提供机构证书",
        ),
    }
}

/// Whether the provinces trusted some authority or maker only when the signer's own clock says it signed.
fn was_trusted_by_claim(on_ledger: &SignatureOnLedger, facts: &LedgerFacts) -> bool {
    let roles = [TrustRole::CertificateAuthority, TrustRole::SealMaker];
    on_ledger.time.proven_ms.is_none()
        && on_ledger.time.claimed_ms.is_some_and(|time| {
            let retired =
                |entry: &_| roles.iter().any(|role| stood(entry, *role, time) && !stood(entry, *role, clock()));
            facts.trust.values().any(retired)
        })
}

fn revocation(signature: &SignatureReport) -> Check {
    let found: Vec<_> =
        ["signer_revocation", "maker_revocation"].into_iter().filter_map(|name| signature.checks.get(name)).collect();
    if let Some(reason) = found.iter().find(|check| check.result == Outcome::Fail).and_then(|check| check.code) {
        return by_reason("revocation", CheckResult::Fail, reason);
    }
    match found.iter().find(|check| check.result == Outcome::Unknown).map(|check| check.code) {
        Some(Some(reason)) => by_reason("revocation", CheckResult::Unknown, reason),
        None if !found.is_empty() => {
            let (en, zh) = ("no certificate was revoked before it was used", "证书在使用前均未被吊销");
            pass("revocation", "revocation.none", en, zh)
        }
        _ => unknown("revocation", "revocation.not_checked", "revocation was not checked", "未检查证书吊销"),
    }
}

fn maker_now(signature: &SignatureReport, facts: &LedgerFacts) -> Check {
    let entry = maker_of(signature).and_then(|maker| facts.trust.get(&maker)?.now.as_ref());
    match entry {
        None => unknown(
            "maker_now",
            "maker_now.not_named",
            "the provinces do not name the maker itself on their trust list",
            "信任列表未列明该制章者",
        ),
        Some(entry) if entry.is_trusted(TrustRole::SealMaker, clock()) => {
            pass("maker_now", "maker_now.named", "on the provinces' trust list now", "现在各省互认信任列表中")
        }
        Some(_) => {
            let (en, zh) = ("no longer on the provinces' trust list", "现已移出各省互认信任列表");
            fail("maker_now", "maker_now.retired", en, zh)
        }
    }
}
