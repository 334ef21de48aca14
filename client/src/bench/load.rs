//! Writers: each signs (or takes a transaction that was signed before), submits, waits for the block, and repeats.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use huxin_chain_spec::api::OutcomeAnswer;
use huxin_chain_spec::crypto::Digest;
use huxin_chain_spec::ids::{Height, LicenceId, LicenceRef, LicenceType, RegionCode, TimeMs, Uscc};
use huxin_chain_spec::receipt::Receipt;
use huxin_chain_spec::record::licence::{Document, Licence};
use huxin_chain_spec::record::{LicenceOperation, Operation};
use huxin_chain_spec::transaction::EXPIRY_WINDOW_MAX;
use rand::Rng as _;
use rand::rngs::StdRng;

use super::http::{LightConnection, find};
use super::measure::micros;
use crate::error::ClientError;
use crate::sdk::{Client, EXPIRY_WINDOW_DEFAULT, SignedTransaction, TransactionSigner};

/// Path of a submission that is answered when it is final.
const SUBMIT: &str = "/v1/transactions?wait=committed&timeout_ms=30000";
/// Pause after a full mempool.
const BUSY_PAUSE: Duration = Duration::from_millis(50);
/// Most tries of one transaction while mempools are full.
const BUSY_TRIES_MAX: u32 = 600;

/// A node to load, with the issuer of its province.
#[derive(Clone)]
pub struct Target {
    /// `host:port` of the public API.
    pub address: String,
    pub signer: TransactionSigner,
    pub issuer: Uscc,
    pub region: RegionCode,
    pub licence_type: LicenceType,
}

/// The span in which answers count.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    pub from: Instant,
    pub until: Instant,
}

impl Window {
    /// Answers count for `seconds`, after `warm_up`.
    pub fn new(warm_up: Duration, seconds: u64) -> Self {
        let from = Instant::now() + warm_up;
        Self { from, until: from + Duration::from_secs(seconds) }
    }

    /// Whether an answer at this moment counts.
    pub fn counts(&self, at: Instant) -> bool {
        at >= self.from && at < self.until
    }
}

/// Results of one worker.
#[derive(Debug, Default)]
pub struct Tally {
    pub latencies_us: Vec<u32>,
    /// Licences, transactions or answers acknowledged within the window.
    pub done: u64,
    /// Submissions retried because a mempool was full.
    pub retries: u64,
    /// Requests that failed, with the first reason.
    pub failures: u64,
    pub first_failure: Option<String>,
}

impl Tally {
    /// Adds another worker's.
    pub fn merge(&mut self, other: Self) {
        self.latencies_us.extend(other.latencies_us);
        self.done += other.done;
        self.retries += other.retries;
        self.failures += other.failures;
        self.first_failure = self.first_failure.take().or(other.first_failure);
    }

    /// Notes a failure.
    pub fn fail(&mut self, reason: impl std::fmt::Display) {
        self.failures += 1;
        if self.first_failure.is_none() {
            self.first_failure = Some(reason.to_string());
        }
    }
}

/// A licence with random digests that the issuer calls by this name.
pub fn licence(target: &Target, random: &mut StdRng, name: Digest) -> Licence {
    let mut digest = || {
        let mut bytes = [0; 32];
        random.fill_bytes(&mut bytes);
        Digest(bytes)
    };
    Licence {
        licence: LicenceRef::owned(target.signer.algorithm(), &target.issuer, &name),
        name,
        licence_type: target.licence_type,
        issuer: target.issuer,
        region: target.region,
        version: 1,
        first: None,
        imported: None,
        document: Document { sha256: digest(), sm3: Some(digest()), size_bytes: 48_000 },
        metadata: None,
        seal: None,
        exception: None,
        holder: Some(digest()),
        valid_from_ms: TimeMs(1_700_000_000_000),
        valid_until_ms: Some(TimeMs(2_000_000_000_000)),
    }
}

/// `count` issues of new licences.
pub fn issues(target: &Target, random: &mut StdRng, count: usize) -> Vec<Operation> {
    let mut issue = || {
        let mut name = [0; 32];
        random.fill_bytes(&mut name);
        Operation::Licence(LicenceOperation::Issue(licence(target, random, Digest(name))))
    };
    (0..count).map(|_| issue()).collect()
}

/// Signs `count` transactions of one licence each, good for the next [`EXPIRY_WINDOW_MAX`] heights.
pub fn presign(
    target: &Target,
    count: usize,
    height: &AtomicU64,
    random: &mut StdRng,
) -> Result<Vec<SignedTransaction>, ClientError> {
    let height = Height(height.load(Ordering::Relaxed));
    (0..count).map(|_| target.signer.sign(issues(target, random, 1), height, EXPIRY_WINDOW_MAX)).collect()
}

/// Issues licences `per_transaction` at a time until the window closes: what is `signed` first, then what it signs itself.
pub async fn write(
    target: Target,
    mut signed: Vec<SignedTransaction>,
    make: impl Fn(&Target, &mut StdRng, usize) -> Vec<Operation>,
    per_transaction: usize,
    window: Window,
    height: &AtomicU64,
    mut random: StdRng,
) -> Tally {
    let mut tally = Tally::default();
    let mut connection = match LightConnection::connect(&target.address).await {
        Ok(connection) => connection,
        Err(error) => {
            tally.fail(error);
            return tally;
        }
    };
    while Instant::now() < window.until {
        let started = Instant::now();
        let transaction = match signed.pop() {
            Some(transaction) => Ok(transaction),
            None => sign(&target, make(&target, &mut random, per_transaction), height),
        };
        let outcome = match transaction {
            Ok(transaction) => submit(&mut connection, &transaction, height, &mut tally).await,
            Err(error) => Err(error.to_string()),
        };
        match outcome {
            Ok(()) if window.counts(Instant::now()) => {
                tally.latencies_us.push(micros(started.elapsed()));
                tally.done += per_transaction as u64;
            }
            Ok(()) => {}
            Err(reason) => {
                tally.fail(reason);
                match LightConnection::connect(&target.address).await {
                    Ok(again) => connection = again,
                    Err(_) => return tally,
                }
            }
        }
    }
    tally
}

/// Signs with the newest height seen.
pub fn sign(target: &Target, operations: Vec<Operation>, height: &AtomicU64) -> Result<SignedTransaction, ClientError> {
    target.signer.sign(operations, Height(height.load(Ordering::Relaxed)), EXPIRY_WINDOW_DEFAULT)
}

/// Submits until the transaction is committed; the same bytes again while the mempool is full.
pub async fn submit(
    connection: &mut LightConnection,
    transaction: &SignedTransaction,
    height: &AtomicU64,
    tally: &mut Tally,
) -> Result<(), String> {
    for _ in 0..BUSY_TRIES_MAX {
        let answer = connection.post(SUBMIT, &transaction.bytes).await.map_err(|error| error.to_string())?;
        height.fetch_max(answer.height, Ordering::Relaxed);
        let body = connection.body(&answer);
        match answer.status {
            200 if find(body, b"\"outcome\":\"committed\"").is_some() => return Ok(()),
            429 => {
                tally.retries += 1;
                tokio::time::sleep(BUSY_PAUSE).await;
            }
            status => return Err(format!("status {status}: {}", String::from_utf8_lossy(body))),
        }
    }
    Err("the mempool stayed full".to_owned())
}

/// Ten submissions a second, each followed by its receipt, checked.
pub async fn write_lightly(
    target: Target,
    client: &Client,
    window: Window,
    ticks: Vec<Instant>,
    height: &AtomicU64,
    mut random: StdRng,
) -> Tally {
    let mut tally = Tally::default();
    let mut connection = match LightConnection::connect(&target.address).await {
        Ok(connection) => connection,
        Err(error) => {
            tally.fail(error);
            return tally;
        }
    };
    for tick in ticks {
        tokio::time::sleep_until(tick.into()).await;
        let operations = issues(&target, &mut random, 1);
        let started = Instant::now();
        let outcome = match sign(&target, operations, height) {
            Ok(transaction) => submit_and_prove(&mut connection, &transaction, client, height, &mut tally).await,
            Err(error) => Err(error.to_string()),
        };
        match outcome {
            Ok(()) if window.counts(started) => {
                tally.latencies_us.push(micros(started.elapsed()));
                tally.done += 1;
            }
            Ok(()) => {}
            Err(reason) => tally.fail(reason),
        }
    }
    tally
}

async fn submit_and_prove(
    connection: &mut LightConnection,
    transaction: &SignedTransaction,
    client: &Client,
    height: &AtomicU64,
    tally: &mut Tally,
) -> Result<(), String> {
    submit(connection, transaction, height, tally).await?;
    // The answer of the submission was in a buffer that is reused; the outcome is fetched again, as a client would do.
    let answer = connection.get(&format!("/v1/transactions/{}", transaction.tx_id)).await.map_err(|e| e.to_string())?;
    let outcome: OutcomeAnswer = serde_json::from_slice(connection.body(&answer)).map_err(|error| error.to_string())?;
    let index = outcome.first_record.ok_or("a committed outcome without a record")?;
    let answer = connection.get(&format!("/v1/receipts/{index}")).await.map_err(|error| error.to_string())?;
    if answer.status != 200 {
        return Err(format!("status {} for the receipt of record {index}", answer.status));
    }
    let receipt: Receipt = client.check_receipt(connection.body(&answer)).map_err(|error| error.to_string())?;
    if receipt.record.tx_id == transaction.tx_id {
        Ok(())
    } else {
        Err("the receipt is of another transaction".to_owned())
    }
}

/// An unused licence identifier, from a mark of the run and a number.
pub fn identifier(target: &Target, mark: u64, number: u64) -> Result<LicenceId, ClientError> {
    let serial = format!("B{mark:016X}{number:08}");
    LicenceId::new(target.licence_type, target.issuer, &serial, 1).map_err(|error| ClientError::input("serial", error))
}
