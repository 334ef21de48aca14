//! The SDK: record on the ledger, ask it, and believe only what is proven.
//!
//! **Invariant**: nothing that a node says leaves [`Client`] as an answer before its proof was checked against the trust
//! root that the user pinned. The typed calls of [`NodeClient`] are the raw material and say so.

mod client;
mod connection;
mod events;
mod failures;
mod files;
mod known;
mod many;
mod node_client;
mod outcome;
mod path;
mod proof;
mod signing;
mod submission;
mod thing;
mod thing_calls;
mod trust;

pub use client::{AGE_S_MAX_DEFAULT, Client, Confirmed, check_age, clock};
pub use connection::{ANSWER_BYTES_MAX, Answer, Connection, Request, http_builder};
pub use events::Events;
pub use files::document_of;
pub use known::{KnownChain, SeenHead};
pub use many::ReceiptOf;
pub use node_client::{Committed, NodeClient, decode_decided, frames};
pub use outcome::{ProvenEach, ProvenOutcome, Submitted, check_outcome_receipt, nodes_that_prove};
pub use proof::{Freshness, Question, SameDocument, Subject, Verified, check_answer, licence_of, same_document};
pub use signing::{EXPIRY_WINDOW_DEFAULT, SignedTransaction, TransactionSigner, random_bytes};
pub use thing::{DerivedBy, ProvenThing, ThingQuestion, as_of, check_thing, check_thing_receipt, derived_from};
pub use thing_calls::{CaseFilter, Page};
pub use trust::{TrustRoot, VerifiedHeaders};
