//! The XML of the samples is well-formed, and what it points at is there.

use std::collections::BTreeSet;

use huxin_samples::{Catalogue, SIGNED_AT};
use quick_xml::Reader;
use quick_xml::events::Event;

use crate::opened::{Entries, between, entries, resolved, signature_folders};

/// An entry that nothing refers to.
const STRAY: &str = "Doc_0/Vendor/notes.bin";

fn folder(name: &str) -> &str {
    name.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Names of end tags must match, so an error is malformed XML.
fn elements(xml: &[u8]) -> usize {
    let mut reader = Reader::from_reader(xml);
    let mut elements = 0;
    loop {
        match reader.read_event().unwrap() {
            Event::Start(_) | Event::Empty(_) => elements += 1,
            Event::Eof => return elements,
            _ => {}
        }
    }
}

/// Entries that an entry points at.
fn targets(name: &str, xml: &str) -> Vec<String> {
    let at = folder(name);
    let elements =
        ["DocRoot", "Signatures", "PublicRes", "DocumentRes", "Annotations", "Attachments", "FileLoc", "SignedValue"];
    let mut found: Vec<String> = Vec::new();
    for element in elements {
        let start = format!("<ofd:{element}>");
        found.extend(between(xml, &start, "<").iter().filter(|text| !text.is_empty()).map(|text| resolved(at, text)));
    }
    if xml.contains("<ofd:Res ") {
        let base = between(xml, "BaseLoc=\"", "\"")[0];
        let media = between(xml, "<ofd:MediaFile>", "<");
        found.extend(media.iter().map(|file| resolved(&resolved(at, base), file)));
    } else {
        found.extend(between(xml, "BaseLoc=\"", "\"").iter().map(|file| resolved(at, file)));
        found.extend(between(xml, "<ofd:BaseLoc>", "<").iter().map(|file| resolved(at, file)));
    }
    found
}

fn walk(entries: &Entries) -> BTreeSet<String> {
    let mut open = vec!["OFD.xml".to_owned()];
    let mut reached = BTreeSet::new();
    while let Some(name) = open.pop() {
        if !reached.insert(name.clone()) {
            continue;
        }
        let Some(bytes) = entries.get(&name) else { continue };
        if name.ends_with(".xml") && name != "Doc_0/Attachs/licence.xml" {
            let xml = std::str::from_utf8(bytes).unwrap().replace("<sig:", "<ofd:").replace("</sig:", "</ofd:");
            open.extend(targets(&name, &xml));
        }
    }
    reached
}

#[test]
fn every_part_of_a_sound_file_is_well_formed_and_reached_and_nothing_is_missing() {
    let catalogue = Catalogue::new(SIGNED_AT).unwrap();
    let mut files = 0;
    for sample in catalogue.samples().iter().filter(|sample| sample.file.starts_with("ofd/ok_")) {
        let mut entries = entries(&catalogue.make(sample).unwrap()).unwrap();
        assert_eq!(
            entries.remove(STRAY).is_some(),
            sample.file == "ofd/ok_integrity_list_stray.ofd",
            "{}",
            sample.file
        );
        for (name, bytes) in entries.iter().filter(|(name, _)| name.ends_with(".xml")) {
            assert!(elements(bytes) > 0, "{} {name}", sample.file);
        }
        let list = |name: &String| !["OFDEntries.xml", "signedvalue.dat"].contains(&name.as_str());
        let present: BTreeSet<String> = entries.keys().filter(|name| list(name)).cloned().collect();
        assert_eq!(walk(&entries), present, "{}", sample.file);
        assert!(!signature_folders(&entries).is_empty(), "{}", sample.file);
        files += 1;
    }
    assert!(files >= 14, "{files}");
}

#[test]
fn what_was_slipped_in_is_reached_from_nowhere_and_what_is_unprotected_is_reached() {
    let catalogue = Catalogue::new(SIGNED_AT).unwrap();
    for sample in catalogue.samples() {
        let coverage = ["UNPROTECTED_CONTENT", "UNREFERENCED_ENTRY"];
        let Some(code) = sample.expected.reasons.iter().find(|code| coverage.contains(code)) else { continue };
        let entries = entries(&catalogue.make(sample).unwrap()).unwrap();
        if sample.file.ends_with("_dropped.ofd") {
            continue; // What nothing names there any more is a signature.
        }
        let slipped_in: Vec<&str> =
            ["Doc_0/Pages/Page_9/Content.xml", STRAY].into_iter().filter(|name| entries.contains_key(*name)).collect();
        assert_eq!(slipped_in.len(), usize::from(*code == "UNREFERENCED_ENTRY"), "{}", sample.file);
        let reached = walk(&entries);
        assert!(!slipped_in.iter().any(|name| reached.contains(*name)), "{}", sample.file);
    }
}

#[test]
fn the_deep_page_is_as_deep_as_it_says() {
    let catalogue = Catalogue::new(SIGNED_AT).unwrap();
    let sample = catalogue.get("ofd/bad_xml_deep.ofd").unwrap();
    let entries = entries(&catalogue.make(sample).unwrap()).unwrap();
    assert!(elements(&entries["Doc_0/Pages/Page_0/Content.xml"]) > 10_000);
}
