//! The way to the validators of a proof, fetched where the proof does not bring it along; and heads.

use huxin_chain_spec::ids::Height;
use huxin_chain_spec::receipt::{ReceiptError, TrustPath, TrustedHead};

use super::client::Client;
use super::node_client::NodeClient;
use super::proof::{of_node, receipt_refused};
use crate::error::ClientError;

/// Most pages of the way that are followed: 12 MiB of steps.
const PAGES_MAX: usize = 64;

impl Client {
    /// Checks what a node sent. Where the way to its validators is missing, fetches that from the same node, which must prove it, and
    /// checks again.
    pub(super) async fn led<T>(
        &self,
        nodes: &NodeClient,
        check: impl Fn() -> Result<T, ClientError>,
    ) -> Result<T, ClientError> {
        match check() {
            Err(
                ClientError::PathNeeded { known, since, .. }
                | ClientError::Receipt(ReceiptError::PathNeeded { known, since }),
            ) => {
                self.fetch_path(nodes, Height(known), Height(since)).await?;
                check()
            }
            other => other,
        }
    }

    /// Fetches the way from the set after `known` to the set after `end`, verifies it and learns it. Returns it in one piece.
    ///
    /// # Errors
    /// [`ClientError::ProofMismatch`] where a page does not hold or leads nowhere; what was wrong at the node.
    pub async fn fetch_path(&self, nodes: &NodeClient, known: Height, end: Height) -> Result<TrustPath, ClientError> {
        let node = nodes.connection().first_node();
        let mut whole: Option<TrustPath> = None;
        let mut reached = known;
        for _ in 0..PAGES_MAX {
            let bytes = nodes.trust_path(reached, end.next()).await?;
            let page = TrustPath::from_bytes(&bytes).map_err(|error| receipt_refused(&node, error))?;
            self.trust().check_path(&page).map_err(|error| receipt_refused(&node, error))?;
            let before = reached;
            reached = page.in_force_since();
            match &mut whole {
                Some(path) => path.steps.extend(page.steps),
                None => whole = Some(page),
            }
            match whole {
                Some(path) if reached >= end => return Ok(path),
                _ if reached <= before => break,
                _ => {}
            }
        }
        let reason = format!("the way that it gives to the validators of height {end} ends at height {reached}");
        Err(ClientError::ProofMismatch { node, reason })
    }

    /// Fetches the head of a height, the newest one by default, and checks it from what is known.
    ///
    /// # Errors
    /// What was wrong at the last node.
    pub async fn head(&self, height: Option<Height>) -> Result<(TrustedHead, Vec<u8>), ClientError> {
        let mut failures = super::failures::Failures::default();
        for nodes in self.nodes().each() {
            match self.head_of(&nodes, height).await {
                Ok(found) => return Ok(found),
                Err(error) => failures.add(error),
            }
        }
        Err(failures.into_error())
    }

    async fn head_of(&self, nodes: &NodeClient, height: Option<Height>) -> Result<(TrustedHead, Vec<u8>), ClientError> {
        let node = nodes.connection().first_node();
        let freshness = self.freshness();
        let bytes = nodes.trusted_head(height).await?;
        let head = TrustedHead::from_bytes(&bytes).map_err(|error| receipt_refused(&node, error))?;
        let check = || self.trust().check_head(&head).map_err(|error| receipt_refused(&node, error));
        self.led(nodes, check).await.map_err(|error| of_node(&node, error))?;
        match height {
            Some(height) if height != head.header.height => {
                let reason = format!("the head given for height {height} is of height {}", head.header.height);
                return Err(ClientError::ProofMismatch { node, reason });
            }
            Some(_) => {}
            None => freshness.check(&node, &head.header)?,
        }
        self.nodes().connection().saw_height(head.header.height.0);
        Ok((head, bytes))
    }
}

#[cfg(test)]
#[path = "path_tests.rs"]
mod tests;
