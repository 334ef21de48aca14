//! The journal beside the table: what was signed is on disk before it is sent, so that after a crash the very same
//! transactions are sent again, and nothing is ever recorded twice.
//!
//! ```text
//! line 1   {"format":"huxin-journal/2","csv_sha256":…,"genesis":…,"signer":…}
//! then     {"batch":0,"lines":[2,3,…],"tx_id":…,"transaction":"<base64>"}    synced before the transaction is sent
//!          {"tx_id":…,"end":{"outcome":"each","height":…,"first_record":…,"refused":[{"operation":…,"code":…}]}}
//!          {"tx_id":…,"end":{"outcome":"refused","code":…}}     all its lines, at the door
//!          {"tx_id":…,"end":{"outcome":"open"}}                 it changed nothing and never will; its lines are to be signed again
//! ```
//! A last line without its end was never acted upon, and is cut off.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use huxin_chain_spec::crypto::{Digest, KeyId};
use huxin_chain_spec::ids::{RecordIndex, TxId};
use huxin_chain_spec::transaction::{EachOutcome, Refusal};
use serde::{Deserialize, Serialize};

use crate::error::ClientError;
use crate::said::Said;
use crate::say;
use crate::sdk::SignedTransaction;

const FORMAT: &str = "huxin-journal/2";

/// What the journal belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    format: String,
    csv_sha256: Digest,
    genesis: Digest,
    signer: KeyId,
}

impl Header {
    /// The journal of this table, on this chain, under this key.
    pub fn new(csv_sha256: Digest, genesis: Digest, signer: KeyId) -> Self {
        Self { format: FORMAT.to_owned(), csv_sha256, genesis, signer }
    }
}

/// A transaction and the lines of the table that it records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    pub lines: Vec<u64>,
    pub transaction: SignedTransaction,
}

/// How a batch ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum BatchEnd {
    /// It stands in a block, with an outcome for each line.
    Each { height: u64, first_record: u64, refused: Vec<Refusal> },
    /// It changed nothing and never will: each of its lines was refused with this code.
    Refused { code: String },
    /// It changed nothing and never will: its lines are to be signed again.
    Open,
}

/// How a line of the table ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LineEnd {
    /// Index of its record in the log, and the height of the block.
    Recorded { record: u64, height: u64 },
    /// The code, and the height of the block that proves it; no height where the transaction was refused at the door.
    Refused { code: String, height: Option<u64> },
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum Entry {
    Sent { lines: Vec<u64>, tx_id: TxId, transaction: String },
    Ended { tx_id: TxId, end: BatchEnd },
}

/// The journal, open for appending.
pub struct Journal {
    path: PathBuf,
    file: File,
    pending: BTreeMap<TxId, Batch>,
    ended: BTreeMap<u64, LineEnd>,
    recorded: u64,
}

impl Journal {
    /// Where the journal of a table lies.
    pub fn path_of(table: &Path) -> PathBuf {
        let mut name = table.as_os_str().to_owned();
        name.push(".huxin-journal");
        name.into()
    }

    /// Opens or begins the journal at `path`; refuses one that belongs to another table, chain or key.
    pub fn open(path: &Path, header: &Header) -> Result<Self, ClientError> {
        let failed = |error| ClientError::file("cannot open the journal", path, error);
        let mut options = std::fs::OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(false).open(path).map_err(failed)?;
        // Two imports of one table would each send the other's rows.
        file.try_lock().map_err(|error| ClientError::file("another import uses the journal", path, error.into()))?;
        let text = std::fs::read_to_string(path).map_err(failed)?;
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        let mut journal =
            Self { path: path.to_owned(), file, pending: BTreeMap::new(), ended: BTreeMap::new(), recorded: 0 };
        journal.file.set_len(whole as u64).map_err(failed)?;
        journal.file.seek(SeekFrom::End(0)).map_err(failed)?;
        let mut lines = text.get(..whole).unwrap_or_default().lines();
        match lines.next() {
            None => journal.append(header)?,
            Some(first) => {
                let found: Header = serde_json::from_str(first).map_err(|error| journal.damaged(1, &error))?;
                if found != *header {
                    let reason = say!(
                        "it belongs to another table, chain or key; finish that import first, or move the journal away",
                        "日志属于另一份表格、另一条链或另一把密钥；请先完成那次导入，或将日志移走"
                    );
                    return Err(ClientError::Table { place: path.display().to_string(), reason });
                }
            }
        }
        for (number, line) in lines.enumerate() {
            let entry = serde_json::from_str(line).map_err(|error| journal.damaged(number + 2, &error))?;
            journal.take(entry).map_err(|reason| journal.damaged(number + 2, &reason))?;
        }
        Ok(journal)
    }

    fn damaged(&self, line: usize, reason: &dyn std::fmt::Display) -> ClientError {
        let place = format!("{} line {line}", self.path.display());
        ClientError::Table { place, reason: Said::detail("导入日志已损坏", reason) }
    }

    fn take(&mut self, entry: Entry) -> Result<(), String> {
        match entry {
            Entry::Sent { lines, tx_id, transaction } => {
                let bytes = STANDARD.decode(transaction).map_err(|error| error.to_string())?;
                let transaction = SignedTransaction { tx_id, bytes, operations: lines.len() };
                self.pending.insert(tx_id, Batch { lines, transaction });
            }
            Entry::Ended { tx_id, end } => self.take_end(&tx_id, &end),
        }
        Ok(())
    }

    fn take_end(&mut self, tx_id: &TxId, end: &BatchEnd) {
        let Some(batch) = self.pending.remove(tx_id) else { return };
        match end {
            BatchEnd::Open => {}
            BatchEnd::Refused { code } => {
                let refused = || LineEnd::Refused { code: code.clone(), height: None };
                self.ended.extend(batch.lines.into_iter().map(|line| (line, refused())));
            }
            BatchEnd::Each { height, first_record, refused } => {
                let records = batch.lines.len().saturating_sub(refused.len());
                let outcome = EachOutcome {
                    first_record: RecordIndex(*first_record),
                    records: u32::try_from(records).unwrap_or(u32::MAX),
                    refused: refused.clone(),
                };
                self.recorded += records as u64;
                for (position, line) in (0u32..).zip(batch.lines) {
                    let end = match outcome.of(position) {
                        Some(Ok(record)) => LineEnd::Recorded { record: record.0, height: *height },
                        Some(Err(code)) => LineEnd::Refused { code: code.as_str().to_owned(), height: Some(*height) },
                        None => continue,
                    };
                    self.ended.insert(line, end);
                }
            }
        }
    }

    /// Transactions that were signed and perhaps sent, and whose end is not known.
    pub fn pending(&self) -> Vec<Batch> {
        self.pending.values().cloned().collect()
    }

    /// How this line ended; `None` while it is on its way or was not sent.
    pub fn end_of(&self, line: u64) -> Option<&LineEnd> {
        self.ended.get(&line)
    }

    /// Lines that have no end and are not on their way.
    pub fn open_lines<'a>(&'a self, lines: impl Iterator<Item = u64> + 'a) -> impl Iterator<Item = u64> + 'a {
        let on_their_way: BTreeSet<u64> = self.pending.values().flat_map(|batch| batch.lines.iter().copied()).collect();
        lines.filter(move |line| !self.ended.contains_key(line) && !on_their_way.contains(line))
    }

    /// Lines recorded so far.
    pub fn recorded(&self) -> u64 {
        self.recorded
    }

    /// Lines that were refused, with their codes.
    pub fn refused(&self) -> impl Iterator<Item = (u64, &str)> {
        self.ended.iter().filter_map(|(line, end)| match end {
            LineEnd::Refused { code, .. } => Some((*line, code.as_str())),
            LineEnd::Recorded { .. } => None,
        })
    }

    /// How many lines were refused.
    pub fn refused_count(&self) -> u64 {
        (self.ended.len() as u64).saturating_sub(self.recorded)
    }

    /// Notes a signed transaction. Returns only once that is on the disk.
    pub fn sent(&mut self, batch: &Batch) -> Result<(), ClientError> {
        let SignedTransaction { tx_id, bytes, .. } = &batch.transaction;
        let entry = Entry::Sent { lines: batch.lines.clone(), tx_id: *tx_id, transaction: STANDARD.encode(bytes) };
        self.append(&entry)?;
        self.file.sync_data().map_err(|error| ClientError::file("cannot write", &self.path, error))?;
        self.pending.insert(*tx_id, batch.clone());
        Ok(())
    }

    /// Notes how a transaction ended. Not synced: forgotten, it would be asked again.
    pub fn ended(&mut self, tx_id: &TxId, end: &BatchEnd) -> Result<(), ClientError> {
        self.append(&Entry::Ended { tx_id: *tx_id, end: end.clone() })?;
        self.take_end(tx_id, end);
        Ok(())
    }

    fn append(&mut self, value: &impl Serialize) -> Result<(), ClientError> {
        let mut line = serde_json::to_vec(value).map_err(|error| ClientError::input("journal", error))?;
        line.push(b'\n');
        self.file.write_all(&line).map_err(|error| ClientError::file("cannot write", &self.path, error))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::cast_possible_truncation, reason = "tests")]
    use super::*;
    use huxin_chain_spec::codes::Code;

    fn header() -> Header {
        Header::new(Digest([1; 32]), Digest([2; 32]), KeyId(Digest([3; 32])))
    }

    fn batch(n: u8) -> Batch {
        let transaction = SignedTransaction { tx_id: TxId(Digest([n; 32])), bytes: vec![n; 9], operations: 2 };
        Batch { lines: vec![u64::from(n) * 2, u64::from(n) * 2 + 1], transaction }
    }

    #[test]
    fn after_a_crash_the_same_bytes_are_pending() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.csv.huxin-journal");
        let mut journal = Journal::open(&path, &header()).unwrap();
        journal.sent(&batch(1)).unwrap();
        journal.sent(&batch(2)).unwrap();
        journal.sent(&batch(3)).unwrap();
        let refused = vec![Refusal { operation: 0, code: Code::LicenceDuplicate }];
        let partly = BatchEnd::Each { height: 5, first_record: 7, refused };
        journal.ended(&batch(1).transaction.tx_id, &partly).unwrap();
        journal.ended(&batch(3).transaction.tx_id, &BatchEnd::Open).unwrap();
        journal.sent(&batch(20)).unwrap();
        let at_the_door = BatchEnd::Refused { code: "licence.wrong_state".to_owned() };
        journal.ended(&batch(20).transaction.tx_id, &at_the_door).unwrap();
        drop(journal);
        // A crash in the middle of a write.
        std::fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(b"{\"lines\":[8],\"tx_").unwrap();
        let mut journal = Journal::open(&path, &header()).unwrap();
        assert_eq!(journal.pending(), vec![batch(2)]);
        assert_eq!((journal.recorded(), journal.refused_count()), (1, 3));
        let refused = |code: &str, height| Some(LineEnd::Refused { code: code.to_owned(), height });
        assert_eq!(journal.end_of(2).cloned(), refused("licence.duplicate", Some(5)));
        assert_eq!(journal.end_of(3), Some(&LineEnd::Recorded { record: 7, height: 5 }));
        assert_eq!(journal.end_of(41).cloned(), refused("licence.wrong_state", None));
        assert_eq!(journal.end_of(4), None, "on its way");
        // Batch 3 expired, so its lines are to be signed again; line 8 was never sent.
        assert_eq!(journal.open_lines(2..9).collect::<Vec<_>>(), vec![6, 7, 8]);
        let whole = BatchEnd::Each { height: 6, first_record: 9, refused: Vec::new() };
        journal.ended(&batch(2).transaction.tx_id, &whole).unwrap();
        drop(journal);
        let journal = Journal::open(&path, &header()).unwrap();
        assert_eq!((journal.recorded(), journal.refused_count()), (3, 3));
    }

    #[test]
    fn a_journal_of_another_table_or_in_use_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.csv.huxin-journal");
        let journal = Journal::open(&path, &header()).unwrap();
        assert!(matches!(Journal::open(&path, &header()), Err(ClientError::File { .. })));
        drop(journal);
        let other = Header::new(Digest([9; 32]), Digest([2; 32]), KeyId(Digest([3; 32])));
        assert!(matches!(Journal::open(&path, &other), Err(ClientError::Table { .. })));
    }
}
