//! The keys under `keys-example/` are published: they work on chains named dev-… only.

use std::path::{Path, PathBuf};

use huxin_chain_spec::crypto::Signer as _;
use huxin_chain_spec::genesis::Genesis;
use huxin_chain_spec::ids::Height;
use huxin_chain_spec::record::membership::Permissions;
use huxin_chain_spec::record::{MembershipOperation, Operation};
use huxin_client::keys;
use huxin_client::sdk::TransactionSigner;
use huxin_client::testnet::Suite;
use huxin_tests::{Network, huxin_node, run};

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../keys-example/shanghai").join(format!("{name}.key"))
}

/// Checks that neither `run` nor `check` accepts the first node's configuration, and that the sentence says why.
fn refused(network: &Network, place: &str) {
    for command in ["run", "check"] {
        let config = network.config(0).as_os_str();
        let finished = run(&huxin_node(), [command.as_ref(), "--config".as_ref(), config]).expect(1);
        let said = format!("{}{}", finished.stdout, finished.stderr);
        assert!(said.contains("example key") && said.contains("dev-") && said.contains(place), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_of_a_real_chain_does_not_start_with_one() {
    let network = Network::prepare_on(1, "real-chain", Suite::Standard);
    let own = network.config(0).with_file_name("keys").join("network.key");
    let kept = std::fs::read(&own).unwrap();
    std::fs::copy(example("network"), &own).unwrap();
    refused(&network, "network.key");
    std::fs::write(&own, kept).unwrap();

    // A genesis that names one founds no real chain.
    let path = &network.description.genesis;
    let text = std::fs::read_to_string(path).unwrap();
    let key = keys::open_plain(&network.keys("310000").registrar).unwrap().public_key().to_string();
    let published = keys::open_plain(&example("registrar")).unwrap().public_key().to_string();
    assert!(text.contains(&key));
    std::fs::write(path, text.replace(&key, &published)).unwrap();
    refused(&network, "genesis.toml");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_chain_does_not_register_one() {
    let mut network = Network::prepare_on(1, "real-chain", Suite::Standard);
    network.start_all();
    network.wait_all_ready().await;
    let registrar = keys::open_plain(&network.keys("310000").registrar).unwrap();
    let (example, organisation) =
        (keys::open_plain(&example("issuer")).unwrap(), network.issuer("310000").organisation);
    let add = Operation::Membership(MembershipOperation::KeyAdd {
        key: example.public_key(),
        organisation,
        system: None,
        permissions: Permissions::all_licences(),
        proof: example.sign_possession(&network.genesis.hash(), &organisation),
    });
    let signer = TransactionSigner::new(&network.genesis, registrar);
    let reply = network.api(0).submit(&signer.sign(vec![add], Height(0), 1_000).unwrap().bytes).await;
    assert_eq!((reply.status, reply.error().code.as_str()), (403, "key.example_on_real_chain"));
    assert_eq!(network.api(0).status().await.log_size, 0);
}

/// On a chain for trial they are what makes examples the same everywhere.
#[tokio::test(flavor = "multi_thread")]
async fn a_development_chain_takes_one() {
    let mut network = Network::prepare(1);
    let own = network.config(0).with_file_name("keys").join("network.key");
    let public = |path: &Path| keys::open_plain(path).unwrap().public_key().to_string();
    // The genesis names the network key as well: a first start waits for the other founders, and knows them by theirs.
    let path = &network.description.genesis;
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.contains(&public(&own)));
    std::fs::write(path, text.replace(&public(&own), &public(&example("network")))).unwrap();
    std::fs::copy(example("network"), own).unwrap();
    network.genesis = Genesis::parse(&std::fs::read_to_string(path).unwrap()).unwrap();
    network.start_all();
    network.wait_all_ready().await;
    let issuer = network.issuer("310000");
    let transaction = issuer.sign(vec![issuer.issue_new().1], 0);
    assert_eq!(network.api(0).submit_and_wait(&transaction.bytes).await.outcome, "committed");
}
