//! The ledger as it was after one block, for answers about the past.

use huxin_chain_spec::crypto::Digest;
use huxin_chain_spec::ids::{Height, LicenceRef, RecordIndex, TxId};
use huxin_chain_spec::state::{DocumentLicence, IssuedLicence, StateKey, StateReader, StateUnavailable};

use super::Ledger;

/// Reads the ledger after the block of a height.
pub struct LedgerAt<'a> {
    ledger: &'a Ledger,
    height: Height,
    /// Records of the log at that height.
    log_size: u64,
}

impl Ledger {
    /// The ledger after the block of `height`, whose log has `log_size` records.
    pub fn at(&self, height: Height, log_size: u64) -> LedgerAt<'_> {
        LedgerAt { ledger: self, height, log_size }
    }
}

impl StateReader for LedgerAt<'_> {
    fn state(&self, key: &StateKey) -> Result<Option<Vec<u8>>, StateUnavailable> {
        Ok(self.ledger.store.state_at(key, self.height)?)
    }

    fn issued_at(&self, licence: &LicenceRef) -> Result<Option<RecordIndex>, StateUnavailable> {
        let index = self.ledger.store.licence_index(licence)?;
        Ok(index.filter(|index| index.0 < self.log_size))
    }

    fn first_of_document(&self, sha256: &Digest) -> Result<Option<DocumentLicence>, StateUnavailable> {
        let first = self.ledger.store.document_first(sha256)?;
        Ok(first.filter(|first| first.recorded_by.0 < self.log_size))
    }

    fn issued_licence(&self, index: RecordIndex) -> Result<IssuedLicence, StateUnavailable> {
        self.ledger.store.issued_licence(index)
    }

    fn has_transaction(&self, tx_id: &TxId) -> Result<bool, StateUnavailable> {
        Ok(self.ledger.store.outcome(tx_id)?.is_some_and(|(height, _)| height <= self.height))
    }
}
