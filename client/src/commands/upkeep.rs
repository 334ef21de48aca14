//! `huxin licence correct`, `attach`, `detach`, `annual-check`: what keeps the record of a licence right without a new version.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use huxin_chain_spec::crypto::{Digest, DigestAlgorithm};
use huxin_chain_spec::ids::{BasisCode, LicenceRef, PurposeCode, RegionCode, TimeMs};
use huxin_chain_spec::record::LicenceOperation;
use huxin_chain_spec::record::licence::Document;
use huxin_chain_spec::record::upkeep::{
    AnnualCheck, AnnualOutcome, Attachment, AttachmentRole, Correction, CorrectionReason, Detachment, Particulars,
};
use huxin_chain_spec::state::LicenceState;

use super::bulk::Bulk;
use super::change::{missing, reference, send_changes, submit};
use super::context::{Global, Needs};
use super::issue::{agreed, agreed_end};
use super::output::Output;
use super::verify::{licence_subject, note_check_character};
use crate::bulk::{Defaults, TableOf};
use crate::dates::End;
use crate::error::{ClientError, ExitCode};
use crate::say;
use crate::sdk::{Client, ReceiptOf, clock, document_of, licence_of};
use crate::sealed::{Admitted, admit, examine, trust_list};

/// Why the record was wrong.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Reason {
    /// A date, region or commitment was entered wrongly (录入错误).
    Entry,
    /// Another file than the licence was recorded (文件错误).
    File,
    /// A mistake of the import from an older register (数据迁移错误).
    Migration,
    /// A fault of the recording system (系统错误).
    System,
}

impl From<Reason> for CorrectionReason {
    fn from(reason: Reason) -> Self {
        match reason {
            Reason::Entry => Self::Entry,
            Reason::File => Self::File,
            Reason::Migration => Self::Migration,
            Reason::System => Self::System,
        }
    }
}

/// What a further file is.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Role {
    /// 副本.
    Duplicate,
    /// 加注件: the licence with a note of what it may be used for.
    Annotated,
    /// A download that was sealed again.
    Reissued,
    /// The same licence in another file format.
    Format,
}

impl From<Role> for AttachmentRole {
    fn from(role: Role) -> Self {
        match role {
            Role::Duplicate => Self::Duplicate,
            Role::Annotated => Self::Annotated,
            Role::Reissued => Self::Reissued,
            Role::Format => Self::Format,
        }
    }
}

/// How an annual check ended.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum CheckOutcome {
    /// 年检合格.
    Passed,
    /// 年检不合格.
    Failed,
    /// 年报已报: the holder reported, nothing was examined.
    Reported,
}

impl From<CheckOutcome> for AnnualOutcome {
    fn from(outcome: CheckOutcome) -> Self {
        match outcome {
            CheckOutcome::Passed => Self::Passed,
            CheckOutcome::Failed => Self::Failed,
            CheckOutcome::Reported => Self::Reported,
        }
    }
}

/// A correction. What is not given stays as it is recorded.
#[derive(Debug, Clone, Args)]
pub struct Correct {
    /// Identifier (电子证照标识), or reference on the ledger (64 hex).
    licence: String,
    /// Why the record was wrong.
    #[arg(long)]
    reason: Reason,
    /// The right file; identifier, seal, metadata and dates are taken from it where it states them.
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// First day of validity, 2026-11-21, or its first moment (RFC 3339).
    #[arg(long, value_name = "DAY")]
    valid_from: Option<TimeMs>,
    /// Last day of validity, 2036-12-31, included; or the first moment after it (RFC 3339).
    #[arg(long, value_name = "DAY", conflicts_with = "no_end")]
    valid_until: Option<End>,
    /// The validity has no end (长期).
    #[arg(long)]
    no_end: bool,
    /// Region the licence was issued for.
    #[arg(long)]
    region: Option<RegionCode>,
    /// Digest of the canonical metadata (GB/T 36903), hex.
    #[arg(long, value_name = "HEX")]
    metadata: Option<Digest>,
    /// Keyed commitment to the holder, hex.
    #[arg(long, value_name = "HEX")]
    holder_commitment: Option<Digest>,
    /// Record the file although its own checks do not pass, for the reason of this code, which is recorded too.
    #[arg(long, value_name = "CODE", requires = "file")]
    exception: Option<BasisCode>,
    /// Certificates and revocation lists by which seals are judged: a file, or a folder.
    #[arg(long, value_name = "DIR|FILE", requires = "file")]
    trust_list: Option<PathBuf>,
    /// Save the receipt here; an earlier file is kept under another name.
    #[arg(long, value_name = "FILE")]
    receipt: Option<PathBuf>,
}

/// A further file.
#[derive(Debug, Clone, Args)]
pub struct Attach {
    /// Identifier (电子证照标识), or reference on the ledger (64 hex).
    licence: String,
    /// The further file.
    file: PathBuf,
    /// What it is.
    #[arg(long)]
    role: Role,
    /// Code of what it may be used for, where it is limited to that.
    #[arg(long)]
    purpose: Option<PurposeCode>,
    /// Its last day, 2036-12-31, included; or the first moment after it (RFC 3339). As long as the licence if absent.
    #[arg(long, value_name = "DAY")]
    expires: Option<End>,
    /// Certificates and revocation lists by which seals are judged: a file, or a folder.
    #[arg(long, value_name = "DIR|FILE")]
    trust_list: Option<PathBuf>,
    /// Save the receipt here; an earlier file is kept under another name.
    #[arg(long, value_name = "FILE")]
    receipt: Option<PathBuf>,
}

/// The end of a further file.
#[derive(Debug, Clone, Args)]
pub struct Detach {
    /// Identifier (电子证照标识), or reference on the ledger (64 hex).
    licence: String,
    /// The further file, or its SHA-256 (64 hex).
    file: String,
    /// Code of the legal basis.
    #[arg(long)]
    basis: BasisCode,
    /// From when it no longer counts; now if absent.
    #[arg(long, value_name = "TIME")]
    effective: Option<TimeMs>,
    /// Save the receipt here; an earlier file is kept under another name.
    #[arg(long, value_name = "FILE")]
    receipt: Option<PathBuf>,
}

/// An annual check.
#[derive(Debug, Clone, Args)]
pub struct CheckAnnually {
    /// Identifier (电子证照标识), or reference on the ledger (64 hex).
    #[arg(required_unless_present = "csv", conflicts_with = "csv")]
    licence: Option<String>,
    /// The year it is of; with --csv, and so for the options below, of the rows that name none.
    #[arg(long, required_unless_present = "csv", value_parser = clap::value_parser!(u16).range(1949..=9999))]
    year: Option<u16>,
    /// How it ended.
    #[arg(long, required_unless_present = "csv")]
    outcome: Option<CheckOutcome>,
    /// Last day it covers, 2027-06-30, included; or the first moment after it (RFC 3339).
    #[arg(long, value_name = "DAY", required_unless_present = "csv")]
    until: Option<End>,
    /// Code of the legal basis.
    #[arg(long, required_unless_present = "csv")]
    basis: Option<BasisCode>,
    /// Save the receipt here; an earlier file is kept under another name.
    #[arg(long, value_name = "FILE", conflicts_with = "csv")]
    receipt: Option<PathBuf>,
    #[command(flatten)]
    bulk: Bulk,
}

/// A file at hand, and what it says of itself, which must be of this licence.
fn examined(
    algorithm: DigestAlgorithm,
    licence: &LicenceRef,
    file: &Path,
    trust: Option<&Path>,
    exception: Option<&BasisCode>,
) -> Result<(Document, Admitted), ClientError> {
    let trust = trust_list(trust)?;
    let examined = examine(file, trust.as_ref(), None)?;
    let found = admit(&examined, None, exception)?;
    if found.id.as_ref().is_some_and(|id| LicenceRef::of(algorithm, id) != *licence) {
        let said = say!(
            "the file states the identifier of another licence; take the right file, or name that licence",
            "文件自身所载为另一证照的标识；请换用正确的文件，或指明该证照"
        );
        return Err(ClientError::at(file.display().to_string(), said));
    }
    Ok((examined.document, found))
}

/// The particulars that hold now, proven.
async fn particulars(client: &Client, licence: LicenceRef) -> Result<Particulars, ClientError> {
    let (receipt, _) = client.receipt(ReceiptOf::Licence(licence), None).await?;
    let proven = client.trust().check(&receipt)?.status.flatten();
    let unknown = || ClientError::at("LICENCE", say!("the receipt is about no licence", "此回执与任何证照无关"));
    let issued = licence_of(&receipt.record).ok_or_else(unknown)?;
    Ok(LicenceState::corrected(proven.as_ref(), issued, TimeMs::MAX).particulars())
}

impl Correct {
    pub(super) async fn run(self, global: &Global, output: &Output) -> Result<ExitCode, ClientError> {
        note_check_character(output, licence_subject(&self.licence).ok().as_ref());
        self.names_something()?;
        let build = |algorithm| {
            let licence = reference(algorithm, &self.licence)?;
            let file = self.file.as_deref();
            let trust = self.trust_list.as_deref();
            let file =
                file.map(|file| examined(algorithm, &licence, file, trust, self.exception.as_ref())).transpose()?;
            Ok((licence, file))
        };
        let (client, (licence, file)) = global.ready(Needs::Record, build).await?;
        let particulars = self.corrected(particulars(&client, licence).await?, file)?;
        let operation = LicenceOperation::Correct(Correction { licence, reason: self.reason.into(), particulars });
        let file = self.file.map(|file| file.display().to_string());
        submit(global, output, &client, operation, licence, Some(self.licence), file, self.receipt).await
    }

    /// Refuses a correction that names nothing, before any node is asked.
    fn names_something(&self) -> Result<(), ClientError> {
        let is_given = self.file.is_some()
            || self.valid_from.is_some()
            || self.valid_until.is_some()
            || self.no_end
            || self.region.is_some()
            || self.metadata.is_some()
            || self.holder_commitment.is_some();
        if is_given {
            return Ok(());
        }
        let said = say!(
            "nothing is given that was recorded wrongly: --file, --valid-from, --valid-until, --no-end, --region, --metadata or \
             --holder-commitment",
            "未给出记录有误之处：--file、--valid-from、--valid-until、--no-end、--region、--metadata 或 --holder-commitment"
        );
        Err(ClientError::at("licence correct", said))
    }

    /// What is recorded, with what is given put in its place. What a file says of itself and the command line otherwise is refused.
    fn corrected(&self, recorded: Particulars, file: Option<(Document, Admitted)>) -> Result<Particulars, ClientError> {
        let mut right = recorded;
        let mut found = Admitted::default();
        if let Some((document, admitted)) = file {
            admitted.check_dates(self.valid_from.is_some(), self.valid_until.is_some() || self.no_end)?;
            right.document = document;
            right.seal.clone_from(&admitted.seal);
            right.exception.clone_from(&self.exception);
            found = admitted;
        }
        if let (true, Some(_)) = (self.no_end, found.valid_until_ms) {
            let said = say!("the file itself states an end", "文件自身载有有效期截止日期");
            return Err(ClientError::at("--no-end", said));
        }
        right.region = self.region.unwrap_or(right.region);
        right.metadata = agreed("--metadata", self.metadata, found.metadata)?.or(right.metadata);
        right.holder = self.holder_commitment.or(right.holder);
        right.valid_from_ms =
            agreed("--valid-from", self.valid_from, found.valid_from_ms)?.unwrap_or(right.valid_from_ms);
        let until = agreed_end(self.valid_until, found.valid_until_ms)?;
        right.valid_until_ms = if self.no_end { None } else { until.or(right.valid_until_ms) };
        Ok(right)
    }
}

impl Attach {
    pub(super) async fn run(self, global: &Global, output: &Output) -> Result<ExitCode, ClientError> {
        note_check_character(output, licence_subject(&self.licence).ok().as_ref());
        let build = |algorithm| {
            let licence = reference(algorithm, &self.licence)?;
            let (document, found) = examined(algorithm, &licence, &self.file, self.trust_list.as_deref(), None)?;
            Ok((licence, document, found.warnings))
        };
        let (client, (licence, document, warnings)) = global.ready(Needs::Record, build).await?;
        for code in warnings {
            output.note(&format!("huxin: 注意 warning: {code}"));
        }
        let operation = LicenceOperation::Attach(Attachment {
            licence,
            document,
            role: self.role.into(),
            purpose: self.purpose,
            expires_ms: self.expires.map(End::first_moment_after),
        });
        let file = Some(self.file.display().to_string());
        submit(global, output, &client, operation, licence, Some(self.licence), file, self.receipt).await
    }
}

impl Detach {
    pub(super) async fn run(self, global: &Global, output: &Output) -> Result<ExitCode, ClientError> {
        note_check_character(output, licence_subject(&self.licence).ok().as_ref());
        let build = |algorithm| {
            let licence = reference(algorithm, &self.licence)?;
            let document = match self.file.to_ascii_lowercase().parse::<Digest>() {
                Ok(digest) => digest,
                Err(_) => document_of(Path::new(&self.file))?.sha256,
            };
            Ok((licence, document))
        };
        let (client, (licence, document)) = global.ready(Needs::Record, build).await?;
        let effective_ms = self.effective.unwrap_or_else(clock);
        let operation = LicenceOperation::Detach(Detachment { licence, document, basis: self.basis, effective_ms });
        submit(global, output, &client, operation, licence, Some(self.licence), Some(self.file), self.receipt).await
    }
}

impl CheckAnnually {
    pub(super) async fn run(self, global: &Global, output: &Output) -> Result<ExitCode, ClientError> {
        let outcome = self.outcome.map(AnnualOutcome::from);
        if self.bulk.csv.is_some() {
            let (basis, year, until) = (self.basis, self.year, self.until);
            let defaults = Defaults { basis, year, outcome, until, ..Defaults::default() };
            return send_changes(self.bulk, global, output, TableOf::AnnualCheck, defaults).await;
        }
        let text = self.licence.ok_or_else(|| missing("LICENCE"))?;
        note_check_character(output, licence_subject(&text).ok().as_ref());
        let (client, licence) = global.ready(Needs::Record, |algorithm| reference(algorithm, &text)).await?;
        let operation = LicenceOperation::AnnualCheck(AnnualCheck {
            licence,
            year: self.year.ok_or_else(|| missing("--year"))?,
            outcome: outcome.ok_or_else(|| missing("--outcome"))?,
            until_ms: self.until.ok_or_else(|| missing("--until"))?.first_moment_after(),
            basis: self.basis.ok_or_else(|| missing("--basis"))?,
        });
        submit(global, output, &client, operation, licence, Some(text), None, self.receipt).await
    }
}
