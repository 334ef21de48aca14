//! Features: changes of the rules that come into force at a height the provinces voted for.
//!
//! A feature has a number and a name. The ledger only holds numbers and heights, so that a node whose software does not know a
//! feature still follows the vote about it; it stops before the height at which the feature comes into force.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

use crate::ids::Height;

/// Number of a feature. Numbers are never reused.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct FeatureId(pub u16);

impl std::fmt::Display for FeatureId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// A feature that this software can execute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Feature {
    pub id: FeatureId,
    /// Stable name for people.
    pub name: &'static str,
}

/// Anchors of other trusted ledgers may be recorded (E22).
pub const ANCHORS: FeatureId = FeatureId(1);

/// Every feature that this software can execute, by number.
pub const FEATURES: &[Feature] = &[Feature { id: ANCHORS, name: "anchors" }];

/// Most features one chain may activate.
pub const FEATURES_MAX: usize = 256;

/// A feature and the first height at which it is in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Activation {
    pub feature: FeatureId,
    pub height: Height,
}

/// The features the provinces have activated, sorted by number, at most [`FEATURES_MAX`].
#[derive(Debug, Clone, PartialEq, Eq, Default, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Activations {
    activations: Vec<Activation>,
}

impl Activations {
    /// All of them, by number.
    pub fn all(&self) -> &[Activation] {
        &self.activations
    }

    /// First height at which `feature` is in force, if that was decided.
    pub fn height_of(&self, feature: FeatureId) -> Option<Height> {
        let at = self.activations.binary_search_by_key(&feature, |activation| activation.feature).ok()?;
        self.activations.get(at).map(|activation| activation.height)
    }

    /// Whether `feature` is in force in the block of `height`.
    pub fn is_active(&self, feature: FeatureId, height: Height) -> bool {
        self.height_of(feature).is_some_and(|from| from <= height)
    }

    /// The first feature in force in the block of `height` that is not among `known`.
    pub fn first_unknown(&self, known: &[Feature], height: Height) -> Option<Activation> {
        let mut in_force = self.activations.iter().filter(|activation| activation.height <= height);
        in_force.find(|activation| known.iter().all(|feature| feature.id != activation.feature)).copied()
    }

    /// With one more; unchanged if the feature was decided before or the list is full.
    #[must_use]
    pub fn with(mut self, feature: FeatureId, height: Height) -> Self {
        if self.activations.len() < FEATURES_MAX
            && let Err(at) = self.activations.binary_search_by_key(&feature, |activation| activation.feature)
        {
            self.activations.insert(at, Activation { feature, height });
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_distinct_and_ordered() {
        assert!(FEATURES.windows(2).all(|pair| pair[0].id < pair[1].id));
    }

    #[test]
    fn in_force_from_its_height_on() {
        let activations = Activations::default().with(FeatureId(9), Height(20)).with(ANCHORS, Height(10));
        assert_eq!(activations.all().len(), 2);
        assert!(!activations.is_active(ANCHORS, Height(9)) && activations.is_active(ANCHORS, Height(10)));
        assert_eq!(activations.first_unknown(FEATURES, Height(19)), None);
        let unknown = Activation { feature: FeatureId(9), height: Height(20) };
        assert_eq!(activations.first_unknown(FEATURES, Height(20)), Some(unknown));
        assert_eq!(
            activations.first_unknown(&[], Height(10)),
            Some(Activation { feature: ANCHORS, height: Height(10) })
        );
        assert_eq!(activations.clone().with(ANCHORS, Height(99)), activations, "decided once");
    }
}
