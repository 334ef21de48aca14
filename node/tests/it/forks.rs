//! Two restored nodes once decided other blocks than those acknowledged, and no node kept the proof, though one of them had met the
//! certificates of both chains.

use huxin_chain_spec::block::Block;
use huxin_chain_spec::certificate::CertificateSignature;
use huxin_chain_spec::crypto::Signature;
use huxin_chain_spec::record::governance::{DoubleSignature, SignedBlock, SignedStep};
use huxin_node::ledger::Ledger;

use crate::http::Node;
use crate::support::{commit, issue, key, open};

/// Two ledgers of one genesis that differ from height 1 on, and the bytes of the second one's block 2.
fn forked() -> (tempfile::TempDir, Ledger, Ledger, Vec<u8>) {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (open(&folder.path().join("one")).unwrap(), open(&folder.path().join("other")).unwrap());
    commit(&one, vec![issue(0..1)]);
    commit(&other, vec![issue(1..2)]);
    let (made, _) = commit(&other, vec![issue(2..3)]);
    (folder, one, other, made.bytes.to_vec())
}

#[test]
fn a_block_on_another_certified_block_leaves_both_certificates() {
    let (_folder, one, other, second) = forked();
    let fork = one.note_fork(&second).unwrap().unwrap();
    assert_eq!((fork.own.height.0, fork.own.block), (1, one.tip().hash));
    assert_ne!(fork.own.block, fork.other.block);
    let validators = one.chain_tip().decided_by.clone();
    for certificate in [&fork.own, &fork.other] {
        certificate.verify(&one.genesis_hash(), &validators).unwrap();
    }
    assert_eq!(fork.common_signers().collect::<Vec<_>>(), [key(3).id()]);
    assert_eq!(one.store().forks(10).unwrap(), std::slice::from_ref(&fork));
    // In one round it is a double signature too, as the ledger takes it.
    let proofs = one.store().misbehaviour(10).unwrap();
    assert_eq!(proofs, fork.double_signatures());
    assert_eq!((proofs[0].validator, proofs[0].step), (key(3).id(), SignedStep::Precommit));
    assert!(proofs[0].first.block < proofs[0].second.block);
    assert!(one.note_fork(&second).unwrap().is_none(), "kept already");
    assert!(other.note_fork(&second).unwrap().is_none(), "its own chain is no fork");
}

#[test]
fn a_certificate_that_does_not_verify_accuses_nobody() {
    let (_folder, one, _, second) = forked();
    let mut block = Block::from_bytes(&second).unwrap();
    let certificate = block.body.last_certificate.as_mut().unwrap();
    let validator = certificate.signatures[0].validator;
    certificate.signatures[0] = CertificateSignature { validator, signature: Signature::Ed25519([5; 64]) };
    assert!(one.note_fork(&block.to_bytes()).unwrap().is_none());
    assert!(one.store().forks(10).unwrap().is_empty() && one.store().misbehaviour(10).unwrap().is_empty());
    assert!(one.note_fork(&[1, 2, 3]).unwrap().is_none());
}

/// A node that knew of two certified chains went on to call licences valid by its own.
#[tokio::test(flavor = "multi_thread")]
async fn no_question_is_answered_while_a_signer_of_both_blocks_votes() {
    let node = Node::start().await;
    node.commit(vec![issue(0..1)]);
    let path = format!("/v1/licences/{}", "0".repeat(64));
    assert_eq!(node.get(&path).await.status, 200);
    let (_folder, _, _, second) = forked();
    // The node's own block 1 differs from that of the second chain, whose record is another.
    node.ledger.note_fork(&second).unwrap().unwrap();
    let answer = eventually_refused(&node, &path).await;
    assert_eq!(answer, (503, "api.not_ready".to_owned()));
}

/// The readiness behind an answer is computed at most once in a moment, so the change shows in the next one.
async fn eventually_refused(node: &Node, path: &str) -> (u16, String) {
    for _ in 0..200 {
        let answer = node.get(path).await;
        if answer.status != 200 {
            return (answer.status, answer.error().code);
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("still answered after ten seconds");
}

/// The key of a proof had no round: the second proof of a step replaced the first.
#[test]
fn proofs_of_all_rounds_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(folder.path()).unwrap();
    let (made, _) = commit(&ledger, Vec::new());
    let signed = |block| SignedBlock { block, pol_round: None, signature: Signature::Ed25519([5; 64]) };
    for round in [0, 1, 300] {
        let proof = DoubleSignature {
            validator: key(3).id(),
            step: SignedStep::Prevote,
            height: ledger.height(),
            round,
            first: signed(None),
            second: signed(Some(made.id)),
        };
        ledger.store().put_misbehaviour(&proof).unwrap();
        ledger.store().put_misbehaviour(&proof).unwrap();
    }
    let rounds: Vec<u32> = ledger.store().misbehaviour(10).unwrap().iter().map(|proof| proof.round).collect();
    assert_eq!(rounds, [300, 1, 0]);
}

#[test]
fn each_store_has_an_identity_that_stays() {
    let (folder, one, other, _) = forked();
    let identities = (one.store().identity(), other.store().identity());
    assert_ne!(identities.0, identities.1);
    drop(one);
    assert_eq!(open(&folder.path().join("one")).unwrap().store().identity(), identities.0);
}
