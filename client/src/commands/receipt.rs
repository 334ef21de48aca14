//! `huxin receipt`: fetch proofs, and check them without any node.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use huxin_chain_spec::api::{AsOfAnswer, LicenceAnswer};
use huxin_chain_spec::ids::{LicenceRef, RecordIndex, TimeMs};
use huxin_chain_spec::receipt::{OUTCOME_RECEIPT_MAGIC, RECEIPT_BYTES_MAX, Receipt, THING_RECEIPT_MAGIC};
use huxin_chain_spec::record::{LicenceOperation, Operation};
use huxin_chain_spec::state::{LicenceState, LicenceStatus, StateKey};
use huxin_chain_spec::verdict::{
    self, Content, Evidence, Identifier, IssuerStanding, StateAt, Verdict, issuer_standing,
};
use serde::Serialize;
use serde_json::json;

use super::context::Global;
use super::head::take_paths;
use super::output::Output;
use super::thing_receipt;
use super::thing_receipt::LATER_CHANGES;
use super::verify::{id_subject, issued_subject, note_check_character, text};
use crate::dates::beijing;
use crate::error::{ClientError, ExitCode};
use crate::keep::save;
use crate::said::Said;
use crate::say;
use crate::sdk::{ReceiptOf, Subject, Verified, document_of, licence_of, same_document};

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
    /// Save the receipt here; an earlier file is kept under another name.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// State as of this time: 2026-11-21 (its first moment in Beijing) or RFC 3339; now if absent.
    #[arg(long, value_name = "TIME")]
    as_of: Option<TimeMs>,
}

#[derive(Debug, Args)]
pub struct Check {
    /// Receipt file.
    receipt: PathBuf,
    /// The document it should be about.
    #[arg(long, value_name = "DOC")]
    file: Option<PathBuf>,
    /// The identifier it should be about.
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// The way to its validators, from `huxin head path`, where the receipt begins later than what is known here; may be given several
    /// times.
    #[arg(long, value_name = "FILE")]
    trust_path: Vec<PathBuf>,
    /// The past time asked about, up to the receipt's own: 2026-11-21 (its first moment in Beijing) or RFC 3339. The answer is by every
    /// change that the receipt proves, and beside it what was known then.
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
        if self.subject.parse::<StateKey>().is_err() && self.subject.parse::<RecordIndex>().is_err() {
            issued_subject(&self.subject)?;
        }
        let client = global.client().await?;
        if let Ok(key) = self.subject.parse::<StateKey>() {
            return thing_receipt::get(&client, output, &key, self.as_of, &self.out).await;
        }
        let subject = match self.subject.parse::<RecordIndex>() {
            Ok(index) => ReceiptOf::Record(index),
            Err(_) => {
                let subject = issued_subject(&self.subject)?;
                note_check_character(output, Some(&subject));
                match subject {
                    Subject::Identifier(id) => ReceiptOf::Licence(LicenceRef::of(client.chain().algorithm(), &id)),
                    Subject::Reference(reference) => ReceiptOf::Licence(reference),
                    Subject::Document => {
                        let said = say!("give an identifier or a reference", "请给出证照标识或引用");
                        return Err(ClientError::at("LICENCE", said));
                    }
                }
            }
        };
        let (receipt, bytes) = match client.receipt(subject, self.as_of).await {
            Err(ClientError::Refused { status: 404, body, .. }) => {
                output.answer(&json!({ "verdict": Verdict::Unknown, "error": body }), || {
                    format!("{}\n{}", body.what_zh, body.what)
                });
                return Ok(ExitCode::NotOnLedger);
            }
            other => other?,
        };
        save(&self.out, &bytes)?;
        let (index, height, time) = (receipt.index, receipt.header.height, receipt.header.time_ms);
        let value = json!({
            "file": self.out, "bytes": bytes.len(), "record": index, "height": height,
            "time": time.to_string(), "proven": true,
        });
        output.answer(&value, || {
            format!(
                "{}: {} bytes, record {index} as of height {height}, {}; checked",
                self.out.display(),
                bytes.len(),
                time.to_beijing()
            )
        });
        Ok(ExitCode::Success)
    }
}

/// A receipt of a record that brings no licence into being.
#[derive(Debug, Serialize)]
struct OtherRecord<'a> {
    proven: bool,
    record: u64,
    height: u64,
    operation: &'a str,
    time: String,
    /// The licence it changes.
    licence: Option<String>,
    /// The state that the record gave the licence. What became of it later, this receipt does not say.
    state_made: Option<String>,
}

impl OtherRecord<'_> {
    fn text(&self) -> String {
        let mut text = format!(
            "证明已核验 proven: record {} is {}, recorded {}",
            self.record,
            self.operation,
            beijing(&self.time)
        );
        if let (Some(licence), Some(state)) = (&self.licence, &self.state_made) {
            let later = "此后的变更未涵盖 later changes are not covered";
            text = format!("{text}\n  证照 licence {licence}\n  由此成为 this made it: {state}; {later}");
        }
        text
    }
}

impl Check {
    fn run(&self, global: &Global, output: &Output) -> Result<ExitCode, ClientError> {
        let (bytes, id) = (self.read()?, self.subject()?);
        if let Some(path) = &self.file {
            std::fs::metadata(path).map_err(|error| ClientError::file("cannot read", path, error))?;
        }
        let trust = global.trust()?;
        take_paths(&trust, &self.trust_path)?;
        if bytes.starts_with(THING_RECEIPT_MAGIC) {
            self.refuse_arguments(&say!("a receipt of things", "事物的回执"))?;
            return thing_receipt::check(&trust, output, &bytes);
        }
        if bytes.starts_with(OUTCOME_RECEIPT_MAGIC) {
            self.refuse_arguments(&say!("the receipt of a transaction's outcome", "交易处理结果的回执"))?;
            return super::transaction::check(&trust, output, &bytes);
        }
        let receipt = Receipt::from_bytes(&bytes)?;
        let proven = trust.check(&receipt)?;
        if licence_of(&receipt.record).is_none() {
            return self.other(&receipt, id.as_ref(), output);
        }
        note_check_character(output, id.as_ref());
        let answer = self.answer(&receipt, id.as_ref(), proven.status.as_ref())?;
        output.answer(&answer, || text(&answer));
        Ok(answer.exit_code())
    }

    fn read(&self) -> Result<Vec<u8>, ClientError> {
        let cannot_read = |error| ClientError::file("cannot read", &self.receipt, error);
        let length = std::fs::metadata(&self.receipt).map_err(cannot_read)?.len();
        if length > RECEIPT_BYTES_MAX as u64 {
            let place = self.receipt.display().to_string();
            return Err(ClientError::at(place, say!("too long for a receipt", "过长，不是回执")));
        }
        std::fs::read(&self.receipt).map_err(cannot_read)
    }

    /// An argument that cannot be compared is refused: nothing that was asked is left out of an answer.
    fn refuse_arguments(&self, what: &Said) -> Result<(), ClientError> {
        if self.file.is_none() && self.id.is_none() && self.as_of.is_none() {
            return Ok(());
        }
        let (en, zh) = (&what.en, &what.zh);
        let said = say!(
            "this is {en}: it holds no document or identifier to compare, and no history of a licence",
            "这是{zh}，其中没有可供比对的文件或标识，也没有证照的历史"
        );
        Err(ClientError::at("--file/--id/--as-of", said))
    }

    /// The licence that `--id` names.
    fn subject(&self) -> Result<Option<Subject>, ClientError> {
        self.id.as_deref().map(id_subject).transpose()
    }

    /// A record that brings no licence into being. One that ends or suspends a licence ends with 1, whether or not `--id` names it: whoever
    /// looks for 0 must not take it for a valid licence. With `--id` it must change that licence, and never ends with success, since what
    /// came after it is not covered.
    fn other(&self, receipt: &Receipt, id: Option<&Subject>, output: &Output) -> Result<ExitCode, ClientError> {
        let operation = receipt.record.operation.name();
        let changed = changed_by(&receipt.record.operation);
        if self.file.is_some() {
            let said = say!(
                "this receipt is of a record {operation}, which holds no document to compare; use the receipt of the licence's issue",
                "此回执对应的记录是 {operation}，其中没有可供比对的文件；请使用该证照签发记录的回执"
            );
            return Err(ClientError::at("--file", said));
        }
        if self.as_of.is_some() {
            let said = say!(
                "this receipt is of a record {operation}, which proves no history; use the receipt of the licence's issue",
                "此回执对应的记录是 {operation}，不能证明历史；请使用该证照签发记录的回执"
            );
            return Err(ClientError::at("--as-of", said));
        }
        let made = changed.and_then(|(_, status)| status);
        let ends = made.is_some_and(|status| status != LicenceStatus::Issued);
        let mut exit = if ends { ExitCode::Refused } else { ExitCode::Success };
        if let Some(subject) = id {
            note_check_character(output, Some(subject));
            let (licence, _) = changed.ok_or_else(|| {
                let said = say!(
                    "this receipt is of a record {operation}, which is about no licence",
                    "此回执对应的记录是 {operation}，与任何证照无关"
                );
                ClientError::at("--id", said)
            })?;
            if reference_of(subject, receipt) != Some(licence) {
                return Err(another_licence());
            }
            exit = if ends { ExitCode::Refused } else { ExitCode::NotChecked };
        }
        let value = OtherRecord {
            proven: true,
            record: receipt.index.0,
            height: receipt.header.height.0,
            operation,
            time: receipt.record.time_ms.to_string(),
            licence: changed.map(|(licence, _)| licence.to_string()),
            state_made: made.map(|status| status.name().to_owned()),
        };
        output.answer(&value, || value.text());
        Ok(exit)
    }

    /// The verdict at the time asked about, by default the receipt's own. What happened later, a receipt cannot say.
    fn answer(
        &self,
        receipt: &Receipt,
        id: Option<&Subject>,
        status: Option<&Option<LicenceState>>,
    ) -> Result<Verified, ClientError> {
        let record = &receipt.record;
        let licence = licence_of(record)
            .ok_or_else(|| ClientError::at("receipt", say!("it is about no licence", "与任何证照无关")))?;
        let given = self.file.as_deref().map(document_of).transpose()?;
        if id.is_some_and(|subject| reference_of(subject, receipt) != Some(licence.licence)) {
            return Err(another_licence());
        }
        let identifier = match id {
            Some(Subject::Identifier(id)) => Identifier::of(id),
            _ => Identifier::NotGiven,
        };
        // Nothing signs a later time than the receipt's own.
        let own = receipt.proven_time();
        let time = self.as_of.unwrap_or(own);
        if time > own {
            let own = own.to_beijing();
            let said = say!(
                "the receipt proves nothing after {own}; fetch a newer one",
                "此回执不能证明 {own} 之后的情况；请取较新的回执"
            );
            return Err(ClientError::at("--as-of", said));
        }
        let newest = StateAt::of_receipt(status);
        let content = given.map_or(Content::NotGiven, |given| {
            Content::of(licence, newest, time, |known| same_document(&given, known))
        });
        let (verdict, mut checks) = verdict::judge(&Evidence {
            licence,
            recorded_ms: record.time_ms,
            state_then: newest,
            state_now: None,
            as_of_ms: time,
            recorder: record.organisation,
            competence: record.competence,
            content,
            identifier,
            proven: true,
        });
        checks.push(issuer_standing(IssuerStanding::NotProven));
        let mut not_checked = vec![LATER_CHANGES.to_owned()];
        if status.is_none() {
            not_checked
                .push("此回执未涵盖的证照状态 the licence's state, which this receipt does not cover".to_owned());
        }
        if receipt.as_of.as_ref().is_some_and(|as_of| as_of.next.is_none()) {
            let later = "所询时间晚于回执的区块，答案截至该区块 the time asked about, which lies after the receipt's block: the answer is as \
                         of that block";
            not_checked.push(later.to_owned());
        }
        Ok(Verified {
            verdict,
            proven: true,
            checks,
            as_of: AsOfAnswer { height: receipt.header.height.0, time_ms: time.0, time: time.to_string() },
            not_checked,
            licence: Some(LicenceAnswer::of(record, licence, receipt.index, newest, None)),
            records: Vec::new(),
            node: format!("the file {}", self.receipt.display()),
            warnings: Vec::new(),
            receipt: None,
            proven_height: receipt.header.height.0,
        })
    }
}

/// The licence that a record changes, and the state it makes; `None` where it leaves the state alone.
fn changed_by(operation: &Operation) -> Option<(LicenceRef, Option<LicenceStatus>)> {
    use LicenceOperation as Op;
    let Operation::Licence(operation) = operation else { return None };
    let status = match operation {
        Op::Issue(_) | Op::Amend { .. } | Op::TransferIn { .. } => return None,
        Op::Correct(_) | Op::Attach(_) | Op::Detach(_) | Op::AnnualCheck(_) => None,
        Op::Suspend(_) => Some(LicenceStatus::Suspended),
        Op::Restore(_) | Op::CancelTransfer(_) => Some(LicenceStatus::Issued),
        Op::TransferOut { .. } => Some(LicenceStatus::TransferredOut),
        Op::Cancel(_) => Some(LicenceStatus::Cancelled),
        Op::Withdraw(_) => Some(LicenceStatus::Withdrawn),
        Op::Revoke(_) => Some(LicenceStatus::Revoked),
        Op::Lapse(_) => Some(LicenceStatus::Lapsed),
    };
    Some((*operation.changed_licence()?, status))
}

fn another_licence() -> ClientError {
    ClientError::at("--id", say!("the receipt is about another licence", "此回执对应的是另一证照"))
}

/// The reference of a licence under the receipt's own hash.
fn reference_of(subject: &Subject, receipt: &Receipt) -> Option<LicenceRef> {
    match subject {
        Subject::Identifier(id) => Some(LicenceRef::of(receipt.trust.genesis.ledger_hash, id)),
        Subject::Reference(reference) => Some(*reference),
        Subject::Document => None,
    }
}

#[cfg(test)]
#[path = "receipt_tests.rs"]
mod tests;
