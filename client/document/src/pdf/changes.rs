//! What incremental updates changed of a signed revision, told object by object.
//!
//! Three attacks that show something else under a signature that still holds are told this way (Mladenov, Mainka and others, "Shadow
//! Attacks", 2021): *hide* (an object on top is taken away or its entry moved), *replace* (a font, a picture or a form field is written
//! again), *hide and replace* (a new catalog or cross-reference makes prepared objects the document). Each needs an entry that differs, an
//! object that the signed revision referred to and did not have, or another catalog.
//!
//! **Invariant**: every later revision is held against the signed one itself, not against the one before it. What an object is (page,
//! field, metadata) is taken from the signed revision only; otherwise one update could make an object harmless, and the next change it.

use std::collections::{BTreeMap, BTreeSet};

use super::change::{ChangeKind, Changes};
use super::compare::{is_blank, kind_of};
use super::file::Pdf;
use super::parts::Step;
use super::reach::{Signed, reached};
use super::roles::Part;
use super::value::{Object, Value};
use super::xref::Entry;
use crate::defect::Defect;

/// What each revision after a signed one changed of it.
#[derive(Debug, Default)]
pub struct Later(BTreeMap<(usize, usize), Changes>);

impl Later {
    /// What `revision` changed of the signed revision `since`, and no revision between the two had changed in the same way.
    pub fn of(&self, since: usize, revision: usize) -> &[super::Change] {
        self.0.get(&(since, revision)).map_or(&[], |changes| &changes.0)
    }
}

/// Holds every later revision against each of the revisions `signed` (all counted from 0).
///
/// # Errors
/// As [`Pdf::open`].
pub fn changes(pdf: &Pdf<'_>, signed: &BTreeSet<usize>) -> Result<Later, Defect> {
    let mut bases = Vec::new();
    for since in signed.iter().filter(|since| **since + 1 < pdf.revisions()) {
        bases.push((*since, Signed::of(pdf, *since)?, BTreeSet::new(), Changes::default()));
    }
    let mut later = Later::default();
    let Some(first) = signed.iter().next().filter(|_| !bases.is_empty()) else { return Ok(later) };
    for new in first + 1..pdf.revisions() {
        let own = own(pdf, new)?;
        let mut now = None;
        for (since, base, touched, before) in bases.iter_mut().filter(|(since, ..)| *since < new) {
            touched.extend(pdf.revision(new)?.entries.keys());
            let mut step = Step { pdf, old: *since, new, found: own.clone() };
            step.run(base, touched, &mut now)?;
            let fresh = step.found.0.iter().filter(|change| !before.0.contains(change)).cloned().collect();
            later.0.insert((*since, new), Changes(fresh));
            *before = step.found;
        }
    }
    Ok(later)
}

/// What can be said against a revision whatever was signed: bytes that its cross-reference does not name, and objects that readers would
/// not agree on.
fn own(pdf: &Pdf<'_>, new: usize) -> Result<Changes, Defect> {
    let mut found = Changes::default();
    let start = new.checked_sub(1).map_or(Ok(0), |old| pdf.revision(old).map(|old| old.end))?;
    let revision = pdf.revision(new)?;
    let mut spans: Vec<_> = revision.sections.clone();
    // Readers may take an object beyond /Size as missing (7.5.5).
    let size = revision.trailer.integer("Size").and_then(|size| u32::try_from(size).ok()).unwrap_or(0);
    let had = |old: usize| pdf.revision(old).map(|old| old.trailer.integer("Size").unwrap_or(0));
    let before = new.checked_sub(1).map_or(Ok(0), had)?;
    let is_beyond = revision.entries.keys().next_back().is_some_and(|last| *last >= size);
    if is_beyond || i64::from(size) < before {
        found.add(ChangeKind::Unclear, format!("/Size is {size}, with objects beyond it"));
    }
    for number in revision.entries.keys() {
        let Some(object) = pdf.object(new, *number)? else { continue };
        if object.value.has_duplicates() {
            found.add(ChangeKind::Unclear, format!("a key comes twice in object {number}"));
        }
        let mut is_sound = true;
        object.value.whole_references(&mut |number, generation| {
            is_sound &= pdf.lookup(new, number).is_none_or(|entry| entry.generation() == generation);
        });
        if !is_sound {
            let detail = format!("object {number} refers to a generation of an object that is not the current one");
            found.add(ChangeKind::Unclear, detail);
        }
        spans.extend(object.span);
    }
    spans.sort_unstable_by_key(|span| span.start);
    let mut at = start;
    for span in spans.into_iter().chain(std::iter::once(revision.end..revision.end)) {
        let between = pdf.bytes().get(at..span.start).unwrap_or_default();
        if !is_blank(between) {
            let detail = format!("bytes {at} to {} belong to no object that the cross-reference names", span.start);
            found.add(ChangeKind::Unclear, detail);
        }
        at = at.max(span.end);
    }
    Ok(found)
}

/// Number of an object, what it was, and what it is.
type Replaced = (u32, Option<Object>, Option<Object>);

/// What the catalog of a later revision leads to: otherwise than through the DSS, and through it.
type Now = (BTreeSet<u32>, BTreeSet<u32>);

impl Step<'_, '_> {
    fn run(&mut self, base: &Signed, touched: &BTreeSet<u32>, now: &mut Option<Now>) -> Result<(), Defect> {
        let (before, after) = (base.roles.catalog, self.pdf.root(self.new)?);
        if before != after {
            self.found.add(ChangeKind::Shown, format!("the catalog is object {after}, and was object {before}"));
        }
        let info = |revision| self.pdf.revision(revision).map(|of| of.trailer.get("Info").cloned());
        if info(self.old)? != info(self.new)? {
            self.found.add(ChangeKind::Metadata, "document information");
        }
        let mut open = Vec::new();
        for (number, old, new) in self.replaced(base, touched)? {
            if base.shown.contains(&number) || !self.by_parts(base, number, old.as_ref(), new.as_ref())? {
                open.push((number, old, new));
            }
        }
        self.unexplained(base, open, now)
    }

    /// Objects that were there, or that something referred to, and are not what they were.
    fn replaced(&mut self, base: &Signed, touched: &BTreeSet<u32>) -> Result<Vec<Replaced>, Defect> {
        let mut replaced = Vec::new();
        for number in touched {
            let (before, after) = (self.pdf.lookup(self.old, *number), self.pdf.lookup(self.new, *number));
            if before == after {
                continue;
            }
            if before.is_none() {
                // Null when it was signed, something now.
                if base.everything.contains(number) {
                    let detail =
                        format!("object {number}, to which the signed revision refers and which it did not have");
                    self.found.add(ChangeKind::Shown, detail);
                }
                continue;
            }
            let (old, new) = (self.pdf.object(self.old, *number)?, self.pdf.object(self.new, *number)?);
            if before.map(Entry::generation) == after.map(Entry::generation) && self.is_same(old.as_ref(), new.as_ref())
            {
                continue;
            }
            let is_object_stream =
                old.as_ref().and_then(Object::dict).is_some_and(|dict| dict.is_name("Type", "ObjStm"));
            if is_object_stream {
                self.found.add(ChangeKind::Shown, format!("the stream of objects {number} was replaced"));
            }
            if new.is_some() && before.map(Entry::generation) != after.map(Entry::generation) {
                self.found.add(ChangeKind::Shown, format!("object {number} has another generation"));
            }
            replaced.push((*number, old, new));
        }
        Ok(replaced)
    }

    fn is_same(&self, old: Option<&Object>, new: Option<&Object>) -> bool {
        let bytes = |object: &Object| object.stream.clone().and_then(|span| self.pdf.bytes().get(span));
        match (old, new) {
            (Some(old), Some(new)) => old.value == new.value && bytes(old) == bytes(new),
            _ => false,
        }
    }

    /// Judges an object by the parts it played. `false` where it played none, or one that it cannot play as it was or is written.
    fn by_parts(
        &mut self,
        base: &Signed,
        number: u32,
        old: Option<&Object>,
        new: Option<&Object>,
    ) -> Result<bool, Defect> {
        let parts = base.roles.parts(number);
        let is_ambiguous = |object: Option<&Object>| object.is_some_and(|object| object.value.has_duplicates());
        if parts.is_empty() || is_ambiguous(old) || is_ambiguous(new) {
            return Ok(false);
        }
        let dicts = old.and_then(Object::plain_dict).zip(new.and_then(Object::plain_dict));
        let lists = old.and_then(|old| old.value.array()).zip(new.and_then(|new| new.value.array()));
        for part in parts {
            match (part, dicts, lists) {
                (Part::Catalog, Some((old, new)), _) => self.catalog(old, new)?,
                (Part::Form, Some((old, new)), _) => self.form(old, new)?,
                (Part::Permissions, Some((old, new)), _) => self.permissions(old, new),
                (Part::Field(kind, name), Some((old, new)), _) => self.field(kind, name, old, new)?,
                (Part::Page, Some((old, new)), _) => self.page(number, old, new)?,
                (Part::Annotation, Some(_), _) => {
                    self.found.add(ChangeKind::Annotation, format!("the annotation of object {number} was changed"));
                }
                (Part::FieldList, _, Some((old, new))) => self.field_list(old, new)?,
                (Part::AnnotationList, _, Some((old, new))) => self.annotations(old, new)?,
                // Metadata and the appearance of a field must not be anything else as well.
                (Part::Appearance(_) | Part::Metadata, ..) if base.led_to.contains(&number) => return Ok(false),
                (Part::Appearance(name), ..) => {
                    self.found
                        .add(ChangeKind::FormFill(name.to_owned()), format!("the appearance of the field {name}"));
                }
                (Part::Metadata, ..) => self.found.add(ChangeKind::Metadata, "document information or metadata"),
                _ => return Ok(false),
            }
        }
        Ok(true)
    }

    /// What plays no part: shown if anything led or leads there other than the store of certificates.
    fn unexplained(&mut self, base: &Signed, open: Vec<Replaced>, now: &mut Option<Now>) -> Result<(), Defect> {
        if open.is_empty() {
            return Ok(());
        }
        if now.is_none() {
            let mut catalog = self.pdf.catalog(self.new)?;
            let store = catalog.entries.iter().position(|(key, _)| key == b"DSS");
            let store = store.map(|at| catalog.entries.remove(at).1).unwrap_or(Value::Null);
            let reached = |value: &Value| reached(self.pdf, self.new, value);
            *now = Some((reached(&Value::Dict(catalog))?, reached(&store)?));
        }
        let Some((reached, stored)) = now else { return Ok(()) };
        for (number, old, new) in open {
            if [&*reached, &base.led_to, &base.shown].iter().any(|set| set.contains(&number)) {
                let what = if new.is_some() { "was replaced" } else { "was removed" };
                self.found.add(ChangeKind::Shown, format!("object {number} ({}) {what}", kind_of(old.as_ref())));
            } else if stored.contains(&number) || base.stored.contains(&number) {
                self.found.add(ChangeKind::Security, "certificates and revocation lists (DSS)");
            }
        }
        Ok(())
    }
}
