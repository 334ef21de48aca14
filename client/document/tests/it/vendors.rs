//! Files as other makers of the field write them: each told for what it is, whatever the maker.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use huxin_chain_spec::crypto::DigestAlgorithm;
use huxin_document::Reason;
use huxin_document::report::{FileKind, Report, Verdict};
use sha1::Digest as _;

use crate::judged::{judge, trust_of};
use crate::made::{DataSpec, SEAL_FILE, SealSpec, Shape, SignatureSpec, ofd, ofd_with, sealed, sealed_with, zip};
use crate::pki::Pki;
use crate::tlv::{bits, ia5, int, octets, oid, seq, utf8};

const RSA_WITH_SHA256: &str = "1.2.840.113549.1.1.11";

fn codes(report: &Report) -> Vec<&'static str> {
    report.reasons.iter().map(|reason| reason.code()).collect()
}

fn warnings(report: &Report) -> Vec<Reason> {
    report.signatures.iter().flat_map(|signature| &signature.warnings).map(|warning| warning.code).collect()
}

/// A signature value that lies alone in a file is read as one, whole or damaged.
#[test]
fn a_signature_value_alone_is_told_from_a_seal() {
    let pki = Pki::new();
    let xml = b"<Signature/>";
    let sealed = SignatureSpec::new(Shape::V4, &pki, xml).sign();
    let bare = pki.signer.key.sign_der(xml);
    let cut = sealed[..sealed.len() - 1].to_vec();
    let data = judge(&DataSpec::new(&pki, xml).sign(&pki), Some(&trust_of(&pki, &[])));
    assert_eq!((data.kind, codes(&data)), (FileKind::Signature, vec!["ENTRY_MISSING", "SIGN_TIME_ABSENT"]));
    let rows = [
        ("seal signature", sealed.clone(), FileKind::Signature, Verdict::Unknown, "ENTRY_MISSING"),
        ("base64", STANDARD.encode(&sealed).into_bytes(), FileKind::Signature, Verdict::Unknown, "ENTRY_MISSING"),
        ("bare", bare, FileKind::Signature, Verdict::Unknown, "CERT_NOT_EMBEDDED"),
        ("trailing", [&sealed[..], &[0]].concat(), FileKind::Signature, Verdict::Invalid, "TRAILING_BYTES"),
        ("cut", cut, FileKind::Signature, Verdict::Invalid, "FORMAT"),
        ("cut seal", SealSpec::new(Shape::V4, &pki).sign()[..300].to_vec(), FileKind::Seal, Verdict::Invalid, "FORMAT"),
        ("certificate", pki.signer.der.clone(), FileKind::Other, Verdict::Unknown, "NOT_EXAMINED"),
        ("text", b"0 is a digit, and so is 30".to_vec(), FileKind::Other, Verdict::Unknown, "NOT_EXAMINED"),
    ];
    for (name, bytes, kind, verdict, code) in rows {
        let report = judge(&bytes, Some(&trust_of(&pki, &[])));
        assert_eq!((report.kind, report.verdict, codes(&report)), (kind, verdict, vec![code]), "{name}");
    }
}

/// Signatures of the RSA era hash with SHA-1 or SHA-256: not verified, and not called altered. What was altered is.
#[test]
fn digests_of_the_rsa_era_are_told_from_altered_files() {
    let pki = Pki::new();
    let rsa = |data_hash: fn(&[u8]) -> Vec<u8>| {
        let document = sealed_with(Shape::V4, &pki, |spec, xml| {
            spec.algorithm = oid(RSA_WITH_SHA256);
            spec.data_hash = bits(&data_hash(xml));
        });
        let report = judge(&document, Some(&trust_of(&pki, &[])));
        (report.cryptography, codes(&report))
    };
    let legacy = (Verdict::Unknown, vec!["LEGACY_ALGORITHM"]);
    assert_eq!(rsa(|xml| DigestAlgorithm::Sha256.plain(&[xml]).as_bytes().to_vec()), legacy);
    assert_eq!(rsa(|xml| sha1::Sha1::digest(xml).to_vec()), legacy);
    let altered = rsa(|_| DigestAlgorithm::Sha256.plain(&[b"other"]).as_bytes().to_vec());
    assert_eq!(altered, (Verdict::Invalid, vec!["SIGNATURE_XML_DIGEST"]));
    let sm2 = sealed_with(Shape::V4, &pki, |spec, xml| {
        spec.data_hash = bits(DigestAlgorithm::Sha256.plain(&[xml]).as_bytes());
    });
    let report = judge(&sm2, Some(&trust_of(&pki, &[])));
    assert_eq!(codes(&report), ["SIGNATURE_XML_DIGEST"], "SM2 goes with SM3");
}

/// A seal file beside a SignedData is the seal that its signer used: judged as one that is inside.
#[test]
fn a_seal_beside_signed_data_is_judged() {
    let pki = Pki::new();
    let beside = |change: fn(&mut SealSpec, &Pki), spoil: fn(&mut Vec<u8>)| {
        let mut spec = SealSpec::new(Shape::V4, &pki);
        change(&mut spec, &pki);
        let mut seal = spec.sign();
        spoil(&mut seal);
        let value = |xml: &[u8]| (DataSpec::new(&pki, xml).sign(&pki), None);
        let document = ofd_with("Seal", "2026-06-01 16:00:00", &[(SEAL_FILE, &seal)], value);
        judge(&document, Some(&trust_of(&pki, &[])))
    };
    let keep = |_: &mut Vec<u8>| {};
    let open = ofd("Seal", "2026-06-01 16:00:00", |xml| {
        (DataSpec::new(&pki, xml).sign(&pki), Some(SealSpec::new(Shape::V4, &pki).sign()))
    });
    let open = judge(&open, Some(&trust_of(&pki, &[])));
    assert_eq!((open.cryptography, codes(&open)), (Verdict::Valid, vec!["UNPROTECTED_CONTENT"]), "nothing binds it");
    let honest = beside(|_, _| {}, keep);
    assert_eq!((honest.verdict, codes(&honest)), (Verdict::Valid, vec![]), "{:#?}", honest.signatures[0].checks);
    assert_eq!(honest.signatures[0].seal.as_ref().unwrap().name, "测试专用章");
    type Row = (&'static str, fn(&mut SealSpec, &Pki), fn(&mut Vec<u8>), &'static str);
    let rows: [Row; 4] = [
        (
            "not of this signer",
            |spec, pki| spec.list = seq(&[&octets(&pki.maker.der)]),
            keep,
            "SIGNER_NOT_IN_SEAL_CERT_LIST",
        ),
        ("ended", |spec, _| spec.times[2] = crate::tlv::gt("20260301000000Z"), keep, "SEAL_NOT_VALID_AT_SIGN_TIME"),
        (
            "forged",
            |_, _| {},
            |seal| {
                let at = seal.windows(4).position(|window| window == b"TEST").unwrap();
                seal[at] = b'F';
            },
            "SEAL_SIGNATURE",
        ),
        ("trailing", |_, _| {}, |seal| seal.push(0), "TRAILING_BYTES"),
    ];
    for (name, change, spoil, code) in rows {
        let report = beside(change, spoil);
        assert_eq!((report.cryptography, codes(&report)), (Verdict::Invalid, vec![code]), "{name}");
    }
}

/// What cannot be read as a seal is unknown: another reader may know it.
#[test]
fn a_seal_file_of_another_kind_is_unknown() {
    let pki = Pki::new();
    let value = |xml: &[u8]| (DataSpec::new(&pki, xml).sign(&pki), None);
    let document = ofd_with("Seal", "2026-06-01 16:00:00", &[(SEAL_FILE, b"nothing")], value);
    let report = judge(&document, Some(&trust_of(&pki, &[])));
    assert_eq!((report.cryptography, codes(&report)), (Verdict::Unknown, vec!["FORMAT"]));
}

/// Bytes behind the package are under no signature: the signatures hold, and the file is never called valid. Line ends of a transport are
/// let be.
#[test]
fn bytes_behind_the_package_leave_the_verdict_open() {
    let pki = Pki::new();
    let (document, trust) = (sealed(Shape::V4, &pki), trust_of(&pki, &[]));
    for (behind, code) in [
        (vec![0; 1024], None),
        (b"\r\n".to_vec(), None),
        (vec![0; 1025], Some("BYTES_AROUND_PACKAGE")),
        (b"x".to_vec(), Some("BYTES_AROUND_PACKAGE")),
        (vec![0x41; 60_000], Some("BYTES_AROUND_PACKAGE")),
    ] {
        let report = judge(&[&document[..], &behind].concat(), Some(&trust));
        let expected = if code.is_some() { Verdict::Unknown } else { Verdict::Valid };
        assert_eq!(report.cryptography, Verdict::Valid);
        assert_eq!((report.verdict, codes(&report)), (expected, code.into_iter().collect()), "{} bytes", behind.len());
    }
}

/// Agency seals repeat their number in the certificate of who uses them, which may be another than the first listed.
#[test]
fn the_seals_number_is_compared_with_who_used_it() {
    let pki = Pki::new();
    let of_digest = seq(&[&seq(&[&ia5("SM3"), &octets(DigestAlgorithm::Sm3.plain(&[&pki.signer.der]).as_bytes())])]);
    for (list, kind) in [(seq(&[&octets(&pki.signer.der)]), 1), (of_digest, 2)] {
        let report = judge(
            &sealed_with(Shape::V4, &pki, |spec, _| {
                let mut seal = SealSpec::new(Shape::V4, &pki);
                (seal.id, seal.list, seal.list_type) = (ia5("31000000000009"), list.clone(), Some(kind));
                spec.seal = seal.sign();
            }),
            Some(&trust_of(&pki, &[])),
        );
        assert!(warnings(&report).contains(&Reason::SealSubjectMismatch), "list of kind {kind}");
        assert_eq!(report.verdict, Verdict::Valid);
    }
}

/// What says nothing about who signed what does not hide the rest of a seal.
#[test]
fn odd_pictures_cost_a_warning_only() {
    let pki = Pki::new();
    for picture in [
        seq(&[&ia5("PNG"), &octets(&[1]), &int(&[1, 0, 0]), &int(&[40])]),
        seq(&[&ia5("PNG\0"), &octets(&[1]), &int(&[40]), &int(&[40])]),
        seq(&[&utf8("一种图片"), &octets(&[1]), &int(&[40]), &int(&[40])]),
    ] {
        let mut spec = SealSpec::new(Shape::V4, &pki);
        spec.picture = picture;
        let report = judge(&spec.sign(), Some(&trust_of(&pki, &[])));
        assert_eq!(report.verdict, Verdict::Valid);
        assert!(warnings(&report).contains(&Reason::NonstandardEncoding));
    }
}

/// Old software writes names in GBK.
#[test]
fn names_in_gbk_are_read() {
    let pki = Pki::new();
    let mut spec = SealSpec::new(Shape::V4, &pki);
    let (gbk, _, _) = encoding_rs::GBK.encode("测试专用章");
    spec.name = crate::tlv::tlv(0x0c, &[&gbk]);
    let report = judge(&spec.sign(), Some(&trust_of(&pki, &[])));
    assert_eq!(report.seal.as_ref().unwrap().name, "测试专用章");
    assert!(warnings(&report).contains(&Reason::NonstandardEncoding));
    // A package whose names are in GBK, as a packer without UTF-8 writes it: same length, the flag not set.
    let placeholder = "Doc_0/Attachs/PQRSTUVW.txt";
    let (name, _, _) = encoding_rs::GBK.encode("附件说明");
    let mut bytes = zip(&[("OFD.xml".to_owned(), b"<OFD/>".to_vec()), (placeholder.to_owned(), b"text".to_vec())]);
    while let Some(at) = bytes.windows(8).position(|window| window == b"PQRSTUVW") {
        bytes[at..at + 8].copy_from_slice(&name);
    }
    let package = huxin_document::package::Package::open(&bytes, &huxin_document::limits::Limits::default()).unwrap();
    assert!(package.find("Doc_0/Attachs/附件说明.txt").is_some(), "{:?}", package.names().collect::<Vec<_>>());
}
