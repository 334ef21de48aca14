//! Sending the rows: batches in flight, each journalled before it is sent.

use std::collections::{HashMap, VecDeque};
use std::future::Future;

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use huxin_chain_spec::record::{LicenceOperation, Operation};
use serde::Serialize;

use super::journal::{Batch, BatchEnd, Journal};
use super::rows::Row;
use crate::error::ClientError;
use crate::said::Said;
use crate::sdk::{Committed, SignedTransaction};

/// Most times one line's batch is signed anew after expiring.
const EXPIRIES_MAX: u32 = 10;

/// Signs and submits. A trait so that crashes and refusals can be tried without a network.
pub trait Submitter {
    /// Signs a batch with the newest height known.
    fn sign(&self, operations: Vec<Operation>) -> impl Future<Output = Result<SignedTransaction, ClientError>>;
    /// Submits and waits for the end, proof checked.
    ///
    /// # Errors
    /// `Rejected`, `Refused` and `Expired` only where the transaction can never be committed any more: its rows are signed again then.
    fn submit(&self, transaction: SignedTransaction) -> impl Future<Output = Result<Committed, ClientError>>;
}

/// How to import.
#[derive(Debug, Clone)]
pub struct ImportOptions {
    /// Licences per transaction.
    pub batch: usize,
    /// Transactions on their way at the same time.
    pub in_flight: usize,
    /// Gives up a row that the ledger refuses and goes on, instead of ending.
    pub skips_bad: bool,
}

/// Told after every batch.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    pub recorded: u64,
    pub skipped: u64,
}

/// How an import ended.
#[derive(Debug, Clone, Serialize)]
pub struct Summary {
    /// Licences of the table that are recorded, by this run and by earlier ones.
    pub recorded: u64,
    pub skipped: Vec<super::rows::BadRow>,
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
        match settle(journal, &batch, outcome, options.skips_bad)? {
            Settled::Committed(at) => height = height.max(Some(at)),
            Settled::Again { lines, expired } => {
                expiries += u32::from(expired);
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
        on_progress(Progress { recorded: journal.committed(), skipped: journal.skipped().len() as u64 });
    }
    match stopped {
        Some(error) => Err(error),
        None => {
            let skipped = journal.skipped().iter();
            let skipped = skipped.map(|(line, reason)| super::rows::BadRow {
                line: *line,
                reason: reason.clone(),
                reason_zh: String::new(),
            });
            Ok(Summary { recorded: journal.committed(), skipped: skipped.collect(), height })
        }
    }
}

async fn sign<S: Submitter>(submitter: &S, rows: &HashMap<u64, &Row>, lines: Vec<u64>) -> Result<Batch, ClientError> {
    let operations = lines
        .iter()
        .filter_map(|line| rows.get(line))
        .map(|row| Operation::Licence(LicenceOperation::Issue(row.licence.clone())))
        .collect();
    Ok(Batch { transaction: submitter.sign(operations).await?, lines })
}

enum Settled {
    Committed(u64),
    /// These lines are to be signed again.
    Again {
        lines: Vec<u64>,
        expired: bool,
    },
    Stop(ClientError),
}

/// Notes the end of a batch and says what follows.
fn settle(
    journal: &mut Journal,
    batch: &Batch,
    outcome: Result<Committed, ClientError>,
    skips_bad: bool,
) -> Result<Settled, ClientError> {
    let tx_id = &batch.transaction.tx_id;
    let error = match outcome {
        Ok(Committed { height, first_record, .. }) => {
            journal.ended(tx_id, &BatchEnd::Committed { height, first_record: first_record.0 })?;
            return Ok(Settled::Committed(height));
        }
        Err(error) => error,
    };
    if matches!(error, ClientError::Expired { .. }) {
        journal.ended(tx_id, &BatchEnd::Expired)?;
        return Ok(Settled::Again { lines: batch.lines.clone(), expired: true });
    }
    // Anything else says nothing final about the batch: it stays pending, and the next run sends it again.
    if !matches!(error, ClientError::Rejected { .. }) && !error.is_refusal_at_door() {
        return Ok(Settled::Stop(error));
    }
    let refused_line = refused_line(batch, &error);
    journal.ended(tx_id, &BatchEnd::Refused { code: error.code().to_owned() })?;
    match refused_line {
        Some(line) if skips_bad => {
            journal.skip(line, &error.in_both())?;
            let lines = batch.lines.iter().copied().filter(|other| *other != line).collect();
            Ok(Settled::Again { lines, expired: false })
        }
        Some(line) => Ok(Settled::Stop(refused_row(line, &error))),
        None => Ok(Settled::Stop(error)),
    }
}

/// What the ledger says of one row.
fn refused_row(line: u64, error: &ClientError) -> ClientError {
    let body = error.body();
    let reason = Said { en: error.to_string(), zh: body.what_zh.trim_end_matches('。').to_owned(), code: None };
    ClientError::Table { place: format!("line {line}"), reason }
}

/// The line whose operation the ledger names.
fn refused_line(batch: &Batch, error: &ClientError) -> Option<u64> {
    batch.lines.get(error.refused_operation()?).copied()
}

#[cfg(test)]
#[path = "import_tests.rs"]
mod tests;
