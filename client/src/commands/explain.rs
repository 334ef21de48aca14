//! `huxin explain`: one screen that says why the chain is slow or stuck; or what a code means.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use huxin_chain_spec::codes::Code;
use huxin_document::Reason;
use serde_json::{Value, json};

use super::context::Global;
use super::output::Output;
use crate::error::{ClientError, ExitCode};
use crate::sdk::{Connection, Request};
use crate::testnet::Network;

/// Why the chain is slow or stuck; or what a code means.
#[derive(Debug, Args)]
pub struct Explain {
    /// A code such as licence.duplicate, or of a document such as REFERENCE_DIGEST.
    code: Option<String>,
    /// Operations address of a node; give several.
    #[arg(long = "operations", env = "HUXIN_OPERATIONS", value_name = "URL", value_delimiter = ',')]
    operations: Vec<String>,
    /// A trial network's network.json, whose nodes are all asked.
    #[arg(long, value_name = "FILE")]
    network: Option<PathBuf>,
}

impl Explain {
    pub async fn run(self, _: &Global, output: &Output) -> Result<ExitCode, ClientError> {
        if let Some(code) = &self.code {
            return explain_code(code, output);
        }
        let mut addresses = self.operations;
        if let Some(path) = &self.network {
            addresses.extend(Network::read(path)?.nodes.into_iter().map(|node| node.operations));
        }
        if addresses.is_empty() {
            return Err(ClientError::input("--operations", "give the operations address of a node, or --network FILE"));
        }
        let mut pages = Vec::new();
        for address in addresses {
            pages.push(page(&address).await);
        }
        let findings = findings(&pages);
        output.answer(&json!({ "findings": findings, "nodes": pages }), || screen(&pages, &findings));
        Ok(if findings.is_empty() { ExitCode::Success } else { ExitCode::Refused })
    }
}

fn explain_code(name: &str, output: &Output) -> Result<ExitCode, ClientError> {
    if let Some(reason) = Reason::ALL.iter().find(|reason| reason.code() == name) {
        let value = json!({ "code": name, "what": reason.en(), "what_zh": reason.zh() });
        output.answer(&value, || format!("{name}\n{}\n{}", reason.en(), reason.zh()));
        return Ok(ExitCode::Success);
    }
    let code = Code::from_name(name).ok_or_else(|| ClientError::input(name, "no such code in this version"))?;
    let value = json!({
        "code": code.as_str(), "number": code.number(), "what": code.what_en(), "next": code.next_en(),
        "what_zh": code.what_zh(), "next_zh": code.next_zh(),
    });
    output.answer(&value, || {
        format!(
            "{} ({})\n{} {}\n{}{}",
            code.as_str(),
            code.number(),
            code.what_en(),
            code.next_en(),
            code.what_zh(),
            code.next_zh()
        )
    });
    Ok(ExitCode::Success)
}

/// The status page of one node, or why there is none.
async fn page(address: &str) -> Value {
    let asked = async {
        let connection = Connection::new(&[address.to_owned()])?;
        let request = Request::get("/status").within(Duration::from_secs(3));
        connection.json::<Value>(&request).await
    };
    match asked.await {
        Ok((_, status)) => json!({ "operations": address, "status": status }),
        Err(error) => json!({ "operations": address, "error": error.to_string() }),
    }
}

/// Reads `a.b.c` of a page as text; a dash where the page has none. Pages of other versions may lack fields.
fn field(page: &Value, path: &str) -> String {
    let found = path.split('.').try_fold(page, |value, name| value.get(name));
    match found {
        Some(Value::String(text)) => text.clone(),
        None | Some(Value::Null) => "-".to_owned(),
        Some(value) => value.to_string(),
    }
}

fn number(page: &Value, path: &str) -> Option<i64> {
    path.split('.').try_fold(page, |value, name| value.get(name))?.as_i64()
}

fn list<'a>(page: &'a Value, path: &str) -> &'a [Value] {
    let found = path.split('.').try_fold(page, |value, name| value.get(name));
    found.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// What is wrong, said plainly. Empty if nothing is.
fn findings(pages: &[Value]) -> Vec<String> {
    let mut findings = Vec::new();
    let heights: Vec<i64> = pages.iter().filter_map(|page| number(page, "status.chain.height")).collect();
    let top = heights.iter().max().copied().unwrap_or(0);
    for page in pages {
        let name = format!("node {} ({})", field(page, "status.province"), field(page, "operations"));
        if page.get("error").is_some() {
            findings.push(format!("{} does not answer: {}", field(page, "operations"), field(page, "error")));
            continue;
        }
        for reason in list(page, "status.reasons") {
            findings.push(format!("{name} is not ready: {} [{}]", field(reason, "what"), field(reason, "code")));
        }
        if let Some(height) = number(page, "status.chain.height").filter(|height| *height + 2 < top) {
            findings.push(format!("{name} is {} blocks behind the newest node", top - height));
        }
        findings.extend(of_signatures(page, &name));
        let age_ms = number(page, "status.chain.age_ms").unwrap_or(0);
        let heartbeat_ms = number(page, "status.chain.heartbeat_ms").unwrap_or(10_000);
        if age_ms > 3 * heartbeat_ms {
            findings.push(format!("{name}: the newest block is {} s old; the chain stands still", age_ms / 1_000));
        }
        for address in list(page, "status.missing_votes") {
            let address = address.as_str().unwrap_or_default();
            let province = province_of(page, address);
            let since = number(page, "status.chain.age_ms").unwrap_or(0);
            // A vote that is a moment late is no finding.
            if since > heartbeat_ms {
                findings.push(format!("{name} waits for the vote of province {province}"));
            }
        }
        let offset = number(page, "status.clock.last_block_offset_ms").unwrap_or(0);
        let limit = number(page, "status.clock.skew_ms_max").unwrap_or(10_000);
        if offset.abs() * 2 > limit {
            findings.push(format!("{name}: its clock is {offset} ms from the last block's time; from {limit} ms on it votes for nothing: check its time service"));
        }
        let (used, full) = (number(page, "status.mempool.bytes"), number(page, "status.mempool.bytes_max"));
        if let (Some(used), Some(full)) = (used, full)
            && used * 10 > full * 8
        {
            findings.push(format!("{name}: the mempool is {} % full; submit more slowly", used * 100 / full.max(1)));
        }
    }
    findings
}

/// Proofs of misbehaviour that the node holds, and whether it keeps silent itself.
fn of_signatures(page: &Value, name: &str) -> Vec<String> {
    let mut findings = Vec::new();
    for address in list(page, "status.misbehaviour.double_signers") {
        let province = province_of(page, address.as_str().unwrap_or_default());
        findings.push(format!(
            "{name} holds a proof that the validator of province {province} signed twice: GET /v1/misbehaviour"
        ));
    }
    for height in list(page, "status.misbehaviour.forked_heights") {
        findings.push(format!("{name}: two blocks of height {height} are certified; rely on neither until that is explained: GET /v1/misbehaviour"));
    }
    if field(page, "status.engine.signing.past_known") == "false" {
        findings.push(format!("{name} does not vote: what its key has signed before is not known; it watches first, see \"Lost sign-state\" in docs/operator.md"));
    }
    findings
}

fn province_of(page: &Value, address: &str) -> String {
    let validators = list(page, "status.validators");
    let found = validators.iter().find(|validator| field(validator, "address") == address);
    found.map_or_else(|| address.to_owned(), |validator| field(validator, "province"))
}

fn screen(pages: &[Value], findings: &[String]) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = writeln!(
        text,
        "{:<9}{:>9}{:>7}{:>10}{:>9}{:>8}{:>10}{:>11}{:>12}",
        "province", "height", "round", "phase", "age s", "peers", "clock ms", "mempool", "disk MiB"
    );
    for page in pages {
        if page.get("error").is_some() {
            let _ = writeln!(text, "{:<9}does not answer: {}", "-", field(page, "operations"));
            continue;
        }
        let peers = list(page, "status.engine.peers");
        let connected = peers.iter().filter(|peer| field(peer, "connected") == "true").count();
        let _ = writeln!(
            text,
            "{:<9}{:>9}{:>7}{:>10}{:>9}{:>8}{:>10}{:>11}{:>12}",
            field(page, "status.province"),
            field(page, "status.chain.height"),
            field(page, "status.engine.round"),
            field(page, "status.engine.phase"),
            number(page, "status.chain.age_ms").unwrap_or(0) / 1_000,
            format!("{connected}/{}", peers.len()),
            field(page, "status.clock.last_block_offset_ms"),
            field(page, "status.mempool.transactions"),
            number(page, "status.store.disk_bytes").unwrap_or(0) / 1_048_576,
        );
        for validator in list(page, "status.validators") {
            let vote = match number(validator, "vote.age_ms") {
                Some(age_ms) => {
                    format!("last vote at height {} {:.1} s ago", field(validator, "vote.height"), seconds(age_ms))
                }
                None => "no vote seen".to_owned(),
            };
            let signed = if field(validator, "signed_last") == "true" {
                "signed the last block"
            } else {
                "not in the last block"
            };
            let _ = writeln!(text, "           {}  {signed}, {vote}", field(validator, "province"));
        }
    }
    if findings.is_empty() {
        let _ = writeln!(text, "Nothing is wrong.");
    }
    for finding in findings {
        let _ = writeln!(text, "! {finding}");
    }
    text
}

fn seconds(ms: i64) -> f64 {
    f64::from(i32::try_from(ms).unwrap_or(i32::MAX)) / 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn healthy(height: i64) -> Value {
        json!({ "operations": "http://x", "status": {
            "province": "310000", "reasons": [], "missing_votes": ["aa"],
            "chain": { "height": height, "age_ms": 900, "heartbeat_ms": 10_000 },
            "clock": { "last_block_offset_ms": 12, "skew_ms_max": 10_000 },
            "mempool": { "bytes": 1, "bytes_max": 100, "transactions": 1 },
            "validators": [{ "address": "aa", "province": "340000", "signed_last": true }],
        }})
    }

    #[test]
    fn a_healthy_network_has_no_findings() {
        let pages = [healthy(10), healthy(11)];
        assert_eq!(findings(&pages), Vec::<String>::new());
        assert!(screen(&pages, &[]).contains("Nothing is wrong."));
    }

    #[test]
    fn double_signing_forks_and_a_silent_validator_are_named() {
        let mut page = healthy(10);
        page["status"]["misbehaviour"] = json!({ "double_signers": ["aa"], "forked_heights": [7] });
        page["status"]["engine"] = json!({ "signing": { "past_known": false } });
        let text = findings(&[page]).join("\n");
        for part in ["province 340000 signed twice", "two blocks of height 7", "does not vote"] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }

    #[test]
    fn silence_lag_votes_and_clock_are_named() {
        let mut stuck = healthy(5);
        stuck["status"]["chain"]["age_ms"] = json!(40_000);
        stuck["status"]["clock"]["last_block_offset_ms"] = json!(-6_000);
        let pages = [healthy(10), stuck, json!({ "operations": "http://y", "error": "refused" })];
        let text = findings(&pages).join("\n");
        for part in
            ["5 blocks behind", "stands still", "vote of province 340000", "-6000 ms", "http://y does not answer"]
        {
            assert!(text.contains(part), "{part} in {text}");
        }
    }
}
