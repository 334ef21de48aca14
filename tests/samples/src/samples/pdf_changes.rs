//! Signed PDF files with later revisions: allowed ones, and attacks that show something else under a signature that holds.

use crate::catalogue::{Expected, Order, Sample};
use crate::error::SampleError;
use crate::pdf::{CONTENT, FONT, OVERLAY, Pdf, Signing, rsa};
use crate::rsa::{RsaAuthority, Sha};
use crate::samples::pdf::{by_second, sealed};
use crate::seal::Structure;

const LATER: Expected = Expected::warned(&["PDF_LATER_REVISION"]);
const CHANGED: Expected = Expected::refused(&["PDF_CHANGED_LATER"]).with_warnings(&["PDF_LATER_REVISION"]);
const FORBIDDEN: Expected = Expected::refused(&["PDF_NOT_PERMITTED"]).with_warnings(&["PDF_LATER_REVISION"]);
const OPEN: Expected = Expected::undecided(&["PDF_CHANGED_LATER"]).with_warnings(&["PDF_LATER_REVISION"]);

pub(super) const SAMPLES: &[Sample] = &[
    Sample::new(
        "pdf/warn_two_signatures.pdf",
        "先 RSA 签名，后加盖印章",
        "signed with RSA, then sealed: both hold",
        LATER,
        |order| {
            let mut pdf = Pdf::document();
            Signing::default().apply(&mut pdf, |message| rsa(&RsaAuthority::new()?.signer, Sha::Sha256, message))?;
            Signing::with_seal().apply(&mut pdf, |message| sealed(order, Structure::V4, message))?;
            Ok(pdf.bytes)
        },
    ),
    Sample::new(
        "pdf/warn_security_store.pdf",
        "签名后追加证书与吊销列表（DSS）",
        "certificates and revocation lists (DSS) were added later",
        LATER,
        |order| {
            update(order, "", |pdf| {
                let (store, certificate) = (pdf.number(), pdf.number());
                pdf.catalog_keys = format!(" /DSS {store} 0 R");
                pdf.catalog();
                pdf.put(store, &format!("<< /Type /DSS /Certs [{certificate} 0 R] >>"));
                pdf.stream(certificate, "", b"certificate");
            })
        },
    ),
    Sample::new(
        "pdf/warn_time_stamp.pdf",
        "签名后追加文档时间戳：只报告，不核验",
        "a document time stamp was added later: told, not verified",
        LATER.with_undecided(&["TIMESTAMP_NOT_CHECKED"]),
        |order| {
            let mut pdf = begun(order, "", |_| ())?;
            let stamp = Signing { sub_filter: "ETSI.RFC3161", kind: "DocTimeStamp", ..Signing::default() };
            stamp.apply(&mut pdf, |_| Ok(crate::seal::time_stamp()))?;
            Ok(pdf.bytes)
        },
    ),
    Sample::new(
        "pdf/warn_metadata.pdf",
        "签名后改动文档信息",
        "document information was added later",
        LATER,
        |order| {
            update(order, "", |pdf| {
                let number = pdf.number();
                pdf.trailer_keys = format!(" /Info {number} 0 R");
                pdf.put(number, "<< /Producer (huxin-samples) >>");
            })
        },
    ),
    Sample::new(
        "pdf/warn_form_fill.pdf",
        "认证签名允许填写表单，其后填写",
        "the signer allows filling in forms, and a field was filled in",
        LATER,
        |order| update(order, &permission(2), |pdf| pdf.field("second")),
    ),
    Sample::new(
        "pdf/warn_annotation.pdf",
        "认证签名允许批注，其后批注",
        "the signer allows annotations, and one was added",
        LATER,
        |order| update(order, &permission(3), annotate),
    ),
    Sample::new(
        "pdf/unknown_form_fill.pdf",
        "签名后填写表单，签名人未说明是否允许",
        "a field was filled in later, and the signer did not say whether that is allowed",
        OPEN,
        |order| update(order, "", |pdf| pdf.field("second")),
    ),
    Sample::new(
        "pdf/unknown_orphan_bytes.pdf",
        "追加的修订含有交叉引用未列出的字节",
        "a later revision has bytes that its cross-reference does not name",
        OPEN,
        |order| {
            update(order, "", |pdf| {
                pdf.bytes.extend_from_slice(b"4 0 obj\n<< /Length 0 >>\nstream\n\nendstream\nendobj\n");
                let number = pdf.number();
                pdf.put(number, "(nothing)");
            })
        },
    ),
    Sample::new(
        "pdf/bad_page_replaced.pdf",
        "签名后以增量更新改动页面内容",
        "an incremental update replaced the page's content",
        CHANGED,
        |order| update(order, "", |pdf| pdf.stream(CONTENT, "", b"BT /F1 24 Tf 72 700 Td (FORGED) Tj ET")),
    ),
    Sample::new(
        "pdf/bad_shadow_replace.pdf",
        "影子攻击：替换字体",
        "shadow attack, replace: another font",
        CHANGED,
        |order| update(order, "", |pdf| pdf.put(FONT, "<< /Type /Font /Subtype /Type1 /BaseFont /Symbol >>")),
    ),
    Sample::new(
        "pdf/bad_shadow_hide.pdf",
        "影子攻击：移除遮盖物",
        "shadow attack, hide: what covered the page is gone",
        CHANGED,
        |order| update(order, "", |pdf| pdf.free(OVERLAY)),
    ),
    Sample::new(
        "pdf/bad_shadow_entry.pdf",
        "影子攻击：交叉引用改指签名前预置的对象",
        "shadow attack, hide and replace: an entry moved to an object that was prepared before signing",
        CHANGED,
        |order| {
            let mut prepared = 0;
            let mut pdf = begun(order, "", |pdf| {
                prepared = pdf.bytes.len();
                pdf.bytes.extend_from_slice(b"4 0 obj\n<< /Length 2 >>\nstream\nBT\nendstream\nendobj\n");
            })?;
            pdf.point(CONTENT, prepared);
            pdf.end();
            Ok(pdf.bytes)
        },
    ),
    Sample::new(
        "pdf/bad_shadow_catalog.pdf",
        "影子攻击：另一目录对象",
        "shadow attack, hide and replace: another catalog",
        CHANGED,
        |order| {
            update(order, "", |pdf| {
                let (catalog, pages, page) = (pdf.number(), pdf.number(), pdf.number());
                pdf.put(catalog, &format!("<< /Type /Catalog /Pages {pages} 0 R >>"));
                pdf.put(pages, &format!("<< /Type /Pages /Kids [{page} 0 R] /Count 1 >>"));
                pdf.put(page, &format!("<< /Type /Page /Parent {pages} 0 R /MediaBox [0 0 595 842] >>"));
                pdf.trailer_keys = format!(" /Root {catalog} 0 R");
            })
        },
    ),
    Sample::new(
        "pdf/bad_dangling.pdf",
        "签名时引用而不存在的对象，其后补上",
        "an object that the signed page refers to and did not have was added later",
        CHANGED,
        |order| {
            let mut pdf = Pdf::begin();
            pdf.page_keys = " /Thumb 60 0 R".to_owned();
            pdf.body();
            pdf.end();
            Signing::with_seal().apply(&mut pdf, |message| sealed(order, Structure::V4, message))?;
            pdf.stream(60, "", b"picture");
            pdf.end();
            Ok(pdf.bytes)
        },
    ),
    Sample::new("pdf/bad_annotation.pdf", "签名后追加批注", "an annotation was added later", CHANGED, |order| {
        update(order, "", annotate)
    }),
    Sample::new(
        "pdf/bad_signature_removed.pdf",
        "签名后从表单移除签名域",
        "the field of the signature was removed from the form",
        CHANGED,
        |order| {
            update(order, "", |pdf| {
                pdf.fields.pop();
                pdf.catalog();
            })
        },
    ),
    Sample::new(
        "pdf/bad_drawn_empty_field.pdf",
        "追加未签名而有外观的签名域",
        "a field for a signature was added, empty and drawn over the page",
        CHANGED,
        |order| {
            update(order, "", |pdf| {
                let (field, looks) = (pdf.number(), pdf.number());
                pdf.fields.push(field);
                pdf.annotations.push(field);
                pdf.catalog();
                pdf.page();
                let body = format!(
                    "<< /Type /Annot /Subtype /Widget /FT /Sig /T (empty) /Rect [0 0 595 842] /AP << /N {looks} 0 R >> >>"
                );
                pdf.put(field, &body);
                pdf.stream(looks, "/Type /XObject /Subtype /Form /BBox [0 0 595 842] ", b"0 0 595 842 re f");
            })
        },
    ),
    Sample::new(
        "pdf/bad_docmdp_form_fill.pdf",
        "认证签名不允许任何改动，其后填写表单",
        "the signer allows nothing, and a field was filled in",
        FORBIDDEN,
        |order| update(order, &permission(1), |pdf| pdf.field("second")),
    ),
    Sample::new(
        "pdf/bad_docmdp_annotation.pdf",
        "认证签名只允许填写表单，其后批注",
        "the signer allows filling in forms, and an annotation was added",
        FORBIDDEN,
        |order| update(order, &permission(2), annotate),
    ),
    Sample::new(
        "pdf/bad_docmdp_signature.pdf",
        "认证签名不允许任何改动，其后再签名",
        "the signer allows nothing, and somebody else signed",
        FORBIDDEN,
        |order| {
            let mut pdf = begun(order, &permission(1), |_| ())?;
            Signing::default().apply(&mut pdf, |message| by_second(order, message))?;
            Ok(pdf.bytes)
        },
    ),
    Sample::new(
        "pdf/bad_docmdp_of_another.pdf",
        "他人其后的签名自称允许批注，再追加批注",
        "somebody else signed later and allowed annotations, and one was added",
        CHANGED,
        |order| {
            let mut pdf = begun(order, "", |_| ())?;
            let allowing = Signing { keys: permission(3), ..Signing::default() };
            allowing.apply(&mut pdf, |message| by_second(order, message))?;
            annotate(&mut pdf);
            pdf.end();
            Ok(pdf.bytes)
        },
    ),
    Sample::new(
        "pdf/bad_fieldmdp.pdf",
        "签名锁定的域其后被填写",
        "a field that the signer locked was filled in",
        FORBIDDEN,
        |order| {
            let lock = "/Reference [<< /Type /SigRef /TransformMethod /FieldMDP /TransformParams << /Action /Include \
                        /Fields [(remark)] >> >>]";
            update(order, lock, |pdf| pdf.field("second"))
        },
    ),
    Sample::new(
        "pdf/unknown_resigned_page.pdf",
        "签名后改动页面，再由他人签名",
        "the page was replaced after the first signature and before the second",
        OPEN,
        |order| {
            let mut pdf = begun(order, "", |_| ())?;
            pdf.stream(CONTENT, "", b"BT /F1 24 Tf 72 700 Td (OTHER) Tj ET");
            Signing::default().apply(&mut pdf, |message| by_second(order, message))?;
            Ok(pdf.bytes)
        },
    ),
];

/// DocMDP.
fn permission(level: u8) -> String {
    format!("/Reference [<< /Type /SigRef /TransformMethod /DocMDP /TransformParams << /P {level} /V /1.2 >> >>]")
}

/// Sealed, with `keys` in the dictionary of the signature; `before` writes into the same update.
fn begun(order: &Order<'_>, keys: &str, before: impl FnOnce(&mut Pdf)) -> Result<Pdf, SampleError> {
    let mut pdf = Pdf::document();
    before(&mut pdf);
    let signing = Signing { keys: keys.to_owned(), ..Signing::with_seal() };
    signing.apply(&mut pdf, |message| sealed(order, Structure::V4, message))?;
    Ok(pdf)
}

/// Sealed, and then updated.
fn update(order: &Order<'_>, keys: &str, change: impl FnOnce(&mut Pdf)) -> Result<Vec<u8>, SampleError> {
    let mut pdf = begun(order, keys, |_| ())?;
    change(&mut pdf);
    pdf.end();
    Ok(pdf.bytes)
}

fn annotate(pdf: &mut Pdf) {
    let number = pdf.number();
    pdf.annotations.push(number);
    pdf.page();
    let body = "<< /Type /Annot /Subtype /FreeText /Contents (FORGED) /Rect [72 600 400 720] /DA (/Helv 24 Tf) >>";
    pdf.put(number, body);
}
