//! Files as other vendors write them: names, digests, texts and wrappings that a reader has to understand.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::catalogue::{Expected, Order, Sample};
use crate::error::SampleError;
use crate::ofd::content::SIGNATURES;
use crate::ofd::{CheckMethod, Writing};
use crate::samples::second_signer;
use crate::seal::{CertificateList, SealSpec, Structure, seal_by};
use crate::signature::{Container, ValueForm};

const ODD: Expected = Expected::warned(&["NONSTANDARD_ENCODING"]);

pub(super) const SAMPLES: &[Sample] = &[
    Sample::new(
        "ofd/ok_check_method_small.ofd",
        "摘要算法写作小写 sm3",
        "the digest method is written in small letters",
        Expected::VALID,
        |order| order.sealed(|sealing| sealing.method = CheckMethod::Sm3Small)?.zip(),
    ),
    Sample::new(
        "ofd/ok_check_method_sha256.ofd",
        "条目摘要用 SHA-256",
        "entries are protected by SHA-256",
        Expected::VALID,
        |order| order.sealed(|sealing| sealing.method = CheckMethod::Sha256)?.zip(),
    ),
    Sample::new(
        "ofd/ok_file_ref_case.ofd",
        "FileRef 的大小写与条目名不同",
        "entries are protected under names in capitals",
        Expected::VALID,
        |order| order.sealed(|sealing| sealing.layout.capitals = true)?.zip(),
    ),
    Sample::new(
        "ofd/warn_location_case.ofd",
        "签名列表中的位置大小写与条目名不同",
        "the list of signatures names Signature.xml in small letters",
        Expected::warned(&["LOCATION_INEXACT"]),
        |order| {
            let mut package = order.sealed(|sealing| sealing.locked = false)?;
            package.edit(SIGNATURES, "Sign_0/Signature.xml", "sign_0/signature.xml")?;
            package.zip()
        },
    ),
    Sample::new(
        "ofd/ok_signature_xml_bom.ofd",
        "Signature.xml 带字节顺序标记",
        "Signature.xml begins with a byte order mark",
        Expected::VALID,
        |order| written(order, Writing::ByteOrderMark),
    ),
    Sample::new(
        "ofd/ok_signature_xml_prefix.ofd",
        "Signature.xml 用别的命名空间前缀",
        "Signature.xml uses another prefix for the namespace",
        Expected::VALID,
        |order| written(order, Writing::OtherPrefix),
    ),
    Sample::new(
        "ofd/ok_signature_xml_crlf.ofd",
        "Signature.xml 以 CRLF 换行",
        "lines of Signature.xml end in CR LF",
        Expected::VALID,
        |order| written(order, Writing::CrLf),
    ),
    Sample::new(
        "ofd/warn_cert_digests_z.ofd",
        "印章的证书摘要加入了 Z 值",
        "the seal's certificate digests start from Z",
        ODD,
        |order| {
            let signer = order.signer()?;
            let mut spec = order.seal_spec(Structure::V4)?;
            spec.list = CertificateList::DigestsWithZ(signer.key.z());
            order.sealed_with(&order.sealing_with(&spec, signer)?)?.zip()
        },
    ),
    Sample::new(
        "ofd/ok_v5_time_stamp.ofd",
        "GM/T 0031-2025，印章和签名均带时间戳",
        "GM/T 0031-2025 with time stamps on seal and signature",
        Expected::VALID.with_undecided(&["TIMESTAMP_NOT_CHECKED"]),
        |order| {
            let mut sealing = order.sealing_with(&stamped(order)?, order.signer()?)?;
            sealing.stamped = true;
            order.sealed_with(&sealing)?.zip()
        },
    ),
    Sample::new(
        "seals/ok_v5_time_stamp.esl",
        "带时间戳的 GM/T 0031-2025 印章",
        "seal of GM/T 0031-2025 with a time stamp",
        Expected::VALID.with_undecided(&["TIMESTAMP_NOT_CHECKED"]),
        |order| seal_by(&stamped(order)?, &order.workshop.authority.maker),
    ),
    Sample::new(
        "ofd/warn_gbt35275_two_signers.ofd",
        "GB/T 35275 数字签名有两个签名人",
        "GB/T 35275 signed data by two signers",
        ODD,
        |order| joint(order, ValueForm::Der),
    ),
    Sample::new(
        "ofd/bad_gbt35275_second_signer.ofd",
        "GB/T 35275 两个签名人之一的签名值错误",
        "GB/T 35275 signed data by two signers, of whom one has a wrong value",
        Expected::broken(&["SIGNATURE_VALUE"]).with_warnings(&["NONSTANDARD_ENCODING"]),
        |order| joint(order, ValueForm::FlippedBit),
    ),
    Sample::new(
        "ofd/warn_seal_file_base64.ofd",
        "Seal.esl 以 base64 书写",
        "Seal.esl is written in base64",
        ODD,
        |order| {
            let file = base64(&order.workshop.seal(&order.spec)?);
            order.sealed(|sealing| sealing.seal_file = Some(file))?.zip()
        },
    ),
    Sample::new("seals/warn_base64.esl", "以 base64 书写的印章", "seal written in base64", ODD, |order| {
        Ok(base64(&order.workshop.seal(&order.spec)?))
    }),
];

fn written(order: &Order<'_>, writing: Writing) -> Result<Vec<u8>, SampleError> {
    order.sealed(|sealing| sealing.writing = writing)?.zip()
}

fn stamped(order: &Order<'_>) -> Result<SealSpec, SampleError> {
    Ok(SealSpec { stamped: true, ..order.seal_spec(Structure::V5)? })
}

/// Signed by the agency and that of another province, which writes its value in the given form.
fn joint(order: &Order<'_>, form: ValueForm) -> Result<Vec<u8>, SampleError> {
    let second = Box::new(second_signer(order)?);
    order.sealed(|sealing| sealing.container = Container::Joint(second, form))?.zip()
}

/// Lines of 76 characters, as mail programs write them.
fn base64(bytes: &[u8]) -> Vec<u8> {
    let text = STANDARD.encode(bytes).into_bytes();
    text.chunks(76).flat_map(|line| [line, b"\r\n"].concat()).collect()
}
