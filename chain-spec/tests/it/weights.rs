//! What a block may cost: known from its bytes, and held to by voters.

use huxin_chain_spec::codes::Code;
use huxin_chain_spec::crypto::{Signature, Signer as _};
use huxin_chain_spec::execute::BlockError;
use huxin_chain_spec::record::{Operation, SealOperation};
use huxin_chain_spec::rules;
use huxin_chain_spec::signatures;
use huxin_chain_spec::state::seal::SealStatus;
use huxin_chain_spec::transaction::Transaction;
use huxin_chain_spec::weight::{self, BLOCK_WEIGHT_MAX, TRANSACTION_WEIGHT_MAX};

use crate::seal_table::SealBench;
use crate::support::*;

fn signs(count: usize) -> Vec<Operation> {
    vec![Operation::Seal(SealOperation::Sign(sm2_seal_signature("S", "a file"))); count]
}

fn heavy(network: &mut Network, count: usize) -> Transaction {
    let issuer = network.issuer(0);
    network.transaction(&issuer, signs(count))
}

/// Six valid transactions of 4,096 seal signatures stopped the chain for minutes: a block was bounded by its operations alone.
#[test]
fn a_transaction_that_no_voter_could_check_in_time_is_refused() {
    let mut network = Network::found();
    let most = heavy(&mut network, 290);
    assert!(weight::of_transaction(&most) <= TRANSACTION_WEIGHT_MAX);
    let context = network.ledger.chain().block_after(network.ledger.tip().height, network.next_ms());
    assert_eq!(rules::check_envelope(&context, &most), Ok(()));
    let more = heavy(&mut network, 291);
    assert_eq!(rules::check_envelope(&context, &more), Err(Code::TransactionTooHeavy));
}

#[test]
fn a_block_above_the_weight_is_refused_by_voters_and_not_made() {
    let mut network = Network::found();
    let five: Vec<Transaction> = (0..5).map(|_| heavy(&mut network, 270)).collect();
    let (made, _) = network.make(five.clone());
    assert_eq!(made.body.transactions, five[..4], "a proposer keeps to the limit");
    assert!(network.check(&made).is_ok());
    let mut block = made;
    block.body.transactions.push(five[4].clone());
    let weight = 5 * weight::of_transaction(&five[0]);
    let refused = network.check(&block).unwrap_err();
    assert_eq!(refused, BlockError::TooHeavy { weight, limit: BLOCK_WEIGHT_MAX });
    assert!(refused.to_string().starts_with("block.too_heavy: "), "{refused}");
}

/// Voters must weigh alike whatever they have verified before, and what was verified before must change no result.
#[test]
fn verified_ahead_or_not_a_block_has_the_same_outcome() {
    let mut bench = SealBench::new();
    bench.bring_into("S-ACTIVE", SealStatus::Active);
    let mut forged = seal_signature("S-ACTIVE", "two");
    forged.signature = Signature::Ed25519([7; 64]);
    let owner = key("owner");
    let transactions: Vec<Transaction> = [seal_signature("S-ACTIVE", "one"), forged]
        .map(|signed| bench.network.transaction(&owner, vec![Operation::Seal(SealOperation::Sign(signed))]))
        .into();
    let (block, plainly) = bench.network.make(transactions.clone());
    let ledger = &bench.network.ledger;
    let known = &ledger.chain().signatures;
    let inside = signatures::inside(ledger, &ledger.chain().genesis_hash, transactions.iter()).unwrap();
    assert_eq!(inside.len(), 2, "the seal's key is found in the state");
    assert!(inside.iter().all(|signature| known.is_known(signature)), "the rules asked for the same");
    assert_eq!(inside.iter().map(|signature| known.holds(signature)).collect::<Vec<_>>(), [true, false]);
    let again = bench.network.check(&block).unwrap();
    assert_eq!(again.changes.outcomes, plainly.changes.outcomes);
}

/// A seal that is registered in the same block has its keys there.
#[test]
fn keys_of_a_seal_in_the_same_block_are_found() {
    let mut network = Network::found();
    let issuer = network.issuer(0);
    let operations = vec![
        Operation::Seal(SealOperation::Register(seal("NEW"))),
        Operation::Seal(SealOperation::Sign(seal_signature("NEW", "a file"))),
        Operation::Seal(SealOperation::Sign(seal_signature("NONE", "a file"))),
    ];
    let transaction = network.transaction(&issuer, operations);
    let genesis = network.ledger.chain().genesis_hash;
    let inside = signatures::inside(&network.ledger, &genesis, std::iter::once(&transaction)).unwrap();
    assert_eq!(inside.len(), 2, "a key is named by its digest, wherever it is found");
    assert!(inside.iter().all(huxin_chain_spec::signatures::InnerSignature::verify));
    assert_eq!(seal("NEW").keys, [seal_key().public_key()]);
}

/// A withdrawal writes every version of a lineage, whatever its bytes: a block of plain weights would have held 4,096 of them.
#[test]
fn an_operation_weighs_what_it_may_write() {
    use huxin_chain_spec::record::LicenceOperation as Op;
    let weight = |operation: Op| weight::of_operation(&Operation::Licence(operation));
    let network = Network::found();
    let home = &network.provinces[SHANGHAI].issuer;
    let amend = Op::Amend { predecessor: licence_ref("a"), licence: home.version("a 2", 2), basis: basis("BG-1") };
    assert_eq!(weight(issue(home, "a")), 30);
    assert_eq!(weight(amend), 240);
    assert_eq!(weight(Op::Withdraw(change("a"))), 1_020);
    assert_eq!(weight(Op::Revoke(change("a"))), 30);
}
