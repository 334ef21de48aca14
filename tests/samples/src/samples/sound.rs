//! Sound licences and seals, in every structure and layout.

use crate::catalogue::{Expected, Order, Sample};
use crate::error::SampleError;
use crate::ofd::content::{self, Extent};
use crate::ofd::{CheckMethod, Layout, Package, Sealing, USUAL, integrity};
use crate::samples::{second_agency, second_signer};
use crate::seal::{CertificateList, SealSpec, Structure, seal_by};
use crate::signature::{Container, Signed, ValueForm};

pub(super) const SAMPLES: &[Sample] = &[
    Sample::new(
        "ofd/ok_v4.ofd",
        "GB/T 38540-2020 印章，整体保护",
        "seal of GB/T 38540-2020, full protection",
        Expected::VALID,
        |order| order.sealed(|_| ())?.zip(),
    ),
    Sample::new(
        "ofd/ok_v4_one_page.ofd",
        "单页，无模板、注释和附件",
        "one page, no template, annotation or attachment",
        Expected::VALID,
        |order| {
            let mut order = Order { workshop: order.workshop, spec: order.spec.clone() };
            order.spec.extent = Extent { pages: 1, everything: false };
            order.sealed(|_| ())?.zip()
        },
    ),
    Sample::new("ofd/ok_v4_many_pages.ofd", "二十页", "twenty pages", Expected::VALID, |order| {
        let mut order = Order { workshop: order.workshop, spec: order.spec.clone() };
        order.spec.extent = Extent { pages: 20, everything: true };
        order.sealed(|_| ())?.zip()
    }),
    Sample::new(
        "ofd/ok_v4_continue.ofd",
        "继续签章模式：签名列表文件不受保护",
        "continue mode: Signatures.xml is not protected",
        Expected::VALID,
        |order| order.sealed(|sealing| sealing.locked = false)?.zip(),
    ),
    Sample::new(
        "ofd/ok_v4_raw.ofd",
        "签名值为 64 字节 r‖s",
        "signature value as 64 bytes r||s",
        Expected::VALID,
        |order| order.sealed(|sealing| sealing.value = ValueForm::Raw)?.zip(),
    ),
    Sample::new(
        "ofd/ok_v4_cert_digests.ofd",
        "印章以证书摘要列出签章人",
        "the seal lists its signers by certificate digest",
        Expected::VALID,
        |order| {
            let mut spec = order.seal_spec(Structure::V4)?;
            spec.list = CertificateList::Digests;
            order.sealed_with(&order.sealing_with(&spec, order.signer()?)?)?.zip()
        },
    ),
    Sample::new("ofd/ok_v1.ofd", "GM/T 0031-2014 印章", "seal of GM/T 0031-2014", Expected::VALID, |order| {
        order.sealed_with(&of_structure(order, Structure::V1)?)?.zip()
    }),
    Sample::new("ofd/ok_v5.ofd", "GM/T 0031-2025 印章", "seal of GM/T 0031-2025", Expected::VALID, |order| {
        order.sealed_with(&of_structure(order, Structure::V5)?)?.zip()
    }),
    Sample::new(
        "ofd/ok_other_layout.ofd",
        "别的厂商布局：相对路径、SignValue.dat、无 Seal.esl、SM3 算法名",
        "another vendor's layout: relative paths, SignValue.dat, no Seal.esl, SM3 by name",
        Expected::VALID,
        |order| other_layout(order)?.zip(),
    ),
    Sample::new(
        "ofd/ok_gbt35275.ofd",
        "GB/T 35275 数字签名",
        "digital signature of GB/T 35275",
        Expected::VALID,
        |order| order.sealed(|sealing| sealing.container = Container::SignedData(Signed::Content))?.zip(),
    ),
    Sample::new(
        "ofd/ok_gbt35275_attributes.ofd",
        "GB/T 35275 数字签名，带签名属性",
        "digital signature of GB/T 35275 with signed attributes",
        Expected::VALID,
        |order| order.sealed(|sealing| sealing.container = Container::SignedData(Signed::Attributes))?.zip(),
    ),
    Sample::new(
        "ofd/unknown_bare_value.ofd",
        "裸 SM2 签名值，文件中没有证书",
        "bare SM2 value; the certificate is not in the file",
        Expected::unknown(&["CERT_NOT_EMBEDDED"]),
        |order| order.sealed(|sealing| sealing.container = Container::Bare)?.zip(),
    ),
    Sample::new(
        "ofd/ok_two_seals_continue.ofd",
        "两枚印章，继续模式，后者涵盖前者",
        "two seals in continue mode; the later covers the earlier",
        Expected::VALID,
        |order| two_seals(order, false, false)?.zip(),
    ),
    Sample::new(
        "ofd/ok_two_seals_locked.ofd",
        "两枚印章，后者整体保护",
        "two seals; the later one locks the file",
        Expected::VALID,
        |order| two_seals(order, false, true)?.zip(),
    ),
    Sample::new(
        "ofd/ok_integrity_list.ofd",
        "盖章后再加 GM/T 0099 完整性清单",
        "sealed, then a list of entries as in GM/T 0099",
        Expected::VALID,
        |order| {
            let mut package = order.sealed(|_| ())?;
            integrity::protect(&mut package, &order.signer()?, order.spec.signed_at)?;
            package.zip()
        },
    ),
    Sample::new(
        "ofd/unsigned_integrity_list.ofd",
        "无签名，只有 GM/T 0099 完整性清单",
        "unsigned, only a list of entries as in GM/T 0099",
        Expected::UNSIGNED,
        |order| {
            let mut package = content::licence(&order.spec.metadata()?, order.spec.extent, None);
            integrity::protect(&mut package, &order.signer()?, order.spec.signed_at)?;
            package.zip()
        },
    ),
    Sample::new("ofd/unsigned.ofd", "无签名", "unsigned", Expected::UNSIGNED, |order| {
        content::licence(&order.spec.metadata()?, order.spec.extent, None).zip()
    }),
    Sample::new("seals/ok_v1.esl", "GM/T 0031-2014 印章", "seal of GM/T 0031-2014", Expected::VALID, |order| {
        seal_by(&order.seal_spec(Structure::V1)?, &order.workshop.authority.maker)
    }),
    Sample::new("seals/ok_v4.esl", "GB/T 38540-2020 印章", "seal of GB/T 38540-2020", Expected::VALID, |order| {
        seal_by(&order.seal_spec(Structure::V4)?, &order.workshop.authority.maker)
    }),
    Sample::new(
        "seals/ok_v4_cert_digests.esl",
        "以证书摘要列出签章人的印章",
        "seal that lists its signers by certificate digest",
        Expected::VALID,
        |order| {
            let mut spec = order.seal_spec(Structure::V4)?;
            spec.list = CertificateList::Digests;
            seal_by(&spec, &order.workshop.authority.maker)
        },
    ),
    Sample::new("seals/ok_v5.esl", "GM/T 0031-2025 印章", "seal of GM/T 0031-2025", Expected::VALID, |order| {
        seal_by(&order.seal_spec(Structure::V5)?, &order.workshop.authority.maker)
    }),
];

fn of_structure(order: &Order<'_>, structure: Structure) -> Result<Sealing, SampleError> {
    order.sealing_with(&order.seal_spec(structure)?, order.signer()?)
}

fn other_layout(order: &Order<'_>) -> Result<Package, SampleError> {
    let layout = Layout {
        signatures: "Doc_0/Signatures.xml",
        value: "SignValue.dat",
        seal_file: false,
        relative: true,
        ..USUAL
    };
    let mut package = content::licence(&order.spec.metadata()?, order.spec.extent, Some(layout.signatures));
    let mut sealing = order.sealing()?;
    sealing.layout = layout;
    sealing.method = CheckMethod::Sm3Name;
    sealing.apply(&mut package)?;
    Ok(package)
}

/// Sealed by the agency, then an hour later by that of another province.
pub(super) fn two_seals(order: &Order<'_>, first_locked: bool, second_locked: bool) -> Result<Package, SampleError> {
    let mut package = order.sealed(|sealing| sealing.locked = first_locked)?;
    let (agency, signer) = (second_agency()?, second_signer(order)?);
    let spec = SealSpec::new(Structure::V4, &agency.seal_id(), &agency, &signer);
    let mut second = order.sealing_with(&spec, signer)?;
    second.time = order.spec.signed_at.plus_hours(1);
    second.locked = second_locked;
    second.apply(&mut package)?;
    Ok(package)
}
