//! The `[encryption]` table: Argon2id and ChaCha20-Poly1305.

use argon2::{Algorithm, Argon2, Params, Version};
use borsh::BorshSerialize;
use chacha20poly1305::ChaCha20Poly1305;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::KeyFileError;

/// Work that one guess at the passphrase costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, Serialize, Deserialize)]
pub struct KdfCost {
    /// Memory, in KiB: 1,024 to 1,048,576.
    pub memory_kib: u32,
    /// Passes over the memory: 1 to 16.
    pub passes: u32,
    /// Lanes: 1 to 8.
    pub lanes: u32,
}

impl Default for KdfCost {
    /// 64 MiB and three passes, the second choice of RFC 9106 section 4, in one lane: a node opens its keys once.
    fn default() -> Self {
        Self { memory_kib: 64 * 1024, passes: 3, lanes: 1 }
    }
}

impl KdfCost {
    /// A hostile file must not exhaust memory or time, and a weak one must not look protected.
    fn check(self) -> Result<(), KeyFileError> {
        let bounds = [
            ("memory_kib", self.memory_kib, 1024, 1024 * 1024),
            ("passes", self.passes, 1, 16),
            ("lanes", self.lanes, 1, 8),
        ];
        match bounds.into_iter().find(|(_, found, min, max)| !(min..=max).contains(&found)) {
            Some((field, found, min, max)) => Err(KeyFileError::CostOutOfBounds { field, found, min, max }),
            None => Ok(()),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Kdf {
    #[serde(rename = "argon2id")]
    Argon2id,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Cipher {
    #[serde(rename = "chacha20poly1305")]
    ChaCha20Poly1305,
}

/// The `[encryption]` table of a key file. All of it is public.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Encryption {
    kdf: Kdf,
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    #[serde(with = "hex::serde")]
    salt: [u8; 16],
    #[serde(with = "hex::serde")]
    passphrase_check: [u8; 16],
    cipher: Cipher,
    #[serde(with = "hex::serde")]
    nonce: [u8; 12],
    #[serde(with = "hex::serde")]
    ciphertext: [u8; 48],
}

/// What a passphrase gives.
struct Derived {
    key: Zeroizing<[u8; 32]>,
    passphrase_check: [u8; 16],
}

impl Encryption {
    /// Encrypts `secret`; `bound` makes the associated data.
    pub(super) fn seal(
        cost: KdfCost,
        passphrase: &[u8],
        salt: [u8; 16],
        nonce: [u8; 12],
        secret: &[u8; 32],
        bound: impl Fn(KdfCost) -> Vec<u8>,
    ) -> Result<Self, KeyFileError> {
        cost.check()?;
        if passphrase.is_empty() {
            return Err(KeyFileError::PassphraseEmpty);
        }
        let derived = derive(cost, passphrase, &salt)?;
        let payload = Payload { msg: secret, aad: &bound(cost) };
        let ciphertext = ChaCha20Poly1305::new(&(*derived.key).into())
            .encrypt(&nonce.into(), payload)
            .ok()
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or(KeyFileError::CannotWrite { reason: "the cipher refused 32 bytes".to_owned() })?;
        let KdfCost { memory_kib, passes, lanes } = cost;
        let (kdf, cipher, passphrase_check) = (Kdf::Argon2id, Cipher::ChaCha20Poly1305, derived.passphrase_check);
        Ok(Self { kdf, memory_kib, passes, lanes, salt, passphrase_check, cipher, nonce, ciphertext })
    }

    /// Refuses costs out of bounds.
    pub(super) fn check(&self) -> Result<(), KeyFileError> {
        self.cost().check()
    }

    /// The secret; `bound` makes the associated data.
    pub(super) fn open(
        &self,
        passphrase: &[u8],
        bound: impl Fn(KdfCost, &[u8; 16]) -> Vec<u8>,
    ) -> Result<Zeroizing<[u8; 32]>, KeyFileError> {
        self.check()?;
        let derived = derive(self.cost(), passphrase, &self.salt)?;
        if derived.passphrase_check != self.passphrase_check {
            return Err(KeyFileError::WrongPassphrase);
        }
        let payload = Payload { msg: &self.ciphertext, aad: &bound(self.cost(), &self.salt) };
        let opened = ChaCha20Poly1305::new(&(*derived.key).into()).decrypt(&self.nonce.into(), payload);
        let opened = Zeroizing::new(opened.map_err(|_| KeyFileError::Tampered)?);
        let secret: &[u8; 32] = opened.as_slice().try_into().map_err(|_| KeyFileError::Tampered)?;
        Ok(Zeroizing::new(*secret))
    }

    fn cost(&self) -> KdfCost {
        KdfCost { memory_kib: self.memory_kib, passes: self.passes, lanes: self.lanes }
    }
}

/// Argon2id, 64 bytes: key, then check.
fn derive(cost: KdfCost, passphrase: &[u8], salt: &[u8; 16]) -> Result<Derived, KeyFileError> {
    let failed = |error: argon2::Error| KeyFileError::Derivation { reason: error.to_string() };
    let mut output = Zeroizing::new([0; 64]);
    let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(output.len())).map_err(failed)?;
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase, salt, output.as_mut_slice())
        .map_err(failed)?;
    let mut derived = Derived { key: Zeroizing::new([0; 32]), passphrase_check: [0; 16] };
    derived.key.copy_from_slice(&output[..32]);
    derived.passphrase_check.copy_from_slice(&output[32..48]);
    Ok(derived)
}
