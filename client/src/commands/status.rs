//! `huxin status`: every node at a glance.

use clap::Args;
use serde_json::json;

use super::context::Global;
use super::output::Output;
use crate::dates::beijing;
use crate::error::{ClientError, ExitCode};

/// The nodes at a glance.
#[derive(Debug, Args)]
pub struct Status {}

impl Status {
    pub async fn run(self, global: &Global, output: &Output) -> Result<ExitCode, ClientError> {
        let (mut values, mut lines, mut failed) = (Vec::new(), Vec::new(), false);
        let nodes = global.nodes()?;
        let given = global.nodes.iter().filter(|node| !node.trim().is_empty());
        for (node, client) in given.zip(nodes.each()) {
            match client.status().await {
                Ok((_, status)) => {
                    lines.push(format!(
                        "{node}  province {}  height {}  {}  records {}  mempool {}  peers {}  {}",
                        status.province,
                        status.height,
                        beijing(&status.time),
                        status.log_size,
                        status.mempool_transactions,
                        status.connected_peers,
                        if status.ready { "ready" } else { "NOT READY" }
                    ));
                    values.push(json!({ "node": node, "status": status }));
                }
                Err(error) => {
                    failed = true;
                    lines.push(format!("{node}  {error}"));
                    values.push(json!({ "node": node, "error": error.body() }));
                }
            }
        }
        output.answer(&values, || lines.join("\n"));
        Ok(if failed { ExitCode::NotChecked } else { ExitCode::Success })
    }
}
