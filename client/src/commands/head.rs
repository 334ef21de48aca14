//! `huxin head`: heads of the chain to publish and pin, and the way to its validators as a file.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use huxin_chain_spec::crypto::Digest;
use huxin_chain_spec::ids::Height;
use huxin_chain_spec::receipt::{PATH_BYTES_MAX, RECEIPT_BYTES_MAX, ReceiptError, TrustPath, TrustedHead};
use serde_json::json;

use super::context::{Global, digest_of};
use super::output::Output;
use super::record::line;
use crate::error::{ClientError, ExitCode};
use crate::keep::save;
use crate::say;
use crate::sdk::TrustRoot;

/// Heads: a certified header with the validators after it, to publish and to pin.
#[derive(Debug, Subcommand)]
pub enum HeadCommand {
    /// Fetch a head, check it, and save it for publishing (区块头文件).
    Get {
        /// Height; the newest block if absent.
        #[arg(long, value_name = "N")]
        height: Option<u64>,
        /// Save it here; an earlier file is kept under another name.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Trust this head from now on: what ends before it, or was signed by validators replaced before it, is refused (固定区块头).
    Pin {
        /// Head file, as the consortium published it.
        head: PathBuf,
        /// Its hash, obtained another way than the file: printed, or from several provinces. Without it the head must follow from what is
        /// known already, or from a node's proofs.
        #[arg(long, value_name = "HEX")]
        hash: Option<String>,
    },
    /// What is known of the chain here: the pinned head, the newest validators and the newest block seen.
    Show,
    /// Fetch the way to the validators of a height as a file, for `huxin receipt verify --trust-path` where there is no network.
    Path {
        /// Height after which the validators are known where the file goes; 0 is the genesis.
        #[arg(long, value_name = "N", default_value_t = 0)]
        from: u64,
        /// Height whose validators are looked for; those of the newest block if absent.
        #[arg(long, value_name = "N")]
        to: Option<u64>,
        /// Save it here; an earlier file is kept under another name.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
}

impl HeadCommand {
    pub async fn run(self, global: &Global, output: &Output) -> Result<ExitCode, ClientError> {
        match self {
            Self::Get { height, out } => get(global, output, height.map(Height), &out).await,
            Self::Pin { head, hash } => pin(global, output, &head, hash.as_deref()).await,
            Self::Show => show(&global.trust()?, output),
            Self::Path { from, to, out } => path(global, output, Height(from), to.map(Height), &out).await,
        }
    }
}

async fn get(global: &Global, output: &Output, height: Option<Height>, out: &Path) -> Result<ExitCode, ClientError> {
    let client = global.client().await?;
    let (head, bytes) = client.head(height).await?;
    save(out, &bytes)?;
    let said = said(&head);
    output.answer(&json!({ "file": out, "bytes": bytes.len(), "proven": true, "head": said }), || {
        format!("{}: {} bytes\n{}", out.display(), bytes.len(), text(&head))
    });
    Ok(ExitCode::Success)
}

async fn pin(global: &Global, output: &Output, path: &Path, hash: Option<&str>) -> Result<ExitCode, ClientError> {
    let head = TrustedHead::from_bytes(&read(path, RECEIPT_BYTES_MAX)?)?;
    let hash = hash.map(digest_of).transpose().map_err(|error| ClientError::at("--hash", error))?;
    let trust = global.trust()?;
    if trust.known().path().is_none() {
        let said =
            say!("there is no folder in which the pin could be kept; give one", "没有可供保存的目录，请指定一个");
        return Err(ClientError::at("--known", said));
    }
    let trust = match hash {
        Some(hash) => vouched(trust, &head, hash)?,
        None => follow(global, trust, &head).await?,
    };
    trust.known().pin(&head)?;
    output.answer(&json!({ "pinned": said(&head) }), || format!("已固定 pinned\n{}", text(&head)));
    Ok(ExitCode::Success)
}

/// Takes a head by the hash that the user vouches for. It may lie beyond what is known here, and never against it.
fn vouched(trust: TrustRoot, head: &TrustedHead, hash: Digest) -> Result<TrustRoot, ClientError> {
    let block = head.verify_vouched(trust.hash())?;
    if block != hash {
        let said = say!("the head's hash is {block}, not {hash}", "该区块头的哈希为 {block}，而非 {hash}");
        return Err(ClientError::at("--hash", said));
    }
    match trust.check_head(head) {
        Ok(_) | Err(ReceiptError::PathNeeded { .. }) => Ok(trust),
        Err(error) => Err(error.into()),
    }
}

/// Checks a head from what is known, and where that does not lead to it, by the way that a node proves.
async fn follow(global: &Global, trust: TrustRoot, head: &TrustedHead) -> Result<TrustRoot, ClientError> {
    match trust.check_head(head) {
        Ok(_) => Ok(trust),
        Err(ReceiptError::PathNeeded { .. }) if !global.nodes.is_empty() => {
            let client = global.client().await?;
            client.check_head(head).await?;
            Ok(client.trust().clone())
        }
        Err(error) => Err(error.into()),
    }
}

fn show(trust: &TrustRoot, output: &Output) -> Result<ExitCode, ClientError> {
    let (anchors, seen) = (trust.known().anchors(), trust.known().seen());
    let newest = anchors.newest();
    let value = json!({
        "genesis": trust.hash(), "kept_in": trust.known().path(), "pinned": anchors.pinned(),
        "validators_after": newest.map(|(height, _)| height), "validators": newest.map(|(_, set)| set.validators().len()),
        "seen": seen.map(|seen| json!({ "height": seen.height, "time": seen.time_ms.to_string() })),
    });
    output.answer(&value, || {
        let none = || "无 none".to_owned();
        let validators = newest.map_or_else(
            || "创世时的 those of the genesis".to_owned(),
            |(height, set)| format!("{} (高度 {height} 之后 after height {height})", set.validators().len()),
        );
        [
            line("创世 genesis", &trust.hash().to_string()),
            line("保存于 kept in", &trust.known().path().map_or_else(none, |path| path.display().to_string())),
            line("固定 pinned", &anchors.pinned().map_or_else(none, |height| height.to_string())),
            line("验证节点 validators", &validators),
            line(
                "已见最新 newest seen",
                &seen.map_or_else(none, |seen| format!("{}, {}", seen.height, seen.time_ms.to_beijing())),
            ),
        ]
        .join("\n")
    });
    Ok(ExitCode::Success)
}

async fn path(
    global: &Global,
    output: &Output,
    from: Height,
    to: Option<Height>,
    out: &Path,
) -> Result<ExitCode, ClientError> {
    let path = global.client().await?.whole_path(from, to).await?;
    let bytes = path.to_bytes();
    save(out, &bytes)?;
    let (since, end, steps) = (path.since, path.in_force_since(), path.steps.len());
    let value = json!({ "file": out, "bytes": bytes.len(), "from": since, "to": end, "steps": steps });
    output.answer(&value, || {
        let (file, length) = (out.display(), bytes.len());
        format!(
            "{file}: {length} bytes, {steps} steps from the validators after height {since} to those after {end}; checked from the genesis on"
        )
    });
    Ok(ExitCode::Success)
}

/// Learns the ways in files.
///
/// # Errors
/// [`ClientError::File`]; [`ClientError::Receipt`] where one does not hold from what is known.
pub fn take_paths(trust: &TrustRoot, files: &[PathBuf]) -> Result<(), ClientError> {
    for file in files {
        trust.check_path(&TrustPath::from_bytes(&read(file, PATH_BYTES_MAX)?)?)?;
    }
    Ok(())
}

fn read(path: &Path, bytes_max: usize) -> Result<Vec<u8>, ClientError> {
    let cannot_read = |error| ClientError::file("cannot read", path, error);
    let length = std::fs::metadata(path).map_err(cannot_read)?.len();
    if length > bytes_max as u64 {
        let said = say!("{length} bytes are too many for such a file", "有 {length} 字节，过长");
        return Err(ClientError::at(path.display().to_string(), said));
    }
    std::fs::read(path).map_err(cannot_read)
}

fn said(head: &TrustedHead) -> serde_json::Value {
    json!({
        "height": head.header.height, "hash": head.block(), "time": head.header.time_ms.to_string(),
        "log_size": head.header.log.size, "validators": head.validators_after().validators().len(),
    })
}

fn text(head: &TrustedHead) -> String {
    [
        line("高度 height", &head.header.height.to_string()),
        line("哈希 hash", &head.block().to_string()),
        line("时间 time", &head.header.time_ms.to_beijing().to_string()),
        line("验证节点 validators", &head.validators_after().validators().len().to_string()),
    ]
    .join("\n")
}

#[cfg(test)]
#[path = "head_tests.rs"]
mod tests;
