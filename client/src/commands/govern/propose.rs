//! `huxin govern propose` and `rehearse`.

use clap::Args;
use huxin_chain_spec::api::RehearsalAnswer;
use huxin_chain_spec::ids::ProvinceCode;
use huxin_chain_spec::record::governance::Action;
use huxin_chain_spec::record::{GovernanceOperation, Operation};
use huxin_chain_spec::state::{KeyState, StateKey};
use serde_json::json;

use super::action::ActionArguments;
use super::rehearsal::text;
use crate::commands::arguments::{DigestSource, ReceiptFile};
use crate::commands::context::Global;
use crate::commands::output::Output;
use crate::commands::record::submit;
use crate::dates::End;
use crate::error::{ClientError, ExitCode};
use crate::keys;
use crate::sdk::{Client, ThingQuestion};

/// Proposes an action.
#[derive(Debug, Clone, Args)]
pub struct Propose {
    #[command(flatten)]
    action: ActionArguments,
    /// Last day on which votes count, 2026-12-31, or the first moment at which they no longer do (RFC 3339).
    #[arg(long, value_name = "DAY", global = true)]
    closes: Option<End>,
    /// The paper that gives the reasons; its digest goes on the ledger.
    #[arg(long, value_name = "FILE", global = true)]
    rationale: Option<DigestSource>,
    /// Submit even if the rules would refuse the action now.
    #[arg(long, global = true)]
    even_if_refused: bool,
    /// Save the receipt here; an earlier file is kept under another name.
    #[arg(long, value_name = "FILE", global = true)]
    receipt: Option<std::path::PathBuf>,
}

/// Shows what an action would do.
#[derive(Debug, Clone, Args)]
pub struct Rehearse {
    #[command(flatten)]
    action: ActionArguments,
    /// Province that would propose it; that of the signing key if absent.
    #[arg(long, value_name = "PROVINCE", global = true)]
    proposer: Option<ProvinceCode>,
}

impl Propose {
    pub async fn run(self, global: &Global, output: &Output) -> Result<ExitCode, ClientError> {
        let (even_if_refused, receipt) = (self.even_if_refused, ReceiptFile { receipt: self.receipt.clone() });
        let operation = self.operation()?;
        let GovernanceOperation::Propose { action, .. } = &operation else {
            return Err(ClientError::input("govern", "no proposal"));
        };
        let client = global.client().await?;
        let proposer = province_of_key(global, &client).await?;
        let (_, rehearsal) = client.nodes().rehearse(Some(proposer), action).await?;
        if rehearsal.refused.is_some() && !even_if_refused {
            return Ok(refused(output, action, &rehearsal));
        }
        output.note(&text(action, &rehearsal));
        let about = [("proposer", proposer.to_string())];
        let mut recorded = submit(global, &client, Operation::Governance(operation), &about, &receipt).await?;
        recorded.value["rehearsal"] = json!(rehearsal);
        let proposal = recorded.value["record"].clone();
        recorded.value["proposal"] = proposal.clone();
        output.answer(&recorded.value, || {
            format!("{}\n  the others vote with `huxin govern vote {proposal} yes|no`", recorded.text)
        });
        Ok(ExitCode::Success)
    }

    /// The proposal itself.
    pub(super) fn operation(self) -> Result<GovernanceOperation, ClientError> {
        let needed = |option: &str, what: &str| ClientError::input(option, format!("needed: {what}"));
        let closes_ms =
            self.closes.ok_or_else(|| needed("--closes", "the last day on which votes count"))?.first_moment_after();
        let rationale = self.rationale.ok_or_else(|| needed("--rationale", "the paper that gives the reasons"))?;
        let rationale = rationale.digest("--rationale")?;
        Ok(GovernanceOperation::Propose { action: self.action.action()?, closes_ms, rationale })
    }
}

impl Rehearse {
    pub async fn run(self, global: &Global, output: &Output) -> Result<ExitCode, ClientError> {
        let action = self.action.action()?;
        let (nodes, proposer) = (global.nodes()?, self.proposer);
        let proposer = match proposer {
            Some(province) => province,
            None if global.key.is_some() => province_of_key(global, &global.client().await?).await?,
            None => {
                return Err(ClientError::input("--proposer", "name the province that would propose it, or give --key"));
            }
        };
        let (_, rehearsal) = nodes.rehearse(Some(proposer), &action).await?;
        output.answer(&rehearsal, || text(&action, &rehearsal));
        Ok(if rehearsal.refused.is_some() { ExitCode::Refused } else { ExitCode::Success })
    }

    /// The action, for tests.
    #[cfg(test)]
    pub(super) fn action(self) -> Result<Action, ClientError> {
        self.action.action()
    }
}

/// Shows why nothing was submitted.
fn refused(output: &Output, action: &Action, rehearsal: &RehearsalAnswer) -> ExitCode {
    output.answer(&json!({ "submitted": false, "rehearsal": rehearsal }), || {
        format!("{}not submitted; --even-if-refused submits it all the same", text(action, rehearsal))
    });
    ExitCode::Refused
}

/// The province for which the signing key acts, by the proven state of the key.
async fn province_of_key(global: &Global, client: &Client) -> Result<ProvinceCode, ClientError> {
    // The public part of the key file is enough: a rehearsal signs nothing, so no passphrase is asked for.
    let path = global.key.as_deref().ok_or(ClientError::NoKey)?;
    let key = keys::read(path)?.key_id();
    let found = client.thing(&ThingQuestion::now(StateKey::Key(key))).await?;
    let state = found.state_as::<KeyState>()?;
    state
        .map(|state| state.province)
        .ok_or_else(|| ClientError::input("--key", format!("key {key} is not on the ledger")))
}
