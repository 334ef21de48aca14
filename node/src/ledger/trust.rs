//! The way from the genesis to the validators of any height: the beginning of every receipt.

use std::sync::Arc;

use huxin_chain_spec::block::Header;
use huxin_chain_spec::certificate::{Certificate, ValidatorSet};
use huxin_chain_spec::genesis::GenesisCommitment;
use huxin_chain_spec::ids::Height;
use huxin_chain_spec::receipt::{Anchors, SetHistory, Step, TrustPath, TrustedHead};
use parking_lot::RwLock;

use super::Ledger;
use crate::store::{Store, StoreError};

/// Longest answer with a part of the way, in bytes of its steps: well below what a reader takes.
const PAGE_BYTES_MAX: usize = 192 * 1024;

/// Every change of the validators. Whoever searches does so in a copy of the pointer: the lock, which a commit takes, is never held for
/// longer.
pub(super) struct Trust(RwLock<Arc<SetHistory>>);

impl Trust {
    /// Reads the changes from the store.
    pub(super) fn load(store: &Store, genesis: GenesisCommitment, founders: ValidatorSet) -> Result<Self, StoreError> {
        let trust = Self(RwLock::new(Arc::new(SetHistory::new(genesis, founders))));
        for height in store.validator_changes()?.into_iter().filter(|height| *height > 0).map(Height) {
            let missing =
                || StoreError::damaged(store.path(), format!("validator change at height {height}"), "missing");
            let row = store.header(height)?.ok_or_else(missing)?;
            let next = store.validators_after(height)?.ok_or_else(missing)?;
            trust.follow(&row.header, &row.certificate, &next);
        }
        Ok(trust)
    }

    /// Notes a committed block, after which `next` decide.
    pub(super) fn follow(&self, header: &Header, certificate: &Certificate, next: &ValidatorSet) {
        if header.next_validators_hash != header.validators_hash {
            let step = Step { header: header.clone(), certificate: certificate.clone(), next: next.clone() };
            Arc::make_mut(&mut self.0.write()).push(step);
        }
    }

    fn history(&self) -> Arc<SetHistory> {
        Arc::clone(&self.0.read())
    }

    /// The way to the validators that decided `height`, as a proof carries it.
    pub(super) fn path_to(&self, height: Height) -> TrustPath {
        self.history().path_to(height)
    }
}

/// How long the way to the newest validators has become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrustLength {
    /// Changes of the validators since the genesis.
    pub changes: usize,
    /// Steps of the shortest way from the founders.
    pub steps: usize,
    /// Bytes of these steps.
    pub bytes: usize,
}

impl Ledger {
    /// The way from the set that decides after `known` to the one that decides at `height`, a page of it at most: where it ends
    /// early, ask again from its end. `None` if `known` is not below `height`.
    pub fn trust_path(&self, known: Height, height: Height) -> Option<TrustPath> {
        self.trust.history().path_between(known, height, PAGE_BYTES_MAX)
    }

    /// The head of a height; `None` where there is no such block.
    pub fn trusted_head(&self, height: Height) -> Result<Option<TrustedHead>, StoreError> {
        let Some(row) = self.store.header(height)? else { return Ok(None) };
        let history = self.trust.history();
        let (trust, next) = (history.path_to(height), history.announced_at(height).cloned());
        Ok(Some(TrustedHead { trust, header: row.header, certificate: row.certificate, next }))
    }

    /// What this node knows of the validators that decide a height: its own ledger, whatever a proof brings along.
    pub fn anchors_at(&self, height: Height) -> Anchors {
        let mut anchors = Anchors::of_genesis(self.genesis_hash());
        let path = self.trust.path_to(height);
        if path.in_force_since() > Height(0) {
            anchors.know(path.in_force_since(), path.validators_in_force().clone());
        }
        anchors
    }

    /// How long the way to the newest validators has become.
    pub fn trust_length(&self) -> TrustLength {
        let history = self.trust.history();
        let (steps, bytes) = history.length();
        TrustLength { changes: history.changes(), steps, bytes }
    }
}
