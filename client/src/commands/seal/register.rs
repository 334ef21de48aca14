//! `huxin seal register` and `replace`: a seal as it is filed, from its file or from what the command line says.

use std::path::PathBuf;

use clap::Args;
use huxin_chain_spec::ids::{RegionCode, SealId, TimeMs, Uscc};
use huxin_chain_spec::record::seal::Seal;

use crate::commands::arguments::{CertificateSource, DocumentSource, sorted};
use crate::commands::issue::region_of;
use crate::commands::keys::public_key;
use crate::dates::End;
use crate::error::ClientError;
use crate::say;
use crate::sealed::{ReadSeal, Stated, seal_from_file, trust_list};

/// A seal as it is filed: read from its file, or said in full.
#[derive(Debug, Clone, Args)]
pub struct SealArguments {
    /// The seal's file (.esl): number, owner, maker, certificates, keys and validity are read from it.
    #[arg(value_name = "FILE.esl")]
    file: Option<PathBuf>,
    /// Certificates and revocation lists by which the maker is judged: a file, or a folder.
    #[arg(long, value_name = "DIR|FILE", requires = "file")]
    trust_list: Option<PathBuf>,
    /// Unified social credit code of the owner (印章所有者); the file's own word if absent.
    #[arg(long, required_unless_present = "file")]
    owner: Option<Uscc>,
    /// Region of the owner; from the seal's number or the owner's code if absent.
    #[arg(long, value_name = "REGION")]
    owner_region: Option<RegionCode>,
    /// Unified social credit code of the maker (制章者); from its certificate if absent.
    #[arg(long, required_unless_present = "file")]
    maker: Option<Uscc>,
    /// Key that signs with the seal: `sm2:<hex>`, `ed25519:<hex>`, or a key file; give several. From a file that lists digests of
    /// certificates the keys cannot be read.
    #[arg(long = "seal-key", value_name = "KEY", required_unless_present = "file")]
    keys: Vec<String>,
    /// 印章编码, without a file.
    #[arg(long, required_unless_present = "file", conflicts_with = "file")]
    seal: Option<SealId>,
    /// The maker's certificate, without a file.
    #[arg(long, value_name = "CERTIFICATE", required_unless_present = "file", conflicts_with = "file")]
    maker_certificate: Option<CertificateSource>,
    /// Signer certificate in the seal, without a file; give several.
    #[arg(long = "certificate", value_name = "CERTIFICATE", required_unless_present = "file", conflicts_with = "file")]
    certificates: Vec<CertificateSource>,
    /// The seal's file where it cannot be read here.
    #[arg(long, value_name = "FILE", required_unless_present = "file", conflicts_with = "file")]
    document: Option<DocumentSource>,
    /// First day of validity, without a file: 2026-11-21, or its first moment (RFC 3339).
    #[arg(long, value_name = "DAY", required_unless_present = "file", conflicts_with = "file")]
    valid_from: Option<TimeMs>,
    /// Last day of validity, without a file: 2036-12-31, or the first moment after it (RFC 3339).
    #[arg(long, value_name = "DAY", required_unless_present = "file", conflicts_with = "file")]
    valid_until: Option<End>,
}

impl SealArguments {
    /// The seal, with the codes of what is odd about its file.
    pub(super) fn seal(self) -> Result<ReadSeal, ClientError> {
        let keys = self.keys.iter().map(|text| public_key(text)).collect::<Result<_, _>>()?;
        if let Some(file) = &self.file {
            let trust = trust_list(self.trust_list.as_deref())?;
            let stated = Stated { owner: self.owner, owner_region: self.owner_region, maker: self.maker, keys };
            return seal_from_file(file, &stated, trust.as_ref());
        }
        // The command line requires each of them where there is no file.
        let missing =
            |option: &str| ClientError::at(option, say!("needed without a file of the seal", "没有印章文件时必须给出"));
        let certificates = self.certificates.iter().map(|source| source.digest("--certificate"));
        let maker_certificate = self.maker_certificate.ok_or_else(|| missing("--maker-certificate"))?;
        let owner = self.owner.ok_or_else(|| missing("--owner"))?;
        let seal = Seal {
            owner_region: self.owner_region.map_or_else(|| region_of(&owner), Ok)?,
            seal: self.seal.ok_or_else(|| missing("--seal"))?,
            owner,
            maker: self.maker.ok_or_else(|| missing("--maker"))?,
            maker_certificate: maker_certificate.digest("--maker-certificate")?,
            certificates: sorted(certificates.collect::<Result<_, _>>()?),
            keys: sorted(keys),
            document: self.document.ok_or_else(|| missing("--document"))?.document("--document")?,
            valid_from_ms: self.valid_from.ok_or_else(|| missing("--valid-from"))?,
            valid_until_ms: self.valid_until.ok_or_else(|| missing("--valid-until"))?.first_moment_after(),
        };
        Ok(ReadSeal { seal, warnings: Vec::new() })
    }
}
