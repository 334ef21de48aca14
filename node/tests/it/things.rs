//! Things over the API: states, proofs, lists, rehearsals, and receipts across a change of validators.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use huxin_chain_spec::api::{RehearsalAnswer, ThingAnswer, ThingListAnswer};
use huxin_chain_spec::certificate::{VoteType, vote_message};
use huxin_chain_spec::codec;
use huxin_chain_spec::crypto::{Digest, Signer};
use huxin_chain_spec::ids::{CaseRef, Height, RecordIndex, TimeMs};
use huxin_chain_spec::receipt::{Anchors, Receipt, ThingReceipt, TrustPath, TrustedHead};
use huxin_chain_spec::record::governance::{
    Action, DoubleSignature, GovernanceOperation, NewValidator, SignedBlock, SignedStep,
};
use huxin_chain_spec::record::licence::Change;
use huxin_chain_spec::record::{LicenceOperation, Operation};
use huxin_chain_spec::state::{LicenceState, LicenceStatus, StateKey};
use huxin_chain_spec::transaction::{Outcome, Transaction};
use huxin_node::ledger::ReceiptAt;

use crate::http::{JSON, Node, RECEIPT};
use crate::support::{GENESIS_TIME, issue, key, open, reference, sign, sign_by};

fn suspend(number: u64) -> (huxin_chain_spec::ids::TxId, Transaction) {
    let change = Change { licence: reference(number), basis: "XZXKF-69".parse().unwrap(), effective_ms: GENESIS_TIME };
    sign(vec![Operation::Licence(LicenceOperation::Suspend(change))], 90)
}

fn proven(answer: &ThingAnswer, node: &Node) -> ThingReceipt {
    let receipt = ThingReceipt::from_bytes(&BASE64.decode(answer.proof.as_ref().unwrap()).unwrap()).unwrap();
    receipt.verify(&node.ledger.genesis_hash()).unwrap();
    receipt
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thing_comes_with_its_records_and_a_proof_now_and_then() {
    let node = Node::start().await;
    node.commit(vec![issue(0..1)]);
    node.commit(vec![suspend(0)]);
    node.commit(Vec::new());
    let name = format!("licence/{}", reference(0));

    let now: ThingAnswer = node.get(&format!("/v1/things/{name}?records=true")).await.json();
    assert_eq!((now.name.as_str(), now.exists, now.as_of.height), (name.as_str(), true, 3));
    assert_eq!(now.state.as_ref().unwrap()["status"], "suspended");
    assert_eq!(now.records.len(), 1, "the issue is found by the reference itself");
    assert_eq!((now.records[0].operation.as_str(), now.records[0].height), ("licence.suspend", 2));
    let receipt = proven(&now, &node);
    let state = receipt.state(&StateKey::Licence(reference(0))).unwrap().unwrap();
    assert_eq!(codec::decode::<LicenceState>(state, 1 << 16).unwrap().status, LicenceStatus::Suspended);

    let before = GENESIS_TIME.plus_ms(1_500);
    let then: ThingAnswer = node.get(&format!("/v1/things/{name}?records=true&as_of={before}")).await.json();
    assert_eq!((then.exists, then.as_of.height, then.records.len()), (false, 1, 0));
    let receipt = proven(&then, &node);
    assert_eq!(receipt.state(&StateKey::Licence(reference(0))), Some(None));
    assert_eq!(receipt.as_of.unwrap().time_ms, before);

    let file = node.get(&format!("/v1/receipts/things/{name}")).await;
    assert_eq!((file.status, file.headers["content-type"].as_str()), (200, RECEIPT));
    ThingReceipt::from_bytes(&file.body).unwrap().verify(&node.ledger.genesis_hash()).unwrap();
    assert!(node.get(&format!("/v1/things/{name}?proof=false")).await.json::<ThingAnswer>().proof.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_unknown_and_what_is_no_name_an_error() {
    let node = Node::start().await;
    let unborn: ThingAnswer = node.get("/v1/things/parameters").await.json();
    assert!(unborn.exists && unborn.proof.is_none(), "there is no block yet that could prove it");
    node.commit(vec![issue(0..1)]);
    let case = CaseRef(Digest([5; 32]));
    let unknown: ThingAnswer = node.get(&format!("/v1/cases/{case}")).await.json();
    assert!(!unknown.exists && unknown.records.is_empty());
    assert_eq!(proven(&unknown, &node).state(&StateKey::Case(case)), Some(None));
    for (path, code, named) in [
        ("/v1/things/kase/12", "api.bad_request", "the kinds are"),
        ("/v1/things/validators/x", "api.bad_request", "by its kind alone"),
        ("/v1/things/province/31", "identifier.length", "name"),
        ("/v1/cases/12", "identifier.digest", "case"),
        ("/v1/things?kind=kase", "api.bad_request", "kase"),
        ("/v1/cases?agency=1", "identifier.length", "agency"),
        ("/v1/cases?agency=113100000000000191&only=late", "api.bad_request", "late"),
        ("/v1/cases?agency=113100000000000191&after=province/310000", "api.bad_request", "no case"),
    ] {
        let answer = node.get(path).await;
        let error = answer.error();
        assert_eq!((answer.status, error.code.as_str()), (400, code), "{path}: {error:?}");
        assert!(format!("{error:?}").contains(named), "{path}: {error:?}");
    }
    let early = node.get("/v1/receipts/things/parameters?as_of=2020-01-01").await;
    assert_eq!((early.status, early.error().code.as_str()), (404, "api.not_found"));
    let none: ThingListAnswer = node.get("/v1/cases?agency=113100000000000191&only=overdue").await.json();
    assert!(none.things.is_empty() && none.next.is_none());
}

/// `limit=501` was answered with 200 and a shorter page.
#[tokio::test(flavor = "multi_thread")]
async fn a_limit_outside_its_bounds_is_refused() {
    let node = Node::start().await;
    for list in ["/v1/things?kind=key", "/v1/cases?agency=113100000000000191"] {
        for (limit, status) in [(0, 400), (1, 200), (500, 200), (501, 400)] {
            let answer = node.get(&format!("{list}&limit={limit}")).await;
            assert_eq!(answer.status, status, "{list} {limit}: {}", answer.text());
            assert!(status == 200 || answer.error().place.starts_with("limit: "), "{}", answer.text());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_come_in_pages() {
    let node = Node::start().await;
    let mut names = Vec::new();
    let mut path = "/v1/things?kind=key&limit=2".to_owned();
    loop {
        let page: ThingListAnswer = node.get(&path).await.json();
        assert!(page.things.len() <= 2);
        names.extend(page.things.iter().map(|thing| thing.name.clone()));
        assert!(page.things.iter().all(|thing| thing.state["standing"] == "active"));
        let Some(next) = page.next else { break };
        path = format!("/v1/things?kind=key&limit=2&after={next}");
    }
    // The governance key, the registrar's and the issuer's.
    let mut expected: Vec<String> = [1, 2, 4].map(|seed| format!("key/{}", key(seed).id())).into();
    expected.sort();
    names.sort();
    assert_eq!(names, expected);
}

fn propose(action: Action, nonce: u8) -> (huxin_chain_spec::ids::TxId, Transaction) {
    let closes_ms = TimeMs(GENESIS_TIME.0 + 1_000_000);
    let propose = GovernanceOperation::Propose { action, closes_ms, rationale: Digest([1; 32]) };
    sign_by(&key(1), vec![Operation::Governance(propose)], nonce)
}

#[tokio::test(flavor = "multi_thread")]
async fn receipts_follow_a_change_of_validators() {
    let node = Node::start().await;
    node.commit(vec![issue(0..1)]);
    // One province: its own vote passes. The founding validator stays strong enough to decide alone.
    let stronger = Action::ValidatorPower { key: key(3).id(), power: 9 };
    let validator = NewValidator { key: key(5).public_key(), power: 1, network_key: None };
    let second = Action::ValidatorAdd { province: "310000".parse().unwrap(), validator };
    for (action, nonce) in [(stronger, 7), (second, 8)] {
        let block = node.commit(vec![propose(action, nonce)]);
        assert!(matches!(block.outcomes[0].outcome, Outcome::Committed { .. }), "{:?}", block.outcomes);
    }
    assert_eq!(node.ledger.validators().validators().len(), 2);
    node.commit(Vec::new());

    for height in 1..=4u64 {
        let time = GENESIS_TIME.plus_ms(height * 1_000 + 500);
        let receipt = node.get(&format!("/v1/receipts/0?as_of={time}")).await;
        let receipt = Receipt::from_bytes(&receipt.body).unwrap();
        receipt.verify(&node.ledger.genesis_hash()).unwrap();
        // The founder vouches for both changes in one step.
        assert_eq!(receipt.trust.steps.len(), usize::from(height > 2), "height {height}");
        let thing: ThingAnswer = node.get(&format!("/v1/things/validators?as_of={time}")).await.json();
        proven(&thing, &node);
    }
    heads_and_the_way(&node).await;
    let proposal: ThingAnswer = node.get("/v1/things/proposal/1?records=true").await.json();
    assert_eq!(proposal.derived.as_ref().unwrap()["status"], "passed");
    assert_eq!(proposal.records.len(), 1);
    let list: ThingListAnswer = node.get("/v1/things?kind=proposal").await.json();
    assert_eq!(list.things.len(), 2);
    let trusted = node.ledger.receipt(RecordIndex(0), ReceiptAt::Newest).unwrap().unwrap().trust;
    // A restarted node knows the way as well.
    let (folder, hash) = node.stop_and_keep().await;
    let again = open(folder.path()).unwrap();
    let receipt = again.receipt(RecordIndex(0), ReceiptAt::Newest).unwrap().unwrap();
    receipt.verify(&hash).unwrap();
    assert_eq!(receipt.trust, trusted);
}

/// What a node gives to a verifier that knows too little: heads, and the way between two sets.
async fn heads_and_the_way(node: &Node) {
    let genesis = Anchors::of_genesis(node.ledger.genesis_hash());
    let head = TrustedHead::from_bytes(&node.get("/v1/trust/head").await.body).unwrap();
    assert_eq!(head.verify(&genesis).unwrap(), node.ledger.tip().hash);
    let announcing = TrustedHead::from_bytes(&node.get("/v1/trust/head?height=3").await.body).unwrap();
    assert_eq!(announcing.verify_vouched(&node.ledger.genesis_hash()).unwrap(), announcing.block());
    assert_eq!(announcing.validators_after().validators().len(), 2);
    let way = TrustPath::from_bytes(&node.get("/v1/trust/path").await.body).unwrap();
    assert_eq!(way.verify(&genesis).unwrap(), (Height(3), announcing.validators_after()));
    // The node judges by its own ledger who decides a height, whatever a proof brings along.
    let own = node.ledger.anchors_at(Height(4));
    assert_eq!(own.newest(), Some((Height(3), announcing.validators_after())));
    assert_eq!(node.ledger.anchors_at(Height(2)).newest(), None);
    let part = TrustPath::from_bytes(&node.get("/v1/trust/path?from=2&to=4").await.body).unwrap();
    assert_eq!((part.since, part.steps.len()), (Height(2), 1));
    for (path, status, place) in [
        ("/v1/trust/head?height=9", 404, "height: "),
        ("/v1/trust/path?from=4&to=4", 400, "from: "),
        ("/v1/trust/path?to=6", 404, "to: "),
        ("/v1/trust/path?from=x", 400, ""),
        ("/v1/trust/path?until=3", 400, ""),
    ] {
        let answer = node.get(path).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.text());
        assert!(answer.error().place.starts_with(place), "{path}: {}", answer.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rehearsal_tells_what_would_happen_and_records_nothing() {
    let node = Node::start().await;
    node.commit(vec![issue(0..1)]);
    node.commit(Vec::new());
    let rehearse = async |action: &Action, proposer: &str| {
        let path = format!("/v1/rehearsals?proposer={proposer}");
        node.post(&path, JSON, &serde_json::to_vec(action).unwrap()).await
    };
    let last = Action::ValidatorRemove { key: key(3).id() };
    let answer: RehearsalAnswer = rehearse(&last, "310000").await.json();
    assert!(answer.refused.is_some(), "the last validator cannot be removed");
    let power = Action::ValidatorPower { key: key(3).id(), power: 3 };
    let answer: RehearsalAnswer = rehearse(&power, "310000").await.json();
    assert_eq!(answer.refused, None);
    let rehearsal = answer.rehearsal.unwrap();
    assert_eq!((&rehearsal["quorum_power"], &rehearsal["quorum_reachable"]), (&3.into(), &true.into()));
    assert_eq!(node.ledger.height().0, 2);

    let wrong = node.post("/v1/rehearsals?proposer=310000", JSON, b"{\"type\":\"coup\"}").await;
    assert_eq!((wrong.status, wrong.error().code.as_str()), (400, "api.bad_request"));
    assert_eq!(rehearse(&power, "31").await.status, 400);
}

/// What a node saw is what any province can put on the ledger.
#[tokio::test(flavor = "multi_thread")]
async fn a_proof_of_double_signing_goes_from_the_node_to_the_ledger() {
    let node = Node::start().await;
    node.commit(vec![issue(0..1)]);
    node.commit(Vec::new());
    assert_eq!(node.get("/v1/misbehaviour").await.json::<Vec<DoubleSignature>>(), []);
    let validator = key(3);
    let chain = crate::support::genesis().hash();
    let vote = |block: Option<Digest>| {
        let message = vote_message(&chain, VoteType::Precommit, Height(1), Some(0), block.as_ref(), &validator.id());
        SignedBlock { block, pol_round: None, signature: validator.sign_consensus(&message) }
    };
    let proof = DoubleSignature {
        validator: validator.id(),
        step: SignedStep::Precommit,
        height: Height(1),
        round: 0,
        first: vote(None),
        second: vote(Some(Digest([9; 32]))),
    };
    node.ledger.store().put_misbehaviour(&proof).unwrap();
    node.ledger.store().put_misbehaviour(&proof).unwrap();
    let seen: Vec<DoubleSignature> = node.get("/v1/misbehaviour").await.json();
    assert_eq!(seen, std::slice::from_ref(&proof));
    let report = Operation::Governance(GovernanceOperation::ReportMisbehaviour { evidence: seen[0].clone() });
    let block = node.commit(vec![sign_by(&key(1), vec![report], 31)]);
    assert!(matches!(block.outcomes[0].outcome, Outcome::Committed { .. }), "{:?}", block.outcomes);
    let name = StateKey::Misbehaviour(proof.validator, proof.height);
    assert!(node.get(&format!("/v1/things/{name}")).await.json::<ThingAnswer>().exists);
}
