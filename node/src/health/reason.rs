//! What a reason is, and what reasons are found by.

use huxin_chain_spec::crypto::KeyId;
use huxin_chain_spec::ids::{Height, ProvinceCode};
use huxin_engine::EngineStatus;
use serde::Serialize;

use super::misbehaviour::Misbehaviour;
use super::reach::Reach;
use super::snapshots::LOOK_MAX;

/// Whether a reason keeps the node from being ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// `/ready` answers 503.
    Stop,
    /// The node works; part of the margin is used up.
    Warning,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// Stable; the table in `docs/operator.md` lists them all.
    pub code: &'static str,
    pub severity: Severity,
    pub what: String,
    pub what_zh: String,
    /// Provinces whose validators it is about.
    pub provinces: Vec<ProvinceCode>,
}

impl Reason {
    /// The node could not be looked at in time.
    pub(crate) fn state_unknown() -> Self {
        let seconds = LOOK_MAX.as_secs();
        Self {
            code: "node.state_unknown",
            severity: Severity::Stop,
            what: format!(
                "the state of this node could not be read within {seconds} s, so it is not known whether it is ready"
            ),
            what_zh: format!("未能在 {seconds} 秒内读取本节点的状态，是否就绪未知"),
            provinces: Vec::new(),
        }
    }
}

/// What readiness is judged by.
pub(super) struct Look<'a> {
    pub height: Height,
    pub newest_age_ms: u64,
    pub heartbeat_ms: u64,
    pub engine: &'a EngineStatus,
    pub reach: &'a Reach,
    /// Address of this node's consensus key.
    pub me: KeyId,
    /// Proofs on this node's disk; none where they cannot be read.
    pub misbehaviour: Option<&'a Misbehaviour>,
    /// Why this node has no vote; both languages. None if it has one.
    pub no_vote: Option<[String; 2]>,
    /// Why the network key is not the one that the ledger names for this validator; both languages. None if it is, or none is named.
    pub wrong_network_key: Option<[String; 2]>,
    /// By how much the genesis time lies ahead of this node's clock, in milliseconds; 0 where it does not.
    pub genesis_ahead_ms: u64,
    pub pool_bytes: usize,
    pub pool_bytes_max: usize,
    pub now_ms: u64,
}

/// Reasons as they are found.
#[derive(Default)]
pub(super) struct List(pub(super) Vec<Reason>);

impl List {
    pub(super) fn stop(&mut self, code: &'static str, what: String, what_zh: String) {
        self.0.push(Reason { code, severity: Severity::Stop, what, what_zh, provinces: Vec::new() });
    }

    pub(super) fn warn(&mut self, code: &'static str, what: String, what_zh: String) {
        self.0.push(Reason { code, severity: Severity::Warning, what, what_zh, provinces: Vec::new() });
    }
}

/// `Jiangsu 江苏, 320000`.
pub(super) fn name(province: &ProvinceCode) -> String {
    let chinese = province.name_zh().trim_end_matches(['省', '市']);
    format!("{} {chinese}, {province}", province.name_en())
}
