//! How one engine is set up, and its translation into the engine's own configuration.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use arc_malachitebft_app_channel::app::config::{ConsensusConfig, PubSubProtocol, ValuePayload, ValueSyncConfig};
use arc_malachitebft_app_channel::app::types::Keypair;
use arc_malachitebft_app_channel::app::types::core::LinearTimeouts;
use huxin_chain_spec::certificate::ValidatorSet;
use huxin_chain_spec::crypto::{Digest, KeyId};
use huxin_chain_spec::genesis::network_name;
use huxin_chain_spec::ids::ChainId;

use crate::EngineError;
use crate::parts::PartLimits;

/// Room for a certificate and framing around one block in an answer to a syncing peer, in bytes.
const SYNC_OVERHEAD_BYTES: usize = 256 * 1024;
/// Answers to syncing peers may be at least this long, in bytes: many small blocks per answer.
const SYNC_RESPONSE_BYTES_MIN: usize = 10 * 1024 * 1024;
/// Longest frame between peers, in bytes. A part and its envelope fit many times.
const FRAME_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Name of the write-ahead log in its folder.
pub(crate) const LOG_NAME: &str = "consensus.wal";

/// How one engine is set up.
#[derive(Clone)]
pub struct EngineConfig {
    /// Name of this node in logs and metrics.
    pub moniker: String,
    /// Part of the names of the network protocols.
    pub chain_id: ChainId,
    /// Where to listen, as a multiaddr with `/tcp/`, for instance `/ip4/0.0.0.0/tcp/27000`.
    pub listen: String,
    /// Every other node, each as `/ip4/../tcp/../p2p/<peer id>`, or as `/p2p/<peer id>` if it will connect by itself. Nobody
    /// else is let in.
    pub peers: Vec<String>,
    /// Secret of the Ed25519 network key (not the consensus key). See [`crate::peer_id`].
    pub network_secret: [u8; 32],
    /// Folder of the write-ahead log. Never to be copied to another machine or restored from a backup.
    pub wal_dir: PathBuf,
    /// File of the sign-state, beside the consensus key and apart from the store. Never to be restored from a backup.
    pub sign_state: PathBuf,
    /// Trust root of the chain: bound into every signature, the sign-state and the names of the network protocols.
    pub genesis: Digest,
    /// Identity of the store, to which the sign-state is bound.
    pub store: [u8; 16],
    pub timeouts: Timeouts,
    /// Least time from the start of a height to its end, in milliseconds; 0 for none. Precommits that arrive until
    /// then join the certificate given to [`crate::Application::finalized`].
    pub target_time_ms: u64,
    /// Longest wait for a quorum of peers before the first height, in milliseconds: it spares a lost round.
    pub gather_ms_max: u64,
    /// How consensus messages spread.
    pub pubsub: PubSub,
    /// How often the own tip is told to peers, in milliseconds; 0 for after each decision.
    pub status_interval_ms: u64,
    pub limits: Limits,
}

impl EngineConfig {
    /// The defaults for a full mesh of a few dozen validators, with these addresses and keys. [`EngineConfig::genesis`] and
    /// [`EngineConfig::store`] are zero, for tests.
    pub fn new(
        moniker: impl Into<String>,
        chain_id: ChainId,
        listen: impl Into<String>,
        peers: Vec<String>,
        network_secret: [u8; 32],
        wal_dir: impl Into<PathBuf>,
        sign_state: impl Into<PathBuf>,
    ) -> Self {
        Self {
            moniker: moniker.into(),
            chain_id,
            listen: listen.into(),
            peers,
            network_secret,
            wal_dir: wal_dir.into(),
            sign_state: sign_state.into(),
            genesis: Digest::ZERO,
            store: [0; 16],
            timeouts: Timeouts::default(),
            target_time_ms: 0,
            gather_ms_max: 2_000,
            pubsub: PubSub::default(),
            status_interval_ms: 1_000,
            limits: Limits::default(),
        }
    }

    /// Refuses what [`crate::run`] would refuse before it opens a socket or a file.
    ///
    /// # Errors
    /// Addresses or limits that cannot be used.
    pub fn check(&self) -> Result<(), EngineError> {
        self.keypair()?;
        self.sync()?;
        crate::peers::check_peers(&self.peers)?;
        self.consensus().map(|_| ())
    }

    /// The file of the write-ahead log.
    pub(crate) fn wal_file(&self) -> PathBuf {
        self.wal_dir.join(LOG_NAME)
    }

    /// The fewest peers that can make a quorum of `validators` together with this node, whose key is `me`; all of them if they
    /// are fewer.
    pub(crate) fn quorum_peers(&self, validators: &ValidatorSet, me: &KeyId) -> usize {
        let mut power = validators.get(me).map_or(0, |own| own.power);
        let others = validators.validators().iter().filter(|other| other.key.id() != *me);
        let mut others: Vec<u64> = others.map(|other| other.power).collect();
        others.sort_unstable_by(|a, b| b.cmp(a));
        let needed = others.iter().take_while(|other| {
            let is_needed = !validators.is_quorum(power);
            power = power.saturating_add(**other);
            is_needed
        });
        needed.count().min(self.nodes().saturating_sub(1))
    }

    /// Nodes of the network, this one among them: a peer counts once, however many addresses it is listed with.
    pub(crate) fn nodes(&self) -> usize {
        let own = crate::peer_id(self.network_secret).unwrap_or_default();
        let ids = self.peers.iter().filter_map(|peer| peer.rsplit_once("/p2p/")).map(|(_, id)| id);
        let others: BTreeSet<&str> = ids.filter(|id| *id != own).collect();
        others.len().saturating_add(1)
    }

    pub(crate) fn target_time(&self) -> Option<Duration> {
        (self.target_time_ms > 0).then(|| Duration::from_millis(self.target_time_ms))
    }

    pub(crate) fn keypair(&self) -> Result<Keypair, EngineError> {
        keypair(self.network_secret)
    }

    pub(crate) fn part_limits(&self) -> PartLimits {
        PartLimits {
            block_bytes_max: self.limits.block_bytes_max,
            streams_per_peer_max: self.limits.streams_per_peer_max,
            bytes_per_peer_max: self.limits.block_bytes_max.saturating_mul(2),
        }
    }

    /// Most bytes of blocks in one answer to a syncing peer.
    pub(crate) fn sync_response_bytes_max(&self) -> usize {
        self.limits.block_bytes_max.saturating_add(SYNC_OVERHEAD_BYTES).max(SYNC_RESPONSE_BYTES_MIN)
    }

    pub(crate) fn consensus(&self) -> Result<ConsensusConfig, EngineError> {
        let bad = |reason: &str| EngineError::Configuration { reason: reason.to_owned() };
        if self.limits.block_bytes_max == 0 || u32::try_from(self.limits.block_bytes_max).is_err() {
            return Err(bad("block_bytes_max must be between 1 and 4294967295"));
        }
        if self.limits.streams_per_peer_max == 0 {
            return Err(bad("streams_per_peer_max must be at least 1"));
        }
        let mut config = ConsensusConfig { value_payload: ValuePayload::ProposalAndParts, ..Default::default() };
        let p2p = &mut config.p2p;
        p2p.listen_addr = address(&self.listen, "/tcp/")?;
        for peer in &self.peers {
            // One that connects by itself has no place to be reached at.
            if !peer.starts_with("/p2p/") {
                address::<arc_malachitebft_app_channel::app::net::Multiaddr>(peer, "/tcp/")?;
            }
            p2p.persistent_peers.push(address(peer, "/p2p/")?);
        }
        p2p.persistent_peers_only = true;
        p2p.protocol = match self.pubsub {
            PubSub::Broadcast => PubSubProtocol::Broadcast,
            PubSub::Gossip => PubSubProtocol::GossipSub(Default::default()),
        };
        p2p.pubsub_max_size = bytes(FRAME_BYTES_MAX)?;
        p2p.rpc_max_size = bytes(self.sync_response_bytes_max().saturating_add(SYNC_OVERHEAD_BYTES))?;
        p2p.discovery.max_connections_per_ip = self.limits.connections_per_ip_max;
        let chain = network_name(&self.chain_id, &self.genesis);
        p2p.protocol_names.consensus = format!("/huxin/{chain}/consensus/1");
        p2p.protocol_names.sync = format!("/huxin/{chain}/sync/1");
        p2p.protocol_names.validator_proof = format!("/huxin/{chain}/validator-proof/1");
        Ok(config)
    }

    pub(crate) fn sync(&self) -> Result<ValueSyncConfig, EngineError> {
        Ok(ValueSyncConfig {
            enabled: true,
            status_update_interval: Duration::from_millis(self.status_interval_ms),
            max_response_size: bytes(self.sync_response_bytes_max())?,
            ..Default::default()
        })
    }
}

/// The network key pair from its secret.
pub(crate) fn keypair(secret: [u8; 32]) -> Result<Keypair, EngineError> {
    Keypair::ed25519_from_bytes(secret).map_err(|error| EngineError::NetworkKey { reason: error.to_string() })
}

/// Reads a multiaddr that must hold `needed`.
pub(crate) fn address<A: std::str::FromStr>(text: &str, needed: &str) -> Result<A, EngineError>
where
    A::Err: std::fmt::Display,
{
    let bad = |reason: String| EngineError::Address { address: text.to_owned(), reason };
    if !text.contains(needed) {
        return Err(bad(format!("no {needed}")));
    }
    text.parse().map_err(|error: A::Err| bad(error.to_string()))
}

/// A size in the engine's own type, which it does not export by name.
fn bytes<B: std::str::FromStr>(count: usize) -> Result<B, EngineError> {
    format!("{count} B").parse().map_err(|_| EngineError::Configuration { reason: format!("{count} bytes is no size") })
}

/// How long each step of a round waits, in milliseconds. Each later round of a height waits longer by the delta.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// For the proposal and its block.
    pub propose_ms: u64,
    pub propose_delta_ms: u64,
    /// For each of the two kinds of votes, once a quorum has voted but not alike.
    pub vote_ms: u64,
    pub vote_delta_ms: u64,
    /// No step waits longer, whatever the round.
    pub step_ms_max: u64,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { propose_ms: 1_000, propose_delta_ms: 500, vote_ms: 300, vote_delta_ms: 200, step_ms_max: 30_000 }
    }
}

impl Timeouts {
    /// One whole round without a decision, in milliseconds.
    pub(crate) fn round_ms(&self) -> u64 {
        self.propose_ms.saturating_add(self.vote_ms.saturating_mul(2))
    }

    pub(crate) fn linear(&self) -> LinearTimeouts {
        let ms = Duration::from_millis;
        LinearTimeouts {
            propose: ms(self.propose_ms),
            propose_delta: ms(self.propose_delta_ms),
            prevote: ms(self.vote_ms),
            prevote_delta: ms(self.vote_delta_ms),
            precommit: ms(self.vote_ms),
            precommit_delta: ms(self.vote_delta_ms),
            rebroadcast: ms(self.round_ms()),
            max_timeout: ms(self.step_ms_max),
        }
    }
}

/// How consensus messages spread among the nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PubSub {
    /// Each node sends to every other: fastest, and needs every pair of nodes connected. What a peer wants to hear it
    /// says once, when it connects; if that word is lost, the peer hears nothing until it connects anew.
    #[default]
    Broadcast,
    /// Gossipsub: messages are relayed and subscriptions repeated, so some pairs may be out of reach of each other.
    Gossip,
}

/// Bounds on what a peer can make this node hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Longest block, in bytes.
    pub block_bytes_max: usize,
    /// Most blocks a peer may have under way to us at once. Twice [`Limits::block_bytes_max`] bytes, all together.
    pub streams_per_peer_max: usize,
    /// Most connections from one IP address; nodes behind one gateway share it.
    pub connections_per_ip_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { block_bytes_max: 16 * 1024 * 1024, streams_per_peer_max: 8, connections_per_ip_max: 64 }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use huxin_chain_spec::certificate::Validator;
    use huxin_chain_spec::crypto::{SignatureScheme, Signer as _, SigningKey};

    use super::*;

    fn config() -> EngineConfig {
        EngineConfig::new(
            "n0",
            "dev-test".parse().unwrap(),
            "/ip4/127.0.0.1/tcp/27000",
            vec![],
            [1; 32],
            "none",
            "none.sign-state",
        )
    }

    #[test]
    fn only_known_peers_and_parts_mode() {
        let id = crate::peer_id([2; 32]).unwrap();
        let mut config = config();
        let by_itself = crate::peer_id([3; 32]).unwrap();
        config.peers = vec![format!("/ip4/127.0.0.1/tcp/27001/p2p/{id}"), format!("/p2p/{by_itself}")];
        let made = config.consensus().unwrap();
        assert!(made.p2p.persistent_peers_only);
        assert_eq!(made.value_payload, ValuePayload::ProposalAndParts);
        assert_eq!(made.p2p.persistent_peers.len(), 2);
        assert!(made.p2p.protocol_names.consensus.contains("dev-test"));
    }

    /// The lines of the list were counted: a peer with two addresses, or this node's own line, made the quorum larger than the
    /// network.
    #[test]
    fn a_quorum_is_counted_in_validators_and_not_in_lines_of_the_list() {
        let id = |seed: u8| crate::peer_id([seed; 32]).unwrap();
        let line = |at: &str, seed: u8| format!("/ip4/{at}/tcp/1/p2p/{}", id(seed));
        let mut config = config();
        config.peers = vec![line("10.0.0.1", 1), line("10.0.0.2", 2), line("10.1.0.2", 2), format!("/p2p/{}", id(3))];
        config.peers.extend([line("10.0.0.4", 4), line("10.2.0.2", 2)]);
        assert_eq!(config.nodes(), 4, "this node has the secret of seed 1");
        let validator = |seed: u8, power| Validator {
            key: SigningKey::from_secret(SignatureScheme::Ed25519, [seed; 32]).unwrap().public_key(),
            power,
            province: "110000".parse().unwrap(),
        };
        let set = |powers: &[(u8, u64)]| {
            ValidatorSet::new(powers.iter().map(|(seed, power)| validator(*seed, *power)).collect())
        };
        let me = validator(1, 1).key.id();
        let four = set(&[(1, 1), (2, 1), (3, 1), (4, 1)]);
        assert_eq!(config.quorum_peers(&four, &me), 2);
        assert_eq!(config.quorum_peers(&four, &validator(9, 1).key.id()), 3, "without a vote of its own");
        assert_eq!(config.quorum_peers(&set(&[(1, 1)]), &me), 0);
        assert_eq!(config.quorum_peers(&set(&[(1, 1), (2, 5), (3, 1)]), &me), 1);
        assert_eq!(config.quorum_peers(&set(&[(1, 1), (2, 1), (3, 5), (4, 1)]), &me), 1);
        assert_eq!(config.quorum_peers(&set(&[(1, 1), (2, 1), (3, 1), (4, 1), (5, 1), (6, 1), (7, 1)]), &me), 3);
    }

    #[test]
    fn an_answer_to_a_syncing_peer_has_room_for_the_longest_block() {
        let mut config = config();
        config.limits.block_bytes_max = 64 * 1024 * 1024;
        let response = config.sync().unwrap().max_response_size.as_u64();
        let frame = config.consensus().unwrap().p2p.rpc_max_size.as_u64();
        assert!(response > 64 * 1024 * 1024);
        assert!(frame > response);
    }

    #[test]
    fn addresses_that_cannot_work_are_refused() {
        for (listen, peer) in [
            ("127.0.0.1:27000", None),
            ("/ip4/127.0.0.1/udp/27000", None),
            ("/ip4/127.0.0.1/tcp/27000", Some("/ip4/127.0.0.1/tcp/27001")),
            ("/ip4/127.0.0.1/tcp/27000", Some("/ip4/127.0.0.1/tcp/27001/p2p/nonsense")),
        ] {
            let mut config = config();
            config.listen = listen.to_owned();
            config.peers = peer.map(str::to_owned).into_iter().collect();
            assert!(matches!(config.consensus(), Err(EngineError::Address { .. })), "{listen} {peer:?}");
        }
    }
}
