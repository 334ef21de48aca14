//! Membership records: a province governs its own organisations, systems and keys.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

use crate::crypto::{KeyId, PublicKey, Signature};
use crate::ids::{BasisCode, LicenceType, RegionCode, SystemId, TimeMs, Uscc};

/// Most licence types one key may be limited to.
pub const KEY_LICENCE_TYPES_MAX: usize = 64;

/// What a province may record about its members. The variant order is the wire tag.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum MembershipOperation {
    /// Admits an organisation of the signer's province. Its code (characters 3 to 8) says which that is; of another province's
    /// organisation only with that province's consent.
    OrganisationAdd { organisation: Uscc, region: RegionCode, consent: Option<AdmissionConsent> },
    /// Suspends, resumes or removes an organisation. Removal is final.
    OrganisationStatus { organisation: Uscc, change: StatusChange, basis: BasisCode },
    /// Registers a service system of an organisation. Its code is the organisation's own: another may use the same.
    SystemAdd { system: SystemId, organisation: Uscc },
    /// Suspends, resumes or removes a system. Removal is final.
    SystemStatus { system: SystemId, organisation: Uscc, change: StatusChange, basis: BasisCode },
    /// Adds a key of an organisation, optionally of one of its systems. `proof` is the new key's own signature
    /// ([`crate::crypto::possession_message`]): nobody registers a key that another holds.
    KeyAdd { key: PublicKey, organisation: Uscc, system: Option<SystemId>, permissions: Permissions, proof: Signature },
    /// Suspends, resumes or removes a key. Removal is final.
    KeyStatus { key: KeyId, change: StatusChange, basis: BasisCode },
    /// Hands an organisation's competence on to another (机构改革). To another province it is an offer, until that province's registrar
    /// records the same.
    OrganisationSucceed(Succession),
    /// Takes an organisation that belongs to the signer's province by its code, and is registered in another, into its own province.
    /// Keys that the other province registered no longer sign.
    OrganisationReclaim { organisation: Uscc, region: RegionCode, basis: BasisCode },
    /// Lets another organisation of the province issue licences in the name of one (委托). It takes the place of one between the two that
    /// was recorded before.
    OrganisationDelegate(Delegation),
    /// Ends a delegation.
    OrganisationDelegateEnd { from: Uscc, to: Uscc, basis: BasisCode },
}

/// That one organisation issues licences in the name of another.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delegation {
    /// In whose name; the issuer of the licences.
    pub from: Uscc,
    /// Who signs.
    pub to: Uscc,
    /// Licences of these types; an empty list is every type. Sorted, no duplicates, at most [`KEY_LICENCE_TYPES_MAX`].
    #[serde(default)]
    pub licences: Vec<LicenceType>,
    /// First moment at which it no longer holds, milliseconds since 1970 UTC.
    pub until_ms: TimeMs,
    /// Code of the legal basis.
    pub basis: BasisCode,
}

/// The consent of the province that an organisation belongs to by its code, that another province admits it.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdmissionConsent {
    /// A registrar key of that province, active when the organisation is admitted.
    pub signer: KeyId,
    /// The organisation is admitted before this moment, milliseconds since 1970 UTC, or not by this consent.
    pub until_ms: TimeMs,
    /// Over [`crate::crypto::admission_message`].
    pub signature: Signature,
}

/// A hand-over of competence.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Succession {
    /// Who hands on; whatever its standing.
    pub from: Uscc,
    /// Who acts from now on.
    pub to: Uscc,
    pub scope: SuccessionScope,
    /// Code of the legal basis.
    pub basis: BasisCode,
}

/// What is handed on. Something must be.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SuccessionScope {
    /// Licences of these types; an empty list is every type that was not handed on by name before. Sorted, no duplicates, at most
    /// [`KEY_LICENCE_TYPES_MAX`].
    #[serde(default)]
    pub licences: Option<Vec<LicenceType>>,
    /// Cases, open and new.
    #[serde(default)]
    pub cases: bool,
    /// Seals it filed, and the seals it owns.
    #[serde(default)]
    pub seals: bool,
    /// Publications it owns.
    #[serde(default)]
    pub publications: bool,
}

/// A text that is not a consent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a consent is written as `huxin organisation consent` prints it: key id, end in milliseconds and signature, with slashes between"
)]
pub struct ParseConsentError;

impl std::fmt::Display for AdmissionConsent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}/{}", self.signer, self.until_ms.0, self.signature)
    }
}

impl std::str::FromStr for AdmissionConsent {
    type Err = ParseConsentError;

    fn from_str(text: &str) -> Result<Self, ParseConsentError> {
        let parts: [&str; 3] = text.split('/').collect::<Vec<_>>().try_into().map_err(|_| ParseConsentError)?;
        let [signer, until_ms, signature] = parts;
        Ok(Self {
            signer: signer.parse().map_err(|_| ParseConsentError)?,
            until_ms: TimeMs(until_ms.parse().map_err(|_| ParseConsentError)?),
            signature: signature.parse().map_err(|_| ParseConsentError)?,
        })
    }
}

impl MembershipOperation {
    /// The kind tag on the wire.
    pub fn kind(&self) -> u8 {
        match self {
            Self::OrganisationAdd { .. } => 0,
            Self::OrganisationStatus { .. } => 1,
            Self::SystemAdd { .. } => 2,
            Self::SystemStatus { .. } => 3,
            Self::KeyAdd { .. } => 4,
            Self::KeyStatus { .. } => 5,
            Self::OrganisationSucceed(_) => 6,
            Self::OrganisationReclaim { .. } => 7,
            Self::OrganisationDelegate(_) => 8,
            Self::OrganisationDelegateEnd { .. } => 9,
        }
    }

    /// Stable name for people and filters.
    pub fn name(&self) -> &'static str {
        match self {
            Self::OrganisationAdd { .. } => "organisation.add",
            Self::OrganisationStatus { .. } => "organisation.status",
            Self::SystemAdd { .. } => "system.add",
            Self::SystemStatus { .. } => "system.status",
            Self::KeyAdd { .. } => "key.add",
            Self::KeyStatus { .. } => "key.status",
            Self::OrganisationSucceed(_) => "organisation.succeed",
            Self::OrganisationReclaim { .. } => "organisation.reclaim",
            Self::OrganisationDelegate(_) => "organisation.delegate",
            Self::OrganisationDelegateEnd { .. } => "organisation.delegate_end",
        }
    }
}

/// A change of a member's standing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StatusChange {
    Suspend,
    Resume,
    Remove,
}

/// A member's standing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    Active,
    Suspended,
    /// Final.
    Removed,
}

impl Standing {
    /// The standing after `change`, or `None` where the change does not apply.
    ///
    /// Active -> Suspended -> Active; Active or Suspended -> Removed; Removed stays.
    pub fn after(self, change: StatusChange) -> Option<Self> {
        match (self, change) {
            (Self::Active, StatusChange::Suspend) => Some(Self::Suspended),
            (Self::Suspended, StatusChange::Resume) => Some(Self::Active),
            (Self::Active | Self::Suspended, StatusChange::Remove) => Some(Self::Removed),
            _ => None,
        }
    }
}

/// What a key may sign. A set of flags and the licence types they hold for.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Permissions {
    /// Issue and amend licences.
    pub issue: bool,
    /// Suspend, restore, lapse, cancel, withdraw and revoke licences.
    pub change_status: bool,
    /// Transfer licences out, in, and cancel a transfer.
    pub transfer: bool,
    /// Add and change organisations, systems and keys of the key's province.
    pub manage_members: bool,
    /// Register seals (电子印章备案) and change their state.
    #[serde(default)]
    pub manage_seals: bool,
    /// Record seal signatures.
    #[serde(default)]
    pub sign_seals: bool,
    /// Take the organisation's part in cases (办件).
    #[serde(default)]
    pub cases: bool,
    /// Publish lists, guides, calendars and other common documents of the province.
    #[serde(default)]
    pub publish: bool,
    /// Record evidence.
    #[serde(default)]
    pub evidence: bool,
    /// Propose and vote for the province. Only the province's governance key holds it.
    #[serde(default)]
    pub govern: bool,
    /// Licence types the three licence permissions hold for; empty means every type. Sorted, no duplicates,
    /// at most [`KEY_LICENCE_TYPES_MAX`].
    #[serde(default)]
    pub licence_types: Vec<LicenceType>,
}

impl Permissions {
    /// Nothing at all.
    pub fn none() -> Self {
        Self {
            issue: false,
            change_status: false,
            transfer: false,
            manage_members: false,
            manage_seals: false,
            sign_seals: false,
            cases: false,
            publish: false,
            evidence: false,
            govern: false,
            licence_types: Vec::new(),
        }
    }

    /// Everything about licences, for every type; nothing else.
    pub fn all_licences() -> Self {
        Self { issue: true, change_status: true, transfer: true, ..Self::none() }
    }

    /// Everything a bureau does: licences of every type, seals, cases, publications and evidence.
    pub fn agency() -> Self {
        Self {
            manage_seals: true,
            sign_seals: true,
            cases: true,
            publish: true,
            evidence: true,
            ..Self::all_licences()
        }
    }

    /// Members only.
    pub fn registrar() -> Self {
        Self { manage_members: true, ..Self::none() }
    }

    /// Proposals and votes only.
    pub fn governance() -> Self {
        Self { govern: true, ..Self::none() }
    }

    /// Whether the licence permissions hold for this type.
    pub fn covers(&self, licence_type: &LicenceType) -> bool {
        self.licence_types.is_empty() || self.licence_types.binary_search(licence_type).is_ok()
    }
}
