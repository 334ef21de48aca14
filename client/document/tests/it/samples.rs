//! The sample files, where `HUXIN_SAMPLES` names their folder: what each package holds and what each signature protects.

use huxin_document::ofd::{BadReferenceStatus, Ofd, SignatureKind};
use huxin_document::{Limits, Reason};
use serde_json::Value;

/// Names and expected results of all OFD samples.
fn samples() -> Vec<(String, Vec<u8>, Value)> {
    let Some(folder) = std::env::var_os("HUXIN_SAMPLES").map(std::path::PathBuf::from) else {
        eprintln!("HUXIN_SAMPLES is not set: the sample files are not tried");
        return Vec::new();
    };
    let expected: Value = serde_json::from_slice(&std::fs::read(folder.join("EXPECTED.json")).unwrap()).unwrap();
    let all = ["samples", "crafted"].iter().flat_map(|group| expected[*group].as_object().unwrap());
    let files = all.filter(|(name, _)| name.ends_with(".ofd"));
    let files = files.map(|(name, expected)| {
        let bytes = std::fs::read(folder.join(expected["path"].as_str().unwrap())).unwrap();
        (name.clone(), bytes, expected.clone())
    });
    let files: Vec<_> = files.collect();
    assert!(!files.is_empty(), "no samples in HUXIN_SAMPLES");
    files
}

fn strings(value: &Value) -> Vec<String> {
    value.as_array().unwrap().iter().map(|item| item.as_str().unwrap().to_owned()).collect()
}

fn status(status: BadReferenceStatus) -> &'static str {
    match status {
        BadReferenceStatus::Mismatch => "MISMATCH",
        BadReferenceStatus::Missing => "MISSING",
        BadReferenceStatus::UnsupportedDigest => "UNSUPPORTED_DIGEST",
        BadReferenceStatus::LegacyDigest => "LEGACY_DIGEST",
    }
}

#[test]
fn signatures_and_references_are_as_expected() {
    for (name, bytes, expected) in samples() {
        let ofd = Ofd::open(&bytes, &Limits::default()).unwrap();
        if let Some(entries) = expected["entries"].as_u64() {
            assert_eq!(ofd.entry_names().count() as u64, entries, "{name}");
        }
        let signatures = expected["signatures"].as_array().cloned().unwrap_or_default();
        assert_eq!(ofd.signatures().len(), signatures.len(), "{name}");
        for (index, (found, expected)) in ofd.signatures().iter().zip(&signatures).enumerate() {
            assert_eq!(found.defects, [], "{name}");
            assert_eq!(found.id, expected["id"].as_str().unwrap(), "{name}");
            assert_eq!(found.kind == SignatureKind::Sign, expected["type"] == "Sign", "{name}");
            assert_eq!(found.path, expected["signature_xml"].as_str().unwrap(), "{name}");
            assert_eq!(found.method.as_deref(), expected["signature_method"].as_str(), "{name}");
            assert_eq!(found.date_time.as_deref(), expected["signature_datetime"].as_str(), "{name}");
            assert_eq!(found.check_method.as_deref(), expected["check_method"].as_str(), "{name}");
            assert_eq!(found.references.len() as u64, expected["references"].as_u64().unwrap(), "{name}");
            let bad = ofd.check_references(index).unwrap();
            let bad: Vec<(&str, &str)> = bad.iter().map(|bad| (bad.file.as_str(), status(bad.status))).collect();
            let expected_bad = expected["references_bad"].as_array().unwrap();
            let expected_bad: Vec<(&str, &str)> = expected_bad
                .iter()
                .map(|bad| (bad["file"].as_str().unwrap(), bad["status"].as_str().unwrap()))
                .collect();
            assert_eq!(bad, expected_bad, "{name}");
            let coverage = ofd.coverage(index, &[]);
            assert_eq!(coverage.unprotected_entries, strings(&expected["unprotected_entries"]), "{name}");
            // Real documents name resource files that they do not have; an altered page may be no XML any more.
            let is_altered = !bad.is_empty() || !coverage.unprotected_content.is_empty();
            let is_harmless = ofd.defects().iter().all(|defect| defect.code == Reason::EntryMissing);
            assert!(is_altered || (coverage.complete && is_harmless), "{name}: {:?}", ofd.defects());
        }
    }
}

#[test]
fn coverage_tells_the_two_warning_samples_from_the_others() {
    for (name, bytes, expected) in samples() {
        let ofd = Ofd::open(&bytes, &Limits::default()).unwrap();
        let Some(last) = ofd.signatures().len().checked_sub(1) else {
            assert_eq!(ofd.unreferenced(), [""; 0], "{name}");
            continue;
        };
        let coverage = ofd.coverage(last, &[]);
        let found = match (coverage.unprotected_content.is_empty(), coverage.unreferenced.is_empty()) {
            (true, true) => None,
            (false, true) => Some(Reason::UnprotectedContent.code()),
            (true, false) => Some(Reason::UnreferencedEntry.code()),
            (false, false) => Some("both"),
        };
        let policy = expected["policy_reason"].as_str().filter(|reason| reason.starts_with("UN"));
        assert_eq!(found, policy, "{name}: {coverage:?}");
    }
}

#[test]
fn integrity_list_of_the_sample_is_whole() {
    for (name, bytes, expected) in samples() {
        let ofd = Ofd::open(&bytes, &Limits::default()).unwrap();
        assert_eq!(ofd.integrity().is_some(), expected["integrity"].is_object(), "{name}");
        if let Some(list) = ofd.integrity() {
            assert_eq!(list.unlisted_entries, strings(&expected["integrity"]["unlisted_entries"]), "{name}");
            assert_eq!(list.missing_entries, strings(&expected["integrity"]["missing_entries"]), "{name}");
            let value = ofd.read(list.signed_value_path.as_deref().unwrap(), 1 << 20).unwrap();
            assert_eq!(value.len() as u64, expected["integrity"]["signed_value_bytes"].as_u64().unwrap(), "{name}");
            assert_eq!(list.defects, [], "{name}");
        }
    }
}
