//! Vectors of every proof file: what holds, and what each mutation must be refused with.
//!
//! A mutation is a patch: at byte `at`, `remove` bytes go and `insert` comes in their place. Whoever writes a verifier runs it over both
//! files: every receipt must prove what `proves` says, and every mutation must be refused, with `code` where the verifier has codes.

use huxin_chain_spec::block::Header;
use huxin_chain_spec::certificate::{Certificate, Validator, ValidatorSet};
use huxin_chain_spec::codec;
use huxin_chain_spec::codes::Code;
use huxin_chain_spec::crypto::{DigestAlgorithm, SignatureScheme, Signer as _, SigningKey};
use huxin_chain_spec::ids::{Height, RecordIndex, TimeMs};
use huxin_chain_spec::log::{self, Appender, Frontier, LogHead, MemoryLog};
use huxin_chain_spec::receipt::{OutcomeReceipt, Receipt, ReceiptError, Step, ThingReceipt, TrustPath};
use huxin_chain_spec::record::licence::Licence;
use huxin_chain_spec::record::upkeep::{AnnualOutcome, AttachmentRole};
use huxin_chain_spec::record::{LicenceOperation, Operation, RECORD_VERSION, Record};
use huxin_chain_spec::state::StateKey;
use huxin_chain_spec::transaction::{Mode, Outcome, UnsignedTransaction};
use serde_json::{Value, json};

use super::{SM3, golden};
use crate::support::*;

/// A proof file under its trust root.
struct Good {
    name: String,
    file: Vec<u8>,
    root: huxin_chain_spec::crypto::Digest,
    /// What the file proves, for people and for other verifiers.
    proves: Value,
}

impl Good {
    fn value(&self) -> Value {
        json!({ "name": self.name, "file": hex::encode(&self.file), "trust_root": self.root, "proves": self.proves })
    }
}

/// The founders with keys of one scheme.
fn founders(scheme: SignatureScheme) -> Vec<Province> {
    let of =
        |name: String| SigningKey::from_secret(scheme, SHA256.plain(&[b"vector key ", name.as_bytes()]).0).unwrap();
    let mut provinces = provinces();
    for province in &mut provinces {
        let code = province.code;
        province.consensus = of(format!("{code} consensus"));
        province.issuer.key = of(format!("{code} issuer"));
        province.governance = of(format!("{code} governance"));
        province.registrar = of(format!("{code} registrar"));
    }
    provinces
}

/// Licence `a` issued and suspended, `b` issued, and a block with one good and one refused transaction and one whose
/// second operation of three is refused; then `b` corrected, with a
/// further file and an annual check.
fn network(scheme: SignatureScheme, ledger_hash: DigestAlgorithm) -> Network {
    let mut network = Network::found_by(founders(scheme), |genesis| genesis.ledger_hash = ledger_hash);
    let home = network.provinces[SHANGHAI].issuer.clone();
    network.must(&home.key, issue(&home, "a"));
    network.must(&home.key, LicenceOperation::Suspend(change("a")));
    let transactions = [issue(&home, "b"), issue(&home, "a")]
        .map(|operation| network.transaction(&home.key, vec![Op::from(operation).0]));
    let each = UnsignedTransaction {
        mode: Mode::Each,
        ..network.unsigned(&home.key, ["c", "a", "d"].map(|name| Op::from(issue(&home, name)).0).to_vec())
    };
    let each = each.sign(ledger_hash, &home.key);
    network.commit(transactions.into_iter().chain([each]).collect());
    let kept = [
        correct("b", &Licence { valid_until_ms: Some(ms(1_000)), ..home.licence("b") }),
        attach("b", "copy", AttachmentRole::Duplicate),
        annual_check("b", 2026, AnnualOutcome::Passed, ms(900)),
    ];
    let kept = network.transaction(&home.key, kept.map(|operation| Op::from(operation).0).to_vec());
    network.commit(vec![kept]);
    network
}

/// The networks of the vectors, by name.
fn networks() -> [(&'static str, Network); 3] {
    [
        ("ed25519, sha256", network(SignatureScheme::Ed25519, SHA256)),
        ("ed25519, sm3", network(SignatureScheme::Ed25519, SM3)),
        ("sm2, sm3", network(SignatureScheme::Sm2, SM3)),
    ]
}

fn ms(height: u64) -> TimeMs {
    TimeMs(GENESIS_MS).plus_ms(height * BLOCK_MS)
}

fn good_receipt(name: &str, network: &Network, receipt: &Receipt) -> Good {
    let root = network.genesis.hash();
    let proven = receipt.verify(&root).unwrap();
    let proves = json!({
        "block": proven.block, "height": receipt.header.height, "time_ms": receipt.proven_time(),
        "index": receipt.index, "operation": receipt.record.operation.name(),
        "record": hex::encode(receipt.record.to_bytes()),
        "status_covered": proven.status.is_some(), "status": proven.status.flatten(),
    });
    Good { name: name.to_owned(), file: receipt.to_bytes(), root, proves }
}

/// Another set, announced by the newest header, and the header after it.
fn after_a_change(network: &Network, receipt: &Receipt) -> Receipt {
    let algorithm = network.algorithm();
    let new: Vec<SigningKey> = (0..4).map(|number| key(&format!("new validator {number}"))).collect();
    let of = |(key, province): (&SigningKey, &Province)| Validator {
        key: key.public_key(),
        power: 1,
        province: province.code,
    };
    let next = ValidatorSet::new(new.iter().zip(&network.provinces).map(of).collect());
    let announcing = Header { next_validators_hash: next.hash(algorithm), ..receipt.header.clone() };
    let header = Header {
        height: announcing.height.next(),
        time_ms: announcing.time_ms.plus_ms(BLOCK_MS),
        parent: announcing.hash(algorithm),
        validators_hash: next.hash(algorithm),
        ..announcing.clone()
    };
    let certificate = certify(algorithm, &header, &new.iter().collect::<Vec<_>>());
    let transition = Step { certificate: network.certify(&announcing), header: announcing, next };
    let trust = TrustPath { steps: vec![transition], ..receipt.trust.clone() };
    Receipt { trust, header, certificate, ..receipt.clone() }
}

/// A record of each family under one certified header. The operations come from the vectors of their families.
fn of_every_family(network: &Network) -> Vec<Receipt> {
    let algorithm = network.algorithm();
    let families = [
        ("operations", 0),
        ("operations", 1),
        ("seal_operations", 2),
        ("case_operations", 3),
        ("publication", 4),
        ("evidence_operations", 5),
        ("governance_operations", 6),
    ];
    let mut records: Vec<Record> = Vec::new();
    for (file, family) in families {
        let path = format!("{}/vectors/{file}.json", env!("CARGO_MANIFEST_DIR"));
        let cases: Vec<Value> = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let mut operations = cases.iter().filter_map(|case| {
            let bytes = hex::decode(case["borsh"].as_str()?).ok()?;
            codec::decode::<Operation>(&bytes, bytes.len()).ok()
        });
        let operation = operations.find(|operation| operation.family() == family).unwrap();
        records.push(record(network, operation, records.len() as u64 + 1));
    }
    let (mut log, mut appender) = (MemoryLog::default(), Appender::resume(Frontier::empty(algorithm)));
    for record in &records {
        appender.append(log::leaf_hash(algorithm, &record.to_bytes()));
    }
    let appended = appender.finish();
    log.apply(&appended);
    let head: LogHead = appended.frontier.head();
    let (newest, _) = network.blocks.last().unwrap().clone();
    let header = Header { log: head, ..newest };
    let certificate: Certificate = network.certify(&header);
    let receipt = |(index, record): (u64, &Record)| Receipt {
        trust: network.trust(header.height),
        header: header.clone(),
        certificate: certificate.clone(),
        index: RecordIndex(index),
        record: record.clone(),
        log_path: log::inclusion_proof(algorithm, &log, head.size, index).unwrap(),
        status: None,
        as_of: None,
    };
    (0..).zip(&records).map(receipt).collect()
}

fn record(network: &Network, operation: Operation, sequence: u64) -> Record {
    let home = &network.provinces[SHANGHAI];
    let record = Record {
        version: RECORD_VERSION,
        family: operation.family(),
        kind: operation.kind(),
        province: home.code,
        organisation: home.issuer.organisation,
        sequence,
        running_digest: digest(0),
        signer: home.issuer.key.id(),
        tx_id: huxin_chain_spec::ids::TxId(digest(7)),
        time_ms: ms(1),
        competence: None,
        operation,
    };
    record.seal(network.algorithm(), &digest(0)).0
}

fn good_thing(name: &str, network: &Network, receipt: &ThingReceipt) -> Good {
    let root = network.genesis.hash();
    let block = receipt.verify(&root).unwrap();
    let things: Vec<Value> = receipt
        .things
        .iter()
        .map(|thing| {
            let key = hex::encode(thing.key.to_bytes());
            json!({ "name": thing.key.to_string(), "key": key, "state": thing.state.as_ref().map(hex::encode) })
        })
        .collect();
    let (height, time_ms) = (receipt.header.height, receipt.proven_time());
    let proves = json!({ "block": block, "height": height, "time_ms": time_ms, "things": things });
    Good { name: name.to_owned(), file: receipt.to_bytes(), root, proves }
}

fn keys() -> [StateKey; 3] {
    [StateKey::Licence(licence_ref("a")), StateKey::Parameters, StateKey::Licence(licence_ref("never issued"))]
}

fn good_outcome(name: &str, network: &Network, position: u64) -> Good {
    let (root, receipt) = (network.genesis.hash(), network.outcome_receipt(Height(3), position));
    let block = receipt.verify(&root).unwrap();
    let (tx_id, outcome) = (receipt.outcome.tx_id, receipt.outcome.outcome.clone());
    let proves = json!({ "block": block, "height": receipt.header.height, "tx_id": tx_id, "outcome": outcome });
    Good { name: name.to_owned(), file: receipt.to_bytes(), root, proves }
}

/// Bytes that turn one file into another: where they differ, from the first byte to the last.
fn patch(from: &[u8], to: &[u8]) -> Value {
    let same = from.iter().zip(to).take_while(|(one, other)| one == other).count();
    let shorter = from.len().min(to.len());
    let tail = from.iter().rev().zip(to.iter().rev()).take(shorter - same.min(shorter));
    let tail = tail.take_while(|(one, other)| one == other).count();
    json!({ "at": same, "remove": from.len() - tail - same, "insert": hex::encode(&to[same..to.len() - tail]) })
}

/// A mutation of a file, refused as it must be.
fn mutation(of: &Good, kind: &str, name: &str, bytes: &[u8], expected: Code) -> Value {
    let refused = match kind {
        "receipts" => Receipt::from_bytes(bytes).and_then(|receipt| receipt.verify(&of.root).map(drop)),
        "thing_receipts" => ThingReceipt::from_bytes(bytes).and_then(|receipt| receipt.verify(&of.root).map(drop)),
        _ => OutcomeReceipt::from_bytes(bytes).and_then(|receipt| receipt.verify(&of.root).map(drop)),
    };
    let code = refused.as_ref().err().map(ReceiptError::code);
    assert_eq!(code, Some(expected), "{name} of {}: {refused:?}", of.name);
    let mut value = patch(&of.file, bytes);
    value["vectors"] = json!(kind);
    value["case"] = json!(of.name);
    value["name"] = json!(name);
    value["code"] = json!(expected);
    value
}

/// What is wrong with any proof file as a file.
fn mutations_of_bytes(of: &Good, kind: &str) -> Vec<Value> {
    let file = &of.file;
    let with = |at: usize, byte: u8| {
        let mut bytes = file.clone();
        bytes[at] = byte;
        bytes
    };
    let longer = [&file[..], &[0]].concat();
    vec![
        mutation(of, kind, "empty", b"", Code::ReceiptMalformed),
        mutation(of, kind, "another kind of file", &with(5, b'X'), Code::ReceiptMalformed),
        mutation(of, kind, "a newer version", &with(7, b'9'), Code::ReceiptNewerVersion),
        mutation(of, kind, "cut after the magic", &file[..8], Code::ReceiptTruncated),
        mutation(of, kind, "cut in the middle", &file[..file.len() / 2], Code::ReceiptTruncated),
        mutation(of, kind, "without its last byte", &file[..file.len() - 1], Code::ReceiptTruncated),
        mutation(of, kind, "with a byte behind", &longer, Code::ReceiptTruncated),
    ]
}

type Spoil<T> = (&'static str, Code, fn(&mut T));

/// What every proof file has: the way from the genesis to a certified header.
macro_rules! spoils_of_the_way {
    ($type:ty) => {{
        let spoils: [Spoil<$type>; 15] = [
            ("another genesis", Code::ReceiptWrongTrustRoot, |file| file.trust.genesis.content_hash = digest(1)),
            ("founders that the genesis does not name", Code::ReceiptHeaderMismatch, |file| {
                file.trust.validators = ValidatorSet::default();
            }),
            ("a signature too few", Code::ReceiptQuorumNotReached, |file| file.certificate.signatures.truncate(2)),
            ("no signature", Code::ReceiptQuorumNotReached, |file| file.certificate.signatures.clear()),
            ("one signature twice", Code::ReceiptBadCertificate, |file| {
                file.certificate.signatures[1] = file.certificate.signatures[0];
            }),
            ("signatures out of order", Code::ReceiptBadCertificate, |file| file.certificate.signatures.reverse()),
            ("a signature of nobody in the set", Code::ReceiptBadCertificate, |file| {
                file.certificate.signatures[0].validator = huxin_chain_spec::crypto::KeyId(digest(0));
            }),
            ("signatures exchanged", Code::ReceiptBadCertificate, |file| {
                let other = file.certificate.signatures[1].signature;
                file.certificate.signatures[0].signature = other;
            }),
            ("another round", Code::ReceiptBadCertificate, |file| file.certificate.round += 1),
            ("a certificate of another height", Code::ReceiptHeaderMismatch, |file| {
                file.certificate.height = Height(9)
            }),
            ("another header", Code::ReceiptHeaderMismatch, |file| file.header.map_root = digest(0)),
            ("the header of another chain", Code::ReceiptHeaderMismatch, |file| {
                file.header.genesis = digest(0);
            }),
            ("a header of a later protocol", Code::ReceiptNewerVersion, |file| file.header.protocol_version = 3),
            ("a header of an earlier protocol", Code::ReceiptOlderVersion, |file| file.header.protocol_version = 1),
            ("a header of other validators", Code::ReceiptHeaderMismatch, |file| {
                file.header.validators_hash = digest(2)
            }),
        ];
        spoils
    }};
}

/// What only receipts of records have.
const SPOILS_OF_RECORDS: [Spoil<Receipt>; 11] = [
    ("the index of another record", Code::ReceiptBadLogProof, |file| file.index.0 += 1),
    ("an index beyond the log", Code::ReceiptBadLogProof, |file| file.index.0 = u64::MAX),
    ("another record", Code::ReceiptBadLogProof, |file| file.record.sequence += 1),
    ("a log path too long", Code::ReceiptBadLogProof, |file| file.log_path.push(digest(0))),
    ("no log path", Code::ReceiptBadLogProof, |file| file.log_path.clear()),
    ("the state denied", Code::ReceiptBadMapProof, |file| file.status.as_mut().unwrap().state = None),
    ("another state", Code::ReceiptBadMapProof, |file| {
        file.status.as_mut().unwrap().state.as_mut().unwrap()[0] = 0;
    }),
    ("a map proof too long", Code::ReceiptBadMapProof, |file| {
        file.status.as_mut().unwrap().proof.siblings.push(digest(0));
    }),
    ("a map proof without its leaf", Code::ReceiptBadMapProof, |file| file.status.as_mut().unwrap().proof.leaf = None),
    ("as of a time before the header", Code::ReceiptAsOfMismatch, |file| file.as_of.as_mut().unwrap().time_ms = ms(1)),
    ("as of a time after the next header", Code::ReceiptAsOfMismatch, |file| {
        file.as_of.as_mut().unwrap().time_ms = ms(3);
    }),
];

const SPOILS_OF_THINGS: [Spoil<ThingReceipt>; 5] = [
    ("another state", Code::ReceiptBadMapProof, |file| file.things[0].state.as_mut().unwrap()[0] = 0),
    ("a thing denied", Code::ReceiptBadMapProof, |file| file.things[0].state = None),
    ("a thing invented", Code::ReceiptBadMapProof, |file| file.things[2].state = Some(vec![0])),
    ("another thing", Code::ReceiptBadMapProof, |file| file.things[0].key = StateKey::Features),
    ("the proof of another thing", Code::ReceiptBadMapProof, |file| {
        file.things[0].proof = file.things[1].proof.clone();
    }),
];

const SPOILS_OF_EACH: [Spoil<OutcomeReceipt>; 2] = [
    ("a refused operation left out", Code::ReceiptBadOutcomeProof, |file| {
        let Outcome::Each(each) = &mut file.outcome.outcome else { unreachable!() };
        each.refused.clear();
        each.records = 3;
    }),
    ("another operation refused", Code::ReceiptBadOutcomeProof, |file| {
        let Outcome::Each(each) = &mut file.outcome.outcome else { unreachable!() };
        each.refused[0].operation = 2;
    }),
];

const SPOILS_OF_OUTCOMES: [Spoil<OutcomeReceipt>; 4] = [
    ("another transaction", Code::ReceiptBadOutcomeProof, |file| {
        file.outcome.tx_id = huxin_chain_spec::ids::TxId(digest(3));
    }),
    ("another outcome", Code::ReceiptBadOutcomeProof, |file| {
        file.outcome.outcome = Outcome::Committed { first_record: RecordIndex(0), records: 7 };
    }),
    ("a path too long", Code::ReceiptBadOutcomeProof, |file| file.path.push(digest(0))),
    ("a place beyond the block", Code::ReceiptBadOutcomeProof, |file| file.position = file.count),
];

/// Makes each spoilt file of one that is sound.
macro_rules! spoilt {
    ($good:expr, $kind:literal, $receipt:expr, $spoils:expr) => {
        $spoils.iter().map(|(name, code, spoil)| {
            let mut spoilt = $receipt.clone();
            spoil(&mut spoilt);
            mutation(&$good, $kind, name, &spoilt.to_bytes(), *code)
        })
    };
}

/// What a wrong length before the record does.
fn mutations_of_the_frame(of: &Good, receipt: &Receipt) -> Vec<Value> {
    let record = receipt.record.to_bytes();
    let at = of.file.windows(record.len()).position(|part| part == record).unwrap() - 4;
    let with = |length: u32| {
        let mut bytes = of.file.clone();
        bytes[at..at + 4].copy_from_slice(&length.to_le_bytes());
        bytes
    };
    let length = u32::try_from(record.len()).unwrap();
    [("a record without length", 0), ("a record too short", length - 1), ("a record too long", length + 1)]
        .map(|(name, length)| mutation(of, "receipts", name, &with(length), Code::ReceiptTruncated))
        .to_vec()
}

#[test]
fn proof_files_and_their_mutations() {
    let mut receipts = Vec::new();
    let mut things = Vec::new();
    let mut outcomes = Vec::new();
    let mut mutations = Vec::new();
    for (name, network) in networks() {
        word_for(&network.genesis);
        let past = network.receipt(RecordIndex(0), At::AsOf(ms(2)));
        let newest = network.receipt(RecordIndex(0), At::Newest);
        let stripped = Receipt { status: None, ..newest.clone() };
        let good = good_receipt(&format!("{name}: as of a time after the change"), &network, &past);
        mutations.extend(mutations_of_bytes(&good, "receipts"));
        mutations.extend(mutations_of_the_frame(&good, &past));
        mutations.extend(spoilt!(good, "receipts", past, spoils_of_the_way!(Receipt)));
        mutations.extend(spoilt!(good, "receipts", past, SPOILS_OF_RECORDS));
        let changed = after_a_change(&network, &newest);
        let changed_good = good_receipt(&format!("{name}: after a change of the validators"), &network, &changed);
        let transitions: [Spoil<Receipt>; 4] = [
            ("a change that too few certified", Code::ReceiptBadTransition, |file| {
                file.trust.steps[0].certificate.signatures.truncate(2);
            }),
            ("a change to another set", Code::ReceiptBadTransition, |file| {
                let founders = file.trust.validators.clone();
                file.trust.steps[0].next = founders;
            }),
            ("a change that was not announced", Code::ReceiptBadTransition, |file| {
                file.trust.steps[0].header.next_validators_hash = digest(5);
            }),
            ("without the change", Code::ReceiptHeaderMismatch, |file| file.trust.steps.clear()),
        ];
        mutations.extend(spoilt!(changed_good, "receipts", changed, transitions));
        receipts.extend([
            good_receipt(&format!("{name}: newest, changed since issue"), &network, &newest),
            good_receipt(&format!("{name}: newest, unchanged"), &network, &network.receipt(RecordIndex(2), At::Newest)),
            good_receipt(&format!("{name}: of a change"), &network, &network.receipt(RecordIndex(1), At::Newest)),
            good_receipt(
                &format!("{name}: as of a time before the change"),
                &network,
                &network.receipt(RecordIndex(0), At::AsOf(ms(1))),
            ),
            good_receipt(
                &format!("{name}: as of a time that no next block bounds"),
                &network,
                &network.receipt(RecordIndex(0), At::AsOf(TimeMs(GENESIS_MS).plus_ms(1_000_000))),
            ),
            good_receipt(&format!("{name}: without its state, which says nothing of it"), &network, &stripped),
            good,
            changed_good,
        ]);
        let thing = network.thing_receipt(&keys(), At::AsOf(ms(2)));
        let good = good_thing(&format!("{name}: present, unchanging and absent things"), &network, &thing);
        mutations.extend(mutations_of_bytes(&good, "thing_receipts"));
        mutations.extend(spoilt!(good, "thing_receipts", thing, spoils_of_the_way!(ThingReceipt)));
        mutations.extend(spoilt!(good, "thing_receipts", thing, SPOILS_OF_THINGS));
        things.push(good);
        things.push(good_thing(&format!("{name}: newest"), &network, &network.thing_receipt(&keys(), At::Newest)));
        let good = good_outcome(&format!("{name}: rejected"), &network, 1);
        let receipt = network.outcome_receipt(Height(3), 1);
        mutations.extend(mutations_of_bytes(&good, "outcome_receipts"));
        mutations.extend(spoilt!(good, "outcome_receipts", receipt, spoils_of_the_way!(OutcomeReceipt)));
        mutations.extend(spoilt!(good, "outcome_receipts", receipt, SPOILS_OF_OUTCOMES));
        let each = network.outcome_receipt(Height(3), 2);
        let each_good = good_outcome(&format!("{name}: each by itself"), &network, 2);
        mutations.extend(spoilt!(each_good, "outcome_receipts", each, SPOILS_OF_EACH));
        outcomes.extend([good, each_good]);
        outcomes.push(good_outcome(&format!("{name}: committed"), &network, 0));
    }
    let (_, network) = &networks()[0];
    word_for(&network.genesis);
    for receipt in of_every_family(network) {
        let name = format!("of family {}: {}", receipt.record.family, receipt.record.operation.name());
        receipts.push(good_receipt(&name, network, &receipt));
    }
    let values = |goods: &[Good]| goods.iter().map(Good::value).collect();
    golden("proof_receipts", values(&receipts));
    golden("proof_thing_receipts", values(&things));
    golden("proof_outcome_receipts", values(&outcomes));
    golden("proof_mutations", mutations);
}
