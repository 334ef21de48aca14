//! Steps of a data share (政务数据共享).

use clap::Args;
use huxin_chain_spec::crypto::{Digest, DigestAlgorithm};
use huxin_chain_spec::ids::{BasisCode, Uscc, share_ref};
use huxin_chain_spec::record::EvidenceOperation;
use huxin_chain_spec::record::evidence::{ShareAnswer, ShareDelivery, ShareRequest, ShareReturn};
use huxin_chain_spec::record::publication::PublicationKey;

use super::{AboutArguments, Made};
use crate::commands::arguments::{DigestSource, DocumentSource, ReceiptFile, publication_key};
use crate::dates::End;
use crate::sdk::random_bytes;

/// 数据共享申请.
#[derive(Debug, Clone, Args)]
pub struct RequestArguments {
    #[command(flatten)]
    about: AboutArguments,
    /// Unified social credit code of the organisation that asks: that of the signing key.
    #[arg(long)]
    requester: Uscc,
    /// Digest by which the requester calls this request; a random one if absent. The answers name the reference that is printed.
    #[arg(long, value_name = "HEX")]
    name: Option<Digest>,
    /// Unified social credit code of the organisation that holds the data.
    #[arg(long)]
    provider: Uscc,
    /// The data catalogue: data-catalogue/SCOPE/CODE (政务数据共享清单目录).
    #[arg(long, value_name = "KIND/SCOPE/CODE", value_parser = publication_key)]
    catalogue: PublicationKey,
    /// Version of the catalogue.
    #[arg(long, value_name = "N")]
    catalogue_version: u32,
    /// Digest of the resource's entry in the catalogue.
    #[arg(long, value_name = "HEX or FILE")]
    resource: DigestSource,
    /// Most records that are asked for.
    #[arg(long, value_name = "N")]
    records_max: u32,
    /// Last day for an answer, 2026-12-31, or the first moment after it (RFC 3339).
    #[arg(long, value_name = "DAY")]
    due: End,
}

impl RequestArguments {
    pub(super) fn operation(self, algorithm: DigestAlgorithm) -> Made {
        let name = match self.name {
            Some(name) => name,
            None => Digest(random_bytes()?),
        };
        let request = ShareRequest {
            about: self.about.about(algorithm)?,
            request: share_ref(algorithm, &self.requester, &name),
            name,
            provider: self.provider,
            catalogue: self.catalogue,
            catalogue_version: self.catalogue_version,
            resource: self.resource.digest("--resource")?,
            records_max: self.records_max,
            due_ms: self.due.first_moment_after(),
        };
        Ok((EvidenceOperation::ShareRequest(request), self.about.receipt))
    }
}

/// An answer to a request, or the return of a delivery.
#[derive(Debug, Clone, Args)]
pub struct AnswerArguments {
    /// Reference of the request.
    request: Digest,
    /// Code of the basis or reason.
    #[arg(long)]
    basis: BasisCode,
    #[command(flatten)]
    pub(super) receipt: ReceiptFile,
}

impl AnswerArguments {
    pub(super) fn answer(&self) -> ShareAnswer {
        ShareAnswer { request: self.request, basis: self.basis.clone() }
    }

    pub(super) fn give_back(&self) -> ShareReturn {
        ShareReturn { request: self.request, basis: self.basis.clone() }
    }
}

/// 数据提供.
#[derive(Debug, Clone, Args)]
pub struct DeliverArguments {
    /// Reference of the request.
    request: Digest,
    /// Number of records.
    #[arg(long, value_name = "N")]
    records: u32,
    /// What was delivered; only its digests and length go on the ledger.
    #[arg(long, value_name = "FILE")]
    payload: DocumentSource,
    #[command(flatten)]
    receipt: ReceiptFile,
}

impl DeliverArguments {
    pub(super) fn operation(self) -> Made {
        let (request, payload) = (self.request, self.payload.document("--payload")?);
        let delivery = ShareDelivery { request, records: self.records, payload };
        Ok((EvidenceOperation::ShareDeliver(delivery), self.receipt))
    }
}
