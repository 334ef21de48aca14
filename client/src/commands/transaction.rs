//! `huxin transaction`: what became of one.

use clap::Args;
use huxin_chain_spec::ids::TxId;

use super::context::Global;
use super::output::Output;
use crate::error::{ClientError, ExitCode};

/// What became of a transaction.
#[derive(Debug, Args)]
pub struct TransactionCommand {
    /// Transaction id (64 hex).
    tx_id: TxId,
}

impl TransactionCommand {
    pub async fn run(self, global: &Global, output: &Output) -> Result<ExitCode, ClientError> {
        let answer = global.nodes()?.outcome(&self.tx_id, global.wait_ms()).await?;
        output.answer(&answer, || {
            let place = match (answer.height, answer.first_record, answer.records) {
                (Some(height), Some(first), Some(count)) => {
                    format!(" at height {height}: {count} records from {first}")
                }
                (Some(height), _, _) => format!(" at height {height}"),
                _ => String::new(),
            };
            let error = answer.error.as_ref();
            let error = error.map(|body| format!("\n{} [{}], at {}; {}", body.what, body.code, body.place, body.next));
            format!("{}{place}{}", answer.outcome, error.unwrap_or_default())
        });
        Ok(match answer.outcome.as_str() {
            "committed" => ExitCode::Success,
            "rejected" | "expired" => ExitCode::Refused,
            "unknown" => ExitCode::NotOnLedger,
            _ => ExitCode::NotChecked,
        })
    }
}
