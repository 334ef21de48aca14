//! Tables: each row has its own outcome; an import that is killed and started again records every row once.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use huxin_client::testnet::ProvinceKeys;
use huxin_tests::{Network, PATIENCE, agree_at_a_common_height, document_of, eventually, huxin, replay_agrees, run};

const ROWS: usize = 6_000;
const BATCH: usize = 50;

/// A table of new licences by digest, as an issuing system would export it.
fn table(network: &Network, rows: usize) -> String {
    let issuer = network.issuer("310000");
    let mut text = "licence_id,sha256,size_bytes,region,valid_from\n".to_owned();
    for _ in 0..rows {
        let id = issuer.new_id();
        let document = document_of(id.to_string().as_bytes());
        let (sha256, size, region) = (document.sha256, document.size_bytes, &issuer.region);
        writeln!(text, "{id},{sha256},{size},{region},2026-01-01").unwrap();
    }
    text
}

fn arguments(network: &Network, table: &Path) -> Vec<String> {
    let ProvinceKeys { issuer, .. } = network.keys("310000");
    let text = |path: &Path| path.display().to_string();
    let node = network.description.nodes[0].api.clone();
    let (genesis, key, table, batch) =
        (text(&network.description.genesis), text(issuer), text(table), BATCH.to_string());
    let fixed = ["--json", "--node", &node, "--genesis", &genesis, "--key", &key, "licence", "issue", "--csv", &table];
    fixed.into_iter().chain(["--batch", &batch, "--in-flight", "4"]).map(str::to_owned).collect()
}

/// Batches that the journal beside the table says have ended.
fn ended(table: &Path) -> usize {
    let journal = PathBuf::from(format!("{}.huxin-journal", table.display()));
    std::fs::read_to_string(journal).unwrap_or_default().matches("\"each\"").count()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_killed_twice_has_no_gaps_and_no_duplicates() {
    let network = Network::start(4).await;
    let file = network.scratch().join("licences.csv");
    std::fs::write(&file, table(&network, ROWS)).unwrap();
    let arguments = arguments(&network, &file);
    for wanted in [5, 25] {
        let mut import =
            Command::new(huxin()).args(&arguments).stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
        let what = format!("{wanted} batches are committed");
        eventually(&what, PATIENCE, || std::future::ready((ended(&file) >= wanted).then_some(()))).await;
        import.kill().unwrap();
        import.wait().unwrap();
        assert!(ended(&file) < ROWS / BATCH, "the import was over before it could be killed");
    }
    let summary = run(&huxin(), &arguments).expect(0).json();
    assert_eq!((&summary["recorded"], summary["skipped"].as_array().map(Vec::len)), (&ROWS.into(), Some(0)));
    let agreed = agree_at_a_common_height(&network.apis()).await;
    assert_eq!(agreed.log_size, ROWS as u64);

    // Once more: nothing is left to do.
    assert_eq!(run(&huxin(), &arguments).expect(0).json()["recorded"], ROWS);
    let coverage = replay_agrees(&network.apis(), &network.genesis).await;
    assert_eq!((coverage.records, coverage.licences, coverage.transactions_rejected), (ROWS as u64, ROWS as u64, 0));
}

/// A table with a bad row sends nothing, and names the line.
#[tokio::test(flavor = "multi_thread")]
async fn a_bad_row_is_named_and_nothing_is_sent() {
    let network = Network::start(1).await;
    let file = network.scratch().join("licences.csv");
    let mut text = table(&network, 5);
    text.push_str("1.2.156.3005.2.x,00,1,310100,2026-01-01\n");
    std::fs::write(&file, text).unwrap();
    let refused = run(&huxin(), arguments(&network, &file)).expect(3);
    assert!(refused.stderr.contains("line 7"), "{refused:?}");
    assert_eq!(network.api(0).status().await.log_size, 0);

    let mut skipping = arguments(&network, &file);
    skipping.push("--skip-bad".to_owned());
    let summary = run(&huxin(), skipping).expect(0).json();
    assert_eq!((&summary["recorded"], summary["skipped"].as_array().map(Vec::len)), (&5.into(), Some(1)));
}

fn command(network: &Network, province: &str, arguments: &[&str]) -> Vec<String> {
    let key = network.keys(province).issuer.display().to_string();
    let genesis = network.description.genesis.display().to_string();
    let nodes = network.description.nodes.iter().flat_map(|node| ["--node".to_owned(), node.api.clone()]);
    let fixed = ["--genesis", &genesis, "--key", &key].map(str::to_owned);
    let arguments = arguments.iter().map(|argument| (*argument).to_owned());
    std::iter::once("--json".to_owned()).chain(nodes).chain(fixed).chain(arguments).collect()
}

/// `line` and `outcome`, then `code`, of each row of the table of outcomes.
fn outcomes(table: &Path) -> Vec<(String, String)> {
    let text = std::fs::read_to_string(format!("{}.outcomes.csv", table.display())).unwrap();
    let fields = |line: &str| line.split(',').map(str::to_owned).collect::<Vec<_>>();
    let rows = text.lines().skip(1).map(fields);
    rows.map(|row| (format!("{} {}", row[0], row[1]), row[4].clone())).collect()
}

/// A row that the ledger refuses costs no other row, whether it issues or changes; its refusal is proven.
#[tokio::test(flavor = "multi_thread")]
async fn a_refused_row_costs_no_other_row() {
    let network = Network::start(4).await;
    let first = network.scratch().join("first.csv");
    let text = table(&network, 6);
    std::fs::write(&first, &text).unwrap();
    let path = first.display().to_string();
    run(&huxin(), command(&network, "310000", &["licence", "issue", "--csv", &path])).expect(0);

    // Three of them again, among three new ones.
    let second = network.scratch().join("second.csv");
    let old: Vec<&str> = text.lines().skip(1).take(3).collect();
    let more = table(&network, 3);
    let new: Vec<&str> = more.lines().skip(1).collect();
    let rows = [old[0], new[0], new[1], old[1], new[2], old[2]].join("\n");
    std::fs::write(&second, format!("{}\n{rows}\n", text.lines().next().unwrap())).unwrap();
    let path = second.display().to_string();
    let again = command(&network, "310000", &["licence", "issue", "--csv", &path]);
    let summary = run(&huxin(), &again).expect(1).json();
    assert_eq!((&summary["recorded"], &summary["refused_count"]), (&3.into(), &3.into()));
    let refused = |line: u64| (format!("{line} refused"), "licence.duplicate".to_owned());
    let recorded = |line: u64| (format!("{line} recorded"), String::new());
    let expected = [refused(2), recorded(3), recorded(4), refused(5), recorded(6), refused(7)];
    assert_eq!(outcomes(&second), expected);
    assert_eq!(run(&huxin(), &again).expect(1).json()["recorded"], 3, "it is final");
    // The whole table once more, as another file: all are refused for one reason, at the doors.
    let third = network.scratch().join("third.csv");
    std::fs::write(&third, format!("{text}\n")).unwrap();
    let path = third.display().to_string();
    let size = network.api(0).status().await.log_size;
    let summary = run(&huxin(), command(&network, "310000", &["licence", "issue", "--csv", &path])).expect(1).json();
    assert_eq!((&summary["recorded"], &summary["refused_count"]), (&0.into(), &6.into()));
    assert_eq!(network.api(0).status().await.log_size, size);

    // Changes: one is nobody's licence, one has a wrong check character and is nobody's either.
    let id = |row: &str| row.split(',').next().unwrap().to_owned();
    let changes = network.scratch().join("suspended.csv");
    let nobody = "ab".repeat(32);
    let lines = [id(old[0]), nobody, id(new[0]), id(old[2])].map(|licence| format!("{licence},,2026-11-01\n"));
    std::fs::write(&changes, format!("licence,basis,effective\n{}", lines.concat())).unwrap();
    let path = changes.display().to_string();
    let suspend = command(&network, "310000", &["licence", "suspend", "--csv", &path, "--basis", "B-1"]);
    let summary = run(&huxin(), &suspend).expect(1).json();
    assert_eq!((&summary["recorded"], &summary["refused_count"]), (&3.into(), &1.into()));
    let (line, code) = outcomes(&changes)[1].clone();
    assert_eq!((line.as_str(), code.as_str()), ("3 refused", "licence.unknown"));

    // What one transaction says of each operation is proven, by the command and by its receipt.
    let journal = std::fs::read_to_string(format!("{}.huxin-journal", changes.display())).unwrap();
    let tx_id = journal.split("\"tx_id\":\"").nth(1).unwrap().split('"').next().unwrap();
    let told = run(&huxin(), command(&network, "310000", &["transaction", tx_id])).expect(1).json();
    assert_eq!((&told["outcome"], &told["proven"], &told["records"]), (&"each".into(), &true.into(), &3.into()));
    assert_eq!(told["refused"], serde_json::json!([{ "operation": 1, "code": "licence.unknown" }]));

    // Another province's issuer may change none of them.
    let others = network.scratch().join("others.csv");
    std::fs::copy(&changes, &others).unwrap();
    let path = others.display().to_string();
    let restore = command(&network, "320000", &["licence", "restore", "--csv", &path, "--basis", "B-1"]);
    let summary = run(&huxin(), &restore).expect(1).json();
    assert_eq!((&summary["recorded"], &summary["refused_count"]), (&0.into(), &4.into()));
    replay_agrees(&network.apis(), &network.genesis).await;
}
