//! Tables: licences to record, and changes of licences, safe to break off and begin again at any moment.

mod changes;
mod import;
mod journal;
mod layout;
mod licences;
mod results;
mod table;

pub use changes::{Defaults, TableOf, read_changes};
pub use import::{ImportOptions, Progress, Submitter, Summary, import};
pub use journal::{Batch, BatchEnd, Header, Journal, LineEnd};
pub use licences::read_table;
pub use results::{RefusedRow, results_path, write_results};
pub use table::{BadRow, Row, Table};
