//! `huxin status`: every node at a glance.

use clap::Args;
use huxin_chain_spec::api::QuorumAnswer;
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
        for client in nodes.each() {
            let node = client.connection().first_node().trim_end_matches('/').to_owned();
            match client.status().await {
                Ok((_, status)) => {
                    let reached = status.quorum.as_ref().map(reached).unwrap_or_default();
                    lines.push(format!(
                        "{node}  province {}  height {}  {}  records {}  mempool {}  peers {}  {reached}{}",
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

/// `validators 3/4, 0 more may fail, silent 320000`.
fn reached(quorum: &QuorumAnswer) -> String {
    let QuorumAnswer { validators, reached_validators, reached_power, quorum_power, may_fail_validators, .. } = quorum;
    let margin = match reached_power < quorum_power {
        true => format!("power {reached_power} reached, {quorum_power} needed: the chain cannot decide 链无法出块"),
        false => format!("{may_fail_validators} more may fail"),
    };
    let silent = match quorum.silent.as_slice() {
        [] => String::new(),
        provinces => format!(", silent 无音讯 {}", provinces.join(" ")),
    };
    let vote = if quorum.has_vote { "" } else { ", NO VOTE 没有表决权" };
    format!("validators {reached_validators}/{validators}, {margin}{silent}{vote}  ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_reached_and_what_margin_is_left() {
        let mut quorum = QuorumAnswer {
            validators: 4,
            reached_validators: 3,
            total_power: 4,
            reached_power: 3,
            quorum_power: 3,
            may_fail_validators: 0,
            silent: vec!["320000".to_owned()],
            has_vote: true,
        };
        assert_eq!(reached(&quorum), "validators 3/4, 0 more may fail, silent 无音讯 320000  ");
        (quorum.reached_power, quorum.has_vote) = (2, false);
        let text = reached(&quorum);
        assert!(text.contains("power 2 reached, 3 needed") && text.contains("NO VOTE"), "{text}");
    }
}
