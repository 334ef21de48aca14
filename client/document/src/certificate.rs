//! Certificates (GB/T 20518, X.509): the fields that judging a seal needs, and the exact bytes that were signed.
//!
//! Read leniently where certification authorities are known to be (a written-out DEFAULT FALSE, any string type in a name, the SM2 curve
//! under another identifier or written out)
//! and within limits of our own: [`CERTIFICATE_BYTES_MAX`], [`NAME_BYTES_MAX`], [`EXTENSIONS_MAX`].

use std::ops::Range;

use der::asn1::{BitStringRef, ObjectIdentifier};
use der::{AnyRef, Decode, Tag};
use huxin_chain_spec::crypto::{Digest, DigestAlgorithm, sm2};
use huxin_chain_spec::ids::TimeMs;
use x509_cert::ext::pkix::BasicConstraints;

use crate::asn1::{Element, Fault, Fields, Oddities, restored, shown, string_of};
use crate::moment::Moment;
use crate::rsa_value::{self, RsaKey, Sha2};
use crate::sm2_value::{self, Sm2Value};

/// Longest certificate read.
pub const CERTIFICATE_BYTES_MAX: usize = 16 * 1024;
/// Longest subject or issuer name read, in bytes of its DER.
pub const NAME_BYTES_MAX: usize = 1024;
/// Attributes of one name read.
const ATTRIBUTES_MAX: usize = 32;
/// Extensions of one certificate read.
pub const EXTENSIONS_MAX: usize = 64;
/// RFC 5280, 4.1.2.2: a serial number has at most 20 bytes; some authorities write one more.
const SERIAL_BYTES_MAX: usize = 32;

const BASIC_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.19");
const KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.15");
/// Critical extensions that an issuing certificate may carry: basic constraints, key usage, extended key usage, policies,
/// policy mappings and constraints, the identifiers of keys, alternative names, distribution points. Name constraints are
/// not here: they would have to be obeyed.
const KNOWN_CRITICAL: [&str; 11] = [
    "2.5.29.19",
    "2.5.29.15",
    "2.5.29.37",
    "2.5.29.32",
    "2.5.29.33",
    "2.5.29.36",
    "2.5.29.54",
    "2.5.29.14",
    "2.5.29.35",
    "2.5.29.17",
    "2.5.29.31",
];

/// The public key of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// A point on the SM2 curve, compressed.
    Sm2([u8; 33]),
    /// Says it is SM2, but is no point of the curve.
    OffCurve,
    /// RSA ([`Certificate::rsa`] has the numbers), or another curve, which is not verified here.
    Other(ObjectIdentifier),
}

/// A distinguished name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// `C=CN,O=...,CN=...` in the order of the certificate. A comma, plus or backslash inside a value has a backslash before it.
    pub text: String,
    attributes: Vec<(ObjectIdentifier, String)>,
}

impl Name {
    /// The values of one attribute, for example `CN`.
    pub fn values<'n>(&'n self, short: &'n str) -> impl Iterator<Item = &'n str> {
        self.attributes.iter().filter(move |(oid, _)| short_name(oid) == short).map(|(_, value)| value.as_str())
    }
}

/// What a certificate may sign with its key (RFC 5280, 4.2.1.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyUsage {
    pub digital_signature: bool,
    pub non_repudiation: bool,
    pub cert_sign: bool,
    pub crl_sign: bool,
}

/// One certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    der: Vec<u8>,
    signed: Range<usize>,
    signature: Vec<u8>,
    /// Algorithm of the issuer's signature.
    pub algorithm: ObjectIdentifier,
    /// Whether the part that is signed names the same algorithm.
    is_algorithm_signed: bool,
    /// Big-endian, without leading zeros.
    pub serial: Vec<u8>,
    pub issuer: Name,
    pub subject: Name,
    pub not_before: TimeMs,
    pub not_after: TimeMs,
    pub key: Key,
    /// The numbers of an RSA key.
    pub rsa: Option<RsaKey>,
    /// `None` when the extension is absent.
    pub key_usage: Option<KeyUsage>,
    /// Basic constraints say it is an authority.
    pub is_authority: bool,
    /// How many authorities may follow below it.
    pub path_len: Option<u8>,
    /// A critical extension that is not understood here.
    pub unknown_critical: Option<ObjectIdentifier>,
    /// What departs from the standard and was read all the same.
    pub odd: Oddities,
}

impl Certificate {
    /// Reads one DER certificate that fills `bytes`.
    pub fn read(bytes: &[u8]) -> Result<Self, Fault> {
        let field = "certificate";
        if bytes.len() > CERTIFICATE_BYTES_MAX {
            return Err(Fault::format(field, format!("longer than {CERTIFICATE_BYTES_MAX} bytes")));
        }
        let whole = Element::whole(bytes, field)?;
        let mut fields = whole.sequence(field)?;
        let tbs = fields.next("tbsCertificate")?;
        let algorithm = sm2_value::algorithm_identifier(fields.next("signatureAlgorithm")?, "signatureAlgorithm")?;
        let mut odd = Oddities::default();
        let signature = fields.next("signatureValue")?.bits("signatureValue", &mut odd)?;
        sm2_value::note_writing(signature, "signatureValue", &mut odd);
        fields.end()?;
        let start = whole.raw.len() - whole.value.len();
        let signed = start..start + tbs.raw.len();
        Self::read_tbs(
            tbs,
            Self {
                der: bytes.to_vec(),
                signed,
                signature: signature.to_vec(),
                algorithm,
                is_algorithm_signed: false,
                serial: Vec::new(),
                issuer: Name { text: String::new(), attributes: Vec::new() },
                subject: Name { text: String::new(), attributes: Vec::new() },
                not_before: TimeMs::EPOCH,
                not_after: TimeMs::EPOCH,
                key: Key::OffCurve,
                rsa: None,
                key_usage: None,
                is_authority: false,
                path_len: None,
                unknown_critical: None,
                odd,
            },
        )
    }

    fn read_tbs(tbs: Element<'_>, mut certificate: Self) -> Result<Self, Fault> {
        let mut fields = tbs.sequence("tbsCertificate")?;
        let _version = fields.next_if("version", |element| element.is_context(0))?;
        certificate.serial = serial(fields.next("serialNumber")?)?;
        let algorithm = sm2_value::algorithm_identifier(fields.next("signature")?, "signature");
        certificate.is_algorithm_signed = algorithm.is_ok_and(|algorithm| algorithm == certificate.algorithm);
        certificate.issuer = name(fields.next("issuer")?, "issuer")?;
        let mut validity = fields.next("validity")?.sequence("validity")?;
        certificate.not_before = time(&mut validity, "notBefore")?;
        certificate.not_after = time(&mut validity, "notAfter")?;
        certificate.subject = name(fields.next("subject")?, "subject")?;
        (certificate.key, certificate.rsa) = key(fields.next("subjectPublicKeyInfo")?, &mut certificate.odd)?;
        while let Some(element) = fields.optional("extensions")? {
            if element.is_context(3) {
                certificate.read_extensions(element)?;
            }
        }
        Ok(certificate)
    }

    fn read_extensions(&mut self, wrapped: Element<'_>) -> Result<(), Fault> {
        let field = "extensions";
        let list = wrapped.fields(field)?.next(field)?.sequence(field)?;
        for element in list.rest(EXTENSIONS_MAX)? {
            let extension = Extension::read(element, &mut Oddities::default())?;
            if extension.id == BASIC_CONSTRAINTS {
                // What cannot be read gives no right to issue; it takes none away from a signer.
                let constraints = BasicConstraints::from_der(extension.value).ok();
                self.is_authority = constraints.as_ref().is_some_and(|constraints| constraints.ca);
                self.path_len = constraints.and_then(|constraints| constraints.path_len_constraint);
            } else if extension.id == KEY_USAGE {
                self.key_usage = Some(key_usage(extension.value));
            } else if extension.critical && !KNOWN_CRITICAL.contains(&extension.id.to_string().as_str()) {
                self.unknown_critical = Some(extension.id);
            }
        }
        Ok(())
    }

    /// The DER bytes.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// SM3 of the DER bytes.
    pub fn sm3(&self) -> Digest {
        DigestAlgorithm::Sm3.plain(&[&self.der])
    }

    /// SHA-256 of the DER bytes.
    pub fn sha256(&self) -> Digest {
        DigestAlgorithm::Sha256.plain(&[&self.der])
    }

    /// The serial number in hexadecimal, without leading zeros.
    pub fn serial_hex(&self) -> String {
        let text = hex::encode(&self.serial);
        let short = text.trim_start_matches('0');
        if short.is_empty() { "0".to_owned() } else { short.to_owned() }
    }

    fn tbs(&self) -> &[u8] {
        self.der.get(self.signed.clone()).unwrap_or_default()
    }

    /// Its key in a form to compare, if signatures by it can be verified here: an SM2 point, or the numbers of RSA.
    pub(crate) fn key_id(&self) -> Option<Vec<u8>> {
        match self.key {
            Key::Sm2(point) => Some(point.to_vec()),
            Key::OffCurve => None,
            Key::Other(_) => self.rsa.as_ref().map(RsaKey::id),
        }
    }

    /// The SM2 key, if the certificate has one that lies on the curve.
    pub fn sm2_key(&self) -> Option<[u8; 33]> {
        if let Key::Sm2(point) = self.key { Some(point) } else { None }
    }

    /// Whether `time` lies in the validity, both ends included.
    pub fn is_valid_at(&self, time: TimeMs) -> bool {
        self.not_before <= time && time <= self.not_after
    }

    /// Whether its own name is its issuer's.
    pub fn is_self_issued(&self) -> bool {
        self.issuer.text == self.subject.text
    }

    /// Whether it may issue certificates: basic constraints, key usage, and nothing critical that is not understood.
    pub fn may_issue(&self) -> bool {
        self.is_authority && self.unknown_critical.is_none() && self.key_usage.is_none_or(|usage| usage.cert_sign)
    }

    /// Whether it may sign documents or seals: digitalSignature or nonRepudiation, when it has a key usage at all.
    pub fn may_sign(&self) -> bool {
        self.key_usage.is_none_or(|usage| usage.digital_signature || usage.non_repudiation)
    }

    /// Whether `issuer`'s key made the signature on this certificate. `None` when that key is of an algorithm that is not verified here.
    /// What the certificate claims of its signature's algorithm is the claim of whoever made it: an SM2 key makes no other signatures. A
    /// claim that is not known here has to stand under the signature, so that it cannot be changed afterwards.
    pub fn is_signed_by(&self, issuer: &Self) -> Option<bool> {
        let point = match issuer.key {
            Key::Sm2(point) => point,
            Key::OffCurve => return Some(false),
            Key::Other(_) => {
                let sha = Sha2::of_signature(&self.algorithm)?;
                return issuer.rsa.as_ref()?.verifies(sha, &[self.tbs()], &self.signature);
            }
        };
        if !sm2_value::means_sm2(&self.algorithm) && !self.is_algorithm_signed {
            return Some(false);
        }
        let signed = self.tbs();
        Some(verify_sm2(&point, signed, &self.signature))
    }
}

/// Whether `signature` (either form) over `message` is by `point`, with the default user identifier.
pub(crate) fn verify_sm2(point: &[u8; 33], message: &[u8], signature: &[u8]) -> bool {
    let Ok(value) = Sm2Value::read(signature, "signature") else {
        return false;
    };
    sm2::message_digest(point, sm2::DEFAULT_USER_ID, &[message])
        .is_some_and(|digest| sm2::verify_digest(point, &digest, &value.r_s))
}

/// `SEQUENCE { extnID, critical DEFAULT FALSE, extnValue }`, the same in certificates and seals.
pub(crate) struct Extension<'a> {
    pub id: ObjectIdentifier,
    pub critical: bool,
    pub value: &'a [u8],
}

impl<'a> Extension<'a> {
    pub fn read(element: Element<'a>, odd: &mut Oddities) -> Result<Self, Fault> {
        let mut fields = element.sequence("extension")?;
        let id = fields.next("extnID")?.oid("extnID")?;
        let critical = match fields.next_if("critical", |element| element.tag == Tag::Boolean)? {
            Some(element) => {
                let [value] = *element.value else {
                    return Err(Fault::format("critical", "a BOOLEAN has one byte"));
                };
                match value {
                    0 => odd.add("an extension writes out the default FALSE of critical"),
                    0xff => {}
                    _ => odd.add("an extension writes TRUE as something else than FF"),
                }
                value != 0
            }
            None => false,
        };
        let value = fields.next("extnValue")?.octets("extnValue")?;
        fields.end()?;
        Ok(Self { id, critical, value })
    }
}

/// Any INTEGER as the bytes of a serial number. Negative ones exist and are kept as they stand.
pub(crate) fn serial(element: Element<'_>) -> Result<Vec<u8>, Fault> {
    element.expect(Tag::Integer, "serialNumber")?;
    if element.value.is_empty() || element.value.len() > SERIAL_BYTES_MAX {
        return Err(Fault::format("serialNumber", "empty or longer than 32 bytes"));
    }
    let zeros = element.value.iter().take_while(|byte| **byte == 0).count();
    Ok(element.value.get(zeros..).unwrap_or_default().to_vec())
}

/// The bytes of a certificate held in an OCTET STRING; some software writes the certificate itself.
pub(crate) fn certificate_octets<'a>(
    element: Element<'a>,
    field: &'static str,
    odd: &mut Oddities,
) -> Result<&'a [u8], Fault> {
    if element.tag == Tag::Sequence {
        odd.add(format!("{field} is a certificate where the standard has an OCTET STRING around it"));
        return Ok(element.raw);
    }
    element.octets(field)
}

fn time(fields: &mut Fields<'_>, field: &'static str) -> Result<TimeMs, Fault> {
    Moment::of_certificate(fields.next(field)?, field)
}

pub(crate) fn name(element: Element<'_>, field: &'static str) -> Result<Name, Fault> {
    if element.raw.len() > NAME_BYTES_MAX {
        return Err(Fault::format(field, format!("longer than {NAME_BYTES_MAX} bytes")));
    }
    let mut attributes = Vec::new();
    for rdn in element.sequence(field)?.rest(ATTRIBUTES_MAX)? {
        for pair in rdn.expect(Tag::Set, field)?.fields(field)?.rest(ATTRIBUTES_MAX)? {
            let mut pair = pair.sequence(field)?;
            let id = pair.next(field)?.oid(field)?;
            let value = pair.next(field)?;
            let text = string_of(value, field).unwrap_or_else(|_| format!("#{}", hex::encode(value.raw)));
            attributes.push((id, shown(&text)));
        }
    }
    let parts: Vec<String> =
        attributes.iter().map(|(id, value)| format!("{}={}", short_name(id), escape(value))).collect();
    Ok(Name { text: parts.join(","), attributes })
}

fn escape(value: &str) -> String {
    value.chars().flat_map(|c| if matches!(c, ',' | '+' | '\\' | '"') { vec!['\\', c] } else { vec![c] }).collect()
}

/// Short name of an attribute (RFC 4519), or the dotted identifier.
fn short_name(id: &ObjectIdentifier) -> String {
    let dotted = id.to_string();
    let short = match dotted.as_str() {
        "2.5.4.3" => "CN",
        "2.5.4.4" => "SN",
        "2.5.4.5" => "serialNumber",
        "2.5.4.6" => "C",
        "2.5.4.7" => "L",
        "2.5.4.8" => "ST",
        "2.5.4.9" => "street",
        "2.5.4.10" => "O",
        "2.5.4.11" => "OU",
        "2.5.4.12" => "title",
        "2.5.4.42" => "GN",
        "0.9.2342.19200300.100.1.1" => "UID",
        "0.9.2342.19200300.100.1.25" => "DC",
        "1.2.840.113549.1.9.1" => "emailAddress",
        _ => return dotted,
    };
    short.to_owned()
}

/// Bytes of an uncompressed point.
const POINT_BYTES: usize = 65;
/// The SM2 curve (GB/T 32918.5): p, a, b, the generator and its order.
const FIELD_PRIME: &str = "fffffffeffffffffffffffffffffffffffffffff00000000ffffffffffffffff";
const COEFFICIENT_A: &str = "fffffffeffffffffffffffffffffffffffffffff00000000fffffffffffffffc";
const COEFFICIENT_B: &str = "28e9fa9e9d9f5e344d5a9e4bcf6509a7f39789f515ab8f92ddbcbd414d940e93";
const GENERATOR_X: &str = "32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7";
const GENERATOR_Y: &str = "bc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0";
const ORDER: &str = "fffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123";
/// Fields over a prime (RFC 3279, 2.3.5).
const PRIME_FIELD: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.1.1");

fn key(info: Element<'_>, odd: &mut Oddities) -> Result<(Key, Option<RsaKey>), Fault> {
    let field = "subjectPublicKeyInfo";
    let mut fields = info.sequence(field)?;
    let mut algorithm = fields.next("algorithm")?.sequence("algorithm")?;
    let id = algorithm.next("algorithm")?.oid("algorithm")?;
    let parameters = algorithm.optional("parameters")?;
    let bits = fields.next("subjectPublicKey")?.bits("subjectPublicKey", odd)?;
    fields.end()?;
    if !is_sm2_key(id, parameters, odd) {
        // Numbers that cannot be read leave the key as one that is not verified.
        let rsa = (id == rsa_value::RSA).then(|| RsaKey::read(bits).ok()).flatten();
        return Ok((Key::Other(id), rsa));
    }
    let bits = restored(bits, POINT_BYTES, "subjectPublicKey", odd);
    Ok((sm2::point_of(&bits).map_or(Key::OffCurve, Key::Sm2), None))
}

/// Whether a key is one of SM2: the curve by its identifier or that of its signature (KingGrid), or written out (old authorities).
fn is_sm2_key(id: ObjectIdentifier, parameters: Option<Element<'_>>, odd: &mut Oddities) -> bool {
    let named = [sm2_value::SM2_CURVE, sm2_value::SM2_SIGN];
    if named.contains(&id) {
        odd.add(format!("the key's algorithm is {id} where the standard has {}", sm2_value::EC_PUBLIC_KEY));
        return true;
    }
    let Some(parameters) = parameters.filter(|_| id == sm2_value::EC_PUBLIC_KEY) else { return false };
    if parameters.tag == Tag::Sequence {
        let is_sm2 = is_sm2_curve(parameters).unwrap_or(false);
        if is_sm2 {
            odd.add("the key's curve is written out (RFC 3279) where the standard has its identifier");
        }
        return is_sm2;
    }
    let Ok(curve) = parameters.oid("parameters") else { return false };
    if curve == sm2_value::SM2_SIGN {
        odd.add(format!("the key's curve is named {curve} where the standard has {} (KingGrid)", sm2_value::SM2_CURVE));
    }
    named.contains(&curve)
}

/// Whether `ECParameters` (RFC 3279, 2.3.5) are those of the SM2 curve in every number. The generator counts as much as the rest:
/// with another one anybody could have the key of a given point (CVE-2020-0601).
fn is_sm2_curve(parameters: Element<'_>) -> Result<bool, Fault> {
    let field = "ECParameters";
    let same = |bytes: &[u8], number: &str| hex::decode(number).is_ok_and(|number| number == bytes);
    let mut fields = parameters.sequence(field)?;
    let version = fields.next(field)?.number(field)?;
    let mut prime = fields.next(field)?.sequence(field)?;
    let is_prime_field = prime.next(field)?.oid(field)? == PRIME_FIELD;
    let is_prime = same(prime.next(field)?.unsigned(field)?, FIELD_PRIME);
    let mut curve = fields.next(field)?.sequence(field)?;
    let is_a = same(curve.next(field)?.octets(field)?, COEFFICIENT_A);
    let is_b = same(curve.next(field)?.octets(field)?, COEFFICIENT_B);
    let generator = fields.next(field)?.octets(field)?;
    let is_generator = match generator {
        [0x04, point @ ..] => same(point, &[GENERATOR_X, GENERATOR_Y].concat()),
        // The last byte of y is even.
        [0x02, point @ ..] => same(point, GENERATOR_X),
        _ => false,
    };
    let is_order = same(fields.next(field)?.unsigned(field)?, ORDER);
    let cofactor = fields.optional(field)?.map(|element| element.number(field)).transpose()?;
    let is_curve = is_prime_field && is_prime && is_a && is_b && is_generator && is_order;
    Ok(is_curve && (1..=3).contains(&version) && cofactor.is_none_or(|cofactor| cofactor == 1))
}

/// A usage that cannot be read allows nothing.
fn key_usage(value: &[u8]) -> KeyUsage {
    let bits = AnyRef::from_der(value).and_then(|any| any.decode_as::<BitStringRef<'_>>()).ok();
    let bit = |position| bits.and_then(|bits| bits.get(position)).unwrap_or(false);
    KeyUsage { digital_signature: bit(0), non_repudiation: bit(1), cert_sign: bit(5), crl_sign: bit(6) }
}
