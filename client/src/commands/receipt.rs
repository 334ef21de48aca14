//! `huxin receipt`: fetch proofs, and check them without any node.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use huxin_chain_spec::api::AsOfAnswer;
use huxin_chain_spec::ids::{RecordIndex, TimeMs};
use huxin_chain_spec::receipt::{RECEIPT_BYTES_MAX, Receipt, THING_RECEIPT_MAGIC};
use huxin_chain_spec::state::{LicenceState, StateKey};
use huxin_chain_spec::verdict::{self, Content, Evidence, Identifier, IssuerStanding, Verdict, issuer_standing};
use serde::Serialize;
use serde_json::json;

use super::context::Global;
use super::issue::save;
use super::output::Output;
use super::thing_receipt;
use super::verify::{exit_code, licence_subject, text};
use crate::error::{ClientError, ExitCode};
use crate::sdk::{Subject, Verified, document_of, licence_answer, licence_of, same_document};

/// Receipts.
#[derive(Debug, Subcommand)]
pub enum ReceiptCommand {
    /// Fetch the receipt of a licence, a record or a thing, check it and save it.
    Get(Get),
    /// Check a receipt file without any node: only the trust root is needed.
    Verify(Check),
}

#[derive(Debug, Args)]
pub struct Get {
    /// Identifier, reference (64 hex), record index, or a thing by its name (`case/9f..`).
    subject: String,
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// State as of this time; now if absent.
    #[arg(long, value_name = "TIME")]
    as_of: Option<TimeMs>,
}

#[derive(Debug, Args)]
pub struct Check {
    receipt: PathBuf,
    /// The document it should be about.
    #[arg(long, value_name = "DOC")]
    file: Option<PathBuf>,
    /// The identifier it should be about.
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// The past time asked about, up to the receipt's own: by every change that the receipt proves, and beside it what was known then.
    #[arg(long, value_name = "TIME")]
    as_of: Option<TimeMs>,
}

impl ReceiptCommand {
    pub async fn run(self, global: &Global, output: &Output) -> Result<ExitCode, ClientError> {
        match self {
            Self::Get(get) => get.run(global, output).await,
            Self::Verify(check) => check.run(global, output),
        }
    }
}

impl Get {
    async fn run(self, global: &Global, output: &Output) -> Result<ExitCode, ClientError> {
        let client = global.client().await?;
        if let Ok(key) = self.subject.parse::<StateKey>() {
            return thing_receipt::get(&client, output, &key, self.as_of, &self.out).await;
        }
        let bytes = match self.subject.parse::<RecordIndex>() {
            Ok(index) => client.nodes().receipt(index, self.as_of).await?,
            Err(_) => {
                let licence = match licence_subject(&self.subject)? {
                    Subject::Identifier(id) => {
                        huxin_chain_spec::ids::LicenceRef::of(client.chain().algorithm(), &id).to_string()
                    }
                    _ => self.subject.clone(),
                };
                let bytes = client.nodes().licence_receipt(&licence, self.as_of).await;
                let bytes = match bytes {
                    Err(ClientError::Refused { status: 404, body, .. }) => {
                        output.answer(&json!({ "verdict": Verdict::Unknown, "error": body }), || body.what.clone());
                        return Ok(ExitCode::NotOnLedger);
                    }
                    other => other?,
                };
                let receipt = client.check_receipt(&bytes)?;
                if licence_of(&receipt.record).is_none_or(|found| found.licence.to_string() != licence) {
                    let reason = "the receipt is about another licence".to_owned();
                    return Err(ClientError::ProofMismatch { node: "the node".to_owned(), reason });
                }
                bytes
            }
        };
        let receipt = client.check_receipt(&bytes)?;
        if self.as_of.is_some_and(|time| receipt.as_of.as_ref().is_none_or(|as_of| as_of.time_ms != time)) {
            let reason = "the receipt is not about the time asked about".to_owned();
            return Err(ClientError::ProofMismatch { node: "the node".to_owned(), reason });
        }
        save(&self.out, &bytes)?;
        let (index, height, time) = (receipt.index, receipt.header.height, receipt.header.time_ms);
        let value = json!({
            "file": self.out, "bytes": bytes.len(), "record": index, "height": height,
            "time": time.to_string(), "proven": true,
        });
        output.answer(&value, || {
            format!(
                "{}: {} bytes, record {index} as of height {height}, {time}; checked",
                self.out.display(),
                bytes.len()
            )
        });
        Ok(ExitCode::Success)
    }
}

/// A receipt about something else than a licence.
#[derive(Debug, Serialize)]
struct OtherRecord<'a> {
    proven: bool,
    record: u64,
    height: u64,
    operation: &'a str,
    time: String,
}

impl Check {
    fn run(&self, global: &Global, output: &Output) -> Result<ExitCode, ClientError> {
        let trust = global.trust()?;
        let length =
            std::fs::metadata(&self.receipt).map_err(|error| ClientError::file("cannot read", &self.receipt, error))?;
        if length.len() > RECEIPT_BYTES_MAX as u64 + 8 {
            return Err(ClientError::input(self.receipt.display().to_string(), "too long for a receipt"));
        }
        let bytes =
            std::fs::read(&self.receipt).map_err(|error| ClientError::file("cannot read", &self.receipt, error))?;
        if bytes.starts_with(THING_RECEIPT_MAGIC) {
            if self.file.is_some() || self.id.is_some() || self.as_of.is_some() {
                return Err(ClientError::input(
                    "--file/--id/--as-of",
                    "this receipt is about things, not about a licence's issue",
                ));
            }
            return thing_receipt::check(&trust, output, &bytes);
        }
        let receipt = Receipt::from_bytes(&bytes)?;
        let proven = receipt.verify(trust.hash())?;
        match (licence_of(&receipt.record), proven.status) {
            (Some(_), Some(state)) => {
                let answer = self.answer(&receipt, state.as_ref())?;
                output.answer(&answer, || text(&answer));
                Ok(exit_code(answer.verdict))
            }
            _ if self.as_of.is_some() => {
                Err(ClientError::input("--as-of", "this receipt proves no status of a licence, so no past one either"))
            }
            _ => {
                let operation = receipt.record.operation.name();
                let value = OtherRecord {
                    proven: true,
                    record: receipt.index.0,
                    height: receipt.header.height.0,
                    operation,
                    time: receipt.record.time_ms.to_string(),
                };
                output.answer(&value, || {
                    format!("proven: record {} is {operation}, recorded {}", value.record, value.time)
                });
                Ok(ExitCode::Success)
            }
        }
    }

    /// The verdict at the receipt's own time. What happened later, a receipt cannot say.
    fn answer(&self, receipt: &Receipt, state: Option<&LicenceState>) -> Result<Verified, ClientError> {
        let record = &receipt.record;
        let licence = licence_of(record).ok_or_else(|| ClientError::input("receipt", "it is about no licence"))?;
        let content = match &self.file {
            None => Content::NotGiven,
            Some(path) if same_document(&document_of(path)?, &licence.document) => Content::Matches,
            Some(_) => Content::Differs,
        };
        // Without a next block the receipt proves nothing about the time after its own header.
        let own = match &receipt.as_of {
            Some(as_of) if as_of.next.is_some() => as_of.time_ms,
            _ => receipt.header.time_ms,
        };
        let time = self.as_of.unwrap_or(own);
        if time > own {
            let reason = format!("the receipt proves nothing after {own}; fetch a newer one");
            return Err(ClientError::input("--as-of", reason));
        }
        let (verdict, checks) = verdict::judge(&Evidence {
            licence,
            recorded_ms: record.time_ms,
            state_then: state,
            state_now: None,
            as_of_ms: time,
            content,
            identifier: self.identifier(receipt)?,
            proven: true,
        });
        let mut checks = checks;
        checks.push(issuer_standing(IssuerStanding::NotProven));
        let mut not_checked = vec!["changes recorded after the receipt's time".to_owned()];
        if receipt.as_of.as_ref().is_some_and(|as_of| as_of.next.is_none()) {
            not_checked.push(
                "the time asked about, which lies after the receipt's block: the answer is as of that block".to_owned(),
            );
        }
        Ok(Verified {
            verdict,
            proven: true,
            checks,
            as_of: AsOfAnswer { height: receipt.header.height.0, time_ms: time.0, time: time.to_string() },
            not_checked,
            licence: Some(licence_answer(record, licence, receipt.index.0, state)),
            node: format!("the file {}", self.receipt.display()),
            warnings: Vec::new(),
            receipt: None,
        })
    }

    fn identifier(&self, receipt: &Receipt) -> Result<Identifier, ClientError> {
        let Some(text) = &self.id else { return Ok(Identifier::NotGiven) };
        let Subject::Identifier(id) = licence_subject(text)? else {
            return Err(ClientError::input("--id", "give the identifier's text"));
        };
        let expected = huxin_chain_spec::ids::LicenceRef::of(receipt.trust.genesis.ledger_hash, &id);
        match licence_of(&receipt.record) {
            Some(licence) if licence.licence == expected => Ok(Identifier::of(&id)),
            _ => Err(ClientError::input("--id", "the receipt is about another licence")),
        }
    }
}
