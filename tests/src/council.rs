//! The provinces deciding together, with their offline keys at hand.

use huxin_chain_spec::crypto::Digest;
use huxin_chain_spec::ids::{Height, RecordIndex};
use huxin_chain_spec::record::Operation;
use huxin_chain_spec::record::governance::{Action, GovernanceOperation};
use huxin_client::keys;
use huxin_client::sdk::{TransactionSigner, clock};

use crate::{Http, Network, PATIENCE, eventually};

/// How many blocks a vote may wait.
const WINDOW: u64 = 10_000;
/// How long proposals of tests stay open, in milliseconds.
const OPEN_MS: u64 = 600_000;

/// The governance keys of a network's provinces, in the order in which they joined.
pub struct Council {
    api: Http,
    signers: Vec<TransactionSigner>,
}

impl Council {
    /// Of the provinces that have a node; speaks to node 0.
    pub fn new(network: &Network) -> Self {
        let key = |province: &str| keys::open_plain(&network.keys(province).governance).unwrap();
        let nodes = network.description.nodes.iter();
        let signers = nodes.map(|node| TransactionSigner::new(&network.genesis, key(&node.province))).collect();
        Self { api: network.api(0), signers }
    }

    /// Proposes; the record of the proposal, or the code of the refusal.
    pub async fn propose(&self, province: usize, action: Action) -> Result<RecordIndex, String> {
        let closes_ms = clock().plus_ms(OPEN_MS);
        let propose = GovernanceOperation::Propose { action, closes_ms, rationale: Digest([1; 32]) };
        self.submit(province, propose).await
    }

    /// Votes; the record of the vote, or the code of the refusal.
    pub async fn vote(&self, province: usize, proposal: RecordIndex, approve: bool) -> Result<RecordIndex, String> {
        self.submit(province, GovernanceOperation::Vote { proposal, approve }).await
    }

    /// Proposes by the first of `provinces`, and lets the others agree until it has passed.
    ///
    /// On a young chain a change of validators is refused until enough of them have signed a block; a certificate holds the
    /// signatures that came first, so the slowest of four may be missing from the first few.
    pub async fn pass(&self, provinces: &[usize], action: Action) -> RecordIndex {
        let proposed = async || match self.propose(provinces[0], action.clone()).await {
            Err(code) if code == "governance.quorum_lost" => None,
            answer => Some(answer.unwrap()),
        };
        let proposal = eventually("enough validators were seen for the change", PATIENCE, proposed).await;
        for province in &provinces[1..] {
            if self.status(proposal).await == "passed" {
                break;
            }
            self.vote(*province, proposal, true).await.unwrap();
        }
        assert_eq!(self.status(proposal).await, "passed");
        proposal
    }

    /// Where a proposal stands.
    pub async fn status(&self, proposal: RecordIndex) -> String {
        let answer = self.api.get(&format!("/v1/things/proposal/{proposal}")).await;
        let answer: huxin_chain_spec::api::ThingAnswer = answer.json();
        answer.derived.unwrap()["status"].as_str().unwrap().to_owned()
    }

    async fn submit(&self, province: usize, operation: GovernanceOperation) -> Result<RecordIndex, String> {
        let operations = vec![Operation::Governance(operation)];
        let height = self.api.status().await.height;
        let transaction = self.signers[province].sign(operations, Height(height), WINDOW).unwrap();
        let path = "/v1/transactions?wait=committed&timeout_ms=60000";
        let reply = self.api.post(path, "application/octet-stream", transaction.bytes).await;
        if reply.status != 200 {
            return Err(reply.error().code);
        }
        let outcome: huxin_chain_spec::api::OutcomeAnswer = reply.json();
        match outcome.first_record {
            Some(record) => Ok(RecordIndex(record)),
            None => Err(outcome.error.map(|error| error.code).unwrap_or(outcome.outcome)),
        }
    }
}
