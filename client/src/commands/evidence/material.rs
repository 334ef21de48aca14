//! Materials, the demand for them, licences used instead of them, and destroyed keys.

use clap::Args;
use huxin_chain_spec::crypto::{DigestAlgorithm, ParseDigestError};
use huxin_chain_spec::ids::{BasisCode, MaterialCode, TimeMs, Uscc};
use huxin_chain_spec::record::EvidenceOperation;
use huxin_chain_spec::record::evidence::{
    DataClass, Erasure, Ground, LicenceUse, Material, MaterialDemand, MaterialOrigin, UseResult,
};

use super::{AboutArguments, Made};
use crate::commands::arguments::{DigestSource, DocumentSource, licence_ref, optional_digest, word};
use crate::dates::End;
use crate::error::ClientError;
use crate::say;
use crate::sdk::clock;

/// 材料.
#[derive(Debug, Clone, Args)]
pub struct MaterialArguments {
    #[command(flatten)]
    about: AboutArguments,
    /// 材料编码.
    #[arg(long)]
    material: MaterialCode,
    /// The material's file; only its digests and length go on the ledger.
    #[arg(long, value_name = "FILE")]
    document: DocumentSource,
    /// Where it comes from: applicant, share:REQUEST, or licence:LICENCE.
    #[arg(long, default_value = "applicant")]
    origin: String,
    /// Other agencies can obtain it through data sharing, so that it may not be demanded again.
    #[arg(long)]
    shareable: bool,
    /// Last day on which it serves, 2036-12-31, or the first moment after it (RFC 3339).
    #[arg(long, value_name = "DAY")]
    valid_until: Option<End>,
    /// Report on the material's electronic signature.
    #[arg(long, value_name = "FILE")]
    signature_report: Option<DigestSource>,
    /// general, personal, sensitive-personal, commercial or important (数据分类分级).
    #[arg(long, value_parser = word::<DataClass>)]
    class: DataClass,
    /// consent (个人同意) or statutory-duty (履行法定职责).
    #[arg(long, value_parser = word::<Ground>)]
    ground: Ground,
}

impl MaterialArguments {
    pub(super) fn operation(self, algorithm: DigestAlgorithm) -> Made {
        let material = Material {
            about: self.about.about(algorithm)?,
            material: self.material,
            document: self.document.document("--document")?,
            origin: origin(algorithm, &self.origin)?,
            shareable: self.shareable,
            valid_until_ms: self.valid_until.map(End::first_moment_after),
            signature_report: optional_digest(self.signature_report.as_ref(), "--signature-report")?,
            class: self.class,
            ground: self.ground,
        };
        Ok((EvidenceOperation::Material(material), self.about.receipt))
    }
}

fn origin(algorithm: DigestAlgorithm, text: &str) -> Result<MaterialOrigin, ClientError> {
    match text.split_once(':') {
        None if text == "applicant" => Ok(MaterialOrigin::Applicant),
        Some(("share", request)) => {
            let request = request.parse().map_err(|error: ParseDigestError| ClientError::at("--origin", error))?;
            Ok(MaterialOrigin::Share { request })
        }
        Some(("licence", licence)) => Ok(MaterialOrigin::Licence { licence: licence_ref(algorithm, licence)? }),
        _ => {
            let said = say!(
                "there is no origin {text:?}; write applicant, share:REQUEST or licence:LICENCE",
                "没有 {text:?} 这种来源，请写 applicant、share:REQUEST 或 licence:LICENCE"
            );
            Err(ClientError::at("--origin", said))
        }
    }
}

/// 索要材料.
#[derive(Debug, Clone, Args)]
pub struct DemandArguments {
    #[command(flatten)]
    about: AboutArguments,
    /// 材料编码.
    #[arg(long)]
    material: MaterialCode,
    /// Unified social credit code of the organisation on whose file it is, where that is another.
    #[arg(long, value_name = "CODE")]
    held_by: Option<Uscc>,
    /// Code of the legal basis.
    #[arg(long)]
    basis: BasisCode,
}

impl DemandArguments {
    pub(super) fn operation(self, algorithm: DigestAlgorithm) -> Made {
        let about = self.about.about(algorithm)?;
        let demand = MaterialDemand { about, material: self.material, held_by: self.held_by, basis: self.basis };
        Ok((EvidenceOperation::MaterialDemand(demand), self.about.receipt))
    }
}

/// 调取电子证照.
#[derive(Debug, Clone, Args)]
pub struct UseArguments {
    /// Identifier (电子证照标识), or reference on the ledger (64 hex).
    licence: String,
    #[command(flatten)]
    about: AboutArguments,
    /// relied, not-relied or unavailable.
    #[arg(long, value_parser = word::<UseResult>)]
    result: UseResult,
}

impl UseArguments {
    pub(super) fn operation(self, algorithm: DigestAlgorithm) -> Made {
        let (about, licence) = (self.about.about(algorithm)?, licence_ref(algorithm, &self.licence)?);
        let usage = LicenceUse { about, licence, result: self.result };
        Ok((EvidenceOperation::LicenceUse(usage), self.about.receipt))
    }
}

/// 数据销毁.
#[derive(Debug, Clone, Args)]
pub struct ErasureArguments {
    #[command(flatten)]
    about: AboutArguments,
    /// Digest that names the destroyed key in its holder's key register.
    #[arg(long, value_name = "HEX")]
    erased_key: DigestSource,
    /// general, personal, sensitive-personal, commercial or important (数据分类分级).
    #[arg(long, value_parser = word::<DataClass>)]
    class: DataClass,
    /// Code of the legal basis.
    #[arg(long)]
    basis: BasisCode,
    /// When it was destroyed; now if absent.
    #[arg(long, value_name = "TIME")]
    erased: Option<TimeMs>,
    /// Protocol of the destruction.
    #[arg(long, value_name = "FILE")]
    report: DigestSource,
}

impl ErasureArguments {
    pub(super) fn operation(self, algorithm: DigestAlgorithm) -> Made {
        let erasure = Erasure {
            about: self.about.about(algorithm)?,
            key: self.erased_key.digest("--erased-key")?,
            class: self.class,
            basis: self.basis,
            erased_ms: self.erased.unwrap_or_else(clock),
            report: self.report.digest("--report")?,
        };
        Ok((EvidenceOperation::Erasure(erasure), self.about.receipt))
    }
}
