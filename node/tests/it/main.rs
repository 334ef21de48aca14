//! Tests of ledger and API over a real store, without network of peers.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    reason = "tests fail by panicking"
)]

mod admission;
mod api;
mod bounds;
mod damage;
mod forks;
mod health;
mod http;
mod ledger;
mod operations;
mod support;
mod things;
