//! The check of one SM2 signature value, the same for documents and seals.

use std::borrow::Cow;

use der::asn1::ObjectIdentifier;
use huxin_chain_spec::crypto::{DigestAlgorithm, sm2};

use crate::asn1::Fault;
use crate::certificate::{Certificate, Key};
use crate::package::LegacyDigest;
use crate::reason::Reason;
use crate::report::{Outcome, SignatureReport, Sm2Facts, Weight};
use crate::sm2_value::{Sm2Value, means_sm2};

/// RSA and its signatures (PKCS #1).
const RSA: &str = "1.2.840.113549.1.1.";
/// DSA, and ECDSA with SHA-1.
const OTHER_LEGACY: [&str; 3] = ["1.2.840.10040.4.1", "1.2.840.10040.4.3", "1.2.840.10045.4.1"];

/// User identifiers that software is known to sign with in place of the default: none at all, that of old GmSSL, and that of the
/// examples in GB/T 32918.
const OTHER_USER_IDS: [&str; 3] = ["", "anonym@gmssl.org", "ALICE123@YAHOO.COM"];

/// What to verify.
pub(super) struct Question<'q> {
    /// Name of the check.
    pub name: &'static str,
    /// Code when the value is wrong.
    pub wrong: Reason,
    pub certificate: Result<&'q Certificate, &'q Fault>,
    pub algorithm: Result<&'q ObjectIdentifier, &'q Fault>,
    pub signature: Result<&'q [u8], &'q Fault>,
}

/// A message that may have been signed: what it is called, and its parts.
pub(super) type Message<'m> = (&'static str, Vec<Cow<'m, [u8]>>);

/// What came of a question.
#[derive(Default)]
pub(super) struct Answer {
    /// None when that could not be told.
    pub verified: Option<bool>,
    /// The numbers of the signature, which exist as soon as key and value are readable.
    pub facts: Option<Sm2Facts>,
    /// The message that verified; else the first.
    pub over: Option<&'static str>,
}

/// Verifies `question.signature` over the first of the messages that it fits, and notes the check.
pub(super) fn check(question: &Question<'_>, messages: &[Message<'_>], signature: &mut SignatureReport) -> Answer {
    let checks = &mut signature.checks;
    let weight = Weight::Cryptography;
    let (point, value, algorithm) = match numbers(question) {
        Ok(numbers) => numbers,
        Err((Outcome::Fail, code, detail)) => {
            checks.fail(weight, question.name, code, detail);
            return Answer {
                verified: Some(false),
                over: messages.first().map(|(name, _)| *name),
                ..Answer::default()
            };
        }
        Err((_, code, detail)) => {
            checks.unknown(weight, question.name, code, detail);
            return Answer { over: messages.first().map(|(name, _)| *name), ..Answer::default() };
        }
    };
    let verifies = |id: &str, parts: &[Cow<'_, [u8]>]| {
        let parts: Vec<&[u8]> = parts.iter().map(AsRef::as_ref).collect();
        let e = sm2::message_digest(&point, id, &parts)?;
        Some((e, sm2::verify_digest(&point, &e, &value.r_s)))
    };
    let mut tried = messages.iter().map(|(name, parts)| (*name, verifies(sm2::DEFAULT_USER_ID, parts)));
    let mut first = None;
    let found = tried.find(|(name, answer)| {
        first.get_or_insert((*name, *answer));
        answer.is_some_and(|(_, holds)| holds)
    });
    let Some((over, answer)) = found.or(first) else {
        checks.unknown(weight, question.name, Reason::EntryMissing, "what was signed is not here");
        return Answer::default();
    };
    let facts = answer.map(|(e, _)| Sm2Facts { e, r_s: value.r_s, point, form: value.form });
    let named = algorithm.filter(|algorithm| !means_sm2(algorithm));
    let verified = match (found, named) {
        (Some(_), named) => {
            checks.pass(weight, question.name);
            if let Some(named) = named {
                let detail = format!("{}: the value is one of SM2 with SM3, and is named {named}", question.name);
                checks.unknown(Weight::Policy, "signature_algorithm", weight_of(&named), detail);
            }
            Some(true)
        }
        (None, Some(named)) => {
            checks.unknown(weight, question.name, weight_of(&named), format!("the signature is of {named}"));
            None
        }
        (None, None) => {
            let id = OTHER_USER_IDS.into_iter().find(|id| {
                let mut parts = messages.iter().map(|(_, parts)| verifies(id, parts));
                parts.any(|answer| answer.is_some_and(|(_, holds)| holds))
            });
            let detail = match id {
                Some(id) => format!("it verifies with the user identifier {id:?}"),
                None => "the SM2 equation does not hold".to_owned(),
            };
            checks.fail(weight, question.name, question.wrong, detail.clone());
            if id.is_some() {
                signature.warn(Reason::Sm2UserId, format!("{}: {detail}", question.name));
            }
            Some(false)
        }
    };
    Answer { verified, facts, over: Some(over) }
}

/// Key, value, and the algorithm that the file names; or why there is nothing to verify.
type Numbers = ([u8; 33], Sm2Value, Option<ObjectIdentifier>);

fn numbers(question: &Question<'_>) -> Result<Numbers, (Outcome, Reason, String)> {
    let fail = |code, detail: String| (Outcome::Fail, code, detail);
    let unknown = |code, detail: String| (Outcome::Unknown, code, detail);
    let certificate = question.certificate.map_err(|fault| {
        let detail = format!("the certificate cannot be read: {fault}");
        if fault.code == Reason::Format { unknown(fault.code, detail) } else { fail(fault.code, detail) }
    })?;
    let point = match certificate.key {
        Key::Sm2(point) => point,
        Key::OffCurve => {
            return Err(fail(question.wrong, "the certificate's key is no point of the SM2 curve".to_owned()));
        }
        Key::Other(id) => return Err(unknown(weight_of(&id), format!("the certificate's key is of {id}"))),
    };
    let algorithm = question.algorithm.ok().copied();
    let named = algorithm.filter(|algorithm| !means_sm2(algorithm));
    let value = question.signature.map_err(Clone::clone).and_then(|bytes| Sm2Value::read(bytes, "signature"));
    match (value, named) {
        (Ok(value), _) => Ok((point, value, algorithm)),
        // A value of another algorithm has another form.
        (Err(_), Some(named)) => Err(unknown(weight_of(&named), format!("the signature is of {named}"))),
        (Err(fault), None) if fault.code == Reason::Format => Err(unknown(fault.code, fault.to_string())),
        (Err(fault), None) if fault.code == Reason::SignatureValue => Err(fail(question.wrong, fault.to_string())),
        (Err(fault), None) => Err(fail(fault.code, fault.to_string())),
    }
}

/// Whether `digest` is SHA-1 or SHA-256 of `document`, as signatures with RSA have it (GM/T 0031-2014 allows it).
pub(super) fn is_legacy_digest(document: &[u8], digest: &[u8]) -> bool {
    let mut sha1 = LegacyDigest::Sha1.start();
    sha1.update(document);
    digest == &*sha1.finalize() || digest == DigestAlgorithm::Sha256.plain(&[document]).as_bytes()
}

/// RSA and what came with it is legacy; anything else is just not known here.
fn weight_of(id: &ObjectIdentifier) -> Reason {
    let dotted = id.to_string();
    if dotted.starts_with(RSA) || OTHER_LEGACY.contains(&dotted.as_str()) {
        Reason::LegacyAlgorithm
    } else {
        Reason::UnsupportedAlgorithm
    }
}
