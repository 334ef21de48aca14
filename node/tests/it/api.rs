//! The public API over real sockets and a real store.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use huxin_chain_spec::api::{
    BlockAnswer, DecidedBlock, HeaderAnswer, OutcomeAnswer, RecordAnswer, StatusAnswer, ValidatorAnswer, VerifyAnswer,
};
use huxin_chain_spec::genesis::Genesis;
use huxin_chain_spec::ids::{Height, LicenceId, LicenceRef};
use huxin_chain_spec::receipt::{OutcomeReceipt, Receipt};
use huxin_chain_spec::record::licence::Change;
use huxin_chain_spec::record::{LicenceOperation, Operation};
use huxin_chain_spec::transaction::{Mode, Outcome, Transaction, UnsignedTransaction};
use huxin_engine::Phase;
use huxin_node::mempool::PoolLimits;

use crate::http::{Events, JSON, Node, OCTETS, RECEIPT, send};
use crate::support::{ALGORITHM, GENESIS_TIME, issue, key, licence, reference, sign};

/// RFC 3339 of the block at `height`, as the fixture times it.
fn time_of(height: u64) -> String {
    GENESIS_TIME.plus_ms(height * 1_000).to_string()
}

fn change(number: u64, block: u64) -> Change {
    let effective_ms = GENESIS_TIME.plus_ms(block * 1_000);
    Change { licence: reference(number), basis: "XZXKF-69".parse().unwrap(), effective_ms }
}

fn revoke(number: u64, block: u64) -> (huxin_chain_spec::ids::TxId, Transaction) {
    sign(vec![Operation::Licence(LicenceOperation::Revoke(change(number, block)))], 200)
}

fn checked(text: &str, node: &Node) -> Receipt {
    let receipt = Receipt::from_bytes(&BASE64.decode(text).unwrap()).unwrap();
    receipt.verify(&node.ledger.genesis_hash()).unwrap();
    receipt
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_goes_from_submission_to_receipt() {
    let node = Node::start().await;
    let (tx_id, transaction) = issue(0..3);
    let bytes = transaction.to_bytes();

    let answer = node.post("/v1/transactions", OCTETS, &bytes).await;
    let outcome: OutcomeAnswer = answer.json();
    assert_eq!((answer.status, outcome.outcome.as_str(), outcome.tx_id), (202, "pending", tx_id.to_string()));
    let path = format!("/v1/transactions/{tx_id}");
    assert_eq!(node.get(&path).await.json::<OutcomeAnswer>().outcome, "pending");

    node.commit_pool();
    let answer = node.get(&path).await;
    let outcome: OutcomeAnswer = answer.json();
    assert_eq!(outcome.outcome, "committed");
    assert_eq!((outcome.height, outcome.first_record, outcome.records), (Some(1), Some(0), Some(3)));
    assert_eq!(answer.headers["huxin-height"], "1");

    let again = node.post("/v1/transactions", OCTETS, &bytes).await;
    assert_eq!((again.status, again.json::<OutcomeAnswer>()), (200, outcome), "resubmission gives the same outcome");

    let answer = node.get("/v1/receipts/2").await;
    assert_eq!((answer.status, answer.headers["content-type"].as_str()), (200, RECEIPT));
    let receipt = Receipt::from_bytes(&answer.body).unwrap();
    assert_eq!(receipt.verify(&node.ledger.genesis_hash()).unwrap().status, Some(None));
    assert!(answer.body.len() <= 3 * 1024, "{} bytes", answer.body.len());
    assert_eq!(node.get(&format!("/v1/licences/{}/receipt", reference(2))).await.body, answer.body);
    assert_eq!(node.get("/v1/receipts/3").await.error().code, "api.not_found");
    let early = node.get(&format!("/v1/receipts/2?as_of={}", time_of(0))).await;
    assert_eq!((early.status, early.error().code.as_str()), (404, "api.not_found"));
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_ends_with_the_block_or_with_the_time() {
    let node = Node::start().await;
    let (tx_id, transaction) = issue(0..1);
    let api = node.api;
    let outcome = |path: String| async move { send(api, "GET", &path, &[], b"").await.json::<OutcomeAnswer>().outcome };

    let bytes = transaction.to_bytes();
    let submission = node.post("/v1/transactions?wait=committed", OCTETS, &bytes);
    let committing = async {
        node.mempool.wait_for_work().await;
        node.commit_pool();
    };
    let (answer, ()) = tokio::join!(submission, committing);
    assert_eq!((answer.status, answer.json::<OutcomeAnswer>().outcome.as_str()), (200, "committed"));

    let (other, transaction) = issue(1..2);
    let submission = node.post("/v1/transactions?wait=committed&timeout_ms=20", OCTETS, &transaction.to_bytes()).await;
    assert_eq!((submission.status, submission.json::<OutcomeAnswer>().outcome.as_str()), (200, "pending"));
    assert_eq!(outcome(format!("/v1/transactions/{other}?wait=committed&timeout_ms=20")).await, "pending");
    assert_eq!(outcome(format!("/v1/transactions/{tx_id}?wait=committed")).await, "committed");

    let never = issue(7..8).0;
    assert_eq!(outcome(format!("/v1/transactions/{never}")).await, "unknown");
    assert_eq!(outcome(format!("/v1/transactions/{never}?expires_at=0")).await, "expired");
    assert_eq!(outcome(format!("/v1/transactions/{never}?expires_at=1")).await, "unknown", "height 1 is not past it");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_transaction_is_told_to_whoever_waits() {
    let node = Node::start().await;
    let signer = key(4);
    let body = UnsignedTransaction {
        genesis: crate::support::genesis().hash(),
        signer: signer.id(),
        mode: Mode::All,
        operations: vec![Operation::Licence(LicenceOperation::Issue(licence(0)))],
        expires_at: Height(1),
        idempotency_key: [0; 16],
    };
    let (tx_id, bytes) = (body.id(ALGORITHM), body.sign(ALGORITHM, &signer).to_bytes());
    let submission = node.post("/v1/transactions?wait=committed", OCTETS, &bytes);
    let passing = async {
        node.mempool.wait_for_work().await;
        node.commit(Vec::new());
        node.commit(Vec::new());
    };
    let (answer, ()) = tokio::join!(submission, passing);
    let outcome: OutcomeAnswer = answer.json();
    assert_eq!((answer.status, outcome.outcome.as_str()), (200, "expired"));
    assert_eq!(outcome.error.unwrap().code, "transaction.expired");
    let later: OutcomeAnswer = node.get(&format!("/v1/transactions/{tx_id}")).await.json();
    assert_eq!(later.outcome, "expired");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_door_refuses_is_said_with_code_and_place() {
    let node = Node::start().await;
    node.commit(vec![issue(0..1)]);
    let (_, good) = issue(1..2);
    let mut forged = good.clone();
    forged.body.idempotency_key = [9; 16];
    let mut trailing = good.to_bytes();
    trailing.push(0);
    let stranger = UnsignedTransaction { signer: key(77).id(), ..good.body.clone() }.sign(ALGORITHM, &key(77));
    let duplicate = sign(
        vec![
            Operation::Licence(LicenceOperation::Issue(licence(5))),
            Operation::Licence(LicenceOperation::Issue(licence(0))),
        ],
        50,
    );
    for (bytes, status, code, place) in [
        (b"nonsense".to_vec(), 400, "encoding.malformed", "transaction"),
        (trailing, 400, "encoding.trailing_bytes", "transaction"),
        (forged.to_bytes(), 401, "signature.invalid", "signature"),
        (stranger.to_bytes(), 401, "key.unknown", "signer"),
        (duplicate.1.to_bytes(), 409, "licence.duplicate", "operation 1"),
        (revoke(9, 1).1.to_bytes(), 422, "licence.unknown", "operation 0"),
        (vec![0; 2 * 1024 * 1024 + 1], 413, "encoding.too_large", "body: at most 2097152 bytes"),
    ] {
        let answer = node.post("/v1/transactions", OCTETS, &bytes).await;
        let error = answer.error();
        assert_eq!((answer.status, error.code.as_str(), error.place.as_str()), (status, code, place));
        assert!(!error.what_zh.is_empty() && !error.next.is_empty() && !error.next_zh.is_empty());
    }
    assert!(node.mempool.is_empty(), "nothing refused is kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_mempool_answers_429_with_a_time_to_come_back() {
    let limits = PoolLimits { transactions_max: 1, provinces_max: 0, ..PoolLimits::default() };
    let node = Node::with(limits, Phase::Idle).await;
    let mut statuses = Vec::new();
    for number in 0..3 {
        let answer = node.post("/v1/transactions", OCTETS, &issue(number..number + 1).1.to_bytes()).await;
        if answer.status == 429 {
            assert_eq!(answer.error().code, "mempool.full");
            assert!(answer.headers["retry-after"].parse::<u64>().unwrap() >= 1);
        }
        statuses.push(answer.status);
    }
    assert!(statuses.contains(&429), "{statuses:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn verify_answers_alike_by_reference_digest_file_and_receipt() {
    let node = Node::start().await;
    node.commit(vec![issue(0..4)]);
    let (licence, file) = (reference(2), 2u64.to_le_bytes());
    let sha256 = ALGORITHM.plain(&[&file]);
    let receipt = node.get("/v1/receipts/2").await.body;
    let by_reference = node.post("/v1/verify", JSON, format!(r#"{{"licence":"{licence}"}}"#).as_bytes()).await;
    let with_file = format!(r#"{{"licence":"{licence}","document_sha256":"{sha256}"}}"#);
    let answers = [
        (node.get(&format!("/v1/licences/{licence}")).await, "unknown"),
        (by_reference, "unknown"),
        (node.post("/v1/verify", JSON, format!(r#"{{"sha256":"{sha256}"}}"#).as_bytes()).await, "pass"),
        (node.post("/v1/verify", JSON, with_file.as_bytes()).await, "pass"),
        (node.post("/v1/verify", OCTETS, &file).await, "pass"),
        (node.post("/v1/verify", RECEIPT, &receipt).await, "unknown"),
        (
            node.post("/v1/verify", JSON, format!(r#"{{"receipt":"{}"}}"#, BASE64.encode(&receipt)).as_bytes()).await,
            "unknown",
        ),
    ];
    for (answer, content) in answers {
        assert_eq!(answer.status, 200, "{}", answer.text());
        let verified: VerifyAnswer = answer.json();
        assert_eq!((verified.verdict.as_str(), verified.as_of.height), ("valid", 1), "{verified:?}");
        let found = verified.checks.iter().find(|check| check.name == "content").unwrap();
        assert_eq!(serde_json::to_value(found.result).unwrap(), content);
        assert_eq!(verified.licence.unwrap().record, 2);
        assert_eq!(checked(&verified.proof.unwrap(), &node).index.0, 2);
        assert!(verified.proof_now.is_none());
    }
    let other = ALGORITHM.plain(&[b"another file"]);
    let differs = format!(r#"{{"licence":"{licence}","document_sha256":"{other}"}}"#);
    assert_eq!(node.post("/v1/verify", JSON, differs.as_bytes()).await.json::<VerifyAnswer>().verdict, "invalid");
    let bare: VerifyAnswer = node.get(&format!("/v1/licences/{licence}?proof=false")).await.json();
    assert_eq!((bare.verdict.as_str(), bare.proof), ("valid", None));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_on_the_ledger_is_unknown_and_not_invalid() {
    let node = Node::start().await;
    node.commit(vec![issue(0..1)]);
    for answer in
        [node.get(&format!("/v1/licences/{}", reference(9))).await, node.post("/v1/verify", OCTETS, b"some file").await]
    {
        let verified: VerifyAnswer = answer.json();
        assert_eq!((answer.status, verified.verdict.as_str()), (200, "unknown"));
        assert!(verified.checks.iter().all(|check| check.result == huxin_chain_spec::verdict::CheckResult::Unknown));
        assert_eq!(verified.not_checked.len(), 9);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_check_character_is_a_warning_and_a_malformed_identifier_an_error() {
    let node = Node::start().await;
    let own = licence(1);
    let id = LicenceId::new(own.licence_type, own.issuer, "20230000403", 1).unwrap();
    let text = id.to_string();
    let right = text.chars().last().unwrap();
    let wrong = format!("{}{}", &text[..text.len() - 1], if right == 'V' { 'W' } else { 'V' });
    let as_written = LicenceId::from_structure(&wrong).unwrap();
    let mut operations = Vec::new();
    for (number, id) in [(1, &id), (2, &as_written)] {
        let licence = huxin_chain_spec::record::licence::Licence {
            licence: LicenceRef::of(ALGORITHM, id),
            name: huxin_chain_spec::ids::licence_name(ALGORITHM, &huxin_chain_spec::crypto::Digest::ZERO, id),
            ..licence(number)
        };
        operations.push(Operation::Licence(LicenceOperation::Issue(licence)));
    }
    node.commit(vec![sign(operations, 1)]);
    for (text, code) in [(text.as_str(), "identifier.matches"), (wrong.as_str(), "identifier.check_character")] {
        let by_path = node.get(&format!("/v1/licences/{text}")).await;
        let by_body = node.post("/v1/verify", JSON, format!(r#"{{"licence_id":"{text}"}}"#).as_bytes()).await;
        for answer in [by_path, by_body] {
            let verified: VerifyAnswer = answer.json();
            assert_eq!(verified.verdict, "valid");
            assert!(verified.checks.iter().any(|check| check.code == code), "{verified:?}");
        }
    }
    for (path, code) in [
        ("/v1/licences/1.2.156.3005.2.x", "identifier.licence_segments"),
        ("/v1/licences/abc", "identifier.licence_root"),
        ("/v1/licences/abc/receipt", "identifier.licence_root"),
    ] {
        let answer = node.get(path).await;
        let error = answer.error();
        assert_eq!((answer.status, error.code.as_str()), (400, code));
        assert!(error.place.starts_with("licence: "), "{}", error.place);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn revoked_now_and_valid_before() {
    let node = Node::start().await;
    node.commit(vec![issue(0..1)]);
    node.commit(vec![issue(1..2)]);
    node.commit(vec![revoke(0, 3)]);
    node.commit(Vec::new());
    let path = |as_of: String| format!("/v1/licences/{}{as_of}", reference(0));

    let now: VerifyAnswer = node.get(&path(String::new())).await.json();
    assert_eq!((now.verdict.as_str(), now.as_of.height), ("revoked", 4));
    assert_eq!(now.licence.as_ref().unwrap().status, "revoked");

    let then: VerifyAnswer = node.get(&path(format!("?as_of={}", time_of(2)))).await.json();
    assert_eq!((then.verdict.as_str(), then.as_of.height, then.as_of.time.as_str()), ("valid", 2, time_of(2).as_str()));
    let (proof, later) = (checked(&then.proof.unwrap(), &node), checked(&then.proof_now.unwrap(), &node));
    assert_eq!((proof.header.height, later.header.height), (Height(2), Height(4)));
    assert_eq!(proof.as_of.unwrap().time_ms, GENESIS_TIME.plus_ms(2_000));

    let before: VerifyAnswer = node.get(&path(format!("?as_of={}", time_of(0)))).await.json();
    assert_eq!((before.verdict.as_str(), before.as_of.height), ("unknown", 0));
    assert_eq!(before.checks[0].code, "recorded.later");
    assert!(before.proof.is_none() && before.proof_now.is_some());

    let receipt = node.get(&format!("/v1/receipts/0?as_of={}", time_of(2))).await.body;
    let verified: VerifyAnswer = node.post("/v1/verify", RECEIPT, &receipt).await.json();
    assert_eq!(verified.verdict, "revoked", "an old receipt holds, and the ledger knows more");
    let verified: VerifyAnswer = node.post(&format!("/v1/verify?as_of={}", time_of(2)), RECEIPT, &receipt).await.json();
    assert_eq!(verified.verdict, "valid");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_licences_with_one_document_the_valid_one_answers() {
    let node = Node::start().await;
    let twin = huxin_chain_spec::record::licence::Licence { document: licence(0).document, ..licence(1) };
    let operations = [licence(0), twin].map(|licence| Operation::Licence(LicenceOperation::Issue(licence)));
    node.commit(vec![sign(operations.to_vec(), 1)]);
    let ask = || node.post("/v1/verify", OCTETS, &[0; 8]);
    assert_eq!(ask().await.json::<VerifyAnswer>().licence.unwrap().record, 1, "the newest among equals");
    node.commit(vec![revoke(1, 2)]);
    let verified: VerifyAnswer = ask().await.json();
    assert_eq!((verified.verdict.as_str(), verified.licence.unwrap().record), ("valid", 0));
}

/// What a document's question lists is what a client proves one by one.
#[tokio::test(flavor = "multi_thread")]
async fn every_licence_of_a_document_is_listed() {
    let node = Node::start().await;
    let twin = huxin_chain_spec::record::licence::Licence { document: licence(0).document, ..licence(1) };
    let operations = [licence(0), twin, licence(2)].map(|licence| Operation::Licence(LicenceOperation::Issue(licence)));
    node.commit(vec![sign(operations.to_vec(), 1)]);
    let verified: VerifyAnswer = node.post("/v1/verify", OCTETS, &[0; 8]).await.json();
    let expected = [0, 1].map(|number| reference(number).to_string());
    assert_eq!((verified.same_document.as_slice(), verified.same_document_more), (&expected[..], false));
    assert!(verified.not_checked.iter().any(|name| name == "other records of this document"));
    let by_name: VerifyAnswer = node.get(&format!("/v1/licences/{}", reference(0))).await.json();
    assert!(by_name.same_document.is_empty());
}

/// H4: a typing error is told before "not on this ledger".
#[tokio::test(flavor = "multi_thread")]
async fn a_mistyped_identifier_is_told_first() {
    let node = Node::start().await;
    node.commit(vec![issue(5..6)]);
    let own = licence(1);
    let text = LicenceId::new(own.licence_type, own.issuer, "20230000403", 1).unwrap().to_string();
    let wrong = format!("{}{}", &text[..text.len() - 1], if text.ends_with('V') { 'W' } else { 'V' });
    let codes = |answer: VerifyAnswer| answer.checks.into_iter().map(|check| check.code).collect::<Vec<_>>();
    for path in [format!("/v1/licences/{wrong}"), format!("/v1/licences/{wrong}?as_of={}", time_of(0))] {
        let answer: VerifyAnswer = node.get(&path).await.json();
        assert_eq!(codes(answer), ["identifier.check_character", "recorded.not_found"]);
    }
    let answer: VerifyAnswer = node.get(&format!("/v1/licences/{text}")).await.json();
    assert_eq!(codes(answer), ["recorded.not_found"]);
}

/// P5: what became of a transaction is proven, whichever end it had.
#[tokio::test(flavor = "multi_thread")]
async fn an_outcome_has_a_receipt() {
    let node = Node::start().await;
    let (good, again) = (issue(0..2), issue(0..1));
    node.commit(vec![good.clone(), again.clone(), issue(5..6)]);
    for (tx_id, is_committed) in [(good.0, true), (again.0, false)] {
        let answer = node.get(&format!("/v1/receipts/transactions/{tx_id}")).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let receipt = OutcomeReceipt::from_bytes(&answer.body).unwrap();
        receipt.verify(&node.ledger.genesis_hash()).unwrap();
        assert_eq!((receipt.outcome.tx_id, receipt.header.height), (tx_id, Height(1)));
        assert_eq!(matches!(receipt.outcome.outcome, Outcome::Committed { records: 2, .. }), is_committed);
    }
    let missing = node.get(&format!("/v1/receipts/transactions/{}", "0".repeat(64))).await;
    assert_eq!((missing.status, missing.error().code.as_str()), (404, "api.not_found"));
    assert_eq!(node.get("/v1/receipts/transactions/abc").await.status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_receipt_is_an_error_with_its_reason() {
    let node = Node::start().await;
    node.commit(vec![issue(0..2)]);
    let receipt = node.get("/v1/receipts/1").await.body;
    let mut flipped = receipt.clone();
    let last = flipped.len() - 80;
    flipped[last] ^= 1;
    for (bytes, status) in [(&receipt[..receipt.len() - 9], 400), (&b"no receipt"[..], 400), (&flipped[..], 422)] {
        let answer = node.post("/v1/verify", RECEIPT, bytes).await;
        assert!(answer.error().code.starts_with("receipt."), "{}", answer.text());
        assert!(answer.status == status || bytes.len() == receipt.len(), "{}", answer.text());
    }
}

/// A valid receipt of a thing or of an outcome was called damaged.
#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_of_another_kind_is_told_by_its_kind() {
    let node = Node::start().await;
    node.commit(vec![issue(0..1)]);
    let thing = node.get(&format!("/v1/receipts/things/key/{}", key(4).id())).await;
    assert_eq!(thing.status, 200, "{}", thing.text());
    for (bytes, kind) in [(thing.body.as_slice(), "of a thing"), (b"HUXINRO2...", "of a transaction's outcome")] {
        let answer = node.post("/v1/verify", RECEIPT, bytes).await;
        let error = answer.error();
        assert_eq!((answer.status, error.code.as_str()), (400, "api.bad_request"), "{}", answer.text());
        assert!(error.place.contains(kind), "{}", answer.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_an_error_that_names_the_place() {
    let node = Node::start().await;
    let zeros = "0".repeat(64);
    let cases = [
        ("GET", "/v1/nothing".to_owned(), "", "", 404, "api.not_found", "path /v1/nothing"),
        ("GET", "/v1/transactions".to_owned(), "", "", 405, "api.bad_request", "method GET"),
        ("GET", "/v1/transactions/abc".to_owned(), "", "", 400, "identifier.digest", "tx_id: "),
        ("GET", format!("/v1/transactions/{zeros}?wiat=committed"), "", "", 400, "api.bad_request", "query: "),
        ("GET", format!("/v1/transactions/{zeros}?timeout_ms=999999"), "", "", 400, "api.bad_request", "timeout_ms: "),
        ("GET", format!("/v1/licences/{zeros}?as_of=tomorrow"), "", "", 400, "identifier.time", "as_of: "),
        ("GET", format!("/v1/licences/{zeros}?as_of=2999-01-01"), "", "", 400, "api.bad_request", "as_of: "),
        ("GET", "/v1/records/x".to_owned(), "", "", 400, "identifier.number", "record: "),
        ("GET", "/v1/records/0".to_owned(), "", "", 404, "api.not_found", "record 0"),
        ("GET", "/v1/headers/latest".to_owned(), "", "", 404, "api.not_found", "height 0"),
        ("GET", "/v1/blocks/5".to_owned(), "", "", 404, "api.not_found", "height 5"),
        ("GET", "/v1/blocks?from=0".to_owned(), "", "", 400, "api.bad_request", "from: "),
        ("GET", "/v1/blocks?from=1&count=1001".to_owned(), "", "", 400, "api.bad_request", "count: "),
        ("GET", "/v1/blocks".to_owned(), "", "", 400, "api.bad_request", "query: missing field `from`"),
        ("POST", "/v1/verify".to_owned(), "text/plain", "x", 415, "api.bad_request", "content-type: "),
        ("POST", "/v1/verify".to_owned(), JSON, "{", 400, "api.bad_request", "body: "),
        ("POST", "/v1/verify".to_owned(), JSON, "{}", 400, "api.bad_request", "body: "),
        (
            "POST",
            "/v1/verify".to_owned(),
            JSON,
            r#"{"license":"x"}"#,
            400,
            "api.bad_request",
            "body: unknown field `license`",
        ),
        ("POST", "/v1/verify".to_owned(), OCTETS, "", 400, "api.bad_request", "body: "),
        ("GET", "/v1/status?verbose=1".to_owned(), "", "", 400, "api.bad_request", "query: unknown field `verbose`"),
        ("GET", "/v1/codes?x=1".to_owned(), "", "", 400, "api.bad_request", "query: unknown field `x`"),
        ("POST", "/v1/transactions".to_owned(), JSON, "{}", 415, "api.bad_request", "content-type: "),
    ];
    for (method, path, media_type, body, status, code, place) in cases {
        let headers: &[(&str, &str)] = if media_type.is_empty() { &[] } else { &[("content-type", media_type)] };
        let answer = send(node.api, method, &path, headers, body.as_bytes()).await;
        let error = answer.error();
        assert_eq!((answer.status, error.code.as_str()), (status, code), "{method} {path}");
        assert!(error.place.starts_with(place), "{method} {path}: {}", error.place);
        assert_eq!(answer.headers["huxin-height"], "0", "{method} {path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_reads_its_own_writes() {
    let node = Node::start().await;
    let headers = [("huxin-min-height", "1")];
    let asking = send(node.api, "GET", "/v1/status", &headers, b"");
    let committing = async {
        tokio::task::yield_now().await;
        node.commit(vec![issue(0..1)]);
    };
    let (answer, ()) = tokio::join!(asking, committing);
    assert_eq!((answer.status, answer.json::<StatusAnswer>().height), (200, 1));
    let answer = send(node.api, "GET", "/v1/status", &[("huxin-min-height", "2")], b"").await;
    assert_eq!((answer.status, answer.error().code.as_str()), (503, "api.behind"));
    assert_eq!(answer.headers["retry-after"], "1");
    let answer = send(node.api, "GET", "/v1/status", &[("huxin-min-height", "x")], b"").await;
    assert_eq!((answer.status, answer.error().code.as_str()), (400, "identifier.number"));
}

#[tokio::test(flavor = "multi_thread")]
async fn events_go_on_where_a_subscriber_left_off_and_end_with_the_node() {
    let node = Node::start().await;
    node.commit(vec![issue(0..2)]);
    node.commit(vec![issue(2..3), issue(3..4)]);
    let mut replay = Events::open(&node, "/v1/events?from=1", &[]).await;
    let mut resumed = Events::open(&node, "/v1/events", &[("last-event-id", "1")]).await;
    assert_eq!(replay.read(2).await.len(), 2);
    assert_eq!(resumed.read(1).await[0].height, 2);
    node.commit(vec![issue(4..5)]);
    let all = replay.read(3).await;
    let figures: Vec<_> =
        all.iter().map(|event| (event.height, event.transactions, event.records, event.log_size)).collect();
    assert_eq!(figures, [(1, 1, 2, 2), (2, 2, 2, 4), (3, 1, 1, 5)]);
    assert_eq!(all[2].hash, node.ledger.tip().hash.to_string());
    assert_eq!(resumed.read(2).await, all[1..]);
    node.stop().await;
    replay.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn blocks_headers_and_records_can_be_recomputed() {
    let node = Node::start().await;
    for height in 0..3 {
        node.commit(vec![issue(height..height + 1)]);
    }
    let mut bytes = &node.get("/v1/blocks?from=2&count=10").await.body[..];
    let mut heights = Vec::new();
    while let Some((length, rest)) = bytes.split_first_chunk::<4>() {
        let (block, rest) = rest.split_at(u32::from_le_bytes(*length) as usize);
        let decided: DecidedBlock = borsh::from_slice(block).unwrap();
        decided.certificate.verify(&crate::support::genesis().hash(), &node.ledger.validators()).unwrap();
        heights.push(decided.block.header.height.0);
        bytes = rest;
    }
    assert_eq!(heights, [2, 3]);
    assert!(node.get("/v1/blocks?from=4").await.body.is_empty());

    let header: HeaderAnswer = node.get("/v1/headers/latest").await.json();
    assert_eq!((header.height, header.hash.as_str()), (3, node.ledger.tip().hash.to_string().as_str()));
    let decoded: huxin_chain_spec::block::Header =
        borsh::from_slice(&hex::decode(&header.header_hex).unwrap()).unwrap();
    assert_eq!(decoded.hash(ALGORITHM).to_string(), header.hash);
    let block: BlockAnswer = node.get("/v1/blocks/2").await.json();
    assert_eq!((block.header.height, block.transactions[0].outcome.as_str()), (2, "committed"));
    let record: RecordAnswer = node.get("/v1/records/1").await.json();
    assert_eq!((record.index, record.height), (1, 2));
    let (expected, _) = node.ledger.record(huxin_chain_spec::ids::RecordIndex(1)).unwrap().unwrap();
    assert_eq!(record.leaf_hash, huxin_chain_spec::log::leaf_hash(ALGORITHM, &expected.to_bytes()).to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_node_tells_what_it_is() {
    let node = Node::start().await;
    let status: StatusAnswer = node.get("/v1/status").await.json();
    assert!(!status.ready, "a node without a block is not ready");
    node.commit(vec![issue(5..6)]);
    let status: StatusAnswer = node.get("/v1/status").await.json();
    assert_eq!((status.chain_id.as_str(), status.province.as_str(), status.ready), ("dev-ledger", "310000", true));
    assert_eq!(status.genesis_hash, node.ledger.genesis_hash().to_string());
    let genesis = Genesis::parse(&node.get("/v1/genesis").await.text()).unwrap();
    assert_eq!(genesis.hash(), node.ledger.genesis_hash());
    let validators: Vec<ValidatorAnswer> = node.get("/v1/validators").await.json();
    assert_eq!((validators.len(), validators[0].address.as_str()), (1, key(3).id().to_string().as_str()));
    let codes: serde_json::Value = node.get("/v1/codes").await.json();
    assert_eq!(codes.as_array().unwrap().len(), huxin_chain_spec::codes::Code::ALL.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documentation_needs_no_other_server() {
    let node = Node::start().await;
    let description: serde_json::Value = node.get("/v1/openapi.json").await.json();
    assert_eq!(description["info"]["title"], "Huxin node");
    assert_eq!(node.get("/docs").await.status, 303);
    let page = node.get("/docs/").await;
    assert_eq!(page.status, 200);
    assert!(!page.text().contains("https://") && !page.text().contains("//unpkg"), "{}", page.text());
    for part in ["swagger-ui-bundle.js", "swagger-ui.css", "swagger-initializer.js"] {
        assert_eq!(node.get(&format!("/docs/{part}")).await.status, 200, "{part}");
    }
}
