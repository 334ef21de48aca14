//! One error type of the crate: what went wrong, where, and what to do next.
//!
//! Three answers are kept apart everywhere: "no" (refused, not valid), "not on the ledger", and "could not be checked".
//! A node that cannot be reached, or whose proof does not hold, never turns into "no".

use huxin_chain_spec::api::ErrorBody;
use huxin_chain_spec::receipt::ReceiptError;

/// How the `huxin` command ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum ExitCode {
    /// Valid; or the command did what it was asked.
    Success = 0,
    /// Not valid (invalid, revoked, suspended, expired...); or the ledger refused.
    Refused = 1,
    /// Not on the ledger.
    NotOnLedger = 2,
    /// Could not be checked: unreachable, proof failed, wrong trust root, unusable input.
    NotChecked = 3,
    /// The end of a transaction is one node's word, and nothing proves it.
    NotProven = 4,
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code as u8)
    }
}

/// Everything that can go wrong in the client.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// No node could be reached, or none was able to answer.
    #[error("no node answered ({tried}); check the addresses given with --node and that the nodes run")]
    Unreachable { tried: String },
    /// A node understood the request and refused it.
    #[error("{node} refuses: {} [{}], at {}; {}", .body.what, .body.code, .body.place, .body.next)]
    Refused { node: String, status: u16, body: Box<ErrorBody> },
    /// The transaction stands in a block with a refusal: it changed nothing and never will.
    #[error(
        "transaction {tx_id} is rejected at height {height}: {} [{}], at {}; {}", .body.what, .body.code, .body.place, .body.next
    )]
    Rejected { tx_id: String, height: u64, body: Box<ErrorBody> },
    /// The transaction's window has passed without it being committed: it changed nothing and never will. A certified header at or
    /// above its last height, and more nodes than may lie, say so.
    #[error("transaction {tx_id} expired before any block took it; submit the request again")]
    Expired { tx_id: String },
    /// The outcome is not known yet.
    #[error(
        "transaction {tx_id} is not final yet (waited {waited_ms} ms); it may still be committed: ask again with `huxin transaction {tx_id}`, or submit the same bytes again"
    )]
    Pending { tx_id: String, waited_ms: u64 },
    /// A node's answer is not supported by the proof it came with: the node is wrong or lies.
    #[error(
        "the proof does not support the answer of {node}: {reason}; do not rely on this node, ask another one and report this answer"
    )]
    ProofMismatch { node: String, reason: String },
    /// A proof or state is of another version of the software than this program reads.
    #[error(
        "the proof that {node} gives is of another version: {reason}; this is not a fault of the node: use a version of huxin that fits it"
    )]
    OtherVersion { node: String, reason: String },
    /// A node says how a transaction ended, and nothing proves it.
    #[error(
        "{node} says that transaction {tx_id} is {outcome}, and nothing proves it ({reason}); it may stand on the ledger all the same: \
         ask more nodes with --node, or ask again with `huxin transaction {tx_id}`"
    )]
    OutcomeNotProven { node: String, tx_id: String, outcome: String, reason: String },
    /// A receipt proves nothing under the pinned trust root.
    #[error("the receipt proves nothing: {0}")]
    Receipt(#[from] ReceiptError),
    /// The newest block the node shows is too old for a question about now.
    #[error(
        "{node} answers as of height {height}, {age_s} s ago, but at most {age_s_max} s are accepted for a question about now; ask another node, or allow more with --max-age-s"
    )]
    Stale { node: String, height: u64, age_s: u64, age_s_max: u64 },
    /// A node answered with something that is not an answer.
    #[error(
        "{node} gives an answer that cannot be read: {reason}; check that the address is a Huxin node of this version"
    )]
    BadAnswer { node: String, reason: String },
    /// No trust root was given.
    #[error(
        "no trust root: give the genesis file with --genesis FILE, or its hash with --trust-root HEX, obtained from somebody you trust and not from the node"
    )]
    NoTrustRoot,
    /// The genesis file that was given founds another chain than the node serves, or is damaged.
    #[error("the genesis in {place} cannot be used: {reason}")]
    Genesis { place: String, reason: String },
    /// Something the caller gave is unusable.
    #[error("{place}: {reason}")]
    Input { place: String, reason: String },
    /// A document fails the checks of itself, so it is not recorded.
    #[error(
        "{path} is not recorded, for its own checks do not pass: {sentence}; look closer with `huxin inspect` (for a licence, `--exception CODE` records it all the same)"
    )]
    Document { path: String, reasons: Vec<&'static str>, sentence: String },
    /// A file could not be read or written.
    #[error("{action} {path}: {source}")]
    File { action: &'static str, path: String, source: std::io::Error },
    /// A key file could not be used.
    #[error("key file {path}: {reason}")]
    Key { path: String, reason: String },
    /// The replay found the first difference.
    #[error("replay differs at height {height}: {reason}")]
    ReplayDiffers { height: u64, reason: String },
    /// The operating system gave no randomness, or another local facility failed.
    #[error("{what}: {reason}")]
    Local { what: &'static str, reason: String },
}

impl ClientError {
    /// An unusable input at `place`.
    pub fn input(place: impl Into<String>, reason: impl std::fmt::Display) -> Self {
        Self::Input { place: place.into(), reason: reason.to_string() }
    }

    /// A failed file operation; `action` reads like "cannot read".
    pub fn file(action: &'static str, path: &std::path::Path, source: std::io::Error) -> Self {
        Self::File { action, path: path.display().to_string(), source }
    }

    /// The stable code; a node's own code where it has one.
    pub fn code(&self) -> &str {
        match self {
            Self::Refused { body, .. } | Self::Rejected { body, .. } => &body.code,
            Self::Receipt(error) => error.code().as_str(),
            Self::Unreachable { .. } => "client.unreachable",
            Self::Expired { .. } => "transaction.expired",
            Self::Pending { .. } => "client.pending",
            Self::ProofMismatch { .. } => "client.proof_mismatch",
            Self::OtherVersion { .. } => "client.other_version",
            Self::OutcomeNotProven { .. } => "client.outcome_not_proven",
            Self::Stale { .. } => "client.stale",
            Self::BadAnswer { .. } => "client.bad_answer",
            Self::NoTrustRoot => "client.no_trust_root",
            Self::Genesis { .. } => "client.genesis",
            Self::Input { .. } => "client.input",
            Self::Document { .. } => "client.document",
            Self::File { .. } => "client.file",
            Self::Key { .. } => "client.key",
            Self::ReplayDiffers { .. } => "client.replay_differs",
            Self::Local { .. } => "client.local",
        }
    }

    /// How a command ends with this error.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            // 408, 429 and 5xx say nothing about the request itself.
            Self::Refused { status, .. } if *status == 408 || *status == 429 || *status >= 500 => ExitCode::NotChecked,
            Self::Refused { .. }
            | Self::Rejected { .. }
            | Self::Expired { .. }
            | Self::ReplayDiffers { .. }
            | Self::Document { .. } => ExitCode::Refused,
            Self::OutcomeNotProven { .. } => ExitCode::NotProven,
            _ => ExitCode::NotChecked,
        }
    }

    /// Whether another node might do better.
    pub fn is_worth_another_node(&self) -> bool {
        match self {
            Self::Unreachable { .. }
            | Self::BadAnswer { .. }
            | Self::ProofMismatch { .. }
            | Self::OtherVersion { .. }
            | Self::Stale { .. } => true,
            Self::Refused { status, .. } => *status == 429 || *status >= 500,
            _ => false,
        }
    }
}
