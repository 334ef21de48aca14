//! Signed PDF files: signatures of each kind, and what can be wrong with one.

use crate::catalogue::{Expected, Order, Sample};
use crate::error::SampleError;
use crate::pdf::{Family, Over, Pdf, Signing, rsa, rsa_over_sha1, sm2};
use crate::rsa::{RsaAuthority, Sha};
use crate::samples::second_signer;
use crate::seal::{Structure, seal_by, seal_forged};
use crate::habit::Habit;
use crate::signature::{self, Container, DataHash, ValueForm};

const RANGE: Expected = Expected::broken(&["PDF_BYTE_RANGE"]);

pub(super) const SAMPLES: &[Sample] = &[
    Sample::new("pdf/ok_seal_v4.pdf", "GB/T 38540 签章的 PDF", "a seal of GB/T 38540", Expected::VALID, |order| {
        signed_with_seal(|message| sealed(order, Structure::V4, message))
    }),
    Sample::new(
        "pdf/ok_seal_v1.pdf",
        "GM/T 0031-2014 签章的 PDF",
        "a seal of GM/T 0031-2014",
        Expected::VALID,
        |order| signed_with_seal(|message| sealed(order, Structure::V1, message)),
    ),
    Sample::new(
        "pdf/ok_gbt35275.pdf",
        "GB/T 35275 签名，含属性",
        "signed data of GB/T 35275 with attributes",
        Expected::VALID,
        |order| signed(|message| sm2(&order.signer()?, Family::Gbt35275, Over::Attributes, message)),
    ),
    Sample::new(
        "pdf/ok_gbt35275_content.pdf",
        "GB/T 35275 签名，内容为 SM3 摘要",
        "signed data of GB/T 35275 whose content is the digest by SM3",
        Expected::VALID,
        |order| signed(|message| sm2(&order.signer()?, Family::Gbt35275, Over::Content, message)),
    ),
    Sample::new(
        "pdf/ok_gbt35275_message.pdf",
        "GB/T 35275 签名，无属性，直接对文件字节",
        "signed data of GB/T 35275 without attributes, over the bytes themselves",
        Expected::VALID,
        |order| signed(|message| sm2(&order.signer()?, Family::Gbt35275, Over::Message, message)),
    ),
    Sample::new(
        "pdf/ok_cms_sm2.pdf",
        "CMS 标识的 SM2 签名",
        "SM2 under the identifiers of CMS",
        Expected::VALID,
        |order| signed(|message| sm2(&order.signer()?, Family::Cms, Over::Attributes, message)),
    ),
    Sample::new("pdf/ok_rsa_sha256.pdf", "RSA 与 SHA-256", "RSA with SHA-256", Expected::VALID, |_| {
        by_rsa(Sha::Sha256)
    }),
    Sample::new("pdf/ok_rsa_sha384.pdf", "RSA 与 SHA-384", "RSA with SHA-384", Expected::VALID, |_| {
        by_rsa(Sha::Sha384)
    }),
    Sample::new("pdf/ok_rsa_sha512.pdf", "RSA 与 SHA-512", "RSA with SHA-512", Expected::VALID, |_| {
        by_rsa(Sha::Sha512)
    }),
    Sample::new(
        "pdf/ok_xref_stream.pdf",
        "交叉引用流（PDF 1.5）",
        "cross-references in streams, as since PDF 1.5",
        Expected::VALID,
        |order| {
            let mut pdf = Pdf::begin();
            pdf.is_stream = true;
            pdf.body();
            pdf.end();
            apply(&Signing { sub_filter: "ETSI.CAdES.detached", ..Signing::default() }, pdf, |message| {
                sm2(&order.signer()?, Family::Cms, Over::Attributes, message)
            })
        },
    ),
    Sample::new("pdf/unsigned.pdf", "没有签名的 PDF", "nobody signed it", Expected::UNSIGNED, |_| {
        Ok(Pdf::document().bytes)
    }),
    Sample::new(
        "pdf/unknown_rsa_sha1.pdf",
        "RSA 与 SHA-1：不作认定",
        "RSA with SHA-1, which says little",
        Expected::unknown(&["LEGACY_ALGORITHM"]),
        |_| by_rsa(Sha::Sha1),
    ),
    Sample::new(
        "pdf/unknown_pkcs7_sha1.pdf",
        "adbe.pkcs7.sha1",
        "adbe.pkcs7.sha1",
        Expected::unknown(&["LEGACY_ALGORITHM"]),
        |_| {
            let signing = Signing { sub_filter: "adbe.pkcs7.sha1", ..Signing::default() };
            apply(&signing, Pdf::document(), |message| rsa_over_sha1(&RsaAuthority::new()?.signer, message))
        },
    ),
    Sample::new(
        "pdf/unknown_other_curve.pdf",
        "P-256 证书：不核验",
        "a certificate with a key of P-256, which is not verified",
        Expected::unknown(&["UNSUPPORTED_ALGORITHM"]),
        |_| signed(|message| rsa(&RsaAuthority::new()?.other_curve, Sha::Sha256, message)),
    ),
    Sample::new(
        "pdf/bad_altered.pdf",
        "签名后改动页面一个字节",
        "one byte of the page was altered after signing",
        Expected::broken(&["DOCUMENT_DIGEST"]),
        |order| altered(signed_with_seal(|message| sealed(order, Structure::V4, message))?),
    ),
    Sample::new(
        "pdf/bad_rsa_altered.pdf",
        "RSA 签名后改动页面一个字节",
        "one byte of the page was altered after signing with RSA",
        Expected::broken(&["DOCUMENT_DIGEST"]),
        |_| altered(by_rsa(Sha::Sha256)?),
    ),
    Sample::new(
        "pdf/bad_sha1_altered.pdf",
        "SHA-1 签名后改动页面一个字节",
        "altered after signing with SHA-1: proven in spite of the digest",
        Expected::broken(&["DOCUMENT_DIGEST", "LEGACY_ALGORITHM"]),
        |_| altered(by_rsa(Sha::Sha1)?),
    ),
    Sample::new(
        "pdf/bad_rsa_value.pdf",
        "RSA 签名值被改动",
        "the RSA signature was altered",
        Expected::broken(&["SIGNATURE_VALUE"]),
        |_| {
            signed(|message| {
                let mut value = rsa(&RsaAuthority::new()?.signer, Sha::Sha256, message)?;
                if let Some(octet) = value.last_mut() {
                    *octet ^= 1;
                }
                Ok(value)
            })
        },
    ),
    Sample::new(
        "pdf/bad_seal_forged.pdf",
        "印章内容被改动",
        "the seal shows another name than its maker signed",
        Expected::broken(&["SEAL_SIGNATURE"]),
        |order| {
            signed_with_seal(|message| {
                let spec = order.seal_spec(Structure::V4)?;
                let mut shown = spec.clone();
                shown.name.push('伪');
                let seal = seal_forged(&spec, &shown, &order.workshop.authority.maker)?;
                value(order, Structure::V4, seal, message)
            })
        },
    ),
    Sample::new(
        "pdf/bad_padding.pdf",
        "签名值之后有非零字节",
        "bytes other than zeros behind the signature",
        Expected::broken(&["TRAILING_BYTES"]),
        |order| ranged(order, &Signing { padding: 0x41, ..Signing::default() }),
    ),
    Sample::new(
        "pdf/unknown_no_byte_range.pdf",
        "没有 ByteRange（通用伪造）",
        "no ByteRange (universal signature forgery)",
        Expected::unknown(&["PDF_BYTE_RANGE"]),
        |order| ranged(order, &Signing { range: None, ..Signing::default() }),
    ),
    Sample::new(
        "pdf/unknown_no_contents.pdf",
        "没有 Contents（通用伪造）",
        "no Contents (universal signature forgery)",
        Expected::unknown(&["FORMAT", "PDF_BYTE_RANGE"]),
        |order| ranged(order, &Signing { has_contents: false, ..Signing::default() }),
    ),
    Sample::new(
        "pdf/bad_range_short.pdf",
        "ByteRange 未到文件末尾",
        "the ByteRange ends too early",
        RANGE,
        |order| ranged_by(order, |start, end, total| vec![0, start, end, total - end - 9]),
    ),
    Sample::new(
        "pdf/bad_range_start.pdf",
        "ByteRange 不从 0 开始",
        "the ByteRange does not begin at 0",
        RANGE,
        |order| ranged_by(order, |start, end, total| vec![1, start - 1, end, total - end]),
    ),
    Sample::new(
        "pdf/bad_range_wide_gap.pdf",
        "ByteRange 空隙大于签名值（签名包装）",
        "the gap of the ByteRange is wider than the signature (signature wrapping)",
        RANGE,
        |order| ranged_by(order, |start, end, total| vec![0, start - 20, end, total - end]),
    ),
    Sample::new(
        "pdf/bad_range_reversed.pdf",
        "ByteRange 两段颠倒",
        "the parts of the ByteRange are reversed",
        RANGE,
        |order| ranged_by(order, |start, end, total| vec![0, end, start, total - start]),
    ),
    Sample::new(
        "pdf/bad_range_negative.pdf",
        "ByteRange 含负数",
        "a number of the ByteRange is negative",
        RANGE,
        |order| ranged_by(order, |start, end, total| vec![0, start, end, end - total]),
    ),
    Sample::new("pdf/bad_range_overflow.pdf", "ByteRange 溢出", "the ByteRange overflows", RANGE, |order| {
        ranged_by(order, |start, end, _| vec![0, start, end, i64::MAX])
    }),
    Sample::new(
        "pdf/bad_range_two_gaps.pdf",
        "ByteRange 有两处空隙",
        "the ByteRange has two gaps",
        RANGE,
        |order| ranged_by(order, |start, end, total| vec![0, 200, 210, start - 210, end, total - end]),
    ),
    Sample::new(
        "pdf/unknown_hidden_signature.pdf",
        "签名不在任何表单域中",
        "no form field shows the signature",
        Expected::undecided(&["PDF_SIGNATURE_HIDDEN"]),
        |order| ranged(order, &Signing { is_shown: false, ..Signing::default() }),
    ),
    Sample::new(
        "pdf/unknown_encrypted.pdf",
        "已加密",
        "it says that it is encrypted",
        Expected::unknown(&["PDF_ENCRYPTED"]),
        |order| {
            let mut pdf = Pdf::begin();
            pdf.trailer_keys = " /Encrypt << /Filter /Standard /V 1 /R 2 >>".to_owned();
            pdf.body();
            pdf.end();
            apply(&Signing::with_seal(), pdf, |message| sealed(order, Structure::V4, message))
        },
    ),
    Sample::new("pdf/unknown_xfa.pdf", "含 XFA 表单", "a form of XFA", Expected::unknown(&["PDF_XFA"]), |order| {
        let mut pdf = Pdf::begin();
        pdf.form_keys = " /XFA (form)".to_owned();
        pdf.body();
        pdf.end();
        apply(&Signing::with_seal(), pdf, |message| sealed(order, Structure::V4, message))
    }),
    Sample::new(
        "pdf/unknown_broken_xref.pdf",
        "交叉引用指错位置",
        "a cross-reference points at the wrong place",
        Expected::unknown(&["PDF_STRUCTURE"]),
        |order| {
            let mut pdf = Pdf::document();
            pdf.point(5, 20);
            apply(&Signing::with_seal(), pdf, |message| sealed(order, Structure::V4, message))
        },
    ),
    Sample::new(
        "pdf/unknown_trailing.pdf",
        "文件末尾之后有多余字节",
        "bytes behind the end of the last revision",
        Expected::unknown(&["TRAILING_BYTES"]),
        |order| {
            let mut file = signed_with_seal(|message| sealed(order, Structure::V4, message))?;
            file.extend_from_slice(b"8 0 obj\n<< /Appended true >>\nendobj\n");
            Ok(file)
        },
    ),
    Sample::new(
        "pdf/bad_rogue_signer.pdf",
        "签名人证书由无关的根签发",
        "the signer's certificate is of a root that nobody trusts",
        Expected::refused(&["UNTRUSTED_SIGNER"]),
        |order| {
            let signer = crate::samples::rogue_signer(order)?;
            signed(|message| sm2(&signer, Family::Cms, Over::Attributes, message))
        },
    ),
];

/// One page, signed once.
pub(super) fn signed(value: impl FnOnce(&[u8]) -> Result<Vec<u8>, SampleError>) -> Result<Vec<u8>, SampleError> {
    apply(&Signing::default(), Pdf::document(), value)
}

fn signed_with_seal(value: impl FnOnce(&[u8]) -> Result<Vec<u8>, SampleError>) -> Result<Vec<u8>, SampleError> {
    apply(&Signing::with_seal(), Pdf::document(), value)
}

fn apply(
    signing: &Signing,
    mut pdf: Pdf,
    value: impl FnOnce(&[u8]) -> Result<Vec<u8>, SampleError>,
) -> Result<Vec<u8>, SampleError> {
    signing.apply(&mut pdf, value)?;
    Ok(pdf.bytes)
}

fn by_rsa(sha: Sha) -> Result<Vec<u8>, SampleError> {
    signed(|message| rsa(&RsaAuthority::new()?.signer, sha, message))
}

/// A signature with the agency's seal.
pub(super) fn sealed(order: &Order<'_>, structure: Structure, message: &[u8]) -> Result<Vec<u8>, SampleError> {
    let seal = seal_by(&order.seal_spec(structure)?, &order.workshop.authority.maker)?;
    value(order, structure, seal, message)
}

fn value(order: &Order<'_>, structure: Structure, seal: Vec<u8>, message: &[u8]) -> Result<Vec<u8>, SampleError> {
    let signing = signature::Signing {
        container: &Container::Seal(structure, seal),
        signer: &order.signer()?,
        time: order.spec.signed_at,
        time_text: None,
        data_hash: DataHash::Plain,
        value: ValueForm::Der,
        stamped: false,
        habit: Habit::default(),
        carried: &[],
        path: "ByteRange",
        document: message,
    };
    signing.make()
}

/// The second signer of samples with two.
pub(super) fn by_second(order: &Order<'_>, message: &[u8]) -> Result<Vec<u8>, SampleError> {
    sm2(&second_signer(order)?, Family::Gbt35275, Over::Attributes, message)
}

fn ranged(order: &Order<'_>, signing: &Signing) -> Result<Vec<u8>, SampleError> {
    apply(signing, Pdf::document(), |message| sm2(&order.signer()?, Family::Cms, Over::Attributes, message))
}

fn ranged_by(order: &Order<'_>, range: fn(i64, i64, i64) -> Vec<i64>) -> Result<Vec<u8>, SampleError> {
    ranged(order, &Signing { range: Some(range), ..Signing::default() })
}

/// One letter of the page's text is another.
fn altered(mut file: Vec<u8>) -> Result<Vec<u8>, SampleError> {
    let text = b"SAMPLE LICENCE";
    let at = file.windows(text.len()).position(|window| window == text).unwrap_or(0);
    if let Some(octet) = file.get_mut(at) {
        *octet = b'Z';
    }
    Ok(file)
}
