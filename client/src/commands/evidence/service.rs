//! What happened between the applicant and the agencies.

use clap::Args;
use huxin_chain_spec::crypto::DigestAlgorithm;
use huxin_chain_spec::ids::{RegionCode, TimeMs, Uscc};
use huxin_chain_spec::record::EvidenceOperation;
use huxin_chain_spec::record::evidence::{
    ArchiveDeposit, Assertion, AssuranceLevel, Delivery, DeliveryStage, IdentityCheck, Rating, RatingChannel,
    RatingLevel, Retention, Session, Visit, VisitReason,
};

use super::{AboutArguments, Made};
use crate::commands::arguments::{DigestSource, optional_digest, sorted, word};
use crate::commands::keys::key_id;
use crate::sdk::clock;

/// 统一身份认证.
#[derive(Debug, Clone, Args)]
pub struct AssertionArguments {
    #[command(flatten)]
    about: AboutArguments,
    /// The assertion as the identity source issued it.
    #[arg(long, value_name = "FILE")]
    assertion: DigestSource,
    /// basic, substantial or high.
    #[arg(long, value_parser = word::<AssuranceLevel>)]
    level: AssuranceLevel,
    /// When; now if absent.
    #[arg(long, value_name = "TIME")]
    authenticated: Option<TimeMs>,
}

impl AssertionArguments {
    pub(super) fn operation(self, algorithm: DigestAlgorithm) -> Made {
        let assertion = Assertion {
            about: self.about.about(algorithm)?,
            assertion: self.assertion.digest("--assertion")?,
            level: self.level,
            authenticated_ms: self.authenticated.unwrap_or_else(clock),
        };
        Ok((EvidenceOperation::Assertion(assertion), self.about.receipt))
    }
}

/// 远程虚拟窗口.
#[derive(Debug, Clone, Args)]
pub struct SessionArguments {
    #[command(flatten)]
    about: AboutArguments,
    /// Key of a window that took part, the signing one among them; give each.
    #[arg(long = "participant", value_name = "KEY", required = true)]
    participants: Vec<String>,
    /// When it began: 2026-11-21T09:00:00+08:00.
    #[arg(long, value_name = "TIME")]
    started: TimeMs,
    /// When it ended: 2026-11-21T09:30:00+08:00.
    #[arg(long, value_name = "TIME")]
    ended: TimeMs,
    /// The recording; only its digest goes on the ledger.
    #[arg(long, value_name = "FILE")]
    recording: DigestSource,
    /// passed, failed or not-made.
    #[arg(long, value_parser = word::<IdentityCheck>)]
    identity: IdentityCheck,
}

impl SessionArguments {
    pub(super) fn operation(self, algorithm: DigestAlgorithm) -> Made {
        let participants = self.participants.iter().map(|text| key_id(text)).collect::<Result<_, _>>()?;
        let session = Session {
            about: self.about.about(algorithm)?,
            participants: sorted(participants),
            started_ms: self.started,
            ended_ms: self.ended,
            recording: self.recording.digest("--recording")?,
            identity: self.identity,
        };
        Ok((EvidenceOperation::Session(session), self.about.receipt))
    }
}

/// 电子档案移交.
#[derive(Debug, Clone, Args)]
pub struct DepositArguments {
    #[command(flatten)]
    about: AboutArguments,
    /// Unified social credit code of the archive.
    #[arg(long)]
    archive: Uscc,
    /// Merkle root of the list of files.
    #[arg(long, value_name = "HEX or FILE")]
    files_root: DigestSource,
    /// Number of files.
    #[arg(long, value_name = "N")]
    files: u32,
    /// Report on the four properties (真实性、完整性、可用性、安全性).
    #[arg(long, value_name = "FILE")]
    report: DigestSource,
    /// The signed handover.
    #[arg(long, value_name = "FILE")]
    handover: DigestSource,
    /// permanent (永久), years30 (定期30年) or years10 (定期10年).
    #[arg(long, value_parser = word::<Retention>)]
    retention: Retention,
}

impl DepositArguments {
    pub(super) fn operation(self, algorithm: DigestAlgorithm) -> Made {
        let deposit = ArchiveDeposit {
            about: self.about.about(algorithm)?,
            archive: self.archive,
            files_root: self.files_root.digest("--files-root")?,
            files: self.files,
            report: self.report.digest("--report")?,
            handover: self.handover.digest("--handover")?,
            retention: self.retention,
        };
        Ok((EvidenceOperation::ArchiveDeposit(deposit), self.about.receipt))
    }
}

/// 快递送达.
#[derive(Debug, Clone, Args)]
pub struct DeliveryArguments {
    #[command(flatten)]
    about: AboutArguments,
    /// Keyed commitment to the courier's number.
    #[arg(long, value_name = "HEX")]
    courier: DigestSource,
    /// collected (揽收), received (签收), returned (退回) or lost (遗失).
    #[arg(long, value_parser = word::<DeliveryStage>)]
    stage: DeliveryStage,
    /// Weight in grams, 0 where it was not taken.
    #[arg(long, value_name = "N", default_value_t = 0)]
    weight_grams: u32,
    /// When; now if absent.
    #[arg(long, value_name = "TIME")]
    occurred: Option<TimeMs>,
}

impl DeliveryArguments {
    pub(super) fn operation(self, algorithm: DigestAlgorithm) -> Made {
        let delivery = Delivery {
            about: self.about.about(algorithm)?,
            courier: self.courier.digest("--courier")?,
            stage: self.stage,
            weight_grams: self.weight_grams,
            occurred_ms: self.occurred.unwrap_or_else(clock),
        };
        Ok((EvidenceOperation::Delivery(delivery), self.about.receipt))
    }
}

/// 跑动.
#[derive(Debug, Clone, Args)]
pub struct VisitArguments {
    #[command(flatten)]
    about: AboutArguments,
    /// Where; a region of the signer's province.
    #[arg(long)]
    region: RegionCode,
    /// consultation, submission, correction, identity-check or collection.
    #[arg(long, value_parser = word::<VisitReason>)]
    reason: VisitReason,
    /// When; now if absent.
    #[arg(long, value_name = "TIME")]
    occurred: Option<TimeMs>,
}

impl VisitArguments {
    pub(super) fn operation(self, algorithm: DigestAlgorithm) -> Made {
        let visit = Visit {
            about: self.about.about(algorithm)?,
            region: self.region,
            reason: self.reason,
            occurred_ms: self.occurred.unwrap_or_else(clock),
        };
        Ok((EvidenceOperation::Visit(visit), self.about.receipt))
    }
}

/// 好差评.
#[derive(Debug, Clone, Args)]
pub struct RatingArguments {
    #[command(flatten)]
    about: AboutArguments,
    /// very-dissatisfied (非常不满意), dissatisfied (不满意), fair (基本满意), satisfied (满意) or very-satisfied (非常满意).
    #[arg(long, value_parser = word::<RatingLevel>)]
    level: RatingLevel,
    /// online, window or telephone.
    #[arg(long, value_parser = word::<RatingChannel>)]
    channel: RatingChannel,
    /// What the applicant wrote; only its digest goes on the ledger.
    #[arg(long, value_name = "FILE")]
    comment: Option<DigestSource>,
}

impl RatingArguments {
    pub(super) fn operation(self, algorithm: DigestAlgorithm) -> Made {
        let rating = Rating {
            about: self.about.about(algorithm)?,
            level: self.level,
            channel: self.channel,
            comment: optional_digest(self.comment.as_ref(), "--comment")?,
        };
        Ok((EvidenceOperation::Rating(rating), self.about.receipt))
    }
}
