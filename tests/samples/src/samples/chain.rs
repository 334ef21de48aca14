//! Chains, key usages and certificates beyond the usual: authorities between root and signer, makers of their own.

use crate::catalogue::{Expected, Order, Sample};
use crate::certificate::Identity;
use crate::error::SampleError;
use crate::seal::{SealSpec, Structure, seal_by};
use crate::signature::{Container, Signed};

pub(super) const SAMPLES: &[Sample] = &[
    Sample::new(
        "ofd/ok_chain_of_three.ofd",
        "签章人证书由信任列表中的中级机构签发",
        "the signer's certificate is of an authority below the root, which the trust list has",
        Expected::VALID,
        |order| by_branch(order, &order.workshop.authority.branches.listed),
    ),
    Sample::new(
        "ofd/unknown_no_revocation_list.ofd",
        "中级机构没有吊销列表（冒名的列表不算）",
        "the authority below the root has no revocation list; one that others signed does not count",
        Expected::undecided(&["REVOCATION_LIST_ABSENT"]),
        |order| by_branch(order, &order.workshop.authority.branches.silent),
    ),
    Sample::new(
        "ofd/bad_chain_broken.ofd",
        "中级机构不在信任列表中",
        "the trust list lacks the authority between root and signer",
        Expected::refused(&["UNTRUSTED_SIGNER"]),
        |order| by_branch(order, &order.workshop.authority.branches.unlisted),
    ),
    Sample::new(
        "ofd/unknown_gbt35275_carried_issuer.ofd",
        "GB/T 35275 数字签名携带中级机构证书，其吊销列表未知",
        "GB/T 35275 signed data carries the authority between root and signer, of which no revocation list is known",
        Expected::undecided(&["REVOCATION_LIST_ABSENT"]),
        |order| {
            let branch = &order.workshop.authority.branches.unlisted;
            let signer = order.workshop.authority.branch_signer(branch, &order.spec.agency, &order.spec.seal_id)?;
            order
                .sealed(|sealing| {
                    sealing.container = Container::SignedData(Signed::Content);
                    sealing.signer = signer;
                    sealing.carried = vec![branch.certificate.clone()];
                })?
                .zip()
        },
    ),
    Sample::new(
        "ofd/bad_signer_key_usage.ofd",
        "签章人证书的密钥用法不含签名",
        "the signer's certificate is for enciphering keys, not for signing",
        Expected::refused(&["CERT_KEY_USAGE"]),
        |order| {
            let authority = &order.workshop.authority;
            by(order, authority.encipherment_signer(&order.spec.agency, &order.spec.seal_id)?)
        },
    ),
    Sample::new(
        "ofd/bad_maker_key_usage.ofd",
        "制章人证书的密钥用法不含签名",
        "the maker's certificate is for enciphering keys, not for signing",
        Expected::refused(&["CERT_KEY_USAGE"]),
        |order| made_by(order, &order.workshop.authority.encipherment_maker),
    ),
    Sample::new(
        "ofd/bad_self_signed_maker.ofd",
        "制章人证书为自签名",
        "the maker signed its own certificate",
        Expected::refused(&["UNTRUSTED_MAKER"]),
        |order| made_by(order, &order.workshop.authority.lone_maker),
    ),
    Sample::new(
        "seals/bad_self_signed_maker.esl",
        "制章人证书为自签名",
        "the maker signed its own certificate",
        Expected::refused(&["UNTRUSTED_MAKER"]),
        |order| seal_by(&order.seal_spec(Structure::V4)?, &order.workshop.authority.lone_maker),
    ),
    Sample::new(
        "ofd/unknown_long_subject.ofd",
        "签章人证书主体长达两千字节",
        "the subject of the signer's certificate has two thousand bytes",
        Expected::unknown(&["FORMAT"]),
        |order| by(order, order.workshop.authority.wordy_signer(&order.spec.agency, &order.spec.seal_id)?),
    ),
];

/// Sealed by the given signer, with a seal that lists it.
fn by(order: &Order<'_>, signer: Identity) -> Result<Vec<u8>, SampleError> {
    let spec = SealSpec::new(Structure::V4, &order.spec.seal_id, &order.spec.agency, &signer);
    order.sealed_with(&order.sealing_with(&spec, signer)?)?.zip()
}

fn by_branch(order: &Order<'_>, branch: &Identity) -> Result<Vec<u8>, SampleError> {
    by(order, order.workshop.authority.branch_signer(branch, &order.spec.agency, &order.spec.seal_id)?)
}

fn made_by(order: &Order<'_>, maker: &Identity) -> Result<Vec<u8>, SampleError> {
    let container = Container::Seal(Structure::V4, seal_by(&order.seal_spec(Structure::V4)?, maker)?);
    order.sealed(|sealing| sealing.container = container)?.zip()
}
