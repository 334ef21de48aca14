//! `huxin seal`: electronic seals (电子印章), changes of their state, and what they signed.

mod show;
mod sign;
#[cfg(test)]
mod tests;

use clap::{Args, Subcommand};
use huxin_chain_spec::ids::{BasisCode, RegionCode, SealId, TimeMs, Uscc};
use huxin_chain_spec::record::seal::{Seal, SealAddress, SealChange};
use huxin_chain_spec::record::{Operation, SealOperation};

use super::arguments::{DigestSource, DocumentSource, ReceiptFile, sorted};
use super::context::Global;
use super::issue::region_of;
use super::keys::public_key;
use super::output::Output;
use super::record::record;
use crate::error::{ClientError, ExitCode};
use crate::sdk::clock;

/// Electronic seals. A seal is named PROVINCE/NUMBER (省级代码/印章编码).
#[derive(Debug, Subcommand)]
pub enum SealCommand {
    /// File a seal after it was made (备案).
    Register {
        #[command(flatten)]
        seal: Box<SealArguments>,
        #[command(flatten)]
        receipt: ReceiptFile,
    },
    /// Put a filed seal into use (启用).
    Activate(ChangeArguments),
    /// Suspend (暂停使用).
    Suspend(ChangeArguments),
    /// Let a suspended seal be used again (恢复使用).
    Resume(ChangeArguments),
    /// Cancel (注销).
    Cancel(ChangeArguments),
    /// Mark as invalid (标记无效).
    Invalidate(ChangeArguments),
    /// File the seal that takes another's place, of the same owner (重新制作).
    Replace {
        /// The seal that is replaced: PROVINCE/NUMBER.
        #[arg(value_parser = address)]
        predecessor: SealAddress,
        #[command(flatten)]
        seal: Box<SealArguments>,
        /// Code of the legal basis.
        #[arg(long)]
        basis: BasisCode,
        #[command(flatten)]
        receipt: ReceiptFile,
    },
    /// Sign the digest of a file with a seal's key, and record the signature (用印).
    Sign(Box<sign::Sign>),
    /// A seal, or a signature made with it, with its proof checked here.
    Show(show::ShowSeal),
}

/// A seal as it is filed.
#[derive(Debug, Clone, Args)]
pub struct SealArguments {
    /// 印章编码.
    #[arg(long)]
    seal: SealId,
    /// Unified social credit code of the owner (印章所有者).
    #[arg(long)]
    owner: Uscc,
    /// Region of the owner; positions 3 to 8 of its code if absent.
    #[arg(long, value_name = "REGION")]
    owner_region: Option<RegionCode>,
    /// Unified social credit code of the maker (制章者).
    #[arg(long)]
    maker: Uscc,
    #[arg(long, value_name = "FILE")]
    maker_certificate: DigestSource,
    /// Signer certificate in the seal; give several.
    #[arg(long = "certificate", value_name = "FILE", required = true)]
    certificates: Vec<DigestSource>,
    /// Key that signs with the seal: `ed25519:<hex>`, or a key file; give several.
    #[arg(long = "seal-key", value_name = "KEY", required = true)]
    keys: Vec<String>,
    /// The seal's file (.esl).
    #[arg(long, value_name = "FILE")]
    document: DocumentSource,
    /// Start of validity: 2026-11-21 or RFC 3339.
    #[arg(long, value_name = "TIME")]
    valid_from: TimeMs,
    /// First moment after validity.
    #[arg(long, value_name = "TIME")]
    valid_until: TimeMs,
}

/// A change of a seal's state.
#[derive(Debug, Clone, Args)]
pub struct ChangeArguments {
    /// PROVINCE/NUMBER.
    #[arg(value_parser = address)]
    seal: SealAddress,
    /// Code of the legal basis.
    #[arg(long)]
    basis: BasisCode,
    /// When it takes effect in law; now if absent.
    #[arg(long, value_name = "TIME")]
    effective: Option<TimeMs>,
    #[command(flatten)]
    receipt: ReceiptFile,
}

/// Reads `PROVINCE/NUMBER`. The number may hold slashes itself.
fn address(text: &str) -> Result<SealAddress, String> {
    let (province, seal) =
        text.split_once('/').ok_or("a seal is named PROVINCE/NUMBER, such as 310000/31010000000017")?;
    let province = province.parse().map_err(|error| format!("{error}"))?;
    Ok(SealAddress { province, seal: seal.parse().map_err(|error| format!("{error}"))? })
}

impl SealArguments {
    fn seal(self) -> Result<Seal, ClientError> {
        let certificates = self.certificates.iter().map(|source| source.digest("--certificate"));
        let keys = self.keys.iter().map(|text| public_key(text));
        Ok(Seal {
            owner_region: self.owner_region.map_or_else(|| region_of(&self.owner), Ok)?,
            seal: self.seal,
            owner: self.owner,
            maker: self.maker,
            maker_certificate: self.maker_certificate.digest("--maker-certificate")?,
            certificates: sorted(certificates.collect::<Result<_, _>>()?),
            keys: sorted(keys.collect::<Result<_, _>>()?),
            document: self.document.document("--document")?,
            valid_from_ms: self.valid_from,
            valid_until_ms: self.valid_until,
        })
    }
}

impl ChangeArguments {
    fn change(self, change: impl FnOnce(SealChange) -> SealOperation) -> (SealOperation, ReceiptFile) {
        let effective_ms = self.effective.unwrap_or_else(clock);
        (change(SealChange { address: self.seal, basis: self.basis, effective_ms }), self.receipt)
    }
}

impl SealCommand {
    pub async fn run(self, global: &Global, output: &Output) -> Result<ExitCode, ClientError> {
        let (operation, receipt) = match self {
            Self::Show(show) => return show.run(global, output).await,
            Self::Sign(sign) => sign.operation(global)?,
            other => other.operation()?,
        };
        let address = match (operation.new_seal(), operation.existing_seal()) {
            (Some(seal), _) => Some(seal.address()),
            (None, existing) => existing.cloned(),
        };
        let about = address.map(|SealAddress { province, seal }| ("seal", format!("{province}/{seal}")));
        let client = global.client().await?;
        let about: Vec<_> = about.into_iter().collect();
        record(global, output, &client, Operation::Seal(operation), &about, &receipt).await
    }

    /// The operation of every command that needs no seal key.
    fn operation(self) -> Result<(SealOperation, ReceiptFile), ClientError> {
        Ok(match self {
            Self::Register { seal, receipt } => (SealOperation::Register(seal.seal()?), receipt),
            Self::Replace { predecessor, seal, basis, receipt } => {
                (SealOperation::Replace { predecessor, seal: seal.seal()?, basis }, receipt)
            }
            Self::Activate(change) => change.change(SealOperation::Activate),
            Self::Suspend(change) => change.change(SealOperation::Suspend),
            Self::Resume(change) => change.change(SealOperation::Resume),
            Self::Cancel(change) => change.change(SealOperation::Cancel),
            Self::Invalidate(change) => change.change(SealOperation::Invalidate),
            Self::Sign(_) | Self::Show(_) => return Err(ClientError::input("seal", "this command files nothing")),
        })
    }
}
