//! Tests of the protocol as a whole: rules, blocks, receipts and formats, over a ledger in memory.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "tests"
)]

mod admission;
mod blocks;
mod case_clock;
mod case_docs;
mod case_guards;
mod case_lives;
mod case_stories;
mod case_table;
mod competence;
mod delegation;
mod documents;
mod each;
mod evidence_rules;
mod evidence_sequences;
mod evidence_table;
mod genesis;
mod governance;
mod history;
mod layouts;
mod licence_rules;
mod licence_table;
mod lineages;
mod membership;
mod names;
mod numbers;
mod privacy;
mod privacy_rates;
mod properties;
mod publication;
mod receipt_transitions;
mod receipts;
mod same_name;
mod seal_rules;
mod seal_sequences;
mod seal_table;
mod succession;
mod support;
mod thing_receipts;
mod transactions;
mod transfers;
mod trust_path;
mod upkeep;
mod vectors;
mod verdict;
mod weights;
mod withdrawal;
