//! Electronic seals: SESeal of GM/T 0031-2014 (v1), GB/T 38540-2020 (v4) and GM/T 0031-2025 (v5).
//!
//! ```text
//! SESeal v1     SEQUENCE { eSealInfo, SEQUENCE { cert, signatureAlgorithm, signData } }
//! SESeal v4/v5  SEQUENCE { eSealInfo, cert, signAlgID, signedValue, timeStamp [0] OPTIONAL }
//! eSealInfo     SEQUENCE { header { ID "ES", version, Vid }, esID, property, picture, extDatas OPTIONAL }
//! property v1   SEQUENCE { type, name, certList SEQUENCE OF OCTET STRING, createDate, validStart, validEnd }
//! property v4   SEQUENCE { type, name, certListType, certList, createDate, validStart, validEnd }
//! ```
//! The version is told by shape: two elements are v1, four v4 or v5 by `header.version`, five v5 (the fifth is a time stamp).
//!
//! **Invariant**: the maker's signature is checked over the bytes of the file, never over a second encoding.

mod owner;
mod signers;

pub use owner::Owner;
pub use signers::{CERTIFICATES_MAX, Membership, Signers};

use der::asn1::ObjectIdentifier;
use der::{Encode, Header, Length, Tag};
use huxin_chain_spec::crypto::{Digest, DigestAlgorithm};
use huxin_chain_spec::ids::TimeMs;

use crate::asn1::{Element, Fault, Fields, Oddities, shown};
use crate::certificate::certificate_octets;
use crate::moment::Moment;
use crate::sm2_value;
use crate::time_stamp;

/// Longest seal read; pictures are some 20 KB, vector pictures some 500 KB.
pub const SEAL_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Longest esID of the ledger, and longest read at all.
const ID_CHARS: usize = 64;
const ID_CHARS_MAX: usize = 256;
const NAME_CHARS_MAX: usize = 512;
const VENDOR_CHARS_MAX: usize = 256;
/// Longest side of a picture, in millimetres. The 2014 text shows 40; nothing is stamped that is wider than a page.
const SIDE_MM_MAX: u32 = 10_000;

/// The standard that a seal or a signature follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Structure {
    /// GM/T 0031-2014.
    V1,
    /// GB/T 38540-2020.
    V4,
    /// GM/T 0031-2025.
    V5,
    /// GB/T 35275 SignedData.
    Gbt35275,
    /// An SM2 value alone.
    Bare,
}

/// The seal's picture; empty where it cannot be read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Picture<'a> {
    pub kind: &'a str,
    pub data: &'a [u8],
    pub width_mm: u32,
    pub height_mm: u32,
}

/// A seal as it stands in a file. Nothing is verified yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seal<'a> {
    /// The bytes of the whole SESeal.
    pub raw: &'a [u8],
    pub structure: Structure,
    pub header_id: String,
    pub header_version: u32,
    pub vendor: String,
    /// esID, the seal's number.
    pub id: String,
    pub kind: u32,
    pub name: String,
    pub signers: Signers<'a>,
    pub created: TimeMs,
    pub valid_from: TimeMs,
    pub valid_to: TimeMs,
    /// `UTCTime` or `GeneralizedTime`, as the end of validity is written.
    pub time_type: &'static str,
    pub picture: Picture<'a>,
    pub owner: Option<Owner>,
    /// DER certificate of the maker.
    pub maker_certificate: Result<&'a [u8], Fault>,
    pub algorithm: Result<ObjectIdentifier, Fault>,
    /// The signature as written, see [`crate::sm2_value`].
    pub signature: Result<&'a [u8], Fault>,
    /// The bytes of eSealInfo.
    pub info: &'a [u8],
    /// Raw cert and signatureAlgorithm, which v1 signs with eSealInfo.
    v1_tail: Option<[&'a [u8]; 2]>,
    pub has_time_stamp: bool,
    pub odd: Oddities,
}

impl<'a> Seal<'a> {
    /// Reads the seal that fills `bytes`. When bytes follow, [`Seal::read_first`] tells what was before them.
    pub fn read(bytes: &'a [u8]) -> Result<Self, Fault> {
        Self::of_element(Element::whole(bytes, "SESeal")?)
    }

    /// Reads the seal at the start of `bytes`, and returns what follows it.
    pub fn read_first(bytes: &'a [u8]) -> Result<(Self, &'a [u8]), Fault> {
        let (element, rest) = Element::first(bytes, "SESeal")?;
        Ok((Self::of_element(element)?, rest))
    }

    pub(crate) fn of_element(element: Element<'a>) -> Result<Self, Fault> {
        if element.raw.len() > SEAL_BYTES_MAX {
            return Err(Fault::format("SESeal", format!("longer than {SEAL_BYTES_MAX} bytes")));
        }
        let mut odd = Oddities::default();
        let parts = element.sequence("SESeal")?.rest(5)?;
        let (info, proof) = match *parts.as_slice() {
            [info, sign_info] => (info, Proof::v1(sign_info, &mut odd)?),
            [info, certificate, algorithm, signature] => {
                (info, Proof::v4(certificate, algorithm, signature, None, &mut odd))
            }
            [info, certificate, algorithm, signature, stamp] => {
                (info, Proof::v4(certificate, algorithm, signature, Some(stamp), &mut odd))
            }
            _ => return Err(Fault::format("SESeal", "neither two, four nor five elements")),
        };
        read_info(element.raw, info, proof, odd)
    }

    /// The parts whose concatenation the maker signed: eSealInfo for v4 and v5; for v1 a SEQUENCE of eSealInfo, cert and
    /// signatureAlgorithm (GM/T 0031-2014, 6.1.1.2), of which only the header is not in the file.
    pub fn signed_parts(&self) -> Option<(Vec<u8>, [&'a [u8]; 3])> {
        let Some([certificate, algorithm]) = self.v1_tail else {
            return Some((Vec::new(), [self.info, &[], &[]]));
        };
        let parts = [self.info, certificate, algorithm];
        let length = Length::try_from(parts.iter().map(|part| part.len()).sum::<usize>()).ok()?;
        Some((Header::new(Tag::Sequence, length).to_der().ok()?, parts))
    }

    /// What the maker's signature is over, in the words of reports.
    pub fn signed_over(&self) -> &'static str {
        if self.v1_tail.is_some() { "SEQ{sealInfo,cert,alg}" } else { "sealInfo" }
    }

    /// The first part that could not be read.
    pub fn fault(&self) -> Option<&Fault> {
        let parts =
            [self.maker_certificate.as_ref().err(), self.algorithm.as_ref().err(), self.signature.as_ref().err()];
        parts.into_iter().flatten().next()
    }

    /// SM3 of the whole seal.
    pub fn sm3(&self) -> Digest {
        DigestAlgorithm::Sm3.plain(&[self.raw])
    }
}

/// The maker's part of a seal.
struct Proof<'a> {
    certificate: Result<&'a [u8], Fault>,
    algorithm: Result<ObjectIdentifier, Fault>,
    signature: Result<&'a [u8], Fault>,
    v1_tail: Option<[&'a [u8]; 2]>,
    has_time_stamp: bool,
}

impl<'a> Proof<'a> {
    fn v1(sign_info: Element<'a>, odd: &mut Oddities) -> Result<Self, Fault> {
        let mut fields = sign_info.sequence("signInfo")?;
        let certificate = fields.next("cert")?;
        let algorithm = fields.next("signatureAlgorithm")?;
        let signature = fields.next("signData")?;
        fields.end()?;
        Ok(Self {
            v1_tail: Some([certificate.raw, algorithm.raw]),
            ..Self::v4(certificate, algorithm, signature, None, odd)
        })
    }

    fn v4(
        certificate: Element<'a>,
        algorithm: Element<'a>,
        signature: Element<'a>,
        stamp: Option<Element<'a>>,
        odd: &mut Oddities,
    ) -> Self {
        if let Some(stamp) = stamp {
            time_stamp::note_place(stamp, odd);
        }
        Self {
            certificate: certificate_octets(certificate, "cert", odd),
            algorithm: sm2_value::algorithm(algorithm, "signAlgID", odd),
            signature: sm2_value::signature_bytes(signature, "signedValue", odd),
            v1_tail: None,
            has_time_stamp: stamp.is_some(),
        }
    }
}

fn read_info<'a>(raw: &'a [u8], info: Element<'a>, proof: Proof<'a>, mut odd: Oddities) -> Result<Seal<'a>, Fault> {
    let mut fields = info.sequence("eSealInfo")?;
    let mut header = fields.next("header")?.sequence("header")?;
    let header_id = header.next("ID")?.text(Tag::Ia5String, 16, "ID", &mut odd)?;
    let header_version = header.next("version")?.number("version")?;
    let vendor = header.next("Vid")?.text(Tag::Ia5String, VENDOR_CHARS_MAX, "Vid", &mut odd)?;
    header.end()?;
    if header_id != "ES" {
        return Err(Fault::format("ID", "not \"ES\", so this is no electronic seal"));
    }
    let id = fields.next("esID")?.text(Tag::Ia5String, ID_CHARS_MAX, "esID", &mut odd)?;
    if id.chars().count() > ID_CHARS {
        odd.add(format!("esID is longer than {ID_CHARS} characters"));
    }
    let property = Property::read(fields.next("property")?.sequence("property")?, &mut odd)?;
    // Neither picture nor extensions say who may sign: what cannot be read of them hides nothing else.
    let picture = fields.next("picture")?.sequence("picture").and_then(|fields| picture(fields, &mut odd));
    let picture = or_odd(picture, &mut odd).unwrap_or_default();
    let extensions = match fields.optional("extDatas")? {
        Some(element) => owner::read(element, &mut odd),
        None => Ok(None),
    };
    let owner = or_odd(extensions, &mut odd).flatten();
    or_odd(fields.end(), &mut odd);
    let structure = match (proof.v1_tail, header_version) {
        (Some(_), _) => Structure::V1,
        (None, 5..) => Structure::V5,
        (None, _) if proof.has_time_stamp => Structure::V5,
        (None, _) => Structure::V4,
    };
    Ok(Seal {
        raw,
        structure,
        header_id,
        header_version,
        vendor: shown(&vendor),
        id: shown(&id),
        kind: property.kind,
        name: shown(&property.name),
        signers: property.signers,
        created: property.created,
        valid_from: property.valid_from,
        valid_to: property.valid_to,
        time_type: property.time_type,
        picture,
        owner,
        maker_certificate: proof.certificate,
        algorithm: proof.algorithm,
        signature: proof.signature,
        info: info.raw,
        v1_tail: proof.v1_tail,
        has_time_stamp: proof.has_time_stamp,
        odd,
    })
}

/// What was read; where it could not be, a note says so.
fn or_odd<T>(read: Result<T, Fault>, odd: &mut Oddities) -> Option<T> {
    read.inspect_err(|fault| odd.add(format!("{} cannot be read: {}", fault.field, fault.detail))).ok()
}

struct Property<'a> {
    kind: u32,
    name: String,
    signers: Signers<'a>,
    created: TimeMs,
    valid_from: TimeMs,
    valid_to: TimeMs,
    time_type: &'static str,
}

impl<'a> Property<'a> {
    /// v1 has no certListType; what follows the name tells, whatever the outer shape says.
    fn read(mut fields: Fields<'a>, odd: &mut Oddities) -> Result<Self, Fault> {
        let kind = fields.next("type")?.number("type")?;
        let name = fields.next("name")?.text(Tag::Utf8String, NAME_CHARS_MAX, "name", odd)?;
        let list_type = match fields.next_if("certListType", |element| element.tag == Tag::Integer)? {
            Some(element) => element.number("certListType")?,
            None => 1,
        };
        let signers = signers::read(list_type, fields.next("certList")?, odd)?;
        let created = time(&mut fields, "createDate", odd)?.0;
        let valid_from = time(&mut fields, "validStart", odd)?.0;
        let (valid_to, time_type) = time(&mut fields, "validEnd", odd)?;
        fields.end()?;
        Ok(Self { kind, name, signers, created, valid_from, valid_to, time_type })
    }
}

fn time(fields: &mut Fields<'_>, field: &'static str, odd: &mut Oddities) -> Result<(TimeMs, &'static str), Fault> {
    let element = fields.next(field)?;
    let moment = Moment::of_element(element, field, odd)?;
    let time = moment.time().ok_or_else(|| Fault::format(field, "before 1970"))?;
    let time_type = match element.tag {
        Tag::UtcTime => "UTCTime",
        Tag::GeneralizedTime => "GeneralizedTime",
        _ => "text",
    };
    Ok((time, time_type))
}

fn picture<'a>(mut fields: Fields<'a>, odd: &mut Oddities) -> Result<Picture<'a>, Fault> {
    let kind = fields.next("picture.type")?;
    if kind.tag != Tag::Ia5String {
        odd.add(format!("picture.type is {} where the standard has {}", kind.tag, Tag::Ia5String));
    }
    let is_plain = |kind: &&str| kind.len() <= 16 && kind.bytes().all(|byte| byte.is_ascii_graphic());
    let kind = std::str::from_utf8(kind.value).ok().filter(is_plain).unwrap_or_else(|| {
        odd.add("picture.type is no short name in ASCII");
        ""
    });
    let data = fields.next("picture.data")?.octets("picture.data")?;
    let width_mm = side(&mut fields, "picture.width", odd)?;
    let height_mm = side(&mut fields, "picture.height", odd)?;
    fields.end()?;
    Ok(Picture { kind, data, width_mm, height_mm })
}

fn side(fields: &mut Fields<'_>, field: &'static str, odd: &mut Oddities) -> Result<u32, Fault> {
    let side = fields.next(field)?.number(field)?;
    if side > SIDE_MM_MAX {
        odd.add(format!("{field} is more than {SIDE_MM_MAX} mm"));
    }
    Ok(side)
}
