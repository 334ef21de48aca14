#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::test_chain::{TestChain, issue};

fn chain() -> TestChain {
    let mut chain = TestChain::new();
    chain.decide(vec![issue("A", b"a")]);
    chain.rotate(0);
    chain.rotate(1);
    chain.rotate(2);
    chain
}

fn learn(known: &KnownChain, chain: &TestChain, height: u64) {
    let receipt = chain.receipt(0, height, None);
    known.learn(&receipt.trust, Some(&receipt.header));
}

#[test]
fn what_was_learnt_is_there_in_the_next_run() {
    let folder = tempfile::tempdir().unwrap();
    let (chain, place) = (chain(), folder.path().join("new/folder"));
    let genesis = chain.genesis.hash();
    let open = || KnownChain::in_folder(&place, genesis).unwrap();
    let first = open();
    assert_eq!((first.seen(), first.anchors().newest()), (None, None));
    learn(&first, &chain, chain.height());
    drop(first);
    let second = open();
    assert_eq!(second.seen().map(|seen| seen.height.0), Some(chain.height()));
    let newest = second.anchors().newest().map(|(height, set)| (height, set.clone())).unwrap();
    assert_eq!((newest.0.0, &newest.1), (8, chain.history.path_to(Height(99)).validators_in_force()));
    // Nothing older takes its place, and nothing is written where nothing is new.
    let before = std::fs::read(second.path().unwrap()).unwrap();
    learn(&second, &chain, 3);
    drop(second);
    assert_eq!(std::fs::read(open().path().unwrap()).unwrap(), before);
    assert_eq!(KnownChain::in_folder(&place, Digest([9; 32])).unwrap().seen(), None, "another chain, another file");
}

/// Two programs at once: neither takes back what the other has learnt.
#[test]
fn the_newer_of_two_processes_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let chain = chain();
    let open = || KnownChain::in_folder(folder.path(), chain.genesis.hash()).unwrap();
    let (ahead, behind) = (open(), open());
    learn(&ahead, &chain, chain.height());
    ahead.pin(&chain.head(5)).unwrap();
    learn(&behind, &chain, 4);
    behind.save().unwrap();
    let kept = open();
    assert_eq!(kept.seen().map(|seen| seen.height.0), Some(chain.height()));
    assert_eq!(kept.anchors().pinned(), Some(Height(5)));
    assert_eq!(kept.anchors().newest().map(|(height, _)| height), Some(Height(8)));
}

#[test]
fn a_file_that_cannot_be_read_is_not_an_empty_one() {
    let folder = tempfile::tempdir().unwrap();
    let chain = chain();
    let open = || KnownChain::in_folder(folder.path(), chain.genesis.hash());
    let known = open().unwrap();
    known.pin(&chain.head(5)).unwrap();
    let path = known.path().unwrap().to_owned();
    drop(known);
    let good = std::fs::read_to_string(&path).unwrap();
    let damages = [
        String::new(),
        good[..good.len() / 2].to_owned(),
        good.replace("\"version\": 1", "\"version\": 2"),
        good.replace(&chain.genesis.hash().to_string(), &Digest([1; 32]).to_string()),
        good.replace("\"validators\": \"04", "\"validators\": \"zz"),
        good.replace("\"height\": 5,", "\"height\": 6,"),
        good.replace("\"pinned\"", "\"pined\""),
    ];
    for damage in damages {
        assert_ne!(damage, good);
        std::fs::write(&path, &damage).unwrap();
        assert!(matches!(open(), Err(ClientError::Input { .. })), "{damage}");
    }
    std::fs::write(&path, &good).unwrap();
    assert_eq!(open().unwrap().anchors().pinned(), Some(Height(5)));
}
