//! What an attacker slips into a file that is sealed in truth, and what he writes where others will read it.

use std::io::{Cursor, Read as _};

use huxin_chain_spec::crypto::DigestAlgorithm;
use huxin_chain_spec::crypto::sm2::{DEFAULT_USER_ID, message_digest};
use huxin_document::report::{Outcome, Report, Verdict};
use huxin_document::{Options, inspect};

use crate::judged::{judge, trust_of};
use crate::made::{DataSpec, SealSpec, Shape, sealed, sealed_with, zip};
use crate::pki::Pki;
use crate::tlv::{ia5, octets, seq};

type Files = Vec<(String, Vec<u8>)>;

fn files_of(bytes: &[u8]) -> Files {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    (0..archive.len())
        .map(|index| {
            let mut entry = archive.by_index(index).unwrap();
            let mut content = Vec::new();
            entry.read_to_end(&mut content).unwrap();
            (entry.name().unwrap().into_owned(), content)
        })
        .collect()
}

/// The sealed file with `evil.xml` and a list of everything, whose value is made of the list.
fn slipped(pki: &Pki, value: impl FnOnce(&[u8]) -> Vec<u8>) -> Vec<u8> {
    let mut files = files_of(&sealed(Shape::V4, pki));
    files.push(("evil.xml".to_owned(), b"<evil/>".to_vec()));
    let listed: String =
        files.iter().enumerate().map(|(id, (name, _))| format!("<File ID='{id}' FileLoc='/{name}'/>")).collect();
    let list = format!("<DocEntries><SignedValueLoc>/v.dat</SignedValueLoc><FileList>{listed}</FileList></DocEntries>");
    let value = value(list.as_bytes());
    files.push(("OFDEntries.xml".to_owned(), list.into_bytes()));
    files.push(("v.dat".to_owned(), value));
    zip(&files)
}

fn codes(report: &Report) -> Vec<&'static str> {
    report.reasons.iter().map(|reason| reason.code()).collect()
}

/// Anybody can add a file together with a list that names it. The list excused the file whatever stood where its signature should.
#[test]
fn a_list_that_nobody_signed_excuses_nothing() {
    let pki = Pki::new();
    let trust = trust_of(&pki, &[]);
    let rogue = {
        let mut rogue = Pki::new();
        std::mem::swap(&mut rogue.signer, &mut rogue.other);
        rogue
    };
    let random: Vec<u8> = DigestAlgorithm::Sm3.plain(&[b"one"]).as_bytes().iter().copied().cycle().take(64).collect();
    for trust in [None, Some(&trust)] {
        let bare = judge(&slipped(&pki, |_| random.clone()), trust);
        assert_eq!((bare.verdict, codes(&bare)), (Verdict::Invalid, vec!["UNREFERENCED_ENTRY"]));
        let other = judge(&slipped(&pki, |list| DataSpec::new(&rogue, list).sign(&rogue)), trust);
        assert_eq!((other.verdict, codes(&other)), (Verdict::Invalid, vec!["UNREFERENCED_ENTRY"]));
        let stale = judge(&slipped(&pki, |_| DataSpec::new(&pki, b"another list").sign(&pki)), trust);
        assert_eq!(stale.verdict, Verdict::Invalid);
        assert_eq!(codes(&stale), ["UNREFERENCED_ENTRY", "SIGNATURE_XML_DIGEST"]);
        let own = judge(&slipped(&pki, |list| DataSpec::new(&pki, list).sign(&pki)), trust);
        assert_eq!(own.signatures[0].checks.get("unreferenced").unwrap().result, Outcome::Pass, "by the signer");
        assert_ne!(own.verdict, Verdict::Invalid);
    }
}

/// The signer's digest in a list of digests is what a ledger registers; one computed with Z named nobody's certificate.
#[test]
fn a_digest_with_z_becomes_the_digest_of_the_known_certificate() {
    let pki = Pki::new();
    let plain = DigestAlgorithm::Sm3.plain(&[&pki.signer.der]);
    let with_z = message_digest(&pki.signer.key.point(), DEFAULT_USER_ID, &[&pki.signer.der]).unwrap();
    let other = DigestAlgorithm::Sm3.plain(&[b"another certificate"]);
    for (listed, is_z) in [(plain, false), (with_z, true)] {
        let mut seal = SealSpec::new(Shape::V4, &pki);
        seal.list_type = Some(2);
        let entry = |digest: &huxin_chain_spec::crypto::Digest| seq(&[&ia5("SM3"), &octets(digest.as_bytes())]);
        seal.list = seq(&[&entry(&other), &entry(&listed)]);
        let seal = seal.sign();
        let alone = judge(&seal, None).seal.unwrap();
        assert_eq!((alone.signers_sm3.as_slice(), alone.signers_with_z), (&[other, listed][..], None));
        let report = judge(&sealed_with(Shape::V4, &pki, |spec, _| spec.seal = seal), None);
        assert_eq!(report.cryptography, Verdict::Valid, "{:?}", report.reasons);
        let facts = report.signatures[0].seal.as_ref().unwrap();
        assert_eq!((facts.signers_sm3.as_slice(), facts.signers_with_z), (&[other, plain][..], Some(is_z)));
    }
    let certificates = judge(&sealed(Shape::V4, &pki), None);
    assert_eq!(certificates.signatures[0].seal.as_ref().unwrap().signers_with_z, Some(false));
}

/// `ESC [2J` in a metadata value or an identifier cleared the screen of whoever inspected the file.
#[test]
fn no_text_of_a_file_reaches_a_terminal_as_a_command() {
    const ATTACK: &str = "\u{1b}[2J\u{9b}\u{7f}\u{202e}\u{2066}";
    let pki = Pki::new();
    let mut files = files_of(&sealed(Shape::V4, &pki));
    for (name, from, to) in [
        ("OFD.xml", "<ofd:DocRoot>", &*format!("<ofd:DocRoot>{ATTACK}")),
        ("Doc_0/Signs/Signatures.xml", " ID=\"1\"", &format!(" ID=\"1{ATTACK}\"")),
        ("Doc_0/Signs/Sign_0/Signature.xml", "CheckMethod=\"SM3\"", &format!("CheckMethod=\"{ATTACK}\"")),
        ("Doc_0/Signs/Sign_0/Signature.xml", "FileRef=\"/", &format!("FileRef=\"/{ATTACK}")),
        ("Doc_0/Signs/Sign_0/Signature.xml", "<ofd:SignatureDateTime>", &format!("<ofd:SignatureDateTime>{ATTACK}")),
    ] {
        let content = &mut files.iter_mut().find(|(known, _)| known == name).unwrap().1;
        let text = String::from_utf8(content.clone()).unwrap();
        assert!(text.contains(from), "{name} {from}: {text}");
        *content = text.replace(from, to).into_bytes();
    }
    files.push(("x\u{202e}y.xml".to_owned(), vec![]));
    let list = format!("<DocEntries><FileList><File FileLoc='/{ATTACK}'/></FileList></DocEntries>");
    files.push(("OFDEntries.xml".to_owned(), list.into_bytes()));
    let report = inspect(&zip(&files), &Options::default());
    assert_eq!(report.signatures.len(), 1, "{report:?}");
    assert!(report.signatures[0].id.contains("\\u{1b}[2J"));
    let json = serde_json::to_value(&report).unwrap();
    let mut texts = Vec::new();
    collect(&json, &mut texts);
    assert!(texts.iter().any(|text| text.contains("x\\u{202e}y.xml")), "{texts:?}");
    for text in texts {
        let disturbs = |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        assert!(!text.contains(disturbs), "{text:?}");
    }
}

/// Every text of a JSON value, names included.
fn collect(value: &serde_json::Value, into: &mut Vec<String>) {
    match value {
        serde_json::Value::String(text) => into.push(text.clone()),
        serde_json::Value::Array(items) => items.iter().for_each(|item| collect(item, into)),
        serde_json::Value::Object(fields) => fields.iter().for_each(|(name, item)| {
            into.push(name.clone());
            collect(item, into);
        }),
        _ => {}
    }
}

/// 256 signatures that name one value of 16 MiB unpacked and judged it 256 times, from a file of a few kilobytes.
#[test]
fn many_signatures_over_one_huge_value_end_in_bounded_time() {
    // A seal signature whose picture fills it, so that all of it is hashed for every judgement.
    let pki = Pki::new();
    let mut seal = SealSpec::new(Shape::V4, &pki);
    seal.picture = seq(&[&ia5("png"), &octets(&vec![0; 7 << 20]), &crate::tlv::int(&[40]), &crate::tlv::int(&[40])]);
    let seal = seal.sign();
    let document = sealed_with(Shape::V4, &pki, |spec, _| spec.seal = seal.clone());
    for value in [vec![0x30; (16 << 20) - 100_000], value_of(&document)] {
        let mut files = files_of(&sealed(Shape::V4, &pki));
        let items: String =
            (0..256).map(|id| format!("<Signature ID='{id}' BaseLoc='/Doc_0/Signs/Sign_0/Signature.xml'/>")).collect();
        for (name, content) in &mut files {
            match name.as_str() {
                "Doc_0/Signs/Signatures.xml" => *content = format!("<Signatures>{items}</Signatures>").into_bytes(),
                "Doc_0/Signs/Sign_0/SignedValue.dat" => content.clone_from(&value),
                _ => {}
            }
        }
        let bytes = zip(&files);
        assert!(bytes.len() < 200_000, "{}", bytes.len());
        let start = std::time::Instant::now();
        let report = inspect(&bytes, &Options::default());
        let took = start.elapsed();
        assert!(took < std::time::Duration::from_secs(20), "{took:?}");
        assert_eq!((report.signatures.len(), report.verdict), (256, Verdict::Invalid));
        let code = report.signatures[255].checks.get("structure").unwrap().code.unwrap();
        assert_eq!(code.code(), "TOO_MANY");
        assert_ne!(
            report.signatures[0].checks.get("structure").unwrap().code.map(|code| code.code()),
            Some("TOO_MANY")
        );
    }
}

fn value_of(document: &[u8]) -> Vec<u8> {
    files_of(document).into_iter().find(|(name, _)| name.ends_with("SignedValue.dat")).unwrap().1
}

/// 256 signatures that protect nothing of 2,000 entries would list half a million names.
#[test]
fn a_report_lists_ten_thousand_names_and_no_more() {
    let pki = Pki::new();
    let mut files = files_of(&sealed(Shape::V4, &pki));
    let items: String =
        (0..256).map(|id| format!("<Signature ID='{id}' BaseLoc='/Doc_0/Signs/Sign_0/Signature.xml'/>")).collect();
    let list = files.iter_mut().find(|(name, _)| name == "Doc_0/Signs/Signatures.xml").unwrap();
    list.1 = format!("<Signatures>{items}</Signatures>").into_bytes();
    files.extend((0..2_000).map(|index| (format!("x/{index}"), vec![])));
    let report = inspect(&zip(&files), &Options::default());
    let names = report.signatures.iter().filter_map(|signature| signature.xml.as_ref());
    let names: usize =
        names.map(|xml| xml.unprotected_entries.len() + xml.unreferenced.len() + xml.references_bad.len()).sum();
    assert_eq!(names, 10_000);
    assert_eq!(report.signatures[255].xml.as_ref().unwrap().unreferenced.len(), 1_000);
    assert!(report.signatures[0].checks.get("unreferenced").unwrap().detail.starts_with("2000 entries"));
}
