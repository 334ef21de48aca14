//! The things the ledger keeps, and how rules read them.
//!
//! Every thing is addressed by a [`StateKey`]. Its canonical bytes are kept by the store; their tagged digest is the
//! value in the map, so that a proof of the map proves the thing. A licence appears here only once something has
//! changed since its issue; before that its issue record in the log says everything.

pub mod case;
pub mod document;
pub mod evidence;
pub mod governance;
pub mod history;
mod json;
pub mod publication;
pub mod seal;
pub mod succession;
mod text;
pub mod upkeep;

pub use document::{DocumentLicence, DocumentState};
pub use history::StatusChanged;
pub use json::to_json;
pub use text::{KINDS, StateKeyError, kind_byte};
pub use upkeep::Upkeep;

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

use crate::certificate::ValidatorSet;
use crate::codec;
use crate::crypto::{Digest, DigestAlgorithm, KeyId, PublicKey, tags};
use crate::features::Activations;
use crate::ids::{
    BundleRef, CaseRef, Height, ItemCode, LicenceRef, LicenceType, MaterialCode, ProvinceCode, RecordIndex, RegionCode,
    SealId, SystemId, TimeMs, Uscc,
};
use crate::map::MapKey;
use crate::record::licence::LicenceNumber;
use crate::record::membership::{Permissions, Standing};
use crate::record::publication::PublicationKey;
use crate::record::{LicenceOperation, Operation, Record};

/// Longest encoded state of one thing, in bytes.
pub const STATE_BYTES_MAX: usize = 64 * 1024;

/// Address of a thing. The variant order is the wire tag and the `kind` byte of the map key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub enum StateKey {
    Province(ProvinceCode),
    Organisation(Uscc),
    /// A service system, by the organisation that runs it and what that calls it.
    System(Uscc, SystemId),
    Key(KeyId),
    /// Sequence number and running digest of an organisation.
    OrganisationHead(Uscc),
    /// A licence that has changed since its issue.
    Licence(LicenceRef),
    /// The validator set of the chain.
    Validators,
    /// An electronic seal, by the province that registered it and its number.
    Seal(ProvinceCode, SealId),
    /// A case.
    Case(CaseRef),
    /// A bundle of cases.
    Bundle(BundleRef),
    /// Which version of a publication is in force, and what is being prepared.
    Publication(PublicationKey),
    /// One published version of a publication, never changed again.
    PublicationVersion(PublicationKey, u32),
    /// Which material of a kind a subject has handed in to an organisation: `(organisation, subject commitment, kind)`. Commitments are
    /// made with a key of the organisation's own, so another's entry would say nothing, and may not overwrite this one.
    Material(Uscc, Digest, MaterialCode),
    /// A request for shared data, by the digest the requester chose.
    Share(Digest),
    /// The one rating of a case that an organisation recorded; each has its own, so none takes another's place.
    Rating(CaseRef, Uscc),
    /// A proposal, by the record that made it.
    Proposal(RecordIndex),
    /// Thresholds and limits in force.
    Parameters,
    /// A trusted certificate authority or seal maker, by the digest of its certificate.
    Trust(Digest),
    /// Features and the heights at which they come into force.
    Features,
    /// What each validator took part in, and when it was last seen.
    Participation,
    /// The provinces' versions of one service item, by its basic code: where they agree and where they differ.
    ItemVariants(ItemCode),
    /// The newest version of a publication that an organisation, or one of its systems, said it works by.
    PublicationConsumer(PublicationKey, Uscc, Option<SystemId>),
    /// A recorded seal signature, by [`crate::record::seal::signature_reference`].
    SealSignature(Digest),
    /// What has been recorded about a case besides its steps.
    CaseEvidence(CaseRef),
    /// A validator past or present, by its address.
    ValidatorNode(KeyId),
    /// A proven double signature: validator and height.
    Misbehaviour(KeyId, Height),
    /// The newest anchored head of another ledger, by its genesis hash.
    Anchor(Digest),
    /// What an organisation handed on to others.
    Succession(Uscc),
    /// A licence number whose version 001 is not on the ledger, by the reference that version would have.
    Lineage(LicenceRef),
    /// The licences of one file, by its SHA-256, where there are several.
    Document(Digest),
    /// Who may issue licences of a type, where the provinces have decided it.
    Competence(LicenceType),
    /// That the second organisation issues licences in the name of the first.
    Delegation(Uscc, Uscc),
}

impl StateKey {
    /// Canonical bytes: kind byte, then the identifier.
    pub fn to_bytes(&self) -> Vec<u8> {
        codec::encode(self)
    }

    /// Where the thing stands in the map.
    pub fn map_key(&self, algorithm: DigestAlgorithm) -> MapKey {
        let bytes = self.to_bytes();
        let (kind, id) = bytes.split_first().map_or((0, &[][..]), |(kind, id)| (*kind, id));
        MapKey::new(algorithm, kind, id)
    }
}

/// The value the map holds for a thing with these canonical bytes.
pub fn state_digest(algorithm: DigestAlgorithm, bytes: &[u8]) -> Digest {
    algorithm.tagged(tags::STATE, &[bytes])
}

/// A province of the consortium.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct ProvinceState {
    /// The authority that operates the province's node.
    pub organisation: Uscc,
    /// Offline key that votes for the province.
    pub governance_key: PublicKey,
    pub standing: Standing,
}

/// An organisation of a province.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct OrganisationState {
    pub province: ProvinceCode,
    pub region: RegionCode,
    pub standing: Standing,
}

/// That one organisation issues licences in the name of another.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct DelegationState {
    /// Licences of these types; an empty list is every type. Sorted.
    pub licences: Vec<LicenceType>,
    /// First moment at which it no longer holds: as recorded, or the time of the block that ended it.
    pub until_ms: TimeMs,
    /// Record that gave it.
    pub given_by: RecordIndex,
    /// Record that ended it before its time.
    pub ended_by: Option<RecordIndex>,
}

/// A service system of an organisation.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct SystemState {
    pub organisation: Uscc,
    pub standing: Standing,
}

/// A key that may sign transactions.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct KeyState {
    pub key: PublicKey,
    pub organisation: Uscc,
    pub province: ProvinceCode,
    pub system: Option<SystemId>,
    pub permissions: Permissions,
    pub standing: Standing,
}

/// Where an organisation's own chain of records stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct OrganisationHead {
    /// Sequence number of its newest record; 0 before the first.
    pub sequence: u64,
    pub running_digest: Digest,
}

/// Status of a licence (states of `record::licence`; standards: GB/T 36904 family and the national transfer rules).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum LicenceStatus {
    /// 有效
    Issued,
    /// 暂扣
    Suspended,
    /// 办理转出
    TransferredOut,
    /// Replaced by a newer version or by the receiving province's licence. Final.
    Superseded,
    /// 失效. Final.
    Lapsed,
    /// 注销. Final.
    Cancelled,
    /// 撤销: void from the beginning. Final.
    Withdrawn,
    /// 吊销. Final.
    Revoked,
}

impl LicenceStatus {
    /// Every status, for exhaustive tests and tables.
    pub const ALL: [Self; 8] = [
        Self::Issued,
        Self::Suspended,
        Self::TransferredOut,
        Self::Superseded,
        Self::Lapsed,
        Self::Cancelled,
        Self::Withdrawn,
        Self::Revoked,
    ];

    /// The word in JSON: `transferred_out`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Issued => "issued",
            Self::Suspended => "suspended",
            Self::TransferredOut => "transferred_out",
            Self::Superseded => "superseded",
            Self::Lapsed => "lapsed",
            Self::Cancelled => "cancelled",
            Self::Withdrawn => "withdrawn",
            Self::Revoked => "revoked",
        }
    }
}

/// State of a licence that has changed since its issue.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct LicenceState {
    pub status: LicenceStatus,
    /// Record that brought the licence into being.
    pub issued_by: RecordIndex,
    /// Record of the latest change of its status; the issue record where there was none.
    pub changed_by: RecordIndex,
    /// From when the latest change counts in law.
    pub effective_ms: TimeMs,
    /// Time of the block that recorded the latest change.
    pub recorded_ms: TimeMs,
    /// Who may take the licence over, while it is transferred out.
    pub transfer_to: Option<TransferTarget>,
    /// The licence that replaced this one; kept when it is withdrawn afterwards.
    pub successor: Option<LicenceRef>,
    /// The changes before the latest, oldest first; a few more than [`history::CHANGES_MAX`] at most.
    pub earlier: Vec<StatusChanged<LicenceStatus>>,
    /// What has been corrected, attached and checked.
    pub upkeep: Upkeep,
}

impl LicenceState {
    /// The state of a licence whose status has not changed since its issue.
    pub fn unchanged(issued: &IssuedLicence) -> Self {
        Self {
            status: LicenceStatus::Issued,
            issued_by: issued.index,
            changed_by: issued.index,
            effective_ms: issued.begins_ms(),
            recorded_ms: issued.recorded_ms,
            transfer_to: None,
            successor: None,
            earlier: Vec::new(),
            upkeep: Upkeep::default(),
        }
    }
}

/// The receiving side of a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct TransferTarget {
    pub province: ProvinceCode,
    pub organisation: Uscc,
    /// Commitment to the holder made for this transfer alone.
    pub holder: Option<Digest>,
}

/// A licence number that began on the ledger with a version above 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct LineageState {
    /// Record of the first of its versions on the ledger.
    pub begun_by: RecordIndex,
}

/// What rules need to know of a licence's issue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IssuedLicence {
    pub index: RecordIndex,
    pub issuer: Uscc,
    pub province: ProvinceCode,
    pub licence_type: LicenceType,
    pub version: u16,
    pub valid_from_ms: TimeMs,
    pub valid_until_ms: Option<TimeMs>,
    /// Whether the record holds a commitment to the holder.
    pub has_holder: bool,
    pub number: LicenceNumber,
    /// SHA-256 of the recorded file.
    pub document: Digest,
    /// Digest of its particulars, to tell a correction that changes nothing.
    pub particulars: Digest,
    /// Time of the block that recorded it.
    pub recorded_ms: TimeMs,
    /// The licence that it followed, as a new version or by a transfer.
    pub predecessor: Option<LicenceRef>,
    /// Whether it was taken over from another province.
    pub is_transferred: bool,
}

impl IssuedLicence {
    /// Reads it from the record at `index`, if that record brought a licence into being.
    pub fn from_record(index: RecordIndex, record: &Record) -> Option<Self> {
        let licence = record.operation.new_licence()?;
        Some(Self {
            index,
            issuer: licence.issuer,
            province: record.province,
            licence_type: licence.licence_type,
            version: licence.version,
            valid_from_ms: licence.valid_from_ms,
            valid_until_ms: licence.valid_until_ms,
            has_holder: licence.holder.is_some(),
            number: licence.number(),
            document: licence.document.sha256,
            particulars: licence.particulars().digest(),
            recorded_ms: record.time_ms,
            predecessor: match &record.operation {
                Operation::Licence(operation) => operation.changed_licence().copied(),
                _ => None,
            },
            is_transferred: matches!(record.operation, Operation::Licence(LicenceOperation::TransferIn { .. })),
        })
    }

    /// The earliest time from which a change may count: the beginning of its validity or of its record, whichever is earlier.
    pub fn begins_ms(&self) -> TimeMs {
        self.valid_from_ms.min(self.recorded_ms)
    }
}

/// A store that cannot answer: never a rule, always a broken disk or a broken invariant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot read the ledger's state: {0}")]
pub struct StateUnavailable(pub String);

/// Read access to the ledger as of the parent block. Rules see nothing else.
pub trait StateReader {
    /// Canonical bytes of a thing, if it exists.
    fn state(&self, key: &StateKey) -> Result<Option<Vec<u8>>, StateUnavailable>;
    /// Index of the record that issued a licence, if one did.
    fn issued_at(&self, licence: &LicenceRef) -> Result<Option<RecordIndex>, StateUnavailable>;
    /// The first record that made a file with this SHA-256 one of a licence's.
    fn first_of_document(&self, sha256: &Digest) -> Result<Option<DocumentLicence>, StateUnavailable>;
    /// What the record says that issued a licence.
    fn issued_licence(&self, index: RecordIndex) -> Result<IssuedLicence, StateUnavailable>;
    /// Whether a transaction already stands in a block.
    fn has_transaction(&self, tx_id: &crate::ids::TxId) -> Result<bool, StateUnavailable>;
}

/// Reads and decodes a thing.
pub fn read<T: BorshSerialize + BorshDeserialize>(
    reader: &impl StateReader,
    key: &StateKey,
) -> Result<Option<T>, StateUnavailable> {
    let Some(bytes) = reader.state(key)? else { return Ok(None) };
    codec::decode(&bytes, STATE_BYTES_MAX).map(Some).map_err(|error| StateUnavailable(format!("{key:?}: {error}")))
}

/// The validator set in force.
pub fn validators(reader: &impl StateReader) -> Result<ValidatorSet, StateUnavailable> {
    read(reader, &StateKey::Validators)?.ok_or_else(|| StateUnavailable("no validator set".to_owned()))
}

/// The limits and thresholds in force.
pub fn parameters(reader: &impl StateReader) -> Result<governance::GovernedParameters, StateUnavailable> {
    read(reader, &StateKey::Parameters)?.ok_or_else(|| StateUnavailable("no parameters".to_owned()))
}

/// The features the provinces have activated.
pub fn features(reader: &impl StateReader) -> Result<Activations, StateUnavailable> {
    Ok(read(reader, &StateKey::Features)?.unwrap_or_default())
}
