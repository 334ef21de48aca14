//! What was true when. Its story: a suspension that reached back was seen by a question about that day only until the licence was
//! restored; then the same question said VALID. A court would have been given a wrong receipt.

use huxin_chain_spec::codes::Code;
use huxin_chain_spec::ids::TimeMs;
use huxin_chain_spec::record::licence::Change;
use huxin_chain_spec::record::seal::SealChange;
use huxin_chain_spec::record::{LicenceOperation, SealOperation};
use huxin_chain_spec::state::history::CHANGES_MAX;
use huxin_chain_spec::state::seal::{SealState, SealStatus};
use huxin_chain_spec::state::{LicenceState, LicenceStatus};
use huxin_chain_spec::transaction::{Outcome, Transaction};
use huxin_chain_spec::verdict::{CheckResult, Content, Evidence, Identifier, StateAt, Verdict, judge};

use crate::support::*;

/// Block in which everything is issued or filed, and the blocks in which it may change.
const FIRST: u64 = 1;
const STEPS: [u64; 3] = [2, 3, 4];
/// From when a change may count: the beginning of validity, between the first two changes, and its own block.
const EFFECTS: [fn(u64) -> u64; 3] = [|_| 0, |_| 2_500, |block| block * BLOCK_MS];

fn at(ms: u64) -> TimeMs {
    TimeMs(GENESIS_MS).plus_ms(ms)
}

/// Times asked about and times of knowledge: every block and the moments around it, and between blocks.
fn instants() -> Vec<TimeMs> {
    let around = (1..=5).flat_map(|block| [block * BLOCK_MS - 500, block * BLOCK_MS - 1, block * BLOCK_MS]);
    [TimeMs(GENESIS_MS - 1), at(0)].into_iter().chain(around.map(at)).collect()
}

/// The naive model: one cell for each time of knowledge and each time asked about, painted over by every change from the cells on
/// where it is known and counts.
#[derive(Clone)]
struct Painted<S> {
    cells: Vec<Vec<Option<S>>>,
}

impl<S: Copy> Painted<S> {
    fn new() -> Self {
        let count = instants().len();
        Self { cells: vec![vec![None; count]; count] }
    }

    fn paint(&mut self, status: S, recorded: TimeMs, from: TimeMs) {
        for (known, row) in instants().iter().zip(&mut self.cells) {
            for (day, cell) in instants().iter().zip(row) {
                if *known >= recorded && *day >= from {
                    *cell = Some(status);
                }
            }
        }
    }
}

/// Every sequence of three of `choices`.
fn sequences(choices: usize) -> Vec<[usize; 3]> {
    let all = 0..choices;
    all.clone().flat_map(|a| all.clone().flat_map(move |b| (0..choices).map(move |c| [a, b, c]))).collect()
}

fn accepted(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Committed { .. })
}

/// Commits one block that holds every transaction, so that all share its time.
fn commit(network: &mut Network, transactions: Vec<Transaction>) -> Vec<Outcome> {
    let count = transactions.len();
    let outcomes = network.commit(transactions);
    assert_eq!(outcomes.len(), count, "one block took everything");
    outcomes
}

const LICENCE_KINDS: usize = 6;

fn licence_step(choice: usize, block: u64, name: &str, to: &Province) -> (LicenceOperation, LicenceStatus, TimeMs) {
    use LicenceOperation as Op;
    use LicenceStatus as S;
    let effective_ms = at(EFFECTS[choice / LICENCE_KINDS](block));
    let change = Change { effective_ms, ..change(name) };
    let (operation, status) = match choice % LICENCE_KINDS {
        0 => (Op::Suspend(change), S::Suspended),
        1 => (Op::Restore(change), S::Issued),
        2 => {
            let (to_province, to_organisation) = (to.code, to.issuer.organisation);
            (
                Op::TransferOut { change, to_province, to_organisation, holder: Some(transfer_holder()) },
                S::TransferredOut,
            )
        }
        3 => (Op::CancelTransfer(change), S::Issued),
        4 => (Op::Revoke(change), S::Revoked),
        _ => (Op::Withdraw(change), S::Withdrawn),
    };
    (operation, status, effective_ms)
}

/// Histories of one network: a block of withdrawals alone holds 467.
const AT_ONCE: usize = 400;

#[test]
fn every_short_history_of_a_licence_answers_like_the_naive_model() {
    let mut lengths = [0; 4];
    for sequences in sequences(LICENCE_KINDS * EFFECTS.len()).chunks(AT_ONCE) {
        histories_of_licences(sequences, &mut lengths);
    }
    assert!(lengths.iter().all(|count| *count > 50), "histories of every length: {lengths:?}");
}

fn histories_of_licences(sequences: &[[usize; 3]], lengths: &mut [u32; 4]) {
    let mut network = Network::found();
    let (home, to) = (network.provinces[SHANGHAI].issuer.clone(), network.provinces[JIANGSU].clone());
    let name = |number: usize| format!("history {number}");
    let issues: Vec<_> = (0..sequences.len())
        .map(|number| network.transaction(&home.key, vec![Op::from(issue(&home, &name(number))).0]))
        .collect();
    assert!(commit(&mut network, issues).iter().all(accepted));
    let mut models = vec![Painted::new(); sequences.len()];
    for model in &mut models {
        model.paint(LicenceStatus::Issued, TimeMs(0), TimeMs(0));
    }
    for (step, block) in STEPS.into_iter().enumerate() {
        let tried: Vec<_> = sequences
            .iter()
            .enumerate()
            .map(|(number, choices)| licence_step(choices[step], block, &name(number), &to))
            .collect();
        let transactions = tried
            .iter()
            .map(|(operation, ..)| network.transaction(&home.key, vec![Op::from(operation.clone()).0]))
            .collect();
        let outcomes = commit(&mut network, transactions);
        for ((outcome, (_, status, effective)), model) in outcomes.iter().zip(&tried).zip(&mut models) {
            if accepted(outcome) {
                // 撤销: from the beginning.
                let from = if *status == LicenceStatus::Withdrawn { TimeMs(0) } else { *effective };
                model.paint(*status, at(block * BLOCK_MS), from);
            }
        }
    }
    for (number, model) in models.iter().enumerate() {
        let state = network.licence_state(&licence_ref(&name(number)));
        lengths[state.as_ref().map_or(0, |state| state.changes().count())] += 1;
        for (known, row) in instants().into_iter().zip(&model.cells) {
            for (day, cell) in instants().into_iter().zip(row) {
                let found = LicenceState::status_at(state.as_ref(), day, known);
                assert_eq!(Some(found), *cell, "{:?} at {day} known at {known}", sequences[number]);
            }
        }
        check_verdicts(&home.licence(&name(number)), state.as_ref(), model);
    }
}

/// The verdict says what is known now, and beside it what was known then where that differs.
fn check_verdicts(
    licence: &huxin_chain_spec::record::licence::Licence,
    state: Option<&LicenceState>,
    model: &Painted<LicenceStatus>,
) {
    let recorded_ms = at(FIRST * BLOCK_MS);
    for (position, day) in instants().into_iter().enumerate().filter(|(_, day)| *day >= recorded_ms) {
        let evidence = Evidence {
            licence,
            recorder: home(),
            competence: None,
            recorded_ms,
            state_then: StateAt::Unchanged,
            state_now: state,
            as_of_ms: day,
            content: Content::Matches,
            identifier: Identifier::NotGiven,
            proven: true,
        };
        let (verdict, checks) = judge(&evidence);
        let now = model.cells.last().unwrap()[position].unwrap();
        let then = model.cells[position][position].unwrap();
        assert_eq!(verdict == Verdict::Valid, now == LicenceStatus::Issued);
        let differs = checks.iter().find(|check| check.name == "status_then");
        assert_eq!(differs.is_some(), now != then);
        if let Some(check) = differs {
            assert_eq!(check.result == CheckResult::Pass, then == LicenceStatus::Issued);
        }
    }
}

const SEAL_KINDS: usize = 5;

fn seal_step(choice: usize, block: u64, name: &str) -> (SealOperation, SealStatus, TimeMs) {
    use SealOperation as Op;
    use SealStatus as S;
    let effective_ms = at(EFFECTS[choice / SEAL_KINDS](block));
    let change = SealChange { effective_ms, ..seal_change(name) };
    let (operation, status) = match choice % SEAL_KINDS {
        0 => (Op::Activate(change), S::Active),
        1 => (Op::Suspend(change), S::Suspended),
        2 => (Op::Resume(change), S::Active),
        3 => (Op::Cancel(change), S::Cancelled),
        _ => (Op::Invalidate(change), S::Invalidated),
    };
    (operation, status, effective_ms)
}

#[test]
fn every_short_history_of_a_seal_answers_like_the_naive_model() {
    let mut network = Network::found();
    let authority = network.issuer(SHANGHAI);
    let sequences = sequences(SEAL_KINDS * EFFECTS.len());
    let name = |number: usize| format!("H-{number}");
    let filings = (0..sequences.len())
        .map(|number| network.transaction(&authority, vec![Op::from(SealOperation::Register(seal(&name(number)))).0]))
        .collect();
    assert!(commit(&mut network, filings).iter().all(accepted));
    let mut models = vec![Painted::new(); sequences.len()];
    for model in &mut models {
        // Valid since the genesis, and filed in the first block.
        model.paint(SealStatus::Registered, at(FIRST * BLOCK_MS), at(0));
    }
    for (step, block) in STEPS.into_iter().enumerate() {
        let tried: Vec<_> = sequences
            .iter()
            .enumerate()
            .map(|(number, choices)| seal_step(choices[step], block, &name(number)))
            .collect();
        let transactions = tried
            .iter()
            .map(|(operation, ..)| network.transaction(&authority, vec![Op::from(operation.clone()).0]))
            .collect();
        let outcomes = commit(&mut network, transactions);
        for ((outcome, (_, status, effective)), model) in outcomes.iter().zip(&tried).zip(&mut models) {
            if accepted(outcome) {
                model.paint(*status, at(block * BLOCK_MS), *effective);
            }
        }
    }
    let mut lengths = [0; 5];
    for (number, model) in models.iter().enumerate() {
        let state: SealState = network.thing(&seal_state_key(&shanghai_seal(&name(number)))).unwrap();
        lengths[state.changes().count()] += 1;
        for (known, row) in instants().into_iter().zip(&model.cells) {
            for (day, cell) in instants().into_iter().zip(row) {
                assert_eq!(state.status_at(day, known), *cell, "{:?} at {day} known at {known}", sequences[number]);
            }
        }
    }
    assert!(lengths[1..].iter().all(|count| *count > 50), "histories of every length: {lengths:?}");
}

/// The case as it was found: a suspension that reaches back, then lifted.
#[test]
fn a_lifted_suspension_that_reached_back_stays_visible() {
    let mut network = Network::found();
    let home = network.provinces[SHANGHAI].issuer.clone();
    let index = network.must(&home.key, issue(&home, "a"));
    network.commit(Vec::new());
    let effective_ms = at(2 * BLOCK_MS - 500);
    network.must(&home.key, LicenceOperation::Suspend(Change { effective_ms, ..change("a") }));
    let effective_ms = at(4 * BLOCK_MS);
    network.must(&home.key, LicenceOperation::Restore(Change { effective_ms, ..change("a") }));
    let receipt = network.receipt(index, At::Newest);
    let proven = receipt.verify(&network.genesis.hash()).unwrap().status.unwrap();
    let at_day = |day| LicenceState::status_at(proven.as_ref(), day, at(1_000_000));
    assert_eq!(at_day(at(2 * BLOCK_MS)), LicenceStatus::Suspended, "the newest receipt alone proves it");
    assert_eq!(at_day(at(BLOCK_MS)), LicenceStatus::Issued);
    let then = network.receipt(index, At::AsOf(at(2 * BLOCK_MS))).verify(&network.genesis.hash()).unwrap();
    assert_eq!(then.status, Some(None), "nothing was known of it then");
}

/// An amendment follows a change stated a little ahead, and does not reach behind it.
#[test]
fn a_new_version_takes_effect_after_the_change_before_it() {
    let mut network = Network::found();
    let home = network.provinces[SHANGHAI].issuer.clone();
    network.must(&home.key, issue(&home, "a"));
    let ahead = network.next_ms().plus_ms(60_000);
    let change = |effective_ms| Change { effective_ms, ..change("a") };
    network.must(&home.key, LicenceOperation::Suspend(change(ahead)));
    network.must(&home.key, LicenceOperation::Restore(change(ahead)));
    network.must(&home.key, amend(&home, "a", "b", 2));
    let state = network.licence_state(&licence_ref("a")).unwrap();
    assert_eq!((state.effective_ms, state.earlier.len()), (ahead, 2));
    let standing = |at| LicenceState::status_at(Some(&state), at, ahead);
    assert_eq!(standing(TimeMs(ahead.0 - 1)), LicenceStatus::Issued);
    assert_eq!(standing(ahead), LicenceStatus::Superseded, "the last of one moment stands");
}

/// A full history takes no change that would have to be undone, and still takes every end.
#[test]
fn a_full_history_can_only_be_ended() {
    let mut network = Network::found();
    let (home, to) = (network.provinces[SHANGHAI].issuer.clone(), network.provinces[JIANGSU].clone());
    network.must(&home.key, issue(&home, "a"));
    let pairs = (0..CHANGES_MAX / 2).flat_map(|_| {
        [LicenceOperation::Suspend(change("a")), LicenceOperation::Restore(change("a"))].map(|step| Op::from(step).0)
    });
    let all = network.transaction(&home.key, pairs.collect());
    assert!(accepted(&network.commit(vec![all])[0]));
    let state = network.licence_state(&licence_ref("a")).unwrap();
    assert_eq!((state.changes().count(), state.status), (CHANGES_MAX, LicenceStatus::Issued));
    for opening in [LicenceOperation::Suspend(change("a")), transfer_out("a", &to)] {
        assert_eq!(network.try_one(&home.key, opening).unwrap_err(), Code::LicenceHistoryFull);
    }
    for ending in [
        LicenceOperation::Lapse(change("a")),
        LicenceOperation::Cancel(change("a")),
        LicenceOperation::Withdraw(change("a")),
        LicenceOperation::Revoke(change("a")),
        amend(&home, "a", "b", 2),
    ] {
        assert!(network.try_one(&home.key, ending).is_ok());
    }
    let state_bytes = huxin_chain_spec::codec::encode(&state).len();
    assert!(state_bytes < 8 * 1024, "{state_bytes} bytes");
}

/// The same for a seal; and a suspension at the limit can be ended.
#[test]
fn a_full_history_of_a_seal_can_only_be_ended() {
    let mut network = Network::found();
    let authority = network.issuer(SHANGHAI);
    network.must(&authority, SealOperation::Register(seal("S")));
    network.must(&authority, SealOperation::Activate(seal_change("S")));
    let pairs = (0..(CHANGES_MAX - 2) / 2).flat_map(|_| {
        [SealOperation::Suspend(seal_change("S")), SealOperation::Resume(seal_change("S"))].map(|step| Op::from(step).0)
    });
    let all = network.transaction(&authority, pairs.collect());
    assert!(accepted(&network.commit(vec![all])[0]));
    let refused = network.try_one(&authority, SealOperation::Suspend(seal_change("S")));
    assert_eq!(refused.unwrap_err(), Code::SealHistoryFull);
    for ending in
        [SealOperation::Cancel(seal_change("S")), SealOperation::Invalidate(seal_change("S")), replace("S", "S-2")]
    {
        assert!(network.try_one(&authority, ending).is_ok());
    }
}

/// A receipt stays small: a licence with twenty changes proves every one of them.
#[test]
fn twenty_changes_fit_in_three_kilobytes() {
    let mut network = Network::found();
    let home = network.provinces[SHANGHAI].issuer.clone();
    let index = network.must(&home.key, issue(&home, "a"));
    for _ in 0..10 {
        network.must(&home.key, LicenceOperation::Suspend(change("a")));
        network.must(&home.key, LicenceOperation::Restore(change("a")));
    }
    let bytes = network.receipt(index, At::Newest).to_bytes().len();
    assert!(bytes <= 3 * 1024, "{bytes} bytes");
}
