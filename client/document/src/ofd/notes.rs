//! Defects as they are found, up to a limit.

use crate::defect::Defect;
use crate::reason::Reason;
use crate::xml;

/// Defects in the order found. What is beyond the limit becomes one `TOO_MANY`.
#[derive(Debug)]
pub(super) struct Notes {
    kept: Vec<Defect>,
    defects_max: usize,
}

impl Notes {
    pub(super) fn new(defects_max: usize) -> Self {
        Self { kept: Vec::new(), defects_max }
    }

    pub(super) fn push(&mut self, defect: Defect) {
        match self.kept.len().cmp(&self.defects_max) {
            std::cmp::Ordering::Less => self.kept.push(defect),
            std::cmp::Ordering::Equal => self.kept.push(Defect::new(Reason::TooMany, "", "more defects")),
            std::cmp::Ordering::Greater => {}
        }
    }

    pub(super) fn add(&mut self, code: Reason, place: &str, detail: &str) {
        if self.kept.len() <= self.defects_max {
            self.push(Defect::new(code, place, detail));
        }
    }

    pub(super) fn into_kept(self) -> Vec<Defect> {
        self.kept
    }
}

/// Notes an XML file that is not in UTF-8.
pub(super) fn note_encoding(notes: &mut Notes, name: &str, bytes: &[u8]) {
    if let Some(odd) = xml::departure(bytes) {
        notes.add(Reason::NonstandardEncoding, name, odd);
    }
}
