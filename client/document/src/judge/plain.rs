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
//! "Document" is Signature.xml, or the integrity list.

use huxin_chain_spec::crypto::DigestAlgorithm;

use super::chain::{self, When};
use super::document::Around;
use super::sealed::signer_window;
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
    judge_signer(of, around, options, signature);
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

fn judge_signer(of: &SignedData<'_>, around: &Around<'_>, options: &Options<'_>, signature: &mut SignatureReport) {
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
    if around.seal_file.is_some() {
        let detail = "the signature holds no seal with which the file could be compared";
        signature.checks.unknown(Weight::Policy, "seal_file", Reason::SealFileMismatch, detail);
    }
    let carried: Vec<Result<Certificate, Fault>> = of.certificates.iter().map(|der| Certificate::read(der)).collect();
    let Some(signer) = signer(&of.signer, &carried) else {
        let detail = "the SignerInfo names a certificate that is not carried";
        signature.checks.unknown(CRYPTOGRAPHY, "signature_value", Reason::CertNotEmbedded, detail);
        binding(of, around, signature);
        return;
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
        chain::check(&chain::SIGNER, signer, &others, when, options.trust, &mut signature.checks);
    }
}

/// `SignatureDateTime`: Beijing time, protected by the digest of Signature.xml.
fn shown_time(around: &Around<'_>) -> (Option<huxin_chain_spec::ids::TimeMs>, Option<&'static str>) {
    let time = around.date_time.and_then(Moment::read).and_then(Moment::time);
    (time, time.map(|_| "SignatureDateTime"))
}

fn signer<'c>(id: &SignerId<'_>, carried: &'c [Result<Certificate, Fault>]) -> Option<&'c Result<Certificate, Fault>> {
    match (id, carried) {
        // The one certificate that is carried and cannot be read is meant to be the signer's.
        (_, [unreadable @ Err(_)]) => Some(unreadable),
        (SignerId::IssuerSerial(issuer, serial), _) => carried
            .iter()
            .find(|read| read.as_ref().is_ok_and(|found| found.issuer.text == issuer.text && &found.serial == serial)),
        (SignerId::KeyId(_), [only]) => Some(only),
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
