//! The seal family under arbitrary use: whatever is submitted, in whatever order, each seal has one state that follows from its
//! records, at most one successor, and only signatures made while it was active.

use std::collections::BTreeMap;

use huxin_chain_spec::record::{Operation, SealOperation};
use huxin_chain_spec::state::seal::SealStatus;
use proptest::collection::vec;
use proptest::test_runner::{Config, TestRunner};

use crate::seal_table::{KINDS, SealBench, operation};
use crate::support::*;

fn name(number: u8) -> String {
    format!("S-{number}")
}

/// Who tries: the authority mostly, the owner, a stranger.
fn signer(bench: &SealBench, who: u8) -> huxin_chain_spec::crypto::SigningKey {
    match who {
        0 => key("owner"),
        1 => bench.network.issuer(JIANGSU),
        _ => bench.authority(),
    }
}

/// What the records alone say.
#[derive(Default)]
struct Told {
    status: BTreeMap<String, SealStatus>,
    successors: BTreeMap<String, String>,
    signed: usize,
}

fn read_log(bench: &SealBench) -> Told {
    use SealOperation as Op;
    let mut told = Told::default();
    for record in &bench.network.records {
        let Operation::Seal(operation) = &record.operation else { continue };
        let mut tell = |seal, status| {
            told.status.insert(seal, status);
        };
        let of = |address: &huxin_chain_spec::record::seal::SealAddress| address.seal.to_string();
        match operation {
            Op::Register(_) => {}
            Op::Activate(change) | Op::Resume(change) => tell(of(&change.address), SealStatus::Active),
            Op::Suspend(change) => tell(of(&change.address), SealStatus::Suspended),
            Op::Cancel(change) => tell(of(&change.address), SealStatus::Cancelled),
            Op::Invalidate(change) => tell(of(&change.address), SealStatus::Invalidated),
            Op::Replace { predecessor, seal, .. } => {
                told.status.insert(of(predecessor), SealStatus::Replaced);
                assert_eq!(told.successors.insert(of(predecessor), seal.seal.to_string()), None, "two successors");
            }
            Op::Sign(signature) => {
                assert_eq!(told.status[&of(&signature.address)], SealStatus::Active, "signed while not active");
                told.signed += 1;
            }
        }
        if let Some(seal) = operation.new_seal() {
            let before = told.status.insert(seal.seal.to_string(), SealStatus::Registered);
            assert_eq!(before, None, "filed twice");
        }
    }
    told
}

#[test]
fn one_state_one_successor_and_no_signature_without_an_active_seal() {
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::with_cases(96) });
    let reached = std::cell::RefCell::new(BTreeMap::<String, usize>::new());
    let attempt = (0..KINDS.len(), 0..6u8, 0..6u8, 0..12u8);
    runner
        .run(&vec(vec(attempt, 1..5), 5..40), |blocks| {
            let mut bench = SealBench::new();
            for block in &blocks {
                let mut transactions = Vec::new();
                for (kind, old, new, who) in block {
                    let operation = match KINDS[*kind] {
                        "replace" => replace(&name(*old), &name(*new)),
                        "sign" => SealOperation::Sign(seal_signature(&name(*old), &format!("file {new}"))),
                        other => operation(other, &name(*old)),
                    };
                    let operation = at_block_time(operation, bench.network.next_ms());
                    let signer = signer(&bench, *who);
                    transactions.push(bench.network.transaction(&signer, vec![Operation::Seal(operation)]));
                }
                bench.network.commit(transactions);
            }
            let told = read_log(&bench);
            for (seal, status) in &told.status {
                let state = bench.state(seal);
                assert_eq!(state.status, *status);
                assert_eq!(state.successor.map(|seal| seal.to_string()).as_ref(), told.successors.get(seal));
                *reached.borrow_mut().entry(format!("{status:?}")).or_default() += 1;
            }
            *reached.borrow_mut().entry("signed".to_owned()).or_default() += told.signed;
            Ok(())
        })
        .unwrap();
    let reached = reached.into_inner();
    assert_eq!(reached.len(), SealStatus::ALL.len() + 1, "a property that nothing reaches proves nothing: {reached:?}");
}

/// The same operation, effective with the block: so that earlier changes never forbid it.
fn at_block_time(mut operation: SealOperation, time: huxin_chain_spec::ids::TimeMs) -> SealOperation {
    use SealOperation as Op;
    match &mut operation {
        Op::Activate(change)
        | Op::Suspend(change)
        | Op::Resume(change)
        | Op::Cancel(change)
        | Op::Invalidate(change) => change.effective_ms = time,
        Op::Register(_) | Op::Replace { .. } | Op::Sign(_) => {}
    }
    operation
}
