//! `huxin govern show`.

use clap::Args;
use huxin_chain_spec::api::ThingEntry;
use huxin_chain_spec::crypto::Digest;
use huxin_chain_spec::ids::{RecordIndex, TimeMs};
use huxin_chain_spec::state::StateKey;
use huxin_chain_spec::state::governance::ProposalState;
use serde_json::Value;

use super::proposal;
use super::propose::NO_RATIONALE;
use super::rehearsal::rehearsal_lines;
use crate::commands::context::Global;
use crate::commands::output::Output;
use crate::commands::record::line;
use crate::commands::show::{ShowArguments, derived_title};
use crate::dates::end_text;
use crate::error::{ClientError, ExitCode};
use crate::sdk::ProvenThing;

/// A proposal now or then.
#[derive(Debug, Clone, Args)]
pub struct ShowProposal {
    /// The number of the record that made it.
    #[arg(value_parser = proposal)]
    proposal: RecordIndex,
    #[command(flatten)]
    show: ShowArguments,
    /// With the records about it.
    #[arg(long)]
    records: bool,
}

impl ShowProposal {
    pub async fn run(self, global: &Global, output: &Output) -> Result<ExitCode, ClientError> {
        self.show.run(global, output, StateKey::Proposal(self.proposal), self.records, proposal_text).await
    }
}

fn proposal_text(thing: &ProvenThing) -> Result<String, ClientError> {
    let Some(state) = thing.state_as::<ProposalState>()? else { return Ok(String::new()) };
    let status = status_text(&serde_json::to_value(state.status_at(TimeMs(thing.as_of.time_ms))).unwrap_or_default());
    let action = serde_json::to_string(&state.action).map_err(|error| ClientError::input(&thing.name, error))?;
    let mut lines = vec![
        line("状态 status", &status),
        line("事项 action", &action),
        line("提案 by", &format!("{}, {}", state.proposer, state.opened_ms.to_beijing())),
        line("截止 closes", &end_text(state.closes_ms)),
        line("理由 reasons", &reasons(&state.rationale)),
    ];
    for ballot in &state.ballots {
        let vote = if ballot.approve { "赞成 yes" } else { "反对 no" };
        lines.push(line("表决 vote", &format!("{}  {vote}", ballot.province)));
    }
    lines.extend(state.decided_by.iter().map(|index| line("决定 decided", &format!("record {index}"))));
    let mut text = lines.join("\n") + "\n";
    let derived = thing.derived.clone().unwrap_or_default();
    if let Some(threshold) = derived["threshold"].as_str() {
        text.push_str(&line("门槛 needed", &threshold.replace('_', " ")));
        text.push('\n');
    }
    if !derived["rehearsal"].is_null() {
        rehearsal_lines(&mut text, &derived["rehearsal"]);
    }
    text.push_str(&format!("  ({})\n", derived_title(thing.derived_by)));
    Ok(text)
}

/// The digest of the paper, or that there is none.
fn reasons(rationale: &Digest) -> String {
    match *rationale == NO_RATIONALE {
        true => "未提供 none given".to_owned(),
        false => rationale.to_string(),
    }
}

/// A status in both languages.
fn status_text(status: &Value) -> String {
    let word = status.as_str().unwrap_or_default();
    let zh = match word {
        "open" => "表决中",
        "passed" => "已通过",
        "rejected" => "未通过",
        "withdrawn" => "已撤回",
        "expired" => "已过期",
        _ => "",
    };
    format!("{zh} {word}")
}

/// A proposal in a list.
pub(super) fn entry(thing: &ThingEntry) -> String {
    let derived = thing.derived.clone().unwrap_or_default();
    let status = if derived["status"].is_null() { &thing.state["status"] } else { &derived["status"] };
    let kind = thing.state["action"]["type"].as_str().unwrap_or_default();
    let closes = thing.state["closes_ms"].as_i64().map(|time| end_text(TimeMs(time))).unwrap_or_default();
    let proposer = thing.state["proposer"].as_str().unwrap_or_default();
    let (yes, no) = (&derived["yes"], &derived["no"]);
    format!("{}  {}  {kind} by {proposer}, yes {yes}, no {no}, closes {closes}", thing.name, status_text(status))
}
