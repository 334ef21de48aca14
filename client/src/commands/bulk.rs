//! Sending a table: `huxin licence issue --csv`, `huxin licence suspend --csv` and the other changes.

use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::{RangedU64ValueParser, TypedValueParser};
use huxin_chain_spec::crypto::DigestAlgorithm;
use huxin_chain_spec::record::Operation;
use huxin_chain_spec::transaction::OPERATIONS_MAX;
use serde::Serialize;

use super::context::{Global, Needs};
use super::output::{Output, eprint_or_drop};
use crate::bulk::{Header, ImportOptions, Journal, Submitter, Summary, Table, import, results_path, write_results};
use crate::error::{ClientError, ExitCode};
use crate::say;
use crate::sdk::{Client, ProvenEach, SignedTransaction, TransactionSigner, document_of};

/// Most transactions on their way at the same time.
const IN_FLIGHT_MAX: usize = 1_024;

/// A number from 1 to `most`.
fn count(most: usize) -> impl TypedValueParser<Value = usize> {
    RangedU64ValueParser::<usize>::new().range(1..=most as u64)
}

/// A table in place of one licence.
#[derive(Debug, Clone, Args)]
pub struct Bulk {
    /// Table with one licence a row; each row has its own outcome, in FILE.outcomes.csv. Columns: docs/integrator.md.
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
    /// Rows per transaction.
    #[arg(long, default_value_t = 1_000, requires = "csv", value_parser = count(OPERATIONS_MAX))]
    batch: usize,
    /// Transactions on their way at the same time.
    #[arg(long, default_value_t = 8, requires = "csv", value_parser = count(IN_FLIGHT_MAX))]
    in_flight: usize,
    /// Leave out rows that cannot be recorded as they stand, instead of sending nothing.
    #[arg(long, requires = "csv")]
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
        self.client.sign_each(&self.signer, operations, self.global.expiry_blocks).await
    }

    async fn submit(&self, transaction: SignedTransaction) -> Result<ProvenEach, ClientError> {
        self.client.submit_for_good(&transaction, self.global.wait_ms()).await?.each()
    }
}

impl Bulk {
    /// Reads and checks the whole table.
    fn table(
        &self,
        path: &Path,
        output: &Output,
        read: impl FnOnce(&Path, &mut dyn FnMut(u64)) -> Result<Table, ClientError>,
    ) -> Result<Table, ClientError> {
        output.note("正在检查表格 checking the table ...");
        let bar = output.progress(0, "rows read");
        let table = read(path, &mut |rows| bar.inc(rows));
        bar.finish_and_clear();
        let table = table?;
        let name = path.display();
        for warning in &table.warnings {
            output.note(&format!("{name}: 注意 warning: {warning}"));
        }
        for bad in &table.bad {
            // With --json too: the error itself names the first row only.
            eprint_or_drop(&format!("{name}: line {}: {} {}", bad.line, bad.reason, bad.reason_zh));
        }
        if table.bad_count > 0 && !self.skip_bad {
            let (count, first) = (table.bad_count, table.bad.first());
            let (line, en, zh) =
                first.map(|bad| (bad.line, bad.reason.clone(), bad.reason_zh.clone())).unwrap_or_default();
            let reason = say!(
                "{count} rows cannot be recorded, the first is line {line}: {en}; nothing was sent; --skip-bad leaves them out",
                "有 {count} 行不能登记，第一处在第 {line} 行：{zh}；没有发送任何内容；--skip-bad 可跳过这些行"
            );
            return Err(ClientError::Table { place: name.to_string(), reason });
        }
        Ok(table)
    }

    /// Reads the table with `read`, sends what its journal does not cover yet, and writes what became of each row.
    pub async fn run(
        self,
        global: &Global,
        output: &Output,
        read: impl Fn(&Path, DigestAlgorithm, &mut dyn FnMut(u64)) -> Result<Table, ClientError>,
    ) -> Result<ExitCode, ClientError> {
        let Some(path) = self.csv.as_deref() else {
            return Err(ClientError::at("--csv", say!("name the table", "请指定表格")));
        };
        let table = |algorithm| self.table(path, output, |path, on_rows| read(path, algorithm, on_rows));
        let (client, table) = global.ready(Needs::Record, table).await?;
        let signer = global.signer(&client)?;
        let header = Header::new(document_of(path)?.sha256, *client.trust().hash(), signer.key().id());
        let mut journal = Journal::open(&Journal::path_of(path), &header)?;
        let bar = output.progress(table.rows.len() as u64, "rows");
        bar.set_position(journal.recorded() + journal.refused_count());
        let options = ImportOptions { batch: self.batch, in_flight: self.in_flight };
        let submitter = LedgerSubmitter { client: &client, signer, global };
        let sent = import(&table.rows, &mut journal, &submitter, &options, |progress| {
            bar.set_position(progress.recorded + progress.refused);
        })
        .await;
        bar.finish_and_clear();
        // Also where it was broken off: what has ended has ended.
        let results = results_path(path);
        write_results(&results, &table, &journal)?;
        let mut summary = sent.inspect_err(|_| {
            output.note(
                "已有结果的行保持有效，重新执行同一命令即可继续 rows that have their outcome keep it; run the same command again to go on",
            );
        })?;
        summary.skipped.extend(table.bad);
        let sent = Sent { summary, results: results.display().to_string() };
        output.answer(&sent, || sent.text());
        Ok(if sent.summary.refused_count == 0 { ExitCode::Success } else { ExitCode::Refused })
    }
}

/// What became of a table.
#[derive(Debug, Serialize)]
struct Sent {
    #[serde(flatten)]
    summary: Summary,
    /// The table with the outcome of each row.
    results: String,
}

impl Sent {
    fn text(&self) -> String {
        let Summary { recorded, refused_count, refused, skipped, .. } = &self.summary;
        let skipped = skipped.len();
        let first = refused.first().map_or_else(String::new, |row| {
            format!("\n  第 {0} 行 line {0}: {1} {2} [{3}]", row.line, row.what_zh, row.what, row.code)
        });
        format!(
            "已登记 {recorded} 行，账本拒绝 {refused_count} 行，跳过 {skipped} 行 {recorded} rows recorded, {refused_count} refused by the \
             ledger, {skipped} left out{first}\n  各行结果 outcome of each row  {}",
            self.results
        )
    }
}
