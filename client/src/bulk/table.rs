//! Reading a table: every row is checked before anything is sent.
//!
//! An unknown column is an error: a misspelt one would be lost.

use std::collections::HashMap;
use std::path::Path;

use huxin_chain_spec::ids::LicenceRef;
use huxin_chain_spec::record::{LicenceOperation, Operation};
use rayon::prelude::*;
use serde::de::DeserializeOwned;

use super::layout::{Columns, Layout, layout};
use crate::dates::ALREADY_ENDED;
use crate::error::ClientError;
use crate::said::Said;
use crate::say;

/// Rows read at a time.
const ROWS_PER_CHUNK: usize = 4_096;
/// Bad rows kept for the report; more are only counted.
const BAD_ROWS_MAX: usize = 1_000;

/// A row that can be recorded.
#[derive(Debug, Clone)]
pub struct Row {
    /// Line in the file, from 1; the head is line 1.
    pub line: u64,
    pub operation: LicenceOperation,
}

impl Row {
    /// What is signed for it.
    pub fn operation(&self) -> Operation {
        Operation::Licence(self.operation.clone())
    }
}

/// What a row says.
pub(super) struct Parsed {
    pub operation: LicenceOperation,
    /// What may stand in one row only: a licence, or a licence and a year.
    pub thing: (LicenceRef, u16),
    /// Whether the validity that it records has ended already.
    pub has_ended: bool,
    /// Whether the check character of its identifier is wrong.
    pub is_odd: bool,
}

/// A row that cannot, and why in both languages.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct BadRow {
    pub line: u64,
    pub reason: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reason_zh: String,
}

/// The table.
#[derive(Debug, Default)]
pub struct Table {
    pub rows: Vec<Row>,
    /// The first thousand.
    pub bad: Vec<BadRow>,
    pub bad_count: u64,
    /// What was read although it is unusual, in both languages.
    pub warnings: Vec<String>,
}

impl Table {
    fn refuse(&mut self, line: u64, reason: Said) {
        self.bad_count += 1;
        if self.bad.len() < BAD_ROWS_MAX {
            self.bad.push(BadRow { line, reason: reason.en, reason_zh: reason.zh });
        }
    }
}

/// Lines of one kind: how many, and the first.
#[derive(Default)]
struct Counted {
    count: u64,
    first: u64,
}

impl Counted {
    fn add(&mut self, line: u64) {
        self.count += 1;
        if self.count == 1 {
            self.first = line;
        }
    }

    fn add_if(&mut self, is_one: bool, line: u64) {
        if is_one {
            self.add(line);
        }
    }
}

/// Reads the whole table, whose rows `build` makes into operations on all cores. `on_rows` is told of progress.
///
/// # Errors
/// [`ClientError::File`] where it cannot be read, [`ClientError::Table`] where its encoding, separator or columns are not known. Rows that
/// cannot be recorded are in the table, not errors.
pub(super) fn read_rows<T: DeserializeOwned>(
    path: &Path,
    columns: &Columns,
    mut on_rows: impl FnMut(u64),
    build: impl Fn(T) -> Result<Parsed, Said> + Sync,
) -> Result<Table, ClientError> {
    let Layout { text, separator, warnings } = layout(path, columns)?;
    let bad_file = |error: csv::Error| {
        let (place, reason) = (path.display().to_string(), Said::detail("表格无法读取", error));
        ClientError::Table { place, reason }
    };
    let mut builder = csv::ReaderBuilder::new();
    let mut reader = builder.trim(csv::Trim::All).delimiter(separator).flexible(true).from_reader(text.as_bytes());
    let head = reader.headers().map_err(bad_file)?.clone();
    let (mut table, mut seen) = (Table { warnings, ..Table::default() }, HashMap::new());
    let (mut blank, mut ended, mut odd) = (Counted::default(), Counted::default(), Counted::default());
    let mut records = reader.records();
    loop {
        let chunk: Vec<_> = records.by_ref().take(ROWS_PER_CHUNK).collect();
        if chunk.is_empty() {
            break;
        }
        on_rows(chunk.len() as u64);
        let rows: Vec<(u64, Option<Result<Parsed, Said>>)> =
            chunk.into_par_iter().map(|record| read_row(record, &head, &build)).collect();
        for (line, row) in rows {
            let Parsed { operation, thing, has_ended, is_odd } = match row {
                None => {
                    blank.add(line);
                    continue;
                }
                Some(Err(reason)) => {
                    table.refuse(line, reason);
                    continue;
                }
                Some(Ok(parsed)) => parsed,
            };
            if let Some(first) = seen.get(&thing) {
                let needed = columns.needed;
                let said = say!("{needed} stands already in line {first}", "{needed} 已在第 {first} 行出现");
                table.refuse(line, said);
                continue;
            }
            seen.insert(thing, line);
            ended.add_if(has_ended, line);
            odd.add_if(is_odd, line);
            table.rows.push(Row { line, operation });
        }
    }
    let Counted { count, first } = blank;
    if count > 0 {
        table.warnings.push(format!(
            "跳过 {count} 个空行（第 {first} 行起） {count} empty rows passed over, the first in line {first}"
        ));
    }
    let Counted { count, first } = ended;
    if count > 0 {
        table.warnings.push(format!(
            "{ALREADY_ENDED} {count} 行的有效期已届满（第 {first} 行起） the validity of {count} rows has ended, the first in line {first}"
        ));
    }
    let Counted { count, first } = odd;
    if count > 0 {
        table.warnings.push(format!(
            "{count} 行证照标识的校验位有误（第 {first} 行起），按所写查找 the check character of {count} identifiers is wrong, the first in \
             line {first}; they are looked up as written"
        ));
    }
    Ok(table)
}

/// One row; `None` where every field is empty, as spreadsheets leave them behind.
fn read_row<T: DeserializeOwned>(
    record: Result<csv::StringRecord, csv::Error>,
    head: &csv::StringRecord,
    build: &impl Fn(T) -> Result<Parsed, Said>,
) -> (u64, Option<Result<Parsed, Said>>) {
    let record = match record {
        Ok(record) => record,
        Err(error) => {
            let line = error.position().map_or(0, csv::Position::line);
            return (line, Some(Err(Said::detail("此行无法读取", error))));
        }
    };
    let line = record.position().map_or(0, csv::Position::line);
    if record.iter().all(str::is_empty) {
        return (line, None);
    }
    if record.len() != head.len() {
        let (found, expected) = (record.len(), head.len());
        let said = say!(
            "{found} fields, but the first line has {expected}; a text that holds the separator stands in quotes",
            "有 {found} 个字段，首行有 {expected} 个；含分隔符的文字须加引号"
        );
        return (line, Some(Err(said)));
    }
    let raw: Result<T, _> = record.deserialize(Some(head));
    // The error's own text would repeat the position.
    let raw = raw.map_err(|error| match error.kind() {
        csv::ErrorKind::Deserialize { err, .. } => {
            let column = err.field().and_then(|field| head.get(usize::try_from(field).ok()?)).unwrap_or("?");
            say!("{column}: not a number that can stand here", "{column}：不是此处可用的数字")
        }
        _ => Said::detail("此行无法读取", error),
    });
    (line, Some(raw.and_then(build)))
}

/// A reason behind the name of its column.
pub(super) fn named(name: &str, said: Said) -> Said {
    Said { en: format!("{name}: {}", said.en), zh: format!("{name}：{}", said.zh), code: said.code }
}

/// Reads one optional column, naming it where it cannot be read.
pub(super) fn column<T: std::str::FromStr>(name: &str, text: Option<&str>) -> Result<Option<T>, Said>
where
    T::Err: Into<Said>,
{
    match text.filter(|text| !text.is_empty()) {
        None => Ok(None),
        Some(text) => text.parse().map(Some).map_err(|error: T::Err| named(name, error.into())),
    }
}
