//! How the node is: one look at ledger, engine and mempool, and whether it should get requests.

use std::collections::BTreeMap;
use std::sync::Arc;

use huxin_chain_spec::crypto::KeyId;
use huxin_chain_spec::ids::{Height, ProvinceCode, TimeMs};
use huxin_chain_spec::participation::Participation;
use huxin_chain_spec::state::StateKey;
use huxin_chain_spec::state::governance::ValidatorNode;
use huxin_engine::EngineStatus;
use parking_lot::Mutex;

use super::misbehaviour::Misbehaviour;
use super::reach::{Reach, Sight, reach};
use super::reason::{Look, Reason, Severity};
use super::reasons::{BLOCK_MS_MAX, reasons};
use super::snapshots::Snapshots;
use crate::clock::Clock;
use crate::ledger::Ledger;
use crate::members::wrong_network_key;
use crate::mempool::{Mempool, MempoolStats, peer_id_of};
use crate::store::StoreError;

/// A connected validator may go so many heartbeats, and [`BLOCK_MS_MAX`], without a vote.
const HEARTBEATS_SILENT_MAX: u64 = 2;

/// Reads the engine's status.
pub type EngineReader = Arc<dyn Fn() -> EngineStatus + Send + Sync>;

/// By which keys the ledger and the other nodes know this node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Address of the consensus key.
    pub validator: KeyId,
    /// Peer id of the network key.
    pub peer_id: String,
}

/// The members at a height; read again once the chain has moved on.
type CachedMembers = Option<(Height, Arc<KnownMembers>)>;

/// The parts whose state tells how the node is. Cloning shares them.
#[derive(Clone)]
pub struct Monitor {
    pub ledger: Arc<Ledger>,
    pub mempool: Mempool,
    pub engine: EngineReader,
    pub clock: Clock,
    pub identity: Identity,
    pub started: TimeMs,
    members: Arc<Mutex<CachedMembers>>,
    snapshots: Snapshots<Health>,
}

/// The validators' nodes that the ledger names, as of one change of them.
struct KnownMembers {
    peer_ids: BTreeMap<KeyId, String>,
    /// Province of this node.
    province: Option<ProvinceCode>,
    /// Time of the block with which each validator that was not a founder came, in milliseconds since 1970.
    since_ms: BTreeMap<KeyId, u64>,
    /// See [`wrong_network_key`].
    wrong_network_key: Option<[String; 2]>,
    /// Height at which this node's key lost its vote, if it had one before.
    ended: Option<Height>,
}

/// One look at the node.
#[derive(Debug, Clone)]
pub struct Health {
    pub height: Height,
    /// The province that this node belongs to, or belonged to last; empty if the ledger knows neither of its keys. Read from
    /// the ledger each time: a node may become a validator after its start.
    pub province: String,
    /// Bytes of the store's files.
    pub store_bytes: u64,
    pub engine: EngineStatus,
    pub mempool: MempoolStats,
    /// Who is reached.
    pub reach: Reach,
    /// Proofs on this node's disk.
    pub misbehaviour: Misbehaviour,
    /// What is wrong; see [`Reason`].
    pub reasons: Vec<Reason>,
}

impl Health {
    /// Whether the node follows the chain and takes transactions.
    pub fn ready(&self) -> bool {
        self.reasons.iter().all(|reason| reason.severity != Severity::Stop)
    }

    /// Peers the engine is connected to.
    pub fn connected_peers(&self) -> usize {
        self.engine.peers.iter().filter(|peer| peer.connected).count()
    }
}

/// Reasons for which newer blocks may exist that this node does not have. Without a quorum at hand it cannot know: the
/// validators it does not reach may go on with some of those it does.
const MAY_BE_BEHIND: [&str; 8] = [
    "engine.starting",
    "engine.ended",
    "engine.diverged",
    "consensus.no_quorum",
    "chain.behind",
    "chain.tip_unknown",
    "peers.none",
    "store.unreadable",
];

/// Whether nothing may be answered about the ledger for this reason.
fn hides_the_chain(reason: &Reason) -> bool {
    // While a signer of both blocks still votes, neither chain can be relied on, this node's own included.
    let is_forked = reason.code == "chain.forked" && reason.severity == Severity::Stop;
    is_forked || MAY_BE_BEHIND.contains(&reason.code)
}

impl Monitor {
    /// Of a node that starts now.
    pub fn new(ledger: Arc<Ledger>, mempool: Mempool, engine: EngineReader, clock: Clock, identity: Identity) -> Self {
        let started = clock.now();
        Self {
            ledger,
            mempool,
            engine,
            clock,
            identity,
            started,
            members: Arc::default(),
            snapshots: Snapshots::default(),
        }
    }

    /// The time by the node's clock.
    pub fn now(&self) -> TimeMs {
        self.clock.now()
    }

    /// Looks at everything now. `None` if that took longer than it may: how the node is, is then not known.
    pub async fn health(&self) -> Option<Arc<Health>> {
        let monitor = self.clone();
        self.snapshots.now(move || monitor.look()).await
    }

    /// Looks at everything once. Reads the store, so it may take as long as the disk does.
    fn look(&self) -> Health {
        let tip = self.ledger.tip();
        let (engine, mempool) = ((self.engine)(), self.mempool.stats());
        let heartbeat_ms = self.ledger.chain_tip().parameters.heartbeat_ms;
        let now = self.now();
        let members = self.members();
        let (reach, unread) = self.reach(&engine, members.as_deref().ok(), heartbeat_ms, now);
        let misbehaviour = Misbehaviour::read(self.ledger.store());
        let proofs = misbehaviour.as_ref().ok();
        let mut reasons = reasons(&Look {
            height: tip.height,
            // A chain that stood still while this node was down is not old news to it.
            newest_age_ms: now.ms_since(tip.time_ms.max(self.started)),
            heartbeat_ms,
            engine: &engine,
            reach: &reach,
            me: self.identity.validator,
            misbehaviour: proofs,
            no_vote: self.no_vote(&reach, members.as_deref().ok()),
            wrong_network_key: members.as_ref().ok().and_then(|members| members.wrong_network_key.clone()),
            genesis_ahead_ms: self.ledger.genesis().time.ms_since(now),
            pool_bytes: mempool.bytes,
            pool_bytes_max: self.mempool.limits().bytes_max,
            now_ms: now.since_1970(),
        });
        let province = members.as_ref().ok().and_then(|members| members.province);
        let province = province.map(|province| province.to_string()).unwrap_or_default();
        let mut unreadable = |what: String, what_zh: String| {
            let code = "store.unreadable";
            reasons.push(Reason { code, severity: Severity::Stop, what, what_zh, provinces: Vec::new() });
        };
        if let Err(error) = members {
            unreadable(
                format!("the validators' nodes cannot be read: {error}"),
                format!("无法读取验证节点名单：{error}"),
            );
        }
        if let Some(error) = unread {
            unreadable(
                format!("the validators' signatures on the ledger cannot be read: {error}"),
                format!("无法读取账本上验证节点的签名：{error}"),
            );
        }
        if let Err(error) = &misbehaviour {
            unreadable(
                format!("the proofs of misbehaviour cannot be read: {error}"),
                format!("无法读取违规证明：{error}"),
            );
        }
        let misbehaviour = misbehaviour.unwrap_or_default();
        let store_bytes = self.ledger.store().disk_bytes();
        Health { height: tip.height, province, store_bytes, engine, mempool, reach, misbehaviour, reasons }
    }

    /// Why this node may not answer questions about the ledger as it is now: what it does not have it would call "not on
    /// this ledger". `None` if it may. Asked at each request, so it goes by a look that may be a second old.
    pub async fn unanswerable(&self) -> Option<String> {
        if self.ledger.height() == Height::ZERO {
            return Some("this node has no block yet".to_owned());
        }
        let monitor = self.clone();
        let Some(health) = self.snapshots.recent(move || monitor.look()).await else {
            return Some(Reason::state_unknown().what);
        };
        let found = health.reasons.iter().find(|reason| hides_the_chain(reason));
        let alone = health.reach.is_alone().then(|| "no other validator is connected".to_owned());
        found.map(|reason| reason.what.clone()).or(alone)
    }

    /// Whom this node reaches, and why it could not be read who signs blocks elsewhere, if so.
    fn reach(
        &self,
        engine: &EngineStatus,
        members: Option<&KnownMembers>,
        heartbeat_ms: u64,
        now: TimeMs,
    ) -> (Reach, Option<StoreError>) {
        let set = self.ledger.validators();
        let (none, unsigned, unknown) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        let mut sight = Sight {
            set: &set,
            peer_ids: members.map_or(&none, |members| &members.peer_ids),
            engine,
            me: self.identity.validator,
            now_ms: now.since_1970(),
            started_ms: self.started.since_1970(),
            silent_after_ms: heartbeat_ms.saturating_mul(HEARTBEATS_SILENT_MAX).saturating_add(BLOCK_MS_MAX),
            signed_ms: &unsigned,
            since_ms: members.map_or(&unknown, |members| &members.since_ms),
        };
        let seen = reach(&sight);
        if seen.silent().all(|validator| validator.connected != Some(false)) {
            return (seen, None);
        }
        // A validator is not connected: does the ledger hold its newer signatures?
        match self.signed_ms() {
            Ok(signed_ms) => {
                sight.signed_ms = &signed_ms;
                (reach(&sight), None)
            }
            Err(error) => (seen, Some(error)),
        }
    }

    /// Time of the newest block that holds each validator's signature, as the ledger counts participation.
    fn signed_ms(&self) -> Result<BTreeMap<KeyId, u64>, StoreError> {
        let store = self.ledger.store();
        let found = store.thing_at::<Participation>(&StateKey::Participation, self.ledger.height())?;
        let Some(participation) = found else { return Ok(BTreeMap::new()) };
        let mut signed_ms = BTreeMap::new();
        for one in participation.all() {
            if let Some(row) = store.header(one.last_seen)? {
                signed_ms.insert(one.validator, row.header.time_ms.since_1970());
            }
        }
        Ok(signed_ms)
    }

    /// Why this node's key has no vote, in both languages.
    fn no_vote(&self, reach: &Reach, members: Option<&KnownMembers>) -> Option<[String; 2]> {
        if reach.has_vote() {
            return None;
        }
        let key = self.identity.validator;
        Some(match members.and_then(|members| members.ended) {
            Some(height) => [
                format!(
                    "this node runs without a vote: its consensus key {key} was replaced or removed at height {height}; \
                     if the key was rotated, put the new key file in its place and start the node again"
                ),
                format!(
                    "本节点没有表决权：其共识密钥 {key} 已在高度 {height} 被更换或移除；若已换钥，请换上新密钥文件后重新启动"
                ),
            ],
            None => [
                format!(
                    "this node runs without a vote: its consensus key {key} is not one of the validators; it follows the chain \
                     until the provinces add it, or the key file is the wrong one"
                ),
                format!(
                    "本节点没有表决权：其共识密钥 {key} 不在验证节点之列；在各省将其加入之前只跟随，或者密钥文件有误"
                ),
            ],
        })
    }

    /// When the validators of the set came that were not founders.
    fn since_ms(&self, nodes: &[ValidatorNode]) -> Result<BTreeMap<KeyId, u64>, StoreError> {
        let mut since_ms = BTreeMap::new();
        for node in nodes.iter().filter(|node| node.until.is_none() && node.since > Height::ZERO) {
            let store = self.ledger.store();
            // The block may not be there yet; the one before it is.
            let row = match store.header(node.since)? {
                Some(row) => Some(row),
                None => store.header(Height(node.since.0.saturating_sub(1)))?,
            };
            if let Some(row) = row {
                since_ms.insert(node.key.id(), row.header.time_ms.since_1970());
            }
        }
        Ok(since_ms)
    }

    fn members(&self) -> Result<Arc<KnownMembers>, StoreError> {
        let changed = *self.ledger.members().borrow();
        let mut kept = self.members.lock();
        if let Some((height, members)) = &*kept
            && *height == changed
        {
            return Ok(Arc::clone(members));
        }
        let nodes = self.ledger.store().validator_nodes()?;
        let mine = nodes.iter().find(|node| node.key.id() == self.identity.validator);
        let peer_ids: BTreeMap<KeyId, String> =
            nodes.iter().filter_map(|node| Some((node.key.id(), peer_id_of(&node.network_key?)?))).collect();
        // A node with a new or a wrong consensus key is still known by its network key.
        let by_peer_id =
            || nodes.iter().find(|node| peer_ids.get(&node.key.id()).is_some_and(|id| *id == self.identity.peer_id));
        let members = Arc::new(KnownMembers {
            province: mine.or_else(by_peer_id).map(|node| node.province),
            since_ms: self.since_ms(&nodes)?,
            wrong_network_key: wrong_network_key(&nodes, self.identity.validator, &self.identity.peer_id),
            ended: mine.and_then(|node| node.until),
            peer_ids,
        });
        *kept = Some((changed, Arc::clone(&members)));
        Ok(members)
    }
}
