//! Every bad transaction gets a stable code and a sentence that says what, where and what to do, and changes nothing.

use huxin_chain_spec::crypto::{SignatureScheme, Signer as _, SigningKey};
use huxin_chain_spec::ids::{BasisCode, Height, LicenceType, Uscc};
use huxin_chain_spec::record::licence::Change;
use huxin_chain_spec::record::membership::{Permissions, StatusChange};
use huxin_chain_spec::record::{LicenceOperation, MembershipOperation, Operation};
use huxin_chain_spec::transaction::{Mode, OPERATIONS_MAX, TRANSACTION_BYTES_MAX, Transaction, UnsignedTransaction};
use huxin_client::keys;
use huxin_client::sdk::{TransactionSigner, random_bytes};
use huxin_tests::{Issuer, Network, agree_at_a_common_height, change};

fn new_key() -> SigningKey {
    SigningKey::from_secret(SignatureScheme::Ed25519, random_bytes().unwrap()).unwrap()
}

fn basis() -> BasisCode {
    "XZXKF-69".parse().unwrap()
}

/// What every case starts from.
struct Scene {
    network: Network,
    issuer: Issuer,
    registrar: TransactionSigner,
    key: SigningKey,
}

impl Scene {
    async fn new() -> Self {
        let network = Network::start(4).await;
        let issuer = network.issuer("310000");
        let keys = network.keys("310000");
        let registrar = TransactionSigner::new(&network.genesis, keys::open_plain(&keys.registrar).unwrap());
        let key = keys::open_plain(&keys.issuer).unwrap();
        Self { network, issuer, registrar, key }
    }

    async fn commit(&self, bytes: &[u8]) {
        let answer = self.network.api(0).submit_and_wait(bytes).await;
        assert_eq!(answer.outcome, "committed", "{answer:?}");
    }

    async fn commit_membership(&self, operation: MembershipOperation) {
        let transaction = self.registrar.sign(vec![Operation::Membership(operation)], Height(0), 10_000).unwrap();
        self.commit(&transaction.bytes).await;
    }

    /// A further key of the issuing organisation.
    async fn issuer_with(&self, permissions: Permissions) -> (SigningKey, Issuer) {
        let key = new_key();
        let organisation = self.issuer.organisation;
        let proof = key.sign_possession(&self.network.genesis.hash(), &organisation);
        let public = key.public_key();
        let add = MembershipOperation::KeyAdd { key: public, organisation, system: None, permissions, proof };
        self.commit_membership(add).await;
        let issuer = Issuer::with_key(&self.network.genesis, self.network.keys("310000"), key.clone());
        (key, issuer)
    }

    async fn key_status(&self, key: &SigningKey, change: StatusChange) {
        self.commit_membership(MembershipOperation::KeyStatus { key: key.id(), change, basis: basis() }).await;
    }

    fn unsigned(&self, operations: Vec<Operation>) -> UnsignedTransaction {
        UnsignedTransaction {
            genesis: self.network.genesis.hash(),
            signer: self.key.id(),
            mode: Mode::All,
            operations,
            expires_at: Height(10_000),
            idempotency_key: random_bytes().unwrap(),
        }
    }

    fn sign(&self, unsigned: UnsignedTransaction) -> Transaction {
        unsigned.sign(self.issuer.algorithm(), &self.key)
    }

    fn issue(&self) -> Operation {
        self.issuer.issue_new().1
    }

    /// Submits and checks that the door refuses with this status, code and place.
    async fn refused(&self, bytes: &[u8], status: u16, code: &str, place: &str) {
        for node in [0, 3] {
            let reply = self.network.api(node).submit(bytes).await;
            let error = reply.error();
            assert_eq!((reply.status, error.code.as_str()), (status, code), "{error:?}");
            assert!(error.place.starts_with(place), "{code} at {:?}, not at {place:?}", error.place);
        }
    }

    async fn refused_operation(&self, operation: LicenceOperation, status: u16, code: &str) {
        let bytes = self.issuer.sign(vec![Operation::Licence(operation)], 0).bytes;
        self.refused(&bytes, status, code, "operation 0").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_transactions_change_nothing() {
    let scene = Scene::new().await;
    let (suspended_key, suspended) = scene.issuer_with(Permissions::all_licences()).await;
    scene.key_status(&suspended_key, StatusChange::Suspend).await;
    let (removed_key, removed) = scene.issuer_with(Permissions::all_licences()).await;
    scene.key_status(&removed_key, StatusChange::Remove).await;
    let (_, no_issue) = scene.issuer_with(Permissions { issue: false, ..Permissions::all_licences() }).await;
    let other_type: LicenceType = "11100000000013338W012".parse().unwrap();
    let only_other = Permissions { licence_types: vec![other_type], ..Permissions::all_licences() };
    let (_, other_types) = scene.issuer_with(only_other).await;
    let (id, issue) = scene.issuer.issue_new();
    let recorded = scene.issuer.sign(vec![issue.clone()], 0);
    scene.commit(&recorded.bytes).await;
    let before = agree_at_a_common_height(&scene.network.apis()).await;

    envelopes(&scene).await;
    let sign = |issuer: &Issuer| issuer.sign(vec![issuer.issue_new().1], 0).bytes;
    scene.refused(&sign(&suspended), 403, "key.suspended", "operation 0").await;
    scene.refused(&sign(&removed), 403, "key.removed", "operation 0").await;
    scene.refused(&sign(&no_issue), 403, "key.not_permitted", "operation 0").await;
    scene.refused(&sign(&other_types), 403, "key.licence_type_not_permitted", "operation 0").await;
    let again = scene.issuer.sign(vec![scene.issue(), issue], 0).bytes;
    scene.refused(&again, 409, "licence.duplicate", "operation 1").await;
    identifiers_and_dates(&scene).await;
    personal_data(&scene, &id).await;
    transfers(&scene, &id).await;

    let after = agree_at_a_common_height(&scene.network.apis()).await;
    assert_eq!(
        (after.log_size, &after.log_root, &after.map_root),
        (before.log_size, &before.log_root, &before.map_root)
    );
    // What was committed before is told again, not recorded again.
    scene.commit(&recorded.bytes).await;
    assert_eq!(agree_at_a_common_height(&scene.network.apis()).await.log_size, before.log_size);
}

/// What is wrong before any operation is looked at.
async fn envelopes(scene: &Scene) {
    let good = scene.sign(scene.unsigned(vec![scene.issue()])).to_bytes();
    let mut flipped = good.clone();
    *flipped.last_mut().unwrap() ^= 1;
    scene.refused(&flipped, 401, "signature.invalid", "signature").await;
    let mut changed = scene.unsigned(vec![scene.issue()]).sign(scene.issuer.algorithm(), &scene.key);
    changed.body.operations = vec![scene.issue()];
    scene.refused(&changed.to_bytes(), 401, "signature.invalid", "signature").await;
    let stranger = new_key();
    let unsigned = UnsignedTransaction { signer: stranger.id(), ..scene.unsigned(vec![scene.issue()]) };
    let unknown = unsigned.sign(scene.issuer.algorithm(), &stranger).to_bytes();
    scene.refused(&unknown, 401, "key.unknown", "signer").await;

    let trailing = [good.as_slice(), &[0]].concat();
    scene.refused(&trailing, 400, "encoding.trailing_bytes", "transaction").await;
    scene.refused(&good[..good.len() - 1], 400, "encoding.malformed", "transaction").await;
    scene.refused(b"not a transaction", 400, "encoding.malformed", "transaction").await;
    scene.refused(&[], 400, "encoding.malformed", "transaction").await;
    scene.refused(&vec![0; TRANSACTION_BYTES_MAX + 1], 413, "encoding.too_large", "body").await;

    let other_chain = UnsignedTransaction {
        genesis: huxin_chain_spec::crypto::Digest([1; 32]),
        ..scene.unsigned(vec![scene.issue()])
    };
    scene.refused(&scene.sign(other_chain).to_bytes(), 400, "transaction.wrong_chain", "transaction").await;
    let none = scene.sign(scene.unsigned(Vec::new())).to_bytes();
    scene.refused(&none, 400, "transaction.no_operations", "transaction").await;
    let restore = Operation::Licence(LicenceOperation::Restore(change(scene.issuer.reference(&scene.issuer.new_id()))));
    let many = scene.sign(scene.unsigned(vec![restore; OPERATIONS_MAX + 1])).to_bytes();
    scene.refused(&many, 400, "transaction.too_many_operations", "transaction").await;
    let expired = UnsignedTransaction { expires_at: Height(1), ..scene.unsigned(vec![scene.issue()]) };
    scene.refused(&scene.sign(expired).to_bytes(), 422, "transaction.expired", "transaction").await;
    let far = UnsignedTransaction { expires_at: Height(1_000_000), ..scene.unsigned(vec![scene.issue()]) };
    scene.refused(&scene.sign(far).to_bytes(), 422, "transaction.expiry_too_far", "transaction").await;
}

async fn identifiers_and_dates(scene: &Scene) {
    let licence = || {
        let id = scene.issuer.new_id();
        scene.issuer.licence(&id, b"document")
    };
    // The last character of the code is its check (GB 32100).
    let code = scene.issuer.organisation.to_string();
    let wrong = if code.ends_with('0') { '1' } else { '0' };
    let mut malformed = licence();
    malformed.issuer = Uscc::from_structure(&format!("{}{wrong}", &code[..17])).unwrap();
    scene.refused_operation(LicenceOperation::Issue(malformed), 422, "identifier.uscc_check").await;
    let mut other = licence();
    other.issuer = scene.network.issuer("320000").organisation;
    scene.refused_operation(LicenceOperation::Issue(other), 422, "licence.issuer_mismatch").await;
    let mut ends_early = licence();
    ends_early.valid_until_ms = Some(ends_early.valid_from_ms);
    scene.refused_operation(LicenceOperation::Issue(ends_early), 422, "licence.validity_window").await;
    let mut empty = licence();
    empty.document.size_bytes = 0;
    scene.refused_operation(LicenceOperation::Issue(empty), 422, "licence.document_missing").await;
    let mut version = licence();
    version.version = 0;
    scene.refused_operation(LicenceOperation::Issue(version), 422, "licence.version_not_newer").await;
    let unknown = scene.issuer.reference(&scene.issuer.new_id());
    scene.refused_operation(LicenceOperation::Suspend(change(unknown)), 422, "licence.unknown").await;
}

/// The numbers are made up, or examples of the standards themselves.
async fn personal_data(scene: &Scene, id: &huxin_chain_spec::ids::LicenceId) {
    let licence = scene.issuer.reference(id);
    for (text, code) in [
        ("11010519491231002X", "privacy.resident_number"),
        ("ID-11010519491231002X", "privacy.resident_number"),
        ("13800138000", "privacy.mobile_number"),
        ("6222021234567894", "privacy.bank_card"),
    ] {
        let change = Change { basis: text.parse().unwrap(), ..change(licence) };
        scene.refused_operation(LicenceOperation::Suspend(change), 422, code).await;
    }
}

async fn transfers(scene: &Scene, id: &huxin_chain_spec::ids::LicenceId) {
    let licence = scene.issuer.reference(id);
    scene.refused_operation(LicenceOperation::Restore(change(licence)), 409, "licence.not_suspended").await;
    scene
        .refused_operation(LicenceOperation::CancelTransfer(change(licence)), 409, "licence.not_transferred_out")
        .await;
    let to_organisation = scene.issuer.organisation;
    let to_province = "310000".parse().unwrap();
    let within = LicenceOperation::TransferOut { change: change(licence), to_province, to_organisation, holder: None };
    scene.refused_operation(within, 422, "licence.transfer_same_province").await;

    let receiver = scene.network.issuer("320000");
    let new_id = receiver.new_id();
    let transfer_in = Operation::Licence(LicenceOperation::TransferIn {
        predecessor: licence,
        licence: receiver.licence(&new_id, b"document"),
        basis: basis(),
        holder: None,
        extension: None,
    });
    let bytes = receiver.sign(vec![transfer_in], 0).bytes;
    scene.refused(&bytes, 422, "licence.transfer_in_without_out", "operation 0").await;
}

/// The licence is on its way to Jiangsu; Zhejiang cannot take it over.
#[tokio::test(flavor = "multi_thread")]
async fn only_the_named_receiver_takes_a_licence_over() {
    let scene = Scene::new().await;
    let (id, issue) = scene.issuer.issue_new();
    let (jiangsu, zhejiang) = (scene.network.issuer("320000"), scene.network.issuer("330000"));
    let out = Operation::Licence(LicenceOperation::TransferOut {
        change: change(scene.issuer.reference(&id)),
        to_province: "320000".parse().unwrap(),
        to_organisation: jiangsu.organisation,
        holder: None,
    });
    scene.commit(&scene.issuer.sign(vec![issue, out], 0).bytes).await;
    let take_over = |receiver: &Issuer| {
        let predecessor = scene.issuer.reference(&id);
        let licence = receiver.licence(&receiver.new_id(), b"document");
        let (holder, extension) = (None, None);
        let taken = LicenceOperation::TransferIn { predecessor, licence, basis: basis(), holder, extension };
        receiver.sign(vec![Operation::Licence(taken)], 0)
    };
    agree_at_a_common_height(&scene.network.apis()).await;
    scene.refused(&take_over(&zhejiang).bytes, 422, "licence.transfer_names_other", "operation 0").await;
    scene.commit(&take_over(&jiangsu).bytes).await;
    agree_at_a_common_height(&scene.network.apis()).await;
    // One successor only.
    scene.refused(&take_over(&jiangsu).bytes, 409, "licence.already_has_successor", "operation 0").await;
}

/// Two nodes let the same licence in at the same moment: one is recorded, the other is rejected for good, on every node.
#[tokio::test(flavor = "multi_thread")]
async fn of_two_at_once_one_is_recorded() {
    let scene = Scene::new().await;
    let (here, there) = (scene.network.api(0), scene.network.api(2));
    let mut rejected = 0;
    const PAIRS: u64 = 20;
    for _ in 0..PAIRS {
        let issue = scene.issue();
        let one = scene.sign(scene.unsigned(vec![issue.clone()])).to_bytes();
        let two = scene.sign(scene.unsigned(vec![issue])).to_bytes();
        let path = "/v1/transactions?wait=committed&timeout_ms=60000";
        let replies = tokio::join!(
            here.post(path, "application/octet-stream", one),
            there.post(path, "application/octet-stream", two),
        );
        let mut committed = 0;
        for reply in [replies.0, replies.1] {
            if reply.status == 409 {
                assert_eq!(reply.error().code, "licence.duplicate");
                continue;
            }
            let answer: huxin_chain_spec::api::OutcomeAnswer = reply.json();
            match answer.outcome.as_str() {
                "committed" => committed += 1,
                "rejected" => {
                    rejected += 1;
                    let error = answer.error.clone().unwrap();
                    assert_eq!((error.code.as_str(), error.place.as_str()), ("licence.duplicate", "operation 0"));
                    let path = format!("/v1/transactions/{}?wait=committed", answer.tx_id);
                    let elsewhere: huxin_chain_spec::api::OutcomeAnswer = scene.network.api(1).get(&path).await.json();
                    assert_eq!(elsewhere, answer, "a rejection is the same everywhere");
                }
                other => panic!("{other}: {answer:?}"),
            }
        }
        assert_eq!(committed, 1, "exactly one of two is recorded");
    }
    println!("{rejected} of {PAIRS} were rejected in a block, the others at the door");
    assert_eq!(agree_at_a_common_height(&scene.network.apis()).await.log_size, PAIRS);
}
