//! Bodies of the HTTP API, shared by node and client. Text forms only: digests in hex, times both in milliseconds and
//! RFC 3339, binary proofs in base64.

mod licence;
mod things;

use serde::{Deserialize, Serialize};

pub use licence::{AnnualCheckAnswer, AttachmentAnswer, ChangeAnswer, CorrectionAnswer, LicenceAnswer};
pub use things::{RecordEntry, RehearsalAnswer, ThingAnswer, ThingEntry, ThingListAnswer};

use crate::verdict::Check;

/// Answer to a request that was refused or failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ErrorAnswer {
    pub error: ErrorBody,
}

/// A stable code, what is wrong, where, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ErrorBody {
    /// Stable: `licence.duplicate`.
    pub code: String,
    pub what: String,
    pub what_zh: String,
    /// The part of the request it is about: `operation 3`, `signature`, `licence_id`.
    #[serde(rename = "where")]
    pub place: String,
    pub next: String,
    pub next_zh: String,
}

/// What became of a transaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OutcomeAnswer {
    pub tx_id: String,
    /// Final: `committed`, `rejected`, `each` (every operation has its own outcome), `expired`. Passing: `pending` (in this node's mempool), `unknown` (not seen here).
    pub outcome: String,
    /// Height of the block that holds it.
    pub height: Option<u64>,
    /// Index in the log of its first record.
    pub first_record: Option<u64>,
    /// Number of records it made.
    pub records: Option<u32>,
    /// Why it was rejected; under `each`, why the first refused operation was.
    pub error: Option<ErrorBody>,
    /// Under `each`, the operations that became no record; all others became records, in their order.
    pub refused: Option<Vec<RefusedOperation>>,
}

/// An operation that changed nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RefusedOperation {
    /// Position in the transaction, from 0.
    pub operation: u32,
    /// Stable code.
    pub code: String,
}

/// The node at a glance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StatusAnswer {
    pub chain_id: String,
    /// The trust root.
    pub genesis_hash: String,
    /// `sha256` or `sm3`.
    pub ledger_hash: String,
    pub protocol_version: u16,
    pub software_version: String,
    /// Province that operates this node.
    pub province: String,
    pub height: u64,
    pub time_ms: i64,
    pub time: String,
    /// Hash of the newest block.
    pub block: String,
    pub log_size: u64,
    pub log_root: String,
    pub map_root: String,
    pub mempool_transactions: u64,
    pub mempool_bytes: u64,
    pub consensus_height: u64,
    pub consensus_round: u32,
    pub connected_peers: u32,
    /// Whether the node follows the chain and takes transactions.
    pub ready: bool,
    /// What this node reaches of the validators; absent from older nodes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quorum: Option<QuorumAnswer>,
}

/// What a node reaches of the validators, what is needed, and what margin is left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct QuorumAnswer {
    /// Validators of the set.
    pub validators: u32,
    /// Those that are heard, the node's own included.
    pub reached_validators: u32,
    pub total_power: u64,
    /// Power of those that are heard.
    pub reached_power: u64,
    /// Least power that decides.
    pub quorum_power: u64,
    /// Validators that may still fail, whichever they are.
    pub may_fail_validators: u32,
    /// Provinces of those that are silent.
    pub silent: Vec<String>,
    /// Whether the node's own key is in the set.
    pub has_vote: bool,
}

/// A question to `POST /v1/verify` as JSON. Exactly one of the first four is given.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub struct VerifyQuestion {
    /// Identifier text (电子证照标识).
    pub licence_id: Option<String>,
    /// Its reference on the ledger, where the asker prefers not to send the identifier.
    pub licence: Option<String>,
    /// SHA-256 of the file.
    pub sha256: Option<String>,
    /// A receipt file in base64.
    pub receipt: Option<String>,
    /// A further digest the recorded document must have, together with `licence_id` or `licence`.
    pub document_sha256: Option<String>,
    /// RFC 3339 time or date; now if absent.
    pub as_of: Option<String>,
    /// Whether to attach proofs; yes if absent.
    pub proof: Option<bool>,
}

/// A height and its time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AsOfAnswer {
    /// Height of the block the answer speaks for.
    pub height: u64,
    /// The time asked about, or that block's time, in milliseconds since 1970 UTC.
    pub time_ms: i64,
    pub time: String,
}

/// Answer of `POST /v1/verify` and `GET /v1/licences/{licence}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct VerifyAnswer {
    /// valid | invalid | revoked | suspended | superseded | expired | not_yet_valid | unknown
    pub verdict: String,
    pub as_of: AsOfAnswer,
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<CheckAnswer>))]
    pub checks: Vec<Check>,
    /// Names of checks that nobody made.
    pub not_checked: Vec<String>,
    pub licence: Option<LicenceAnswer>,
    /// Receipt (base64) that proves the record and its state as of the time asked about.
    pub proof: Option<String>,
    /// For a question about the past: receipt (base64) of the same licence as of the newest block, which shows later changes.
    pub proof_now: Option<String>,
    /// For a question by document: references of every licence recorded with it, oldest first, at most 64. Each is proven by a
    /// question of its own; that there is no other is the node's word.
    #[serde(default)]
    pub same_document: Vec<String>,
    /// Whether there are more than are listed.
    #[serde(default)]
    pub same_document_more: bool,
}

/// One named check, as [`crate::verdict::Check`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CheckAnswer {
    pub name: String,
    /// pass | fail | unknown
    pub result: String,
    pub code: String,
    pub en: String,
    pub zh: String,
}

/// A validator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ValidatorAnswer {
    /// Key identifier.
    pub address: String,
    pub key: String,
    pub power: u64,
    pub province: String,
}

/// A header with its certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HeaderAnswer {
    pub hash: String,
    pub protocol_version: u16,
    /// Trust root of the chain.
    pub genesis: String,
    pub height: u64,
    pub time_ms: i64,
    pub time: String,
    pub parent: String,
    pub transactions_root: String,
    pub log_size: u64,
    pub log_root: String,
    /// Root of the same log with SHA-256, where the ledger's hash is another.
    pub log_root_sha256: Option<String>,
    pub map_root: String,
    pub validators_hash: String,
    pub next_validators_hash: String,
    pub last_certificate_hash: String,
    pub proposer: String,
    pub round: u32,
    pub signatures: Vec<SignatureAnswer>,
    /// `borsh(Header)` and `borsh(Certificate)` in hex, to recompute hash and signatures.
    pub header_hex: String,
    pub certificate_hex: String,
}

/// One validator's signature in a certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SignatureAnswer {
    pub validator: String,
    pub signature: String,
}

/// A block in readable form. Its exact bytes: `GET /v1/blocks?from=H&count=1`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BlockAnswer {
    pub header: HeaderAnswer,
    pub transactions: Vec<OutcomeAnswer>,
    pub bytes: u64,
}

/// A record of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RecordAnswer {
    pub index: u64,
    pub height: u64,
    pub leaf_hash: String,
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub record: serde_json::Value,
}

/// Data of an event `block` in `GET /v1/events` (server-sent events).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BlockEvent {
    pub height: u64,
    pub hash: String,
    pub time_ms: i64,
    pub transactions: u32,
    pub records: u32,
    pub log_size: u64,
}

/// One block of the binary stream `GET /v1/blocks?from=H&count=N`: each is a little-endian `u32` length, then
/// `borsh(DecidedBlock)`.
#[derive(Debug, Clone, PartialEq, Eq, borsh::BorshSerialize, borsh::BorshDeserialize)]
pub struct DecidedBlock {
    pub block: crate::block::Block,
    pub certificate: crate::certificate::Certificate,
}
