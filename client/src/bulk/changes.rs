//! Tables of changes: one row, one change of one licence.
//!
//! Columns, in any order: `licence` (identifier, or reference of 64 hex); `basis` and `effective`; for transfers `to_province`,
//! `to_organisation` and `transfer_holder`; for annual checks `year`, `outcome` and `until` in place of `effective`. What the command line
//! gives counts for the rows whose own field is empty.

use std::path::Path;

use huxin_chain_spec::crypto::Digest;
use huxin_chain_spec::ids::{BasisCode, LicenceRef, ProvinceCode, TimeMs, Uscc};
use huxin_chain_spec::record::LicenceOperation;
use huxin_chain_spec::record::licence::Change;
use huxin_chain_spec::record::upkeep::{AnnualCheck, AnnualOutcome};
use serde::Deserialize;

use super::layout::Columns;
use super::table::{Parsed, Table, column, named, read_rows};
use crate::dates::End;
use crate::error::ClientError;
use crate::said::Said;
use crate::say;

/// What all rows of a table do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableOf {
    Suspend,
    Restore,
    CancelTransfer,
    Cancel,
    Withdraw,
    Revoke,
    Lapse,
    TransferOut,
    AnnualCheck,
}

impl TableOf {
    const fn columns(self) -> Columns {
        let known: &[&str] = match self {
            Self::TransferOut => {
                &["licence", "basis", "effective", "to_province", "to_organisation", "transfer_holder"]
            }
            Self::AnnualCheck => &["licence", "basis", "year", "outcome", "until"],
            _ => &["licence", "basis", "effective"],
        };
        Columns { needed: "licence", known }
    }
}

/// What counts for the rows whose own field is empty.
#[derive(Debug, Clone, Default)]
pub struct Defaults {
    pub basis: Option<BasisCode>,
    /// When changes take effect in law.
    pub effective: TimeMs,
    pub to_province: Option<ProvinceCode>,
    pub to_organisation: Option<Uscc>,
    pub year: Option<u16>,
    pub outcome: Option<AnnualOutcome>,
    pub until: Option<End>,
}

/// The reference of the licence that a row names, and whether its check character is wrong.
pub type Named = (LicenceRef, bool);

/// A row as written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    licence: String,
    basis: Option<String>,
    effective: Option<String>,
    to_province: Option<String>,
    to_organisation: Option<String>,
    transfer_holder: Option<String>,
    year: Option<u16>,
    outcome: Option<String>,
    until: Option<String>,
}

/// Reads the whole table. `resolve` finds the licence that a row names.
///
/// # Errors
/// As [`read_rows`].
pub fn read_changes(
    path: &Path,
    kind: TableOf,
    defaults: &Defaults,
    resolve: impl Fn(&str) -> Result<Named, Said> + Sync,
    on_rows: impl FnMut(u64),
) -> Result<Table, ClientError> {
    read_rows(path, &kind.columns(), on_rows, |raw: Raw| {
        if raw.licence.is_empty() {
            return Err(needed("licence"));
        }
        let (licence, is_odd) = resolve(&raw.licence).map_err(|said| named("licence", said))?;
        let operation = raw.operation(kind, licence, defaults)?;
        let year = if let LicenceOperation::AnnualCheck(check) = &operation { check.year } else { 0 };
        Ok(Parsed { operation, thing: (licence, year), has_ended: false, is_odd })
    })
}

fn needed(name: &str) -> Said {
    say!("{name}: needed, in the row or on the command line", "{name}：必须在行中或命令行上给出")
}

impl Raw {
    fn operation(&self, kind: TableOf, licence: LicenceRef, defaults: &Defaults) -> Result<LicenceOperation, Said> {
        use LicenceOperation as Op;
        let basis = column("basis", self.basis.as_deref())?.or_else(|| defaults.basis.clone());
        let basis = basis.ok_or_else(|| needed("basis"))?;
        if kind == TableOf::AnnualCheck {
            return self.annual_check(licence, basis, defaults).map(Op::AnnualCheck);
        }
        let effective_ms = column("effective", self.effective.as_deref())?.unwrap_or(defaults.effective);
        let change = Change { licence, basis, effective_ms };
        Ok(match kind {
            TableOf::Suspend => Op::Suspend(change),
            TableOf::Restore => Op::Restore(change),
            TableOf::CancelTransfer => Op::CancelTransfer(change),
            TableOf::Cancel => Op::Cancel(change),
            TableOf::Withdraw => Op::Withdraw(change),
            TableOf::Revoke => Op::Revoke(change),
            TableOf::Lapse | TableOf::AnnualCheck => Op::Lapse(change),
            TableOf::TransferOut => {
                let to_province = column("to_province", self.to_province.as_deref())?.or(defaults.to_province);
                let to_organisation =
                    column("to_organisation", self.to_organisation.as_deref())?.or(defaults.to_organisation);
                Op::TransferOut {
                    change,
                    to_province: to_province.ok_or_else(|| needed("to_province"))?,
                    to_organisation: to_organisation.ok_or_else(|| needed("to_organisation"))?,
                    holder: column::<Digest>("transfer_holder", self.transfer_holder.as_deref())?,
                }
            }
        })
    }

    fn annual_check(&self, licence: LicenceRef, basis: BasisCode, defaults: &Defaults) -> Result<AnnualCheck, Said> {
        let outcome = match self.outcome.as_deref().filter(|text| !text.is_empty()) {
            None => defaults.outcome.ok_or_else(|| needed("outcome"))?,
            Some("passed") => AnnualOutcome::Passed,
            Some("failed") => AnnualOutcome::Failed,
            Some("reported") => AnnualOutcome::Reported,
            Some(_) => {
                return Err(say!("outcome: passed, failed or reported", "outcome：可填 passed、failed、reported"));
            }
        };
        let year = self.year.or(defaults.year).ok_or_else(|| needed("year"))?;
        if !(1949..=9999).contains(&year) {
            return Err(say!("year: from 1949 to 9999", "year：取值 1949 至 9999"));
        }
        let until = column::<End>("until", self.until.as_deref())?.or(defaults.until);
        let until_ms = until.ok_or_else(|| needed("until"))?.first_moment_after();
        Ok(AnnualCheck { licence, year, outcome, until_ms, basis })
    }
}

#[cfg(test)]
#[path = "changes_tests.rs"]
mod tests;
