#![allow(clippy::unwrap_used, reason = "tests")]

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
        state.begin_fresh().unwrap();
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

fn heard(believed: u64, told: usize, own: u64) -> Heard {
    Heard { believed, highest: believed, told, at_zero: 0, own }
}

/// A chain that begins, told from one whose other half has lost its disks as well.
#[test]
fn a_chain_is_new_only_where_a_quorum_has_decided_nothing() {
    let bench = Bench::new();
    let state = bench.open_at(&binding(), 0).unwrap();
    state.hear(&Heard { believed: 0, highest: 500, told: 2, at_zero: 1, own: 0 }, 2).unwrap();
    assert!(!state.knows_past());
    state.hear(&Heard { believed: 0, highest: 500, told: 3, at_zero: 2, own: 0 }, 2).unwrap();
    assert!(state.knows_past(), "one of four may lie");
    assert_eq!(state.permit(&prevote(1, 0, None)).unwrap(), Permit::New);
}

#[test]
fn a_new_sign_state_signs_nothing_until_the_past_is_known() {
    let bench = Bench::new();
    let state = bench.open();
    let asked = |height| state.permit(&prevote(height, 0, None)).unwrap();
    assert_eq!(asked(8), Permit::Withheld(Withheld::PastUnknown));
    // Two of three peers are needed to be sure; one is not heard.
    state.hear(&heard(500, 1, 7), 2).unwrap();
    assert_eq!(asked(501), Permit::Withheld(Withheld::PastUnknown));
    state.hear(&heard(500, 2, 7), 2).unwrap();
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
    state.hear(&heard(0, 0, 7), 0).unwrap();
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
    state.hear(&heard(20, 3, 8), 2).unwrap();
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

fn heard(tips: &[u64]) -> Heard {
    let mut sorted = tips.to_vec();
    sorted.sort_unstable_by(|a, b| b.cmp(a));
    Heard {
        believed: sorted.get(1).copied().unwrap_or(0),
        highest: sorted.first().copied().unwrap_or(0),
        told: tips.len(),
        at_zero: tips.iter().filter(|tip| **tip == 0).count(),
        own: 8,
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
    state.hear(&heard(&[8]), 2).unwrap();
    assert!(!state.knows_past(), "one peer is no quorum");
    state.close();
    let state = bench.open_at(&next_key(), 8).unwrap();
    state.hear(&heard(&[8, 8]), 2).unwrap();
    assert_eq!(state.permit(&prevote(8, 0, Some(1))).unwrap(), Permit::Withheld(Withheld::Floor));
    assert_eq!(state.permit(&prevote(9, 0, Some(1))).unwrap(), Permit::New);
}

#[test]
fn a_replaced_key_watches_where_a_single_peer_is_ahead() {
    let bench = Bench::signed();
    SignState::succeed(&bench.path(), &next_key(), KEY, 8).unwrap();
    let state = bench.open_at(&next_key(), 8).unwrap();
    state.hear(&heard(&[8, 9]), 2).unwrap();
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
