//! `huxin testnet`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::json;

use super::output::Output;
use crate::error::{ClientError, ExitCode};
use crate::say;
use crate::testnet::{ACTION_FILE, InitOptions, NETWORK_FILE, Network, Suite, init, join, wait_ready};

/// Networks for trial on this machine.
#[derive(Debug, Subcommand)]
pub enum Testnet {
    /// Make keys, genesis and one configuration per node.
    Init(Init),
    /// Make keys and a node for one more province, and the action by which the others admit it.
    Join {
        /// Folder of the network.
        dir: PathBuf,
    },
    /// Note the process ids of the nodes, in order, in DIR/network.json.
    NetworkJson {
        /// Folder of the network.
        dir: PathBuf,
        /// Process ids, 0 for a node that is down; without them, the ones noted are forgotten.
        #[arg(long, value_delimiter = ',')]
        pids: Vec<u32>,
    },
    /// Wait until every node takes transactions.
    Wait {
        /// Folder of the network.
        dir: PathBuf,
        /// Longest wait, in seconds.
        #[arg(long, default_value_t = 60)]
        timeout_s: u64,
    },
}

#[derive(Debug, Args)]
pub struct Init {
    /// Folder that is made; must not exist or be empty.
    dir: PathBuf,
    /// Number of provinces, each with one node.
    #[arg(long, default_value_t = 4)]
    validators: usize,
    /// Name of the chain; begins with dev-.
    #[arg(long, default_value = "dev-local")]
    chain_id: String,
    /// Node i listens on this + 10 i + 1 to 4; free ports if absent.
    #[arg(long)]
    base_port: Option<u16>,
    /// Algorithms of the ledger and its keys.
    #[arg(long, value_enum, default_value_t)]
    suite: Suite,
}

impl Testnet {
    pub async fn run(self, output: &Output) -> Result<ExitCode, ClientError> {
        match self {
            Self::Init(arguments) => {
                let options = InitOptions {
                    validators: arguments.validators,
                    chain_id: arguments.chain_id,
                    base_port: arguments.base_port,
                    suite: arguments.suite,
                };
                let network = init(&arguments.dir, &options)?;
                output.answer(&network, || describe(&network));
            }
            Self::Join { dir } => {
                let (network, action) = join(&dir)?;
                let Some(node) = network.nodes.last() else { return Ok(ExitCode::NotChecked) };
                let keys = network.keys.get(&node.province);
                let file = keys.map(|keys| keys.governance.with_file_name(ACTION_FILE)).unwrap_or_default();
                output.answer(&json!({ "node": node, "keys": keys, "action": action, "action_file": file }), || {
                    format!(
                        "{}  huxin-node run --config {}\npropose {}",
                        node.name,
                        node.config.display(),
                        file.display()
                    )
                });
            }
            Self::NetworkJson { dir, pids } => {
                let path = dir.join(NETWORK_FILE);
                let mut network = Network::read(&path)?;
                if !pids.is_empty() && pids.len() != network.nodes.len() {
                    let (given, nodes) = (pids.len(), network.nodes.len());
                    let said =
                        say!("{given} process ids for {nodes} nodes", "给出 {given} 个进程号，但有 {nodes} 个节点");
                    return Err(ClientError::at("--pids", said));
                }
                for (position, node) in network.nodes.iter_mut().enumerate() {
                    node.pid = pids.get(position).copied().filter(|pid| *pid > 0);
                }
                network.write(&path)?;
                output.answer(&network, || path.display().to_string());
            }
            Self::Wait { dir, timeout_s } => {
                let network = Network::read(&dir.join(NETWORK_FILE))?;
                wait_ready(&network, Duration::from_secs(timeout_s)).await?;
                output.answer(&json!({ "ready": network.nodes.len() }), || {
                    format!("{} nodes ready", network.nodes.len())
                });
            }
        }
        Ok(ExitCode::Success)
    }
}

fn describe(network: &Network) -> String {
    let mut lines = vec![format!("chain {}  trust root {}", network.chain_id, network.trust_root)];
    for node in &network.nodes {
        lines.push(format!("{}  {}  huxin-node run --config {}", node.name, node.api, node.config.display()));
    }
    lines.join("\n")
}
