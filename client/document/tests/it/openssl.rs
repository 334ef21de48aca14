//! OpenSSL as a second opinion on every SM2 signature, good and bad, where the `openssl` command is present.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use huxin_document::certificate::Certificate;
use huxin_document::ofd::Ofd;
use huxin_document::seal::Seal;
use huxin_document::signed_value::SignedValue;
use huxin_document::sm2_value::Sm2Value;
use huxin_document::{Limits, Options, inspect};
use huxin_samples::{Catalogue, SIGNED_AT};

use crate::conformance::samples;
use crate::made::{DataSpec, SealSpec, Shape, SignatureSpec};
use crate::pki::{Pki, value_der};
use crate::tlv::{bits, oid, seq, utf8};

fn is_present() -> bool {
    let answer = Command::new("openssl").args(["version"]).output();
    // 1.1.1 has another command line; LibreSSL has no SM2.
    let found = answer.is_ok_and(|output| {
        let version = String::from_utf8_lossy(&output.stdout).into_owned();
        version.starts_with("OpenSSL 3") || version.starts_with("OpenSSL 4")
    });
    if !found {
        eprintln!("skipped: there is no OpenSSL 3");
    }
    found
}

/// OpenSSL's answer on a signature in DER over a message.
fn openssl(folder: &Path, certificate: &Certificate, message: &[u8], signature: &[u8]) -> bool {
    use huxin_chain_spec::crypto::sm2::point_of;
    let point = certificate.sm2_key().unwrap();
    assert_eq!(point_of(&point), Some(point));
    let key = seq(&[&seq(&[&oid("1.2.840.10045.2.1"), &oid("1.2.156.10197.1.301")]), &bits(&point)]);
    for (name, bytes) in [("key.der", &key[..]), ("message", message), ("signature", signature)] {
        std::fs::write(folder.join(name), bytes).unwrap();
    }
    let output = Command::new("openssl")
        .current_dir(folder)
        .args(["pkeyutl", "-verify", "-rawin", "-digest", "sm3", "-pkeyopt", "distid:1234567812345678"])
        .args(["-in", "message", "-sigfile", "signature", "-pubin", "-keyform", "DER", "-inkey", "key.der"])
        .output()
        .unwrap();
    let says = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(says.contains("Signature Verified Successfully") == output.status.success(), "{output:?}");
    output.status.success()
}

/// The signatures of a value: certificate, message and signature as written.
type Signed = (Vec<u8>, Vec<u8>, Vec<u8>);

fn of_seal(seal: &Seal<'_>) -> Signed {
    let (header, parts) = seal.signed_parts().unwrap();
    let read = |part: &Result<&[u8], _>| part.as_ref().map(|bytes| bytes.to_vec()).unwrap_or_default();
    (read(&seal.maker_certificate), [header, parts.concat()].concat(), read(&seal.signature))
}

fn of_value(bytes: &[u8]) -> Vec<Signed> {
    match SignedValue::read(bytes) {
        Ok(SignedValue::Seal(value)) => {
            let own = value.certificate.clone().ok().zip(value.signature.clone().ok());
            let own =
                own.map(|(certificate, signature)| (certificate.to_vec(), value.signed.to_vec(), signature.to_vec()));
            own.into_iter().chain(value.seal.as_ref().ok().map(of_seal)).collect()
        }
        Ok(SignedValue::Data(value)) => {
            let message = match &value.attributes {
                Some(attributes) => attributes.signed_parts().concat(),
                None => value.content.unwrap_or_default().to_vec(),
            };
            vec![(value.certificates[0].to_vec(), message, value.signature.to_vec())]
        }
        _ => Vec::new(),
    }
}

/// Our answer on a signature over a message.
fn verifies(certificate: &Certificate, message: &[u8], value: &Sm2Value) -> bool {
    use huxin_chain_spec::crypto::sm2::{DEFAULT_USER_ID, message_digest, verify_digest};
    let point = certificate.sm2_key().unwrap();
    let e = message_digest(&point, DEFAULT_USER_ID, &[message]).unwrap();
    verify_digest(&point, &e, &value.r_s)
}

/// Compares our answer with OpenSSL's for the signature, and for each part of it changed.
fn compare(folder: &Path, place: &str, (certificate, message, signature): &Signed) -> bool {
    let certificate = Certificate::read(certificate).unwrap();
    let ours = |message: &[u8], value: &Sm2Value| verifies(&certificate, message, value);
    let value = Sm2Value::read(signature, "signature").unwrap();
    let good = ours(message, &value);
    assert_eq!(openssl(folder, &certificate, message, &value_der(&value.r_s)), good, "{place}");
    let mut other_message = message.clone();
    other_message[message.len() / 2] ^= 1;
    assert_eq!(
        openssl(folder, &certificate, &other_message, &value_der(&value.r_s)),
        ours(&other_message, &value),
        "{place}"
    );
    for at in [31, 63] {
        let mut other = value;
        other.r_s[at] ^= 1;
        assert_eq!(openssl(folder, &certificate, message, &value_der(&other.r_s)), ours(message, &other), "{place}");
    }
    good
}

#[test]
fn openssl_agrees_on_signatures_made_here() {
    if !is_present() {
        return;
    }
    let (pki, folder) = (Pki::new(), tempfile::tempdir().unwrap());
    for shape in [Shape::V1, Shape::V4, Shape::V5] {
        for signed in of_value(&SignatureSpec::new(shape, &pki, b"xml").sign()) {
            assert!(compare(folder.path(), "made", &signed));
        }
        let mut forged = SealSpec::new(shape, &pki);
        forged.name = utf8("forged");
        forged.maker_key = pki.other.key.clone();
        assert!(!compare(folder.path(), "forged", &of_seal(&Seal::read(&forged.sign()).unwrap())));
    }
    for signed in of_value(&DataSpec::new(&pki, b"xml").sign(&pki)) {
        assert!(compare(folder.path(), "SignedData", &signed));
    }
}

#[test]
fn openssl_agrees_on_chains_made_here() {
    if !is_present() {
        return;
    }
    let (pki, folder) = (Pki::new(), tempfile::tempdir().unwrap());
    let root = Certificate::read(&pki.root.der).unwrap();
    for der in [&pki.root.der, &pki.maker.der, &pki.signer.der] {
        let fields = seq_parts(der);
        let signed = (pki.root.der.clone(), fields.0, fields.1);
        assert!(compare(folder.path(), "certificate", &signed));
        assert_eq!(Certificate::read(der).unwrap().is_signed_by(&root), Some(true));
    }
}

/// TBSCertificate and signature of a certificate made here.
fn seq_parts(der: &[u8]) -> (Vec<u8>, Vec<u8>) {
    use der::{Decode as _, Reader as _};
    let any = der::AnyRef::from_der(der).unwrap();
    let mut reader = der::SliceReader::new(any.value()).unwrap();
    let tbs = reader.tlv_bytes().unwrap().to_vec();
    let _algorithm = reader.tlv_bytes().unwrap();
    let signature: der::asn1::BitStringRef<'_> = reader.decode().unwrap();
    (tbs, signature.as_bytes().unwrap().to_vec())
}

#[test]
fn openssl_agrees_on_the_samples() {
    let Some(samples) = samples() else { return };
    if !is_present() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut verified = 0;
    for set in ["ofd", "seals"] {
        for entry in std::fs::read_dir(samples.join(set)).unwrap() {
            let path = entry.unwrap().path();
            let place = path.display().to_string();
            let bytes = std::fs::read(&path).unwrap();
            let signed: Vec<Signed> = match Seal::read_first(&bytes) {
                Ok((seal, _)) => vec![of_seal(&seal)],
                Err(_) => values_of(&bytes).iter().flat_map(|value| of_value(value)).collect(),
            };
            for signed in &signed {
                verified += usize::from(compare(folder.path(), &place, signed));
            }
            let _ = inspect(&bytes, &Options::default());
        }
    }
    assert!(verified > 0);
}

/// Every signature of the catalogue's samples, sound or not, where a key and a value can be read at all.
#[test]
fn openssl_agrees_on_the_catalogue() {
    if !is_present() {
        return;
    }
    let (catalogue, folder) = (Catalogue::new(SIGNED_AT).unwrap(), tempfile::tempdir().unwrap());
    let (mut good, mut bad, mut asked) = (0, 0, BTreeSet::new());
    for sample in catalogue.samples() {
        let bytes = catalogue.make(sample).unwrap();
        let signed: Vec<Signed> = match Seal::read_first(&bytes) {
            Ok((seal, _)) => vec![of_seal(&seal)],
            Err(_) if Ofd::open(&bytes, &Limits::default()).is_err() => continue,
            Err(_) => values_of(&bytes).iter().flat_map(|value| of_value(value)).collect(),
        };
        for (certificate, message, signature) in signed {
            // Off the curve, or too long a subject: there is nothing to compare.
            let Some(certificate) = Certificate::read(&certificate).ok().filter(|read| read.sm2_key().is_some()) else {
                continue;
            };
            let value = Sm2Value::read(&signature, "signature");
            let ours = value.as_ref().is_ok_and(|value| verifies(&certificate, &message, value));
            // What we refuse to read is put to OpenSSL as it stands.
            let der = value.map_or(signature, |value| value_der(&value.r_s));
            let theirs = openssl(folder.path(), &certificate, &message, &der);
            assert_eq!(ours, theirs, "{}", sample.file);
            let count = if ours { &mut good } else { &mut bad };
            *count += 1;
            asked.insert(sample.file);
        }
    }
    assert!(good > 150 && bad >= 8 && asked.len() > 85, "{good} good, {bad} bad, of {} samples", asked.len());
}

fn values_of(bytes: &[u8]) -> Vec<Vec<u8>> {
    let ofd = Ofd::open(bytes, &Limits::default()).unwrap();
    let integrity = ofd.integrity().and_then(|list| list.signed_value_path.clone());
    let paths = ofd.signatures().iter().filter_map(|signature| signature.signed_value_path.clone()).chain(integrity);
    paths.map(|path| ofd.read(&path, 1 << 20).unwrap()).collect()
}
