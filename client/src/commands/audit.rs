//! `huxin audit`: recompute the whole ledger.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::context::Global;
use super::output::Output;
use crate::audit::{Coverage, ReplayOptions, replay};
use crate::dates::beijing;
use crate::error::{ClientError, ExitCode};
use crate::say;
use crate::sdk::{Client, TrustRoot};

/// Audits.
#[derive(Debug, Subcommand)]
pub enum Audit {
    /// Download every block, recompute everything from genesis, and compare the end with every node given.
    Replay(Replay),
}

#[derive(Debug, Args)]
pub struct Replay {
    /// Also write the blocks to this file, for replaying without a node.
    #[arg(long, value_name = "FILE", conflicts_with = "import")]
    export: Option<PathBuf>,
    /// Read the blocks from a file written by --export; needs --genesis.
    #[arg(long, value_name = "FILE")]
    import: Option<PathBuf>,
}

impl Audit {
    pub async fn run(self, global: &Global, output: &Output) -> Result<ExitCode, ClientError> {
        let Self::Replay(command) = self;
        command.run(global, output).await
    }
}

impl Replay {
    async fn run(self, global: &Global, output: &Output) -> Result<ExitCode, ClientError> {
        if let Some(path) = &self.import {
            std::fs::File::open(path).map_err(|error| ClientError::file("cannot read", path, error))?;
        }
        let trust = global.trust()?;
        let client = if global.nodes.is_empty() { None } else { Some(global.client().await?) };
        let genesis = client.as_ref().map(Client::genesis).or_else(|| TrustRoot::genesis(&trust));
        let genesis = genesis.ok_or_else(|| {
            ClientError::at("--genesis", say!("needed where no node is given", "没有给出节点时必须给出创世文件"))
        })?;
        let options = ReplayOptions { export: self.export, import: self.import };
        let bar = output.progress(0, "blocks");
        let on_progress = |height: u64, records: u64, last: u64| {
            bar.set_length(if last == u64::MAX { height } else { last });
            bar.set_position(height);
            bar.set_message(format!("{records} records"));
        };
        let replayed = replay(client.as_ref().map(Client::nodes), genesis, &options, &on_progress).await;
        bar.finish_and_clear();
        let coverage = replayed?;
        let agree = coverage.all_nodes_agree();
        output.answer(&coverage, || text(&coverage));
        Ok(match agree {
            Some(true) => ExitCode::Success,
            Some(false) => ExitCode::Refused,
            None => ExitCode::NotChecked,
        })
    }
}

fn text(coverage: &Coverage) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = writeln!(
        text,
        "Replayed {} from genesis {} to height {}",
        coverage.chain_id, coverage.genesis_hash, coverage.height
    );
    let _ = writeln!(text, "  block     {}  {}", coverage.block, beijing(&coverage.time));
    let _ = writeln!(text, "  log       {} records, root {}", coverage.log_size, coverage.log_root);
    let _ = writeln!(text, "  map root  {}", coverage.map_root);
    let _ = writeln!(
        text,
        "  {} licences, {:.1} s, {:.0} records/s",
        coverage.licences, coverage.seconds, coverage.records_per_s
    );
    for (kind, count) in &coverage.records_by_kind {
        let _ = writeln!(text, "    {kind:<24} {count}");
    }
    for line in &coverage.checked {
        let _ = writeln!(text, "  checked      {line}");
    }
    for line in &coverage.not_checked {
        let _ = writeln!(text, "  NOT checked  {line}");
    }
    for node in &coverage.nodes {
        let word = match node.agrees {
            Some(true) => "agrees",
            Some(false) => "DIFFERS",
            None => "not asked",
        };
        let _ = writeln!(text, "  {word}  {}  {}", node.node, node.detail);
    }
    text
}
