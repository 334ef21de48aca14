//! Blocks: what a proposer makes is what a voter accepts, and nothing else is.

use huxin_chain_spec::block::{BLOCK_BYTES_MAX, Block, Body, HEADER_BYTES_MAX, Header};
use huxin_chain_spec::certificate::{
    CERTIFICATE_BYTES_MAX, CertificateError, CertificateSignature, VoteType, vote_message,
};
use huxin_chain_spec::codec::{self, CodecError};
use huxin_chain_spec::crypto::{Digest, DigestAlgorithm, KeyId, Signature, Signer as _};
use huxin_chain_spec::execute::{self, BlockError, Chain};
use huxin_chain_spec::ids::{Height, TimeMs};
use huxin_chain_spec::log::{self, LogHead};
use huxin_chain_spec::memory::MemoryLedger;
use huxin_chain_spec::state::StateKey;
use huxin_chain_spec::transaction::Transaction;

use crate::support::*;

/// A chain of two blocks, and a third on top, not yet committed.
fn third_block() -> (Network, Block) {
    let mut network = Network::found();
    let home = network.provinces[SHANGHAI].issuer.clone();
    network.must(&home.key, issue(&home, "a"));
    network.must(&home.key, amend(&home, "a", "b", 2));
    let next = transactions(&mut network, &["c", "d", "a"]);
    let (block, _) = network.make(next);
    (network, block)
}

fn transactions(network: &mut Network, names: &[&str]) -> Vec<Transaction> {
    let home = network.provinces[SHANGHAI].issuer.clone();
    names.iter().map(|name| network.transaction(&home.key, vec![Op::from(issue(&home, name)).0])).collect()
}

#[test]
fn a_voter_accepts_what_a_proposer_makes_and_computes_the_same() {
    let (network, block) = third_block();
    assert_eq!(Block::from_bytes(&block.to_bytes()).unwrap(), block);
    let executed = network.check(&block).unwrap();
    let header = &block.header;
    assert_eq!((executed.log.head, executed.map_root), (header.log, header.map_root));
    assert_eq!(executed.transactions_root, header.transactions_root);
    assert_eq!(executed.changes.outcomes.len(), 3);
    assert!(codec::encode(header).len() <= HEADER_BYTES_MAX);
    let tip = executed.tip(header, header.hash(SHA256), network.ledger.tip());
    assert_eq!((tip.height, tip.map_version, tip.frontier.size()), (Height(3), 3, 4));
    assert_eq!(tip.decided_by, network.genesis.validators());
}

/// Each field of a header is either taken from the parent or recomputed, so a change of any is refused by its name.
#[test]
fn every_header_field_is_checked() {
    let (network, good) = third_block();
    type Spoil = fn(&mut Header);
    let spoils: [(&str, Spoil); 17] = [
        ("genesis", |header| header.genesis = digest(1)),
        ("protocol_version", |header| header.protocol_version += 1),
        ("height", |header| header.height = header.height.next()),
        ("height", |header| header.height = Height(2)),
        ("time_ms", |header| header.time_ms = TimeMs(0)),
        ("parent", |header| header.parent = digest(1)),
        ("transactions_root", |header| header.transactions_root = digest(1)),
        ("log.size", |header| header.log.size += 1),
        ("log.root", |header| header.log.root = digest(1)),
        ("log.size", |header| header.log = LogHead::empty(SHA256)),
        ("map_root", |header| header.map_root = digest(1)),
        ("validators_hash", |header| header.validators_hash = digest(1)),
        ("next_validators_hash", |header| header.next_validators_hash = digest(1)),
        ("last_certificate_hash", |header| header.last_certificate_hash = digest(1)),
        ("last_certificate_hash", |header| header.last_certificate_hash = digest(0)),
        ("proposer", |header| header.proposer = KeyId(digest(1))),
        ("proposer", |header| header.proposer = key("310000 issuer").id()),
    ];
    for (expected, spoil) in spoils {
        let mut block = good.clone();
        spoil(&mut block.header);
        match network.check(&block) {
            Err(BlockError::Header { field, .. }) => assert_eq!(field, expected),
            other => panic!("{expected}: {other:?}"),
        }
    }
}

/// The time is bound too: records carry it, so another time gives another log.
#[test]
fn time_increases_and_is_part_of_every_record() {
    let (network, good) = third_block();
    let tip_ms = network.ledger.tip().time_ms.0;
    let at = |time_ms: i64| {
        let header = Header { time_ms: TimeMs(time_ms), ..good.header.clone() };
        network.check(&Block { header, body: good.body.clone() })
    };
    for not_later in [tip_ms, tip_ms - 1, 0, -1, i64::MIN] {
        assert!(matches!(at(not_later), Err(BlockError::Header { field: "time_ms", .. })));
    }
    assert!(matches!(at(good.header.time_ms.0 + 1), Err(BlockError::Header { field: "log.root", .. })));
    // The first block is later than the genesis.
    let fresh = Network::found();
    let (first, _) = fresh.make(Vec::new());
    let header = Header { time_ms: TimeMs(GENESIS_MS), ..first.header };
    let refused = fresh.check(&Block { header, body: first.body });
    assert!(matches!(refused, Err(BlockError::Header { field: "time_ms", .. })));
}

#[test]
fn transactions_left_out_added_or_reordered() {
    let (mut network, good) = third_block();
    let with = |transactions: Vec<Transaction>| {
        let body = Body { transactions, last_certificate: good.body.last_certificate.clone() };
        Block { header: good.header.clone(), body }
    };
    let [first, second, third] = [0, 1, 2].map(|position: usize| good.body.transactions[position].clone());
    let more = transactions(&mut network, &["e"]);
    let bodies = [
        vec![first.clone(), second.clone()],
        vec![second.clone(), first.clone(), third.clone()],
        [vec![first, second, third], more].concat(),
        Vec::new(),
    ];
    for transactions in bodies {
        let refused = network.check(&with(transactions));
        assert!(matches!(refused, Err(BlockError::Header { field: "transactions_root", .. })));
    }
}

#[test]
fn the_last_certificate_is_of_the_parent_and_holds() {
    let (network, good) = third_block();
    let with = |change: &dyn Fn(&mut Option<huxin_chain_spec::certificate::Certificate>)| {
        let mut block = good.clone();
        change(&mut block.body.last_certificate);
        network.check(&block)
    };
    let missing_or_other: [&dyn Fn(&mut Option<_>); 4] = [
        &|certificate| *certificate = None,
        &|certificate| *certificate = Some(network.blocks[0].1.clone()),
        &|certificate| certificate.as_mut().unwrap().block = digest(1),
        &|certificate| certificate.as_mut().unwrap().height = Height(3),
    ];
    for change in missing_or_other {
        assert_eq!(with(change).unwrap_err(), BlockError::LastCertificate);
    }
    let two = with(&|certificate| certificate.as_mut().unwrap().signatures.truncate(2)).unwrap_err();
    assert_eq!(two, BlockError::LastCertificateInvalid(CertificateError::NoQuorum { power: 2, total: 4 }));
    let first = good.body.last_certificate.as_ref().unwrap().signatures[0].validator;
    let bad = CertificateError::BadSignature { validator: first };
    let forged = with(&|certificate| {
        certificate.as_mut().unwrap().signatures[0].signature = Signature::Ed25519([1; 64]);
    });
    assert_eq!(forged.unwrap_err(), BlockError::LastCertificateInvalid(bad));
    let other_round = with(&|certificate| certificate.as_mut().unwrap().round = 1);
    assert!(matches!(other_round, Err(BlockError::LastCertificateInvalid(CertificateError::BadSignature { .. }))));
    let reordered = with(&|certificate| certificate.as_mut().unwrap().signatures.reverse());
    assert_eq!(reordered.unwrap_err(), BlockError::LastCertificateInvalid(CertificateError::NotSorted));
    // Three of four are enough, but then it is another certificate than the header names.
    let three = with(&|certificate| certificate.as_mut().unwrap().signatures.truncate(3));
    assert!(matches!(three, Err(BlockError::Header { field: "last_certificate_hash", .. })));
    let fresh = Network::found();
    let (mut first, _) = fresh.make(Vec::new());
    first.body.last_certificate = good.body.last_certificate;
    assert_eq!(fresh.check(&first).unwrap_err(), BlockError::LastCertificate, "nothing is certified before height 1");
}

#[test]
fn certificates_count_distinct_known_validators_by_power() {
    let network = Network::found();
    let (block, _) = network.make(Vec::new());
    let (chain, validators) = (&network.genesis.hash(), network.genesis.validators());
    let whole = network.certify(&block.header);
    assert!(codec::encode(&whole).len() <= CERTIFICATE_BYTES_MAX);
    assert_eq!(whole.verify(chain, &validators), Ok(()));
    let mut three = whole.clone();
    three.signatures.remove(1);
    assert_eq!(three.verify(chain, &validators), Ok(()));
    let mut twice = three.clone();
    twice.signatures[1] = twice.signatures[0];
    assert_eq!(twice.verify(chain, &validators), Err(CertificateError::NotSorted));
    let stranger = key("stranger");
    let with_stranger = certify(SHA256, &block.header, &[&stranger]);
    let (validator, height) = (stranger.id(), Height(1));
    assert_eq!(with_stranger.verify(chain, &validators), Err(CertificateError::UnknownValidator { validator, height }));
    assert_eq!(whole.verify(&digest(1), &validators).map_err(|_| ()), Err(()));
    let mut none = whole.clone();
    none.signatures.clear();
    assert_eq!(none.verify(chain, &validators), Err(CertificateError::NoQuorum { power: 0, total: 4 }));
    // A prevote is not a precommit.
    let voter = &network.provinces[0].consensus;
    let message = vote_message(chain, VoteType::Prevote, Height(1), Some(0), Some(&whole.block), &voter.id());
    let mut prevoted = whole.clone();
    let entry = prevoted.signatures.iter_mut().find(|entry| entry.validator == voter.id()).unwrap();
    *entry = CertificateSignature { validator: voter.id(), signature: voter.sign_consensus(&message) };
    let validator = voter.id();
    assert_eq!(prevoted.verify(chain, &validators), Err(CertificateError::BadSignature { validator }));
    // Normalising puts any order right and drops repetitions.
    let mut shuffled = whole.clone();
    shuffled.signatures.reverse();
    shuffled.signatures.push(whole.signatures[0]);
    shuffled.normalise();
    assert_eq!(shuffled, whole);
}

#[test]
fn limits_of_the_genesis_hold_for_bytes_and_operations() {
    let mut network = Network::found_with(|genesis| {
        genesis.parameters.block_bytes_max = 64 * 1024;
        genesis.parameters.block_operations_max = 2;
    });
    let three = transactions(&mut network, &["a", "b", "c"]);
    let (made, _) = network.make(three.clone());
    assert_eq!(made.body.transactions, three[..2], "a proposer keeps to the limit");
    assert!(network.check(&made).is_ok());
    let mut block = made.clone();
    block.body.transactions.push(three[2].clone());
    let refused = network.check(&block).unwrap_err();
    assert_eq!(refused, BlockError::TooLarge { what: "operations", actual: 3, limit: 2 });
    let ledger = &network.ledger;
    let of_length =
        |length| execute::check_block(ledger.chain(), ledger, ledger.tip(), &made, length, &|_, _| false).map(|_| ());
    assert_eq!(of_length(64 * 1024), Ok(()));
    let (actual, limit) = (64 * 1024 + 1, 64 * 1024);
    assert_eq!(of_length(actual), Err(BlockError::TooLarge { what: "bytes", actual, limit }));
    assert!(matches!(Block::from_bytes(&vec![0; BLOCK_BYTES_MAX + 1]), Err(CodecError::TooLong { .. })));
}

/// What a block without records changes: nothing but who took part in the one before.
fn only_participation(executed: &execute::Executed) {
    let changed: Vec<&StateKey> = executed.changes.states.keys().collect();
    assert_eq!(changed, [&StateKey::Participation]);
    assert!(executed.changes.issued.is_empty() && executed.changes.records.is_empty() && executed.log.tiles.is_empty());
}

/// A heartbeat keeps the log, so as-of times stay fresh for few bytes.
#[test]
fn an_empty_block_keeps_the_log() {
    let (mut network, _) = third_block();
    let before = network.ledger.tip().clone();
    assert_eq!(network.commit(Vec::new()), []);
    let after = network.ledger.tip();
    assert_eq!(after.height, before.height.next());
    assert_eq!(after.frontier, before.frontier);
    let (block, executed) = network.make(Vec::new());
    only_participation(&executed);
    assert!(block.to_bytes().len() < 1024);
    let (_, first) = Network::found().make(Vec::new());
    assert!(first.map.is_none(), "nothing is certified before height 1");
}

/// A block of rejections only is kept, proves them, and changes nothing else.
#[test]
fn a_block_of_rejections_changes_nothing_else() {
    let (mut network, _) = third_block();
    let before = network.ledger.tip().clone();
    let refused = transactions(&mut network, &["a", "b"]);
    only_participation(&network.make(refused.clone()).1);
    network.commit(refused);
    assert_eq!(network.ledger.tip().frontier, before.frontier);
    assert_ne!(network.blocks.last().unwrap().0.transactions_root, huxin_chain_spec::log::empty_root(SHA256));
}

/// The same blocks give the same ledger with and without history, and on an SM3 chain.
#[test]
fn replay_from_genesis_ends_at_the_same_tip() {
    for algorithm in [SHA256, huxin_chain_spec::crypto::DigestAlgorithm::Sm3] {
        let mut network = Network::found_with(|genesis| genesis.ledger_hash = algorithm);
        let mut replayed = MemoryLedger::found(&network.genesis).unwrap();
        let home = network.provinces[SHANGHAI].issuer.clone();
        for round in 0..20 {
            let issued = Op::from(issue(&home, &format!("{round}"))).0;
            let amended = Op::from(amend(&home, &format!("{round}"), &format!("{round} b"), 2)).0;
            let batch = vec![network.transaction(&home.key, vec![issued, amended])];
            let (block, _) = network.make(batch.clone());
            network.commit(batch);
            let (tip, length) = (replayed.tip(), block.to_bytes().len());
            let executed =
                execute::check_block(replayed.chain(), &replayed, tip, &block, length, &|_, _| false).unwrap();
            replayed.apply(&executed, &block.header, block.header.hash(algorithm));
        }
        let (one, other) = (network.ledger.tip(), replayed.tip());
        assert_eq!((one.hash, one.map_root, &one.frontier), (other.hash, other.map_root, &other.frontier));
        assert_eq!(replayed.licence_count(), 40);
        assert_eq!(Chain::new(&network.genesis).genesis_hash, network.genesis.hash());
        let version = replayed.map_version_at(Height(20));
        assert_eq!((version, network.ledger.map_version_at(Height(7))), (None, Some(7)));
    }
}

/// On a network with SM3 every header has the root of the same records with SHA-256 too, which standard clients of logs can check; on one
/// with SHA-256 the root of the log is that.
#[test]
fn the_log_has_a_root_with_sha256_on_every_network() {
    for (hash, beside) in [(SHA256, false), (DigestAlgorithm::Sm3, true)] {
        let mut network = Network::found_with(|genesis| genesis.ledger_hash = hash);
        let home = network.provinces[SHANGHAI].issuer.clone();
        let mut leaves: Vec<Digest> = Vec::new();
        for block in 0..20u8 {
            // Block 3 records nothing; the tree passes the edge of a tile.
            let names = (0..if block == 3 { 0 } else { 1 + block % 3 }).map(|number| format!("{block}-{number}"));
            let transactions: Vec<_> =
                names.map(|name| network.transaction(&home.key, vec![Op::from(issue(&home, &name)).0])).collect();
            let before = network.records.len();
            network.commit(transactions);
            leaves.extend(network.records[before..].iter().map(|record| log::leaf_hash(SHA256, &record.to_bytes())));
            let header = &network.blocks.last().unwrap().0;
            let root = if beside { header.log_root_sha256 } else { Some(header.log.root) };
            assert_eq!(root, Some(log::merkle_root(SHA256, &leaves)), "{hash:?} block {block}");
            assert_eq!(header.log_root_sha256.is_some(), beside);
        }
        let (block, _) = network.make(Vec::new());
        let forged = |root| Block { header: Header { log_root_sha256: root, ..block.header.clone() }, ..block.clone() };
        for root in [Some(digest(1)), if beside { None } else { Some(block.header.log.root) }] {
            let refused = network.check(&forged(root)).unwrap_err();
            assert!(matches!(refused, BlockError::Header { field: "log_root_sha256", .. }), "{refused}");
        }
    }
}
