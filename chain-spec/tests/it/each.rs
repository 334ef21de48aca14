//! Transactions of which each operation has its own outcome.

use huxin_chain_spec::codes::Code;
use huxin_chain_spec::crypto::{Digest, SigningKey};
use huxin_chain_spec::execute::{self, Executed};
use huxin_chain_spec::ids::{LicenceRef, RecordIndex, SystemId, TxId};
use huxin_chain_spec::record::membership::{MembershipOperation, Permissions, StatusChange};
use huxin_chain_spec::record::{LicenceOperation, Operation, Record};
use huxin_chain_spec::state::StateKey;
use huxin_chain_spec::transaction::{EachOutcome, Mode, Outcome, Refusal, Transaction, UnsignedTransaction};
use proptest::prelude::*;
use proptest::sample::select;

use crate::support::*;

fn each(network: &mut Network, signer: &SigningKey, operations: Vec<Operation>) -> Transaction {
    let algorithm = network.algorithm();
    UnsignedTransaction { mode: Mode::Each, ..network.unsigned(signer, operations) }.sign(algorithm, signer)
}

fn executed(network: &Network, transactions: &[Transaction]) -> Executed {
    let identified = network.identified(transactions.to_vec());
    let borrowed: Vec<_> = identified.iter().map(|(tx_id, transaction)| (*tx_id, transaction)).collect();
    let (ledger, tip) = (&network.ledger, network.ledger.tip());
    execute::execute(ledger.chain(), ledger, tip, network.next_ms(), None, &borrowed).unwrap()
}

fn outcome_of(executed: &Executed) -> EachOutcome {
    match &executed.changes.outcomes[0].outcome {
        Outcome::Each(each) => each.clone(),
        other => panic!("{other:?}"),
    }
}

fn refused(of: &[(u32, Code)]) -> Vec<Refusal> {
    of.iter().map(|(operation, code)| Refusal { operation: *operation, code: *code }).collect()
}

/// What a record says, whichever transaction it came by.
fn said(record: &Record) -> Record {
    Record { tx_id: TxId(Digest::ZERO), running_digest: Digest::ZERO, ..record.clone() }
}

/// All that a block changed but what depends on the identifiers of its transactions.
#[derive(Debug, PartialEq)]
struct Effects {
    records: Vec<Record>,
    states: Vec<(StateKey, Vec<u8>)>,
    issued: Vec<(LicenceRef, RecordIndex)>,
}

fn effects(executed: &Executed) -> Effects {
    let records = executed.changes.records.iter().map(|(record, _)| said(record)).collect();
    let states = executed.changes.states.clone().into_iter();
    let states = states.filter(|(key, _)| !matches!(key, StateKey::OrganisationHead(_))).collect();
    Effects { records, states, issued: executed.changes.issued.clone() }
}

/// `each` over `operations` must do what as many transactions of one operation do, in their order.
fn is_as_if_alone(network: &mut Network, signer: &SigningKey, operations: &[Operation]) {
    let together = each(network, signer, operations.to_vec());
    let alone: Vec<Transaction> =
        operations.iter().map(|operation| network.transaction(signer, vec![operation.clone()])).collect();
    let (together, alone) = (executed(network, &[together]), executed(network, &alone));
    let outcome = outcome_of(&together);
    assert_eq!(outcome.records as usize + outcome.refused.len(), operations.len());
    for (position, single) in (0u32..).zip(&alone.changes.outcomes) {
        let expected = match single.outcome {
            Outcome::Committed { first_record, records: 1 } => Ok(first_record),
            Outcome::Rejected { code, operation: 0 } => Err(code),
            ref other => panic!("{other:?}"),
        };
        assert_eq!(outcome.of(position), Some(expected), "operation {position}");
    }
    assert_eq!(outcome.of(operations.len() as u32), None);
    assert_eq!(effects(&together), effects(&alone));
    let head = |executed: &Executed| {
        executed.changes.states.keys().filter(|key| matches!(key, StateKey::OrganisationHead(_))).count()
    };
    assert_eq!(head(&together), head(&alone), "nobody's chain of records moves without a record");
}

#[test]
fn a_refused_operation_costs_no_other_one() {
    let mut network = Network::found();
    let home = network.provinces[SHANGHAI].issuer.clone();
    network.must(&home.key, issue(&home, "old"));
    let operations = vec![
        Op::from(issue(&home, "a")).0,
        Op::from(issue(&home, "old")).0,
        Op::from(LicenceOperation::Suspend(change("a"))).0,
        Op::from(LicenceOperation::Suspend(change("nobody's"))).0,
        Op::from(issue(&home, "b")).0,
    ];
    let transaction = each(&mut network, &home.key, operations);
    let expected = EachOutcome {
        first_record: RecordIndex(1),
        records: 3,
        refused: refused(&[(1, Code::LicenceDuplicate), (3, Code::LicenceUnknown)]),
    };
    assert_eq!(network.commit(vec![transaction]), [Outcome::Each(expected.clone())]);
    assert_eq!(expected.of(4), Some(Ok(RecordIndex(3))));
    assert_eq!((expected.of(3), expected.of(5)), (Some(Err(Code::LicenceUnknown)), None));
    assert_eq!(network.head(&home.organisation).sequence, 4);
    network.must(&home.key, issue(&home, "after"));
}

/// Its outcome is proven like any other, refusals included.
#[test]
fn each_outcome_is_proven() {
    let mut network = Network::found();
    let home = network.provinces[SHANGHAI].issuer.clone();
    let operations = ["a", "a", "b"].map(|name| Op::from(issue(&home, name)).0);
    let transaction = each(&mut network, &home.key, operations.to_vec());
    let tx_id = transaction.body.id(SHA256);
    network.commit(vec![transaction]);
    let receipt = network.outcome_receipt(network.ledger.tip().height, 0);
    receipt.verify(&network.genesis.hash()).unwrap();
    assert_eq!(receipt.outcome.tx_id, tx_id);
    let Outcome::Each(outcome) = &receipt.outcome.outcome else { panic!() };
    assert_eq!(outcome.of(1), Some(Err(Code::LicenceDuplicate)));
    let mut forged = receipt.clone();
    let none = EachOutcome { first_record: RecordIndex(0), records: 3, refused: Vec::new() };
    forged.outcome.outcome = Outcome::Each(none);
    assert!(forged.verify(&network.genesis.hash()).is_err());
}

#[test]
fn nothing_moves_where_every_operation_is_refused() {
    let mut network = Network::found();
    let home = network.provinces[SHANGHAI].issuer.clone();
    network.must(&home.key, issue(&home, "a"));
    let again = vec![Op::from(issue(&home, "a")).0; 3];
    let transaction = each(&mut network, &home.key, again);
    let done = executed(&network, &[transaction]);
    assert_unchanged(&done, &network.ledger);
    let outcome = outcome_of(&done);
    assert_eq!((outcome.records, outcome.refused_alike()), (0, Some(Code::LicenceDuplicate)));
    let mixed = vec![Op::from(issue(&home, "a")).0, Op::from(LicenceOperation::Suspend(change("nobody's"))).0];
    let transaction = each(&mut network, &home.key, mixed);
    assert_eq!(outcome_of(&executed(&network, &[transaction])).refused_alike(), None);
}

/// A signer that ends its own standing is refused from there on, and nothing of what came before is undone. What a refused operation
/// had changed of members before its fault was found does not hold.
#[test]
fn what_an_operation_changes_of_its_signer_holds_for_the_next() {
    let mut network = Network::found();
    let registrar = network.registrar(SHANGHAI);
    let organisation = network.provinces[SHANGHAI].organisation;
    let (system, second): (SystemId, _) = ("DJ-1".parse().unwrap(), key("second registrar"));
    network.must(&registrar, MembershipOperation::SystemAdd { system: system.clone(), organisation });
    let permissions = Permissions::registrar();
    network.must(&registrar, key_add_of(&second, organisation, Some(system.clone()), permissions));
    let basis = || "B-1".parse().unwrap();
    let of_key = |key, change| Operation::Membership(MembershipOperation::KeyStatus { key, change, basis: basis() });
    let of_system = |change| {
        let system = system.clone();
        Operation::Membership(MembershipOperation::SystemStatus { system, organisation, change, basis: basis() })
    };
    let issuer = network.issuer(SHANGHAI).id();
    let operations = vec![
        of_key(issuer, StatusChange::Suspend),
        of_key(issuer, StatusChange::Suspend),
        of_system(StatusChange::Suspend),
        of_key(issuer, StatusChange::Resume),
    ];
    is_as_if_alone(&mut network, &second, &operations);
    let transaction = each(&mut network, &second, operations);
    let outcome = outcome_of(&executed(&network, &[transaction]));
    let expected = refused(&[(1, Code::KeyWrongState), (3, Code::SystemWrongState)]);
    assert_eq!((outcome.records, outcome.refused), (2, expected));
    let stranger = key("nobody knows this one");
    let transaction = each(&mut network, &stranger, vec![of_key(issuer, StatusChange::Suspend); 2]);
    let outcome = outcome_of(&executed(&network, &[transaction]));
    assert_eq!(outcome.refused_alike(), Some(Code::KeyUnknown));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    /// Against the naive model: one transaction for each operation.
    #[test]
    fn each_is_as_many_transactions_of_one_operation(choices in proptest::collection::vec((0..9usize, select(vec!["a", "b", "c", "d"])), 1..24)) {
        let mut network = Network::found();
        let home = network.provinces[SHANGHAI].issuer.clone();
        network.must(&home.key, issue(&home, "a"));
        network.must(&home.key, issue(&home, "b"));
        let operation = |(kind, name): (usize, &str)| match kind {
            0 | 1 => Op::from(issue(&home, name)).0,
            2 => Op::from(LicenceOperation::Suspend(change(name))).0,
            3 => Op::from(LicenceOperation::Restore(change(name))).0,
            4 => Op::from(LicenceOperation::Revoke(change(name))).0,
            5 => Op::from(LicenceOperation::Withdraw(change(name))).0,
            6 => Op::from(LicenceOperation::Cancel(change(name))).0,
            7 => {
                let licence = home.licence(&format!("{name}2"));
                let predecessor = licence_ref(name);
                Op::from(LicenceOperation::Amend { predecessor, licence, basis: "B-1".parse().unwrap() }).0
            }
            // An issuer that may not do so.
            _ => Op::from(issue(&network.provinces[JIANGSU].issuer, name)).0,
        };
        let operations: Vec<Operation> = choices.into_iter().map(operation).collect();
        is_as_if_alone(&mut network, &home.key, &operations);
    }
}
