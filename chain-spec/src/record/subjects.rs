//! What a record is about: the things under whose names people look for it.
//!
//! Not the same as what it changes. A step of a case changes the case alone, a visit in a case changes a counter; both are found
//! under the case. A licence's issue is not listed under the licence: the ledger finds it by the reference itself.

use super::evidence::{EvidenceOperation, MaterialOrigin};
use super::governance::{Action, GovernanceOperation};
use super::licence::LicenceOperation;
use super::membership::{Delegation, Succession};
use super::{CaseOperation, MembershipOperation, Operation, PublicationOperation, SealOperation};
use crate::crypto::{Digest, DigestAlgorithm};
use crate::ids::{LicenceRef, RecordIndex, Uscc};
use crate::state::StateKey;

impl Operation {
    /// The things that the record `index` with this operation, signed for `organisation`, is about, without repetition. At most a
    /// handful.
    pub fn subjects(&self, algorithm: DigestAlgorithm, organisation: &Uscc, index: RecordIndex) -> Vec<StateKey> {
        let mut subjects = match self {
            Self::Membership(operation) => membership(operation),
            Self::Licence(operation) => licence(operation),
            Self::Seal(operation) => seal(operation, algorithm),
            Self::Case(operation) => case(operation),
            Self::Publication(operation) => publication(operation),
            Self::Evidence(operation) => evidence(operation, organisation),
            Self::Governance(operation) => governance(operation, index),
        };
        subjects.sort_unstable();
        subjects.dedup();
        subjects
    }
}

fn membership(operation: &MembershipOperation) -> Vec<StateKey> {
    use MembershipOperation as Op;
    match operation {
        Op::OrganisationAdd { organisation, .. }
        | Op::OrganisationStatus { organisation, .. }
        | Op::OrganisationReclaim { organisation, .. } => vec![StateKey::Organisation(*organisation)],
        Op::SystemAdd { system, organisation } => {
            vec![StateKey::System(*organisation, system.clone()), StateKey::Organisation(*organisation)]
        }
        Op::SystemStatus { system, organisation, .. } => vec![StateKey::System(*organisation, system.clone())],
        Op::KeyAdd { key, organisation, .. } => vec![StateKey::Key(key.id()), StateKey::Organisation(*organisation)],
        Op::KeyStatus { key, .. } => vec![StateKey::Key(*key)],
        Op::OrganisationSucceed(succession) => of_succession(succession),
        Op::OrganisationDelegate(Delegation { from, to, .. }) | Op::OrganisationDelegateEnd { from, to, .. } => {
            vec![StateKey::Delegation(*from, *to), StateKey::Organisation(*from), StateKey::Organisation(*to)]
        }
    }
}

fn of_succession(succession: &Succession) -> Vec<StateKey> {
    let Succession { from, to, .. } = succession;
    vec![StateKey::Succession(*from), StateKey::Organisation(*from), StateKey::Organisation(*to)]
}

fn licence(operation: &LicenceOperation) -> Vec<StateKey> {
    operation.changed_licence().map(|licence| StateKey::Licence(*licence)).into_iter().collect()
}

fn seal(operation: &SealOperation, algorithm: DigestAlgorithm) -> Vec<StateKey> {
    let mut addresses: Vec<_> = operation.existing_seal().cloned().into_iter().collect();
    addresses.extend(operation.new_seal().map(super::seal::Seal::address));
    let mut subjects: Vec<StateKey> =
        addresses.into_iter().map(|address| StateKey::Seal(address.province, address.seal)).collect();
    if let SealOperation::Sign(signature) = operation {
        subjects.push(StateKey::SealSignature(signature.reference(algorithm)));
    }
    subjects
}

fn case(operation: &CaseOperation) -> Vec<StateKey> {
    let case = operation.case().map(|case| StateKey::Case(*case));
    let bundle = operation.bundle().map(|bundle| StateKey::Bundle(*bundle));
    let licence = match operation {
        CaseOperation::Result { licence: Some(licence), .. } => Some(StateKey::Licence(*licence)),
        _ => None,
    };
    [case, bundle, licence].into_iter().flatten().collect()
}

fn publication(operation: &PublicationOperation) -> Vec<StateKey> {
    vec![StateKey::Publication(operation.publication().clone())]
}

fn evidence(operation: &EvidenceOperation, organisation: &Uscc) -> Vec<StateKey> {
    use EvidenceOperation as Op;
    let about = operation.about();
    let mut subjects: Vec<StateKey> = about.and_then(|about| about.case).map(StateKey::Case).into_iter().collect();
    let subject = about.and_then(|about| about.subject);
    let licence = |licence: &LicenceRef| StateKey::Licence(*licence);
    let share = |request: &Digest| StateKey::Share(*request);
    match operation {
        Op::Material(material) => {
            subjects
                .extend(subject.map(|subject| StateKey::Material(*organisation, subject, material.material.clone())));
            match &material.origin {
                MaterialOrigin::Licence { licence: from } => subjects.push(licence(from)),
                MaterialOrigin::Share { request } => subjects.push(share(request)),
                MaterialOrigin::Applicant => {}
            }
        }
        Op::MaterialDemand(demand) => {
            let files = [Some(*organisation), demand.held_by].into_iter().flatten();
            let files =
                files.map(|file| subject.map(|subject| StateKey::Material(file, subject, demand.material.clone())));
            subjects.extend(files.flatten());
        }
        Op::LicenceUse(usage) => subjects.push(licence(&usage.licence)),
        Op::ShareRequest(request) => subjects.push(share(&request.request)),
        Op::ShareApprove(answer) | Op::ShareDeny(answer) => subjects.push(share(&answer.request)),
        Op::ShareDeliver(delivery) => subjects.push(share(&delivery.request)),
        Op::ShareReturn(back) => subjects.push(share(&back.request)),
        Op::IntermediaryReport(report) => subjects.push(licence(&report.licence)),
        Op::MatchDecision(decision) => subjects.push(StateKey::Publication(decision.policy.clone())),
        Op::Assertion(_)
        | Op::Session(_)
        | Op::ArchiveDeposit(_)
        | Op::Delivery(_)
        | Op::Visit(_)
        | Op::Rating(_)
        | Op::MetricStatement(_)
        | Op::DecisionPublication(_)
        | Op::Erasure(_)
        | Op::Checkpoint(_) => {}
    }
    subjects
}

fn governance(operation: &GovernanceOperation, index: RecordIndex) -> Vec<StateKey> {
    use GovernanceOperation as Op;
    match operation {
        Op::Propose { action, .. } => {
            let mut subjects = action_subjects(action);
            subjects.push(StateKey::Proposal(index));
            subjects
        }
        Op::Vote { proposal, .. } | Op::WithdrawProposal { proposal } => vec![StateKey::Proposal(*proposal)],
        Op::ReportMisbehaviour { evidence } => vec![
            StateKey::ValidatorNode(evidence.validator),
            StateKey::Misbehaviour(evidence.validator, evidence.height),
        ],
        Op::Anchor { ledger, .. } => vec![StateKey::Anchor(*ledger)],
    }
}

fn action_subjects(action: &Action) -> Vec<StateKey> {
    match action {
        Action::ProvinceAdd(new) => vec![StateKey::Province(new.province)],
        Action::ProvinceStatus { province, .. }
        | Action::ProvinceGovernanceKey { province, .. }
        | Action::ProvinceRegistrarKey { province, .. } => vec![StateKey::Province(*province)],
        Action::ValidatorAdd { province, validator } => {
            vec![StateKey::Province(*province), StateKey::ValidatorNode(validator.key.id())]
        }
        Action::ValidatorRemove { key } | Action::ValidatorPower { key, .. } => vec![StateKey::ValidatorNode(*key)],
        Action::ValidatorRotate { old, new, .. } => {
            vec![StateKey::ValidatorNode(*old), StateKey::ValidatorNode(new.id())]
        }
        Action::TrustAdd { certificate, .. }
        | Action::TrustRetire { certificate }
        | Action::CrlAnchor { certificate, .. } => vec![StateKey::Trust(*certificate)],
        Action::Parameters(_) | Action::Threshold { .. } => vec![StateKey::Parameters],
        Action::FeatureActivate { .. } => vec![StateKey::Features],
        Action::OrganisationSucceed(succession) => of_succession(succession),
        Action::Competence { licence_type, .. } => vec![StateKey::Competence(*licence_type)],
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::crypto::DigestAlgorithm::Sha256;
    use crate::crypto::KeyId;
    use crate::ids::CaseRef;
    use crate::record::case::Step;
    use crate::record::evidence::{About, LicenceUse, UseResult};

    const DIGEST: Digest = Digest([7; 32]);

    fn me() -> Uscc {
        "11100000000013338W".parse().unwrap()
    }

    #[test]
    fn what_happened_around_a_case_is_found_under_the_case() {
        let case = CaseRef(DIGEST);
        let step = Operation::Case(CaseOperation::Accept { step: Step { case, mandate: None } });
        assert_eq!(step.subjects(Sha256, &me(), RecordIndex(3)), [StateKey::Case(case)]);
        let about = About { purpose: "P-1".parse().unwrap(), case: Some(case), subject: None };
        let usage = LicenceUse { about, licence: LicenceRef(DIGEST), result: UseResult::Relied };
        let usage = Operation::Evidence(EvidenceOperation::LicenceUse(usage));
        assert_eq!(
            usage.subjects(Sha256, &me(), RecordIndex(4)),
            [StateKey::Licence(LicenceRef(DIGEST)), StateKey::Case(case)]
        );
    }

    #[test]
    fn a_proposal_is_named_by_its_record() {
        let action = Action::ValidatorRotate {
            old: KeyId(DIGEST),
            new: crate::crypto::PublicKey::Ed25519([1; 32]),
            network_key: None,
        };
        let propose = GovernanceOperation::Propose { action, closes_ms: crate::ids::TimeMs(9), rationale: DIGEST };
        let subjects = Operation::Governance(propose).subjects(Sha256, &me(), RecordIndex(5));
        assert!(subjects.contains(&StateKey::Proposal(RecordIndex(5))));
        assert!(subjects.contains(&StateKey::ValidatorNode(KeyId(DIGEST))));
        assert_eq!(subjects.len(), 3);
    }
}
