//! Why a key file cannot be read, opened or written.

use super::{KEY_FILE_BYTES_MAX, KEY_FILE_FORMAT, KeyPurpose};
use crate::codes::Code;
use crate::crypto::SignatureScheme;

/// Why a key file cannot be read, opened or written. No sentence repeats the file's content.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFileError {
    #[error("a key file has at most {KEY_FILE_BYTES_MAX} bytes, this one has {found_bytes}; it is some other file")]
    TooLong { found_bytes: usize },
    /// Not TOML, a field missing, unknown or of the wrong form.
    #[error("line {line} of the key file cannot be read: {reason}; restore the file from a backup")]
    Malformed { line: usize, reason: String },
    #[error(
        "the key file has format {found:?}, and this software reads {KEY_FILE_FORMAT:?}; use the software that wrote it"
    )]
    UnknownFormat { found: String },
    /// `scheme` or `key_id` contradicts `public_key`.
    #[error("the field {field} of the key file does not belong to its public_key; restore the file from a backup")]
    HeaderMismatch { field: &'static str },
    #[error("the key file holds neither secret nor [encryption]; restore the file from a backup")]
    NoSecret,
    #[error(
        "the key file holds both secret and [encryption]; keep the encrypted one and treat the plain one as exposed"
    )]
    TwoSecrets,
    #[error(
        "{field} of the key file's [encryption] is {found}, but it must be from {min} to {max}; restore the file from a backup"
    )]
    CostOutOfBounds { field: &'static str, found: u32, min: u32, max: u32 },
    #[error("the key file is encrypted and no passphrase was given")]
    PassphraseNeeded,
    #[error("an empty passphrase protects nothing; give one, or write a plain file")]
    PassphraseEmpty,
    #[error("the passphrase does not open the key file")]
    WrongPassphrase,
    #[error("the passphrase is right, but the key file was changed after it was written; restore it from a backup")]
    Tampered,
    #[error("the secret in the key file does not belong to its public_key; restore the file from a backup")]
    PublicKeyMismatch,
    #[error("the key file is for {found}, and a key for {expected} is needed here; name the other file")]
    WrongPurpose { expected: KeyPurpose, found: KeyPurpose },
    #[error("not the purpose of a key; write consensus, network, governance, note, registrar, organisation or system")]
    UnknownPurpose,
    #[error("the secret in the key file is not a {scheme:?} key; restore the file from a backup")]
    NoKey { scheme: SignatureScheme },
    #[error(
        "keys for {purpose} are ed25519 on every network, and {scheme:?} was asked for or found; take an ed25519 key"
    )]
    SchemeForPurpose { scheme: SignatureScheme, purpose: KeyPurpose },
    #[error("the passphrase could not be turned into a key: {reason}; free some memory and try again")]
    Derivation { reason: String },
    #[error("the key file could not be written as text: {reason}")]
    CannotWrite { reason: String },
}

impl KeyFileError {
    /// A TOML error without its excerpt of the text, which may be the line of the secret.
    pub(super) fn malformed(text: &str, error: &toml::de::Error) -> Self {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        Self::Malformed { line: before.matches('\n').count() + 1, reason: error.message().to_owned() }
    }

    /// The stable code of this error.
    pub fn code(&self) -> Code {
        match self {
            Self::PassphraseNeeded | Self::PassphraseEmpty => Code::KeyFilePassphraseNeeded,
            Self::WrongPassphrase => Code::KeyFileWrongPassphrase,
            Self::Tampered => Code::KeyFileTampered,
            Self::HeaderMismatch { .. } | Self::PublicKeyMismatch => Code::KeyFilePublicKeyMismatch,
            Self::WrongPurpose { .. } => Code::KeyFileWrongPurpose,
            Self::NoKey { .. } | Self::SchemeForPurpose { .. } => Code::KeyMalformed,
            _ => Code::KeyFileMalformed,
        }
    }
}
