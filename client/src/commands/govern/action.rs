//! An action on the command line: one subcommand per kind, or a file.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use huxin_chain_spec::crypto::PublicKey;
use huxin_chain_spec::features::{FEATURES, FeatureId};
use huxin_chain_spec::ids::{Height, LicenceType, ProvinceCode, Uscc};
use huxin_chain_spec::parameters::{ActionKind, Parameters, Threshold};
use huxin_chain_spec::record::governance::{
    Action, COMPETENT_MAX, Competent, NewProvince, NewValidator, RegionLevel, TrustRole,
};
use huxin_chain_spec::record::membership::StatusChange;
use serde_json::Value;

use crate::commands::arguments::{CertificateSource, structured_file, word};
use crate::commands::keys::{key_id, public_key};
use crate::commands::succession::SuccessionArguments;
use crate::dates::End;
use crate::error::ClientError;
use crate::say;

/// The action: a file, or one of the subcommands.
#[derive(Debug, Clone, Args)]
pub struct ActionArguments {
    /// Action in TOML (*.toml) or JSON, in the form of the record.
    #[arg(long, value_name = "FILE")]
    action: Option<PathBuf>,
    #[command(subcommand)]
    kind: Option<ActionCommand>,
}

/// What can be decided. Keys are given as `ed25519:<hex>` or as key files; validators by key or by address (64 hex).
#[derive(Debug, Clone, Subcommand)]
pub enum ActionCommand {
    /// Admit a province.
    ProvinceAdd {
        /// Province code: 350000.
        province: ProvinceCode,
        /// The authority that operates the province's node.
        #[arg(long)]
        organisation: Uscc,
        /// Offline key that votes for the province.
        #[arg(long, value_name = "KEY")]
        governance_key: String,
        /// Key that admits the province's organisations, systems and keys.
        #[arg(long, value_name = "KEY")]
        registrar_key: String,
        /// A validator of the province: KEY, or KEY,power=N,network=KEY; give several.
        #[arg(long = "validator", value_name = "KEY[,power=N][,network=KEY]")]
        validators: Vec<String>,
    },
    /// Suspend a province, which loses its validators.
    ProvinceSuspend {
        /// Province code: 350000.
        province: ProvinceCode,
    },
    /// Let a suspended province take part again.
    ProvinceResume {
        /// Province code: 350000.
        province: ProvinceCode,
    },
    /// Remove a province for good.
    ProvinceRemove {
        /// Province code: 350000.
        province: ProvinceCode,
    },
    /// Give a province another governance key.
    GovernanceKey {
        /// Province code: 350000.
        province: ProvinceCode,
        /// The new key: `ed25519:<hex>`, `sm2:<hex>`, or a key file.
        new_key: String,
    },
    /// Give a province's authority another registrar key.
    RegistrarKey {
        /// Province code: 350000.
        province: ProvinceCode,
        /// The new key: `ed25519:<hex>`, `sm2:<hex>`, or a key file.
        new_key: String,
        /// The key that it replaces.
        #[arg(long, value_name = "KEY")]
        replaces: Option<String>,
    },
    /// Add a validator of a member province.
    ValidatorAdd {
        /// Province code: 350000.
        province: ProvinceCode,
        /// Its consensus key: `ed25519:<hex>`, `sm2:<hex>`, or a key file.
        consensus_key: String,
        /// Voting power.
        #[arg(long, default_value_t = 1)]
        power: u64,
        /// Key by which its node is known to the other nodes.
        #[arg(long, value_name = "KEY")]
        network_key: Option<String>,
    },
    /// Remove a validator.
    ValidatorRemove {
        /// The validator: its consensus key or key file, or its address (64 hex).
        validator: String,
    },
    /// Replace a validator's keys, at equal power.
    ValidatorRotate {
        /// The validator: its present consensus key or key file, or its address (64 hex).
        validator: String,
        /// Its new consensus key: `ed25519:<hex>`, `sm2:<hex>`, or a key file.
        new_key: String,
        /// Another network key; without it the old one stays.
        #[arg(long, value_name = "KEY")]
        network_key: Option<String>,
    },
    /// Change a validator's voting power.
    ValidatorPower {
        /// The validator: its consensus key or key file, or its address (64 hex).
        validator: String,
        /// New voting power, at least 1.
        power: u64,
    },
    /// Put a certificate, or another ledger's genesis hash, on the trust list.
    TrustAdd {
        /// The certificate; the genesis hash for a ledger.
        #[arg(value_name = "FILE")]
        certificate: CertificateSource,
        /// certificate-authority, seal-maker, time-stamp-authority or ledger.
        #[arg(long, value_parser = word::<TrustRole>)]
        role: TrustRole,
        /// Its certificate revocation list.
        #[arg(long, value_name = "FILE")]
        crl: Option<CertificateSource>,
        /// Last day on which it is trusted, 2036-12-31, or the first moment after it (RFC 3339).
        #[arg(long, value_name = "DAY")]
        valid_until: End,
    },
    /// End the trust in a certificate.
    TrustRetire {
        /// The certificate, or its digest: `sm3:<hex>`.
        #[arg(value_name = "FILE")]
        certificate: CertificateSource,
    },
    /// Anchor a newer certificate revocation list.
    CrlAnchor {
        /// The authority's certificate, or its digest: `sm3:<hex>`.
        #[arg(value_name = "CERTIFICATE")]
        certificate: CertificateSource,
        /// The revocation list, or its digest: `sm3:<hex>`.
        #[arg(value_name = "CRL")]
        crl: CertificateSource,
    },
    /// Set the limits of the chain, all of them.
    Parameters {
        /// TOML (*.toml) or JSON with every limit.
        file: PathBuf,
    },
    /// Set how many provinces must agree on one kind of action.
    Threshold {
        /// province-add, validator-rotate, parameters, ...
        #[arg(value_parser = word::<ActionKind>)]
        kind: ActionKind,
        /// one-province, more-than-half, two-thirds, three-quarters or all.
        #[arg(value_parser = word::<Threshold>)]
        threshold: Threshold,
    },
    /// Hand on the competence of an organisation of a removed province (机构改革).
    OrganisationSucceed(SuccessionArguments),
    /// Decide who may issue licences of a type.
    Competence {
        /// Licence type: 18-character code of the defining authority, and 3 digits.
        licence_type: LicenceType,
        /// Every organisation whose key permits the type.
        #[arg(long, conflicts_with_all = ["organisations", "levels"])]
        any: bool,
        /// An organisation that may issue it; give several.
        #[arg(long = "organisation", value_name = "ORGANISATION")]
        organisations: Vec<Uscc>,
        /// Organisations whose codes are of this level may issue it: national, province, city or county; give several.
        #[arg(long = "level", value_name = "LEVEL", value_parser = word::<RegionLevel>)]
        levels: Vec<RegionLevel>,
    },
    /// Bring a feature into force at a height.
    Feature {
        /// Name or number.
        feature: String,
        /// First height at which it is in force.
        height: Height,
    },
}

impl ActionArguments {
    /// Whether any action was given.
    pub(super) fn is_given(&self) -> bool {
        self.action.is_some() || self.kind.is_some()
    }

    /// The action.
    pub(super) fn action(self) -> Result<Action, ClientError> {
        match (self.action, self.kind) {
            (Some(path), None) => structured_file(&path),
            (None, Some(kind)) => kind.action(),
            (Some(_), Some(_)) => {
                Err(ClientError::at("--action", say!("give a file or an action, not both", "文件与子命令只能给出一种")))
            }
            (None, None) => {
                let said = say!(
                    "give --action FILE, or an action such as validator-add; --help lists them",
                    "请给出 --action FILE，或 validator-add 等子命令，--help 列出全部"
                );
                Err(ClientError::at("action", said))
            }
        }
    }
}

impl ActionCommand {
    fn action(self) -> Result<Action, ClientError> {
        let status = |province, change| Ok(Action::ProvinceStatus { province, change });
        match self {
            Self::ProvinceAdd { province, organisation, governance_key, registrar_key, validators } => {
                let validators = validators.iter().map(|text| validator(text)).collect::<Result<_, _>>()?;
                let (governance_key, registrar_key) = (public_key(&governance_key)?, public_key(&registrar_key)?);
                let new = NewProvince { province, organisation, governance_key, registrar_key, validators };
                Ok(Action::ProvinceAdd(Box::new(new)))
            }
            Self::ProvinceSuspend { province } => status(province, StatusChange::Suspend),
            Self::ProvinceResume { province } => status(province, StatusChange::Resume),
            Self::ProvinceRemove { province } => status(province, StatusChange::Remove),
            Self::GovernanceKey { province, new_key } => {
                Ok(Action::ProvinceGovernanceKey { province, key: public_key(&new_key)? })
            }
            Self::RegistrarKey { province, new_key, replaces } => {
                let replaces = replaces.map(|text| key_id(&text)).transpose()?;
                Ok(Action::ProvinceRegistrarKey { province, key: public_key(&new_key)?, replaces })
            }
            Self::ValidatorAdd { province, consensus_key, power, network_key } => {
                let (key, network_key) = (public_key(&consensus_key)?, optional_key(network_key.as_deref())?);
                Ok(Action::ValidatorAdd { province, validator: NewValidator { key, power, network_key } })
            }
            Self::ValidatorRemove { validator } => Ok(Action::ValidatorRemove { key: key_id(&validator)? }),
            Self::ValidatorRotate { validator, new_key, network_key } => Ok(Action::ValidatorRotate {
                old: key_id(&validator)?,
                new: public_key(&new_key)?,
                network_key: optional_key(network_key.as_deref())?,
            }),
            Self::ValidatorPower { validator, power } => Ok(Action::ValidatorPower { key: key_id(&validator)?, power }),
            Self::OrganisationSucceed(arguments) => Ok(Action::OrganisationSucceed(arguments.succession()?)),
            other => other.rules(),
        }
    }

    /// Actions about the trust list and the rules themselves.
    fn rules(self) -> Result<Action, ClientError> {
        Ok(match self {
            Self::TrustAdd { certificate, role, crl, valid_until } => Action::TrustAdd {
                certificate: certificate.digest("certificate")?,
                role,
                crl: crl.map(|crl| crl.digest("--crl")).transpose()?,
                valid_until_ms: valid_until.first_moment_after(),
            },
            Self::TrustRetire { certificate } => {
                Action::TrustRetire { certificate: certificate.digest("certificate")? }
            }
            Self::CrlAnchor { certificate, crl } => {
                Action::CrlAnchor { certificate: certificate.digest("certificate")?, crl: crl.digest("crl")? }
            }
            Self::Parameters { file } => Action::Parameters(parameters(&file)?),
            Self::Threshold { kind, threshold } => Action::Threshold { kind, threshold },
            Self::Competence { licence_type, any, organisations, levels } => {
                Action::Competence { licence_type, issuers: competent(any, organisations, levels)? }
            }
            Self::Feature { feature: name, height } => Action::FeatureActivate { feature: feature(&name)?, height },
            _ => return Err(ClientError::at("action", say!("this action is about members", "此事项与成员有关"))),
        })
    }
}

fn competent(any: bool, mut organisations: Vec<Uscc>, mut levels: Vec<RegionLevel>) -> Result<Competent, ClientError> {
    if any {
        return Ok(Competent::Any);
    }
    organisations.sort_unstable();
    organisations.dedup();
    levels.sort_unstable();
    levels.dedup();
    let issuers = Competent::Listed { organisations, levels };
    if issuers.is_well_formed() {
        return Ok(issuers);
    }
    let said = say!(
        "give --any, or 1 to {COMPETENT_MAX} issuers: --organisation CODE, --level LEVEL",
        "请给出 --any，或 1 至 {COMPETENT_MAX} 个颁发机构：--organisation 代码、--level 层级"
    );
    Err(ClientError::at("issuers", said))
}

fn optional_key(text: Option<&str>) -> Result<Option<PublicKey>, ClientError> {
    text.map(public_key).transpose()
}

/// `KEY[,power=N][,network=KEY]`.
fn validator(text: &str) -> Result<NewValidator, ClientError> {
    let wrong = |part: &str| {
        let said = say!(
            "{part:?} in {text:?}: write KEY, or KEY,power=N,network=KEY",
            "{text:?} 中的 {part:?} 有误：写作 KEY 或 KEY,power=N,network=KEY"
        );
        ClientError::at("--validator", said)
    };
    let mut parts = text.split(',');
    let key = public_key(parts.next().unwrap_or_default())?;
    let mut new = NewValidator { key, power: 1, network_key: None };
    for part in parts {
        match part.split_once('=') {
            Some(("power", power)) => new.power = power.parse().map_err(|_| wrong(part))?,
            Some(("network", key)) => new.network_key = Some(public_key(key)?),
            _ => return Err(wrong(part)),
        }
    }
    Ok(new)
}

/// All limits. One that is left out would silently be set to the founding default, not left as it is.
fn parameters(path: &Path) -> Result<Parameters, ClientError> {
    let value: Value = structured_file(path)?;
    let place = path.display().to_string();
    let known = serde_json::to_value(Parameters::default()).map_err(|error| ClientError::input(&place, error))?;
    for name in known.as_object().into_iter().flat_map(|fields| fields.keys()) {
        if value.get(name).is_none() {
            let said = say!(
                "{name} is missing; a proposal sets every limit, also those that stay as they are",
                "缺少 {name}；提案须写明全部限值，包括不变的"
            );
            return Err(ClientError::at(place, said));
        }
    }
    serde_json::from_value(value).map_err(|error| ClientError::input(place, error))
}

/// A feature by name or number. Numbers this software does not know are allowed: others may know them.
fn feature(text: &str) -> Result<FeatureId, ClientError> {
    if let Ok(number) = text.parse() {
        return Ok(FeatureId(number));
    }
    let known = FEATURES.iter().find(|feature| feature.name == text).map(|feature| feature.id);
    known.ok_or_else(|| {
        let names: Vec<String> = FEATURES.iter().map(|feature| format!("{} ({})", feature.name, feature.id)).collect();
        let names = names.join(", ");
        let said = say!(
            "no feature is called {text:?}; this version knows {names}; others by number",
            "没有名为 {text:?} 的功能；本版本有 {names}，其他请用编号"
        );
        ClientError::at("feature", said)
    })
}
