//! Checks of a seal (GM/T 0031, 6.1.2): the maker's signature, the maker's certificate, and the seal's own facts.

use std::borrow::Cow;

use huxin_chain_spec::ids::TimeMs;

use super::chain::{self, When};
use super::context::{Context, Options, warn_odd, warn_odd_of};
use super::value;
use crate::certificate::Certificate;
use crate::reason::Reason;
use crate::report::{
    CertificateFacts, Checks, HeaderFacts, PictureFacts, SIGNERS_MAX, SealFacts, SignatureReport, Weight,
};
use crate::seal::{Seal, Signers};
use crate::sm2_value::SM2_WITH_SM3;

/// How a seal was used: by whom and when, where it was.
pub(super) struct Use<'u> {
    pub signer: Option<&'u Certificate>,
    pub time: Option<TimeMs>,
}

/// Clocks of seal makers and signers, and times without a zone, may differ by this much.
const CLOCKS_MS: u64 = 24 * 3600 * 1000;

/// Notes the checks of `seal` and its facts in `signature`.
pub(super) fn judge(
    seal: &Seal<'_>,
    used: &Use<'_>,
    context: &Context<'_>,
    options: &Options<'_>,
    signature: &mut SignatureReport,
) {
    let maker = seal.maker_certificate.clone().and_then(Certificate::read);
    let question = value::Question {
        name: "seal_signature",
        wrong: Reason::SealSignature,
        certificate: maker.as_ref(),
        algorithm: seal.algorithm.as_ref(),
        signature: seal.signature.as_ref().copied(),
    };
    let answer = value::check(&question, &messages(seal, context), signature);
    if let Ok(maker) = &maker {
        warn_odd_of("the maker's certificate", &maker.odd, &mut signature.warnings);
        maker_window(seal, maker, used, options, signature);
    }
    created_before_use(seal, used, signature);
    if seal.has_time_stamp {
        signature.checks.unknown(Weight::Note, "timestamp", Reason::TimestampNotChecked, "of the seal");
    }
    warn_odd(&seal.odd, &mut signature.warnings);
    if let Some(algorithm) = seal.algorithm.as_ref().ok().filter(|algorithm| **algorithm != SM2_WITH_SM3) {
        signature.warn(Reason::NonstandardEncoding, format!("signAlgID of the seal is {algorithm}"));
    }
    let signers = listed_signers(seal);
    compare_subjects(seal, used.signer.map_or(signers.as_slice(), std::slice::from_ref), signature);
    signature.seal = Some(facts(seal, &signers, maker.ok().as_ref(), answer));
}

/// What the maker signed: its DER, and, of a seal in BER, the bytes as they stand.
fn messages<'m>(seal: &Seal<'m>, context: &Context<'m>) -> Vec<value::Message<'m>> {
    let Some((header, parts)) = seal.signed_parts() else { return Vec::new() };
    let over = seal.signed_over();
    let of = |header: Vec<u8>, parts: [&'m [u8]; 3]| {
        let parts = parts.into_iter().map(Cow::Borrowed);
        (over, std::iter::once(Cow::Owned(header)).chain(parts).collect())
    };
    let mut messages = vec![of(header.clone(), parts)];
    if let [info, rest @ ..] = parts
        && let Some(written) = context.source.as_written(info)
    {
        let [certificate, algorithm] = rest;
        messages.push(of(header, [written, certificate, algorithm]));
    }
    messages
}

/// The maker's certificate at `createDate`, and its chain. `createDate` is what the maker says, and is written before the certificate in
/// real seals: tax offices made them days before their certificates began. So it decides nothing by itself. Where the certificate began
/// later, and within the life of the seal, the maker is judged from then on; where it had ended, or began after the signing, nobody can
/// tell whether it was the maker's to use.
fn maker_window(
    seal: &Seal<'_>,
    maker: &Certificate,
    used: &Use<'_>,
    options: &Options<'_>,
    signature: &mut SignatureReport,
) {
    let name = "maker_window";
    let detail = format!("made at {}, certificate {} to {}", seal.created, maker.not_before, maker.not_after);
    let latest = used.time.unwrap_or(seal.valid_to);
    let began_later = seal.created < maker.not_before && maker.not_before <= latest;
    let code = Reason::MakerCertNotValidAtCreate;
    if maker.is_valid_at(seal.created) {
        signature.checks.pass(Weight::Policy, name);
    } else if began_later {
        signature.checks.pass(Weight::Policy, name);
        signature.warn(code, detail);
    } else {
        signature.checks.unknown(Weight::Policy, name, code, detail);
    }
    let at = if began_later { maker.not_before } else { seal.created };
    let when = When { used: Some(at), chain: Some(at) };
    chain::check(&chain::MAKER, maker, &[], when, options.trust, signature);
}

/// A seal that was made after it signed: one of the two times is not true.
fn created_before_use(seal: &Seal<'_>, used: &Use<'_>, signature: &mut SignatureReport) {
    let Some(time) = used.time else { return };
    let (name, code) = ("seal_created", Reason::SealCreatedAfterSigning);
    let detail = format!("createDate is {}, the time of signing {time}", seal.created);
    if seal.created <= time {
        signature.checks.pass(Weight::Policy, name);
    } else if seal.created.ms_since(time) <= CLOCKS_MS {
        signature.checks.pass(Weight::Policy, name);
        signature.warn(code, detail);
    } else {
        signature.checks.unknown(Weight::Policy, name, code, detail);
    }
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

fn facts(seal: &Seal<'_>, signers: &[Certificate], maker: Option<&Certificate>, answer: value::Answer) -> SealFacts {
    let (cert_list_type, cert_list_count) = match &seal.signers {
        Signers::Certificates(listed) => (1, listed.len()),
        Signers::Digests(listed) => (2, listed.len()),
    };
    SealFacts {
        id: seal.id.clone(),
        name: seal.name.clone(),
        valid_from: seal.valid_from,
        valid_to: seal.valid_to,
        signature_valid: answer.verified,
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
        signature: answer.facts,
        signature_algorithm: seal.algorithm.as_ref().map(ToString::to_string).unwrap_or_default(),
        signature_over: seal.signed_over(),
        has_timestamp: seal.has_time_stamp,
        der_len: seal.raw.len(),
        sm3: seal.sm3(),
    }
}
