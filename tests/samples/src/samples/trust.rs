//! Defects of seals, signers and makers: forged, rogue, expired, revoked, mixed up.

use crate::catalogue::{EXPIRED_SEAL_ID, Expected, Order, REVOKED_SEAL_ID, Sample, expired_signer, revoked_signer};
use crate::certificate::Identity;
use crate::error::SampleError;
use crate::identifiers::licence_identifier_miswritten;
use crate::moment::Moment;
use crate::ofd::Sealing;
use crate::ofd::content::{self, SIGNATURES};
use crate::samples::{rogue_signer, second_signer};
use crate::seal::{EXPIRED_SEAL_VALID, SealSpec, Structure, seal_by, seal_forged};
use crate::signature::Container;

pub(super) const SAMPLES: &[Sample] = &[
    Sample::new(
        "ofd/bad_seal_name_forged.ofd",
        "印章名称被改，由真签章人重新签名",
        "the seal's name was changed, and the true signer signed again",
        Expected::broken(&["SEAL_SIGNATURE"]),
        |order| {
            let container = Container::Seal(Structure::V4, forged(order)?);
            order.sealed(|sealing| sealing.container = container)?.zip()
        },
    ),
    Sample::new(
        "ofd/bad_seal_file_mismatch.ofd",
        "Seal.esl 与签名内的印章不同",
        "Seal.esl is another seal than the one in the signature",
        Expected::broken(&["SEAL_FILE_MISMATCH"]),
        |order| {
            let mut other = order.seal_spec(Structure::V4)?;
            other.name.push_str("（二）");
            let file = seal_by(&other, &order.workshop.authority.maker)?;
            order.sealed(|sealing| sealing.seal_file = Some(file))?.zip()
        },
    ),
    Sample::new(
        "ofd/bad_wrong_signer.ofd",
        "签章人不在印章的证书列表中",
        "the seal does not list the signer",
        Expected::broken(&["SIGNER_NOT_IN_SEAL_CERT_LIST"]).with_warnings(&["SEAL_SUBJECT_MISMATCH"]),
        |order| {
            let signer = second_signer(order)?;
            order.sealed(|sealing| sealing.signer = signer)?.zip()
        },
    ),
    Sample::new(
        "ofd/bad_seal_expired_at_signing.ofd",
        "签章时印章已过有效期",
        "the seal had expired when it signed",
        Expected::broken(&["SEAL_NOT_VALID_AT_SIGN_TIME"]),
        |order| {
            let mut spec = order.seal_spec(Structure::V4)?;
            (spec.made, spec.valid) = (EXPIRED_SEAL_VALID.from, EXPIRED_SEAL_VALID);
            order.sealed_with(&order.sealing_with(&spec, order.signer()?)?)?.zip()
        },
    ),
    Sample::new(
        "ofd/bad_signer_expired_at_signing.ofd",
        "签章时签章人证书已过有效期",
        "the signer's certificate had expired when it signed",
        Expected::broken(&["CERT_NOT_VALID_AT_SIGN_TIME"]).with_undecided(&["REVOCATION_LIST_ABSENT"]),
        |order| order.sealed_with(&by_other(order, EXPIRED_SEAL_ID, expired_signer(order)?)?)?.zip(),
    ),
    Sample::new(
        "ofd/unknown_maker_expired_at_creation.ofd",
        "制章时制章人证书已过有效期",
        "the maker's certificate had expired when the seal was made",
        Expected::undecided(&["MAKER_CERT_NOT_VALID_AT_CREATE", "REVOCATION_LIST_ABSENT"]),
        |order| made_by(order, &order.workshop.authority.old_maker),
    ),
    Sample::new(
        "ofd/bad_revoked_before_signing.ofd",
        "签章前证书已吊销",
        "the certificate was revoked before it signed",
        Expected::refused(&["CERT_REVOKED_BEFORE_SIGNING"]),
        |order| by_revoked(order, Moment::day(2026, 5, 20)),
    ),
    Sample::new(
        "ofd/ok_revoked_after_signing.ofd",
        "签章后证书才吊销",
        "the certificate was revoked only after it signed",
        Expected::VALID,
        |order| by_revoked(order, Moment::day(2026, 4, 1)),
    ),
    Sample::new(
        "ofd/bad_rogue_maker.ofd",
        "印章由不受信任的制章人制作",
        "the seal is of a maker whom nobody trusts",
        Expected::refused(&["UNTRUSTED_MAKER"]),
        |order| made_by(order, &order.workshop.authority.rogue_maker),
    ),
    Sample::new(
        "ofd/bad_impostor_maker.ofd",
        "制章人冒用真名和真根证书名，证书签名不符",
        "the maker bears the true name and issuer, but the true root did not sign",
        Expected::refused(&["UNTRUSTED_MAKER"]),
        |order| made_by(order, &order.workshop.authority.impostor_maker),
    ),
    Sample::new(
        "ofd/bad_mislabelled_maker.ofd",
        "制章人冒用真名和真根证书名，并自称证书由 RSA 签名",
        "the maker bears the true name and issuer, and claims that its certificate is signed with RSA",
        Expected::refused(&["UNTRUSTED_MAKER"]),
        |order| made_by(order, &order.workshop.authority.mislabelled_maker),
    ),
    Sample::new(
        "ofd/bad_mislabelled_signer.ofd",
        "签章人证书冒用真根证书名，并自称由 RSA 签名",
        "the signer's certificate names the true root, and claims to be signed with RSA",
        Expected::refused(&["UNTRUSTED_SIGNER"]),
        |order| {
            let signer = order.workshop.authority.mislabelled_signer(&order.spec.agency, &order.spec.seal_id)?;
            let spec = SealSpec::new(Structure::V4, &order.spec.seal_id, &order.spec.agency, &signer);
            order.sealed_with(&order.sealing_with(&spec, signer)?)?.zip()
        },
    ),
    Sample::new(
        "ofd/bad_rogue_signer.ofd",
        "签章人证书由不受信任的根签发",
        "the signer's certificate is of a root that nobody trusts",
        Expected::refused(&["UNTRUSTED_SIGNER"]),
        |order| {
            let signer = rogue_signer(order)?;
            let spec = SealSpec::new(Structure::V4, &order.spec.seal_id, &order.spec.agency, &signer);
            order.sealed_with(&order.sealing_with(&spec, signer)?)?.zip()
        },
    ),
    Sample::new(
        "ofd/warn_seal_subject_mismatch.ofd",
        "签章人证书的名称不是印章编码",
        "the signer's common name is not the seal's number",
        Expected::warned(&["SEAL_SUBJECT_MISMATCH"]),
        |order| {
            let mut spec = order.seal_spec(Structure::V4)?;
            spec.seal_id = "31000000000009".to_owned();
            order.sealed_with(&order.sealing_with(&spec, order.signer()?)?)?.zip()
        },
    ),
    Sample::new(
        "ofd/warn_id_check_char.ofd",
        "证照标识校验位错误",
        "the licence identifier's check character is wrong",
        Expected::warned(&["ID_CHECK_CHAR"]),
        |order| {
            let spec = &order.spec;
            let mut metadata = spec.metadata()?;
            metadata.identifier =
                licence_identifier_miswritten(&spec.kind, &spec.agency.code, &spec.serial, spec.version)?;
            let mut package = content::licence(&metadata, spec.extent, Some(SIGNATURES));
            order.sealing()?.apply(&mut package)?;
            package.zip()
        },
    ),
    Sample::new(
        "seals/bad_name_forged.esl",
        "印章名称被改",
        "the seal's name was changed",
        Expected::broken(&["SEAL_SIGNATURE"]),
        forged,
    ),
    Sample::new(
        "seals/bad_trailing_byte.esl",
        "印章末尾多一字节",
        "one byte after the seal",
        Expected::broken(&["TRAILING_BYTES"]),
        |order| Ok([order.workshop.seal(&order.spec)?, vec![0]].concat()),
    ),
    Sample::new(
        "seals/bad_truncated.esl",
        "印章被截断",
        "the seal is cut short",
        Expected::broken(&["FORMAT"]),
        |order| {
            let mut seal = order.workshop.seal(&order.spec)?;
            seal.truncate(seal.len() / 2);
            Ok(seal)
        },
    ),
    Sample::new(
        "seals/unknown_maker_expired_at_creation.esl",
        "制章时制章人证书已过有效期",
        "the maker's certificate had expired when the seal was made",
        Expected::undecided(&["MAKER_CERT_NOT_VALID_AT_CREATE", "REVOCATION_LIST_ABSENT"]),
        |order| seal_by(&order.seal_spec(Structure::V4)?, &order.workshop.authority.old_maker),
    ),
    Sample::new(
        "seals/bad_rogue_maker.esl",
        "由不受信任的制章人制作",
        "of a maker whom nobody trusts",
        Expected::refused(&["UNTRUSTED_MAKER"]),
        |order| seal_by(&order.seal_spec(Structure::V4)?, &order.workshop.authority.rogue_maker),
    ),
];

/// The maker signed the true name; the seal shows another.
fn forged(order: &Order<'_>) -> Result<Vec<u8>, SampleError> {
    let signed = order.seal_spec(Structure::V4)?;
    let mut shown = signed.clone();
    shown.name = signed.name.replace("电子证照专用章", "电子合同专用章");
    seal_forged(&signed, &shown, &order.workshop.authority.maker)
}

fn made_by(order: &Order<'_>, maker: &Identity) -> Result<Vec<u8>, SampleError> {
    let container = Container::Seal(Structure::V4, seal_by(&order.seal_spec(Structure::V4)?, maker)?);
    order.sealed(|sealing| sealing.container = container)?.zip()
}

/// The agency's other seal, whose signer has a defect.
fn by_other(order: &Order<'_>, seal_id: &str, signer: Identity) -> Result<Sealing, SampleError> {
    let spec = SealSpec::new(Structure::V4, seal_id, &order.spec.agency, &signer);
    order.sealing_with(&spec, signer)
}

fn by_revoked(order: &Order<'_>, at: Moment) -> Result<Vec<u8>, SampleError> {
    let mut sealing = by_other(order, REVOKED_SEAL_ID, revoked_signer(order)?)?;
    sealing.time = at;
    order.sealed_with(&sealing)?.zip()
}
