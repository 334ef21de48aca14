//! A log in memory, for replay and tests.

use std::collections::BTreeMap;
use std::convert::Infallible;

use super::{Appended, TileId, TileReader};

/// Tiles in a sorted map: about 34 bytes per leaf. Replay that needs no proofs keeps only a [`super::Frontier`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MemoryLog {
    tiles: BTreeMap<TileId, Vec<u8>>,
}

impl MemoryLog {
    /// Writes what a run of appends made.
    pub fn apply(&mut self, appended: &Appended) {
        self.tiles.extend(appended.tiles.iter().cloned());
    }

    /// Number of tiles held.
    pub fn tile_count(&self) -> usize {
        self.tiles.len()
    }
}

impl TileReader for MemoryLog {
    type Error = Infallible;

    fn tile(&self, id: TileId) -> Result<Option<Vec<u8>>, Infallible> {
        Ok(self.tiles.get(&id).cloned())
    }
}
