//! Tables of licences to record.
//!
//! Columns, in any order: `licence_id`; then `file`, or `sha256` and `size_bytes` (and `sm3`); and where wanted
//! `licence_type`, `issuer`, `version` (must agree with the identifier), `region`, `valid_from`, `valid_until`, `seal`,
//! `seal_certificate`, `exception`, `holder_commitment`, `metadata`, `imported` (for versions above 1).

use std::path::Path;

use huxin_chain_spec::crypto::{Digest, DigestAlgorithm};
use huxin_chain_spec::ids::{BasisCode, LicenceId, LicenceIssuer, LicenceRef, RegionCode, TimeMs, Uscc, licence_name};
use huxin_chain_spec::privacy;
use huxin_chain_spec::record::LicenceOperation;
use huxin_chain_spec::record::licence::{DOCUMENT_BYTES_MAX, Document, Licence, SealReference};
use huxin_chain_spec::rules::licence::LICENCE_VERSION_MAX;
use serde::Deserialize;

use super::layout::Columns;
use super::table::{Parsed, Table, column, named, read_rows};
use crate::dates::{End, ended_warning};
use crate::error::ClientError;
use crate::said::Said;
use crate::say;
use crate::sdk::{clock, document_of};
use crate::sealed::{check_identifier, identifier};

const COLUMNS: Columns = Columns {
    needed: "licence_id",
    known: &[
        "licence_id",
        "file",
        "sha256",
        "sm3",
        "size_bytes",
        "licence_type",
        "issuer",
        "region",
        "version",
        "valid_from",
        "valid_until",
        "seal",
        "seal_certificate",
        "exception",
        "holder_commitment",
        "metadata",
        "imported",
    ],
};

/// A row as written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    licence_id: String,
    file: Option<String>,
    sha256: Option<String>,
    sm3: Option<String>,
    size_bytes: Option<u64>,
    licence_type: Option<String>,
    issuer: Option<String>,
    region: Option<String>,
    version: Option<u16>,
    valid_from: Option<String>,
    valid_until: Option<String>,
    seal: Option<String>,
    seal_certificate: Option<String>,
    exception: Option<String>,
    holder_commitment: Option<String>,
    metadata: Option<String>,
    imported: Option<String>,
}

/// Reads the whole table; files are looked for beside it and digested.
///
/// # Errors
/// As [`read_rows`].
pub fn read_table(path: &Path, algorithm: DigestAlgorithm, on_rows: impl FnMut(u64)) -> Result<Table, ClientError> {
    let (folder, now) = (path.parent().unwrap_or(Path::new(".")), clock());
    read_rows(path, &COLUMNS, on_rows, |raw: Raw| {
        let licence = raw.licence(folder, algorithm)?;
        Ok(Parsed {
            thing: (licence.licence, 0),
            has_ended: ended_warning(licence.valid_until_ms, now).is_some(),
            is_odd: false,
            operation: LicenceOperation::Issue(licence),
        })
    })
}

impl Raw {
    fn licence(&self, folder: &Path, algorithm: DigestAlgorithm) -> Result<Licence, Said> {
        if self.licence_id.is_empty() {
            return Err(say!("licence_id: needed", "licence_id：必须填写"));
        }
        let id = identifier(&self.licence_id).map_err(|said| named("licence_id", said))?;
        let exception: Option<BasisCode> = column("exception", self.exception.as_deref())?;
        check_identifier(&id, exception.as_ref()).map_err(|said| named("licence_id", said))?;
        let issuer = self.agrees_with(&id)?;
        let region: RegionCode = match (column("region", self.region.as_deref())?, id.issuer()) {
            (Some(region), _) | (None, LicenceIssuer::Region(region)) => region,
            (None, LicenceIssuer::Organisation(_)) => {
                let digits = issuer.to_string();
                digits.get(2..8).unwrap_or_default().parse().map_err(|error| named("region", Said::from(error)))?
            }
        };
        let valid_from_ms: Option<TimeMs> = column("valid_from", self.valid_from.as_deref())?;
        let valid_from_ms = valid_from_ms.ok_or_else(|| say!("valid_from: needed", "valid_from：必须填写"))?;
        let valid_until_ms = column::<End>("valid_until", self.valid_until.as_deref())?.map(End::first_moment_after);
        if valid_until_ms.is_some_and(|until| until <= valid_from_ms) {
            return Err(say!("valid_until: before valid_from", "valid_until：早于 valid_from"));
        }
        let name = licence_name(algorithm, &Digest::ZERO, &id);
        Ok(Licence {
            // By the issuer, whom an identifier of a region does not name.
            licence: LicenceRef::owned(algorithm, &issuer, &name),
            name,
            licence_type: id.licence_type(),
            issuer,
            region,
            version: id.version(),
            first: id.first_version().map(|first| licence_name(algorithm, &Digest::ZERO, &first)),
            imported: self.imported(&id)?,
            document: self.document(folder)?,
            metadata: column("metadata", self.metadata.as_deref())?,
            seal: self.seal()?,
            exception,
            holder: column("holder_commitment", self.holder_commitment.as_deref())?,
            valid_from_ms,
            valid_until_ms,
        })
    }

    /// The reason for an import, which a version above 1 needs and version 1 has not. The ledger would refuse the whole batch.
    fn imported(&self, id: &LicenceId) -> Result<Option<BasisCode>, Said> {
        match (id.version() > 1, column("imported", self.imported.as_deref())?) {
            (true, None) => Err(say!(
                "imported: needed for a version above 1: the code of the reason for which its predecessor is not on the ledger",
                "imported：版本号大于 1 时必须填写前一版本未上账的原因代码"
            )),
            (false, Some(_)) => {
                Err(say!("imported: version 1 is no import; leave it empty", "imported：版本 1 不是导入，请留空"))
            }
            (_, imported) => Ok(imported),
        }
    }

    /// The issuer of the identifier, which all that the row repeats of the identifier must agree with.
    fn agrees_with(&self, id: &LicenceId) -> Result<Uscc, Said> {
        let given = column::<Uscc>("issuer", self.issuer.as_deref())?;
        let issuer = match id.issuer() {
            LicenceIssuer::Organisation(issuer) => issuer,
            LicenceIssuer::Region(region) => given.ok_or_else(|| {
                say!(
                    "issuer: needed, the identifier names the region {region} in place of its issuer",
                    "issuer：必须填写，证照标识的颁发机构段是行政区划 {region}"
                )
            })?,
        };
        let agrees = |name: &str, given: Option<bool>| match given {
            Some(false) => Err(say!("{name}: differs from the identifier", "{name}：与证照标识不一致")),
            _ => Ok(()),
        };
        let licence_type = self.licence_type.as_deref().filter(|text| !text.is_empty());
        agrees("licence_type", licence_type.map(|text| text == id.licence_type().to_string()))?;
        agrees("issuer", given.map(|given| given == issuer))?;
        agrees("version", self.version.map(|given| given == id.version()))?;
        if id.version() > LICENCE_VERSION_MAX {
            return Err(say!(
                "licence_id: versions run to {LICENCE_VERSION_MAX}",
                "licence_id：版本号最大为 {LICENCE_VERSION_MAX}"
            ));
        }
        Ok(issuer)
    }

    fn document(&self, folder: &Path) -> Result<Document, Said> {
        let sha256: Option<Digest> = column("sha256", self.sha256.as_deref())?;
        let Some(file) = self.file.as_deref().filter(|file| !file.is_empty()) else {
            let neither = || say!("file or sha256: one of them is needed", "file 与 sha256 必须填写一个");
            let sha256 = sha256.ok_or_else(neither)?;
            let size_bytes =
                self.size_bytes.filter(|size| (1..=DOCUMENT_BYTES_MAX).contains(size)).ok_or_else(|| {
                    say!(
                        "size_bytes: needed with sha256, from 1 to {DOCUMENT_BYTES_MAX}",
                        "size_bytes：与 sha256 同时填写，取值 1 至 {DOCUMENT_BYTES_MAX}"
                    )
                })?;
            return Ok(Document { sha256, sm3: column("sm3", self.sm3.as_deref())?, size_bytes });
        };
        let document = document_of(&folder.join(file)).map_err(|error| {
            let zh = error.body().what_zh;
            Said { en: format!("file: {error}"), zh: format!("file：{}", zh.trim_end_matches('。')), code: None }
        })?;
        let sm3: Option<Digest> = column("sm3", self.sm3.as_deref())?;
        if sha256.is_some_and(|sha256| sha256 != document.sha256) {
            return Err(say!("sha256: the file has another digest", "sha256：与文件的摘要不一致"));
        }
        if sm3.is_some_and(|sm3| Some(sm3) != document.sm3) {
            return Err(say!("sm3: the file has another digest", "sm3：与文件的摘要不一致"));
        }
        match self.size_bytes.filter(|size| *size != document.size_bytes) {
            Some(_) => {
                let found = document.size_bytes;
                Err(say!("size_bytes: the file has {found} bytes", "size_bytes：文件有 {found} 字节"))
            }
            None => Ok(document),
        }
    }

    fn seal(&self) -> Result<Option<SealReference>, Said> {
        let seal = column("seal", self.seal.as_deref())?;
        let certificate = column("seal_certificate", self.seal_certificate.as_deref())?;
        // The ledger would refuse the whole batch; here it costs one row.
        if let Some(found) = self.seal.as_deref().and_then(privacy::scan) {
            return Err(named(
                "seal",
                Said::detail(found.code().what_zh().trim_end_matches('。'), found.code().what_en()),
            ));
        }
        match (seal, certificate) {
            (None, None) => Ok(None),
            (Some(seal), Some(certificate)) => Ok(Some(SealReference { seal, certificate })),
            _ => {
                Err(say!("seal and seal_certificate: give both or none", "seal 与 seal_certificate 须同时填写或都不填"))
            }
        }
    }
}

#[cfg(test)]
#[path = "licences_tests.rs"]
mod tests;
