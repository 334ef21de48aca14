//! Callers that cost a node more than they pay: refused transactions sent many times, false signatures over long bodies,
//! trials whose callers have gone, one key that floods; and blocks of nothing but seal signatures.

use std::time::{Duration, Instant};

use huxin_chain_spec::crypto::{SignatureScheme, Signer as _, SigningKey};
use huxin_chain_spec::ids::{Height, TimeMs, TxId, Uscc};
use huxin_chain_spec::record::licence::Document;
use huxin_chain_spec::record::membership::Permissions;
use huxin_chain_spec::record::seal::{Seal, SealAddress, SealChange, SealSignature, SignatureStructure};
use huxin_chain_spec::record::{LicenceOperation, MembershipOperation, Operation, SealOperation};
use huxin_chain_spec::transaction::{OPERATIONS_MAX, Outcome, Transaction};
use huxin_chain_spec::weight::{self, BLOCK_WEIGHT_MAX};
use huxin_engine::Phase;
use huxin_node::mempool::PoolLimits;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::http::{Node, OCTETS, send};
use crate::support::{GENESIS_TIME, commit, genesis, issue, key, licence, name, open, sign, sign_by};

/// As many licences as a transaction may issue, from this number on, the last of which exists already.
fn refused_at_the_end(from: u64) -> Transaction {
    let last = OPERATIONS_MAX as u64 - 1;
    let numbers = (from..from + last).chain([0]);
    sign(numbers.map(|number| Operation::Licence(LicenceOperation::Issue(licence(number)))).collect(), 0).1
}

async fn figure(node: &Node, line: &str) -> f64 {
    let text = String::from_utf8(send(node.ops, "GET", "/metrics", &[], b"").await.body).unwrap();
    text.lines().find_map(|found| found.strip_prefix(line)?.trim().parse().ok()).unwrap_or(0.0)
}

async fn admissions(node: &Node, end: &str) -> f64 {
    figure(node, &format!("huxin_door_admissions_total{{end=\"{end}\"}}")).await
}

/// 68 copies of one refused transaction froze a chain for 80 s: each was a trial of 4,096 operations.
#[tokio::test(flavor = "multi_thread")]
async fn copies_of_a_refused_transaction_are_one_trial() {
    let node = Node::start().await;
    node.commit(vec![issue(0..1)]);
    let bytes = refused_at_the_end(10).to_bytes();
    let begun = Instant::now();
    let copies = (0..40).map(|_| node.post("/v1/transactions", OCTETS, &bytes));
    let answers = futures::future::join_all(copies).await;
    for answer in answers {
        let error = answer.error();
        assert_eq!((answer.status, error.code.as_str()), (409, "licence.duplicate"));
        assert_eq!(error.place, format!("operation {}", OPERATIONS_MAX - 1));
    }
    // A refusal that time may lift is remembered for a second.
    let most = 1.0 + begun.elapsed().as_secs_f64();
    let tried = admissions(&node, "tried").await;
    assert!(tried <= most, "{tried} trials");
    let spared = admissions(&node, "shared").await + admissions(&node, "recalled").await;
    assert_eq!(tried + spared, 40.0);
    assert!(node.mempool.is_empty());
    // A block may lift it, so it is tried again then.
    node.commit(vec![issue(5_000..5_001)]);
    assert_eq!(node.post("/v1/transactions", OCTETS, &bytes).await.status, 409);
    assert_eq!(admissions(&node, "tried").await, tried + 1.0);
    node.stop().await;
}

/// 250 new SM2 keys, each of which proves that it is held: a tenth of a second of work at least.
fn key_adds(part: u8) -> Vec<u8> {
    let add = |number: u8| {
        let mut secret = [part + 1; 32];
        secret[0] = 1;
        secret[31] = number;
        let new = SigningKey::from_secret(SignatureScheme::Sm2, secret).unwrap();
        let organisation = "11310115014150050A".parse().unwrap();
        Operation::Membership(MembershipOperation::KeyAdd {
            key: new.public_key(),
            organisation,
            system: None,
            permissions: Permissions::none(),
            proof: new.sign_possession(&genesis().hash(), &organisation),
        })
    };
    sign_by(&key(2), (0..250).map(add).collect(), part).1.to_bytes()
}

/// Both senders had hung up, and their trials went on.
#[tokio::test(flavor = "multi_thread")]
async fn trials_end_with_their_callers() {
    let node = Node::start().await;
    let all: Vec<Vec<u8>> = (0..4).map(key_adds).collect();
    let mut callers = Vec::new();
    for bytes in &all {
        let head = format!("POST /v1/transactions HTTP/1.1\r\nhost: a\r\ncontent-length: {}\r\n\r\n", bytes.len());
        let mut stream = TcpStream::connect(node.api).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        callers.push(stream);
    }
    let begun = Instant::now();
    let patient = || assert!(begun.elapsed() < Duration::from_secs(30), "nothing happens");
    while figure(&node, "huxin_door_trials_held").await < 2.0 {
        patient();
    }
    drop(callers);
    while figure(&node, "huxin_door_trials_held").await > 0.0 || admissions(&node, "cancelled").await < 1.0 {
        patient();
    }
    let (tried, cancelled) = (admissions(&node, "tried").await, admissions(&node, "cancelled").await);
    assert!(tried + cancelled <= 4.0 && tried < 4.0, "{tried} were run to their end, {cancelled} given up");
    assert!(node.mempool.len() < 4, "what nobody waits for is not taken");
    node.stop().await;
}

/// The least permitted key could send another refused transaction of 4,096 operations again and again: 0.13 s of its own
/// processor for 3.7 s of the node's.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_pays_for_the_work_of_what_is_refused() {
    let node = Node::start().await;
    node.commit(vec![issue(0..1)]);
    let (mut tried, begun) = (0u64, Instant::now());
    let refused = loop {
        let bytes = refused_at_the_end(10 + tried * 10_000).to_bytes();
        let answer = node.post("/v1/transactions", OCTETS, &bytes).await;
        if answer.status == 429 {
            break answer;
        }
        assert_eq!((answer.status, answer.error().code.as_str()), (409, "licence.duplicate"));
        tried += 1;
        assert!(tried < 2_000, "{tried} refused transactions were tried in {:?}", begun.elapsed());
    };
    let error = refused.error();
    assert_eq!((error.code.as_str(), error.place.as_str()), ("admission.key_spent", "signer"));
    let wait_s: u64 = refused.headers["retry-after"].parse().unwrap();
    assert!((1..=60).contains(&wait_s), "{wait_s}");
    let named = format!(
        "huxin_door_refused_keys_total{{key=\"{}\",province=\"310000\",code=\"admission.key_spent\"}}",
        key(4).id()
    );
    assert!(figure(&node, &named).await >= 1.0);
    // Another key of the same province is not concerned.
    let other = sign_by(&key(2), vec![Operation::Licence(LicenceOperation::Issue(licence(9)))], 0).1;
    assert_eq!(node.post("/v1/transactions", OCTETS, &other.to_bytes()).await.error().code, "key.not_permitted");
    node.stop().await;
}

/// 848 KB of operations under a false signature cost a node ten times what they cost their sender, who need not be a member.
#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_no_member_signed_are_not_decoded() {
    let node = Node::start().await;
    let good = issue(0..OPERATIONS_MAX as u64).1;
    let mut forged = good.clone();
    forged.body.idempotency_key = [9; 16];
    let mut garbled = forged.to_bytes();
    // Between the fixed places stands what no decoder reads.
    let tail = garbled.len() - 200;
    garbled[100..tail].fill(0xff);
    let stranger = key(77);
    let mut foreign = garbled.clone();
    foreign[32..64].copy_from_slice(&stranger.id().0.0);
    for (bytes, code, place) in [
        (forged.to_bytes(), "signature.invalid", "signature"),
        (garbled, "signature.invalid", "signature"),
        (foreign, "key.unknown", "signer"),
    ] {
        let answer = node.post("/v1/transactions", OCTETS, &bytes).await;
        let error = answer.error();
        assert_eq!((answer.status, error.code.as_str(), error.place.as_str()), (401, code, place));
    }
    assert_eq!(admissions(&node, "tried").await, 0.0);
    node.stop().await;
}

/// 64 connections with one key filled the share of a node, and 80 of 80 transactions of its other systems got 429.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_floods_does_not_fill_the_pool_for_others() {
    let limits = PoolLimits { bytes_max: 8 << 20, ..PoolLimits::default() };
    let node = Node::with(limits, Phase::Idle).await;
    let mut taken = 0;
    let refused = loop {
        let answer = node.post("/v1/transactions", OCTETS, &issue(taken * 400..(taken + 1) * 400).1.to_bytes()).await;
        if answer.status != 202 {
            break answer;
        }
        taken += 1;
        assert!(taken < 100, "one key fills 8 MiB");
    };
    let error = refused.error();
    assert_eq!(
        (refused.status, error.code.as_str(), error.place.as_str()),
        (429, "mempool.share_full", "mempool: the share of the key")
    );
    assert!(refused.headers["retry-after"].parse::<u64>().unwrap() >= 1);
    assert!(node.mempool.bytes() < 2 << 20, "{}", node.mempool.bytes());
    let other = sign_by(&key(2), vec![add(owner())], 0).1;
    assert_eq!(
        node.post("/v1/transactions", OCTETS, &other.to_bytes()).await.status,
        202,
        "another key of the province"
    );
    node.stop().await;
}

fn owner() -> Uscc {
    "1231011540000000X5".parse().unwrap()
}

fn add(organisation: Uscc) -> Operation {
    let region = "310115".parse().unwrap();
    Operation::Membership(MembershipOperation::OrganisationAdd { organisation, region, consent: None })
}

fn sm2_key() -> SigningKey {
    SigningKey::from_secret(SignatureScheme::Sm2, [9; 32]).unwrap()
}

/// Blocks that found a seal of an SM2 key, in active state, and a system key that records what it signs.
fn seal_blocks() -> [(TxId, Transaction); 2] {
    let (member, permissions) = (key(8), Permissions { sign_seals: true, manage_seals: true, ..Permissions::none() });
    let (proof, public) = (member.sign_possession(&genesis().hash(), &owner()), member.public_key());
    let key_add = MembershipOperation::KeyAdd { key: public, organisation: owner(), system: None, permissions, proof };
    let seal = Seal {
        seal: "S-1".parse().unwrap(),
        owner: owner(),
        owner_region: "310115".parse().unwrap(),
        maker: owner(),
        maker_certificate: name(1),
        certificates: vec![name(2)],
        keys: vec![sm2_key().public_key()],
        document: document(1),
        valid_from_ms: GENESIS_TIME,
        valid_until_ms: GENESIS_TIME.plus_ms(1_000_000_000),
    };
    let change = SealChange {
        address: seal_address(),
        basis: "YZ-1".parse().unwrap(),
        effective_ms: GENESIS_TIME.plus_ms(2_000),
    };
    let found = vec![Operation::Seal(SealOperation::Register(seal)), Operation::Seal(SealOperation::Activate(change))];
    [sign_by(&key(2), vec![add(owner()), Operation::Membership(key_add)], 0), sign_by(&member, found, 0)]
}

fn seal_address() -> SealAddress {
    SealAddress { province: "310000".parse().unwrap(), seal: "S-1".parse().unwrap() }
}

fn document(number: u64) -> Document {
    Document { sha256: name(number), sm3: None, size_bytes: 1 }
}

fn seal_signatures(numbers: std::ops::Range<u64>) -> Vec<Operation> {
    let sealed = |number: u64| SealSignature {
        address: seal_address(),
        document: document(number),
        message: name(number),
        signature: sm2_key().sign_seal(&name(number)),
        key: sm2_key().id(),
        certificate: name(2),
        claimed_ms: GENESIS_TIME.plus_ms(2_000),
        structure: SignatureStructure::V4,
        report: name(3),
    };
    numbers.map(|number| Operation::Seal(SealOperation::Sign(sealed(number)))).collect()
}

/// 8,192 seal signatures fitted a block and took 3.7 s to make and 4.2 s to check, against a propose timeout of one second.
#[test]
fn a_full_block_of_seal_signatures_is_light_enough_and_verified_once() {
    let [proposer, voter] = [(), ()].map(|()| tempfile::tempdir().unwrap());
    let [proposer, voter] = [proposer, voter].map(|folder| (open(folder.path()).unwrap(), folder));
    for block in seal_blocks() {
        for (ledger, _) in [&proposer, &voter] {
            let committed = commit(ledger, vec![block.clone()]).1;
            assert!(matches!(committed.outcomes[0].outcome, Outcome::Committed { .. }), "{:?}", committed.outcomes);
        }
    }
    let full: Vec<(TxId, Transaction)> =
        (0..5).map(|part| sign_by(&key(8), seal_signatures(part * 232..(part + 1) * 232), 0)).collect();
    let weight: u64 = full.iter().map(|(_, transaction)| weight::of_transaction(transaction)).sum();
    assert!((BLOCK_WEIGHT_MAX * 99 / 100..=BLOCK_WEIGHT_MAX).contains(&weight), "{weight}");
    let (time, by) = (TimeMs(GENESIS_TIME.0 + 4_000), key(3).id());
    let timed = |work: &dyn Fn()| {
        let begun = Instant::now();
        work();
        begun.elapsed()
    };
    let made = proposer.0.make(time, by, full.clone()).unwrap();
    let making_again = timed(&|| drop(proposer.0.make(time, by, full.clone()).unwrap()));
    let checking = timed(&|| {
        assert_eq!(voter.0.judge(&made.id, &made.bytes, &|_, _| true).unwrap().weight, weight);
    });
    // What the signatures alone take, one after the other.
    let one = timed(&|| assert!(seal_signatures(0..64).len() == 64 && sm2_verifies(64))) / 64;
    eprintln!(
        "a full block of {} seal signatures: made from verified ones in {making_again:?}, checked from nothing in {checking:?}; one SM2 verification {one:?}",
        5 * 232
    );
    assert!(making_again * 4 < checking.max(one * 1_160), "verified once: {making_again:?} against {checking:?}");
    let certified = commit(&proposer.0, full).1;
    assert!(certified.outcomes.iter().all(|row| matches!(row.outcome, Outcome::Committed { records: 232, .. })));
    assert_eq!(proposer.0.height(), Height(3));
}

fn sm2_verifies(count: usize) -> bool {
    let (public, signature) = (sm2_key().public_key(), sm2_key().sign_seal(&name(1)));
    (0..count).all(|_| huxin_chain_spec::crypto::verify_seal(&public, &name(1), &signature))
}
