//! The keys of a block's signers.

use std::collections::BTreeMap;

use crate::crypto::{KeyId, PublicKey};
use crate::state::{self, KeyState, StateKey, StateReader, StateUnavailable};

/// Public keys by identifier, each read once.
pub struct Signers<'a, R> {
    reader: &'a R,
    keys: BTreeMap<KeyId, Option<PublicKey>>,
}

impl<'a, R: StateReader> Signers<'a, R> {
    /// An empty cache.
    pub fn new(reader: &'a R) -> Self {
        Self { reader, keys: BTreeMap::new() }
    }

    /// The key registered under `id`.
    pub fn key(&mut self, id: &KeyId) -> Result<Option<PublicKey>, StateUnavailable> {
        if let Some(key) = self.keys.get(id) {
            return Ok(*key);
        }
        let state: Option<KeyState> = state::read(self.reader, &StateKey::Key(*id))?;
        let key = state.map(|state| state.key);
        self.keys.insert(*id, key);
        Ok(key)
    }
}
