//! From a signed request in one province to a proof that another province checks, and through a licence's life.

use huxin_chain_spec::ids::{LicenceId, TimeMs};
use huxin_chain_spec::keyfile::KeyPurpose;
use huxin_chain_spec::receipt::Receipt;
use huxin_chain_spec::record::{LicenceOperation, Operation};
use huxin_chain_spec::verdict::Verdict;
use huxin_client::sdk::{Client, Confirmed, Question, Subject};
use huxin_client::testnet::Suite;
use huxin_tests::{Issuer, Network, agree_at_a_common_height, change, document_of, replay_agrees};

const SHANGHAI: usize = 0;
const JIANGSU: usize = 1;
const ANHUI: usize = 3;
const FILE: &[u8] = b"a licence document, made up";

async fn record(client: &Client, issuer: &Issuer, operation: LicenceOperation) -> Confirmed {
    let (_, status) = client.nodes().status().await.unwrap();
    let transaction = issuer.sign(vec![Operation::Licence(operation)], status.height);
    client.submit(&transaction, 60_000).await.unwrap()
}

/// Asks a node for a licence as it is once `seen` is committed there; the proof is checked by the client.
async fn verdict(client: &Client, id: &LicenceId, as_of: Option<TimeMs>, seen: &Confirmed) -> Verdict {
    client.nodes().connection().saw_height(seen.committed.height);
    let question = Question { subject: Subject::Identifier(id.clone()), document: None, as_of };
    let verified = client.verify(&question).await.unwrap();
    assert!(verified.proven, "{verified:?}");
    verified.verdict
}

#[tokio::test(flavor = "multi_thread")]
async fn a_licence_through_its_life_over_four_provinces() {
    through_its_life(Suite::Standard).await;
}

/// 国密: every key SM2, votes included, and log, map and headers under SM3.
#[tokio::test(flavor = "multi_thread")]
async fn a_licence_through_its_life_on_a_guomi_network() {
    through_its_life(Suite::Guomi).await;
}

async fn through_its_life(suite: Suite) {
    let network = Network::start_with(4, suite).await;
    assert_eq!(network.genesis.ledger_hash, suite.ledger_hash());
    for province in &network.genesis.provinces {
        assert_eq!(province.validators[0].consensus_key.scheme(), suite.scheme(KeyPurpose::Consensus));
    }
    let (shanghai, jiangsu, anhui) =
        (network.client(SHANGHAI).await, network.client(JIANGSU).await, network.client(ANHUI).await);
    let (issuer, receiver) = (network.issuer("310000"), network.issuer("320000"));

    let id = issuer.new_id();
    let issued = record(&shanghai, &issuer, LicenceOperation::Issue(issuer.licence(&id, FILE))).await;
    assert_eq!(verdict(&anhui, &id, None, &issued).await, Verdict::Valid);
    offline(&network, &issued);
    by_file(&network, &anhui, &id).await;

    let reference = issuer.reference(&id);
    let suspended = record(&shanghai, &issuer, LicenceOperation::Suspend(change(reference))).await;
    assert_eq!(verdict(&anhui, &id, None, &suspended).await, Verdict::Suspended);
    // A change counts from its effective time on, which the issuer names: between the two records.
    let before = issued.receipt.record.time_ms;
    assert_eq!(verdict(&anhui, &id, Some(before), &suspended).await, Verdict::Valid);
    let restored = record(&shanghai, &issuer, LicenceOperation::Restore(change(reference))).await;
    assert_eq!(verdict(&anhui, &id, None, &restored).await, Verdict::Valid);

    let (to_province, to_organisation) = ("320000".parse().unwrap(), receiver.organisation);
    let out = LicenceOperation::TransferOut { change: change(reference), to_province, to_organisation, holder: None };
    let out = record(&shanghai, &issuer, out).await;
    assert_eq!(verdict(&anhui, &id, None, &out).await, Verdict::Suspended);
    let new_id = receiver.new_id();
    jiangsu.nodes().connection().saw_height(out.committed.height);
    let transfer_in = LicenceOperation::TransferIn {
        predecessor: reference,
        licence: receiver.licence(&new_id, b"the licence at its new home"),
        basis: "ZR-01".parse().unwrap(),
        holder: None,
        extension: None,
    };
    let moved = record(&jiangsu, &receiver, transfer_in).await;
    assert_eq!(verdict(&anhui, &id, None, &moved).await, Verdict::Superseded);
    assert_eq!(verdict(&anhui, &new_id, None, &moved).await, Verdict::Valid);

    let new_reference = receiver.reference(&new_id);
    let revoked = record(&jiangsu, &receiver, LicenceOperation::Revoke(change(new_reference))).await;
    assert_eq!(verdict(&anhui, &new_id, None, &revoked).await, Verdict::Revoked);
    let before = moved.receipt.record.time_ms;
    assert_eq!(verdict(&anhui, &new_id, Some(before), &revoked).await, Verdict::Valid);

    let agreed = agree_at_a_common_height(&network.apis()).await;
    assert_eq!(agreed.log_size, 6);
    let coverage = replay_agrees(&network.apis(), &network.genesis).await;
    assert_eq!((coverage.records, coverage.licences), (6, 2));
}

/// A receipt needs no node: only the genesis hash.
fn offline(network: &Network, issued: &Confirmed) {
    let receipt = Receipt::from_bytes(&issued.receipt_bytes).unwrap();
    receipt.verify(&network.genesis.hash()).unwrap();
    assert!(issued.receipt_bytes.len() <= 3 * 1024, "a receipt of {} bytes", issued.receipt_bytes.len());
}

/// The file itself finds its record; one changed byte does not pass.
async fn by_file(network: &Network, anhui: &Client, id: &LicenceId) {
    let mut changed = FILE.to_vec();
    changed[7] ^= 1;
    let ask = |subject: Subject, file: &[u8]| {
        let question = Question { subject, document: Some(document_of(file)), as_of: None };
        async move { anhui.verify(&question).await.unwrap().verdict }
    };
    assert_eq!(ask(Subject::Document, FILE).await, Verdict::Valid);
    assert_eq!(ask(Subject::Identifier(id.clone()), FILE).await, Verdict::Valid);
    assert_eq!(ask(Subject::Identifier(id.clone()), &changed).await, Verdict::Invalid);
    assert_eq!(ask(Subject::Document, &changed).await, Verdict::Unknown);

    // The whole file goes to the node, as the verify page does it.
    let whole = network.api(ANHUI).post("/v1/verify", "application/octet-stream", FILE).await;
    assert_eq!(whole.json::<serde_json::Value>()["verdict"], "valid");
    let whole = network.api(ANHUI).post("/v1/verify", "application/octet-stream", changed).await;
    assert_eq!((whole.status, &whole.json::<serde_json::Value>()["verdict"]), (200, &"unknown".into()));
}

/// All operations of a transaction are recorded together, or none.
#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_recorded_whole_or_not_at_all() {
    let network = Network::start(4).await;
    let (issuer, api) = (network.issuer("310000"), network.api(SHANGHAI));
    let mut operations: Vec<Operation> = (0..1_000).map(|_| issuer.issue_new().1).collect();
    let good = issuer.sign(operations.clone(), 0);
    let answer = api.submit_and_wait(&good.bytes).await;
    assert_eq!((answer.outcome.as_str(), answer.first_record, answer.records), ("committed", Some(0), Some(1_000)));
    // The same bytes have the same outcome, at any node, however often they are sent.
    assert_eq!(network.api(ANHUI).submit_and_wait(&good.bytes).await, answer);

    let repeated = operations[0].clone();
    operations = (0..99).map(|_| issuer.issue_new().1).collect();
    operations.push(repeated);
    let reply = api.submit(&issuer.sign(operations, 0).bytes).await;
    let error = reply.error();
    assert_eq!((reply.status, error.code.as_str(), error.place.as_str()), (409, "licence.duplicate", "operation 99"));
    assert_eq!(agree_at_a_common_height(&network.apis()).await.log_size, 1_000);
}
