#![allow(clippy::unwrap_used, reason = "tests")]

use clap::Parser as _;

use super::*;
use crate::commands::{Cli, Command};

/// Makes the keys of a province in a folder of its own, and its part; gives the path of the part.
fn part_of(folder: &Path, code: &str, organisation: &str) -> PathBuf {
    let own = folder.join(code);
    std::fs::create_dir_all(&own).unwrap();
    let mut words = vec!["province".to_owned(), code.to_owned(), "--organisation".to_owned(), organisation.to_owned()];
    for purpose in [KeyPurpose::Consensus, KeyPurpose::Network, KeyPurpose::Governance, KeyPurpose::Registrar] {
        let path = own.join(format!("{purpose}.key"));
        keys::create_plain(&path, purpose, SignatureScheme::Ed25519).unwrap();
        words.extend([format!("--{purpose}"), path.display().to_string()]);
    }
    let out = folder.join(format!("{code}.toml"));
    words.extend(["--out".to_owned(), out.display().to_string()]);
    assert_eq!(run(&words).unwrap(), ExitCode::Success);
    out
}

fn run(words: &[String]) -> Result<ExitCode, ClientError> {
    let cli = Cli::try_parse_from(["huxin", "genesis"].map(str::to_owned).iter().chain(words)).unwrap();
    let Command::Genesis(command) = cli.command else { unreachable!() };
    command.run(&cli.global, &Output::new(true))
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

const TWO: [(&str, &str); 2] = [("310000", "113100000000000191"), ("320000", "11320000000000035T")];

/// The provinces compare the hash, so what they joined in another order must be the same file.
#[test]
fn the_same_parts_in_any_order_found_the_same_chain() {
    let folder = tempfile::tempdir().unwrap();
    let parts = TWO.map(|(code, organisation)| part_of(folder.path(), code, organisation).display().to_string());
    let made = |name: &str, parts: [&String; 2]| {
        let out = folder.path().join(name);
        let text =
            format!("new {} {} --chain-id delta-1 --time 2026-01-05 --out {}", parts[0], parts[1], out.display());
        assert_eq!(run(&words(&text)).unwrap(), ExitCode::Success);
        std::fs::read_to_string(out).unwrap()
    };
    let text = made("a.toml", [&parts[0], &parts[1]]);
    assert_eq!(text, made("b.toml", [&parts[1], &parts[0]]));
    let genesis = Genesis::parse(&text).unwrap();
    assert!(genesis.provinces.iter().all(|province| province.validators[0].network_key.is_some()));
    // Two validators: none may fail, and that is said.
    let warned = summary(&genesis)["warnings"].to_string();
    assert!(warned.contains("no validator may fail"), "{warned}");
    // A file that is there is never overwritten.
    let again = format!("new {} --chain-id delta-1 --out {}", parts[0], folder.path().join("a.toml").display());
    assert!(matches!(run(&words(&again)), Err(ClientError::Exists { .. })));
}

#[test]
fn a_hash_that_was_published_is_compared() {
    let folder = tempfile::tempdir().unwrap();
    let part = part_of(folder.path(), TWO[0].0, TWO[0].1).display().to_string();
    let out = folder.path().join("genesis.toml").display().to_string();
    run(&words(&format!("new {part} --chain-id delta-1 --out {out}"))).unwrap();
    let hash = Genesis::parse(&std::fs::read_to_string(&out).unwrap()).unwrap().hash();
    for command in ["check", "hash"] {
        let answer = |root: &str| run(&words(&format!("{command} {out} --trust-root {root}")));
        assert_eq!(answer(&hash.to_string()).unwrap(), ExitCode::Success);
        assert_eq!(answer(&"ab".repeat(32)).unwrap(), ExitCode::Refused);
        assert_eq!(answer("short").unwrap_err().exit_code(), ExitCode::NotChecked);
    }
}

#[test]
fn what_cannot_found_a_chain_is_refused_and_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let part = part_of(folder.path(), TWO[0].0, TWO[0].1).display().to_string();
    let key = folder.path().join("310000/network.key").display().to_string();
    let out = folder.path().join("genesis.toml");
    let new = |parts: &str| run(&words(&format!("new {parts} --chain-id delta-1 --out {}", out.display())));
    // The same part twice was told as a matter of keys.
    let twice = new(&format!("{part} {part}")).unwrap_err().body();
    assert!(
        twice.what.contains("was given already, as") && twice.what_zh.contains("每个省份只能给出一份"),
        "{twice:?}"
    );
    assert!(new(&key).unwrap_err().to_string().contains("this is a key file"));
    assert!(!out.exists());
    // A key file for something else in place of the consensus key.
    let wrong = format!(
        "province 320000 --organisation {} --consensus {key} --network {key} --governance {key} --registrar {key} --out {}",
        TWO[1].1,
        folder.path().join("x.toml").display()
    );
    let refused = run(&words(&wrong)).unwrap_err().to_string();
    assert!(refused.contains("a key for network"), "{refused}");
    std::fs::write(&out, "chain_id = \"delta-1\"\n").unwrap();
    assert!(matches!(run(&words(&format!("check {}", out.display()))), Err(ClientError::Genesis { .. })));
}

/// Four nodes of a chain that began in 2030 waited, and nothing had said why.
#[test]
fn a_time_that_the_nodes_would_wait_for_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let part = part_of(folder.path(), TWO[0].0, TWO[0].1).display().to_string();
    let out = folder.path().join("genesis.toml");
    let new = |time: TimeMs| {
        run(&words(&format!("new {part} --chain-id delta-1 --time {} --out {}", time.to_beijing(), out.display())))
    };
    let refused = new(clock().plus_ms(1_128 * DAY_MS)).unwrap_err().body();
    assert!(refused.place == "--time" && refused.what.contains("1128 days ahead"), "{refused:?}");
    assert!(refused.what_zh.contains("1128 天") && !out.exists(), "{refused:?}");
    // Planned for the evening: allowed, and said.
    new(clock().plus_ms(DAY_MS / 2)).unwrap();
    let genesis = Genesis::parse(&std::fs::read_to_string(&out).unwrap()).unwrap();
    let warned = summary(&genesis)["warnings"].to_string();
    assert!(warned.contains("its time lies 12 hours ahead") && warned.contains("12 小时"), "{warned}");
}

/// As every other command: one shape, both languages, and a code that says what is wrong.
#[test]
fn what_is_wrong_with_a_part_is_said_in_both_languages() {
    let folder = tempfile::tempdir().unwrap();
    let part = part_of(folder.path(), TWO[0].0, TWO[0].1).display().to_string();
    let key = |purpose: &str| folder.path().join(format!("310000/{purpose}.key")).display().to_string();
    let (network, out) = (key("network"), folder.path().join("x.toml").display().to_string());
    let province = |consensus: &str| {
        let (governance, registrar) = (key("governance"), key("registrar"));
        format!(
            "province 310000 --organisation {} --consensus {consensus} --network {network} --governance {governance} \
             --registrar {registrar} --out {out}",
            TWO[0].1
        )
    };
    let table = [
        (province("gone.key"), "client.input", "--consensus"),
        (province(&network), "keyfile.wrong_purpose", "network.key"),
        (format!("new {network} --chain-id delta-1 --out {out}"), "client.input", "network.key"),
        (format!("new gone.txt --chain-id delta-1 --out {out}"), "client.input", "gone.txt"),
        (format!("new gone.toml --chain-id delta-1 --out {out}"), "client.file", "gone.toml"),
        (format!("new {part} --chain-id delta-1 --out {part}"), "client.file_exists", "310000.toml"),
        (format!("check {part} --trust-root short"), "client.genesis", "310000.toml"),
    ];
    for (line, code, place) in table {
        let body = run(&words(&line)).unwrap_err().body();
        assert_eq!(body.code, code, "{line}: {body:?}");
        assert!(body.place.contains(place), "{line}: {body:?}");
        assert!(body.what_zh.chars().any(|letter| ('\u{4e00}'..='\u{9fff}').contains(&letter)), "{line}: {body:?}");
    }
    assert!(!folder.path().join("x.toml").exists());
}
