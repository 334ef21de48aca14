//! Proposals and votes: every status, every step, every signer.

use huxin_chain_spec::codes::Code;
use huxin_chain_spec::crypto::{Signer as _, SigningKey};
use huxin_chain_spec::features::FeatureId;
use huxin_chain_spec::ids::{Height, RecordIndex, TimeMs};
use huxin_chain_spec::parameters::{ActionKind, Threshold};
use huxin_chain_spec::record::GovernanceOperation;
use huxin_chain_spec::record::governance::Action;
use huxin_chain_spec::record::membership::{MembershipOperation, Permissions, StatusChange};
use huxin_chain_spec::rules::governance::{PROPOSAL_OPEN_MS_MAX, ProposalStep, Tally, next_status};
use huxin_chain_spec::state::StateKey;
use huxin_chain_spec::state::governance::{ProposalState, ProposalStatus};

use super::{Council, FUJIAN, propose, propose_until};
use crate::support::*;
use ProposalStatus as S;

type Cell = Result<ProposalStatus, Code>;
const DECIDED: Cell = Err(Code::ProposalDecided);
const CLOSED: Cell = Err(Code::ProposalClosed);

/// Written out by hand, so that it does not follow the code: reached, undecided, out of reach, withdrawn.
const STEPS: [ProposalStep; 4] = [
    ProposalStep::Vote(Tally::Reached),
    ProposalStep::Vote(Tally::Undecided),
    ProposalStep::Vote(Tally::OutOfReach),
    ProposalStep::Withdraw,
];
const TABLE: [(ProposalStatus, [Cell; 4]); 5] = [
    (S::Open, [Ok(S::Passed), Ok(S::Open), Ok(S::Rejected), Ok(S::Withdrawn)]),
    (S::Passed, [DECIDED; 4]),
    (S::Rejected, [DECIDED; 4]),
    (S::Withdrawn, [DECIDED; 4]),
    (S::Expired, [CLOSED; 4]),
];

#[test]
fn the_table_of_transitions() {
    for (status, row) in TABLE {
        for (step, expected) in STEPS.into_iter().zip(row) {
            assert_eq!(next_status(status, step), expected, "{status:?} {step:?}");
        }
    }
    assert_eq!(TABLE.map(|(status, _)| status), ProposalStatus::ALL);
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Role {
    Proposer,
    VotedAlready,
    NotVotedYet,
    SuspendedProvince,
    FormerGovernanceKey,
    Registrar,
    Agency,
    Outsider,
}

const ROLES: [Role; 8] = [
    Role::Proposer,
    Role::VotedAlready,
    Role::NotVotedYet,
    Role::SuspendedProvince,
    Role::FormerGovernanceKey,
    Role::Registrar,
    Role::Agency,
    Role::Outsider,
];

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Approve,
    Disapprove,
    Withdraw,
}

/// One proposal in each status; Fujian is suspended, so four provinces vote and three are needed.
struct Bench {
    council: Council,
    proposals: Vec<(ProposalStatus, RecordIndex)>,
    former: SigningKey,
}

fn harmless(number: u16) -> Action {
    Action::FeatureActivate { feature: FeatureId(number), height: Height(9_000) }
}

impl Bench {
    fn new() -> Self {
        let mut council = Council::found();
        let (fujian, anhui) = (council.code(FUJIAN), council.code(ANHUI));
        council.pass(SHANGHAI, Action::ProvinceStatus { province: fujian, change: StatusChange::Suspend });
        let former = council.key(ANHUI);
        let fresh = key("fresh governance");
        council.pass(SHANGHAI, Action::ProvinceGovernanceKey { province: anhui, key: fresh.public_key() });
        council.network.provinces[ANHUI].governance = fresh;
        let mut proposals = Vec::new();
        for (number, status) in (0..).zip(ProposalStatus::ALL) {
            let closes_ms =
                council.network.next_ms().plus_ms(if status == S::Expired { 2 * BLOCK_MS } else { 900_000 });
            let proposer = council.key(SHANGHAI);
            let proposal = council.network.must(&proposer, propose_until(harmless(number), closes_ms));
            council.vote(JIANGSU, proposal, status != S::Rejected);
            match status {
                S::Open => {}
                S::Passed => council.vote(ZHEJIANG, proposal, true),
                S::Rejected => council.vote(ZHEJIANG, proposal, false),
                S::Withdrawn => {
                    council.network.must(&proposer, GovernanceOperation::WithdrawProposal { proposal });
                }
                S::Expired => council.wait(3),
            }
            assert_eq!(council.status(proposal), status);
            proposals.push((status, proposal));
        }
        Self { council, proposals, former }
    }

    fn signer(&self, role: Role) -> SigningKey {
        let province = |position: usize| self.council.network.provinces[position].clone();
        match role {
            Role::Proposer => self.council.key(SHANGHAI),
            Role::VotedAlready => self.council.key(JIANGSU),
            Role::NotVotedYet => self.council.key(ANHUI),
            Role::SuspendedProvince => self.council.key(FUJIAN),
            Role::FormerGovernanceKey => self.former.clone(),
            Role::Registrar => province(SHANGHAI).registrar,
            Role::Agency => province(SHANGHAI).issuer.key,
            Role::Outsider => key("stranger"),
        }
    }
}

/// By hand. Who signs comes first, then the proposal's status, then whether this province may.
fn expected(status: ProposalStatus, kind: Kind, role: Role) -> Cell {
    match role {
        Role::SuspendedProvince => return Err(Code::ProvinceSuspended),
        Role::FormerGovernanceKey => return Err(Code::KeyRemoved),
        Role::Registrar | Role::Agency => return Err(Code::KeyNotPermitted),
        Role::Outsider => return Err(Code::KeyUnknown),
        Role::Proposer | Role::VotedAlready | Role::NotVotedYet => {}
    }
    match (status, kind, role) {
        (S::Passed | S::Rejected | S::Withdrawn, ..) => DECIDED,
        (S::Expired, ..) => CLOSED,
        (S::Open, Kind::Withdraw, Role::Proposer) => Ok(S::Withdrawn),
        (S::Open, Kind::Withdraw, _) => Err(Code::ProposalNotProposer),
        (S::Open, Kind::Approve, Role::NotVotedYet) => Ok(S::Passed),
        (S::Open, Kind::Disapprove, Role::NotVotedYet) => Ok(S::Open),
        (S::Open, Kind::Approve | Kind::Disapprove, _) => Err(Code::ProposalDoubleVote),
    }
}

#[test]
fn every_status_every_step_every_signer() {
    let mut bench = Bench::new();
    for (status, proposal) in bench.proposals.clone() {
        for kind in [Kind::Approve, Kind::Disapprove, Kind::Withdraw] {
            for role in ROLES {
                let signer = bench.signer(role);
                let operation = match kind {
                    Kind::Approve => GovernanceOperation::Vote { proposal, approve: true },
                    Kind::Disapprove => GovernanceOperation::Vote { proposal, approve: false },
                    Kind::Withdraw => GovernanceOperation::WithdrawProposal { proposal },
                };
                let found = bench.council.network.try_one(&signer, operation);
                let key = StateKey::Proposal(proposal);
                let found = found.map(|executed| written::<ProposalState>(&executed, &key).status);
                assert_eq!(found, expected(status, kind, role), "{status:?} {kind:?} {role:?}");
            }
        }
    }
    for (status, proposal) in bench.proposals {
        assert_eq!(bench.council.status(proposal), status, "trials changed nothing");
    }
}

#[test]
fn who_may_propose() {
    let mut bench = Bench::new();
    for role in ROLES {
        let signer = bench.signer(role);
        let found = bench.council.network.try_one(&signer, propose(harmless(99))).map(|_| S::Open);
        let expected = match role {
            Role::Proposer | Role::VotedAlready | Role::NotVotedYet => Ok(S::Open),
            _ => expected(S::Open, Kind::Approve, role),
        };
        assert_eq!(found, expected, "{role:?}");
    }
}

#[test]
fn an_unknown_proposal() {
    let mut council = Council::found();
    let key = council.key(SHANGHAI);
    let proposal = RecordIndex(7);
    let operations =
        [GovernanceOperation::Vote { proposal, approve: true }, GovernanceOperation::WithdrawProposal { proposal }];
    for operation in operations {
        assert_eq!(council.network.try_one(&key, operation).unwrap_err(), Code::ProposalUnknown);
    }
}

/// The first moment at which votes no longer count lies after the block and at most ninety days ahead.
#[test]
fn when_a_proposal_may_close() {
    let mut council = Council::found();
    let (signer, now) = (council.key(SHANGHAI), council.network.next_ms());
    let mut tried = |closes_ms| council.network.try_one(&signer, propose_until(harmless(1), closes_ms)).map(|_| ());
    assert_eq!(tried(now), Err(Code::ProposalClosesInPast));
    assert_eq!(tried(TimeMs(0)), Err(Code::ProposalClosesInPast));
    assert_eq!(tried(now.plus_ms(1)), Ok(()));
    assert_eq!(tried(now.plus_ms(PROPOSAL_OPEN_MS_MAX)), Ok(()));
    assert_eq!(tried(now.plus_ms(PROPOSAL_OPEN_MS_MAX + 1)), Err(Code::ProposalClosesTooFar));
    assert_eq!(tried(TimeMs::MAX), Err(Code::ProposalClosesTooFar));
}

/// A vote in the very block of the close does not count.
#[test]
fn the_close_is_the_first_moment_without_votes() {
    let mut council = Council::found();
    let signer = council.key(SHANGHAI);
    let closes_ms = council.network.next_ms().plus_ms(2 * BLOCK_MS);
    let proposal = council.network.must(&signer, propose_until(harmless(1), closes_ms));
    assert_eq!(council.try_vote(JIANGSU, proposal, true), Ok(()), "one block before");
    council.wait(1);
    assert_eq!(council.network.next_ms(), closes_ms);
    assert_eq!(council.try_vote(JIANGSU, proposal, true), Err(Code::ProposalClosed));
}

/// The answer about an open proposal counted every ballot, and named the threshold of the kind only.
#[test]
fn the_answer_about_a_proposal_counts_as_the_rules_do() {
    let mut council = Council::found_with(|genesis| genesis.governance.province_add = Threshold::All);
    let answer = |council: &Council, proposal: RecordIndex| {
        let (ledger, key) = (&council.network.ledger, StateKey::Proposal(proposal));
        let bytes = huxin_chain_spec::state::StateReader::state(ledger, &key).unwrap().unwrap();
        let now = (ledger.tip().time_ms, ledger.tip().height);
        huxin_chain_spec::rules::derived(ledger, &key, &bytes, now).unwrap().unwrap()
    };
    let weaken = Action::Threshold { kind: ActionKind::ProvinceAdd, threshold: Threshold::TwoThirds };
    let proposal = council.propose(SHANGHAI, weaken);
    council.vote(FUJIAN, proposal, true);
    let open = answer(&council, proposal);
    assert_eq!(open["threshold"], serde_json::json!(Threshold::All), "that of what it would weaken");
    assert_eq!([&open["yes"], &open["no"], &open["needed"]], [2, 0, 5]);
    let suspend = Action::ProvinceStatus { province: council.code(FUJIAN), change: StatusChange::Suspend };
    council.pass(SHANGHAI, suspend);
    let open = answer(&council, proposal);
    assert_eq!([&open["yes"], &open["needed"]], [1, 4], "Fujian does not count");
    let key = council.key(SHANGHAI);
    council.network.must(&key, GovernanceOperation::WithdrawProposal { proposal });
    let withdrawn = answer(&council, proposal);
    assert_eq!(withdrawn["yes"], 2, "as they were cast");
    assert!(withdrawn["needed"].is_null());
}

/// A province that was suspended after it voted no longer counts; resumed, it counts again.
#[test]
fn votes_count_while_their_province_is_active() {
    let mut council = Council::found();
    let proposal = council.propose(FUJIAN, harmless(1));
    let fujian = council.code(FUJIAN);
    council.pass(SHANGHAI, Action::ProvinceStatus { province: fujian, change: StatusChange::Suspend });
    council.vote(SHANGHAI, proposal, true);
    council.vote(JIANGSU, proposal, true);
    assert_eq!(council.status(proposal), S::Open, "three ballots, but only two of four active provinces");
    council.vote(ZHEJIANG, proposal, true);
    assert_eq!(council.status(proposal), S::Passed);
}

/// Several governance operations in one transaction see each other, and fail together.
#[test]
fn one_transaction_sees_what_it_has_done() {
    let mut council = Council::found();
    let fujian = council.code(FUJIAN);
    let proposal =
        council.propose(SHANGHAI, Action::ProvinceStatus { province: fujian, change: StatusChange::Suspend });
    council.vote(JIANGSU, proposal, true);
    council.vote(ZHEJIANG, proposal, true);
    let signer = council.key(FUJIAN);
    let operations = [GovernanceOperation::Vote { proposal, approve: true }, propose(harmless(1))];
    let operations = operations.into_iter().map(|operation| Op::from(operation).0).collect();
    let refused = council.network.try_all(&signer, operations);
    assert_eq!(refused.unwrap_err(), (Code::ProvinceSuspended, 1), "it has just voted itself out");
    assert_eq!(council.status(proposal), S::Open);
}

/// A registrar can neither make nor take the province's vote.
#[test]
fn registrars_do_not_reach_governance_keys() {
    let mut council = Council::found();
    let registrar = council.network.registrar(SHANGHAI);
    let authority = council.network.provinces[SHANGHAI].organisation;
    let add = key_add(&key("second"), authority, Permissions::governance());
    assert_eq!(council.network.try_one(&registrar, add).unwrap_err(), Code::KeyNotPermitted);
    let change = StatusChange::Remove;
    let remove = MembershipOperation::KeyStatus { key: council.key(SHANGHAI).id(), change, basis: basis("ZZ-1") };
    assert_eq!(council.network.try_one(&registrar, remove).unwrap_err(), Code::KeyNotPermitted);
}
