//! An operator's bad day: what is told when a province is away, a quorum is gone, a link is missing, a key is old, a
//! configuration is wrong, or the log cannot be written.

use std::fs::File;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use huxin_chain_spec::crypto::{SignatureScheme, Signer as _, SigningKey};
use huxin_chain_spec::record::governance::Action;
use huxin_client::keys;
use huxin_tests::{Council, Finished, Network, PATIENCE, agree_at_a_common_height, eventually, huxin, huxin_node, run};
use reqwest::Method;
use serde_json::Value;

/// What `huxin explain` says of one node.
fn explain(network: &Network, node: usize) -> Finished {
    let address = network.operations(node).base().to_owned();
    run(&huxin(), ["--json", "explain", "--operations", &address])
}

/// The codes of its findings.
fn findings(network: &Network, node: usize) -> Vec<Value> {
    explain(network, node).json()["findings"].as_array().cloned().unwrap_or_default()
}

fn codes(found: &[Value]) -> Vec<&str> {
    found.iter().filter_map(|finding| finding["code"].as_str()).collect()
}

async fn ready(network: &Network, node: usize) -> (u16, Value) {
    let reply = network.operations(node).get("/ready").await;
    (reply.status, reply.json())
}

fn signal(process: u32, name: &str) {
    let status = Command::new("sh").args(["-c", "kill -\"$1\" \"$0\"", &process.to_string(), name]).status().unwrap();
    assert!(status.success());
}

/// "Nothing is wrong", exit 0, was the answer with one of four down, and with the quorum gone.
#[tokio::test(flavor = "multi_thread")]
async fn who_is_away_is_told_at_once_and_what_that_means() {
    let mut network = Network::start(4).await;
    eventually("nothing is wrong", PATIENCE, || async { (explain(&network, 0).code == 0).then_some(()) }).await;
    network.kill(1);
    let one = eventually("the loss of one is told", Duration::from_secs(10), || async {
        let found = findings(&network, 0);
        (codes(&found) == ["peers.missing"]).then_some(found)
    })
    .await;
    let what = one[0]["what"].as_str().unwrap();
    assert!(what.starts_with("1 of 4 validators silent since "), "{what}");
    assert!(what.ends_with("(Jiangsu 江苏, 320000): no further failure is tolerated"), "{what}");
    assert!(one[0]["what_zh"].as_str().unwrap().contains("不能再有节点失效"));
    assert_eq!(explain(&network, 0).code, 1);
    // The node itself works: it goes on to serve, and says what is used up.
    let (status, page) = ready(&network, 0).await;
    assert_eq!((status, page["reasons"][0]["severity"].as_str()), (200, Some("warning")));
    assert_eq!(network.metric(0, "huxin_may_fail_validators").await, Some(0.0));
    assert_eq!(network.metric(0, "huxin_validator_connected").await, Some(2.0));
    assert_eq!(network.metric(0, "huxin_reached_power").await, Some(3.0));

    network.kill(2);
    let two = eventually("the loss of the quorum is told", Duration::from_secs(10), || async {
        let found = findings(&network, 0);
        (codes(&found) == ["consensus.no_quorum"]).then_some(found)
    })
    .await;
    let what = two[0]["what"].as_str().unwrap();
    assert!(what.starts_with("connected power 2 of 4, 3 needed: the chain cannot decide"), "{what}");
    assert!(what.contains("Jiangsu") && what.contains("Zhejiang"), "{what}");
    assert_eq!((explain(&network, 0).code, ready(&network, 0).await.0), (1, 503));
    // Who answers nothing could not be checked.
    let gone = explain(&network, 1);
    assert_eq!((gone.code, codes(gone.json()["findings"].as_array().unwrap())), (3, vec!["node.unreachable"]));

    network.start_node(2);
    network.wait_ready(2).await;
    network.start_node(1);
    eventually("nothing is wrong again", PATIENCE, || async { (explain(&network, 0).code == 0).then_some(()) }).await;
}

/// Two nodes that hold each other's old address worked with the others until one of those went away too: then nothing was
/// decided, though three of four were up.
#[tokio::test(flavor = "multi_thread")]
async fn a_missing_link_is_named_though_the_chain_goes_on() {
    let mut network = Network::prepare(4);
    for (node, other) in [(2, 3), (3, 2)] {
        let text = std::fs::read_to_string(network.config(other)).unwrap();
        let listen = text.lines().find_map(|line| line.strip_prefix("listen = \"/ip4/")).unwrap().trim_end_matches('"');
        // Port 9 of this machine: nobody listens there.
        let old = format!("/ip4/{listen}/p2p/");
        network.configure(node, &old, "/ip4/127.0.0.1/tcp/9/p2p/");
    }
    network.start_all();
    network.wait_ready(0).await;
    let issuer = network.issuer("310000");
    let found = eventually("the missing link is told", PATIENCE, || async {
        // Each block shows who signs.
        let height = network.api(0).status().await.height;
        network.api(0).submit(&issuer.sign(vec![issuer.issue_new().1], height).bytes).await;
        let (_, page) = ready(&network, 2).await;
        let reasons = page["reasons"].as_array().unwrap().clone();
        let named = reasons.iter().any(|reason| {
            reason["code"] == "peers.missing" && reason["what"].as_str().unwrap().contains("come by way of others")
        });
        named.then_some(reasons)
    })
    .await;
    assert_eq!(found[0]["provinces"], serde_json::json!(["340000"]), "{found:?}");
    network.kill(0);
    let from = network.api(1).status().await.height;
    eventually("blocks go on", PATIENCE, || async {
        let height = network.api(1).status().await.height;
        network.api(1).submit(&issuer.sign(vec![issuer.issue_new().1], height).bytes).await;
        (height >= from + 5).then_some(())
    })
    .await;
    eventually("the ends of the missing link are ready", PATIENCE, || async {
        (ready(&network, 2).await.0 == 200 && ready(&network, 3).await.0 == 200).then_some(())
    })
    .await;
    assert!(network.metric(1, "huxin_consensus_sent_on_total").await > Some(0.0));
}

/// It once said "not on this ledger" of licences that are valid, for as long as it stood at height 0.
#[tokio::test(flavor = "multi_thread")]
async fn a_node_without_a_block_answers_no_question_about_the_ledger() {
    let mut network = Network::prepare(4);
    network.start_node(0);
    let reference = "ab".repeat(32);
    let operations = network.operations(0);
    eventually("the node listens", PATIENCE, || {
        let operations = operations.clone();
        async move { operations.send(Method::GET, "/health", &[], Vec::new()).await.map(|_| ()) }
    })
    .await;
    let reply = network.api(0).get(&format!("/v1/licences/{reference}")).await;
    assert_eq!((reply.status, reply.error().code.as_str()), (503, "api.not_ready"));
    let reply = network.api(0).post("/v1/verify", "application/octet-stream", b"a file".to_vec()).await;
    assert_eq!((reply.status, reply.error().code.as_str()), (503, "api.not_ready"));
    let (status, page) = ready(&network, 0).await;
    let found = page["reasons"].as_array().unwrap().clone();
    assert_eq!(status, 503);
    assert!(codes(&found).contains(&"chain.no_block"), "{found:?}");
    let root = network.genesis.hash().to_string();
    let words = ["verify", &reference, "--node", network.api(0).base(), "--trust-root", &root].map(str::to_owned);
    assert_eq!(run(&huxin(), words).code, 3, "could not be checked, and not: not on this ledger");
}

/// After a rotation the old key has no vote; the node ran on as "ready" with one line in its log.
#[tokio::test(flavor = "multi_thread")]
async fn a_validator_that_runs_without_a_vote_says_so() {
    let network = Network::start(4).await;
    let council = Council::new(&network);
    let old = network.genesis.provinces[3].validators[0].consensus_key.id();
    let new = SigningKey::from_secret(SignatureScheme::Ed25519, [91; 32]).unwrap().public_key();
    council.pass(&[3], Action::ValidatorRotate { old, new, network_key: None }).await;
    let found = eventually("the node says that it has no vote", PATIENCE, || async {
        let found = findings(&network, 3);
        codes(&found).contains(&"validator.no_vote").then_some(found)
    })
    .await;
    let what = found.iter().find(|finding| finding["code"] == "validator.no_vote").unwrap()["what"].as_str().unwrap();
    assert!(what.contains("was replaced or removed at height") && what.contains("put the new key file"), "{what}");
    assert_eq!((explain(&network, 3).code, ready(&network, 3).await.0), (1, 503));
    assert_eq!(network.metric(3, "huxin_has_vote").await, Some(0.0));
    assert!(network.log_says(3, "this node has no vote any more"));
    assert_eq!(network.api(3).status().await.province, "340000");
    // The others miss the vote of the new key.
    eventually("the others name the province", PATIENCE, || async {
        let found = findings(&network, 0);
        let named = found.iter().any(|finding| finding["provinces"] == serde_json::json!(["340000"]));
        named.then_some(())
    })
    .await;
}

/// A configuration that is wrong in one way.
struct Wrong {
    from: String,
    to: String,
    /// Part of the sentence.
    says: &'static str,
}

fn wrong(from: &str, to: &str, says: &'static str) -> Wrong {
    Wrong { from: from.to_owned(), to: to.to_owned(), says }
}

/// `check` passed configurations that `run` then refused.
#[tokio::test(flavor = "multi_thread")]
async fn check_refuses_whatever_run_refuses_in_the_same_words() {
    let network = Network::prepare(2);
    let config = network.config(0).to_owned();
    let good = std::fs::read_to_string(&config).unwrap();
    let line = |key: &str, nth: usize| {
        let found = good.lines().filter(|line| line.starts_with(key)).nth(nth).unwrap();
        found.to_owned()
    };
    let (consensus, mempool, api) = (line("listen", 0), line("listen", 1), line("listen", 2));
    let peer = good.lines().find(|line| line.contains("/p2p/")).unwrap().trim().to_owned();
    let sealed = config.with_file_name("keys").join("sealed.key");
    let key = SigningKey::from_secret(SignatureScheme::Ed25519, [7; 32]).unwrap();
    let purpose = huxin_chain_spec::keyfile::KeyPurpose::Consensus;
    let file = huxin_chain_spec::keyfile::KeyFile::seal(&key, purpose, b"four words", [1; 16], [2; 12]).unwrap();
    keys::write_new(&sealed, &file).unwrap();
    let table = [
        wrong(&consensus, "listen = \"127.0.0.1:31001\"", "consensus.listen is \"127.0.0.1:31001\""),
        wrong(&consensus, "listen = \"/ip4/127.0.0.1/udp/31001\"", "cannot be listened on"),
        wrong(&mempool, "listen = \"/dns4/localhost/tcp/31001\"", "mempool.listen is"),
        wrong(&mempool, &consensus, "mempool.listen and consensus.listen are both at"),
        wrong(&api, "listen = \"127.0.0.1:99999\"", "is not a node configuration"),
        wrong(&peer, "\"/ip4/127.0.0.1/tcp/1\",", "/p2p/"),
        wrong(&peer, "\"127.0.0.1:1\",", "127.0.0.1:1"),
        wrong("level = \"info\"", "level = \"loud\"", "log.level \"loud\" is not a level"),
        wrong("level = \"info\"", "level = \"info,huxin_node=loud\"", "log.level"),
        wrong("format = \"text\"", "format = \"xml\"", "is not a node configuration"),
        wrong("[log]", "[logs]", "logs"),
        wrong("keys/consensus.key", "keys/network.key", "the key file is for network"),
        wrong("keys/consensus.key", "keys/none.key", "cannot read"),
        wrong("keys/consensus.key", "keys/sealed.key", "HUXIN_KEY_PASSPHRASE"),
        wrong("../genesis.toml", "node.toml", "genesis file"),
        wrong("[api]", "bytes_max = 1\n\n[api]", "mempool.bytes_max"),
    ];
    for Wrong { from, to, says } in table {
        assert!(good.contains(&from), "{from}");
        std::fs::write(&config, good.replacen(&from, &to, 1)).unwrap();
        let node = |command: &str| run(&huxin_node(), [command, "--config", config.to_str().unwrap()]);
        let (checked, started) = (node("check"), node("run"));
        assert_eq!((checked.code, started.code), (1, 1), "{to}: {checked:?} {started:?}");
        assert!(checked.stderr.contains(says), "{to}: {}", checked.stderr);
        assert_eq!(checked.stderr.lines().last(), started.stderr.lines().last(), "{to}");
    }
    std::fs::write(&config, &good).unwrap();
    few_files_and_taken_ports(&network, &api);
    let passed = run(&huxin_node(), ["check", "--config", config.to_str().unwrap()]).expect(0);
    assert!(passed.stdout.contains("vote        yes, power 1"), "{passed:?}");
    // Allowed and rarely meant.
    let alone = good.lines().filter(|line| !line.contains("/p2p/")).collect::<Vec<_>>().join("\n");
    std::fs::write(&config, alone).unwrap();
    let warned = run(&huxin_node(), ["check", "--config", config.to_str().unwrap()]).expect(0);
    assert!(warned.stderr.contains("warning: consensus.peers is empty"), "{warned:?}");
}

fn few_files_and_taken_ports(network: &Network, api: &str) {
    let config = network.config(0).to_str().unwrap().to_owned();
    for command in ["check", "run"] {
        let node = huxin_node().display().to_string();
        let shell = format!("ulimit -n 512; exec {node} {command} --config {config}");
        let few = run("/bin/sh".as_ref(), ["-c", &shell]).expect(1);
        assert!(few.stderr.contains("the limit of open files is 512"), "{few:?}");
    }
    let address = api.split('"').nth(1).unwrap();
    let _taken = TcpListener::bind(address).unwrap();
    for words in [vec!["check", "--ports"], vec!["run"]] {
        let words = words.into_iter().chain(["--config", &config]);
        let finished = run(&huxin_node(), words).expect(1);
        assert!(finished.stderr.contains("for api.listen"), "{finished:?}");
    }
    run(&huxin_node(), ["check", "--config", &config]).expect(0);
}

#[test]
fn usage_errors_of_the_node_end_with_one() {
    assert_eq!(run(&huxin_node(), ["run"]).code, 1);
    assert_eq!(run(&huxin_node(), ["--nonsense"]).code, 1);
    assert_eq!(run(&huxin_node(), ["--help"]).code, 0);
}

/// The default action of a hangup ends a process: logrotate or a closing terminal took a validator down.
#[tokio::test(flavor = "multi_thread")]
async fn a_hangup_reloads_and_never_stops_the_node() {
    let mut network = Network::start(2).await;
    let process = network.process(0).id();
    network.configure(0, "level = \"info\"", "level = \"debug\"");
    network.configure(0, "[api]\nlisten = \"127", "[api]\nlisten = \"0");
    signal(process, "HUP");
    eventually("the level is reloaded", PATIENCE, || async {
        (network.log_says(0, "configuration reloaded") && network.log_says(0, "api.listen")).then_some(())
    })
    .await;
    std::fs::write(network.config(0), "nonsense").unwrap();
    signal(process, "HUP");
    eventually("the wrong file is told", PATIENCE, || async {
        network.log_says(0, "could not reload the configuration").then_some(())
    })
    .await;
    network.wait_ready(0).await;
    assert!(network.terminate(0).await.success());
}

/// A store whose disk took no more failed once on the way to a vote: the node then stood still for ever and blamed the others.
#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_ends_the_node_with_a_sentence_and_it_resumes_in_order() {
    let mut network = Network::prepare(4);
    network.start_node_with_small_files(0, 2 << 20);
    network.start_all();
    network.wait_all_ready().await;
    let issuer = network.issuer("310000");
    let filling = async {
        loop {
            let operations = (0..200).map(|_| issuer.issue_new().1).collect();
            network.api(1).submit(&issuer.sign(operations, 0).bytes).await;
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    let log = network.log(0);
    let ended = eventually("the store says that its disk takes no more", PATIENCE, || async {
        let text = std::fs::read_to_string(&log).unwrap();
        text.contains("could not use the store in").then_some(())
    });
    tokio::select! {
        () = filling => {}
        () = ended => {}
    }
    assert_eq!(network.ends(0, PATIENCE).await.code(), Some(1));
    assert!(network.log_says(0, "check that the disk works and has room"));
    network.start_node(0);
    network.wait_ready(0).await;
    let transaction = issuer.sign(vec![issuer.issue_new().1], 0);
    assert_eq!(network.api(0).submit_and_wait(&transaction.bytes).await.outcome, "committed");
    agree_at_a_common_height(&network.apis()).await;
}

/// A node that is killed when dropped.
struct Node(Child);

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The first line that could not be written ended the node.
#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_cannot_be_written_loses_lines_and_not_the_node() {
    for is_closed_pipe in [true, false] {
        let network = Network::prepare(1);
        let mut command = Command::new(huxin_node());
        command.arg("run").arg("--config").arg(network.config(0)).stdin(Stdio::null()).stdout(Stdio::null());
        match is_closed_pipe {
            true => command.stderr(Stdio::piped()),
            false => command.stderr(File::options().write(true).open("/dev/full").unwrap()),
        };
        let mut node = Node(command.spawn().unwrap());
        drop(node.0.stderr.take());
        let operations = network.operations(0);
        eventually("the node is ready without a log", PATIENCE, || async {
            let reply = operations.send(Method::GET, "/ready", &[], Vec::new()).await?;
            (reply.status == 200).then_some(())
        })
        .await;
        signal(node.0.id(), "HUP");
        eventually("the lost lines are counted", PATIENCE, || async {
            let lost = network.metric(0, "huxin_log_lines_dropped_total").await;
            lost.is_some_and(|lost| lost >= 2.0).then_some(())
        })
        .await;
        assert!(node.0.try_wait().unwrap().is_none(), "the node ended");
    }
}
