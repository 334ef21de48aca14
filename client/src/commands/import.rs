//! `huxin licence issue --csv`.

use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::{RangedU64ValueParser, TypedValueParser};
use huxin_chain_spec::crypto::DigestAlgorithm;
use huxin_chain_spec::record::Operation;
use huxin_chain_spec::transaction::OPERATIONS_MAX;

use super::context::{Global, Needs};
use super::output::{Output, eprint_or_drop};
use crate::bulk::{Header, ImportOptions, Journal, Submitter, Table, import, read_table};
use crate::error::{ClientError, ExitCode};
use crate::say;
use crate::sdk::{Client, Committed, SignedTransaction, TransactionSigner, document_of};

/// Most transactions on their way at the same time.
const IN_FLIGHT_MAX: usize = 1_024;

/// A number from 1 to `most`.
fn count(most: usize) -> impl TypedValueParser<Value = usize> {
    RangedU64ValueParser::<usize>::new().range(1..=most as u64)
}

/// Bulk import.
#[derive(Debug, Clone, Args)]
pub struct Bulk {
    /// Table of licences: licence_id, file (or sha256, sm3, size_bytes), valid_from, valid_until, ...
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
    /// Licences per transaction.
    #[arg(long, default_value_t = 1_000, requires = "csv", value_parser = count(OPERATIONS_MAX))]
    batch: usize,
    /// Transactions on their way at the same time.
    #[arg(long, default_value_t = 8, requires = "csv", value_parser = count(IN_FLIGHT_MAX))]
    in_flight: usize,
    /// Leave out bad rows, instead of sending nothing.
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
        self.client.sign(&self.signer, operations, self.global.expiry_blocks).await
    }

    async fn submit(&self, transaction: SignedTransaction) -> Result<Committed, ClientError> {
        Ok(self.client.submit_for_good(&transaction, self.global.wait_ms()).await?.committed)
    }
}

impl Bulk {
    /// Reads and checks the whole table.
    fn table(&self, path: &Path, algorithm: DigestAlgorithm, output: &Output) -> Result<Table, ClientError> {
        output.note("正在检查表格 checking the table ...");
        let bar = output.progress(0, "rows read");
        let table = read_table(path, algorithm, |rows| bar.inc(rows));
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

    pub async fn run(self, global: &Global, output: &Output) -> Result<ExitCode, ClientError> {
        let Some(path) = self.csv.as_deref() else {
            return Err(ClientError::at("--csv", say!("name the table", "请指定表格")));
        };
        let (client, table) = global.ready(Needs::Record, |algorithm| self.table(path, algorithm, output)).await?;
        let signer = global.signer(&client)?;
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
            output.note(
                "已登记的保持有效，重新执行同一命令即可继续 what is recorded stays recorded; run the same command again to go on",
            );
        })?;
        summary.skipped.extend(table.bad);
        output.answer(&summary, || {
            format!(
                "已登记 {0} 份，跳过 {1} 行 {0} licences recorded, {1} rows left out",
                summary.recorded,
                summary.skipped.len()
            )
        });
        Ok(ExitCode::Success)
    }
}
