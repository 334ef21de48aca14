//! Any bytes, and sound files with some bytes changed: an answer, never a panic. Coverage-guided under `cargo bolero`, a bounded
//! number of random inputs otherwise.

use super::fixture::{Files, reference, signature_xml};
use bolero::check;
use huxin_document::ofd::Ofd;
use huxin_document::{Limits, xml};

const RUNS: usize = 2000;

/// Small limits, so that runs are short.
fn limits() -> Limits {
    Limits { total_bytes_max: 1 << 20, entry_bytes_max: 1 << 18, ..Limits::default() }
}

/// Asks everything that can be asked of a file.
fn exhaust(bytes: &[u8]) {
    let limits = limits();
    let Ok(ofd) = Ofd::open(bytes, &limits) else { return };
    assert!(ofd.defects().len() <= limits.defects_max + 1);
    let names: Vec<&str> = ofd.entry_names().collect();
    for name in &names {
        assert!(ofd.read(name, limits.entry_bytes_max).map_or(0, |read| read.len() as u64) <= limits.entry_bytes_max);
    }
    for index in 0..ofd.signatures().len() {
        let signature = &ofd.signatures()[index];
        assert!(ofd.check_references(index).unwrap().len() <= signature.references.len());
        let (alone, excused) = (ofd.coverage(index, &[]), ofd.coverage(index, &[true; 8]));
        assert!(alone.covered_later.is_empty());
        assert_eq!(alone.unprotected_content.len(), excused.unprotected_content.len() + excused.covered_later.len());
        // What is open is an entry, and what nothing refers to is never content.
        assert!(alone.unprotected_content.iter().all(|name| alone.unprotected_entries.contains(name)));
        assert!(alone.unreferenced.iter().all(|name| !alone.unprotected_content.contains(name)));
        assert!(alone.unprotected_entries.iter().all(|name| names.contains(&name.as_str())));
    }
    assert!(ofd.unreferenced().len() <= names.len());
}

fn mutate(bytes: &mut Vec<u8>, changes: &[(u16, u8, u8)]) {
    for (place, kind, value) in changes {
        let at = usize::from(*place) % bytes.len().max(1);
        match kind % 4 {
            _ if bytes.is_empty() => {}
            0 => bytes[at] = *value,
            1 => bytes.insert(at, *value),
            2 => drop(bytes.remove(at)),
            _ => {
                let end = (at + usize::from(*value)).min(bytes.len());
                let copy = bytes[at..end].to_vec();
                bytes.extend(copy);
            }
        }
    }
}

#[test]
fn any_bytes_as_a_file() {
    check!().with_type::<Vec<u8>>().with_iterations(RUNS).for_each(|bytes| exhaust(bytes));
}

#[test]
fn any_bytes_as_xml() {
    check!().with_type::<Vec<u8>>().with_iterations(RUNS).for_each(|bytes| {
        let _ = xml::parse(bytes, &limits());
    });
}

#[test]
fn package_with_changed_bytes() {
    let sound = Files::signed().zip();
    check!().with_type::<Vec<(u16, u8, u8)>>().with_iterations(RUNS).for_each(|changes| {
        let mut bytes = sound.clone();
        mutate(&mut bytes, changes);
        exhaust(&bytes);
    });
}

#[test]
fn files_with_changed_bytes_in_a_sound_package() {
    let sound = Files::signed();
    check!().with_type::<(u8, Vec<(u16, u8, u8)>)>().with_iterations(RUNS).for_each(|(which, changes)| {
        let mut files = sound.clone();
        let index = usize::from(*which) % files.0.len();
        mutate(&mut files.0[index].1, changes);
        exhaust(&files.zip());
    });
}

#[test]
fn any_location_in_a_reference() {
    check!().with_type::<(String, Vec<u8>)>().with_iterations(RUNS).for_each(|(location, content)| {
        let mut files = Files::signed();
        let escaped = location.replace('&', "&amp;").replace('<', "&lt;").replace('\'', "&apos;");
        files.set("Doc_0/Signs/Sign_0/Signature.xml", signature_xml("SM3", &reference(&escaped, content)));
        exhaust(&files.zip());
    });
}
