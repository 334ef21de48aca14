//! What the node is and what chain it follows.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderName, header};
use huxin_chain_spec::api::{ErrorAnswer, QuorumAnswer, StatusAnswer, ValidatorAnswer};
use huxin_chain_spec::block::PROTOCOL_VERSION;
use huxin_chain_spec::codec;
use huxin_chain_spec::codes::Code;
use huxin_chain_spec::crypto::DigestAlgorithm;
use huxin_chain_spec::record::governance::DoubleSignature;
use serde::Serialize;
use utoipa::ToSchema;

use super::shared::Shared;
use crate::health::Reach;
use crate::http::{ApiError, Peer};
use crate::store::{Fork, PROOFS_PER_VALIDATOR_MAX, StoreError};

/// Most proofs of forks in one answer.
const FORKS_MAX: usize = 100;

/// One stable code with its texts.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CodeAnswer {
    /// As rejections carry it on the ledger.
    number: u16,
    /// As error answers carry it: `licence.duplicate`.
    code: &'static str,
    what: &'static str,
    what_zh: &'static str,
    next: &'static str,
    next_zh: &'static str,
}

/// All codes, by number.
pub(super) fn all_codes() -> Vec<CodeAnswer> {
    let answer = |code: &Code| CodeAnswer {
        number: code.number(),
        code: code.as_str(),
        what: code.what_en(),
        what_zh: code.what_zh(),
        next: code.next_en(),
        next_zh: code.next_zh(),
    };
    Code::ALL.iter().map(answer).collect()
}

/// The node at a glance.
#[utoipa::path(get, path = "/v1/status", tag = "node", operation_id = "status",
    responses(
        (status = 200, description = "Chain, newest block, mempool and consensus", body = StatusAnswer),
        (status = 400, description = "A query was given, or `Huxin-Min-Height` is not a number", body = ErrorAnswer),
        (status = 503, description = "The state of the node could not be read in time", body = ErrorAnswer),
    ))]
pub(super) async fn status(State(api): State<Shared>) -> Result<Json<StatusAnswer>, ApiError> {
    let Some(health) = api.monitor.health().await else {
        return Err(ApiError::not_ready("node: its state could not be read in time", 1));
    };
    let (ledger, tip) = (&api.monitor.ledger, api.monitor.ledger.tip());
    let ledger_hash = match ledger.algorithm() {
        DigestAlgorithm::Sha256 => "sha256",
        DigestAlgorithm::Sm3 => "sm3",
    };
    let count = |value: usize| u64::try_from(value).unwrap_or(u64::MAX);
    Ok(Json(StatusAnswer {
        chain_id: ledger.genesis().chain_id.to_string(),
        genesis_hash: ledger.genesis_hash().to_string(),
        ledger_hash: ledger_hash.to_owned(),
        protocol_version: PROTOCOL_VERSION,
        software_version: env!("CARGO_PKG_VERSION").to_owned(),
        province: health.province.clone(),
        height: tip.height.0,
        time_ms: tip.time_ms.0,
        time: tip.time_ms.to_string(),
        block: tip.hash.to_string(),
        log_size: tip.log.size,
        log_root: tip.log.root.to_string(),
        map_root: tip.map_root.to_string(),
        mempool_transactions: count(health.mempool.transactions),
        mempool_bytes: count(health.mempool.bytes),
        consensus_height: health.engine.height,
        consensus_round: health.engine.round,
        connected_peers: u32::try_from(health.connected_peers()).unwrap_or(u32::MAX),
        ready: health.ready(),
        quorum: Some(quorum(&health.reach)),
    }))
}

fn quorum(reach: &Reach) -> QuorumAnswer {
    let count = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
    QuorumAnswer {
        validators: count(reach.validators.len()),
        reached_validators: count(reach.reached()),
        total_power: reach.total_power,
        reached_power: reach.reached_power,
        quorum_power: reach.quorum_power,
        may_fail_validators: count(reach.may_fail),
        silent: reach.silent().map(|validator| validator.province.to_string()).collect(),
        has_vote: reach.has_vote(),
    }
}

/// The validators that decide the next block.
#[utoipa::path(get, path = "/v1/validators", tag = "node", operation_id = "validators",
    responses(
        (status = 200, description = "The validators, by address", body = Vec<ValidatorAnswer>),
        (status = 400, description = "A query was given, or `Huxin-Min-Height` is not a number", body = ErrorAnswer),
    ))]
pub(super) async fn validators(State(api): State<Shared>) -> Json<Vec<ValidatorAnswer>> {
    let validators = api.monitor.ledger.validators();
    let answer = validators.validators().iter().map(|validator| ValidatorAnswer {
        address: validator.key.id().to_string(),
        key: validator.key.to_string(),
        power: validator.power,
        province: validator.province.to_string(),
    });
    Json(answer.collect())
}

/// Proofs of double signing that this node has seen.
///
/// Each is what `huxin govern report-misbehaviour` takes: two signatures of one validator that an honest one never makes
/// both; one with `fork` has two certificates of one height instead. Newest first, at most 100 of each validator and 100 forks.
/// What stands on the ledger already is a thing: `misbehaviour/<validator>/<height>`.
#[utoipa::path(get, path = "/v1/misbehaviour", tag = "node", operation_id = "misbehaviour",
    responses(
        (status = 200, description = "The proofs", body = Vec<Object>),
        (status = 400, description = "A query was given, or `Huxin-Min-Height` is not a number", body = ErrorAnswer),
    ))]
pub(super) async fn misbehaviour(State(api): State<Shared>, peer: Peer) -> Result<Json<Vec<Proof>>, ApiError> {
    let ledger = Arc::clone(&api.monitor.ledger);
    // Up to a hundred proofs of each validator: more than a single read of the store.
    let read = move || {
        let pairs = ledger.store().misbehaviour(PROOFS_PER_VALIDATOR_MAX)?;
        Ok::<_, StoreError>((pairs, ledger.store().forks(FORKS_MAX)?))
    };
    let (pairs, forks) = api.reads.run(peer, read).await??;
    let forks = forks.iter().map(|fork| Proof::Fork { fork: ForkAnswer::of(fork) });
    Ok(Json(pairs.into_iter().map(Proof::Pair).chain(forks).collect()))
}

/// A proof that somebody signed what no honest validator signs.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Proof {
    Pair(DoubleSignature),
    Fork { fork: ForkAnswer },
}

/// Two certificates of one height.
#[derive(Debug, Serialize)]
pub(super) struct ForkAnswer {
    height: u64,
    /// Header hashes: the one on this node's ledger, the other one.
    blocks: [String; 2],
    rounds: [u32; 2],
    /// `borsh(Certificate)` in hex, in the same order.
    certificates: [String; 2],
    /// Addresses of validators that signed both.
    signed_both: Vec<String>,
}

impl ForkAnswer {
    fn of(fork: &Fork) -> Self {
        let both = [&fork.own, &fork.other];
        Self {
            height: fork.own.height.0,
            blocks: both.map(|certificate| certificate.block.to_string()),
            rounds: both.map(|certificate| certificate.round),
            certificates: both.map(|certificate| hex::encode(codec::encode(certificate))),
            signed_both: fork.common_signers().map(|validator| validator.to_string()).collect(),
        }
    }
}

/// An answer that never changes while the node runs.
type Fixed = ([(HeaderName, &'static str); 1], Bytes);

/// The genesis file. Compare its hash with the one the consortium publishes before you trust it.
#[utoipa::path(get, path = "/v1/genesis", tag = "node", operation_id = "genesis",
    responses(
        (status = 200, description = "TOML", body = String, content_type = "application/toml"),
        (status = 400, description = "A query was given, or `Huxin-Min-Height` is not a number", body = ErrorAnswer),
    ))]
pub(super) async fn genesis(State(api): State<Shared>) -> Fixed {
    ([(header::CONTENT_TYPE, "application/toml; charset=utf-8")], api.genesis_toml.clone())
}

/// Every stable code with its texts in both languages.
#[utoipa::path(get, path = "/v1/codes", tag = "node", operation_id = "codes",
    responses(
        (status = 200, description = "The codes, by number", body = Vec<CodeAnswer>),
        (status = 400, description = "A query was given, or `Huxin-Min-Height` is not a number", body = ErrorAnswer),
    ))]
pub(super) async fn codes(State(api): State<Shared>) -> Fixed {
    ([(header::CONTENT_TYPE, "application/json")], api.codes_json.clone())
}
