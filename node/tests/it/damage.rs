//! A damaged store refuses to open and says where.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use huxin_chain_spec::ids::{Height, RecordIndex};
use huxin_engine::Application;
use huxin_node::clock::Clock;
use huxin_node::consensus::Consensus;
use huxin_node::mempool::{Mempool, PoolLimits};
use huxin_node::metrics::Metrics;
use huxin_node::outcomes::Outcomes;
use huxin_node::store::StoreError;

use crate::support::{commit, genesis, issue, key, open, reference};

fn filled() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(folder.path()).unwrap();
    for round in 0..20u64 {
        commit(&ledger, vec![issue(round * 20..round * 20 + 20)]);
    }
    drop(ledger);
    // Opened once more, what was in the write-ahead log lies in table files.
    drop(open(folder.path()).unwrap());
    folder
}

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .collect();
    files.sort();
    files
}

#[test]
fn flipped_bytes_in_the_data_of_any_table_file_are_found_on_start() {
    let folder = filled();
    let tables = files(folder.path(), "sst");
    assert!(!tables.is_empty());
    for table in tables {
        let good = std::fs::read(&table).unwrap();
        let mut bad = good.clone();
        // The first block of a table is data. RocksDB does without a filter it cannot read: that costs time, not truth.
        bad[8] ^= 0x40;
        std::fs::write(&table, &bad).unwrap();
        let error = open(folder.path()).err().unwrap_or_else(|| panic!("{} was damaged unseen", table.display()));
        assert!(error.to_string().contains(&folder.path().display().to_string()), "{error}");
        std::fs::write(&table, &good).unwrap();
    }
    open(folder.path()).unwrap();
}

#[test]
fn a_missing_table_file_is_found_on_start() {
    let folder = filled();
    std::fs::remove_file(files(folder.path(), "sst").pop().unwrap()).unwrap();
    assert!(matches!(open(folder.path()), Err(StoreError::Damaged { .. })));
}

#[test]
fn a_store_of_another_chain_is_refused() {
    let folder = filled();
    let mut other = genesis();
    other.chain_id = "dev-other".parse().unwrap();
    let error = huxin_node::ledger::Ledger::open(folder.path(), other).err().unwrap();
    assert!(matches!(error, StoreError::OtherChain { .. }), "{error}");
}

/// Changes rows of a store that is not open, past all its checks.
pub fn change_rows(folder: &Path, change: impl FnOnce(&rocksdb::DB)) {
    let options = rocksdb::Options::default();
    let families = rocksdb::DB::list_cf(&options, folder).unwrap();
    change(&rocksdb::DB::open_cf(&options, folder, families).unwrap());
}

/// A licence was called "not on this ledger" where its record could no longer be found.
#[test]
fn a_record_that_is_missing_within_the_log_is_damage() {
    let folder = filled();
    change_rows(folder.path(), |db| {
        db.delete_cf(db.cf_handle("records").unwrap(), 0u64.to_be_bytes()).unwrap();
    });
    // Of the records, only the newest are read again at the start.
    let ledger = open(folder.path()).unwrap();
    assert_eq!(ledger.issued_at(&reference(0)).unwrap(), Some(RecordIndex(0)));
    assert!(matches!(ledger.record(RecordIndex(0)), Err(StoreError::Damaged { .. })));
    let size = ledger.tip().log.size;
    assert!(
        ledger.record(RecordIndex(size - 1)).unwrap().is_some() && ledger.record(RecordIndex(size)).unwrap().is_none()
    );
}

/// A block that the disk did not give was "not there" to the engine, which then proposed another in its place, and to peers that
/// catch up.
#[test]
fn a_block_that_cannot_be_read_is_an_error_to_the_engine() {
    let folder = filled();
    let ledger = Arc::new(open(folder.path()).unwrap());
    let (height, above) = (Height(3), ledger.height().next());
    let id = ledger.header(height).unwrap().unwrap().1.block;
    let (mempool, metrics) = (Mempool::new(PoolLimits::default()), Arc::new(Metrics::new()));
    let me = key(3).id();
    let consensus = Consensus::new(Arc::clone(&ledger), mempool, Clock::default(), metrics, Outcomes::default(), me);
    assert!(consensus.decided(Height(15)).unwrap().is_some() && consensus.decided(above).unwrap().is_none());
    assert!(consensus.block(above, &id).unwrap().is_none());
    // The disk loses what the open store reads from.
    for file in files(folder.path(), "sst").into_iter().chain(files(folder.path(), "blob")) {
        std::fs::File::options().write(true).open(file).unwrap().set_len(0).unwrap();
    }
    assert!(consensus.block(height, &id).is_err());
    assert!(consensus.decided(height).is_err());
}
