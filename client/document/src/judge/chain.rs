//! Checks against the trust list: chain and revocation, of signers and of seal makers.

use huxin_chain_spec::ids::TimeMs;

use crate::certificate::Certificate;
use crate::reason::Reason;
use crate::report::{SignatureReport, Weight};
use crate::revocation::Standing;
use crate::trust::{ChainAnswer, TrustList};

/// The names and codes that differ between a signer and a maker.
pub(super) struct Role {
    chain: &'static str,
    revocation: &'static str,
    key_usage: &'static str,
    untrusted: Reason,
    revoked: Reason,
}

pub(super) const SIGNER: Role = Role {
    chain: "signer_chain",
    revocation: "signer_revocation",
    key_usage: "signer_key_usage",
    untrusted: Reason::UntrustedSigner,
    revoked: Reason::CertRevokedBeforeSigning,
};

pub(super) const MAKER: Role = Role {
    chain: "maker_chain",
    revocation: "maker_revocation",
    key_usage: "maker_key_usage",
    untrusted: Reason::UntrustedMaker,
    revoked: Reason::MakerCertRevokedBeforeCreate,
};

/// When a certificate was used, and for when its chain is asked.
#[derive(Clone, Copy)]
pub(super) struct When {
    pub used: Option<TimeMs>,
    pub chain: Option<TimeMs>,
}

const POLICY: Weight = Weight::Policy;

/// Notes key usage, chain and revocation of `certificate` in `signature`.
pub(super) fn check(
    role: &Role,
    certificate: &Certificate,
    carried: &[Certificate],
    when: When,
    trust: Option<&TrustList>,
    signature: &mut SignatureReport,
) {
    let checks = &mut signature.checks;
    let usage = "neither digitalSignature nor nonRepudiation is set";
    checks.verify(POLICY, role.key_usage, certificate.may_sign(), Reason::CertKeyUsage, usage);
    let Some(trust) = trust else {
        checks.unknown(POLICY, role.chain, Reason::TrustListAbsent, "");
        checks.unknown(POLICY, role.revocation, Reason::TrustListAbsent, "");
        return;
    };
    let is_pinned = role.untrusted == Reason::UntrustedMaker && trust.is_maker(certificate);
    let Some(at) = when.chain else {
        checks.unknown(POLICY, role.chain, Reason::SignTimeAbsent, "");
        checks.unknown(POLICY, role.revocation, Reason::SignTimeAbsent, "");
        return;
    };
    match trust.chain(certificate, carried, at) {
        ChainAnswer::Trusted(issuers) => {
            checks.pass(POLICY, role.chain);
            revocation(role, certificate, issuers.first(), when, trust, signature);
        }
        // The list names the maker itself; taking it off the list is how it is revoked.
        _ if is_pinned => {
            checks.pass(POLICY, role.chain);
            checks.pass(POLICY, role.revocation);
        }
        ChainAnswer::Untrusted { why, is_issuer_absent } => {
            checks.fail(POLICY, role.chain, role.untrusted, why);
            if let Some(check) = checks.0.last_mut() {
                check.is_issuer_absent = is_issuer_absent;
            }
            checks.unknown(POLICY, role.revocation, role.untrusted, "without a chain nobody can say it was revoked");
        }
        ChainAnswer::Unknown(reason) => {
            checks.unknown(POLICY, role.chain, reason, "");
            checks.unknown(POLICY, role.revocation, reason, "");
        }
    }
}

/// GM/T 0031, 6.2.3 d: revoked before the signing is invalid, revoked after it changes nothing.
fn revocation(
    role: &Role,
    certificate: &Certificate,
    issuer: Option<&Certificate>,
    when: When,
    trust: &TrustList,
    signature: &mut SignatureReport,
) {
    let checks = &mut signature.checks;
    // A root that signs itself is taken off the list when it is no longer good.
    let Some(issuer) = issuer else { return checks.pass(POLICY, role.revocation) };
    let asked = when.used.or(when.chain).unwrap_or(TimeMs::EPOCH);
    match (trust.standing(certificate, issuer, asked), when.used) {
        (Standing::Revoked(date), Some(used)) if date <= used => {
            checks.fail(POLICY, role.revocation, role.revoked, format!("revoked at {date}, used at {used}"));
        }
        (Standing::Revoked(date), None) => {
            checks.unknown(POLICY, role.revocation, Reason::SignTimeAbsent, format!("revoked at {date}"));
        }
        (Standing::Revoked(_) | Standing::NotListed, _) => checks.pass(POLICY, role.revocation),
        (Standing::NotListedAfterEnd, _) => {
            checks.pass(POLICY, role.revocation);
            let detail = format!("{}, which ended at {}", certificate.subject.text, certificate.not_after);
            signature.warn(Reason::RevocationListAfterEnd, detail);
        }
        (Standing::Unknown, _) => {
            let issuer = format!("no current list of {}", issuer.subject.text);
            checks.unknown(POLICY, role.revocation, Reason::RevocationListAbsent, issuer);
        }
    }
}
