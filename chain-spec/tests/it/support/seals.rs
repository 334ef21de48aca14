//! Short ways to word what tests submit about seals.

use huxin_chain_spec::crypto::{Digest, PublicKey, SignatureScheme, Signer as _, SigningKey};
use huxin_chain_spec::ids::{RegionCode, TimeMs, Uscc};
use huxin_chain_spec::record::SealOperation;
use huxin_chain_spec::record::licence::Document;
use huxin_chain_spec::record::seal::{Seal, SealAddress, SealChange, SealSignature, SignatureStructure};
use huxin_chain_spec::state::StateKey;

use super::{GENESIS_MS, SHA256, basis, digest, key, uscc};

/// Validity of test seals.
pub const SEAL_YEAR_MS: u64 = 365 * 86_400_000;

/// The owner of test seals, in Pudong.
pub fn seal_owner() -> Uscc {
    uscc("1131011500000001")
}

/// The key that signs with test seals.
pub fn seal_key() -> SigningKey {
    key("seal")
}

/// An SM2 key that signs with test seals.
pub fn sm2_seal_key() -> SigningKey {
    SigningKey::from_secret(SignatureScheme::Sm2, SHA256.plain(&[b"sm2 seal"]).0).unwrap()
}

/// 33 bytes that are no point of the SM2 curve: the coordinate lies beyond the field.
pub fn no_point() -> PublicKey {
    let mut bytes = [0xff; 33];
    bytes[0] = 0x02;
    PublicKey::Sm2(bytes)
}

pub fn shanghai_seal(name: &str) -> SealAddress {
    SealAddress { province: "310000".parse().unwrap(), seal: name.parse().unwrap() }
}

pub fn seal_state_key(address: &SealAddress) -> StateKey {
    StateKey::Seal(address.province, address.seal.clone())
}

/// A seal valid for a year from the genesis.
pub fn seal(name: &str) -> Seal {
    let region: RegionCode = "310115".parse().unwrap();
    Seal {
        seal: name.parse().unwrap(),
        owner: seal_owner(),
        owner_region: region,
        maker: uscc("9131011500000002"),
        maker_certificate: digest(0xca),
        certificates: vec![digest(0x01), digest(0x02)],
        keys: vec![seal_key().public_key()],
        document: document(name),
        valid_from_ms: TimeMs(GENESIS_MS),
        valid_until_ms: TimeMs(GENESIS_MS).plus_ms(SEAL_YEAR_MS),
    }
}

pub fn document(name: &str) -> Document {
    Document { sha256: SHA256.plain(&[name.as_bytes()]), sm3: None, size_bytes: 4096 }
}

pub fn seal_change(name: &str) -> SealChange {
    SealChange { address: shanghai_seal(name), basis: basis("YZ-1"), effective_ms: TimeMs(GENESIS_MS) }
}

pub fn replace(old: &str, new: &str) -> SealOperation {
    SealOperation::Replace { predecessor: shanghai_seal(old), seal: seal(new), basis: basis("YZ-2") }
}

/// [`seal_signature`] by the SM2 key.
pub fn sm2_seal_signature(seal: &str, file: &str) -> SealSignature {
    let signature = seal_signature(seal, file);
    let key = sm2_seal_key();
    SealSignature { key: key.id(), signature: key.sign_seal(&signature.message), ..signature }
}

/// What a test seal signs about a document of this name.
pub fn seal_signature(seal: &str, file: &str) -> SealSignature {
    let message: Digest = SHA256.plain(&[b"Signature.xml of ", file.as_bytes()]);
    SealSignature {
        address: shanghai_seal(seal),
        document: document(file),
        message,
        signature: seal_key().sign_seal(&message),
        key: seal_key().id(),
        certificate: digest(0x02),
        claimed_ms: TimeMs(GENESIS_MS).plus_ms(1),
        structure: SignatureStructure::V4,
        report: digest(0x99),
    }
}
