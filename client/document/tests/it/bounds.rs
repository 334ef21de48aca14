//! Files made to take long or to need much: each ends in its code.

use super::fixture::{DOCUMENT, Files, PAGE, SIGNATURES};
use huxin_document::ofd::Ofd;
use huxin_document::report::{Outcome, Verdict};
use huxin_document::{Limits, Options, Reason, inspect};
use std::io::{Cursor, Write as _};
use zip::{CompressionMethod, ZipWriter};

/// The package without compression: what repeats would pack so well that it is refused as a bomb already.
fn stored(files: &Files) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in &files.0 {
        zip.start_file(name, super::fixture::options().compression_method(CompressionMethod::Stored)).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// The first defect of a file that opens but cannot be read whole.
fn defect(name: &str, content: impl AsRef<[u8]>) -> Reason {
    let mut files = Files::whole();
    files.set(name, content);
    let bytes = stored(&files);
    let ofd = Ofd::open(&bytes, &Limits::default()).unwrap();
    assert!(!ofd.is_complete(), "{name}");
    assert!(ofd.defects().len() <= Limits::default().defects_max + 1);
    ofd.defects().iter().map(|defect| defect.code).find(|code| *code != Reason::EntryMissing).unwrap()
}

fn refusal(root: impl AsRef<[u8]>) -> Reason {
    let mut files = Files::whole();
    files.set("OFD.xml", root);
    Ofd::open(&stored(&files), &Limits::default()).unwrap_err().code
}

fn nested(levels: usize) -> String {
    "<a>".repeat(levels) + &"</a>".repeat(levels)
}

const LAUGHS: &str = "<!DOCTYPE l [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;'>\
                      <!ENTITY c '&b;&b;&b;&b;&b;&b;&b;&b;'>]><l>&c;</l>";

#[test]
fn ten_thousand_nested_elements() {
    assert_eq!(refusal(nested(10_000)), Reason::XmlDepth);
    for name in [DOCUMENT, PAGE, "Doc_0/PublicRes.xml", "Doc_0/Annots/Annotations.xml"] {
        assert_eq!(defect(name, nested(10_000)), Reason::XmlDepth, "{name}");
        assert_eq!(defect(name, nested(65)), Reason::XmlDepth, "{name}");
    }
    let mut files = Files::whole();
    files.set(PAGE, nested(64));
    assert!(Ofd::open(&files.zip(), &Limits::default()).unwrap().is_complete());
}

#[test]
fn a_billion_laughs_and_entities_from_outside() {
    assert_eq!(refusal(LAUGHS), Reason::XmlDtd);
    assert_eq!(refusal("<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>"), Reason::XmlDtd);
    assert_eq!(refusal("<a>&x;</a>"), Reason::XmlEntity);
    assert_eq!(refusal("<a b='&x;'/>"), Reason::XmlEntity);
    assert_eq!(defect(PAGE, LAUGHS), Reason::XmlDtd);
    assert_eq!(defect(PAGE, "<Page><PageRes>&x;</PageRes></Page>"), Reason::XmlEntity);
}

#[test]
fn encodings_under_which_others_would_read_other_characters() {
    let declared =
        |encoding: &str, text: &str| format!("<?xml version='1.0' encoding='{encoding}'?><Page>{text}</Page>");
    assert_eq!(defect(PAGE, [declared("GB18030", "").as_bytes(), b"\xff"].concat()), Reason::XmlEncoding);
    assert_eq!(defect(PAGE, declared("UTF-16", "x")), Reason::XmlEncoding);
    assert_eq!(defect(PAGE, b"<Page>\xB8\xBD</Page>"), Reason::XmlEncoding);
    assert_eq!(defect(PAGE, b"\xFF\xFE<\0P\0/\0>\0\0\xd8"), Reason::XmlEncoding);
    for harmless in [declared("GB18030", "x"), declared("utf-8", "证"), format!("\u{feff}{}", declared("UTF-8", "证"))]
    {
        let mut files = Files::whole();
        files.set(PAGE, harmless);
        assert!(Ofd::open(&files.zip(), &Limits::default()).unwrap().is_complete());
    }
}

#[test]
fn xml_that_is_not_one_whole_element() {
    for text in
        ["", " ", "text", "<a>", "<a></b>", "<a/><b/>", "<a/>text", "<a", "</a>", "<a b='1' b='2'/>", "<a b=1/>"]
    {
        assert_eq!(refusal(text), Reason::XmlMalformed, "{text}");
    }
}

#[test]
fn xml_file_of_a_hundred_megabytes() {
    let page = format!("<Page>{}</Page>", "<a/>".repeat(25_000_000));
    assert_eq!(defect(PAGE, &page), Reason::XmlTooLarge);
    assert_eq!(refusal(&page), Reason::XmlTooLarge);
}

#[test]
fn many_xml_files_of_a_fair_size_each() {
    let bytes = Files::whole().zip();
    let limits = Limits { xml_total_bytes_max: 1000, ..Limits::default() };
    let ofd = Ofd::open(&bytes, &limits).unwrap();
    assert!(!ofd.is_complete());
    assert!(ofd.defects().iter().all(|defect| defect.code == Reason::XmlTooLarge));
}

#[test]
fn elements_and_attributes_without_number() {
    assert_eq!(refusal(format!("<OFD>{}</OFD>", "<a/>".repeat(200_000))), Reason::XmlTooLarge);
    let attributes: String = (0..300).map(|index| format!(" a{index}=''")).collect();
    assert_eq!(refusal(format!("<OFD{attributes}/>")), Reason::XmlTooLarge);
}

#[test]
fn a_million_pages() {
    let pages = |page: &str| format!("<Document><Pages>{}</Pages></Document>", page.repeat(1_000_000));
    assert_eq!(defect(DOCUMENT, pages("<Page BaseLoc='P'/>")), Reason::TooMany);
    assert_eq!(defect(DOCUMENT, pages("<Page BaseLoc='/x'/>")), Reason::TooMany);
}

#[test]
fn a_million_references() {
    let mut files = Files::signed();
    let references = "<Reference FileRef='/OFD.xml'><CheckValue>A</CheckValue></Reference>";
    files.set("Doc_0/Signs/Sign_0/Signature.xml", super::fixture::signature_xml("SM3", &references.repeat(1_000_000)));
    let bytes = stored(&files);
    let ofd = Ofd::open(&bytes, &Limits::default()).unwrap();
    assert_eq!(ofd.signatures()[0].defects[0].code, Reason::TooMany);
    files.set("Doc_0/Signs/Sign_0/Signature.xml", super::fixture::signature_xml("SM3", &references.repeat(30_000)));
    let bytes = stored(&files);
    let ofd = Ofd::open(&bytes, &Limits::default()).unwrap();
    assert_eq!(ofd.signatures()[0].defects[0].code, Reason::TooMany);
    assert_eq!(ofd.check_references(0).unwrap().len(), 20_000);
}

#[test]
fn signatures_without_number() {
    let mut files = Files::signed();
    let items = "<Signature BaseLoc='Sign_0/Signature.xml'/>".repeat(90_000);
    files.set(SIGNATURES, format!("<Signatures>{items}</Signatures>"));
    let bytes = stored(&files);
    let ofd = Ofd::open(&bytes, &Limits::default()).unwrap();
    assert_eq!(ofd.signatures().len(), Limits::default().signatures_max + 1);
    assert_eq!(ofd.signatures().last().unwrap().defects[0].code, Reason::TooMany);
}

#[test]
fn defects_without_number_are_counted_as_one_more() {
    let links: String = (0..500).map(|index| format!("<Page BaseLoc='{index}.xml'/>")).collect();
    let mut files = Files::whole();
    files.set(DOCUMENT, format!("<Document><Pages>{links}</Pages></Document>"));
    let bytes = files.zip();
    let ofd = Ofd::open(&bytes, &Limits::default()).unwrap();
    assert_eq!(ofd.defects().len(), 101);
    assert_eq!(ofd.defects()[100].code, Reason::TooMany);
}

/// A page with a document type is refused for what it is. One that became such by a changed byte is refused for the change, and for that
/// alone: its reasons said that XML was hostile, too.
#[test]
fn a_page_that_nobody_should_open_is_refused_for_that_unless_it_was_altered() {
    let judged = |signed: &str, shown: &str| {
        let mut files = Files::whole();
        files.list_signatures(1);
        // A link to nowhere is not why the document cannot be read.
        files.remove("Doc_0/Res/i.png");
        files.set(PAGE, signed);
        files.sign(0, |name| name != SIGNATURES);
        files.set(PAGE, shown);
        let report = inspect(&stored(&files), &Options::default());
        let coverage = report.signatures[0].checks.get("coverage").unwrap();
        assert_eq!(coverage.result, Outcome::Unknown, "{coverage:?}");
        (coverage.code.unwrap(), report.checks.overall(), report.reasons)
    };
    for (page, code) in
        [(LAUGHS, Reason::XmlDtd), (&nested(10_000), Reason::XmlDepth), ("<a>&x;</a>", Reason::XmlEntity)]
    {
        let (found, overall, reasons) = judged(page, page);
        assert_eq!((found, overall), (code, Verdict::Invalid));
        assert!(reasons.contains(&code), "{reasons:?}");
        let (found, overall, reasons) = judged("<Page/>", page);
        assert_eq!((found, overall), (code, Verdict::Valid));
        assert!(!reasons.contains(&code) && reasons.contains(&Reason::ReferenceDigest), "{reasons:?}");
    }
    assert_eq!(judged("<Page>", "<Page>").0, Reason::XmlMalformed);
}
