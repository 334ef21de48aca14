//! Each module is named by what it shows. Run with the binaries built: see `scripts/test`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    reason = "tests: a failure is a panic with the reason"
)]

mod audit;
mod bad_input;
mod bad_requests;
mod clock;
mod crash;
mod csv_import;
mod damaged_store;
mod example_keys;
mod governance;
mod happy_path;
mod late_joiner;
mod mempool_full;
mod never_twice;
mod one_down;
mod operations;
mod pages;
mod power_cut;
mod receipts_cli;
mod siege;
mod siege_figures;
mod sse;
mod stranger;
