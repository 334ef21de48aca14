//! `huxin licence issue --csv`.

use std::path::PathBuf;

use clap::Args;
use huxin_chain_spec::ids::Height;
use huxin_chain_spec::record::Operation;

use super::context::Global;
use super::output::Output;
use crate::bulk::{Header, ImportOptions, Journal, Submitter, import, read_table};
use crate::error::{ClientError, ExitCode};
use crate::sdk::{Client, Committed, SignedTransaction, TransactionSigner, document_of};

/// Bulk import.
#[derive(Debug, Clone, Args)]
pub struct Bulk {
    /// Table of licences: licence_id, file (or sha256, sm3, size_bytes), valid_from, valid_until, ...
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
    /// Licences per transaction.
    #[arg(long, default_value_t = 1_000)]
    batch: usize,
    /// Transactions on their way at the same time.
    #[arg(long, default_value_t = 8)]
    in_flight: usize,
    /// Leave out bad rows, instead of sending nothing.
    #[arg(long)]
    skip_bad: bool,
}

/// Signs and submits through a checked client.
struct LedgerSubmitter<'a> {
    client: &'a Client,
    signer: TransactionSigner,
    global: &'a Global,
}

impl Submitter for LedgerSubmitter<'_> {
    async fn sign(&self, operations: Vec<Operation>) -> Result<SignedTransaction, ClientError> {
        let height = match self.client.nodes().connection().height_seen() {
            0 => self.client.nodes().status().await?.1.height,
            height => height,
        };
        self.signer.sign(operations, Height(height), self.global.expiry_blocks)
    }

    async fn submit(&self, transaction: SignedTransaction) -> Result<Committed, ClientError> {
        Ok(self.client.submit(&transaction, self.global.wait_ms()).await?.committed)
    }
}

impl Bulk {
    pub async fn run(self, global: &Global, output: &Output) -> Result<ExitCode, ClientError> {
        let path = self.csv.as_deref().ok_or_else(|| ClientError::input("--csv", "name the table"))?;
        let client = global.client().await?;
        let signer = global.signer(&client)?;
        output.note("checking the table ...");
        let bar = output.progress(0, "rows read");
        let table = read_table(path, signer.algorithm(), |rows| bar.inc(rows))?;
        bar.finish_and_clear();
        for bad in &table.bad {
            eprintln!("{}: line {}: {}", path.display(), bad.line, bad.reason);
        }
        if table.bad_count > 0 && !self.skip_bad {
            let reason = format!(
                "{} bad rows; nothing was sent. Correct them, or leave them out with --skip-bad",
                table.bad_count
            );
            return Err(ClientError::input(path.display().to_string(), reason));
        }
        let header = Header::new(document_of(path)?.sha256, *client.trust().hash(), signer.key().id());
        let mut journal = Journal::open(&Journal::path_of(path), &header)?;
        let bar = output.progress(table.rows.len() as u64, "licences");
        bar.set_position(journal.committed());
        let options = ImportOptions { batch: self.batch, in_flight: self.in_flight, skips_bad: self.skip_bad };
        let submitter = LedgerSubmitter { client: &client, signer, global };
        let imported = import(&table.rows, &mut journal, &submitter, &options, |progress| {
            bar.set_position(progress.recorded + progress.skipped);
        })
        .await;
        bar.finish_and_clear();
        let mut summary = imported.inspect_err(|_| {
            output.note("what is recorded stays recorded; run the same command again to go on where it stopped");
        })?;
        summary.skipped.extend(table.bad);
        output.answer(&summary, || {
            format!("{} licences recorded, {} rows left out", summary.recorded, summary.skipped.len())
        });
        Ok(ExitCode::Success)
    }
}
