//! How the node is: one look at ledger, engine and mempool, and whether it should get requests.

use std::sync::Arc;

use huxin_chain_spec::ids::{Height, TimeMs};
use huxin_engine::{EngineStatus, Phase};
use serde::Serialize;

use crate::clock::Clock;
use crate::ledger::Ledger;
use crate::mempool::{Mempool, MempoolStats};

/// How many blocks the node may be behind a peer and still count as ready: the block being decided, and one on its way.
const BLOCKS_BEHIND_MAX: u64 = 2;
/// The newest block may be this many heartbeats old.
const HEARTBEATS_MISSED_MAX: u64 = 3;
/// What a block may take besides the heartbeat, in milliseconds.
const BLOCK_MS_MAX: u64 = 10_000;
/// The mempool counts as full from this share on.
const POOL_FULL_PERCENT: usize = 95;

/// Reads the engine's status.
pub type EngineReader = Arc<dyn Fn() -> EngineStatus + Send + Sync>;

/// The parts whose state tells how the node is. Cloning shares them.
#[derive(Clone)]
pub struct Vitals {
    pub ledger: Arc<Ledger>,
    pub mempool: Mempool,
    pub engine: EngineReader,
    pub clock: Clock,
    /// Province that operates the node.
    pub province: String,
    pub started: TimeMs,
}

/// One reason why the node is not ready.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// Stable: `engine.starting`, `engine.ended`, `engine.diverged`, `consensus.stuck`, `chain.behind`, `chain.old`,
    /// `mempool.full`.
    pub code: &'static str,
    pub what: String,
}

/// One look at the node.
#[derive(Debug, Clone)]
pub struct Pulse {
    pub height: Height,
    pub engine: EngineStatus,
    pub mempool: MempoolStats,
    /// Why the node is not ready; empty if it is.
    pub reasons: Vec<Reason>,
}

impl Pulse {
    /// Whether the node follows the chain and takes transactions.
    pub fn ready(&self) -> bool {
        self.reasons.is_empty()
    }

    /// Peers the engine is connected to.
    pub fn connected_peers(&self) -> usize {
        self.engine.peers.iter().filter(|peer| peer.connected).count()
    }
}

impl Vitals {
    /// The time by the node's clock.
    pub fn now(&self) -> TimeMs {
        self.clock.now()
    }

    /// Looks at everything once.
    pub fn pulse(&self) -> Pulse {
        let tip = self.ledger.tip();
        let (engine, mempool) = ((self.engine)(), self.mempool.stats());
        let reasons = reasons(&Look {
            height: tip.height,
            // A chain that stood still while this node was down is not old news to it.
            newest_age_ms: self.now().ms_since(tip.time_ms.max(self.started)),
            heartbeat_ms: self.ledger.chain_tip().parameters.heartbeat_ms,
            engine: &engine,
            pool_bytes: mempool.bytes,
            pool_bytes_max: self.mempool.limits().bytes_max,
        });
        Pulse { height: tip.height, engine, mempool, reasons }
    }
}

/// What readiness is judged by.
struct Look<'a> {
    height: Height,
    newest_age_ms: u64,
    heartbeat_ms: u64,
    engine: &'a EngineStatus,
    pool_bytes: usize,
    pool_bytes_max: usize,
}

fn reasons(look: &Look<'_>) -> Vec<Reason> {
    let mut reasons = Vec::new();
    let mut add = |code, what| reasons.push(Reason { code, what });
    let engine = look.engine;
    match engine.phase {
        Phase::Starting => {
            add("engine.starting", "the engine connects and waits for a quorum of validators".to_owned())
        }
        Phase::Ended => {
            let why = engine.exit.as_deref().unwrap_or("no reason given");
            add("engine.ended", format!("the engine ended: {why}"));
        }
        Phase::Deciding | Phase::Idle => {}
    }
    if let Some(diverged) = &engine.diverged {
        let (height, reason) = (diverged.height, &diverged.reason);
        add(
            "engine.diverged",
            format!("a quorum decided a block at height {height} that this node finds invalid: {reason}"),
        );
    }
    if engine.stuck {
        let (height, round) = (engine.height, engine.round);
        add("consensus.stuck", format!("height {height} is in round {round}: too few validators are reached or agree"));
    }
    let highest = engine.peers.iter().filter(|peer| peer.connected).filter_map(|peer| peer.tip).max().unwrap_or(0);
    if highest > look.height.0.saturating_add(BLOCKS_BEHIND_MAX) {
        add("chain.behind", format!("this node is at height {}, a peer at {highest}", look.height));
    }
    let age_ms_max = look.heartbeat_ms.saturating_mul(HEARTBEATS_MISSED_MAX).saturating_add(BLOCK_MS_MAX);
    if look.newest_age_ms > age_ms_max {
        let age_s = look.newest_age_ms / 1000;
        add(
            "chain.old",
            format!(
                "no block for {age_s} s by this node's clock, though one is due every {} s",
                look.heartbeat_ms / 1000
            ),
        );
    }
    if look.pool_bytes.saturating_mul(100) > look.pool_bytes_max.saturating_mul(POOL_FULL_PERCENT) {
        add("mempool.full", format!("the mempool holds {} of at most {} bytes", look.pool_bytes, look.pool_bytes_max));
    }
    reasons
}

#[cfg(test)]
mod tests {
    use huxin_engine::{Noted, PeerStatus};

    use super::*;

    fn engine() -> EngineStatus {
        EngineStatus {
            height: 11,
            round: 0,
            phase: Phase::Idle,
            proposer: None,
            proposing: false,
            height_started_at_ms: None,
            stuck: false,
            last_decision: None,
            peers: Vec::new(),
            votes: Vec::new(),
            last_invalid: None,
            diverged: None,
            last_failure: None,
            parts_refused: 0,
            signing: Default::default(),
            exit: None,
        }
    }

    fn codes(engine: &EngineStatus, change: impl Fn(&mut Look<'_>)) -> Vec<&'static str> {
        let mut look = Look {
            height: Height(10),
            newest_age_ms: 9_000,
            heartbeat_ms: 10_000,
            engine,
            pool_bytes: 0,
            pool_bytes_max: 1_000,
        };
        change(&mut look);
        reasons(&look).into_iter().map(|reason| reason.code).collect()
    }

    fn peer(connected: bool, tip: u64) -> PeerStatus {
        PeerStatus { peer_id: "p".into(), connected, tip: Some(tip), heard_at_ms: 0 }
    }

    #[test]
    fn an_idle_node_with_its_heartbeat_is_ready() {
        assert!(codes(&engine(), |_| {}).is_empty());
        assert!(codes(&engine(), |look| look.newest_age_ms = 40_000).is_empty());
    }

    #[test]
    fn each_trouble_is_named() {
        assert_eq!(codes(&engine(), |look| look.newest_age_ms = 40_001), ["chain.old"]);
        assert_eq!(codes(&engine(), |look| look.pool_bytes = 951), ["mempool.full"]);
        assert_eq!(codes(&EngineStatus { phase: Phase::Starting, ..engine() }, |_| {}), ["engine.starting"]);
        assert_eq!(codes(&EngineStatus { phase: Phase::Ended, ..engine() }, |_| {}), ["engine.ended"]);
        assert_eq!(codes(&EngineStatus { stuck: true, ..engine() }, |_| {}), ["consensus.stuck"]);
        let diverged = Some(Noted { height: 11, reason: "map root".into(), at_ms: 0 });
        assert_eq!(codes(&EngineStatus { diverged, ..engine() }, |_| {}), ["engine.diverged"]);
    }

    #[test]
    fn only_connected_peers_tell_how_far_the_chain_is() {
        assert!(codes(&EngineStatus { peers: vec![peer(true, 12), peer(false, 90)], ..engine() }, |_| {}).is_empty());
        assert_eq!(codes(&EngineStatus { peers: vec![peer(true, 13)], ..engine() }, |_| {}), ["chain.behind"]);
    }
}
