//! A chain in memory with everything real but the network: genesis, four validators, blocks, certificates, receipts.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use huxin_chain_spec::api::DecidedBlock;
use huxin_chain_spec::block::Header;
use huxin_chain_spec::certificate::{Certificate, CertificateSignature, VoteType, vote_message};
use huxin_chain_spec::codec;
use huxin_chain_spec::crypto::{Digest, DigestAlgorithm, SignatureScheme, Signer as _, SigningKey};
use huxin_chain_spec::execute;
use huxin_chain_spec::genesis::{Genesis, GenesisIssuer, GenesisProvince, GenesisValidator, Parameters};
use huxin_chain_spec::ids::{Height, LicenceId, LicenceRef, RecordIndex, TimeMs, TxId, licence_name};
use huxin_chain_spec::log;
use huxin_chain_spec::map;
use huxin_chain_spec::memory::MemoryLedger;
use huxin_chain_spec::receipt::{
    AsOf, NextBlock, OutcomeReceipt, Receipt, SetHistory, StatusEvidence, Step, Thing, ThingReceipt, TrustedHead,
};
use huxin_chain_spec::record::governance::Action;
use huxin_chain_spec::record::licence::{Change, Document, Licence};
use huxin_chain_spec::record::{GovernanceOperation, LicenceOperation, Operation, Record};
use huxin_chain_spec::state::StateKey;
use huxin_chain_spec::transaction::{Outcome, Transaction, TransactionOutcome, outcome_path};

use crate::sdk::TransactionSigner;
use crate::testnet::PROVINCES;

const ALGORITHM: DigestAlgorithm = DigestAlgorithm::Sha256;
/// Time of the genesis.
pub const START: TimeMs = TimeMs(1_790_000_000_000);
/// Time between blocks.
pub const STEP_MS: u64 = 10_000;

/// The chain, with what is needed to prove any past height.
pub struct TestChain {
    pub genesis: Genesis,
    validators: Vec<SigningKey>,
    issuer: SigningKey,
    ledger: MemoryLedger,
    records: Vec<Record>,
    outcomes: Vec<Vec<TransactionOutcome>>,
    pub blocks: Vec<DecidedBlock>,
    pub history: SetHistory,
}

/// The key of this name; a province's are called `shanghai/governance` and `shanghai/registrar`.
pub fn key(name: &str) -> SigningKey {
    SigningKey::from_secret(SignatureScheme::Ed25519, ALGORITHM.plain(&[name.as_bytes()]).0).unwrap()
}

impl TestChain {
    pub fn new() -> Self {
        Self::named("dev-test")
    }

    /// A chain of this name: chains of different names have different geneses.
    pub fn named(chain_id: &str) -> Self {
        let validators: Vec<SigningKey> = PROVINCES[..4].iter().map(|seat| key(seat.name)).collect();
        let issuer = issuer_key("shanghai");
        let provinces = PROVINCES[..4].iter().zip(&validators).map(|(seat, validator)| GenesisProvince {
            code: seat.province().unwrap(),
            organisation: seat.authority().unwrap(),
            governance_key: key(&format!("{}/governance", seat.name)).public_key(),
            registrar_key: key(&format!("{}/registrar", seat.name)).public_key(),
            validators: vec![GenesisValidator { consensus_key: validator.public_key(), power: 1, network_key: None }],
            issuers: vec![GenesisIssuer {
                organisation: seat.issuer().unwrap(),
                region: seat.region().unwrap(),
                key: issuer_key(seat.name).public_key(),
            }],
        });
        let genesis = Genesis {
            chain_id: chain_id.parse().unwrap(),
            ledger_hash: ALGORITHM,
            time: START,
            parameters: Parameters::default(),
            governance: Default::default(),
            provinces: provinces.collect(),
        };
        let ledger = MemoryLedger::found_with_history(&genesis).unwrap();
        let history = SetHistory::new(genesis.commitment(), genesis.validators());
        let (records, outcomes, blocks) = Default::default();
        Self { genesis, validators, issuer, ledger, records, outcomes, blocks, history }
    }

    /// The time of a height.
    pub fn time(&self, height: u64) -> TimeMs {
        START.plus_ms(height * STEP_MS)
    }

    /// Decides a block with one transaction of the Shanghai issuer.
    pub fn decide(&mut self, operations: Vec<Operation>) {
        self.decide_by(self.issuer.clone(), operations);
    }

    /// Decides a block with one transaction that this key signs.
    pub fn decide_by(&mut self, key: SigningKey, operations: Vec<Operation>) {
        let signer = TransactionSigner::new(&self.genesis, key);
        let signed = signer.sign(operations, self.ledger.tip().height, 100).unwrap();
        let transaction = Transaction::from_bytes(&signed.bytes).unwrap();
        self.decide_transactions(vec![(signed.tx_id, transaction)]);
    }

    /// Decides an empty block.
    pub fn decide_empty(&mut self) {
        self.decide_transactions(Vec::new());
    }

    /// Decides a block with these transactions.
    pub fn decide_transactions(&mut self, transactions: Vec<(TxId, Transaction)>) {
        let time = self.time(self.ledger.tip().height.0 + 1);
        let last = self.blocks.last().map(|decided| decided.certificate.clone());
        let (ledger, proposer) = (&self.ledger, self.validators[0].id());
        let made = execute::make_block(ledger.chain(), ledger, ledger.tip(), time, proposer, last, transactions);
        let (block, executed) = made.unwrap();
        let hash = block.header.hash(ALGORITHM);
        let certificate = self.certify(&block.header, &hash);
        self.records.extend(executed.changes.records.iter().map(|(record, _)| record.clone()));
        self.outcomes.push(executed.changes.outcomes.clone());
        self.ledger.apply(&executed, &block.header, hash);
        if block.header.next_validators_hash != block.header.validators_hash {
            let (header, certificate) = (block.header.clone(), certificate.clone());
            self.history.push(Step { header, certificate, next: self.ledger.tip().validators.clone() });
        }
        self.blocks.push(DecidedBlock { block, certificate });
    }

    /// The province at this place takes another key for its validator, which then signs.
    pub fn rotate(&mut self, place: usize) {
        let province = PROVINCES[place].name;
        let new = key(&format!("{province} after height {}", self.height()));
        let old = self.validators[place].id();
        let action = Action::ValidatorRotate { old, new: new.public_key(), network_key: None };
        let closes_ms = self.time(self.height() + 1_000);
        let propose = GovernanceOperation::Propose { action, closes_ms, rationale: Digest([1; 32]) };
        self.decide_by(key(&format!("{province}/governance")), vec![Operation::Governance(propose)]);
        assert!(matches!(self.outcomes.last().unwrap()[0].outcome, Outcome::Committed { .. }));
        self.validators[place] = new;
        self.decide_empty();
        self.decide_empty();
    }

    /// The head of a height.
    pub fn head(&self, height: u64) -> TrustedHead {
        let decided = self.blocks[usize::try_from(height).unwrap() - 1].clone();
        TrustedHead {
            trust: self.history.path_to(Height(height)),
            header: decided.block.header,
            certificate: decided.certificate,
            next: self.history.announced_at(Height(height)).cloned(),
        }
    }

    /// Signatures of all validators.
    fn certify(&self, header: &Header, hash: &Digest) -> Certificate {
        let sign = |validator: &SigningKey| {
            let id = validator.id();
            let message = vote_message(&header.genesis, VoteType::Precommit, header.height, Some(0), Some(hash), &id);
            CertificateSignature { validator: id, signature: validator.sign_consensus(&message) }
        };
        let signatures = self.validators.iter().map(sign).collect();
        let mut certificate = Certificate { height: header.height, round: 0, block: *hash, signatures };
        certificate.normalise();
        certificate
    }

    /// The receipt of a record at a height; `as_of` makes it one about that time.
    pub fn receipt(&self, index: u64, height: u64, as_of: Option<TimeMs>) -> Receipt {
        let at = |height: u64| self.blocks[usize::try_from(height).unwrap() - 1].clone();
        let decided = at(height);
        let record = self.records[usize::try_from(index).unwrap()].clone();
        let next = (height < self.ledger.tip().height.0).then(|| at(height + 1));
        let status = record.operation.new_licence().map(|licence| {
            let (key, height) = (StateKey::Licence(licence.licence), Height(height));
            let version = self.ledger.map_version_at(height);
            let (_, proof) = map::prove(ALGORITHM, &self.ledger, version, &key.map_key(ALGORITHM)).unwrap();
            let state = self.ledger.state_at(&key, height).map(<[u8]>::to_vec);
            StatusEvidence { state, proof }
        });
        Receipt {
            trust: self.history.path_to(decided.block.header.height),
            log_path: log::inclusion_proof(ALGORITHM, &self.ledger, decided.block.header.log.size, index).unwrap(),
            header: decided.block.header,
            certificate: decided.certificate,
            index: RecordIndex(index),
            record,
            status,
            as_of: as_of.map(|time_ms| AsOf {
                time_ms,
                next: next.map(|next| NextBlock {
                    header: next.block.header,
                    certificate: next.certificate,
                    validators: self.history.announced_at(Height(height)).cloned(),
                }),
            }),
        }
    }

    /// The record at an index.
    pub fn record(&self, index: u64) -> &Record {
        &self.records[usize::try_from(index).unwrap()]
    }

    /// The last height at or before a time.
    pub fn height_at(&self, time: TimeMs) -> u64 {
        (time.ms_since(START) / STEP_MS).min(self.height())
    }

    /// Height of the newest block.
    pub fn height(&self) -> u64 {
        self.ledger.tip().height.0
    }

    /// Indices of the records that issue a licence with this reference, or this SHA-256.
    pub fn issues(&self, wanted: impl Fn(&Licence) -> bool) -> Vec<u64> {
        let is_wanted = |record: &Record| record.operation.new_licence().is_some_and(&wanted);
        (0..).zip(&self.records).filter(|(_, record)| is_wanted(record)).map(|(index, _)| index).collect()
    }

    /// The receipt of a transaction's outcome; `None` where it stands in no block.
    pub fn outcome_receipt(&self, tx_id: &TxId) -> Option<OutcomeReceipt> {
        let place = |outcomes: &Vec<TransactionOutcome>| outcomes.iter().position(|outcome| outcome.tx_id == *tx_id);
        let (at, position) =
            self.outcomes.iter().enumerate().find_map(|(at, outcomes)| Some((at, place(outcomes)? as u64)))?;
        let decided = self.blocks[at].clone();
        let (outcome, path) = outcome_path(ALGORITHM, &self.outcomes[at], position).unwrap();
        Some(OutcomeReceipt {
            trust: self.history.path_to(decided.block.header.height),
            header: decided.block.header,
            certificate: decided.certificate,
            position,
            count: self.outcomes[at].len() as u64,
            outcome,
            path,
        })
    }

    /// The receipt of things at a height; `as_of` makes it one about that time.
    pub fn thing_receipt(&self, keys: &[StateKey], height: u64, as_of: Option<TimeMs>) -> ThingReceipt {
        let receipt = self.receipt(0, height, as_of);
        let version = self.ledger.map_version_at(Height(height));
        let thing = |key: &StateKey| {
            let (_, proof) = map::prove(ALGORITHM, &self.ledger, version, &key.map_key(ALGORITHM)).unwrap();
            let state = self.ledger.state_at(key, Height(height)).map(<[u8]>::to_vec);
            Thing { key: key.clone(), state, proof }
        };
        let Receipt { trust, header, certificate, as_of, .. } = receipt;
        ThingReceipt { trust, header, certificate, things: keys.iter().map(thing).collect(), as_of }
    }

    /// All blocks as a node streams them.
    pub fn framed(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for decided in &self.blocks {
            let frame = codec::encode(decided);
            bytes.extend(u32::try_from(frame.len()).unwrap().to_le_bytes());
            bytes.extend(frame);
        }
        bytes
    }
}

/// An identifier of the Shanghai demo issuer.
pub fn licence_id(serial: &str) -> LicenceId {
    let issuer = PROVINCES[0].issuer().unwrap();
    LicenceId::new("11100000000013338W011".parse().unwrap(), issuer, serial, 1).unwrap()
}

/// What a file with this content digests to.
pub fn document(content: &[u8]) -> Document {
    Document {
        sha256: DigestAlgorithm::Sha256.plain(&[content]),
        sm3: Some(DigestAlgorithm::Sm3.plain(&[content])),
        size_bytes: content.len() as u64,
    }
}

/// The key of a province's issuer; Shanghai's is `issuer`.
pub fn issuer_key(province: &str) -> SigningKey {
    if province == "shanghai" { key("issuer") } else { key(&format!("{province}/issuer")) }
}

/// Issue of a licence with this document.
pub fn issue(serial: &str, content: &[u8]) -> Operation {
    issue_in(0, serial, content)
}

/// Issue of a licence by the issuer of the province at this place of [`PROVINCES`].
pub fn issue_in(province: usize, serial: &str, content: &[u8]) -> Operation {
    let seat = &PROVINCES[province];
    let issuer = seat.issuer().unwrap();
    let id = LicenceId::new("11100000000013338W011".parse().unwrap(), issuer, serial, 1).unwrap();
    Operation::Licence(LicenceOperation::Issue(Licence {
        licence: LicenceRef::of(ALGORITHM, &id),
        name: licence_name(ALGORITHM, &Digest::ZERO, &id),
        licence_type: "11100000000013338W011".parse().unwrap(),
        issuer,
        region: seat.region().unwrap(),
        version: 1,
        first: None,
        imported: None,
        document: document(content),
        metadata: None,
        seal: None,
        exception: None,
        holder: None,
        valid_from_ms: TimeMs(0),
        valid_until_ms: None,
    }))
}

/// A change of a licence, effective at `height`'s time.
pub fn change(serial: &str, effective_ms: TimeMs) -> Change {
    let licence = LicenceRef::of(ALGORITHM, &licence_id(serial));
    Change { licence, basis: "XZXKF-69".parse().unwrap(), effective_ms }
}
