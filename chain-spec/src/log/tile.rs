//! Tiles: how the tree's hashes lie in the store.

use crate::crypto::{DIGEST_BYTES, Digest};

/// Levels of the tree that one tile spans.
pub const TILE_HEIGHT: u32 = 4;
/// Hashes in a full tile.
pub const TILE_HASHES: usize = 1 << TILE_HEIGHT;
/// Bytes of a full tile.
pub const TILE_BYTES_MAX: usize = TILE_HASHES * DIGEST_BYTES;

/// Names a tile: tile level (tree level divided by 4) and position from the left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TileId {
    /// Tile level, 0 for leaves; at most 15.
    pub level: u8,
    /// Position of the tile in its level, 0 leftmost.
    pub index: u64,
}

impl TileId {
    /// Key of the tile in an ordered store: level, then index big-endian.
    pub fn key(&self) -> [u8; 9] {
        let mut key = [self.level; 9];
        key[1..].copy_from_slice(&self.index.to_be_bytes());
        key
    }
}

/// Reads tiles from wherever they are kept.
pub trait TileReader {
    /// Why reading failed; a missing tile is not an error.
    type Error;

    /// The bytes last written for this tile, `None` where none were.
    fn tile(&self, id: TileId) -> Result<Option<Vec<u8>>, Self::Error>;
}

impl<R: TileReader + ?Sized> TileReader for &R {
    type Error = R::Error;

    fn tile(&self, id: TileId) -> Result<Option<Vec<u8>>, Self::Error> {
        (**self).tile(id)
    }
}

/// Why the log could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LogError<E> {
    /// The store failed.
    #[error("the log's store cannot be read: {0}")]
    Reader(E),
    /// The store lacks a tile that a log of this size has: it is damaged, or not that long.
    #[error("tile {index} of level {level} is missing from the log")]
    MissingTile { level: u8, index: u64 },
    /// The tile holds fewer hashes than a log of this size has there.
    #[error("tile {index} of level {level} holds {actual} hashes where the log has {needed}")]
    ShortTile { level: u8, index: u64, needed: usize, actual: usize },
    /// The tile's length is not a multiple of 32 bytes up to 512.
    #[error("tile {index} of level {level} has {bytes} bytes, which is not a valid tile length")]
    MalformedTile { level: u8, index: u64, bytes: usize },
    /// A log of this size has no such leaf.
    #[error("leaf {index} is beyond the end of a log of {size}")]
    IndexOutOfRange { index: u64, size: u64 },
    /// A log never shrinks.
    #[error("a log of {new} leaves cannot extend one of {old}")]
    SizesOutOfOrder { old: u64, new: u64 },
}

/// The first `needed` hashes of a tile.
pub(super) fn read_hashes<R: TileReader>(
    reader: &R,
    id: TileId,
    needed: usize,
) -> Result<Vec<Digest>, LogError<R::Error>> {
    let TileId { level, index } = id;
    let bytes = reader.tile(id).map_err(LogError::Reader)?.ok_or(LogError::MissingTile { level, index })?;
    let (hashes, rest) = bytes.as_chunks::<DIGEST_BYTES>();
    if !rest.is_empty() || hashes.len() > TILE_HASHES {
        return Err(LogError::MalformedTile { level, index, bytes: bytes.len() });
    }
    let present = hashes.get(..needed).ok_or(LogError::ShortTile { level, index, needed, actual: hashes.len() })?;
    Ok(present.iter().copied().map(Digest).collect())
}

/// The bytes of a tile.
pub(super) fn tile_bytes(hashes: &[Digest]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| hash.0).collect()
}
