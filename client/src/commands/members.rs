//! `huxin organisation` and `huxin system`: what a province's registrar records.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use huxin_chain_spec::crypto::Signer as _;
use huxin_chain_spec::ids::{BasisCode, LicenceType, ProvinceCode, RegionCode, SystemId, Uscc};
use huxin_chain_spec::keyfile::{KeyFileError, KeyPurpose};
use huxin_chain_spec::record::membership::{AdmissionConsent, Delegation, KEY_LICENCE_TYPES_MAX, StatusChange};
use huxin_chain_spec::record::{MembershipOperation, Operation};
use serde_json::json;

use super::arguments::ReceiptFile;
use super::context::{Global, Needs};
use super::output::Output;
use super::record::submit;
use super::succession::{Authority, SuccessionArguments};
use crate::dates::End;
use crate::error::{ClientError, ExitCode};
use crate::keys;
use crate::said::Said;
use crate::say;

/// Organisations of a province.
#[derive(Debug, Subcommand)]
pub enum Organisation {
    /// Admit an organisation.
    Add {
        /// Its unified social credit code (统一社会信用代码).
        organisation: Uscc,
        /// Region it acts for: 310100.
        #[arg(long)]
        region: RegionCode,
        /// Consent of the province that the code belongs to (characters 3 to 8), where that is another: what `huxin organisation
        /// consent` printed there.
        #[arg(long, value_name = "CONSENT")]
        consent: Option<AdmissionConsent>,
    },
    /// Consent that another province admits an organisation of one's own: prints the consent, for that province's registrar.
    Consent(Consent),
    /// Take an organisation that belongs to one's own province by its code back from the province that registered it.
    Reclaim {
        /// Its unified social credit code (统一社会信用代码).
        organisation: Uscc,
        /// Region it acts for: 310100.
        #[arg(long)]
        region: RegionCode,
        /// Code of the legal basis.
        #[arg(long)]
        basis: BasisCode,
    },
    /// Suspend an organisation with all its keys.
    Suspend {
        /// Its unified social credit code (统一社会信用代码).
        organisation: Uscc,
        #[command(flatten)]
        status: StatusArguments,
    },
    /// Let a suspended organisation act again.
    Resume {
        /// Its unified social credit code (统一社会信用代码).
        organisation: Uscc,
        #[command(flatten)]
        status: StatusArguments,
    },
    /// Remove an organisation for good.
    Remove {
        /// Its unified social credit code (统一社会信用代码).
        organisation: Uscc,
        #[command(flatten)]
        status: StatusArguments,
    },
    /// Hand an organisation's competence on to another (机构改革). To another province it is an offer, until that province's registrar
    /// records the same.
    Succeed(SuccessionArguments),
    /// Let another organisation of the province issue licences in the name of one (委托).
    Delegate(Delegate),
    /// End a delegation before its time.
    EndDelegation {
        /// Unified social credit code (统一社会信用代码) of the issuer.
        from: Uscc,
        /// Unified social credit code of the organisation that signs.
        #[arg(long)]
        to: Uscc,
        #[command(flatten)]
        status: StatusArguments,
    },
    /// Who acts for an organisation, now or at a past time.
    Authority(Authority),
}

/// Service systems of an organisation.
#[derive(Debug, Subcommand)]
pub enum System {
    /// Register a system.
    Add {
        /// Code of the system, unique on the ledger.
        system: SystemId,
        /// Unified social credit code of the organisation that runs it.
        #[arg(long)]
        organisation: Uscc,
    },
    /// Suspend a system with its keys.
    Suspend {
        /// Code of the system.
        system: SystemId,
        /// Unified social credit code of the organisation that runs it.
        #[arg(long)]
        organisation: Uscc,
        #[command(flatten)]
        status: StatusArguments,
    },
    /// Let a suspended system act again.
    Resume {
        /// Code of the system.
        system: SystemId,
        /// Unified social credit code of the organisation that runs it.
        #[arg(long)]
        organisation: Uscc,
        #[command(flatten)]
        status: StatusArguments,
    },
    /// Remove a system for good.
    Remove {
        /// Code of the system.
        system: SystemId,
        /// Unified social credit code of the organisation that runs it.
        #[arg(long)]
        organisation: Uscc,
        #[command(flatten)]
        status: StatusArguments,
    },
}

/// Why a member's standing changes.
#[derive(Debug, Clone, Args)]
pub struct StatusArguments {
    /// Code of the legal basis.
    #[arg(long)]
    pub basis: BasisCode,
}

/// Consent of a registrar, signed off the ledger.
#[derive(Debug, Clone, Args)]
pub struct Consent {
    /// Unified social credit code (统一社会信用代码) of the organisation, which belongs to the registrar's province.
    organisation: Uscc,
    /// Province that may admit it: 330000.
    #[arg(long)]
    province: ProvinceCode,
    /// Last day on which it may be admitted, or the first moment at which it may not.
    #[arg(long, value_name = "DATE")]
    until: End,
    /// Key file of the registrar of the organisation's own province.
    #[arg(long, value_name = "FILE")]
    registrar: PathBuf,
}

/// Who issues in whose name.
#[derive(Debug, Clone, Args)]
pub struct Delegate {
    /// Unified social credit code (统一社会信用代码) of the issuer.
    from: Uscc,
    /// Unified social credit code of the organisation that signs.
    #[arg(long)]
    to: Uscc,
    /// Licences of this type; give several; without any, every type.
    #[arg(long = "licence-type", value_name = "TYPE")]
    licence_types: Vec<LicenceType>,
    /// Last day on which it holds, or the first moment at which it does not.
    #[arg(long, value_name = "DATE")]
    until: End,
    #[command(flatten)]
    status: StatusArguments,
}

impl Delegate {
    fn delegation(mut self) -> Result<Delegation, ClientError> {
        if self.from == self.to {
            let said = say!(
                "the issuer itself; name the organisation that signs for it",
                "与颁发机构相同；请填写代为签署的机构"
            );
            return Err(ClientError::at("--to", said));
        }
        self.licence_types.sort_unstable();
        self.licence_types.dedup();
        if self.licence_types.len() > KEY_LICENCE_TYPES_MAX {
            let (given, most) = (self.licence_types.len(), KEY_LICENCE_TYPES_MAX);
            let said = say!(
                "{given} types are given, at most {most} are taken; leave the option out for every type",
                "给出了 {given} 种类型，最多 {most} 种；去掉此参数即涵盖全部类型"
            );
            return Err(ClientError::at("--licence-type", said));
        }
        let until_ms = self.until.first_moment_after();
        Ok(Delegation {
            from: self.from,
            to: self.to,
            licences: self.licence_types,
            until_ms,
            basis: self.status.basis,
        })
    }
}

impl Consent {
    fn run(self, global: &Global, output: &Output) -> Result<ExitCode, ClientError> {
        let home = self.organisation.province().map_err(|error| ClientError::at("<ORGANISATION>", error))?;
        if home == self.province {
            let said = say!(
                "the organisation's code belongs to this province, which needs no consent",
                "该机构代码属于此省份，无须同意"
            );
            return Err(ClientError::at("--province", said));
        }
        let found = keys::read(&self.registrar)?.purpose();
        if found != KeyPurpose::Registrar {
            // The ledger would refuse the consent of another key only when the other province hands it in.
            let reason = Said::from(&KeyFileError::WrongPurpose { expected: KeyPurpose::Registrar, found });
            return Err(ClientError::Key { path: self.registrar.display().to_string(), reason });
        }
        let (_, key) = keys::open(&self.registrar, || global.passphrase(&self.registrar))?;
        let until_ms = self.until.first_moment_after();
        let signature = key.sign_admission(global.trust()?.hash(), &self.organisation, self.province, until_ms);
        let consent = AdmissionConsent { signer: key.id(), until_ms, signature };
        let text = consent.to_string();
        let value = json!({ "organisation": self.organisation, "province": self.province, "consent": text });
        output.answer(&value, || text.clone());
        Ok(ExitCode::Success)
    }
}

impl Organisation {
    pub async fn run(self, global: &Global, output: &Output) -> Result<ExitCode, ClientError> {
        use MembershipOperation as Op;
        let operation = match self {
            Self::Add { organisation, region, consent } => Op::OrganisationAdd { organisation, region, consent },
            Self::Consent(consent) => return consent.run(global, output),
            Self::Reclaim { organisation, region, basis } => Op::OrganisationReclaim { organisation, region, basis },
            Self::Suspend { organisation, status } => {
                Op::OrganisationStatus { organisation, change: StatusChange::Suspend, basis: status.basis }
            }
            Self::Resume { organisation, status } => {
                Op::OrganisationStatus { organisation, change: StatusChange::Resume, basis: status.basis }
            }
            Self::Remove { organisation, status } => {
                Op::OrganisationStatus { organisation, change: StatusChange::Remove, basis: status.basis }
            }
            Self::EndDelegation { from, to, status } => Op::OrganisationDelegateEnd { from, to, basis: status.basis },
            Self::Delegate(given) => {
                return record(global, output, || Ok(Op::OrganisationDelegate(given.clone().delegation()?))).await;
            }
            Self::Succeed(arguments) => {
                return record(global, output, || Ok(Op::OrganisationSucceed(arguments.clone().succession()?))).await;
            }
            Self::Authority(authority) => return authority.run(global, output).await,
        };
        record(global, output, || Ok(operation.clone())).await
    }
}

impl System {
    pub async fn run(self, global: &Global, output: &Output) -> Result<ExitCode, ClientError> {
        use MembershipOperation as Op;
        let operation = match self {
            Self::Add { system, organisation } => Op::SystemAdd { system, organisation },
            Self::Suspend { system, organisation, status } => {
                Op::SystemStatus { system, organisation, change: StatusChange::Suspend, basis: status.basis }
            }
            Self::Resume { system, organisation, status } => {
                Op::SystemStatus { system, organisation, change: StatusChange::Resume, basis: status.basis }
            }
            Self::Remove { system, organisation, status } => {
                Op::SystemStatus { system, organisation, change: StatusChange::Remove, basis: status.basis }
            }
        };
        record(global, output, || Ok(operation.clone())).await
    }
}

/// Records one membership operation and says where it stands.
pub async fn record(
    global: &Global,
    output: &Output,
    operation: impl Fn() -> Result<MembershipOperation, ClientError>,
) -> Result<ExitCode, ClientError> {
    let (client, operation) = global.ready(Needs::Record, |_| operation()).await?;
    let recorded = submit(global, &client, Operation::Membership(operation), &[], &ReceiptFile::default()).await?;
    output.answer(&recorded.value, || recorded.text.clone());
    Ok(ExitCode::Success)
}
