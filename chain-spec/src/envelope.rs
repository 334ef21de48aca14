//! The frame of an encoded transaction: what can be checked before its operations are decoded.
//!
//! ```text
//! genesis [32] | signer [32] | mode u8 | operations: count u32, ... | expires_at u64 | idempotency_key [16] | scheme u8 | signature [64]
//! ```
//! Signer, expiry and signature stand at fixed places, and what is signed is everything before the signature. So a receiver
//! can refuse what no registered key has signed without reading the part whose cost the sender chooses.

use crate::codec;
use crate::crypto::{DIGEST_BYTES, Digest, KeyId, Signature};
use crate::ids::Height;
use crate::transaction::SIGNATURE_BYTES;

/// Bytes between the operations and the signature: expiry and idempotency key.
const TAIL_BYTES: usize = 8 + 16;
/// Genesis, signer, mode, count of operations.
const HEAD_BYTES: usize = DIGEST_BYTES + DIGEST_BYTES + 1 + 4;

/// What stands at the fixed places of a transaction's bytes. Nothing says yet that there is a transaction between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Envelope {
    pub genesis: Digest,
    pub signer: KeyId,
    /// How many operations the bytes claim to hold.
    pub operations: u32,
    pub expires_at: Height,
    pub signature: Signature,
}

impl Envelope {
    /// Reads the fixed places; `None` if the bytes are too short, or hold no signature where one must be.
    pub fn peek(bytes: &[u8]) -> Option<Self> {
        if bytes.len() < HEAD_BYTES + TAIL_BYTES + SIGNATURE_BYTES {
            return None;
        }
        let (genesis, rest) = bytes.split_first_chunk::<DIGEST_BYTES>()?;
        let (signer, rest) = rest.split_first_chunk::<DIGEST_BYTES>()?;
        let (_mode, rest) = rest.split_first()?;
        let (operations, rest) = rest.split_first_chunk::<4>()?;
        let (rest, signature) = rest.split_at_checked(rest.len().checked_sub(SIGNATURE_BYTES)?)?;
        let (expires_at, _) = rest.get(rest.len().checked_sub(TAIL_BYTES)?..)?.split_first_chunk::<8>()?;
        Some(Self {
            genesis: Digest(*genesis),
            signer: KeyId(Digest(*signer)),
            operations: u32::from_le_bytes(*operations),
            expires_at: Height(u64::from_le_bytes(*expires_at)),
            signature: codec::decode(signature, SIGNATURE_BYTES).ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::crypto::{DigestAlgorithm, SignatureScheme, Signer as _, SigningKey};
    use crate::transaction::{Mode, UnsignedTransaction};

    #[test]
    fn the_fixed_places_are_those_of_the_encoding() {
        for scheme in [SignatureScheme::Ed25519, SignatureScheme::Sm2] {
            let key = SigningKey::from_secret(scheme, [7; 32]).unwrap();
            let body = UnsignedTransaction {
                genesis: Digest([3; 32]),
                signer: key.public_key().id(),
                mode: Mode::Each,
                operations: Vec::new(),
                expires_at: Height(0x0102_0304),
                idempotency_key: [9; 16],
            };
            let transaction = body.sign(DigestAlgorithm::Sha256, &key);
            let bytes = transaction.to_bytes();
            let envelope = Envelope::peek(&bytes).unwrap();
            let expected = Envelope {
                genesis: transaction.body.genesis,
                signer: transaction.body.signer,
                operations: 0,
                expires_at: transaction.body.expires_at,
                signature: transaction.signature,
            };
            assert_eq!(envelope, expected);
            for length in 0..bytes.len() {
                assert_eq!(Envelope::peek(&bytes[..length]), None, "{length}");
            }
            let mut other_scheme = bytes.clone();
            let at = bytes.len() - SIGNATURE_BYTES;
            other_scheme[at] = 9;
            assert_eq!(Envelope::peek(&other_scheme), None);
        }
    }
}
