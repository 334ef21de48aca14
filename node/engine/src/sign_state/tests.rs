#![allow(clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use std::os::unix::fs::FileExt as _;

use super::*;

const KEY: KeyId = KeyId(Digest([3; 32]));

fn binding() -> SignBinding {
    SignBinding { genesis: Digest([1; 32]), store: [2; 16], key: KEY }
}

fn prevote(height: u64, round: u32, block: Option<u8>) -> Statement {
    Statement { height, round, step: Step::Prevote, block: block.map(|byte| Digest([byte; 32])) }
}

struct Bench {
    folder: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("consensus.key.sign-state")
    }

    fn open_at(&self, binding: &SignBinding, tip: u64) -> Result<SignState, EngineError> {
        SignState::open(&self.path(), binding, tip)
    }

    fn open(&self) -> SignState {
        self.open_at(&binding(), 7).unwrap()
    }

    /// A sign-state that has signed one prevote at height 8, closed again.
    fn signed() -> Self {
        let bench = Self::new();
        let state = bench.open();
        state.settle((0, u32::MAX)).unwrap();
        assert_eq!(state.permit(&prevote(8, 0, Some(1))).unwrap(), Permit::New);
        state.close();
        bench
    }
}

/// What is known of a statement is on disk before it may be signed, and is known after a restart.
#[test]
fn a_restart_remembers_what_was_signed() {
    let bench = Bench::signed();
    for _ in 0..3 {
        let state = bench.open();
        assert_eq!(state.permit(&prevote(8, 0, Some(1))).unwrap(), Permit::Same);
        assert_eq!(state.permit(&prevote(8, 0, None)).unwrap(), Permit::Again(prevote(8, 0, Some(1))));
        assert_eq!(state.permit(&prevote(7, 0, None)).unwrap(), Permit::Withheld(Withheld::Signed));
        state.close();
    }
    let state = bench.open();
    assert!(state.has_lost_log(8), "a vote was repeated in another's place: the log cannot be replayed");
    assert_eq!(state.permit(&prevote(9, 0, None)).unwrap(), Permit::New);
}

#[test]
fn a_second_process_on_the_same_key_file_is_refused() {
    let bench = Bench::signed();
    let first = bench.open();
    assert!(matches!(bench.open_at(&binding(), 7), Err(EngineError::SignStateInUse { .. })));
    first.close();
    assert_eq!(first.permit(&prevote(9, 0, None)), Err(EngineError::Stopped), "closed: nothing is signed any more");
    bench.open();
}

/// Either slot may hold the newest statement, so neither may be lost.
#[test]
fn a_flipped_byte_anywhere_in_either_record_is_refused() {
    let bench = Bench::signed();
    let good = std::fs::read(bench.path()).unwrap();
    let length = |slot: usize| good[slot..slot + 4096].iter().rposition(|byte| *byte != 0).unwrap() + 1;
    for slot in [0, 4096] {
        for at in slot..slot + length(slot) {
            let mut bad = good.clone();
            bad[at] ^= 0x10;
            std::fs::write(bench.path(), &bad).unwrap();
            assert!(matches!(bench.open_at(&binding(), 7), Err(EngineError::SignState { .. })), "byte {at}");
        }
    }
    for cut in [0, 1, 100, 4096, 4100] {
        std::fs::write(bench.path(), &good[..cut]).unwrap();
        assert!(matches!(bench.open_at(&binding(), 7), Err(EngineError::SignState { .. })), "cut to {cut}");
    }
    std::fs::write(bench.path(), &good).unwrap();
    bench.open();
}

/// The two slots exchanged: each would still check by itself.
#[test]
fn records_in_the_wrong_slots_are_refused() {
    let bench = Bench::signed();
    let good = std::fs::read(bench.path()).unwrap();
    let swapped = [&good[4096..], &good[..4096]].concat();
    std::fs::write(bench.path(), swapped).unwrap();
    assert!(matches!(bench.open_at(&binding(), 7), Err(EngineError::SignState { .. })));
}

#[test]
fn exchanged_keys_chains_and_stores_are_refused() {
    let bench = Bench::signed();
    for (other, word) in [
        (SignBinding { key: KeyId(Digest([9; 32])), ..binding() }, "consensus key"),
        (SignBinding { genesis: Digest([9; 32]), ..binding() }, "genesis"),
        (SignBinding { store: [9; 16], ..binding() }, "exchanged, copied or restored"),
    ] {
        let refused = bench.open_at(&other, 7).err().unwrap();
        assert!(
            matches!(refused, EngineError::SignStateOther { .. }) && refused.to_string().contains(word),
            "{refused}"
        );
    }
    bench.open();
}

/// An emptied store gets a new identity. It is taken, and what was signed stays.
#[test]
fn an_empty_store_is_taken_and_forgets_nothing() {
    let bench = Bench::signed();
    let emptied = SignBinding { store: [9; 16], ..binding() };
    let state = bench.open_at(&emptied, 0).unwrap();
    assert_eq!(state.permit(&prevote(1, 0, None)).unwrap(), Permit::Withheld(Withheld::Signed));
    assert!(state.is_silent_at(7, 0) && !state.is_silent_at(9, 0));
    state.close();
    assert!(
        matches!(bench.open_at(&binding(), 7), Err(EngineError::SignStateOther { .. })),
        "the old store is not it any more"
    );
    bench.open_at(&emptied, 7).unwrap();
}

/// What one of four hears of `told` others that are all at `tip`.
fn heard(tip: u64, told: u64, own: u64) -> Heard {
    let believed = if told >= 2 { tip } else { 0 };
    let at_zero = if tip == 0 { told } else { 0 };
    Heard { believed, highest: tip, first: tip, told, at_zero, own, start: own, own_power: 1, total: 4, at_ms: 0 }
}

const WAITED_MS: u64 = 31_000;

/// A chain that begins, told from one whose other half has lost its disks as well.
#[test]
fn a_chain_is_new_only_where_a_quorum_has_decided_nothing() {
    let bench = Bench::new();
    let state = bench.open_at(&binding(), 0).unwrap();
    state.hear(&Heard { highest: 500, first: 500, at_zero: 1, ..heard(0, 2, 0) }).unwrap();
    assert!(!state.knows_past());
    let doubtful = Heard { highest: 500, first: 500, at_zero: 2, ..heard(0, 3, 0) };
    state.hear(&doubtful).unwrap();
    assert!(!state.knows_past(), "the one that is further may be the only honest one, and may show its blocks");
    state.hear(&Heard { at_ms: WAITED_MS, ..doubtful }).unwrap();
    assert!(state.knows_past(), "one of four may lie, and cannot stop a founding");
    assert_eq!(state.permit(&prevote(1, 0, None)).unwrap(), Permit::New);
}

/// The other side: blocks arrive from the one that is further, and nothing is signed below where it says to be.
#[test]
fn a_peer_that_is_further_is_waited_for_while_its_blocks_arrive() {
    let bench = Bench::new();
    let state = bench.open_at(&binding(), 0).unwrap();
    let at = |own: u64, seconds: u64| Heard {
        highest: 500,
        first: 500,
        at_zero: 2,
        own,
        at_ms: seconds * 1_000,
        ..heard(0, 3, 0)
    };
    for (own, seconds) in [(0, 0), (0, 20), (60, 40), (60, 60), (300, 80), (498, 100), (498, 120)] {
        state.hear(&at(own, seconds)).unwrap();
        assert!(!state.knows_past(), "at {own} after {seconds} s");
    }
    state.hear(&at(500, 125)).unwrap();
    assert_eq!(state.status().above_height, 502);
}

/// A founder that was a moment slower than a quorum of the others watched the chain for two heights, and stopped it if one of
/// the others went away meanwhile.
#[test]
fn a_founder_that_heard_all_before_the_first_block_does_not_watch() {
    let begun = |late: Heard| {
        let bench = Bench::new();
        let state = bench.open_at(&binding(), 0).unwrap();
        state.hear(&late).unwrap();
        (state.knows_past(), state.status().above_height)
    };
    let late = Heard { first: 0, at_zero: 3, start: 0, ..heard(1, 3, 1) };
    assert_eq!(begun(late), (true, 0));
    assert_eq!(begun(Heard { first: 1, at_zero: 2, ..late }), (true, 3), "one had decided before it was heard");
    assert_eq!(begun(Heard { at_zero: 1, ..late }), (true, 3), "too few said that nothing is decided");
    assert_eq!(begun(Heard { start: 1, ..late }), (true, 3), "this node's own store had a block");
}

/// A height was taken from silence: the engine tells no tip before the first decision, and neither does who has lost its disks.
#[test]
fn silence_begins_no_chain() {
    let bench = Bench::new();
    let state = bench.open_at(&binding(), 0).unwrap();
    for told in [0, 1] {
        state.hear(&heard(0, told, 0)).unwrap();
        assert!(!state.knows_past(), "{told} of 3");
    }
    state.hear(&heard(0, 2, 0)).unwrap();
    assert!(state.knows_past());
}

/// The one validator of a chain has nobody to ask; one that holds most of the power has.
#[test]
fn only_the_one_validator_of_a_chain_begins_it_unasked() {
    let begun = |own_power, total, at_zero| {
        let bench = Bench::new();
        let state = bench.open_at(&binding(), 0).unwrap();
        state.hear(&Heard { own_power, total, at_zero, told: at_zero, ..Heard::default() }).unwrap();
        state.knows_past()
    };
    assert!(begun(1, 1, 0) && !begun(10, 12, 0) && begun(10, 12, 1));
}

/// Two of three others used to do: one that lies and one that is behind set the height below what this key had signed.
#[test]
fn two_thirds_of_the_others_power_set_the_height() {
    let bench = Bench::new();
    let state = bench.open();
    for told in 0..3 {
        state.hear(&heard(500, told, 7)).unwrap();
        assert!(!state.knows_past(), "{told} of 3");
    }
    state.hear(&Heard { believed: 0, ..heard(500, 3, 7) }).unwrap();
    assert!(!state.knows_past(), "two of them say nothing of that height, and this node's own store may be an old one");
    state.hear(&heard(500, 3, 7)).unwrap();
    assert_eq!(state.status().above_height, 502);
}

/// A vote of its own earlier life stopped a validator that had lost its sign-state, again at every start.
#[test]
fn before_the_past_is_known_no_statement_is_another_process_s() {
    let bench = Bench::new();
    let state = bench.open();
    assert!(!state.is_foreign(&prevote(8, 0, Some(1))));
    state.hear(&heard(8, 3, 8)).unwrap();
    assert!(!state.is_foreign(&prevote(10, 0, Some(1))) && state.is_foreign(&prevote(11, 0, Some(1))));
}

/// A restart forgot that another process signs with the key, and went on to sign beside it.
#[test]
fn another_process_that_was_met_is_remembered() {
    let bench = Bench::signed();
    let state = bench.open();
    state.meet_another(&prevote(12, 3, Some(9)));
    assert_eq!(state.permit(&prevote(13, 0, None)).unwrap(), Permit::Withheld(Withheld::PastUnknown));
    state.close();
    for _ in 0..2 {
        let refused = check_mark(&bench.path()).unwrap_err();
        assert!(
            refused.to_string().contains("height 12, round 3") && refused.to_string().contains("recover"),
            "{refused}"
        );
        let looked = crate::inspect(&bench.folder.path().join("wal"), &bench.path(), &binding(), 7);
        assert!(matches!(looked, Err(EngineError::AnotherSigner { .. })));
    }
    let wal = bench.folder.path().join("wal");
    let recover = |above| crate::recover(&wal, &bench.path(), &binding(), 7, above);
    assert!(matches!(recover(Some((11, u32::MAX))), Err(EngineError::Recover { .. })), "below what the other signed");
    assert!(!recover(None).unwrap().signing.past_known, "what else the other signed is not known");
    check_mark(&bench.path()).unwrap();
    let state = bench.open();
    state.hear(&heard(11, 3, 7)).unwrap();
    assert_eq!(state.status().above_height, 13);
    state.close();
}

/// The sync of a statement waited behind whatever filled the runtime's pool of blocking threads, such as questions to the API.
#[test]
fn a_statement_does_not_wait_for_other_blocking_work() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().max_blocking_threads(1).build().unwrap();
    runtime.block_on(async {
        let (done, wait) = std::sync::mpsc::channel::<()>();
        let busy = tokio::task::spawn_blocking(move || wait.recv());
        let bench = Bench::signed();
        let state = bench.open();
        let asked = tokio::time::timeout(Duration::from_secs(60), state.ask(prevote(9, 0, None)));
        assert_eq!(asked.await.unwrap().unwrap(), Permit::New);
        done.send(()).unwrap();
        busy.await.unwrap().unwrap();
    });
}

#[test]
fn a_new_sign_state_signs_nothing_until_the_past_is_known() {
    let bench = Bench::new();
    let state = bench.open();
    let asked = |height| state.permit(&prevote(height, 0, None)).unwrap();
    assert_eq!(asked(8), Permit::Withheld(Withheld::PastUnknown));
    // All three others are needed to be sure; one is not heard.
    state.hear(&heard(500, 2, 7)).unwrap();
    assert_eq!(asked(501), Permit::Withheld(Withheld::PastUnknown));
    state.hear(&heard(500, 3, 7)).unwrap();
    assert_eq!(asked(502), Permit::Withheld(Withheld::Floor));
    assert_eq!(asked(503), Permit::New);
    state.close();
    let again = bench.open_at(&binding(), 502).unwrap();
    assert_eq!(again.permit(&prevote(503, 0, None)).unwrap(), Permit::Same);
}

/// A node that is alone knows nothing of its past unless there was none.
#[test]
fn a_single_validator_without_its_sign_state_needs_a_word() {
    let bench = Bench::new();
    let state = bench.open();
    state.hear(&Heard { total: 1, ..heard(0, 0, 7) }).unwrap();
    assert!(!state.knows_past());
    state.set_floor((8, u32::MAX)).unwrap();
    assert_eq!(state.permit(&prevote(8, 9, None)).unwrap(), Permit::Withheld(Withheld::Floor));
    assert_eq!(state.permit(&prevote(9, 0, None)).unwrap(), Permit::New);
    assert!(matches!(state.set_floor((8, u32::MAX)), Err(EngineError::Recover { .. })), "below what was signed");
}

#[test]
fn what_others_have_decided_is_not_voted_on() {
    let bench = Bench::signed();
    let state = bench.open();
    state.hear(&heard(20, 3, 8)).unwrap();
    assert_eq!(state.permit(&prevote(19, 0, None)).unwrap(), Permit::Withheld(Withheld::Decided));
    // The highest itself may be the word of some who decided it a moment ago.
    assert_eq!(state.permit(&prevote(20, 0, None)).unwrap(), Permit::New);
}

/// The file stays two pages long: overwriting is what keeps one sync cheap. Prints what a statement costs here (`--no-capture`).
#[test]
fn a_thousand_statements_do_not_lengthen_the_file() {
    let bench = Bench::signed();
    let state = bench.open();
    let mut costs_us: Vec<u128> = (9..1_009)
        .map(|height| {
            let started = std::time::Instant::now();
            assert_eq!(state.permit(&prevote(height, 0, None)).unwrap(), Permit::New);
            started.elapsed().as_micros()
        })
        .collect();
    costs_us.sort_unstable();
    println!(
        "a statement, judged and synced: p50 {} us, p90 {} us, p99 {} us",
        costs_us[500], costs_us[900], costs_us[990]
    );
    assert_eq!(std::fs::metadata(bench.path()).unwrap().len(), 8192);
    let mut tail = [1; 64];
    std::fs::File::open(bench.path()).unwrap().read_exact_at(&mut tail, 8192 - 64).unwrap();
    assert_eq!(tail, [0; 64]);
}

fn next_key() -> SignBinding {
    SignBinding { key: KeyId(Digest([4; 32])), ..binding() }
}

fn heard_tips(tips: &[u64]) -> Heard {
    let mut sorted = tips.to_vec();
    sorted.sort_unstable_by(|a, b| b.cmp(a));
    Heard {
        believed: sorted.get(1).copied().unwrap_or(0),
        highest: sorted.first().copied().unwrap_or(0),
        told: u64::try_from(tips.len()).unwrap(),
        first: sorted.first().copied().unwrap_or(0),
        at_zero: 0,
        own: 8,
        start: 8,
        own_power: 1,
        total: 4,
        at_ms: 0,
    }
}

/// A network of three, or of four with one down, waits for the new key: watching would stop it for good.
#[test]
fn a_replaced_key_that_the_chain_waits_for_votes_at_once() {
    let bench = Bench::signed();
    let kept = SignState::succeed(&bench.path(), &next_key(), KEY, 8).unwrap();
    assert!(kept.exists() && SignState::key_at(&kept).unwrap() == Some(KEY));
    let state = bench.open_at(&next_key(), 8).unwrap();
    assert_eq!(state.permit(&prevote(9, 0, Some(1))).unwrap(), Permit::Withheld(Withheld::PastUnknown));
    state.hear(&heard_tips(&[8])).unwrap();
    assert!(!state.knows_past(), "one peer is no quorum");
    state.close();
    let state = bench.open_at(&next_key(), 8).unwrap();
    state.hear(&heard_tips(&[8, 8])).unwrap();
    assert_eq!(state.permit(&prevote(8, 0, Some(1))).unwrap(), Permit::Withheld(Withheld::Floor));
    assert_eq!(state.permit(&prevote(9, 0, Some(1))).unwrap(), Permit::New);
}

/// Far ahead, by one word: a liar, or the only one that is not behind. Its blocks decide.
#[test]
fn a_replaced_key_waits_for_the_blocks_of_a_peer_that_is_far_ahead() {
    let bench = Bench::signed();
    SignState::succeed(&bench.path(), &next_key(), KEY, 8).unwrap();
    let state = bench.open_at(&next_key(), 8).unwrap();
    state.hear(&heard_tips(&[500, 8])).unwrap();
    assert!(!state.knows_past());
    state.hear(&Heard { own: 500, at_ms: 5_000, ..heard_tips(&[500, 8]) }).unwrap();
    assert_eq!(state.status().above_height, 502);
}

#[test]
fn a_replaced_key_watches_where_a_single_peer_is_ahead() {
    let bench = Bench::signed();
    SignState::succeed(&bench.path(), &next_key(), KEY, 8).unwrap();
    let state = bench.open_at(&next_key(), 8).unwrap();
    state.hear(&heard_tips(&[8, 9])).unwrap();
    assert_eq!(state.permit(&prevote(9, 0, Some(1))).unwrap(), Permit::Withheld(Withheld::Floor));
    assert_eq!(state.permit(&prevote(11, 0, Some(1))).unwrap(), Permit::New);
}

/// Evidence of the wrong kind changes nothing: another key's file, another store, an old key that is not the one replaced.
#[test]
fn only_the_replaced_keys_own_file_beside_its_store_is_evidence() {
    let bench = Bench::signed();
    for (binding, old) in [
        (next_key(), KeyId(Digest([5; 32]))),
        (SignBinding { store: [9; 16], ..next_key() }, KEY),
        (SignBinding { genesis: Digest([9; 32]), ..next_key() }, KEY),
    ] {
        assert!(matches!(SignState::succeed(&bench.path(), &binding, old, 8), Err(EngineError::SignStateOther { .. })));
        assert_eq!(SignState::key_at(&bench.path()).unwrap(), Some(KEY));
    }
}
