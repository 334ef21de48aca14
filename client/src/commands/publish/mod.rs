//! `huxin publish`: common documents of the provinces (事项清单、办事指南、日历、协议), their drafts, consultations and
//! co-signatures; and proofs that one entry stands in a list.

mod body;
mod entry;
mod show;
#[cfg(test)]
mod tests;

use clap::{Args, Subcommand};
use huxin_chain_spec::crypto::DigestAlgorithm;
use huxin_chain_spec::ids::{BasisCode, ProvinceCode, TimeMs};
use huxin_chain_spec::record::entries::entries_root;
use huxin_chain_spec::record::publication::{ConsultationWindow, PublicationKey, content_digest};
use huxin_chain_spec::record::{Operation, PublicationOperation};
use huxin_chain_spec::state::StateKey;
use huxin_chain_spec::state::publication::PublicationState;

use super::arguments::{DigestSource, ReceiptFile, publication_key, sorted};
use super::case::not_in_force;
use super::context::{Global, Needs};
use super::output::Output;
use super::record::record;
use crate::dates::End;
use crate::error::{ClientError, ExitCode};
use crate::say;
use crate::sdk::{Client, ThingQuestion};

/// Common documents. A publication is named KIND/SCOPE/CODE, the scope being a province or `all`.
#[derive(Debug, Clone, Subcommand)]
pub enum PublishCommand {
    /// Put a version into force (公布).
    Publish {
        #[command(flatten)]
        which: VersionArguments,
        #[command(flatten)]
        body: body::BodyArguments,
    },
    /// Lay a version open that is to be published (草案、征求意见).
    Draft {
        #[command(flatten)]
        which: VersionArguments,
        #[command(flatten)]
        body: body::BodyArguments,
        #[command(flatten)]
        parties: PartyArguments,
        /// First day of the consultation, 2026-12-01, or its first moment (RFC 3339).
        #[arg(long, value_name = "DAY", requires = "consultation_closes")]
        consultation_opens: Option<TimeMs>,
        /// Last day of the consultation, 2026-12-31, or the first moment after it (RFC 3339).
        #[arg(long, value_name = "DAY", requires = "consultation_opens")]
        consultation_closes: Option<End>,
    },
    /// End a consultation after its window, with the opinions that came (征求意见结束).
    CloseConsultation {
        #[command(flatten)]
        which: VersionArguments,
        /// File with one opinion per line.
        #[arg(long, value_name = "FILE", required_unless_present = "no_opinions")]
        opinions: Option<std::path::PathBuf>,
        /// None came.
        #[arg(long, conflicts_with = "opinions")]
        no_opinions: bool,
    },
    /// Sign a draft for the province (会签).
    CoSign {
        #[command(flatten)]
        which: VersionArguments,
        /// Digest of the draft's content, as computed from the draft that was read; or give its body.
        #[arg(long, value_name = "HEX", conflicts_with_all = ["body", "entries", "csv"], required_unless_present_any = ["body", "entries", "csv"])]
        content: Option<DigestSource>,
        #[command(flatten)]
        body: body::OptionalBody,
        #[command(flatten)]
        parties: PartyArguments,
    },
    /// Give a draft up (撤回草案).
    Withdraw {
        #[command(flatten)]
        which: VersionArguments,
    },
    /// End the version in force, or consent to that (废止).
    Repeal {
        #[command(flatten)]
        which: VersionArguments,
        /// Code of the legal basis.
        #[arg(long)]
        basis: BasisCode,
    },
    /// Say that this system now works by the version in force (同步更新).
    Acknowledge {
        #[command(flatten)]
        which: VersionArguments,
    },
    /// A publication, or one version of it, with its proof checked here.
    Show(show::ShowPublication),
    /// Prove that one entry stands in a list, from the list at hand.
    EntryProve(entry::EntryProve),
    /// Check that an entry stood in the list of the ledger, now or then.
    EntryCheck(entry::EntryCheck),
}

/// Which version of which publication.
#[derive(Debug, Clone, Args)]
pub struct VersionArguments {
    /// KIND/SCOPE/CODE, such as guide/310000/001010100000.
    #[arg(value_name = "KIND/SCOPE/CODE", value_parser = publication_key)]
    publication: PublicationKey,
    /// Version; if absent, the one in force for repeal and acknowledge, else the next.
    #[arg(long, value_name = "N")]
    version: Option<u32>,
    #[command(flatten)]
    receipt: ReceiptFile,
}

/// Provinces that must sign, where the kind is signed by its parties.
#[derive(Debug, Clone, Args)]
pub struct PartyArguments {
    /// Province that must sign; give several.
    #[arg(long = "party", value_name = "PROVINCE")]
    parties: Vec<ProvinceCode>,
}

impl PublishCommand {
    pub async fn run(self, global: &Global, output: &Output) -> Result<ExitCode, ClientError> {
        match self {
            Self::Show(show) => show.run(global, output).await,
            Self::EntryProve(prove) => prove.run(global, output).await,
            Self::EntryCheck(check) => check.run(global, output).await,
            other => other.record(global, output).await,
        }
    }

    async fn record(self, global: &Global, output: &Output) -> Result<ExitCode, ClientError> {
        let Some(which) = self.which() else { return Err(records_nothing()) };
        let (publication, given) = (which.publication.clone(), which.version);
        // What was read is checked before the ledger is asked for the version, and made again with that.
        let check = |algorithm| self.clone().operation(algorithm, given.unwrap_or(1));
        let (client, made) = global.ready(Needs::Record, check).await?;
        let (version, (operation, receipt)) = match given {
            Some(version) => (version, made),
            None => {
                let version = version_on_ledger(&client, &publication, self.is_about_the_one_in_force()).await?;
                (version, self.operation(client.chain().algorithm(), version)?)
            }
        };
        let about = [("publication", publication.to_string()), ("version", version.to_string())];
        record(global, output, &client, Operation::Publication(operation), &about, &receipt).await
    }

    fn which(&self) -> Option<&VersionArguments> {
        match self {
            Self::Publish { which, .. }
            | Self::Draft { which, .. }
            | Self::CloseConsultation { which, .. }
            | Self::CoSign { which, .. }
            | Self::Withdraw { which }
            | Self::Repeal { which, .. }
            | Self::Acknowledge { which } => Some(which),
            Self::Show(_) | Self::EntryProve(_) | Self::EntryCheck(_) => None,
        }
    }

    fn is_about_the_one_in_force(&self) -> bool {
        matches!(self, Self::Repeal { .. } | Self::Acknowledge { .. })
    }

    fn operation(
        self,
        algorithm: DigestAlgorithm,
        version: u32,
    ) -> Result<(PublicationOperation, ReceiptFile), ClientError> {
        use PublicationOperation as Op;
        Ok(match self {
            Self::Publish { which: VersionArguments { publication, receipt, .. }, body } => {
                (Op::Publish { publication, version, body: body.body(algorithm)? }, receipt)
            }
            Self::Draft { which, body, parties, consultation_opens, consultation_closes } => {
                let window = consultation_opens.zip(consultation_closes);
                let consultation = window
                    .map(|(opens_ms, closes)| ConsultationWindow { opens_ms, closes_ms: closes.first_moment_after() });
                let (publication, parties) = (which.publication, sorted(parties.parties));
                let body = body.body(algorithm)?;
                (Op::Draft { publication, version, body, parties, consultation }, which.receipt)
            }
            Self::CloseConsultation { which: VersionArguments { publication, receipt, .. }, opinions, .. } => {
                let list = opinions.map(|path| body::entries_of(&path, false)).transpose()?.unwrap_or_default();
                let opinions = u32::try_from(list.len()).map_err(|error| ClientError::input("--opinions", error))?;
                let opinions_root = entries_root(algorithm, &list);
                (Op::CloseConsultation { publication, version, opinions_root, opinions }, receipt)
            }
            Self::CoSign { which, content, body, parties } => {
                let publication = which.publication;
                let body_digest = match (content, body.body(algorithm)?) {
                    (Some(content), _) => content.digest("--content")?,
                    (None, Some(body)) => {
                        content_digest(algorithm, &publication, version, &body, &sorted(parties.parties))
                    }
                    (None, None) => {
                        return Err(ClientError::at(
                            "--content",
                            say!("give it, or the draft's body", "请给出内容摘要，或草案正文"),
                        ));
                    }
                };
                (Op::CoSign { publication, version, body_digest }, which.receipt)
            }
            Self::Withdraw { which } => (Op::Withdraw { publication: which.publication, version }, which.receipt),
            Self::Repeal { which, basis } => {
                (Op::Repeal { publication: which.publication, version, basis }, which.receipt)
            }
            Self::Acknowledge { which } => (Op::Acknowledge { publication: which.publication, version }, which.receipt),
            Self::Show(_) | Self::EntryProve(_) | Self::EntryCheck(_) => {
                return Err(records_nothing());
            }
        })
    }
}

fn records_nothing() -> ClientError {
    ClientError::at("publish", say!("this command records nothing", "此命令不登记任何内容"))
}

/// The version in force, or the next one, by the proven state.
async fn version_on_ledger(client: &Client, publication: &PublicationKey, in_force: bool) -> Result<u32, ClientError> {
    let found = client.thing(&ThingQuestion::now(StateKey::Publication(publication.clone()))).await?;
    let state = found.state_as::<PublicationState>()?.unwrap_or_default();
    if !in_force {
        return Ok(state.version.saturating_add(1));
    }
    state.in_force().ok_or_else(|| ClientError::at("--version", not_in_force(publication)))
}
