//! Indexes: records by subject, open cases by organisation, things by kind. The indexes are not authenticated; the records and
//! states found through them are.

use std::collections::{BTreeMap, BTreeSet};

use huxin_chain_spec::codec;
use huxin_chain_spec::crypto::DigestAlgorithm;
use huxin_chain_spec::execute::Executed;
use huxin_chain_spec::ids::{CaseRef, RecordIndex, Uscc};
use huxin_chain_spec::record::governance::Action;
use huxin_chain_spec::state::case::CaseState;
use huxin_chain_spec::state::governance::{ProposalState, ProposalStatus, ValidatorNode};
use huxin_chain_spec::state::{STATE_BYTES_MAX, StateKey, StateReader};
use rocksdb::WriteBatch;

use super::{Store, StoreError, concat, read_u64};

/// Bytes of a case reference at the end of a key.
const CASE_BYTES: usize = 32;

impl Store {
    pub(super) fn put_subjects(
        &self,
        batch: &mut WriteBatch,
        algorithm: DigestAlgorithm,
        executed: &Executed,
    ) -> Result<(), StoreError> {
        let cf = self.family("subjects")?;
        let records = &executed.changes.records;
        let first = executed.log.head.size - records.len() as u64;
        for (index, (record, _)) in (first..).map(RecordIndex).zip(records) {
            for subject in record.operation.subjects(algorithm, &record.organisation, index) {
                batch.put_cf(cf, concat(&subject.to_bytes(), &index.0.to_be_bytes()), []);
            }
        }
        Ok(())
    }

    /// Must be called before the new states are written: the previous states show which rows to delete.
    pub(super) fn put_open_cases(
        &self,
        batch: &mut WriteBatch,
        states: &BTreeMap<StateKey, Vec<u8>>,
    ) -> Result<(), StoreError> {
        let cf = self.family("open_cases")?;
        for (key, bytes) in states {
            let StateKey::Case(case) = key else { continue };
            let before = self.state(key).map_err(|error| self.damaged("state", error.0))?;
            let before = before.map(|bytes| self.parties(key, &bytes)).transpose()?.unwrap_or_default();
            let after = self.parties(key, bytes)?;
            for ended in before.difference(&after) {
                batch.delete_cf(cf, concat(ended.as_bytes(), case.0.as_bytes()));
            }
            for begun in after.difference(&before) {
                batch.put_cf(cf, concat(begun.as_bytes(), case.0.as_bytes()), []);
            }
        }
        Ok(())
    }

    /// Origin and receiver of an open case; empty for a closed one.
    fn parties(&self, key: &StateKey, bytes: &[u8]) -> Result<BTreeSet<Uscc>, StoreError> {
        let state: CaseState = codec::decode(bytes, STATE_BYTES_MAX)
            .map_err(|error| self.damaged(format!("state {key}"), error.to_string()))?;
        let parties = [state.origin, state.receiver];
        Ok(parties.into_iter().filter(|_| state.status.is_open()).collect())
    }

    /// The newest `limit` records about a thing below `end`, oldest first.
    pub fn records_about(
        &self,
        key: &StateKey,
        end: RecordIndex,
        limit: usize,
    ) -> Result<Vec<RecordIndex>, StoreError> {
        let prefix = key.to_bytes();
        let mut found = Vec::new();
        let mut iterator = self.db.raw_iterator_cf(self.family("subjects")?);
        iterator.seek_for_prev(concat(&prefix, &end.0.to_be_bytes()));
        while found.len() < limit
            && let Some(index) = iterator.key().and_then(|key| key.strip_prefix(prefix.as_slice())).and_then(read_u64)
        {
            if index < end.0 {
                found.push(RecordIndex(index));
            }
            iterator.prev();
        }
        iterator.status().map_err(|error| self.failed("subjects", &error))?;
        found.reverse();
        Ok(found)
    }

    /// Open cases of an organisation in the order of their references, after `after`, at most `limit`.
    pub fn open_cases(&self, agency: &Uscc, after: Option<&CaseRef>, limit: usize) -> Result<Vec<CaseRef>, StoreError> {
        let prefix = agency.as_bytes();
        let from = concat(prefix, after.map_or(&[][..], |case| case.0.as_bytes()));
        let mut found = Vec::new();
        let mut iterator = self.db.raw_iterator_cf(self.family("open_cases")?);
        iterator.seek(from);
        while found.len() < limit
            && let Some(case) = iterator.key().and_then(|key| key.strip_prefix(prefix.as_slice()))
        {
            let case: [u8; CASE_BYTES] = case.try_into().map_err(|_| self.damaged("open_cases", "not 50 bytes"))?;
            let case = CaseRef(huxin_chain_spec::crypto::Digest(case));
            if after != Some(&case) {
                found.push(case);
            }
            iterator.next();
        }
        iterator.status().map_err(|error| self.failed("open_cases", &error))?;
        Ok(found)
    }

    /// Things of the kind with this kind byte and their newest states, in the order of their canonical keys, after `after`,
    /// at most `limit`.
    pub fn things_of_kind(
        &self,
        kind: u8,
        after: Option<&StateKey>,
        limit: usize,
    ) -> Result<Vec<(StateKey, Vec<u8>)>, StoreError> {
        let mut found = Vec::new();
        let mut iterator = self.db.raw_iterator_cf(self.family("state")?);
        iterator.seek(after.map_or_else(|| vec![kind], StateKey::to_bytes));
        while found.len() < limit
            && let Some((key, value)) = iterator.item().filter(|(key, _)| key.first() == Some(&kind))
        {
            let key: StateKey = self.own(|| "key of a state".to_owned(), key)?;
            if after != Some(&key) {
                found.push((key, value.to_vec()));
            }
            iterator.next();
        }
        iterator.status().map_err(|error| self.failed("state", &error))?;
        Ok(found)
    }

    /// Validators past and present.
    pub fn validator_nodes(&self) -> Result<Vec<ValidatorNode>, StoreError> {
        let kind = StateKey::ValidatorNode(huxin_chain_spec::crypto::KeyId::default()).to_bytes();
        let kind = kind.first().copied().unwrap_or_default();
        let nodes = self.things_of_kind(kind, None, usize::MAX)?;
        nodes.iter().map(|(key, bytes)| self.own(|| format!("state {key}"), bytes)).collect()
    }

    /// What the proposals that have passed did, in the order of the records that made them.
    pub fn passed_actions(&self) -> Result<Vec<Action>, StoreError> {
        let kind = StateKey::Proposal(RecordIndex(0)).to_bytes();
        let proposals = self.things_of_kind(kind.first().copied().unwrap_or_default(), None, usize::MAX)?;
        let mut actions = Vec::new();
        for (key, bytes) in &proposals {
            let proposal: ProposalState = self.own(|| format!("state {key}"), bytes)?;
            if proposal.status == ProposalStatus::Passed {
                actions.push(proposal.action);
            }
        }
        Ok(actions)
    }

    /// Heights after which another validator set decides, from 0 (the genesis), rising.
    pub fn validator_changes(&self) -> Result<Vec<u64>, StoreError> {
        let prefix = StateKey::Validators.to_bytes();
        let mut heights = Vec::new();
        let mut iterator = self.db.raw_iterator_cf(self.family("state_history")?);
        iterator.seek(&prefix);
        while let Some(inverse) = iterator.key().and_then(|key| key.strip_prefix(prefix.as_slice())).and_then(read_u64)
        {
            heights.push(!inverse);
            iterator.next();
        }
        iterator.status().map_err(|error| self.failed("state_history", &error))?;
        heights.reverse();
        Ok(heights)
    }
}
