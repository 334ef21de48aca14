//! The picture of the engine that others are shown.

use huxin_chain_spec::crypto::{Digest, KeyId};
use serde::Serialize;

use super::now_ms;
use crate::sign_state::SigningStatus;

/// A picture of the engine at one moment. Times are milliseconds since 1970 by this machine's clock. The default is an engine
/// that has not begun.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct EngineStatus {
    /// The height being decided, or decided last while idle; 0 before the first.
    pub height: u64,
    /// Its round, from 0.
    pub round: u32,
    pub phase: Phase,
    /// Proposer of the round.
    pub proposer: Option<KeyId>,
    /// Whether that is this node.
    pub proposing: bool,
    /// When the height began.
    pub height_started_at_ms: Option<u64>,
    /// Whether the height has taken longer than five rounds would: too few validators are reached or agree.
    pub stuck: bool,
    pub last_decision: Option<Decision>,
    /// Every peer seen since the start, by peer id.
    pub peers: Vec<PeerStatus>,
    /// The last vote seen of each validator other than this node.
    pub votes: Vec<VoteSeen>,
    /// The last proposal this node judged invalid.
    pub last_invalid: Option<Noted>,
    /// A block that a quorum decided and this node finds invalid: the node is diverging and cannot follow.
    pub diverged: Option<Noted>,
    /// The last failure to propose, or to judge a block.
    pub last_failure: Option<Noted>,
    /// Parts of blocks that were refused since the start.
    pub parts_refused: u64,
    /// Messages of peers dropped since the start: of no use here, of strangers, or of muted peers.
    pub messages_dropped: u64,
    /// Messages sent on since the start to who has no link to their author.
    pub messages_sent_on: u64,
    /// What came since the start and is no message of the engine.
    pub messages_unreadable: u64,
    /// Votes and proposals since the start that their author did not sign.
    pub false_signatures: u64,
    /// What this validator signs.
    pub signing: SigningStatus,
    /// Why the engine ended, if it did.
    pub exit: Option<String>,
}

/// What the engine is doing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Not begun: connecting, or waiting for a quorum of peers.
    #[default]
    Starting,
    /// Voting on a height.
    Deciding,
    /// The height is decided; the next one waits for work.
    Idle,
    /// Ended, see [`EngineStatus::exit`].
    Ended,
}

/// A decided height.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Decision {
    pub height: u64,
    pub round: u32,
    pub block: Digest,
    /// Who signed it, as far as this node saw.
    pub signers: Vec<KeyId>,
    pub decided_at_ms: u64,
    /// From the start of the height here to the decision.
    pub took_ms: u64,
}

/// What is known of a peer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PeerStatus {
    pub peer_id: String,
    pub connected: bool,
    /// Its last decided height, as it says.
    pub tip: Option<u64>,
    /// When it last connected, disconnected or told its tip.
    pub heard_at_ms: u64,
    /// It is not heard until then, because it delivered what no validator signed; 0 if it never did.
    pub muted_until_ms: u64,
}

/// The last vote seen of a validator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VoteSeen {
    pub validator: KeyId,
    pub height: u64,
    pub round: u32,
    pub seen_at_ms: u64,
}

/// Something worth telling the operator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Noted {
    pub height: u64,
    pub reason: String,
    pub at_ms: u64,
}

impl Noted {
    pub(super) fn now(height: u64, reason: impl Into<String>) -> Self {
        Self { height, reason: reason.into(), at_ms: now_ms() }
    }
}
