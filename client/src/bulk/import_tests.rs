#![allow(clippy::unwrap_used, reason = "tests")]

use std::cell::RefCell;
use std::collections::HashSet;

use huxin_chain_spec::api::ErrorBody;
use huxin_chain_spec::crypto::{Digest, DigestAlgorithm, KeyId};
use huxin_chain_spec::ids::{LicenceRef, RecordIndex, TimeMs, TxId};
use huxin_chain_spec::record::licence::{Document, Licence};

use super::*;
use crate::bulk::Header;

/// A ledger of its own: remembers what it was sent, refuses what it holds, and may lose its voice.
#[derive(Default)]
struct FakeLedger {
    contents: RefCell<HashMap<TxId, Vec<Operation>>>,
    recorded: RefCell<HashSet<LicenceRef>>,
    committed: RefCell<HashSet<TxId>>,
    received: RefCell<Vec<TxId>>,
    /// Commits, but the answer is lost, from this submission on.
    mute_from: RefCell<Option<usize>>,
    /// Expires the first so many submissions.
    expire: RefCell<u32>,
}

impl Submitter for &FakeLedger {
    async fn sign(&self, operations: Vec<Operation>) -> Result<SignedTransaction, ClientError> {
        let number = self.contents.borrow().len() as u64;
        let tx_id = TxId(DigestAlgorithm::Sha256.plain(&[&number.to_le_bytes()]));
        let count = operations.len();
        self.contents.borrow_mut().insert(tx_id, operations);
        Ok(SignedTransaction { tx_id, bytes: number.to_le_bytes().to_vec(), operations: count })
    }

    async fn submit(&self, transaction: SignedTransaction) -> Result<Committed, ClientError> {
        let tx_id = transaction.tx_id;
        self.received.borrow_mut().push(tx_id);
        if *self.expire.borrow() > 0 {
            *self.expire.borrow_mut() -= 1;
            return Err(ClientError::Expired { tx_id: tx_id.to_string() });
        }
        let mut references = Vec::new();
        for (position, operation) in self.contents.borrow()[&tx_id].iter().enumerate() {
            let Operation::Licence(LicenceOperation::Issue(licence)) = operation else { unreachable!() };
            if self.recorded.borrow().contains(&licence.licence) && !self.committed.borrow().contains(&tx_id) {
                return Err(rejected(&tx_id, position));
            }
            references.push(licence.licence);
        }
        self.recorded.borrow_mut().extend(references);
        self.committed.borrow_mut().insert(tx_id);
        if self.mute_from.borrow().is_some_and(|from| self.received.borrow().len() > from) {
            return Err(ClientError::Unreachable { tried: "gone".to_owned() });
        }
        Ok(Committed { tx_id, height: 1, first_record: RecordIndex(0), records: 1 })
    }
}

fn rejected(tx_id: &TxId, position: usize) -> ClientError {
    let body = ErrorBody {
        code: "licence.duplicate".to_owned(),
        what: String::new(),
        what_zh: String::new(),
        place: format!("operation {position}"),
        next: String::new(),
        next_zh: String::new(),
    };
    ClientError::Rejected { tx_id: tx_id.to_string(), height: 1, body: Box::new(body) }
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
    Row { line, licence }
}

fn journal(folder: &tempfile::TempDir) -> Journal {
    let header = Header::new(Digest([1; 32]), Digest([2; 32]), KeyId(Digest([3; 32])));
    Journal::open(&folder.path().join("journal"), &header).unwrap()
}

fn options(skips_bad: bool) -> ImportOptions {
    ImportOptions { batch: 3, in_flight: 2, skips_bad }
}

async fn run(
    rows: &[Row],
    journal: &mut Journal,
    ledger: &FakeLedger,
    skips_bad: bool,
) -> Result<Summary, ClientError> {
    import(rows, journal, &ledger, &options(skips_bad), |_| {}).await
}

/// The answers of some batches were lost with the connection: the next run sends those very transactions again and
/// signs only what was never sent.
#[tokio::test]
async fn resuming_sends_the_same_transactions() {
    let (folder, rows): (_, Vec<Row>) = (tempfile::tempdir().unwrap(), (2..22).map(row).collect());
    let ledger = FakeLedger::default();
    *ledger.mute_from.borrow_mut() = Some(2);
    assert!(matches!(run(&rows, &mut journal(&folder), &ledger, false).await, Err(ClientError::Unreachable { .. })));
    let before: Vec<TxId> = ledger.received.borrow_mut().drain(..).collect();
    *ledger.mute_from.borrow_mut() = None;
    let summary = run(&rows, &mut journal(&folder), &ledger, false).await.unwrap();
    assert_eq!((summary.recorded, ledger.recorded.borrow().len()), (20, 20));
    let again = ledger.received.borrow().iter().filter(|tx_id| before.contains(tx_id)).count();
    assert!(again >= 1, "what was pending is sent again");
    // Twenty rows in threes: seven transactions and no more were ever signed.
    assert_eq!(ledger.contents.borrow().len(), 7);
    assert_eq!(run(&rows, &mut journal(&folder), &ledger, false).await.unwrap().recorded, 20);
    assert_eq!(ledger.contents.borrow().len(), 7);
}

#[tokio::test]
async fn a_refused_row_stops_or_is_skipped() {
    let (folder, rows): (_, Vec<Row>) = (tempfile::tempdir().unwrap(), (2..12).map(row).collect());
    let ledger = FakeLedger::default();
    ledger.recorded.borrow_mut().insert(rows[4].licence.licence);
    let error = run(&rows, &mut journal(&folder), &ledger, false).await.unwrap_err();
    assert!(error.to_string().contains("line 6"), "{error}");
    let summary = run(&rows, &mut journal(&folder), &ledger, true).await.unwrap();
    assert_eq!(summary.recorded, 9);
    assert_eq!(summary.skipped.iter().map(|bad| bad.line).collect::<Vec<_>>(), vec![6]);
}

#[tokio::test]
async fn an_expired_batch_is_signed_again() {
    let (folder, rows): (_, Vec<Row>) = (tempfile::tempdir().unwrap(), (2..5).map(row).collect());
    let ledger = FakeLedger::default();
    *ledger.expire.borrow_mut() = 2;
    assert_eq!(run(&rows, &mut journal(&folder), &ledger, false).await.unwrap().recorded, 3);
    assert_eq!(ledger.contents.borrow().len(), 3);
    *ledger.expire.borrow_mut() = u32::MAX;
    let more: Vec<Row> = (2..8).map(row).collect();
    assert!(matches!(run(&more, &mut journal(&folder), &ledger, false).await, Err(ClientError::Expired { .. })));
}
