//! Changes of a block in progress on top of the parent state, with the current transaction apart so that it can be dropped.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use borsh::{BorshDeserialize, BorshSerialize};

use crate::codec;
use crate::crypto::{Digest, KeyId};
use crate::ids::{LicenceRef, RecordIndex};
use crate::record::Record;
use crate::state::{DocumentLicence, IssuedLicence, STATE_BYTES_MAX, StateKey, StateReader, StateUnavailable};

use super::{Actor, Changes};

/// One layer of changes.
#[derive(Default)]
struct Layer {
    states: HashMap<StateKey, Vec<u8>>,
    issued: HashMap<LicenceRef, RecordIndex>,
    /// Files that no earlier record named.
    documents: HashMap<Digest, DocumentLicence>,
    records: Vec<(Record, Vec<u8>)>,
}

pub struct Overlay<'a, R> {
    reader: &'a R,
    first_record: RecordIndex,
    block: Layer,
    transaction: Layer,
    /// Signers whose standing was looked up since membership last changed.
    actors: HashMap<KeyId, Arc<Actor>>,
    /// Whether the transaction may have changed members.
    changes_members: bool,
    /// Length of the longest state that the transaction has written, in bytes.
    longest_state: usize,
}

impl<'a, R: StateReader> Overlay<'a, R> {
    pub fn new(reader: &'a R, first_record: RecordIndex) -> Self {
        let (block, transaction, actors) = Default::default();
        Self { reader, first_record, block, transaction, actors, changes_members: false, longest_state: 0 }
    }

    /// Index the next record will get.
    pub fn next_record(&self) -> RecordIndex {
        let pending = self.block.records.len() + self.transaction.records.len();
        RecordIndex(self.first_record.0 + pending as u64)
    }

    pub fn read<T: BorshSerialize + BorshDeserialize>(&self, key: &StateKey) -> Result<Option<T>, StateUnavailable> {
        let local = self.transaction.states.get(key).or_else(|| self.block.states.get(key));
        let bytes = match local {
            Some(bytes) => bytes.clone(),
            None => match self.reader.state(key)? {
                Some(bytes) => bytes,
                None => return Ok(None),
            },
        };
        codec::decode(&bytes, STATE_BYTES_MAX).map(Some).map_err(|error| StateUnavailable(format!("{key:?}: {error}")))
    }

    /// Whether a thing exists, whatever its type.
    pub fn exists(&self, key: &StateKey) -> Result<bool, StateUnavailable> {
        if self.transaction.states.contains_key(key) || self.block.states.contains_key(key) {
            return Ok(true);
        }
        Ok(self.reader.state(key)?.is_some())
    }

    pub fn write<T: BorshSerialize>(&mut self, key: StateKey, value: &T) {
        self.write_bytes(key, codec::encode(value));
    }

    /// Writes canonical bytes that were made before.
    pub fn write_bytes(&mut self, key: StateKey, bytes: Vec<u8>) {
        self.longest_state = self.longest_state.max(bytes.len());
        self.transaction.states.insert(key, bytes);
    }

    /// Whether the transaction has written a state that no reader would take, which the operation must not leave behind.
    pub fn wrote_too_much(&self) -> bool {
        self.longest_state > STATE_BYTES_MAX
    }

    pub fn issued_at(&self, licence: &LicenceRef) -> Result<Option<RecordIndex>, StateUnavailable> {
        let local = self.transaction.issued.get(licence).or_else(|| self.block.issued.get(licence));
        match local {
            Some(index) => Ok(Some(*index)),
            None => self.reader.issued_at(licence),
        }
    }

    pub fn issued_licence(&self, index: RecordIndex) -> Result<IssuedLicence, StateUnavailable> {
        if index < self.first_record {
            return self.reader.issued_licence(index);
        }
        let offset = usize::try_from(index.0 - self.first_record.0).unwrap_or(usize::MAX);
        let kept = self.block.records.len();
        let entry =
            if offset < kept { self.block.records.get(offset) } else { self.transaction.records.get(offset - kept) };
        entry
            .and_then(|(record, _)| IssuedLicence::from_record(index, record))
            .ok_or_else(|| StateUnavailable(format!("record {index} does not issue a licence")))
    }

    pub fn set_issued(&mut self, licence: LicenceRef, index: RecordIndex) {
        self.transaction.issued.insert(licence, index);
    }

    /// The first record that made a file one of a licence's, those before this one in the block included.
    pub fn first_of_document(&self, sha256: &Digest) -> Result<Option<DocumentLicence>, StateUnavailable> {
        let local = self.transaction.documents.get(sha256).or_else(|| self.block.documents.get(sha256));
        match local {
            Some(first) => Ok(Some(*first)),
            None => self.reader.first_of_document(sha256),
        }
    }

    pub fn set_first_of_document(&mut self, sha256: Digest, first: DocumentLicence) {
        self.transaction.documents.insert(sha256, first);
    }

    pub fn push_record(&mut self, record: Record, bytes: Vec<u8>) {
        self.transaction.records.push((record, bytes));
    }

    pub fn actor(&self, id: &KeyId) -> Option<Arc<Actor>> {
        self.actors.get(id).cloned()
    }

    pub fn remember_actor(&mut self, actor: Arc<Actor>) {
        self.actors.insert(actor.id, actor);
    }

    /// To be called before anything about members changes.
    pub fn forget_actors(&mut self) {
        self.actors.clear();
        self.changes_members = true;
    }

    /// The current transaction holds.
    pub fn keep(&mut self) {
        let layer = std::mem::take(&mut self.transaction);
        self.changes_members = false;
        self.block.states.extend(layer.states);
        self.block.issued.extend(layer.issued);
        self.block.documents.extend(layer.documents);
        self.block.records.extend(layer.records);
    }

    /// The current transaction changes nothing.
    pub fn discard(&mut self) {
        self.longest_state = 0;
        self.transaction = Layer::default();
        // What it changed of members is undone with it.
        if std::mem::take(&mut self.changes_members) {
            self.actors.clear();
        }
    }

    pub fn into_changes(self) -> Changes {
        let mut issued: Vec<_> = self.block.issued.into_iter().collect();
        issued.sort_by_key(|(_, index)| *index);
        let mut documents: Vec<_> = self.block.documents.into_iter().collect();
        documents.sort_by_key(|(_, first)| first.recorded_by);
        Changes {
            states: self.block.states.into_iter().collect::<BTreeMap<_, _>>(),
            issued,
            documents,
            records: self.block.records,
            outcomes: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Nothing;

    impl StateReader for Nothing {
        fn state(&self, _: &StateKey) -> Result<Option<Vec<u8>>, StateUnavailable> {
            Ok(None)
        }

        fn issued_at(&self, _: &LicenceRef) -> Result<Option<RecordIndex>, StateUnavailable> {
            Ok(None)
        }

        fn first_of_document(&self, _: &Digest) -> Result<Option<DocumentLicence>, StateUnavailable> {
            Ok(None)
        }

        fn issued_licence(&self, index: RecordIndex) -> Result<IssuedLicence, StateUnavailable> {
            Err(StateUnavailable(index.to_string()))
        }

        fn has_transaction(&self, _: &crate::ids::TxId) -> Result<bool, StateUnavailable> {
            Ok(false)
        }
    }

    /// The bound is the writer's: a state that no reader would take is told, to the byte, and forgotten with its transaction.
    #[test]
    fn a_state_longer_than_readers_take_is_told() {
        let mut overlay = Overlay::new(&Nothing, RecordIndex(0));
        overlay.write_bytes(StateKey::Parameters, vec![0; STATE_BYTES_MAX]);
        assert!(!overlay.wrote_too_much());
        overlay.write_bytes(StateKey::Features, vec![0; STATE_BYTES_MAX + 1]);
        // Overwritten by a shorter one it has been too long all the same: no operation writes a state twice by halves.
        overlay.write_bytes(StateKey::Features, vec![0]);
        assert!(overlay.wrote_too_much());
        overlay.discard();
        assert!(!overlay.wrote_too_much());
        assert!(overlay.into_changes().states.is_empty());
    }
}
