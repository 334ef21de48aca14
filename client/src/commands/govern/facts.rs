//! Facts any province can record: a validator's double signature, and the head of another ledger.

use std::path::PathBuf;

use clap::Args;
use huxin_chain_spec::crypto::Digest;
use huxin_chain_spec::ids::Height;
use huxin_chain_spec::log::LogHead;
use huxin_chain_spec::receipt::{RECEIPT_BYTES_MAX, RECEIPT_MAGIC, Receipt, ThingReceipt};
use huxin_chain_spec::record::GovernanceOperation;

use crate::commands::arguments::{ReceiptFile, structured_file};
use crate::error::ClientError;
use crate::say;

/// Reports a double signature.
#[derive(Debug, Clone, Args)]
pub struct ReportMisbehaviour {
    /// The two signatures in TOML (*.toml) or JSON, in the form of the record.
    file: PathBuf,
    #[command(flatten)]
    receipt: ReceiptFile,
}

impl ReportMisbehaviour {
    pub(super) fn operation(self) -> Result<(GovernanceOperation, ReceiptFile), ClientError> {
        let evidence = structured_file(&self.file)?;
        Ok((GovernanceOperation::ReportMisbehaviour { evidence }, self.receipt))
    }
}

/// Anchors the head of another ledger.
#[derive(Debug, Clone, Args)]
pub struct Anchor {
    /// Genesis hash of the other ledger.
    #[arg(long, value_name = "HEX")]
    ledger: Digest,
    /// A receipt of the other ledger: it is checked, and its head is anchored.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["height", "block", "log_size", "log_root"],
        required_unless_present_all = ["height", "block", "log_size", "log_root"])]
    head: Option<PathBuf>,
    /// Height of the block, by hand.
    #[arg(long)]
    height: Option<Height>,
    /// Header hash.
    #[arg(long, value_name = "HEX")]
    block: Option<Digest>,
    /// Records in its log after that block.
    #[arg(long, value_name = "N")]
    log_size: Option<u64>,
    /// Root of its log after that block.
    #[arg(long, value_name = "HEX")]
    log_root: Option<Digest>,
    #[command(flatten)]
    receipt: ReceiptFile,
}

impl Anchor {
    pub(super) fn operation(self) -> Result<(GovernanceOperation, ReceiptFile), ClientError> {
        let (height, block, log) = match (&self.head, self.height, self.block, self.log_size, self.log_root) {
            (Some(path), ..) => head_of(path, &self.ledger)?,
            (None, Some(height), Some(block), Some(size), Some(root)) => (height, block, LogHead { size, root }),
            _ => {
                let said = say!(
                    "give it, or --height, --block, --log-size and --log-root",
                    "请给出回执，或 --height、--block、--log-size、--log-root"
                );
                return Err(ClientError::at("--head", said));
            }
        };
        Ok((GovernanceOperation::Anchor { ledger: self.ledger, height, block, log }, self.receipt))
    }
}

/// The head that a receipt proves under the other ledger's genesis.
fn head_of(path: &PathBuf, ledger: &Digest) -> Result<(Height, Digest, LogHead), ClientError> {
    let length = std::fs::metadata(path).map_err(|error| ClientError::file("cannot read", path, error))?.len();
    if length > RECEIPT_BYTES_MAX as u64 {
        return Err(ClientError::at(path.display().to_string(), say!("too long for a receipt", "过长，不是回执")));
    }
    let bytes = std::fs::read(path).map_err(|error| ClientError::file("cannot read", path, error))?;
    let (block, header) = if bytes.starts_with(RECEIPT_MAGIC) {
        let receipt = Receipt::from_bytes(&bytes)?;
        (receipt.verify(ledger)?.block, receipt.header)
    } else {
        let receipt = ThingReceipt::from_bytes(&bytes)?;
        (receipt.verify(ledger)?, receipt.header)
    };
    Ok((header.height, block, header.log))
}
