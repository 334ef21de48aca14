//! Receipts across changes of the validators.

use huxin_chain_spec::block::Header;
use huxin_chain_spec::certificate::{Certificate, Validator, ValidatorSet};
use huxin_chain_spec::codes::Code;
use huxin_chain_spec::crypto::{Signer as _, SigningKey};
use huxin_chain_spec::ids::{Height, RecordIndex};
use huxin_chain_spec::receipt::{NextBlock, Receipt, Step};

use crate::receipts::{founded, refusal, root};
use crate::support::*;

/// A chain whose validators change: no rule does that yet, so the headers are written by hand.
struct Changed {
    network: Network,
    old: Vec<SigningKey>,
    new: Vec<SigningKey>,
    new_set: ValidatorSet,
    /// The header that announces the new set.
    announcing: Header,
    /// The header after it.
    after: Header,
    index: RecordIndex,
}

fn changed() -> Changed {
    let (network, index) = founded();
    let old: Vec<SigningKey> = network.provinces.iter().map(|one| one.consensus.clone()).collect();
    let new: Vec<SigningKey> = (0..4).map(|number| key(&format!("new validator {number}"))).collect();
    let of = |(key, province): (&SigningKey, &Province)| Validator {
        key: key.public_key(),
        power: 1,
        province: province.code,
    };
    let new_set = ValidatorSet::new(new.iter().zip(&network.provinces).map(of).collect());
    let tip = network.blocks.last().unwrap().0.clone();
    let announcing = Header { next_validators_hash: new_set.hash(SHA256), ..tip };
    let after = Header {
        height: announcing.height.next(),
        time_ms: announcing.time_ms.plus_ms(BLOCK_MS),
        parent: announcing.hash(SHA256),
        validators_hash: new_set.hash(SHA256),
        next_validators_hash: new_set.hash(SHA256),
        ..announcing.clone()
    };
    Changed { network, old, new, new_set, announcing, after, index }
}

fn signed(header: &Header, keys: &[SigningKey]) -> Certificate {
    certify(SHA256, header, &keys.iter().collect::<Vec<_>>())
}

impl Changed {
    /// A receipt under the new validators.
    fn receipt(&self) -> Receipt {
        let mut receipt = self.network.receipt(self.index, At::Newest);
        receipt.header = self.after.clone();
        receipt.certificate = signed(&self.after, &self.new);
        receipt.trust.steps = vec![Step {
            header: self.announcing.clone(),
            certificate: signed(&self.announcing, &self.old),
            next: self.new_set.clone(),
        }];
        receipt
    }

    fn refusal(&self, change: impl FnOnce(&mut Receipt)) -> Code {
        let mut receipt = self.receipt();
        change(&mut receipt);
        refusal(&self.network, &receipt).0
    }
}

#[test]
fn a_change_of_validators_is_followed_from_the_genesis() {
    let changed = changed();
    let receipt = changed.receipt();
    let read = Receipt::from_bytes(&receipt.to_bytes()).unwrap();
    assert!(read.verify(&root(&changed.network)).is_ok());
}

#[test]
fn a_change_of_validators_that_does_not_hold() {
    let changed = changed();
    let missing = changed.refusal(|receipt| receipt.trust.steps.clear());
    assert_eq!(missing, Code::ReceiptHeaderMismatch, "the header names a set that nothing leads to");
    let by_the_new = changed.refusal(|receipt| {
        receipt.trust.steps[0].certificate = signed(&changed.announcing, &changed.new);
    });
    assert_eq!(by_the_new, Code::ReceiptBadTransition, "the new ones cannot admit themselves");
    let two = changed.refusal(|receipt| receipt.trust.steps[0].certificate.signatures.truncate(2));
    assert_eq!(two, Code::ReceiptBadTransition);
    let other_set = changed.refusal(|receipt| receipt.trust.steps[0].next = receipt.trust.validators.clone());
    assert_eq!(other_set, Code::ReceiptBadTransition);
    let not_announced = changed.refusal(|receipt| {
        let (header, _) = changed.network.blocks.last().unwrap().clone();
        receipt.trust.steps[0].certificate = signed(&header, &changed.old);
        receipt.trust.steps[0].header = header;
    });
    assert_eq!(not_announced, Code::ReceiptBadTransition);
    let by_the_old = changed.refusal(|receipt| receipt.certificate = signed(&changed.after, &changed.old));
    assert_eq!(by_the_old, Code::ReceiptBadCertificate, "the old ones decide no longer");
    let twice = changed.refusal(|receipt| {
        let again = receipt.trust.steps[0].clone();
        receipt.trust.steps.push(again);
    });
    assert_eq!(twice, Code::ReceiptBadTransition);
}

/// A set is in force above the height that announced it: what it signs for that height or below says nothing.
#[test]
fn a_header_at_or_below_the_change_that_admitted_its_signers() {
    let changed = changed();
    for below in [0, 1] {
        let refused = changed.refusal(|receipt| {
            receipt.header.height = Height(changed.announcing.height.0 - below);
            receipt.certificate = signed(&receipt.header, &changed.new);
        });
        assert_eq!(refused, Code::ReceiptBadTransition);
    }
}

/// An as-of receipt whose header announces other validators for the next block brings them along.
#[test]
fn an_as_of_receipt_across_a_change_of_validators() {
    let changed = changed();
    let mut receipt = changed.network.receipt(changed.index, At::AsOf(changed.announcing.time_ms));
    receipt.header = changed.announcing.clone();
    receipt.certificate = signed(&changed.announcing, &changed.old);
    receipt.as_of.as_mut().unwrap().next = Some(NextBlock {
        header: changed.after.clone(),
        certificate: signed(&changed.after, &changed.new),
        validators: Some(changed.new_set.clone()),
    });
    let genesis_hash = root(&changed.network);
    assert!(receipt.verify(&genesis_hash).is_ok());
    let mut without = receipt.clone();
    without.as_of.as_mut().unwrap().next.as_mut().unwrap().validators = None;
    assert_eq!(without.verify(&genesis_hash).unwrap_err().code(), Code::ReceiptHeaderMismatch);
    let mut by_the_old = receipt;
    by_the_old.as_of.as_mut().unwrap().next.as_mut().unwrap().certificate = signed(&changed.after, &changed.old);
    assert_eq!(by_the_old.verify(&genesis_hash).unwrap_err().code(), Code::ReceiptBadCertificate);
}
