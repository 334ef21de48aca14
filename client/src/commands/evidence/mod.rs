//! `huxin evidence`: what happened around cases and licences. One subcommand per kind of record.

mod material;
mod report;
mod service;
mod share;
#[cfg(test)]
mod tests;

use clap::{Args, Subcommand};
use huxin_chain_spec::crypto::{Digest, DigestAlgorithm};
use huxin_chain_spec::ids::PurposeCode;
use huxin_chain_spec::record::evidence::About;
use huxin_chain_spec::record::{EvidenceOperation, Operation};

use super::arguments::{ReceiptFile, case_ref};
use super::context::{Global, Needs};
use super::output::Output;
use super::record::record;
use crate::error::{ClientError, ExitCode};

/// Evidence. Files become digests; persons appear as keyed commitments only.
#[derive(Debug, Clone, Subcommand)]
pub enum EvidenceCommand {
    /// A material was put on file (材料).
    Material(material::MaterialArguments),
    /// An agency demanded a material from the applicant (索要材料).
    MaterialDemand(material::DemandArguments),
    /// A licence was looked up instead of demanding it on paper (调取电子证照).
    LicenceUse(material::UseArguments),
    /// Ask for data of another organisation (数据共享申请).
    ShareRequest(share::RequestArguments),
    /// Grant a request (同意共享).
    ShareApprove(share::AnswerArguments),
    /// Deny a request (不予共享).
    ShareDeny(share::AnswerArguments),
    /// What was granted has been delivered (数据提供).
    ShareDeliver(share::DeliverArguments),
    /// Give a faulty delivery back (数据退回).
    ShareReturn(share::AnswerArguments),
    /// A subject was authenticated (统一身份认证).
    Assertion(service::AssertionArguments),
    /// Remote help with identity check (远程虚拟窗口).
    Session(service::SessionArguments),
    /// A case's files were handed to an archive (电子档案移交).
    ArchiveDeposit(service::DepositArguments),
    /// A stage of a courier delivery (快递送达).
    Delivery(service::DeliveryArguments),
    /// The applicant came in person (跑动次数).
    Visit(service::VisitArguments),
    /// The one rating of a case (好差评).
    Rating(service::RatingArguments),
    /// A figure with the records it was computed from (效能统计).
    MetricStatement(report::MetricArguments),
    /// Report of an intermediary (中介服务).
    IntermediaryReport(report::ReportArguments),
    /// A decision was made public (决定公开).
    DecisionPublication(report::DecisionArguments),
    /// A policy was matched with a subject without application (免申即享).
    MatchDecision(report::MatchArguments),
    /// A key was destroyed, so that what lies under it says nothing any more (数据销毁).
    Erasure(material::ErasureArguments),
    /// An auditor's opinion on a block (审计意见).
    Checkpoint(report::CheckpointArguments),
}

/// What it is about, and where the receipt goes.
#[derive(Debug, Clone, Args)]
pub struct AboutArguments {
    /// Code of the purpose.
    #[arg(long)]
    purpose: PurposeCode,
    /// The case it belongs to, by number (办件编号) or reference.
    #[arg(long)]
    case: Option<String>,
    /// Keyed commitment to the person or organisation it concerns.
    #[arg(long, value_name = "HEX")]
    subject: Option<Digest>,
    #[command(flatten)]
    receipt: ReceiptFile,
}

impl AboutArguments {
    fn about(&self, algorithm: DigestAlgorithm) -> Result<About, ClientError> {
        let case = self.case.as_deref().map(|text| case_ref(algorithm, text)).transpose()?;
        Ok(About { purpose: self.purpose.clone(), case, subject: self.subject })
    }
}

/// An operation and where its receipt goes.
type Made = Result<(EvidenceOperation, ReceiptFile), ClientError>;

impl EvidenceCommand {
    pub async fn run(self, global: &Global, output: &Output) -> Result<ExitCode, ClientError> {
        let build = |algorithm| self.clone().operation(algorithm);
        let (client, (operation, receipt)) = global.ready(Needs::Record, build).await?;
        let mut about = Vec::new();
        about.extend(operation.about().and_then(|about| about.case).map(|case| ("case", case.to_string())));
        about.extend(operation.share().map(|request| ("request", request.to_string())));
        record(global, output, &client, Operation::Evidence(operation), &about, &receipt).await
    }

    fn operation(self, algorithm: DigestAlgorithm) -> Made {
        match self {
            Self::Material(words) => words.operation(algorithm),
            Self::MaterialDemand(words) => words.operation(algorithm),
            Self::LicenceUse(words) => words.operation(algorithm),
            Self::ShareRequest(words) => words.operation(algorithm),
            Self::ShareApprove(words) => Ok((EvidenceOperation::ShareApprove(words.answer()), words.receipt)),
            Self::ShareDeny(words) => Ok((EvidenceOperation::ShareDeny(words.answer()), words.receipt)),
            Self::ShareDeliver(words) => words.operation(),
            Self::ShareReturn(words) => Ok((EvidenceOperation::ShareReturn(words.give_back()), words.receipt)),
            Self::Assertion(words) => words.operation(algorithm),
            Self::Session(words) => words.operation(algorithm),
            Self::ArchiveDeposit(words) => words.operation(algorithm),
            Self::Delivery(words) => words.operation(algorithm),
            Self::Visit(words) => words.operation(algorithm),
            Self::Rating(words) => words.operation(algorithm),
            Self::MetricStatement(words) => words.operation(),
            Self::IntermediaryReport(words) => words.operation(algorithm),
            Self::DecisionPublication(words) => words.operation(algorithm),
            Self::MatchDecision(words) => words.operation(algorithm),
            Self::Erasure(words) => words.operation(algorithm),
            Self::Checkpoint(words) => words.operation(),
        }
    }
}
