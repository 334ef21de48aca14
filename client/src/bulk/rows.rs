//! Reading the table: every row is checked before anything is sent.
//!
//! Columns, in any order: `licence_id`; then `file`, or `sha256` and `size_bytes` (and `sm3`); and where wanted
//! `licence_type`, `issuer`, `version` (must agree with the identifier), `region`, `valid_from`, `valid_until`, `seal`,
//! `seal_certificate`, `exception`, `holder_commitment`, `metadata`. An unknown column is an error: a misspelt one would be lost.

use std::collections::HashMap;
use std::path::Path;

use huxin_chain_spec::crypto::{Digest, DigestAlgorithm};
use huxin_chain_spec::ids::{LicenceId, LicenceIssuer, LicenceRef, RegionCode, TimeMs, Uscc};
use huxin_chain_spec::privacy;
use huxin_chain_spec::record::licence::{Document, Licence, SealReference};
use huxin_chain_spec::rules::licence::LICENCE_VERSION_MAX;
use rayon::prelude::*;
use serde::Deserialize;

use crate::error::ClientError;
use crate::sdk::document_of;

/// Rows read at a time.
const ROWS_PER_CHUNK: usize = 4_096;
/// Bad rows kept for the report; more are only counted.
const BAD_ROWS_MAX: usize = 1_000;

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
}

/// A row that can be recorded.
#[derive(Debug, Clone)]
pub struct Row {
    /// Line in the file, from 1; the head is line 1.
    pub line: u64,
    pub licence: Licence,
}

/// A row that cannot.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct BadRow {
    pub line: u64,
    pub reason: String,
}

/// The table.
#[derive(Debug, Default)]
pub struct Table {
    pub rows: Vec<Row>,
    /// The first thousand.
    pub bad: Vec<BadRow>,
    pub bad_count: u64,
}

impl Table {
    fn refuse(&mut self, line: u64, reason: String) {
        self.bad_count += 1;
        if self.bad.len() < BAD_ROWS_MAX {
            self.bad.push(BadRow { line, reason });
        }
    }
}

/// Reads the whole table; files are looked for beside it and digested on all cores. `on_rows` is told of progress.
pub fn read_table(path: &Path, algorithm: DigestAlgorithm, mut on_rows: impl FnMut(u64)) -> Result<Table, ClientError> {
    let bad_file = |error: csv::Error| ClientError::input(path.display().to_string(), error);
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_path(path).map_err(bad_file)?;
    let folder = path.parent().unwrap_or(Path::new("."));
    let head = reader.headers().map_err(bad_file)?.clone();
    let (mut table, mut seen) = (Table::default(), HashMap::new());
    let mut records = reader.records();
    loop {
        let chunk: Vec<_> = records.by_ref().take(ROWS_PER_CHUNK).collect();
        if chunk.is_empty() {
            return Ok(table);
        }
        on_rows(chunk.len() as u64);
        let rows: Vec<(u64, Result<Licence, String>)> =
            chunk.into_par_iter().map(|record| read_row(record, &head, folder, algorithm)).collect();
        for (line, row) in rows {
            match row {
                Err(reason) => table.refuse(line, reason),
                Ok(licence) => match seen.insert(licence.licence, line) {
                    None => table.rows.push(Row { line, licence }),
                    Some(first) => table.refuse(line, format!("licence_id stands already in line {first}")),
                },
            }
        }
    }
}

fn read_row(
    record: Result<csv::StringRecord, csv::Error>,
    head: &csv::StringRecord,
    folder: &Path,
    algorithm: DigestAlgorithm,
) -> (u64, Result<Licence, String>) {
    match record {
        Err(error) => (error.position().map_or(0, csv::Position::line), Err(error.to_string())),
        Ok(record) => {
            let line = record.position().map_or(0, csv::Position::line);
            let raw: Result<Raw, _> = record.deserialize(Some(head));
            // The error's own text would repeat the position.
            let licence = raw.map_err(|error| match error.kind() {
                csv::ErrorKind::Deserialize { err, .. } => err.to_string(),
                _ => error.to_string(),
            });
            (line, licence.and_then(|raw| raw.licence(folder, algorithm)))
        }
    }
}

/// Reads one optional column, naming it where it cannot be read.
fn column<T: std::str::FromStr>(name: &str, text: Option<&str>) -> Result<Option<T>, String>
where
    T::Err: std::fmt::Display,
{
    match text.filter(|text| !text.is_empty()) {
        None => Ok(None),
        Some(text) => text.parse().map(Some).map_err(|error| format!("{name}: {error}")),
    }
}

impl Raw {
    fn licence(&self, folder: &Path, algorithm: DigestAlgorithm) -> Result<Licence, String> {
        let id: LicenceId = self.licence_id.parse().map_err(|error| format!("licence_id: {error}"))?;
        let LicenceIssuer::Organisation(issuer) = id.issuer() else {
            return Err("licence_id: its issuer is a region, not an organisation".to_owned());
        };
        let agrees = |name: &str, given: Option<bool>| match given {
            Some(false) => Err(format!("{name}: differs from the identifier")),
            _ => Ok(()),
        };
        agrees(
            "licence_type",
            self.licence_type.as_deref().filter(|t| !t.is_empty()).map(|t| t == id.licence_type().to_string()),
        )?;
        agrees("issuer", column::<Uscc>("issuer", self.issuer.as_deref())?.map(|given| given == issuer))?;
        agrees("version", self.version.map(|given| given == id.version()))?;
        if id.version() > LICENCE_VERSION_MAX {
            return Err(format!("licence_id: versions run to {LICENCE_VERSION_MAX}"));
        }
        let region: RegionCode = match column("region", self.region.as_deref())? {
            Some(region) => region,
            None => {
                issuer.to_string().get(2..8).unwrap_or_default().parse().map_err(|error| format!("region: {error}"))?
            }
        };
        let valid_from_ms: TimeMs = column("valid_from", self.valid_from.as_deref())?.ok_or("valid_from: needed")?;
        let valid_until_ms: Option<TimeMs> = column("valid_until", self.valid_until.as_deref())?;
        if valid_until_ms.is_some_and(|until| until <= valid_from_ms) {
            return Err("valid_until: not after valid_from".to_owned());
        }
        Ok(Licence {
            licence: LicenceRef::of(algorithm, &id),
            licence_type: id.licence_type(),
            issuer,
            region,
            version: id.version(),
            document: self.document(folder)?,
            metadata: column("metadata", self.metadata.as_deref())?,
            seal: self.seal()?,
            exception: column("exception", self.exception.as_deref())?,
            holder: column("holder_commitment", self.holder_commitment.as_deref())?,
            valid_from_ms,
            valid_until_ms,
        })
    }

    fn document(&self, folder: &Path) -> Result<Document, String> {
        let stated = |sha256: Option<Digest>| -> Result<Option<Document>, String> {
            let Some(sha256) = sha256 else { return Ok(None) };
            let size_bytes =
                self.size_bytes.filter(|size| *size > 0).ok_or("size_bytes: needed with sha256, above 0")?;
            Ok(Some(Document { sha256, sm3: column("sm3", self.sm3.as_deref())?, size_bytes }))
        };
        let sha256: Option<Digest> = column("sha256", self.sha256.as_deref())?;
        match self.file.as_deref().filter(|file| !file.is_empty()) {
            None => stated(sha256)?.ok_or_else(|| "file or sha256: one of them is needed".to_owned()),
            Some(file) => {
                let document = document_of(&folder.join(file)).map_err(|error| format!("file: {error}"))?;
                match sha256 {
                    Some(sha256) if sha256 != document.sha256 => Err("sha256: the file has another digest".to_owned()),
                    _ => Ok(document),
                }
            }
        }
    }

    fn seal(&self) -> Result<Option<SealReference>, String> {
        let seal = column("seal", self.seal.as_deref())?;
        let certificate = column("seal_certificate", self.seal_certificate.as_deref())?;
        // The ledger would refuse the whole batch; here it costs one row.
        if let Some(found) = self.seal.as_deref().and_then(privacy::scan) {
            return Err(format!("seal: looks like personal data ({found:?})"));
        }
        match (seal, certificate) {
            (None, None) => Ok(None),
            (Some(seal), Some(certificate)) => Ok(Some(SealReference { seal, certificate })),
            _ => Err("seal and seal_certificate: give both or none".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    const ID: &str = "1.2.156.3005.2.11100000000013338W011.113100000000000191.20260001.001.A";

    fn table(text: &str) -> Result<Table, ClientError> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.ofd"), b"licence").unwrap();
        let path = folder.path().join("table.csv");
        std::fs::write(&path, text).unwrap();
        read_table(&path, DigestAlgorithm::Sha256, |_| {})
    }

    #[test]
    fn files_and_digests_are_read() {
        let other =
            LicenceId::new("11100000000013338W011".parse().unwrap(), "113100000000000191".parse().unwrap(), "2", 1);
        let sha256 = DigestAlgorithm::Sha256.plain(&[b"x"]);
        let text = format!(
            "licence_id,file,sha256,size_bytes,valid_from\n{ID},a.ofd,,,2026-01-01\n{},,{sha256},1,2026-01-01\n",
            other.unwrap()
        );
        let table = table(&text).unwrap();
        assert_eq!(table.bad, Vec::new());
        assert_eq!(table.rows.len(), 2);
        assert_eq!(table.rows[0].licence.document.sha256, DigestAlgorithm::Sha256.plain(&[b"licence"]));
        assert_eq!(table.rows[1].licence.document.sha256, sha256);
        assert_eq!(table.rows[1].line, 3);
    }

    #[test]
    fn bad_rows_are_named_by_line() {
        let text = format!(
            "licence_id,file,valid_from,valid_until\n{ID},a.ofd,2026-01-01,\n{ID},a.ofd,2026-01-01,\nx,a.ofd,2026-01-01,\n\
             {},a.ofd,2026-01-01,\n{ID},missing.ofd,2026-01-01,\n{ID},a.ofd,2026-02-30,\n",
            ID.replace(".A", ".B")
        );
        let table = table(&text).unwrap();
        let lines: Vec<u64> = table.bad.iter().map(|bad| bad.line).collect();
        assert_eq!((table.rows.len(), lines), (1, vec![3, 4, 5, 6, 7]));
        assert!(table.bad[0].reason.contains("line 2"), "{}", table.bad[0].reason);
        assert!(table.bad[4].reason.starts_with("valid_from"), "{}", table.bad[4].reason);
    }

    #[test]
    fn a_misspelt_column_is_an_error_in_every_row() {
        let table =
            table(&format!("licence_id,file,valid_from,valid_untill\n{ID},a.ofd,2026-01-01,2027-01-01\n")).unwrap();
        assert_eq!((table.rows.len(), table.bad_count), (0, 1));
        assert!(table.bad[0].reason.contains("valid_untill"), "{}", table.bad[0].reason);
    }
}
