//! Making proofs (RFC 6962 sections 2.1.1 and 2.1.2).

use std::collections::BTreeMap;

use super::tile::{TILE_HEIGHT, TileId, TileReader, read_hashes};
use super::{Frontier, LogError, merkle_root, node_hash, split_point, split_point_of_slice};
use crate::crypto::{Digest, DigestAlgorithm};

/// The path that proves leaf `index` in the log of `size` leaves, which may be any past size: sibling hashes from the
/// leaf upwards, at most 64.
pub fn inclusion_proof<R: TileReader>(
    algorithm: DigestAlgorithm,
    reader: &R,
    size: u64,
    index: u64,
) -> Result<Vec<Digest>, LogError<R::Error>> {
    if index >= size {
        return Err(LogError::IndexOutOfRange { index, size });
    }
    let mut tree = Tree::new(algorithm, reader, size);
    let (mut low, mut high) = (0, size);
    let mut path = Vec::new();
    while high - low > 1 {
        let middle = low + split_point(high - low);
        if index < middle {
            path.push(tree.range(middle, high)?);
            high = middle;
        } else {
            path.push(tree.range(low, middle)?);
            low = middle;
        }
    }
    path.reverse();
    Ok(path)
}

/// The path that proves that the log of `new` leaves begins with the log of `old`. Empty where `old` is 0 or `new`.
pub fn consistency_proof<R: TileReader>(
    algorithm: DigestAlgorithm,
    reader: &R,
    old: u64,
    new: u64,
) -> Result<Vec<Digest>, LogError<R::Error>> {
    if old > new {
        return Err(LogError::SizesOutOfOrder { old, new });
    }
    if old == 0 || old == new {
        return Ok(Vec::new());
    }
    let mut tree = Tree::new(algorithm, reader, new);
    let (mut low, mut high) = (0, new);
    let mut path = Vec::new();
    // Descend to the subtree whose right end is the old tree's right end.
    while old != high {
        let middle = low + split_point(high - low);
        if old <= middle {
            path.push(tree.range(middle, high)?);
            high = middle;
        } else {
            path.push(tree.range(low, middle)?);
            low = middle;
        }
    }
    // Where that subtree begins at 0 it is the old tree itself, whose root the verifier has.
    if low > 0 {
        path.push(tree.range(low, high)?);
    }
    path.reverse();
    Ok(path)
}

/// Root of the log at `size`, any size up to the stored one.
pub fn root_at<R: TileReader>(algorithm: DigestAlgorithm, reader: &R, size: u64) -> Result<Digest, LogError<R::Error>> {
    Ok(Frontier::load(algorithm, size, reader)?.head().root)
}

/// The inclusion path in a tree over a list held in memory; `None` if the index is beyond its end.
pub fn merkle_path(algorithm: DigestAlgorithm, leaf_hashes: &[Digest], index: usize) -> Option<Vec<Digest>> {
    if index >= leaf_hashes.len() {
        return None;
    }
    let (mut part, mut index) = (leaf_hashes, index);
    let mut path = Vec::new();
    while part.len() > 1 {
        let (left, right) = part.split_at(split_point_of_slice(part.len()));
        if index < left.len() {
            path.push(merkle_root(algorithm, right));
            part = left;
        } else {
            path.push(merkle_root(algorithm, left));
            index -= left.len();
            part = right;
        }
    }
    path.reverse();
    Some(path)
}

/// A log of one size, with the tiles that one proof reads.
struct Tree<'a, R> {
    algorithm: DigestAlgorithm,
    reader: &'a R,
    size: u64,
    tiles: BTreeMap<TileId, Vec<Digest>>,
}

impl<'a, R: TileReader> Tree<'a, R> {
    fn new(algorithm: DigestAlgorithm, reader: &'a R, size: u64) -> Self {
        Self { algorithm, reader, size, tiles: BTreeMap::new() }
    }

    /// Root over leaves `low..high`, a range that splitting at powers of two leads to: `low` is a multiple of every
    /// power of two that the range's length spans.
    fn range(&mut self, low: u64, high: u64) -> Result<Digest, LogError<R::Error>> {
        let count = high - low;
        if count.is_power_of_two() {
            return self.subtree(count.ilog2(), low);
        }
        let middle = low + split_point(count);
        let left = self.range(low, middle)?;
        let right = self.range(middle, high)?;
        Ok(node_hash(self.algorithm, &left, &right))
    }

    /// Root of the complete subtree of height `height` whose first leaf is `first`.
    fn subtree(&mut self, height: u32, first: u64) -> Result<Digest, LogError<R::Error>> {
        let tile_level = height / TILE_HEIGHT;
        let position = first >> (tile_level * TILE_HEIGHT);
        let hashes_at_level = self.size >> (tile_level * TILE_HEIGHT);
        let tile_hashes: u64 = 1 << TILE_HEIGHT;
        let index = position / tile_hashes;
        // Both at most 16, and the level at most 15, so all fit.
        let needed = usize::try_from((hashes_at_level - index * tile_hashes).min(tile_hashes)).unwrap_or(0);
        let start = usize::try_from(position % tile_hashes).unwrap_or(0);
        let id = TileId { level: u8::try_from(tile_level).unwrap_or(u8::MAX), index };
        let hashes = match self.tiles.entry(id) {
            std::collections::btree_map::Entry::Occupied(held) => held.into_mut(),
            std::collections::btree_map::Entry::Vacant(space) => space.insert(read_hashes(self.reader, id, needed)?),
        };
        let width = 1usize << (height % TILE_HEIGHT);
        // Complete subtrees lie within what `needed` covers; `get` only spares a panic on a wrong caller.
        let part = hashes.get(start..start + width).ok_or(LogError::ShortTile {
            level: id.level,
            index,
            needed: start + width,
            actual: needed,
        })?;
        Ok(merkle_root(self.algorithm, part))
    }
}
