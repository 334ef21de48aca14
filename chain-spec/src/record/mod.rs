//! Records: what an accepted operation becomes, and the bytes of a leaf of the log.
//!
//! ```text
//! leaf = borsh(Record) =
//!   version u8 | family u8 | kind u8 | province [6] | organisation [18] | sequence u64 | running_digest [32]
//!   | signer [32] | tx_id [32] | time_ms u64 | operation (family tag u8, kind tag u8, fields)
//! ```
//! `family` and `kind` repeat the operation's tags so that a reader can filter leaves without knowing every body.

pub mod case;
pub mod entries;
pub mod evidence;
pub mod governance;
pub mod licence;
pub mod membership;
pub mod publication;
pub mod seal;
mod subjects;
pub mod upkeep;

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

use crate::codec;
use crate::crypto::{DIGEST_BYTES, Digest, DigestAlgorithm, KeyId, Signature, tags};
use crate::ids::{ProvinceCode, TimeMs, TxId, Uscc};

pub use case::CaseOperation;
pub use evidence::EvidenceOperation;
pub use governance::GovernanceOperation;
pub use licence::LicenceOperation;
pub use membership::MembershipOperation;
pub use publication::PublicationOperation;
pub use seal::SealOperation;

/// Layout version of [`Record`].
pub const RECORD_VERSION: u8 = 2;
/// Longest encoded record, in bytes: what an entry of a C2SP entry bundle can hold (tlog-tiles: its length is a u16).
pub const RECORD_BYTES_MAX: usize = 65_535;

/// One thing a transaction asks for. The variant order is the wire tag; families are only ever appended.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(tag = "family", content = "operation", rename_all = "snake_case")]
#[expect(
    clippy::large_enum_variant,
    reason = "most operations are about licences, and a box would cost each of them an allocation"
)]
pub enum Operation {
    /// Organisations, systems and keys of a province.
    Membership(MembershipOperation),
    /// Electronic licences (电子证照).
    Licence(LicenceOperation),
    /// Electronic seals (电子印章) and their signatures.
    Seal(SealOperation),
    /// Cases handed from one place to another (跨省通办, 接续办), and bundles of them.
    Case(CaseOperation),
    /// Lists, guides, calendars and other common documents.
    Publication(PublicationOperation),
    /// Evidence around cases and licences.
    Evidence(EvidenceOperation),
    /// What the provinces decide together.
    Governance(GovernanceOperation),
}

impl Operation {
    /// The family tag as it stands on the wire.
    pub fn family(&self) -> u8 {
        match self {
            Self::Membership(_) => 0,
            Self::Licence(_) => 1,
            Self::Seal(_) => 2,
            Self::Case(_) => 3,
            Self::Publication(_) => 4,
            Self::Evidence(_) => 5,
            Self::Governance(_) => 6,
        }
    }

    /// The kind tag within the family as it stands on the wire.
    pub fn kind(&self) -> u8 {
        match self {
            Self::Membership(operation) => operation.kind(),
            Self::Licence(operation) => operation.kind(),
            Self::Seal(operation) => operation.kind(),
            Self::Case(operation) => operation.kind(),
            Self::Publication(operation) => operation.kind(),
            Self::Evidence(operation) => operation.kind(),
            Self::Governance(operation) => operation.kind(),
        }
    }

    /// The licence that comes into being, if this operation makes one.
    pub fn new_licence(&self) -> Option<&licence::Licence> {
        match self {
            Self::Licence(operation) => operation.new_licence(),
            _ => None,
        }
    }

    /// Signatures inside the operation, which the rules verify besides that of the transaction: at most two. What an operation
    /// weighs and what is verified ahead of the rules both go by this list.
    pub fn signatures(&self) -> [Option<&Signature>; 2] {
        match self {
            Self::Seal(SealOperation::Sign(signed)) => [Some(&signed.signature), None],
            Self::Membership(MembershipOperation::KeyAdd { proof, .. }) => [Some(proof), None],
            Self::Membership(MembershipOperation::OrganisationAdd { consent: Some(consent), .. }) => {
                [Some(&consent.signature), None]
            }
            Self::Governance(GovernanceOperation::ReportMisbehaviour { evidence }) => {
                [Some(&evidence.first.signature), Some(&evidence.second.signature)]
            }
            _ => [None, None],
        }
    }

    /// Stable name for people and filters: `licence.issue`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Membership(operation) => operation.name(),
            Self::Licence(operation) => operation.name(),
            Self::Seal(operation) => operation.name(),
            Self::Case(operation) => operation.name(),
            Self::Publication(operation) => operation.name(),
            Self::Evidence(operation) => operation.name(),
            Self::Governance(operation) => operation.name(),
        }
    }
}

/// One accepted operation with its envelope: a leaf of the log.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Record {
    /// [`RECORD_VERSION`].
    pub version: u8,
    pub family: u8,
    pub kind: u8,
    /// Province of the organisation that recorded this.
    pub province: ProvinceCode,
    /// Organisation that recorded this.
    pub organisation: Uscc,
    /// The organisation's gapless number of this record, from 1.
    pub sequence: u64,
    /// `H(tag, running digest of sequence - 1, this record with a zero running digest)`: whoever holds records n..m of
    /// an organisation can show that none between them is missing.
    pub running_digest: Digest,
    /// Key that signed the transaction.
    pub signer: KeyId,
    /// Transaction that carried the operation.
    pub tx_id: TxId,
    /// Time of the block, milliseconds since 1970 UTC.
    pub time_ms: TimeMs,
    /// Of a new licence: the version of the entry that said who may issue its type and that named its issuer; `None` where the type
    /// was not listed, and in every other record. The rules write it, no submitter does.
    pub competence: Option<u32>,
    pub operation: Operation,
}

impl Record {
    /// The leaf bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        codec::encode(self)
    }

    /// Fills in the running digest after `previous` ([`Digest::ZERO`] before the first), and gives the leaf bytes.
    pub fn seal(mut self, algorithm: DigestAlgorithm, previous: &Digest) -> (Self, Vec<u8>) {
        self.running_digest = Digest::ZERO;
        let mut bytes = self.to_bytes();
        self.running_digest = algorithm.tagged(tags::RUNNING_DIGEST, &[previous.as_bytes(), &bytes]);
        // One encoding instead of two: the digest stands at a fixed place.
        bytes[RUNNING_DIGEST_AT..RUNNING_DIGEST_AT + DIGEST_BYTES].copy_from_slice(self.running_digest.as_bytes());
        (self, bytes)
    }

    /// Whether this record continues an organisation's chain after `previous`.
    pub fn continues(&self, algorithm: DigestAlgorithm, previous: &Digest) -> bool {
        self.clone().seal(algorithm, previous).0.running_digest == self.running_digest
    }
}

/// Offset of the running digest in the leaf bytes.
const RUNNING_DIGEST_AT: usize = 1 + 1 + 1 + 6 + 18 + 8;
