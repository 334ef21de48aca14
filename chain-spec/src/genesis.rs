//! The genesis: who founds the chain, under which hash and limits. A TOML file; its hash is the trust root.
//!
//! ```text
//! genesis hash = H("huxin/genesis/v1", borsh(GenesisCommitment))
//! GenesisCommitment = chain id | ledger hash u8 | time u64 | validators hash [32] | content hash [32]
//! content hash = H("huxin/genesis/v1", borsh(Genesis))
//! ```
//! The commitment is small, so that a receipt can carry it and be checked against a pinned genesis hash alone.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

use crate::certificate::{Validator, ValidatorSet};
use crate::codec;
use crate::crypto::{Digest, DigestAlgorithm, KeyId, PublicKey, SignatureScheme, tags};
use crate::ids::{ChainId, Height, ProvinceCode, RegionCode, TimeMs, Uscc};
use crate::parameters::Thresholds;
use crate::participation::Participation;
use crate::record::membership::{Permissions, Standing};
use crate::state::governance::{GovernedParameters, ValidatorNode};
use crate::state::{KeyState, OrganisationState, ProvinceState, StateKey};

pub use crate::parameters::Parameters;

/// Longest genesis file, in bytes.
pub const GENESIS_BYTES_MAX: usize = 1024 * 1024;

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
    /// How many provinces must agree, per kind of action.
    #[serde(default)]
    pub governance: Thresholds,
    #[serde(rename = "province")]
    pub provinces: Vec<GenesisProvince>,
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
    /// Key by which its node is known to the other nodes.
    #[serde(default)]
    pub network_key: Option<PublicKey>,
}

/// An issuing organisation with one key for all licence types.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GenesisIssuer {
    pub organisation: Uscc,
    pub region: RegionCode,
    pub key: PublicKey,
}

/// The state of an active key.
pub(crate) fn key_state(
    key: &PublicKey,
    organisation: Uscc,
    province: ProvinceCode,
    permissions: Permissions,
) -> (StateKey, Vec<u8>) {
    let standing = Standing::Active;
    let state = KeyState { key: *key, organisation, province, system: None, permissions, standing };
    (StateKey::Key(key.id()), codec::encode(&state))
}

fn organisation_state(organisation: Uscc, province: ProvinceCode, region: RegionCode) -> (StateKey, Vec<u8>) {
    let state = OrganisationState { province, region, standing: Standing::Active };
    (StateKey::Organisation(organisation), codec::encode(&state))
}

/// What a member province begins with: itself, its authority, and its two keys.
pub(crate) fn province_states(
    province: ProvinceCode,
    organisation: Uscc,
    governance_key: &PublicKey,
    registrar_key: &PublicKey,
) -> [(StateKey, Vec<u8>); 4] {
    let state = ProvinceState { organisation, governance_key: *governance_key, standing: Standing::Active };
    [
        (StateKey::Province(province), codec::encode(&state)),
        organisation_state(organisation, province, RegionCode::of_province(province)),
        key_state(registrar_key, organisation, province, Permissions::registrar()),
        key_state(governance_key, organisation, province, Permissions::governance()),
    ]
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

/// What the names of network protocols hold of a chain: its name, and the first 16 digits of its trust root, so that nodes of
/// another chain of the same name do not talk to each other.
pub fn network_name(chain_id: &ChainId, genesis: &Digest) -> String {
    let mut name = genesis.to_string();
    name.truncate(16);
    format!("{chain_id}-{name}")
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
        "{place}: {key} is a published example key, whose secret is public; a chain with it must have a chain id that begins with dev-"
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
            content_hash: self.ledger_hash.tagged(tags::GENESIS_CONTENT, &[&codec::encode(self)]),
        }
    }

    /// The trust root.
    pub fn hash(&self) -> Digest {
        self.commitment().hash()
    }

    /// The things that exist before the first block.
    pub fn initial_states(&self) -> BTreeMap<StateKey, Vec<u8>> {
        let mut states = BTreeMap::new();
        for province in &self.provinces {
            for issuer in &province.issuers {
                let key = issuer.key;
                states.extend([
                    key_state(&key, issuer.organisation, province.code, Permissions::agency()),
                    organisation_state(issuer.organisation, province.code, issuer.region),
                ]);
            }
            states.extend(province_states(
                province.code,
                province.organisation,
                &province.governance_key,
                &province.registrar_key,
            ));
            for validator in &province.validators {
                let (key, network_key) = (validator.consensus_key, validator.network_key);
                let node = ValidatorNode {
                    key,
                    province: province.code,
                    network_key,
                    since: Height::ZERO,
                    until: None,
                    rotated_ms: Vec::new(),
                };
                states.insert(StateKey::ValidatorNode(key.id()), codec::encode(&node));
            }
        }
        let governed = GovernedParameters { parameters: self.parameters, thresholds: self.governance };
        states.insert(StateKey::Parameters, codec::encode(&governed));
        states.insert(StateKey::Validators, codec::encode(&self.validators()));
        states.insert(StateKey::Participation, codec::encode(&Participation::of(&self.validators())));
        states
    }

    fn check(&self) -> Result<(), GenesisError> {
        let invalid =
            |place: &str, reason: &str| GenesisError::Invalid { place: place.to_owned(), reason: reason.to_owned() };
        self.parameters.check().map_err(|reason| invalid("parameters", reason))?;
        if let Some(kind) = self.governance.first_too_low() {
            return Err(invalid(
                &format!("governance.{}", kind.name()),
                "affects several provinces; one_province is not enough",
            ));
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
            // Checked before any state is written: the second entry would overwrite the first.
            if !codes.insert(province.code) {
                return Err(invalid(&place, "is listed twice"));
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
            None if uscc.province().ok() == Some(province.code) => Ok(()),
            None => Err(invalid(format!(
                "organisation {uscc} belongs to another province, by characters 3 to 8 of its code"
            ))),
            Some(()) => Err(invalid(format!("organisation {uscc} is listed twice"))),
        };
        organisation(&province.organisation)?;
        for issuer in &province.issuers {
            organisation(&issuer.organisation)?;
            if issuer.region.province() != province.code {
                return Err(invalid(format!("issuer {} is in another province", issuer.organisation)));
            }
        }
        let network_keys = province.validators.iter().filter_map(|validator| validator.network_key.as_ref());
        if let Some(key) = network_keys.clone().find(|key| key.scheme() != SignatureScheme::Ed25519) {
            return Err(invalid(format!(
                "network key {key} is not an ed25519 key, by which nodes identify each other"
            )));
        }
        let all_keys = [&province.governance_key, &province.registrar_key]
            .into_iter()
            .chain(province.validators.iter().map(|validator| &validator.consensus_key))
            .chain(network_keys)
            .chain(province.issuers.iter().map(|issuer| &issuer.key));
        for key in all_keys {
            if !key.is_well_formed() {
                return Err(invalid(format!("{key} is not a point of the SM2 curve")));
            }
            if !self.chain_id.is_development() && is_example_key(key) {
                return Err(GenesisError::ExampleKey { place: place.to_owned(), key: *key });
            }
            if keys.insert(key.id(), ()).is_some() {
                return Err(invalid(format!("key {key} is listed twice")));
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
