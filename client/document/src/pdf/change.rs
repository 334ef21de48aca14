//! What a revision changed, in kinds that a signature can be asked about.

use super::bounds::CHANGES_MAX;
use crate::text::cut;

/// What a change amounts to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChangeKind {
    /// A signature or time stamp was added; the number of its dictionary's object, and whether the field is drawn.
    Signature(u32, bool),
    /// An empty field for a signature, which is not drawn.
    EmptyField,
    /// Certificates and revocation lists for later verification (DSS).
    Security,
    /// Information that no page shows: XMP, document information, versions.
    Metadata,
    /// The value of this field.
    FormFill(String),
    /// An annotation was added or changed.
    Annotation,
    /// Something that a page shows or that decides what is shown.
    Shown,
    /// What it amounts to cannot be told.
    Unclear,
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub kind: ChangeKind,
    /// In plain words.
    pub detail: String,
}

/// The changes of one revision against the one before.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Changes(pub Vec<Change>);

impl Changes {
    pub(super) fn add(&mut self, kind: ChangeKind, detail: impl AsRef<str>) {
        let change = Change { kind, detail: cut(detail.as_ref(), 160) };
        if self.0.contains(&change) {
            return;
        }
        // The worst must not be the one that is left out.
        let is_bad = matches!(change.kind, ChangeKind::Shown | ChangeKind::Unclear);
        if self.0.len() < CHANGES_MAX || (is_bad && self.0.len() < 2 * CHANGES_MAX) {
            self.0.push(change);
        }
    }
}
