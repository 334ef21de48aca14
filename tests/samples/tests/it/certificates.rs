//! Certificates and the revocation list, read by OpenSSL.

use std::path::PathBuf;

use huxin_samples::{Catalogue, SIGNED_AT};
use tempfile::TempDir;

use crate::openssl::{chains, present, run, said, verifies};
use crate::tlv::Tlv;

/// The files in a folder, but for those of RSA and P-256, which have a test of their own.
fn pki() -> (TempDir, Vec<(String, PathBuf)>) {
    let folder = tempfile::tempdir().unwrap();
    let files = Catalogue::new(SIGNED_AT).unwrap().pki().unwrap();
    let written = files.into_iter().map(|(name, bytes)| {
        let path = folder.path().join(&name);
        std::fs::write(&path, bytes).unwrap();
        (name, path)
    });
    let written = written.filter(|(name, _)| !name.starts_with("rsa-") && !name.starts_with("p256-")).collect();
    (folder, written)
}

#[test]
fn openssl_reads_every_certificate_and_its_extensions() {
    if !present() {
        return;
    }
    let (_folder, files) = pki();
    let certificates: Vec<_> = files.iter().filter(|(name, _)| name.ends_with(".crt")).collect();
    assert_eq!(certificates.len(), 22);
    for (name, path) in certificates {
        let text = said(&["x509", "-in", path.to_str().unwrap(), "-noout", "-text"]);
        let is_authority = name.ends_with("root.crt") || name.ends_with("branch.crt");
        let role = if is_authority { "CA:TRUE" } else { "CA:FALSE" };
        let is_mislabelled = name.starts_with("mislabelled");
        let algorithm = if is_mislabelled { "sha256WithRSAEncryption" } else { "SM2-with-SM3" };
        for expected in [
            "Version: 3 (0x2)",
            &format!("Signature Algorithm: {algorithm}"),
            "ASN1 OID: SM2",
            "X509v3 Basic Constraints: critical",
            "X509v3 Key Usage: critical",
            "X509v3 Subject Key Identifier",
            "X509v3 Authority Key Identifier",
            role,
        ] {
            assert!(text.contains(expected), "{name} lacks {expected}:\n{text}");
        }
        let der = path.with_extension("der");
        let from_der = said(&["x509", "-inform", "DER", "-in", der.to_str().unwrap(), "-noout", "-text"]);
        assert_eq!(text, from_der, "{name}");
    }
}

#[test]
fn openssl_chains_the_certificates_of_rsa() {
    if !present() {
        return;
    }
    let (folder, _files) = pki();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let how = ["verify", "-x509_strict", "-attime", "1780300800", "-CAfile"];
    for name in ["rsa-signer.crt", "p256-signer.crt"] {
        assert!(run(&[&how[..], &[&path("rsa-root.crt"), &path(name)]].concat()).status.success(), "{name}");
    }
    let list = folder.path().join("rsa-root.crl");
    let said = said(&["crl", "-in", list.to_str().unwrap(), "-noout", "-text"]);
    assert!(said.contains("Signature Algorithm: sha256WithRSAEncryption") && said.contains("No Revoked Certificates"));
}

#[test]
fn a_signer_is_named_by_seal_number_and_organisation() {
    if !present() {
        return;
    }
    let (folder, _files) = pki();
    let path = folder.path().join("signer-31000000000001.crt");
    let format = "utf8,sep_comma_plus,sname";
    let subject = said(&["x509", "-in", path.to_str().unwrap(), "-noout", "-subject", "-nameopt", format]);
    assert_eq!(subject.trim(), "subject=C=CN,O=113100000000000191样例机关310000（仅供测试）,CN=31000000000001");
}

#[test]
fn openssl_chains_the_sound_and_refuses_the_rogue() {
    if !present() {
        return;
    }
    let (folder, files) = pki();
    let root = folder.path().join("root.crt");
    let at = 1_780_300_800;
    let between: Vec<PathBuf> = ["branch.crt", "silent-branch.crt", "unlisted-branch.crt"]
        .map(|branch| folder.path().join(branch))
        .into_iter()
        .collect();
    for (name, path) in files.iter().filter(|(name, _)| name.ends_with(".crt")) {
        let chained = chains(&root, &between, &std::fs::read(path.with_extension("der")).unwrap(), at);
        let outside = ["rogue", "impostor", "mislabelled", "lone", "old-maker", "signer-31000000000007"];
        assert_eq!(chained, !outside.iter().any(|start| name.starts_with(start)), "{name}");
    }
}

/// OpenSSL 3.0 takes no user id for a revocation list's signature: its parts are verified one by one.
#[test]
fn the_revocation_list_names_the_revoked_signer_and_is_signed_by_the_root() {
    if !present() {
        return;
    }
    let (folder, _files) = pki();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let text = said(&["crl", "-in", &path("root.crl"), "-noout", "-text"]);
    let serial = said(&["x509", "-in", &path("signer-31000000000006.crt"), "-noout", "-serial"]);
    let serial = serial.trim().split('=').nth(1).unwrap().to_owned();
    for expected in [&serial, "May  1 00:00:00 2026 GMT", "Superseded", "Version 2 (0x1)", "X509v3 CRL Number"] {
        assert!(text.contains(expected), "lacks {expected}:\n{text}");
    }
    assert_eq!(text.matches("Serial Number").count(), 1);
    let der = std::fs::read(path("root.crl.der")).unwrap();
    let parts = Tlv::only(&der).unwrap().children();
    let root = std::fs::read(path("root.der")).unwrap();
    assert!(verifies(&root, parts[0].whole, parts[2].bits()));
    let rogue = std::fs::read(path("rogue-root.der")).unwrap();
    assert!(!verifies(&rogue, parts[0].whole, parts[2].bits()));
}

/// The root's next list names its one signer still, the branch's own list names nobody; the forged ones name their victims, and are not by whom they say.
#[test]
fn the_other_revocation_lists_are_what_their_names_say() {
    if !present() {
        return;
    }
    let (folder, _files) = pki();
    let read = |name: &str| std::fs::read(folder.path().join(name)).unwrap();
    let is_by = |list: &str, key: &str| {
        let list = read(list);
        let parts = Tlv::only(&list).unwrap().children();
        verifies(&read(key), parts[0].whole, parts[2].bits())
    };
    for (list, issuer, forger, revoked) in [
        ("newer-root", "root.der", None, 1),
        ("branch", "branch.der", None, 0),
        ("forged-root", "root.der", Some("rogue-root.der"), 2),
        ("forged-silent-branch", "silent-branch.der", Some("rogue-root.der"), 2),
    ] {
        let path = folder.path().join(format!("{list}.crl"));
        let text = said(&["crl", "-in", path.to_str().unwrap(), "-noout", "-text"]);
        assert_eq!(text.matches("Serial Number").count(), revoked, "{list}:\n{text}");
        let der = format!("{list}.crl.der");
        assert_eq!(is_by(&der, issuer), forger.is_none(), "{list}");
        assert!(forger.is_none_or(|forger| is_by(&der, forger)), "{list}");
    }
}

#[test]
fn openssl_parses_every_seal_and_signature_value() {
    if !present() {
        return;
    }
    let catalogue = Catalogue::new(SIGNED_AT).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("value");
    for sample in catalogue.samples().iter().filter(|sample| sample.file.contains("/ok_")) {
        let bytes = catalogue.make(sample).unwrap();
        let values = match crate::opened::entries(&bytes) {
            Some(entries) => {
                entries.into_iter().filter(|(name, _)| name.ends_with(".dat") || name.ends_with(".esl")).collect()
            }
            None => vec![(sample.file.to_owned(), bytes)],
        };
        assert!(!values.is_empty(), "{}", sample.file);
        for (name, value) in values {
            std::fs::write(&path, value).unwrap();
            let parsed = run(&["asn1parse", "-inform", "DER", "-in", path.to_str().unwrap(), "-noout"]);
            assert!(parsed.status.success(), "{} {name}", sample.file);
        }
    }
}
