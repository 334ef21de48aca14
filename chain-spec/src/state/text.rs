//! The text form of a [`StateKey`]: kind, then its identifiers, with slashes between. It stands in addresses of the API
//! and on the command line: `case/9f...`, `seal/310000/31010000000017`, `publication/item/all/001010100000`.

use std::fmt::{Display, Formatter, Result as FormatResult};
use std::str::FromStr;

use super::StateKey;
use crate::ids::IdError;
use crate::record::publication::{PublicationKey, PublicationKind, Scope};

/// Why a text names no thing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StateKeyError {
    #[error("there is no kind of thing called {found:?}; the kinds are {}", KINDS.join(", "))]
    Kind { found: String },
    #[error("a {kind} is named {form}; this name has other parts")]
    Form { kind: &'static str, form: &'static str },
    #[error(transparent)]
    Identifier(#[from] IdError),
}

/// The kinds of things by name, in wire order: the place is the kind byte.
pub const KINDS: [&str; 32] = [
    "province",
    "organisation",
    "system",
    "key",
    "organisation-head",
    "licence",
    "validators",
    "seal",
    "case",
    "bundle",
    "publication",
    "publication-version",
    "material",
    "share",
    "rating",
    "proposal",
    "parameters",
    "trust",
    "features",
    "participation",
    "item-variants",
    "publication-consumer",
    "seal-signature",
    "case-evidence",
    "validator",
    "misbehaviour",
    "anchor",
    "succession",
    "lineage",
    "document",
    "competence",
    "delegation",
];

/// The kind byte of a kind's name, with which the canonical bytes of its keys begin.
pub fn kind_byte(name: &str) -> Result<u8, StateKeyError> {
    let place = KINDS.iter().position(|kind| *kind == name).and_then(|place| u8::try_from(place).ok());
    place.ok_or_else(|| StateKeyError::Kind { found: name.to_owned() })
}

impl PublicationKind {
    /// Every kind, in wire order.
    pub const ALL: [Self; 16] = [
        Self::ItemList,
        Self::Item,
        Self::Guide,
        Self::ExceptionList,
        Self::PowerList,
        Self::NegativeList,
        Self::DataCatalogue,
        Self::Calendar,
        Self::Agreement,
        Self::Rule,
        Self::Policy,
        Self::AbolishedProofs,
        Self::DutyAssignment,
        Self::Mandate,
        Self::Delegation,
        Self::ItemMapping,
    ];

    /// The name in addresses: `item-list`.
    pub fn name(self) -> &'static str {
        match self {
            Self::ItemList => "item-list",
            Self::Item => "item",
            Self::Guide => "guide",
            Self::ExceptionList => "exception-list",
            Self::PowerList => "power-list",
            Self::NegativeList => "negative-list",
            Self::DataCatalogue => "data-catalogue",
            Self::Calendar => "calendar",
            Self::Agreement => "agreement",
            Self::Rule => "rule",
            Self::Policy => "policy",
            Self::AbolishedProofs => "abolished-proofs",
            Self::DutyAssignment => "duty-assignment",
            Self::Mandate => "mandate",
            Self::Delegation => "delegation",
            Self::ItemMapping => "item-mapping",
        }
    }
}

impl Display for Scope {
    fn fmt(&self, f: &mut Formatter<'_>) -> FormatResult {
        match self {
            Self::Consortium => f.write_str("all"),
            Self::Province(province) => province.fmt(f),
        }
    }
}

impl FromStr for Scope {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        if text == "all" { Ok(Self::Consortium) } else { text.parse().map(Self::Province) }
    }
}

impl Display for PublicationKey {
    fn fmt(&self, f: &mut Formatter<'_>) -> FormatResult {
        write!(f, "{}/{}/{}", self.kind.name(), self.scope, self.code)
    }
}

impl FromStr for PublicationKey {
    type Err = StateKeyError;

    /// `kind/scope/code`, the scope being `all` or a province.
    fn from_str(text: &str) -> Result<Self, StateKeyError> {
        let form = StateKeyError::Form { kind: "publication", form: "<kind>/<province or all>/<code>" };
        let [kind, scope, code] = parts(text).ok_or(form)?;
        let known = PublicationKind::ALL.into_iter().find(|known| known.name() == kind);
        let kind = known.ok_or_else(|| StateKeyError::Kind { found: kind.to_owned() })?;
        Ok(Self { kind, scope: scope.parse()?, code: code.parse()? })
    }
}

impl Display for StateKey {
    fn fmt(&self, f: &mut Formatter<'_>) -> FormatResult {
        match self {
            Self::Province(code) => write!(f, "province/{code}"),
            Self::Organisation(code) => write!(f, "organisation/{code}"),
            Self::System(organisation, system) => write!(f, "system/{organisation}/{system}"),
            Self::Key(key) => write!(f, "key/{key}"),
            Self::OrganisationHead(code) => write!(f, "organisation-head/{code}"),
            Self::Licence(licence) => write!(f, "licence/{licence}"),
            Self::Validators => f.write_str("validators"),
            Self::Seal(province, seal) => write!(f, "seal/{province}/{seal}"),
            Self::Case(case) => write!(f, "case/{case}"),
            Self::Bundle(bundle) => write!(f, "bundle/{bundle}"),
            Self::Publication(publication) => write!(f, "publication/{publication}"),
            Self::PublicationVersion(publication, version) => {
                write!(f, "publication-version/{publication}/{version}")
            }
            Self::Material(organisation, subject, kind) => write!(f, "material/{organisation}/{subject}/{kind}"),
            Self::Share(request) => write!(f, "share/{request}"),
            Self::Rating(case, organisation) => write!(f, "rating/{case}/{organisation}"),
            Self::Proposal(record) => write!(f, "proposal/{record}"),
            Self::Parameters => f.write_str("parameters"),
            Self::Trust(certificate) => write!(f, "trust/{certificate}"),
            Self::Features => f.write_str("features"),
            Self::Participation => f.write_str("participation"),
            Self::ItemVariants(item) => write!(f, "item-variants/{item}"),
            Self::SealSignature(signature) => write!(f, "seal-signature/{signature}"),
            Self::CaseEvidence(case) => write!(f, "case-evidence/{case}"),
            Self::ValidatorNode(validator) => write!(f, "validator/{validator}"),
            Self::Misbehaviour(validator, height) => write!(f, "misbehaviour/{validator}/{height}"),
            Self::Anchor(genesis) => write!(f, "anchor/{genesis}"),
            Self::Succession(code) => write!(f, "succession/{code}"),
            Self::Lineage(licence) => write!(f, "lineage/{licence}"),
            Self::Document(sha256) => write!(f, "document/{sha256}"),
            Self::Competence(licence_type) => write!(f, "competence/{licence_type}"),
            Self::Delegation(from, to) => write!(f, "delegation/{from}/{to}"),
            Self::PublicationConsumer(publication, organisation, system) => {
                write!(f, "publication-consumer/{publication}/{organisation}")?;
                system.iter().try_for_each(|system| write!(f, "/{system}"))
            }
        }
    }
}

impl FromStr for StateKey {
    type Err = StateKeyError;

    fn from_str(text: &str) -> Result<Self, StateKeyError> {
        let (kind, rest) = text.split_once('/').unwrap_or((text, ""));
        let alone = |kind, key| match rest {
            "" => Ok(key),
            _ => Err(StateKeyError::Form { kind, form: "by its kind alone" }),
        };
        Ok(match kind {
            "province" => Self::Province(rest.parse()?),
            "organisation" => Self::Organisation(rest.parse()?),
            "system" => {
                let form = StateKeyError::Form { kind: "system", form: "system/<organisation>/<code>" };
                let [organisation, system] = parts(rest).ok_or(form)?;
                Self::System(organisation.parse()?, system.parse()?)
            }
            "key" => Self::Key(rest.parse().map_err(|_| digest_form("key"))?),
            "organisation-head" => Self::OrganisationHead(rest.parse()?),
            "licence" => Self::Licence(rest.parse()?),
            "validators" => return alone("validator set", Self::Validators),
            "seal" => {
                let form = StateKeyError::Form { kind: "seal", form: "seal/<province>/<number>" };
                // The number may hold slashes itself.
                let (province, seal) = rest.split_once('/').ok_or(form)?;
                Self::Seal(province.parse()?, seal.parse()?)
            }
            "case" => Self::Case(rest.parse()?),
            "bundle" => Self::Bundle(rest.parse()?),
            "publication" => Self::Publication(rest.parse()?),
            "publication-version" => {
                let form = || StateKeyError::Form {
                    kind: "publication-version",
                    form: "publication-version/<kind>/<province or all>/<code>/<version>",
                };
                let (publication, version) = rest.rsplit_once('/').ok_or_else(form)?;
                Self::PublicationVersion(publication.parse()?, version.parse().map_err(|_| form())?)
            }
            "material" => {
                let form = StateKeyError::Form {
                    kind: "material",
                    form: "material/<organisation>/<subject commitment>/<kind>",
                };
                let [organisation, subject, material] = parts(rest).ok_or(form)?;
                let subject = subject.parse().map_err(|_| digest_form("material"))?;
                Self::Material(organisation.parse()?, subject, material.parse()?)
            }
            "share" => Self::Share(rest.parse().map_err(|_| digest_form("share"))?),
            "rating" => {
                let form = StateKeyError::Form { kind: "rating", form: "rating/<case>/<organisation>" };
                let [case, organisation] = parts(rest).ok_or(form)?;
                Self::Rating(case.parse()?, organisation.parse()?)
            }
            "proposal" => Self::Proposal(rest.parse()?),
            "parameters" => return alone("set of parameters", Self::Parameters),
            "trust" => Self::Trust(rest.parse().map_err(|_| digest_form("trust"))?),
            "features" => return alone("list of features", Self::Features),
            "participation" => return alone("participation", Self::Participation),
            "item-variants" => Self::ItemVariants(rest.parse()?),
            "seal-signature" => Self::SealSignature(rest.parse().map_err(|_| digest_form("seal-signature"))?),
            "case-evidence" => Self::CaseEvidence(rest.parse()?),
            "validator" => Self::ValidatorNode(rest.parse().map_err(|_| digest_form("validator"))?),
            "misbehaviour" => {
                let form = StateKeyError::Form { kind: "misbehaviour", form: "misbehaviour/<validator>/<height>" };
                let [validator, height] = parts(rest).ok_or(form)?;
                let validator = validator.parse().map_err(|_| digest_form("misbehaviour"))?;
                Self::Misbehaviour(validator, height.parse()?)
            }
            "anchor" => Self::Anchor(rest.parse().map_err(|_| digest_form("anchor"))?),
            "publication-consumer" => consumer(rest)?,
            "succession" => Self::Succession(rest.parse()?),
            "lineage" => Self::Lineage(rest.parse()?),
            "document" => Self::Document(rest.parse().map_err(|_| digest_form("document"))?),
            "competence" => Self::Competence(rest.parse()?),
            "delegation" => {
                let form = StateKeyError::Form { kind: "delegation", form: "delegation/<issuer>/<delegate>" };
                let [from, to] = parts(rest).ok_or(form)?;
                Self::Delegation(from.parse()?, to.parse()?)
            }
            _ => return Err(StateKeyError::Kind { found: kind.to_owned() }),
        })
    }
}

/// `kind/scope/code/organisation`, and the system where it is one's.
fn consumer(text: &str) -> Result<StateKey, StateKeyError> {
    let form = StateKeyError::Form {
        kind: "publication-consumer",
        form: "publication-consumer/<kind>/<province or all>/<code>/<organisation>[/<system>]",
    };
    let (publication, organisation, system) = match text.split('/').collect::<Vec<_>>()[..] {
        [kind, scope, code, organisation] => ([kind, scope, code].join("/"), organisation, None),
        [kind, scope, code, organisation, system] => ([kind, scope, code].join("/"), organisation, Some(system)),
        _ => return Err(form),
    };
    let system = system.map(str::parse).transpose()?;
    Ok(StateKey::PublicationConsumer(publication.parse()?, organisation.parse()?, system))
}

fn digest_form(kind: &'static str) -> StateKeyError {
    StateKeyError::Form { kind, form: "by 64 lower-case hexadecimal characters" }
}

/// The text in exactly `N` parts between slashes.
fn parts<const N: usize>(text: &str) -> Option<[&str; N]> {
    text.split('/').collect::<Vec<_>>().try_into().ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::crypto::{Digest, KeyId};
    use crate::ids::{BundleRef, CaseRef, Height, LicenceRef, RecordIndex};

    #[test]
    fn every_kind_of_thing_has_one_name() {
        let digest = Digest([7; 32]);
        let (province, uscc) = ("310000".parse().unwrap(), "11310000000000019".to_owned() + "1");
        let publication =
            PublicationKey { kind: PublicationKind::Guide, scope: Scope::Consortium, code: "A-1".parse().unwrap() };
        let local = PublicationKey { scope: Scope::Province(province), ..publication.clone() };
        let keys = [
            StateKey::Province(province),
            StateKey::Organisation(uscc.parse().unwrap()),
            StateKey::System(uscc.parse().unwrap(), "S1".parse().unwrap()),
            StateKey::Key(KeyId(digest)),
            StateKey::OrganisationHead(uscc.parse().unwrap()),
            StateKey::Licence(LicenceRef(digest)),
            StateKey::Validators,
            StateKey::Seal(province, "a/b c".parse().unwrap()),
            StateKey::Case(CaseRef(digest)),
            StateKey::Bundle(BundleRef(digest)),
            StateKey::Publication(publication.clone()),
            StateKey::PublicationVersion(local.clone(), 3),
            StateKey::Material(uscc.parse().unwrap(), digest, "M-1".parse().unwrap()),
            StateKey::Share(digest),
            StateKey::Rating(CaseRef(digest), uscc.parse().unwrap()),
            StateKey::Proposal(RecordIndex(9)),
            StateKey::Parameters,
            StateKey::Trust(digest),
            StateKey::Features,
            StateKey::Participation,
            StateKey::ItemVariants("001010100000".parse().unwrap()),
            StateKey::SealSignature(digest),
            StateKey::CaseEvidence(CaseRef(digest)),
            StateKey::ValidatorNode(KeyId(digest)),
            StateKey::Misbehaviour(KeyId(digest), Height(4)),
            StateKey::Anchor(digest),
            StateKey::Succession(uscc.parse().unwrap()),
            StateKey::Lineage(LicenceRef(digest)),
            StateKey::Document(digest),
            StateKey::Competence("11100000000013338W011".parse().unwrap()),
            StateKey::Delegation(uscc.parse().unwrap(), uscc.parse().unwrap()),
            StateKey::PublicationConsumer(local, uscc.parse().unwrap(), None),
            StateKey::PublicationConsumer(publication, uscc.parse().unwrap(), Some("S1".parse().unwrap())),
        ];
        let mut kinds = std::collections::BTreeSet::new();
        for key in keys {
            let name = key.to_string();
            let kind = kind_byte(name.split('/').next().unwrap()).unwrap();
            assert_eq!(key.to_bytes()[0], kind, "{name}");
            kinds.insert(kind);
            assert_eq!(name.parse::<StateKey>(), Ok(key));
        }
        assert_eq!(kinds.len(), KINDS.len());
    }

    #[test]
    fn other_names_say_what_is_wrong() {
        for text in ["", "licences/1", "validators/x", "seal/310000", "publication/guide/all", "material/1", "case/12"]
        {
            assert!(text.parse::<StateKey>().is_err(), "{text}");
        }
        let wrong = "publication/guides/all/A".parse::<StateKey>().unwrap_err();
        assert_eq!(wrong, StateKeyError::Kind { found: "guides".to_owned() });
    }
}
