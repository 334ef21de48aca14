//! Each sample has the defect it is said to have, and no other.

use std::collections::BTreeSet;

use huxin_samples::{Catalogue, Expected, SIGNED_AT, Sample, Verdict};

use crate::judge::{self, Codes};
use crate::opened::{Entries, between, entries, references, signature_folders, text};
use crate::openssl;
use crate::tlv::Tlv;

/// Seconds since 1970 of 2026-06-01T08:00:00Z.
const SIGNED_AT_S: i64 = 1_780_300_800;
/// Codes of checks that the judge of these tests makes.
const JUDGED: [&str; 14] = [
    "CERT_KEY_USAGE",
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
    let no_container = ["ZIP_", "NOT_EXAMINED"];
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
        let bytes = judge::out_of_base64(&catalogue.make(sample).unwrap());
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

/// What these samples show is not that the last signature leaves something open.
const OTHERWISE_COVERED: [&str; 3] =
    ["ofd/bad_first_signature_dropped.ofd", "ofd/bad_last_signature_dropped.ofd", "ofd/ok_integrity_list_stray.ofd"];

/// Continue mode leaves Signatures.xml open; an integrity list comes after the seal and names what it protects itself.
#[test]
fn everything_is_protected_except_where_the_sample_says_so() {
    let catalogue = Catalogue::new(SIGNED_AT).unwrap();
    let mut uncovered_files = BTreeSet::new();
    let shown = |sample: &Sample| !OTHERWISE_COVERED.contains(&sample.file);
    for (sample, entries) in opened(&catalogue).iter().filter(|(sample, _)| shown(sample)) {
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
    assert_eq!(uncovered_files.len(), 11, "{uncovered_files:?}");
}

#[test]
fn a_dropped_signature_is_in_the_package_but_not_in_the_list() {
    let catalogue = Catalogue::new(SIGNED_AT).unwrap();
    for (file, left) in [("ofd/bad_first_signature_dropped.ofd", 1), ("ofd/bad_last_signature_dropped.ofd", 0)] {
        let entries = entries(&catalogue.make(catalogue.get(file).unwrap()).unwrap()).unwrap();
        assert_eq!(signature_folders(&entries).len(), 2, "{file}");
        let listed = between(text(&entries, "Doc_0/Signs/Signatures.xml"), "BaseLoc=\"", "\"");
        assert_eq!(listed, [format!("/Doc_0/Signs/Sign_{left}/Signature.xml")], "{file}");
    }
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
    // What a relying party knows of authorities below the root; and one that a document carries.
    let pki = catalogue.pki().unwrap();
    let file_of = |name: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, &pki.iter().find(|(file, _)| file == name).unwrap().1).unwrap();
        path
    };
    let known = [file_of("branch.crt"), file_of("silent-branch.crt")];
    let carried = [file_of("unlisted-branch.crt")];
    let mut untrusted_files = 0;
    for (sample, entries) in &opened(&catalogue) {
        if sample.file == "ofd/bad_off_curve_key.ofd" {
            continue; // OpenSSL does not load such a certificate.
        }
        let between = if sample.file == "ofd/unknown_gbt35275_carried_issuer.ofd" { &carried[..] } else { &known };
        for (code, certificate) in judge::certificates(entries) {
            // The old maker and the expired signer are judged while they were valid.
            let trusted = [SIGNED_AT_S, SIGNED_AT_S - 400 * 86_400]
                .iter()
                .any(|&at| openssl::chains(&root, between, &certificate, at));
            assert_eq!(!trusted, sample.expected.reasons.contains(&code), "{} {code}", sample.file);
            untrusted_files += u32::from(!trusted);
        }
    }
    assert_eq!(untrusted_files, 7);
}
