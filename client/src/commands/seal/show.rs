//! `huxin seal show`: a seal, or one of its signatures.

use std::path::PathBuf;

use clap::Args;
use huxin_chain_spec::record::seal::{SealAddress, signature_reference};
use huxin_chain_spec::state::StateKey;
use huxin_chain_spec::state::seal::{SealState, SealStatus};

use super::address;
use crate::commands::arguments::DigestSource;
use crate::commands::context::{Global, Needs};
use crate::commands::output::Output;
use crate::commands::record::line;
use crate::commands::show::{ShowArguments, state_text};
use crate::dates::period_text;
use crate::error::{ClientError, ExitCode};
use crate::sdk::{ProvenThing, document_of};

/// A seal now or then.
#[derive(Debug, Clone, Args)]
pub struct ShowSeal {
    /// PROVINCE/NUMBER.
    #[arg(value_parser = address)]
    seal: SealAddress,
    /// Show the signature over this file instead.
    #[arg(long, value_name = "FILE")]
    signed: Option<PathBuf>,
    /// The digest that was signed; the file's SHA-256 if absent.
    #[arg(long, value_name = "HEX", requires = "signed")]
    message: Option<DigestSource>,
    #[command(flatten)]
    show: ShowArguments,
    /// With the records about it.
    #[arg(long)]
    records: bool,
}

impl ShowSeal {
    pub async fn run(self, global: &Global, output: &Output) -> Result<ExitCode, ClientError> {
        let Some(file) = &self.signed else {
            let key = StateKey::Seal(self.seal.province, self.seal.seal);
            return self.show.run(global, output, key, self.records, seal_text).await;
        };
        let build = |algorithm| {
            let document = document_of(file)?;
            let message = match &self.message {
                Some(source) => source.digest("--message")?,
                None => document.sha256,
            };
            Ok(StateKey::SealSignature(signature_reference(algorithm, &self.seal, &document.sha256, &message)))
        };
        let (client, key) = global.ready(Needs::Question, build).await?;
        self.show.answer(&client, output, key, self.records, |thing| Ok(state_text(thing))).await
    }
}

fn seal_text(thing: &ProvenThing) -> Result<String, ClientError> {
    let Some(state) = thing.state_as::<SealState>()? else { return Ok(String::new()) };
    let seal = &state.seal;
    let trusted = if state.maker_trusted { "trusted when filed" } else { "not trusted when filed" };
    let mut lines = vec![
        line("状态 status", &format!("{}, since {}", status_text(state.status), state.effective_ms.to_beijing())),
        line("所有者 owner", &format!("{} ({})", seal.owner, seal.owner_region)),
        line("制章者 maker", &format!("{}, {trusted}", seal.maker)),
        line("有效期 valid", &period_text(seal.valid_from_ms, Some(seal.valid_until_ms))),
        line("备案 filed", &format!("by {}, record {}", state.registrar, state.registered_by)),
        line("变更 changed", &format!("record {}", state.changed_by)),
    ];
    lines.extend(seal.keys.iter().map(|key| line("密钥 key", &key.to_string())));
    lines.extend(state.predecessor.iter().map(|seal| line("替代 replaces", seal.as_str())));
    lines.extend(state.successor.iter().map(|seal| line("被替代 by", seal.as_str())));
    Ok(lines.join("\n") + "\n")
}

fn status_text(status: SealStatus) -> &'static str {
    match status {
        SealStatus::Registered => "已备案 registered, not yet in use",
        SealStatus::Active => "启用 active",
        SealStatus::Suspended => "暂停使用 suspended",
        SealStatus::Cancelled => "注销 cancelled",
        SealStatus::Invalidated => "标记无效 invalidated",
        SealStatus::Replaced => "重新制作 replaced",
    }
}
