#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::certificate::{CertificateSignature, Validator};
use crate::crypto::{Digest, DigestAlgorithm, PublicKey, Signature};

fn validator(number: u8) -> Validator {
    let key = PublicKey::Ed25519(DigestAlgorithm::Sha256.plain(&[&[number]]).0);
    Validator { key, power: 1, province: "310000".parse().unwrap() }
}

fn set(numbers: std::ops::Range<u8>) -> ValidatorSet {
    ValidatorSet::new(numbers.map(validator).collect())
}

/// Decided in this round, signed by the validators at these places.
fn certificate(set: &ValidatorSet, height: u64, round: u32, places: &[usize]) -> Certificate {
    let signature = |place: &usize| CertificateSignature {
        validator: set.validators()[*place].key.id(),
        signature: Signature::Ed25519([0; 64]),
    };
    let signatures = places.iter().map(signature).collect();
    let mut certificate = Certificate { height: Height(height), round, block: Digest::ZERO, signatures };
    certificate.normalise();
    certificate
}

/// Round by round, as the proposer rotation is written.
fn by_hand(set: &ValidatorSet, height: u64, round: u32) -> Vec<(u64, u64)> {
    let mut counts = vec![(0, 0); set.validators().len()];
    let place = |round| {
        let leader = set.proposer(Height(height), round).unwrap();
        set.validators().iter().position(|one| one == leader).unwrap()
    };
    (0..round).for_each(|lost| counts[place(lost)].1 += 1);
    counts[place(round)].0 += 1;
    counts
}

#[test]
fn rounds_are_counted_as_the_rotation_has_them() {
    for count in 1..6 {
        let set = set(0..count);
        for height in 1..8 {
            for round in [0, 1, 2, 3, 4, 5, 9, 23, 100] {
                let after = Participation::of(&set).after(&certificate(&set, height, round, &[0]), &set, &set);
                let counted: Vec<(u64, u64)> =
                    after.all().iter().map(|one| (one.blocks, one.proposals_missed)).collect();
                assert_eq!(counted, by_hand(&set, height, round), "{count} validators, height {height}, round {round}");
            }
        }
    }
    let set = set(0..4);
    let after = Participation::of(&set).after(&certificate(&set, u64::MAX, u32::MAX, &[0]), &set, &set);
    let missed: u64 = after.all().iter().map(|one| one.proposals_missed).sum();
    assert_eq!(missed, u64::from(u32::MAX), "the longest stall there can be");
}

#[test]
fn who_signed_was_seen() {
    let set = set(0..4);
    let mut participation = Participation::of(&set);
    for height in 1..=3 {
        participation = participation.after(&certificate(&set, height, 0, &[0, 1, 3]), &set, &set);
    }
    let votes: Vec<(u64, u64)> = participation.all().iter().map(|one| (one.votes, one.last_seen.0)).collect();
    assert_eq!(votes, [(3, 3), (3, 3), (0, 0), (3, 3)]);
    let silent = participation.all()[2];
    assert!(silent.is_seen(Height(1)) && !silent.is_seen(Height(2)), "founders count until there is a certificate");
    let seen = participation.all()[0];
    assert!(seen.is_seen(Height(3 + SEEN_WITHIN)) && !seen.is_seen(Height(4 + SEEN_WITHIN)));
}

/// The height that announces a new set is still signed by the old one.
#[test]
fn across_a_change_of_validators() {
    let (old, new) = (set(0..4), set(1..5));
    let before = Participation::of(&old).after(&certificate(&old, 1, 0, &[0, 1, 2, 3]), &old, &old);
    let after = before.clone().after(&certificate(&old, 2, 0, &[0, 1, 2, 3]), &old, &new);
    let members: Vec<KeyId> = after.all().iter().map(|one| one.validator).collect();
    let expected: Vec<KeyId> = new.validators().iter().map(|one| one.key.id()).collect();
    assert_eq!(members, expected);
    for number in 1..4 {
        assert_eq!(after.get(&validator(number).key.id()).unwrap().votes, 2, "counted before the set changed");
    }
    assert_eq!(after.get(&validator(4).key.id()), Some(&ValidatorParticipation::new(validator(4).key.id())));
    assert_eq!(after.get(&validator(0).key.id()), None);
}
