//! From a seal's file (.esl) to the record that files it.

use std::path::Path;

use huxin_chain_spec::crypto::PublicKey;
use huxin_chain_spec::ids::{IdError, RegionCode, TimeMs, Uscc};
use huxin_chain_spec::record::seal::Seal;
use huxin_document::TrustList;
use huxin_document::report::{CertificateFacts, Check, FileKind, Outcome, Verdict, Weight};

use super::read::{Examined, examine};
use crate::error::ClientError;
use crate::say;

/// Digits of the region at the front of a seal's number, and in a social credit code from its third character on.
const REGION_DIGITS: usize = 6;
/// Characters of a social credit code.
const USCC_CHARACTERS: usize = 18;
/// Ends of validity are written to the second, and belong to it.
const SECOND_MS: u64 = 1_000;

/// What the command line says of a seal besides its file; the file's own word where it is left out.
#[derive(Debug, Clone, Default)]
pub struct Stated {
    pub owner: Option<Uscc>,
    pub owner_region: Option<RegionCode>,
    pub maker: Option<Uscc>,
    /// Keys that sign with the seal, where its file lists digests of certificates instead of certificates.
    pub keys: Vec<PublicKey>,
}

/// A seal read from its file, with the codes of what is odd about it.
#[derive(Debug, Clone)]
pub struct ReadSeal {
    pub seal: Seal,
    pub warnings: Vec<String>,
}

/// Reads a seal's file: number, owner, maker, certificates, keys and validity.
///
/// # Errors
/// [`ClientError::Document`] where the file is no seal, or its maker's signature or any other check fails;
/// [`ClientError::Input`] where neither file nor command line say who owns or made it.
pub fn seal_from_file(path: &Path, stated: &Stated, trust: Option<&TrustList>) -> Result<ReadSeal, ClientError> {
    let examined = examine(path, trust, None)?;
    let report = &examined.report;
    let facts = match (&report.seal, report.kind) {
        (Some(facts), FileKind::Seal) => facts,
        _ => {
            return Err(ClientError::at(
                path.display().to_string(),
                say!("the file is not an electronic seal (.esl)", "该文件不是电子印章（.esl）"),
            ));
        }
    };
    if report.cryptography != Verdict::Valid || report.verdict == Verdict::Invalid {
        return Err(examined.refusal());
    }
    let missing = |option: &str| {
        ClientError::at(option, say!("needed, for the seal's file does not say", "印章文件中没有，必须给出"))
    };
    let signer = facts.signers.first();
    let owner = stated
        .owner
        .or_else(|| facts.owner.as_ref().and_then(|owner| owner.uscc.as_deref()?.parse().ok()))
        .or_else(|| signer.and_then(organisation_of))
        .ok_or_else(|| missing("--owner"))?;
    let maker = facts.maker.as_ref().ok_or_else(|| missing("--maker-certificate"))?;
    let listed = facts.signers.iter().filter_map(|signer| signer.point).map(PublicKey::Sm2);
    let mut keys: Vec<PublicKey> = listed.chain(stated.keys.iter().copied()).collect();
    keys.sort_unstable();
    keys.dedup();
    if keys.is_empty() {
        return Err(missing("--seal-key"));
    }
    if facts.signers_with_z == Some(true) {
        let said = say!(
            "its list holds digests with Z before the certificate, which GB/T 38540 does not say; have the seal made again",
            "其证书列表的摘要带有 Z 值，不符合 GB/T 38540，请重新制作印章"
        );
        return Err(ClientError::at(path.display().to_string(), said));
    }
    let mut certificates = facts.signers_sm3.clone();
    certificates.sort_unstable();
    certificates.dedup();
    let seal = Seal {
        seal: facts.id.parse().map_err(|error: IdError| ClientError::at("number of the seal in the file", error))?,
        owner,
        owner_region: stated
            .owner_region
            .or_else(|| region_at_front(&facts.id))
            .or_else(|| region_at_front(owner.to_string().get(2..)?))
            .ok_or_else(|| missing("--owner-region"))?,
        maker: stated.maker.or_else(|| organisation_of(maker)).ok_or_else(|| missing("--maker"))?,
        maker_certificate: maker.sm3,
        certificates,
        keys,
        document: examined.document,
        valid_from_ms: facts.valid_from,
        valid_until_ms: until(facts.valid_to),
    };
    Ok(ReadSeal { seal, warnings: examined.warnings() })
}

/// The first moment after an end of validity as files write it.
pub(super) fn until(end: TimeMs) -> TimeMs {
    end.plus_ms(SECOND_MS)
}

/// The region whose code these characters begin with.
pub(super) fn region_at_front(text: &str) -> Option<RegionCode> {
    let region: RegionCode = text.get(..REGION_DIGITS)?.parse().ok()?;
    region.check().is_ok().then_some(region)
}

/// The social credit code at the front of the O of a certificate's subject (`O=<code><name>`), as seals of authorities write it.
pub(super) fn organisation_of(certificate: &CertificateFacts) -> Option<Uscc> {
    let parts = certificate.subject.split(',').filter_map(|part| part.trim().strip_prefix("O="));
    parts.filter_map(|name| name.get(..USCC_CHARACTERS)?.parse::<Uscc>().ok()).find(|code| code.check().is_ok())
}

impl Examined {
    /// Codes of what is odd about the file and no reason to refuse it, each once: warnings, and checks that stay open for another reason
    /// than a trust list.
    pub fn warnings(&self) -> Vec<String> {
        let signatures = &self.report.signatures;
        let warnings = self.report.warnings.iter().chain(signatures.iter().flat_map(|signature| &signature.warnings));
        let checks = self.report.checks.0.iter().chain(signatures.iter().flat_map(|signature| &signature.checks.0));
        let is_open = |check: &&Check| {
            let asks_trust_list = check.name.ends_with("_chain") || check.name.ends_with("_revocation");
            check.result == Outcome::Unknown && check.weight == Weight::Policy && !asks_trust_list
        };
        let open = checks.filter(is_open).filter_map(|check| check.code);
        let codes = warnings.map(|warning| warning.code).chain(open);
        let mut codes: Vec<String> = codes.map(|code| code.code().to_owned()).collect();
        codes.sort_unstable();
        codes.dedup();
        codes
    }

    /// The error that says which checks of the file did not pass.
    pub fn refusal(&self) -> ClientError {
        let path = self.path.display().to_string();
        if self.report.verdict == Verdict::Unsigned {
            let sentence = "it is not sealed (UNSIGNED) 文件未加盖电子印章".to_owned();
            return ClientError::Document { path, reasons: vec!["UNSIGNED"], sentence };
        }
        let reasons = &self.report.reasons;
        let sentences = reasons.iter().map(|reason| format!("{} ({}) {}", reason.en(), reason.code(), reason.zh()));
        ClientError::Document {
            path,
            sentence: sentences.collect::<Vec<_>>().join("; "),
            reasons: reasons.iter().map(|reason| reason.code()).collect(),
        }
    }
}
