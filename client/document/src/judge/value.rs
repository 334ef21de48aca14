//! The check of one SM2 signature value, the same for documents and seals.

use der::asn1::ObjectIdentifier;
use huxin_chain_spec::crypto::{DigestAlgorithm, sm2};

use crate::asn1::Fault;
use crate::certificate::{Certificate, Key};
use crate::package::LegacyDigest;
use crate::reason::Reason;
use crate::report::{Checks, Outcome, Sm2Facts, Weight};
use crate::sm2_value::{Sm2Value, means_sm2};

/// RSA and its signatures (PKCS #1).
const RSA: &str = "1.2.840.113549.1.1.";
/// DSA, and ECDSA with SHA-1.
const OTHER_LEGACY: [&str; 3] = ["1.2.840.10040.4.1", "1.2.840.10040.4.3", "1.2.840.10045.4.1"];

/// What to verify.
pub(super) struct Question<'q> {
    /// Name of the check.
    pub name: &'static str,
    /// Code when the value is wrong.
    pub wrong: Reason,
    pub certificate: &'q Result<Certificate, Fault>,
    pub algorithm: &'q ObjectIdentifier,
    pub signature: &'q [u8],
}

/// Verifies `question.signature` over the concatenation of `message` and notes the check. Returns whether it verified (none when
/// that could not be told) and the numbers of the signature, which exist as soon as key and value are readable.
pub(super) fn check(
    question: &Question<'_>,
    message: &[&[u8]],
    checks: &mut Checks,
) -> (Option<bool>, Option<Sm2Facts>) {
    let (outcome, code, detail, facts) = answer(question, message);
    let weight = Weight::Cryptography;
    match outcome {
        Outcome::Pass => checks.pass(weight, question.name),
        Outcome::Fail => checks.fail(weight, question.name, code, detail),
        Outcome::Unknown => checks.unknown(weight, question.name, code, detail),
    }
    let verified = match outcome {
        Outcome::Pass => Some(true),
        Outcome::Fail => Some(false),
        Outcome::Unknown => None,
    };
    (verified, facts)
}

fn answer(question: &Question<'_>, message: &[&[u8]]) -> (Outcome, Reason, String, Option<Sm2Facts>) {
    let fail = |code, detail: &str| (Outcome::Fail, code, detail.to_owned(), None);
    let unknown = |code, detail: String| (Outcome::Unknown, code, detail, None);
    let certificate = match question.certificate {
        Ok(certificate) => certificate,
        Err(fault) => return fail(fault.code, &format!("the certificate cannot be read: {fault}")),
    };
    let point = match certificate.key {
        Key::Sm2(point) => point,
        Key::OffCurve => return fail(question.wrong, "the certificate's key is no point of the SM2 curve"),
        Key::Other(id) => return unknown(weight_of(&id), format!("the certificate's key is of {id}")),
    };
    if !means_sm2(question.algorithm) {
        return unknown(weight_of(question.algorithm), format!("the signature is of {}", question.algorithm));
    }
    let value = match Sm2Value::read(question.signature, "signature") {
        Ok(value) => value,
        Err(fault) if fault.code == Reason::SignatureValue => return fail(question.wrong, &fault.to_string()),
        Err(fault) => return fail(fault.code, &fault.to_string()),
    };
    let Some(e) = sm2::message_digest(&point, sm2::DEFAULT_USER_ID, message) else {
        return fail(question.wrong, "the certificate's key is no point of the SM2 curve");
    };
    let facts = Some(Sm2Facts { e, r_s: value.r_s, point, form: value.form });
    if sm2::verify_digest(&point, &e, &value.r_s) {
        (Outcome::Pass, question.wrong, String::new(), facts)
    } else {
        (Outcome::Fail, question.wrong, "the SM2 equation does not hold".to_owned(), facts)
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
