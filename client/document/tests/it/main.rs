//! Tests of the library through its public face. Each file of tests is named by what it tries.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::cast_possible_truncation, reason = "tests")]

mod bounds;
mod catalogue;
mod catalogue_mutation;
mod conformance;
mod container;
mod coverage;
mod documents_page;
mod field;
mod fixture;
mod fuzz;
mod fuzz_der;
mod hostile;
mod judged;
mod leniency;
mod made;
mod mutation;
mod openssl;
mod pdf;
mod pdf_fuzz;
mod pdf_later;
mod pki;
mod samples;
mod signatures;
mod slipped;
mod structure;
mod tlv;
mod trust;
mod vendors;
