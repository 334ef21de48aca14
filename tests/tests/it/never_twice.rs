//! Exchanged, copied, restored, emptied and torn folders, and a second process: nothing that an operator or a disk does makes a
//! validator sign twice, and what cannot be right is refused with one sentence.

use std::path::{Path, PathBuf};
use std::time::Duration;

use huxin_chain_spec::receipt::TrustedHead;
use huxin_tests::{Http, Issuer, Network, PATIENCE, agree_at_a_common_height, eventually};

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

async fn work(api: &Http, issuer: &Issuer, blocks: usize) {
    for _ in 0..blocks {
        let answer = api.submit_and_wait(&issuer.sign(vec![issuer.issue_new().1], 0).bytes).await;
        assert_eq!(answer.outcome, "committed");
    }
}

/// No running node holds a proof against anybody.
async fn nobody_signed_twice(network: &Network) {
    for node in 0..network.size() {
        let reply = network.api(node).get("/v1/misbehaviour").await;
        assert_eq!(String::from_utf8(reply.body).unwrap(), "[]", "node {node}");
    }
}

/// Starts a node that has to end by itself, and returns what it said.
async fn refusal(network: &mut Network, node: usize) -> String {
    let before = std::fs::read_to_string(network.log(node)).unwrap().len();
    network.start_node(node);
    let status = network.ends(node, Duration::from_secs(60)).await;
    let said = std::fs::read_to_string(network.log(node)).unwrap().split_off(before);
    assert_eq!(status.code(), Some(1), "{said}");
    let sentences: Vec<&str> = said.lines().filter(|line| line.starts_with("huxin-node: ")).collect();
    assert_eq!(sentences.len(), 1, "one sentence: {said}");
    sentences[0].to_owned()
}

/// Everybody works again, all on one ledger, and nobody holds a proof.
async fn all_is_well(network: &mut Network, issuer: &Issuer) {
    network.start_all();
    network.wait_all_ready().await;
    work(&network.api(0), issuer, 3).await;
    agree_at_a_common_height(&network.apis()).await;
    nobody_signed_twice(network).await;
}

/// An honest province stood convicted after two data folders had been exchanged, and nothing was said at the start.
#[tokio::test(flavor = "multi_thread")]
async fn exchanged_and_copied_data_folders_are_refused() {
    let mut network = Network::start(4).await;
    let issuer = network.issuer("310000");
    work(&network.api(0), &issuer, 4).await;
    network.kill(1);
    network.kill(2);
    let (one, two, aside) = (network.data(1).to_owned(), network.data(2).to_owned(), network.scratch().join("aside"));
    let exchange = || {
        std::fs::rename(&one, &aside).unwrap();
        std::fs::rename(&two, &one).unwrap();
        std::fs::rename(&aside, &two).unwrap();
    };
    exchange();
    for node in [1, 2] {
        let sentence = refusal(&mut network, node).await;
        assert!(sentence.contains("exchanged, copied or restored from another node"), "{sentence}");
    }
    exchange();
    // A copy of another node's store, to spare the way over the network.
    let own = network.scratch().join("own");
    std::fs::rename(one.join("store"), &own).unwrap();
    copy_folder(&two.join("store"), &one.join("store"));
    let sentence = refusal(&mut network, 1).await;
    assert!(sentence.contains("exchanged, copied or restored from another node"), "{sentence}");
    std::fs::remove_dir_all(one.join("store")).unwrap();
    std::fs::rename(&own, one.join("store")).unwrap();
    all_is_well(&mut network, &issuer).await;
}

/// A standby that was forgotten: the same key file, another folder.
#[tokio::test(flavor = "multi_thread")]
async fn a_second_process_with_the_key_file_is_refused() {
    let mut network = Network::start(4).await;
    let issuer = network.issuer("310000");
    let config = network.config(1).to_owned();
    let text = std::fs::read_to_string(&config).unwrap();
    let text: Vec<String> = text
        .lines()
        .map(|line| match line.split_once('=').map(|(key, _)| key.trim()) {
            Some("data") => "data = \"data-of-the-standby\"".to_owned(),
            Some("listen") if line.contains("/ip4/") => "listen = \"/ip4/127.0.0.1/tcp/0\"".to_owned(),
            Some("listen") => "listen = \"127.0.0.1:0\"".to_owned(),
            _ => line.to_owned(),
        })
        .collect();
    let standby = config.with_file_name("standby.toml");
    std::fs::write(&standby, text.join("\n")).unwrap();
    let log = config.with_file_name("standby.log");
    let mut process = huxin_tests::Process::start(&standby, &log, &[]);
    assert_eq!(process.wait(Duration::from_secs(60)).await.code(), Some(1));
    let said = std::fs::read_to_string(&log).unwrap();
    assert!(said.contains("another process uses the sign-state"), "{said}");
    all_is_well(&mut network, &issuer).await;
}

/// Two nodes restored from backups, with a third that had been down, used to decide other blocks than those acknowledged.
#[tokio::test(flavor = "multi_thread")]
async fn restored_backups_of_one_and_two_nodes_make_no_second_chain() {
    let mut network = Network::start(4).await;
    let issuer = network.issuer("310000");
    work(&network.api(0), &issuer, 3).await;
    for node in [1, 2, 3] {
        network.terminate(node).await;
    }
    let backup = |node: usize| network.scratch().join(format!("backup-{node}"));
    let backups: Vec<PathBuf> = (0..4).map(backup).collect();
    for node in [1, 2] {
        copy_folder(network.data(node), &backups[node]);
    }
    for node in [1, 2] {
        network.start_node(node);
    }
    for node in [1, 2] {
        network.wait_ready(node).await;
    }
    work(&network.api(0), &issuer, 3).await;
    let height = network.api(0).status().await.height;
    for node in [0, 1, 2] {
        network.kill(node);
    }
    for node in [1, 2] {
        std::fs::remove_dir_all(network.data(node)).unwrap();
        copy_folder(&backups[node], network.data(node));
    }
    for node in [1, 2, 3] {
        network.start_node(node);
    }
    for node in [1, 2] {
        eventually("the restored node says that its store is older", PATIENCE, || {
            std::future::ready(
                network.log_says(node, "the store is older than what this validator has signed").then_some(()),
            )
        })
        .await;
    }
    eventually("the restored nodes keep silent", PATIENCE, || async {
        let withheld = [1, 2].map(|node| network.metric(node, "huxin_signing_withheld"));
        let [one, two] = withheld;
        (one.await? > 0.0 && two.await? > 0.0).then_some(())
    })
    .await;
    for node in [1, 2, 3] {
        assert!(network.api(node).status().await.height < height, "no second chain");
    }
    all_is_well(&mut network, &issuer).await;
    assert!(network.api(3).status().await.height > height);
}

/// The steps of "Damaged store" without any wait, first beside a quorum and then as a part of it; and a store whose journal was
/// cut, so that blocks which had been synced are gone.
#[tokio::test(flavor = "multi_thread")]
async fn an_empty_store_in_and_out_of_the_quorum_and_a_truncated_journal() {
    let mut network = Network::start(4).await;
    let issuer = network.issuer("310000");
    work(&network.api(0), &issuer, 4).await;
    for down in [None, Some(3)] {
        if let Some(node) = down {
            network.kill(node);
        }
        network.kill(1);
        std::fs::rename(network.data(1).join("store"), network.scratch().join(format!("aside-{down:?}"))).unwrap();
        network.start_node(1);
        network.wait_ready(1).await;
        work(&network.api(0), &issuer, 3).await;
        if let Some(node) = down {
            network.start_node(node);
            network.wait_ready(node).await;
        }
        nobody_signed_twice(&network).await;
    }
    network.kill(1);
    let store = network.data(1).join("store");
    let journals = std::fs::read_dir(&store).unwrap().map(|entry| entry.unwrap().path());
    let journal = journals.filter(|path| path.extension().is_some_and(|found| found == "log")).max().unwrap();
    let length = journal.metadata().unwrap().len();
    assert!(length > 0);
    std::fs::File::options().write(true).open(&journal).unwrap().set_len(length / 2).unwrap();
    all_is_well(&mut network, &issuer).await;
}

/// A validator that lost its sign-state with the quorum at stake: the operator's height is that of a certified head, not a number typed.
#[tokio::test(flavor = "multi_thread")]
async fn a_lost_sign_state_is_answered_by_a_certified_head() {
    let mut network = Network::start(4).await;
    let issuer = network.issuer("310000");
    work(&network.api(0), &issuer, 3).await;
    network.kill(1);
    work(&network.api(0), &issuer, 3).await;
    let head = network.api(0).get("/v1/trust/head").await.body;
    let height = TrustedHead::from_bytes(&head).unwrap().header.height;
    let (good, bad) = (network.scratch().join("good.head"), network.scratch().join("bad.head"));
    std::fs::write(&good, &head).unwrap();
    let mut forged = TrustedHead::from_bytes(&head).unwrap();
    forged.header.height = forged.header.height.next();
    std::fs::write(&bad, forged.to_bytes()).unwrap();
    let sign_state = network.config(1).with_file_name("keys").join("consensus.key.sign-state");
    std::fs::remove_file(&sign_state).unwrap();
    let recover = |head: &Path| {
        let mut command = std::process::Command::new(huxin_tests::huxin_node());
        command.args(["recover", "--config"]).arg(network.config(1)).arg("--after-head").arg(head).output().unwrap()
    };
    for unusable in [&bad, &sign_state, &network.config(1).to_owned()] {
        let refused = recover(unusable);
        let said = String::from_utf8(refused.stderr).unwrap();
        assert!(refused.status.code() == Some(1) && said.contains("cannot be used"), "{said}");
    }
    let recovered = recover(&good);
    let said = String::from_utf8(recovered.stdout).unwrap();
    assert!(recovered.status.success() && said.contains(&format!("up to height {height}")), "{said}");
    // Its vote is needed for the quorum, and it votes.
    network.kill(3);
    network.start_node(1);
    network.wait_ready(1).await;
    work(&network.api(0), &issuer, 2).await;
    all_is_well(&mut network, &issuer).await;
}

/// One flipped bit in the consensus log used to end the node once, with a sentence to start it again; the second start signed twice.
#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_consensus_log_refuses_every_start_until_the_operator_sets_it_aside() {
    let mut network = Network::start(4).await;
    let issuer = network.issuer("310000");
    work(&network.api(0), &issuer, 3).await;
    network.kill(1);
    let log = network.data(1).join("wal/consensus.wal");
    let mut bytes = std::fs::read(&log).unwrap();
    // An entry of four bytes whose checksum is another one.
    bytes.truncate(12);
    bytes.extend_from_slice(&[0, 0, 0, 0, 0, 0, 0, 0, 4, 1, 2, 3, 4, 5, 6, 7, 8]);
    std::fs::write(&log, &bytes).unwrap();
    for _ in 0..2 {
        let sentence = refusal(&mut network, 1).await;
        assert!(sentence.contains("is damaged") && sentence.contains("huxin-node recover"), "{sentence}");
        assert_eq!(std::fs::read(&log).unwrap(), bytes, "no byte changed");
    }
    let run = |command: &str| {
        std::process::Command::new(huxin_tests::huxin_node())
            .arg(command)
            .arg("--config")
            .arg(network.config(1))
            .output()
            .unwrap()
    };
    assert_eq!(run("check").status.code(), Some(1), "a check finds it as well");
    let recovered = run("recover");
    let said = String::from_utf8(recovered.stdout).unwrap();
    assert!(recovered.status.success() && said.contains("why this is safe"), "{said}");
    all_is_well(&mut network, &issuer).await;
}
