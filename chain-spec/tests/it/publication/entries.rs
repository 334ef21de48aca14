//! Entries of a list: each can be proven, and nothing else.

use huxin_chain_spec::crypto::DigestAlgorithm;
use huxin_chain_spec::log::ProofError;
use huxin_chain_spec::record::entries::{
    ENTRY_BYTES_MAX, EntryError, EntryProof, entries_body, entries_root, prove_entry,
};
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

#[test]
fn each_entry_of_every_size_of_list() {
    for algorithm in [DigestAlgorithm::Sha256, DigestAlgorithm::Sm3] {
        for count in 1..=33u32 {
            let entries: Vec<String> = (0..count).map(|number| format!("entry {number}")).collect();
            let body = entries_body(algorithm, &entries).unwrap();
            for (index, entry) in (0..).zip(&entries) {
                let proof = prove_entry(algorithm, &entries, index).unwrap();
                assert_eq!(proof.verify(algorithm, entry.as_bytes(), &body), Ok(()));
                let other = proof.verify(algorithm, b"entry", &body);
                assert!(matches!(other, Err(EntryError::Proof(ProofError::RootMismatch { .. }))));
            }
            assert_eq!(prove_entry(algorithm, &entries, count), None);
        }
    }
}

#[test]
fn empty_lists_and_other_bodies() {
    let none: [&[u8]; 0] = [];
    assert_eq!(entries_root(SHA256, &none), no_opinions());
    assert_eq!(entries_body(SHA256, &none), None);
    let proof = EntryProof { index: 0, path: Vec::new() };
    let agreement = PublicationBody::Agreement(Agreement { document: digest(1), until_ms: None });
    assert_eq!(proof.verify(SHA256, b"a", &agreement), Err(EntryError::NoEntries));
    let body = entries_body(SHA256, &[b"a"]).unwrap();
    let actual_bytes = ENTRY_BYTES_MAX + 1;
    assert_eq!(proof.verify(SHA256, &vec![0; actual_bytes], &body), Err(EntryError::TooLong { actual_bytes }));
    // An interior node is not an entry: leaves have a tag of their own.
    let two = entries_body(SHA256, &[b"a", b"b"]).unwrap();
    let PublicationBody::Entries { root, .. } = two else { panic!() };
    let as_leaf = PublicationBody::Entries { root, count: 1 };
    assert!(proof.verify(SHA256, root.as_bytes(), &as_leaf).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// A proof with anything changed proves nothing.
    #[test]
    fn mutated_proofs_fail(
        entries in vec(vec(any::<u8>(), 0..12), 1..40),
        which in any::<prop::sample::Index>(),
        change in 0..4,
        at in any::<prop::sample::Index>(),
        bit in 0..8u8,
    ) {
        let index = which.index(entries.len());
        let body = entries_body(SHA256, &entries).unwrap();
        let mut proof = prove_entry(SHA256, &entries, u32::try_from(index).unwrap()).unwrap();
        let mut entry = entries[index].clone();
        prop_assert_eq!(proof.verify(SHA256, &entry, &body), Ok(()));
        match change {
            0 if !proof.path.is_empty() => {
                let hash = at.index(proof.path.len());
                proof.path[hash].0[0] ^= 1 << bit;
            }
            1 => proof.path.push(digest(bit)),
            2 if !proof.path.is_empty() => drop(proof.path.pop()),
            _ => entry.push(bit),
        }
        prop_assert!(proof.verify(SHA256, &entry, &body).is_err());
    }
}
