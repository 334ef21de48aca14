//! Compares the protected files of a signature with what was signed: the digest of the unpacked bytes, nothing made canonical.

use huxin_chain_spec::crypto::DigestAlgorithm;

use super::types::{BadReference, BadReferenceStatus, Reference, SignatureFile};
use crate::package::{LegacyDigest, Package};

/// Names of digests as vendors write them, in lower case.
const SM3_NAMES: [&str; 3] = ["sm3", "1.2.156.10197.1.401", "1.2.156.10197.1.401.1"];
const SHA256_NAMES: [&str; 3] = ["sha256", "sha-256", "2.16.840.1.101.3.4.2.1"];
const MD5_NAMES: [&str; 2] = ["md5", "1.2.840.113549.2.5"];
const SHA1_NAMES: [&str; 3] = ["sha1", "sha-1", "1.3.14.3.2.26"];

/// How a protected file is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Method {
    Sound(DigestAlgorithm),
    Legacy(LegacyDigest),
}

/// The methods by which a value of `bytes` bytes may be met; none where `CheckMethod` is not one we compute.
///
/// Absent, the standard says MD5. A value of another length is none, so what was meant is tried; the judge reports the absence.
fn methods(check_method: Option<&str>, bytes: usize) -> &'static [Method] {
    use Method::{Legacy, Sound};
    let Some(name) = check_method.map(|name| name.trim().to_ascii_lowercase()).filter(|name| !name.is_empty()) else {
        return match bytes {
            16 => &[Legacy(LegacyDigest::Md5)],
            20 => &[Legacy(LegacyDigest::Sha1)],
            _ => &[Sound(DigestAlgorithm::Sm3), Sound(DigestAlgorithm::Sha256)],
        };
    };
    match name.as_str() {
        name if SM3_NAMES.contains(&name) => &[Sound(DigestAlgorithm::Sm3)],
        name if SHA256_NAMES.contains(&name) => &[Sound(DigestAlgorithm::Sha256)],
        name if MD5_NAMES.contains(&name) => &[Legacy(LegacyDigest::Md5)],
        name if SHA1_NAMES.contains(&name) => &[Legacy(LegacyDigest::Sha1)],
        _ => &[],
    }
}

/// The references that are not as signed by a sound digest, in the order of the list.
pub(super) fn bad_references(package: &Package<'_>, signature: &SignatureFile) -> Vec<BadReference> {
    let bad = signature.references.iter().filter_map(|reference| {
        let status = status(package, reference, reference.check_method.as_deref())?;
        let name = reference.entry.clone().unwrap_or_else(|| shown(&reference.file_ref));
        Some(BadReference { file: name, status })
    });
    bad.collect()
}

fn status(package: &Package<'_>, reference: &Reference, check_method: Option<&str>) -> Option<BadReferenceStatus> {
    let Some(entry) = reference.entry.as_deref().and_then(|name| package.find(name)) else {
        return Some(BadReferenceStatus::Missing);
    };
    let Some(expected) = &reference.check_value else { return Some(BadReferenceStatus::Mismatch) };
    let methods = methods(check_method, expected.len());
    // An entry that cannot be unpacked does not have the bytes that were signed.
    let is_met = |method: &&Method| match method {
        Method::Sound(algorithm) => {
            package.digest(entry, *algorithm).is_ok_and(|digest| digest.as_bytes()[..] == expected[..])
        }
        Method::Legacy(legacy) => package.legacy_digest(entry, *legacy).is_ok_and(|digest| digest == expected),
    };
    match methods.iter().find(is_met) {
        Some(Method::Sound(_)) => None,
        Some(Method::Legacy(_)) => Some(BadReferenceStatus::LegacyDigest),
        None if methods.is_empty() => Some(BadReferenceStatus::UnsupportedDigest),
        None => Some(BadReferenceStatus::Mismatch),
    }
}

fn shown(file_ref: &str) -> String {
    file_ref.trim().trim_start_matches('/').chars().take(1024).collect()
}
