//! Defects of coverage: the signatures are right, but not over everything.

use crate::catalogue::{Expected, Order, Sample};
use crate::error::SampleError;
use crate::ofd::content::{entry, page_name};
use crate::ofd::integrity;
use crate::samples::UNPROTECTED;

const SLIPPED_IN: Expected = Expected::refused(&["UNREFERENCED_ENTRY"]);

pub(super) const SAMPLES: &[Sample] = &[
    Sample::new(
        "ofd/bad_unprotected_page.ofd",
        "第二页不受保护，签章后被改动",
        "the second page is not protected, and was changed",
        UNPROTECTED,
        |order| {
            let mut package = order.sealed(|sealing| sealing.unprotected = vec![page_name(1)])?;
            package.edit("Doc_0/Pages/Page_1/Content.xml", "仅供测试，第 2 页", "仅供测试，第 8 页")?;
            package.zip()
        },
    ),
    Sample::new(
        "ofd/bad_unprotected_template.ofd",
        "模板不受保护",
        "the template is not protected",
        UNPROTECTED,
        |order| without(order, entry::TEMPLATE),
    ),
    Sample::new(
        "ofd/bad_unprotected_picture.ofd",
        "图片资源不受保护",
        "a picture is not protected",
        UNPROTECTED,
        |order| without(order, entry::PICTURE),
    ),
    Sample::new(
        "ofd/bad_unprotected_annotation.ofd",
        "注释不受保护",
        "an annotation is not protected",
        UNPROTECTED,
        |order| without(order, entry::ANNOTATION),
    ),
    Sample::new(
        "ofd/bad_unprotected_attachment.ofd",
        "附件不受保护",
        "an attachment is not protected",
        UNPROTECTED,
        |order| without(order, entry::ATTACHMENT),
    ),
    Sample::new(
        "ofd/bad_extra_entry.ofd",
        "签章后夹带文件",
        "a file was slipped in after sealing",
        SLIPPED_IN,
        |order| {
            let mut package = order.sealed(|_| ())?;
            package.put("Doc_0/Pages/Page_9/Content.xml", "夹带的内容");
            package.zip()
        },
    ),
    Sample::new(
        "ofd/bad_integrity_list_extra_entry.ofd",
        "夹带的文件不在 GM/T 0099 清单中",
        "a file that the list of GM/T 0099 does not name",
        Expected::refused(&["INTEGRITY_LIST", "UNREFERENCED_ENTRY"]),
        |order| {
            let mut package = order.sealed(|_| ())?;
            integrity::protect(&mut package, &order.signer()?, order.spec.signed_at)?;
            package.put("Doc_0/Pages/Page_9/Content.xml", "夹带的内容");
            package.zip()
        },
    ),
];

fn without(order: &Order<'_>, name: &str) -> Result<Vec<u8>, SampleError> {
    order.sealed(|sealing| sealing.unprotected = vec![name.to_owned()])?.zip()
}
