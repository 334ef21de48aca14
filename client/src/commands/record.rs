//! The last step of every command that records something: submit, check the receipt, say where it stands.

use huxin_chain_spec::ids::RecordIndex;
use huxin_chain_spec::record::Operation;
use serde_json::{Value, json};

use super::arguments::ReceiptFile;
use super::context::Global;
use super::output::Output;
use crate::error::{ClientError, ExitCode};
use crate::keep::save;
use crate::sdk::Client;

/// A record that is final and proven, as reported.
pub struct Recorded {
    /// For programs.
    pub value: Value,
    /// For people.
    pub text: String,
    /// The record.
    pub index: RecordIndex,
}

/// Records one operation and says where it stands. `about` are lines that name what came of it, such as a case's
/// reference, as `(name, value)`.
pub async fn record(
    global: &Global,
    output: &Output,
    client: &Client,
    operation: Operation,
    about: &[(&str, String)],
    receipt: &ReceiptFile,
) -> Result<ExitCode, ClientError> {
    let recorded = submit(global, client, operation, about, receipt).await?;
    output.answer(&recorded.value, || recorded.text.clone());
    Ok(ExitCode::Success)
}

/// The same, before anything is printed.
pub async fn submit(
    global: &Global,
    client: &Client,
    operation: Operation,
    about: &[(&str, String)],
    receipt: &ReceiptFile,
) -> Result<Recorded, ClientError> {
    let name = operation.name();
    let confirmed = global.submit(client, vec![operation]).await?;
    if let Some(path) = &receipt.receipt {
        save(path, &confirmed.receipt_bytes)?;
    }
    let (committed, time) = (confirmed.committed, confirmed.receipt.record.time_ms);
    let mut value = json!({
        "operation": name, "tx_id": committed.tx_id, "record": committed.first_record, "height": committed.height,
        "time": time.to_string(), "receipt": receipt.receipt, "proven": true,
    });
    for (name, text) in about {
        value[*name] = json!(text);
    }
    let mut lines = vec![format!("{name} recorded, proof checked / 已上账，证明已核验")];
    lines.extend(about.iter().map(|(name, text)| line(name, text)));
    let (index, height) = (committed.first_record, committed.height);
    lines.push(line("record", &format!("{index} at height {height}, {}", time.to_beijing())));
    lines.push(line("transaction", &committed.tx_id.to_string()));
    lines.extend(receipt.receipt.iter().map(|path| line("receipt", &path.display().to_string())));
    Ok(Recorded { value, text: lines.join("\n"), index })
}

/// A named value, indented, in a column.
pub fn line(name: &str, value: &str) -> String {
    format!("  {name:<12} {value}")
}
