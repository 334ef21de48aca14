//! A map in memory, for replay and tests.

use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;

use super::{MapKey, MapReader, MapUpdate};
use crate::crypto::Digest;

/// Nodes and values in memory, with or without history.
#[derive(Debug, Clone)]
pub struct MemoryMap {
    keeps_history: bool,
    /// Never iterated, so its order is never seen.
    nodes: HashMap<Vec<u8>, Vec<u8>>,
    values: BTreeMap<(MapKey, u64), Digest>,
}

impl MemoryMap {
    /// An empty map that answers for every version applied.
    pub fn with_history() -> Self {
        Self { keeps_history: true, nodes: HashMap::new(), values: BTreeMap::new() }
    }

    /// An empty map that answers for the newest version only, in constant memory per entry.
    pub fn newest_only() -> Self {
        Self { keeps_history: false, ..Self::with_history() }
    }

    /// Writes a new version.
    pub fn apply(&mut self, update: MapUpdate) {
        if !self.keeps_history {
            for key in &update.stale_nodes {
                self.nodes.remove(key);
            }
            for (key, version, _) in &update.values {
                let older: Vec<_> = self.values.range((*key, 0)..(*key, *version)).map(|(at, _)| *at).collect();
                for at in older {
                    self.values.remove(&at);
                }
            }
        }
        self.nodes.extend(update.nodes);
        self.values.extend(update.values.into_iter().map(|(key, version, value)| ((key, version), value)));
    }

    /// Number of nodes held.
    pub fn node_count(&self) -> usize {
        self.nodes.len()
    }

    /// Number of values held, over all versions kept.
    pub fn value_count(&self) -> usize {
        self.values.len()
    }
}

impl MapReader for MemoryMap {
    type Error = Infallible;

    fn node(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Infallible> {
        Ok(self.nodes.get(key).cloned())
    }

    fn value(&self, version_max: u64, key: &MapKey) -> Result<Option<Digest>, Infallible> {
        Ok(self.values.range((*key, 0)..=(*key, version_max)).next_back().map(|(_, value)| *value))
    }
}
