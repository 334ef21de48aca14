//! What a signature leaves open.
//!
//! A signature value can be right while the page that people look at is not under it (GB/T 33190 lets the signer choose what to
//! protect). So the document is walked, and everything it shows or carries must be protected.
//!
//! **Content** is every entry by which somebody could change what a reader shows, or what a system takes from the file:
//!
//! | entry | because |
//! |---|---|
//! | `OFD.xml` | its `DocRoot` decides which document is shown; it holds the licence's metadata |
//! | `Document.xml`, and every version's `DocRoot` | decides which pages, templates, resources, attachments there are |
//! | pages and templates | are what is seen; a template shows on every page that uses it |
//! | resource files, and the fonts, images, sounds, colour profiles they name | another image or font shows another text |
//! | `Annotations.xml`, and each page's annotations | are drawn over the page |
//! | `Attachments.xml`, and the attachments | are opened from the reader as part of the document |
//! | custom tags and extensions, and their data | business systems read amounts and numbers from there |
//! | cover | is shown in lists of files |
//!
//! It does not matter who names an entry: a file that only an unprotected annotation list names is content too, and so is that list.
//! All documents of the file count, except that a document with signatures of its own is left to them.
//!
//! **Not content** are the files made by signing: `Signatures.xml`, `Signature.xml`, signature values, seals, the integrity list. They cannot
//! contain their own digests (a seal can, and need not), and each is checked for itself: `Signature.xml` by its digest, the value by the key, the seal file
//! against the seal inside the value. A signature that was dropped from an unprotected `Signatures.xml` leaves its files behind:
//! nothing names them any more, and they are reported as unreferenced even where a later signature protects them.
//!
//! **Unreferenced** (夹带) is an entry that no document reaches, no signature protects, and that is no file of a listed signature.
//! Something must have put it there after the last signature. An integrity list (GM/T 0099) can excuse it, but not by itself, because
//! anybody can write one: the judge asks who signed the list.
//!
//! An entry that no document reaches and that a signature protects is no contraband, but nobody sees it either: it is named in a warning.
//!
//! **`OFD.xml` alone.** Seals that leave room for further ones (连续签章) often leave `OFD.xml` open. What it shows is protected all the same:
//! it can only name another document, whose entries would then be open. So it is listed apart, and its metadata is nobody's word.
//!
//! **Revisions.** An earlier signature cannot protect what was added later. Content that it does not protect is excused where a later
//! *valid* signature protects it, and reported as `covered_later`; for the last signature nothing is excused.

use std::collections::BTreeSet;

use super::reached::{Reached, Use};
use super::types::Coverage;
use crate::package::{EntryId, Package};

/// What coverage is judged from.
pub(super) struct Ground<'g, 'a> {
    pub package: &'g Package<'a>,
    /// `OFD.xml`.
    pub root: EntryId,
    /// What each document reaches.
    pub documents: &'g [Reached],
    /// For each signature: its document, and the entries it protects.
    pub signatures: &'g [Protected],
    /// Files made by signing.
    pub machinery: &'g BTreeSet<EntryId>,
    /// Entries that nothing refers to: [`unreferenced`].
    pub unreferenced: &'g [String],
    /// Whether everything reachable was read.
    pub is_complete: bool,
}

/// The entries that one signature of a document protects.
#[derive(Debug, Default)]
pub(super) struct Protected {
    pub document: usize,
    pub entries: BTreeSet<EntryId>,
}

impl Ground<'_, '_> {
    /// What signature number `signature` leaves open; `later_valid` says of each signature after it whether it is valid.
    pub(super) fn coverage(&self, signature: usize, later_valid: &[bool]) -> Coverage {
        let Some(own) = self.signatures.get(signature) else { return Coverage::default() };
        let later = self.signatures.iter().skip(signature.saturating_add(1)).zip(later_valid);
        let later: BTreeSet<EntryId> =
            later.filter(|(_, valid)| **valid).flat_map(|(signature, _)| &signature.entries).copied().collect();
        let open: BTreeSet<EntryId> = self.content(own.document).difference(&own.entries).copied().collect();
        let (excused, unprotected): (Vec<EntryId>, Vec<EntryId>) =
            open.into_iter().partition(|entry| later.contains(entry));
        Coverage {
            unprotected_entries: self.names(self.package.ids().filter(|entry| !own.entries.contains(entry))),
            unprotected_content: self.names(unprotected),
            covered_later: self.names(excused),
            unreferenced: self.unreferenced.to_vec(),
            complete: self.is_complete,
        }
    }

    /// Content that a signature of `document` has to protect.
    fn content(&self, document: usize) -> BTreeSet<EntryId> {
        let is_left_to_others =
            |other: usize| other != document && self.signatures.iter().any(|signature| signature.document == other);
        let documents = self.documents.iter().enumerate().filter(|(index, _)| !is_left_to_others(*index));
        let reached = documents.flat_map(|(_, reached)| reached);
        // A version may list files of signatures as belonging to it; that does not show them.
        let shown = reached.filter(|(entry, used)| **used > Use::Listed || !self.machinery.contains(*entry));
        shown.map(|(entry, _)| *entry).chain(std::iter::once(self.root)).collect()
    }

    fn names(&self, entries: impl IntoIterator<Item = EntryId>) -> Vec<String> {
        names(self.package, entries)
    }
}

/// Names of the entries that a signature protects and nothing shows: reached by no document, no file made by signing.
pub(super) fn not_shown(
    package: &Package<'_>,
    root: EntryId,
    documents: &[Reached],
    machinery: &BTreeSet<EntryId>,
    vouched: &BTreeSet<EntryId>,
) -> Vec<String> {
    let is_shown = |entry: &EntryId| {
        *entry == root || machinery.contains(entry) || documents.iter().any(|reached| reached.contains_key(entry))
    };
    names(package, vouched.iter().filter(|entry| !is_shown(entry)).copied())
}

/// Names of the entries that nothing refers to: not `OFD.xml`, reached by no document, no file of a listed signature, and not
/// `vouched` for by a signature.
pub(super) fn unreferenced(
    package: &Package<'_>,
    root: EntryId,
    documents: &[Reached],
    machinery: &BTreeSet<EntryId>,
    vouched: &BTreeSet<EntryId>,
) -> Vec<String> {
    let is_referenced = |entry: EntryId| {
        entry == root
            || machinery.contains(&entry)
            || vouched.contains(&entry)
            || documents.iter().any(|reached| reached.contains_key(&entry))
    };
    names(package, package.ids().filter(|entry| !is_referenced(*entry)))
}

fn names(package: &Package<'_>, entries: impl IntoIterator<Item = EntryId>) -> Vec<String> {
    let mut names: Vec<String> = entries.into_iter().map(|entry| package.name(entry).to_owned()).collect();
    names.sort_unstable();
    names
}
