//! Key files, format `huxin-key/1`: one private key in TOML text, plain or encrypted under a passphrase.
//!
//! ```toml
//! format = "huxin-key/1"
//! scheme = "ed25519"
//! purpose = "governance"
//! public_key = "ed25519:<64 hex>"
//! key_id = "<64 hex>"
//! secret = "<64 hex>"          # plain, or instead of it:
//!
//! [encryption]
//! kdf = "argon2id"             # RFC 9106, version 0x13
//! memory_kib = 65536
//! passes = 3
//! lanes = 1
//! salt = "<32 hex>"
//! passphrase_check = "<32 hex>"
//! cipher = "chacha20poly1305"  # RFC 8439
//! nonce = "<24 hex>"
//! ciphertext = "<96 hex>"      # 32 bytes of secret, 16 bytes of tag
//! ```
//!
//! Argon2id gives 64 bytes: the first 32 are the cipher's key, 16 of the rest are `passphrase_check`. It distinguishes a wrong
//! passphrase from a changed file, and gives an attacker nothing that the cipher's tag does not give already.
//!
//! Associated data of the cipher is the borsh encoding of `format`, `scheme`, `purpose`, `public_key`, `key_id`,
//! `memory_kib`, `passes`, `lanes`, `salt`, so that none of them can be changed unnoticed.
//!
//! Nothing here reads a file, a clock or a source of randomness: salt and nonce are arguments.

mod error;
mod sealing;

pub use error::KeyFileError;
pub use sealing::{Encryption, KdfCost};

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};
use zeroize::{ZeroizeOnDrop, Zeroizing};

use crate::crypto::{KeyId, PublicKey, SignatureScheme, Signer as _, SigningKey};

/// What the first line of a key file says.
pub const KEY_FILE_FORMAT: &str = "huxin-key/1";
/// Longest key file read, in bytes. A real one has under 1 KiB.
pub const KEY_FILE_BYTES_MAX: usize = 8 * 1024;

/// What a key is for. A key file opens for its own purpose only.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[borsh(use_discriminant = true)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum KeyPurpose {
    /// Votes and proposals of a validator.
    Consensus = 1,
    /// Identity of a node among its peers.
    Network = 2,
    /// A province's decisions over members. Kept offline.
    Governance = 3,
    /// Checkpoints of the log.
    Note = 4,
    /// Registration of organisations, systems and keys in a province.
    Registrar = 5,
    /// Records of an organisation.
    Organisation = 6,
    /// Records of one system of an organisation.
    System = 7,
}

impl KeyPurpose {
    /// Every purpose.
    pub const ALL: [Self; 7] = [
        Self::Consensus,
        Self::Network,
        Self::Governance,
        Self::Note,
        Self::Registrar,
        Self::Organisation,
        Self::System,
    ];

    /// Whether keys of this purpose may be of this scheme: on every network libp2p identifies nodes by Ed25519 keys, and checkpoints are
    /// signed with them (C2SP tlog-checkpoint).
    pub fn allows(self, scheme: SignatureScheme) -> bool {
        scheme == SignatureScheme::Ed25519 || !matches!(self, Self::Network | Self::Note)
    }

    /// The name used in key files and on command lines.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Consensus => "consensus",
            Self::Network => "network",
            Self::Governance => "governance",
            Self::Note => "note",
            Self::Registrar => "registrar",
            Self::Organisation => "organisation",
            Self::System => "system",
        }
    }
}

impl std::fmt::Display for KeyPurpose {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

impl std::str::FromStr for KeyPurpose {
    type Err = KeyFileError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|purpose| purpose.as_str() == name).ok_or(KeyFileError::UnknownPurpose)
    }
}

/// Thirty-two secret bytes, wiped when dropped.
#[derive(Clone, ZeroizeOnDrop, Serialize, Deserialize)]
#[serde(transparent)]
struct Secret(#[serde(with = "hex::serde")] [u8; 32]);

/// A key file in memory. `Debug` shows no secret.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyFile {
    format: String,
    scheme: SignatureScheme,
    purpose: KeyPurpose,
    public_key: PublicKey,
    key_id: KeyId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    secret: Option<Secret>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    encryption: Option<Encryption>,
}

impl KeyFile {
    /// A file that holds `key` unencrypted, for trials and for systems that guard the file themselves.
    pub fn plain(key: &SigningKey, purpose: KeyPurpose) -> Self {
        Self { secret: Some(Secret(*key.secret())), ..Self::header(key, purpose) }
    }

    /// A file that holds `key` encrypted under `passphrase` at the default cost (64 MiB, 3 passes).
    /// `salt` and `nonce` must be fresh random bytes.
    pub fn seal(
        key: &SigningKey,
        purpose: KeyPurpose,
        passphrase: &[u8],
        salt: [u8; 16],
        nonce: [u8; 12],
    ) -> Result<Self, KeyFileError> {
        Self::seal_at(KdfCost::default(), key, purpose, passphrase, salt, nonce)
    }

    /// [`KeyFile::seal`] at another cost.
    pub fn seal_at(
        cost: KdfCost,
        key: &SigningKey,
        purpose: KeyPurpose,
        passphrase: &[u8],
        salt: [u8; 16],
        nonce: [u8; 12],
    ) -> Result<Self, KeyFileError> {
        let mut file = Self::header(key, purpose);
        let encryption = Encryption::seal(cost, passphrase, salt, nonce, key.secret(), |cost| file.bound(cost, &salt))?;
        file.encryption = Some(encryption);
        Ok(file)
    }

    /// Reads a key file. The header is checked against itself; the secret is not opened.
    pub fn parse(text: &str) -> Result<Self, KeyFileError> {
        if text.len() > KEY_FILE_BYTES_MAX {
            return Err(KeyFileError::TooLong { found_bytes: text.len() });
        }
        let file: Self = toml::from_str(text).map_err(|error| KeyFileError::malformed(text, &error))?;
        if file.format != KEY_FILE_FORMAT {
            return Err(KeyFileError::UnknownFormat { found: file.format });
        }
        if file.scheme != file.public_key.scheme() {
            return Err(KeyFileError::HeaderMismatch { field: "scheme" });
        }
        if !file.purpose.allows(file.scheme) {
            return Err(KeyFileError::SchemeForPurpose { scheme: file.scheme, purpose: file.purpose });
        }
        if file.key_id != file.public_key.id() {
            return Err(KeyFileError::HeaderMismatch { field: "key_id" });
        }
        match (&file.secret, &file.encryption) {
            (None, None) => Err(KeyFileError::NoSecret),
            (Some(_), Some(_)) => Err(KeyFileError::TwoSecrets),
            (None, Some(encryption)) => encryption.check().map(|()| file),
            (Some(_), None) => Ok(file),
        }
    }

    /// The text of the file. Wiped when dropped, because it may hold the secret.
    pub fn to_text(&self) -> Result<Zeroizing<String>, KeyFileError> {
        let text = toml::to_string(self).map_err(|error| KeyFileError::CannotWrite { reason: error.to_string() })?;
        Ok(Zeroizing::new(text))
    }

    /// The private key. A plain file ignores the passphrase.
    pub fn open(&self, passphrase: Option<&[u8]>) -> Result<SigningKey, KeyFileError> {
        let secret = match (&self.secret, &self.encryption) {
            (Some(secret), _) => Zeroizing::new(secret.0),
            (None, Some(encryption)) => {
                let passphrase = passphrase.ok_or(KeyFileError::PassphraseNeeded)?;
                encryption.open(passphrase, |cost, salt| self.bound(cost, salt))?
            }
            (None, None) => return Err(KeyFileError::NoSecret),
        };
        let key = SigningKey::from_secret(self.scheme, *secret).ok_or(KeyFileError::NoKey { scheme: self.scheme })?;
        if key.public_key() != self.public_key {
            return Err(KeyFileError::PublicKeyMismatch);
        }
        Ok(key)
    }

    /// [`KeyFile::open`], refusing a file made for another purpose.
    pub fn open_for(&self, purpose: KeyPurpose, passphrase: Option<&[u8]>) -> Result<SigningKey, KeyFileError> {
        if self.purpose != purpose {
            return Err(KeyFileError::WrongPurpose { expected: purpose, found: self.purpose });
        }
        self.open(passphrase)
    }

    /// What the key is for.
    pub fn purpose(&self) -> KeyPurpose {
        self.purpose
    }

    /// The public key.
    pub fn public_key(&self) -> PublicKey {
        self.public_key
    }

    /// The identifier of the public key.
    pub fn key_id(&self) -> KeyId {
        self.key_id
    }

    /// Whether opening it takes a passphrase.
    pub fn is_encrypted(&self) -> bool {
        self.encryption.is_some()
    }

    fn header(key: &SigningKey, purpose: KeyPurpose) -> Self {
        let public_key = key.public_key();
        Self {
            format: KEY_FILE_FORMAT.to_owned(),
            scheme: public_key.scheme(),
            purpose,
            public_key,
            key_id: public_key.id(),
            secret: None,
            encryption: None,
        }
    }

    /// The associated data of the cipher.
    fn bound(&self, cost: KdfCost, salt: &[u8; 16]) -> Vec<u8> {
        let header = (self.format.clone(), self.scheme, self.purpose, self.public_key, self.key_id);
        crate::codec::encode(&(header, cost, *salt))
    }
}

impl std::fmt::Debug for KeyFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { purpose, public_key, .. } = self;
        write!(f, "KeyFile({purpose}, {public_key}, encrypted: {})", self.is_encrypted())
    }
}

#[cfg(test)]
mod tests;
