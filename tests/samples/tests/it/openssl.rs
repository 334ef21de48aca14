//! The `openssl` command, which knows SM2 and nothing of this crate.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Whether a version is installed that has SM2; says so where it is not.
pub fn present() -> bool {
    let version = Command::new("openssl").arg("version").output();
    let present = version.is_ok_and(|output| output.stdout.starts_with(b"OpenSSL 3"));
    if !present {
        eprintln!("not compared: OpenSSL 3 is not installed");
    }
    present
}

pub fn run(arguments: &[&str]) -> Output {
    Command::new("openssl").args(arguments).output().unwrap()
}

/// Standard output of a run that must succeed.
pub fn said(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert!(output.status.success(), "openssl {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Whether the SM2 signature (DER) over the message holds for the key of a certificate (DER), default user id.
pub fn verifies(certificate: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    for (name, bytes) in [("c.der", certificate), ("m", message), ("s", signature)] {
        std::fs::write(path(name), bytes).unwrap();
    }
    let key = run(&["x509", "-inform", "DER", "-in", &path("c.der"), "-pubkey", "-noout", "-out", &path("k.pem")]);
    if !key.status.success() {
        return false;
    }
    let (key, message, signature) = (path("k.pem"), path("m"), path("s"));
    let input = ["-pubin", "-inkey", &key, "-in", &message, "-sigfile", &signature];
    let method = ["pkeyutl", "-verify", "-rawin", "-digest", "sm3", "-pkeyopt", "distid:1234567812345678"];
    run(&[&method[..], &input].concat()).status.success()
}

/// Whether a certificate (DER) chains to the root at a time in seconds since 1970, directly or by way of one of the authorities.
///
/// OpenSSL 3.0 takes the user id for the certificate it is asked about and no other, so each link is a question of its own.
pub fn chains(root_pem: &Path, between_pem: &[PathBuf], certificate: &[u8], at: i64) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.pem");
    std::fs::write(&path, huxin_samples::pem("CERTIFICATE", certificate)).unwrap();
    let by = |branch: &&PathBuf| issued(branch, &path, at) && issued(root_pem, branch, at);
    issued(root_pem, &path, at) || between_pem.iter().any(|branch| by(&branch))
}

/// Whether an authority (PEM) issued a certificate (PEM).
pub fn issued(authority: &Path, certificate: &Path, at: i64) -> bool {
    let (authority, certificate) = (authority.to_str().unwrap(), certificate.to_str().unwrap());
    let at = at.to_string();
    let how = ["verify", "-vfyopt", "distid:1234567812345678", "-x509_strict", "-partial_chain", "-attime", &at];
    run(&[&how[..], &["-CAfile", authority, certificate]].concat()).status.success()
}
