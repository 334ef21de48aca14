//! The `huxin` command over receipts: offline, and with every kind of damage, by exit code and stable code.

use std::path::{Path, PathBuf};

use huxin_client::testnet::ProvinceKeys;
use huxin_tests::{Finished, Network, huxin, run};

const LICENCE_TYPE: &str = "11100000000013338W011";

/// A receipt made by the command, with what it is checked against after the network is gone.
struct Kept {
    genesis: PathBuf,
    document: PathBuf,
    receipt: PathBuf,
    id: String,
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn issue(network: &Network, api: &str, document: &Path, receipt: &Path) -> Finished {
    let ProvinceKeys { issuer, issuer_organisation, region, .. } = network.keys("310000");
    let genesis = path(&network.description.genesis);
    let arguments = [
        "--json",
        "--node",
        api,
        "--genesis",
        genesis,
        "--key",
        path(issuer),
        "licence",
        "issue",
        path(document),
        "--licence-type",
        LICENCE_TYPE,
        "--issuer",
        issuer_organisation,
        "--region",
        region,
        "--receipt",
        path(receipt),
    ];
    run(&huxin(), arguments)
}

impl Kept {
    /// Checks the receipt in `file` offline.
    fn check(&self, file: &Path, more: &[&str]) -> Finished {
        let start = ["--json", "--genesis", path(&self.genesis), "receipt", "verify", path(file)];
        run(&huxin(), start.iter().chain(more))
    }

    fn damaged(&self, name: &str, bytes: &[u8]) -> Finished {
        let file = self.receipt.with_file_name(name);
        std::fs::write(&file, bytes).unwrap();
        self.check(&file, &[]).expect(3)
    }
}

fn code(finished: &Finished) -> String {
    finished.json()["error"]["code"].as_str().unwrap_or_else(|| panic!("no code: {finished:?}")).to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn receipts_hold_without_any_node() {
    let mut network = Network::start(4).await;
    let api = network.description.nodes[0].api.clone();
    let kept = Kept {
        genesis: network.description.genesis.clone(),
        document: network.scratch().join("document.txt"),
        receipt: network.scratch().join("document.receipt"),
        id: String::new(),
    };
    std::fs::write(&kept.document, "a licence document, made up").unwrap();
    let issued = issue(&network, &api, &kept.document, &kept.receipt).expect(0).json();
    let kept = Kept { id: issued[0]["licence_id"].as_str().unwrap().to_owned(), ..kept };
    let again = issue(&network, &api, &kept.document, &kept.receipt).expect(1);
    assert_eq!(code(&again), "licence.duplicate");

    let genesis = path(&kept.genesis);
    let online = ["--json", "--node", &api, "--genesis", genesis];
    let ask = |subject: &[&str]| run(&huxin(), online.iter().copied().chain(["verify"]).chain(subject.iter().copied()));
    assert_eq!(ask(&[path(&kept.document)]).expect(0).json()["verdict"], "valid");
    assert_eq!(ask(&[&"ab".repeat(32)]).expect(2).json()["verdict"], "unknown");
    assert_eq!(code(&ask(&["1.2.156.3005.2.x"]).expect(3)), "identifier.licence_segments");
    // Another chain is trusted than the node's.
    let other_root = "ab".repeat(32);
    let wrong = ["--json", "--node", &api, "--trust-root", &other_root, "verify", path(&kept.document)];
    assert_eq!(code(&run(&huxin(), wrong).expect(3)), "client.genesis");
    for node in 0..network.size() {
        network.kill(node);
    }
    assert_eq!(code(&ask(&[path(&kept.document)]).expect(3)), "client.unreachable");
    offline(&kept);
    damage(&kept);
}

fn offline(kept: &Kept) {
    let good = kept.check(&kept.receipt, &["--file", path(&kept.document), "--id", &kept.id]).expect(0).json();
    assert_eq!((&good["verdict"], &good["proven"]), (&"valid".into(), &true.into()));
    assert!(!good["not_checked"].as_array().unwrap().is_empty(), "a receipt cannot know of later changes");
    let other = kept.document.with_file_name("other.txt");
    std::fs::write(&other, "another document").unwrap();
    assert_eq!(kept.check(&kept.receipt, &["--file", path(&other)]).expect(1).json()["verdict"], "invalid");

    let other_root = "cd".repeat(32);
    let wrong = run(&huxin(), ["--json", "--trust-root", &other_root, "receipt", "verify", path(&kept.receipt)]);
    assert_eq!(code(&wrong.expect(3)), "receipt.wrong_trust_root");
    let none = run(&huxin(), ["--json", "receipt", "verify", path(&kept.receipt)]);
    assert_eq!(code(&none.expect(3)), "client.no_trust_root");
}

fn damage(kept: &Kept) {
    let good = std::fs::read(&kept.receipt).unwrap();
    assert_eq!(code(&kept.damaged("empty", b"")), "receipt.malformed");
    assert_eq!(code(&kept.damaged("text", b"this is not a receipt")), "receipt.malformed");
    for length in [9, good.len() / 3, good.len() - 1] {
        assert_eq!(code(&kept.damaged("short", &good[..length])), "receipt.truncated", "{length} bytes");
    }
    assert!(code(&kept.damaged("long", &[good.as_slice(), b"x"].concat())).starts_with("receipt."));
    for position in (0..good.len()).step_by(good.len() / 24) {
        let mut flipped = good.clone();
        flipped[position] ^= 1;
        let code = code(&kept.damaged("flipped", &flipped));
        assert!(code.starts_with("receipt."), "byte {position}: {code}");
    }
}

/// P7: a head is published and pinned by its hash; what ends before it is refused from then on, in every run.
#[tokio::test(flavor = "multi_thread")]
async fn a_head_is_pinned_and_older_receipts_are_refused() {
    let network = Network::start(4).await;
    let api = network.description.nodes[0].api.clone();
    let (genesis, scratch) = (network.description.genesis.clone(), network.scratch().to_owned());
    let (document, receipt) = (scratch.join("document.txt"), scratch.join("document.receipt"));
    std::fs::write(&document, "another licence document, made up").unwrap();
    let id = issue(&network, &api, &document, &receipt).expect(0).json()[0]["licence_id"].as_str().unwrap().to_owned();
    let known = scratch.join("known");
    let huxin_with = |arguments: &[&str]| {
        let shared = ["--json", "--genesis", path(&genesis), "--known", path(&known)];
        run(&huxin(), shared.iter().chain(arguments).copied())
    };
    huxin_with(&["receipt", "verify", path(&receipt)]).expect(0);
    // The next block at the latest is a heartbeat's: the head lies above the receipt.
    std::fs::write(&document, "a third one").unwrap();
    issue(&network, &api, &document, &scratch.join("third.receipt")).expect(0);
    let head = scratch.join("chain.head");
    let got = huxin_with(&["--node", &api, "head", "get", "--out", path(&head)]).expect(0).json();
    let (height, hash) = (got["head"]["height"].as_u64().unwrap(), got["head"]["hash"].as_str().unwrap().to_owned());
    let wrong = huxin_with(&["head", "pin", path(&head), "--hash", &"0".repeat(64)]).expect(3);
    assert_eq!(wrong.json()["error"]["where"], "--hash");
    huxin_with(&["head", "pin", path(&receipt)]).expect(3);
    let nowhere = run(&huxin(), ["--json", "--genesis", path(&genesis), "head", "pin", path(&head)]).expect(3);
    assert_eq!(nowhere.json()["error"]["where"], "--known");
    assert_eq!(huxin_with(&["head", "show"]).expect(0).json()["pinned"], serde_json::Value::Null);
    huxin_with(&["head", "pin", path(&head), "--hash", &hash]).expect(0);
    assert_eq!(huxin_with(&["head", "show"]).expect(0).json()["pinned"], height);
    assert_eq!(code(&huxin_with(&["receipt", "verify", path(&receipt)]).expect(3)), "receipt.before_pinned");
    // The record is as good as ever: a newer receipt of it holds.
    huxin_with(&["--node", &api, "verify", &id]).expect(0);
    let newer = scratch.join("newer.receipt");
    huxin_with(&["--node", &api, "receipt", "get", &id, "--out", path(&newer)]).expect(0);
    huxin_with(&["receipt", "verify", path(&newer)]).expect(0);
    // Validators that have not changed need no way.
    let way = huxin_with(&["--node", &api, "head", "path", "--out", path(&scratch.join("way"))]).expect(0).json();
    assert_eq!(way["steps"], 0);
    let with = ["receipt", "verify", path(&newer), "--trust-path"];
    let way = scratch.join("way");
    huxin_with(&[&with[..], &[path(&way)]].concat()).expect(0);
    huxin_with(&[&with[..], &[path(&newer)]].concat()).expect(3);
}
