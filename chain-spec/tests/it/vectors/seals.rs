//! Vectors of the seal family: operations, states, addresses, and what a seal signs.

use huxin_chain_spec::crypto::{Signature, Signer as _, seal_message};
use huxin_chain_spec::ids::{RecordIndex, TimeMs};
use huxin_chain_spec::record::seal::{Seal, SealSignature, SignatureStructure};
use huxin_chain_spec::record::{Operation, SealOperation};
use huxin_chain_spec::state::StateKey;
use huxin_chain_spec::state::seal::{SealSignatureState, SealState, SealStatus};
use serde_json::json;

use super::inputs::sm2_key;
use super::{SM3, case, case_with, changed, golden, state};
use crate::support::*;

fn full_seal() -> Seal {
    Seal { keys: vec![seal_key().public_key(), sm2_key()], ..seal("31011500001234") }
}

fn all_seal_operations() -> Vec<SealOperation> {
    use SealOperation as Op;
    let bare = SealSignature {
        structure: SignatureStructure::Bare,
        signature: Signature::Sm2([0x5a; 64]),
        ..seal_signature("31011500001234", "a file")
    };
    let change = || seal_change("31011500001234");
    vec![
        Op::Register(full_seal()),
        Op::Activate(change()),
        Op::Suspend(change()),
        Op::Resume(change()),
        Op::Cancel(change()),
        Op::Invalidate(change()),
        replace("31011500001234", "31011500001235"),
        Op::Sign(seal_signature("31011500001234", "a file")),
        Op::Sign(bare),
    ]
}

#[test]
fn seal_operations() {
    let operations: Vec<Operation> = all_seal_operations().into_iter().map(Operation::Seal).collect();
    let kinds: std::collections::BTreeSet<u8> = operations.iter().map(Operation::kind).collect();
    assert_eq!(kinds, (0..8).collect(), "every kind");
    let mut cases: Vec<_> = operations
        .iter()
        .map(|operation| {
            case(operation.name(), operation, json!({ "family": operation.family(), "kind": operation.kind() }))
        })
        .collect();
    let signature = seal_signature("31011500001234", "a file");
    cases.push(json!({
        "name": "what a seal signs",
        "message_digest": signature.message,
        "signed_message": hex::encode(seal_message(&signature.message)),
        "public_key": seal_key().public_key(),
        "signature": seal_key().sign_seal(&signature.message),
        "reference_sha256": signature.reference(SHA256),
        "reference_sm3": signature.reference(SM3),
    }));
    golden("seal_operations", cases);
}

#[test]
fn seal_states() {
    let signature = seal_signature("31011500001234", "a file");
    let mut cases: Vec<_> = SealStatus::ALL
        .into_iter()
        .map(|status| {
            let value = SealState {
                status,
                seal: full_seal(),
                registrar: provinces()[SHANGHAI].issuer.organisation,
                maker_trusted: status == SealStatus::Active,
                registered_by: RecordIndex(1),
                changed_by: RecordIndex(300),
                effective_ms: TimeMs(GENESIS_MS),
                recorded_ms: TimeMs(GENESIS_MS).plus_ms(3_000),
                predecessor: (status == SealStatus::Active).then(|| "31011500001233".parse().unwrap()),
                successor: (status == SealStatus::Replaced).then(|| "31011500001235".parse().unwrap()),
                earlier: if status == SealStatus::Active { vec![changed(SealStatus::Registered)] } else { Vec::new() },
            };
            state(&format!("seal, {status:?}").to_lowercase(), &value)
        })
        .collect();
    let recorded = SealSignatureState {
        recorded_by: RecordIndex(7),
        recorded_ms: TimeMs(GENESIS_MS).plus_ms(1_000),
        claimed_ms: signature.claimed_ms,
        key: signature.key,
        certificate: signature.certificate,
    };
    cases.push(state("seal_signature", &recorded));
    let address = shanghai_seal("31011500001234");
    for (name, key, id) in [
        ("key of a seal", seal_state_key(&address), json!(address)),
        (
            "key of a seal signature",
            StateKey::SealSignature(signature.reference(SHA256)),
            json!(signature.reference(SHA256)),
        ),
    ] {
        let extra = json!({ "map_key_sha256": key.map_key(SHA256), "map_key_sm3": key.map_key(SM3) });
        cases.push(case_with(name, &key, id, extra));
    }
    golden("seal_states", cases);
}
