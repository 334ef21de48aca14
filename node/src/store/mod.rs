//! The store: one RocksDB, one column family per kind of data, one synced batch per block.
//!
//! ```text
//! family         key                          value
//! meta           "layout" | "genesis" | "tip" u32 | genesis hash | height
//! meta           "identity"                   16 random bytes, drawn when the store was created
//! headers        height                       borsh(StoredHeader)
//! blocks         height, block hash           borsh(Block), undecided ones too
//! undecided      height, round, block hash    borsh(UndecidedBlock)
//! records        record index                 borsh(Record)
//! tiles          level u8, tile index         log tile: up to 16 digests
//! tiles_sha256   level u8, tile index         tile of the log with SHA-256; empty where `tiles` is that
//! map_nodes      node key                     Jellyfish tree node
//! map_values     map key, !version            digest of the state
//! state          borsh(StateKey)              newest canonical bytes
//! state_history  borsh(StateKey), !height     canonical bytes since that height
//! licences       licence reference            index of the record that issued it
//! documents      SHA-256                      index of the first record that names the file
//! subjects       borsh(StateKey), index       empty: records about a thing, but a licence's issue
//! open_cases     organisation, case           empty: cases in which it is origin or receiver, while they are open
//! transactions   transaction id               height, borsh(Outcome)
//! times          block time                   height
//! log_sizes      log size after the block     height
//! evidence       height, validator, step, round  borsh(DoubleSignature): two blocks signed for one round
//! forks          height, other block          borsh(Fork): two certificates of one height
//! ```
//! All integers in keys are big-endian, so that keys sort by number; `!x` is the complement, so that a forward seek finds
//! the newest entry at or below x.

mod check;
mod commit;
mod error;
mod index;
mod proofs;
mod read;
mod reader;

use std::path::{Path, PathBuf};

use huxin_chain_spec::ids::{Height, RecordIndex};
use rocksdb::{
    BlockBasedIndexType, BlockBasedOptions, Cache, ColumnFamily, ColumnFamilyDescriptor, DB, DBCompressionType,
    DBRecoveryMode, LruCacheOptions, Options, WriteOptions,
};
use tokio::sync::watch;

use crate::files::FilePlan;

pub use commit::{Fork, StoredHeader, UndecidedBlock};
pub use error::StoreError;
pub use proofs::PROOFS_PER_VALIDATOR_MAX;

/// Version of the layout above. A store of another layout is refused.
const LAYOUT: u32 = 3;
/// Cache of data, index and filter blocks for the whole store.
const BLOCK_CACHE_BYTES: usize = 40 << 20;
/// Binary logarithm of the parts of that cache. What is longer than one part is never cached; the default, 64 parts, would
/// leave 1 MiB each.
const BLOCK_CACHE_SHARD_BITS: i32 = 3;
/// Bound on all memtables together.
const WRITE_BUFFERS_BYTES: usize = 48 << 20;

/// Column families with their purpose for RocksDB: `(name, point lookups, compress)`.
const FAMILIES: [(&str, bool, bool); 20] = [
    ("meta", false, false),
    ("headers", false, true),
    ("blocks", false, true),
    ("undecided", false, false),
    ("records", false, true),
    ("tiles", true, false),
    ("tiles_sha256", true, false),
    ("map_nodes", true, false),
    ("map_values", false, false),
    ("state", true, true),
    ("state_history", false, true),
    ("licences", true, false),
    ("documents", false, false),
    ("subjects", false, false),
    ("open_cases", false, false),
    ("transactions", true, false),
    ("times", false, false),
    ("log_sizes", false, false),
    ("evidence", false, false),
    ("forks", false, false),
];

/// Key and value.
type Row = (Vec<u8>, Vec<u8>);

/// The open store.
pub struct Store {
    db: DB,
    path: PathBuf,
    identity: [u8; 16],
    state_cache: reader::StateCache,
    proofs: proofs::ProofCounts,
    /// The first failure met since the store was opened.
    failures: watch::Sender<Option<StoreError>>,
}

impl Store {
    /// Opens or creates the store in folder `path`.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        std::fs::create_dir_all(path)
            .map_err(|error| StoreError::Folder { path: path.to_owned(), reason: error.to_string() })?;
        let mut cache = LruCacheOptions::default();
        cache.set_capacity(BLOCK_CACHE_BYTES);
        cache.set_num_shard_bits(BLOCK_CACHE_SHARD_BITS);
        let cache = Cache::new_lru_cache_opts(&cache);
        let families = FAMILIES.iter().map(|(name, point, compress)| {
            ColumnFamilyDescriptor::new(*name, family_options(name, *point, *compress, &cache))
        });
        let db = DB::open_cf_descriptors(&database_options(), path, families)
            .map_err(|error| StoreError::database(path, "database", &error))?;
        let state_cache = reader::StateCache::default();
        let proofs = proofs::ProofCounts::default();
        let (path, failures) = (path.to_owned(), watch::Sender::new(None));
        let mut store = Self { db, path, identity: [0; 16], state_cache, proofs, failures };
        store.check_layout()?;
        store.identity = store.identify()?;
        store.count_proofs()?;
        Ok(store)
    }

    /// Tells this store from every other one, copies of it excepted. The sign-state beside the consensus key is bound to it.
    pub fn identity(&self) -> [u8; 16] {
        self.identity
    }

    /// Reads the identity, or draws one.
    fn identify(&self) -> Result<[u8; 16], StoreError> {
        if let Some(bytes) = self.get("meta", "identity")? {
            return <[u8; 16]>::try_from(bytes.as_slice())
                .map_err(|_| self.damaged("meta identity", "it has another length"));
        }
        let identity: [u8; 16] = rand::random();
        let mut batch = rocksdb::WriteBatch::default();
        batch.put_cf(self.family("meta")?, "identity", identity);
        self.write(batch)?;
        Ok(identity)
    }

    /// The first failure that any use of this store met, whoever met it.
    pub fn failures(&self) -> watch::Receiver<Option<StoreError>> {
        self.failures.subscribe()
    }

    /// Notes a failure of flushing or compacting, after which the store takes no writes.
    pub fn check_background(&self) {
        let errors = self.db.property_int_value("rocksdb.background-errors").ok().flatten().unwrap_or(0);
        if errors > 0 {
            let (path, place) = (self.path.clone(), "its work in the background".to_owned());
            let reason = format!("it failed {errors} times; the file LOG in that folder says why");
            self.note(StoreError::Failed { path, place, reason });
        }
    }

    /// A failure that RocksDB reports, noted.
    fn failed(&self, place: impl Into<String>, error: &rocksdb::Error) -> StoreError {
        self.note(StoreError::database(&self.path, place, error))
    }

    /// Damage that was met, noted.
    pub(crate) fn damaged(&self, place: impl Into<String>, reason: impl Into<String>) -> StoreError {
        self.note(StoreError::damaged(&self.path, place, reason))
    }

    fn note(&self, error: StoreError) -> StoreError {
        self.failures.send_if_modified(|first| {
            let is_first = first.is_none();
            if is_first {
                *first = Some(error.clone());
            }
            is_first
        });
        error
    }

    /// The folder the store is in.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes of the store's files on disk, as RocksDB knows them.
    pub fn disk_bytes(&self) -> u64 {
        let property = |family: &'static str, name: &str| -> u64 {
            self.family(family).ok().and_then(|cf| self.db.property_int_value_cf(cf, name).ok().flatten()).unwrap_or(0)
        };
        FAMILIES
            .iter()
            .map(|(name, _, _)| {
                property(name, "rocksdb.total-sst-files-size") + property(name, "rocksdb.total-blob-file-size")
            })
            .sum()
    }

    fn family(&self, name: &'static str) -> Result<&ColumnFamily, StoreError> {
        self.db.cf_handle(name).ok_or_else(|| self.damaged(name, "column family is missing"))
    }

    fn get(&self, family: &'static str, key: impl AsRef<[u8]>) -> Result<Option<Vec<u8>>, StoreError> {
        let cf = self.family(family)?;
        self.db.get_cf(cf, key).map_err(|error| self.failed(family, &error))
    }
}

/// Writes that must survive a power cut.
fn synced() -> WriteOptions {
    let mut options = WriteOptions::default();
    options.set_sync(true);
    options
}

fn database_options() -> Options {
    let mut options = Options::default();
    options.create_if_missing(true);
    options.create_missing_column_families(true);
    options.set_paranoid_checks(true);
    // A crash leaves a torn tail, which is dropped: it was not synced, so this node has not acted on it. Every other checksum
    // error is damage and must stop the start.
    options.set_wal_recovery_mode(DBRecoveryMode::TolerateCorruptedTailRecords);
    options.set_db_write_buffer_size(WRITE_BUFFERS_BYTES);
    options.set_max_total_wal_size(128 << 20);
    options.set_max_background_jobs(2);
    let tables = FilePlan::now().store_tables;
    options.set_max_open_files(i32::try_from(tables).unwrap_or(i32::MAX));
    options.set_keep_log_file_num(2);
    options.set_max_log_file_size(4 << 20);
    options
}

fn family_options(name: &str, point: bool, compress: bool, cache: &Cache) -> Options {
    let mut table = BlockBasedOptions::default();
    table.set_block_cache(cache);
    table.set_cache_index_and_filter_blocks(true);
    table.set_pin_l0_filter_and_index_blocks_in_cache(true);
    table.set_format_version(5);
    if point {
        table.set_bloom_filter(10.0, false);
        // Partitioned: the filter of a table with a million keys is longer than a megabyte, and as one piece it would be read from
        // disk for every lookup once the cache does not hold it.
        table.set_partition_filters(true);
        table.set_index_type(BlockBasedIndexType::TwoLevelIndexSearch);
        table.set_pin_top_level_index_and_filter(true);
    }
    let mut options = Options::default();
    options.set_block_based_table_factory(&table);
    options.set_write_buffer_size(16 << 20);
    if point {
        // Most lookups are for missing keys (a new licence, a new transaction): the filter avoids a search of the memtable.
        options.set_memtable_prefix_bloom_ratio(0.05);
        options.set_memtable_whole_key_filtering(true);
    }
    options.set_compression_type(if compress { DBCompressionType::Lz4 } else { DBCompressionType::None });
    if name == "blocks" {
        // Bodies are large and never change: kept out of the tree, so that compaction does not copy them.
        options.set_enable_blob_files(true);
        options.set_min_blob_size(4096);
        options.set_blob_compression_type(DBCompressionType::Lz4);
        options.set_enable_blob_gc(true);
    }
    options
}

fn height_key(height: Height) -> [u8; 8] {
    height.0.to_be_bytes()
}

fn index_key(index: RecordIndex) -> [u8; 8] {
    index.0.to_be_bytes()
}

fn concat(first: &[u8], second: &[u8]) -> Vec<u8> {
    let mut key = Vec::with_capacity(first.len() + second.len());
    key.extend_from_slice(first);
    key.extend_from_slice(second);
    key
}

fn read_u64(bytes: &[u8]) -> Option<u64> {
    bytes.try_into().ok().map(u64::from_be_bytes)
}
