//! The samples against OpenSSL and against readers written for these tests alone.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod binary;
mod catalogue;
mod certificates;
mod judge;
mod opened;
mod openssl;
mod signatures;
mod structure;
mod tlv;
