//! Receipts: accept every true one, refuse every mutated one, and prove exactly what they say.

use std::cell::RefCell;
use std::collections::BTreeSet;

use huxin_chain_spec::certificate::ValidatorSet;
use huxin_chain_spec::codec::CodecError;
use huxin_chain_spec::codes::Code;
use huxin_chain_spec::crypto::{Digest, DigestAlgorithm};
use huxin_chain_spec::execute;
use huxin_chain_spec::ids::{Height, RecordIndex, TimeMs, TxId};
use huxin_chain_spec::log::{self, Appender, Frontier, MemoryLog};
use huxin_chain_spec::map;
use huxin_chain_spec::receipt::{
    Anchors, KnownHeaders, OutcomeReceipt, Proven, RECEIPT_BYTES_MAX, RECEIPT_MAGIC, Receipt, ReceiptError,
    StatusEvidence, ThingReceipt,
};
use huxin_chain_spec::record::LicenceOperation;
use huxin_chain_spec::state::{LicenceState, LicenceStatus, StateKey};
use huxin_chain_spec::transaction::Outcome;

use crate::support::*;

/// Licence `a` issued at height 1, suspended at 3, restored at 5; others around it; a heartbeat last.
fn history(network: &mut Network) -> RecordIndex {
    let home = network.provinces[SHANGHAI].issuer.clone();
    let index = network.must(&home.key, issue(&home, "a"));
    network.must(&home.key, issue(&home, "b"));
    network.must(&home.key, LicenceOperation::Suspend(change("a")));
    network.must(&home.key, LicenceOperation::Suspend(change("b")));
    network.must(&home.key, LicenceOperation::Restore(change("a")));
    network.commit(Vec::new());
    index
}

pub fn founded() -> (Network, RecordIndex) {
    let mut network = Network::found();
    let index = history(&mut network);
    (network, index)
}

/// Time of a block.
fn ms(height: u64) -> TimeMs {
    TimeMs(GENESIS_MS).plus_ms(height * BLOCK_MS)
}

pub fn root(network: &Network) -> Digest {
    network.genesis.hash()
}

#[test]
fn the_newest_receipt_proves_record_and_status() {
    let (network, index) = founded();
    let receipt = network.receipt(index, At::Newest);
    let read = Receipt::from_bytes(&receipt.to_bytes()).unwrap();
    assert_eq!(read, receipt);
    let proven = read.verify(&root(&network)).unwrap();
    let state = network.licence_state(&licence_ref("a")).unwrap();
    assert_eq!((state.status, state.changed_by), (LicenceStatus::Issued, RecordIndex(4)));
    assert_eq!(proven, Proven { block: network.ledger.tip().hash, status: Some(Some(state)) });
}

#[test]
fn as_of_receipts_prove_the_status_of_their_day() {
    let (network, index) = founded();
    let status_at = |time: TimeMs| {
        let receipt = network.receipt(index, At::AsOf(time));
        let proven = Receipt::from_bytes(&receipt.to_bytes()).unwrap().verify(&root(&network)).unwrap();
        (receipt.header.height.0, proven.status.unwrap().map(|state: LicenceState| state.status))
    };
    let unchanged = None;
    assert_eq!(status_at(ms(1)), (1, unchanged));
    assert_eq!(status_at(ms(2)), (2, unchanged), "absence, with another licence in the map or none");
    assert_eq!(status_at(TimeMs(ms(3).0 - 1)), (2, unchanged));
    assert_eq!(status_at(ms(3)), (3, Some(LicenceStatus::Suspended)));
    assert_eq!(status_at(TimeMs(ms(5).0 - 1)), (4, Some(LicenceStatus::Suspended)), "map of height 4");
    assert_eq!(status_at(ms(5)), (5, Some(LicenceStatus::Issued)));
    assert_eq!(status_at(ms(6)), (6, Some(LicenceStatus::Issued)), "a heartbeat keeps the map of height 5");
    assert_eq!(status_at(ms(1_000_000)), (6, Some(LicenceStatus::Issued)), "the newest block then known");
}

/// Records that bring no licence into being have receipts without a status.
#[test]
fn a_receipt_of_a_change() {
    let (network, _) = founded();
    let receipt = network.receipt(RecordIndex(2), At::Newest);
    assert_eq!(receipt.verify(&root(&network)).unwrap().status, None);
    let mut claiming = receipt.clone();
    claiming.status = network.receipt(RecordIndex(0), At::Newest).status;
    let refused = claiming.verify(&root(&network)).unwrap_err();
    assert_eq!((refused.code(), refused), (Code::ReceiptMalformed, ReceiptError::NoLicence));
}

/// A receipt whose status was taken out still proves the record, and says that it says nothing of the status.
#[test]
fn without_status_nothing_is_said_about_it() {
    let (network, index) = founded();
    let stripped = Receipt { status: None, ..network.receipt(index, At::Newest) };
    assert_eq!(stripped.verify(&root(&network)).unwrap().status, None);
}

/// What a receipt may still say after one bit of it changed. Only the time of an as-of receipt may differ, and only to
/// another time at which the same header was the last one.
fn assert_flip_proves_nothing_false(bit: usize, flipped: &[u8], good: &Receipt, genesis_hash: &Digest) -> bool {
    let Ok(read) = Receipt::from_bytes(flipped) else { return false };
    let Ok(proven) = read.verify(genesis_hash) else { return false };
    assert_eq!(proven, good.verify(genesis_hash).unwrap(), "bit {bit} changed what is proven");
    let (mut one, mut other) = (read.clone(), good.clone());
    let changed = one.as_of.as_mut().zip(other.as_of.as_mut());
    let (as_of, was) = changed.unwrap_or_else(|| panic!("bit {bit} is not covered"));
    assert!(as_of.time_ms >= read.header.time_ms, "bit {bit}: the block was there at the time");
    if let Some(next) = &as_of.next {
        assert!(as_of.time_ms < next.header.time_ms, "bit {bit}: the next one was not");
    }
    was.time_ms = as_of.time_ms;
    assert_eq!(one, other, "bit {bit} changed something beside the time");
    true
}

fn survivors(network: &Network, receipt: &Receipt) -> usize {
    let (bytes, genesis_hash) = (receipt.to_bytes(), root(network));
    receipt.verify(&genesis_hash).unwrap();
    let survives = |bit: &usize| {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert_flip_proves_nothing_false(*bit, &flipped, receipt, &genesis_hash)
    };
    (0..bytes.len() * 8).filter(survives).count()
}

#[test]
fn every_single_bit_flip_of_a_receipt_is_refused() {
    let (mut network, index) = founded();
    // Three of four: without one to spare, each signature counts.
    network.signers = 3;
    network.commit(Vec::new());
    assert_eq!(survivors(&network, &network.receipt(index, At::Newest)), 0);
}

/// One validator, so that the many verifications stay cheap; a proof of absence with another leaf in the map.
#[test]
fn every_single_bit_flip_of_an_as_of_receipt_is_refused_or_still_true() {
    let mut network = Network::found_by(provinces()[..1].to_vec(), |_| {});
    let index = history(&mut network);
    // Height 2, at its very time, the next one second (less than 2^10 ms) later: nine or ten bits of the time may be
    // set without leaving that second, depending on the bits already set.
    let absent = network.receipt(index, At::AsOf(ms(2)));
    assert_eq!(absent.status.as_ref().unwrap().state, None);
    let in_second = (0..64).filter(|bit| (ms(2)..ms(3)).contains(&TimeMs(ms(2).0 ^ (1 << bit)))).count();
    assert_eq!(survivors(&network, &absent), in_second);
    // The newest block: every later time is as true as the one asked for.
    let present = network.receipt(index, At::AsOf(ms(6)));
    assert!(present.status.as_ref().unwrap().state.is_some() && present.as_of.as_ref().unwrap().next.is_none());
    let later = (0..64).filter(|bit| ms(6).0 ^ (1 << bit) >= ms(6).0).count();
    assert_eq!(survivors(&network, &present), later);
}

#[test]
fn every_truncation_is_refused() {
    let (network, index) = founded();
    for at in [At::Newest, At::AsOf(ms(3))] {
        let bytes = network.receipt(index, at).to_bytes();
        for length in 0..bytes.len() {
            let refused = Receipt::from_bytes(&bytes[..length]).unwrap_err();
            let expected = if length < RECEIPT_MAGIC.len() { Code::ReceiptMalformed } else { Code::ReceiptTruncated };
            assert_eq!(refused.code(), expected, "{length}");
        }
        assert!(Receipt::from_bytes(&[&bytes[..], &[0]].concat()).is_err());
    }
    let too_long = [&RECEIPT_MAGIC[..], &vec![0; RECEIPT_BYTES_MAX - 7]].concat();
    assert!(matches!(Receipt::from_bytes(&too_long), Err(ReceiptError::Malformed(CodecError::TooLong { .. }))));
}

pub fn refusal(network: &Network, receipt: &Receipt) -> (Code, ReceiptError) {
    let error = receipt.verify(&root(network)).unwrap_err();
    (error.code(), error)
}

#[test]
fn the_wrong_trust_root() {
    let (network, index) = founded();
    let receipt = network.receipt(index, At::Newest);
    let pinned = digest(7);
    let refused = receipt.verify(&pinned).unwrap_err();
    assert_eq!(refused.code(), Code::ReceiptWrongTrustRoot);
    assert_eq!(refused, ReceiptError::WrongTrustRoot { pinned, found: root(&network) });
    // Another chain of the same validators is another trust root too.
    let mut other = Network::found_with(|genesis| genesis.chain_id = "test-other".parse().unwrap());
    let index = history(&mut other);
    assert_eq!(refusal(&network, &other.receipt(index, At::Newest)).0, Code::ReceiptWrongTrustRoot);
    // Under the right genesis, the header of another chain.
    let mut mixed = receipt;
    mixed.header.genesis = root(&other);
    let refused = refusal(&network, &mixed);
    let (pinned, found) = (root(&network), root(&other));
    assert_eq!(refused, (Code::ReceiptHeaderMismatch, ReceiptError::OtherChain { pinned, found }));
}

#[test]
fn each_part_that_does_not_hold_has_its_code() {
    let (network, index) = founded();
    let good = network.receipt(index, At::AsOf(ms(3)));
    type Spoil = fn(&mut Receipt);
    let spoils: [(Code, Spoil); 19] = [
        (Code::ReceiptQuorumNotReached, |receipt| receipt.certificate.signatures.truncate(2)),
        (Code::ReceiptQuorumNotReached, |receipt| receipt.certificate.signatures.clear()),
        (Code::ReceiptBadCertificate, |receipt| receipt.certificate.round += 1),
        (Code::ReceiptBadCertificate, |receipt| receipt.certificate.signatures.reverse()),
        (Code::ReceiptBadCertificate, |receipt| {
            receipt.certificate.signatures[0].validator = huxin_chain_spec::crypto::KeyId(digest(0));
        }),
        (Code::ReceiptHeaderMismatch, |receipt| receipt.certificate.height = Height(9)),
        (Code::ReceiptHeaderMismatch, |receipt| receipt.header.map_root = digest(0)),
        (Code::ReceiptHeaderMismatch, |receipt| receipt.trust.validators = ValidatorSet::default()),
        (Code::ReceiptBadLogProof, |receipt| receipt.index = RecordIndex(1)),
        (Code::ReceiptBadLogProof, |receipt| receipt.index = RecordIndex(u64::MAX)),
        (Code::ReceiptBadLogProof, |receipt| receipt.record.sequence += 1),
        (Code::ReceiptBadLogProof, |receipt| receipt.log_path.push(digest(0))),
        (Code::ReceiptBadLogProof, |receipt| receipt.log_path.clear()),
        (Code::ReceiptBadMapProof, |receipt| receipt.status.as_mut().unwrap().state = None),
        (Code::ReceiptBadMapProof, |receipt| receipt.status.as_mut().unwrap().state = Some(vec![1])),
        (Code::ReceiptBadMapProof, |receipt| receipt.status.as_mut().unwrap().proof.siblings.push(digest(0))),
        (Code::ReceiptAsOfMismatch, |receipt| receipt.as_of.as_mut().unwrap().time_ms = ms(2)),
        (Code::ReceiptAsOfMismatch, |receipt| receipt.as_of.as_mut().unwrap().time_ms = ms(4)),
        (Code::ReceiptAsOfMismatch, |receipt| {
            receipt.as_of.as_mut().unwrap().next.as_mut().unwrap().header.parent = digest(0);
        }),
    ];
    for (position, (code, spoil)) in spoils.into_iter().enumerate() {
        let mut receipt = good.clone();
        spoil(&mut receipt);
        assert_eq!(refusal(&network, &receipt).0, code, "spoil {position}");
    }
    // Three of four hold; two of the next block do not.
    let mut three = good.clone();
    three.certificate.signatures.pop();
    assert!(three.verify(&root(&network)).is_ok());
    let mut two_next = good.clone();
    two_next.as_of.as_mut().unwrap().next.as_mut().unwrap().certificate.signatures.truncate(2);
    assert_eq!(refusal(&network, &two_next).0, Code::ReceiptQuorumNotReached);
    // The state of another day under this day's header.
    let mut mixed = good.clone();
    mixed.status = network.receipt(index, At::AsOf(ms(5))).status;
    assert_eq!(refusal(&network, &mixed).0, Code::ReceiptBadMapProof);
    // A later block passed off as the next one, which would hide what lies between.
    let mut skipping = network.receipt(index, At::AsOf(ms(2)));
    skipping.as_of = network.receipt(index, At::AsOf(ms(4))).as_of;
    assert_eq!(refusal(&network, &skipping).0, Code::ReceiptAsOfMismatch);
    assert_eq!(Receipt::from_bytes(b"HUXINRT2").unwrap_err().code(), Code::ReceiptMalformed);
}

/// A file of another version is neither damaged nor a forgery, and says which version this program reads.
#[test]
fn another_version_is_told_as_such() {
    let newer = Receipt::from_bytes(b"HUXINRC4 and whatever follows").unwrap_err();
    assert_eq!(newer.code(), Code::ReceiptNewerVersion);
    assert!(newer.is_other_version() && newer.to_string().contains("a newer version of the software"), "{newer}");
    let older = Receipt::from_bytes(b"HUXINRC2").unwrap_err();
    assert_eq!(older.code(), Code::ReceiptOlderVersion);
    assert_eq!(ThingReceipt::from_bytes(b"HUXINRT3").unwrap_err().code(), Code::ReceiptNewerVersion);
    assert_eq!(OutcomeReceipt::from_bytes(b"HUXINRO3").unwrap_err().code(), Code::ReceiptNewerVersion);
}

/// An as-of time that no next block bounds is signed by nobody: the receipt speaks for its header's time.
#[test]
fn an_unbounded_time_is_not_proven() {
    let (network, index) = founded();
    let newest = network.receipt(index, At::AsOf(ms(1_000_000)));
    assert_eq!(newest.verify(&root(&network)).map(|_| newest.proven_time()), Ok(ms(6)));
    assert_eq!(network.receipt(index, At::AsOf(TimeMs(ms(3).0 - 1))).proven_time(), TimeMs(ms(3).0 - 1));
    assert_eq!(network.receipt(index, At::Newest).proven_time(), ms(6));
}

/// A record stands in a receipt behind its length, so that a reader who knows no record at all finds the log path.
#[test]
fn a_record_is_preceded_by_its_length() {
    let (network, index) = founded();
    let receipt = network.receipt(index, At::Newest);
    let (file, record) = (receipt.to_bytes(), receipt.record.to_bytes());
    let at = file.windows(record.len()).position(|part| part == record).unwrap();
    assert_eq!(file[at - 4..at], (record.len() as u32).to_le_bytes());
    for wrong in [0, record.len() as u32 - 1, record.len() as u32 + 1, u32::MAX] {
        let mut file = file.clone();
        file[at - 4..at].copy_from_slice(&wrong.to_le_bytes());
        assert!(Receipt::from_bytes(&file).is_err(), "{wrong}");
    }
}

/// A block's outcomes are proven one by one, and nothing else is.
#[test]
fn every_outcome_has_a_receipt() {
    let mut network = Network::found();
    let home = network.provinces[SHANGHAI].issuer.clone();
    for count in 0..6 {
        let transactions: Vec<_> = (0..count)
            .map(|number| {
                let name = format!("{count} {}", number / 2);
                network.transaction(&home.key, vec![Op::from(issue(&home, &name)).0])
            })
            .collect();
        network.commit(transactions);
        for position in 0..count {
            let receipt = network.outcome_receipt(Height(count + 1), position);
            assert_eq!(OutcomeReceipt::from_bytes(&receipt.to_bytes()), Ok(receipt.clone()));
            assert_eq!(receipt.verify(&root(&network)), Ok(network.ledger.tip().hash));
            let is_rejected = matches!(receipt.outcome.outcome, Outcome::Rejected { .. });
            assert_eq!(is_rejected, position % 2 == 1, "a second licence of one name is refused");
            let spoils: [fn(&mut OutcomeReceipt); 5] = [
                |receipt| receipt.outcome.tx_id = TxId(digest(9)),
                |receipt| receipt.outcome.outcome = Outcome::Committed { first_record: RecordIndex(0), records: 9 },
                |receipt| receipt.path.push(digest(0)),
                |receipt| receipt.position = receipt.count,
                |receipt| receipt.count = 0,
            ];
            for (number, spoil) in spoils.into_iter().enumerate() {
                let mut spoilt = receipt.clone();
                spoil(&mut spoilt);
                let refused = spoilt.verify(&root(&network)).unwrap_err();
                assert_eq!(refused.code(), Code::ReceiptBadOutcomeProof, "{number}");
            }
            let mut unsigned = receipt;
            unsigned.certificate.signatures.truncate(2);
            assert_eq!(unsigned.verify(&root(&network)).unwrap_err().code(), Code::ReceiptQuorumNotReached);
        }
    }
}

/// Remembers headers as a client does.
#[derive(Default)]
struct Remembered(RefCell<BTreeSet<Digest>>);

impl KnownHeaders for Remembered {
    fn contains(&self, block: &Digest) -> bool {
        self.0.borrow().contains(block)
    }
    fn insert(&self, block: Digest) {
        self.0.borrow_mut().insert(block);
    }
}

/// A known pair of header and certificate spares the check of these signatures and nothing else.
#[test]
fn known_headers_spare_the_certificate_only() {
    let (network, index) = founded();
    let (known, genesis_hash) = (Remembered::default(), root(&network));
    let good = network.receipt(index, At::Newest);
    let mut unsigned = good.clone();
    unsigned.certificate.signatures.clear();
    assert_eq!(
        unsigned.verify_with(&Anchors::of_genesis(genesis_hash), &known).unwrap_err().code(),
        Code::ReceiptQuorumNotReached
    );
    assert!(known.0.borrow().is_empty(), "a header that did not hold is not remembered");
    let proven = good.verify_with(&Anchors::of_genesis(genesis_hash), &known).unwrap();
    assert_eq!(good.verify_with(&Anchors::of_genesis(genesis_hash), &known), Ok(proven));
    assert_eq!(
        unsigned.verify_with(&Anchors::of_genesis(genesis_hash), &known).unwrap_err().code(),
        Code::ReceiptQuorumNotReached
    );
    let mut other_record = good.clone();
    other_record.record.sequence += 1;
    assert_eq!(
        other_record.verify_with(&Anchors::of_genesis(genesis_hash), &known).unwrap_err().code(),
        Code::ReceiptBadLogProof
    );
    let mut other_header = good;
    other_header.header.map_root = digest(0);
    assert!(other_header.verify_with(&Anchors::of_genesis(genesis_hash), &known).is_err());
}

#[test]
fn receipts_of_an_sm3_chain() {
    let mut network = Network::found_with(|genesis| genesis.ledger_hash = DigestAlgorithm::Sm3);
    let index = history(&mut network);
    let receipt = network.receipt(index, At::AsOf(ms(3)));
    let state = receipt.verify(&network.genesis.hash()).unwrap().status.unwrap().unwrap();
    assert_eq!(state.status, LicenceStatus::Suspended);
}

/// DESIGN section 7: at most 3 KiB for four validators. A log of more than a million records, and a map of a thousand
/// changed licences.
#[test]
fn a_receipt_fits_three_kilobytes_at_a_million_records() {
    let mut network = Network::found();
    let home = network.provinces[SHANGHAI].issuer.clone();
    let names: Vec<String> = (0..1_000).map(|number| format!("changed {number}")).collect();
    let issues = names.iter().map(|name| Op::from(issue(&home, name)).0).collect();
    let suspensions = names.iter().map(|name| Op::from(LicenceOperation::Suspend(change(name))).0).collect();
    for operations in [issues, suspensions] {
        let transaction = network.transaction(&home.key, operations);
        network.commit(vec![transaction]);
    }
    let mut tip = network.ledger.tip().clone();
    let mut long = MemoryLog::default();
    tip.frontier = grown(&mut long, 1_000_000);
    let transaction = network.transaction(&home.key, vec![Op::from(issue(&home, "the one")).0]);
    let candidates = network.identified(vec![transaction]);
    let (ledger, proposer) = (&network.ledger, network.provinces[0].consensus.id());
    let (block, executed) = execute::make_block(
        ledger.chain(),
        ledger,
        &tip,
        network.next_ms(),
        proposer,
        network.last_certificate(),
        candidates,
    )
    .unwrap();
    long.apply(&executed.log);
    let index = RecordIndex(1_000_000);
    let key = StateKey::Licence(licence_ref("the one")).map_key(SHA256);
    // The new map is not in the ledger yet; put it there beside the real log.
    let mut after = ledger.clone();
    after.apply(&executed, &block.header, block.header.hash(SHA256));
    let (_, proof) = map::prove(SHA256, &after, Some(block.header.height.0), &key).unwrap();
    let receipt = Receipt {
        trust: network.trust(block.header.height),
        certificate: network.certify(&block.header),
        index,
        record: executed.changes.records[0].0.clone(),
        log_path: log::inclusion_proof(SHA256, &long, block.header.log.size, index.0).unwrap(),
        status: Some(StatusEvidence { state: None, proof }),
        as_of: None,
        header: block.header,
    };
    assert!(receipt.verify(&root(&network)).is_ok());
    let bytes = receipt.to_bytes().len();
    assert!(bytes <= 3_072, "{bytes} bytes");
    // In the middle of the log the path is as long as it gets.
    let middle = log::inclusion_proof(SHA256, &long, 1_000_001, 123_456).unwrap();
    let longest = bytes + 32 * (middle.len() - receipt.log_path.len());
    assert_eq!(middle.len(), 20);
    assert!(longest <= 3_072, "{longest} bytes");
}

/// A log of `size` leaves that stand for nothing.
fn grown(log: &mut MemoryLog, size: u64) -> Frontier {
    let mut appender = Appender::resume(Frontier::empty(SHA256));
    for index in 0..size {
        let mut leaf = Digest::ZERO;
        leaf.0[..8].copy_from_slice(&index.to_le_bytes());
        appender.append(leaf);
    }
    let appended = appender.finish();
    log.apply(&appended);
    appended.frontier
}
