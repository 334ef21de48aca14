//! Receipts of things: accept every true one, refuse every mutated one, whether the thing is there or not.

use huxin_chain_spec::certificate::{Certificate, CertificateSignature, VALIDATORS_MAX, Validator, ValidatorSet};
use huxin_chain_spec::codes::Code;
use huxin_chain_spec::crypto::{Signature, Signer as _};
use huxin_chain_spec::ids::{Height, TimeMs};
use huxin_chain_spec::map::{MapProof, SIBLINGS_MAX};
use huxin_chain_spec::receipt::{
    AsOf, NextBlock, RECEIPT_BYTES_MAX, RECEIPT_MAGIC, ReceiptError, THING_RECEIPT_MAGIC, ThingReceipt,
};
use huxin_chain_spec::record::LicenceOperation;
use huxin_chain_spec::state::{STATE_BYTES_MAX, StateKey};

use crate::receipts::{founded, root};
use crate::support::*;

/// Changed at heights 3 and 5 of [`founded`]; at height 2 the ledger holds no state of it.
fn present() -> StateKey {
    StateKey::Licence(licence_ref("a"))
}

/// Changed at height 4.
fn other() -> StateKey {
    StateKey::Licence(licence_ref("b"))
}

fn absent() -> StateKey {
    StateKey::Licence(licence_ref("never issued"))
}

/// Time of a block.
fn ms(height: u64) -> TimeMs {
    TimeMs(GENESIS_MS).plus_ms(height * BLOCK_MS)
}

fn code(network: &Network, receipt: &ThingReceipt) -> Option<Code> {
    receipt.verify(&root(network)).err().map(|error| error.code())
}

#[test]
fn true_receipts_are_accepted_and_say_what_the_ledger_held() {
    let (network, _) = founded();
    let keys = [present(), absent(), other(), StateKey::Parameters];
    for (at, height) in
        [(At::Newest, 6), (At::AsOf(ms(2)), 2), (At::AsOf(TimeMs(ms(4).0 - 1)), 3), (At::AsOf(ms(9)), 6)]
    {
        let receipt = network.thing_receipt(&keys, at);
        assert_eq!(receipt.header.height, Height(height));
        let read = ThingReceipt::from_bytes(&receipt.to_bytes()).unwrap();
        assert_eq!(read, receipt);
        assert_eq!(read.verify(&root(&network)).unwrap(), receipt.header.hash(SHA256));
        for key in &keys {
            assert_eq!(read.state(key), Some(network.ledger.state_at(key, Height(height))), "{key:?} at {height}");
        }
        assert_eq!(read.state(&StateKey::Validators), None, "not covered");
    }
    let suspended = network.thing_receipt(&[present()], At::AsOf(ms(3)));
    let restored = network.thing_receipt(&[present()], At::Newest);
    assert_eq!(network.thing_receipt(&[present()], At::AsOf(ms(2))).state(&present()), Some(None));
    assert_ne!(suspended.state(&present()), restored.state(&present()));
}

/// What each spoil is refused with.
#[test]
fn each_part_that_does_not_hold_has_its_code() {
    let (network, _) = founded();
    let good = network.thing_receipt(&[present(), absent()], At::AsOf(ms(3)));
    assert_eq!(code(&network, &good), None);
    type Spoil = fn(&mut ThingReceipt);
    let spoils: [(Code, Spoil); 16] = [
        (Code::ReceiptBadMapProof, |receipt| receipt.things[0].state.as_mut().unwrap()[0] ^= 1),
        (Code::ReceiptBadMapProof, |receipt| receipt.things[0].state.as_mut().unwrap().push(0)),
        (Code::ReceiptBadMapProof, |receipt| receipt.things[0].state = None),
        (Code::ReceiptBadMapProof, |receipt| receipt.things[1].state = receipt.things[0].state.clone()),
        (Code::ReceiptBadMapProof, |receipt| receipt.things[1].state = Some(Vec::new())),
        (Code::ReceiptBadMapProof, |receipt| receipt.things[1].proof = receipt.things[0].proof.clone()),
        (Code::ReceiptBadMapProof, |receipt| receipt.things[0].key = receipt.things[1].key.clone()),
        (Code::ReceiptBadMapProof, |receipt| receipt.things[0].proof.leaf = None),
        (Code::ReceiptBadMapProof, |receipt| receipt.things[1].proof.siblings.push(digest(0))),
        (Code::ReceiptHeaderMismatch, |receipt| receipt.header.map_root = digest(0)),
        (Code::ReceiptHeaderMismatch, |receipt| receipt.header.height = Height(4)),
        (Code::ReceiptQuorumNotReached, |receipt| receipt.certificate.signatures.truncate(2)),
        (Code::ReceiptBadCertificate, |receipt| {
            receipt.certificate.signatures[0].signature = receipt.certificate.signatures[1].signature;
        }),
        (Code::ReceiptAsOfMismatch, |receipt| receipt.as_of.as_mut().unwrap().time_ms = TimeMs(ms(3).0 - 1)),
        (Code::ReceiptAsOfMismatch, |receipt| receipt.as_of.as_mut().unwrap().time_ms = ms(4)),
        (Code::ReceiptQuorumNotReached, |receipt| {
            receipt.as_of.as_mut().unwrap().next.as_mut().unwrap().certificate.signatures.truncate(2);
        }),
    ];
    for (position, (expected, spoil)) in spoils.into_iter().enumerate() {
        let mut receipt = good.clone();
        spoil(&mut receipt);
        assert_eq!(code(&network, &receipt), Some(expected), "spoil {position}");
    }
    let pinned = digest(7);
    let refused = good.verify(&pinned).unwrap_err();
    assert_eq!(refused, ReceiptError::WrongTrustRoot { pinned, found: root(&network) });
}

/// Parts of true receipts, put together wrongly.
#[test]
fn parts_of_other_receipts_do_not_fit() {
    let (network, _) = founded();
    let make = |keys: &[StateKey], at| network.thing_receipt(keys, at);
    let good = make(&[present()], At::AsOf(ms(3)));
    // Another header: that of the day the state had changed again, and that of the day before there was one.
    for at in [ms(5), ms(2)] {
        let away = make(&[present()], At::AsOf(at));
        let mixed = ThingReceipt { things: good.things.clone(), ..away };
        assert_eq!(code(&network, &mixed), Some(Code::ReceiptBadMapProof));
    }
    // Another key's state and proof under this key, and its state alone.
    let both = make(&[present(), other()], At::Newest);
    for state_only in [false, true] {
        let mut swapped = both.clone();
        swapped.things[0].state = both.things[1].state.clone();
        if !state_only {
            swapped.things[0].proof = both.things[1].proof.clone();
        }
        assert_eq!(code(&network, &swapped), Some(Code::ReceiptBadMapProof));
    }
    // One bad thing among good ones spoils the receipt wherever it stands.
    for position in 0..2 {
        let mut one_bad = both.clone();
        one_bad.things[position].state = None;
        assert_eq!(code(&network, &one_bad), Some(Code::ReceiptBadMapProof));
    }
    // A later block passed off as the next one would hide what lies between.
    let as_of_4 = make(&[present()], At::AsOf(ms(4))).as_of;
    let skipping = ThingReceipt { as_of: as_of_4, ..make(&[present()], At::AsOf(ms(2))) };
    assert_eq!(code(&network, &skipping), Some(Code::ReceiptAsOfMismatch));
    // A quorum of three of four holds; the one that is missing then need not be there.
    let mut three = good;
    three.certificate.signatures.pop();
    assert_eq!(code(&network, &three), None);
}

/// Without the next block a receipt says what its maker knew: that nothing newer was there. It is true for every time from
/// the header's on, so a time before it is what must be refused.
#[test]
fn the_newest_block_needs_no_next_one_and_speaks_for_no_time_before_it() {
    let (network, _) = founded();
    let good = network.thing_receipt(&[present()], At::AsOf(ms(6)));
    assert!(good.as_of.as_ref().unwrap().next.is_none());
    assert_eq!(code(&network, &good), None);
    let mut early = good.clone();
    early.as_of.as_mut().unwrap().time_ms = TimeMs(ms(6).0 - 1);
    assert_eq!(code(&network, &early), Some(Code::ReceiptAsOfMismatch));
    // Another chain's next block.
    let mut other = Network::found_with(|genesis| genesis.chain_id = "test-other".parse().unwrap());
    other.commit(Vec::new());
    let (header, certificate) = other.blocks[0].clone();
    let mut foreign = good;
    foreign.as_of.as_mut().unwrap().next = Some(NextBlock { header, certificate, validators: None });
    assert_eq!(code(&network, &foreign), Some(Code::ReceiptAsOfMismatch));
}

/// What survives a flip must still be true: another time at which the header was the last one, or another key of which the
/// same can be said.
fn survivors(network: &Network, receipt: &ThingReceipt) -> usize {
    let (bytes, genesis_hash) = (receipt.to_bytes(), root(network));
    let block = receipt.verify(&genesis_hash).unwrap();
    let survives = |bit: &usize| {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let Ok(read) = ThingReceipt::from_bytes(&flipped) else { return false };
        let Ok(proven) = read.verify(&genesis_hash) else { return false };
        assert_eq!(proven, block, "bit {bit}");
        for thing in &read.things {
            let held = network.ledger.state_at(&thing.key, read.header.height);
            assert_eq!(thing.state.as_deref(), held, "bit {bit} says something false of {:?}", thing.key);
        }
        if let Some(as_of) = &read.as_of {
            assert!(as_of.time_ms >= read.header.time_ms, "bit {bit}");
            assert!(as_of.next.as_ref().is_none_or(|next| as_of.time_ms < next.header.time_ms), "bit {bit}");
        }
        true
    };
    (0..bytes.len() * 8).filter(survives).count()
}

/// One validator, so that the many verifications stay cheap.
#[test]
fn no_bit_flip_makes_a_receipt_say_something_false() {
    let mut network = Network::found_by(provinces()[..1].to_vec(), |_| {});
    let home = network.provinces[SHANGHAI].issuer.clone();
    network.must(&home.key, issue(&home, "a"));
    network.must(&home.key, issue(&home, "b"));
    network.must(&home.key, LicenceOperation::Suspend(change("a")));
    network.must(&home.key, LicenceOperation::Suspend(change("b")));
    assert_eq!(survivors(&network, &network.thing_receipt(&[present()], At::Newest)), 0);
    // Nine or ten bits of the time stay within the second until the next block.
    let in_second = (0..64).filter(|bit| (ms(3)..ms(4)).contains(&TimeMs(ms(3).0 ^ (1 << bit)))).count();
    assert_eq!(survivors(&network, &network.thing_receipt(&[present()], At::AsOf(ms(3)))), in_second);
    // Of a thing that is not there, a flipped key may name another one that is not there either.
    survivors(&network, &network.thing_receipt(&[absent()], At::AsOf(ms(3))));
}

#[test]
fn truncations_and_other_files_are_refused() {
    let (network, index) = founded();
    let bytes = network.thing_receipt(&[present(), absent()], At::AsOf(ms(3))).to_bytes();
    for length in 0..bytes.len() {
        let refused = ThingReceipt::from_bytes(&bytes[..length]).unwrap_err();
        let short = length < THING_RECEIPT_MAGIC.len();
        let expected = if short { Code::ReceiptMalformed } else { Code::ReceiptTruncated };
        assert_eq!(refused.code(), expected, "{length}");
    }
    assert!(ThingReceipt::from_bytes(&[&bytes[..], &[0]].concat()).is_err());
    // A record's receipt is another kind of file, by its first bytes.
    assert!(ThingReceipt::from_bytes(&network.receipt(index, At::Newest).to_bytes()).is_err());
    assert_ne!(THING_RECEIPT_MAGIC, RECEIPT_MAGIC);
}

/// The largest state under the most validators, with the longest proof and the next block, can be read again.
#[test]
fn the_largest_receipt_of_a_thing_can_be_read() {
    let (network, _) = founded();
    let mut receipt = network.thing_receipt(&[present()], At::AsOf(ms(3)));
    let keys: Vec<_> = (0..VALIDATORS_MAX).map(|number| key(&format!("large {number}"))).collect();
    let province = network.provinces[SHANGHAI].code;
    let validator =
        |key: &huxin_chain_spec::crypto::SigningKey| Validator { key: key.public_key(), power: 1, province };
    let set = ValidatorSet::new(keys.iter().map(validator).collect());
    let signature =
        |one: &Validator| CertificateSignature { validator: one.key.id(), signature: Signature::Ed25519([1; 64]) };
    let signatures: Vec<CertificateSignature> = set.validators().iter().map(signature).collect();
    let certified = |one: &Certificate| Certificate { signatures: signatures.clone(), ..one.clone() };
    receipt.trust.validators = set.clone();
    receipt.certificate = certified(&receipt.certificate);
    receipt.things[0].state = Some(vec![0; STATE_BYTES_MAX]);
    receipt.things[0].proof = MapProof { leaf: Some((digest(1), digest(2))), siblings: vec![digest(3); SIBLINGS_MAX] };
    let AsOf { next: Some(next), .. } = receipt.as_of.as_mut().unwrap() else { panic!("not the newest") };
    next.validators = Some(set);
    next.certificate = certified(&next.certificate);
    let bytes = receipt.to_bytes();
    assert!(bytes.len() * 2 < RECEIPT_BYTES_MAX, "{} bytes leave no room for changes of the validators", bytes.len());
    assert_eq!(ThingReceipt::from_bytes(&bytes).unwrap(), receipt);
    // Of four validators, a thing takes less than a licence's receipt may.
    let usual = network.thing_receipt(&[present()], At::Newest).to_bytes().len();
    assert!(usual <= 3_072, "{usual} bytes");
    let too_long = [&THING_RECEIPT_MAGIC[..], &vec![0; RECEIPT_BYTES_MAX - 7]].concat();
    assert!(matches!(ThingReceipt::from_bytes(&too_long), Err(ReceiptError::Malformed(_))));
}
