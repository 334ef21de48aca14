//! The protocol's signature schemes as the engine's one.

use arc_malachitebft_app_channel::app::types::core::SigningScheme;
use huxin_chain_spec::crypto::{PublicKey, Signature};

use crate::wire::{self, Malformed};

/// The protocol's keys and signatures, as the engine's signing scheme. Private keys never enter the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Scheme;

impl SigningScheme for Scheme {
    type DecodingError = Malformed;
    type Signature = Signature;
    type PublicKey = PublicKey;
    type PrivateKey = ();

    fn decode_signature(bytes: &[u8]) -> Result<Signature, Malformed> {
        wire::read(bytes)
    }

    fn encode_signature(signature: &Signature) -> Vec<u8> {
        wire::write(signature)
    }

    fn decode_public_key(bytes: &[u8]) -> Result<PublicKey, Malformed> {
        wire::read(bytes)
    }

    fn encode_public_key(key: &PublicKey) -> Vec<u8> {
        wire::write(key)
    }
}
