//! The path of trust from the genesis to the validators of any height: the beginning of every receipt.

use huxin_chain_spec::block::Header;
use huxin_chain_spec::certificate::{Certificate, ValidatorSet};
use huxin_chain_spec::genesis::GenesisCommitment;
use huxin_chain_spec::ids::Height;
use huxin_chain_spec::receipt::{Transition, TrustPath};
use parking_lot::RwLock;

use crate::store::{Store, StoreError};

/// The founders, and every change of the validators since.
pub(super) struct Trust {
    genesis: GenesisCommitment,
    founders: ValidatorSet,
    /// Oldest first. There are few: each is a decision of the provinces.
    transitions: RwLock<Vec<Transition>>,
}

impl Trust {
    /// Reads the changes from the store.
    pub(super) fn load(store: &Store, genesis: GenesisCommitment, founders: ValidatorSet) -> Result<Self, StoreError> {
        let trust = Self { genesis, founders, transitions: RwLock::default() };
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
            let transition =
                Transition { header: header.clone(), certificate: certificate.clone(), next: next.clone() };
            self.transitions.write().push(transition);
        }
    }

    /// The path to the validators that decided `height`.
    pub(super) fn path_to(&self, height: Height) -> TrustPath {
        let transitions = self.transitions.read();
        let before = transitions.iter().take_while(|transition| transition.header.height < height);
        TrustPath {
            genesis: self.genesis.clone(),
            validators: self.founders.clone(),
            transitions: before.cloned().collect(),
        }
    }
}
