//! The ledger's digests as `jmt` wants them: one type per algorithm.

use jmt::SimpleHasher;

use crate::crypto::{DigestAlgorithm, Hasher};

/// SHA-256 for `jmt`.
pub(super) struct Sha256Tree(Hasher);

/// SM3 for `jmt`.
pub(super) struct Sm3Tree(Hasher);

impl SimpleHasher for Sha256Tree {
    fn new() -> Self {
        Self(DigestAlgorithm::Sha256.start())
    }

    fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }

    fn finalize(self) -> [u8; 32] {
        self.0.finish().0
    }
}

impl SimpleHasher for Sm3Tree {
    fn new() -> Self {
        Self(DigestAlgorithm::Sm3.start())
    }

    fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }

    fn finalize(self) -> [u8; 32] {
        self.0.finish().0
    }
}
