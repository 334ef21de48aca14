//! A node with a damaged store does not start, and says in one sentence which folder is damaged.

use std::path::{Path, PathBuf};
use std::time::Duration;

use huxin_tests::Network;

const NODE: usize = 1;

/// Files of the store whose names end or begin so.
fn files(store: &Path, matches: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(store).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| matches(&path.file_name().unwrap().to_string_lossy()) && path.metadata().unwrap().len() > 0);
    files.sort();
    files
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

/// Changes one bit of a file.
fn flip(file: &Path, position: usize) {
    let mut bytes = std::fs::read(file).unwrap();
    bytes[position] ^= 0x20;
    std::fs::write(file, bytes).unwrap();
}

/// The middle of a file, where no torn write reaches.
fn middle(file: &Path) -> usize {
    usize::try_from(file.metadata().unwrap().len()).unwrap() / 2
}

/// A table begins with its data; filters and statistics stand at its end.
const IN_TABLE_DATA: usize = 16;

#[tokio::test(flavor = "multi_thread")]
async fn the_node_refuses_to_start_on_it() {
    let mut network = Network::start(4).await;
    let issuer = network.issuer("310000");
    for _ in 0..10 {
        let operations = (0..20).map(|_| issuer.issue_new().1).collect();
        let answer = network.api(NODE).submit_and_wait(&issuer.sign(operations, 0).bytes).await;
        assert_eq!(answer.outcome, "committed");
    }
    network.kill(NODE);
    let store = network.data(NODE).join("store");
    let backup = network.scratch().join("store-before");
    copy_folder(&store, &backup);
    let restore = || {
        std::fs::remove_dir_all(&store).unwrap();
        copy_folder(&backup, &store);
    };

    let journal = files(&store, |name| name.ends_with(".log"));
    let manifest = files(&store, |name| name.starts_with("MANIFEST"));
    let current = files(&store, |name| name == "CURRENT");
    assert!(!journal.is_empty() && !manifest.is_empty() && current.len() == 1);
    for file in journal.iter().chain(&manifest).chain(&current) {
        flip(file, middle(file));
        refuses(&mut network, file).await;
        restore();
    }
    // On its next start the store writes tables; each of them holds something that the check on start reads.
    network.start_node(NODE);
    network.wait_ready(NODE).await;
    network.kill(NODE);
    std::fs::remove_dir_all(&backup).unwrap();
    copy_folder(&store, &backup);
    let restore = || {
        std::fs::remove_dir_all(&store).unwrap();
        copy_folder(&backup, &store);
    };
    let tables = files(&store, |name| name.ends_with(".sst"));
    assert!(!tables.is_empty());
    for file in &tables {
        std::fs::remove_file(file).unwrap();
        refuses(&mut network, file).await;
        restore();
        flip(file, IN_TABLE_DATA);
        refuses(&mut network, file).await;
        restore();
    }
    network.start_node(NODE);
    network.wait_ready(NODE).await;
}

async fn refuses(network: &mut Network, damaged: &Path) {
    println!("damaged: {}", damaged.display());
    let log = network.log(NODE);
    let before = std::fs::read_to_string(&log).unwrap().len();
    network.start_node(NODE);
    let status = network.ends(NODE, Duration::from_secs(60)).await;
    let said = std::fs::read_to_string(&log).unwrap().split_off(before);
    assert_eq!(status.code(), Some(1), "with {} damaged: {said}", damaged.display());
    let folder = network.data(NODE).join("store");
    let sentence = said.lines().find(|line| line.contains(&folder.display().to_string()));
    let sentence = sentence.unwrap_or_else(|| panic!("no sentence names {}: {said}", folder.display()));
    assert!(sentence.contains("damaged") && sentence.contains("restore it from a backup"), "{sentence}");
    assert!(!said.contains("huxin-node ready"), "{said}");
}
