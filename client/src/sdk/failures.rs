//! What went wrong at nodes on the way to an answer. What one node says or fails to say never decides: every node given is asked
//! before a failure is reported.

use crate::error::ClientError;

/// The failures so far, in the order in which the nodes were asked.
#[derive(Default)]
pub(super) struct Failures {
    /// In both languages.
    pub warnings: Vec<String>,
    /// The last proof that did not hold.
    broken: Option<ClientError>,
    /// The last other one, or the first that asking again would not mend.
    other: Option<ClientError>,
}

impl Failures {
    /// Notes a failure. A question that cannot be understood, or another chain, is reported before a node that is down.
    pub fn add(&mut self, error: ClientError) {
        self.warnings.push(error.in_both());
        if matches!(error, ClientError::ProofMismatch { .. }) {
            self.broken = Some(error);
        } else if self.other.as_ref().is_none_or(ClientError::is_worth_another_node) {
            self.other = Some(error);
        }
    }

    /// Whether some node's proof did not hold.
    pub fn has_broken_proof(&self) -> bool {
        self.broken.is_some()
    }

    /// The proof that did not hold, before all else.
    pub fn into_broken_proof(self) -> ClientError {
        match self.broken {
            Some(broken) => broken,
            None => self.into_error(),
        }
    }

    /// What to report where no node has an answer.
    pub fn into_error(self) -> ClientError {
        let error = match self.other {
            Some(other) if !other.is_worth_another_node() => Some(other),
            other => self.broken.or(other),
        };
        error.unwrap_or(ClientError::Unreachable { tried: "no node given".to_owned() })
    }
}
