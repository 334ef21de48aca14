//! `huxin case`: the steps of a case (办件) from the place that collects it to the agency that decides it, bundles of cases
//! (一件事), and where a case stands.

mod list;
mod matter;
mod show;
mod steps;
#[cfg(test)]
mod tests;

use clap::{Args, Subcommand};
use huxin_chain_spec::crypto::DigestAlgorithm;
use huxin_chain_spec::ids::{BasisCode, MaterialCode, Uscc};
use huxin_chain_spec::record::case::{DeliveryChannel, IdentityCheck, Step};
use huxin_chain_spec::record::publication::PublicationKey;
use huxin_chain_spec::record::{CaseOperation, Operation};

pub(super) use self::matter::not_in_force;
use super::arguments::{DigestSource, ReceiptFile, case_ref, publication_key, word};
use super::context::{Global, Needs};
use super::output::Output;
use super::record::record;
use crate::error::{ClientError, ExitCode};

/// Cases. A case is named by the organisation that opened it and its number (办件编号), CODE/NUMBER, of which only a digest goes on the
/// ledger, or by its reference (64 hex). In a bundle the lead opens them.
#[derive(Debug, Clone, Subcommand)]
pub enum CaseCommand {
    /// Open a case and freeze the versions that govern it (收件).
    Collect(Box<matter::Collect>),
    /// Record formal review and identity check (形式审查、身份核验).
    Check {
        #[command(flatten)]
        step: StepArguments,
        /// How the applicant was identified: window, online or remote.
        #[arg(long, value_parser = word::<IdentityCheck>)]
        identity: IdentityCheck,
        /// The check list.
        #[arg(long, value_name = "FILE")]
        formal: DigestSource,
    },
    /// Hand the materials to the deciding agency (移交).
    Send {
        #[command(flatten)]
        step: StepArguments,
        /// The deciding agency.
        #[arg(long)]
        to: Uscc,
        #[command(flatten)]
        root: RootArguments,
    },
    /// Take the case over, signing the same root of materials (接收确认).
    Acknowledge {
        #[command(flatten)]
        step: StepArguments,
        #[command(flatten)]
        root: RootArguments,
    },
    /// Do not take the case over (退回).
    Bounce {
        #[command(flatten)]
        step: StepArguments,
        /// Code of the reason.
        #[arg(long)]
        reason: BasisCode,
    },
    /// Say once everything that must be corrected (一次性告知).
    RequestCorrection {
        #[command(flatten)]
        step: StepArguments,
        /// Material to correct; give several.
        #[arg(long = "item", value_name = "MATERIAL", required = true)]
        items: Vec<MaterialCode>,
    },
    /// Hand over the corrected materials (补正提交).
    Resubmit {
        #[command(flatten)]
        step: StepArguments,
        #[command(flatten)]
        root: RootArguments,
    },
    /// Accept (受理).
    Accept {
        #[command(flatten)]
        step: StepArguments,
    },
    /// Accept while materials of the tolerance set are missing (容缺受理).
    AcceptConditionally {
        #[command(flatten)]
        step: StepArguments,
        /// Material that follows later; give several.
        #[arg(long, value_name = "MATERIAL", required = true)]
        missing: Vec<MaterialCode>,
        /// The applicant's promise.
        #[arg(long, value_name = "FILE")]
        promise: DigestSource,
    },
    /// Find that what was missing has come (容缺补齐).
    Fulfil {
        #[command(flatten)]
        step: StepArguments,
        #[command(flatten)]
        root: RootArguments,
    },
    /// Do not accept (不予受理).
    NotAccept {
        #[command(flatten)]
        step: StepArguments,
        /// Code of the reason.
        #[arg(long)]
        reason: BasisCode,
    },
    /// Begin a special procedure, whose time does not count (特别程序开始).
    Pause {
        #[command(flatten)]
        step: StepArguments,
        /// Code of the legal basis.
        #[arg(long)]
        basis: BasisCode,
    },
    /// End the special procedure (特别程序结束).
    Resume {
        #[command(flatten)]
        step: StepArguments,
    },
    /// Finish this part and notify the next agency, which has thereby received the case (接续移交).
    Relay(Box<matter::Relay>),
    /// Grant (准予).
    Grant {
        #[command(flatten)]
        step: StepArguments,
        /// The decision.
        #[arg(long, value_name = "FILE")]
        decision: DigestSource,
    },
    /// Refuse (不予许可).
    Refuse {
        #[command(flatten)]
        step: StepArguments,
        /// The decision.
        #[arg(long, value_name = "FILE")]
        decision: DigestSource,
        /// Code of the legal basis.
        #[arg(long)]
        basis: BasisCode,
    },
    /// Record the resulting document (出证).
    Result {
        #[command(flatten)]
        step: StepArguments,
        /// The licence on this ledger that it is, by identifier or reference.
        #[arg(long)]
        licence: Option<String>,
        /// The document that results.
        #[arg(long, value_name = "FILE")]
        document: DigestSource,
    },
    /// Deliver to the applicant (送达).
    Deliver {
        #[command(flatten)]
        step: StepArguments,
        /// online, courier or window.
        #[arg(long, value_parser = word::<DeliveryChannel>)]
        channel: DeliveryChannel,
        /// Keyed commitment to the courier's number, the receipt or the login it rests on.
        #[arg(long, value_name = "HEX")]
        commitment: DigestSource,
    },
    /// Close (办结).
    Close {
        #[command(flatten)]
        step: StepArguments,
    },
    /// Archive (归档).
    Archive {
        #[command(flatten)]
        step: StepArguments,
        /// The archived file list.
        #[arg(long, value_name = "FILE")]
        archive: DigestSource,
    },
    /// Withdraw the application, for the applicant (撤回申请).
    Withdraw {
        #[command(flatten)]
        step: StepArguments,
        /// The applicant's statement.
        #[arg(long, value_name = "FILE")]
        request: DigestSource,
    },
    /// Tell the cases of the bundle that wait for this one that it has finished (书面告知).
    Notify {
        #[command(flatten)]
        step: StepArguments,
        /// The notice.
        #[arg(long, value_name = "FILE")]
        notice: DigestSource,
    },
    /// Open a bundle: its cases, what waits for what, and the one root of materials (集成办开件).
    OpenBundle(Box<matter::OpenBundle>),
    /// Where a case is, who holds the clock, what is due, and what happened, with proofs.
    Show(show::ShowCase),
    /// Open cases of an agency, as the node lists them.
    List(list::ListCases),
}

/// Which case, on whose behalf, and where the receipt goes.
#[derive(Debug, Clone, Args)]
pub struct StepArguments {
    /// CODE/NUMBER: the organisation that opened it and its number (办件编号); or the reference on the ledger (64 hex).
    #[arg(value_name = "CASE")]
    case: String,
    /// The mandate or delegation under which another organisation than the one named acts (委托、异地网办专员).
    #[arg(long, value_name = "KIND/SCOPE/CODE", value_parser = publication_key)]
    mandate: Option<PublicationKey>,
    #[command(flatten)]
    receipt: ReceiptFile,
}

/// The root both ends sign.
#[derive(Debug, Clone, Args)]
pub struct RootArguments {
    /// Root of the materials: 64 hex, or the file that lists them.
    #[arg(long, value_name = "HEX or FILE")]
    material_root: DigestSource,
}

impl StepArguments {
    fn step(&self, algorithm: DigestAlgorithm) -> Result<Step, ClientError> {
        Ok(Step { case: case_ref(algorithm, &self.case)?, mandate: self.mandate.clone() })
    }
}

impl CaseCommand {
    pub async fn run(self, global: &Global, output: &Output) -> Result<ExitCode, ClientError> {
        match self {
            Self::Show(show) => return show.run(global, output).await,
            Self::List(list) => return list.run(global, output).await,
            _ => {}
        }
        let check = |algorithm| self.clone().operation(algorithm, matter::Versions::default());
        let (client, mut made) = global.ready(Needs::Record, check).await?;
        if let Some(matter) = self.matter() {
            let versions = matter.versions(&client).await?;
            made = self.operation(client.chain().algorithm(), versions)?;
        }
        let (operation, receipt) = made;
        let about = match &operation {
            CaseOperation::BundleOpen(opening) => vec![("bundle", opening.bundle.to_string())],
            other => other.case().map(|case| ("case", case.to_string())).into_iter().collect(),
        };
        record(global, output, &client, Operation::Case(operation), &about, &receipt).await
    }

    /// The item that this step names, if it names one.
    fn matter(&self) -> Option<&matter::MatterArguments> {
        match self {
            Self::Collect(collect) => Some(&collect.matter),
            Self::Relay(relay) => Some(&relay.matter),
            _ => None,
        }
    }
}
