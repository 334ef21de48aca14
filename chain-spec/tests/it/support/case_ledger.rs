//! A ledger in memory that knows no blocks: the rules on top of a table of things. Publications are put into it by hand, and
//! the time is whatever the test says. Also used by `examples/rules_rate.rs`, so it knows nothing of the other tests.

use std::collections::HashMap;

use huxin_chain_spec::codec;
use huxin_chain_spec::codes::Code;
use huxin_chain_spec::crypto::{Digest, KeyId, Signature};
use huxin_chain_spec::execute::Chain;
use huxin_chain_spec::genesis::Genesis;
use huxin_chain_spec::ids::{Height, LicenceRef, RecordIndex, TimeMs, TxId};
use huxin_chain_spec::record::publication::{PublicationBody, PublicationKey};
use huxin_chain_spec::record::{Operation, Record};
use huxin_chain_spec::rules::{self, BlockContext, Changes};
use huxin_chain_spec::state::publication::{PublicationState, PublicationVersionState};
use huxin_chain_spec::state::{DocumentLicence, IssuedLicence, StateKey, StateReader, StateUnavailable};
use huxin_chain_spec::transaction::{Mode, Outcome, Transaction, UnsignedTransaction};

#[derive(Clone)]
pub struct CaseLedger {
    chain: Chain,
    states: HashMap<StateKey, Vec<u8>>,
    issued_at: HashMap<LicenceRef, RecordIndex>,
    documents: HashMap<Digest, DocumentLicence>,
    issued: HashMap<RecordIndex, IssuedLicence>,
    next_record: RecordIndex,
    /// Every accepted record, oldest first, while `keeps_records`.
    pub records: Vec<Record>,
    pub keeps_records: bool,
    /// Time of the next block.
    pub now: TimeMs,
}

impl CaseLedger {
    /// The ledger that `genesis` founds.
    pub fn found(genesis: &Genesis) -> Self {
        Self {
            chain: Chain::new(genesis),
            states: genesis.initial_states().into_iter().collect(),
            issued_at: HashMap::new(),
            documents: HashMap::new(),
            issued: HashMap::new(),
            next_record: RecordIndex(0),
            records: Vec::new(),
            keeps_records: true,
            now: genesis.time,
        }
    }

    /// Puts the next version of a publication into force.
    pub fn publish(&mut self, key: &PublicationKey, body: PublicationBody) -> u32 {
        let state: Option<PublicationState> = self.read(&StateKey::Publication(key.clone()));
        let version = state.map_or(1, |state| state.version + 1);
        let found = PublicationVersionState {
            body,
            published_ms: self.now,
            published_by: RecordIndex(0),
            signed_by: Vec::new(),
            consultation: None,
            gap_from_ms: None,
        };
        let state =
            PublicationState { version, repealed: None, owner: None, drafts: Vec::new(), repeal_signed_by: Vec::new() };
        self.states.insert(StateKey::Publication(key.clone()), codec::encode(&state));
        self.states.insert(StateKey::PublicationVersion(key.clone(), version), codec::encode(&found));
        version
    }

    /// A thing, as it is now.
    pub fn read<T: borsh::BorshSerialize + borsh::BorshDeserialize>(&self, key: &StateKey) -> Option<T> {
        huxin_chain_spec::state::read(self, key).unwrap()
    }

    /// One transaction with these operations; the signature is not checked here.
    pub fn transaction(&self, signer: KeyId, operations: Vec<Operation>) -> Transaction {
        let body = UnsignedTransaction {
            genesis: self.chain.genesis_hash,
            signer,
            mode: Mode::All,
            operations,
            expires_at: Height(1),
            idempotency_key: [0; 16],
        };
        Transaction { body, signature: Signature::Ed25519([0; 64]) }
    }

    /// The next block.
    pub fn context(&self) -> BlockContext {
        self.chain.block_after(Height(0), self.now)
    }

    /// What a block of these transactions changes.
    pub fn execute(&self, transactions: &[Transaction]) -> Changes {
        let context = self.context();
        let named: Vec<(TxId, &Transaction)> =
            transactions.iter().map(|transaction| (TxId(Digest::ZERO), transaction)).collect();
        rules::apply(self, &context, self.next_record, &named).unwrap()
    }

    /// Takes over what a block changes.
    pub fn take_over(&mut self, changes: Changes) {
        for ((record, _), index) in changes.records.iter().zip(self.next_record.0..) {
            if let Some(issued) = IssuedLicence::from_record(RecordIndex(index), record) {
                self.issued.insert(issued.index, issued);
            }
        }
        self.next_record = RecordIndex(self.next_record.0 + changes.records.len() as u64);
        self.issued_at.extend(changes.issued);
        self.documents.extend(changes.documents);
        self.states.extend(changes.states);
        if self.keeps_records {
            self.records.extend(changes.records.into_iter().map(|(record, _)| record));
        }
    }

    /// What one transaction would do, without doing it. A refused one changes nothing.
    pub fn trial(&self, signer: KeyId, operations: Vec<Operation>) -> Result<Changes, Code> {
        let changes = self.execute(&[self.transaction(signer, operations)]);
        match changes.outcomes[0].outcome {
            Outcome::Committed { .. } => Ok(changes),
            Outcome::Rejected { code, .. } => {
                assert!(changes.states.is_empty() && changes.records.is_empty() && changes.issued.is_empty());
                Err(code)
            }
            Outcome::Each(_) => unreachable!(),
        }
    }

    /// Commits one transaction, or says why not.
    pub fn submit(&mut self, signer: KeyId, operations: Vec<Operation>) -> Result<(), Code> {
        let changes = self.trial(signer, operations)?;
        self.take_over(changes);
        Ok(())
    }
}

impl StateReader for CaseLedger {
    fn state(&self, key: &StateKey) -> Result<Option<Vec<u8>>, StateUnavailable> {
        Ok(self.states.get(key).cloned())
    }

    fn issued_at(&self, licence: &LicenceRef) -> Result<Option<RecordIndex>, StateUnavailable> {
        Ok(self.issued_at.get(licence).copied())
    }

    fn first_of_document(&self, sha256: &Digest) -> Result<Option<DocumentLicence>, StateUnavailable> {
        Ok(self.documents.get(sha256).copied())
    }

    fn issued_licence(&self, index: RecordIndex) -> Result<IssuedLicence, StateUnavailable> {
        self.issued.get(&index).copied().ok_or_else(|| StateUnavailable(format!("record {index}")))
    }

    fn has_transaction(&self, _: &TxId) -> Result<bool, StateUnavailable> {
        Ok(false)
    }
}
