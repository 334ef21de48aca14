//! `huxin organisation` and `huxin system`: what a province's registrar records.

use clap::{Args, Subcommand};
use huxin_chain_spec::ids::{BasisCode, RegionCode, SystemId, Uscc};
use huxin_chain_spec::record::membership::StatusChange;
use huxin_chain_spec::record::{MembershipOperation, Operation};
use serde_json::json;

use super::context::Global;
use super::output::Output;
use super::succession::{Authority, SuccessionArguments};
use crate::error::{ClientError, ExitCode};

/// Organisations of a province.
#[derive(Debug, Subcommand)]
pub enum Organisation {
    /// Admit an organisation.
    Add {
        organisation: Uscc,
        #[arg(long)]
        region: RegionCode,
    },
    /// Suspend an organisation with all its keys.
    Suspend {
        organisation: Uscc,
        #[command(flatten)]
        status: StatusArguments,
    },
    /// Let a suspended organisation act again.
    Resume {
        organisation: Uscc,
        #[command(flatten)]
        status: StatusArguments,
    },
    /// Remove an organisation for good.
    Remove {
        organisation: Uscc,
        #[command(flatten)]
        status: StatusArguments,
    },
    /// Hand an organisation's competence on to another (机构改革). To another province it is an offer, until that province's registrar
    /// records the same.
    Succeed(SuccessionArguments),
    /// Who acts for an organisation, now or at a past time.
    Authority(Authority),
}

/// Service systems of an organisation.
#[derive(Debug, Subcommand)]
pub enum System {
    /// Register a system.
    Add {
        system: SystemId,
        #[arg(long)]
        organisation: Uscc,
    },
    /// Suspend a system with its keys.
    Suspend {
        system: SystemId,
        #[command(flatten)]
        status: StatusArguments,
    },
    /// Let a suspended system act again.
    Resume {
        system: SystemId,
        #[command(flatten)]
        status: StatusArguments,
    },
    /// Remove a system for good.
    Remove {
        system: SystemId,
        #[command(flatten)]
        status: StatusArguments,
    },
}

/// Why a member's standing changes.
#[derive(Debug, Args)]
pub struct StatusArguments {
    /// Code of the legal basis.
    #[arg(long)]
    pub basis: BasisCode,
}

impl Organisation {
    pub async fn run(self, global: &Global, output: &Output) -> Result<ExitCode, ClientError> {
        use MembershipOperation as Op;
        let operation = match self {
            Self::Add { organisation, region } => Op::OrganisationAdd { organisation, region },
            Self::Suspend { organisation, status } => {
                Op::OrganisationStatus { organisation, change: StatusChange::Suspend, basis: status.basis }
            }
            Self::Resume { organisation, status } => {
                Op::OrganisationStatus { organisation, change: StatusChange::Resume, basis: status.basis }
            }
            Self::Remove { organisation, status } => {
                Op::OrganisationStatus { organisation, change: StatusChange::Remove, basis: status.basis }
            }
            Self::Succeed(arguments) => Op::OrganisationSucceed(arguments.succession()),
            Self::Authority(authority) => return authority.run(global, output).await,
        };
        record(global, output, operation).await
    }
}

impl System {
    pub async fn run(self, global: &Global, output: &Output) -> Result<ExitCode, ClientError> {
        use MembershipOperation as Op;
        let operation = match self {
            Self::Add { system, organisation } => Op::SystemAdd { system, organisation },
            Self::Suspend { system, status } => {
                Op::SystemStatus { system, change: StatusChange::Suspend, basis: status.basis }
            }
            Self::Resume { system, status } => {
                Op::SystemStatus { system, change: StatusChange::Resume, basis: status.basis }
            }
            Self::Remove { system, status } => {
                Op::SystemStatus { system, change: StatusChange::Remove, basis: status.basis }
            }
        };
        record(global, output, operation).await
    }
}

/// Records one membership operation and says where it stands.
pub async fn record(global: &Global, output: &Output, operation: MembershipOperation) -> Result<ExitCode, ClientError> {
    let name = operation.name();
    let client = global.client().await?;
    let confirmed = global.submit(&client, vec![Operation::Membership(operation)]).await?;
    let committed = confirmed.committed;
    let value = json!({
        "operation": name, "tx_id": committed.tx_id, "height": committed.height,
        "record": committed.first_record, "proven": true,
    });
    output.answer(&value, || {
        let (index, height, tx_id) = (committed.first_record, committed.height, committed.tx_id);
        format!("{name}: record {index} at height {height}, proof checked\ntransaction {tx_id}")
    });
    Ok(ExitCode::Success)
}
