//! Whether all nodes have the same ledger, with everything on it that was promised.

use huxin_chain_spec::api::{HeaderAnswer, OutcomeAnswer};
use huxin_chain_spec::genesis::Genesis;
use huxin_client::audit::{Coverage, ReplayOptions, replay};
use huxin_client::sdk::NodeClient;

use crate::{Acknowledged, Http, PATIENCE, eventually};

/// A height at which all nodes have the same block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agreed {
    pub height: u64,
    pub hash: String,
    pub log_size: u64,
    pub log_root: String,
    pub map_root: String,
}

impl From<HeaderAnswer> for Agreed {
    fn from(header: HeaderAnswer) -> Self {
        let HeaderAnswer { height, hash, log_size, log_root, map_root, .. } = header;
        Self { height, hash, log_size, log_root, map_root }
    }
}

/// Waits until every node has reached the greatest height that any has now, and checks that all have the same block and
/// the same roots there.
pub async fn agree_at_a_common_height(nodes: &[Http]) -> Agreed {
    let mut height = 0;
    for node in nodes {
        height = height.max(node.status().await.height);
    }
    let mut agreed: Option<Agreed> = None;
    for node in nodes {
        let what = format!("{} reaches height {height}", node.base());
        eventually(&what, PATIENCE, || async { node.try_status().await.filter(|status| status.height >= height) })
            .await;
        let here = Agreed::from(node.get(&format!("/v1/headers/{height}")).await.json::<HeaderAnswer>());
        let first = agreed.get_or_insert_with(|| here.clone());
        assert_eq!(&here, first, "{} differs at height {height}", node.base());
    }
    agreed.unwrap()
}

/// Checks that every acknowledged transaction stands on every node where the acknowledgement said.
pub async fn assert_everywhere(nodes: &[Http], acknowledged: &[Acknowledged]) {
    for node in nodes {
        for promise in acknowledged {
            let answer: OutcomeAnswer = node.get(&format!("/v1/transactions/{}", promise.tx_id)).await.json();
            let found = (answer.outcome.as_str(), answer.height, answer.first_record);
            let promised = ("committed", Some(promise.height), Some(promise.first_record));
            assert_eq!(found, promised, "{} on {}", promise.tx_id, node.base());
        }
    }
}

/// Recomputes the whole ledger from genesis and checks that every node has the result.
pub async fn replay_agrees(nodes: &[Http], genesis: &Genesis) -> Coverage {
    let addresses: Vec<String> = nodes.iter().map(|node| node.base().to_owned()).collect();
    let nodes = NodeClient::new(&addresses).unwrap();
    let coverage = replay(Some(&nodes), genesis, &ReplayOptions::default(), &|_, _, _| {}).await.unwrap();
    assert_eq!(coverage.all_nodes_agree(), Some(true), "{:?}", coverage.nodes);
    assert_eq!(coverage.nodes.len(), addresses.len());
    coverage
}
