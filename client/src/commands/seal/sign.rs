//! `huxin seal sign`: a signature made with a seal's key, and its record.

use std::path::{Path, PathBuf};

use clap::Args;
use huxin_chain_spec::crypto::{Signer as _, SigningKey};
use huxin_chain_spec::ids::TimeMs;
use huxin_chain_spec::record::SealOperation;
use huxin_chain_spec::record::seal::{SealAddress, SealSignature, SignatureStructure};

use super::address;
use crate::commands::arguments::{CertificateSource, DigestSource, ReceiptFile, word};
use crate::commands::context::Global;
use crate::error::ClientError;
use crate::keys;
use crate::sdk::{clock, document_of};

/// Signs a file's digest with a seal.
#[derive(Debug, Clone, Args)]
pub struct Sign {
    /// The file that is signed.
    file: PathBuf,
    /// The seal: PROVINCE/NUMBER.
    #[arg(long, value_parser = address)]
    seal: SealAddress,
    /// Key file of the seal; it signs the file, while --key signs the transaction.
    #[arg(long, value_name = "FILE")]
    seal_key: PathBuf,
    /// The signer's certificate, one of those in the seal.
    #[arg(long, value_name = "FILE")]
    certificate: CertificateSource,
    /// The digest that is signed; the file's SHA-256 if absent.
    #[arg(long, value_name = "HEX")]
    message: Option<DigestSource>,
    /// Structure of the signature in the file: v1, v4, v5, gbt35275 or bare.
    #[arg(long, default_value = "bare", value_parser = word::<SignatureStructure>)]
    structure: SignatureStructure,
    /// Signing time by the signer's own clock; now if absent.
    #[arg(long, value_name = "TIME")]
    claimed: Option<TimeMs>,
    /// Report of whoever verified the file.
    #[arg(long, value_name = "FILE")]
    report: DigestSource,
    #[command(flatten)]
    receipt: ReceiptFile,
}

impl Sign {
    pub(super) fn operation(self, global: &Global) -> Result<(SealOperation, ReceiptFile), ClientError> {
        let (_, key) = keys::open(&self.seal_key, || global.passphrase(&self.seal_key))?;
        self.signed(&key)
    }

    /// The record, with the signature of `key`.
    pub(super) fn signed(self, key: &SigningKey) -> Result<(SealOperation, ReceiptFile), ClientError> {
        let document = document_of(Path::new(&self.file))?;
        let message = match &self.message {
            Some(source) => source.digest("--message")?,
            None => document.sha256,
        };
        let signature = SealSignature {
            address: self.seal,
            document,
            message,
            signature: key.sign_seal(&message),
            key: key.id(),
            certificate: self.certificate.digest("--certificate")?,
            claimed_ms: self.claimed.unwrap_or_else(clock),
            structure: self.structure,
            report: self.report.digest("--report")?,
        };
        Ok((SealOperation::Sign(signature), self.receipt))
    }
}
