//! Electronic seals: GM/T 0031-2014 (v1), GB/T 38540-2020 (v4), GM/T 0031-2025 (v5).

use crate::authority::{Agency, Authority};
use crate::certificate::{Identity, Window};
use crate::der::{self, oid};
use crate::error::SampleError;
use crate::habit::Bits;
use crate::key::sm3;
use crate::moment::Moment;
use crate::picture::seal_picture;
use crate::signature::ValueForm;

/// Seals of the samples are made on this day, and valid from it.
pub const SEALS_MADE: Moment = Moment::day(2026, 1, 1);
/// Seals of the samples are valid in these fourteen years.
pub const SEALS_VALID: Window = Window { from: SEALS_MADE, until: Moment::day(2040, 1, 1) };
/// The expired seal was valid in this window, before any seal of the samples signs.
pub const EXPIRED_SEAL_VALID: Window = Window { from: Moment::day(2025, 2, 1), until: Moment::day(2025, 12, 31) };

/// Which standard a seal and its signatures follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Structure {
    /// GM/T 0031-2014.
    V1,
    /// GB/T 38540-2020.
    V4,
    /// GM/T 0031-2025.
    V5,
}

impl Structure {
    /// The number in header and signature.
    pub const fn version(self) -> u64 {
        match self {
            Self::V1 => 1,
            Self::V4 => 4,
            Self::V5 => 5,
        }
    }
}

/// How a seal lists who may sign with it; v1 knows certificates only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificateList {
    /// certListType 1: whole certificates.
    Certificates,
    /// certListType 2: SM3 of each certificate.
    Digests,
    /// certListType 2, each digest begun from the given Z; found in some implementations.
    DigestsWithZ([u8; 32]),
}

/// What a seal says.
#[derive(Debug, Clone)]
pub struct SealSpec {
    /// Structure.
    pub structure: Structure,
    /// Seal number, ASCII, at most 64 characters.
    pub seal_id: String,
    /// Name on the seal.
    pub name: String,
    /// Owner, in the extension 1.2.156.112600.7.1.1.
    pub owner: Agency,
    /// How the signers are listed.
    pub list: CertificateList,
    /// Certificates that may sign, DER.
    pub signers: Vec<Vec<u8>>,
    /// When it was made.
    pub made: Moment,
    /// When it may be used.
    pub valid: Window,
    /// Whether a time stamp follows the maker's signature; v5 only.
    pub stamped: bool,
    /// certListType where it shall be another number than the list's own.
    pub list_type: Option<u64>,
    /// The BIT STRING of the maker's signature.
    pub bits: Bits,
    /// How the maker's r and s are written.
    pub value: ValueForm,
    /// What is named as the algorithm of the maker's signature.
    pub algorithm: &'static [u64],
}

impl SealSpec {
    /// The licence seal of an agency, used by one signer.
    pub fn new(structure: Structure, seal_id: &str, owner: &Agency, signer: &Identity) -> Self {
        Self {
            structure,
            seal_id: seal_id.to_owned(),
            name: format!("{}电子证照专用章", owner.name),
            owner: owner.clone(),
            list: CertificateList::Certificates,
            signers: vec![signer.certificate.clone()],
            made: SEALS_MADE,
            valid: SEALS_VALID,
            stamped: false,
            list_type: None,
            bits: Bits::Whole,
            value: ValueForm::Der,
            algorithm: oid::SM2_WITH_SM3,
        }
    }
}

/// A sound seal made by the samples' own maker: the bytes of an `.esl` file.
pub fn seal(spec: &SealSpec) -> Result<Vec<u8>, SampleError> {
    seal_by(spec, &Authority::new()?.maker)
}

/// A seal made by any maker.
pub fn seal_by(spec: &SealSpec, maker: &Identity) -> Result<Vec<u8>, SampleError> {
    seal_forged(spec, spec, maker)
}

/// A seal that shows `shown` under the maker's signature over `signed`; sound only if they are the same.
pub(crate) fn seal_forged(signed: &SealSpec, shown: &SealSpec, maker: &Identity) -> Result<Vec<u8>, SampleError> {
    let (signed_information, information) = (information(signed), information(shown));
    let certificate = der::octets(&maker.certificate);
    let algorithm = der::oid(shown.algorithm);
    let message = match shown.structure {
        // GM/T 0031-2014 6.1.1.2: the maker signs information, certificate and algorithm; later editions information only.
        Structure::V1 => der::sequence(&[signed_information, certificate.clone(), algorithm.clone()]),
        Structure::V4 | Structure::V5 => signed_information,
    };
    let signature = shown.bits.write(&shown.value.write(&maker.key.sign(&message)?));
    Ok(match shown.structure {
        Structure::V1 => der::sequence(&[information, der::sequence(&[certificate, algorithm, signature])]),
        Structure::V4 | Structure::V5 => {
            let mut parts = vec![information, certificate, algorithm, signature];
            parts.extend(shown.stamped.then(time_stamp));
            der::sequence(&parts)
        }
    })
}

/// `[0] BIT STRING` in the place of a time stamp (GB/T 20520). What is in it is no real token: nobody made one.
pub(crate) fn time_stamp() -> Vec<u8> {
    der::explicit(0, &der::bits(&der::sequence(&[der::oid(oid::SIGNED_DATA), der::utf8("TEST ONLY")])))
}

/// SES_SealInfo.
fn information(spec: &SealSpec) -> Vec<u8> {
    let header = der::sequence(&[der::ia5("ES"), der::integer(spec.structure.version()), der::ia5("HUXIN-SAMPLES")]);
    der::sequence(&[
        header,
        der::ia5(&spec.seal_id),
        properties(spec),
        picture(spec),
        der::sequence(&[owner_extension(&spec.owner)]),
    ])
}

/// SES_ESPropertyInfo; type 1 is the seal of an organisation.
fn properties(spec: &SealSpec) -> Vec<u8> {
    let times = [spec.made, spec.valid.from, spec.valid.until];
    let mut parts = vec![der::integer(1), der::utf8(&spec.name)];
    if spec.structure == Structure::V1 {
        parts.push(certificates(spec));
        parts.extend(times.map(|time| der::utc_time(&time.utc_time())));
    } else {
        let (kind, list) = match spec.list {
            CertificateList::Certificates => (1, certificates(spec)),
            CertificateList::Digests => (2, digests(spec, &[])),
            CertificateList::DigestsWithZ(z) => (2, digests(spec, &z)),
        };
        parts.extend([der::integer(spec.list_type.unwrap_or(kind)), list]);
        parts.extend(times.map(|time| der::generalized_time(&time.generalized())));
    }
    der::sequence(&parts)
}

fn certificates(spec: &SealSpec) -> Vec<u8> {
    der::sequence(&spec.signers.iter().map(|certificate| der::octets(certificate)).collect::<Vec<_>>())
}

fn digests(spec: &SealSpec, start: &[u8]) -> Vec<u8> {
    let digest = |certificate: &Vec<u8>| {
        let value = sm3(&[start, certificate].concat());
        der::sequence(&[der::printable("SM3"), der::octets(&value)])
    };
    der::sequence(&spec.signers.iter().map(digest).collect::<Vec<_>>())
}

/// SES_ESPictrueInfo, 40 mm wide and high.
fn picture(spec: &SealSpec) -> Vec<u8> {
    let png = seal_picture(spec.seal_id.as_bytes());
    der::sequence(&[der::ia5("PNG"), der::octets(&png), der::integer(40), der::integer(40)])
}

/// ExtData whose value is the owner's social credit code and name as a UTF8String; `critical` is false and left out.
fn owner_extension(owner: &Agency) -> Vec<u8> {
    let value = der::utf8(&format!("{}{}", owner.code, owner.name));
    der::sequence(&[der::oid(oid::SEAL_OWNER), der::octets(&value)])
}
