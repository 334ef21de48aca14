//! Checks about corrections and annual checks. None of them changes a verdict.

use super::{Check, CheckResult};
use crate::ids::TimeMs;
use crate::record::upkeep::AnnualOutcome;
use crate::state::Upkeep;

/// That the record was corrected, and whether that was known at the time asked about.
pub(super) fn corrected(upkeep: &Upkeep, as_of_ms: TimeMs) -> Option<Check> {
    let last = upkeep.corrections.last()?;
    let (reason, zh_reason) = last.reason.words();
    let day = last.recorded_ms.date_beijing();
    let (code, en, zh) = if last.recorded_ms > as_of_ms {
        (
            "record.corrected_later",
            format!(
                "the record was corrected on {day} ({reason}), after the time asked about: the answer is by the corrected record, which \
                 nobody could read then"
            ),
            format!("记录已于 {day} 更正（{zh_reason}），晚于所询时间：结论依更正后的记录，当时尚无从查知"),
        )
    } else {
        (
            "record.corrected",
            format!("the issuer corrected the record on {day} ({reason}); the answer is by the corrected record"),
            format!("颁发机构已于 {day} 更正记录（{zh_reason}）；结论依更正后的记录"),
        )
    };
    Some(Check::new("corrected", CheckResult::Pass, code, &en, &zh))
}

/// What is recorded of annual checks for the time asked about. Whether a licence needs one at all is not on the ledger.
pub(super) fn annual(upkeep: &Upkeep, as_of_ms: TimeMs) -> Option<Check> {
    let check = upkeep.annual_check_at(as_of_ms)?;
    let (word, zh_word) = check.outcome.words();
    let (year, until) = (check.year, check.until_ms.to_beijing());
    let (result, code, en, zh) = if check.until_ms <= as_of_ms {
        (
            CheckResult::Unknown,
            "annual.past",
            format!("the last annual check recorded is of {year} ({word}) and covers until {until} (exclusive)"),
            format!("最近一次年检记录为 {year} 年度（{zh_word}），有效至 {until}（不含）"),
        )
    } else if check.outcome == AnnualOutcome::Failed {
        (
            CheckResult::Fail,
            "annual.failed",
            format!("the annual check of {year} was not passed"),
            format!("{year} 年度年检不合格"),
        )
    } else {
        (
            CheckResult::Pass,
            "annual.checked",
            format!("the annual check of {year} ({word}) covers until {until} (exclusive)"),
            format!("{year} 年度{zh_word}，有效至 {until}（不含）"),
        )
    };
    Some(Check::new("annual", result, code, &en, &zh))
}

/// A check by what the ledger said at the time asked about, beside the one of this name by what is known now.
pub(super) fn then(check: &Check, name: &str) -> Check {
    let code = check.code.replacen(&format!("{name}."), &format!("{name}_then."), 1);
    let en = format!("at that time the ledger said: {}; the record was corrected later", check.en);
    let zh = format!("当时账本所载：{}；记录其后更正", check.zh);
    Check::new(&format!("{name}_then"), check.result, &code, &en, &zh)
}
