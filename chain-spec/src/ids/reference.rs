//! Digests that name things.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

use super::{IdError, IdKind, LicenceId, LicenceIssuer, Uscc};
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
    /// A licence as the ledger names it: by its issuer and what the issuer calls it, so no other organisation can take the name. The
    /// identifier itself is personal data and never goes on the ledger; a party that holds it can compute the reference.
    LicenceRef, IdKind::LicenceRef
}

digest_id! {
    /// A case (办件) as the ledger names it: by the organisation that opens it and what that organisation calls it. The case number is
    /// personal data and never goes on the ledger.
    CaseRef, IdKind::CaseRef
}

digest_id! {
    /// A bundle of cases (一件事, 集成办) as the ledger names it: by its lead and what the lead calls it.
    BundleRef, IdKind::BundleRef
}

impl CaseRef {
    /// The reference of the case that `opener` calls `name`: `H(tag; opener | name)`.
    pub fn owned(algorithm: DigestAlgorithm, opener: &Uscc, name: &Digest) -> Self {
        Self(owned(algorithm, tags::CASE_REF, opener, name))
    }
}

impl BundleRef {
    /// The reference of the bundle that its `lead` calls `name`: `H(tag; lead | name)`.
    pub fn owned(algorithm: DigestAlgorithm, lead: &Uscc, name: &Digest) -> Self {
        Self(owned(algorithm, tags::BUNDLE_REF, lead, name))
    }
}

impl LicenceRef {
    /// The reference of the licence that `issuer` calls `name`: `H(tag; issuer | name)`.
    pub fn owned(algorithm: DigestAlgorithm, issuer: &Uscc, name: &Digest) -> Self {
        Self(owned(algorithm, tags::LICENCE_REF, issuer, name))
    }

    /// The reference of `id` at the issuer that it names, without blinding. An identifier that names a region instead of an
    /// organisation has a reference under which nothing can be recorded: nobody signs as a region.
    pub fn of(algorithm: DigestAlgorithm, id: &LicenceId) -> Self {
        let name = licence_name(algorithm, &Digest::ZERO, id);
        match id.issuer() {
            LicenceIssuer::Organisation(issuer) => Self::owned(algorithm, &issuer, &name),
            LicenceIssuer::Region(region) => {
                Self(algorithm.tagged(tags::LICENCE_REF, &[region.as_bytes(), name.as_bytes()]))
            }
        }
    }
}

/// What an organisation calls a thing of its own: `H(tag; blinding [32] | text)`. The ledger sees this digest, never the text.
/// Where the text can be guessed, a blinding that only the owner can compute keeps it from being found out.
pub fn name_of(algorithm: DigestAlgorithm, blinding: &Digest, text: &str) -> Digest {
    algorithm.tagged(tags::NAME, &[blinding.as_bytes(), text.as_bytes()])
}

/// [`name_of`] of a licence: over the text of its identifier exactly as written.
pub fn licence_name(algorithm: DigestAlgorithm, blinding: &Digest, id: &LicenceId) -> Digest {
    name_of(algorithm, blinding, &id.to_string())
}

/// The name by which the requester of shared data calls its request on the ledger: `H(tag; requester | name)`.
pub fn share_ref(algorithm: DigestAlgorithm, requester: &Uscc, name: &Digest) -> Digest {
    owned(algorithm, tags::SHARE_REF, requester, name)
}

/// Both parts have a fixed length, so no two owners and names share their bytes.
fn owned(algorithm: DigestAlgorithm, tag: &str, owner: &Uscc, name: &Digest) -> Digest {
    algorithm.tagged(tag, &[owner.as_bytes(), name.as_bytes()])
}
