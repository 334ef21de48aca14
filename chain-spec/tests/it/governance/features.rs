//! Features and limits: decided by votes, in force from a height on.

use huxin_chain_spec::codes::Code;
use huxin_chain_spec::execute::{self, BlockError, Chain};
use huxin_chain_spec::features::{ANCHORS, FeatureId};
use huxin_chain_spec::ids::Height;
use huxin_chain_spec::log::LogHead;
use huxin_chain_spec::parameters::Parameters;
use huxin_chain_spec::record::GovernanceOperation;
use huxin_chain_spec::record::governance::{Action, TrustRole};
use huxin_chain_spec::state;

use super::{Council, trust_add};
use crate::support::*;

fn anchor(height: u64, size: u64) -> GovernanceOperation {
    let log = LogHead { size, root: digest(0xee) };
    GovernanceOperation::Anchor { ledger: digest(0x55), height: Height(height), block: digest(0xbb), log }
}

/// Software that lacks the feature follows the vote, and stops before the first height it could not execute.
#[test]
fn an_old_node_stops_before_the_height() {
    let mut council = Council::found();
    let old = Chain { features: &[], ..council.network.ledger.chain().clone() };
    let from = Height(council.network.next_height().0 + 6);
    council.pass(SHANGHAI, Action::FeatureActivate { feature: ANCHORS, height: from });
    let expected = BlockError::FeatureUnknown { feature: ANCHORS, height: from };
    while council.network.next_height() < from.plus(2) {
        let height = council.network.next_height();
        let (block, _) = council.network.make(Vec::new());
        let (ledger, bytes) = (&council.network.ledger, block.to_bytes().len());
        let (tip, certificate) = (ledger.tip(), council.network.last_certificate());
        let checked = execute::check_block(&old, ledger, tip, &block, bytes, &|_, _| false).map(|_| ());
        let made = execute::make_block(
            &old,
            ledger,
            tip,
            council.network.next_ms(),
            block.header.proposer,
            certificate,
            vec![],
        );
        let made = made.map(|_| ());
        if height < from {
            assert_eq!((checked, made), (Ok(()), Ok(())), "{height}");
            assert_eq!(execute::check_features(&old, ledger, height), Ok(()));
        } else {
            assert_eq!((checked, made), (Err(expected.clone()), Err(expected.clone())), "{height}");
            assert_eq!(execute::check_features(&old, ledger, height), Err(expected.clone()));
        }
        council.wait(1);
    }
    let sentence =
        format!("height {from} begins feature 1, which this software does not know: upgrade the software to continue");
    assert_eq!(expected.to_string(), sentence);
}

/// A feature that no software knows stops every node.
#[test]
fn an_unknown_feature_stops_every_node() {
    let mut council = Council::found();
    let height = Height(council.network.next_height().0 + 5);
    council.pass(SHANGHAI, Action::FeatureActivate { feature: FeatureId(0xF001), height });
    council.wait(height.0 - council.network.next_height().0);
    let unknown = execute::check_features(council.network.ledger.chain(), &council.network.ledger, height);
    assert_eq!(unknown, Err(BlockError::FeatureUnknown { feature: FeatureId(0xF001), height }));
}

/// The first feature: anchors of other ledgers, once the provinces have activated it and trust that ledger.
#[test]
fn anchors_begin_with_their_feature() {
    let mut council = Council::found();
    let home = council.network.provinces[SHANGHAI].issuer.key.clone();
    let tried = |council: &mut Council, operation| council.network.try_one(&home, operation).map(|_| ());
    council.pass(SHANGHAI, trust_add(0x55, TrustRole::Ledger));
    assert_eq!(tried(&mut council, anchor(1, 1)), Err(Code::FeatureNotActive));
    let height = Height(council.network.next_height().0 + 5);
    council.pass(SHANGHAI, Action::FeatureActivate { feature: ANCHORS, height });
    while council.network.next_height() < height {
        assert_eq!(tried(&mut council, anchor(1, 1)), Err(Code::FeatureNotActive));
        council.wait(1);
    }
    assert_eq!(tried(&mut council, anchor(1, 1)), Ok(()), "in the block of the height itself");
}

/// Limits voted for hold from the next block on, for proposers and voters.
#[test]
fn voted_limits_hold_from_the_next_block() {
    let mut council = Council::found();
    let limits = Parameters { block_bytes_max: 2_359_296, block_operations_max: 4_096, ..Parameters::default() };
    let (founding, length) = (council.network.ledger.tip().parameters, 2_359_297);
    let of_length = |council: &Council| {
        let (block, _) = council.network.make(Vec::new());
        let ledger = &council.network.ledger;
        execute::check_block(ledger.chain(), ledger, ledger.tip(), &block, length, &|_, _| false).map(|_| ())
    };
    assert_eq!(of_length(&council), Ok(()));
    council.pass(SHANGHAI, Action::Parameters(limits));
    assert_eq!(council.network.ledger.tip().parameters, limits);
    assert_eq!(council.network.ledger.chain().parameters, founding, "what founded the chain stays what it was");
    assert_eq!(state::parameters(&council.network.ledger).unwrap().parameters, limits);
    let refused = BlockError::TooLarge { what: "bytes", actual: length, limit: length - 1 };
    assert_eq!(of_length(&council), Err(refused));
    let home = council.network.provinces[SHANGHAI].issuer.clone();
    let issues =
        |first: usize| (first..first + 2_049).map(|number| Op::from(issue(&home, &number.to_string())).0).collect();
    let transactions = [0, 10_000].map(|first| council.network.transaction(&home.key, issues(first)));
    let (block, _) = council.network.make(transactions.to_vec());
    assert_eq!(block.body.transactions.len(), 1, "a proposer keeps to the new limit");
}
