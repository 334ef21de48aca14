//! Tests of the protocol as a whole: rules, blocks, receipts and formats, over a ledger in memory.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "tests"
)]

mod blocks;
mod genesis;
mod licence_rules;
mod licence_table;
mod lineages;
mod membership;
mod properties;
mod receipt_transitions;
mod receipts;
mod support;
mod transactions;
mod vectors;
mod verdict;
