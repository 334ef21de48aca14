#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

fn validator(province: &str, silent_since_ms: Option<u64>) -> Value {
    json!({
        "address": province, "province": province, "name": "Anhui", "name_zh": "安徽省", "signed_last": true,
        "connected": silent_since_ms.is_none(), "silent_since_ms": silent_since_ms,
    })
}

fn healthy(province: &str, height: i64) -> Value {
    json!({ "operations": "http://x", "status": {
        "province": province, "reasons": [], "missing_votes": ["340000"],
        "chain": { "height": height, "age_ms": 900, "heartbeat_ms": 10_000 },
        "clock": { "last_block_offset_ms": 12, "skew_ms_max": 10_000 },
        "mempool": { "bytes": 1, "bytes_max": 100, "transactions": 1 },
        "quorum": { "reached_validators": 1, "reached_power": 1, "total_power": 1, "quorum_power": 1, "may_fail_validators": 0 },
        "validators": [validator("340000", None)],
    }})
}

/// The same, with a reason about Jiangsu.
fn misses(province: &str, code: &str) -> Value {
    let mut page = healthy(province, 10);
    page["status"]["reasons"] = json!([{
        "code": code, "severity": "warning", "what": format!("1 of 4 validators silent, says {province}"),
        "what_zh": "无音讯", "provinces": ["320000"],
    }]);
    page
}

fn down(province: Option<&str>) -> Value {
    json!({ "operations": "http://y", "province": province, "error": { "code": "client.unreachable", "what": "refused" } })
}

#[test]
fn a_healthy_network_has_no_findings() {
    let pages = [healthy("310000", 10), healthy("320000", 11)];
    assert_eq!(findings(&pages), Vec::<Finding>::new());
    assert_eq!(exit_code(&[]), ExitCode::Success);
    let text = screen(&pages, &[]);
    assert!(text.contains("Nothing is wrong.") && text.contains("reached power 1 of 1, 1 needed"), "{text}");
}

/// Each of three nodes told the loss of the fourth, and its address did not answer: four lines for one cause.
#[test]
fn one_cause_is_one_line() {
    let pages = [misses("310000", "peers.missing"), misses("330000", "peers.missing"), down(Some("320000"))];
    let found = findings(&pages);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].reported_by, ["310000", "330000"]);
    assert_eq!(exit_code(&found), ExitCode::Refused);
    assert!(screen(&pages, &found).contains("(seen by 由 310000, 330000)"));
    // Who the silent node is can be told from a network file only.
    assert_eq!(findings(&[misses("310000", "peers.missing"), down(None)]).len(), 2);
}

/// What could not be looked at is not known to be wrong: other commands end with 3 there.
#[test]
fn a_node_that_does_not_answer_could_not_be_checked() {
    let found = findings(&[down(None)]);
    assert_eq!((found.len(), exit_code(&found)), (1, ExitCode::NotChecked));
    let mixed = findings(&[misses("310000", "peers.missing"), down(None)]);
    assert_eq!(exit_code(&mixed), ExitCode::Refused);
}

#[test]
fn lag_late_votes_and_clock_are_named() {
    let mut stuck = healthy("310000", 5);
    stuck["status"]["chain"]["age_ms"] = json!(40_000);
    stuck["status"]["clock"]["last_block_offset_ms"] = json!(-6_000);
    let found = findings(&[healthy("310000", 10), stuck]);
    let text: String = found.iter().map(|finding| format!("{}\n", finding.what)).collect();
    for part in ["5 blocks behind", "waits for the vote of Anhui 安徽, 340000", "-6000 ms"] {
        assert!(text.contains(part), "{part} in {text}");
    }
}

/// A page without `reasons`, such as another service's, was "Nothing is wrong.", exit code 0.
#[test]
fn a_page_that_cannot_be_read_is_unknown() {
    let without = |name: &str| {
        let mut page = healthy("310000", 10);
        let (part, name) = name.split_once('.').unwrap_or(("", name));
        let fields = if part.is_empty() { &mut page["status"] } else { &mut page["status"][part] };
        fields.as_object_mut().unwrap().remove(name);
        page
    };
    let foreign = json!({ "operations": "http://x", "status": { "ok": true } });
    let nothing = json!({ "operations": "http://x", "status": null });
    let names = ["reasons", "validators", "chain.height", "chain.age_ms", "clock.last_block_offset_ms"];
    for page in names.map(without).into_iter().chain([foreign, nothing]) {
        let found = findings(&[page.clone(), healthy("320000", 10)]);
        assert_eq!((found.len(), found[0].code.as_str()), (1, UNREADABLE), "{page} {found:?}");
        assert_eq!(exit_code(&found), ExitCode::NotChecked);
        assert!(!screen(&[page], &found).contains("Nothing is wrong"));
    }
    let mut nameless = healthy("310000", 10);
    nameless["status"]["reasons"] = json!([{ "what": "a reason without a code" }]);
    assert!(findings(&[nameless]).iter().any(|finding| finding.code == UNREADABLE));
}
