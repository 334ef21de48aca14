//! SignedData of GB/T 35275 (and of CMS, RFC 5652, which has the same shape under other identifiers).
//!
//! ```text
//! ContentInfo  SEQUENCE { contentType, [0] SignedData }
//! SignedData   SEQUENCE { version, digestAlgorithms SET, contentInfo { type, [0] OCTET STRING OPTIONAL },
//!                         certificates [0] OPTIONAL, crls [1] OPTIONAL, signerInfos SET }
//! SignerInfo   SEQUENCE { version, issuerAndSerialNumber, digestAlgorithm, authenticatedAttributes [0] OPTIONAL,
//!                         digestEncryptionAlgorithm, encryptedDigest, unauthenticatedAttributes [1] OPTIONAL }
//! ```
//! ofdrw once wrote the SignedData without its ContentInfo; it is read as if it stood in one.
//!
//! Without authenticated attributes the signature is over the content; with them over the attributes as a SET, that is with
//! their tag `A0` written `31` and nothing else changed.

use der::Tag;
use der::asn1::ObjectIdentifier;

use crate::asn1::{Element, Fault, Fields, Oddities};
use crate::certificate::{Certificate, Name, certificate_octets, name, serial};
use crate::moment::Moment;
use crate::sm2_value;

/// Certificates carried by one SignedData that are read.
pub const CERTIFICATES_MAX: usize = 32;
const SIGNERS_MAX: usize = 16;
const ATTRIBUTES_MAX: usize = 64;
const ALGORITHMS_MAX: usize = 16;

/// signedData of GB/T 35275 and of CMS.
const SIGNED_DATA: [ObjectIdentifier; 2] =
    [ObjectIdentifier::new_unwrap("1.2.156.10197.6.1.4.2.2"), ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2")];
const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
const SIGNING_TIME: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.5");

/// Authenticated attributes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attributes<'a> {
    /// Their bytes, under the tag `A0`, which is replaced by `31` for the signature.
    pub raw: &'a [u8],
    pub message_digest: Option<&'a [u8]>,
    pub signing_time: Option<Moment>,
}

impl<'a> Attributes<'a> {
    /// The two parts whose concatenation was signed.
    pub fn signed_parts(&self) -> [&'a [u8]; 2] {
        [&[0x31], self.raw.get(1..).unwrap_or_default()]
    }
}

/// How a SignerInfo names its certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignerId<'a> {
    IssuerSerial(Name, Vec<u8>),
    /// Subject key identifier, which CMS allows.
    KeyId(&'a [u8]),
}

impl SignerId<'_> {
    /// Which of the certificates carried is the signer's.
    pub(crate) fn position(&self, carried: &[Result<Certificate, Fault>]) -> Option<usize> {
        match (self, carried) {
            // The one certificate that is carried and cannot be read is meant to be the signer's.
            (_, [Err(_)]) | (SignerId::KeyId(_), [_]) => Some(0),
            (SignerId::IssuerSerial(issuer, serial), _) => carried.iter().position(|read| {
                read.as_ref().is_ok_and(|found| found.issuer.text == issuer.text && &found.serial == serial)
            }),
            (SignerId::KeyId(_), _) => None,
        }
    }
}

/// A SignedData as it stands in a file. Nothing is verified yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedData<'a> {
    pub content_type: ObjectIdentifier,
    /// The content, when it is carried.
    pub content: Option<&'a [u8]>,
    /// DER certificates carried.
    pub certificates: Vec<&'a [u8]>,
    pub signer: SignerId<'a>,
    pub digest_algorithm: ObjectIdentifier,
    pub attributes: Option<Attributes<'a>>,
    pub algorithm: ObjectIdentifier,
    /// The signature as written, see [`crate::sm2_value`].
    pub signature: &'a [u8],
    /// What the further signers say, each with the same content and certificates.
    pub others: Vec<Self>,
    pub odd: Oddities,
}

impl<'a> SignedData<'a> {
    /// Reads the ContentInfo that fills `bytes`.
    pub fn read(bytes: &'a [u8]) -> Result<Self, Fault> {
        Self::of_element(Element::whole(bytes, "ContentInfo")?)
    }

    pub(crate) fn of_element(element: Element<'a>) -> Result<Self, Fault> {
        let mut odd = Oddities::default();
        let (content_type, mut fields) = signed_data_in(element, &mut odd)?;
        let _version = fields.next("version")?.number("version")?;
        fields
            .next("digestAlgorithms")?
            .expect(Tag::Set, "digestAlgorithms")?
            .fields("digestAlgorithms")?
            .rest(ALGORITHMS_MAX)?;
        let content = content(fields.next("contentInfo")?, &mut odd)?;
        let certificates = certificates(&mut fields, &mut odd)?;
        let _crls = fields.next_if("crls", |element| element.is_context(1))?;
        let signers =
            fields.next("signerInfos")?.expect(Tag::Set, "signerInfos")?.fields("signerInfos")?.rest(SIGNERS_MAX)?;
        fields.end()?;
        let Some((first, others)) = signers.split_first() else {
            return Err(Fault::format("signerInfos", "there is no signer"));
        };
        if !others.is_empty() {
            odd.add("there are several signers, of which the first is shown");
        }
        let mut data = SignerInfo::read(*first, &mut odd)?.join(content_type, content, certificates, odd);
        for other in others {
            let signer = SignerInfo::read(*other, &mut data.odd)?;
            data.others.push(signer.join(content_type, content, data.certificates.clone(), Oddities::default()));
        }
        Ok(data)
    }
}

/// The content type, and the fields of SignedData: inside a ContentInfo, or alone.
fn signed_data_in<'a>(element: Element<'a>, odd: &mut Oddities) -> Result<(ObjectIdentifier, Fields<'a>), Fault> {
    let mut outer = element.sequence("ContentInfo")?;
    if outer.clone().next("contentType")?.tag == Tag::Integer {
        odd.add("SignedData stands without its ContentInfo (ofdrw)");
        let [gb, _cms] = SIGNED_DATA;
        return Ok((gb, outer));
    }
    let content_type = outer.next("contentType")?.oid("contentType")?;
    if !SIGNED_DATA.contains(&content_type) {
        return Err(Fault::format("contentType", format!("{content_type} is not signedData")));
    }
    let fields = explicit(outer.next("content")?, "content")?.sequence("SignedData")?;
    outer.end()?;
    Ok((content_type, fields))
}

struct SignerInfo<'a> {
    signer: SignerId<'a>,
    digest_algorithm: ObjectIdentifier,
    attributes: Option<Attributes<'a>>,
    algorithm: ObjectIdentifier,
    signature: &'a [u8],
}

impl<'a> SignerInfo<'a> {
    fn read(element: Element<'a>, odd: &mut Oddities) -> Result<Self, Fault> {
        let mut fields = element.sequence("SignerInfo")?;
        let _version = fields.next("version")?.number("version")?;
        let signer = signer_id(fields.next("issuerAndSerialNumber")?)?;
        let digest_algorithm = sm2_value::algorithm_identifier(fields.next("digestAlgorithm")?, "digestAlgorithm")?;
        let attributes = match fields.next_if("authenticatedAttributes", |element| element.is_context(0))? {
            Some(element) => Some(attributes(element, odd)?),
            None => None,
        };
        let algorithm = fields.next("digestEncryptionAlgorithm")?;
        let algorithm = sm2_value::algorithm_identifier(algorithm, "digestEncryptionAlgorithm")?;
        let signature = signature_octets(fields.next("encryptedDigest")?, odd)?;
        let _unauthenticated = fields.next_if("unauthenticatedAttributes", |element| element.is_context(1))?;
        fields.end()?;
        Ok(Self { signer, digest_algorithm, attributes, algorithm, signature })
    }

    fn join(
        self,
        content_type: ObjectIdentifier,
        content: Option<&'a [u8]>,
        certificates: Vec<&'a [u8]>,
        odd: Oddities,
    ) -> SignedData<'a> {
        let Self { signer, digest_algorithm, attributes, algorithm, signature } = self;
        SignedData {
            content_type,
            content,
            certificates,
            signer,
            digest_algorithm,
            attributes,
            algorithm,
            signature,
            others: Vec::new(),
            odd,
        }
    }
}

/// The one element inside `[0]`.
fn explicit<'a>(element: Element<'a>, field: &'static str) -> Result<Element<'a>, Fault> {
    if !element.is_context(0) {
        return Err(Fault::format(field, format!("found {} where [0] belongs", element.tag)));
    }
    let mut inner = element.fields(field)?;
    let found = inner.next(field)?;
    inner.end()?;
    Ok(found)
}

fn content<'a>(element: Element<'a>, odd: &mut Oddities) -> Result<Option<&'a [u8]>, Fault> {
    let mut fields = element.sequence("contentInfo")?;
    // KingGrid writes an empty identifier here; what the content is, it says itself.
    let _type = fields.next("contentType")?.expect(Tag::ObjectIdentifier, "contentType")?;
    let found = match fields.optional("content")? {
        None => None,
        Some(wrapped) if wrapped.is_context(0) && !wrapped.tag.is_constructed() => {
            odd.add("content is tagged [0] IMPLICIT where the standard has EXPLICIT");
            Some(wrapped.value)
        }
        Some(wrapped) => {
            let inner = explicit(wrapped, "content")?;
            if inner.tag == Tag::OctetString {
                Some(inner.octets("content")?)
            } else {
                odd.add(format!("content is {} where the standard has an OCTET STRING", inner.tag));
                Some(inner.value)
            }
        }
    };
    fields.end()?;
    Ok(found)
}

fn certificates<'a>(fields: &mut Fields<'a>, odd: &mut Oddities) -> Result<Vec<&'a [u8]>, Fault> {
    let Some(list) = fields.next_if("certificates", |element| element.is_context(0))? else {
        return Ok(Vec::new());
    };
    let elements = list.fields("certificates")?.rest(CERTIFICATES_MAX)?;
    // Attribute certificates and other choices of CMS have context tags; they are not needed here.
    elements
        .into_iter()
        .filter(|element| matches!(element.tag, Tag::Sequence | Tag::OctetString))
        .map(|element| match element.tag {
            Tag::Sequence => Ok(element.raw),
            _ => certificate_octets(element, "certificates", odd),
        })
        .collect()
}

fn signer_id(element: Element<'_>) -> Result<SignerId<'_>, Fault> {
    if element.is_context(0) {
        return Ok(SignerId::KeyId(element.value));
    }
    let mut fields = element.sequence("issuerAndSerialNumber")?;
    let issuer = name(fields.next("issuer")?, "issuer")?;
    let number = serial(fields.next("serialNumber")?)?;
    fields.end()?;
    Ok(SignerId::IssuerSerial(issuer, number))
}

fn attributes<'a>(element: Element<'a>, odd: &mut Oddities) -> Result<Attributes<'a>, Fault> {
    let field = "authenticatedAttributes";
    let mut found = Attributes { raw: element.raw, message_digest: None, signing_time: None };
    for attribute in element.fields(field)?.rest(ATTRIBUTES_MAX)? {
        let mut parts = attribute.sequence(field)?;
        let id = parts.next("attrType")?.oid("attrType")?;
        let values =
            parts.next("attrValues")?.expect(Tag::Set, "attrValues")?.fields("attrValues")?.rest(ATTRIBUTES_MAX)?;
        parts.end()?;
        if id == MESSAGE_DIGEST {
            let digest = single(&values, "messageDigest", found.message_digest.is_some())?.octets("messageDigest")?;
            found.message_digest = Some(digest);
        } else if id == SIGNING_TIME {
            let time = single(&values, "signingTime", found.signing_time.is_some())?;
            match Moment::of_element(time, "signingTime", odd) {
                Ok(time) => found.signing_time = Some(time),
                Err(fault) => odd.add(fault.to_string()),
            }
        }
    }
    Ok(found)
}

/// RFC 5652, 11: these attributes come once, with one value.
fn single<'a>(values: &[Element<'a>], field: &'static str, seen: bool) -> Result<Element<'a>, Fault> {
    match values {
        [value] if !seen => Ok(*value),
        _ => Err(Fault::format(field, "not exactly one value")),
    }
}

/// encryptedDigest; some software writes a BIT STRING, or the SEQUENCE { r, s } itself.
fn signature_octets<'a>(element: Element<'a>, odd: &mut Oddities) -> Result<&'a [u8], Fault> {
    let field = "encryptedDigest";
    let bytes = match element.tag {
        Tag::Sequence => {
            odd.add("encryptedDigest is the signature where the standard has an OCTET STRING around it");
            element.raw
        }
        Tag::BitString => {
            odd.add("encryptedDigest is a BIT STRING where the standard has an OCTET STRING");
            element.bits(field, odd)?
        }
        _ => element.octets(field)?,
    };
    sm2_value::note_writing(bytes, field, odd);
    Ok(bytes)
}
