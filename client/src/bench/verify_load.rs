//! Readers: each asks for licences by identifier, with proof.

use std::sync::atomic::AtomicU64;
use std::time::Instant;

use huxin_chain_spec::api::VerifyAnswer;
use huxin_chain_spec::crypto::Digest;
use huxin_chain_spec::ids::{LicenceId, licence_name};
use huxin_chain_spec::record::{LicenceOperation, Operation};
use rand::rngs::StdRng;
use rand::{Rng as _, RngExt as _};

use super::http::{LightConnection, find};
use super::load::{Tally, Target, Window, identifier, licence, sign, submit};
use super::measure::micros;
use crate::error::ClientError;
use crate::sdk::{Client, Freshness, Question, Subject, check_answer, clock};

/// Licences of one preparing transaction.
const BATCH: u64 = 1_000;
/// One answer in so many is checked in full, unless all are.
const SAMPLE: u64 = 100;

/// Issues `count` licences to ask about.
pub async fn prepare(
    targets: &[Target],
    count: u64,
    height: &AtomicU64,
    mut random: StdRng,
) -> Result<Vec<LicenceId>, ClientError> {
    let mark = random.next_u64();
    let failed = |reason: String| ClientError::BadAnswer { node: "a node under load".to_owned(), reason };
    let mut ids = Vec::new();
    let mut tally = Tally::default();
    for batch in 0..count.div_ceil(BATCH) {
        let position = usize::try_from(batch).unwrap_or(0) % targets.len().max(1);
        let target = targets.get(position).ok_or_else(|| failed("no node was given".to_owned()))?;
        let mut operations = Vec::new();
        for number in batch * BATCH..((batch + 1) * BATCH).min(count) {
            let id = identifier(target, mark, number)?;
            let name = licence_name(target.signer.algorithm(), &Digest::ZERO, &id);
            operations.push(Operation::Licence(LicenceOperation::Issue(licence(target, &mut random, name))));
            ids.push(id);
        }
        let transaction = sign(target, operations, height)?;
        let mut connection =
            LightConnection::connect(&target.address).await.map_err(|error| failed(error.to_string()))?;
        submit(&mut connection, &transaction, height, &mut tally).await.map_err(failed)?;
    }
    Ok(ids)
}

/// Asks until the window closes.
pub async fn read(
    address: String,
    client: &Client,
    ids: &[LicenceId],
    window: Window,
    checks_all: bool,
    mut random: StdRng,
) -> Tally {
    let mut tally = Tally::default();
    let mut connection = match LightConnection::connect(&address).await {
        Ok(connection) => connection,
        Err(error) => {
            tally.fail(error);
            return tally;
        }
    };
    let mut asked = random.random_range(0..SAMPLE);
    while Instant::now() < window.until && !ids.is_empty() {
        let id = &ids[random.random_range(0..ids.len())];
        let path = format!("/v1/licences/{id}");
        let started = Instant::now();
        let answer = match connection.get(&path).await {
            Ok(answer) => answer,
            Err(error) => {
                tally.fail(error);
                return tally;
            }
        };
        let elapsed = started.elapsed();
        asked += 1;
        let body = connection.body(&answer);
        let outcome = if checks_all || asked.is_multiple_of(SAMPLE) {
            check(client, id, &address, body)
        } else {
            glance(answer.status, body)
        };
        match outcome {
            Ok(()) if window.counts(Instant::now()) => {
                tally.latencies_us.push(micros(elapsed));
                tally.done += 1;
            }
            Ok(()) => {}
            Err(reason) => tally.fail(reason),
        }
    }
    tally
}

/// Status, verdict and presence of a proof, without parsing.
fn glance(status: u16, body: &[u8]) -> Result<(), String> {
    if status == 200 && find(body, b"\"verdict\":\"valid\"").is_some() && find(body, b"\"proof\":\"").is_some() {
        return Ok(());
    }
    Err(format!("status {status}: {}", String::from_utf8_lossy(body.get(..400).unwrap_or(body))))
}

/// The whole check that a client makes.
fn check(client: &Client, id: &LicenceId, node: &str, body: &[u8]) -> Result<(), String> {
    let answer: VerifyAnswer = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let question = Question { subject: Subject::Identifier(id.clone()), document: None, as_of: None };
    let freshness = Freshness { now: clock(), age_s_max: 60, height_min: 0 };
    let algorithm = client.chain().algorithm();
    let verified = check_answer(client.trust(), algorithm, &freshness, &question, node, &answer);
    verified.map(|_| ()).map_err(|error| error.to_string())
}
