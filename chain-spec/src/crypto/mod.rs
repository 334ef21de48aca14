//! Crypto suites as data: digests, keys, signatures, and the one verification rule.
//!
//! **Invariant**: Ed25519 signatures are checked by ZIP-215 everywhere, singly and in batches, because only that rule
//! makes the two agree on every input (`docs/decisions/0003-zip-215.md`).

mod digest;
mod key;
mod sign;
pub mod sm2;
pub mod tags;

pub use digest::{DIGEST_BYTES, Digest, DigestAlgorithm, Hasher, ParseDigestError};
pub use key::{KeyId, ParseKeyError, ParseSignatureError, PublicKey, Signature, SignatureScheme};
pub use sign::{
    BatchItem, SignedAs, Signer, SigningKey, admission_message, possession_message, seal_message, transaction_message,
    verify, verify_batch, verify_seal,
};
