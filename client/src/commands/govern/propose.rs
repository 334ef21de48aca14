//! `huxin govern propose` and `rehearse`.

use clap::Args;
use huxin_chain_spec::api::RehearsalAnswer;
use huxin_chain_spec::crypto::{Digest, KeyId};
use huxin_chain_spec::ids::{ProvinceCode, RecordIndex, TimeMs};
use huxin_chain_spec::parameters::{ActionKind, Threshold};
use huxin_chain_spec::record::governance::Action;
use huxin_chain_spec::record::{GovernanceOperation, Operation};
use huxin_chain_spec::state::governance::{GovernedParameters, ProposalState, ProposalStatus};
use huxin_chain_spec::state::{KeyState, StateKey};
use serde_json::json;

use super::action::ActionArguments;
use super::rehearsal::text;
use crate::commands::arguments::{DigestSource, ReceiptFile};
use crate::commands::context::{Global, Needs};
use crate::commands::output::Output;
use crate::commands::record::submit;
use crate::dates::End;
use crate::error::{ClientError, ExitCode};
use crate::keys;
use crate::said::Said;
use crate::say;
use crate::sdk::{Client, ThingQuestion, clock};

/// How long a proposal stays open where `--closes` is not given.
const OPEN_MS_DEFAULT: u64 = 14 * 24 * 60 * 60 * 1000;
/// The rationale of a proposal that gives none: only where one province decides alone is there nobody to convince.
pub(super) const NO_RATIONALE: Digest = Digest::ZERO;

/// Proposes an action.
#[derive(Debug, Clone, Args)]
pub struct Propose {
    #[command(flatten)]
    action: ActionArguments,
    /// Last day on which votes count, 2026-12-31, or the first moment at which they no longer do (RFC 3339); 14 days from now if
    /// absent.
    #[arg(long, value_name = "DAY", global = true)]
    closes: Option<End>,
    /// The paper that gives the reasons; its digest goes on the ledger. Not needed where one province decides alone.
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
        // What the caller typed is read, and all that is missing named, before any node is asked.
        let build = |_| Ok((self.clone().draft(global)?, own_key(global)?));
        let (client, (draft, key)) = global.ready(Needs::Record, build).await?;
        if draft.rationale.is_none() && threshold_of(&client, draft.action.kind()).await? != Threshold::OneProvince {
            return Err(missing(&[rationale_missing()]));
        }
        let proposer = province_of_key(&client, key).await?;
        let (_, rehearsal) = client.nodes().rehearse(Some(proposer), &draft.action).await?;
        if rehearsal.refused.is_some() && !even_if_refused {
            return Ok(refused(output, &draft.action, &rehearsal));
        }
        output.note(&text(&draft.action, &rehearsal));
        let about = [("proposer", proposer.to_string()), ("closes", draft.closes_ms.to_beijing())];
        let kind = draft.action.kind();
        let operation = Operation::Governance(draft.operation());
        let mut recorded = submit(global, &client, operation, &about, &receipt).await?;
        let proposal = recorded.index;
        // It is recorded by now, so a state that cannot be read is no reason to end with an error.
        let (status, next) = match status_of(&client, proposal).await {
            Ok(status) => (Some(status), next_step(status, kind, proposal)),
            Err(error) => (None, state_not_read(proposal, &error)),
        };
        recorded.value["rehearsal"] = json!(rehearsal);
        recorded.value["proposal"] = json!(proposal);
        recorded.value["status"] = json!(status);
        output.answer(&recorded.value, || format!("{}\n  {next}", recorded.text));
        Ok(ExitCode::Success)
    }

    /// Reads what was given.
    ///
    /// # Errors
    /// Everything that is missing, in one sentence; or the first thing given that cannot be used.
    pub(super) fn draft(self, global: &Global) -> Result<Draft, ClientError> {
        let action = if self.action.is_given() { Some(self.action.action()?) } else { None };
        let rationale = self.rationale.map(|paper| paper.digest("--rationale")).transpose()?;
        let needs_paper = !action.as_ref().is_some_and(|action| action.kind().may_be_alone());
        let wanted = [
            (
                action.is_none(),
                say!(
                    "an action such as validator-rotate (--help lists them), or --action FILE",
                    "事项，如 validator-rotate（--help 列出全部），或 --action FILE"
                ),
            ),
            (rationale.is_none() && needs_paper, rationale_missing()),
            (
                global.key.is_none(),
                say!("--key FILE, the governance key of your province", "--key FILE，本省的治理密钥"),
            ),
            (global.nodes.is_empty(), say!("--node URL, the public address of a node", "--node URL，节点的公开地址")),
            (
                global.genesis.is_none() && global.trust_root.is_none(),
                say!("--genesis FILE, the genesis file you trust", "--genesis FILE，所信任的创世文件"),
            ),
        ];
        let absent: Vec<Said> = wanted.into_iter().filter_map(|(is_absent, what)| is_absent.then_some(what)).collect();
        match action {
            Some(action) if absent.is_empty() => {
                let closes_ms = self.closes.map(End::first_moment_after);
                let closes_ms = closes_ms.unwrap_or_else(|| clock().plus_ms(OPEN_MS_DEFAULT));
                Ok(Draft { action, closes_ms, rationale })
            }
            _ => Err(missing(&absent)),
        }
    }
}

fn rationale_missing() -> Said {
    say!(
        "--rationale FILE, the paper that gives the reasons to the provinces that vote",
        "--rationale FILE，向参与表决的省份说明理由的文件"
    )
}

fn missing(absent: &[Said]) -> ClientError {
    let join = |of: fn(&Said) -> &str, mark: &str| absent.iter().map(of).collect::<Vec<_>>().join(mark);
    let (en, zh) = (join(|said| said.en.as_str(), "; "), join(|said| said.zh.as_str(), "；"));
    ClientError::at("govern propose", say!("still needed: {en}", "还需要：{zh}"))
}

fn state_not_read(proposal: RecordIndex, error: &ClientError) -> String {
    format!(
        "its state could not be read ({error}); ask with `huxin govern show {proposal}`\n  \
         未能读取提案状态，请用 `huxin govern show {proposal}` 查询"
    )
}

/// A proposal as typed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Draft {
    pub(super) action: Action,
    pub(super) closes_ms: TimeMs,
    pub(super) rationale: Option<Digest>,
}

impl Draft {
    /// The proposal itself.
    pub(super) fn operation(self) -> GovernanceOperation {
        let Self { action, closes_ms, rationale } = self;
        GovernanceOperation::Propose { action, closes_ms, rationale: rationale.unwrap_or(NO_RATIONALE) }
    }
}

/// How many provinces must agree on this kind of action now, by the proven parameters.
async fn threshold_of(client: &Client, kind: ActionKind) -> Result<Threshold, ClientError> {
    let found = client.thing(&ThingQuestion::now(StateKey::Parameters)).await?;
    let governed = found.state_as::<GovernedParameters>()?;
    let governed = governed
        .ok_or_else(|| ClientError::at("parameters", say!("the ledger has no parameters", "账本上没有参数")))?;
    Ok(governed.thresholds.get(kind))
}

/// Where the proposal stands after its own vote, by its proven state.
async fn status_of(client: &Client, proposal: RecordIndex) -> Result<ProposalStatus, ClientError> {
    let found = client.thing(&ThingQuestion::now(StateKey::Proposal(proposal))).await?;
    let state = found.state_as::<ProposalState>()?;
    let not_shown =
        || ClientError::BadAnswer { node: found.node.clone(), reason: "the proposal is not shown yet".to_owned() };
    let state = state.ok_or_else(not_shown)?;
    Ok(state.status_at(TimeMs(found.as_of.time_ms)))
}

/// What is to be done now, in both languages.
pub(super) fn next_step(status: ProposalStatus, kind: ActionKind, proposal: RecordIndex) -> String {
    match (status, kind) {
        (ProposalStatus::Passed, ActionKind::ValidatorRotate) => {
            "passed: no other vote is needed. Now stop the node, put the new key file in the place of the old one, and start it; \
             until then this validator does not vote\n  已通过，无需其他省份表决。请停止节点，用新密钥文件替换旧文件后再启动；在此之前该验证节点不参与投票"
                .to_owned()
        }
        (ProposalStatus::Passed, _) => {
            "passed: it is in force, and no other vote is needed\n  已通过并生效，无需其他省份表决".to_owned()
        }
        _ => format!(
            "the others vote with `huxin govern vote {proposal} yes` or `no`\n  其他省份用 `huxin govern vote {proposal} yes` 或 `no` 表决"
        ),
    }
}

impl Rehearse {
    pub async fn run(self, global: &Global, output: &Output) -> Result<ExitCode, ClientError> {
        let action = self.action.action()?;
        let proposer = match self.proposer {
            Some(province) => province,
            None if global.key.is_some() => {
                let key = own_key(global)?;
                province_of_key(&global.client().await?, key).await?
            }
            None => {
                let said = say!(
                    "name the province that would propose it, or give --key",
                    "请指明将提出该事项的省份，或给出 --key"
                );
                return Err(ClientError::at("--proposer", said));
            }
        };
        let (_, rehearsal) = global.nodes()?.rehearse(Some(proposer), &action).await?;
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
        format!(
            "{}not submitted; --even-if-refused submits it all the same\n未提交；加 --even-if-refused 仍可提交",
            text(action, rehearsal)
        )
    });
    ExitCode::Refused
}

/// The key of `--key`. The public part of the file is enough: a rehearsal signs nothing, so no passphrase is asked for.
fn own_key(global: &Global) -> Result<KeyId, ClientError> {
    let path = global.key.as_deref().ok_or(ClientError::NoKey)?;
    Ok(keys::read(path)?.key_id())
}

/// The province for which a key acts, by the proven state of the key.
async fn province_of_key(client: &Client, key: KeyId) -> Result<ProvinceCode, ClientError> {
    let found = client.thing(&ThingQuestion::now(StateKey::Key(key))).await?;
    let state = found.state_as::<KeyState>()?;
    state
        .map(|state| state.province)
        .ok_or_else(|| ClientError::at("--key", say!("key {key} is not on the ledger", "密钥 {key} 未在账本上登记")))
}
