//! `huxin seal`: electronic seals (电子印章), changes of their state, and what they signed.

mod register;
mod show;
mod sign;
mod sign_record;
#[cfg(test)]
mod tests;

use clap::{Args, Subcommand};
use huxin_chain_spec::ids::{BasisCode, ProvinceCode, SealId, TimeMs};
use huxin_chain_spec::record::seal::{SealAddress, SealChange};
use huxin_chain_spec::record::{Operation, SealOperation};

use super::arguments::ReceiptFile;
use super::context::{Global, Needs};
use super::output::Output;
use super::record::record;
use crate::dates::ended_warning;
use crate::error::{ClientError, ExitCode};
use crate::said::Said;
use crate::say;
use crate::sdk::clock;

/// Electronic seals. A seal is named PROVINCE/NUMBER (省级代码/印章编码).
#[derive(Debug, Clone, Subcommand)]
pub enum SealCommand {
    /// File a seal after it was made (备案).
    Register {
        #[command(flatten)]
        seal: Box<register::SealArguments>,
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
        seal: Box<register::SealArguments>,
        /// Code of the legal basis.
        #[arg(long)]
        basis: BasisCode,
        #[command(flatten)]
        receipt: ReceiptFile,
    },
    /// Sign the digest of a file with a seal's key, and record the signature (用印).
    Sign(Box<sign::Sign>),
    /// Record a signature that stands in a sealed OFD file, so that nobody can doubt later when it existed (签章上账).
    SignRecord(sign_record::SignRecord),
    /// A seal, or a signature made with it, with its proof checked here.
    Show(show::ShowSeal),
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
fn address(text: &str) -> Result<SealAddress, Said> {
    let form = || {
        say!(
            "a seal is named PROVINCE/NUMBER, such as 310000/31010000000017",
            "印章写作 省级代码/印章编码，例如 310000/31010000000017"
        )
    };
    let (province, seal) = text.split_once('/').ok_or_else(form)?;
    Ok(SealAddress { province: province.parse::<ProvinceCode>()?, seal: seal.parse::<SealId>()? })
}

impl ChangeArguments {
    fn change(self, change: impl FnOnce(SealChange) -> SealOperation) -> (SealOperation, ReceiptFile) {
        let effective_ms = self.effective.unwrap_or_else(clock);
        (change(SealChange { address: self.seal, basis: self.basis, effective_ms }), self.receipt)
    }
}

impl SealCommand {
    pub async fn run(self, global: &Global, output: &Output) -> Result<ExitCode, ClientError> {
        if let Self::Show(show) = self {
            return show.run(global, output).await;
        }
        let build = |_| match self.clone() {
            Self::Sign(sign) => sign.operation(global),
            other => other.operation(output),
        };
        let (client, (operation, receipt)) = global.ready(Needs::Record, build).await?;
        let address = match (operation.new_seal(), operation.existing_seal()) {
            (Some(seal), _) => Some(seal.address()),
            (None, existing) => existing.cloned(),
        };
        let about = address.map(|SealAddress { province, seal }| ("seal", format!("{province}/{seal}")));
        let about: Vec<_> = about.into_iter().collect();
        record(global, output, &client, Operation::Seal(operation), &about, &receipt).await
    }

    /// The operation of every command that needs no seal key.
    fn operation(self, output: &Output) -> Result<(SealOperation, ReceiptFile), ClientError> {
        let seal_of = |arguments: Box<register::SealArguments>| {
            let read = arguments.seal()?;
            let ended = ended_warning(Some(read.seal.valid_until_ms), clock());
            for warning in read.warnings.iter().chain(&ended) {
                output.note(&format!("huxin: 注意 warning: {warning}"));
            }
            Ok::<_, ClientError>(read.seal)
        };
        Ok(match self {
            Self::Register { seal, receipt } => (SealOperation::Register(seal_of(seal)?), receipt),
            Self::Replace { predecessor, seal, basis, receipt } => {
                (SealOperation::Replace { predecessor, seal: seal_of(seal)?, basis }, receipt)
            }
            Self::SignRecord(sign) => sign.operation()?,
            Self::Activate(change) => change.change(SealOperation::Activate),
            Self::Suspend(change) => change.change(SealOperation::Suspend),
            Self::Resume(change) => change.change(SealOperation::Resume),
            Self::Cancel(change) => change.change(SealOperation::Cancel),
            Self::Invalidate(change) => change.change(SealOperation::Invalidate),
            Self::Sign(_) | Self::Show(_) => {
                return Err(ClientError::at("seal", say!("this command files nothing", "此命令不备案任何内容")));
            }
        })
    }
}
