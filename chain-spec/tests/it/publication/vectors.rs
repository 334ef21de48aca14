//! Golden vectors of the family: `vectors/publication.json`.

use huxin_chain_spec::ids::RecordIndex;
use huxin_chain_spec::record::entries::{entries_root, entry_hash, prove_entry};
use huxin_chain_spec::state::publication::{
    Consultation, ConsultationResult, DraftState, ItemVariant, ItemVariants, PublicationConsumerState, Repealed,
};
use serde_json::{Value, json};

use super::*;
use crate::vectors::{SM3, case, case_with, golden, none, state};

fn window() -> ConsultationWindow {
    ConsultationWindow {
        opens_ms: TimeMs(GENESIS_MS),
        closes_ms: TimeMs(GENESIS_MS).plus_ms(CONSULTATION_DAYS * DAY_MS),
    }
}

fn operations(bench: &Bench) -> Vec<Value> {
    let shanghai = bench.shanghai();
    let list = bench.subject(K::ItemList, Scope::Consortium, 1);
    let mut delegation = bench.subject(K::Delegation, shanghai, 1);
    if let PublicationBody::Mandate(mandate) = &mut delegation.body {
        let officer = bench.network.provinces[JIANGSU].issuer.key.id();
        let item = item_code(&bench.agency().organisation, 1).parse().unwrap();
        (mandate.officer, mandate.items, mandate.until_ms) = (Some(officer), vec![item], Some(TimeMs(GENESIS_MS)));
    }
    let mut operations: Vec<(String, P)> = PublicationKind::ALL
        .into_iter()
        .map(|kind| (format!("publish {kind:?}"), bench.subject(kind, shanghai, 6).publish(1)))
        .collect();
    let holidays = PublicationBody::Calendar(Calendar { year: 2026, holidays: vec![1, 2], makeup_days: vec![4] });
    let calendar = Subject { body: holidays, ..bench.subject(K::Calendar, Scope::Consortium, 6) };
    operations.extend([
        ("publish, of all".to_owned(), calendar.publish(2)),
        ("draft".to_owned(), list.draft(1, Some(window()))),
        ("draft without consultation".to_owned(), delegation.draft(1, None)),
        ("close_consultation".to_owned(), list.close(1)),
        ("co_sign".to_owned(), list.co_sign(1)),
        ("withdraw".to_owned(), list.withdraw(1)),
        ("repeal".to_owned(), list.repeal(1)),
        ("acknowledge".to_owned(), list.acknowledge(1)),
    ]);
    let cases = operations.into_iter().map(|(name, operation)| {
        let operation = Operation::Publication(operation);
        let extra = json!({ "family": operation.family(), "kind": operation.kind(), "operation": operation.name() });
        case(&name, &operation, extra)
    });
    cases.collect()
}

fn contents(bench: &Bench) -> Vec<Value> {
    let subjects =
        [bench.subject(K::ItemList, Scope::Consortium, 1), bench.subject(K::Delegation, bench.shanghai(), 1)];
    let cases = subjects.iter().map(|subject| {
        let extra = json!({
            "publication": subject.key, "version": 3, "body": subject.body, "parties": subject.parties,
            "sm3": content_digest(SM3, &subject.key, 3, &subject.body, &subject.parties),
        });
        case(&format!("content_digest {:?}", subject.key.kind), &subject.content(3), extra)
    });
    cases.collect()
}

fn entries() -> Vec<Value> {
    let entries = ["370117002001 ONLINE", "370117002002 RELAY", "370117002003 WINDOW"];
    let hashes: Vec<Digest> = entries.iter().map(|entry| entry_hash(SHA256, entry.as_bytes())).collect();
    let extra = json!({
        "entries": entries, "hashes_sha256": hashes,
        "root_sha256": entries_root(SHA256, &entries), "root_sm3": entries_root(SM3, &entries),
    });
    vec![case("entry_proof", &prove_entry(SHA256, &entries, 1).unwrap(), extra)]
}

fn states(bench: &Bench) -> Vec<Value> {
    let provinces: Vec<ProvinceCode> = bench.network.provinces.iter().map(|one| one.code).collect();
    let organisation = bench.agency().organisation;
    let result = Some(ConsultationResult { opinions_root: digest(0x0b), opinions: 2, closed_by: RecordIndex(8) });
    let consultation = Some(Consultation { window: window(), result });
    let draft = DraftState {
        version: 3,
        content: digest(0xcd),
        drafted_by: RecordIndex(7),
        drafted_ms: TimeMs(GENESIS_MS),
        lead: organisation,
        lead_province: provinces[SHANGHAI],
        consultation,
        signers: provinces.clone(),
        needed: 4,
        signed_by: provinces[..2].to_vec(),
    };
    let repealed = Some(Repealed { at_ms: TimeMs(GENESIS_MS), by: RecordIndex(6) });
    let owner = Some(organisation);
    let version = PublicationVersionState {
        body: PublicationBody::Entries { root: digest(0xe0), count: 3 },
        published_ms: TimeMs(GENESIS_MS),
        published_by: RecordIndex(9),
        signed_by: provinces.clone(),
        consultation,
        gap_from_ms: Some(TimeMs(GENESIS_MS - 1)),
    };
    let variant = |position: usize, elements: u8| ItemVariant {
        province: provinces[position],
        code: "370117002001".parse().unwrap(),
        version: 1,
        common_elements: digest(elements),
    };
    let in_force = PublicationState {
        version: 2,
        owner,
        repeal_signed_by: provinces[..1].to_vec(),
        ..PublicationState::default()
    };
    vec![
        state("publication, in force", &in_force),
        state(
            "publication, repealed, being prepared",
            &PublicationState { repealed, drafts: vec![draft], ..in_force.clone() },
        ),
        state("publication_version", &version),
        state("item_variants", &ItemVariants { variants: vec![variant(SHANGHAI, 1), variant(ANHUI, 2)] }),
        state(
            "publication_consumer",
            &PublicationConsumerState { version: 2, at_ms: TimeMs(GENESIS_MS), by: RecordIndex(9) },
        ),
    ]
}

fn state_keys(bench: &Bench) -> Vec<Value> {
    let key = bench.subject(K::ItemList, Scope::Consortium, 1).key;
    let organisation = bench.agency().organisation;
    let system = Some("DZZZ-1".parse().unwrap());
    let keys = [
        (StateKey::Publication(key.clone()), "publication", json!({ "publication": key })),
        (
            StateKey::PublicationVersion(key.clone(), 2),
            "publication_version",
            json!({ "publication": key, "version": 2 }),
        ),
        (StateKey::ItemVariants("370117002001".parse().unwrap()), "item_variants", json!("370117002001")),
        (
            StateKey::PublicationConsumer(key.clone(), organisation, system.clone()),
            "publication_consumer",
            json!({ "publication": key, "organisation": organisation, "system": system }),
        ),
    ];
    let cases = keys.iter().map(|(key, kind, id)| {
        let extra = json!({ "map_key_sha256": key.map_key(SHA256), "map_key_sm3": key.map_key(SM3) });
        case_with(&format!("key of {kind}"), key, json!({ "kind": kind, "id": id }), extra)
    });
    cases.collect()
}

#[test]
fn publications() {
    let bench = Bench::new();
    let keys = PublicationKind::ALL.map(|kind| case(&format!("kind {kind:?}"), &kind, none()));
    let cases =
        [keys.to_vec(), operations(&bench), contents(&bench), entries(), states(&bench), state_keys(&bench)].concat();
    golden("publication", cases);
}
