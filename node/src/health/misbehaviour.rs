//! Proofs of misbehaviour on this node's disk, as the operator's pages need them. `GET /v1/misbehaviour` has them whole.

use std::collections::{BTreeMap, BTreeSet};

use huxin_chain_spec::crypto::KeyId;

use crate::store::{Store, StoreError};

/// Forks looked through, the newest first.
const FORKS_MAX: usize = 100;

/// Two certified blocks of one height.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForkSeen {
    pub height: u64,
    /// Addresses of the validators that signed both.
    pub signed_both: BTreeSet<KeyId>,
}

/// What the proofs say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Misbehaviour {
    /// Validators that signed two statements for one round.
    pub double_signers: BTreeSet<KeyId>,
    /// One for each height, by height.
    pub forks: Vec<ForkSeen>,
}

impl Misbehaviour {
    /// Reads who signed twice, and the newest forks.
    ///
    /// # Errors
    /// If the store does not answer, or a row is damaged: whether there are forks is then not known.
    pub fn read(store: &Store) -> Result<Self, StoreError> {
        let mut forks: BTreeMap<u64, BTreeSet<KeyId>> = BTreeMap::new();
        for fork in store.forks(FORKS_MAX)? {
            forks.entry(fork.own.height.0).or_default().extend(fork.common_signers());
        }
        let fork = |(height, signed_both)| ForkSeen { height, signed_both };
        Ok(Self { double_signers: store.double_signers(), forks: forks.into_iter().map(fork).collect() })
    }
}
