//! Short ways to word what tests submit.

use huxin_chain_spec::crypto::{DigestAlgorithm, Signer as _, SigningKey};
use huxin_chain_spec::ids::{BasisCode, LicenceRef, LicenceType, RegionCode, TimeMs, Uscc};
use huxin_chain_spec::record::licence::{Change, Document, Licence};
use huxin_chain_spec::record::membership::Permissions;
use huxin_chain_spec::record::{LicenceOperation, MembershipOperation};

use super::{GENESIS_MS, Issuer, Province, SHA256};

pub fn basis(text: &str) -> BasisCode {
    text.parse().unwrap()
}

pub fn licence_type() -> LicenceType {
    "11100000000013338W011".parse().unwrap()
}

pub fn other_licence_type() -> LicenceType {
    "11100000000013338W009".parse().unwrap()
}

/// The reference of a licence by a name.
pub fn licence_ref(name: &str) -> LicenceRef {
    LicenceRef(SHA256.plain(&[b"test licence ", name.as_bytes()]))
}

/// A licence of this organisation, version 1, without end.
pub fn licence(name: &str, organisation: Uscc, region: RegionCode) -> Licence {
    Licence {
        licence: licence_ref(name),
        licence_type: licence_type(),
        issuer: organisation,
        region,
        version: 1,
        document: Document {
            sha256: SHA256.plain(&[name.as_bytes()]),
            sm3: Some(DigestAlgorithm::Sm3.plain(&[name.as_bytes()])),
            size_bytes: 4096,
        },
        metadata: None,
        seal: None,
        exception: None,
        holder: Some(SHA256.plain(&[b"holder of ", name.as_bytes()])),
        valid_from_ms: TimeMs(GENESIS_MS),
        valid_until_ms: None,
    }
}

impl Issuer {
    pub fn licence(&self, name: &str) -> Licence {
        licence(name, self.organisation, self.region)
    }
}

/// First issue by a province's issuer.
pub fn issue(issuer: &Issuer, name: &str) -> LicenceOperation {
    LicenceOperation::Issue(issuer.licence(name))
}

/// A change that takes effect with the genesis.
pub fn change(name: &str) -> Change {
    Change { licence: licence_ref(name), basis: basis("XZXKF-69"), effective_ms: TimeMs(GENESIS_MS) }
}

pub fn amend(issuer: &Issuer, old: &str, new: &str, version: u16) -> LicenceOperation {
    let licence = Licence { version, ..issuer.licence(new) };
    LicenceOperation::Amend { predecessor: licence_ref(old), licence, basis: basis("BG-1") }
}

pub fn transfer_out(name: &str, to: &Province) -> LicenceOperation {
    LicenceOperation::TransferOut {
        change: change(name),
        to_province: to.code,
        to_organisation: to.issuer.organisation,
    }
}

pub fn transfer_in(issuer: &Issuer, old: &str, new: &str) -> LicenceOperation {
    LicenceOperation::TransferIn { predecessor: licence_ref(old), licence: issuer.licence(new), basis: basis("ZR-1") }
}

/// The operation that admits a key of an organisation.
pub fn key_add(key: &SigningKey, organisation: Uscc, permissions: Permissions) -> MembershipOperation {
    MembershipOperation::KeyAdd { key: key.public_key(), organisation, system: None, permissions }
}
