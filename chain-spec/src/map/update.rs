//! Making a new version.

use std::collections::BTreeMap;

use jmt::storage::TreeUpdateBatch;
use jmt::{JellyfishMerkleTree, KeyHash, OwnedValue, SimpleHasher};

use super::hasher::{Sha256Tree, Sm3Tree};
use super::store::{BaseReader, MapReader, node_key, node_key_of};
use super::{MapError, MapKey};
use crate::crypto::{Digest, DigestAlgorithm};

/// What a new version writes. Computing it stores nothing, so a block can be executed and discarded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MapUpdate {
    /// The new version.
    pub version: u64,
    /// Root of the map at the new version.
    pub root: Digest,
    /// New nodes by store key.
    pub nodes: Vec<(Vec<u8>, Vec<u8>)>,
    /// New values with key and version.
    pub values: Vec<(MapKey, u64, Digest)>,
    /// Store keys of nodes that only older versions need. Keep them for history, or delete them to forget it.
    pub stale_nodes: Vec<Vec<u8>>,
}

/// Makes version `new_version` of the map by setting every key of `changes`, on top of version `base` (the last one with
/// changes, however long ago; `None` on the empty map). Setting a key to the value it has is allowed and leaves the
/// root as it is.
pub fn update<R: MapReader>(
    algorithm: DigestAlgorithm,
    reader: &R,
    base: Option<u64>,
    new_version: u64,
    changes: &BTreeMap<MapKey, Digest>,
) -> Result<MapUpdate, MapError<R::Error>> {
    if changes.is_empty() {
        return Err(MapError::NoChanges);
    }
    // u64::MAX is where jmt looks for a tree older than version 0.
    if base.is_some_and(|base| base >= new_version) || new_version == u64::MAX {
        return Err(MapError::VersionOrder { base, new: new_version });
    }
    match algorithm {
        DigestAlgorithm::Sha256 => update_with::<R, Sha256Tree>(reader, base, new_version, changes),
        DigestAlgorithm::Sm3 => update_with::<R, Sm3Tree>(reader, base, new_version, changes),
    }
}

fn update_with<R: MapReader, H: SimpleHasher>(
    reader: &R,
    base: Option<u64>,
    new_version: u64,
    changes: &BTreeMap<MapKey, Digest>,
) -> Result<MapUpdate, MapError<R::Error>> {
    let base_reader = BaseReader::new(reader, base, new_version);
    let value_set: Vec<(KeyHash, OwnedValue)> =
        changes.iter().map(|(key, value)| (KeyHash(key.0.0), value.0.to_vec())).collect();
    // The batch form hashes each new node once, however many changes lie below it.
    let made = JellyfishMerkleTree::<_, H>::new(&base_reader).batch_put_value_sets(vec![value_set], None, new_version);
    let (roots, batch) = match made {
        Ok(made) => made,
        Err(error) => {
            let message = format!("{error:#}");
            return Err(base_reader.into_failure().unwrap_or(MapError::Tree(message)));
        }
    };
    let [root] = roots.as_slice() else {
        return Err(MapError::Tree(format!("{} roots for one version", roots.len())));
    };
    Ok(MapUpdate {
        version: new_version,
        root: Digest(root.0),
        nodes: encoded_nodes(&batch),
        values: changes.iter().map(|(key, value)| (*key, new_version, *value)).collect(),
        stale_nodes: stale_nodes(&batch, &base_reader, base),
    })
}

fn encoded_nodes(batch: &TreeUpdateBatch) -> Vec<(Vec<u8>, Vec<u8>)> {
    let nodes = batch.node_batch.nodes();
    nodes.iter().map(|(key, node)| (node_key_of(key), crate::codec::encode(node))).collect()
}

/// The root before this version is named by `jmt` as if versions had no gaps; its true place is at the base.
fn stale_nodes<R: MapReader>(batch: &TreeUpdateBatch, reader: &BaseReader<'_, R>, base: Option<u64>) -> Vec<Vec<u8>> {
    let stale = batch.stale_node_index_batch.iter().map(|entry| &entry.node_key);
    stale
        .filter_map(|key| {
            if reader.is_previous_root(key) {
                base.map(|version| node_key(version, 0, &[0; 32]))
            } else {
                Some(node_key_of(key))
            }
        })
        .collect()
}
