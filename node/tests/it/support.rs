//! One validator, one issuer, and blocks without a network.

use std::path::Path;

use huxin_chain_spec::certificate::{Certificate, CertificateSignature, VoteType, vote_message};
use huxin_chain_spec::crypto::{Digest, DigestAlgorithm, SignatureScheme, Signer, SigningKey};
use huxin_chain_spec::genesis::{Genesis, GenesisIssuer, GenesisProvince, GenesisValidator, Parameters};
use huxin_chain_spec::ids::{Height, LicenceRef, TimeMs, TxId};
use huxin_chain_spec::record::licence::{Document, Licence};
use huxin_chain_spec::record::{LicenceOperation, Operation};
use huxin_chain_spec::transaction::{Mode, Transaction, UnsignedTransaction};
use huxin_node::ledger::{CommittedBlock, Ledger, Made};
use huxin_node::store::{StoreError, UndecidedBlock};

pub const ALGORITHM: DigestAlgorithm = DigestAlgorithm::Sha256;
pub const GENESIS_TIME: TimeMs = TimeMs(1_767_225_600_000);

pub fn key(seed: u8) -> SigningKey {
    SigningKey::from_secret(SignatureScheme::Ed25519, [seed; 32]).unwrap()
}

pub fn genesis() -> Genesis {
    Genesis {
        chain_id: "dev-ledger".parse().unwrap(),
        ledger_hash: ALGORITHM,
        time: GENESIS_TIME,
        parameters: Parameters::default(),
        governance: Default::default(),
        provinces: vec![GenesisProvince {
            code: "310000".parse().unwrap(),
            organisation: "113100000000000191".parse().unwrap(),
            governance_key: key(1).public_key(),
            registrar_key: key(2).public_key(),
            validators: vec![GenesisValidator { consensus_key: key(3).public_key(), power: 1, network_key: None }],
            issuers: vec![GenesisIssuer {
                organisation: "11310115014150050A".parse().unwrap(),
                region: "310100".parse().unwrap(),
                key: key(4).public_key(),
            }],
        }],
    }
}

/// The founding validator, whose network key the ledger does not name.
pub fn identity() -> huxin_node::health::Identity {
    huxin_node::health::Identity { validator: key(3).id(), peer_id: String::new() }
}

pub fn open(folder: &Path) -> Result<Ledger, StoreError> {
    Ledger::open(folder, genesis())
}

/// What the issuer calls its licence with this number.
pub fn name(number: u64) -> Digest {
    ALGORITHM.plain(&[b"licence", &number.to_le_bytes()])
}

pub fn reference(number: u64) -> LicenceRef {
    LicenceRef::owned(ALGORITHM, &"11310115014150050A".parse().unwrap(), &name(number))
}

pub fn licence(number: u64) -> Licence {
    Licence {
        licence: reference(number),
        name: name(number),
        licence_type: "11100000000013338W011".parse().unwrap(),
        issuer: "11310115014150050A".parse().unwrap(),
        region: "310100".parse().unwrap(),
        version: 1,
        first: None,
        imported: None,
        document: Document { sha256: ALGORITHM.plain(&[&number.to_le_bytes()]), sm3: None, size_bytes: 1 },
        metadata: None,
        seal: None,
        exception: None,
        holder: None,
        valid_from_ms: GENESIS_TIME,
        valid_until_ms: None,
    }
}

pub fn sign(operations: Vec<Operation>, nonce: u8) -> (TxId, Transaction) {
    sign_by(&key(4), operations, nonce)
}

pub fn sign_by(signer: &SigningKey, operations: Vec<Operation>, nonce: u8) -> (TxId, Transaction) {
    let body = UnsignedTransaction {
        genesis: genesis().hash(),
        signer: signer.id(),
        mode: Mode::All,
        operations,
        expires_at: Height(1_000),
        idempotency_key: [nonce; 16],
    };
    (body.id(ALGORITHM), body.sign(ALGORITHM, signer))
}

pub fn issue(numbers: std::ops::Range<u64>) -> (TxId, Transaction) {
    let operations =
        numbers.clone().map(|number| Operation::Licence(LicenceOperation::Issue(licence(number)))).collect();
    sign(operations, numbers.start as u8)
}

pub fn certificate(signer: &SigningKey, height: Height, block: Digest) -> Certificate {
    let message = vote_message(&genesis().hash(), VoteType::Precommit, height, Some(0), Some(&block), &signer.id());
    let signature = CertificateSignature { validator: signer.id(), signature: signer.sign_consensus(&message) };
    Certificate { height, round: 0, block, signatures: vec![signature] }
}

/// Makes the next block as consensus does: made, synced to disk, decided, committed.
pub fn commit(ledger: &Ledger, transactions: Vec<(TxId, Transaction)>) -> (Made, std::sync::Arc<CommittedBlock>) {
    let validator = key(3);
    let height = Height(ledger.height().0 + 1);
    let time = GENESIS_TIME.plus_ms(height.0 * 1_000);
    let made = ledger.make(time, validator.id(), transactions).unwrap();
    let row = UndecidedBlock { block: made.id, proposer: validator.id(), valid: true, own: true };
    ledger.store().put_undecided(height, 0, &row, &made.bytes).unwrap();
    let committed = ledger.commit(certificate(&validator, height, made.id)).unwrap();
    (made, committed)
}
