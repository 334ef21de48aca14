//! What any member can record about validators and other ledgers: double signatures and anchors.

use huxin_chain_spec::certificate::{VoteType, proposal_message, vote_message};
use huxin_chain_spec::codes::Code;
use huxin_chain_spec::crypto::{Digest, Signature, Signer as _, SigningKey};
use huxin_chain_spec::features::ANCHORS;
use huxin_chain_spec::ids::Height;
use huxin_chain_spec::log::LogHead;
use huxin_chain_spec::record::GovernanceOperation;
use huxin_chain_spec::record::governance::{Action, DoubleSignature, SignedBlock, SignedStep, TrustRole};
use huxin_chain_spec::state::StateKey;
use huxin_chain_spec::state::governance::{AnchorState, MisbehaviourState, ValidatorNode};

use super::{Council, FUJIAN, trust_add};
use crate::support::*;

const HEIGHT: Height = Height(2);
const ROUND: u32 = 1;

/// What this key signs for a block at [`HEIGHT`] and [`ROUND`].
fn signed(council: &Council, signer: &SigningKey, step: SignedStep, block: Option<Digest>) -> SignedBlock {
    let (chain, voter) = (&council.network.genesis.hash(), signer.id());
    let vote = |kind| vote_message(chain, kind, HEIGHT, Some(ROUND), block.as_ref(), &voter);
    let message = match step {
        SignedStep::Prevote => vote(VoteType::Prevote),
        SignedStep::Precommit => vote(VoteType::Precommit),
        SignedStep::Proposal => proposal_message(chain, HEIGHT, Some(ROUND), &block.unwrap(), None, &voter),
    };
    SignedBlock { block, pol_round: None, signature: signer.sign_consensus(&message) }
}

fn double(council: &Council, signer: &SigningKey, step: SignedStep, blocks: [Option<Digest>; 2]) -> DoubleSignature {
    let [first, second] = blocks.map(|block| signed(council, signer, step, block));
    DoubleSignature { validator: signer.id(), step, height: HEIGHT, round: ROUND, first, second }
}

const TWO: [Option<Digest>; 2] = [Some(Digest([1; 32])), Some(Digest([2; 32]))];

fn council() -> (Council, SigningKey) {
    let mut council = Council::found();
    council.wait(3);
    let faulty = council.network.provinces[FUJIAN].consensus.clone();
    (council, faulty)
}

fn tried(council: &mut Council, evidence: &DoubleSignature) -> Result<(), Code> {
    let signer = council.network.issuer(SHANGHAI);
    let operation = GovernanceOperation::ReportMisbehaviour { evidence: evidence.clone() };
    council.network.try_one(&signer, operation).map(|_| ())
}

#[test]
fn each_double_signature_is_recorded_once() {
    for step in [SignedStep::Proposal, SignedStep::Prevote, SignedStep::Precommit] {
        let (mut council, faulty) = council();
        let evidence = double(&council, &faulty, step, TWO);
        let reporter = council.network.issuer(SHANGHAI);
        let operation = GovernanceOperation::ReportMisbehaviour { evidence: evidence.clone() };
        let index = council.network.must(&reporter, operation);
        let kept: MisbehaviourState = council.network.thing(&StateKey::Misbehaviour(faulty.id(), HEIGHT)).unwrap();
        assert_eq!((kept.province, kept.step, kept.round), (council.code(FUJIAN), step, ROUND));
        assert_eq!(kept.reported_by, index);
        assert_eq!(tried(&mut council, &evidence), Err(Code::MisbehaviourKnown));
        assert!(council.network.ledger.tip().validators.get(&faulty.id()).is_some(), "a fact, not a verdict");
    }
}

#[test]
fn a_vote_for_nothing_and_one_for_a_block() {
    let (mut council, faulty) = council();
    let evidence = double(&council, &faulty, SignedStep::Precommit, [None, TWO[0]]);
    assert_eq!(tried(&mut council, &evidence), Ok(()));
}

#[test]
fn what_proves_nothing() {
    let (mut council, faulty) = council();
    let good = double(&council, &faulty, SignedStep::Precommit, TWO);
    let not_proven = Err(Code::MisbehaviourNotProven);
    let swapped = DoubleSignature { first: good.second.clone(), second: good.first.clone(), ..good.clone() };
    assert_eq!(tried(&mut council, &swapped), not_proven, "one pair has one form");
    let same = DoubleSignature { second: good.first.clone(), ..good.clone() };
    assert_eq!(tried(&mut council, &same), not_proven);
    let with_lock = SignedBlock { pol_round: Some(0), ..good.first.clone() };
    assert_eq!(tried(&mut council, &DoubleSignature { first: with_lock, ..good.clone() }), not_proven);
    for height in [Height(0), council.network.next_height().next()] {
        assert_eq!(tried(&mut council, &DoubleSignature { height, ..good.clone() }), not_proven, "not in force");
    }
    let invalid = Err(Code::SignatureInvalid);
    let other_round = DoubleSignature { round: ROUND + 1, ..good.clone() };
    assert_eq!(tried(&mut council, &other_round), invalid);
    let other_step = DoubleSignature { step: SignedStep::Prevote, ..good.clone() };
    assert_eq!(tried(&mut council, &other_step), invalid);
    let forged = SignedBlock { signature: Signature::Ed25519([7; 64]), ..good.second.clone() };
    assert_eq!(tried(&mut council, &DoubleSignature { second: forged, ..good.clone() }), invalid);
    let blamed = DoubleSignature { validator: council.consensus(ANHUI), ..good.clone() };
    assert_eq!(tried(&mut council, &blamed), invalid);
    let unknown = double(&council, &key("stranger"), SignedStep::Precommit, TWO);
    assert_eq!(tried(&mut council, &unknown), Err(Code::ValidatorUnknown));
    let registrar = council.network.registrar(SHANGHAI);
    let operation = GovernanceOperation::ReportMisbehaviour { evidence: good };
    assert_eq!(council.network.try_one(&registrar, operation).unwrap_err(), Code::KeyNotPermitted);
}

/// Evidence about a validator outlives its membership, and ends with it.
#[test]
fn a_removed_validator_answers_for_what_it_signed() {
    let (mut council, faulty) = council();
    let evidence = double(&council, &faulty, SignedStep::Precommit, TWO);
    council.pass(SHANGHAI, Action::ValidatorRemove { key: faulty.id() });
    council.wait(3);
    assert_eq!(tried(&mut council, &evidence), Ok(()));
    let node: ValidatorNode = council.network.thing(&StateKey::ValidatorNode(faulty.id())).unwrap();
    let last = node.until.unwrap();
    let (removed, _) = council
        .network
        .blocks
        .iter()
        .find(|(header, _)| header.next_validators_hash != header.validators_hash)
        .unwrap();
    assert_eq!(last, removed.height, "the block that removes it is its last");
    // Signatures of another height do not verify, but that is looked at after whether it was in force.
    for (height, expected) in [(last, Code::SignatureInvalid), (last.next(), Code::MisbehaviourNotProven)] {
        assert_eq!(tried(&mut council, &DoubleSignature { height, ..evidence.clone() }), Err(expected));
    }
}

/// A rotation takes its own province alone. Rotating a key away and back made its validator a newcomer, who could no longer
/// be charged with what it had signed before.
#[test]
fn a_validator_that_comes_back_answers_for_its_first_time() {
    let (mut council, faulty) = council();
    let evidence = double(&council, &faulty, SignedStep::Precommit, TWO);
    let other = key("for a moment");
    council.network.newcomers.push(other.clone());
    let rotate = |old: &SigningKey, new: &SigningKey| Action::ValidatorRotate {
        old: old.id(),
        new: new.public_key(),
        network_key: None,
    };
    council.propose(FUJIAN, rotate(&faulty, &other));
    assert_eq!(tried(&mut council, &evidence), Ok(()));
    let between = council.network.ledger.tip().height;
    council.propose(FUJIAN, rotate(&other, &faulty));
    assert!(council.network.ledger.tip().validators.get(&faulty.id()).is_some(), "it is back");
    assert_eq!(tried(&mut council, &evidence), Ok(()));
    // The one that was a validator for a moment is not charged with the time before.
    let early = double(&council, &other, SignedStep::Precommit, TWO);
    assert_eq!(tried(&mut council, &early), Err(Code::MisbehaviourNotProven));
    assert!(HEIGHT < between);
}

#[test]
fn anchors_of_a_trusted_ledger_only_go_forward() {
    let mut council = Council::found();
    let ledger = digest(0x55);
    let height = Height(council.network.next_height().0 + 4);
    council.pass(SHANGHAI, Action::FeatureActivate { feature: ANCHORS, height });
    council.wait(2);
    let head = |size| LogHead { size, root: digest(0xee) };
    let anchor = |height, size| GovernanceOperation::Anchor {
        ledger,
        height: Height(height),
        block: digest(0xbb),
        log: head(size),
    };
    let home = council.network.issuer(SHANGHAI);
    assert_eq!(council.network.try_one(&home, anchor(7, 70)).unwrap_err(), Code::AnchorUntrusted);
    council.pass(SHANGHAI, trust_add(0x55, TrustRole::SealMaker));
    assert_eq!(council.network.try_one(&home, anchor(7, 70)).unwrap_err(), Code::AnchorUntrusted, "another role");
    council.pass(SHANGHAI, Action::TrustRetire { certificate: ledger });
    council.pass(SHANGHAI, trust_add(0x55, TrustRole::Ledger));
    let index = council.network.must(&home, anchor(7, 70));
    let kept: AnchorState = council.network.thing(&StateKey::Anchor(ledger)).unwrap();
    assert_eq!(kept, AnchorState { height: Height(7), block: digest(0xbb), log: head(70), recorded_by: index });
    for (height, size) in [(7, 70), (6, 70), (8, 69)] {
        assert_eq!(council.network.try_one(&home, anchor(height, size)).unwrap_err(), Code::AnchorNotNewer);
    }
    assert!(council.network.try_one(&home, anchor(8, 70)).is_ok());
    let registrar = council.network.registrar(SHANGHAI);
    assert_eq!(council.network.try_one(&registrar, anchor(8, 70)).unwrap_err(), Code::KeyNotPermitted);
    // Another province could put the head where no true one ever comes.
    let elsewhere = council.network.issuer(JIANGSU);
    assert_eq!(council.network.try_one(&elsewhere, anchor(u64::MAX, u64::MAX)).unwrap_err(), Code::AnchorNotSponsor);
    council.pass(SHANGHAI, Action::TrustRetire { certificate: ledger });
    assert_eq!(council.network.try_one(&home, anchor(8, 70)).unwrap_err(), Code::AnchorUntrusted);
}
