//! Evidence records: what happened around cases and licences, each with the purpose it served.
//!
//! Nothing here is ever changed or deleted by a later record. Persons appear as keyed commitments only, files as digests. A step
//! of a data share names its request, and the request names purpose, case and subject.

mod material;
mod report;
mod service;
mod share;

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

use crate::crypto::Digest;
use crate::ids::{CaseRef, PurposeCode};

pub use material::{DataClass, Erasure, Ground, LicenceUse, Material, MaterialDemand, MaterialOrigin, UseResult};
pub use report::{
    Checkpoint, IntermediaryReport, METRIC_SCALE_MAX, MatchDecision, MatchResult, MetricStatement, Opinion,
};
pub use service::{
    ArchiveDeposit, Assertion, AssuranceLevel, DecisionPublication, Delivery, DeliveryStage, IdentityCheck, Rating,
    RatingChannel, RatingLevel, Retention, SESSION_PARTICIPANTS_MAX, Session, Visit, VisitReason,
};
pub use share::{ShareAnswer, ShareDelivery, ShareRequest, ShareReturn};

/// What may be recorded as evidence. The variant order is the wire tag.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum EvidenceOperation {
    /// A material was put on file (C13).
    Material(Material),
    /// An agency demanded a material from the applicant (C14).
    MaterialDemand(MaterialDemand),
    /// A licence was looked up for a purpose (C2).
    LicenceUse(LicenceUse),
    /// Data of another organisation was asked for (E9).
    ShareRequest(ShareRequest),
    /// The provider grants a request.
    ShareApprove(ShareAnswer),
    /// The provider denies a request.
    ShareDeny(ShareAnswer),
    /// The provider delivered what was granted.
    ShareDeliver(ShareDelivery),
    /// The requester returns a faulty delivery.
    ShareReturn(ShareReturn),
    /// A subject was authenticated (E10).
    Assertion(Assertion),
    /// Remote help with identity check (E11).
    Session(Session),
    /// A case's files were handed to an archive (E15).
    ArchiveDeposit(ArchiveDeposit),
    /// A stage of a courier delivery (E21).
    Delivery(Delivery),
    /// The applicant came in person (E26).
    Visit(Visit),
    /// The one rating of a case (E24).
    Rating(Rating),
    /// A statistic with the records it was computed from (E20).
    MetricStatement(MetricStatement),
    /// Report of an intermediary (E31).
    IntermediaryReport(IntermediaryReport),
    /// A decision was made public (E28).
    DecisionPublication(DecisionPublication),
    /// A policy was matched with a subject without application (E14).
    MatchDecision(MatchDecision),
    /// A key was destroyed, so that commitments or contents under it can no longer be opened (E16).
    Erasure(Erasure),
    /// An auditor's opinion on a block (C17).
    Checkpoint(Checkpoint),
}

/// What a piece of evidence is about.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct About {
    /// Why it happened.
    pub purpose: PurposeCode,
    /// The case it belongs to, which must be on the ledger.
    pub case: Option<CaseRef>,
    /// Keyed commitment to the person or organisation it concerns, made with a key that only the recording side holds.
    pub subject: Option<Digest>,
}

impl EvidenceOperation {
    /// The kind tag on the wire.
    pub fn kind(&self) -> u8 {
        match self {
            Self::Material(_) => 0,
            Self::MaterialDemand(_) => 1,
            Self::LicenceUse(_) => 2,
            Self::ShareRequest(_) => 3,
            Self::ShareApprove(_) => 4,
            Self::ShareDeny(_) => 5,
            Self::ShareDeliver(_) => 6,
            Self::ShareReturn(_) => 7,
            Self::Assertion(_) => 8,
            Self::Session(_) => 9,
            Self::ArchiveDeposit(_) => 10,
            Self::Delivery(_) => 11,
            Self::Visit(_) => 12,
            Self::Rating(_) => 13,
            Self::MetricStatement(_) => 14,
            Self::IntermediaryReport(_) => 15,
            Self::DecisionPublication(_) => 16,
            Self::MatchDecision(_) => 17,
            Self::Erasure(_) => 18,
            Self::Checkpoint(_) => 19,
        }
    }

    /// Stable name for people and filters.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Material(_) => "evidence.material",
            Self::MaterialDemand(_) => "evidence.material_demand",
            Self::LicenceUse(_) => "evidence.licence_use",
            Self::ShareRequest(_) => "evidence.share_request",
            Self::ShareApprove(_) => "evidence.share_approve",
            Self::ShareDeny(_) => "evidence.share_deny",
            Self::ShareDeliver(_) => "evidence.share_deliver",
            Self::ShareReturn(_) => "evidence.share_return",
            Self::Assertion(_) => "evidence.assertion",
            Self::Session(_) => "evidence.session",
            Self::ArchiveDeposit(_) => "evidence.archive_deposit",
            Self::Delivery(_) => "evidence.delivery",
            Self::Visit(_) => "evidence.visit",
            Self::Rating(_) => "evidence.rating",
            Self::MetricStatement(_) => "evidence.metric_statement",
            Self::IntermediaryReport(_) => "evidence.intermediary_report",
            Self::DecisionPublication(_) => "evidence.decision_publication",
            Self::MatchDecision(_) => "evidence.match_decision",
            Self::Erasure(_) => "evidence.erasure",
            Self::Checkpoint(_) => "evidence.checkpoint",
        }
    }

    /// What it is about. `None` for evidence about neither a case nor a subject, and for the later steps of a data share, whose request
    /// says it.
    pub fn about(&self) -> Option<&About> {
        match self {
            Self::Material(material) => Some(&material.about),
            Self::MaterialDemand(demand) => Some(&demand.about),
            Self::LicenceUse(usage) => Some(&usage.about),
            Self::ShareRequest(request) => Some(&request.about),
            Self::Assertion(assertion) => Some(&assertion.about),
            Self::Session(session) => Some(&session.about),
            Self::ArchiveDeposit(deposit) => Some(&deposit.about),
            Self::Delivery(delivery) => Some(&delivery.about),
            Self::Visit(visit) => Some(&visit.about),
            Self::Rating(rating) => Some(&rating.about),
            Self::IntermediaryReport(report) => Some(&report.about),
            Self::DecisionPublication(publication) => Some(&publication.about),
            Self::MatchDecision(decision) => Some(&decision.about),
            Self::Erasure(erasure) => Some(&erasure.about),
            Self::ShareApprove(_)
            | Self::ShareDeny(_)
            | Self::ShareDeliver(_)
            | Self::ShareReturn(_)
            | Self::MetricStatement(_)
            | Self::Checkpoint(_) => None,
        }
    }

    /// The purpose; `None` for the later steps of a data share, whose request says it.
    pub fn purpose(&self) -> Option<&PurposeCode> {
        match self {
            Self::MetricStatement(statement) => Some(&statement.purpose),
            Self::Checkpoint(checkpoint) => Some(&checkpoint.purpose),
            _ => self.about().map(|about| &about.purpose),
        }
    }

    /// The data share this is a step of, if it is one.
    pub fn share(&self) -> Option<&Digest> {
        match self {
            Self::ShareRequest(request) => Some(&request.request),
            Self::ShareApprove(answer) | Self::ShareDeny(answer) => Some(&answer.request),
            Self::ShareDeliver(delivery) => Some(&delivery.request),
            Self::ShareReturn(step) => Some(&step.request),
            _ => None,
        }
    }
}
