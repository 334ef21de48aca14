//! Checks of a seal signature (GM/T 0031, 6.2.3; GB/T 38540).

use huxin_chain_spec::crypto::{DigestAlgorithm, sm2};
use huxin_chain_spec::ids::TimeMs;

use super::chain::{self, When};
use super::document::Around;
use super::{Options, seal, value, warn_odd};
use crate::asn1::Fault;
use crate::certificate::Certificate;
use crate::moment::Moment;
use crate::reason::Reason;
use crate::report::{CertificateFacts, Checks, SignatureReport, Weight};
use crate::seal::{Membership, Seal};
use crate::signed_value::SealSignature;
use crate::sm2_value::{SM2_WITH_SM3, means_sm2};

const CRYPTOGRAPHY: Weight = Weight::Cryptography;

pub(super) fn judge(
    of: &SealSignature<'_>,
    around: &Around<'_>,
    options: &Options<'_>,
    signature: &mut SignatureReport,
) {
    let signer = Certificate::read(of.certificate);
    note_facts(of, around, signature);
    let question = value::Question {
        name: "signature_value",
        wrong: Reason::SignatureValue,
        certificate: &signer,
        algorithm: &of.algorithm,
        signature: of.signature,
    };
    (_, signature.signature) = value::check(&question, &[of.signed], &mut signature.checks);
    data_hash(of, around, &signer, signature);
    seal::judge(&of.seal, signer.as_ref().ok(), options, signature);
    seal_file(&of.seal, around, signature);
    membership(&of.seal, of.certificate, &signer, signature);
    windows(of, &signer, options, signature);
    if let Ok(signer) = &signer {
        signature.signer = Some(CertificateFacts::of(signer));
        let when = When { used: signature.sign_time, chain: options.at.or(signature.sign_time) };
        chain::check(&chain::SIGNER, signer, &[], when, options.trust, signature);
    }
    if of.has_time_stamp {
        signature.checks.unknown(Weight::Note, "timestamp", Reason::TimestampNotChecked, "of the signature");
    }
}

fn note_facts(of: &SealSignature<'_>, around: &Around<'_>, signature: &mut SignatureReport) {
    signature.structure = Some(of.structure);
    signature.tbs_version = Some(of.version);
    signature.property_info = Some(of.property_info.clone());
    signature.data_hash = Some(hex::encode(of.data_hash));
    signature.signature_algorithm = Some(of.algorithm.to_string());
    signature.signed_over = Some("TBS_Sign");
    signature.has_timestamp = of.has_time_stamp;
    signature.time_encoding = Some(of.time_encoding);
    signature.sign_time = resolve(of.time, around.date_time);
    signature.sign_time_source = signature.sign_time.map(|_| "timeInfo");
    warn_odd(&of.odd, &mut signature.warnings);
    if of.algorithm != SM2_WITH_SM3 {
        signature.warn(Reason::NonstandardEncoding, format!("signatureAlgID is {}", of.algorithm));
    }
    if !of.time.is_zoned() {
        signature.warn(Reason::NonstandardEncoding, "timeInfo has no time zone");
    }
}

/// A time without a zone is Beijing time or UTC. `SignatureDateTime` of the same signing is in Beijing time: the reading within ten
/// minutes of it is right; when neither is, Beijing.
fn resolve(time: Moment, date_time: Option<&str>) -> Option<TimeMs> {
    const NEAR_MS: u64 = 10 * 60 * 1000;
    let beijing = time.time();
    if time.is_zoned() {
        return beijing;
    }
    let shown = date_time.and_then(Moment::read).and_then(Moment::time);
    let utc = time.as_utc();
    match (shown, utc) {
        (Some(shown), Some(utc)) if shown.0.abs_diff(utc.0) <= NEAR_MS => Some(utc),
        _ => beijing,
    }
}

/// dataHash is SM3(Signature.xml). With Z before it, it is reported for what it is and not accepted.
fn data_hash(
    of: &SealSignature<'_>,
    around: &Around<'_>,
    signer: &Result<Certificate, Fault>,
    signature: &mut SignatureReport,
) {
    let name = "signature_xml_digest";
    let Some(xml) = around.xml else {
        return signature.checks.unknown(Weight::Policy, name, Reason::EntryMissing, "there is no Signature.xml here");
    };
    if DigestAlgorithm::Sm3.plain(&[xml]).as_bytes() == of.data_hash {
        return signature.checks.pass(CRYPTOGRAPHY, name);
    }
    let is_sm2 = means_sm2(&of.algorithm) && signer.as_ref().is_ok_and(|signer| signer.sm2_key().is_some());
    if !is_sm2 && value::is_legacy_digest(xml, of.data_hash) {
        let detail = format!("SHA-1 or SHA-256, with a signature of {}", of.algorithm);
        return signature.checks.unknown(CRYPTOGRAPHY, name, Reason::LegacyAlgorithm, detail);
    }
    let with_z = signer
        .as_ref()
        .ok()
        .and_then(Certificate::sm2_key)
        .and_then(|point| sm2::message_digest(&point, sm2::DEFAULT_USER_ID, &[xml]));
    let detail = if with_z.is_some_and(|digest| digest.as_bytes() == of.data_hash) {
        signature.warn(Reason::NonstandardEncoding, "dataHash is SM3(Z || Signature.xml), not SM3(Signature.xml)");
        "the digest was computed with Z before Signature.xml, which no standard says"
    } else {
        "dataHash is another digest"
    };
    signature.checks.fail(CRYPTOGRAPHY, name, Reason::SignatureXmlDigest, detail);
}

fn seal_file(of: &Seal<'_>, around: &Around<'_>, signature: &mut SignatureReport) {
    let Some(file) = around.seal_file else { return };
    let unwrapped = crate::armour::unwrap(file);
    if unwrapped.is_some() {
        signature.warn(Reason::NonstandardEncoding, "the seal file is wrapped in base64 or PEM");
    }
    let same = unwrapped.as_deref().unwrap_or(file) == of.raw;
    let detail = "its bytes are not those of the seal inside the signature";
    signature.checks.verify(CRYPTOGRAPHY, "seal_file", same, Reason::SealFileMismatch, detail);
}

/// A seal in a file of its own, beside a signature that holds none: judged as if it were inside. `certificate` is the signer's.
pub(super) fn judge_seal_file(
    file: &[u8],
    certificate: Option<&[u8]>,
    options: &Options<'_>,
    signature: &mut SignatureReport,
) {
    let unwrapped = crate::armour::unwrap(file);
    if unwrapped.is_some() {
        signature.warn(Reason::NonstandardEncoding, "the seal file is wrapped in base64 or PEM");
    }
    let seal = match Seal::read(unwrapped.as_deref().unwrap_or(file)) {
        Ok(seal) => seal,
        Err(fault) => return signature.checks.fail(CRYPTOGRAPHY, "seal_signature", fault.code, fault.to_string()),
    };
    let signer = certificate.map(Certificate::read);
    seal::judge(&seal, signer.as_ref().and_then(|read| read.as_ref().ok()), options, signature);
    if let Some((certificate, signer)) = certificate.zip(signer) {
        membership(&seal, certificate, &signer, signature);
    }
    match signature.sign_time {
        Some(time) => seal_window(&seal, time, options, &mut signature.checks),
        None => signature.checks.unknown(Weight::Policy, "seal_window", Reason::SignTimeAbsent, ""),
    }
}

fn membership(of: &Seal<'_>, certificate: &[u8], signer: &Result<Certificate, Fault>, signature: &mut SignatureReport) {
    let name = "certificate_list";
    let point = signer.as_ref().ok().and_then(Certificate::sm2_key);
    let with_z = point.and_then(|point| sm2::message_digest(&point, sm2::DEFAULT_USER_ID, &[certificate]));
    let code = Reason::SignerNotInSealCertList;
    match of.signers.lists(certificate, with_z) {
        Membership::Listed => {
            signature.checks.pass(CRYPTOGRAPHY, name);
            if let Some(seal) = &mut signature.seal {
                seal.signers_with_z = Some(false);
            }
        }
        Membership::ListedWithZ => {
            signature.checks.pass(CRYPTOGRAPHY, name);
            if let Some(seal) = &mut signature.seal {
                let plain = DigestAlgorithm::Sm3.plain(&[certificate]);
                let listed = seal.signers_sm3.iter_mut().filter(|digest| Some(**digest) == with_z);
                listed.for_each(|digest| *digest = plain);
                seal.signers_with_z = Some(true);
            }
            signature.warn(Reason::NonstandardEncoding, "certList has a digest computed with Z before the certificate");
        }
        Membership::Unknown => {
            let detail = "certList has digests that are not computed here";
            signature.checks.unknown(CRYPTOGRAPHY, name, Reason::UnsupportedAlgorithm, detail);
        }
        Membership::Absent => signature.checks.fail(CRYPTOGRAPHY, name, code, "the list has other certificates only"),
    }
}

fn windows(
    of: &SealSignature<'_>,
    signer: &Result<Certificate, Fault>,
    options: &Options<'_>,
    signature: &mut SignatureReport,
) {
    let Some(time) = signature.sign_time else {
        signature.checks.fail(CRYPTOGRAPHY, "signer_window", Reason::Format, "timeInfo is before 1970");
        return;
    };
    seal_window(&of.seal, time, options, &mut signature.checks);
    if let Ok(signer) = signer {
        signer_window(signer, time, options, signature);
    }
}

/// The seal at the time of signing, and at the time asked.
fn seal_window(seal: &Seal<'_>, time: TimeMs, options: &Options<'_>, checks: &mut Checks) {
    let valid = |at: TimeMs| seal.valid_from <= at && at <= seal.valid_to;
    let (from, to) = (seal.valid_from.to_beijing(), seal.valid_to.to_beijing());
    let detail = |at: TimeMs| format!("{} is not within {from} to {to}", at.to_beijing());
    checks.verify(CRYPTOGRAPHY, "seal_window", valid(time), Reason::SealNotValidAtSignTime, detail(time));
    if let Some(at) = options.at {
        checks.verify(Weight::Policy, "seal_window_at", valid(at), Reason::SealNotValidAtAskedTime, detail(at));
    }
}

/// The signer's certificate at the time of signing, and at the time asked.
pub(super) fn signer_window(
    signer: &Certificate,
    time: TimeMs,
    options: &Options<'_>,
    signature: &mut SignatureReport,
) {
    let detail = |at| format!("{at} is not within {} to {}", signer.not_before, signer.not_after);
    let checks = &mut signature.checks;
    let code = Reason::CertNotValidAtSignTime;
    checks.verify(CRYPTOGRAPHY, "signer_window", signer.is_valid_at(time), code, detail(time));
    if let Some(at) = options.at {
        let code = Reason::CertNotValidAtAskedTime;
        checks.verify(Weight::Policy, "signer_window_at", signer.is_valid_at(at), code, detail(at));
    }
}
