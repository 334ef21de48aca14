//! Checks of a SignedData in a PDF file (`adbe.pkcs7.detached`, `ETSI.CAdES.detached`, GB/T 35275): SM2 with SM3, and RSA with SHA-256,
//! SHA-384 or SHA-512.
//!
//! | | signed message | must equal |
//! |---|---|---|
//! | attributes | attributes as a SET | messageDigest is H(bytes), or H(content) where the content is H(bytes) |
//! | content carried, no attributes | content | H(bytes), or SHA-1(bytes) for `adbe.pkcs7.sha1`, which stays unknown |
//! | neither | the bytes, or SM3(bytes) | the signature tells which |
//!
//! "Bytes" are those of the ByteRange. A digest by SHA-1 that differs proves an alteration; one that agrees proves little.

use std::borrow::Cow;

use der::Tag;
use der::asn1::ObjectIdentifier;
use huxin_chain_spec::crypto::DigestAlgorithm;
use huxin_chain_spec::ids::TimeMs;

use super::chain::{self, When};
use super::sealed::signer_window;
use super::context::{Options, warn_odd};
use super::value;
use crate::asn1::{Element, Fault};
use crate::certificate::{Certificate, Key};
use crate::moment::Moment;
use crate::package::LegacyDigest;
use crate::reason::Reason;
use crate::report::{CertificateFacts, Check, Checks, Outcome, SignatureReport, Sm2Facts, Weight};
use crate::rsa_value::{RSA, Sha2};
use crate::seal::Structure;
use crate::signed_data::{SignedData, SignerId};

const CRYPTOGRAPHY: Weight = Weight::Cryptography;
const SHA1: &str = "1.3.14.3.2.26";
/// SM3 alone, and as GB/T 33560 numbers it without a key.
const SM3: [&str; 2] = ["1.2.156.10197.1.401", "1.2.156.10197.1.401.1"];

/// The digest that a signer names.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Hash {
    Sm3,
    Sha2(Sha2),
    Sha1,
}

impl Hash {
    fn named(id: &ObjectIdentifier) -> Option<Self> {
        let dotted = id.to_string();
        match dotted.as_str() {
            SHA1 => Some(Self::Sha1),
            dotted if SM3.contains(&dotted) => Some(Self::Sm3),
            _ => Sha2::of_digest(id).map(Self::Sha2),
        }
    }

    fn of(self, parts: &[&[u8]]) -> Vec<u8> {
        match self {
            Self::Sm3 => DigestAlgorithm::Sm3.plain(parts).as_bytes().to_vec(),
            Self::Sha2(sha) => sha.digest(parts),
            Self::Sha1 => {
                let mut digest = LegacyDigest::Sha1.start();
                parts.iter().for_each(|part| digest.update(part));
                digest.finalize().to_vec()
            }
        }
    }
}

/// `der` is the whole value; `message` is `None` where the ByteRange is not good; `clock` is /M.
pub(super) fn judge(
    of: &SignedData<'_>,
    der: &[u8],
    message: Option<[&[u8]; 2]>,
    clock: Option<Moment>,
    options: &Options<'_>,
    signature: &mut SignatureReport,
) {
    signer(of, message, clock, options, signature);
    for detail in envelope(der).unwrap_or_default() {
        signature.warn(Reason::NonstandardEncoding, detail);
    }
    for other in &of.others {
        let mut apart = SignatureReport::new("", "Sign");
        signer(other, message, clock, options, &mut apart);
        let open =
            apart.checks.0.into_iter().filter(|check| check.result != Outcome::Pass && check.weight != Weight::Note);
        signature.checks.0.extend(open.map(|check| {
            let detail = format!("{}: {}", check.name, check.detail);
            Check::new(check.weight, "other_signer", check.result, check.code, detail)
        }));
    }
}

fn signer(
    of: &SignedData<'_>,
    message: Option<[&[u8]; 2]>,
    clock: Option<Moment>,
    options: &Options<'_>,
    signature: &mut SignatureReport,
) {
    signature.structure = Some(Structure::Gbt35275);
    signature.signature_algorithm = Some(of.algorithm.to_string());
    let signed_digest = of.attributes.as_ref().map_or(of.content, |attributes| attributes.message_digest);
    signature.data_hash = signed_digest.filter(|digest| digest.len() <= 64).map(hex::encode);
    (signature.sign_time, signature.sign_time_source) = time(of, clock);
    warn_odd(&of.odd, &mut signature.warnings);
    let carried: Vec<Result<Certificate, Fault>> = of.certificates.iter().map(|der| Certificate::read(der)).collect();
    digest(of, message, &mut signature.checks);
    let Some(certificate) = position(&of.signer, &carried).and_then(|position| carried.get(position)) else {
        let detail = "the SignerInfo names a certificate that is not carried";
        return signature.checks.unknown(CRYPTOGRAPHY, "signature_value", Reason::CertNotEmbedded, detail);
    };
    (signature.signed_over, signature.signature) = match certificate {
        Ok(read) if matches!(read.key, Key::Other(_)) => (rsa(of, read, message, &mut signature.checks), None),
        _ => sm2(of, certificate, message, signature),
    };
    let Ok(certificate) = certificate else { return };
    signature.signer = Some(CertificateFacts::of(certificate));
    match signature.sign_time {
        Some(time) => signer_window(certificate, time, options, signature),
        None => signature.checks.unknown(Weight::Policy, "signer_window", Reason::SignTimeAbsent, ""),
    }
    let others: Vec<Certificate> = carried.iter().filter_map(|read| read.as_ref().ok()).cloned().collect();
    let when = When { used: signature.sign_time, chain: options.at.or(signature.sign_time) };
    chain::check(&chain::SIGNER, certificate, &others, when, options.trust, signature);
}

fn time(of: &SignedData<'_>, clock: Option<Moment>) -> (Option<TimeMs>, Option<&'static str>) {
    let signed = of.attributes.as_ref().and_then(|found| found.signing_time).and_then(Moment::time);
    match (signed, clock.and_then(Moment::time)) {
        (Some(time), _) => (Some(time), Some("signingTime")),
        (None, Some(time)) => (Some(time), Some("M")),
        (None, None) => (None, None),
    }
}

/// Which of the certificates carried is the signer's.
fn position(id: &SignerId<'_>, carried: &[Result<Certificate, Fault>]) -> Option<usize> {
    match (id, carried) {
        // The one certificate that is carried and cannot be read is meant to be the signer's.
        (_, [Err(_)]) | (SignerId::KeyId(_), [_]) => Some(0),
        (SignerId::IssuerSerial(issuer, serial), _) => carried.iter().position(|read| {
            read.as_ref().is_ok_and(|found| found.issuer.text == issuer.text && &found.serial == serial)
        }),
        (SignerId::KeyId(_), _) => None,
    }
}

/// Whether the digest that was signed is that of the bytes.
fn digest(of: &SignedData<'_>, message: Option<[&[u8]; 2]>, checks: &mut Checks) {
    let name = "document_digest";
    let Some(parts) = message else {
        let detail = "without a good ByteRange nobody can say what was signed";
        return checks.unknown(CRYPTOGRAPHY, name, Reason::PdfByteRange, detail);
    };
    let legacy = |checks: &mut Checks| {
        checks.unknown(CRYPTOGRAPHY, name, Reason::LegacyAlgorithm, "the digest is SHA-1, and agrees");
    };
    let wrong = |checks: &mut Checks, detail: &str| checks.fail(CRYPTOGRAPHY, name, Reason::DocumentDigest, detail);
    let hash = Hash::named(&of.digest_algorithm);
    // adbe.pkcs7.sha1: the content is SHA-1 of the bytes, whatever digest the signature itself uses.
    let is_sha1_content = of.content.is_some_and(|content| content.len() == 20);
    if is_sha1_content {
        let is_same = of.content == Some(Hash::Sha1.of(&parts).as_slice());
        return if is_same { legacy(checks) } else { wrong(checks, "the content is another digest by SHA-1") };
    }
    let Some(hash) = hash else {
        let detail = format!("the digest is of {}", of.digest_algorithm);
        return checks.unknown(CRYPTOGRAPHY, name, Reason::UnsupportedAlgorithm, detail);
    };
    let once = hash.of(&parts);
    if of.content.is_some_and(|content| content != once) {
        return wrong(checks, "the content is another digest");
    }
    match (&of.attributes, of.content) {
        (Some(attributes), content) => {
            // Where the content is the digest, CMS has the digest of that; some software of GB/T 35275 repeats the first.
            let of_content = content.map(|content| hash.of(&[content]));
            let is_once = content.is_none() || hash == Hash::Sm3;
            let is_same = attributes
                .message_digest
                .is_some_and(|found| (is_once && found == once) || of_content.as_deref() == Some(found));
            match is_same {
                true if hash == Hash::Sha1 => legacy(checks),
                true => checks.pass(CRYPTOGRAPHY, name),
                false => wrong(checks, "messageDigest is another digest"),
            }
        }
        (None, Some(_)) if hash == Hash::Sha1 => legacy(checks),
        // Nothing but the signature itself says what was signed.
        (None, _) => checks.pass(CRYPTOGRAPHY, name),
    }
}

/// What the signature may be over: a name, and the parts.
fn messages<'m>(of: &'m SignedData<'_>, message: Option<[&'m [u8]; 2]>) -> Vec<(&'static str, Vec<&'m [u8]>)> {
    if let Some(attributes) = &of.attributes {
        return vec![("signedAttributes", attributes.signed_parts().to_vec())];
    }
    match (of.content, message) {
        (Some(content), _) => vec![("eContent", vec![content])],
        (None, Some(parts)) => vec![("ByteRange", parts.to_vec())],
        (None, None) => Vec::new(),
    }
}

/// RSA with the digest that the signer names; the algorithm may name both or RSA alone.
fn rsa(
    of: &SignedData<'_>,
    certificate: &Certificate,
    message: Option<[&[u8]; 2]>,
    checks: &mut Checks,
) -> Option<&'static str> {
    let name = "signature_value";
    let by_digest = Sha2::of_digest(&of.digest_algorithm);
    let sha = if of.algorithm == RSA {
        by_digest
    } else {
        Sha2::of_signature(&of.algorithm).filter(|sha| Some(*sha) == by_digest)
    };
    let messages = messages(of, message);
    let (over, parts) = messages.first()?;
    let Some((key, sha)) = certificate.rsa.as_ref().zip(sha) else {
        let detail = format!("the signature is of {} with digest {}", of.algorithm, of.digest_algorithm);
        let is_old = certificate.rsa.is_some() && Hash::named(&of.digest_algorithm) == Some(Hash::Sha1);
        let reason = if is_old { Reason::LegacyAlgorithm } else { Reason::UnsupportedAlgorithm };
        checks.unknown(CRYPTOGRAPHY, name, reason, detail);
        return Some(over);
    };
    match key.verifies(sha, parts, of.signature) {
        Some(true) => checks.pass(CRYPTOGRAPHY, name),
        Some(false) => checks.fail(CRYPTOGRAPHY, name, Reason::SignatureValue, "the RSA signature is not by this key"),
        None => {
            let detail = format!("an RSA key of {} bits", key.bits());
            checks.unknown(CRYPTOGRAPHY, name, Reason::LegacyAlgorithm, detail);
        }
    }
    Some(over)
}

fn sm2(
    of: &SignedData<'_>,
    certificate: &Result<Certificate, Fault>,
    message: Option<[&[u8]; 2]>,
    signature: &mut SignatureReport,
) -> (Option<&'static str>, Option<Sm2Facts>) {
    let question = value::Question {
        name: "signature_value",
        wrong: Reason::SignatureValue,
        certificate: certificate.as_ref(),
        algorithm: Ok(&of.algorithm),
        signature: Ok(of.signature),
    };
    // Borrowed: the bytes of a ByteRange may be the whole of a large file.
    let mut messages: Vec<value::Message<'_>> = messages(of, message)
        .into_iter()
        .map(|(name, parts)| (name, parts.into_iter().map(Cow::Borrowed).collect()))
        .collect();
    if messages.first().is_some_and(|(name, _)| *name == "ByteRange") {
        let digest = message.map(|parts| Hash::Sm3.of(&parts)).unwrap_or_default();
        messages.push(("SM3(ByteRange)", vec![Cow::Owned(digest)]));
    }
    if messages.is_empty() {
        let detail = "what was signed is not known";
        signature.checks.unknown(CRYPTOGRAPHY, question.name, Reason::PdfByteRange, detail);
        return (None, None);
    }
    let answer = value::check(&question, &messages, signature);
    (answer.over, answer.facts)
}

/// What stands in a SignedData outside of what is signed, and is not as RFC 5652 and GB/T 35275 have it. It changes no meaning.
fn envelope(der: &[u8]) -> Result<Vec<String>, Fault> {
    let mut odd = Vec::new();
    let mut outer = Element::whole(der, "ContentInfo")?.sequence("ContentInfo")?;
    let kind = outer.next("contentType")?.oid("contentType")?;
    let mut wrapped = outer.next("content")?.fields("content")?;
    let mut data = wrapped.next("SignedData")?.sequence("SignedData")?;
    let version = data.next("version")?.number("version")?;
    let digests: Vec<ObjectIdentifier> =
        data.next("digestAlgorithms")?.fields("digestAlgorithms")?.rest(16)?.into_iter().filter_map(plain).collect();
    let content = data.next("contentInfo")?.sequence("contentInfo")?.next("contentType")?.oid("contentType")?;
    let rest = data.rest(4)?;
    let is_data = ["1.2.840.113549.1.7.1", "1.2.156.10197.6.1.4.2.1"].contains(&content.to_string().as_str());
    if version != 1 || !is_data || kind.to_string().starts_with("1.2.840") != content.to_string().starts_with("1.2.840")
    {
        odd.push(format!("SignedData has version {version} and a content of type {content}"));
    }
    let certificates: Vec<Element<'_>> = match rest.iter().find(|element| element.is_context(0)) {
        Some(list) => list.fields("certificates")?.rest(64)?,
        None => Vec::new(),
    };
    let certificates: Vec<Vec<Element<'_>>> = certificates.into_iter().filter_map(issuer_and_serial).collect();
    let signers = rest.iter().find(|element| element.tag == Tag::Set);
    for signer in
        signers.map(|signers| signers.fields("signerInfos")).transpose()?.map_or(Ok(Vec::new()), |all| all.rest(16))?
    {
        let parts = signer.sequence("SignerInfo")?.rest(8)?;
        let algorithms: Vec<Option<ObjectIdentifier>> =
            parts.iter().skip(2).filter(|part| part.tag == Tag::Sequence).map(|part| plain(*part)).collect();
        if !matches!(algorithms.as_slice(), [Some(digest), Some(_), ..] if digests.contains(digest)) {
            odd.push("digestAlgorithms and the algorithms of the signer do not agree, or have parameters".to_owned());
        }
        let id = parts.get(1).and_then(|id| id.sequence("issuerAndSerialNumber").ok()?.rest(2).ok());
        let is_named = |raw: &Vec<Element<'_>>| {
            id.as_ref().is_some_and(|id| id.iter().map(|part| part.raw).eq(raw.iter().map(|part| part.raw)))
        };
        if !certificates.iter().any(is_named) {
            odd.push("the signer is not named as its certificate has it, or the certificate names two algorithms of its signature".to_owned());
        }
        if parts.first().is_none_or(|version| version.value != [1]) {
            odd.push("SignerInfo has another version than 1".to_owned());
        }
    }
    Ok(odd)
}

/// The algorithm of an AlgorithmIdentifier whose parameters are absent or NULL.
fn plain(element: Element<'_>) -> Option<ObjectIdentifier> {
    let mut fields = element.sequence("algorithm").ok()?;
    let id = fields.next("algorithm").ok()?.oid("algorithm").ok()?;
    let parameters = fields.optional("parameters").ok()?;
    fields.end().ok()?;
    parameters.is_none_or(|element| element.raw == [0x05, 0x00]).then_some(id)
}

/// Issuer and number as a certificate has them; `None` for one that names two algorithms for its own signature (RFC 5280, 4.1.1.2).
fn issuer_and_serial(certificate: Element<'_>) -> Option<Vec<Element<'_>>> {
    let mut outer = certificate.sequence("certificate").ok()?;
    let mut fields = outer.next("tbs").ok()?.sequence("tbs").ok()?;
    let outer_algorithm = outer.next("signatureAlgorithm").ok()?;
    let mut serial = fields.next("serialNumber").ok()?;
    if serial.is_context(0) {
        serial = fields.next("serialNumber").ok()?;
    }
    let is_same = fields.next("signature").ok()?.raw == outer_algorithm.raw;
    let issuer = fields.next("issuer").ok()?;
    is_same.then_some(vec![issuer, serial])
}
