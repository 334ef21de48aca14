//! Replays of a small chain, whole and damaged.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use huxin_chain_spec::codec;
use huxin_chain_spec::record::{LicenceOperation, Operation};

use super::*;
use crate::error::ClientError;
use crate::test_chain::{TestChain, change, issue};

/// Five blocks: issues, nothing, a suspension, a refused repetition, a restoration.
fn chain() -> TestChain {
    let mut chain = TestChain::new();
    chain.decide((0..40).map(|n| issue(&format!("S{n}"), format!("document {n}").as_bytes())).collect());
    chain.decide_empty();
    let effective = chain.time(2);
    chain.decide(vec![Operation::Licence(LicenceOperation::Suspend(change("S3", effective)))]);
    chain.decide(vec![issue("S3", b"again")]);
    chain.decide(vec![Operation::Licence(LicenceOperation::Restore(change("S3", effective)))]);
    chain
}

async fn replayed(chain: &TestChain, framed: &[u8]) -> Result<Coverage, ClientError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("export");
    std::fs::write(&path, [EXPORT_MAGIC, framed].concat()).unwrap();
    let options = ReplayOptions { import: Some(path), ..ReplayOptions::default() };
    replay(None, &chain.genesis, &options, &|_, _, _| {}).await
}

#[tokio::test]
async fn a_whole_chain_is_recomputed() {
    let chain = chain();
    let coverage = replayed(&chain, &chain.framed()).await.unwrap();
    let last = &chain.blocks.last().unwrap().block.header;
    assert_eq!((coverage.height, coverage.records, coverage.transactions_rejected), (5, 42, 1));
    assert_eq!(coverage.log_root, last.log.root.to_string());
    assert_eq!(coverage.map_root, last.map_root.to_string());
    assert_eq!(coverage.records_by_kind["licence.issue"], 40);
    assert_eq!(coverage.certificate_signatures, 20);
    assert!(!coverage.not_checked.is_empty());
}

/// Any flipped bit is found, at the height of its block.
#[tokio::test]
async fn any_damage_is_found_where_it_lies() {
    let chain = chain();
    let framed = chain.framed();
    let ends: Vec<usize> = chain
        .blocks
        .iter()
        .scan(0, |end, decided| {
            *end += 4 + codec::encode(decided).len();
            Some(*end)
        })
        .collect();
    for position in (4..framed.len()).step_by(197) {
        let height = ends.iter().position(|end| position < *end).unwrap() as u64 + 1;
        let start = if height == 1 { 0 } else { ends[usize::try_from(height).unwrap() - 2] };
        if position < start + 4 {
            // A damaged length is found too, but not always as that block's.
            continue;
        }
        let mut damaged = framed.clone();
        damaged[position] ^= 1 << (position % 8);
        let error = replayed(&chain, &damaged).await.map(|coverage| coverage.height).unwrap_err();
        let ClientError::ReplayDiffers { height: found, .. } = error else { panic!("byte {position}: {error}") };
        assert_eq!(found, height, "byte {position}");
    }
}

#[tokio::test]
async fn a_missing_block_is_found() {
    let chain = chain();
    let first = 4 + codec::encode(&chain.blocks[0]).len();
    let second = first + 4 + codec::encode(&chain.blocks[1]).len();
    let framed = chain.framed();
    let without_second = [&framed[..first], &framed[second..]].concat();
    assert!(matches!(replayed(&chain, &without_second).await, Err(ClientError::ReplayDiffers { height: 2, .. })));
}
