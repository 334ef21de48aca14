use huxin_chain_spec::crypto::Digest;
use huxin_chain_spec::ids::Height;

use super::*;
use crate::Exit;

fn board() -> (Board, ExitCell) {
    let exit = ExitCell::new();
    (Board::new(&Timeouts::default(), 4, exit.clone()), exit)
}

#[test]
fn the_phases_of_a_height() {
    let (board, exit) = board();
    assert_eq!(board.status().phase, Phase::Starting);
    board.round_started(1, 0, KeyId::default(), true);
    assert_eq!(board.status().phase, Phase::Deciding);
    board.decided(&Certificate { height: Height(1), round: 0, block: Digest([1; 32]), signatures: Vec::new() });
    assert_eq!((board.status().phase, board.status().height), (Phase::Idle, 1));
    exit.set(Exit::Stopped);
    assert_eq!(board.status().phase, Phase::Ended);
}

fn ahead(board: &Board) -> u64 {
    *board.0.ahead.borrow()
}

#[test]
fn a_connected_peer_that_says_nothing_is_named_once() {
    let (board, _exit) = board();
    board.peer("a".into(), PeerChange::Connected);
    board.peer("b".into(), PeerChange::Disconnected);
    let later = now_ms() + 7_000;
    assert!(board.silent_peers(later, 60_000).is_empty());
    assert_eq!(board.silent_peers(later, 6_000), vec!["a".to_owned()]);
    assert!(board.silent_peers(later, 6_000).is_empty());
}

#[tokio::test]
async fn a_peer_at_the_next_height_is_believed() {
    let (board, _) = board();
    board.starts(key(1), 3, [(key(1), 1), (key(2), 1)].into_iter());
    board.round_started(3, 0, KeyId::default(), false);
    board.vote(key(2), 4, 0);
    board.peers_ahead_of(3).await;
    assert_eq!(ahead(&board), 4);
}

/// One of four may lie, and must not make the others produce empty blocks for ever by naming a height far away.
#[test]
fn one_peers_word_counts_for_one_height_and_two_peers_for_all() {
    let (board, _) = board();
    board.starts(key(4), 3, (1..=4).map(|byte| (key(byte), 1)));
    board.round_started(3, 0, KeyId::default(), false);
    board.peer("a".into(), PeerChange::Tip(u64::MAX));
    assert_eq!(ahead(&board), 0, "nobody knows whose word it is");
    for byte in 10..30 {
        board.peer("a".into(), PeerChange::Proven(key(byte)));
        board.peer("a".into(), PeerChange::Tip(u64::MAX));
        assert_eq!(ahead(&board), 0, "whoever makes key after key has no vote");
    }
    board.peer("a".into(), PeerChange::Proven(key(1)));
    board.peer("a".into(), PeerChange::Tip(u64::MAX));
    assert_eq!(ahead(&board), 4);
    board.peer("b".into(), PeerChange::Tip(90));
    assert_eq!(ahead(&board), 90);
}

fn key(byte: u8) -> KeyId {
    KeyId(Digest([byte; 32]))
}

/// One peer's word used to set the height: whoever was connected counted, with or without a vote, as often as it had names.
#[test]
fn the_height_of_the_chain_is_heard_from_validators_by_their_power() {
    let (board, _) = board();
    board.starts(key(1), 3, [(key(1), 2), (key(2), 1), (key(3), 3), (key(4), 1)].into_iter());
    let told = |peer: &str, tip: u64| {
        board.peer(peer.to_owned(), PeerChange::Connected);
        board.peer(peer.to_owned(), PeerChange::Tip(tip));
    };
    told("observer", 900);
    assert_eq!((board.chain_heard().told, board.chain_heard().highest), (0, 0), "who has proven no key has no vote");
    board.peer("observer".into(), PeerChange::Proven(key(9)));
    told("own", 900);
    board.peer("own".into(), PeerChange::Proven(key(1)));
    assert_eq!(board.chain_heard().highest, 0, "neither has a key that is no validator's, nor this node's own");
    for (peer, tip) in [("two", 90), ("two again", 90), ("two once more", 80)] {
        told(peer, tip);
        board.peer(peer.into(), PeerChange::Proven(key(2)));
    }
    let heard = board.chain_heard();
    assert_eq!((heard.told, heard.believed, heard.highest, heard.own, heard.own_power), (1, 0, 90, 3, 2));
    told("three", 60);
    board.peer("three".into(), PeerChange::Proven(key(3)));
    let heard = board.chain_heard();
    assert_eq!((heard.told, heard.believed, heard.total), (4, 60, 7), "1 of 7 may lie, and 4 of 7 do not all");
    board.peer("three".into(), PeerChange::Disconnected);
    board.peer("three".into(), PeerChange::Connected);
    assert_eq!(board.chain_heard().told, 1, "what a peer said before it came back may be of another life");
    told("three", 0);
    assert_eq!((board.chain_heard().at_zero, board.chain_heard().is_complete()), (3, false));
    told("three", 4);
    told("four", 0);
    board.peer("four".into(), PeerChange::Proven(key(4)));
    let heard = board.chain_heard();
    assert_eq!((heard.at_zero, heard.first, heard.is_complete()), (4, 90, true), "the first word counts");
}

/// The height of the round that is being decided was taken for the height of the store, and is 0 before the first round.
#[test]
fn the_own_tip_is_that_of_the_store() {
    let (board, _) = board();
    board.starts(key(1), 7, [(key(1), 1)].into_iter());
    assert_eq!(board.chain_heard().own, 7);
    board.round_started(8, 0, key(1), true);
    board.decided(&Certificate { height: Height(8), round: 0, block: Digest([1; 32]), signatures: Vec::new() });
    assert_eq!(board.chain_heard().own, 8);
}

#[test]
fn votes_of_strangers_are_not_remembered() {
    let (board, _) = board();
    let (known, stranger) = (KeyId(Digest([1; 32])), KeyId(Digest([2; 32])));
    board.validators([(known, 1)].into_iter());
    board.vote(known, 1, 0);
    board.vote(stranger, 1, 0);
    let votes = board.status().votes;
    assert_eq!(votes.iter().map(|vote| vote.validator).collect::<Vec<_>>(), [known]);
}

/// A status is read before it is known who sent it.
#[test]
fn links_are_lacked_by_the_word_of_who_sent_it() {
    let (board, _) = board();
    board.starts(key(1), 0, (1..=4).map(|byte| (key(byte), 1)));
    for (peer, byte) in [("two", 2), ("three", 3)] {
        board.peer(peer.into(), PeerChange::Connected);
        board.peer(peer.into(), PeerChange::Proven(key(byte)));
    }
    assert_eq!(board.unlinked(), [key(4)], "whom no connected peer has proven to be");
    board.reads_unlinked("three", vec![key(2), key(3)]);
    assert_eq!(board.lacked_key_of("two"), None, "it may have come from anybody");
    board.lacks("three");
    assert_eq!(board.lacked_key_of("two"), Some(key(2)));
    assert_eq!(board.lacked_key_of("three"), None, "its own word about itself");
    board.reads_unlinked("three", Vec::new());
    board.lacks("three");
    assert_eq!(board.lacked_key_of("two"), None);
    board.peer("two".into(), PeerChange::Disconnected);
    assert_eq!(board.unlinked(), [key(2), key(4)]);
}
