//! Checks of a seal signature (GM/T 0031, 6.2.3; GB/T 38540).

use std::borrow::Cow;

use huxin_chain_spec::crypto::{Digest, DigestAlgorithm, sm2};
use huxin_chain_spec::ids::TimeMs;

use super::chain::{self, When};
use super::context::{Context, Options, note_unreadable, warn_odd, warn_odd_of};
use super::seal::{self, Use};
use super::value;
use crate::armour;
use crate::asn1::Fault;
use crate::ber::Source;
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
    context: &Context<'_>,
    options: &Options<'_>,
    signature: &mut SignatureReport,
) {
    let signer = of.certificate.clone().and_then(Certificate::read);
    note_facts(of, context, signature);
    let question = value::Question {
        name: "signature_value",
        wrong: Reason::SignatureValue,
        certificate: signer.as_ref(),
        algorithm: of.algorithm.as_ref(),
        signature: of.signature.as_ref().copied(),
    };
    signature.signature = value::check(&question, &messages(of, context), signature).facts;
    data_hash(of, context, &signer, signature);
    // Where timeInfo cannot be read, the time shown beside it is nobody's signed word on the seal's use.
    let time = signature.sign_time.filter(|_| of.time.is_ok());
    match &of.seal {
        Ok(seal) => {
            let used = Use { signer: signer.as_ref().ok(), time };
            seal::judge(seal, &used, context, options, signature);
            seal_file(seal, context, signature);
            membership(seal, of.certificate.as_ref().copied().unwrap_or_default(), &signer, signature);
        }
        Err(fault) => {
            note_unreadable(&mut signature.checks, "seal_signature", fault, None);
            show_seal_file(context.seal_file, options, signature);
        }
    }
    windows(of, time, &signer, options, signature);
    if let Ok(signer) = &signer {
        signature.signer = Some(CertificateFacts::of(signer));
        warn_odd_of("the signer's certificate", &signer.odd, &mut signature.warnings);
        let when = When { used: time, chain: options.at.or(time) };
        chain::check(&chain::SIGNER, signer, &[], when, options.trust, signature);
    }
    if of.has_time_stamp {
        signature.checks.unknown(Weight::Note, "timestamp", Reason::TimestampNotChecked, "of the signature");
    }
}

/// What the signer signed: TBS_Sign in DER, and, in a file in BER, as it stands.
fn messages<'m>(of: &SealSignature<'m>, context: &Context<'m>) -> Vec<value::Message<'m>> {
    let written = context.source.as_written(of.signed);
    std::iter::once(of.signed).chain(written).map(|bytes| ("TBS_Sign", vec![Cow::Borrowed(bytes)])).collect()
}

fn note_facts(of: &SealSignature<'_>, context: &Context<'_>, signature: &mut SignatureReport) {
    signature.structure = Some(of.structure);
    signature.tbs_version = Some(of.version);
    signature.property_info = Some(of.property_info.clone());
    signature.data_hash = of.data_hash.as_ref().ok().map(hex::encode);
    signature.signature_algorithm = of.algorithm.as_ref().ok().map(ToString::to_string);
    signature.signed_over = Some("TBS_Sign");
    signature.has_timestamp = of.has_time_stamp;
    let shown = shown_time(context);
    match &of.time {
        Ok(time) => {
            signature.time_encoding = Some(time.encoding);
            signature.sign_time = resolve(time.moment, shown);
            signature.sign_time_source = signature.sign_time.map(|_| "timeInfo");
            if !time.moment.is_zoned() {
                signature.warn(Reason::NonstandardEncoding, "timeInfo has no time zone");
            }
        }
        Err(_) => (signature.sign_time, signature.sign_time_source) = (shown, shown.map(|_| "SignatureDateTime")),
    }
    compare_times(shown, signature);
    warn_odd(&of.odd, &mut signature.warnings);
    if let Some(algorithm) = of.algorithm.as_ref().ok().filter(|algorithm| **algorithm != SM2_WITH_SM3) {
        signature.warn(Reason::NonstandardEncoding, format!("signatureAlgID is {algorithm}"));
    }
}

/// `SignatureDateTime`: Beijing time, protected by the digest of Signature.xml.
pub(super) fn shown_time(context: &Context<'_>) -> Option<TimeMs> {
    context.date_time.and_then(Moment::read).and_then(Moment::time)
}

/// The time that readers show and the time that was signed should be one; a day allows for a missing zone and slow clocks.
pub(super) fn compare_times(shown: Option<TimeMs>, signature: &mut SignatureReport) {
    const FAR_MS: u64 = 24 * 3600 * 1000;
    if let Some((shown, signed)) = shown.zip(signature.sign_time)
        && shown.0.abs_diff(signed.0) > FAR_MS
    {
        signature
            .warn(Reason::SignTimeDiffers, format!("SignatureDateTime is {shown}, the time that was signed {signed}"));
    }
}

/// A time without a zone is Beijing time or UTC. `SignatureDateTime` of the same signing is in Beijing time: the reading within ten
/// minutes of it is right; when neither is, Beijing.
fn resolve(time: Moment, shown: Option<TimeMs>) -> Option<TimeMs> {
    const NEAR_MS: u64 = 10 * 60 * 1000;
    let beijing = time.time();
    if time.is_zoned() {
        return beijing;
    }
    let utc = time.as_utc();
    match (shown, utc) {
        (Some(shown), Some(utc)) if shown.0.abs_diff(utc.0) <= NEAR_MS => Some(utc),
        _ => beijing,
    }
}

/// dataHash is SM3(Signature.xml). With Z before it, it is reported for what it is and not accepted.
fn data_hash(
    of: &SealSignature<'_>,
    context: &Context<'_>,
    signer: &Result<Certificate, Fault>,
    signature: &mut SignatureReport,
) {
    let name = "signature_xml_digest";
    let Some(xml) = context.xml else {
        return signature.checks.unknown(Weight::Policy, name, Reason::EntryMissing, "there is no Signature.xml here");
    };
    let found: &[u8] = match &of.data_hash {
        Ok(found) => found,
        Err(fault) => return note_unreadable(&mut signature.checks, name, fault, None),
    };
    let digest = DigestAlgorithm::Sm3.plain(&[xml]);
    if digest.as_bytes() == found {
        return signature.checks.pass(CRYPTOGRAPHY, name);
    }
    if is_base64_of(found, &digest) {
        signature.warn(Reason::NonstandardEncoding, "dataHash is base64 text of the digest");
        return signature.checks.pass(CRYPTOGRAPHY, name);
    }
    let is_sm2 =
        of.algorithm.as_ref().is_ok_and(means_sm2) && signer.as_ref().is_ok_and(|signer| signer.sm2_key().is_some());
    if !is_sm2 && value::is_legacy_digest(xml, found) {
        let named = of.algorithm.as_ref().map(ToString::to_string).unwrap_or_default();
        let detail = format!("SHA-1 or SHA-256, with a signature of {named}");
        return signature.checks.unknown(CRYPTOGRAPHY, name, Reason::LegacyAlgorithm, detail);
    }
    let with_z = signer
        .as_ref()
        .ok()
        .and_then(Certificate::sm2_key)
        .and_then(|point| sm2::message_digest(&point, sm2::DEFAULT_USER_ID, &[xml]));
    let detail = if with_z.is_some_and(|digest| digest.as_bytes() == found) {
        signature.warn(Reason::NonstandardEncoding, "dataHash is SM3(Z || Signature.xml), not SM3(Signature.xml)");
        "the digest was computed with Z before Signature.xml, which no standard says"
    } else {
        "dataHash is another digest"
    };
    signature.checks.fail(CRYPTOGRAPHY, name, Reason::SignatureXmlDigest, detail);
}

/// Whether `text` is a digest in base64, as one switch of ofdrw writes it.
pub(super) fn is_base64_of(text: &[u8], digest: &Digest) -> bool {
    let text = std::str::from_utf8(text).ok();
    text.and_then(armour::decode).is_some_and(|bytes| bytes == digest.as_bytes())
}

fn seal_file(of: &Seal<'_>, context: &Context<'_>, signature: &mut SignatureReport) {
    let Some(file) = context.seal_file else { return };
    let file = Source::of(file, "the seal file");
    warn_odd(&file.odd, &mut signature.warnings);
    let same = file.der() == of.raw;
    let detail = "its bytes are not those of the seal inside the signature";
    signature.checks.verify(CRYPTOGRAPHY, "seal_file", same, Reason::SealFileMismatch, detail);
}

/// The seal in a file of its own beside a signature of which the seal could not be read: only shown, because nothing says that it is
/// the one inside.
pub(super) fn show_seal_file(file: Option<&[u8]>, options: &Options<'_>, signature: &mut SignatureReport) {
    let Some(file) = file else { return };
    let source = Source::of(file, "the seal file");
    let Ok(seal) = Seal::read(source.der()) else { return };
    let mut apart = SignatureReport::new("", "Seal");
    seal::judge(&seal, &Use { signer: None, time: None }, &Context::alone(&source), options, &mut apart);
    signature.seal = apart.seal;
}

/// A seal in a file of its own, beside a signature that holds none: judged as if it were inside. `certificate` is the signer's.
pub(super) fn judge_seal_file(
    file: &[u8],
    certificate: Option<&[u8]>,
    options: &Options<'_>,
    signature: &mut SignatureReport,
) {
    let source = Source::of(file, "the seal file");
    warn_odd(&source.odd, &mut signature.warnings);
    let seal = match Seal::read(source.der()) {
        Ok(seal) => seal,
        Err(fault) => return note_unreadable(&mut signature.checks, "seal_signature", &fault, Some(&source)),
    };
    let signer = certificate.map(Certificate::read);
    let used = Use { signer: signer.as_ref().and_then(|read| read.as_ref().ok()), time: signature.sign_time };
    seal::judge(&seal, &used, &Context::alone(&source), options, signature);
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
    time: Option<TimeMs>,
    signer: &Result<Certificate, Fault>,
    options: &Options<'_>,
    signature: &mut SignatureReport,
) {
    let Some(time) = time else {
        let before_1970 = Fault::format("timeInfo", "before 1970");
        let fault = of.time.as_ref().err().unwrap_or(&before_1970);
        for name in ["seal_window", "signer_window"] {
            note_unreadable(&mut signature.checks, name, fault, None);
        }
        return;
    };
    if let Ok(seal) = &of.seal {
        seal_window(seal, time, options, &mut signature.checks);
    }
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
