//! `huxin status`: every node at a glance.

use clap::Args;
use huxin_chain_spec::api::{QuorumAnswer, StatusAnswer};
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
        let (mut values, mut lines, mut seen) = (Vec::new(), Vec::new(), Vec::new());
        let nodes = global.nodes()?;
        for client in nodes.each() {
            let node = client.connection().first_node().trim_end_matches('/').to_owned();
            match client.status().await {
                Ok((_, status)) => {
                    let reached = status.quorum.as_ref().map(reached).unwrap_or_default();
                    seen.push(state_of(&status));
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
                    seen.push(ExitCode::NotChecked);
                    lines.push(format!("{node}  {error}"));
                    values.push(json!({ "node": node, "error": error.body() }));
                }
            }
        }
        output.answer(&values, || lines.join("\n"));
        Ok(together(&seen))
    }
}

/// 1 where a node is not ready, or says that the chain cannot decide.
fn state_of(status: &StatusAnswer) -> ExitCode {
    let decides = status.quorum.as_ref().is_none_or(|quorum| quorum.reached_power >= quorum.quorum_power);
    if status.ready && decides { ExitCode::Success } else { ExitCode::Refused }
}

/// As `huxin explain`: something wrong at one node comes before another that did not answer.
fn together(seen: &[ExitCode]) -> ExitCode {
    let worst = [ExitCode::Refused, ExitCode::NotChecked].into_iter().find(|code| seen.contains(code));
    worst.unwrap_or(ExitCode::Success)
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
    #![allow(clippy::unwrap_used, reason = "tests")]
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
        let text = r#"{"chain_id":"c","genesis_hash":"","ledger_hash":"","protocol_version":1,"software_version":"","province":"","height":1,
            "time_ms":0,"time":"","block":"","log_size":0,"log_root":"","map_root":"","mempool_transactions":0,"mempool_bytes":0,
            "consensus_height":1,"consensus_round":0,"connected_peers":3,"ready":true}"#;
        let mut status: StatusAnswer = serde_json::from_str(text).unwrap();
        status.quorum = Some(quorum.clone());
        // "the chain cannot decide" and "NOT READY" ended with 0.
        assert_eq!(state_of(&status), ExitCode::Success);
        status.ready = false;
        assert_eq!(state_of(&status), ExitCode::Refused);
        (status.ready, quorum.reached_power) = (true, 2);
        status.quorum = Some(quorum.clone());
        assert_eq!(state_of(&status), ExitCode::Refused);
        assert_eq!(together(&[ExitCode::Success, ExitCode::NotChecked]), ExitCode::NotChecked);
        assert_eq!(together(&[ExitCode::NotChecked, ExitCode::Refused]), ExitCode::Refused);
        assert_eq!((together(&[ExitCode::Success]), together(&[])), (ExitCode::Success, ExitCode::Success));
        quorum.reached_power = 3;
        assert_eq!(reached(&quorum), "validators 3/4, 0 more may fail, silent 无音讯 320000  ");
        (quorum.reached_power, quorum.has_vote) = (2, false);
        let text = reached(&quorum);
        assert!(text.contains("power 2 reached, 3 needed") && text.contains("NO VOTE"), "{text}");
    }
}
