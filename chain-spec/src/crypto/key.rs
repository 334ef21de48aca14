//! Public keys, signatures and key identifiers, each carrying its scheme.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

use super::{Digest, DigestAlgorithm, tags};

/// A signature scheme. The discriminants are wire values.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    BorshSerialize,
    BorshDeserialize,
    Serialize,
    Deserialize,
)]
#[borsh(use_discriminant = true)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum SignatureScheme {
    /// Ed25519 (RFC 8032), verified by ZIP-215.
    #[default]
    Ed25519 = 1,
    /// SM2 (GB/T 32918.2) with SM3.
    Sm2 = 2,
}

/// A public key: one scheme byte, then 32 bytes (Ed25519) or 33 bytes (SM2, compressed point).
/// Its text form is `ed25519:<hex>` or `sm2:<hex>`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum PublicKey {
    Ed25519([u8; 32]) = 1,
    Sm2([u8; 33]) = 2,
}

/// A signature: one scheme byte, then 64 bytes (Ed25519 `R || s`, or SM2 `r || s` big-endian).
/// Its text form is `ed25519:<hex>` or `sm2:<hex>`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Signature {
    Ed25519([u8; 64]) = 1,
    Sm2([u8; 64]) = 2,
}

/// Identifier of a key, the same on every chain: the tagged digest of scheme and public key, under the digest
/// that belongs to the scheme (SHA-256 for Ed25519, SM3 for SM2). Validators are addressed by it too.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct KeyId(pub Digest);

impl KeyId {
    /// The identifier of `key`.
    pub fn of(key: &PublicKey) -> Self {
        let (scheme, digest): (SignatureScheme, DigestAlgorithm) = match key {
            PublicKey::Ed25519(_) => (SignatureScheme::Ed25519, DigestAlgorithm::Sha256),
            PublicKey::Sm2(_) => (SignatureScheme::Sm2, DigestAlgorithm::Sm3),
        };
        Self(digest.tagged(tags::KEY_ID, &[&[scheme as u8], key.as_bytes()]))
    }
}

impl PublicKey {
    /// The scheme this key belongs to.
    pub fn scheme(&self) -> SignatureScheme {
        match self {
            Self::Ed25519(_) => SignatureScheme::Ed25519,
            Self::Sm2(_) => SignatureScheme::Sm2,
        }
    }

    /// The key bytes without the scheme byte.
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Ed25519(bytes) => bytes,
            Self::Sm2(bytes) => bytes,
        }
    }

    /// Whether the form of this key allows signatures to verify: an SM2 key must be a point on the curve. Any 32 bytes are
    /// accepted as an Ed25519 key; under bytes that are not a point, no signature verifies.
    pub fn is_well_formed(&self) -> bool {
        match self {
            Self::Ed25519(_) => true,
            Self::Sm2(point) => super::sm2::point_of(point).is_some(),
        }
    }

    /// The key's identifier.
    pub fn id(&self) -> KeyId {
        KeyId::of(self)
    }
}

impl Signature {
    /// The 64 signature bytes without the scheme byte.
    pub fn as_bytes(&self) -> &[u8; 64] {
        match self {
            Self::Ed25519(bytes) | Self::Sm2(bytes) => bytes,
        }
    }
}

impl std::fmt::Display for KeyId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::fmt::Debug for KeyId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KeyId({})", self.0)
    }
}

impl std::str::FromStr for KeyId {
    type Err = super::ParseDigestError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

impl std::fmt::Display for PublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let scheme = match self {
            Self::Ed25519(_) => "ed25519",
            Self::Sm2(_) => "sm2",
        };
        write!(f, "{scheme}:{}", hex::encode(self.as_bytes()))
    }
}

impl std::fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

impl std::fmt::Display for Signature {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let scheme = match self {
            Self::Ed25519(_) => "ed25519",
            Self::Sm2(_) => "sm2",
        };
        write!(f, "{scheme}:{}", hex::encode(self.as_bytes()))
    }
}

impl std::fmt::Debug for Signature {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Signature({})", hex::encode(self.as_bytes()))
    }
}

/// A text that is not a public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a public key is written as ed25519:<64 hex characters> or sm2:<66 hex characters>")]
pub struct ParseKeyError;

impl std::str::FromStr for PublicKey {
    type Err = ParseKeyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (scheme, bytes) = text.split_once(':').ok_or(ParseKeyError)?;
        let bytes = hex::decode(bytes).map_err(|_| ParseKeyError)?;
        match scheme {
            "ed25519" => bytes.try_into().map(Self::Ed25519).map_err(|_| ParseKeyError),
            "sm2" => bytes.try_into().map(Self::Sm2).map_err(|_| ParseKeyError),
            _ => Err(ParseKeyError),
        }
    }
}

impl Serialize for PublicKey {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PublicKey {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'_, str> as Deserialize>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// A text that is not a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a signature is written as ed25519:<128 hex characters> or sm2:<128 hex characters>")]
pub struct ParseSignatureError;

impl std::str::FromStr for Signature {
    type Err = ParseSignatureError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (scheme, hex) = text.split_once(':').ok_or(ParseSignatureError)?;
        let mut bytes = [0; 64];
        hex::decode_to_slice(hex, &mut bytes).map_err(|_| ParseSignatureError)?;
        match scheme {
            "ed25519" => Ok(Self::Ed25519(bytes)),
            "sm2" => Ok(Self::Sm2(bytes)),
            _ => Err(ParseSignatureError),
        }
    }
}

impl Serialize for Signature {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Signature {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'_, str> as Deserialize>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
