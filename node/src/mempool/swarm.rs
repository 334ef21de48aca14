//! Configuration and start of the swarm.

use std::future::Future;
use std::sync::Arc;

use huxin_chain_spec::crypto::PublicKey;
use libp2p::identity::{Keypair, ed25519};
use tokio::sync::watch;

use super::behaviour::{build_swarm, parse_peers};
use super::gossip::Gossip;
use super::{Admission, BATCH_BYTES_MAX, Mempool, PoolLimits};

/// Where the swarm listens, and its peers. Its bounds are the pool's.
#[derive(Clone)]
pub struct SwarmConfig {
    /// Name of the chain's network ([`huxin_chain_spec::genesis::network_name`]): peers of another chain speak another
    /// protocol and are refused, even if their ids are listed.
    pub network: String,
    /// Multiaddr, for example `/ip4/0.0.0.0/tcp/7002`.
    pub listen: String,
    /// Multiaddrs ending in `/p2p/<peer id>`, of all nodes; the node's own is ignored. No other peer may connect. An entry
    /// that is only `/p2p/<peer id>` is accepted and not dialled. May change while the swarm runs.
    pub peers: watch::Receiver<Vec<String>>,
    /// Ed25519 secret of the network key.
    pub network_secret: [u8; 32],
}

/// Why the swarm did not start or had to end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SwarmError {
    #[error("`{address}` is not an address to listen on; write it like /ip4/0.0.0.0/tcp/7002")]
    ListenAddress { address: String },
    #[error("`{address}` is not the address of a peer; write it like /ip4/10.0.0.2/tcp/7002/p2p/<peer id>")]
    PeerAddress { address: String },
    #[error("the network name `{network}` cannot be part of a protocol name")]
    NetworkName { network: String },
    #[error("mempool limits: {reason}")]
    Limits { reason: &'static str },
    #[error("cannot listen on {address}: {reason}")]
    Listen { address: String, reason: String },
    #[error("could not start the mempool's network: {reason}")]
    Start { reason: String },
}

/// The peer id of a network secret, as other nodes must name it in their lists.
///
/// # Errors
/// [`SwarmError::Start`] if the secret is not a key.
pub fn peer_id(network_secret: [u8; 32]) -> Result<String, SwarmError> {
    Ok(keypair(network_secret)?.public().to_peer_id().to_string())
}

/// The peer id of a network key as the ledger names it; `None` for a scheme that the network does not use.
pub fn peer_id_of(key: &PublicKey) -> Option<String> {
    let PublicKey::Ed25519(bytes) = key else { return None };
    let key = ed25519::PublicKey::try_from_bytes(bytes).ok()?;
    Some(libp2p::identity::PublicKey::from(key).to_peer_id().to_string())
}

/// Refuses a list of peers that the swarm would refuse.
pub fn check_peers(peers: &[String], network_secret: [u8; 32]) -> Result<(), SwarmError> {
    parse_peers(peers, keypair(network_secret)?.public().to_peer_id()).map(|_| ())
}

/// Whether the system names a resolver, as libp2p reads it. The engine's swarm asks for one at its start, even where no
/// peer is given by a host name (`arc-malachitebft-network` 0.8, `with_dns`).
///
/// # Errors
/// What is wrong with it.
pub fn check_resolver() -> Result<(), String> {
    let tcp = libp2p::tcp::tokio::Transport::new(libp2p::tcp::Config::default());
    libp2p::dns::tokio::Transport::system(tcp).map(|_| ()).map_err(|error| error.to_string())
}

/// Exchanges transactions with the other nodes until `shutdown` resolves.
///
/// # Errors
/// A configuration that cannot work, or a listener that could not be opened or was lost. Peers that are offline or
/// misbehave are never errors.
pub async fn run_swarm<A: Admission>(
    config: SwarmConfig,
    mempool: Mempool,
    admission: Arc<A>,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), SwarmError> {
    check_limits(mempool.limits())?;
    let keypair = keypair(config.network_secret)?;
    let mut listed = config.peers;
    let peers = parse_peers(&listed.borrow_and_update(), keypair.public().to_peer_id())?;
    let listen = config.listen.parse().map_err(|_| SwarmError::ListenAddress { address: config.listen.clone() })?;
    let mut swarm = build_swarm(&keypair, &config.network, &peers)?;
    swarm
        .listen_on(listen)
        .map_err(|error| SwarmError::Listen { address: config.listen, reason: error.to_string() })?;
    Gossip::new(swarm, mempool, admission, peers).run(listed, shutdown).await
}

fn keypair(mut secret: [u8; 32]) -> Result<Keypair, SwarmError> {
    Keypair::ed25519_from_bytes(&mut secret).map_err(|error| SwarmError::Start { reason: error.to_string() })
}

fn check_limits(limits: &PoolLimits) -> Result<(), SwarmError> {
    let wrong = |reason| Err(SwarmError::Limits { reason });
    if limits.batch_bytes_max == 0 || limits.batch_bytes_max > BATCH_BYTES_MAX {
        return wrong("a batch must be between 1 byte and the longest transaction");
    }
    if limits.per_peer_bytes_inflight_max < limits.batch_bytes_max {
        return wrong("at least one batch must fit in flight");
    }
    if limits.source_bytes_max() < BATCH_BYTES_MAX {
        return wrong("the share of one source must hold the longest transaction");
    }
    Ok(())
}
