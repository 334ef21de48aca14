//! The libp2p parts: transport, allow-list, connection bounds, liveness, batches.

use std::time::Duration;

use libp2p::allow_block_list::{self, AllowedPeers};
use libp2p::connection_limits::{self, ConnectionLimits};
use libp2p::core::muxing::StreamMuxerBox;
use libp2p::core::transport::{Boxed, upgrade::Version};
use libp2p::identity::Keypair;
use libp2p::multiaddr::Protocol;
use libp2p::request_response::{self, ProtocolSupport};
use libp2p::swarm::NetworkBehaviour;
use libp2p::{Multiaddr, PeerId, StreamProtocol, Swarm, Transport, dns, noise, ping, tcp, yamux};

use super::codec::BatchCodec;
use super::swarm::SwarmError;

/// Longest a connection may take to authenticate, and a batch to be answered.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
/// How often a connection is pinged; one missed answer closes it.
const PING_INTERVAL: Duration = Duration::from_secs(5);
/// Streams of one connection at a time, both directions: enough for the batches in flight of both ends.
const STREAMS_MAX: usize = 16;
/// Connections of one peer: both ends may dial at once, and a restarted peer may reconnect before its old connection has timed out.
const CONNECTIONS_PER_PEER_MAX: u32 = 4;
/// Incoming connections that have not authenticated yet.
const CONNECTIONS_PENDING_MAX: u32 = 64;
/// Connections are kept; only errors and the ping close them.
const IDLE_TIMEOUT: Duration = Duration::from_secs(365 * 24 * 3_600);

/// Everything a connection does. **The order of the fields matters**: a connection is offered to each in turn, and
/// `batches` would register one that a later field then denies.
#[derive(NetworkBehaviour)]
pub(super) struct Behaviour {
    pub(super) allowed: allow_block_list::Behaviour<AllowedPeers>,
    pub(super) limits: connection_limits::Behaviour,
    pub(super) ping: ping::Behaviour,
    pub(super) batches: request_response::Behaviour<BatchCodec>,
}

/// A swarm that accepts `peers` only.
pub(super) fn build_swarm(
    keypair: &Keypair,
    network: &str,
    peers: &[(PeerId, Vec<Multiaddr>)],
) -> Result<Swarm<Behaviour>, SwarmError> {
    let named = peers.iter().flat_map(|(_, addresses)| addresses).any(is_named);
    let mut allowed = allow_block_list::Behaviour::<AllowedPeers>::default();
    for (peer, _) in peers {
        allowed.allow_peer(*peer);
    }
    let limits = ConnectionLimits::default()
        .with_max_pending_incoming(Some(CONNECTIONS_PENDING_MAX))
        .with_max_established_per_peer(Some(CONNECTIONS_PER_PEER_MAX));
    let batches = request_response::Config::default()
        .with_request_timeout(ANSWER_TIMEOUT)
        .with_max_concurrent_streams(STREAMS_MAX);
    let behaviour = Behaviour {
        allowed,
        limits: connection_limits::Behaviour::new(limits),
        ping: ping::Behaviour::new(ping::Config::new().with_interval(PING_INTERVAL).with_timeout(ANSWER_TIMEOUT)),
        batches: request_response::Behaviour::new([(protocol(network)?, ProtocolSupport::Full)], batches),
    };
    let config = libp2p::swarm::Config::with_tokio_executor().with_idle_connection_timeout(IDLE_TIMEOUT);
    Ok(Swarm::new(build_transport(keypair, named)?, behaviour, keypair.public().to_peer_id(), config))
}

/// The protocol name holds the network's, so nodes of different chains cannot exchange batches even if their lists overlap.
pub(super) fn protocol(network: &str) -> Result<StreamProtocol, SwarmError> {
    StreamProtocol::try_from_owned(format!("/huxin/{network}/mempool/1"))
        .map_err(|_| SwarmError::NetworkName { network: network.to_owned() })
}

/// TCP with noise and yamux. The system's resolver is loaded only if an address needs it.
pub(super) fn build_transport(keypair: &Keypair, named: bool) -> Result<Boxed<(PeerId, StreamMuxerBox)>, SwarmError> {
    let start = |reason: String| SwarmError::Start { reason };
    let tcp = tcp::tokio::Transport::new(tcp::Config::default().nodelay(true));
    let dialer = if named {
        dns::tokio::Transport::system(tcp).map_err(|error| start(error.to_string()))?.boxed()
    } else {
        tcp.boxed()
    };
    let noise = noise::Config::new(keypair).map_err(|error| start(error.to_string()))?;
    Ok(dialer
        .upgrade(Version::V1Lazy)
        .authenticate(noise)
        .multiplex(yamux::Config::default())
        .timeout(ANSWER_TIMEOUT)
        .boxed())
}

fn is_named(address: &Multiaddr) -> bool {
    address
        .iter()
        .any(|part| matches!(part, Protocol::Dns(_) | Protocol::Dns4(_) | Protocol::Dns6(_) | Protocol::Dnsaddr(_)))
}

/// Peers and their addresses, in the order given. Several addresses of one peer are merged; the node's own are left
/// out, so that all nodes can use the same list.
pub(super) fn parse_peers(peers: &[String], own: PeerId) -> Result<Vec<(PeerId, Vec<Multiaddr>)>, SwarmError> {
    let mut parsed: Vec<(PeerId, Vec<Multiaddr>)> = Vec::new();
    for text in peers {
        let wrong = || SwarmError::PeerAddress { address: text.clone() };
        let address: Multiaddr = text.parse().map_err(|_| wrong())?;
        let Some(Protocol::P2p(peer)) = address.iter().last() else { return Err(wrong()) };
        if peer == own {
            continue;
        }
        // A peer id without an address cannot be dialled: that peer connects by itself.
        let reachable = (address.iter().count() > 1).then_some(address);
        match parsed.iter_mut().find(|(known, _)| *known == peer) {
            Some((_, addresses)) => addresses.extend(reachable),
            None => parsed.push((peer, reachable.into_iter().collect())),
        }
    }
    Ok(parsed)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn reads_peers_and_leaves_itself_out() {
        let [own, other] = [1, 2].map(|seed| Keypair::ed25519_from_bytes([seed; 32]).unwrap().public().to_peer_id());
        let list = [
            format!("/ip4/10.0.0.1/tcp/7001/p2p/{own}"),
            format!("/ip4/10.0.0.2/tcp/7001/p2p/{other}"),
            format!("/dns4/node.example/tcp/7001/p2p/{other}"),
        ];
        let peers = parse_peers(&list, own).unwrap();
        assert_eq!(peers.len(), 1);
        assert_eq!((peers[0].0, peers[0].1.len()), (other, 2));
        assert!(!is_named(&peers[0].1[0]) && is_named(&peers[0].1[1]));
        let by_itself = parse_peers(&[format!("/p2p/{other}")], own).unwrap();
        assert_eq!(by_itself, [(other, Vec::new())]);
        for bad in ["/ip4/10.0.0.2/tcp/7001", "10.0.0.2:7001", ""] {
            let error = parse_peers(&[bad.to_owned()], own).unwrap_err();
            assert!(matches!(error, SwarmError::PeerAddress { .. }), "{bad}");
        }
    }
}
