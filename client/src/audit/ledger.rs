//! The ledger's state in memory, as the rules and the map read it.

use std::collections::{HashMap, HashSet};

use huxin_chain_spec::crypto::Digest;
use huxin_chain_spec::execute::{Executed, GenesisState};
use huxin_chain_spec::ids::{LicenceRef, RecordIndex, TxId};
use huxin_chain_spec::map::{MapKey, MapReader, MemoryMap};
use huxin_chain_spec::state::{IssuedLicence, StateKey, StateReader, StateUnavailable};

/// State as of one height. Everything here was computed by this process.
pub struct MemoryLedger {
    states: HashMap<StateKey, Vec<u8>>,
    issued_at: HashMap<LicenceRef, RecordIndex>,
    issued: HashMap<RecordIndex, IssuedLicence>,
    transactions: HashSet<TxId>,
    map: MemoryMap,
}

impl Default for MemoryLedger {
    fn default() -> Self {
        Self {
            states: HashMap::new(),
            issued_at: HashMap::new(),
            issued: HashMap::new(),
            transactions: HashSet::new(),
            map: MemoryMap::newest_only(),
        }
    }
}

impl MemoryLedger {
    /// Takes over what the genesis writes.
    pub fn found(&mut self, genesis: GenesisState) {
        self.states.extend(genesis.states);
        self.map.apply(genesis.map);
    }

    /// Takes over what a block writes.
    pub fn apply(&mut self, executed: Executed) {
        for (offset, (record, _)) in executed.changes.records.iter().enumerate() {
            let first = executed.log.head.size - executed.changes.records.len() as u64;
            let index = RecordIndex(first + offset as u64);
            if let Some(issued) = IssuedLicence::from_record(index, record) {
                self.issued.insert(index, issued);
            }
        }
        self.issued_at.extend(executed.changes.issued);
        self.transactions.extend(executed.changes.outcomes.iter().map(|outcome| outcome.tx_id));
        self.states.extend(executed.changes.states);
        if let Some(update) = executed.map {
            self.map.apply(update);
        }
    }

    /// Licences ever issued.
    pub fn licence_count(&self) -> usize {
        self.issued_at.len()
    }

    /// How many things of one kind the state holds.
    pub fn state_count(&self, is_kind: impl Fn(&StateKey) -> bool) -> usize {
        self.states.keys().filter(|key| is_kind(key)).count()
    }
}

impl StateReader for MemoryLedger {
    fn state(&self, key: &StateKey) -> Result<Option<Vec<u8>>, StateUnavailable> {
        Ok(self.states.get(key).cloned())
    }

    fn issued_at(&self, licence: &LicenceRef) -> Result<Option<RecordIndex>, StateUnavailable> {
        Ok(self.issued_at.get(licence).copied())
    }

    fn issued_licence(&self, index: RecordIndex) -> Result<IssuedLicence, StateUnavailable> {
        self.issued.get(&index).copied().ok_or_else(|| StateUnavailable(format!("record {index} issues no licence")))
    }

    fn has_transaction(&self, tx_id: &TxId) -> Result<bool, StateUnavailable> {
        Ok(self.transactions.contains(tx_id))
    }
}

impl MapReader for MemoryLedger {
    type Error = std::convert::Infallible;

    fn node(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Self::Error> {
        self.map.node(key)
    }

    fn value(&self, version_max: u64, key: &MapKey) -> Result<Option<Digest>, Self::Error> {
        self.map.value(version_max, key)
    }
}
