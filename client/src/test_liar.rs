//! A node over real sockets that answers from a chain in memory, honestly or with one lie.
//!
//! Each [`Lie`] is one that a dishonest province can tell without breaking a signature: it withholds, chooses, or says what nothing
//! proves. The rules that hold against them stand in `docs/integrator.md`, "Several nodes".

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use huxin_chain_spec::api::{
    AsOfAnswer, ErrorAnswer, ErrorBody, OutcomeAnswer, StatusAnswer, ThingAnswer, ThingListAnswer, VerifyAnswer,
    VerifyQuestion,
};
use huxin_chain_spec::crypto::Digest;
use huxin_chain_spec::ids::{Height, RecordIndex, TimeMs, TxId};
use huxin_chain_spec::receipt::{Anchors, NoKnownHeaders, Receipt};
use huxin_chain_spec::record::licence::Licence;
use huxin_chain_spec::state::{self, StateKey};
use huxin_chain_spec::transaction::{Outcome, Transaction};
use huxin_chain_spec::verdict::{self, Content, Evidence, Identifier, StateAt};
use parking_lot::Mutex;
use serde::Serialize;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::test_chain::TestChain;

/// What a node says that is not so.
#[derive(Debug, Clone)]
pub enum Lie {
    /// None.
    None,
    /// It has a height that does not exist.
    Height,
    /// Every submission was rejected.
    Rejected,
    /// Every submission expired.
    Expired,
    /// Every submission is committed as this record.
    Committed(u64),
    /// A document has this record and no other.
    Document(u64),
    /// The same, and what the ledger lists for the document is kept back.
    DocumentWithoutList(u64),
    /// It lists licences of a document that are not on the ledger.
    ListsNothing(String),
    /// Every receipt is this old one.
    Stale(Vec<u8>),
    /// Nothing is on the ledger.
    Absent,
    /// The way to its validators is signed by too few.
    Path,
    /// Submissions are refused at the door, though it hands them on.
    Door,
    /// It answers nothing that can be read.
    Garbage,
    /// It refuses every request.
    Refuses,
    /// It refuses every submission, and hands none on.
    RefusesSubmissions,
    /// Every submission waits in its mempool.
    Pending,
    /// A document has this record, as it stood at this height.
    Old { record: u64, height: u64 },
    /// It is never ready for who has seen a block.
    Behind,
    /// There are more records of every document than it lists.
    More,
    /// A document has this licence, too, whose proof is damaged.
    Damaged(String),
}

/// First line of a request, and its `Huxin-Min-Height`.
type Asked = (String, Option<u64>);

/// A listening node. It ends with the test's runtime.
pub struct LiarNode {
    pub url: String,
    /// The requests so far.
    pub asked: Arc<Mutex<Vec<Asked>>>,
}

/// A chain that several nodes share: what is submitted to one is decided for all, in a block of its own.
pub type SharedChain = Arc<Mutex<TestChain>>;

struct Answered {
    status: u16,
    body: Vec<u8>,
}

fn json(status: u16, value: &impl Serialize) -> Answered {
    Answered { status, body: serde_json::to_vec(value).unwrap() }
}

fn refusal(status: u16, code: &str) -> Answered {
    let error = ErrorBody {
        code: code.to_owned(),
        what: code.to_owned(),
        what_zh: code.to_owned(),
        place: "operation 0".to_owned(),
        next: String::new(),
        next_zh: String::new(),
    };
    json(status, &ErrorAnswer { error })
}

impl LiarNode {
    pub async fn start(chain: &SharedChain, lie: Lie) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (seen, chain) = (Arc::clone(&asked), Arc::clone(chain));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                serve(stream, &chain, &lie, &seen).await;
            }
        });
        Self { url, asked }
    }
}

async fn serve(mut stream: TcpStream, chain: &SharedChain, lie: &Lie, seen: &Mutex<Vec<(String, Option<u64>)>>) {
    let mut request = Vec::new();
    let head_end = loop {
        if let Some(at) = request.windows(4).position(|end| end == b"\r\n\r\n") {
            break at + 4;
        }
        let mut chunk = [0; 4096];
        let length = stream.read(&mut chunk).await.unwrap_or(0);
        if length == 0 {
            return;
        }
        request.extend_from_slice(&chunk[..length]);
    };
    let head = String::from_utf8(request[..head_end].to_vec()).unwrap();
    let header = |name: &str| {
        let mut lines = head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.parse::<u64>().unwrap())
    };
    let mut body = request[head_end..].to_vec();
    let length = usize::try_from(header("content-length").unwrap_or(0)).unwrap();
    while body.len() < length {
        let mut chunk = vec![0; length - body.len()];
        let read = stream.read(&mut chunk).await.unwrap();
        body.extend_from_slice(&chunk[..read]);
    }
    let line = head.lines().next().unwrap().to_owned();
    let path = line.split(' ').nth(1).unwrap().to_owned();
    let min_height = header("huxin-min-height");
    seen.lock().push((line, min_height));
    let (answered, height) = {
        let mut chain = chain.lock();
        let is_behind =
            min_height.is_some_and(|height| height > chain.height() || (height > 0 && matches!(lie, Lie::Behind)));
        let answered = if is_behind { refusal(503, "api.behind") } else { answer(&mut chain, lie, &path, &body) };
        (answered, chain.height())
    };
    let height = if matches!(lie, Lie::Height) { u64::MAX / 2 } else { height };
    let head = format!(
        "HTTP/1.1 {} X\r\nContent-Length: {}\r\nHuxin-Height: {height}\r\nRetry-After: 0\r\nConnection: close\r\n\r\n",
        answered.status,
        answered.body.len()
    );
    // A client that has given up waiting is gone.
    let _ = stream.write_all(head.as_bytes()).await;
    let _ = stream.write_all(&answered.body).await;
}

fn answer(chain: &mut TestChain, lie: &Lie, path: &str, body: &[u8]) -> Answered {
    if matches!(lie, Lie::Garbage) {
        return Answered { status: 200, body: b"<html>".to_vec() };
    }
    if matches!(lie, Lie::Refuses) {
        return refusal(400, "api.query_unknown");
    }
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let path = path.replace("%2F", "/");
    let rest = path.strip_prefix("/v1/").unwrap();
    let newest = chain.height();
    if let (Lie::Stale(bytes), true) = (lie, rest.contains("receipt")) {
        return Answered { status: 200, body: bytes.clone() };
    }
    if rest == "genesis" {
        return Answered { status: 200, body: chain.genesis.to_toml().unwrap().into_bytes() };
    }
    if rest == "verify" {
        return verify(chain, lie, &serde_json::from_slice(body).unwrap());
    }
    if rest == "transactions" {
        return submit(chain, lie, body);
    }
    if let Some(tx_id) = rest.strip_prefix("receipts/transactions/") {
        let found = chain.outcome_receipt(&tx_id.parse().unwrap());
        return found.map_or_else(
            || refusal(404, "api.not_found"),
            |receipt| Answered { status: 200, body: receipt.to_bytes() },
        );
    }
    if let Some(tx_id) = rest.strip_prefix("transactions/") {
        let expires_at = query.split('&').find_map(|pair| pair.strip_prefix("expires_at=")?.parse::<u64>().ok());
        return outcome(chain, lie, tx_id.parse().unwrap(), expires_at);
    }
    if let Some(name) = rest.strip_prefix("receipts/things/") {
        if matches!(lie, Lie::DocumentWithoutList(_)) {
            return refusal(404, "api.not_found");
        }
        let key: StateKey = name.parse().unwrap();
        return Answered { status: 200, body: chain.thing_receipt(&[key], newest, None).to_bytes() };
    }
    if let Some(index) = rest.strip_prefix("receipts/") {
        return Answered { status: 200, body: chain.receipt(index.parse().unwrap(), newest, None).to_bytes() };
    }
    if let Some(licence) = rest.strip_prefix("licences/").and_then(|rest| rest.strip_suffix("/receipt")) {
        let found = chain.issues(|issued| issued.licence.to_string() == licence);
        return match found.first() {
            Some(index) => Answered { status: 200, body: chain.receipt(*index, newest, None).to_bytes() },
            None => refusal(404, "api.not_found"),
        };
    }
    let number = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.parse::<u64>().ok());
    if rest == "trust/head" {
        return Answered { status: 200, body: chain.head(number("height=").unwrap_or(newest)).to_bytes() };
    }
    if rest == "trust/path" {
        // In small pages.
        let (from, to) = (number("from=").unwrap(), number("to=").unwrap());
        let mut path = chain.history.path_between(Height(from), Height(to), 2_000).unwrap();
        if let (Lie::Path, Some(last)) = (lie, path.steps.last_mut()) {
            last.certificate.signatures.pop();
        }
        return Answered { status: 200, body: path.to_bytes() };
    }
    if let Some(name) = rest.strip_prefix("things/") {
        let as_of = query.split('&').find_map(|pair| pair.strip_prefix("as_of=")?.parse().ok());
        return thing(chain, name.parse().unwrap(), as_of);
    }
    if rest == "things" || rest == "cases" {
        let as_of = AsOfAnswer { height: newest, time_ms: chain.time(newest).0, time: String::new() };
        return json(200, &ThingListAnswer { as_of, things: Vec::new(), next: None });
    }
    assert_eq!(rest, "status", "a path that this double does not know");
    let mut status = status(chain);
    if matches!(lie, Lie::Height) {
        status.height = u64::MAX / 2;
    }
    json(200, &status)
}

fn verify(chain: &TestChain, lie: &Lie, question: &VerifyQuestion) -> Answered {
    let by_reference = |licence: &Licence| Some(licence.licence.to_string()) == question.licence;
    let by_document = |licence: &Licence| Some(licence.document.sha256.to_string()) == question.sha256;
    let records = if question.licence.is_some() { chain.issues(by_reference) } else { chain.issues(by_document) };
    let is_by_document = question.sha256.is_some();
    let shown = match lie {
        Lie::Absent => None,
        Lie::Document(index) | Lie::DocumentWithoutList(index) | Lie::Old { record: index, .. } if is_by_document => {
            Some(*index)
        }
        _ => records.first().copied(),
    };
    let listed = match lie {
        Lie::Document(index) | Lie::DocumentWithoutList(index) | Lie::Old { record: index, .. } => vec![*index],
        _ if is_by_document => records,
        _ => Vec::new(),
    };
    let reference = |index: &u64| chain.record(*index).operation.new_licence().unwrap().licence.to_string();
    let mut answer = VerifyAnswer {
        verdict: "unknown".to_owned(),
        as_of: AsOfAnswer { height: chain.height(), time_ms: 0, time: String::new() },
        checks: Vec::new(),
        not_checked: Vec::new(),
        licence: None,
        proof: None,
        proof_now: None,
        same_document: listed.iter().map(reference).collect(),
        same_document_more: matches!(lie, Lie::More),
    };
    if let Lie::ListsNothing(reference) | Lie::Damaged(reference) = lie {
        answer.same_document.push(reference.clone());
        if matches!(lie, Lie::Damaged(_)) && question.licence.as_ref() == Some(reference) {
            (answer.verdict, answer.proof) = ("valid".to_owned(), Some(STANDARD.encode(b"damaged")));
            return json(200, &answer);
        }
    }
    if let Some(index) = shown {
        let height = if let Lie::Old { height, .. } = lie { *height } else { chain.height() };
        let newest = chain.receipt(index, height, None);
        let asked: Option<TimeMs> = question.as_of.as_ref().map(|time| time.parse().unwrap());
        if let Some(time) = asked.filter(|time| chain.record(index).time_ms > *time) {
            // Not on the ledger then: only that it is now can be shown.
            answer.as_of.time_ms = time.0;
            answer.proof_now = Some(STANDARD.encode(newest.to_bytes()));
            return json(200, &answer);
        }
        let receipt = asked.map_or_else(|| newest.clone(), |time| chain.receipt(index, chain.height_at(time), asked));
        let state = |receipt: &Receipt| {
            let mut anchors = Anchors::of_genesis(chain.genesis.hash());
            anchors.know(receipt.trust.in_force_since(), receipt.trust.validators_in_force().clone());
            receipt.verify_with(&anchors, &NoKnownHeaders).unwrap().status
        };
        let (then, now) = (state(&receipt), state(&newest).flatten());
        let licence = receipt.record.operation.new_licence().unwrap();
        let given = question.document_sha256.as_ref().or(question.sha256.as_ref());
        let at = StateAt::of_receipt(then.as_ref());
        let content = given.map_or(Content::NotGiven, |digest| {
            Content::of(licence, at, receipt.header.time_ms, |document| document.sha256.to_string() == *digest)
        });
        let evidence = Evidence {
            licence,
            recorded_ms: receipt.record.time_ms,
            state_then: StateAt::of_receipt(then.as_ref()),
            state_now: asked.and(now.as_ref()),
            as_of_ms: asked.unwrap_or(receipt.header.time_ms),
            recorder: receipt.record.organisation,
            competence: receipt.record.competence,
            content,
            identifier: Identifier::NotGiven,
            proven: false,
        };
        answer.verdict = verdict::judge(&evidence).0.as_str().to_owned();
        answer.proof = Some(STANDARD.encode(receipt.to_bytes()));
        answer.proof_now = asked.map(|_| STANDARD.encode(newest.to_bytes()));
    }
    json(200, &answer)
}

fn submit(chain: &mut TestChain, lie: &Lie, body: &[u8]) -> Answered {
    let transaction = Transaction::from_bytes(body).unwrap();
    let tx_id = transaction.body.id(chain.genesis.ledger_hash);
    if matches!(lie, Lie::RefusesSubmissions) {
        return refusal(409, "licence.duplicate");
    }
    if matches!(lie, Lie::Pending) {
        return json(200, &open(&tx_id, "pending"));
    }
    if chain.outcome_receipt(&tx_id).is_none() && transaction.body.expires_at.0 > chain.height() {
        chain.decide_transactions(vec![(tx_id, transaction)]);
    }
    if matches!(lie, Lie::Door) {
        return refusal(409, "licence.duplicate");
    }
    outcome(chain, lie, tx_id, None)
}

fn open(tx_id: &TxId, outcome: &str) -> OutcomeAnswer {
    OutcomeAnswer {
        tx_id: tx_id.to_string(),
        outcome: outcome.to_owned(),
        height: None,
        first_record: None,
        records: None,
        error: None,
        refused: None,
    }
}

fn outcome(chain: &TestChain, lie: &Lie, tx_id: TxId, expires_at: Option<u64>) -> Answered {
    let open = |outcome: &str| open(&tx_id, outcome);
    let error = || ErrorBody {
        code: "licence.duplicate".to_owned(),
        what: "a licence with this identifier is on the ledger already".to_owned(),
        what_zh: "账本上已有该证照".to_owned(),
        place: "operation 0".to_owned(),
        next: String::new(),
        next_zh: String::new(),
    };
    let found = chain.outcome_receipt(&tx_id);
    let height = found.as_ref().map(|receipt| receipt.header.height.0);
    let answer = match (lie, found.map(|receipt| receipt.outcome.outcome)) {
        (Lie::Rejected, _) => OutcomeAnswer { height: Some(1), error: Some(error()), ..open("rejected") },
        (Lie::Expired, _) => open("expired"),
        (Lie::Committed(record), _) => OutcomeAnswer {
            height: Some(chain.height()),
            first_record: Some(*record),
            records: Some(1),
            ..open("committed")
        },
        (_, Some(Outcome::Committed { first_record: RecordIndex(first), records })) => {
            OutcomeAnswer { height, first_record: Some(first), records: Some(records), ..open("committed") }
        }
        (_, Some(Outcome::Rejected { .. })) => OutcomeAnswer { height, error: Some(error()), ..open("rejected") },
        (_, Some(Outcome::Each(each))) => OutcomeAnswer { height, records: Some(each.records), ..open("each") },
        (_, None) if expires_at.is_some_and(|last| chain.height() > last) => open("expired"),
        (_, None) => open("unknown"),
    };
    json(200, &answer)
}

fn thing(chain: &TestChain, key: StateKey, as_of: Option<TimeMs>) -> Answered {
    let mut heights = (1..=chain.height()).rev();
    let height = heights.find(|height| as_of.is_none_or(|time| chain.time(*height) <= time));
    let Some(height) = height else { return refusal(404, "api.not_found") };
    let receipt = chain.thing_receipt(std::slice::from_ref(&key), height, as_of);
    let bytes = receipt.state(&key).flatten();
    let answer = ThingAnswer {
        name: key.to_string(),
        as_of: crate::sdk::as_of(receipt.header.height, receipt.header.time_ms),
        exists: bytes.is_some(),
        state: bytes.map(|bytes| state::to_json(&key, bytes).unwrap()),
        derived: None,
        records: Vec::new(),
        proof: Some(STANDARD.encode(receipt.to_bytes())),
    };
    json(200, &answer)
}

fn status(chain: &TestChain) -> StatusAnswer {
    StatusAnswer {
        chain_id: chain.genesis.chain_id.to_string(),
        genesis_hash: chain.genesis.hash().to_string(),
        ledger_hash: "sha256".to_owned(),
        protocol_version: huxin_chain_spec::block::PROTOCOL_VERSION,
        software_version: "0".to_owned(),
        province: "310000".to_owned(),
        height: chain.height(),
        time_ms: 0,
        time: String::new(),
        block: Digest::ZERO.to_string(),
        log_size: 0,
        log_root: Digest::ZERO.to_string(),
        map_root: Digest::ZERO.to_string(),
        mempool_transactions: 0,
        mempool_bytes: 0,
        consensus_height: chain.height(),
        consensus_round: 0,
        connected_peers: 3,
        quorum: None,
        ready: true,
    }
}
