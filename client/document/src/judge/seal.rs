//! Checks of a seal (GM/T 0031, 6.1.2): the maker's signature, the maker's certificate, and the seal's own facts.

use super::chain::{self, When};
use super::{Options, value, warn_odd};
use crate::certificate::Certificate;
use crate::reason::Reason;
use crate::report::{
    CertificateFacts, Checks, HeaderFacts, PictureFacts, SIGNERS_MAX, SealFacts, SignatureReport, Sm2Facts, Weight,
};
use crate::seal::{Seal, Signers};
use crate::sm2_value::SM2_WITH_SM3;

/// Notes the checks of `seal` and its facts in `signature`. `signer` is who used the seal, where it was used.
pub(super) fn judge(
    seal: &Seal<'_>,
    signer: Option<&Certificate>,
    options: &Options<'_>,
    signature: &mut SignatureReport,
) {
    let maker = Certificate::read(seal.maker_certificate);
    let question = value::Question {
        name: "seal_signature",
        wrong: Reason::SealSignature,
        certificate: &maker,
        algorithm: &seal.algorithm,
        signature: seal.signature,
    };
    let (verified, numbers) = match seal.signed_parts() {
        Some((header, [info, certificate, algorithm])) => {
            value::check(&question, &[&header, info, certificate, algorithm], &mut signature.checks)
        }
        None => {
            signature.checks.fail(Weight::Cryptography, "seal_signature", Reason::Format, "too long to be signed");
            (Some(false), None)
        }
    };
    if let Ok(maker) = &maker {
        let valid = maker.is_valid_at(seal.created);
        let detail = format!("made at {}, certificate {} to {}", seal.created, maker.not_before, maker.not_after);
        let checks = &mut signature.checks;
        checks.verify(Weight::Cryptography, "maker_window", valid, Reason::MakerCertNotValidAtCreate, detail);
        let when = When { used: Some(seal.created), chain: Some(seal.created) };
        chain::check(&chain::MAKER, maker, &[], when, options.trust, signature);
    }
    if seal.has_time_stamp {
        signature.checks.unknown(Weight::Note, "timestamp", Reason::TimestampNotChecked, "of the seal");
    }
    warn_odd(&seal.odd, &mut signature.warnings);
    if seal.algorithm != SM2_WITH_SM3 {
        signature.warn(Reason::NonstandardEncoding, format!("signAlgID of the seal is {}", seal.algorithm));
    }
    let signers = listed_signers(seal);
    compare_subjects(seal, signer.map_or(signers.as_slice(), std::slice::from_ref), signature);
    signature.seal = Some(facts(seal, &signers, maker.ok().as_ref(), verified, numbers));
}

/// A seal without a document has no time of signing. Its validity is asked for the time given, if one is.
pub(super) fn window_alone(seal: &Seal<'_>, options: &Options<'_>, checks: &mut Checks) {
    let ordered = seal.valid_from <= seal.valid_to;
    let detail = format!("valid from {} to {}", seal.valid_from.to_beijing(), seal.valid_to.to_beijing());
    let code = Reason::SealNotValidAtSignTime;
    checks.verify(Weight::Cryptography, "seal_window", ordered, code, "its validity ends before it begins");
    if let Some(at) = options.at {
        let valid = seal.valid_from <= at && at <= seal.valid_to;
        checks.verify(Weight::Policy, "seal_window_at", valid, Reason::SealNotValidAtAskedTime, detail);
    }
}

/// The first certificates that the seal lists.
fn listed_signers(seal: &Seal<'_>) -> Vec<Certificate> {
    match &seal.signers {
        Signers::Certificates(listed) => {
            listed.iter().take(SIGNERS_MAX).filter_map(|der| Certificate::read(der).ok()).collect()
        }
        Signers::Digests(_) => Vec::new(),
    }
}

/// Agency seals number themselves with 14 digits and repeat the number as CN, and code and name as O, of the signer's
/// certificate. Seals of other numberings follow no such rule and are not compared. `signers`: who used the seal, or may use it.
fn compare_subjects(seal: &Seal<'_>, signers: &[Certificate], signature: &mut SignatureReport) {
    if seal.id.len() != 14 || !seal.id.bytes().all(|byte| byte.is_ascii_digit()) {
        return;
    }
    let subjects: Vec<_> = signers.iter().map(|signer| &signer.subject).collect();
    if !subjects.is_empty() && !subjects.iter().any(|subject| subject.values("CN").any(|name| name == seal.id)) {
        signature.warn(Reason::SealSubjectMismatch, format!("no certificate has CN={}", seal.id));
    }
    let Some(code) = seal.owner.as_ref().and_then(|owner| owner.uscc.as_deref()) else { return };
    if !subjects.is_empty() && !subjects.iter().any(|subject| subject.values("O").any(|name| name.contains(code))) {
        signature.warn(Reason::SealSubjectMismatch, format!("no certificate names the owner {code}"));
    }
}

fn facts(
    seal: &Seal<'_>,
    signers: &[Certificate],
    maker: Option<&Certificate>,
    verified: Option<bool>,
    numbers: Option<Sm2Facts>,
) -> SealFacts {
    let (cert_list_type, cert_list_count) = match &seal.signers {
        Signers::Certificates(listed) => (1, listed.len()),
        Signers::Digests(listed) => (2, listed.len()),
    };
    SealFacts {
        id: seal.id.clone(),
        name: seal.name.clone(),
        valid_from: seal.valid_from,
        valid_to: seal.valid_to,
        signature_valid: verified,
        structure: seal.structure,
        kind: seal.kind,
        header: HeaderFacts {
            id: crate::text::shown(&seal.header_id),
            version: seal.header_version,
            vid: seal.vendor.clone(),
        },
        create_date: seal.created,
        time_type: seal.time_type,
        cert_list_type,
        cert_list_count,
        signers_sm3: seal.signers.digests(),
        signers_with_z: if cert_list_type == 1 { Some(false) } else { None },
        signers: signers.iter().map(CertificateFacts::of).collect(),
        picture: PictureFacts {
            kind: crate::text::shown(seal.picture.kind),
            bytes: seal.picture.data.len(),
            width_mm: seal.picture.width_mm,
            height_mm: seal.picture.height_mm,
            sm3: huxin_chain_spec::crypto::DigestAlgorithm::Sm3.plain(&[seal.picture.data]),
        },
        owner: seal.owner.clone(),
        maker: maker.map(CertificateFacts::of),
        signature: numbers,
        signature_algorithm: seal.algorithm.to_string(),
        signature_over: seal.signed_over(),
        has_timestamp: seal.has_time_stamp,
        der_len: seal.raw.len(),
        sm3: seal.sm3(),
    }
}
