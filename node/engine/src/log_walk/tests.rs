#![allow(clippy::unwrap_used, reason = "tests")]

use arc_malachitebft_app_channel::app::consensus::ProposedValue;
use arc_malachitebft_app_channel::app::engine::wal::encode_entry;
use arc_malachitebft_app_channel::app::types::core::{Round, SignedMessage, Timeout, Validity, ValueOrigin};
use arc_malachitebft_app_channel::app::wal::Log;
use huxin_chain_spec::crypto::{Digest, Signature};

use super::*;
use crate::context::{Address, Height, Proposal, Value, Vote};
use crate::sign_state::{Heard, Permit, SignBinding};

const ME: KeyId = KeyId(Digest([3; 32]));
const BLOCK: Digest = Digest([7; 32]);
const HEIGHT: u64 = 21;

fn signature() -> Signature {
    // No zeros at the end, as of a real one.
    Signature::Ed25519(std::array::from_fn(|index| u8::try_from(index).unwrap() | 1))
}

fn vote(vote_type: VoteType, by: KeyId, height: u64) -> Input<Ctx> {
    let vote = Vote::new(vote_type, Height(height), Round::new(0), NilOrVal::Val(BLOCK), Address(by));
    Input::Vote(SignedMessage::new(vote, signature()))
}

/// What a validator writes in a round that it leads.
fn inputs() -> Vec<Input<Ctx>> {
    let proposal = Proposal {
        height: Height(HEIGHT),
        round: Round::new(0),
        value: Value(BLOCK),
        pol_round: Round::Nil,
        proposer: Address(ME),
    };
    let value = ProposedValue {
        height: Height(HEIGHT),
        round: Round::new(0),
        valid_round: Round::Nil,
        proposer: Address(ME),
        value: Value(BLOCK),
        validity: Validity::Valid,
    };
    vec![
        Input::ProposedValue(value, ValueOrigin::Consensus),
        Input::Proposal(SignedMessage::new(proposal, signature())),
        vote(VoteType::Prevote, ME, HEIGHT),
        vote(VoteType::Prevote, KeyId(Digest([4; 32])), HEIGHT),
        Input::TimeoutElapsed(Timeout::prevote(Round::new(0))),
        vote(VoteType::Precommit, ME, HEIGHT),
    ]
}

fn written(inputs: Vec<Input<Ctx>>) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("consensus.wal");
    // The engine's own code writes it.
    let mut log = Log::open(&path).unwrap();
    log.reset(HEIGHT).unwrap();
    for input in inputs {
        let mut entry = Vec::new();
        encode_entry(input, &WireCodec, &mut entry).unwrap();
        log.append(&entry).unwrap();
    }
    log.flush().unwrap();
    std::fs::read(&path).unwrap()
}

fn ends(bytes: &[u8]) -> Vec<usize> {
    let mut ends = vec![HEADER_BYTES];
    while let Some(at) = ends.last().filter(|at| **at < bytes.len()) {
        ends.push(at + ENTRY_HEADER_BYTES + usize::try_from(number(bytes, at + 1).unwrap()).unwrap());
    }
    ends
}

#[test]
fn a_sound_log_is_read_to_its_end() {
    let bytes = written(inputs());
    let walked = walk(&bytes, ME).unwrap();
    assert_eq!((walked.height, walked.end, walked.tail), (HEIGHT, bytes.len(), Tail::None));
    let steps: Vec<Step> = walked.own.iter().map(|statement| statement.step).collect();
    assert_eq!(steps, [Step::Proposal, Step::Prevote, Step::Precommit]);
}

/// A flag, a length, a checksum, a tag, a height, a signature: whatever bit of whatever entry is flipped, it is damage, and never
/// read as an end.
#[test]
fn every_flipped_bit_of_every_entry_is_damage() {
    let bytes = written(inputs());
    for bit in HEADER_BYTES * 8..bytes.len() * 8 {
        let mut bad = bytes.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        let walked = walk(&bad, ME);
        assert!(walked.is_err(), "bit {} of byte {}: {walked:?}", bit % 8, bit / 8);
    }
}

#[test]
fn every_flipped_bit_of_the_header_is_damage() {
    let bytes = written(inputs());
    for bit in 0..HEADER_BYTES * 8 {
        let mut bad = bytes.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        assert!(walk(&bad, ME).is_err(), "bit {bit}");
    }
}

/// What a power cut leaves: an entry that ends too early, wherever it was cut, loses that entry and no other.
#[test]
fn a_log_cut_anywhere_loses_only_the_entry_that_was_cut() {
    let bytes = written(inputs());
    let ends = ends(&bytes);
    for cut in HEADER_BYTES..bytes.len() {
        let walked = walk(&bytes[..cut], ME).unwrap();
        assert_eq!(walked.end, *ends.iter().rfind(|end| **end <= cut).unwrap(), "cut at {cut}");
        assert_eq!(walked.tail == Tail::None, ends.contains(&cut));
    }
}

/// ext4 and xfs may leave zeros where data was not written before a power cut. The engine reads them as empty entries, hangs, and
/// never starts again.
#[test]
fn zeros_at_the_end_are_a_torn_tail() {
    let bytes = written(inputs());
    for zeros in [1, 12, 13, 26, 4096] {
        let mut torn = bytes.clone();
        torn.resize(bytes.len() + zeros, 0);
        let walked = walk(&torn, ME).unwrap();
        assert_eq!((walked.end, walked.tail), (bytes.len(), Tail::Torn), "{zeros}");
    }
    // The last entry itself, from its middle on.
    let last = ends(&bytes)[inputs().len() - 1];
    let mut torn = bytes.clone();
    torn[last + 40..].fill(0);
    assert_eq!(walk(&torn, ME).unwrap().end, last);
}

#[test]
fn a_log_that_cannot_hold_a_vote_is_no_damage() {
    let bytes = written(inputs());
    for cut in 1..HEADER_BYTES {
        assert_eq!(walk(&bytes[..cut], ME).unwrap().tail, Tail::NoHeader);
    }
    assert_eq!(walk(&[0; 300], ME).unwrap().tail, Tail::NoHeader);
    assert_eq!(walk(&[], ME).unwrap().tail, Tail::None);
}

const BINDING: SignBinding = SignBinding { genesis: Digest::ZERO, store: [0; 16], key: ME };

struct Bench {
    folder: tempfile::TempDir,
    state: SignState,
}

impl Bench {
    /// A sign-state that knows nothing of the past.
    fn lost() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let state = SignState::open(&folder.path().join("k.sign-state"), &BINDING, HEIGHT - 1).unwrap();
        Self { folder, state }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("k.sign-state")
    }

    /// As the command does, with the node stopped.
    fn recover(&self, above: Option<(u64, u32)>) -> Result<crate::Recovered, EngineError> {
        self.state.close();
        crate::recover(self.folder.path(), &self.path(), &BINDING, HEIGHT - 1, above)
    }

    fn new() -> Self {
        let Self { folder, state } = Self::lost();
        state.hear(&Heard { told: 3, at_zero: 3, own_power: 1, total: 4, ..Heard::default() }).unwrap();
        Self { folder, state }
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("consensus.wal")
    }

    fn prepare(&self, bytes: &[u8]) -> Result<(), EngineError> {
        std::fs::write(self.log(), bytes).unwrap();
        self.look()
    }

    fn look(&self) -> Result<(), EngineError> {
        prepare(&self.log(), ME, HEIGHT - 1, &self.state)
    }

    fn sign(&self, step: Step) {
        let statement = Statement { height: HEIGHT, round: 0, step, block: Some(BLOCK) };
        assert_eq!(self.state.permit(&statement).unwrap(), Permit::New);
    }

    fn signed() -> Self {
        let bench = Self::new();
        for step in [Step::Proposal, Step::Prevote, Step::Precommit] {
            bench.sign(step);
        }
        bench
    }

    fn votes_for_another(&self) -> Permit {
        let other = Statement { height: HEIGHT, round: 1, step: Step::Prevote, block: Some(Digest([8; 32])) };
        self.state.permit(&other).unwrap()
    }
}

/// The first start used to destroy what the second one needed.
#[test]
fn a_damaged_log_is_refused_at_every_start_and_no_byte_changes() {
    let bench = Bench::signed();
    let mut bad = written(inputs());
    bad[60] ^= 1;
    let refused = bench.prepare(&bad).unwrap_err();
    assert!(matches!(refused, EngineError::LogDamaged { .. }), "{refused}");
    for _ in 0..3 {
        assert_eq!(bench.look(), Err(refused.clone()));
        assert_eq!(std::fs::read(bench.log()).unwrap(), bad);
    }
    // Taken away by hand: the marker still refuses.
    std::fs::remove_file(bench.log()).unwrap();
    assert_eq!(bench.look(), Err(refused));
    assert_eq!(set_aside(&bench.log()).unwrap(), None);
    bench.look().unwrap();
    assert_eq!(bench.votes_for_another(), Permit::Nothing, "the lock is in the sign-state");
}

#[test]
fn a_torn_tail_is_cut_off_and_a_copy_is_kept() {
    let bench = Bench::signed();
    let bytes = written(inputs());
    bench.prepare(&[bytes.as_slice(), &[0; 26]].concat()).unwrap();
    assert_eq!(std::fs::read(bench.log()).unwrap(), bytes);
    assert_eq!(std::fs::read(sibling(&bench.log(), "torn-0")).unwrap().len(), bytes.len() + 26);
    assert_eq!(bench.votes_for_another(), Permit::New, "the log restores the lock");
}

/// A precommit was signed and the log does not hold it: removed, emptied, of another height, or cut where no checksum tells.
#[test]
fn a_log_without_the_lock_holds_votes_to_it() {
    let sound = written(inputs());
    let cut = ends(&sound)[inputs().len() - 1];
    let mut of_another_height = written(Vec::new());
    of_another_height[11] = 20;
    for bytes in [Vec::new(), sound[..cut].to_vec(), of_another_height, sound[..7].to_vec()] {
        let bench = Bench::signed();
        bench.prepare(&bytes).unwrap();
        assert!(!bench.log().exists(), "set aside");
        assert_eq!(bench.votes_for_another(), Permit::Nothing);
        assert_eq!(bench.state.locked_without_log(HEIGHT), Some(BLOCK));
    }
}

/// A sign-state that was restored from a backup beside a log that goes on from there.
#[test]
fn a_sign_state_older_than_the_log_is_refused() {
    let bench = Bench::new();
    bench.sign(Step::Proposal);
    let refused = bench.prepare(&written(inputs())).unwrap_err();
    assert!(matches!(refused, EngineError::SignStateOther { .. }), "{refused}");
}

/// `huxin-node recover` set such a log aside unread, and with it the only trace of what the sign-state had forgotten.
#[test]
fn a_log_that_knows_more_than_the_sign_state_is_not_set_aside() {
    let mut damaged_later = written(inputs());
    *damaged_later.last_mut().unwrap() ^= 1;
    for bytes in [written(inputs()), damaged_later] {
        let bench = Bench::new();
        bench.sign(Step::Proposal);
        bench.state.close();
        std::fs::write(bench.log(), &bytes).unwrap();
        let refused = bench.recover(None).unwrap_err();
        assert!(matches!(refused, EngineError::SignStateOther { .. }), "{refused}");
        assert_eq!(std::fs::read(bench.log()).unwrap(), bytes);
    }
}

/// The operator's word is compared with what the log says.
#[test]
fn an_operators_word_below_the_log_is_refused() {
    for damaged in [false, true] {
        let bench = Bench::lost();
        let mut bytes = written(inputs());
        if damaged {
            bytes[HEADER_BYTES + 20] ^= 1;
        }
        std::fs::write(bench.log(), &bytes).unwrap();
        {
            let above = (HEIGHT - 1, u32::MAX);
            let refused = bench.recover(Some(above)).unwrap_err();
            assert!(
                matches!(refused, EngineError::Recover { .. }) && refused.to_string().contains("height 21"),
                "{refused}"
            );
            assert_eq!(std::fs::read(bench.log()).unwrap(), bytes);
            assert!(!SignState::look(&bench.path(), &BINDING, HEIGHT - 1).unwrap().past_known, "nothing has changed");
        }
        let done = bench.recover(Some((HEIGHT, 0))).unwrap();
        assert!(done.signing.past_known && done.log_kept.is_some());
    }
}

/// `--after-height 18446744073709551615` was taken: that validator never voted again, and `/ready` said 200.
#[test]
fn an_operators_word_far_above_the_chain_is_refused() {
    let bench = Bench::lost();
    let tip = HEIGHT - 1;
    for height in [u64::MAX, tip + 1_000_001] {
        let refused = bench.recover(Some((height, u32::MAX))).unwrap_err();
        assert!(refused.to_string().contains(&format!("height {height} is more than 1000000 above")), "{refused}");
        assert!(!SignState::look(&bench.path(), &BINDING, tip).unwrap().past_known, "nothing has changed");
    }
    assert!(bench.recover(Some((tip + 1_000_000, u32::MAX))).unwrap().signing.past_known);
}

/// Store and sign-state were lost, and the log was not: it names a height that this validator was at before.
#[test]
fn a_log_of_an_earlier_life_is_evidence_of_a_past() {
    for (tip, bytes) in [(0, written(Vec::new())), (HEIGHT - 1, written(inputs()))] {
        let bench = Bench::lost();
        std::fs::write(bench.log(), bytes).unwrap();
        prepare(&bench.log(), ME, tip, &bench.state).unwrap();
        // The engine begins a new log; the sign-state remembers.
        let _ = std::fs::remove_file(bench.log());
        bench.state.close();
        let state = SignState::open(&bench.path(), &BINDING, tip).unwrap();
        let heard = Heard { told: 3, at_zero: 3, own_power: 1, total: 4, ..Heard::default() };
        state.hear(&heard).unwrap();
        assert!(!state.knows_past() && !state.may_say_zero(), "not a chain that begins");
        state.hear(&Heard { believed: 5, highest: 5, at_zero: 0, ..heard }).unwrap();
        assert_eq!(state.status().above_height, HEIGHT, "not below what the log names");
    }
    let bench = Bench::lost();
    std::fs::write(bench.log(), {
        let mut first = written(Vec::new());
        first[11] = 1;
        first
    })
    .unwrap();
    prepare(&bench.log(), ME, 0, &bench.state).unwrap();
    assert!(bench.state.may_say_zero(), "a first start that was repeated");
}

#[test]
fn the_checksum_is_the_common_one() {
    assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    assert_eq!(crc32(b""), 0);
}
