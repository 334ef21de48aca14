//! What is read of a signature, and how its references are compared.

use super::fixture::{Files, PAGE, SIGNATURES, reference, signature_xml};
use huxin_document::ofd::{BadReferenceStatus, Ofd, SignatureKind};
use huxin_document::{Limits, Reason};

const SIGNATURE: &str = "Doc_0/Signs/Sign_0/Signature.xml";

/// Bad references of a file whose one signature has exactly `references`.
fn bad(check_method: &str, references: &str) -> Vec<(String, BadReferenceStatus)> {
    let mut files = Files::signed();
    files.set(SIGNATURE, signature_xml(check_method, references));
    let bytes = files.zip();
    let ofd = Ofd::open(&bytes, &Limits::default()).unwrap();
    ofd.check_references(0).unwrap().into_iter().map(|bad| (bad.file, bad.status)).collect()
}

fn page_reference(file_ref: &str) -> String {
    reference(file_ref, Files::signed().text(PAGE).as_bytes())
}

#[test]
fn changed_page_is_a_mismatch_and_a_removed_one_is_missing() {
    let mut files = Files::signed();
    files.set(PAGE, "<Page/>");
    files.remove("Doc_0/Res/i.png");
    let bytes = files.zip();
    let bad = Ofd::open(&bytes, &Limits::default()).unwrap().check_references(0).unwrap();
    let bad: Vec<_> = bad.iter().map(|bad| (bad.file.as_str(), bad.status)).collect();
    assert_eq!(bad, [(PAGE, BadReferenceStatus::Mismatch), ("Doc_0/Res/i.png", BadReferenceStatus::Missing)]);
}

#[test]
fn names_of_algorithms_and_of_files_as_vendors_write_them() {
    for method in ["SM3", "sm3", " Sm3 ", "1.2.156.10197.1.401", ""] {
        for name in [
            "/Doc_0/Pages/Page_0/Content.xml",
            "../../Pages/Page_0/Content.xml",
            PAGE,
            "/doc_0/pages/page_0/CONTENT.xml",
        ] {
            assert_eq!(bad(method, &page_reference(name)), [], "{method} {name}");
        }
    }
    for method in ["1.2.156.10197.1.401.2", "SHA256X"] {
        let expected = [(PAGE.to_owned(), BadReferenceStatus::UnsupportedDigest)];
        assert_eq!(bad(method, &page_reference(PAGE)), expected, "{method}");
    }
    assert_eq!(bad("SHA256", &page_reference(PAGE))[0].1, BadReferenceStatus::Mismatch);
}

#[test]
fn sha256_is_compared_under_any_of_its_names() {
    use base64::Engine as _;
    use huxin_chain_spec::crypto::DigestAlgorithm;
    let digest = DigestAlgorithm::Sha256.plain(&[Files::signed().text(PAGE).as_bytes()]);
    let value = base64::engine::general_purpose::STANDARD.encode(digest.as_bytes());
    let reference = format!("<Reference FileRef='/{PAGE}'><CheckValue>{value}</CheckValue></Reference>");
    for method in ["SHA256", "sha-256", "2.16.840.1.101.3.4.2.1"] {
        assert_eq!(bad(method, &reference), [], "{method}");
    }
    assert_eq!(bad("SM3", &reference)[0].1, BadReferenceStatus::Mismatch);
}

/// Outdated digests prove little where they agree, and all where they do not.
#[test]
fn md5_and_sha1_tell_altered_files_from_old_ones() {
    use base64::Engine as _;
    use sha1::Digest as _;
    let page = Files::signed().text(PAGE);
    let values = [md5::Md5::digest(&page).to_vec(), sha1::Sha1::digest(&page).to_vec()];
    let [of_md5, of_sha1] = values.map(|digest| {
        let value = base64::engine::general_purpose::STANDARD.encode(digest);
        format!("<Reference FileRef='/{PAGE}'><CheckValue>{value}</CheckValue></Reference>")
    });
    let rows = [
        (["MD5", "1.2.840.113549.2.5", ""], &of_md5, BadReferenceStatus::LegacyDigest),
        (["SHA1", "sha-1", ""], &of_sha1, BadReferenceStatus::LegacyDigest),
        (["MD5", "SM3", "SHA256"], &of_sha1, BadReferenceStatus::Mismatch),
        (["SHA1", "SM3", "SHA256"], &of_md5, BadReferenceStatus::Mismatch),
        (["MD5", "SHA1", "md5"], &page_reference(PAGE), BadReferenceStatus::Mismatch),
    ];
    for (methods, reference, status) in rows {
        for method in methods {
            assert_eq!(bad(method, reference), [(PAGE.to_owned(), status)], "{method}");
        }
    }
}

#[test]
fn absent_check_method_is_told_and_sixteen_bytes_are_taken_for_md5() {
    let mut files = Files::signed();
    let text = files.text(SIGNATURE).replace(" CheckMethod='SM3'", "");
    files.set(SIGNATURE, &text);
    let bytes = files.zip();
    let ofd = Ofd::open(&bytes, &Limits::default()).unwrap();
    assert_eq!(ofd.signatures()[0].check_method, None);
    assert_eq!(ofd.check_references(0).unwrap(), []);
    let md5 = "<Reference FileRef='/OFD.xml'><CheckValue>1B2M2Y8AsgTpgAmY7PhCfg==</CheckValue></Reference>";
    files.set(SIGNATURE, signature_xml("", md5).replace(" CheckMethod=''", ""));
    let bytes = files.zip();
    let ofd = Ofd::open(&bytes, &Limits::default()).unwrap();
    assert_eq!(ofd.check_references(0).unwrap()[0].status, BadReferenceStatus::Mismatch, "MD5 of nothing");
}

#[test]
fn one_file_with_two_values_cannot_be_right() {
    let both = page_reference(PAGE) + &reference(PAGE, b"other");
    assert_eq!(bad("SM3", &both), [(PAGE.to_owned(), BadReferenceStatus::Mismatch)]);
    let cases = page_reference(PAGE) + &reference(&PAGE.to_uppercase(), b"other");
    assert_eq!(bad("SM3", &cases), [(PAGE.to_owned(), BadReferenceStatus::Mismatch)]);
}

#[test]
fn values_that_are_no_digest_are_mismatches() {
    for value in ["", "!!", "AAAA"] {
        let reference = format!("<Reference FileRef='/{PAGE}'><CheckValue>{value}</CheckValue></Reference>");
        assert_eq!(bad("SM3", &reference)[0].1, BadReferenceStatus::Mismatch, "{value}");
    }
    let unpadded = page_reference(PAGE).replace("=</CheckValue>", "\n </CheckValue>");
    assert_eq!(bad("SM3", &unpadded), []);
}

#[test]
fn kind_seal_and_stamps_are_read() {
    let mut files = Files::signed();
    files.replace(SIGNATURES, "<Signature ID='0'", "<Signature Type='Sign' ID='s007'");
    files.set("Doc_0/Signs/Sign_0/Seal.esl", "seal");
    let seal = "<Seal><BaseLoc>/Doc_0/Signs/Sign_0/Seal.esl</BaseLoc></Seal>\
                <SignatureDateTime>20201010151120</SignatureDateTime>\
                <StampAnnot ID='1' PageRef='2' Boundary='1 2 3 4'/></SignedInfo>";
    files.replace(SIGNATURE, "</SignedInfo>", seal);
    let bytes = files.zip();
    let ofd = Ofd::open(&bytes, &Limits::default()).unwrap();
    let signature = &ofd.signatures()[0];
    assert_eq!((signature.id.as_str(), signature.kind), ("s007", SignatureKind::Sign));
    assert_eq!(signature.seal_path.as_deref(), Some("Doc_0/Signs/Sign_0/Seal.esl"));
    assert_eq!(signature.date_time.as_deref(), Some("20201010151120"));
    assert_eq!(signature.stamps[0].page_ref, "2");
    assert_eq!(signature.xml, files.text(SIGNATURE).as_bytes());
    assert_eq!(signature.defects, []);
}

#[test]
fn damage_to_one_signature_is_a_defect_of_that_signature_only() {
    let damages: [(&str, &str, Reason); 6] = [
        ("<SignedValue>SignedValue.dat</SignedValue>", "", Reason::EntryMissing),
        ("SignedValue.dat", "None.dat", Reason::EntryMissing),
        ("SignedValue.dat", "../../../../x", Reason::LocationOutside),
        ("</SignedInfo>", "<Seal><BaseLoc>None.esl</BaseLoc></Seal></SignedInfo>", Reason::EntryMissing),
        ("References", "Other", Reason::OfdStructure),
        ("</Signature>", "", Reason::XmlMalformed),
    ];
    for (from, to, code) in damages {
        let mut files = Files::signed();
        files.list_signatures(2);
        files.sign(1, |name| name != SIGNATURES);
        files.replace(SIGNATURE, from, to);
        let bytes = files.zip();
        let ofd = Ofd::open(&bytes, &Limits::default()).unwrap();
        let codes: Vec<Reason> = ofd.signatures()[0].defects.iter().map(|defect| defect.code).collect();
        assert_eq!(codes, [code], "{from} -> {to}");
        assert_eq!(ofd.signatures()[1].defects, []);
    }
}

#[test]
fn missing_signature_file_is_a_defect() {
    let mut files = Files::signed();
    files.remove(SIGNATURE);
    let bytes = files.zip();
    let ofd = Ofd::open(&bytes, &Limits::default()).unwrap();
    assert_eq!(ofd.signatures()[0].defects[0].code, Reason::EntryMissing);
    assert_eq!(ofd.check_references(1).unwrap_err().code, Reason::TooMany);
}
