//! `huxin case show`: where a case is, who holds the clock, what is due, and what happened.

use std::fmt::Write as _;

use clap::Args;
use huxin_chain_spec::ids::TimeMs;
use huxin_chain_spec::rules::case::{CaseStanding, ConditionStanding};
use huxin_chain_spec::state::StateKey;
use huxin_chain_spec::state::case::CaseState;

use crate::commands::arguments::case_ref;
use crate::commands::context::{Global, Needs};
use crate::commands::output::Output;
use crate::commands::record::line;
use crate::commands::show::{ShowArguments, derived_title};
use crate::error::{ClientError, ExitCode};
use crate::sdk::ProvenThing;

/// A case now or then, with its timeline.
#[derive(Debug, Clone, Args)]
pub struct ShowCase {
    /// CODE/NUMBER: the organisation that opened it and its number (办件编号); or the reference on the ledger (64 hex).
    case: String,
    #[command(flatten)]
    show: ShowArguments,
}

impl ShowCase {
    pub async fn run(self, global: &Global, output: &Output) -> Result<ExitCode, ClientError> {
        let key = |algorithm| Ok(StateKey::Case(case_ref(algorithm, &self.case)?));
        let (client, key) = global.ready(Needs::Question, key).await?;
        self.show.answer(&client, output, key, true, case_text).await
    }
}

/// Where the case stands, for people.
pub fn case_text(thing: &ProvenThing) -> Result<String, ClientError> {
    let Some(state) = thing.state_as::<CaseState>()? else { return Ok(String::new()) };
    let mut text = String::new();
    // Writing to a String cannot fail.
    let mut put = |name: &str, value: String| {
        let _ = writeln!(text, "{}", line(name, &value));
    };
    let item = &state.frozen.item;
    put(
        "事项 item",
        format!("{item} version {}, guide version {}", state.frozen.item_version, state.frozen.guide_version),
    );
    put("收件 from", format!("{} ({})", state.origin, state.origin_province));
    put("状态 status", format!("{} {}", state.status.chinese(), word(&state.status)));
    let derived = thing.derived.clone().unwrap_or_default();
    let days_left = derived["days_left"].as_u64();
    match serde_json::from_value::<CaseStanding>(derived) {
        Ok(standing) => standing_lines(&standing, days_left, put),
        Err(_) => put("时限 clock", "not known: the node gives no standing".to_owned()),
    }
    let last = state.changed_by.0;
    if !thing.records.iter().any(|entry| entry.index == last) {
        let _ = writeln!(text, "  注意 warning: the records below lack record {last}, the latest step");
    }
    let _ = writeln!(text, "  ({})", derived_title(thing.derived_by));
    Ok(text)
}

fn standing_lines(standing: &CaseStanding, days_left: Option<u64>, mut put: impl FnMut(&str, String)) {
    put("所在 at", standing.place.to_string());
    match (standing.clock_holder, standing.due_ms) {
        (Some(holder), Some(due)) => {
            let left = match days_left {
                Some(0) => "today is the last day".to_owned(),
                Some(1) => "1 working day left".to_owned(),
                Some(days) => format!("{days} working days left"),
                None => "the time is over".to_owned(),
            };
            put("时限 clock", format!("held by {holder}; due {}, {left}", time(due)));
        }
        _ => put("时限 clock", "no clock runs".to_owned()),
    }
    if let Some(due) = standing.decision_due_ms {
        put("决定 decision", format!("due {}", time(due)));
    }
    if let Some(condition) = standing.condition {
        let word = match condition {
            ConditionStanding::Owed => "materials are still owed",
            ConditionStanding::Fulfilled => "what was missing has come",
            ConditionStanding::Breached => "BREACHED: what was missing did not come in time",
        };
        put("容缺 condition", word.to_owned());
    }
    let flags = [
        (standing.is_overdue, "OVERDUE 逾期"),
        (standing.is_unanswered, "UNANSWERED 逾期未接收"),
        (standing.is_deemed_accepted, "accepted by law, for nothing was said in time 逾期视为受理"),
        (standing.is_waiting, "waits for other cases of its bundle 等待前序办件"),
        (standing.may_request_correction, "corrections may still be asked for 可一次性告知"),
        (standing.was_decided_late == Some(true), "was decided late 逾期决定"),
    ];
    for (_, flag) in flags.into_iter().filter(|(is_set, _)| *is_set) {
        put("注意 flag", flag.to_owned());
    }
}

fn time(time: TimeMs) -> String {
    time.to_beijing()
}

/// The word for a status in JSON.
fn word(status: &impl serde::Serialize) -> String {
    serde_json::to_value(status).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}
