//! What `SignedValue.dat` holds, told by its shape and not by what `Signature.xml` says of it.
//!
//! ```text
//! SEQUENCE { SEQUENCE TBS_Sign, BIT STRING }                                   SES_Signature v1
//! SEQUENCE { SEQUENCE TBS_Sign, cert, signatureAlgID, signature, [0] ts? }     SES_Signature v4, v5
//! SEQUENCE { OBJECT IDENTIFIER, [0] .. }                                       GB/T 35275 SignedData
//! SEQUENCE { INTEGER r, INTEGER s }, or 64 bytes                               a bare SM2 value
//!
//! TBS_Sign v1   SEQUENCE { version, eseal, timeInfo BIT STRING, dataHash, propertyInfo, cert, signatureAlgorithm }
//! TBS_Sign v4   SEQUENCE { version, eseal, timeInfo GeneralizedTime, dataHash, propertyInfo, extDatas [0] OPTIONAL }
//! ```

use der::Tag;
use der::asn1::ObjectIdentifier;

use crate::asn1::{Element, Fault, Fields, Oddities, shown};
use crate::moment::Moment;
use crate::seal::{Seal, Structure, certificate_octets};
use crate::signed_data::SignedData;
use crate::sm2_value::{self, Sm2Value};

const PROPERTY_CHARS_MAX: usize = 1024;

/// A seal signature (SES_Signature) as it stands in a file. Nothing is verified yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealSignature<'a> {
    pub structure: Structure,
    /// The bytes of TBS_Sign, which the signer signed.
    pub signed: &'a [u8],
    pub version: u32,
    pub seal: Seal<'a>,
    pub time: Moment,
    /// How timeInfo was written, in the words of reports.
    pub time_encoding: &'static str,
    pub data_hash: &'a [u8],
    pub property_info: String,
    /// DER certificate of the signer.
    pub certificate: &'a [u8],
    pub algorithm: ObjectIdentifier,
    /// The signature as written, see [`crate::sm2_value`].
    pub signature: &'a [u8],
    pub has_time_stamp: bool,
    pub odd: Oddities,
}

/// One of the four kinds.
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
        let first = fields.clone().next(field)?;
        let value = match first.tag {
            Tag::Integer => Sm2Value::read(whole.raw, field).map(Self::Bare)?,
            Tag::ObjectIdentifier => Self::Data(Box::new(SignedData::of_element(whole)?)),
            _ => Self::Seal(Box::new(SealSignature::of_fields(&mut fields)?)),
        };
        if rest.is_empty() { Ok(value) } else { Element::whole(bytes, field).map(|_| value) }
    }
}

impl<'a> SealSignature<'a> {
    fn of_fields(fields: &mut Fields<'a>) -> Result<Self, Fault> {
        let parts = fields.clone().rest(5)?;
        match *parts.as_slice() {
            [signed, signature] => Self::v1(signed, signature),
            [signed, certificate, algorithm, signature] => Self::v4(signed, certificate, algorithm, signature, None),
            [signed, certificate, algorithm, signature, stamp] => {
                Self::v4(signed, certificate, algorithm, signature, Some(stamp))
            }
            _ => Err(Fault::format("SES_Signature", "neither two, four nor five elements")),
        }
    }

    fn v1(signed: Element<'a>, signature: Element<'a>) -> Result<Self, Fault> {
        let mut odd = Oddities::default();
        let mut fields = signed.sequence("TBS_Sign")?;
        let body = Body::read(&mut fields, &mut odd)?;
        let certificate = certificate_octets(fields.next("cert")?, "cert", &mut odd)?;
        let algorithm = sm2_value::algorithm(fields.next("signatureAlgorithm")?, "signatureAlgorithm", &mut odd)?;
        fields.end()?;
        let signature = sm2_value::signature_bytes(signature, "signature", &mut odd)?;
        Ok(body.signature(Structure::V1, signed.raw, certificate, algorithm, signature, odd))
    }

    fn v4(
        signed: Element<'a>,
        certificate: Element<'a>,
        algorithm: Element<'a>,
        signature: Element<'a>,
        stamp: Option<Element<'a>>,
    ) -> Result<Self, Fault> {
        let mut odd = Oddities::default();
        let mut fields = signed.sequence("TBS_Sign")?;
        let body = Body::read(&mut fields, &mut odd)?;
        // extDatas of a signature carry nothing that is judged; only their place is checked.
        if fields.optional("extDatas")?.is_some_and(|element| !element.is_context(0) && element.tag != Tag::Sequence) {
            return Err(Fault::format("extDatas", "not [0]"));
        }
        fields.end()?;
        if stamp.is_some_and(|stamp| !stamp.is_context(0)) {
            return Err(Fault::format("timeStamp", "the fifth element is not [0]"));
        }
        let certificate = certificate_octets(certificate, "cert", &mut odd)?;
        let algorithm = sm2_value::algorithm(algorithm, "signatureAlgID", &mut odd)?;
        let signature = sm2_value::signature_bytes(signature, "signature", &mut odd)?;
        let is_v5 = body.version >= 5 || body.seal.structure == Structure::V5;
        let structure = if is_v5 { Structure::V5 } else { Structure::V4 };
        let mut read = body.signature(structure, signed.raw, certificate, algorithm, signature, odd);
        read.has_time_stamp = stamp.is_some();
        Ok(read)
    }
}

/// What TBS_Sign of all versions begins with.
struct Body<'a> {
    version: u32,
    seal: Seal<'a>,
    time: Moment,
    time_encoding: &'static str,
    data_hash: &'a [u8],
    property_info: String,
}

impl<'a> Body<'a> {
    fn read(fields: &mut Fields<'a>, odd: &mut Oddities) -> Result<Self, Fault> {
        let version = fields.next("version")?.number("version")?;
        let seal = Seal::of_element(fields.next("eseal")?)?;
        let (time, time_encoding) = time_info(fields.next("timeInfo")?, odd)?;
        let data_hash = fields.next("dataHash")?.bits_or_octets("dataHash", odd)?;
        let property_info =
            fields.next("propertyInfo")?.text(Tag::Ia5String, PROPERTY_CHARS_MAX, "propertyInfo", odd)?;
        Ok(Self { version, seal, time, time_encoding, data_hash, property_info: shown(&property_info) })
    }

    fn signature(
        self,
        structure: Structure,
        signed: &'a [u8],
        certificate: &'a [u8],
        algorithm: ObjectIdentifier,
        signature: &'a [u8],
        odd: Oddities,
    ) -> SealSignature<'a> {
        SealSignature {
            structure,
            signed,
            version: self.version,
            seal: self.seal,
            time: self.time,
            time_encoding: self.time_encoding,
            data_hash: self.data_hash,
            property_info: self.property_info,
            certificate,
            algorithm,
            signature,
            has_time_stamp: false,
            odd,
        }
    }
}

/// A time; in v1 a BIT STRING around a DER time or around bare text.
fn time_info(element: Element<'_>, odd: &mut Oddities) -> Result<(Moment, &'static str), Fault> {
    let field = "timeInfo";
    let inside = match element.tag {
        Tag::BitString => element.bits(field)?,
        Tag::OctetString => {
            odd.add("timeInfo is an OCTET STRING where the standard has a time or a BIT STRING");
            element.octets(field)?
        }
        _ => return Ok((Moment::of_element(element, field, odd)?, "DER time")),
    };
    if let Ok(time) = Element::whole(inside, field)
        && matches!(
            time.tag,
            Tag::UtcTime | Tag::GeneralizedTime | Tag::Utf8String | Tag::Ia5String | Tag::PrintableString
        )
    {
        return Ok((Moment::of_element(time, field, odd)?, "DER time in BIT STRING"));
    }
    let moment = std::str::from_utf8(inside).ok().and_then(Moment::read);
    let moment = moment.ok_or_else(|| Fault::format(field, "neither a DER time nor the text of one"))?;
    odd.add("timeInfo is bare text where the standard has a DER time");
    Ok((moment, "text in BIT STRING"))
}
