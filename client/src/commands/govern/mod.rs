//! `huxin govern`: what the provinces decide together. Proposals and votes are signed with a province's governance key.

mod action;
mod facts;
mod propose;
mod rehearsal;
mod show;
#[cfg(test)]
mod tests;

use clap::{Subcommand, ValueEnum};
use huxin_chain_spec::ids::RecordIndex;
use huxin_chain_spec::record::{GovernanceOperation, Operation};

use super::arguments::ReceiptFile;
use super::context::{Global, Needs};
use super::output::Output;
use super::record::record;
use super::show::{PageArguments, list};
use crate::error::{ClientError, ExitCode};
use crate::said::Said;
use crate::say;

/// What the provinces decide together.
#[derive(Debug, Clone, Subcommand)]
pub enum GovernCommand {
    /// Propose an action; what it would do is shown first. Your own vote counts as yes (提案).
    Propose(propose::Propose),
    /// Vote on a proposal: yes or no (表决).
    Vote {
        /// The proposal: the number of the record that made it.
        #[arg(value_parser = proposal)]
        proposal: RecordIndex,
        /// yes or no.
        vote: Ballot,
        #[command(flatten)]
        receipt: ReceiptFile,
    },
    /// Take a proposal back (撤回提案).
    Withdraw {
        /// The proposal: the number of the record that made it.
        #[arg(value_parser = proposal)]
        proposal: RecordIndex,
        #[command(flatten)]
        receipt: ReceiptFile,
    },
    /// What an action would do if it took effect now. Records nothing (预演).
    Rehearse(propose::Rehearse),
    /// Proposals, as the node lists them.
    List(PageArguments),
    /// A proposal, with its votes and its proof checked here.
    Show(show::ShowProposal),
    /// Record the proof that a validator signed two different things for one step (作恶举证).
    ReportMisbehaviour(facts::ReportMisbehaviour),
    /// Record the head of another ledger that is on the trust list (异链锚定).
    Anchor(facts::Anchor),
}

/// Reads `41` or `proposal/41`.
fn proposal(text: &str) -> Result<RecordIndex, Said> {
    let number = text.strip_prefix("proposal/").unwrap_or(text);
    number.parse().map_err(|_| {
        say!(
            "a proposal is named by the number of the record that made it, such as 41",
            "提案以提出它的记录号命名，例如 41"
        )
    })
}

/// A vote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Ballot {
    /// 赞成
    Yes,
    /// 反对
    No,
}

impl GovernCommand {
    pub async fn run(self, global: &Global, output: &Output) -> Result<ExitCode, ClientError> {
        match self {
            Self::Propose(propose) => propose.run(global, output).await,
            Self::Rehearse(rehearse) => rehearse.run(global, output).await,
            Self::Show(show) => show.run(global, output).await,
            Self::List(page) => {
                let page = page.page();
                let answer = global.list(async |nodes| nodes.things("proposal", &page).await).await?;
                list(output, &answer, show::entry);
                Ok(ExitCode::Success)
            }
            other => {
                let build = |_| other.clone().operation();
                let (client, (operation, receipt)) = global.ready(Needs::Record, build).await?;
                let about: Vec<_> = match &operation {
                    GovernanceOperation::Vote { proposal, .. } | GovernanceOperation::WithdrawProposal { proposal } => {
                        vec![("proposal", proposal.to_string())]
                    }
                    _ => Vec::new(),
                };
                record(global, output, &client, Operation::Governance(operation), &about, &receipt).await
            }
        }
    }

    /// The operation of every command but `propose`.
    fn operation(self) -> Result<(GovernanceOperation, ReceiptFile), ClientError> {
        Ok(match self {
            Self::Vote { proposal, vote, receipt } => {
                (GovernanceOperation::Vote { proposal, approve: vote == Ballot::Yes }, receipt)
            }
            Self::Withdraw { proposal, receipt } => (GovernanceOperation::WithdrawProposal { proposal }, receipt),
            Self::ReportMisbehaviour(report) => report.operation()?,
            Self::Anchor(anchor) => anchor.operation()?,
            Self::Propose(_) | Self::Rehearse(_) | Self::List(_) | Self::Show(_) => {
                return Err(ClientError::at(
                    "govern",
                    say!("this command records nothing of its own", "此命令不登记任何内容"),
                ));
            }
        })
    }
}
