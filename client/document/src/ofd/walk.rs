//! Walks everything that a document of the file reaches.
//!
//! **Invariants**: each XML file is read at most once, however often it is named and by however many documents; loops end; the
//! number of links followed in one package is bounded.

use std::collections::BTreeMap;

use super::links::{GUESSED_ATTRIBUTES, Link, Source, link_of, parent_name};
use super::location::{Target, folder_of, join_folder, resolve};
use super::notes::{Notes, note_encoding};
use super::reached::{Reached, Use};
use crate::limits::Limits;
use crate::package::{EntryId, Package};
use crate::reason::Reason;
use crate::xml::{self, Fault, Start, Step};

/// Most links followed in one package, and most of them that lead nowhere.
const LINKS_MAX: usize = 300_000;
const MISSING_MAX: usize = 10_000;

/// A walk through one package. Keeps what each file links to, for the next document that reaches it.
pub(super) struct Walk<'w, 'a> {
    package: &'w Package<'a>,
    limits: &'w Limits,
    notes: &'w mut Notes,
    links: BTreeMap<EntryId, Reached>,
    links_left: usize,
    missing_left: usize,
    xml_bytes_left: u64,
    is_complete: bool,
}

impl<'w, 'a> Walk<'w, 'a> {
    pub(super) fn new(package: &'w Package<'a>, limits: &'w Limits, notes: &'w mut Notes) -> Self {
        Self {
            package,
            limits,
            notes,
            links: BTreeMap::new(),
            links_left: LINKS_MAX,
            missing_left: MISSING_MAX,
            xml_bytes_left: limits.xml_total_bytes_max,
            is_complete: true,
        }
    }

    /// Whether everything reached so far could be read.
    pub(super) fn is_complete(&self) -> bool {
        self.is_complete
    }

    /// Notes what is missing to walk at all.
    pub(super) fn note(&mut self, code: Reason, place: EntryId, detail: &str) {
        self.notes.add(code, self.package.name(place), detail);
        self.is_complete = false;
    }

    /// Follows one location that `OFD.xml` names, into `reached`.
    pub(super) fn start(&mut self, place: EntryId, location: &str, used: Use, reached: &mut Reached) {
        let folder = folder_of(self.package.name(place)).to_owned();
        match self.follow(place, &folder, location, false) {
            Some(entry) => self.reach(entry, used, reached),
            // A document that is not there: nothing can be said of its content.
            None => self.is_complete &= used != Use::Walk,
        }
    }

    fn reach(&mut self, entry: EntryId, used: Use, reached: &mut Reached) {
        let mut open = vec![(entry, used)];
        while let Some((entry, used)) = open.pop() {
            let before = reached.insert(entry, used);
            if let Some(before) = before.filter(|before| *before >= used) {
                reached.insert(entry, before);
                continue;
            }
            if used == Use::Walk {
                open.extend(self.links_in(entry).iter().map(|(entry, used)| (*entry, *used)));
            }
        }
    }

    /// What the file `entry` links to.
    fn links_in(&mut self, entry: EntryId) -> Reached {
        if let Some(known) = self.links.get(&entry) {
            return known.clone();
        }
        let mut found = Reached::new();
        if let Err(defect) = self.read_links(entry, &mut found) {
            self.notes.push(defect);
            self.is_complete = false;
        }
        self.links.insert(entry, found.clone());
        found
    }

    fn read_links(&mut self, entry: EntryId, found: &mut Reached) -> Result<(), crate::Defect> {
        let package = self.package;
        let name = package.name(entry);
        let bytes = package.read(entry, self.limits.xml_bytes_max.min(self.xml_bytes_left)).map_err(|mut defect| {
            if defect.code == Reason::TooMany {
                defect.code = Reason::XmlTooLarge;
            }
            defect
        })?;
        self.xml_bytes_left = self.xml_bytes_left.saturating_sub(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        let limits = self.limits;
        note_encoding(self.notes, name, &bytes);
        let mut reading = Reading {
            folder: folder_of(name),
            resource_folder: None,
            place: entry,
            parents: Vec::new(),
            open_text: None,
            walk: self,
            found,
        };
        xml::walk(&bytes, limits, |step| reading.step(&step)).map_err(|fault| fault.at(name))
    }

    /// Looks up a location written in `place`, and notes what is wrong with it.
    fn follow(&mut self, place: EntryId, folder: &str, location: &str, is_guess: bool) -> Option<EntryId> {
        let package = self.package;
        let target = resolve(package, folder, location);
        let entry = target.entry();
        let code = match target {
            Target::Exact(_) => return entry,
            Target::Inexact(_) if is_guess => return entry,
            Target::Inexact(_) => Reason::LocationInexact,
            Target::Missing(_) | Target::Outside => {
                self.missing_left = self.missing_left.saturating_sub(1);
                if is_guess {
                    return None;
                }
                if target == Target::Outside { Reason::LocationOutside } else { Reason::EntryMissing }
            }
        };
        self.notes.add(code, package.name(place), location);
        entry
    }
}

/// One XML file as it is read.
struct Reading<'r, 'w, 'a> {
    folder: &'r str,
    /// `BaseLoc` of a resource file, as a folder.
    resource_folder: Option<String>,
    place: EntryId,
    parents: Vec<&'static str>,
    /// The innermost element, where its text is a location.
    open_text: Option<(Link, String)>,
    walk: &'r mut Walk<'w, 'a>,
    found: &'r mut Reached,
}

impl Reading<'_, '_, '_> {
    fn step(&mut self, step: &Step<'_>) -> Result<(), Fault> {
        match step {
            Step::Open(start) => self.open(start),
            Step::Text(text) => {
                if let Some((_, kept)) = &mut self.open_text {
                    kept.push_str(text);
                }
                Ok(())
            }
            Step::Close => {
                self.parents.pop();
                match self.open_text.take() {
                    Some((link, location)) if !location.trim().is_empty() => self.add(link, &location),
                    _ => Ok(()),
                }
            }
        }
    }

    fn open(&mut self, start: &Start<'_>) -> Result<(), Fault> {
        let name = start.name();
        let is_root = self.parents.is_empty();
        let link = link_of(self.parents.last().copied().unwrap_or(""), name);
        self.parents.push(parent_name(name));
        self.open_text = None;
        if start.may_have_attribute("Loc") || matches!(link, Some(Link { source: Source::Attribute(_), .. })) {
            let attributes = start.attributes()?;
            let value_of = |name: &str| attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
            if is_root && name == "Res" {
                self.resource_folder = value_of("BaseLoc").and_then(|base| join_folder(self.folder, base));
                return Ok(());
            }
            if let Some(link @ Link { source: Source::Attribute(attribute), .. }) = link {
                return value_of(attribute).map_or(Ok(()), |location| self.add(link, location));
            }
            for location in GUESSED_ATTRIBUTES.into_iter().filter_map(value_of) {
                let guess = Link { source: Source::Text, used: Use::Leaf, in_resource_folder: true, is_guess: true };
                self.add(guess, location)?;
            }
        }
        if let Some(link @ Link { source: Source::Text, .. }) = link {
            self.open_text = Some((link, String::new()));
        }
        Ok(())
    }

    /// Adds what a location means. Resources lie in the folder that the resource file names, or, as some vendors have it, beside it.
    fn add(&mut self, link: Link, location: &str) -> Result<(), Fault> {
        self.walk.links_left = self.walk.links_left.saturating_sub(1);
        if self.walk.links_left == 0 || self.walk.missing_left == 0 {
            return Err(Fault::new(Reason::TooMany, "too many links in this package"));
        }
        let in_folder = self.resource_folder.as_deref().filter(|_| link.in_resource_folder);
        let nearest = in_folder.map(|folder| resolve(self.walk.package, folder, location));
        let entry = match nearest {
            Some(Target::Exact(entry)) => Some(entry),
            _ => {
                let folder = in_folder.filter(|_| !link.is_guess).unwrap_or(self.folder).to_owned();
                self.walk.follow(self.place, &folder, location, link.is_guess)
            }
        };
        if let Some(entry) = entry {
            let used = self.found.entry(entry).or_insert(link.used);
            *used = link.used.max(*used);
        }
        Ok(())
    }
}
