//! A damaged store refuses to open and says where.

use std::path::{Path, PathBuf};

use huxin_node::store::StoreError;

use crate::support::{commit, genesis, issue, open};

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
