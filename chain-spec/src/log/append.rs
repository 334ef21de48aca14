//! Appending: one hash per interior node, no reads once the right edge is in memory.

use super::tile::{TILE_HASHES, TILE_HEIGHT, TileId, TileReader, read_hashes, tile_bytes};
use super::{LogError, LogHead, empty_root, leaf_hash, merkle_root};
use crate::crypto::{Digest, DigestAlgorithm};

/// The right edge of the log: the hashes of the unfinished tile of each level. All that appending needs; at most
/// 480 bytes per level, five levels at 1 M leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frontier {
    algorithm: DigestAlgorithm,
    size: u64,
    /// Per tile level, the hashes of its unfinished tile: 0 to 15.
    edges: Vec<Vec<Digest>>,
}

impl Frontier {
    /// The frontier of the empty log with SHA-256, which is kept beside a log with another hash.
    pub fn empty_sha256_beside(algorithm: DigestAlgorithm) -> Option<Self> {
        (algorithm != DigestAlgorithm::Sha256).then(|| Self::empty(DigestAlgorithm::Sha256))
    }

    /// The frontier of the empty log.
    pub fn empty(algorithm: DigestAlgorithm) -> Self {
        Self { algorithm, size: 0, edges: Vec::new() }
    }

    /// Reads the frontier of the log at `size`, which may be any size up to the stored one. One tile per level.
    pub fn load<R: TileReader>(algorithm: DigestAlgorithm, size: u64, reader: &R) -> Result<Self, LogError<R::Error>> {
        let mut edges = Vec::new();
        let mut hashes_at_level = size;
        for level in 0u8.. {
            if hashes_at_level == 0 {
                break;
            }
            let needed = edge_len(hashes_at_level);
            let id = TileId { level, index: hashes_at_level >> TILE_HEIGHT };
            edges.push(if needed == 0 { Vec::new() } else { read_hashes(reader, id, needed)? });
            hashes_at_level >>= TILE_HEIGHT;
        }
        Ok(Self { algorithm, size, edges })
    }

    /// The digest algorithm of the log.
    pub fn algorithm(&self) -> DigestAlgorithm {
        self.algorithm
    }

    /// Number of leaves of the log that ends here.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Size and root of the log that ends here. Hashes the edge: about 15 nodes a level.
    pub fn head(&self) -> LogHead {
        LogHead { size: self.size, root: self.root() }
    }

    /// Folds the edges from the bottom: what is right of a level's complete subtrees is one ragged subtree beside them.
    fn root(&self) -> Digest {
        let mut ragged = None;
        for edge in &self.edges {
            let mut row = edge.clone();
            row.extend(ragged);
            ragged = match row.as_slice() {
                [] => None,
                row => Some(merkle_root(self.algorithm, row)),
            };
        }
        ragged.unwrap_or_else(|| empty_root(self.algorithm))
    }
}

/// How many hashes of a level lie in its unfinished tile.
fn edge_len(hashes_at_level: u64) -> usize {
    let mask = (1 << TILE_HEIGHT) - 1;
    // Below 16, so it fits a usize.
    usize::try_from(hashes_at_level & mask).unwrap_or(0)
}

/// A run of appends that is not in the store yet. Clone it, or drop it, to try a block and discard it.
#[derive(Debug, Clone)]
pub struct Appender {
    frontier: Frontier,
    /// Tiles filled by this run, complete and final.
    filled: Vec<(TileId, Vec<u8>)>,
    /// Tile levels `0..touched_levels` have an unfinished tile that differs from the store's.
    touched_levels: usize,
}

/// What a run of appends made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appended {
    /// Size and root after the run.
    pub head: LogHead,
    /// Tiles to write, each once and in its newest form.
    pub tiles: Vec<(TileId, Vec<u8>)>,
    /// Where the next run resumes.
    pub frontier: Frontier,
}

impl Appender {
    /// Starts a run at the end of the stored log of `size` leaves.
    pub fn open<R: TileReader>(algorithm: DigestAlgorithm, size: u64, reader: &R) -> Result<Self, LogError<R::Error>> {
        Ok(Self::resume(Frontier::load(algorithm, size, reader)?))
    }

    /// Starts a run where another ended, without reading.
    pub fn resume(frontier: Frontier) -> Self {
        Self { frontier, filled: Vec::new(), touched_levels: 0 }
    }

    /// Number of leaves so far; the index that the next one gets.
    pub fn size(&self) -> u64 {
        self.frontier.size
    }

    /// Appends a leaf by its hash ([`super::leaf_hash`]) and returns its index.
    pub fn append(&mut self, leaf_hash: Digest) -> u64 {
        let index = self.frontier.size;
        self.frontier.size += 1;
        let mut hash = leaf_hash;
        for level in 0u8.. {
            let depth = usize::from(level);
            self.touched_levels = self.touched_levels.max(depth + 1);
            if self.frontier.edges.len() == depth {
                self.frontier.edges.push(Vec::with_capacity(TILE_HASHES));
            }
            let edge = &mut self.frontier.edges[depth];
            edge.push(hash);
            if edge.len() < TILE_HASHES {
                break;
            }
            hash = merkle_root(self.frontier.algorithm, edge);
            let position = (index >> (TILE_HEIGHT * u32::from(level))) >> TILE_HEIGHT;
            self.filled.push((TileId { level, index: position }, tile_bytes(edge)));
            edge.clear();
        }
        index
    }

    /// The run that appends these leaves to the log that ends at `frontier`.
    pub fn append_all<'a>(frontier: Frontier, leaves: impl Iterator<Item = &'a [u8]>) -> Appended {
        let mut appender = Self::resume(frontier);
        let algorithm = appender.frontier.algorithm;
        for leaf in leaves {
            appender.append(leaf_hash(algorithm, leaf));
        }
        appender.finish()
    }

    /// Ends the run.
    pub fn finish(self) -> Appended {
        let head = self.frontier.head();
        let mut tiles = self.filled;
        let mut hashes_at_level = head.size;
        for (level, edge) in (0u8..).zip(&self.frontier.edges[..self.touched_levels]) {
            let index = hashes_at_level >> TILE_HEIGHT;
            if !edge.is_empty() {
                tiles.push((TileId { level, index }, tile_bytes(edge)));
            }
            hashes_at_level = index;
        }
        Appended { head, tiles, frontier: self.frontier }
    }
}
