//! The way to the validators of a proof, fetched where the proof does not bring it along; and heads.

use huxin_chain_spec::ids::Height;
use huxin_chain_spec::receipt::{Anchors, ReceiptError, TrustPath, TrustedHead};

use super::client::Client;
use super::failures::Failures;
use super::node_client::NodeClient;
use super::proof::{of_node, receipt_refused};
use crate::error::ClientError;
use crate::say;

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

    /// Fetches the way from the set after `known` to the set after `end`, verifies it from what is known here and learns it.
    async fn fetch_path(&self, nodes: &NodeClient, known: Height, end: Height) -> Result<(), ClientError> {
        self.pages(nodes, known, end, |page| self.trust().check_path(page)).await.map(drop)
    }

    /// The way from the set that decides after `from` to the one that decides at `to`, by default at the newest block, in one piece. All
    /// of it is verified from the genesis on, whatever is known here: who gets the file may know less.
    ///
    /// # Errors
    /// [`ClientError::Input`] where the validators of `to` are older than `from`; what was wrong at the last node.
    pub async fn whole_path(&self, from: Height, to: Option<Height>) -> Result<TrustPath, ClientError> {
        let head = self.head(to).await?.0;
        let (height, end) = (head.header.height, head.trust.in_force_since());
        if from > end {
            let said = say!(
                "the validators of height {height} decide since height {end}, so there is no way to look for",
                "高度 {height} 的验证节点自高度 {end} 起生效，无需路径"
            );
            return Err(ClientError::at("--from", said));
        }
        let start = match from {
            Height(0) => from,
            _ => {
                let head = self.head(Some(from)).await?.0;
                if head.next.is_some() { from } else { head.trust.in_force_since() }
            }
        };
        let mut failures = Failures::default();
        for nodes in self.nodes().each() {
            match self.whole_path_at(&nodes, start, end).await {
                Ok(path) => return Ok(path),
                Err(error) => failures.add(error),
            }
        }
        Err(failures.into_error())
    }

    async fn whole_path_at(&self, nodes: &NodeClient, start: Height, end: Height) -> Result<TrustPath, ClientError> {
        let mut anchors = Anchors::of_genesis(*self.trust().hash());
        let mut take = |page: &TrustPath| {
            page.verify(&anchors)?;
            anchors.learn(page);
            Ok(())
        };
        if start > Height(0) {
            self.pages(nodes, Height(0), start, &mut take).await?;
        }
        self.pages(nodes, start, end, take).await
    }

    /// The pages of the way from the set after `known` to the set after `end`, each handed to `take`, which verifies it; in one piece.
    ///
    /// # Errors
    /// [`ClientError::ProofMismatch`] where a page does not hold or leads nowhere; what was wrong at the node.
    async fn pages(
        &self,
        nodes: &NodeClient,
        known: Height,
        end: Height,
        mut take: impl FnMut(&TrustPath) -> Result<(), ReceiptError>,
    ) -> Result<TrustPath, ClientError> {
        let node = nodes.connection().first_node();
        let mut whole: Option<TrustPath> = None;
        let mut reached = known;
        for _ in 0..PAGES_MAX {
            let bytes = nodes.trust_path(reached, end.next()).await?;
            let page = TrustPath::from_bytes(&bytes).map_err(|error| receipt_refused(&node, error))?;
            take(&page).map_err(|error| receipt_refused(&node, error))?;
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

    /// Checks a head that came from elsewhere, with the way to it from the nodes where that is missing.
    ///
    /// # Errors
    /// What was wrong at the last node, or with the head.
    pub async fn check_head(&self, head: &TrustedHead) -> Result<(), ClientError> {
        let mut failures = Failures::default();
        for nodes in self.nodes().each() {
            match self.led(&nodes, || self.trust().check_head(head).map_err(ClientError::from)).await {
                Ok(_) => return Ok(()),
                Err(error) => failures.add(error),
            }
        }
        Err(failures.into_error())
    }

    /// Fetches the head of a height, the newest one by default, and checks it from what is known.
    ///
    /// # Errors
    /// What was wrong at the last node.
    pub async fn head(&self, height: Option<Height>) -> Result<(TrustedHead, Vec<u8>), ClientError> {
        let mut failures = Failures::default();
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
