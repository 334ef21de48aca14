#![allow(clippy::unwrap_used, reason = "tests")]

use std::cell::RefCell;
use std::collections::HashSet;

use huxin_chain_spec::api::ErrorBody;
use huxin_chain_spec::codes::Code;
use huxin_chain_spec::crypto::{Digest, DigestAlgorithm, KeyId};
use huxin_chain_spec::ids::{LicenceRef, RecordIndex, TimeMs, TxId};
use huxin_chain_spec::record::LicenceOperation;
use huxin_chain_spec::record::licence::{Document, Licence};
use huxin_chain_spec::transaction::{EachOutcome, Refusal};

use super::*;
use crate::bulk::Header;

/// A ledger of its own: remembers what it was sent, refuses what it holds, and may lose its voice.
#[derive(Default)]
struct FakeLedger {
    contents: RefCell<HashMap<TxId, Vec<Operation>>>,
    recorded: RefCell<HashSet<LicenceRef>>,
    outcomes: RefCell<HashMap<TxId, EachOutcome>>,
    received: RefCell<Vec<TxId>>,
    /// Commits, but the answer is lost, from this submission on.
    mute_from: RefCell<Option<usize>>,
    /// Expires the first so many submissions.
    expire: RefCell<u32>,
    /// Refuses everything at its door with this code.
    door: RefCell<Option<Code>>,
}

impl Submitter for &FakeLedger {
    async fn sign(&self, operations: Vec<Operation>) -> Result<SignedTransaction, ClientError> {
        let number = self.contents.borrow().len() as u64;
        let tx_id = TxId(DigestAlgorithm::Sha256.plain(&[&number.to_le_bytes()]));
        let count = operations.len();
        self.contents.borrow_mut().insert(tx_id, operations);
        Ok(SignedTransaction { tx_id, bytes: number.to_le_bytes().to_vec(), operations: count })
    }

    async fn submit(&self, transaction: SignedTransaction) -> Result<ProvenEach, ClientError> {
        let tx_id = transaction.tx_id;
        self.received.borrow_mut().push(tx_id);
        if *self.expire.borrow() > 0 {
            *self.expire.borrow_mut() -= 1;
            return Err(ClientError::Expired { tx_id: tx_id.to_string() });
        }
        if let Some(code) = *self.door.borrow() {
            return Err(refused(code));
        }
        let apply = || {
            let mut recorded = self.recorded.borrow_mut();
            let first_record = RecordIndex(recorded.len() as u64);
            let mut refused = Vec::new();
            for (position, operation) in (0u32..).zip(&self.contents.borrow()[&tx_id]) {
                let Operation::Licence(LicenceOperation::Issue(licence)) = operation else { unreachable!() };
                if !recorded.insert(licence.licence) {
                    refused.push(Refusal { operation: position, code: Code::LicenceDuplicate });
                }
            }
            let records = (transaction.operations - refused.len()).try_into().unwrap();
            EachOutcome { first_record, records, refused }
        };
        let outcome = self.outcomes.borrow_mut().entry(tx_id).or_insert_with(apply).clone();
        if self.mute_from.borrow().is_some_and(|from| self.received.borrow().len() > from) {
            return Err(ClientError::Unreachable { tried: "gone".to_owned() });
        }
        Ok(ProvenEach { tx_id, height: 1, outcome })
    }
}

fn refused(code: Code) -> ClientError {
    let body = ErrorBody {
        code: code.as_str().to_owned(),
        what: String::new(),
        what_zh: String::new(),
        place: "operations 0 to 2".to_owned(),
        next: String::new(),
        next_zh: String::new(),
    };
    ClientError::Refused { node: "a".to_owned(), status: 422, is_submission: true, body: Box::new(body) }
}

fn row(line: u64) -> Row {
    let digest = DigestAlgorithm::Sha256.plain(&[&line.to_le_bytes()]);
    let licence = Licence {
        licence: LicenceRef(digest),
        name: digest,
        licence_type: "11100000000013338W011".parse().unwrap(),
        issuer: "113100000000000191".parse().unwrap(),
        region: "310000".parse().unwrap(),
        version: 1,
        first: None,
        imported: None,
        document: Document { sha256: digest, sm3: None, size_bytes: 1 },
        metadata: None,
        seal: None,
        exception: None,
        holder: None,
        valid_from_ms: TimeMs(0),
        valid_until_ms: None,
    };
    Row { line, operation: LicenceOperation::Issue(licence) }
}

fn reference(row: &Row) -> LicenceRef {
    let LicenceOperation::Issue(licence) = &row.operation else { unreachable!() };
    licence.licence
}

fn journal(folder: &tempfile::TempDir) -> Journal {
    let header = Header::new(Digest([1; 32]), Digest([2; 32]), KeyId(Digest([3; 32])));
    Journal::open(&folder.path().join("journal"), &header).unwrap()
}

async fn run(rows: &[Row], journal: &mut Journal, ledger: &FakeLedger) -> Result<Summary, ClientError> {
    import(rows, journal, &ledger, &ImportOptions { batch: 3, in_flight: 2 }, |_| {}).await
}

/// The answers of some batches were lost with the connection: the next run sends those very transactions again and
/// signs only what was never sent.
#[tokio::test]
async fn resuming_sends_the_same_transactions() {
    let (folder, rows): (_, Vec<Row>) = (tempfile::tempdir().unwrap(), (2..22).map(row).collect());
    let ledger = FakeLedger::default();
    *ledger.mute_from.borrow_mut() = Some(2);
    assert!(matches!(run(&rows, &mut journal(&folder), &ledger).await, Err(ClientError::Unreachable { .. })));
    let before: Vec<TxId> = ledger.received.borrow_mut().drain(..).collect();
    *ledger.mute_from.borrow_mut() = None;
    let summary = run(&rows, &mut journal(&folder), &ledger).await.unwrap();
    assert_eq!((summary.recorded, ledger.recorded.borrow().len()), (20, 20));
    let again = ledger.received.borrow().iter().filter(|tx_id| before.contains(tx_id)).count();
    assert!(again >= 1, "what was pending is sent again");
    // Twenty rows in threes: seven transactions and no more were ever signed.
    assert_eq!(ledger.contents.borrow().len(), 7);
    assert_eq!(run(&rows, &mut journal(&folder), &ledger).await.unwrap().recorded, 20);
    assert_eq!(ledger.contents.borrow().len(), 7);
}

/// One bad row costs its own record, and nobody else's.
#[tokio::test]
async fn a_refused_row_is_named_and_the_others_are_recorded() {
    let (folder, rows): (_, Vec<Row>) = (tempfile::tempdir().unwrap(), (2..12).map(row).collect());
    let ledger = FakeLedger::default();
    for line in [4, 9] {
        ledger.recorded.borrow_mut().insert(reference(&rows[line]));
    }
    let summary = run(&rows, &mut journal(&folder), &ledger).await.unwrap();
    assert_eq!((summary.recorded, summary.refused_count), (8, 2));
    let named: Vec<_> = summary.refused.iter().map(|row| (row.line, row.code.as_str())).collect();
    assert_eq!(named, [(6, "licence.duplicate"), (11, "licence.duplicate")]);
    assert!(summary.refused.iter().all(|row| !row.what.is_empty() && !row.what_zh.is_empty()));
    assert!(ledger.contents.borrow().values().all(|rows| rows.len() <= 3));
    let sent = ledger.received.borrow().len();
    let again = run(&rows, &mut journal(&folder), &ledger).await.unwrap();
    assert_eq!((again.recorded, again.refused_count, ledger.received.borrow().len()), (8, 2, sent), "it is final");
}

/// What is wrong with the signer is not the rows' fault: they stay open, and the next run sends them.
#[tokio::test]
async fn a_refusal_at_the_door_ends_the_rows_or_the_run() {
    let (folder, rows): (_, Vec<Row>) = (tempfile::tempdir().unwrap(), (2..8).map(row).collect());
    let ledger = FakeLedger::default();
    *ledger.door.borrow_mut() = Some(Code::KeyNotPermitted);
    let error = run(&rows, &mut journal(&folder), &ledger).await.unwrap_err();
    assert_eq!(error.code(), "key.not_permitted");
    assert_eq!(journal(&folder).refused_count(), 0);
    *ledger.door.borrow_mut() = Some(Code::LicenceDuplicate);
    let summary = run(&rows[..3], &mut journal(&folder), &ledger).await.unwrap();
    assert_eq!((summary.recorded, summary.refused_count, summary.height), (0, 3, None));
    *ledger.door.borrow_mut() = None;
    let summary = run(&rows, &mut journal(&folder), &ledger).await.unwrap();
    assert_eq!((summary.recorded, summary.refused_count), (3, 3));
}

#[tokio::test]
async fn an_expired_batch_is_signed_again() {
    let (folder, rows): (_, Vec<Row>) = (tempfile::tempdir().unwrap(), (2..5).map(row).collect());
    let ledger = FakeLedger::default();
    *ledger.expire.borrow_mut() = 2;
    assert_eq!(run(&rows, &mut journal(&folder), &ledger).await.unwrap().recorded, 3);
    assert_eq!(ledger.contents.borrow().len(), 3);
    *ledger.expire.borrow_mut() = u32::MAX;
    let more: Vec<Row> = (2..8).map(row).collect();
    assert!(matches!(run(&more, &mut journal(&folder), &ledger).await, Err(ClientError::Expired { .. })));
}
