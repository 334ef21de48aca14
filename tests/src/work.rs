//! Licences to record. All of it is made up, and different in every run.

use std::sync::atomic::{AtomicU64, Ordering};

use huxin_chain_spec::crypto::{Digest, DigestAlgorithm, SigningKey};
use huxin_chain_spec::genesis::Genesis;
use huxin_chain_spec::ids::{Height, LicenceId, LicenceRef, LicenceType, RegionCode, TimeMs, Uscc, licence_name};
use huxin_chain_spec::record::licence::{Change, Document, Licence};
use huxin_chain_spec::record::{LicenceOperation, Operation};
use huxin_client::keys;
use huxin_client::sdk::{SignedTransaction, TransactionSigner, clock};
use huxin_client::testnet::ProvinceKeys;

/// Licence type of the standard's own example (GB/T 36904).
const LICENCE_TYPE: &str = "11100000000013338W011";
/// How many blocks a test's transaction may wait.
const WINDOW: u64 = 10_000;

/// An issuing organisation with its key.
#[derive(Clone)]
pub struct Issuer {
    pub organisation: Uscc,
    pub region: RegionCode,
    pub licence_type: LicenceType,
    signer: TransactionSigner,
}

impl Issuer {
    /// The demo issuer of a province.
    pub fn new(genesis: &Genesis, province: &ProvinceKeys) -> Self {
        Self::with_key(genesis, province, keys::open_plain(&province.issuer).unwrap())
    }

    /// The same organisation with another key.
    pub fn with_key(genesis: &Genesis, province: &ProvinceKeys, key: SigningKey) -> Self {
        Self {
            organisation: province.issuer_organisation.parse().unwrap(),
            region: province.region.parse().unwrap(),
            licence_type: LICENCE_TYPE.parse().unwrap(),
            signer: TransactionSigner::new(genesis, key),
        }
    }

    /// The ledger's hash.
    pub fn algorithm(&self) -> DigestAlgorithm {
        self.signer.algorithm()
    }

    /// An identifier that was never used before in this process, nor, in all likelihood, in any other.
    pub fn new_id(&self) -> LicenceId {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let serial = format!("{:X}N{}", clock().0, NEXT.fetch_add(1, Ordering::Relaxed));
        LicenceId::new(self.licence_type, self.organisation, &serial, 1).unwrap()
    }

    /// The reference under which the ledger knows an identifier.
    pub fn reference(&self, id: &LicenceId) -> LicenceRef {
        LicenceRef::of(self.algorithm(), id)
    }

    /// A licence with this identifier over this file, valid from 2026 on.
    pub fn licence(&self, id: &LicenceId, file: &[u8]) -> Licence {
        Licence {
            licence: self.reference(id),
            name: licence_name(self.algorithm(), &Digest::ZERO, id),
            licence_type: self.licence_type,
            issuer: self.organisation,
            region: self.region,
            version: id.version(),
            first: id.first_version().map(|first| licence_name(self.algorithm(), &Digest::ZERO, &first)),
            imported: None,
            document: document_of(file),
            metadata: None,
            seal: None,
            exception: None,
            holder: None,
            valid_from_ms: "2026-01-01".parse().unwrap(),
            valid_until_ms: None,
        }
    }

    /// The first issue of a new licence over a file of its own.
    pub fn issue_new(&self) -> (LicenceId, Operation) {
        let id = self.new_id();
        let licence = self.licence(&id, id.to_string().as_bytes());
        (id, Operation::Licence(LicenceOperation::Issue(licence)))
    }

    /// Signs operations to expire long after `height`.
    pub fn sign(&self, operations: Vec<Operation>, height: u64) -> SignedTransaction {
        self.signer.sign(operations, Height(height), WINDOW).unwrap()
    }
}

/// Digests of a file's content.
pub fn document_of(file: &[u8]) -> Document {
    Document {
        sha256: DigestAlgorithm::Sha256.plain(&[file]),
        sm3: Some(DigestAlgorithm::Sm3.plain(&[file])),
        size_bytes: u64::try_from(file.len()).unwrap(),
    }
}

/// A change of a licence, effective now.
pub fn change(licence: LicenceRef) -> Change {
    Change { licence, basis: "XZXKF-69".parse().unwrap(), effective_ms: now() }
}

fn now() -> TimeMs {
    clock()
}
