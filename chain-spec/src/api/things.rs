//! Bodies about things: their state, what follows from it, and the records about them.

use serde::{Deserialize, Serialize};

use super::{AsOfAnswer, ErrorBody};

/// Answer of `GET /v1/things/{name}` and `GET /v1/cases/{case}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ThingAnswer {
    /// `case/9f..`, `seal/310000/31010000000017`, `proposal/41`: see the operator's guide for all kinds.
    pub name: String,
    pub as_of: AsOfAnswer,
    /// Whether the ledger held it at that time. A thing that does not exist is unknown, not invalid.
    pub exists: bool,
    /// Its state as the ledger keeps it.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub state: Option<serde_json::Value>,
    /// What follows from the state at the time asked about, computed by anyone alike: of a case its standing (where it is, who
    /// holds the clock, what is due), of a proposal its status and rehearsal, of a material whether it may be demanded again.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub derived: Option<serde_json::Value>,
    /// Records about it up to that time, oldest first; at most 256, the newest ones.
    pub records: Vec<RecordEntry>,
    /// Receipt of things (base64) that proves the state, or that there is none.
    pub proof: Option<String>,
}

/// A record in the life of a thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RecordEntry {
    /// Index in the log. Its receipt: `GET /v1/receipts/{index}`.
    pub index: u64,
    pub height: u64,
    pub time_ms: i64,
    pub time: String,
    /// `case.accept`
    pub operation: String,
    pub province: String,
    pub organisation: String,
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub record: serde_json::Value,
}

/// Answer of `GET /v1/things?kind=`: names and states of the things of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ThingListAnswer {
    pub as_of: AsOfAnswer,
    pub things: Vec<ThingEntry>,
    /// To be given as `after` for the next page; none on the last.
    pub next: Option<String>,
}

/// A thing in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ThingEntry {
    pub name: String,
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub state: serde_json::Value,
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub derived: Option<serde_json::Value>,
}

/// Answer of `POST /v1/rehearsals`, whose body is an action of a proposal: what it would do if it took effect now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RehearsalAnswer {
    pub as_of: AsOfAnswer,
    /// Change of the validators; none for an action that leaves them as they are.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub rehearsal: Option<serde_json::Value>,
    /// Why the rules would refuse it now.
    pub refused: Option<ErrorBody>,
}
