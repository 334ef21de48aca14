//! From a signature in a file to the record that says when it existed at the latest.

use huxin_chain_spec::crypto::{Digest, DigestAlgorithm, PublicKey, Signature};
use huxin_chain_spec::ids::ProvinceCode;
use huxin_chain_spec::record::seal::{SealAddress, SealSignature, SignatureStructure};
use huxin_document::report::{SealFacts, SignatureReport};
use huxin_document::seal::Structure;

use super::read::Examined;
use super::registration::{organisation_of, region_at_front};
use crate::error::ClientError;
use crate::say;

/// The record of one signature of a file. `address` says where its seal stands; as its number says if `None`.
///
/// The signed digest is `e = SM3(Z || M)` of SM2 (GB/T 32918.2): validators verify `r || s` over it under the seal's registered key,
/// and whoever holds the file computes it again.
///
/// # Errors
/// [`ClientError::Input`] where the signature lacks a seal, a certificate, an SM2 value or a time, or its seal's number names no
/// province.
pub fn signature_record(
    examined: &Examined,
    signature: &SignatureReport,
    address: Option<SealAddress>,
) -> Result<SealSignature, ClientError> {
    let lacks = |what: &str| {
        let place = format!("{}, signature {}", examined.path.display(), signature.id);
        ClientError::at(place, say!("it has no {what}, so there is nothing to record", "缺少 {what}，没有可登记的内容"))
    };
    let seal = signature.seal.as_ref().ok_or_else(|| lacks("seal"))?;
    let signer = signature.signer.as_ref().ok_or_else(|| lacks("certificate of a signer"))?;
    let numbers = signature.signature.as_ref().ok_or_else(|| lacks("SM2 value"))?;
    let address = match address {
        Some(address) => address,
        None => addresses(seal, signature).into_iter().next().ok_or_else(|| {
            let said = say!(
                "needed, for neither the seal's number nor its owner names a province",
                "印章编码和所有者都没有指明省份，必须给出"
            );
            ClientError::at("--seal", said)
        })?,
    };
    if address.seal.as_str() != seal.id {
        let id = &seal.id;
        return Err(ClientError::at("--seal", say!("the file is sealed with {id}", "该文件所用印章为 {id}")));
    }
    Ok(SealSignature {
        address,
        document: examined.document,
        message: numbers.e,
        signature: Signature::Sm2(numbers.r_s),
        key: PublicKey::Sm2(numbers.point).id(),
        certificate: signer.sm3,
        claimed_ms: signature.sign_time.ok_or_else(|| lacks("time of signing"))?,
        structure: signature.structure.map(structure).ok_or_else(|| lacks("known structure"))?,
        report: report_digest(examined),
    })
}

/// SM3 of the report as `huxin --json inspect` prints it, without the final line feed.
pub fn report_digest(examined: &Examined) -> Digest {
    let text = serde_json::to_string_pretty(&examined.report).unwrap_or_default();
    DigestAlgorithm::Sm3.plain(&[text.as_bytes()])
}

/// Where a seal may stand on the ledger, likeliest first: its number begins with a region, or its owner's social credit code names
/// one.
pub fn addresses(seal: &SealFacts, signature: &SignatureReport) -> Vec<SealAddress> {
    let owner = seal.owner.as_ref().and_then(|owner| owner.uscc.clone());
    let signer = signature.signer.as_ref().and_then(organisation_of).map(|code| code.to_string());
    let of_codes = [owner, signer].into_iter().flatten().filter_map(|code| region_at_front(code.get(2..)?));
    let regions = region_at_front(&seal.id).into_iter().chain(of_codes);
    let mut provinces: Vec<ProvinceCode> = Vec::new();
    for province in regions.map(|region| region.province()) {
        if !provinces.contains(&province) {
            provinces.push(province);
        }
    }
    let Ok(number) = seal.id.parse::<huxin_chain_spec::ids::SealId>() else { return Vec::new() };
    provinces.into_iter().map(|province| SealAddress { province, seal: number.clone() }).collect()
}

fn structure(found: Structure) -> SignatureStructure {
    match found {
        Structure::V1 => SignatureStructure::V1,
        Structure::V4 => SignatureStructure::V4,
        Structure::V5 => SignatureStructure::V5,
        Structure::Gbt35275 => SignatureStructure::Gbt35275,
        Structure::Bare => SignatureStructure::Bare,
    }
}
