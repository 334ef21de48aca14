//! The governance family: what the provinces decide together, and what no vote can bring about.

mod actions;
mod documents;
mod facts;
mod features;
mod guards;
mod lives;
mod proposals;
mod sequences;

use huxin_chain_spec::codes::Code;
use huxin_chain_spec::crypto::{Digest, KeyId, Signer as _, SigningKey};
use huxin_chain_spec::features::ANCHORS;
use huxin_chain_spec::genesis::Genesis;
use huxin_chain_spec::ids::{Height, RecordIndex, TimeMs};
use huxin_chain_spec::parameters::{ActionKind, Parameters, Threshold};
use huxin_chain_spec::record::GovernanceOperation;
use huxin_chain_spec::record::governance::{Action, NewProvince, NewValidator, TrustRole};
use huxin_chain_spec::record::membership::{Standing, StatusChange};
use huxin_chain_spec::state::governance::{ProposalState, ProposalStatus};
use huxin_chain_spec::state::{ProvinceState, StateKey};

use crate::support::*;

/// The fifth province.
pub const FUJIAN: usize = 4;
/// A time after everything in these tests.
pub const LATER: TimeMs = TimeMs(GENESIS_MS).plus_ms(1_000_000);

/// Five provinces with a validator each, and their governance keys.
pub struct Council {
    pub network: Network,
}

impl Council {
    pub fn found() -> Self {
        Self::found_with(|_| {})
    }

    pub fn found_with(change: impl FnOnce(&mut Genesis)) -> Self {
        let mut provinces = provinces();
        let issuer_16 = "1135000000000001";
        let organisation = uscc("1135000000000000").to_string();
        provinces.push(province("350000", &organisation, issuer_16, "350100"));
        Self { network: Network::found_by(provinces, change) }
    }

    pub fn key(&self, province: usize) -> SigningKey {
        self.network.provinces[province].governance.clone()
    }

    pub fn consensus(&self, province: usize) -> KeyId {
        self.network.provinces[province].consensus.id()
    }

    pub fn code(&self, province: usize) -> huxin_chain_spec::ids::ProvinceCode {
        self.network.provinces[province].code
    }

    /// What proposing `action` in the next block would give.
    pub fn try_propose(&mut self, province: usize, action: Action) -> Result<(), Code> {
        let key = self.key(province);
        self.network.try_one(&key, propose(action)).map(|_| ())
    }

    pub fn propose(&mut self, province: usize, action: Action) -> RecordIndex {
        let key = self.key(province);
        self.network.must(&key, propose(action))
    }

    pub fn try_vote(&mut self, province: usize, proposal: RecordIndex, approve: bool) -> Result<(), Code> {
        let key = self.key(province);
        self.network.try_one(&key, GovernanceOperation::Vote { proposal, approve }).map(|_| ())
    }

    pub fn vote(&mut self, province: usize, proposal: RecordIndex, approve: bool) {
        let key = self.key(province);
        self.network.must(&key, GovernanceOperation::Vote { proposal, approve });
    }

    pub fn proposal(&self, proposal: RecordIndex) -> ProposalState {
        self.network.thing(&StateKey::Proposal(proposal)).unwrap()
    }

    pub fn status(&self, proposal: RecordIndex) -> ProposalStatus {
        self.proposal(proposal).status_at(self.network.ledger.tip().time_ms)
    }

    pub fn standing(&self, province: usize) -> Option<Standing> {
        let state: Option<ProvinceState> = self.network.thing(&StateKey::Province(self.code(province)));
        state.map(|state| state.standing)
    }

    /// Proposes and votes until it has passed.
    pub fn pass(&mut self, province: usize, action: Action) -> RecordIndex {
        let proposal = self.propose(province, action);
        for voter in 0..self.network.provinces.len() {
            if self.status(proposal) == ProposalStatus::Passed {
                break;
            }
            if voter != province && self.standing(voter) == Some(Standing::Active) {
                self.vote(voter, proposal, true);
            }
        }
        assert_eq!(self.status(proposal), ProposalStatus::Passed);
        proposal
    }

    /// Commits empty blocks.
    pub fn wait(&mut self, blocks: u64) {
        (0..blocks).for_each(|_| drop(self.network.commit(Vec::new())));
    }

    /// An action of this kind that could take effect now, proposed by Shanghai.
    pub fn good_action(&self, kind: ActionKind) -> Action {
        let (home, there) = (self.code(SHANGHAI), self.code(JIANGSU));
        match kind {
            ActionKind::ProvinceAdd => Action::ProvinceAdd(Box::new(newcomer())),
            ActionKind::ProvinceStatus => {
                Action::ProvinceStatus { province: self.code(FUJIAN), change: StatusChange::Suspend }
            }
            ActionKind::ProvinceGovernanceKey => {
                Action::ProvinceGovernanceKey { province: there, key: key("new governance").public_key() }
            }
            ActionKind::ProvinceRegistrarKey => Action::ProvinceRegistrarKey {
                province: home,
                key: key("new registrar").public_key(),
                replaces: Some(self.network.provinces[SHANGHAI].registrar.id()),
            },
            ActionKind::ValidatorAdd => Action::ValidatorAdd { province: there, validator: validator("new") },
            ActionKind::ValidatorRemove => Action::ValidatorRemove { key: self.consensus(FUJIAN) },
            ActionKind::ValidatorRotate => Action::ValidatorRotate {
                old: self.consensus(SHANGHAI),
                new: key("rotated").public_key(),
                network_key: None,
            },
            ActionKind::ValidatorPower => Action::ValidatorPower { key: self.consensus(JIANGSU), power: 2 },
            ActionKind::TrustAdd => trust_add(0x11, TrustRole::SealMaker),
            ActionKind::TrustRetire => Action::TrustRetire { certificate: TRUSTED },
            ActionKind::CrlAnchor => Action::CrlAnchor { certificate: TRUSTED, crl: digest(0xcc) },
            ActionKind::Parameters => Action::Parameters(Parameters { heartbeat_ms: 5_000, ..Parameters::default() }),
            ActionKind::Threshold => {
                Action::Threshold { kind: ActionKind::TrustAdd, threshold: Threshold::MoreThanHalf }
            }
            ActionKind::FeatureActivate => Action::FeatureActivate { feature: ANCHORS, height: Height(500) },
        }
    }
}

/// The certificate that [`Council::trusting`] puts on the list.
pub const TRUSTED: Digest = Digest([0x77; 32]);

impl Council {
    /// With [`TRUSTED`] on the list, sponsored by Shanghai.
    pub fn trusting() -> Self {
        let mut council = Self::found();
        council.pass(SHANGHAI, trust_add(0x77, TrustRole::CertificateAuthority));
        council
    }
}

pub fn propose(action: Action) -> GovernanceOperation {
    propose_until(action, LATER)
}

pub fn propose_until(action: Action, closes_ms: TimeMs) -> GovernanceOperation {
    GovernanceOperation::Propose { action, closes_ms, rationale: digest(0x99) }
}

pub fn trust_add(certificate: u8, role: TrustRole) -> Action {
    Action::TrustAdd { certificate: digest(certificate), role, crl: None, valid_until_ms: LATER }
}

/// A validator with power 1 and a network key.
pub fn validator(name: &str) -> NewValidator {
    let network_key = Some(key(&format!("{name} network")).public_key());
    NewValidator { key: key(&format!("{name} consensus")).public_key(), power: 1, network_key }
}

/// Jiangxi, with one validator.
pub fn newcomer() -> NewProvince {
    NewProvince {
        province: "360000".parse().unwrap(),
        organisation: uscc("1136000000000000"),
        governance_key: key("360000 governance").public_key(),
        registrar_key: key("360000 registrar").public_key(),
        validators: vec![validator("360000")],
    }
}
