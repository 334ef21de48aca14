//! Vectors of the governance family.

use huxin_chain_spec::crypto::{Digest, PublicKey, Signature, Signer as _};
use huxin_chain_spec::features::{ANCHORS, Activations, FeatureId};
use huxin_chain_spec::genesis::Parameters;
use huxin_chain_spec::ids::{Height, RecordIndex, TimeMs};
use huxin_chain_spec::log::LogHead;
use huxin_chain_spec::parameters::{ActionKind, Threshold, Thresholds};
use huxin_chain_spec::participation::Participation;
use huxin_chain_spec::record::governance::{
    Action, Competent, DoubleSignature, NewProvince, NewValidator, RegionLevel, SignedBlock, SignedStep, TrustRole,
};
use huxin_chain_spec::record::membership::StatusChange;
use huxin_chain_spec::record::{GovernanceOperation, Operation};
use huxin_chain_spec::state::StateKey;
use huxin_chain_spec::state::governance::{
    AnchorState, Ballot, CompetenceState, GovernedParameters, MisbehaviourState, ProposalState, ProposalStatus,
    TrustState, ValidatorNode,
};
use serde_json::json;

use super::inputs::succession;
use super::{SM3, case, case_with, golden, state};
use crate::support::*;

const LATER: TimeMs = TimeMs(GENESIS_MS).plus_ms(1_000_000);

fn public(name: &str) -> PublicKey {
    key(name).public_key()
}

fn validator(network_key: Option<PublicKey>) -> NewValidator {
    NewValidator { key: public("new consensus"), power: 3, network_key }
}

/// One action of every kind, some with and without what is optional.
fn actions() -> Vec<Action> {
    let (province, id) = ("360000".parse().unwrap(), key("310000 consensus").id());
    let network_key = Some(public("new network"));
    let new = NewProvince {
        province,
        organisation: uscc("1136000000000000"),
        governance_key: public("360000 governance"),
        registrar_key: public("360000 registrar"),
        validators: vec![validator(network_key)],
    };
    let certificate = digest(0x33);
    vec![
        Action::ProvinceAdd(Box::new(new)),
        Action::ProvinceStatus { province, change: StatusChange::Suspend },
        Action::ProvinceGovernanceKey { province, key: public("360000 governance") },
        Action::ProvinceRegistrarKey { province, key: public("360000 registrar"), replaces: Some(id) },
        Action::ProvinceRegistrarKey { province, key: super::sm2_key(), replaces: None },
        Action::ValidatorAdd { province, validator: validator(None) },
        Action::ValidatorRemove { key: id },
        Action::ValidatorRotate { old: id, new: public("new consensus"), network_key },
        Action::ValidatorPower { key: id, power: u64::MAX },
        Action::TrustAdd { certificate, role: TrustRole::Ledger, crl: Some(digest(0x44)), valid_until_ms: LATER },
        Action::TrustRetire { certificate },
        Action::CrlAnchor { certificate, crl: digest(0x44) },
        Action::Parameters(Parameters::default()),
        Action::Threshold { kind: ActionKind::FeatureActivate, threshold: Threshold::All },
        Action::FeatureActivate { feature: FeatureId(0xF001), height: Height(300) },
        Action::OrganisationSucceed(succession()),
        Action::Competence { licence_type: licence_type(), issuers: Competent::Any },
        Action::Competence { licence_type: licence_type(), issuers: competent() },
    ]
}

/// Two organisations and two levels.
fn competent() -> Competent {
    let organisations = [SHANGHAI, JIANGSU].map(|position| provinces()[position].issuer.organisation).to_vec();
    Competent::Listed { organisations, levels: vec![RegionLevel::National, RegionLevel::City] }
}

fn evidence() -> DoubleSignature {
    let signed = |block: Option<Digest>, byte| SignedBlock {
        block,
        pol_round: block.map(|_| 2),
        signature: Signature::Ed25519([byte; 64]),
    };
    DoubleSignature {
        validator: key("310000 consensus").id(),
        step: SignedStep::Precommit,
        height: Height(300),
        round: 7,
        first: signed(None, 0x0a),
        second: signed(Some(digest(0xab)), 0x0b),
    }
}

#[test]
fn operations() {
    let proposal = RecordIndex(300);
    let propose = |action| GovernanceOperation::Propose { action, closes_ms: LATER, rationale: digest(0x99) };
    let mut operations: Vec<GovernanceOperation> = actions().into_iter().map(propose).collect();
    operations.extend([
        GovernanceOperation::Vote { proposal, approve: true },
        GovernanceOperation::WithdrawProposal { proposal },
        GovernanceOperation::ReportMisbehaviour { evidence: evidence() },
        GovernanceOperation::Anchor {
            ledger: digest(0x55),
            height: Height(300),
            block: digest(0xbb),
            log: LogHead { size: 5, root: digest(0xee) },
        },
    ]);
    let kinds: std::collections::BTreeSet<_> = actions().iter().map(Action::kind).collect();
    assert_eq!(kinds.len(), ActionKind::ALL.len());
    let cases = operations.into_iter().map(Operation::Governance).map(|operation| {
        case(operation.name(), &operation, json!({ "family": operation.family(), "kind": operation.kind() }))
    });
    golden("governance_operations", cases.collect());
}

#[test]
fn states() {
    let home = provinces()[SHANGHAI].clone();
    let (province, validator) = (home.code, home.consensus.id());
    let proposal = ProposalState {
        action: Action::ValidatorRemove { key: validator },
        proposer: province,
        rationale: digest(0x99),
        opened_ms: TimeMs(GENESIS_MS),
        closes_ms: LATER,
        ballots: vec![Ballot { province, approve: true }],
        status: ProposalStatus::Passed,
        decided_by: Some(RecordIndex(301)),
    };
    let log = LogHead { size: 5, root: digest(0xee) };
    let trust = TrustState {
        role: TrustRole::CertificateAuthority,
        sponsor: province,
        crl: Some(digest(0x44)),
        valid_until_ms: LATER,
        since_ms: TimeMs(GENESIS_MS),
        retired_ms: None,
    };
    let node = ValidatorNode {
        key: home.consensus.public_key(),
        province,
        network_key: Some(public("new network")),
        since: Height(3),
        until: Some(Height(300)),
        rotated_ms: vec![TimeMs(GENESIS_MS)],
    };
    let misbehaviour = MisbehaviourState {
        validator,
        province,
        step: SignedStep::Prevote,
        height: Height(300),
        round: 7,
        reported_by: RecordIndex(301),
    };
    let governed = GovernedParameters { parameters: Parameters::default(), thresholds: Thresholds::default() };
    let anchor = AnchorState { height: Height(300), block: digest(0xbb), log, recorded_by: RecordIndex(301) };
    let mut network = Network::found();
    (0..3).for_each(|_| drop(network.commit(Vec::new())));
    let participation: Participation = network.thing(&StateKey::Participation).unwrap();
    let activations = Activations::default().with(FeatureId(0xF001), Height(9)).with(ANCHORS, Height(300));
    let cases = vec![
        state("proposal", &proposal),
        state("parameters", &governed),
        state("trust", &trust),
        state("features", &activations),
        state("participation", &participation),
        state("validator_node", &node),
        state("misbehaviour", &misbehaviour),
        state("anchor", &anchor),
        state(
            "competence",
            &CompetenceState {
                version: 2,
                issuers: competent(),
                decided_by: RecordIndex(300),
                decided_ms: TimeMs(GENESIS_MS),
            },
        ),
    ];
    golden("governance_states", cases);
}

#[test]
fn state_keys() {
    let id = key("310000 consensus").id();
    let keys = [
        (StateKey::Proposal(RecordIndex(300)), "proposal", json!(300)),
        (StateKey::Parameters, "parameters", json!(null)),
        (StateKey::Trust(digest(0x33)), "trust", json!(digest(0x33))),
        (StateKey::Features, "features", json!(null)),
        (StateKey::Participation, "participation", json!(null)),
        (StateKey::ValidatorNode(id), "validator_node", json!(id)),
        (StateKey::Misbehaviour(id, Height(300)), "misbehaviour", json!([id, 300])),
        (StateKey::Anchor(digest(0x55)), "anchor", json!(digest(0x55))),
        (StateKey::Competence(licence_type()), "competence", json!(licence_type())),
    ];
    let cases = keys.iter().map(|(key, kind, id)| {
        let extra = json!({ "map_key_sha256": key.map_key(SHA256), "map_key_sm3": key.map_key(SM3) });
        case_with(kind, key, json!({ "kind": kind, "id": id }), extra)
    });
    golden("governance_state_keys", cases.collect());
}
