//! Figures, reports of third parties, decisions made public, and opinions of auditors.

use clap::Args;
use huxin_chain_spec::crypto::{Digest, DigestAlgorithm};
use huxin_chain_spec::ids::{Height, ItemCode, PublicationCode, PurposeCode, RecordIndex, RegionCode, TimeMs, Uscc};
use huxin_chain_spec::record::EvidenceOperation;
use huxin_chain_spec::record::evidence::{
    Checkpoint, DecisionPublication, IntermediaryReport, METRIC_SCALE_MAX, MatchDecision, MatchResult, MetricStatement,
    Opinion,
};
use huxin_chain_spec::record::publication::PublicationKey;

use super::{AboutArguments, Made};
use crate::commands::arguments::{DigestSource, DocumentSource, ReceiptFile, licence_ref, publication_key, word};
use crate::dates::End;
use crate::said::Said;
use crate::say;

/// 效能统计.
#[derive(Debug, Clone, Args)]
pub struct MetricArguments {
    /// Code of the purpose.
    #[arg(long)]
    purpose: PurposeCode,
    /// Code of the metric as its definition is published.
    #[arg(long)]
    metric: PublicationCode,
    /// Definition or program that computes it.
    #[arg(long, value_name = "FILE")]
    definition: DigestSource,
    /// Region it is about.
    #[arg(long)]
    region: RegionCode,
    /// The item it is limited to.
    #[arg(long)]
    item: Option<ItemCode>,
    /// First record it is computed from.
    #[arg(long, value_name = "RECORD")]
    first: RecordIndex,
    /// First record it is not computed from.
    #[arg(long, value_name = "RECORD")]
    end: RecordIndex,
    /// The figure, with up to nine decimals: 98.75.
    #[arg(long, value_name = "NUMBER", value_parser = decimal)]
    value: Decimal,
    #[command(flatten)]
    receipt: ReceiptFile,
}

/// A figure without its decimal point, and how many decimals it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decimal {
    value: u64,
    scale: u8,
}

/// Reads a figure. Its decimals are kept as written: 98.50 has two.
fn decimal(text: &str) -> Result<Decimal, Said> {
    let wrong = || {
        say!(
            "{text:?} is not a figure of digits with up to {METRIC_SCALE_MAX} decimals after a point",
            "{text:?} 不是数字，小数点后最多 {METRIC_SCALE_MAX} 位"
        )
    };
    let (whole, fraction) = text.split_once('.').map_or((text, None), |(whole, fraction)| (whole, Some(fraction)));
    let digits = format!("{whole}{}", fraction.unwrap_or_default());
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let scale = u8::try_from(fraction.unwrap_or_default().len()).map_err(|_| wrong())?;
    if !is_digits(whole) || fraction.is_some_and(|fraction| !is_digits(fraction)) || scale > METRIC_SCALE_MAX {
        return Err(wrong());
    }
    let value = digits.parse().map_err(|_| wrong())?;
    Ok(Decimal { value, scale })
}

impl MetricArguments {
    pub(super) fn operation(self) -> Made {
        let statement = MetricStatement {
            purpose: self.purpose,
            metric: self.metric,
            definition: self.definition.digest("--definition")?,
            region: self.region,
            item: self.item,
            first: self.first,
            end: self.end,
            value: self.value.value,
            scale: self.value.scale,
        };
        Ok((EvidenceOperation::MetricStatement(statement), self.receipt))
    }
}

/// 中介服务.
#[derive(Debug, Clone, Args)]
pub struct ReportArguments {
    #[command(flatten)]
    about: AboutArguments,
    /// The report's file; only its digests and length go on the ledger.
    #[arg(long, value_name = "FILE")]
    report: DocumentSource,
    /// Unified social credit code of the institution: the organisation of the signing key.
    #[arg(long)]
    institution: Uscc,
    /// The institution's licence, by identifier or reference.
    #[arg(long)]
    licence: String,
}

impl ReportArguments {
    pub(super) fn operation(self, algorithm: DigestAlgorithm) -> Made {
        let report = IntermediaryReport {
            about: self.about.about(algorithm)?,
            report: self.report.document("--report")?,
            institution: self.institution,
            licence: licence_ref(algorithm, &self.licence)?,
        };
        Ok((EvidenceOperation::IntermediaryReport(report), self.about.receipt))
    }
}

/// 决定公开.
#[derive(Debug, Clone, Args)]
pub struct DecisionArguments {
    #[command(flatten)]
    about: AboutArguments,
    /// The decision as it was made public.
    #[arg(long, value_name = "FILE")]
    decision: DigestSource,
    /// Code of the redaction profile that was applied.
    #[arg(long)]
    redaction: PublicationCode,
    /// First day of the publicity period, 2026-12-01, or its first moment (RFC 3339).
    #[arg(long, value_name = "DAY")]
    from: TimeMs,
    /// Last day of the publicity period, 2026-12-31, or the first moment after it (RFC 3339).
    #[arg(long, value_name = "DAY")]
    until: End,
}

impl DecisionArguments {
    pub(super) fn operation(self, algorithm: DigestAlgorithm) -> Made {
        let publication = DecisionPublication {
            about: self.about.about(algorithm)?,
            decision: self.decision.digest("--decision")?,
            redaction: self.redaction,
            from_ms: self.from,
            until_ms: self.until.first_moment_after(),
        };
        Ok((EvidenceOperation::DecisionPublication(publication), self.about.receipt))
    }
}

/// 免申即享.
#[derive(Debug, Clone, Args)]
pub struct MatchArguments {
    #[command(flatten)]
    about: AboutArguments,
    /// policy/SCOPE/CODE.
    #[arg(long, value_name = "KIND/SCOPE/CODE", value_parser = publication_key)]
    policy: PublicationKey,
    /// Version of the policy.
    #[arg(long, value_name = "N")]
    version: u32,
    /// granted, not-eligible or declined.
    #[arg(long, value_parser = word::<MatchResult>)]
    result: MatchResult,
    /// The comparison: data sources, rule and outcome.
    #[arg(long, value_name = "FILE")]
    report: DigestSource,
    /// Keyed commitment to the payment.
    #[arg(long, value_name = "HEX")]
    payment: Option<Digest>,
}

impl MatchArguments {
    pub(super) fn operation(self, algorithm: DigestAlgorithm) -> Made {
        let decision = MatchDecision {
            about: self.about.about(algorithm)?,
            policy: self.policy,
            version: self.version,
            result: self.result,
            report: self.report.digest("--report")?,
            payment: self.payment,
        };
        Ok((EvidenceOperation::MatchDecision(decision), self.about.receipt))
    }
}

/// 审计意见. The figures are those that `huxin audit replay` prints.
#[derive(Debug, Clone, Args)]
pub struct CheckpointArguments {
    /// Code of the purpose.
    #[arg(long)]
    purpose: PurposeCode,
    /// Height of the block.
    #[arg(long)]
    height: Height,
    /// Hash of the block's header, as the auditor computed it.
    #[arg(long, value_name = "HEX")]
    block: Digest,
    /// Records in the log after that block.
    #[arg(long, value_name = "N")]
    log_size: u64,
    /// Root of the log after that block.
    #[arg(long, value_name = "HEX")]
    log_root: Digest,
    /// Root of the map after that block.
    #[arg(long, value_name = "HEX")]
    map_root: Digest,
    /// conforms or deviates.
    #[arg(long, value_parser = word::<Opinion>)]
    opinion: Opinion,
    /// The auditor's report.
    #[arg(long, value_name = "FILE")]
    report: DigestSource,
    #[command(flatten)]
    receipt: ReceiptFile,
}

impl CheckpointArguments {
    pub(super) fn operation(self) -> Made {
        let checkpoint = Checkpoint {
            purpose: self.purpose,
            height: self.height,
            block: self.block,
            log_size: self.log_size,
            log_root: self.log_root,
            map_root: self.map_root,
            opinion: self.opinion,
            report: self.report.digest("--report")?,
        };
        Ok((EvidenceOperation::Checkpoint(checkpoint), self.receipt))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures() {
        assert_eq!(decimal("98.75"), Ok(Decimal { value: 9_875, scale: 2 }));
        assert_eq!(decimal("98.50"), Ok(Decimal { value: 9_850, scale: 2 }));
        assert_eq!(decimal("7"), Ok(Decimal { value: 7, scale: 0 }));
        for wrong in ["", ".5", "5.", "-1", "1.2.3", "1,5", "1.0000000001", "99999999999999999999"] {
            assert!(decimal(wrong).is_err(), "{wrong}");
        }
    }
}
