//! Containers and XML that no reader should open, and files that are no OFD.

use crate::catalogue::{Expected, Order, Sample};
use crate::error::SampleError;
use crate::ofd::Package;
use crate::ofd::archive::{marked_encrypted, renamed, with_zeros};
use crate::ofd::content::entry;

/// Elements inside each other in the deep sample.
const DEPTH: usize = 10_000;

pub(super) const SAMPLES: &[Sample] = &[
    Sample::new(
        "ofd/bad_zip_duplicate_name.ofd",
        "同名的两个页面文件",
        "two entries of the same name, another page each",
        Expected::unopened(&["ZIP_DUPLICATE_NAME"]),
        |order| {
            let file = with_entry(order, "Doc_0/Pages/Page_X/Content.xml")?;
            renamed(file, "Doc_0/Pages/Page_X/Content.xml", entry::PAGE)
        },
    ),
    Sample::new(
        "ofd/bad_zip_dotdot.ofd",
        "文件名指向包外",
        "an entry name that leads out of the package",
        Expected::unopened(&["ZIP_PATH"]),
        |order| renamed(with_entry(order, "aa/bb/outside.xml")?, "aa/bb/outside.xml", "../../outside.xml"),
    ),
    Sample::new(
        "ofd/bad_zip_absolute_name.ofd",
        "文件名为绝对路径",
        "an entry name from the root of the file system",
        Expected::unopened(&["ZIP_PATH"]),
        |order| renamed(with_entry(order, "a/outside.xml")?, "a/outside.xml", "//outside.xml"),
    ),
    Sample::new(
        "ofd/bad_zip_encrypted.ofd",
        "条目标为加密",
        "entries marked as encrypted",
        Expected::unopened(&["ZIP_ENCRYPTED"]),
        |order| Ok(marked_encrypted(order.sealed(|_| ())?.zip()?)),
    ),
    Sample::new(
        "ofd/bad_zip_bomb.ofd",
        "压缩炸弹：256 MiB 的零",
        "zip bomb: 256 MiB of zeros",
        Expected::unopened(&["ZIP_BOMB"]),
        |order| with_zeros(&order.sealed(|_| ())?, "Doc_0/Res/zeros.bin", 256),
    ),
    Sample::new(
        "ofd/bad_zip_truncated.ofd",
        "压缩包被截断",
        "the package is cut short",
        Expected::unopened(&["ZIP_MALFORMED"]),
        |order| {
            let mut file = order.sealed(|_| ())?.zip()?;
            file.truncate(file.len() / 2);
            Ok(file)
        },
    ),
    Sample::new(
        "ofd/bad_xml_dtd.ofd",
        "OFD.xml 含文档类型声明",
        "OFD.xml declares a document type and an entity",
        Expected::unopened(&["XML_DTD"]),
        |order| {
            sealed_after(order, |package| {
                package.edit(entry::OFD, "<ofd:OFD ", "<!DOCTYPE OFD [<!ENTITY sample \"样例\">]><ofd:OFD ")
            })
        },
    ),
    Sample::new(
        "ofd/bad_xml_deep.ofd",
        "页面嵌套一万层",
        "a page with ten thousand elements inside each other",
        Expected::refused(&["XML_DEPTH"]),
        |order| {
            let nested = ["<ofd:PageBlock>".repeat(DEPTH), "</ofd:PageBlock>".repeat(DEPTH)].concat();
            sealed_after(order, |package| package.edit(entry::PAGE, "</ofd:Layer>", &format!("{nested}</ofd:Layer>")))
        },
    ),
    Sample::new(
        "pdf/unknown_no_xref.pdf",
        "没有交叉引用的 PDF：只算摘要",
        "a PDF without cross-reference: only its digests can be given",
        Expected::unknown(&["PDF_STRUCTURE"]),
        |_| Ok(PDF.as_bytes().to_vec()),
    ),
    Sample::new(
        "ofd/unknown_text.txt",
        "不是 OFD 或 PDF 的文件：只算摘要",
        "neither OFD nor PDF: only its digests can be given",
        Expected::unknown(&["NOT_EXAMINED"]),
        |_| Ok(b"huxin-samples, test only\n".to_vec()),
    ),
];

/// Enough of a PDF to be taken for one; it has no page.
const PDF: &str = "%PDF-1.4\n% huxin-samples, test only\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n\
2 0 obj\n<< /Type /Pages /Kids [] /Count 0 >>\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n";

/// Sealed, then one entry added.
fn with_entry(order: &Order<'_>, name: &str) -> Result<Vec<u8>, SampleError> {
    let mut package = order.sealed(|_| ())?;
    package.put(name, "<other/>");
    package.zip()
}

/// Changed, then sealed, so that every digest is right.
fn sealed_after(
    order: &Order<'_>,
    change: impl FnOnce(&mut Package) -> Result<(), SampleError>,
) -> Result<Vec<u8>, SampleError> {
    let mut package = order.body()?;
    change(&mut package)?;
    order.sealing()?.apply(&mut package)?;
    package.zip()
}
