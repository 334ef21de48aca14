//! Sending the rows: batches in flight, each journalled before it is sent.

use std::collections::{HashMap, VecDeque};
use std::future::Future;

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use huxin_chain_spec::record::Operation;
use serde::Serialize;

use super::journal::{Batch, BatchEnd, Journal};
use super::results::RefusedRow;
use super::table::Row;
use crate::error::ClientError;
use crate::sdk::{ProvenEach, SignedTransaction};

/// Most times one line's batch is signed anew after expiring.
const EXPIRIES_MAX: u32 = 10;
/// Refused rows named in the summary; the table of outcomes has them all.
const REFUSED_NAMED_MAX: usize = 1_000;
/// What is wrong with who signs, or with the transaction as such: the next batch would be refused alike, and the rows are not to blame.
const NOT_OF_ROWS: [&str; 10] = [
    "key.",
    "organisation.",
    "system.",
    "province.",
    "admission.",
    "transaction.",
    "signature.",
    "encoding.",
    "mempool.",
    "api.",
];

/// Signs and submits. A trait so that crashes and refusals can be tried without a network.
pub trait Submitter {
    /// Signs a batch, each operation with its own outcome, with the newest height known.
    fn sign(&self, operations: Vec<Operation>) -> impl Future<Output = Result<SignedTransaction, ClientError>>;
    /// Submits and waits for the end, proof checked.
    ///
    /// # Errors
    /// `Refused` and `Expired` only where the transaction can never be committed any more: its rows are signed again then.
    fn submit(&self, transaction: SignedTransaction) -> impl Future<Output = Result<ProvenEach, ClientError>>;
}

/// How to import.
#[derive(Debug, Clone)]
pub struct ImportOptions {
    /// Rows per transaction.
    pub batch: usize,
    /// Transactions on their way at the same time.
    pub in_flight: usize,
}

/// Told after every batch.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    pub recorded: u64,
    pub refused: u64,
}

/// How an import ended.
#[derive(Debug, Clone, Serialize)]
pub struct Summary {
    /// Rows of the table that are recorded, by this run and by earlier ones.
    pub recorded: u64,
    /// Rows that the ledger refused.
    pub refused_count: u64,
    /// The first thousand of them.
    pub refused: Vec<RefusedRow>,
    /// Rows that were not sent, because they cannot be recorded as they stand.
    pub skipped: Vec<super::table::BadRow>,
    /// Height of the newest batch of this run.
    pub height: Option<u64>,
}

/// Records every row that the journal does not cover yet. Batches left pending by an earlier run are sent again first,
/// byte for byte.
pub async fn import<S: Submitter>(
    rows: &[Row],
    journal: &mut Journal,
    submitter: &S,
    options: &ImportOptions,
    mut on_progress: impl FnMut(Progress),
) -> Result<Summary, ClientError> {
    let by_line: HashMap<u64, &Row> = rows.iter().map(|row| (row.line, row)).collect();
    let mut resumed: VecDeque<Batch> = journal.pending().into();
    let mut open: VecDeque<u64> = journal.open_lines(rows.iter().map(|row| row.line)).collect();
    let mut in_flight = FuturesUnordered::new();
    let (mut height, mut expiries, mut stopped) = (None, 0, None);
    loop {
        while stopped.is_none() && in_flight.len() < options.in_flight.max(1) {
            let batch = match resumed.pop_front() {
                Some(batch) => batch,
                None if open.is_empty() => break,
                None => {
                    let lines: Vec<u64> = open.drain(..open.len().min(options.batch.max(1))).collect();
                    let batch = sign(submitter, &by_line, lines).await?;
                    journal.sent(&batch)?;
                    batch
                }
            };
            in_flight.push(async {
                let outcome = submitter.submit(batch.transaction.clone()).await;
                (batch, outcome)
            });
        }
        let Some((batch, outcome)) = in_flight.next().await else { break };
        match settle(journal, &batch, outcome)? {
            Settled::Ended(at) => height = height.max(at),
            Settled::Again { lines } => {
                expiries += 1;
                if expiries > EXPIRIES_MAX {
                    stopped.get_or_insert(ClientError::Expired { tx_id: batch.transaction.tx_id.to_string() });
                }
                lines.into_iter().rev().for_each(|line| open.push_front(line));
            }
            // What is on its way is still waited for, so that its end is in the journal.
            Settled::Stop(error) => {
                stopped.get_or_insert(error);
            }
        }
        on_progress(Progress { recorded: journal.recorded(), refused: journal.refused_count() });
    }
    match stopped {
        Some(error) => Err(error),
        None => {
            let refused = journal.refused().take(REFUSED_NAMED_MAX).map(|(line, code)| RefusedRow::new(line, code));
            Ok(Summary {
                recorded: journal.recorded(),
                refused_count: journal.refused_count(),
                refused: refused.collect(),
                skipped: Vec::new(),
                height,
            })
        }
    }
}

async fn sign<S: Submitter>(submitter: &S, rows: &HashMap<u64, &Row>, lines: Vec<u64>) -> Result<Batch, ClientError> {
    let operations = lines.iter().filter_map(|line| rows.get(line)).map(|row| row.operation()).collect();
    Ok(Batch { transaction: submitter.sign(operations).await?, lines })
}

enum Settled {
    /// Each line has its end; the height of the block that says so.
    Ended(Option<u64>),
    /// These lines are to be signed again: their transaction expired.
    Again {
        lines: Vec<u64>,
    },
    Stop(ClientError),
}

/// Notes the end of a batch and says what follows.
fn settle(
    journal: &mut Journal,
    batch: &Batch,
    outcome: Result<ProvenEach, ClientError>,
) -> Result<Settled, ClientError> {
    let tx_id = &batch.transaction.tx_id;
    match outcome {
        Ok(ProvenEach { height, outcome, .. }) => {
            let end = BatchEnd::Each { height, first_record: outcome.first_record.0, refused: outcome.refused };
            journal.ended(tx_id, &end)?;
            Ok(Settled::Ended(Some(height)))
        }
        Err(ClientError::Expired { .. }) => {
            journal.ended(tx_id, &BatchEnd::Open)?;
            Ok(Settled::Again { lines: batch.lines.clone() })
        }
        Err(error) if error.is_refusal_at_door() => {
            let code = error.code().to_owned();
            // A door refuses a transaction of this mode for its rows only where it refuses them all for one reason.
            if NOT_OF_ROWS.iter().any(|family| code.starts_with(family)) {
                journal.ended(tx_id, &BatchEnd::Open)?;
                return Ok(Settled::Stop(error));
            }
            journal.ended(tx_id, &BatchEnd::Refused { code })?;
            Ok(Settled::Ended(None))
        }
        // Anything else says nothing final about the batch: it stays pending, and the next run sends it again.
        Err(error) => Ok(Settled::Stop(error)),
    }
}

#[cfg(test)]
#[path = "import_tests.rs"]
mod tests;
