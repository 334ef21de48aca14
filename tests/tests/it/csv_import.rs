//! A bulk import that is killed and started again records every row once.

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
    std::fs::read_to_string(journal).unwrap_or_default().matches("\"committed\"").count()
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
