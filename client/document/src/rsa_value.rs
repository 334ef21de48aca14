//! RSA signatures, PKCS #1 v1.5 with SHA-256, SHA-384 and SHA-512 (RFC 8017, 8.2): of documents in PDF, certificates and revocation lists.
//!
//! SM2 is what seals are made with; RSA is met beside it, in PDF files that foreign readers are to verify as well.

use der::Tag;
use der::asn1::ObjectIdentifier;
use rsa::{BoxedUint, Pkcs1v15Sign, PublicKey};
use sha2::{Sha256, Sha384, Sha512};

use crate::asn1::{Element, Fault};

/// Shortest modulus that counts, in bits (GB/T 39786 and NIST SP 800-131A alike).
pub const MODULUS_BITS_MIN: usize = 2048;
/// Longest modulus that is computed with, in bits.
const MODULUS_BITS_MAX: usize = 8192;

/// rsaEncryption.
pub const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const WITH_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11");
const WITH_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.12");
const WITH_SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.13");

/// A digest of the SHA-2 family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sha2 {
    Sha256,
    Sha384,
    Sha512,
}

impl Sha2 {
    /// By the identifier of the digest.
    pub fn of_digest(id: &ObjectIdentifier) -> Option<Self> {
        match id.to_string().as_str() {
            "2.16.840.1.101.3.4.2.1" => Some(Self::Sha256),
            "2.16.840.1.101.3.4.2.2" => Some(Self::Sha384),
            "2.16.840.1.101.3.4.2.3" => Some(Self::Sha512),
            _ => None,
        }
    }

    /// By the identifier of RSA with it.
    pub fn of_signature(id: &ObjectIdentifier) -> Option<Self> {
        match *id {
            WITH_SHA256 => Some(Self::Sha256),
            WITH_SHA384 => Some(Self::Sha384),
            WITH_SHA512 => Some(Self::Sha512),
            _ => None,
        }
    }

    /// The digest of the parts, one after the other.
    pub fn digest(self, parts: &[&[u8]]) -> Vec<u8> {
        fn of<D: sha2::Digest>(parts: &[&[u8]]) -> Vec<u8> {
            let mut digest = D::new();
            parts.iter().for_each(|part| digest.update(part));
            digest.finalize().to_vec()
        }
        match self {
            Self::Sha256 => of::<Sha256>(parts),
            Self::Sha384 => of::<Sha384>(parts),
            Self::Sha512 => of::<Sha512>(parts),
        }
    }

    fn scheme(self) -> Pkcs1v15Sign {
        match self {
            Self::Sha256 => Pkcs1v15Sign::new::<Sha256>(),
            Self::Sha384 => Pkcs1v15Sign::new::<Sha384>(),
            Self::Sha512 => Pkcs1v15Sign::new::<Sha512>(),
        }
    }
}

/// A public key as a certificate has it: modulus and exponent, big-endian.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RsaKey {
    modulus: Vec<u8>,
    exponent: Vec<u8>,
}

impl RsaKey {
    /// Reads `SEQUENCE { modulus, publicExponent }` (RFC 8017, A.1.1).
    pub(crate) fn read(der: &[u8]) -> Result<Self, Fault> {
        let field = "RSAPublicKey";
        let mut fields = Element::whole(der, field)?.sequence(field)?;
        let (modulus, exponent) = (fields.next("modulus")?, fields.next("publicExponent")?);
        fields.end()?;
        modulus.expect(Tag::Integer, "modulus")?;
        exponent.expect(Tag::Integer, "publicExponent")?;
        let (modulus, exponent) = (modulus.unsigned("modulus")?, exponent.unsigned("publicExponent")?);
        Ok(Self { modulus: modulus.to_vec(), exponent: exponent.to_vec() })
    }

    /// Length of the modulus in bits.
    pub fn bits(&self) -> usize {
        let zeros = self.modulus.first().map_or(0, |first| first.leading_zeros());
        (self.modulus.len() * 8).saturating_sub(usize::try_from(zeros).unwrap_or(0))
    }

    /// Modulus and exponent in one: equal only for equal keys.
    pub(crate) fn id(&self) -> Vec<u8> {
        let length = u32::try_from(self.modulus.len()).unwrap_or(u32::MAX).to_be_bytes();
        [&length, self.modulus.as_slice(), &self.exponent].concat()
    }

    /// Whether the key made `signature` over the digest of `parts`. `None` for a key that is too short to count, or too long.
    pub(crate) fn verifies(&self, sha: Sha2, parts: &[&[u8]], signature: &[u8]) -> Option<bool> {
        self.verifies_digest(sha, &sha.digest(parts), signature)
    }

    /// The same over a digest.
    pub(crate) fn verifies_digest(&self, sha: Sha2, digest: &[u8], signature: &[u8]) -> Option<bool> {
        if !(MODULUS_BITS_MIN..=MODULUS_BITS_MAX).contains(&self.bits()) {
            return None;
        }
        let number = |bytes: &[u8]| BoxedUint::from_be_slice_vartime(bytes);
        let key = PublicKey::new(number(&self.modulus), number(&self.exponent)).ok()?;
        // RFC 8017, 8.2.2: as long as the modulus, no shorter form of the same number.
        let is_whole = signature.len() == self.modulus.len();
        Some(is_whole && key.verify(sha.scheme(), digest, signature).is_ok())
    }
}
