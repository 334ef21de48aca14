//! Checks of a SignedData in a PDF file (`adbe.pkcs7.detached`, `ETSI.CAdES.detached`, GB/T 35275): SM2 with SM3, and RSA with SHA-256,
//! SHA-384 or SHA-512.
//!
//! | | signed message | must equal |
//! |---|---|---|
//! | attributes | attributes as a SET | messageDigest is H(bytes), or H(content) where the content is H(bytes) |
//! | content carried, no attributes | content | H(bytes), or SHA-1(bytes) for `adbe.pkcs7.sha1`, which stays unknown |
//! | neither | the bytes, or SM3(bytes) | the signature tells which |
//!
//! "Bytes" are those of the ByteRange. A digest by SHA-1 that differs proves an alteration; one that agrees proves little. Attributes in BER
//! may have been signed as DER or as they stand.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};

use der::Tag;
use der::asn1::ObjectIdentifier;
use huxin_chain_spec::crypto::DigestAlgorithm;
use huxin_chain_spec::ids::TimeMs;

use super::chain::{self, When};
use super::context::{Options, warn_odd};
use super::plain::note_other;
use super::sealed::signer_window;
use super::value;
use crate::asn1::{Element, Fault};
use crate::ber::Source;
use crate::certificate::{Certificate, Key};
use crate::moment::Moment;
use crate::package::LegacyDigest;
use crate::reason::Reason;
use crate::report::{CertificateFacts, Checks, SignatureReport, Sm2Facts, Weight};
use crate::rsa_value::{RSA, Sha2};
use crate::seal::Structure;
use crate::signed_data::SignedData;
use crate::sm2_value::is_sm3;

const CRYPTOGRAPHY: Weight = Weight::Cryptography;
const SHA1: &str = "1.3.14.3.2.26";
/// Bytes of the file that one SM2 signature over them may take: one pass with each user identifier that is tried.
const SM2_PASSES: usize = 4;

/// The digest that a signer names.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Hash {
    Sm3,
    Sha2(Sha2),
    Sha1,
}

impl Hash {
    fn named(id: &ObjectIdentifier) -> Option<Self> {
        match () {
            () if id.to_string() == SHA1 => Some(Self::Sha1),
            () if is_sm3(id) => Some(Self::Sm3),
            () => Sha2::of_digest(id).map(Self::Sha2),
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

/// The bytes of a ByteRange, and how many may still be hashed for the whole file. Each digest is computed once, however many signers name it.
pub(super) struct Signed<'m> {
    parts: [&'m [u8]; 2],
    left: &'m Cell<usize>,
    kept: RefCell<Vec<(Hash, Vec<u8>)>>,
}

impl<'m> Signed<'m> {
    pub fn new(parts: [&'m [u8]; 2], left: &'m Cell<usize>) -> Self {
        Self { parts, left, kept: RefCell::default() }
    }

    pub fn concat(&self) -> Vec<u8> {
        self.parts.concat()
    }

    /// Charges so many passes over the bytes. `false`: there is no room for them.
    pub fn charge(&self, passes: usize) -> bool {
        let bytes: usize = self.parts.iter().map(|part| part.len()).sum();
        let left = bytes.checked_mul(passes).and_then(|bytes| self.left.get().checked_sub(bytes));
        left.map(|left| self.left.set(left)).is_some()
    }

    fn digest(&self, hash: Hash) -> Option<Vec<u8>> {
        let kept = self.kept.borrow().iter().find(|(of, _)| *of == hash).map(|(_, digest)| digest.clone());
        if kept.is_some() || !self.charge(1) {
            return kept;
        }
        let digest = hash.of(&self.parts);
        self.kept.borrow_mut().push((hash, digest.clone()));
        Some(digest)
    }
}

/// Notes that the file asks for more hashing than it may.
pub(super) fn note_too_many(name: &'static str, checks: &mut Checks) {
    checks.unknown(CRYPTOGRAPHY, name, Reason::TooMany, "bytes to hash for all signatures of the file");
}

/// `source` is the whole value; `message` is `None` where the ByteRange is not good; `clock` is /M.
pub(super) fn judge(
    of: &SignedData<'_>,
    der: &[u8],
    source: &Source<'_>,
    message: Option<&Signed<'_>>,
    clock: Option<Moment>,
    options: &Options<'_>,
    signature: &mut SignatureReport,
) {
    signer(of, source, message, clock, options, signature);
    for detail in envelope(der).unwrap_or_default() {
        signature.warn(Reason::NonstandardEncoding, detail);
    }
    for other in &of.others {
        let mut apart = SignatureReport::new("", "Sign");
        signer(other, source, message, clock, options, &mut apart);
        note_other(&apart.checks, &mut signature.checks);
    }
}

fn signer(
    of: &SignedData<'_>,
    source: &Source<'_>,
    message: Option<&Signed<'_>>,
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
    let Some(certificate) = of.signer.position(&carried).and_then(|position| carried.get(position)) else {
        let detail = "the SignerInfo names a certificate that is not carried";
        return signature.checks.unknown(CRYPTOGRAPHY, "signature_value", Reason::CertNotEmbedded, detail);
    };
    (signature.signed_over, signature.signature) = match certificate {
        Ok(read) if matches!(read.key, Key::Other(_)) => (rsa(of, read, source, message, &mut signature.checks), None),
        _ => sm2(of, certificate, source, message, signature),
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

/// Whether the digest that was signed is that of the bytes.
fn digest(of: &SignedData<'_>, message: Option<&Signed<'_>>, checks: &mut Checks) {
    let name = "document_digest";
    let Some(message) = message else {
        let detail = "without a good ByteRange nobody can say what was signed";
        return checks.unknown(CRYPTOGRAPHY, name, Reason::PdfByteRange, detail);
    };
    let legacy = |checks: &mut Checks| {
        checks.unknown(CRYPTOGRAPHY, name, Reason::LegacyAlgorithm, "the digest is SHA-1, and agrees");
    };
    let wrong = |checks: &mut Checks, detail: &str| checks.fail(CRYPTOGRAPHY, name, Reason::DocumentDigest, detail);
    let hash = Hash::named(&of.digest_algorithm);
    // adbe.pkcs7.sha1: the content is SHA-1 of the bytes, whatever digest the signature itself uses. 20 bytes may be another digest as well.
    if let Some(content) = of.content.filter(|content| content.len() == 20) {
        let Some(sha1) = message.digest(Hash::Sha1) else { return note_too_many(name, checks) };
        if content == sha1 {
            let of_content = hash.map(|hash| hash.of(&[content]));
            let is_bound = match (&of.attributes, of_content) {
                (Some(attributes), Some(of_content)) => attributes.message_digest == Some(of_content.as_slice()),
                // Nothing else can be told of a digest that is not known.
                (Some(_), None) | (None, _) => true,
            };
            return if is_bound { legacy(checks) } else { wrong(checks, "messageDigest is not that of the content") };
        }
    }
    let Some(hash) = hash else {
        let detail = format!("the digest is of {}", of.digest_algorithm);
        return checks.unknown(CRYPTOGRAPHY, name, Reason::UnsupportedAlgorithm, detail);
    };
    let Some(once) = message.digest(hash) else { return note_too_many(name, checks) };
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
fn messages<'m>(
    of: &SignedData<'m>,
    source: &'m Source<'_>,
    message: Option<&Signed<'m>>,
) -> Vec<(&'static str, Vec<&'m [u8]>)> {
    if let Some(attributes) = &of.attributes {
        let in_der = attributes.signed_parts();
        // In a file in BER the attributes may have been signed as they stand, under the tag of a SET all the same.
        let written = source.as_written(attributes.raw).and_then(|bytes| bytes.get(1..)).map(|tail| [in_der[0], tail]);
        return std::iter::once(in_der).chain(written).map(|parts| ("signedAttributes", parts.to_vec())).collect();
    }
    match (of.content, message) {
        (Some(content), _) => vec![("eContent", vec![content])],
        (None, Some(message)) => vec![("ByteRange", message.parts.to_vec())],
        (None, None) => Vec::new(),
    }
}

/// RSA with the digest that the signer names; the algorithm may name both or RSA alone.
fn rsa(
    of: &SignedData<'_>,
    certificate: &Certificate,
    source: &Source<'_>,
    message: Option<&Signed<'_>>,
    checks: &mut Checks,
) -> Option<&'static str> {
    let name = "signature_value";
    let by_digest = Sha2::of_digest(&of.digest_algorithm);
    let sha = if of.algorithm == RSA {
        by_digest
    } else {
        Sha2::of_signature(&of.algorithm).filter(|sha| Some(*sha) == by_digest)
    };
    let messages = messages(of, source, message);
    let (over, _) = messages.first()?;
    let Some((key, sha)) = certificate.rsa.as_ref().zip(sha) else {
        let detail = format!("the signature is of {} with digest {}", of.algorithm, of.digest_algorithm);
        let is_old = certificate.rsa.is_some() && Hash::named(&of.digest_algorithm) == Some(Hash::Sha1);
        let reason = if is_old { Reason::LegacyAlgorithm } else { Reason::UnsupportedAlgorithm };
        checks.unknown(CRYPTOGRAPHY, name, reason, detail);
        return Some(over);
    };
    let answers: Option<Vec<Option<bool>>> = match message.filter(|_| *over == "ByteRange") {
        Some(message) => {
            message.digest(Hash::Sha2(sha)).map(|digest| vec![key.verifies_digest(sha, &digest, of.signature)])
        }
        None => Some(messages.iter().map(|(_, parts)| key.verifies(sha, parts, of.signature)).collect()),
    };
    match answers {
        None => note_too_many(name, checks),
        Some(answers) if answers.contains(&Some(true)) => checks.pass(CRYPTOGRAPHY, name),
        Some(answers) if answers.contains(&Some(false)) => {
            checks.fail(CRYPTOGRAPHY, name, Reason::SignatureValue, "the RSA signature is not by this key");
        }
        Some(_) => {
            let detail = format!("an RSA key of {} bits", key.bits());
            checks.unknown(CRYPTOGRAPHY, name, Reason::LegacyAlgorithm, detail);
        }
    }
    Some(over)
}

fn sm2(
    of: &SignedData<'_>,
    certificate: &Result<Certificate, Fault>,
    source: &Source<'_>,
    message: Option<&Signed<'_>>,
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
    let mut messages: Vec<value::Message<'_>> = messages(of, source, message)
        .into_iter()
        .map(|(name, parts)| (name, parts.into_iter().map(Cow::Borrowed).collect()))
        .collect();
    if messages.first().is_some_and(|(name, _)| *name == "ByteRange") {
        let Some(digest) =
            message.filter(|message| message.charge(SM2_PASSES)).and_then(|message| message.digest(Hash::Sm3))
        else {
            note_too_many(question.name, &mut signature.checks);
            return (None, None);
        };
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Sixteen signers of one signature once had the whole file hashed sixteen times for one charge.
    #[test]
    fn each_pass_over_the_file_is_charged() {
        let left = Cell::new(10);
        let signed = Signed::new([b"ab", b"cd"], &left);
        for _ in 0..16 {
            assert_eq!(signed.digest(Hash::Sm3), Some(Hash::Sm3.of(&[b"abcd"])));
        }
        assert_eq!(left.get(), 6);
        assert!(signed.charge(1) && !signed.charge(1));
        assert_eq!(signed.digest(Hash::Sha1), None);
        assert!(signed.digest(Hash::Sm3).is_some());
    }
}
