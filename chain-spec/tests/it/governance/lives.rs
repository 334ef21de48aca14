//! Changes of validators on a running chain: a province joins and is removed, a key is rotated, and receipts hold across.

use huxin_chain_spec::certificate::{CertificateError, ValidatorSet};
use huxin_chain_spec::codes::Code;
use huxin_chain_spec::crypto::Signer as _;
use huxin_chain_spec::execute::BlockError;
use huxin_chain_spec::ids::Height;
use huxin_chain_spec::participation::{Participation, SEEN_WITHIN};
use huxin_chain_spec::record::GovernanceOperation;
use huxin_chain_spec::record::governance::Action;
use huxin_chain_spec::record::membership::{Permissions, StatusChange};
use huxin_chain_spec::rules::governance::{ROTATION_PERIOD_MS, ROTATIONS_MAX, rehearse};
use huxin_chain_spec::state::StateKey;
use huxin_chain_spec::state::governance::{ProposalStatus, ValidatorNode};

use super::{Council, newcomer, propose, propose_until, validator};
use crate::support::*;

fn four() -> Council {
    Council { network: Network::found() }
}

fn participation(council: &Council) -> Participation {
    council.network.thing(&StateKey::Participation).unwrap()
}

#[test]
fn a_fifth_province_joins_votes_validates_and_is_removed() {
    let mut council = four();
    let home = council.network.provinces[SHANGHAI].issuer.clone();
    let first = council.network.must(&home.key, issue(&home, "before"));
    council.network.newcomers.push(key("360000 consensus"));
    council.pass(SHANGHAI, Action::ProvinceAdd(Box::new(newcomer())));
    let address = validator("360000").key.id();
    let joined_at = council.network.ledger.tip().height;
    assert!(council.network.ledger.tip().decided_by.get(&address).is_none(), "the old ones decide the change");
    let second = council.network.must(&home.key, issue(&home, "between"));
    // It decides and is seen from the next height on.
    let (header, certificate) = council.network.blocks.last().unwrap();
    assert_eq!(header.height, joined_at.next());
    assert!(certificate.signatures.iter().any(|entry| entry.validator == address));
    council.wait(1);
    assert_eq!(participation(&council).get(&address).unwrap().last_seen, joined_at.next());
    // Its governance key proposes; its registrar admits another key.
    let governance = key("360000 governance");
    let itself = Action::ProvinceStatus { province: newcomer().province, change: StatusChange::Remove };
    let proposal = council.network.must(&governance, propose(itself));
    let registrar = key("360000 registrar");
    council.network.must(&registrar, key_add(&key("360000 more"), newcomer().organisation, Permissions::registrar()));
    for voter in [SHANGHAI, JIANGSU, ZHEJIANG] {
        assert_eq!(council.status(proposal), ProposalStatus::Open);
        council.vote(voter, proposal, true);
    }
    assert_eq!(council.status(proposal), ProposalStatus::Passed, "four of five");
    let removed_at = council.network.ledger.tip().height;
    let third = council.network.must(&home.key, issue(&home, "after"));
    assert!(council.network.ledger.tip().decided_by.get(&address).is_none());
    assert_eq!(participation(&council).get(&address), None);
    let node: ValidatorNode = council.network.thing(&StateKey::ValidatorNode(address)).unwrap();
    assert_eq!((node.since, node.until), (joined_at, Some(removed_at)));
    let vote = GovernanceOperation::Vote { proposal, approve: true };
    assert_eq!(council.network.try_one(&governance, vote).unwrap_err(), Code::ProvinceRemoved);
    for index in [first, second, third] {
        let receipt = council.network.receipt(index, At::Newest);
        assert!((1..=2).contains(&receipt.trust.steps.len()), "four of the founders vouch for both");
        assert!(receipt.verify(&council.network.genesis.hash()).is_ok());
    }
}

/// A removed validator's signature counts no more, whatever it signs.
#[test]
fn a_removed_validator_cannot_vote() {
    let mut council = four();
    let out = council.consensus(ANHUI);
    council.pass(SHANGHAI, Action::ValidatorRemove { key: out });
    council.wait(1);
    let (mut block, _) = council.network.make(Vec::new());
    let header = council.network.blocks.last().unwrap().0.clone();
    let keys: Vec<_> = council.network.provinces.iter().map(|one| &one.consensus).collect();
    block.body.last_certificate = Some(certify(SHA256, &header, &keys));
    let unknown = CertificateError::UnknownValidator { validator: out, height: header.height };
    assert_eq!(council.network.check(&block).unwrap_err(), BlockError::LastCertificateInvalid(unknown));
    let (mut block, _) = council.network.make(Vec::new());
    block.header.proposer = out;
    assert!(matches!(council.network.check(&block), Err(BlockError::Header { field: "proposer", .. })));
}

/// A province rotates the key of its live validator by its own governance key alone; the chain goes on, and the next
/// one can be rotated once the new key has signed.
#[test]
fn a_live_validators_key_is_rotated() {
    let mut council = four();
    council.wait(3);
    for province in [SHANGHAI, JIANGSU] {
        let (old, name) = (council.consensus(province), format!("rotated {province}"));
        let (new, network_key) = (key(&name).public_key(), None);
        let rotate = Action::ValidatorRotate { old, new, network_key };
        if province == JIANGSU {
            let early = council.try_propose(province, rotate.clone());
            assert_eq!(early, Err(Code::GovernanceQuorumLost), "two unseen keys of four");
            council.wait(2);
        }
        let proposal = council.propose(province, rotate);
        assert_eq!(council.status(proposal), ProposalStatus::Passed);
        council.network.newcomers.push(key(&name));
        council.wait(1);
        let signatures = &council.network.blocks.last().unwrap().1.signatures;
        assert_eq!(signatures.len(), 4);
        assert!(signatures.iter().all(|entry| entry.validator != old));
        assert!(signatures.iter().any(|entry| entry.validator == new.id()));
    }
}

/// F1: one province replaced its own key 318 times in four minutes, and every receipt of the chain carried it for ever.
#[test]
fn one_province_replaces_a_key_four_times_a_day() {
    let mut council = four();
    council.wait(3);
    let rotate = |council: &mut Council, number: usize| {
        let new = key(&format!("rotation {number}"));
        let old =
            council.network.newcomers.last().map_or_else(|| council.consensus(SHANGHAI), |last| last.public_key().id());
        let action = Action::ValidatorRotate { old, new: new.public_key(), network_key: None };
        let closes_ms = council.network.next_ms().plus_ms(1_000);
        let governance = council.key(SHANGHAI);
        council.network.try_one(&governance, propose_until(action.clone(), closes_ms))?;
        council.network.must(&governance, propose_until(action, closes_ms));
        council.network.newcomers.push(new);
        council.wait(2);
        Ok(())
    };
    for number in 0..ROTATIONS_MAX {
        assert_eq!(rotate(&mut council, number), Ok(()));
    }
    assert_eq!(rotate(&mut council, 4), Err(Code::ValidatorRotatedTooOften));
    // Nor with another network key, nor by going back to a key it had.
    let old = council.network.newcomers.last().unwrap().public_key().id();
    let back = Action::ValidatorRotate { old, new: key("rotation 0").public_key(), network_key: None };
    assert_eq!(council.try_propose(SHANGHAI, back), Err(Code::ValidatorRotatedTooOften));
    council.network.pause_ms = ROTATION_PERIOD_MS;
    council.wait(1);
    council.network.pause_ms = 0;
    assert_eq!(rotate(&mut council, 5), Ok(()));
    let receipt = council.network.history().path_to(council.network.next_height());
    assert_eq!(receipt.steps.len(), 1, "the other three vouch for all of it");
}

/// Of a block that changes the validators, the as-of receipt brings the new set along.
#[test]
fn an_as_of_receipt_at_a_voted_change() {
    let mut council = four();
    let home = council.network.provinces[SHANGHAI].issuer.clone();
    let index = council.network.must(&home.key, issue(&home, "a"));
    council.network.newcomers.push(key("new consensus"));
    let there = council.code(JIANGSU);
    council.pass(SHANGHAI, Action::ValidatorAdd { province: there, validator: validator("new") });
    let announced = council.network.ledger.tip().time_ms;
    council.wait(2);
    let receipt = council.network.receipt(index, At::AsOf(announced));
    assert!(receipt.as_of.as_ref().unwrap().next.as_ref().unwrap().validators.is_some());
    assert!(receipt.trust.steps.is_empty(), "the header is still the old ones'");
    assert!(receipt.verify(&council.network.genesis.hash()).is_ok());
    let mut without = receipt;
    without.as_of.as_mut().unwrap().next.as_mut().unwrap().validators = None;
    let refused = without.verify(&council.network.genesis.hash()).unwrap_err();
    assert_eq!(refused.code(), Code::ReceiptHeaderMismatch);
}

#[test]
fn a_rehearsal_tells_what_would_happen() {
    let mut network = Network::found();
    network.signers = 3;
    let mut council = Council { network };
    council.wait(5);
    let set: ValidatorSet = council.network.ledger.tip().validators.clone();
    let (height, seen) = (council.network.next_height(), participation(&council));
    let silent = council.consensus(ANHUI);
    let removal = rehearse(&set, &seen, &Action::ValidatorRemove { key: silent }, height).unwrap();
    assert_eq!((removal.validators_before, removal.validators_after), (4, 3));
    assert_eq!((removal.total_power, removal.quorum_power), (3, 3));
    assert_eq!((removal.may_fail_power, removal.may_fail_validators), (0, 0));
    assert_eq!((removal.seen.len(), removal.seen_power, removal.quorum_reachable), (3, 3, true));
    assert!(removal.seen.iter().all(|one| one.last_seen == Height(4)), "the newest certificate in a block");
    assert_eq!(removal.blocking_provinces.len(), 3, "each of three could stop the chain");
    let more = Action::ValidatorPower { key: council.consensus(SHANGHAI), power: 3 };
    let strong = rehearse(&set, &seen, &more, height).unwrap();
    assert_eq!((strong.total_power, strong.quorum_power, strong.seen_power), (6, 5, 5));
    assert_eq!((strong.may_fail_power, strong.may_fail_validators), (1, 0), "the strongest may not fail");
    assert_eq!(strong.blocking_provinces, [council.code(SHANGHAI)]);
    let addition = Action::ValidatorAdd { province: council.code(JIANGSU), validator: validator("new") };
    let lost = rehearse(&set, &seen, &addition, height).unwrap();
    assert!(!lost.quorum_reachable, "five need four, and three were seen");
    assert_eq!(lost.may_fail_validators, 1);
    // After a hundred heights of silence, no validator counts as recently seen.
    let late = Height(4 + SEEN_WITHIN + 1);
    assert_eq!(rehearse(&set, &seen, &Action::ValidatorRemove { key: silent }, late).unwrap().seen, []);
    let untouched = council.good_action(huxin_chain_spec::parameters::ActionKind::TrustAdd);
    assert_eq!(rehearse(&set, &seen, &untouched, height), None);
    assert_eq!(rehearse(&set, &seen, &Action::ValidatorRemove { key: key("nobody").id() }, height), None);
}

/// Participation is what the certificates in the blocks say, for every proposer.
#[test]
fn participation_follows_the_certificates() {
    let mut council = four();
    council.network.signers = 4;
    council.wait(3);
    council.network.signers = 3;
    council.wait(4);
    let counted = participation(&council);
    // Seven blocks; the newest certificate is not in a block yet.
    let votes = |province: usize| counted.get(&council.consensus(province)).unwrap().votes;
    assert_eq!([SHANGHAI, JIANGSU, ZHEJIANG, ANHUI].map(votes), [6, 6, 6, 3]);
    assert_eq!(counted.get(&council.consensus(ANHUI)).unwrap().last_seen, Height(3));
    let blocks: u64 = counted.all().iter().map(|one| one.blocks).sum();
    assert_eq!(blocks, 6, "every height has one leader");
    assert!(counted.all().iter().all(|one| one.proposals_missed == 0));
}
