//! The `huxin` command as a process: what it prints, and how it ends, where no node runs.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

const ROOT: &str = "abababababababababababababababababababababababababababababababab";

/// The command without anything of the surrounding environment that it would read.
fn huxin(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_huxin"));
    for name in ["HUXIN_NODE", "HUXIN_GENESIS", "HUXIN_TRUST_ROOT", "HUXIN_KEY", "HUXIN_KEY_PASSPHRASE"] {
        command.env_remove(name);
    }
    for name in ["http_proxy", "https_proxy", "all_proxy", "no_proxy"] {
        command.env_remove(name).env_remove(name.to_uppercase());
    }
    command.args(words).stdin(Stdio::null());
    command
}

fn run(words: &[&str]) -> Output {
    huxin(words).output().unwrap()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

/// Answers one request after the other with `answer`, until the test ends.
fn server(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4_096]);
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    address
}

/// Every way to fail has the shape that a node's errors have.
#[test]
fn errors_have_one_shape_in_json() {
    let lines: [(&[&str], &str); 6] = [
        (&["verify", "x", "--nonsense", "--json"], "client.usage"),
        (&["--json", "verfy", "x"], "client.usage"),
        (&["--json", "verify", "x", "--as-of", "2026-02-30"], "identifier.time"),
        (&["--json", "verify", "nothing.ofd"], "client.file"),
        (&["--json", "receipt", "verify", "nothing.receipt", "--trust-root", ROOT], "client.file"),
        (&["--json", "explain", "licence.dublicate"], "client.input"),
    ];
    for (words, code) in lines {
        let output = run(words);
        assert_eq!(output.status.code(), Some(3), "{words:?}: {output:?}");
        assert!(output.stderr.is_empty(), "{words:?}: {output:?}");
        let error = &json(&output)["error"];
        assert_eq!(error["code"], code, "{words:?}: {error}");
        for field in ["what", "what_zh", "where", "next", "next_zh"] {
            assert!(error[field].as_str().is_some_and(|text| !text.is_empty()), "{words:?}: {field} in {error}");
        }
    }
}

/// People read both languages on standard error, and nothing on standard output.
#[test]
fn errors_are_told_in_both_languages() {
    for words in [&["verify", "nothing.ofd"][..], &["verfy", "x"], &["licence", "suspend", "X", "--basis", "B-1"]] {
        let output = run(words);
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(output.stdout.is_empty() && text.contains('。') && text.contains("[client."), "{words:?}: {text}");
    }
    let text = String::from_utf8(run(&["verify", "nothing.ofd"]).stderr).unwrap();
    assert!(text.contains("nothing.ofd") && !text.contains("position"), "{text}");
}

/// With a proxy set, its refusal was told as the node's.
#[test]
fn a_proxy_is_named_as_the_one_that_refuses() {
    let words = ["--json", "--node", "http://node.invalid:26603", "status"];
    let code = |proxy: &str| {
        let output = huxin(&words).env("http_proxy", proxy).output().unwrap();
        assert_eq!(output.status.code(), Some(3), "{output:?}");
        json(&output)[0]["error"].clone()
    };
    // Port 1: nothing listens there.
    let refused = code("http://user:secret@127.0.0.1:1");
    assert_eq!(refused["code"], "client.proxy", "{refused}");
    let what = refused["what"].as_str().unwrap();
    assert!(what.contains("proxy http://127.0.0.1:1") && !what.contains("secret"), "{what}");
    let address = server("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    let forbidden = code(&format!("http://{address}"));
    assert_eq!(forbidden["code"], "client.proxy", "{forbidden}");
    assert!(forbidden["what_zh"].as_str().unwrap().contains("返回状态 403"), "{forbidden}");
    let excluded = huxin(&["--json", "--node", "http://127.0.0.1:1", "status"])
        .env("http_proxy", format!("http://{address}"))
        .env("no_proxy", "127.0.0.1")
        .output()
        .unwrap();
    assert_eq!(json(&excluded)[0]["error"]["code"], "client.unreachable");
}

/// A gateway that sends from http to https was told as an unknown issuer.
#[test]
fn a_redirect_names_the_address_to_use() {
    let answer = "HTTP/1.1 308 Permanent Redirect\r\nLocation: https://node.example/v1/status\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let output = run(&["--json", "--node", &format!("http://{}", server(answer)), "status"]);
    let error = &json(&output)[0]["error"];
    assert_eq!(error["code"], "client.proxy");
    assert!(error["what"].as_str().unwrap().contains("--node https://node.example"), "{error}");
}

#[test]
fn a_gateway_that_fails_is_told_with_stops() {
    let answer = "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let output = run(&["--json", "--node", &format!("http://{}", server(answer)), "status"]);
    let error = &json(&output)[0]["error"];
    assert_eq!(error["code"], "client.node_failed");
    assert!(error["what_zh"].as_str().unwrap().ends_with('。'), "{error}");
}

/// An answer that could not be written was not given.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_not_success() {
    let full = || std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let lost = huxin(&["explain", "licence.duplicate"]).stdout(full()).status().unwrap();
    assert_eq!(lost.code(), Some(3));
    let unheard = huxin(&["verify", "nothing.ofd"]).stderr(full()).status().unwrap();
    assert_eq!(unheard.code(), Some(3));
}

#[test]
fn completions_and_codes_need_nothing() {
    let script = run(&["completions", "bash"]);
    assert!(script.status.success() && String::from_utf8(script.stdout).unwrap().contains("transfer-out"));
    let by_number = run(&["explain", "402"]);
    assert!(by_number.status.success() && String::from_utf8(by_number.stdout).unwrap().contains("licence.unknown"));
}

/// `--trust-root "$(cat missing)"` was dropped, and an unpinned answer ended with 0.
#[test]
fn an_empty_value_is_refused() {
    let lines: [&[&str]; 6] = [
        &["--json", "genesis", "check", "genesis.toml", "--trust-root", ""],
        &["--json", "--trust-root", " ", "verify", "x"],
        &["--json", "verify", "x", "--id", ""],
        &["--json", "verify", ""],
        &["--json", "verify", "x", "--node", "http://127.0.0.1:1,"],
        &["--json", "licence", "issue", "a.txt", "--serial", ""],
    ];
    let options = ["--trust-root", "--trust-root", "--id", "SUBJECT", "--node", "--serial"];
    for (words, option) in lines.iter().zip(options) {
        let output = run(words);
        assert_eq!(output.status.code(), Some(3), "{words:?}: {output:?}");
        let error = &json(&output)["error"];
        assert_eq!((error["code"].as_str(), error["where"].as_str()), (Some("client.usage"), Some(option)), "{error}");
    }
    for variable in ["HUXIN_TRUST_ROOT", "HUXIN_NODE"] {
        let output = huxin(&["--json", "verify", ROOT]).env(variable, "").output().unwrap();
        assert_eq!(json(&output)["error"]["code"], "client.usage", "{output:?}");
        assert!(output.status.code() == Some(3) && json(&output)["error"]["what"].as_str().unwrap().contains(variable));
    }
    let output = huxin(&["--json", "verify", ROOT]).env("HUXIN_GENESIS", "").output().unwrap();
    assert!(!json(&output)["error"]["what_zh"].as_str().unwrap().contains("可选"), "{output:?}");
}
