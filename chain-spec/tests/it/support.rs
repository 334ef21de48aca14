//! A consortium of four provinces in memory, with deterministic keys.

pub mod case_ledger;
pub mod case_words;
mod evidence;
mod pages;
mod seals;
mod words;

pub use evidence::*;
pub use pages::*;
pub use seals::*;
pub use words::*;

use huxin_chain_spec::block::{Block, Header};
use huxin_chain_spec::certificate::{Certificate, CertificateSignature, ValidatorSet, VoteType, vote_message};
use huxin_chain_spec::codec;
use huxin_chain_spec::codes::Code;
use huxin_chain_spec::crypto::{Digest, DigestAlgorithm, SignatureScheme, Signer, SigningKey};
use huxin_chain_spec::execute::{self, Executed};
use huxin_chain_spec::genesis::{Genesis, GenesisIssuer, GenesisProvince, GenesisValidator, Parameters};
use huxin_chain_spec::ids::{Height, LicenceRef, ProvinceCode, RecordIndex, RegionCode, TimeMs, TxId, Uscc};
use huxin_chain_spec::log;
use huxin_chain_spec::map;
use huxin_chain_spec::memory::MemoryLedger;
use huxin_chain_spec::parameters::Thresholds;
use huxin_chain_spec::receipt::{
    AsOf, NextBlock, OutcomeReceipt, Receipt, SetHistory, StatusEvidence, Step, Thing, ThingReceipt, TrustPath,
};
use huxin_chain_spec::record::licence::Licence;
use huxin_chain_spec::record::{GovernanceOperation, LicenceOperation, MembershipOperation, Operation, Record};
use huxin_chain_spec::state::{LicenceState, LicenceStatus, OrganisationHead, StateKey, StateReader};
use huxin_chain_spec::transaction::{
    Mode, Outcome, Transaction, TransactionOutcome, UnsignedTransaction, outcome_path,
};

pub const SHA256: DigestAlgorithm = DigestAlgorithm::Sha256;
/// 2026-01-01T00:00:00Z.
pub const GENESIS_MS: i64 = 1_767_225_600_000;
/// Time from one block to the next.
pub const BLOCK_MS: u64 = 1_000;
/// Positions of the provinces.
pub const SHANGHAI: usize = 0;
pub const JIANGSU: usize = 1;
pub const ZHEJIANG: usize = 2;
pub const ANHUI: usize = 3;

/// The key of this name, the same in every run.
pub fn key(name: &str) -> SigningKey {
    let secret = SHA256.plain(&[b"huxin test key ", name.as_bytes()]);
    SigningKey::from_secret(SignatureScheme::Ed25519, secret.0).unwrap()
}

/// The organisation code with these 16 characters and the two check characters that belong to them.
pub fn uscc(first_16: &str) -> Uscc {
    let alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    let mut candidates = alphabet.chars().flat_map(|inner| alphabet.chars().map(move |outer| (inner, outer)));
    candidates.find_map(|(inner, outer)| format!("{first_16}{inner}{outer}").parse().ok()).unwrap()
}

/// A founding issuer.
#[derive(Clone)]
pub struct Issuer {
    pub organisation: Uscc,
    pub region: RegionCode,
    pub key: SigningKey,
}

/// A founding province with its secrets.
#[derive(Clone)]
pub struct Province {
    pub code: ProvinceCode,
    pub organisation: Uscc,
    pub governance: SigningKey,
    pub registrar: SigningKey,
    pub consensus: SigningKey,
    pub issuer: Issuer,
}

pub fn province(code: &str, organisation: &str, issuer_16: &str, region: &str) -> Province {
    Province {
        code: code.parse().unwrap(),
        organisation: organisation.parse().unwrap(),
        governance: key(&format!("{code} governance")),
        registrar: key(&format!("{code} registrar")),
        consensus: key(&format!("{code} consensus")),
        issuer: Issuer {
            organisation: uscc(issuer_16),
            region: region.parse().unwrap(),
            key: key(&format!("{code} issuer")),
        },
    }
}

/// Shanghai, Jiangsu, Zhejiang, Anhui.
pub fn provinces() -> Vec<Province> {
    vec![
        province("310000", "113100000000000191", "1131000000002436", "310115"),
        province("320000", "11320000000000035T", "1132000001401500", "320500"),
        province("330000", "113300000000000274", "1133000000248277", "330100"),
        province("340000", "11340000000000043X", "1134000000298639", "340100"),
    ]
}

/// The genesis of these provinces, one validator and one issuer each.
pub fn genesis_of(provinces: &[Province]) -> Genesis {
    let of_one = |province: &Province| GenesisProvince {
        code: province.code,
        organisation: province.organisation,
        governance_key: province.governance.public_key(),
        registrar_key: province.registrar.public_key(),
        validators: vec![GenesisValidator {
            consensus_key: province.consensus.public_key(),
            power: 1,
            network_key: None,
        }],
        issuers: vec![GenesisIssuer {
            organisation: province.issuer.organisation,
            region: province.issuer.region,
            key: province.issuer.key.public_key(),
        }],
    };
    Genesis {
        chain_id: "test-yangtze-delta".parse().unwrap(),
        ledger_hash: SHA256,
        time: TimeMs(GENESIS_MS),
        parameters: Parameters::default(),
        governance: Thresholds::default(),
        provinces: provinces.iter().map(of_one).collect(),
    }
}

/// The block a receipt speaks for.
#[derive(Clone, Copy)]
pub enum At {
    Newest,
    AsOf(TimeMs),
}

/// A chain with the secrets of all its parties.
pub struct Network {
    pub genesis: Genesis,
    pub provinces: Vec<Province>,
    pub ledger: MemoryLedger,
    /// Headers and certificates from height 1.
    pub blocks: Vec<(Header, Certificate)>,
    /// The log's records.
    pub records: Vec<Record>,
    /// How many founding validators sign certificates.
    pub signers: usize,
    /// Validators that sign too once they are in the set.
    pub newcomers: Vec<SigningKey>,
    /// Outcomes of each block, from height 1.
    pub outcomes: Vec<Vec<TransactionOutcome>>,
    /// Every change of the validators: the height that announced it, and the new set.
    pub changes: Vec<(Height, ValidatorSet)>,
    /// Milliseconds that every further block comes later than usual.
    pub pause_ms: u64,
    nonce: u128,
}

impl Network {
    pub fn found() -> Self {
        Self::found_with(|_| {})
    }

    /// Founds a chain after `change` has had its way with the genesis.
    pub fn found_with(change: impl FnOnce(&mut Genesis)) -> Self {
        Self::found_by(provinces(), change)
    }

    pub fn found_by(provinces: Vec<Province>, change: impl FnOnce(&mut Genesis)) -> Self {
        let mut genesis = genesis_of(&provinces);
        change(&mut genesis);
        let ledger = MemoryLedger::found_with_history(&genesis).unwrap();
        word_for(&genesis);
        let signers = provinces.len();
        let (blocks, records, newcomers, changes) = Default::default();
        let outcomes = Vec::new();
        Self {
            genesis,
            provinces,
            ledger,
            blocks,
            records,
            signers,
            newcomers,
            outcomes,
            changes,
            pause_ms: 0,
            nonce: 0,
        }
    }

    pub fn algorithm(&self) -> DigestAlgorithm {
        self.ledger.chain().algorithm()
    }

    pub fn issuer(&self, province: usize) -> SigningKey {
        self.provinces[province].issuer.key.clone()
    }

    pub fn registrar(&self, province: usize) -> SigningKey {
        self.provinces[province].registrar.clone()
    }

    /// Height of the next block.
    pub fn next_height(&self) -> Height {
        self.ledger.tip().height.next()
    }

    /// Time of the next block.
    pub fn next_ms(&self) -> TimeMs {
        self.ledger.tip().time_ms.plus_ms(BLOCK_MS + self.pause_ms)
    }

    pub fn unsigned(&mut self, signer: &SigningKey, operations: Vec<Operation>) -> UnsignedTransaction {
        self.nonce += 1;
        UnsignedTransaction {
            genesis: self.genesis.hash(),
            signer: signer.id(),
            mode: Mode::All,
            operations,
            expires_at: Height(self.next_height().0 + 100),
            idempotency_key: self.nonce.to_le_bytes(),
        }
    }

    pub fn transaction(&mut self, signer: &SigningKey, operations: Vec<Operation>) -> Transaction {
        let algorithm = self.algorithm();
        self.unsigned(signer, operations).sign(algorithm, signer)
    }

    pub fn identified(&self, transactions: Vec<Transaction>) -> Vec<(TxId, Transaction)> {
        transactions.into_iter().map(|transaction| (transaction.body.id(self.algorithm()), transaction)).collect()
    }

    /// The certificate of the newest block, none at height 0.
    pub fn last_certificate(&self) -> Option<Certificate> {
        self.blocks.last().map(|(_, certificate)| certificate.clone())
    }

    /// The block after the tip.
    pub fn make(&self, transactions: Vec<Transaction>) -> (Block, Executed) {
        let (ledger, validators) = (&self.ledger, &self.ledger.tip().validators);
        let usual = self.provinces[0].consensus.id();
        let proposer = validators.get(&usual).map_or(validators.validators()[0].key.id(), |_| usual);
        let candidates = self.identified(transactions);
        let certificate = self.last_certificate();
        execute::make_block(ledger.chain(), ledger, ledger.tip(), self.next_ms(), proposer, certificate, candidates)
            .unwrap()
    }

    /// Checks a block on top of the tip, none of whose signatures were verified before.
    pub fn check(&self, block: &Block) -> Result<Executed, execute::BlockError> {
        let ledger = &self.ledger;
        execute::check_block(ledger.chain(), ledger, ledger.tip(), block, block.to_bytes().len(), &|_, _| false)
    }

    /// A certificate of the first `signers` provinces' validators and the newcomers, as far as they are in the set.
    pub fn certify(&self, header: &Header) -> Certificate {
        let founders = self.provinces.iter().take(self.signers).map(|one| &one.consensus);
        let validators = &self.ledger.tip().validators;
        let in_force = |key: &&SigningKey| validators.get(&key.id()).is_some();
        let keys: Vec<&SigningKey> = founders.chain(&self.newcomers).filter(in_force).collect();
        certify(self.algorithm(), header, &keys)
    }

    /// Makes, checks, certifies and applies a block.
    pub fn commit(&mut self, transactions: Vec<Transaction>) -> Vec<Outcome> {
        let (block, made) = self.make(transactions);
        let executed = self.check(&block).unwrap();
        assert_eq!(executed.map_root, made.map_root);
        let hash = block.header.hash(self.algorithm());
        self.blocks.push((block.header.clone(), self.certify(&block.header)));
        self.records.extend(executed.changes.records.iter().map(|(record, _)| record.clone()));
        self.outcomes.push(executed.changes.outcomes.clone());
        if executed.validators != self.ledger.tip().validators {
            self.changes.push((block.header.height, executed.validators.clone()));
        }
        self.ledger.apply(&executed, &block.header, hash);
        executed.changes.outcomes.iter().map(|outcome| outcome.outcome.clone()).collect()
    }

    /// Commits one operation that must be accepted, and returns its record.
    pub fn must(&mut self, signer: &SigningKey, operation: impl Into<Op>) -> RecordIndex {
        let transaction = self.transaction(signer, vec![operation.into().0]);
        match self.commit(vec![transaction])[0] {
            Outcome::Committed { first_record, .. } => first_record,
            ref other => panic!("{other:?}"),
        }
    }

    /// What one operation would do in the next block, without doing it.
    pub fn try_one(&mut self, signer: &SigningKey, operation: impl Into<Op>) -> Result<Executed, Code> {
        self.try_all(signer, vec![operation.into().0]).map_err(|(code, _)| code)
    }

    /// What a transaction would do in the next block. A refused one must leave everything as it was.
    pub fn try_all(&mut self, signer: &SigningKey, operations: Vec<Operation>) -> Result<Executed, (Code, u32)> {
        let transaction = self.transaction(signer, operations);
        let tx_id = transaction.body.id(self.algorithm());
        let (ledger, tip) = (&self.ledger, self.ledger.tip());
        let executed =
            execute::execute(ledger.chain(), ledger, tip, self.next_ms(), None, &[(tx_id, &transaction)]).unwrap();
        match executed.changes.outcomes[0].outcome {
            Outcome::Committed { .. } => Ok(executed),
            Outcome::Rejected { code, operation } => {
                assert_unchanged(&executed, &self.ledger);
                Err((code, operation))
            }
            Outcome::Each(_) => unreachable!(),
        }
    }

    /// Newest state of a licence; `None` while nothing has changed since its issue.
    pub fn licence_state(&self, licence: &LicenceRef) -> Option<LicenceState> {
        huxin_chain_spec::state::read(&self.ledger, &StateKey::Licence(*licence)).unwrap()
    }

    /// Status of a licence that was issued.
    pub fn status(&self, licence: &LicenceRef) -> LicenceStatus {
        assert!(self.ledger.issued_at(licence).unwrap().is_some());
        self.licence_state(licence).map_or(LicenceStatus::Issued, |state| state.status)
    }

    pub fn head(&self, organisation: &Uscc) -> OrganisationHead {
        let key = StateKey::OrganisationHead(*organisation);
        huxin_chain_spec::state::read(&self.ledger, &key).unwrap().unwrap_or_default()
    }

    /// The receipt of a record, as a node makes it.
    pub fn receipt(&self, index: RecordIndex, at: At) -> Receipt {
        let (algorithm, ledger) = (self.algorithm(), &self.ledger);
        let position = match at {
            At::Newest => self.blocks.len() - 1,
            At::AsOf(time) => self.blocks.iter().rposition(|(header, _)| header.time_ms <= time).unwrap(),
        };
        let (header, certificate) = self.blocks[position].clone();
        let record = self.records[usize::try_from(index.0).unwrap()].clone();
        let log_path = log::inclusion_proof(algorithm, ledger, header.log.size, index.0).unwrap();
        let status = new_licence(&record).map(|licence| {
            let key = StateKey::Licence(licence.licence);
            let version = ledger.map_version_at(header.height);
            let (_, proof) = map::prove(algorithm, ledger, version, &key.map_key(algorithm)).unwrap();
            StatusEvidence { state: ledger.state_at(&key, header.height).map(<[u8]>::to_vec), proof }
        });
        let next = self.blocks.get(position + 1);
        let next = next.map(|(header, certificate)| NextBlock {
            header: header.clone(),
            certificate: certificate.clone(),
            validators: self.announced_at(header.height.previous().unwrap()).cloned(),
        });
        let as_of = match at {
            At::Newest => None,
            At::AsOf(time_ms) => Some(AsOf { time_ms, next }),
        };
        Receipt { trust: self.trust(header.height), header, certificate, index, record, log_path, status, as_of }
    }

    /// The receipt of things, as a node makes it.
    pub fn thing_receipt(&self, keys: &[StateKey], at: At) -> ThingReceipt {
        let way = self.receipt(RecordIndex(0), at);
        let (algorithm, height, ledger) = (self.algorithm(), way.header.height, &self.ledger);
        let thing = |key: &StateKey| {
            let version = ledger.map_version_at(height);
            let (_, proof) = map::prove(algorithm, ledger, version, &key.map_key(algorithm)).unwrap();
            Thing { key: key.clone(), state: ledger.state_at(key, height).map(<[u8]>::to_vec), proof }
        };
        let things = keys.iter().map(thing).collect();
        ThingReceipt { trust: way.trust, header: way.header, certificate: way.certificate, things, as_of: way.as_of }
    }

    /// The receipt of the outcome at a place of a block, as a node makes it.
    pub fn outcome_receipt(&self, height: Height, position: u64) -> OutcomeReceipt {
        let at = usize::try_from(height.0).unwrap() - 1;
        let (header, certificate) = self.blocks[at].clone();
        let (outcome, path) = outcome_path(self.algorithm(), &self.outcomes[at], position).unwrap();
        let count = self.outcomes[at].len() as u64;
        OutcomeReceipt { trust: self.trust(height), header, certificate, position, count, outcome, path }
    }

    /// The way from the genesis to the validators that decided the block of `height`.
    pub fn trust(&self, height: Height) -> TrustPath {
        self.history().path_to(height)
    }

    /// Every change of the validators so far, as a node keeps it.
    pub fn history(&self) -> SetHistory {
        let mut history = SetHistory::new(self.genesis.commitment(), self.genesis.validators());
        for (announced, next) in &self.changes {
            let (header, certificate) = self.blocks[usize::try_from(announced.0).unwrap() - 1].clone();
            history.push(Step { header, certificate, next: next.clone() });
        }
        history
    }

    fn announced_at(&self, height: Height) -> Option<&ValidatorSet> {
        self.changes.iter().find(|(announced, _)| *announced == height).map(|(_, next)| next)
    }

    /// The newest state of a thing.
    pub fn thing<T: borsh::BorshSerialize + borsh::BorshDeserialize>(&self, key: &StateKey) -> Option<T> {
        huxin_chain_spec::state::read(&self.ledger, key).unwrap()
    }
}

/// A refused transaction leaves things, licences, log and map as they were.
pub fn assert_unchanged(executed: &Executed, ledger: &MemoryLedger) {
    assert!(executed.changes.states.is_empty());
    assert!(executed.changes.issued.is_empty());
    assert!(executed.changes.records.is_empty());
    assert!(executed.map.is_none());
    assert_eq!(executed.log.head, ledger.tip().frontier.head());
    assert_eq!(executed.map_root, ledger.tip().map_root);
    assert_eq!(executed.validators, ledger.tip().validators);
}

/// A certificate of round 0 with these validators' signatures, in canonical order.
pub fn certify(algorithm: DigestAlgorithm, header: &Header, keys: &[&SigningKey]) -> Certificate {
    let block = header.hash(algorithm);
    let signature = |key: &&SigningKey| {
        let (chain, height) = (&header.genesis, header.height);
        let message = vote_message(chain, VoteType::Precommit, height, Some(0), Some(&block), &key.id());
        CertificateSignature { validator: key.id(), signature: key.sign_consensus(&message) }
    };
    let signatures = keys.iter().map(signature).collect();
    let mut certificate = Certificate { height: header.height, round: 0, block, signatures };
    certificate.normalise();
    certificate
}

/// The licence a record brings into being.
pub fn new_licence(record: &Record) -> Option<&Licence> {
    record.operation.new_licence()
}

/// Either family, so that tests need not name it.
pub struct Op(pub Operation);

impl From<LicenceOperation> for Op {
    fn from(operation: LicenceOperation) -> Self {
        Self(Operation::Licence(operation))
    }
}

impl From<MembershipOperation> for Op {
    fn from(operation: MembershipOperation) -> Self {
        Self(Operation::Membership(operation))
    }
}

impl From<huxin_chain_spec::record::SealOperation> for Op {
    fn from(operation: huxin_chain_spec::record::SealOperation) -> Self {
        Self(Operation::Seal(operation))
    }
}

impl From<huxin_chain_spec::record::EvidenceOperation> for Op {
    fn from(operation: huxin_chain_spec::record::EvidenceOperation) -> Self {
        Self(Operation::Evidence(operation))
    }
}

impl From<huxin_chain_spec::record::CaseOperation> for Op {
    fn from(operation: huxin_chain_spec::record::CaseOperation) -> Self {
        Self(Operation::Case(operation))
    }
}

impl From<GovernanceOperation> for Op {
    fn from(operation: GovernanceOperation) -> Self {
        Self(Operation::Governance(operation))
    }
}

impl From<Operation> for Op {
    fn from(operation: Operation) -> Self {
        Self(operation)
    }
}

/// The thing of this kind as an executed block leaves it.
pub fn written<T: borsh::BorshSerialize + borsh::BorshDeserialize>(executed: &Executed, key: &StateKey) -> T {
    codec::decode(&executed.changes.states[key], 65_536).unwrap()
}

/// A digest of repeated bytes.
pub fn digest(byte: u8) -> Digest {
    Digest([byte; 32])
}
