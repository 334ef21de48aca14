//! The genesis: who founds the chain, under which hash and limits. A TOML file; its hash is the trust root.
//!
//! ```text
//! genesis hash = H("huxin/genesis/v1", borsh(GenesisCommitment))
//! GenesisCommitment = chain id | ledger hash u8 | time u64 | validators hash [32] | content hash [32]
//! content hash = H("huxin/genesis/v1", borsh(Genesis))
//! ```
//! The commitment is small, so that a receipt can carry it and be checked against nothing but a pinned genesis hash.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

use crate::certificate::{Validator, ValidatorSet};
use crate::codec;
use crate::crypto::{Digest, DigestAlgorithm, KeyId, PublicKey, SignatureScheme, tags};
use crate::ids::{ChainId, ProvinceCode, RegionCode, TimeMs, Uscc};
use crate::record::membership::{Permissions, Standing};
use crate::state::{KeyState, OrganisationState, ProvinceState, StateKey};

/// Longest genesis file, in bytes.
pub const GENESIS_BYTES_MAX: usize = 1024 * 1024;

/// Least `block_bytes_max`: the longest transaction, and room for header and certificate.
const BLOCK_BYTES_MIN: u32 = 2 * 1024 * 1024 + 256 * 1024;

/// The genesis file.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Genesis {
    pub chain_id: ChainId,
    /// Hash of log, map and headers, for the chain's life.
    pub ledger_hash: DigestAlgorithm,
    /// Time of the genesis; the first block is later. RFC 3339.
    #[serde(with = "crate::ids::time_text")]
    pub time: TimeMs,
    #[serde(default)]
    pub parameters: Parameters,
    #[serde(rename = "province")]
    pub provinces: Vec<GenesisProvince>,
}

/// Limits that every validator must share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Parameters {
    /// Longest block in bytes, at most [`crate::block::BLOCK_BYTES_MAX`].
    pub block_bytes_max: u32,
    /// Most operations in one block.
    pub block_operations_max: u32,
    /// How far a block's time may lie from a voter's clock, in milliseconds.
    pub clock_skew_ms_max: u64,
    /// Longest time between blocks while idle, in milliseconds.
    pub heartbeat_ms: u64,
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            block_bytes_max: 4 * 1024 * 1024,
            block_operations_max: 20_000,
            clock_skew_ms_max: 10_000,
            heartbeat_ms: 10_000,
        }
    }
}

/// A founding province.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GenesisProvince {
    pub code: ProvinceCode,
    /// The authority that operates the province's node.
    pub organisation: Uscc,
    /// Offline key that votes for the province.
    pub governance_key: PublicKey,
    /// Key that admits the province's organisations, systems and keys.
    pub registrar_key: PublicKey,
    #[serde(rename = "validator", default)]
    pub validators: Vec<GenesisValidator>,
    /// Issuing organisations known from the start.
    #[serde(rename = "issuer", default)]
    pub issuers: Vec<GenesisIssuer>,
}

/// A validator of a founding province.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GenesisValidator {
    pub consensus_key: PublicKey,
    pub power: u64,
}

/// An issuing organisation with one key for all licence types.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GenesisIssuer {
    pub organisation: Uscc,
    pub region: RegionCode,
    pub key: PublicKey,
}

/// What a receipt needs of the genesis.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct GenesisCommitment {
    pub chain_id: ChainId,
    pub ledger_hash: DigestAlgorithm,
    pub time: TimeMs,
    pub validators_hash: Digest,
    pub content_hash: Digest,
}

impl GenesisCommitment {
    /// The trust root: what an auditor, a court or a client pins.
    pub fn hash(&self) -> Digest {
        self.ledger_hash.tagged(tags::GENESIS, &[&codec::encode(self)])
    }
}

/// Why a genesis file cannot found a chain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GenesisError {
    #[error("the genesis file is {actual_bytes} bytes, more than {GENESIS_BYTES_MAX}")]
    TooLong { actual_bytes: usize },
    #[error("the genesis file cannot be read: {0}")]
    Malformed(String),
    #[error("{place}: {reason}")]
    Invalid { place: String, reason: String },
    #[error(
        "{place}: {key} is a published example key, whose secret everybody knows; a chain with it must have a chain id that begins with dev-"
    )]
    ExampleKey { place: String, key: PublicKey },
}

impl Genesis {
    /// Reads and checks a genesis file.
    pub fn parse(text: &str) -> Result<Self, GenesisError> {
        if text.len() > GENESIS_BYTES_MAX {
            return Err(GenesisError::TooLong { actual_bytes: text.len() });
        }
        let genesis: Self = toml::from_str(text).map_err(|error| GenesisError::Malformed(error.to_string()))?;
        genesis.check()?;
        Ok(genesis)
    }

    /// The file's text.
    pub fn to_toml(&self) -> Result<String, GenesisError> {
        toml::to_string_pretty(self).map_err(|error| GenesisError::Malformed(error.to_string()))
    }

    /// The validators of height 1.
    pub fn validators(&self) -> ValidatorSet {
        let validators = self.provinces.iter().flat_map(|province| {
            province.validators.iter().map(|validator| Validator {
                key: validator.consensus_key,
                power: validator.power,
                province: province.code,
            })
        });
        ValidatorSet::new(validators.collect())
    }

    /// What receipts carry.
    pub fn commitment(&self) -> GenesisCommitment {
        GenesisCommitment {
            chain_id: self.chain_id.clone(),
            ledger_hash: self.ledger_hash,
            time: self.time,
            validators_hash: self.validators().hash(self.ledger_hash),
            content_hash: self.ledger_hash.tagged(tags::GENESIS, &[&codec::encode(self)]),
        }
    }

    /// The trust root.
    pub fn hash(&self) -> Digest {
        self.commitment().hash()
    }

    /// The things that exist before the first block.
    pub fn initial_states(&self) -> BTreeMap<StateKey, Vec<u8>> {
        let mut states = BTreeMap::new();
        let mut put_key = |key: &PublicKey, organisation: Uscc, province: ProvinceCode, permissions: Permissions| {
            let standing = Standing::Active;
            let state = KeyState { key: *key, organisation, province, system: None, permissions, standing };
            states.insert(StateKey::Key(key.id()), codec::encode(&state));
        };
        for province in &self.provinces {
            put_key(&province.registrar_key, province.organisation, province.code, Permissions::registrar());
            for issuer in &province.issuers {
                put_key(&issuer.key, issuer.organisation, province.code, Permissions::all_licences());
            }
        }
        for province in &self.provinces {
            let (organisation, standing) = (province.organisation, Standing::Active);
            let state = ProvinceState { organisation, governance_key: province.governance_key, standing };
            states.insert(StateKey::Province(province.code), codec::encode(&state));
            let seat = RegionCode::of_province(province.code);
            let issuers = province.issuers.iter().map(|issuer| (issuer.organisation, issuer.region));
            for (organisation, region) in issuers.chain([(province.organisation, seat)]) {
                let state = OrganisationState { province: province.code, region, standing };
                states.insert(StateKey::Organisation(organisation), codec::encode(&state));
            }
        }
        states.insert(StateKey::Validators, codec::encode(&self.validators()));
        states
    }

    fn check(&self) -> Result<(), GenesisError> {
        let invalid =
            |place: &str, reason: &str| GenesisError::Invalid { place: place.to_owned(), reason: reason.to_owned() };
        let parameters = &self.parameters;
        // The longest transaction must fit, or one that was let in would wait for ever.
        if parameters.block_bytes_max < BLOCK_BYTES_MIN
            || usize::try_from(parameters.block_bytes_max).map_or(true, |max| max > crate::block::BLOCK_BYTES_MAX)
        {
            return Err(invalid("parameters.block_bytes_max", "must be between 2359296 and 8388608"));
        }
        if parameters.block_operations_max < 4096 {
            return Err(invalid(
                "parameters.block_operations_max",
                "must be at least 4096, the most of one transaction",
            ));
        }
        if parameters.heartbeat_ms < 500 || parameters.clock_skew_ms_max < 500 {
            return Err(invalid("parameters", "heartbeat_ms and clock_skew_ms_max must be at least 500"));
        }
        if !self.validators().is_well_formed() {
            return Err(invalid(
                "province.validator",
                "there must be 1 to 128 validators with distinct keys, at least 1 power each, and a total power below 2^64",
            ));
        }
        let mut keys = BTreeMap::new();
        let mut organisations = BTreeMap::new();
        let mut codes = BTreeSet::new();
        for province in &self.provinces {
            let place = format!("province {}", province.code);
            // The second would overwrite the first's state.
            if !codes.insert(province.code) {
                return Err(invalid(&place, "stands twice"));
            }
            self.check_province(&place, province, &mut keys, &mut organisations)?;
        }
        Ok(())
    }

    fn check_province(
        &self,
        place: &str,
        province: &GenesisProvince,
        keys: &mut BTreeMap<KeyId, ()>,
        organisations: &mut BTreeMap<Uscc, ()>,
    ) -> Result<(), GenesisError> {
        let invalid = |reason: String| GenesisError::Invalid { place: place.to_owned(), reason };
        let mut organisation = |uscc: &Uscc| match organisations.insert(*uscc, ()) {
            None => Ok(()),
            Some(()) => Err(invalid(format!("organisation {uscc} stands twice"))),
        };
        organisation(&province.organisation)?;
        for issuer in &province.issuers {
            organisation(&issuer.organisation)?;
            if issuer.region.province() != province.code {
                return Err(invalid(format!("issuer {} lies in another province", issuer.organisation)));
            }
        }
        let all_keys = [&province.governance_key, &province.registrar_key]
            .into_iter()
            .chain(province.validators.iter().map(|validator| &validator.consensus_key))
            .chain(province.issuers.iter().map(|issuer| &issuer.key));
        for key in all_keys {
            if key.scheme() != SignatureScheme::Ed25519 {
                return Err(invalid(format!("{key}: this version supports ed25519 keys only")));
            }
            if !self.chain_id.is_development() && is_example_key(key) {
                return Err(GenesisError::ExampleKey { place: place.to_owned(), key: *key });
            }
            if keys.insert(key.id(), ()).is_some() {
                return Err(invalid(format!("key {key} stands twice")));
            }
        }
        Ok(())
    }
}

/// The public halves of everything under `keys-example/`, one per line.
const EXAMPLE_KEYS: &str = include_str!("../../keys-example/public-keys.txt");

/// Whether the secret of `key` is published under `keys-example/`.
pub fn is_example_key(key: &PublicKey) -> bool {
    static KEYS: LazyLock<Vec<PublicKey>> = LazyLock::new(|| {
        EXAMPLE_KEYS
            .lines()
            .filter_map(|line| line.split_whitespace().next())
            .filter_map(|word| word.parse().ok())
            .collect()
    });
    KEYS.contains(key)
}
