//! Issues a licence: from a file at hand and what the command line says of it.

use std::path::{Path, PathBuf};

use clap::Args;
use huxin_chain_spec::crypto::{Digest, DigestAlgorithm};
use huxin_chain_spec::ids::{
    BasisCode, IdError, LicenceId, LicenceIssuer, LicenceRef, LicenceType, RegionCode, SealId, TimeMs, Uscc,
    licence_name,
};
use huxin_chain_spec::receipt::Receipt;
use huxin_chain_spec::record::licence::{Licence, SealReference};
use huxin_chain_spec::record::{LicenceOperation, Operation};
use huxin_document::TrustList;
use serde::Serialize;

use super::context::{Global, Needs};
use super::output::Output;
use crate::bulk::read_table;
use crate::dates::{ALREADY_ENDED, End, beijing, end_text, ended_warning, start_text};
use crate::error::{ClientError, ExitCode};
use crate::keep::save;
use crate::say;
use crate::sdk::{Client, Confirmed, Subject, clock};
use crate::sealed::{admit, check_identifier, examine, identifier, trust_list};

/// Licences of one transaction when several files are issued.
const FILES_PER_TRANSACTION: usize = 1_000;
/// Greatest 版本号: an identifier has three digits for it.
const VERSION_MAX: u16 = 999;

/// What the command line says of a new licence.
#[derive(Debug, Clone, Args)]
pub struct NewLicence {
    /// 证照类型代码: 18 characters and 3 digits. Like --issuer, for files that carry no identifier.
    #[arg(long, env = "HUXIN_LICENCE_TYPE")]
    licence_type: Option<LicenceType>,
    /// Unified social credit code of the issuer: the organisation of the signing key.
    #[arg(long, env = "HUXIN_ISSUER")]
    issuer: Option<Uscc>,
    /// Region the licence is issued for; the issuer's own (positions 3 to 8 of its code) if absent.
    #[arg(long, env = "HUXIN_REGION")]
    region: Option<RegionCode>,
    /// Whole identifier (电子证照标识); type, issuer and version are then taken from it.
    #[arg(long)]
    id: Option<String>,
    /// Serial number (流水号); made from the file's digest if absent.
    #[arg(long, conflicts_with = "id")]
    serial: Option<String>,
    /// 版本号, from 1; if absent 1, or the next one for `amend`.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=i64::from(VERSION_MAX)))]
    version: Option<u16>,
    /// The version where none is given; `None`: it must be given.
    #[arg(skip = Some(1))]
    version_if_absent: Option<u16>,
    /// Record a version above 1 whose predecessor is not on the ledger, as from an older register, for the reason of this code.
    #[arg(long, value_name = "CODE")]
    imported: Option<BasisCode>,
    /// First day of validity, 2026-11-21, or its first moment (RFC 3339); today if absent.
    #[arg(long, value_name = "DAY")]
    valid_from: Option<TimeMs>,
    /// Last day of validity, 2036-12-31, included; or the first moment after it (RFC 3339); none if absent.
    #[arg(long, value_name = "DAY")]
    valid_until: Option<End>,
    /// Digest of the canonical metadata (GB/T 36903), hex.
    #[arg(long, value_name = "HEX")]
    metadata: Option<Digest>,
    /// 印章编码 of the seal on the document.
    #[arg(long, requires = "seal_certificate")]
    seal: Option<SealId>,
    /// Digest of the seal signer's certificate, hex.
    #[arg(long, value_name = "HEX", requires = "seal")]
    seal_certificate: Option<Digest>,
    /// Record an OFD file although its own checks do not pass, for the reason of this code, which is recorded too.
    #[arg(long, value_name = "CODE")]
    exception: Option<BasisCode>,
    /// Certificates and revocation lists by which seals are judged: a file, or a folder.
    #[arg(long, value_name = "DIR|FILE")]
    trust_list: Option<PathBuf>,
    /// Keyed commitment to the holder, hex, computed with a key that only the issuer holds.
    #[arg(long, value_name = "HEX")]
    holder_commitment: Option<Digest>,
}

/// A licence ready to be recorded, with its identifier.
pub struct Draft {
    pub file: PathBuf,
    pub id: LicenceId,
    pub licence: Licence,
    /// Codes of what is odd about the file.
    pub warnings: Vec<String>,
}

impl Draft {
    /// Says where the validity has ended already.
    pub fn note_end(&self, output: &Output) {
        if let Some(warning) = ended_warning(self.licence.valid_until_ms, clock()) {
            output.note(&format!("huxin: {}: 注意 warning: {warning}", self.file.display()));
        }
    }
}

fn contradiction(option: &str, found: impl std::fmt::Display) -> ClientError {
    let said = say!(
        "the file itself says {found}; leave the option out, or take the right file",
        "文件自身写的是 {found}；请去掉此参数，或换用正确的文件"
    );
    ClientError::at(option, said)
}

/// What the command line says, unless the file says otherwise.
pub(super) fn agreed<T: PartialEq + std::fmt::Display>(
    option: &str,
    given: Option<T>,
    found: Option<T>,
) -> Result<Option<T>, ClientError> {
    match (given, found) {
        (Some(given), Some(found)) if given != found => Err(contradiction(option, found)),
        (given, found) => Ok(given.or(found)),
    }
}

pub(super) fn agreed_end(given: Option<End>, found: Option<TimeMs>) -> Result<Option<TimeMs>, ClientError> {
    match (given.map(End::first_moment_after), found) {
        (Some(given), Some(found)) if given != found => Err(contradiction("--valid-until", end_text(found))),
        (given, found) => Ok(given.or(found)),
    }
}

impl NewLicence {
    /// For a licence that replaces `predecessor`: its version is the next one. A reference does not tell it.
    pub fn replacing(self, predecessor: &Subject) -> Self {
        let version_if_absent = match predecessor {
            Subject::Identifier(id) => id.version().checked_add(1).filter(|next| *next <= VERSION_MAX),
            _ => None,
        };
        Self { version_if_absent, ..self }
    }

    /// The certificates to judge seals by, if any were given.
    pub fn trust(&self) -> Result<Option<TrustList>, ClientError> {
        trust_list(self.trust_list.as_deref())
    }

    /// Reads the file and completes the licence: from what the file says of itself where it is an OFD licence, and from the command
    /// line where it is not, or says nothing.
    pub fn draft(
        &self,
        algorithm: DigestAlgorithm,
        file: &Path,
        trust: Option<&TrustList>,
    ) -> Result<Draft, ClientError> {
        let given = self.id.as_deref().map(identifier).transpose();
        let given = given.map_err(|said| ClientError::at("--id", said))?;
        let examined = examine(file, trust, None)?;
        let found = admit(&examined, given.as_ref(), self.exception.as_ref())?;
        found.check_dates(self.valid_from.is_some(), self.valid_until.is_some())?;
        let document = examined.document;
        let id = match (given, found.id) {
            (Some(given), Some(found)) if given != found => return Err(contradiction("--id", &found)),
            (Some(id), _) | (None, Some(id)) => {
                self.agrees_with(&id)?;
                id
            }
            (None, None) => self.new_id(&document.sha256)?,
        };
        check_identifier(&id, self.exception.as_ref()).map_err(|said| ClientError::at("--exception", said))?;
        let (issuer, region) = match id.issuer() {
            LicenceIssuer::Organisation(issuer) => (issuer, None),
            LicenceIssuer::Region(region) => {
                let said = say!(
                    "needed: the identifier names the region {region} in place of its issuer",
                    "须给出：证照标识的颁发机构段是行政区划 {region}"
                );
                (self.issuer.ok_or_else(|| ClientError::at("--issuer", said))?, Some(region))
            }
        };
        let region = self.region.or(region).map_or_else(|| region_of(&issuer), Ok)?;
        let name = licence_name(algorithm, &Digest::ZERO, &id);
        let licence = Licence {
            // By the issuer, whom an identifier of a region does not name.
            licence: LicenceRef::owned(algorithm, &issuer, &name),
            name,
            licence_type: id.licence_type(),
            issuer,
            region,
            version: id.version(),
            first: id.first_version().map(|first| licence_name(algorithm, &Digest::ZERO, &first)),
            imported: self.imported.clone().filter(|_| id.version() > 1),
            document,
            metadata: agreed("--metadata", self.metadata, found.metadata)?,
            seal: match (&self.seal, self.seal_certificate, found.seal) {
                (Some(seal), Some(certificate), Some(found))
                    if *seal == found.seal && certificate == found.certificate =>
                {
                    Some(found)
                }
                (Some(_), _, Some(found)) => return Err(contradiction("--seal", &found.seal)),
                (Some(seal), Some(certificate), None) => Some(SealReference { seal: seal.clone(), certificate }),
                (_, _, found) => found,
            },
            exception: self.exception.clone(),
            holder: self.holder_commitment,
            valid_from_ms: match (self.valid_from, found.valid_from_ms) {
                (Some(given), Some(found)) if given != found => {
                    return Err(contradiction("--valid-from", start_text(found)));
                }
                (given, found) => given.or(found).map_or_else(start_of_today, Ok)?,
            },
            valid_until_ms: agreed_end(self.valid_until, found.valid_until_ms)?,
        };
        let mut warnings = found.warnings;
        if ended_warning(licence.valid_until_ms, clock()).is_some() {
            warnings.push(ALREADY_ENDED.to_owned());
        }
        Ok(Draft { file: file.to_owned(), id, licence, warnings })
    }

    fn new_id(&self, sha256: &Digest) -> Result<LicenceId, ClientError> {
        let missing = |name: &str| {
            let said = say!(
                "needed for a file that carries no identifier, unless --id gives the whole identifier",
                "文件中没有证照标识时必须给出，或用 --id 给出完整标识"
            );
            ClientError::at(name, said)
        };
        let licence_type = self.licence_type.ok_or_else(|| missing("--licence-type"))?;
        let issuer = self.issuer.ok_or_else(|| missing("--issuer"))?;
        let serial = match &self.serial {
            Some(serial) => serial.clone(),
            // The same file gives the same identifier, so issuing it twice is noticed.
            None => sha256.to_string().to_uppercase().chars().take(20).collect(),
        };
        let version = self.version.or(self.version_if_absent).ok_or_else(|| missing("--version"))?;
        LicenceId::new(licence_type, issuer, &serial, version).map_err(|error| ClientError::at("--serial", error))
    }

    /// What the command line says of the parts of an identifier that is given whole. The environment only fills in what is missing.
    fn agrees_with(&self, id: &LicenceId) -> Result<(), ClientError> {
        let differs = |option: &str, found: String| {
            let said = say!(
                "the identifier says {found}; leave the option out, or give the right identifier",
                "证照标识中是 {found}；请去掉此参数，或给出正确的标识"
            );
            Err(ClientError::at(option, said))
        };
        let licence_type = id.licence_type();
        if typed("HUXIN_LICENCE_TYPE", self.licence_type.as_ref()).is_some_and(|given| *given != licence_type) {
            return differs("--licence-type", licence_type.to_string());
        }
        if let LicenceIssuer::Organisation(issuer) = id.issuer()
            && typed("HUXIN_ISSUER", self.issuer.as_ref()).is_some_and(|given| *given != issuer)
        {
            return differs("--issuer", issuer.to_string());
        }
        if self.version.is_some_and(|given| given != id.version()) {
            return differs("--version", id.version().to_string());
        }
        match self.serial.as_deref() {
            Some(serial) if serial != id.serial() => differs("--serial", id.serial().to_owned()),
            _ => Ok(()),
        }
    }

    /// The first option that was given, for a command that has no use for any of them. Those of the environment are not meant.
    fn first_given(&self) -> Option<&'static str> {
        let given = [
            ("--licence-type", typed("HUXIN_LICENCE_TYPE", self.licence_type.as_ref()).is_some()),
            ("--issuer", typed("HUXIN_ISSUER", self.issuer.as_ref()).is_some()),
            ("--region", typed("HUXIN_REGION", self.region.as_ref()).is_some()),
            ("--id", self.id.is_some()),
            ("--serial", self.serial.is_some()),
            ("--version", self.version.is_some()),
            ("--imported", self.imported.is_some()),
            ("--valid-from", self.valid_from.is_some()),
            ("--valid-until", self.valid_until.is_some()),
            ("--metadata", self.metadata.is_some()),
            ("--seal", self.seal.is_some()),
            ("--exception", self.exception.is_some()),
            ("--trust-list", self.trust_list.is_some()),
            ("--holder-commitment", self.holder_commitment.is_some()),
        ];
        given.into_iter().find(|(_, is_given)| *is_given).map(|(option, _)| option)
    }

    /// Refuses a new licence above version 1 without the reason for its import, and a reason where none of these licences is one.
    pub fn check_imported(&self, licences: &[&Licence]) -> Result<(), ClientError> {
        if licences.iter().any(|licence| licence.version > 1 && licence.imported.is_none()) {
            let said = say!(
                "needed for the issue of a version above 1: the code of the reason for which its predecessor is not on the ledger",
                "新发版本号大于 1 的证照时必须填写：前一版本未上账的原因代码"
            );
            return Err(ClientError::at("--imported", said));
        }
        if self.imported.is_none() || licences.iter().any(|licence| licence.imported.is_some()) {
            return Ok(());
        }
        let said = say!(
            "nothing is imported: that is the issue of a version above 1; leave it out",
            "没有导入任何证照：仅版本号大于 1 的新发才是导入；请去掉此参数"
        );
        Err(ClientError::at("--imported", said))
    }

    /// Refuses a reason for an import of a licence that replaces another.
    pub fn not_imported(&self) -> Result<(), ClientError> {
        self.check_imported(&[])
    }

    fn names_one_licence(&self) -> bool {
        self.id.is_some() || self.serial.is_some()
    }
}

/// An option that the environment may give too, where it was typed.
fn typed<'a, T: std::fmt::Display>(variable: &str, given: Option<&'a T>) -> Option<&'a T> {
    let value = std::env::var(variable).ok();
    given.filter(|given| value.as_deref() != Some(given.to_string().as_str()))
}

/// The region in positions 3 to 8 of a unified social credit code.
pub fn region_of(issuer: &Uscc) -> Result<RegionCode, ClientError> {
    let text = issuer.to_string();
    let region = text.get(2..8).unwrap_or_default();
    region.parse().map_err(|_| {
        let said = say!("needed, for the code of the issuer names no region", "须给出，因为机构代码中没有行政区划");
        ClientError::at("--region", said)
    })
}

fn start_of_today() -> Result<TimeMs, ClientError> {
    clock().date_beijing().parse().map_err(|error: IdError| ClientError::at("--valid-from", error))
}

/// `huxin licence issue FILE...`
#[derive(Debug, Clone, Args)]
pub struct Issue {
    /// Documents; one licence each.
    #[arg(required_unless_present = "csv", value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    licence: NewLicence,
    /// Save the receipt here; with several files, a folder that gets one receipt each. Earlier files are kept under other names.
    #[arg(long, value_name = "PATH")]
    receipt: Option<PathBuf>,
    #[command(flatten)]
    pub bulk: super::bulk::Bulk,
}

/// One recorded licence, as reported.
#[derive(Debug, Serialize)]
pub struct Recorded {
    pub operation: &'static str,
    pub file: Option<String>,
    pub licence_id: Option<String>,
    /// Reference on the ledger.
    pub licence: String,
    pub tx_id: String,
    pub record: u64,
    pub height: u64,
    pub time: String,
    pub receipt: Option<String>,
    pub proven: bool,
    /// Codes of what is odd about the file.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

impl Recorded {
    /// What people read.
    pub fn text(&self) -> String {
        let what = self.file.as_deref().map(|file| format!("{file}: ")).unwrap_or_default();
        let id = self.licence_id.as_deref().unwrap_or(&self.licence);
        let receipt = self.receipt.as_deref().map(|path| format!("\n  receipt      {path}")).unwrap_or_default();
        let warnings: String = self.warnings.iter().map(|code| format!("\n  注意 warning  {code}")).collect();
        format!(
            "{what}{} recorded, proof checked / 已上账，证明已核验\n  licence      {id}\n  record       {} at height {}, {}\n  transaction  {}{receipt}{warnings}",
            self.operation,
            self.record,
            self.height,
            beijing(&self.time),
            self.tx_id
        )
    }
}

impl Issue {
    pub async fn run(self, global: &Global, output: &Output) -> Result<ExitCode, ClientError> {
        if self.bulk.csv.is_some() {
            if !self.files.is_empty() {
                return Err(ClientError::at(
                    "--csv",
                    say!("give a table or files, not both", "表格与文件只能给出一种"),
                ));
            }
            let receipt = self.receipt.is_some().then_some("--receipt");
            if let Some(option) = self.licence.first_given().or(receipt) {
                let said = say!(
                    "has no effect with --csv: the table has a column for what differs by licence, and no receipts are saved; leave it out",
                    "与 --csv 同用时不起作用：各证照的内容写在表格的列中，回执不另存；请去掉此参数"
                );
                return Err(ClientError::at(option, said));
            }
            let read = |path: &Path, algorithm, on_rows: &mut dyn FnMut(u64)| read_table(path, algorithm, on_rows);
            return self.bulk.run(global, output, read).await;
        }
        if self.files.len() > 1 && self.licence.names_one_licence() {
            let said = say!("names one licence, but several files are given", "只能指一份证照，却给出了多个文件");
            return Err(ClientError::at("--id/--serial", said));
        }
        let many = self.files.len() > 1;
        let drafts = |algorithm| {
            let trust = self.licence.trust()?;
            let draft = |file: &PathBuf| self.licence.draft(algorithm, file, trust.as_ref());
            let drafts = self.files.iter().map(draft).collect::<Result<Vec<_>, ClientError>>()?;
            self.licence.check_imported(&drafts.iter().map(|draft| &draft.licence).collect::<Vec<_>>())?;
            Ok(drafts)
        };
        let (client, drafts) = global.ready(Needs::Record, drafts).await?;
        drafts.iter().for_each(|draft| draft.note_end(output));
        let mut recorded = Vec::new();
        for chunk in drafts.chunks(FILES_PER_TRANSACTION) {
            let operations = chunk.iter().map(|draft| issue(&draft.licence)).collect();
            let confirmed = global.submit(&client, operations).await.map_err(|error| name_file(error, chunk))?;
            for (offset, draft) in chunk.iter().enumerate() {
                let path = self.receipt_path(&draft.file, many);
                recorded.push(report(&client, &confirmed, offset as u64, draft, path).await?);
            }
        }
        output.answer(&recorded, || recorded.iter().map(Recorded::text).collect::<Vec<_>>().join("\n"));
        Ok(ExitCode::Success)
    }
}

impl Issue {
    /// Where the receipt of a file goes.
    fn receipt_path(&self, file: &Path, many: bool) -> Option<PathBuf> {
        self.receipt.as_deref().map(|path| if many { receipt_in(path, file) } else { path.to_owned() })
    }
}

/// Names the file of the operation that was refused: `operation 1 (b.ofd)`. Its number begins at 0.
fn name_file(mut error: ClientError, drafts: &[Draft]) -> ClientError {
    let draft = error.refused_operation().and_then(|position| drafts.get(position));
    if let (Some(draft), ClientError::Refused { body, .. } | ClientError::Rejected { body, .. }) = (draft, &mut error) {
        body.place = format!("{} ({})", body.place, draft.file.display());
    }
    error
}

fn issue(licence: &Licence) -> Operation {
    Operation::Licence(LicenceOperation::Issue(licence.clone()))
}

fn receipt_in(folder: &Path, file: &Path) -> PathBuf {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(".receipt");
    folder.join(name)
}

/// Describes the `offset`-th record of a transaction, saving its receipt if asked.
async fn report(
    client: &Client,
    confirmed: &Confirmed,
    offset: u64,
    draft: &Draft,
    path: Option<PathBuf>,
) -> Result<Recorded, ClientError> {
    let committed = confirmed.committed;
    let index = huxin_chain_spec::ids::RecordIndex(committed.first_record.0 + offset);
    if let Some(path) = &path {
        let bytes = if offset == 0 {
            confirmed.receipt_bytes.clone()
        } else {
            let is_ours = |receipt: &Receipt| match receipt.record.tx_id == committed.tx_id {
                true => Ok(()),
                false => Err(format!("record {index} is not of transaction {}", committed.tx_id)),
            };
            client.record_receipt(index, is_ours).await?.1
        };
        save(path, &bytes)?;
    }
    Ok(Recorded {
        operation: "licence.issue",
        file: Some(draft.file.display().to_string()),
        licence_id: Some(draft.id.to_string()),
        licence: draft.licence.licence.to_string(),
        tx_id: committed.tx_id.to_string(),
        record: index.0,
        height: committed.height,
        time: confirmed.receipt.record.time_ms.to_string(),
        receipt: path.map(|path| path.display().to_string()),
        proven: true,
        warnings: draft.warnings.clone(),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn new_licence(line: &str) -> NewLicence {
        use clap::Parser as _;
        #[derive(clap::Parser)]
        struct Line {
            #[command(flatten)]
            licence: NewLicence,
        }
        Line::try_parse_from(std::iter::once("x").chain(line.split_whitespace())).unwrap().licence
    }

    /// Beside an identifier, its parts were dropped without a word whatever they said.
    #[test]
    fn parts_beside_an_identifier_must_agree_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.txt");
        std::fs::write(&file, b"a licence").unwrap();
        let whole = crate::test_chain::licence_id("A");
        let draft =
            |line: &str| new_licence(&format!("--id {whole} {line}")).draft(DigestAlgorithm::Sha256, &file, None);
        let issuer = crate::testnet::PROVINCES[0].issuer().unwrap();
        let agreeing = format!("--licence-type 11100000000013338W011 --issuer {issuer} --version 1");
        assert_eq!(draft(&agreeing).unwrap().id, whole);
        let other = crate::testnet::PROVINCES[1].issuer().unwrap();
        let issuer = format!("--issuer {other}");
        for (line, place) in [("--version 2", "--version"), (issuer.as_str(), "--issuer")] {
            let error = draft(line).err().unwrap();
            assert!(matches!(&error, ClientError::Input { place: found, .. } if found == place), "{error}");
        }
        // The same for an identifier that the file carries.
        let with_serial = NewLicence { serial: Some("B".to_owned()), ..new_licence("") };
        assert!(with_serial.agrees_with(&whole).unwrap_err().to_string().contains("--serial: the identifier says A"));
        assert!(NewLicence { serial: Some("A".to_owned()), ..new_licence("") }.agrees_with(&whole).is_ok());
    }

    /// Registers of some cities write a region as issuer, others another check character; such licences could not be recorded at all.
    #[test]
    fn an_identifier_of_an_older_register_is_recorded_with_an_exception() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.txt");
        std::fs::write(&file, b"a licence").unwrap();
        let issuer = crate::testnet::PROVINCES[0].issuer().unwrap();
        let draft = |line: &str| new_licence(line).draft(DigestAlgorithm::Sha256, &file, None);
        let refused = |line: &str| draft(line).err().unwrap().body().place;
        let whole = crate::test_chain::licence_id("A").to_string();
        let wrong = if whole.ends_with('0') { "1" } else { "0" };
        let wrong = format!("{}{wrong}", &whole[..whole.len() - 1]);
        assert_eq!(refused(&format!("--id {wrong}")), "--exception");
        assert_eq!(refused(&format!("--id {whole} --exception DR-1")), "--exception", "nothing calls for it");
        let found = draft(&format!("--id {wrong} --exception DR-1")).unwrap();
        assert_eq!(found.licence.name, licence_name(DigestAlgorithm::Sha256, &Digest::ZERO, &found.id));
        assert_eq!((found.id.to_string(), found.licence.exception), (wrong, Some("DR-1".parse().unwrap())));
        let region = "1.2.156.3005.2.11100000000013338W011.310115.20260001.001.A";
        assert_eq!(refused(&format!("--id {region} --exception DR-1")), "--issuer", "whoever records it");
        assert_eq!(refused(&format!("--id {region} --issuer {issuer}")), "--exception");
        let licence = draft(&format!("--id {region} --issuer {issuer} --exception DR-1")).unwrap().licence;
        assert_eq!((licence.issuer, licence.region), (issuer, "310115".parse().unwrap()));
        assert_eq!(licence.licence, LicenceRef::owned(DigestAlgorithm::Sha256, &issuer, &licence.name));
        assert_eq!(refused("--id 1.2.156.3005.2.11100000000013338W011.31011.20260001.001.A --exception DR-1"), "--id");
    }

    /// Times before 1970 were refused, and in a file they became today.
    #[test]
    fn a_licence_may_be_older_than_1970() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.txt");
        std::fs::write(&file, b"a licence").unwrap();
        let whole = crate::test_chain::licence_id("A");
        let line = format!("--id {whole} --valid-from 1956-05-01 --valid-until 1969-12-31");
        let licence = new_licence(&line).draft(DigestAlgorithm::Sha256, &file, None).unwrap().licence;
        assert_eq!(licence.valid_from_ms, "1956-05-01".parse().unwrap());
        assert_eq!(licence.valid_until_ms, Some("1970-01-01".parse().unwrap()));
    }

    /// `amend` took version 1, which every ledger refuses for a licence that replaces another.
    #[test]
    fn a_replacement_has_the_next_version() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.txt");
        std::fs::write(&file, b"a licence").unwrap();
        let issuer = crate::testnet::PROVINCES[0].issuer().unwrap();
        let line = format!("--licence-type 11100000000013338W011 --issuer {issuer}");
        let predecessor = crate::test_chain::licence_id("A");
        let reference = Subject::Reference(LicenceRef::of(DigestAlgorithm::Sha256, &predecessor));
        let predecessor = Subject::Identifier(predecessor);
        let version = |new: NewLicence| {
            new.draft(DigestAlgorithm::Sha256, &file, None)
                .map(|draft| draft.id.version())
                .map_err(|error| error.body().place)
        };
        assert_eq!(version(new_licence(&line)), Ok(1));
        assert_eq!(version(new_licence(&line).replacing(&predecessor)), Ok(2));
        assert_eq!(version(new_licence(&line).replacing(&reference)), Err("--version".to_owned()));
        assert_eq!(version(new_licence(&format!("{line} --version 7")).replacing(&reference)), Ok(7));
    }

    /// "At operation 1" did not say which of several files was meant.
    #[test]
    fn a_refusal_names_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let issuer = crate::testnet::PROVINCES[0].issuer().unwrap();
        let licence = new_licence(&format!("--licence-type 11100000000013338W011 --issuer {issuer}"));
        let draft = |name: &str| {
            let file = folder.path().join(name);
            std::fs::write(&file, name).unwrap();
            licence.draft(DigestAlgorithm::Sha256, &file, None).unwrap()
        };
        let drafts = [draft("a.txt"), draft("b.txt")];
        let body = huxin_chain_spec::api::ErrorBody {
            code: "licence.duplicate".to_owned(),
            what: String::new(),
            what_zh: String::new(),
            place: "operation 1".to_owned(),
            next: String::new(),
            next_zh: String::new(),
        };
        let error = ClientError::Rejected { tx_id: String::new(), height: 1, body: Box::new(body) };
        let named = name_file(error, &drafts);
        assert!(named.body().place.starts_with("operation 1 (") && named.body().place.ends_with("b.txt)"));
        assert_eq!(named.refused_operation(), Some(1), "still read by programs");
    }

    /// What the table says of each row, the command line said too, and it was dropped.
    #[test]
    fn every_option_of_a_licence_is_known_beside_a_table() {
        let hex = "00".repeat(32);
        let lines = [
            "--licence-type 11100000000013338W011".to_owned(),
            "--issuer 11310100001000000X".to_owned(),
            "--region 310000".to_owned(),
            "--id X".to_owned(),
            "--serial X".to_owned(),
            "--version 1".to_owned(),
            "--imported DR-1".to_owned(),
            "--valid-from 2026-01-01".to_owned(),
            "--valid-until 2026-01-01".to_owned(),
            format!("--metadata {hex}"),
            format!("--seal 31010000000017 --seal-certificate {hex}"),
            "--exception PAPER-1".to_owned(),
            "--trust-list t".to_owned(),
            format!("--holder-commitment {hex}"),
        ];
        let issuer = crate::testnet::PROVINCES[0].issuer().unwrap().to_string();
        for line in lines {
            let line = line.replace("11310100001000000X", &issuer);
            assert_eq!(new_licence(&line).first_given(), line.split(' ').next(), "{line}");
        }
        assert_eq!(new_licence("").first_given(), None);
        let command = <NewLicence as clap::Args>::augment_args(clap::Command::new("x"));
        assert_eq!(command.get_arguments().count(), 15, "an option that `first_given` does not know");
    }
}
