//! Vectors of the evidence family: operations, states and addresses.

use huxin_chain_spec::ids::{RecordIndex, TimeMs};
use huxin_chain_spec::record::evidence::{Material, MaterialOrigin, Rating, RatingLevel};
use huxin_chain_spec::record::{EvidenceOperation, Operation};
use huxin_chain_spec::state::StateKey;
use huxin_chain_spec::state::evidence::{CaseEvidenceState, MaterialState, RatingState, ShareState, ShareStatus};
use serde_json::json;

use super::{SM3, case_with, golden, state};
use crate::evidence_table::{STEPS, step};
use crate::support::*;

#[test]
fn evidence_operations() {
    use EvidenceOperation as Op;
    let mut operations = all_evidence();
    operations.extend(STEPS[1..].iter().map(|kind| step(kind, "r")));
    let shared = MaterialOrigin::Share { request: subject("r") };
    operations.push(Op::Material(Material { origin: shared, valid_until_ms: Some(TimeMs(GENESIS_MS)), ..material() }));
    let licence = MaterialOrigin::Licence { licence: licence_ref("a") };
    operations.push(Op::Material(Material { origin: licence, signature_report: None, ..material() }));
    operations.sort_by_key(Op::kind);
    let kinds: std::collections::BTreeSet<u8> = operations.iter().map(Op::kind).collect();
    assert_eq!(kinds, (0..20).collect(), "every kind");
    let cases = operations.into_iter().map(|operation| {
        let operation = Operation::Evidence(operation);
        super::case(operation.name(), &operation, json!({ "family": operation.family(), "kind": operation.kind() }))
    });
    golden("evidence_operations", cases.collect());
}

fn share_state(status: ShareStatus) -> ShareState {
    let request = share_request("r");
    let requester = &provinces()[JIANGSU];
    ShareState {
        status,
        requester: requester.issuer.organisation,
        requester_province: requester.code,
        provider: request.provider,
        purpose: request.about.purpose,
        case: request.about.case,
        subject: request.about.subject,
        catalogue: request.catalogue,
        catalogue_version: request.catalogue_version,
        resource: request.resource,
        records_max: request.records_max,
        records_delivered: u32::from(status == ShareStatus::Delivered),
        due_ms: request.due_ms,
        requested_by: RecordIndex(3),
        requested_ms: TimeMs(GENESIS_MS).plus_ms(1_000),
        answered_ms: (status != ShareStatus::Requested).then_some(TimeMs(GENESIS_MS).plus_ms(2_000)),
        changed_by: RecordIndex(9),
    }
}

#[test]
fn evidence_states() {
    let material = MaterialState {
        first: Some(RecordIndex(1)),
        latest: Some(RecordIndex(5)),
        document: Some(digest(0x11)),
        shareable: true,
        valid_until_ms: Some(TimeMs(GENESIS_MS)),
        materials: 2,
        repeated_materials: 1,
        demands: 3,
        repeated_demands: 2,
        latest_demand: Some(RecordIndex(6)),
        repeated: true,
    };
    let Some(EvidenceOperation::Rating(Rating { level, .. })) =
        all_evidence().into_iter().find(|one| matches!(one, EvidenceOperation::Rating(_)))
    else {
        panic!("a rating");
    };
    assert_eq!(level, RatingLevel::Dissatisfied);
    let counted = CaseEvidenceState {
        visits: 1,
        sessions: 2,
        deliveries: 3,
        archived_by: Some(RecordIndex(8)),
        published_by: None,
    };
    let mut cases = vec![
        state("material", &material),
        state("material, demanded only", &MaterialState { demands: 1, ..MaterialState::default() }),
        state("rating", &RatingState { level, rated_by: RecordIndex(4), rated_ms: TimeMs(GENESIS_MS) }),
        state("case_evidence", &counted),
    ];
    for status in ShareStatus::ALL {
        cases.push(state(&format!("share, {status:?}").to_lowercase(), &share_state(status)));
    }
    let holder = provinces()[SHANGHAI].issuer.organisation;
    for (name, key, id) in [
        (
            "key of a material",
            StateKey::Material(holder, subject("s"), "CL-001".parse().unwrap()),
            json!([holder, subject("s"), "CL-001"]),
        ),
        ("key of a share", StateKey::Share(subject("r")), json!(subject("r"))),
        ("key of a rating", StateKey::Rating(case("c"), holder), json!([case("c"), holder])),
        ("key of what is counted of a case", StateKey::CaseEvidence(case("c")), json!(case("c"))),
    ] {
        let extra = json!({ "map_key_sha256": key.map_key(SHA256), "map_key_sm3": key.map_key(SM3) });
        cases.push(case_with(name, &key, id, extra));
    }
    golden("evidence_states", cases);
}
