//! `huxin licence`: issue, and everything that happens to a licence afterwards.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use huxin_chain_spec::crypto::{Digest, DigestAlgorithm};
use huxin_chain_spec::ids::{BasisCode, LicenceRef, ProvinceCode, TimeMs, Uscc};
use huxin_chain_spec::record::licence::Change;
use huxin_chain_spec::record::{LicenceOperation, Operation};

use super::bulk::Bulk;
use super::context::{Global, Needs};
use super::issue::{Issue, NewLicence, Recorded};
use super::output::Output;
use super::verify::{has_odd_check_character, issued_subject, licence_subject, note_check_character};
use crate::bulk::{Defaults, TableOf, read_changes};
use crate::error::{ClientError, ExitCode};
use crate::keep::save;
use crate::say;
use crate::sdk::{Client, Subject, clock};

/// Licences and their changes.
#[derive(Debug, Subcommand)]
pub enum LicenceCommand {
    /// Record new licences: files, or a whole table with --csv (新发).
    Issue(Box<Issue>),
    /// Record a new version that replaces a licence (变更、延续).
    Amend(Box<Replacement>),
    /// Suspend (暂扣).
    Suspend(ChangeArguments),
    /// Give a suspended licence back (暂扣发还).
    Restore(ChangeArguments),
    /// Send a licence to an organisation of another province (办理转出).
    TransferOut(TransferOut),
    /// Take over a licence that was sent here (办理转入).
    TransferIn(Box<TransferIn>),
    /// Take a transfer back (取消转出).
    CancelTransfer(ChangeArguments),
    /// Cancel (注销).
    Cancel(ChangeArguments),
    /// Withdraw: void from the beginning (撤销).
    Withdraw(ChangeArguments),
    /// Revoke as a penalty (吊销).
    Revoke(ChangeArguments),
    /// Lapse (失效).
    Lapse(ChangeArguments),
    /// Put a wrong record right; identifier, version and status stay (更正).
    Correct(Box<super::upkeep::Correct>),
    /// Add a further genuine file: a duplicate, an annotated copy, a copy sealed again or in another format (副本、加注件).
    Attach(Box<super::upkeep::Attach>),
    /// End a further file; the licence stays.
    Detach(super::upkeep::Detach),
    /// Record an annual check or report (年检、年报).
    AnnualCheck(super::upkeep::CheckAnnually),
}

/// A change of one licence.
#[derive(Debug, Clone, Args)]
pub struct ChangeArguments {
    /// Identifier (电子证照标识), or reference on the ledger (64 hex).
    #[arg(required_unless_present = "csv", conflicts_with = "csv")]
    licence: Option<String>,
    /// Code of the legal basis; with --csv, of the rows that name none.
    #[arg(long, required_unless_present = "csv")]
    basis: Option<BasisCode>,
    /// When it takes effect in law; now if absent.
    #[arg(long, value_name = "TIME")]
    effective: Option<TimeMs>,
    /// Save the receipt here; an earlier file is kept under another name.
    #[arg(long, value_name = "FILE", conflicts_with = "csv")]
    receipt: Option<PathBuf>,
    #[command(flatten)]
    bulk: Bulk,
}

#[derive(Debug, Clone, Args)]
pub struct TransferOut {
    #[command(flatten)]
    change: ChangeArguments,
    /// Province that takes it over: 320000.
    #[arg(long, value_name = "PROVINCE", required_unless_present = "csv")]
    to_province: Option<ProvinceCode>,
    /// Unified social credit code of the only organisation that may take it over.
    #[arg(long, required_unless_present = "csv")]
    to_organisation: Option<Uscc>,
    /// Commitment to the holder made for this transfer alone, hex, with a key that goes to the receiver off the ledger. Needed where the
    /// licence has a holder commitment.
    #[arg(long, value_name = "HEX", conflicts_with = "csv")]
    transfer_holder: Option<Digest>,
}

/// A licence that is taken over.
#[derive(Debug, Clone, Args)]
pub struct TransferIn {
    #[command(flatten)]
    new: Replacement,
    /// Commitment to the holder made for this transfer alone, hex: the one of the transfer-out.
    #[arg(long, value_name = "HEX")]
    transfer_holder: Option<Digest>,
    /// Code of the basis for a validity that reaches beyond that of the licence taken over.
    #[arg(long, value_name = "CODE")]
    extension: Option<BasisCode>,
}

/// A licence that replaces another.
#[derive(Debug, Clone, Args)]
pub struct Replacement {
    /// The licence that is replaced: identifier, or reference on the ledger.
    predecessor: String,
    /// The new document.
    file: PathBuf,
    #[command(flatten)]
    licence: NewLicence,
    /// Code of the legal basis.
    #[arg(long)]
    basis: BasisCode,
    /// Save the receipt here; an earlier file is kept under another name.
    #[arg(long, value_name = "FILE")]
    receipt: Option<PathBuf>,
}

impl LicenceCommand {
    pub async fn run(self, global: &Global, output: &Output) -> Result<ExitCode, ClientError> {
        use LicenceOperation as Op;
        match self {
            Self::Issue(issue) => issue.run(global, output).await,
            Self::Amend(mut new) => {
                if let Ok(predecessor) = licence_subject(&new.predecessor) {
                    new.licence = new.licence.replacing(&predecessor);
                }
                new.run(global, output, |predecessor, licence, basis| Op::Amend { predecessor, licence, basis }).await
            }
            Self::TransferIn(transfer) => {
                let TransferIn { new, transfer_holder: holder, extension } = *transfer;
                let taken =
                    |predecessor, licence, basis| Op::TransferIn { predecessor, licence, basis, holder, extension };
                new.run(global, output, taken).await
            }
            Self::TransferOut(TransferOut { change, to_province, to_organisation, transfer_holder: holder }) => {
                if change.bulk.csv.is_some() {
                    let defaults = Defaults { to_province, to_organisation, ..change.defaults() };
                    return send_changes(change.bulk, global, output, TableOf::TransferOut, defaults).await;
                }
                let to_province = to_province.ok_or_else(|| missing("--to-province"))?;
                let to_organisation = to_organisation.ok_or_else(|| missing("--to-organisation"))?;
                let out = |change| Op::TransferOut { change, to_province, to_organisation, holder };
                change.one(global, output, out).await
            }
            Self::Suspend(change) => change.run(global, output, TableOf::Suspend, Op::Suspend).await,
            Self::Restore(change) => change.run(global, output, TableOf::Restore, Op::Restore).await,
            Self::CancelTransfer(change) => {
                change.run(global, output, TableOf::CancelTransfer, Op::CancelTransfer).await
            }
            Self::Cancel(change) => change.run(global, output, TableOf::Cancel, Op::Cancel).await,
            Self::Withdraw(change) => change.run(global, output, TableOf::Withdraw, Op::Withdraw).await,
            Self::Revoke(change) => change.run(global, output, TableOf::Revoke, Op::Revoke).await,
            Self::Lapse(change) => change.run(global, output, TableOf::Lapse, Op::Lapse).await,
            Self::Correct(correct) => correct.run(global, output).await,
            Self::Attach(attach) => attach.run(global, output).await,
            Self::Detach(detach) => detach.run(global, output).await,
            Self::AnnualCheck(check) => check.run(global, output).await,
        }
    }
}

/// The reference of a licence named by identifier or reference. A wrong check character is noted, not refused: the ledger knows
/// whether the licence bears it.
pub(super) fn reference(algorithm: DigestAlgorithm, text: &str) -> Result<LicenceRef, ClientError> {
    match issued_subject(text)? {
        Subject::Identifier(id) => Ok(LicenceRef::of(algorithm, &id)),
        Subject::Reference(reference) => Ok(reference),
        Subject::Document => {
            Err(ClientError::at("LICENCE", say!("give an identifier or a reference", "请给出证照标识或引用")))
        }
    }
}

/// The error of an argument that the command line should not have let through.
pub(super) fn missing(argument: &str) -> ClientError {
    ClientError::at(argument, say!("needed without --csv", "没有 --csv 时必须给出"))
}

/// Sends a table of changes.
pub(super) async fn send_changes(
    bulk: Bulk,
    global: &Global,
    output: &Output,
    kind: TableOf,
    defaults: Defaults,
) -> Result<ExitCode, ClientError> {
    let read = |path: &Path, algorithm, on_rows: &mut dyn FnMut(u64)| {
        let resolve = |text: &str| {
            let licence = reference(algorithm, text).map_err(|error| error.said())?;
            Ok((licence, has_odd_check_character(licence_subject(text).ok().as_ref())))
        };
        read_changes(path, kind, &defaults, resolve, on_rows)
    };
    bulk.run(global, output, read).await
}

impl ChangeArguments {
    async fn run(
        self,
        global: &Global,
        output: &Output,
        kind: TableOf,
        operation: impl FnOnce(Change) -> LicenceOperation,
    ) -> Result<ExitCode, ClientError> {
        if self.bulk.csv.is_some() {
            let defaults = self.defaults();
            return send_changes(self.bulk, global, output, kind, defaults).await;
        }
        self.one(global, output, operation).await
    }

    /// What counts for the rows of a table that say nothing of it.
    fn defaults(&self) -> Defaults {
        Defaults { basis: self.basis.clone(), effective: self.effective.unwrap_or_else(clock), ..Defaults::default() }
    }

    async fn one(
        self,
        global: &Global,
        output: &Output,
        operation: impl FnOnce(Change) -> LicenceOperation,
    ) -> Result<ExitCode, ClientError> {
        let text = self.licence.ok_or_else(|| missing("LICENCE"))?;
        let basis = self.basis.ok_or_else(|| missing("--basis"))?;
        note_check_character(output, licence_subject(&text).ok().as_ref());
        let (client, licence) = global.ready(Needs::Record, |algorithm| reference(algorithm, &text)).await?;
        let effective_ms = self.effective.unwrap_or_else(clock);
        let operation = operation(Change { licence, basis, effective_ms });
        submit(global, output, &client, operation, licence, Some(text), None, self.receipt).await
    }
}

impl Replacement {
    async fn run(
        self,
        global: &Global,
        output: &Output,
        operation: impl FnOnce(LicenceRef, huxin_chain_spec::record::licence::Licence, BasisCode) -> LicenceOperation,
    ) -> Result<ExitCode, ClientError> {
        note_check_character(output, licence_subject(&self.predecessor).ok().as_ref());
        let build = |algorithm| {
            let predecessor = reference(algorithm, &self.predecessor)?;
            self.licence.not_imported()?;
            let trust = self.licence.trust()?;
            Ok((predecessor, self.licence.draft(algorithm, &self.file, trust.as_ref())?))
        };
        let (client, (predecessor, draft)) = global.ready(Needs::Record, build).await?;
        draft.note_end(output);
        for code in &draft.warnings {
            output.note(&format!("huxin: 注意 warning: {code}"));
        }
        let licence = draft.licence.licence;
        let operation = operation(predecessor, draft.licence, self.basis);
        let file = Some(self.file.display().to_string());
        submit(global, output, &client, operation, licence, Some(draft.id.to_string()), file, self.receipt).await
    }
}

#[expect(clippy::too_many_arguments, reason = "the last step of several commands, each argument goes into the report")]
pub(super) async fn submit(
    global: &Global,
    output: &Output,
    client: &Client,
    operation: LicenceOperation,
    licence: LicenceRef,
    licence_id: Option<String>,
    file: Option<String>,
    receipt: Option<PathBuf>,
) -> Result<ExitCode, ClientError> {
    let name = operation.name();
    let confirmed = global.submit(client, vec![Operation::Licence(operation)]).await?;
    if let Some(path) = &receipt {
        save(path, &confirmed.receipt_bytes)?;
    }
    let committed = confirmed.committed;
    let recorded = Recorded {
        operation: name,
        file,
        licence_id,
        licence: licence.to_string(),
        tx_id: committed.tx_id.to_string(),
        record: committed.first_record.0,
        height: committed.height,
        time: confirmed.receipt.record.time_ms.to_string(),
        receipt: receipt.map(|path| path.display().to_string()),
        proven: true,
        warnings: Vec::new(),
    };
    output.answer(&recorded, || recorded.text());
    Ok(ExitCode::Success)
}
