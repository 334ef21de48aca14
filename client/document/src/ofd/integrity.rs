//! Reads the integrity list of a whole package (GM/T 0099-2020): `OFDEntries.xml` in the root names every entry that belongs.

use std::collections::BTreeSet;

use super::location::{Target, resolve};
use super::types::IntegrityList;
use crate::defect::Defect;
use crate::limits::Limits;
use crate::package::{EntryId, Package};
use crate::reason::Reason;
use crate::xml::{self, Element};

const LIST_NAME: &str = "OFDEntries.xml";

/// The list, and the entries it is about.
#[derive(Debug)]
pub(super) struct Integrity {
    pub list: IntegrityList,
    /// Entries that it names.
    listed: BTreeSet<EntryId>,
    /// The list itself and its signature value.
    pub machinery: Vec<EntryId>,
}

/// Reads the list, where the package has one.
pub(super) fn read(package: &Package<'_>, limits: &Limits) -> Option<Integrity> {
    let entry = package.find(LIST_NAME).or_else(|| package.find_folded(LIST_NAME))?;
    let path = package.name(entry).to_owned();
    let mut integrity = Integrity {
        list: IntegrityList {
            path: path.clone(),
            xml: Vec::new(),
            signed_value_path: None,
            unlisted_entries: Vec::new(),
            missing_entries: Vec::new(),
            defects: Vec::new(),
        },
        listed: BTreeSet::new(),
        machinery: vec![entry],
    };
    let read = package.read(entry, limits.signature_bytes_max).and_then(|bytes| {
        let root = xml::parse(&bytes, limits).map_err(|fault| fault.at(&path))?;
        integrity.list.xml = bytes;
        Ok(root)
    });
    match read {
        Ok(root) => read_list(package, limits, &root, &mut integrity),
        Err(defect) => integrity.list.defects.push(defect),
    }
    let known = |id: &EntryId| integrity.listed.contains(id) || integrity.machinery.contains(id);
    let unlisted = package.ids().filter(|id| !known(id)).map(|id| package.name(id).to_owned());
    integrity.list.unlisted_entries = unlisted.collect();
    integrity.list.unlisted_entries.sort_unstable();
    Some(integrity)
}

fn read_list(package: &Package<'_>, limits: &Limits, root: &Element, into: &mut Integrity) {
    match root.text_of("SignedValueLoc").and_then(|location| resolve(package, "", location).entry()) {
        Some(entry) => {
            into.machinery.push(entry);
            into.list.signed_value_path = Some(package.name(entry).to_owned());
        }
        None => into.list.defects.push(Defect::new(Reason::EntryMissing, &into.list.path, "no signature value")),
    }
    let files = root.all("FileList").flat_map(|list| list.all("File"));
    for (count, file) in files.enumerate() {
        if count == limits.references_max {
            into.list.defects.push(Defect::new(Reason::TooMany, &into.list.path, "files"));
            return;
        }
        let location = file.attribute("FileLoc").or_else(|| file.text()).unwrap_or_default();
        match resolve(package, "", location) {
            Target::Exact(entry) | Target::Inexact(entry) => {
                into.listed.insert(entry);
            }
            Target::Missing(name) => into.list.missing_entries.push(name),
            Target::Outside => into.list.missing_entries.push(location.chars().take(1024).collect()),
        }
    }
}
