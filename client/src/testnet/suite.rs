//! Which algorithms a trial network works with.

use clap::ValueEnum;
use huxin_chain_spec::crypto::{DigestAlgorithm, SignatureScheme};
use huxin_chain_spec::genesis::Genesis;
use huxin_chain_spec::keyfile::KeyPurpose;

/// The algorithms of a network: its ledger's hash, and the scheme of its keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Suite {
    /// SHA-256 and Ed25519.
    #[default]
    Standard,
    /// 国密: SM3 and SM2.
    Guomi,
}

impl Suite {
    /// The suite of a network made with [`super::init`].
    pub fn of(genesis: &Genesis) -> Self {
        match genesis.ledger_hash {
            DigestAlgorithm::Sha256 => Self::Standard,
            DigestAlgorithm::Sm3 => Self::Guomi,
        }
    }

    /// Hash of log, map and headers.
    pub fn ledger_hash(self) -> DigestAlgorithm {
        match self {
            Self::Standard => DigestAlgorithm::Sha256,
            Self::Guomi => DigestAlgorithm::Sm3,
        }
    }

    /// The scheme of a key for this purpose.
    pub fn scheme(self, purpose: KeyPurpose) -> SignatureScheme {
        match self {
            Self::Guomi if purpose.allows(SignatureScheme::Sm2) => SignatureScheme::Sm2,
            Self::Guomi | Self::Standard => SignatureScheme::Ed25519,
        }
    }
}
