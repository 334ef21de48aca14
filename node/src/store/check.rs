//! Consistency check on start: tip, log and map must agree, or the node does not run.

use super::reader::Sha256Tiles;
use huxin_chain_spec::certificate::ValidatorSet;
use huxin_chain_spec::crypto::{Digest, DigestAlgorithm};
use huxin_chain_spec::execute::{Chain, Tip};
use huxin_chain_spec::ids::{Height, RecordIndex, TimeMs};
use huxin_chain_spec::log::{self, Frontier};
use huxin_chain_spec::map;
use huxin_chain_spec::parameters::Parameters;
use huxin_chain_spec::state::StateKey;
use huxin_chain_spec::state::governance::GovernedParameters;

use rocksdb::{IteratorMode, ReadOptions};

use super::{FAMILIES, LAYOUT, Store, StoreError, StoredHeader, read_u64};

/// How many of the newest headers are followed back by their parent hashes.
const HEADERS_CHECKED: u64 = 1_000;
/// How many bytes of each column family are read, from its end, so that their checksums are compared: all of a small
/// store, and a fraction of a second of a large one.
const FAMILY_BYTES_CHECKED: usize = 16 << 20;
/// How many of the newest records are rehashed and compared with the log.
const RECORDS_CHECKED: u64 = 256;

impl Store {
    pub(super) fn check_layout(&self) -> Result<(), StoreError> {
        let Some(bytes) = self.get("meta", "layout")? else { return Ok(()) };
        let found = bytes.as_slice().try_into().map(u32::from_be_bytes).unwrap_or(0);
        if found == LAYOUT {
            return Ok(());
        }
        Err(StoreError::OtherLayout { path: self.path.clone(), found, supported: LAYOUT })
    }

    /// Reads the tip and checks that the store agrees with it. `founders` decide height 1.
    pub fn load_tip(&self, chain: &Chain, founders: &ValidatorSet, genesis_time: TimeMs) -> Result<Tip, StoreError> {
        self.check_tables()?;
        let found = self.get("meta", "genesis")?.unwrap_or_default();
        if found != chain.genesis_hash.0 {
            return Err(StoreError::OtherChain {
                path: self.path.clone(),
                found: hex::encode(found),
                configured: chain.genesis_hash.to_string(),
            });
        }
        let height = self.tip_height()?.ok_or_else(|| self.damage("meta tip", "missing"))?;
        let tip = if height.0 == 0 {
            self.genesis_tip(chain, founders, genesis_time)?
        } else {
            self.tip_at(chain, founders, height)?
        };
        self.check_log(chain, &tip)?;
        self.check_map(chain, &tip)?;
        self.check_headers(chain, &tip)?;
        Ok(tip)
    }

    fn check_tables(&self) -> Result<(), StoreError> {
        for (name, ..) in FAMILIES {
            let mut options = ReadOptions::default();
            options.fill_cache(false);
            let mut left_bytes = FAMILY_BYTES_CHECKED;
            for entry in self.db.iterator_cf_opt(self.family(name)?, options, IteratorMode::End) {
                let (key, value) = entry.map_err(|error| self.damage(name, error.as_ref()))?;
                left_bytes = left_bytes.saturating_sub(key.len() + value.len());
                if left_bytes == 0 {
                    break;
                }
            }
        }
        Ok(())
    }

    fn genesis_tip(&self, chain: &Chain, founders: &ValidatorSet, time_ms: TimeMs) -> Result<Tip, StoreError> {
        let map_root = map::root_at(chain.algorithm(), self, Some(0))
            .map_err(|error| self.damage("map version 0", &error.to_string()))?;
        Ok(Tip {
            height: Height(0),
            hash: chain.genesis_hash,
            time_ms,
            frontier: Frontier::empty(chain.algorithm()),
            frontier_sha256: Frontier::empty_sha256_beside(chain.algorithm()),
            map_root,
            map_version: 0,
            decided_by: founders.clone(),
            validators: founders.clone(),
            parameters: self.parameters_after(Height(0), chain)?,
        })
    }

    fn tip_at(&self, chain: &Chain, founders: &ValidatorSet, height: Height) -> Result<Tip, StoreError> {
        let row = self.required_header(height)?;
        let frontier = Frontier::load(chain.algorithm(), row.header.log.size, self)
            .map_err(|error| self.damage(&format!("log of size {}", row.header.log.size), &error.to_string()))?;
        let frontier_sha256 = match (Frontier::empty_sha256_beside(chain.algorithm()), row.header.log_root_sha256) {
            (None, _) => None,
            (Some(_), None) => {
                return Err(self.damage(&format!("header {height}"), "it has no root of the log with SHA-256"));
            }
            (Some(_), Some(root)) => {
                let place = format!("log with SHA-256 of size {}", row.header.log.size);
                let loaded = Frontier::load(DigestAlgorithm::Sha256, row.header.log.size, &Sha256Tiles(self))
                    .map_err(|error| self.damage(&place, &error.to_string()))?;
                if loaded.head().root != root {
                    return Err(self.damage(&place, "its root is not the one in the header"));
                }
                Some(loaded)
            }
        };
        let before = Height(height.0 - 1);
        Ok(Tip {
            height,
            hash: row.hash,
            time_ms: row.header.time_ms,
            frontier,
            frontier_sha256,
            map_root: row.header.map_root,
            map_version: row.map_version,
            decided_by: self.validators_after(before)?.unwrap_or_else(|| founders.clone()),
            validators: self.validators_after(height)?.unwrap_or_else(|| founders.clone()),
            parameters: self.parameters_after(height, chain)?,
        })
    }

    /// The parameters of the block after `height`.
    fn parameters_after(&self, height: Height, chain: &Chain) -> Result<Parameters, StoreError> {
        let governed: Option<GovernedParameters> = self.thing_at(&StateKey::Parameters, height)?;
        Ok(governed.map_or(chain.parameters, |governed| governed.parameters))
    }

    /// The validators that decide the block after `height`.
    pub fn validators_after(&self, height: Height) -> Result<Option<ValidatorSet>, StoreError> {
        self.thing_at(&StateKey::Validators, height)
    }

    fn required_header(&self, height: Height) -> Result<StoredHeader, StoreError> {
        self.header(height)?.ok_or_else(|| self.damage(&format!("header {height}"), "missing"))
    }

    fn check_log(&self, chain: &Chain, tip: &Tip) -> Result<(), StoreError> {
        let head = tip.frontier.head();
        let place = format!("log of size {}", head.size);
        if tip.height.0 > 0 && self.required_header(tip.height)?.header.log != head {
            return Err(self.damage(&place, "its root is not the one in the newest header"));
        }
        if self.record(RecordIndex(head.size))?.is_some() {
            return Err(self.damage(&place, "there is a record beyond its end"));
        }
        for index in head.size.saturating_sub(RECORDS_CHECKED)..head.size {
            self.check_record(chain, head.size, &head.root, RecordIndex(index))?;
        }
        Ok(())
    }

    fn check_record(&self, chain: &Chain, size: u64, root: &Digest, index: RecordIndex) -> Result<(), StoreError> {
        let place = format!("record {index}");
        let record = self.record(index)?.ok_or_else(|| self.damage(&place, "missing"))?;
        let leaf = log::leaf_hash(chain.algorithm(), &record.to_bytes());
        let path = log::inclusion_proof(chain.algorithm(), self, size, index.0)
            .map_err(|error| self.damage(&place, &error.to_string()))?;
        log::verify_inclusion(chain.algorithm(), &leaf, index.0, size, &path, root)
            .map_err(|error| self.damage(&place, &error.to_string()))
    }

    fn check_map(&self, chain: &Chain, tip: &Tip) -> Result<(), StoreError> {
        let place = format!("map version {}", tip.map_version);
        let root = map::root_at(chain.algorithm(), self, Some(tip.map_version))
            .map_err(|error| self.damage(&place, &error.to_string()))?;
        if root != tip.map_root {
            return Err(self.damage(&place, "its root is not the one in the newest header"));
        }
        Ok(())
    }

    fn check_headers(&self, chain: &Chain, tip: &Tip) -> Result<(), StoreError> {
        let mut expected = tip.hash;
        let lowest = tip.height.0.saturating_sub(HEADERS_CHECKED).max(1);
        for height in (lowest..=tip.height.0).rev().map(Height) {
            let row = self.required_header(height)?;
            let place = format!("header {height}");
            if row.header.hash(chain.algorithm()) != expected || row.hash != expected || row.header.height != height {
                return Err(self.damage(&place, "its hash is not the one its successor names"));
            }
            expected = row.header.parent;
        }
        let times = self.get("times", tip.time_ms.0.to_be_bytes())?;
        if tip.height.0 > 0 && times.as_deref().and_then(read_u64) != Some(tip.height.0) {
            return Err(self.damage("times", "the newest block is missing"));
        }
        Ok(())
    }

    fn damage(&self, place: &str, reason: &str) -> StoreError {
        self.damaged(place, reason)
    }
}
