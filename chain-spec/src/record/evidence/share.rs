//! Steps of a data share (政务数据共享). The data itself never goes on the ledger.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

use super::About;
use crate::crypto::Digest;
use crate::ids::{BasisCode, TimeMs, Uscc};
use crate::record::licence::Document;
use crate::record::publication::PublicationKey;

/// A request for data of another organisation.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShareRequest {
    pub about: About,
    /// [`crate::ids::share_ref`] of the requester, the signer's organisation, and `name`.
    pub request: Digest,
    /// What the requester calls the request; it chooses the digest.
    pub name: Digest,
    /// Organisation that holds the data; it answers and delivers.
    pub provider: Uscc,
    /// The data catalogue the resource is listed in (政务数据共享清单目录).
    pub catalogue: PublicationKey,
    /// Version of the catalogue.
    pub catalogue_version: u32,
    /// Digest of the resource's entry in the catalogue.
    pub resource: Digest,
    /// Most records that are asked for; at least 1.
    pub records_max: u32,
    /// When an answer is due, milliseconds since 1970 UTC; later than the block. Lateness is derived, not recorded.
    pub due_ms: TimeMs,
}

/// The provider's answer.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShareAnswer {
    pub request: Digest,
    /// Code of the basis of the answer.
    pub basis: BasisCode,
}

/// What was delivered.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShareDelivery {
    pub request: Digest,
    /// Number of records, 1 to the number asked for.
    pub records: u32,
    pub payload: Document,
}

/// The requester returns a faulty delivery.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShareReturn {
    pub request: Digest,
    /// Code of the reason.
    pub basis: BasisCode,
}
