//! What an incremental update changed, told object by object.
//!
//! Three attacks that show something else under a signature that still holds are told this way (Mladenov, Mainka and others, "Shadow
//! Attacks", 2021): *hide* (an object on top is taken away or its entry moved), *replace* (a font, a picture or a form field is written
//! again), *hide and replace* (a new catalog or cross-reference makes prepared objects the document). Each needs an entry that differs, an
//! object that an earlier revision referred to and did not have, or another catalog.

use std::collections::BTreeSet;

use super::change::{ChangeKind, Changes};
use super::compare::{is_blank, kind_of};
use super::file::Pdf;
use super::parts::Step;
use super::roles::{self, Roles};
use super::value::{Object, Value};
use super::xref::Entry;
use crate::defect::Defect;

/// What `revision` (counted from 0, not the first) changed against the one before.
///
/// # Errors
/// As [`Pdf::open`].
pub fn changes(pdf: &Pdf<'_>, revision: usize) -> Result<Changes, Defect> {
    let Some(old) = revision.checked_sub(1) else { return Ok(Changes::default()) };
    let mut step = Step { pdf, old, new: revision, found: Changes::default() };
    step.run()?;
    Ok(step.found)
}

/// Number of an object, what it was, and what it is.
type Replaced = (u32, Option<Object>, Option<Object>);

impl Step<'_, '_> {
    fn run(&mut self) -> Result<(), Defect> {
        let (before, after) = (self.pdf.root(self.old)?, self.pdf.root(self.new)?);
        if before != after {
            self.found.add(ChangeKind::Shown, format!("the catalog is object {after}, and was object {before}"));
        }
        let info = |revision| self.pdf.revision(revision).map(|of| of.trailer.get("Info").cloned());
        if info(self.old)? != info(self.new)? {
            self.found.add(ChangeKind::Metadata, "document information");
        }
        self.gaps()?;
        let replaced = self.replaced()?;
        if replaced.is_empty() {
            return Ok(());
        }
        let roles = Roles::of(self.pdf, self.old)?;
        // Whoever prepares a file for signing can make a field's appearance, an annotation or metadata a part of a page as well.
        let (mut drawn, after) = (roles::drawn(self.pdf, self.old)?, roles::drawn(self.pdf, self.new)?);
        drawn.extend(after);
        let mut open = Vec::new();
        for (number, old, new) in replaced {
            let is_only_drawn = drawn.contains(&number) && !roles.pages.contains(&number);
            if is_only_drawn || !self.by_role(&roles, number, old.as_ref(), new.as_ref())? {
                open.push((number, old, new));
            }
        }
        self.unexplained(open)
    }

    /// Every byte of an update belongs to an object that its cross-reference names, or to the cross-reference.
    fn gaps(&mut self) -> Result<(), Defect> {
        let start = self.pdf.revision(self.old)?.end;
        let revision = self.pdf.revision(self.new)?;
        let mut spans: Vec<_> = revision.sections.clone();
        for number in revision.entries.keys() {
            spans.extend(self.pdf.object(self.new, *number)?.and_then(|object| object.span));
        }
        spans.sort_unstable_by_key(|span| span.start);
        let mut at = start;
        for span in spans.into_iter().chain(std::iter::once(revision.end..revision.end)) {
            let between = self.pdf.bytes().get(at..span.start).unwrap_or_default();
            if !is_blank(between) {
                let detail = format!("bytes {at} to {} belong to no object that the cross-reference names", span.start);
                self.found.add(ChangeKind::Unclear, detail);
            }
            at = at.max(span.end);
        }
        Ok(())
    }

    /// Objects that were there, or that something referred to, and are not what they were.
    fn replaced(&mut self) -> Result<Vec<Replaced>, Defect> {
        let mut replaced = Vec::new();
        let mut added = BTreeSet::new();
        for (number, entry) in &self.pdf.revision(self.new)?.entries {
            let before = self.pdf.lookup(self.old, *number);
            if before == Some(*entry) || (before.is_none() && *entry == Entry::Free) {
                continue;
            }
            if before.is_none() {
                added.insert(*number);
                continue;
            }
            let (old, new) = (self.pdf.object(self.old, *number)?, self.pdf.object(self.new, *number)?);
            if self.is_same(old.as_ref(), new.as_ref()) {
                continue;
            }
            let is_object_stream = |object: &Option<Object>| {
                object.as_ref().and_then(Object::dict).is_some_and(|dict| dict.is_name("Type", "ObjStm"))
            };
            if is_object_stream(&old) {
                self.found.add(ChangeKind::Shown, format!("the stream of objects {number} was replaced"));
            }
            replaced.push((*number, old, new));
        }
        self.dangling(&added)?;
        Ok(replaced)
    }

    fn is_same(&self, old: Option<&Object>, new: Option<&Object>) -> bool {
        let bytes = |object: &Object| object.stream.clone().and_then(|span| self.pdf.bytes().get(span));
        match (old, new) {
            (Some(old), Some(new)) => old.value == new.value && bytes(old) == bytes(new),
            _ => false,
        }
    }

    /// Objects that are new, and that the revision before already referred to: null when it was signed, something now.
    fn dangling(&mut self, added: &BTreeSet<u32>) -> Result<(), Defect> {
        if added.is_empty() {
            return Ok(());
        }
        let reached = roles::reached(self.pdf, self.old, &Value::Reference(self.pdf.root(self.old)?, 0))?;
        for number in added.intersection(&reached) {
            let detail = format!("object {number}, to which the revision before refers and which it did not have");
            self.found.add(ChangeKind::Shown, detail);
        }
        Ok(())
    }

    /// Judges an object by the part it played. `false` where it played none of those that may change.
    fn by_role(
        &mut self,
        roles: &Roles,
        number: u32,
        old: Option<&Object>,
        new: Option<&Object>,
    ) -> Result<bool, Defect> {
        let dict = |object: Option<&Object>| object.and_then(Object::dict).cloned().unwrap_or_default();
        let list = |object: Option<&Object>| {
            object.and_then(|object| object.value.array()).map(<[Value]>::to_vec).unwrap_or_default()
        };
        if number == roles.catalog {
            self.catalog(&dict(old), &dict(new))?;
        } else if roles.form == Some(number) {
            self.form(&dict(old), &dict(new))?;
        } else if roles.field_lists.contains(&number) {
            self.field_list(&list(old), &list(new))?;
        } else if let Some((kind, name)) = roles.fields.get(&number) {
            self.field(kind, name, &dict(old), &dict(new))?;
        } else if roles.pages.contains(&number) {
            self.page(number, &dict(old), &dict(new))?;
        } else if roles.annotation_lists.contains(&number) {
            self.annotations(&list(old), &list(new))?;
        } else if let Some(name) = roles.appearances.get(&number) {
            self.found.add(ChangeKind::FormFill(name.clone()), format!("the appearance of the field {name}"));
        } else if roles.annotations.contains(&number) {
            self.found.add(ChangeKind::Annotation, format!("the annotation of object {number} was changed"));
        } else if roles.permissions == Some(number) {
            self.permissions(&dict(old), &dict(new));
        } else if roles.security.contains(&number) {
            // What the store shares with pages would change them.
            return Ok(false);
        } else if roles.metadata.contains(&number) {
            self.found.add(ChangeKind::Metadata, "document information or metadata");
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    /// What plays no such part: shown if anything still leads there other than the store of certificates.
    fn unexplained(&mut self, open: Vec<(u32, Option<Object>, Option<Object>)>) -> Result<(), Defect> {
        if open.is_empty() {
            return Ok(());
        }
        let mut catalog = self.pdf.catalog(self.new)?;
        let store = catalog.entries.iter().position(|(key, _)| key == b"DSS").map(|at| catalog.entries.remove(at).1);
        let reached = roles::reached(self.pdf, self.new, &Value::Dict(catalog))?;
        let stored = store.map(|store| roles::reached(self.pdf, self.new, &store)).transpose()?.unwrap_or_default();
        for (number, old, new) in open {
            if reached.contains(&number) {
                let what = if new.is_some() { "was replaced" } else { "was removed" };
                self.found.add(ChangeKind::Shown, format!("object {number} ({}) {what}", kind_of(old.as_ref())));
            } else if stored.contains(&number) {
                self.found.add(ChangeKind::Security, "certificates and revocation lists (DSS)");
            }
        }
        Ok(())
    }
}
