//! The command, run as a user runs it.

use std::path::Path;
use std::process::{Command, Output};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use huxin_samples::{Catalogue, SIGNED_AT};
use serde_json::Value;

use crate::judge::sm3;
use crate::opened::{entries, references};

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_huxin-samples")).args(arguments).output().unwrap()
}

fn said(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn make_writes_every_sample_and_says_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let said = said(&["make", text(folder.path())]);
    let catalogue = Catalogue::new(SIGNED_AT).unwrap();
    let expected: Value = serde_json::from_slice(&std::fs::read(folder.path().join("EXPECTED.json")).unwrap()).unwrap();
    assert_eq!(expected["signed_at"], "2026-06-01T08:00:00Z");
    let described = expected["samples"].as_array().unwrap();
    assert_eq!(described.len(), catalogue.samples().len());
    for (sample, described) in catalogue.samples().iter().zip(described) {
        let bytes = std::fs::read(folder.path().join(sample.file)).unwrap();
        assert_eq!(bytes, catalogue.make(sample).unwrap(), "{}", sample.file);
        assert_eq!(described["file"], sample.file);
        assert_eq!(described["size"], bytes.len());
        assert_eq!(described["verdict"], sample.expected.verdict.name());
        assert_eq!(described["cryptography"], sample.expected.cryptography.name());
        assert_eq!(described["reasons"], serde_json::json!(sample.expected.reasons));
        assert_eq!(described["undecided"], serde_json::json!(sample.expected.undecided));
        assert!(said.contains(&format!("{}: {}", sample.file, sample.zh)), "{}", sample.file);
    }
    for (part, files) in [("pki", catalogue.pki().unwrap()), ("trust", catalogue.trust().unwrap())] {
        for (name, bytes) in files {
            assert_eq!(std::fs::read(folder.path().join(part).join(&name)).unwrap(), bytes, "{part}/{name}");
        }
    }
    let trusted = std::fs::read_dir(folder.path().join("trust")).unwrap().count();
    assert_eq!(trusted, 9);
}

#[test]
fn licences_writes_the_licences_and_the_seal_of_an_issuer() {
    let folder = tempfile::tempdir().unwrap();
    let issuer = ["--province", "310000", "--issuer", "113100000000000191"];
    let rest = ["--first", "41", "--count", "3", "--signed-at", "2026-11-01T00:00:00Z", "--structure", "v5"];
    let said = said(&[&["licences", text(folder.path())], &issuer[..], &rest].concat());
    let seal = std::fs::read(folder.path().join("31000000000001.esl")).unwrap();
    for number in 41..44 {
        let name = format!("licence-0000{number}.ofd");
        let entries = entries(&std::fs::read(folder.path().join(&name)).unwrap()).unwrap();
        let identifier = said.lines().find_map(|line| line.strip_prefix(&format!("{name}: "))).unwrap();
        assert!(identifier.contains(&format!(".113100000000000191.20260000{number}.001.")));
        assert!(String::from_utf8_lossy(&entries["OFD.xml"]).contains(identifier));
        assert_eq!(entries["Doc_0/Signs/Sign_0/Seal.esl"], seal);
    }
    assert!(folder.path().join("trust/root.crt").exists());
}

#[test]
fn large_writes_pictures_of_the_asked_size_under_one_seal() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.ofd");
    said(&["large", text(&path), "--mib", "9"]);
    let file = std::fs::read(&path).unwrap();
    assert!((12 << 20..13 << 20).contains(&file.len()), "three pictures of 4 MiB, not {}", file.len());
    let entries = entries(&file).unwrap();
    let references = references(&entries, "Doc_0/Signs/Sign_0");
    let scans = references.iter().filter(|(name, _)| name.starts_with("Doc_0/Scans/")).count();
    assert_eq!(scans, 3);
    for (name, value) in references {
        assert_eq!(STANDARD.encode(sm3(&entries[&name])), value, "{name}");
    }
}

#[test]
fn bad_arguments_are_refused_with_a_code_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("out");
    let licences = ["licences", text(&target), "--count", "1"];
    let issuer = ["--province", "310000", "--issuer", "113100000000000192"];
    let province = ["--province", "320000", "--issuer", "113100000000000191"];
    let kind = ["--province", "310000", "--issuer", "113100000000000191", "--type", "x"];
    let seal = ["--province", "310000", "--issuer", "113100000000000191", "--seal-id", "../../x"];
    let first = ["--province", "310000", "--issuer", "113100000000000191", "--first", "1000000"];
    let mut wrong: Vec<Vec<&str>> =
        [&issuer[..], &province, &kind, &seal, &first].iter().map(|rest| [&licences[..], rest].concat()).collect();
    wrong.push(vec!["make", text(&target), "--signed-at", "2041-01-01T00:00:00Z"]);
    wrong.push(vec!["make", text(&target), "--signed-at", "yesterday"]);
    for arguments in wrong {
        let output = run(&arguments);
        assert!(!output.status.success(), "{arguments:?}");
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.contains("SAMPLE_ARGUMENT"), "{arguments:?}: {error}");
        assert!(!target.exists(), "{arguments:?} wrote something");
    }
}
