//! Bad input on purpose: each gets its code, in bounded time and memory.

use std::time::{Duration, Instant};

use huxin_document::certificate::{CERTIFICATE_BYTES_MAX, Certificate};
use huxin_document::report::{Report, Verdict};
use huxin_document::revocation::RevocationList;
use huxin_document::seal::Seal;
use huxin_document::signed_value::SignedValue;
use huxin_document::trust::TrustListBuilder;
use huxin_document::{Options, Reason, inspect};

use crate::judged::{judge, trust_of};
use crate::made::{SealSpec, Shape, SignatureSpec, sealed_with};
use crate::pki::{Key, Pki, Spec, name, name_of, value_der};
use crate::tlv::{bits, gt, ia5, int, octets, oid, seq, tlv, uint, utc, utf8};

const ORDER: &str = "fffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123";

fn code(report: &Report) -> Reason {
    assert!(matches!(report.verdict, Verdict::Invalid | Verdict::Unknown), "{:?}", report.reasons);
    report.reasons[0]
}

fn seal(change: impl FnOnce(&mut SealSpec, &Pki)) -> Report {
    let pki = Pki::new();
    let mut spec = SealSpec::new(Shape::V4, &pki);
    change(&mut spec, &pki);
    judge(&spec.sign(), Some(&trust_of(&pki, &[])))
}

#[test]
fn values_that_no_signature_has() {
    let n = hex::decode(ORDER).unwrap();
    let one = uint(&[1]);
    for (what, value, expected) in [
        ("r = 0", seq(&[&int(&[0]), &one]), Reason::SealSignature),
        ("s = 0", seq(&[&one, &int(&[0])]), Reason::SealSignature),
        ("r = n", seq(&[&uint(&n), &one]), Reason::SealSignature),
        ("s = n", seq(&[&one, &uint(&n)]), Reason::SealSignature),
        ("s beyond n", seq(&[&one, &uint(&[0xff; 32])]), Reason::SealSignature),
        ("r negative", seq(&[&int(&[0x80; 32]), &one]), Reason::SealSignature),
        ("33 bytes", seq(&[&int(&[1; 33]), &one]), Reason::SealSignature),
        ("a zero before r", seq(&[&int(&[0, 1]), &one]), Reason::SealSignature),
        ("zeros before r", seq(&[&int(&[0, 0, 1]), &one]), Reason::SealSignature),
        ("three numbers", seq(&[&one, &one, &one]), Reason::Format),
        ("one number", seq(&[&one]), Reason::Format),
        ("bytes after it", [seq(&[&one, &one]), vec![0]].concat(), Reason::TrailingBytes),
        ("raw zeros", vec![0; 64], Reason::SealSignature),
        ("raw r = n", [&n[..], &[1; 32]].concat(), Reason::SealSignature),
        ("raw s = n", [&[1; 32][..], &n].concat(), Reason::SealSignature),
        ("63 bytes", vec![7; 63], Reason::SealSignature),
        ("nothing", vec![], Reason::SealSignature),
        ("65 bytes", vec![1; 65], Reason::SealSignature),
    ] {
        let pki = Pki::new();
        let whole = SealSpec::new(Shape::V4, &pki).sign();
        let parsed = Seal::read(&whole).unwrap();
        let bytes = seq(&[parsed.info, &octets(&pki.maker.der), &oid("1.2.156.10197.1.501"), &bits(&value)]);
        assert_eq!(code(&judge(&bytes, None)), expected, "{what}");
    }
}

/// With s and n - s both acceptable a signature could be altered; SM2 has no such twin.
#[test]
fn the_mirror_of_s_does_not_verify() {
    let pki = Pki::new();
    let n = hex::decode(ORDER).unwrap();
    let whole = SealSpec::new(Shape::V4, &pki).sign();
    let parsed = Seal::read(&whole).unwrap();
    let mut value =
        huxin_document::sm2_value::Sm2Value::read(parsed.signature.clone().unwrap(), "signature").unwrap().r_s;
    let mut borrow = 0;
    for at in (0..32).rev() {
        let difference = i32::from(n[at]) - i32::from(value[32 + at]) - borrow;
        borrow = i32::from(difference < 0);
        value[32 + at] = difference.rem_euclid(256) as u8;
    }
    let bytes = seq(&[parsed.info, &octets(&pki.maker.der), &oid("1.2.156.10197.1.501"), &bits(&value_der(&value))]);
    assert_eq!(code(&judge(&bytes, None)), Reason::SealSignature);
}

#[test]
fn keys_off_the_curve() {
    let pki = Pki::new();
    let mut off = pki.maker.key.public();
    off[64] ^= 1;
    for public in
        [off, vec![0], vec![4; 65], [&[4][..], &[0; 64]].concat(), pki.maker.key.public()[..64].to_vec(), vec![]]
    {
        let mut spec = Spec::leaf(2, name("Maker"), &pki.root.name, &pki.maker.key);
        spec.public = public;
        let maker = spec.sign(&pki.root.key);
        assert_eq!(code(&seal(|seal, _| seal.maker = octets(&maker))), Reason::SealSignature);
    }
}

#[test]
fn keys_of_other_kinds_stay_unknown() {
    let pki = Pki::new();
    let mut spec = Spec::leaf(2, name("Maker"), &pki.root.name, &pki.maker.key);
    spec.curve = "1.2.840.10045.3.1.7";
    let maker = spec.sign(&pki.root.key);
    let report = seal(|seal, _| seal.maker = octets(&maker));
    assert_eq!((report.cryptography, report.reasons), (Verdict::Unknown, vec![Reason::UnsupportedAlgorithm]));
}

#[test]
fn certificates_beyond_the_limits() {
    let key = Key::of(5);
    let sign = |spec: Spec| Certificate::read(&spec.sign(&key)).map(|_| ()).map_err(|fault| fault.code);
    let spec = || Spec::leaf(1, name("A"), &name("B"), &key);
    assert_eq!(sign(spec()), Ok(()));
    let long = "长".repeat(700);
    assert_eq!(sign(Spec { subject: name(&long), ..spec() }), Err(Reason::Format), "a subject of 2,000 bytes");
    assert_eq!(sign(Spec { issuer: name(&"B".repeat(2000)), ..spec() }), Err(Reason::Format));
    let many: Vec<(&str, &str)> = (0..40).map(|_| ("2.5.4.11", "x")).collect();
    assert_eq!(sign(Spec { subject: name_of(&many), ..spec() }), Err(Reason::Format), "40 attributes");
    let extensions = vec![seq(&[&oid("1.2.3"), &octets(&[1])]); 80];
    assert_eq!(sign(Spec { extra: extensions, ..spec() }), Err(Reason::Format), "80 extensions");
    let large = vec![seq(&[&oid("1.2.3"), &octets(&vec![1; CERTIFICATE_BYTES_MAX])])];
    assert_eq!(sign(Spec { extra: large, ..spec() }), Err(Reason::Format));
    assert_eq!(sign(Spec { serial: vec![1; 40], ..spec() }), Err(Reason::Format));
    for time in ["20261301000000Z", "00000101000000Z", "20260101000060Z", "20260101000000+2500", "2026", ""] {
        assert_eq!(sign(Spec { not_after: gt(time), ..spec() }), Err(Reason::Format), "{time}");
    }
    assert_eq!(sign(Spec { not_after: utc("491231235959Z"), ..spec() }), Ok(()));
    let whole = spec().sign(&key);
    let trailing = Certificate::read(&[&whole[..], &[0]].concat()).unwrap_err();
    assert_eq!(trailing.code, Reason::TrailingBytes);
}

#[test]
fn the_subject_of_an_unreadable_certificate_fails_its_check() {
    let pki = Pki::new();
    let bytes = sealed_with(Shape::V4, &pki, |spec, _| {
        let signer = Spec::leaf(3, name(&"长".repeat(700)), &pki.root.name, &pki.signer.key).sign(&pki.root.key);
        let mut seal = SealSpec::new(Shape::V4, &pki);
        seal.list = seq(&[&octets(&signer)]);
        spec.seal = seal.sign();
        spec.certificate = octets(&signer);
    });
    assert_eq!(code(&judge(&bytes, None)), Reason::Format);
}

#[test]
fn seals_with_impossible_fields() {
    for (what, report) in [
        ("month 13", seal(|spec, _| spec.times[0] = gt("20261301000000Z"))),
        ("year 0000", seal(|spec, _| spec.times[1] = gt("00000101000000Z"))),
        ("leap second", seal(|spec, _| spec.times[2] = gt("20260630235960Z"))),
        ("offset", seal(|spec, _| spec.times[2] = gt("20260630235959+9900"))),
        ("no ES", seal(|spec, _| spec.header = seq(&[&ia5("XX"), &int(&[4]), &ia5("V")]))),
        ("negative version", seal(|spec, _| spec.header = seq(&[&ia5("ES"), &int(&[0xff]), &ia5("V")]))),
        ("huge version", seal(|spec, _| spec.header = seq(&[&ia5("ES"), &int(&[1; 9]), &ia5("V")]))),
        ("long number", seal(|spec, _| spec.id = ia5(&"1".repeat(300)))),
        ("long name", seal(|spec, _| spec.name = utf8(&"印".repeat(600)))),
        ("six elements", seal(|spec, _| spec.stamp = Some([octets(&[1]), octets(&[1])].concat()))),
    ] {
        assert_eq!(code(&report), Reason::Format, "{what}");
    }
}

#[test]
fn lengths_that_no_encoding_allows() {
    let pki = Pki::new();
    let seal = SealSpec::new(Shape::V4, &pki).sign();
    assert_eq!(seal[1], 0x82);
    let body = &seal[4..];
    let beyond = [&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff][..], body].concat();
    let longer = [&[0x30, 0x89, 1, 0, 0, 0, 0, 0, 0, 0, 0][..], body].concat();
    let reserved = [&[0x30, 0xff][..], body].concat();
    let endless = [&[0x30, 0x80][..], body].concat();
    for bytes in [beyond, longer, reserved, endless] {
        assert_eq!(code(&judge(&bytes, None)), Reason::Format);
    }
}

#[test]
fn deep_nesting_is_no_fault() {
    let mut deep = Vec::new();
    for _ in 0..20_000 {
        let length = (deep.len() as u32).to_be_bytes();
        let header =
            if deep.len() < 128 { vec![0x30, deep.len() as u8] } else { [&[0x30, 0x84][..], &length].concat() };
        deep = [header, deep].concat();
        if deep.len() > 60_000 {
            break;
        }
    }
    assert_eq!(code(&judge(&deep, None)), Reason::Format);
    let mut nested = octets(&[1]);
    for _ in 0..2_000 {
        nested = seq(&[&nested]);
    }
    for read in [Seal::read(&nested).is_err(), SignedValue::read(&nested).is_err(), Certificate::read(&nested).is_err()]
    {
        assert!(read);
    }
    let owner = seal(|spec, _| {
        spec.extensions = Some(seq(&[&seq(&[&oid("1.2.156.112600.7.1.1"), &octets(&nested)])]));
    });
    assert_eq!(owner.seal.unwrap().signature_valid, Some(true));
}

#[test]
fn ten_thousand_certificates_in_a_list() {
    let start = Instant::now();
    let report = seal(|spec, pki| {
        let one = octets(&pki.signer.der);
        spec.list = seq(&[&one.repeat(10_000)]);
    });
    assert_eq!(code(&report), Reason::Format);
    let thousand = seal(|spec, pki| spec.list = seq(&[&octets(&pki.signer.der).repeat(1_000)]));
    assert_eq!(thousand.verdict, Verdict::Valid, "{:?}", thousand.reasons);
    assert!(start.elapsed() < Duration::from_secs(20), "bounded");
}

#[test]
fn a_huge_picture_is_refused_and_a_large_one_is_not() {
    let of = |bytes: usize| {
        seal(|spec, _| spec.picture = seq(&[&ia5("ofd"), &octets(&vec![7; bytes]), &int(&[40]), &int(&[40])]))
    };
    assert_eq!(of(1024 * 1024).verdict, Verdict::Valid);
    assert_eq!(code(&of(9 * 1024 * 1024)), Reason::Format);
}

#[test]
fn times_of_signing_out_of_range() {
    let pki = Pki::new();
    for (shape, time) in [
        (Shape::V4, gt("20261301000000Z")),
        (Shape::V1, bits(b"no time at all")),
        (Shape::V1, bits(&gt("00000101000000Z"))),
        (Shape::V4, int(&[1])),
        (Shape::V4, tlv(0x03, &[&[3], b"2026"])),
    ] {
        let bytes = sealed_with(shape, &pki, |spec, _| spec.time = time);
        assert_eq!(code(&judge(&bytes, None)), Reason::Format);
    }
    let moved = SignatureSpec::new(Shape::V4, &pki, b"xml").sign();
    assert!(SignedValue::read(&moved).is_ok());
}

#[test]
fn trust_lists_of_rubbish_are_passed_over() {
    let pki = Pki::new();
    let mut builder = TrustListBuilder::default();
    let damaged = pki.crl(&[(3, "260501000000Z")]);
    for bytes in [
        &b""[..],
        b"\x30\x80",
        &damaged[..damaged.len() - 1],
        b"-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----",
    ] {
        builder.file("rubbish", bytes).unwrap();
    }
    let trust = builder.build();
    assert_eq!((trust.roots().len(), trust.passed_over().len()), (0, 4));
    assert!(RevocationList::read(&[&damaged[..], &[0]].concat()).is_err());
}

#[test]
fn names_cannot_disturb_a_terminal() {
    let report = seal(|spec, _| {
        spec.name = utf8("章\u{1b}[2J\u{202e}");
        spec.id = ia5("A\nB");
    });
    let seal = report.seal.unwrap();
    assert_eq!((seal.name.as_str(), seal.id.as_str()), ("章\\u{1b}[2J\\u{202e}", "A\\u{a}B"));
    let _ = inspect(b"", &Options::default());
}
