//! Coverage as an attacker would try it: each test changes a signed file in one way that leaves every protected digest right, or
//! shows what an honest file may do.

use super::fixture::{DOCUMENT, Files, PAGE, SIGNATURES, ofd_xml, reference, signature_xml};
use huxin_document::Limits;
use huxin_document::ofd::{Coverage, Ofd};

/// The coverage of the last signature. All its references must be met: only then does coverage have something to add.
fn coverage(files: &Files) -> Coverage {
    let bytes = files.zip();
    let ofd = Ofd::open(&bytes, &Limits::default()).unwrap();
    let last = ofd.signatures().len() - 1;
    assert_eq!(ofd.check_references(last).unwrap(), []);
    ofd.coverage(last, &[])
}

/// A file in which everything but `open` is protected.
fn signed_without(open: &[&str]) -> Files {
    let mut files = Files::whole();
    files.list_signatures(1);
    files.sign(0, |name| name != SIGNATURES && !open.contains(&name));
    files
}

#[test]
fn whole_file_under_one_signature_leaves_nothing_open() {
    let found = coverage(&Files::signed());
    assert_eq!(found.unprotected_content, [""; 0]);
    assert_eq!(found.unreferenced, [""; 0]);
    assert!(found.complete);
    let own = ["Doc_0/Signs/Sign_0/Signature.xml", "Doc_0/Signs/Sign_0/SignedValue.dat", SIGNATURES];
    assert_eq!(found.unprotected_entries, own);
}

#[test]
fn every_single_file_of_the_document_is_content() {
    for (name, _) in Files::whole().0 {
        let found = coverage(&signed_without(&[&name]));
        assert_eq!(found.unprotected_content, [name.as_str()], "{name} may be changed without anybody noticing");
        assert_eq!(found.unreferenced, [""; 0]);
    }
}

#[test]
fn new_page_in_an_unprotected_document_is_found_with_the_document() {
    let mut files = signed_without(&[DOCUMENT]);
    files.replace(DOCUMENT, "</ofd:Pages>", "<ofd:Page ID='3' BaseLoc='Pages/Evil.xml'/></ofd:Pages>");
    files.set("Doc_0/Pages/Evil.xml", "<Page/>");
    assert_eq!(coverage(&files).unprotected_content, [DOCUMENT, "Doc_0/Pages/Evil.xml"]);
}

#[test]
fn new_annotation_of_a_page_is_found() {
    let list = "Doc_0/Annots/Annotations.xml";
    let mut files = signed_without(&[list]);
    files.replace(list, "</Annotations>", "<Page PageID='2'><FileLoc>Evil.xml</FileLoc></Page></Annotations>");
    files.set("Doc_0/Annots/Evil.xml", "<PageAnnot/>");
    assert_eq!(coverage(&files).unprotected_content, [list, "Doc_0/Annots/Evil.xml"]);
}

#[test]
fn file_that_only_an_annotation_names_is_content_too() {
    let list = "Doc_0/Attachs/Attachments.xml";
    let mut files = signed_without(&[list]);
    files.replace(list, "a.txt", "evil.txt");
    files.set("Doc_0/Attachs/evil.txt", "evil");
    assert_eq!(coverage(&files).unprotected_content, ["Doc_0/Attachs/Attachments.xml", "Doc_0/Attachs/evil.txt"]);
}

#[test]
fn entry_root_that_points_to_another_document_is_found() {
    let mut files = signed_without(&["OFD.xml"]);
    files.replace("OFD.xml", "Doc_0/Document.xml", "Evil/Document.xml");
    files.set("Evil/Document.xml", "<Document><Pages><Page ID='1' BaseLoc='P.xml'/></Pages></Document>");
    files.set("Evil/P.xml", "<Page/>");
    assert_eq!(coverage(&files).unprotected_content, ["Evil/Document.xml", "Evil/P.xml", "OFD.xml"]);
}

#[test]
fn second_document_without_a_signature_is_found() {
    let mut files = signed_without(&["OFD.xml"]);
    files.replace("OFD.xml", "</ofd:OFD>", "<ofd:DocBody><ofd:DocRoot>Evil.xml</ofd:DocRoot></ofd:DocBody></ofd:OFD>");
    files.set("Evil.xml", "<Document/>");
    assert_eq!(coverage(&files).unprotected_content, ["Evil.xml", "OFD.xml"]);
}

#[test]
fn version_that_points_to_another_document_is_found() {
    let mut files = signed_without(&["OFD.xml"]);
    let versions = "<Versions><Version ID='1' Index='1' BaseLoc='Doc_0/V.xml'/></Versions></ofd:DocBody>";
    files.replace("OFD.xml", "</ofd:DocBody>", versions);
    files.set(
        "Doc_0/V.xml",
        "<DocVersion><FileList><File ID='1'>Old.xml</File></FileList><DocRoot>Evil.xml</DocRoot></DocVersion>",
    );
    files.set("Doc_0/Evil.xml", "<Document/>");
    files.set("Doc_0/Old.xml", "<Page/>");
    let open = ["Doc_0/Evil.xml", "Doc_0/Old.xml", "Doc_0/V.xml", "OFD.xml"];
    assert_eq!(coverage(&files).unprotected_content, open);
}

#[test]
fn version_that_lists_the_files_of_signatures_does_not_show_them() {
    let mut files = Files::whole();
    files.list_signatures(1);
    let versions = "<Versions><Version ID='1' Index='1' BaseLoc='Doc_0/V.xml'/></Versions></ofd:DocBody>";
    files.replace("OFD.xml", "</ofd:DocBody>", versions);
    files.set("Doc_0/V.xml", "<DocVersion><FileList><File ID='1'>Signs/Signatures.xml</File></FileList></DocVersion>");
    files.sign(0, |name| name != SIGNATURES);
    assert_eq!(coverage(&files).unprotected_content, [""; 0]);
    // An attachment is shown whatever it is.
    files.replace("Doc_0/Attachs/Attachments.xml", "a.txt", "/Doc_0/Signs/Signatures.xml");
    files.sign(0, |name| !name.starts_with("Doc_0/Signs"));
    assert_eq!(coverage(&files).unprotected_content, [SIGNATURES]);
}

#[test]
fn resource_that_a_vendor_keeps_beside_the_resource_file_is_content() {
    let mut files = Files::whole();
    files.list_signatures(1);
    files.remove("Doc_0/Res/i.png");
    files.set("Doc_0/i.png", "image");
    files.sign(0, |name| name != SIGNATURES && name != "Doc_0/i.png");
    assert_eq!(coverage(&files).unprotected_content, ["Doc_0/i.png"]);
}

#[test]
fn file_put_where_the_rule_looks_first_is_content() {
    // The font lies beside the resource file, where the rule finds it only after the resource folder.
    let mut files = Files::whole();
    files.list_signatures(1);
    files.remove("Doc_0/Res/f.ttf");
    files.set("Doc_0/f.ttf", "font");
    files.sign(0, |name| name != SIGNATURES);
    assert_eq!(coverage(&files).unprotected_content, [""; 0]);
    files.set("Doc_0/Res/f.ttf", "evil");
    assert_eq!(coverage(&files).unprotected_content, ["Doc_0/Res/f.ttf"]);
}

#[test]
fn file_that_a_document_names_but_did_not_have_is_content_once_it_is_there() {
    let mut files = Files::whole();
    files.list_signatures(1);
    files.remove("Doc_0/x.dat");
    files.sign(0, |name| name != SIGNATURES);
    assert_eq!(coverage(&files).unprotected_content, [""; 0]);
    files.set("Doc_0/x.dat", "evil");
    assert_eq!(coverage(&files).unprotected_content, ["Doc_0/x.dat"]);
}

#[test]
fn copy_beside_the_signature_does_not_stand_in_for_the_page() {
    // A reference relative to Signature.xml would find a copy of the page there; the page itself is then open.
    let mut files = Files::whole();
    files.list_signatures(1);
    let page = files.text(PAGE);
    let mut references: String = files
        .0
        .iter()
        .filter(|(name, _)| name != PAGE && name != SIGNATURES)
        .map(|(name, content)| reference(&format!("/{name}"), content))
        .collect();
    references += &reference(PAGE, page.as_bytes());
    files.set("Doc_0/Signs/Sign_0/Signature.xml", signature_xml("SM3", &references));
    files.set("Doc_0/Signs/Sign_0/SignedValue.dat", "value");
    assert_eq!(coverage(&files).unprotected_content, [""; 0], "a vendor's path from the root");
    files.set(&format!("Doc_0/Signs/Sign_0/{PAGE}"), &page);
    files.set(PAGE, "<Page><Content>evil</Content></Page>");
    assert_eq!(coverage(&files).unprotected_content, [PAGE]);
}

#[test]
fn extra_entry_is_unreferenced() {
    let mut files = Files::signed();
    files.set("Doc_0/Pages/Page_2/Content.xml", "<Page/>");
    files.set("Thumbs.db", "x");
    let found = coverage(&files);
    assert_eq!(found.unreferenced, ["Doc_0/Pages/Page_2/Content.xml", "Thumbs.db"]);
    assert_eq!(found.unprotected_content, [""; 0]);
}

#[test]
fn entry_that_nothing_names_but_the_signer_protects_is_no_contraband() {
    let mut files = Files::whole();
    files.list_signatures(1);
    files.set("Doc_0/leftover.xml", "<x/>");
    files.sign(0, |name| name != SIGNATURES);
    assert_eq!(coverage(&files).unreferenced, [""; 0]);
}

#[test]
fn seal_file_of_a_listed_signature_need_not_be_protected() {
    let mut files = Files::signed();
    let seal = "<Seal><BaseLoc>Seal.esl</BaseLoc></Seal></SignedInfo>";
    files.replace("Doc_0/Signs/Sign_0/Signature.xml", "</SignedInfo>", seal);
    files.set("Doc_0/Signs/Sign_0/Seal.esl", "seal");
    assert_eq!(coverage(&files).unreferenced, [""; 0]);
    files.set("Doc_0/Signs/Sign_0/Other.esl", "seal");
    assert_eq!(coverage(&files).unreferenced, ["Doc_0/Signs/Sign_0/Other.esl"]);
}

#[test]
fn signature_dropped_from_the_list_leaves_its_files_unreferenced() {
    let mut files = Files::signed();
    files.list_signatures(0);
    let bytes = files.zip();
    let ofd = Ofd::open(&bytes, &Limits::default()).unwrap();
    assert!(ofd.signatures().is_empty());
    assert_eq!(ofd.unreferenced(), ["Doc_0/Signs/Sign_0/Signature.xml", "Doc_0/Signs/Sign_0/SignedValue.dat"]);
}

#[test]
fn dropped_signature_is_found_even_where_a_later_one_protects_its_files() {
    let mut files = Files::signed();
    files.list_signatures(2);
    files.sign(1, |name| name != SIGNATURES);
    assert_eq!(coverage(&files).unreferenced, [""; 0]);
    files.replace(SIGNATURES, "<Signature ID='0' BaseLoc='Sign_0/Signature.xml'/>", "");
    assert_eq!(coverage(&files).unreferenced, ["Doc_0/Signs/Sign_0/Signature.xml"]);
}

#[test]
fn list_of_signatures_that_cannot_be_read_does_not_make_the_file_unsigned() {
    let mut missing = Files::signed();
    missing.remove(SIGNATURES);
    let mut broken = Files::signed();
    broken.set(SIGNATURES, "<Signatures>");
    for files in [missing, broken] {
        let bytes = files.zip();
        let ofd = Ofd::open(&bytes, &Limits::default()).unwrap();
        assert_eq!(ofd.signatures().len(), 1);
        assert_eq!(ofd.signatures()[0].defects.len(), 1);
    }
}

#[test]
fn later_valid_signature_excuses_what_was_added_after_an_earlier_one() {
    let list = "Doc_0/Annots/Annotations.xml";
    let mut files = signed_without(&[list]);
    files.list_signatures(2);
    files.remove("Doc_0/Signs/Sign_0/Signature.xml");
    files.sign(0, |name| name != SIGNATURES && name != list && !name.starts_with("Doc_0/Signs"));
    files.sign(1, |name| name != SIGNATURES);
    let bytes = files.zip();
    let ofd = Ofd::open(&bytes, &Limits::default()).unwrap();
    assert_eq!(ofd.coverage(1, &[]).unprotected_content, [""; 0]);
    let excused = ofd.coverage(0, &[true]);
    assert_eq!((excused.unprotected_content.len(), excused.covered_later), (0, vec![list.to_owned()]));
    for later in [&[false][..], &[]] {
        assert_eq!(ofd.coverage(0, later).unprotected_content, [list]);
    }
    assert_eq!(ofd.coverage(9, &[]), Coverage::default());
}

#[test]
fn document_with_signatures_of_its_own_is_left_to_them() {
    let mut files = Files::whole();
    files.set("Doc_1/Document.xml", "<Document/>");
    files.list_signatures(1);
    let second = "<ofd:DocBody><ofd:DocRoot>Doc_1/Document.xml</ofd:DocRoot>\
                  <Signatures>Doc_1/Signatures.xml</Signatures></ofd:DocBody></ofd:OFD>";
    files.set("OFD.xml", ofd_xml("<Signatures>/Doc_0/Signs/Signatures.xml</Signatures>"));
    files.replace("OFD.xml", "</ofd:OFD>", second);
    files.set(
        "Doc_1/Signatures.xml",
        "<Signatures><Signature ID='1' BaseLoc='/Doc_0/Signs/Sign_1/Signature.xml'/></Signatures>",
    );
    files.sign(0, |name| name.starts_with("Doc_0") && !name.starts_with("Doc_0/Signs") || name == "OFD.xml");
    files.sign(1, |name| name == "Doc_1/Document.xml" || name == "OFD.xml");
    let bytes = files.zip();
    let ofd = Ofd::open(&bytes, &Limits::default()).unwrap();
    assert_eq!(ofd.signatures().iter().map(|signature| signature.document).collect::<Vec<_>>(), [0, 1]);
    for signature in 0..2 {
        assert_eq!(ofd.coverage(signature, &[]).unprotected_content, [""; 0]);
        assert_eq!(ofd.coverage(signature, &[]).unreferenced, [""; 0]);
    }
}

#[test]
fn page_that_cannot_be_read_makes_coverage_incomplete() {
    let mut files = Files::whole();
    files.list_signatures(1);
    files.set(PAGE, "<Page>");
    files.sign(0, |name| name != SIGNATURES);
    assert!(!coverage(&files).complete);
}
