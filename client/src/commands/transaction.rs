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

/// An outcome in both languages, and what to do where it is not final.
fn outcome_text(outcome: &str) -> String {
    let text = match outcome {
        "committed" => "已登记 committed",
        "rejected" => "已被拒绝，未改变任何内容 rejected, changed nothing",
        "expired" => "已过期，未生效 expired, changed nothing and never will",
        "pending" => "等待中 pending: in the node's mempool; ask again later",
        "unknown" => {
            "该节点未见过此交易 unknown: this node has not seen it. 请核对标识，稍后再问，或用 --node 询问提交时的节点 \
             check the id, ask again later, or ask the node it was submitted to with --node"
        }
        other => other,
    };
    text.to_owned()
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
            let id = &self.tx_id;
            format!("{id}\n  {}{place}{}", outcome_text(&answer.outcome), error.unwrap_or_default())
        });
        Ok(match answer.outcome.as_str() {
            "committed" => ExitCode::Success,
            "rejected" | "expired" => ExitCode::Refused,
            "unknown" => ExitCode::NotOnLedger,
            _ => ExitCode::NotChecked,
        })
    }
}
