//! What real software writes differently without changing the meaning: accepted, and reported.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use huxin_chain_spec::crypto::DigestAlgorithm;
use huxin_chain_spec::crypto::sm2::{DEFAULT_USER_ID, message_digest};
use huxin_document::Reason;
use huxin_document::report::{Report, Verdict};
use huxin_document::sm2_value::ValueForm;

use crate::judged::{judge, trust_of};
use crate::made::{SealSpec, Shape, SignatureSpec, sealed_with};
use crate::pki::Pki;
use crate::tlv::{FALSE, bits, context, gt, ia5, octets, oid, printable, seq, set, tlv, utc, utf8};

fn is_warned(report: &Report) -> bool {
    let warnings = &report.signatures[0].warnings;
    warnings.iter().any(|warning| warning.code == Reason::NonstandardEncoding)
}

fn seal(shape: Shape, change: impl FnOnce(&mut SealSpec, &Pki)) -> Report {
    let pki = Pki::new();
    let mut spec = SealSpec::new(shape, &pki);
    change(&mut spec, &pki);
    judge(&spec.sign(), Some(&trust_of(&pki, &[])))
}

fn accepted(what: &str, report: &Report) {
    assert_eq!(
        (report.verdict, is_warned(report)),
        (Verdict::Valid, true),
        "{what}: {:#?}",
        report.signatures[0].checks
    );
}

#[test]
fn odd_seals_are_accepted_with_a_warning() {
    accepted("SET OF", &seal(Shape::V4, |spec, pki| spec.list = set(&[&octets(&pki.signer.der)])));
    accepted(
        "[0] certList",
        &seal(Shape::V4, |spec, pki| {
            spec.list = context(0, &[&seq(&[&octets(&pki.signer.der)])]);
        }),
    );
    accepted("certificate without OCTET STRING", &seal(Shape::V4, |spec, pki| spec.list = seq(&[&pki.signer.der])));
    accepted("OCTET STRING", &seal(Shape::V4, |spec, _| spec.hold = octets));
    accepted("OCTET STRING inside", &seal(Shape::V1, |spec, _| spec.hold = |value| bits(&octets(value))));
    accepted(
        "AlgorithmIdentifier",
        &seal(Shape::V4, |spec, _| {
            spec.algorithm = seq(&[&oid("1.2.156.10197.1.501"), &[5, 0]]);
        }),
    );
    accepted("algorithm named by its curve", &seal(Shape::V1, |spec, _| spec.algorithm = oid("1.2.156.10197.1.301")));
    accepted(
        "written-out FALSE",
        &seal(Shape::V4, |spec, _| {
            spec.extensions = Some(seq(&[&seq(&[&oid("1.2.3"), &FALSE, &octets(&[1])])]));
        }),
    );
    accepted(
        "TRUE as 01",
        &seal(Shape::V4, |spec, _| {
            spec.extensions = Some(seq(&[&seq(&[&oid("1.2.3"), &[1, 1, 1], &octets(&[1])])]));
        }),
    );
    accepted(
        "extDatas [0]",
        &seal(Shape::V4, |spec, _| {
            spec.extensions = Some(context(0, &[&seq(&[&seq(&[&oid("1.2.3"), &octets(&[1])])])]));
        }),
    );
    accepted("name in another string type", &seal(Shape::V4, |spec, _| spec.name = printable("Seal")));
    accepted("name in GBK", &seal(Shape::V4, |spec, _| spec.name = tlv(0x0c, &[&[0xb2, 0xe2]])));
    accepted("esID in UTF8String", &seal(Shape::V4, |spec, _| spec.id = utf8("A-1")));
    accepted("fraction", &seal(Shape::V4, |spec, _| spec.times[0] = gt("20260101000000.5Z")));
    accepted("offset", &seal(Shape::V4, |spec, _| spec.times[0] = gt("20260101080000+0800")));
    accepted("time as text", &seal(Shape::V4, |spec, _| spec.times[0] = utf8("2026-01-01 08:00:00")));
}

#[test]
fn either_kind_of_time_is_standard_enough() {
    for (shape, time) in [(Shape::V1, gt("20260101000000Z")), (Shape::V4, utc("260101000000Z"))] {
        let report = seal(shape, |spec, _| spec.times[0] = time);
        assert_eq!(
            (report.verdict, report.seal.unwrap().create_date.to_string().as_str()),
            (Verdict::Valid, "2026-01-01T00:00:00Z")
        );
    }
}

#[test]
fn a_seal_in_base64_or_pem_is_read() {
    let pki = Pki::new();
    let seal = SealSpec::new(Shape::V4, &pki).sign();
    let text = STANDARD.encode(&seal);
    let lines: Vec<&str> = text.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).unwrap()).collect();
    let pem = format!("-----BEGIN SEAL-----\n{}\n-----END SEAL-----\n", lines.join("\r\n"));
    for wrapped in [text.clone(), lines.join("\n"), pem] {
        let report = judge(wrapped.as_bytes(), Some(&trust_of(&pki, &[])));
        accepted("wrapped", &report);
        assert_eq!(report.file.sm3, DigestAlgorithm::Sm3.plain(&[wrapped.as_bytes()]), "the file's own digest");
    }
}

#[test]
fn header_versions_of_the_field_are_told_by_shape() {
    for (shape, version, expected) in
        [(Shape::V1, 11, "v1"), (Shape::V1, 2, "v1"), (Shape::V4, 2, "v4"), (Shape::V4, 5, "v5"), (Shape::V4, 6, "v5")]
    {
        let report = seal(shape, |spec, _| {
            spec.header = seq(&[&ia5("ES"), &crate::tlv::int(&[version]), &ia5("V")]);
        });
        let structure = serde_json::to_value(report.signatures[0].structure).unwrap();
        assert_eq!((report.verdict, structure), (Verdict::Valid, expected.into()));
    }
}

fn signature(shape: Shape, change: impl Fn(&mut SignatureSpec, &[u8], &Pki)) -> Report {
    let pki = Pki::new();
    let bytes = sealed_with(shape, &pki, |spec, xml| change(spec, xml, &pki));
    judge(&bytes, Some(&trust_of(&pki, &[])))
}

#[test]
fn raw_values_are_as_good_as_der() {
    // The spec signs in DER; the holder turns it into r‖s.
    fn raw(value: &[u8]) -> Vec<u8> {
        bits(&huxin_document::sm2_value::Sm2Value::read(value, "signature").unwrap().r_s)
    }
    let report = signature(Shape::V4, |spec, _, _| spec.hold = raw);
    assert_eq!((report.verdict, report.signatures[0].warnings.len()), (Verdict::Valid, 0));
    assert_eq!(report.signatures[0].signature.as_ref().unwrap().form, ValueForm::Raw64);
}

#[test]
fn odd_signatures_are_accepted_with_a_warning() {
    accepted(
        "dataHash in OCTET STRING",
        &signature(Shape::V4, |spec, xml, _| {
            spec.data_hash = octets(DigestAlgorithm::Sm3.plain(&[xml]).as_bytes());
        }),
    );
    accepted("signature in OCTET STRING", &signature(Shape::V1, |spec, _, _| spec.hold = octets));
    accepted("bare text in v1", &signature(Shape::V1, |spec, _, _| spec.time = bits(b"2026-06-01T08:00:00Z")));
    accepted("local text in v1", &signature(Shape::V1, |spec, _, _| spec.time = bits(b"2026-06-01 16:00:00")));
    accepted(
        "GM/T 0031 signature named SM2",
        &signature(Shape::V4, |spec, _, _| {
            spec.algorithm = oid("1.2.156.10197.1.301.1");
        }),
    );
}

#[test]
fn a_time_without_zone_is_told_by_the_time_shown() {
    // SignatureDateTime of these files is 16:00 in Beijing.
    for text in ["20260601160000", "20260601080000", "20260601080130"] {
        let report = signature(Shape::V4, |spec, _, _| spec.time = gt(text));
        let minutes = report.signatures[0].sign_time.unwrap().to_string();
        assert!(minutes.starts_with("2026-06-01T08:0"), "{text} became {minutes}");
        assert!(is_warned(&report));
    }
    let elsewhere = signature(Shape::V4, |spec, _, _| spec.time = gt("20260602120000"));
    assert_eq!(elsewhere.signatures[0].sign_time.unwrap().to_string(), "2026-06-02T04:00:00Z");
}

fn digest_list(shape: Shape, entries: impl Fn(&Pki) -> Vec<Vec<u8>>) -> Report {
    signature(shape, |spec, _, pki| {
        let mut seal = SealSpec::new(spec.shape, pki);
        seal.list_type = Some(2);
        let entries = entries(pki);
        seal.list = seq(&entries.iter().map(Vec::as_slice).collect::<Vec<_>>());
        spec.seal = seal.sign();
    })
}

#[test]
fn lists_of_digests_are_compared() {
    let sm3 = |pki: &Pki| DigestAlgorithm::Sm3.plain(&[&pki.signer.der]).as_bytes().to_vec();
    for kind in ["SM3", "sm3", "1.2.156.10197.1.401", "1.2.156.10197.1.401.1"] {
        let report = digest_list(Shape::V4, |pki| vec![seq(&[&printable(kind), &octets(&sm3(pki))])]);
        assert_eq!((report.verdict, is_warned(&report)), (Verdict::Valid, false), "{kind}");
        let seal = report.signatures[0].seal.as_ref().unwrap();
        assert_eq!((seal.cert_list_type, seal.signers_sm3.len()), (2, 1));
    }
    accepted(
        "with Z",
        &digest_list(Shape::V4, |pki| {
            let with_z = message_digest(&pki.signer.key.point(), DEFAULT_USER_ID, &[&pki.signer.der]).unwrap();
            vec![seq(&[&printable("SM3"), &octets(with_z.as_bytes())])]
        }),
    );
    accepted("no type", &digest_list(Shape::V4, |pki| vec![octets(&sm3(pki))]));
    let absent = digest_list(Shape::V5, |_| vec![seq(&[&printable("SM3"), &octets(&[9; 32])])]);
    assert_eq!(absent.reasons, [Reason::SignerNotInSealCertList]);
    let foreign = digest_list(Shape::V4, |_| vec![seq(&[&printable("MD5"), &octets(&[9; 16])])]);
    assert_eq!((foreign.cryptography, foreign.reasons), (Verdict::Unknown, vec![Reason::UnsupportedAlgorithm]));
}

#[test]
fn outdated_algorithms_stay_unknown() {
    for (named, code) in
        [("1.2.840.113549.1.1.5", Reason::LegacyAlgorithm), ("1.2.156.10197.1.401.2", Reason::UnsupportedAlgorithm)]
    {
        let report = signature(Shape::V4, |spec, _, _| {
            spec.algorithm = oid(named);
            spec.hold = |_| bits(&[0x30, 6, 2, 1, 1, 2, 1, 1]);
        });
        assert_eq!((report.cryptography, report.reasons), (Verdict::Unknown, vec![code]), "{named}");
    }
}

/// What a file names the algorithm is not decisive beside an SM2 key under which the value holds. A name that is met in the field costs
/// a warning; any other, which nothing signs, leaves the verdict open, so that a changed name is never called valid.
#[test]
fn the_name_of_the_algorithm_is_not_decisive() {
    accepted("signedData", &signature(Shape::V4, |spec, _, _| spec.algorithm = oid("1.2.156.10197.6.1.4.2.2")));
    for (named, code) in
        [("1.2.840.113549.1.1.5", Reason::LegacyAlgorithm), ("1.2.156.10197.1.501.1", Reason::UnsupportedAlgorithm)]
    {
        let report = signature(Shape::V4, |spec, _, _| spec.algorithm = oid(named));
        let answer = (report.cryptography, report.verdict, report.reasons);
        assert_eq!(answer, (Verdict::Valid, Verdict::Unknown, vec![code]), "{named}");
    }
}
