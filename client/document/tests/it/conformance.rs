//! Every file of an outside set of samples against its expected results, when `HUXIN_SAMPLES` names the folder.

use std::collections::BTreeSet;
use std::path::PathBuf;

use huxin_document::{Options, TrustList, inspect};
use serde_json::Value;

/// The folder, if the variable names one.
pub(crate) fn samples() -> Option<PathBuf> {
    let Some(folder) = std::env::var_os("HUXIN_SAMPLES") else {
        eprintln!("skipped: HUXIN_SAMPLES names no folder of samples");
        return None;
    };
    Some(PathBuf::from(folder))
}

pub(crate) fn expected(folder: &std::path::Path) -> Value {
    serde_json::from_slice(&std::fs::read(folder.join("EXPECTED.json")).unwrap()).unwrap()
}

fn report(folder: &std::path::Path, path: &str, trust: Option<&TrustList>) -> Value {
    let bytes = std::fs::read(folder.join(path)).unwrap();
    serde_json::to_value(inspect(&bytes, &Options { trust, at: None })).unwrap()
}

/// `valid` and so on for the words of EXPECTED.json.
fn verdict(word: &str) -> &'static str {
    match word {
        "VALID" => "valid",
        "INVALID" => "invalid",
        "VALID_WITH_EXTERNAL_CERT" => "unknown",
        other => panic!("unknown word {other}"),
    }
}

fn result<'r>(signature: &'r Value, check: &str) -> Option<&'r str> {
    let checks = signature["checks"].as_array().unwrap();
    checks.iter().find(|found| found["name"] == check)?["result"].as_str()
}

fn same(place: &str, field: &str, found: &Value, expected: &Value) {
    assert_eq!(found, expected, "{place}: {field}");
}

fn structure(text: &str) -> &'static str {
    match text.split(' ').next().unwrap() {
        "v1" => "v1",
        "v4" => "v4",
        "v5" => "v5",
        "CMS/GB-T-35275" => "gbt35275",
        "raw" => "bare",
        other => panic!("unknown structure {other}"),
    }
}

fn certificate(place: &str, found: &Value, expected: &Value) {
    for field in ["subject", "issuer", "serial", "not_before", "not_after", "key", "sha256", "sm3"] {
        same(place, field, &found[field], &expected[field]);
    }
}

fn seal(place: &str, found: &Value, expected: &Value) {
    for (ours, theirs) in [
        ("id", "seal_id"),
        ("name", "seal_name"),
        ("valid_from", "valid_start"),
        ("valid_to", "valid_end"),
        ("create_date", "create_date"),
        ("type", "type"),
        ("header", "header"),
        ("cert_list_type", "cert_list_type"),
        ("cert_list_count", "cert_list_count"),
        ("time_type", "time_type"),
        ("picture", "picture"),
        ("der_len", "der_len"),
        ("signature_algorithm", "sig_alg_oid"),
        ("signature_valid", "seal_signature_valid"),
    ] {
        same(place, theirs, &found[ours], &expected[theirs]);
    }
    same(place, "structure", &found["structure"], &structure(expected["structure"].as_str().unwrap()).into());
    if expected["has_timestamp"].is_boolean() {
        same(place, "has_timestamp", &found["has_timestamp"], &expected["has_timestamp"]);
    }
    if expected["seal_signature_valid"] == true {
        same(place, "over", &found["signature_over"], &expected["seal_signature_over"]);
        same(place, "mode", &found["signature"]["form"], &expected["seal_signature_mode"]);
    }
    certificate(place, &found["maker"], &expected["maker_cert"]);
}

/// A field of EXPECTED that is true, false or absent, against a check.
fn flag(place: &str, signature: &Value, expected: &Value, field: &str, check: &str) {
    match expected[field].as_bool() {
        Some(true) => assert_eq!(result(signature, check), Some("pass"), "{place}: {field}"),
        Some(false) => assert_eq!(result(signature, check), Some("fail"), "{place}: {field}"),
        None => assert_ne!(result(signature, check), Some("fail"), "{place}: {field}"),
    }
}

fn signature(place: &str, found: &Value, expected: &Value) {
    for field in [
        "id",
        "type",
        "signature_xml",
        "signature_method",
        "signature_datetime",
        "check_method",
        "references",
        "references_bad",
        "signed_value_bytes",
        "unprotected_entries",
    ] {
        same(place, field, &found[field], &expected[field]);
    }
    for field in ["tbs_version", "property_info", "data_hash", "sign_time", "has_timestamp"] {
        if !expected[field].is_null() {
            same(place, field, &found[field], &expected[field]);
        }
    }
    if let Some(algorithm) = expected["signature_alg_oid"].as_str() {
        same(place, "algorithm", &found["signature_algorithm"], &algorithm.into());
    }
    same(place, "structure", &found["structure"], &structure(expected["structure"].as_str().unwrap()).into());
    flag(place, found, expected, "signature_value_valid", "signature_value");
    flag(place, found, expected, "data_hash_matches", "signature_xml_digest");
    flag(place, found, expected, "signer_in_cert_list", "certificate_list");
    flag(place, found, expected, "sign_time_in_seal_validity", "seal_window");
    flag(place, found, expected, "sign_time_in_cert_validity", "signer_window");
    flag(place, found, expected, "seal_file_matches", "seal_file");
    if expected["signature_value_valid"] == true {
        same(place, "mode", &found["signature"]["form"], &expected["signature_mode"]);
    }
    if expected["signer_cert"].is_object() {
        certificate(place, &found["signer"], &expected["signer_cert"]);
    }
    if expected["seal"].is_object() {
        seal(place, &found["seal"], &expected["seal"]);
    }
    assert_eq!(found["cryptography"], verdict(expected["verdict"].as_str().unwrap()), "{place}: {found:#}");
}

fn cryptographic_reasons(found: &Value) -> BTreeSet<&str> {
    let policy = ["UNPROTECTED_CONTENT", "UNREFERENCED_ENTRY"];
    let reasons = found["reasons"].as_array().unwrap().iter().map(|reason| reason.as_str().unwrap());
    reasons.filter(|reason| !policy.contains(reason)).collect()
}

fn words(list: &Value) -> BTreeSet<&str> {
    list.as_array().into_iter().flatten().map(|word| word.as_str().unwrap()).collect()
}

/// A set of samples may have been made anew, with other random numbers, after its results were written down. What depends on them
/// (digests and lengths around signature values) is then taken from the file's own report, and everything else is still compared.
fn without_randomness(found: &Value, expected: &Value) -> Value {
    if found["file"]["sha256"] == expected["sha256"] {
        return expected.clone();
    }
    eprintln!("{}: not the bytes of which the results were written", expected["path"]);
    let mut expected = expected.clone();
    replace_random(&found["seal"], &mut expected);
    replace_random(&found["file"], &mut expected);
    for (index, signature) in expected["signatures"].as_array_mut().into_iter().flatten().enumerate() {
        let found = &found["signatures"][index];
        replace_random(found, signature);
        replace_random(&found["seal"], &mut signature["seal"]);
    }
    expected
}

fn replace_random(found: &Value, expected: &mut Value) {
    for field in ["sha256", "sm3", "size", "data_hash", "signed_value_bytes", "der_len"] {
        if !expected[field].is_null() && !found[field].is_null() {
            expected[field] = found[field].clone();
        }
    }
}

fn document(folder: &std::path::Path, name: &str, expected: &Value) {
    let found = report(folder, expected["path"].as_str().unwrap(), None);
    let expected = &without_randomness(&found, expected);
    for field in ["size", "sha256", "sm3"] {
        same(name, field, &found["file"][field], &expected[field]);
    }
    let no_signatures = Vec::new();
    let signatures = expected["signatures"].as_array().unwrap_or(&no_signatures);
    assert_eq!(found["signatures"].as_array().unwrap().len(), signatures.len(), "{name}");
    for (index, expected) in signatures.iter().enumerate() {
        let (place, found) = (format!("{name}[{index}]"), &found["signatures"][index]);
        signature(&place, found, expected);
        assert_eq!(cryptographic_reasons(found), words(&expected["reasons"]), "{place}: reasons");
    }
    let word = expected["verdict"].as_str().or(expected["crypto_verdict"].as_str());
    assert_eq!(found["cryptography"], word.map_or("unsigned", verdict), "{name}: {found:#}");
    if expected["crypto_reasons"].is_array() {
        assert_eq!(cryptographic_reasons(&found), words(&expected["crypto_reasons"]), "{name}");
    }
}

#[test]
fn documents_are_as_expected() {
    let Some(folder) = samples() else { return };
    let all = expected(&folder);
    let documents = |set: &str| {
        let of_set = all[set].as_object().unwrap().clone();
        of_set.into_iter().filter(|(name, _)| name.ends_with(".ofd")).collect::<Vec<_>>()
    };
    let mut count = 0;
    for (name, expected) in documents("samples").into_iter().chain(documents("crafted")) {
        document(&folder, &name, &expected);
        count += 1;
    }
    assert!(count > 0);
}

#[test]
fn verdicts_with_the_trust_list_are_as_expected() {
    let Some(folder) = samples() else { return };
    let trust = TrustList::from_path(&folder.join("pki")).unwrap();
    assert_eq!((trust.roots().len(), trust.revocation_lists()), (1, 1), "{:?}", trust.passed_over());
    for (name, expected) in expected(&folder)["crafted"].as_object().unwrap() {
        let Some(word) = expected["final_verdict_with_trust_policy"].as_str() else { continue };
        let found = report(&folder, expected["path"].as_str().unwrap(), Some(&trust));
        assert_eq!(found["verdict"], verdict(word), "{name}: {found:#}");
        let crypto = found["cryptography"].as_str().unwrap();
        assert_eq!(crypto, verdict(expected["crypto_verdict"].as_str().unwrap()), "{name}");
        let mut reasons = words(&expected["crypto_reasons"]);
        reasons.extend(expected["policy_reason"].as_str());
        assert_eq!(words(&found["reasons"]), reasons, "{name}");
    }
}

#[test]
fn without_a_trust_list_chains_are_unknown_and_say_so() {
    let Some(folder) = samples() else { return };
    let found = report(&folder, "ofd/ok_v4.ofd", None);
    assert_eq!((&found["cryptography"], &found["verdict"]), (&"valid".into(), &"unknown".into()));
    for check in ["signer_chain", "signer_revocation", "maker_chain", "maker_revocation"] {
        let checks = found["signatures"][0]["checks"].as_array().unwrap();
        let check = checks.iter().find(|found| found["name"] == check).unwrap();
        assert_eq!((&check["result"], &check["code"]), (&"unknown".into(), &"TRUST_LIST_ABSENT".into()));
        assert!(check["en"].as_str().unwrap().contains("trust list"));
    }
}

#[test]
fn documents_of_other_authorities_are_untrusted() {
    let Some(folder) = samples() else { return };
    let trust = TrustList::from_path(&folder.join("pki")).unwrap();
    let found = report(&folder, "ofd/V4RideRight.ofd", Some(&trust));
    assert_eq!((&found["cryptography"], &found["verdict"]), (&"valid".into(), &"invalid".into()));
    assert_eq!(words(&found["reasons"]), BTreeSet::from(["UNTRUSTED_MAKER", "UNTRUSTED_SIGNER"]));
}

#[test]
fn seals_are_as_expected() {
    let Some(folder) = samples() else { return };
    let trust = TrustList::from_path(&folder.join("pki")).unwrap();
    let all = expected(&folder);
    let sets = all["seals"].as_object().unwrap().iter().chain(all["crafted"].as_object().unwrap());
    for (name, expected) in sets.filter(|(name, _)| name.ends_with(".esl")) {
        let found = report(&folder, expected["path"].as_str().unwrap(), Some(&trust));
        let expected = &without_randomness(&found, expected);
        assert_eq!(found["kind"], "seal", "{name}");
        same(name, "sm3", &found["file"]["sm3"], &expected["sm3"]);
        seal(name, &found["seal"], expected);
        same(name, "in signatures", &found["signatures"][0]["seal"], &found["seal"]);
        let (verdict, reasons) = match expected["expect"].as_str() {
            Some("VALID") => ("valid", vec![]),
            Some("INVALID") => ("invalid", vec!["SEAL_SIGNATURE"]),
            Some("REJECT_TRAILING") => ("invalid", vec!["TRAILING_BYTES"]),
            None => ("invalid", vec!["UNTRUSTED_MAKER"]),
            other => panic!("unknown word {other:?}"),
        };
        assert_eq!(found["verdict"], verdict, "{name}: {found:#}");
        assert_eq!(words(&found["reasons"]), reasons.into_iter().collect(), "{name}");
    }
}

#[test]
fn the_integrity_list_is_as_expected() {
    let Some(folder) = samples() else { return };
    let all = expected(&folder);
    for (name, expected) in all["samples"].as_object().unwrap() {
        if !expected["integrity"].is_object() {
            continue;
        }
        let found = report(&folder, expected["path"].as_str().unwrap(), None);
        let (list, expected) = (&found["integrity"], &expected["integrity"]);
        same(name, "unlisted", &list["unlisted_entries"], &expected["unlisted_entries"]);
        same(name, "missing", &list["missing_entries"], &expected["missing_entries"]);
        let signature = &list["signature"];
        certificate(name, &signature["signer"], &expected["signer_cert"]);
        flag(name, signature, expected, "signature_value_valid", "signature_value");
        flag(name, signature, expected, "data_hash_matches", "signature_xml_digest");
        same(name, "over", &signature["signed_over"], &expected["signed_over"]);
        same(name, "structure", &signature["structure"], &"gbt35275".into());
        assert_eq!(result(signature, "integrity_list"), Some("pass"));
        assert_eq!(signature["cryptography"], "valid", "{signature:#}");
        assert_eq!((&found["verdict"], &found["reasons"]), (&"unsigned".into(), &serde_json::json!([])));
    }
}
