//! Bulk import of existing licences from a table, safe to break off and begin again at any moment.

mod import;
mod journal;
mod layout;
mod rows;

pub use import::{ImportOptions, Progress, Submitter, Summary, import};
pub use journal::{Batch, BatchEnd, Header, Journal};
pub use rows::{BadRow, Row, Table, read_table};
