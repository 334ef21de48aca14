//! The structure of OFD files: locations as vendors write them, loops, missing and huge parts, the integrity list.

use super::fixture::{DOCUMENT, Files, PAGE, SIGNATURES};
use huxin_document::ofd::Ofd;
use huxin_document::{Limits, Reason};

fn codes(files: &Files) -> Vec<Reason> {
    let bytes = files.zip();
    let ofd = Ofd::open(&bytes, &Limits::default()).unwrap();
    ofd.defects().iter().map(|defect| defect.code).collect()
}

fn refusal(files: &Files) -> Reason {
    Ofd::open(&files.zip(), &Limits::default()).unwrap_err().code
}

#[test]
fn whole_document_has_no_defect() {
    assert_eq!(codes(&Files::whole()), []);
    let bytes = Files::whole().zip();
    let ofd = Ofd::open(&bytes, &Limits::default()).unwrap();
    assert!(ofd.signatures().is_empty() && ofd.integrity().is_none() && ofd.is_complete());
    assert_eq!(ofd.unreferenced(), [""; 0]);
    assert_eq!(ofd.metadata().doc_id.as_deref(), Some("1"));
    assert_eq!(ofd.entry_names().count(), Files::whole().0.len());
    assert_eq!(ofd.read("Doc_0/Res/i.png", 5).unwrap(), b"image");
    assert_eq!(ofd.read("Doc_0/Res/i.png", 4).unwrap_err().code, Reason::TooMany);
    assert_eq!(ofd.read("nothing", 4).unwrap_err().code, Reason::EntryMissing);
}

#[test]
fn locations_as_vendors_write_them_are_found_and_noted() {
    for written in ["pages/PAGE_0/content.xml", "/Doc_0/Pages/Page_0/Content%2Exml", "Pages\\Page_0\\Content.xml"] {
        let mut files = Files::whole();
        files.replace(DOCUMENT, "Pages/Page_0/Content.xml", written);
        assert_eq!(codes(&files), [Reason::LocationInexact], "{written}");
    }
    for exact in
        ["./Pages/Page_0/../Page_0/Content.xml", "/Doc_0/Pages/Page_0/Content.xml", " Pages/Page_0/Content.xml "]
    {
        let mut files = Files::whole();
        files.replace(DOCUMENT, "Pages/Page_0/Content.xml", exact);
        assert_eq!(codes(&files), [], "{exact}");
    }
}

#[test]
fn locations_that_lead_nowhere_or_outside_are_noted() {
    for (written, code) in [
        ("Pages/None.xml", Reason::EntryMissing),
        ("../../x.xml", Reason::LocationOutside),
        ("%2e%2e/OFD.xml", Reason::EntryMissing),
        ("", Reason::LocationOutside),
        ("http://example.org/x.xml", Reason::EntryMissing),
    ] {
        let mut files = Files::whole();
        files.replace(DOCUMENT, "Pages/Page_0/Content.xml", written);
        assert_eq!(codes(&files), [code], "{written}");
    }
}

#[test]
fn without_a_root_or_a_document_there_is_no_ofd() {
    let mut files = Files::whole();
    files.remove("OFD.xml");
    assert_eq!(refusal(&files), Reason::OfdStructure);
    for root in ["<OFD/>", "<Other><DocBody/></Other>"] {
        files.set("OFD.xml", root);
        assert_eq!(refusal(&files), Reason::OfdStructure);
    }
    files.set("OFD.xml", format!("<OFD>{}</OFD>", "<DocBody/>".repeat(17)));
    assert_eq!(refusal(&files), Reason::TooMany);
    files.set("OFD.xml", "<OFD><DocBody/></OFD>");
    let bytes = files.zip();
    let ofd = Ofd::open(&bytes, &Limits::default()).unwrap();
    assert_eq!(ofd.defects()[0].code, Reason::OfdStructure);
    assert!(!ofd.is_complete());
}

#[test]
fn missing_document_is_no_clean_file() {
    let mut files = Files::whole();
    files.remove(DOCUMENT);
    let bytes = files.zip();
    let ofd = Ofd::open(&bytes, &Limits::default()).unwrap();
    assert!(!ofd.is_complete());
    assert_eq!(ofd.defects()[0].code, Reason::EntryMissing);
}

#[test]
fn loops_end() {
    let mut files = Files::whole();
    files.replace(DOCUMENT, "Tpls/Tpl_0/Content.xml", "Document.xml");
    files.set(PAGE, "<Page><PageRes>Content.xml</PageRes><PageRes>../../Document.xml</PageRes></Page>");
    let versions = "<Versions><Version BaseLoc='OFD.xml'/><Version BaseLoc='V.xml'/></Versions></ofd:DocBody>";
    files.replace("OFD.xml", "</ofd:DocBody>", versions);
    files.set("V.xml", "<DocVersion><DocRoot>V.xml</DocRoot><FileList><File>V.xml</File></FileList></DocVersion>");
    assert_eq!(codes(&files), []);
}

#[test]
fn any_prefix_and_none_is_read() {
    let mut files = Files::whole();
    let text = files.text(DOCUMENT).replace("ofd:", "o:").replace("xmlns:ofd", "xmlns:o");
    files.set(DOCUMENT, text);
    let text = files.text("OFD.xml").replace("ofd:", "").replace("xmlns:ofd", "xmlns");
    files.set("OFD.xml", text);
    assert_eq!(codes(&files), []);
    let bytes = files.zip();
    assert_eq!(Ofd::open(&bytes, &Limits::default()).unwrap().unreferenced(), [""; 0]);
}

#[test]
fn attribute_with_a_prefix_does_not_stand_in_for_one_without() {
    let mut files = Files::whole();
    files.replace(DOCUMENT, "<ofd:Page ID='1' ", "<ofd:Page ofd:BaseLoc='Evil.xml' ID='1' ");
    assert_eq!(codes(&files), []);
}

#[test]
fn integrity_list_names_what_is_missing_and_what_is_too_much() {
    let mut files = Files::whole();
    let items: String = files.0.iter().map(|(name, _)| format!("<File ID='1' FileLoc='/{name}'/>")).collect();
    let list = format!("<DocEntries><SignedValueLoc>/v.dat</SignedValueLoc><FileList>{items}</FileList></DocEntries>");
    files.set("OFDEntries.xml", list);
    files.set("v.dat", "value");
    files.remove("Doc_0/x.dat");
    files.set("extra.bin", "x");
    let bytes = files.zip();
    let ofd = Ofd::open(&bytes, &Limits::default()).unwrap();
    let list = ofd.integrity().unwrap();
    assert_eq!(list.signed_value_path.as_deref(), Some("v.dat"));
    assert_eq!(list.missing_entries, ["Doc_0/x.dat"]);
    assert_eq!(list.unlisted_entries, ["extra.bin"]);
    assert_eq!(ofd.unreferenced(), ["extra.bin"]);
    assert_eq!(list.xml, files.text("OFDEntries.xml").as_bytes());
}

#[test]
fn integrity_list_that_cannot_be_read_has_a_defect() {
    let mut files = Files::whole();
    files.set("ofdentries.XML", "<!DOCTYPE x><DocEntries/>");
    let bytes = files.zip();
    let ofd = Ofd::open(&bytes, &Limits::default()).unwrap();
    assert_eq!(ofd.integrity().unwrap().defects[0].code, Reason::XmlDtd);
    assert!(ofd.integrity().unwrap().unlisted_entries.contains(&"OFD.xml".to_owned()));
}

#[test]
fn signatures_of_the_list_that_alias_content_stay_content() {
    let mut files = Files::signed();
    files.replace(
        SIGNATURES,
        "</Signatures>",
        "<Signature ID='2' BaseLoc='/Doc_0/Pages/Page_1/Content.xml'/></Signatures>",
    );
    files.sign(0, |name| !name.starts_with("Doc_0/Signs") && name != "Doc_0/Pages/Page_1/Content.xml");
    let bytes = files.zip();
    let ofd = Ofd::open(&bytes, &Limits::default()).unwrap();
    assert_eq!(ofd.coverage(0, &[false]).unprotected_content, ["Doc_0/Pages/Page_1/Content.xml"]);
}
