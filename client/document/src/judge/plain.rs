//! Checks of signatures without a seal: GB/T 35275 SignedData, and a bare SM2 value.
//!
//! What binds the signature to the document:
//!
//! | | signed message | must equal |
//! |---|---|---|
//! | content carried | content | SM3(document), or the document itself |
//! | attributes | attributes as a SET | messageDigest is SM3(document), or SM3 of the content that is SM3(document) |
//! | neither | the document, or SM3(document) | the signature tells which |
//!
//! "Document" is Signature.xml, or the integrity list. A seal file beside such a signature is judged as the seal that its signer used,
//! and must be protected as the document is.

use huxin_chain_spec::crypto::DigestAlgorithm;

use super::chain::{self, When};
use super::document::Around;
use super::sealed::{self, signer_window};
use super::{Options, value, warn_odd};
use crate::asn1::Fault;
use crate::certificate::Certificate;
use crate::moment::Moment;
use crate::reason::Reason;
use crate::report::{CertificateFacts, Check, Checks, Outcome, SignatureReport, Sm2Facts, Weight};
use crate::seal::Structure;
use crate::signed_data::{Attributes, SignedData, SignerId};
use crate::sm2_value::{SM3, Sm2Value};

const CRYPTOGRAPHY: Weight = Weight::Cryptography;

/// A bare value names no certificate, so nothing can be verified with the file alone.
pub(super) fn judge_bare(_value: &Sm2Value, around: &Around<'_>, signature: &mut SignatureReport) {
    signature.structure = Some(Structure::Bare);
    signature.signed_over = Some("Signature.xml");
    (signature.sign_time, signature.sign_time_source) = shown_time(around);
    let detail = "a bare SM2 value";
    signature.checks.unknown(CRYPTOGRAPHY, "signature_value", Reason::CertNotEmbedded, detail);
}

pub(super) fn judge_data(
    of: &SignedData<'_>,
    around: &Around<'_>,
    options: &Options<'_>,
    signature: &mut SignatureReport,
) {
    let signer = judge_signer(of, around, options, signature);
    if let Some(file) = around.seal_file {
        let detail = "nothing binds the seal file to the signature: any other seal of its signer could stand there";
        let is_protected = around.is_seal_file_protected;
        signature.checks.verify(Weight::Policy, "seal_file", is_protected, Reason::UnprotectedContent, detail);
        sealed::judge_seal_file(file, signer, options, signature);
    }
    for other in &of.others {
        let mut apart = SignatureReport::new("", "Sign");
        judge_signer(other, around, options, &mut apart);
        note_other(&apart.checks, &mut signature.checks);
    }
}

/// Notes under one name what did not pass of a further signer: a signature is no better than its worst signer.
fn note_other(of: &Checks, checks: &mut Checks) {
    let name = "other_signer";
    let counts = |check: &&Check| check.result != Outcome::Pass && check.weight != Weight::Note;
    let open: Vec<&Check> = of.0.iter().filter(counts).collect();
    if open.is_empty() {
        checks.pass(CRYPTOGRAPHY, name);
    }
    checks.0.extend(open.into_iter().map(|check| {
        let detail = format!("{}: {}", check.name, check.detail);
        Check::new(check.weight, name, check.result, check.code, detail)
    }));
}

/// Returns the DER of the signer's certificate, where it is carried.
fn judge_signer<'a>(
    of: &SignedData<'a>,
    around: &Around<'_>,
    options: &Options<'_>,
    signature: &mut SignatureReport,
) -> Option<&'a [u8]> {
    signature.structure = Some(Structure::Gbt35275);
    signature.signature_algorithm = Some(of.algorithm.to_string());
    signature.data_hash = of
        .attributes
        .as_ref()
        .and_then(|found| found.message_digest)
        .or(of.content)
        .filter(|b| b.len() <= 64)
        .map(hex::encode);
    (signature.sign_time, signature.sign_time_source) =
        match of.attributes.as_ref().and_then(|found| found.signing_time).and_then(Moment::time) {
            Some(time) => (Some(time), Some("signingTime")),
            None => shown_time(around),
        };
    warn_odd(&of.odd, &mut signature.warnings);
    let carried: Vec<Result<Certificate, Fault>> = of.certificates.iter().map(|der| Certificate::read(der)).collect();
    let signed_by = position_of(&of.signer, &carried);
    let Some(signer) = signed_by.and_then(|position| carried.get(position)) else {
        let detail = "the SignerInfo names a certificate that is not carried";
        signature.checks.unknown(CRYPTOGRAPHY, "signature_value", Reason::CertNotEmbedded, detail);
        binding(of, around, signature);
        return None;
    };
    let messages = binding(of, around, signature);
    let question = value::Question {
        name: "signature_value",
        wrong: Reason::SignatureValue,
        certificate: signer,
        algorithm: &of.algorithm,
        signature: of.signature,
    };
    (signature.signed_over, signature.signature) = first_that_verifies(&question, &messages, &mut signature.checks);
    if let Ok(signer) = signer {
        signature.signer = Some(CertificateFacts::of(signer));
        match signature.sign_time {
            Some(time) => signer_window(signer, time, options, signature),
            None => signature.checks.unknown(Weight::Policy, "signer_window", Reason::SignTimeAbsent, ""),
        }
        let others: Vec<Certificate> = carried.iter().filter_map(|read| read.as_ref().ok()).cloned().collect();
        let when = When { used: signature.sign_time, chain: options.at.or(signature.sign_time) };
        chain::check(&chain::SIGNER, signer, &others, when, options.trust, signature);
    }
    signed_by.and_then(|position| of.certificates.get(position)).copied()
}

/// `SignatureDateTime`: Beijing time, protected by the digest of Signature.xml.
fn shown_time(around: &Around<'_>) -> (Option<huxin_chain_spec::ids::TimeMs>, Option<&'static str>) {
    let time = around.date_time.and_then(Moment::read).and_then(Moment::time);
    (time, time.map(|_| "SignatureDateTime"))
}

/// Which of the certificates carried is the signer's.
fn position_of(id: &SignerId<'_>, carried: &[Result<Certificate, Fault>]) -> Option<usize> {
    match (id, carried) {
        // The one certificate that is carried and cannot be read is meant to be the signer's.
        (_, [Err(_)]) | (SignerId::KeyId(_), [_]) => Some(0),
        (SignerId::IssuerSerial(issuer, serial), _) => carried.iter().position(|read| {
            read.as_ref().is_ok_and(|found| found.issuer.text == issuer.text && &found.serial == serial)
        }),
        (SignerId::KeyId(_), _) => None,
    }
}

/// A message that may have been signed: what it is called, and its parts.
type Message<'m> = (&'static str, Vec<Vec<u8>>);

/// Checks that what was signed is the digest of the document, and returns the messages that the signature may be over.
fn binding(of: &SignedData<'_>, around: &Around<'_>, signature: &mut SignatureReport) -> Vec<Message<'static>> {
    let name = "signature_xml_digest";
    let digest = around.xml.map(|xml| DigestAlgorithm::Sm3.plain(&[xml]));
    let is_document = |bytes: &[u8]| {
        digest.is_some_and(|digest| digest.as_bytes() == bytes) || around.xml.is_some_and(|xml| xml == bytes)
    };
    let content_good = of.content.is_none_or(is_document);
    let attributes_good = of.attributes.as_ref().is_none_or(|attributes| digest_good(attributes, around.xml));
    let checks = &mut signature.checks;
    if around.xml.is_none() {
        checks.unknown(Weight::Policy, name, Reason::EntryMissing, "there is no Signature.xml here");
    } else if of.digest_algorithm != SM3 && is_legacy(of, around.xml) {
        let detail = format!("SHA-1 or SHA-256; the digest algorithm is {}", of.digest_algorithm);
        checks.unknown(CRYPTOGRAPHY, name, Reason::LegacyAlgorithm, detail);
    } else if of.digest_algorithm != SM3 && of.attributes.is_some() && !attributes_good {
        checks.unknown(
            CRYPTOGRAPHY,
            name,
            Reason::UnsupportedAlgorithm,
            format!("the digest is of {}", of.digest_algorithm),
        );
    } else {
        let detail = if content_good { "messageDigest is another digest" } else { "the content is another digest" };
        checks.verify(CRYPTOGRAPHY, name, content_good && attributes_good, Reason::SignatureXmlDigest, detail);
    }
    messages(of, around)
}

/// Whether what was signed is a digest of the document of the time before SM3.
fn is_legacy(of: &SignedData<'_>, xml: Option<&[u8]>) -> bool {
    let signed = of.attributes.as_ref().map_or(of.content, |attributes| attributes.message_digest);
    xml.zip(signed).is_some_and(|(xml, digest)| value::is_legacy_digest(xml, digest))
}

fn digest_good(attributes: &Attributes<'_>, xml: Option<&[u8]>) -> bool {
    let (Some(found), Some(xml)) = (attributes.message_digest, xml) else { return false };
    let once = DigestAlgorithm::Sm3.plain(&[xml]);
    let twice = DigestAlgorithm::Sm3.plain(&[once.as_bytes()]);
    found == once.as_bytes() || found == twice.as_bytes()
}

fn messages(of: &SignedData<'_>, around: &Around<'_>) -> Vec<Message<'static>> {
    if let Some(attributes) = &of.attributes {
        let parts = attributes.signed_parts().map(<[u8]>::to_vec);
        return vec![("signedAttributes", parts.to_vec())];
    }
    match (of.content, around.xml) {
        (Some(content), _) => vec![("eContent", vec![content.to_vec()])],
        (None, Some(xml)) => {
            let digest = DigestAlgorithm::Sm3.plain(&[xml]).as_bytes().to_vec();
            vec![("Signature.xml", vec![xml.to_vec()]), ("SM3(Signature.xml)", vec![digest])]
        }
        (None, None) => Vec::new(),
    }
}

fn first_that_verifies(
    question: &value::Question<'_>,
    messages: &[Message<'_>],
    checks: &mut Checks,
) -> (Option<&'static str>, Option<Sm2Facts>) {
    let mut answer = None;
    for (name, parts) in messages {
        let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
        let mut made = Checks::default();
        let (verified, facts) = value::check(question, &parts, &mut made);
        if verified == Some(true) || answer.is_none() {
            answer = Some((made, *name, facts));
        }
        if verified == Some(true) {
            break;
        }
    }
    match answer {
        Some((made, name, facts)) => {
            checks.0.extend(made.0);
            (Some(name), facts)
        }
        None => {
            checks.unknown(CRYPTOGRAPHY, question.name, Reason::EntryMissing, "what was signed is not here");
            (None, None)
        }
    }
}
