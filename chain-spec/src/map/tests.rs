#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::cast_possible_truncation, reason = "tests")]

mod oracle;

use std::collections::BTreeMap;
use std::convert::Infallible;

use proptest::prelude::*;

use super::*;
use oracle::Oracle;

const SHA256: DigestAlgorithm = DigestAlgorithm::Sha256;

fn key(name: u64) -> MapKey {
    MapKey::new(SHA256, 1, &name.to_be_bytes())
}

fn state(name: u64) -> Digest {
    SHA256.plain(&[&name.to_be_bytes()])
}

/// A map in which each item of `blocks` is one height, and empty items are heights without changes.
fn grown(algorithm: DigestAlgorithm, blocks: &[Changes]) -> (MemoryMap, Vec<(Option<u64>, Digest)>) {
    let mut map = MemoryMap::with_history();
    let (mut base, mut root) = (None, EMPTY_ROOT);
    let mut as_of = Vec::new();
    for (height, changes) in (0..).zip(blocks) {
        if !changes.is_empty() {
            let made = update(algorithm, &map, base, height, changes).unwrap();
            (base, root) = (Some(made.version), made.root);
            map.apply(made);
        }
        as_of.push((base, root));
    }
    (map, as_of)
}

type Changes = BTreeMap<MapKey, Digest>;

fn flip(digest: &Digest, bit: usize) -> Digest {
    let mut flipped = *digest;
    flipped.0[bit / 8] ^= 1 << (bit % 8);
    flipped
}

/// A key that leaves `key`'s path at `depth`, 0 to 255.
fn parting(key: &MapKey, depth: usize) -> MapKey {
    let mut other = *key;
    other.0.0[depth / 8] ^= 0x80 >> (depth % 8);
    other
}

/// Every one-bit change of root, value, leaf and siblings must be refused, and so must the opposite claim. A changed
/// *key* must be refused for a presence; an absence proof may be true for the neighbour too, but never for a key that
/// is there.
fn refuses_every_mutation(
    algorithm: DigestAlgorithm,
    root: &Digest,
    key: &MapKey,
    value: Option<&Digest>,
    proof: &MapProof,
    contents: &Changes,
    sibling_bits: &[usize],
) {
    let check = |root: &Digest, key: &MapKey, value: Option<&Digest>, proof: &MapProof| {
        verify_map(algorithm, root, key, value, proof).is_ok()
    };
    assert!(check(root, key, value, proof));
    assert!(!check(root, key, if value.is_some() { None } else { Some(&Digest::ZERO) }, proof));
    for bit in 0..256 {
        assert!(!check(&flip(root, bit), key, value, proof));
        let near = MapKey(flip(&key.0, bit));
        assert!(!check(root, &near, value, proof) || (value.is_none() && !contents.contains_key(&near)));
        assert!(value.is_none_or(|value| !check(root, key, Some(&flip(value, bit)), proof)));
        if let Some((leaf_key, value_hash)) = proof.leaf {
            for leaf in [(flip(&leaf_key, bit), value_hash), (leaf_key, flip(&value_hash, bit))] {
                assert!(!check(root, key, value, &MapProof { leaf: Some(leaf), siblings: proof.siblings.clone() }));
            }
        }
    }
    assert!(proof.leaf.is_none() || !check(root, key, value, &MapProof { leaf: None, ..proof.clone() }));
    for position in 0..proof.siblings.len() {
        for bit in sibling_bits {
            let mut changed = proof.clone();
            changed.siblings[position] = flip(&changed.siblings[position], *bit);
            assert!(!check(root, key, value, &changed));
        }
        let mut shorter = proof.clone();
        shorter.siblings.remove(position);
        assert!(!check(root, key, value, &shorter));
    }
    let mut longer = proof.clone();
    longer.siblings.insert(0, EMPTY_ROOT);
    assert!(!check(root, key, value, &longer));
}

fn all_bits() -> Vec<usize> {
    (0..256).collect()
}

#[test]
fn the_empty_map_proves_absence() {
    let map = MemoryMap::with_history();
    assert_eq!(root_at(SHA256, &map, None).unwrap(), EMPTY_ROOT);
    let (value, proof) = prove(SHA256, &map, None, &key(1)).unwrap();
    assert_eq!((value, &proof), (None, &MapProof { leaf: None, siblings: vec![] }));
    refuses_every_mutation(SHA256, &EMPTY_ROOT, &key(1), None, &proof, &Changes::new(), &[]);
}

/// The page in `mod.rs` followed by hand, without jmt.
#[test]
fn a_map_of_one_key_is_its_leaf() {
    let contents = Changes::from([(key(1), state(1))]);
    let (map, as_of) = grown(SHA256, std::slice::from_ref(&contents));
    let (version, root) = as_of[0];
    let value_hash = SHA256.plain(&[&state(1).0]);
    assert_eq!(root, SHA256.plain(&[b"JMT::LeafNode", &key(1).0.0, &value_hash.0]));
    let (value, proof) = prove(SHA256, &map, version, &key(1)).unwrap();
    assert_eq!((value, proof.siblings.len()), (Some(state(1)), 0));
    refuses_every_mutation(SHA256, &root, &key(1), value.as_ref(), &proof, &contents, &[]);
    let (value, proof) = prove(SHA256, &map, version, &key(2)).unwrap();
    assert_eq!((value, proof.leaf), (None, Some((key(1).0, value_hash))));
    refuses_every_mutation(SHA256, &root, &key(2), None, &proof, &contents, &[]);
}

/// Keys that agree in all bits but the last make a tree of full depth; its hashes follow by hand too.
#[test]
fn keys_that_agree_in_255_bits() {
    let (low, high) = (key(1), parting(&key(1), 255));
    let contents = Changes::from([(low, state(1)), (high, state(2))]);
    let (map, as_of) = grown(SHA256, std::slice::from_ref(&contents));
    let (version, root) = as_of[0];
    for (key, value) in &contents {
        let (proven, proof) = prove(SHA256, &map, version, key).unwrap();
        assert_eq!((proven.as_ref(), proof.siblings.len()), (Some(value), 256));
        assert!(proof.siblings[1..].iter().all(|sibling| *sibling == EMPTY_ROOT));
        refuses_every_mutation(SHA256, &root, key, proven.as_ref(), &proof, &contents, &[0, 100, 255]);
    }
    let elsewhere = parting(&low, 100);
    let (proven, proof) = prove(SHA256, &map, version, &elsewhere).unwrap();
    assert_eq!((proven, proof.leaf, proof.siblings.len()), (None, None, 101));
    refuses_every_mutation(SHA256, &root, &elsewhere, None, &proof, &contents, &[0, 100, 255]);
    let mut too_long = proof;
    too_long.siblings.resize(257, EMPTY_ROOT);
    assert_eq!(verify_map(SHA256, &root, &elsewhere, None, &too_long), Err(ProofError::TooLong { actual: 257 }));
}

/// The fixed shape of a key: a change here changes every map of every chain.
#[test]
fn key_and_proof_have_fixed_bytes() {
    let expected = SHA256.plain(&[&[16], b"huxin/map-key/v1", &[7], b"id"]);
    assert_eq!(MapKey::new(SHA256, 7, b"id").0, expected);
    assert_ne!(MapKey::new(SHA256, 7, b"id"), MapKey::new(SHA256, 8, b"id"));
    assert_ne!(MapKey::new(SHA256, 7, b"id"), MapKey::new(DigestAlgorithm::Sm3, 7, b"id"));

    let proof = MapProof { leaf: Some((Digest([1; 32]), Digest([2; 32]))), siblings: vec![Digest([3; 32])] };
    let bytes = crate::codec::encode(&proof);
    assert_eq!(hex::encode(&bytes), ["01", &"01".repeat(32), &"02".repeat(32), "01000000", &"03".repeat(32)].concat());
    assert_eq!(crate::codec::decode::<MapProof>(&bytes, 200).unwrap(), proof);
    let json = serde_json::to_string(&proof).unwrap();
    assert_eq!(serde_json::from_str::<MapProof>(&json).unwrap(), proof);
}

/// crypto-com/thaler#1419: a tree whose versions had to be dense refused, or broke at, a block that changed nothing.
/// Here such heights make no version, and the next change builds on the last one however far back.
#[test]
fn heights_without_changes_make_no_version() {
    let blocks = vec![
        Changes::new(),
        Changes::from([(key(1), state(1))]),
        Changes::new(),
        Changes::new(),
        Changes::from([(key(2), state(2))]),
        Changes::new(),
        Changes::from([(key(1), state(3))]),
    ];
    let (map, as_of) = grown(SHA256, &blocks);
    assert_eq!(
        as_of.iter().map(|at| at.0).collect::<Vec<_>>(),
        [None, Some(1), Some(1), Some(1), Some(4), Some(4), Some(6)]
    );
    assert_eq!(as_of[3].1, as_of[1].1);
    let value_at = |height: usize, name| {
        let (version, root) = as_of[height];
        let (value, proof) = prove(SHA256, &map, version, &key(name)).unwrap();
        verify_map(SHA256, &root, &key(name), value.as_ref(), &proof).unwrap();
        value
    };
    assert_eq!(
        (0..7).map(|height| value_at(height, 1)).collect::<Vec<_>>(),
        [None, Some(state(1)), Some(state(1)), Some(state(1)), Some(state(1)), Some(state(1)), Some(state(3))]
    );
    assert_eq!(value_at(3, 2), None);
    assert_eq!(value_at(4, 2), Some(state(2)));

    assert_eq!(update(SHA256, &map, Some(6), 7, &Changes::new()), Err(MapError::NoChanges));
    assert_eq!(prove(SHA256, &map, Some(5), &key(1)), Err(MapError::MissingVersion { version: 5 }));
    for (base, new) in [(Some(6), 6), (Some(6), 5), (Some(6), u64::MAX), (None, u64::MAX)] {
        assert_eq!(update(SHA256, &map, base, new, &blocks[1]), Err(MapError::VersionOrder { base, new }));
    }
}

/// jmt's one-by-one form takes a missing previous root for an empty tree and answers with a plausible, wrong root.
#[test]
fn a_missing_base_is_refused_not_taken_for_empty() {
    let (map, _) = grown(SHA256, &[Changes::from([(key(1), state(1))])]);
    let changes = Changes::from([(key(2), state(2))]);
    for base in [1, 7] {
        let refused = update(SHA256, &map, Some(base), 9, &changes);
        assert_eq!(refused, Err(MapError::MissingVersion { version: base }));
    }
    assert!(update(SHA256, &map, Some(0), 9, &changes).is_ok());
}

#[test]
fn setting_the_same_value_keeps_the_root() {
    let contents: Changes = (0..50).map(|name| (key(name), state(name))).collect();
    let again = Changes::from([(key(7), state(7)), (key(8), state(8))]);
    let (map, as_of) = grown(SHA256, &[contents.clone(), again]);
    assert_eq!(as_of[0].1, as_of[1].1);
    assert_eq!(prove(SHA256, &map, Some(1), &key(7)).unwrap(), prove(SHA256, &map, Some(0), &key(7)).unwrap());
}

/// Executing a block that loses its round changes nothing in the store.
#[test]
fn a_discarded_update_changes_nothing() {
    let (mut map, _) = grown(SHA256, &[(0..100).map(|name| (key(name), state(name))).collect()]);
    let lost = (50..150).map(|name| (key(name), state(name + 1_000))).collect();
    let won: Changes = (90..120).map(|name| (key(name), state(name + 2_000))).collect();
    update(SHA256, &map, Some(0), 1, &lost).unwrap();
    let made = update(SHA256, &map, Some(0), 1, &won).unwrap();
    assert_eq!(made, update(SHA256, &map, Some(0), 1, &won).unwrap());
    let root = made.root;
    map.apply(made);
    for name in 0..200 {
        let expected = match name {
            90..120 => Some(state(name + 2_000)),
            0..90 => Some(state(name)),
            _ => None,
        };
        let (value, proof) = prove(SHA256, &map, Some(1), &key(name)).unwrap();
        assert_eq!(value, expected);
        verify_map(SHA256, &root, &key(name), expected.as_ref(), &proof).unwrap();
    }
}

#[test]
fn a_map_without_history_stays_small_and_proves_the_newest() {
    let mut all = MemoryMap::with_history();
    let mut newest = MemoryMap::newest_only();
    let mut contents = Changes::new();
    let mut base = None;
    for version in (0..300).step_by(3) {
        let changes: Changes = (0..7).map(|n| (key((version * 5 + n * 11) % 97), state(version * 10 + n))).collect();
        contents.extend(&changes);
        let made = update(SHA256, &newest, base, version, &changes).unwrap();
        assert_eq!(made, update(SHA256, &all, base, version, &changes).unwrap());
        base = Some(version);
        all.apply(made.clone());
        newest.apply(made);
        for name in 0..97 {
            let proven = prove(SHA256, &newest, base, &key(name)).unwrap();
            assert_eq!(proven, prove(SHA256, &all, base, &key(name)).unwrap());
            assert_eq!(proven.0, contents.get(&key(name)).copied());
        }
    }
    let (fresh, as_of) = grown(SHA256, &[contents]);
    assert_eq!(root_at(SHA256, &newest, base).unwrap(), as_of[0].1, "the root depends on the contents alone");
    assert_eq!((newest.node_count(), newest.value_count()), (fresh.node_count(), fresh.value_count()));
    assert!(all.node_count() > 5 * newest.node_count());
    assert_eq!(prove(SHA256, &newest, Some(0), &key(1)), Err(MapError::MissingVersion { version: 0 }));
}

#[test]
fn sm3_map_proves_and_differs() {
    let contents: Changes = (0..40).map(|name| (key(name), state(name))).collect();
    let (map, as_of) = grown(DigestAlgorithm::Sm3, std::slice::from_ref(&contents));
    let (version, root) = as_of[0];
    assert_ne!(root, grown(SHA256, std::slice::from_ref(&contents)).1[0].1);
    assert_eq!(root_at(DigestAlgorithm::Sm3, &map, version).unwrap(), root);
    for name in 0..60 {
        let (value, proof) = prove(DigestAlgorithm::Sm3, &map, version, &key(name)).unwrap();
        assert_eq!(value, (name < 40).then(|| state(name)));
        refuses_every_mutation(DigestAlgorithm::Sm3, &root, &key(name), value.as_ref(), &proof, &contents, &[3]);
        assert!(verify_map(SHA256, &root, &key(name), value.as_ref(), &proof).is_err());
    }
}

/// A store with one node changed or gone, or one that fails.
struct Damaged<'a> {
    map: &'a MemoryMap,
    key: &'a [u8],
    bytes: Result<Option<Vec<u8>>, String>,
}

impl MapReader for Damaged<'_> {
    type Error = String;

    fn node(&self, key: &[u8]) -> Result<Option<Vec<u8>>, String> {
        if key == self.key { self.bytes.clone() } else { Ok(self.map.node(key).unwrap()) }
    }

    fn value(&self, version_max: u64, key: &MapKey) -> Result<Option<Digest>, String> {
        Ok(if self.bytes.is_err() { None } else { self.map.value(version_max, key).unwrap() })
    }
}

#[test]
fn a_damaged_store_is_named_where_it_is_damaged() {
    let contents: Changes = (0..400).map(|name| (key(name), state(name))).collect();
    let made = update(SHA256, &MemoryMap::with_history(), None, 0, &contents).unwrap();
    let mut map = MemoryMap::with_history();
    map.apply(made.clone());
    // The second node on the way to key 5: version 0, one nibble.
    let nibble = key(5).0.0[0] & 0xf0;
    let at = [&[0; 8][..], &[1, nibble]].concat();
    assert!(made.nodes.iter().any(|(key, _)| *key == at));
    let change = Changes::from([(key(5), state(6))]);
    let errors = |bytes: Result<Option<Vec<u8>>, String>| {
        let reader = Damaged { map: &map, key: &at, bytes };
        let updating = update(SHA256, &reader, Some(0), 1, &change).unwrap_err();
        assert_eq!(prove(SHA256, &reader, Some(0), &key(5)).unwrap_err(), updating);
        updating
    };
    assert_eq!(errors(Ok(None)), MapError::MissingNode { key: at.clone() });
    assert!(matches!(errors(Ok(Some(vec![9; 40]))), MapError::DamagedNode { key, .. } if key == at));
    assert!(matches!(errors(Ok(Some(vec![]))), MapError::DamagedNode { .. }));
    assert_eq!(errors(Err("disk on fire".into())), MapError::Reader("disk on fire".into()));
    assert_eq!(
        errors(Ok(None)).to_string(),
        format!("node 0000000000000000{:02x}{nibble:02x} is missing from the map", 1)
    );

    let no_values = Damaged { map: &map, key: &[], bytes: Err(String::new()) };
    assert_eq!(prove(SHA256, &no_values, Some(0), &key(5)), Err(MapError::MissingValue { key: key(5), version: 0 }));
}

/// Names become keys that crowd each other: every third shares a long prefix with its neighbour.
fn crowded(name: u8) -> MapKey {
    let first = key(u64::from(name / 3));
    match name % 3 {
        0 => first,
        1 => parting(&first, 3 + usize::from(name)),
        _ => parting(&first, 200 + usize::from(name) / 2),
    }
}

fn blocks() -> impl Strategy<Value = Vec<BTreeMap<u8, u64>>> {
    let changes = prop::collection::btree_map(0u8..30, 0u64..50, 1..8);
    prop::collection::vec(prop_oneof![1 => Just(BTreeMap::new()), 2 => changes], 1..16)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// penumbra-zone/penumbra#3082: a bug in a node made absence proofs of some keys fail. So: every key at every
    /// height, present or absent, against jmt's own proofs and against a plain map.
    #[test]
    fn every_key_is_proven_at_every_height(blocks in blocks(), sm3 in any::<bool>()) {
        let algorithm = if sm3 { DigestAlgorithm::Sm3 } else { SHA256 };
        let blocks: Vec<Changes> = blocks
            .iter()
            .map(|block| block.iter().map(|(name, value)| (crowded(*name), state(*value))).collect())
            .collect();
        let (map, as_of) = grown(algorithm, &blocks);
        let oracle = Oracle::grown(algorithm, &blocks);
        let mut contents = Changes::new();
        for (height, (block, (version, root))) in blocks.iter().zip(&as_of).enumerate() {
            contents.extend(block);
            prop_assert_eq!(root_at(algorithm, &map, *version).unwrap(), *root);
            prop_assert_eq!(oracle.root(height), *root);
            for name in 0..33 {
                let key = crowded(name);
                let (value, proof) = prove(algorithm, &map, *version, &key).unwrap();
                prop_assert_eq!(value.as_ref(), contents.get(&key));
                verify_map(algorithm, root, &key, value.as_ref(), &proof).unwrap();
                prop_assert_eq!(oracle.prove_and_verify(height, &key, value.as_ref(), root), proof);
            }
        }
    }

    #[test]
    fn every_single_bit_mutation_is_refused(blocks in blocks(), name in 0u8..33) {
        let blocks: Vec<Changes> = blocks
            .iter()
            .map(|block| block.iter().map(|(name, value)| (key(u64::from(*name)), state(*value))).collect())
            .collect();
        let (map, as_of) = grown(SHA256, &blocks);
        let mut contents = Changes::new();
        let key = key(u64::from(name));
        for (block, (version, root)) in blocks.iter().zip(&as_of) {
            contents.extend(block);
            let (value, proof) = prove(SHA256, &map, *version, &key).unwrap();
            refuses_every_mutation(SHA256, root, &key, value.as_ref(), &proof, &contents, &all_bits());
        }
    }
}

#[test]
fn proofs_stay_short() {
    let contents: Changes = (0..20_000).map(|name| (key(name), state(name))).collect();
    let (map, as_of) = grown(SHA256, std::slice::from_ref(&contents));
    let reader: &dyn MapReader<Error = Infallible> = &map;
    for name in 0..200 {
        let (_, proof) = prove(SHA256, &reader, as_of[0].0, &key(name)).unwrap();
        assert!(proof.siblings.len() < 40, "{} siblings among 20,000 keys", proof.siblings.len());
    }
}
