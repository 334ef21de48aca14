//! Where nodes and values are stored, and how `jmt` reads them.

use std::cell::RefCell;

use jmt::storage::{LeafNode, Node, NodeKey, TreeReader};
use jmt::{KeyHash, OwnedValue};

use super::{MapError, MapKey};
use crate::crypto::Digest;

/// Bytes of the longest node key: version, nibble count, 64 nibbles.
pub const NODE_KEY_BYTES_MAX: usize = 8 + 1 + 32;

/// Reads the map's nodes and values from wherever they are kept.
pub trait MapReader {
    /// Why reading failed; a missing entry is not an error.
    type Error;

    /// The node under this key, as [`super::MapUpdate::nodes`] gave it.
    fn node(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Self::Error>;

    /// The value of `key` with the greatest version not above `version_max`.
    fn value(&self, version_max: u64, key: &MapKey) -> Result<Option<Digest>, Self::Error>;
}

impl<R: MapReader + ?Sized> MapReader for &R {
    type Error = R::Error;

    fn node(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Self::Error> {
        (**self).node(key)
    }

    fn value(&self, version_max: u64, key: &MapKey) -> Result<Option<Digest>, Self::Error> {
        (**self).value(version_max, key)
    }
}

/// Key of a node: version, number of nibbles, and the path that begins `path` (later nibbles are cut off).
pub(super) fn node_key(version: u64, nibbles: usize, path: &[u8; 32]) -> Vec<u8> {
    let mut key = Vec::with_capacity(NODE_KEY_BYTES_MAX);
    key.extend_from_slice(&version.to_be_bytes());
    // At most 64.
    key.push(u8::try_from(nibbles).unwrap_or(u8::MAX));
    key.extend_from_slice(&path[..nibbles.div_ceil(2).min(path.len())]);
    if nibbles % 2 == 1
        && let Some(last) = key.last_mut()
    {
        *last &= 0xf0;
    }
    key
}

/// The same key for jmt's form of it.
pub(super) fn node_key_of(key: &NodeKey) -> Vec<u8> {
    let mut path = [0; 32];
    for (depth, nibble) in key.nibble_path().nibbles().enumerate() {
        set_nibble(&mut path, depth, u8::from(nibble));
    }
    node_key(key.version(), key.nibble_path().num_nibbles(), &path)
}

/// Reads and decodes one node.
fn read_node<R: MapReader>(reader: &R, key: &[u8]) -> Result<Option<Node>, MapError<R::Error>> {
    let Some(bytes) = reader.node(key).map_err(MapError::Reader)? else {
        return Ok(None);
    };
    match borsh::from_slice(&bytes) {
        Ok(node) => Ok(Some(node)),
        Err(_) => Err(MapError::DamagedNode { key: key.to_vec(), reason: "its bytes are not a node" }),
    }
}

/// Children of a stored interior node: one per nibble, so it spans four levels of the tree.
pub(super) const CHILDREN: usize = 16;

/// What a stored interior node says of one child.
#[derive(Debug, Clone, Copy)]
pub(super) struct Child {
    pub(super) hash: Digest,
    pub(super) version: u64,
    pub(super) is_leaf: bool,
}

pub(super) type Children = [Option<Child>; CHILDREN];

/// A stored node as the prover sees it.
#[derive(Debug, Clone)]
pub(super) enum StoredNode {
    /// The root of the empty map.
    Empty,
    /// Key and value hash.
    Leaf(Digest, Digest),
    Interior(Box<Children>),
}

impl StoredNode {
    /// Reads one node; `None` if it does not exist.
    pub(super) fn read<R: MapReader>(reader: &R, key: &[u8]) -> Result<Option<Self>, MapError<R::Error>> {
        Ok(match read_node(reader, key)? {
            None => None,
            Some(Node::Null) => Some(Self::Empty),
            Some(Node::Leaf(leaf)) => {
                // jmt does not expose the value hash, but it encodes a leaf as key and value hash.
                let encoded = borsh::to_vec(&leaf).and_then(|bytes| borsh::from_slice(&bytes));
                let (key_hash, value_hash) = encoded
                    .map_err(|_| MapError::DamagedNode { key: key.to_vec(), reason: "its leaf is not two hashes" })?;
                Some(Self::Leaf(key_hash, value_hash))
            }
            Some(Node::Internal(interior)) => {
                let mut children = Box::new([None; CHILDREN]);
                for (nibble, child) in interior.children_sorted() {
                    children[usize::from(u8::from(nibble)) % CHILDREN] =
                        Some(Child { hash: Digest(child.hash), version: child.version, is_leaf: child.is_leaf() });
                }
                Some(Self::Interior(children))
            }
        })
    }
}

/// The nibble of a path at this depth, 0 to 63.
pub(super) fn nibble_at(path: &[u8; 32], depth: usize) -> u8 {
    let byte = path[depth / 2];
    if depth.is_multiple_of(2) { byte >> 4 } else { byte & 0x0f }
}

/// Sets the nibble of a path at this depth, 0 to 63.
pub(super) fn set_nibble(path: &mut [u8; 32], depth: usize, nibble: u8) {
    let byte = &mut path[depth / 2];
    *byte = if depth.is_multiple_of(2) { (nibble << 4) | (*byte & 0x0f) } else { (*byte & 0xf0) | (nibble & 0x0f) };
}

/// A [`MapReader`] as `jmt` sees it while one update runs.
///
/// `jmt` wants versions without gaps: it looks for the previous root at `new_version - 1`. This adapter answers that
/// one question with the root of the base version, wherever it is; all other nodes are named by their parents.
pub(super) struct BaseReader<'a, R: MapReader> {
    reader: &'a R,
    base: Option<u64>,
    new_version: u64,
    /// The typed error behind the untyped one that went through `jmt`.
    failure: RefCell<Option<MapError<R::Error>>>,
}

impl<'a, R: MapReader> BaseReader<'a, R> {
    pub(super) fn new(reader: &'a R, base: Option<u64>, new_version: u64) -> Self {
        Self { reader, base, new_version, failure: RefCell::new(None) }
    }

    /// The error that reading met, if it was reading that failed.
    pub(super) fn into_failure(self) -> Option<MapError<R::Error>> {
        self.failure.into_inner()
    }

    /// Whether this is the place where `jmt` looks for the root before the update.
    pub(super) fn is_previous_root(&self, key: &NodeKey) -> bool {
        key.nibble_path().is_empty() && key.version().wrapping_add(1) == self.new_version
    }

    fn node_or_failure(&self, key: &NodeKey) -> Result<Option<Node>, MapError<R::Error>> {
        if !self.is_previous_root(key) {
            let key = node_key_of(key);
            let node = read_node(self.reader, &key)?;
            // A missing node is an error, never `None`: jmt would treat it as an empty subtree and return a wrong root.
            return node.map(Some).ok_or(MapError::MissingNode { key });
        }
        match self.base {
            // Version 0 has no predecessor; jmt then starts from an empty tree by itself.
            None if self.new_version == 0 => Ok(None),
            None => Ok(Some(Node::Null)),
            Some(version) => {
                let root = read_node(self.reader, &node_key(version, 0, &[0; 32]))?;
                root.map(Some).ok_or(MapError::MissingVersion { version })
            }
        }
    }
}

impl<R: MapReader> TreeReader for BaseReader<'_, R> {
    fn get_node_option(&self, key: &NodeKey) -> anyhow::Result<Option<Node>> {
        self.node_or_failure(key).map_err(|error| {
            *self.failure.borrow_mut() = Some(error);
            anyhow::Error::msg("could not read the map's store")
        })
    }

    fn get_value_option(&self, _: u64, _: KeyHash) -> anyhow::Result<Option<OwnedValue>> {
        // Updates read no values.
        Err(anyhow::Error::msg("an update reads no values"))
    }

    fn get_rightmost_leaf(&self) -> anyhow::Result<Option<(NodeKey, LeafNode)>> {
        // Asked only when a tree is restored from chunks, which the ledger does not do.
        Err(anyhow::Error::msg("restoring from chunks is not offered"))
    }
}
