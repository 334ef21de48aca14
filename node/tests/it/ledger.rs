//! Blocks over a real store: made, judged, committed, read back, proven.

use huxin_chain_spec::ids::{Height, RecordIndex, TimeMs};
use huxin_chain_spec::record::licence::Change;
use huxin_chain_spec::record::{LicenceOperation, Operation};
use huxin_chain_spec::state::LicenceStatus;
use huxin_chain_spec::transaction::Outcome;
use huxin_node::ledger::ReceiptAt;

use crate::support::{GENESIS_TIME, certificate, commit, genesis, issue, key, open, reference, sign};

fn revoke(number: u64) -> LicenceOperation {
    LicenceOperation::Revoke(Change {
        licence: reference(number),
        basis: "XZXKF-69".parse().unwrap(),
        effective_ms: GENESIS_TIME,
    })
}

#[test]
fn a_reopened_store_goes_on_where_it_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(folder.path()).unwrap();
    commit(&ledger, vec![issue(0..300)]);
    commit(&ledger, vec![]);
    let (_, last) = commit(&ledger, vec![issue(300..310), sign(vec![Operation::Licence(revoke(5))], 200)]);
    let tip = ledger.tip();
    assert_eq!((last.records, last.log_size), (11, 311));
    drop(ledger);

    let ledger = open(folder.path()).unwrap();
    assert_eq!(ledger.tip(), tip);
    let (_, next) = commit(&ledger, vec![issue(400..401)]);
    assert_eq!(next.log_size, 312);
    assert_eq!(ledger.issued_at(&reference(305)).unwrap(), Some(RecordIndex(305)));
    let (record, height) = ledger.record(RecordIndex(310)).unwrap().unwrap();
    assert_eq!((record.operation.name(), height), ("licence.revoke", Height(3)));
}

#[test]
fn a_refused_transaction_is_in_its_block_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(folder.path()).unwrap();
    commit(&ledger, vec![issue(0..3)]);
    let doubled = sign(vec![Operation::Licence(LicenceOperation::Issue(crate::support::licence(1)))], 9);
    let before = ledger.tip();
    let (_, committed) = commit(&ledger, vec![doubled.clone()]);
    assert!(matches!(committed.outcomes[0].outcome, Outcome::Rejected { operation: 0, .. }));
    assert_eq!(ledger.tip().log, before.log, "no record");
    let receipt = ledger.receipt(RecordIndex(1), ReceiptAt::Newest).unwrap().unwrap();
    assert_eq!(receipt.verify(&genesis().hash()).unwrap().status, Some(None), "the licence is as it was");
    assert_eq!(ledger.outcome(&doubled.0).unwrap().unwrap().0, Height(2));
}

#[test]
fn receipts_prove_then_and_now() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(folder.path()).unwrap();
    let trust = genesis().hash();
    commit(&ledger, vec![issue(0..20)]);
    commit(&ledger, vec![sign(vec![Operation::Licence(revoke(7))], 1)]);
    commit(&ledger, vec![]);

    let now = ledger.receipt(RecordIndex(7), ReceiptAt::Newest).unwrap().unwrap();
    let state = now.verify(&trust).unwrap().status.unwrap().unwrap();
    assert_eq!(state.status, LicenceStatus::Revoked);

    let before = TimeMs(GENESIS_TIME.0 + 1_500);
    let then = ledger.receipt(RecordIndex(7), ReceiptAt::AsOf(before)).unwrap().unwrap();
    assert_eq!(then.header.height, Height(1));
    assert_eq!(then.verify(&trust).unwrap().status, Some(None));

    let too_early = ledger.receipt(RecordIndex(7), ReceiptAt::AsOf(GENESIS_TIME)).unwrap();
    assert_eq!(too_early, None);
}

/// A block made by one ledger is judged valid by another that never saw its transactions, and both end equal.
#[test]
fn another_node_reproduces_the_block() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (maker, voter) = (open(here.path()).unwrap(), open(there.path()).unwrap());
    for round in 0..3u64 {
        let (made, _) = commit(&maker, vec![issue(round * 10..round * 10 + 10)]);
        voter.judge(&made.id, &made.bytes, &|_, _| false).unwrap();
        let height = maker.height();
        let row = huxin_node::store::UndecidedBlock { block: made.id, proposer: key(3).id(), valid: true, own: false };
        voter.store().put_undecided(height, 0, &row, &made.bytes).unwrap();
        voter.commit(certificate(&key(3), height, made.id)).unwrap();
    }
    assert_eq!(maker.tip(), voter.tip());
}

/// A signature is not under the header hash, so a body with a bad one is refused even where the transaction is known.
#[test]
fn a_bad_signature_in_a_body_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(folder.path()).unwrap();
    let other = tempfile::tempdir().unwrap();
    let voter = open(other.path()).unwrap();
    let (made, _) = commit(&ledger, vec![issue(0..1)]);
    let mut bytes = made.bytes.to_vec();
    // The last bytes are the signature's last scalar byte and the absent certificate's tag.
    let at = bytes.len() - 3;
    bytes[at] ^= 1;
    let error = voter.judge(&made.id, &bytes, &|_, _| false).unwrap_err().to_string();
    assert!(error.contains("signature.invalid"), "{error}");
}
