//! Chains, pinned makers and revocation against a trust list.

use huxin_document::certificate::Certificate;
use huxin_document::report::{Outcome, Report, Verdict};
use huxin_document::trust::{ChainAnswer, TrustListBuilder, TrustListError};
use huxin_document::{Options, Reason, TrustList, inspect};

use crate::judged::{judge, outcome, trust_of};
use crate::made::{SealSpec, Shape, issued_by, sealed, sealed_with};
use crate::pki::{CERT_AND_CRL_SIGN, Issued, KEY_ENCIPHERMENT, Key, Pki, Spec, crl, crl_of, name};
use crate::tlv::{FALSE, TRUE, octets, oid, seq, utc};

fn list(files: &[&[u8]]) -> TrustList {
    let mut builder = TrustListBuilder::default();
    for file in files {
        builder.file("file", file).unwrap();
    }
    builder.build()
}

fn reasons(report: &Report) -> Vec<&'static str> {
    report.reasons.iter().map(|reason| reason.code()).collect()
}

#[test]
fn revocation_before_signing_fails_and_after_it_does_not() {
    let pki = Pki::new();
    let document = sealed(Shape::V4, &pki);
    // Signed 2026-06-01T08:00:00Z.
    for (date, expected) in [("260501000000Z", false), ("260601080000Z", false), ("260601080001Z", true)] {
        let report = judge(&document, Some(&trust_of(&pki, &[(3, date)])));
        let word = if expected { vec![] } else { vec!["CERT_REVOKED_BEFORE_SIGNING"] };
        assert_eq!((reasons(&report), report.verdict == Verdict::Valid), (word, expected), "{date}");
        assert_eq!(report.cryptography, Verdict::Valid);
    }
    let report = judge(&document, Some(&trust_of(&pki, &[(4, "250501000000Z")])));
    assert_eq!(report.verdict, Verdict::Valid, "another certificate was revoked");
}

#[test]
fn a_maker_revoked_before_it_made_the_seal() {
    let pki = Pki::new();
    let document = sealed(Shape::V4, &pki);
    let early = judge(&document, Some(&trust_of(&pki, &[(2, "251201000000Z")])));
    assert_eq!(reasons(&early), ["MAKER_CERT_REVOKED_BEFORE_CREATE"]);
    let late = judge(&document, Some(&trust_of(&pki, &[(2, "260201000000Z")])));
    assert_eq!(late.verdict, Verdict::Valid, "the seal was made before");
}

#[test]
fn without_a_current_list_revocation_is_unknown() {
    let pki = Pki::new();
    let report = judge(&sealed(Shape::V4, &pki), Some(&list(&[&pki.root.der])));
    assert_eq!((report.verdict, reasons(&report)), (Verdict::Unknown, vec!["REVOCATION_LIST_ABSENT"]));
    let check = report.signatures[0].checks.get("signer_revocation").unwrap();
    assert_eq!(check.code, Some(Reason::RevocationListAbsent));
}

#[test]
fn lists_of_the_wrong_issuer_or_signature_are_not_used() {
    let pki = Pki::new();
    let imposter = Issued { der: vec![], key: Key::of(9), name: pki.root.name.clone() };
    let forged = crl(&imposter, &[(3, "250501000000Z")], &[]);
    let trust = list(&[&pki.root.der, &forged]);
    assert_eq!((trust.revocation_lists(), trust.passed_over().len()), (0, 1));
    assert_ne!(judge(&sealed(Shape::V4, &pki), Some(&trust)).verdict, Verdict::Invalid);
    let other_key = Key::of(10);
    let other_name = name("Other Root");
    let other = Spec::authority(1, other_name.clone(), &other_name, &other_key, None).sign(&other_key);
    let of_other = crl(&Issued { der: other.clone(), key: other_key, name: other_name }, &[(3, "250501000000Z")], &[]);
    let trust = list(&[&pki.root.der, &other, &of_other, &pki.crl(&[])]);
    assert_eq!(trust.revocation_lists(), 2);
    assert_eq!(judge(&sealed(Shape::V4, &pki), Some(&trust)).verdict, Verdict::Valid, "serial 3 of another issuer");
}

#[test]
fn partial_lists_revoke_but_do_not_clear() {
    let pki = Pki::new();
    let point = seq(&[&oid("2.5.29.28"), &TRUE, &octets(&seq(&[]))]);
    let clear = list(&[&pki.root.der, &crl(&pki.root, &[], std::slice::from_ref(&point))]);
    let report = judge(&sealed(Shape::V4, &pki), Some(&clear));
    assert_eq!(outcome(&report, "signer_revocation"), Outcome::Unknown);
    let revokes = list(&[&pki.root.der, &crl(&pki.root, &[(3, "260501000000Z")], &[point])]);
    let report = judge(&sealed(Shape::V4, &pki), Some(&revokes));
    assert_eq!(reasons(&report), ["CERT_REVOKED_BEFORE_SIGNING"]);
}

#[test]
fn a_rogue_maker_is_not_trusted_even_when_its_certificate_lies_in_the_list() {
    let mut pki = Pki::new();
    let key = Key::of(7);
    let rogue_name = name("Rogue Maker");
    let der = Spec::leaf(99, rogue_name.clone(), &rogue_name, &key).sign(&key);
    pki.maker = Issued { der: der.clone(), key, name: rogue_name };
    let trust = list(&[&pki.root.der, &der, &pki.crl(&[])]);
    let report = judge(&sealed(Shape::V4, &pki), Some(&trust));
    assert_eq!((reasons(&report), report.cryptography), (vec!["UNTRUSTED_MAKER"], Verdict::Valid));
    let mut builder = TrustListBuilder::default();
    builder.file("root", &pki.root.der).unwrap();
    builder.file("crl", &pki.crl(&[])).unwrap();
    builder.makers_file("maker", &der).unwrap();
    assert_eq!(judge(&sealed(Shape::V4, &pki), Some(&builder.build())).verdict, Verdict::Valid, "pinned on purpose");
}

#[test]
fn a_pinned_maker_is_no_signer() {
    let mut pki = Pki::new();
    let key = Key::of(7);
    let rogue_name = name("Rogue");
    let der = Spec::leaf(99, rogue_name.clone(), &rogue_name, &key).sign(&key);
    pki.signer = Issued { der: der.clone(), key, name: rogue_name };
    let mut builder = TrustListBuilder::default();
    builder.file("root", &pki.root.der).unwrap();
    builder.file("crl", &pki.crl(&[])).unwrap();
    builder.makers_file("maker", &der).unwrap();
    let report = judge(&sealed(Shape::V4, &pki), Some(&builder.build()));
    assert_eq!(reasons(&report), ["UNTRUSTED_SIGNER"]);
}

/// Chain answer for a leaf below these authorities, the first under the root.
fn below(authorities: &[Option<Option<u8>>], change: impl Fn(&mut Spec, usize)) -> ChainAnswer {
    let pki = Pki::new();
    let mut issuer = Issued { der: pki.root.der.clone(), key: Key::of(1), name: pki.root.name.clone() };
    let mut carried = Vec::new();
    for (index, authority) in authorities.iter().enumerate() {
        let serial = 20 + index as u8;
        issuer = issued_by(&issuer, serial, name(&format!("CA {index}")), serial, |spec| {
            spec.authority = *authority;
            spec.usage = Some(CERT_AND_CRL_SIGN);
            change(spec, index);
        });
        carried.push(Certificate::read(&issuer.der).unwrap());
    }
    let leaf = issued_by(&issuer, 60, name("Leaf"), 60, |_| {});
    let leaf = Certificate::read(&leaf.der).unwrap();
    list(&[&pki.root.der]).chain(&leaf, &carried, "2026-06-01".parse().unwrap())
}

fn is_trusted(answer: &ChainAnswer) -> bool {
    matches!(answer, ChainAnswer::Trusted(_))
}

#[test]
fn chains_are_built_through_carried_authorities() {
    let answer = below(&[Some(None), Some(Some(0))], |_, _| {});
    let ChainAnswer::Trusted(issuers) = answer else { panic!("{answer:?}") };
    let names: Vec<&str> = issuers.iter().map(|issuer| issuer.subject.text.as_str()).collect();
    assert_eq!(names, ["C=CN,CN=CA 1", "C=CN,CN=CA 0", "C=CN,CN=Test Root"]);
    assert!(is_trusted(&below(&[Some(None); 6], |_, _| {})), "eight certificates");
    assert!(!is_trusted(&below(&[Some(None); 7], |_, _| {})), "nine certificates");
}

#[test]
fn who_may_not_issue_makes_no_chain() {
    assert!(!is_trusted(&below(&[None], |_, _| {})), "no basic constraints");
    assert!(!is_trusted(&below(&[Some(Some(0)), Some(None)], |_, _| {})), "path length");
    assert!(!is_trusted(&below(&[Some(None)], |spec, _| spec.usage = Some(0x80))), "key usage");
    assert!(!is_trusted(&below(&[Some(None)], |spec, _| spec.not_after = utc("260101000000Z"))), "expired");
    assert!(!is_trusted(&below(&[Some(None)], |spec, _| spec.not_before = utc("270101000000Z"))), "not yet");
    let constraint = |critical: &[u8; 3]| seq(&[&oid("2.5.29.30"), critical, &octets(&seq(&[]))]);
    assert!(!is_trusted(&below(&[Some(None)], |spec, _| spec.extra.push(constraint(&TRUE)))), "not understood");
    assert!(is_trusted(&below(&[Some(None)], |spec, _| spec.extra.push(constraint(&FALSE)))), "not critical");
    assert!(is_trusted(&below(&[Some(None)], |spec, _| spec.usage = None)), "no key usage");
}

#[test]
fn an_authority_that_was_revoked_makes_no_chain() {
    let pki = Pki::new();
    let authority = issued_by(&pki.root, 20, name("CA"), 20, |spec| {
        spec.authority = Some(None);
        spec.usage = Some(CERT_AND_CRL_SIGN);
    });
    let leaf = Certificate::read(&issued_by(&authority, 60, name("Leaf"), 60, |_| {}).der).unwrap();
    let at = "2026-06-01".parse().unwrap();
    for (date, trusted) in [("260501000000Z", false), ("260701000000Z", true)] {
        let trust = list(&[&pki.root.der, &authority.der, &pki.crl(&[(20, date)])]);
        assert_eq!(is_trusted(&trust.chain(&leaf, &[], at)), trusted, "{date}");
    }
}

#[test]
fn many_authorities_of_one_name_end_in_bounded_time() {
    let pki = Pki::new();
    let carried: Vec<Certificate> = (0..200)
        .map(|_| {
            Certificate::read(&Spec::authority(5, name("CA"), &name("CA"), &Key::of(30), None).sign(&Key::of(31)))
                .unwrap()
        })
        .collect();
    let issuer = Issued { der: vec![], key: Key::of(32), name: name("CA") };
    let leaf = Certificate::read(&issued_by(&issuer, 60, name("Leaf"), 60, |_| {}).der).unwrap();
    assert!(!is_trusted(&list(&[&pki.root.der]).chain(&leaf, &carried, "2026-06-01".parse().unwrap())));
}

#[test]
fn keys_that_may_not_sign_are_refused() {
    let mut pki = Pki::new();
    pki.signer = issued_by(&pki.root, 3, name(crate::pki::SEAL_ID), 3, |spec| spec.usage = Some(KEY_ENCIPHERMENT));
    let report = judge(&sealed(Shape::V4, &pki), Some(&trust_of(&pki, &[])));
    assert_eq!((reasons(&report), outcome(&report, "signer_key_usage")), (vec!["CERT_KEY_USAGE"], Outcome::Fail));
    let mut pki = Pki::new();
    pki.maker = issued_by(&pki.root, 2, name("Maker"), 2, |spec| spec.usage = Some(KEY_ENCIPHERMENT));
    let report = judge(&sealed(Shape::V4, &pki), Some(&trust_of(&pki, &[])));
    assert_eq!((reasons(&report), outcome(&report, "maker_key_usage")), (vec!["CERT_KEY_USAGE"], Outcome::Fail));
}

#[test]
fn a_signer_of_another_authority_is_untrusted() {
    let pki = Pki::new();
    let key = Key::of(40);
    let root_name = name("Test Root");
    let foreign_root =
        Issued { der: Spec::authority(1, root_name.clone(), &root_name, &key, None).sign(&key), key, name: root_name };
    let foreign = issued_by(&foreign_root, 3, name(crate::pki::SEAL_ID), 41, |_| {});
    let bytes = sealed_with(Shape::V4, &pki, |spec, _| {
        let mut seal = SealSpec::new(Shape::V4, &pki);
        seal.list = seq(&[&octets(&foreign.der)]);
        spec.seal = seal.sign();
        spec.certificate = octets(&foreign.der);
        spec.key = foreign.key.clone();
    });
    let report = judge(&bytes, Some(&trust_of(&pki, &[])));
    assert_eq!(
        (reasons(&report), report.cryptography),
        (vec!["UNTRUSTED_SIGNER"], Verdict::Valid),
        "a root of the same name"
    );
}

#[test]
fn folders_and_files_are_read() {
    let pki = Pki::new();
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    };
    write("notes.txt", b"not read");
    write("junk.pem", b"not a certificate");
    assert!(matches!(TrustList::from_path(folder.path()), Err(TrustListError::NoRoot { .. })));
    let pem = |label: &str, bytes: &[u8]| {
        use base64::Engine as _;
        let text = base64::engine::general_purpose::STANDARD.encode(bytes);
        format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n")
    };
    let bundle = pem("PRIVATE KEY", b"secret") + &pem("CERTIFICATE", &pki.root.der) + &pem("X509 CRL", &pki.crl(&[]));
    write("bundle.PEM", bundle.as_bytes());
    write("root.crt", &pki.root.der);
    let trust = TrustList::from_path(folder.path()).unwrap();
    assert_eq!((trust.roots().len(), trust.revocation_lists(), trust.passed_over().len()), (1, 1, 1));
    assert_eq!(judge(&sealed(Shape::V1, &pki), Some(&trust)).verdict, Verdict::Valid);
    let one_file = TrustList::from_path(&folder.path().join("bundle.PEM")).unwrap();
    assert_eq!((one_file.roots().len(), one_file.revocation_lists()), (1, 1));
    write("makers/m.cer", &pki.other.der);
    let trust = TrustList::from_path(folder.path()).unwrap();
    assert!(trust.is_maker(&Certificate::read(&pki.other.der).unwrap()));
    assert!(!trust.is_maker(&Certificate::read(&pki.maker.der).unwrap()));
    assert!(matches!(TrustList::from_path(&folder.path().join("absent")), Err(TrustListError::Read { .. })));
}

#[test]
fn a_chain_may_be_asked_for_another_time() {
    let pki = Pki::new();
    let authority = issued_by(&pki.root, 20, name("CA"), 20, |spec| {
        spec.authority = Some(None);
        spec.usage = Some(CERT_AND_CRL_SIGN);
        spec.not_after = utc("270101000000Z");
    });
    let signer = issued_by(&authority, 3, name(crate::pki::SEAL_ID), 3, |_| {});
    let bytes = sealed_with(Shape::V4, &pki, |spec, _| {
        let mut seal = SealSpec::new(Shape::V4, &pki);
        seal.list = seq(&[&octets(&signer.der)]);
        spec.seal = seal.sign();
        spec.certificate = octets(&signer.der);
        spec.key = signer.key.clone();
    });
    let trust = list(&[&pki.root.der, &authority.der, &pki.crl(&[]), &crl(&authority, &[], &[])]);
    let ask =
        |at: Option<&str>| inspect(&bytes, &Options { trust: Some(&trust), at: at.map(|at| at.parse().unwrap()) });
    assert_eq!(ask(None).verdict, Verdict::Valid);
    assert_eq!(reasons(&ask(Some("2028-01-01"))), ["UNTRUSTED_SIGNER"]);
}

/// A certificate in the name of `issuer` that another key signed, and that claims RSA of its signature.
fn mislabelled(issuer: &Issued) -> Issued {
    let key = Key::of(50);
    let subject = name(crate::pki::SEAL_ID);
    let der = Spec::leaf(3, subject.clone(), &issuer.name, &key).sign_as("1.2.840.113549.1.1.11", &Key::of(51));
    Issued { der, key, name: subject }
}

/// Whoever writes a certificate writes its signatureAlgorithm too. A claim of RSA in the name of a root with an SM2 key used to leave the
/// chain unknown, where it is a forgery.
#[test]
fn claiming_another_algorithm_makes_no_forgery_an_open_question() {
    let mut pki = Pki::new();
    pki.signer = mislabelled(&pki.root);
    let report = judge(&sealed(Shape::V4, &pki), Some(&trust_of(&pki, &[])));
    assert_eq!((reasons(&report), report.verdict), (vec!["UNTRUSTED_SIGNER"], Verdict::Invalid));
    assert!(!report.signatures[0].chain_is_incomplete("signer_chain"));
    let mut pki = Pki::new();
    pki.maker = mislabelled(&pki.root);
    let report = judge(&sealed(Shape::V4, &pki), Some(&trust_of(&pki, &[])));
    assert_eq!((reasons(&report), report.verdict), (vec!["UNTRUSTED_MAKER"], Verdict::Invalid));
    assert!(!report.signatures[0].chain_is_incomplete("maker_chain"));
}

/// An authority of the list whose own key is of another curve leaves it open; the same authority carried by the document does not.
#[test]
fn only_an_issuer_of_the_list_with_another_key_leaves_the_chain_unknown() {
    let pki = Pki::new();
    let foreign = issued_by(&pki.root, 20, name("Foreign CA"), 20, |spec| {
        spec.authority = Some(None);
        spec.usage = Some(CERT_AND_CRL_SIGN);
        spec.curve = "1.2.840.10045.3.1.7";
    });
    let leaf = Certificate::read(&issued_by(&foreign, 60, name("Leaf"), 60, |_| {}).der).unwrap();
    let at = "2026-06-01".parse().unwrap();
    let answer = list(&[&pki.root.der, &foreign.der]).chain(&leaf, &[], at);
    assert_eq!(answer, ChainAnswer::Unknown(Reason::LegacyAlgorithm));
    let carried = [Certificate::read(&foreign.der).unwrap()];
    let answer = list(&[&pki.root.der]).chain(&leaf, &carried, at);
    assert!(matches!(answer, ChainAnswer::Untrusted { is_issuer_absent: true, .. }), "{answer:?}");
}

#[test]
fn an_issuer_that_is_missing_is_told_from_one_that_refused() {
    let pki = Pki::new();
    let absent = |answer: &ChainAnswer| match answer {
        ChainAnswer::Untrusted { is_issuer_absent, .. } => *is_issuer_absent,
        other => panic!("{other:?}"),
    };
    let at = "2026-06-01".parse().unwrap();
    let authority = issued_by(&pki.root, 20, name("CA"), 20, |spec| {
        spec.authority = Some(None);
        spec.usage = Some(CERT_AND_CRL_SIGN);
        spec.not_after = utc("260101000000Z");
    });
    let leaf = Certificate::read(&issued_by(&authority, 60, name("Leaf"), 60, |_| {}).der).unwrap();
    assert!(absent(&list(&[&pki.root.der]).chain(&leaf, &[], at)), "nothing of that name");
    assert!(!absent(&list(&[&pki.root.der, &authority.der]).chain(&leaf, &[], at)), "expired");
    let signer = Certificate::read(&pki.signer.der).unwrap();
    let another = Key::of(70);
    let named = name("Test Root");
    let namesake = Spec::authority(9, named.clone(), &named, &another, None).sign(&another);
    assert!(!absent(&list(&[&namesake]).chain(&signer, &[], at)), "did not sign");
    let narrowed = list(&[&pki.root.der]).narrowed(|_| false, Vec::new());
    assert!(!absent(&narrowed.chain(&signer, &[], at)), "known, and not accepted by the others");
    let report = judge(&sealed(Shape::V4, &pki), Some(&list(&[&namesake])));
    assert!(!report.signatures[0].chain_is_incomplete("signer_chain"));
    let elsewhere = name("Elsewhere");
    let elsewhere = Spec::authority(9, elsewhere.clone(), &elsewhere, &another, None).sign(&another);
    let report = judge(&sealed(Shape::V4, &pki), Some(&list(&[&elsewhere])));
    assert_eq!((report.verdict, reasons(&report)), (Verdict::Invalid, vec!["UNTRUSTED_MAKER", "UNTRUSTED_SIGNER"]));
    let signature = &report.signatures[0];
    assert!(signature.chain_is_incomplete("signer_chain") && signature.chain_is_incomplete("maker_chain"));
    assert!(!signature.chain_is_incomplete("signer_revocation"), "another check");
}

/// A list that says not until when it is current clears nobody; it still revokes. One that is younger than the certificate's end clears
/// who signed before that end, with a warning: an entry may have been dropped (RFC 5280, 3.3).
#[test]
fn a_list_without_end_clears_nothing_and_one_after_the_certificates_end_warns() {
    let pki = Pki::new();
    let document = sealed(Shape::V4, &pki);
    let end = "360601000000Z";
    for (times, clears, warns) in [
        (vec![utc("260601000000Z"), utc(end)], true, false),
        (vec![utc("260601000000Z")], false, false),
        // The certificates end on 2035-01-01.
        (vec![utc("350101000000Z"), utc(end)], true, false),
        (vec![utc("350101000001Z"), utc(end)], true, true),
    ] {
        let of = |entries: &[(u8, &str)]| list(&[&pki.root.der, &crl_of(&pki.root, entries, &[], &times)]);
        let report = judge(&document, Some(&of(&[])));
        let expected = if clears { Verdict::Valid } else { Verdict::Unknown };
        assert_eq!(report.verdict, expected, "{times:?}");
        assert_eq!(reasons(&report), if clears { vec![] } else { vec!["REVOCATION_LIST_ABSENT"] }, "{times:?}");
        let warned = report.signatures[0].warnings.iter().any(|w| w.code == Reason::RevocationListAfterEnd);
        assert_eq!(warned, warns, "{times:?}");
        let report = judge(&document, Some(&of(&[(3, "260501000000Z")])));
        assert_eq!(report.verdict, Verdict::Invalid, "{times:?}");
        assert!(reasons(&report).contains(&"CERT_REVOKED_BEFORE_SIGNING"), "{times:?}");
    }
}
