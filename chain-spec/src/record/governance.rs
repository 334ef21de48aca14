//! Governance records: joint decisions of the provinces, and proofs of misbehaviour of validators.
//!
//! A proposal names one [`Action`]. It takes effect in the same transaction as the vote that reaches the threshold of its
//! [`ActionKind`].

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

use super::membership::{StatusChange, Succession};
use crate::crypto::{Digest, KeyId, PublicKey, Signature};
use crate::features::FeatureId;
use crate::ids::{Height, LicenceType, ProvinceCode, RecordIndex, TimeMs, Uscc};
use crate::log::LogHead;
use crate::parameters::{ActionKind, Parameters, Threshold};

/// Most validators that one operation may add with a province.
pub const NEW_VALIDATORS_MAX: usize = 8;

/// What may be recorded. The variant order is the wire tag.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum GovernanceOperation {
    /// Proposes an action; the proposer's own vote counts as yes.
    Propose {
        action: Action,
        /// First moment at which votes no longer count, milliseconds since 1970 UTC.
        closes_ms: TimeMs,
        /// Digest of the paper that gives the reasons.
        rationale: Digest,
    },
    /// A province's vote on the proposal that record `proposal` made.
    Vote { proposal: RecordIndex, approve: bool },
    /// Takes a proposal back. Only its proposer can.
    WithdrawProposal { proposal: RecordIndex },
    /// Proof that a validator signed two different values for one step of one round.
    ReportMisbehaviour { evidence: DoubleSignature },
    /// The head of another ledger that is on the trust list, as its own validators decided it.
    Anchor {
        /// Genesis hash of that ledger.
        ledger: Digest,
        height: Height,
        /// Header hash.
        block: Digest,
        log: LogHead,
    },
}

impl GovernanceOperation {
    /// The kind tag on the wire.
    pub fn kind(&self) -> u8 {
        match self {
            Self::Propose { .. } => 0,
            Self::Vote { .. } => 1,
            Self::WithdrawProposal { .. } => 2,
            Self::ReportMisbehaviour { .. } => 3,
            Self::Anchor { .. } => 4,
        }
    }

    /// Stable name for people and filters.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Propose { .. } => "governance.propose",
            Self::Vote { .. } => "governance.vote",
            Self::WithdrawProposal { .. } => "governance.withdraw_proposal",
            Self::ReportMisbehaviour { .. } => "governance.report_misbehaviour",
            Self::Anchor { .. } => "governance.anchor",
        }
    }
}

/// What can be decided. The variant order is the wire tag.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Action {
    /// Admits a province.
    ProvinceAdd(Box<NewProvince>),
    /// Suspends, resumes or removes a province. Suspended and removed ones lose their validators; removal is final.
    ProvinceStatus { province: ProvinceCode, change: StatusChange },
    /// Gives a province another governance key; the old one is removed.
    ProvinceGovernanceKey { province: ProvinceCode, key: PublicKey },
    /// Gives a province's authority another registrar key, and removes the one it replaces.
    ProvinceRegistrarKey { province: ProvinceCode, key: PublicKey, replaces: Option<KeyId> },
    /// Adds a validator of a member province.
    ValidatorAdd { province: ProvinceCode, validator: NewValidator },
    /// Removes a validator.
    ValidatorRemove { key: KeyId },
    /// Replaces a validator's keys, proposed by its own province, at equal power. Without a network key the old one stays.
    ValidatorRotate { old: KeyId, new: PublicKey, network_key: Option<PublicKey> },
    /// Changes a validator's voting power.
    ValidatorPower { key: KeyId, power: u64 },
    /// Puts a certificate or another ledger's genesis on the trust list.
    TrustAdd {
        /// Digest of the certificate; of the genesis for a ledger.
        certificate: Digest,
        role: TrustRole,
        /// Digest of its certificate revocation list.
        crl: Option<Digest>,
        /// First moment at which it is no longer trusted, milliseconds since 1970 UTC.
        valid_until_ms: TimeMs,
    },
    /// Ends trust in a certificate.
    TrustRetire { certificate: Digest },
    /// Anchors a newer certificate revocation list.
    CrlAnchor { certificate: Digest, crl: Digest },
    /// Sets the limits of the chain.
    Parameters(Parameters),
    /// Sets the threshold of one kind of action.
    Threshold { kind: ActionKind, threshold: Threshold },
    /// Brings a feature into force at a height.
    FeatureActivate { feature: FeatureId, height: Height },
    /// Hands on the competence of an organisation of a removed province, whose registrar no longer can. Takes the threshold of removing
    /// a province.
    OrganisationSucceed(Succession),
    /// Sets who may issue licences of a type. Takes the threshold of the limits.
    Competence { licence_type: LicenceType, issuers: Competent },
}

/// Most organisations that a type of licence names as its issuers.
pub const COMPETENT_MAX: usize = 64;

/// Who may issue licences of a type. The variant order is the wire tag.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Competent {
    /// Every organisation whose key permits the type, as for a type that is not listed.
    Any,
    /// These organisations, and those whose codes are of these levels.
    Listed {
        /// Sorted, no duplicates, at most [`COMPETENT_MAX`]. Who acts for one of them since a reform may issue too.
        #[serde(default)]
        organisations: Vec<Uscc>,
        /// Sorted, no duplicates.
        #[serde(default)]
        levels: Vec<RegionLevel>,
    },
}

/// The level of the region in an organisation's code (characters 3 to 8). The variant order is the wire tag.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum RegionLevel {
    /// 100000, or 00 at the beginning.
    National,
    /// Four zeros at the end.
    Province,
    /// Two zeros at the end.
    City,
    /// Everything else.
    County,
}

impl RegionLevel {
    /// Every level, from the highest.
    pub const ALL: [Self; 4] = [Self::National, Self::Province, Self::City, Self::County];

    /// The level of an organisation's code.
    pub fn of(organisation: &Uscc) -> Self {
        match organisation.region_text() {
            "100000" => Self::National,
            text if text.starts_with("00") => Self::National,
            text if text.ends_with("0000") => Self::Province,
            text if text.ends_with("00") => Self::City,
            _ => Self::County,
        }
    }
}

impl Competent {
    /// Whether it is well formed: not empty, sorted, nothing twice, not too long, every code right.
    pub fn is_well_formed(&self) -> bool {
        let Self::Listed { organisations, levels } = self else { return true };
        let ascending =
            organisations.windows(2).all(|pair| pair[0] < pair[1]) && levels.windows(2).all(|pair| pair[0] < pair[1]);
        let is_empty = organisations.is_empty() && levels.is_empty();
        ascending
            && !is_empty
            && organisations.len() <= COMPETENT_MAX
            && organisations.iter().all(|one| one.check().is_ok())
    }

    /// Whether it names `organisation`, by itself or by its level.
    pub fn names(&self, organisation: &Uscc) -> bool {
        match self {
            Self::Any => true,
            Self::Listed { organisations, levels } => {
                organisations.binary_search(organisation).is_ok() || levels.contains(&RegionLevel::of(organisation))
            }
        }
    }
}

impl Action {
    /// Which kind it is.
    pub fn kind(&self) -> ActionKind {
        match self {
            Self::ProvinceAdd(_) => ActionKind::ProvinceAdd,
            Self::ProvinceStatus { .. } => ActionKind::ProvinceStatus,
            Self::ProvinceGovernanceKey { .. } => ActionKind::ProvinceGovernanceKey,
            Self::ProvinceRegistrarKey { .. } => ActionKind::ProvinceRegistrarKey,
            Self::ValidatorAdd { .. } => ActionKind::ValidatorAdd,
            Self::ValidatorRemove { .. } => ActionKind::ValidatorRemove,
            Self::ValidatorRotate { .. } => ActionKind::ValidatorRotate,
            Self::ValidatorPower { .. } => ActionKind::ValidatorPower,
            Self::TrustAdd { .. } => ActionKind::TrustAdd,
            Self::TrustRetire { .. } => ActionKind::TrustRetire,
            Self::CrlAnchor { .. } => ActionKind::CrlAnchor,
            Self::Parameters(_) => ActionKind::Parameters,
            Self::Threshold { .. } => ActionKind::Threshold,
            Self::FeatureActivate { .. } => ActionKind::FeatureActivate,
            Self::OrganisationSucceed(_) => ActionKind::ProvinceStatus,
            Self::Competence { .. } => ActionKind::Parameters,
        }
    }
}

/// A province that joins.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewProvince {
    pub province: ProvinceCode,
    /// The authority that operates the province's node.
    pub organisation: Uscc,
    /// Offline key that votes for the province.
    pub governance_key: PublicKey,
    /// Key that admits the province's organisations, systems and keys.
    pub registrar_key: PublicKey,
    /// At most [`NEW_VALIDATORS_MAX`]; empty for a member without a validator.
    pub validators: Vec<NewValidator>,
}

/// A validator that joins.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewValidator {
    /// Key that signs votes.
    pub key: PublicKey,
    /// Voting power, at least 1.
    pub power: u64,
    /// Key that identifies its node to the other nodes: they accept its connections, and refuse them once it is removed.
    pub network_key: Option<PublicKey>,
}

/// The role of a trusted certificate. The variant order is the wire tag.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum TrustRole {
    /// 电子认证服务机构 (CA).
    CertificateAuthority,
    /// 印章制作单位.
    SealMaker,
    /// 时间戳服务机构.
    TimeStampAuthority,
    /// Another ledger, by its genesis hash.
    Ledger,
}

/// Which step of a round was signed twice. The variant order is the wire tag.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum SignedStep {
    Proposal,
    Prevote,
    Precommit,
}

/// Two signatures of one validator of which an honest validator makes at most one.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DoubleSignature {
    pub validator: KeyId,
    pub step: SignedStep,
    pub height: Height,
    pub round: u32,
    /// The one for the block with the smaller hash; a nil vote sorts first.
    pub first: SignedBlock,
    pub second: SignedBlock,
}

/// What was signed.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedBlock {
    /// Header hash; `None` for a nil vote.
    pub block: Option<Digest>,
    /// Proof-of-lock round of a proposal; `None` in votes.
    pub pol_round: Option<u32>,
    #[serde(with = "signature_text")]
    pub signature: Signature,
}

/// Text form of a signature: `ed25519:` or `sm2:` and 128 hexadecimal characters.
mod signature_text {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use crate::crypto::Signature;

    pub fn serialize<S: Serializer>(signature: &Signature, serializer: S) -> Result<S::Ok, S::Error> {
        let scheme = match signature {
            Signature::Ed25519(_) => "ed25519",
            Signature::Sm2(_) => "sm2",
        };
        serializer.collect_str(&format_args!("{scheme}:{}", hex::encode(signature.as_bytes())))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Signature, D::Error> {
        let text = <std::borrow::Cow<'_, str> as Deserialize>::deserialize(deserializer)?;
        let malformed = || D::Error::custom("a signature is written as ed25519:<128 hex characters> or sm2:<128>");
        let (scheme, digits) = text.split_once(':').ok_or_else(malformed)?;
        let bytes: [u8; 64] = hex::decode(digits).ok().and_then(|bytes| bytes.try_into().ok()).ok_or_else(malformed)?;
        match scheme {
            "ed25519" => Ok(Signature::Ed25519(bytes)),
            "sm2" => Ok(Signature::Sm2(bytes)),
            _ => Err(malformed()),
        }
    }
}
