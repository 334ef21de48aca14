//! `huxin explain`: one screen that says what is reached, what is needed, what margin is left and what is wrong, one line per
//! cause; or what a code means.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use huxin_document::Reason;
use serde::Serialize;
use serde_json::{Value, json};

use super::context::Global;
use super::near;
use super::output::Output;
use super::said_codes;
use crate::error::{ClientError, ExitCode};
use crate::said::sentence;
use crate::say;
use crate::sdk::{Connection, Request};
use crate::testnet::Network;

/// What is reached, needed and wrong; or what a code means.
#[derive(Debug, Args)]
pub struct Explain {
    /// A code such as licence.duplicate or 401, of a check such as status.revoked, or of a document such as REFERENCE_DIGEST.
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
        let mut asked: Vec<Asked> = self.operations.into_iter().map(Asked::at).collect();
        if let Some(path) = &self.network {
            let nodes = Network::read(path)?.nodes.into_iter();
            asked.extend(nodes.map(|node| Asked { operations: node.operations, province: Some(node.province) }));
        }
        if asked.is_empty() {
            let said = say!(
                "give the operations address of a node, or --network FILE",
                "请给出节点的运维地址，或 --network FILE"
            );
            return Err(ClientError::at("--operations", said));
        }
        for node in &asked {
            node.connection()?;
        }
        let mut pages = Vec::new();
        for node in &asked {
            pages.push(page(node).await);
        }
        let findings = findings(&pages);
        output.answer(&json!({ "findings": findings, "nodes": pages }), || screen(&pages, &findings));
        Ok(exit_code(&findings))
    }
}

/// A node to ask.
struct Asked {
    operations: String,
    /// Its province, where a network file says.
    province: Option<String>,
}

impl Asked {
    fn at(operations: String) -> Self {
        Self { operations, province: None }
    }

    fn connection(&self) -> Result<Connection, ClientError> {
        Connection::new(std::slice::from_ref(&self.operations)).map_err(|error| match error {
            ClientError::Input { reason, .. } => ClientError::at("--operations", reason),
            other => other,
        })
    }
}

/// 0 nothing is wrong, 1 something is, 3 no more is known than that nodes did not answer, or not with a page that can be read.
fn exit_code(findings: &[Finding]) -> ExitCode {
    let is_unknown = |finding: &Finding| finding.code == UNREACHABLE || finding.code == UNREADABLE;
    match findings {
        [] => ExitCode::Success,
        all if all.iter().all(is_unknown) => ExitCode::NotChecked,
        _ => ExitCode::Refused,
    }
}

fn explain_code(name: &str, output: &Output) -> Result<ExitCode, ClientError> {
    if let Some(reason) = Reason::ALL.iter().find(|reason| reason.code() == name) {
        let value = json!({ "code": name, "what": reason.en(), "what_zh": reason.zh() });
        output.answer(&value, || format!("{name}\n{}\n{}", reason.en(), reason.zh()));
        return Ok(ExitCode::Success);
    }
    if let (None, Some((en, zh))) = (near::code(name), said_codes::meaning(name)) {
        let (what, what_zh) = (sentence(&en, '.'), sentence(&zh, '。'));
        output.answer(&json!({ "code": name, "what": what, "what_zh": what_zh }), || {
            format!("{name}\n{what}\n{what_zh}")
        });
        return Ok(ExitCode::Success);
    }
    let code = near::code(name).ok_or_else(|| ClientError::at(name, near::no_such_code(name)))?;
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
async fn page(node: &Asked) -> Value {
    let asked = async {
        let connection = node.connection()?;
        let request = Request::get("/status").within(Duration::from_secs(3));
        connection.json::<Value>(&request).await
    };
    match asked.await {
        Ok((_, status)) => json!({ "operations": node.operations, "status": status }),
        Err(error) => {
            let mut error = error.body();
            for text in [&mut error.what, &mut error.what_zh, &mut error.place, &mut error.next, &mut error.next_zh] {
                *text = text.replace("--node", "--operations");
            }
            json!({ "operations": node.operations, "province": node.province, "error": error })
        }
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

/// Code of a node that gives no page.
const UNREACHABLE: &str = "node.unreachable";
/// Code of a node whose page lacks what it takes to say that nothing is wrong.
const UNREADABLE: &str = "client.bad_answer";

/// What every page has, whatever its version, and is read below.
fn missing_fields(page: &Value) -> Vec<&'static str> {
    let reasons = page["status"]["reasons"].as_array();
    let has_codes = |reasons: &Vec<Value>| reasons.iter().all(|reason| reason["code"].is_string());
    let numbers = ["status.chain.height", "status.chain.age_ms", "status.clock.last_block_offset_ms"];
    let mut missing: Vec<&str> = numbers.into_iter().filter(|name| number(page, name).is_none()).collect();
    if !reasons.is_some_and(has_codes) {
        missing.push("status.reasons");
    }
    if list(page, "status.validators").is_empty() {
        missing.push("status.validators");
    }
    missing
}

fn unreadable(page: &Value, missing: &[&str]) -> Finding {
    let (operations, missing) = (field(page, "operations"), missing.join(", "));
    Finding::new(
        UNREADABLE,
        page,
        format!(
            "the page of {operations} lacks {missing}: it is not the status page of a node, or it is of another version, and how that node is cannot \
             be told from it"
        ),
        format!("{operations} 的页面缺少 {missing}：不是节点的状态页，或属于其他版本，无法据此判断该节点是否正常"),
    )
}

/// One thing that is wrong, and who says so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Finding {
    code: String,
    what: String,
    what_zh: String,
    /// Provinces whose nodes report it.
    reported_by: Vec<String>,
    /// Provinces it is about.
    provinces: Vec<String>,
}

impl Finding {
    fn new(code: &str, page: &Value, what: String, what_zh: String) -> Self {
        let reported_by = vec![field(page, "status.province")];
        Self { code: code.to_owned(), what, what_zh, reported_by, provinces: Vec::new() }
    }
}

/// What is wrong, said plainly, one entry per cause. Empty if nothing is.
fn findings(pages: &[Value]) -> Vec<Finding> {
    let mut all: Vec<Finding> = Vec::new();
    let heights = pages.iter().filter_map(|page| number(page, "status.chain.height"));
    let top = heights.max().unwrap_or(0);
    for page in pages.iter().filter(|page| page.get("error").is_none()) {
        for finding in of_page(page, top) {
            // Several nodes that miss the same validators name one cause, not several.
            match all.iter_mut().find(|known| is_same_cause(known, &finding)) {
                Some(known) => known.reported_by.extend(finding.reported_by),
                None => all.push(finding),
            }
        }
    }
    for page in pages.iter().filter(|page| page.get("error").is_some()) {
        let province = field(page, "province");
        if !all.iter().any(|finding| finding.provinces.contains(&province)) {
            all.push(unreachable(page));
        }
    }
    all
}

fn is_same_cause(known: &Finding, new: &Finding) -> bool {
    let is_about_others = !new.provinces.is_empty() && known.provinces == new.provinces;
    known.code == new.code && (is_about_others || known.what == new.what)
}

fn unreachable(page: &Value) -> Finding {
    let (operations, error) = (field(page, "operations"), field(page, "error.what"));
    let mut finding = Finding::new(
        UNREACHABLE,
        page,
        format!("{operations} does not answer: {}", error.trim_end_matches('.')),
        format!("{operations} 没有应答：节点未运行，或地址、端口、防火墙有误"),
    );
    finding.reported_by.clear();
    finding
}

/// What one node says, and what its page shows.
fn of_page(page: &Value, top: i64) -> Vec<Finding> {
    let mut found = Vec::new();
    let missing = missing_fields(page);
    if !missing.is_empty() {
        found.push(unreadable(page, &missing));
    }
    for reason in list(page, "status.reasons") {
        let (what, what_zh) = (field(reason, "what"), field(reason, "what_zh"));
        let mut finding = Finding::new(&field(reason, "code"), page, what, what_zh);
        finding.provinces = list(reason, "provinces").iter().filter_map(Value::as_str).map(str::to_owned).collect();
        found.push(finding);
    }
    let knows = |code: &str| list(page, "status.reasons").iter().any(|reason| field(reason, "code") == code);
    let height = number(page, "status.chain.height");
    if let Some(height) = height.filter(|height| *height + 2 < top && !knows("chain.behind")) {
        let behind = top - height;
        let what = format!("it is {behind} blocks behind the newest node");
        found.push(Finding::new("chain.behind", page, what, format!("比最新节点落后 {behind} 块")));
    }
    found.extend(late_votes(page));
    let offset = number(page, "status.clock.last_block_offset_ms").unwrap_or(0);
    let limit = number(page, "status.clock.skew_ms_max").unwrap_or(10_000);
    if offset.abs() * 2 > limit {
        let what = format!(
            "its clock is {offset} ms from the last block's time; from {limit} ms on it votes for nothing: check its time service"
        );
        let what_zh = format!("本机时钟与最新区块时间相差 {offset} 毫秒，达到 {limit} 毫秒即不再投票：请检查校时服务");
        found.push(Finding::new("clock.offset", page, what, what_zh));
    }
    let (used, full) = (number(page, "status.mempool.bytes"), number(page, "status.mempool.bytes_max"));
    if let (Some(used), Some(full)) = (used, full)
        && used * 10 > full * 8
        && !knows("mempool.full")
    {
        let percent = used * 100 / full.max(1);
        let what = format!("the mempool is {percent} % full; submit more slowly");
        found.push(Finding::new("mempool.filling", page, what, format!("交易池已用 {percent}%，请放慢提交")));
    }
    found
}

/// Validators without a vote on a height that waits for longer than a heartbeat, where they are reached: those that are
/// not have a reason of their own.
fn late_votes(page: &Value) -> Option<Finding> {
    let heartbeat_ms = number(page, "status.chain.heartbeat_ms").unwrap_or(10_000);
    let is_old = number(page, "status.chain.age_ms").unwrap_or(0) > heartbeat_ms;
    let validators = list(page, "status.validators");
    let is_late = |address: &&Value| {
        let address = address.as_str().unwrap_or_default();
        let validator = validators.iter().find(|validator| field(validator, "address") == address);
        validator.is_some_and(|validator| validator["silent_since_ms"].is_null())
    };
    let late: Vec<&Value> = list(page, "status.missing_votes").iter().filter(is_late).collect();
    if !is_old || late.is_empty() {
        return None;
    }
    let of = |address: &&Value| validators.iter().find(|one| one["address"] == **address).map(name_of);
    let names = late.iter().filter_map(of).collect::<Vec<_>>().join("; ");
    let height = field(page, "status.engine.height");
    let what = format!("height {height} waits for the vote of {names}");
    let mut finding =
        Finding::new("votes.late", page, what, format!("高度 {height} 在等待以下验证节点的投票：{names}"));
    finding.provinces = late.iter().filter_map(|address| province_of(page, address)).collect();
    Some(finding)
}

fn province_of(page: &Value, address: &Value) -> Option<String> {
    let validators = list(page, "status.validators");
    validators.iter().find(|validator| validator["address"] == *address).map(|validator| field(validator, "province"))
}

/// `Jiangsu 江苏, 320000`.
fn name_of(validator: &Value) -> String {
    let chinese = field(validator, "name_zh");
    let (name, chinese) = (field(validator, "name"), chinese.trim_end_matches(['省', '市']));
    format!("{name} {chinese}, {}", field(validator, "province"))
}

fn screen(pages: &[Value], findings: &[Finding]) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = writeln!(
        text,
        "{:<9}{:>9}{:>7}{:>10}{:>9}{:>12}{:>10}{:>11}{:>12}",
        "province", "height", "round", "phase", "age s", "validators", "clock ms", "mempool", "disk MiB"
    );
    for page in pages {
        if page.get("error").is_some() {
            let _ =
                writeln!(text, "{:<9}does not answer 没有应答: {}", field(page, "province"), field(page, "operations"));
            continue;
        }
        let reached = field(page, "status.quorum.reached_validators");
        let _ = writeln!(
            text,
            "{:<9}{:>9}{:>7}{:>10}{:>9}{:>12}{:>10}{:>11}{:>12}",
            field(page, "status.province"),
            field(page, "status.chain.height"),
            field(page, "status.engine.round"),
            field(page, "status.engine.phase"),
            number(page, "status.chain.age_ms").unwrap_or(0) / 1_000,
            format!("{reached}/{}", list(page, "status.validators").len()),
            field(page, "status.clock.last_block_offset_ms"),
            field(page, "status.mempool.transactions"),
            number(page, "status.store.disk_bytes").unwrap_or(0) / 1_048_576,
        );
        let _ = writeln!(
            text,
            "           reached power {} of {}, {} needed; {} more may fail  可达票权/总票权、所需票权、还可失效的节点数",
            field(page, "status.quorum.reached_power"),
            field(page, "status.quorum.total_power"),
            field(page, "status.quorum.quorum_power"),
            field(page, "status.quorum.may_fail_validators"),
        );
        for validator in list(page, "status.validators") {
            let _ = writeln!(text, "           {}  {}", name_of(validator), seen(validator));
        }
    }
    if findings.is_empty() {
        let _ = writeln!(text, "Nothing is wrong. 一切正常。");
    }
    for finding in findings {
        let by = match finding.reported_by.is_empty() {
            true => String::new(),
            false => format!("  (seen by 由 {})", finding.reported_by.join(", ")),
        };
        let _ = writeln!(text, "! {} [{}]{by}\n  {}", finding.what, finding.code, finding.what_zh);
    }
    text
}

/// How one validator looks from the node.
fn seen(validator: &Value) -> String {
    if field(validator, "is_me") == "true" {
        return "this node 本节点".to_owned();
    }
    let link = match validator["connected"].as_bool() {
        Some(true) => "connected, ",
        Some(false) => "NOT CONNECTED 未连接, ",
        None => "",
    };
    let signed = match field(validator, "signed_last") == "true" {
        true => "signed the last block",
        false => "not in the last block",
    };
    let vote = match number(validator, "vote.age_ms") {
        Some(age_ms) => {
            format!("last vote at height {} {:.1} s ago", field(validator, "vote.height"), seconds(age_ms))
        }
        None => "no vote seen".to_owned(),
    };
    format!("{link}{signed}, {vote}")
}

fn seconds(ms: i64) -> f64 {
    f64::from(i32::try_from(ms).unwrap_or(i32::MAX)) / 1_000.0
}

#[cfg(test)]
#[path = "explain_tests.rs"]
mod tests;
