#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::cast_possible_truncation, reason = "tests")]

use proptest::prelude::*;
use tlog_tiles::tlog;

use super::*;
use crate::crypto::{Digest, DigestAlgorithm};

const SHA256: DigestAlgorithm = DigestAlgorithm::Sha256;

fn leaf(algorithm: DigestAlgorithm, index: u64) -> Digest {
    leaf_hash(algorithm, format!("record {index}").as_bytes())
}

fn leaves(algorithm: DigestAlgorithm, count: u64) -> Vec<Digest> {
    (0..count).map(|index| leaf(algorithm, index)).collect()
}

/// A log of `count` leaves, appended in blocks of varying length.
fn grown(algorithm: DigestAlgorithm, count: u64) -> (MemoryLog, LogHead) {
    let mut log = MemoryLog::default();
    let mut frontier = Frontier::empty(algorithm);
    let mut head = frontier.head();
    let mut next = 0;
    for block in 1.. {
        if next == count {
            break;
        }
        let mut appender = Appender::resume(frontier);
        for _ in 0..block.min(count - next) {
            assert_eq!(appender.append(leaf(algorithm, next)), next);
            next += 1;
        }
        let appended = appender.finish();
        log.apply(&appended);
        (frontier, head) = (appended.frontier, appended.head);
    }
    (log, head)
}

/// The reference: Go's `sumdb/tlog`, ported as crate `tlog_tiles`.
#[derive(Default)]
struct Oracle(Vec<tlog::Hash>);

impl tlog::HashReader for Oracle {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog::Hash>, tlog::Error> {
        Ok(indexes.iter().map(|index| self.0[usize::try_from(*index).unwrap()]).collect())
    }
}

impl Oracle {
    fn of(count: u64) -> Self {
        let mut oracle = Self::default();
        for index in 0..count {
            let stored = tlog::stored_hashes(index, format!("record {index}").as_bytes(), &oracle).unwrap();
            oracle.0.extend(stored);
        }
        oracle
    }
}

fn ours(path: &[tlog::Hash]) -> Vec<Digest> {
    path.iter().map(|hash| Digest(hash.0)).collect()
}

fn theirs(path: &[Digest]) -> Vec<tlog::Hash> {
    path.iter().map(|digest| tlog::Hash(digest.0)).collect()
}

fn flip(digest: &Digest, bit: usize) -> Digest {
    let mut flipped = *digest;
    flipped.0[bit / 8] ^= 1 << (bit % 8);
    flipped
}

/// Every path that differs from `path` in one bit, or by one hash more or fewer.
fn damaged_paths(path: &[Digest]) -> Vec<Vec<Digest>> {
    let mut damaged = Vec::new();
    for position in 0..path.len() {
        for bit in 0..256 {
            let mut changed = path.to_vec();
            changed[position] = flip(&path[position], bit);
            damaged.push(changed);
        }
        let mut shorter = path.to_vec();
        shorter.remove(position);
        damaged.push(shorter);
    }
    damaged.push(path.iter().copied().chain([Digest::ZERO]).collect());
    damaged
}

#[test]
fn agrees_with_the_oracle_at_every_size_to_300() {
    let (log, _) = grown(SHA256, 300);
    let oracle = Oracle::of(300);
    let leaves = leaves(SHA256, 300);
    for size in 0..=300 {
        let root = root_at(SHA256, &log, size).unwrap();
        assert_eq!(root.0, tlog::tree_hash(size, &oracle).unwrap().0, "size {size}");
        let listed = &leaves[..usize::try_from(size).unwrap()];
        assert_eq!(merkle_root(SHA256, listed), root);
        for (index, leaf) in (0..size).zip(listed) {
            let path = inclusion_proof(SHA256, &log, size, index).unwrap();
            assert_eq!(path, ours(&tlog::prove_record(size, index, &oracle).unwrap()), "{index} of {size}");
            assert_eq!(merkle_path(SHA256, listed, usize::try_from(index).unwrap()).unwrap(), path);
            verify_inclusion(SHA256, leaf, index, size, &path, &root).unwrap();
        }
        for old in 1..=size {
            let path = consistency_proof(SHA256, &log, old, size).unwrap();
            assert_eq!(path, ours(&tlog::prove_tree(size, old, &oracle).unwrap()), "{old} to {size}");
            let old_root = root_at(SHA256, &log, old).unwrap();
            verify_consistency(SHA256, old, size, &path, &old_root, &root).unwrap();
        }
    }
}

#[test]
fn agrees_with_the_oracle_on_large_logs() {
    let (log, head) = grown(SHA256, 70_001);
    let oracle = Oracle::of(70_001);
    assert_eq!(head.root.0, tlog::tree_hash(head.size, &oracle).unwrap().0);
    for size in [4_095, 4_096, 4_097, 65_535, 65_536, 65_537, 69_999, 70_001] {
        let root = root_at(SHA256, &log, size).unwrap();
        assert_eq!(root.0, tlog::tree_hash(size, &oracle).unwrap().0);
        for index in (0..size).step_by(997).chain([size - 1]) {
            let path = inclusion_proof(SHA256, &log, size, index).unwrap();
            assert_eq!(path, ours(&tlog::prove_record(size, index, &oracle).unwrap()));
            verify_inclusion(SHA256, &leaf(SHA256, index), index, size, &path, &root).unwrap();
            let old = index + 1;
            let path = consistency_proof(SHA256, &log, old, size).unwrap();
            assert_eq!(path, ours(&tlog::prove_tree(size, old, &oracle).unwrap()));
            let old_root = root_at(SHA256, &log, old).unwrap();
            verify_consistency(SHA256, old, size, &path, &old_root, &root).unwrap();
        }
    }
}

/// RFC 6962 test vectors as published with Certificate Transparency (`merkle_tree_test.cc`): eight given leaves.
#[test]
fn known_roots() {
    let inputs = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
    let leaves: Vec<_> = inputs.iter().map(|text| leaf_hash(SHA256, &hex::decode(text).unwrap())).collect();
    let root = |count: usize| merkle_root(SHA256, &leaves[..count]).to_string();
    assert_eq!(root(0), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_eq!(root(1), "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
    assert_eq!(root(2), "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125");
    assert_eq!(root(8), "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328");
}

#[test]
fn sm3_log_proves_and_differs() {
    let algorithm = DigestAlgorithm::Sm3;
    let (log, head) = grown(algorithm, 1_000);
    assert_ne!(head.root, grown(SHA256, 1_000).1.root);
    assert_eq!(head.root, merkle_root(algorithm, &leaves(algorithm, 1_000)));
    assert_eq!(LogHead::empty(algorithm).root, algorithm.plain(&[]));
    let old_root = root_at(algorithm, &log, 333).unwrap();
    let path = consistency_proof(algorithm, &log, 333, 1_000).unwrap();
    verify_consistency(algorithm, 333, 1_000, &path, &old_root, &head.root).unwrap();
    for index in 0..1_000 {
        let path = inclusion_proof(algorithm, &log, 1_000, index).unwrap();
        let leaf = leaf(algorithm, index);
        verify_inclusion(algorithm, &leaf, index, 1_000, &path, &head.root).unwrap();
        assert!(verify_inclusion(SHA256, &leaf, index, 1_000, &path, &head.root).is_err());
    }
}

#[test]
fn one_run_and_many_runs_write_the_same_log() {
    for size in [0, 1, 15, 16, 17, 255, 256, 257, 4_096, 5_000] {
        let (by_blocks, head) = grown(SHA256, size);
        let mut appender = Appender::open(SHA256, 0, &MemoryLog::default()).unwrap();
        for index in 0..size {
            appender.append(leaf(SHA256, index));
        }
        let appended = appender.finish();
        assert_eq!(appended.head, head);
        let ids: std::collections::BTreeSet<_> = appended.tiles.iter().map(|(id, _)| *id).collect();
        assert_eq!(ids.len(), appended.tiles.len(), "each tile is written once");
        let mut at_once = MemoryLog::default();
        at_once.apply(&appended);
        assert_eq!(at_once, by_blocks);
        assert_eq!(Frontier::load(SHA256, size, &by_blocks).unwrap(), appended.frontier);
    }
}

#[test]
fn tiles_hold_only_complete_subtrees() {
    let (log, _) = grown(SHA256, 16 * 16 + 5);
    let hashes = |level, index| log.tile(TileId { level, index }).unwrap().map(|bytes| bytes.len() / 32);
    assert_eq!(hashes(0, 0), Some(16));
    assert_eq!(hashes(0, 16), Some(5));
    assert_eq!(hashes(0, 17), None);
    assert_eq!(hashes(1, 0), Some(16));
    assert_eq!(hashes(1, 1), None);
    assert_eq!(hashes(2, 0), Some(1));
    assert_eq!(log.tile_count(), 16 + 1 + 1 + 1);
    assert_eq!(TileId { level: 2, index: 0x0102 }.key(), [2, 0, 0, 0, 0, 0, 0, 1, 2]);
}

/// Executing a block that loses its round changes nothing in the store, and the next block at the same height starts clean.
#[test]
fn a_discarded_block_changes_nothing() {
    let (mut log, head) = grown(SHA256, 40);
    let before = Appender::open(SHA256, 40, &log).unwrap();
    let mut lost = before.clone();
    for index in 0..500 {
        lost.append(leaf(SHA256, 9_000 + index));
    }
    assert_ne!(lost.finish().head, head);
    assert_eq!(before.clone().finish().head, head);
    assert!(before.clone().finish().tiles.is_empty(), "nothing appended, nothing to write");

    let mut won = before;
    for index in 40..300 {
        won.append(leaf(SHA256, index));
    }
    let won = won.finish();
    log.apply(&won);
    let (expected_log, expected_head) = grown(SHA256, 300);
    assert_eq!((log, won.head), (expected_log, expected_head));
}

#[test]
fn a_damaged_store_is_named_where_it_is_damaged() {
    struct Damaged(MemoryLog, TileId, Option<Vec<u8>>);
    impl TileReader for Damaged {
        type Error = std::convert::Infallible;
        fn tile(&self, id: TileId) -> Result<Option<Vec<u8>>, Self::Error> {
            if id == self.1 { Ok(self.2.clone()) } else { self.0.tile(id) }
        }
    }
    let (log, _) = grown(SHA256, 40);
    let edge = TileId { level: 0, index: 2 };
    let open = |bytes| Appender::open(SHA256, 40, &Damaged(log.clone(), edge, bytes)).unwrap_err();
    assert_eq!(open(None), LogError::MissingTile { level: 0, index: 2 });
    assert_eq!(open(Some(vec![0; 32 * 7])), LogError::ShortTile { level: 0, index: 2, needed: 8, actual: 7 });
    assert_eq!(open(Some(vec![0; 255])), LogError::MalformedTile { level: 0, index: 2, bytes: 255 });
    assert_eq!(open(Some(vec![0; 544])), LogError::MalformedTile { level: 0, index: 2, bytes: 544 });
    let first = Damaged(log.clone(), TileId { level: 0, index: 0 }, None);
    let error = inclusion_proof(SHA256, &first, 40, 3).unwrap_err();
    assert_eq!(error.to_string(), "tile 0 of level 0 is missing from the log");
    assert!(root_at(SHA256, &log, 41).is_err(), "the log is not that long");
}

#[test]
fn refuses_what_is_out_of_range() {
    let (log, head) = grown(SHA256, 20);
    let missing = LogError::IndexOutOfRange { index: 20, size: 20 };
    assert_eq!(inclusion_proof(SHA256, &log, 20, 20).unwrap_err(), missing);
    assert_eq!(consistency_proof(SHA256, &log, 9, 8).unwrap_err(), LogError::SizesOutOfOrder { old: 9, new: 8 });
    assert_eq!(merkle_path(SHA256, &[], 0), None);
    let leaf = leaf(SHA256, 0);
    assert_eq!(
        verify_inclusion(SHA256, &leaf, 20, 20, &[], &head.root),
        Err(ProofError::IndexOutOfRange { index: 20, size: 20 })
    );
    assert_eq!(
        verify_inclusion(SHA256, &leaf, 0, 0, &[], &head.root),
        Err(ProofError::IndexOutOfRange { index: 0, size: 0 })
    );
    assert_eq!(
        verify_consistency(SHA256, 9, 8, &[], &head.root, &head.root),
        Err(ProofError::SizesOutOfOrder { old: 9, new: 8 })
    );
    let huge = vec![Digest::ZERO; 65];
    assert!(verify_inclusion(SHA256, &leaf, u64::MAX - 1, u64::MAX, &huge, &head.root).is_err());
    assert!(verify_consistency(SHA256, u64::MAX - 1, u64::MAX, &huge, &head.root, &head.root).is_err());
}

#[test]
fn consistency_with_itself_and_with_the_empty_log() {
    let (_, head) = grown(SHA256, 20);
    let empty = LogHead::empty(SHA256);
    verify_consistency(SHA256, 20, 20, &[], &head.root, &head.root).unwrap();
    verify_consistency(SHA256, 0, 20, &[], &empty.root, &head.root).unwrap();
    verify_consistency(SHA256, 0, 0, &[], &empty.root, &empty.root).unwrap();
    assert!(verify_consistency(SHA256, 0, 0, &[], &head.root, &head.root).is_err());
    assert!(verify_consistency(SHA256, 0, 20, &[], &head.root, &head.root).is_err());
    assert!(verify_consistency(SHA256, 20, 20, &[], &empty.root, &head.root).is_err());
    assert!(verify_consistency(SHA256, 20, 20, &[Digest::ZERO], &head.root, &head.root).is_err());
    assert!(verify_consistency(SHA256, 0, 20, &[Digest::ZERO], &empty.root, &head.root).is_err());
}

#[test]
fn head_has_one_binary_and_one_json_form() {
    let head = LogHead { size: 258, root: Digest([7; 32]) };
    let bytes = crate::codec::encode(&head);
    assert_eq!((bytes.len(), &bytes[..8]), (40, &[2, 1, 0, 0, 0, 0, 0, 0][..]));
    assert_eq!(crate::codec::decode::<LogHead>(&bytes, 40).unwrap(), head);
    let json = serde_json::to_string(&head).unwrap();
    assert_eq!(json, format!(r#"{{"size":258,"root":"{}"}}"#, "07".repeat(32)));
    assert_eq!(serde_json::from_str::<LogHead>(&json).unwrap(), head);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn inclusion_rejects_every_mutation(size in 1u64..300, pick in any::<prop::sample::Index>()) {
        let index = pick.index(size as usize) as u64;
        let (log, head) = grown(SHA256, size);
        let leaf = leaf(SHA256, index);
        let path = inclusion_proof(SHA256, &log, size, index).unwrap();
        prop_assert!(verify_inclusion(SHA256, &leaf, index, size, &path, &head.root).is_ok());
        for bit in 0..256 {
            prop_assert!(verify_inclusion(SHA256, &flip(&leaf, bit), index, size, &path, &head.root).is_err());
            prop_assert!(verify_inclusion(SHA256, &leaf, index, size, &path, &flip(&head.root, bit)).is_err());
        }
        for damaged in damaged_paths(&path) {
            prop_assert!(verify_inclusion(SHA256, &leaf, index, size, &damaged, &head.root).is_err());
        }
        for bit in 0..64 {
            prop_assert!(verify_inclusion(SHA256, &leaf, index ^ (1 << bit), size, &path, &head.root).is_err());
            // A root does not contain its size; a wrong size passes exactly where the reference lets it pass. The
            // ledger's sizes come with their roots from certified headers.
            let wrong = size ^ (1 << bit);
            let passes = verify_inclusion(SHA256, &leaf, index, wrong, &path, &head.root).is_ok();
            let (root, leaf) = (tlog::Hash(head.root.0), tlog::Hash(leaf.0));
            prop_assert_eq!(passes, tlog::check_record(&theirs(&path), wrong, root, index, leaf).is_ok());
        }
    }

    #[test]
    fn consistency_rejects_every_mutation(new in 1u64..300, pick in any::<prop::sample::Index>()) {
        let old = pick.index(new as usize) as u64 + 1;
        let (log, head) = grown(SHA256, new);
        let old_root = root_at(SHA256, &log, old).unwrap();
        let path = consistency_proof(SHA256, &log, old, new).unwrap();
        prop_assert!(verify_consistency(SHA256, old, new, &path, &old_root, &head.root).is_ok());
        for bit in 0..256 {
            let (bad_old, bad_new) = (flip(&old_root, bit), flip(&head.root, bit));
            prop_assert!(verify_consistency(SHA256, old, new, &path, &bad_old, &head.root).is_err());
            prop_assert!(verify_consistency(SHA256, old, new, &path, &old_root, &bad_new).is_err());
        }
        for damaged in damaged_paths(&path) {
            prop_assert!(verify_consistency(SHA256, old, new, &damaged, &old_root, &head.root).is_err());
        }
        for bit in 0..64 {
            for (old, new) in [(old ^ (1 << bit), new), (old, new ^ (1 << bit))] {
                let passes = verify_consistency(SHA256, old, new, &path, &old_root, &head.root).is_ok();
                let (new_hash, old_hash) = (tlog::Hash(head.root.0), tlog::Hash(old_root.0));
                prop_assert_eq!(passes, tlog::check_tree(&theirs(&path), new, new_hash, old, old_hash).is_ok());
            }
        }
    }
}
