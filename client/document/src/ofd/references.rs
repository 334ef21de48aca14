//! Compares the protected files of a signature with what was signed: the digest of the unpacked bytes, nothing made canonical.

use huxin_chain_spec::crypto::DigestAlgorithm;

use super::types::{BadReference, BadReferenceStatus, Reference, SignatureFile};
use crate::package::Package;

/// Names of SM3 and SHA-256 as vendors write them, in lower case.
const SM3_NAMES: [&str; 2] = ["sm3", "1.2.156.10197.1.401"];
const SHA256_NAMES: [&str; 3] = ["sha256", "sha-256", "2.16.840.1.101.3.4.2.1"];

/// The algorithms by which a `CheckMethod` may be met; none where it is not one we compute.
///
/// Absent, the standard says MD5. A value of 32 bytes is no MD5, so what was meant is tried; the judge reports the absence.
fn algorithms(check_method: Option<&str>) -> &'static [DigestAlgorithm] {
    let Some(name) = check_method.map(|name| name.trim().to_ascii_lowercase()).filter(|name| !name.is_empty()) else {
        return &[DigestAlgorithm::Sm3, DigestAlgorithm::Sha256];
    };
    match name.as_str() {
        name if SM3_NAMES.contains(&name) => &[DigestAlgorithm::Sm3],
        name if SHA256_NAMES.contains(&name) => &[DigestAlgorithm::Sha256],
        _ => &[],
    }
}

/// The references that are not as signed, in the order of the list.
pub(super) fn bad_references(package: &Package<'_>, signature: &SignatureFile) -> Vec<BadReference> {
    let algorithms = algorithms(signature.check_method.as_deref());
    let bad = signature.references.iter().filter_map(|reference| {
        let status = status(package, reference, algorithms, signature.check_method.is_none())?;
        let name = reference.entry.clone().unwrap_or_else(|| shown(&reference.file_ref));
        Some(BadReference { file: name, status })
    });
    bad.collect()
}

fn status(
    package: &Package<'_>,
    reference: &Reference,
    algorithms: &[DigestAlgorithm],
    is_method_absent: bool,
) -> Option<BadReferenceStatus> {
    let Some(entry) = reference.entry.as_deref().and_then(|name| package.find(name)) else {
        return Some(BadReferenceStatus::Missing);
    };
    let Some(expected) = &reference.check_value else { return Some(BadReferenceStatus::Mismatch) };
    let is_short = expected.len() != huxin_chain_spec::crypto::DIGEST_BYTES;
    if algorithms.is_empty() || (is_method_absent && is_short) {
        return Some(BadReferenceStatus::UnsupportedDigest);
    }
    // An entry that cannot be unpacked does not have the bytes that were signed.
    let is_met = algorithms
        .iter()
        .any(|algorithm| package.digest(entry, *algorithm).is_ok_and(|digest| digest.as_bytes()[..] == expected[..]));
    if is_met { None } else { Some(BadReferenceStatus::Mismatch) }
}

fn shown(file_ref: &str) -> String {
    file_ref.trim().trim_start_matches('/').chars().take(1024).collect()
}
