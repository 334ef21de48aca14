//! `huxin show`: a thing by its name, with its proof checked here; and what all such commands share.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use huxin_chain_spec::api::{RecordEntry, ThingListAnswer};
use huxin_chain_spec::ids::TimeMs;
use huxin_chain_spec::state::StateKey;
use serde_json::{Value, json};

use super::context::{Global, Needs};
use super::output::Output;
use super::record::line;
use crate::dates::{beijing, end_words};
use crate::error::{ClientError, ExitCode};
use crate::keep::save;
use crate::sdk::{Client, DerivedBy, Page, ProvenThing, ThingQuestion};

/// A thing by its name.
#[derive(Debug, Clone, Args)]
pub struct Show {
    /// `case/9f..`, `seal/310000/31010000000017`, `publication/guide/310000/001010100000`, `proposal/41`, `parameters`.
    name: StateKey,
    #[command(flatten)]
    show: ShowArguments,
    /// With the records about it.
    #[arg(long)]
    records: bool,
}

/// When, and what to keep.
#[derive(Debug, Clone, Default, Args)]
pub struct ShowArguments {
    /// The time asked about: 2026-11-21 (its first moment in Beijing) or RFC 3339; now if absent.
    #[arg(long, value_name = "TIME")]
    pub as_of: Option<TimeMs>,
    /// Save the receipt that proves the answer; an earlier file is kept under another name.
    #[arg(long, value_name = "FILE")]
    pub receipt_out: Option<PathBuf>,
    /// Check the receipt of every record shown; else records are the node's word.
    #[arg(long)]
    pub prove_records: bool,
}

/// Which page of a list.
#[derive(Debug, Clone, Default, Args)]
pub struct PageArguments {
    /// Begin after the thing of this name.
    #[arg(long, value_name = "NAME")]
    pub after: Option<String>,
    /// Most things shown.
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub limit: u32,
}

impl PageArguments {
    /// The page as the SDK takes it.
    pub fn page(&self) -> Page {
        Page { after: self.after.clone(), limit: Some(self.limit) }
    }
}

impl Show {
    pub async fn run(self, global: &Global, output: &Output) -> Result<ExitCode, ClientError> {
        self.show.run(global, output, self.name, self.records, |thing| Ok(state_text(thing))).await
    }
}

impl ShowArguments {
    /// Asks, checks, saves the receipt, and prints. `body` gives the lines between head and records.
    pub async fn run(
        self,
        global: &Global,
        output: &Output,
        key: StateKey,
        records: bool,
        body: impl FnOnce(&ProvenThing) -> Result<String, ClientError>,
    ) -> Result<ExitCode, ClientError> {
        let (client, key) = global.ready(Needs::Question, |_| Ok(key.clone())).await?;
        self.answer(&client, output, key, records, body).await
    }

    /// The same over a client that is connected.
    pub async fn answer(
        self,
        client: &Client,
        output: &Output,
        key: StateKey,
        records: bool,
        body: impl FnOnce(&ProvenThing) -> Result<String, ClientError>,
    ) -> Result<ExitCode, ClientError> {
        let question = ThingQuestion { key, as_of: self.as_of, records: records || self.prove_records };
        let thing = client.thing(&question).await?;
        if self.prove_records {
            client.check_records(&question.key, &thing).await?;
        }
        if let Some(path) = &self.receipt_out {
            save(path, &thing.receipt)?;
        }
        let text = if thing.exists { body(&thing)? } else { absent(&question.key) };
        let mut value = serde_json::to_value(&thing).map_err(|error| ClientError::input("answer", error))?;
        value["proven"] = json!(true);
        value["records_proven"] = json!(self.prove_records);
        output.answer(&value, || page(&thing, &text, self.prove_records));
        Ok(if thing.exists { ExitCode::Success } else { ExitCode::NotOnLedger })
    }
}

/// Head, body and records.
fn page(thing: &ProvenThing, body: &str, records_proven: bool) -> String {
    let mut text = format!("{}\n{body}", thing.name);
    // Writing to a String cannot fail.
    if !thing.records.is_empty() {
        let word =
            if records_proven { "收据已核验 every receipt checked" } else { "节点所述 the node's word" };
        let _ = writeln!(text, "  记录 records ({}, {word}):", thing.records.len());
        thing.records.iter().for_each(|entry| {
            let _ = writeln!(text, "    {}", record_line(entry));
        });
    }
    let height = thing.as_of.height;
    let _ = writeln!(text, "{}", line("截至 as of", &format!("{}  height {height}", beijing(&thing.as_of.time))));
    let _ = writeln!(text, "  证明已在本机核验 proof checked here (answered by {})", thing.node);
    for warning in &thing.warnings {
        let _ = writeln!(text, "  注意 warning: {warning}");
    }
    text
}

/// What an absent thing means; for most, that nobody recorded it.
fn absent(key: &StateKey) -> String {
    match key {
        StateKey::Licence(_) => {
            "  未上账 nothing is kept: never issued, or unchanged since issue; ask `huxin verify`\n".to_owned()
        }
        _ => "  未上账 not on the ledger\n".to_owned(),
    }
}

/// One record in one line: time, province, organisation, what.
pub fn record_line(entry: &RecordEntry) -> String {
    let time = TimeMs(entry.time_ms).to_beijing();
    format!("{time}  {}  {}  {}  (record {})", entry.province, entry.organisation, entry.operation, entry.index)
}

/// State and what follows from it, for things without a page of their own.
pub fn state_text(thing: &ProvenThing) -> String {
    let mut text = String::new();
    if let Some(state) = &thing.state {
        readable(&mut text, "state", state, 1);
    }
    if let Some(derived) = &thing.derived {
        let _ = writeln!(text, "  {}:", derived_title(thing.derived_by));
        readable(&mut text, "", derived, 2);
    }
    text
}

/// Who says what follows.
pub fn derived_title(by: DerivedBy) -> &'static str {
    match by {
        DerivedBy::Client => "由此推出 what follows, computed here",
        DerivedBy::Node => "由此推出 what follows, derived by the node and not proven",
        DerivedBy::Nobody => "由此推出 nothing follows",
    }
}

/// Writes JSON as indented lines; fields whose names end in `_ms` as times.
pub fn readable(text: &mut String, name: &str, value: &Value, depth: usize) {
    let indent = "  ".repeat(depth);
    let title = |text: &mut String| {
        if !name.is_empty() {
            let _ = writeln!(text, "{indent}{name}:");
        }
    };
    let inner = if name.is_empty() { depth } else { depth + 1 };
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            title(text);
            fields.iter().for_each(|(name, value)| readable(text, name, value, inner));
        }
        Value::Array(items) if items.iter().any(|item| item.is_object() || item.is_array()) => {
            title(text);
            items.iter().zip(0..).for_each(|(item, place)| readable(text, &format!("[{place}]"), item, inner));
        }
        _ => {
            let _ = writeln!(text, "{indent}{name}: {}", scalar(name, value));
        }
    }
}

/// Whether a number is a moment and no duration: the names of both end in `_ms`, durations are short, and of licences any date may be told.
fn is_time(name: &str, number: &serde_json::Number) -> bool {
    let of_licence = ["valid_from_ms", "valid_until_ms", "effective_ms"].contains(&name);
    name.ends_with("_ms") && number.as_i64().is_some_and(|ms| !(0..FIRST_TIME_MS).contains(&ms) || of_licence)
}

fn scalar(name: &str, value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        Value::Number(number) if is_time(name, number) => {
            let time = TimeMs(number.as_i64().unwrap_or_default());
            // Ends are the first moment that no longer counts; people read the last day that does.
            if ENDS.contains(&name) { end_words(time) } else { time.to_beijing() }
        }
        Value::Array(items) => items.iter().map(|item| scalar("", item)).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

/// Fields that hold the first moment after a period.
const ENDS: [&str; 2] = ["valid_until_ms", "until_ms"];

/// Lesser numbers of milliseconds are spans (heartbeat, clock skew: at most a day), not moments.
const FIRST_TIME_MS: i64 = 100_000_000;

/// Prints a list as nodes give it: `entry` makes each line.
pub fn list(output: &Output, answer: &ThingListAnswer, entry: impl Fn(&huxin_chain_spec::api::ThingEntry) -> String) {
    output.answer(answer, || {
        let mut text: String = answer.things.iter().map(|thing| entry(thing) + "\n").collect();
        if answer.things.is_empty() {
            text.push_str("无 none\n");
        }
        if let Some(next) = &answer.next {
            let _ = writeln!(text, "more: --after {next}");
        }
        let _ = writeln!(
            text,
            "截至 as of {}, height {}; 节点所述 the node's word, not proven",
            beijing(&answer.as_of.time),
            answer.as_of.height
        );
        text
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_readable() {
        let state = json!({
            "status": "open", "closes_ms": 1_790_000_000_000_u64, "heartbeat_ms": 10_000, "parts": ["a", "b"],
            "valid_until_ms": 2_082_729_600_000_u64, "until_ms": 2_082_772_800_000_u64,
            "ballots": [{ "province": "310000" }], "none": null,
        });
        let mut text = String::new();
        readable(&mut text, "state", &state, 1);
        let expected = "  state:\n    ballots:\n      [0]:\n        province: 310000\n    closes_ms: 2026-09-21T22:13:20+08:00\n    \
            heartbeat_ms: 10000\n    none: -\n    parts: a, b\n    status: open\n    \
            until_ms: 2036-01-01T12:00:00+08:00 (不含 exclusive)\n    valid_until_ms: 2035-12-31 (含 inclusive)\n";
        assert_eq!(text, expected);
    }
}
