//! What the engine asks of the node.

use async_trait::async_trait;
use bytes::Bytes;
use huxin_chain_spec::certificate::{Certificate, ValidatorSet};
use huxin_chain_spec::crypto::{Digest, KeyId};
use huxin_chain_spec::ids::Height;
use huxin_chain_spec::record::governance::DoubleSignature;

/// The node's side of the agreement: it makes, judges, keeps and serves blocks.
///
/// The engine calls from several tasks at once: a block may be considered while another is proposed, and heights are
/// read for peers at any time. Methods that are not `async` may read the store; the engine calls them off its own
/// threads, except [`Application::history_min_height`] and [`Application::start`], which must be quick.
#[async_trait]
pub trait Application: Send + Sync + 'static {
    /// The height to decide next (one above the last committed) and its validators.
    fn start(&self) -> HeightStart;

    /// Executes a block for (`height`, `round`), syncs it to disk and returns it. For the same (height, round) it must
    /// return the same block, also after a restart. On an error the round times out and the next proposer follows.
    async fn propose(&self, height: Height, round: u32) -> Result<Proposed, AppError>;

    /// The header hash that these block bytes claim, from the header alone; `None` if they are no block.
    fn identify(&self, bytes: &Bytes) -> Option<Digest>;

    /// Judges a block by executing it, and syncs it to disk with the verdict before returning.
    async fn consider(&self, candidate: Candidate) -> Verdict;

    /// Blocks on disk that were proposed or considered for (`height`, `round`) and are not decided. On an error the engine
    /// ends with [`crate::Exit::Store`].
    fn undecided(&self, height: Height, round: u32) -> Result<Vec<Undecided>, AppError>;

    /// The bytes of an undecided or decided block; `None` if the disk does not hold it. On an error nothing is proposed in
    /// its place.
    fn block(&self, height: Height, id: &Digest) -> Result<Option<Bytes>, AppError>;

    /// Commits a decided block, synced to disk. It was proposed by this node or found valid by
    /// [`Application::consider`] before. Whether it holds work: an empty one gives nobody a reason to begin the next. On an error
    /// the engine ends with [`crate::Exit::Commit`].
    async fn commit(&self, certificate: Certificate) -> Result<bool, AppError>;

    /// The same decision, perhaps with more signatures, and double signing seen since the last decision.
    async fn finalized(&self, certificate: Certificate, evidence: Vec<DoubleSignature>);

    /// A decided block with its certificate, for peers that catch up; `None` above the newest one.
    fn decided(&self, height: Height) -> Result<Option<(Certificate, Bytes)>, AppError>;

    /// The lowest height [`Application::decided`] can serve; 0 before the first decision.
    fn history_min_height(&self) -> Height;

    /// Resolves when the height after the committed `height` may start: there is work, or the heartbeat is due.
    /// The engine drops the future when peers are seen to be ahead, and then asks [`Application::start`]; so it must
    /// be safe to cancel.
    async fn until_next(&self, height: Height) -> HeightStart;
}

/// A height about to be decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeightStart {
    pub height: Height,
    /// The validators that decide it.
    pub validators: ValidatorSet,
}

/// A block made by this node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposed {
    /// Header hash.
    pub id: Digest,
    pub bytes: Bytes,
}

/// Where a block came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// A proposal of the height being decided: all rules hold, the clock's among them.
    Proposal,
    /// A decided block from a peer's history. A quorum signed it already, so the time of arrival says nothing.
    Sync,
}

/// A block to judge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    pub height: Height,
    /// The round it is proposed in. A block locked in an earlier round may be proposed again in a later one.
    pub round: u32,
    /// The proposer of that round. The header may name the proposer of an earlier round: one of
    /// [`crate::proposer`]`(validators, height, 0..=round)`.
    pub proposer: KeyId,
    /// The header hash, as [`Application::identify`] read it from `bytes`.
    pub id: Digest,
    pub bytes: Bytes,
    pub source: Source,
}

/// A judgement on a [`Candidate`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It may be voted for, and is on disk.
    Valid,
    /// The block with this header hash is against the rules (for [`Source::Proposal`], perhaps only at this time).
    Invalid { reason: String },
    /// The bytes do not belong to the header hash (a body that is not the header's). Says nothing about the block.
    NotTheBlock { reason: String },
    /// No judgement was possible here and now (a disk error, a missing parent). The sender is not to blame.
    Unavailable { reason: String },
}

/// A block on disk that no quorum has decided yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undecided {
    pub id: Digest,
    /// The proposer of the round it was proposed in.
    pub proposer: KeyId,
    /// The verdict at the time.
    pub valid: bool,
}

/// A failure of the application, as one sentence for the log and for [`crate::Exit`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct AppError(pub String);
