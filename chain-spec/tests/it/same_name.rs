//! Two chains of one name and the same keys, as a rehearsal and the chain that follows it: nothing signed on one holds on the
//! other.

use huxin_chain_spec::codes::Code;
use huxin_chain_spec::crypto::PublicKey;
use huxin_chain_spec::ids::{Height, TimeMs};
use huxin_chain_spec::receipt::ReceiptError;
use huxin_chain_spec::record::GovernanceOperation;
use huxin_chain_spec::record::governance::{DoubleSignature, SignedBlock, SignedStep};
use huxin_chain_spec::rules::check_envelope;

use crate::receipts::{founded, root};
use crate::support::*;

/// A chain as [`founded`], and one founded a second later.
fn twins() -> (Network, Network) {
    let (first, _) = founded();
    let mut second = Network::found_with(|genesis| genesis.time = TimeMs(genesis.time.0 + 1_000));
    second.commit(Vec::new());
    second.commit(Vec::new());
    let keys = |network: &Network| -> Vec<PublicKey> {
        network.genesis.validators().validators().iter().map(|validator| validator.key).collect()
    };
    assert_eq!((&first.genesis.chain_id, keys(&first)), (&second.genesis.chain_id, keys(&second)));
    assert_ne!(root(&first), root(&second));
    (first, second)
}

#[test]
fn a_receipt_does_not_hold_under_the_genesis_of_the_other() {
    let (first, second) = twins();
    let mut receipt = first.receipt(huxin_chain_spec::ids::RecordIndex(0), At::Newest);
    receipt.verify(&root(&first)).unwrap();
    receipt.trust.genesis = second.genesis.commitment();
    let (pinned, found) = (root(&second), root(&first));
    assert_eq!(receipt.verify(&pinned), Err(ReceiptError::OtherChain { pinned, found }));
}

#[test]
fn a_transaction_is_refused_by_the_other() {
    let (mut first, second) = twins();
    let home = first.provinces[SHANGHAI].issuer.clone();
    let transaction = first.transaction(&home.key, vec![Op::from(issue(&home, "c")).0]);
    let context = |network: &Network| network.ledger.chain().block_after(Height(1), network.next_ms());
    assert_eq!(check_envelope(&context(&first), &transaction), Ok(()));
    assert_eq!(check_envelope(&context(&second), &transaction), Err(Code::TransactionWrongChain));
    let named = first.identified(vec![transaction])[0].0;
    assert_ne!(named, first.unsigned(&home.key, Vec::new()).id(first.algorithm()));
}

#[test]
fn certificates_of_both_convict_nobody() {
    let (first, mut second) = twins();
    let [(_, one), (_, other)] = [&first.blocks[1], &second.blocks[1]];
    assert_eq!(one.height, other.height);
    assert_ne!(one.block, other.block);
    let validator = one.signatures[0].validator;
    let signed = |certificate: &huxin_chain_spec::certificate::Certificate| {
        let of_it = |entry: &&huxin_chain_spec::certificate::CertificateSignature| entry.validator == validator;
        let signature = certificate.signatures.iter().find(of_it).unwrap().signature;
        SignedBlock { block: Some(certificate.block), pol_round: None, signature }
    };
    let mut blocks = [signed(one), signed(other)];
    blocks.sort_by_key(|signed| signed.block);
    let [first_block, second_block] = blocks;
    let evidence = DoubleSignature {
        validator,
        step: SignedStep::Precommit,
        height: one.height,
        round: one.round,
        first: first_block,
        second: second_block,
    };
    let reporter = second.issuer(SHANGHAI);
    let tried = second.try_one(&reporter, GovernanceOperation::ReportMisbehaviour { evidence });
    assert_eq!(tried.map(|_| ()), Err(Code::SignatureInvalid));
}

#[test]
fn a_header_of_a_later_protocol_is_told_as_such() {
    let (first, _) = twins();
    let mut receipt = first.receipt(huxin_chain_spec::ids::RecordIndex(0), At::Newest);
    receipt.header.protocol_version += 1;
    let refused = receipt.verify(&root(&first)).unwrap_err();
    assert_eq!((refused.code(), refused.is_other_version()), (Code::ReceiptNewerVersion, true));
}
