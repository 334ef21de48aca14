//! Governance under arbitrary use: for all sequences of proposals and votes, the chain can continue and decisions stay.

use std::collections::BTreeMap;

use huxin_chain_spec::crypto::{Signer as _, SigningKey};
use huxin_chain_spec::features::FeatureId;
use huxin_chain_spec::ids::{Height, ProvinceCode, RecordIndex};
use huxin_chain_spec::parameters::{ActionKind, Parameters, Threshold};
use huxin_chain_spec::record::governance::{Action, NewProvince, NewValidator, TrustRole};
use huxin_chain_spec::record::membership::{Standing, StatusChange};
use huxin_chain_spec::record::{GovernanceOperation, Operation};
use huxin_chain_spec::state::governance::{GovernedParameters, ProposalState, ProposalStatus};
use huxin_chain_spec::state::{ProvinceState, StateKey};
use huxin_chain_spec::transaction::Outcome;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, TestRunner};

use super::{propose_until, trust_add};
use crate::support::*;

/// Provinces there can be: four founders and two that may join.
const CODES: [&str; 6] = ["310000", "320000", "330000", "340000", "350000", "360000"];
/// Validators that may join; the even ones run, the odd ones never do.
const KEYS: usize = 12;

#[derive(Debug, Clone)]
struct Attempt {
    what: What,
    who: Index,
    which: Index,
    choice: Index,
    number: u64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum What {
    Propose(ActionKind),
    /// On a proposal that is open, or on any; to approve, or not.
    Vote {
        aims_well: bool,
        approve: bool,
    },
    Withdraw,
    Wait,
}

fn attempts() -> impl Strategy<Value = Vec<Attempt>> {
    let what = prop_oneof![
        4 => select(ActionKind::ALL.to_vec()).prop_map(What::Propose),
        14 => (prop::bool::weighted(0.9), prop::bool::weighted(0.9))
            .prop_map(|(aims_well, approve)| What::Vote { aims_well, approve }),
        1 => Just(What::Withdraw),
        1 => Just(What::Wait),
    ];
    let attempt = (what, any::<Index>(), any::<Index>(), any::<Index>(), 0..6u64)
        .prop_map(|(what, who, which, choice, number)| Attempt { what, who, which, choice, number });
    vec(attempt, 20..120)
}

struct World {
    network: Network,
    proposals: Vec<RecordIndex>,
    /// Proposals that are decided, as they stood when they were.
    decided: BTreeMap<RecordIndex, ProposalState>,
    passed: usize,
}

fn joining(number: usize) -> SigningKey {
    key(&format!("joining {number}"))
}

impl World {
    fn found() -> Self {
        let mut network = Network::found();
        network.newcomers = (0..KEYS).step_by(2).map(joining).collect();
        Self { network, proposals: Vec::new(), decided: BTreeMap::new(), passed: 0 }
    }

    fn code(index: &Index) -> ProvinceCode {
        index.get(&CODES).parse().unwrap()
    }

    /// A validator in the set, or one that may join.
    fn any_validator(&self, index: &Index) -> huxin_chain_spec::crypto::KeyId {
        let set = self.network.ledger.tip().validators.validators();
        let known = set.iter().map(|one| one.key.id());
        let all: Vec<_> = known.chain((0..KEYS).map(|number| joining(number).id())).collect();
        *index.get(&all)
    }

    fn action(&self, kind: ActionKind, attempt: &Attempt) -> Action {
        let Attempt { which, choice, number, .. } = attempt;
        let province = Self::code(which);
        let new_key = joining(choice.index(KEYS)).public_key();
        let validator = NewValidator { key: new_key, power: *number, network_key: None };
        let named = |name: &str| key(&format!("{province} {name} {number}")).public_key();
        match kind {
            ActionKind::ProvinceAdd => {
                let (governance_key, registrar_key) =
                    (key(&format!("{province} governance")).public_key(), named("registrar"));
                let organisation = uscc(&format!("11{province}00000000"));
                let validators = if *number == 0 { Vec::new() } else { vec![validator] };
                Action::ProvinceAdd(Box::new(NewProvince {
                    province,
                    organisation,
                    governance_key,
                    registrar_key,
                    validators,
                }))
            }
            ActionKind::ProvinceStatus => {
                let change = *choice.get(&[
                    StatusChange::Suspend,
                    StatusChange::Resume,
                    StatusChange::Resume,
                    StatusChange::Remove,
                ]);
                Action::ProvinceStatus { province, change }
            }
            // Governance keys keep their names, so that the test can sign.
            ActionKind::ProvinceGovernanceKey | ActionKind::ProvinceRegistrarKey => {
                Action::ProvinceRegistrarKey { province, key: named("more"), replaces: None }
            }
            ActionKind::ValidatorAdd => Action::ValidatorAdd { province, validator },
            ActionKind::ValidatorRemove => Action::ValidatorRemove { key: self.any_validator(choice) },
            ActionKind::ValidatorRotate => {
                Action::ValidatorRotate { old: self.any_validator(which), new: new_key, network_key: None }
            }
            ActionKind::ValidatorPower => Action::ValidatorPower { key: self.any_validator(choice), power: *number },
            ActionKind::TrustAdd => trust_add(choice.index(4) as u8, TrustRole::SealMaker),
            ActionKind::TrustRetire => Action::TrustRetire { certificate: digest(choice.index(4) as u8) },
            ActionKind::CrlAnchor => {
                Action::CrlAnchor { certificate: digest(choice.index(4) as u8), crl: digest(*number as u8) }
            }
            ActionKind::Parameters => {
                Action::Parameters(Parameters { heartbeat_ms: 400 + 100 * number, ..Parameters::default() })
            }
            ActionKind::Threshold => {
                Action::Threshold { kind: *which.get(&ActionKind::ALL), threshold: *choice.get(&Threshold::ALL) }
            }
            ActionKind::FeatureActivate => {
                Action::FeatureActivate { feature: FeatureId(*number as u16), height: Height(10_000) }
            }
        }
    }

    fn operation(&self, attempt: &Attempt) -> Option<GovernanceOperation> {
        let time_ms = self.network.ledger.tip().time_ms;
        let is_open = |proposal: &RecordIndex| self.proposal(*proposal).status_at(time_ms) == ProposalStatus::Open;
        let pick = |proposals: &[RecordIndex]| (!proposals.is_empty()).then(|| *attempt.which.get(proposals));
        match attempt.what {
            What::Wait => None,
            What::Propose(kind) => {
                let closes_ms = time_ms.plus_ms(BLOCK_MS * (2 + 8 * attempt.number));
                Some(propose_until(self.action(kind, attempt), closes_ms))
            }
            What::Vote { aims_well, approve } => {
                let open: Vec<RecordIndex> = self.proposals.iter().copied().filter(is_open).collect();
                let proposal = pick(if aims_well { &open } else { &self.proposals })?;
                Some(GovernanceOperation::Vote { proposal, approve })
            }
            What::Withdraw => Some(GovernanceOperation::WithdrawProposal { proposal: pick(&self.proposals)? }),
        }
    }

    fn proposal(&self, proposal: RecordIndex) -> ProposalState {
        self.network.thing(&StateKey::Proposal(proposal)).unwrap()
    }

    fn active(&self) -> Vec<ProvinceCode> {
        let is_active = |code: &ProvinceCode| {
            let state: Option<ProvinceState> = self.network.thing(&StateKey::Province(*code));
            state.is_some_and(|state| state.standing == Standing::Active)
        };
        CODES.iter().map(|code| code.parse().unwrap()).filter(is_active).collect()
    }

    /// One block with one operation, after which everything must hold.
    fn step(&mut self, attempt: &Attempt) {
        let signer = key(&format!("{} governance", attempt.who.get(&CODES)));
        let governed: GovernedParameters = self.network.thing(&StateKey::Parameters).unwrap();
        let active = self.active();
        let Some(operation) = self.operation(attempt) else {
            self.network.commit(Vec::new());
            return self.check_chain();
        };
        // A transaction of an unknown key does not get into a block.
        let transaction = self.network.transaction(&signer, vec![Operation::Governance(operation.clone())]);
        let outcome = self.network.commit(vec![transaction]).first().cloned();
        if let Some(Outcome::Committed { first_record, .. }) = outcome {
            let touched = match operation {
                GovernanceOperation::Vote { proposal, .. } | GovernanceOperation::WithdrawProposal { proposal } => {
                    proposal
                }
                _ => {
                    self.proposals.push(first_record);
                    first_record
                }
            };
            self.check_decision(touched, &governed, &active);
        }
        self.check_chain();
    }

    /// Decided exactly as the thresholds and the active provinces before the block say.
    fn check_decision(&mut self, proposal: RecordIndex, governed: &GovernedParameters, active: &[ProvinceCode]) {
        let state = self.proposal(proposal);
        assert!(!self.decided.contains_key(&proposal), "a decided proposal was touched");
        assert!(state.ballots.windows(2).all(|pair| pair[0].province < pair[1].province));
        let votes = |approve: bool| {
            let counts = |ballot: &&_| {
                let ballot: &&huxin_chain_spec::state::governance::Ballot = ballot;
                ballot.approve == approve && active.contains(&ballot.province)
            };
            state.ballots.iter().filter(counts).count()
        };
        let mut threshold = governed.thresholds.get(state.action.kind());
        if let Action::Threshold { kind, .. } = &state.action {
            threshold = threshold.max(governed.thresholds.get(*kind));
        }
        let (needed, yes, no) = (threshold.needed(active.len()), votes(true), votes(false));
        match state.status {
            ProposalStatus::Open => assert!(yes < needed && active.len() - no >= needed),
            ProposalStatus::Passed => {
                assert!(yes >= needed, "{yes} of {needed}");
                self.passed += 1;
            }
            ProposalStatus::Rejected => assert!(active.len() - no < needed),
            ProposalStatus::Withdrawn => {}
            ProposalStatus::Expired => panic!("never kept"),
        }
        if state.status != ProposalStatus::Open {
            self.decided.insert(proposal, state);
        }
    }

    fn check_chain(&self) {
        for (proposal, state) in &self.decided {
            assert_eq!(self.proposal(*proposal), *state, "what is decided stays");
        }
        let set = &self.network.ledger.tip().validators;
        assert!(set.is_well_formed());
        // Those that run are the founders and the even newcomers; no other validator has ever been seen.
        let founders = self.network.provinces.iter().map(|one| one.consensus.id());
        let running = founders.chain(self.network.newcomers.iter().map(SigningKey::id));
        let power = running.filter_map(|key| set.get(&key)).map(|one| one.power).sum();
        assert!(set.is_quorum(power), "the chain would stop");
        assert!(!self.active().is_empty());
        let governed: GovernedParameters = self.network.thing(&StateKey::Parameters).unwrap();
        assert!(governed.parameters.check().is_ok() && governed.thresholds.first_too_low().is_none());
    }
}

#[test]
fn the_chain_goes_on_and_decisions_stay() {
    let mut runner = TestRunner::new(Config { cases: 64, ..Config::default() });
    let passed = std::cell::Cell::new(0);
    let outcome = runner.run(&attempts(), |attempts| {
        let mut world = World::found();
        attempts.iter().for_each(|attempt| world.step(attempt));
        passed.set(passed.get() + world.passed);
        Ok(())
    });
    outcome.unwrap();
    assert!(passed.get() > 64, "too little happened: {} passed", passed.get());
}
