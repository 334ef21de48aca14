//! Sound files, and files with one defect each: every one gets its own answer.

use huxin_chain_spec::crypto::DigestAlgorithm;
use huxin_chain_spec::crypto::sm2::{DEFAULT_USER_ID, message_digest, verify_digest};
use huxin_document::report::{FileKind, Outcome, Report, Verdict};
use huxin_document::seal::Structure;
use huxin_document::trust::TrustListBuilder;
use huxin_document::{Options, Reason, TrustList, inspect};

use crate::made::{DataSpec, SealSpec, Shape, SignatureSpec, attribute, ofd, sealed, sealed_with};
use crate::pki::{Pki, SEAL_ID};
use crate::tlv::{bits, gt, ia5, int, octets, seq, utf8};

const SHAPES: [Shape; 3] = [Shape::V1, Shape::V4, Shape::V5];

pub fn trust_of(pki: &Pki, revoked: &[(u8, &str)]) -> TrustList {
    let mut builder = TrustListBuilder::default();
    builder.file("root.crt", &pki.root.der).unwrap();
    builder.file("root.crl", &pki.crl(revoked)).unwrap();
    builder.build()
}

pub fn judge(bytes: &[u8], trust: Option<&TrustList>) -> Report {
    inspect(bytes, &Options { trust, at: None })
}

fn codes(report: &Report) -> Vec<&'static str> {
    report.reasons.iter().map(|reason| reason.code()).collect()
}

pub fn outcome(report: &Report, check: &str) -> Outcome {
    report.signatures[0].checks.get(check).unwrap_or_else(|| panic!("no check {check}")).result
}

#[test]
fn sound_seal_signatures_of_all_versions_are_valid() {
    let pki = Pki::new();
    let trust = trust_of(&pki, &[]);
    for shape in SHAPES {
        let report = judge(&sealed(shape, &pki), Some(&trust));
        let signature = &report.signatures[0];
        let failed: Vec<_> = signature.checks.0.iter().filter(|check| check.result != Outcome::Pass).collect();
        assert_eq!((report.verdict, report.cryptography), (Verdict::Valid, Verdict::Valid), "{shape:?} {failed:?}");
        assert_eq!((codes(&report), signature.warnings.len()), (vec![], 0), "{shape:?} {:?}", signature.warnings);
        let expected = match shape {
            Shape::V1 => Structure::V1,
            Shape::V4 => Structure::V4,
            Shape::V5 => Structure::V5,
        };
        assert_eq!(signature.structure, Some(expected));
        assert_eq!(signature.sign_time.unwrap().to_string(), "2026-06-01T08:00:00Z");
        let seal = signature.seal.as_ref().unwrap();
        assert_eq!((seal.id.as_str(), seal.name.as_str(), seal.structure), (SEAL_ID, "测试专用章", expected));
        assert_eq!((seal.picture.width_mm, seal.picture.height_mm), (40, 41));
    }
}

#[test]
fn the_numbers_for_the_ledger_verify_without_the_file() {
    let pki = Pki::new();
    let report = judge(&sealed(Shape::V4, &pki), None);
    let signature = &report.signatures[0];
    let (facts, seal) = (signature.signature.as_ref().unwrap(), signature.seal.as_ref().unwrap());
    assert_eq!(facts.point, pki.signer.key.point());
    assert!(verify_digest(&facts.point, &facts.e, &facts.r_s));
    let of_maker = seal.signature.as_ref().unwrap();
    assert!(verify_digest(&of_maker.point, &of_maker.e, &of_maker.r_s));
    assert_eq!(of_maker.point, pki.maker.key.point());
    assert_eq!(seal.maker.as_ref().unwrap().sm3, DigestAlgorithm::Sm3.plain(&[&pki.maker.der]));
    assert_eq!(seal.signers_sm3, [DigestAlgorithm::Sm3.plain(&[&pki.signer.der])]);
    assert_eq!(signature.signer.as_ref().unwrap().sm3, seal.signers_sm3[0]);
    assert_eq!((seal.signers.len(), seal.signers[0].point), (1, Some(pki.signer.key.point())));
}

#[test]
fn without_a_trust_list_the_verdict_is_unknown() {
    let pki = Pki::new();
    let report = judge(&sealed(Shape::V4, &pki), None);
    assert_eq!((report.cryptography, report.verdict), (Verdict::Valid, Verdict::Unknown));
    for check in ["signer_chain", "signer_revocation", "maker_chain", "maker_revocation"] {
        let found = report.signatures[0].checks.get(check).unwrap();
        assert_eq!((found.result, found.code), (Outcome::Unknown, Some(Reason::TrustListAbsent)));
    }
}

/// The file with this change has exactly this reason and this failed check.
fn one_defect(check: &str, reason: Reason, change: impl Fn(&mut SignatureSpec, &[u8], &Pki)) {
    let pki = Pki::new();
    let trust = trust_of(&pki, &[]);
    for shape in SHAPES {
        let report = judge(&sealed_with(shape, &pki, |spec, xml| change(spec, xml, &pki)), Some(&trust));
        assert_eq!(codes(&report), [reason.code()], "{shape:?}");
        assert_eq!((report.verdict, outcome(&report, check)), (Verdict::Invalid, Outcome::Fail), "{shape:?}");
    }
}

#[test]
fn a_signature_by_another_key_is_a_wrong_value() {
    one_defect("signature_value", Reason::SignatureValue, |spec, _, pki| spec.key = pki.other.key.clone());
}

#[test]
fn another_digest_is_a_changed_signature_xml() {
    one_defect("signature_xml_digest", Reason::SignatureXmlDigest, |spec, _, _| spec.data_hash = bits(&[7; 32]));
    one_defect("signature_xml_digest", Reason::SignatureXmlDigest, |spec, _, _| spec.data_hash = bits(&[]));
}

#[test]
fn a_digest_with_z_is_refused_and_named() {
    one_defect("signature_xml_digest", Reason::SignatureXmlDigest, |spec, xml, pki| {
        let digest = message_digest(&pki.signer.key.point(), DEFAULT_USER_ID, &[xml]).unwrap();
        spec.data_hash = bits(digest.as_bytes());
    });
    let pki = Pki::new();
    let report = judge(
        &sealed_with(Shape::V4, &pki, |spec, xml| {
            let digest = message_digest(&pki.signer.key.point(), DEFAULT_USER_ID, &[xml]).unwrap();
            spec.data_hash = bits(digest.as_bytes());
        }),
        None,
    );
    let warning = &report.signatures[0].warnings[0];
    assert_eq!(warning.code, Reason::NonstandardEncoding);
    assert!(warning.detail.contains("Z ||"), "{}", warning.detail);
}

#[test]
fn a_signer_that_the_seal_does_not_list() {
    one_defect("certificate_list", Reason::SignerNotInSealCertList, |spec, _, pki| {
        spec.key = pki.other.key.clone();
        spec.certificate = octets(&pki.other.der);
    });
}

fn with_seal(spec: &mut SignatureSpec, pki: &Pki, change: impl Fn(&mut SealSpec)) {
    let mut seal = SealSpec::new(spec.shape, pki);
    change(&mut seal);
    spec.seal = seal.sign();
}

#[test]
fn a_forged_seal_has_a_wrong_maker_signature() {
    one_defect("seal_signature", Reason::SealSignature, |spec, _, pki| {
        with_seal(spec, pki, |seal| seal.maker_key = pki.other.key.clone());
    });
}

#[test]
fn a_seal_that_was_not_valid_when_used() {
    one_defect("seal_window", Reason::SealNotValidAtSignTime, |spec, _, pki| {
        with_seal(spec, pki, |seal| seal.times[2] = gt("20260301000000Z"));
    });
    one_defect("seal_window", Reason::SealNotValidAtSignTime, |spec, _, pki| {
        with_seal(spec, pki, |seal| seal.times[1] = gt("20260701000000Z"));
    });
}

#[test]
fn a_certificate_that_was_not_valid_when_used() {
    one_defect("signer_window", Reason::CertNotValidAtSignTime, |spec, _, pki| {
        with_seal(spec, pki, |seal| seal.times[2] = gt("20400101000000Z"));
        spec.time = gt("20360601080000Z");
        if spec.shape == Shape::V1 {
            spec.time = bits(&gt("20360601080000Z"));
        }
    });
}

/// Tax offices made their seals days before their own certificates began. That is said, and breaks no signature.
#[test]
fn a_maker_whose_certificate_began_after_create_date_is_named() {
    let pki = Pki::new();
    let bytes = sealed_with(Shape::V4, &pki, |spec, _| {
        with_seal(spec, &pki, |seal| seal.times[0] = gt("20240101000000Z"));
    });
    let report = judge(&bytes, Some(&trust_of(&pki, &[])));
    assert_eq!(report.verdict, Verdict::Valid, "{:#?}", report.signatures[0].checks);
    assert!(report.signatures[0].warnings.iter().any(|warning| warning.code == Reason::MakerCertNotValidAtCreate));
}

/// A seal that was made after it signed: one of its two times is not true. A day is let be for clocks and zones.
#[test]
fn a_seal_that_was_made_after_it_signed_is_reported() {
    let pki = Pki::new();
    for (created, verdict) in [("20260602070000Z", Verdict::Valid), ("20260901000000Z", Verdict::Unknown)] {
        let bytes = sealed_with(Shape::V4, &pki, |spec, _| {
            with_seal(spec, &pki, |seal| seal.times[0] = gt(created));
        });
        let report = judge(&bytes, Some(&trust_of(&pki, &[])));
        assert_eq!((report.cryptography, report.verdict), (Verdict::Valid, verdict), "{created}");
        let warned = report.signatures[0].warnings.iter().map(|warning| warning.code).chain(report.reasons);
        assert!(warned.into_iter().any(|code| code == Reason::SealCreatedAfterSigning), "{created}");
    }
}

/// Whatever cannot be read of a signature, the rest of it is shown.
#[test]
fn what_could_be_read_is_shown_whatever_else_failed() {
    let pki = Pki::new();
    type Change = fn(&mut SignatureSpec, &Pki);
    let changes: [(&str, Change); 5] = [
        ("time", |spec, _| spec.time = gt("20261301000000Z")),
        ("digest", |spec, _| spec.data_hash = int(&[1])),
        ("certificate", |spec, _| spec.certificate = octets(b"none")),
        ("value", |spec, _| spec.hold = |_| bits(&[0x30, 2, 5, 0])),
        ("seal", |spec, _| spec.seal = seq(&[&int(&[1])])),
    ];
    for (what, change) in changes {
        let bytes = sealed_with(Shape::V4, &pki, |spec, _| change(spec, &pki));
        let report = judge(&bytes, Some(&trust_of(&pki, &[])));
        let signature = &report.signatures[0];
        // Bytes that are no certificate are not one that the seal lists.
        let expected = if what == "certificate" { Verdict::Invalid } else { Verdict::Unknown };
        assert_eq!((report.cryptography, report.reasons[0]), (expected, Reason::Format), "{what}");
        assert!(signature.sign_time.is_some(), "{what}");
        assert_eq!(signature.signer.is_some(), what != "certificate", "{what}");
        assert_eq!(signature.seal.is_some(), what != "seal", "{what}");
    }
}

#[test]
fn a_seal_file_that_is_another_seal() {
    let pki = Pki::new();
    let bytes = ofd("Seal", "2026-06-01 16:00:00", |xml| {
        let spec = SignatureSpec::new(Shape::V4, &pki, xml);
        let mut other = SealSpec::new(Shape::V4, &pki);
        other.name = utf8("另一枚印章");
        (spec.sign(), Some(other.sign()))
    });
    let report = judge(&bytes, Some(&trust_of(&pki, &[])));
    assert_eq!(codes(&report), ["SEAL_FILE_MISMATCH"]);
    let bytes = ofd("Seal", "2026-06-01 16:00:00", |xml| {
        let spec = SignatureSpec::new(Shape::V4, &pki, xml);
        let file = [&spec.seal[..], &[0]].concat();
        (spec.sign(), Some(file))
    });
    assert_eq!(codes(&judge(&bytes, None)), ["SEAL_FILE_MISMATCH"], "one byte longer");
}

#[test]
fn a_missing_or_broken_value_is_said_so() {
    let pki = Pki::new();
    let trailing = ofd("Seal", "2026-06-01 16:00:00", |xml| {
        let spec = SignatureSpec::new(Shape::V4, &pki, xml);
        ([&spec.sign()[..], &[0]].concat(), Some(spec.seal))
    });
    assert_eq!(codes(&judge(&trailing, None)), ["TRAILING_BYTES"]);
    let cut = ofd("Seal", "2026-06-01 16:00:00", |xml| {
        let spec = SignatureSpec::new(Shape::V4, &pki, xml);
        let value = spec.sign();
        (value[..value.len() - 1].to_vec(), Some(spec.seal))
    });
    let report = judge(&cut, None);
    assert_eq!((codes(&report), report.verdict), (vec!["FORMAT"], Verdict::Invalid));
}

#[test]
fn signed_data_with_and_without_attributes_is_valid() {
    let pki = Pki::new();
    let trust = trust_of(&pki, &[]);
    let digest_of = |xml: &[u8]| DigestAlgorithm::Sm3.plain(&[xml]);
    type Change = Box<dyn Fn(&mut DataSpec, &[u8])>;
    let changes: Vec<(&str, Change)> = vec![
        ("eContent", Box::new(|_, _| {})),
        (
            "signedAttributes",
            Box::new(move |spec, xml| {
                let digest = octets(digest_of(xml).as_bytes());
                spec.attributes = Some(vec![attribute("1.2.840.113549.1.9.4", &digest)]);
                spec.content = None;
            }),
        ),
        (
            "signedAttributes",
            Box::new(move |spec, xml| {
                let twice = DigestAlgorithm::Sm3.plain(&[digest_of(xml).as_bytes()]);
                let time = attribute("1.2.840.113549.1.9.5", &crate::tlv::utc("260601080000Z"));
                spec.attributes = Some(vec![attribute("1.2.840.113549.1.9.4", &octets(twice.as_bytes())), time]);
                spec.content_type = "1.2.840.113549.1.7.2";
            }),
        ),
        (
            "Signature.xml",
            Box::new(|spec, xml| {
                spec.content = None;
                spec.message = xml.to_vec();
            }),
        ),
        ("SM3(Signature.xml)", Box::new(|spec, _| spec.content = None)),
    ];
    for (over, change) in changes {
        let bytes = ofd("Sign", "20260601160000", |xml| {
            let mut spec = DataSpec::new(&pki, xml);
            change(&mut spec, xml);
            (spec.sign(&pki), None)
        });
        let report = judge(&bytes, Some(&trust));
        let signature = &report.signatures[0];
        assert_eq!((report.verdict, signature.signed_over), (Verdict::Valid, Some(over)), "{:#?}", signature.checks);
        assert_eq!(signature.structure, Some(Structure::Gbt35275));
        assert_eq!(signature.sign_time.unwrap().to_string(), "2026-06-01T08:00:00Z", "{over}");
    }
}

#[test]
fn signed_data_over_something_else_is_refused() {
    let pki = Pki::new();
    let judge_data = |change: &dyn Fn(&mut DataSpec)| {
        let bytes = ofd("Sign", "20260601160000", |xml| {
            let mut spec = DataSpec::new(&pki, xml);
            change(&mut spec);
            (spec.sign(&pki), None)
        });
        judge(&bytes, Some(&trust_of(&pki, &[])))
    };
    let other = judge_data(&|spec| (spec.content, spec.message) = (Some(vec![1; 32]), vec![1; 32]));
    assert_eq!(codes(&other), ["SIGNATURE_XML_DIGEST"]);
    let unbound = judge_data(&|spec| spec.attributes = Some(vec![]));
    assert_eq!(codes(&unbound), ["SIGNATURE_XML_DIGEST"], "attributes that name no digest bind nothing");
    let message = judge_data(&|spec| spec.message = b"another".to_vec());
    assert_eq!(codes(&message), ["SIGNATURE_VALUE"]);
    let detached = judge_data(&|spec| (spec.content, spec.message) = (None, b"another".to_vec()));
    assert_eq!(codes(&detached), ["SIGNATURE_VALUE"]);
    let without = judge_data(&|spec| spec.certificates = vec![]);
    assert_eq!((codes(&without), without.cryptography), (vec!["CERT_NOT_EMBEDDED"], Verdict::Unknown));
    let foreign = judge_data(&|spec| spec.certificates = vec![Pki::new().other.der]);
    assert_eq!((codes(&foreign), foreign.cryptography), (vec!["CERT_NOT_EMBEDDED"], Verdict::Unknown));
}

#[test]
fn attributes_cannot_pass_for_content() {
    // The signature over attributes is also a signature over content that is their SET: the content must be the digest.
    let pki = Pki::new();
    let bytes = ofd("Sign", "20260601160000", |xml| {
        let digest = octets(DigestAlgorithm::Sm3.plain(&[xml]).as_bytes());
        let attributes = crate::tlv::set(&[&attribute("1.2.840.113549.1.9.4", &digest)]);
        let mut spec = DataSpec::new(&pki, xml);
        spec.content = Some(attributes.clone());
        spec.message = attributes;
        (spec.sign(&pki), None)
    });
    let report = judge(&bytes, None);
    assert_eq!(outcome(&report, "signature_value"), Outcome::Pass);
    assert_eq!(codes(&report), ["SIGNATURE_XML_DIGEST"]);
}

#[test]
fn a_bare_value_needs_its_certificate_from_elsewhere() {
    let pki = Pki::new();
    for raw in [false, true] {
        let bytes = ofd("Sign", "2026-06-01 16:00:00", |xml| {
            let value = if raw { pki.signer.key.sign(xml).to_vec() } else { pki.signer.key.sign_der(xml) };
            (value, None)
        });
        let report = judge(&bytes, Some(&trust_of(&pki, &[])));
        assert_eq!(report.signatures[0].structure, Some(Structure::Bare));
        assert_eq!((report.cryptography, report.verdict), (Verdict::Unknown, Verdict::Unknown));
        assert_eq!(codes(&report), ["CERT_NOT_EMBEDDED"]);
    }
}

#[test]
fn time_stamps_are_reported_and_not_checked() {
    let pki = Pki::new();
    let trust = trust_of(&pki, &[]);
    let stamp = || Some(crate::tlv::context(0, &[&bits(b"stamp")]));
    let bytes = sealed_with(Shape::V5, &pki, |spec, _| {
        with_seal(spec, &pki, |seal| seal.stamp = stamp());
        spec.stamp = stamp();
    });
    let report = judge(&bytes, Some(&trust));
    assert_eq!(report.verdict, Verdict::Valid, "a stamp that is not checked neither helps nor harms");
    assert_eq!(outcome(&report, "timestamp"), Outcome::Unknown);
    assert!(report.signatures[0].has_timestamp);
}

#[test]
fn a_seal_alone_is_judged() {
    let pki = Pki::new();
    let trust = trust_of(&pki, &[]);
    for shape in SHAPES {
        let seal = SealSpec::new(shape, &pki).sign();
        let report = judge(&seal, Some(&trust));
        assert_eq!((report.kind, report.verdict, codes(&report)), (FileKind::Seal, Verdict::Valid, vec![]));
        assert_eq!(report.seal, report.signatures[0].seal);
        let trailing = judge(&[&seal[..], &[0]].concat(), Some(&trust));
        assert_eq!((trailing.verdict, codes(&trailing)), (Verdict::Invalid, vec!["TRAILING_BYTES"]));
        assert_eq!(trailing.seal.unwrap().signature_valid, Some(true), "what is there is still told");
    }
}

#[test]
fn a_time_may_be_asked() {
    let pki = Pki::new();
    let trust = trust_of(&pki, &[]);
    let ask = |bytes: &[u8], at: &str| inspect(bytes, &Options { trust: Some(&trust), at: Some(at.parse().unwrap()) });
    let seal = SealSpec::new(Shape::V4, &pki).sign();
    assert_eq!(ask(&seal, "2027-01-01").verdict, Verdict::Valid);
    assert_eq!(codes(&ask(&seal, "2032-01-01")), ["SEAL_NOT_VALID_AT_ASKED_TIME"]);
    let document = sealed(Shape::V4, &pki);
    assert_eq!(ask(&document, "2027-01-01").verdict, Verdict::Valid);
    let late = ask(&document, "2032-01-01");
    assert_eq!((late.cryptography, codes(&late)), (Verdict::Valid, vec!["SEAL_NOT_VALID_AT_ASKED_TIME"]));
    let later = ask(&document, "2036-01-01");
    assert_eq!(codes(&later), ["SEAL_NOT_VALID_AT_ASKED_TIME", "CERT_NOT_VALID_AT_ASKED_TIME"]);
}

#[test]
fn a_signature_value_alone_is_judged_as_far_as_it_goes() {
    let pki = Pki::new();
    let value = SignatureSpec::new(Shape::V4, &pki, b"xml").sign();
    let report = judge(&value, Some(&trust_of(&pki, &[])));
    assert_eq!((report.kind, report.cryptography), (FileKind::Signature, Verdict::Valid));
    assert_eq!(outcome(&report, "signature_xml_digest"), Outcome::Unknown);
    assert_eq!(report.verdict, Verdict::Unknown);
}

#[test]
fn other_files_have_digests_only() {
    let pki = Pki::new();
    for (bytes, kind) in [
        (&b""[..], FileKind::Other),
        (b"0123456789", FileKind::Other),
        (b"Many words", FileKind::Other),
        (&pki.root.der, FileKind::Other),
        (&pki.crl(&[]), FileKind::Other),
    ] {
        let report = judge(bytes, None);
        assert_eq!((report.kind, report.verdict), (kind, Verdict::Unknown));
        assert_eq!(codes(&report), ["NOT_EXAMINED"]);
        assert_eq!(report.file.sm3, DigestAlgorithm::Sm3.plain(&[bytes]));
    }
}

/// Offsets of a file that begins with something else have two meanings.
#[test]
fn a_pdf_file_that_cannot_be_read_is_unknown() {
    for bytes in [&b"%PDF-1.7\n"[..], b"junk before %PDF-1.4"] {
        let report = judge(bytes, None);
        assert_eq!(
            (report.kind, report.verdict, codes(&report)),
            (FileKind::Pdf, Verdict::Unknown, vec!["PDF_STRUCTURE"])
        );
        assert_eq!(report.file.sm3, DigestAlgorithm::Sm3.plain(&[bytes]));
    }
}

#[test]
fn an_unsigned_document_is_unsigned() {
    let report = judge(&crate::made::unsigned(), None);
    assert_eq!(
        (report.kind, report.verdict, report.cryptography),
        (FileKind::Ofd, Verdict::Unsigned, Verdict::Unsigned)
    );
    let broken = judge(b"PK\x03\x04rubbish", None);
    assert_eq!((broken.kind, codes(&broken)), (FileKind::Other, vec!["NOT_EXAMINED"]), "it never claimed to be an OFD");
    let document = crate::made::unsigned();
    let broken = judge(&document[..document.len() / 2], None);
    assert_eq!((broken.verdict, codes(&broken)), (Verdict::Invalid, vec!["ZIP_MALFORMED"]));
    assert_eq!(broken.cryptography, Verdict::Unknown, "no signature was judged");
}

#[test]
fn number_and_owner_are_compared_with_the_subject() {
    let pki = Pki::new();
    let warned = |change: &dyn Fn(&mut SealSpec)| {
        let mut seal = SealSpec::new(Shape::V4, &pki);
        change(&mut seal);
        let report = judge(&seal.sign(), Some(&trust_of(&pki, &[])));
        assert_eq!(report.verdict, Verdict::Valid, "a warning changes no verdict");
        report.signatures[0].warnings.iter().any(|warning| warning.code == Reason::SealSubjectMismatch)
    };
    assert!(!warned(&|_| {}));
    assert!(warned(&|seal| seal.id = ia5("31000000000002")));
    assert!(!warned(&|seal| seal.id = ia5("any other numbering")));
    let owner = |text: &str| Some(seq(&[&seq(&[&crate::tlv::oid("1.2.156.112600.7.1.1"), &octets(&utf8(text))])]));
    assert!(warned(&|seal| seal.extensions = owner("11100000000013338W测试单位")));
}

#[test]
fn the_owner_is_read_from_the_seal() {
    let pki = Pki::new();
    let id = crate::tlv::oid("1.2.156.112600.7.1.1");
    for value in [
        utf8("11100000000013338W测试单位"),
        seq(&[&utf8("11100000000013338W"), &utf8("测试单位")]),
        seq(&[&utf8("测试单位"), &crate::tlv::printable("11100000000013338W")]),
        "11100000000013338W|测试单位".as_bytes().to_vec(),
    ] {
        let mut seal = SealSpec::new(Shape::V4, &pki);
        seal.extensions = Some(seq(&[&seq(&[&id, &octets(&value)])]));
        let owner = judge(&seal.sign(), None).seal.unwrap().owner.unwrap();
        assert_eq!((owner.uscc.as_deref(), owner.name.as_deref()), (Some("11100000000013338W"), Some("测试单位")));
    }
}

#[test]
fn the_json_has_the_shape_of_the_interface() {
    let pki = Pki::new();
    let json = serde_json::to_value(judge(&sealed(Shape::V4, &pki), None)).unwrap();
    for field in ["size", "sha256", "sm3"] {
        assert!(!json["file"][field].is_null());
    }
    assert_eq!((&json["verdict"], &json["cryptography"]), (&"unknown".into(), &"valid".into()));
    let signature = &json["signatures"][0];
    assert_eq!(
        (&signature["id"], &signature["type"], &signature["structure"]),
        (&"1".into(), &"Seal".into(), &"v4".into())
    );
    assert_eq!(signature["seal"]["valid_from"], "2026-01-01T00:00:00Z");
    assert_eq!(signature["seal"]["signature_valid"], true);
    for field in ["subject", "issuer", "serial", "not_before", "not_after"] {
        assert!(signature["signer"][field].is_string(), "{field}");
    }
    assert_eq!(signature["sign_time"], "2026-06-01T08:00:00Z");
    for check in signature["checks"].as_array().unwrap() {
        assert!(check["name"].is_string() && ["pass", "fail", "unknown"].contains(&check["result"].as_str().unwrap()));
        assert_eq!(check["code"].is_null(), check["result"] == "pass");
    }
}
