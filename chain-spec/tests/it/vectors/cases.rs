//! Vectors of the case family.

use huxin_chain_spec::codec;
use huxin_chain_spec::crypto::Digest;
use huxin_chain_spec::ids::{BundleRef, CaseRef, RecordIndex, TimeMs, name_of};
use huxin_chain_spec::log;
use huxin_chain_spec::record::case::{DeliveryChannel, IdentityCheck, PolicyVersion};
use huxin_chain_spec::record::publication::{CaseMode, PublicationKind, Scope};
use huxin_chain_spec::record::{CaseOperation, Operation, RECORD_VERSION, Record};
use huxin_chain_spec::state::StateKey;
use huxin_chain_spec::state::case::{
    BundleChildState, BundlePlace, BundleState, CaseClock, CaseState, CaseStatus, ChildProgress, Condition, Frozen,
    FrozenVersion, Pause, RelayedPart,
};
use serde_json::{Value, json};

use super::{SM3, case, case_with, golden, none, state};
use crate::support::case_words::*;
use crate::support::*;

/// An operation of every kind, both with and without what is optional.
pub fn case_operations() -> Vec<CaseOperation> {
    use CaseOperation as Op;
    let world = CaseWorld::found();
    let to = world.organisation(JIANGSU);
    let mandate = publication(PublicationKind::Mandate, Scope::Province(world.provinces[SHANGHAI].code), "WT-1");
    let bare = {
        let mut collection = world.collection("a", CaseMode::FullOnline, JIANGSU);
        (collection.subject, collection.materials) = (None, Vec::new());
        Op::Collect(Box::new(collection))
    };
    let full = {
        let mut collection = world.collection("b", CaseMode::Bundle, JIANGSU);
        collection.matter.duty_version = Some(7);
        (collection.bundle, collection.policy) =
            (Some(bundle_ref("b")), Some(PolicyVersion { policy: policy_key(), version: 3 }));
        under(&mandate, Op::Collect(Box::new(collection)))
    };
    let remote = Op::Check { step: step("a"), identity: IdentityCheck::Remote, formal: digest(0xf0) };
    let licence = Op::Result { step: step("a"), licence: Some(licence_ref("a")), document: digest(0xd0) };
    vec![
        bare,
        full,
        check("a"),
        remote,
        send("a", to, root(1)),
        acknowledge("a", root(1)),
        under(&mandate, acknowledge("a", root(1))),
        bounce("a"),
        request_correction("a", &["M1", "M2"]),
        resubmit("a", root(2)),
        accept("a"),
        accept_conditionally("a", &["M3"]),
        fulfil("a", root(3)),
        not_accept("a"),
        pause("a"),
        resume("a"),
        world.relay("a", ZHEJIANG),
        grant("a"),
        refuse("a"),
        result("a"),
        licence,
        deliver("a", DeliveryChannel::Online),
        deliver("a", DeliveryChannel::Courier),
        deliver("a", DeliveryChannel::Window),
        close("a"),
        archive("a"),
        withdraw("a"),
        notify("a"),
        bundle_open("b", to, &[("x", &[]), ("y", &[0]), ("z", &[0, 1])]),
    ]
}

#[test]
fn operations_and_records() {
    let provinces = provinces();
    let mut previous = huxin_chain_spec::crypto::Digest::ZERO;
    let mut cases: Vec<Value> = Vec::new();
    let mut kinds = std::collections::BTreeSet::new();
    for (operation, sequence) in case_operations().into_iter().map(Operation::Case).zip(1..) {
        kinds.insert(operation.kind());
        let record = Record {
            version: RECORD_VERSION,
            family: operation.family(),
            kind: operation.kind(),
            province: provinces[SHANGHAI].code,
            organisation: provinces[SHANGHAI].issuer.organisation,
            sequence,
            running_digest: previous,
            signer: provinces[SHANGHAI].issuer.key.id(),
            tx_id: huxin_chain_spec::ids::TxId(digest(0x77)),
            time_ms: TimeMs(GENESIS_MS).plus_ms(1),
            competence: None,
            operation: operation.clone(),
        };
        let (record, bytes) = record.seal(SHA256, &previous);
        let extra = json!({
            "family": operation.family(), "kind": operation.kind(), "record": hex::encode(&bytes),
            "leaf_hash_sha256": log::leaf_hash(SHA256, &bytes), "leaf_hash_sm3": log::leaf_hash(SM3, &bytes),
        });
        assert_eq!(codec::encode(&operation)[..2], [3, operation.kind()]);
        cases.push(case(operation.name(), &operation, extra));
        previous = record.running_digest;
    }
    assert_eq!(kinds.len(), 23, "every kind");
    golden("case_operations", cases);
}

fn frozen(calendar: Option<FrozenVersion>) -> Frozen {
    Frozen {
        item: item_key(&provinces()[JIANGSU]),
        item_version: 2,
        guide_version: 3,
        duty: calendar,
        promised_days: 300,
        acknowledge_days: 2,
        correction_days: 5,
        year: 2026,
        calendars: [calendar, None],
    }
}

/// A case with nothing but what it must have, and one with everything.
fn case_states() -> [CaseState; 2] {
    let provinces = provinces();
    let time = |days: u64| Some(TimeMs(GENESIS_MS).plus_ms(days * 86_400_000));
    let bare = CaseState {
        status: CaseStatus::Collected,
        mode: CaseMode::FullOnline,
        origin: provinces[SHANGHAI].issuer.organisation,
        origin_province: provinces[SHANGHAI].code,
        receiver: provinces[JIANGSU].issuer.organisation,
        frozen: frozen(None),
        bundle: None,
        subject: None,
        material_root: None,
        was_corrected: false,
        correction: Vec::new(),
        condition: None,
        pause: None,
        relayed: Vec::new(),
        clock: CaseClock { collected_ms: TimeMs(GENESIS_MS), ..CaseClock::default() },
        changed_by: RecordIndex(1),
    };
    let full = CaseState {
        status: CaseStatus::ConditionalPaused,
        mode: CaseMode::Bundle,
        frozen: frozen(Some(FrozenVersion { scope: Scope::Consortium, version: 1 })),
        bundle: Some(BundlePlace { bundle: bundle_ref("b"), position: 31 }),
        subject: Some(digest(0x5b)),
        material_root: Some(root(1)),
        was_corrected: true,
        correction: materials(&["M1", "M2"]),
        condition: Some(Condition {
            missing: materials(&["M3"]),
            due_ms: TimeMs(GENESIS_MS).plus_ms(1),
            fulfilled_ms: time(2),
        }),
        pause: Some(Pause { since_ms: TimeMs(GENESIS_MS).plus_ms(2), decision_days: Some(7), condition_days: None }),
        relayed: vec![RelayedPart {
            agency: provinces[ZHEJIANG].issuer.organisation,
            relayed_by: RecordIndex(300),
            was_late: true,
        }],
        clock: CaseClock {
            collected_ms: TimeMs(GENESIS_MS),
            sent_ms: time(1),
            received_ms: time(2),
            accepted_ms: time(3),
            decided_ms: time(4),
            answer_due_ms: time(5),
            decision_due_ms: time(6),
        },
        changed_by: RecordIndex(301),
        ..bare.clone()
    };
    [bare, full]
}

fn bundle_state() -> BundleState {
    let child = |name: &str, after, progress, was_notified| BundleChildState {
        case: case_ref(name),
        after,
        progress,
        was_notified,
    };
    BundleState {
        lead: provinces()[SHANGHAI].issuer.organisation,
        material_root: root(1),
        opened_ms: TimeMs(GENESIS_MS),
        changed_by: RecordIndex(9),
        children: vec![
            child("x", 0, ChildProgress::Done, true),
            child("y", 1, ChildProgress::Running, false),
            child("z", 3, ChildProgress::Planned, false),
            child("w", 0, ChildProgress::Failed, false),
        ],
    }
}

#[test]
fn states_and_references() {
    let [bare, full] = case_states();
    let mut cases = vec![state("case, bare", &bare), state("case, full", &full), state("bundle", &bundle_state())];
    for status in CaseStatus::ALL {
        cases.push(case(&format!("status, {}", json!(status).as_str().unwrap()), &status, none()));
    }
    for (name, key, id) in [
        ("key of a case", StateKey::Case(case_ref("a")), json!(case_ref("a"))),
        ("key of a bundle", StateKey::Bundle(bundle_ref("b")), json!(bundle_ref("b"))),
    ] {
        let extra = json!({ "map_key_sha256": key.map_key(SHA256), "map_key_sm3": key.map_key(SM3) });
        cases.push(case_with(name, &key, id, extra));
    }
    let number = "12441500196720244T3442199806003202206230068";
    let owner = provinces()[SHANGHAI].issuer.organisation;
    let name = |algorithm| name_of(algorithm, &Digest::ZERO, number);
    let value = json!({ "owner": owner, "blinding": Digest::ZERO, "number": number, "name_sha256": name(SHA256) });
    let references = json!({ "reference_sm3": CaseRef::owned(SM3, &owner, &name(SM3)) });
    cases.push(case_with("case_ref", &CaseRef::owned(SHA256, &owner, &name(SHA256)), value.clone(), references));
    let references = json!({ "reference_sm3": BundleRef::owned(SM3, &owner, &name(SM3)) });
    cases.push(case_with("bundle_ref", &BundleRef::owned(SHA256, &owner, &name(SHA256)), value, references));
    golden("case_states", cases);
}

/// Cutting or changing a byte gives an error or another value, never a fault.
#[test]
fn damaged_encodings_are_never_a_fault() {
    fn total<T: borsh::BorshSerialize + borsh::BorshDeserialize>(bytes: &[u8]) {
        if let Ok(value) = codec::decode::<T>(bytes, 1 << 20) {
            assert_eq!(codec::encode(&value), bytes);
        }
    }
    let mut specimens: Vec<Vec<u8>> =
        case_operations().into_iter().map(|operation| codec::encode(&operation)).collect();
    specimens.extend(case_states().iter().map(codec::encode));
    specimens.push(codec::encode(&bundle_state()));
    for bytes in specimens {
        for place in 0..bytes.len() {
            for change in [1, 0x80, 0xff] {
                let mut damaged = bytes.clone();
                damaged[place] ^= change;
                total::<CaseOperation>(&damaged);
                total::<CaseState>(&damaged);
                total::<BundleState>(&damaged);
            }
            assert!(codec::decode::<CaseOperation>(&bytes[..place], 1 << 20).is_err() || place > 0);
        }
    }
}
