//! Transactions: the frame, all or none, repetition, signatures, personal data, and each organisation's own chain.

use std::collections::BTreeMap;

use huxin_chain_spec::block::{Block, Body};
use huxin_chain_spec::codec::CodecError;
use huxin_chain_spec::codes::Code;
use huxin_chain_spec::crypto::{Digest, Signature, Signer as _};
use huxin_chain_spec::execute::BlockError;
use huxin_chain_spec::ids::{Height, RecordIndex, Uscc};
use huxin_chain_spec::log;
use huxin_chain_spec::record::licence::{Change, Licence, SealReference};
use huxin_chain_spec::record::membership::{MembershipOperation, Permissions, StatusChange};
use huxin_chain_spec::record::{LicenceOperation, Operation, Record};
use huxin_chain_spec::rules::{BlockContext, check_envelope};
use huxin_chain_spec::transaction::{
    EXPIRY_WINDOW_MAX, OPERATIONS_MAX, Outcome, TRANSACTION_BYTES_MAX, Transaction, TransactionOutcome,
    UnsignedTransaction, transactions_root,
};

use crate::support::*;

fn context(network: &Network) -> BlockContext {
    network.ledger.chain().block_after(network.ledger.tip().height, network.next_ms())
}

/// One fault of the frame each, with its code.
fn frame_faults(network: &mut Network) -> Vec<(Code, UnsignedTransaction)> {
    let home = network.provinces[SHANGHAI].issuer.clone();
    let good = network.unsigned(&home.key, vec![Op::from(issue(&home, "a")).0]);
    let height = network.next_height();
    let many = vec![good.operations[0].clone(); OPERATIONS_MAX + 1];
    vec![
        (Code::TransactionWrongChain, UnsignedTransaction { genesis: digest(1), ..good.clone() }),
        (Code::TransactionNoOperations, UnsignedTransaction { operations: Vec::new(), ..good.clone() }),
        (Code::TransactionTooManyOperations, UnsignedTransaction { operations: many, ..good.clone() }),
        (Code::TransactionExpired, UnsignedTransaction { expires_at: Height(height.0 - 1), ..good.clone() }),
        (
            Code::TransactionExpiryTooFar,
            UnsignedTransaction { expires_at: height.plus(EXPIRY_WINDOW_MAX + 1), ..good.clone() },
        ),
        (Code::TransactionExpiryTooFar, UnsignedTransaction { expires_at: Height(u64::MAX), ..good }),
    ]
}

/// What fails at admission is never in a block: admission refuses it, a proposer leaves it out, a voter names it.
#[test]
fn faults_of_the_frame() {
    let mut network = Network::found();
    network.commit(Vec::new());
    let signer = network.issuer(SHANGHAI);
    for (code, body) in frame_faults(&mut network) {
        let transaction = body.sign(SHA256, &signer);
        assert_eq!(check_envelope(&context(&network), &transaction), Err(code));
        assert!(network.make(vec![transaction.clone()]).0.body.transactions.is_empty());
        assert_refused(&network, vec![transaction], 0, code);
    }
}

#[test]
fn the_last_height_and_the_farthest_expiry_are_good() {
    let mut network = Network::found();
    let home = network.provinces[SHANGHAI].issuer.clone();
    for (name, expires_at) in [("a", network.next_height()), ("b", network.next_height().plus(EXPIRY_WINDOW_MAX))] {
        let body = network.unsigned(&home.key, vec![Op::from(issue(&home, name)).0]);
        let transaction = UnsignedTransaction { expires_at, ..body }.sign(SHA256, &home.key);
        assert_eq!(check_envelope(&context(&network), &transaction), Ok(()));
    }
    let operations = (0..OPERATIONS_MAX).map(|number| Op::from(issue(&home, &number.to_string())).0).collect();
    let full = network.transaction(&home.key, operations);
    assert!(full.to_bytes().len() < TRANSACTION_BYTES_MAX);
    let outcomes = network.commit(vec![full]);
    assert_eq!(outcomes, [Outcome::Committed { first_record: RecordIndex(0), records: 4096 }]);
}

/// A block with these transactions, whatever is wrong with them, whose header a voter has not yet recomputed.
fn stuffed(network: &Network, transactions: Vec<Transaction>) -> Block {
    let (block, _) = network.make(Vec::new());
    Block { body: Body { transactions, ..block.body }, header: block.header }
}

fn assert_refused(network: &Network, transactions: Vec<Transaction>, at: usize, expected: Code) {
    let expected_id = transactions[at].body.id(network.algorithm());
    match network.check(&stuffed(network, transactions)) {
        Err(BlockError::Transaction { position, tx_id, code }) => {
            assert_eq!((position, tx_id, code), (at, expected_id, expected));
        }
        other => panic!("{other:?}, not {expected}"),
    }
}

#[test]
fn repeated_within_a_block_and_across_blocks() {
    let mut network = Network::found();
    let home = network.provinces[SHANGHAI].issuer.clone();
    let once = network.transaction(&home.key, vec![Op::from(issue(&home, "a")).0]);
    let other = network.transaction(&home.key, vec![Op::from(issue(&home, "b")).0]);
    let doubled = vec![once.clone(), other.clone(), once.clone()];
    assert_refused(&network, doubled.clone(), 2, Code::TransactionDuplicate);
    assert_eq!(network.make(doubled).0.body.transactions, [once.clone(), other.clone()], "a proposer leaves it out");
    network.commit(vec![once.clone()]);
    network.commit(Vec::new());
    assert_refused(&network, vec![other.clone(), once.clone()], 1, Code::TransactionDuplicate);
    assert_eq!(network.make(vec![once.clone(), other.clone()]).0.body.transactions, [other]);
    // Rejected transactions are in a block too, so they cannot be submitted again either.
    let rejected = network.transaction(&home.key, vec![Op::from(issue(&home, "a")).0]);
    assert!(matches!(network.commit(vec![rejected.clone()])[0], Outcome::Rejected { .. }));
    assert_refused(&network, vec![rejected], 0, Code::TransactionDuplicate);
    // The same operations under another idempotency key are another transaction.
    let again = network.transaction(&home.key, once.body.operations.clone());
    let rejection = Outcome::Rejected { code: Code::LicenceDuplicate, operation: 0 };
    assert_eq!(network.commit(vec![again]), [rejection]);
}

/// Another signature over the same body has the same identifier: it is the same transaction.
#[test]
fn a_second_signature_does_not_make_a_second_transaction() {
    let mut network = Network::found();
    let home = network.provinces[SHANGHAI].issuer.clone();
    let once = network.transaction(&home.key, vec![Op::from(issue(&home, "a")).0]);
    let forged = Transaction { signature: Signature::Ed25519([7; 64]), ..once.clone() };
    assert_eq!(once.body.id(SHA256), Transaction::id_of_bytes(SHA256, &forged.to_bytes()));
    assert_refused(&network, vec![once.clone(), forged.clone()], 1, Code::TransactionDuplicate);
    // A voter that has verified the good signature is not fooled into accepting the forged one by its identifier.
    let block = stuffed(&network, vec![forged]);
    let good_bytes = once.to_bytes();
    let (ledger, length) = (&network.ledger, block.to_bytes().len());
    let verified = |_: &_, bytes: &[u8]| bytes == good_bytes;
    let refused =
        huxin_chain_spec::execute::check_block(ledger.chain(), ledger, ledger.tip(), &block, length, &verified);
    assert!(matches!(refused, Err(BlockError::Transaction { position: 0, code: Code::SignatureInvalid, .. })));
}

#[test]
fn a_bad_signature_is_located() {
    let mut network = Network::found();
    let home = network.provinces[SHANGHAI].issuer.clone();
    let mut transactions: Vec<Transaction> = (0..5)
        .map(|number| network.transaction(&home.key, vec![Op::from(issue(&home, &number.to_string())).0]))
        .collect();
    assert!(transactions.iter().all(|one| one.verify(SHA256, &home.key.public_key())));
    let other_key = network.issuer(JIANGSU);
    transactions[3].signature = other_key.sign_transaction(&transactions[3].body.id(SHA256));
    assert!(!transactions[3].verify(SHA256, &home.key.public_key()));
    assert!(!transactions[0].verify(SHA256, &other_key.public_key()), "another key than the one named");
    assert_refused(&network, transactions.clone(), 3, Code::SignatureInvalid);
    // Of another scheme than the key.
    transactions[3].signature = Signature::Sm2(*transactions[0].signature.as_bytes());
    assert_refused(&network, transactions.clone(), 3, Code::SignatureInvalid);
    // Alone in the batch.
    assert_refused(&network, vec![transactions[3].clone()], 0, Code::SignatureInvalid);
}

/// Any bit of the signed body that changes makes another transaction, which the signature does not cover.
#[test]
fn every_bit_of_the_body_is_signed() {
    let mut network = Network::found();
    let home = network.provinces[SHANGHAI].issuer.clone();
    let transaction = network.transaction(&home.key, vec![Op::from(issue(&home, "a")).0]);
    let (bytes, key) = (transaction.to_bytes(), home.key.public_key());
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        if let Ok(read) = Transaction::from_bytes(&flipped) {
            assert!(!read.verify(SHA256, &key), "bit {bit}");
        }
    }
}

#[test]
fn signer_that_the_ledger_does_not_know() {
    let mut network = Network::found();
    let home = network.provinces[SHANGHAI].issuer.clone();
    let stranger = network.transaction(&key("stranger"), vec![Op::from(issue(&home, "a")).0]);
    assert_refused(&network, vec![stranger.clone()], 0, Code::KeyUnknown);
    // A proposer that included it would make a block that gets no votes.
    assert!(network.make(vec![stranger]).0.body.transactions.is_empty());
    // A key signs from the block after the one that admits it.
    let registrar = network.registrar(SHANGHAI);
    let add = network.transaction(
        &registrar,
        vec![Op::from(key_add(&key("new"), home.organisation, Permissions::all_licences())).0],
    );
    let early = network.transaction(&key("new"), vec![Op::from(issue(&home, "a")).0]);
    assert_eq!(network.commit(vec![add, early.clone()]).len(), 1, "the early one waits");
    assert!(matches!(network.commit(vec![early])[0], Outcome::Committed { .. }));
}

#[test]
fn trailing_truncated_and_oversized_bytes() {
    let mut network = Network::found();
    let home = network.provinces[SHANGHAI].issuer.clone();
    let transaction = network.transaction(&home.key, vec![Op::from(issue(&home, "a")).0]);
    let bytes = transaction.to_bytes();
    assert_eq!(Transaction::from_bytes(&bytes).unwrap(), transaction);
    for length in 0..bytes.len() {
        let cut = Transaction::from_bytes(&bytes[..length]);
        assert!(matches!(cut, Err(CodecError::Malformed { .. })), "{length}");
    }
    let longer = [&bytes[..], &[0]].concat();
    assert!(matches!(Transaction::from_bytes(&longer), Err(CodecError::Malformed { .. })));
    let huge = vec![0; TRANSACTION_BYTES_MAX + 1];
    assert!(matches!(Transaction::from_bytes(&huge), Err(CodecError::TooLong { .. })));
}

/// The protocol's own types have one encoding each, because no type in them reads two. The comparison in `decode`
/// guards against one that would: a set, which borsh reads unsorted.
#[test]
fn bytes_that_are_not_canonical_are_refused() {
    use std::collections::BTreeSet;
    let sorted = huxin_chain_spec::codec::encode(&BTreeSet::from([1u8, 2]));
    assert!(huxin_chain_spec::codec::decode::<BTreeSet<u8>>(&sorted, 64).is_ok());
    let unsorted = [2, 0, 0, 0, 2, 1];
    assert!(huxin_chain_spec::codec::decode::<BTreeSet<u8>>(&unsorted, 64).is_err());
    let twice = [2, 0, 0, 0, 1, 1];
    assert!(huxin_chain_spec::codec::decode::<BTreeSet<u8>>(&twice, 64).is_err());
    // A boolean is 0 or 1; an option's tag too.
    assert!(huxin_chain_spec::codec::decode::<bool>(&[2], 64).is_err());
    assert!(huxin_chain_spec::codec::decode::<Option<u8>>(&[2, 0], 64).is_err());
}

/// A transaction longer than the door reads cannot come in through a block either.
#[test]
fn an_oversized_transaction_may_not_stand_in_a_block() {
    let mut network = Network::found();
    let registrar = network.registrar(SHANGHAI);
    let organisation = network.provinces[SHANGHAI].issuer.organisation;
    let licence_types = (100..164).map(|number| format!("11100000000013338W{number}").parse().unwrap()).collect();
    let permissions = Permissions { licence_types, ..Permissions::all_licences() };
    let one = Op::from(key_add(&key("new"), organisation, permissions)).0;
    let transaction = network.transaction(&registrar, vec![one; 1_500]);
    assert!(transaction.to_bytes().len() > TRANSACTION_BYTES_MAX);
    assert_refused(&network, vec![transaction], 0, Code::EncodingTooLarge);
}

#[test]
fn all_or_none() {
    let mut network = Network::found();
    let home = network.provinces[SHANGHAI].issuer.clone();
    network.must(&home.key, issue(&home, "taken"));
    let operations: Vec<Operation> =
        ["a", "b", "taken", "c"].iter().map(|name| Op::from(issue(&home, name)).0).collect();
    let refused = network.try_all(&home.key, operations.clone());
    assert_eq!(refused.unwrap_err(), (Code::LicenceDuplicate, 2), "the third; and nothing is changed");
    let (tip, head) = (network.ledger.tip().clone(), network.head(&home.organisation));
    let transaction = network.transaction(&home.key, operations.clone());
    let outcomes = network.commit(vec![transaction]);
    assert_eq!(outcomes, [Outcome::Rejected { code: Code::LicenceDuplicate, operation: 2 }]);
    assert_eq!(network.ledger.tip().frontier, tip.frontier);
    assert_eq!(network.head(&home.organisation), head);
    // The names are free for the next one, in the same block as another refusal.
    let good = network.transaction(&home.key, [&operations[..2], &operations[3..]].concat());
    let bad = network.transaction(&home.key, operations);
    let outcomes = network.commit(vec![bad, good]);
    assert_eq!(outcomes[0], Outcome::Rejected { code: Code::LicenceDuplicate, operation: 2 });
    assert_eq!(outcomes[1], Outcome::Committed { first_record: RecordIndex(1), records: 3 });
}

/// What became of a transaction, a rejection too, is proven by the transactions root of its block.
#[test]
fn outcomes_are_leaves_of_the_transactions_root() {
    let mut network = Network::found();
    let home = network.provinces[SHANGHAI].issuer.clone();
    let transactions: Vec<Transaction> =
        ["a", "a", "b"].map(|name| network.transaction(&home.key, vec![Op::from(issue(&home, name)).0])).to_vec();
    let ids: Vec<_> = transactions.iter().map(|one| one.body.id(SHA256)).collect();
    let outcomes = network.commit(transactions);
    let leaves: Vec<TransactionOutcome> = ids
        .iter()
        .zip(&outcomes)
        .map(|(tx_id, outcome)| TransactionOutcome { tx_id: *tx_id, outcome: outcome.clone() })
        .collect();
    let root = network.blocks[0].0.transactions_root;
    assert_eq!(transactions_root(SHA256, &leaves), root);
    let hashes: Vec<Digest> =
        leaves.iter().map(|leaf| log::leaf_hash(SHA256, &huxin_chain_spec::codec::encode(leaf))).collect();
    let path = log::merkle_path(SHA256, &hashes, 1).unwrap();
    assert!(matches!(leaves[1].outcome, Outcome::Rejected { code: Code::LicenceDuplicate, operation: 0 }));
    log::verify_inclusion(SHA256, &hashes[1], 1, 3, &path, &root).unwrap();
    assert_eq!(transactions_root(SHA256, &[]), log::empty_root(SHA256));
}

/// Numbers of persons, in every field that is free within its alphabet.
#[test]
fn personal_data_in_any_field() {
    let numbers = [
        ("11010519491231002X", Code::PrivacyResidentNumber),
        ("ID-440524188001010014", Code::PrivacyResidentNumber),
        ("13800138000", Code::PrivacyMobileNumber),
        ("4111111111111111", Code::PrivacyBankCard),
    ];
    let mut network = Network::found();
    let home = network.provinces[SHANGHAI].issuer.clone();
    let recipient = network.provinces[JIANGSU].clone();
    let registrar = network.registrar(SHANGHAI);
    for (number, code) in numbers {
        for operation in fields_holding(number, &home, &recipient) {
            let signer = match &operation {
                Operation::Membership(_) => &registrar,
                _ => &home.key,
            };
            assert_eq!(network.try_one(signer, operation.clone()).unwrap_err(), code, "{}", operation.name());
        }
    }
}

/// Operations that hold `text` in each of their text fields, one at a time.
fn fields_holding(text: &str, home: &Issuer, recipient: &Province) -> Vec<Operation> {
    use LicenceOperation as L;
    use MembershipOperation as M;
    let code = basis(text);
    let change_of = || Change { basis: basis(text), ..change("a") };
    let sealed = |issuer: &Issuer| Licence {
        seal: Some(SealReference { seal: text.parse().unwrap(), certificate: digest(1) }),
        ..issuer.licence("a")
    };
    let predecessor = licence_ref("a");
    let (to_province, to_organisation, holder) = (recipient.code, home.organisation, None);
    let out = L::TransferOut { change: change_of(), to_province, to_organisation, holder };
    let licence = [
        L::Issue(sealed(home)),
        L::Amend { predecessor, licence: sealed(home), basis: basis("X") },
        L::Amend { predecessor, licence: home.licence("a"), basis: code.clone() },
        L::TransferIn { predecessor, licence: sealed(home), basis: basis("X"), holder, extension: None },
        L::TransferIn { predecessor, licence: home.licence("a"), basis: code.clone(), holder, extension: None },
        L::TransferIn {
            predecessor,
            licence: home.licence("a"),
            basis: basis("X"),
            holder,
            extension: Some(code.clone()),
        },
        L::Issue(Licence { imported: Some(code.clone()), ..home.licence("a") }),
        L::Suspend(change_of()),
        L::Restore(change_of()),
        out,
        L::CancelTransfer(change_of()),
        L::Cancel(change_of()),
        L::Withdraw(change_of()),
        L::Revoke(change_of()),
        L::Lapse(change_of()),
    ];
    let (organisation, status) = (home.organisation, StatusChange::Suspend);
    let system: huxin_chain_spec::ids::SystemId = text.parse().unwrap();
    let permissions = Permissions::all_licences();
    let key_of_system = key_add_of(&key("k"), organisation, Some(system.clone()), permissions);
    let membership = [
        M::OrganisationStatus { organisation, change: status, basis: code.clone() },
        M::SystemAdd { system: system.clone(), organisation },
        M::SystemStatus { system, organisation, change: status, basis: basis("X") },
        M::SystemStatus { system: "S".parse().unwrap(), organisation, change: status, basis: code.clone() },
        key_of_system,
        M::KeyStatus { key: home.key.id(), change: status, basis: code },
    ];
    let licence = licence.into_iter().map(Operation::Licence);
    licence.chain(membership.into_iter().map(Operation::Membership)).collect()
}

/// From a run of records alone: no number is missing, each digest follows from the one before.
#[test]
fn sequences_without_gaps_and_running_digests() {
    let mut network = Network::found();
    let issuers: Vec<Issuer> = network.provinces.iter().map(|one| one.issuer.clone()).collect();
    for block in 0..6 {
        let mut transactions = Vec::new();
        for (position, issuer) in issuers.iter().enumerate() {
            for number in 0..=(block + position) % 3 {
                let name = |part: &str| format!("{block} {position} {number} {part}");
                let mut operations: Vec<Operation> =
                    ["x", "y"].iter().map(|part| Op::from(issue(issuer, &name(part))).0).collect();
                // Every third is refused as a whole and must leave no hole.
                if number == 2 {
                    operations.push(operations[0].clone());
                }
                transactions.push(network.transaction(&issuer.key, operations));
            }
        }
        let registrar = network.registrar(block % 4);
        let organisation = uscc(&format!("11{}9900000{block:05}", 31 + block % 4));
        let region = huxin_chain_spec::ids::RegionCode::of_province(network.provinces[block % 4].code);
        let add = MembershipOperation::OrganisationAdd { organisation, region, consent: None };
        transactions.push(network.transaction(&registrar, vec![Op::from(add).0]));
        network.commit(transactions);
    }
    let mut heads: BTreeMap<Uscc, (u64, Digest)> = BTreeMap::new();
    for record in &network.records {
        let (sequence, digest) = heads.entry(record.organisation).or_insert((0, Digest::ZERO));
        assert_eq!(record.sequence, *sequence + 1);
        assert!(record.continues(SHA256, digest));
        (*sequence, *digest) = (record.sequence, record.running_digest);
    }
    assert_eq!(heads.len(), 8, "four issuers, four registrars");
    for (organisation, (sequence, digest)) in &heads {
        let head = network.head(organisation);
        assert_eq!((head.sequence, head.running_digest), (*sequence, *digest));
    }
    assert_any_change_breaks_the_chain(&network.records);
}

/// A record that is left out, repeated, or changed anywhere no longer continues.
fn assert_any_change_breaks_the_chain(records: &[Record]) {
    let organisation = records[0].organisation;
    let own: Vec<&Record> = records.iter().filter(|record| record.organisation == organisation).collect();
    let after = |position: usize| own[position].running_digest;
    assert!(own[4].continues(SHA256, &after(3)));
    assert!(!own[4].continues(SHA256, &after(2)), "one left out");
    assert!(!own[4].continues(SHA256, &after(4)), "one repeated");
    let mut changed = own[4].clone();
    changed.time_ms = changed.time_ms.plus_ms(1);
    assert!(!changed.continues(SHA256, &after(3)));
    let (sealed, bytes) = own[4].clone().seal(SHA256, &after(3));
    assert_eq!((&sealed, bytes), (own[4], own[4].to_bytes()), "the digest is written where it is encoded");
}

/// Every record repeats the tags of its operation, and carries its transaction's block time.
#[test]
fn the_envelope_of_a_record() {
    let mut network = Network::found();
    let home = network.provinces[SHANGHAI].issuer.clone();
    let time = network.next_ms();
    let transaction = network.transaction(&home.key, vec![Op::from(issue(&home, "a")).0]);
    let tx_id = transaction.body.id(SHA256);
    network.commit(vec![transaction]);
    let record = &network.records[0];
    assert_eq!((record.version, record.family, record.kind), (2, 1, 0));
    assert_eq!((record.province, record.organisation), (network.provinces[SHANGHAI].code, home.organisation));
    assert_eq!((record.signer, record.tx_id, record.time_ms), (home.key.id(), tx_id, time));
    let bytes = record.to_bytes();
    assert_eq!(&bytes[..3], [2, 1, 0]);
    let operation = huxin_chain_spec::codec::encode(&record.operation);
    assert_eq!(&operation[..2], [record.family, record.kind], "family and kind are the operation's tags");
    assert!(bytes.ends_with(&operation));
}
