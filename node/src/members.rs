//! Who may connect: the peers of the configuration and the validators' nodes that the ledger names, less those it has
//! removed. Both swarms follow the ledger while the node runs, so that a province joins or leaves without anybody's restart.

use std::collections::BTreeSet;
use std::sync::Arc;

use huxin_chain_spec::crypto::KeyId;
use huxin_chain_spec::ids::Height;
use huxin_chain_spec::state::governance::ValidatorNode;
use huxin_engine::Peers;
use tokio::sync::watch;

use crate::ledger::Ledger;
use crate::mempool::peer_id_of;
use crate::store::StoreError;

/// The lists of peers of the configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PeerLists {
    pub consensus: Vec<String>,
    pub mempool: Vec<String>,
}

/// Where each swarm's list of the configuration stands, and where its list in force goes.
pub struct Members {
    pub ledger: Arc<Ledger>,
    /// Peer id of this node.
    pub me: String,
    /// Address of this node's consensus key.
    pub validator: KeyId,
    /// Lists of the configuration, which may be read again while the node runs.
    pub configured: watch::Receiver<PeerLists>,
}

impl Members {
    /// The lists in force now: for consensus, for the mempool.
    pub fn lists(&self) -> Result<(Vec<String>, Vec<String>), StoreError> {
        let nodes = self.ledger.store().validator_nodes()?;
        let configured = self.configured.borrow();
        Ok((in_force(&configured.consensus, &nodes, &self.me), in_force(&configured.mempool, &nodes, &self.me)))
    }

    /// Hands the lists to both swarms whenever the ledger or the configuration changes them, until `stopping`.
    pub async fn follow(
        mut self,
        mut changes: watch::Receiver<Height>,
        engine: Peers,
        mempool: watch::Sender<Vec<String>>,
        stopping: impl Future<Output = ()>,
    ) {
        tokio::pin!(stopping);
        let mut had_vote = self.has_vote();
        if !had_vote {
            tracing::warn!(
                validator = %self.validator,
                "this node is not a validator of the chain now: it runs without a vote until the provinces add its key"
            );
        }
        loop {
            tokio::select! {
                () = &mut stopping => return,
                changed = changes.changed() => match changed {
                    Ok(()) => {
                        let height = *changes.borrow_and_update();
                        tracing::info!(%height, "the validators' nodes changed");
                        had_vote = self.tell_vote(had_vote, height);
                    }
                    Err(_) => return,
                },
                changed = self.configured.changed() => match changed {
                    Ok(()) => tracing::info!("the lists of peers were read again"),
                    Err(_) => return,
                },
            }
            self.configured.mark_unchanged();
            match self.lists() {
                Ok((consensus, pool)) => {
                    mempool.send_replace(pool);
                    if let Err(error) = engine.set(&consensus).await {
                        tracing::error!(%error, "could not update the engine's peer list; keeping the old one");
                    }
                }
                Err(error) => {
                    tracing::error!(%error, "could not read the validators' nodes; keeping the old peer lists")
                }
            }
        }
    }

    fn has_vote(&self) -> bool {
        self.ledger.validators().get(&self.validator).is_some()
    }

    /// Says when this node's key enters or leaves the set.
    fn tell_vote(&self, had_vote: bool, height: Height) -> bool {
        let has_vote = self.has_vote();
        let validator = self.validator;
        match (had_vote, has_vote) {
            (true, false) => tracing::error!(
                %height, %validator,
                "this node has no vote any more: its consensus key was replaced or removed; after a rotation put the new key \
                 file in its place and start the node again"
            ),
            (false, true) => tracing::info!(%height, %validator, "this node has a vote from the next height on"),
            _ => {}
        }
        has_vote
    }
}

/// The province that the validator with this address belongs to, or belonged to last; empty if the ledger knows none.
pub fn province_of(ledger: &Ledger, me: &KeyId) -> Result<String, StoreError> {
    let nodes = ledger.store().validator_nodes()?;
    Ok(nodes.iter().find(|node| node.key.id() == *me).map(|node| node.province.to_string()).unwrap_or_default())
}

/// Where the ledger names another network key for the validator `me` than the one with the peer id `mine`: a sentence in English and
/// one in Chinese. `None` where it names this one, or none.
pub fn wrong_network_key(nodes: &[ValidatorNode], me: KeyId, mine: &str) -> Option<[String; 2]> {
    let node = nodes.iter().find(|node| node.key.id() == me && node.until.is_none())?;
    let named = peer_id_of(node.network_key.as_ref()?)?;
    (named != mine).then(|| {
        [
            format!(
                "this node's network key has the peer id {mine}, and the ledger names {named} for its validator: the others do not \
                 know it; put the key file that belongs to this validator at keys.network and start the node again"
            ),
            format!(
                "本节点网络密钥的节点标识是 {mine}，账本为其验证节点写明的是 {named}：其他节点不认识它；请在 keys.network 换上本验证节点的密钥文件后重新启动"
            ),
        ]
    })
}

/// `configured`, less who was removed, and with who is on the ledger alone: those connect by themselves.
fn in_force(configured: &[String], nodes: &[ValidatorNode], me: &str) -> Vec<String> {
    let ids = |is_current: bool| -> BTreeSet<String> {
        let nodes = nodes.iter().filter(|node| node.until.is_none() == is_current);
        nodes.filter_map(|node| peer_id_of(&node.network_key?)).collect()
    };
    let current = ids(true);
    let removed: BTreeSet<String> = ids(false).difference(&current).cloned().collect();
    let id_of = |peer: &str| peer.rsplit_once("/p2p/").map(|(_, id)| id.to_owned()).unwrap_or_default();
    let kept: Vec<String> = configured.iter().filter(|peer| !removed.contains(&id_of(peer))).cloned().collect();
    let listed: BTreeSet<String> = kept.iter().map(|peer| id_of(peer)).collect();
    let by_ledger = current.into_iter().filter(|id| id != me && !listed.contains(id));
    let by_ledger: Vec<String> = by_ledger.map(|id| format!("/p2p/{id}")).collect();
    kept.into_iter().chain(by_ledger).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use huxin_chain_spec::crypto::{SignatureScheme, Signer, SigningKey};

    use super::*;

    fn node(seed: u8, until: Option<u64>) -> ValidatorNode {
        let key = SigningKey::from_secret(SignatureScheme::Ed25519, [seed; 32]).unwrap().public_key();
        ValidatorNode {
            key,
            province: "310000".parse().unwrap(),
            network_key: Some(key),
            since: Height(0),
            until: until.map(Height),
            rotated_ms: Vec::new(),
        }
    }

    fn id(seed: u8) -> String {
        huxin_engine::peer_id([seed; 32]).unwrap()
    }

    #[test]
    fn the_ledger_admits_and_removes() {
        let address = |seed: u8| format!("/ip4/10.0.0.{seed}/tcp/1/p2p/{}", id(seed));
        let configured = [address(2), address(3), address(9)];
        let nodes = [node(1, None), node(2, None), node(3, Some(8)), node(4, None)];
        let lists = in_force(&configured, &nodes, &id(1));
        // 3 was removed; 9 is only configured, and stays; 4 is only on the ledger; 1 is this node.
        assert_eq!(lists, [address(2), address(9), format!("/p2p/{}", id(4))]);
        // A node whose validator key was rotated keeps its network key: it is not removed.
        let rotated = [node(3, Some(8)), node(3, None)];
        assert!(in_force(&configured, &rotated, &id(1)).contains(&address(3)));
    }

    /// A node with another network key blamed the others, and `check` said nothing.
    #[test]
    fn a_network_key_that_the_ledger_does_not_name_is_told() {
        let nodes = [node(1, None), node(2, None), ValidatorNode { network_key: None, ..node(3, None) }];
        let told = |me: u8, mine: u8| wrong_network_key(&nodes, node(me, None).key.id(), &id(mine));
        assert_eq!(told(1, 1), None);
        let [what, what_zh] = told(1, 2).unwrap();
        assert!(what.contains(&id(1)) && what.contains(&id(2)) && what_zh.contains(&id(1)), "{what}");
        assert_eq!((told(3, 9), told(8, 8)), (None, None), "the ledger names none");
        let left = [node(1, Some(4))];
        assert_eq!(wrong_network_key(&left, node(1, None).key.id(), &id(2)), None, "it has left the set");
    }

    #[test]
    fn peer_ids_of_both_swarms_and_of_the_ledger_are_alike() {
        assert_eq!(peer_id_of(&node(7, None).key), Some(id(7)));
        assert_eq!(crate::mempool::peer_id([7; 32]).unwrap(), id(7));
    }
}
