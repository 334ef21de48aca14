//! Every console block of the documentation is run, or says why it is not.
//!
//! The operator's page once showed `govern propose validator-rotate` without options that the command asked for, and dates
//! that had passed: nobody had typed what it says.

use std::path::Path;

use huxin_tests::pages::{all_pages, blocks, repository, run_page};
use huxin_tests::{Network, PATIENCE, eventually, huxin, run};

/// Blocks that no test can run: builds, downloads, the machine's own services, streams without an end.
const NOT_RUN_MAX: usize = 14;

/// Pages whose blocks one of the tests below runs.
const RUN: [&str; 12] = [
    "README.md",
    "README.zh-CN.md",
    "docs/auditor.md",
    "docs/contributor.md",
    "docs/documents.md",
    "docs/founding.md",
    "docs/integrator.md",
    "docs/operator.md",
    "docs/zh/documents.md",
    "docs/zh/founding.md",
    "docs/zh/operator.md",
    "docs/zh/verify.md",
];

fn text(page: &Path) -> String {
    std::fs::read_to_string(repository().join(page)).unwrap()
}

#[test]
fn each_block_is_run_or_says_why_not() {
    let mut not_run = Vec::new();
    for page in all_pages() {
        let name = page.to_string_lossy().into_owned();
        for block in blocks(&text(&page)) {
            let place = format!("{name}:{}", block.line);
            assert!(!block.commands.is_empty(), "{place}: a console block without a line that begins with \"$ \"");
            match &block.not_run {
                Some(reason) => {
                    assert!(reason.len() > 10, "{place}: a reason of a few words");
                    not_run.push(format!("{place}: {reason}"));
                }
                None => assert!(RUN.contains(&name.as_str()), "{place}: no test runs this page"),
            }
        }
    }
    assert!(not_run.len() <= NOT_RUN_MAX, "{} blocks are not run:\n{}", not_run.len(), not_run.join("\n"));
}

/// A date by which a proposal closes is in the past one day, and the command then refused.
#[test]
fn no_page_names_a_closing_date() {
    for page in all_pages() {
        let found = text(&page).lines().any(|line| line.contains("--closes 20"));
        assert!(!found, "{} has a date that will pass; a proposal closes in 14 days by itself", page.display());
    }
}

/// A page whose commands need no network but the nodes they start.
fn run_alone(page: &str) {
    // The lock of the one network at a time.
    let network = Network::prepare(1);
    let folder = network.scratch().join("page");
    std::fs::create_dir(&folder).unwrap();
    let failed = run_page(page, &folder, &[("NET", &network.scratch().join("net"))]);
    assert!(failed.is_empty(), "{failed}");
}

/// A page whose commands speak to a network of four.
async fn run_beside_a_network(pages: &[&str]) {
    for page in pages {
        let network = Network::start(4).await;
        let folder = network.scratch().join("page");
        std::fs::create_dir(&folder).unwrap();
        let failed = run_page(page, &folder, &[("NET", &network.scratch().join("net"))]);
        assert!(failed.is_empty(), "{failed}");
    }
}

#[test]
fn founding() {
    run_alone("docs/founding.md");
}

#[test]
fn founding_zh() {
    run_alone("docs/zh/founding.md");
}

#[test]
fn readme() {
    run_alone("README.md");
}

#[test]
fn readme_zh() {
    run_alone("README.zh-CN.md");
}

#[test]
fn samples() {
    run_alone("docs/contributor.md");
    run_alone("docs/zh/documents.md");
}

#[tokio::test(flavor = "multi_thread")]
async fn operator() {
    run_beside_a_network(&["docs/operator.md"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn operator_zh() {
    run_beside_a_network(&["docs/zh/operator.md"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn asking_and_auditing() {
    run_beside_a_network(&["docs/auditor.md", "docs/zh/verify.md"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn integrator_and_documents() {
    run_beside_a_network(&["docs/integrator.md", "docs/documents.md"]).await;
}

/// The unit's ExecStart is a command line of this version, and every metric that an alert names is there.
#[tokio::test(flavor = "multi_thread")]
async fn the_unit_starts_a_node_and_alerts_name_metrics_that_exist() {
    let unit = text(Path::new("docs/operations/huxin-node.service"));
    let setting = |name: &str| {
        let found = unit.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        found.unwrap_or_else(|| panic!("no {name} in the unit")).to_owned()
    };
    for section in ["[Unit]", "[Service]", "[Install]"] {
        assert!(unit.lines().any(|line| line == section), "{section}");
    }
    assert!(setting("LimitNOFILE").parse::<u64>().unwrap() >= 4_096);
    assert!(setting("ExecReload").contains("-HUP $MAINPID"));
    assert_eq!(setting("Restart"), "on-failure");
    let network = Network::start(1).await;
    let start = setting("ExecStart");
    let words: Vec<&str> = start.split_whitespace().collect();
    assert_eq!((words[0], words[3]), ("/usr/local/bin/huxin-node", "/etc/huxin/node.toml"), "{start}");
    // The same words against this network's node, which runs: its ports are taken, and the sentence says so.
    let finished = run(&huxin_tests::huxin_node(), [words[1], words[2], network.config(0).to_str().unwrap()]);
    assert_eq!(finished.code, 1, "{finished:?}");
    assert!(finished.stderr.contains("cannot listen on"), "{finished:?}");

    let metrics = String::from_utf8(network.operations(0).get("/metrics").await.body).unwrap();
    let rules = text(Path::new("docs/operations/alerts.yml"));
    let is_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let expressions = rules.lines().filter_map(|line| line.trim().strip_prefix("expr:"));
    let named = expressions.flat_map(|expression| expression.split(|letter| !is_name(letter)));
    let names: Vec<&str> = named.filter(|word| word.starts_with("huxin_")).collect();
    assert!(names.len() >= 12, "{names:?}");
    for name in names {
        // Figures of each validator are there once there is another one.
        let is_known =
            metrics.contains(name) || ["huxin_validator_vote_age_seconds", "huxin_validator_connected"].contains(&name);
        assert!(is_known || metrics.contains(name.trim_end_matches("_total")), "{name} is not in /metrics");
    }
    eventually("explain finds nothing wrong", PATIENCE, || async {
        let address = network.operations(0).base().to_owned();
        (run(&huxin(), ["explain", "--operations", &address]).code == 0).then_some(())
    })
    .await;
}
