#![allow(clippy::unwrap_used, reason = "tests")]

use huxin_chain_spec::codes::Code;

use super::*;
use crate::test_chain::{TestChain, issue};

fn chain(seed: &[u8]) -> TestChain {
    let mut chain = TestChain::new();
    chain.decide(vec![issue("A", seed)]);
    for place in [0, 1, 2, 0, 1, 2] {
        chain.rotate(place);
    }
    chain
}

/// A hash that the user vouches for leads on from what is known, and never against it.
#[test]
fn a_vouched_head_does_not_contradict_what_is_known() {
    // Two histories under one genesis, as keys that leaked would make them.
    let (own, other) = (chain(b"a"), chain(b"b"));
    let head = other.head(other.height());
    let fresh = || TrustRoot::of_genesis(own.genesis.clone());
    assert!(vouched(fresh(), &head, head.block()).is_ok());
    let wrong = vouched(fresh(), &head, own.head(3).block()).err().unwrap();
    assert!(wrong.to_string().contains("--hash"), "{wrong}");
    let knowing = fresh();
    knowing.check(&own.receipt(0, own.height(), None)).unwrap();
    let (at, _) = own.history.path_to(Height(own.height())).verify(&knowing.known().anchors()).unwrap();
    let mut way = own.history.path_between(Height(0), at.next(), usize::MAX).unwrap();
    way.steps.last_mut().unwrap().next = own.genesis.validators();
    let misled = fresh();
    misled.known().know_between(&way);
    let against = vouched(misled, &own.head(at.0), own.head(at.0).block()).err().unwrap();
    assert_eq!(against.code(), Code::ReceiptHeaderMismatch.as_str(), "another set is known at this height");
    knowing.known().pin(&own.head(own.height())).unwrap();
    let back = vouched(knowing, &own.head(2), own.head(2).block()).err().unwrap();
    assert_eq!(back.code(), Code::ReceiptBeforePinned.as_str(), "a pin does not go back");
}
