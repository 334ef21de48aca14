//! Files with a history: several documents and versions, and what was added or taken out after signing.

use crate::catalogue::{Expected, Order, Sample};
use crate::error::SampleError;
use crate::ofd::content::{self, SIGNATURES, entry};
use crate::ofd::page::file;
use crate::ofd::{Layout, Package, USUAL, integrity};
use crate::samples::sound::two_seals;
use crate::samples::{UNPROTECTED, rogue_signer};

/// A document of the file's past.
const OLDER_DOCUMENT: &str = "Doc_0/Versions/Document_1.xml";
const ANNOTATIONS: &str = "Doc_0/Annots/Annotations.xml";
/// An entry that nothing refers to.
const STRAY: &str = "Doc_0/Vendor/notes.bin";

pub(super) const SAMPLES: &[Sample] = &[
    Sample::new(
        "ofd/ok_second_document_signed.ofd",
        "两个文档，签名属于第二个",
        "two documents; the signature is the second one's",
        Expected::VALID,
        |order| {
            let mut package = second_document(order)?;
            let mut sealing = order.sealing()?;
            sealing.layout = Layout { signatures: "Doc_1/Signs/Signatures.xml", folder: "Doc_1/Signs", ..USUAL };
            sealing.apply(&mut package)?;
            package.zip()
        },
    ),
    Sample::new(
        "ofd/ok_older_version.ofd",
        "带旧版本，旧版本亦受保护",
        "an older version is kept, and protected",
        Expected::VALID,
        |order| older_version(order, &[]),
    ),
    Sample::new(
        "ofd/bad_older_version_unprotected.ofd",
        "旧版本的文档不受保护",
        "the document of an older version is not protected",
        UNPROTECTED,
        |order| older_version(order, &[OLDER_DOCUMENT]),
    ),
    Sample::new(
        "ofd/bad_annotation_added.ofd",
        "注释列表不受保护，签章后加入注释",
        "the list of annotations is not protected, and an annotation was added after sealing",
        UNPROTECTED,
        |order| annotated(order.sealed(|sealing| sealing.unprotected = vec![ANNOTATIONS.to_owned()])?),
    ),
    Sample::new(
        "ofd/bad_annotation_added_to_protected_list.ofd",
        "签章后在受保护的注释列表中加入注释",
        "an annotation was added after sealing to the list, which is protected",
        Expected::broken(&["REFERENCE_DIGEST", "UNPROTECTED_CONTENT"]),
        |order| annotated(order.sealed(|_| ())?),
    ),
    Sample::new(
        "ofd/bad_first_signature_dropped.ofd",
        "从签名列表中去掉第一个签名",
        "the first of two signatures was taken out of the list",
        Expected::refused(&["UNREFERENCED_ENTRY"]).with_warnings(&["ENTRY_NOT_SHOWN"]),
        |order| without_signature(order, 0),
    ),
    Sample::new(
        "ofd/bad_last_signature_dropped.ofd",
        "从签名列表中去掉最后一个签名",
        "the last of two signatures was taken out of the list",
        Expected::refused(&["UNREFERENCED_ENTRY"]),
        |order| without_signature(order, 1),
    ),
    Sample::new(
        "ofd/ok_integrity_list_stray.ofd",
        "签章人自己的 GM/T 0099 清单列入了未被引用的文件",
        "the signer's own list of GM/T 0099 names an entry that nothing refers to",
        Expected::VALID,
        |order| {
            let mut package = stray(order)?;
            integrity::protect(&mut package, &order.signer()?, order.spec.signed_at)?;
            package.zip()
        },
    ),
    Sample::new(
        "ofd/bad_integrity_list_rogue.ofd",
        "旁人签发的 GM/T 0099 清单列入了夹带的文件",
        "a list of GM/T 0099 by somebody else names the file that was slipped in",
        Expected::refused(&["UNREFERENCED_ENTRY"]),
        |order| {
            let mut package = stray(order)?;
            integrity::protect(&mut package, &rogue_signer(order)?, order.spec.signed_at)?;
            package.zip()
        },
    ),
];

/// Sealed, then an entry added that nothing refers to.
fn stray(order: &Order<'_>) -> Result<Package, SampleError> {
    let mut package = order.sealed(|_| ())?;
    package.put(STRAY, "样例");
    Ok(package)
}

/// The licence without signatures, and a second document of one empty page that names a list of signatures.
fn second_document(order: &Order<'_>) -> Result<Package, SampleError> {
    let mut package = content::licence(&order.spec.metadata()?, order.spec.extent, None);
    let body = "</ofd:DocBody><ofd:DocBody><ofd:DocInfo><ofd:DocID>00000000000000000000000000000002</ofd:DocID></ofd:DocInfo>\
                <ofd:DocRoot>Doc_1/Document.xml</ofd:DocRoot><ofd:Signatures>/Doc_1/Signs/Signatures.xml</ofd:Signatures>\
                </ofd:DocBody>";
    package.edit(entry::OFD, "</ofd:DocBody>", body)?;
    let page = "<ofd:CommonData><ofd:MaxUnitID>2</ofd:MaxUnitID><ofd:PageArea><ofd:PhysicalBox>0 0 210 297</ofd:PhysicalBox>\
                </ofd:PageArea></ofd:CommonData><ofd:Pages><ofd:Page ID=\"1\" BaseLoc=\"Pages/Page_0/Content.xml\"/></ofd:Pages>";
    package.put("Doc_1/Document.xml", file("Document", "", page));
    package.put("Doc_1/Pages/Page_0/Content.xml", file("Page", "", "<ofd:Content><ofd:Layer ID=\"2\"/></ofd:Content>"));
    Ok(package)
}

/// Sealed with an older version of one page beside the document (GB/T 33190-2016, 19).
fn older_version(order: &Order<'_>, unprotected: &[&str]) -> Result<Vec<u8>, SampleError> {
    let mut package = order.body()?;
    let versions = "<ofd:Versions><ofd:Version ID=\"1\" Index=\"1\" Current=\"false\" BaseLoc=\"Doc_0/Versions/Version_1.xml\"/>\
                    </ofd:Versions></ofd:DocBody>";
    package.edit(entry::OFD, "</ofd:DocBody>", versions)?;
    let list = "<ofd:FileList><ofd:File ID=\"1\">Document_1.xml</ofd:File>\
                <ofd:File ID=\"2\">../Pages/Page_0/Content.xml</ofd:File></ofd:FileList>\
                <ofd:DocRoot>Document_1.xml</ofd:DocRoot>";
    let attributes = "ID=\"1\" Version=\"1\" Name=\"样例旧版\" CreationDate=\"2026-01-02\"";
    package.put("Doc_0/Versions/Version_1.xml", file("DocVersion", attributes, list));
    let pages = "<ofd:CommonData><ofd:MaxUnitID>999</ofd:MaxUnitID><ofd:PageArea><ofd:PhysicalBox>0 0 210 297</ofd:PhysicalBox>\
                 </ofd:PageArea></ofd:CommonData>\
                 <ofd:Pages><ofd:Page ID=\"100\" BaseLoc=\"../Pages/Page_0/Content.xml\"/></ofd:Pages>";
    package.put(OLDER_DOCUMENT, file("Document", "", pages));
    let mut sealing = order.sealing()?;
    sealing.unprotected = unprotected.iter().map(|name| (*name).to_owned()).collect();
    sealing.apply(&mut package)?;
    package.zip()
}

/// With one annotation more, on the second page.
fn annotated(mut package: Package) -> Result<Vec<u8>, SampleError> {
    let more = "<ofd:Page PageID=\"200\"><ofd:FileLoc>Page_1/Annotation.xml</ofd:FileLoc></ofd:Page></ofd:Annotations>";
    package.edit(ANNOTATIONS, "</ofd:Annotations>", more)?;
    let annotation = "<ofd:Annot ID=\"12\" Type=\"Stamp\" Creator=\"huxin-samples\" LastModDate=\"2026-06-02\">\
                      <ofd:Appearance Boundary=\"20 150 170 10\"/></ofd:Annot>";
    package.put("Doc_0/Annots/Page_1/Annotation.xml", file("PageAnnot", "", annotation));
    package.zip()
}

/// Two seals in continue mode, then the list without the one of this number.
fn without_signature(order: &Order<'_>, number: usize) -> Result<Vec<u8>, SampleError> {
    let mut package = two_seals(order, false, false)?;
    let id = number + 1;
    let element =
        format!("<ofd:Signature ID=\"{id}\" Type=\"Seal\" BaseLoc=\"/Doc_0/Signs/Sign_{number}/Signature.xml\"/>");
    package.edit(SIGNATURES, &element, "")?;
    package.zip()
}
