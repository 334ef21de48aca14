//! Golden vectors: every hashed or signed type as JSON, as bytes, and its hashes, in `vectors/*.json`.
//!
//! An implementation in another language is checked against these files, and a change of any format fails here.
//! `UPDATE_GOLDEN=1 cargo test -p huxin-chain-spec --test it vectors` writes them again, for a change made on purpose.

mod cases;
mod evidence;
mod governance;
pub mod inputs;
mod proofs;
mod seals;
mod trust;
mod verdicts;

use std::path::PathBuf;

use borsh::{BorshDeserialize, BorshSerialize};
use huxin_chain_spec::block::{Block, Body};
use huxin_chain_spec::certificate::{Certificate, VoteType, proposal_message, vote_message};
use huxin_chain_spec::codec;
use huxin_chain_spec::codes::Code;
use huxin_chain_spec::crypto::{
    Digest, DigestAlgorithm, KeyId, PublicKey, Signature, SignatureScheme, SignedAs, Signer as _, SigningKey,
    transaction_message, verify,
};
use huxin_chain_spec::genesis::Genesis;
use huxin_chain_spec::ids::{Height, LicenceId, LicenceRef, RecordIndex, TimeMs, TxId, licence_name};
use huxin_chain_spec::log;
use huxin_chain_spec::receipt::{RECEIPT_MAGIC, Receipt};
use huxin_chain_spec::record::membership::{Permissions, Standing, SuccessionScope};
use huxin_chain_spec::record::upkeep::{AnnualOutcome, AttachmentRole, CorrectionReason};
use huxin_chain_spec::record::{LicenceOperation, Operation};
use huxin_chain_spec::state::succession::{HandedOn, Offer, SuccessionState};
use huxin_chain_spec::state::upkeep::{AnnuallyChecked, Attached, AttachmentEnd, Corrected};
use huxin_chain_spec::state::{
    DelegationState, DocumentLicence, DocumentState, KeyState, LicenceState, LicenceStatus, LineageState,
    OrganisationHead, OrganisationState, ProvinceState, StateKey, StatusChanged, SystemState, TransferTarget, Upkeep,
    state_digest,
};
use huxin_chain_spec::transaction::{
    self, Mode, Outcome, Transaction, TransactionOutcome, UnsignedTransaction, transactions_root,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::support::*;
use inputs::{all_operations, sm2_key};

pub(crate) const SM3: DigestAlgorithm = DigestAlgorithm::Sm3;

/// Compares with `vectors/<name>.json`, or writes it. As values, since the order of names in JSON means nothing.
pub(crate) fn golden(name: &str, cases: Vec<Value>) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("vectors").join(format!("{name}.json"));
    let now = Value::Array(cases);
    let text = format!("{}\n", serde_json::to_string_pretty(&now).unwrap());
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, text).unwrap();
        return;
    }
    let stored = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        serde_json::from_str::<Value>(&stored).is_ok_and(|stored| stored == now),
        "the format has changed: {} differs; set UPDATE_GOLDEN=1 if that is on purpose. It is now\n{text}",
        path.display()
    );
}

/// A case whose JSON is the type's own, which must come back too.
pub(crate) fn case<T>(name: &str, value: &T, extra: Value) -> Value
where
    T: BorshSerialize + BorshDeserialize + Serialize + DeserializeOwned + PartialEq + std::fmt::Debug,
{
    let form = serde_json::to_value(value).unwrap();
    assert_eq!(&serde_json::from_value::<T>(form.clone()).unwrap(), value);
    case_with(name, value, form, extra)
}

/// A case whose JSON is written for people.
pub(crate) fn case_with<T>(name: &str, value: &T, form: Value, extra: Value) -> Value
where
    T: BorshSerialize + BorshDeserialize + PartialEq + std::fmt::Debug,
{
    let bytes = codec::encode(value);
    assert_eq!(&codec::decode::<T>(&bytes, bytes.len()).unwrap(), value);
    let mut case = json!({ "name": name, "json": form, "borsh": hex::encode(bytes) });
    for (key, value) in extra.as_object().unwrap() {
        case[key] = value.clone();
    }
    case
}

pub(crate) fn none() -> Value {
    json!({})
}

/// The one chain all vectors speak of.
fn network() -> Network {
    Network::found()
}

#[test]
fn keys_and_digests() {
    let ed25519 = key("310000 issuer").public_key();
    let form = |key: &PublicKey| json!({ "key_id": key.id() });
    let signature = |signature: &Signature, scheme: &str| {
        let form = json!({ "scheme": scheme, "bytes": hex::encode(signature.as_bytes()) });
        case_with(&format!("signature.{scheme}"), signature, form, none())
    };
    let digest_of = |algorithm: DigestAlgorithm, name: &str| {
        let extra =
            json!({ "digest_of_abc": algorithm.plain(&[b"abc"]), "tagged_state_abc": state_digest(algorithm, b"abc") });
        case(name, &algorithm, extra)
    };
    let cases = vec![
        digest_of(SHA256, "digest_algorithm.sha256"),
        digest_of(SM3, "digest_algorithm.sm3"),
        case("public_key.ed25519", &ed25519, form(&ed25519)),
        case("public_key.sm2", &sm2_key(), form(&sm2_key())),
        case("key_id", &ed25519.id(), none()),
        signature(&key("310000 issuer").sign_transaction(&TxId(digest(0x11))), "ed25519"),
        signature(&Signature::Sm2([0x5a; 64]), "sm2"),
    ];
    golden("crypto", cases);
}

#[test]
fn operations() {
    let cases = all_operations().into_iter().map(|operation| {
        case(operation.name(), &operation, json!({ "family": operation.family(), "kind": operation.kind() }))
    });
    let names: std::collections::BTreeSet<_> = all_operations().iter().map(Operation::name).collect();
    assert_eq!(names.len(), 10 + 15, "every kind");
    golden("operations", cases.collect());
}

fn unsigned() -> UnsignedTransaction {
    let network = network();
    UnsignedTransaction {
        genesis: network.genesis.hash(),
        signer: network.issuer(SHANGHAI).id(),
        mode: Mode::All,
        operations: all_operations(),
        expires_at: Height(100),
        idempotency_key: *b"0123456789abcdef",
    }
}

fn transaction_form(transaction: &Transaction) -> Value {
    json!({ "body": transaction.body, "signature": hex::encode(transaction.signature.as_bytes()) })
}

#[test]
fn transactions() {
    let body = unsigned();
    let ids = json!({ "id_sha256": body.id(SHA256), "id_sm3": body.id(SM3) });
    let signed = body.clone().sign(SHA256, &key("310000 issuer"));
    let message = hex::encode(transaction_message(&body.id(SHA256)));
    let extra = json!({
        "id": body.id(SHA256), "signed_message": message, "public_key": key("310000 issuer").public_key(),
    });
    let sm2 = SigningKey::from_secret(SignatureScheme::Sm2, SHA256.plain(&[b"sm2 vector"]).0).unwrap();
    let by_sm2 = UnsignedTransaction { signer: sm2.id(), ..body.clone() }.sign(SM3, &sm2);
    assert!(by_sm2.verify(SM3, &sm2.public_key()));
    let sm2_id = by_sm2.body.id(SM3);
    let sm2_extra = json!({
        "id": sm2_id, "signed_message": hex::encode(transaction_message(&sm2_id)), "public_key": sm2.public_key(),
    });
    let cases = vec![
        case("unsigned", &body, ids),
        case_with("signed", &signed, transaction_form(&signed), extra),
        case_with("signed by sm2 over sm3", &by_sm2, transaction_form(&by_sm2), sm2_extra),
    ];
    golden("transaction", cases);
}

#[test]
fn records() {
    let mut previous = Digest::ZERO;
    let provinces = provinces();
    let mut cases = Vec::new();
    for (operation, sequence) in all_operations().into_iter().zip(1..) {
        let record = huxin_chain_spec::record::Record {
            version: huxin_chain_spec::record::RECORD_VERSION,
            family: operation.family(),
            kind: operation.kind(),
            province: provinces[SHANGHAI].code,
            organisation: provinces[SHANGHAI].issuer.organisation,
            sequence,
            running_digest: Digest::ZERO,
            signer: provinces[SHANGHAI].issuer.key.id(),
            tx_id: unsigned().id(SHA256),
            time_ms: TimeMs(GENESIS_MS).plus_ms(1),
            competence: operation.new_licence().map(|licence| u32::from(licence.version)),
            operation,
        };
        let (record, bytes) = record.seal(SHA256, &previous);
        let extra = json!({
            "previous_running_digest": previous,
            "leaf_hash_sha256": log::leaf_hash(SHA256, &bytes), "leaf_hash_sm3": log::leaf_hash(SM3, &bytes),
        });
        cases.push(case(record.operation.name(), &record, extra));
        previous = record.running_digest;
    }
    golden("record", cases);
}

fn certificate_form(certificate: &Certificate) -> Value {
    let signatures: Vec<Value> = certificate
        .signatures
        .iter()
        .map(|entry| json!({ "validator": entry.validator, "signature": hex::encode(entry.signature.as_bytes()) }))
        .collect();
    let Certificate { height, round, block, .. } = certificate;
    json!({ "height": height, "round": round, "block": block, "signatures": signatures })
}

fn body_form(body: &Body) -> Value {
    json!({
        "transactions": body.transactions.iter().map(transaction_form).collect::<Vec<_>>(),
        "last_certificate": body.last_certificate.as_ref().map(certificate_form),
    })
}

/// A chain of two blocks, and a third with one good and one refused transaction.
fn blocks() -> (Network, Block) {
    let mut network = network();
    let home = network.provinces[SHANGHAI].issuer.clone();
    network.must(&home.key, issue(&home, "a"));
    network.must(&home.key, LicenceOperation::Suspend(change("a")));
    let transactions = [issue(&home, "b"), issue(&home, "a")]
        .map(|operation| network.transaction(&home.key, vec![Op::from(operation).0]));
    let (block, _) = network.make(transactions.to_vec());
    (network, block)
}

#[test]
fn blocks_and_certificates() {
    let (network, block) = blocks();
    let (header, certificate) = network.blocks[1].clone();
    let hashes = json!({ "hash_sha256": block.header.hash(SHA256), "hash_sm3": block.header.hash(SM3) });
    let certified = json!({ "hash_sha256": certificate.hash(SHA256), "hash_sm3": certificate.hash(SM3) });
    let block_form = json!({ "header": block.header, "body": body_form(&block.body) });
    let cases = vec![
        case("header", &block.header, hashes),
        case("header certified below", &header, json!({ "hash_sha256": header.hash(SHA256) })),
        case_with("certificate", &certificate, certificate_form(&certificate), certified),
        case_with("body", &block.body, body_form(&block.body), none()),
        case_with("block", &block, block_form, none()),
    ];
    golden("block", cases);
}

/// The bytes under votes and proposals, and signatures over them.
#[test]
fn votes_and_proposals() {
    let chain = network().genesis.hash();
    let voter = key("310000 consensus");
    let block = digest(0xab);
    let vote = |name: &str, vote_type: VoteType, round: Option<u32>, block: Option<&Digest>| {
        let message = vote_message(&chain, vote_type, Height(7), round, block, &voter.id());
        let form = json!({
            "genesis": chain, "type": vote_type as u8, "height": 7, "round": round, "block": block, "voter": voter.id(),
        });
        signed_message(name, form, &message)
    };
    let proposal = |name: &str, round: Option<u32>, pol_round: Option<u32>| {
        let message = proposal_message(&chain, Height(7), round, &block, pol_round, &voter.id());
        let form = json!({
            "genesis": chain, "height": 7, "round": round, "block": block, "pol_round": pol_round, "proposer": voter.id(),
        });
        signed_message(name, form, &message)
    };
    let cases = vec![
        vote("prevote", VoteType::Prevote, Some(0), Some(&block)),
        vote("prevote for nothing", VoteType::Prevote, Some(3), None),
        vote("precommit", VoteType::Precommit, Some(3), Some(&block)),
        vote("precommit without a round", VoteType::Precommit, None, Some(&block)),
        proposal("proposal", Some(0), None),
        proposal("proposal with a proof of lock", Some(5), Some(4)),
        sm2_vote(&chain, &block),
    ];
    golden("votes", cases);
}

fn sm2_vote(chain: &Digest, block: &Digest) -> Value {
    let voter = SigningKey::from_secret(SignatureScheme::Sm2, SHA256.plain(&[b"sm2 voter"]).0).unwrap();
    let message = vote_message(chain, VoteType::Precommit, Height(7), Some(3), Some(block), &voter.id());
    let signature = voter.sign_consensus(&message);
    let item = (SignedAs::Consensus, voter.public_key());
    assert!(verify(item.0, &item.1, &message, &signature));
    let form = json!({ "genesis": chain, "type": 2, "height": 7, "round": 3, "block": block, "voter": voter.id() });
    json!({
        "name": "precommit by sm2", "json": form, "message": hex::encode(message),
        "signature": hex::encode(signature.as_bytes()), "public_key": voter.public_key(),
    })
}

fn signed_message(name: &str, form: Value, message: &[u8]) -> Value {
    let signer = key("310000 consensus");
    let signature = hex::encode(signer.sign_consensus(message).as_bytes());
    let public_key = signer.public_key();
    json!({ "name": name, "json": form, "message": hex::encode(message), "signature": signature, "public_key": public_key })
}

#[test]
fn genesis() {
    let cases = [SHA256, SM3].map(|ledger_hash| {
        let genesis = Genesis { ledger_hash, ..genesis_of(&provinces()) };
        let commitment = genesis.commitment();
        let name = format!("genesis.{}", json!(ledger_hash).as_str().unwrap());
        vec![
            case(
                &name,
                &genesis,
                json!({ "toml": genesis.to_toml().unwrap(), "content_hash": commitment.content_hash }),
            ),
            case(&format!("{name}.commitment"), &commitment, json!({ "genesis_hash": genesis.hash() })),
            case(
                &format!("{name}.validators"),
                &genesis.validators(),
                json!({ "validators_hash": genesis.validators().hash(ledger_hash) }),
            ),
        ]
    });
    golden("genesis", cases.concat());
}

#[test]
fn state_keys() {
    let home = provinces()[SHANGHAI].clone();
    let keys = [
        (StateKey::Province(home.code), "province", json!(home.code)),
        (StateKey::Organisation(home.organisation), "organisation", json!(home.organisation)),
        (
            StateKey::System(home.organisation, "DZZZ-1".parse().unwrap()),
            "system",
            json!([home.organisation, "DZZZ-1"]),
        ),
        (StateKey::Key(home.registrar.id()), "key", json!(home.registrar.id())),
        (StateKey::OrganisationHead(home.organisation), "organisation_head", json!(home.organisation)),
        (StateKey::Licence(licence_ref("a")), "licence", json!(licence_ref("a"))),
        (StateKey::Validators, "validators", Value::Null),
        (StateKey::Succession(home.organisation), "succession", json!(home.organisation)),
        (StateKey::Lineage(licence_ref("a")), "lineage", json!(licence_ref("a"))),
        (StateKey::Document(digest(0x55)), "document", json!(digest(0x55))),
        (
            StateKey::Delegation(home.issuer.organisation, home.organisation),
            "delegation",
            json!([home.issuer.organisation, home.organisation]),
        ),
    ];
    let cases = keys.iter().map(|(key, kind, id)| {
        let extra = json!({ "map_key_sha256": key.map_key(SHA256), "map_key_sm3": key.map_key(SM3) });
        case_with(kind, key, json!({ "kind": kind, "id": id }), extra)
    });
    golden("state_keys", cases.collect());
}

pub(crate) fn state<T>(name: &str, value: &T) -> Value
where
    T: BorshSerialize + BorshDeserialize + Serialize + DeserializeOwned + PartialEq + std::fmt::Debug,
{
    let bytes = codec::encode(value);
    let extra = json!({ "digest_sha256": state_digest(SHA256, &bytes), "digest_sm3": state_digest(SM3, &bytes) });
    case(name, value, extra)
}

/// A file of a licence of one province, recorded by another one again and again.
fn document_state(home: &Province, other: &Province) -> DocumentState {
    let licence = |province: &Province, name: &str, index: u64| DocumentLicence {
        licence: licence_ref_of(province.issuer.organisation, name),
        issuer: province.issuer.organisation,
        province: province.code,
        recorded_by: RecordIndex(index),
    };
    let mut state = DocumentState::begun_by(licence(home, "a", 300));
    for index in 301..306 {
        state.add(licence(other, &index.to_string(), index));
    }
    assert_eq!((state.licences.len(), state.more.as_slice()), (5, &[other.code][..]));
    state
}

#[test]
fn states() {
    let provinces = provinces();
    let home = &provinces[SHANGHAI];
    let standing = Standing::Active;
    let system = Some("DZZZ-1".parse().unwrap());
    let permissions = Permissions { licence_types: vec![licence_type()], ..Permissions::all_licences() };
    let (key, organisation, province) = (home.issuer.key.public_key(), home.issuer.organisation, home.code);
    let mut cases = vec![
        state(
            "province",
            &ProvinceState { organisation: home.organisation, governance_key: home.governance.public_key(), standing },
        ),
        state("organisation", &OrganisationState { province, region: home.issuer.region, standing }),
        state("system", &SystemState { organisation, standing: Standing::Suspended }),
        state("key", &KeyState { key, organisation, province, system, permissions, standing: Standing::Removed }),
        state("organisation_head", &OrganisationHead { sequence: 7, running_digest: digest(0x77) }),
        state("validators", &genesis_of(&provinces).validators()),
        state("succession", &succession_state()),
        state("lineage", &LineageState { begun_by: RecordIndex(300) }),
        state("document", &document_state(home, &provinces[JIANGSU])),
        state(
            "delegation",
            &DelegationState {
                licences: vec![licence_type()],
                until_ms: TimeMs(GENESIS_MS).plus_ms(1),
                given_by: RecordIndex(300),
                ended_by: Some(RecordIndex(301)),
            },
        ),
    ];
    for status in LicenceStatus::ALL {
        let target = TransferTarget {
            province: provinces[JIANGSU].code,
            organisation: provinces[JIANGSU].organisation,
            holder: Some(transfer_holder()),
        };
        let value = LicenceState {
            status,
            issued_by: RecordIndex(1),
            changed_by: RecordIndex(300),
            effective_ms: TimeMs(GENESIS_MS),
            recorded_ms: TimeMs(GENESIS_MS).plus_ms(3_000),
            transfer_to: (status == LicenceStatus::TransferredOut).then_some(target),
            successor: (status == LicenceStatus::Superseded).then_some(licence_ref("b")),
            earlier: if status == LicenceStatus::Issued { vec![changed(LicenceStatus::Suspended)] } else { Vec::new() },
            upkeep: if status == LicenceStatus::Issued { upkeep() } else { Upkeep::default() },
        };
        cases.push(state(&format!("licence, {status:?}").to_lowercase(), &value));
    }
    golden("states", cases);
}

/// Handed on once, and offered to another province.
fn succession_state() -> SuccessionState {
    let [first, second] = [JIANGSU, ZHEJIANG].map(|position| provinces()[position].issuer.organisation);
    let types = Some(vec![other_licence_type(), licence_type()]);
    let some = SuccessionScope { licences: types, cases: true, seals: false, publications: false };
    let rest = SuccessionScope { licences: Some(Vec::new()), cases: false, seals: true, publications: true };
    let (recorded_by, recorded_ms) = (RecordIndex(300), TimeMs(GENESIS_MS).plus_ms(3_000));
    SuccessionState {
        depth: 1,
        handed_on: vec![HandedOn { to: first, scope: some, recorded_by, recorded_ms }],
        offered: Some(Offer {
            to: second,
            scope: rest,
            offered_by: RecordIndex(301),
            offered_ms: TimeMs(GENESIS_MS).plus_ms(4_000),
        }),
    }
}

/// A correction, a further file that stands and one that ended, and an annual check.
pub(crate) fn upkeep() -> Upkeep {
    let licence = provinces()[SHANGHAI].issuer.licence("right");
    let (recorded_by, recorded_ms) = (RecordIndex(301), TimeMs(GENESIS_MS).plus_ms(4_000));
    let reason = CorrectionReason::File;
    let attached = |content: &str, role| Attached {
        document: file_of(content),
        role,
        purpose: None,
        expires_ms: None,
        recorded_by,
        recorded_ms,
        ended: None,
    };
    let ended = AttachmentEnd { effective_ms: TimeMs(GENESIS_MS).plus_ms(6_000), recorded_by, recorded_ms };
    let annotated = Attached {
        purpose: Some("TB-1".parse().unwrap()),
        expires_ms: Some(TimeMs(GENESIS_MS).plus_ms(86_400_000)),
        ended: Some(ended),
        ..attached("annotated", AttachmentRole::Annotated)
    };
    let (outcome, until_ms) = (AnnualOutcome::Passed, TimeMs(GENESIS_MS).plus_ms(86_400_000));
    Upkeep {
        corrections: vec![Corrected { particulars: licence.particulars(), reason, recorded_by, recorded_ms }],
        attachments: vec![attached("copy", AttachmentRole::Duplicate), annotated],
        annual_checks: vec![AnnuallyChecked { year: 2026, outcome, until_ms, recorded_by, recorded_ms }],
    }
}

/// A change of a history.
pub(crate) fn changed<S>(status: S) -> StatusChanged<S> {
    let (effective_ms, recorded_ms) = (TimeMs(GENESIS_MS - 5_000), TimeMs(GENESIS_MS).plus_ms(2_000));
    StatusChanged { status, effective_ms, recorded_ms, changed_by: RecordIndex(299) }
}

#[test]
fn outcomes() {
    let committed = Outcome::Committed { first_record: RecordIndex(300), records: 2 };
    let rejected = Outcome::Rejected { code: Code::LicenceDuplicate, operation: 1 };
    let leaf = |byte, outcome| TransactionOutcome { tx_id: TxId(digest(byte)), outcome };
    let refused = vec![
        transaction::Refusal { operation: 0, code: Code::LicenceDuplicate },
        transaction::Refusal { operation: 2, code: Code::LicenceUnknown },
    ];
    let each = Outcome::Each(transaction::EachOutcome { first_record: RecordIndex(302), records: 2, refused });
    let leaves = [leaf(1, committed), leaf(2, rejected), leaf(3, each)];
    let mut cases: Vec<Value> = leaves
        .iter()
        .map(|leaf| {
            let bytes = codec::encode(leaf);
            let form = json!({ "tx_id": leaf.tx_id, "outcome": leaf.outcome });
            let name = match leaf.outcome {
                Outcome::Committed { .. } => "committed",
                Outcome::Rejected { .. } => "rejected",
                Outcome::Each(_) => "each",
            };
            case_with(name, leaf, form, json!({ "leaf_hash_sha256": log::leaf_hash(SHA256, &bytes) }))
        })
        .collect();
    for count in 0..=3 {
        let part = &leaves[..count];
        cases.push(json!({
            "name": format!("transactions_root of {count}"),
            "leaves": part.iter().map(|leaf| hex::encode(codec::encode(leaf))).collect::<Vec<_>>(),
            "root_sha256": transactions_root(SHA256, part), "root_sm3": transactions_root(SM3, part),
        }));
    }
    golden("outcomes", cases);
}

/// Whole receipt files, with what they prove.
#[test]
fn receipts() {
    let (mut network, block) = blocks();
    network.commit(block.body.transactions);
    let vector = |name: &str, index: u64, at: At| {
        let receipt = network.receipt(RecordIndex(index), at);
        let file = receipt.to_bytes();
        assert!(file.starts_with(RECEIPT_MAGIC));
        assert_eq!(Receipt::from_bytes(&file).unwrap(), receipt);
        let proven = receipt.verify(&network.genesis.hash()).unwrap();
        json!({
            "name": name,
            "json": {
                "index": receipt.index, "record": receipt.record, "header": receipt.header,
                "certificate": certificate_form(&receipt.certificate), "log_path": receipt.log_path,
                "status_proof": receipt.status.as_ref().map(|status| &status.proof),
                "as_of_ms": receipt.as_of.as_ref().map(|as_of| as_of.time_ms),
            },
            "file": hex::encode(file),
            "trust_root": network.genesis.hash(),
            "proves": { "block": proven.block, "status_covered": proven.status.is_some(), "status": proven.status.flatten() },
        })
    };
    let first = TimeMs(GENESIS_MS).plus_ms(BLOCK_MS);
    let cases = vec![
        vector("newest, changed since issue", 0, At::Newest),
        vector("newest, unchanged since issue", 2, At::Newest),
        vector("newest, of a change", 1, At::Newest),
        vector("as of a time before the change", 0, At::AsOf(first)),
        vector("as of a time after the newest block", 0, At::AsOf(TimeMs(GENESIS_MS).plus_ms(1_000_000))),
    ];
    golden("receipts", cases);
}

#[test]
fn licence_references() {
    let texts = [
        "1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.001.U",
        "1.2.156.3005.2.11100000000013338W011.113100000000000191.20260001.001.A",
    ];
    let cases = texts.map(|text| {
        let id: LicenceId = text.parse().unwrap();
        let reference = LicenceRef::of(SHA256, &id);
        case_with(
            "licence_ref",
            &reference,
            json!(text),
            json!({
                "name_sha256": licence_name(SHA256, &Digest::ZERO, &id),
                "reference_sha256": reference,
                "reference_sm3": LicenceRef::of(SM3, &id),
            }),
        )
    });
    let digest_as_id = KeyId(digest(1));
    assert_eq!(codec::encode(&digest_as_id), [1; 32], "identifiers that are digests are their 32 bytes");
    golden("licence_references", cases.to_vec());
}
