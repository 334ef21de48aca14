//! Digest algorithms, named as data so that a chain can choose one in its genesis.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};
use sha2::Digest as _;

/// Length of every digest of the protocol, in bytes. SHA-256 and SM3 agree on it.
pub const DIGEST_BYTES: usize = 32;

/// A digest algorithm. The discriminants are wire values.
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
pub enum DigestAlgorithm {
    /// SHA-256 (FIPS 180-4), the default.
    #[default]
    Sha256 = 1,
    /// SM3 (GB/T 32905), for a 国密 network.
    Sm3 = 2,
}

/// A 32-byte digest. Shown and parsed as 64 lower-case hex characters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, BorshSerialize, BorshDeserialize)]
pub struct Digest(pub [u8; DIGEST_BYTES]);

impl Digest {
    /// Thirty-two zero bytes: "nothing before this".
    pub const ZERO: Self = Self([0; DIGEST_BYTES]);

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8; DIGEST_BYTES] {
        &self.0
    }
}

impl std::fmt::Display for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl std::fmt::Debug for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Digest({self})")
    }
}

impl std::str::FromStr for Digest {
    type Err = ParseDigestError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut bytes = [0; DIGEST_BYTES];
        if text.len() != 2 * DIGEST_BYTES || text.bytes().any(|b| b.is_ascii_uppercase()) {
            return Err(ParseDigestError);
        }
        hex::decode_to_slice(text, &mut bytes).map_err(|_| ParseDigestError)?;
        Ok(Self(bytes))
    }
}

/// A text that is not 64 lower-case hex characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a digest is written as 64 lower-case hexadecimal characters")]
pub struct ParseDigestError;

impl Serialize for Digest {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'_, str> as Deserialize>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl DigestAlgorithm {
    /// The digest of the concatenation of `parts`, without any tag. For RFC 6962 nodes and documents only;
    /// everything else goes through [`DigestAlgorithm::tagged`].
    pub fn plain(self, parts: &[&[u8]]) -> Digest {
        let mut state = self.start();
        for part in parts {
            state.update(part);
        }
        state.finish()
    }

    /// `H(len(tag) as u8, tag, parts...)`: the digest of `parts` for one purpose.
    pub fn tagged(self, tag: &str, parts: &[&[u8]]) -> Digest {
        let mut state = self.start();
        state.update(&[tag_len(tag)]);
        state.update(tag.as_bytes());
        for part in parts {
            state.update(part);
        }
        state.finish()
    }

    /// A streaming hasher, for documents too large for memory.
    pub fn start(self) -> Hasher {
        match self {
            Self::Sha256 => Hasher::Sha256(sha2::Sha256::new()),
            Self::Sm3 => Hasher::Sm3(sm3::Sm3::new()),
        }
    }
}

/// Tags are literals of [`super::tags`], all far below 256 bytes; a longer one would be cut here and caught by the test below.
pub(crate) fn tag_len(tag: &str) -> u8 {
    u8::try_from(tag.len()).unwrap_or(u8::MAX)
}

/// A digest in progress.
#[derive(Clone)]
pub enum Hasher {
    Sha256(sha2::Sha256),
    Sm3(sm3::Sm3),
}

impl Hasher {
    /// Adds bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(state) => sha2::Digest::update(state, bytes),
            Self::Sm3(state) => sha2::Digest::update(state, bytes),
        }
    }

    /// The digest of all bytes added.
    pub fn finish(self) -> Digest {
        match self {
            Self::Sha256(state) => Digest(state.finalize().into()),
            Self::Sm3(state) => Digest(state.finalize().into()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn known_answers() {
        assert_eq!(
            DigestAlgorithm::Sha256.plain(&[b"a", b"bc"]).to_string(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        // GB/T 32905-2016, annex A.1.
        assert_eq!(
            DigestAlgorithm::Sm3.plain(&[b"abc"]).to_string(),
            "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
        );
    }

    #[test]
    fn digest_text_is_one_form_only() {
        let text = DigestAlgorithm::Sha256.plain(&[]).to_string();
        assert_eq!(text.parse::<Digest>().unwrap().to_string(), text);
        assert!(text.to_uppercase().parse::<Digest>().is_err());
        assert!(text[1..].parse::<Digest>().is_err());
    }
}
