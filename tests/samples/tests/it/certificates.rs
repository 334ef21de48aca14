//! Certificates and the revocation list, read by OpenSSL.

use std::path::PathBuf;

use huxin_samples::{Catalogue, SIGNED_AT};
use tempfile::TempDir;

use crate::openssl::{present, run, said, verifies};
use crate::tlv::Tlv;

/// The files in a folder.
fn pki() -> (TempDir, Vec<(String, PathBuf)>) {
    let folder = tempfile::tempdir().unwrap();
    let files = Catalogue::new(SIGNED_AT).unwrap().pki().unwrap();
    let written = files.into_iter().map(|(name, bytes)| {
        let path = folder.path().join(&name);
        std::fs::write(&path, bytes).unwrap();
        (name, path)
    });
    let written = written.collect();
    (folder, written)
}

#[test]
fn openssl_reads_every_certificate_and_its_extensions() {
    if !present() {
        return;
    }
    let (_folder, files) = pki();
    let certificates: Vec<_> = files.iter().filter(|(name, _)| name.ends_with(".crt")).collect();
    assert_eq!(certificates.len(), 11);
    for (name, path) in certificates {
        let text = said(&["x509", "-in", path.to_str().unwrap(), "-noout", "-text"]);
        let role = if name.ends_with("root.crt") { "CA:TRUE" } else { "CA:FALSE" };
        for expected in [
            "Version: 3 (0x2)",
            "Signature Algorithm: SM2-with-SM3",
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
    let at = "1780300800";
    let base = ["verify", "-vfyopt", "distid:1234567812345678", "-x509_strict", "-attime", at, "-CAfile"];
    for (name, path) in files.iter().filter(|(name, _)| name.ends_with(".crt")) {
        let chained = run(&[&base[..], &[root.to_str().unwrap(), path.to_str().unwrap()]].concat()).status.success();
        let outside = ["rogue", "impostor", "old-maker", "signer-31000000000007"];
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
