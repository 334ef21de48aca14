//! What `SignedValue.dat` holds, told by its shape and not by what `Signature.xml` says of it.
//!
//! ```text
//! SEQUENCE { SEQUENCE TBS_Sign, BIT STRING }                                   SES_Signature v1
//! SEQUENCE { SEQUENCE TBS_Sign, cert, signatureAlgID, signature, [0] ts? }     SES_Signature v4, v5
//! SEQUENCE { OBJECT IDENTIFIER, [0] .. }                                       GB/T 35275 SignedData
//! SEQUENCE { INTEGER version, SET .. }                                         the same without its ContentInfo (ofdrw)
//! SEQUENCE { INTEGER r, INTEGER s }, or 64 bytes                               a bare SM2 value
//!
//! TBS_Sign v1   SEQUENCE { version, eseal, timeInfo BIT STRING, dataHash, propertyInfo, cert, signatureAlgorithm }
//! TBS_Sign v4   SEQUENCE { version, eseal, timeInfo GeneralizedTime, dataHash, propertyInfo, extDatas [0] OPTIONAL }
//! ```
//!
//! What cannot be read of a seal signature does not hide the rest: each part is read by itself.

use std::borrow::Cow;

use der::Tag;
use der::asn1::ObjectIdentifier;

use crate::asn1::{Element, Fault, Fields, Oddities, restored, shown};
use crate::certificate::certificate_octets;
use crate::moment::Moment;
use crate::seal::{Seal, Structure};
use crate::signed_data::SignedData;
use crate::sm2_value::{self, Sm2Value};
use crate::time_stamp;

const PROPERTY_CHARS_MAX: usize = 1024;
/// Bytes of SM3.
const DIGEST_BYTES: usize = 32;

/// A seal signature (SES_Signature) as it stands in a file. Nothing is verified yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealSignature<'a> {
    pub structure: Structure,
    /// The bytes of TBS_Sign, which the signer signed.
    pub signed: &'a [u8],
    pub version: u32,
    pub seal: Result<Seal<'a>, Fault>,
    pub time: Result<TimeInfo, Fault>,
    pub data_hash: Result<Cow<'a, [u8]>, Fault>,
    pub property_info: String,
    /// DER certificate of the signer.
    pub certificate: Result<&'a [u8], Fault>,
    pub algorithm: Result<ObjectIdentifier, Fault>,
    /// The signature as written, see [`crate::sm2_value`].
    pub signature: Result<&'a [u8], Fault>,
    pub has_time_stamp: bool,
    /// What is in the structure and in none of these parts, and could not be read.
    pub faults: Vec<Fault>,
    pub odd: Oddities,
}

/// `timeInfo`: when the signer says it signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeInfo {
    pub moment: Moment,
    /// How it was written, in the words of reports.
    pub encoding: &'static str,
}

/// One of the three kinds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignedValue<'a> {
    Seal(Box<SealSignature<'a>>),
    Data(Box<SignedData<'a>>),
    Bare(Sm2Value),
}

impl<'a> SignedValue<'a> {
    /// Reads the value that fills `bytes`.
    pub fn read(bytes: &'a [u8]) -> Result<Self, Fault> {
        let field = "SignedValue";
        if bytes.len() == 64 {
            return Sm2Value::read(bytes, field).map(Self::Bare);
        }
        let (whole, rest) = Element::first(bytes, field)?;
        let mut fields = whole.sequence(field)?;
        let mut ahead = fields.clone();
        let (first, second) = (ahead.next(field)?, ahead.optional(field).ok().flatten());
        let value = match first.tag {
            Tag::Integer if second.is_none_or(|second| second.tag == Tag::Integer) => {
                Sm2Value::read(whole.raw, field).map(Self::Bare)?
            }
            Tag::ObjectIdentifier | Tag::Integer => Self::Data(Box::new(SignedData::of_element(whole)?)),
            _ => Self::Seal(Box::new(SealSignature::of_fields(&mut fields)?)),
        };
        if rest.is_empty() { Ok(value) } else { Element::whole(bytes, field).map(|_| value) }
    }

    /// The first part that could not be read.
    pub fn fault(&self) -> Option<&Fault> {
        let Self::Seal(of) = self else { return None };
        let of_seal = of.seal.as_ref().map_or_else(Some, Seal::fault);
        let parts = [
            of_seal,
            of.time.as_ref().err(),
            of.data_hash.as_ref().err(),
            of.certificate.as_ref().err(),
            of.algorithm.as_ref().err(),
            of.signature.as_ref().err(),
            of.faults.first(),
        ];
        parts.into_iter().flatten().next()
    }
}

impl<'a> SealSignature<'a> {
    fn of_fields(fields: &mut Fields<'a>) -> Result<Self, Fault> {
        let parts = fields.clone().rest(5)?;
        match *parts.as_slice() {
            [signed, signature] => Self::v1(signed, signature, None),
            [signed, signature, stamp] if signature.tag == Tag::BitString => Self::v1(signed, signature, Some(stamp)),
            [signed, certificate, algorithm, signature] => Self::v4(signed, certificate, algorithm, signature, None),
            [signed, certificate, algorithm, signature, stamp] => {
                Self::v4(signed, certificate, algorithm, signature, Some(stamp))
            }
            _ => Err(Fault::format("SES_Signature", "neither two, four nor five elements")),
        }
    }

    fn v1(signed: Element<'a>, signature: Element<'a>, stamp: Option<Element<'a>>) -> Result<Self, Fault> {
        let mut fields = signed.sequence("TBS_Sign")?;
        let mut read = Self::body(signed.raw, &mut fields)?;
        read.structure = Structure::V1;
        let odd = &mut read.odd;
        read.certificate = fields.next("cert").and_then(|cert| certificate_octets(cert, "cert", odd));
        let algorithm = fields.next("signatureAlgorithm");
        read.algorithm = algorithm.and_then(|element| sm2_value::algorithm(element, "signatureAlgorithm", odd));
        read.finish(fields, signature, stamp);
        Ok(read)
    }

    fn v4(
        signed: Element<'a>,
        certificate: Element<'a>,
        algorithm: Element<'a>,
        signature: Element<'a>,
        stamp: Option<Element<'a>>,
    ) -> Result<Self, Fault> {
        let mut fields = signed.sequence("TBS_Sign")?;
        let mut read = Self::body(signed.raw, &mut fields)?;
        // extDatas of a signature carry nothing that is judged; only their place is checked.
        match fields.optional("extDatas") {
            Ok(Some(element)) if !element.is_context(0) && element.tag != Tag::Sequence => {
                read.faults.push(Fault::format("extDatas", "not [0]"));
            }
            Ok(_) => {}
            Err(fault) => read.faults.push(fault),
        }
        read.certificate = certificate_octets(certificate, "cert", &mut read.odd);
        read.algorithm = sm2_value::algorithm(algorithm, "signatureAlgID", &mut read.odd);
        let is_v5 = read.version >= 5 || read.seal.as_ref().is_ok_and(|seal| seal.structure == Structure::V5);
        read.structure = if is_v5 { Structure::V5 } else { Structure::V4 };
        read.finish(fields, signature, stamp);
        Ok(read)
    }

    /// What TBS_Sign of all versions begins with.
    fn body(signed: &'a [u8], fields: &mut Fields<'a>) -> Result<Self, Fault> {
        let mut odd = Oddities::default();
        let mut faults = Vec::new();
        let version = fields.next("version")?.number("version")?;
        let seal = fields.next("eseal").and_then(Seal::of_element);
        let time = fields.next("timeInfo").and_then(|element| time_info(element, &mut odd));
        let data_hash = fields.next("dataHash").and_then(|element| element.bits_or_octets("dataHash", &mut odd));
        let data_hash = data_hash.map(|bytes| restored(bytes, DIGEST_BYTES, "dataHash", &mut odd));
        let property_info = fields
            .next("propertyInfo")
            .and_then(|element| element.text(Tag::Ia5String, PROPERTY_CHARS_MAX, "propertyInfo", &mut odd));
        let property_info = property_info.unwrap_or_else(|fault| {
            faults.push(fault);
            String::new()
        });
        let absent = |field| Fault::format(field, "not read yet");
        Ok(Self {
            structure: Structure::V4,
            signed,
            version,
            seal,
            time,
            data_hash,
            property_info: shown(&property_info),
            certificate: Err(absent("cert")),
            algorithm: Err(absent("signatureAlgID")),
            signature: Err(absent("signature")),
            has_time_stamp: false,
            faults,
            odd,
        })
    }

    fn finish(&mut self, fields: Fields<'a>, signature: Element<'a>, stamp: Option<Element<'a>>) {
        self.faults.extend(fields.end().err());
        self.signature = sm2_value::signature_bytes(signature, "signature", &mut self.odd);
        self.has_time_stamp = stamp.is_some();
        if let Some(stamp) = stamp {
            time_stamp::note_place(stamp, &mut self.odd);
        }
    }
}

/// A time; in v1 a BIT STRING around a DER time, around bare text, or around a time-stamp token.
fn time_info(element: Element<'_>, odd: &mut Oddities) -> Result<TimeInfo, Fault> {
    let field = "timeInfo";
    let of = |moment, encoding| Ok(TimeInfo { moment, encoding });
    let inside = match element.tag {
        Tag::BitString => element.bits(field, odd)?,
        Tag::OctetString => {
            odd.add("timeInfo is an OCTET STRING where the standard has a time or a BIT STRING");
            element.octets(field)?
        }
        Tag::Sequence => element.raw,
        _ => return of(Moment::of_element(element, field, odd)?, "DER time"),
    };
    if let Ok(time) = Element::whole(inside, field) {
        match time.tag {
            Tag::UtcTime | Tag::GeneralizedTime | Tag::Utf8String | Tag::Ia5String | Tag::PrintableString => {
                return of(Moment::of_element(time, field, odd)?, "DER time in BIT STRING");
            }
            Tag::Sequence => {
                odd.add("timeInfo is a time-stamp token; its time is taken, its signature is not checked");
                return of(time_stamp::time_of(time)?, "time-stamp token");
            }
            _ => {}
        }
    }
    let moment = std::str::from_utf8(inside).ok().and_then(Moment::read);
    let moment = moment.ok_or_else(|| Fault::format(field, "neither a DER time nor the text of one"))?;
    odd.add("timeInfo is bare text where the standard has a DER time");
    of(moment, "text in BIT STRING")
}
