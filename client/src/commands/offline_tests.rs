//! The user's own input is checked before any node is asked, by every command in the same order: arguments and the files they name, the
//! key, the trust root, the addresses. No node runs here.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::PathBuf;

use huxin_chain_spec::api::ErrorBody;

use super::examples::PAGES;
use super::help::Uses;
use super::output::Output;
use super::usage::usage_error;
use super::*;
use crate::testnet::{InitOptions, Suite, init};

/// Where nothing listens.
const NOWHERE: &str = "http://127.0.0.1:1";
const ID: &str = "1.2.156.3005.2.11100000000013338W011.113100000000000191.20260001.001.A";
const ISSUER: &str = "11310100000001011L";
const SUCCESSOR: &str = "11320000000000035T";

/// What a command line ends with, which must be an error.
async fn refused(words: &[&str]) -> ErrorBody {
    let parsed = command().try_get_matches_from(words).and_then(|matches| Cli::from_arg_matches(&matches));
    match parsed {
        Err(error) => usage_error(&error).body(),
        Ok(cli) => match execute(cli, &Output::new(true)).await {
            Err(error) => error.body(),
            Ok(code) => unreachable!("{words:?} ended with {code:?}"),
        },
    }
}

/// Files of the examples are not there, and neither is any node.
#[tokio::test]
async fn no_example_asks_a_node_before_its_own_input_is_checked() {
    for page in PAGES {
        let later: &[&str] = match page.uses {
            // With --proposer it needs no trust root: the node's word is all there is.
            _ if page.path.starts_with("govern rehearse") => &["client.unreachable"],
            Uses::Record => &["client.unreachable", "client.no_node", "client.no_trust_root"],
            Uses::Question => &["client.unreachable", "client.no_node"],
            // Written to files of this folder, or the node's word alone.
            _ => continue,
        };
        for example in page.examples {
            let words: Vec<&str> = example.split_whitespace().collect();
            let body = refused(&words).await;
            assert!(!later.contains(&body.code.as_str()), "{example}: {body:?}");
            assert!(!body.what_zh.is_empty() && !body.next_zh.is_empty(), "{example}: {body:?}");
        }
    }
}

/// A trial network's files, with its keys, and no node.
struct Desk {
    _folder: tempfile::TempDir,
    root: PathBuf,
    genesis: String,
    issuer: String,
    network: String,
}

fn desk() -> Desk {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("net");
    let options = InitOptions {
        validators: 4,
        chain_id: "dev-desk".to_owned(),
        base_port: Some(40_000),
        suite: Suite::default(),
    };
    let network = init(&root, &options).unwrap();
    let keys = network.keys.values().next().unwrap();
    let path = |path: PathBuf| path.to_str().unwrap().to_owned();
    let config = network.nodes.first().unwrap().config.clone();
    let desk = Desk {
        genesis: path(network.genesis.clone()),
        issuer: path(keys.issuer.clone()),
        network: path(config.with_file_name("keys").join("network.key")),
        root: root.clone(),
        _folder: folder,
    };
    std::fs::write(root.join("a.pdf"), b"a document").unwrap();
    std::fs::write(root.join("columns.csv"), format!("licence_id,fil,valid_from\n{ID},a.pdf,2026-01-01\n")).unwrap();
    std::fs::write(root.join("rows.csv"), format!("licence_id,file,valid_from\n{ID},b.pdf,2026-01-01\n")).unwrap();
    desk
}

impl Desk {
    /// `{}` stands for the folder of the desk.
    async fn refused(&self, words: &str, key: &str) -> ErrorBody {
        let words = words.replace("{}", self.root.to_str().unwrap());
        let mut line = vec!["huxin", "--node", NOWHERE, "--genesis", &self.genesis, "--key", key];
        line.extend(words.split_whitespace());
        refused(&line).await
    }
}

/// All else is right, and the node would be asked next.
#[tokio::test]
async fn each_wrong_input_is_named_although_no_node_answers() {
    let desk = desk();
    let new = "--licence-type 11100000000013338W011 --issuer 11310100000001011L";
    let table = [
        (format!("licence issue {{}}/none.pdf {new}"), "client.file", "none.pdf"),
        (format!("licence issue {{}}/a.pdf {new} --valid-until 2026-02-30"), "identifier.time", "--valid-until"),
        ("licence issue {}/a.pdf --licence-type X".to_owned(), "identifier.length", "--licence-type"),
        ("licence issue {}/a.pdf --licence-type 11100000000013338W011".to_owned(), "client.input", "--issuer"),
        ("licence issue --csv {}/none.csv".to_owned(), "client.file", "none.csv"),
        ("licence issue --csv {}/columns.csv".to_owned(), "client.table", "columns.csv"),
        ("licence issue --csv {}/rows.csv".to_owned(), "client.table", "rows.csv"),
        ("licence suspend 1.2.156.3005.2.X --basis B-1".to_owned(), "identifier.licence_segments", "LICENCE"),
        (format!("licence suspend {ID} --basis B-1 --effective yesterday"), "identifier.time", "--effective"),
        (format!("licence amend {ID} {{}}/none.pdf --basis B-1"), "client.file", "none.pdf"),
        (format!("licence correct {ID} --reason entry"), "client.input", "licence correct"),
        (format!("licence correct {ID} --reason mistake --no-end"), "client.usage", "--reason"),
        (format!("licence correct {ID} --reason entry --no-end --valid-until 2030-01-01"), "client.usage", "--no-end"),
        (format!("licence correct {ID} --reason file --file {{}}/none.pdf"), "client.file", "none.pdf"),
        (format!("licence correct {ID} --reason entry --no-end --trust-list {{}}"), "client.usage", "--file"),
        ("licence attach X {}/a.pdf --role duplicate".to_owned(), "client.input", "LICENCE"),
        (format!("licence attach {ID} {{}}/none.pdf --role duplicate"), "client.file", "none.pdf"),
        (format!("licence attach {ID} {{}}/a.pdf"), "client.usage", "--role"),
        (format!("licence attach {ID} {{}}/a.pdf --role annotated --expires tomorrow"), "identifier.time", "--expires"),
        (format!("licence detach {ID} {{}}/none.pdf --basis B-1"), "client.file", "none.pdf"),
        (
            format!("licence annual-check {ID} --year 26 --outcome passed --until 2027-06-30 --basis B-1"),
            "client.usage",
            "--year",
        ),
        (
            format!("licence annual-check {ID} --year 2026 --outcome good --until 2027-06-30 --basis B-1"),
            "client.usage",
            "--outcome",
        ),
        (format!("licence issue {{}}/a.pdf {new} --imported DR-1"), "client.input", "--imported"),
        (format!("licence issue {{}}/a.pdf {new} --version 2"), "client.input", "--imported"),
        (
            format!("licence amend {ID} {{}}/a.pdf {new} --version 2 --imported DR-1 --basis B-1"),
            "client.input",
            "--imported",
        ),
        ("keys suspend abc --basis B-1".to_owned(), "client.input", "key id"),
        ("keys add abc --organisation 11310100000001011L".to_owned(), "client.input", "public key"),
        ("organisation add 11310100000001011X --region 310100".to_owned(), "identifier.uscc_check", "<ORGANISATION>"),
        ("organisation add 11310100000001011L --region 330100 --consent abc".to_owned(), "client.usage", "--consent"),
        (
            "organisation consent 11310100000001011L --province 310000 --until 2026-12-31 --registrar none.key"
                .to_owned(),
            "client.input",
            "--province",
        ),
        (format!("organisation succeed {ISSUER} --to {SUCCESSOR} --basis B-1"), "client.input", "scope"),
        (format!("organisation succeed {ISSUER} --to {ISSUER} --cases --basis B-1"), "client.input", "--to"),
        (
            format!("organisation delegate {ISSUER} --to {ISSUER} --until 2027-12-31 --basis B-1"),
            "client.input",
            "--to",
        ),
        (format!("organisation authority {ISSUER}"), "client.input", "authority"),
        ("govern rehearse competence 11100000000013338W011 --proposer 310000".to_owned(), "client.input", "issuers"),
        (format!("govern propose organisation-succeed {ISSUER} --to {SUCCESSOR} --basis B-1"), "client.input", "scope"),
        ("case grant 11310100000001011L/2026-0001 --decision {}/none.pdf".to_owned(), "client.input", "--decision"),
        ("publish publish guide/310000/A --body {}/none.toml".to_owned(), "client.file", "none.toml"),
        ("evidence rating --purpose P-1 --case N --level good --channel online".to_owned(), "client.usage", "--level"),
        ("seal register {}/none.esl".to_owned(), "client.file", "none.esl"),
        ("govern vote 41 maybe".to_owned(), "client.usage", "<VOTE>"),
        ("govern report-misbehaviour {}/none.json".to_owned(), "client.file", "none.json"),
        ("verify {}/none.ofd".to_owned(), "client.file", "none.ofd"),
        ("verify {}/none.ofd --id X".to_owned(), "client.file", "none.ofd"),
        ("verify {}/a.pdf --id X".to_owned(), "client.input", "--id"),
        ("licence issue --csv {}/columns.csv --serial A".to_owned(), "client.input", "--serial"),
        ("licence issue --csv {}/columns.csv --receipt r".to_owned(), "client.input", "--receipt"),
        ("licence issue --csv {}/columns.csv --batch 0".to_owned(), "client.usage", "--batch"),
        ("licence issue {}/a.pdf --batch 5".to_owned(), "client.usage", "--csv"),
        ("licence issue --csv {}/columns.csv --in-flight 0".to_owned(), "client.usage", "--in-flight"),
        (format!("licence issue {{}}/a.pdf {new} --expiry-blocks 0"), "client.usage", "--expiry-blocks"),
        (format!("licence issue {{}}/a.pdf {new} --expiry-blocks 200000"), "client.usage", "--expiry-blocks"),
        (format!("licence issue {{}}/a.pdf {new} --passphrase-file {{}}/none"), "client.input", "--passphrase-file"),
        (format!("licence issue {{}}/a.pdf {new} --exception ABC"), "client.input", "--exception"),
        (format!("verify {ID} --trust-list {{}}"), "client.input", "--trust-list"),
        ("licence issue {}/a.pdf --skip-bad".to_owned(), "client.usage", "--csv"),
        ("receipt get X --out {}/new.receipt".to_owned(), "client.input", "LICENCE"),
        ("receipt verify {}/none.receipt --id X".to_owned(), "client.file", "none.receipt"),
        ("receipt verify {}/a.pdf --id X".to_owned(), "client.input", "--id"),
        (format!("receipt verify {{}}/a.pdf --id {ID} --file {{}}/none.pdf"), "client.file", "none.pdf"),
        ("explain --operations ftp://x".to_owned(), "client.input", "--operations"),
        ("govern propose".to_owned(), "client.input", "govern propose"),
        ("govern propose province-remove 350000".to_owned(), "client.input", "govern propose"),
        ("govern rehearse --action {}/none.json".to_owned(), "client.file", "none.json"),
        ("transaction short".to_owned(), "identifier.digest", "<TX_ID>"),
        ("show cases/9f".to_owned(), "client.usage", "<NAME>"),
        ("audit replay --import {}/none.blocks".to_owned(), "client.file", "none.blocks"),
    ];
    for (words, code, place) in table {
        let body = desk.refused(&words, &desk.issuer).await;
        assert_eq!(body.code, code, "{words}: {body:?}");
        assert!(body.place.contains(place), "{words}: {body:?}");
    }
}

/// Then the key, the trust root, the addresses, and only then a node.
#[tokio::test]
async fn the_order_of_what_is_missing_is_the_same_everywhere() {
    let desk = desk();
    let suspend = format!("licence suspend {ID} --basis B-1");
    let missing = desk.root.join("none.key");
    assert_eq!(desk.refused(&suspend, missing.to_str().unwrap()).await.code, "client.file");
    assert_eq!(desk.refused(&suspend, &desk.genesis).await.code, "keyfile.malformed");
    let words: Vec<&str> = suspend.split_whitespace().collect();
    let with = |more: &[&'static str]| [&["huxin"], more, &words].concat();
    assert_eq!(refused(&with(&[])).await.code, "client.no_key");
    let key = ["huxin", "--key", &desk.issuer];
    assert_eq!(refused(&[&key[..], &words].concat()).await.code, "client.no_trust_root");
    let root = ["--genesis", &desk.genesis];
    assert_eq!(refused(&[&key[..], &root, &words].concat()).await.code, "client.no_node");
    assert_eq!(refused(&[&key[..], &root, &["--node", ""], &words].concat()).await.code, "client.no_node");
    assert_eq!(refused(&[&key[..], &root, &["--node", "ftp://x"], &words].concat()).await.code, "client.input");
    assert_eq!(refused(&[&key[..], &root, &["--node", NOWHERE], &words].concat()).await.code, "client.unreachable");
}

/// A peer identifier of another key would be copied into everybody's lists, and never connect.
#[tokio::test]
async fn peer_identifiers_are_of_network_keys_only() {
    let desk = desk();
    let body = desk.refused(&format!("keys peer-id {}", desk.issuer), &desk.issuer).await;
    assert_eq!(body.code, "keyfile.wrong_purpose");
    let words = ["huxin", "keys", "peer-id", &desk.network];
    let cli = Cli::from_arg_matches(&command().try_get_matches_from(words).unwrap()).unwrap();
    assert_eq!(execute(cli, &Output::new(true)).await.unwrap(), ExitCode::Success);
}
