//! Each sample has the defect it is said to have, and no other.

use std::collections::BTreeSet;

use huxin_samples::{Catalogue, Expected, SIGNED_AT, Sample, Verdict};

use crate::judge::{self, Codes};
use crate::opened::{Entries, entries, references, signature_folders};
use crate::openssl;
use crate::tlv::Tlv;

/// Seconds since 1970 of 2026-06-01T08:00:00Z.
const SIGNED_AT_S: i64 = 1_780_300_800;
/// Codes of checks that the judge of these tests makes.
const JUDGED: [&str; 13] = [
    "CERT_NOT_EMBEDDED",
    "CERT_NOT_VALID_AT_SIGN_TIME",
    "FORMAT",
    "LEGACY_ALGORITHM",
    "MAKER_CERT_NOT_VALID_AT_CREATE",
    "REFERENCE_DIGEST",
    "SEAL_FILE_MISMATCH",
    "SEAL_NOT_VALID_AT_SIGN_TIME",
    "SEAL_SIGNATURE",
    "SIGNATURE_VALUE",
    "SIGNATURE_XML_DIGEST",
    "SIGNER_NOT_IN_SEAL_CERT_LIST",
    "TRAILING_BYTES",
];

fn judged(expected: &Expected) -> Codes {
    expected.reasons.iter().copied().filter(|code| JUDGED.contains(code)).collect()
}

/// OFD samples that the zip crate can be asked to open.
fn opened(catalogue: &Catalogue) -> Vec<(Sample, Entries)> {
    let no_container = ["ZIP_", "NOT_OFD"];
    let openable = |sample: &&Sample| {
        sample.file.starts_with("ofd/")
            && !sample.expected.reasons.iter().any(|code| no_container.iter().any(|start| code.starts_with(start)))
    };
    let open = |sample: &Sample| (*sample, entries(&catalogue.make(sample).unwrap()).unwrap());
    catalogue.samples().iter().filter(openable).map(open).collect()
}

#[test]
fn each_file_fails_the_checks_it_is_said_to_fail_and_no_other() {
    if !openssl::present() {
        return;
    }
    let catalogue = Catalogue::new(SIGNED_AT).unwrap();
    let opened = opened(&catalogue);
    assert!(opened.len() > 50, "only {} packages", opened.len());
    for (sample, entries) in &opened {
        assert_eq!(judge::failures(entries), judged(&sample.expected), "{}", sample.file);
        let unsigned = signature_folders(entries).is_empty();
        assert_eq!(unsigned, sample.expected.verdict == Verdict::Unsigned, "{}", sample.file);
    }
}

#[test]
fn each_seal_fails_the_checks_it_is_said_to_fail_and_no_other() {
    if !openssl::present() {
        return;
    }
    let catalogue = Catalogue::new(SIGNED_AT).unwrap();
    let seals: Vec<&Sample> = catalogue.samples().iter().filter(|sample| sample.file.starts_with("seals/")).collect();
    assert!(seals.len() >= 9, "{}", seals.len());
    for sample in seals {
        let bytes = catalogue.make(sample).unwrap();
        let mut codes = Codes::new();
        match Tlv::only(&bytes) {
            Ok(seal) => {
                judge::seal(&seal, &mut codes);
            }
            Err(code) => {
                codes.insert(code);
            }
        }
        assert_eq!(codes, judged(&sample.expected), "{}", sample.file);
    }
}

/// Continue mode leaves Signatures.xml open; an integrity list comes after the seal and names what it protects itself.
#[test]
fn everything_is_protected_except_where_the_sample_says_so() {
    let catalogue = Catalogue::new(SIGNED_AT).unwrap();
    let mut uncovered_files = BTreeSet::new();
    for (sample, entries) in &opened(&catalogue) {
        let folders = signature_folders(entries);
        let Some(last) = folders.last() else { continue };
        let protected: BTreeSet<String> = references(entries, last).into_iter().map(|(name, _)| name).collect();
        let own = |name: &str| name.starts_with(last) && !name.ends_with("Seal.esl");
        let list =
            |name: &str| name.ends_with("Signatures.xml") || ["OFDEntries.xml", "signedvalue.dat"].contains(&name);
        let uncovered = entries.keys().any(|name| !protected.contains(name) && !own(name) && !list(name));
        let coverage = ["UNPROTECTED_CONTENT", "UNREFERENCED_ENTRY"];
        let said = sample.expected.reasons.iter().any(|code| coverage.contains(code));
        assert_eq!(uncovered, said, "{}", sample.file);
        if uncovered {
            uncovered_files.insert(sample.file);
        }
    }
    assert_eq!(uncovered_files.len(), 7, "{uncovered_files:?}");
}

/// Mode of the last signature, by whether it protects Signatures.xml.
#[test]
fn continue_mode_leaves_the_list_of_signatures_open() {
    let catalogue = Catalogue::new(SIGNED_AT).unwrap();
    for (file, locked) in [
        ("ofd/ok_v4.ofd", vec![true]),
        ("ofd/ok_v4_continue.ofd", vec![false]),
        ("ofd/ok_two_seals_continue.ofd", vec![false, false]),
        ("ofd/ok_two_seals_locked.ofd", vec![false, true]),
        ("ofd/bad_two_seals_full_protection.ofd", vec![true, true]),
    ] {
        let entries = entries(&catalogue.make(catalogue.get(file).unwrap()).unwrap()).unwrap();
        let protects =
            |folder: &String| references(&entries, folder).iter().any(|(name, _)| name.ends_with("Signatures.xml"));
        let found: Vec<bool> = signature_folders(&entries).iter().map(protects).collect();
        assert_eq!(found, locked, "{file}");
    }
}

#[test]
fn signers_and_makers_chain_to_the_root_except_where_the_sample_says_so() {
    if !openssl::present() {
        return;
    }
    let catalogue = Catalogue::new(SIGNED_AT).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root.crt");
    let trust = catalogue.trust().unwrap();
    std::fs::write(&root, &trust.iter().find(|(name, _)| name == "root.crt").unwrap().1).unwrap();
    let mut untrusted_files = 0;
    for (sample, entries) in &opened(&catalogue) {
        if sample.file == "ofd/bad_off_curve_key.ofd" {
            continue; // OpenSSL does not load such a certificate.
        }
        for (code, certificate) in judge::certificates(entries) {
            // The old maker and the expired signer are judged while they were valid.
            let trusted =
                [SIGNED_AT_S, SIGNED_AT_S - 400 * 86_400].iter().any(|&at| openssl::chains(&root, &certificate, at));
            assert_eq!(!trusted, sample.expected.reasons.contains(&code), "{} {code}", sample.file);
            untrusted_files += u32::from(!trusted);
        }
    }
    assert_eq!(untrusted_files, 3);
}
