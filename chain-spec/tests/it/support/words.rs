//! Short ways to word what tests submit.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::sync::LazyLock;

use huxin_chain_spec::crypto::{Digest, DigestAlgorithm, Signer as _, SigningKey};
use huxin_chain_spec::genesis::Genesis;
use huxin_chain_spec::ids::{BasisCode, LicenceRef, LicenceType, RegionCode, SystemId, TimeMs, Uscc, name_of};
use huxin_chain_spec::record::licence::{Change, Document, Licence};
use huxin_chain_spec::record::membership::Permissions;
use huxin_chain_spec::record::upkeep::{
    AnnualCheck, AnnualOutcome, Attachment, AttachmentRole, Correction, CorrectionReason, Detachment,
};
use huxin_chain_spec::record::{LicenceOperation, MembershipOperation};

use super::{GENESIS_MS, Issuer, Province, SHA256, SHANGHAI, provinces};

pub fn basis(text: &str) -> BasisCode {
    text.parse().unwrap()
}

pub fn licence_type() -> LicenceType {
    "11100000000013338W011".parse().unwrap()
}

pub fn other_licence_type() -> LicenceType {
    "11100000000013338W009".parse().unwrap()
}

/// Shanghai's issuer. Kept, since its check characters are searched for.
pub fn home() -> Uscc {
    static HOME: LazyLock<Uscc> = LazyLock::new(|| provinces()[SHANGHAI].issuer.organisation);
    *HOME
}

thread_local! {
    /// Digest algorithm and genesis hash of the ledger that is worded for.
    static LEDGER: Cell<(DigestAlgorithm, Digest)> = const { Cell::new((SHA256, Digest::ZERO)) };
    /// Whose licence a test last worded under a name.
    static OWNERS: RefCell<BTreeMap<String, Uscc>> = const { RefCell::new(BTreeMap::new()) };
}

/// The reference of the licence that was last worded under a name; of Shanghai's issuer where none was.
pub fn licence_ref(name: &str) -> LicenceRef {
    let owner = OWNERS.with_borrow(|owners| owners.get(name).copied());
    licence_ref_of(owner.unwrap_or_else(home), name)
}

/// The reference of the licence that this issuer calls by a name.
pub fn licence_ref_of(issuer: Uscc, name: &str) -> LicenceRef {
    LicenceRef::owned(LEDGER.get().0, &issuer, &name_digest(name))
}

/// From here on references, and proofs that one holds a key, are for the ledger of this genesis.
pub fn word_for(genesis: &Genesis) {
    LEDGER.set((genesis.ledger_hash, genesis.hash()));
}

/// What an organisation calls a thing with this name.
pub fn name_digest(name: &str) -> Digest {
    name_of(SHA256, &Digest::ZERO, name)
}

/// A file with this content.
pub fn file_of(content: &str) -> Document {
    Document {
        sha256: SHA256.plain(&[content.as_bytes()]),
        sm3: Some(DigestAlgorithm::Sm3.plain(&[content.as_bytes()])),
        size_bytes: 4096,
    }
}

/// A correction of what `issue` recorded, by what it should have said.
pub fn correct(name: &str, right: &Licence) -> LicenceOperation {
    let reason = CorrectionReason::Entry;
    LicenceOperation::Correct(Correction { licence: licence_ref(name), reason, particulars: right.particulars() })
}

pub fn attach(name: &str, content: &str, role: AttachmentRole) -> LicenceOperation {
    let (licence, document) = (licence_ref(name), file_of(content));
    LicenceOperation::Attach(Attachment { licence, document, role, purpose: None, expires_ms: None })
}

pub fn detach(name: &str, content: &str, effective_ms: TimeMs) -> LicenceOperation {
    let (licence, document) = (licence_ref(name), file_of(content).sha256);
    LicenceOperation::Detach(Detachment { licence, document, basis: basis("ZZ-1"), effective_ms })
}

pub fn annual_check(name: &str, year: u16, outcome: AnnualOutcome, until_ms: TimeMs) -> LicenceOperation {
    let (licence, basis) = (licence_ref(name), basis("NJ-1"));
    LicenceOperation::AnnualCheck(AnnualCheck { licence, year, outcome, until_ms, basis })
}

/// A licence of this organisation, version 1, without end.
pub fn licence(name: &str, organisation: Uscc, region: RegionCode) -> Licence {
    OWNERS.with_borrow_mut(|owners| owners.insert(name.to_owned(), organisation));
    Licence {
        licence: licence_ref_of(organisation, name),
        name: name_digest(name),
        licence_type: licence_type(),
        issuer: organisation,
        region,
        version: 1,
        first: None,
        imported: None,
        document: file_of(name),
        metadata: None,
        seal: None,
        exception: None,
        holder: Some(SHA256.plain(&[b"holder of ", name.as_bytes()])),
        valid_from_ms: TimeMs(GENESIS_MS),
        valid_until_ms: None,
    }
}

impl Issuer {
    /// A later version of a licence number whose version 001 has no other name.
    pub fn version(&self, name: &str, version: u16) -> Licence {
        let first = (version > 1).then(|| name_digest(&format!("{name} 001")));
        Licence { version, first, ..self.licence(name) }
    }

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
    let licence = issuer.version(new, version);
    LicenceOperation::Amend { predecessor: licence_ref(old), licence, basis: basis("BG-1") }
}

pub fn transfer_out(name: &str, to: &Province) -> LicenceOperation {
    LicenceOperation::TransferOut {
        change: change(name),
        to_province: to.code,
        to_organisation: to.issuer.organisation,
        holder: Some(transfer_holder()),
    }
}

pub fn transfer_in(issuer: &Issuer, old: &str, new: &str) -> LicenceOperation {
    taken_over(old, issuer.licence(new), None)
}

/// The commitment that both sides of a transfer sign.
pub fn transfer_holder() -> Digest {
    SHA256.plain(&[b"one-time key, holder"])
}

/// A licence taken over, valid longer than before where there is a basis for that.
pub fn taken_over(old: &str, licence: Licence, extension: Option<&str>) -> LicenceOperation {
    LicenceOperation::TransferIn {
        predecessor: licence_ref(old),
        licence,
        basis: basis("ZR-1"),
        holder: Some(transfer_holder()),
        extension: extension.map(basis),
    }
}

/// The operation that admits a key of an organisation.
pub fn key_add(key: &SigningKey, organisation: Uscc, permissions: Permissions) -> MembershipOperation {
    key_add_of(key, organisation, None, permissions)
}

/// The operation that admits a key of an organisation or of a system of it, with the key's proof.
pub fn key_add_of(
    key: &SigningKey,
    organisation: Uscc,
    system: Option<SystemId>,
    permissions: Permissions,
) -> MembershipOperation {
    let proof = key.sign_possession(&LEDGER.get().1, &organisation);
    MembershipOperation::KeyAdd { key: key.public_key(), organisation, system, permissions, proof }
}
