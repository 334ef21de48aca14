//! The table of what became of each row, written beside the table that was sent.

use std::path::{Path, PathBuf};

use huxin_chain_spec::codes::Code;
use serde::Serialize;

use super::journal::{Journal, LineEnd};
use super::table::Table;
use crate::error::ClientError;
use crate::keep::replace;

/// A row that the ledger refused, and why in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RefusedRow {
    pub line: u64,
    /// Stable code.
    pub code: String,
    pub what: String,
    pub what_zh: String,
}

impl RefusedRow {
    /// With the sentences that this program has for `code`.
    pub fn new(line: u64, code: &str) -> Self {
        let known = code.parse::<Code>().ok();
        let what = known.map_or(String::new(), |code| code.what_en().to_owned());
        let what_zh = known.map_or(String::new(), |code| code.what_zh().to_owned());
        Self { line, code: code.to_owned(), what, what_zh }
    }
}

/// Where the outcomes of a table lie.
pub fn results_path(table: &Path) -> PathBuf {
    let mut name = table.as_os_str().to_owned();
    name.push(".outcomes.csv");
    name.into()
}

/// One row of the table of outcomes.
#[derive(Serialize)]
struct Outcome<'a> {
    line: u64,
    /// `recorded`, `refused`, `left_out` (the row itself cannot be recorded), `open` (not sent, or its end is not known).
    outcome: &'a str,
    /// Index in the log.
    record: Option<u64>,
    height: Option<u64>,
    code: &'a str,
    what: &'a str,
    what_zh: &'a str,
}

/// Writes one line for each row of `table`, in its order, in place of an earlier run's.
///
/// # Errors
/// [`ClientError::File`].
pub fn write_results(path: &Path, table: &Table, journal: &Journal) -> Result<(), ClientError> {
    let failed = |error: csv::Error| ClientError::file("cannot write", path, std::io::Error::other(error));
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut bad = table.bad.iter().peekable();
    for row in &table.rows {
        while let Some(bad) = bad.next_if(|bad| bad.line < row.line) {
            writer.serialize(left_out(bad)).map_err(failed)?;
        }
        let open =
            Outcome { line: row.line, outcome: "open", record: None, height: None, code: "", what: "", what_zh: "" };
        match journal.end_of(row.line) {
            None => writer.serialize(open),
            Some(LineEnd::Recorded { record, height }) => {
                writer.serialize(Outcome { outcome: "recorded", record: Some(*record), height: Some(*height), ..open })
            }
            Some(LineEnd::Refused { code, height }) => {
                let RefusedRow { code, what, what_zh, .. } = &RefusedRow::new(row.line, code);
                writer.serialize(Outcome { outcome: "refused", height: *height, code, what, what_zh, ..open })
            }
        }
        .map_err(failed)?;
    }
    for bad in bad {
        writer.serialize(left_out(bad)).map_err(failed)?;
    }
    let bytes = writer
        .into_inner()
        .map_err(|error| ClientError::file("cannot write", path, std::io::Error::other(error.to_string())))?;
    // With the mark by which spreadsheets know UTF-8.
    let marked: Vec<u8> = "\u{feff}".bytes().chain(bytes).collect();
    replace(path, &marked)
}

fn left_out(bad: &super::table::BadRow) -> Outcome<'_> {
    let (what, what_zh) = (bad.reason.as_str(), bad.reason_zh.as_str());
    Outcome {
        line: bad.line,
        outcome: "left_out",
        record: None,
        height: None,
        code: Code::ClientTable.as_str(),
        what,
        what_zh,
    }
}
