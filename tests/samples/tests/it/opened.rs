//! A package opened by the zip crate, and what Signature.xml says, found by plain text search.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};

use zip::ZipArchive;

/// Entries by name.
pub type Entries = BTreeMap<String, Vec<u8>>;

/// Opens a package; `None` where the archive cannot be read.
pub fn entries(file: &[u8]) -> Option<Entries> {
    let mut archive = ZipArchive::new(Cursor::new(file)).ok()?;
    let mut entries = Entries::new();
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).ok()?;
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).ok()?;
        entries.insert(entry.name().ok()?.into_owned(), bytes);
    }
    Some(entries)
}

/// Everything between `start` and the next `end`, in order.
pub fn between<'a>(text: &'a str, start: &str, end: &str) -> Vec<&'a str> {
    text.split(start).skip(1).map(|after| after.split(end).next().unwrap()).collect()
}

pub fn text<'a>(entries: &'a Entries, name: &str) -> &'a str {
    std::str::from_utf8(&entries[name]).unwrap()
}

/// Signature folders in their order: `Doc_0/Signs/Sign_0` and so on.
pub fn signature_folders(entries: &Entries) -> Vec<String> {
    let marker = "/Signature.xml";
    entries.keys().filter(|name| name.ends_with(marker)).map(|name| name.replace(marker, "")).collect()
}

/// Signature.xml with the usual prefix, whatever the file's own is.
pub fn signature_xml(entries: &Entries, folder: &str) -> String {
    text(entries, &format!("{folder}/Signature.xml")).replace("<sig:", "<ofd:").replace("</sig:", "</ofd:")
}

/// The entry of a name that may be written in another case; the name itself where there is none.
fn entry_of(entries: &Entries, name: String) -> String {
    if entries.contains_key(&name) {
        return name;
    }
    entries.keys().find(|key| key.eq_ignore_ascii_case(&name)).cloned().unwrap_or(name)
}

/// Protected entries and their base64 digests.
pub fn references(entries: &Entries, folder: &str) -> Vec<(String, String)> {
    let xml = &signature_xml(entries, folder);
    let names = between(xml, "FileRef=\"", "\"");
    let values = between(xml, "<ofd:CheckValue>", "<");
    assert_eq!(names.len(), values.len());
    names
        .iter()
        .zip(values)
        .map(|(name, value)| (entry_of(entries, resolved(folder, name)), value.to_owned()))
        .collect()
}

/// Path from the package's root.
pub fn resolved(folder: &str, name: &str) -> String {
    if let Some(absolute) = name.strip_prefix('/') {
        return absolute.to_owned();
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in name.split('/') {
        if part == ".." {
            parts.pop().unwrap();
        } else {
            parts.push(part);
        }
    }
    parts.join("/")
}
