//! Checks of signatures without a seal: GB/T 35275 SignedData, and a bare SM2 value.
//!
//! What binds the signature to the document:
//!
//! | | signed message | must equal |
//! |---|---|---|
//! | content carried | content | SM3(document), base64 of that (a switch of ofdrw), or the document itself |
//! | attributes | attributes as a SET | messageDigest is SM3(document), or SM3 of a content as above |
//! | neither | the document, SM3(document) or base64 of that | the signature tells which |
//!
//! "Document" is Signature.xml, or the integrity list. A seal file beside such a signature is judged as the seal that its signer used,
//! and must be protected as the document is.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use huxin_chain_spec::crypto::{Digest, DigestAlgorithm};

use super::chain::{self, When};
use super::context::{Context, Options, warn_odd, warn_odd_of};
use super::sealed::{self, compare_times, is_base64_of, signer_window};
use super::value;
use crate::asn1::Fault;
use crate::certificate::Certificate;
use crate::moment::Moment;
use crate::reason::Reason;
use crate::report::{CertificateFacts, Check, Checks, Outcome, SignatureReport, Weight};
use crate::seal::Structure;
use crate::signed_data::{Attributes, SignedData};
use crate::sm2_value::is_sm3;

const CRYPTOGRAPHY: Weight = Weight::Cryptography;

/// A bare value names no certificate, so nothing can be verified with the file alone.
pub(super) fn judge_bare(context: &Context<'_>, signature: &mut SignatureReport) {
    signature.structure = Some(Structure::Bare);
    signature.signed_over = Some("Signature.xml");
    (signature.sign_time, signature.sign_time_source) = shown_time(context);
    let detail = "a bare SM2 value";
    signature.checks.unknown(CRYPTOGRAPHY, "signature_value", Reason::CertNotEmbedded, detail);
}

pub(super) fn judge_data(
    of: &SignedData<'_>,
    context: &Context<'_>,
    options: &Options<'_>,
    signature: &mut SignatureReport,
) {
    let signer = judge_signer(of, context, options, signature);
    if let Some(file) = context.seal_file {
        let detail = "nothing binds the seal file to the signature: any other seal of its signer could stand there";
        let is_protected = context.is_seal_file_protected;
        signature.checks.verify(Weight::Policy, "seal_file", is_protected, Reason::UnprotectedContent, detail);
        sealed::judge_seal_file(file, signer, options, signature);
    }
    for other in &of.others {
        let mut apart = SignatureReport::new("", "Sign");
        judge_signer(other, context, options, &mut apart);
        note_other(&apart.checks, &mut signature.checks);
    }
}

/// Notes under one name what did not pass of a further signer: a signature is no better than its worst signer.
pub(super) fn note_other(of: &Checks, checks: &mut Checks) {
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
    context: &Context<'_>,
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
            None => shown_time(context),
        };
    compare_times(shown_time(context).0, signature);
    warn_odd(&of.odd, &mut signature.warnings);
    let carried: Vec<Result<Certificate, Fault>> = of.certificates.iter().map(|der| Certificate::read(der)).collect();
    let signed_by = of.signer.position(&carried);
    let Some(signer) = signed_by.and_then(|position| carried.get(position)) else {
        let detail = "the SignerInfo names a certificate that is not carried";
        signature.checks.unknown(CRYPTOGRAPHY, "signature_value", Reason::CertNotEmbedded, detail);
        binding(of, context, signature);
        return None;
    };
    let messages = binding(of, context, signature);
    let question = value::Question {
        name: "signature_value",
        wrong: Reason::SignatureValue,
        certificate: signer.as_ref(),
        algorithm: Ok(&of.algorithm),
        signature: Ok(of.signature),
    };
    let answer = value::check(&question, &messages, signature);
    (signature.signed_over, signature.signature) = (answer.over, answer.facts);
    if let Ok(signer) = signer {
        warn_odd_of("the signer's certificate", &signer.odd, &mut signature.warnings);
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
pub(super) fn shown_time(context: &Context<'_>) -> (Option<huxin_chain_spec::ids::TimeMs>, Option<&'static str>) {
    let time = sealed::shown_time(context);
    (time, time.map(|_| "SignatureDateTime"))
}

/// Checks that what was signed is the digest of the document, and returns the messages that the signature may be over.
fn binding<'m>(of: &SignedData<'m>, context: &Context<'m>, signature: &mut SignatureReport) -> Vec<value::Message<'m>> {
    let name = "signature_xml_digest";
    let digest = context.xml.map(|xml| DigestAlgorithm::Sm3.plain(&[xml]));
    let is_base64 = |bytes: &[u8]| digest.is_some_and(|digest| is_base64_of(bytes, &digest));
    let is_document = |bytes: &[u8]| {
        digest.is_some_and(|digest| digest.as_bytes() == bytes) || context.xml.is_some_and(|xml| xml == bytes)
    };
    if of.content.is_some_and(is_base64) {
        let detail = "the content is base64 text of the digest (a switch of ofdrw)";
        signature.warn(Reason::NonstandardEncoding, detail);
    }
    let content_good = of.content.is_none_or(|content| is_document(content) || is_base64(content));
    let attributes_good = of.attributes.as_ref().is_none_or(|attributes| digest_good(attributes, context.xml));
    let checks = &mut signature.checks;
    if context.xml.is_none() {
        checks.unknown(Weight::Policy, name, Reason::EntryMissing, "there is no Signature.xml here");
    } else if !is_sm3(&of.digest_algorithm) && is_legacy(of, context.xml) {
        let detail = format!("SHA-1 or SHA-256; the digest algorithm is {}", of.digest_algorithm);
        checks.unknown(CRYPTOGRAPHY, name, Reason::LegacyAlgorithm, detail);
    } else if !is_sm3(&of.digest_algorithm) && of.attributes.is_some() && !attributes_good {
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
    messages(of, context)
}

/// Whether what was signed is a digest of the document of the time before SM3.
fn is_legacy(of: &SignedData<'_>, xml: Option<&[u8]>) -> bool {
    let signed = of.attributes.as_ref().map_or(of.content, |attributes| attributes.message_digest);
    xml.zip(signed).is_some_and(|(xml, digest)| value::is_legacy_digest(xml, digest))
}

fn digest_good(attributes: &Attributes<'_>, xml: Option<&[u8]>) -> bool {
    let (Some(found), Some(xml)) = (attributes.message_digest, xml) else { return false };
    let digest = |bytes: &[u8]| DigestAlgorithm::Sm3.plain(&[bytes]);
    let once = digest(xml);
    let of_contents = [digest(once.as_bytes()), digest(base64_of(&once).as_bytes())];
    found == once.as_bytes() || of_contents.iter().any(|digest| digest.as_bytes() == found)
}

fn base64_of(digest: &Digest) -> String {
    STANDARD.encode(digest.as_bytes())
}

fn messages<'m>(of: &SignedData<'m>, context: &Context<'m>) -> Vec<value::Message<'m>> {
    if let Some(attributes) = &of.attributes {
        let in_der = attributes.signed_parts();
        // In a file in BER the attributes may have been signed as they stand, under the tag of a SET all the same.
        let written = context.source.as_written(attributes.raw).and_then(|bytes| bytes.get(1..));
        let written = written.map(|tail| [in_der[0], tail]);
        let message = |parts: [&'m [u8]; 2]| ("signedAttributes", parts.map(Cow::Borrowed).to_vec());
        return std::iter::once(in_der).chain(written).map(message).collect();
    }
    match (of.content, context.xml) {
        (Some(content), _) => vec![("eContent", vec![Cow::Borrowed(content)])],
        (None, Some(xml)) => {
            let digest = DigestAlgorithm::Sm3.plain(&[xml]);
            vec![
                ("Signature.xml", vec![Cow::Borrowed(xml)]),
                ("SM3(Signature.xml)", vec![Cow::Owned(digest.as_bytes().to_vec())]),
                ("base64(SM3(Signature.xml))", vec![Cow::Owned(base64_of(&digest).into_bytes())]),
            ]
        }
        (None, None) => Vec::new(),
    }
}
