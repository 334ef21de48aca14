//! A whole ledger in memory: what a replay executes blocks on, and what tests are run against.
//!
//! It holds what the rules read (things, issued licences, transaction identifiers) and the map. With history it also
//! holds the tiles of the log and every past state, which is all that receipts about any height need.
//!
//! **Invariant**: a ledger only ever takes over what [`execute`] made on top of its own tip.

use std::collections::{HashMap, HashSet};
use std::convert::Infallible;

use crate::block::Header;
use crate::crypto::Digest;
use crate::execute::{self, Chain, Executed, Tip};
use crate::genesis::Genesis;
use crate::ids::{Height, LicenceRef, RecordIndex, TxId};
use crate::log::{MemoryLog, TileId, TileReader};
use crate::map::{MapKey, MapReader, MemoryMap};
use crate::state::{DocumentLicence, IssuedLicence, StateKey, StateReader, StateUnavailable};

/// A ledger in memory, as of its newest block.
///
/// ```
/// use huxin_chain_spec::{execute, genesis::Genesis, memory::MemoryLedger};
///
/// # fn replay(genesis: &Genesis, blocks: &[huxin_chain_spec::block::Block]) -> Result<(), Box<dyn std::error::Error>> {
/// let mut ledger = MemoryLedger::found(genesis)?;
/// for block in blocks {
///     let (chain, tip) = (ledger.chain(), ledger.tip());
///     let executed = execute::check_block(chain, &ledger, tip, block, block.to_bytes().len(), &|_, _| false)?;
///     let hash = block.header.hash(chain.algorithm());
///     ledger.apply(&executed, &block.header, hash);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct MemoryLedger {
    chain: Chain,
    tip: Tip,
    /// Canonical bytes of each thing with the height that wrote them, oldest first; the newest only without history.
    /// The maps are never iterated where order could be seen.
    states: HashMap<StateKey, Vec<(Height, Vec<u8>)>>,
    issued_at: HashMap<LicenceRef, RecordIndex>,
    issued: HashMap<RecordIndex, IssuedLicence>,
    documents: HashMap<Digest, DocumentLicence>,
    transactions: HashSet<TxId>,
    map: MemoryMap,
    history: Option<History>,
}

/// What only questions about the past and proofs need.
#[derive(Debug, Clone, Default)]
struct History {
    log: MemoryLog,
    /// Heights at which the map changed, ascending.
    map_versions: Vec<u64>,
}

impl MemoryLedger {
    /// The ledger that `genesis` founds, answering for its newest block only. About 34 bytes per record less than
    /// [`MemoryLedger::found_with_history`], and constant memory per thing.
    pub fn found(genesis: &Genesis) -> Result<Self, StateUnavailable> {
        Self::found_on(genesis, MemoryMap::newest_only(), None)
    }

    /// The ledger that `genesis` founds, answering for every height and able to prove.
    pub fn found_with_history(genesis: &Genesis) -> Result<Self, StateUnavailable> {
        Self::found_on(genesis, MemoryMap::with_history(), Some(History::default()))
    }

    fn found_on(genesis: &Genesis, mut map: MemoryMap, mut history: Option<History>) -> Result<Self, StateUnavailable> {
        let founded = execute::genesis_state(genesis, &map)?;
        if let Some(history) = &mut history {
            history.map_versions.push(founded.map.version);
        }
        map.apply(founded.map);
        let states = founded.states.into_iter().map(|(key, bytes)| (key, vec![(Height::ZERO, bytes)])).collect();
        Ok(Self {
            chain: Chain::new(genesis),
            tip: founded.tip,
            states,
            issued_at: HashMap::new(),
            issued: HashMap::new(),
            documents: HashMap::new(),
            transactions: HashSet::new(),
            map,
            history,
        })
    }

    /// Chain constants.
    pub fn chain(&self) -> &Chain {
        &self.chain
    }

    /// The newest block and everything the next one builds on.
    pub fn tip(&self) -> &Tip {
        &self.tip
    }

    /// Takes over what the block with this header, of hash `hash`, writes. `executed` was made on top of
    /// [`MemoryLedger::tip`].
    pub fn apply(&mut self, executed: &Executed, header: &Header, hash: Digest) {
        let changes = &executed.changes;
        let first = self.tip.frontier.size();
        for ((record, _), index) in changes.records.iter().zip(first..) {
            if let Some(issued) = IssuedLicence::from_record(RecordIndex(index), record) {
                self.issued.insert(issued.index, issued);
            }
        }
        self.issued_at.extend(changes.issued.iter().copied());
        self.documents.extend(changes.documents.iter().copied());
        self.transactions.extend(changes.outcomes.iter().map(|outcome| outcome.tx_id));
        let keeps_history = self.history.is_some();
        for (key, bytes) in &changes.states {
            let versions = self.states.entry(key.clone()).or_default();
            if !keeps_history {
                versions.clear();
            }
            versions.push((header.height, bytes.clone()));
        }
        if let Some(history) = &mut self.history {
            history.log.apply(&executed.log);
            history.map_versions.extend(executed.map.as_ref().map(|update| update.version));
        }
        if let Some(update) = &executed.map {
            self.map.apply(update.clone());
        }
        self.tip = executed.tip(header, hash, &self.tip);
    }

    /// Canonical bytes of a thing as of a height. Without history, heights before the thing's newest change have none.
    pub fn state_at(&self, key: &StateKey, height: Height) -> Option<&[u8]> {
        let versions = self.states.get(key)?;
        versions.iter().rev().find(|(written, _)| *written <= height).map(|(_, bytes)| bytes.as_slice())
    }

    /// Version of the map as of a height; `None` without history.
    pub fn map_version_at(&self, height: Height) -> Option<u64> {
        let versions = &self.history.as_ref()?.map_versions;
        versions.iter().rev().find(|version| **version <= height.0).copied()
    }

    /// Licences ever issued.
    pub fn licence_count(&self) -> usize {
        self.issued_at.len()
    }

    /// How many things of one kind the ledger holds.
    pub fn state_count(&self, is_kind: impl Fn(&StateKey) -> bool) -> usize {
        self.states.keys().filter(|key| is_kind(key)).count()
    }
}

impl StateReader for MemoryLedger {
    fn state(&self, key: &StateKey) -> Result<Option<Vec<u8>>, StateUnavailable> {
        Ok(self.states.get(key).and_then(|versions| versions.last()).map(|(_, bytes)| bytes.clone()))
    }

    fn issued_at(&self, licence: &LicenceRef) -> Result<Option<RecordIndex>, StateUnavailable> {
        Ok(self.issued_at.get(licence).copied())
    }

    fn first_of_document(&self, sha256: &Digest) -> Result<Option<DocumentLicence>, StateUnavailable> {
        Ok(self.documents.get(sha256).copied())
    }

    fn issued_licence(&self, index: RecordIndex) -> Result<IssuedLicence, StateUnavailable> {
        let issued = self.issued.get(&index).copied();
        issued.ok_or_else(|| StateUnavailable(format!("record {index} does not issue a licence")))
    }

    fn has_transaction(&self, tx_id: &TxId) -> Result<bool, StateUnavailable> {
        Ok(self.transactions.contains(tx_id))
    }
}

impl MapReader for MemoryLedger {
    type Error = Infallible;

    fn node(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Infallible> {
        self.map.node(key)
    }

    fn value(&self, version_max: u64, key: &MapKey) -> Result<Option<Digest>, Infallible> {
        self.map.value(version_max, key)
    }
}

/// Tiles of the log; none without history.
impl TileReader for MemoryLedger {
    type Error = Infallible;

    fn tile(&self, id: TileId) -> Result<Option<Vec<u8>>, Infallible> {
        self.history.as_ref().map_or(Ok(None), |history| history.log.tile(id))
    }
}
