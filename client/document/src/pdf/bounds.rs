//! How much of a file is read, and what is said of one that is broken or beyond.

use std::cell::Cell;

use crate::defect::Defect;
use crate::reason::Reason;

/// Entries of all cross-references together.
pub const ENTRIES_MAX: usize = 1_000_000;
/// Revisions, and cross-reference sections.
pub const REVISIONS_MAX: usize = 256;
/// Arrays and dictionaries inside one another.
pub const DEPTH_MAX: usize = 64;
/// Values read altogether: some ten seconds of work. Long ones count as one more for every [`VALUE_BYTES`] bytes.
pub const VALUES_MAX: u64 = 50_000_000;
/// Bytes read that count as one value.
pub const VALUE_BYTES: usize = 32;
/// Bytes of one cross-reference or object stream, inflated.
pub const STREAM_BYTES_MAX: usize = 64 * 1024 * 1024;
/// The same of all of them together, each as often as it is inflated.
pub const INFLATED_BYTES_MAX: usize = 128 * 1024 * 1024;
/// Pages, form fields and annotations that are walked, of each.
pub const WALKED_MAX: usize = 100_000;
/// Signature dictionaries, time stamps included.
pub const SIGNATURES_MAX: usize = 256;
/// Changes of one revision that are kept.
pub const CHANGES_MAX: usize = 100;

/// What may still be read of a file.
#[derive(Debug)]
pub(super) struct Budget {
    pub values: Cell<u64>,
    pub inflated: Cell<usize>,
}

impl Budget {
    pub fn new() -> Self {
        Self { values: Cell::new(VALUES_MAX), inflated: Cell::new(INFLATED_BYTES_MAX) }
    }
}

pub(super) fn broken(at: usize, detail: impl AsRef<str>) -> Defect {
    Defect::new(Reason::PdfStructure, &format!("byte {at}"), detail)
}

pub(super) fn too_many(what: &str) -> Defect {
    Defect::new(Reason::TooMany, "", what)
}
