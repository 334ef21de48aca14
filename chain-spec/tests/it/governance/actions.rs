//! Every kind of action under every threshold takes effect with exactly the vote that reaches it.

use huxin_chain_spec::certificate::ValidatorSet;
use huxin_chain_spec::codes::Code;
use huxin_chain_spec::crypto::{KeyId, Signer as _};
use huxin_chain_spec::features::{ANCHORS, Activations};
use huxin_chain_spec::ids::Height;
use huxin_chain_spec::parameters::{ActionKind, Threshold, Thresholds};
use huxin_chain_spec::record::governance::{Action, TrustRole};
use huxin_chain_spec::record::membership::{Permissions, Standing};
use huxin_chain_spec::state::governance::{GovernedParameters, ProposalStatus, TrustState, ValidatorNode};
use huxin_chain_spec::state::{KeyState, OrganisationState, ProvinceState, StateKey};

use super::{Council, FUJIAN, LATER, TRUSTED, newcomer, trust_add, validator};
use crate::support::*;

/// Votes needed of five provinces, by hand. To change the threshold of `trust_add` takes its own two thirds at least.
fn needed(kind: ActionKind, threshold: Threshold) -> usize {
    match threshold {
        Threshold::MoreThanHalf if kind == ActionKind::Threshold => 4,
        Threshold::OneProvince => 1,
        Threshold::MoreThanHalf => 3,
        Threshold::TwoThirds | Threshold::ThreeQuarters => 4,
        Threshold::All => 5,
    }
}

fn founded(kind: ActionKind, threshold: Threshold) -> Council {
    let thresholds = Thresholds::default().with(kind, threshold);
    let mut council = Council::found_with(|genesis| genesis.governance = thresholds);
    if matches!(kind, ActionKind::TrustRetire | ActionKind::CrlAnchor) {
        council.pass(SHANGHAI, trust_add(0x77, TrustRole::CertificateAuthority));
    }
    council
}

#[test]
fn each_kind_under_each_threshold() {
    let mut tried = 0;
    for kind in ActionKind::ALL {
        for threshold in Threshold::ALL {
            if threshold == Threshold::OneProvince && !kind.may_be_alone() {
                continue;
            }
            let mut council = founded(kind, threshold);
            let action = council.good_action(kind);
            assert_eq!(action.kind(), kind);
            let proposal = council.propose(SHANGHAI, action);
            for votes in 1..needed(kind, threshold) {
                assert_eq!(council.status(proposal), ProposalStatus::Open, "{kind:?} {threshold:?} with {votes}");
                assert!(!has_taken_effect(&council, kind));
                council.vote(votes, proposal, true);
            }
            assert_eq!(council.status(proposal), ProposalStatus::Passed, "{kind:?} {threshold:?}");
            assert!(has_taken_effect(&council, kind), "{kind:?}");
            tried += 1;
        }
    }
    assert_eq!(tried, 14 * 4 + 3);
}

/// And is rejected with exactly the vote that puts it out of reach.
#[test]
fn each_threshold_out_of_reach() {
    let kind = ActionKind::Parameters;
    for threshold in [Threshold::MoreThanHalf, Threshold::TwoThirds, Threshold::All] {
        let mut council = founded(kind, threshold);
        let action = council.good_action(kind);
        let proposal = council.propose(SHANGHAI, action);
        for against in 1..=5 - needed(kind, threshold) {
            council.vote(against, proposal, false);
            assert_eq!(council.status(proposal), ProposalStatus::Open);
        }
        council.vote(ANHUI, proposal, false);
        assert_eq!(council.status(proposal), ProposalStatus::Rejected, "{threshold:?}");
        assert!(!has_taken_effect(&council, kind));
    }
}

fn node(council: &Council, key: &KeyId) -> Option<ValidatorNode> {
    council.network.thing(&StateKey::ValidatorNode(*key))
}

fn key_of(council: &Council, key: &KeyId) -> Option<(Permissions, Standing)> {
    let state: Option<KeyState> = council.network.thing(&StateKey::Key(*key));
    state.map(|state| (state.permissions, state.standing))
}

/// What [`Council::good_action`] of this kind brings about, each thing it writes.
fn has_taken_effect(council: &Council, kind: ActionKind) -> bool {
    let set = &council.network.ledger.tip().validators;
    let written: ValidatorSet = council.network.thing(&StateKey::Validators).unwrap();
    assert_eq!(*set, written);
    let governed: GovernedParameters = council.network.thing(&StateKey::Parameters).unwrap();
    let trust: Option<TrustState> = council.network.thing(&StateKey::Trust(TRUSTED));
    let (height, shanghai) = (council.network.ledger.tip().height, council.network.provinces[SHANGHAI].clone());
    let joined = |key: &KeyId| node(council, key).is_some_and(|node| node.since == height && node.until.is_none());
    let left = |key: &KeyId| node(council, key).is_some_and(|node| node.until == Some(height));
    match kind {
        ActionKind::ProvinceAdd => {
            let (new, first) = (newcomer(), validator("360000"));
            let province: Option<ProvinceState> = council.network.thing(&StateKey::Province(new.province));
            let seat: Option<OrganisationState> = council.network.thing(&StateKey::Organisation(new.organisation));
            let keys = [(new.governance_key, Permissions::governance()), (new.registrar_key, Permissions::registrar())];
            let active = |standing: Option<Standing>| standing == Some(Standing::Active);
            active(province.map(|province| province.standing))
                && seat.is_some_and(|seat| seat.province == new.province && seat.standing == Standing::Active)
                && keys.map(|(key, may)| key_of(council, &key.id()) == Some((may, Standing::Active))) == [true; 2]
                && set.get(&first.key.id()).is_some_and(|one| one.power == 1 && one.province == new.province)
                && node(council, &first.key.id()).is_some_and(|node| node.network_key == first.network_key)
        }
        ActionKind::ProvinceStatus => {
            let fujian = council.consensus(FUJIAN);
            council.standing(FUJIAN) == Some(Standing::Suspended) && set.get(&fujian).is_none() && left(&fujian)
        }
        ActionKind::ProvinceGovernanceKey => {
            let (old, new) = (council.key(JIANGSU).id(), key("new governance").id());
            let state: ProvinceState = council.network.thing(&StateKey::Province(council.code(JIANGSU))).unwrap();
            state.governance_key.id() == new
                && key_of(council, &new) == Some((Permissions::governance(), Standing::Active))
                && key_of(council, &old) == Some((Permissions::governance(), Standing::Removed))
        }
        ActionKind::ProvinceRegistrarKey => {
            key_of(council, &key("new registrar").id()) == Some((Permissions::registrar(), Standing::Active))
                && key_of(council, &shanghai.registrar.id()) == Some((Permissions::registrar(), Standing::Removed))
        }
        ActionKind::ValidatorAdd => {
            let id = validator("new").key.id();
            set.validators().len() == 6 && set.get(&id).is_some() && joined(&id)
        }
        ActionKind::ValidatorRemove => {
            set.get(&council.consensus(FUJIAN)).is_none() && left(&council.consensus(FUJIAN))
        }
        ActionKind::ValidatorRotate => {
            let (old, new) = (council.consensus(SHANGHAI), key("rotated").id());
            let replaced = set.get(&new).is_some_and(|one| one.province == shanghai.code && one.power == 1);
            replaced && set.get(&old).is_none() && joined(&new) && left(&old)
        }
        ActionKind::ValidatorPower => set.get(&council.consensus(JIANGSU)).is_some_and(|one| one.power == 2),
        ActionKind::TrustAdd => {
            let entry: Option<TrustState> = council.network.thing(&StateKey::Trust(digest(0x11)));
            let now = council.network.ledger.tip().time_ms;
            entry.is_some_and(|entry| {
                entry.is_trusted(TrustRole::SealMaker, now)
                    && !entry.is_trusted(TrustRole::CertificateAuthority, now)
                    && !entry.is_trusted(TrustRole::SealMaker, LATER)
                    && entry.sponsor == shanghai.code
            })
        }
        ActionKind::TrustRetire => trust.is_some_and(|entry| entry.retired_ms.is_some()),
        ActionKind::CrlAnchor => trust.is_some_and(|entry| entry.crl == Some(digest(0xcc))),
        ActionKind::Parameters => {
            assert_eq!(council.network.ledger.tip().parameters, governed.parameters);
            governed.parameters.heartbeat_ms == 5_000
        }
        ActionKind::Threshold => governed.thresholds.trust_add == Threshold::MoreThanHalf,
        ActionKind::FeatureActivate => {
            let features: Option<Activations> = council.network.thing(&StateKey::Features);
            features.is_some_and(|features| features.height_of(ANCHORS) == Some(Height(500)))
        }
    }
}

/// The weaker vote cannot undo the stronger.
#[test]
fn to_change_a_threshold_takes_that_threshold() {
    let mut council = Council::found_with(|genesis| {
        genesis.governance.threshold = Threshold::MoreThanHalf;
        genesis.governance.province_add = Threshold::All;
    });
    let lower = Action::Threshold { kind: ActionKind::ProvinceAdd, threshold: Threshold::MoreThanHalf };
    let proposal = council.propose(SHANGHAI, lower);
    for voter in 1..4 {
        council.vote(voter, proposal, true);
        assert_eq!(council.status(proposal), ProposalStatus::Open);
    }
    council.vote(FUJIAN, proposal, true);
    assert_eq!(council.status(proposal), ProposalStatus::Passed);
    let other = Action::Threshold { kind: ActionKind::TrustAdd, threshold: Threshold::MoreThanHalf };
    let proposal = council.propose(SHANGHAI, other);
    (1..4).for_each(|voter| council.vote(voter, proposal, true));
    assert_eq!(council.status(proposal), ProposalStatus::Passed, "two thirds: four of five");
}

/// A vote that would bring about what has become impossible is refused; the proposal stays open.
#[test]
fn guards_hold_again_when_an_action_would_take_effect() {
    let mut council = Council::found();
    let action = council.good_action(ActionKind::ValidatorAdd);
    let [first, second] = [0, 1].map(|_| council.propose(SHANGHAI, action.clone()));
    for proposal in [first, second] {
        council.vote(JIANGSU, proposal, true);
        council.vote(ZHEJIANG, proposal, true);
    }
    council.vote(ANHUI, first, true);
    assert_eq!(council.try_vote(ANHUI, second, true), Err(Code::ValidatorExists));
    assert_eq!(council.try_vote(ANHUI, second, false), Ok(()), "to disapprove stays possible");
    assert_eq!(council.status(second), ProposalStatus::Open);
}

/// A suspension loses the validators; once resumed, the province adds them again by votes, under the same key if it likes.
#[test]
fn a_suspended_province_comes_back() {
    use huxin_chain_spec::record::membership::StatusChange;
    let mut council = Council::found();
    let fujian = council.code(FUJIAN);
    council.pass(SHANGHAI, Action::ProvinceStatus { province: fujian, change: StatusChange::Suspend });
    let home = council.network.provinces[FUJIAN].issuer.clone();
    assert_eq!(council.network.try_one(&home.key, issue(&home, "a")).unwrap_err(), Code::ProvinceSuspended);
    council.pass(SHANGHAI, Action::ProvinceStatus { province: fujian, change: StatusChange::Resume });
    council.network.must(&home.key, issue(&home, "a"));
    let key = council.network.provinces[FUJIAN].consensus.public_key();
    let back = huxin_chain_spec::record::governance::NewValidator { key, power: 1, network_key: None };
    council.pass(SHANGHAI, Action::ValidatorAdd { province: fujian, validator: back });
    assert!(council.network.ledger.tip().validators.get(&key.id()).is_some());
    council.pass(SHANGHAI, Action::ProvinceStatus { province: fujian, change: StatusChange::Remove });
    assert_eq!(council.network.try_one(&home.key, issue(&home, "b")).unwrap_err(), Code::ProvinceRemoved);
}
