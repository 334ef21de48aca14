//! The ledger: the store, the rules, and the newest block. The API, consensus and the mempool read it here.

mod agree;
mod receipts;
mod things;
mod trust;

use std::path::Path;
use std::sync::Arc;

use borsh::BorshDeserialize as _;
use huxin_chain_spec::api::DecidedBlock;
use huxin_chain_spec::block::Header;
use huxin_chain_spec::certificate::{Certificate, ValidatorSet};
use huxin_chain_spec::crypto::{Digest, DigestAlgorithm};
use huxin_chain_spec::execute::{self, BlockError, Chain, Executed, Tip as ChainTip};
use huxin_chain_spec::features::{FEATURES, Feature};
use huxin_chain_spec::genesis::Genesis;
use huxin_chain_spec::ids::{ChainId, Height, LicenceRef, RecordIndex, TimeMs, TxId};
use huxin_chain_spec::log::LogHead;
use huxin_chain_spec::record::Record;
use huxin_chain_spec::state::{DocumentState, LicenceState, StateKey};
use huxin_chain_spec::transaction::{Outcome, TransactionOutcome};
use lru::LruCache;
use parking_lot::{Mutex, RwLock};
use tokio::sync::{broadcast, watch};

use crate::store::{Store, StoreError};
use trust::Trust;

pub use agree::{BlockFault, Judged, Made};
pub use receipts::ReceiptAt;
pub use things::LedgerAt;
pub use trust::TrustLength;

/// Blocks whose execution is kept until one of them is decided: the rounds of one height.
const EXECUTIONS_KEPT: usize = 8;
/// Committed blocks that a slow subscriber may lag behind before it misses some.
const BLOCKS_BUFFERED: usize = 1_024;

/// The newest block as other modules see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tip {
    pub height: Height,
    pub hash: Digest,
    pub time_ms: TimeMs,
    pub log: LogHead,
    pub map_root: Digest,
    pub map_version: u64,
}

impl Tip {
    fn of(tip: &ChainTip) -> Self {
        Self {
            height: tip.height,
            hash: tip.hash,
            time_ms: tip.time_ms,
            log: tip.frontier.head(),
            map_root: tip.map_root,
            map_version: tip.map_version,
        }
    }
}

/// What a commit announces.
#[derive(Debug, Clone)]
pub struct CommittedBlock {
    pub height: Height,
    pub hash: Digest,
    pub time_ms: TimeMs,
    pub outcomes: Vec<TransactionOutcome>,
    pub records: u32,
    pub log_size: u64,
    pub round: u32,
}

/// What is known of a block without its transactions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockFigures {
    pub hash: Digest,
    pub header: Header,
    /// How many transactions it holds.
    pub transactions: u32,
}

/// The ledger of one node.
pub struct Ledger {
    store: Store,
    chain: Chain,
    genesis: Genesis,
    /// Newest block; replaced as a whole by each commit.
    tip: RwLock<Arc<ChainTip>>,
    /// The same, as other modules see it.
    shown: RwLock<Arc<Tip>>,
    /// What every receipt begins with.
    trust: Trust,
    /// Executed blocks on top of the tip, by header hash.
    executions: Mutex<LruCache<Digest, Arc<Execution>>>,
    /// Held while a block is committed.
    commit: Mutex<()>,
    heights: watch::Sender<Height>,
    /// The last height that changed the validators' nodes.
    members: watch::Sender<Height>,
    blocks: broadcast::Sender<Arc<CommittedBlock>>,
}

/// A block executed on top of the tip, waiting for a decision.
struct Execution {
    header: Header,
    executed: Executed,
    block_bytes: u64,
    /// Plain digest of the block's bytes: the header hash does not cover the body's signatures.
    bytes_digest: Digest,
}

impl Ledger {
    /// Opens the store in `folder`, writes the genesis if it is empty, and checks the store for damage.
    pub fn open(folder: &Path, genesis: Genesis) -> Result<Self, StoreError> {
        let store = Store::open(folder)?;
        let chain = Chain { features: known_features(&genesis.chain_id), ..Chain::new(&genesis) };
        if store.tip_height()?.is_none() {
            let state = execute::genesis_state(&genesis, &store).map_err(|error| StoreError::Damaged {
                path: folder.to_owned(),
                place: "genesis".to_owned(),
                reason: error.to_string(),
            })?;
            store.commit_genesis(&chain.genesis_hash, &state)?;
        }
        let tip = store.load_tip(&chain, &genesis.validators(), genesis.time)?;
        let kept = std::num::NonZeroUsize::new(EXECUTIONS_KEPT).unwrap_or(std::num::NonZeroUsize::MIN);
        Ok(Self {
            heights: watch::Sender::new(tip.height),
            members: watch::Sender::new(tip.height),
            blocks: broadcast::Sender::new(BLOCKS_BUFFERED),
            shown: RwLock::new(Arc::new(Tip::of(&tip))),
            tip: RwLock::new(Arc::new(tip)),
            trust: Trust::load(&store, chain.commitment.clone(), genesis.validators())?,
            executions: Mutex::new(LruCache::new(kept)),
            commit: Mutex::new(()),
            store,
            chain,
            genesis,
        })
    }

    /// The genesis file's content.
    pub fn genesis(&self) -> &Genesis {
        &self.genesis
    }

    /// The trust root.
    pub fn genesis_hash(&self) -> Digest {
        self.chain.genesis_hash
    }

    /// Chain constants.
    pub fn chain(&self) -> &Chain {
        &self.chain
    }

    /// The ledger's hash.
    pub fn algorithm(&self) -> DigestAlgorithm {
        self.chain.algorithm()
    }

    /// Why this software cannot go on after the newest block, if the next one needs a feature that it does not have.
    pub fn unknown_feature(&self) -> Result<Option<String>, StoreError> {
        let next = Height(self.height().0 + 1);
        match execute::check_features(&self.chain, &self.store, next) {
            Ok(()) => Ok(None),
            Err(BlockError::FeatureUnknown { feature, height }) => Ok(Some(format!(
                "the provinces activated feature {feature} from height {height} on, and this version does not have it; install a version that does, then start the node again: it goes on from height {}",
                self.height()
            ))),
            Err(error) => Err(unavailable(error, &self.store)),
        }
    }

    /// The store, for reading.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The newest block.
    pub fn tip(&self) -> Arc<Tip> {
        Arc::clone(&self.shown.read())
    }

    /// Everything the next block builds on.
    pub fn chain_tip(&self) -> Arc<ChainTip> {
        Arc::clone(&self.tip.read())
    }

    /// Height of the newest block, without the rest of the tip.
    pub fn height(&self) -> Height {
        *self.heights.borrow()
    }

    /// Follows the height.
    pub fn heights(&self) -> watch::Receiver<Height> {
        self.heights.subscribe()
    }

    /// Follows changes of the validators' nodes.
    pub fn members(&self) -> watch::Receiver<Height> {
        self.members.subscribe()
    }

    /// Follows committed blocks.
    pub fn blocks(&self) -> broadcast::Receiver<Arc<CommittedBlock>> {
        self.blocks.subscribe()
    }

    /// The validators of the next height.
    pub fn validators(&self) -> Arc<ValidatorSet> {
        Arc::new(self.chain_tip().validators.clone())
    }

    /// Header and certificate of a height.
    pub fn header(&self, height: Height) -> Result<Option<(Header, Certificate)>, StoreError> {
        Ok(self.store.header(height)?.map(|row| (row.header, row.certificate)))
    }

    /// A decided block.
    pub fn block(&self, height: Height) -> Result<Option<DecidedBlock>, StoreError> {
        self.store.decided(height)
    }

    /// What an event tells of a decided block, without decoding its transactions.
    pub fn block_figures(&self, height: Height) -> Result<Option<BlockFigures>, StoreError> {
        let Some(row) = self.store.header(height)? else { return Ok(None) };
        let place = || format!("block {height}");
        let bytes = self.store.block_bytes(height, &row.hash)?;
        let bytes = bytes.ok_or_else(|| self.damaged(place(), "the header is there, the block is not"))?;
        // A block is its header, then its body, which begins with the number of transactions.
        let mut reader: &[u8] = &bytes;
        let read = Header::deserialize(&mut reader).and_then(|_| u32::deserialize(&mut reader));
        let transactions = read.map_err(|error| self.damaged(place(), &error.to_string()))?;
        Ok(Some(BlockFigures { hash: row.hash, header: row.header, transactions }))
    }

    /// `borsh(DecidedBlock)`.
    pub fn block_bytes(&self, height: Height) -> Result<Option<Vec<u8>>, StoreError> {
        self.store.decided_bytes(height)
    }

    /// Outcomes of a block in block order; empty if the block does not exist.
    pub fn outcomes(&self, height: Height) -> Result<Vec<TransactionOutcome>, StoreError> {
        let Some(decided) = self.store.decided(height)? else { return Ok(Vec::new()) };
        let mut outcomes = Vec::with_capacity(decided.block.body.transactions.len());
        for transaction in &decided.block.body.transactions {
            let tx_id = transaction.body.id(self.algorithm());
            let found = self.store.outcome(&tx_id)?;
            let (_, outcome) = found.ok_or_else(|| self.damaged(format!("transaction {tx_id}"), "missing"))?;
            outcomes.push(TransactionOutcome { tx_id, outcome });
        }
        Ok(outcomes)
    }

    /// Height of the last block at or before a time.
    pub fn height_at(&self, time: TimeMs) -> Result<Option<Height>, StoreError> {
        self.store.height_at(time)
    }

    /// A record and the height of its block; `None` beyond the end of the log. One below it that is missing is damage.
    pub fn record(&self, index: RecordIndex) -> Result<Option<(Record, Height)>, StoreError> {
        // The size first: the log may grow between the two.
        let size = self.tip().log.size;
        let place = || format!("record {index}");
        match self.store.record(index)? {
            Some(record) => {
                let height = self.store.height_of_record(index)?;
                Ok(Some((record, height.ok_or_else(|| self.damaged(place(), "no block holds it"))?)))
            }
            None if index.0 < size => Err(self.damaged(place(), "missing")),
            None => Ok(None),
        }
    }

    /// Outcome of a transaction.
    pub fn outcome(&self, tx_id: &TxId) -> Result<Option<(Height, Outcome)>, StoreError> {
        self.store.outcome(tx_id)
    }

    /// Index of the record that issued a licence.
    pub fn issued_at(&self, licence: &LicenceRef) -> Result<Option<RecordIndex>, StoreError> {
        self.store.licence_index(licence)
    }

    /// The licences of the file with this SHA-256; `None` where no record names it.
    pub fn licences_of_document(&self, sha256: &Digest) -> Result<Option<DocumentState>, StoreError> {
        let Some(first) = self.store.document_first(sha256)? else { return Ok(None) };
        let listed = self.store.thing_at(&StateKey::Document(*sha256), self.height())?;
        Ok(Some(listed.unwrap_or_else(|| DocumentState::begun_by(first))))
    }

    /// State of a licence as of a height; `None` while nothing has changed since its issue.
    pub fn licence_state(&self, licence: &LicenceRef, height: Height) -> Result<Option<LicenceState>, StoreError> {
        self.store.thing_at(&StateKey::Licence(*licence), height)
    }
}

/// Environment variable with which tests simulate a node of an older version, without features. Honoured on `dev-` chains only.
pub const WITHOUT_FEATURES_VARIABLE: &str = "HUXIN_TEST_WITHOUT_FEATURES";

/// The features of this software.
fn known_features(chain_id: &ChainId) -> &'static [Feature] {
    if chain_id.is_development() && std::env::var_os(WITHOUT_FEATURES_VARIABLE).is_some() {
        tracing::warn!("{WITHOUT_FEATURES_VARIABLE} is set: this node has no features");
        return &[];
    }
    FEATURES
}

/// Store failures met while executing.
fn unavailable(error: impl std::fmt::Display, store: &Store) -> StoreError {
    // What the store itself did not give is noted by it.
    StoreError::damaged(store.path(), "state", error.to_string())
}
