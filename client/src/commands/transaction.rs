//! `huxin transaction`: what became of one.

use clap::Args;
use huxin_chain_spec::api::{ErrorBody, OutcomeAnswer, RefusedOperation};
use huxin_chain_spec::ids::{Height, TxId};
use huxin_chain_spec::transaction::Outcome;
use serde::Serialize;

use super::context::Global;
use super::output::Output;
use crate::error::{ClientError, ExitCode};
use crate::sdk::{Client, ProvenOutcome, TrustRoot, check_outcome_receipt};

/// What became of a transaction.
#[derive(Debug, Args)]
pub struct TransactionCommand {
    /// Transaction id (64 hex).
    tx_id: TxId,
    /// The last height at which it could be committed, as it was signed: with it, that it expired can be proven.
    #[arg(long, value_name = "HEIGHT")]
    expires_at: Option<Height>,
}

/// What is known, and how surely.
#[derive(Debug, Serialize)]
struct Told {
    #[serde(flatten)]
    outcome: OutcomeAnswer,
    /// Whether more than one node's word supports it.
    proven: bool,
    /// Who says so.
    node: String,
    /// What is missing for a proof, and what went wrong on the way.
    warnings: Vec<String>,
}

/// An outcome in both languages, and what to do where it is not final.
fn outcome_text(outcome: &str) -> String {
    let text = match outcome {
        "committed" => "已登记 committed",
        "rejected" => "已被拒绝，未改变任何内容 rejected, changed nothing",
        "each" => "逐项处理 each operation by itself",
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
        let told = match global.trust() {
            Ok(_) => self.ask(&global.client().await?, global.wait_ms()).await?,
            Err(ClientError::NoTrustRoot) => {
                let (node, outcome) = global.nodes()?.outcome(&self.tx_id, self.expires_at, global.wait_ms()).await?;
                let warning =
                    "没有给出信任根，故无证明 no trust root is given, so nothing is proven: --genesis or --trust-root";
                let warnings = vec![warning.to_owned()];
                Told { outcome, proven: false, node, warnings }
            }
            Err(error) => return Err(error),
        };
        output.answer(&told, || told.text());
        Ok(told.exit_code())
    }

    async fn ask(&self, client: &Client, wait_ms: u64) -> Result<Told, ClientError> {
        let said = client.nodes().outcome(&self.tx_id, self.expires_at, wait_ms).await;
        // A proof outweighs whatever one node says.
        let (proven, mut warnings) = client.proven_outcome(&self.tx_id).await;
        if let Some(proven) = proven {
            return Ok(Told { outcome: answer_of(&proven), proven: true, node: proven.node, warnings });
        }
        let (node, outcome) = said?;
        let mut is_proven = false;
        match (outcome.outcome.as_str(), self.expires_at) {
            ("expired", Some(expires_at)) => match client.expired_at(&self.tx_id, expires_at).await {
                Ok(()) => is_proven = true,
                Err(missing) => warnings.push(missing),
            },
            ("expired", None) => {
                let warning = "须给出签名时的 --expires-at HEIGHT 和多个节点才能证明 give --expires-at HEIGHT as it was signed, and \
                               several nodes, to prove it";
                warnings.push(warning.to_owned());
            }
            ("committed" | "rejected" | "each", _) => {
                warnings.push("没有节点给出处理结果的回执 no node gives a receipt of the outcome".to_owned());
            }
            _ => {}
        }
        Ok(Told { outcome, proven: is_proven, node, warnings })
    }
}

/// A proven outcome in the words of an answer.
fn answer_of(proven: &ProvenOutcome) -> OutcomeAnswer {
    let (outcome, first_record, records, refused) = match &proven.receipt.outcome.outcome {
        Outcome::Committed { first_record, records } => ("committed", Some(first_record.0), Some(*records), None),
        Outcome::Rejected { .. } => ("rejected", None, None, None),
        Outcome::Each(each) => {
            let refused = each.refused.iter().map(|refusal| RefusedOperation {
                operation: refusal.operation,
                code: refusal.code.as_str().to_owned(),
            });
            ("each", (each.records > 0).then_some(each.first_record.0), Some(each.records), Some(refused.collect()))
        }
    };
    OutcomeAnswer {
        tx_id: proven.receipt.outcome.tx_id.to_string(),
        outcome: outcome.to_owned(),
        height: Some(proven.receipt.header.height.0),
        first_record,
        records,
        error: proven.rejection(),
        refused,
    }
}

impl Told {
    fn exit_code(&self) -> ExitCode {
        match (self.outcome.outcome.as_str(), self.proven) {
            ("committed", true) => ExitCode::Success,
            ("each", true) if self.outcome.error.is_none() => ExitCode::Success,
            ("rejected" | "expired" | "each", true) => ExitCode::Refused,
            ("committed" | "rejected" | "expired" | "each", false) => ExitCode::NotProven,
            ("unknown", _) => ExitCode::NotOnLedger,
            _ => ExitCode::NotChecked,
        }
    }

    fn text(&self) -> String {
        let answer = &self.outcome;
        let place = match (answer.height, answer.first_record, answer.records) {
            (Some(height), Some(first), Some(count)) => format!(" at height {height}: {count} records from {first}"),
            (Some(height), _, _) => format!(" at height {height}"),
            _ => String::new(),
        };
        let error = answer.error.as_ref().map(refusal).unwrap_or_default();
        let word = if self.proven {
            "证明已在本机核验 proof checked here".to_owned()
        } else {
            format!("无证明，仅为节点所述 no proof: only the word of {}", self.node)
        };
        let warnings: String = self.warnings.iter().map(|warning| format!("\n  注意 warning: {warning}")).collect();
        format!("{}\n  {}{place}{error}\n  {word}{warnings}", answer.tx_id, outcome_text(&answer.outcome))
    }
}

fn refusal(body: &ErrorBody) -> String {
    format!("\n{} [{}], at {}; {}\n{}{}", body.what, body.code, body.place, body.next, body.what_zh, body.next_zh)
}

/// Checks the receipt of an outcome without any node.
pub fn check(trust: &TrustRoot, output: &Output, bytes: &[u8]) -> Result<ExitCode, ClientError> {
    let receipt = check_outcome_receipt(trust, bytes)?;
    let proven = ProvenOutcome { receipt, node: "the file".to_owned() };
    let told = Told { outcome: answer_of(&proven), proven: true, node: proven.node, warnings: Vec::new() };
    output.answer(&told, || told.text());
    Ok(told.exit_code())
}
