//! Which bytes of a file are which revision.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use super::bounds::{Budget, ENTRIES_MAX, REVISIONS_MAX, broken, too_many};
use super::lexer::{Lexer, is_space};
use super::value::Dict;
use super::xref::{Entry, Hidden, Section};
use crate::defect::Defect;

/// One revision: what an incremental update added, or the first state of the file.
#[derive(Debug, Clone)]
pub(super) struct Revision {
    /// The first byte after its `%%EOF`.
    pub end: usize,
    /// What its cross-references say, the newest first where it has two (a linearized file).
    pub entries: BTreeMap<u32, Entry>,
    /// Those of them that a table hides in a stream.
    hidden: Vec<Hidden>,
    pub trailer: Dict,
    /// The places of its cross-references.
    pub sections: Vec<std::ops::Range<usize>>,
}

/// `startxref N %%EOF`.
#[derive(Debug, Clone, Copy)]
struct Mark {
    start: usize,
    xref: usize,
    end: usize,
}

/// Every mark of the file, in order. One without `%%EOF` behind it ends nothing, unless it is the last.
fn marks(bytes: &[u8]) -> Result<Vec<Mark>, Defect> {
    const WORD: &[u8] = b"startxref";
    let unlimited = Cell::new(0);
    let (mut found, mut from) = (Vec::new(), 0);
    while let Some(at) = find(bytes, WORD, from) {
        from = at + WORD.len();
        let mut lexer = Lexer::new(bytes, from, &unlimited);
        let space = bytes.get(from..).unwrap_or_default().iter().take_while(|byte| is_space(**byte)).count();
        lexer.at += space;
        let Some(xref) = lexer.unsigned().and_then(|xref| usize::try_from(xref).ok()) else { continue };
        let after = bytes.get(lexer.at..).unwrap_or_default();
        let space = after.iter().take_while(|byte| is_space(**byte)).count();
        if after.get(space..).is_some_and(|rest| rest.starts_with(b"%%EOF")) {
            found.push(Mark { start: at, xref, end: lexer.at + space + 5 });
        }
        if found.len() > 16 * REVISIONS_MAX {
            return Err(too_many("ends of revisions"));
        }
    }
    Ok(found)
}

/// Where `word` is next, from `from` on.
pub(super) fn find(bytes: &[u8], word: &[u8], from: usize) -> Option<usize> {
    let first = *word.first()?;
    let mut at = from;
    loop {
        let rest = bytes.get(at..)?;
        at += rest.iter().position(|byte| *byte == first)?;
        if bytes.get(at..)?.starts_with(word) {
            return Some(at);
        }
        at += 1;
    }
}

/// Follows the cross-references from the last to the first.
fn sections(bytes: &[u8], last: usize, budget: &Budget) -> Result<Vec<Section>, Defect> {
    let (mut found, mut seen, mut entries) = (Vec::new(), BTreeSet::new(), 0);
    let mut next = Some(last);
    while let Some(at) = next {
        if !seen.insert(at) {
            return Err(broken(at, "cross-references follow each other in a circle"));
        }
        let section = Section::read(bytes, at, budget)?;
        entries += section.entries.len();
        if found.len() >= REVISIONS_MAX || entries > ENTRIES_MAX {
            return Err(too_many("cross-references"));
        }
        next = section.previous()?;
        found.push(section);
    }
    Ok(found)
}

/// The revisions, the first one first.
pub(super) fn read(bytes: &[u8], budget: &Budget) -> Result<Vec<Revision>, Defect> {
    let marks = marks(bytes)?;
    let Some(last) = marks.last() else {
        return Err(broken(0, "there is no startxref with %%EOF: the file is cut short"));
    };
    let mut revisions: Vec<Revision> = Vec::new();
    for section in sections(bytes, last.xref, budget)? {
        let own = marks.iter().find(|mark| mark.xref == section.at && mark.start >= section.end);
        let places = std::iter::once(section.at..section.end).chain(section.hidden_at.clone());
        match (own, revisions.last_mut()) {
            (Some(mark), newer) => {
                if newer.is_some_and(|newer| newer.end <= mark.end) {
                    return Err(broken(section.at, "revisions do not follow each other"));
                }
                let Section { entries, hidden, trailer, .. } = section;
                revisions.push(Revision { end: mark.end, entries, hidden, trailer, sections: places.collect() });
            }
            // The second cross-reference of a linearized file has no end of its own: it belongs to the one that leads to it.
            (None, Some(newer)) => {
                if !newer.hidden.is_empty() {
                    return Err(broken(section.at, "a table that hides entries in a stream is followed by another"));
                }
                for (number, entry) in section.entries {
                    newer.entries.entry(number).or_insert(entry);
                }
                newer.hidden = section.hidden;
                newer.sections.extend(places);
            }
            (None, None) => return Err(broken(section.at, "the last cross-reference has no end")),
        }
    }
    revisions.reverse();
    for revision in &revisions {
        let is_outside = |entry: &Entry| matches!(entry, Entry::At { offset, .. } if *offset >= revision.end);
        if revision.entries.values().any(is_outside) || revision.sections.iter().any(|place| place.end > revision.end) {
            return Err(broken(revision.end, "a cross-reference points beyond the end of its revision"));
        }
    }
    check_hidden(&revisions)?;
    Ok(revisions)
}

/// A table may hide an object in its stream that older readers never saw. One that they see, and see otherwise, has two meanings.
fn check_hidden(revisions: &[Revision]) -> Result<(), Defect> {
    for (index, revision) in revisions.iter().enumerate() {
        for hidden in &revision.hidden {
            let before = revisions.iter().take(index).rev().find_map(|older| older.entries.get(&hidden.number));
            let is_new = matches!(before, None | Some(Entry::Free));
            if !is_new && (hidden.is_freed || before != Some(&hidden.entry)) {
                let detail =
                    format!("object {} is another one for readers that know cross-reference streams", hidden.number);
                return Err(broken(revision.end, detail));
            }
        }
    }
    Ok(())
}
