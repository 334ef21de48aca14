//! The keys of a block's signers.

use std::collections::BTreeMap;

use crate::crypto::{KeyId, PublicKey};
use crate::ids::ProvinceCode;
use crate::state::{self, KeyState, StateKey, StateReader, StateUnavailable};

/// Public keys by identifier, each read once.
pub struct Signers<'a, R> {
    reader: &'a R,
    keys: BTreeMap<KeyId, Option<(PublicKey, ProvinceCode)>>,
}

impl<'a, R: StateReader> Signers<'a, R> {
    /// An empty cache.
    pub fn new(reader: &'a R) -> Self {
        Self { reader, keys: BTreeMap::new() }
    }

    /// The key registered under `id`.
    pub fn key(&mut self, id: &KeyId) -> Result<Option<PublicKey>, StateUnavailable> {
        Ok(self.key_of_province(id)?.map(|(key, _)| key))
    }

    /// The same, with the province that the key acts for.
    pub fn key_of_province(&mut self, id: &KeyId) -> Result<Option<(PublicKey, ProvinceCode)>, StateUnavailable> {
        if let Some(key) = self.keys.get(id) {
            return Ok(*key);
        }
        let state: Option<KeyState> = state::read(self.reader, &StateKey::Key(*id))?;
        let key = state.map(|state| (state.key, state.province));
        self.keys.insert(*id, key);
        Ok(key)
    }
}
