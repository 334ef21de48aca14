#![allow(clippy::unwrap_used, clippy::cast_possible_truncation, reason = "tests")]

use arc_malachitebft_app_channel::app::streaming::{StreamContent, StreamId};
use huxin_chain_spec::certificate::{Validator, ValidatorSet as SpecSet};
use huxin_chain_spec::crypto::{Digest, Signature};
use huxin_chain_spec::crypto::{SignatureScheme, Signer as _, SigningKey};
use proptest::prelude::*;

use super::*;
use crate::context::Address;
use crate::parts::split;
use crate::signing::EngineSigner;

fn chain() -> Digest {
    Digest([0xc5; 32])
}

fn secret(seed: u8) -> SigningKey {
    SigningKey::from_secret(SignatureScheme::Ed25519, [seed; 32]).unwrap()
}

fn set() -> ValidatorSet {
    let validator = |seed| Validator { key: secret(seed).public_key(), power: 1, province: "110000".parse().unwrap() };
    ValidatorSet::new(&SpecSet::new((1..=4).map(validator).collect())).unwrap()
}

fn signer_of(address: Address) -> EngineSigner {
    let key = (1..=5).map(secret).find(|key| key.id() == address.0).unwrap();
    let state = crate::sign_state::for_tests(key.id());
    EngineSigner::new(chain(), std::sync::Arc::new(key), state, crate::error::ExitCell::new())
}

fn peer(n: u8) -> PeerId {
    crate::peer_id([n; 32]).unwrap().parse().unwrap()
}

fn assembly(limits: PartLimits) -> Assembly<u32> {
    let mut assembly = Assembly::new(limits, EngineVerifier::new(chain()));
    assert!(assembly.start_height(Height(5), set()).is_empty());
    assembly
}

const LIMITS: PartLimits =
    PartLimits { block_bytes_max: 4 * PART_BYTES, streams_per_peer_max: 3, bytes_per_peer_max: 8 * PART_BYTES };

fn proposer_of(height: u64, round: u32) -> Address {
    use arc_malachitebft_app_channel::app::types::core::Validator as _;
    *set().proposer(Height(height), round).address()
}

fn init_by(sender: Address, height: u64, round: u32, bytes: &Bytes) -> Init {
    let mut init = Init {
        height: Height(height),
        round,
        proposer: proposer_of(height, round),
        block: Digest([7; 32]),
        block_bytes: bytes.len() as u32,
        sender,
        signature: Signature::Ed25519([0; 64]),
    };
    init.signature = signer_of(sender).sign_init(&init);
    init
}

fn init(height: u64, round: u32, bytes: &Bytes) -> Init {
    init_by(proposer_of(height, round), height, round, bytes)
}

fn block_of(length: usize) -> Bytes {
    (0..length).map(|at| (at % 251) as u8).collect::<Vec<u8>>().into()
}

type Taken = Result<Option<(Block, u32)>, Refusal>;

fn feed(assembly: &mut Assembly<u32>, by: PeerId, messages: &[StreamMessage<Part>]) -> Vec<Taken> {
    messages.iter().zip(0..).map(|(message, ticket)| assembly.insert(by, by, message.clone(), ticket)).collect()
}

fn blocks(taken: &[Taken]) -> Vec<Bytes> {
    taken.iter().filter_map(|taken| taken.as_ref().ok()?.as_ref()).map(|(block, _)| block.bytes.clone()).collect()
}

#[test]
fn a_block_is_whole_with_its_last_part() {
    for length in [1, PART_BYTES - 1, PART_BYTES, PART_BYTES + 1, 4 * PART_BYTES] {
        let bytes = block_of(length);
        let messages = split(init(5, 0, &bytes), 1, &bytes);
        assert_eq!(messages.len(), 1 + length.div_ceil(PART_BYTES));
        let taken = feed(&mut assembly(LIMITS), peer(1), &messages);
        let (last, before) = taken.split_last().unwrap();
        assert!(before.iter().all(|taken| *taken == Ok(None)));
        let (block, ticket) = last.clone().unwrap().unwrap();
        assert_eq!(block.bytes, bytes);
        assert_eq!(ticket as usize, messages.len() - 1);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn order_and_copies_do_not_matter(order in Just((0..5usize).collect::<Vec<_>>()).prop_shuffle(), copies in any::<[bool; 5]>()) {
        let bytes = block_of(3 * PART_BYTES + 77);
        let messages = split(init(5, 1, &bytes), 1, &bytes);
        let mut assembly = assembly(LIMITS);
        let mut whole = Vec::new();
        for at in order {
            for _ in 0..=usize::from(copies[at]) {
                match assembly.insert(peer(1), peer(1), messages[at].clone(), 0) {
                    Ok(Some((block, _))) => whole.push(block.bytes),
                    Ok(None) | Err(Refusal::Done) => {}
                    Err(refusal) => prop_assert!(false, "{refusal}"),
                }
            }
        }
        prop_assert_eq!(whole, vec![bytes]);
    }

    /// Whatever parts come, nothing panics and no peer holds more than its limit.
    #[test]
    fn arbitrary_parts_stay_within_limits(parts in proptest::collection::vec((0u64..9, 0usize..=PART_BYTES, 4u64..9, 0u32..13, 0u64..4), 1..60)) {
        let mut assembly = assembly(LIMITS);
        for (sequence, length, height, round, nonce) in parts {
            let id = StreamName { height: Height(height), round, nonce }.id();
            let part = StreamMessage::new(id, sequence, StreamContent::Data(Part::Data(block_of(length))));
            let _ = assembly.insert(peer(1), peer(1), part, 0);
            prop_assert!(assembly.bytes_of(peer(1)) <= LIMITS.bytes_per_peer_max);
            let open = assembly.streams.values().filter(|stream| !matches!(stream.state, StreamState::Done)).count();
            prop_assert!(open <= LIMITS.streams_per_peer_max);
        }
    }
}

#[test]
fn interleaved_peers_do_not_mix() {
    let (mine, theirs) = (block_of(2 * PART_BYTES), Bytes::from(vec![9; 2 * PART_BYTES]));
    let a = split(init(5, 0, &mine), 1, &mine);
    let b = split(init(5, 0, &theirs), 1, &theirs);
    let mut assembly = assembly(LIMITS);
    let mut taken = Vec::new();
    for (a, b) in a.iter().zip(&b) {
        taken.push(assembly.insert(peer(1), peer(1), a.clone(), 0));
        taken.push(assembly.insert(peer(1), peer(2), b.clone(), 0));
    }
    assert_eq!(blocks(&taken), [mine, theirs]);
}

#[test]
fn the_end_mark_of_the_engine_is_neither_needed_nor_harmful() {
    let bytes = block_of(10);
    let messages = split(init(5, 0, &bytes), 1, &bytes);
    let fin = StreamMessage::new(messages[0].stream_id.clone(), 2, StreamContent::Fin);
    let mut assembly = assembly(LIMITS);
    assert_eq!(assembly.insert(peer(1), peer(1), fin.clone(), 0), Ok(None));
    assert_eq!(blocks(&feed(&mut assembly, peer(1), &messages)), [bytes]);
    assert_eq!(assembly.insert(peer(1), peer(1), fin, 0), Ok(None));
}

#[test]
fn late_copies_do_not_open_a_block_again() {
    let bytes = block_of(10);
    let messages = split(init(5, 0, &bytes), 1, &bytes);
    let mut assembly = assembly(LIMITS);
    feed(&mut assembly, peer(1), &messages);
    assert_eq!(feed(&mut assembly, peer(1), &messages), [Err(Refusal::Done), Err(Refusal::Done)]);
}

#[test]
fn only_the_proposer_of_the_round_may_begin() {
    let bytes = block_of(10);
    let other = (0..4).map(|round| proposer_of(5, round)).find(|address| *address != proposer_of(5, 0)).unwrap();
    let mut wrong_proposer = init(5, 0, &bytes);
    wrong_proposer.proposer = other;
    wrong_proposer.signature = signer_of(other).sign_init(&wrong_proposer);
    wrong_proposer.sender = other;
    let by_other = init_by(other, 5, 0, &bytes);
    let mut forged = init(5, 0, &bytes);
    forged.block = Digest([8; 32]);
    for (init, refusal) in
        [(wrong_proposer, Refusal::Proposer), (by_other, Refusal::Proposer), (forged, Refusal::Signature)]
    {
        let taken = feed(&mut assembly(LIMITS), peer(1), &split(init, 1, &bytes));
        assert_eq!(taken, [Err(refusal), Err(Refusal::Done)]);
    }
}

#[test]
fn a_locked_validator_may_send_again_in_late_rounds_and_a_stranger_never() {
    let bytes = block_of(10);
    let round = RESTREAM_ROUND;
    let other = (0..4).map(|at| proposer_of(5, at)).find(|address| *address != proposer_of(5, round)).unwrap();
    let messages = split(init_by(other, 5, round, &bytes), 1, &bytes);
    let mut assembly = assembly(LIMITS);
    assembly.enter_round(round);
    assert_eq!(blocks(&feed(&mut assembly, peer(1), &messages)), std::slice::from_ref(&bytes));
    let stranger = Address(secret(5).id());
    let messages = split(init_by(stranger, 5, round, &bytes), 2, &bytes);
    assert_eq!(feed(&mut assembly, peer(2), &messages)[0], Err(Refusal::Proposer));
}

#[test]
fn blocks_of_the_next_height_are_held_until_it_begins() {
    let bytes = block_of(PART_BYTES + 1);
    let mut assembly = assembly(LIMITS);
    let good = split(init(6, 0, &bytes), 1, &bytes);
    assert!(blocks(&feed(&mut assembly, peer(1), &good)).is_empty());
    // Whole, held, and from the wrong proposer: only noticed when the height begins.
    let other = (0..4).map(|round| proposer_of(6, round)).find(|address| *address != proposer_of(6, 0)).unwrap();
    feed(&mut assembly, peer(2), &split(init_by(other, 6, 0, &bytes), 1, &bytes));
    let ready = assembly.start_height(Height(6), set());
    assert_eq!(ready.len(), 1);
    assert_eq!((ready[0].0.bytes.clone(), ready[0].1), (bytes, 2));
    assert_eq!(assembly.bytes_of(peer(1)) + assembly.bytes_of(peer(2)), 0);
}

#[test]
fn a_block_begun_early_and_finished_in_its_height_is_whole() {
    let bytes = block_of(2 * PART_BYTES);
    let messages = split(init(6, 0, &bytes), 1, &bytes);
    let mut assembly = assembly(LIMITS);
    feed(&mut assembly, peer(1), &messages[..2]);
    assert!(assembly.start_height(Height(6), set()).is_empty());
    assert_eq!(blocks(&feed(&mut assembly, peer(1), &messages[2..])), [bytes]);
}

#[test]
fn what_is_over_or_far_ahead_is_dropped() {
    let bytes = block_of(10);
    let mut assembly = assembly(LIMITS);
    for (height, round, refusal) in [
        (4, 0, Refusal::Stale),
        (8, 0, Refusal::FarAhead),
        (5, ROUNDS_APART_MAX + 1, Refusal::FarAhead),
        (6, ROUNDS_APART_MAX + 1, Refusal::FarAhead),
    ] {
        let taken = feed(&mut assembly, peer(1), &split(init(height, round, &bytes), 1, &bytes));
        assert!(taken.iter().all(|taken| *taken == Err(refusal)), "{height} {round}");
    }
    assembly.enter_round(ROUNDS_APART_MAX + 1);
    assert_eq!(feed(&mut assembly, peer(1), &split(init(5, 0, &bytes), 1, &bytes))[0], Err(Refusal::Stale));
    assert!(assembly.streams.is_empty());
}

#[test]
fn heights_that_are_over_release_their_bytes() {
    let bytes = block_of(2 * PART_BYTES);
    let mut assembly = assembly(LIMITS);
    feed(&mut assembly, peer(1), &split(init(5, 0, &bytes), 1, &bytes)[..2]);
    assert_eq!(assembly.bytes_of(peer(1)), PART_BYTES);
    assembly.start_height(Height(6), set());
    assert_eq!(assembly.bytes_of(peer(1)), 0);
}

#[test]
fn lengths_that_no_block_has_are_refused() {
    let bytes = block_of(2 * PART_BYTES);
    let empty = init(5, 0, &Bytes::new());
    let long = init(5, 0, &block_of(4 * PART_BYTES + 1));
    for init in [empty, long] {
        let messages = split(init, 1, &bytes);
        assert_eq!(feed(&mut assembly(LIMITS), peer(1), &messages[..1]), [Err(Refusal::BlockLength)]);
    }
    let good = split(init(5, 0, &bytes), 1, &bytes);
    let id = good[0].stream_id.clone();
    let data =
        |sequence, length| StreamMessage::new(id.clone(), sequence, StreamContent::Data(Part::Data(block_of(length))));
    for (first, second) in [
        (good[0].clone(), data(1, PART_BYTES - 1)), // short, after part 0
        (good[0].clone(), data(3, PART_BYTES)),     // past the end
        (good[0].clone(), data(0, PART_BYTES)),     // in the place of part 0
        (data(2, PART_BYTES - 1), good[0].clone()), // short, before part 0
        (data(3, 1), good[0].clone()),              // past the end, before part 0
    ] {
        let taken = feed(&mut assembly(LIMITS), peer(1), &[first, second]);
        assert_eq!(taken, [Ok(None), Err(Refusal::PartLength)]);
    }
    for alone in [data(1, 0), data(5, 1), data(u64::MAX, 1), data(1, PART_BYTES + 1)] {
        assert_eq!(feed(&mut assembly(LIMITS), peer(1), &[alone]), [Err(Refusal::PartLength)]);
    }
}

#[test]
fn a_part_sent_twice_must_be_the_same() {
    let bytes = block_of(2 * PART_BYTES);
    let good = split(init(5, 0, &bytes), 1, &bytes);
    let mut other = good[1].clone();
    other.content = StreamContent::Data(Part::Data(Bytes::from(vec![0; PART_BYTES])));
    let taken = feed(&mut assembly(LIMITS), peer(1), &[good[0].clone(), good[1].clone(), other, good[2].clone()]);
    assert_eq!(taken, [Ok(None), Ok(None), Err(Refusal::Conflict), Err(Refusal::Done)]);
    let second = split(init(5, 0, &block_of(7)), 1, &bytes);
    let taken = feed(&mut assembly(LIMITS), peer(1), &[good[0].clone(), second[0].clone()]);
    assert_eq!(taken, [Ok(None), Err(Refusal::Conflict)]);
}

#[test]
fn streams_per_peer_and_round_are_bounded() {
    let bytes = block_of(2 * PART_BYTES);
    let mut assembly = assembly(LIMITS);
    let begin = |assembly: &mut Assembly<u32>, round, nonce| {
        feed(assembly, peer(1), &split(init(5, round, &bytes), nonce, &bytes)[..1])[0].clone()
    };
    for round in 0..3 {
        assert_eq!(begin(&mut assembly, round, 1), Ok(None));
    }
    assert_eq!(begin(&mut assembly, 3, 1), Err(Refusal::TooManyStreams));
    // Another peer is not held back by it.
    assert_eq!(feed(&mut assembly, peer(2), &split(init(5, 3, &bytes), 1, &bytes)[..1]), [Ok(None)]);
    // Complete blocks leave room for others, but not endlessly within one round.
    let small = block_of(3);
    for nonce in 0..10 {
        let taken = feed(&mut assembly, peer(3), &split(init(5, 0, &small), nonce, &small));
        assert_eq!(blocks(&taken).len(), usize::from(nonce < STREAMS_PER_ROUND_MAX as u64));
    }
}

#[test]
fn bytes_per_peer_are_bounded_and_count_against_who_delivered_them() {
    let limits = PartLimits { bytes_per_peer_max: 3 * PART_BYTES, ..LIMITS };
    let bytes = block_of(4 * PART_BYTES);
    let messages = split(init(5, 0, &bytes), 1, &bytes);
    let mut assembly = assembly(limits);
    // Delivered by peer 1, whoever is named as publisher.
    let taken: Vec<Taken> =
        messages.iter().map(|message| assembly.insert(peer(1), peer(9), message.clone(), 0)).collect();
    assert_eq!(taken[4], Err(Refusal::TooManyBytes));
    assert_eq!(assembly.bytes_of(peer(1)), 3 * PART_BYTES);
    assert_eq!(assembly.bytes_of(peer(9)), 0);
}

#[test]
fn a_stream_id_of_another_form_is_refused() {
    let bytes = block_of(3);
    let mut message = split(init(5, 0, &bytes), 1, &bytes).remove(0);
    for id in [Bytes::new(), Bytes::from_static(&[0; 19]), Bytes::from_static(&[0; 21])] {
        message.stream_id = StreamId::new(id);
        assert_eq!(assembly(LIMITS).insert(peer(1), peer(1), message.clone(), 0), Err(Refusal::StreamId));
    }
}

/// Gossip carries whatever publisher a message names, so a neighbour could name a new one each time.
#[test]
fn made_up_publishers_do_not_fill_the_memory() {
    let id = StreamName { height: Height(5), round: 0, nonce: 0 }.id();
    let bad = StreamMessage::new(id, 9, StreamContent::Data(Part::Data(Bytes::new())));
    let mut assembly = assembly(LIMITS);
    let mut secret = [0u8; 32];
    for publisher in 0..STREAMS_REMEMBERED_MAX + 10 {
        secret[..8].copy_from_slice(&(publisher as u64).to_le_bytes());
        let publisher = crate::peer_id(secret).unwrap().parse().unwrap();
        assert!(assembly.insert(peer(1), publisher, bad.clone(), 0).is_err());
    }
    assert_eq!(assembly.streams.len(), STREAMS_REMEMBERED_MAX);
}
