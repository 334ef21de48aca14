//! The audit replay recomputes the whole ledger, agrees with honest nodes, and catches a node that serves something else.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::response::IntoResponse as _;
use huxin_chain_spec::api::DecidedBlock;
use huxin_chain_spec::crypto::Signature;
use huxin_chain_spec::ids::TimeMs;
use huxin_chain_spec::record::{LicenceOperation, Operation};
use huxin_client::ClientError;
use huxin_client::audit::{ReplayOptions, replay};
use huxin_client::sdk::{NodeClient, decode_decided, frames};
use huxin_tests::{Http, Network, agree_at_a_common_height, replay_agrees};

/// What a damaging node does to a block on its way out.
type Damage = fn(&mut DecidedBlock);

/// A node that damages the first block that holds a transaction, and otherwise answers as the real one.
#[derive(Clone)]
struct Damaging {
    real: Http,
    damage: Damage,
    damaged: Arc<AtomicUsize>,
}

impl Damaging {
    /// Starts to serve, and gives the address.
    async fn serve(self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().fallback(answer).with_state(self);
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        format!("http://{address}")
    }
}

async fn answer(State(node): State<Damaging>, request: Request) -> axum::response::Response {
    let path = request.uri().path_and_query().unwrap().to_string();
    let body = node.real.get(&path).await.body;
    if !path.starts_with("/v1/blocks?") {
        return Bytes::from(body).into_response();
    }
    let mut bytes = Vec::new();
    for frame in frames(&body).unwrap() {
        let mut block = decode_decided(frame).unwrap();
        let is_first = node.damaged.load(Ordering::Relaxed) == 0;
        if is_first && !block.block.body.transactions.is_empty() {
            (node.damage)(&mut block);
            node.damaged.fetch_add(1, Ordering::Relaxed);
        }
        let frame = borsh::to_vec(&block).unwrap();
        bytes.extend_from_slice(&u32::try_from(frame.len()).unwrap().to_le_bytes());
        bytes.extend_from_slice(&frame);
    }
    Bytes::from(bytes).into_response()
}

fn flip(signature: &mut Signature) {
    let mut bytes = *signature.as_bytes();
    bytes[9] ^= 4;
    *signature = Signature::Ed25519(bytes);
}

const DAMAGES: [(&str, Damage); 6] = [
    ("another document digest", |block| {
        let Operation::Licence(LicenceOperation::Issue(licence)) =
            &mut block.block.body.transactions[0].body.operations[0]
        else {
            panic!("an issue was expected");
        };
        licence.document.sha256.0[0] ^= 1;
    }),
    ("a transaction's signature", |block| flip(&mut block.block.body.transactions[0].signature)),
    ("a transaction left out", |block| block.block.body.transactions.clear()),
    ("a later time", |block| block.block.header.time_ms = TimeMs(block.block.header.time_ms.0 + 1)),
    ("a validator's signature", |block| flip(&mut block.certificate.signatures[0].signature)),
    ("a certificate of too few", |block| block.certificate.signatures.truncate(2)),
];

#[tokio::test(flavor = "multi_thread")]
async fn the_replay_agrees_with_honest_nodes_and_catches_every_damage() {
    let network = Network::start(4).await;
    let issuer = network.issuer("310000");
    for _ in 0..5 {
        let transaction = issuer.sign((0..3).map(|_| issuer.issue_new().1).collect(), 0);
        assert_eq!(network.api(0).submit_and_wait(&transaction.bytes).await.outcome, "committed");
    }
    agree_at_a_common_height(&network.apis()).await;
    let coverage = replay_agrees(&network.apis(), &network.genesis).await;
    assert_eq!((coverage.records, coverage.transactions, coverage.transactions_rejected), (15, 5, 0));
    assert!(!coverage.checked.is_empty() && !coverage.not_checked.is_empty());
    assert!(coverage.certificate_signatures >= 3 * coverage.height);

    for (what, damage) in DAMAGES {
        let node = Damaging { real: network.api(2), damage, damaged: Arc::default() };
        let damaged = Arc::clone(&node.damaged);
        let nodes = NodeClient::new(&[node.serve().await]).unwrap();
        let found = replay(Some(&nodes), &network.genesis, &ReplayOptions::default(), &|_, _, _| {}).await;
        assert_eq!(damaged.load(Ordering::Relaxed), 1, "{what}: nothing was damaged");
        let error = found.expect_err(what);
        assert!(matches!(error, ClientError::ReplayDiffers { height, .. } if height > 0), "{what}: {error}");
    }
}

/// An export is replayed without any node.
#[tokio::test(flavor = "multi_thread")]
async fn an_export_is_replayed_offline() {
    let network = Network::start(4).await;
    let issuer = network.issuer("310000");
    let transaction = issuer.sign((0..7).map(|_| issuer.issue_new().1).collect(), 0);
    assert_eq!(network.api(0).submit_and_wait(&transaction.bytes).await.outcome, "committed");
    let file = network.scratch().join("blocks.export");
    let nodes = NodeClient::new(&[network.description.nodes[0].api.clone()]).unwrap();
    let export = ReplayOptions { export: Some(file.clone()), import: None };
    let online = replay(Some(&nodes), &network.genesis, &export, &|_, _, _| {}).await.unwrap();
    let import = ReplayOptions { export: None, import: Some(file.clone()) };
    let offline = replay(None, &network.genesis, &import, &|_, _, _| {}).await.unwrap();
    assert_eq!((offline.block, offline.log_root, offline.records), (online.block, online.log_root, 7));

    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    assert!(replay(None, &network.genesis, &import, &|_, _, _| {}).await.is_err());
}
