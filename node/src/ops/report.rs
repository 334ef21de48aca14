//! The status page of the operations listener: everything an operator needs to see why the chain is slow.

use std::collections::BTreeSet;

use huxin_chain_spec::crypto::KeyId;
use huxin_engine::EngineStatus;
use serde::Serialize;

use crate::health::{Health, Misbehaviour, Monitor, Reach, Reason};
use crate::metrics::Metrics;

/// Answer of `GET /status`. Times are milliseconds since 1970 UTC by this node's clock.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    province: String,
    software_version: &'static str,
    started_at_ms: u64,
    now_ms: u64,
    ready: bool,
    reasons: Vec<Reason>,
    chain: ChainReport,
    /// The validators of the height being decided, and what was heard of each.
    validators: Vec<ValidatorReport>,
    quorum: QuorumReport,
    /// Addresses of other validators without a vote at the height being decided, though the engine waits for votes.
    missing_votes: Vec<String>,
    clock: ClockReport,
    engine: EngineStatus,
    misbehaviour: MisbehaviourReport,
    mempool: MempoolReport,
    store: StoreReport,
}

#[derive(Debug, Serialize)]
struct ChainReport {
    chain_id: String,
    genesis_hash: String,
    height: u64,
    block: String,
    time_ms: u64,
    /// Age of the newest block.
    age_ms: u64,
    log_size: u64,
    log_root: String,
    map_root: String,
    heartbeat_ms: u64,
}

#[derive(Debug, Serialize)]
struct ValidatorReport {
    address: String,
    province: String,
    power: u64,
    /// Name of the province.
    name: &'static str,
    name_zh: &'static str,
    /// Whether it is this node.
    is_me: bool,
    /// Whether a connection stands; null where the ledger names no network key, and for this node.
    connected: Option<bool>,
    /// Since when nothing is heard of it.
    silent_since_ms: Option<u64>,
    /// Whether its signature stands in the last decision, as far as this node saw.
    signed_last: bool,
    /// The last vote seen; none of this node's own province.
    vote: Option<VoteReport>,
}

/// What is reached of the set, what is needed, what margin is left.
#[derive(Debug, Serialize)]
struct QuorumReport {
    validators: usize,
    /// This node included.
    reached_validators: usize,
    total_power: u64,
    quorum_power: u64,
    reached_power: u64,
    /// Validators that may still fail, whichever they are.
    may_fail_validators: usize,
    has_quorum: bool,
    /// Whether this node's key is in the set.
    has_vote: bool,
}

#[derive(Debug, Serialize)]
struct VoteReport {
    height: u64,
    round: u32,
    age_ms: u64,
}

#[derive(Debug, Serialize)]
struct ClockReport {
    /// Time of the last block judged minus this node's clock when it was judged.
    last_block_offset_ms: i64,
    /// From this distance on, blocks are not voted for.
    skew_ms_max: u64,
}

/// Proofs on this node's disk. `GET /v1/misbehaviour` has them.
#[derive(Debug, Serialize)]
struct MisbehaviourReport {
    /// Validators that signed two statements for one round, by address.
    double_signers: BTreeSet<String>,
    /// Heights at which two blocks are certified.
    forked_heights: BTreeSet<u64>,
}

#[derive(Debug, Serialize)]
struct MempoolReport {
    transactions: usize,
    bytes: usize,
    bytes_max: usize,
    full_refusals: u64,
    strangers: u64,
    listen: Vec<String>,
    peers: Vec<MempoolPeerReport>,
}

#[derive(Debug, Serialize)]
struct MempoolPeerReport {
    peer_id: String,
    connected: bool,
    last_contact_ms: Option<u64>,
    round_trip_us: Option<u64>,
    in_flight_bytes: u64,
    backlog: bool,
    transactions_sent: u64,
    transactions_received: u64,
}

#[derive(Debug, Serialize)]
struct StoreReport {
    disk_bytes: u64,
    records: u64,
    /// Figure to watch: it should stay level as the ledger grows.
    bytes_per_million_records: Option<u64>,
}

/// The page of one look.
pub(super) fn report(monitor: &Monitor, health: &Health, metrics: &Metrics) -> Report {
    let (tip, now) = (monitor.ledger.tip(), monitor.now());
    let genesis = monitor.ledger.genesis();
    let parameters = monitor.ledger.chain_tip().parameters;
    let validators = validators(health, now.since_1970());
    Report {
        province: health.province.clone(),
        software_version: env!("CARGO_PKG_VERSION"),
        started_at_ms: monitor.started.since_1970(),
        now_ms: now.since_1970(),
        ready: health.ready(),
        reasons: health.reasons.clone(),
        chain: ChainReport {
            chain_id: genesis.chain_id.to_string(),
            genesis_hash: monitor.ledger.genesis_hash().to_string(),
            height: tip.height.0,
            block: tip.hash.to_string(),
            time_ms: tip.time_ms.since_1970(),
            age_ms: now.ms_since(tip.time_ms),
            log_size: tip.log.size,
            log_root: tip.log.root.to_string(),
            map_root: tip.map_root.to_string(),
            heartbeat_ms: parameters.heartbeat_ms,
        },
        quorum: quorum(&health.reach),
        missing_votes: missing_votes(&validators, &health.engine),
        validators,
        clock: ClockReport {
            last_block_offset_ms: metrics.clock_offset_ms(),
            skew_ms_max: parameters.clock_skew_ms_max,
        },
        misbehaviour: misbehaviour(&health.misbehaviour),
        mempool: mempool(monitor, &health.mempool),
        store: store(health.store_bytes, tip.log.size),
        engine: health.engine.clone(),
    }
}

fn misbehaviour(found: &Misbehaviour) -> MisbehaviourReport {
    MisbehaviourReport {
        double_signers: found.double_signers.iter().map(KeyId::to_string).collect(),
        forked_heights: found.forks.iter().map(|fork| fork.height).collect(),
    }
}

fn validators(health: &Health, now_ms: u64) -> Vec<ValidatorReport> {
    let engine = &health.engine;
    let signers: &[KeyId] = engine.last_decision.as_ref().map_or(&[], |decision| &decision.signers);
    let report = health.reach.validators.iter().map(|validator| ValidatorReport {
        address: validator.address.to_string(),
        province: validator.province.to_string(),
        name: validator.province.name_en(),
        name_zh: validator.province.name_zh(),
        power: validator.power,
        is_me: validator.is_me,
        connected: validator.connected,
        silent_since_ms: validator.silent_since_ms,
        signed_last: signers.contains(&validator.address),
        vote: validator.vote.as_ref().map(|vote| VoteReport {
            height: vote.height,
            round: vote.round,
            age_ms: now_ms.saturating_sub(vote.seen_at_ms),
        }),
    });
    report.collect()
}

fn quorum(reach: &Reach) -> QuorumReport {
    QuorumReport {
        validators: reach.validators.len(),
        reached_validators: reach.reached(),
        total_power: reach.total_power,
        quorum_power: reach.quorum_power,
        reached_power: reach.reached_power,
        may_fail_validators: reach.may_fail,
        has_quorum: reach.has_quorum(),
        has_vote: reach.has_vote(),
    }
}

/// While a height is being decided: who has not voted on it. While idle nobody has to.
fn missing_votes(validators: &[ValidatorReport], engine: &EngineStatus) -> Vec<String> {
    if engine.phase != huxin_engine::Phase::Deciding {
        return Vec::new();
    }
    let voted = |validator: &ValidatorReport| validator.vote.as_ref().is_some_and(|vote| vote.height >= engine.height);
    let silent = validators.iter().filter(|validator| !validator.is_me && !voted(validator));
    silent.map(|validator| validator.address.clone()).collect()
}

fn mempool(monitor: &Monitor, stats: &crate::mempool::MempoolStats) -> MempoolReport {
    let peers = stats.peers.iter().map(|peer| MempoolPeerReport {
        peer_id: peer.peer_id.clone(),
        connected: peer.connected,
        last_contact_ms: peer.last_contact_ms,
        round_trip_us: peer.round_trip_us,
        in_flight_bytes: peer.in_flight_bytes,
        backlog: peer.backlog,
        transactions_sent: peer.transactions_sent,
        transactions_received: peer.transactions_received,
    });
    MempoolReport {
        transactions: stats.transactions,
        bytes: stats.bytes,
        bytes_max: monitor.mempool.limits().bytes_max,
        full_refusals: stats.full_refusals,
        strangers: stats.gossip.strangers,
        listen: stats.listen.clone(),
        peers: peers.collect(),
    }
}

fn store(disk_bytes: u64, records: u64) -> StoreReport {
    let per_million = u128::from(disk_bytes) * 1_000_000;
    let bytes_per_million_records =
        per_million.checked_div(u128::from(records)).and_then(|bytes| u64::try_from(bytes).ok());
    StoreReport { disk_bytes, records, bytes_per_million_records }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_per_million_records_needs_records() {
        assert_eq!(store(500, 0).bytes_per_million_records, None);
        assert_eq!(store(450_000, 1_000).bytes_per_million_records, Some(450_000_000));
    }
}
