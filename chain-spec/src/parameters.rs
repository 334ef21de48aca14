//! What the provinces may set: the limits of the chain, and how many of them must agree on what. Founded by the
//! genesis, changed by votes.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

use crate::block::BLOCK_BYTES_MAX;

/// Least `block_bytes_max`: the longest transaction, and room for header and certificate.
const BLOCK_BYTES_MIN: u32 = 2 * 1024 * 1024 + 256 * 1024;

/// Bounds of `heartbeat_ms` and `clock_skew_ms_max`, in milliseconds: half a second to a day.
const WAIT_MS_MIN: u64 = 500;
const WAIT_MS_MAX: u64 = 24 * 60 * 60 * 1000;

/// Limits that every validator must share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Parameters {
    /// Longest block in bytes, at most [`BLOCK_BYTES_MAX`].
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

impl Parameters {
    /// Refuses limits under which no chain could run, in one sentence.
    pub fn check(&self) -> Result<(), &'static str> {
        // The longest transaction must fit, or one that was let in would wait for ever.
        if self.block_bytes_max < BLOCK_BYTES_MIN
            || usize::try_from(self.block_bytes_max).map_or(true, |max| max > BLOCK_BYTES_MAX)
        {
            return Err("block_bytes_max must be between 2359296 and 8388608");
        }
        if self.block_operations_max < 4096 {
            return Err("block_operations_max must be at least 4096, the most of one transaction");
        }
        let bounds = WAIT_MS_MIN..=WAIT_MS_MAX;
        if !bounds.contains(&self.heartbeat_ms) || !bounds.contains(&self.clock_skew_ms_max) {
            return Err("heartbeat_ms and clock_skew_ms_max must be between 500 and 86400000");
        }
        Ok(())
    }
}

/// Part of the active provinces that must approve. Ordered from the weakest; the order is the wire tag.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Threshold {
    /// The province concerned, alone.
    OneProvince,
    MoreThanHalf,
    TwoThirds,
    ThreeQuarters,
    All,
}

impl Threshold {
    /// Every threshold, from the weakest.
    pub const ALL: [Self; 5] = [Self::OneProvince, Self::MoreThanHalf, Self::TwoThirds, Self::ThreeQuarters, Self::All];

    /// Yes votes needed among `active` provinces; at least 1.
    pub fn needed(self, active: usize) -> usize {
        let part = |numerator: usize, denominator: usize| active.saturating_mul(numerator).div_ceil(denominator);
        match self {
            Self::OneProvince => 1,
            Self::MoreThanHalf => active / 2 + 1,
            Self::TwoThirds => part(2, 3).max(1),
            Self::ThreeQuarters => part(3, 4).max(1),
            Self::All => active.max(1),
        }
    }
}

/// Kind of an [`crate::record::governance::Action`]. The variant order is the wire tag.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum ActionKind {
    ProvinceAdd,
    ProvinceStatus,
    ProvinceGovernanceKey,
    ProvinceRegistrarKey,
    ValidatorAdd,
    ValidatorRemove,
    ValidatorRotate,
    ValidatorPower,
    TrustAdd,
    TrustRetire,
    CrlAnchor,
    Parameters,
    Threshold,
    FeatureActivate,
}

impl ActionKind {
    /// Every kind, for exhaustive tests and tables.
    pub const ALL: [Self; 14] = [
        Self::ProvinceAdd,
        Self::ProvinceStatus,
        Self::ProvinceGovernanceKey,
        Self::ProvinceRegistrarKey,
        Self::ValidatorAdd,
        Self::ValidatorRemove,
        Self::ValidatorRotate,
        Self::ValidatorPower,
        Self::TrustAdd,
        Self::TrustRetire,
        Self::CrlAnchor,
        Self::Parameters,
        Self::Threshold,
        Self::FeatureActivate,
    ];

    /// Stable name, also the key in the genesis file.
    pub fn name(self) -> &'static str {
        match self {
            Self::ProvinceAdd => "province_add",
            Self::ProvinceStatus => "province_status",
            Self::ProvinceGovernanceKey => "province_governance_key",
            Self::ProvinceRegistrarKey => "province_registrar_key",
            Self::ValidatorAdd => "validator_add",
            Self::ValidatorRemove => "validator_remove",
            Self::ValidatorRotate => "validator_rotate",
            Self::ValidatorPower => "validator_power",
            Self::TrustAdd => "trust_add",
            Self::TrustRetire => "trust_retire",
            Self::CrlAnchor => "crl_anchor",
            Self::Parameters => "parameters",
            Self::Threshold => "threshold",
            Self::FeatureActivate => "feature_activate",
        }
    }

    /// Whether one province may do it alone: it affects no other province.
    pub fn may_be_alone(self) -> bool {
        matches!(self, Self::ProvinceRegistrarKey | Self::ValidatorRotate | Self::CrlAnchor)
    }
}

/// The threshold of every kind of action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Thresholds {
    pub province_add: Threshold,
    pub province_status: Threshold,
    pub province_governance_key: Threshold,
    pub province_registrar_key: Threshold,
    pub validator_add: Threshold,
    pub validator_remove: Threshold,
    pub validator_rotate: Threshold,
    pub validator_power: Threshold,
    pub trust_add: Threshold,
    pub trust_retire: Threshold,
    pub crl_anchor: Threshold,
    pub parameters: Threshold,
    pub threshold: Threshold,
    pub feature_activate: Threshold,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            province_add: Threshold::ThreeQuarters,
            province_status: Threshold::TwoThirds,
            province_governance_key: Threshold::TwoThirds,
            province_registrar_key: Threshold::OneProvince,
            validator_add: Threshold::TwoThirds,
            validator_remove: Threshold::TwoThirds,
            validator_rotate: Threshold::OneProvince,
            validator_power: Threshold::ThreeQuarters,
            trust_add: Threshold::TwoThirds,
            // To end trust must be easier than to begin it.
            trust_retire: Threshold::MoreThanHalf,
            crl_anchor: Threshold::OneProvince,
            parameters: Threshold::TwoThirds,
            threshold: Threshold::ThreeQuarters,
            feature_activate: Threshold::TwoThirds,
        }
    }
}

impl Thresholds {
    /// The threshold of one kind.
    pub fn get(&self, kind: ActionKind) -> Threshold {
        // The copy is dropped; one list of fields instead of two.
        let mut copy = *self;
        *copy.of(kind)
    }

    /// With another threshold for one kind.
    #[must_use]
    pub fn with(mut self, kind: ActionKind, threshold: Threshold) -> Self {
        *self.of(kind) = threshold;
        self
    }

    /// The first kind that one province could decide alone though it concerns others.
    pub fn first_too_low(&self) -> Option<ActionKind> {
        ActionKind::ALL.into_iter().find(|kind| self.get(*kind) == Threshold::OneProvince && !kind.may_be_alone())
    }

    fn of(&mut self, kind: ActionKind) -> &mut Threshold {
        match kind {
            ActionKind::ProvinceAdd => &mut self.province_add,
            ActionKind::ProvinceStatus => &mut self.province_status,
            ActionKind::ProvinceGovernanceKey => &mut self.province_governance_key,
            ActionKind::ProvinceRegistrarKey => &mut self.province_registrar_key,
            ActionKind::ValidatorAdd => &mut self.validator_add,
            ActionKind::ValidatorRemove => &mut self.validator_remove,
            ActionKind::ValidatorRotate => &mut self.validator_rotate,
            ActionKind::ValidatorPower => &mut self.validator_power,
            ActionKind::TrustAdd => &mut self.trust_add,
            ActionKind::TrustRetire => &mut self.trust_retire,
            ActionKind::CrlAnchor => &mut self.crl_anchor,
            ActionKind::Parameters => &mut self.parameters,
            ActionKind::Threshold => &mut self.threshold,
            ActionKind::FeatureActivate => &mut self.feature_activate,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Written out by hand for 1 to 9 provinces.
    #[test]
    fn votes_needed() {
        let table: [(Threshold, [usize; 9]); 5] = [
            (Threshold::OneProvince, [1, 1, 1, 1, 1, 1, 1, 1, 1]),
            (Threshold::MoreThanHalf, [1, 2, 2, 3, 3, 4, 4, 5, 5]),
            (Threshold::TwoThirds, [1, 2, 2, 3, 4, 4, 5, 6, 6]),
            (Threshold::ThreeQuarters, [1, 2, 3, 3, 4, 5, 6, 6, 7]),
            (Threshold::All, [1, 2, 3, 4, 5, 6, 7, 8, 9]),
        ];
        for (threshold, needed) in table {
            for (active, expected) in (1..).zip(needed) {
                assert_eq!(threshold.needed(active), expected, "{threshold:?} of {active}");
            }
        }
        for active in 1..40 {
            let needed = Threshold::ALL.map(|threshold| threshold.needed(active));
            assert!(needed.is_sorted() && needed[4] == active, "a stronger threshold needs no fewer");
        }
    }

    #[test]
    fn one_kind_at_a_time() {
        let founding = Thresholds::default();
        assert_eq!(founding.first_too_low(), None);
        for kind in ActionKind::ALL {
            let changed = founding.with(kind, Threshold::All);
            for other in ActionKind::ALL {
                let expected = if other == kind { Threshold::All } else { founding.get(other) };
                assert_eq!(changed.get(other), expected);
            }
            let alone = founding.with(kind, Threshold::OneProvince);
            assert_eq!(alone.first_too_low(), (!kind.may_be_alone()).then_some(kind));
        }
    }
}
