//! Defects of digests, signature values and their encoding.

use crate::catalogue::{Expected, Order, Sample};
use crate::error::SampleError;
use crate::ofd::content::entry;
use crate::ofd::{CheckMethod, Package};
use crate::samples::sound::two_seals;
use crate::signature::{Container, DataHash, Signed, ValueForm};

const VALUE: &str = "Doc_0/Signs/Sign_0/SignedValue.dat";
const BROKEN_VALUE: Expected = Expected::broken(&["SIGNATURE_VALUE"]);
const BROKEN_FORMAT: Expected = Expected::broken(&["FORMAT"]);

pub(super) const SAMPLES: &[Sample] = &[
    Sample::new(
        "ofd/bad_page_byte.ofd",
        "签章后改动一页中的一个字",
        "one character of a page changed after sealing",
        Expected::broken(&["REFERENCE_DIGEST"]),
        |order| {
            let mut package = order.sealed(|_| ())?;
            package.edit(entry::PAGE, "仅供测试，第 1 页", "仅供测试，第 7 页")?;
            package.zip()
        },
    ),
    Sample::new(
        "ofd/bad_two_seals_full_protection.ofd",
        "两枚印章均整体保护：后者破坏前者",
        "two seals in full protection mode: the later breaks the earlier",
        Expected::broken(&["REFERENCE_DIGEST"]),
        |order| two_seals(order, true, true)?.zip(),
    ),
    Sample::new(
        "ofd/bad_missing_entry.ofd",
        "受保护的图片被删除",
        "a protected picture was taken out",
        Expected::broken(&["REFERENCE_DIGEST"]),
        |order| {
            let mut package = order.sealed(|_| ())?;
            package.remove(entry::PICTURE);
            package.zip()
        },
    ),
    Sample::new(
        "ofd/bad_signature_xml_altered.ofd",
        "签章后改动 Signature.xml",
        "Signature.xml changed after signing",
        Expected::broken(&["SIGNATURE_XML_DIGEST"]),
        |order| {
            let mut package = order.sealed(|_| ())?;
            package.edit("Doc_0/Signs/Sign_0/Signature.xml", "Company=\"TEST ONLY\"", "Company=\"TEST ONLX\"")?;
            package.zip()
        },
    ),
    Sample::new(
        "ofd/bad_data_hash_z.ofd",
        "原文摘要加入了 Z 值",
        "the digest of Signature.xml starts from Z",
        Expected::broken(&["SIGNATURE_XML_DIGEST"]).with_warnings(&["NONSTANDARD_ENCODING"]),
        |order| order.sealed(|sealing| sealing.data_hash = DataHash::WithZ)?.zip(),
    ),
    Sample::new(
        "ofd/unknown_legacy_md5.ofd",
        "未写摘要算法，按 2016 版缺省为 MD5",
        "no digest method is named, which means MD5 in the standard of 2016",
        Expected::unknown(&["LEGACY_ALGORITHM"]),
        |order| order.sealed(|sealing| sealing.method = CheckMethod::Md5Unsaid)?.zip(),
    ),
    Sample::new(
        "ofd/bad_signature_value.ofd",
        "签名值一位翻转",
        "one bit of the signature value flipped",
        BROKEN_VALUE,
        |order| of_value(order, ValueForm::FlippedBit),
    ),
    Sample::new(
        "ofd/bad_negative_r.ofd",
        "r 为负数",
        "r is negative",
        BROKEN_VALUE.with_warnings(&["NONSTANDARD_ENCODING"]),
        |order| of_value(order, ValueForm::NegativeR),
    ),
    Sample::new("ofd/bad_zero_r.ofd", "r 为零", "r is zero", BROKEN_VALUE, |order| of_value(order, ValueForm::ZeroR)),
    Sample::new(
        "ofd/bad_s_above_order.ofd",
        "s 超出曲线阶，模阶后却正确",
        "s is above the curve's order, though right modulo the order",
        BROKEN_VALUE,
        |order| of_value(order, ValueForm::SAboveOrder),
    ),
    Sample::new("ofd/bad_raw_65.ofd", "65 字节的 r‖s", "r||s of 65 bytes", BROKEN_VALUE, |order| {
        of_value(order, ValueForm::RawTooLong)
    }),
    Sample::new(
        "ofd/bad_gbt35275_value.ofd",
        "GB/T 35275 签名值一位翻转",
        "one bit of a GB/T 35275 signature value flipped",
        BROKEN_VALUE,
        |order| {
            order
                .sealed(|sealing| {
                    sealing.container = Container::SignedData(Signed::Attributes);
                    sealing.value = ValueForm::FlippedBit;
                })?
                .zip()
        },
    ),
    Sample::new(
        "ofd/bad_off_curve_key.ofd",
        "签章人证书的公钥不在曲线上",
        "the signer's public key is not on the curve",
        BROKEN_VALUE,
        |order| {
            let signer = order.workshop.authority.off_curve_signer(&order.spec.agency, &order.spec.seal_id)?;
            let mut spec = order.workshop.seal_spec(&order.spec)?;
            spec.signers = vec![signer.certificate.clone()];
            order.sealed_with(&order.sealing_with(&spec, signer)?)?.zip()
        },
    ),
    Sample::new(
        "ofd/bad_signed_value_truncated.ofd",
        "签名值文件被截断",
        "the signature file is cut short",
        BROKEN_FORMAT,
        |order| of_file(order, |value| value.truncate(value.len() / 2)),
    ),
    Sample::new(
        "ofd/bad_signed_value_trailing.ofd",
        "签名值文件末尾多一字节",
        "the signature file has one byte more",
        Expected::broken(&["TRAILING_BYTES"]),
        |order| of_file(order, |value| value.push(0)),
    ),
    Sample::new(
        "ofd/unknown_time_out_of_range.ofd",
        "签章时间为十三月",
        "the time of signing is in month 13",
        Expected::unknown(&["FORMAT", "SIGN_TIME_ABSENT"]),
        |order| order.sealed(|sealing| sealing.time_text = Some("20261301080000Z"))?.zip(),
    ),
];

fn of_value(order: &Order<'_>, form: ValueForm) -> Result<Vec<u8>, SampleError> {
    order.sealed(|sealing| sealing.value = form)?.zip()
}

fn of_file(order: &Order<'_>, change: impl FnOnce(&mut Vec<u8>)) -> Result<Vec<u8>, SampleError> {
    let mut package: Package = order.sealed(|_| ())?;
    let mut value = package.get(VALUE).unwrap_or_default().to_vec();
    change(&mut value);
    package.put(VALUE, value);
    package.zip()
}
