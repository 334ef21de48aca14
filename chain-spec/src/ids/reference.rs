//! Digests that name things.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

use super::{IdError, IdKind, LicenceId};
use crate::crypto::{Digest, DigestAlgorithm, tags};

macro_rules! digest_id {
    ($(#[$doc:meta])* $name:ident, $kind:expr) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub Digest);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self).map_err(|_| IdError::Digest { kind: $kind })
            }
        }
    };
}

digest_id! {
    /// Identifier of a transaction: the tagged digest of its unsigned bytes.
    TxId, IdKind::TxId
}

digest_id! {
    /// A licence as the ledger names it. The identifier itself is personal data and never goes on the
    /// ledger; a party that holds it can compute the reference.
    LicenceRef, IdKind::LicenceRef
}

digest_id! {
    /// A case (办件) as the ledger names it: the case number is personal data and never goes on the ledger.
    CaseRef, IdKind::CaseRef
}

digest_id! {
    /// A bundle of cases (一件事, 集成办) as the ledger names it.
    BundleRef, IdKind::BundleRef
}

impl CaseRef {
    /// The reference of a case number under the ledger's digest algorithm: `H(tag, number)`.
    pub fn of(algorithm: DigestAlgorithm, number: &str) -> Self {
        Self(algorithm.tagged(tags::CASE_REF, &[number.as_bytes()]))
    }
}

impl BundleRef {
    /// The reference of a bundle number under the ledger's digest algorithm: `H(tag, number)`.
    pub fn of(algorithm: DigestAlgorithm, number: &str) -> Self {
        Self(algorithm.tagged(tags::BUNDLE_REF, &[number.as_bytes()]))
    }
}

impl LicenceRef {
    /// The reference of `id` under the ledger's digest algorithm: `H(tag, text of the identifier)`.
    pub fn of(algorithm: DigestAlgorithm, id: &LicenceId) -> Self {
        Self(algorithm.tagged(tags::LICENCE_REF, &[id.to_string().as_bytes()]))
    }
}
