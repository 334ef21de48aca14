//! Making proofs. The walk is ours rather than `jmt`'s: `jmt` reads every sibling node from the store only to learn
//! a hash that the parent already holds, and panics where one is missing.

use super::proof::{interior_hash, leaf_node_hash};
use super::store::{Child, Children, MapReader, StoredNode, nibble_at, node_key, set_nibble};
use super::{EMPTY_ROOT, MapError, MapKey, MapProof};
use crate::crypto::{Digest, DigestAlgorithm};

/// Nibbles in a key; interior nodes are at depths below this.
const NIBBLES: usize = 64;

/// The value of `key` in `version` of the map and the proof of it, or of its absence. `version` is a version with
/// changes that the store has, or `None` for the empty map.
pub fn prove<R: MapReader>(
    algorithm: DigestAlgorithm,
    reader: &R,
    version: Option<u64>,
    key: &MapKey,
) -> Result<(Option<Digest>, MapProof), MapError<R::Error>> {
    let Some(version) = version else {
        return Ok((None, MapProof { leaf: None, siblings: Vec::new() }));
    };
    let mut siblings = Vec::new();
    let leaf = walk(algorithm, reader, version, key, &mut siblings)?;
    siblings.reverse();
    let value = match leaf {
        Some((leaf_key, _)) if leaf_key == key.0 => {
            let value = reader.value(version, key).map_err(MapError::Reader)?;
            Some(value.ok_or(MapError::MissingValue { key: *key, version })?)
        }
        _ => None,
    };
    Ok((value, MapProof { leaf, siblings }))
}

/// Walks from the root along `key` and returns the leaf where the walk ends, noting siblings from the top.
fn walk<R: MapReader>(
    algorithm: DigestAlgorithm,
    reader: &R,
    version: u64,
    key: &MapKey,
    siblings: &mut Vec<Digest>,
) -> Result<Option<(Digest, Digest)>, MapError<R::Error>> {
    // Path of the node to read next. Its last nibble differs from the key's where the only leaf of a subtree is under another.
    let mut path = key.0.0;
    let mut at = node_key(version, 0, &path);
    let mut node = StoredNode::read(reader, &at)?.ok_or(MapError::MissingVersion { version })?;
    for depth in 0..=NIBBLES {
        let children = match node {
            StoredNode::Leaf(leaf_key, value_hash) => return Ok(Some((leaf_key, value_hash))),
            StoredNode::Empty if depth == 0 => return Ok(None),
            StoredNode::Empty => return Err(damaged(at, "an empty node below the root")),
            StoredNode::Interior(_) if depth == NIBBLES => break,
            StoredNode::Interior(children) => children,
        };
        let Some((nibble, child)) = descend(algorithm, &children, nibble_at(&path, depth), siblings) else {
            return Ok(None);
        };
        set_nibble(&mut path, depth, nibble);
        at = node_key(child.version, depth + 1, &path);
        node = StoredNode::read(reader, &at)?.ok_or_else(|| MapError::MissingNode { key: at.clone() })?;
    }
    Err(damaged(at, "an interior node below the last nibble"))
}

/// Root of the map in `version`, which is a version with changes that the store has, or `None` for the empty map.
pub fn root_at<R: MapReader>(
    algorithm: DigestAlgorithm,
    reader: &R,
    version: Option<u64>,
) -> Result<Digest, MapError<R::Error>> {
    let Some(version) = version else {
        return Ok(EMPTY_ROOT);
    };
    let root = StoredNode::read(reader, &node_key(version, 0, &[0; 32]))?;
    Ok(match root.ok_or(MapError::MissingVersion { version })? {
        StoredNode::Empty => EMPTY_ROOT,
        StoredNode::Leaf(key, value_hash) => leaf_node_hash(algorithm, &key, &value_hash),
        StoredNode::Interior(children) => subtree_hash(algorithm, children.as_slice()),
    })
}

/// Goes down the four levels of one stored node towards `nibble`, noting siblings from the top. Returns the child in
/// which the walk goes on: the one at `nibble`, or the only leaf of the subtree. `None` if it is empty.
fn descend(
    algorithm: DigestAlgorithm,
    children: &Children,
    nibble: u8,
    siblings: &mut Vec<Digest>,
) -> Option<(u8, Child)> {
    let target = usize::from(nibble);
    let (mut start, mut part) = (0, &children[..]);
    while part.len() > 1 {
        let (left, right) = part.split_at(part.len() / 2);
        let goes_right = target >= start + left.len();
        let (mine, other) = if goes_right { (right, left) } else { (left, right) };
        start += if goes_right { left.len() } else { 0 };
        siblings.push(subtree_hash(algorithm, other));
        part = mine;
        if part.iter().all(Option::is_none) {
            return None;
        }
        if let Some((offset, leaf)) = lone_leaf(part) {
            return Some((nibble_of(start + offset), leaf));
        }
    }
    part[0].map(|child| (nibble, child))
}

/// Hash of the subtree over a run of children.
fn subtree_hash(algorithm: DigestAlgorithm, part: &[Option<Child>]) -> Digest {
    if let Some((_, leaf)) = lone_leaf(part) {
        return leaf.hash;
    }
    match part {
        [child] => child.map_or(EMPTY_ROOT, |child| child.hash),
        part if part.iter().all(Option::is_none) => EMPTY_ROOT,
        part => {
            let (left, right) = part.split_at(part.len() / 2);
            interior_hash(algorithm, &subtree_hash(algorithm, left), &subtree_hash(algorithm, right))
        }
    }
}

/// The only child of a run, if it is a leaf: its hash is then the hash of the whole run.
fn lone_leaf(part: &[Option<Child>]) -> Option<(usize, Child)> {
    let mut present = part.iter().enumerate().filter_map(|(position, child)| child.map(|child| (position, child)));
    let only = present.next()?;
    (present.next().is_none() && only.1.is_leaf).then_some(only)
}

/// A position among the children as a nibble; always below 16.
fn nibble_of(position: usize) -> u8 {
    u8::try_from(position).unwrap_or(0)
}

fn damaged<E>(key: Vec<u8>, reason: &'static str) -> MapError<E> {
    MapError::DamagedNode { key, reason }
}
