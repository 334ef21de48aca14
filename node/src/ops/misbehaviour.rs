//! Proofs of misbehaviour on this node's disk, as the operator's pages need them. `GET /v1/misbehaviour` has them whole.

use std::collections::{BTreeMap, BTreeSet};

use huxin_chain_spec::crypto::KeyId;

use crate::store::{Store, StoreError};

/// Proofs looked through, the newest first.
const PROOFS_MAX: usize = 100;

/// Two certified blocks of one height.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForkSeen {
    pub height: u64,
    /// Addresses of the validators that signed both.
    pub signed_both: BTreeSet<KeyId>,
}

/// What the newest proofs say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Misbehaviour {
    /// Validators that signed two statements for one round.
    pub double_signers: BTreeSet<KeyId>,
    /// One for each height, by height.
    pub forks: Vec<ForkSeen>,
}

impl Misbehaviour {
    /// Reads the newest proofs.
    ///
    /// # Errors
    /// If the store does not answer, or a row is damaged: whether there are proofs is then not known.
    pub fn read(store: &Store) -> Result<Self, StoreError> {
        let proofs = store.misbehaviour(PROOFS_MAX)?;
        let mut forks: BTreeMap<u64, BTreeSet<KeyId>> = BTreeMap::new();
        for fork in store.forks(PROOFS_MAX)? {
            forks.entry(fork.own.height.0).or_default().extend(fork.common_signers());
        }
        let fork = |(height, signed_both)| ForkSeen { height, signed_both };
        Ok(Self {
            double_signers: proofs.iter().map(|proof| proof.validator).collect(),
            forks: forks.into_iter().map(fork).collect(),
        })
    }
}
