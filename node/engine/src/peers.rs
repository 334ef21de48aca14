//! Who may be connected: the list of peers, its changes while running, and what is done about a connection that should
//! not be, or that says nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_malachitebft_app_channel::app::engine::network::{NetworkMsg, NetworkRef, PersistentPeersOp};
use arc_malachitebft_app_channel::app::net::Multiaddr;
use parking_lot::Mutex;

use crate::EngineError;
use crate::config::address;
use crate::context::Ctx;
use crate::error::ExitCell;
use crate::status::{Board, now_ms};

/// A connected peer that tells no tip for so many of its intervals is connected to anew.
const SILENT_INTERVALS: u64 = 6;

/// Strangers that come more often are not named one by one.
const STRANGER_LINE_INTERVAL: Duration = Duration::from_secs(60);

/// The peers that are let in, and the engine's network that is told of them. Cloning shares the list.
#[derive(Clone)]
pub struct Peers {
    network: NetworkRef<Ctx>,
    /// The addresses of each, by peer id.
    list: Arc<Mutex<PeerList>>,
    /// When a stranger was named in the log last.
    told: Arc<Mutex<Option<Instant>>>,
}

type PeerList = BTreeMap<String, BTreeSet<String>>;

impl Peers {
    /// With the list that `network` was started with.
    pub(crate) fn new(network: NetworkRef<Ctx>, peers: &[String]) -> Result<Self, EngineError> {
        Ok(Self { network, list: Arc::new(Mutex::new(by_peer_id(peers)?)), told: Arc::default() })
    }

    #[cfg(test)]
    pub(crate) fn network(&self) -> NetworkRef<Ctx> {
        self.network.clone()
    }

    fn may_tell_of_stranger(&self, now: Instant) -> bool {
        let mut told = self.told.lock();
        let may = told.is_none_or(|told| now.saturating_duration_since(told) > STRANGER_LINE_INTERVAL);
        if may {
            *told = Some(now);
        }
        may
    }

    pub(crate) fn includes(&self, id: &str) -> bool {
        self.list.lock().contains_key(id)
    }

    /// Replaces the list: who is no longer on it is disconnected, who is new is let in and, where an address is given,
    /// connected to. Each is `/ip4/../tcp/../p2p/<peer id>`, or `/p2p/<peer id>` for one that will connect by itself. Until the
    /// next start.
    ///
    /// # Errors
    /// [`EngineError::Address`], and then nothing has changed; [`EngineError::Stopped`].
    pub async fn set(&self, peers: &[String]) -> Result<(), EngineError> {
        let wanted = by_peer_id(peers)?;
        let before = std::mem::replace(&mut *self.list.lock(), wanted.clone());
        for (id, addresses) in &before {
            if wanted.get(id) != Some(addresses) {
                for address in addresses {
                    self.tell(PersistentPeersOp::Remove(multiaddr(address)?)).await?;
                }
            }
        }
        for (id, addresses) in &wanted {
            if before.get(id) != Some(addresses) {
                for address in addresses {
                    self.tell(PersistentPeersOp::Add(multiaddr(address)?)).await?;
                }
            }
        }
        Ok(())
    }

    /// Closes the connection to `id`, who is not on the list.
    ///
    /// The engine's own check forgets which peer belongs to an address once that peer disconnects, and then lets
    /// anybody in who connects from there (`arc-malachitebft-discovery` 0.8, `cleanup_peer_on_disconnect`): whoever takes
    /// over the address of a node that is down would hear all that the nodes say.
    pub(crate) async fn send_away(&self, id: &str) {
        if self.may_tell_of_stranger(Instant::now()) {
            tracing::warn!(peer = id, "peer.stranger: not on the list; others are not named for a minute");
        }
        self.change(&format!("/p2p/{id}"), [PersistentPeersOp::Add, PersistentPeersOp::Remove]).await;
    }

    /// Closes the connections to `id` and lets it in again after `time`, if it is on the list then.
    pub(crate) async fn shut_out(&self, id: &str, time: Duration) {
        self.each_address(id, PersistentPeersOp::Remove).await;
        tokio::time::sleep(time).await;
        self.each_address(id, PersistentPeersOp::Add).await;
    }

    async fn each_address(&self, id: &str, change: fn(Multiaddr) -> PersistentPeersOp) {
        let addresses = self.list.lock().get(id).cloned().unwrap_or_default();
        for peer in addresses {
            self.change(&peer, [change]).await;
        }
    }

    /// Closes the connections to `id` and opens one again.
    async fn reconnect(&self, id: &str) {
        let addresses = self.list.lock().get(id).cloned().unwrap_or_default();
        for peer in addresses {
            self.change(&peer, [PersistentPeersOp::Remove, PersistentPeersOp::Add]).await;
        }
    }

    /// To remove a peer from the engine's list closes its connections; to add one opens a connection, if it has an address.
    async fn change<const N: usize>(&self, peer: &str, changes: [fn(Multiaddr) -> PersistentPeersOp; N]) {
        for change in changes {
            let result = match multiaddr(peer) {
                Ok(address) => self.tell(change(address)).await,
                Err(error) => Err(error),
            };
            if let Err(error) = result {
                tracing::debug!(peer, %error, "changing the list of peers");
            }
        }
    }

    async fn tell(&self, change: PersistentPeersOp) -> Result<(), EngineError> {
        match ractor::call!(self.network, |reply| NetworkMsg::UpdatePersistentPeers(change, reply)) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(EngineError::Peer { reason: error.to_string() }),
            Err(_) => Err(EngineError::Stopped),
        }
    }

    /// Connects anew to peers that are connected but say nothing, until the engine ends.
    ///
    /// The engine announces what it wants to hear (the tips of its peers among it) in one message when a connection
    /// opens, and repeats it only when a second connection to the same peer opens or closes. Where that message is lost,
    /// this node would never learn that it is behind, and would stay behind for good.
    pub(crate) async fn reconnect_silent(self, status_interval_ms: u64, board: Board, exit: ExitCell) {
        if status_interval_ms == 0 {
            return;
        }
        let silent_ms = status_interval_ms.saturating_mul(SILENT_INTERVALS);
        let mut looks = tokio::time::interval(Duration::from_millis(status_interval_ms));
        loop {
            tokio::select! {
                _ = looks.tick() => {}
                _ = exit.wait() => return,
            }
            for id in board.silent_peers(now_ms(), silent_ms) {
                tracing::warn!(peer = id, silent_ms, "connected, but nothing was heard from it; connecting anew");
                self.reconnect(&id).await;
            }
        }
    }
}

/// Refuses a list of peers that [`Peers::set`] would refuse.
///
/// # Errors
/// [`EngineError::Address`] for the first that cannot be used.
pub fn check_peers(peers: &[String]) -> Result<(), EngineError> {
    for peer in peers.iter().filter(|peer| !peer.starts_with("/p2p/")) {
        address::<Multiaddr>(peer, "/tcp/")?;
    }
    by_peer_id(peers).map(|_| ())
}

/// An address that names the peer, with or without a place to reach it at.
fn multiaddr(peer: &str) -> Result<Multiaddr, EngineError> {
    address(peer, "/p2p/")
}

/// The addresses by the peer id they end in.
fn by_peer_id(peers: &[String]) -> Result<PeerList, EngineError> {
    let mut list = PeerList::new();
    for peer in peers {
        multiaddr(peer)?;
        let (_, id) = peer
            .rsplit_once("/p2p/")
            .ok_or_else(|| EngineError::Address { address: peer.clone(), reason: "no /p2p/".to_owned() })?;
        list.entry(id.to_owned()).or_default().insert(peer.clone());
    }
    Ok(list)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn addresses_of_one_peer_belong_together() {
        let (one, two) = (crate::peer_id([1; 32]).unwrap(), crate::peer_id([2; 32]).unwrap());
        let peers = [
            format!("/ip4/127.0.0.1/tcp/1/p2p/{one}"),
            format!("/ip4/127.0.0.2/tcp/1/p2p/{one}"),
            format!("/p2p/{two}"),
        ];
        let list = by_peer_id(&peers).unwrap();
        assert_eq!(list[&one].len(), 2);
        assert_eq!(list[&two], BTreeSet::from([peers[2].clone()]));
    }

    #[test]
    fn an_address_without_a_peer_is_refused() {
        for peer in ["/ip4/127.0.0.1/tcp/1", "/p2p/nobody", "127.0.0.1:1"] {
            assert!(matches!(by_peer_id(&[peer.to_owned()]), Err(EngineError::Address { .. })), "{peer}");
        }
    }
}
